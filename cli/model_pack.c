/* SPDX-License-Identifier: Apache-2.0 */
/* godwit model pack: what a device wants to know of a model travels in the
 * model. The file is made twice, first without the self-test, which is made by
 * running that file; then it is opened, planned and tested as a device does it,
 * before a byte is written to disk. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/inspect.h"
#include "cli/model_metadata.h"
#include "cli/output.h"
#include "cli/self_test.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "cli/http.h"
#include "wit/inspect.h"
#include "wit_audio/frontend.h"

#define LABELS_BYTES_MAX 32768u /* what devices read */
#define FRONTEND_MAX 80u
#define PROBES_DEFAULT 8u
#define CLIPS_READ_MAX 4000u /* more would not find more telling ones */
#define OUR_PREFIX "godwit."
#define FRONTEND_TEXT "name=micro_speech\nrate=16000\nframes=49\nchannels=40\n"

/* One run of the command. */
struct packer {
  struct cli_session *session;
  const char *path;
  void *given; /* the file as it was given */
  size_t given_size;
  struct wit_model given_model;
  uint8_t *body; /* without a front of ours */
  size_t body_size;

  struct cli_metadata_entry entry[CLI_METADATA_ENTRIES_MAX];
  size_t entry_count;
  char labels[LABELS_BYTES_MAX]; /* texts made here */
  char frontend[FRONTEND_MAX + 1];
  char *thresholds;
  uint8_t *kept_test; /* an earlier self-test with other limits */
  char arena[24];
  float *threshold; /* one a label */

  struct cli_dataset dataset;
  struct cli_self_test_options options;
  struct cli_self_test_made made;

  uint8_t *packed;
  size_t packed_size;
  struct wit_model model; /* of packed */
  struct wit_self_test_report report;
};

static int no_memory(struct packer *p) {
  return cli_fail(p->session, "no memory; close other programs");
}

/* --- entries ------------------------------------------------------------------- */

/* Sets or replaces; data is borrowed. */
static int set_entry(struct packer *p, const char *name, const void *data, size_t size) {
  size_t i = 0;
  while (i < p->entry_count && strcmp(p->entry[i].name, name) != 0) i++;
  /* One is left for the packer's own. */
  if (i + 1 == CLI_METADATA_ENTRIES_MAX) {
    return cli_fail(p->session,
                    "%s has too many entries named godwit.*; start from the file "
                    "that the converter made",
                    p->path);
  }
  if (i == p->entry_count) p->entry_count++;
  p->entry[i] = (struct cli_metadata_entry){name, data, size};
  return CLI_OK;
}

static bool has_entry(const struct packer *p, const char *name) {
  for (size_t i = 0; i < p->entry_count; i++) {
    if (strcmp(p->entry[i].name, name) == 0 && p->entry[i].data != NULL) return true;
  }
  return false;
}

/* What an earlier packing put in stays, but for what is given now. */
static int keep_earlier(struct packer *p) {
  const char *name;
  const uint8_t *data;
  size_t size;
  int status = CLI_OK;
  for (size_t i = 0;
       status == CLI_OK && wit_inspect_metadata(&p->given_model, i, &name, &data, &size); i++) {
    if (strncmp(name, OUR_PREFIX, strlen(OUR_PREFIX)) != 0) continue;
    if (strcmp(name, CLI_BODY_METADATA) != 0) status = set_entry(p, name, data, size);
  }
  return status;
}

/* "yes,no" or a file of lines, to a line each. */
static int take_labels(struct packer *p) {
  const char *text = cli_option(p->session, "labels");
  if (text == NULL) return CLI_OK;
  void *data = NULL;
  size_t size = strlen(text);
  if (strchr(text, ',') == NULL && access(text, R_OK) == 0) {
    int status = cli_read_file(p->session, text, LABELS_BYTES_MAX, &data, &size);
    if (status != CLI_OK) return status;
  }
  bool fits = size > 0 && size <= sizeof p->labels;
  if (fits) memcpy(p->labels, data != NULL ? data : text, size);
  for (size_t i = 0; fits && data == NULL && i < size; i++) {
    if (p->labels[i] == ',') p->labels[i] = '\n';
  }
  free(data);
  if (!fits || memchr(p->labels, 0, size) != NULL) {
    return cli_misuse(p->session,
                      "--labels: not 1 to %u bytes of text; give words with commas "
                      "between, or a file with a label a line",
                      LABELS_BYTES_MAX);
  }
  return set_entry(p, "godwit.labels", p->labels, size);
}

