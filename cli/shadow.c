/* SPDX-License-Identifier: Apache-2.0 */
/* Two models side by side on devices: `release shadow`, `device shadow`. */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BAR_WIDTH 24
#define LINE_SIZE 200

static long long number(const json_t *object, const char *member) {
  return (long long)json_integer_value(json_object_get(object, member));
}

/* "93.1 %"; "-" for null. */
static const char *percent(char *out, size_t size, const json_t *object, const char *member) {
  const json_t *value = json_object_get(object, member);
  if (json_is_number(value)) {
    snprintf(out, size, "%.1f %%", 100 * json_number_value(value));
  } else {
    snprintf(out, size, "-");
  }
  return out;
}

static const char *duration(char *out, size_t size, double us) {
  if (us < 1000) {
    snprintf(out, size, "%.0f us", us);
  } else if (us < 1e6) {
    snprintf(out, size, "%.1f ms", us / 1e3);
  } else {
    snprintf(out, size, "%.1f s", us / 1e6);
  }
  return out;
}

/* --- facts ------------------------------------------------------------------------ */

static void print_devices(struct cli_session *session, const json_t *pair) {
  const json_t *verdicts = json_object_get(pair, "verdicts");
  char reasons[LINE_SIZE] = "";
  const char *reason;
  json_t *count;
  json_object_foreach(json_object_get(pair, "failures"), reason, count) {
    size_t used = strlen(reasons);
    snprintf(reasons + used, sizeof reasons - used, "%s%s %lld", used > 0 ? ", " : " (", reason,
             (long long)json_integer_value(count));
  }
  cli_fact(session, "devices", "%lld: %lld still compare, %lld passed, %lld failed%s%s",
           number(pair, "devices"), number(verdicts, "more"), number(verdicts, "pass"),
           number(verdicts, "fail"), reasons, reasons[0] != 0 ? ")" : "");
}

static void print_times(struct cli_session *session, const json_t *pair) {
  const json_t *active = json_object_get(pair, "active");
  const json_t *candidate = json_object_get(pair, "candidate");
  char mean[2][24], longest[2][24];
  if (number(pair, "compared") == 0) return;
  duration(mean[0], sizeof mean[0], (double)number(active, "meanUs"));
  duration(mean[1], sizeof mean[1], (double)number(candidate, "meanUs"));
  duration(longest[0], sizeof longest[0], (double)number(active, "maxUs"));
  duration(longest[1], sizeof longest[1], (double)number(candidate, "maxUs"));
  cli_fact(session, "time", "%s, candidate %s; %s and %s at most", mean[0], mean[1], longest[0],
           longest[1]);
}

static void print_facts(struct cli_session *session, const json_t *pair) {
  char heard[24], all[24], sure[2][24];
  cli_fact(session, "models", "%s: %s beside %s in service", cli_text(pair, "package"),
           cli_text(pair, "candidateVersion"), cli_text(pair, "activeVersion"));
  print_devices(session, pair);
  cli_fact(session, "agreement", "%s of %lld windows in which something was heard; %s of all %lld",
           percent(heard, sizeof heard, pair, "agreement"), number(pair, "heard"),
           percent(all, sizeof all, pair, "agreementAll"), number(pair, "compared"));
  if (number(pair, "onlyCandidateKnows") > 0) {
    cli_fact(session, "new", "%lld windows with labels that only the candidate has",
             number(pair, "onlyCandidateKnows"));
  }
  if (number(pair, "onlyActiveKnows") > 0) {
    cli_fact(session, "lost", "%lld windows with labels that the candidate has not",
             number(pair, "onlyActiveKnows"));
  }
  cli_fact(session, "confidence", "%s, candidate %s",
           percent(sure[0], sizeof sure[0], json_object_get(pair, "active"), "meanConfidence"),
           percent(sure[1], sizeof sure[1], json_object_get(pair, "candidate"), "meanConfidence"));
  print_times(session, pair);
  cli_fact(session, "missed", "%lld windows; %lld without time for the candidate",
           number(pair, "missed"), number(pair, "skipped"));
}

/* --- tables ----------------------------------------------------------------------- */

