/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/account.h"

#include <arpa/inet.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/auth.h"
#include "server/core/internal.h"
#include "server/core/organization.h"
#include "server/core/session.h"
#include "server/core/totp.h"

#define FIRST_ADMIN "admin@localhost"

/* --- accounts --------------------------------------------------------------------------- */

static int check_email(struct srv_core *core, const char *email) {
  const char *at = strchr(email, '@');
  bool good = at != NULL && at != email && at[1] != 0 && strchr(at + 1, '@') == NULL;
  for (const char *c = email; good && *c != 0; c++) {
    good = (unsigned char)*c > 0x20 && *c != 0x7f && strchr("<>()[]\\,;:\"/", *c) == NULL;
  }
  if (good) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "email: must be an e-mail address, like ada@example.com");
}

static void lower(char *text) {
  for (; *text != 0; text++) {
    if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
  }
}

static int check_account(struct srv_core *core, struct srv_account *account) {
  lower(account->email);
  int status = check_email(core, account->email);
  if (status == SRV_OK && account->name[0] != 0) {
    status = srv_check_title(core, "account", account->name);
  }
  return status;
}

static int put_account(struct srv_core *core, const struct srv_account *account, bool is_new) {
  const struct srv_store_ops *ops = core->store->ops;
  int status = is_new ? ops->insert(core->store, SRV_ACCOUNT, account)
                      : ops->update(core->store, SRV_ACCOUNT, account);
  if (status == SRV_ERR_EXISTS) {
    return srv_fail(core, status, "email: another account has %s", account->email);
  }
  if (status != SRV_OK || !is_new) return srv_fail_store(core, status);
  struct srv_login login = {0};
  memcpy(login.account_id, account->id, sizeof(login.account_id));
  return srv_fail_store(core, ops->insert(core->store, SRV_LOGIN, &login));
}

int srv_core_create_account(struct srv_core *core, struct srv_account *account) {
  int status = check_account(core, account);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, account->id);
  account->created_us = account->updated_us = srv_now_us(core);
  return srv_transaction_end(core, put_account(core, account, true));
}

static int check_last_server_admin(struct srv_core *core) {
  struct srv_query query = {0};
  uint64_t admins = 0;
  srv_query_number(&query, "server_admin", SRV_EQUALS, 1);
  int status = srv_core_list(core, SRV_ACCOUNT, &query, NULL, NULL, &admins);
  if (status != SRV_OK || admins > 1) return status;
  return srv_fail(core, SRV_ERR_IN_USE,
                  "this is the last admin of the server: make somebody else one first");
}

int srv_core_update_account(struct srv_core *core, struct srv_account *account) {
  struct srv_account old;
  int status = srv_core_get_account(core, account->id, &old);
  if (status == SRV_OK) status = check_account(core, account);
  if (status == SRV_OK && old.server_admin && !account->server_admin) {
    status = check_last_server_admin(core);
  }
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  account->created_us = old.created_us;
  account->updated_us = srv_now_us(core);
  srv_forget_principals(core);
  return srv_transaction_end(core, put_account(core, account, false));
}

int srv_core_find_account(struct srv_core *core, const char *email, struct srv_account *out) {
  char key[SRV_EMAIL_MAX + 1];
  struct srv_query query = {0};
  snprintf(key, sizeof(key), "%s", email);
  lower(key);
  srv_query_text(&query, "email", SRV_EQUALS, key);
  int status = core->store->ops->get(core->store, SRV_ACCOUNT, &query, out);
  if (status == SRV_ERR_NOT_FOUND) {
    return srv_fail(core, status, "there is no account with the e-mail %s", key);
  }
  return srv_fail_store(core, status);
}

int srv_core_get_account(struct srv_core *core, const char *id, struct srv_account *out) {
  return srv_get_by_id(core, SRV_ACCOUNT, "", id, out);
}

