/* SPDX-License-Identifier: Apache-2.0 */
/* The duties of a port, as the POSIX port does them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "godwit/status.h"
#include "sdk/platform/clock.h"
#include "sdk/platform/datagram.h"
#include "sdk/platform/random.h"
#include "sdk/platform/storage.h"
#include "tests/support/test.h"

static const char *volume(void) {
  static char path[256];
  snprintf(path, sizeof path, "%s/sd", test_temporary_folder());
  assert_int_equal(godwit_platform_storage_mount(path), 0);
  return path;
}

TEST(clock_does_not_step_back) {
  uint64_t before = godwit_platform_now_ms();
  for (int i = 0; i < 1000; i++) {
    uint64_t now = godwit_platform_now_ms();
    assert_true(now >= before);
    before = now;
  }
}

TEST(random_bytes_differ) {
  uint8_t a[32] = {0}, b[32] = {0};
  assert_int_equal(godwit_platform_random(a, sizeof a), 0);
  assert_int_equal(godwit_platform_random(b, sizeof b), 0);
  assert_memory_not_equal(a, b, sizeof a);
}

TEST(storage_reads_what_was_written) {
  const char *v = volume();
  char data[16];
  assert_int_equal(godwit_platform_storage_size(v, "model_1"), GODWIT_ERR_NOT_FOUND);
  assert_int_equal(godwit_platform_storage_read(v, "model_1", 0, data, 4), GODWIT_ERR_NOT_FOUND);
  assert_int_equal(godwit_platform_storage_write(v, "model_1", 0, "abcdef", 6), 0);
  assert_int_equal(godwit_platform_storage_write(v, "model_1", 6, "gh", 2), 0);
  assert_int_equal(godwit_platform_storage_write(v, "model_1", 1, "BC", 2), 0);
  assert_int_equal(godwit_platform_storage_sync(v, "model_1"), 0);
  assert_int_equal(godwit_platform_storage_size(v, "model_1"), 8);
  assert_int_equal(godwit_platform_storage_read(v, "model_1", 0, data, sizeof data), 8);
  assert_memory_equal(data, "aBCdefgh", 8);
  assert_int_equal(godwit_platform_storage_read(v, "model_1", 6, data, sizeof data), 2);
  assert_int_equal(godwit_platform_storage_read(v, "model_1", 8, data, sizeof data), 0);
  assert_int_equal(godwit_platform_storage_read(v, "model_1", 80, data, sizeof data), 0);
}

TEST(storage_truncates_only_to_less) {
  const char *v = volume();
  assert_int_equal(godwit_platform_storage_write(v, "t", 0, "abcdef", 6), 0);
  assert_int_equal(godwit_platform_storage_truncate(v, "t", 9), 0);
  assert_int_equal(godwit_platform_storage_size(v, "t"), 6);
  assert_int_equal(godwit_platform_storage_truncate(v, "t", 2), 0);
  assert_int_equal(godwit_platform_storage_size(v, "t"), 2);
  assert_int_equal(godwit_platform_storage_truncate(v, "absent", 2), GODWIT_ERR_NOT_FOUND);
}

TEST(storage_removes_also_what_is_not_there) {
  const char *v = volume();
  assert_int_equal(godwit_platform_storage_write(v, "r", 0, "x", 1), 0);
  assert_int_equal(godwit_platform_storage_remove(v, "r"), 0);
  assert_int_equal(godwit_platform_storage_remove(v, "r"), 0);
  assert_int_equal(godwit_platform_storage_size(v, "r"), GODWIT_ERR_NOT_FOUND);
  assert_int_equal(godwit_platform_storage_sync(v, "r"), GODWIT_ERR_IO);
}

TEST(volume_that_cannot_be_made_is_an_error) {
  char path[300];
  snprintf(path, sizeof path, "%s/absent/deeper", test_temporary_folder());
  assert_int_equal(godwit_platform_storage_mount(path), GODWIT_ERR_IO);
  snprintf(path, sizeof path, "%s/file", test_temporary_folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
  assert_int_equal(godwit_platform_storage_mount(path), GODWIT_ERR_IO);
  assert_int_equal(godwit_platform_storage_size(path, "x"), GODWIT_ERR_IO);
  assert_true(godwit_platform_storage_free(test_temporary_folder()) > 0);
}

TEST(full_device_is_no_space) {
  if (access("/dev/full", W_OK) != 0) test_skip("no /dev/full");
  assert_int_equal(godwit_platform_storage_write("/dev", "full", 0, "x", 1), GODWIT_ERR_NO_SPACE);
}

static int bind_loopback(uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int peer = socket(AF_INET, SOCK_DGRAM, 0);
  assert_true(peer >= 0);
  assert_int_equal(bind(peer, (struct sockaddr *)&address, size), 0);
  assert_int_equal(getsockname(peer, (struct sockaddr *)&address, &size), 0);
  *port = ntohs(address.sin_port);
  return peer;
}

static int open_until_done(const char *host, uint16_t port) {
  int handle;
  while ((handle = godwit_platform_datagram_open(host, port)) == GODWIT_DATAGRAM_PENDING) {
    godwit_platform_datagram_wait(-1, 5);
  }
  return handle;
}

static void assert_talks(const char *host) {
  uint16_t port;
  int peer = bind_loopback(&port);
  int handle = open_until_done(host, port);
  assert_true(handle >= 0);
  char data[16];
  assert_int_equal(godwit_platform_datagram_receive(handle, data, sizeof data), 0);
  assert_int_equal(godwit_platform_datagram_send(handle, "ping", 4), 0);
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  assert_int_equal(recvfrom(peer, data, sizeof data, 0, (struct sockaddr *)&from, &size), 4);
  assert_int_equal(sendto(peer, "pong!", 5, 0, (struct sockaddr *)&from, size), 5);
  godwit_platform_datagram_wait(handle, 5000);
  assert_int_equal(godwit_platform_datagram_receive(handle, data, sizeof data), 5);
  assert_memory_equal(data, "pong!", 5);
  godwit_platform_datagram_close(handle);
  close(peer);
}

TEST(datagrams_go_to_an_address_and_come_back) { assert_talks("127.0.0.1"); }

TEST(names_are_looked_up_without_blocking) {
  uint16_t port;
  int peer = bind_loopback(&port);
  int first = godwit_platform_datagram_open("localhost", port);
  assert_int_equal(first, GODWIT_DATAGRAM_PENDING);
  int handle = open_until_done("localhost", port);
  assert_true(handle >= 0);
  godwit_platform_datagram_close(handle);
  close(peer);
}

TEST(name_that_does_not_exist_is_not_found) {
  assert_int_equal(open_until_done("no-such-host.invalid", 5684), GODWIT_ERR_NOT_FOUND);
}

TEST(port_where_nobody_listens_is_reported) {
  uint16_t port;
  int peer = bind_loopback(&port);
  close(peer);
  int handle = open_until_done("127.0.0.1", port);
  assert_int_equal(godwit_platform_datagram_send(handle, "x", 1), 0);
  godwit_platform_datagram_wait(handle, 1000);
  char data[4];
  assert_int_equal(godwit_platform_datagram_receive(handle, data, sizeof data),
                   GODWIT_ERR_CONNECTION);
  godwit_platform_datagram_close(handle);
}
