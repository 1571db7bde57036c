/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd to requests: it reads and writes sockets, request.c decides.
 * MHD's epoll descriptor nests in the server's loop; no threads. */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/core/json.h"
#include "server/core/log.h"
#include "server/core/pki.h"
#include "server/rest/headers.h"
#include "server/rest/host.h"
#include "server/rest/internal.h"
#include "server/rest/linger.h"
#include "server/rest/listen.h"
#include "server/rest/live.h"
#include "server/rest/rest.h"
#include "server/rest/static.h"
#include "server/rest/tls.h"

#define CONNECTIONS_MAX 512 /* operators and tools, not devices */
/* One that opens all of them and is silent keeps others out for this long. */
#define IDLE_TIMEOUT_S 15
#define CONNECTIONS_PER_ADDRESS 64 /* where strangers can reach us */
#define STOP_TURNS 8 /* for streams to come to their end; one that is not read does not */
/* An artifact in JSON is parsed at once, and devices wait meanwhile: 16 MiB
 * take half a second. Base64 is four thirds of the bytes; and the other members. */
#define BIG_BODY_MAX ((size_t)(16u * 1024 * 1024) / 3 * 4 + 64 * 1024)
/* A body that is refused is still read to its end when that is near, so that the
 * connection goes on. Else the answer comes at once, and is the connection's last. */
#define DISCARD_SMALL ((uint64_t)64 * 1024)

/* Of an answer that is made while it is sent: MHD asks for so much at once. */
#define STREAM_BLOCK_SIZE ((size_t)32 * 1024)

#define CODE_INVALID 3 /* gRPC's numbers */
#define CODE_CANCELLED 1
#define CODE_UNAVAILABLE 14

struct srv_rest {
  struct srv_live *live;
  struct srv_passwords *passwords; /* their thread */
  struct MHD_Daemon *daemon;
  int epoll_fd;             /* MHD's, and the sockets of those who wait for a device */
  struct exchange *waiting; /* a list */
  bool has_resumed;         /* MHD's own time-out does not tell of these */
  struct srv_linger linger; /* answered before their body had come */
  struct srv_tls *tls;      /* NULL: plain HTTP */
  bool is_secure;           /* what clients see is TLS, ours or a proxy's */
  bool checks_host;         /* on loopback without TLS */
  struct srv_host_names names;
  struct srv_rest_context context;
  uint16_t port;
};

/* One HTTP exchange. */
struct exchange {
  struct srv_request request;
  bool failed;                       /* the error is set; what still comes is thrown away */
  bool lingers;                      /* answered before its body came */
  char address[SRV_ADDRESS_MAX + 1]; /* of the client */
  bool has_file;                     /* it is about the console's files */
  struct srv_static_answer file;
  bool finished;                    /* the handler has run */
  const struct lent_stream *stream; /* its answer is being sent: waiting is for more of it */
  bool hung_up;                     /* nobody reads the stream that is its answer */
  struct srv_rest *rest;
  struct MHD_Connection *connection;
  struct exchange *next_waiting, *previous_waiting;
  char *body;
  size_t body_size, body_capacity, body_max;
  uint64_t received;
};

/* --- the body ---------------------------------------------------------------------- */

static bool is_upload(const struct exchange *exchange) {
  const struct srv_route *route = exchange->request.route;
  return route != NULL && (route->flags & SRV_ROUTE_UPLOAD) != 0;
}

static int fail_too_large(struct exchange *exchange) {
  bool big = (exchange->request.route->flags & SRV_ROUTE_BIG) != 0;
  return srv_request_fail(
      &exchange->request, SRV_ERR_TOO_LARGE, "the body is larger than %zu bytes%s",
      exchange->body_max,
      big ? ": send the artifact's bytes themselves to POST /v1/projects/{project}/artifacts" : "");
}

