/* SPDX-License-Identifier: Apache-2.0 */
/* Block2 downloads with several requests under way (RFC 7959, RFC 7252 4.7). Each
 * block has a place of its own, by its index, from the first that is not whole on;
 * each copy of a request has a message id and a token of its own, so that every
 * answer says which copy it is for, and an answer that comes after all is used.
 *
 *   FREE -> (asked) SENT -> HERE -> FREE, when all before it are here
 *             ^       \-> LOST -> (asked again) SENT
 */
#include "window.h"

#include <string.h>

#include "platform/clock.h"

enum phase {
  BLOCK_FREE,     /* not asked for yet */
  BLOCK_SENT,     /* asked for */
  BLOCK_PROMISED, /* acknowledged: the answer comes in a message of its own */
  BLOCK_LOST,     /* to be asked for again */
  BLOCK_HERE,     /* handed over, or in the reorder memory */
};

#define LATER_MAX 3u  /* so many answers to what was sent later: it is lost */
#define SENDS_MAX 15u /* with two in five lost, one block in a million is asked for so often */
#define NEWEST_MAX 8u /* answers in a row that passed older requests over */
#define REFUSED_PAUSE_MS 2000u
#define REFUSED_PAUSE_MAX_MS 60000u
#define TOKEN_BIT 0x8000u /* of the upper half: other requests' tokens do not have it */
#define SENT_AFTER(a, b) ((int16_t)(uint16_t)((a) - (b)) > 0)

/* Places ---------------------------------------------------------------------- */

static struct godwit_ota_block *place_of(struct godwit_ota_download *download, uint32_t index) {
  return &download->internal.block[index % GODWIT_OTA_WINDOW_MAX];
}

/* Behind the last block that may be under way. */
static uint32_t end_of(const struct godwit_ota_download *download) {
  uint32_t count = download->internal.count, first = download->internal.first;
  uint32_t span = download->one_at_a_time ? 1 : download->internal.span;
  return count - first > span ? first + span : count;
}

static uint32_t offset_of(struct godwit_ota_download *download, uint32_t index) {
  return index * download->internal.unit + place_of(download, index)->taken16 * 16u;
}

static bool is_paused(const struct godwit_ota_download *download, uint32_t now_ms) {
  return (int32_t)(now_ms - download->internal.pause_ms) < 0;
}

static unsigned count_in_flight(const struct godwit_ota_download *download) {
  unsigned count = 0;
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    uint8_t phase = download->internal.block[i].phase;
    if (phase == BLOCK_SENT || phase == BLOCK_PROMISED) count++;
  }
  return count;
}

static unsigned in_flight(const struct godwit_client *client) {
  unsigned count = 0;
  for (const struct godwit_ota_download *each = client->downloads; each != NULL;
       each = each->internal.next) {
    count += count_in_flight(each);
  }
  return count;
}

static struct godwit_ota_block *find_sent(struct godwit_ota_download *download,
                                          uint16_t message_id) {
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    struct godwit_ota_block *block = &download->internal.block[i];
    bool was_sent =
        block->phase == BLOCK_SENT || block->phase == BLOCK_PROMISED || block->phase == BLOCK_LOST;
    if (was_sent && block->sends > 0 && block->message_id == message_id) return block;
  }
  return NULL;
}

/* Beginning and ending ----------------------------------------------------------- */

static void unlink_download(struct godwit_client *client, struct godwit_ota_download *download) {
  for (struct godwit_ota_download **link = &client->downloads; *link != NULL;
       link = &(*link)->internal.next) {
    if (*link != download) continue;
    *link = download->internal.next;
    download->internal.active = false;
    return;
  }
}

static bool is_listed(const struct godwit_client *client,
                      const struct godwit_ota_download *download) {
  const struct godwit_ota_download *each = client->downloads;
  while (each != NULL && each != download) each = each->internal.next;
  return each != NULL;
}

static void finish(struct godwit_client *client, struct godwit_ota_download *download, int status) {
  unlink_download(client, download);
  const struct godwit_ota_download_config *config = &download->internal.config;
  if (config->on_done != NULL) config->on_done(download, status, config->arg);
}

void godwit_window_end_all(struct godwit_client *client, int status) {
  while (client->downloads != NULL) finish(client, client->downloads, status);
}

void godwit_window_begin_session(struct godwit_client *client) {
  gw_pace_init(&client->pace, godwit_client_random());
}

