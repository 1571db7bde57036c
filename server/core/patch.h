/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_PATCH_H
#define CORE_PATCH_H
/* Makes the compressed and delta forms that wire/patch.h decodes. Pure: no
 * state, no files; any thread may call it. The same bytes in give the same
 * bytes out. */
#include <stddef.h>
#include <stdint.h>

/* What is longer than this is not encoded; nor is an empty result. */
#define SRV_PATCH_SIZE_MAX (16u << 20)

enum srv_patch_status {
  SRV_PATCH_OK = 0,
  SRV_PATCH_ERR_SIZE = -1,
  SRV_PATCH_ERR_NO_MEMORY = -2,
};

/* base NULL: compressed; otherwise a delta against base. *out is malloc'd, and
 * never larger than result_size + result_size / 256 + 64 + 1024; whether it is
 * worth sending is for the caller to judge. Takes a fifth of a second for each MB, a
 * delta up to one, and six times the result in memory at most. */
int srv_patch_encode(const uint8_t *base, size_t base_size, const uint8_t *result,
                     size_t result_size, uint8_t **out, size_t *out_size);
#endif
