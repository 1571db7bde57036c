/* SPDX-License-Identifier: Apache-2.0 */
/* Who changed what: one row for each change that a person made, in its own
 * transaction, without secrets, and never changed again. */
#include <jansson.h>
#include <stdlib.h>

#include "server/core/changes.h"
#include "server/core/internal.h"
#include "server/core/pki.h"
#include "server/store/schema.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static const struct srv_actor ann = {.type = "account",
                                     .id = "aaaaaaaaaaaaaaaaaaaaaaaa",
                                     .name = "ann@example.com",
                                     .address = "192.0.2.1"};

static void begin(void) {
  core_fixture_begin(&f);
  srv_core_set_actor(f.core, &ann);
}

static uint64_t row_count(void) {
  struct srv_query query = {0};
  uint64_t count = 0;
  assert_ok(f.core, srv_core_list(f.core, SRV_AUDIT, &query, NULL, NULL, &count));
  return count;
}

static void keep_row(void *context, const void *row) {
  *(struct srv_audit *)context = *(const struct srv_audit *)row;
}

static const struct srv_audit *newest(void) {
  static struct srv_audit row;
  struct srv_query query = {.newest_first = true, .limit = 1};
  memset(&row, 0, sizeof(row));
  assert_ok(f.core, srv_core_list(f.core, SRV_AUDIT, &query, keep_row, &row, NULL));
  return &row;
}

static void expect_newest(const char *action, const char *kind, const char *object_name,
                          const char *before, const char *after) {
  const struct srv_audit *row = newest();
  assert_string_equal(row->action, action);
  assert_string_equal(row->kind, kind);
  assert_string_equal(row->object_name, object_name);
  if (before != NULL) assert_string_equal(row->before, before);
  if (after != NULL) assert_string_equal(row->after, after);
}

TEST(a_change_leaves_who_did_what_to_which_object_from_what_to_what) {
  begin();
  struct srv_tag tag = make_tag(&f, "kitchen");
  const struct srv_audit *row = newest();
  assert_string_equal(row->actor_type, "account");
  assert_string_equal(row->actor_id, ann.id);
  assert_string_equal(row->actor_name, "ann@example.com");
  assert_string_equal(row->actor_address, "192.0.2.1");
  assert_string_equal(row->object_id, tag.id);
  assert_string_equal(row->project_id, P);
  assert_int_equal(row->time_us, f.now_us);
  expect_newest("create", "tag", "kitchen", "", "{\"name\":\"kitchen\"}");
  strcpy(tag.name, "hall");
  assert_ok(f.core, srv_core_update_tag(f.core, &tag));
  expect_newest("update", "tag", "hall", "{\"name\":\"kitchen\"}", "{\"name\":\"hall\"}");
  assert_ok(f.core, srv_core_delete_tag(f.core, P, tag.id));
  expect_newest("delete", "tag", "hall", "{\"name\":\"hall\"}", "");
  assert_int_equal(row_count(), 3);
  core_fixture_end(&f);
}

TEST(every_kind_that_people_make_is_written_down_in_the_words_of_the_api) {
  begin();
  struct srv_project project = {.id = "second", .name = "Second"};
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  expect_newest("create", "project", "Second", "", NULL);
  assert_string_equal(newest()->project_id, "second");
  struct srv_blueprint blueprint = make_blueprint(&f, "board");
  expect_newest("create", "blueprint", "board", "", NULL);
  struct srv_tag tag = make_tag(&f, "kitchen");
  struct srv_device device = make_device(&f, "a", blueprint.id, tag.id);
  char after[256];
  snprintf(after, sizeof(after),
           "{\"name\":\"a\",\"blueprintId\":\"%s\",\"enabled\":true,\"tagIds\":[\"%s\"]}",
           blueprint.id, tag.id);
  expect_newest("create", "device", "a", "", after);
  device.enabled = false;
  device.blueprint_id[0] = 0;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  expect_newest("update", "device", "a", NULL, "{\"blueprintId\":null,\"enabled\":false}");
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  expect_newest("create", "artifact", "model@1.0.0", "", NULL);
  struct srv_release release = make_release(&f, artifact.id, NULL, tag.id);
  expect_newest("create", "release", "1700000000", "", NULL);
  assert_non_null(strstr(newest()->after, "\"rollout\":true"));
  assert_non_null(strstr(newest()->after, "\"deviceTagIds\":["));
  assert_non_null(strstr(newest()->after, "\"artifactIds\":["));
  release.rollout = false;
  assert_ok(f.core, srv_core_update_release(f.core, &release));
  expect_newest("update", "release", "1700000000", "{\"rollout\":true}", "{\"rollout\":false}");
  struct srv_setting setting = {
      .project_id = P, .key = "GAIN", .type = SRV_SETTING_INTEGER, .value = "3"};
  assert_ok(f.core, srv_core_create_setting(f.core, &setting));
  expect_newest("create", "setting", "GAIN", "", NULL);
  strcpy(setting.value, "4");
  assert_ok(f.core, srv_core_update_setting(f.core, &setting));
  expect_newest("update", "setting", "GAIN", "{\"value\":3}", "{\"value\":4}");
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core, srv_core_state_set(f.core, &ref, "on", "true", 4, false));
  expect_newest("create", "deviceState", "", "", NULL);
  assert_string_equal(newest()->project_id, P);
  assert_string_equal(newest()->object_id, device.id);
  struct srv_evaluation evaluation = {.project_id = P, .dataset = "clips", .report = "{}"};
  strcpy(evaluation.artifact_id, artifact.id);
  assert_ok(f.core, srv_core_create_evaluation(f.core, &evaluation));
  expect_newest("create", "evaluation", "clips", "", NULL);
  struct srv_revoked_certificate revoked = {.project_id = P, .serial_number = "abcd"};
  assert_ok(f.core, srv_core_revoke(f.core, &revoked));
  expect_newest("create", "revokedCertificate", "abcd", "", NULL);
  core_fixture_end(&f);
}