uint32_t godwit_ota_block_size(const struct godwit_client *client) {
  return 16u << client->config.block_szx;
}

static int check_config(const struct godwit_client *client,
                        const struct godwit_ota_download_config *config) {
  if (config == NULL || config->path == NULL || config->path[0] == '\0') return GODWIT_ERR_ARGUMENT;
  if (config->on_block == NULL) return GODWIT_ERR_ARGUMENT;
  if (config->offset % godwit_ota_block_size(client) != 0) return GODWIT_ERR_ARGUMENT;
  if (config->offset > 0 && config->offset >= config->size_bytes) return GODWIT_ERR_ARGUMENT;
  /* Is there a number for the last block? */
  if (config->size_bytes / godwit_ota_block_size(client) > GW_BLOCK_NUM_MAX) {
    return GODWIT_ERR_ARGUMENT;
  }
  return client->state == GODWIT_CLIENT_CONNECTED ? GODWIT_OK : GODWIT_ERR_CONNECTION;
}

/* Blocks in order that came early take places of the caller's. */
static uint8_t span_of(const struct godwit_ota_download_config *config, uint32_t block_size) {
  uint32_t span = config->window_blocks;
  if (span == 0 || span > GODWIT_OTA_WINDOW_MAX) span = GODWIT_OTA_WINDOW_MAX;
  if (config->in_order) {
    uint32_t room =
        config->reorder_memory != NULL ? (uint32_t)(config->reorder_size / block_size) : 0;
    if (span > room + 1) span = room + 1;
  }
  return (uint8_t)span;
}

int godwit_ota_download_begin(struct godwit_client *client, struct godwit_ota_download *download,
                              const struct godwit_ota_download_config *config) {
  int status = check_config(client, config);
  if (status < 0) return status;
  const struct godwit_ota_download_config given = *config; /* may be a part of the object */
  unlink_download(client, download);
  uint32_t block_size = godwit_ota_block_size(client);
  uint8_t span = span_of(&given, block_size);
  memset(download, 0, sizeof *download);
  download->bytes_whole = given.offset;
  download->one_at_a_time = span == 1;
  download->internal.config = given;
  download->internal.first = given.offset / block_size;
  download->internal.span = span;
  download->internal.szx = client->config.block_szx;
  download->internal.unit = block_size;
  download->internal.count = given.size_bytes > 0 ? (given.size_bytes - 1) / block_size + 1 : 1;
  download->internal.token = (uint16_t)(TOKEN_BIT | client->next_token++);
  download->internal.heard_ms = download->internal.pause_ms = (uint32_t)godwit_platform_now_ms();
  download->internal.active = true;
  download->internal.next = client->downloads;
  if (client->downloads == NULL) {
    gw_pace_begin(&client->pace, GODWIT_OTA_WINDOW_MAX, download->internal.heard_ms);
  }
  client->downloads = download;
  return GODWIT_OK;
}

void godwit_ota_download_cancel(struct godwit_client *client,
                                struct godwit_ota_download *download) {
  unlink_download(client, download);
}

/* Asking ------------------------------------------------------------------------ */

static uint32_t token_of(const struct godwit_ota_download *download, uint16_t message_id) {
  return (uint32_t)download->internal.token << 16 | message_id;
}

/* False when the session was lost by it. */
static bool ask(struct godwit_client *client, struct godwit_ota_download *download, uint32_t index,
                uint32_t now_ms) {
  struct godwit_ota_block *block = place_of(download, index);
  uint16_t message_id = client->next_message_id++;
  const struct godwit_request request = {
      .method = GODWIT_GET,
      .path = download->internal.config.path,
      .content_format = GODWIT_FORMAT_NONE,
      .accept = GODWIT_FORMAT_OCTETS,
      .blockwise = true,
      .offset = offset_of(download, index),
      .internal = {.token = token_of(download, message_id),
                   .message_id = message_id,
                   .szx = download->internal.szx},
  };
  if (block->sends > 0) client->stats.retransmissions++;
  block->phase = BLOCK_SENT;
  block->sends++;
  block->later = 0;
  block->message_id = message_id;
  block->sent_ms = now_ms;
  download->internal.newest = message_id;
  gw_pace_sent(&client->pace);
  return godwit_exchange_send(client, &request);
}

