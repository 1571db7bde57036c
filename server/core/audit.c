/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a row of the audit log: the members that differ, in the
 * spelling of the REST API, without secrets. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "server/core/rights.h"
#include "server/store/schema.h"

#define TEXT_MAX 256       /* bytes of one text; longer ones are cut */
#define JSON_TEXT_MAX 2048 /* of one that holds JSON */
#define MEMBER_MAX 64      /* bytes of a member's name */
#define SECRET_SHOWN "***"

/* --- spelling ------------------------------------------------------------------ */

/* Columns that REST does not call by their own name. */
static const struct {
  const char *column, *member;
} spelled[] = {
    {"device_hardware_id", "hardwareIds"},
    {"device_tag", "tagIds"},
    {"release_label", "releaseTags"},
    {"release_device_tag", "deviceTagIds"},
    {"release_artifact", "artifactIds"},
    {"created_us", "createdAt"},
    {"updated_us", "updatedAt"},
    {"labelled_us", "labelledAt"},
    {"size_bytes", "size"},
    {"model_info", "model"},
};

/* "blueprint_id" to "blueprintId", "not_before_us" to "notBefore". */
static void camel_of(const char *name, char out[MEMBER_MAX]) {
  size_t length = strlen(name), used = 0;
  if (length > 3 && strcmp(name + length - 3, "_us") == 0) length -= 3;
  for (size_t i = 0; i < length && used < MEMBER_MAX - 1; i++) {
    bool raise = name[i] == '_' && i + 1 < length;
    if (raise) i++;
    out[used++] = (char)(raise && name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
  }
  out[used] = 0;
}

static void member_of(const char *column, char out[MEMBER_MAX]) {
  for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
    if (strcmp(spelled[i].column, column) != 0) continue;
    snprintf(out, MEMBER_MAX, "%s", spelled[i].member);
    return;
  }
  camel_of(column, out);
}

const char *srv_kind_title(enum srv_kind kind) {
  static char titles[SRV_KIND_COUNT][MEMBER_MAX];
  char *title = titles[kind];
  if (title[0] == 0) camel_of(srv_table_of(kind)->name, title);
  return title;
}

const char *srv_action_name(enum srv_action action) {
  static const char *const names[] = {"create", "update", "delete"};
  return names[action];
}

/* --- columns ---------------------------------------------------------------------- */

static bool is_time(const struct srv_column *column) {
  size_t length = strlen(column->name);
  return length > 3 && strcmp(column->name + length - 3, "_us") == 0;
}

static const char *field_of(const struct srv_column *column, const void *row) {
  return (const char *)row + column->offset;
}

static size_t count_of(const struct srv_column *column, const void *row) {
  size_t count;
  memcpy(&count, (const char *)row + column->count_offset, sizeof(count));
  return count;
}

/* What people did not choose: keys, and what the server keeps by itself. */
static bool is_kept(const struct srv_column *column) {
  static const char *const names[] = {"id", "project_id", "created_us", "updated_us"};
  if ((column->flags & SRV_COLUMN_VOLATILE) != 0) return false;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (strcmp(column->name, names[i]) == 0) return false;
  }
  return true;
}

static int64_t number_of(const struct srv_column *column, const void *row) {
  const void *field = field_of(column, row);
  switch (column->type) {
    case SRV_COLUMN_UINT32:
      return *(const uint32_t *)field;
    case SRV_COLUMN_UINT8:
      return *(const uint8_t *)field;
    case SRV_COLUMN_BOOL:
      return *(const bool *)field;
    default:
      return *(const int64_t *)field;
  }
}

static bool same_lists(const struct srv_column *column, const void *a, const void *b) {
  size_t count = count_of(column, a);
  if (count != count_of(column, b)) return false;
  for (size_t i = 0; i < count; i++) {
    size_t at = i * column->size;
    if (strcmp(field_of(column, a) + at, field_of(column, b) + at) != 0) return false;
  }
  return true;
}

