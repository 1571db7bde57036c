/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_PATCH_SEGMENTS_H
#define CORE_PATCH_SEGMENTS_H
/* Which part of a base each part of a result is best told from. */
#include <stddef.h>
#include <stdint.h>

#include "wire/patch.h"

/* Fills segments that cover the result, one at least; 0 without memory. Pure and
 * deterministic. Neither size is 0 or beyond SRV_PATCH_SIZE_MAX. */
unsigned srv_patch_find_segments(const uint8_t *base, size_t base_size, const uint8_t *result,
                                 size_t result_size,
                                 struct gw_patch_segment segments[GW_PATCH_SEGMENTS_MAX]);
#endif
