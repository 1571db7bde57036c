/* SPDX-License-Identifier: Apache-2.0 */
// clang-format off
// fuzz-link: wire sdk/src/client.c sdk/src/exchange.c sdk/src/log.c sdk/src/ota.c
// fuzz-link: sdk/src/pool.c sdk/src/status.c sdk/src/text.c sdk/src/window.c
// fuzz-link: build/deps/mbedtls/library/platform.c build/deps/mbedtls/library/platform_util.c
// clang-format on
/* A download with several blocks under way, from a server that answers any of its
 * requests in any way and at any time, DTLS aside. The first bytes choose the
 * download, the others what the server does: two or three bytes a step. Whatever it
 * does: each byte is handed over once, in order where that was wished, and the end
 * is told once. */
#include <stdlib.h>
#include <string.h>

#include "godwit/ota.h"
#include "sdk/platform/clock.h"
#include "sdk/platform/datagram.h"
#include "sdk/platform/log.h"
#include "sdk/platform/random.h"
#include "sdk/src/dtls.h"
#include "wire/block.h"
#include "wire/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS 64u
#define SIZE_MAX_BYTES 24576u

static uint64_t now_ms;
static uint8_t incoming[GW_COAP_DATAGRAM_MAX];
static size_t incoming_size;
static struct request {
  uint16_t message_id;
  uint8_t token[8], token_length;
  struct gw_block block;
} requests[REQUESTS]; /* the newest ones; those that are answered stay for repeats */
static unsigned request_count;

static struct {
  struct godwit_ota_download download;
  struct godwit_ota_download_config config;
  uint8_t times[SIZE_MAX_BYTES];
  uint8_t reorder[8 * 1024];
  uint32_t next; /* in order: what must come next */
  unsigned ends;
} t;

static void check(int condition) {
  if (!condition) abort();
}

static uint8_t byte_at(uint64_t offset) { return (uint8_t)(offset * 131u >> 3); }

/* DTLS that is always there. */
int godwit_dtls_begin(struct godwit_dtls *dtls, int socket,
                      const struct godwit_dtls_config *config) {
  (void)config;
  dtls->socket = socket;
  dtls->open = true;
  return GODWIT_OK;
}
int godwit_dtls_handshake(struct godwit_dtls *dtls) {
  dtls->connection_id = true;
  return GODWIT_OK;
}
uint32_t godwit_dtls_timeout_ms(const struct godwit_dtls *dtls, uint64_t now) {
  (void)dtls, (void)now;
  return 0;
}
int godwit_dtls_send(struct godwit_dtls *dtls, const void *data, size_t size) {
  struct gw_coap_message message;
  uint32_t value;
  check(dtls->open);
  check(gw_coap_parse(data, size, &message) == GW_OK);
  if (!gw_coap_option_uint(&message, GW_COAP_OPT_BLOCK2, &value)) return GODWIT_OK;
  struct request *request = &requests[request_count++ % REQUESTS];
  *request =
      (struct request){.message_id = message.message_id, .token_length = message.token_length};
  memcpy(request->token, message.token, sizeof request->token);
  check(gw_block_decode(value, &request->block) == GW_OK);
  check(gw_block_offset(request->block) < t.config.size_bytes || request->block.num == 0);
  return GODWIT_OK;
}
int godwit_dtls_receive(struct godwit_dtls *dtls, void *data, size_t size) {
  check(dtls->open && size >= incoming_size);
  size_t taken = incoming_size;
  memcpy(data, incoming, taken);
  incoming_size = 0;
  return (int)taken;
}
int godwit_dtls_take_socket_error(struct godwit_dtls *dtls) {
  (void)dtls;
  return GODWIT_OK;
}
void godwit_dtls_move(struct godwit_dtls *dtls, int socket) { dtls->socket = socket; }
bool godwit_dtls_has_connection_id(const struct godwit_dtls *dtls) { return dtls->connection_id; }
void godwit_dtls_end(struct godwit_dtls *dtls, bool notify) {
  (void)notify;
  dtls->open = false;
}

/* The port. */
uint64_t godwit_platform_now_ms(void) { return now_ms; }
int godwit_platform_random(void *buffer, size_t size) {
  memset(buffer, 0x5A, size);
  return 0;
}
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  check(level <= GODWIT_LOG_DEBUG && strlen(line) < GODWIT_LOG_LINE_MAX);
}
int godwit_platform_datagram_open(const char *host, uint16_t port) {
  check(host != NULL && port != 0);
  return 3;
}
void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  (void)handle, (void)timeout_ms;
}
void godwit_platform_datagram_close(int handle) { (void)handle; }
int godwit_platform_datagram_send(int handle, const void *data, size_t size) {
  (void)handle, (void)data, (void)size;
  return 0;
}
int godwit_platform_datagram_receive(int handle, void *data, size_t size) {
  (void)handle, (void)data, (void)size;
  return 0;
}

/* The application. */
static int take(struct godwit_ota_download *download, uint32_t offset, const uint8_t *data,
                size_t size, void *arg) {
  (void)arg;
  check(download == &t.download && t.ends == 0 && offset >= t.config.offset);
  check(size <= t.config.size_bytes && offset <= t.config.size_bytes - size);
  if (t.config.in_order) check(offset == t.next);
  t.next = offset + (uint32_t)size;
  for (size_t i = 0; i < size; i++) {
    check(t.times[offset + i]++ == 0);
    check(data[i] == byte_at(offset + i));
  }
  return GODWIT_OK;
}

