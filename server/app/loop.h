/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_LOOP_H
#define SERVER_APP_LOOP_H
/* The server's one loop: waits for devices, for HTTP, for a signal, for time,
 * and lets whoever is concerned run. */
#include "server/app/virtual.h"
#include "server/core/objects.h"
#include "server/gateway/gateway.h"
#include "server/rest/rest.h"

struct srv_loop {
  struct srv_core *core;
  struct srv_gateway *gateway;
  struct srv_rest *rest;
  struct srv_virtual *virtual_devices; /* NULL: runs none */
};

/* From now on SIGTERM and SIGINT end srv_loop_run, and a write to a closed
 * socket or past a size limit is an error and no death; with reloads, SIGHUP has
 * the TLS certificate read again where there is one (without, it ends the process,
 * as when its terminal is closed). Call it early: signals that come before the loop runs wait
 * for it. */
int srv_loop_catch_signals(bool reloads);
/* Returns the signal that ended it, or -1 with a reason in error. */
int srv_loop_run(const struct srv_loop *loop, char error[SRV_ERROR_MAX]);
#endif