TEST(labelling_and_deleting_a_capture_is_written_down_and_its_coming_is_not) {
  begin();
  srv_core_set_actor(f.core, NULL);
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_capture_upload *upload;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "audio", SRV_FORMAT_NONE, &upload));
  assert_ok(f.core, srv_core_capture_append(upload, "bytes", 5));
  assert_ok(f.core, srv_core_capture_finish(upload));
  assert_int_equal(row_count(), 0);
  struct srv_capture capture;
  struct srv_query query = {0};
  assert_ok(f.core, f.folder.store->ops->get(f.folder.store, SRV_CAPTURE, &query, &capture));
  srv_core_set_actor(f.core, &ann);
  assert_ok(f.core, srv_core_label_capture(f.core, &capture, "yes"));
  expect_newest("update", "capture", "audio", NULL, NULL);
  assert_non_null(strstr(newest()->after, "\"label\":\"yes\""));
  assert_ok(f.core, srv_core_delete_capture(f.core, P, capture.id));
  expect_newest("delete", "capture", "audio", NULL, "");
  assert_int_equal(row_count(), 2);
  core_fixture_end(&f);
}

TEST(nobody_set_as_actor_leaves_nothing) {
  core_fixture_begin(&f);
  make_tag(&f, "kitchen");
  assert_ok(f.core, srv_core_audit_note(f.core, "signIn", "session", "", "", ""));
  assert_int_equal(row_count(), 0);
  core_fixture_end(&f);
}

TEST(an_update_that_changes_nothing_leaves_nothing) {
  begin();
  struct srv_tag tag = make_tag(&f, "kitchen");
  f.now_us += 1000000;
  assert_ok(f.core, srv_core_update_tag(f.core, &tag));
  assert_int_equal(row_count(), 1);
  core_fixture_end(&f);
}

TEST(a_change_that_is_undone_leaves_nothing) {
  begin();
  core_fixture_fill_disk(&f, true);
  struct srv_tag tag = {.project_id = P, .name = "kitchen"};
  assert_int_equal(srv_core_create_tag(f.core, &tag), SRV_ERR_NO_SPACE);
  core_fixture_fill_disk(&f, false);
  assert_int_equal(row_count(), 0);
  tag = make_tag(&f, "hall");
  struct srv_tag twin = {.project_id = P, .name = "hall"};
  assert_int_equal(srv_core_create_tag(f.core, &twin), SRV_ERR_EXISTS);
  struct srv_device device = make_device(&f, "a", NULL, tag.id);
  assert_int_equal(srv_core_delete_tag(f.core, P, tag.id), SRV_ERR_IN_USE);
  struct srv_credential credential = {.project_id = P, .identity = "same", .key_size = 1};
  strcpy(credential.device_id, device.id);
  assert_ok(f.core, srv_core_create_credential(f.core, &credential));
  assert_int_equal(row_count(), 3);
  struct srv_device other = {.project_id = P, .name = "b", .enabled = true};
  assert_int_equal(srv_core_provision(f.core, &other, &credential), SRV_ERR_EXISTS);
  assert_int_equal(row_count(), 3);
  core_fixture_end(&f);
}

/* From the next row of the audit log on, the store refuses it. */
static const struct srv_store_ops *real_ops;
static int refuse_audit(struct srv_store *store, enum srv_kind kind, const void *row) {
  if (kind != SRV_AUDIT) return real_ops->insert(store, kind, row);
  snprintf(store->error, sizeof(store->error), "cannot write audit: the disk is full");
  return SRV_ERR_NO_SPACE;
}

