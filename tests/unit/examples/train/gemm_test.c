/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "examples/micro_speech/train/gemm.h"

#define MOST 48

static float left[MOST * MOST], right[MOST * MOST], out[MOST * MOST], expected[MOST * MOST];

static float small_integer(void) { return (float)((int)(test_random() % 17) - 8); }

/* Small integers, so that every sum is exact whatever its order. */
static void check(size_t rows, size_t columns, size_t depth, bool transposed, bool accumulate) {
  size_t row_step = transposed ? 1 : MOST, depth_step = transposed ? MOST : 1;
  for (size_t i = 0; i < MOST * MOST; i++) {
    left[i] = small_integer();
    right[i] = small_integer();
    out[i] = expected[i] = small_integer();
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      float sum = accumulate ? expected[r * MOST + c] : 0;
      for (size_t k = 0; k < depth; k++) {
        sum += left[r * row_step + k * depth_step] * right[k * MOST + c];
      }
      expected[r * MOST + c] = sum;
    }
  }
  gemm_run(&(struct gemm){.rows = rows,
                          .columns = columns,
                          .depth = depth,
                          .left = left,
                          .left_row_step = row_step,
                          .left_depth_step = depth_step,
                          .right = right,
                          .right_step = MOST,
                          .out = out,
                          .out_step = MOST,
                          .accumulate = accumulate});
  assert_memory_equal(out, expected, sizeof out);
}

TEST(every_size_gives_the_product_and_touches_nothing_else) {
  for (size_t rows = 1; rows <= 9; rows++) {
    for (size_t columns = GEMM_LANES; columns <= 40; columns += GEMM_LANES) {
      for (size_t depth = 0; depth < 5; depth++) {
        check(rows, columns, depth, rows % 2, columns % 16 == 0);
        check(rows, columns, depth, rows % 2 == 0, columns % 16 != 0);
      }
    }
  }
}
