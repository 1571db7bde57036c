/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEY_H
#define CLI_KEY_H
/* Signing as `artifact upload` and `artifact sign` do it. */
#include <jansson.h>

#include "cli/key_message.h"

/* By the key of that option, as the other options say. */
int cli_sign_bytes(struct cli_session *session, const char *key_option, const char *package,
                   const char *version, const void *bytes, size_t size, struct cli_message *out);
/* Puts it beside the artifact; *data is what the server says of it. */
int cli_put_signature(struct cli_session *session, const char *artifact_id,
                      const struct cli_message *message, json_t **data);
#endif
