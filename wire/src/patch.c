/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/patch.h"

#include <string.h>

#include "wire/description.h"

#define HEADER_SIZE 36u
#define MAGIC "GWP1"
#define NOTHING_CACHED UINT32_MAX
/* One byte of the result takes nine decisions at most, and each of them two
 * bytes of input at most: with so many staged, none has to stop halfway. */
#define INPUT_MAX 18u
#define CODE_SIZE 4u /* what the range decoder begins with */
#define RANGE_MIN (1u << 24)
#define SEGMENT_SIZE_MAX 10u

static uint32_t get_u32(const uint8_t *data) {
  return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static void put_u32(uint8_t *data, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) data[i] = (uint8_t)(value >> (8 * i));
}

void gw_patch_init(struct gw_patch *patch, const struct gw_patch_io *io, uint32_t result_size,
                   const uint8_t result_digest[GW_DIGEST_SIZE],
                   const uint8_t base_digest[GW_DIGEST_SIZE], uint32_t base_size) {
  memset(patch, 0, sizeof *patch);
  patch->io = io;
  patch->result_size = result_size;
  memcpy(patch->result_mark, result_digest, sizeof patch->result_mark);
  patch->with_base = base_digest != NULL;
  if (base_digest) {
    memcpy(patch->base_mark, base_digest, sizeof patch->base_mark);
    patch->base_size = base_size;
  }
  patch->base_cached = NOTHING_CACHED;
  gw_patch_model_init(&patch->model);
}

uint32_t gw_patch_wanted(const struct gw_patch *patch) { return patch->wanted; }

bool gw_patch_done(const struct gw_patch *patch) {
  return patch->head_size && patch->mark.made == patch->result_size && patch->status == GW_OK;
}

/* ---- checkpoint ------------------------------------------------------------------ */

uint32_t gw_patch_checkpoint(const struct gw_patch *patch, uint8_t out[GW_PATCH_CHECKPOINT_SIZE]) {
  /* While the result is read again, what was resumed from still holds. */
  bool replaying = patch->mark.made < patch->resumed.made;
  put_u32(out, replaying ? patch->resumed.made : patch->mark.made);
  put_u32(out + 4, replaying ? patch->resumed.coder_offset : patch->mark.coder_offset);
  put_u32(out + 8, replaying ? patch->resumed.range : patch->mark.range);
  put_u32(out + 12, replaying ? patch->resumed.code : patch->mark.code);
  memcpy(out + 16, patch->result_mark, sizeof patch->result_mark);
  return get_u32(out);
}

int gw_patch_resume(struct gw_patch *patch, const uint8_t *checkpoint, size_t size) {
  if (size != GW_PATCH_CHECKPOINT_SIZE) return GW_ERR_MALFORMED;
  uint32_t made = get_u32(checkpoint);
  if (made == 0) return GW_OK;
  if (made > patch->result_size || get_u32(checkpoint + 8) < RANGE_MIN ||
      (made < patch->result_size && made % GW_PATCH_WRITE_SIZE != 0) ||
      memcmp(checkpoint + 16, patch->result_mark, sizeof patch->result_mark) != 0) {
    return GW_ERR_MALFORMED;
  }
  patch->resumed.made = made;
  patch->resumed.coder_offset = get_u32(checkpoint + 4);
  patch->resumed.range = get_u32(checkpoint + 8);
  patch->resumed.code = get_u32(checkpoint + 12);
  return GW_OK;
}

/* ---- header and segments ----------------------------------------------------------- */

static int check_header(struct gw_patch *patch, const uint8_t *header) {
  if (memcmp(header, MAGIC, 3) != 0) return GW_ERR_MALFORMED;
  if (header[3] != MAGIC[3] || header[5] != 0) return GW_ERR_UNSUPPORTED;
  if (header[4] != (patch->with_base ? GW_ENCODING_DELTA : GW_ENCODING_COMPRESSED)) {
    return GW_ERR_MISSING;
  }
  if (get_u32(header + 8) != patch->result_size ||
      memcmp(header + 16, patch->result_mark, sizeof patch->result_mark) != 0 ||
      get_u32(header + 24) != patch->base_size ||
      memcmp(header + 28, patch->base_mark, sizeof patch->base_mark) != 0) {
    return GW_ERR_MISSING;
  }
  patch->segment_count = (uint16_t)(header[6] | header[7] << 8);
  patch->encoded_size = get_u32(header + 12);
  if (patch->segment_count > GW_PATCH_SEGMENTS_MAX || patch->encoded_size < HEADER_SIZE) {
    return GW_ERR_MALFORMED;
  }
  return GW_OK;
}

