/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SELF_TEST_H
#define CLI_SELF_TEST_H
/* Makes the self-test that a model carries (wit/self_test.h): few inputs that
 * tell, what the model says to them here, and what it was made of.
 *
 *   clips   of a dataset, for each label one that the model still hears right
 *           when its values are cut to the fewest bits, of those the one with the
 *           least to spare: a test needs inputs that tell, not ones that sound good;
 *   probes  inputs made from a seed, of which only the seed is stored: the ones
 *           that leave the model most undecided, because there a changed weight
 *           shows first. They work for any model. */
#include "cli/dataset.h"
#include "cli/evaluate.h"
#include "wit/self_test.h"

struct cli_session;

struct cli_self_test_options {
  const struct cli_dataset *dataset; /* NULL: no clips */
  const float *threshold;            /* one a label, 0: none; NULL: none at all */
  size_t clips_max;                  /* labels with clips come first; 0: one a label */
  size_t probes;
  uint32_t tolerance;
  float tolerance_float;
  uint32_t limit_us;
};

/* What was put in, for people. */
struct cli_self_test_clip {
  const char *file; /* borrowed of the dataset */
  char label[32];   /* cut where it is longer */
  float score;
  unsigned bits; /* an element of the stored input */
  size_t bytes;
};
struct cli_self_test_made {
  struct cli_bytes bytes; /* the metadata entry; free() data, also after a failure */
  struct cli_self_test_clip clip[WIT_SELF_TEST_CASES_MAX];
  size_t clip_count;
  size_t probe_count;
};

/* `model` has the labels that it will carry; `name` is for messages. CLI_OK, or
 * the error is printed. */
int cli_self_test_make(struct cli_session *session, const char *name, const struct wit_model *model,
                       const struct cli_self_test_options *options,
                       struct cli_self_test_made *made);
#endif
