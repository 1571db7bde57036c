/* SPDX-License-Identifier: Apache-2.0 */
/* What users of other update systems suffer from, and must not here: one test
 * each, named after the complaint. */
#include <string.h>

#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/cbor.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)
#define SIZE_1 20480u
#define SIZE_2 30000u
#define BLOCKS_2 30u
#define WINDOW 16u

static struct device device;

static void begin(void) {
  world_reset(test_random());
  device_prepare(&device);
  device_publish("1.0.0", SIZE_1);
  device_publish("1.1.0", SIZE_2);
}

static void come_up(void) {
  begin();
  device_come_up(&device, "1.0.0");
  device_run_for(&device, MINUTE_MS);
}

/* "An update that failed was downloaded again and again: 10 MB an hour." */
TEST(update_that_fails_for_ever_stays_within_its_budget_of_data) {
  const uint32_t budget = 65536; /* an hour */
  struct {
    size_t end;
    uint8_t code;
  } failures[] = {{29999, 0}, {1, 0}, {0, 132}, {0, 163}};
  for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
    begin();
    device.updater_config.retry_bytes_hour = budget;
    device.client_config.keepalive_ms = HOUR_MS;
    device.updater_config.retry_min_ms = 1000; /* as impatient as one can be */
    device.updater_config.retry_max_ms = 1000;
    world_server_release("1.0.0", NULL, 0);
    device_boot(&device);
    device_run_until_version(&device, "1.0.0", MINUTE_MS);
    world_server.download_end = failures[i].end;
    world_server.download_code = failures[i].code;
    uint64_t before = device_bytes_on_the_air(&device), fetched = world_server.bytes_sent;
    world_server_release("1.1.0", NULL, 0);
    for (int minute = 0; minute < 24 * 60; minute++) {
      device_run_for(&device, MINUTE_MS);
      world_server.report_count = 0;
    }
    device_assert_runs(&device, "1.0.0", SIZE_1);
    assert_true(device.events[GODWIT_EVENT_FAILED] > 3);
    assert_true(world_server.bytes_sent - fetched <= 24 * budget + budget + SIZE_2);
    printf("a day of failures, %u of them: %llu bytes on the air\n",
           device.events[GODWIT_EVENT_FAILED],
           (unsigned long long)(device_bytes_on_the_air(&device) - before));
    /* with everything else that a session costs */
    assert_true(device_bytes_on_the_air(&device) - before <= 24 * budget * 3 / 2);
  }
}

/* The same by a server that cannot make up its mind. */
TEST(release_that_changes_every_minute_stays_within_the_budget_too) {
  const uint32_t budget = 65536;
  begin();
  device_publish("1.2.0", SIZE_2);
  device.updater_config.retry_bytes_hour = budget;
  device_come_up(&device, "1.0.0");
  world_network.travel_ms = 400;
  uint64_t fetched = world_server.bytes_sent;
  for (int i = 0; i < 600; i++) { /* taken away before it can be whole */
    world_server_release(i % 2 ? "1.1.0" : "1.2.0", NULL, 0);
    device_run_for(&device, 4000);
    world_server_release("1.0.0", NULL, 0);
    device_run_for(&device, MINUTE_MS / 2);
    world_server.report_count = 0;
  }
  device_assert_runs(&device, "1.0.0", SIZE_1);
  assert_true(world_server.bytes_sent - fetched > budget);
  assert_true(world_server.bytes_sent - fetched <= 7 * budget + SIZE_2); /* in six hours */
}

/* "A lost link starts the download from block 0." */
TEST(lost_link_costs_a_window_of_blocks_at_most) {
  for (size_t cut = 2; cut < BLOCKS_2; cut += 3) {
    come_up();
    size_t before = world_server.blocks;
    world_server.deaf_after_blocks = cut;
    world_server_release("1.1.0", NULL, 0);
    device_run_for(&device, 3 * MINUTE_MS);
    assert_true(world_server.deaf);
    world_server_restart();
    world_server.deaf = false;
    device_run_until_version(&device, "1.1.0", HOUR_MS);
    device_assert_runs(&device, "1.1.0", SIZE_2);
    assert_true(world_server.blocks - before <= BLOCKS_2 + 2 * WINDOW);
    assert_true(cut < WINDOW || device.last_start.bytes_done > 0);
  }
}

/* "A duplicate block aborted the update." */
TEST(every_datagram_twice_changes_nothing) {
  begin();
  world_network.duplicate_percent = 100;
  world_network.reorder_percent = 50;
  world_server_release("1.1.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.1.0", 5 * MINUTE_MS);
  device_assert_runs(&device, "1.1.0", SIZE_2);
  assert_int_equal(device.events[GODWIT_EVENT_FAILED], 0);
}

/* "A request failed silently, and the download hung for ever." */
TEST(request_that_is_never_answered_does_not_hang_the_download) {
  const char *paths[] = {".u/c/model@1.1.0", ".gw/a/model@1.1.0", ".u/desired"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    come_up();
    world_server.deaf_to = paths[i];
    world_server_release("1.1.0", NULL, 0);
    device_run_for(&device, HOUR_MS);
    world_server.deaf_to = NULL;
    device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
  }
}

