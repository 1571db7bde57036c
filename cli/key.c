/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers' keys: made, shown, used and replaced. All but publishing works
 * without a server, on a machine that has none. */
#include "cli/key.h"

#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* A key ------------------------------------------------------------------------------ */

static json_t *key_json(const struct cli_key *key) {
  char hex[2 * GW_KEY_SIZE + 1];
  cli_key_hex(key->point, GW_KEY_SIZE, hex);
  return json_pack("{s:s, s:s}", "keyId", key->id_hex, "publicKey", hex);
}

static void print_json_and_free(struct cli_session *session, json_t *document) {
  cli_print_json(session, document);
  json_decref(document);
}

int cli_key_create_command(struct cli_session *session) {
  struct cli_key key;
  const char *path = cli_argument(session, 0);
  int status = cli_key_create(session, path, cli_switch(session, "passphrase"), &key);
  if (status != CLI_OK) return status;
  if (session->json) {
    print_json_and_free(session, key_json(&key));
  } else {
    cli_fact(session, "key", "%s", path);
    cli_fact(session, "id", "%s", key.id_hex);
    fflush(session->out);
    cli_warn(session,
             "whoever has %s can sign models for your devices: keep it off the server, "
             "and a copy of it safe",
             path);
  }
  cli_key_close(&key);
  return CLI_OK;
}

static int write_text(struct cli_session *session, const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  bool well = file != NULL && fputs(text, file) >= 0;
  if (file != NULL && fclose(file) != 0) well = false;
  return well ? CLI_OK : cli_fail(session, "cannot write %s", path);
}

int cli_key_public(struct cli_session *session) {
  struct cli_key key;
  const char *output = cli_option(session, "output");
  int status = cli_key_open_public(session, cli_argument(session, 0), &key);
  if (status != CLI_OK) return status;
  char *pem = cli_key_public_pem(key.point);
  if (pem == NULL) status = cli_fail(session, "out of memory");
  if (status == CLI_OK && output != NULL) status = write_text(session, output, pem);
  if (status == CLI_OK && session->json) {
    json_t *document = key_json(&key);
    json_object_set_new(document, "pem", json_string(pem));
    print_json_and_free(session, document);
  } else if (status == CLI_OK && output == NULL) {
    fputs(pem, session->out);
  } else if (status == CLI_OK) {
    cli_fact(session, "id", "%s", key.id_hex);
    cli_fact(session, "written", "%s", output);
  }
  free(pem);
  cli_key_close(&key);
  return status;
}

/* For a device's firmware ------------------------------------------------------------- */

static void print_c_key(struct cli_session *session, const struct cli_key *key) {
  fprintf(session->out, "    {/* %s */", key->id_hex);
  for (size_t i = 0; i < GW_KEY_SIZE; i++) {
    fprintf(session->out, "%s0x%02x%s", i % 12 == 0 ? "\n     " : " ", key->point[i],
            i + 1 < GW_KEY_SIZE ? "," : "},\n");
  }
}

int cli_key_c_header(struct cli_session *session) {
  struct cli_key key[GW_KEYSET_KEYS_MAX];
  size_t count = session->parsed.argument_count;
  if (count > GW_KEYSET_KEYS_MAX)
    return cli_misuse(session, "a device holds at most %u keys", GW_KEYSET_KEYS_MAX);
  for (size_t i = 0; i < count; i++) {
    int status = cli_key_open_public(session, cli_argument(session, i), &key[i]);
    if (status != CLI_OK) return status;
    cli_key_close(&key[i]);
  }
  fprintf(session->out,
          "/* Public keys whose models this device takes: struct godwit_trust_config. */\n"
          "#ifndef GODWIT_KEYS_H\n#define GODWIT_KEYS_H\n#include <stdint.h>\n\n"
          "static const uint8_t godwit_keys[%zu][64] = {\n",
          count);
  for (size_t i = 0; i < count; i++) print_c_key(session, &key[i]);
  fprintf(session->out, "};\n#endif\n");
  return CLI_OK;
}

/* Signing ------------------------------------------------------------------------------ */

