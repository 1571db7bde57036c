/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_EXCHANGE_H
#define WIRE_EXCHANGE_H
/* Reliability of confirmable messages (RFC 7252 section 4) as state without a
 * clock: the caller passes milliseconds of any monotonic clock. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_ACK_TIMEOUT_MS 2000u     /* RFC 7252 4.8 ACK_TIMEOUT */
#define GW_ACK_RANDOM_PERMILLE 500u /* ACK_RANDOM_FACTOR 1.5 */
#define GW_MAX_RETRANSMIT 4u        /* MAX_RETRANSMIT */
#define GW_EXCHANGE_LIFETIME_MS 247000u

/* One outstanding confirmable message. */
struct gw_retransmit {
  uint64_t next_ms;    /* when to send again, or to give up */
  uint32_t timeout_ms; /* doubles with each transmission */
  uint8_t sent_count;  /* transmissions so far, the first included */
  bool active;
};
enum gw_retransmit_action { GW_RETRANSMIT_WAIT, GW_RETRANSMIT_SEND, GW_RETRANSMIT_GIVE_UP };

/* After the first transmission. random: any 32 random bits, spread over
 * ACK_RANDOM_FACTOR. */
void gw_retransmit_start(struct gw_retransmit *state, uint64_t now_ms, uint32_t random);
/* What to do at now_ms; SEND moves the state on to the next time-out. GIVE_UP
 * is said once, when GW_MAX_RETRANSMIT repeats went unanswered; from then on,
 * and after stop, it is WAIT. */
enum gw_retransmit_action gw_retransmit_poll(struct gw_retransmit *state, uint64_t now_ms);
void gw_retransmit_stop(struct gw_retransmit *state);

/* Remembers the last requests of one peer so that a repeated datagram is not
 * executed twice (RFC 7252 4.2). A duplicate of an idempotent request may be
 * executed again by the caller; for the rest the remembered response code is
 * the whole answer, since those answers carry no payload.
 *
 * As many as the replay window of DTLS has records (RFC 6347 4.1.2.6): a copy too
 * old to be remembered here never got past DTLS. Fewer, and a late block 0 could
 * begin a running upload anew. */
#define GW_DEDUP_ENTRIES 64u
/* All zero: nothing remembered yet. One per peer; a new session starts anew. */
struct gw_dedup {
  struct {
    uint32_t seen_s; /* low 32 bits of the clock in seconds */
    uint16_t message_id;
    uint8_t code;
    uint8_t used;
  } entry[GW_DEDUP_ENTRIES];
  uint8_t next;
};
/* The response code remembered for this message id within EXCHANGE_LIFETIME,
 * 0 when it is new. */
uint8_t gw_dedup_find(const struct gw_dedup *dedup, uint16_t message_id, uint64_t now_ms);
/* response_code must not be 0. The oldest entry gives way; a message id that is
 * there already is renewed. */
void gw_dedup_remember(struct gw_dedup *dedup, uint16_t message_id, uint8_t response_code,
                       uint64_t now_ms);
#endif
