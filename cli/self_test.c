/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/self_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clip_input.h"
#include "cli/session.h"

#define EXPECTED_NONE 0xffffu
#define ENCODING_RANDOM 0x10u
#define PROBE_STEPS_MAX 2000000000ull /* what looking for probes may cost */
#define PROBE_CANDIDATES_MAX 512u
#define PROBE_CANDIDATES_MIN 16u

/* ---- a model at work ----------------------------------------------------------- */

struct bench {
  struct cli_session *session;
  const char *name;
  const struct wit_model *model;
  const struct cli_self_test_options *options;
  void *arena;
  struct wit_interpreter *interpreter;
  size_t score_count; /* of output 0, 0: it holds no scores */
  size_t label_count; /* 0: no labels, or not a score for each */
};

static size_t element_count(const struct wit_tensor *tensor) {
  size_t count = 1;
  for (int32_t i = 0; i < tensor->shape.rank; i++) count *= (size_t)tensor->shape.dim[i];
  return count;
}

static bool is_one_byte(enum wit_type type) { return type == WIT_INT8 || type == WIT_UINT8; }

#define SCORES_MAX 1024u /* more are no scores but a picture */

static size_t count_scores(const struct wit_model *model) {
  struct wit_tensor output;
  if (!wit_model_output(model, 0, &output)) return 0;
  if (!is_one_byte(output.type) && output.type != WIT_FLOAT32) return 0;
  size_t count = element_count(&output);
  return count >= 2 && count <= SCORES_MAX ? count : 0;
}

static int bench_open(struct bench *bench) {
  struct wit_error error;
  struct wit_interpreter *none;
  wit_interpreter_init(&none, bench->model, &wit_ops_all, NULL, 0, &error);
  size_t size = error.arena_needed_bytes;
  bench->arena = aligned_alloc(WIT_ARENA_ALIGNMENT, (size + WIT_ARENA_ALIGNMENT - 1) /
                                                        WIT_ARENA_ALIGNMENT * WIT_ARENA_ALIGNMENT);
  if (bench->arena == NULL || wit_interpreter_init(&bench->interpreter, bench->model, &wit_ops_all,
                                                   bench->arena, size, &error) != WIT_OK) {
    free(bench->arena);
    bench->arena = NULL;
    return cli_fail(bench->session, "%s cannot be run here: %s", bench->name, error.message);
  }
  bench->score_count = count_scores(bench->model);
  size_t labels = wit_model_label_count(bench->model);
  bench->label_count = labels == bench->score_count ? labels : 0;
  return CLI_OK;
}

/* Runs on what stands in the inputs; false where an op refused it. */
static bool run(struct bench *bench) {
  return wit_interpreter_invoke(bench->interpreter, NULL) == WIT_OK;
}

struct verdict {
  size_t heard;
  float score;
  float margin; /* to the second best */
};

static struct verdict verdict_of(const struct bench *bench) {
  const struct wit_tensor *output = wit_interpreter_output(bench->interpreter, 0);
  struct verdict verdict = {.score = cli_score_at(output, 0)};
  for (size_t i = 1; i < bench->score_count; i++) {
    if (cli_score_at(output, i) > verdict.score) {
      verdict.heard = i;
      verdict.score = cli_score_at(output, i);
    }
  }
  verdict.margin = INFINITY;
  for (size_t i = 0; i < bench->score_count; i++) {
    float margin = verdict.score - cli_score_at(output, i);
    if (i != verdict.heard && margin < verdict.margin) verdict.margin = margin;
  }
  return verdict;
}

/* A best score that a difference within the tolerance could take away binds no
 * label. */
static bool is_decided(const struct bench *bench, const struct verdict *verdict) {
  const struct wit_tensor *output = wit_interpreter_output(bench->interpreter, 0);
  float slack = output->type == WIT_FLOAT32 ? bench->options->tolerance_float
                                            : output->scale * (float)bench->options->tolerance;
  return verdict->margin > 2 * slack;
}

/* ---- writing -------------------------------------------------------------------- */

