/* SPDX-License-Identifier: Apache-2.0 */
/* Block transfer between one client and one server, made of nothing but wire/,
 * over a link that loses, doubles, delays and reorders datagrams. Time is
 * simulated; everything follows from the seed: GODWIT_TEST_SEED=N runs that one
 * alone and the failing seed is printed. */
#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/test.h"
#include "wire/block.h"
#include "wire/coap.h"
#include "wire/exchange.h"

#define SEEDS 4000u
#define CONTENT_MAX (40u * 1024)
#define IN_FLIGHT_MAX 256u
#define NEVER UINT64_MAX
#define EVENTS_MAX 200000u /* a transfer that takes more has hung */

/* ---- Chance ---- */

static uint32_t chance_state;

static uint32_t chance(void) {
  chance_state ^= chance_state << 13;
  chance_state ^= chance_state >> 17;
  chance_state ^= chance_state << 5;
  return chance_state;
}

static void chance_seed(uint32_t seed) {
  chance_state = seed * 2654435761u + 1;
  for (int i = 0; i < 8; i++) chance();
}

static bool happens(unsigned percent) { return chance() % 100 < percent; }

/* ---- One direction of the link ---- */

struct datagram {
  uint64_t due_ms; /* 0: free */
  uint64_t record;
  size_t size;
  uint8_t data[GW_COAP_DATAGRAM_MAX];
};

struct link {
  struct datagram in_flight[IN_FLIGHT_MAX];
  unsigned loss_percent;
  unsigned copy_percent;
  uint32_t jitter_ms;
  unsigned straggler_percent; /* delayed by seconds while the others pass */
  uint64_t next_record;
  bool replay_window; /* as DTLS has one: RFC 6347 4.1.2.6 */
  uint64_t highest;
  uint64_t seen; /* bit n: record highest - n came */
};

static void link_put(struct link *link, const uint8_t *data, size_t size, uint64_t now_ms) {
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *slot = &link->in_flight[i];
    if (slot->due_ms != 0) continue;
    slot->due_ms = now_ms + 1 + chance() % link->jitter_ms;
    if (happens(link->straggler_percent)) slot->due_ms += chance() % 10000;
    slot->record = link->next_record;
    slot->size = size;
    memcpy(slot->data, data, size);
    return;
  }
  /* A full link loses, as real ones do. */
}

static void link_send(struct link *link, const uint8_t *data, size_t size, uint64_t now_ms) {
  link->next_record++;
  while (!happens(link->loss_percent)) {
    link_put(link, data, size, now_ms);
    if (!happens(link->copy_percent)) break;
  }
}

static struct datagram *link_first(struct link *link) {
  struct datagram *first = NULL;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *slot = &link->in_flight[i];
    if (slot->due_ms != 0 && (!first || slot->due_ms < first->due_ms)) first = slot;
  }
  return first;
}

static bool passes_replay_window(struct link *link, uint64_t record) {
  if (!link->replay_window) return true;
  if (record > link->highest) {
    uint64_t ahead = record - link->highest;
    link->seen = ahead >= 64 ? 0 : link->seen << ahead;
    link->highest = record;
  }
  uint64_t behind = link->highest - record;
  if (behind >= 64 || (link->seen >> behind & 1)) return false;
  link->seen |= 1ull << behind;
  return true;
}

/* ---- The two ends ---- */

struct sim {
  struct link up;
  struct link down;
  uint64_t now_ms;
  bool upload;
  uint8_t content[CONTENT_MAX];
  size_t content_size;
  uint8_t arrived[CONTENT_MAX + 1024]; /* at the client or at the server */
  uint64_t arrived_size;

  /* client: one request outstanding, one token for the whole transfer */
  struct gw_retransmit retransmit;
  struct gw_block2_receiver receiver;
  struct gw_block1_sender sender;
  uint8_t request[GW_COAP_DATAGRAM_MAX];
  size_t request_size;
  uint16_t message_id;
  bool finished;
  unsigned reboots_left;
  unsigned give_ups;
  unsigned restarts; /* uploads begun again after 4.08 */

  /* server */
  struct gw_dedup dedup;
  struct gw_block1_receiver assembly;
  uint8_t server_szx; /* answers with blocks no larger than this */
  unsigned completions;
};

static const uint8_t token[8] = {0x68, 0xb3, 0x59, 0xac, 0xc6, 0xe3, 0xf1, 0x78};