/* "The manifest was larger than a block, and was cut." */
TEST(manifest_of_many_packages_and_several_blocks_is_read) {
  static uint8_t manifest[4096];
  static uint8_t plain[GW_MANIFEST_SIZE_MAX];
  struct gw_cbor_writer writer;
  come_up();
  world_server_release("1.1.0", NULL, 0); /* for its component's bytes */
  size_t size = world_server_current_manifest(plain, sizeof plain);
  struct gw_manifest one;
  assert_int_equal(gw_manifest_parse(plain, size, &one), GW_OK);
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
  gw_cbor_writer_init(&writer, manifest, sizeof manifest);
  gw_cbor_write_map(&writer, 3);
  gw_cbor_write_uint(&writer, 1);
  gw_cbor_write_uint(&writer, one.sequence_number + 1);
  gw_cbor_write_uint(&writer, 2);
  gw_cbor_write_text(&writer, "no hash is looked at");
  gw_cbor_write_uint(&writer, 3);
  gw_cbor_write_array(&writer, 21);
  for (int i = 0; i <= 20; i++) {
    char name[GW_PACKAGE_MAX + 1], digest[GW_DIGEST_HEX_SIZE + 1];
    snprintf(name, sizeof name, i == 15 ? "model" : "other%d", i);
    for (int k = 0; k < 32; k++) {
      snprintf(digest + 2 * (size_t)k, 3, "%02x", one.component[0].digest[k]);
    }
    gw_cbor_write_map(&writer, 6);
    gw_cbor_write_uint(&writer, 1);
    gw_cbor_write_text(&writer, name);
    gw_cbor_write_uint(&writer, 2);
    gw_cbor_write_text(&writer, "1.1.0");
    gw_cbor_write_uint(&writer, 3);
    gw_cbor_write_text(&writer, digest);
    gw_cbor_write_uint(&writer, 4);
    gw_cbor_write_uint(&writer, SIZE_2);
    gw_cbor_write_uint(&writer, 5);
    gw_cbor_write_text(&writer, "/.u/c/model@1.1.0");
    gw_cbor_write_uint(&writer, 6);
    gw_cbor_write_text(&writer, "default");
  }
  int length = gw_cbor_writer_finish(&writer);
  assert_true(length > 2048);
  world_server_manifest(manifest, (size_t)length);
  device_run_until_version(&device, "1.1.0", 5 * MINUTE_MS);
  device_assert_runs(&device, "1.1.0", SIZE_2);
}

/* "It said INSTALLED when 6 % had arrived." */
TEST(nothing_is_installed_before_all_of_it_is_there_and_has_been_checked) {
  come_up();
  size_t before = world_server.report_count;
  world_server.download_end = SIZE_2 * 6 / 100;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 12 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", SIZE_1);
  assert_int_equal(device.events[GODWIT_EVENT_DOWNLOADED], 1); /* the first model's */
  for (size_t i = before; i < world_server.report_count; i++) {
    const struct gw_report *report = &world_server.report[i];
    assert_true(report->state == GW_OTA_IDLE || report->state == GW_OTA_DOWNLOADING);
    assert_int_not_equal(report->reason, GW_OTA_UPDATED_SUCCESSFULLY);
    assert_string_equal(report->version, "1.0.0");
  }
}

/* "Nobody can tell which model is running." */
TEST(what_runs_is_told_at_each_start_and_each_change) {
  come_up();
  for (int i = 0; i < 5; i++) {
    const char *version = i % 2 ? "1.0.0" : "1.1.0";
    world_server_release(version, NULL, 0);
    device_run_until_version(&device, version, MINUTE_MS);
    size_t told = world_server.report_count - 1;
    assert_string_equal(world_server.report[told].version, version);
    assert_int_equal(world_server.report[told].state, GW_OTA_IDLE);
    device_boot(&device);
    device_run_until_idle(&device, MINUTE_MS);
    assert_true(world_server.report_count > told + 1);
    assert_string_equal(world_server.report[told + 1].version, version);
    assert_string_equal(godwit_updater_version(&device.updater), version);
    assert_string_equal(device.running, version); /* and it is true */
  }
}

/* "All devices update in the same second." */
TEST(fleet_that_hears_of_a_release_at_once_does_not_fetch_it_at_once) {
  unsigned in_minute[10] = {0};
  for (int i = 0; i < 100; i++) {
    come_up();
    device_describe("1.1.0", &(struct gw_description){.policy = {.spread_s = 600}});
    uint64_t released_ms = world_now_ms();
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", 11 * MINUTE_MS);
    uint64_t minute = (world_now_ms() - released_ms) / MINUTE_MS;
    in_minute[minute < 9 ? minute : 9]++;
  }
  for (size_t i = 0; i < 10; i++) assert_in_range(in_minute[i], 1, 30);
}

/* "The swap cannot be put off." */
TEST(swap_is_put_off_for_as_long_as_the_application_likes) {
  come_up();
  device.no_swap = true;
  world_server_release("1.1.0", NULL, 0);
  for (int day = 0; day < 7; day++) {
    device_run_for(&device, 24 * HOUR_MS);
    device_assert_runs(&device, "1.0.0", SIZE_1);
  }
  device.no_swap = false;
  device_run_until_version(&device, "1.1.0", 2000);
}

/* "A file that exists but is incomplete was taken for whole." */
TEST(file_that_is_there_but_not_whole_is_not_taken) {
  static uint8_t bytes[SIZE_2];
  const size_t sizes[] = {0, 1, 1024, SIZE_2 / 2, SIZE_2 - 1, SIZE_2};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    come_up();
    memcpy(bytes, device_model_bytes("1.1.0", SIZE_2), SIZE_2);
    if (sizes[i] == SIZE_2) memset(bytes + SIZE_2 / 2, 0, SIZE_2 / 2); /* right in size only */
    world_medium_put("model_1.1.0", bytes, sizes[i]);
    size_t blocks = world_server.blocks;
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", 5 * MINUTE_MS);
    device_assert_runs(&device, "1.1.0", SIZE_2);
    assert_true(world_server.blocks - blocks >= BLOCKS_2);
    size_t size;
    assert_memory_equal(world_medium_file("model_1.1.0", &size),
                        device_model_bytes("1.1.0", SIZE_2), SIZE_2);
  }
}
