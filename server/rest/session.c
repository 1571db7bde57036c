/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and out, by password or by a link, and who one is. */
#include <stdio.h>
#include <string.h>

#include "server/core/account.h"
#include "server/core/log.h"
#include "server/rest/internal.h"

#define COOKIE "godwit_session"
#define COOKIE_LIFE_S (30 * 24 * 3600)
#define CODE_UNAUTHENTICATED 16
#define CODE_EXHAUSTED 8 /* gRPC's number for "too many" */

/* --- the cookie --------------------------------------------------------------------------- */

static bool is_token(const char *text, size_t length) {
  return length == SRV_TOKEN_LENGTH && strspn(text, "0123456789abcdef") >= SRV_TOKEN_LENGTH;
}

/* RFC 6265 4.2.1: NAME=VALUE, separated by "; ". The first of that name counts. */
bool srv_cookie_token(const char *header, char token[SRV_TOKEN_LENGTH + 1]) {
  static const char name[] = COOKIE "=";
  for (const char *pair = header; pair != NULL && *pair != 0;) {
    pair += strspn(pair, " \t;");
    size_t length = strcspn(pair, ";");
    if (strncmp(pair, name, sizeof(name) - 1) == 0) {
      const char *value = pair + sizeof(name) - 1;
      size_t size = length - (sizeof(name) - 1);
      while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t')) size--;
      if (!is_token(value, size)) return false;
      memcpy(token, value, SRV_TOKEN_LENGTH);
      token[SRV_TOKEN_LENGTH] = 0;
      return true;
    }
    pair += length;
  }
  return false;
}

static void set_cookie(struct srv_request *request, const char *token, int life_s) {
  snprintf(request->set_cookie, sizeof(request->set_cookie),
           COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", token, life_s,
           request->head.is_secure ? "; Secure" : "");
}

/* --- who one is ----------------------------------------------------------------------------- */

static json_t *encode_account(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  if (srv_core_get_account(request->core, request->principal.id, &account) != SRV_OK ||
      srv_core_get_login(request->core, account.id, &login) != SRV_OK) {
    return json_null();
  }
  json_t *object =
      json_pack("{s:s, s:s, s:o, s:b, s:b, s:b}", "id", account.id, "email", account.email, "name",
                srv_encode_text(account.name), "serverAdmin", (int)account.server_admin,
                "totpEnabled", (int)login.totp_on, "hasPassword", (int)(login.password[0] != 0));
  explicit_bzero(&login, sizeof(login));
  return object;
}

static json_t *encode_memberships(struct srv_request *request) {
  const struct srv_principal *principal = &request->principal;
  json_t *list = json_array();
  for (size_t i = 0; i < principal->grant_count; i++) {
    const struct srv_grant *grant = &principal->grant[i];
    struct srv_organization organization = {0};
    if (grant->organization_id[0] == 0) continue; /* an API key's */
    srv_core_find(request->core, SRV_ORGANIZATION, "", grant->organization_id, &organization);
    json_array_append_new(
        list, json_pack("{s:s, s:o, s:s, s:s}", "organizationId", grant->organization_id,
                        "organizationName", srv_encode_text(organization.name), "projectId",
                        grant->project_id, "role", srv_role_name(grant->role)));
  }
  return list;
}

static json_t *encode_key(struct srv_request *request) {
  const struct srv_principal *principal = &request->principal;
  const char *project_id = principal->grant_count > 0 ? principal->grant[0].project_id : "";
  struct srv_api_key key;
  int status = srv_core_find(request->core, SRV_API_KEY, project_id, principal->id, &key);
  if (status != SRV_OK) return json_null();
  return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o}", "id", key.id, "name",
                   srv_encode_text(key.name), "role", srv_role_name((enum srv_role)key.role),
                   "scopes", srv_encode_scopes(key.scopes), "projectId", key.project_id,
                   "expiresAt", srv_encode_time(key.expires_us));
}

static int answer_session(struct srv_request *request) {
  char csrf[SRV_TOKEN_LENGTH + 1] = "";
  bool is_account = request->principal.type == SRV_PRINCIPAL_ACCOUNT;
  bool is_key = request->principal.type == SRV_PRINCIPAL_API_KEY;
  bool needs_setup = false;
  int status = srv_core_needs_setup(request->core, &needs_setup);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  if (is_account) srv_session_csrf(request->pass.token, csrf);
  return srv_answer_data(
      request,
      json_pack("{s:b, s:o, s:o, s:o, s:o, s:s, s:b}", "signedIn", (int)(is_account || is_key),
                "csrfToken", is_account ? json_string(csrf) : json_null(), "account",
                is_account ? encode_account(request) : json_null(), "memberships",
                encode_memberships(request), "apiKey", is_key ? encode_key(request) : json_null(),
                "version", request->context->version, "needsSetup", (int)needs_setup));
}

