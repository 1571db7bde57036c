/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* Whatever form is decoded, whatever its header and segments say: writes are in
 * order and inside the result, reads inside the base and what was written, the
 * work is bounded, and a decoder that was stopped and goes on makes the same. */
#include <stdlib.h>
#include <string.h>

#include "wire/patch.h"

#define HEADER 36u
#define RESULT_MAX 8192u
#define BASE_MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct medium {
  uint32_t result_size, base_size, high;
  uint8_t result[RESULT_MAX];
};

static void check(int condition) {
  if (!condition) abort();
}

static int write_result(void *arg, uint32_t offset, const void *data, size_t size) {
  struct medium *medium = arg;
  check(offset == medium->high && size > 0 && offset + size <= medium->result_size);
  check(size % GW_PATCH_WRITE_SIZE == 0 || offset + size == medium->result_size);
  memcpy(medium->result + offset, data, size);
  medium->high = offset + (uint32_t)size;
  return 0;
}

static int read_base(void *arg, uint32_t offset, void *data, size_t size) {
  struct medium *medium = arg;
  uint8_t *bytes = data;
  check(size > 0 && offset + size <= medium->base_size);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)((offset + i) * (offset + i) >> 5);
  return 0;
}

static int read_result(void *arg, uint32_t offset, void *data, size_t size) {
  struct medium *medium = arg;
  check(size > 0 && offset + size <= medium->high);
  memcpy(data, medium->result + offset, size);
  return 0;
}

static void begin(struct gw_patch *patch, const struct gw_patch_io *io, const uint8_t *data) {
  struct medium *medium = io->arg;
  uint8_t result[GW_DIGEST_SIZE] = {0}, base[GW_DIGEST_SIZE] = {0};
  memcpy(result, data + 16, 8);
  memcpy(base, data + 28, 8);
  gw_patch_init(patch, io, medium->result_size, result, data[4] == 2 ? base : NULL,
                medium->base_size);
}

static uint32_t u32_at(const uint8_t *data) {
  return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct medium whole, parted; /* what the header promises is what is expected */
  struct gw_patch patch;
  if (size < HEADER || u32_at(data + 8) > RESULT_MAX || u32_at(data + 24) > BASE_MAX) return 0;
  whole.high = 0;
  whole.result_size = u32_at(data + 8);
  whole.base_size = data[4] == 2 ? u32_at(data + 24) : 0;
  memset(&parted, 0, sizeof parted);
  parted.result_size = whole.result_size;
  parted.base_size = whole.base_size;

  struct gw_patch_io io = {&whole, write_result, read_base, read_result};
  begin(&patch, &io, data);
  int status = gw_patch_feed(&patch, 0, data, size);
  bool done = gw_patch_done(&patch);
  check(status <= 0 && (!done || whole.high == whole.result_size));

  /* The same in pieces, with a restart in the middle and little work at a time. */
  io.arg = &parted;
  begin(&patch, &io, data);
  size_t half = size / 2;
  int first = gw_patch_feed(&patch, 0, data, half);
  if (first < 0) return 0;
  uint8_t checkpoint[GW_PATCH_CHECKPOINT_SIZE];
  check(gw_patch_checkpoint(&patch, checkpoint) == parted.high);
  begin(&patch, &io, data);
  patch.work_max = 100;
  check(gw_patch_resume(&patch, checkpoint, sizeof checkpoint) == GW_OK);
  unsigned feeds = 0;
  uint32_t before;
  do {
    before = gw_patch_wanted(&patch);
    size_t at = before < size ? before : size;
    first = gw_patch_feed(&patch, (uint32_t)at, data + at, size - at);
    check(++feeds <= 8 + 2 * (whole.result_size / 100));
  } while (first == GW_PATCH_MORE || (first == GW_OK && gw_patch_wanted(&patch) != before));
  check(gw_patch_done(&patch) == done && (status < 0) == (first < 0));
  check(!done || memcmp(whole.result, parted.result, whole.result_size) == 0);
  return 0;
}
