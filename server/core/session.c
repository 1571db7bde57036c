/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/session.h"

#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/account.h"
#include "server/core/auth.h"
#include "server/core/internal.h"
#include "server/core/log.h"

#define USE_WRITTEN_US (INT64_C(60) * 1000000)
#define SWEEP_US (INT64_C(3600) * 1000000)

/* --- whom a text stands for ------------------------------------------------------------ */

static int make_token(struct srv_core *core, char token[SRV_TOKEN_LENGTH + 1]) {
  uint8_t random[SRV_TOKEN_LENGTH / 2];
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  for (size_t i = 0; i < sizeof(random); i++) snprintf(token + 2 * i, 3, "%02x", random[i]);
  explicit_bzero(random, sizeof(random));
  return SRV_OK;
}

static void hash_of(const char *text, uint8_t hash[GW_DIGEST_SIZE]) {
  mbedtls_sha256((const unsigned char *)text, strlen(text), hash, 0);
}

struct srv_auth *srv_auth_of(struct srv_core *core) {
  if (core->auth != NULL) return core->auth;
  core->auth = calloc(1, sizeof(*core->auth));
  if (core->auth == NULL) {
    srv_fail_memory(core);
    return NULL;
  }
  core->auth->swept_us = srv_now_us(core);
  if (getrandom(core->auth->throttle.seed, sizeof(core->auth->throttle.seed), 0) < 0) {
    core->auth->throttle.seed[0] = 1; /* collisions could be made on purpose, nothing worse */
  }
  return core->auth;
}

void srv_forget_principals(struct srv_core *core) {
  if (core->auth == NULL) return;
  core->auth->generation++;
}

/* --- writing down who was here ----------------------------------------------------------- */

static int put_use(struct srv_core *core, const struct srv_known *known) {
  struct srv_session session;
  struct srv_login login;
  struct srv_api_key key;
  const struct srv_store_ops *ops = core->store->ops;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, known->row_id);
  if (!known->is_session) {
    int status = ops->get(core->store, SRV_API_KEY, &query, &key);
    key.last_used_us = known->used_us;
    return status == SRV_OK ? ops->update(core->store, SRV_API_KEY, &key) : status;
  }
  int status = ops->get(core->store, SRV_SESSION, &query, &session);
  if (status != SRV_OK) return status;
  session.last_used_us = known->used_us;
  status = ops->update(core->store, SRV_SESSION, &session);
  if (status == SRV_OK) status = srv_core_get_login(core, session.account_id, &login);
  if (status != SRV_OK || login.last_used_us >= known->used_us) return status;
  login.last_used_us = known->used_us;
  status = ops->update(core->store, SRV_LOGIN, &login);
  explicit_bzero(&login, sizeof(login));
  return status;
}

/* Whatever goes wrong here is no request's fault: the next minute tries again. */
static void write_use(struct srv_core *core, struct srv_known *known) {
  known->written_us = known->used_us;
  if (srv_transaction_begin(core) != SRV_OK) return;
  int status = put_use(core, known);
  /* Deleted meanwhile: there is nothing to write to. */
  srv_transaction_end(core, status == SRV_ERR_NOT_FOUND ? SRV_OK : status);
}

/* Of those who were here so much later than the store knows. */
static void write_uses(struct srv_core *core, int64_t later_us) {
  for (size_t i = 0; i < SRV_KNOWN_MAX; i++) {
    struct srv_known *known = core->auth->known[i];
    if (known != NULL && known->used_us - known->written_us >= later_us) write_use(core, known);
  }
}

void srv_auth_free(struct srv_core *core) {
  if (core->auth == NULL) return;
  write_uses(core, 1);
  for (size_t i = 0; i < SRV_KNOWN_MAX; i++) free(core->auth->known[i]);
  free(core->auth);
  core->auth = NULL;
}

/* Sessions and links whose time is over. */
static void sweep(struct srv_core *core, int64_t now) {
  struct srv_query idle = {0}, old = {0}, links = {0};
  srv_query_number(&idle, "last_used_us", SRV_AT_MOST, now - SRV_SESSION_IDLE_US);
  srv_query_number(&old, "created_us", SRV_AT_MOST, now - SRV_SESSION_LIFE_US);
  srv_query_number(&links, "expires_us", SRV_AT_LEAST, 1);
  srv_query_number(&links, "expires_us", SRV_AT_MOST, now);
  if (srv_transaction_begin(core) != SRV_OK) return;
  const struct srv_store_ops *ops = core->store->ops;
  int status = ops->remove(core->store, SRV_SESSION, &idle);
  if (status == SRV_OK || status == SRV_ERR_NOT_FOUND) {
    status = ops->remove(core->store, SRV_SESSION, &old);
  }
  if (status == SRV_OK || status == SRV_ERR_NOT_FOUND) {
    status = ops->remove(core->store, SRV_LINK, &links);
  }
  srv_transaction_end(core, status == SRV_ERR_NOT_FOUND ? SRV_OK : status);
}