int srv_get_session(struct srv_request *request) {
  srv_request_identify(request);
  return answer_session(request);
}

/* --- signing in ------------------------------------------------------------------------------- */

static const char *text_or_empty(const char *text) { return text == NULL ? "" : text; }

/* A browser has one session: what it came with ends, whoever's that is. */
static void end_earlier(struct srv_request *request) {
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_principal earlier;
  if (!srv_cookie_token(request->head.cookie, token)) return;
  if (srv_core_identify_session(request->core, token, NULL, &earlier, NULL) == SRV_OK) {
    srv_core_end_session(request->core, earlier.id, earlier.session_id);
  }
  explicit_bzero(token, sizeof(token));
}

/* The request is the account's from now on. */
static int begin_session(struct srv_request *request, const struct srv_account *account,
                         bool by_link) {
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_core *core = request->core;
  int status =
      srv_core_create_session(core, account->id, by_link, text_or_empty(request->head.address),
                              text_or_empty(request->head.user_agent), token, &request->session);
  if (status == SRV_OK) {
    status = srv_core_identify_session(core, token, text_or_empty(request->head.address),
                                       &request->principal, &request->session);
  }
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  end_earlier(request);
  memcpy(request->pass.token, token, sizeof(token));
  set_cookie(request, token, COOKIE_LIFE_S);
  explicit_bzero(token, sizeof(token));
  srv_request_set_actor(request);
  srv_core_audit_note(core, by_link ? "signInByLink" : "signIn", "account", account->id,
                      account->email, "");
  return answer_session(request);
}

/* For the audit log only where there is such an account: strangers cannot fill
 * it with what they make up. */
static void note_failure(struct srv_request *request, const char *account_id, const char *email,
                         const char *why) {
  struct srv_actor actor = {.type = "account"};
  srv_log(SRV_LOG_INFO, "rest", "a sign-in from %s failed: %s",
          text_or_empty(request->head.address), why);
  if (account_id[0] == 0) return;
  snprintf(actor.id, sizeof(actor.id), "%s", account_id);
  snprintf(actor.name, sizeof(actor.name), "%s", email);
  snprintf(actor.address, sizeof(actor.address), "%s", text_or_empty(request->head.address));
  srv_core_set_actor(request->core, &actor);
  srv_core_audit_note(request->core, "signInFailed", "account", account_id, email, "");
  srv_core_set_actor(request->core, NULL);
}

static int fail_code(struct srv_request *request, const char *why) {
  request->error_detail = json_pack("{s:s}", "reason", "code");
  return srv_request_fail_http(request, 401, CODE_UNAUTHENTICATED, "%s", why);
}

static int read_email(struct srv_request *request, char email[SRV_EMAIL_MAX + 1]) {
  return srv_body_text(request, "email", email, SRV_EMAIL_MAX + 1);
}

static int check_code(struct srv_request *request, const struct srv_account *account) {
  char code[32] = "";
  struct srv_login login;
  int status = srv_core_get_login(request->core, account->id, &login);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  bool wants = login.totp_on;
  explicit_bzero(&login, sizeof(login));
  status = wants ? srv_body_text(request, "code", code, sizeof(code)) : SRV_OK;
  if (status != SRV_OK || !wants) return status;
  if (code[0] == 0) {
    return fail_code(request, "this account also wants a code of its authenticator app");
  }
  status = srv_core_check_code(request->core, account->id, code);
  if (status != SRV_ERR_FORBIDDEN) return srv_request_fail_core(request, status);
  note_failure(request, account->id, account->email, "the code is wrong");
  return fail_code(request, srv_core_error(request->core));
}

/* The password may have been changed while it was compared to: then it is the old
 * one that was right, and its sessions have ended. */
static bool is_still_right(struct srv_request *request, const struct srv_account *account,
                           const struct srv_password_job *job) {
  struct srv_login login;
  if (!job->is_right) return false;
  if (srv_core_get_login(request->core, account->id, &login) != SRV_OK) return false;
  bool same = strcmp(login.password, job->hash) == 0;
  explicit_bzero(&login, sizeof(login));
  return same;
}

