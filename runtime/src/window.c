/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/window.h"

#include "runtime/src/limits.h"
#include "runtime/src/schema.h"

static bool in_range(int32_t value) { return value >= 1 && value <= WIT_EXTENT_MAX; }

int wit_prepare_window(struct wit_prepare *prepare, int32_t padding, struct wit_window *w) {
  if (padding != PADDING_SAME && padding != PADDING_VALID) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "padding %d is not supported", padding);
  }
  if (!in_range(w->input) || !in_range(w->filter)) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "filter of %d over %d is out of range", w->filter,
                      w->input);
  }
  if (!in_range(w->stride) || !in_range(w->dilation)) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "stride %d or dilation %d is out of range", w->stride,
                      w->dilation);
  }
  int64_t reach = (int64_t)(w->filter - 1) * w->dilation + 1;
  if (reach > WIT_EXTENT_MAX) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "the dilated filter is out of range");
  }
  int64_t covered = padding == PADDING_SAME ? w->input : w->input - reach + 1;
  if (covered < 1) return wit_refuse(prepare, WIT_ERR_GRAPH, "the filter is larger than the input");
  w->output = (int32_t)((covered + w->stride - 1) / w->stride);
  int64_t missing = (int64_t)(w->output - 1) * w->stride + reach - w->input;
  w->pad_before = missing > 0 ? (int32_t)(missing / 2) : 0;
  return WIT_OK;
}
