/* SPDX-License-Identifier: Apache-2.0 */
/* What devices say of themselves, and the devices that the server runs itself. */
#include "server/core/profile.h"
#include "server/core/virtual_device.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_device_ref ref;
static struct gw_hello hello;

static void begin(void) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  ref = ref_of(&device);
  hello =
      (struct gw_hello){.board = "pi",
                        .sdk = "godwit/1",
                        .runtime = "wit/1",
                        .arena_bytes = 100,
                        .slot_bytes = 200,
                        .op_count = 3,
                        .op = {{.code = 3}, {.name = "MyOpEtc", .name_length = 4}, {.code = 999}}};
}

static void end(void) { core_fixture_end(&f); }

static struct srv_device_profile profile(void) {
  struct srv_device_profile row;
  assert_ok(f.core, srv_core_device_profile(f.core, ref.device_id, &row));
  return row;
}

TEST(what_a_device_says_is_kept_over_a_restart) {
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  core_fixture_restart(&f);
  struct srv_device_profile row = profile();
  assert_string_equal(row.board, "pi");
  assert_string_equal(row.sdk, "godwit/1");
  assert_string_equal(row.runtime, "wit/1");
  assert_string_equal(row.ops, "CONV_2D,MyOp,BUILTIN_999");
  assert_string_equal(row.project_id, P);
  assert_int_equal(row.arena_bytes, 100);
  assert_int_equal(row.slot_bytes, 200);
  assert_true(row.time_us == f.now_us);
  end();
}

TEST(who_said_nothing_has_no_profile) {
  struct srv_device_profile row;
  begin();
  assert_int_equal(srv_core_device_profile(f.core, ref.device_id, &row), SRV_ERR_NOT_FOUND);
  end();
}

TEST(the_newest_word_counts) {
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  f.now_us += 1000000;
  hello.op_count = 1;
  hello.board[0] = 0;
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  assert_string_equal(profile().ops, "CONV_2D");
  assert_string_equal(profile().board, "");
  assert_true(profile().time_us == f.now_us);
  end();
}

TEST(the_same_word_again_is_written_once_a_day) {
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  int64_t said_us = f.now_us;
  f.now_us += INT64_C(23) * 3600 * 1000000;
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  assert_true(profile().time_us == said_us);
  f.now_us += INT64_C(2) * 3600 * 1000000;
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  assert_true(profile().time_us == f.now_us);
  f.now_us -= INT64_C(90) * 3600 * 1000000; /* somebody set the clock back */
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  assert_true(profile().time_us == f.now_us);
  end();
}

TEST(too_many_names_of_ops_are_refused_and_the_word_before_stays) {
  char name[] = "abcdefghijklmnopqrstuvwxyz";
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  hello.op_count = GW_HELLO_OPS_MAX;
  for (size_t i = 0; i < GW_HELLO_OPS_MAX; i++) {
    hello.op[i] = (struct gw_hello_op){.name = name, .name_length = 26};
  }
  assert_int_equal(srv_core_device_hello(f.core, &ref, &hello), SRV_ERR_TOO_LARGE);
  assert_string_equal(profile().ops, "CONV_2D,MyOp,BUILTIN_999");
  hello.op_count = SRV_PROFILE_OPS_MAX / 27;
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  end();
}

TEST(an_op_is_found_by_its_whole_name) {
  struct srv_device_profile row = {.ops = "ADD,CONV_2D"};
  assert_true(srv_profile_has_op(row.ops, "ADD"));
  assert_true(srv_profile_has_op(row.ops, "CONV_2D"));
  assert_false(srv_profile_has_op(row.ops, "CONV"));
  assert_false(srv_profile_has_op(row.ops, "ADD,CONV_2D"));
  assert_false(srv_profile_has_op(row.ops, ""));
  row.ops[0] = 0;
  assert_false(srv_profile_has_op(row.ops, "ADD"));
  assert_false(srv_profile_has_op(row.ops, ""));
}

TEST(a_deleted_devices_profile_goes_with_it) {
  uint64_t count = 1;
  struct srv_query query = {0};
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  assert_ok(f.core, srv_core_delete_device(f.core, P, ref.device_id));
  assert_ok(f.core, srv_core_list(f.core, SRV_DEVICE_PROFILE, &query, NULL, NULL, &count));
  assert_int_equal(count, 0);
  end();
}

