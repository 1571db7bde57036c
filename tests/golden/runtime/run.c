/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden/runtime/run.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/test.h"

int run_open_at(struct run *run, const uint8_t *file, size_t size, size_t offset) {
  *run = (struct run){0};
  assert_int_equal(posix_memalign(&run->block, 16, offset + size), 0);
  uint8_t *placed = (uint8_t *)run->block + offset;
  if (size) memcpy(placed, file, size);
  int status = wit_model_open(&run->model, placed, size, &run->error);
  if (status) return status;
  status = wit_interpreter_init(&run->interpreter, &run->model, &wit_ops_all, NULL, 0, &run->error);
  if (status != WIT_ERR_ARENA) return status;
  size_t needed = run->error.arena_needed_bytes;
  run->arena = aligned_alloc(WIT_ARENA_ALIGNMENT, needed);
  assert_non_null(run->arena);
  memset(run->arena, 0xa5, needed);
  return wit_interpreter_init(&run->interpreter, &run->model, &wit_ops_all, run->arena, needed,
                              &run->error);
}

int run_open(struct run *run, const uint8_t *file, size_t size) {
  return run_open_at(run, file, size, 0);
}

void run_close(struct run *run) {
  free(run->block);
  free(run->arena);
  *run = (struct run){0};
}

static int64_t ordered_bits(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? -(int64_t)(bits & 0x7fffffff) : bits;
}

static bool float_agrees(float got, float golden, double largest, const struct tolerance *t) {
  if (isnan(got) || isnan(golden)) return isnan(got) && isnan(golden);
  if (ordered_bits(got) == ordered_bits(golden)) return true;
  if (t->exact || isinf(got) || isinf(golden)) return false;
  double difference = fabs((double)got - (double)golden);
  return difference <= t->absolute || difference <= t->relative * largest ||
         llabs(ordered_bits(got) - ordered_bits(golden)) <= (long long)t->ulp;
}

static size_t compare_floats(const uint8_t *got, const uint8_t *golden, size_t size,
                             const struct tolerance *t, const bool *skip) {
  double largest = 0;
  for (size_t i = 0; i + 4 <= size; i += 4) {
    float y;
    memcpy(&y, golden + i, 4);
    if (isfinite(y)) largest = fmax(largest, fabs((double)y));
  }
  size_t wrong = 0;
  for (size_t i = 0; i + 4 <= size; i += 4) {
    float x, y;
    memcpy(&x, got + i, 4);
    memcpy(&y, golden + i, 4);
    if (!(skip && skip[i]) && !float_agrees(x, y, largest, t)) wrong++;
  }
  return wrong;
}

size_t compare_output(enum wit_type type, const uint8_t *got, const uint8_t *golden, size_t size,
                      const struct tolerance *tolerance, const bool *skip) {
  if (type == WIT_FLOAT32) return compare_floats(got, golden, size, tolerance, skip);
  size_t wrong = 0;
  for (size_t i = 0; i < size; i++) {
    if (!(skip && skip[i]) && got[i] != golden[i]) wrong++;
  }
  return wrong;
}

json_t *read_json(const char *path) {
  json_error_t error;
  json_t *json = json_load_file(path, 0, &error);
  if (!json) fail_msg("%s: %s", path, error.text);
  return json;
}

const char *json_text(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}
