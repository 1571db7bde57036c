/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evaluate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* --- the command line ----------------------------------------------------------- */

static int take_number(struct cli_session *session, const char *name, size_t max, size_t *out) {
  const char *text = cli_option(session, name);
  if (text == NULL) return CLI_OK;
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] >= '1' && text[0] <= '9' && *end == 0 && value <= max) {
    *out = value;
    return CLI_OK;
  }
  return cli_misuse(session, "--%s %s is no number from 1 to %zu; give one", name, text, max);
}

static int take_split(struct cli_session *session, enum cli_split *split) {
  const char *text = cli_option(session, "split");
  *split = CLI_SPLIT_ALL;
  if (text == NULL || cli_split_parse(split, text)) return CLI_OK;
  return cli_misuse(session, "--split %s is none of training, validation, testing and all", text);
}

static size_t cores(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > CLI_THREADS_MAX ? CLI_THREADS_MAX : (size_t)count;
}

/* --- models ------------------------------------------------------------------------ */

/* PACKAGE@VERSION, unless there is a file of that name. */
static bool is_artifact(const char *text) {
  return strchr(text, '@') != NULL && strchr(text, '/') == NULL && access(text, F_OK) != 0;
}

static int need_server(struct cli_session *session) {
  /* The command works without one, so nothing was loaded before. */
  return session->config.url[0] != 0 ? CLI_OK : cli_config_load(session);
}

static int find_artifact(struct cli_session *session, const char *name, json_t **artifact) {
  int status = need_server(session);
  return status == CLI_OK ? cli_find_artifact(session, name, NULL, artifact) : status;
}

static int download(struct cli_session *session, const char *name, void **data, size_t *size) {
  struct cli_address address;
  json_t *artifact;
  char *bytes = NULL;
  size_t length = 0, sunk;
  int status = find_artifact(session, name, &artifact);
  if (status != CLI_OK) return status;
  FILE *sink = open_memstream(&bytes, &length);
  cli_address_init(&address, session, "/artifacts");
  cli_address_step(&address, cli_text(artifact, "id"));
  cli_address_plain(&address, "/content");
  json_decref(artifact);
  if (sink == NULL) return cli_fail(session, "no memory for %s; close other programs", name);
  status = cli_api_download(session, &address, sink, &sunk);
  if (fclose(sink) != 0 && status == CLI_OK) {
    status = cli_fail(session, "no memory for %s; close other programs", name);
  }
  if (status != CLI_OK) {
    free(bytes);
    return status;
  }
  *data = bytes;
  *size = length;
  return CLI_OK;
}

static int open_model(struct cli_session *session, const char *name, struct cli_judged *judged) {
  void *data;
  size_t size;
  int status = is_artifact(name) ? download(session, name, &data, &size)
                                 : cli_read_file(session, name, CLI_FILE_MAX, &data, &size);
  return status == CLI_OK ? cli_judged_open(session, name, data, size, judged) : status;
}

/* --- keeping ------------------------------------------------------------------------ */

static void address_of(struct cli_address *address, const struct cli_session *session,
                       const json_t *artifact) {
  cli_address_init(address, session, "/artifacts");
  cli_address_step(address, cli_text(artifact, "id"));
  cli_address_plain(address, "/evaluations");
}

/* "speech_commands (testing)" */
static json_t *dataset_name(const json_t *report) {
  const json_t *dataset = json_object_get(report, "dataset");
  const char *split = cli_text(dataset, "split"), *name = cli_text(dataset, "name");
  if (strcmp(split, "all") == 0) return json_string(name);
  return json_sprintf("%s (%s)", name, split);
}

static int store(struct cli_session *session, const char *name, const json_t *report) {
  struct cli_address address;
  json_t *artifact, *data, *cut = json_deep_copy(report);
  int status = find_artifact(session, name, &artifact);
  if (status == CLI_OK) {
    cli_evaluate_cut(cut, CLI_REPORT_MAX);
    address_of(&address, session, artifact);
    status =
        cli_api_send(session, "POST", &address,
                     json_pack("{s:o,s:O}", "dataset", dataset_name(report), "report", cut), &data);
    json_decref(artifact);
  }
  json_decref(cut);
  if (status != CLI_OK) return status;
  if (!session->json) cli_fact(session, "stored", "with %s", name);
  json_decref(data);
  return CLI_OK;
}

static int check_store(struct cli_session *session) {
  const char *model = cli_argument(session, 0);
  if (!cli_switch(session, "store") || is_artifact(model)) return CLI_OK;
  return cli_misuse(session,
                    "--store keeps the evaluation with an artifact, and %s is a file; upload it, "
                    "and name it as PACKAGE@VERSION",
                    model);
}

