/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_DEQUANTIZE_H
#define TRAIN_DEQUANTIZE_H
/* The way back from quantize.h: a finished model's weights as floats in the
 * net, so that training continues where it ended. Needs wit, which verifies the
 * file; only models of this net's shape are taken. */
#include <stdbool.h>
#include <stddef.h>

#include "examples/micro_speech/train/net.h"
#include "wit/wit.h"

/* Batch norm was folded into the filters. With the batches that `next` supplies
 * it is set anew so that it changes nothing: afterwards the net, whose
 * statistics are fixed, computes what the model does, but for the rounding of
 * activations.
 *
 * The model's labels are the net's first ones; the net may have more, which
 * begin with small weights and seldom win. `unknown_bias` (quantize.h's caller
 * adds it at the end) is taken out of the label "unknown" again.
 *
 * On failure prints what does not fit and returns false. */
bool dequantize_into_net(struct net *net, const struct wit_model *model, float unknown_bias,
                         size_t batches,
                         void (*next)(void *context, const int8_t **windows, uint8_t *labels),
                         void *context);
#endif
