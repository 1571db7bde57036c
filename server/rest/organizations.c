/* SPDX-License-Identifier: Apache-2.0 */
/* Organisations and their members. */
#include "server/core/organization.h"

#include <stdio.h>
#include <string.h>

#include "server/core/account.h"
#include "server/rest/internal.h"

/* --- organisations ------------------------------------------------------------------------- */

static bool is_mine(const struct srv_request *request, const void *row) {
  const struct srv_organization *organization = row;
  const struct srv_principal *principal = &request->principal;
  if (principal->server_role > SRV_ROLE_NONE) return true;
  for (size_t i = 0; i < principal->grant_count; i++) {
    if (strcmp(principal->grant[i].organization_id, organization->id) == 0) return true;
  }
  return false;
}

int srv_list_organizations(struct srv_request *request) {
  const struct srv_query query = {0};
  return srv_answer_seen(request, SRV_ORGANIZATION, &query, is_mine, srv_encode_organization);
}

static int answer_organization(struct srv_request *request, int status,
                               const struct srv_organization *organization) {
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_organization(organization));
}

int srv_create_organization(struct srv_request *request) {
  struct srv_organization organization = {0};
  int status = srv_body_text(request, "name", organization.name, sizeof(organization.name));
  if (status == SRV_OK) {
    status = srv_body_text(request, "id", organization.id, sizeof(organization.id));
  }
  if (status != SRV_OK) return status;
  if (organization.id[0] == 0) {
    srv_make_slug(organization.name, organization.id, sizeof(organization.id));
  }
  status = srv_core_create_organization(request->core, &organization);
  return answer_organization(request, status, &organization);
}

/* Also for who has but one of its projects: its name, nothing more. */
int srv_get_organization(struct srv_request *request) {
  if (!is_mine(request, &request->organization)) {
    return srv_request_fail(request, SRV_ERR_NOT_FOUND,
                            "there is no such organization that this account is a member of");
  }
  return answer_organization(request, SRV_OK, &request->organization);
}

int srv_update_organization(struct srv_request *request) {
  struct srv_organization organization = request->organization;
  int status = srv_body_text(request, "name", organization.name, sizeof(organization.name));
  if (status != SRV_OK) return status;
  status = srv_core_update_organization(request->core, &organization);
  return answer_organization(request, status, &organization);
}

int srv_delete_organization(struct srv_request *request) {
  int status = srv_core_delete_organization(request->core, request->organization.id);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- members -------------------------------------------------------------------------------- */

/* What the member's account says. */
static void add_account(struct srv_request *request, json_t *object) {
  const char *id = json_string_value(json_object_get(object, "accountId"));
  struct srv_account account = {0};
  struct srv_login login = {0};
  if (srv_core_get_account(request->core, id, &account) == SRV_OK) {
    srv_core_get_login(request->core, id, &login);
  }
  json_object_set_new(object, "email", json_string(account.email));
  json_object_set_new(object, "name", srv_encode_text(account.name));
  json_object_set_new(object, "serverAdmin", json_boolean(account.server_admin));
  json_object_set_new(object, "totpEnabled", json_boolean(login.totp_on));
  json_object_set_new(object, "lastUsed", srv_encode_time(login.last_used_us));
  json_object_set_new(object, "invited", json_boolean(login.password[0] == 0));
  explicit_bzero(&login, sizeof(login));
}

int srv_list_members(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "organization_id", SRV_EQUALS, request->organization.id);
  return srv_answer_list(request, &query, srv_encode_member, add_account);
}

static json_t *encode_with_account(struct srv_request *request, const struct srv_member *member) {
  json_t *object = srv_encode_member(member);
  add_account(request, object);
  return object;
}

static int read_role(struct srv_request *request, struct srv_member *member) {
  char text[16] = "";
  enum srv_role role;
  if (!srv_body_has(request, "role")) return SRV_OK;
  int status = srv_body_text(request, "role", text, sizeof(text));
  if (status != SRV_OK) return status;
  if (!srv_role_parse(text, &role)) {
    return srv_request_fail_field(request, "role", "must be viewer, operator or admin");
  }
  member->role = (uint8_t)role;
  return SRV_OK;
}

static int read_member(struct srv_request *request, struct srv_member *member) {
  int status = read_role(request, member);
  if (status != SRV_OK) return status;
  return srv_body_text(request, "projectId", member->project_id, sizeof(member->project_id));
}

