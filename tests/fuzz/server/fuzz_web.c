// clang-format off
// fuzz-link: server/rest/host.c server/rest/static.c -lz
// clang-format on
/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger's browser says before anything else is looked at, a line each:
 * path, Host, Accept-Encoding, If-None-Match. The console has two files here. */
#include <stdlib.h>
#include <string.h>

#include "server/rest/host.h"
#include "server/rest/static.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIGEST "0123456789abcdef0123456789abcdef"

/* "a\n" and "<p nonce=__CSP_NONCE__>__CSP_NONCE__\n", as gzip -9 -n packs them. */
static const uint8_t text[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b,
                               0xe4, 0x02, 0x00, 0x07, 0xa1, 0xea, 0xdd, 0x02, 0x00, 0x00, 0x00};
static const uint8_t page[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xb3, 0x29, 0x50, 0xc8, 0xcb, 0xcf,
    0x4b, 0x4e, 0xb5, 0x8d, 0x8f, 0x77, 0x0e, 0x0e, 0x88, 0xf7, 0xf3, 0xf7, 0x73, 0x76, 0x8d, 0x8f,
    0xb7, 0x43, 0xe1, 0x71, 0x01, 0x00, 0x97, 0xe0, 0x6f, 0x01, 0x25, 0x00, 0x00, 0x00};
const struct srv_file srv_files[] = {
    {"/a-12345678.txt", "text/plain", text, sizeof(text), 2, DIGEST, true},
    {"/index.html", "text/html", page, sizeof(page), 37, DIGEST, false},
    {0, 0, 0, 0, 0, 0, false}};
const size_t srv_file_count = 2;

/* A host that is taken is one without a port, in lower case, and comes back as
 * itself. */
static void check_host(const char *header) {
  char host[SRV_HOST_MAX + 1], again[SRV_HOST_MAX + 16], same[SRV_HOST_MAX + 1];
  srv_host_of_url(header, host);
  if (!srv_host_of(header, host)) return;
  if (host[0] == 0 || strlen(host) > SRV_HOST_MAX) abort();
  srv_host_is_loopback(host);
  bool v6 = strchr(host, ':') != NULL || header[0] == '[';
  strcpy(again, v6 ? "[" : "");
  strcat(strcat(again, host), v6 ? "]" : "");
  if (host[strlen(host) - 1] == '.') return; /* "a..": one dot a time */
  if (!srv_host_of(again, same) || strcmp(host, same) != 0) abort();
}

static void check_file(const char *path, const char *accepts, const char *known) {
  struct srv_static_answer answer;
  if (!srv_static_serve(path, accepts, known, &answer)) return;
  if (answer.status != 200 && answer.status != 302 && answer.status != 304 &&
      answer.status != 404) {
    abort();
  }
  if (answer.size > 0 && memchr(answer.bytes, '_', answer.size) != NULL) abort();
  if (answer.status == 304 && answer.etag[0] == 0) abort();
  free(answer.owned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *copy = malloc(size + 1), *rest = copy, *line[4] = {NULL};
  if (copy == NULL) return 0;
  memcpy(copy, data, size);
  copy[size] = 0;
  for (int i = 0; i < 4 && rest != NULL; i++) {
    line[i] = rest;
    rest = strchr(rest, '\n');
    if (rest != NULL) *rest++ = 0;
  }
  check_file(line[0], line[2], line[3]);
  if (line[1] != NULL) check_host(line[1]);
  free(copy);
  return 0;
}
