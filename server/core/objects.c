/* SPDX-License-Identifier: Apache-2.0 */
/* Projects, blueprints, tags, devices, credentials. */
#include "server/core/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/store/schema.h"

/* --- looking things up -------------------------------------------------------- */

static bool has_column(enum srv_kind kind, const char *name) {
  const struct srv_table *table = srv_table_of(kind);
  for (size_t i = 0; i < table->column_count; i++) {
    if (strcmp(table->column[i].name, name) == 0) return true;
  }
  return false;
}

static int get_where(struct srv_core *core, enum srv_kind kind, const char *project_id,
                     const char *column, const char *text, void *row) {
  struct srv_query query = {0};
  if (has_column(kind, "project_id")) {
    srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  }
  srv_query_text(&query, column, SRV_EQUALS, text);
  return core->store->ops->get(core->store, kind, &query, row);
}

static const char *kind_name(enum srv_kind kind) {
  return kind == SRV_API_KEY ? "API key" : srv_table_of(kind)->name;
}

int srv_get_by_id(struct srv_core *core, enum srv_kind kind, const char *project_id, const char *id,
                  void *row) {
  int status = get_where(core, kind, project_id, "id", id, row);
  if (status == SRV_ERR_NOT_FOUND) {
    return srv_fail(core, status, "there is no %s \"%s\"", kind_name(kind), id);
  }
  return srv_fail_store(core, status);
}

int srv_core_find(struct srv_core *core, enum srv_kind kind, const char *project_id,
                  const char *id_or_name, void *row) {
  int status = srv_get_by_id(core, kind, project_id, id_or_name, row);
  if (status != SRV_ERR_NOT_FOUND || kind == SRV_PROJECT || kind == SRV_API_KEY ||
      !has_column(kind, "name")) {
    return status;
  }
  status = get_where(core, kind, project_id, "name", id_or_name, row);
  if (status == SRV_ERR_NOT_FOUND) {
    return srv_fail(core, status, "there is no %s \"%s\" in project \"%s\"", kind_name(kind),
                    id_or_name, project_id);
  }
  return srv_fail_store(core, status);
}

int srv_core_list(struct srv_core *core, enum srv_kind kind, const struct srv_query *query,
                  srv_row_visitor visit, void *context, uint64_t *total) {
  return srv_fail_store(core,
                        core->store->ops->list(core->store, kind, query, visit, context, total));
}

int srv_count(struct srv_core *core, enum srv_kind kind, const char *column, enum srv_match match,
              const char *text, uint64_t *count) {
  struct srv_query query = {0};
  srv_query_text(&query, column, match, text);
  return srv_core_list(core, kind, &query, NULL, NULL, count);
}

int srv_check_project(struct srv_core *core, const char *project_id) {
  struct srv_project project;
  return srv_get_by_id(core, SRV_PROJECT, "", project_id, &project);
}

int srv_check_blueprint(struct srv_core *core, const char *project_id, const char *blueprint_id) {
  struct srv_blueprint blueprint;
  if (blueprint_id[0] == 0) return SRV_OK;
  return srv_get_by_id(core, SRV_BLUEPRINT, project_id, blueprint_id, &blueprint);
}

int srv_check_tags(struct srv_core *core, const char *project_id, const char *tag_id, size_t size,
                   size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct srv_tag tag;
    const char *id = tag_id + i * size;
    int status = srv_get_by_id(core, SRV_TAG, project_id, id, &tag);
    if (status != SRV_OK) return status;
    for (size_t j = 0; j < i; j++) {
      if (strcmp(tag_id + j * size, id) != 0) continue;
      return srv_fail(core, SRV_ERR_INVALID, "tag \"%s\" is given twice", tag.name);
    }
  }
  return SRV_OK;
}

/* --- writing one row ------------------------------------------------------------ */

static int taken(struct srv_core *core, enum srv_kind kind, const char *name) {
  return srv_fail(core, SRV_ERR_EXISTS, "%s \"%s\" already exists", kind_name(kind), name);
}

static int insert_row(struct srv_core *core, enum srv_kind kind, const void *row,
                      const char *name) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->insert(core->store, kind, row);
  if (status == SRV_ERR_EXISTS) {
    taken(core, kind, name);
  } else {
    srv_fail_store(core, status);
  }
  return srv_transaction_end(core, status);
}

