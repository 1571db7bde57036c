/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers of a connected client: message layer and
 * request/response layer of RFC 7252, Observe (7641), Block2 (7959). */
#include <string.h>

#include "client_internal.h"
#include "platform/clock.h"
#include "window.h"
#include "wire/block.h"
#include "wire/observe.h"

#define TOKEN_SIZE 4u
#define RECEIVE_BURST 16u       /* datagrams taken in one poll */
#define RTO_MIN_MS 500u         /* a block is not sent again earlier */
#define OBSERVE_RETRY_MS 60000u /* after the server refused or ended an observation */

/* The list ------------------------------------------------------------------ */

static void append(struct godwit_client *client, struct godwit_request *request) {
  struct godwit_request **link = &client->requests;
  while (*link != NULL) link = &(*link)->internal.next;
  request->internal.next = NULL;
  *link = request;
}

static bool unlink_request(struct godwit_client *client, const struct godwit_request *request) {
  for (struct godwit_request **link = &client->requests; *link != NULL;
       link = &(*link)->internal.next) {
    if (*link == request) {
      *link = request->internal.next;
      return true;
    }
  }
  return false;
}

static bool is_listed(const struct godwit_client *client, const struct godwit_request *request) {
  const struct godwit_request *each = client->requests;
  while (each != NULL && each != request) each = each->internal.next;
  return each != NULL;
}

static bool is_ping(const struct godwit_client *client, const struct godwit_request *request) {
  return request == &client->ping;
}

static void forget_current(struct godwit_client *client) {
  client->current = NULL;
  gw_retransmit_stop(&client->retransmit);
}

/* Takes the request out and tells its owner, who may reuse it in the callback. */
static void finish(struct godwit_client *client, struct godwit_request *request,
                   const struct godwit_response *response) {
  unlink_request(client, request);
  if (client->current == request) forget_current(client);
  if (client->suspect == request) client->suspect = NULL;
  request->internal.phase = GODWIT_REQUEST_FREE;
  if (request->on_response != NULL) request->on_response(client, response, request->arg);
}

static void fail(struct godwit_client *client, struct godwit_request *request, int status) {
  const struct godwit_response response = {
      .status = status, .content_format = GODWIT_FORMAT_NONE, .block1 = -1, .is_last = true};
  finish(client, request, &response);
}

static void give_up_request(struct godwit_client *client, struct godwit_request *request) {
  if (request->observe) {
    request->internal.phase = GODWIT_REQUEST_OBSERVING;
    request->internal.refresh_ms = godwit_platform_now_ms() + OBSERVE_RETRY_MS;
  } else {
    fail(client, request, GODWIT_ERR_TIMEOUT);
  }
}

/* A sign of life: what was in doubt is a request that is not answered. */
static void clear_suspect(struct godwit_client *client) {
  struct godwit_request *suspect = client->suspect;
  client->suspect = NULL;
  if (suspect != NULL) give_up_request(client, suspect);
}

/* Sending ------------------------------------------------------------------- */

static void write_block2(struct gw_coap_writer *writer, const struct godwit_request *request) {
  uint8_t szx = request->internal.szx;
  const struct gw_block block = {.num = request->offset >> (szx + 4u), .szx = szx};
  gw_coap_writer_option_uint(writer, GW_COAP_OPT_BLOCK2, gw_block_encode(block));
}

static int encode(struct godwit_client *client, const struct godwit_request *request) {
  struct gw_coap_writer writer;
  uint8_t token[TOKEN_SIZE];
  memcpy(token, &request->internal.token, TOKEN_SIZE);
  bool ping = is_ping(client, request);
  gw_coap_writer_begin(&writer, client->send_buffer, sizeof client->send_buffer, GW_COAP_CON,
                       ping ? GW_COAP_EMPTY : (uint8_t)request->method,
                       request->internal.message_id, token, ping ? 0 : TOKEN_SIZE);
  if (!ping) {
    if (request->observe) {
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, GW_OBSERVE_REGISTER);
    }
    gw_coap_writer_path(&writer, request->path);
    bool has_content = request->payload_size > 0 || request->internal.is_block1;
    if (has_content && request->content_format >= 0) {
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT,
                                 (uint32_t)request->content_format);
    }
    if (request->accept >= 0) {
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_ACCEPT, (uint32_t)request->accept);
    }
    if (request->blockwise) write_block2(&writer, request);
    if (request->internal.is_block1) {
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, request->internal.block1);
    }
    if (request->internal.size1 > 0) {
      gw_coap_writer_option_uint(&writer, GW_COAP_OPT_SIZE1, request->internal.size1);
    }
    if (request->payload_size > 0) {
      gw_coap_writer_payload(&writer, request->payload, request->payload_size);
    }
  }
  return gw_coap_writer_finish(&writer);
}

