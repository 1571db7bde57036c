/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/credential.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define KEY_BYTES 16 /* 128 bits of chance, in hex: 32 characters, the SDKs' usual limit */
#define KEY_MAX 128  /* longer lines are no key; the server has the exact limit */

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

int cli_credential_options(struct cli_session *session, json_t *body) {
  const char *identity = cli_option(session, "psk-id"), *given = cli_option(session, "psk");
  char key[KEY_MAX + 2];
  int status = CLI_OK;
  if (given != NULL && strcmp(given, "-") == 0) {
    status = cli_read_secret(session, "key", key, sizeof key);
    given = key;
  }
  /* NULL for what is no UTF-8; the server would find it missing. */
  json_t *identity_text = identity != NULL ? json_string(identity) : NULL;
  json_t *key_text = status == CLI_OK && given != NULL ? json_string(given) : NULL;
  explicit_bzero(key, sizeof key);
  if (status == CLI_OK &&
      ((identity != NULL && identity_text == NULL) || (given != NULL && key_text == NULL))) {
    status = cli_misuse(session, "--psk-id or --psk is no UTF-8; give both as text");
  }
  if (identity_text != NULL) json_object_set_new(body, "identity", identity_text);
  if (key_text != NULL) json_object_set_new(body, "preSharedKey", key_text);
  return status;
}

/* Something random between name and project: the first credential of a device
 * has the plain NAME@PROJECT, this is a further one. */
static int make_identity(struct cli_session *session, const json_t *device, json_t *body) {
  char random[9];
  int status = make_random_hex(session, random, 4);
  if (status != CLI_OK) return status;
  json_object_set_new(
      body, "identity",
      json_sprintf("%s-%s@%s", cli_text(device, "name"), random, session->config.project));
  return CLI_OK;
}

static int make_key(struct cli_session *session, json_t *body) {
  char key[2 * KEY_BYTES + 1];
  int status = make_random_hex(session, key, KEY_BYTES);
  if (status == CLI_OK) json_object_set_new(body, "preSharedKey", json_string(key));
  explicit_bzero(key, sizeof key);
  return status;
}

/* What the server wants; only identity and key are made up when not given. */
static int make_body(struct cli_session *session, const json_t *device, json_t *body) {
  json_object_set_new(body, "type", json_string("PRE_SHARED_KEY"));
  int status = cli_credential_options(session, body);
  if (status == CLI_OK && json_object_get(body, "identity") == NULL) {
    status = make_identity(session, device, body);
  }
  if (status == CLI_OK && json_object_get(body, "preSharedKey") == NULL) {
    status = make_key(session, body);
  }
  return status;
}

void cli_credential_print(struct cli_session *session, const json_t *credential) {
  cli_fact(session, "identity", "%s", cli_text(credential, "identity"));
  cli_fact(session, "key", "%s", cli_text(credential, "preSharedKey"));
  fflush(session->out); /* the facts come first, also where both streams are one file */
  fputs("Put both into the device.\n", session->err);
}

/* Makes it, and hands it back with its device. */
static int create(struct cli_session *session, json_t **device, json_t **credential) {
  struct cli_address address;
  json_t *body = json_object();
  *device = *credential = NULL;
  int status = cli_find(session, &cli_kind_device, cli_argument(session, 0), device);
  if (status == CLI_OK) status = make_body(session, *device, body);
  if (status == CLI_OK) {
    address_of(&address, session, *device);
    status = cli_api_send(session, "POST", &address, json_incref(body), credential);
  }
  json_decref(body);
  return status;
}

static void print_steps(struct cli_session *session, const json_t *device,
                        const json_t *credential) {
  const char *name = cli_text(device, "name");
  fprintf(session->err,
          "1. Put both into the device; the old key goes on working meanwhile.\n"
          "2. When `godwit credential list %s` shows that %s was used, the device has moved.\n"
          "3. Delete the old one: godwit credential delete %s IDENTITY\n",
          name, cli_text(credential, "identity"), name);
}

int cli_credential_rotate(struct cli_session *session) {
  json_t *device, *credential;
  int status = create(session, &device, &credential);
  if (status == CLI_OK && session->json) cli_print_json(session, credential);
  if (status == CLI_OK && !session->json) {
    cli_fact(session, "identity", "%s", cli_text(credential, "identity"));
    cli_fact(session, "key", "%s", cli_text(credential, "preSharedKey"));
    fflush(session->out);
    print_steps(session, device, credential);
  }
  json_decref(credential);
  json_decref(device);
  return status;
}

int cli_credential_add(struct cli_session *session) {
  json_t *device, *credential;
  int status = create(session, &device, &credential);
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
  static const char *const heading[] = {"IDENTITY", "TYPE", "CREATED", "LAST USED", "ID"};
  json_t *device, *list, *credential;
  size_t i;
  int status = list_of(session, &device, &list);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, list);
  } else {
    struct cli_table table;
    cli_table_init(&table, heading, 5);
    json_array_foreach(list, i, credential) {
      cli_table_add(&table, cli_text(credential, "identity"));
      cli_table_add(&table, cli_text(credential, "type"));
      char time[64];
      cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(credential, "createdAt")));
      const char *used = cli_text(credential, "lastUsed");
      cli_table_add(&table, used[0] == 0 ? NULL : cli_format_time(time, sizeof time, used));
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
