/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_LIVE_H
#define SERVER_REST_LIVE_H
/* Server-sent events: what happens in a project, told to every client that
 * listens (GET P/live). Each client has a ring of SRV_LIVE_RING bytes; one that
 * does not keep up loses what comes and is told to read again ("reload"), so
 * that a slow browser costs neither memory nor time. Owned by http.c; all on
 * the loop's thread. */
#include "server/rest/internal.h"

struct srv_live;

/* heartbeat_ms: how often each client hears something and is asked whether it
 * still may listen; 0: 15 seconds. */
int srv_live_create(struct srv_live **out, const struct srv_rest_context *context,
                    unsigned heartbeat_ms);
/* Every client must have gone. */
void srv_live_destroy(struct srv_live *live);
/* The streams come to their end: the server is stopping. */
void srv_live_end(struct srv_live *live);
size_t srv_live_client_count(const struct srv_live *live);
/* Milliseconds until srv_live_run has something to do, -1 for never. */
int srv_live_timeout_ms(const struct srv_live *live);
void srv_live_run(struct srv_live *live);
#endif
