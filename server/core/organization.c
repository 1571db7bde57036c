/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/organization.h"

#include <stdlib.h>
#include <string.h>

#include "server/core/account.h"
#include "server/core/internal.h"
#include "server/core/session.h"

/* One write and its transaction. what: for the message when it is taken. */
static int write_row(struct srv_core *core, enum srv_kind kind, const void *row,
                     int (*write)(struct srv_store *, enum srv_kind, const void *),
                     const char *taken) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = write(core->store, kind, row);
  if (status == SRV_ERR_EXISTS) {
    srv_fail(core, status, "%s", taken);
  } else {
    srv_fail_store(core, status);
  }
  srv_forget_principals(core);
  return srv_transaction_end(core, status);
}

/* --- organisations ------------------------------------------------------------------- */

int srv_check_organization(struct srv_core *core, const char *organization_id) {
  struct srv_organization organization;
  return srv_get_by_id(core, SRV_ORGANIZATION, "", organization_id, &organization);
}

static int check_fields(struct srv_core *core, const struct srv_organization *organization) {
  int status = srv_check_slug(core, "organization id", organization->id);
  return status == SRV_OK ? srv_check_title(core, "organization", organization->name) : status;
}

int srv_core_create_organization(struct srv_core *core, struct srv_organization *organization) {
  int status = check_fields(core, organization);
  if (status != SRV_OK) return status;
  organization->created_us = organization->updated_us = srv_now_us(core);
  return write_row(core, SRV_ORGANIZATION, organization, core->store->ops->insert,
                   "there is an organization of that id already");
}

int srv_core_update_organization(struct srv_core *core, struct srv_organization *organization) {
  struct srv_organization old;
  int status = check_fields(core, organization);
  if (status == SRV_OK) status = srv_get_by_id(core, SRV_ORGANIZATION, "", organization->id, &old);
  if (status != SRV_OK) return status;
  organization->created_us = old.created_us;
  organization->updated_us = srv_now_us(core);
  return write_row(core, SRV_ORGANIZATION, organization, core->store->ops->update, "");
}

int srv_begin_organization(struct srv_core *core) {
  struct srv_organization organization;
  int status = srv_get_by_id(core, SRV_ORGANIZATION, "", SRV_DEFAULT_ORGANIZATION, &organization);
  if (status != SRV_OK || organization.created_us != 0) return status;
  organization.created_us = organization.updated_us = srv_now_us(core);
  return write_row(core, SRV_ORGANIZATION, &organization, core->store->ops->update, "");
}

int srv_core_delete_organization(struct srv_core *core, const char *id) {
  uint64_t projects = 0;
  int status = srv_check_organization(core, id);
  if (status == SRV_OK) {
    status = srv_count(core, SRV_PROJECT, "organization_id", SRV_EQUALS, id, &projects);
  }
  if (status != SRV_OK) return status;
  if (projects > 0) {
    return srv_fail(core, SRV_ERR_IN_USE, "the organization has %llu project%s: delete %s first",
                    (unsigned long long)projects, projects == 1 ? "" : "s",
                    projects == 1 ? "it" : "them");
  }
  if (strcmp(id, SRV_DEFAULT_ORGANIZATION) == 0) {
    return srv_fail(core, SRV_ERR_IN_USE,
                    "the organization \"%s\" stays: projects that name none go there", id);
  }
  struct srv_member_accounts accounts;
  status = srv_members_of(core, "organization_id", id, &accounts);
  if (status != SRV_OK) return status;
  status = srv_transaction_begin(core);
  if (status != SRV_OK) {
    free(accounts.id);
    return status;
  }
  status = srv_remove_by_id(core, SRV_ORGANIZATION, id);
  status = srv_members_gone(core, &accounts, status);
  return srv_transaction_end(core, status);
}

/* --- members -------------------------------------------------------------------------- */

