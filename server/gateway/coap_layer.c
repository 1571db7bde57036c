/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP over one session (RFC 7252 section 4 and 5): what comes is a request, an
 * answer to something of ours, or neither. Each request gets exactly one
 * answer, piggybacked on the ACK when it was confirmable: published clients
 * take an empty ACK for an error, so there are no separate responses. */
#include <string.h>

#include "server/gateway/internal.h"
#include "wire/block.h"
#include "wire/observe.h"

#define REQUEST_COST 100u /* hundredths, see struct device */
#define CHEAP_COST 1u

/* ---- sending ---- */

static void send_writer(struct session *session, struct gw_coap_writer *writer) {
  int size = gw_coap_writer_finish(writer);
  if (size > 0) session_send(session, writer->buffer, (size_t)size);
}

static void send_empty(struct session *session, enum gw_coap_type type, uint16_t message_id) {
  uint8_t buffer[GW_COAP_HEADER_SIZE];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, type, GW_COAP_EMPTY, message_id, NULL, 0);
  send_writer(session, &writer);
}

/* CON is answered in the ACK, NON by a NON with a message id of our own. */
static void begin_answer(struct session *session, struct gw_coap_writer *writer, uint8_t *buffer,
                         enum gw_coap_type request_type, uint8_t code, uint16_t message_id,
                         const uint8_t *token, size_t token_length) {
  bool confirmable = request_type == GW_COAP_CON;
  gw_coap_writer_begin(writer, buffer, GW_COAP_DATAGRAM_MAX,
                       confirmable ? GW_COAP_ACK : GW_COAP_NON, code,
                       confirmable ? message_id : session->next_message_id++, token, token_length);
}

/* Success of a block names the block, with its own size (RFC 7959 2.2). */
static bool echoes_block1(const struct gw_coap_message *request, uint8_t code, uint32_t *block1) {
  return code >> 5 == 2 && gw_coap_option_uint(request, GW_COAP_OPT_BLOCK1, block1);
}

static void send_code(struct session *session, const struct gw_coap_message *request,
                      uint8_t code) {
  uint8_t buffer[GW_COAP_DATAGRAM_MAX];
  struct gw_coap_writer writer;
  uint32_t block1;
  begin_answer(session, &writer, buffer, request->type, code, request->message_id, request->token,
               request->token_length);
  if (echoes_block1(request, code, &block1))
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, block1);
  send_writer(session, &writer);
}

/* ---- answers that wait for the commit ---- */

static struct waiting_answer *find_waiting(struct session *session, uint16_t message_id) {
  struct srv_gateway *gateway = session->gateway;
  for (size_t i = 0; i < gateway->waiting_count; i++) {
    struct waiting_answer *answer = &gateway->waiting[i];
    if (answer->session == session && answer->message_id == message_id) return answer;
  }
  return NULL;
}

static void wait_for_commit(struct session *session, const struct gw_coap_message *request,
                            uint8_t code) {
  struct srv_gateway *gateway = session->gateway;
  struct waiting_answer *answer = &gateway->waiting[gateway->waiting_count++];
  *answer = (struct waiting_answer){.session = session,
                                    .message_id = request->message_id,
                                    .type = (uint8_t)request->type,
                                    .code = code,
                                    .token_length = request->token_length};
  memcpy(answer->token, request->token, sizeof answer->token);
  answer->has_block1 = echoes_block1(request, code, &answer->block1);
  if (gateway->waiting_count == WAITING_ANSWERS_MAX) (void)coap_commit_early(gateway);
}

bool coap_commit_early(struct srv_gateway *gateway) {
  bool saved = srv_core_batch_commit(gateway->core) == SRV_OK;
  coap_send_waiting(gateway, saved);
  srv_core_batch_begin(gateway->core);
  return saved;
}

void coap_send_waiting(struct srv_gateway *gateway, bool saved) {
  for (size_t i = 0; i < gateway->waiting_count; i++) {
    const struct waiting_answer *answer = &gateway->waiting[i];
    struct session *session = answer->session;
    if (session == NULL) continue;
    uint8_t buffer[GW_COAP_DATAGRAM_MAX];
    struct gw_coap_writer writer;
    begin_answer(session, &writer, buffer, answer->type,
                 saved ? answer->code : GW_COAP_INTERNAL_ERROR, answer->message_id, answer->token,
                 answer->token_length);
    if (answer->has_block1 && saved)
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, answer->block1);
    send_writer(session, &writer);
    streams_committed(session, saved);
    /* What was lost may be tried again with the same message id. */
    if (saved)
      gw_dedup_remember(&session->dedup, answer->message_id, answer->code, gateway->now_ms);
  }
  gateway->waiting_count = 0;
  dtls_committed(gateway, saved);
}

void coap_forget_session(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  for (size_t i = 0; i < gateway->waiting_count; i++)
    if (gateway->waiting[i].session == session) gateway->waiting[i].session = NULL;
  observe_cancel_all(session);
  streams_forget_session(session);
  csr_forget_session(session);
}

