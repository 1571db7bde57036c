/* SPDX-License-Identifier: Apache-2.0 */
/* The updater against a real server over DTLS, in a world without accidents
 * but those that a test asks for. */
#include <string.h>

#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)

static struct device device;

static void begin(void) { device_begin(&device); }

static void come_up_with(const char *version) {
  begin();
  device_come_up(&device, version);
}

TEST(first_release_is_downloaded_and_runs) {
  come_up_with("1.0.0");
  assert_int_equal(device.start_status, GODWIT_ERR_NOT_FOUND);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_string_equal(world_server_reports(0),
                      "IDLE/READY v= t=\n"
                      "DOWNLOADING/READY v= t=1.0.0\n"
                      "DOWNLOADED/READY v= t=1.0.0\n"
                      "UPDATING/READY v= t=1.0.0\n"
                      "UPDATING/FIRMWARE_UPDATED_SUCCESSFULLY v=1.0.0 t=\n"
                      "IDLE/READY v=1.0.0 t=\n");
  size_t size;
  assert_non_null(world_medium_file("model_1.0.0", &size));
  assert_int_equal(size, DEVICE_SIZE_1);
}

TEST(new_release_replaces_the_running_model_without_reconnecting) {
  come_up_with("1.0.0");
  size_t before = world_server.report_count;
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  assert_string_equal(world_server_reports(before),
                      "DOWNLOADING/READY v=1.0.0 t=1.1.0\n"
                      "DOWNLOADED/READY v=1.0.0 t=1.1.0\n"
                      "UPDATING/READY v=1.0.0 t=1.1.0\n"
                      "UPDATING/FIRMWARE_UPDATED_SUCCESSFULLY v=1.1.0 t=\n"
                      "IDLE/READY v=1.1.0 t=\n");
  assert_int_equal(world_server.handshakes, 1);
  assert_int_equal(world_server.blocks, 20 + 22);
  /* The description and 22 blocks, several under way, at 20 ms a round trip:
   * nothing waits for a timer. */
  assert_in_range(device.last_swap.manifest_to_swap_ms, 4 * 20, 10 * 20);
}

TEST(rollback_swaps_to_the_stored_model_without_a_download) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  size_t blocks = world_server.blocks;
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.blocks, blocks);
  assert_true(device.last_swap.from_store);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(world_server.blocks, blocks);
}