int cli_sign_bytes(struct cli_session *session, const char *key_option, const char *package,
                   const char *version, const void *bytes, size_t size, struct cli_message *out) {
  struct gw_statement statement;
  struct cli_key key;
  int status = cli_statement_of(session, package, version, bytes, size, &statement);
  if (status == CLI_OK) status = cli_key_open(session, cli_option(session, key_option), &key);
  if (status != CLI_OK) return status;
  status = cli_message_sign_statement(&key, &statement, out);
  cli_key_close(&key);
  return status;
}

int cli_put_signature(struct cli_session *session, const char *artifact_id,
                      const struct cli_message *message, json_t **data) {
  struct cli_address address;
  json_t *body = json_object();
  json_object_set_new(body, "signature", cli_message_base64(message));
  cli_address_init(&address, session, "/artifacts");
  cli_address_step(&address, artifact_id);
  cli_address_plain(&address, "/signature");
  return cli_api_send(session, "PUT", &address, body, data);
}

static void show_message(struct cli_session *session, const struct cli_message *message) {
  if (session->json)
    print_json_and_free(session, cli_message_json(message));
  else
    cli_message_print(session, message);
}

int cli_key_sign_command(struct cli_session *session) {
  struct cli_message message;
  void *bytes;
  size_t size;
  const char *output = cli_option(session, "output");
  int status = cli_read_file(session, cli_argument(session, 0), CLI_FILE_MAX, &bytes, &size);
  if (status != CLI_OK) return status;
  status = cli_sign_bytes(session, "key", cli_option(session, "package"),
                          cli_option(session, "version"), bytes, size, &message);
  free(bytes);
  if (status == CLI_OK) status = cli_message_write(session, output, &message);
  if (status != CLI_OK) return status;
  show_message(session, &message);
  if (!session->json) cli_fact(session, "written", "%s", output);
  return CLI_OK;
}

/* Verifying ------------------------------------------------------------------------------ */

static int check_key(struct cli_session *session, const struct cli_message *message) {
  struct cli_key key;
  const char *name = cli_option(session, "key");
  if (name == NULL) return CLI_OK;
  int status = cli_key_open_public(session, name, &key);
  if (status != CLI_OK) return status;
  if (memcmp(key.id, message->sign1.key_id, GW_KEY_ID_SIZE) != 0)
    status = cli_fail(session, "it was signed by another key than %s (%s)", name, key.id_hex);
  else if (!cli_message_is_by(message, key.point))
    status = cli_fail(session,
                      "the signature is wrong: the message was changed after it was "
                      "signed; do not use it");
  cli_key_close(&key);
  return status;
}

static int check_file(struct cli_session *session, const struct cli_message *message) {
  const char *path = cli_option(session, "file");
  void *bytes;
  size_t size;
  uint8_t digest[32];
  if (path == NULL) return CLI_OK;
  if (message->is_keyset) return cli_misuse(session, "--file: a keyset is of no file");
  int status = cli_read_file(session, path, CLI_FILE_MAX, &bytes, &size);
  if (status != CLI_OK) return status;
  cli_sha256(bytes, size, digest);
  free(bytes);
  if (size == message->statement.size_bytes &&
      memcmp(digest, message->statement.digest, sizeof digest) == 0)
    return CLI_OK;
  return cli_fail(session, "%s is not the file that was signed", path);
}

int cli_key_verify(struct cli_session *session) {
  struct cli_message message;
  int status = cli_message_read(session, cli_argument(session, 0), &message);
  if (status == CLI_OK) status = check_key(session, &message);
  if (status == CLI_OK) status = check_file(session, &message);
  if (status != CLI_OK) return status;
  bool checked = cli_option(session, "key") != NULL;
  if (session->json) {
    json_t *document = cli_message_json(&message);
    json_object_set_new(document, "verified", json_boolean(checked));
    print_json_and_free(session, document);
    return CLI_OK;
  }
  cli_message_print(session, &message);
  cli_fact(session, "verified", "%s", checked ? "yes" : "no: give --key to check who signed it");
  return CLI_OK;
}

/* Keysets -------------------------------------------------------------------------------- */

