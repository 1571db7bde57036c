/* SPDX-License-Identifier: Apache-2.0 */
/* One's own account: name, e-mail, password, one-time codes, sessions. */
#include "server/core/account.h"

#include <stdio.h>
#include <string.h>

#include "server/rest/internal.h"

/* The row of who asks; an API key is nobody's. */
static int find_own(struct srv_request *request, struct srv_account *account,
                    struct srv_login *login) {
  memset(account, 0, sizeof(*account));
  memset(login, 0, sizeof(*login));
  if (request->principal.type != SRV_PRINCIPAL_ACCOUNT) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "this is for people: an API key has no account");
  }
  int status = srv_core_get_account(request->core, request->principal.id, account);
  if (status == SRV_OK) status = srv_core_get_login(request->core, account->id, login);
  return srv_request_fail_core(request, status);
}

static int note(struct srv_request *request, const char *action,
                const struct srv_account *account) {
  return srv_core_audit_note(request->core, action, "account", account->id, account->email, "");
}

static int answer_account(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  int status = find_own(request, &account, &login);
  if (status != SRV_OK) return status;
  json_t *data = json_pack(
      "{s:s, s:s, s:o, s:b, s:b, s:b, s:i, s:o}", "id", account.id, "email", account.email, "name",
      srv_encode_text(account.name), "serverAdmin", (int)account.server_admin, "totpEnabled",
      (int)login.totp_on, "hasPassword", (int)(login.password[0] != 0), "recoveryCodes",
      (int)login.recovery_code_count, "createdAt", srv_encode_time(account.created_us));
  explicit_bzero(&login, sizeof(login));
  return srv_answer_data(request, data);
}

int srv_get_account(struct srv_request *request) { return answer_account(request); }

/* --- changing it ------------------------------------------------------------------------- */

static int read_account(struct srv_request *request, struct srv_account *account) {
  int status = srv_body_text(request, "name", account->name, sizeof(account->name));
  if (status != SRV_OK) return status;
  return srv_body_text(request, "email", account->email, sizeof(account->email));
}

static int set_password(struct srv_request *request, const struct srv_account *account,
                        const char *hash) {
  int status =
      srv_core_set_password(request->core, account->id, hash, request->principal.session_id);
  return status == SRV_OK ? note(request, "setPassword", account) : status;
}

/* All of it or nothing. */
static int write_account(struct srv_request *request, const char *new_hash) {
  struct srv_account account;
  struct srv_login login;
  int status = find_own(request, &account, &login);
  explicit_bzero(&login, sizeof(login));
  if (status == SRV_OK) status = read_account(request, &account);
  if (status != SRV_OK) return status;
  status = srv_core_transaction_begin(request->core);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  status = srv_core_update_account(request->core, &account);
  if (status == SRV_OK && new_hash[0] != 0) status = set_password(request, &account, new_hash);
  status = srv_core_transaction_end(request->core, status);
  return status == SRV_OK ? answer_account(request) : srv_request_fail_core(request, status);
}

/* Wrong guesses here count like those of signing in. */
static int fail_current(struct srv_request *request, const char *field) {
  const struct srv_principal *principal = &request->principal;
  srv_core_audit_note(request->core, "passwordRefused", "account", principal->id, principal->name,
                      "");
  snprintf(request->error_field, sizeof(request->error_field), "%s", field);
  return srv_request_fail(request, SRV_ERR_FORBIDDEN, "%s: is not your password", field);
}

static int after_update(struct srv_request *request, const struct srv_password_job *job) {
  if (!job->is_right) return fail_current(request, "currentPassword");
  if (job->check) {
    srv_core_sign_in_good(request->core, request->principal.name,
                          request->head.address == NULL ? "" : request->head.address);
  }
  bool wants = srv_body_has(request, "password");
  if (wants && job->new_hash[0] == 0) {
    return srv_request_fail(request, SRV_ERR_INTERNAL, "no memory to keep the password");
  }
  return write_account(request, job->new_hash);
}

static int read_password(struct srv_request *request, const char *email,
                         struct srv_password_job *job) {
  int status = srv_body_text(request, "password", job->replacement, sizeof(job->replacement));
  if (status != SRV_OK || !srv_body_has(request, "password")) return status;
  const char *problem = srv_password_problem(job->replacement, email);
  return problem == NULL ? SRV_OK : srv_request_fail_field(request, "password", problem);
}

