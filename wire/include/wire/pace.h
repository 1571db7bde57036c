/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PACE_H
#define WIRE_PACE_H
/* How many blocks to have under way, how fast to ask for them, and when one that
 * is not answered was lost: state without a clock; the caller passes the low 32 bits
 * of the milliseconds of any monotonic one. docs/decisions/0015-windowed-downloads.md says why it
 * is as it is.
 *
 * Window: from 2 it grows by one with each answer (slow start) until the round
 * trip shows that blocks wait in a queue on the way; then by one a round trip,
 * and back, so that one to three wait there (as TCP Vegas has it). A loss alone
 * says nothing, radio links lose without being full; a loss beside a queue brings
 * the window down to what the link holds without one (as TCP Westwood has it), and
 * so does losing more than half. Silence brings it down to 2. Blocks are spread
 * over the round trip: never more than GW_PACE_BURST at once.
 *
 * Time-out: RFC 6298's estimate, blended and backed off as CoCoA does
 * (draft-ietf-core-cocoa-03: half of each new estimate, factors 3, 2 and 1.5). Its
 * second, weak estimator is not needed: each copy of a request has a message id
 * of its own, so that every answer says which copy it answers. */
#include <stdbool.h>
#include <stdint.h>

#define GW_PACE_WINDOW_FIRST 2u
#define GW_PACE_BURST 2u
/* A round trip that is longer by no more than this has waited for something else
 * than a queue: clocks tick in milliseconds, and servers handle batches. */
#define GW_PACE_TOLERANCE_MS 20u

/* All zero, but for what gw_pace_init sets: nothing is known yet. */
struct gw_pace {
  uint8_t window, window_max;
  uint8_t epoch_rounds, hold;
  uint8_t silences; /* time-outs without an answer between them */
  bool measured;    /* a round trip is known */
  bool slow_start;
  bool was_full;               /* the window was the limit in this round */
  uint16_t round_id;           /* an answer to this message, or a later one, ends the round */
  uint16_t answers, losses;    /* in this round */
  uint32_t srtt_ms, rttvar_ms; /* smoothed round trip, and how it varies; of blocks */
  uint32_t rto_ms;             /* time-out, without back-off */
  uint32_t base_ms;            /* shortest round trip lately: without a queue */
  uint32_t epoch_base_ms;      /* shortest since epoch_ms */
  uint32_t round_base_ms;      /* shortest of this round */
  uint32_t round_sum_ms;       /* of all in this round */
  uint32_t epoch_ms;           /* when that began */
  uint32_t filled_ms;          /* when credit was last reckoned */
  uint32_t credit;             /* blocks that may be sent at once, in 1/4096 */
};

/* A session begins. random: 32 random bits, spread over the first time-out, 4 to 6
 * seconds, which holds until a block was measured. */
void gw_pace_init(struct gw_pace *pace, uint32_t random);
/* A download begins, or goes on after a pause: at most window_max blocks under way,
 * and not all of them at once. */
void gw_pace_begin(struct gw_pace *pace, unsigned window_max, uint32_t now_ms);

/* May another block be asked for while in_flight are? */
bool gw_pace_may_send(struct gw_pace *pace, unsigned in_flight, uint32_t now_ms);
/* How long until the answer becomes yes though nothing comes; UINT32_MAX: for ever,
 * the window is full. */
uint32_t gw_pace_wait_ms(const struct gw_pace *pace, unsigned in_flight, uint32_t now_ms);
/* It was asked for. */
void gw_pace_sent(struct gw_pace *pace);

/* After so long without an answer a request counts as lost. */
uint32_t gw_pace_timeout_ms(const struct gw_pace *pace);
/* A request was answered after rtt_ms. Message ids rise by one with each message;
 * next_id is the next one to be used. */
void gw_pace_answered(struct gw_pace *pace, uint32_t rtt_ms, uint16_t message_id, uint16_t next_id,
                      uint32_t now_ms);
/* One is counted as lost. */
void gw_pace_lost(struct gw_pace *pace);
/* One is, and nothing at all was answered since it was sent. */
void gw_pace_silent(struct gw_pace *pace);
/* One that was counted as lost has been answered after all. */
void gw_pace_late(struct gw_pace *pace);
#endif
