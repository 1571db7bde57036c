/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_GEMM_H
#define TRAIN_GEMM_H
/* Matrix product in float, the one loop where training spends its time. Eight
 * products stand side by side in a vector, and every element of the result is
 * summed in the order of `depth` with a rounding after each product and each
 * sum, so that a machine with wider vectors gives the same bits, only faster. */
#include <stdbool.h>
#include <stddef.h>

#define GEMM_LANES 8

/* out[rows][columns] (= or +=) left[rows][depth] x right[depth][columns].
 * columns is a multiple of GEMM_LANES. */
struct gemm {
  size_t rows, columns, depth;
  const float *left;
  size_t left_row_step, left_depth_step; /* so that left may stand transposed */
  const float *right;
  size_t right_step; /* between rows of right */
  float *out;
  size_t out_step;
  bool accumulate;
};

void gemm_run(const struct gemm *gemm);
#endif
