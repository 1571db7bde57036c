/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit rpc`: call a method of a device and wait for its answer. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

static const char *status_name(json_int_t code) {
  static const char *const names[] = {"OK",
                                      "CANCELLED",
                                      "UNKNOWN",
                                      "INVALID_ARGUMENT",
                                      "DEADLINE_EXCEEDED",
                                      "NOT_FOUND: the device has no such method",
                                      "ALREADY_EXISTS",
                                      "PERMISSION_DENIED",
                                      "RESOURCE_EXHAUSTED",
                                      "FAILED_PRECONDITION",
                                      "ABORTED",
                                      "OUT_OF_RANGE",
                                      "UNIMPLEMENTED",
                                      "INTERNAL",
                                      "UNAVAILABLE",
                                      "DATA_LOSS",
                                      "UNAUTHENTICATED"};
  bool known = code >= 0 && (size_t)code < sizeof names / sizeof names[0];
  return known ? names[code] : "a status of its own";
}

static int add_params(struct cli_session *session, json_t *params) {
  for (size_t i = 2; i < session->parsed.argument_count; i++) {
    json_t *value;
    int status = cli_read_value(session, cli_argument(session, i), &value);
    if (status != CLI_OK) return status;
    json_array_append_new(params, value);
  }
  return CLI_OK;
}

static int add_timeout(struct cli_session *session, json_t *body) {
  const char *timeout = cli_option(session, "timeout");
  char *end;
  if (timeout == NULL) return CLI_OK;
  double seconds = strtod(timeout, &end);
  if (end == timeout || *end != 0 || !(seconds >= 0.1 && seconds <= 60)) {
    return cli_misuse(session, "--timeout is '%s', 0.1 to 60 seconds are possible; correct it",
                      timeout);
  }
  json_object_set_new(body, "timeout", json_real(seconds));
  return CLI_OK;
}

static int make_body(struct cli_session *session, json_t **body) {
  json_t *params = json_array();
  int status = CLI_OK;
  *body = json_object();
  json_object_set_new(*body, "params", params);
  if (json_object_set_new(*body, "method", json_string(cli_argument(session, 1))) != 0) {
    status = cli_misuse(session, "the method is no UTF-8; correct it");
  }
  if (status == CLI_OK) status = add_params(session, params);
  if (status == CLI_OK) status = add_timeout(session, *body);
  if (status == CLI_OK) return CLI_OK;
  json_decref(*body);
  *body = NULL;
  return status;
}

static int print_answer(struct cli_session *session, const json_t *answer) {
  const json_t *code = json_object_get(answer, "statusCode");
  const json_t *detail = json_object_get(answer, "detail");
  if (!json_is_integer(code)) {
    return cli_fail(session,
                    "%s answered without a statusCode: is it a Godwit server? Check the "
                    "URL",
                    session->config.url);
  }
  if (session->json) {
    cli_print_json(session, answer);
  } else {
    char *text = detail == NULL || json_is_null(detail) ? NULL : cli_json_line(detail);
    cli_fact(session, "status", "%lld %s", (long long)json_integer_value(code),
             status_name(json_integer_value(code)));
    if (text != NULL) cli_fact(session, "detail", "%s", text);
    free(text);
  }
  return json_integer_value(code) == 0 ? CLI_OK : CLI_FAILED;
}

int cli_rpc(struct cli_session *session) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  json_t *body, *answer;
  int status = make_body(session, &body);
  if (status != CLI_OK) return status;
  status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/devices");
  cli_address_step(&address, id);
  cli_address_plain(&address, "/rpc");
  status = cli_api_send(session, "POST", &address, body, &answer);
  if (status != CLI_OK) return status;
  status = print_answer(session, answer);
  json_decref(answer);
  return status;
}
