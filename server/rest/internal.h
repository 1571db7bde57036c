/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_INTERNAL_H
#define SERVER_REST_INTERNAL_H
/* What the files of rest/ share; nobody else (but their tests) includes it.
 * A request runs route -> handler -> answer without knowing of sockets:
 * http.c feeds it from libmicrohttpd, tests and fuzzers from memory. */
#include <jansson.h>

#include "server/core/changes.h"
#include "server/core/objects.h"
#include "server/core/password.h"
#include "server/core/rights.h"
#include "server/core/session.h"
#include "server/gateway/gateway.h"
#include "server/rest/rest.h"
#include "server/rest/schema.h"

#define SRV_SEGMENTS_MAX 24         /* of a path: six, then as deep as a device's state goes */
#define SRV_SEGMENT_MAX 192         /* bytes of one, decoded: an id, a name, an identity */
#define SRV_SCOPES_PER_KEY 32       /* of one API key: more than there are groups */
#define SRV_QUERY_MAX 32            /* parameters of one request */
#define SRV_QUERY_VALUE_MAX 2499    /* a hundred ids, separated by commas */
#define SRV_REST_OF_PATH_MAX 1023   /* of the segments that {path...} stands for, joined */
#define SRV_BODY_MAX (1024u * 1024) /* a JSON body; artifacts have their own limit */

#define SRV_BODY_VALUES_MAX 50000 /* of a JSON body: lists of a few hundred are what is meant */

/* --- declared in data ---------------------------------------------------------- */

enum srv_field_type {
  SRV_FIELD_TEXT,
  SRV_FIELD_BOOL,
  SRV_FIELD_TEXTS,
  SRV_FIELD_NUMBER,
  SRV_FIELD_LIST, /* of anything */
  SRV_FIELD_OBJECT,
  SRV_FIELD_ANY,
};

/* A member of a JSON body. Members that no route knows are ignored, so that
 * clients of other servers with these shapes work. */
struct srv_field {
  const char *name; /* NULL ends a list */
  enum srv_field_type type;
  bool required;
  const char *summary;
};

enum srv_parameter_type {
  SRV_PARAMETER_TEXT,
  SRV_PARAMETER_NUMBER,
  SRV_PARAMETER_BOOL,
  SRV_PARAMETER_TIME,   /* RFC 3339 */
  SRV_PARAMETER_STATE,  /* name or number of enum gw_ota_state */
  SRV_PARAMETER_REASON, /* name or number of enum gw_ota_reason */
  SRV_PARAMETER_LEVEL,  /* name or number of enum srv_device_log_level */
  SRV_PARAMETER_SHARE,  /* 0 to 1; a column of permille */
};

/* A query parameter; with a column it is a condition of a list. */
struct srv_parameter {
  const char *name; /* NULL ends a list */
  enum srv_parameter_type type;
  const char *summary;
  const char *column; /* NULL: read by the handler */
  enum srv_match match;
  enum srv_kind resolve; /* names of this kind become ids; SRV_KIND_COUNT: as it is */
};

enum srv_route_flags {
  SRV_ROUTE_UPLOAD = 4, /* the body is the artifact itself */
  SRV_ROUTE_BIG = 8,    /* a JSON body that holds an artifact */
  SRV_ROUTE_VALUE = 16, /* the body is one JSON value of any type */
  SRV_ROUTE_BYTES = 32, /* the answer is bytes, not JSON */
  SRV_ROUTE_COSE = 64,  /* the body may also be application/cose: the member "signature" */
};

struct srv_request;
struct srv_route {
  const char *method;
  /* "/v1/projects/{project}/devices/{device}"; a last "{path...}" stands for one
   * segment or more. */
  const char *path;
  int (*handle)(struct srv_request *request); /* status; then the answer or the error is set */
  const char *group;                          /* heading in documents */
  const char *summary;                        /* one line */
  const struct srv_field *body;               /* NULL: takes none */
  const struct srv_parameter *parameters;     /* NULL: none */
  enum srv_kind kind; /* what the answer holds; SRV_KIND_COUNT: something else */
  bool is_list;
  unsigned flags;
  enum srv_right right;
};
extern const struct srv_route srv_routes[];
extern const size_t srv_route_count;

/* --- a request -------------------------------------------------------------------- */

/* An answer that is made while it is sent. read: bytes written to out, 0 at the
 * end, -1 when it cannot go on: the client sees its answer cut off. */
