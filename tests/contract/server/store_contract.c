/* SPDX-License-Identifier: Apache-2.0 */
/* What server/store/store.h promises, whatever is behind it. Each
 * implementation is one open_store() below. */
#include <stdlib.h>

#include "server/store/schema.h"
#include "server/store/store.h"
#include "tests/support/test.h"

#ifdef STORE_SQLITE
#include "server/store/store_sqlite.h"
static struct srv_store *open_store(void) {
  static char path[512];
  char error[SRV_ERROR_MAX];
  struct srv_store *store = NULL;
  if (path[0] == 0) snprintf(path, sizeof(path), "%s/store.db", test_temporary_folder());
  if (srv_store_sqlite_open(&store, path, error) != SRV_OK) fail_msg("%s", error);
  return store;
}
#endif

#define PROJECT "p"

static struct srv_store *store;

static void add_project(const char *id) {
  struct srv_project project = {.created_us = 1};
  snprintf(project.id, sizeof(project.id), "%s", id);
  snprintf(project.name, sizeof(project.name), "%s", id);
  assert_int_equal(store->ops->insert(store, SRV_PROJECT, &project), SRV_OK);
}

static void begin_with_project(void) {
  store = open_store();
  add_project(PROJECT);
}

static void end(void) { store->ops->close(store); }

static struct srv_tag tag_of(const char *id, const char *name) {
  struct srv_tag tag = {.project_id = PROJECT, .created_us = 7, .updated_us = 8};
  snprintf(tag.id, sizeof(tag.id), "%s", id);
  snprintf(tag.name, sizeof(tag.name), "%s", name);
  return tag;
}

static void add_tag(const char *id, const char *name) {
  struct srv_tag tag = tag_of(id, name);
  assert_int_equal(store->ops->insert(store, SRV_TAG, &tag), SRV_OK);
}

static struct srv_device device_of(const char *id, const char *name) {
  struct srv_device device = {.project_id = PROJECT, .enabled = true, .created_us = 5};
  snprintf(device.id, sizeof(device.id), "%s", id);
  snprintf(device.name, sizeof(device.name), "%s", name);
  return device;
}

static void add_device(const char *id, const char *name) {
  struct srv_device device = device_of(id, name);
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
}

static void add_event(const char *device_id, int64_t time_us) {
  struct srv_ota_event event = {.project_id = PROJECT, .package = "model", .time_us = time_us};
  snprintf(event.device_id, sizeof(event.device_id), "%s", device_id);
  assert_int_equal(store->ops->insert(store, SRV_OTA_EVENT, &event), SRV_OK);
}

static struct srv_query by_id(const char *id) {
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  return query;
}

static uint64_t count(enum srv_kind kind, struct srv_query query) {
  uint64_t total = UINT64_MAX;
  assert_int_equal(store->ops->list(store, kind, &query, NULL, NULL, &total), SRV_OK);
  return total;
}

static uint64_t count_all(enum srv_kind kind) { return count(kind, (struct srv_query){0}); }

/* --- rows ---------------------------------------------------------------------- */

TEST(a_device_comes_back_as_it_was_put_after_reopening) {
  begin_with_project();
  add_tag("t1", "beta");
  add_tag("t2", "lab");
  struct srv_device device = device_of("d1", "kitchen \xc3\xa9");
  device.updated_us = INT64_MAX;
  device.hardware_id_count = 2;
  strcpy(device.hardware_id[0], "aa:bb");
  strcpy(device.hardware_id[1], "");
  device.tag_count = 2;
  strcpy(device.tag_id[0], "t2");
  strcpy(device.tag_id[1], "t1");
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
  end();

  store = open_store();
  struct srv_device got;
  struct srv_query query = by_id("d1");
  assert_int_equal(store->ops->get(store, SRV_DEVICE, &query, &got), SRV_OK);
  assert_string_equal(got.name, "kitchen \xc3\xa9");
  assert_string_equal(got.blueprint_id, "");
  assert_true(got.enabled);
  assert_true(got.updated_us == INT64_MAX);
  assert_int_equal(got.hardware_id_count, 2);
  assert_string_equal(got.hardware_id[0], "aa:bb");
  assert_string_equal(got.hardware_id[1], "");
  assert_int_equal(got.tag_count, 2);
  assert_string_equal(got.tag_id[0], "t2");
  assert_string_equal(got.tag_id[1], "t1");
  end();
}