/* ---- requests ---- */

static bool is_idempotent(uint8_t method) { return method == GW_COAP_GET; }

/* True when the request was seen before and needs no more than what this
 * sends. GET is simply served again: it changes nothing. */
static bool answer_duplicate(struct session *session, const struct gw_coap_message *request) {
  struct srv_gateway *gateway = session->gateway;
  if (find_waiting(session, request->message_id) != NULL) { /* twice in one batch */
    gateway->stats.duplicates++;
    return true;
  }
  if (is_idempotent(request->code)) return false;
  uint8_t code = gw_dedup_find(&session->dedup, request->message_id, gateway->now_ms);
  if (code == 0) return false;
  gateway->stats.duplicates++;
  if (request->type == GW_COAP_CON) send_code(session, request, code);
  return true;
}

/* Token bucket of the device, over all its sessions; holds two seconds' worth. */
static bool within_budget(struct session *session, uint32_t cost) {
  const struct srv_gateway *gateway = session->gateway;
  struct device *device = session->device;
  uint64_t limit = (uint64_t)gateway->config.requests_per_second * REQUEST_COST * 2;
  uint64_t elapsed_ms = gateway->now_ms - device->budget_ms;
  uint64_t gained = elapsed_ms > 2000 ? limit : elapsed_ms * (limit / 2) / 1000;
  if (gained > 0) device->budget_ms = gateway->now_ms;
  uint64_t tokens = device->tokens + gained;
  if (tokens > limit) tokens = limit;
  bool enough = tokens >= cost;
  device->tokens = (uint32_t)(enough ? tokens - cost : tokens);
  return enough;
}

static void spend(struct device *device, uint32_t cost) {
  device->tokens -= device->tokens < cost ? device->tokens : cost;
}

static uint8_t read_block2(const struct gw_coap_message *request, bool *present,
                           struct gw_block *block) {
  uint32_t value;
  *present = gw_coap_option_uint(request, GW_COAP_OPT_BLOCK2, &value);
  if (!*present) {
    *block = (struct gw_block){.num = 0, .szx = GW_BLOCK_SZX_MAX};
    return 0;
  }
  return gw_block_decode(value, block) == GW_OK ? 0 : GW_COAP_BAD_REQUEST;
}

/* Writes the answer with the representation, or that block of it which was
 * asked for. The block size is the client's: a smaller one would make
 * published clients skip bytes. */
static void send_representation(const struct request *from, struct response *response) {
  struct session *session = from->session;
  const struct gw_coap_message *request = from->message;
  bool block_wanted, observed = false;
  struct gw_block block;
  struct gw_block_slice slice;
  uint32_t observe, block1, sequence = 0;
  uint8_t code = read_block2(request, &block_wanted, &block);
  if (code == 0 && gw_block2_slice(block, response->payload_size, &slice) != GW_OK)
    code = GW_COAP_BAD_REQUEST; /* beyond the end */
  if (code != 0) {
    send_code(session, request, code);
    return;
  }
  if (response->observable != NULL && block.num == 0 &&
      gw_coap_option_uint(request, GW_COAP_OPT_OBSERVE, &observe)) {
    if (observe == GW_OBSERVE_REGISTER)
      observed =
          observe_register(session, request, response->observable, from->rest, response->format,
                           response->payload, response->payload_size, &sequence);
    else if (observe == GW_OBSERVE_CANCEL)
      observe_cancel(session, request->token, request->token_length);
  }
  uint8_t buffer[GW_COAP_DATAGRAM_MAX];
  struct gw_coap_writer writer;
  begin_answer(session, &writer, buffer, request->type, response->code, request->message_id,
               request->token, request->token_length);
  if (observed) gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, sequence);
  if (response->format != FORMAT_NONE)
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, response->format);
  if (block_wanted || response->payload_size > PAYLOAD_MAX)
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK2, gw_block_encode(slice.block));
  if (echoes_block1(request, response->code, &block1))
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, block1);
  gw_coap_writer_payload(&writer, response->payload + slice.offset, slice.size);
  send_writer(session, &writer);
  if (response->block_sent != NULL)
    response->block_sent(from, slice.offset + slice.size, response->payload_size);
}

static void send_response(const struct request *request, struct response *response) {
  struct session *session = request->session;
  const struct gw_coap_message *message = request->message;
  if (response->deferred) return;
  if (response->wrote)
    wait_for_commit(session, message, response->code);
  else if (response->payload != NULL)
    send_representation(request, response);
  else
    send_code(session, message, response->code);
  if (response->code == GW_COAP_CONTINUE) /* a late copy of block 0 would begin it anew */
    gw_dedup_remember(&session->dedup, message->message_id, response->code,
                      session->gateway->now_ms);
  if (response->blob.data != NULL) srv_core_release_blob(session->gateway->core, &response->blob);
}

void coap_respond(const struct request *request, struct response *response) {
  send_response(request, response);
}

