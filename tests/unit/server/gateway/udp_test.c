/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/core/status.h"
#include "server/gateway/udp.h"
#include "tests/support/test.h"

static struct udp_socket *socket_up(const char *bind_address) {
  struct udp_socket *server;
  char error[160] = "";
  if (udp_open(&server, bind_address, 0, error, sizeof error) != SRV_OK) fail_msg("%s", error);
  return server;
}

/* A socket that takes datagrams from that address and port only; -1 when the
 * machine has no such address. */
static int connected_to(const char *address, uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
  if (!is_v4) assert_int_equal(1, inet_pton(AF_INET6, address, &v6.sin6_addr));
  int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const void *to = is_v4 ? (const void *)&v4 : (const void *)&v6;
  if (connect(fd, to, is_v4 ? sizeof v4 : sizeof v6) == 0) return fd;
  close(fd);
  return -1;
}

static void assert_echo(struct udp_socket *server, int client) {
  uint8_t buffer[16];
  struct udp_path path;
  size_t size;
  assert_int_equal(5, send(client, "hello", 5, 0));
  assert_int_equal(1, udp_receive(server));
  const uint8_t *data = udp_received(server, 0, &size, &path);
  assert_int_equal(5, size);
  assert_memory_equal("hello", data, 5);
  udp_send(server, &path, "olleh", 5);
  udp_flush(server);
  assert_int_equal(5, recv(client, buffer, sizeof buffer, 0));
  close(client);
}

TEST(answers_leave_from_the_address_that_was_written_to) {
  static const char *const binds[] = {NULL, "0.0.0.0"};
  for (int i = 0; i < 2; i++) {
    struct udp_socket *server = socket_up(binds[i]);
    assert_echo(server, connected_to("127.0.0.1", udp_port(server)));
    assert_echo(server, connected_to("127.0.0.2", udp_port(server)));
    udp_close(server);
  }
}

TEST(ipv6_and_ipv4_share_a_socket) {
  struct udp_socket *server = socket_up(NULL);
  int client = connected_to("::1", udp_port(server));
  if (client < 0 || send(client, "", 0, 0) != 0) test_skip("this machine has no IPv6 loopback");
  udp_receive(server);
  assert_echo(server, client);
  assert_echo(server, connected_to("127.0.0.1", udp_port(server)));
  udp_close(server);
}

TEST(more_than_a_batch_is_queued_and_read_in_batches) {
  struct udp_socket *server = socket_up("127.0.0.1");
  int client = connected_to("127.0.0.1", udp_port(server));
  uint8_t buffer[16];
  struct udp_path path;
  size_t size;
  for (unsigned i = 0; i < UDP_BATCH + 6; i++) send(client, "x", 1, 0);
  assert_int_equal(UDP_BATCH, udp_receive(server));
  assert_int_equal(6, udp_receive(server));
  assert_int_equal(0, udp_receive(server));
  send(client, "x", 1, 0);
  udp_receive(server);
  udp_received(server, 0, &size, &path);
  for (unsigned i = 0; i < UDP_BATCH + 6; i++) udp_send(server, &path, "y", 1);
  udp_flush(server);
  unsigned count = 0;
  while (recv(client, buffer, sizeof buffer, 0) == 1) count++;
  assert_int_equal(UDP_BATCH + 6, count);
  assert_int_equal(UDP_BATCH + 6, udp_counters(server)->datagrams_out);
  close(client);
  udp_close(server);
}

TEST(a_datagram_that_is_too_long_counts_as_empty) {
  struct udp_socket *server = socket_up("127.0.0.1");
  int client = connected_to("127.0.0.1", udp_port(server));
  static uint8_t big[UDP_DATAGRAM_MAX + 1];
  struct udp_path path;
  size_t size = 99;
  send(client, big, sizeof big, 0);
  assert_int_equal(1, udp_receive(server));
  udp_received(server, 0, &size, &path);
  assert_int_equal(0, size);
  close(client);
  udp_close(server);
}

TEST(a_datagram_that_cannot_be_sent_does_not_hold_up_the_others) {
  struct udp_socket *server = socket_up("127.0.0.1");
  int client = connected_to("127.0.0.1", udp_port(server));
  uint8_t buffer[16];
  struct udp_path path, nowhere;
  size_t size;
  send(client, "x", 1, 0);
  udp_receive(server);
  udp_received(server, 0, &size, &path);
  nowhere = path;
  nowhere.port = 0;
  udp_send(server, &path, "1", 1);
  udp_send(server, &nowhere, "2", 1);
  udp_send(server, &path, "3", 1);
  udp_flush(server);
  assert_int_equal(1, recv(client, buffer, sizeof buffer, 0));
  assert_int_equal('1', buffer[0]);
  assert_int_equal(1, recv(client, buffer, sizeof buffer, 0));
  assert_int_equal('3', buffer[0]);
  assert_int_equal(1, udp_counters(server)->send_drops);
  close(client);
  udp_close(server);
}

TEST(paths_are_written_as_people_write_them) {
  char text[UDP_PATH_TEXT_SIZE];
  struct udp_path v4 = {.peer = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1},
                        .port = 40000};
  struct udp_path v6 = {.peer = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 5684};
  assert_string_equal("192.0.2.1:40000", udp_path_text(&v4, text));
  assert_string_equal("[2001:db8::1]:5684", udp_path_text(&v6, text));
}
