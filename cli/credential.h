/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H
/* Pre-shared keys of devices: used by `credential add` and `device create`. */
#include <jansson.h>

struct cli_session;

/* Puts --psk-id and --psk of the command into a request's body, as far as they
 * are given. */
int cli_credential_options(struct cli_session *session, json_t *body);
/* Identity and key, and that the key is not shown again. */
void cli_credential_print(struct cli_session *session, const json_t *credential);
#endif