static bool is_audio(const struct wit_model *model) {
  struct wit_tensor input, second;
  if (!wit_model_input(model, 0, &input) || wit_model_input(model, 1, &second)) return false;
  return input.type == WIT_INT8 &&
         input.size_bytes == (size_t)WIT_AUDIO_MODEL_ROWS * WIT_AUDIO_CHANNELS;
}

static int take_frontend(struct packer *p) {
  const char *name = cli_option(p->session, "frontend");
  if (name == NULL && has_entry(p, "godwit.frontend")) return CLI_OK;
  if (name == NULL) name = is_audio(&p->given_model) ? "micro_speech" : "none";
  if (strcmp(name, "none") == 0) return set_entry(p, "godwit.frontend", NULL, 0);
  if (strcmp(name, "micro_speech") == 0) {
    return set_entry(p, "godwit.frontend", FRONTEND_TEXT, strlen(FRONTEND_TEXT));
  }
  if (strpbrk(name, "\n=") != NULL || strlen(name) == 0 || strlen(name) > FRONTEND_MAX - 6) {
    return cli_misuse(p->session,
                      "--frontend: a name is one word; give micro_speech, none or the "
                      "name that your devices know");
  }
  int size = snprintf(p->frontend, sizeof p->frontend, "name=%s\n", name);
  return set_entry(p, "godwit.frontend", p->frontend, (size_t)size);
}

/* --- thresholds ------------------------------------------------------------------ */

static int32_t find_label(const struct wit_model *model, const char *text, size_t length) {
  const char *label;
  size_t size;
  for (size_t i = 0; wit_model_label(model, i, &label, &size); i++) {
    if (size == length && memcmp(label, text, length) == 0) return (int32_t)i;
  }
  return -1;
}

static int take_threshold(struct packer *p, const struct wit_model *labelled, const char *text) {
  const char *equals = strrchr(text, '=');
  char *end = NULL;
  double score = equals != NULL ? strtod(equals + 1, &end) : 0;
  if (equals == NULL || end == equals + 1 || *end != 0 || !(score > 0 && score <= 1)) {
    return cli_misuse(p->session,
                      "--threshold %s: not a label and a score above 0, at most 1; "
                      "give yes=0.8",
                      text);
  }
  int32_t label = find_label(labelled, text, (size_t)(equals - text));
  if (label < 0) {
    return cli_misuse(p->session,
                      "--threshold %s: the model has no label '%.*s'; `godwit model "
                      "inspect` shows them, --labels names them",
                      text, (int)(equals - text), text);
  }
  p->threshold[label] = (float)score;
  return CLI_OK;
}

/* A line a label, empty where none is given. */
static int write_thresholds(struct packer *p, size_t labels) {
  FILE *out;
  size_t size;
  if ((out = open_memstream(&p->thresholds, &size)) == NULL) return no_memory(p);
  for (size_t i = 0; i < labels; i++) {
    if (p->threshold[i] > 0) fprintf(out, "%.6g", (double)p->threshold[i]);
    fputc('\n', out);
  }
  if (fclose(out) != 0) return no_memory(p);
  return set_entry(p, "godwit.thresholds", p->thresholds, size);
}

static int take_thresholds(struct packer *p, const struct wit_model *labelled) {
  const struct cli_parsed *parsed = &p->session->parsed;
  size_t labels = wit_model_label_count(labelled), given = 0;
  int status = CLI_OK;
  p->threshold = calloc(labels + 1, sizeof *p->threshold);
  if (p->threshold == NULL) return no_memory(p);
  for (size_t i = 0; status == CLI_OK && i < parsed->option_count; i++) {
    if (strcmp(parsed->option[i].option->name, "threshold") != 0) continue;
    status = take_threshold(p, labelled, parsed->option[i].value);
    given++;
  }
  if (status != CLI_OK || given == 0) return status;
  return write_thresholds(p, labels);
}

/* --- numbers ---------------------------------------------------------------------- */

static int take_number(struct cli_session *session, const char *name, unsigned long max,
                       unsigned long *out) {
  const char *text = cli_option(session, name);
  char *end;
  if (text == NULL) return CLI_OK;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && value <= max) {
    *out = value;
    return CLI_OK;
  }
  return cli_misuse(session, "--%s %s is no number from 0 to %lu; give one", name, text, max);
}

static int take_arena(struct packer *p, size_t needed) {
  const char *text = cli_option(p->session, "arena");
  unsigned long bytes = needed;
  if (text != NULL && strcmp(text, "auto") != 0) {
    int status = take_number(p->session, "arena", UINT32_MAX / 20, &bytes);
    if (status != CLI_OK) return status;
    if (bytes < needed) {
      return cli_misuse(p->session, "--arena %lu: the model needs %zu; leave it to 'auto'", bytes,
                        needed);
    }
  }
  snprintf(p->arena, sizeof p->arena, "%lu", bytes);
  return set_entry(p, WIT_ARENA_METADATA, p->arena, strlen(p->arena));
}

