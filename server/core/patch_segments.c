/* SPDX-License-Identifier: Apache-2.0 */
/* Shifts (place in the base - place in the result) are proposed by equal bytes
 * and, where weights have all changed a little, by similar ones. The result is then
 * cut into blocks, and the cheapest way through them is found (Viterbi): what a
 * block costs told by each shift, plus what a change of shift costs. */
#include "server/core/patch_segments.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 32u
#define SHIFTS_MAX 64u /* the first is no base */
#define ANCHOR 12u     /* so many equal bytes are no accident */
#define HASH_BITS_MIN 8u
#define HASH_BITS_MAX 18u
#define VOTES_MAX 4096u
#define SAMPLE 64u           /* bytes that are looked for by likeness */
#define SAMPLES_MAX 128u     /* how often, */
#define SAMPLE_WINDOW 32768u /* and how far around */
/* Costs are in 1/16 bit. */
#define BIT 16u
#define SWITCH_COST (48u * BIT)
#define BASE_COST (4u * BIT) /* a block's: a ratio fitted to noise gains so much */
#define BYTE_COST_MAX (7u * BIT)
#define OUTSIDE 65535u   /* a block's that is not in the base as a whole: */
#define NEVER (1u << 30) /* no way leads there, whatever a change of shift costs */

struct finder {
  const uint8_t *base, *result;
  size_t base_size, result_size, block_count;
  int32_t shift[SHIFTS_MAX];
  unsigned shift_count;
  uint32_t switch_cost;
  unsigned hash_bits;
  uint16_t *cost; /* [block][shift] */
  uint8_t *from;  /* [block][shift]: the shift of the block before */
  uint8_t *chosen;
};

/* ---- what bytes cost ------------------------------------------------------------------ */

/* 16 log2(1 + x / 16), of what is off in 1/16. */
static uint32_t bits_of(uint32_t off16) {
  uint32_t value = 16 + off16, bits = 0;
  while (value >> (bits + 5)) bits++;
  return bits * 16 + (value >> bits) - 16;
}

/* A block whose bytes are off by so much in sum: entropy of a two-sided geometric
 * distribution, near enough. */
static uint32_t spread_cost(uint32_t off16, uint32_t size) {
  uint64_t count = size > 0 ? size : 1;
  uint32_t each = bits_of((uint32_t)((uint64_t)off16 * 87 / 16 / count)); /* 2 e off */
  return (each > BYTE_COST_MAX ? BYTE_COST_MAX : each) * size;
}

static int32_t value_of(uint8_t byte) { return (int32_t)(byte ^ 128u) - 128; }

static uint32_t off_by_ratio(const uint8_t *result, const uint8_t *base, uint32_t size,
                             int32_t ratio) {
  uint32_t off = 0;
  for (uint32_t i = 0; i < size; i++) {
    int32_t difference = value_of(result[i]) * 256 - value_of(base[i]) * ratio;
    off += (uint32_t)(difference < 0 ? -difference : difference) / 16;
  }
  return off;
}

static uint32_t cost_without_base(const uint8_t *result, uint32_t size) {
  uint32_t off = 0;
  for (uint32_t i = 0; i < size; i++) off += (uint32_t)abs(value_of(result[i]));
  return spread_cost(off * 16, size);
}

static uint32_t cost_with_base(const uint8_t *result, const uint8_t *base, uint32_t size) {
  int32_t base_base = 0, base_result = 0;
  if (memcmp(result, base, size) == 0) return 0;
  for (uint32_t i = 0; i < size; i++) {
    base_base += value_of(base[i]) * value_of(base[i]);
    base_result += value_of(base[i]) * value_of(result[i]);
  }
  uint32_t off = off_by_ratio(result, base, size, 256);
  if (base_base) {
    uint32_t scaled =
        off_by_ratio(result, base, size, (int32_t)((int64_t)base_result * 256 / base_base));
    if (scaled < off) off = scaled;
  }
  return spread_cost(off, size) + BASE_COST;
}

