/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: cli/dataset_tar.c
/* Any bytes as a tar archive: an end or an error, and until then entries whose
 * bytes lie inside the archive, one behind the other. */
#include <stdlib.h>
#include <string.h>

#include "cli/dataset_tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
  const uint8_t *data;
  size_t size;
};

static void check(int condition) {
  if (!condition) abort();
}

static bool read_memory(void *context, uint64_t offset, void *out, size_t size) {
  const struct memory *memory = context;
  if (offset > memory->size || size > memory->size - offset) return false;
  memcpy(out, memory->data + offset, size);
  return true;
}

/* What plain promises, said another way. */
static void check_plain(const char *name) {
  check(name[0] != 0 && name[0] != '/' && name[strlen(name) - 1] != '/');
  check(strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 && strstr(name, "/../") == NULL);
  check(strstr(name, "//") == NULL && strchr(name, '\\') == NULL && strchr(name, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct memory memory = {data, size};
  struct cli_tar tar = {.read = read_memory, .context = &memory, .size = size};
  struct cli_tar_entry entry;
  uint64_t before = 0;
  int status;
  while ((status = cli_tar_next(&tar, &entry)) == CLI_TAR_ENTRY) {
    check(entry.offset >= before + CLI_TAR_BLOCK && entry.size <= size - entry.offset);
    check(tar.at >= entry.offset + entry.size && tar.at <= size);
    check(strlen(entry.name) <= CLI_TAR_NAME_MAX);
    if (cli_path_is_plain(entry.name)) check_plain(entry.name);
    before = tar.at;
  }
  check(status <= CLI_TAR_END && strlen(cli_tar_status_text(status)) > 0);
  return 0;
}
