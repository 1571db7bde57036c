/* SPDX-License-Identifier: Apache-2.0 */
/* The example program, run against the real gateway. */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/platform/clock.h"
#include "sdk/platform/datagram.h"
#include "tests/support/test.h"
#include "tests/unit/sdk/gateway_process.h"

static pid_t start_example(uint16_t port, const char *key, const char *folder) {
  char address[32];
  snprintf(address, sizeof address, "127.0.0.1:%u", port);
  pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    alarm(100);
    execl(CLASSIC_OTA, CLASSIC_OTA, address, "d1@p", key, folder, (char *)NULL);
    _exit(1);
  }
  return process;
}

static void end_example(pid_t process) {
  kill(process, SIGKILL);
  waitpid(process, NULL, 0);
}

static void wait_for_file(const char *path) {
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  struct stat status;
  while (stat(path, &status) != 0) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_platform_datagram_wait(-1, 20);
  }
}

TEST(classic_example_downloads_and_checks_the_model) {
  uint16_t port = gateway_start(0);
  char path[300];
  snprintf(path, sizeof path, "%s/model_1.0.0", test_temporary_folder());
  pid_t example = start_example(port, "secret-1", test_temporary_folder());
  wait_for_file(path);
  size_t size;
  uint8_t *data = test_read_file(path, &size);
  end_example(example);
  assert_int_equal(size, GATEWAY_MODEL_BYTES);
  assert_memory_equal(data, gateway_model(), size);
  free(data);
}

TEST(classic_example_with_a_wrong_key_writes_nothing_and_goes_on_trying) {
  uint16_t port = gateway_start(0);
  char path[300];
  struct stat status;
  snprintf(path, sizeof path, "%s/model.part", test_temporary_folder());
  pid_t example = start_example(port, "secret-2", test_temporary_folder());
  godwit_platform_datagram_wait(-1, 500);
  assert_int_equal(waitpid(example, NULL, WNOHANG), 0);
  assert_int_not_equal(stat(path, &status), 0);
  end_example(example);
}
