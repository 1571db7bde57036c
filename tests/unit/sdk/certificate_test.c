/* SPDX-License-Identifier: Apache-2.0 */
/* The SDK with certificates, and with two pre-shared keys, against the real
 * gateway and core, both in this process and by turns. */
#include <stdlib.h>

#include "godwit/pki.h"
#include "server/core/pki.h"
#include "server/gateway/gateway.h"
#include "sdk/src/pool.h"
#include "tests/support/pki.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture server;
static struct srv_gateway *gateway;
static struct pki_certificate identity, root, leaf;
static struct srv_device device;
static struct godwit_client *client;
static _Alignas(16) uint8_t memory[GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES];
static _Alignas(16) uint8_t scratch[GODWIT_PKI_MEMORY_BYTES];
static struct godwit_certificate certificate;
static struct godwit_client_config config;

static void server_up(void) {
  char error[160] = "";
  godwit_pool_set_outside(calloc, free);
  /* The first pool tells mbedTLS whose calloc to use. */
  struct godwit_pool pool;
  godwit_pool_init(&pool, scratch, sizeof scratch);
  godwit_pool_deinit(&pool);
  core_fixture_begin(&server);
  pki_make(&identity, (struct pki_wish){.subject = "CN=server.test"});
  struct srv_gateway_config gateway_config = {
      .bind_address = "127.0.0.1", .certificate = identity.certificate, .key = identity.key};
  if (srv_gateway_create(&gateway, &gateway_config, server.core, error, sizeof error) != SRV_OK)
    fail_msg("%s", error);
  device = make_device(&server, "d", NULL, NULL);
  pki_make(&root, (struct pki_wish){.subject = "CN=root,O=default", .is_ca = true});
  struct srv_certificate row = {.project_id = P};
  assert_ok(server.core,
            srv_core_add_ca(server.core, &row, root.certificate, strlen(root.certificate)));
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root});
  certificate = (struct godwit_certificate){.method = &godwit_certificate_method,
                                            .chain = leaf.der,
                                            .chain_size = leaf.der_size,
                                            .key = leaf.key,
                                            .key_size = strlen(leaf.key) + 1,
                                            .ca = identity.certificate,
                                            .ca_size = strlen(identity.certificate) + 1,
                                            .server_name = "server.test"};
  config = (struct godwit_client_config){.host = "127.0.0.1",
                                         .port = srv_gateway_port(gateway),
                                         .certificate = &certificate,
                                         .memory = memory,
                                         .memory_size = sizeof memory,
                                         .backoff_min_ms = 10,
                                         .backoff_max_ms = 20};
}

static void server_down(void) {
  godwit_client_deinit(client);
  client = NULL;
  srv_gateway_destroy(gateway);
  core_fixture_end(&server);
}

static void turn(void) {
  godwit_client_wait(client, 2);
  godwit_client_poll(client);
  assert_int_equal(SRV_OK, srv_gateway_run(gateway));
}

static void client_up(void) {
  assert_int_equal(GODWIT_OK, godwit_client_init(&client, &config));
  godwit_client_start(client);
}

static bool comes_in(void) {
  for (int i = 0; i < 2000; i++) {
    turn();
    if (godwit_client_state(client) == GODWIT_CLIENT_CONNECTED) return true;
    if (godwit_client_last_error(client) != GODWIT_OK) return false;
  }
  return false;
}

static void assert_kept_out(int status) {
  client_up();
  assert_false(comes_in());
  assert_int_equal(status, godwit_client_last_error(client));
  godwit_client_deinit(client);
  client = NULL;
}

/* ---- configuration ---- */

TEST(both_a_key_and_a_certificate_or_neither_is_a_wrong_argument) {
  server_up();
  config.psk_identity = "d@default";
  config.psk = "secret";
  config.psk_size = 6;
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  config.certificate = NULL;
  assert_int_equal(GODWIT_OK, godwit_client_init(&client, &config));
  godwit_client_deinit(client);
  config.psk = NULL;
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  client = NULL;
  srv_gateway_destroy(gateway);
  core_fixture_end(&server);
}

