/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_ACCOUNT_H
#define SERVER_CORE_ACCOUNT_H
/* Accounts: people, and by what they are known: password, one-time codes,
 * recovery codes. What takes time (hashing a password) is password.h's, on a
 * thread of its own; here are its results. As objects.h: one loop, each write
 * one transaction, the reason of a failure in srv_core_error. */
#include "server/core/objects.h"

/* E-mails are compared in lower case; made so here. SRV_ERR_EXISTS. */
int srv_core_create_account(struct srv_core *core, struct srv_account *account);
/* SRV_ERR_IN_USE: the last admin of the server stays one. */
int srv_core_update_account(struct srv_core *core, struct srv_account *account);
int srv_core_find_account(struct srv_core *core, const char *email, struct srv_account *out);
int srv_core_get_account(struct srv_core *core, const char *id, struct srv_account *out);
/* The caller wipes it. */
int srv_core_get_login(struct srv_core *core, const char *account_id, struct srv_login *out);
/* Nobody can sign in with a password yet. */
int srv_core_needs_setup(struct srv_core *core, bool *out);
/* The admin with whom a new server begins: the only account there is, or one
 * that is made, "admin@localhost". Only while srv_core_needs_setup. */
int srv_core_first_admin(struct srv_core *core, struct srv_account *out);

/* hash: what srv_password_hash made. Ends the account's sessions but the one of
 * keep_session_id. */
int srv_core_set_password(struct srv_core *core, const char *account_id, const char *hash,
                          const char *keep_session_id);

/* --- one-time codes ------------------------------------------------------- */

#define SRV_TOTP_TEXT_SIZE 33           /* of the secret in base32, with its NUL */
#define SRV_RECOVERY_CODE_SIZE (19 + 1) /* "abcd-efgh-ijkl-mnop": 80 random bits */

/* Makes a secret, which counts when the first code confirms it.
 * SRV_ERR_IN_USE: there is one that counts. */
int srv_core_begin_totp(struct srv_core *core, const char *account_id,
                        char secret[SRV_TOTP_TEXT_SIZE]);
/* SRV_ERR_FORBIDDEN: the code is wrong. codes come back once. */
int srv_core_confirm_totp(struct srv_core *core, const char *account_id, const char *code,
                          char codes[SRV_RECOVERY_CODES][SRV_RECOVERY_CODE_SIZE]);
int srv_core_end_totp(struct srv_core *core, const char *account_id);
/* SRV_OK also when the account has no codes. SRV_ERR_FORBIDDEN: wrong, used
 * before, or none given. A recovery code does as well, once. */
int srv_core_check_code(struct srv_core *core, const char *account_id, const char *code);

/* --- how often one may guess (throttle.h) --------------------------------- */

/* May somebody at that address try to sign in with that e-mail? 0, and the try
 * counts as failed until it is said to be good; or seconds to wait. */
unsigned srv_core_sign_in_wait_s(struct srv_core *core, const char *email, const char *address);
void srv_core_sign_in_good(struct srv_core *core, const char *email, const char *address);
#endif