static int update_row(struct srv_core *core, enum srv_kind kind, const void *row,
                      const char *name) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->update(core->store, kind, row);
  if (status == SRV_ERR_EXISTS) {
    taken(core, kind, name);
  } else {
    srv_fail_store(core, status);
  }
  return srv_transaction_end(core, status);
}

int srv_remove_by_id(struct srv_core *core, enum srv_kind kind, const char *id) {
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  return srv_fail_store(core, core->store->ops->remove(core->store, kind, &query));
}

/* --- projects -------------------------------------------------------------------- */

static int check_project_fields(struct srv_core *core, const struct srv_project *project) {
  int status = srv_check_slug(core, "project id", project->id);
  if (status != SRV_OK) return status;
  if (project->certificate_days > SRV_CERTIFICATE_DAYS_MAX) {
    return srv_fail(core, SRV_ERR_INVALID, "certificateDays: at most %u", SRV_CERTIFICATE_DAYS_MAX);
  }
  return srv_check_title(core, "project", project->name);
}

int srv_core_create_project(struct srv_core *core, struct srv_project *project) {
  int status = check_project_fields(core, project);
  if (status != SRV_OK) return status;
  if (project->organization_id[0] == 0) {
    memcpy(project->organization_id, SRV_DEFAULT_ORGANIZATION, sizeof(SRV_DEFAULT_ORGANIZATION));
  }
  status = srv_check_organization(core, project->organization_id);
  if (status != SRV_OK) return status;
  project->created_us = srv_now_us(core);
  project->last_sequence_number = 0;
  project->auto_provision_count = 0;
  if (project->auto_provision_max == 0) {
    project->auto_provision_max = SRV_AUTO_PROVISION_MAX_DEFAULT;
  }
  if (project->certificate_days == 0) project->certificate_days = SRV_CERTIFICATE_DAYS_DEFAULT;
  return insert_row(core, SRV_PROJECT, project, project->id);
}

int srv_core_update_project(struct srv_core *core, struct srv_project *project) {
  struct srv_project old;
  int status = check_project_fields(core, project);
  if (status == SRV_OK) status = srv_get_by_id(core, SRV_PROJECT, "", project->id, &old);
  if (status != SRV_OK) return status;
  memcpy(project->organization_id, old.organization_id, sizeof(project->organization_id));
  project->created_us = old.created_us;
  project->last_sequence_number = old.last_sequence_number;
  project->auto_provision_count = old.auto_provision_count;
  if (project->certificate_days == 0) project->certificate_days = SRV_CERTIFICATE_DAYS_DEFAULT;
  return update_row(core, SRV_PROJECT, project, project->id);
}

int srv_core_delete_project(struct srv_core *core, const char *id) {
  struct srv_member_accounts members;
  int status = srv_check_project(core, id);
  if (status == SRV_OK) status = srv_members_of(core, "project_id", id, &members);
  if (status != SRV_OK) return status;
  status = srv_transaction_begin(core);
  if (status != SRV_OK) {
    free(members.id);
    return status;
  }
  status = srv_remove_by_id(core, SRV_PROJECT, id);
  if (status == SRV_ERR_IN_USE) {
    srv_fail(core, status, "project \"%s\" is not empty: delete what is in it first", id);
  }
  status = srv_members_gone(core, &members, status);
  status = srv_transaction_end(core, status);
  if (status == SRV_OK) srv_fleet_forget(core, id);
  return status;
}

/* --- blueprints and tags ------------------------------------------------------------ */

static int check_blueprint_fields(struct srv_core *core, const struct srv_blueprint *blueprint) {
  int status = srv_check_project(core, blueprint->project_id);
  if (status != SRV_OK) return status;
  return srv_check_label(core, "blueprint", blueprint->name);
}

int srv_core_create_blueprint(struct srv_core *core, struct srv_blueprint *blueprint) {
  int status = check_blueprint_fields(core, blueprint);
  if (status != SRV_OK) return status;
  srv_make_id(core, blueprint->id);
  blueprint->created_us = blueprint->updated_us = srv_now_us(core);
  return insert_row(core, SRV_BLUEPRINT, blueprint, blueprint->name);
}