static void print_disagreements(struct cli_session *session, const json_t *pair) {
  static const char *const heading[] = {"IN SERVICE", "CANDIDATE", "WINDOWS"};
  struct cli_table table;
  json_t *row;
  size_t i;
  if (json_array_size(json_object_get(pair, "disagreements")) == 0) return;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(json_object_get(pair, "disagreements"), i, row) {
    cli_table_add(&table, cli_text(row, "active"));
    cli_table_add(&table, cli_text(row, "candidate"));
    cli_table_addf(&table, "%lld", number(row, "count"));
  }
  if (number(pair, "otherDisagreements") > 0) {
    cli_table_add(&table, "other labels");
    cli_table_add(&table, NULL);
    cli_table_addf(&table, "%lld", number(pair, "otherDisagreements"));
  }
  cli_table_print(session, &table);
}

static void add_bar(struct cli_table *table, const json_t *counts, size_t at, long long whole) {
  char bar[BAR_WIDTH + 1];
  long long count = (long long)json_integer_value(json_array_get(counts, at));
  long long width = whole > 0 ? (count * BAR_WIDTH + whole - 1) / whole : 0;
  memset(bar, '#', (size_t)width);
  bar[width] = 0;
  cli_table_addf(table, "%s%s%lld %%", bar, width > 0 ? " " : "",
                 whole > 0 ? (count * 100 + whole / 2) / whole : 0);
}

static long long at(const json_t *list, size_t index) {
  return (long long)json_integer_value(json_array_get(list, index));
}

/* The steps in which there is something. */
static void print_histogram(struct cli_session *session, const json_t *pair, const json_t *bounds) {
  static const char *const heading[] = {"TIME", "IN SERVICE", "CANDIDATE"};
  const json_t *times[2] = {json_object_get(json_object_get(pair, "active"), "times"),
                            json_object_get(json_object_get(pair, "candidate"), "times")};
  struct cli_table table;
  char text[24];
  long long whole = number(pair, "compared");
  if (whole == 0) return;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  for (size_t i = 0; i < json_array_size(times[0]); i++) {
    if (at(times[0], i) == 0 && at(times[1], i) == 0) continue;
    bool is_last = i == json_array_size(bounds);
    duration(text, sizeof text, (double)at(bounds, is_last ? i - 1 : i));
    cli_table_addf(&table, "%s %s", is_last ? "from" : "below", text);
    add_bar(&table, times[0], i, whole);
    add_bar(&table, times[1], i, whole);
  }
  cli_table_print(session, &table);
}

/* --- commands --------------------------------------------------------------------- */

static void print(struct cli_session *session, const json_t *data) {
  json_t *pair;
  size_t i;
  if (json_array_size(json_object_get(data, "pairs")) == 0) {
    fputs(
        "nothing has been compared, or not been told yet: devices tell once a minute, and at the "
        "end\n",
        session->out);
  }
  json_array_foreach(json_object_get(data, "pairs"), i, pair) {
    if (i > 0) fputc('\n', session->out);
    print_facts(session, pair);
    print_disagreements(session, pair);
    print_histogram(session, pair, json_object_get(data, "timesBelowUs"));
  }
  if (number(data, "devicesMerged") < number(data, "devices")) {
    fprintf(session->err, "the newest %lld of %lld devices\n", number(data, "devicesMerged"),
            number(data, "devices"));
  }
}

static int show(struct cli_session *session, const char *group, const char *id) {
  struct cli_address address;
  json_t *data;
  cli_address_init(&address, session, group);
  cli_address_step(&address, id);
  cli_address_plain(&address, "/shadow");
  int status = cli_api_get(session, &address, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    print(session, data);
  }
  json_decref(data);
  return CLI_OK;
}

int cli_release_shadow(struct cli_session *session) {
  json_t *release;
  int status = cli_find_release(session, cli_argument(session, 0), &release);
  if (status != CLI_OK) return status;
  status = show(session, "/releases", cli_text(release, "id"));
  json_decref(release);
  return status;
}

int cli_device_shadow(struct cli_session *session) {
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  return status == CLI_OK ? show(session, "/devices", id) : status;
}