/* ---- proposals ---------------------------------------------------------------------------- */

static bool has_shift(const struct finder *finder, int32_t shift) {
  for (unsigned i = 0; i < finder->shift_count; i++) {
    if (finder->shift[i] == shift) return true;
  }
  return false;
}

static void propose(struct finder *finder, int32_t shift) {
  if (finder->shift_count < SHIFTS_MAX && !has_shift(finder, shift)) {
    finder->shift[finder->shift_count++] = shift;
  }
}

static uint32_t anchor_hash(const uint8_t *data, unsigned bits) {
  uint64_t low;
  uint32_t high;
  memcpy(&low, data, 8);
  memcpy(&high, data + 8, 4);
  return (uint32_t)((low * 0x9e3779b97f4a7c15u ^ high * 0xc2b2ae3d27d4eb4fu) >> (64 - bits));
}

struct vote {
  int32_t shift;
  uint32_t bytes;
};

static void vote(struct vote *votes, unsigned *count, int32_t shift, uint32_t bytes) {
  for (unsigned i = *count; i > 0; i--) { /* the last ones are the likely ones */
    if (votes[i - 1].shift != shift) continue;
    votes[i - 1].bytes += bytes;
    return;
  }
  if (*count < VOTES_MAX) votes[(*count)++] = (struct vote){shift, bytes};
}

static int by_bytes(const void *a, const void *b) {
  const struct vote *one = a, *other = b;
  if (one->bytes != other->bytes) return one->bytes < other->bytes ? 1 : -1;
  return one->shift < other->shift ? -1 : 1;
}

static uint32_t equal_bytes(const struct finder *finder, size_t at, size_t base_at) {
  uint32_t length = 0;
  while (at + length < finder->result_size && base_at + length < finder->base_size &&
         finder->result[at + length] == finder->base[base_at + length]) {
    length++;
  }
  return length;
}

/* Where the bytes from `at` on stand in the base: by the shift that held just
 * before, or else where they stand last. */
static bool find_anchor(const struct finder *finder, const uint32_t *places, size_t at,
                        int64_t shift, size_t *base_at, uint32_t *length) {
  int64_t same = (int64_t)at + shift;
  if (same >= 0 && same < (int64_t)finder->base_size) {
    *base_at = (size_t)same;
    *length = equal_bytes(finder, at, *base_at);
    if (*length >= ANCHOR) return true;
  }
  uint32_t place = places[anchor_hash(finder->result + at, finder->hash_bits)];
  if (place == 0) return false;
  *base_at = place - 1;
  *length = equal_bytes(finder, at, *base_at);
  return *length >= ANCHOR;
}

static bool propose_by_equal_bytes(struct finder *finder) {
  if (finder->base_size < ANCHOR || finder->result_size < ANCHOR) return true;
  finder->hash_bits = HASH_BITS_MIN;
  while (finder->hash_bits < HASH_BITS_MAX && finder->base_size >> finder->hash_bits) {
    finder->hash_bits++;
  }
  uint32_t *places = calloc((size_t)1 << finder->hash_bits, sizeof *places);
  struct vote *votes = calloc(VOTES_MAX, sizeof *votes);
  unsigned count = 0;
  bool done = places && votes;
  for (size_t at = 0; done && at + ANCHOR <= finder->base_size; at++) {
    places[anchor_hash(finder->base + at, finder->hash_bits)] = (uint32_t)at + 1;
  }
  int64_t shift = 0;
  for (size_t at = 0; done && at + ANCHOR <= finder->result_size;) {
    size_t base_at;
    uint32_t length;
    if (find_anchor(finder, places, at, shift, &base_at, &length)) {
      shift = (int64_t)base_at - (int64_t)at;
      vote(votes, &count, (int32_t)shift, length);
      at += length;
    } else {
      at++;
    }
  }
  if (done) qsort(votes, count, sizeof *votes, by_bytes);
  /* Some room is left to those found by likeness. */
  for (unsigned i = 0; done && i < count && finder->shift_count < SHIFTS_MAX * 3 / 4; i++) {
    propose(finder, votes[i].shift);
  }
  free(places);
  free(votes);
  return done;
}

