/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_RPC_H
#define GODWIT_RPC_H
/* Calls from the server to the device (`.rpc`): a method's name, parameters in
 * CBOR, an answer with a status and details.
 *
 * Memory and threads: as godwit/client.h. The table and the object are the
 * caller's and live as long as the client. A call that comes twice is answered
 * twice and run once: the last GODWIT_RPC_ANSWERS answers are kept for that, and
 * until they are sent. A call that comes while all of them wait is not run. */
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

#define GODWIT_RPC_DETAIL_MAX 384u /* bytes of CBOR that a method may add */
#define GODWIT_RPC_ID_MAX 40u      /* bytes; calls with longer ids are not answered */
#define GODWIT_RPC_ANSWERS 2u

/* Runs the method, inside godwit_client_poll. params holds the param_count
 * elements and nothing else: well-formed CBOR, of types that nobody has checked.
 * The server sends numbers as floats, 7 too.
 * detail is inside a map: write pairs (text key, value) into it, or nothing.
 * Details beyond GODWIT_RPC_DETAIL_MAX are left out, and the status becomes
 * GODWIT_RPC_RESOURCE_EXHAUSTED. */
typedef enum godwit_rpc_status (*godwit_rpc_fn)(struct gw_cbor_reader *params, size_t param_count,
                                                struct gw_cbor_writer *detail, void *arg);
struct godwit_rpc_method {
  const char *name;
  godwit_rpc_fn call;
  void *arg;
};

/* The caller's, zeroed before its first use; internal. */
struct godwit_rpc {
  struct godwit_client *client;
  const struct godwit_rpc_method *table;
  size_t count;
  struct godwit_request observation;
  struct godwit_request answer_request;
  struct godwit_service service; /* sends the answers, again if need be */
  uint8_t refusals;              /* of an answer by a busy server, in a row */
  uint8_t refusal;               /* the observation's code, logged once; 0: none */
  uint8_t sending;               /* index of the answer under way */
  uint32_t calls;                /* answered so far: their order */
  struct godwit_rpc_answer {
    char id[GODWIT_RPC_ID_MAX + 1]; /* "": never used */
    bool waiting;
    uint32_t order;
    uint8_t payload[GODWIT_RPC_DETAIL_MAX + 96];
    size_t size;
  } answer[GODWIT_RPC_ANSWERS];
};
/* Observes the calls from now on, over reconnects too. GODWIT_ERR_ARGUMENT, or
 * GODWIT_ERR_STATE when it has been started. */
int godwit_rpc_start(struct godwit_rpc *rpc, struct godwit_client *client,
                     const struct godwit_rpc_method *table, size_t count);
/* Harmless when it is not started; a method may call it, and is not answered. */
void godwit_rpc_stop(struct godwit_rpc *rpc);
#endif
