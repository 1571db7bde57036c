/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/data.h"

#include <string.h>

static void fill(const struct wit_pad *pad, void *output) {
  if (pad->element_size == 2 && pad->value != 0) {
    for (uint32_t i = 0; i < pad->output_count; i++) ((int16_t *)output)[i] = (int16_t)pad->value;
  } else {
    memset(output, pad->value & 0xff, (size_t)pad->output_count * pad->element_size);
  }
}

void wit_pad(const struct wit_pad *pad, const void *input, void *output) {
  fill(pad, output);
  const int32_t last = pad->rank - 1;
  const size_t row = (size_t)pad->input_dim[last] * pad->element_size;
  const uint8_t *from = input;
  int32_t index[WIT_DATA_RANK] = {0};
  for (;;) {
    size_t at = 0;
    for (int32_t d = 0; d <= last; d++) {
      at = at * (size_t)pad->output_dim[d] + (size_t)(index[d] + pad->before[d]);
    }
    memcpy((uint8_t *)output + at * pad->element_size, from, row);
    from += row;
    int32_t d = last - 1;
    while (d >= 0 && ++index[d] == pad->input_dim[d]) index[d--] = 0;
    if (d < 0) return;
  }
}

void wit_concatenate(const struct wit_concatenation *op, void *const *inputs, void *output) {
  uint8_t *to = output;
  for (uint32_t i = 0; i < op->outer; i++) {
    for (uint32_t k = 0; k < op->input_count; k++) {
      memcpy(to, (const uint8_t *)inputs[k] + (size_t)i * op->block[k], op->block[k]);
      to += op->block[k];
    }
  }
}