TEST(binary_keys_and_digests_keep_their_zero_bytes) {
  begin_with_project();
  add_device("d1", "a");
  struct srv_credential credential = {.id = "c1",
                                      .project_id = PROJECT,
                                      .device_id = "d1",
                                      .identity = "me",
                                      .key_size = 3,
                                      .key = {0, 255, 0}};
  assert_int_equal(store->ops->insert(store, SRV_CREDENTIAL, &credential), SRV_OK);
  struct srv_credential got;
  struct srv_query query = by_id("c1");
  assert_int_equal(store->ops->get(store, SRV_CREDENTIAL, &query, &got), SRV_OK);
  assert_int_equal(got.key_size, 3);
  assert_memory_equal(got.key, credential.key, 3);

  struct srv_artifact artifact = {.id = "a1",
                                  .project_id = PROJECT,
                                  .package = "model",
                                  .version = "1.0.0",
                                  .size_bytes = UINT32_MAX,
                                  .digest = {0, 1, 0, 2}};
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_OK);
  struct srv_artifact found;
  struct srv_query by_digest = {0};
  srv_query_digest(&by_digest, "digest", artifact.digest);
  assert_int_equal(store->ops->get(store, SRV_ARTIFACT, &by_digest, &found), SRV_OK);
  assert_memory_equal(&found, &artifact, sizeof(found));
  artifact.digest[31] = 9;
  assert_int_equal(store->ops->get(store, SRV_ARTIFACT, &by_digest, &found), SRV_ERR_NOT_FOUND);
  end();
}

TEST(the_longest_text_of_a_column_comes_back_whole) {
  begin_with_project();
  struct srv_tag tag = tag_of("t1", "");
  memset(tag.name, 'x', SRV_NAME_MAX);
  assert_int_equal(store->ops->insert(store, SRV_TAG, &tag), SRV_OK);
  struct srv_tag got;
  struct srv_query query = by_id("t1");
  assert_int_equal(store->ops->get(store, SRV_TAG, &query, &got), SRV_OK);
  assert_int_equal(strlen(got.name), SRV_NAME_MAX);
  end();
}

TEST(get_of_what_is_not_there_is_not_found) {
  begin_with_project();
  struct srv_tag tag;
  struct srv_query query = by_id("nobody");
  assert_int_equal(store->ops->get(store, SRV_TAG, &query, &tag), SRV_ERR_NOT_FOUND);
  assert_true(strlen(srv_store_error(store)) > 0);
  end();
}

TEST(quotes_and_percent_signs_in_values_are_only_text) {
  begin_with_project();
  add_device("d1", "'; DROP TABLE device; --");
  add_device("d2", "100%_");
  struct srv_query query = {0};
  srv_query_text(&query, "name", SRV_CONTAINS, "%_");
  assert_int_equal(count(SRV_DEVICE, query), 1);
  struct srv_query all = {0};
  srv_query_text(&all, "name", SRV_CONTAINS, "%");
  assert_int_equal(count(SRV_DEVICE, all), 1);
  assert_int_equal(count_all(SRV_DEVICE), 2);
  end();
}

/* --- unique and referring ---------------------------------------------------------- */

TEST(a_second_row_of_the_same_key_or_unique_name_is_refused) {
  begin_with_project();
  add_tag("t1", "beta");
  struct srv_tag tag = tag_of("t1", "other");
  assert_int_equal(store->ops->insert(store, SRV_TAG, &tag), SRV_ERR_EXISTS);
  tag = tag_of("t2", "beta");
  assert_int_equal(store->ops->insert(store, SRV_TAG, &tag), SRV_ERR_EXISTS);
  assert_int_equal(count_all(SRV_TAG), 1);
  end();
}

TEST(an_update_to_a_taken_name_is_refused_and_changes_nothing) {
  begin_with_project();
  add_tag("t1", "beta");
  add_tag("t2", "lab");
  struct srv_tag tag = tag_of("t2", "beta");
  assert_int_equal(store->ops->update(store, SRV_TAG, &tag), SRV_ERR_EXISTS);
  struct srv_query query = by_id("t2");
  assert_int_equal(store->ops->get(store, SRV_TAG, &query, &tag), SRV_OK);
  assert_string_equal(tag.name, "lab");
  end();
}