static int append_body(struct exchange *exchange, const char *data, size_t size) {
  struct srv_request *request = &exchange->request;
  if (size > exchange->body_max - exchange->body_size) {
    return fail_too_large(exchange);
  }
  if (exchange->body_size + size > exchange->body_capacity) {
    size_t capacity = exchange->body_capacity == 0 ? 4096 : exchange->body_capacity;
    while (capacity < exchange->body_size + size) capacity *= 2;
    char *grown = realloc(exchange->body, capacity);
    if (grown == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
    exchange->body = grown;
    exchange->body_capacity = capacity;
  }
  memcpy(exchange->body + exchange->body_size, data, size);
  exchange->body_size += size;
  return SRV_OK;
}

static int append_upload(struct exchange *exchange, const char *data, size_t size) {
  struct srv_request *request = &exchange->request;
  if (request->upload == NULL) {
    int status = srv_core_upload_begin(request->core, &request->upload);
    if (status != SRV_OK) return srv_request_fail_core(request, status);
  }
  return srv_request_fail_core(request, srv_core_upload_append(request->upload, data, size));
}

static void drop_upload(struct exchange *exchange) {
  srv_core_upload_abort(exchange->request.upload);
  exchange->request.upload = NULL;
}

/* --- the answer ----------------------------------------------------------------------- */

struct lent_blob {
  struct srv_core *core;
  struct srv_blob_view view;
};

static void give_blob_back(void *context) {
  struct lent_blob *lent = context;
  srv_core_release_blob(lent->core, &lent->view);
  free(lent);
}

static void add_header(void *context, const char *name, const char *value) {
  MHD_add_response_header(context, name, value);
}

/* Whatever a device has sent, a browser saves it and runs nothing of it. */
static void add_bytes_headers(const struct srv_request *request, struct MHD_Response *response) {
  char disposition[sizeof(request->bytes_name) + 32];
  const char *type = request->bytes_type;
  snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", request->bytes_name);
  MHD_add_response_header(response, "content-type",
                          type[0] == 0 ? "application/octet-stream" : type);
  if (request->stream.wait != NULL) { /* events: to be read as they come */
    MHD_add_response_header(response, "x-accel-buffering", "no");
    return;
  }
  MHD_add_response_header(response, "content-disposition", disposition);
}

static struct MHD_Response *blob_response(struct srv_request *request) {
  struct lent_blob *lent = malloc(sizeof(*lent));
  if (lent == NULL) return NULL;
  *lent = (struct lent_blob){.core = request->core, .view = request->blob};
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
      lent->view.size, (void *)(uintptr_t)lent->view.data, give_blob_back, lent);
  if (response == NULL) {
    free(lent);
    return NULL;
  }
  request->has_blob = false;
  add_bytes_headers(request, response);
  return response;
}

struct lent_stream {
  struct srv_answer_stream stream;
  struct exchange *exchange; /* while it is read */
};

static bool suspend(struct exchange *exchange);
static void end_waiting(void *context);

/* Nothing to send now: the connection sleeps until there is. */
static ssize_t wait_for_more(const struct lent_stream *lent) {
  lent->exchange->stream = lent;
  if (!suspend(lent->exchange)) return MHD_CONTENT_READER_END_WITH_ERROR;
  lent->stream.wait(lent->stream.context, end_waiting, lent->exchange);
  return 0;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size) {
  const struct lent_stream *lent = context;
  (void)position;
  if (lent->exchange->hung_up) return MHD_CONTENT_READER_END_OF_STREAM;
  long length = lent->stream.read(lent->stream.context, out, size);
  if (length == SRV_STREAM_WAIT) return wait_for_more(lent);
  if (length < 0) return MHD_CONTENT_READER_END_WITH_ERROR;
  return length == 0 ? MHD_CONTENT_READER_END_OF_STREAM : length;
}

static void close_stream(void *context) {
  struct lent_stream *lent = context;
  lent->stream.close(lent->stream.context);
  free(lent);
}

/* Its size is not known before: it goes in chunks, and one that is cut off
 * lacks its end. */
static struct MHD_Response *stream_response(struct exchange *exchange) {
  struct srv_request *request = &exchange->request;
  char count[24];
  struct lent_stream *lent = malloc(sizeof(*lent));
  if (lent == NULL) return NULL;
  *lent = (struct lent_stream){.stream = request->stream, .exchange = exchange};
  struct MHD_Response *response = MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE, read_stream, lent, close_stream);
  if (response == NULL) {
    free(lent);
    return NULL;
  }
  request->stream.context = NULL;
  add_bytes_headers(request, response);
  snprintf(count, sizeof(count), "%lld", (long long)lent->stream.count);
  if (lent->stream.count >= 0) MHD_add_response_header(response, "x-total-count", count);
  return response;
}