int srv_core_update_blueprint(struct srv_core *core, struct srv_blueprint *blueprint) {
  struct srv_blueprint old;
  int status = check_blueprint_fields(core, blueprint);
  if (status != SRV_OK) return status;
  status = srv_get_by_id(core, SRV_BLUEPRINT, blueprint->project_id, blueprint->id, &old);
  if (status != SRV_OK) return status;
  blueprint->created_us = old.created_us;
  blueprint->updated_us = srv_now_us(core);
  return update_row(core, SRV_BLUEPRINT, blueprint, blueprint->name);
}

int srv_core_create_tag(struct srv_core *core, struct srv_tag *tag) {
  int status = srv_check_project(core, tag->project_id);
  if (status == SRV_OK) status = srv_check_label(core, "tag", tag->name);
  if (status != SRV_OK) return status;
  srv_make_id(core, tag->id);
  tag->created_us = tag->updated_us = srv_now_us(core);
  return insert_row(core, SRV_TAG, tag, tag->name);
}

int srv_core_update_tag(struct srv_core *core, struct srv_tag *tag) {
  struct srv_tag old;
  int status = srv_check_label(core, "tag", tag->name);
  if (status == SRV_OK) status = srv_get_by_id(core, SRV_TAG, tag->project_id, tag->id, &old);
  if (status != SRV_OK) return status;
  tag->created_us = old.created_us;
  tag->updated_us = srv_now_us(core);
  return update_row(core, SRV_TAG, tag, tag->name);
}

/* Who refers to a tag or blueprint: kind and column. */
struct user {
  enum srv_kind kind;
  const char *column;
  enum srv_match match;
};
static const struct user blueprint_users[] = {
    {SRV_RELEASE, "blueprint_id", SRV_EQUALS},
    {SRV_ARTIFACT, "blueprint_id", SRV_EQUALS},
    {SRV_DEVICE, "blueprint_id", SRV_EQUALS},
};
static const struct user tag_users[] = {
    {SRV_RELEASE, "release_device_tag", SRV_HAS},
    {SRV_DEVICE, "device_tag", SRV_HAS},
};
static const struct user artifact_users[] = {{SRV_RELEASE, "release_artifact", SRV_HAS}};

static int check_unused(struct srv_core *core, const char *what, const char *id,
                        const struct user *user, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t users = 0;
    int status = srv_count(core, user[i].kind, user[i].column, user[i].match, id, &users);
    if (status != SRV_OK) return status;
    if (users == 0) continue;
    return srv_fail(core, SRV_ERR_IN_USE, "%s in use: %llu %s%s it; change or delete %s first",
                    what, (unsigned long long)users, kind_name(user[i].kind),
                    users == 1 ? " has" : "s have", users == 1 ? "that" : "those");
  }
  return SRV_OK;
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int delete_unused(struct srv_core *core, enum srv_kind kind, const char *id,
                         const struct user *user, size_t count) {
  int status = check_unused(core, kind_name(kind), id, user, count);
  if (status != SRV_OK) return status;
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_remove_by_id(core, kind, id);
  if (status == SRV_OK && kind == SRV_BLUEPRINT) status = srv_settings_forget(core, id);
  return srv_transaction_end(core, status);
}

int srv_core_delete_blueprint(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_blueprint blueprint;
  int status = srv_core_find(core, SRV_BLUEPRINT, project_id, id, &blueprint);
  if (status != SRV_OK) return status;
  return delete_unused(core, SRV_BLUEPRINT, blueprint.id, blueprint_users,
                       COUNT_OF(blueprint_users));
}

int srv_core_delete_tag(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_tag tag;
  int status = srv_core_find(core, SRV_TAG, project_id, id, &tag);
  if (status != SRV_OK) return status;
  return delete_unused(core, SRV_TAG, tag.id, tag_users, COUNT_OF(tag_users));
}

int srv_core_delete_artifact(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_artifact artifact;
  int status = srv_core_find(core, SRV_ARTIFACT, project_id, id, &artifact);
  if (status == SRV_OK) {
    status = check_unused(core, "artifact", artifact.id, artifact_users, COUNT_OF(artifact_users));
  }
  if (status != SRV_OK) return status;
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_offers_remove(core, artifact.id);
  if (status == SRV_OK) status = srv_remove_by_id(core, SRV_ARTIFACT, artifact.id);
  if (status == SRV_OK) status = srv_retire_artifact(core, &artifact);
  if (status == SRV_OK) {
    status = srv_note(core, SRV_CHANGE_BLOB_UNUSED, project_id, NULL, artifact.digest);
  }
  srv_drop_variants(core);
  return srv_transaction_end(core, status);
}