TEST(a_certificate_that_cannot_be_used_is_found_at_init) {
  server_up();
  struct godwit_certificate good = certificate;
  certificate.key = root.key; /* another one's */
  certificate.key_size = strlen(root.key) + 1;
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  certificate = good;
  certificate.chain = "nonsense";
  certificate.chain_size = 9;
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  certificate = good;
  certificate.ca = NULL; /* and the flag that allows it is not set */
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  certificate = good;
  certificate.insecure_any_server = true; /* a CA that would not be looked at */
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_init(&client, &config));
  certificate = good;
  config.memory_size = GODWIT_CLIENT_MEMORY_BYTES;
  assert_int_equal(GODWIT_ERR_NO_MEMORY, godwit_client_init(&client, &config));
  config.memory_size = sizeof memory;
  assert_int_equal(GODWIT_OK, godwit_client_init(&client, &config));
  server_down();
}

/* ---- whom the device trusts ---- */

TEST(a_device_comes_in_with_a_certificate_in_the_memory_it_is_said_to_need) {
  struct godwit_client_stats stats;
  server_up();
  client_up();
  assert_true(comes_in());
  godwit_client_stats(client, &stats);
  printf("pool peak with certificates: %zu bytes of %zu\n", stats.pool_peak_bytes, sizeof memory);
  assert_true(stats.pool_peak_bytes + 8192 < sizeof memory);
  assert_true(godwit_client_has_connection_id(client));
  server_down();
}

TEST(a_server_of_another_ca_or_another_name_is_not_trusted) {
  static struct pki_certificate other;
  server_up();
  pki_make(&other, (struct pki_wish){.subject = "CN=other", .is_ca = true});
  certificate.ca = other.certificate;
  certificate.ca_size = strlen(other.certificate) + 1;
  assert_kept_out(GODWIT_ERR_UNTRUSTED);
  certificate.ca = identity.certificate;
  certificate.ca_size = strlen(identity.certificate) + 1;
  certificate.server_name = "another.test";
  assert_kept_out(GODWIT_ERR_UNTRUSTED);
  certificate.server_name = NULL; /* the host is an address, which is not in it */
  assert_kept_out(GODWIT_ERR_UNTRUSTED);
  certificate.any_server_name = true;
  client_up();
  assert_true(comes_in());
  server_down();
}

TEST(without_a_ca_it_takes_the_word_of_the_application_to_talk_to_anybody) {
  server_up();
  certificate.ca = NULL;
  certificate.ca_size = 0;
  certificate.insecure_any_server = true;
  client_up();
  assert_true(comes_in());
  server_down();
}

static int64_t told_time_s;
static int64_t tell_time(void *arg) {
  (void)arg;
  return told_time_s;
}

TEST(a_device_that_knows_the_time_refuses_an_expired_server) {
  server_up();
  certificate.unix_time_s = tell_time;
  told_time_s = PKI_NOW_S + INT64_C(366) * PKI_DAY_S;
  assert_kept_out(GODWIT_ERR_UNTRUSTED);
  told_time_s = PKI_NOW_S - 2 * PKI_DAY_S;
  assert_kept_out(GODWIT_ERR_UNTRUSTED);
  told_time_s = 0; /* not known yet */
  client_up();
  assert_true(comes_in());
  godwit_client_deinit(client);
  told_time_s = PKI_NOW_S + INT64_C(364) * PKI_DAY_S;
  client_up();
  assert_true(comes_in());
  server_down();
}

TEST(a_device_that_the_server_does_not_let_in_is_told_credentials) {
  server_up();
  pki_make(&leaf, (struct pki_wish){.subject = "CN=stranger,O=default", .issuer = &root});
  certificate.chain_size = leaf.der_size;
  certificate.key_size = strlen(leaf.key) + 1;
  assert_kept_out(GODWIT_ERR_CREDENTIALS);
  srv_gateway_destroy(gateway);
  core_fixture_end(&server);
}

/* ---- renewal ---- */

static struct godwit_pki_renewal renewal;
static int renewal_status;
static unsigned renewals;

static void on_renewed(struct godwit_client *from, struct godwit_pki_renewal *which, int status,
                       void *arg) {
  assert_ptr_equal(client, from);
  assert_ptr_equal(&renewal, which);
  assert_null(arg);
  renewal_status = status;
  renewals++;
}

static void renew(void) {
  unsigned before = renewals;
  assert_int_equal(GODWIT_OK, godwit_pki_renew(client, &renewal));
  assert_int_equal(GODWIT_ERR_STATE, godwit_pki_renew(client, &renewal));
  for (int i = 0; i < 2000 && renewals == before; i++) turn();
  assert_int_equal(before + 1, renewals);
}

