/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/gemm.h"

typedef float lanes __attribute__((vector_size(GEMM_LANES * sizeof(float))));
typedef float unaligned_lanes
    __attribute__((vector_size(GEMM_LANES * sizeof(float)), aligned(4), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A tile of the result in registers: `rows` x `vectors` lanes, both constants
 * where this is inlined. */
ALWAYS_INLINE void tile(const struct gemm *gemm, size_t row, size_t column, size_t rows,
                        size_t vectors) {
  lanes sum[4][2];
  float *out = gemm->out + row * gemm->out_step + column;
  const float *left = gemm->left + row * gemm->left_row_step;
  const float *right = gemm->right + column;
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      sum[r][v] = (lanes){0};
      if (gemm->accumulate)
        sum[r][v] += *(unaligned_lanes *)(out + r * gemm->out_step + v * GEMM_LANES);
    }
  }
  for (size_t k = 0; k < gemm->depth; k++) {
    for (size_t r = 0; r < rows; r++) {
      float scalar = left[r * gemm->left_row_step];
      for (size_t v = 0; v < vectors; v++) {
        sum[r][v] += scalar * *(const unaligned_lanes *)(right + v * GEMM_LANES);
      }
    }
    left += gemm->left_depth_step;
    right += gemm->right_step;
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      *(unaligned_lanes *)(out + r * gemm->out_step + v * GEMM_LANES) = sum[r][v];
    }
  }
}

ALWAYS_INLINE void column_of_tiles(const struct gemm *gemm, size_t column, size_t vectors) {
  size_t row = 0;
  for (; row + 4 <= gemm->rows; row += 4) tile(gemm, row, column, 4, vectors);
  for (; row < gemm->rows; row++) tile(gemm, row, column, 1, vectors);
}

ALWAYS_INLINE void all_tiles(const struct gemm *gemm) {
  size_t column = 0;
  for (; column + 2 * GEMM_LANES <= gemm->columns; column += 2 * GEMM_LANES) {
    column_of_tiles(gemm, column, 2);
  }
  if (column < gemm->columns) column_of_tiles(gemm, column, 1);
}

static void run_anywhere(const struct gemm *gemm) { all_tiles(gemm); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void run_avx2(const struct gemm *gemm) { all_tiles(gemm); }

void gemm_run(const struct gemm *gemm) {
  if (__builtin_cpu_supports("avx2")) {
    run_avx2(gemm);
  } else {
    run_anywhere(gemm);
  }
}
#else
void gemm_run(const struct gemm *gemm) { run_anywhere(gemm); }
#endif
