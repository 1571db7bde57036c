/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_MANIFEST_H
#define CLI_DATASET_MANIFEST_H
/* One line of an export's manifest.jsonl (docs/spec/export.md), as far as an
 * evaluation needs it. Untrusted. */
#include <stddef.h>

#include "cli/dataset.h"

#define CLI_MANIFEST_LINE_MAX 65536
#define CLI_MANIFEST_TEXT_MAX 255

struct cli_manifest_line {
  char file[CLI_MANIFEST_TEXT_MAX + 1];
  char label[CLI_MANIFEST_TEXT_MAX + 1];
  char device[CLI_MANIFEST_TEXT_MAX + 1];      /* deviceId, else device; "" without */
  char device_name[CLI_MANIFEST_TEXT_MAX + 1]; /* device, else deviceId */
  enum cli_split split;                        /* CLI_SPLIT_ALL: it does not say */
};

/* NULL, or why the line cannot be used (static); `file` may be filled then. */
const char *cli_manifest_parse(struct cli_manifest_line *out, const char *line, size_t length);
#endif
