/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_RIGHTS_H
#define SERVER_CORE_RIGHTS_H
/* Who may do what: one function over plain data, no look-ups. Who somebody is
 * (session, API key) is found out in session.h and objects.h; which right a
 * route needs stands in its row of rest/routes.c; docs/spec/rights.md lists the
 * result. Nothing here allocates or keeps anything. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/core/limits.h"

enum srv_role {
  SRV_ROLE_NONE,
  SRV_ROLE_VIEWER,   /* reads */
  SRV_ROLE_OPERATOR, /* and changes devices, artifacts, releases, settings... */
  SRV_ROLE_ADMIN,    /* and credentials, certificates, API keys, members, the audit log */
};

/* What a route needs. Zero is the narrowest, so that a row which says nothing
 * is closed. */
enum srv_right {
  SRV_RIGHT_SERVER,  /* an admin of the whole server */
  SRV_RIGHT_OWN,     /* an admin of the organisation, not of one project in it */
  SRV_RIGHT_ADMIN,   /* of the project of the path; where it has none, of its organisation */
  SRV_RIGHT_OPERATE, /* likewise */
  SRV_RIGHT_VIEW,    /* likewise */
  SRV_RIGHT_SELF,    /* whoever is signed in; the handler shows each what is theirs */
  SRV_RIGHT_OPEN,    /* anybody */
};

enum srv_principal_type { SRV_PRINCIPAL_NOBODY, SRV_PRINCIPAL_ACCOUNT, SRV_PRINCIPAL_API_KEY };

/* A role in one project, or in every project of an organisation. */
struct srv_grant {
  char organization_id[SRV_NAME_MAX + 1]; /* "" in an API key's: its project says enough */
  char project_id[SRV_NAME_MAX + 1];      /* "": all of the organisation */
  enum srv_role role;
};

/* Who asks. Zeroed: a stranger. */
struct srv_principal {
  enum srv_principal_type type;
  char id[SRV_ID_LENGTH + 1];         /* of the account or API key */
  char name[SRV_EMAIL_MAX + 1];       /* of the key; the account's e-mail */
  char session_id[SRV_ID_LENGTH + 1]; /* of an account */
  char address[SRV_ADDRESS_MAX + 1];  /* where the request came from; "" not known */
  enum srv_role server_role;          /* everywhere: server admins, API keys of the server */
  char scopes[SRV_SCOPES_MAX + 1];    /* of an API key: "devices,artifacts:read"; "": all */
  size_t grant_count;
  struct srv_grant grant[SRV_GRANTS_MAX];
};

/* The role in a project (with its organisation), or with project_id "" in all of
 * an organisation. */
enum srv_role srv_rights_role(const struct srv_principal *principal, const char *project_id,
                              const char *organization_id);

enum srv_verdict {
  SRV_ALLOWED,
  SRV_DENIED_STRANGER, /* nobody in particular: 401 */
  SRV_DENIED_SCOPE,    /* the API key's scopes leave this group out: 403 */
  SRV_DENIED_PLACE,    /* has no role there: whether it exists is not told */
  SRV_DENIED_ROLE,     /* has one, but a lesser one than is needed: 403 */
};
/* group: the route's heading; read_only: the method is GET or HEAD. project_id and
 * organization_id: "" where the route has none. */
enum srv_verdict srv_rights_allow(const struct srv_principal *principal, enum srv_right right,
                                  const char *project_id, const char *organization_id,
                                  const char *group, bool read_only);

const char *srv_role_name(enum srv_role role); /* "viewer"...; "none" */
/* False: there is no such role. */
bool srv_role_parse(const char *text, enum srv_role *out);
/* The role that a right asks for; SRV_ROLE_NONE for SELF and OPEN. */
enum srv_role srv_role_needed(enum srv_right right);
#endif