/* The sum of differences, given up once it is `most`. */
static uint32_t difference(const uint8_t *one, const uint8_t *other, uint32_t most) {
  uint32_t sum = 0;
  for (unsigned part = 0; part < SAMPLE; part += 16) {
    for (unsigned i = 0; i < 16; i++) {
      int32_t off = one[part + i] - other[part + i];
      sum += (uint32_t)(off < 0 ? -off : off);
    }
    if (sum >= most) return most;
  }
  return sum;
}

static void propose_like(struct finder *finder, size_t at) {
  size_t begin = at > SAMPLE_WINDOW ? at - SAMPLE_WINDOW : 0;
  size_t end = at + SAMPLE_WINDOW;
  if (end > finder->base_size - SAMPLE) end = finder->base_size - SAMPLE;
  uint32_t best = UINT32_MAX;
  size_t best_at = 0;
  for (size_t place = begin; place <= end; place++) {
    uint32_t sum = difference(finder->result + at, finder->base + place, best);
    if (sum < best) {
      best = sum;
      best_at = place;
    }
  }
  if (best != UINT32_MAX) propose(finder, (int32_t)((int64_t)best_at - (int64_t)at));
}

static uint32_t block_size(const struct finder *finder, size_t block) {
  size_t left = finder->result_size - block * BLOCK;
  return (uint32_t)(left < BLOCK ? left : BLOCK);
}

static uint32_t block_cost(const struct finder *finder, size_t block, unsigned which) {
  size_t at = block * BLOCK;
  uint32_t size = block_size(finder, block);
  if (which == 0) return cost_without_base(finder->result + at, size);
  int64_t base_at = (int64_t)at + finder->shift[which];
  if (base_at < 0 || base_at + size > (int64_t)finder->base_size) return OUTSIDE;
  return cost_with_base(finder->result + at, finder->base + base_at, size);
}

/* No shift so far is worth much here. */
static bool is_unexplained(const struct finder *finder, size_t block) {
  uint32_t without = block_cost(finder, block, 0);
  if (without < BLOCK * 3 * BIT) return false; /* few bits to gain */
  for (unsigned i = 1; i < finder->shift_count; i++) {
    if (block_cost(finder, block, i) < without - without / 8) return false;
  }
  return true;
}

static void propose_by_likeness(struct finder *finder) {
  size_t step = finder->block_count / SAMPLES_MAX + 1;
  if (finder->base_size < SAMPLE) return;
  for (size_t block = 0; (block + 2) * BLOCK <= finder->result_size; block += step) {
    if (finder->shift_count == SHIFTS_MAX) return;
    if (is_unexplained(finder, block)) propose_like(finder, block * BLOCK);
  }
}

/* ---- the way through --------------------------------------------------------------------------
 */

static void find_way(struct finder *finder) {
  uint32_t before[SHIFTS_MAX] = {0}, now[SHIFTS_MAX];
  for (size_t block = 0; block < finder->block_count; block++) {
    unsigned best = 0;
    for (unsigned i = 1; i < finder->shift_count; i++) {
      if (before[i] < before[best]) best = i;
    }
    uint32_t least = before[best];
    for (unsigned i = 0; i < finder->shift_count; i++) {
      bool changed = block > 0 && before[i] - least > finder->switch_cost;
      finder->from[block * finder->shift_count + i] = (uint8_t)(changed ? best : i);
      /* Counted from the least, so that sums stay small. */
      uint32_t cost = finder->cost[block * finder->shift_count + i];
      now[i] = (changed ? finder->switch_cost : before[i] - least) + cost;
      if (cost == OUTSIDE) now[i] = NEVER;
    }
    memcpy(before, now, sizeof before);
  }
  unsigned last = 0;
  for (unsigned i = 1; i < finder->shift_count; i++) {
    if (before[i] < before[last]) last = i;
  }
  for (size_t block = finder->block_count; block > 0; block--) {
    finder->chosen[block - 1] = (uint8_t)last;
    last = finder->from[(block - 1) * finder->shift_count + last];
  }
}