bool godwit_exchange_send(struct godwit_client *client, const struct godwit_request *request) {
  int size = encode(client, request);
  if (size > 0 && godwit_dtls_send(&client->dtls, client->send_buffer, (size_t)size) == GODWIT_OK) {
    return true;
  }
  godwit_client_lose_session(client, GODWIT_ERR_CONNECTION);
  return false;
}

static void send_empty(struct godwit_client *client, enum gw_coap_type type, uint16_t message_id) {
  uint8_t message[GW_COAP_HEADER_SIZE];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, message, sizeof message, type, GW_COAP_EMPTY, message_id, NULL, 0);
  int size = gw_coap_writer_finish(&writer);
  /* A failure shows with the next message of our own. */
  if (size > 0) (void)godwit_dtls_send(&client->dtls, message, (size_t)size);
}

/* The upper half of all tokens is the downloads'. */
uint32_t godwit_exchange_new_token(struct godwit_client *client) {
  return client->next_token++ & INT32_MAX;
}

static struct godwit_request *next_queued(const struct godwit_client *client) {
  if (client->ping.internal.phase == GODWIT_REQUEST_QUEUED) {
    return (struct godwit_request *)&client->ping;
  }
  struct godwit_request *request = client->requests;
  while (request != NULL && request->internal.phase != GODWIT_REQUEST_QUEUED) {
    request = request->internal.next;
  }
  return request;
}

/* Round trips ---------------------------------------------------------------- */

static void forget_round_trips(struct godwit_client *client) {
  client->srtt_ms = client->rttvar_ms = client->rto_ms = 0;
}

/* 0: nothing was measured in this session. */
static uint32_t measured_rto_ms(const struct godwit_client *client) {
  uint32_t rto_ms = client->srtt_ms + 4 * client->rttvar_ms;
  if (rto_ms == 0 && client->pace.measured) rto_ms = client->pace.rto_ms;
  if (rto_ms == 0) return 0;
  return rto_ms < RTO_MIN_MS ? RTO_MIN_MS : rto_ms;
}

/* RFC 6298 2. Only of messages that were sent once: of others nobody knows which
 * copy was answered (Karn). */
static void note_round_trip(struct godwit_client *client, uint64_t now_ms) {
  if (!client->retransmit.active || client->retransmit.sent_count != 1) return;
  uint32_t rtt_ms = (uint32_t)(now_ms - client->sent_ms);
  if (client->srtt_ms == 0) {
    client->srtt_ms = rtt_ms;
    client->rttvar_ms = rtt_ms / 2;
  } else {
    uint32_t srtt_ms = client->srtt_ms;
    uint32_t off_ms = rtt_ms > srtt_ms ? rtt_ms - srtt_ms : srtt_ms - rtt_ms;
    client->rttvar_ms = (3 * client->rttvar_ms + off_ms) / 4;
    client->srtt_ms = (7 * srtt_ms + rtt_ms) / 8;
  }
  client->rto_ms = measured_rto_ms(client);
}

/* Until there is another round trip to measure. */
static void double_rto(struct godwit_client *client) {
  client->rto_ms = client->rto_ms < GW_ACK_TIMEOUT_MS / 2 ? 2 * client->rto_ms : 0;
}

/* Blocks follow one another, so their round trips are known; a transfer would
 * otherwise stand for seconds at each loss. The ping that decides over the
 * session has three seconds: the more copies, the fewer sessions end for nothing. */