TEST(a_change_that_cannot_be_written_down_is_not_made) {
  static struct srv_store_ops refusing;
  begin();
  real_ops = f.folder.store->ops;
  refusing = *real_ops;
  refusing.insert = refuse_audit;
  f.folder.store->ops = &refusing;
  struct srv_tag tag = {.project_id = P, .name = "kitchen"};
  assert_int_equal(srv_core_create_tag(f.core, &tag), SRV_ERR_NO_SPACE);
  assert_non_null(strstr(srv_core_error(f.core), "audit"));
  f.folder.store->ops = real_ops;
  struct srv_tag found;
  assert_int_equal(srv_core_find(f.core, SRV_TAG, P, "kitchen", &found), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(a_deleted_project_leaves_its_rows) {
  begin();
  struct srv_project project = {.id = "second", .name = "Second"};
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  assert_ok(f.core, srv_core_delete_project(f.core, "second"));
  core_fixture_restart(&f);
  assert_int_equal(row_count(), 2);
  expect_newest("delete", "project", "Second", NULL, "");
  assert_string_equal(newest()->project_id, "second");
  core_fixture_end(&f);
}

TEST(no_statement_changes_replaces_or_removes_a_row) {
  begin();
  make_tag(&f, "kitchen");
  struct srv_audit row = *newest();
  struct srv_store *store = f.folder.store;
  struct srv_query query = {0};
  strcpy(row.actor_name, "somebody else");
  assert_int_equal(store->ops->update(store, SRV_AUDIT, &row), SRV_ERR_IO);
  assert_non_null(strstr(store->error, "only added to"));
  assert_int_equal(store->ops->put(store, SRV_AUDIT, &row), SRV_ERR_IO);
  assert_true(store->ops->insert(store, SRV_AUDIT, &row) != SRV_OK);
  assert_int_equal(store->ops->remove(store, SRV_AUDIT, &query), SRV_ERR_IO);
  assert_non_null(strstr(store->error, "only added to"));
  assert_string_equal(newest()->actor_name, "ann@example.com");
  assert_int_equal(row_count(), 1);
  core_fixture_end(&f);
}

TEST(a_removal_of_many_rows_names_a_hundred_and_counts_the_rest) {
  begin();
  srv_core_set_actor(f.core, NULL);
  for (int i = 0; i < 103; i++) {
    char name[16];
    snprintf(name, sizeof(name), "t%d", i);
    make_tag(&f, name);
  }
  srv_core_set_actor(f.core, &ann);
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, P);
  assert_int_equal(f.core->store->ops->remove(f.core->store, SRV_TAG, &query), SRV_OK);
  assert_int_equal(row_count(), 101);
  expect_newest("delete", "tag", "3 more", "", "");
  core_fixture_end(&f);
}

TEST(long_texts_are_cut_between_characters_and_too_many_of_them_left_out) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  char document[12000];
  size_t length = (size_t)snprintf(document, sizeof(document), "{\"text\":\"");
  while (length < sizeof(document) - 8) length += (size_t)sprintf(document + length, "\xC3\xA9");
  length += (size_t)sprintf(document + length, "\"}");
  assert_ok(f.core, srv_core_state_set(f.core, &ref, "", document, length, false));
  json_t *after = json_loads(newest()->after, 0, NULL);
  const char *text = json_string_value(json_object_get(after, "document"));
  assert_non_null(text);
  assert_true(strlen(text) <= 260);
  assert_string_equal(text + strlen(text) - 3, "\xE2\x80\xA6");
  json_decref(after);
  core_fixture_end(&f);
}

