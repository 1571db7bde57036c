/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate.h"
#include "cli/evaluate_groups.h"
#include "cli/evaluate_statistics.h"

#define EXAMPLES_MAX 10
#define RESAMPLES 10000
#define RESAMPLES_MANY 2000 /* where there are more than MANY_GROUPS */
#define MANY_GROUPS 5000
#define SEED 1
#define P_MAX 0.05
/* With five, all five better happens by chance once in 16 (two-sided). */
#define DEVICES_MIN 6

enum { NEW, OLD };

struct change {
  size_t clips, old_right, new_right, became_right, became_wrong;
};

struct comparison {
  const struct cli_evaluation *e;
  const struct cli_groups *groups;
  struct change all;
  struct change *label;     /* by the new model's labels */
  struct change *group;     /* by group */
  struct change *new_word;  /* by the new model's labels */
  struct change *lost_word; /* by the old model's */
  struct cli_interval difference;
  size_t devices; /* among the compared clips; files, where no clip has a device */
  bool of_files;
  size_t resamples;
};

/* --- counting ------------------------------------------------------------------------- */

/* What a model calls the clip; NULL where no label of it fits. */
static const char *name_of(const struct comparison *c, size_t clip, int m) {
  int32_t label = c->e->clip[clip].of[m].label;
  if (label < 0) return NULL;
  if (label == c->e->model[m]->unknown) return "unknown";
  if (label == c->e->model[m]->silence) return "silence";
  return c->e->model[m]->label[label];
}

static bool is_right(const struct comparison *c, size_t clip, int m) {
  const struct cli_verdict_of_clip *verdict = &c->e->clip[clip];
  return verdict->of[m].label >= 0 && verdict->of[m].label == verdict->of[m].heard;
}

static bool heard_unknown(const struct comparison *c, size_t clip, int m) {
  int32_t unknown = c->e->model[m]->unknown;
  return c->e->clip[clip].of[m].label >= 0 && unknown >= 0 &&
         c->e->clip[clip].of[m].heard == unknown;
}

static void add(struct change *change, bool old_right, bool new_right) {
  change->clips++;
  change->old_right += old_right;
  change->new_right += new_right;
  change->became_right += new_right && !old_right;
  change->became_wrong += old_right && !new_right;
}

static bool is_compared(const struct comparison *c, size_t clip) {
  if (c->e->clip[clip].skipped != NULL) return false;
  const char *old_name = name_of(c, clip, OLD), *new_name = name_of(c, clip, NEW);
  return old_name != NULL && new_name != NULL && strcmp(old_name, new_name) == 0;
}

/* A word that one model has: right by that one, or called unknown by the other. */
static void count_word(struct comparison *c, size_t clip) {
  const struct cli_verdict_of_clip *verdict = &c->e->clip[clip];
  const struct cli_judged *fresh = c->e->model[NEW], *old = c->e->model[OLD];
  if (verdict->skipped != NULL) return;
  if (verdict->of[NEW].label >= 0 && verdict->of[NEW].label != fresh->unknown) {
    add(&c->new_word[verdict->of[NEW].label], heard_unknown(c, clip, OLD), is_right(c, clip, NEW));
  } else if (verdict->of[OLD].label >= 0 && verdict->of[OLD].label != old->unknown) {
    add(&c->lost_word[verdict->of[OLD].label], is_right(c, clip, OLD), heard_unknown(c, clip, NEW));
  }
}

static void count_clip(struct comparison *c, size_t clip) {
  if (!is_compared(c, clip)) {
    count_word(c, clip);
    return;
  }
  bool old_right = is_right(c, clip, OLD), new_right = is_right(c, clip, NEW);
  add(&c->all, old_right, new_right);
  add(&c->label[c->e->clip[clip].of[NEW].label], old_right, new_right);
  add(&c->group[c->groups->of_clip[clip]], old_right, new_right);
}

static int64_t gain_of(const struct change *change) {
  return (int64_t)change->became_right - (int64_t)change->became_wrong;
}

static bool draw(struct comparison *c) {
  size_t count = 0, devices = 0;
  struct cli_cluster *cluster = malloc((c->groups->count + 1) * sizeof *cluster);
  if (cluster == NULL) return false;
  for (size_t i = 0; i < c->groups->count; i++) {
    const struct change *change = &c->group[i];
    if (change->clips == 0) continue;
    devices += i < c->groups->device_count;
    cluster[count++] = (struct cli_cluster){change->clips, gain_of(change)};
  }
  c->devices = devices > 0 ? devices : count;
  c->of_files = devices == 0;
  c->resamples = count > MANY_GROUPS ? RESAMPLES_MANY : RESAMPLES;
  bool done = cli_bootstrap(cluster, count, c->resamples, SEED, &c->difference);
  free(cluster);
  return done;
}

