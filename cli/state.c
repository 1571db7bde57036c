/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit state`: a device's JSON document, shared by both sides. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* Of the device's state, at the path that is the second argument when there is
 * one: "a/b"; "/" is all of it. */
static int address_of(struct cli_session *session, struct cli_address *address, const char *path) {
  char id[CLI_ID_MAX + 1], segment[256];
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  cli_address_init(address, session, "/devices");
  cli_address_step(address, id);
  cli_address_plain(address, "/data");
  if (path == NULL) return CLI_OK;
  while (*path == '/') path++;
  while (*path != 0) {
    size_t length = strcspn(path, "/");
    if (length == 0 || length >= sizeof segment) {
      return cli_misuse(session, "the path has an empty or an endless step; write it as a/b");
    }
    snprintf(segment, sizeof segment, "%.*s", (int)length, path);
    cli_address_step(address, segment);
    path += length + (path[length] == '/');
  }
  return CLI_OK;
}

/* Takes the value. */
static int finish(struct cli_session *session, json_t *value) {
  if (session->json) {
    cli_print_json(session, value);
  } else {
    cli_print_value(session, value);
  }
  json_decref(value);
  return CLI_OK;
}

int cli_state_get(struct cli_session *session) {
  struct cli_address address;
  json_t *value;
  int status = address_of(session, &address, cli_argument(session, 1));
  if (status == CLI_OK) status = cli_api_get(session, &address, &value);
  return status == CLI_OK ? finish(session, value) : status;
}

static int change(struct cli_session *session, const char *method) {
  struct cli_address address;
  json_error_t error;
  const char *text = cli_argument(session, 2);
  json_t *answer, *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
  if (value == NULL) {
    return cli_misuse(session, "'%s' is no JSON (%s); texts need quotes: '\"on\"'", text,
                      error.text);
  }
  int status = address_of(session, &address, cli_argument(session, 1));
  if (status != CLI_OK) {
    json_decref(value);
    return status;
  }
  status = cli_api_send(session, method, &address, value, &answer);
  return status == CLI_OK ? finish(session, answer) : status; /* as it is now */
}

int cli_state_set(struct cli_session *session) { return change(session, "PUT"); }
int cli_state_merge(struct cli_session *session) { return change(session, "PATCH"); }

int cli_state_delete(struct cli_session *session) {
  struct cli_address address;
  const char *path = cli_argument(session, 1);
  int status = address_of(session, &address, path);
  if (status != CLI_OK) return status;
  return cli_delete(session, &address, "state", path != NULL ? path : cli_argument(session, 0));
}