static bool put(struct cli_bytes *bytes, const void *data, size_t size) {
  if (bytes->size + size > bytes->capacity &&
      !cli_bytes_reserve(bytes, 2 * (bytes->size + size) + 256)) {
    return false;
  }
  if (size > 0) memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  return true;
}

static bool put_number(struct cli_bytes *bytes, uint64_t value, size_t size) {
  uint8_t raw[8];
  for (size_t i = 0; i < size; i++) raw[i] = (uint8_t)(value >> 8 * i);
  return put(bytes, raw, size);
}

static void set_number(uint8_t *out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(value >> 8 * i);
}

/* Size, the label that is expected (of `label_count`; beyond: none), its text. */
static bool begin_case(struct cli_bytes *bytes, const struct bench *bench, size_t expected) {
  const char *text = "";
  size_t length = 0;
  if (expected < bench->label_count) wit_model_label(bench->model, expected, &text, &length);
  if (length > UINT8_MAX) expected = SIZE_MAX, length = 0;
  bool named = expected < bench->label_count;
  return put_number(bytes, 0, 4) && put_number(bytes, named ? expected : EXPECTED_NONE, 2) &&
         put_number(bytes, length, 1) && put(bytes, text, length);
}

/* The outputs, and the size at the case's start. */
static bool end_case(struct cli_bytes *bytes, size_t begin, const struct bench *bench) {
  const struct wit_tensor *output;
  for (size_t i = 0; (output = wit_interpreter_output(bench->interpreter, i)) != NULL; i++) {
    if (!put(bytes, output->data, output->size_bytes)) return false;
  }
  set_number(bytes->data + begin, bytes->size - begin - 4, 4);
  return true;
}

#define CASE_COUNT_AT 28u

static bool put_header(struct cli_bytes *bytes, const struct bench *bench, uint32_t checksum) {
  union {
    float value;
    uint32_t bits;
  } tolerance = {bench->options->tolerance_float};
  return put(bytes, "GST2", 4) && put_number(bytes, checksum, 4) &&
         put_number(bytes, bench->options->tolerance, 4) && put_number(bytes, tolerance.bits, 4) &&
         put_number(bytes, bench->options->limit_us, 4) &&
         put_number(bytes, wit_interpreter_cost(bench->interpreter), 8) &&
         put_number(bytes, 0, 2) && put_number(bytes, 0, 2);
}

/* ---- clips ------------------------------------------------------------------------ */

/* One clip that the model hears right, as it would be stored. */
struct candidate {
  const struct cli_clip *clip;
  size_t label;
  float score, margin;
  unsigned bits;
  bool chosen;
};

/* Codes of `bits` bits that span the tensor's values; a picture's floats are 0 to 1. */
struct coding {
  unsigned bits;
  uint8_t low, step;
};

static struct coding coding_of(enum wit_type type, unsigned bits) {
  unsigned span = type == WIT_FLOAT32 ? 127 : 255;
  return (struct coding){bits, type == WIT_INT8 ? 0x80 : 0,
                         (uint8_t)(span / ((1u << bits) - 1) ? span / ((1u << bits) - 1) : 1)};
}

static unsigned level_of(const struct wit_tensor *tensor, size_t i) {
  switch (tensor->type) {
    case WIT_INT8:
      return (unsigned)(((const int8_t *)tensor->data)[i] + 128);
    case WIT_FLOAT32:
      return (unsigned)lrintf(fminf(fmaxf(((const float *)tensor->data)[i], 0), 1) * 127);
    default:
      return ((const uint8_t *)tensor->data)[i];
  }
}

static unsigned code_of(const struct wit_tensor *tensor, size_t i, const struct coding *coding) {
  unsigned code = (level_of(tensor, i) + coding->step / 2u) / coding->step;
  unsigned most = (1u << coding->bits) - 1;
  return code < most ? code : most;
}

