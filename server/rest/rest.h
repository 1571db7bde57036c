/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_REST_H
#define SERVER_REST_REST_H
/* The HTTP interface of the core: JSON under /v1, one route table (routes.c)
 * from which GET /v1/openapi.json is made. Owns its sockets; runs on the
 * loop's thread. Nests in any epoll loop: wait for srv_rest_fd to be readable
 * or for the time-out, then call srv_rest_run. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/core/objects.h"
#include "server/gateway/gateway.h"

struct srv_rest;

/* The virtual devices that this server runs (server/core/virtual_device.h), as
 * far as rest/ shows them. status NULL: it runs none. */
struct srv_rest_virtual_status {
  bool running;
  int64_t started_us; /* wall clock; 0: its process does not run */
  unsigned restarts;
  char last_error[SRV_ERROR_MAX]; /* "" for none */
};
struct srv_rest_virtual_devices {
  void *context;
  void (*look_now)(void *context); /* one was made or deleted */
  /* False: not known of. */
  bool (*status)(void *context, const char *device_id, struct srv_rest_virtual_status *out);
};

/* A file that anybody may have, static. */
struct srv_rest_example {
  const char *name;
  const uint8_t *data;
  size_t size;
};

struct srv_rest_config {
  const char *bind_address;   /* NULL: "127.0.0.1" */
  uint16_t port;              /* 0: any free one */
  unsigned idle_timeout_s;    /* of a connection on which no byte moves; 0: 15 */
  unsigned live_heartbeat_ms; /* of clients that listen to events; 0: 15000 */
  /* At once from one address; 0: as many as there are on loopback, where a proxy
   * stands for everyone, else 64. */
  unsigned connections_per_address;
  struct srv_core *core;
  const char *version; /* of the program, for /v1/status; must outlive it */
  /* PEM files of a chain and its key; both or neither: plain HTTP. */
  const char *tls_cert, *tls_key;
  /* Where operators find the server, "https://models.example"; NULL: where it
   * listens. With https a proxy before it ends TLS. */
  const char *public_url;
  /* Names that it answers to besides, NULL-terminated; NULL: none. On loopback
   * without TLS all others but loopback's are refused. */
  const char *const *host_names;
  /* What the gateway counts, for /v1/status; NULL: left out. */
  void (*gateway_stats)(void *context, struct srv_gateway_stats *out);
  void *gateway_context;
  struct srv_rest_virtual_devices virtual_devices;
  /* Example models under /examples, by index; false past the end. NULL: none. */
  bool (*example)(size_t index, struct srv_rest_example *out);
};

/* On failure error (SRV_ERROR_MAX) says what to do; SRV_ERR_BUSY for a taken
 * port. */
int srv_rest_create(struct srv_rest **out, const struct srv_rest_config *config,
                    char error[SRV_ERROR_MAX]);
/* Ends open connections; uploads that are not complete are dropped, calls that
 * wait for a device are told. */
void srv_rest_destroy(struct srv_rest *rest);
/* Is what is bound there out of other machines' reach? */
bool srv_rest_is_loopback(const char *address);
/* Reads certificate and key again; connections go on. When they are not right,
 * or there is no TLS, error says so and everything stays as it was. */
int srv_rest_reload(struct srv_rest *rest, char error[SRV_ERROR_MAX]);
int srv_rest_fd(const struct srv_rest *rest);
uint16_t srv_rest_port(const struct srv_rest *rest);
/* Milliseconds until a timer is due, -1 for none. */
int srv_rest_timeout_ms(struct srv_rest *rest);
void srv_rest_run(struct srv_rest *rest);
#endif