/* The first that is lost or was not asked for yet; end_of: none. */
static uint32_t next_to_ask(struct godwit_ota_download *download, uint32_t now_ms) {
  uint32_t end = end_of(download);
  if (is_paused(download, now_ms) || download->internal.held) return end;
  if (download->one_at_a_time && count_in_flight(download) > 0) return end;
  uint32_t index = download->internal.first;
  while (index < end && place_of(download, index)->phase != BLOCK_FREE &&
         place_of(download, index)->phase != BLOCK_LOST) {
    index++;
  }
  return index;
}

static struct godwit_ota_download *next_download(const struct godwit_client *client,
                                                 uint32_t now_ms) {
  struct godwit_ota_download *each = client->downloads;
  while (each != NULL && next_to_ask(each, now_ms) == end_of(each)) each = each->internal.next;
  return each;
}

/* Several downloads take turns. */
static void to_the_end(struct godwit_client *client, struct godwit_ota_download *download) {
  struct godwit_ota_download **link = &client->downloads;
  while (*link != download) link = &(*link)->internal.next;
  *link = download->internal.next;
  while (*link != NULL) link = &(*link)->internal.next;
  download->internal.next = NULL;
  *link = download;
}

static void ask_for_more(struct godwit_client *client, uint32_t now_ms) {
  struct godwit_ota_download *download;
  while ((download = next_download(client, now_ms)) != NULL &&
         gw_pace_may_send(&client->pace, in_flight(client), now_ms)) {
    to_the_end(client, download);
    if (!ask(client, download, next_to_ask(download, now_ms), now_ms)) return;
  }
}

/* Losses -------------------------------------------------------------------------- */

static void lose(struct godwit_client *client, struct godwit_ota_block *block) {
  block->phase = BLOCK_LOST;
  gw_pace_lost(&client->pace);
}

/* An answer came to what was sent later than these (RFC 5681's three). */
static void heed_order(struct godwit_client *client, struct godwit_ota_download *download,
                       uint16_t message_id) {
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    struct godwit_ota_block *block = &download->internal.block[i];
    if (block->phase != BLOCK_SENT || !SENT_AFTER(message_id, block->message_id)) continue;
    if (++block->later >= LATER_MAX) lose(client, block);
  }
}

static uint32_t patience_ms(const struct godwit_client *client,
                            const struct godwit_ota_block *block) {
  return block->phase == BLOCK_SENT ? gw_pace_timeout_ms(&client->pace)
                                    : client->config.response_timeout_ms;
}

static uint32_t waited_ms(const struct godwit_ota_block *block, uint32_t now_ms) {
  return now_ms - block->sent_ms;
}

static bool is_waiting(const struct godwit_ota_block *block) {
  return block->phase == BLOCK_SENT || block->phase == BLOCK_PROMISED;
}

/* GODWIT_ERR_TIMEOUT where a block never comes while others do, or pings are
 * answered. */
static int time_out(struct godwit_client *client, struct godwit_ota_download *download,
                    uint32_t now_ms) {
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    struct godwit_ota_block *block = &download->internal.block[i];
    if (!is_waiting(block) || waited_ms(block, now_ms) < patience_ms(client, block)) continue;
    bool is_silent = now_ms - download->internal.heard_ms >= waited_ms(block, now_ms);
    lose(client, block);
    if (is_silent) gw_pace_silent(&client->pace);
    if (block->sends >= SENDS_MAX) return GODWIT_ERR_TIMEOUT;
  }
  return GODWIT_OK;
}

static uint32_t silence_ms(const struct godwit_client *client) {
  return client->config.response_timeout_ms / 3 * 2;
}

/* No block for so long: is anybody there? The ping ends the session where not. */
static void heed_silence(struct godwit_client *client, struct godwit_ota_download *download,
                         uint32_t now_ms) {
  uint32_t limit_ms = silence_ms(client);
  if (is_paused(download, now_ms) || now_ms - download->internal.heard_ms < limit_ms) {
    return;
  }
  download->internal.heard_ms = now_ms;
  if (now_ms - (uint32_t)client->received_ms >= limit_ms) godwit_exchange_ping(client);
}

void godwit_window_run(struct godwit_client *client, uint64_t clock_ms) {
  uint32_t now_ms = (uint32_t)clock_ms;
  struct godwit_ota_download *download = client->downloads;
  while (download != NULL) {
    int status = time_out(client, download, now_ms);
    heed_silence(client, download, now_ms);
    struct godwit_ota_download *next = download->internal.next;
    if (status < 0) {
      finish(client, download, status);
      next = client->downloads; /* on_done may have begun and ended others */
    }
    download = next;
  }
  ask_for_more(client, now_ms);
}

