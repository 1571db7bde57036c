/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs the virtual devices: with little scripts in their place, and a clock
 * of the test's own. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/app/virtual.h"
#include "server/app/virtual_process.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_virtual *runner;
static struct srv_device device;
static char program[300];
static uint64_t clock_ms;

static uint64_t fake_clock(void) { return clock_ms; }

static void write_program(const char *script) {
  snprintf(program, sizeof(program), "%s/program", test_temporary_folder());
  unlink(program);
  FILE *file = fopen(program, "w");
  assert_non_null(file);
  fprintf(file, "#!/bin/sh\n%s\n", script);
  fclose(file);
  assert_int_equal(chmod(program, 0700), 0);
}

static void begin(const char *script) {
  char error[SRV_ERROR_MAX];
  core_fixture_begin(&f);
  clock_ms = 1000000;
  if (script != NULL) write_program(script);
  assert_ok(f.core, srv_core_create_virtual_device(f.core, P, "v", &device));
  struct srv_virtual_config config = {.core = f.core,
                                      .data_folder = test_temporary_folder(),
                                      .coap_port = 5684,
                                      .program = program,
                                      .now_ms = fake_clock};
  assert_int_equal(srv_virtual_create(&runner, &config, error), SRV_OK);
}

static void end(void) {
  srv_virtual_destroy(runner);
  core_fixture_end(&f);
}

static struct srv_rest_virtual_status status(void) {
  struct srv_rest_virtual_status out = {.running = false};
  struct srv_rest_virtual_devices rest = srv_virtual_for_rest(runner);
  rest.status(rest.context, device.id, &out);
  return out;
}

/* Looks again and again, by real time, while the test's stands still. */
static void look_until(bool running, unsigned restarts) {
  struct srv_rest_virtual_devices rest = srv_virtual_for_rest(runner);
  for (int turn = 0; turn < 3000; turn++) {
    rest.look_now(rest.context);
    if (status().running == running && status().restarts == restarts) return;
    poll(NULL, 0, 5);
  }
  fail_msg("running %d, restarts %u, %s", status().running, status().restarts, status().last_error);
}

TEST(it_gets_its_key_its_folder_and_where_to_go) {
  char path[400], text[1000] = "", wanted[1000];
  struct srv_credential credential;
  begin("{ echo \"$@\"; cat; } > \"$9\"; echo done >&2; exit 3");
  look_until(true, 0);
  look_until(false, 0);
  assert_non_null(strstr(status().last_error, "exit code 3: done"));
  snprintf(path, sizeof(path), "%s/virtual/%s", test_temporary_folder(), device.id);
  FILE *file = fopen(path, "r");
  if (file == NULL) fail_msg("%s: %s", path, strerror(errno));
  text[fread(text, 1, sizeof(text) - 1, file)] = 0;
  fclose(file);
  assert_ok(f.core, srv_core_virtual_device_credential(f.core, device.id, &credential));
  snprintf(wanted, sizeof(wanted),
           "virtual-device --host 127.0.0.1 --port 5684 --identity %s --store %s --parent %d\n%.*s",
           credential.identity, path, (int)getpid(), (int)credential.key_size,
           (const char *)credential.key);
  assert_string_equal(text, wanted);
  unlink(path);
  end();
}

TEST(one_that_ends_again_and_again_is_started_with_growing_pauses) {
  begin("exit 1");
  look_until(false, 0);
  look_until(false, 0);
  for (unsigned pause_ms = 1000, restarts = 1; restarts <= 8; restarts++) {
    while (status().last_error[0] == 0 || status().running) look_until(false, restarts - 1);
    clock_ms += pause_ms - 1;
    look_until(false, restarts - 1);
    clock_ms += 1;
    look_until(status().running, restarts);
    look_until(false, restarts);
    pause_ms = pause_ms * 2 > 60000 ? 60000 : pause_ms * 2;
  }
  end();
}

TEST(a_program_that_is_not_there_is_a_last_error_and_no_end_of_the_server) {
  snprintf(program, sizeof(program), "/nonexistent/godwit");
  begin(NULL);
  look_until(true, 0);
  look_until(false, 0);
  assert_non_null(strstr(status().last_error, "cannot run /nonexistent/godwit"));
  end();
}

TEST(disabled_it_is_asked_to_end_and_enabled_it_is_started_at_once) {
  begin("trap 'exit 0' TERM; while :; do sleep 0.01; done");
  look_until(true, 0);
  device.enabled = false;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  look_until(false, 0);
  assert_string_equal(status().last_error, "the device is disabled");
  device.enabled = true;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  look_until(true, 0);
  assert_string_equal(status().last_error, "");
  end();
}

TEST(one_that_does_not_end_when_asked_is_killed) {
  begin("trap '' TERM; echo ready >&2; while :; do sleep 0.01; done");
  look_until(true, 0);
  poll(NULL, 0, 100); /* for its trap; without it, it ends the sooner */
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  srv_virtual_for_rest(runner).look_now(runner);
  clock_ms += 2000;
  look_until(false, 0);
  end();
}

TEST(a_deleted_devices_folder_goes_and_so_does_one_that_was_left_behind) {
  char own[300], left[300], file[400];
  struct stat info;
  snprintf(left, sizeof(left), "%s/virtual/0123456789abcdef01234567", test_temporary_folder());
  begin("trap 'exit 0' TERM; mkdir \"$9\"; echo x > \"$9/model\"; while :; do sleep 0.01; done");
  assert_int_equal(mkdir(left, 0700), 0);
  snprintf(own, sizeof(own), "%s/virtual/%s", test_temporary_folder(), device.id);
  snprintf(file, sizeof(file), "%s/model", own);
  look_until(true, 0);
  assert_int_not_equal(stat(left, &info), 0);
  for (int i = 0; i < 3000 && (stat(file, &info) != 0 || info.st_size == 0); i++) poll(NULL, 0, 5);
  assert_int_equal(stat(file, &info), 0);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  for (int i = 0; i < 3000 && stat(own, &info) == 0; i++) {
    srv_virtual_for_rest(runner).look_now(runner);
    poll(NULL, 0, 5);
  }
  assert_int_not_equal(stat(own, &info), 0);
  end();
}

TEST(shouting_without_end_holds_nobody_up) {
  begin("while :; do echo shout shout shout shout shout shout shout >&2; done");
  look_until(true, 0);
  for (int i = 0; i < 20; i++) {
    srv_virtual_for_rest(runner).look_now(runner);
    poll(NULL, 0, 5);
  }
  assert_true(status().running);
  end();
}

TEST(its_signals_are_not_the_servers) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  signal(SIGPIPE, SIG_IGN);
  begin("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr '\\n' ' ' >&2; echo >&2; exit 1");
  look_until(true, 0);
  look_until(false, 0);
  if (strstr(status().last_error, "SigBlk:\t0000000000000000") == NULL &&
      strstr(status().last_error, "SigBlk:?0000000000000000") == NULL) {
    fail_msg("%s", status().last_error);
  }
  assert_non_null(strstr(status().last_error, "0000000000000000 SigIgn:?0000000000000000"));
  end();
}
