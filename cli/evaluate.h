/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EVALUATE_H
#define CLI_EVALUATE_H
/* How good a model is on a dataset: wit and the audio front end over each clip,
 * on any number of threads, with the same result for each number.
 *
 *   cli_judged_open(model) -> cli_evaluate_run -> cli_evaluate_report
 *
 * docs/spec/evaluation.md says what the report holds, docs/guide/evaluation.md
 * how clips become input. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/dataset.h"
#include "wit/wit.h"

struct cli_session;

#define CLI_JUDGED_LABELS_MAX 1024
#define CLI_THREADS_MAX 256

/* --- a model -------------------------------------------------------------------- */

enum cli_input {
  CLI_INPUT_AUDIO, /* 49 rows of 40 features, int8 */
  CLI_INPUT_IMAGE, /* 1 x height x width x 1 or 3; uint8, int8 or float32 */
};

struct cli_judged {
  char *name; /* as it was given */
  uint8_t *data;
  size_t size;
  struct wit_model model;
  size_t arena_bytes;
  enum cli_input input;
  struct wit_tensor input_tensor, output_tensor; /* types and shapes */
  char **label;                                  /* by output */
  size_t label_count;
  bool has_labels;          /* else they are "0", "1", ... */
  int32_t silence, unknown; /* labels; -1 where there is none */
};

/* Takes `data` (malloc'd), also when it fails. CLI_OK, or why it cannot be
 * evaluated is printed. */
int cli_judged_open(struct cli_session *session, const char *name, void *data, size_t size,
                    struct cli_judged *judged);
/* Zeros may be closed. */
void cli_judged_close(struct cli_judged *judged);

/* The label that a dataset's word is to this model; -1: none, not even unknown. */
int32_t cli_judged_label(const struct cli_judged *judged, const char *word);

/* --- listening -------------------------------------------------------------------- */

#define CLI_MODELS_MAX 2

/* What one clip came to. */
struct cli_verdict_of_clip {
  const char *skipped; /* static reason; NULL: it counts */
  struct {
    int32_t label; /* what it is to the model; -1: no label of it fits, the rest is unset */
    int32_t heard;
    float score;          /* of what was heard, 0 to 1 for softmax models */
    uint64_t nanoseconds; /* processor time of the inference */
  } of[CLI_MODELS_MAX];
};

struct cli_evaluation {
  const struct cli_dataset *dataset;              /* borrowed */
  const struct cli_judged *model[CLI_MODELS_MAX]; /* borrowed; the new one, then the old one */
  size_t model_count;
  size_t threads;
  struct cli_verdict_of_clip *clip; /* one for each of the dataset's */
  double seconds;                   /* it took */
};

/* Runs the models over every clip; a bar on session->err where that is a
 * terminal. CLI_OK, or the error is printed. To be freed also after a failure. */
int cli_evaluate_run(struct cli_session *session, const struct cli_dataset *dataset,
                     const struct cli_judged *const *models, size_t model_count, size_t threads,
                     struct cli_evaluation *evaluation);
void cli_evaluation_free(struct cli_evaluation *evaluation);

/* --- saying -------------------------------------------------------------------------- */

/* The document of docs/spec/evaluation.md, with "compare" where there are two
 * models; NULL without memory. */
json_t *cli_evaluate_report(const struct cli_evaluation *evaluation);
/* "compare" alone. */
struct cli_groups;
json_t *cli_evaluate_compare(const struct cli_evaluation *evaluation,
                             const struct cli_groups *groups);
/* {"name", "sizeBytes", ...} */
json_t *cli_evaluate_describe_model(const struct cli_judged *judged);
/* Text of files and models may be anything; JSON is UTF-8. */
json_t *cli_evaluate_text(const char *text);
/* "labels" etc. for people. */
void cli_evaluate_print(struct cli_session *session, const json_t *report);
/* Cuts lists from their ends until the report fits what the server keeps. */
#define CLI_REPORT_MAX 60000 /* 65,535 as the server writes it, with room for its spaces */
void cli_evaluate_cut(json_t *report, size_t bytes_max);
#endif
