/* SPDX-License-Identifier: Apache-2.0 */
/* What watchers hear, and when. */
#include <stdlib.h>

#include "server/core/changes.h"
#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

/* Writes down what it hears: "create tag ID;". */
static struct heard {
  char text[4096];
  unsigned overflows, changes, events, logs;
  struct srv_ota_event event;
  struct srv_device_log log;
  struct srv_change change;
} heard;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
  size_t length = strlen(heard.text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(heard.text + length, sizeof(heard.text) - length, format, arguments);
  va_end(arguments);
}

static void on_change(void *context, const struct srv_change *change) {
  assert_ptr_equal(context, &heard);
  heard.changes++;
  heard.change = *change;
  note("%s %s;", srv_action_name(change->action), srv_kind_title(change->kind));
}

static void on_presence(void *context, const char *project_id, const char *device_id, bool online) {
  (void)context;
  (void)device_id;
  note("%s %s;", project_id, online ? "online" : "offline");
}

static void on_event(void *context, const struct srv_ota_event *event) {
  (void)context;
  heard.events++;
  heard.event = *event;
}

static void on_progress(void *context, const struct srv_device_ref *device,
                        const struct srv_progress *progress) {
  (void)context;
  assert_string_equal(device->project_id, P);
  note("%s@%s %u/%u;", progress->package, progress->version, (unsigned)progress->bytes,
       (unsigned)progress->size);
}

static void on_log(void *context, const struct srv_device_log *row) {
  (void)context;
  heard.logs++;
  heard.log = *row;
}

static void on_overflow(void *context) {
  (void)context;
  heard.overflows++;
}

static struct srv_core_watcher watcher = {.context = &heard,
                                          .changed = on_change,
                                          .presence = on_presence,
                                          .ota_event = on_event,
                                          .progress = on_progress,
                                          .device_log = on_log,
                                          .overflow = on_overflow};

static void begin(void) {
  core_fixture_begin(&f);
  memset(&heard, 0, sizeof(heard));
  srv_core_add_watcher(f.core, &watcher);
}

static void expect_heard(const char *text) {
  assert_string_equal(heard.text, text);
  heard.text[0] = 0;
}

TEST(watchers_hear_of_a_change_when_it_is_on_the_disk) {
  begin();
  struct srv_tag tag = make_tag(&f, "kitchen");
  expect_heard("create tag;");
  assert_string_equal(heard.change.project_id, P);
  assert_string_equal(heard.change.id, tag.id);
  assert_string_equal(heard.change.device_id, "");
  srv_core_batch_begin(f.core);
  strcpy(tag.name, "hall");
  assert_ok(f.core, srv_core_update_tag(f.core, &tag));
  expect_heard("");
  assert_ok(f.core, srv_core_batch_commit(f.core));
  expect_heard("update tag;");
  assert_ok(f.core, srv_core_delete_tag(f.core, P, tag.id));
  expect_heard("delete tag;");
  core_fixture_end(&f);
}

TEST(watchers_do_not_hear_of_what_was_undone) {
  begin();
  core_fixture_fill_disk(&f, true);
  struct srv_tag tag = {.project_id = P, .name = "kitchen"};
  assert_int_equal(srv_core_create_tag(f.core, &tag), SRV_ERR_NO_SPACE);
  expect_heard("");
  core_fixture_fill_disk(&f, false);
  make_tag(&f, "kitchen");
  expect_heard("create tag;");
  core_fixture_end(&f);
}

TEST(of_two_writes_in_a_batch_only_the_one_that_holds_is_told) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .identity = "same", .key_size = 1};
  strcpy(credential.device_id, device.id);
  assert_ok(f.core, srv_core_create_credential(f.core, &credential));
  heard.text[0] = 0;
  srv_core_batch_begin(f.core);
  make_tag(&f, "kitchen");
  struct srv_device other = {.project_id = P, .name = "b", .enabled = true};
  assert_int_equal(srv_core_provision(f.core, &other, &credential), SRV_ERR_EXISTS);
  assert_ok(f.core, srv_core_batch_commit(f.core));
  expect_heard("create tag;"); /* not the device */
  core_fixture_end(&f);
}

TEST(a_watcher_that_was_removed_hears_nothing_and_another_one_does) {
  static struct srv_core_watcher other;
  begin();
  other = watcher;
  srv_core_add_watcher(f.core, &other);
  make_tag(&f, "a");
  expect_heard("create tag;create tag;");
  srv_core_remove_watcher(f.core, &other);
  srv_core_remove_watcher(f.core, &other); /* once more does no harm */
  make_tag(&f, "b");
  expect_heard("create tag;");
  srv_core_remove_watcher(f.core, &watcher);
  make_tag(&f, "c");
  expect_heard("");
  core_fixture_end(&f);
}