/* The newest of the project; *found false: it has none. */
static int read_newest(struct cli_session *session, struct cli_message *out, bool *found) {
  struct cli_address address;
  json_t *list;
  cli_address_init(&address, session, "/keysets");
  cli_address_query(&address, "perPage", "1");
  int status = cli_api_page(session, &address, &list);
  if (status != CLI_OK) return status;
  *found = json_array_size(list) > 0;
  if (*found)
    status = cli_message_from_base64(session, cli_text(json_array_get(list, 0), "keyset"), out);
  json_decref(list);
  return status;
}

static int publish(struct cli_session *session, const struct cli_message *message) {
  struct cli_address address;
  json_t *data, *body = json_object();
  json_object_set_new(body, "keyset", cli_message_base64(message));
  cli_address_init(&address, session, "/keysets");
  int status = cli_api_send(session, "POST", &address, body, &data);
  if (status != CLI_OK) return status;
  if (session->json)
    cli_print_json(session, data);
  else
    cli_message_print(session, message);
  json_decref(data);
  return CLI_OK;
}

int cli_key_publish(struct cli_session *session) {
  struct cli_message message;
  const char *path = cli_argument(session, 0);
  int status = cli_message_read(session, path, &message);
  if (status != CLI_OK) return status;
  if (!message.is_keyset)
    return cli_misuse(session, "%s is an artifact's signature; `godwit artifact sign` takes it",
                      path);
  return publish(session, &message);
}

/* What the next set begins with: the set before, or the first key alone. */
static int read_base(struct cli_session *session, const struct cli_key *key, struct gw_keyset *out,
                     bool *is_first) {
  struct cli_message before;
  const char *after = cli_option(session, "after");
  bool found = false;
  int status = CLI_OK;
  if (after != NULL) {
    status = cli_message_read(session, after, &before);
    found = true;
  } else if (!cli_switch(session, "first")) {
    status = read_newest(session, &before, &found);
  }
  if (status != CLI_OK) return status;
  *is_first = !found;
  memset(out, 0, sizeof *out);
  if (found && !before.is_keyset) return cli_misuse(session, "%s is no keyset", after);
  if (found) *out = before.keyset;
  if (found) return CLI_OK;
  out->key_count = 1;
  memcpy(out->key[0], key->point, GW_KEY_SIZE);
  return CLI_OK;
}

static bool has_key(const struct gw_keyset *keyset, const uint8_t point[GW_KEY_SIZE]) {
  for (size_t i = 0; i < keyset->key_count; i++) {
    if (memcmp(keyset->key[i], point, GW_KEY_SIZE) == 0) return true;
  }
  return false;
}

/* A key's id, whole or its beginning, to its place in the set. */
static int remove_key(struct cli_session *session, struct gw_keyset *keyset, const char *text) {
  size_t hit = keyset->key_count, hits = 0, length = strlen(text);
  for (size_t i = 0; i < keyset->key_count; i++) {
    uint8_t id[GW_KEY_ID_SIZE];
    char hex[CLI_KEY_ID_HEX_SIZE];
    cli_key_id_of(keyset->key[i], id);
    cli_key_hex(id, sizeof id, hex);
    if (length < 4 || strncmp(hex, text, length) != 0) continue;
    hit = i;
    hits++;
  }
  if (hits > 1)
    return cli_fail(session, "%s is the beginning of two keys' ids; give more of it", text);
  if (hit == keyset->key_count)
    return cli_fail(session, "key %s is not in the set; `godwit key list` shows those that are",
                    text);
  keyset->key_count--;
  memmove(keyset->key[hit], keyset->key + hit + 1,
          (keyset->key_count - hit) * sizeof keyset->key[0]);
  return CLI_OK;
}

static int add_key(struct cli_session *session, struct gw_keyset *keyset, const char *name) {
  struct cli_key key;
  int status = cli_key_open_public(session, name, &key);
  if (status != CLI_OK) return status;
  cli_key_close(&key);
  if (has_key(keyset, key.point)) return CLI_OK;
  if (keyset->key_count == GW_KEYSET_KEYS_MAX)
    return cli_misuse(session, "a device holds at most %u keys; --remove one", GW_KEYSET_KEYS_MAX);
  memcpy(keyset->key[keyset->key_count++], key.point, GW_KEY_SIZE);
  return CLI_OK;
}

