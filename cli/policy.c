/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define SPAN_MAX (30L * 86400) /* the server's */

/* --- options ------------------------------------------------------------------------ */

/* Seconds of "90s", "10m", "1h", "2d" (a bare number where bare), -1 for others. */
static long span_of(const char *text, bool bare) {
  static const struct {
    char unit;
    long seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  char *end;
  long count = strtol(text, &end, 10);
  if (!isdigit((unsigned char)text[0]) || count > SPAN_MAX) return -1;
  if (*end == 0 && (bare || count == 0)) return count;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (end[0] != units[i].unit || end[1] != 0) continue;
    return count > SPAN_MAX / units[i].seconds ? -1 : count * units[i].seconds;
  }
  return -1;
}

static int read_span(struct cli_session *session, const char *option, const char *member,
                     long least, json_t *out) {
  const char *text = cli_option(session, option);
  if (text == NULL) return CLI_OK;
  long seconds = span_of(text, false);
  if (seconds < least) {
    return cli_misuse(session, "--%s is '%s'; give a time as 90s, 10m, 1h or 2d, 30d at most",
                      option, text);
  }
  json_object_set_new(out, member, json_integer(seconds));
  return CLI_OK;
}

static int read_ratio(struct cli_session *session, const char *option, double most,
                      json_t *shadow) {
  const char *text = cli_option(session, option);
  char *end;
  if (text == NULL) return CLI_OK;
  double number = strtod(text, &end);
  if (*end != 0 || end == text || !(number > 0) || number > most) {
    return cli_misuse(session, "--%s is '%s'; give a number above 0 and up to %g", option, text,
                      most);
  }
  json_object_set_new(shadow, option, json_real(number));
  return CLI_OK;
}

/* "500": inferences; "10m": a time. */
static int read_shadow(struct cli_session *session, json_t *policy) {
  const char *text = cli_option(session, "shadow");
  if (text == NULL) {
    bool alone = cli_option(session, "agreement") != NULL || cli_option(session, "latency") != NULL;
    return alone ? cli_misuse(session, "--agreement and --latency go with --shadow") : CLI_OK;
  }
  bool is_count = strspn(text, "0123456789") == strlen(text);
  long amount = is_count ? atol(text) : span_of(text, false);
  if (amount < 1 || strlen(text) > 9) {
    return cli_misuse(
        session, "--shadow is '%s'; give a count of inferences as 500, or a time as 10m", text);
  }
  json_t *shadow = json_pack("{s:I}", is_count ? "windows" : "seconds", (json_int_t)amount);
  int status = read_ratio(session, "agreement", 1, shadow);
  if (status == CLI_OK) status = read_ratio(session, "latency", 1000, shadow);
  json_object_set_new(policy, "shadow", shadow);
  return status;
}

int cli_policy_read(struct cli_session *session, json_t **policy) {
  *policy = json_object();
  int status = read_span(session, "spread", "spreadSeconds", 0, *policy);
  if (status == CLI_OK) status = read_span(session, "confirm-after", "confirmSeconds", 1, *policy);
  if (status == CLI_OK) status = read_shadow(session, *policy);
  if (status == CLI_OK && json_object_size(*policy) > 0) return CLI_OK;
  json_decref(*policy);
  *policy = NULL;
  return status;
}

/* --- showing ------------------------------------------------------------------------- */

const char *cli_format_span(char *out, size_t size, long long seconds) {
  if (seconds < 60) {
    snprintf(out, size, "%lld s", seconds);
  } else if (seconds < 3600) {
    snprintf(out, size, seconds % 60 == 0 ? "%lld min" : "%lld min %lld s", seconds / 60,
             seconds % 60);
  } else if (seconds < 86400) {
    snprintf(out, size, seconds % 3600 < 60 ? "%lld h" : "%lld h %lld min", seconds / 3600,
             seconds % 3600 / 60);
  } else {
    snprintf(out, size, seconds % 86400 < 3600 ? "%lld d" : "%lld d %lld h", seconds / 86400,
             seconds % 86400 / 3600);
  }
  return out;
}

