/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_message.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/session.h"

/* Making --------------------------------------------------------------------------- */

static const char *context_of(const struct cli_message *message) {
  return message->is_keyset ? GW_SIGN1_FOR_KEYS : GW_SIGN1_FOR_ARTIFACT;
}

/* The bytes that are signed; their size. */
static size_t signed_bytes(const char *context, const uint8_t *payload, size_t size,
                           uint8_t out[GW_SIGN1_PREFIX_MAX + GW_SIGN1_PAYLOAD_MAX]) {
  size_t prefix = gw_sign1_prefix(context, size, out);
  memcpy(out + prefix, payload, size);
  return prefix + size;
}

static int sign(const struct cli_key *key, const uint8_t *payload, int payload_size,
                struct cli_message *out) {
  uint8_t input[GW_SIGN1_PREFIX_MAX + GW_SIGN1_PAYLOAD_MAX], signature[GW_SIGNATURE_SIZE];
  size_t size = signed_bytes(context_of(out), payload, (size_t)payload_size, input);
  int status = cli_key_sign(key, input, size, signature);
  if (status != CLI_OK) return status;
  const struct gw_sign1 message = {.key_id = key->id,
                                   .payload = payload,
                                   .payload_size = (size_t)payload_size,
                                   .signature = signature};
  int length = gw_sign1_encode(&message, out->bytes, sizeof out->bytes);
  if (length < 0) return cli_fail(key->session, "the message is too long to be sent");
  out->size = (size_t)length;
  gw_sign1_parse(out->bytes, out->size, &out->sign1);
  return CLI_OK;
}

int cli_message_sign_statement(const struct cli_key *key, const struct gw_statement *statement,
                               struct cli_message *out) {
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  memset(out, 0, sizeof *out);
  out->statement = *statement;
  int size = gw_statement_encode(statement, payload, sizeof payload);
  if (size < 0)
    return cli_misuse(key->session,
                      "package, version and a sequence number from 1 on are needed, "
                      "and a floor is at most the sequence number");
  return sign(key, payload, size, out);
}

int cli_message_sign_keyset(const struct cli_key *key, const struct gw_keyset *keyset,
                            struct cli_message *out) {
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  memset(out, 0, sizeof *out);
  out->is_keyset = true;
  out->keyset = *keyset;
  int size = gw_keyset_encode(keyset, payload, sizeof payload);
  if (size < 0) return cli_misuse(key->session, "a keyset has an epoch from 1 on, and 1 to 3 keys");
  return sign(key, payload, size, out);
}

/* Reading ---------------------------------------------------------------------------- */

int cli_message_parse(struct cli_session *session, const char *name, const void *data, size_t size,
                      struct cli_message *out) {
  memset(out, 0, sizeof *out);
  if (size <= sizeof out->bytes) {
    memcpy(out->bytes, data, size);
    out->size = size;
    bool well = gw_sign1_parse(out->bytes, size, &out->sign1) == GW_OK;
    const uint8_t *payload = out->sign1.payload;
    size_t length = out->sign1.payload_size;
    if (well && gw_statement_parse(payload, length, &out->statement) == GW_OK) return CLI_OK;
    out->is_keyset = true;
    if (well && gw_keyset_parse(payload, length, &out->keyset) == GW_OK) return CLI_OK;
  }
  return cli_fail(session, "%s is no signed message; make one with `godwit key sign`", name);
}

int cli_message_read(struct cli_session *session, const char *path, struct cli_message *out) {
  void *data;
  size_t size;
  int status = cli_read_file(session, path, 65536, &data, &size);
  if (status != CLI_OK) return status;
  status = cli_message_parse(session, path, data, size, out);
  free(data);
  return status;
}

int cli_message_write(struct cli_session *session, const char *path,
                      const struct cli_message *message) {
  FILE *file = fopen(path, "wb");
  bool well = file != NULL && fwrite(message->bytes, 1, message->size, file) == message->size;
  int error = errno;
  if (file != NULL && fclose(file) != 0) well = false;
  if (well) return CLI_OK;
  return cli_fail(session, "cannot write %s: %s", path, strerror(error));
}

bool cli_message_is_by(const struct cli_message *message, const uint8_t point[GW_KEY_SIZE]) {
  uint8_t input[GW_SIGN1_PREFIX_MAX + GW_SIGN1_PAYLOAD_MAX];
  size_t size =
      signed_bytes(context_of(message), message->sign1.payload, message->sign1.payload_size, input);
  return cli_key_verifies(point, input, size, message->sign1.signature);
}

/* Options ------------------------------------------------------------------------------- */

int cli_number_option(struct cli_session *session, const char *name, uint32_t *out) {
  const char *text = cli_option(session, name);
  char *end;
  if (text == NULL) return CLI_OK;
  unsigned long long number = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > UINT32_MAX)
    return cli_misuse(session, "--%s %s: it is a number up to 4294967295", name, text);
  *out = (uint32_t)number;
  return CLI_OK;
}

int cli_project_option(struct cli_session *session, char out[GW_PROJECT_MAX + 1]) {
  const char *text = cli_option(session, "only-project");
  out[0] = '\0';
  if (text == NULL) return CLI_OK;
  if (strlen(text) > GW_PROJECT_MAX)
    return cli_misuse(session, "--only-project: an id has at most %u bytes", GW_PROJECT_MAX);
  strcpy(out, text);
  return CLI_OK;
}