TEST(who_changed_an_object_last_is_known) {
  begin();
  struct srv_actor found;
  struct srv_tag tag = make_tag(&f, "kitchen");
  assert_ok(f.core, srv_core_last_actor(f.core, SRV_TAG, tag.id, &found));
  assert_string_equal(found.name, "ann@example.com");
  struct srv_actor bob = {.type = "apiKey", .id = "b", .name = "ci"};
  srv_core_set_actor(f.core, &bob);
  strcpy(tag.name, "hall");
  assert_ok(f.core, srv_core_update_tag(f.core, &tag));
  assert_ok(f.core, srv_core_last_actor(f.core, SRV_TAG, tag.id, &found));
  assert_string_equal(found.type, "apiKey");
  assert_string_equal(found.name, "ci");
  assert_int_equal(srv_core_last_actor(f.core, SRV_DEVICE, tag.id, &found), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(what_is_no_change_of_a_row_can_be_noted_with_what_was_asked_for) {
  begin();
  assert_ok(f.core, srv_core_audit_note_detail(f.core, "call", "device", "x", "kitchen", P,
                                               "{\"method\":\"reboot\"}"));
  expect_newest("call", "device", "kitchen", "", "{\"method\":\"reboot\"}");
  core_fixture_end(&f);
}

/* --- secrets ------------------------------------------------------------------------ */

/* Fills a column with what must not be seen. */
static void fill_secret(const struct srv_column *column, char *row) {
  char *field = row + column->offset;
  size_t one = 1, size = column->size;
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      memset(field, 'S', size - 1);
      break;
    case SRV_COLUMN_LIST:
      memset(field, 'S', size - 1);
      memcpy(row + column->count_offset, &one, sizeof(one));
      break;
    case SRV_COLUMN_BYTES:
      memset(field, 'S', size);
      memcpy(row + column->count_offset, &size, sizeof(size));
      break;
    case SRV_COLUMN_DIGEST:
      memset(field, 'S', GW_DIGEST_SIZE);
      break;
    default:
      fail_msg("%s: a number is no secret", column->name);
  }
}

static unsigned fill_secrets(const struct srv_table *table, char *row) {
  unsigned count = 0;
  for (size_t i = 0; i < table->column_count; i++) {
    if ((table->column[i].flags & SRV_COLUMN_SECRET) == 0) continue;
    fill_secret(&table->column[i], row);
    count++;
  }
  return count;
}

TEST(no_secret_of_any_kind_ever_stands_in_a_row) {
  unsigned kinds = 0;
  begin();
  for (int kind = 0; kind < SRV_KIND_COUNT; kind++) {
    const struct srv_table *table = srv_table_of((enum srv_kind)kind);
    char *row = calloc(1, table->row_size), *old = calloc(1, table->row_size);
    unsigned secrets = fill_secrets(table, row);
    if (secrets > 0) {
      kinds++;
      assert_int_equal(srv_audit_append(f.core, f.folder.store, (enum srv_kind)kind, NULL, row, P),
                       SRV_OK);
      assert_null(strstr(newest()->after, "SSS"));
      assert_null(strstr(newest()->after, "535353")); /* as hex */
      assert_non_null(strstr(newest()->after, "***"));
      assert_int_equal(srv_audit_append(f.core, f.folder.store, (enum srv_kind)kind, row, old, P),
                       SRV_OK);
      assert_null(strstr(newest()->before, "SSS"));
      assert_null(strstr(newest()->before, "535353"));
    }
    free(row);
    free(old);
  }
  assert_true(kinds >= 3); /* credentials, API keys, CAs at least */
  core_fixture_end(&f);
}

static bool sounds_secret(const char *name) {
  static const char *const words[] = {"key", "hash", "password", "secret", "recovery", "token"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (strstr(name, words[i]) != NULL) return true;
  }
  return false;
}

TEST(every_column_that_sounds_secret_is_marked_as_one) {
  for (int kind = 0; kind < SRV_KIND_COUNT; kind++) {
    const struct srv_table *table = srv_table_of((enum srv_kind)kind);
    for (size_t i = 0; i < table->column_count; i++) {
      const struct srv_column *column = &table->column[i];
      bool is_setting = kind == SRV_SETTING; /* its key is its name */
      if (is_setting || !sounds_secret(column->name)) continue;
      if ((column->flags & SRV_COLUMN_SECRET) == 0) {
        fail_msg("%s.%s is not marked SRV_COLUMN_SECRET", table->name, column->name);
      }
    }
  }
}

TEST(a_credential_and_a_key_are_written_down_without_what_they_open) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_credential credential = {
      .project_id = P, .identity = "a@default", .key_size = 8, .key = "hunter22"};
  strcpy(credential.device_id, device.id);
  assert_ok(f.core, srv_core_create_credential(f.core, &credential));
  expect_newest("create", "credential", "a@default", "", NULL);
  assert_null(strstr(newest()->after, "hunter22"));
  assert_non_null(strstr(newest()->after, "\"key\":\"***\""));
  assert_ok(f.core, srv_core_delete_credential(f.core, P, device.id, credential.id));
  expect_newest("delete", "credential", "a@default", NULL, "");
  assert_null(strstr(newest()->before, "hunter22"));
  char text[SRV_API_KEY_LENGTH + 1];
  struct srv_api_key key = {.project_id = P, .name = "ci"};
  assert_ok(f.core, srv_core_create_api_key(f.core, &key, text));
  expect_newest("create", "apiKey", "ci", "", NULL);
  assert_null(strstr(newest()->after, text));
  core_fixture_end(&f);
}