TEST(an_update_of_what_is_not_there_is_not_found) {
  begin_with_project();
  struct srv_tag tag = tag_of("t1", "beta");
  assert_int_equal(store->ops->update(store, SRV_TAG, &tag), SRV_ERR_NOT_FOUND);
  end();
}

TEST(one_package_and_version_may_exist_once_for_each_blueprint_and_once_for_none) {
  begin_with_project();
  struct srv_blueprint blueprint = {.id = "b1", .project_id = PROJECT, .name = "board"};
  assert_int_equal(store->ops->insert(store, SRV_BLUEPRINT, &blueprint), SRV_OK);
  struct srv_artifact artifact = {
      .id = "a1", .project_id = PROJECT, .package = "model", .version = "1.0.0"};
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_OK);
  strcpy(artifact.id, "a2");
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_ERR_EXISTS);
  strcpy(artifact.blueprint_id, "b1");
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_OK);
  strcpy(artifact.id, "a3");
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_ERR_EXISTS);
  end();
}

TEST(a_row_that_refers_to_nothing_is_refused) {
  begin_with_project();
  struct srv_device device = device_of("d1", "a");
  strcpy(device.blueprint_id, "nothing");
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_ERR_NOT_FOUND);
  device.blueprint_id[0] = 0;
  device.tag_count = 1;
  strcpy(device.tag_id[0], "nothing");
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_ERR_NOT_FOUND);
  assert_int_equal(count_all(SRV_DEVICE), 0); /* not half of it either */
  end();
}

TEST(what_is_referred_to_cannot_be_removed) {
  begin_with_project();
  add_tag("t1", "beta");
  struct srv_device device = device_of("d1", "a");
  device.tag_count = 1;
  strcpy(device.tag_id[0], "t1");
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
  struct srv_query query = by_id("t1");
  assert_int_equal(store->ops->remove(store, SRV_TAG, &query), SRV_ERR_IN_USE);
  query = by_id(PROJECT);
  assert_int_equal(store->ops->remove(store, SRV_PROJECT, &query), SRV_ERR_IN_USE);
  device.tag_count = 0;
  assert_int_equal(store->ops->update(store, SRV_DEVICE, &device), SRV_OK);
  query = by_id("t1");
  assert_int_equal(store->ops->remove(store, SRV_TAG, &query), SRV_OK);
  assert_int_equal(store->ops->remove(store, SRV_TAG, &query), SRV_ERR_NOT_FOUND);
  end();
}

TEST(removing_a_device_takes_what_hangs_on_it) {
  begin_with_project();
  add_device("d1", "a");
  add_device("d2", "b");
  add_event("d1", 1);
  add_event("d2", 2);
  struct srv_credential credential = {
      .id = "c1", .project_id = PROJECT, .device_id = "d1", .identity = "me", .key_size = 1};
  assert_int_equal(store->ops->insert(store, SRV_CREDENTIAL, &credential), SRV_OK);
  struct srv_presence presence = {.device_id = "d1"};
  assert_int_equal(store->ops->put(store, SRV_PRESENCE, &presence), SRV_OK);
  struct srv_query query = by_id("d1");
  assert_int_equal(store->ops->remove(store, SRV_DEVICE, &query), SRV_OK);
  assert_int_equal(count_all(SRV_CREDENTIAL), 0);
  assert_int_equal(count_all(SRV_OTA_EVENT), 1);
  assert_int_equal(count_all(SRV_PRESENCE), 0);
  end();
}

TEST(put_inserts_and_then_updates_by_a_key_of_two_columns) {
  begin_with_project();
  add_device("d1", "a");
  struct srv_ota_status status = {.device_id = "d1", .package = "model", .state = 1};
  assert_int_equal(store->ops->put(store, SRV_OTA_STATUS, &status), SRV_OK);
  status.state = 3;
  assert_int_equal(store->ops->put(store, SRV_OTA_STATUS, &status), SRV_OK);
  strcpy(status.package, "main");
  assert_int_equal(store->ops->put(store, SRV_OTA_STATUS, &status), SRV_OK);
  assert_int_equal(count_all(SRV_OTA_STATUS), 2);
  struct srv_query query = {0};
  srv_query_text(&query, "package", SRV_EQUALS, "model");
  assert_int_equal(store->ops->get(store, SRV_OTA_STATUS, &query, &status), SRV_OK);
  assert_int_equal(status.state, 3);
  end();
}

