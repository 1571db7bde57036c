/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evaluate_groups.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
  const char *device, *file;
  size_t clip;
};

/* Devices by id, then the files of nobody. */
static int compare(const void *a, const void *b) {
  const struct keyed *left = a, *right = b;
  bool left_nobody = left->device[0] == 0, right_nobody = right->device[0] == 0;
  if (left_nobody != right_nobody) return left_nobody ? 1 : -1;
  int order = left_nobody ? strcmp(left->file, right->file) : strcmp(left->device, right->device);
  if (order != 0) return order;
  return left->clip < right->clip ? -1 : left->clip > right->clip;
}

static bool is_together(const struct keyed *a, const struct keyed *b) {
  if (strcmp(a->device, b->device) != 0) return false;
  return a->device[0] != 0 || strcmp(a->file, b->file) == 0;
}

bool cli_groups_make(struct cli_groups *groups, const struct cli_dataset *dataset) {
  size_t count = dataset->clip_count;
  memset(groups, 0, sizeof *groups);
  groups->of_clip = malloc((count + 1) * sizeof *groups->of_clip);
  struct keyed *keyed = malloc((count + 1) * sizeof *keyed);
  bool done = groups->of_clip != NULL && keyed != NULL;
  for (size_t i = 0; done && i < count; i++) {
    keyed[i] = (struct keyed){dataset->clip[i].device, dataset->clip[i].file, i};
  }
  if (done) qsort(keyed, count, sizeof *keyed, compare);
  for (size_t i = 0; done && i < count; i++) {
    if (i == 0 || !is_together(&keyed[i - 1], &keyed[i])) groups->count++;
    groups->of_clip[keyed[i].clip] = groups->count - 1;
    if (keyed[i].device[0] != 0) groups->device_count = groups->count;
  }
  free(keyed);
  return done;
}

void cli_groups_free(struct cli_groups *groups) {
  free(groups->of_clip);
  memset(groups, 0, sizeof *groups);
}