static void write_request(struct sim *sim, struct gw_coap_writer *writer) {
  gw_coap_writer_begin(writer, sim->request, sizeof sim->request, GW_COAP_CON,
                       sim->upload ? GW_COAP_POST : GW_COAP_GET, ++sim->message_id, token,
                       sizeof token);
  gw_coap_writer_path(writer, sim->upload ? ".s/audio" : ".u/c/model@1.1.0");
  if (!sim->upload) {
    gw_coap_writer_option_uint(writer, GW_COAP_OPT_BLOCK2,
                               gw_block_encode(gw_block2_receiver_next(&sim->receiver)));
    return;
  }
  struct gw_block_slice slice;
  assert_true(gw_block1_sender_next(&sim->sender, &slice));
  gw_coap_writer_option_uint(writer, GW_COAP_OPT_BLOCK1, gw_block_encode(slice.block));
  gw_coap_writer_payload(writer, sim->content + slice.offset, slice.size);
}

static void client_request(struct sim *sim) {
  struct gw_coap_writer writer;
  write_request(sim, &writer);
  int size = gw_coap_writer_finish(&writer);
  assert_true(size > 0);
  sim->request_size = (size_t)size;
  link_send(&sim->up, sim->request, sim->request_size, sim->now_ms);
  gw_retransmit_start(&sim->retransmit, sim->now_ms, chance());
}

/* Loses all but what was stored: whole blocks of the largest size. */
static void client_reboot(struct sim *sim) {
  sim->reboots_left--;
  uint64_t stored = sim->receiver.offset / 1024 * 1024;
  assert_int_equal(gw_block2_receiver_init(&sim->receiver, stored, sim->receiver.szx), GW_OK);
  sim->arrived_size = stored;
}

static void client_take_download(struct sim *sim, const struct gw_coap_message *response) {
  uint32_t value;
  struct gw_block block;
  bool has_block = gw_coap_option_uint(response, GW_COAP_OPT_BLOCK2, &value);
  if (has_block) assert_int_equal(gw_block_decode(value, &block), GW_OK);
  assert_int_equal(response->code, GW_COAP_CONTENT);
  int taken =
      gw_block2_receiver_accept(&sim->receiver, has_block ? &block : NULL, response->payload_size);
  assert_true(taken >= 0);
  if (taken > 0) memcpy(sim->arrived + sim->arrived_size, response->payload, (size_t)taken);
  sim->arrived_size += (uint64_t)taken;
  sim->finished = sim->receiver.done;
  if (!sim->finished && sim->reboots_left > 0 && happens(10)) client_reboot(sim);
}

static void client_take_upload(struct sim *sim, const struct gw_coap_message *response) {
  uint32_t value;
  struct gw_block block;
  struct gw_block_slice slice;
  if (response->code == GW_COAP_REQUEST_INCOMPLETE) {
    sim->restarts++;
    gw_block1_sender_init(&sim->sender, sim->content_size, sim->sender.szx);
    return;
  }
  bool has_block = gw_coap_option_uint(response, GW_COAP_OPT_BLOCK1, &value);
  if (has_block) assert_int_equal(gw_block_decode(value, &block), GW_OK);
  assert_int_equal(gw_block1_sender_acked(&sim->sender, has_block ? &block : NULL), GW_OK);
  sim->finished = !gw_block1_sender_next(&sim->sender, &slice);
}

static void client_receive(struct sim *sim, const uint8_t *data, size_t size) {
  struct gw_coap_message response;
  assert_int_equal(gw_coap_parse(data, size, &response), GW_OK);
  assert_int_equal(response.token_length, sizeof token);
  assert_memory_equal(response.token, token, sizeof token);
  if (!sim->retransmit.active || response.message_id != sim->message_id) return; /* late copy */
  gw_retransmit_stop(&sim->retransmit);
  if (sim->upload) client_take_upload(sim, &response);
  if (!sim->upload) client_take_download(sim, &response);
  if (!sim->finished) client_request(sim);
}

static void client_timer(struct sim *sim) {
  switch (gw_retransmit_poll(&sim->retransmit, sim->now_ms)) {
    case GW_RETRANSMIT_SEND:
      link_send(&sim->up, sim->request, sim->request_size, sim->now_ms);
      break;
    case GW_RETRANSMIT_GIVE_UP: /* the same block again, with a new message id */
      sim->give_ups++;
      client_request(sim);
      break;
    case GW_RETRANSMIT_WAIT:
      break;
  }
}

