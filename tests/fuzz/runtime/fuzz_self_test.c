/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-link: runtime */
/* The input is the metadata entry "godwit.selftest" of a little classifier (4
 * int8 values in, 3 scores out, labels a, b, c): asked for what it says, begun,
 * and stepped to its end. The graph's checksum in it is made right, so that what
 * is behind it is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wit/self_test.h"

/* The model up to its last buffer, which is the entry; its size stands in the
 * last four bytes. Made with examples/common/tflite_writer.c. */
static const uint8_t front[880] = {
    32,  0,   0,   0,   84,  70,  76,  51,  18,  0,   28,  0,   4,   0,   8,   0,   12,  0,   16,
    0,   20,  0,   0,   0,   24,  0,   0,   0,   0,   0,   0,   0,   24,  0,   0,   0,   3,   0,
    0,   0,   32,  0,   0,   0,   84,  0,   0,   0,   12,  0,   0,   0,   196, 2,   0,   0,   104,
    2,   0,   0,   4,   0,   0,   0,   102, 117, 122, 122, 0,   0,   0,   0,   2,   0,   0,   0,
    20,  0,   0,   0,   32,  0,   0,   0,   12,  0,   13,  0,   12,  0,   0,   0,   4,   0,   8,
    0,   12,  0,   0,   0,   1,   0,   0,   0,   9,   0,   0,   0,   9,   0,   0,   0,   28,  0,
    0,   0,   1,   0,   0,   0,   25,  0,   0,   0,   25,  0,   0,   0,   1,   0,   0,   0,   20,
    0,   0,   0,   14,  0,   24,  0,   4,   0,   8,   0,   12,  0,   16,  0,   20,  0,   0,   0,
    16,  0,   0,   0,   20,  0,   0,   0,   36,  0,   0,   0,   40,  0,   0,   0,   44,  0,   0,
    0,   52,  0,   0,   0,   4,   0,   0,   0,   68,  0,   0,   0,   136, 0,   0,   0,   196, 0,
    0,   0,   16,  1,   0,   0,   1,   0,   0,   0,   0,   0,   0,   0,   1,   0,   0,   0,   2,
    0,   0,   0,   2,   0,   0,   0,   72,  1,   0,   0,   140, 1,   0,   0,   4,   0,   0,   0,
    109, 97,  105, 110, 0,   0,   14,  0,   13,  0,   4,   0,   12,  0,   0,   0,   0,   0,   8,
    0,   14,  0,   0,   0,   12,  0,   0,   0,   32,  0,   0,   0,   9,   0,   0,   0,   2,   0,
    0,   0,   1,   0,   0,   0,   4,   0,   0,   0,   12,  0,   12,  0,   0,   0,   0,   0,   4,
    0,   8,   0,   12,  0,   0,   0,   8,   0,   0,   0,   12,  0,   0,   0,   1,   0,   0,   0,
    0,   0,   0,   63,  1,   0,   0,   0,   128, 255, 255, 255, 255, 255, 255, 255, 86,  0,   0,
    0,   12,  0,   0,   0,   24,  0,   0,   0,   9,   0,   0,   0,   2,   0,   0,   0,   1,   0,
    0,   0,   3,   0,   0,   0,   0,   0,   0,   0,   76,  0,   0,   0,   8,   0,   0,   0,   12,
    0,   0,   0,   1,   0,   0,   0,   0,   0,   128, 62,  1,   0,   0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   150, 0,   0,   0,   12,  0,   0,   0,   24,  0,   0,   0,   9,   0,   0,
    0,   2,   0,   0,   0,   1,   0,   0,   0,   3,   0,   0,   0,   0,   0,   0,   0,   140, 0,
    0,   0,   8,   0,   0,   0,   12,  0,   0,   0,   1,   0,   0,   0,   0,   0,   128, 59,  1,
    0,   0,   0,   128, 255, 255, 255, 255, 255, 255, 255, 14,  0,   17,  0,   4,   0,   16,  0,
    8,   0,   0,   0,   12,  0,   0,   0,   16,  0,   0,   0,   16,  0,   0,   0,   1,   0,   0,
    0,   20,  0,   0,   0,   9,   0,   0,   0,   2,   0,   0,   0,   3,   0,   0,   0,   4,   0,
    0,   0,   220, 0,   0,   0,   8,   0,   0,   0,   12,  0,   0,   0,   1,   0,   0,   0,   10,
    215, 35,  60,  1,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   14,  0,   17,  0,
    0,   0,   4,   0,   8,   0,   16,  0,   12,  0,   0,   0,   16,  0,   0,   0,   16,  0,   0,
    0,   28,  0,   0,   0,   36,  0,   0,   0,   8,   0,   0,   0,   3,   0,   0,   0,   0,   0,
    0,   0,   3,   0,   0,   0,   255, 255, 255, 255, 1,   0,   0,   0,   1,   0,   0,   0,   4,
    0,   4,   0,   4,   0,   0,   0,   14,  0,   21,  0,   4,   0,   8,   0,   12,  0,   20,  0,
    16,  0,   0,   0,   0,   0,   0,   0,   20,  0,   0,   0,   1,   0,   0,   0,   16,  0,   0,
    0,   20,  0,   0,   0,   32,  0,   0,   0,   9,   0,   0,   0,   1,   0,   0,   0,   1,   0,
    0,   0,   1,   0,   0,   0,   2,   0,   0,   0,   6,   0,   8,   0,   4,   0,   0,   0,   8,
    0,   0,   0,   0,   0,   128, 63,  2,   0,   0,   0,   20,  0,   0,   0,   48,  0,   0,   0,
    8,   0,   12,  0,   4,   0,   8,   0,   0,   0,   0,   0,   12,  0,   0,   0,   8,   0,   0,
    0,   2,   0,   0,   0,   13,  0,   0,   0,   103, 111, 100, 119, 105, 116, 46,  108, 97,  98,
    101, 108, 115, 0,   0,   0,   44,  0,   0,   0,   8,   0,   0,   0,   3,   0,   0,   0,   15,
    0,   0,   0,   103, 111, 100, 119, 105, 116, 46,  115, 101, 108, 102, 116, 101, 115, 116, 0,
    4,   0,   0,   0,   20,  0,   0,   0,   24,  0,   0,   0,   60,  0,   0,   0,   80,  0,   0,
    0,   0,   0,   0,   0,   196, 0,   0,   0,   0,   0,   0,   0,   136, 0,   0,   0,   16,  0,
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   12,  0,   0,   0,   10,
    236, 30,  216, 50,  60,  186, 80,  166, 100, 110, 136, 0,   0,   0,   0,   176, 0,   0,   0,
    8,   0,   0,   0,   0,   0,   0,   0,   5,   0,   0,   0,   97,  10,  98,  10,  99,  0,   0,
    0,   200, 0,   0,   0,   16,  0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
    0,   0,   0,   2,   0,   0,
};