static void begin_renewal(void) {
  renewal = (struct godwit_pki_renewal){.project = P,
                                        .name = "d",
                                        .memory = scratch,
                                        .memory_size = sizeof scratch,
                                        .done = on_renewed};
}

static void reconnect(void) {
  godwit_client_stop(client);
  godwit_client_start(client);
  assert_true(comes_in());
}

static struct godwit_certificate renewed(void) {
  struct godwit_certificate next = certificate;
  next.chain = renewal.certificate;
  next.chain_size = renewal.certificate_size;
  next.key = renewal.key;
  next.key_size = renewal.key_size;
  return next;
}

TEST(a_certificate_is_renewed_while_the_device_is_connected_and_used_at_the_next_connection) {
  struct srv_certificate ca;
  server_up();
  assert_ok(server.core, srv_core_create_ca(server.core, P, "", 0, &ca));
  client_up();
  begin_renewal();
  assert_int_equal(GODWIT_ERR_CONNECTION, godwit_pki_renew(client, &renewal));
  assert_true(comes_in());
  renew();
  assert_int_equal(GODWIT_OK, renewal_status);
  struct godwit_certificate next = renewed();
  assert_int_equal(GODWIT_OK, godwit_client_set_certificate(client, &next));
  reconnect();
  server_down();
}

TEST(a_device_goes_from_its_pre_shared_key_to_its_first_certificate_and_back) {
  struct srv_certificate ca;
  server_up();
  assert_ok(server.core, srv_core_create_ca(server.core, P, "", 0, &ca));
  struct srv_credential row = {.project_id = P, .identity = "d@default", .key_size = 6};
  strcpy(row.device_id, device.id);
  memcpy(row.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &row));
  config.certificate = NULL;
  config.psk_identity = "d@default";
  config.psk = "secret";
  config.psk_size = 6;
  client_up();
  assert_true(comes_in());
  begin_renewal();
  renew();
  struct godwit_certificate next = renewed();
  assert_int_equal(GODWIT_OK, godwit_client_set_certificate(client, &next));
  reconnect();
  assert_string_equal("", godwit_client_psk_identity(client));
  assert_int_equal(GODWIT_OK, godwit_client_set_certificate(client, NULL));
  reconnect();
  assert_string_equal("d@default", godwit_client_psk_identity(client));
  server_down();
}

TEST(a_refused_renewal_says_how_and_leaves_the_old_certificate) {
  server_up();
  client_up();
  assert_true(comes_in());
  begin_renewal();
  renew(); /* the project has no CA to sign with */
  assert_int_equal(GODWIT_ERR_RESPONSE, renewal_status);
  assert_int_equal(4 << 5 | 4, renewal.code);
  assert_int_equal(0, renewal.certificate_size);
  begin_renewal();
  renewal.name = "another";
  renew();
  assert_int_equal(4 << 5 | 3, renewal.code);
  reconnect();
  server_down();
}

TEST(asking_again_with_the_same_object_gets_the_same_certificate) {
  static uint8_t first[GODWIT_PKI_CERTIFICATE_MAX];
  struct srv_certificate ca;
  server_up();
  assert_ok(server.core, srv_core_create_ca(server.core, P, "", 0, &ca));
  client_up();
  assert_true(comes_in());
  begin_renewal();
  renew();
  size_t size = renewal.certificate_size;
  memcpy(first, renewal.certificate, size);
  renew();
  assert_int_equal(size, renewal.certificate_size);
  assert_memory_equal(first, renewal.certificate, size);
  server_down();
}

