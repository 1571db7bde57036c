/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit log`: what devices logged, and what they log now. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

#define LIMIT_DEFAULT "50"
#define LIMIT_MAX 1000     /* the server's largest page */
#define FOLLOW_PAGE "20"   /* looked at each time, mostly with nothing new */
#define FOLLOW_REST "1000" /* and as much at once where there is more */
#define FOLLOW_PAGES_MAX 100
#define FOLLOW_PERIOD_S 1

static const char *colour_of(const char *level) {
  if (strcmp(level, "ERROR") == 0) return "\033[31m";
  if (strcmp(level, "WARN") == 0) return "\033[33m";
  return strcmp(level, "DEBUG") == 0 ? "\033[2m" : "";
}

/* What else the device said with it: {"pin": 4}; "" for nothing. */
static char *metadata_of(const json_t *line) {
  const json_t *metadata = json_object_get(line, "metadata");
  return json_object_size(metadata) > 0 ? cli_json_line(metadata) : NULL;
}

static void print_line(struct cli_session *session, const json_t *line, const json_t *devices) {
  char text[2048], time[64], device[128], module[128], level[16];
  const char *colour = session->out_colour ? colour_of(cli_text(line, "level")) : "";
  if (session->json) { /* a document a line, for whoever reads line by line */
    json_dumpf(line, session->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fputc('\n', session->out);
    return;
  }
  char *metadata = metadata_of(line);
  cli_printable(text, sizeof text, cli_text(line, "message"));
  cli_printable(device, sizeof device, cli_name_in(devices, cli_text(line, "deviceId")));
  cli_printable(module, sizeof module, cli_text(line, "module"));
  cli_printable(level, sizeof level, cli_text(line, "level"));
  fprintf(session->out, "%s  %s  %s%-5s%s  %s%s%s%s%s\n",
          cli_format_time(time, sizeof time, cli_text(line, "timestamp")), device, colour, level,
          colour[0] != 0 ? "\033[0m" : "", module, module[0] != 0 ? ": " : "", text,
          metadata != NULL ? "  " : "", metadata != NULL ? metadata : "");
  free(metadata);
}

static int base_address(struct cli_session *session, struct cli_address *address) {
  const char *device = cli_option(session, "device");
  const char *limit = cli_option(session, "limit");
  char id[CLI_ID_MAX + 1], start[CLI_TIME_SIZE];
  int status = CLI_OK;
  if (limit != NULL) status = cli_check_count(session, "limit", limit, 1, LIMIT_MAX);
  if (status == CLI_OK) status = cli_read_time(session, "since", start);
  if (status == CLI_OK && device != NULL) {
    status = cli_find_id(session, &cli_kind_device, device, id);
  }
  if (status != CLI_OK) return status;
  cli_address_init(address, session, "/logs");
  if (device != NULL) cli_address_query(address, "deviceId", id);
  cli_address_query(address, "level", cli_option(session, "level"));
  cli_address_query(address, "module", cli_option(session, "module"));
  cli_address_query(address, "term", cli_option(session, "term"));
  cli_address_query(address, "start", start[0] != 0 ? start : NULL);
  return CLI_OK;
}

static long long id_of(const json_t *line) { return strtoll(cli_text(line, "id"), NULL, 10); }

/* Oldest first, those after *newest, which moves on. */
static void print_news(struct cli_session *session, const json_t *lines, const json_t *devices,
                       long long *newest) {
  long long last = *newest;
  for (size_t i = json_array_size(lines); i-- > 0;) {
    const json_t *line = json_array_get(lines, i);
    if (id_of(line) <= last) continue;
    if (id_of(line) > *newest) *newest = id_of(line);
    print_line(session, line, devices);
  }
  fflush(session->out);
}

static int get_devices(struct cli_session *session, json_t **devices) {
  struct cli_address address;
  cli_address_init(&address, session, "/devices");
  return cli_api_list(session, &address, devices);
}

/* The lines after `newest`, page by page, newest first: none is lost however
 * many came at once. */
static int get_news(struct cli_session *session, const struct cli_address *base, long long newest,
                    json_t *lines) {
  char token[CLI_ID_MAX + 1] = "";
  for (unsigned page = 0; page < FOLLOW_PAGES_MAX; page++) {
    struct cli_address address = *base;
    json_t *document;
    cli_address_query(&address, "perPage", token[0] == 0 ? FOLLOW_PAGE : FOLLOW_REST);
    if (token[0] != 0) cli_address_query(&address, "pageToken", token);
    int status = cli_api_document(session, &address, &document);
    if (status != CLI_OK) return status;
    json_t *list = json_object_get(document, "list");
    size_t count = json_array_size(list);
    bool more = count > 0 && id_of(json_array_get(list, count - 1)) > newest;
    json_array_extend(lines, list);
    snprintf(token, sizeof token, "%s", cli_text(document, "nextPageToken"));
    json_decref(document);
    if (!more || token[0] == 0) break;
  }
  return CLI_OK;
}

static int follow(struct cli_session *session, const struct cli_address *base,
                  const json_t *devices, long long newest) {
  for (;;) {
    sleep(FOLLOW_PERIOD_S);
    json_t *lines = json_array();
    int status = get_news(session, base, newest, lines);
    if (status == CLI_OK) print_news(session, lines, devices, &newest);
    json_decref(lines);
    if (status != CLI_OK) return status;
    if (ferror(session->out)) return CLI_FAILED; /* whoever read has gone */
  }
}

/* The newest lines, and by what name devices go in them. */
static int get_first(struct cli_session *session, const struct cli_address *base, json_t **lines,
                     json_t **devices) {
  struct cli_address address = *base;
  const char *limit = cli_option(session, "limit");
  cli_address_query(&address, "perPage", limit != NULL ? limit : LIMIT_DEFAULT);
  int status = cli_api_page(session, &address, lines);
  return status == CLI_OK && !session->json ? get_devices(session, devices) : status;
}

int cli_log(struct cli_session *session) {
  struct cli_address base;
  json_t *lines = NULL, *devices = NULL;
  long long newest = -1;
  bool goes_on = cli_switch(session, "follow");
  int status = base_address(session, &base);
  if (status == CLI_OK) status = get_first(session, &base, &lines, &devices);
  if (status == CLI_OK && session->json && !goes_on) {
    cli_print_json(session, lines);
  } else if (status == CLI_OK) {
    print_news(session, lines, devices, &newest);
  }
  json_decref(lines);
  if (status == CLI_OK && goes_on) status = follow(session, &base, devices, newest);
  json_decref(devices);
  return status;
}