void srv_auth_tick(struct srv_core *core) {
  struct srv_auth *auth = core->auth;
  if (auth == NULL) return;
  write_uses(core, USE_WRITTEN_US);
  int64_t now = srv_now_us(core);
  if (now - auth->swept_us < SWEEP_US) return;
  auth->swept_us = now;
  write_uses(core, 1);
  sweep(core, now);
}

/* --- making principals ----------------------------------------------------------------------- */

static void principal_of_key(const struct srv_api_key *key, struct srv_principal *out) {
  *out = (struct srv_principal){.type = SRV_PRINCIPAL_API_KEY};
  memcpy(out->id, key->id, sizeof(key->id));
  memcpy(out->name, key->name, sizeof(key->name));
  memcpy(out->scopes, key->scopes, sizeof(key->scopes));
  if (key->project_id[0] == 0) {
    out->server_role = (enum srv_role)key->role;
    return;
  }
  out->grant_count = 1;
  out->grant[0].role = (enum srv_role)key->role;
  memcpy(out->grant[0].project_id, key->project_id, sizeof(key->project_id));
}

static void add_grant(void *context, const void *row) {
  struct srv_principal *principal = context;
  const struct srv_member *member = row;
  if (principal->grant_count == SRV_GRANTS_MAX) return;
  struct srv_grant *grant = &principal->grant[principal->grant_count++];
  grant->role = (enum srv_role)member->role;
  memcpy(grant->organization_id, member->organization_id, sizeof(grant->organization_id));
  memcpy(grant->project_id, member->project_id, sizeof(grant->project_id));
}

static int principal_of_session(struct srv_core *core, const struct srv_session *session,
                                struct srv_principal *out) {
  struct srv_account account;
  struct srv_query query = {0};
  int status = srv_core_get_account(core, session->account_id, &account);
  if (status != SRV_OK) return status;
  *out = (struct srv_principal){.type = SRV_PRINCIPAL_ACCOUNT};
  memcpy(out->id, account.id, sizeof(account.id));
  memcpy(out->name, account.email, sizeof(account.email));
  memcpy(out->session_id, session->id, sizeof(session->id));
  if (account.server_admin) out->server_role = SRV_ROLE_ADMIN;
  srv_query_text(&query, "account_id", SRV_EQUALS, account.id);
  return srv_core_list(core, SRV_MEMBER, &query, add_grant, out, NULL);
}

/* --- who is it? --------------------------------------------------------------------------------
 */

static int load(struct srv_core *core, bool is_session, const uint8_t hash[GW_DIGEST_SIZE],
                struct srv_known *out) {
  struct srv_api_key key;
  struct srv_query query = {0};
  srv_query_digest(&query, "hash", hash);
  memcpy(out->hash, hash, GW_DIGEST_SIZE);
  out->is_session = is_session;
  if (is_session) {
    int status = core->store->ops->get(core->store, SRV_SESSION, &query, &out->session);
    if (status != SRV_OK) return srv_fail_store(core, status);
    memcpy(out->row_id, out->session.id, sizeof(out->row_id));
    out->written_us = out->session.last_used_us;
    return principal_of_session(core, &out->session, &out->principal);
  }
  int status = core->store->ops->get(core->store, SRV_API_KEY, &query, &key);
  if (status == SRV_OK && !key.enabled) status = SRV_ERR_NOT_FOUND;
  if (status != SRV_OK) return srv_fail_store(core, status);
  memcpy(out->row_id, key.id, sizeof(out->row_id));
  out->expires_us = key.expires_us;
  out->written_us = key.last_used_us;
  principal_of_key(&key, &out->principal);
  return SRV_OK;
}

static struct srv_known **slot_of(struct srv_core *core, const uint8_t hash[GW_DIGEST_SIZE]) {
  struct srv_auth *auth = srv_auth_of(core);
  if (auth == NULL) return NULL;
  size_t index = (size_t)(hash[0] | hash[1] << 8) % SRV_KNOWN_MAX;
  return &auth->known[index];
}

static bool holds(const struct srv_known *known, bool is_session, const uint8_t *hash) {
  return known != NULL && known->is_session == is_session &&
         memcmp(known->hash, hash, GW_DIGEST_SIZE) == 0;
}