static size_t change_count(const struct finder *finder) {
  size_t count = 0;
  for (size_t block = 1; block < finder->block_count; block++) {
    count += finder->chosen[block] != finder->chosen[block - 1];
  }
  return count;
}

static uint32_t byte_cost(const struct finder *finder, size_t at, unsigned which) {
  if (which == 0) return bits_of((uint32_t)abs(value_of(finder->result[at])) * 16);
  int64_t base_at = (int64_t)at + finder->shift[which];
  if (base_at < 0 || base_at >= (int64_t)finder->base_size) return UINT32_MAX / 1024;
  int32_t off = value_of(finder->result[at]) - value_of(finder->base[base_at]);
  return bits_of((uint32_t)abs(off) * 16);
}

/* The best place to change from one shift to another, half a block around `border`:
 * two borders cannot cross. `border` itself is inside the base for both. */
static size_t find_border(const struct finder *finder, size_t border, unsigned one,
                          unsigned other) {
  size_t begin = border - BLOCK / 2, end = border + BLOCK / 2, best_at = border;
  if (end > finder->result_size) end = finder->result_size;
  uint64_t cost = 0, best = UINT64_MAX;
  for (size_t at = begin; at < end; at++) cost += byte_cost(finder, at, other);
  for (size_t at = begin; at < end; at++) {
    if (cost < best) {
      best = cost;
      best_at = at;
    }
    cost += byte_cost(finder, at, one);
    cost -= byte_cost(finder, at, other);
  }
  return best_at;
}

static unsigned write_segments(const struct finder *finder, struct gw_patch_segment *segments) {
  unsigned count = 0;
  for (size_t block = 0; block < finder->block_count; block++) {
    unsigned which = finder->chosen[block];
    if (block > 0 && which == finder->chosen[block - 1]) continue;
    if (block > 0) {
      segments[count - 1].end =
          (uint32_t)find_border(finder, block * BLOCK, finder->chosen[block - 1], which);
    }
    segments[count].shift = finder->shift[which];
    segments[count].end = (uint32_t)finder->result_size;
    count++;
  }
  return count;
}

static bool find(struct finder *finder) {
  if (!propose_by_equal_bytes(finder)) return false;
  propose_by_likeness(finder);
  finder->cost = calloc(finder->block_count, finder->shift_count * sizeof *finder->cost);
  finder->from = calloc(finder->block_count, finder->shift_count);
  if (!finder->cost || !finder->from) return false;
  for (size_t block = 0; block < finder->block_count; block++) {
    for (unsigned i = 0; i < finder->shift_count; i++) {
      finder->cost[block * finder->shift_count + i] = (uint16_t)block_cost(finder, block, i);
    }
  }
  for (;;) {
    find_way(finder);
    if (change_count(finder) < GW_PATCH_SEGMENTS_MAX) return true;
    finder->switch_cost *= 2;
  }
}

unsigned srv_patch_find_segments(const uint8_t *base, size_t base_size, const uint8_t *result,
                                 size_t result_size,
                                 struct gw_patch_segment segments[GW_PATCH_SEGMENTS_MAX]) {
  struct finder finder = {.base = base,
                          .result = result,
                          .base_size = base_size,
                          .result_size = result_size,
                          .block_count = (result_size + BLOCK - 1) / BLOCK,
                          .switch_cost = SWITCH_COST};
  unsigned count = 0;
  finder.chosen = calloc(finder.block_count, 1);
  finder.shift[finder.shift_count++] = GW_PATCH_NO_BASE;
  propose(&finder, 0);
  propose(&finder, (int32_t)((int64_t)base_size - (int64_t)result_size));
  if (finder.chosen && find(&finder)) {
    count = write_segments(&finder, segments);
  }
  free(finder.cost);
  free(finder.from);
  free(finder.chosen);
  return count;
}