/* Only an admin of the server makes others such, or takes it from them. */
static int read_server_admin(struct srv_request *request, struct srv_account *account) {
  bool wanted = account->server_admin;
  int status = srv_body_bool(request, "serverAdmin", &wanted);
  if (status != SRV_OK || wanted == account->server_admin) return status;
  status = srv_request_require(request, SRV_RIGHT_SERVER, "");
  if (status == SRV_OK) account->server_admin = wanted;
  return status;
}

/* People say themselves what their e-mail is. Were somebody of another organization
 * taken for the one who is meant, it would be a way in, and what their account is
 * like is not for admins of this one: that is for an admin of the server. */
static int check_is_here(struct srv_request *request, const struct srv_account *account) {
  struct srv_query query = {0};
  uint64_t here = 0;
  if (request->principal.server_role == SRV_ROLE_ADMIN) return SRV_OK;
  srv_query_text(&query, "account_id", SRV_EQUALS, account->id);
  srv_query_text(&query, "organization_id", SRV_EQUALS, request->organization.id);
  int status = srv_core_list(request->core, SRV_MEMBER, &query, NULL, NULL, &here);
  if (status != SRV_OK || here > 0) return srv_request_fail_core(request, status);
  return srv_request_fail(request, SRV_ERR_EXISTS,
                          "email: an account outside of this organization has it: ask an admin of "
                          "the server to make it a member");
}

/* The account of that e-mail, made when there is none. */
static int find_or_make_account(struct srv_request *request, struct srv_account *account,
                                bool *is_new) {
  char email[SRV_EMAIL_MAX + 1] = "";
  struct srv_core *core = request->core;
  int status = srv_body_text(request, "email", email, sizeof(email));
  if (status != SRV_OK) return status;
  status = srv_core_find_account(core, email, account);
  *is_new = status == SRV_ERR_NOT_FOUND;
  if (status != SRV_OK && !*is_new) return srv_request_fail_core(request, status);
  if (!*is_new) status = check_is_here(request, account);
  if (!*is_new && status != SRV_OK) return status;
  bool was_admin = !*is_new && account->server_admin;
  if (*is_new) {
    memset(account, 0, sizeof(*account));
    memcpy(account->email, email, sizeof(email));
    status = srv_body_text(request, "name", account->name, sizeof(account->name));
    if (status != SRV_OK) return status;
  }
  status = read_server_admin(request, account);
  if (status != SRV_OK) return status;
  if (*is_new) return srv_request_fail_core(request, srv_core_create_account(core, account));
  if (was_admin == account->server_admin) return SRV_OK;
  return srv_request_fail_core(request, srv_core_update_account(core, account));
}

static int make_member(struct srv_request *request, struct srv_member *member, bool *is_new) {
  struct srv_account account;
  int status = find_or_make_account(request, &account, is_new);
  if (status != SRV_OK) return status;
  memcpy(member->account_id, account.id, sizeof(account.id));
  return srv_request_fail_core(request, srv_core_create_member(request->core, member));
}

/* A link that signs the account in, shown this once. */
static int make_link(struct srv_request *request, const char *account_id, int64_t *expires_us,
                     char *out, size_t size) {
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_link link;
  int status = srv_core_create_link(request->core, account_id, SRV_LINK_LIFE_US, token, &link);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  srv_make_link(request, token, out, size);
  explicit_bzero(token, sizeof(token));
  *expires_us = link.expires_us;
  return SRV_OK;
}

static int invite(struct srv_request *request, struct srv_member *member) {
  char link[512] = "";
  int64_t expires_us = 0;
  bool is_new = false;
  int status = make_member(request, member, &is_new);
  if (status == SRV_OK && is_new) {
    status = make_link(request, member->account_id, &expires_us, link, sizeof(link));
  }
  if (status != SRV_OK) return status;
  json_t *data = encode_with_account(request, member);
  json_object_set_new(data, "link", is_new ? json_string(link) : json_null());
  json_object_set_new(data, "expiresAt", srv_encode_time(expires_us));
  explicit_bzero(link, sizeof(link));
  return srv_answer_data(request, data);
}