static int copy_name(struct cli_session *session, const char *what, const char *text, char *out,
                     size_t size) {
  if (text[0] == '\0' || strlen(text) >= size)
    return cli_misuse(session, "a %s has 1 to %zu bytes", what, size - 1);
  strcpy(out, text);
  return CLI_OK;
}

int cli_statement_of(struct cli_session *session, const char *package, const char *version,
                     const void *bytes, size_t size, struct gw_statement *out) {
  memset(out, 0, sizeof *out);
  out->sequence = (uint32_t)time(NULL);
  out->size_bytes = (uint32_t)size;
  cli_sha256(bytes, size, out->digest);
  int status = copy_name(session, "package", package, out->package, sizeof out->package);
  if (status == CLI_OK)
    status = copy_name(session, "version", version, out->version, sizeof out->version);
  if (status == CLI_OK) status = cli_number_option(session, "sequence", &out->sequence);
  if (status == CLI_OK) status = cli_number_option(session, "floor", &out->floor);
  if (status == CLI_OK) status = cli_project_option(session, out->project);
  if (status == CLI_OK && !gw_semver_is_valid(out->version))
    status = cli_misuse(session, "%s is no semantic version; write 1.0.0", version);
  return status;
}

/* Showing ------------------------------------------------------------------------------- */

static void key_facts(const struct gw_keyset *keyset, size_t index, char id[CLI_KEY_ID_HEX_SIZE],
                      char point[2 * GW_KEY_SIZE + 1]) {
  uint8_t bytes[GW_KEY_ID_SIZE];
  cli_key_id_of(keyset->key[index], bytes);
  cli_key_hex(bytes, sizeof bytes, id);
  cli_key_hex(keyset->key[index], GW_KEY_SIZE, point);
}

json_t *cli_message_json(const struct cli_message *message) {
  char signer[CLI_KEY_ID_HEX_SIZE], hex[2 * GW_KEY_SIZE + 1], id[CLI_KEY_ID_HEX_SIZE];
  cli_key_hex(message->sign1.key_id, GW_KEY_ID_SIZE, signer);
  if (!message->is_keyset) {
    const struct gw_statement *statement = &message->statement;
    cli_key_hex(statement->digest, sizeof statement->digest, hex);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "kind", "artifact", "keyId",
                     signer, "package", statement->package, "version", statement->version, "sha256",
                     hex, "size", (json_int_t)statement->size_bytes, "sequence",
                     (json_int_t)statement->sequence, "floor", (json_int_t)statement->floor,
                     "project", statement->project);
  }
  json_t *keys = json_array();
  for (size_t i = 0; i < message->keyset.key_count; i++) {
    key_facts(&message->keyset, i, id, hex);
    json_array_append_new(keys, json_pack("{s:s, s:s}", "keyId", id, "publicKey", hex));
  }
  return json_pack("{s:s, s:s, s:I, s:I, s:s, s:o}", "kind", "keyset", "keyId", signer, "epoch",
                   (json_int_t)message->keyset.epoch, "floor", (json_int_t)message->keyset.floor,
                   "project", message->keyset.project, "keys", keys);
}

static void print_end(struct cli_session *session, uint32_t floor, const char *project) {
  if (floor > 0) cli_fact(session, "floor", "%u", (unsigned)floor);
  cli_fact(session, "project", "%s", project[0] != '\0' ? project : "(any)");
}

void cli_message_print(struct cli_session *session, const struct cli_message *message) {
  char id[CLI_KEY_ID_HEX_SIZE], hex[2 * GW_KEY_SIZE + 1];
  cli_key_hex(message->sign1.key_id, GW_KEY_ID_SIZE, id);
  cli_fact(session, "signed by", "%s", id);
  if (message->is_keyset) {
    cli_fact(session, "epoch", "%u", (unsigned)message->keyset.epoch);
    for (size_t i = 0; i < message->keyset.key_count; i++) {
      key_facts(&message->keyset, i, id, hex);
      cli_fact(session, "key", "%s", id);
    }
    print_end(session, message->keyset.floor, message->keyset.project);
    return;
  }
  const struct gw_statement *statement = &message->statement;
  cli_key_hex(statement->digest, sizeof statement->digest, hex);
  cli_fact(session, "artifact", "%s@%s", statement->package, statement->version);
  cli_fact(session, "size", "%u", (unsigned)statement->size_bytes);
  cli_fact(session, "sha256", "%s", hex);
  cli_fact(session, "sequence", "%u", (unsigned)statement->sequence);
  print_end(session, statement->floor, statement->project);
}

/* base64 --------------------------------------------------------------------------------- */

json_t *cli_message_base64(const struct cli_message *message) {
  gnutls_datum_t text = {0};
  const gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)message->bytes,
                                (unsigned)message->size};
  if (gnutls_base64_encode2(&bytes, &text) < 0) return NULL;
  json_t *string = json_stringn((char *)text.data, text.size);
  gnutls_free(text.data);
  return string;
}

int cli_message_from_base64(struct cli_session *session, const char *text,
                            struct cli_message *out) {
  gnutls_datum_t bytes = {0};
  const gnutls_datum_t input = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
  if (gnutls_base64_decode2(&input, &bytes) < 0)
    return cli_fail(session, "the server's keyset is no base64");
  int status = cli_message_parse(session, "the server's keyset", bytes.data, bytes.size, out);
  gnutls_free(bytes.data);
  return status;
}
