/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_BLOCK_H
#define WIRE_BLOCK_H
/* Block-wise transfer (RFC 7959): the option and the four state machines, for
 * both ends of both directions, over caller's buffers. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_BLOCK_SZX_MAX 6u          /* 1024 bytes; 7 is reserved (RFC 7959 2.2) */
#define GW_BLOCK_NUM_MAX 0xFFFFFu    /* 20 bits */

struct gw_block {
  uint32_t num;
  bool more;
  uint8_t szx;
};
static inline uint32_t gw_block_size(struct gw_block block) { return 16u << block.szx; }
static inline uint64_t gw_block_offset(struct gw_block block) {
  return (uint64_t)block.num << (block.szx + 4u);
}
/* GW_ERR_MALFORMED for SZX 7 or a value above 24 bits. */
int gw_block_decode(uint32_t option_value, struct gw_block *out);
uint32_t gw_block_encode(struct gw_block block);

/* Server, Block2: which bytes of a representation of total_size answer a
 * request for `requested`? Stateless. A request past the end is
 * GW_ERR_ORDER (answer 4.00); an empty representation has one empty block 0. */
struct gw_block_slice {
  struct gw_block block; /* to put into the answer */
  uint64_t offset;
  uint32_t size;
};
int gw_block2_slice(struct gw_block requested, uint64_t total_size, struct gw_block_slice *out);

/* Client, Block2: receives one representation front to back, from any block
 * on. The server's SZX may shrink at the first block only; then positions are
 * kept in bytes. */
struct gw_block2_receiver {
  uint64_t offset; /* next byte wanted */
  uint8_t szx;     /* size to ask with */
  bool done;
};
/* offset must be a multiple of the block size: GW_ERR_ORDER otherwise. */
int gw_block2_receiver_init(struct gw_block2_receiver *receiver, uint64_t offset, uint8_t szx);
/* The option for the next request. */
struct gw_block gw_block2_receiver_next(const struct gw_block2_receiver *receiver);
/* Takes the answer (block NULL when the option is absent: a single block).
 * Returns the number of payload bytes to append at the old offset (the whole
 * payload), or: GW_ERR_ORDER a block that was not asked for (a duplicate:
 * ignore it), GW_ERR_MALFORMED a non-final block of the wrong length. */
int gw_block2_receiver_accept(struct gw_block2_receiver *receiver, const struct gw_block *block,
                              size_t payload_size);

/* Server, Block1: reassembles one upload. */
struct gw_block1_receiver {
  uint64_t offset;
  uint64_t limit; /* most bytes taken: beyond it GW_ERR_TOO_LONG (4.13) */
  uint8_t szx;
  bool started;
  bool done;
};
void gw_block1_receiver_init(struct gw_block1_receiver *receiver, uint64_t limit);
/* Returns payload bytes to append; 0 for a repeat of the block just taken
 * (acknowledge it again); GW_ERR_ORDER for a gap (4.08). Block 0 starts anew. */
int gw_block1_receiver_accept(struct gw_block1_receiver *receiver, struct gw_block block,
                              size_t payload_size);

/* Client, Block1: cuts one upload of total_size. */
struct gw_block1_sender {
  uint64_t offset;
  uint64_t total_size;
  uint8_t szx;
};
void gw_block1_sender_init(struct gw_block1_sender *sender, uint64_t total_size, uint8_t szx);
/* The slice to send now. False when all has been acknowledged. */
bool gw_block1_sender_next(const struct gw_block1_sender *sender, struct gw_block_slice *out);
/* After a 2.xx to that slice; answer NULL when the option is absent. A smaller
 * SZX in the answer is adopted (RFC 7959 2.3). */
int gw_block1_sender_acked(struct gw_block1_sender *sender, const struct gw_block *answer);
#endif