/* --- devices -------------------------------------------------------------------------- */

static int check_hardware_ids(struct srv_core *core, const struct srv_device *device) {
  for (size_t i = 0; i < device->hardware_id_count; i++) {
    int status = srv_check_title(core, "hardware id", device->hardware_id[i]);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int check_device(struct srv_core *core, const struct srv_device *device) {
  int status = srv_check_title(core, "device", device->name);
  if (status == SRV_OK) status = srv_check_project(core, device->project_id);
  if (status == SRV_OK) status = check_hardware_ids(core, device);
  if (status == SRV_OK) {
    status = srv_check_blueprint(core, device->project_id, device->blueprint_id);
  }
  if (status == SRV_OK) {
    status = srv_check_tags(core, device->project_id, device->tag_id[0], sizeof(device->tag_id[0]),
                            device->tag_count);
  }
  /* A body that names what is not there is wrong; the path is found. */
  return status == SRV_ERR_NOT_FOUND ? SRV_ERR_INVALID : status;
}

int srv_core_create_device(struct srv_core *core, struct srv_device *device) {
  int status = check_device(core, device);
  if (status != SRV_OK) return status;
  srv_make_id(core, device->id);
  device->created_us = device->updated_us = srv_now_us(core);
  srv_fleet_mark(core, device->project_id, device->id);
  return insert_row(core, SRV_DEVICE, device, device->name);
}

static bool same_tags(const struct srv_device *a, const struct srv_device *b) {
  if (a->tag_count != b->tag_count) return false;
  for (size_t i = 0; i < a->tag_count; i++) {
    if (strcmp(a->tag_id[i], b->tag_id[i]) != 0) return false;
  }
  return true;
}

static int note_device_change(struct srv_core *core, const struct srv_device *old,
                              const struct srv_device *device) {
  if (old->enabled && !device->enabled) {
    return srv_note(core, SRV_CHANGE_REVOKED, device->project_id, device->id, NULL);
  }
  if (strcmp(old->blueprint_id, device->blueprint_id) == 0 && same_tags(old, device)) {
    return SRV_OK;
  }
  return srv_note_observed(core, device->project_id, device->id);
}

int srv_core_update_device(struct srv_core *core, struct srv_device *device) {
  struct srv_device old;
  int status = srv_get_by_id(core, SRV_DEVICE, device->project_id, device->id, &old);
  if (status == SRV_OK) status = check_device(core, device);
  bool moved = status == SRV_OK && strcmp(old.blueprint_id, device->blueprint_id) != 0;
  if (moved) status = srv_settings_check_device(core, device);
  if (status != SRV_OK) return status;
  device->created_us = old.created_us;
  memcpy(device->certificate_id, old.certificate_id, sizeof(device->certificate_id));
  device->updated_us = srv_now_us(core);
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = update_row(core, SRV_DEVICE, device, device->name);
  srv_fleet_mark(core, device->project_id, device->id);
  /* Other settings apply now: it must see a newer version. */
  if (status == SRV_OK && moved) status = srv_settings_touch(core, device->project_id, device->id);
  if (status == SRV_OK) status = note_device_change(core, &old, device);
  return srv_transaction_end(core, status);
}

int srv_core_delete_device(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_device device;
  int status = srv_core_find(core, SRV_DEVICE, project_id, id, &device);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_note_capture_blobs(core, device.id);
  if (status == SRV_OK) status = srv_remove_by_id(core, SRV_DEVICE, device.id);
  if (status == SRV_OK) status = srv_settings_forget(core, device.id);
  if (status == SRV_OK) {
    status = srv_note(core, SRV_CHANGE_REVOKED, project_id, device.id, NULL);
  }
  status = srv_transaction_end(core, status);
  if (status == SRV_OK) {
    srv_seen_forget(core, device.id);
    srv_fleet_mark(core, project_id, device.id);
    srv_rpc_device_gone(core, device.id);
  }
  return status;
}

/* --- credentials ------------------------------------------------------------------------ */

static int check_credential(struct srv_core *core, const struct srv_credential *credential) {
  struct srv_device device;
  if (credential->key_size == 0 || credential->key_size > SRV_PSK_MAX) {
    return srv_fail(core, SRV_ERR_INVALID, "a pre-shared key has 1 to %d bytes", SRV_PSK_MAX);
  }
  int status = srv_check_title(core, "credential", credential->identity);
  if (status != SRV_OK) {
    return srv_fail(core, status, "an identity has 1 to %d bytes, no control characters and no '/'",
                    SRV_IDENTITY_MAX);
  }
  return srv_get_by_id(core, SRV_DEVICE, credential->project_id, credential->device_id, &device);
}

int srv_core_create_credential(struct srv_core *core, struct srv_credential *credential) {
  int status = check_credential(core, credential);
  if (status != SRV_OK) return status;
  srv_make_id(core, credential->id);
  credential->created_us = srv_now_us(core);
  credential->last_used_us = 0;
  return insert_row(core, SRV_CREDENTIAL, credential, credential->identity);
}

static int write_both(struct srv_core *core, struct srv_device *device,
                      struct srv_credential *credential) {
  int status = device->id[0] == 0 ? srv_core_create_device(core, device)
                                  : srv_core_update_device(core, device);
  if (status != SRV_OK) return status;
  memcpy(credential->project_id, device->project_id, sizeof(credential->project_id));
  memcpy(credential->device_id, device->id, sizeof(credential->device_id));
  return srv_core_create_credential(core, credential);
}

int srv_core_provision(struct srv_core *core, struct srv_device *device,
                       struct srv_credential *credential) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, write_both(core, device, credential));
}

