/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: cli/dataset_manifest.c cli/dataset_tar.c -ljansson
/* Any bytes as a line of manifest.jsonl: refused with a reason, or a plain path
 * with a label. */
#include <stdlib.h>
#include <string.h>

#include "cli/dataset_manifest.h"
#include "cli/dataset_tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct cli_manifest_line line;
  const char *problem = cli_manifest_parse(&line, (const char *)data, size);
  check(memchr(line.file, 0, sizeof line.file) != NULL);
  if (problem != NULL) {
    check(strlen(problem) > 0);
    return 0;
  }
  check(cli_path_is_plain(line.file) && line.label[0] != 0);
  check((line.device[0] == 0) == (line.device_name[0] == 0));
  check(line.split <= CLI_SPLIT_TESTING);
  return 0;
}
