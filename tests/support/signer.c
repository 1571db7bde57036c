/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/signer.h"

#include "mbedtls/ecdsa.h"
#include "mbedtls/sha256.h"
#include "tests/support/test.h"

/* Blinding only: signatures are deterministic (RFC 6979). */
static int fixed_random(void *context, unsigned char *data, size_t size) {
  (void)context;
  memset(data, 0x5A, size);
  return 0;
}

void signer_make(struct signer *signer, uint8_t number) {
  mbedtls_ecp_keypair pair;
  uint8_t point[1 + GW_KEY_SIZE], digest[32];
  size_t size;
  memset(signer->secret, number, sizeof signer->secret);
  signer->secret[0] = 1; /* below the curve's order, and never 0 */
  mbedtls_ecp_keypair_init(&pair);
  assert_int_equal(0, mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, &pair, signer->secret,
                                           sizeof signer->secret));
  assert_int_equal(0, mbedtls_ecp_keypair_calc_public(&pair, fixed_random, NULL));
  assert_int_equal(0, mbedtls_ecp_write_public_key(&pair, MBEDTLS_ECP_PF_UNCOMPRESSED, &size, point,
                                                   sizeof point));
  memcpy(signer->key, point + 1, GW_KEY_SIZE);
  mbedtls_sha256(signer->key, GW_KEY_SIZE, digest, 0);
  memcpy(signer->id, digest, GW_KEY_ID_SIZE);
  mbedtls_ecp_keypair_free(&pair);
}

static void sign_hash(const struct signer *signer, const uint8_t hash[32],
                      uint8_t signature[GW_SIGNATURE_SIZE]) {
  mbedtls_ecp_group group;
  mbedtls_mpi secret, r, s;
  mbedtls_ecp_group_init(&group);
  mbedtls_mpi_init(&secret);
  mbedtls_mpi_init(&r);
  mbedtls_mpi_init(&s);
  assert_int_equal(0, mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1));
  assert_int_equal(0, mbedtls_mpi_read_binary(&secret, signer->secret, sizeof signer->secret));
  assert_int_equal(0, mbedtls_ecdsa_sign_det_ext(&group, &r, &s, &secret, hash, 32,
                                                 MBEDTLS_MD_SHA256, fixed_random, NULL));
  assert_int_equal(0, mbedtls_mpi_write_binary(&r, signature, 32));
  assert_int_equal(0, mbedtls_mpi_write_binary(&s, signature + 32, 32));
  mbedtls_mpi_free(&s);
  mbedtls_mpi_free(&r);
  mbedtls_mpi_free(&secret);
  mbedtls_ecp_group_free(&group);
}

size_t signer_sign(const struct signer *signer, const char *context, const uint8_t *payload,
                   size_t payload_size, uint8_t out[GW_SIGN1_SIZE_MAX]) {
  uint8_t message[GW_SIGN1_PREFIX_MAX + GW_SIGN1_PAYLOAD_MAX], hash[32];
  uint8_t signature[GW_SIGNATURE_SIZE];
  size_t prefix = gw_sign1_prefix(context, payload_size, message);
  memcpy(message + prefix, payload, payload_size);
  mbedtls_sha256(message, prefix + payload_size, hash, 0);
  sign_hash(signer, hash, signature);
  struct gw_sign1 sign1 = {.key_id = signer->id,
                           .payload = payload,
                           .payload_size = payload_size,
                           .signature = signature};
  int size = gw_sign1_encode(&sign1, out, GW_SIGN1_SIZE_MAX);
  assert_true(size > 0);
  return (size_t)size;
}

size_t signer_sign_statement(const struct signer *signer, const struct gw_statement *statement,
                             uint8_t out[GW_SIGN1_SIZE_MAX]) {
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  int size = gw_statement_encode(statement, payload, sizeof payload);
  assert_true(size > 0);
  return signer_sign(signer, GW_SIGN1_FOR_ARTIFACT, payload, (size_t)size, out);
}

size_t signer_sign_keyset(const struct signer *signer, struct gw_keyset keyset,
                          const struct signer *const *members, uint8_t member_count,
                          uint8_t out[GW_SIGN1_SIZE_MAX]) {
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  keyset.key_count = member_count;
  for (unsigned i = 0; i < member_count; i++) memcpy(keyset.key[i], members[i]->key, GW_KEY_SIZE);
  int size = gw_keyset_encode(&keyset, payload, sizeof payload);
  assert_true(size > 0);
  return signer_sign(signer, GW_SIGN1_FOR_KEYS, payload, (size_t)size, out);
}

struct gw_statement statement_of(const struct gw_component *component, uint32_t sequence,
                                 uint32_t floor) {
  struct gw_statement statement = {
      .sequence = sequence, .floor = floor, .size_bytes = component->size_bytes};
  memcpy(statement.package, component->package, sizeof statement.package);
  memcpy(statement.version, component->version, sizeof statement.version);
  memcpy(statement.digest, component->digest, sizeof statement.digest);
  return statement;
}
