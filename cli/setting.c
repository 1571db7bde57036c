/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit setting` and `godwit device settings`: values that devices are told,
 * for a project, a blueprint or one device; the nearest level wins. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

/* --- levels --------------------------------------------------------------------------- */

struct level {
  const char *member; /* "deviceId", "blueprintId"; NULL: the project's */
  char id[CLI_ID_MAX + 1];
};

static int read_level(struct cli_session *session, struct level *level) {
  const char *device = cli_option(session, "device"), *blueprint = cli_option(session, "blueprint");
  *level = (struct level){0};
  if (device != NULL && blueprint != NULL) {
    return cli_misuse(session, "--device and --blueprint are two levels; drop one");
  }
  if (device != NULL) {
    level->member = "deviceId";
    return cli_find_id(session, &cli_kind_device, device, level->id);
  }
  if (blueprint != NULL) {
    level->member = "blueprintId";
    return cli_find_id(session, &cli_kind_blueprint, blueprint, level->id);
  }
  return CLI_OK;
}

/* The setting of that key at that level; NULL when there is none. */
static int find_setting(struct cli_session *session, const char *key, const struct level *level,
                        json_t **setting) {
  struct cli_address address;
  json_t *list, *each;
  size_t i;
  *setting = NULL;
  cli_address_init(&address, session, "/settings");
  cli_address_query(&address, "key", key);
  if (level->member != NULL) {
    cli_address_query(&address, level->member, level->id);
  } else {
    cli_address_query(&address, "level", "project");
  }
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  json_array_foreach(list, i, each) {
    /* What is changed or deleted next is what was asked for, whatever came. */
    if (*setting == NULL && strcmp(cli_text(each, "key"), key) == 0) *setting = json_incref(each);
  }
  json_decref(list);
  return CLI_OK;
}

static void address_of(struct cli_address *address, const struct cli_session *session,
                       const json_t *setting) {
  cli_address_init(address, session, "/settings");
  cli_address_step(address, cli_text(setting, "id"));
}

/* --- showing -------------------------------------------------------------------------- */

static void add_value(struct cli_table *table, const json_t *setting) {
  char *text = cli_json_line(json_object_get(setting, "value"));
  cli_table_add(table, text);
  free(text);
}

static const char *owner_of(const json_t *setting, const json_t *devices,
                            const json_t *blueprints) {
  const char *device = cli_text(setting, "deviceId"), *blueprint = cli_text(setting, "blueprintId");
  if (device[0] != 0) return cli_name_in(devices, device);
  return blueprint[0] != 0 ? cli_name_in(blueprints, blueprint) : "";
}

/* The objects that some setting names; nothing is asked for where none does. */
static int get_owners(struct cli_session *session, const json_t *settings, const char *member,
                      const char *collection, json_t **owners) {
  struct cli_address address;
  json_t *setting;
  size_t i;
  bool named = false;
  json_array_foreach(settings, i, setting) named |= cli_text(setting, member)[0] != 0;
  *owners = NULL;
  if (!named) return CLI_OK;
  cli_address_init(&address, session, collection);
  return cli_api_list(session, &address, owners);
}

static int print_settings(struct cli_session *session, const json_t *settings) {
  static const char *const heading[] = {"KEY", "VALUE", "TYPE", "LEVEL", "OF"};
  struct cli_table table;
  json_t *devices = NULL, *blueprints = NULL, *setting;
  size_t i;
  int status = get_owners(session, settings, "deviceId", "/devices", &devices);
  if (status == CLI_OK) {
    status = get_owners(session, settings, "blueprintId", "/blueprints", &blueprints);
  }
  if (status == CLI_OK) {
    cli_table_init(&table, heading, 5);
    json_array_foreach(settings, i, setting) {
      cli_table_add(&table, cli_text(setting, "key"));
      add_value(&table, setting);
      cli_table_add(&table, cli_text(setting, "dataType"));
      cli_table_add(&table, cli_text(setting, "level"));
      cli_table_add(&table, owner_of(setting, devices, blueprints));
    }
    cli_table_print(session, &table);
  }
  json_decref(devices);
  json_decref(blueprints);
  return status;
}

int cli_setting_list(struct cli_session *session) {
  struct cli_address address;
  struct level level;
  json_t *settings;
  int status = read_level(session, &level);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/settings");
  if (level.member != NULL) cli_address_query(&address, level.member, level.id);
  status = cli_api_list(session, &address, &settings);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, settings);
  } else {
    status = print_settings(session, settings);
  }
  json_decref(settings);
  return status;
}

/* --- changing --------------------------------------------------------------------------- */

/* 5, 0.5, true, "text" are what they look like; other words are texts, and so is
 * everything with --type string. */
static int read_value(struct cli_session *session, json_t **value) {
  const char *text = cli_argument(session, 1), *type = cli_option(session, "type");
  if (type != NULL && strcmp(type, "string") == 0) {
    *value = json_string(text);
    return *value != NULL ? CLI_OK : cli_misuse(session, "the value is no UTF-8; correct it");
  }
  int status = cli_read_value(session, text, value);
  if (status != CLI_OK) return status;
  if (!json_is_object(*value) && !json_is_array(*value) && !json_is_null(*value)) return CLI_OK;
  json_decref(*value);
  *value = NULL;
  return cli_misuse(session,
                    "a setting is a number, true, false or a text, and '%s' is none; as a text: "
                    "--type string",
                    text);
}

static int send_setting(struct cli_session *session, const struct level *level,
                        const json_t *existing, json_t **answer) {
  struct cli_address address;
  const char *type = cli_option(session, "type"), *key = cli_argument(session, 0);
  json_t *body = json_object(), *value;
  int status = read_value(session, &value);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  json_object_set_new(body, "value", value);
  if (type != NULL) json_object_set_new(body, "dataType", json_string(type));
  if (existing != NULL) {
    address_of(&address, session, existing);
    return cli_api_send(session, "PATCH", &address, body, answer);
  }
  if (json_object_set_new(body, "key", json_string(key)) != 0) {
    json_decref(body);
    return cli_misuse(session, "the key is no UTF-8; write letters, digits, _ and -");
  }
  if (level->member != NULL) json_object_set_new(body, level->member, json_string(level->id));
  cli_address_init(&address, session, "/settings");
  return cli_api_send(session, "POST", &address, body, answer);
}

int cli_setting_set(struct cli_session *session) {
  struct level level;
  json_t *existing = NULL, *setting = NULL;
  int status = read_level(session, &level);
  if (status == CLI_OK) {
    status = find_setting(session, cli_argument(session, 0), &level, &existing);
  }
  if (status == CLI_OK) status = send_setting(session, &level, existing, &setting);
  json_decref(existing);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, setting);
  } else {
    json_t *list = json_array();
    json_array_append(list, setting);
    status = print_settings(session, list);
    json_decref(list);
  }
  json_decref(setting);
  return status;
}

int cli_setting_delete(struct cli_session *session) {
  struct cli_address address;
  struct level level;
  json_t *setting;
  const char *key = cli_argument(session, 0);
  int status = read_level(session, &level);
  if (status == CLI_OK) status = find_setting(session, key, &level, &setting);
  if (status != CLI_OK) return status;
  if (setting == NULL) {
    return cli_fail(session, "there is no setting '%s' at that level; see `godwit setting list`",
                    key);
  }
  address_of(&address, session, setting);
  status = cli_delete(session, &address, "setting", key);
  json_decref(setting);
  return status;
}

/* --- one device's ----------------------------------------------------------------------- */

static void print_sync(struct cli_session *session, const json_t *data) {
  const json_t *reported = json_object_get(data, "reported"), *error;
  char time[64];
  size_t i;
  if (!json_is_object(reported)) {
    cli_fact(session, "device", "has said nothing of its settings yet");
    return;
  }
  cli_fact(
      session, "device", "%s, said %s",
      json_is_true(json_object_get(data, "inSync")) ? "has them all" : "does not have them all",
      cli_format_time(time, sizeof time, cli_text(reported, "time")));
  json_array_foreach(json_object_get(reported, "errors"), i, error) {
    cli_fact(session, "refused", "%s: %s", cli_text(error, "key"), cli_text(error, "name"));
  }
}

int cli_device_settings(struct cli_session *session) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  json_t *document;
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/devices");
  cli_address_step(&address, id);
  cli_address_plain(&address, "/settings");
  status = cli_api_document(session, &address, &document);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, document);
  } else {
    status = print_settings(session, json_object_get(document, "list"));
    if (status == CLI_OK) print_sync(session, json_object_get(document, "data"));
  }
  json_decref(document);
  return status;
}
