/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/credential.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/verbs.h"

#define LINE_MAX_LENGTH 512

static void address_of(struct cli_address *address, const struct cli_session *session,
                       const char *id) {
  cli_address_init(address, session, "/devices");
  cli_address_step(address, id);
}

/* --- create ------------------------------------------------------------------- */

static int make_body(struct cli_session *session, json_t **body) {
  char blueprint[CLI_ID_MAX + 1];
  json_t *tags, *hardware = json_array();
  *body = NULL;
  int status = cli_find_options(session, &cli_kind_tag, "tag", &tags);
  if (status == CLI_OK && cli_option(session, "blueprint") != NULL) {
    status = cli_find_id(session, &cli_kind_blueprint, cli_option(session, "blueprint"), blueprint);
    if (status != CLI_OK) json_decref(tags);
  }
  if (status != CLI_OK) {
    json_decref(hardware);
    return status;
  }
  for (size_t i = 0; i < session->parsed.option_count; i++) {
    if (strcmp(session->parsed.option[i].option->name, "hardware-id") != 0) continue;
    json_array_append_new(hardware, json_string(session->parsed.option[i].value));
  }
  *body = json_object();
  json_object_set_new(*body, "name", json_string(cli_argument(session, 0)));
  json_object_set_new(*body, "tagIds", tags);
  if (json_array_size(hardware) > 0) json_object_set(*body, "hardwareIds", hardware);
  json_decref(hardware);
  if (cli_option(session, "blueprint") != NULL) {
    json_object_set_new(*body, "blueprintId", json_string(blueprint));
  }
  return CLI_OK;
}

/* Device and key in one transaction: *device as the server shows it, with the
 * credential in it. */
static int provision(struct cli_session *session, json_t *body, json_t **device) {
  struct cli_address address;
  json_t *credential;
  int status = cli_credential_options(session, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/provisioning");
  status = cli_api_send(session, "POST", &address, body, &credential);
  if (status != CLI_OK) return status;
  address_of(&address, session, cli_text(credential, "deviceId"));
  status = cli_api_get(session, &address, device);
  if (status == CLI_OK) json_object_set(*device, "credential", credential);
  json_decref(credential);
  return status;
}

int cli_device_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body, *device, *credential;
  bool bare = cli_switch(session, "no-credential");
  if (bare && (cli_switch(session, "psk") || cli_switch(session, "psk-id"))) {
    return cli_misuse(session, "--no-credential and --psk or --psk-id contradict; drop one");
  }
  int status = make_body(session, &body);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/devices");
  status = bare ? cli_api_send(session, "POST", &address, body, &device)
                : provision(session, body, &device);
  if (status != CLI_OK) return status;
  credential = json_object_get(device, "credential");
  if (session->json) {
    cli_print_json(session, device);
  } else {
    cli_fact(session, "device", "%s", cli_text(device, "name"));
    cli_fact(session, "id", "%s", cli_text(device, "id"));
    if (credential != NULL) cli_credential_print(session, credential);
  }
  json_decref(device);
  return status;
}

/* --- list and show ------------------------------------------------------------ */

/* "model@1.0.0 (DOWNLOADING 1.1.0)", "no model" */
static void describe_package(char *out, size_t size, const char *package, const json_t *update) {
  const char *state = cli_text(update, "state"), *version = cli_text(update, "version");
  const char *target = cli_text(update, "target");
  char moving[160] = "";
  if (state[0] != 0 && strcmp(state, "IDLE") != 0) {
    snprintf(moving, sizeof moving, " (%s%s%s)", state, target[0] != 0 ? " " : "", target);
  }
  if (version[0] != 0) {
    snprintf(out, size, "%s@%s%s", package, version, moving);
  } else {
    snprintf(out, size, "no %s%s", package, moving);
  }
}

/* What the device said it runs: "model@1.0.0, main@2.1.0". */
static const char *describe_update(char *out, size_t size, const json_t *device) {
  json_t *updates = json_object_get(json_object_get(device, "metadata"), "update"), *update;
  const char *package;
  out[0] = 0;
  json_object_foreach(updates, package, update) {
    char one[256];
    size_t used = strlen(out);
    describe_package(one, sizeof one, package, update);
    snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", one);
  }
  return out;
}

