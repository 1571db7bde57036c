/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pace.h"

#include "wire/exchange.h"

#define RTO_MIN_MS 200u
/* Twice RFC 7252's: a block of 1 KB at 5 kbit/s takes three seconds, and asking
 * again would fill the little that there is. Where others are answered, a lost one
 * does not wait for it. */
#define RTO_FIRST_MS (2u * GW_ACK_TIMEOUT_MS)
#define RTO_MAX_MS 32000u
#define SILENCES_MAX 3u
#define EPOCH_MS 30000u  /* the shortest round trip is looked for anew so often, */
#define EPOCH_ROUNDS 32u /* but not more often than this */
#define HOLD_ROUNDS 16u  /* after a queue has overflowed the window stays */
#define ONE_BLOCK 4096u  /* of credit */
#define SENT_AFTER(a, b) ((int16_t)(uint16_t)((a) - (b)) > 0)

/* The queue on the way, in blocks: what is under way beyond what the link holds
 * (Brakmo and Peterson's Vegas). In sixteenths. */
enum { QUEUE_LOW = 16, QUEUE_HIGH = 48 };

void gw_pace_init(struct gw_pace *pace, uint32_t random) {
  *pace = (struct gw_pace){
      .rto_ms = RTO_FIRST_MS + random % (RTO_FIRST_MS * GW_ACK_RANDOM_PERMILLE / 1000u),
      .window = GW_PACE_WINDOW_FIRST,
      .window_max = GW_PACE_WINDOW_FIRST,
      .slow_start = true,
  };
}

static void set_window(struct gw_pace *pace, uint32_t window) {
  if (window > pace->window_max) window = pace->window_max;
  pace->window = (uint8_t)(window > 0 ? window : 1);
}

static void begin_round(struct gw_pace *pace, uint16_t next_id) {
  pace->round_id = next_id;
  pace->round_base_ms = UINT32_MAX;
  pace->round_sum_ms = 0;
  pace->answers = pace->losses = 0;
  pace->was_full = false;
}

void gw_pace_begin(struct gw_pace *pace, unsigned window_max, uint32_t now_ms) {
  pace->window_max = (uint8_t)window_max;
  set_window(pace, GW_PACE_WINDOW_FIRST);
  pace->slow_start = true;
  pace->silences = pace->hold = 0;
  pace->filled_ms = now_ms;
  pace->credit = GW_PACE_BURST * ONE_BLOCK;
}

/* Sending ------------------------------------------------------------------- */

/* Credit gained in a millisecond: the window in a round trip, and more, so that
 * the window is what limits. */
static uint32_t credit_per_ms(const struct gw_pace *pace) {
  uint32_t gain = pace->slow_start ? 2u * ONE_BLOCK : ONE_BLOCK * 5u / 4u;
  uint32_t credit = pace->window * gain / (pace->srtt_ms > 0 ? pace->srtt_ms : 1u);
  return credit > 0 ? credit : 1u;
}

static uint32_t credit_at(const struct gw_pace *pace, uint32_t now_ms) {
  const uint32_t most = GW_PACE_BURST * ONE_BLOCK;
  uint32_t passed_ms = now_ms - pace->filled_ms, per_ms = credit_per_ms(pace);
  uint32_t credit = pace->credit + (passed_ms > most / per_ms ? most : passed_ms * per_ms);
  return credit < most ? credit : most;
}

bool gw_pace_may_send(struct gw_pace *pace, unsigned in_flight, uint32_t now_ms) {
  if (in_flight >= pace->window) {
    pace->was_full = true;
    return false;
  }
  pace->credit = credit_at(pace, now_ms);
  pace->filled_ms = now_ms;
  return pace->credit >= ONE_BLOCK;
}

uint32_t gw_pace_wait_ms(const struct gw_pace *pace, unsigned in_flight, uint32_t now_ms) {
  if (in_flight >= pace->window) return UINT32_MAX;
  uint32_t credit = credit_at(pace, now_ms), per_ms = credit_per_ms(pace);
  return credit >= ONE_BLOCK ? 0 : (ONE_BLOCK - credit + per_ms - 1) / per_ms;
}

void gw_pace_sent(struct gw_pace *pace) {
  pace->credit -= pace->credit < ONE_BLOCK ? pace->credit : ONE_BLOCK;
}

/* Time-out ------------------------------------------------------------------ */

/* RFC 6298 2, with CoCoA's blend: half of what was held so far. */
static void estimate(struct gw_pace *pace, uint32_t rtt_ms) {
  if (!pace->measured) {
    pace->measured = true;
    pace->srtt_ms = rtt_ms;
    pace->rttvar_ms = rtt_ms / 2;
    pace->rto_ms = 3 * rtt_ms;
  } else {
    uint32_t off_ms = rtt_ms > pace->srtt_ms ? rtt_ms - pace->srtt_ms : pace->srtt_ms - rtt_ms;
    pace->rttvar_ms = (3 * pace->rttvar_ms + off_ms) / 4;
    pace->srtt_ms = (7 * pace->srtt_ms + rtt_ms) / 8;
    pace->rto_ms = (pace->rto_ms + pace->srtt_ms + 4 * pace->rttvar_ms) / 2;
  }
  if (pace->rto_ms < RTO_MIN_MS) pace->rto_ms = RTO_MIN_MS;
  if (pace->rto_ms > RTO_MAX_MS) pace->rto_ms = RTO_MAX_MS;
}

