/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit rpc`: call a method of a device and wait for its answer. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

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

static int make_body(struct cli_session *session, json_t **body) {
  const char *timeout = cli_option(session, "timeout");
  json_t *params = json_array();
  *body = json_object();
  json_object_set_new(*body, "method", json_string(cli_argument(session, 1)));
  json_object_set_new(*body, "params", params);
  for (size_t i = 2; i < session->parsed.argument_count; i++) {
    const char *text = cli_argument(session, i);
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL) value = json_string(text); /* a word is a text */
    json_array_append_new(params, value);
  }
  if (timeout == NULL) return CLI_OK;
  char *end;
  double seconds = strtod(timeout, &end);
  if (end == timeout || *end != 0 || !(seconds >= 0.1 && seconds <= 60)) {
    json_decref(*body);
    return cli_misuse(session, "--timeout is '%s', 0.1 to 60 seconds are possible; correct it",
                      timeout);
  }
  json_object_set_new(*body, "timeout", json_real(seconds));
  return CLI_OK;
}

int cli_rpc(struct cli_session *session) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  json_t *body, *answer;
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status == CLI_OK) status = make_body(session, &body);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/devices");
  cli_address_step(&address, id);
  cli_address_plain(&address, "/rpc");
  status = cli_api_send(session, "POST", &address, body, &answer);
  if (status != CLI_OK) return status;
  json_int_t code = json_integer_value(json_object_get(answer, "statusCode"));
  const json_t *detail = json_object_get(answer, "detail");
  if (session->json) {
    cli_print_json(session, answer);
  } else {
    char *text = json_is_null(detail) ? NULL : json_dumps(detail, JSON_ENCODE_ANY);
    cli_fact(session, "status", "%lld %s", (long long)code, status_name(code));
    if (text != NULL) cli_fact(session, "detail", "%s", text);
    free(text);
  }
  json_decref(answer);
  return code == 0 ? CLI_OK : CLI_FAILED;
}
