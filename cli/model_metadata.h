/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MODEL_METADATA_H
#define CLI_MODEL_METADATA_H
/* Metadata entries are put into a TensorFlow Lite file without touching what is
 * there: a new root table with new lists of buffers and metadata is written in
 * front of the old file, whose bytes follow unchanged.
 *
 *   [header line] new front (a multiple of 64 bytes) | old flatbuffer [archive]
 *
 * FlatBuffer offsets are relative and point forward, so every offset inside the
 * old bytes stays right, and alignment does too. The entry "godwit.body" says
 * where the old bytes begin: taking the front off gives the file as it was.
 *
 * Pure functions over memory; no session, no files. */
#include <stddef.h>
#include <stdint.h>

#include "wit/wit.h"

#define CLI_BODY_METADATA "godwit.body"
#define CLI_METADATA_ENTRIES_MAX 16u

struct cli_metadata_entry {
  const char *name;
  const void *data; /* borrowed; NULL: without it, also where the file has it */
  size_t size;
};

/* The file with these entries instead of those of the same names; *out is
 * malloc'd. `model` has no front of ours (cli_model_body). NULL, or why not
 * (static, ends with what to do). */
const char *cli_model_add_metadata(const struct wit_model *model,
                                   const struct cli_metadata_entry *entries, size_t count,
                                   uint8_t **out, size_t *out_size);

/* The file before it was packed, malloc'd; a file that was not is copied.
 * False without memory. */
bool cli_model_body(const struct wit_model *model, uint8_t **out, size_t *out_size);
#endif
