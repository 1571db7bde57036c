/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_GATEWAY_H
#define SERVER_GATEWAY_GATEWAY_H
/* The CoAP/DTLS gateway: one UDP socket, DTLS sessions, the device contract on
 * top of the core. Owns its socket, sessions and timers; runs on the loop's
 * thread. It nests in any epoll loop: wait for gateway_fd to be readable or for
 * the time-out, then call srv_gateway_run. */
#include <stddef.h>
#include <stdint.h>

#include "server/core/core.h"

struct srv_gateway;

struct srv_gateway_config {
  const char *bind_address; /* NULL: "::", both families */
  uint16_t port;            /* 0: any free one; 5684 is what devices use */
  size_t sessions_max;      /* 0: 100000 */
  uint32_t idle_timeout_s;  /* session dropped after silence; 0: 600 */
};

struct srv_gateway_stats {
  uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
  uint64_t handshakes_ok, handshakes_failed;
  uint64_t malformed;      /* datagrams that were no CoAP */
  uint64_t duplicates;     /* answered from memory */
  uint64_t notifications;  /* first transmissions */
  uint64_t retransmissions;
  size_t sessions, observers;
};

/* On failure *error (at least 160 bytes) says what to do; SRV_ERR_BUSY for a
 * taken port. Registers itself as the core's listener. */
int srv_gateway_create(struct srv_gateway **out, const struct srv_gateway_config *config,
                       struct srv_core *core, char *error, size_t error_size);
void srv_gateway_destroy(struct srv_gateway *gateway);
int srv_gateway_fd(const struct srv_gateway *gateway);
uint16_t srv_gateway_port(const struct srv_gateway *gateway);
/* Milliseconds until a timer is due, -1 for none. */
int srv_gateway_timeout_ms(struct srv_gateway *gateway);
/* Reads what has come, runs timers, sends. Never blocks. */
int srv_gateway_run(struct srv_gateway *gateway);
void srv_gateway_stats(const struct srv_gateway *gateway, struct srv_gateway_stats *out);
#endif
