/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"

#define CONNECT_TIMEOUT_S 10L
#define SESSION_COOKIE "godwit_session="
#define STALL_TIMEOUT_S 75L /* beyond the longest that a call to a device may wait */

struct cli_http {
  CURL *curl;
  char error[CURL_ERROR_SIZE];
};

/* What one request's callbacks need. */
struct transfer {
  struct cli_http_reply *reply;
  CURL *curl;
  const struct cli_http_request *request;
  FILE *sink;
  unsigned long long sink_max;
  size_t capacity; /* of the reply's body */
  bool too_large;
  bool sink_failed;
  bool taken;           /* whoever took the pieces has had enough */
  FILE *bar;            /* NULL: no progress bar */
  curl_off_t bar_shown; /* percent or KiB, -1 before the first */
  bool bar_open;        /* its line has no end yet */
};

static bool is_good(CURL *curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

/* Doubles, so that a long reply is not copied for each piece of it. */
static bool make_room(struct transfer *transfer, size_t needed) {
  size_t capacity = transfer->capacity > 0 ? transfer->capacity : 16 * 1024;
  while (capacity < needed) capacity *= 2;
  if (capacity == transfer->capacity) return true;
  char *grown = realloc(transfer->reply->body, capacity);
  if (grown == NULL) return false;
  transfer->reply->body = grown;
  transfer->capacity = capacity;
  return true;
}

static size_t take_body(char *data, size_t size, size_t count, void *context) {
  struct transfer *transfer = context;
  struct cli_http_reply *reply = transfer->reply;
  size_t added = size * count;
  if (transfer->request->take != NULL && is_good(transfer->curl)) {
    transfer->taken = !transfer->request->take(transfer->request->take_context, data, added);
    return transfer->taken ? 0 : added;
  }
  if (transfer->sink != NULL && is_good(transfer->curl)) {
    if (added > transfer->sink_max - reply->sunk) transfer->too_large = true;
    if (!transfer->too_large && fwrite(data, 1, added, transfer->sink) != added) {
      transfer->sink_failed = true;
    }
    reply->sunk += added;
    return transfer->too_large || transfer->sink_failed ? 0 : added;
  }
  if (added > CLI_REPLY_MAX - reply->size) {
    transfer->too_large = true;
    return 0;
  }
  if (!make_room(transfer, reply->size + added + 1)) return 0;
  memcpy(reply->body + reply->size, data, added);
  reply->size += added;
  reply->body[reply->size] = 0;
  return added;
}

static void draw_bar(struct transfer *transfer, int percent, const char *text) {
  char bar[41];
  for (int i = 0; i < 40; i++) bar[i] = i < percent * 40 / 100 ? '#' : '.';
  bar[40] = 0;
  fprintf(transfer->bar, "\r[%s] %3d %%  %s", bar, percent, text);
  fflush(transfer->bar);
  transfer->bar_open = true;
}

static void end_bar(struct transfer *transfer) {
  if (transfer->bar_open) fputc('\n', transfer->bar);
  transfer->bar_open = false;
}

#define COUNTED_EACH_KIB 256 /* a look into what came is not free */

/* x-total-count is the most that may come. */
static void show_counted(struct transfer *transfer, curl_off_t bytes) {
  const struct cli_http_request *request = transfer->request;
  struct curl_header *header;
  char text[96];
  curl_off_t shown = bytes / 1024 / COUNTED_EACH_KIB;
  if (bytes == 0 || shown == transfer->bar_shown || !is_good(transfer->curl)) return;
  transfer->bar_shown = shown;
  if (curl_easy_header(transfer->curl, "x-total-count", 0, CURLH_HEADER, -1, &header) !=
      CURLHE_OK) {
    return;
  }
  long long total = strtoll(header->value, NULL, 10), done = request->count(request->count_context);
  if (total <= 0 || done < 0) return;
  if (done > total) done = total;
  snprintf(text, sizeof text, "%lld of %lld %s, %lld KiB", done, total, request->counted,
           (long long)bytes / 1024);
  draw_bar(transfer, (int)((double)done / (double)total * 100), text);
}

static int show_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up) {
  struct transfer *transfer = context;
  char text[64];
  curl_off_t total = up_total > 0 ? up_total : down_total;
  curl_off_t done = up_total > 0 ? up : down;
  if (transfer->bar == NULL) return 0;
  if (transfer->request->count != NULL) {
    show_counted(transfer, down);
    return 0;
  }
  if (total <= 0) return 0;
  curl_off_t percent = done * 100 / total;
  if (percent == transfer->bar_shown) return 0;
  transfer->bar_shown = percent;
  snprintf(text, sizeof text, "%lld of %lld bytes", (long long)done, (long long)total);
  draw_bar(transfer, (int)percent, text);
  return 0;
}

