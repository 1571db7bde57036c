/* SPDX-License-Identifier: Apache-2.0 */
/* A device that takes signed models only, against the real gateway and core on
 * loopback: what a publisher signed gets in, and whoever has the server, and
 * writes into its database what he likes, gets nothing else in. */
#include <stdlib.h>

#include "godwit/folder.h"
#include "godwit/trust.h"
#include "godwit/updater.h"
#include "sdk/src/pool.h"
#include "server/core/signing.h"
#include "server/gateway/gateway.h"
#include "tests/support/pki.h"
#include "tests/support/signer.h"
#include "tests/unit/server/core/core_fixture.h"
#include "wire/report.h"

static struct core_fixture server;
static struct srv_gateway *gateway;
static struct pki_certificate identity;
static struct srv_device device;
static struct signer ours, second, foreign;

static struct godwit_folder folder;
static struct godwit_store store;
static struct godwit_client *client;
static struct godwit_trust trust;
static struct godwit_updater updater;
static struct godwit_client_config client_config;
static struct godwit_trust_config trust_config;
static uint8_t keys[1][GW_KEY_SIZE];
static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES], slot[2][256];
static _Alignas(16) uint8_t scratch[4096];
static char running[GW_VERSION_MAX + 1];
static unsigned swaps, failures;
static uint8_t last_detail;

/* The device ------------------------------------------------------------------ */

static int load(void *arg, const struct godwit_model *candidate) {
  (void)arg;
  return candidate->size > 0 ? GODWIT_OK : GODWIT_ERR_FORMAT;
}

static void activate(void *arg, const struct godwit_model *model) {
  (void)arg;
  snprintf(running, sizeof running, "%s", model->version);
}

static void on_event(void *arg, const struct godwit_updater_event *event) {
  (void)arg;
  swaps += event->type == GODWIT_EVENT_SWAPPED;
  if (event->type != GODWIT_EVENT_FAILED) return;
  failures++;
  last_detail = event->detail;
}

static void device_up(void) {
  static char path[600];
  snprintf(path, sizeof path, "%s/models", test_temporary_folder());
  godwit_folder_init(&folder, path);
  assert_int_equal(GODWIT_OK,
                   godwit_store_init(&store, &(struct godwit_store_config){.medium = &folder.medium,
                                                                           .package = "model"}));
  assert_int_equal(GODWIT_OK, godwit_client_init(&client, &client_config));
  trust_config.client = client;
  assert_int_equal(GODWIT_OK, godwit_trust_init(&trust, &store, &trust_config));
  const struct godwit_updater_config config = {
      .client = client,
      .store = &store,
      .slot = {{slot[0], sizeof slot[0]}, {slot[1], sizeof slot[1]}},
      .ops = {.load = load, .activate = activate},
      .on_event = on_event,
      .trust_ops = &godwit_trust_p256,
      .trust = &trust,
      .retry_min_ms = 20,
      .retry_max_ms = 20,
      .confirm_after_ms = UINT32_MAX};
  assert_int_equal(GODWIT_OK, godwit_updater_init(&updater, &config));
  int status = godwit_updater_start(&updater);
  assert_true(status == GODWIT_OK || status == GODWIT_ERR_NOT_FOUND);
}

static void device_down(void) {
  godwit_updater_deinit(&updater);
  godwit_client_deinit(client);
  client = NULL;
}