/* Seven bits a byte, least first. Bytes read, 0: not so many staged. */
static unsigned read_number(const uint8_t *data, unsigned size, uint32_t *out) {
  uint32_t value = 0;
  for (unsigned i = 0; i < size && i < 5; i++) {
    value |= (uint32_t)(data[i] & 127) << (7 * i);
    if (data[i] < 128) {
      *out = value;
      return i + 1;
    }
  }
  return 0;
}

/* A segment: its length, and where it stands in the base, as the way from where
 * the one before it would have gone on, zigzag, + 1; 0: from nothing. */
static int add_segment(struct gw_patch *patch, uint32_t length, uint32_t way) {
  unsigned index = patch->segment;
  uint32_t begin = index ? patch->segments[index - 1].end : 0;
  int32_t shift = GW_PATCH_NO_BASE;
  if (length == 0 || length > patch->result_size - begin) return GW_ERR_MALFORMED;
  if (way) {
    int64_t last = 0;
    for (unsigned i = index; i > 0; i--) {
      if (patch->segments[i - 1].shift == GW_PATCH_NO_BASE) continue;
      last = patch->segments[i - 1].shift;
      break;
    }
    way--;
    int64_t at = last + ((way & 1) ? -(int64_t)(way >> 1) - 1 : (int64_t)(way >> 1));
    if (begin + at < 0 || begin + at + length > patch->base_size) return GW_ERR_MALFORMED;
    shift = (int32_t)at;
  }
  patch->segments[index].end = begin + length;
  patch->segments[index].shift = shift;
  patch->segment++;
  return GW_OK;
}

static void unstage(struct gw_patch *patch, unsigned size) {
  patch->staged = (uint16_t)(patch->staged - size);
  patch->staging_at = (uint16_t)(patch->staged ? patch->staging_at + size : 0);
}

static int read_segments(struct gw_patch *patch, uint32_t *at) {
  unsigned used = 0;
  while (patch->segment < patch->segment_count) {
    uint32_t length = 0, way = 0;
    unsigned first =
        read_number(patch->staging + patch->staging_at + used, patch->staged - used, &length);
    unsigned second = 0;
    if (first) {
      second = read_number(patch->staging + patch->staging_at + used + first,
                           patch->staged - used - first, &way);
    }
    if (!second) break;
    int status = add_segment(patch, length, way);
    if (status != GW_OK) return status;
    used += first + second;
  }
  unstage(patch, used);
  *at += used;
  if (patch->staged >= SEGMENT_SIZE_MAX && patch->segment < patch->segment_count) {
    return GW_ERR_MALFORMED;
  }
  return GW_OK;
}

/* Behind the result's last byte nothing is of interest. */
static void pass_over_the_rest(struct gw_patch *patch) {
  patch->staged = patch->staging_at = 0;
  patch->wanted = patch->encoded_size;
}

static int end_head(struct gw_patch *patch, uint32_t at) {
  uint32_t covered = patch->segment ? patch->segments[patch->segment - 1].end : 0;
  if (at > GW_PATCH_HEAD_SIZE_MAX || covered != patch->result_size) return GW_ERR_MALFORMED;
  if (patch->encoded_size < at + CODE_SIZE) return GW_ERR_MALFORMED;
  patch->head_size = (uint16_t)at;
  patch->segment = 0;
  if (patch->resumed.made == 0) return GW_OK;
  if (patch->resumed.coder_offset < at + CODE_SIZE ||
      patch->resumed.coder_offset > patch->encoded_size) {
    return GW_ERR_MALFORMED;
  }
  /* What was staged lies before the place to go on from. */
  patch->staged = patch->staging_at = 0;
  patch->wanted = patch->coder_offset = patch->resumed.coder_offset;
  patch->range = patch->resumed.range;
  patch->code = patch->resumed.code;
  if (patch->resumed.made == patch->result_size) { /* nothing is left to make */
    patch->made = patch->mark.made = patch->result_size;
    pass_over_the_rest(patch);
  }
  return GW_OK;
}