/* Whoever finds a browser open cannot lock its owner out. A link is as good as a
 * password: it is for those who have lost theirs. */
static int read_current(struct srv_request *request, const struct srv_login *login,
                        struct srv_password_job *job) {
  job->check = login->password[0] != 0 && !request->session.by_link;
  if (!job->check) return SRV_OK;
  memcpy(job->hash, login->password, sizeof(job->hash));
  if (!srv_body_has(request, "currentPassword")) {
    return srv_request_fail_field(request, "currentPassword", "is missing");
  }
  int status = srv_body_text(request, "currentPassword", job->password, sizeof(job->password));
  return status == SRV_OK ? srv_request_throttle(request, request->principal.name) : status;
}

/* An e-mail is what others invite: whoever could take a colleague's would be
 * given the colleague's role. */
static bool may_choose_email(const struct srv_principal *principal) {
  if (principal->server_role == SRV_ROLE_ADMIN) return true;
  for (size_t i = 0; i < principal->grant_count; i++) {
    const struct srv_grant *grant = &principal->grant[i];
    if (grant->project_id[0] == 0 && grant->role == SRV_ROLE_ADMIN) return true;
  }
  return false;
}

int srv_update_account(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  struct srv_password_job job = {0};
  char email[SRV_EMAIL_MAX + 1];
  int status = find_own(request, &account, &login);
  if (status != SRV_OK) return status;
  memcpy(email, account.email, sizeof(email));
  status = read_account(request, &account);
  if (status == SRV_OK) status = read_password(request, account.email, &job);
  bool new_email = strcmp(email, account.email) != 0;
  if (status == SRV_OK && new_email && !may_choose_email(&request->principal)) {
    snprintf(request->error_field, sizeof(request->error_field), "email");
    status = srv_request_fail(request, SRV_ERR_FORBIDDEN,
                              "email: is changed by admins only; ask one for a new invitation");
  }
  bool is_secret = job.replacement[0] != 0 || new_email;
  if (status == SRV_OK && is_secret) status = read_current(request, &login, &job);
  explicit_bzero(&login, sizeof(login));
  if (status == SRV_OK && is_secret) status = srv_request_hash(request, &job, after_update);
  if (status == SRV_OK && !is_secret) status = write_account(request, "");
  explicit_bzero(&job, sizeof(job));
  return status;
}

/* --- one-time codes ------------------------------------------------------------------------ */

/* RFC 3986 2.3, all else as %XX. */
static void url_encode(const char *text, char *out, size_t size) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  size_t length = 0;
  for (; *text != 0 && length + 4 < size; text++) {
    bool as_it_is = strchr(plain, *text) != NULL;
    length += (size_t)snprintf(out + length, size - length, as_it_is ? "%c" : "%%%02X",
                               (unsigned char)*text);
  }
  out[length] = 0;
}

static int answer_secret(struct srv_request *request, const struct srv_account *account) {
  char secret[SRV_TOTP_TEXT_SIZE], name[3 * SRV_EMAIL_MAX + 1], uri[sizeof(name) + 128];
  int status = srv_core_begin_totp(request->core, account->id, secret);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  url_encode(account->email, name, sizeof(name));
  snprintf(uri, sizeof(uri),
           "otpauth://totp/Godwit:%s?secret=%s&issuer=Godwit&algorithm=SHA1&digits=6&period=30",
           name, secret);
  json_t *data = json_pack("{s:s, s:s}", "secret", secret, "uri", uri);
  explicit_bzero(secret, sizeof(secret));
  explicit_bzero(uri, sizeof(uri));
  return srv_answer_data(request, data);
}

/* What the password in the body was needed for can be done now. */
static int after_password(struct srv_request *request, const struct srv_password_job *job,
                          struct srv_account *account) {
  struct srv_login login;
  if (!job->is_right) return fail_current(request, "password");
  int status = find_own(request, account, &login);
  explicit_bzero(&login, sizeof(login));
  if (status == SRV_OK && job->check) {
    srv_core_sign_in_good(request->core, account->email,
                          request->head.address == NULL ? "" : request->head.address);
  }
  return status;
}