static void begin(void) {
  char error[160] = "";
  struct godwit_pool pool;
  godwit_pool_set_outside(calloc, free);
  godwit_pool_init(&pool, scratch, sizeof scratch); /* tells mbedTLS whose calloc to use */
  godwit_pool_deinit(&pool);
  core_fixture_begin(&server);
  pki_make(&identity, (struct pki_wish){.subject = "CN=server.test"});
  const struct srv_gateway_config config = {
      .bind_address = "127.0.0.1", .certificate = identity.certificate, .key = identity.key};
  if (srv_gateway_create(&gateway, &config, server.core, error, sizeof error) != SRV_OK)
    fail_msg("%s", error);
  device = make_device(&server, "d", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .key_size = 6};
  memcpy(credential.key, "secret", 6);
  strcpy(credential.identity, "d@default");
  strcpy(credential.device_id, device.id);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  signer_make(&ours, 1);
  signer_make(&second, 2);
  signer_make(&foreign, 3);
  memcpy(keys[0], ours.key, GW_KEY_SIZE);
  trust_config = (struct godwit_trust_config){.key = (const uint8_t(*)[GW_KEY_SIZE])keys,
                                              .key_count = 1,
                                              .require_signature = true,
                                              .project = "default"};
  client_config = (struct godwit_client_config){.host = "127.0.0.1",
                                                .port = srv_gateway_port(gateway),
                                                .psk_identity = "d@default",
                                                .psk = "secret",
                                                .psk_size = 6,
                                                .memory = memory,
                                                .memory_size = sizeof memory,
                                                .backoff_min_ms = 10,
                                                .backoff_max_ms = 20};
  swaps = failures = 0;
  running[0] = 0;
}

static void end(void) {
  device_down();
  srv_gateway_destroy(gateway);
  core_fixture_end(&server);
}

static void turn(void) {
  uint32_t wait_ms = godwit_updater_next_timeout_ms(&updater);
  godwit_client_wait(client, wait_ms < 2 ? wait_ms : 2);
  godwit_updater_poll(&updater);
  assert_int_equal(SRV_OK, srv_gateway_run(gateway));
}

static void until_swapped(const char *version) {
  for (int i = 0; i < 5000 && strcmp(running, version) != 0; i++) turn();
  assert_string_equal(version, running);
}

/* It fails twice, and what ran before runs on. */
static void until_refused(uint8_t detail) {
  char before[sizeof running];
  unsigned had = failures;
  snprintf(before, sizeof before, "%s", running);
  for (int i = 0; i < 5000 && failures < had + 2; i++) turn();
  assert_true(failures >= had + 2);
  assert_string_equal(gw_ota_detail_name(detail), gw_ota_detail_name(last_detail));
  assert_string_equal(before, running);
}

/* The publisher, and the thief -------------------------------------------------- */

static struct gw_component component_of(const struct srv_artifact *artifact) {
  struct gw_component component = {.size_bytes = artifact->size_bytes};
  memcpy(component.package, artifact->package, sizeof component.package);
  memcpy(component.version, artifact->version, sizeof component.version);
  memcpy(component.digest, artifact->digest, sizeof component.digest);
  return component;
}

/* Past everything that the core would check. */
static void put_signature(const struct srv_artifact *artifact, const uint8_t *message,
                          size_t size) {
  struct srv_store *rows = server.folder.store;
  struct srv_artifact_signature row = {.message_size = size};
  strcpy(row.artifact_id, artifact->id);
  strcpy(row.project_id, P);
  memcpy(row.message, message, size);
  assert_int_equal(SRV_OK, rows->ops->put(rows, SRV_ARTIFACT_SIGNATURE, &row));
}

static void put_keyset(uint32_t epoch, const uint8_t *message, size_t size) {
  struct srv_store *rows = server.folder.store;
  struct srv_keyset row = {.message_size = size, .epoch = epoch};
  snprintf(row.id, sizeof row.id, "%024u", (unsigned)epoch);
  strcpy(row.project_id, P);
  memcpy(row.message, message, size);
  assert_int_equal(SRV_OK, rows->ops->put(rows, SRV_KEYSET, &row));
}

static void sign_with(const struct signer *signer, const struct srv_artifact *artifact,
                      const struct gw_statement *statement) {
  uint8_t message[GW_SIGN1_SIZE_MAX];
  put_signature(artifact, message, signer_sign_statement(signer, statement, message));
}

static struct srv_artifact release_signed(const struct signer *signer, const char *version,
                                          uint32_t sequence, uint32_t floor) {
  struct srv_artifact artifact = make_artifact(&server, "model", version);
  struct gw_component component = component_of(&artifact);
  struct gw_statement statement = statement_of(&component, sequence, floor);
  sign_with(signer, &artifact, &statement);
  make_release(&server, artifact.id, NULL, NULL);
  return artifact;
}