static int take_test_options(struct packer *p) {
  unsigned long tolerance = 0, clips = 0, probes = PROBES_DEFAULT, limit = 0;
  int status = take_number(p->session, "tolerance", 1u << 16, &tolerance);
  if (status == CLI_OK) {
    status = take_number(p->session, "max-cases", WIT_SELF_TEST_CASES_MAX, &clips);
  }
  if (status == CLI_OK) status = take_number(p->session, "probes", 32, &probes);
  if (status == CLI_OK) status = take_number(p->session, "time-limit", 1u << 20, &limit);
  p->options = (struct cli_self_test_options){
      .threshold = p->threshold,
      .clips_max = clips,
      .probes = probes,
      .tolerance = (uint32_t)tolerance,
      /* Floats are added in the kernels' own order: never bit for bit. */
      .tolerance_float = 1e-4f + (float)tolerance / 256,
      .limit_us = (uint32_t)limit * 1000,
  };
  return status;
}

/* --- the file ------------------------------------------------------------------------ */

/* Makes p->packed of what is set so far, and opens it. */
static int build(struct packer *p) {
  struct wit_model body;
  struct wit_error error;
  free(p->packed);
  p->packed = NULL;
  const char *problem = "it cannot be opened";
  if (wit_model_open(&body, p->body, p->body_size, &error) == WIT_OK) {
    problem = cli_model_add_metadata(&body, p->entry, p->entry_count, &p->packed, &p->packed_size);
  }
  if (problem != NULL) return cli_fail(p->session, "cannot pack %s: %s", p->path, problem);
  if (wit_model_open(&p->model, p->packed, p->packed_size, &error) != WIT_OK) {
    return cli_fail(p->session, "packing %s made a broken file (%s); please report it", p->path,
                    error.message);
  }
  return CLI_OK;
}

static int open_given(struct packer *p) {
  struct wit_error error;
  int status = cli_read_file(p->session, p->path, CLI_FILE_MAX, &p->given, &p->given_size);
  if (status != CLI_OK) return status;
  if (wit_model_open(&p->given_model, p->given, p->given_size, &error) != WIT_OK) {
    return cli_fail(p->session, "%s cannot be packed: %s; `godwit model inspect` shows more",
                    p->path, error.message);
  }
  if (!cli_model_body(&p->given_model, &p->body, &p->body_size)) return no_memory(p);
  return CLI_OK;
}

/* Labels in the header line are what other firmware reads: both must agree. */
static int check_header_labels(struct packer *p) {
  struct wit_model body;
  const char *a, *b;
  size_t a_length, b_length;
  if (wit_model_open(&body, p->body, p->body_size, NULL) != WIT_OK ||
      wit_model_label_source(&body) != WIT_LABELS_HEADER) {
    return CLI_OK;
  }
  size_t count = wit_model_label_count(&p->model);
  bool same = count == wit_model_label_count(&body);
  for (size_t i = 0; same && i < count; i++) {
    same = wit_model_label(&body, i, &a, &a_length) &&
           wit_model_label(&p->model, i, &b, &b_length) && a_length == b_length &&
           memcmp(a, b, a_length) == 0;
  }
  if (same) return CLI_OK;
  return cli_fail(p->session,
                  "%s begins with the line GLTHBEGIN and other labels; leave --labels "
                  "away, or take the line off with `tail -n +2`",
                  p->path);
}

/* Runs on devices, with these labels; its arena. */
static int check_runs(struct packer *p, size_t *arena) {
  struct cli_verdict verdict;
  struct wit_model model;
  cli_model_check(p->packed, p->packed_size, &model, &verdict);
  if (!verdict.runs) {
    return cli_fail(p->session, "no device could run %s: %s", p->path, verdict.error.message);
  }
  *arena = verdict.arena_bytes;
  return CLI_OK;
}

/* The test as a device makes it. */
static int run_test(struct packer *p, size_t arena_size) {
  struct wit_interpreter *interpreter;
  struct wit_error error;
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, (arena_size + 15) / 16 * 16);
  if (arena == NULL) return no_memory(p);
  int status =
      wit_interpreter_init(&interpreter, &p->model, &wit_ops_all, arena, arena_size, &error);
  if (status == WIT_OK) {
    status = wit_self_test_run(interpreter, &p->model, NULL, &p->report, &error);
  }
  free(arena);
  if (status == WIT_OK || (status == WIT_ERR_NO_TEST && p->options.probes == 0)) return CLI_OK;
  return cli_fail(p->session,
                  "the packed model does not pass its own test: %s; make a new one "
                  "with --self-test",
                  error.message);
}

