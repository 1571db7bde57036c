/* SPDX-License-Identifier: Apache-2.0 */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/internal.h"
#include "server/core/rights.h"

#define RANDOM_BYTES 20

static void hash_of(const char *text, uint8_t hash[GW_DIGEST_SIZE]) {
  mbedtls_sha256((const unsigned char *)text, strlen(text), hash, 0);
}

static int make_text(struct srv_core *core, char text[SRV_API_KEY_LENGTH + 1]) {
  uint8_t random[RANDOM_BYTES];
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  size_t length = (size_t)snprintf(text, SRV_API_KEY_LENGTH + 1, "gdw_");
  for (size_t i = 0; i < sizeof(random); i++) {
    length += (size_t)snprintf(text + length, SRV_API_KEY_LENGTH + 1 - length, "%02x", random[i]);
  }
  explicit_bzero(random, sizeof(random));
  return SRV_OK;
}

/* "devices,artifacts:read": words of small letters and '-', joined by commas. */
static int check_scopes(struct srv_core *core, const char *scopes) {
  size_t letters = 0;
  for (const char *c = scopes; *c != 0; c++) {
    if (*c == ',' && letters > 0 && c[1] != 0) {
      letters = 0;
    } else if ((*c >= 'a' && *c <= 'z') || *c == '-' ||
               (*c == ':' && strncmp(c, ":read", 5) == 0)) {
      letters++;
    } else {
      return srv_fail(core, SRV_ERR_INVALID,
                      "scopes: \"%s\" are none: write \"devices\" or \"devices:read\"", scopes);
    }
  }
  return SRV_OK;
}

static int check_key_fields(struct srv_core *core, struct srv_api_key *key) {
  int status = srv_check_title(core, "API key", key->name);
  if (status != SRV_OK) return status;
  if (key->role == SRV_ROLE_NONE) key->role = SRV_ROLE_ADMIN;
  if (key->role > SRV_ROLE_ADMIN) {
    return srv_fail(core, SRV_ERR_INVALID, "role: must be viewer, operator or admin");
  }
  return check_scopes(core, key->scopes);
}

static int write_key(struct srv_core *core, struct srv_api_key *key,
                     int (*write)(struct srv_store *, enum srv_kind, const void *)) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_forget_principals(core);
  return srv_transaction_end(core, srv_fail_store(core, write(core->store, SRV_API_KEY, key)));
}

int srv_core_create_api_key(struct srv_core *core, struct srv_api_key *key,
                            char text[SRV_API_KEY_LENGTH + 1]) {
  int status = check_key_fields(core, key);
  if (status == SRV_OK && key->expires_us != 0 && key->expires_us <= srv_now_us(core)) {
    status = srv_fail(core, SRV_ERR_INVALID, "expiresAt: is over already");
  }
  if (status == SRV_OK) status = make_text(core, text);
  if (status != SRV_OK) return status;
  srv_make_id(core, key->id);
  hash_of(text, key->hash);
  key->enabled = true;
  key->created_us = key->updated_us = srv_now_us(core);
  status = write_key(core, key, core->store->ops->insert);
  if (status != SRV_OK) explicit_bzero(text, SRV_API_KEY_LENGTH + 1);
  return status;
}

int srv_core_update_api_key(struct srv_core *core, struct srv_api_key *key) {
  struct srv_api_key old;
  int status = check_key_fields(core, key);
  if (status == SRV_OK) status = srv_get_by_id(core, SRV_API_KEY, key->project_id, key->id, &old);
  if (status != SRV_OK) return status;
  memcpy(key->hash, old.hash, sizeof(key->hash));
  key->created_us = old.created_us;
  key->last_used_us = old.last_used_us;
  key->updated_us = srv_now_us(core);
  return write_key(core, key, core->store->ops->update);
}

int srv_core_delete_api_key(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_api_key key;
  int status = srv_get_by_id(core, SRV_API_KEY, project_id, id, &key);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  status = srv_fail_store(core, core->store->ops->remove(core->store, SRV_API_KEY, &query));
  srv_forget_principals(core);
  return srv_transaction_end(core, status);
}
