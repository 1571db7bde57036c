/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/credential.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define KEY_BYTES 16 /* 128 bits of chance, in hex: 32 characters, the SDKs' usual limit */
#define IDENTITY_MAX 128

static int make_random_hex(struct cli_session *session, char *out, size_t bytes) {
  unsigned char random[KEY_BYTES];
  if (getrandom(random, bytes, 0) != (ssize_t)bytes) {
    return cli_fail(session, "the system gives no random numbers (%s); give --psk yourself",
                    strerror(errno));
  }
  for (size_t i = 0; i < bytes; i++) snprintf(out + 2 * i, 3, "%02x", random[i]);
  explicit_bzero(random, sizeof random);
  return CLI_OK;
}

static void address_of(struct cli_address *address, const struct cli_session *session,
                       const json_t *device) {
  cli_address_init(address, session, "/devices");
  cli_address_step(address, cli_text(device, "id"));
  cli_address_plain(address, "/credentials");
}

/* NAME@PROJECT; for a further credential, something random between them. */
static int choose_identity(struct cli_session *session, const json_t *device, bool fresh,
                           char identity[IDENTITY_MAX + 1]) {
  const char *given = cli_option(session, "psk-id"), *project = session->config.project;
  char suffix[10] = "";
  if (given != NULL && strlen(given) > IDENTITY_MAX) {
    return cli_misuse(session, "--psk-id has %zu characters, %d are possible; shorten it",
                      strlen(given), IDENTITY_MAX);
  }
  if (given != NULL) {
    strcpy(identity, given);
    return CLI_OK;
  }
  if (!fresh) {
    suffix[0] = '-';
    int status = make_random_hex(session, suffix + 1, 4);
    if (status != CLI_OK) return status;
  }
  int length =
      snprintf(identity, IDENTITY_MAX + 1, "%s%s@%s", cli_text(device, "name"), suffix, project);
  if (length > IDENTITY_MAX) {
    return cli_misuse(session,
                      "name and project make an identity of %d characters, %d are "
                      "possible; give a shorter one with --psk-id",
                      length, IDENTITY_MAX);
  }
  return CLI_OK;
}

static int choose_key(struct cli_session *session, char *key, size_t size) {
  const char *given = cli_option(session, "psk");
  if (given == NULL) return make_random_hex(session, key, KEY_BYTES);
  if (strcmp(given, "-") == 0) return cli_read_secret(session, "key", key, size);
  if (strlen(given) >= size) {
    return cli_misuse(session, "--psk has %zu characters, at most %zu are possible; shorten it",
                      strlen(given), size - 1);
  }
  strcpy(key, given);
  return CLI_OK;
}

/* True when the device has a credential already. */
static int has_credential(struct cli_session *session, const json_t *device, bool *has) {
  struct cli_address address;
  json_t *list;
  address_of(&address, session, device);
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  *has = json_array_size(list) > 0;
  json_decref(list);
  return CLI_OK;
}

int cli_credential_create(struct cli_session *session, const json_t *device, bool fresh,
                          json_t **credential) {
  struct cli_address address;
  char identity[IDENTITY_MAX + 1], key[IDENTITY_MAX + 1];
  *credential = NULL;
  int status = choose_identity(session, device, fresh, identity);
  if (status == CLI_OK) status = choose_key(session, key, sizeof key);
  if (status != CLI_OK) return status;
  json_t *body = json_pack("{s:s, s:s, s:s}", "type", "PRE_SHARED_KEY", "identity", identity,
                           "preSharedKey", key);
  if (body == NULL) {
    status = cli_misuse(session, "identity or key is no UTF-8; give --psk-id and --psk as text");
  } else {
    address_of(&address, session, device);
    status = cli_api_send(session, "POST", &address, body, credential);
  }
  /* Some servers do not repeat a secret; the caller of this command needs it. */
  if (status == CLI_OK && cli_text(*credential, "preSharedKey")[0] == 0) {
    json_object_set_new(*credential, "preSharedKey", json_string(key));
  }
  explicit_bzero(key, sizeof key);
  return status;
}

void cli_credential_print(struct cli_session *session, const json_t *credential) {
  cli_fact(session, "identity", "%s", cli_text(credential, "identity"));
  cli_fact(session, "key", "%s", cli_text(credential, "preSharedKey"));
  fputs("Put both into the device.\n", session->err);
}

int cli_credential_add(struct cli_session *session) {
  json_t *device, *credential = NULL;
  bool has = false;
  int status = cli_find(session, &cli_kind_device, cli_argument(session, 0), &device);
  if (status != CLI_OK) return status;
  if (cli_option(session, "psk-id") == NULL) status = has_credential(session, device, &has);
  if (status == CLI_OK) status = cli_credential_create(session, device, !has, &credential);
  if (status == CLI_OK && session->json) cli_print_json(session, credential);
  if (status == CLI_OK && !session->json) cli_credential_print(session, credential);
  json_decref(credential);
  json_decref(device);
  return status;
}

static int list_of(struct cli_session *session, json_t **device, json_t **list) {
  struct cli_address address;
  int status = cli_find(session, &cli_kind_device, cli_argument(session, 0), device);
  if (status != CLI_OK) return status;
  address_of(&address, session, *device);
  status = cli_api_list(session, &address, list);
  if (status != CLI_OK) json_decref(*device);
  return status;
}

int cli_credential_list(struct cli_session *session) {
  static const char *const heading[] = {"IDENTITY", "TYPE", "CREATED", "ID"};
  json_t *device, *list, *credential;
  size_t i;
  int status = list_of(session, &device, &list);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, list);
  } else {
    struct cli_table table;
    cli_table_init(&table, heading, 4);
    json_array_foreach(list, i, credential) {
      cli_table_add(&table, cli_text(credential, "identity"));
      cli_table_add(&table, cli_text(credential, "type"));
      char time[64];
      cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(credential, "createdAt")));
      cli_table_add(&table, cli_text(credential, "id"));
    }
    cli_table_print(session, &table);
  }
  json_decref(list);
  json_decref(device);
  return CLI_OK;
}

int cli_credential_delete(struct cli_session *session) {
  struct cli_address address;
  const char *text = cli_argument(session, 1), *id = NULL;
  json_t *device, *list, *credential;
  size_t i;
  int status = list_of(session, &device, &list);
  if (status != CLI_OK) return status;
  json_array_foreach(list, i, credential) {
    if (strcmp(cli_text(credential, "identity"), text) == 0 ||
        strcmp(cli_text(credential, "id"), text) == 0) {
      id = cli_text(credential, "id");
    }
  }
  if (id == NULL) {
    status = cli_fail(session,
                      "device %s has no credential '%s'; `godwit credential list %s` "
                      "shows them",
                      cli_argument(session, 0), text, cli_argument(session, 0));
  } else {
    address_of(&address, session, device);
    cli_address_step(&address, id);
    status = cli_delete(session, &address, "credential", text);
  }
  json_decref(list);
  json_decref(device);
  return status;
}