struct srv_answer_stream {
  long (*read)(void *context, char *out, size_t size);
  void (*close)(void *context);
  void *context; /* NULL: no such answer */
  int64_t count; /* how many things it holds, for a progress bar; -1: not known */
  /* Not NULL: it never ends by itself, and read may return SRV_STREAM_WAIT. wake
   * is called once, when there is something to read; NULL: not any more. */
  void (*wait)(void *context, void (*wake)(void *wake_context), void *wake_context);
};
#define SRV_STREAM_WAIT (-2L)

struct srv_pair {
  const char *name;
  const char *value; /* decoded */
};

/* What a client came in with, to ask again later whether it still may. Secret:
 * wiped by who keeps it. */
struct srv_pass {
  char key[SRV_API_KEY_LENGTH + 1]; /* "": none */
  char token[SRV_TOKEN_LENGTH + 1]; /* of the session's cookie; "": none */
};

/* What a request's head says of its sender. Borrowed; NULL: it says nothing. */
struct srv_head {
  const char *cookie;  /* the whole header */
  const char *csrf;    /* x-csrf-token */
  const char *address; /* of the client, as text */
  const char *user_agent;
  const char *fetch_site; /* sec-fetch-site: from which page a browser asks */
  const char *host;       /* "models.example.com:8080" */
  bool is_secure;         /* by TLS, here or at the proxy */
};

struct srv_live;
struct srv_tls_facts;
struct srv_rest_context {
  struct srv_core *core;
  const struct srv_tls_facts *tls; /* what new connections get; NULL: plain HTTP */
  struct srv_live *live;           /* live.h; NULL: events are not told */
  struct srv_passwords *passwords; /* NULL: they are hashed while the caller waits */
  const char *public_url;          /* "https://models.example.com", for links; NULL: not said */
  const char *version;
  int64_t started_us;          /* wall clock */
  int64_t started_monotonic_s; /* for the uptime */
  void (*gateway_stats)(void *context, struct srv_gateway_stats *out);
  void *gateway_context;
  struct srv_rest_virtual_devices virtual_devices;
  bool (*example)(size_t index, struct srv_rest_example *out); /* NULL: none */
};

struct srv_request {
  const struct srv_rest_context *context;
  struct srv_core *core;
  const struct srv_route *route; /* NULL: none fits */
  bool path_known;               /* then another method would have fitted */
  bool is_tls; /* it came by TLS, to us or to the proxy before us: cookies are Secure */
  size_t segment_count;
  char segment[SRV_SEGMENTS_MAX][SRV_SEGMENT_MAX + 1];
  char rest_of_path[SRV_REST_OF_PATH_MAX + 1];
  size_t query_count;
  struct srv_pair query[SRV_QUERY_MAX]; /* borrowed */
  struct srv_head head;
  const char *api_key;                  /* borrowed; NULL: none was sent */
  struct srv_principal principal;       /* who asks */
  struct srv_pass pass;                 /* by what it is known */
  struct srv_session session;           /* of an account's cookie */
  struct srv_project project;           /* of the path, when it has one */
  struct srv_organization organization; /* likewise */
  char within[SRV_NAME_MAX + 1];        /* /v1/organizations/{this}/projects/...; "": not so */
  json_t *body;                         /* an object (SRV_ROUTE_VALUE: any value), or NULL */
  struct srv_upload *upload;            /* SRV_ROUTE_UPLOAD: what has come so far */

  const char *if_match, *if_none_match; /* headers, borrowed; NULL: absent */
  char etag[24];                        /* of the object that is answered; "": none */
  char object_id[SRV_NAME_MAX + 1];     /* that If-Match was held against */

  int http_status; /* of the answer or the error */
  json_t *answer;  /* a document, or NULL with a blob or a stream */
  bool has_blob;
  struct srv_blob_view blob; /* to be sent as it is */
  struct srv_answer_stream stream;
  char bytes_type[SRV_CONTENT_TYPE_MAX + 1]; /* of a blob or stream; "": octets */
  char bytes_name[128];                      /* what to save it as */
  /* A device is being asked: the answer comes later, and wake is called then.
   * srv_request_end takes the question back. */
  bool waiting;
  char rpc_id[SRV_ID_LENGTH + 1];
  void (*wake)(void *context);
  void *wake_context;
  /* Or a password is being hashed; then goes on with what came of it. */
  unsigned long password_ticket;
  int (*then)(struct srv_request *request, const struct srv_password_job *job);
  char set_cookie[192];      /* a header of the answer; "": none */
  unsigned retry_after_s;    /* likewise; 0: none */
  char error[SRV_ERROR_MAX]; /* "" while all is well */
  int error_code;            /* gRPC's number, as clients of the original expect */
  char error_field[64];      /* the member or parameter that was wrong */
  json_t *error_detail;      /* more for programs, or NULL */
};