int srv_core_get_login(struct srv_core *core, const char *account_id, struct srv_login *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  return srv_fail_store(core, core->store->ops->get(core->store, SRV_LOGIN, &query, out));
}

static int put_login(struct srv_core *core, const struct srv_login *login) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(
      core, srv_fail_store(core, core->store->ops->update(core->store, SRV_LOGIN, login)));
}

/* --- the beginning -------------------------------------------------------------------------- */

int srv_core_needs_setup(struct srv_core *core, bool *out) {
  struct srv_query query = {0};
  uint64_t count = 0;
  srv_query_text(&query, "password", SRV_AT_LEAST, "$"); /* PHC's form begins with it */
  int status = srv_core_list(core, SRV_LOGIN, &query, NULL, NULL, &count);
  *out = count == 0;
  return status;
}

static int make_first_admin(struct srv_core *core, struct srv_account *account) {
  struct srv_member member = {.organization_id = SRV_DEFAULT_ORGANIZATION, .role = SRV_ROLE_ADMIN};
  *account = (struct srv_account){.email = FIRST_ADMIN, .server_admin = true};
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_core_create_account(core, account);
  memcpy(member.account_id, account->id, sizeof(account->id));
  if (status == SRV_OK) status = srv_core_create_member(core, &member);
  return srv_transaction_end(core, status);
}

int srv_core_first_admin(struct srv_core *core, struct srv_account *out) {
  struct srv_query query = {0};
  srv_query_number(&query, "server_admin", SRV_EQUALS, 1);
  int status = core->store->ops->get(core->store, SRV_ACCOUNT, &query, out);
  return status == SRV_ERR_NOT_FOUND ? make_first_admin(core, out) : srv_fail_store(core, status);
}

/* --- passwords -------------------------------------------------------------------------------- */

int srv_core_set_password(struct srv_core *core, const char *account_id, const char *hash,
                          const char *keep_session_id) {
  struct srv_login login;
  int status = srv_core_get_login(core, account_id, &login);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  snprintf(login.password, sizeof(login.password), "%s", hash);
  status = srv_fail_store(core, core->store->ops->update(core->store, SRV_LOGIN, &login));
  explicit_bzero(&login, sizeof(login));
  if (status == SRV_OK) status = srv_core_end_sessions(core, account_id, keep_session_id);
  if (status == SRV_OK) status = srv_links_drop(core, account_id); /* as good as the old one */
  if (status == SRV_OK && keep_session_id[0] != 0) {
    status = srv_session_drop_link(core, keep_session_id);
  }
  return srv_transaction_end(core, status);
}

/* --- one-time codes ------------------------------------------------------------------------------
 */