TEST(no_release_leaves_the_running_model) {
  come_up_with("1.0.0");
  world_server_manifest(NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  world_server_restart();
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(stored_model_runs_before_any_network) {
  come_up_with("1.0.0");
  world_network.down = true;
  device_boot(&device);
  assert_int_equal(device.start_status, GODWIT_OK);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(restart_does_not_download_what_is_stored) {
  come_up_with("1.0.0");
  size_t blocks = world_server.blocks;
  device_boot(&device);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.blocks, blocks);
}

TEST(only_active_and_previous_models_stay_on_the_medium) {
  come_up_with("1.0.0");
  const char *versions[] = {"1.1.0", "1.2.0", "1.3.0", "1.4.0"};
  for (size_t i = 0; i < 4; i++) {
    device_publish(versions[i], DEVICE_SIZE_1 + i);
    world_server_release(versions[i], NULL, 0);
    device_run_until_version(&device, versions[i], MINUTE_MS);
  }
  assert_int_equal(world_medium_file_count(), 4); /* two models, two journals */
  assert_true(world_medium_has("model_1.3.0"));
  assert_true(world_medium_has("model_1.4.0"));
}

/* Bad models ------------------------------------------------------------------ */

TEST(model_that_the_application_refuses_is_fetched_once) {
  come_up_with("1.0.0");
  static uint8_t bad[5000] = "bad model";
  world_server_add("model@2.0.0", bad, sizeof bad);
  size_t before = world_server.report_count;
  size_t downloads = world_server.whole_downloads;
  world_server_release("2.0.0", NULL, 0);
  device_run_for(&device, 24 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.whole_downloads, downloads + 1);
  assert_string_equal(world_server_reports(before),
                      "DOWNLOADING/READY v=1.0.0 t=2.0.0\n"
                      "DOWNLOADED/READY v=1.0.0 t=2.0.0\n"
                      "UPDATING/READY v=1.0.0 t=2.0.0\n"
                      "IDLE/FIRMWARE_UPDATE_FAILED v=1.0.0 t=2.0.0\n");
  assert_true(device.last_failure.is_final);
  assert_false(world_medium_has("model_2.0.0"));
}

TEST(refusal_is_remembered_over_a_restart) {
  come_up_with("1.0.0");
  static uint8_t bad[5000] = "bad model";
  world_server_add("model@2.0.0", bad, sizeof bad);
  world_server_release("2.0.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  size_t blocks = world_server.blocks;
  size_t before = world_server.report_count;
  device_boot(&device);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.blocks, blocks);
  assert_string_equal(world_server_reports(before),
                      "IDLE/READY v=1.0.0 t=\n"
                      "IDLE/FIRMWARE_UPDATE_FAILED v=1.0.0 t=2.0.0\n");
}

TEST(after_a_refusal_another_digest_is_taken) {
  come_up_with("1.0.0");
  static uint8_t bad[5000] = "bad model";
  world_server_add("model@1.1.0", bad, sizeof bad);
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device_publish("1.1.0", DEVICE_SIZE_2);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(digest_mismatch_is_reported_and_fetched_once) {
  come_up_with("1.0.0");
  uint8_t wrong[GW_DIGEST_SIZE] = {1, 2, 3};
  size_t before = world_server.report_count;
  size_t downloads = world_server.whole_downloads;
  world_server_release("1.1.0", wrong, 0);
  device_run_for(&device, 24 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.whole_downloads, downloads + 1);
  assert_string_equal(world_server_reports(before),
                      "DOWNLOADING/READY v=1.0.0 t=1.1.0\n"
                      "IDLE/INTEGRITY_CHECK_FAILURE v=1.0.0 t=1.1.0\n");
  assert_false(world_medium_has("model_1.1.0"));
}

TEST(candidate_that_needs_too_much_memory_is_reported_out_of_ram) {
  come_up_with("1.0.0");
  device.load_status = GODWIT_ERR_NO_MEMORY;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_OUT_OF_RAM);
}

TEST(model_larger_than_the_slot_is_not_downloaded) {
  come_up_with("1.0.0");
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, DEVICE_MODEL_MAX + 1);
  device_run_for(&device, HOUR_MS);
  assert_int_equal(world_server.blocks, blocks);
  assert_int_equal(device.last_failure.reason, GW_OTA_OUT_OF_RAM);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(version_that_is_no_safe_file_name_is_refused) {
  come_up_with("1.0.0");
  const char *names[] = {"../../etc", "a/b", ".hidden", "a b", "x\ny", "a_b"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t blocks = world_server.blocks;
    unsigned failures = device.events[GODWIT_EVENT_FAILED];
    world_server_release(names[i], NULL, 100);
    device_run_for(&device, HOUR_MS);
    assert_int_equal(world_server.blocks, blocks);
    assert_int_equal(device.events[GODWIT_EVENT_FAILED], failures + 1);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  }
  assert_int_equal(world_medium_file_count(), 3);
}

/* Bad servers ----------------------------------------------------------------- */

TEST(missing_artifact_is_asked_for_with_growing_pauses) {
  come_up_with("1.0.0");
  world_server.download_code = 132; /* 4.04 */
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 24 * HOUR_MS);
  unsigned tries = device.events[GODWIT_EVENT_FAILED];
  assert_in_range(world_server.blocks - blocks, tries, 8 * tries);
  assert_in_range(tries, 20, 60); /* 1, 2, 4 ... 60 minutes, then hourly, spread */
  assert_false(device.last_failure.is_final);
  assert_int_equal(device.last_failure.reason, GW_OTA_INVALID_URI);
  world_server.download_code = 0;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(server_error_during_download_resumes_where_it_was) {
  begin();
  world_server.download_code = 163; /* 5.03 */
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_for(&device, MINUTE_MS / 2);
  assert_int_equal(device.last_failure.reason, GW_OTA_AWAIT_RETRY);
  world_server.download_code = 0;
  device_run_until_version(&device, "1.0.0", HOUR_MS);
}

TEST(download_that_ends_early_is_no_model) {
  come_up_with("1.0.0");
  world_server.download_end = 5000;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 10 * MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_INTEGRITY_CHECK_FAILED);
  assert_in_range(device.events[GODWIT_EVENT_FAILED], 1, 6);
  world_server.download_end = 0;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(download_that_does_not_end_is_cut_at_the_promised_size) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 5000);
  device_run_for(&device, 10 * MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_INTEGRITY_CHECK_FAILED);
  assert_false(world_medium_has("model_1.1.0"));
}

