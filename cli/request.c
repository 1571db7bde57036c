/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit api`: any call of the REST API, with the login of the config file. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define BODY_MAX (64u * 1024 * 1024)

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool is_method(const char *text) {
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (strcmp(text, methods[i]) == 0) return true;
  }
  return false;
}

/* "/v1/status" as it is, "devices?term=a" below the project. */
static int make_address(struct cli_session *session, struct cli_address *address,
                        const char *path) {
  for (const char *c = path; *c != 0; c++) {
    if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '#') {
      return cli_misuse(session, "'%s' is no address: spaces and the like are written %%20", path);
    }
  }
  if (path[0] == '/') {
    memset(address, 0, sizeof *address);
    cli_address_plain(address, path);
  } else {
    cli_address_init(address, session, "/");
    cli_address_plain(address, path);
  }
  return CLI_OK;
}

/* JSON is printed as all of it is; what is none, as it came. */
static void print_reply(struct cli_session *session, const char *reply) {
  json_t *document = json_loads(reply, JSON_DECODE_ANY, NULL);
  if (document == NULL) {
    fputs(reply, session->out);
  } else if (!json_is_null(document)) {
    cli_print_json(session, document);
  }
  json_decref(document);
}

int cli_api_call(struct cli_session *session) {
  const char *method = cli_argument(session, 0), *body = cli_argument(session, 2);
  const char *file = cli_option(session, "file");
  struct cli_address address;
  void *bytes = NULL;
  size_t size = 0;
  char *reply;
  if (!is_method(method)) {
    return cli_misuse(session, "'%s' is no method; there are GET, POST, PUT, PATCH and DELETE",
                      method);
  }
  if (body != NULL && file != NULL) return cli_misuse(session, "give JSON or --file, not both");
  int status = make_address(session, &address, cli_argument(session, 1));
  if (status == CLI_OK && file != NULL)
    status = cli_read_file(session, file, BODY_MAX, &bytes, &size);
  if (status != CLI_OK) return status;
  status = cli_api_raw(session, method, &address, file != NULL ? bytes : body,
                       file != NULL   ? size
                       : body != NULL ? strlen(body)
                                      : 0,
                       file != NULL ? "application/octet-stream" : "application/json", &reply);
  free(bytes);
  if (status != CLI_OK) return status;
  print_reply(session, reply);
  explicit_bzero(reply, strlen(reply));
  free(reply);
  return CLI_OK;
}
