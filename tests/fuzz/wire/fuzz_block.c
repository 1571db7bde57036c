/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* The input is a program: each step is one option value and one payload size,
 * given to all four ends of block transfer. Positions may only move as the
 * payloads taken say, and no block number may leave its 20 bits. */
#include <stdlib.h>
#include <string.h>

#include "wire/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP_SIZE 8u

static void check(int condition) {
  if (!condition) abort();
}

struct ends {
  struct gw_block1_receiver upload;
  struct gw_block1_sender sender;
  struct gw_block2_receiver download;
};

static void step_slice(struct gw_block block, uint64_t total_size) {
  struct gw_block_slice slice;
  if (gw_block2_slice(block, total_size, &slice) != GW_OK) return;
  check(slice.block.szx == block.szx && slice.block.num == block.num);
  check(slice.offset + slice.size <= total_size);
  check(slice.block.more == (slice.offset + slice.size < total_size));
}

static void step_download(struct gw_block2_receiver *download, const struct gw_block *block,
                          size_t payload_size) {
  uint64_t before = download->offset;
  int taken = gw_block2_receiver_accept(download, block, payload_size);
  check(taken < 0 ? download->offset == before : download->offset == before + payload_size);
  if (!download->done) check(gw_block2_receiver_next(download).num <= GW_BLOCK_NUM_MAX);
}

static void step_upload(struct gw_block1_receiver *upload, struct gw_block block,
                        size_t payload_size) {
  uint64_t before = block.num == 0 ? 0 : upload->offset;
  int taken = gw_block1_receiver_accept(upload, block, payload_size);
  if (taken > 0) check(upload->offset == before + payload_size);
  if (taken == 0 && block.num != 0) check(upload->offset == before);
  check(upload->offset <= upload->limit);
}

static void step_sender(struct gw_block1_sender *sender, const struct gw_block *answer) {
  struct gw_block_slice slice;
  if (!gw_block1_sender_next(sender, &slice)) return;
  check(slice.offset == sender->offset && slice.offset + slice.size <= sender->total_size);
  if (slice.offset > 0) check(slice.block.num <= GW_BLOCK_NUM_MAX);
  check(gw_block_offset(slice.block) == slice.offset);
  if (gw_block1_sender_acked(sender, answer) != GW_OK) check(sender->offset == slice.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ends ends;
  uint64_t total_size = 0;
  uint64_t start = 0;
  if (size < STEP_SIZE) return 0;
  memcpy(&total_size, data, 5);
  memcpy(&start, data + 5, 2);
  gw_block1_receiver_init(&ends.upload, total_size);
  gw_block1_sender_init(&ends.sender, total_size, data[7] & 7u);
  if (gw_block2_receiver_init(&ends.download, start << 10, 6) != GW_OK) return 0;
  for (size_t at = STEP_SIZE; at + STEP_SIZE <= size; at += STEP_SIZE) {
    uint32_t value;
    uint16_t payload_size;
    struct gw_block block;
    memcpy(&value, data + at, 4);
    memcpy(&payload_size, data + at + 4, 2);
    if (gw_block_decode(value, &block) != GW_OK) continue;
    check(gw_block_encode(block) == value);
    bool absent = (data[at + 6] & 1u) != 0;
    step_slice(block, total_size);
    step_download(&ends.download, absent ? NULL : &block, payload_size);
    step_upload(&ends.upload, block, payload_size);
    step_sender(&ends.sender, absent ? NULL : &block);
  }
  return 0;
}