static void print_shadow(struct cli_session *session, const json_t *shadow) {
  char line[160] = "", span[32];
  size_t used = 0;
  const json_t *windows = json_object_get(shadow, "windows");
  const json_t *seconds = json_object_get(shadow, "seconds");
  const json_t *agreement = json_object_get(shadow, "agreement");
  const json_t *latency = json_object_get(shadow, "latency");
  if (json_is_integer(windows)) {
    used += (size_t)snprintf(line, sizeof line, "%lld inferences",
                             (long long)json_integer_value(windows));
  }
  if (json_is_integer(seconds)) {
    cli_format_span(span, sizeof span, (long long)json_integer_value(seconds));
    used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", used > 0 ? " or " : "", span);
  }
  if (json_is_number(agreement)) {
    used += (size_t)snprintf(line + used, sizeof line - used, ", agreeing in %.1f %%",
                             100 * json_number_value(agreement));
  }
  if (json_is_number(latency) && used < sizeof line) {
    snprintf(line + used, sizeof line - used, ", at most %.2f times as slow",
             json_number_value(latency));
  }
  cli_fact(session, "shadow", "%s beside the active model", line);
}

void cli_policy_print(struct cli_session *session, const json_t *policy) {
  const json_t *spread = json_object_get(policy, "spreadSeconds");
  const json_t *confirm = json_object_get(policy, "confirmSeconds");
  const json_t *shadow = json_object_get(policy, "shadow");
  char span[32];
  if (json_is_integer(spread)) {
    cli_fact(session, "spread", "%s",
             cli_format_span(span, sizeof span, (long long)json_integer_value(spread)));
  }
  if (json_is_object(shadow)) print_shadow(session, shadow);
  if (json_is_integer(confirm)) {
    cli_fact(session, "confirmed after", "%s in service",
             cli_format_span(span, sizeof span, (long long)json_integer_value(confirm)));
  }
}

/* --- why an update failed --------------------------------------------------------------- */

const char *cli_detail_advice(const char *detail) {
  static const struct {
    const char *detail, *advice;
  } advices[] = {
      {"SIGNATURE_MISSING", "it takes signed models only: `godwit artifact sign`"},
      {"SIGNATURE_WRONG", "the signature is of other bytes: sign the artifact again"},
      {"KEY_UNKNOWN", "it does not hold the key that signed: `godwit key rotate`, or another key"},
      {"TOO_OLD", "older than it may go back to: sign it with a higher sequence number"},
      {"DIGEST_WRONG", "the bytes were damaged on the way or on its medium; it tries again"},
      {"TOO_LARGE", "larger than its slot: a smaller model, or other hardware"},
      {"MODEL_INVALID", "its runtime cannot read the model: `godwit model inspect`"},
      {"OP_UNSUPPORTED", "its runtime lacks an op: newer firmware, or a model without it"},
      {"ARENA_TOO_SMALL", "its arena is too small: a smaller model, or firmware with more memory"},
      {"INTERFACE_WRONG", "inputs, outputs or labels are not what its application expects"},
      {"TEST_OUTPUT", "its self-test gave other outputs than on your machine: `godwit model test`"},
      {"TEST_TIME", "its self-test took too long: a faster model, or a longer limit"},
      {"SHADOW", "beside the active model it did not do well enough: `godwit release shadow`"},
      {"CRASHED", "it crashed while the model was tried: look at its log"},
      {"DELTA_WRONG", "the shorter form did not decode; it takes the whole the next time"},
      {"REVERTED", "its application gave the model back: ask whoever wrote it why"},
      {"TEST_MISSING", "it takes models with a self-test only: `godwit model pack`"},
  };
  for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
    if (strcmp(advices[i].detail, detail) == 0) return advices[i].advice;
  }
  return "";
}
