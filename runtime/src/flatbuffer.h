/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_FLATBUFFER_H
#define RUNTIME_SRC_FLATBUFFER_H
/* Checked reading of a FlatBuffer. Every access is checked against the file, so
 * nothing here can be made to read outside it; what does not fit is remembered
 * in the reader (status, what) and read as absent. So the code that walks a
 * model reads in a straight line and asks once per table: is the reader still
 * well?
 *
 * Positions are byte offsets from the start of the flatbuffer; 0 means absent
 * (the root offset stands there, so nothing else can). Alignment is checked
 * relative to the flatbuffer; where the flatbuffer stands in memory does not
 * matter, all loads are bytewise. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wit_reader {
  const uint8_t *data;
  uint32_t size;
  int status;       /* WIT_OK, WIT_ERR_TRUNCATED or WIT_ERR_MALFORMED: the first fault */
  const char *what; /* in words, NULL while all is well */
};

struct wit_table {
  uint32_t position; /* 0: absent */
  uint32_t vtable;
  uint16_t vtable_size;
  uint16_t inline_size;
};

struct wit_vector {
  uint32_t position; /* of the first element, 0: absent */
  uint32_t count;
};

void wit_reader_init(struct wit_reader *reader, const uint8_t *data, uint32_t size);

struct wit_table wit_read_root(struct wit_reader *reader);

/* Field `id` of a table. Absent tables have no fields. */
bool wit_table_has(struct wit_reader *reader, const struct wit_table *table, unsigned id);
uint8_t wit_read_u8(struct wit_reader *r, const struct wit_table *table, unsigned id,
                    uint8_t absent);
int32_t wit_read_i32(struct wit_reader *r, const struct wit_table *table, unsigned id,
                     int32_t absent);
uint32_t wit_read_u32(struct wit_reader *r, const struct wit_table *table, unsigned id,
                      uint32_t absent);
uint64_t wit_read_u64(struct wit_reader *r, const struct wit_table *table, unsigned id,
                      uint64_t absent);
float wit_read_f32(struct wit_reader *r, const struct wit_table *table, unsigned id, float absent);
struct wit_table wit_read_child(struct wit_reader *r, const struct wit_table *table, unsigned id);
struct wit_vector wit_read_vector(struct wit_reader *r, const struct wit_table *table, unsigned id,
                                  uint32_t element_size);
/* A NUL-terminated string: `count` does not count the NUL. */
struct wit_vector wit_read_string(struct wit_reader *r, const struct wit_table *table, unsigned id);

/* Elements; `index` < count is the caller's duty. */
int32_t wit_vector_i32(const struct wit_reader *r, const struct wit_vector *vector, uint32_t index);
struct wit_table wit_vector_table(struct wit_reader *r, const struct wit_vector *vector,
                                  uint32_t index);

/* Little-endian loads from any address. */
static inline uint16_t wit_load_u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t wit_load_u32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t wit_load_u64(const uint8_t *p) {
  return (uint64_t)wit_load_u32(p) | (uint64_t)wit_load_u32(p + 4) << 32;
}
static inline float wit_load_f32(const uint8_t *p) {
  union {
    uint32_t bits;
    float value;
  } u = {wit_load_u32(p)};
  return u.value;
}
#endif
