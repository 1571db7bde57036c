/* SPDX-License-Identifier: Apache-2.0 */
/* Devices' state: one JSON document each, read and changed by path. */
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "wire/utf8.h"

#define PATH_SIZE_MAX 512
#define INDEX_MAX 65535 /* of an array: more do not fit a document */

/* --- paths ------------------------------------------------------------------------ */

struct path {
  char text[PATH_SIZE_MAX + 1]; /* cut into segments */
  const char *segment[SRV_DEVICE_STATE_DEPTH_MAX];
  size_t count;
};

static int bad_path(struct srv_core *core) {
  return srv_fail(core, SRV_ERR_INVALID,
                  "a state's path has at most %d names of UTF-8 with one '/' between them",
                  SRV_DEVICE_STATE_DEPTH_MAX);
}

static int split(struct srv_core *core, const char *text, struct path *out) {
  size_t length = strlen(text);
  out->count = 0;
  if (length > PATH_SIZE_MAX || !gw_utf8_is_valid((const uint8_t *)text, length)) {
    return bad_path(core);
  }
  memcpy(out->text, text, length + 1);
  for (char *next = out->text; length > 0;) {
    size_t size = strcspn(next, "/");
    if (size == 0 || out->count == SRV_DEVICE_STATE_DEPTH_MAX) return bad_path(core);
    out->segment[out->count++] = next;
    if (next[size] == 0) break;
    next[size] = 0;
    next += size + 1;
  }
  return SRV_OK;
}

/* False when it is no index. */
static bool read_index(const char *segment, size_t *out) {
  size_t index = 0;
  if (segment[0] == '0' && segment[1] != 0) return false;
  for (; *segment != 0; segment++) {
    if (*segment < '0' || *segment > '9') return false;
    index = index * 10 + (size_t)(*segment - '0');
    if (index > INDEX_MAX) return false;
  }
  *out = index;
  return true;
}

/* Borrowed; NULL for none. */
static json_t *child_of(const json_t *parent, const char *segment) {
  size_t index;
  if (json_is_object(parent)) return json_object_get(parent, segment);
  if (json_is_array(parent) && read_index(segment, &index)) return json_array_get(parent, index);
  return NULL;
}

static json_t *find(json_t *root, const struct path *path, size_t count) {
  json_t *value = root;
  for (size_t i = 0; value != NULL && i < count; i++) value = child_of(value, path->segment[i]);
  return value;
}

/* --- changing a document ------------------------------------------------------------ */

/* Takes value. An array takes an element in place of another, or at its end. */
static int put_child(struct srv_core *core, json_t *parent, const char *segment, json_t *value) {
  size_t index;
  if (value == NULL) return srv_fail_memory(core);
  if (json_is_object(parent)) {
    return json_object_set_new(parent, segment, value) == 0 ? SRV_OK : srv_fail_memory(core);
  }
  if (!read_index(segment, &index) || index > json_array_size(parent)) {
    size_t size = json_array_size(parent);
    json_decref(value);
    return srv_fail(core, SRV_ERR_INVALID, "\"%.64s\" is no element of an array of %zu", segment,
                    size);
  }
  int failed = index == json_array_size(parent) ? json_array_append_new(parent, value)
                                                : json_array_set_new(parent, index, value);
  return failed == 0 ? SRV_OK : srv_fail_memory(core);
}

/* The object or array that holds the path's last name; objects are made on the
 * way, in place of what cannot hold a name. */
static int make_parents(struct srv_core *core, json_t *root, const struct path *path,
                        json_t **out) {
  json_t *parent = root;
  for (size_t i = 0; i + 1 < path->count; i++) {
    json_t *child = child_of(parent, path->segment[i]);
    if (!json_is_object(child) && !json_is_array(child)) {
      int status = put_child(core, parent, path->segment[i], json_object());
      if (status != SRV_OK) return status;
      child = child_of(parent, path->segment[i]);
    }
    parent = child;
  }
  *out = parent;
  return SRV_OK;
}

static void remove_at(json_t *root, const struct path *path) {
  size_t index;
  if (path->count == 0) {
    json_object_clear(root);
    return;
  }
  json_t *parent = find(root, path, path->count - 1);
  const char *last = path->segment[path->count - 1];
  if (json_is_object(parent)) {
    json_object_del(parent, last);
  } else if (json_is_array(parent) && read_index(last, &index)) {
    json_array_remove(parent, index);
  }
}

static int need_object(struct srv_core *core, const char *what) {
  return srv_fail(core, SRV_ERR_INVALID, "%s must be a JSON object", what);
}

static int set_at(struct srv_core *core, json_t *root, const struct path *path, json_t *value) {
  json_t *parent;
  if (json_is_null(value)) {
    remove_at(root, path);
    return SRV_OK;
  }
  if (path->count == 0) {
    if (!json_is_object(value)) return need_object(core, "a device's whole state");
    json_object_clear(root);
    return json_object_update(root, value) == 0 ? SRV_OK : srv_fail_memory(core);
  }
  int status = make_parents(core, root, path, &parent);
  if (status != SRV_OK) return status;
  return put_child(core, parent, path->segment[path->count - 1], json_incref(value));
}

