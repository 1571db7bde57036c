/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* A signed message of either kind: refused, or within its limits and the same
 * after a round trip. */
#include <stdlib.h>
#include <string.h>

#include "wire/keyset.h"
#include "wire/sign1.h"
#include "wire/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void try_statement(const uint8_t *data, size_t size) {
  struct gw_statement statement, again;
  uint8_t buffer[GW_SIGN1_PAYLOAD_MAX], twice[GW_SIGN1_PAYLOAD_MAX];
  if (gw_statement_parse(data, size, &statement) != GW_OK) return;
  int length = gw_statement_encode(&statement, buffer, sizeof buffer);
  check(length > 0);
  check(gw_statement_parse(buffer, (size_t)length, &again) == GW_OK);
  check(gw_statement_encode(&again, twice, sizeof twice) == length);
  check(memcmp(buffer, twice, (size_t)length) == 0);
}

static void try_keyset(const uint8_t *data, size_t size) {
  struct gw_keyset keyset, again;
  uint8_t buffer[GW_SIGN1_PAYLOAD_MAX], twice[GW_SIGN1_PAYLOAD_MAX];
  if (gw_keyset_parse(data, size, &keyset) != GW_OK) return;
  int length = gw_keyset_encode(&keyset, buffer, sizeof buffer);
  check(length > 0);
  check(gw_keyset_parse(buffer, (size_t)length, &again) == GW_OK);
  check(gw_keyset_encode(&again, twice, sizeof twice) == length);
  check(memcmp(buffer, twice, (size_t)length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gw_sign1 message, again;
  uint8_t buffer[GW_SIGN1_SIZE_MAX];
  try_statement(data, size);
  try_keyset(data, size);
  if (gw_sign1_parse(data, size, &message) != GW_OK) return 0;
  check(message.payload_size > 0 && message.payload_size <= GW_SIGN1_PAYLOAD_MAX);
  try_statement(message.payload, message.payload_size);
  try_keyset(message.payload, message.payload_size);
  int length = gw_sign1_encode(&message, buffer, sizeof buffer);
  check(length > 0);
  check(gw_sign1_parse(buffer, (size_t)length, &again) == GW_OK);
  check(again.payload_size == message.payload_size);
  check(memcmp(again.payload, message.payload, message.payload_size) == 0);
  check(memcmp(again.key_id, message.key_id, GW_KEY_ID_SIZE) == 0);
  check(memcmp(again.signature, message.signature, GW_SIGNATURE_SIZE) == 0);
  return 0;
}