/* Account, membership and link, all or none of them. */
int srv_create_member(struct srv_request *request) {
  struct srv_member member = {0};
  memcpy(member.organization_id, request->organization.id, sizeof(member.organization_id));
  int status = srv_request_require_unlimited(request);
  if (status == SRV_OK) status = read_member(request, &member);
  if (status != SRV_OK) return status;
  status = srv_core_transaction_begin(request->core);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  status = invite(request, &member);
  int ended = srv_core_transaction_end(request->core, status);
  if (status == SRV_OK && ended != SRV_OK) return srv_request_fail_core(request, ended);
  return status;
}

static int find_member(struct srv_request *request, struct srv_member *member) {
  int status = srv_core_find_member(request->core, request->organization.id,
                                    srv_path_argument(request, "member"), member);
  return srv_request_fail_core(request, status);
}

static int update_account(struct srv_request *request, const char *account_id) {
  struct srv_account account;
  int status = srv_core_get_account(request->core, account_id, &account);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  bool was_admin = account.server_admin;
  status = read_server_admin(request, &account);
  if (status != SRV_OK || was_admin == account.server_admin) return status;
  status = srv_core_update_account(request->core, &account);
  if (status == SRV_OK) {
    status = srv_core_end_sessions(request->core, account.id, request->principal.session_id);
  }
  return srv_request_fail_core(request, status);
}

static int update_both(struct srv_request *request, struct srv_member *member) {
  int status = update_account(request, member->account_id);
  if (status != SRV_OK) return status;
  return srv_request_fail_core(
      request, srv_core_update_member(request->core, member, request->principal.session_id));
}

int srv_update_member(struct srv_request *request) {
  struct srv_member member;
  int status = srv_request_require_unlimited(request);
  if (status == SRV_OK) status = find_member(request, &member);
  if (status == SRV_OK) status = read_member(request, &member);
  if (status == SRV_OK) {
    status = srv_request_fail_core(request, srv_core_transaction_begin(request->core));
  }
  if (status != SRV_OK) return status;
  status = update_both(request, &member);
  int ended = srv_core_transaction_end(request->core, status);
  if (status == SRV_OK) status = srv_request_fail_core(request, ended);
  if (status != SRV_OK) return status;
  return srv_answer_data(request, encode_with_account(request, &member));
}

int srv_delete_member(struct srv_request *request) {
  struct srv_member member;
  int status = find_member(request, &member);
  if (status != SRV_OK) return status;
  status = srv_core_delete_member(request->core, request->organization.id, member.id);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- links -------------------------------------------------------------------------------------
 */

struct reach {
  struct srv_request *request;
  bool beyond;
};

static void look_beyond(void *context, const void *row) {
  struct reach *reach = context;
  const struct srv_member *member = row;
  const struct srv_principal *principal = &reach->request->principal;
  if (srv_rights_role(principal, "", member->organization_id) < SRV_ROLE_ADMIN) {
    reach->beyond = true;
  }
}

/* A link is the account itself: whoever makes one must be an admin wherever that
 * account is a member, or it would be a way into other organisations. */
static int check_reach(struct srv_request *request, const char *account_id) {
  struct srv_account account;
  struct srv_query query = {0};
  struct reach reach = {.request = request};
  if (request->principal.server_role == SRV_ROLE_ADMIN) return SRV_OK;
  int status = srv_core_get_account(request->core, account_id, &account);
  srv_query_text(&query, "account_id", SRV_EQUALS, account_id);
  if (status == SRV_OK) {
    status = srv_core_list(request->core, SRV_MEMBER, &query, look_beyond, &reach, NULL);
  }
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  if (!account.server_admin && !reach.beyond) return SRV_OK;
  return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                          "this account is also at home where you are no admin: ask an admin of "
                          "the server for a link");
}

int srv_create_member_link(struct srv_request *request) {
  struct srv_member member;
  char link[512];
  int64_t expires_us = 0;
  int status = srv_request_require_unlimited(request);
  if (status == SRV_OK) status = find_member(request, &member);
  if (status == SRV_OK) status = check_reach(request, member.account_id);
  if (status == SRV_OK) {
    status = make_link(request, member.account_id, &expires_us, link, sizeof(link));
  }
  if (status != SRV_OK) return status;
  struct srv_account account = {0};
  srv_core_get_account(request->core, member.account_id, &account);
  srv_core_audit_note(request->core, "makeLink", "account", account.id, account.email, "");
  json_t *data = json_pack("{s:s, s:o}", "link", link, "expiresAt", srv_encode_time(expires_us));
  explicit_bzero(link, sizeof(link));
  return srv_answer_data(request, data);
}