static void server_answer_block2(struct sim *sim, const struct gw_coap_message *request,
                                 struct gw_coap_writer *writer) {
  uint32_t value;
  struct gw_block block;
  struct gw_block_slice slice;
  assert_true(gw_coap_option_uint(request, GW_COAP_OPT_BLOCK2, &value));
  assert_int_equal(gw_block_decode(value, &block), GW_OK);
  if (block.szx > sim->server_szx) { /* a server that shrinks, numbering in its own size */
    block.num <<= block.szx - sim->server_szx;
    block.szx = sim->server_szx;
  }
  assert_int_equal(gw_block2_slice(block, sim->content_size, &slice), GW_OK);
  gw_coap_writer_option_uint(writer, GW_COAP_OPT_BLOCK2, gw_block_encode(slice.block));
  gw_coap_writer_payload(writer, sim->content + slice.offset, slice.size);
}

static void assert_arrived_whole(const struct sim *sim) {
  assert_int_equal(sim->arrived_size, sim->content_size);
  assert_memory_equal(sim->arrived, sim->content, sim->content_size);
}

/* Returns the response code. */
static uint8_t server_take_block1(struct sim *sim, const struct gw_coap_message *request,
                                  struct gw_block block) {
  if (block.num == 0) sim->arrived_size = 0;
  int taken = gw_block1_receiver_accept(&sim->assembly, block, request->payload_size);
  if (taken == GW_ERR_ORDER) return GW_COAP_REQUEST_INCOMPLETE;
  assert_true(taken >= 0);
  if (taken > 0) memcpy(sim->arrived + sim->arrived_size, request->payload, (size_t)taken);
  sim->arrived_size += (uint64_t)taken;
  if (sim->assembly.done && (taken > 0 || block.num == 0)) {
    sim->completions++;
    assert_arrived_whole(sim);
  }
  return sim->assembly.done ? GW_COAP_CHANGED : GW_COAP_CONTINUE;
}

static void begin_answer(struct gw_coap_writer *writer, uint8_t *buffer, size_t size, uint8_t code,
                         const struct gw_coap_message *request) {
  gw_coap_writer_begin(writer, buffer, size, GW_COAP_ACK, code, request->message_id, request->token,
                       request->token_length);
}

static void server_answer_block1(struct sim *sim, const struct gw_coap_message *request,
                                 struct gw_coap_writer *writer, uint8_t *buffer, size_t size) {
  uint32_t value;
  struct gw_block block;
  uint8_t code = gw_dedup_find(&sim->dedup, request->message_id, sim->now_ms);
  assert_true(gw_coap_option_uint(request, GW_COAP_OPT_BLOCK1, &value));
  assert_int_equal(gw_block_decode(value, &block), GW_OK);
  if (code == 0) {
    code = server_take_block1(sim, request, block);
    gw_dedup_remember(&sim->dedup, request->message_id, code, sim->now_ms);
  }
  begin_answer(writer, buffer, size, code, request);
  if (block.szx > sim->server_szx) block.szx = sim->server_szx;
  if (happens(50)) gw_coap_writer_option_uint(writer, GW_COAP_OPT_BLOCK1, gw_block_encode(block));
}

static void server_receive(struct sim *sim, const uint8_t *data, size_t size) {
  struct gw_coap_message request;
  struct gw_coap_writer writer;
  uint8_t buffer[GW_COAP_DATAGRAM_MAX];
  assert_int_equal(gw_coap_parse(data, size, &request), GW_OK);
  if (sim->upload) {
    server_answer_block1(sim, &request, &writer, buffer, sizeof buffer);
  } else {
    begin_answer(&writer, buffer, sizeof buffer, GW_COAP_CONTENT, &request);
    server_answer_block2(sim, &request, &writer);
  }
  int answer_size = gw_coap_writer_finish(&writer);
  assert_true(answer_size > 0);
  link_send(&sim->down, buffer, (size_t)answer_size, sim->now_ms);
}

/* ---- The run ---- */

static uint64_t due_of(const struct datagram *datagram) {
  return datagram ? datagram->due_ms : NEVER;
}

static void deliver(struct sim *sim, struct link *link, struct datagram *datagram,
                    void (*receive)(struct sim *, const uint8_t *, size_t)) {
  struct datagram taken = *datagram;
  datagram->due_ms = 0;
  sim->now_ms = taken.due_ms;
  if (passes_replay_window(link, taken.record)) receive(sim, taken.data, taken.size);
}