static void start_retransmit(struct godwit_client *client, const struct godwit_request *request,
                             uint64_t now_ms) {
  uint32_t random = godwit_client_random();
  gw_retransmit_start(&client->retransmit, now_ms, random);
  bool is_block = request->blockwise || request->internal.is_block1;
  bool decides = is_ping(client, request) && (client->suspect != NULL || client->downloads != NULL);
  uint32_t rto_ms = decides ? measured_rto_ms(client) : is_block ? client->rto_ms : 0;
  if (rto_ms == 0 || rto_ms >= GW_ACK_TIMEOUT_MS) return;
  client->retransmit.timeout_ms = rto_ms + random % (rto_ms / 2);
  client->retransmit.next_ms = now_ms + client->retransmit.timeout_ms;
}

static void send_next(struct godwit_client *client, uint64_t now_ms) {
  if (client->current != NULL) return;
  struct godwit_request *request = next_queued(client);
  if (request == NULL) return;
  request->internal.phase = GODWIT_REQUEST_SENT;
  request->internal.message_id = client->next_message_id++;
  /* A renewal keeps its token: with another one it would be one observation
   * more for the server (RFC 7641 3.3.1), until it has enough of them. A block
   * has its upload's. */
  if (!request->internal.registered && !request->internal.is_block1) {
    request->internal.token = godwit_exchange_new_token(client);
  }
  request->internal.observed = false;
  client->current = request;
  client->sent_ms = now_ms;
  /* The last third is for asking whether the server is there at all. */
  uint32_t third_ms = client->config.response_timeout_ms / 3;
  client->deadline_ms = now_ms + (is_ping(client, request) ? third_ms : 2 * third_ms);
  start_retransmit(client, request, now_ms);
  godwit_exchange_send(client, request);
}

/* Receiving ----------------------------------------------------------------- */

static void fill_response(const struct gw_coap_message *message, struct godwit_response *out) {
  uint32_t format, block1;
  *out = (struct godwit_response){
      .status = (message->code >> 5) == 2 ? GODWIT_OK : GODWIT_ERR_RESPONSE,
      .code = message->code,
      .content_format = GODWIT_FORMAT_NONE,
      .block1 = -1,
      .payload = message->payload,
      .payload_size = message->payload_size,
  };
  if (gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format)) {
    out->content_format = (int32_t)format;
  }
  if (gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &block1) && block1 <= INT32_MAX) {
    out->block1 = (int32_t)block1;
  }
}

/* GODWIT_OK, also without the option; *has_block says whether it is there. */
static int read_block2(const struct gw_coap_message *message, struct gw_block *block,
                       bool *has_block) {
  uint32_t value;
  *has_block = gw_coap_option_uint(message, GW_COAP_OPT_BLOCK2, &value);
  return *has_block && gw_block_decode(value, block) < 0 ? GODWIT_ERR_FORMAT : GODWIT_OK;
}

/* The first of several blocks is not what was asked for, and must not pass for
 * the whole. */
static void refuse_first_of_several(const struct gw_coap_message *message,
                                    struct godwit_response *response) {
  struct gw_block block;
  bool has_block;
  int status = read_block2(message, &block, &has_block);
  if (response->status != GODWIT_OK) return;
  response->has_more = status == GODWIT_OK && has_block && block.more;
  if (status < 0 || response->has_more) response->status = GODWIT_ERR_FORMAT;
}

/* GODWIT_ERR_FORMAT for anything but the one block that was asked for; it may be
 * smaller. */
static void take_block(const struct godwit_request *request, const struct gw_coap_message *message,
                       struct godwit_response *response) {
  struct gw_block block = {.szx = request->internal.szx};
  bool has_block;
  int status = read_block2(message, &block, &has_block);
  uint32_t size = gw_block_size(block);
  bool is_cut =
      has_block && (block.more ? response->payload_size != size : response->payload_size > size);
  response->offset = request->offset;
  response->has_more = block.more;
  if (response->status != GODWIT_OK) return;
  if (status < 0 || is_cut || block.szx > request->internal.szx ||
      gw_block_offset(block) != request->offset) {
    response->status = GODWIT_ERR_FORMAT;
  }
}

