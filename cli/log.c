/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit log`: what devices logged, and what they log now. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define LIMIT_DEFAULT "50"
#define FOLLOW_PAGE "1000"
#define FOLLOW_PERIOD_S 1

static const char *colour_of(const char *level) {
  if (strcmp(level, "ERROR") == 0) return "\033[31m";
  if (strcmp(level, "WARN") == 0) return "\033[33m";
  return strcmp(level, "DEBUG") == 0 ? "\033[2m" : "";
}

static void print_line(struct cli_session *session, const json_t *line, const json_t *devices) {
  char text[2048], time[64], device[128], module[128];
  const char *level = cli_text(line, "level");
  const char *colour = session->out_colour ? colour_of(level) : "";
  if (session->json) {
    cli_print_json(session, line);
    return;
  }
  cli_printable(text, sizeof text, cli_text(line, "message"));
  cli_printable(device, sizeof device, cli_name_in(devices, cli_text(line, "deviceId")));
  cli_printable(module, sizeof module, cli_text(line, "module"));
  fprintf(session->out, "%s  %s  %s%-5s%s  %s%s%s\n",
          cli_format_time(time, sizeof time, cli_text(line, "timestamp")), device, colour, level,
          colour[0] != 0 ? "\033[0m" : "", module, module[0] != 0 ? ": " : "", text);
}

static int base_address(struct cli_session *session, struct cli_address *address) {
  const char *device = cli_option(session, "device");
  char id[CLI_ID_MAX + 1];
  int status = device == NULL ? CLI_OK : cli_find_id(session, &cli_kind_device, device, id);
  if (status != CLI_OK) return status;
  cli_address_init(address, session, "/logs");
  if (device != NULL) cli_address_query(address, "deviceId", id);
  cli_address_query(address, "level", cli_option(session, "level"));
  cli_address_query(address, "module", cli_option(session, "module"));
  cli_address_query(address, "term", cli_option(session, "term"));
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

static int follow(struct cli_session *session, const struct cli_address *base,
                  const json_t *devices, long long newest) {
  for (;;) {
    struct cli_address address = *base;
    json_t *lines;
    sleep(FOLLOW_PERIOD_S);
    cli_address_query(&address, "perPage", FOLLOW_PAGE);
    int status = cli_api_page(session, &address, &lines);
    if (status != CLI_OK) return status;
    print_news(session, lines, devices, &newest);
    json_decref(lines);
    if (ferror(session->out)) return CLI_FAILED; /* whoever read has gone */
  }
}

int cli_log(struct cli_session *session) {
  struct cli_address base, address;
  json_t *lines = NULL, *devices = NULL;
  long long newest = -1;
  const char *limit = cli_option(session, "limit");
  int status = base_address(session, &base);
  address = base;
  cli_address_query(&address, "perPage", limit != NULL ? limit : LIMIT_DEFAULT);
  if (status == CLI_OK) status = cli_api_page(session, &address, &lines);
  if (status == CLI_OK) status = get_devices(session, &devices);
  if (status == CLI_OK && session->json && !cli_switch(session, "follow")) {
    cli_print_json(session, lines);
  } else if (status == CLI_OK) {
    print_news(session, lines, devices, &newest);
  }
  json_decref(lines);
  if (status == CLI_OK && cli_switch(session, "follow")) {
    status = follow(session, &base, devices, newest);
  }
  json_decref(devices);
  return status;
}