static bool same(const struct srv_column *column, const void *a, const void *b) {
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      return strcmp(field_of(column, a), field_of(column, b)) == 0;
    case SRV_COLUMN_DIGEST:
      return memcmp(field_of(column, a), field_of(column, b), GW_DIGEST_SIZE) == 0;
    case SRV_COLUMN_BYTES:
      return count_of(column, a) == count_of(column, b) &&
             memcmp(field_of(column, a), field_of(column, b), count_of(column, a)) == 0;
    case SRV_COLUMN_LIST:
      return same_lists(column, a, b);
    default:
      return number_of(column, a) == number_of(column, b);
  }
}

static bool is_empty(const struct srv_column *column, const void *row) {
  static const uint8_t zeros[GW_DIGEST_SIZE];
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      return field_of(column, row)[0] == 0;
    case SRV_COLUMN_DIGEST:
      return memcmp(field_of(column, row), zeros, sizeof(zeros)) == 0;
    case SRV_COLUMN_BYTES:
    case SRV_COLUMN_LIST:
      return count_of(column, row) == 0;
    case SRV_COLUMN_BOOL:
      return false; /* "enabled": false says something */
    default:
      return number_of(column, row) == 0;
  }
}

bool srv_rows_differ(enum srv_kind kind, const void *before, const void *after) {
  const struct srv_table *table = srv_table_of(kind);
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (is_kept(column) && !same(column, before, after)) return true;
  }
  return false;
}

/* --- a row's stamp -------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t size) { /* FNV-1a */
  const uint8_t *bytes = data;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

static uint64_t mix_column(uint64_t hash, const struct srv_column *column, const void *row) {
  const char *field = field_of(column, row);
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      return mix(hash, field, strlen(field) + 1);
    case SRV_COLUMN_DIGEST:
      return mix(hash, field, GW_DIGEST_SIZE);
    case SRV_COLUMN_BYTES:
      return mix(hash, field, count_of(column, row));
    case SRV_COLUMN_LIST:
      for (size_t i = 0; i < count_of(column, row); i++) {
        hash = mix(hash, field + i * column->size, strlen(field + i * column->size) + 1);
      }
      return mix(hash, "", 1);
    default: {
      int64_t number = number_of(column, row);
      return mix(hash, &number, sizeof(number));
    }
  }
}

uint64_t srv_row_stamp(enum srv_kind kind, const void *row) {
  const struct srv_table *table = srv_table_of(kind);
  uint64_t hash = mix(14695981039346656037u, row, strlen(row) + 1); /* its key */
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (!is_kept(column) || (column->flags & SRV_COLUMN_SECRET) != 0) continue;
    hash = mix_column(hash, column, row);
  }
  return hash;
}

/* --- values ------------------------------------------------------------------------------ */

static json_t *cut_text(const char *text, size_t max) {
  size_t length = strlen(text);
  char cut[TEXT_MAX + 4];
  if (length <= max) {
    json_t *whole = json_string(text);
    return whole != NULL ? whole : json_string("?"); /* no UTF-8 */
  }
  length = max > TEXT_MAX ? TEXT_MAX : max;
  while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  snprintf(cut, sizeof(cut), "%.*s\xE2\x80\xA6", (int)length, text);
  json_t *value = json_string(cut);
  return value != NULL ? value : json_string("?");
}

static json_t *json_text(const char *text) {
  size_t length = strlen(text);
  json_t *value = length <= JSON_TEXT_MAX ? srv_json_parse(text, length) : NULL;
  return value != NULL ? value : cut_text(text, TEXT_MAX);
}

static json_t *time_text(int64_t time_us) {
  char whole[32], text[48];
  struct tm utc;
  time_t seconds = (time_t)(time_us / 1000000);
  if (time_us == 0 || gmtime_r(&seconds, &utc) == NULL) return json_null();
  strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text, sizeof(text), "%s.%06dZ", whole, (int)(time_us % 1000000));
  return json_string(text);
}

static json_t *list_of(const struct srv_column *column, const void *row) {
  json_t *list = json_array();
  for (size_t i = 0; i < count_of(column, row); i++) {
    json_array_append_new(list, cut_text(field_of(column, row) + i * column->size, TEXT_MAX));
  }
  return list;
}