TEST(an_ota_event_and_a_log_line_are_told_with_the_number_that_the_store_gave_them) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = {.state = GW_OTA_DOWNLOADING, .package = "model", .version = "1.0.0"};
  for (int64_t id = 1; id <= 2; id++) {
    assert_ok(f.core, srv_core_report(f.core, &ref, &report));
    assert_int_equal(heard.event.id, id);
    assert_ok(f.core, srv_core_device_log(f.core, &ref, SRV_DEVICE_WARN, "m", "hot", ""));
    assert_int_equal(heard.log.id, id);
  }
  assert_string_equal(heard.event.device_id, device.id);
  assert_string_equal(heard.log.message, "hot");
  core_fixture_end(&f);
}

TEST(more_than_is_kept_in_one_batch_is_told_as_an_overflow_and_nothing_else) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  char message[1001];
  memset(message, 'x', sizeof(message) - 1);
  message[sizeof(message) - 1] = 0;
  memset(&heard, 0, sizeof(heard));
  srv_core_batch_begin(f.core);
  for (int i = 0; i < 200; i++) {
    assert_ok(f.core, srv_core_device_log(f.core, &ref, SRV_DEVICE_INFO, "m", message, ""));
  }
  assert_ok(f.core, srv_core_batch_commit(f.core));
  assert_int_equal(heard.overflows, 1);
  assert_int_equal(heard.logs, 0);
  assert_ok(f.core, srv_core_device_log(f.core, &ref, SRV_DEVICE_INFO, "m", "short", ""));
  assert_int_equal(heard.overflows, 1);
  assert_int_equal(heard.logs, 1);
  core_fixture_end(&f);
}

TEST(who_comes_and_goes_is_told_once) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  heard.text[0] = 0;
  srv_core_device_offline(f.core, &ref);
  expect_heard("");
  srv_core_device_online(f.core, &ref);
  srv_core_device_online(f.core, &ref); /* a sign of life */
  expect_heard("default online;");
  srv_core_device_offline(f.core, &ref);
  srv_core_device_offline(f.core, &ref);
  expect_heard("default offline;");
  core_fixture_end(&f);
}

TEST(when_a_credential_was_last_used_is_no_news) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_credential credential = {.project_id = P, .identity = "a", .key_size = 1};
  strcpy(credential.device_id, device.id);
  assert_ok(f.core, srv_core_create_credential(f.core, &credential));
  srv_core_device_online(f.core, &ref);
  srv_core_credential_used(f.core, &ref, credential.id, false);
  heard.text[0] = 0;
  f.now_us += 6 * 1000000;
  srv_core_tick(f.core); /* writes it */
  expect_heard("");
  core_fixture_end(&f);
}

TEST(a_device_state_is_told_with_its_project_and_device) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  heard.text[0] = 0;
  assert_ok(f.core, srv_core_state_set(f.core, &ref, "on", "true", 4, false));
  expect_heard("update deviceState;");
  assert_string_equal(heard.change.project_id, P);
  assert_string_equal(heard.change.device_id, device.id);
  core_fixture_end(&f);
}

/* --- downloads ------------------------------------------------------------------- */

static struct srv_device_ref begin_online(void) {
  begin();
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  srv_core_device_online(f.core, &ref);
  heard.text[0] = 0;
  return ref;
}

TEST(progress_is_told_twice_a_second_and_at_the_end) {
  struct srv_device_ref ref = begin_online();
  for (uint32_t block = 1; block <= 20; block++) {
    srv_core_download_progress(f.core, &ref, "model", "1.1.0", block * 1000, 20000);
    f.now_us += 100 * 1000;
  }
  expect_heard(
      "model@1.1.0 1000/20000;model@1.1.0 6000/20000;model@1.1.0 11000/20000;"
      "model@1.1.0 16000/20000;model@1.1.0 20000/20000;");
  srv_core_download_progress(f.core, &ref, "model", "1.1.0", 20000, 20000);
  expect_heard(""); /* the last block once more */
  core_fixture_end(&f);
}

