/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_QUANTIZE_H
#define RUNTIME_SRC_QUANTIZE_H
/* From scales to what integer kernels compute with; while preparing only. All
 * refuse what is not a number that the kernels can handle. */
#include "runtime/src/op.h"

/* real = multiplier / 2^31 * 2^shift, multiplier in [2^30, 2^31), or both 0
 * where it vanishes. Refused: not positive, not finite, shift > shift_max. */
int wit_prepare_multiplier(struct wit_prepare *prepare, double real, int32_t shift_max,
                           int32_t *multiplier, int32_t *shift);

#define WIT_SHIFT_MAX 30     /* wit_scale */
#define WIT_SHIFT_MAX_WIDE 7 /* wit_scale_wide */

/* Multipliers of input scale * filter scale / output scale for each of
 * `channels` output channels, in persistent memory (NULL while measuring). The
 * filter has one scale or one a channel along `dimension`, zero points 0. */
int wit_prepare_channels(struct wit_prepare *prepare, const struct wit_operand *input,
                         const struct wit_operand *filter, const struct wit_operand *output,
                         int32_t dimension, uint32_t channels, int32_t shift_max,
                         const int32_t **multipliers, const int8_t **shifts);

/* What a fused activation leaves of the output's range. */
int wit_prepare_range(struct wit_prepare *prepare, int32_t activation,
                      const struct wit_operand *output, int32_t *min, int32_t *max);
int wit_prepare_range_f32(struct wit_prepare *prepare, int32_t activation, float *min, float *max);
int wit_prepare_range_i32(struct wit_prepare *prepare, int32_t activation, int32_t *min,
                          int32_t *max);
/* Of int8, uint8 and int16. */
void wit_type_range(enum wit_type type, int32_t *min, int32_t *max);
/* round(value / scale) + zero point, saturated. */
int32_t wit_quantize(float value, float scale, int32_t zero_point);
#endif