/* --- the command ---------------------------------------------------------------------- */

static int say(struct cli_session *session, const struct cli_evaluation *evaluation) {
  json_t *report = cli_evaluate_report(evaluation);
  if (report == NULL) return cli_fail(session, "no memory for the report; close other programs");
  int status = CLI_OK;
  if (json_integer_value(json_object_get(report, "clips")) == 0) {
    const json_t *skipped = json_array_get(json_object_get(report, "skipped"), 0);
    status = cli_fail(session, "none of the %zu clips could be used; for example %s: %s",
                      evaluation->dataset->clip_count, cli_text(skipped, "example"),
                      cli_text(skipped, "reason"));
  } else if (session->json) {
    cli_print_json(session, report);
  } else {
    cli_evaluate_print(session, report);
  }
  if (status == CLI_OK && cli_switch(session, "store")) {
    status = store(session, cli_argument(session, 0), report);
  }
  json_decref(report);
  return status;
}

static int evaluate(struct cli_session *session, const struct cli_judged *const *models,
                    size_t model_count, enum cli_split split) {
  struct cli_dataset dataset;
  struct cli_evaluation evaluation;
  size_t limit = CLI_CLIPS_MAX, threads = cores();
  int status = take_number(session, "limit", CLI_CLIPS_MAX, &limit);
  if (status == CLI_OK) status = take_number(session, "threads", CLI_THREADS_MAX, &threads);
  if (status != CLI_OK) return status;
  status = cli_dataset_open(session, cli_option(session, "dataset"), split, &dataset);
  if (status != CLI_OK) return status;
  cli_dataset_thin(&dataset, limit);
  status = cli_evaluate_run(session, &dataset, models, model_count, threads, &evaluation);
  if (status == CLI_OK) status = say(session, &evaluation);
  cli_evaluation_free(&evaluation);
  cli_dataset_close(&dataset);
  return status;
}

int cli_model_evaluate(struct cli_session *session) {
  struct cli_judged judged[CLI_MODELS_MAX] = {{0}};
  const struct cli_judged *const models[CLI_MODELS_MAX] = {&judged[0], &judged[1]};
  const char *other = cli_option(session, "compare");
  enum cli_split split;
  int status = take_split(session, &split);
  if (status == CLI_OK) status = check_store(session);
  if (status == CLI_OK) status = open_model(session, cli_argument(session, 0), &judged[0]);
  if (status == CLI_OK && other != NULL) status = open_model(session, other, &judged[1]);
  if (status == CLI_OK) status = evaluate(session, models, other != NULL ? 2 : 1, split);
  cli_judged_close(&judged[0]);
  cli_judged_close(&judged[1]);
  return status;
}

/* --- what was kept ----------------------------------------------------------------------- */

static void print_list(struct cli_session *session, const json_t *evaluations) {
  static const char *const heading[] = {"DATASET", "ACCURACY", "CLIPS", "CREATED", "ID"};
  struct cli_table table;
  json_t *one;
  size_t i;
  char time[64];
  cli_table_init(&table, heading, 5);
  json_array_foreach(evaluations, i, one) {
    const json_t *accuracy = json_object_get(one, "accuracy");
    cli_table_add(&table, cli_text(one, "dataset"));
    if (json_is_number(accuracy)) {
      cli_table_addf(&table, "%.1f %%", 100 * json_number_value(accuracy));
    } else {
      cli_table_add(&table, NULL);
    }
    cli_table_addf(&table, "%lld", (long long)json_integer_value(json_object_get(one, "clips")));
    cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(one, "createdAt")));
    cli_table_add(&table, cli_text(one, "id"));
  }
  cli_table_print(session, &table);
}

static int list_all(struct cli_session *session, const struct cli_address *address) {
  json_t *evaluations;
  int status = cli_api_list(session, address, &evaluations);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, evaluations);
  } else {
    print_list(session, evaluations);
  }
  json_decref(evaluations);
  return CLI_OK;
}

static int show_one(struct cli_session *session, struct cli_address *address, const char *id) {
  json_t *evaluation;
  cli_address_step(address, id);
  int status = cli_api_get(session, address, &evaluation);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, evaluation);
  } else {
    cli_evaluate_print(session, json_object_get(evaluation, "report"));
  }
  json_decref(evaluation);
  return CLI_OK;
}

int cli_model_evaluations(struct cli_session *session) {
  struct cli_address address;
  json_t *artifact;
  const char *id = cli_argument(session, 1);
  int status = cli_find_artifact(session, cli_argument(session, 0), NULL, &artifact);
  if (status != CLI_OK) return status;
  address_of(&address, session, artifact);
  json_decref(artifact);
  return id != NULL ? show_one(session, &address, id) : list_all(session, &address);
}
