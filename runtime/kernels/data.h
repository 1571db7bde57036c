/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_DATA_H
#define RUNTIME_KERNELS_DATA_H
/* Ops that move elements without looking at them. */
#include <stddef.h>
#include <stdint.h>

#define WIT_DATA_RANK 8

struct wit_pad {
  uint32_t element_size;
  uint32_t output_count;
  int32_t rank;
  int32_t input_dim[WIT_DATA_RANK];
  int32_t output_dim[WIT_DATA_RANK];
  int32_t before[WIT_DATA_RANK];
  int32_t value; /* one element's bits, of 1 or 2 bytes; wider types are padded with 0 */
};

void wit_pad(const struct wit_pad *pad, const void *input, void *output);

/* Joins blocks: the output is `outer` times a block of each input in turn. */
struct wit_concatenation {
  uint32_t outer;
  uint32_t input_count;
  const uint32_t *block; /* bytes, one an input */
};

void wit_concatenate(const struct wit_concatenation *op, void *const *inputs, void *output);
#endif