static struct MHD_Response *empty_response(void) {
  static char nothing[1];
  return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *json_response(struct srv_request *request) {
  if (request->http_status == 304) return empty_response();
  json_t *document = srv_request_take_document(request);
  char *text = srv_json_text(document);
  json_decref(document);
  if (text == NULL) return NULL;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
  if (response == NULL) {
    free(text);
    return NULL;
  }
  MHD_add_response_header(response, "content-type", "application/json");
  return response;
}

static bool answers_bytes(const struct srv_request *request) {
  return request->error[0] == 0 && (request->has_blob || request->stream.context != NULL);
}

static struct MHD_Response *make_response(struct exchange *exchange) {
  struct srv_request *request = &exchange->request;
  if (request->error[0] == 0 && request->has_blob) return blob_response(request);
  if (request->error[0] == 0 && request->stream.context != NULL) return stream_response(exchange);
  return json_response(request);
}

static const char *header(struct MHD_Connection *connection, const char *name) {
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* That browsers come by TLS only from now on. Not for localhost: it would bind
 * every other program there, on whatever port. */
static bool pins_tls(const struct exchange *exchange) {
  char host[SRV_HOST_MAX + 1];
  const char *text = header(exchange->connection, "host");
  if (!exchange->rest->is_secure || text == NULL || !srv_host_of(text, host)) return false;
  return !srv_host_is_loopback(host);
}

/* "GET, POST": what a path takes. */
static void add_allow_header(const struct srv_request *request, struct MHD_Response *response) {
  char allow[64] = "";
  static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
    struct srv_request probe;
    char path[SRV_SEGMENTS_MAX * (SRV_SEGMENT_MAX + 1) + 1] = "";
    for (size_t k = 0; k < request->segment_count; k++) {
      strcat(strcat(path, "/"), strchr(request->segment[k], '/') ? "_" : request->segment[k]);
    }
    srv_request_begin(&probe, request->context, methods[i], path);
    if (probe.route == NULL) continue;
    if (allow[0] != 0) strcat(allow, ", ");
    strcat(allow, methods[i]);
  }
  MHD_add_response_header(response, "allow", allow);
}

static void add_retry_after(const struct srv_request *request, struct MHD_Response *response) {
  char text[16];
  if (request->retry_after_s == 0) return;
  snprintf(text, sizeof(text), "%u", request->retry_after_s);
  MHD_add_response_header(response, "retry-after", text);
}

/* Worth a line in the operator's log. A device that is asleep is not. */
static bool is_our_fault(const struct srv_request *request) {
  return request->http_status >= 500 && request->error_detail == NULL;
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct exchange *exchange,
                              const char *method, const char *url) {
  struct srv_request *request = &exchange->request;
  const char *policy = answers_bytes(request) ? srv_policy_bytes : srv_policy_data;
  struct MHD_Response *response = make_response(exchange);
  if (response == NULL) return MHD_NO;
  srv_headers_each(policy, pins_tls(exchange), add_header, response);
  MHD_add_response_header(response, "cache-control", "no-store");
  if (request->http_status == 401) {
    MHD_add_response_header(response, "www-authenticate", "Bearer realm=\"godwit\"");
  }
  if (request->etag[0] != 0 && request->error[0] == 0) {
    MHD_add_response_header(response, "etag", request->etag);
  }
  if (request->set_cookie[0] != 0) {
    MHD_add_response_header(response, "set-cookie", request->set_cookie);
  }
  add_retry_after(request, response);
  if (request->http_status == 405) add_allow_header(request, response);
  srv_log(is_our_fault(request) ? SRV_LOG_ERROR : SRV_LOG_DEBUG, "rest", "%s %s %d%s%s", method,
          url, request->http_status, request->error[0] == 0 ? "" : ": ", request->error);
  enum MHD_Result result = MHD_queue_response(connection, (unsigned)request->http_status, response);
  MHD_destroy_response(response);
  return result;
}

/* --- the console's files --------------------------------------------------------------- */

/* Takes file->owned. */
static struct MHD_Response *file_response(struct srv_static_answer *file, bool pin_tls) {
  char policy[SRV_POLICY_MAX];
  struct MHD_Response *response = MHD_create_response_from_buffer(
      file->size, (void *)(uintptr_t)file->bytes,
      file->owned == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
  if (response == NULL) return NULL;
  file->owned = NULL;
  srv_policy_console(file->nonce, policy);
  srv_headers_each(policy, pin_tls, add_header, response);
  MHD_add_response_header(response, "cache-control", file->cache);
  if (file->status != 304) MHD_add_response_header(response, "content-type", file->type);
  if (file->etag[0] != 0) MHD_add_response_header(response, "etag", file->etag);
  if (file->location != NULL) MHD_add_response_header(response, "location", file->location);
  if (file->is_file) MHD_add_response_header(response, "vary", "accept-encoding");
  if (file->is_packed) MHD_add_response_header(response, "content-encoding", "gzip");
  return response;
}

static enum MHD_Result answer_file(struct exchange *exchange, const char *method, const char *url) {
  struct MHD_Response *response = file_response(&exchange->file, pins_tls(exchange));
  if (response == NULL) return MHD_NO;
  srv_log(SRV_LOG_DEBUG, "rest", "%s %s %d", method, url, exchange->file.status);
  enum MHD_Result result =
      MHD_queue_response(exchange->connection, (unsigned)exchange->file.status, response);
  MHD_destroy_response(response);
  return result;
}

/* False: the path is one of the API. */
static bool find_file(struct exchange *exchange, const char *method, const char *url) {
  struct MHD_Connection *connection = exchange->connection;
  if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) return false;
  exchange->has_file = srv_static_serve(url, header(connection, "accept-encoding"),
                                        header(connection, "if-none-match"), &exchange->file);
  return exchange->has_file;
}

/* --- the head --------------------------------------------------------------------------- */

struct query_reader {
  struct srv_request *request;
  int status;
};

/* MHD's strings live as long as the request; they are decoded in place. */
static enum MHD_Result read_query(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
  static char empty[1];
  struct query_reader *reader = context;
  (void)kind;
  empty[0] = 0;
  reader->status = srv_request_add_query(reader->request, (char *)(uintptr_t)name,
                                         value == NULL ? empty : (char *)(uintptr_t)value);
  return reader->status == SRV_OK ? MHD_YES : MHD_NO;
}

static const char *api_key_of(struct MHD_Connection *connection) {
  const char *key = header(connection, "x-api-key");
  const char *authorization = header(connection, "authorization");
  if (key != NULL || authorization == NULL) return key;
  if (strncasecmp(authorization, "bearer ", 7) != 0) return NULL;
  authorization += 7;
  return authorization + strspn(authorization, " ");
}

static bool media_type_is(const char *content_type, const char *wanted) {
  size_t length = strlen(wanted);
  if (strncasecmp(content_type, wanted, length) != 0) return false;
  return content_type[length] == 0 || content_type[length] == ';' || content_type[length] == ' ';
}

static int check_content_type(struct exchange *exchange, const char *content_type) {
  struct srv_request *request = &exchange->request;
  if (content_type == NULL) return SRV_OK;
  bool is_form = media_type_is(content_type, "multipart/form-data") ||
                 media_type_is(content_type, "application/x-www-form-urlencoded");
  if (is_upload(exchange)) {
    if (!is_form && !media_type_is(content_type, "application/json")) return SRV_OK;
    return srv_request_fail_http(request, 415, CODE_INVALID,
                                 "send the artifact's bytes as application/octet-stream, not as %s",
                                 content_type);
  }
  bool takes_json = request->route->body != NULL || (request->route->flags & SRV_ROUTE_VALUE) != 0;
  if (!takes_json || media_type_is(content_type, "application/json")) return SRV_OK;
  bool takes_cose = (request->route->flags & SRV_ROUTE_COSE) != 0;
  if (takes_cose && media_type_is(content_type, "application/cose")) return SRV_OK;
  return srv_request_fail_http(request, 415, CODE_INVALID,
                               "send JSON as application/json, not as %s", content_type);
}

static int check_length(struct exchange *exchange, const char *content_length) {
  struct srv_request *request = &exchange->request;
  if (content_length == NULL) return SRV_OK;
  unsigned long long length = strtoull(content_length, NULL, 10);
  if (is_upload(exchange) && length > SRV_ARTIFACT_SIZE_MAX) {
    return srv_request_fail(request, SRV_ERR_TOO_LARGE, "an artifact has at most %u bytes",
                            SRV_ARTIFACT_SIZE_MAX);
  }
  if (!is_upload(exchange) && length > exchange->body_max) {
    return fail_too_large(exchange);
  }
  return SRV_OK;
}

/* server/rest/host.h says why. No browser leaves the header out. */
static int check_host(struct exchange *exchange) {
  const struct srv_rest *rest = exchange->rest;
  const char *text = header(exchange->connection, "host");
  if (!rest->checks_host || text == NULL || srv_host_names_know(&rest->names, text)) return SRV_OK;
  return srv_request_fail_http(&exchange->request, 421, CODE_INVALID,
                               "this server does not answer to the name '%.64s'; if it is right, "
                               "start the server with --public-url or --http-host",
                               text);
}

/* Its bytes and family. One of IPv4 comes to a socket of IPv6 (--http-bind ::) as
 * ::ffff:192.0.2.1: it is what it is without that, or all of them would look like
 * one network to whoever counts tries to sign in. */
static const void *address_bytes(const struct sockaddr *peer, int *family) {
  *family = peer->sa_family;
  if (*family == AF_INET) return &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
  const struct in6_addr *address = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(address)) return address;
  *family = AF_INET;
  return &address->s6_addr[12];
}

