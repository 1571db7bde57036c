/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_device_ref ref;

static void begin(void) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  ref = ref_of(&device);
}

static void end(void) { core_fixture_end(&f); }

static int log_line(const char *module, const char *message, const char *fields) {
  return srv_core_device_log(f.core, &ref, SRV_DEVICE_WARN, module, message, fields);
}

static uint64_t line_count(void) {
  struct srv_query query = {0};
  uint64_t total = 0;
  srv_query_text(&query, "device_id", SRV_EQUALS, ref.device_id);
  assert_ok(f.core, srv_core_list(f.core, SRV_DEVICE_LOG, &query, NULL, NULL, &total));
  return total;
}

static struct srv_device_log newest(void) {
  struct srv_device_log row;
  struct srv_query query = {.newest_first = true};
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_DEVICE_LOG, &query, &row), SRV_OK);
  return row;
}

TEST(a_line_is_kept_as_it_was_said) {
  begin();
  assert_ok(f.core, log_line("wifi", "lost\tlink", "{\"rssi\":-90}"));
  core_fixture_restart(&f);
  struct srv_device_log row = newest();
  assert_int_equal(row.level, SRV_DEVICE_WARN);
  assert_string_equal(row.module, "wifi");
  assert_string_equal(row.message, "lost\tlink");
  assert_string_equal(row.fields, "{\"rssi\":-90}");
  assert_true(row.time_us == f.now_us);
  end();
}

TEST(fields_that_are_no_object_are_refused_and_too_long_ones_left_out) {
  begin();
  const char *const bad[] = {"[]", "1", "{", "{}x"};
  for (size_t i = 0; i < 4; i++) assert_int_equal(log_line("m", "t", bad[i]), SRV_ERR_INVALID);
  assert_int_equal(line_count(), 0);
  char fields[SRV_LOG_FIELDS_MAX + 3];
  memset(fields, ' ', sizeof(fields));
  fields[0] = '{';
  fields[SRV_LOG_FIELDS_MAX] = '}';
  fields[SRV_LOG_FIELDS_MAX + 1] = 0;
  assert_ok(f.core, log_line("m", "t", fields));
  assert_string_equal(newest().fields, "");
  end();
}

TEST(long_texts_are_cut_and_never_inside_a_character) {
  begin();
  char text[3000] = "x";
  for (size_t i = 1; i + 2 < sizeof(text); i += 2) memcpy(text + i, "\xc3\xa9", 2);
  text[2999] = 0;
  assert_ok(f.core, log_line(text, text, ""));
  struct srv_device_log row = newest();
  assert_int_equal(strlen(row.module), SRV_LOG_MODULE_MAX - 1);
  assert_int_equal(strlen(row.message), SRV_LOG_MESSAGE_MAX);
  assert_memory_equal(row.message, text, SRV_LOG_MESSAGE_MAX);
  assert_ok(f.core, log_line("", "bad \xff byte", ""));
  assert_string_equal(newest().message, "bad ? byte");
  end();
}

TEST(the_history_is_bounded_and_keeps_the_newest_over_a_restart_too) {
  begin();
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_device_ref mine = ref;
  ref = ref_of(&other);
  assert_ok(f.core, log_line("m", "another's", ""));
  ref = mine;
  srv_core_batch_begin(f.core);
  for (unsigned i = 0; i < SRV_LOG_LINES_PER_DEVICE * 3; i++) {
    char message[16];
    snprintf(message, sizeof(message), "%u", i);
    assert_ok(f.core, log_line("m", message, ""));
    if (i == SRV_LOG_LINES_PER_DEVICE) {
      assert_ok(f.core, srv_core_batch_commit(f.core));
      core_fixture_restart(&f);
      srv_core_batch_begin(f.core);
    }
  }
  assert_ok(f.core, srv_core_batch_commit(f.core));
  assert_true(line_count() >= SRV_LOG_LINES_PER_DEVICE);
  assert_true(line_count() <= SRV_LOG_LINES_PER_DEVICE * 5 / 4);
  assert_string_equal(newest().message, "2999");
  ref = ref_of(&other);
  assert_int_equal(line_count(), 1);
  end();
}

TEST(a_line_of_a_deleted_device_is_not_found_and_its_lines_go_with_it) {
  begin();
  assert_ok(f.core, log_line("m", "t", ""));
  assert_ok(f.core, srv_core_delete_device(f.core, P, ref.device_id));
  assert_int_equal(line_count(), 0);
  assert_int_equal(log_line("m", "t", ""), SRV_ERR_NOT_FOUND);
  end();
}