int srv_core_begin_totp(struct srv_core *core, const char *account_id,
                        char secret[SRV_TOTP_TEXT_SIZE]) {
  struct srv_login login;
  int status = srv_core_get_login(core, account_id, &login);
  if (status == SRV_OK && login.totp_on) {
    status = srv_fail(core, SRV_ERR_IN_USE,
                      "one-time codes are on already: switch them off before you set up others");
  }
  if (status == SRV_OK && getrandom(login.totp_secret, SRV_TOTP_SECRET_SIZE, 0) < 0) {
    status = srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  login.totp_secret_size = SRV_TOTP_SECRET_SIZE;
  if (status == SRV_OK) status = put_login(core, &login);
  if (status == SRV_OK) srv_base32_encode(login.totp_secret, SRV_TOTP_SECRET_SIZE, secret);
  explicit_bzero(&login, sizeof(login));
  return status;
}

static void hex_of(const char *text, char out[GW_DIGEST_HEX_SIZE + 1]) {
  uint8_t hash[GW_DIGEST_SIZE];
  mbedtls_sha256((const unsigned char *)text, strlen(text), hash, 0);
  for (size_t i = 0; i < sizeof(hash); i++) snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* "abcd-efgh-ijkl-mnop" is "ABCDEFGHIJKLMNOP": however it is typed. */
static bool hash_recovery_code(const char *code, char out[GW_DIGEST_HEX_SIZE + 1]) {
  char plain[17];
  size_t length = 0;
  for (; *code != 0; code++) {
    if (*code == '-' || *code == ' ') continue;
    if (length == sizeof(plain) - 1) return false;
    plain[length++] = (char)(*code >= 'a' && *code <= 'z' ? *code - 'a' + 'A' : *code);
  }
  plain[length] = 0;
  hex_of(plain, out);
  return length == sizeof(plain) - 1;
}

static int make_recovery_codes(struct srv_core *core, struct srv_login *login,
                               char codes[SRV_RECOVERY_CODES][SRV_RECOVERY_CODE_SIZE]) {
  for (size_t i = 0; i < SRV_RECOVERY_CODES; i++) {
    uint8_t random[10];
    char text[17];
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
      return srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
    }
    srv_base32_encode(random, sizeof(random), text);
    hex_of(text, login->recovery_code[i]);
    lower(text);
    snprintf(codes[i], SRV_RECOVERY_CODE_SIZE, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8,
             text + 12);
  }
  login->recovery_code_count = SRV_RECOVERY_CODES;
  return SRV_OK;
}

static int fail_code(struct srv_core *core) {
  return srv_fail(core, SRV_ERR_FORBIDDEN,
                  "the code is wrong, or was used already: wait for the app's next one");
}

int srv_core_confirm_totp(struct srv_core *core, const char *account_id, const char *code,
                          char codes[SRV_RECOVERY_CODES][SRV_RECOVERY_CODE_SIZE]) {
  struct srv_login login;
  int status = srv_core_get_login(core, account_id, &login);
  if (status != SRV_OK) return status;
  if (login.totp_on || login.totp_secret_size == 0) {
    status = srv_fail(core, SRV_ERR_IN_USE, "%s",
                      login.totp_on ? "one-time codes are on already"
                                    : "there is no secret to confirm: set one up first");
  }
  int64_t step = srv_totp_match(login.totp_secret, login.totp_secret_size, code, srv_now_us(core),
                                login.totp_step);
  if (status == SRV_OK && step < 0) status = fail_code(core);
  if (status == SRV_OK) status = make_recovery_codes(core, &login, codes);
  login.totp_on = true;
  login.totp_step = step;
  if (status == SRV_OK) status = put_login(core, &login);
  explicit_bzero(&login, sizeof(login));
  return status;
}

int srv_core_end_totp(struct srv_core *core, const char *account_id) {
  struct srv_login login;
  int status = srv_core_get_login(core, account_id, &login);
  if (status != SRV_OK) return status;
  explicit_bzero(login.totp_secret, sizeof(login.totp_secret));
  login.totp_secret_size = 0;
  login.totp_on = false;
  login.totp_step = 0;
  login.recovery_code_count = 0;
  status = put_login(core, &login);
  explicit_bzero(&login, sizeof(login));
  return status;
}

static bool take_recovery_code(struct srv_login *login, const char *code) {
  char hash[GW_DIGEST_HEX_SIZE + 1];
  if (!hash_recovery_code(code, hash)) return false;
  for (size_t i = 0; i < login->recovery_code_count; i++) {
    if (strcmp(login->recovery_code[i], hash) != 0) continue;
    size_t last = --login->recovery_code_count;
    memmove(login->recovery_code[i], login->recovery_code[last], sizeof(login->recovery_code[i]));
    return true;
  }
  return false;
}

int srv_core_check_code(struct srv_core *core, const char *account_id, const char *code) {
  struct srv_login login;
  int status = srv_core_get_login(core, account_id, &login);
  if (status == SRV_OK && login.totp_on) {
    int64_t step = srv_totp_match(login.totp_secret, login.totp_secret_size, code, srv_now_us(core),
                                  login.totp_step);
    if (step >= 0) login.totp_step = step;
    if (step < 0 && !take_recovery_code(&login, code)) status = fail_code(core);
    if (status == SRV_OK) status = put_login(core, &login);
  }
  explicit_bzero(&login, sizeof(login));
  return status;
}

/* --- guessing
 * ---------------------------------------------------------------------------------------- */

/* Who fails from one place waits long; who is tried from everywhere waits a
 * little only, and not at all where it has been let in from before: a stranger
 * cannot keep an admin out. */
static const struct srv_throttle_rule pair_rule = {5, INT64_C(900) * 1000000};
static const struct srv_throttle_rule address_rule = {20, INT64_C(900) * 1000000};
static const struct srv_throttle_rule email_rule = {20, INT64_C(30) * 1000000};

struct keys {
  char pair[SRV_EMAIL_MAX + SRV_ADDRESS_MAX + 4];
  char address[SRV_ADDRESS_MAX + 4];
  char email[SRV_EMAIL_MAX + 4];
};

/* Of an IPv6 address its network of 64 bits: whoever has one has all of it. But
 * ::ffff:192.0.2.1 is one address of IPv4, which has no such network. */
static void network_of(const char *address, char out[SRV_ADDRESS_MAX + 1]) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  uint8_t bytes[16];
  size_t length = 0;
  snprintf(out, SRV_ADDRESS_MAX + 1, "%s", address);
  if (inet_pton(AF_INET6, address, bytes) != 1) return;
  if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
    inet_ntop(AF_INET, bytes + sizeof(mapped), out, SRV_ADDRESS_MAX + 1);
    return;
  }
  for (size_t i = 0; i < 8; i++) {
    length += (size_t)snprintf(out + length, SRV_ADDRESS_MAX + 1 - length, "%02x", bytes[i]);
  }
}

