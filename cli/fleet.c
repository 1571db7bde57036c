/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet as a whole: `overview`, changes of many devices, virtual devices. */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

static long long number(const json_t *object, const char *member) {
  return (long long)json_integer_value(json_object_get(object, member));
}

static void print_versions(struct cli_session *session, const json_t *packages) {
  static const char *const heading[] = {"PACKAGE", "VERSION", "DEVICES", "ONLINE"};
  struct cli_table table;
  json_t *package, *version;
  size_t i, k;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(packages, i, package) {
    json_array_foreach(json_object_get(package, "versions"), k, version) {
      cli_table_add(&table, cli_text(package, "package"));
      cli_table_add(&table, cli_text(version, "version"));
      cli_table_addf(&table, "%lld", number(version, "count"));
      cli_table_addf(&table, "%lld", number(version, "online"));
    }
    if (number(package, "unknown") > 0) {
      cli_table_add(&table, cli_text(package, "package"));
      cli_table_add(&table, "not known");
      cli_table_addf(&table, "%lld", number(package, "unknown"));
      cli_table_add(&table, NULL);
    }
  }
  cli_table_print(session, &table);
}

int cli_overview(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  cli_address_init(&address, session, "/overview");
  int status = cli_api_get(session, &address, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    const json_t *devices = json_object_get(data, "devices");
    const json_t *captures = json_object_get(data, "captures");
    cli_fact(session, "devices", "%lld, %lld online, %lld never seen", number(devices, "total"),
             number(devices, "online"), number(devices, "neverSeen"));
    cli_fact(session, "rollouts", "%zu", json_array_size(json_object_get(data, "rollouts")));
    cli_fact(session, "failures", "%zu of late",
             json_array_size(json_object_get(data, "failures")));
    cli_fact(session, "captures", "%lld, %lld without a label, %lld in the last day",
             number(captures, "total"), number(captures, "unlabelled"),
             number(captures, "lastDay"));
    print_versions(session, json_object_get(data, "packages"));
  }
  json_decref(data);
  return CLI_OK;
}

/* --- many devices at once -------------------------------------------------------- */

/* Filters, at least one: nobody changes a whole fleet by leaving one out. */
static int make_filter(struct cli_session *session, json_t **filter) {
  char id[CLI_ID_MAX + 1];
  json_t *tags;
  *filter = json_object();
  cli_body_option(session, *filter, "term", "term");
  const char *blueprint = cli_option(session, "blueprint");
  int status = CLI_OK;
  if (blueprint != NULL) {
    status = cli_find_id(session, &cli_kind_blueprint, blueprint, id);
    if (status == CLI_OK) json_object_set_new(*filter, "blueprintId", json_string(id));
  }
  if (status == CLI_OK) status = cli_find_options(session, &cli_kind_tag, "tag", &tags);
  if (status == CLI_OK && json_array_size(tags) > 0) {
    json_object_set(*filter, "tags", tags);
  }
  if (status == CLI_OK) json_decref(tags);
  if (status == CLI_OK && json_object_size(*filter) == 0 && !cli_switch(session, "all")) {
    status = cli_misuse(session, "which devices? Give --term, --tag, --blueprint or --all");
  }
  if (status != CLI_OK) json_decref(*filter);
  return status;
}

static int add_changes(struct cli_session *session, json_t *body) {
  static const char *const option[] = {"add-tag", "remove-tag"};
  static const char *const member[] = {"addTagId", "removeTagId"};
  for (size_t i = 0; i < 2; i++) {
    json_t *ids;
    int status = cli_find_options(session, &cli_kind_tag, option[i], &ids);
    if (status != CLI_OK) return status;
    if (json_array_size(ids) > 0) json_object_set(body, member[i], ids);
    json_decref(ids);
  }
  if (cli_switch(session, "enable")) json_object_set_new(body, "enabled", json_true());
  if (cli_switch(session, "disable")) json_object_set_new(body, "enabled", json_false());
  if (json_object_size(body) > 1) return CLI_OK;
  return cli_misuse(session, "change what? Give --add-tag, --remove-tag, --enable or --disable");
}

/* The server changes so many at once, each time all or none; the same again
 * changes the next ones. */
static int change_all(struct cli_session *session, json_t *body) {
  static const struct cli_column facts[] = {
      {"devices", "matched", CLI_CELL_TEXT}, {"changed", "updated", CLI_CELL_TEXT}, {0}};
  struct cli_address address;
  long long matched = 0, updated = 0, remaining = 0;
  bool first = true;
  int status = CLI_OK;
  cli_address_init(&address, session, "/devices/bulk");
  do {
    json_t *data;
    status = cli_api_send(session, "POST", &address, json_incref(body), &data);
    if (status != CLI_OK) break;
    if (first) matched = number(data, "matched");
    first = false;
    updated += number(data, "updated");
    remaining = number(data, "remaining");
    bool stuck = number(data, "updated") == 0;
    json_decref(data);
    if (remaining > 0 && session->err_terminal) {
      fprintf(session->err, "\r%lld changed, %lld to go\033[K", updated, remaining);
    }
    if (stuck) break;
  } while (remaining > 0);
  json_decref(body);
  if (session->err_terminal && updated > 0 && matched > 2000) fputc('\n', session->err);
  if (status != CLI_OK) return status;
  return cli_record(session, json_pack("{s:I, s:I}", "matched", matched, "updated", updated),
                    facts);
}

int cli_device_bulk(struct cli_session *session) {
  json_t *filter, *body;
  if (cli_switch(session, "enable") && cli_switch(session, "disable")) {
    return cli_misuse(session, "give --enable or --disable, not both");
  }
  int status = make_filter(session, &filter);
  if (status != CLI_OK) return status;
  body = json_pack("{s:o}", "filter", filter);
  status = add_changes(session, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  return change_all(session, body);
}

/* --- virtual devices --------------------------------------------------------------- */

static const struct cli_column virtual_facts[] = {
    {"device", "deviceName", CLI_CELL_TEXT}, {"id", "deviceId", CLI_CELL_TEXT},
    {"running", "running", CLI_CELL_TEXT},   {"since", "startedAt", CLI_CELL_TIME},
    {"error", "lastError", CLI_CELL_TEXT},   {0}};

int cli_virtual_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body = json_object();
  const char *name = cli_argument(session, 0);
  if (name != NULL) json_object_set_new(body, "name", json_string(name));
  cli_address_init(&address, session, "/virtual-devices");
  return cli_send_and_show(session, "POST", &address, body, virtual_facts);
}

int cli_virtual_list(struct cli_session *session) {
  static const struct cli_column columns[] = {
      {"DEVICE", "deviceName", CLI_CELL_TEXT},    {"RUNNING", "running", CLI_CELL_TEXT},
      {"SINCE", "startedAt", CLI_CELL_TIME},      {"RESTARTS", "restarts", CLI_CELL_TEXT},
      {"LAST ERROR", "lastError", CLI_CELL_TEXT}, {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/virtual-devices");
  return cli_list(session, &address, columns);
}

int cli_virtual_delete(struct cli_session *session) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/virtual-devices");
  cli_address_step(&address, id);
  return cli_delete(session, &address, "virtual device", cli_argument(session, 0));
}
