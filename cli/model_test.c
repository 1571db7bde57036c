/* SPDX-License-Identifier: Apache-2.0 */
/* godwit model test: replays a model's self-test as a device does. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/evaluate.h"
#include "cli/http.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "wit/self_test.h"

static uint64_t now_us(void *arg) {
  struct timespec now;
  (void)arg;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int run(const struct wit_model *model, struct wit_self_test_report *report,
               struct wit_error *error) {
  static const struct wit_self_test_clock clock = {now_us, NULL, 0};
  struct wit_interpreter *interpreter;
  int status = wit_interpreter_init(&interpreter, model, &wit_ops_all, NULL, 0, error);
  if (status != WIT_ERR_ARENA) return status;
  size_t size = error->arena_needed_bytes;
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, (size + 15) / 16 * 16);
  if (arena == NULL) return status;
  status = wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, size, error);
  if (status == WIT_OK) status = wit_self_test_run(interpreter, model, &clock, report, error);
  free(arena);
  return status;
}

static json_t *describe(const char *path, int status, const struct wit_self_test_report *report,
                        const struct wit_error *error) {
  json_t *document = json_pack(
      "{s:o,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "file", cli_evaluate_text(path), "passes",
      status == WIT_OK, "cases", (json_int_t)report->case_count, "casesPassed",
      (json_int_t)report->cases_passed, "largestDifference", (json_int_t)report->largest_difference,
      "fastestMicroseconds", (json_int_t)report->fastest_us, "slowestMicroseconds",
      (json_int_t)report->slowest_us, "arenaBytes", (json_int_t)report->arena_used, "cost",
      (json_int_t)report->cost);
  if (status != WIT_OK) {
    json_object_set_new(document, "status", json_string(wit_status_name(status)));
    json_object_set_new(document, "reason", cli_evaluate_text(error->message));
  }
  return document;
}

static void print(struct cli_session *session, const char *path, int status,
                  const struct wit_self_test_report *report, const struct wit_error *error) {
  cli_fact(session, "file", "%s", path);
  if (status == WIT_OK) {
    cli_fact(session, "verdict", "passes");
  } else {
    cli_fact(session, "verdict", "fails: %s", error->message);
  }
  cli_fact(session, "cases", "%u of %u", report->cases_passed, report->case_count);
  if (report->arena_used > 0) cli_fact(session, "arena", "%zu bytes", report->arena_used);
  if (report->cases_passed == 0) return;
  cli_fact(session, "inference", "%u to %u us here, %llu multiply-accumulates", report->fastest_us,
           report->slowest_us, (unsigned long long)report->cost);
}

int cli_model_test(struct cli_session *session) {
  const char *path = cli_argument(session, 0);
  struct wit_model model;
  struct wit_self_test_report report = {0};
  struct wit_error error = {0};
  void *data;
  size_t size;
  int status = cli_read_file(session, path, CLI_FILE_MAX, &data, &size);
  if (status != CLI_OK) return status;
  int verdict = wit_model_open(&model, data, size, &error);
  if (verdict == WIT_OK) verdict = wit_model_check_labels(&model, &error);
  if (verdict == WIT_OK) verdict = run(&model, &report, &error);
  if (session->json) {
    json_t *document = describe(path, verdict, &report, &error);
    cli_print_json(session, document);
    json_decref(document);
  } else {
    print(session, path, verdict, &report, &error);
  }
  free(data);
  return verdict == WIT_OK ? CLI_OK : CLI_FAILED;
}
