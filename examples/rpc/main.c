/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from the server: the device says which methods it has, a call names one
 * and brings parameters, the answer goes back to whoever called. Beside that,
 * log lines go to the server too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/log.h"
#include "godwit/rpc.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static uint8_t lines[2048];

/* Parameters are well-formed, of whatever type the caller chose. */
static bool read_number(struct gw_cbor_reader *params, double *number) {
  struct gw_cbor_item item;
  if (gw_cbor_read(params, &item) < 0) return false;
  if (item.type == GW_CBOR_UINT) *number = (double)item.uint;
  if (item.type == GW_CBOR_NEGATIVE) *number = -1.0 - (double)item.uint;
  if (item.type == GW_CBOR_FLOAT) *number = gw_cbor_number(&item);
  return item.type == GW_CBOR_UINT || item.type == GW_CBOR_NEGATIVE || item.type == GW_CBOR_FLOAT;
}

static enum godwit_rpc_status multiply(struct gw_cbor_reader *params, size_t param_count,
                                       struct gw_cbor_writer *detail, void *arg) {
  double a, b;
  (void)arg;
  if (param_count != 2 || !read_number(params, &a) || !read_number(params, &b)) {
    return GODWIT_RPC_INVALID_ARGUMENT;
  }
  gw_cbor_write_text(detail, "value");
  gw_cbor_write_double(detail, a * b);
  printf("multiplied %g by %g\n", a, b);
  return GODWIT_RPC_OK;
}

static enum godwit_rpc_status say(struct gw_cbor_reader *params, size_t param_count,
                                  struct gw_cbor_writer *detail, void *arg) {
  char text[64];
  (void)detail, (void)arg;
  if (param_count != 1 || gw_cbor_read_text(params, text, sizeof text) < 0) {
    return GODWIT_RPC_INVALID_ARGUMENT;
  }
  godwit_log(GODWIT_LOG_WARN, "rpc-example: %s", text); /* `godwit log` shows it */
  return GODWIT_RPC_OK;
}

static const struct godwit_rpc_method methods[] = {
    {.name = "multiply", .call = multiply},
    {.name = "say", .call = say},
};

int main(int argc, char **argv) {
  if (argc < 3) return puts("usage: device_rpc IDENTITY KEY [HOST [PORT]]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct godwit_client *client;
  static struct godwit_rpc rpc;
  static struct godwit_remote_log log = {.buffer = lines, .buffer_size = sizeof lines};
  struct godwit_client_config network = {.host = argc > 3 ? argv[3] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 4 ? atoi(argv[4]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  if (godwit_client_init(&client, &network) < 0) return puts("wrong identity, key or host"), 1;
  if (godwit_rpc_start(&rpc, client, methods, sizeof methods / sizeof methods[0]) < 0) return 1;
  if (godwit_log_to_server(client, &log, GODWIT_LOG_INFO) < 0) return 1;
  godwit_client_start(client);
  for (;;) {
    godwit_client_poll(client); /* your device's own work goes on beside it */
    godwit_client_wait(client, 1000);
  }
}