/* Puts each element at its code's value, as a device will. */
static void coarsen(struct wit_tensor *tensor, const struct coding *coding) {
  for (size_t i = 0; i < element_count(tensor); i++) {
    uint8_t byte = (uint8_t)(coding->low + coding->step * code_of(tensor, i, coding));
    if (tensor->type == WIT_FLOAT32) {
      ((float *)tensor->data)[i] = (float)(int8_t)byte / 128;
    } else {
      ((uint8_t *)tensor->data)[i] = byte;
    }
  }
}

static bool put_codes(struct cli_bytes *bytes, const struct wit_tensor *tensor,
                      const struct coding *coding) {
  uint32_t window = 0;
  unsigned have = 0;
  if (!put_number(bytes, coding->bits, 1) || !put_number(bytes, coding->low, 1) ||
      !put_number(bytes, coding->step, 1)) {
    return false;
  }
  for (size_t i = 0; i < element_count(tensor); i++) {
    window |= code_of(tensor, i, coding) << have;
    have += coding->bits;
    for (; have >= 8; have -= 8, window >>= 8) {
      if (!put_number(bytes, window & 0xff, 1)) return false;
    }
  }
  return have == 0 || put_number(bytes, window & 0xff, 1);
}

/* What is needed to read clips. */
struct reader {
  struct bench *bench;
  struct cli_judged judged; /* labels and kinds of input */
  struct cli_bytes file;
  struct cli_clip_input input;
};

/* Writes the clip into the model's input; NULL, or why it cannot be read. */
static const char *feed(struct reader *reader, const struct cli_clip *clip) {
  struct wit_tensor *tensor = wit_interpreter_input(reader->bench->interpreter, 0);
  const char *problem = cli_dataset_read(reader->bench->options->dataset, clip, &reader->file);
  if (problem != NULL) return problem;
  if (reader->judged.input == CLI_INPUT_IMAGE) {
    return cli_clip_look(&reader->input, &reader->judged, &reader->file, tensor);
  }
  problem = cli_clip_hear(&reader->input, clip, &reader->file);
  if (problem == NULL) memcpy(tensor->data, reader->input.features, CLI_FEATURES);
  return problem;
}

/* Fed, coarsened and run. */
static const char *try_clip(struct reader *reader, const struct cli_clip *clip, unsigned bits,
                            struct verdict *verdict) {
  struct bench *bench = reader->bench;
  wit_interpreter_reset(bench->interpreter);
  const char *problem = feed(reader, clip);
  if (problem != NULL) return problem;
  struct wit_tensor *tensor = wit_interpreter_input(bench->interpreter, 0);
  struct coding coding = coding_of(tensor->type, bits);
  coarsen(tensor, &coding);
  if (!run(bench)) return "the model refused it while running";
  *verdict = verdict_of(bench);
  return NULL;
}

static const unsigned bits_tried[] = {2, 3, 4, 8};
#define BITS_TRIED (sizeof bits_tried / sizeof bits_tried[0])

/* The fewest bits with which the clip is still heard right. False: it is not. */
static bool examine(struct reader *reader, const struct cli_clip *clip, struct candidate *out,
                    size_t *heard) {
  const struct cli_self_test_options *options = reader->bench->options;
  struct verdict verdict;
  int32_t label = cli_judged_label(&reader->judged, clip->label);
  *heard = SIZE_MAX;
  if (label < 0) return false;
  for (size_t i = BITS_TRIED; i-- > 0;) {
    if (try_clip(reader, clip, bits_tried[i], &verdict) != NULL) return false;
    if (i == BITS_TRIED - 1) *heard = verdict.heard;
    float least = options->threshold ? options->threshold[label] : 0;
    bool right = verdict.heard == (size_t)label && verdict.score >= least &&
                 is_decided(reader->bench, &verdict);
    if (!right) return i < BITS_TRIED - 1;
    *out = (struct candidate){clip,           (size_t)label, verdict.score,
                              verdict.margin, bits_tried[i], false};
  }
  return true;
}

/* Small before telling: the probes tell more for a byte. */
static bool is_better(const struct candidate *a, const struct candidate *b) {
  return a->bits != b->bits ? a->bits < b->bits : a->margin < b->margin;
}