/* GW_OK with head_size still 0: more is needed. */
static int read_head(struct gw_patch *patch) {
  uint32_t at = patch->wanted - patch->staged;
  if (at == 0) {
    if (patch->staged < HEADER_SIZE) return GW_OK;
    int status = check_header(patch, patch->staging);
    if (status != GW_OK) return status;
    unstage(patch, HEADER_SIZE);
    at = HEADER_SIZE;
  }
  int status = read_segments(patch, &at);
  if (status != GW_OK || patch->segment < patch->segment_count) return status;
  return end_head(patch, at);
}

/* ---- bytes of the result ----------------------------------------------------------------- */

/* The base's byte for the next byte of the result; GW_PATCH_MODEL_NO_BASE for
 * none. */
static int base_byte(struct gw_patch *patch, int *out) {
  while (patch->segments[patch->segment].end <= patch->made) patch->segment++;
  int32_t shift = patch->segments[patch->segment].shift;
  *out = GW_PATCH_MODEL_NO_BASE;
  if (shift == GW_PATCH_NO_BASE) return GW_OK;
  uint32_t at = (uint32_t)((int64_t)patch->made + shift);
  if (patch->base_cached == NOTHING_CACHED || at < patch->base_cached ||
      at - patch->base_cached >= sizeof patch->base) {
    uint32_t size = patch->base_size - at;
    if (size > sizeof patch->base) size = sizeof patch->base;
    int status = patch->io->read_base(patch->io->arg, at, patch->base, size);
    if (status < 0) return status;
    patch->base_cached = at;
  }
  *out = patch->base[at - patch->base_cached];
  return GW_OK;
}

static bool input_is_enough(const struct gw_patch *patch) {
  return patch->staged >= INPUT_MAX || patch->wanted == patch->encoded_size;
}

/* Behind the end there are zeros, as many as are asked for: a hostile form makes
 * a wrong result of the right size, which its digest tells. */
static uint8_t next_input(struct gw_patch *patch, unsigned *used) {
  uint8_t byte = *used < patch->staged ? patch->staging[patch->staging_at + *used] : 0;
  if (*used < patch->staged) ++*used;
  return byte;
}

static unsigned decode_bit(struct gw_patch *patch, uint32_t chance, unsigned *used) {
  uint32_t bound = (patch->range >> 16) * chance;
  unsigned bit = patch->code < bound;
  if (bit) {
    patch->range = bound;
  } else {
    patch->code -= bound;
    patch->range -= bound;
  }
  while (patch->range < RANGE_MIN) {
    patch->range <<= 8;
    patch->code = patch->code << 8 | next_input(patch, used);
  }
  return bit;
}

/* A byte has one way to be said. Who says that the guess is wrong, and then says
 * the same, would leave a model behind that replay_byte does not come to. */
static int decode_byte(struct gw_patch *patch, int base) {
  unsigned used = 0, decisions = 0, bit;
  gw_patch_model_begin(&patch->model, base);
  bool in_run = patch->model.in_run;
  do {
    bit = decode_bit(patch, gw_patch_model_chance(&patch->model), &used);
    decisions++;
  } while (gw_patch_model_learn(&patch->model, bit));
  patch->coder_offset += used;
  unstage(patch, used);
  bool denied = in_run && decisions > 1;
  return denied && patch->model.byte == patch->model.guess ? GW_ERR_MALFORMED : GW_OK;
}

static void begin_decoding(struct gw_patch *patch) {
  for (unsigned i = 0; i < CODE_SIZE; i++)
    patch->code = patch->code << 8 | patch->staging[patch->staging_at + i];
  unstage(patch, CODE_SIZE);
  patch->coder_offset = patch->head_size + CODE_SIZE;
  patch->range = UINT32_MAX;
}

static void set_mark(struct gw_patch *patch) {
  patch->mark.made = patch->made;
  patch->mark.coder_offset = patch->coder_offset;
  patch->mark.range = patch->range;
  patch->mark.code = patch->code;
}