TEST(garbage_for_a_manifest_changes_nothing) {
  come_up_with("1.0.0");
  const struct {
    const char *bytes;
    size_t size;
  } garbage[] = {{"\xf6", 1},
                 {"OK", 2},
                 {"\xff\xff\xff", 3},
                 {"\xa1\x03\xf6", 3},
                 {"\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf", 13},
                 {"{\"components\":[]}", 17}};
  for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
    world_server_manifest(garbage[i].bytes, garbage[i].size);
    device_run_for(&device, MINUTE_MS);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  }
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
}

TEST(server_that_vanishes_mid_download_and_returns_is_resumed_at_the_block) {
  come_up_with("1.0.0");
  size_t blocks = world_server.blocks;
  world_server.deaf_after_blocks = 10;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 3 * MINUTE_MS);
  assert_true(world_server.deaf);
  world_server_restart();
  world_server.deaf = false;
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  /* 22 blocks, and the one or few requests that were not answered */
  assert_in_range(world_server.blocks - blocks, 23, 30);
  assert_int_equal(device.last_start.bytes_done, 9 * 1024);
}

TEST(download_resumes_over_a_restart_of_the_device) {
  come_up_with("1.0.0");
  size_t blocks = world_server.blocks;
  world_server.deaf_after_blocks = 15;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS / 4);
  world_server.deaf = false;
  device_boot(&device);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  assert_int_equal(device.last_start.bytes_done, 14 * 1024); /* journalled with the confirmation */
  assert_in_range(world_server.blocks - blocks, 22, 15 + 16);
}

TEST(another_release_during_a_download_takes_over) {
  come_up_with("1.0.0");
  device_publish("1.2.0", 9000);
  world_server.deaf_after_blocks = 10;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS / 12);
  world_server.deaf = false;
  world_server_release("1.2.0", NULL, 0);
  device_run_until_version(&device, "1.2.0", HOUR_MS);
  device_assert_runs(&device, "1.2.0", 9000);
  assert_false(world_medium_has("model_1.1.0"));
  assert_int_equal(world_medium_file_count(), 4);
}

TEST(release_withdrawn_during_a_download_ends_it) {
  come_up_with("1.0.0");
  world_server.deaf_after_blocks = 10;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS / 12);
  world_server.deaf = false;
  size_t before = world_server.report_count;
  world_server_release("1.0.0", NULL, 0);
  device_run_until_idle(&device, HOUR_MS);
  device_run_for(&device, MINUTE_MS);
  size_t blocks = world_server.blocks;
  device_run_for(&device, HOUR_MS);
  assert_int_equal(world_server.blocks, blocks);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_non_null(strstr(world_server_reports(before), "IDLE/READY v=1.0.0"));
}