/* The best that is not chosen; of all labels where label is SIZE_MAX. */
static struct candidate *best_of(struct candidate *list, size_t count, size_t label) {
  struct candidate *best = NULL;
  for (size_t i = 0; i < count; i++) {
    if (list[i].chosen || (label != SIZE_MAX && list[i].label != label)) continue;
    if (best == NULL || is_better(&list[i], best)) best = &list[i];
  }
  return best;
}

static bool put_clip(struct reader *reader, struct candidate *candidate,
                     struct cli_self_test_made *made) {
  struct bench *bench = reader->bench;
  size_t begin = made->bytes.size;
  struct wit_tensor *tensor = wit_interpreter_input(bench->interpreter, 0);
  struct coding coding = coding_of(tensor->type, candidate->bits);
  wit_interpreter_reset(bench->interpreter);
  candidate->chosen = true;
  if (feed(reader, candidate->clip) != NULL) return false;
  coarsen(tensor, &coding);
  if (!begin_case(&made->bytes, bench, candidate->label) ||
      !put_codes(&made->bytes, tensor, &coding) || !run(bench) ||
      !end_case(&made->bytes, begin, bench)) {
    return false;
  }
  struct cli_self_test_clip *clip = &made->clip[made->clip_count++];
  clip->file = candidate->clip->file;
  snprintf(clip->label, sizeof clip->label, "%s", reader->judged.label[candidate->label]);
  clip->score = verdict_of(bench).score;
  clip->bits = candidate->bits;
  clip->bytes = made->bytes.size - begin;
  return true;
}

/* Each label's best clip, then whatever is best. */
static int put_clips(struct reader *reader, struct candidate *list, size_t count,
                     struct cli_self_test_made *made) {
  struct cli_session *session = reader->bench->session;
  size_t labels = reader->judged.label_count, most = reader->bench->options->clips_max;
  size_t room = WIT_SELF_TEST_CASES_MAX - reader->bench->options->probes;
  if (most == 0) most = labels;
  if (most > room) most = room;
  for (size_t label = 0; label < labels && made->clip_count < most; label++) {
    struct candidate *one = best_of(list, count, label);
    if (one != NULL && !put_clip(reader, one, made)) return cli_fail(session, "no memory");
  }
  while (made->clip_count < most) {
    struct candidate *one = best_of(list, count, SIZE_MAX);
    if (one == NULL) break;
    if (!put_clip(reader, one, made)) return cli_fail(session, "no memory");
  }
  return CLI_OK;
}

/* How often each label's clips were taken for what. */
struct tally {
  size_t clips, right;
  size_t heard_most, heard_count; /* what they were taken for most often */
  size_t *heard;
};

static int check_tally(struct reader *reader, const struct tally *tally) {
  struct cli_session *session = reader->bench->session;
  for (size_t i = 0; i < reader->judged.label_count; i++) {
    const char *label = reader->judged.label[i];
    if (tally[i].clips == 0) {
      cli_warn(session,
               "no clip is labelled '%s': the self-test will not hold that label to its "
               "output",
               label);
      continue;
    }
    if (tally[i].right > 0) continue;
    size_t most = 0;
    for (size_t k = 1; k < reader->judged.label_count; k++) {
      if (tally[i].heard[k] > tally[i].heard[most]) most = k;
    }
    return cli_fail(session,
                    "none of %zu clips of '%s' is heard as that, most as '%s': are the labels in "
                    "the order of the model's outputs? `godwit model evaluate` shows what is "
                    "heard as what",
                    tally[i].clips, label, reader->judged.label[most]);
  }
  return CLI_OK;
}

static int choose_clips(struct reader *reader, struct candidate *list, struct tally *tally,
                        struct cli_self_test_made *made) {
  const struct cli_dataset *dataset = reader->bench->options->dataset;
  size_t count = 0, heard;
  for (size_t i = 0; i < dataset->clip_count; i++) {
    const struct cli_clip *clip = &dataset->clip[i];
    bool right = examine(reader, clip, &list[count], &heard);
    int32_t label = cli_judged_label(&reader->judged, clip->label);
    if (label < 0 || heard == SIZE_MAX) continue;
    tally[label].clips++;
    tally[label].heard[heard]++;
    if (!right) continue;
    tally[label].right++;
    count++;
  }
  int status = check_tally(reader, tally);
  return status == CLI_OK ? put_clips(reader, list, count, made) : status;
}