TEST(progress_does_not_go_back_for_a_lost_block_but_for_a_new_beginning) {
  struct srv_device_ref ref = begin_online();
  struct srv_progress progress;
  static const uint32_t blocks[] = {1024, 4096, 3072, 2048, 5120}; /* two were lost */
  uint32_t highest = 0;
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    if (blocks[i] > highest) highest = blocks[i];
    srv_core_download_progress(f.core, &ref, "model", "1.1.0", blocks[i], 20000);
    assert_true(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
    assert_int_equal(progress.bytes, highest);
  }
  f.now_us += 6 * 1000 * 1000;
  srv_core_download_progress(f.core, &ref, "model", "1.1.0", 1024, 20000); /* begun anew */
  assert_true(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
  assert_int_equal(progress.bytes, 1024);
  core_fixture_end(&f);
}

TEST(progress_is_known_until_the_device_reports_what_came_of_it) {
  struct srv_device_ref ref = begin_online();
  struct srv_progress progress;
  assert_false(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
  srv_core_download_progress(f.core, &ref, "model", "1.1.0", 1024, 20000);
  assert_true(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
  assert_int_equal(progress.bytes, 1024);
  assert_int_equal(progress.size, 20000);
  assert_string_equal(progress.version, "1.1.0");
  assert_false(srv_core_get_progress(f.core, ref.device_id, "main", &progress));
  struct gw_report report = {.state = GW_OTA_DOWNLOADING, .package = "model", .target = "1.1.0"};
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  assert_true(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
  report.state = GW_OTA_IDLE;
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  assert_false(srv_core_get_progress(f.core, ref.device_id, "model", &progress));
  core_fixture_end(&f);
}

TEST(progress_of_a_device_that_is_not_there_is_not_kept) {
  begin();
  struct srv_progress progress;
  struct srv_device_ref nobody = {.project_id = P, .device_id = "0123456789abcdef01234567"};
  srv_core_download_progress(f.core, &nobody, "model", "1.1.0", 1024, 20000);
  expect_heard("");
  assert_false(srv_core_get_progress(f.core, nobody.device_id, "model", &progress));
  core_fixture_end(&f);
}

/* --- what it costs ------------------------------------------------------------------- */

static const struct srv_store_ops *real_ops;
static unsigned reads;

static int get_counted(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                       void *row) {
  reads++;
  return real_ops->get(store, kind, query, row);
}

static int list_counted(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                        srv_row_visitor visit, void *context, uint64_t *total) {
  reads++;
  return real_ops->list(store, kind, query, visit, context, total);
}

static unsigned reads_of_device_writes(const struct srv_device_ref *ref) {
  struct gw_report report = {.state = GW_OTA_DOWNLOADING, .package = "model", .version = "1.0.0"};
  struct srv_capture_upload *upload;
  reads = 0;
  assert_ok(f.core, srv_core_report(f.core, ref, &report));
  assert_ok(f.core, srv_core_device_log(f.core, ref, SRV_DEVICE_INFO, "m", "text", ""));
  assert_ok(f.core, srv_core_capture_begin(f.core, ref, "audio", SRV_FORMAT_NONE, &upload));
  assert_ok(f.core, srv_core_capture_append(upload, "bytes", 5));
  assert_ok(f.core, srv_core_capture_finish(upload));
  return reads;
}

TEST(what_a_device_writes_costs_no_further_read_whoever_watches) {
  static struct srv_store_ops counted;
  core_fixture_begin(&f);
  memset(&heard, 0, sizeof(heard));
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  reads_of_device_writes(&ref); /* counted once for each device */
  real_ops = f.folder.store->ops;
  counted = *real_ops;
  counted.get = get_counted;
  counted.list = list_counted;
  f.folder.store->ops = &counted;
  unsigned alone = reads_of_device_writes(&ref);
  assert_true(alone > 0);
  srv_core_add_watcher(f.core, &watcher);
  assert_int_equal(reads_of_device_writes(&ref), alone);
  assert_int_equal(heard.changes, 1); /* the capture */
  assert_int_equal(heard.events, 1);
  assert_int_equal(heard.logs, 1);
  f.folder.store->ops = real_ops;
  core_fixture_end(&f);
}

/* --- stamps ---------------------------------------------------------------------------- */

TEST(a_row_has_another_stamp_when_people_changed_it_and_the_same_when_only_the_server_did) {
  begin();
  struct srv_tag tag = make_tag(&f, "kitchen");
  struct srv_device device = make_device(&f, "a", NULL, tag.id), changed = device;
  uint64_t stamp = srv_row_stamp(SRV_DEVICE, &device);
  changed.updated_us += 1;
  assert_true(srv_row_stamp(SRV_DEVICE, &changed) == stamp);
  changed.enabled = false;
  assert_true(srv_row_stamp(SRV_DEVICE, &changed) != stamp);
  changed = device;
  changed.tag_count = 0;
  assert_true(srv_row_stamp(SRV_DEVICE, &changed) != stamp);
  changed = device;
  strcpy(changed.name, "b");
  assert_true(srv_row_stamp(SRV_DEVICE, &changed) != stamp);
  struct srv_credential credential = {.identity = "a", .key_size = 3, .key = "abc"}, used;
  used = credential;
  used.last_used_us = 42;
  memcpy(used.key, "xyz", 3); /* a stamp would let it be guessed */
  assert_true(srv_row_stamp(SRV_CREDENTIAL, &used) == srv_row_stamp(SRV_CREDENTIAL, &credential));
  core_fixture_end(&f);
}