static void make_keys(const char *email, const char *address, struct keys *keys) {
  char network[SRV_ADDRESS_MAX + 1], name[SRV_EMAIL_MAX + 1];
  network_of(address, network);
  snprintf(name, sizeof(name), "%s", email);
  lower(name);
  snprintf(keys->pair, sizeof(keys->pair), "p %s %s", name, network);
  snprintf(keys->address, sizeof(keys->address), "a %s", network);
  snprintf(keys->email, sizeof(keys->email), "e %s", name);
}

unsigned srv_core_sign_in_wait_s(struct srv_core *core, const char *email, const char *address) {
  struct srv_auth *auth = srv_auth_of(core);
  struct keys keys = {.pair = ""};
  if (auth == NULL) return 1;
  struct srv_throttle *throttle = &auth->throttle;
  int64_t now = srv_steady_us(core);
  make_keys(email, address, &keys);
  int64_t wait_us = srv_throttle_wait_us(throttle, keys.pair, now);
  bool is_known = srv_throttle_is_known(throttle, keys.pair);
  int64_t others_us[] = {srv_throttle_wait_us(throttle, keys.address, now),
                         srv_throttle_wait_us(throttle, keys.email, now)};
  for (size_t i = 0; i < 2 && !is_known; i++) {
    if (others_us[i] > wait_us) wait_us = others_us[i];
  }
  if (wait_us > 0) return (unsigned)((wait_us + 999999) / 1000000);
  srv_throttle_count(throttle, keys.pair, &pair_rule, now);
  srv_throttle_count(throttle, keys.address, &address_rule, now);
  srv_throttle_count(throttle, keys.email, &email_rule, now);
  return 0;
}

void srv_core_sign_in_good(struct srv_core *core, const char *email, const char *address) {
  struct srv_auth *auth = srv_auth_of(core);
  struct keys keys = {.pair = ""};
  if (auth == NULL) return;
  int64_t now = srv_steady_us(core);
  make_keys(email, address, &keys);
  srv_throttle_succeeded(&auth->throttle, keys.pair, true, now);
  srv_throttle_succeeded(&auth->throttle, keys.address, false, now);
  srv_throttle_succeeded(&auth->throttle, keys.email, false, now);
}
