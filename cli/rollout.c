/* SPDX-License-Identifier: Apache-2.0 */
/* How a release gets on: `release status`, `release devices`, `release preview`,
 * and --wait of whatever switches a rollout on. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rollout.h"
#include "cli/verbs.h"
#include "cli/words.h"

#define BAR_WIDTH 30
#define LINE_SIZE 200

static const char *const states[] = {"waiting",  "downloading", "downloaded",
                                     "updating", "updated",     "failed"};
#define STATE_COUNT (sizeof states / sizeof states[0])

static long long number(const json_t *object, const char *member) {
  return (long long)json_integer_value(json_object_get(object, member));
}

static long long in_state(const json_t *rollout, const char *state) {
  return number(json_object_get(rollout, "states"), state);
}

/* "2 downloading, 5 updated": the states that somebody is in. */
static void describe(char *out, size_t size, const json_t *rollout) {
  out[0] = 0;
  for (size_t i = 0; i < STATE_COUNT; i++) {
    long long count = in_state(rollout, states[i]);
    size_t used = strlen(out);
    if (count > 0) {
      snprintf(out + used, size - used, "%s%lld %s", used > 0 ? ", " : "", count, states[i]);
    }
  }
  if (out[0] == 0) snprintf(out, size, "no device");
}

static bool is_over(const json_t *rollout) {
  long long targets = number(rollout, "targets");
  return json_is_true(json_object_get(rollout, "complete")) &&
         in_state(rollout, "updated") + in_state(rollout, "failed") >= targets;
}

/* A bar that is drawn over itself at a terminal; elsewhere a line for each
 * change. */
static void show_progress(struct cli_session *session, const json_t *rollout,
                          char last[LINE_SIZE]) {
  char line[LINE_SIZE], bar[BAR_WIDTH + 1];
  long long targets = number(rollout, "targets"), done = in_state(rollout, "updated");
  describe(line, sizeof line, rollout);
  if (strcmp(line, last) == 0) return;
  strcpy(last, line);
  if (!session->err_terminal) {
    fprintf(session->err, "%lld of %lld: %s\n", done, targets, line);
    return;
  }
  for (int i = 0; i < BAR_WIDTH; i++) {
    bar[i] = targets > 0 && i < done * BAR_WIDTH / targets ? '#' : '.';
  }
  bar[BAR_WIDTH] = 0;
  fprintf(session->err, "\r\033[K[%s] %lld of %lld: %s", bar, done, targets, line);
  fflush(session->err);
}

static int get(struct cli_session *session, const char *release_id, json_t **rollout) {
  struct cli_address address;
  cli_address_init(&address, session, "/releases");
  cli_address_step(&address, release_id);
  cli_address_plain(&address, "/rollout");
  return cli_api_get(session, &address, rollout);
}

static void print_details(struct cli_session *session, const json_t *details) {
  json_t *each;
  size_t i;
  json_array_foreach(details, i, each) {
    const char *detail = cli_text(each, "detail"), *advice = cli_detail_advice(detail);
    cli_fact(session, "of them", "%lld %s%s%s", number(each, "count"), detail,
             advice[0] != 0 ? ": " : "", advice);
  }
}

static void print_failures(struct cli_session *session, const json_t *rollout) {
  json_t *failure;
  size_t i;
  json_array_foreach(json_object_get(rollout, "failures"), i, failure) {
    cli_fact(session, "failed", "%lld: %s", number(failure, "count"), cli_text(failure, "reason"));
    print_details(session, json_object_get(failure, "details"));
  }
}

static int print(struct cli_session *session, const json_t *rollout) {
  char line[256];
  if (session->json) {
    cli_print_json(session, rollout);
    return CLI_OK;
  }
  describe(line, sizeof line, rollout);
  cli_fact(session, "rollout", "%s",
           json_is_true(json_object_get(rollout, "rollout")) ? "on" : "off");
  cli_fact(session, "devices", "%lld, %lld of them online", number(rollout, "targets"),
           number(rollout, "online"));
  cli_fact(session, "states", "%s", line);
  if (number(rollout, "spreadSeconds") > 0) {
    cli_format_span(line, sizeof line, number(rollout, "spreadSeconds"));
    cli_fact(session, "spread", "devices begin within %s", line);
  }
  if (number(rollout, "superseded") > 0) {
    cli_fact(session, "superseded", "%lld get a newer release", number(rollout, "superseded"));
  }
  print_failures(session, rollout);
  return CLI_OK;
}

static time_t seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static int outcome(struct cli_session *session, const json_t *rollout, bool timed_out) {
  char line[256];
  long long failed = in_state(rollout, "failed");
  describe(line, sizeof line, rollout);
  (void)print(session, rollout);
  if (timed_out) {
    return cli_fail(session, "not over in time: %s; `godwit release status` goes on watching",
                    line);
  }
  if (failed > 0) {
    return cli_fail(session,
                    "%lld of %lld devices failed; `godwit release devices --state failed` "
                    "names them",
                    failed, number(rollout, "targets"));
  }
  return CLI_OK;
}