TEST(smaller_blocks_of_the_server_are_taken_and_resumed) {
  begin();
  world_server.szx_max = 4;
  world_server.deaf_after_blocks = 30;
  world_server_release("1.1.0", NULL, 0);
  device_boot(&device);
  device_run_for(&device, MINUTE_MS / 4);
  world_server.deaf = false;
  device_boot(&device);
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(smaller_blocks_are_resumed_over_a_lost_link) {
  begin();
  world_server.szx_max = 4;
  world_server.deaf_after_blocks = 30; /* 29 of 256 bytes: in the middle of one of 1,024 */
  world_server_release("1.1.0", NULL, 0);
  device_boot(&device);
  device_run_for(&device, 3 * MINUTE_MS);
  assert_true(world_server.deaf);
  world_server_restart();
  world_server.deaf = false;
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  assert_int_equal(device.events[GODWIT_EVENT_FAILED], 0);
  assert_int_equal(world_server.whole_downloads, 1);
  assert_in_range(device.last_start.bytes_done, 1024, 7 * 1024);
  assert_int_equal(device.last_start.bytes_done % 1024, 0); /* a multiple of any block size */
}

/* Bad media ------------------------------------------------------------------- */

TEST(full_medium_keeps_the_old_model_and_says_so) {
  come_up_with("1.0.0");
  world_medium.capacity = DEVICE_SIZE_1 + 10000;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_NOT_ENOUGH_FLASH);
  assert_in_range(device.events[GODWIT_EVENT_FAILED], 1, 10);
  assert_true(world_medium_has("model_1.0.0"));
  world_medium.capacity = 0;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(previous_model_gives_way_when_space_is_short) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_publish("1.2.0", DEVICE_SIZE_2);
  world_medium.capacity = 2 * DEVICE_SIZE_2 + 6000; /* not for three models */
  world_server_release("1.2.0", NULL, 0);
  device_run_until_version(&device, "1.2.0", MINUTE_MS);
  assert_true(world_medium_has("model_1.1.0"));
  assert_false(world_medium_has("model_1.0.0"));
}

TEST(medium_that_fails_keeps_the_old_model_running) {
  come_up_with("1.0.0");
  world_medium.broken = true;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_IO);
  world_medium.broken = false;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(both_copies_of_the_journal_broken_means_a_fresh_start) {
  come_up_with("1.0.0");
  world_medium_put("model.journal0", "nonsense", 8);
  world_medium_put("model.journal1", "", 0);
  size_t blocks = world_server.blocks;
  device_boot(&device);
  assert_int_equal(device.start_status, GODWIT_ERR_NOT_FOUND);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  /* The file was still there, and its digest is the one that is wanted. */
  assert_int_equal(world_server.blocks, blocks);
}

TEST(one_broken_copy_of_the_journal_costs_nothing) {
  for (int copy = 0; copy < 2; copy++) {
    come_up_with("1.0.0");
    world_medium_put(copy ? "model.journal1" : "model.journal0", "nonsense", 8);
    device_boot(&device);
    /* The older copy may be one step behind: then the file is tried again. */
    device_run_until_version(&device, "1.0.0", MINUTE_MS);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
    assert_int_equal(world_server.whole_downloads, 1);
  }
}

TEST(tampered_model_is_not_run_and_comes_anew) {
  come_up_with("1.0.0");
  static uint8_t bytes[DEVICE_SIZE_1];
  memcpy(bytes, device_model_bytes("1.0.0", DEVICE_SIZE_1), DEVICE_SIZE_1);
  bytes[777] ^= 1;
  world_medium_put("model_1.0.0", bytes, DEVICE_SIZE_1);
  device_boot(&device);
  assert_int_equal(device.start_status, GODWIT_ERR_NOT_FOUND);
  assert_string_equal(device.running, "");
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.whole_downloads, 2);
}

TEST(deleted_model_gives_way_to_the_previous_one) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  world_medium_put("model_1.1.0", NULL, 0);
  world_network.down = true;
  device_boot(&device);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  world_network.down = false;
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(rollback_to_a_tampered_model_downloads_it) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  world_medium_put("model_1.0.0", "short", 5);
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_false(device.last_swap.from_store);
}