/* Answer to a registration, or a notification. */
static void answer_observation(struct godwit_client *client, struct godwit_request *request,
                               const struct gw_coap_message *message,
                               struct godwit_response *response, uint64_t now_ms) {
  uint32_t value;
  bool observed = gw_coap_option_uint(message, GW_COAP_OPT_OBSERVE, &value);
  if (observed && request->internal.observed &&
      !gw_observe_is_newer(request->internal.observed_value, request->internal.observed_ms, value,
                           now_ms)) {
    return;
  }
  bool alive = observed && response->status == GODWIT_OK;
  request->internal.phase = GODWIT_REQUEST_OBSERVING;
  request->internal.observed = observed;
  request->internal.registered = observed;
  request->internal.observed_value = observed ? value : 0;
  request->internal.observed_ms = now_ms;
  request->internal.refresh_ms =
      now_ms + (alive ? client->config.observe_refresh_ms : OBSERVE_RETRY_MS);
  refuse_first_of_several(message, response);
  if (request->on_response != NULL) request->on_response(client, response, request->arg);
}

static void answer_current(struct godwit_client *client, const struct gw_coap_message *message,
                           uint64_t now_ms) {
  struct godwit_request *request = client->current;
  struct godwit_response response;
  fill_response(message, &response);
  note_round_trip(client, now_ms);
  forget_current(client);
  if (request->observe) {
    answer_observation(client, request, message, &response, now_ms);
  } else {
    if (request->blockwise) {
      take_block(request, message, &response);
    } else {
      refuse_first_of_several(message, &response);
    }
    response.is_last = true;
    finish(client, request, &response);
  }
}

static bool has_token(const struct godwit_request *request, const struct gw_coap_message *message) {
  return message->token_length == TOKEN_SIZE &&
         memcmp(&request->internal.token, message->token, TOKEN_SIZE) == 0;
}

static struct godwit_request *find_observation(const struct godwit_client *client,
                                               const struct gw_coap_message *message) {
  struct godwit_request *request = client->requests;
  while (request != NULL &&
         !(request->internal.phase == GODWIT_REQUEST_OBSERVING && has_token(request, message))) {
    request = request->internal.next;
  }
  return request;
}

static void take_response(struct godwit_client *client, const struct gw_coap_message *message,
                          uint64_t now_ms) {
  struct godwit_request *current = client->current;
  bool ours = current != NULL && !is_ping(client, current) && has_token(current, message) &&
              (message->type != GW_COAP_ACK || message->message_id == current->internal.message_id);
  struct godwit_request *observation = ours ? NULL : find_observation(client, message);
  struct godwit_ota_download *download = godwit_window_find(client, message);
  bool known = ours || observation != NULL || download != NULL;
  if (message->type == GW_COAP_CON) {
    send_empty(client, known ? GW_COAP_ACK : GW_COAP_RST, message->message_id);
  } else if (message->type == GW_COAP_NON && !known) {
    send_empty(client, GW_COAP_RST, message->message_id);
  }
  if (ours) {
    answer_current(client, message, now_ms);
  } else if (observation != NULL) {
    struct godwit_response response;
    fill_response(message, &response);
    answer_observation(client, observation, message, &response, now_ms);
  } else if (download != NULL) {
    godwit_window_answer(client, download, message, now_ms);
  }
}

/* Acknowledgement without an answer, reset, or a ping of the server's. */
static void take_empty(struct godwit_client *client, const struct gw_coap_message *message,
                       uint64_t now_ms) {
  if (message->type == GW_COAP_CON) send_empty(client, GW_COAP_RST, message->message_id);
  if (message->type != GW_COAP_ACK && message->type != GW_COAP_RST) return;
  if (godwit_window_empty(client, message, now_ms)) return;
  struct godwit_request *current = client->current;
  if (current == NULL || message->message_id != current->internal.message_id) return;
  if (is_ping(client, current)) {
    current->internal.phase = GODWIT_REQUEST_FREE;
    forget_current(client);
    clear_suspect(client);
  } else if (message->type == GW_COAP_RST) {
    forget_current(client);
    if (current->observe) {
      give_up_request(client, current); /* for a while: the owner waits for news */
    } else {
      fail(client, current, GODWIT_ERR_RESPONSE);
    }
  } else { /* the answer will come in a message of its own (RFC 7252 5.2.2) */
    gw_retransmit_stop(&client->retransmit);
    client->deadline_ms = now_ms + client->config.response_timeout_ms;
  }
}

