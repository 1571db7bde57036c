/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

static uint64_t count_of(const struct srv_device_filter *filter) {
  char ids[100][SRV_ID_LENGTH + 1];
  size_t count;
  uint64_t total;
  assert_ok(f.core, srv_core_select_devices(f.core, P, filter, 0, 100, ids, &count, &total));
  assert_int_equal(count, total);
  return total;
}

TEST(a_page_beyond_the_end_is_empty_and_knows_the_total) {
  core_fixture_begin(&f);
  make_device(&f, "a", NULL, NULL);
  char ids[10][SRV_ID_LENGTH + 1];
  for (int order = SRV_BY_ID; order <= SRV_BY_CREATED; order++) {
    struct srv_device_filter filter = {.order = (enum srv_device_order)order};
    size_t count;
    uint64_t total;
    assert_ok(f.core,
              srv_core_select_devices(f.core, P, &filter, UINT64_MAX / 2, 10, ids, &count, &total));
    assert_int_equal(count, 0);
    assert_int_equal(total, 1);
  }
  core_fixture_end(&f);
}

TEST(ids_and_names_are_met_exactly) {
  core_fixture_begin(&f);
  struct srv_device a = make_device(&f, "kitchen", NULL, NULL);
  struct srv_device b = make_device(&f, "kitchen 2", NULL, NULL);
  char ids[128];
  assert_int_equal(count_of(&(struct srv_device_filter){.name = "kitchen"}), 1);
  assert_int_equal(count_of(&(struct srv_device_filter){.name = "Kitchen"}), 0);
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "KITCHEN"}), 2);
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "%"}), 0);
  snprintf(ids, sizeof(ids), "%s,%s,nobody", a.id, b.id);
  assert_int_equal(count_of(&(struct srv_device_filter){.ids = ids}), 2);
  a.id[SRV_ID_LENGTH - 1] = 0; /* a part of an id is none */
  assert_int_equal(count_of(&(struct srv_device_filter){.ids = a.id}), 0);
  core_fixture_end(&f);
}

TEST(a_tag_filter_wants_all_of_its_tags) {
  core_fixture_begin(&f);
  struct srv_tag one = make_tag(&f, "one"), two = make_tag(&f, "two");
  struct srv_device both = make_device(&f, "both", NULL, one.id);
  make_device(&f, "first", NULL, one.id);
  strcpy(both.tag_id[both.tag_count++], two.id);
  assert_ok(f.core, srv_core_update_device(f.core, &both));
  char tags[64];
  snprintf(tags, sizeof(tags), "%s,%s", one.id, two.id);
  assert_int_equal(count_of(&(struct srv_device_filter){.tags = one.id}), 2);
  assert_int_equal(count_of(&(struct srv_device_filter){.tags = tags}), 1);
  assert_int_equal(count_of(&(struct srv_device_filter){.tags = ""}), 2);
  core_fixture_end(&f);
}

TEST(a_renamed_device_is_found_by_its_new_name_at_once) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "before", NULL, NULL);
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "before"}), 1);
  strcpy(device.name, "after");
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "before"}), 0);
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "after"}), 1);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  assert_int_equal(count_of(&(struct srv_device_filter){.term = "after"}), 0);
  core_fixture_end(&f);
}

TEST(rows_and_states_of_many_are_those_of_each) {
  core_fixture_begin(&f);
  char ids[60][SRV_ID_LENGTH + 1];
  static struct srv_device rows[60];
  static struct srv_device_state states[60];
  struct srv_tag tag = make_tag(&f, "tag"), other = make_tag(&f, "other");
  for (size_t i = 0; i < 60; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%zu", i);
    struct srv_device device = make_device(&f, name, NULL, i % 2 == 0 ? tag.id : NULL);
    if (i % 3 == 0) strcpy(device.tag_id[device.tag_count++], other.id);
    if (i % 5 == 0) strcpy(device.hardware_id[device.hardware_id_count++], name);
    assert_ok(f.core, srv_core_update_device(f.core, &device));
    strcpy(ids[59 - i], device.id); /* another order than the store's */
    struct srv_device_ref ref = ref_of(&device);
    struct gw_report report = {.package = "model", .version = "1.0.0"};
    if (i % 4 == 0) srv_core_device_online(f.core, &ref);
    if (i % 7 == 0) assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  }
  assert_ok(f.core, srv_core_delete_device(f.core, P, ids[30]));
  assert_ok(f.core, srv_core_get_devices(f.core, P, ids, 60, rows));
  assert_ok(f.core, srv_core_device_states(f.core, ids, 60, states));
  for (size_t i = 0; i < 60; i++) {
    struct srv_device row;
    struct srv_device_state one;
    if (i == 30) {
      assert_string_equal(rows[i].id, "");
      continue;
    }
    assert_ok(f.core, srv_core_find(f.core, SRV_DEVICE, P, ids[i], &row));
    assert_memory_equal(&rows[i], &row, sizeof(row));
    assert_ok(f.core, srv_core_device_state(f.core, ids[i], &one));
    assert_int_equal(states[i].online, one.online);
    assert_int_equal(states[i].last_seen_online_us, one.last_seen_online_us);
    assert_int_equal(states[i].status_count, one.status_count);
    if (one.status_count > 0) {
      assert_string_equal(states[i].status[0].version, one.status[0].version);
    }
  }
  core_fixture_end(&f);
}

struct versions {
  char text[256];
};

static void write_version(void *context, const struct srv_fleet_version *version) {
  struct versions *versions = context;
  size_t used = strlen(versions->text);
  snprintf(versions->text + used, sizeof(versions->text) - used, "%s@%s %d;", version->package,
           version->version, (int)version->count);
}

TEST(versions_are_listed_by_package_and_newest_first) {
  core_fixture_begin(&f);
  static const char *const versions[] = {"1.9.0", "1.10.0", "rubbish", "1.10.0-beta"};
  struct versions seen = {""};
  for (size_t i = 0; i < 4; i++) {
    char name[8];
    snprintf(name, sizeof(name), "d%zu", i);
    struct srv_device device = make_device(&f, name, NULL, NULL);
    struct srv_device_ref ref = ref_of(&device);
    struct gw_report report = {.package = "model"};
    strcpy(report.version, versions[i]);
    assert_ok(f.core, srv_core_report(f.core, &ref, &report));
    strcpy(report.package, "main");
    strcpy(report.version, "");
    strcpy(report.target, "2.0.0"); /* nothing runs yet */
    assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  }
  assert_ok(f.core, srv_core_fleet_versions(f.core, P, write_version, &seen));
  assert_string_equal(seen.text,
                      "model@1.10.0 1;model@1.10.0-beta 1;model@1.9.0 1;model@rubbish 1;");
  core_fixture_end(&f);
}