static int add_clips(struct bench *bench, struct cli_self_test_made *made) {
  struct reader reader = {.bench = bench};
  void *copy = malloc(bench->model->file_size);
  if (copy == NULL) return cli_fail(bench->session, "no memory; close other programs");
  memcpy(copy, bench->model->file, bench->model->file_size);
  int status =
      cli_judged_open(bench->session, bench->name, copy, bench->model->file_size, &reader.judged);
  if (status != CLI_OK) return status;
  size_t labels = reader.judged.label_count, clips = bench->options->dataset->clip_count;
  struct candidate *list = calloc(clips + 1, sizeof *list);
  struct tally *tally = calloc(labels, sizeof *tally);
  size_t *heard = calloc(labels * labels, sizeof *heard);
  if (bench->label_count == 0) {
    status = cli_fail(bench->session, "%s has no labels: clips tell nothing; give --labels",
                      bench->name);
  } else if (list == NULL || tally == NULL || heard == NULL) {
    status = cli_fail(bench->session, "no memory for %zu clips", clips);
  } else {
    for (size_t i = 0; i < labels; i++) tally[i].heard = heard + i * labels;
    status = choose_clips(&reader, list, tally, made);
  }
  free(heard);
  free(tally);
  free(list);
  cli_clip_input_free(&reader.input);
  free(reader.file.data);
  cli_judged_close(&reader.judged);
  return status;
}

/* ---- probes -------------------------------------------------------------------------- */

struct probe {
  uint32_t seed;
  unsigned style;
  float margin;
};

/* From loud noise to a few bright spots on a dark ground: which of them a model
 * is undecided about, nobody knows before trying. */
static const struct coding styles[] = {{8, 0x80, 1},  {4, 0x80, 17}, {4, 0x80, 8},  {3, 0x80, 36},
                                       {2, 0x80, 85}, {2, 0x80, 40}, {1, 0x80, 255}};
#define STYLES (sizeof styles / sizeof styles[0])

static bool can_probe(const struct bench *bench) {
  const struct wit_tensor *input;
  for (size_t i = 0; (input = wit_interpreter_input(bench->interpreter, i)) != NULL; i++) {
    if (!is_one_byte(input->type) && input->type != WIT_INT16 && input->type != WIT_FLOAT32) {
      return false;
    }
  }
  return true;
}

static void fill(struct wit_tensor *tensor, const struct coding *style, uint32_t seed) {
  size_t count = element_count(tensor);
  for (size_t i = 0; i < count; i++) {
    seed = seed * 1664525u + 1013904223u;
    uint8_t byte = (uint8_t)(style->low + style->step * (seed >> (32 - style->bits)));
    if (tensor->type == WIT_FLOAT32) {
      ((float *)tensor->data)[i] = (float)(int8_t)byte / 128;
    } else if (tensor->type == WIT_INT16) {
      ((int16_t *)tensor->data)[i] = (int16_t)((int8_t)byte * 256);
    } else {
      ((uint8_t *)tensor->data)[i] = byte;
    }
  }
}

static bool try_probe(struct bench *bench, const struct probe *probe) {
  struct wit_tensor *input;
  wit_interpreter_reset(bench->interpreter);
  for (size_t i = 0; (input = wit_interpreter_input(bench->interpreter, i)) != NULL; i++) {
    fill(input, &styles[probe->style], probe->seed + (uint32_t)i);
  }
  return run(bench);
}

