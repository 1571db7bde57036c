/* SPDX-License-Identifier: Apache-2.0 */
/* Whose models a device takes: every wrong signature and keyset, on a store that
 * only remembers. */
#include "godwit/trust.h"

#include <stdlib.h>

#include "godwit/store.h"
#include "mbedtls/bignum.h"
#include "sdk/src/client_internal.h"
#include "tests/support/signer.h"
#include "tests/support/test.h"
#include "wire/report.h"

static struct godwit_store store;
static struct godwit_trust trust;
static struct signer ours, second, foreign;
static uint8_t keys[GW_KEYSET_KEYS_MAX][GW_KEY_SIZE];
static struct gw_component component;
static uint8_t message[GW_SIGN1_SIZE_MAX + 1];
static size_t size;
static uint32_t sequence, lowest;
static uint8_t detail;
#define ROOM 8192u /* what the client leaves, and more */
static _Alignas(16) uint8_t memory[ROOM];
static struct godwit_client client; /* just its pool */
static int writes, drops, next_write;

/* The store of this test ---------------------------------------------------------- */

int godwit_store_set_trust(struct godwit_store *s, const struct godwit_trust_state *state) {
  writes++;
  if (next_write != GODWIT_OK) return next_write;
  s->state.trust = *state;
  return GODWIT_OK;
}

int godwit_store_drop_previous(struct godwit_store *s) {
  drops++;
  memset(&s->state.previous, 0, sizeof s->state.previous);
  return GODWIT_OK;
}

static struct godwit_trust_config config;

static void begin(void) {
  memset(&store, 0, sizeof store);
  writes = drops = next_write = 0;
  godwit_pool_set_outside(calloc, free);
  godwit_pool_init(&client.pool, memory, sizeof memory);
  signer_make(&ours, 1);
  signer_make(&second, 2);
  signer_make(&foreign, 3);
  memcpy(keys[0], ours.key, GW_KEY_SIZE);
  config = (struct godwit_trust_config){.key = (const uint8_t(*)[GW_KEY_SIZE])keys,
                                        .key_count = 1,
                                        .require_signature = true,
                                        .project = "default",
                                        .client = &client};
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  component = (struct gw_component){.package = "model", .version = "1.1.0", .size_bytes = 18712};
  memset(component.digest, 0xD1, sizeof component.digest);
}

static void sign(struct gw_statement statement) {
  size = signer_sign_statement(&ours, &statement, message);
}

static int check(void) {
  return godwit_trust_check(&trust, &component, message, size, &sequence, &lowest, &detail);
}