/* --- lists --------------------------------------------------------------------------- */

struct names {
  char text[256];
};

static void append_name(void *context, const void *row) {
  struct names *names = context;
  const struct srv_device *device = row;
  strcat(names->text, device->name);
}

static void expect_names(struct srv_query query, const char *expected, uint64_t expected_total) {
  struct names names = {""};
  uint64_t total = 0;
  assert_int_equal(store->ops->list(store, SRV_DEVICE, &query, append_name, &names, &total),
                   SRV_OK);
  assert_string_equal(names.text, expected);
  assert_int_equal(total, expected_total);
}

TEST(a_page_of_a_list_has_its_rows_in_order_and_the_total_of_all) {
  begin_with_project();
  add_device("d3", "c");
  add_device("d1", "a");
  add_device("d2", "b");
  add_device("d4", "d");
  expect_names((struct srv_query){0}, "abcd", 4);
  expect_names((struct srv_query){.offset = 1, .limit = 2}, "bc", 4);
  expect_names((struct srv_query){.offset = 3, .limit = 2}, "d", 4);
  expect_names((struct srv_query){.offset = 9, .limit = 2}, "", 4);
  expect_names((struct srv_query){.limit = 1, .newest_first = true}, "d", 4);
  end();
}

TEST(conditions_narrow_a_list_all_of_them) {
  begin_with_project();
  add_tag("t1", "beta");
  add_tag("t2", "lab");
  struct srv_device device = device_of("d1", "Alpha");
  device.tag_count = 2;
  strcpy(device.tag_id[0], "t1");
  strcpy(device.tag_id[1], "t2");
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
  device = device_of("d2", "beta");
  device.tag_count = 1;
  strcpy(device.tag_id[0], "t1");
  device.enabled = false;
  assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
  add_device("d3", "gamma");

  struct srv_query query = {0};
  srv_query_text(&query, "device_tag", SRV_HAS, "t1");
  expect_names(query, "Alphabeta", 2);
  srv_query_number(&query, "enabled", SRV_EQUALS, 1);
  expect_names(query, "Alpha", 1);

  query = (struct srv_query){0};
  srv_query_text(&query, "device_tag", SRV_HAS, "t1,t2"); /* each of them */
  expect_names(query, "Alpha", 1);

  query = (struct srv_query){0};
  srv_query_text(&query, "name", SRV_CONTAINS, "ALPH");
  expect_names(query, "Alpha", 1);

  query = (struct srv_query){0};
  srv_query_text(&query, "id", SRV_AMONG, "d3,,d1,nobody");
  expect_names(query, "Alphagamma", 2);

  query = (struct srv_query){0};
  srv_query_text(&query, "id", SRV_AMONG, "");
  expect_names(query, "", 0);

  query = (struct srv_query){0};
  srv_query_text(&query, "blueprint_id", SRV_EQUALS, "");
  expect_names(query, "Alphabetagamma", 3);
  end();
}

TEST(events_are_numbered_by_the_store_and_removed_by_range) {
  begin_with_project();
  add_device("d1", "a");
  for (int64_t i = 1; i <= 5; i++) add_event("d1", i * 100);
  struct srv_ota_event event;
  struct srv_query newest = {.newest_first = true, .offset = 2};
  assert_int_equal(store->ops->get(store, SRV_OTA_EVENT, &newest, &event), SRV_OK);
  assert_int_equal(event.time_us, 300);
  struct srv_query old = {0};
  srv_query_number(&old, "id", SRV_AT_MOST, event.id);
  assert_int_equal(store->ops->remove(store, SRV_OTA_EVENT, &old), SRV_OK);
  assert_int_equal(count_all(SRV_OTA_EVENT), 2);
  struct srv_query late = {0};
  srv_query_number(&late, "time_us", SRV_AT_LEAST, 500);
  assert_int_equal(count(SRV_OTA_EVENT, late), 1);
  end();
}

