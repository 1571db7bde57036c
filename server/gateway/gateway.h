/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_GATEWAY_H
#define SERVER_GATEWAY_GATEWAY_H
/* The CoAP/DTLS gateway: one UDP socket, DTLS sessions, the device contract on
 * top of the core. Owns its socket, sessions and timers; runs on the loop's
 * thread. It nests in any epoll loop: wait for srv_gateway_fd to be readable or
 * for the time-out, then call srv_gateway_run. */
#include <stddef.h>
#include <stdint.h>

#include "server/core/core.h"

struct srv_gateway;

struct srv_gateway_config {
  const char *bind_address;     /* numeric; NULL: "::", both families ("0.0.0.0" without IPv6) */
  uint16_t port;                /* 0: any free one; 5684 is what devices use */
  size_t sessions_max;          /* 0: 100000; beyond it the next handshake waits */
  size_t sessions_per_device;   /* 0: 8; then its most silent one gives way, so that a stolen key
                                   cannot take everybody's place. One is in use, the others are
                                   what reboots behind a NAT left behind */
  size_t handshakes_max;        /* half-open at once; 0: 4096; the oldest gives way */
  uint32_t handshake_timeout_s; /* 0: 30 */
  uint32_t idle_timeout_s;      /* session dropped after silence; 0: 600 */
  uint32_t keepalive_s;         /* own ping when nothing was sent for so long; 0: 20. Below 30:
                                   Zephyr clients drop a session that stays mute for 30 s */
  uint32_t requests_per_second; /* a device's requests beyond it get 4.29; 0: 200. A block of a
                                   download or upload counts 1/100: clients pace them */
  size_t uploads_max;           /* block-wise uploads open at once; 0: 1024; then 5.03 */
  const char *certificate;      /* the server's, for devices with certificates: PEM, its chain
                                   behind it. NULL: a self-signed one of this run. Borrowed
                                   while create runs, likewise key */
  const char *key;              /* PEM, EC P-256 or P-384 */
  const char *csr_command;      /* program that answers CSRs, see docs/guide/certificates.md;
                                   NULL: the project's own CA. Borrowed */
  uint64_t (*now_ms)(void *context); /* any monotonic clock; NULL: CLOCK_MONOTONIC */
  void *now_context;
};

struct srv_gateway_stats {
  uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
  uint64_t datagrams_dropped; /* out: the socket was full; in: no session, no ClientHello */
  uint64_t hellos;            /* ClientHellos answered with a cookie, no state kept */
  uint64_t handshakes_ok, handshakes_failed;
  uint64_t requests;
  uint64_t malformed;     /* decrypted, but no CoAP */
  uint64_t duplicates;    /* requests seen before: not executed again */
  uint64_t rate_limited;  /* requests answered with 4.29 */
  uint64_t notifications; /* first transmissions */
  uint64_t retransmissions;
  uint64_t address_changes;  /* sessions that moved, found by Connection ID */
  uint64_t uploads_finished; /* block-wise ones, on the disk */
  uint64_t uploads_dropped;  /* silent too long, begun anew, refused in the middle */
  size_t sessions, handshakes, observers, uploads_open;
};

/* On failure *error (at least 160 bytes) says what to do; SRV_ERR_BUSY for a
 * taken port. Registers itself as the core's listener. The core must outlive
 * the gateway. */
int srv_gateway_create(struct srv_gateway **out, const struct srv_gateway_config *config,
                       struct srv_core *core, char *error, size_t error_size);
/* Says goodbye to every session (close_notify), so that devices come back at
 * once when the server does. */
void srv_gateway_destroy(struct srv_gateway *gateway);
int srv_gateway_fd(const struct srv_gateway *gateway);
uint16_t srv_gateway_port(const struct srv_gateway *gateway);
/* Milliseconds until srv_gateway_run has something to do though nothing came;
 * -1 for never. Ask after each change of the core, too: a notification may be
 * waiting. */
int srv_gateway_timeout_ms(struct srv_gateway *gateway);
/* Reads what has come, runs timers, sends. Never blocks. SRV_OK, or SRV_ERR_IO
 * when the socket is unusable. */
int srv_gateway_run(struct srv_gateway *gateway);
void srv_gateway_stats(const struct srv_gateway *gateway, struct srv_gateway_stats *out);
#endif
