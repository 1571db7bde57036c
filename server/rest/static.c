/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/static.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <zlib.h>

#define NONCE_MARK "__CSP_NONCE__"

/* The page's bytes have a nonce of their own each time: nothing to compare. */
#define CACHE_PAGE "no-cache"
#define CACHE_FILE "no-cache" /* asks each time, and hears 304 */
#define CACHE_HASHED "public, max-age=31536000, immutable"

static const char no_console[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Godwit</title>\n"
    "<h1>Godwit</h1>\n<p>The server runs, and its REST API is at <a href=\"v1/openapi.json\">"
    "v1/openapi.json</a>. The web console is not in this build.</p>\n"
    "<p>To have it: run <code>./dev console</code> and then <code>./dev build</code> in the "
    "project's folder, and start the server again. Until then <code>godwit --help</code> does "
    "all that the console can.</p>\n</html>\n";
static const char not_found[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Godwit: not found</title>\n"
    "<h1>There is nothing at this address</h1>\n<p>The console is at the top of this server, its "
    "API below <code>/v1/</code>.</p>\n</html>\n";

static const struct srv_file *find_file(const char *path) {
  for (size_t i = 0; i < srv_file_count; i++) {
    if (strcmp(srv_files[i].path, path) == 0) return &srv_files[i];
  }
  return NULL;
}

bool srv_static_has_console(void) { return find_file("/index.html") != NULL; }

/* --- headers of the request -------------------------------------------------------- */

static const char *skip_space(const char *text) { return text + strspn(text, " \t"); }

/* "gzip", "gzip;q=0.5, br", "*"; but not "gzip;q=0". */
static bool accepts_gzip(const char *header) {
  while (header != NULL && *header != 0) {
    header = skip_space(header);
    size_t length = strcspn(header, ",");
    size_t name = strcspn(header, ",; \t");
    const char *weight = memchr(header, '=', length);
    bool wanted =
        (name == 4 && strncasecmp(header, "gzip", 4) == 0) || (name == 1 && header[0] == '*');
    if (wanted) return weight == NULL || strtod(weight + 1, NULL) > 0;
    header += length + (header[length] == ',' ? 1 : 0);
  }
  return false;
}

bool srv_etag_matches(const char *header, const char *etag, bool weak) {
  size_t wanted = strlen(etag);
  while (header != NULL && *header != 0) {
    header = skip_space(header);
    size_t length = strcspn(header, ",");
    bool is_weak = strncmp(header, "W/", 2) == 0;
    const char *tag = is_weak ? header + 2 : header;
    size_t tag_length = length - (size_t)(tag - header);
    while (tag_length > 0 && (tag[tag_length - 1] == ' ' || tag[tag_length - 1] == '\t')) {
      tag_length--;
    }
    if (tag_length == 1 && tag[0] == '*') return true;
    bool same = tag_length == wanted && memcmp(tag, etag, wanted) == 0;
    if (same && (weak || !is_weak)) return true;
    header += length + (header[length] == ',' ? 1 : 0);
  }
  return false;
}

/* --- answers ------------------------------------------------------------------------- */

static void answer_text(struct srv_static_answer *out, int status, const char *text) {
  out->status = status;
  out->type = "text/html; charset=utf-8";
  out->bytes = (const uint8_t *)text;
  out->size = strlen(text);
}

static void answer_memory(struct srv_static_answer *out) {
  answer_text(out, 500, "<!doctype html><title>Godwit</title><p>The server is out of memory.\n");
}

/* The file's own bytes, NUL-terminated; NULL when memory is out. */
static uint8_t *unpack(const struct srv_file *file) {
  z_stream stream = {0};
  uint8_t *bytes = malloc(file->size + 1);
  if (bytes == NULL || inflateInit2(&stream, 15 + 16) != Z_OK) {
    free(bytes);
    return NULL;
  }
  stream.next_in = (Bytef *)(uintptr_t)file->packed;
  stream.avail_in = (uInt)file->packed_size;
  stream.next_out = bytes;
  stream.avail_out = (uInt)file->size;
  int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END) {
    free(bytes);
    return NULL;
  }
  bytes[file->size] = 0;
  return bytes;
}

static bool make_nonce(char out[SRV_NONCE_LENGTH + 1]) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t random[18]; /* eight digits of six bits from each six bytes */
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) return false;
  for (size_t i = 0; i < SRV_NONCE_LENGTH; i++) {
    size_t bit = i * 6, byte = bit / 8;
    unsigned pair = (unsigned)random[byte] << 8;
    if (byte + 1 < sizeof(random)) pair |= random[byte + 1];
    out[i] = digits[(pair >> (10 - bit % 8)) & 63];
  }
  out[SRV_NONCE_LENGTH] = 0;
  return true;
}

