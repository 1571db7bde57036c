/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_API_H
#define CLI_API_H
/* The REST API as commands use it: JSON in, JSON out, errors printed in the
 * server's words. All functions return an exit code; the JSON they give is the
 * caller's to json_decref, and NULL unless they return CLI_OK. */
#include <jansson.h>
#include <stdbool.h>

#include "cli/http.h"
#include "cli/session.h"

/* An address is put together piece by piece; what does not fit makes the call
 * fail before anything is sent. */
struct cli_address {
  char text[4096];
  size_t length;
  bool overflow;
  bool has_query;
};
/* "/v1/projects/{project}" + collection, e.g. "/devices". */
void cli_address_init(struct cli_address *address, const struct cli_session *session,
                      const char *collection);
/* "/v1/" + plain text, for what is in no project. */
void cli_address_init_plain(struct cli_address *address, const char *text);
void cli_address_step(struct cli_address *address, const char *segment); /* "/" + escaped */
void cli_address_plain(struct cli_address *address, const char *text);   /* as it is */
/* "?name=value" or "&name=value", escaped; nothing for NULL. */
void cli_address_query(struct cli_address *address, const char *name, const char *value);

/* One object: the reply's "data". */
int cli_api_get(struct cli_session *session, const struct cli_address *address, json_t **data);
/* The whole reply, where more than "data" or "list" counts. */
int cli_api_document(struct cli_session *session, const struct cli_address *address,
                     json_t **document);
/* Whatever the server answers, its text; the caller's to free. `bytes` may be
 * NULL. */
int cli_api_raw(struct cli_session *session, const char *method, const struct cli_address *address,
                const void *bytes, size_t size, const char *content_type, char **reply);
/* A reply that has no end: take is given its pieces as they come, and ends it by
 * returning false. */
int cli_api_stream(struct cli_session *session, const struct cli_address *address,
                   bool (*take)(void *context, const char *data, size_t size), void *context);
/* POST, PATCH, ... ; takes `body` (may be NULL). *data is a JSON null where the
 * reply has none. */
int cli_api_send(struct cli_session *session, const char *method, const struct cli_address *address,
                 json_t *body, json_t **data);
int cli_api_delete(struct cli_session *session, const struct cli_address *address);
/* Signs in: the session of the reply and its CSRF token become the config's.
 * *reason: "code" when the account wants a code; the refusal is then not
 * printed. Takes `body`. */
int cli_api_sign_in(struct cli_session *session, const char *route, json_t *body, char reason[16]);
/* The same as the last step of a command: asks first (cli_confirm), says so
 * afterwards; with --json the empty object. */
int cli_delete(struct cli_session *session, const struct cli_address *address, const char *what,
               const char *name);
/* The whole list, page after page. */
int cli_api_list(struct cli_session *session, const struct cli_address *address, json_t **list);
/* The reply's "list" and no further page. */
int cli_api_page(struct cli_session *session, const struct cli_address *address, json_t **list);
/* The whole list as a table, or with --json as it is. A command's last step. */
enum cli_cell {
  CLI_CELL_TEXT, /* true and false are yes and no */
  CLI_CELL_TIME,
  CLI_CELL_DIGEST, /* its beginning */
};
struct cli_column {
  const char *heading; /* NULL ends the columns */
  const char *member;
  enum cli_cell cell;
};
int cli_list(struct cli_session *session, const struct cli_address *address,
             const struct cli_column *columns);
/* Likewise the newest `limit` of a list (as text; NULL: 50). */
int cli_list_newest(struct cli_session *session, const struct cli_address *address,
                    const char *limit, const struct cli_column *columns);
/* One object as facts, those that it has, or with --json as it is. Takes `data`. */
int cli_record(struct cli_session *session, json_t *data, const struct cli_column *columns);
/* cli_api_send, then cli_record. */
int cli_send_and_show(struct cli_session *session, const char *method,
                      const struct cli_address *address, json_t *body,
                      const struct cli_column *columns);
/* A string member where the option was given. */
void cli_body_option(struct cli_session *session, json_t *body, const char *member,
                     const char *option);
/* Sends bytes as they are, with a progress bar. */
int cli_api_upload(struct cli_session *session, const struct cli_address *address,
                   const void *bytes, size_t size, json_t **data);
/* Writes the reply's bytes to `sink`. */
int cli_api_download(struct cli_session *session, const struct cli_address *address, FILE *sink,
                     size_t *size);
/* Likewise, of what has no size but a number of things: the bar shows those
 * that `count` sees in what has come. */
int cli_api_download_counted(struct cli_session *session, const struct cli_address *address,
                             FILE *sink, long long (*count)(void *context), void *context,
                             const char *counted);
/* Likewise into a file, which gets its name when it is whole. expected: its
 * size, or -1 when that is not known before. */
int cli_api_download_file(struct cli_session *session, const struct cli_address *address,
                          const char *path, long long expected);

/* --- objects by name ------------------------------------------------------ */

/* What a command's words name. */
struct cli_kind {
  const char *what;       /* "device" */
  const char *collection; /* "/devices" */
  const char *filter;     /* query that narrows the list to a name, NULL for none */
  const char *create;     /* how one is made, for "there is no ..." */
};
extern const struct cli_kind cli_kind_device, cli_kind_blueprint, cli_kind_tag, cli_kind_api_key;

/* The object with this name or id. */
int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *name_or_id,
             json_t **object);
/* Its id only, copied. */
#define CLI_ID_MAX 64
int cli_find_id(struct cli_session *session, const struct cli_kind *kind, const char *name_or_id,
                char id[CLI_ID_MAX + 1]);
/* The ids of each --option given, as a JSON array. */
int cli_find_options(struct cli_session *session, const struct cli_kind *kind, const char *option,
                     json_t **ids);
/* "model@1.0.0" or an id. blueprint_id ("" for none) tells apart artifacts that
 * differ in it only; NULL where it does not matter. */
int cli_find_artifact(struct cli_session *session, const char *text, const char *blueprint_id,
                      json_t **artifact);
/* A release by id, by name, or by sequence number. */
int cli_find_release(struct cli_session *session, const char *text, json_t **release);

/* The project's objects that others refer to, to show names instead of ids. */
struct cli_names {
  json_t *blueprints, *tags;
  json_t *artifacts; /* NULL when not loaded */
};
/* To be freed after a failure, too. */
int cli_names_load(struct cli_session *session, struct cli_names *names);
int cli_names_load_with_artifacts(struct cli_session *session, struct cli_names *names);
void cli_names_free(struct cli_names *names);

/* --- reading what came ---------------------------------------------------- */

/* A member as text: strings as they are, "" for what is absent. Borrowed. */
const char *cli_text(const json_t *object, const char *member);
/* The name of the object with that id in a list; the id when it has none. */
const char *cli_name_in(const json_t *list, const char *id);
/* "a, b" of an array of ids, by the names in `list` (NULL: of the texts). */
const char *cli_join(char *out, size_t size, const json_t *ids, const json_t *list);
/* "model@1.0.0, ..." of an array of artifact ids. */
const char *cli_join_artifacts(char *out, size_t size, const json_t *ids, const json_t *artifacts);
#endif