TEST(a_full_disk_keeps_the_word_before) {
  begin();
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
  core_fixture_fill_disk(&f, true);
  hello.arena_bytes++;
  assert_int_equal(srv_core_device_hello(f.core, &ref, &hello), SRV_ERR_NO_SPACE);
  core_fixture_fill_disk(&f, false);
  assert_int_equal(profile().arena_bytes, 100);
  end();
}

/* --- virtual devices ---------------------------------------------------------------- */

TEST(a_virtual_device_is_a_device_with_a_key_of_its_own) {
  struct srv_device device, found;
  struct srv_credential credential;
  struct srv_psk psk;
  begin();
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "", &device));
  assert_string_equal(device.name, "virtual-1");
  assert_true(device.enabled);
  assert_ok(f.core, srv_core_find_virtual_device(f.core, P, "virtual-1", &found));
  assert_string_equal(found.id, device.id);
  assert_ok(f.core, srv_core_virtual_device_credential(f.core, device.id, &credential));
  assert_ok(f.core, srv_core_find_psk(f.core, (const uint8_t *)credential.identity,
                                      strlen(credential.identity), &psk));
  assert_int_equal(psk.key_size, 32);
  assert_memory_equal(psk.key, credential.key, psk.key_size);
  end();
}

TEST(names_are_chosen_that_are_free_and_taken_ones_are_refused) {
  struct srv_device device;
  begin();
  make_device(&f, "virtual-1", NULL, NULL);
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "", &device));
  assert_string_equal(device.name, "virtual-2");
  assert_int_equal(srv_core_create_virtual_device(f.core, P, "d", &device), SRV_ERR_EXISTS);
  assert_int_equal(srv_core_create_virtual_device(f.core, P, "a/b", &device), SRV_ERR_INVALID);
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "kitchen", &device));
  end();
}

TEST(there_are_eight_at_most_and_a_deleted_one_makes_room) {
  struct srv_device device;
  uint64_t count = 0;
  struct srv_query query = {0};
  begin();
  for (unsigned i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "", &device));
  }
  assert_int_equal(srv_core_create_virtual_device(f.core, P, "", &device), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "delete one first"));
  assert_ok(f.core, srv_core_list(f.core, SRV_DEVICE, &query, NULL, NULL, &count));
  assert_int_equal(count, 1 + SRV_VIRTUAL_DEVICES_MAX);
  assert_ok(f.core, srv_core_delete_device(f.core, P, "virtual-3"));
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "", &device));
  assert_string_equal(device.name, "virtual-3");
  end();
}

TEST(another_device_is_no_virtual_one) {
  struct srv_device device;
  begin();
  assert_int_equal(srv_core_find_virtual_device(f.core, P, "d", &device), SRV_ERR_NOT_FOUND);
  assert_non_null(strstr(srv_core_error(f.core), "no virtual device"));
  assert_int_equal(srv_core_find_virtual_device(f.core, P, "nobody", &device), SRV_ERR_NOT_FOUND);
  end();
}

TEST(one_without_its_credential_says_what_to_do) {
  struct srv_device device;
  struct srv_credential credential;
  begin();
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "", &device));
  assert_ok(f.core, srv_core_virtual_device_credential(f.core, device.id, &credential));
  assert_ok(f.core, srv_core_delete_credential(f.core, P, device.id, credential.id));
  assert_int_equal(srv_core_virtual_device_credential(f.core, device.id, &credential),
                   SRV_ERR_NOT_FOUND);
  assert_non_null(strstr(srv_core_error(f.core), "make another"));
  end();
}

TEST(on_a_full_disk_nothing_of_it_is_made) {
  struct srv_device device;
  uint64_t count = 0;
  struct srv_query query = {0};
  begin();
  core_fixture_fill_disk(&f, true);
  assert_int_equal(srv_core_create_virtual_device(f.core, P, "", &device), SRV_ERR_NO_SPACE);
  core_fixture_fill_disk(&f, false);
  assert_ok(f.core, srv_core_list(f.core, SRV_DEVICE, &query, NULL, NULL, &count));
  assert_int_equal(count, 1);
  end();
}