static void begin_with_a_model(void) {
  begin();
  release_signed(&ours, "1.0.0", 10, 0);
  device_up();
  until_swapped("1.0.0");
}

/* ------------------------------------------------------------------------------- */

TEST(a_signed_model_is_taken_within_the_clients_memory_while_its_session_is_open) {
  struct godwit_client_stats stats;
  begin_with_a_model();
  godwit_client_stats(client, &stats);
  print_message("pool peak with a session and a signature: %zu bytes, with the client in %u\n",
                (size_t)stats.pool_peak_bytes, GODWIT_CLIENT_MEMORY_BYTES);
  assert_true(stats.pool_peak_bytes < 16u * 1024u);
  assert_int_equal(10, store.state.active.sequence);
  assert_int_equal(0, failures);
  end();
}

TEST(an_unsigned_model_is_refused_before_a_byte_of_it_is_fetched) {
  begin_with_a_model();
  struct srv_artifact artifact = make_artifact(&server, "model", "1.1.0");
  make_release(&server, artifact.id, NULL, NULL);
  until_refused(GW_DETAIL_SIGNATURE_MISSING);
  assert_int_equal(0, store.state.incoming.version[0]);
  struct srv_device_state seen;
  for (int i = 0; i < 50; i++) turn();
  assert_ok(server.core, srv_core_device_state(server.core, device.id, &seen));
  assert_int_equal(GW_DETAIL_SIGNATURE_MISSING, seen.status[0].detail);
  end();
}

TEST(a_model_that_the_thief_signed_is_refused) {
  begin_with_a_model();
  release_signed(&foreign, "1.1.0", 11, 0);
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  end();
}

TEST(a_signature_of_something_else_does_not_fit) {
  begin_with_a_model();
  struct srv_artifact artifact = make_artifact(&server, "model", "1.1.0");
  struct gw_component component = component_of(&artifact);
  make_release(&server, artifact.id, NULL, NULL);
  for (int i = 0; i < 5; i++) {
    struct gw_statement statement = statement_of(&component, 11, 0);
    if (i == 0) strcpy(statement.package, "other");
    if (i == 1) strcpy(statement.version, "1.1.1");
    if (i == 2) statement.digest[7] ^= 1;
    if (i == 3) statement.size_bytes++;
    if (i == 4) strcpy(statement.project, "another");
    sign_with(&ours, &artifact, &statement);
    until_refused(GW_DETAIL_SIGNATURE_WRONG);
  }
  struct gw_statement right = statement_of(&component, 11, 0);
  sign_with(&ours, &artifact, &right); /* and nothing of that is held against the model */
  until_swapped("1.1.0");
  end();
}

TEST(a_bent_or_truncated_signature_is_refused) {
  uint8_t message[GW_SIGN1_SIZE_MAX];
  begin_with_a_model();
  struct srv_artifact artifact = make_artifact(&server, "model", "1.1.0");
  struct gw_component component = component_of(&artifact);
  struct gw_statement statement = statement_of(&component, 11, 0);
  size_t size = signer_sign_statement(&ours, &statement, message);
  put_signature(&artifact, message, size - 1);
  make_release(&server, artifact.id, NULL, NULL);
  until_refused(GW_DETAIL_SIGNATURE_WRONG);
  message[size - 40] ^= 4;
  put_signature(&artifact, message, size);
  until_refused(GW_DETAIL_SIGNATURE_WRONG);
  memset(message + size - 64, 0, 64);
  put_signature(&artifact, message, size);
  until_refused(GW_DETAIL_SIGNATURE_WRONG);
  end();
}