static bool is_loopback_peer(const struct sockaddr *peer) {
  int family;
  const void *bytes = address_bytes(peer, &family);
  if (family == AF_INET) return *(const uint8_t *)bytes == 127;
  return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)bytes);
}

/* Lines of one name are one list, and proxies that do not join them append. */
static enum MHD_Result take_forwarded(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value) {
  const char **last = context;
  (void)kind;
  if (value != NULL && strcasecmp(name, "x-forwarded-for") == 0) *last = value;
  return MHD_YES;
}

/* The last proxy's word is the only one that is not the client's own. */
static const char *last_forwarded(const char *list) {
  const char *comma = strrchr(list, ',');
  const char *text = comma == NULL ? list : comma + 1;
  return text + strspn(text, " \t");
}

/* Where the client is. Behind a proxy (on this machine, and the operator has said
 * where it is found: --public-url) as the proxy says. */
static void find_address(struct exchange *exchange, struct MHD_Connection *connection) {
  char *out = exchange->address;
  const size_t size = sizeof(exchange->address);
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const char *forwarded = NULL;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, take_forwarded, &forwarded);
  const struct sockaddr *peer = info == NULL ? NULL : info->client_addr;
  if (peer == NULL) return;
  uint8_t bytes[sizeof(struct in6_addr)];
  if (forwarded != NULL && exchange->rest->context.public_url != NULL && is_loopback_peer(peer)) {
    snprintf(out, size, "%s", last_forwarded(forwarded));
    if (inet_pton(AF_INET, out, bytes) == 1 || inet_pton(AF_INET6, out, bytes) == 1) return;
  }
  int family;
  const void *raw = address_bytes(peer, &family);
  out[0] = 0;
  inet_ntop(family, raw, out, (socklen_t)size);
}

