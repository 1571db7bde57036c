/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: runtime cli/model_metadata.c
/* Any model that wit opens gets two entries: refused with a reason, or the file
 * opens again, is the same network, has the entries and gives the old bytes back. */
#include <stdlib.h>
#include <string.h>

#include "cli/model_metadata.h"
#include "wit/inspect.h"
#include "wit/self_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct wit_model *model, const struct cli_metadata_entry *entry) {
  const uint8_t *found;
  size_t size;
  if (!wit_model_metadata(model, entry->name, &found, &size)) abort();
  if (size != entry->size || memcmp(found, entry->data, size) != 0) abort();
}

static void check_same(const struct wit_model *a, const struct wit_model *b) {
  uint32_t x, y;
  int status = wit_graph_checksum(a, &x, NULL);
  /* The budget grows with the file, so what was too much may be none any more. */
  if (status == WIT_OK && (wit_graph_checksum(b, &y, NULL) != WIT_OK || x != y)) abort();
}

static void check_body(const struct wit_model *packed, const struct wit_model *bare) {
  uint8_t *body;
  size_t size;
  if (!cli_model_body(packed, &body, &size)) abort();
  if (size != bare->file_size || memcmp(body, bare->file, size) != 0) abort();
  free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct cli_metadata_entry entries[] = {
      {"godwit.labels", "a\nb", 3}, {"godwit.arena", "1024", 4}, {"godwit.gone", NULL, 0}};
  struct wit_model bare, packed;
  uint8_t *body, *file;
  size_t body_size, file_size;
  if (wit_model_open(&bare, data, size, NULL) != WIT_OK) return 0;
  if (!cli_model_body(&bare, &body, &body_size)) abort();
  if (wit_model_open(&bare, body, body_size, NULL) != WIT_OK) abort();
  if (cli_model_add_metadata(&bare, entries, 3, &file, &file_size) == NULL) {
    /* One too many entries or buffers, where the file has as many as there may be. */
    if (wit_model_open(&packed, file, file_size, NULL) == WIT_OK) {
      check_entry(&packed, &entries[0]);
      check_entry(&packed, &entries[1]);
      check_same(&bare, &packed);
      check_body(&packed, &bare);
    }
    free(file);
  }
  free(body);
  return 0;
}