static int change_keys(struct cli_session *session, struct gw_keyset *keyset) {
  int status = CLI_OK;
  for (size_t i = 0; i < session->parsed.argument_count && status == CLI_OK; i++)
    status = remove_key(session, keyset, cli_argument(session, i));
  for (size_t i = 0; i < session->parsed.option_count && status == CLI_OK; i++) {
    if (strcmp(session->parsed.option[i].option->name, "remove") == 0)
      status = remove_key(session, keyset, session->parsed.option[i].value);
  }
  for (size_t i = 0; i < session->parsed.option_count && status == CLI_OK; i++) {
    if (strcmp(session->parsed.option[i].option->name, "add") == 0)
      status = add_key(session, keyset, session->parsed.option[i].value);
  }
  if (status == CLI_OK && keyset->key_count == 0)
    status = cli_misuse(session,
                        "no key would be left, and nothing could be signed any more; "
                        "--add one");
  return status;
}

static int plan_next(struct cli_session *session, const struct cli_key *key,
                     struct gw_keyset *next) {
  bool is_first;
  uint32_t floor = 0;
  int status = read_base(session, key, next, &is_first);
  if (status != CLI_OK) return status;
  if (!is_first && !has_key(next, key->point))
    return cli_fail(session, "devices would refuse it: key %s is not in the set of epoch %u",
                    key->id_hex, (unsigned)next->epoch);
  next->epoch++;
  status = cli_number_option(session, "epoch", &next->epoch);
  if (status == CLI_OK) status = cli_number_option(session, "floor", &floor);
  if (floor > next->floor) next->floor = floor;
  if (status == CLI_OK && cli_option(session, "only-project") != NULL)
    status = cli_project_option(session, next->project);
  return status == CLI_OK ? change_keys(session, next) : status;
}

static int rotate(struct cli_session *session, const struct cli_key *key) {
  struct gw_keyset next;
  struct cli_message message;
  const char *output = cli_option(session, "output");
  bool offline = cli_switch(session, "first") || cli_option(session, "after") != NULL;
  if (offline && output == NULL)
    return cli_misuse(session, "say where to with --output; `godwit key publish` hands it out");
  int status = plan_next(session, key, &next);
  if (status == CLI_OK) status = cli_message_sign_keyset(key, &next, &message);
  if (status != CLI_OK) return status;
  if (output == NULL) return publish(session, &message);
  status = cli_message_write(session, output, &message);
  if (status != CLI_OK) return status;
  show_message(session, &message);
  if (!session->json) cli_fact(session, "written", "%s", output);
  return CLI_OK;
}

int cli_key_rotate(struct cli_session *session) {
  struct cli_key key;
  int status = cli_key_open(session, cli_option(session, "key"), &key);
  if (status != CLI_OK) return status;
  status = rotate(session, &key);
  cli_key_close(&key);
  return status;
}

static bool set_has(const json_t *set, const char *key_id) {
  json_t *key;
  size_t i;
  json_array_foreach(json_object_get(set, "keys"), i, key) {
    if (strcmp(cli_text(key, "keyId"), key_id) == 0) return true;
  }
  return false;
}

/* The epoch since which each set has had it; the list is newest first. */
static long long since_epoch(const json_t *list, const char *key_id) {
  long long since = 0;
  json_t *set;
  size_t i;
  json_array_foreach(list, i, set) {
    if (!set_has(set, key_id)) break;
    since = json_integer_value(json_object_get(set, "epoch"));
  }
  return since;
}

int cli_key_list(struct cli_session *session) {
  static const char *const heading[] = {"KEY", "SINCE EPOCH"};
  struct cli_address address;
  struct cli_table table;
  json_t *list, *key;
  size_t i;
  cli_address_init(&address, session, "/keysets");
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, list);
    json_decref(list);
    return CLI_OK;
  }
  cli_table_init(&table, heading, 2);
  json_array_foreach(json_object_get(json_array_get(list, 0), "keys"), i, key) {
    cli_table_add(&table, cli_text(key, "keyId"));
    cli_table_addf(&table, "%lld", since_epoch(list, cli_text(key, "keyId")));
  }
  cli_table_print(session, &table);
  json_decref(list);
  return CLI_OK;
}