static void read_head(struct exchange *exchange, struct MHD_Connection *connection) {
  find_address(exchange, connection);
  exchange->request.head = (struct srv_head){.cookie = header(connection, "cookie"),
                                             .csrf = header(connection, "x-csrf-token"),
                                             .address = exchange->address,
                                             .user_agent = header(connection, "user-agent"),
                                             .fetch_site = header(connection, "sec-fetch-site"),
                                             .host = header(connection, "host"),
                                             .is_secure = exchange->rest->is_secure};
}

/* Everything that can be said before the body has come. */
static int check_head(struct exchange *exchange, struct MHD_Connection *connection) {
  struct srv_request *request = &exchange->request;
  read_head(exchange, connection);
  request->if_match = header(connection, "if-match");
  request->if_none_match = header(connection, "if-none-match");
  struct query_reader reader = {.request = request, .status = SRV_OK};
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, read_query, &reader);
  if (reader.status != SRV_OK) return reader.status;
  int status = srv_request_authorize(request, api_key_of(connection));
  if (status != SRV_OK) return status;
  bool big = (request->route->flags & SRV_ROUTE_BIG) != 0;
  exchange->body_max = big ? BIG_BODY_MAX : SRV_BODY_MAX;
  status = check_content_type(exchange, header(connection, "content-type"));
  if (status == SRV_OK) status = check_length(exchange, header(connection, "content-length"));
  if (status == SRV_OK && is_upload(exchange)) status = srv_check_upload(request);
  return status;
}

/* --- waiting for a device ------------------------------------------------------------- *
 * MHD leaves a suspended connection alone, which is to say that it does not see
 * its client hang up either: the socket stands in our epoll set meanwhile. */

static int socket_of(const struct exchange *exchange) {
  return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
      ->connect_fd;
}

/* The answer is there: MHD calls on_request once more. */
static void end_waiting(void *context) {
  struct exchange *exchange = context;
  struct srv_rest *rest = exchange->rest;
  epoll_ctl(rest->epoll_fd, EPOLL_CTL_DEL, socket_of(exchange), NULL);
  if (exchange->next_waiting != NULL) {
    exchange->next_waiting->previous_waiting = exchange->previous_waiting;
  }
  if (exchange->previous_waiting != NULL) {
    exchange->previous_waiting->next_waiting = exchange->next_waiting;
  } else {
    rest->waiting = exchange->next_waiting;
  }
  exchange->request.wake = NULL;
  rest->has_resumed = true;
  MHD_resume_connection(exchange->connection);
}

static void stop_waiting(struct exchange *exchange, int http_status, int code, const char *why) {
  srv_request_stop_waiting(&exchange->request);
  srv_request_fail_http(&exchange->request, http_status, code, "%s", why);
}

/* False: it cannot be seen whether its client is still there. */
static bool suspend(struct exchange *exchange) {
  struct srv_rest *rest = exchange->rest;
  struct epoll_event event = {.events = EPOLLRDHUP, .data = {.ptr = exchange}};
  if (epoll_ctl(rest->epoll_fd, EPOLL_CTL_ADD, socket_of(exchange), &event) != 0) return false;
  exchange->previous_waiting = NULL;
  exchange->next_waiting = rest->waiting;
  if (rest->waiting != NULL) rest->waiting->previous_waiting = exchange;
  rest->waiting = exchange;
  MHD_suspend_connection(exchange->connection);
  return true;
}

/* False: the error is set instead. */
static bool begin_waiting(struct exchange *exchange) {
  exchange->request.wake = end_waiting;
  exchange->request.wake_context = exchange;
  if (suspend(exchange)) return true;
  stop_waiting(exchange, 503, CODE_UNAVAILABLE, "the server cannot wait for the device's answer");
  return false;
}

/* Once it has ended nothing may wake it again: what comes for a stream until MHD
 * has closed it would wake an exchange that waits no more, or is no more. */
static void end_for(struct exchange *exchange, int http_status, int code, const char *why) {
  const struct lent_stream *lent = exchange->stream;
  if (lent == NULL) {
    stop_waiting(exchange, http_status, code, why);
  } else {
    exchange->hung_up = true;
    lent->stream.wait(lent->stream.context, NULL, NULL);
  }
  end_waiting(exchange);
}

/* Clients that have gone: the device's answer is nobody's. */
static void see_who_hung_up(struct srv_rest *rest) {
  struct epoll_event events[16];
  if (rest->waiting == NULL) return;
  int count = epoll_wait(rest->epoll_fd, events, 16, 0);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == NULL || events[i].data.ptr == &rest->linger) continue;
    end_for(events[i].data.ptr, 499, CODE_CANCELLED, "the client has hung up");
  }
}

/* --- in the midst of a body ------------------------------------------------------------ *
 * MHD takes an answer before a body or after it. One that comes in chunks, without
 * saying how many, and is too large would have to be read to its end: so its
 * answer is written past MHD, and the connection is ended. */

