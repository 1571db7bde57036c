/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EVALUATE_GROUPS_H
#define CLI_EVALUATE_GROUPS_H
/* Which clips belong together: those of one device; a clip of nobody (but not a
 * piece of the same file) by itself. */
#include <stdbool.h>
#include <stddef.h>

#include "cli/dataset.h"

struct cli_groups {
  size_t *of_clip;     /* group of each clip: devices first, then files of nobody */
  size_t count;        /* of groups */
  size_t device_count; /* groups below this are devices */
};
/* False without memory; to be freed all the same. */
bool cli_groups_make(struct cli_groups *groups, const struct cli_dataset *dataset);
void cli_groups_free(struct cli_groups *groups);
#endif