int srv_core_delete_credential(struct srv_core *core, const char *project_id, const char *device_id,
                               const char *id) {
  struct srv_credential credential;
  int status = srv_get_by_id(core, SRV_CREDENTIAL, project_id, id, &credential);
  if (status == SRV_OK && strcmp(credential.device_id, device_id) != 0) {
    status = srv_fail(core, SRV_ERR_NOT_FOUND, "the device has no credential \"%s\"", id);
  }
  memset(credential.key, 0, sizeof(credential.key));
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_remove_by_id(core, SRV_CREDENTIAL, id);
  if (status == SRV_OK) {
    status = srv_note_credential(core, project_id, device_id, id);
  }
  return srv_transaction_end(core, status);
}

int srv_core_find_psk(struct srv_core *core, const uint8_t *identity, size_t identity_size,
                      struct srv_psk *out) {
  char text[SRV_IDENTITY_MAX + 1];
  struct srv_credential credential;
  struct srv_device device;
  if (identity_size == 0 || identity_size > SRV_IDENTITY_MAX ||
      memchr(identity, 0, identity_size) != NULL) {
    return srv_fail(core, SRV_ERR_NOT_FOUND, "an identity of %zu bytes is nobody's", identity_size);
  }
  memcpy(text, identity, identity_size);
  text[identity_size] = 0;
  struct srv_query query = {0};
  srv_query_text(&query, "identity", SRV_EQUALS, text);
  int status = core->store->ops->get(core->store, SRV_CREDENTIAL, &query, &credential);
  if (status == SRV_ERR_NOT_FOUND) return srv_fail(core, status, "unknown identity");
  if (status != SRV_OK) return srv_fail_store(core, status);
  status = srv_get_by_id(core, SRV_DEVICE, credential.project_id, credential.device_id, &device);
  if (status == SRV_OK && !device.enabled) {
    status = srv_fail(core, SRV_ERR_FORBIDDEN, "device \"%s\" is disabled", device.name);
  }
  if (status == SRV_OK) {
    memset(out, 0, sizeof(*out));
    memcpy(out->device.project_id, device.project_id, sizeof(out->device.project_id));
    memcpy(out->device.device_id, device.id, sizeof(out->device.device_id));
    memcpy(out->key, credential.key, credential.key_size);
    out->key_size = credential.key_size;
    memcpy(out->credential_id, credential.id, sizeof(out->credential_id));
  }
  explicit_bzero(&credential, sizeof(credential));
  return status;
}
