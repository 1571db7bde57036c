/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire server/core/provenance.c server/core/sniff.c server/core/json.c -ljansson
/* What a device streams: the first byte chooses the Content-Format, the rest is
 * the body. Provenance is read at every length, as it comes in pieces of any
 * size: it must ask for more until its last byte is there, then say the same
 * whatever follows. */
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "server/core/provenance.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_text(const char *text, size_t max) {
  check(strlen(text) <= max && gw_utf8_is_valid((const uint8_t *)text, strlen(text)));
}

static void check_kept(const struct srv_capture *row) {
  json_t *map = srv_json_parse(row->provenance, strlen(row->provenance));
  check(json_is_object(map));
  json_decref(map);
  check_text(row->provenance, SRV_PROVENANCE_MAX);
  check_text(row->model_package, GW_PACKAGE_MAX);
  check_text(row->model_version, GW_REPORT_VERSION_MAX);
  check_text(row->heard, SRV_LABEL_MAX);
  check(row->score_permille >= -1 && row->score_permille <= 1000);
  check(row->device_time_us >= 0);
}

/* In a block of its own: reading one byte beyond is seen. */
static int read_prefix(const uint8_t *data, size_t size, struct srv_capture *row, size_t *head,
                       uint64_t *content) {
  const char *reason = NULL;
  uint8_t *copy = malloc(size == 0 ? 1 : size);
  if (size > 0) memcpy(copy, data, size);
  memset(row, 0, sizeof(*row));
  int status = srv_provenance_read(copy, size, row, head, content, &reason);
  free(copy);
  check(status != SRV_ERR_INVALID || reason != NULL);
  if (status == SRV_OK) check_kept(row);
  return status;
}

static void read_in_pieces(const uint8_t *data, size_t size) {
  static struct srv_capture whole, part;
  size_t head = 0, part_head = 0;
  uint64_t content = 0, part_content = 0;
  if (size > SRV_PROVENANCE_HEAD_MAX) size = SRV_PROVENANCE_HEAD_MAX;
  int last = read_prefix(data, size, &whole, &head, &content);
  check(last == SRV_OK || last == SRV_ERR_INVALID || last == SRV_PROVENANCE_MORE);
  check(last != SRV_OK || head <= size);
  bool decided = false;
  for (size_t length = 0; length < size; length += length < 300 ? 1 : 37) {
    int status = read_prefix(data, length, &part, &part_head, &part_content);
    if (status == SRV_PROVENANCE_MORE) {
      check(!decided);
      continue;
    }
    decided = true;
    check(status == last); /* more bytes change no verdict */
    if (status != SRV_OK) continue;
    check(part_head == head && part_content == content);
    /* Both were zeroed, padding too, and filled by the same code.
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    check(memcmp(&part, &whole, sizeof(part)) == 0);
  }
  if (last == SRV_OK && head > 0) {
    check(read_prefix(data, head - 1, &part, &part_head, &part_content) == SRV_PROVENANCE_MORE);
  }
}

static void look(const uint8_t *data, size_t size, uint16_t format) {
  const char *type = srv_sniff(data, size, format);
  check(strlen(type) <= SRV_CONTENT_TYPE_MAX && strchr(type, '/') != NULL);
  if (strcmp(type, "application/json") != 0) return;
  json_t *value = srv_json_parse((const char *)data, size);
  check(value != NULL);
  char *text = srv_json_text(value);
  check(text != NULL);
  json_t *again = srv_json_parse(text, strlen(text));
  check(json_equal(value, again)); /* numbers included */
  json_decref(again);
  json_decref(value);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint16_t formats[] = {SRV_FORMAT_NONE, 50, 60, 42};
  if (size == 0) return 0;
  uint16_t format = formats[data[0] % 4];
  uint8_t *copy = malloc(size);
  memcpy(copy, data + 1, size - 1);
  read_in_pieces(copy, size - 1);
  look(copy, size - 1, format);
  free(copy);
  return 0;
}