/* NULL: bytes that say nothing to a person. */
static json_t *value_of(const struct srv_column *column, const void *row) {
  const char *field = field_of(column, row);
  char hex[GW_DIGEST_HEX_SIZE + 1];
  if ((column->flags & SRV_COLUMN_SECRET) != 0) {
    return is_empty(column, row) ? json_null() : json_string(SECRET_SHOWN);
  }
  switch (column->type) {
    case SRV_COLUMN_REFERENCE:
      if (field[0] == 0) return json_null();
      return cut_text(field, TEXT_MAX);
    case SRV_COLUMN_TEXT:
      if ((column->flags & SRV_COLUMN_JSON) != 0) return json_text(field);
      return cut_text(field, TEXT_MAX);
    case SRV_COLUMN_DIGEST:
      gw_digest_to_hex((const uint8_t *)field, hex);
      return json_string(hex);
    case SRV_COLUMN_BYTES:
      return NULL;
    case SRV_COLUMN_LIST:
      return list_of(column, row);
    case SRV_COLUMN_BOOL:
      return json_boolean(number_of(column, row));
    default:
      if (is_time(column)) return time_text(number_of(column, row));
      if (strcmp(column->name, "role") == 0) {
        return json_string(srv_role_name((enum srv_role)number_of(column, row)));
      }
      return json_integer(number_of(column, row));
  }
}

/* Members of row that differ from other; all that say something when there is
 * no other. "" when there is no row. */
static int print_values(enum srv_kind kind, const void *row, const void *other,
                        char out[SRV_AUDIT_VALUES_MAX + 1]) {
  const struct srv_table *table = srv_table_of(kind);
  char member[MEMBER_MAX];
  out[0] = 0;
  if (row == NULL) return SRV_OK;
  json_t *object = json_object();
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (!is_kept(column)) continue;
    if (other == NULL ? is_empty(column, row) : same(column, row, other)) continue;
    json_t *value = value_of(column, row);
    if (value == NULL) continue;
    member_of(column->name, member);
    json_object_set_new(object, member, value);
  }
  int status = srv_json_print(object, out, SRV_AUDIT_VALUES_MAX + 1);
  json_decref(object);
  if (status != SRV_ERR_TOO_LARGE) return status;
  snprintf(out, SRV_AUDIT_VALUES_MAX + 1, "{\"tooLong\":true}");
  return SRV_OK;
}

/* --- what it is called ---------------------------------------------------------------------- */

/* A member is an account's: the row has its id only. */
static void name_member(struct srv_store *under, const struct srv_member *member, char *out,
                        size_t size) {
  struct srv_account account;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, member->account_id);
  out[0] = 0;
  if (under->ops->get(under, SRV_ACCOUNT, &query, &account) != SRV_OK) return;
  snprintf(out, size, "%s", account.email);
}

static void name_release(const struct srv_release *release, char *out, size_t size) {
  if (release->release_tag_count > 0) {
    snprintf(out, size, "%s", release->release_tag[0]);
  } else {
    snprintf(out, size, "%u", (unsigned)release->sequence_number);
  }
}

/* As people call the object: the first of these columns that says something. */
static void name_object(struct srv_store *under, enum srv_kind kind, const void *row, char *out,
                        size_t size) {
  static const char *const names[] = {"name",          "email",       "identity", "key", "subject",
                                      "serial_number", "fingerprint", "dataset",  "path"};
  const struct srv_table *table = srv_table_of(kind);
  const struct srv_artifact *artifact = row;
  out[0] = 0;
  if (kind == SRV_RELEASE) {
    name_release(row, out, size);
    return;
  }
  if (kind == SRV_MEMBER) {
    name_member(under, row, out, size);
    return;
  }
  if (kind == SRV_ARTIFACT) {
    snprintf(out, size, "%s@%s", artifact->package, artifact->version);
    return;
  }
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && out[0] == 0; i++) {
    for (size_t k = 0; k < table->column_count; k++) {
      const struct srv_column *column = &table->column[k];
      if (column->type != SRV_COLUMN_TEXT || strcmp(column->name, names[i]) != 0) continue;
      snprintf(out, size, "%s", field_of(column, row));
    }
  }
}

/* --- the row --------------------------------------------------------------------------------- */