static void note_end(struct godwit_ota_download *download, int status, void *arg) {
  (void)arg;
  check(download == &t.download && ++t.ends == 1 && !godwit_ota_download_is_active(download));
  for (uint32_t i = t.config.offset; i < download->bytes_whole; i++) check(t.times[i] == 1);
  if (status == GODWIT_OK) check(download->bytes_whole == t.config.size_bytes);
}

/* The server. */
static void answer(const struct request *request, enum gw_coap_type type, uint8_t code,
                   const struct gw_block *block, size_t size, uint32_t max_age) {
  static uint8_t payload[1024];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, incoming, sizeof incoming, type, code, request->message_id,
                       request->token, request->token_length);
  if (max_age > 0) gw_coap_writer_option_uint(&writer, GW_COAP_OPT_MAX_AGE, max_age);
  if (block != NULL) {
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK2, gw_block_encode(*block));
  }
  uint64_t offset = block != NULL ? gw_block_offset(*block) : 0;
  for (size_t i = 0; i < size; i++) payload[i] = byte_at(offset + i);
  if (size > 0) gw_coap_writer_payload(&writer, payload, size);
  int length = gw_coap_writer_finish(&writer);
  check(length > 0);
  incoming_size = (size_t)length;
}

static void answer_rightly(const struct request *request, enum gw_coap_type type, uint8_t szx) {
  struct gw_block block = request->block;
  struct gw_block_slice slice;
  if (szx < block.szx) {
    block.num <<= block.szx - szx;
    block.szx = szx;
  }
  if (gw_block2_slice(block, t.config.size_bytes, &slice) < 0) return;
  answer(request, type, GW_COAP_CONTENT, &slice.block, slice.size, 0);
}

static void answer_wrongly(const struct request *request, uint8_t how) {
  struct gw_block block = {.num = request->block.num + (how >> 4), .more = (how & 1) != 0};
  block.szx = (uint8_t)((how >> 1) % 7);
  answer(request, GW_COAP_ACK, GW_COAP_CONTENT, &block, (how & 2) ? 16u << block.szx : how, 0);
}

static void act(uint8_t what, uint8_t which, uint8_t how) {
  unsigned known = request_count < REQUESTS ? request_count : REQUESTS;
  if (known == 0) return;
  const struct request *request = &requests[(request_count - 1 - which % known) % REQUESTS];
  switch (what % 16) {
    case 8:
      answer_rightly(request, GW_COAP_ACK, how % 7);
      break;
    case 9:
      answer_rightly(request, GW_COAP_CON, 6);
      break;
    case 10:
      answer_wrongly(request, how);
      break;
    case 11:
      answer(request, GW_COAP_ACK, (uint8_t)(64 + how % 128), NULL, how & 1 ? 8 : 0, how & 3);
      break;
    case 12:
      answer(request, how & 1 ? GW_COAP_ACK : GW_COAP_RST, GW_COAP_EMPTY, NULL, 0, 0);
      incoming_size = 4; /* without token */
      incoming[0] &= 0xF0;
      break;
    case 13:
      answer(request, GW_COAP_ACK, GW_COAP_CONTENT, NULL, how * 4u, 0);
      break;
    case 14:
      now_ms += UINT64_C(1) << how % 15;
      break;
    default:
      answer_rightly(request, GW_COAP_ACK, 6);
      break;
  }
}

static void begin(struct godwit_client *client, const uint8_t *data) {
  uint32_t size = (uint32_t)(data[0] | data[1] << 8) % SIZE_MAX_BYTES;
  memset(&t, 0, sizeof t);
  t.config = (struct godwit_ota_download_config){
      .path = "/.u/c/model@1",
      .size_bytes = size,
      .window_blocks = data[2] & 31,
      .in_order = (data[2] & 32) != 0,
      .reorder_memory = (data[2] & 64) != 0 ? t.reorder : NULL,
      .reorder_size = data[3] * 32u,
      .on_block = take,
      .on_done = note_end,
  };
  uint32_t block_size = godwit_ota_block_size(client);
  if ((data[2] & 128) != 0) t.config.offset = size / block_size / 2 * block_size;
  t.next = t.config.offset;
  check(godwit_ota_download_begin(client, &t.download, &t.config) == GODWIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  struct godwit_client *client;
  if (size < 5) return 0;
  now_ms = UINT32_MAX - 20000u; /* its low half begins anew on the way */
  incoming_size = 0;
  request_count = 0;
  const struct godwit_client_config config = {.host = "h",
                                              .psk_identity = "i",
                                              .psk = "k",
                                              .psk_size = 1,
                                              .memory = memory,
                                              .memory_size = sizeof memory,
                                              .block_szx = 1 + data[4] % 6};
  check(godwit_client_init(&client, &config) == GODWIT_OK);
  godwit_client_start(client);
  godwit_client_poll(client);
  check(godwit_client_state(client) == GODWIT_CLIENT_CONNECTED);
  begin(client, data);
  for (size_t at = 5; at + 3 <= size && t.ends == 0; at += 3) {
    act(data[at], data[at + 1], data[at + 2]);
    godwit_client_poll(client);
    now_ms += 1 + godwit_client_next_timeout_ms(client) % 50;
    godwit_client_poll(client);
  }
  godwit_client_deinit(client);
  check(t.ends == 1);
  return 0;
}
