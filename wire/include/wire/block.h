/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_BLOCK_H
#define WIRE_BLOCK_H
/* Block-wise transfer (RFC 7959): the option and the four state machines, for
 * both ends of both directions, over caller's buffers. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_BLOCK_SZX_MAX 6u       /* 1024 bytes; 7 is reserved (RFC 7959 2.2) */
#define GW_BLOCK_NUM_MAX 0xFFFFFu /* 20 bits */

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
 * request for `requested`? Stateless; requested.more is not read. A request
 * past the end is GW_ERR_ORDER (answer 4.00); an empty representation has one
 * empty block 0. GW_ERR_TOO_LONG when blocks of this size run out of numbers
 * before the end (above 1 GiB at SZX 6, 16 MiB at SZX 0): better refused at
 * once than stuck at the last block. GW_ERR_MALFORMED for SZX 7. */
struct gw_block_slice {
  struct gw_block block; /* to put into the answer */
  uint64_t offset;
  uint32_t size;
};
int gw_block2_slice(struct gw_block requested, uint64_t total_size, struct gw_block_slice *out);

/* Client, Block2: receives one representation front to back, from any block
 * on. Positions are kept in bytes, so a server that answers with smaller
 * blocks than asked for (and numbers them in its own size) is followed. */
struct gw_block2_receiver {
  uint64_t offset; /* next byte wanted */
  uint8_t szx;     /* size to ask with */
  bool done;
};
/* offset must be a multiple of the block size: GW_ERR_ORDER otherwise.
 * GW_ERR_TOO_LONG for one that no block number reaches. */
int gw_block2_receiver_init(struct gw_block2_receiver *receiver, uint64_t offset, uint8_t szx);
/* The option for the next request. */
struct gw_block gw_block2_receiver_next(const struct gw_block2_receiver *receiver);
/* Takes the answer (block NULL when the option is absent: a single block).
 * Returns the number of payload bytes to append at the old offset (the whole
 * payload; receiver->done says whether it was the last), or:
 *  GW_ERR_ORDER      a block that was not asked for (a duplicate: ignore it)
 *  GW_ERR_MALFORMED  a block of the wrong length or larger than asked for, or
 *                    no option in answer to a request from the middle: give up
 *  GW_ERR_TOO_LONG   more blocks to come than there are numbers: give up
 * After an error the receiver is as it was. */
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
/* Returns payload bytes to append at the old offset; 0 for a repeat of the block
 * just taken (acknowledge it again). Block 0 always starts anew: what was
 * gathered before is to be dropped, and a repeated block 0 simply replaces
 * itself. receiver->done says whether the upload is complete. Errors:
 *  GW_ERR_ORDER      a gap, or no upload under way (4.08); the upload stands
 *  GW_ERR_TOO_LONG   beyond the limit (4.13); the upload is over
 *  GW_ERR_MALFORMED  wrong length or SZX 7 (4.00); the upload stands */
int gw_block1_receiver_accept(struct gw_block1_receiver *receiver, struct gw_block block,
                              size_t payload_size);

/* Client, Block1: cuts one upload of total_size. */
struct gw_block1_sender {
  uint64_t offset;
  uint64_t total_size;
  uint8_t szx;
  bool done;
};
/* An empty upload is one empty block 0. */
void gw_block1_sender_init(struct gw_block1_sender *sender, uint64_t total_size, uint8_t szx);
/* The slice to send now. False when all has been acknowledged. */
bool gw_block1_sender_next(const struct gw_block1_sender *sender, struct gw_block_slice *out);
/* After a 2.xx to that slice; answer NULL when the option is absent. A smaller
 * SZX in the answer is adopted (RFC 7959 2.3). GW_ERR_ORDER for the answer to
 * another block, GW_ERR_TOO_LONG when the block numbers cannot reach the end:
 * the sender is then as it was. */
int gw_block1_sender_acked(struct gw_block1_sender *sender, const struct gw_block *answer);
#endif
