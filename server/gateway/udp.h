/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_UDP_H
#define SERVER_GATEWAY_UDP_H
/* One UDP socket in batches: recvmmsg in, sendmmsg out. IPv4 peers appear as
 * IPv4-mapped IPv6 addresses whatever the socket's family. Answers leave from
 * the address the peer wrote to (IP_PKTINFO), as DTLS peers behind firewalls
 * expect. */
#include <stddef.h>
#include <stdint.h>

#define UDP_BATCH 64u
#define UDP_DATAGRAM_MAX 2048u

/* Where a peer is, and which of our addresses it talks to. */
struct udp_path {
  uint8_t peer[16];
  uint8_t local[16]; /* all zero: let the kernel choose */
  uint32_t scope;    /* link-local peers: interface index */
  uint16_t port;     /* host order */
};
/* Same peer address, port and scope. */
int udp_path_same_peer(const struct udp_path *a, const struct udp_path *b);
/* "192.0.2.1:40000" or "[2001:db8::1]:40000"; returns text. */
#define UDP_PATH_TEXT_SIZE 64u
char *udp_path_text(const struct udp_path *path, char text[UDP_PATH_TEXT_SIZE]);

struct udp_socket;

struct udp_counters {
  uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out, send_drops;
};

/* SRV_OK, SRV_ERR_BUSY, SRV_ERR_INVALID, SRV_ERR_IO; error: one line. */
int udp_open(struct udp_socket **out, const char *bind_address, uint16_t port, char *error,
             size_t error_size);
void udp_close(struct udp_socket *socket);
int udp_fd(const struct udp_socket *socket);
uint16_t udp_port(const struct udp_socket *socket);

/* Reads up to UDP_BATCH datagrams; returns how many, 0 when none waits,
 * negative errno when the socket is broken. They live until the next call. */
int udp_receive(struct udp_socket *socket);
const uint8_t *udp_received(const struct udp_socket *socket, int index, size_t *size,
                            struct udp_path *path);

/* Queues a copy; a full queue is flushed first. */
void udp_send(struct udp_socket *socket, const struct udp_path *path, const void *data,
              size_t size);
void udp_flush(struct udp_socket *socket);
const struct udp_counters *udp_counters(const struct udp_socket *socket);
#endif
