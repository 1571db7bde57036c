/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/rpc.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"

#define CALLS_PATH "/.rpc"
#define STATUS_PATH "/.rpc/status"
#define REFUSALS_MAX 5u /* whoever called does not wait for minutes */

/* A call as it came: borrows the datagram. */
struct call {
  char id[GODWIT_RPC_ID_MAX + 1];
  struct gw_cbor_item method;
  struct gw_cbor_reader params;
  bool has_id, has_method, has_params;
  size_t param_count;
};

/* Answers --------------------------------------------------------------------- */

/* Oldest answer that waits, or the count of slots. */
static unsigned oldest_waiting(const struct godwit_rpc *rpc) {
  unsigned oldest = GODWIT_RPC_ANSWERS;
  for (unsigned i = 0; i < GODWIT_RPC_ANSWERS; i++) {
    if (!rpc->answer[i].waiting) continue;
    if (oldest == GODWIT_RPC_ANSWERS || rpc->answer[i].order < rpc->answer[oldest].order) {
      oldest = i;
    }
  }
  return oldest;
}

static int on_answer_taken(struct godwit_client *client, const struct godwit_response *response,
                           void *arg) {
  struct godwit_rpc *rpc = arg;
  struct godwit_rpc_answer *answer = &rpc->answer[rpc->sending];
  uint64_t again_ms = godwit_client_again_ms(client, response, &rpc->refusals, REFUSALS_MAX);
  if (again_ms == UINT64_MAX) {
    answer->waiting = false;
    if (response->status != GODWIT_OK) {
      godwit_log(GODWIT_LOG_WARN, "rpc: answer to call %s: %s", answer->id,
                 godwit_status_name(response->status));
    }
    again_ms = 0; /* the next one */
  }
  rpc->service.due_ms = again_ms;
  return 0;
}

static void send_answers(struct godwit_client *client, int status, void *arg) {
  struct godwit_rpc *rpc = arg;
  if (status < 0) { /* the client ends */
    rpc->client = NULL;
    return;
  }
  if (godwit_exchange_has_request(client, &rpc->answer_request)) return; /* one after the other */
  unsigned oldest = oldest_waiting(rpc);
  if (oldest == GODWIT_RPC_ANSWERS) return;
  rpc->sending = (uint8_t)oldest;
  rpc->answer_request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = STATUS_PATH,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = rpc->answer[oldest].payload,
      .payload_size = rpc->answer[oldest].size,
      .on_response = on_answer_taken,
      .arg = rpc,
  };
  (void)godwit_client_request(client, &rpc->answer_request); /* connected, nothing amiss */
}

static struct godwit_rpc_answer *find_answer(struct godwit_rpc *rpc, const char *id) {
  for (unsigned i = 0; i < GODWIT_RPC_ANSWERS; i++) {
    if (strcmp(rpc->answer[i].id, id) == 0) return &rpc->answer[i];
  }
  return NULL;
}

/* The one that has been sent longest ago; NULL while all wait. */
static struct godwit_rpc_answer *free_answer(struct godwit_rpc *rpc) {
  struct godwit_rpc_answer *free = NULL;
  for (unsigned i = 0; i < GODWIT_RPC_ANSWERS; i++) {
    struct godwit_rpc_answer *each = &rpc->answer[i];
    if (each->waiting) continue;
    if (free == NULL || each->order < free->order) free = each;
  }
  return free;
}

/* Calls ------------------------------------------------------------------------ */

static const struct godwit_rpc_method *find_method(const struct godwit_rpc *rpc,
                                                   const struct gw_cbor_item *name) {
  for (size_t i = 0; i < rpc->count; i++) {
    if (gw_cbor_text_equals(name, rpc->table[i].name)) return &rpc->table[i];
  }
  return NULL;
}

static enum godwit_rpc_status run_call(const struct godwit_rpc *rpc, struct call *call,
                                       struct gw_cbor_writer *detail) {
  if (!call->has_method || !call->has_params) return GODWIT_RPC_INVALID_ARGUMENT;
  const struct godwit_rpc_method *method = find_method(rpc, &call->method);
  if (method == NULL) return GODWIT_RPC_NOT_FOUND;
  return method->call(&call->params, call->param_count, detail, method->arg);
}