/* --- captures, state, settings, logs, evaluations ------------------------------------ */

static struct srv_capture capture_of(const char *id, const char *device_id) {
  struct srv_capture capture = {.project_id = PROJECT, .score_permille = -1};
  snprintf(capture.id, sizeof(capture.id), "%s", id);
  snprintf(capture.device_id, sizeof(capture.device_id), "%s", device_id);
  return capture;
}

static void add_capture(const char *id, const char *device_id, uint32_t size_bytes) {
  struct srv_capture capture = capture_of(id, device_id);
  capture.size_bytes = size_bytes;
  assert_int_equal(store->ops->insert(store, SRV_CAPTURE, &capture), SRV_OK);
}

TEST(a_capture_comes_back_byte_for_byte_full_and_empty) {
  begin_with_project();
  add_device("d1", "a");
  struct srv_capture capture = capture_of("c1", "d1"), got;
  capture.inline_size = capture.size_bytes = SRV_CAPTURE_INLINE_MAX;
  for (size_t i = 0; i < SRV_CAPTURE_INLINE_MAX; i++) capture.inline_bytes[i] = (uint8_t)i;
  memset(capture.path, 'p', SRV_STREAM_PATH_MAX);
  memset(capture.provenance, 'q', SRV_PROVENANCE_MAX);
  memset(capture.label, 'l', SRV_LABEL_MAX);
  memset(capture.digest, 0x80, sizeof(capture.digest));
  capture.device_time_us = INT64_MAX;
  assert_int_equal(store->ops->insert(store, SRV_CAPTURE, &capture), SRV_OK);
  add_capture("c2", "d1", 0);
  end();

  store = open_store();
  struct srv_query query = by_id("c1");
  assert_int_equal(store->ops->get(store, SRV_CAPTURE, &query, &got), SRV_OK);
  assert_memory_equal(&got, &capture, sizeof(got));
  query = by_id("c2");
  assert_int_equal(store->ops->get(store, SRV_CAPTURE, &query, &got), SRV_OK);
  assert_int_equal(got.inline_size, 0);
  assert_int_equal(got.score_permille, -1);
  end();
}

TEST(captures_are_found_by_digest_and_size_and_by_ids_from_one_on) {
  begin_with_project();
  add_device("d1", "a");
  add_device("d2", "b");
  uint8_t digest[GW_DIGEST_SIZE] = {0};
  add_capture("0000000a1", "d1", 10);
  add_capture("0000000b1", "d1", 5000);
  add_capture("0000000b2", "d2", 5000);
  add_capture("0000000c1", "d1", 20);
  struct srv_query large = {0};
  srv_query_digest(&large, "digest", digest);
  srv_query_number(&large, "size_bytes", SRV_AT_LEAST, 4097);
  assert_int_equal(count(SRV_CAPTURE, large), 2);
  struct srv_query since = {0};
  srv_query_text(&since, "device_id", SRV_EQUALS, "d1");
  srv_query_text(&since, "id", SRV_AT_LEAST, "0000000b");
  assert_int_equal(count(SRV_CAPTURE, since), 2);
  srv_query_text(&since, "id", SRV_AT_MOST, "0000000b9");
  assert_int_equal(count(SRV_CAPTURE, since), 1);
  end();
}

static struct srv_setting setting_at(const char *id, const char *blueprint_id,
                                     const char *device_id) {
  struct srv_setting setting = {.project_id = PROJECT, .key = "K", .value = "1"};
  snprintf(setting.id, sizeof(setting.id), "%s", id);
  snprintf(setting.blueprint_id, sizeof(setting.blueprint_id), "%s", blueprint_id);
  snprintf(setting.device_id, sizeof(setting.device_id), "%s", device_id);
  return setting;
}

