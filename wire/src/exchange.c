/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/exchange.h"

#define RANDOM_SPAN_MS (GW_ACK_TIMEOUT_MS * GW_ACK_RANDOM_PERMILLE / 1000u)

void gw_retransmit_start(struct gw_retransmit *state, uint64_t now_ms, uint32_t random) {
  uint32_t extra_ms = (uint32_t)(((uint64_t)random * (RANDOM_SPAN_MS + 1u)) >> 32);
  state->timeout_ms = GW_ACK_TIMEOUT_MS + extra_ms;
  state->next_ms = now_ms + state->timeout_ms;
  state->sent_count = 1;
  state->active = true;
}

enum gw_retransmit_action gw_retransmit_poll(struct gw_retransmit *state, uint64_t now_ms) {
  if (!state->active || now_ms < state->next_ms) return GW_RETRANSMIT_WAIT;
  if (state->sent_count > GW_MAX_RETRANSMIT) {
    state->active = false;
    return GW_RETRANSMIT_GIVE_UP;
  }
  state->sent_count++;
  state->timeout_ms *= 2;
  /* From now, not from when it was due: a caller that polls late must not send
   * the missed copies in a burst. */
  state->next_ms = now_ms + state->timeout_ms;
  return GW_RETRANSMIT_SEND;
}

void gw_retransmit_stop(struct gw_retransmit *state) { state->active = false; }

/* Whole seconds are enough: the last copy of a message arrives 100 s before its
 * id may be used again (RFC 7252 4.8.2), and rounding down on both sides never
 * makes a new message look old. 32 bits of seconds wrap after 136 years. */
static uint32_t seconds(uint64_t now_ms) { return (uint32_t)(now_ms / 1000u); }

static int index_of(const struct gw_dedup *dedup, uint16_t message_id) {
  for (int i = 0; i < (int)GW_DEDUP_ENTRIES; i++) {
    if (dedup->entry[i].used && dedup->entry[i].message_id == message_id) return i;
  }
  return -1;
}

uint8_t gw_dedup_find(const struct gw_dedup *dedup, uint16_t message_id, uint64_t now_ms) {
  int i = index_of(dedup, message_id);
  if (i < 0) return 0;
  uint32_t age_s = seconds(now_ms) - dedup->entry[i].seen_s;
  return age_s < GW_EXCHANGE_LIFETIME_MS / 1000u ? dedup->entry[i].code : 0;
}

void gw_dedup_remember(struct gw_dedup *dedup, uint16_t message_id, uint8_t response_code,
                       uint64_t now_ms) {
  int i = index_of(dedup, message_id);
  if (i < 0) {
    i = dedup->next;
    dedup->next = (uint8_t)((dedup->next + 1u) % GW_DEDUP_ENTRIES);
  }
  dedup->entry[i].seen_s = seconds(now_ms);
  dedup->entry[i].message_id = message_id;
  dedup->entry[i].code = response_code;
  dedup->entry[i].used = 1;
}