static int open_dataset(struct packer *p) {
  const char *path = cli_option(p->session, "self-test");
  if (path == NULL) return CLI_OK;
  int status = cli_dataset_open(p->session, path, CLI_SPLIT_ALL, &p->dataset);
  if (status != CLI_OK) return status;
  if (p->dataset.clip_count > CLIPS_READ_MAX) cli_dataset_thin(&p->dataset, CLIPS_READ_MAX);
  p->options.dataset = &p->dataset;
  return CLI_OK;
}

#define TOLERANCE_AT 8u
#define TIME_LIMIT_AT 16u

/* A test that stays may be given another tolerance and time limit: its cases do
 * not depend on them. */
static int keep_test(struct packer *p) {
  static const char name[] = WIT_SELF_TEST_METADATA;
  struct wit_self_test_info info;
  const uint8_t *test;
  size_t size;
  if (wit_self_test_info(&p->model, &info, NULL) != WIT_OK) return CLI_OK; /* run_test says why */
  wit_model_metadata(&p->model, name, &test, &size);
  p->kept_test = malloc(size);
  if (p->kept_test == NULL) return no_memory(p);
  memcpy(p->kept_test, test, size);
  uint32_t tolerance = cli_option(p->session, "tolerance") ? p->options.tolerance : info.tolerance;
  uint32_t limit = cli_option(p->session, "time-limit") ? p->options.limit_us : info.limit_us;
  for (unsigned i = 0; i < 4; i++) {
    p->kept_test[TOLERANCE_AT + i] = (uint8_t)(tolerance >> 8 * i);
    p->kept_test[TIME_LIMIT_AT + i] = (uint8_t)(limit >> 8 * i);
  }
  return set_entry(p, name, p->kept_test, size);
}

/* A test that is there stays, unless another is asked for. */
static int make_test(struct packer *p) {
  bool asked = p->options.dataset != NULL || cli_option(p->session, "probes") != NULL;
  if (!asked && has_entry(p, WIT_SELF_TEST_METADATA)) return keep_test(p);
  if (p->options.dataset == NULL && p->options.probes == 0) {
    return set_entry(p, WIT_SELF_TEST_METADATA, NULL, 0);
  }
  int status = cli_self_test_make(p->session, p->path, &p->model, &p->options, &p->made);
  if (status != CLI_OK) return status;
  return set_entry(p, WIT_SELF_TEST_METADATA, p->made.bytes.data, p->made.bytes.size);
}

static int assemble(struct packer *p) {
  size_t arena = 0;
  int status = keep_earlier(p);
  if (status == CLI_OK) status = take_labels(p);
  if (status == CLI_OK) status = take_frontend(p);
  if (status == CLI_OK) status = build(p);
  if (status == CLI_OK) status = check_header_labels(p);
  if (status == CLI_OK) status = check_runs(p, &arena);
  if (status == CLI_OK) status = take_thresholds(p, &p->model);
  if (status == CLI_OK) status = take_arena(p, arena);
  if (status == CLI_OK) status = take_test_options(p);
  if (status == CLI_OK) status = open_dataset(p);
  if (status == CLI_OK) status = make_test(p);
  if (status == CLI_OK) status = build(p);
  if (status == CLI_OK) status = check_runs(p, &arena);
  return status == CLI_OK ? run_test(p, arena) : status;
}

/* Beside, then renamed: the output may be the input. */
static int write_output(struct packer *p, const void *data, size_t size) {
  const char *path = cli_option(p->session, "output");
  char partial[4096];
  if ((size_t)snprintf(partial, sizeof partial, "%s.part", path) >= sizeof partial) {
    return cli_misuse(p->session, "the path of the output file is too long; shorten it");
  }
  FILE *file = fopen(partial, "wb");
  if (file == NULL) {
    return cli_fail(p->session, "cannot create %s: %s; choose another --output", partial,
                    strerror(errno));
  }
  bool written = fwrite(data, 1, size, file) == size;
  if (fclose(file) != 0 || !written || rename(partial, path) != 0) {
    int reason = errno;
    (void)unlink(partial);
    return cli_fail(p->session, "cannot write %s: %s; choose another --output", path,
                    strerror(reason));
  }
  return CLI_OK;
}

/* --- what was done -------------------------------------------------------------------- */