TEST(a_setting_is_there_once_for_each_level) {
  begin_with_project();
  add_device("d1", "a");
  struct srv_blueprint blueprint = {.id = "b1", .project_id = PROJECT, .name = "b"};
  assert_int_equal(store->ops->insert(store, SRV_BLUEPRINT, &blueprint), SRV_OK);
  static const char *const levels[][2] = {{"", ""}, {"b1", ""}, {"", "d1"}};
  for (int again = 0; again < 2; again++) {
    for (size_t i = 0; i < 3; i++) {
      char id[32];
      snprintf(id, sizeof(id), "s%d-%zu", again, i);
      struct srv_setting setting = setting_at(id, levels[i][0], levels[i][1]);
      assert_int_equal(store->ops->insert(store, SRV_SETTING, &setting),
                       again ? SRV_ERR_EXISTS : SRV_OK);
    }
  }
  struct srv_query project = {0};
  srv_query_text(&project, "project_id", SRV_EQUALS, PROJECT);
  srv_query_text(&project, "blueprint_id", SRV_EQUALS, "");
  srv_query_text(&project, "device_id", SRV_EQUALS, "");
  assert_int_equal(count(SRV_SETTING, project), 1);
  struct srv_setting nowhere = setting_at("s9", "", "d9");
  assert_int_equal(store->ops->insert(store, SRV_SETTING, &nowhere), SRV_ERR_NOT_FOUND);
  end();
}

TEST(the_longest_document_and_report_come_back_whole) {
  begin_with_project();
  add_device("d1", "a");
  static struct srv_device_document document, got_document;
  static struct srv_evaluation evaluation, got_evaluation;
  strcpy(document.device_id, "d1");
  memset(document.document, 'x', SRV_DEVICE_STATE_MAX);
  assert_int_equal(store->ops->put(store, SRV_DEVICE_STATE, &document), SRV_OK);
  document.updated_us = 9;
  assert_int_equal(store->ops->put(store, SRV_DEVICE_STATE, &document), SRV_OK);
  struct srv_artifact artifact = {.id = "a1", .project_id = PROJECT, .package = "p"};
  assert_int_equal(store->ops->insert(store, SRV_ARTIFACT, &artifact), SRV_OK);
  strcpy(evaluation.id, "e1");
  strcpy(evaluation.project_id, PROJECT);
  strcpy(evaluation.artifact_id, "a1");
  memset(evaluation.report, 'x', SRV_EVALUATION_MAX);
  assert_int_equal(store->ops->insert(store, SRV_EVALUATION, &evaluation), SRV_OK);
  struct srv_query all = {0};
  assert_int_equal(store->ops->get(store, SRV_DEVICE_STATE, &all, &got_document), SRV_OK);
  assert_memory_equal(&got_document, &document, sizeof(document));
  assert_int_equal(store->ops->get(store, SRV_EVALUATION, &all, &got_evaluation), SRV_OK);
  assert_memory_equal(&got_evaluation, &evaluation, sizeof(evaluation));
  assert_int_equal(count_all(SRV_DEVICE_STATE), 1);
  struct srv_query query = by_id("a1");
  assert_int_equal(store->ops->remove(store, SRV_ARTIFACT, &query), SRV_OK);
  assert_int_equal(count_all(SRV_EVALUATION), 0);
  end();
}

TEST(removing_a_device_takes_its_captures_state_settings_and_logs) {
  begin_with_project();
  add_device("d1", "a");
  add_device("d2", "b");
  static struct srv_device_document document = {.document = "{}"};
  struct srv_settings_status status = {.errors = "[]"};
  struct srv_device_log line = {.project_id = PROJECT};
  static const char *const devices[] = {"d1", "d2"};
  for (size_t i = 0; i < 2; i++) {
    struct srv_setting setting = setting_at(i == 0 ? "s1" : "s2", "", devices[i]);
    add_capture(i == 0 ? "c1" : "c2", devices[i], 1);
    strcpy(document.device_id, devices[i]);
    strcpy(status.device_id, devices[i]);
    strcpy(line.device_id, devices[i]);
    assert_int_equal(store->ops->put(store, SRV_DEVICE_STATE, &document), SRV_OK);
    assert_int_equal(store->ops->put(store, SRV_SETTINGS_STATUS, &status), SRV_OK);
    assert_int_equal(store->ops->insert(store, SRV_DEVICE_LOG, &line), SRV_OK);
    assert_int_equal(store->ops->insert(store, SRV_SETTING, &setting), SRV_OK);
  }
  struct srv_query query = by_id("d1");
  assert_int_equal(store->ops->remove(store, SRV_DEVICE, &query), SRV_OK);
  static const enum srv_kind kinds[] = {SRV_CAPTURE, SRV_DEVICE_STATE, SRV_SETTING,
                                        SRV_SETTINGS_STATUS, SRV_DEVICE_LOG};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    assert_int_equal(count_all(kinds[i]), 1);
  }
  end();
}