int cli_rollout_check(struct cli_session *session) {
  const char *timeout = cli_option(session, "timeout");
  if (timeout == NULL) return CLI_OK;
  if (!cli_switch(session, "wait")) return cli_misuse(session, "--timeout goes with --wait");
  return cli_check_count(session, "timeout", timeout, 1, 30L * 24 * 3600);
}

int cli_rollout_wait(struct cli_session *session, const char *release_id) {
  const char *timeout = cli_option(session, "timeout");
  time_t until = timeout != NULL ? seconds() + atol(timeout) : 0;
  char last[LINE_SIZE] = "";
  for (;;) {
    json_t *rollout;
    int status = get(session, release_id, &rollout);
    if (status != CLI_OK) return status;
    show_progress(session, rollout, last);
    bool over = is_over(rollout), timed_out = until != 0 && seconds() >= until;
    if (over || timed_out) {
      if (session->err_terminal) fputc('\n', session->err);
      status = outcome(session, rollout, !over);
      json_decref(rollout);
      return status;
    }
    json_decref(rollout);
    sleep(1);
  }
}

int cli_release_status(struct cli_session *session) {
  json_t *release, *rollout;
  int status = cli_rollout_check(session);
  if (status == CLI_OK) status = cli_find_release(session, cli_argument(session, 0), &release);
  if (status != CLI_OK) return status;
  if (cli_switch(session, "wait")) {
    status = cli_rollout_wait(session, cli_text(release, "id"));
  } else {
    status = get(session, cli_text(release, "id"), &rollout);
    if (status == CLI_OK) {
      (void)print(session, rollout);
      json_decref(rollout);
    }
  }
  json_decref(release);
  return status;
}

int cli_release_devices(struct cli_session *session) {
  static const struct cli_column columns[] = {{"DEVICE", "deviceName", CLI_CELL_TEXT},
                                              {"STATUS", "status", CLI_CELL_TEXT},
                                              {"STATE", "state", CLI_CELL_TEXT},
                                              {"PERCENT", "percent", CLI_CELL_TEXT},
                                              {"REASON", "reason", CLI_CELL_TEXT},
                                              {"DETAIL", "detail", CLI_CELL_TEXT},
                                              {"RUNS", "version", CLI_CELL_TEXT},
                                              {"LAST REPORT", "lastReport", CLI_CELL_TIME},
                                              {0}};
  struct cli_address address;
  json_t *release;
  int status = cli_find_release(session, cli_argument(session, 0), &release);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/releases");
  cli_address_step(&address, cli_text(release, "id"));
  cli_address_plain(&address, "/devices");
  cli_address_query(&address, "state", cli_option(session, "state"));
  json_decref(release);
  return cli_list(session, &address, columns);
}

/* --- preview ---------------------------------------------------------------------- */

static void print_spread(struct cli_session *session, const json_t *spread) {
  char span[32];
  if (number(spread, "seconds") == 0) return;
  cli_format_span(span, sizeof span, number(spread, "seconds"));
  fprintf(session->err, "They would begin within about %s, for %lld device%s.\n", span,
          number(spread, "devices"), number(spread, "devices") == 1 ? "" : "s");
}

static void print_preview(struct cli_session *session, const json_t *document) {
  static const char *const heading[] = {"DEVICE", "STATUS", "RUNS", "WOULD", "WHY"};
  struct cli_table table;
  json_t *row;
  size_t i;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(json_object_get(document, "list"), i, row) {
    char *runs = cli_json_line(json_object_get(row, "current"));
    cli_table_add(&table, cli_text(row, "deviceName"));
    cli_table_add(&table, cli_text(row, "status"));
    cli_table_add(&table, runs);
    cli_table_add(&table, cli_text(row, "verdict"));
    cli_table_add(&table, cli_text(row, "why"));
    free(runs);
  }
  cli_table_print(session, &table);
  const json_t *counts = json_object_get(document, "counts");
  fprintf(session->err,
          "%lld would update, %lld run it already, %lld get a newer release, %lld "
          "cannot run it.\n",
          number(counts, "update"), number(counts, "same"), number(counts, "superseded"),
          number(counts, "incompatible"));
  print_spread(session, json_object_get(document, "spread"));
}

int cli_release_preview(struct cli_session *session) {
  struct cli_address address;
  json_t *body, *document = NULL;
  char *reply = NULL, *text;
  int status = cli_release_body(session, &body);
  if (status != CLI_OK) return status;
  json_object_del(body, "rollout");
  json_object_set_new(body, "perPage", json_integer(1000));
  text = json_dumps(body, JSON_COMPACT);
  json_decref(body);
  cli_address_init(&address, session, "/releases/preview");
  status = cli_api_raw(session, "POST", &address, text, strlen(text), "application/json", &reply);
  free(text);
  if (status != CLI_OK) return status;
  document = json_loads(reply, 0, NULL);
  free(reply);
  if (document == NULL) return cli_fail(session, "the server answered no JSON; check the URL");
  if (session->json) {
    cli_print_json(session, document);
  } else {
    print_preview(session, document);
  }
  json_decref(document);
  return CLI_OK;
}