/* CoCoA's variable back-off: a short time-out was perhaps much too short. */
uint32_t gw_pace_timeout_ms(const struct gw_pace *pace) {
  uint32_t timeout_ms = pace->rto_ms;
  for (unsigned i = 0; i < pace->silences && timeout_ms < RTO_MAX_MS; i++) {
    timeout_ms = timeout_ms < 1000   ? timeout_ms * 3
                 : timeout_ms < 3000 ? timeout_ms * 2
                                     : timeout_ms * 3 / 2;
  }
  return timeout_ms < RTO_MAX_MS ? timeout_ms : RTO_MAX_MS;
}

void gw_pace_late(struct gw_pace *pace) {
  pace->silences = 0;
  pace->rto_ms = pace->rto_ms < RTO_MAX_MS / 2 ? pace->rto_ms * 2 : RTO_MAX_MS;
}

/* Window -------------------------------------------------------------------- */

static uint32_t queued(const struct gw_pace *pace, uint32_t rtt_ms) {
  if (rtt_ms <= pace->base_ms + GW_PACE_TOLERANCE_MS) return 0;
  return pace->window * 16u * (rtt_ms - pace->base_ms) / rtt_ms;
}

static void end_round(struct gw_pace *pace) {
  /* With losses the mean, in which a queue that has just overflowed still shows. */
  uint32_t rtt_ms = pace->losses > 0 ? pace->round_sum_ms / pace->answers : pace->round_base_ms;
  uint32_t queue = queued(pace, rtt_ms);
  uint32_t window = pace->window;
  if (pace->losses > 0 && queue >= QUEUE_LOW) {
    window = (window * pace->base_ms + rtt_ms / 2) / rtt_ms;
    if (window < GW_PACE_WINDOW_FIRST) window = GW_PACE_WINDOW_FIRST;
    pace->slow_start = false;
    pace->hold = HOLD_ROUNDS;
  } else if (pace->losses >= 4 && pace->losses > pace->answers) {
    window = window * 3 / 4;
    pace->slow_start = false;
  } else if (queue > QUEUE_HIGH) {
    window--;
  } else if (pace->hold > 0) {
    pace->hold--;
  } else if (queue < QUEUE_LOW && !pace->slow_start && pace->was_full) {
    window++;
  }
  set_window(pace, window);
}

/* The way may have changed: only what was seen in the last epoch counts. Where
 * the shortest round trip was not seen again, it is longer now, or a queue of ours
 * hides it: that is emptied for a round. */
static void turn_epoch(struct gw_pace *pace, uint32_t now_ms) {
  if (pace->epoch_base_ms > pace->base_ms + GW_PACE_TOLERANCE_MS) {
    set_window(pace, pace->window / 4u);
    pace->slow_start = false;
  }
  pace->base_ms = pace->epoch_base_ms;
  pace->epoch_base_ms = UINT32_MAX;
  pace->epoch_ms = now_ms;
  pace->epoch_rounds = 0;
}

static void note_base(struct gw_pace *pace, uint32_t rtt_ms, uint32_t now_ms) {
  if (!pace->measured) {
    pace->base_ms = pace->epoch_base_ms = UINT32_MAX;
    pace->epoch_ms = now_ms;
  } else if (now_ms - pace->epoch_ms >= EPOCH_MS && pace->epoch_rounds >= EPOCH_ROUNDS) {
    turn_epoch(pace, now_ms);
  }
  if (rtt_ms < pace->base_ms) pace->base_ms = rtt_ms;
  if (rtt_ms < pace->epoch_base_ms) pace->epoch_base_ms = rtt_ms;
  if (rtt_ms < pace->round_base_ms) pace->round_base_ms = rtt_ms;
}

void gw_pace_answered(struct gw_pace *pace, uint32_t rtt_ms, uint16_t message_id, uint16_t next_id,
                      uint32_t now_ms) {
  bool is_first = !pace->measured;
  if (is_first) begin_round(pace, message_id);
  note_base(pace, rtt_ms, now_ms);
  estimate(pace, rtt_ms);
  pace->silences = 0;
  pace->answers++;
  pace->round_sum_ms += rtt_ms;
  if (queued(pace, rtt_ms) >= QUEUE_LOW) {
    pace->slow_start = false;
  } else if (pace->slow_start && pace->was_full) {
    set_window(pace, pace->window + 1u);
  }
  if (SENT_AFTER(pace->round_id, message_id)) return;
  end_round(pace);
  if (pace->epoch_rounds < EPOCH_ROUNDS) pace->epoch_rounds++;
  begin_round(pace, next_id);
}

void gw_pace_lost(struct gw_pace *pace) { pace->losses++; }

void gw_pace_silent(struct gw_pace *pace) {
  if (pace->silences < SILENCES_MAX) pace->silences++;
  set_window(pace, GW_PACE_WINDOW_FIRST);
  pace->slow_start = true;
}
