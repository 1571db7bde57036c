/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEY_MESSAGE_H
#define CLI_KEY_MESSAGE_H
/* Signed messages of both kinds (wire/statement.h, wire/keyset.h), made and
 * looked into without a server. */
#include <jansson.h>

#include "cli/key_store.h"
#include "wire/keyset.h"
#include "wire/statement.h"

struct cli_message {
  uint8_t bytes[GW_SIGN1_SIZE_MAX];
  size_t size;
  struct gw_sign1 sign1; /* borrows bytes */
  bool is_keyset;
  struct gw_statement statement; /* or */
  struct gw_keyset keyset;
};

int cli_message_sign_statement(const struct cli_key *key, const struct gw_statement *statement,
                               struct cli_message *out);
int cli_message_sign_keyset(const struct cli_key *key, const struct gw_keyset *keyset,
                            struct cli_message *out);
/* name: for the error. */
int cli_message_parse(struct cli_session *session, const char *name, const void *data, size_t size,
                      struct cli_message *out);
int cli_message_read(struct cli_session *session, const char *path, struct cli_message *out);
int cli_message_write(struct cli_session *session, const char *path,
                      const struct cli_message *message);
bool cli_message_is_by(const struct cli_message *message, const uint8_t point[GW_KEY_SIZE]);

/* What --package, --version, --sequence, --floor and --project say, of those
 * bytes. sequence: the seconds since 1970 where it is not given. */
int cli_statement_of(struct cli_session *session, const char *package, const char *version,
                     const void *bytes, size_t size, struct gw_statement *out);
int cli_number_option(struct cli_session *session, const char *name, uint32_t *out);
int cli_project_option(struct cli_session *session, char out[GW_PROJECT_MAX + 1]);

/* What it says, for people or as JSON. */
json_t *cli_message_json(const struct cli_message *message);
void cli_message_print(struct cli_session *session, const struct cli_message *message);

/* As messages travel in JSON. */
json_t *cli_message_base64(const struct cli_message *message);
int cli_message_from_base64(struct cli_session *session, const char *text, struct cli_message *out);
#endif