TEST(a_settings_version_goes_with_its_project_only) {
  begin_with_project();
  add_project("q");
  struct srv_settings_version version = {.owner_id = "q", .project_id = "q", .version = 5};
  assert_int_equal(store->ops->put(store, SRV_SETTINGS_VERSION, &version), SRV_OK);
  version.version = INT64_MAX;
  assert_int_equal(store->ops->put(store, SRV_SETTINGS_VERSION, &version), SRV_OK);
  struct srv_query newer = {0};
  srv_query_number(&newer, "version", SRV_AT_LEAST, INT64_MAX);
  assert_int_equal(count(SRV_SETTINGS_VERSION, newer), 1);
  struct srv_query query = by_id("q");
  assert_int_equal(store->ops->remove(store, SRV_PROJECT, &query), SRV_OK);
  assert_int_equal(count_all(SRV_SETTINGS_VERSION), 0);
  end();
}

/* --- transactions ----------------------------------------------------------------------- */

TEST(a_rollback_undoes_everything_since_begin) {
  begin_with_project();
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t1", "beta");
  add_device("d1", "a");
  assert_int_equal(count_all(SRV_TAG), 1);
  store->ops->rollback(store);
  assert_int_equal(count_all(SRV_TAG), 0);
  assert_int_equal(count_all(SRV_DEVICE), 0);
  end();
}

TEST(an_inner_rollback_undoes_the_inner_part_only) {
  begin_with_project();
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t1", "beta");
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t2", "lab");
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t3", "deep");
  assert_int_equal(store->ops->commit(store), SRV_OK);
  store->ops->rollback(store);
  add_tag("t4", "after");
  assert_int_equal(store->ops->commit(store), SRV_OK);
  end();
  store = open_store();
  assert_int_equal(count_all(SRV_TAG), 2);
  end();
}

TEST(an_outer_rollback_undoes_committed_inner_parts) {
  begin_with_project();
  assert_int_equal(store->ops->begin(store), SRV_OK);
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t1", "beta");
  assert_int_equal(store->ops->commit(store), SRV_OK);
  store->ops->rollback(store);
  assert_int_equal(count_all(SRV_TAG), 0);
  end();
}

TEST(a_failed_write_inside_a_transaction_leaves_the_rest_of_it) {
  begin_with_project();
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t1", "beta");
  struct srv_tag twin = tag_of("t2", "beta");
  assert_int_equal(store->ops->insert(store, SRV_TAG, &twin), SRV_ERR_EXISTS);
  add_tag("t3", "lab");
  assert_int_equal(store->ops->commit(store), SRV_OK);
  assert_int_equal(count_all(SRV_TAG), 2);
  end();
}

/* --- reading many ---------------------------------------------------------------- */

struct compared {
  size_t count;
  struct srv_device row[300];
};

static void keep_device(void *context, const void *row) {
  struct compared *compared = context;
  compared->row[compared->count++] = *(const struct srv_device *)row;
}