TEST(keys_and_requests_need_names_and_memory_and_names_cannot_break_out) {
  uint8_t key[GODWIT_PKI_KEY_MAX], csr[GODWIT_PKI_CSR_MAX];
  char name[GODWIT_PKI_NAME_MAX + 2];
  memset(name, 'n', sizeof name);
  assert_int_equal(GODWIT_ERR_NO_MEMORY, godwit_pki_make_key(scratch, 100, key));
  int size = godwit_pki_make_key(scratch, sizeof scratch, key);
  assert_true(size > 0);
  name[GODWIT_PKI_NAME_MAX + 1] = '\0';
  assert_int_equal(GODWIT_ERR_ARGUMENT,
                   godwit_pki_make_csr(scratch, sizeof scratch, key, (size_t)size, "p", name, csr));
  assert_int_equal(GODWIT_ERR_ARGUMENT,
                   godwit_pki_make_csr(scratch, sizeof scratch, key, (size_t)size, "", "n", csr));
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_pki_make_csr(scratch, sizeof scratch, key,
                                                            (size_t)size - 1, "p", "n", csr));
  name[GODWIT_PKI_NAME_MAX] = '\0';
  assert_true(godwit_pki_make_csr(scratch, sizeof scratch, key, (size_t)size, name, name, csr) > 0);
  assert_true(godwit_pki_make_csr(scratch, sizeof scratch, key, (size_t)size, "p", "a,O=other\\\"+",
                                  csr) > 0);
  assert_non_null(memmem(csr, sizeof csr, "a,O=other\\\"+", 12)); /* one value, as it is */
}

/* ---- two keys ---- */

static struct srv_credential give(const char *name, const char *key) {
  struct srv_credential row = {.project_id = P};
  strcpy(row.device_id, device.id);
  snprintf(row.identity, sizeof row.identity, "%s", name);
  row.key_size = strlen(key);
  memcpy(row.key, key, row.key_size);
  assert_ok(server.core, srv_core_create_credential(server.core, &row));
  return row;
}

static void psk_up(void) {
  server_up();
  give("old@default", "old-key");
  config.certificate = NULL;
  config.psk_identity = "old@default";
  config.psk = "old-key";
  config.psk_size = 7;
  client_up();
  assert_true(comes_in());
}

static void come_in_sometime(void) {
  godwit_client_stop(client);
  godwit_client_start(client);
  for (int i = 0; i < 2000 && godwit_client_state(client) != GODWIT_CLIENT_CONNECTED; i++) turn();
  assert_int_equal(GODWIT_CLIENT_CONNECTED, godwit_client_state(client));
}

TEST(a_new_key_is_tried_first_and_the_old_one_again_when_it_is_refused) {
  psk_up();
  assert_int_equal(GODWIT_OK, godwit_client_set_psk(client, "new@default", "new-key", 7));
  assert_string_equal("old@default", godwit_client_psk_identity(client)); /* this session's */
  come_in_sometime();
  assert_string_equal("old@default", godwit_client_psk_identity(client)); /* new: unknown there */
  struct srv_credential wrong = give("new@default", "other");
  come_in_sometime();
  assert_string_equal("old@default", godwit_client_psk_identity(client)); /* new: wrong key */
  assert_ok(server.core, srv_core_delete_credential(server.core, P, device.id, wrong.id));
  give("new@default", "new-key");
  come_in_sometime();
  assert_string_equal("new@default", godwit_client_psk_identity(client));
  server_down();
}

TEST(a_third_key_replaces_the_one_that_is_not_in_use) {
  psk_up();
  give("new@default", "new-key");
  assert_int_equal(GODWIT_OK, godwit_client_set_psk(client, "new@default", "new-key", 7));
  come_in_sometime();
  assert_int_equal(GODWIT_OK, godwit_client_set_psk(client, "third@default", "third", 5));
  come_in_sometime(); /* the third is not there yet: back to the second, not to the first */
  assert_string_equal("new@default", godwit_client_psk_identity(client));
  give("third@default", "third");
  come_in_sometime();
  assert_string_equal("third@default", godwit_client_psk_identity(client));
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_set_psk(client, "", "k", 1));
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_set_psk(client, "i", "k", 0));
  assert_int_equal(GODWIT_ERR_ARGUMENT, godwit_client_set_psk(client, "i", NULL, 1));
  server_down();
}

TEST(a_key_that_was_refused_is_not_in_use_and_does_not_push_out_the_one_that_works) {
  psk_up();
  assert_int_equal(GODWIT_OK, godwit_client_set_psk(client, "new@default", "new-key", 7));
  godwit_client_stop(client);
  godwit_client_start(client);
  for (int i = 0; i < 2000 && godwit_client_last_error(client) != GODWIT_ERR_CREDENTIALS; i++)
    turn();
  assert_int_equal(GODWIT_CLIENT_WAITING, godwit_client_state(client));
  assert_int_equal(GODWIT_OK, godwit_client_set_psk(client, "third@default", "third", 5));
  come_in_sometime();
  assert_string_equal("old@default", godwit_client_psk_identity(client));
  server_down();
}
