/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate.h"
#include "cli/evaluate_groups.h"
#include "cli/evaluate_statistics.h"
#include "cli/output.h"
#include "cli/session.h"

#define WORST_MAX 20
#define NO_LABEL "the model has neither its label nor 'unknown'"

json_t *cli_evaluate_text(const char *text) {
  json_t *whole = json_string(text);
  if (whole != NULL) return whole;
  size_t size = strlen(text) + 1;
  char *clean = malloc(size);
  if (clean == NULL) return NULL;
  cli_printable(clean, size, text);
  whole = json_string(clean);
  free(clean);
  return whole;
}

static json_t *count_of(size_t count) { return json_integer((json_int_t)count); }

static json_t *share(size_t part, size_t whole) {
  return whole > 0 ? json_real((double)part / (double)whole) : json_null();
}

static json_t *interval(struct cli_interval interval) {
  return json_pack("[f,f]", interval.low, interval.high);
}

/* --- counting ------------------------------------------------------------------- */

/* The new model's, or the only one's. */
struct tally {
  const struct cli_evaluation *evaluation;
  const struct cli_judged *model;
  size_t *confusion; /* [is][heard] */
  size_t clips, right;
  size_t keyword_clips, keyword_right;
};

static bool counts(const struct cli_verdict_of_clip *verdict) {
  return verdict->skipped == NULL && verdict->of[0].label >= 0;
}

static bool is_keyword(const struct cli_judged *model, int32_t label) {
  return label != model->silence && label != model->unknown;
}

static bool tally_make(struct tally *tally, const struct cli_evaluation *e) {
  memset(tally, 0, sizeof *tally);
  tally->evaluation = e;
  tally->model = e->model[0];
  size_t labels = tally->model->label_count;
  tally->confusion = calloc(labels * labels, sizeof *tally->confusion);
  if (tally->confusion == NULL) return false;
  for (size_t i = 0; i < e->dataset->clip_count; i++) {
    if (!counts(&e->clip[i])) continue;
    int32_t is = e->clip[i].of[0].label, heard = e->clip[i].of[0].heard;
    size_t right = is == heard, keyword = is_keyword(tally->model, is);
    tally->confusion[(size_t)is * labels + (size_t)heard]++;
    tally->clips++;
    tally->right += right;
    tally->keyword_clips += keyword;
    tally->keyword_right += keyword && right;
  }
  return true;
}

/* --- parts of the document -------------------------------------------------------- */

json_t *cli_evaluate_describe_model(const struct cli_judged *judged) {
  json_t *labels = json_array();
  for (size_t i = 0; i < judged->label_count; i++) {
    json_array_append_new(labels, cli_evaluate_text(judged->label[i]));
  }
  return json_pack("{s:o,s:o,s:o,s:o,s:s}", "name", cli_evaluate_text(judged->name), "sizeBytes",
                   count_of(judged->size), "arenaBytes", count_of(judged->arena_bytes), "labels",
                   labels, "labelSource", judged->has_labels ? "model" : "none");
}

static json_t *describe_dataset(const struct cli_evaluation *e, size_t devices) {
  const struct cli_dataset *dataset = e->dataset;
  size_t clips = dataset->clip_count;
  for (size_t i = 0; i < dataset->skips.count; i++) clips += dataset->skips.entry[i].count;
  return json_pack("{s:o,s:s,s:o,s:o}", "name", cli_evaluate_text(dataset->name), "split",
                   cli_split_name(dataset->split), "clips", count_of(clips), "devices",
                   count_of(devices));
}

static json_t *describe_keywords(const struct tally *t) {
  return json_pack("{s:o,s:o,s:o,s:o}", "clips", count_of(t->keyword_clips), "right",
                   count_of(t->keyword_right), "accuracy",
                   share(t->keyword_right, t->keyword_clips), "accuracyInterval",
                   interval(cli_wilson(t->keyword_right, t->keyword_clips)));
}

static json_t *describe_labels(const struct tally *t) {
  size_t labels = t->model->label_count;
  json_t *list = json_array();
  for (size_t is = 0; is < labels; is++) {
    size_t clips = 0, heard = 0, right = t->confusion[is * labels + is];
    for (size_t other = 0; other < labels; other++) {
      clips += t->confusion[is * labels + other];
      heard += t->confusion[other * labels + is];
    }
    json_array_append_new(
        list,
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "label", cli_evaluate_text(t->model->label[is]),
                  "clips", count_of(clips), "right", count_of(right), "heard", count_of(heard),
                  "recall", share(right, clips), "precision", share(right, heard)));
  }
  return list;
}

static json_t *describe_confusion(const struct tally *t) {
  size_t labels = t->model->label_count;
  json_t *rows = json_array();
  for (size_t is = 0; is < labels; is++) {
    json_t *row = json_array();
    for (size_t heard = 0; heard < labels; heard++) {
      json_array_append_new(row, count_of(t->confusion[is * labels + heard]));
    }
    json_array_append_new(rows, row);
  }
  return rows;
}