TEST(lists_of_many_rows_are_those_of_each_row) {
  static struct compared compared;
  begin_with_project();
  for (int i = 0; i < 8; i++) {
    char id[16];
    snprintf(id, sizeof(id), "t%d", i);
    add_tag(id, id);
  }
  assert_int_equal(store->ops->begin(store), SRV_OK);
  for (int i = 0; i < 250; i++) {
    char id[16];
    snprintf(id, sizeof(id), "d%03d", i);
    struct srv_device device = device_of(id, id);
    device.tag_count = (size_t)i % 5;
    for (size_t k = 0; k < device.tag_count; k++) { /* in no order of their names */
      snprintf(device.tag_id[k], sizeof(device.tag_id[k]), "t%d", (i + 7 * (int)k) % 8);
    }
    device.hardware_id_count = i % 3 == 0 ? 1 : 0;
    strcpy(device.hardware_id[0], i % 3 == 0 ? id : "");
    assert_int_equal(store->ops->insert(store, SRV_DEVICE, &device), SRV_OK);
  }
  assert_int_equal(store->ops->commit(store), SRV_OK);
  static const uint64_t limits[] = {0, 1, 3, 20, 100, 101, 249};
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    struct srv_query query = {.limit = limits[i], .offset = i, .newest_first = i % 2 == 1};
    compared.count = 0;
    assert_int_equal(store->ops->list(store, SRV_DEVICE, &query, keep_device, &compared, NULL),
                     SRV_OK);
    assert_int_equal(compared.count, limits[i] == 0 ? 250 - i : limits[i] > 244 ? 244 : limits[i]);
    for (size_t k = 0; k < compared.count; k++) {
      struct srv_device one;
      struct srv_query by_id = {0};
      srv_query_text(&by_id, "id", SRV_EQUALS, compared.row[k].id);
      assert_int_equal(store->ops->get(store, SRV_DEVICE, &by_id, &one), SRV_OK);
      assert_memory_equal(&one, &compared.row[k], sizeof(one));
    }
  }
  end();
}

TEST(a_constant_is_compared_as_any_number_is) {
  uint64_t count;
  begin_with_project();
  add_device("d", "d");
  for (uint8_t reason = 0; reason < 5; reason++) {
    struct srv_ota_event event = {.project_id = PROJECT, .device_id = "d", .reason = reason};
    assert_int_equal(store->ops->insert(store, SRV_OTA_EVENT, &event), SRV_OK);
  }
  static const struct {
    enum srv_match match;
    uint64_t count;
  } cases[] = {{SRV_AT_LEAST, 3}, {SRV_AT_MOST, 3}, {SRV_EQUALS, 1}};
  for (size_t i = 0; i < 3; i++) {
    struct srv_query query = {.unordered = true};
    srv_query_text(&query, "project_id", SRV_EQUALS, PROJECT);
    srv_query_constant(&query, "reason", cases[i].match, 2);
    assert_int_equal(store->ops->list(store, SRV_OTA_EVENT, &query, NULL, NULL, &count), SRV_OK);
    assert_int_equal(count, cases[i].count);
  }
  end();
}

static uint64_t count_tags(struct srv_store *in) {
  struct srv_query query = {0};
  uint64_t count;
  assert_int_equal(in->ops->list(in, SRV_TAG, &query, NULL, NULL, &count), SRV_OK);
  return count;
}

TEST(what_is_read_between_begin_and_end_is_of_one_moment) {
  begin_with_project();
  struct srv_store *other = open_store(), *own = store;
  own->ops->begin_reading(own);
  own->ops->begin_reading(own); /* does not nest */
  assert_int_equal(count_tags(own), 0);
  store = other;
  add_tag("t", "t");
  store = own;
  assert_int_equal(count_tags(own), 0);
  own->ops->end_reading(own);
  own->ops->end_reading(own);
  assert_int_equal(count_tags(own), 1);
  other->ops->close(other);
  end();
}

TEST(the_first_write_ends_reading_and_is_kept) {
  begin_with_project();
  store->ops->begin_reading(store);
  assert_int_equal(count_tags(store), 0);
  add_tag("t", "t");
  assert_int_equal(count_tags(store), 1);
  struct srv_store *other = open_store();
  assert_int_equal(count_tags(other), 1);
  other->ops->close(other);
  struct srv_query query = {0};
  store->ops->begin_reading(store);
  srv_query_text(&query, "id", SRV_EQUALS, "t");
  assert_int_equal(store->ops->remove(store, SRV_TAG, &query), SRV_OK);
  store->ops->end_reading(store);
  assert_int_equal(count_tags(store), 0);
  end();
}

TEST(reading_begun_within_a_transaction_changes_nothing_of_it) {
  begin_with_project();
  assert_int_equal(store->ops->begin(store), SRV_OK);
  add_tag("t", "t");
  store->ops->begin_reading(store);
  assert_int_equal(count_tags(store), 1);
  store->ops->end_reading(store);
  store->ops->rollback(store);
  assert_int_equal(count_tags(store), 0);
  end();
}