/* request.c. method "HEAD" is routed as GET. url: the path, not yet decoded. */
void srv_request_begin(struct srv_request *request, const struct srv_rest_context *context,
                       const char *method, const char *url);
/* Name and value not yet decoded; kept by reference and decoded in place. */
int srv_request_add_query(struct srv_request *request, char *name, char *value);
/* Route known, key right, project there? key: the header's text or NULL. To be
 * called after all query parameters. A failure is final: see http_status. */
int srv_request_authorize(struct srv_request *request, const char *key);
/* The same with what another request came in with. */
int srv_request_enter(struct srv_request *request, const struct srv_pass *pass);
/* Once its body has come, which takes as long as its sender likes: may it still? */
int srv_request_enter_again(struct srv_request *request);
/* For handlers of SELF routes, whose project stands elsewhere than in the path:
 * may the principal do that in that project? */
int srv_request_require(struct srv_request *request, enum srv_right right, const char *project_id);
/* For OPEN routes that answer each with what is theirs: who is it? A stranger is
 * nobody, and no error. */
void srv_request_identify(struct srv_request *request);
/* Hands the job to the thread (password.h), or does it here; then is called with
 * what came of it, with the actor set as in a handler. */
int srv_request_hash(struct srv_request *request, struct srv_password_job *job,
                     int (*then)(struct srv_request *request, const struct srv_password_job *job));
/* Who changes things from now on, for the audit log. */
void srv_request_set_actor(struct srv_request *request);
/* The same of an organisation. */
int srv_request_require_of(struct srv_request *request, enum srv_right right,
                           const char *organization_id);
/* What an API key may not do, or not for long, it cannot have another key or a
 * person do: one with scopes or an expiry is refused. */
int srv_request_require_unlimited(struct srv_request *request);
/* "devices" or "devices:read": of a group that routes have. */
bool srv_is_scope(const char *text);
/* Takes the whole JSON body. */
int srv_request_set_body(struct srv_request *request, const void *data, size_t size);
/* Checks the body's members against the route's and runs the handler. */
int srv_request_run(struct srv_request *request);
/* The document to send: the answer, or the error object. The caller's. */
json_t *srv_request_take_document(struct srv_request *request);
/* Gives everything back, an unfinished upload too. */
void srv_request_end(struct srv_request *request);

/* Percent-decoding in place; false on a bad sequence or an encoded NUL. */
bool srv_url_decode(char *text);
/* 2026-11-22T09:00:00Z, with fraction and offset as in RFC 3339. */
bool srv_time_parse(const char *text, int64_t *out_us);