int srv_core_find_member(struct srv_core *core, const char *organization_id, const char *id,
                         struct srv_member *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  srv_query_text(&query, "organization_id", SRV_EQUALS, organization_id);
  int status = core->store->ops->get(core->store, SRV_MEMBER, &query, out);
  if (status == SRV_ERR_NOT_FOUND) return srv_fail(core, status, "there is no member \"%s\"", id);
  return srv_fail_store(core, status);
}

static int check_member(struct srv_core *core, const struct srv_member *member) {
  struct srv_project project;
  if (member->role < SRV_ROLE_VIEWER || member->role > SRV_ROLE_ADMIN) {
    return srv_fail(core, SRV_ERR_INVALID, "role: must be viewer, operator or admin");
  }
  if (member->project_id[0] == 0) return SRV_OK;
  int status = srv_get_by_id(core, SRV_PROJECT, "", member->project_id, &project);
  bool elsewhere =
      status == SRV_OK && strcmp(project.organization_id, member->organization_id) != 0;
  if (status != SRV_ERR_NOT_FOUND && !elsewhere) return status;
  return srv_fail(core, SRV_ERR_INVALID, "projectId: the organization has no project \"%s\"",
                  member->project_id);
}

int srv_core_create_member(struct srv_core *core, struct srv_member *member) {
  struct srv_account account;
  uint64_t count = 0;
  int status = check_member(core, member);
  if (status == SRV_OK) status = srv_check_organization(core, member->organization_id);
  if (status == SRV_OK) status = srv_core_get_account(core, member->account_id, &account);
  if (status == SRV_OK) {
    status = srv_count(core, SRV_MEMBER, "account_id", SRV_EQUALS, member->account_id, &count);
  }
  if (status != SRV_OK) return status;
  if (count >= SRV_GRANTS_MAX) {
    return srv_fail(core, SRV_ERR_TOO_LARGE, "an account has at most %d memberships",
                    SRV_GRANTS_MAX);
  }
  srv_make_id(core, member->id);
  member->created_us = member->updated_us = srv_now_us(core);
  return write_row(core, SRV_MEMBER, member, core->store->ops->insert,
                   member->project_id[0] == 0 ? "is a member of the organization already"
                                              : "is a member of the project already");
}

/* Were it gone or less, would the organisation be without an admin? */
static int check_last_admin(struct srv_core *core, const struct srv_member *member) {
  struct srv_query query = {0};
  uint64_t admins = 0;
  if (member->role != SRV_ROLE_ADMIN || member->project_id[0] != 0) return SRV_OK;
  srv_query_text(&query, "organization_id", SRV_EQUALS, member->organization_id);
  srv_query_text(&query, "project_id", SRV_EQUALS, "");
  srv_query_number(&query, "role", SRV_EQUALS, SRV_ROLE_ADMIN);
  int status = srv_core_list(core, SRV_MEMBER, &query, NULL, NULL, &admins);
  if (status != SRV_OK || admins > 1) return status;
  return srv_fail(core, SRV_ERR_IN_USE,
                  "this is the last admin of the organization: make somebody else one first");
}

struct elsewhere {
  const char *organization_id;
  bool found;
};

static void look_elsewhere(void *context, const void *row) {
  struct elsewhere *elsewhere = context;
  const struct srv_member *member = row;
  if (strcmp(member->organization_id, elsewhere->organization_id) != 0) elsewhere->found = true;
}

/* Other rights hold with the next request in any case. To end the sessions as
 * well is for accounts that are at home here only: an admin of one organisation
 * must not be able to throw out those of another. */
static int end_sessions_here(struct srv_core *core, const struct srv_member *member,
                             const char *keep_session_id) {
  struct srv_account account;
  struct srv_query query = {0};
  struct elsewhere elsewhere = {.organization_id = member->organization_id};
  srv_query_text(&query, "account_id", SRV_EQUALS, member->account_id);
  int status = srv_core_get_account(core, member->account_id, &account);
  if (status == SRV_OK) {
    status = srv_core_list(core, SRV_MEMBER, &query, look_elsewhere, &elsewhere, NULL);
  }
  if (status != SRV_OK || elsewhere.found || account.server_admin) return status;
  return srv_core_end_sessions(core, member->account_id, keep_session_id);
}