/* Fresh in its slot, or NULL with status set. Dies with the next call. */
static struct srv_known *know(struct srv_core *core, bool is_session, const uint8_t *hash,
                              int *status) {
  struct srv_known **slot = slot_of(core, hash);
  *status = SRV_ERR_INTERNAL;
  if (slot == NULL) return NULL;
  struct srv_known *known = *slot;
  *status = SRV_OK;
  if (holds(known, is_session, hash) && known->generation == core->auth->generation) return known;
  struct srv_known *fresh = calloc(1, sizeof(*fresh));
  if (fresh == NULL) {
    *status = srv_fail_memory(core);
    return NULL;
  }
  *status = load(core, is_session, hash, fresh);
  if (*status != SRV_OK) {
    free(fresh);
    return NULL;
  }
  fresh->generation = core->auth->generation;
  fresh->used_us = fresh->written_us;
  if (holds(known, is_session, hash)) {
    fresh->used_us = known->used_us > fresh->used_us ? known->used_us : fresh->used_us;
  } else if (known != NULL && known->used_us - known->written_us >= USE_WRITTEN_US) {
    write_use(core, known); /* not more often: two may take the slot from each other all day */
  }
  free(known);
  *slot = fresh;
  return fresh;
}

static bool is_over(const struct srv_known *known, int64_t now) {
  if (!known->is_session) return known->expires_us != 0 && now >= known->expires_us;
  return now - known->used_us >= SRV_SESSION_IDLE_US ||
         now - known->session.created_us >= SRV_SESSION_LIFE_US;
}

/* Found by hash: how long the look-up takes says nothing about the text. */
static int identify(struct srv_core *core, bool is_session, const char *text, const char *address,
                    struct srv_principal *out, struct srv_session *session) {
  uint8_t hash[GW_DIGEST_SIZE];
  int status;
  const char *why =
      is_session ? "the session has ended: sign in again" : "the API key is not valid";
  hash_of(text, hash);
  struct srv_known *known = know(core, is_session, hash, &status);
  if (status == SRV_ERR_NOT_FOUND) return srv_fail(core, SRV_ERR_FORBIDDEN, "%s", why);
  if (status != SRV_OK) return status;
  int64_t now = srv_now_us(core);
  if (is_over(known, now)) {
    return srv_fail(core, SRV_ERR_FORBIDDEN, "%s",
                    is_session ? why : "the API key has expired: make another one");
  }
  if (address != NULL && now > known->used_us) known->used_us = now;
  *out = known->principal;
  snprintf(out->address, sizeof(out->address), "%s", address == NULL ? "" : address);
  if (session != NULL) *session = known->session;
  return SRV_OK;
}

int srv_core_identify_api_key(struct srv_core *core, const char *text, const char *address,
                              struct srv_principal *out) {
  return identify(core, false, text, address, out, NULL);
}

int srv_core_identify_session(struct srv_core *core, const char *token, const char *address,
                              struct srv_principal *out, struct srv_session *session) {
  return identify(core, true, token, address, out, session);
}

/* --- sessions ------------------------------------------------------------------------------------
 */

struct oldest {
  uint64_t count;
  int64_t used_us;
  char id[SRV_ID_LENGTH + 1];
};

static void find_oldest(void *context, const void *row) {
  struct oldest *oldest = context;
  const struct srv_session *session = row;
  if (oldest->count++ > 0 && session->last_used_us >= oldest->used_us) return;
  oldest->used_us = session->last_used_us;
  memcpy(oldest->id, session->id, sizeof(oldest->id));
}

/* The one unused for longest gives way. */
static int make_room(struct srv_core *core, const char *account_id) {
  struct oldest oldest = {0};
  struct srv_query query = {0};
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  int status = srv_core_list(core, SRV_SESSION, &query, find_oldest, &oldest, NULL);
  if (status != SRV_OK || oldest.count < SRV_SESSIONS_PER_ACCOUNT) return status;
  return srv_remove_by_id(core, SRV_SESSION, oldest.id);
}

/* Text of a stranger: what a terminal or a log would stumble over is left out. */
static void copy_plain(char *out, size_t size, const char *text) {
  size_t length = 0;
  for (; *text != 0 && length + 1 < size; text++) {
    if (*text >= 0x20 && *text < 0x7f) out[length++] = *text;
  }
  out[length] = 0;
}

int srv_core_create_session(struct srv_core *core, const char *account_id, bool by_link,
                            const char *address, const char *user_agent,
                            char token[SRV_TOKEN_LENGTH + 1], struct srv_session *out) {
  struct srv_login login;
  *out = (struct srv_session){.by_link = by_link};
  int status = make_token(core, token);
  if (status == SRV_OK) status = srv_core_get_login(core, account_id, &login);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, out->id);
  hash_of(token, out->hash);
  snprintf(out->account_id, sizeof(out->account_id), "%s", account_id);
  copy_plain(out->address, sizeof(out->address), address);
  copy_plain(out->user_agent, sizeof(out->user_agent), user_agent);
  out->created_us = out->last_used_us = login.last_used_us = srv_now_us(core);
  status = make_room(core, account_id);
  if (status == SRV_OK) {
    status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_SESSION, out));
  }
  if (status == SRV_OK) {
    status = srv_fail_store(core, core->store->ops->update(core->store, SRV_LOGIN, &login));
  }
  explicit_bzero(&login, sizeof(login));
  srv_forget_principals(core);
  status = srv_transaction_end(core, status);
  if (status != SRV_OK) explicit_bzero(token, SRV_TOKEN_LENGTH + 1);
  return status;
}

