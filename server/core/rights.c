/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/rights.h"

#include <string.h>

static const char *const role_names[] = {"none", "viewer", "operator", "admin"};

const char *srv_role_name(enum srv_role role) { return role_names[role]; }

bool srv_role_parse(const char *text, enum srv_role *out) {
  for (int role = SRV_ROLE_VIEWER; role <= SRV_ROLE_ADMIN; role++) {
    if (strcmp(text, role_names[role]) != 0) continue;
    *out = (enum srv_role)role;
    return true;
  }
  return false;
}

enum srv_role srv_role_needed(enum srv_right right) {
  switch (right) {
    case SRV_RIGHT_OPERATE:
      return SRV_ROLE_OPERATOR;
    case SRV_RIGHT_VIEW:
      return SRV_ROLE_VIEWER;
    case SRV_RIGHT_SELF:
    case SRV_RIGHT_OPEN:
      return SRV_ROLE_NONE;
    default:
      return SRV_ROLE_ADMIN;
  }
}

static bool covers(const struct srv_grant *grant, const char *project_id,
                   const char *organization_id) {
  if (grant->project_id[0] != 0) return strcmp(grant->project_id, project_id) == 0;
  return grant->organization_id[0] != 0 && strcmp(grant->organization_id, organization_id) == 0;
}

enum srv_role srv_rights_role(const struct srv_principal *principal, const char *project_id,
                              const char *organization_id) {
  enum srv_role role = principal->server_role;
  for (size_t i = 0; i < principal->grant_count; i++) {
    const struct srv_grant *grant = &principal->grant[i];
    if (grant->role > role && covers(grant, project_id, organization_id)) role = grant->role;
  }
  return role;
}

/* "devices" allows all of a group, "devices:read" to read it. */
static bool scope_allows(const char *scopes, const char *group, bool read_only) {
  size_t length = strlen(group);
  if (scopes[0] == 0) return true;
  for (const char *scope = scopes; *scope != 0;) {
    size_t size = strcspn(scope, ",");
    bool same = size >= length && strncmp(scope, group, length) == 0;
    if (same && size == length) return true;
    if (same && read_only && size == length + 5 && memcmp(scope + length, ":read", 5) == 0) {
      return true;
    }
    scope += size + (scope[size] == ',');
  }
  return false;
}

enum srv_verdict srv_rights_allow(const struct srv_principal *principal, enum srv_right right,
                                  const char *project_id, const char *organization_id,
                                  const char *group, bool read_only) {
  if (right == SRV_RIGHT_OPEN) return SRV_ALLOWED;
  if (principal->type == SRV_PRINCIPAL_NOBODY) return SRV_DENIED_STRANGER;
  if (!scope_allows(principal->scopes, group, read_only)) return SRV_DENIED_SCOPE;
  if (right == SRV_RIGHT_SELF) return SRV_ALLOWED;
  bool of_server = right == SRV_RIGHT_SERVER;
  enum srv_role role =
      srv_rights_role(principal, of_server ? "" : project_id, of_server ? "" : organization_id);
  /* What is the organisation's own is not for who has but one of its projects. */
  if (right == SRV_RIGHT_OWN && role == SRV_ROLE_ADMIN) {
    return srv_rights_role(principal, "", organization_id) == SRV_ROLE_ADMIN ? SRV_ALLOWED
                                                                             : SRV_DENIED_ROLE;
  }
  if (role >= srv_role_needed(right)) return SRV_ALLOWED;
  return role == SRV_ROLE_NONE && !of_server ? SRV_DENIED_PLACE : SRV_DENIED_ROLE;
}