struct device {
  const char *name;
  size_t clips, right;
};

/* Worst first; of equals the one with more clips, then by name. */
static int compare_devices(const void *a, const void *b) {
  const struct device *left = a, *right = b;
  uint64_t l = (uint64_t)left->right * right->clips, r = (uint64_t)right->right * left->clips;
  if (l != r) return l < r ? -1 : 1;
  if (left->clips != right->clips) return left->clips > right->clips ? -1 : 1;
  return strcmp(left->name, right->name);
}

/* Clips of nobody are not listed. False without memory. */
static bool describe_devices(const struct tally *t, const struct cli_groups *groups,
                             json_t *document) {
  const struct cli_evaluation *e = t->evaluation;
  struct device *device = calloc(groups->device_count + 1, sizeof *device);
  json_t *list = json_array();
  size_t shown = 0;
  if (device == NULL) return json_decref(list), false;
  for (size_t i = 0; i < e->dataset->clip_count; i++) {
    size_t group = groups->of_clip[i];
    if (group >= groups->device_count || !counts(&e->clip[i])) continue;
    device[group].name = e->dataset->clip[i].device_name;
    device[group].clips++;
    device[group].right += e->clip[i].of[0].label == e->clip[i].of[0].heard;
  }
  for (size_t i = 0; i < groups->device_count; i++) {
    if (device[i].clips > 0) device[shown++] = device[i];
  }
  qsort(device, shown, sizeof *device, compare_devices);
  for (size_t i = 0; i < shown; i++) {
    json_array_append_new(
        list, json_pack("{s:o,s:o,s:o,s:o}", "device", cli_evaluate_text(device[i].name), "clips",
                        count_of(device[i].clips), "right", count_of(device[i].right), "accuracy",
                        share(device[i].right, device[i].clips)));
  }
  free(device);
  json_object_set_new(document, "dataset", describe_dataset(e, shown));
  json_object_set_new(document, "devices", list);
  return true;
}

/* --- the most confident mistakes ------------------------------------------------------ */

struct mistake {
  size_t clip;
  float score;
};

/* By score, then in the dataset's order. */
static int compare_mistakes(const void *a, const void *b) {
  const struct mistake *left = a, *right = b;
  if (left->score != right->score) return left->score > right->score ? -1 : 1;
  return left->clip < right->clip ? -1 : left->clip > right->clip;
}

static json_t *describe_mistake(const struct tally *t, size_t index) {
  const struct cli_clip *clip = &t->evaluation->dataset->clip[index];
  const struct cli_verdict_of_clip *verdict = &t->evaluation->clip[index];
  return json_pack("{s:o,s:o,s:o,s:o,s:f}", "file", cli_evaluate_text(clip->file), "device",
                   cli_evaluate_text(clip->device_name), "label",
                   cli_evaluate_text(t->model->label[verdict->of[0].label]), "heard",
                   cli_evaluate_text(t->model->label[verdict->of[0].heard]), "score",
                   (double)verdict->of[0].score);
}

static json_t *describe_worst(const struct tally *t) {
  const struct cli_evaluation *e = t->evaluation;
  struct mistake *mistake = malloc((e->dataset->clip_count + 1) * sizeof *mistake);
  size_t count = 0;
  if (mistake == NULL) return NULL;
  for (size_t i = 0; i < e->dataset->clip_count; i++) {
    if (!counts(&e->clip[i]) || e->clip[i].of[0].label == e->clip[i].of[0].heard) continue;
    mistake[count++] = (struct mistake){i, e->clip[i].of[0].score};
  }
  qsort(mistake, count, sizeof *mistake, compare_mistakes);
  json_t *list = json_array();
  for (size_t i = 0; i < count && i < WORST_MAX; i++) {
    json_array_append_new(list, describe_mistake(t, mistake[i].clip));
  }
  free(mistake);
  return list;
}

/* --- skipped, and speed ------------------------------------------------------------------ */

static json_t *describe_skipped(const struct cli_evaluation *e) {
  struct cli_skips skips = {0};
  json_t *list = json_array();
  const struct cli_skips *before = &e->dataset->skips;
  for (size_t i = 0; i < before->count; i++) {
    cli_skip(&skips, before->entry[i].reason, before->entry[i].example);
    skips.entry[i].count = before->entry[i].count;
  }
  for (size_t i = 0; i < e->dataset->clip_count; i++) {
    if (counts(&e->clip[i])) continue;
    cli_skip(&skips, e->clip[i].skipped != NULL ? e->clip[i].skipped : NO_LABEL,
             e->dataset->clip[i].file);
  }
  for (size_t i = 0; i < skips.count; i++) {
    json_array_append_new(list, json_pack("{s:s,s:o,s:o}", "reason", skips.entry[i].reason, "count",
                                          count_of(skips.entry[i].count), "example",
                                          cli_evaluate_text(skips.entry[i].example)));
  }
  cli_skips_free(&skips);
  return list;
}

