/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_RPC_H
#define GODWIT_RPC_H
/* Calls from the server to the device (`.rpc`): a method's name, parameters in
 * CBOR, an answer with a status and details.
 *
 * Memory and threads: as godwit/client.h. The table and the object are the
 * caller's and live as long as the client. A call that comes twice is answered
 * twice and run once. */
#include "godwit/client.h"
#include "wire/cbor.h"

/* gRPC's numbers. */
enum godwit_rpc_status {
  GODWIT_RPC_OK = 0,
  GODWIT_RPC_CANCELLED = 1,
  GODWIT_RPC_UNKNOWN = 2,
  GODWIT_RPC_INVALID_ARGUMENT = 3,
  GODWIT_RPC_DEADLINE_EXCEEDED = 4,
  GODWIT_RPC_NOT_FOUND = 5, /* no such method: said by the SDK */
  GODWIT_RPC_ALREADY_EXISTS = 6,
  GODWIT_RPC_PERMISSION_DENIED = 7,
  GODWIT_RPC_RESOURCE_EXHAUSTED = 8,
  GODWIT_RPC_FAILED_PRECONDITION = 9,
  GODWIT_RPC_ABORTED = 10,
  GODWIT_RPC_OUT_OF_RANGE = 11,
  GODWIT_RPC_UNIMPLEMENTED = 12,
  GODWIT_RPC_INTERNAL = 13,
  GODWIT_RPC_UNAVAILABLE = 14,
};

#define GODWIT_RPC_DETAIL_MAX 384u

/* params stands on the first of param_count elements. detail is inside a map:
 * write pairs (text key, value) into it, or nothing. */
typedef enum godwit_rpc_status (*godwit_rpc_fn)(struct gw_cbor_reader *params, size_t param_count,
                                                struct gw_cbor_writer *detail, void *arg);
struct godwit_rpc_method {
  const char *name;
  godwit_rpc_fn call;
  void *arg;
};

/* The caller's, zeroed before its first use. */
struct godwit_rpc {
  struct godwit_client *client;
  const struct godwit_rpc_method *table;
  size_t count;
  struct godwit_request observation;
  struct godwit_request answer_request;
  bool answer_waiting;
  char last_id[41]; /* of the call answered last */
  uint8_t answer[GODWIT_RPC_DETAIL_MAX + 96];
  size_t answer_size;
};
int godwit_rpc_start(struct godwit_rpc *rpc, struct godwit_client *client,
                     const struct godwit_rpc_method *table, size_t count);
void godwit_rpc_stop(struct godwit_rpc *rpc);
#endif