struct answer_text {
  char text[4096];
  size_t length;
};

__attribute__((format(printf, 2, 3))) static void append_text(struct answer_text *answer,
                                                              const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(answer->text + answer->length, sizeof(answer->text) - answer->length,
                         format, arguments);
  va_end(arguments);
  size_t room = sizeof(answer->text) - answer->length;
  answer->length += length > 0 && (size_t)length < room ? (size_t)length : room - 1;
}

static void append_header(void *context, const char *name, const char *value) {
  append_text(context, "%s: %s\r\n", name, value);
}

/* A few hundred bytes into an empty buffer: it takes them all, or the client has
 * gone. */
static void send_past_mhd(struct exchange *exchange, const struct answer_text *answer) {
  if (exchange->rest->tls == NULL) {
    (void)!send(socket_of(exchange), answer->text, answer->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  gnutls_session_t session =
      MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)
          ->tls_session;
  (void)!gnutls_record_send(session, answer->text, answer->length);
}

static void answer_in_midst(struct exchange *exchange) {
  struct srv_request *request = &exchange->request;
  struct answer_text answer = {.length = 0};
  json_t *document = srv_request_take_document(request);
  char *body = srv_json_text(document);
  json_decref(document);
  if (body == NULL) return;
  append_text(&answer, "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-length: %zu\r\n",
              request->http_status, MHD_get_reason_phrase_for((unsigned)request->http_status),
              strlen(body));
  srv_headers_each(srv_policy_data, pins_tls(exchange), append_header, &answer);
  append_text(&answer, "content-type: application/json\r\ncache-control: no-store\r\n\r\n%s", body);
  free(body);
  send_past_mhd(exchange, &answer);
  exchange->lingers = true;
}

static bool end_is_near(const struct exchange *exchange) {
  const char *length = header(exchange->connection, "content-length");
  return length != NULL && strtoull(length, NULL, 10) - exchange->received <= DISCARD_SMALL;
}

static enum MHD_Result take_data(struct exchange *exchange, const char *data, size_t size) {
  exchange->received += size;
  if (exchange->failed || exchange->has_file) return MHD_YES;
  int status =
      is_upload(exchange) ? append_upload(exchange, data, size) : append_body(exchange, data, size);
  if (status == SRV_OK) return MHD_YES;
  exchange->failed = true;
  drop_upload(exchange); /* its bytes off the disk at once */
  if (end_is_near(exchange)) return MHD_YES;
  answer_in_midst(exchange);
  return MHD_NO;
}

/* --- MHD's calls -------------------------------------------------------------------------- */

/* A client that asks before it sends ("Expect: 100-continue") is told now; so is
 * one that announces more than is worth reading to its end, or does not say. */
static bool refuses_at_once(const struct exchange *exchange) {
  struct MHD_Connection *connection = exchange->connection;
  if (header(connection, "expect") != NULL) return true;
  if (header(connection, "transfer-encoding") != NULL) return true;
  const char *length = header(connection, "content-length");
  return length != NULL && strtoull(length, NULL, 10) > DISCARD_SMALL;
}

static enum MHD_Result begin(struct srv_rest *rest, struct MHD_Connection *connection,
                             const char *url, const char *method, void **slot) {
  struct exchange *exchange = calloc(1, sizeof(*exchange));
  if (exchange == NULL) return MHD_NO;
  *slot = exchange;
  exchange->rest = rest;
  exchange->connection = connection;
  srv_request_begin(&exchange->request, &rest->context, method, url);
  exchange->request.is_tls = rest->is_secure;
  exchange->failed = check_host(exchange) != SRV_OK;
  if (!exchange->failed && find_file(exchange, method, url)) return MHD_YES;
  if (!exchange->failed) exchange->failed = check_head(exchange, connection) != SRV_OK;
  if (!exchange->failed || !refuses_at_once(exchange)) return MHD_YES;
  exchange->lingers = true;
  return answer(connection, exchange, method, url);
}

static void finish(struct exchange *exchange) {
  struct srv_request *request = &exchange->request;
  int status = exchange->received == 0 ? SRV_OK : srv_request_enter_again(request);
  if (status == SRV_OK && !is_upload(exchange)) {
    status = srv_request_set_body(request, exchange->body, exchange->body_size);
  }
  if (status == SRV_OK) srv_request_run(request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **slot) {
  struct exchange *exchange = *slot;
  (void)version;
  if (exchange == NULL) return begin(context, connection, url, method, slot);
  if (*data_size > 0) {
    size_t size = *data_size;
    *data_size = 0;
    return take_data(exchange, data, size);
  }
  if (exchange->has_file) return answer_file(exchange, method, url);
  if (!exchange->failed && !exchange->finished) finish(exchange);
  exchange->finished = true;
  if (exchange->request.waiting && begin_waiting(exchange)) return MHD_YES;
  return answer(connection, exchange, method, url);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code) {
  (void)context;
  (void)connection;
  (void)code;
  struct exchange *exchange = *slot;
  if (exchange == NULL) return;
  if (exchange->lingers) srv_linger_add(&exchange->rest->linger, socket_of(exchange));
  free(exchange->file.owned);
  srv_request_end(&exchange->request);
  if (exchange->body != NULL) explicit_bzero(exchange->body, exchange->body_size);
  free(exchange->body);
  free(exchange);
  *slot = NULL;
}

/* What a connection may have taken of the certificate lives as long as it. */
static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code) {
  struct srv_rest *rest = context;
  (void)connection;
  if (rest->tls == NULL) return;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *slot = srv_tls_hold(rest->tls);
  } else {
    srv_tls_let_go(rest->tls, *slot);
  }
}