static int merge_at(struct srv_core *core, json_t *root, const struct path *path,
                    const json_t *value) {
  const char *key;
  json_t *member;
  if (!json_is_object(value)) return need_object(core, "what is merged");
  json_t *target = find(root, path, path->count);
  if (!json_is_object(target)) {
    json_t *empty = json_object();
    int status = empty == NULL ? srv_fail_memory(core) : set_at(core, root, path, empty);
    json_decref(empty);
    if (status != SRV_OK) return status;
    target = find(root, path, path->count);
  }
  json_object_foreach((json_t *)value, key, member) {
    if (json_is_null(member)) {
      json_object_del(target, key);
    } else if (json_object_set(target, key, member) != 0) {
      return srv_fail_memory(core);
    }
  }
  return SRV_OK;
}

/* --- reading and writing it ------------------------------------------------------------ */

/* *root: an object, empty when there is no document. */
static int load(struct srv_core *core, const struct srv_device_ref *device,
                struct srv_device_document *row, json_t **root) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device->device_id);
  int status = core->store->ops->get(core->store, SRV_DEVICE_STATE, &query, row);
  if (status == SRV_ERR_NOT_FOUND) {
    memset(row, 0, sizeof(*row));
    memcpy(row->device_id, device->device_id, sizeof(row->device_id));
    *root = json_object();
    return *root == NULL ? srv_fail_memory(core) : SRV_OK;
  }
  if (status != SRV_OK) return srv_fail_store(core, status);
  *root = srv_json_parse(row->document, strlen(row->document));
  if (json_is_object(*root)) return SRV_OK;
  json_decref(*root);
  return srv_fail(core, SRV_ERR_IO, "the state of device %s is damaged: restore it from a backup",
                  device->device_id);
}

static int write_row(struct srv_core *core, const struct srv_device_ref *device,
                     struct srv_device_document *row) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  row->updated_us = srv_now_us(core);
  status = srv_fail_store(core, core->store->ops->put(core->store, SRV_DEVICE_STATE, row));
  if (status == SRV_OK) {
    status = srv_note_observed(core, device->project_id, device->device_id);
  }
  return srv_transaction_end(core, status);
}

/* A change that changes nothing costs nothing: devices say the same again. */
static int save(struct srv_core *core, const struct srv_device_ref *device,
                struct srv_device_document *row, const json_t *root) {
  if (srv_json_depth(root) > SRV_DEVICE_STATE_DEPTH_MAX) {
    return srv_fail(core, SRV_ERR_INVALID, "a device's state is at most %d objects deep",
                    SRV_DEVICE_STATE_DEPTH_MAX);
  }
  char *text = srv_json_text(root);
  if (text == NULL) return srv_fail_memory(core);
  size_t size = strlen(text) + 1;
  bool same =
      strcmp(text, row->document) == 0 || (row->document[0] == 0 && strcmp(text, "{}") == 0);
  bool fits = size <= sizeof(row->document);
  if (fits) memcpy(row->document, text, size);
  free(text);
  if (!fits) {
    return srv_fail(core, SRV_ERR_TOO_LARGE, "a device's state has at most %d bytes as JSON",
                    SRV_DEVICE_STATE_MAX);
  }
  return same ? SRV_OK : write_row(core, device, row);
}

int srv_core_state_get(struct srv_core *core, const struct srv_device_ref *device,
                       const char *path_text, char **json) {
  struct path path;
  struct srv_device_document row;
  json_t *root = NULL;
  *json = NULL;
  int status = split(core, path_text, &path);
  if (status == SRV_OK) status = load(core, device, &row, &root);
  if (status != SRV_OK) return status;
  const json_t *value = find(root, &path, path.count);
  bool absent = value == NULL || (path.count == 0 && row.document[0] == 0);
  *json = absent ? strdup("null") : srv_json_text(value);
  json_decref(root);
  return *json == NULL ? srv_fail_memory(core) : SRV_OK;
}

static int change(struct srv_core *core, const struct srv_device_ref *device,
                  const struct path *path, json_t *value, bool merge) {
  struct srv_device_document row;
  json_t *root = NULL;
  int status = load(core, device, &row, &root);
  if (status != SRV_OK) return status;
  status = merge ? merge_at(core, root, path, value) : set_at(core, root, path, value);
  if (status == SRV_OK) status = save(core, device, &row, root);
  json_decref(root);
  return status;
}

int srv_core_state_set(struct srv_core *core, const struct srv_device_ref *device,
                       const char *path_text, const char *json, size_t size, bool merge) {
  struct path path;
  int status = split(core, path_text, &path);
  if (status != SRV_OK) return status;
  if (size > SRV_DEVICE_STATE_MAX) {
    return srv_fail(core, SRV_ERR_TOO_LARGE, "a device's state has at most %d bytes as JSON",
                    SRV_DEVICE_STATE_MAX);
  }
  json_t *value = srv_json_parse(json, size);
  if (value == NULL) {
    return srv_fail(core, SRV_ERR_INVALID, "the state is no JSON, or more than %d objects deep",
                    SRV_JSON_DEPTH_MAX);
  }
  status = change(core, device, &path, value, merge);
  json_decref(value);
  return status;
}

int srv_core_state_delete(struct srv_core *core, const struct srv_device_ref *device,
                          const char *path_text) {
  struct path path;
  int status = split(core, path_text, &path);
  if (status != SRV_OK) return status;
  return change(core, device, &path, json_null(), false);
}