static int open_http(struct cli_session *session) {
  if (session->http != NULL) return CLI_OK;
  session->http = calloc(1, sizeof *session->http);
  if (session->http != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
    session->http->curl = curl_easy_init();
  }
  if (session->http != NULL && session->http->curl != NULL) return CLI_OK;
  return cli_fail(session, "no memory for an HTTP connection; free some");
}

static bool is_loopback(const char *url) {
  static const char *const host[] = {"127.", "localhost", "[::1]"};
  const char *start = strstr(url, "://");
  for (size_t i = 0; start != NULL && i < sizeof host / sizeof host[0]; i++) {
    if (strncmp(start + 3, host[i], strlen(host[i])) == 0) return true;
  }
  return false;
}

static bool append(struct curl_slist **list, const char *text) {
  struct curl_slist *grown = curl_slist_append(*list, text);
  if (grown == NULL) return false;
  *list = grown;
  return true;
}

/* A signed-in account: its cookie, and for a change the token that no other
 * site's page could send. */
static bool add_session(struct curl_slist **headers, const struct cli_config *config,
                        const char *method) {
  char line[CLI_TOKEN_MAX + 32];
  snprintf(line, sizeof line, "cookie: " SESSION_COOKIE "%s", config->session);
  bool good = append(headers, line);
  if (strcmp(method, "GET") != 0) {
    snprintf(line, sizeof line, "x-csrf-token: %s", config->csrf);
    good = good && append(headers, line);
  }
  explicit_bzero(line, sizeof line);
  return good;
}

static struct curl_slist *make_headers(struct cli_session *session,
                                       const struct cli_http_request *request) {
  char line[CLI_API_KEY_MAX + 32];
  struct curl_slist *headers = NULL;
  bool good = append(&headers, "accept: application/json");
  if (session->config.api_key[0] != 0) {
    snprintf(line, sizeof line, "x-api-key: %s", session->config.api_key);
    good = good && append(&headers, line);
    explicit_bzero(line, sizeof line);
  }
  if (session->config.api_key[0] == 0 && session->config.session[0] != 0) {
    good = good && add_session(&headers, &session->config, request->method);
  }
  if (request->body != NULL) {
    snprintf(line, sizeof line, "content-type: %s", request->content_type);
    good = good && append(&headers, line);
  }
  if (good) return headers;
  curl_slist_free_all(headers);
  return NULL;
}

static void set_request(struct cli_session *session, const struct cli_http_request *request,
                        struct transfer *transfer, const char *url, struct curl_slist *headers) {
  CURL *curl = session->http->curl;
  curl_easy_reset(curl);
  session->http->error[0] = 0;
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_TIMEOUT_S);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, session->http->error);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "godwit");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, transfer->bar == NULL ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
  const char *ca_file = getenv("GODWIT_CA_FILE"); /* for a server with a CA of one's own */
  if (ca_file != NULL && ca_file[0] != 0) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
  /* A proxy of the environment cannot reach this machine's own loopback. */
  if (is_loopback(url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request->body != NULL) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
  }
}