static void fill_actor(const struct srv_core *core, struct srv_audit *row, const char *project_id) {
  const struct srv_actor *actor = &core->actor;
  row->time_us = srv_now_us(core);
  snprintf(row->project_id, sizeof(row->project_id), "%s", project_id);
  snprintf(row->actor_type, sizeof(row->actor_type), "%s", actor->type);
  snprintf(row->actor_id, sizeof(row->actor_id), "%s", actor->id);
  snprintf(row->actor_name, sizeof(row->actor_name), "%s", actor->name);
  snprintf(row->actor_address, sizeof(row->actor_address), "%s", actor->address);
}

int srv_audit_append(struct srv_core *core, struct srv_store *under, enum srv_kind kind,
                     const void *before, const void *after, const char *project_id) {
  struct srv_audit row = {0};
  enum srv_action action = after == NULL ? SRV_DELETED : before == NULL ? SRV_CREATED : SRV_UPDATED;
  const void *object = after == NULL ? before : after;
  fill_actor(core, &row, project_id);
  snprintf(row.action, sizeof(row.action), "%s", srv_action_name(action));
  snprintf(row.kind, sizeof(row.kind), "%s", srv_kind_title(kind));
  snprintf(row.object_id, sizeof(row.object_id), "%s", (const char *)object);
  name_object(under, kind, object, row.object_name, sizeof(row.object_name));
  int status = print_values(kind, before, after, row.before);
  if (status == SRV_OK) status = print_values(kind, after, before, row.after);
  if (status == SRV_OK) return under->ops->insert(under, SRV_AUDIT, &row);
  snprintf(under->error, sizeof(under->error), "cannot write the audit log: out of memory");
  return SRV_ERR_INTERNAL;
}

int srv_audit_append_more(struct srv_core *core, struct srv_store *under, enum srv_kind kind,
                          uint64_t count, const char *project_id) {
  struct srv_audit row = {0};
  fill_actor(core, &row, project_id);
  snprintf(row.action, sizeof(row.action), "%s", srv_action_name(SRV_DELETED));
  snprintf(row.kind, sizeof(row.kind), "%s", srv_kind_title(kind));
  snprintf(row.object_name, sizeof(row.object_name), "%llu more", (unsigned long long)count);
  return under->ops->insert(under, SRV_AUDIT, &row);
}

int srv_core_audit_note_detail(struct srv_core *core, const char *action, const char *kind,
                               const char *object_id, const char *object_name,
                               const char *project_id, const char *detail) {
  struct srv_audit row = {0};
  if (!core->has_actor) return SRV_OK;
  fill_actor(core, &row, project_id);
  snprintf(row.action, sizeof(row.action), "%s", action);
  snprintf(row.kind, sizeof(row.kind), "%s", kind);
  snprintf(row.object_id, sizeof(row.object_id), "%s", object_id);
  snprintf(row.object_name, sizeof(row.object_name), "%s", object_name);
  if (detail != NULL && strlen(detail) < sizeof(row.after)) {
    snprintf(row.after, sizeof(row.after), "%s", detail);
  }
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_AUDIT, &row));
  return srv_transaction_end(core, status);
}

int srv_core_audit_note(struct srv_core *core, const char *action, const char *kind,
                        const char *object_id, const char *object_name, const char *project_id) {
  return srv_core_audit_note_detail(core, action, kind, object_id, object_name, project_id, NULL);
}

int srv_core_last_actor(struct srv_core *core, enum srv_kind kind, const char *object_id,
                        struct srv_actor *out) {
  struct srv_audit row;
  struct srv_query query = {.newest_first = true};
  srv_query_text(&query, "object_id", SRV_EQUALS, object_id);
  srv_query_text(&query, "kind", SRV_EQUALS, srv_kind_title(kind));
  int status = core->store->ops->get(core->store, SRV_AUDIT, &query, &row);
  if (status != SRV_OK) return srv_fail_store(core, status);
  memset(out, 0, sizeof(*out));
  snprintf(out->type, sizeof(out->type), "%s", row.actor_type);
  snprintf(out->id, sizeof(out->id), "%s", row.actor_id);
  snprintf(out->name, sizeof(out->name), "%s", row.actor_name);
  snprintf(out->address, sizeof(out->address), "%s", row.actor_address);
  return SRV_OK;
}