static json_t *describe_test(const struct packer *p) {
  json_t *clips = json_array();
  for (size_t i = 0; i < p->made.clip_count; i++) {
    const struct cli_self_test_clip *clip = &p->made.clip[i];
    json_array_append_new(
        clips, json_pack("{s:o,s:o,s:f,s:i,s:I}", "file", cli_evaluate_text(clip->file), "label",
                         cli_evaluate_text(clip->label), "score", (double)clip->score, "bits",
                         (int)clip->bits, "bytes", (json_int_t)clip->bytes));
  }
  return json_pack("{s:I,s:I,s:o,s:I,s:I}", "cases", (json_int_t)p->report.case_count, "bytes",
                   (json_int_t)p->made.bytes.size, "clips", clips, "probes",
                   (json_int_t)p->made.probe_count, "cost", (json_int_t)p->report.cost);
}

static json_t *describe(const struct packer *p) {
  json_t *entries = json_object();
  for (size_t i = 0; i < p->entry_count; i++) {
    if (p->entry[i].data == NULL) continue;
    json_object_set_new(entries, p->entry[i].name, json_integer((json_int_t)p->entry[i].size));
  }
  return json_pack("{s:s,s:I,s:I,s:s,s:o,s:o}", "file", cli_option(p->session, "output"), "size",
                   (json_int_t)p->packed_size, "added", (json_int_t)(p->packed_size - p->body_size),
                   "arena", p->arena, "metadata", entries, "selfTest", describe_test(p));
}

static void print_test(struct packer *p) {
  static const char *const heading[] = {"CLIP", "HEARD AS", "SCORE", "BITS", "BYTES"};
  struct cli_table table;
  char clean[256];
  if (p->made.bytes.size == 0) {
    cli_fact(p->session, "self-test", "%u cases, as before", p->report.case_count);
    return;
  }
  cli_fact(p->session, "self-test", "%u cases, %zu bytes: %zu clips, %zu probes",
           p->report.case_count, p->made.bytes.size, p->made.clip_count, p->made.probe_count);
  if (p->made.clip_count == 0) return;
  fputc('\n', p->session->out);
  cli_table_init(&table, heading, 5);
  for (size_t i = 0; i < p->made.clip_count; i++) {
    const struct cli_self_test_clip *clip = &p->made.clip[i];
    cli_printable(clean, sizeof clean, clip->file);
    cli_table_add(&table, clean);
    cli_printable(clean, sizeof clean, clip->label);
    cli_table_add(&table, clean);
    cli_table_addf(&table, "%.3f", (double)clip->score);
    cli_table_addf(&table, "%u", clip->bits);
    cli_table_addf(&table, "%zu", clip->bytes);
  }
  cli_table_print(p->session, &table);
}

static void print_packed(struct packer *p) {
  char size[32];
  cli_fact(p->session, "written", "%s", cli_option(p->session, "output"));
  cli_fact(p->session, "size", "%s, %zu bytes more than the bare model",
           cli_format_bytes(size, sizeof size, (long long)p->packed_size),
           p->packed_size - p->body_size);
  cli_fact(p->session, "arena", "%s bytes", p->arena);
  print_test(p);
}

static void packer_free(struct packer *p) {
  free(p->made.bytes.data);
  free(p->kept_test);
  free(p->threshold);
  free(p->thresholds);
  free(p->packed);
  free(p->body);
  free(p->given);
  cli_dataset_close(&p->dataset);
}

int cli_model_pack(struct cli_session *session) {
  struct packer p = {.session = session, .path = cli_argument(session, 0)};
  int status = open_given(&p);
  if (status == CLI_OK) status = assemble(&p);
  if (status == CLI_OK) status = write_output(&p, p.packed, p.packed_size);
  if (status == CLI_OK && session->json) {
    json_t *document = describe(&p);
    cli_print_json(session, document);
    json_decref(document);
  } else if (status == CLI_OK) {
    print_packed(&p);
  }
  packer_free(&p);
  return status;
}

int cli_model_unpack(struct cli_session *session) {
  struct packer p = {.session = session, .path = cli_argument(session, 0)};
  int status = open_given(&p);
  if (status == CLI_OK) status = write_output(&p, p.body, p.body_size);
  if (status == CLI_OK && session->json) {
    json_t *document =
        json_pack("{s:s,s:I,s:I}", "file", cli_option(session, "output"), "size",
                  (json_int_t)p.body_size, "removed", (json_int_t)(p.given_size - p.body_size));
    cli_print_json(session, document);
    json_decref(document);
  } else if (status == CLI_OK) {
    cli_fact(session, "written", "%s, %zu bytes less", cli_option(session, "output"),
             p.given_size - p.body_size);
  }
  packer_free(&p);
  return status;
}