static int after_password(struct srv_request *request, const struct srv_password_job *job) {
  char email[SRV_EMAIL_MAX + 1] = "";
  struct srv_account account = {0};
  int status = read_email(request, email);
  if (status != SRV_OK) return status;
  bool known = srv_core_find_account(request->core, email, &account) == SRV_OK;
  if (!known || !is_still_right(request, &account, job)) {
    note_failure(request, account.id, account.email,
                 known ? "the password is wrong" : "there is no such account");
    return srv_request_fail_http(request, 401, CODE_UNAUTHENTICATED,
                                 "the e-mail or the password is wrong");
  }
  status = check_code(request, &account);
  if (status != SRV_OK) return status;
  srv_core_sign_in_good(request->core, email, text_or_empty(request->head.address));
  return begin_session(request, &account, false);
}

int srv_request_throttle(struct srv_request *request, const char *email) {
  unsigned wait_s =
      srv_core_sign_in_wait_s(request->core, email, text_or_empty(request->head.address));
  if (wait_s == 0) return SRV_OK;
  request->retry_after_s = wait_s;
  return srv_request_fail_http(request, 429, CODE_EXHAUSTED,
                               "too many wrong passwords: try again in %u second%s", wait_s,
                               wait_s == 1 ? "" : "s");
}

/* A page of another site must not sign its reader in as somebody else, nor one of
 * another port or name of the same site, which is another program's. Browsers say
 * so; what says nothing is no browser, or its cookie would not be kept. */
static int check_site(struct srv_request *request) {
  const char *site = request->head.fetch_site;
  if (site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0) return SRV_OK;
  return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                          "a page of another site asks to sign in: open the console itself");
}

/* An unknown e-mail takes as long as a wrong password. */
int srv_sign_in(struct srv_request *request) {
  char email[SRV_EMAIL_MAX + 1] = "";
  struct srv_password_job job = {.check = true};
  struct srv_account account;
  struct srv_login login;
  int status = check_site(request);
  if (status == SRV_OK) status = read_email(request, email);
  if (status == SRV_OK) {
    status = srv_body_text(request, "password", job.password, sizeof(job.password));
  }
  if (status == SRV_OK) status = srv_request_throttle(request, email);
  if (status != SRV_OK) {
    explicit_bzero(&job, sizeof(job));
    return status;
  }
  if (srv_core_find_account(request->core, email, &account) == SRV_OK &&
      srv_core_get_login(request->core, account.id, &login) == SRV_OK) {
    memcpy(job.hash, login.password, sizeof(job.hash));
    explicit_bzero(&login, sizeof(login));
  }
  return srv_request_hash(request, &job, after_password);
}

int srv_sign_in_by_link(struct srv_request *request) {
  char token[SRV_TOKEN_LENGTH + 1] = "";
  struct srv_account account;
  int status = check_site(request);
  if (status == SRV_OK) status = srv_body_text(request, "token", token, sizeof(token));
  if (status == SRV_OK) {
    status = srv_core_use_link(request->core, token, &account);
    explicit_bzero(token, sizeof(token));
    if (status == SRV_ERR_FORBIDDEN) {
      return srv_request_fail_http(request, 401, CODE_UNAUTHENTICATED, "%s",
                                   srv_core_error(request->core));
    }
    if (status != SRV_OK) return srv_request_fail_core(request, status);
    return begin_session(request, &account, true);
  }
  return status;
}

int srv_sign_out(struct srv_request *request) {
  const struct srv_principal *principal = &request->principal;
  if (principal->type != SRV_PRINCIPAL_ACCOUNT) {
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "an API key has no session that could end: delete the key");
  }
  int status = srv_core_end_session(request->core, principal->id, principal->session_id);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  srv_core_audit_note(request->core, "signOut", "account", principal->id, principal->name, "");
  set_cookie(request, "", 0);
  return srv_answer_empty(request);
}

/* Where the client found us, unless the operator has said where others do. */
void srv_make_link(const struct srv_request *request, const char *token, char *out, size_t size) {
  const char *url = request->context->public_url;
  if (url == NULL) {
    snprintf(out, size, "%s://%s/#/link/%s", request->head.is_secure ? "https" : "http",
             request->head.host == NULL ? "localhost" : request->head.host, token);
    return;
  }
  size_t length = strlen(url);
  if (length > 0 && url[length - 1] == '/') length--;
  snprintf(out, size, "%.*s/#/link/%s", (int)length, url, token);
}