static int explain(struct cli_session *session, const struct transfer *transfer, CURLcode code) {
  const char *url = session->config.url;
  const char *detail = session->http->error;
  long reason = 0;
  curl_easy_getinfo(session->http->curl, CURLINFO_OS_ERRNO, &reason);
  if (detail[0] == 0) detail = curl_easy_strerror(code);
  if (transfer->too_large && transfer->sink_max > CLI_FILE_MAX) {
    return cli_fail(session, "over %llu GiB came from %s; ask for less at once",
                    transfer->sink_max >> 30, url);
  }
  if (transfer->too_large) {
    return cli_fail(session, "the reply of %s is larger than a Godwit server sends; check the URL",
                    url);
  }
  if (transfer->sink_failed) {
    return cli_fail(session, "cannot write the output file; is the disk full?");
  }
  if (code == CURLE_COULDNT_CONNECT) {
    return cli_fail(session,
                    "cannot reach %s (%s): is `godwit server` running? Start it, or name another "
                    "with --url or GODWIT_URL",
                    url,
                    reason == ECONNREFUSED ? "connection refused"
                    : reason != 0          ? strerror((int)reason)
                                           : detail);
  }
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
      code == CURLE_URL_MALFORMAT) {
    return cli_fail(session,
                    "cannot reach %s (%s): check the host name in the URL, which is from %s", url,
                    detail, cli_source_name(session->config.url_source));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return cli_fail(session, "%s does not answer (%s): look at the server's log, then try again",
                    url, detail);
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR) {
    return cli_fail(session,
                    "%s has no TLS that this machine trusts (%s): install its CA, or name the CA's "
                    "PEM file in GODWIT_CA_FILE",
                    url, detail);
  }
  return cli_fail(session, "%s broke off (%s): look at the server's log, then try again", url,
                  detail);
}

static void take_session(CURL *curl, struct cli_http_reply *reply) {
  struct curl_header *header;
  const size_t prefix = strlen(SESSION_COOKIE);
  if (curl_easy_header(curl, "set-cookie", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return;
  if (strncmp(header->value, SESSION_COOKIE, prefix) != 0) return;
  const char *token = header->value + prefix;
  size_t length = strcspn(token, ";");
  if (length < sizeof reply->session) memcpy(reply->session, token, length);
}

int cli_http_send(struct cli_session *session, const struct cli_http_request *request,
                  struct cli_http_reply *reply) {
  char url[CLI_URL_MAX + 4096];
  memset(reply, 0, sizeof *reply);
  int status = open_http(session);
  if (status != CLI_OK) return status;
  if ((size_t)snprintf(url, sizeof url, "%s%s", session->config.url, request->path) >= sizeof url) {
    return cli_misuse(session, "the request's address is too long; use shorter names");
  }
  struct curl_slist *headers = make_headers(session, request);
  if (headers == NULL) return cli_fail(session, "no memory for a request; free some");
  struct transfer transfer = {
      .reply = reply,
      .curl = session->http->curl,
      .request = request,
      .sink = request->sink,
      .sink_max = request->sink_max > 0 ? request->sink_max : CLI_FILE_MAX,
      .bar = request->progress && session->err_terminal ? session->err : NULL,
      .bar_shown = -1};
  set_request(session, request, &transfer, url, headers);
  CURLcode code = curl_easy_perform(session->http->curl);
  end_bar(&transfer);
  if (code == CURLE_OK || transfer.taken) {
    curl_easy_getinfo(session->http->curl, CURLINFO_RESPONSE_CODE, &reply->status);
    take_session(session->http->curl, reply);
  } else {
    status = explain(session, &transfer, code);
    cli_http_reply_free(reply);
  }
  curl_slist_free_all(headers);
  return status;
}

void cli_http_reply_free(struct cli_http_reply *reply) {
  if (reply->body != NULL) explicit_bzero(reply->body, reply->size); /* keys come in replies */
  free(reply->body);
  memset(reply, 0, sizeof *reply);
}

void cli_http_close(struct cli_session *session) {
  if (session->http == NULL) return;
  if (session->http->curl != NULL) curl_easy_cleanup(session->http->curl);
  curl_global_cleanup();
  free(session->http);
  session->http = NULL;
}
