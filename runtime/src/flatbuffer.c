/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/flatbuffer.h"

#include "wit/wit.h"

#define VTABLE_HEADER 4u /* its own size and the inline size, 16 bits each */

void wit_reader_init(struct wit_reader *reader, const uint8_t *data, uint32_t size) {
  *reader = (struct wit_reader){.data = data, .size = size};
}

static void fault(struct wit_reader *r, int status, const char *what) {
  if (r->status) return;
  r->status = status;
  r->what = what;
}

/* Whether [position, position + size) lies in the file. */
static bool inside(const struct wit_reader *r, uint64_t position, uint64_t size) {
  return position <= r->size && size <= r->size - position;
}

static struct wit_table table_at(struct wit_reader *r, uint32_t position) {
  const struct wit_table absent = {0};
  if (position % 4 != 0) {
    fault(r, WIT_ERR_MALFORMED, "a table is not aligned to 4 bytes");
    return absent;
  }
  if (!inside(r, position, 4)) {
    fault(r, WIT_ERR_TRUNCATED, "a table lies behind the end of the file");
    return absent;
  }
  int64_t vtable = (int64_t)position - (int32_t)wit_load_u32(r->data + position);
  if (vtable < 0 || vtable % 2 != 0 || !inside(r, (uint64_t)vtable, VTABLE_HEADER)) {
    fault(r, WIT_ERR_MALFORMED, "a vtable lies outside the file");
    return absent;
  }
  struct wit_table table = {
      .position = position,
      .vtable = (uint32_t)vtable,
      .vtable_size = wit_load_u16(r->data + vtable),
      .inline_size = wit_load_u16(r->data + vtable + 2),
  };
  if (table.vtable_size < VTABLE_HEADER || table.vtable_size % 2 != 0 || table.inline_size < 4) {
    fault(r, WIT_ERR_MALFORMED, "a vtable is broken");
    return absent;
  }
  if (!inside(r, table.vtable, table.vtable_size) || !inside(r, position, table.inline_size)) {
    fault(r, WIT_ERR_TRUNCATED, "a table ends behind the end of the file");
    return absent;
  }
  return table;
}

struct wit_table wit_read_root(struct wit_reader *r) {
  if (!inside(r, 0, 8)) {
    fault(r, WIT_ERR_TRUNCATED, "the file is too short to be a flatbuffer");
    return (struct wit_table){0};
  }
  uint32_t position = wit_load_u32(r->data);
  if (position == 0) {
    fault(r, WIT_ERR_MALFORMED, "the root offset is 0");
    return (struct wit_table){0};
  }
  return table_at(r, position);
}

/* Position of field `id`, which takes `size` bytes; 0 when absent. */
static uint32_t field_at(struct wit_reader *r, const struct wit_table *table, unsigned id,
                         uint32_t size) {
  uint32_t entry = VTABLE_HEADER + 2 * id;
  if (table->position == 0 || entry + 2 > table->vtable_size) return 0;
  uint32_t offset = wit_load_u16(r->data + table->vtable + entry);
  if (offset == 0) return 0;
  if (offset < 4 || offset + size > table->inline_size) {
    fault(r, WIT_ERR_MALFORMED, "a field lies outside its table");
    return 0;
  }
  uint32_t position = table->position + offset;
  if (position % size != 0) {
    fault(r, WIT_ERR_MALFORMED, "a field is not aligned");
    return 0;
  }
  return position;
}

bool wit_table_has(struct wit_reader *r, const struct wit_table *table, unsigned id) {
  return field_at(r, table, id, 1) != 0;
}

uint8_t wit_read_u8(struct wit_reader *r, const struct wit_table *table, unsigned id,
                    uint8_t absent) {
  uint32_t at = field_at(r, table, id, 1);
  return at ? r->data[at] : absent;
}

uint32_t wit_read_u32(struct wit_reader *r, const struct wit_table *table, unsigned id,
                      uint32_t absent) {
  uint32_t at = field_at(r, table, id, 4);
  return at ? wit_load_u32(r->data + at) : absent;
}

int32_t wit_read_i32(struct wit_reader *r, const struct wit_table *table, unsigned id,
                     int32_t absent) {
  return (int32_t)wit_read_u32(r, table, id, (uint32_t)absent);
}

uint64_t wit_read_u64(struct wit_reader *r, const struct wit_table *table, unsigned id,
                      uint64_t absent) {
  uint32_t at = field_at(r, table, id, 8);
  return at ? wit_load_u64(r->data + at) : absent;
}

float wit_read_f32(struct wit_reader *r, const struct wit_table *table, unsigned id, float absent) {
  uint32_t at = field_at(r, table, id, 4);
  return at ? wit_load_f32(r->data + at) : absent;
}

/* Where the reference at `at` points; 0 with a fault when it points nowhere. */
static uint32_t follow(struct wit_reader *r, uint32_t at) {
  uint64_t target = (uint64_t)at + wit_load_u32(r->data + at);
  if (target == at) {
    fault(r, WIT_ERR_MALFORMED, "a reference points at itself");
    return 0;
  }
  if (!inside(r, target, 4)) {
    fault(r, WIT_ERR_TRUNCATED, "a reference points behind the end of the file");
    return 0;
  }
  return (uint32_t)target;
}

struct wit_table wit_read_child(struct wit_reader *r, const struct wit_table *table, unsigned id) {
  uint32_t at = field_at(r, table, id, 4);
  uint32_t target = at ? follow(r, at) : 0;
  return target ? table_at(r, target) : (struct wit_table){0};
}

struct wit_vector wit_read_vector(struct wit_reader *r, const struct wit_table *table, unsigned id,
                                  uint32_t element_size) {
  const struct wit_vector absent = {0};
  uint32_t at = field_at(r, table, id, 4);
  uint32_t target = at ? follow(r, at) : 0;
  if (!target) return absent;
  uint32_t first = target + 4;
  if (target % 4 != 0 || first % element_size != 0) {
    fault(r, WIT_ERR_MALFORMED, "a vector is not aligned");
    return absent;
  }
  struct wit_vector vector = {.position = first, .count = wit_load_u32(r->data + target)};
  if (!inside(r, first, (uint64_t)vector.count * element_size)) {
    fault(r, WIT_ERR_TRUNCATED, "a vector ends behind the end of the file");
    return absent;
  }
  return vector;
}

struct wit_vector wit_read_string(struct wit_reader *r, const struct wit_table *table,
                                  unsigned id) {
  struct wit_vector text = wit_read_vector(r, table, id, 1);
  if (!text.position) return text;
  uint32_t end = text.position + text.count;
  if (!inside(r, end, 1) || r->data[end] != 0) {
    fault(r, WIT_ERR_MALFORMED, "a string is not terminated");
    return (struct wit_vector){0};
  }
  return text;
}

int32_t wit_vector_i32(const struct wit_reader *r, const struct wit_vector *vector,
                       uint32_t index) {
  return (int32_t)wit_load_u32(r->data + vector->position + 4 * (size_t)index);
}

struct wit_table wit_vector_table(struct wit_reader *r, const struct wit_vector *vector,
                                  uint32_t index) {
  uint32_t target = follow(r, vector->position + 4 * index);
  return target ? table_at(r, target) : (struct wit_table){0};
}