int srv_core_end_session(struct srv_core *core, const char *account_id, const char *id) {
  struct srv_query query = {0};
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  srv_query_text(&query, "id", SRV_EQUALS, id);
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->remove(core->store, SRV_SESSION, &query);
  if (status == SRV_ERR_NOT_FOUND) {
    srv_fail(core, status, "there is no session \"%s\"", id);
  } else {
    srv_fail_store(core, status);
  }
  srv_forget_principals(core);
  return srv_transaction_end(core, status);
}

struct ids {
  size_t count;
  char id[SRV_SESSIONS_PER_ACCOUNT + 1][SRV_ID_LENGTH + 1];
};

static void keep_id(void *context, const void *row) {
  struct ids *ids = context;
  if (ids->count > SRV_SESSIONS_PER_ACCOUNT) return;
  memcpy(ids->id[ids->count++], ((const struct srv_session *)row)->id, SRV_ID_LENGTH + 1);
}

int srv_core_end_sessions(struct srv_core *core, const char *account_id, const char *keep_id_text) {
  struct ids ids = {0};
  struct srv_query query = {0};
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  int status = srv_core_list(core, SRV_SESSION, &query, keep_id, &ids, NULL);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < ids.count && status == SRV_OK; i++) {
    if (strcmp(ids.id[i], keep_id_text) == 0) continue;
    status = srv_remove_by_id(core, SRV_SESSION, ids.id[i]);
  }
  srv_forget_principals(core);
  return srv_transaction_end(core, status);
}

int srv_session_drop_link(struct srv_core *core, const char *session_id) {
  struct srv_session session;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, session_id);
  int status = core->store->ops->get(core->store, SRV_SESSION, &query, &session);
  if (status == SRV_ERR_NOT_FOUND || (status == SRV_OK && !session.by_link)) return SRV_OK;
  session.by_link = false;
  if (status == SRV_OK) status = core->store->ops->update(core->store, SRV_SESSION, &session);
  srv_forget_principals(core);
  return srv_fail_store(core, status);
}

void srv_session_csrf(const char *token, char csrf[SRV_TOKEN_LENGTH + 1]) {
  static const unsigned char text[] = "godwit csrf";
  unsigned char mac[GW_DIGEST_SIZE];
  mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)token,
                  strlen(token), text, sizeof(text) - 1, mac);
  for (size_t i = 0; i < sizeof(mac); i++) snprintf(csrf + 2 * i, 3, "%02x", mac[i]);
}

/* --- links ---------------------------------------------------------------------------------------
 */

int srv_links_drop(struct srv_core *core, const char *account_id) {
  struct srv_query query = {0};
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  int status = core->store->ops->remove(core->store, SRV_LINK, &query);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

int srv_core_create_link(struct srv_core *core, const char *account_id, int64_t life_us,
                         char token[SRV_TOKEN_LENGTH + 1], struct srv_link *out) {
  struct srv_account account;
  *out = (struct srv_link){.created_us = srv_now_us(core)};
  int status = srv_core_get_account(core, account_id, &account);
  if (status == SRV_OK) status = make_token(core, token);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, out->id);
  hash_of(token, out->hash);
  memcpy(out->account_id, account.id, sizeof(account.id));
  out->expires_us = life_us == 0 ? 0 : out->created_us + life_us;
  status = srv_links_drop(core, account.id);
  if (status == SRV_OK) {
    status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_LINK, out));
  }
  status = srv_transaction_end(core, status);
  if (status != SRV_OK) explicit_bzero(token, SRV_TOKEN_LENGTH + 1);
  return status;
}

int srv_core_use_link(struct srv_core *core, const char *token, struct srv_account *out) {
  static const char why[] = "this link was used already, or its time is over: ask for another one";
  struct srv_link link;
  struct srv_query query = {0};
  uint8_t hash[GW_DIGEST_SIZE];
  hash_of(token, hash);
  srv_query_digest(&query, "hash", hash);
  int status = core->store->ops->get(core->store, SRV_LINK, &query, &link);
  if (status == SRV_ERR_NOT_FOUND) return srv_fail(core, SRV_ERR_FORBIDDEN, "%s", why);
  if (status != SRV_OK) return srv_fail_store(core, status);
  if (link.expires_us != 0 && srv_now_us(core) >= link.expires_us) {
    return srv_fail(core, SRV_ERR_FORBIDDEN, "%s", why);
  }
  status = srv_core_get_account(core, link.account_id, out);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, srv_links_drop(core, out->id));
}
