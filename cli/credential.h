/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H
/* Pre-shared keys of devices: used by `credential add` and `device create`. */
#include <jansson.h>
#include <stdbool.h>

struct cli_session;

/* Takes --psk-id and --psk of the command, makes up what is not given, and
 * posts the credential. `fresh`: the device was made just now and has none.
 * *credential is the server's object, with "preSharedKey" in any case. */
int cli_credential_create(struct cli_session *session, const json_t *device, bool fresh,
                          json_t **credential);
/* Identity and key, and that the key is not shown again. */
void cli_credential_print(struct cli_session *session, const json_t *credential);
#endif