/* Writes what is made, once it is a chunk or the last. */
static int flush(struct gw_patch *patch) {
  uint32_t held = patch->made - patch->mark.made;
  if (held < GW_PATCH_WRITE_SIZE && patch->made < patch->result_size) return GW_OK;
  const uint8_t *chunk = patch->model.recent + patch->mark.made % GW_PATCH_MODEL_RECENT;
  int status = patch->io->write(patch->io->arg, patch->mark.made, chunk, held);
  if (status < 0) return status;
  set_mark(patch);
  return GW_OK;
}

static int make_byte(struct gw_patch *patch) {
  int base;
  int status = base_byte(patch, &base);
  if (status < 0) return status;
  status = decode_byte(patch, base);
  if (status < 0) return status;
  patch->made++;
  return flush(patch);
}

/* ---- going on: the model is shown what was written ------------------------------------------ */

/* Nothing is staged meanwhile: that is where it is read to. */
static int replay_byte(struct gw_patch *patch) {
  unsigned at = patch->made % sizeof patch->staging;
  if (at == 0) {
    uint32_t size = patch->resumed.made - patch->made;
    if (size > sizeof patch->staging) size = sizeof patch->staging;
    int status = patch->io->read_result(patch->io->arg, patch->made, patch->staging, size);
    if (status < 0) return status;
  }
  int base;
  int status = base_byte(patch, &base);
  if (status < 0) return status;
  gw_patch_model_begin(&patch->model, base);
  do {
    (void)gw_patch_model_chance(&patch->model);
  } while (
      gw_patch_model_learn(&patch->model, gw_patch_model_bit(&patch->model, patch->staging[at])));
  patch->made++;
  if (patch->made == patch->resumed.made) set_mark(patch);
  return GW_OK;
}

/* ---- feeding ------------------------------------------------------------------------------------
 */

/* Takes what fits of the bytes at `offset`; false: nothing. */
static bool stage(struct gw_patch *patch, uint32_t offset, const uint8_t *data, size_t size) {
  if (patch->wanted < offset || patch->wanted - offset >= size) return false;
  size_t had = patch->wanted - offset, most = sizeof patch->staging - patch->staged;
  size_t left = (patch->encoded_size ? patch->encoded_size : HEADER_SIZE) - patch->wanted;
  if (most > left) most = left;
  if (most > size - had) most = size - had;
  memmove(patch->staging, patch->staging + patch->staging_at, patch->staged);
  patch->staging_at = 0;
  memcpy(patch->staging + patch->staged, data + had, most);
  patch->staged = (uint16_t)(patch->staged + most);
  patch->wanted += (uint32_t)most;
  return most > 0;
}

static int replay(struct gw_patch *patch, uint32_t *work_left) {
  for (; patch->made < patch->resumed.made; --*work_left) {
    if (*work_left == 0) return GW_PATCH_MORE;
    int status = replay_byte(patch);
    if (status < 0) return status;
  }
  return GW_OK;
}

static int decode(struct gw_patch *patch, uint32_t *work_left) {
  for (; patch->made < patch->result_size && input_is_enough(patch); --*work_left) {
    if (*work_left == 0) return GW_PATCH_MORE;
    if (patch->range == 0) begin_decoding(patch);
    int status = make_byte(patch);
    if (status < 0) return status;
  }
  if (patch->made == patch->result_size) pass_over_the_rest(patch);
  return GW_OK;
}

/* As much as the staged bytes allow: the head, then what a restart makes
 * necessary, then the rest. */
static int work(struct gw_patch *patch, uint32_t *work_left) {
  int status = patch->head_size ? GW_OK : read_head(patch);
  if (status != GW_OK || !patch->head_size) return status;
  status = replay(patch, work_left);
  return status == GW_OK ? decode(patch, work_left) : status;
}

int gw_patch_feed(struct gw_patch *patch, uint32_t offset, const void *data, size_t size) {
  if (patch->status != GW_OK) return patch->status;
  bool ended = patch->encoded_size && patch->wanted == patch->encoded_size;
  if (offset > patch->wanted && !ended) return GW_ERR_ORDER;
  uint32_t work_left = patch->work_max ? patch->work_max : UINT32_MAX;
  int status;
  do {
    status = work(patch, &work_left);
  } while (status == GW_OK && stage(patch, offset, data, size));
  if (status < 0) patch->status = status;
  return status;
}