/* Keeps a message (and HTTP status by the status code) and returns status. */
int srv_request_fail(struct srv_request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* With an HTTP status that no srv_status has. */
int srv_request_fail_http(struct srv_request *request, int http_status, int code,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The core's last words. */
int srv_request_fail_core(struct srv_request *request, int status);

/* --- for handlers -------------------------------------------------------------------- */

/* Decoded segment of the path that the route calls {name}; of "{name...}" the
 * segments joined by '/'. */
const char *srv_path_argument(const struct srv_request *request, const char *name);
/* NULL when absent. */
const char *srv_query_value(const struct srv_request *request, const char *name);

bool srv_body_has(const struct srv_request *request, const char *name);
/* Leave out untouched when the member is absent; null is "". SRV_ERR_INVALID
 * when it is longer than size - 1 bytes. */
int srv_body_text(struct srv_request *request, const char *name, char *out, size_t size);
int srv_body_bool(struct srv_request *request, const char *name, bool *out);
/* A whole number from 0 to 2^31 - 1. */
int srv_body_number(struct srv_request *request, const char *name, uint32_t *out);
/* The member as JSON text, at most size - 1 bytes of it. */
int srv_body_json(struct srv_request *request, const char *name, char *out, size_t size);
/* count elements of size bytes each, at most max. */
int srv_body_texts(struct srv_request *request, const char *name, char *out, size_t size,
                   size_t max, size_t *count);
/* The same with names or ids of a kind, which become ids. */
int srv_body_reference(struct srv_request *request, const char *name, enum srv_kind kind,
                       char out[SRV_ID_LENGTH + 1]);
int srv_body_references(struct srv_request *request, const char *name, enum srv_kind kind,
                        char *out, size_t max, size_t *count);
/* Adds to or takes from a list what the member names. */
int srv_body_add(struct srv_request *request, const char *name, enum srv_kind kind, char *list,
                 size_t size, size_t max, size_t *count);
int srv_body_remove(struct srv_request *request, const char *name, enum srv_kind kind, char *list,
                    size_t size, size_t *count);
/* Id or name to id. field: for the message. */
int srv_resolve(struct srv_request *request, enum srv_kind kind, const char *text,
                const char *field, char out[SRV_ID_LENGTH + 1]);

/* The object that the path names. */
int srv_find_of_path(struct srv_request *request, enum srv_kind kind, const char *argument,
                     void *row);
/* The project and the device of the path, as the core wants them. */
int srv_device_of_path(struct srv_request *request, struct srv_device *device,
                       struct srv_device_ref *ref);
/* An error about a parameter or member. */
int srv_request_fail_field(struct srv_request *request, const char *name, const char *what);

/* etag.c. note: the object that the path ends in was read, if it is one of kind.
 * check: does If-Match, where it is given, fit what is there now? 412. finish:
 * after the handler: the ETag of what is answered, or 304. */
void srv_etag_note(struct srv_request *request, enum srv_kind kind, const void *row);
int srv_etag_check(struct srv_request *request);
void srv_etag_finish(struct srv_request *request);
/* The same for what is no row but a text, as it is now. */
void srv_etag_note_text(struct srv_request *request, const char *text);
int srv_etag_check_text(struct srv_request *request, const char *what, const char *text);

int srv_answer_data(struct srv_request *request, json_t *data); /* takes data */
int srv_answer_empty(struct srv_request *request);
/* {list, page, perPage, total} of the route's kind: by its parameters, and by
 * the project unless the kind has none. enrich: with more from the core, may
 * be NULL. */
int srv_answer_list(struct srv_request *request, struct srv_query *query,
                    json_t *(*encode)(const void *row),
                    void (*enrich)(struct srv_request *request, json_t *object));
/* A list newest first of rows whose id is a number, with nextPageToken; limit
 * does as well for perPage. */
int srv_answer_newest(struct srv_request *request, struct srv_query *query,
                      json_t *(*encode)(const void *row));
/* nextPageToken of a list that is answered: the last id of a full page, or "". */
void srv_add_next_token(struct srv_request *request);
int srv_query_from_parameters(struct srv_request *request, struct srv_query *query);
/* page (from 0) and perPage. */
int srv_page_from_parameters(struct srv_request *request, uint64_t *page, uint64_t *per_page);

/* Rows of which one is shown and another is not: they are few, all are read and
 * the page is cut here. */
int srv_answer_seen(struct srv_request *request, enum srv_kind kind, const struct srv_query *query,
                    bool (*is_seen)(const struct srv_request *request, const void *row),
                    json_t *(*encode)(const void *row));

/* encode.c: rows to JSON. */
json_t *srv_encode_time(int64_t time_us); /* null for never */
json_t *srv_encode_project(const void *row);
json_t *srv_encode_blueprint(const void *row);
json_t *srv_encode_tag(const void *row);
json_t *srv_encode_device(const void *row);
void srv_encode_device_state(json_t *device, const struct srv_device_state *state);
/* metadata.profile; NULL: the device has not said what it is. */
struct srv_device_profile;
void srv_encode_device_profile(json_t *device, const struct srv_device_profile *profile);
json_t *srv_encode_credential(const void *row);
json_t *srv_encode_artifact(const void *row);
json_t *srv_encode_release(const void *row);
json_t *srv_encode_api_key(const void *row);
json_t *srv_encode_scopes(const char *scopes); /* a list */
json_t *srv_encode_organization(const void *row);
json_t *srv_encode_member(const void *row);      /* without what its account says */
json_t *srv_encode_certificate(const void *row); /* never its key */
json_t *srv_encode_device_certificate(const void *row);
json_t *srv_encode_revoked_certificate(const void *row);
json_t *srv_encode_artifact_signature(const void *row);
json_t *srv_encode_keyset(const void *row);
json_t *srv_encode_event(const void *row);
json_t *srv_encode_audit(const void *row);
json_t *srv_encode_firmware_log(const void *row);
json_t *srv_encode_capture(const void *row);
json_t *srv_encode_stream_entry(const void *row); /* a capture as LightDB Stream shows it */
json_t *srv_encode_setting(const void *row);
json_t *srv_encode_device_log(const void *row);
json_t *srv_encode_evaluation(const void *row);         /* without its report */
const char *srv_setting_type_name(uint8_t type);        /* "integer"... */
const char *srv_settings_error_name(json_int_t code);   /* of a device's status answer */
const char *srv_device_log_level_name(uint8_t level);   /* "ERROR"... */
const char *srv_safe_content_type(const char *sniffed); /* never one that a browser runs */
/* ".wav"; ".bin" for what has no extension of its own. */
const char *srv_extension_of(const char *content_type, const struct srv_blob_view *view);
/* JSON text from the store; null when it is none. */
json_t *srv_json_of(const char *text);
/* Text that may be no UTF-8. */
json_t *srv_encode_text(const char *text);
json_t *(*srv_encoder_of(enum srv_kind kind))(const void *row);

/* openapi.c */
json_t *srv_openapi(const char *version);

/* base64.c: standard or URL alphabet, padding optional, white space ignored.
 * out may be in. SRV_ERR_INVALID. */
int srv_base64_decode(const char *in, size_t length, uint8_t *out, size_t *size);

/* Handlers, by file. */
int srv_get_health(struct srv_request *request);
int srv_get_status(struct srv_request *request);
int srv_get_openapi(struct srv_request *request);

int srv_list_projects(struct srv_request *request);
int srv_create_project(struct srv_request *request);
int srv_get_project(struct srv_request *request);
int srv_update_project(struct srv_request *request);
int srv_delete_project(struct srv_request *request);
int srv_list_blueprints(struct srv_request *request);
int srv_create_blueprint(struct srv_request *request);
int srv_get_blueprint(struct srv_request *request);
int srv_update_blueprint(struct srv_request *request);
int srv_delete_blueprint(struct srv_request *request);
int srv_list_tags(struct srv_request *request);
int srv_create_tag(struct srv_request *request);
int srv_get_tag(struct srv_request *request);
int srv_update_tag(struct srv_request *request);
int srv_delete_tag(struct srv_request *request);
/* Counts one more try to guess a password of that e-mail; 429 when there were
 * too many. */
int srv_request_throttle(struct srv_request *request, const char *email);
/* "My Project" -> "my-project" */
void srv_make_slug(const char *name, char *out, size_t size);
int srv_get_session(struct srv_request *request);
int srv_sign_in(struct srv_request *request);
int srv_sign_in_by_link(struct srv_request *request);
int srv_sign_out(struct srv_request *request);
/* The session's token in a Cookie header: false when it has none, or no token. */
bool srv_cookie_token(const char *header, char token[SRV_TOKEN_LENGTH + 1]);
/* The link that a token makes: "https://host/#/link/TOKEN". */
void srv_make_link(const struct srv_request *request, const char *token, char *out, size_t size);
int srv_get_account(struct srv_request *request);
int srv_update_account(struct srv_request *request);
int srv_begin_totp(struct srv_request *request);
int srv_confirm_totp(struct srv_request *request);
int srv_end_totp(struct srv_request *request);
int srv_list_sessions(struct srv_request *request);
int srv_delete_session(struct srv_request *request);
int srv_list_organizations(struct srv_request *request);
int srv_create_organization(struct srv_request *request);
int srv_get_organization(struct srv_request *request);
int srv_update_organization(struct srv_request *request);
int srv_delete_organization(struct srv_request *request);
int srv_list_members(struct srv_request *request);
int srv_create_member(struct srv_request *request);
int srv_update_member(struct srv_request *request);
int srv_delete_member(struct srv_request *request);
int srv_create_member_link(struct srv_request *request);

int srv_list_api_keys(struct srv_request *request);
int srv_create_api_key(struct srv_request *request);
int srv_update_api_key(struct srv_request *request);
int srv_delete_api_key(struct srv_request *request);

int srv_list_devices(struct srv_request *request);
int srv_create_device(struct srv_request *request);
int srv_get_device(struct srv_request *request);
int srv_update_device(struct srv_request *request);
int srv_delete_device(struct srv_request *request);
int srv_list_project_credentials(struct srv_request *request);
int srv_list_credentials(struct srv_request *request);
int srv_create_credential(struct srv_request *request);
int srv_delete_credential(struct srv_request *request);
int srv_provision_device(struct srv_request *request);

int srv_list_certificates(struct srv_request *request);
int srv_create_certificate(struct srv_request *request);
int srv_get_certificate(struct srv_request *request);
int srv_delete_certificate(struct srv_request *request);
int srv_create_ca(struct srv_request *request);
int srv_list_revoked_certificates(struct srv_request *request);
int srv_create_revoked_certificate(struct srv_request *request);
int srv_delete_revoked_certificate(struct srv_request *request);
int srv_get_signature(struct srv_request *request);
int srv_put_signature(struct srv_request *request);
int srv_delete_signature(struct srv_request *request);
int srv_list_keysets(struct srv_request *request);
int srv_create_keyset(struct srv_request *request);
/* Into an artifact's object: its signature, or null. */
void srv_add_signature(struct srv_request *request, json_t *artifact);
/* A body of COSE as the JSON that stands for it; NULL: it is none. */
json_t *srv_body_of_cose(const void *data, size_t size);
int srv_list_device_certificates(struct srv_request *request);
int srv_revoke_device_certificates(struct srv_request *request);

int srv_list_artifacts(struct srv_request *request);
int srv_create_artifact(struct srv_request *request);
int srv_upload_artifact(struct srv_request *request);
int srv_get_artifact(struct srv_request *request);
int srv_update_artifact(struct srv_request *request);
int srv_delete_artifact(struct srv_request *request);
int srv_get_artifact_content(struct srv_request *request);
/* Before the first byte of an upload: are its names all right? */
int srv_check_upload(struct srv_request *request);

int srv_list_releases(struct srv_request *request);
int srv_create_release(struct srv_request *request);
int srv_get_release(struct srv_request *request);
int srv_update_release(struct srv_request *request);
int srv_delete_release(struct srv_request *request);

int srv_list_ota_events(struct srv_request *request);
int srv_list_firmware_logs(struct srv_request *request);

int srv_list_captures(struct srv_request *request);
int srv_get_capture(struct srv_request *request);
int srv_get_capture_content(struct srv_request *request);
int srv_update_capture(struct srv_request *request);
int srv_label_captures(struct srv_request *request);
int srv_delete_capture(struct srv_request *request);
int srv_export_captures(struct srv_request *request);
int srv_list_stream(struct srv_request *request);
int srv_get_stream_path(struct srv_request *request);
int srv_post_stream(struct srv_request *request);
/* The filters of captures, which are more than columns and values. */
int srv_capture_query(struct srv_request *request, struct srv_query *query);

int srv_get_state(struct srv_request *request);
int srv_set_state(struct srv_request *request);
int srv_merge_state(struct srv_request *request);
int srv_delete_state(struct srv_request *request);

int srv_list_settings(struct srv_request *request);
int srv_create_setting(struct srv_request *request);
int srv_get_setting(struct srv_request *request);
int srv_update_setting(struct srv_request *request);
int srv_delete_setting(struct srv_request *request);
int srv_list_device_settings(struct srv_request *request);

int srv_call_device(struct srv_request *request);
/* Nobody waits for the device's answer any more. */
void srv_request_stop_waiting(struct srv_request *request);

int srv_list_device_logs(struct srv_request *request);

int srv_list_virtual_devices(struct srv_request *request);
int srv_create_virtual_device(struct srv_request *request);
int srv_delete_virtual_device(struct srv_request *request);
int srv_get_example(struct srv_request *request);

int srv_list_audit(struct srv_request *request);
int srv_get_live(struct srv_request *request);

int srv_get_release_shadow(struct srv_request *request);
int srv_get_device_shadow(struct srv_request *request);
int srv_list_evaluations(struct srv_request *request);
int srv_create_evaluation(struct srv_request *request);
int srv_get_evaluation(struct srv_request *request);
int srv_delete_evaluation(struct srv_request *request);
/* latestEvaluation, when there is one. */
void srv_add_latest_evaluation(struct srv_request *request, json_t *artifact);
#endif