static void take_datagram(struct godwit_client *client, const uint8_t *data, size_t size,
                          uint64_t now_ms) {
  struct gw_coap_message message;
  if (gw_coap_parse(data, size, &message) != GW_OK) {
    client->stats.malformed++;
    return;
  }
  if (message.code == GW_COAP_EMPTY) {
    take_empty(client, &message, now_ms);
  } else if ((message.code >> 5) >= 2 && message.type != GW_COAP_RST) {
    take_response(client, &message, now_ms);
  } else if (message.type == GW_COAP_CON) { /* we serve nothing */
    send_empty(client, GW_COAP_RST, message.message_id);
  }
}

static void receive(struct godwit_client *client, uint64_t now_ms) {
  for (unsigned i = 0; i < RECEIVE_BURST && client->state == GODWIT_CLIENT_CONNECTED; i++) {
    int size =
        godwit_dtls_receive(&client->dtls, client->receive_buffer, sizeof client->receive_buffer);
    if (size == 0) return;
    if (size < 0) {
      godwit_client_lose_session(client, GODWIT_ERR_CONNECTION);
      return;
    }
    client->received_ms = now_ms;
    client->refusals = 0;
    take_datagram(client, client->receive_buffer, (size_t)size, now_ms);
  }
}

/* Time ---------------------------------------------------------------------- */

/* No answer. Where the server has spoken since, it is this request that it
 * does not answer; where it has not, a ping tells. */
static void give_up(struct godwit_client *client) {
  struct godwit_request *current = client->current;
  if (is_ping(client, current)) {
    godwit_client_lose_session(client, GODWIT_ERR_TIMEOUT);
    return;
  }
  forget_current(client);
  if (client->received_ms > client->sent_ms) {
    give_up_request(client, current);
  } else {
    current->internal.phase = GODWIT_REQUEST_SUSPECT;
    client->suspect = current;
    godwit_exchange_ping(client);
  }
}

static void run_timers_of_current(struct godwit_client *client, uint64_t now_ms) {
  if (client->current == NULL) return;
  enum gw_retransmit_action action = gw_retransmit_poll(&client->retransmit, now_ms);
  if (now_ms >= client->deadline_ms || action == GW_RETRANSMIT_GIVE_UP) {
    give_up(client);
  } else if (action == GW_RETRANSMIT_SEND) {
    client->stats.retransmissions++;
    double_rto(client);
    godwit_exchange_send(client, client->current);
  }
}

static void queue_due_observations(struct godwit_client *client, uint64_t now_ms) {
  for (struct godwit_request *request = client->requests; request != NULL;
       request = request->internal.next) {
    if (request->internal.phase == GODWIT_REQUEST_OBSERVING &&
        now_ms >= request->internal.refresh_ms) {
      request->internal.phase = GODWIT_REQUEST_QUEUED;
    }
  }
}

void godwit_exchange_ping(struct godwit_client *client) {
  if (client->ping.internal.phase == GODWIT_REQUEST_FREE) {
    client->ping.internal.phase = GODWIT_REQUEST_QUEUED;
  }
}

void godwit_exchange_run(struct godwit_client *client, uint64_t now_ms) {
  receive(client, now_ms);
  if (client->state != GODWIT_CLIENT_CONNECTED) return;
  run_timers_of_current(client, now_ms);
  if (client->state != GODWIT_CLIENT_CONNECTED) return;
  if (client->current == NULL && now_ms - client->received_ms >= client->config.keepalive_ms) {
    godwit_exchange_ping(client);
  }
  queue_due_observations(client, now_ms);
  send_next(client, now_ms);
  if (client->state == GODWIT_CLIENT_CONNECTED) godwit_window_run(client, now_ms);
}

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms) { return a_ms < b_ms ? a_ms : b_ms; }

uint64_t godwit_exchange_due_ms(const struct godwit_client *client) {
  uint64_t due_ms = client->received_ms + client->config.keepalive_ms;
  if (client->current != NULL) {
    due_ms = client->deadline_ms;
    if (client->retransmit.active) due_ms = earlier(due_ms, client->retransmit.next_ms);
  } else if (next_queued(client) != NULL) {
    return 0;
  }
  for (const struct godwit_request *request = client->requests; request != NULL;
       request = request->internal.next) {
    if (request->internal.phase == GODWIT_REQUEST_OBSERVING) {
      due_ms = earlier(due_ms, request->internal.refresh_ms);
    }
  }
  if (client->downloads == NULL) return due_ms;
  uint64_t now_ms = godwit_platform_now_ms();
  return earlier(due_ms, now_ms + godwit_window_wait_ms(client, now_ms));
}