static uint32_t shorter(uint32_t a_ms, uint32_t b_ms) { return a_ms < b_ms ? a_ms : b_ms; }

static uint32_t left_ms(uint32_t passed_ms, uint32_t limit_ms) {
  return passed_ms < limit_ms ? limit_ms - passed_ms : 0;
}

static uint32_t download_wait_ms(const struct godwit_client *client,
                                 const struct godwit_ota_download *download, uint32_t now_ms) {
  if (is_paused(download, now_ms)) return download->internal.pause_ms - now_ms;
  uint32_t wait_ms = left_ms(now_ms - download->internal.heard_ms, silence_ms(client));
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    const struct godwit_ota_block *block = &download->internal.block[i];
    if (!is_waiting(block)) continue;
    wait_ms = shorter(wait_ms, left_ms(waited_ms(block, now_ms), patience_ms(client, block)));
  }
  return wait_ms;
}

uint32_t godwit_window_wait_ms(const struct godwit_client *client, uint64_t clock_ms) {
  uint32_t now_ms = (uint32_t)clock_ms, wait_ms = UINT32_MAX;
  for (const struct godwit_ota_download *each = client->downloads; each != NULL;
       each = each->internal.next) {
    wait_ms = shorter(wait_ms, download_wait_ms(client, each, now_ms));
  }
  if (next_download(client, now_ms) == NULL) return wait_ms;
  return shorter(wait_ms, gw_pace_wait_ms(&client->pace, in_flight(client), now_ms));
}

/* Answers ------------------------------------------------------------------------- */

static uint32_t read_token(const struct gw_coap_message *message) {
  uint32_t token = 0;
  if (message->token_length == sizeof token) memcpy(&token, message->token, sizeof token);
  return token;
}

struct godwit_ota_download *godwit_window_find(const struct godwit_client *client,
                                               const struct gw_coap_message *message) {
  uint32_t token = read_token(message);
  struct godwit_ota_download *each = client->downloads;
  while (each != NULL && each->internal.token != token >> 16) each = each->internal.next;
  return each;
}

/* What was asked for of a server that did not mean to answer it so. */
static void fall_back(struct godwit_ota_download *download) {
  download->one_at_a_time = true;
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    struct godwit_ota_block *block = &download->internal.block[i];
    if (is_waiting(block)) block->phase = BLOCK_LOST;
    if (block->phase == BLOCK_LOST) block->sends = 0; /* it was not the block's fault */
  }
}

static uint32_t pause_of(const struct gw_coap_message *message) {
  uint32_t seconds;
  if (!gw_coap_option_uint(message, GW_COAP_OPT_MAX_AGE, &seconds)) return REFUSED_PAUSE_MS;
  return seconds < REFUSED_PAUSE_MAX_MS / 1000u ? seconds * 1000u : REFUSED_PAUSE_MAX_MS;
}

/* Too much for it? Then once more, one at a time and when it has said; an answer
 * to that is its last word. */
static void take_refusal(struct godwit_client *client, struct godwit_ota_download *download,
                         const struct gw_coap_message *message, uint32_t now_ms) {
  download->code = message->code;
  if (download->one_at_a_time) {
    finish(client, download, GODWIT_ERR_RESPONSE);
    return;
  }
  if (message->code == GW_COAP_TOO_MANY_REQUESTS || message->code == GW_COAP_SERVICE_UNAVAILABLE) {
    download->internal.pause_ms = now_ms + pause_of(message);
    download->internal.heard_ms = download->internal.pause_ms;
  }
  fall_back(download);
}

/* Not what a server of several blocks at once would send; from one that is asked
 * for one after another it is an error. */
static void take_nonsense(struct godwit_client *client, struct godwit_ota_download *download,
                          int status) {
  if (download->one_at_a_time) {
    finish(client, download, status);
  } else {
    fall_back(download);
  }
}

