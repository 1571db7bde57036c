/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_SIGN_IN_H
#define SERVER_APP_SIGN_IN_H
/* The links that whoever runs the server can make: for the first admin, as long
 * as nobody has set a password, and for somebody who has lost theirs. */
#include <stdbool.h>
#include <stddef.h>

#include "server/core/objects.h"

#define SRV_SIGN_IN_LINK_MAX 512

/* The first admin's, until it is used; each start makes a new one, and the one
 * before is void. out "": somebody can sign in already. url: where the console
 * is found. */
int srv_sign_in_first(struct srv_core *core, const char *url, char out[SRV_SIGN_IN_LINK_MAX],
                      char error[SRV_ERROR_MAX]);
/* For the account of that e-mail, good for a day. SRV_ERR_NOT_FOUND: error says
 * which accounts there are. */
int srv_sign_in_new(struct srv_core *core, const char *url, const char *email,
                    char out[SRV_SIGN_IN_LINK_MAX], char error[SRV_ERROR_MAX]);
#endif