TEST(an_older_model_is_refused_once_a_newer_one_has_proved_itself) {
  begin_with_a_model();
  release_signed(&ours, "1.1.0", 20, 15);
  until_swapped("1.1.0");
  assert_int_equal(0, store.state.trust.floor); /* the way back is open until then */
  assert_int_equal(GODWIT_OK, godwit_updater_confirm(&updater));
  assert_int_equal(15, store.state.trust.floor);
  assert_int_equal(0, store.state.previous.version[0]);
  release_signed(&ours, "1.0.9", 14, 0);
  until_refused(GW_DETAIL_TOO_OLD);
  device_down();
  device_up(); /* over a reboot, too */
  assert_string_equal("1.1.0", running);
  until_refused(GW_DETAIL_TOO_OLD);
  end();
}

/* A fleet that begins to sign: the model of before is no way in. */
TEST(an_unsigned_model_of_before_does_not_come_back) {
  begin();
  trust_config.require_signature = false;
  struct srv_artifact unsigned_one = make_artifact(&server, "model", "1.0.0");
  make_release(&server, unsigned_one.id, NULL, NULL);
  device_up();
  until_swapped("1.0.0");
  assert_int_equal(GODWIT_OK, godwit_updater_confirm(&updater));
  device_down();
  trust_config.require_signature = true;
  device_up();
  assert_string_equal("1.0.0", running); /* what runs goes on */
  release_signed(&ours, "1.1.0", 20, 0);
  until_swapped("1.1.0");
  assert_string_equal("1.0.0", store.state.previous.version);
  assert_int_equal(GODWIT_OK, godwit_updater_confirm(&updater));
  assert_int_equal(0, store.state.previous.version[0]);
  make_release(&server, unsigned_one.id, NULL, NULL);
  until_refused(GW_DETAIL_SIGNATURE_MISSING);
  end();
}

static void publish_keyset(uint32_t epoch, const struct signer *by, const struct signer *member) {
  uint8_t message[GW_SIGN1_SIZE_MAX];
  size_t size = signer_sign_keyset(by, (struct gw_keyset){.epoch = epoch}, &member, 1, message);
  put_keyset(epoch, message, size);
}

TEST(keys_are_replaced_one_set_after_the_other_and_revoked_ones_sign_no_more) {
  begin_with_a_model();
  publish_keyset(1, &ours, &second);
  publish_keyset(2, &second, &foreign); /* who is no stranger any more */
  release_signed(&foreign, "1.1.0", 11, 0);
  until_swapped("1.1.0");
  assert_int_equal(2, store.state.trust.epoch);
  release_signed(&ours, "1.2.0", 12, 0);
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  device_down();
  device_up();
  assert_int_equal(2, godwit_trust_epoch(&trust));
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  end();
}

TEST(a_keyset_that_the_thief_signed_changes_nothing_and_blocks_nothing) {
  begin_with_a_model();
  publish_keyset(1, &foreign, &foreign);
  release_signed(&foreign, "1.1.0", 11, 0);
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  assert_int_equal(0, godwit_trust_epoch(&trust));
  release_signed(&ours, "1.2.0", 12, 0);
  until_swapped("1.2.0");
  end();
}

TEST(a_keyset_in_the_place_of_another_is_refused) {
  uint8_t message[GW_SIGN1_SIZE_MAX];
  const struct signer *member = &second;
  begin_with_a_model();
  /* The set of epoch 2, handed out as that of epoch 1: sets are not skipped. */
  size_t size = signer_sign_keyset(&ours, (struct gw_keyset){.epoch = 2}, &member, 1, message);
  put_keyset(1, message, size);
  release_signed(&second, "1.1.0", 11, 0);
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  assert_int_equal(0, godwit_trust_epoch(&trust));
  end();
}

/* What no signature prevents: a server that says nothing keeps its devices where
 * they are, with the keys that they have. */
TEST(a_server_that_withholds_a_keyset_freezes_and_gets_nothing_else_in) {
  begin_with_a_model();
  publish_keyset(2, &second, &second); /* 1 is withheld */
  release_signed(&second, "1.1.0", 11, 0);
  until_refused(GW_DETAIL_KEY_UNKNOWN);
  release_signed(&ours, "1.2.0", 12, 0);
  until_swapped("1.2.0");
  end();
}