/* The URL stays encoded: request.c decodes segment by segment, so that %2F is
 * no separator. */
static size_t keep_encoded(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list arguments) {
  char line[256];
  (void)context;
  vsnprintf(line, sizeof(line), format, arguments);
  srv_log(SRV_LOG_DEBUG, "http", "%s", line);
}

/* --- life ------------------------------------------------------------------------------------ */

bool srv_rest_is_loopback(const char *address) {
  return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static unsigned idle_timeout(const struct srv_rest_config *config) {
  return config->idle_timeout_s > 0 ? config->idle_timeout_s : IDLE_TIMEOUT_S;
}

static unsigned connections_per_address(const struct srv_rest_config *config, const char *address) {
  if (config->connections_per_address > 0) return config->connections_per_address;
  return srv_rest_is_loopback(address) ? CONNECTIONS_MAX : CONNECTIONS_PER_ADDRESS;
}

/* Strict: a request that two programs may read differently is refused. */
static int start_daemon(struct srv_rest *rest, int fd, const struct srv_rest_config *config,
                        const char *address, char *error) {
  struct MHD_OptionItem tls_options[] = {
      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, srv_tls_callback()},
      {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)srv_tls_priorities},
      {MHD_OPTION_END, 0, NULL}};
  bool tls = rest->tls != NULL;
  rest->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
          (tls ? (unsigned)MHD_USE_TLS : 0),
      0, NULL, NULL, on_request, rest, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
      MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, rest, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, idle_timeout(config),
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections_per_address(config, address),
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
      MHD_OPTION_ARRAY, tls ? tls_options : &tls_options[2], MHD_OPTION_END);
  if (rest->daemon != NULL) return SRV_OK;
  close(fd);
  snprintf(error, SRV_ERROR_MAX, "cannot start the HTTP server");
  return SRV_ERR_INTERNAL;
}

/* MHD's epoll descriptor in ours. */
static int nest_daemon(struct srv_rest *rest, char *error) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
  int fd = MHD_get_daemon_info(rest->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  struct epoll_event lingering = {.events = EPOLLIN, .data = {.ptr = &rest->linger}};
  rest->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (rest->epoll_fd >= 0 && epoll_ctl(rest->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 &&
      epoll_ctl(rest->epoll_fd, EPOLL_CTL_ADD, srv_passwords_fd(rest->passwords), &event) == 0 &&
      srv_linger_init(&rest->linger) &&
      epoll_ctl(rest->epoll_fd, EPOLL_CTL_ADD, rest->linger.epoll_fd, &lingering) == 0) {
    return SRV_OK;
  }
  snprintf(error, SRV_ERROR_MAX, "cannot start the HTTP server: %s", strerror(errno));
  srv_linger_deinit(&rest->linger);
  if (rest->epoll_fd >= 0) close(rest->epoll_fd);
  MHD_stop_daemon(rest->daemon);
  return SRV_ERR_INTERNAL;
}

static int add_name(struct srv_rest *rest, const char *option, const char *text, char *error) {
  if (srv_host_names_add(&rest->names, text)) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX, "%s %s: there is no host in it, or it is one of more than %d",
           option, text, SRV_HOST_NAMES_MAX);
  return SRV_ERR_INVALID;
}

/* Which names it answers to, and whether clients come by TLS. */
static int take_names(struct srv_rest *rest, const struct srv_rest_config *config,
                      const char *address, char *error) {
  const char *url = config->public_url;
  int status = url == NULL ? SRV_OK : add_name(rest, "--public-url", url, error);
  rest->is_secure = rest->tls != NULL || (url != NULL && strncmp(url, "https://", 8) == 0);
  rest->checks_host = srv_rest_is_loopback(address) && rest->tls == NULL;
  const char *const *each = config->host_names;
  for (; status == SRV_OK && each != NULL && *each != NULL; each++) {
    status = add_name(rest, "--http-host", *each, error);
  }
  return status;
}

int srv_rest_reload(struct srv_rest *rest, char error[SRV_ERROR_MAX]) {
  if (rest->tls == NULL) {
    snprintf(error, SRV_ERROR_MAX, "there is no TLS certificate to read again");
    return SRV_ERR_INVALID;
  }
  int status = srv_tls_reload(rest->tls, error);
  if (status != SRV_OK) return status;
  rest->context.tls = srv_tls_facts(rest->tls);
  srv_tls_watch(rest->tls, srv_core_now_us(rest->context.core));
  return SRV_OK;
}