static void run_event(struct sim *sim) {
  struct datagram *up = link_first(&sim->up);
  struct datagram *down = link_first(&sim->down);
  uint64_t timer_ms = sim->retransmit.active ? sim->retransmit.next_ms : NEVER;
  if (timer_ms <= due_of(up) && timer_ms <= due_of(down)) {
    sim->now_ms = timer_ms;
    client_timer(sim);
  } else if (due_of(up) <= due_of(down)) {
    deliver(sim, &sim->up, up, server_receive);
  } else {
    deliver(sim, &sim->down, down, client_receive);
  }
}

static void set_up(struct sim *sim, uint32_t seed, bool upload, bool replay_window) {
  memset(sim, 0, sizeof *sim);
  chance_seed(seed);
  uint8_t szx = (uint8_t)(chance() % (GW_BLOCK_SZX_MAX + 1));
  sim->upload = upload;
  sim->content_size = chance() % (40u * (16u << szx));
  if (happens(20)) sim->content_size &= ~(size_t)((16u << szx) - 1); /* ends with a full block */
  for (size_t i = 0; i < sim->content_size; i++) sim->content[i] = (uint8_t)chance();
  struct link *links[] = {&sim->up, &sim->down};
  for (size_t i = 0; i < 2; i++) {
    links[i]->loss_percent = chance() % 40;
    links[i]->copy_percent = chance() % 30;
    links[i]->jitter_ms = 1 + chance() % (happens(50) ? 50 : 6000);
    links[i]->straggler_percent = chance() % 10;
    links[i]->replay_window = replay_window;
  }
  sim->now_ms = chance();
  sim->message_id = (uint16_t)chance();
  sim->server_szx = happens(30) ? (uint8_t)(chance() % (szx + 1u)) : (uint8_t)GW_BLOCK_SZX_MAX;
  assert_int_equal(gw_block2_receiver_init(&sim->receiver, 0, szx), GW_OK);
  gw_block1_sender_init(&sim->sender, sim->content_size, szx);
  gw_block1_receiver_init(&sim->assembly, CONTENT_MAX);
}

static void run(struct sim *sim) {
  client_request(sim);
  for (unsigned events = 0; !sim->finished; events++) {
    if (events == EVENTS_MAX) fail_msg("no end after %u events", events);
    run_event(sim);
  }
}

/* Calls check for each seed; a failing one is the last line printed. */
static void for_each_seed(void (*check)(struct sim *sim, uint32_t seed)) {
  static struct sim sim;
  const char *given = getenv("GODWIT_TEST_SEED");
  uint32_t first = given ? (uint32_t)strtoul(given, NULL, 0) : 1;
  uint32_t last = given ? first : SEEDS;
  for (uint32_t seed = first; seed <= last; seed++) {
    fprintf(stderr, "%sseed %u", seed == first ? "" : "\r", seed);
    check(&sim, seed);
  }
  fprintf(stderr, "\n");
}

static void check_download(struct sim *sim, uint32_t seed) {
  set_up(sim, seed, false, happens(50));
  run(sim);
  assert_arrived_whole(sim);
}

TEST(download_over_a_link_that_loses_doubles_and_reorders_arrives_whole) {
  for_each_seed(check_download);
}

static void check_download_with_reboots(struct sim *sim, uint32_t seed) {
  set_up(sim, seed, false, true);
  sim->reboots_left = 5;
  run(sim);
  assert_arrived_whole(sim);
}

TEST(download_resumed_after_reboots_arrives_whole) { for_each_seed(check_download_with_reboots); }

static void check_upload_behind_dtls(struct sim *sim, uint32_t seed) {
  set_up(sim, seed, true, true);
  run(sim);
  assert_arrived_whole(sim);
  assert_int_equal(sim->restarts, 0);
  /* A lone block 0 under a new message id is a new upload, to any server. */
  bool one_block = sim->content_size <= 16u << sim->sender.szx;
  assert_in_range(sim->completions, 1, one_block ? 1 + sim->give_ups : 1);
}

/* The de-duplication list is as long as DTLS's window: no copy that passes the
 * one is unknown to the other, so an upload never has to begin again. */
TEST(upload_behind_dtls_arrives_whole_and_exactly_once) { for_each_seed(check_upload_behind_dtls); }

static void check_upload_on_bare_udp(struct sim *sim, uint32_t seed) {
  set_up(sim, seed, true, false);
  run(sim);
  assert_true(sim->completions >= 1);
}

TEST(upload_on_bare_udp_arrives_whole_or_begins_again) { for_each_seed(check_upload_on_bare_udp); }
