/* SPDX-License-Identifier: Apache-2.0 */
/* What devices reported of their updates. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define LIMIT_DEFAULT "50"

static void print_events(struct cli_session *session, const json_t *events, const json_t *devices) {
  static const char *const heading[] = {"TIME",   "DEVICE", "PACKAGE", "STATE",
                                        "REASON", "DETAIL", "VERSION", "TARGET"};
  struct cli_table table;
  json_t *event;
  size_t i;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(events, i, event) {
    char time[64];
    cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(event, "timestamp")));
    cli_table_add(&table, cli_name_in(devices, cli_text(event, "deviceId")));
    cli_table_add(&table, cli_text(event, "packageId"));
    cli_table_add(&table, cli_text(event, "eventType"));
    cli_table_add(&table, cli_text(event, "message"));
    cli_table_add(&table, cli_text(event, "detail"));
    cli_table_add(&table, cli_text(event, "currentVersion"));
    cli_table_add(&table, cli_text(event, "targetVersion"));
  }
  cli_table_print(session, &table);
}

static int check_limit(struct cli_session *session, const char *limit) {
  char *end;
  long count = strtol(limit, &end, 10);
  if (*end == 0 && count >= 1 && count <= 1000) return CLI_OK;
  return cli_misuse(session, "--limit is '%s', 1 to 1000 are possible; correct it", limit);
}

static int show_events(struct cli_session *session, const char *device_name) {
  struct cli_address address;
  json_t *events = NULL, *devices = json_array(), *device = NULL;
  const char *limit = cli_option(session, "limit");
  if (limit == NULL) limit = LIMIT_DEFAULT;
  int status = check_limit(session, limit);
  cli_address_init(&address, session, "/ota-events");
  if (status == CLI_OK && device_name != NULL) {
    status = cli_find(session, &cli_kind_device, device_name, &device);
  }
  if (status == CLI_OK) {
    if (device != NULL) cli_address_query(&address, "deviceId", cli_text(device, "id"));
    cli_address_query(&address, "packageId", cli_option(session, "package"));
    cli_address_query(&address, "perPage", limit);
    status = cli_api_page(session, &address, &events);
  }
  if (status == CLI_OK && session->json) cli_print_json(session, events);
  if (status == CLI_OK && !session->json) {
    if (device != NULL) {
      json_array_append(devices, device);
    } else {
      struct cli_address all;
      json_decref(devices);
      cli_address_init(&all, session, "/devices");
      status = cli_api_list(session, &all, &devices);
    }
    if (status == CLI_OK) print_events(session, events, devices);
  }
  json_decref(events);
  json_decref(devices);
  json_decref(device);
  return status;
}

int cli_ota_events(struct cli_session *session) {
  return show_events(session, cli_option(session, "device"));
}

int cli_device_history(struct cli_session *session) {
  return show_events(session, cli_argument(session, 0));
}