#define assert_refused(why)                                \
  do {                                                     \
    assert_int_equal(check(), GODWIT_ERR_UNTRUSTED);       \
    assert_string_equal(gw_ota_detail_name(detail), #why); \
    assert_int_equal(sequence, 0);                         \
  } while (0)

/* Artifacts ------------------------------------------------------------------------- */

TEST(what_our_key_signed_is_taken_with_its_numbers) {
  begin();
  sign(statement_of(&component, 7, 5));
  assert_int_equal(check(), GODWIT_OK);
  assert_int_equal(sequence, 7);
  assert_int_equal(lowest, 5);
  assert_int_equal(detail, 0);
}

TEST(an_unsigned_one_is_refused_where_signatures_are_required) {
  begin();
  size = 0;
  assert_refused(SIGNATURE_MISSING);
}

TEST(an_unsigned_one_is_taken_where_they_are_not) {
  begin();
  size = 0;
  config.require_signature = false;
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  assert_int_equal(check(), GODWIT_OK);
  assert_int_equal(sequence, 0);
}

TEST(a_wrong_signature_is_refused_even_where_none_is_required) {
  begin();
  config.require_signature = false;
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  sign(statement_of(&component, 7, 0));
  message[size - 1] ^= 1;
  assert_refused(SIGNATURE_WRONG);
}

TEST(a_device_that_holds_no_key_takes_a_signature_for_none) {
  begin();
  config = (struct godwit_trust_config){.client = &client};
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  sign(statement_of(&component, 7, 0));
  assert_int_equal(check(), GODWIT_OK);
  assert_int_equal(sequence, 0);
}

TEST(another_key_is_refused_by_its_id_and_by_its_signature) {
  begin();
  struct gw_statement statement = statement_of(&component, 7, 0);
  size = signer_sign_statement(&foreign, &statement, message);
  assert_refused(KEY_UNKNOWN);
  memcpy(message + 8, ours.id, GW_KEY_ID_SIZE); /* claims to be ours */
  assert_refused(SIGNATURE_WRONG);
}

TEST(every_bit_of_the_message_counts) {
  begin();
  sign(statement_of(&component, 7, 5));
  unsigned taken = 0;
  /* One bit of each byte: all of them would take minutes under a sanitizer. */
  for (size_t i = 0; i < size; i++) {
    message[i] ^= (uint8_t)(1u << i % 8);
    if (check() == GODWIT_OK)
      taken++;
    else
      assert_int_equal(sequence, 0);
    message[i] ^= (uint8_t)(1u << i % 8);
  }
  assert_int_equal(taken, 0);
  assert_int_equal(check(), GODWIT_OK);
}

TEST(cut_anywhere_it_is_refused) {
  begin();
  sign(statement_of(&component, 7, 5));
  for (size_t whole = size--; size > 0; size--) {
    assert_refused(SIGNATURE_WRONG);
    assert_true(size < whole);
  }
}

TEST(a_signature_of_another_artifact_is_refused) {
  begin();
  struct gw_component other;
  for (int i = 0; i < 4; i++) {
    other = component;
    if (i == 0) other.package[0] = 'n';
    if (i == 1) other.version[0] = '2';
    if (i == 2) other.digest[31] ^= 1;
    if (i == 3) other.size_bytes--;
    sign(statement_of(&other, 7, 0));
    assert_refused(SIGNATURE_WRONG);
  }
}

TEST(a_signature_for_another_project_is_refused_and_one_for_ours_or_any_is_not) {
  begin();
  struct gw_statement statement = statement_of(&component, 7, 0);
  strcpy(statement.project, "other");
  sign(statement);
  assert_refused(SIGNATURE_WRONG);
  strcpy(statement.project, "default");
  sign(statement);
  assert_int_equal(check(), GODWIT_OK);
  statement.project[0] = 0;
  sign(statement);
  assert_int_equal(check(), GODWIT_OK);
}

TEST(what_is_below_the_floor_is_refused_and_the_floor_itself_is_not) {
  begin();
  store.state.trust.floor = 7;
  sign(statement_of(&component, 6, 0));
  assert_refused(TOO_OLD);
  sign(statement_of(&component, 7, 0));
  assert_int_equal(check(), GODWIT_OK);
}

TEST(a_keyset_signature_is_none_for_an_artifact) {
  begin();
  struct gw_statement statement = statement_of(&component, 7, 0);
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  int length = gw_statement_encode(&statement, payload, sizeof payload);
  size = signer_sign(&ours, GW_SIGN1_FOR_KEYS, payload, (size_t)length, message);
  assert_refused(SIGNATURE_WRONG);
}

static uint8_t *r_of_message(void) { return message + size - GW_SIGNATURE_SIZE; }
static uint8_t *s_of_message(void) { return message + size - GW_SIGNATURE_SIZE / 2; }

static const uint8_t order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                  0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                  0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

TEST(r_and_s_of_zero_or_of_the_order_are_refused) {
  static const uint8_t zero[32] = {0};
  const uint8_t *const bad[] = {zero, order};
  begin();
  for (int i = 0; i < 2; i++) {
    sign(statement_of(&component, 7, 0));
    memcpy(r_of_message(), bad[i], 32);
    assert_refused(SIGNATURE_WRONG);
    sign(statement_of(&component, 7, 0));
    memcpy(s_of_message(), bad[i], 32);
    assert_refused(SIGNATURE_WRONG);
    memcpy(r_of_message(), bad[i], 32);
    assert_refused(SIGNATURE_WRONG);
  }
}

/* ES256 knows no preference: (r, n - s) is as good a signature of the same words.
 * Nothing here takes a signature for a name, so it does no harm. */
TEST(the_other_s_is_the_same_signature) {
  mbedtls_mpi n, s;
  begin();
  sign(statement_of(&component, 7, 0));
  mbedtls_mpi_init(&n);
  mbedtls_mpi_init(&s);
  assert_int_equal(0, mbedtls_mpi_read_binary(&n, order, 32));
  assert_int_equal(0, mbedtls_mpi_read_binary(&s, s_of_message(), 32));
  assert_int_equal(0, mbedtls_mpi_sub_mpi(&s, &n, &s));
  assert_int_equal(0, mbedtls_mpi_write_binary(&s, s_of_message(), 32));
  mbedtls_mpi_free(&s);
  mbedtls_mpi_free(&n);
  assert_int_equal(check(), GODWIT_OK);
}

/* docs/spec/wire.md, and the first byte of the fuzz target. */
TEST(the_examples_of_the_specification_are_taken) {
  static const char *const corpus = GODWIT_SOURCE_DIR "/tests/fuzz/corpus/trust/";
  char path[1024];
  size_t length;
  begin();
  for (unsigned i = 0; i < GW_DIGEST_SIZE; i++) component.digest[i] = (uint8_t)(i * 7 + 1);
  snprintf(path, sizeof path, "%sstatement", corpus);
  uint8_t *file = test_read_file(path, &length);
  size = length - 1;
  memcpy(message, file + 1, size);
  free(file);
  assert_int_equal(check(), GODWIT_OK);
  assert_int_equal(sequence, 1790000000);
  snprintf(path, sizeof path, "%skeyset", corpus);
  file = test_read_file(path, &length);
  assert_int_equal(godwit_trust_apply_keyset(&trust, file + 1, length - 1), GODWIT_OK);
  assert_memory_equal(store.state.trust.key[1], second.key, GW_KEY_SIZE);
  free(file);
}

/* Slices ---------------------------------------------------------------------------- */

TEST(a_check_is_done_in_slices_and_leaves_nothing_behind) {
  struct godwit_trust_result result;
  begin();
  sign(statement_of(&component, 7, 0));
  godwit_trust_begin(&trust, &component, message, size);
  memset(message, 0, sizeof message); /* nothing that was given needs to live on */
  unsigned steps = 1;
  while (godwit_trust_step(&trust, &result) == 1) steps++;
  assert_int_equal(result.sequence, 7);
  print_message("%u slices\n", steps);
  assert_in_range(steps, 10, 60);
  assert_int_equal(godwit_trust_step(&trust, &result), GODWIT_ERR_STATE);
}

TEST(what_is_cancelled_or_begun_anew_is_forgotten) {
  struct godwit_trust_result result;
  begin();
  sign(statement_of(&component, 7, 0));
  godwit_trust_begin(&trust, &component, message, size);
  assert_int_equal(godwit_trust_step(&trust, &result), 1);
  godwit_trust_cancel(&trust);
  assert_int_equal(godwit_trust_step(&trust, &result), GODWIT_ERR_STATE);
  godwit_trust_begin(&trust, &component, message, size);
  assert_int_equal(godwit_trust_step(&trust, &result), 1);
  sign(statement_of(&component, 8, 0));
  assert_int_equal(check(), GODWIT_OK);
  assert_int_equal(sequence, 8);
}

TEST(a_check_gives_back_what_it_takes_and_that_is_printed) {
  begin();
  sign(statement_of(&component, 7, 0));
  assert_int_equal(check(), GODWIT_OK);
  print_message("%zu bytes\n", client.pool.peak);
  assert_true(client.pool.peak < 7u * 1024u);
  assert_int_equal(client.pool.used, 0);
}

/* Each place where memory may run out. */
TEST(without_memory_nothing_is_taken_and_nothing_lost) {
  begin();
  unsigned refused = 0;
  sign(statement_of(&component, 7, 0));
  for (size_t left = 64; left < ROOM - 256; left += 64) {
    struct godwit_pool *before = godwit_pool_enter(&client.pool);
    void *taken = godwit_pool_calloc(1, ROOM - 64 - left); /* the rest is somebody else's */
    godwit_pool_leave(before);
    assert_non_null(taken);
    int status = check();
    assert_true(status == GODWIT_OK || status == GODWIT_ERR_NO_MEMORY);
    assert_int_equal(sequence, status == GODWIT_OK ? 7 : 0);
    refused += status != GODWIT_OK;
    godwit_pool_free(taken);
    assert_int_equal(client.pool.used, 0);
  }
  assert_true(refused > 50);
  assert_int_equal(check(), GODWIT_OK);
}

/* Keysets ------------------------------------------------------------------------------ */

static int apply(const struct signer *by, struct gw_keyset keyset,
                 const struct signer *const *members, uint8_t count) {
  size = signer_sign_keyset(by, keyset, members, count, message);
  return godwit_trust_apply_keyset(&trust, message, size);
}

static int apply_simple(const struct signer *by, uint32_t epoch, const struct signer *member) {
  return apply(by, (struct gw_keyset){.epoch = epoch}, &member, 1);
}

TEST(a_key_is_rotated_and_the_old_one_is_revoked) {
  begin();
  assert_int_equal(apply_simple(&ours, 1, &second), GODWIT_OK);
  assert_int_equal(godwit_trust_epoch(&trust), 1);
  sign(statement_of(&component, 7, 0));
  assert_refused(KEY_UNKNOWN);
  struct gw_statement statement = statement_of(&component, 7, 0);
  size = signer_sign_statement(&second, &statement, message);
  assert_int_equal(check(), GODWIT_OK);
  /* over a reboot, from the journal */
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  assert_int_equal(godwit_trust_epoch(&trust), 1);
  assert_int_equal(check(), GODWIT_OK);
}

TEST(a_firmware_with_a_newer_set_built_in_uses_that) {
  begin();
  assert_int_equal(apply_simple(&ours, 1, &second), GODWIT_OK);
  memcpy(keys[0], foreign.key, GW_KEY_SIZE);
  config.epoch = 2;
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_OK);
  assert_int_equal(godwit_trust_epoch(&trust), 2);
  assert_int_equal(apply_simple(&second, 3, &ours), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(apply_simple(&foreign, 3, &ours), GODWIT_OK);
}

TEST(three_keys_are_held_and_each_may_sign) {
  const struct signer *const all[] = {&ours, &second, &foreign};
  begin();
  assert_int_equal(apply(&ours, (struct gw_keyset){.epoch = 1}, all, 3), GODWIT_OK);
  for (int i = 0; i < 3; i++) {
    struct gw_statement statement = statement_of(&component, 7, 0);
    size = signer_sign_statement(all[i], &statement, message);
    assert_int_equal(check(), GODWIT_OK);
  }
}

TEST(a_keyset_by_a_stranger_or_by_a_revoked_key_is_refused) {
  begin();
  assert_int_equal(apply_simple(&foreign, 1, &foreign), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(apply_simple(&ours, 1, &second), GODWIT_OK);
  assert_int_equal(apply_simple(&ours, 2, &ours), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(writes, 1);
}

TEST(a_keyset_that_skips_an_epoch_or_was_applied_before_is_refused) {
  begin();
  assert_int_equal(apply_simple(&ours, 2, &second), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(apply_simple(&ours, 1, &ours), GODWIT_OK);
  assert_int_equal(godwit_trust_apply_keyset(&trust, message, size), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(writes, 1);
}

TEST(a_keyset_for_another_project_is_refused) {
  const struct signer *const members[] = {&second};
  struct gw_keyset keyset = {.epoch = 1, .project = "other"};
  begin();
  assert_int_equal(apply(&ours, keyset, members, 1), GODWIT_ERR_UNTRUSTED);
  strcpy(keyset.project, "default");
  assert_int_equal(apply(&ours, keyset, members, 1), GODWIT_OK);
}

TEST(an_artifacts_signature_over_a_keyset_is_none) {
  struct gw_keyset keyset = {.epoch = 1, .key_count = 1};
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX];
  begin();
  memcpy(keyset.key[0], foreign.key, GW_KEY_SIZE);
  int length = gw_keyset_encode(&keyset, payload, sizeof payload);
  size = signer_sign(&ours, GW_SIGN1_FOR_ARTIFACT, payload, (size_t)length, message);
  assert_int_equal(godwit_trust_apply_keyset(&trust, message, size), GODWIT_ERR_UNTRUSTED);
}

TEST(a_key_that_is_no_point_of_the_curve_is_refused) {
  struct signer nobody = second;
  begin();
  nobody.key[63] ^= 1;
  assert_int_equal(apply_simple(&ours, 1, &nobody), GODWIT_ERR_UNTRUSTED);
  assert_int_equal(writes, 0);
  memcpy(keys[0], nobody.key, GW_KEY_SIZE);
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_ERR_ARGUMENT);
}

TEST(a_keyset_raises_the_floor_and_never_lowers_it) {
  const struct signer *const members[] = {&ours};
  begin();
  assert_int_equal(apply(&ours, (struct gw_keyset){.epoch = 1, .floor = 9}, members, 1), GODWIT_OK);
  assert_int_equal(store.state.trust.floor, 9);
  assert_int_equal(apply(&ours, (struct gw_keyset){.epoch = 2, .floor = 3}, members, 1), GODWIT_OK);
  assert_int_equal(store.state.trust.floor, 9);
  sign(statement_of(&component, 8, 0));
  assert_refused(TOO_OLD);
}

TEST(a_previous_model_below_the_floor_goes_unless_it_is_still_the_way_back) {
  const struct signer *const members[] = {&ours};
  begin();
  strcpy(store.state.active.version, "1.1.0");
  strcpy(store.state.previous.version, "1.0.0");
  store.state.previous.sequence = 4;
  assert_int_equal(apply(&ours, (struct gw_keyset){.epoch = 1, .floor = 5}, members, 1), GODWIT_OK);
  assert_int_equal(drops, 0);
  store.state.active.confirmed = true;
  assert_int_equal(apply(&ours, (struct gw_keyset){.epoch = 2, .floor = 5}, members, 1), GODWIT_OK);
  assert_int_equal(drops, 1);
}

TEST(a_keyset_that_cannot_be_written_is_not_in_use) {
  begin();
  next_write = GODWIT_ERR_IO;
  assert_int_equal(apply_simple(&ours, 1, &second), GODWIT_ERR_IO);
  assert_int_equal(godwit_trust_epoch(&trust), 0);
  next_write = GODWIT_OK;
  assert_int_equal(godwit_trust_apply_keyset(&trust, message, size), GODWIT_OK);
}

TEST(an_unusable_config_is_refused) {
  begin();
  config.key_count = GW_KEYSET_KEYS_MAX + 1;
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_ERR_ARGUMENT);
  config.key_count = 0;
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_ERR_ARGUMENT);
  config.key_count = 1;
  config.project = "a-project-whose-id-is-much-longer-than-any-that-a-server-would-make-up";
  assert_int_equal(godwit_trust_init(&trust, &store, &config), GODWIT_ERR_ARGUMENT);
}
