/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_HELLO_H
#define GODWIT_HELLO_H
/* Tells the server what this device is, once in each session (`.gw/hello`):
 * its board, its runtime and that runtime's ops, its arena, its slots. The
 * server says by it which models the device can run, before they are rolled
 * out. Optional: a device that does not say it gets every model that its
 * releases name. Servers that know no such path are asked once a session and
 * not again.
 *
 * Memory and threads: as godwit/client.h. The object is the caller's and lives
 * as long as the client; what the words point to is read by godwit_hello_start
 * only. */
#include "godwit/client.h"
#include "wire/hello.h"

#define GODWIT_SDK_VERSION "0.1.0"

/* The caller's, zeroed before its first use; internal. */
struct godwit_hello {
  struct godwit_client *client;
  godwit_client_state_fn on_state; /* the application's, called behind ours */
  void *on_state_arg;
  struct godwit_request request;
  struct godwit_service service;
  uint8_t refusals; /* by a busy server, in a row */
  size_t size;
  uint8_t payload[GW_HELLO_SIZE_MAX];
};

/* Says it in the present session, if there is one, and in each that follows.
 * sdk NULL: "godwit/" GODWIT_SDK_VERSION. GODWIT_ERR_ARGUMENT for a text beyond
 * the limits of wire/hello.h or what does not fit one datagram;
 * GODWIT_ERR_STATE when it has been started. */
int godwit_hello_start(struct godwit_hello *hello, struct godwit_client *client,
                       const struct gw_hello_words *words);
/* Harmless when it is not started. */
void godwit_hello_stop(struct godwit_hello *hello);
#endif