/* {"id": .., "statusCode": ..[, "detail": {..}]}; the detail is in its place
 * already, written by the method. */
static void write_answer(struct godwit_rpc_answer *answer, enum godwit_rpc_status status,
                         const uint8_t *detail, size_t detail_size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, answer->payload, sizeof answer->payload);
  gw_cbor_write_map(&writer, detail_size > 0 ? 3 : 2);
  gw_cbor_write_text(&writer, "id");
  gw_cbor_write_text(&writer, answer->id);
  gw_cbor_write_text(&writer, "statusCode");
  gw_cbor_write_uint(&writer, (uint64_t)status);
  if (detail_size > 0) {
    gw_cbor_write_text(&writer, "detail");
    gw_cbor_write_map_indefinite(&writer);
    memmove(answer->payload + writer.length, detail, detail_size);
    writer.length += detail_size;
    gw_cbor_write_break(&writer);
  }
  answer->size = writer.length;
}

/* Everything around the detail, at its longest. */
_Static_assert(1 + 3 + 2 + GODWIT_RPC_ID_MAX + 11 + 9 + 7 + 1 + 1 <=
                   sizeof(((struct godwit_rpc_answer *)0)->payload) - GODWIT_RPC_DETAIL_MAX,
               "an answer's payload is too small");

static void answer_call(struct godwit_rpc *rpc, struct call *call) {
  struct godwit_rpc_answer *answer = free_answer(rpc);
  if (answer == NULL) {
    godwit_log(GODWIT_LOG_WARN, "rpc: call %s comes while %u answers wait: not run", call->id,
               GODWIT_RPC_ANSWERS);
    return;
  }
  memcpy(answer->id, call->id, sizeof answer->id);
  answer->order = ++rpc->calls;
  /* Taken before it runs: a method that ends in a stop leaves nothing behind. */
  struct gw_cbor_writer detail;
  uint8_t *place = answer->payload + sizeof answer->payload - GODWIT_RPC_DETAIL_MAX;
  gw_cbor_writer_init(&detail, place, GODWIT_RPC_DETAIL_MAX);
  enum godwit_rpc_status status = run_call(rpc, call, &detail);
  if (rpc->client == NULL) return; /* the method has stopped us */
  int detail_size = gw_cbor_writer_finish(&detail);
  if (detail_size < 0) {
    godwit_log(GODWIT_LOG_WARN, "rpc: call %s: details of more than %u bytes are left out",
               call->id, GODWIT_RPC_DETAIL_MAX);
    status = GODWIT_RPC_RESOURCE_EXHAUSTED;
    detail_size = 0;
  }
  write_answer(answer, status, place, (size_t)detail_size);
  answer->waiting = true;
}

/* The elements of an array of either length: how many, and where they end. */
static bool open_params(struct gw_cbor_reader reader, struct call *call) {
  struct gw_cbor_item array;
  size_t index = 0, end;
  if (gw_cbor_read(&reader, &array) < 0 || array.type != GW_CBOR_ARRAY) return false;
  size_t start = end = reader.offset;
  while (gw_cbor_next(&reader, &array, &index) > 0) {
    if (gw_cbor_skip(&reader) < 0) return false;
    end = reader.offset; /* a BREAK is not part of it */
    call->param_count++;
  }
  gw_cbor_reader_init(&call->params, reader.data + start, end - start);
  return true;
}