static bool comparison_make(struct comparison *c, const struct cli_evaluation *e,
                            const struct cli_groups *groups) {
  memset(c, 0, sizeof *c);
  c->e = e;
  c->groups = groups;
  c->label = calloc(e->model[NEW]->label_count, sizeof *c->label);
  c->new_word = calloc(e->model[NEW]->label_count, sizeof *c->new_word);
  c->lost_word = calloc(e->model[OLD]->label_count, sizeof *c->lost_word);
  c->group = calloc(groups->count + 1, sizeof *c->group);
  if (!c->label || !c->new_word || !c->lost_word || !c->group) return false;
  for (size_t i = 0; i < e->dataset->clip_count; i++) count_clip(c, i);
  return draw(c);
}

static void comparison_free(struct comparison *c) {
  free(c->label);
  free(c->new_word);
  free(c->lost_word);
  free(c->group);
}

/* --- the verdict ------------------------------------------------------------------------ */

static json_t *count_of(size_t count) { return json_integer((json_int_t)count); }

static void set_verdict(const struct comparison *c, json_t *document, double p) {
  const char *verdict = "cannot tell", *why = "the difference may be chance";
  if (c->all.clips == 0) {
    why = "no clip is the same thing to both models";
  } else if (c->devices < DEVICES_MIN) {
    why = c->of_files ? "fewer than six files" : "fewer than six devices";
  } else if (p < P_MAX && c->difference.low > 0) {
    verdict = "better";
  } else if (p < P_MAX && c->difference.high < 0) {
    verdict = "worse";
  }
  bool told = strcmp(verdict, "cannot tell") != 0;
  json_object_set_new(document, "verdict", json_string(verdict));
  json_object_set_new(
      document, "reason",
      json_sprintf("%s%s, with %zu clips of %zu %s%s%s", verdict, told ? " on what both know" : "",
                   c->all.clips, c->devices, c->of_files ? "files" : "devices", told ? "" : ": ",
                   told ? "" : why));
}

/* --- lists -------------------------------------------------------------------------------- */

static json_t *describe_labels(const struct comparison *c) {
  json_t *list = json_array();
  for (size_t i = 0; i < c->e->model[NEW]->label_count; i++) {
    const struct change *change = &c->label[i];
    if (change->clips == 0) continue;
    json_array_append_new(
        list,
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "label",
                  cli_evaluate_text(c->e->model[NEW]->label[i]), "clips", count_of(change->clips),
                  "oldRight", count_of(change->old_right), "newRight", count_of(change->new_right),
                  "becameRight", count_of(change->became_right), "becameWrong",
                  count_of(change->became_wrong)));
  }
  return list;
}

static json_t *describe_words(const struct cli_judged *model, const struct change *words,
                              bool has_old) {
  json_t *list = json_array();
  for (size_t i = 0; i < model->label_count; i++) {
    const struct change *change = &words[i];
    if (change->clips == 0) continue;
    size_t right = has_old ? change->old_right : change->new_right;
    json_array_append_new(
        list, json_pack("{s:o,s:o,s:o,s:o}", "label", cli_evaluate_text(model->label[i]), "clips",
                        count_of(change->clips), "right", count_of(right), "otherUnknown",
                        count_of(has_old ? change->new_right : change->old_right)));
  }
  return list;
}

struct ranked {
  const char *name;
  const struct change *change;
};

/* Most lost first, then by name. */
static int compare_ranked(const void *a, const void *b) {
  const struct ranked *left = a, *right = b;
  int64_t l = gain_of(left->change), r = gain_of(right->change);
  if (l != r) return l < r ? -1 : 1;
  return strcmp(left->name, right->name);
}