int srv_core_update_member(struct srv_core *core, struct srv_member *member,
                           const char *keep_session_id) {
  struct srv_member old;
  int status = srv_core_find_member(core, member->organization_id, member->id, &old);
  if (status == SRV_OK) status = check_member(core, member);
  if (status != SRV_OK) return status;
  bool is_less = member->role != SRV_ROLE_ADMIN || member->project_id[0] != 0;
  if (is_less) status = check_last_admin(core, &old);
  if (status != SRV_OK) return status;
  memcpy(member->account_id, old.account_id, sizeof(member->account_id));
  member->created_us = old.created_us;
  member->updated_us = srv_now_us(core);
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = write_row(core, SRV_MEMBER, member, core->store->ops->update,
                     "has another membership of that project already");
  bool changed = old.role != member->role || strcmp(old.project_id, member->project_id) != 0;
  if (status == SRV_OK && changed) {
    status = end_sessions_here(core, member, keep_session_id);
  }
  return srv_transaction_end(core, status);
}

static void keep_account(void *context, const void *row) {
  struct srv_member_accounts *accounts = context;
  const struct srv_member *member = row;
  size_t size = (accounts->count + 1) * sizeof(accounts->id[0]);
  void *grown = accounts->out_of_memory ? NULL : realloc(accounts->id, size);
  accounts->out_of_memory = grown == NULL;
  if (grown == NULL) return;
  accounts->id = grown;
  memcpy(accounts->id[accounts->count++], member->account_id, sizeof(accounts->id[0]));
}

int srv_members_of(struct srv_core *core, const char *column, const char *id,
                   struct srv_member_accounts *out) {
  struct srv_query query = {0};
  *out = (struct srv_member_accounts){0};
  srv_query_text(&query, column, SRV_EQUALS, id);
  int status = srv_core_list(core, SRV_MEMBER, &query, keep_account, out, NULL);
  if (status == SRV_OK && out->out_of_memory) status = srv_fail_memory(core);
  if (status != SRV_OK) free(out->id);
  return status;
}

/* Who is a member nowhere any more has no business here. */
static int delete_lonely(struct srv_core *core, const char *account_id) {
  struct srv_account account;
  uint64_t count = 0;
  int status = srv_core_get_account(core, account_id, &account);
  if (status == SRV_OK) {
    status = srv_count(core, SRV_MEMBER, "account_id", SRV_EQUALS, account_id, &count);
  }
  if (status != SRV_OK || count > 0 || account.server_admin) return status;
  return srv_remove_by_id(core, SRV_ACCOUNT, account_id);
}

int srv_members_gone(struct srv_core *core, struct srv_member_accounts *accounts, int status) {
  for (size_t i = 0; i < accounts->count && status == SRV_OK; i++) {
    status = delete_lonely(core, accounts->id[i]);
    if (status == SRV_ERR_NOT_FOUND) status = SRV_OK; /* had two memberships there */
  }
  free(accounts->id);
  srv_forget_principals(core);
  return status;
}

int srv_core_delete_member(struct srv_core *core, const char *organization_id, const char *id) {
  struct srv_member member;
  int status = srv_core_find_member(core, organization_id, id, &member);
  if (status == SRV_OK) status = check_last_admin(core, &member);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_remove_by_id(core, SRV_MEMBER, id);
  if (status == SRV_OK) status = end_sessions_here(core, &member, "");
  if (status == SRV_OK) status = delete_lonely(core, member.account_id);
  srv_forget_principals(core);
  return srv_transaction_end(core, status);
}