/* Sessions ------------------------------------------------------------------ */

void godwit_exchange_begin_session(struct godwit_client *client) {
  client->next_token = godwit_client_random();
  forget_round_trips(client);
  godwit_window_begin_session(client);
}

void godwit_exchange_end_session(struct godwit_client *client, int status) {
  forget_current(client);
  client->suspect = NULL;
  client->ping.internal.phase = GODWIT_REQUEST_FREE;
  for (struct godwit_request *request = client->requests; request != NULL;
       request = request->internal.next) {
    request->internal.registered = false;
    if (request->observe) request->internal.phase = GODWIT_REQUEST_QUEUED;
  }
  /* Callbacks may take requests back or hand in new ones: look anew each time. */
  for (;;) {
    struct godwit_request *request = client->requests;
    while (request != NULL && request->observe) request = request->internal.next;
    if (request == NULL) break;
    fail(client, request, status == GODWIT_OK ? GODWIT_ERR_CONNECTION : status);
  }
  godwit_window_end_all(client, GODWIT_ERR_CONNECTION);
}

void godwit_exchange_cancel_all(struct godwit_client *client, int status) {
  while (client->requests != NULL) fail(client, client->requests, status);
  godwit_window_end_all(client, status);
}

/* For the application ------------------------------------------------------- */

static int check_request(const struct godwit_client *client, const struct godwit_request *request) {
  if (request == NULL || request->path == NULL) return GODWIT_ERR_ARGUMENT;
  if (request->method < GODWIT_GET || request->method > GODWIT_DELETE) return GODWIT_ERR_ARGUMENT;
  if (request->payload_size > GODWIT_PAYLOAD_MAX) return GODWIT_ERR_ARGUMENT;
  if (request->payload_size > 0 && request->payload == NULL) return GODWIT_ERR_ARGUMENT;
  bool fetches = request->observe || request->blockwise;
  if (fetches && (request->method != GODWIT_GET || request->on_response == NULL)) {
    return GODWIT_ERR_ARGUMENT;
  }
  if (request->blockwise && (request->observe || request->offset % 16u != 0)) {
    return GODWIT_ERR_ARGUMENT;
  }
  /* By address, not by phase: the phase of a fresh object means nothing yet. */
  return is_listed(client, request) ? GODWIT_ERR_STATE : GODWIT_OK;
}

static int begin_request(struct godwit_client *client, struct godwit_request *request) {
  uint8_t szx = client->config.block_szx;
  while (request->blockwise && request->offset % (16u << szx) != 0) szx--;
  request->internal.szx = szx;
  int size = request->blockwise && request->offset >> (szx + 4u) > GW_BLOCK_NUM_MAX
                 ? GODWIT_ERR_ARGUMENT
                 : encode(client, request);
  if (size < 0) return GODWIT_ERR_ARGUMENT; /* the path does not fit a datagram */
  if (client->state != GODWIT_CLIENT_CONNECTED && !request->observe) return GODWIT_ERR_CONNECTION;
  request->internal.phase = GODWIT_REQUEST_QUEUED;
  append(client, request);
  return GODWIT_OK;
}

int godwit_client_request(struct godwit_client *client, struct godwit_request *request) {
  int status = check_request(client, request);
  if (status < 0) return status;
  memset(&request->internal, 0, sizeof request->internal);
  return begin_request(client, request);
}

bool godwit_exchange_has_request(const struct godwit_client *client,
                                 const struct godwit_request *request) {
  return is_listed(client, request);
}

int godwit_exchange_request_block(struct godwit_client *client, struct godwit_request *request,
                                  uint32_t token, uint32_t block1, uint32_t size1) {
  int status = check_request(client, request);
  if (status < 0) return status;
  memset(&request->internal, 0, sizeof request->internal);
  request->internal.token = token;
  request->internal.block1 = block1;
  request->internal.size1 = size1;
  request->internal.is_block1 = true;
  return begin_request(client, request);
}

void godwit_client_cancel(struct godwit_client *client, struct godwit_request *request) {
  if (!unlink_request(client, request)) return;
  if (client->current == request) forget_current(client);
  if (client->suspect == request) client->suspect = NULL;
  request->internal.phase = GODWIT_REQUEST_FREE;
}