/* Newer requests drive out older ones at servers that keep one a client. */
static void note_newest(struct godwit_ota_download *download, uint16_t message_id) {
  bool passed_over = false;
  for (unsigned i = 0; i < GODWIT_OTA_WINDOW_MAX; i++) {
    const struct godwit_ota_block *block = &download->internal.block[i];
    if (block->phase == BLOCK_SENT && SENT_AFTER(message_id, block->message_id)) passed_over = true;
  }
  bool is_newest = message_id == download->internal.newest;
  download->internal.newest_only =
      is_newest && passed_over ? (uint8_t)(download->internal.newest_only + 1) : 0;
  if (download->internal.newest_only >= NEWEST_MAX) fall_back(download);
}

static void measure(struct godwit_client *client, struct godwit_ota_download *download,
                    struct godwit_ota_block *block, uint16_t message_id, uint32_t now_ms) {
  if (block == NULL) {
    gw_pace_late(&client->pace);
    return;
  }
  if (block->phase != BLOCK_PROMISED) {
    gw_pace_answered(&client->pace, waited_ms(block, now_ms), message_id, client->next_message_id,
                     now_ms);
  }
  heed_order(client, download, message_id);
  if (!download->one_at_a_time) note_newest(download, message_id);
}

/* What was asked for, as the answer says where it belongs. */
struct piece {
  uint32_t offset;
  const uint8_t *data;
  uint32_t size;
  uint8_t szx;
};

/* GODWIT_ERR_FORMAT for what is no part of this download: shorter or longer than
 * it, larger than asked for. */
static int read_piece(const struct godwit_ota_download *download,
                      const struct gw_coap_message *message, struct piece *piece) {
  uint32_t value, total = download->internal.config.size_bytes;
  struct gw_block block = {.szx = download->internal.szx};
  *piece = (struct piece){.data = message->payload, .size = (uint32_t)message->payload_size};
  if (gw_coap_option_uint(message, GW_COAP_OPT_BLOCK2, &value)) {
    if (gw_block_decode(value, &block) < 0 || block.szx > download->internal.szx ||
        piece->size > gw_block_size(block) || (block.more && piece->size < gw_block_size(block))) {
      return GODWIT_ERR_FORMAT;
    }
  } else if (piece->size > download->internal.unit) {
    return GODWIT_ERR_FORMAT;
  }
  piece->offset = block.num << (block.szx + 4u); /* 20 bits, moved by 10 at most */
  uint32_t end = piece->offset + piece->size;
  if (end > total || block.more != (end < total)) return GODWIT_ERR_FORMAT;
  piece->szx = block.szx;
  return GODWIT_OK;
}

static uint8_t *reorder_place(struct godwit_ota_download *download, uint32_t index) {
  const struct godwit_ota_download_config *config = &download->internal.config;
  uint32_t room = (uint32_t)(config->reorder_size / download->internal.unit);
  return (uint8_t *)config->reorder_memory +
         (size_t)(room > 1 ? index % room : 0) * download->internal.unit;
}

/* True when the download goes on after it. */
static bool hand_over(struct godwit_client *client, struct godwit_ota_download *download,
                      uint32_t offset, const uint8_t *data, size_t size) {
  const struct godwit_ota_download_config *config = &download->internal.config;
  uint16_t token = download->internal.token;
  int status = config->on_block(download, offset, data, size, config->arg);
  if (!is_listed(client, download) || download->internal.token != token)
    return false; /* its will */
  download->internal.held = status == GODWIT_DOWNLOAD_HOLD && config->in_order;
  if (status == GODWIT_OK || download->internal.held) return true;
  finish(client, download, status < 0 ? status : GODWIT_ERR_CANCELLED);
  return false;
}

static uint32_t size_of(const struct godwit_ota_download *download, uint32_t index) {
  uint32_t left = download->internal.config.size_bytes - index * download->internal.unit;
  return left < download->internal.unit ? left : download->internal.unit;
}

/* Hands over what came of the first block while others were awaited, or while its
 * owner had enough. True when the download goes on. */
static bool hand_over_first(struct godwit_client *client, struct godwit_ota_download *download) {
  uint32_t index = download->internal.first;
  const struct godwit_ota_block *block = place_of(download, index);
  uint32_t size = block->phase == BLOCK_HERE ? size_of(download, index) : block->taken16 * 16u;
  download->internal.first_waits = size > 0 && download->internal.held;
  if (size == 0 || download->internal.held || !download->internal.config.in_order) return true;
  return hand_over(client, download, index * download->internal.unit,
                   reorder_place(download, index), size);
}

