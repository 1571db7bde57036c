/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_SESSION_H
#define SERVER_CORE_SESSION_H
/* Who is asking: sessions of browsers, links that sign in once, API keys. The
 * texts are random and known by their SHA-256 only. Whom a text stands for is
 * remembered in memory until something changes that it depends on, so that a
 * request costs a hash and no look-up. One loop. */
#include "server/core/objects.h"
#include "server/core/rights.h"

#define SRV_SESSION_IDLE_US (INT64_C(12) * 3600 * 1000000)
#define SRV_SESSION_LIFE_US (INT64_C(30) * 24 * 3600 * 1000000)
#define SRV_LINK_LIFE_US (INT64_C(24) * 3600 * 1000000)

/* SRV_ERR_FORBIDDEN: unknown, disabled, expired. address: where it came from, and
 * it counts as a use; NULL: it is only asked whether it still holds. */
int srv_core_identify_api_key(struct srv_core *core, const char *text, const char *address,
                              struct srv_principal *out);
/* The same for a cookie. session may be NULL. */
int srv_core_identify_session(struct srv_core *core, const char *token, const char *address,
                              struct srv_principal *out, struct srv_session *session);
/* token comes back once. address and user_agent are for the account's owner to
 * read. */
int srv_core_create_session(struct srv_core *core, const char *account_id, bool by_link,
                            const char *address, const char *user_agent,
                            char token[SRV_TOKEN_LENGTH + 1], struct srv_session *out);
/* SRV_ERR_NOT_FOUND: the account has no such session. */
int srv_core_end_session(struct srv_core *core, const char *account_id, const char *id);
/* All but one; keep_id "": all. */
int srv_core_end_sessions(struct srv_core *core, const char *account_id, const char *keep_id);
/* What a request that changes something must carry beside the cookie: a page of
 * another site cannot read it. HMAC-SHA-256 of the cookie's token, in hex. */
void srv_session_csrf(const char *token, char csrf[SRV_TOKEN_LENGTH + 1]);

/* The account's earlier link ends. life_us 0: until used. */
int srv_core_create_link(struct srv_core *core, const char *account_id, int64_t life_us,
                         char token[SRV_TOKEN_LENGTH + 1], struct srv_link *out);
/* Uses it up. SRV_ERR_FORBIDDEN: used, expired, or never made. */
int srv_core_use_link(struct srv_core *core, const char *token, struct srv_account *out);
#endif
