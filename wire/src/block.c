/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/block.h"

#define OPTION_VALUE_MAX 0xFFFFFFu /* RFC 7959 2.2: zero to three bytes */

int gw_block_decode(uint32_t option_value, struct gw_block *out) {
  if (option_value > OPTION_VALUE_MAX) return GW_ERR_MALFORMED;
  if ((option_value & 7u) > GW_BLOCK_SZX_MAX) return GW_ERR_MALFORMED;
  out->num = option_value >> 4;
  out->more = (option_value & 8u) != 0;
  out->szx = (uint8_t)(option_value & 7u);
  return GW_OK;
}

uint32_t gw_block_encode(struct gw_block block) {
  return (block.num << 4) | (block.more ? 8u : 0u) | block.szx;
}

static struct gw_block block_at(uint64_t offset, uint8_t szx) {
  return (struct gw_block){.num = (uint32_t)(offset >> (szx + 4u)), .szx = szx};
}

/* Can a block that starts at offset be named in 20 bits? */
static bool is_addressable(uint64_t offset, uint8_t szx) {
  return (offset >> (szx + 4u)) <= GW_BLOCK_NUM_MAX;
}

/* A block before the last is full, the last may be short (RFC 7959 2.2). */
static bool length_fits(struct gw_block block, size_t payload_size) {
  return block.more ? payload_size == gw_block_size(block) : payload_size <= gw_block_size(block);
}

static void cut(uint64_t offset, uint64_t total_size, uint8_t szx, struct gw_block_slice *out) {
  out->block = block_at(offset, szx);
  out->offset = offset;
  uint64_t left = total_size - offset;
  out->block.more = left > gw_block_size(out->block);
  out->size = out->block.more ? gw_block_size(out->block) : (uint32_t)left;
}

int gw_block2_slice(struct gw_block requested, uint64_t total_size, struct gw_block_slice *out) {
  if (requested.szx > GW_BLOCK_SZX_MAX || requested.num > GW_BLOCK_NUM_MAX) return GW_ERR_MALFORMED;
  if (total_size > 0 && !is_addressable(total_size - 1, requested.szx)) return GW_ERR_TOO_LONG;
  uint64_t offset = gw_block_offset(requested);
  if (offset > 0 && offset >= total_size) return GW_ERR_ORDER;
  cut(offset, total_size, requested.szx, out);
  return GW_OK;
}

int gw_block2_receiver_init(struct gw_block2_receiver *receiver, uint64_t offset, uint8_t szx) {
  if (szx > GW_BLOCK_SZX_MAX) return GW_ERR_MALFORMED;
  if (offset % (16u << szx) != 0) return GW_ERR_ORDER;
  if (!is_addressable(offset, szx)) return GW_ERR_TOO_LONG;
  *receiver = (struct gw_block2_receiver){.offset = offset, .szx = szx};
  return GW_OK;
}

struct gw_block gw_block2_receiver_next(const struct gw_block2_receiver *receiver) {
  return block_at(receiver->offset, receiver->szx);
}

/* Without the option the answer is the whole representation: right only when
 * nothing was taken before. */
static int accept_whole(struct gw_block2_receiver *receiver, size_t payload_size) {
  if (receiver->offset != 0) return GW_ERR_MALFORMED;
  receiver->offset = payload_size;
  receiver->done = true;
  return (int)payload_size;
}

int gw_block2_receiver_accept(struct gw_block2_receiver *receiver, const struct gw_block *block,
                              size_t payload_size) {
  if (receiver->done) return GW_ERR_ORDER;
  if (!block) return accept_whole(receiver, payload_size);
  if (block->szx > receiver->szx) return GW_ERR_MALFORMED;
  if (gw_block_offset(*block) != receiver->offset) return GW_ERR_ORDER;
  if (!length_fits(*block, payload_size)) return GW_ERR_MALFORMED;
  uint64_t end = receiver->offset + payload_size;
  if (block->more && !is_addressable(end, block->szx)) return GW_ERR_TOO_LONG;
  receiver->offset = end;
  receiver->szx = block->szx;
  receiver->done = !block->more;
  return (int)payload_size;
}

void gw_block1_receiver_init(struct gw_block1_receiver *receiver, uint64_t limit) {
  *receiver = (struct gw_block1_receiver){.limit = limit};
}

static void begin_upload(struct gw_block1_receiver *receiver) {
  gw_block1_receiver_init(receiver, receiver->limit);
  receiver->started = true;
}

/* The block that was taken last, sent again because its answer was lost? */
static bool is_repeat(const struct gw_block1_receiver *receiver, struct gw_block block,
                      size_t payload_size) {
  return gw_block_offset(block) + payload_size == receiver->offset && block.more != receiver->done;
}

int gw_block1_receiver_accept(struct gw_block1_receiver *receiver, struct gw_block block,
                              size_t payload_size) {
  if (block.szx > GW_BLOCK_SZX_MAX || !length_fits(block, payload_size)) return GW_ERR_MALFORMED;
  if (block.num == 0) begin_upload(receiver);
  if (!receiver->started) return GW_ERR_ORDER;
  if (block.num > 0 && is_repeat(receiver, block, payload_size)) return 0;
  if (receiver->done || gw_block_offset(block) != receiver->offset) return GW_ERR_ORDER;
  if (payload_size > receiver->limit - receiver->offset) {
    receiver->started = false;
    return GW_ERR_TOO_LONG;
  }
  receiver->offset += payload_size;
  receiver->szx = block.szx;
  receiver->done = !block.more;
  return (int)payload_size;
}

void gw_block1_sender_init(struct gw_block1_sender *sender, uint64_t total_size, uint8_t szx) {
  *sender = (struct gw_block1_sender){
      .total_size = total_size,
      .szx = szx > GW_BLOCK_SZX_MAX ? (uint8_t)GW_BLOCK_SZX_MAX : szx,
  };
}

bool gw_block1_sender_next(const struct gw_block1_sender *sender, struct gw_block_slice *out) {
  if (sender->done) return false;
  cut(sender->offset, sender->total_size, sender->szx, out);
  return true;
}

int gw_block1_sender_acked(struct gw_block1_sender *sender, const struct gw_block *answer) {
  struct gw_block_slice sent;
  if (!gw_block1_sender_next(sender, &sent)) return GW_ERR_ORDER;
  uint8_t szx = sender->szx;
  if (answer) {
    if (answer->szx > GW_BLOCK_SZX_MAX) return GW_ERR_MALFORMED;
    /* A server that shrinks may name the block in either size. */
    if (answer->num != sent.block.num && gw_block_offset(*answer) != sent.offset) {
      return GW_ERR_ORDER;
    }
    if (answer->szx < szx) szx = answer->szx;
  }
  if (sent.block.more && !is_addressable(sender->total_size - 1, szx)) return GW_ERR_TOO_LONG;
  sender->offset += sent.size;
  sender->szx = szx;
  sender->done = !sent.block.more;
  return GW_OK;
}