static int start_passwords(struct srv_rest *rest, char *error) {
  rest->passwords = srv_passwords_create();
  rest->context.passwords = rest->passwords;
  if (rest->passwords != NULL) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX, "cannot start the thread that hashes passwords: %s",
           strerror(errno));
  return SRV_ERR_INTERNAL;
}

static int start_tls(struct srv_rest *rest, const struct srv_rest_config *config, char *error) {
  if (config->tls_cert == NULL) return SRV_OK;
  if (MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES) {
    snprintf(error, SRV_ERROR_MAX, "this libmicrohttpd was built without TLS: use a proxy for it");
    return SRV_ERR_INVALID;
  }
  int status = srv_tls_create(&rest->tls, config->tls_cert, config->tls_key, error);
  if (status == SRV_OK) rest->context.tls = srv_tls_facts(rest->tls);
  return status;
}

int srv_rest_create(struct srv_rest **out, const struct srv_rest_config *config,
                    char error[SRV_ERROR_MAX]) {
  const char *address = config->bind_address == NULL ? "127.0.0.1" : config->bind_address;
  struct timespec wall, monotonic;
  int fd;
  struct srv_rest *rest = calloc(1, sizeof(*rest));
  if (rest == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  rest->linger.epoll_fd = -1;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  rest->context = (struct srv_rest_context){.core = config->core,
                                            .version = config->version,
                                            .public_url = config->public_url,
                                            .started_us = (int64_t)wall.tv_sec * 1000000,
                                            .started_monotonic_s = monotonic.tv_sec,
                                            .gateway_stats = config->gateway_stats,
                                            .gateway_context = config->gateway_context,
                                            .virtual_devices = config->virtual_devices,
                                            .example = config->example};
  snprintf(error, SRV_ERROR_MAX, "out of memory"); /* the others say what they failed of */
  int status = srv_live_create(&rest->live, &rest->context, config->live_heartbeat_ms);
  rest->context.live = rest->live;
  if (status == SRV_OK) status = start_passwords(rest, error);
  if (status == SRV_OK) status = start_tls(rest, config, error);
  if (status == SRV_OK) status = take_names(rest, config, address, error);
  if (status == SRV_OK) status = srv_listen(address, config->port, &rest->port, &fd, error);
  if (status == SRV_OK) status = start_daemon(rest, fd, config, address, error);
  if (status == SRV_OK) status = nest_daemon(rest, error);
  if (status != SRV_OK) {
    srv_live_destroy(rest->live);
    srv_passwords_destroy(rest->passwords);
    srv_tls_destroy(rest->tls);
    free(rest);
    return status;
  }
  if (rest->tls != NULL) srv_tls_watch(rest->tls, srv_core_now_us(config->core));
  *out = rest;
  return SRV_OK;
}

void srv_rest_destroy(struct srv_rest *rest) {
  if (rest == NULL) return;
  bool anyone = rest->waiting != NULL;
  srv_live_end(rest->live);
  while (rest->waiting != NULL) {
    end_for(rest->waiting, 503, CODE_UNAVAILABLE, "the server is stopping");
  }
  if (anyone) MHD_run(rest->daemon); /* so that they hear it */
  for (int turn = 0; turn < STOP_TURNS && srv_live_client_count(rest->live) > 0; turn++) {
    MHD_run(rest->daemon);
  }
  MHD_stop_daemon(rest->daemon);
  srv_live_destroy(rest->live);
  srv_passwords_destroy(rest->passwords);
  srv_linger_deinit(&rest->linger);
  srv_tls_destroy(rest->tls);
  close(rest->epoll_fd);
  free(rest);
}

int srv_rest_fd(const struct srv_rest *rest) { return rest->epoll_fd; }

uint16_t srv_rest_port(const struct srv_rest *rest) { return rest->port; }

/* The shorter of two times, where negative means none. */
static int sooner(int a, int b) {
  if (a < 0) return b;
  return b < 0 || a < b ? a : b;
}

int srv_rest_timeout_ms(struct srv_rest *rest) {
  MHD_UNSIGNED_LONG_LONG timeout;
  if (rest->has_resumed) return 0;
  int own_ms = sooner(srv_live_timeout_ms(rest->live), srv_linger_timeout_ms(&rest->linger));
  if (MHD_get_timeout(rest->daemon, &timeout) != MHD_YES) return own_ms;
  return sooner(own_ms, timeout > 60000 ? 60000 : (int)timeout);
}

void srv_rest_run(struct srv_rest *rest) {
  srv_live_run(rest->live);
  srv_passwords_collect(rest->passwords);
  see_who_hung_up(rest);
  rest->has_resumed = false;
  MHD_run(rest->daemon);
  srv_linger_run(&rest->linger);
  if (rest->tls != NULL) srv_tls_watch(rest->tls, srv_core_now_us(rest->context.core));
}