static const char *status_of(const json_t *device) {
  json_t *enabled = json_object_get(device, "enabled");
  if (json_is_false(enabled)) return "disabled";
  return cli_text(json_object_get(device, "metadata"), "status");
}

static const char *time_of(char *out, size_t size, const json_t *device, const char *member) {
  return cli_format_time(out, size, cli_text(json_object_get(device, "metadata"), member));
}

static void print_list(struct cli_session *session, const json_t *devices,
                       const struct cli_names *names) {
  static const char *const heading[] = {"DEVICE", "STATUS",      "RUNS", "BLUEPRINT",
                                        "TAGS",   "LAST REPORT", "ID"};
  struct cli_table table;
  char line[LINE_MAX_LENGTH];
  json_t *device;
  size_t i;
  cli_table_init(&table, heading, 7);
  json_array_foreach(devices, i, device) {
    cli_table_add(&table, cli_text(device, "name"));
    cli_table_add(&table, status_of(device));
    cli_table_add(&table, describe_update(line, sizeof line, device));
    cli_table_add(&table, cli_name_in(names->blueprints, cli_text(device, "blueprintId")));
    cli_table_add(&table,
                  cli_join(line, sizeof line, json_object_get(device, "tagIds"), names->tags));
    cli_table_add(&table, time_of(line, sizeof line, device, "lastReport"));
    cli_table_add(&table, cli_text(device, "id"));
  }
  cli_table_print(session, &table);
}

int cli_device_list(struct cli_session *session) {
  struct cli_address address;
  struct cli_names names = {0};
  json_t *devices;
  char id[CLI_ID_MAX + 1];
  int status = CLI_OK;
  cli_address_init(&address, session, "/devices");
  if (cli_option(session, "blueprint") != NULL) {
    status = cli_find_id(session, &cli_kind_blueprint, cli_option(session, "blueprint"), id);
    if (status != CLI_OK) return status;
    cli_address_query(&address, "blueprintId", id);
  }
  if (cli_option(session, "tag") != NULL) {
    status = cli_find_id(session, &cli_kind_tag, cli_option(session, "tag"), id);
    if (status != CLI_OK) return status;
    cli_address_query(&address, "tags", id);
  }
  status = cli_api_list(session, &address, &devices);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, devices);
  } else {
    status = cli_names_load(session, &names);
    if (status == CLI_OK) print_list(session, devices, &names);
    cli_names_free(&names);
  }
  json_decref(devices);
  return status;
}

/* Why its last update failed, and what to do. */
static void print_detail(struct cli_session *session, const char *detail) {
  const char *advice = cli_detail_advice(detail);
  if (detail[0] == 0) return;
  cli_fact(session, "why", "%s%s%s", detail, advice[0] != 0 ? ": " : "", advice);
}

static void print_device(struct cli_session *session, const json_t *device,
                         const struct cli_names *names) {
  json_t *metadata = json_object_get(device, "metadata");
  json_t *updates = json_object_get(metadata, "update"), *update;
  const char *package;
  char line[LINE_MAX_LENGTH];
  cli_fact(session, "device", "%s", cli_text(device, "name"));
  cli_fact(session, "id", "%s", cli_text(device, "id"));
  cli_fact(session, "status", "%s", status_of(device));
  cli_fact(session, "blueprint", "%s",
           cli_name_in(names->blueprints, cli_text(device, "blueprintId")));
  cli_fact(session, "tags", "%s",
           cli_join(line, sizeof line, json_object_get(device, "tagIds"), names->tags));
  cli_fact(session, "hardware ids", "%s",
           cli_join(line, sizeof line, json_object_get(device, "hardwareIds"), NULL));
  cli_fact(session, "last report", "%s", time_of(line, sizeof line, device, "lastReport"));
  cli_fact(session, "last online", "%s", time_of(line, sizeof line, device, "lastSeenOnline"));
  cli_fact(session, "last offline", "%s", time_of(line, sizeof line, device, "lastSeenOffline"));
  json_object_foreach(updates, package, update) {
    describe_package(line, sizeof line, package, update);
    const char *reason = cli_text(update, "reason");
    cli_fact(session, "runs", "%s%s%s", line, reason[0] != 0 ? ", " : "", reason);
    print_detail(session, cli_text(update, "detail"));
  }
}