static void handle_request(struct session *session, const struct gw_coap_message *message) {
  struct srv_gateway *gateway = session->gateway;
  char path[PATH_MAX_SIZE];
  struct request request = {.gateway = gateway, .session = session, .message = message};
  struct response response = {.code = GW_COAP_NOT_FOUND, .format = FORMAT_NONE};
  gateway->stats.requests++;
  if (answer_duplicate(session, message)) return;

  route_handler handler = NULL;
  if (gw_coap_path(message, path, sizeof path) >= 0)
    handler = route_find(path, message->code, &request.rest, &response.code);
  bool cheap = handler != NULL && route_is_cheap(handler, message);
  if (!within_budget(session, cheap ? CHEAP_COST : REQUEST_COST)) {
    gateway->stats.rate_limited++;
    response.code = GW_COAP_TOO_MANY_REQUESTS;
  } else if (gw_coap_unknown_critical_option(message) != 0) {
    response.code = GW_COAP_BAD_OPTION;
  } else if (handler != NULL) {
    handler(&request, &response);
    /* Only what is there is cheap: looking for what is not costs a query. */
    if (cheap && response.code >> 5 != 2) spend(session->device, REQUEST_COST - CHEAP_COST);
  }
  send_response(&request, &response);
}

/* ---- what comes ---- */

static void handle_empty(struct session *session, const struct gw_coap_message *message) {
  switch (message->type) {
    case GW_COAP_CON: /* a ping */
    case GW_COAP_NON: /* Zephyr's keepalive: it wants to hear anything at all */
      send_empty(session, GW_COAP_RST, message->message_id);
      break;
    case GW_COAP_ACK:
      observe_acknowledged(session, message->message_id);
      break;
    case GW_COAP_RST: /* libcoap's answer to a ping as well, which then matches nothing */
      observe_rejected(session, message->message_id);
      break;
  }
}

static void handle_malformed(struct session *session, const uint8_t *datagram, size_t size,
                             const struct gw_coap_message *message) {
  session->gateway->stats.malformed++;
  bool version_1 = size >= GW_COAP_HEADER_SIZE && datagram[0] >> 6 == 1;
  if (version_1 && message->type == GW_COAP_CON)
    send_empty(session, GW_COAP_RST, message->message_id);
}

void coap_receive(struct session *session, const uint8_t *datagram, size_t size) {
  struct gw_coap_message message = {.code = 0};
  if (gw_coap_parse(datagram, size, &message) != GW_OK) {
    handle_malformed(session, datagram, size, &message);
    return;
  }
  bool is_request = message.code >> 5 == 0 && message.code != GW_COAP_EMPTY;
  bool can_be_request = message.type == GW_COAP_CON || message.type == GW_COAP_NON;
  if (message.code == GW_COAP_EMPTY)
    handle_empty(session, &message);
  else if (is_request && can_be_request)
    handle_request(session, &message);
  else if (message.type == GW_COAP_CON) /* a response to nothing, or a reserved class */
    send_empty(session, GW_COAP_RST, message.message_id);
}

/* ---- keepalive ---- */

static uint64_t ping_due_ms(const struct session *session) {
  if (session->ping.active) return session->ping.next_ms;
  if (session->quiet) return TIMER_NEVER;
  return session->sent_ms + session->gateway->config.keepalive_s * UINT64_C(1000);
}

uint64_t coap_due_ms(const struct session *session) {
  uint64_t due = ping_due_ms(session);
  uint64_t others[] = {observe_due_ms(session), streams_due_ms(session)};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (others[i] < due) due = others[i];
  return due;
}

/* A device with a Connection ID may sleep: leave it in peace until it speaks
 * or its idle time is over. Another one has lost its way to us. */
static void peer_is_mute(struct session *session) {
  gw_retransmit_stop(&session->ping);
  if (session->has_cid)
    session->quiet = true;
  else
    session_end(session, true);
}

static void ping_timer(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  if (!session->ping.active) {
    session->ping_message_id = session->next_message_id++;
    gw_retransmit_start(&session->ping, gateway->now_ms, gateway_random(gateway));
    send_empty(session, GW_COAP_CON, session->ping_message_id);
    return;
  }
  switch (gw_retransmit_poll(&session->ping, gateway->now_ms)) {
    case GW_RETRANSMIT_WAIT:
      break;
    case GW_RETRANSMIT_SEND:
      gateway->stats.retransmissions++;
      send_empty(session, GW_COAP_CON, session->ping_message_id);
      break;
    case GW_RETRANSMIT_GIVE_UP:
      peer_is_mute(session);
      break;
  }
}

void coap_timer(struct session *session) {
  uint64_t now_ms = session->gateway->now_ms;
  if (now_ms >= streams_due_ms(session)) streams_timer(session);
  if (now_ms >= observe_due_ms(session) && !observe_timer(session)) {
    peer_is_mute(session);
    if (session->state != SESSION_OPEN) return;
  }
  if (now_ms >= ping_due_ms(session)) ping_timer(session);
}