/* False when it is no call that could be answered. */
static bool parse_call(const uint8_t *data, size_t size, struct call *call) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item top, key, id;
  size_t index = 0;
  *call = (struct call){0};
  gw_cbor_reader_init(&reader, data, size);
  if (gw_cbor_skip(&reader) < 0 || reader.offset != size) return false;
  gw_cbor_reader_init(&reader, data, size);
  if (gw_cbor_read(&reader, &top) < 0 || top.type != GW_CBOR_MAP) return false;
  while (gw_cbor_next(&reader, &top, &index) > 0) {
    if (gw_cbor_read(&reader, &key) < 0) return false;
    struct gw_cbor_reader value = reader;
    if (gw_cbor_skip(&reader) < 0) return false;
    if (gw_cbor_text_equals(&key, "id")) {
      call->has_id = gw_cbor_read(&value, &id) == GW_OK &&
                     gw_cbor_text_copy(&id, call->id, sizeof call->id) == GW_OK;
    } else if (gw_cbor_text_equals(&key, "method")) {
      call->has_method =
          gw_cbor_read(&value, &call->method) == GW_OK && call->method.type == GW_CBOR_TEXT;
    } else if (gw_cbor_text_equals(&key, "params")) {
      call->param_count = 0;
      call->has_params = open_params(value, call);
    }
  }
  return call->has_id && call->id[0] != '\0';
}

/* What the server says when there is no call. */
static bool is_ok_text(const uint8_t *data, size_t size) {
  return size == 3 && memcmp(data, "\x62OK", 3) == 0;
}

static void take_call(struct godwit_rpc *rpc, const uint8_t *data, size_t size) {
  struct call call;
  if (!parse_call(data, size, &call)) {
    godwit_log(GODWIT_LOG_WARN, "rpc: %u bytes that are no call", (unsigned)size);
    return;
  }
  struct godwit_rpc_answer *again = find_answer(rpc, call.id);
  if (again == NULL) {
    answer_call(rpc, &call);
  } else if (again->size > 0) {
    again->waiting = true; /* run once, answered again */
  }
  if (rpc->client != NULL) rpc->service.due_ms = 0;
}

static int on_call(struct godwit_client *client, const struct godwit_response *response,
                   void *arg) {
  struct godwit_rpc *rpc = arg;
  (void)client;
  if (response->code == 0) return 0; /* no answer came */
  if (response->status != GODWIT_OK) {
    char code[5];
    if (rpc->refusal != response->code) {
      godwit_log(GODWIT_LOG_WARN, "rpc: %s (%s)", godwit_status_name(response->status),
                 gw_coap_code_text(response->code, code));
    }
    rpc->refusal = response->code; /* asked again each minute, said once */
    return 0;
  }
  rpc->refusal = 0;
  if (!is_ok_text(response->payload, response->payload_size)) {
    take_call(rpc, response->payload, response->payload_size);
  }
  return 0;
}

/* For the application ---------------------------------------------------------- */

static bool is_table(const struct godwit_rpc_method *table, size_t count) {
  if (table == NULL) return count == 0;
  for (size_t i = 0; i < count; i++) {
    if (table[i].name == NULL || table[i].name[0] == '\0' || table[i].call == NULL) return false;
  }
  return true;
}

int godwit_rpc_start(struct godwit_rpc *rpc, struct godwit_client *client,
                     const struct godwit_rpc_method *table, size_t count) {
  if (rpc == NULL || client == NULL || !is_table(table, count)) return GODWIT_ERR_ARGUMENT;
  if (godwit_client_has_service(client, &rpc->service)) return GODWIT_ERR_STATE;
  memset(rpc, 0, sizeof *rpc);
  rpc->client = client;
  rpc->table = table;
  rpc->count = count;
  rpc->service = (struct godwit_service){.run = send_answers, .arg = rpc, .due_ms = UINT64_MAX};
  rpc->observation = (struct godwit_request){
      .method = GODWIT_GET,
      .path = CALLS_PATH,
      .content_format = GODWIT_FORMAT_NONE,
      .accept = GODWIT_FORMAT_CBOR,
      .observe = true,
      .on_response = on_call,
      .arg = rpc,
  };
  int status = godwit_client_add_service(client, &rpc->service);
  return status < 0 ? status : godwit_client_request(client, &rpc->observation);
}

void godwit_rpc_stop(struct godwit_rpc *rpc) {
  struct godwit_client *client = rpc->client;
  if (client == NULL) return;
  rpc->client = NULL;
  godwit_client_cancel(client, &rpc->observation);
  godwit_client_cancel(client, &rpc->answer_request);
  godwit_client_remove_service(client, &rpc->service);
}