/* template with each mark replaced; the result is malloc'd. */
static char *fill_in(const char *template, const char *nonce, size_t *size) {
  size_t marks = 0, mark_length = strlen(NONCE_MARK);
  for (const char *at = template; (at = strstr(at, NONCE_MARK)) != NULL; at += mark_length) marks++;
  char *out = malloc(strlen(template) + marks * SRV_NONCE_LENGTH + 1), *end = out;
  if (out == NULL) return NULL;
  for (const char *at; (at = strstr(template, NONCE_MARK)) != NULL; template = at + mark_length) {
    memcpy(end, template, (size_t)(at - template));
    end += at - template;
    memcpy(end, nonce, SRV_NONCE_LENGTH);
    end += SRV_NONCE_LENGTH;
  }
  strcpy(end, template);
  *size = strlen(out);
  return out;
}

static void answer_page(const struct srv_file *page, struct srv_static_answer *out) {
  out->cache = CACHE_PAGE;
  if (page == NULL) {
    answer_text(out, 200, no_console);
    return;
  }
  uint8_t *template = unpack(page);
  char *filled = NULL;
  if (template != NULL && make_nonce(out->nonce)) {
    filled = fill_in((char *)template, out->nonce, &out->size);
  }
  free(template);
  if (filled == NULL) {
    answer_memory(out);
    return;
  }
  out->status = 200;
  out->type = page->type;
  out->bytes = out->owned = (uint8_t *)filled;
}

static void answer_file(const struct srv_file *file, const char *accepts, const char *if_none_match,
                        struct srv_static_answer *out) {
  bool packed = accepts_gzip(accepts);
  out->is_file = true;
  out->type = file->type;
  out->cache = file->immutable ? CACHE_HASHED : CACHE_FILE;
  /* Two encodings are two representations: RFC 9110 8.8.3.3. */
  snprintf(out->etag, sizeof(out->etag), "\"%.32s%s\"", file->digest, packed ? "-gz" : "");
  if (srv_etag_matches(if_none_match, out->etag, true)) {
    out->status = 304;
    return;
  }
  out->status = 200;
  if (packed) {
    out->is_packed = true;
    out->bytes = file->packed;
    out->size = file->packed_size;
    return;
  }
  out->bytes = out->owned = unpack(file);
  out->size = file->size;
  if (out->owned == NULL) answer_memory(out);
}

static bool is_api(const char *path) {
  if (strcmp(path, "/healthz") == 0 || strncmp(path, "/examples/", 10) == 0) return true;
  return strncmp(path, "/v1", 3) == 0 && (path[3] == 0 || path[3] == '/');
}

bool srv_static_serve(const char *path, const char *accepts, const char *if_none_match,
                      struct srv_static_answer *out) {
  *out = (struct srv_static_answer){.cache = "no-store"};
  if (strcmp(path, "/v1/docs") == 0) {
    answer_text(out, 302, "");
    out->location = "../#/api"; /* relative: right behind a path prefix, too */
    return true;
  }
  if (is_api(path)) return false;
  const struct srv_file *file = find_file(path);
  if (strcmp(path, "/") == 0 || strcmp(path, "/index.html") == 0) {
    answer_page(find_file("/index.html"), out);
  } else if (file != NULL) {
    answer_file(file, accepts, if_none_match, out);
  } else {
    answer_text(out, 404, not_found);
  }
  return true;
}