static bool put_probe(struct bench *bench, const struct probe *probe, struct cli_bytes *bytes) {
  const struct coding *style = &styles[probe->style];
  size_t begin = bytes->size, expected = SIZE_MAX;
  if (!try_probe(bench, probe)) return false;
  if (bench->label_count > 0) {
    struct verdict verdict = verdict_of(bench);
    if (is_decided(bench, &verdict)) expected = verdict.heard;
  }
  bool well = begin_case(bytes, bench, expected);
  for (size_t i = 0; wit_interpreter_input(bench->interpreter, i) != NULL; i++) {
    well = well && put_number(bytes, ENCODING_RANDOM | style->bits, 1) &&
           put_number(bytes, style->low, 1) && put_number(bytes, style->step, 1) &&
           put_number(bytes, probe->seed + (uint32_t)i, 4);
  }
  return well && end_case(bytes, begin, bench);
}

static int by_margin(const void *a, const void *b) {
  const struct probe *x = a, *y = b;
  if (x->margin != y->margin) return x->margin < y->margin ? -1 : 1;
  return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static size_t candidates_for(const struct bench *bench) {
  uint64_t cost = wit_interpreter_cost(bench->interpreter) + 1;
  uint64_t count = PROBE_STEPS_MAX / cost;
  if (bench->score_count == 0) count = 0; /* nothing to choose by */
  if (count > PROBE_CANDIDATES_MAX) count = PROBE_CANDIDATES_MAX;
  if (count < PROBE_CANDIDATES_MIN) count = PROBE_CANDIDATES_MIN;
  return count < bench->options->probes ? bench->options->probes : (size_t)count;
}

static int add_probes(struct bench *bench, struct cli_self_test_made *made) {
  static const struct probe nothing;
  size_t count = 0, tried = candidates_for(bench);
  if (bench->options->probes == 0) return CLI_OK;
  if (!can_probe(bench)) {
    cli_warn(bench->session,
             "%s takes input of a type that probes cannot be made of; it is tested "
             "without them",
             bench->name);
    return CLI_OK;
  }
  struct probe *list = calloc(tried, sizeof *list);
  if (list == NULL) return cli_fail(bench->session, "no memory; close other programs");
  for (size_t i = 0; i < tried; i++) {
    struct probe probe = nothing;
    probe.seed = (uint32_t)(1 + i * 64); /* inputs of one model have seeds of their own */
    probe.style = (unsigned)(i % STYLES);
    if (!try_probe(bench, &probe)) continue;
    if (bench->score_count > 0) probe.margin = verdict_of(bench).margin;
    list[count++] = probe;
  }
  if (bench->score_count > 0) qsort(list, count, sizeof *list, by_margin);
  bool well = true;
  for (size_t i = 0; well && i < count && i < bench->options->probes; i++) {
    well = put_probe(bench, &list[i], &made->bytes);
    made->probe_count += well;
  }
  free(list);
  return well ? CLI_OK : cli_fail(bench->session, "no memory; close other programs");
}

/* ---- all of it ------------------------------------------------------------------------- */

static int make(struct bench *bench, struct cli_self_test_made *made) {
  uint32_t checksum;
  struct wit_error error;
  if (wit_graph_checksum(bench->model, &checksum, &error) != WIT_OK) {
    return cli_fail(bench->session, "%s: %s", bench->name, error.message);
  }
  if (!put_header(&made->bytes, bench, checksum)) {
    return cli_fail(bench->session, "no memory; close other programs");
  }
  int status = bench->options->dataset != NULL ? add_clips(bench, made) : CLI_OK;
  if (status == CLI_OK) status = add_probes(bench, made);
  if (status != CLI_OK) return status;
  if (made->clip_count + made->probe_count == 0) {
    return cli_fail(bench->session, "there is nothing to test %s with; give clips with --self-test",
                    bench->name);
  }
  set_number(made->bytes.data + CASE_COUNT_AT, made->clip_count + made->probe_count, 2);
  return CLI_OK;
}

int cli_self_test_make(struct cli_session *session, const char *name, const struct wit_model *model,
                       const struct cli_self_test_options *options,
                       struct cli_self_test_made *made) {
  struct bench bench = {.session = session, .name = name, .model = model, .options = options};
  memset(made, 0, sizeof *made);
  int status = bench_open(&bench);
  if (status != CLI_OK) return status;
  status = make(&bench, made);
  free(bench.arena);
  return status;
}