TEST(file_tampered_while_it_is_downloaded_is_fetched_again) {
  come_up_with("1.0.0");
  world_server.deaf_after_blocks = 15;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS / 4);
  static uint8_t bytes[DEVICE_SIZE_2];
  size_t size;
  const uint8_t *file = world_medium_file("model_1.1.0", &size);
  assert_non_null(file);
  memcpy(bytes, file, size);
  bytes[100] ^= 0x80;
  world_medium_put("model_1.1.0", bytes, size);
  world_server.deaf = false;
  device_boot(&device); /* resumes: the digest fails: once more from the start */
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(same_version_with_other_bytes_does_not_overwrite_the_running_file) {
  come_up_with("1.0.0");
  world_server_add("model@1.0.0", device_model_bytes("other", 7000), 7000);
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(device.running_size, 7000);
  size_t size;
  assert_non_null(world_medium_file("model_1.0.0", &size));
  assert_int_equal(size, DEVICE_SIZE_1); /* still there: the way back */
  device_boot(&device);
  assert_int_equal(device.running_size, 7000);
}

TEST(model_that_takes_the_device_down_is_given_up_after_three_tries) {
  come_up_with("1.0.0");
  jmp_buf crash;
  world_medium.on_cut = &crash;
  world_server_release("1.1.0", NULL, 0);
  device.crash_in_load = true;
  static volatile int crashes; /* survives longjmp */
  crashes = 0;
  if (setjmp(crash) != 0) {
    crashes++;
    world_medium_power_on();
    device.crash_in_load = false; /* the stored model does not crash */
    device_boot(&device);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
    device.crash_in_load = true;
  }
  device_run_for(&device, HOUR_MS);
  assert_int_equal(crashes, GODWIT_STORE_ATTEMPTS_MAX);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_UPDATE_FAILED);
  assert_true(device.last_failure.is_final);
}

/* Test, confirm, revert ----------------------------------------------------- */

TEST(model_that_takes_the_device_down_in_use_is_reverted_after_three_starts) {
  come_up_with("1.0.0");
  device_run_for(&device, MINUTE_MS); /* long enough to be confirmed */
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  for (int start = 0; start < 3; start++) { /* it crashes within a second, each time */
    device_run_for(&device, 1000);
    device_boot(&device);
    device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  }
  device_run_for(&device, 1000);
  size_t before = world_server.report_count;
  device_boot(&device);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1); /* not fetched again either */
  assert_string_equal(world_server_reports(before),
                      "IDLE/READY v=1.0.0 t=\n"
                      "IDLE/FIRMWARE_UPDATE_FAILED v=1.0.0 t=1.1.0\n");
}

TEST(model_that_has_run_for_a_while_is_trusted_over_any_number_of_restarts) {
  come_up_with("1.0.0");
  device_run_for(&device, 11000);
  for (int start = 0; start < 10; start++) {
    device_boot(&device);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
    device_run_for(&device, 100);
  }
}

TEST(application_that_confirms_itself_decides_alone) {
  begin();
  device.updater_config.confirm_after_ms = UINT32_MAX;
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  assert_int_equal(godwit_updater_confirm(&device.updater), GODWIT_ERR_STATE);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_run_for(&device, HOUR_MS);
  assert_false(device.store.state.active.confirmed);
  assert_int_equal(godwit_updater_confirm(&device.updater), GODWIT_OK);
  assert_true(device.store.state.active.confirmed);
}

TEST(confirming_costs_one_write_of_the_journal) {
  come_up_with("1.0.0");
  uint32_t generation = device.store.state.generation;
  device_run_for(&device, HOUR_MS);
  assert_int_equal(device.store.state.generation, generation + 1);
  device_boot(&device);
  device_run_for(&device, HOUR_MS);
  assert_int_equal(device.store.state.generation, generation + 1);
}

/* One slot -------------------------------------------------------------------- */

TEST(one_slot_is_replaced_in_place) {
  begin();
  device.one_slot = true;
  device_come_up(&device, "1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(one_slot_gets_the_old_model_back_when_the_new_one_fails) {
  begin();
  device.one_slot = true;
  device_come_up(&device, "1.0.0");
  static uint8_t bad[5000] = "bad model";
  world_server_add("model@2.0.0", bad, sizeof bad);
  world_server_release("2.0.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_UPDATE_FAILED);
}