int cli_device_show(struct cli_session *session) {
  struct cli_names names = {0};
  json_t *device;
  int status = cli_find(session, &cli_kind_device, cli_argument(session, 0), &device);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, device);
  } else {
    status = cli_names_load(session, &names);
    if (status == CLI_OK) print_device(session, device, &names);
    cli_names_free(&names);
  }
  json_decref(device);
  return status;
}

/* --- change ------------------------------------------------------------------- */

/* PATCHes the device with `body` (taken) and shows the outcome. */
static int patch(struct cli_session *session, json_t *body) {
  struct cli_address address;
  struct cli_names names = {0};
  char id[CLI_ID_MAX + 1];
  json_t *device;
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  address_of(&address, session, id);
  status = cli_api_send(session, "PATCH", &address, body, &device);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, device);
  } else {
    status = cli_names_load(session, &names);
    if (status == CLI_OK) print_device(session, device, &names);
    cli_names_free(&names);
  }
  json_decref(device);
  return status;
}

/* "" takes the blueprint away. */
static int add_blueprint(struct cli_session *session, json_t *body) {
  const char *blueprint = cli_option(session, "blueprint");
  char id[CLI_ID_MAX + 1] = "";
  int status = CLI_OK;
  if (blueprint == NULL) return CLI_OK;
  if (strcmp(blueprint, "none") != 0) {
    status = cli_find_id(session, &cli_kind_blueprint, blueprint, id);
  }
  if (status == CLI_OK) json_object_set_new(body, "blueprintId", json_string(id));
  return status;
}

static void add_hardware_ids(struct cli_session *session, json_t *body) {
  json_t *ids = json_array();
  for (size_t i = 0; i < session->parsed.option_count; i++) {
    if (strcmp(session->parsed.option[i].option->name, "hardware-id") != 0) continue;
    json_array_append_new(ids, json_string(session->parsed.option[i].value));
  }
  if (json_array_size(ids) > 0) json_object_set(body, "hardwareIds", ids);
  json_decref(ids);
}

int cli_device_set(struct cli_session *session) {
  json_t *body = json_object();
  cli_body_option(session, body, "name", "name");
  add_hardware_ids(session, body);
  int status = add_blueprint(session, body);
  if (status == CLI_OK && json_object_size(body) == 0) {
    status = cli_misuse(session, "nothing to change; give --name, --blueprint or --hardware-id");
  }
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  return patch(session, body);
}

static int change_tags(struct cli_session *session, const char *member) {
  json_t *ids = json_array(), *body = json_object();
  int status = CLI_OK;
  for (size_t i = 1; i < session->parsed.argument_count && status == CLI_OK; i++) {
    char id[CLI_ID_MAX + 1];
    status = cli_find_id(session, &cli_kind_tag, cli_argument(session, i), id);
    if (status == CLI_OK) json_array_append_new(ids, json_string(id));
  }
  json_object_set_new(body, member, ids);
  if (status == CLI_OK) return patch(session, body);
  json_decref(body);
  return status;
}

int cli_device_tag_add(struct cli_session *session) { return change_tags(session, "addTagId"); }

int cli_device_tag_remove(struct cli_session *session) {
  return change_tags(session, "removeTagId");
}

int cli_device_enable(struct cli_session *session) {
  return patch(session, json_pack("{s:b}", "enabled", 1));
}

int cli_device_disable(struct cli_session *session) {
  return patch(session, json_pack("{s:b}", "enabled", 0));
}

int cli_device_delete(struct cli_session *session) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  address_of(&address, session, id);
  return cli_delete(session, &address, "device", cli_argument(session, 0));
}