#define ENTRY_MAX 4096u
#define CHECKSUM_AT 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_u32(uint8_t *out, uint32_t value) {
  for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> 8 * i);
}

/* Every label that it claims to have can be read. */
static void look(const struct wit_model *model, const struct wit_self_test_info *info) {
  const char *text;
  size_t length;
  volatile char sink = 0;
  for (size_t i = 0; i < info->case_count; i++) {
    if (!wit_self_test_label(model, i, &text, &length)) abort();
    for (size_t k = 0; k < length; k++) sink = (char)(sink ^ text[k]);
  }
  if (wit_self_test_label(model, info->case_count, &text, &length)) abort();
}

static void replay(const struct wit_model *model) {
  static _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[4096];
  struct wit_interpreter *interpreter;
  struct wit_self_test test;
  struct wit_error error;
  if (wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, sizeof arena, &error)) abort();
  int status = wit_self_test_begin(&test, interpreter, model, NULL, &error);
  if (status != WIT_OK) abort(); /* it was sound, and no arena is stated */
  unsigned steps = 0;
  do {
    status = wit_self_test_step(&test, &error);
    if (++steps > WIT_SELF_TEST_CASES_MAX + 1) abort();
  } while (status == WIT_SELF_TEST_MORE);
  if (status != WIT_OK && status != WIT_ERR_TEST_OUTPUT) abort();
  if ((status == WIT_OK) != (test.report.cases_passed == test.report.case_count)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct wit_model model;
  struct wit_self_test_info info;
  struct wit_error error;
  uint32_t checksum;
  if (size > ENTRY_MAX) return 0;
  uint8_t *file = malloc(sizeof front + size);
  if (!file) abort();
  memcpy(file, front, sizeof front);
  put_u32(file + sizeof front - 4, (uint32_t)size);
  if (size > 0) memcpy(file + sizeof front, data, size);
  if (wit_model_open(&model, file, sizeof front + size, &error)) abort();
  if (wit_graph_checksum(&model, &checksum, &error)) abort();
  if (size >= CHECKSUM_AT + 4) put_u32(file + sizeof front + CHECKSUM_AT, checksum);
  if (wit_self_test_info(&model, &info, &error) == WIT_OK) {
    look(&model, &info);
    replay(&model);
  }
  free(file);
  return 0;
}