static int after_begin_totp(struct srv_request *request, const struct srv_password_job *job) {
  struct srv_account account;
  int status = after_password(request, job, &account);
  return status == SRV_OK ? answer_secret(request, &account) : status;
}

/* Codes change who can sign in, so the password is asked for: in the body, a
 * DELETE may have one. */
static int ask_password(struct srv_request *request,
                        int (*then)(struct srv_request *request,
                                    const struct srv_password_job *job)) {
  struct srv_account account;
  struct srv_login login;
  struct srv_password_job job = {0};
  int status = find_own(request, &account, &login);
  if (status != SRV_OK) return status;
  job.check = login.password[0] != 0 && !request->session.by_link;
  memcpy(job.hash, login.password, sizeof(job.hash));
  explicit_bzero(&login, sizeof(login));
  if (job.check && !srv_body_has(request, "password")) {
    return srv_request_fail_field(request, "password", "is missing");
  }
  status = srv_body_text(request, "password", job.password, sizeof(job.password));
  if (status == SRV_OK && job.check) status = srv_request_throttle(request, account.email);
  if (status == SRV_OK) status = srv_request_hash(request, &job, then);
  explicit_bzero(&job, sizeof(job));
  return status;
}

int srv_begin_totp(struct srv_request *request) { return ask_password(request, after_begin_totp); }

int srv_confirm_totp(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  char code[32] = "", codes[SRV_RECOVERY_CODES][SRV_RECOVERY_CODE_SIZE];
  int status = find_own(request, &account, &login);
  explicit_bzero(&login, sizeof(login));
  if (status == SRV_OK) status = srv_body_text(request, "code", code, sizeof(code));
  if (status != SRV_OK) return status;
  status = srv_core_confirm_totp(request->core, account.id, code, codes);
  if (status == SRV_ERR_FORBIDDEN) return srv_request_fail_field(request, "code", "is wrong");
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  note(request, "totpOn", &account);
  json_t *list = json_array();
  for (size_t i = 0; i < SRV_RECOVERY_CODES; i++) {
    json_array_append_new(list, json_string(codes[i]));
  }
  explicit_bzero(codes, sizeof(codes));
  return srv_answer_data(request, json_pack("{s:o}", "recoveryCodes", list));
}

static int after_end_totp(struct srv_request *request, const struct srv_password_job *job) {
  struct srv_account account;
  int status = after_password(request, job, &account);
  if (status != SRV_OK) return status;
  status = srv_core_end_totp(request->core, account.id);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  note(request, "totpOff", &account);
  return srv_answer_empty(request);
}

int srv_end_totp(struct srv_request *request) { return ask_password(request, after_end_totp); }

/* --- sessions --------------------------------------------------------------------------------- */

static json_t *encode_session(const void *row) {
  const struct srv_session *session = row;
  return json_pack("{s:s, s:o, s:o, s:s, s:s, s:b}", "id", session->id, "createdAt",
                   srv_encode_time(session->created_us), "lastUsed",
                   srv_encode_time(session->last_used_us), "address", session->address, "userAgent",
                   session->user_agent, "current", 0);
}

static void add_current(struct srv_request *request, json_t *object) {
  const char *id = json_string_value(json_object_get(object, "id"));
  bool is_current = strcmp(id, request->principal.session_id) == 0;
  json_object_set_new(object, "current", json_boolean(is_current));
}

int srv_list_sessions(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  struct srv_query query = {.newest_first = true};
  int status = find_own(request, &account, &login);
  explicit_bzero(&login, sizeof(login));
  if (status != SRV_OK) return status;
  srv_query_text(&query, "account_id", SRV_EQUALS, account.id);
  return srv_answer_list(request, &query, encode_session, add_current);
}

int srv_delete_session(struct srv_request *request) {
  struct srv_account account;
  struct srv_login login;
  int status = find_own(request, &account, &login);
  explicit_bzero(&login, sizeof(login));
  if (status != SRV_OK) return status;
  status = srv_core_end_session(request->core, account.id, srv_path_argument(request, "session"));
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  note(request, "endSession", &account);
  return srv_answer_empty(request);
}
