/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_ORGANIZATION_H
#define SERVER_CORE_ORGANIZATION_H
/* Organisations and who is a member of them. As objects.h: one loop, each write
 * one transaction, the reason of a failure in srv_core_error.
 *
 * A member is an account with a role, in every project of the organisation or in
 * one. The last admin of an organisation stays one, so that nobody is locked
 * out: SRV_ERR_IN_USE. An account that is a member nowhere any more goes, unless
 * it is an admin of the server. */
#include "server/core/objects.h"
#include "server/core/rights.h"

int srv_core_create_organization(struct srv_core *core, struct srv_organization *organization);
int srv_core_update_organization(struct srv_core *core, struct srv_organization *organization);
/* SRV_ERR_IN_USE while it has projects, and for "default", where projects go
 * that name none. */
int srv_core_delete_organization(struct srv_core *core, const char *id);

/* SRV_ERR_EXISTS: is one already, there. SRV_ERR_INVALID: no such role, or the
 * project is in another organisation. */
int srv_core_create_member(struct srv_core *core, struct srv_member *member);
/* Role and project. Another role ends the account's sessions but the one of
 * keep_session_id ("" none), unless it is also a member elsewhere or an admin of
 * the server: those only have other rights from then on. Likewise delete. */
int srv_core_update_member(struct srv_core *core, struct srv_member *member,
                           const char *keep_session_id);
int srv_core_delete_member(struct srv_core *core, const char *organization_id, const char *id);
/* SRV_ERR_NOT_FOUND also when it is another organisation's. */
int srv_core_find_member(struct srv_core *core, const char *organization_id, const char *id,
                         struct srv_member *out);
#endif