static int compare_times(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return left < right ? -1 : left > right;
}

static json_t *describe_speed(const struct cli_evaluation *e) {
  uint64_t *time = malloc((e->dataset->clip_count + 1) * sizeof *time);
  size_t count = 0;
  if (time == NULL) return NULL;
  for (size_t i = 0; i < e->dataset->clip_count; i++) {
    if (counts(&e->clip[i])) time[count++] = e->clip[i].of[0].nanoseconds;
  }
  qsort(time, count, sizeof *time, compare_times);
  uint64_t median = count > 0 ? time[count / 2] : 0;
  json_t *speed = json_pack("{s:f,s:o}", "inferenceMicroseconds", (double)median / 1000, "threads",
                            count_of(e->threads));
  if (e->model[0]->input == CLI_INPUT_AUDIO && e->seconds > 0) {
    json_object_set_new(speed, "timesRealTime", json_real((double)count / e->seconds));
  }
  free(time);
  return speed;
}

/* --- the document ----------------------------------------------------------------------- */

static bool fill(json_t *document, const struct tally *t, const struct cli_groups *groups) {
  json_object_set_new(document, "format", json_string("godwit.evaluation/1"));
  json_object_set_new(document, "model", cli_evaluate_describe_model(t->model));
  json_object_set_new(document, "dataset", json_null()); /* its place; describe_devices knows */
  json_object_set_new(document, "clips", count_of(t->clips));
  json_object_set_new(document, "right", count_of(t->right));
  json_object_set_new(document, "accuracy", share(t->right, t->clips));
  json_object_set_new(document, "accuracyInterval", interval(cli_wilson(t->right, t->clips)));
  if (t->keyword_clips > 0) json_object_set_new(document, "keywords", describe_keywords(t));
  json_object_set_new(document, "labels", describe_labels(t));
  json_object_set_new(document, "confusion", describe_confusion(t));
  bool done = describe_devices(t, groups, document);
  done = json_object_set_new(document, "worst", describe_worst(t)) == 0 && done;
  json_object_set_new(document, "skipped", describe_skipped(t->evaluation));
  done = json_object_set_new(document, "speed", describe_speed(t->evaluation)) == 0 && done;
  if (done && t->evaluation->model_count > 1) {
    done =
        json_object_set_new(document, "compare", cli_evaluate_compare(t->evaluation, groups)) == 0;
  }
  return done;
}

json_t *cli_evaluate_report(const struct cli_evaluation *evaluation) {
  struct tally tally;
  struct cli_groups groups;
  json_t *document = json_object();
  bool done = cli_groups_make(&groups, evaluation->dataset);
  done = tally_make(&tally, evaluation) && done && fill(document, &tally, &groups);
  free(tally.confusion);
  cli_groups_free(&groups);
  if (done) return document;
  json_decref(document);
  return NULL;
}

/* --- making it fit ------------------------------------------------------------------------ */

#define LABELS_WHOLE 100 /* lists of no more labels are not cut */

/* The longest of the lists that may be cut. */
static json_t *longest(json_t *report) {
  static const struct {
    bool compared, of_labels;
    const char *name;
  } list[] = {{false, false, "devices"},  {false, false, "worst"}, {false, false, "skipped"},
              {true, false, "perDevice"}, {true, false, "lost"},   {true, false, "won"},
              {false, true, "labels"},    {true, true, "labels"},  {true, true, "newWords"},
              {true, true, "lostWords"}};
  json_t *compare = json_object_get(report, "compare"), *best = NULL;
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    json_t *one = json_object_get(list[i].compared ? compare : report, list[i].name);
    if (list[i].of_labels && json_array_size(one) <= LABELS_WHOLE) continue;
    if (json_array_size(one) > json_array_size(best)) best = one;
  }
  return best;
}

static size_t compact_size(const json_t *document) {
  return json_dumpb(document, NULL, 0, JSON_COMPACT);
}

void cli_evaluate_cut(json_t *report, size_t bytes_max) {
  json_t *matrix = json_object_get(report, "confusion");
  if (compact_size(report) <= bytes_max) return;
  json_object_set_new(report, "cut", json_true());
  /* It grows with the square of the labels, and nobody reads one of hundreds. */
  if (compact_size(matrix) > bytes_max / 2) json_array_clear(matrix);
  while (compact_size(report) > bytes_max) {
    json_t *list = longest(report);
    if (list == NULL) return; /* the server will say that it is too long */
    for (size_t keep = json_array_size(list) * 3 / 4; json_array_size(list) > keep;) {
      json_array_remove(list, json_array_size(list) - 1);
    }
  }
}
