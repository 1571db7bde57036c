/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of artifacts and a project's keysets: COSE_Sign1 messages that were
 * made off the server, as base64 in JSON; a signature also as the bytes
 * themselves. */
#include "server/core/signing.h"

#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "server/rest/internal.h"

#define BASE64_MAX (GW_SIGN1_SIZE_MAX * 4u / 3u + 8u)

/* --- to JSON ------------------------------------------------------------------------- */

static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}

static json_t *encode_message(const uint8_t *message, size_t size) {
  unsigned char text[BASE64_MAX];
  size_t length;
  if (mbedtls_base64_encode(text, sizeof(text), &length, message, size) != 0) return json_null();
  return json_stringn((char *)text, length);
}

static json_t *encode_facts(const struct srv_artifact_signature *signature) {
  json_t *object = json_object();
  set(object, "keyId", json_string(signature->signer));
  set(object, "sequence", json_integer(signature->sequence));
  set(object, "floor", json_integer(signature->floor));
  set(object, "createdAt", srv_encode_time(signature->created_us));
  return object;
}

json_t *srv_encode_artifact_signature(const void *row) {
  const struct srv_artifact_signature *signature = row;
  json_t *object = encode_facts(signature);
  set(object, "signature", encode_message(signature->message, signature->message_size));
  return object;
}

void srv_add_signature(struct srv_request *request, json_t *artifact) {
  struct srv_artifact_signature signature;
  const char *id = json_string_value(json_object_get(artifact, "id"));
  int status = srv_core_find_signature(request->core, id, &signature);
  if (status == SRV_OK) set(artifact, "signature", encode_facts(&signature));
  if (status == SRV_ERR_NOT_FOUND) set(artifact, "signature", json_null());
}

static json_t *encode_keys(const struct gw_keyset *keyset) {
  json_t *list = json_array();
  for (size_t i = 0; i < keyset->key_count; i++) {
    static const char digit[] = "0123456789abcdef";
    char id[2 * GW_KEY_ID_SIZE + 1], hex[2 * GW_KEY_SIZE];
    srv_key_id(keyset->key[i], id);
    for (size_t k = 0; k < GW_KEY_SIZE; k++) {
      hex[2 * k] = digit[keyset->key[i][k] >> 4];
      hex[2 * k + 1] = digit[keyset->key[i][k] & 15];
    }
    json_t *key = json_object();
    set(key, "keyId", json_string(id));
    set(key, "publicKey", json_stringn(hex, sizeof(hex)));
    json_array_append_new(list, key);
  }
  return list;
}

json_t *srv_encode_keyset(const void *row) {
  const struct srv_keyset *keyset = row;
  struct gw_keyset content = {0};
  json_t *object = json_object();
  srv_keyset_content(keyset, &content);
  set(object, "id", json_string(keyset->id));
  set(object, "epoch", json_integer(keyset->epoch));
  set(object, "floor", json_integer(keyset->floor));
  set(object, "signedBy", json_string(keyset->signer));
  set(object, "keys", encode_keys(&content));
  set(object, "keyset", encode_message(keyset->message, keyset->message_size));
  set(object, "createdAt", srv_encode_time(keyset->created_us));
  return object;
}

/* --- from JSON ------------------------------------------------------------------------ */

/* base64 in that member, decoded into out. */
static int read_message(struct srv_request *request, const char *name,
                        uint8_t out[GW_SIGN1_SIZE_MAX], size_t *size) {
  uint8_t bytes[2 * BASE64_MAX];
  const json_t *member = json_object_get(request->body, name);
  const char *text = json_string_value(member);
  size_t length = json_string_length(member);
  *size = 0;
  if (text != NULL && length <= sizeof(bytes) &&
      srv_base64_decode(text, length, bytes, size) == SRV_OK && *size > 0 &&
      *size <= GW_SIGN1_SIZE_MAX) {
    memcpy(out, bytes, *size);
    return SRV_OK;
  }
  return srv_request_fail_field(request, name,
                                "is base64 of a signed message (COSE_Sign1) of at most 408 bytes");
}

/* --- artifacts ------------------------------------------------------------------------- */

static int find_artifact(struct srv_request *request, struct srv_artifact *artifact) {
  return srv_find_of_path(request, SRV_ARTIFACT, "artifact", artifact);
}

int srv_get_signature(struct srv_request *request) {
  struct srv_artifact artifact;
  struct srv_artifact_signature signature;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  status = srv_core_find_signature(request->core, artifact.id, &signature);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_artifact_signature(&signature));
}

int srv_put_signature(struct srv_request *request) {
  struct srv_artifact artifact;
  struct srv_artifact_signature signature;
  uint8_t message[GW_SIGN1_SIZE_MAX];
  size_t size;
  int status = find_artifact(request, &artifact);
  if (status == SRV_OK) status = read_message(request, "signature", message, &size);
  if (status != SRV_OK) return status;
  status = srv_core_sign_artifact(request->core, &artifact, message, size, &signature);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_artifact_signature(&signature));
}

int srv_delete_signature(struct srv_request *request) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  status = srv_core_unsign_artifact(request->core, &artifact);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- keysets ---------------------------------------------------------------------------- */

int srv_list_keysets(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  query.newest_first = true;
  return srv_answer_list(request, &query, srv_encode_keyset, NULL);
}

int srv_create_keyset(struct srv_request *request) {
  struct srv_keyset keyset;
  uint8_t message[GW_SIGN1_SIZE_MAX];
  size_t size;
  int status = read_message(request, "keyset", message, &size);
  if (status != SRV_OK) return status;
  status = srv_core_add_keyset(request->core, request->project.id, message, size, &keyset);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_keyset(&keyset));
}

/* --- the bytes themselves ------------------------------------------------------------------ */

/* COSE begins with an array's head or a tag, both above 0x80: no JSON does. */
json_t *srv_body_of_cose(const void *data, size_t size) {
  const uint8_t *bytes = data;
  if (size == 0 || size > GW_SIGN1_SIZE_MAX || bytes[0] < 0x80) return NULL;
  json_t *body = json_object();
  set(body, "signature", encode_message(bytes, size));
  return body;
}
