/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_JOURNAL_H
#define SDK_JOURNAL_H
/* The journal of the model store as bytes (docs/spec/store.md): a pure codec.
 * What is read is input: every field is checked. */
#include <stddef.h>
#include <stdint.h>

#include "godwit/store.h"

#define GODWIT_JOURNAL_SIZE 736u
#define GODWIT_JOURNAL_1_SIZE 452u /* GWJ1, which earlier releases wrote */

void godwit_journal_encode(const struct godwit_store_state *state,
                           uint8_t bytes[GODWIT_JOURNAL_SIZE]);
/* GODWIT_OK or GODWIT_ERR_FORMAT: torn, of another format, or inconsistent.
 * Reads GWJ1 too. */
int godwit_journal_decode(const uint8_t *bytes, size_t size, struct godwit_store_state *out);

/* How far a download has come since a state was written, in few bytes. */
#define GODWIT_PROGRESS_SIZE 64u
/* since: generation of that state. */
void godwit_progress_encode(const struct godwit_store_state *state, uint32_t since,
                            uint8_t bytes[GODWIT_PROGRESS_SIZE]);
/* Brings *state, which was written as generation `since`, up to it. GODWIT_OK, or
 * GODWIT_ERR_FORMAT: torn, older, or of another state; *state is as before. */
int godwit_progress_decode(const uint8_t bytes[GODWIT_PROGRESS_SIZE], uint32_t since,
                           struct godwit_store_state *state);

/* CRC-32 (IEEE 802.3, reflected, as in zlib). */
uint32_t godwit_crc32(const uint8_t *data, size_t size);
#endif