static json_t *describe_devices(const struct comparison *c) {
  struct ranked *ranked = calloc(c->groups->device_count + 1, sizeof *ranked);
  size_t count = 0;
  if (ranked == NULL) return NULL;
  for (size_t i = 0; i < c->e->dataset->clip_count; i++) {
    size_t group = c->groups->of_clip[i];
    if (group < c->groups->device_count) ranked[group].name = c->e->dataset->clip[i].device_name;
  }
  for (size_t i = 0; i < c->groups->device_count; i++) {
    const struct change *change = &c->group[i];
    if (change->became_right + change->became_wrong == 0) continue;
    ranked[count++] = (struct ranked){ranked[i].name, change};
  }
  qsort(ranked, count, sizeof *ranked, compare_ranked);
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    const struct change *change = ranked[i].change;
    json_array_append_new(
        list, json_pack("{s:o,s:o,s:o,s:o}", "device", cli_evaluate_text(ranked[i].name), "clips",
                        count_of(change->clips), "becameRight", count_of(change->became_right),
                        "becameWrong", count_of(change->became_wrong)));
  }
  free(ranked);
  return list;
}

static json_t *describe_clip(const struct comparison *c, size_t index) {
  const struct cli_clip *clip = &c->e->dataset->clip[index];
  const struct cli_verdict_of_clip *verdict = &c->e->clip[index];
  const struct cli_judged *fresh = c->e->model[NEW], *old = c->e->model[OLD];
  return json_pack("{s:o,s:o,s:o,s:o,s:o}", "file", cli_evaluate_text(clip->file), "device",
                   cli_evaluate_text(clip->device_name), "label",
                   cli_evaluate_text(fresh->label[verdict->of[NEW].label]), "old",
                   cli_evaluate_text(old->label[verdict->of[OLD].heard]), "new",
                   cli_evaluate_text(fresh->label[verdict->of[NEW].heard]));
}

/* Evenly over those that changed this way. */
static json_t *describe_examples(const struct comparison *c, bool won) {
  size_t total = won ? c->all.became_right : c->all.became_wrong, seen = 0;
  size_t wanted = total < EXAMPLES_MAX ? total : EXAMPLES_MAX;
  json_t *list = json_array();
  for (size_t i = 0; i < c->e->dataset->clip_count && json_array_size(list) < wanted; i++) {
    if (!is_compared(c, i) || is_right(c, i, NEW) != won || is_right(c, i, OLD) == won) continue;
    if (seen++ * wanted / total >= json_array_size(list)) {
      json_array_append_new(list, describe_clip(c, i));
    }
  }
  return list;
}

/* --- the document -------------------------------------------------------------------------- */

static json_t *share(size_t part, size_t whole) {
  return whole > 0 ? json_real((double)part / (double)whole) : json_null();
}

static bool fill(const struct comparison *c, json_t *document) {
  const struct change *all = &c->all;
  double clips = all->clips > 0 ? (double)all->clips : 1;
  double p = cli_mcnemar(all->became_right, all->became_wrong);
  json_object_set_new(document, "model", cli_evaluate_describe_model(c->e->model[OLD]));
  set_verdict(c, document, p);
  json_object_set_new(document, "clips", count_of(all->clips));
  json_object_set_new(document, "devices", count_of(c->devices));
  json_object_set_new(document, "oldRight", count_of(all->old_right));
  json_object_set_new(document, "newRight", count_of(all->new_right));
  json_object_set_new(document, "oldAccuracy", share(all->old_right, all->clips));
  json_object_set_new(document, "newAccuracy", share(all->new_right, all->clips));
  json_object_set_new(document, "becameRight", count_of(all->became_right));
  json_object_set_new(document, "becameWrong", count_of(all->became_wrong));
  json_object_set_new(document, "difference", json_real((double)gain_of(all) / clips));
  json_object_set_new(document, "differenceInterval",
                      json_pack("[f,f]", c->difference.low, c->difference.high));
  json_object_set_new(document, "resamples", count_of(c->resamples));
  json_object_set_new(document, "mcnemarP", json_real(p));
  json_object_set_new(document, "labels", describe_labels(c));
  json_object_set_new(document, "newWords", describe_words(c->e->model[NEW], c->new_word, false));
  json_object_set_new(document, "lostWords", describe_words(c->e->model[OLD], c->lost_word, true));
  json_object_set_new(document, "lost", describe_examples(c, false));
  json_object_set_new(document, "won", describe_examples(c, true));
  return json_object_set_new(document, "perDevice", describe_devices(c)) == 0;
}

json_t *cli_evaluate_compare(const struct cli_evaluation *evaluation,
                             const struct cli_groups *groups) {
  struct comparison comparison;
  json_t *document = json_object();
  bool done = comparison_make(&comparison, evaluation, groups) && fill(&comparison, document);
  comparison_free(&comparison);
  if (done) return document;
  json_decref(document);
  return NULL;
}