/* The first block may be here now, and others that waited for it. */
static void move_on(struct godwit_client *client, struct godwit_ota_download *download) {
  uint32_t count = download->internal.count;
  while (download->internal.first < count && !download->internal.first_waits) {
    struct godwit_ota_block *block = place_of(download, download->internal.first);
    if (block->phase != BLOCK_HERE) break;
    memset(block, 0, sizeof *block);
    uint32_t index = ++download->internal.first;
    download->bytes_whole = index * download->internal.unit;
    if (index < count && !hand_over_first(client, download)) return;
  }
  if (download->internal.first == count) {
    download->bytes_whole = download->internal.config.size_bytes;
    if (!download->internal.held) finish(client, download, GODWIT_OK);
  } else if (!download->internal.first_waits) {
    download->bytes_whole = offset_of(download, download->internal.first);
  }
}

void godwit_ota_download_release(struct godwit_client *client,
                                 struct godwit_ota_download *download) {
  if (!is_listed(client, download) || !download->internal.held) return;
  bool waits = download->internal.first_waits;
  download->internal.held = false;
  download->internal.first_waits = false;
  download->internal.heard_ms = (uint32_t)godwit_platform_now_ms();
  if (!waits || hand_over_first(client, download)) move_on(client, download);
}

static void keep(struct godwit_client *client, struct godwit_ota_download *download, uint32_t index,
                 const struct piece *piece) {
  struct godwit_ota_block *block = place_of(download, index);
  bool is_first = index == download->internal.first, held = download->internal.held;
  if (is_first && held && block->taken16 > 0 && !download->internal.first_waits) return;
  if (download->internal.config.in_order && (!is_first || held)) {
    memcpy(reorder_place(download, index) + block->taken16 * 16u, piece->data, piece->size);
    if (is_first) download->internal.first_waits = true;
  } else if (!hand_over(client, download, piece->offset, piece->data, piece->size)) {
    return;
  }
  download->internal.heard_ms = (uint32_t)godwit_platform_now_ms();
  download->internal.szx = piece->szx;
  uint32_t taken = block->taken16 * 16u + piece->size;
  block->sends = 0;
  if (taken == size_of(download, index)) {
    block->phase = BLOCK_HERE;
  } else {
    block->taken16 = (uint8_t)(taken / 16u);
    block->phase = BLOCK_LOST; /* its rest is asked for next */
  }
  move_on(client, download);
}

void godwit_window_answer(struct godwit_client *client, struct godwit_ota_download *download,
                          const struct gw_coap_message *message, uint64_t clock_ms) {
  uint32_t now_ms = (uint32_t)clock_ms;
  uint16_t message_id = (uint16_t)read_token(message);
  struct godwit_ota_block *block = find_sent(download, message_id);
  if (message->code >> 5 != 2) {
    if (block != NULL) take_refusal(client, download, message, now_ms);
    return;
  }
  struct piece piece;
  download->code = message->code;
  int status = read_piece(download, message, &piece);
  if (status < 0) {
    if (block != NULL) finish(client, download, status);
    return;
  }
  uint32_t index = piece.offset / download->internal.unit, first = download->internal.first;
  bool is_wanted = index >= first && index - first < download->internal.span &&
                   place_of(download, index)->phase != BLOCK_HERE &&
                   place_of(download, index)->phase != BLOCK_FREE &&
                   offset_of(download, index) == piece.offset;
  if (block != NULL && (!is_wanted || place_of(download, index) != block)) {
    take_nonsense(client, download, GODWIT_ERR_FORMAT); /* another block than asked for */
    return;
  }
  if (!is_wanted) return; /* a second copy */
  measure(client, download, block, message_id, now_ms);
  keep(client, download, index, &piece);
}

bool godwit_window_empty(struct godwit_client *client, const struct gw_coap_message *message,
                         uint64_t clock_ms) {
  uint32_t now_ms = (uint32_t)clock_ms;
  for (struct godwit_ota_download *each = client->downloads; each != NULL;
       each = each->internal.next) {
    struct godwit_ota_block *block = find_sent(each, message->message_id);
    if (block == NULL) continue;
    if (message->type == GW_COAP_RST) {
      take_nonsense(client, each, GODWIT_ERR_RESPONSE);
    } else {
      block->phase = BLOCK_PROMISED;
      block->sent_ms = now_ms;
    }
    return true;
  }
  return false;
}
