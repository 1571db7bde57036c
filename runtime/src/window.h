/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_WINDOW_H
#define RUNTIME_SRC_WINDOW_H
/* Filters that slide over an axis: size of the result and padding. */
#include "runtime/src/op.h"

struct wit_window {
  int32_t input, filter, stride, dilation; /* in */
  int32_t output, pad_before;              /* out */
};

/* Refuses strides, dilations and extents out of range, and filters that leave
 * no output. `padding` is the schema's number. */
int wit_prepare_window(struct wit_prepare *prepare, int32_t padding, struct wit_window *window);
#endif
