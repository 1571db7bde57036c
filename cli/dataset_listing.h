/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_LISTING_H
#define CLI_DATASET_LISTING_H
/* The files of a dataset, whether they are in a folder or in an archive:
 * dataset.c makes clips of them. */
#include "cli/dataset.h"

struct cli_listed {
  char *name; /* "yes/0a7c2a8d_nohash_0.wav": plain, see cli_path_is_plain */
  uint64_t offset;
  size_t size;
};

struct cli_listing {
  struct cli_listed *file; /* sorted by name, each name once */
  size_t count, capacity;
};

/* Lists what dataset->descriptor is open on; names that cannot be used are
 * added to dataset->skips. CLI_OK, or the error is printed. */
int cli_listing_make(struct cli_session *session, struct cli_dataset *dataset,
                     struct cli_listing *listing);
void cli_listing_free(struct cli_listing *listing);
/* NULL where there is none of that name. */
const struct cli_listed *cli_listing_find(const struct cli_listing *listing, const char *name);
#endif
