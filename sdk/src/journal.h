/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_JOURNAL_H
#define SDK_JOURNAL_H
/* The journal of the model store as bytes (docs/spec/store.md): a pure codec.
 * What is read is input: every field is checked. */
#include <stddef.h>
#include <stdint.h>

#include "godwit/store.h"

#define GODWIT_JOURNAL_SIZE 452u

void godwit_journal_encode(const struct godwit_store_state *state,
                           uint8_t bytes[GODWIT_JOURNAL_SIZE]);
/* GODWIT_OK or GODWIT_ERR_FORMAT: torn, of another format, or inconsistent. */
int godwit_journal_decode(const uint8_t *bytes, size_t size, struct godwit_store_state *out);

/* CRC-32 (IEEE 802.3, reflected, as in zlib). */
uint32_t godwit_crc32(const uint8_t *data, size_t size);
#endif
