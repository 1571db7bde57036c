/* SPDX-License-Identifier: Apache-2.0 */
/* v1/csr over real DTLS: what is signed, what is refused, what a slow CA does. */
#include <mbedtls/pem.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "server/core/pki.h"
#include "tests/support/pki.h"
#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static struct answer answer;
static struct pki_certificate key;
static uint8_t csr[2048];
static size_t csr_size;
static struct dtls_client *client;

static void server_up(const char *command) {
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.csr_command = command}, server.core);
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .identity = "d@default", .key_size = 6};
  strcpy(credential.device_id, device.id);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  client =
      client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                    .identity = "d@default",
                                                    .psk = "secret",
                                                    .now_ms = &f->now_ms});
  pki_make(&key, (struct pki_wish){.subject = "CN=d"});
  csr_size = pki_request(csr, "CN=d,O=default", &key);
}

static void server_down(void) {
  dtls_client_destroy(client);
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static struct srv_certificate own_ca(void) {
  struct srv_certificate ca;
  assert_ok(server.core, srv_core_create_ca(server.core, P, "", 0, &ca));
  return ca;
}

static void post(const void *data, size_t size) {
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, data, size);
  client_exchange(f, client, &ask, &answer);
}

static void post_for(const char *subject) {
  csr_size = pki_request(csr, subject, &key);
  post(csr, csr_size);
}

/* The certificate in the answer opens a session; for what it says. */
static void assert_good_certificate(const uint8_t *der, size_t size) {
  static struct pki_certificate issued;
  mbedtls_x509_crt parsed;
  size_t written;
  mbedtls_x509_crt_init(&parsed);
  assert_int_equal(0, mbedtls_x509_crt_parse_der(&parsed, der, size));
  mbedtls_x509_crt_free(&parsed);
  assert_int_equal(0, mbedtls_pem_write_buffer(
                          "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", der, size,
                          (uint8_t *)issued.certificate, sizeof issued.certificate, &written));
  struct dtls_client *other =
      client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                    .certificate = issued.certificate,
                                                    .key = key.key,
                                                    .now_ms = &f->now_ms});
  struct ask ask = ask_get(".u/desired");
  struct answer got;
  client_exchange(f, other, &ask, &got);
  assert_code(GW_COAP_CONTENT, got);
  dtls_client_destroy(other);
}

TEST(a_device_with_a_psk_gets_a_certificate_and_comes_in_with_it) {
  server_up(NULL);
  own_ca();
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  assert_int_equal(GW_COAP_FORMAT_OCTETS, answer.format);
  assert_true(answer.message.payload_size < 600);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  struct srv_device device;
  assert_ok(server.core, srv_core_find(server.core, SRV_DEVICE, P, "d", &device));
  assert_string_equal("d", device.certificate_id);
  server_down();
}

TEST(the_same_request_again_gets_the_same_certificate) {
  static uint8_t first[2048];
  server_up(NULL);
  own_ca();
  post(csr, csr_size);
  size_t size = answer.message.payload_size;
  memcpy(first, answer.message.payload, size);
  post(csr, csr_size);
  assert_int_equal(size, answer.message.payload_size);
  assert_memory_equal(first, answer.message.payload, size);
  server_down();
}

TEST(blocks_both_ways_are_put_together) {
  static uint8_t got[2048];
  size_t size = 0;
  server_up(NULL);
  own_ca();
  for (uint32_t num = 0; num * 64 < csr_size; num++) {
    size_t part = csr_size - num * 64 < 64 ? csr_size - num * 64 : 64;
    struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr + num * 64, part);
    bool more = (num + 1) * 64 < csr_size;
    ask.block1 = gw_block_encode((struct gw_block){.num = num, .more = more, .szx = 2});
    if (!more) ask.block2 = gw_block_encode((struct gw_block){.num = 0, .szx = 4});
    client_exchange(f, client, &ask, &answer);
    assert_code(more ? GW_COAP_CONTINUE : GW_COAP_CHANGED, answer);
  }
  for (uint32_t num = 0;; num++) {
    struct gw_block block;
    if (num > 0) {
      struct ask ask = ask_post("v1/csr", -1, NULL, 0);
      ask.block2 = gw_block_encode((struct gw_block){.num = num, .szx = 4});
      client_exchange(f, client, &ask, &answer);
      assert_code(GW_COAP_CHANGED, answer);
    }
    assert_int_equal(GW_OK, gw_block_decode((uint32_t)answer.block2, &block));
    memcpy(got + size, answer.message.payload, answer.message.payload_size);
    size += answer.message.payload_size;
    if (!block.more) break;
  }
  assert_good_certificate(got, size);
  server_down();
}

TEST(a_request_for_another_name_or_project_is_forbidden) {
  server_up(NULL);
  own_ca();
  make_device(&server, "victim", NULL, NULL);
  post_for("CN=victim,O=default");
  assert_code(GW_COAP_FORBIDDEN, answer);
  post_for("CN=d,O=other");
  assert_code(GW_COAP_FORBIDDEN, answer);
  post_for("CN=d"); /* without O: the device's project */
  assert_code(GW_COAP_CHANGED, answer);
  server_down();
}

/* The name of a device may be the certificate id of another one that was
 * renamed: its certificate would open that other device. */
TEST(a_name_that_is_the_certificate_id_of_another_device_is_forbidden) {
  server_up(NULL);
  own_ca();
  struct srv_device other = {
      .project_id = P, .name = "renamed", .certificate_id = "d", .enabled = true};
  assert_ok(server.core, srv_core_create_device(server.core, &other));
  post(csr, csr_size);
  assert_code(GW_COAP_FORBIDDEN, answer);
  server_down();
}

TEST(a_certificate_of_a_deleted_ca_is_not_handed_out_again) {
  server_up(NULL);
  struct srv_certificate first = own_ca();
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  own_ca();
  assert_ok(server.core, srv_core_delete_ca(server.core, P, first.id));
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  server_down();
}

/* What another CA made of the CSR of "d", handed to the core. */
static int take_issued(const struct pki_certificate *issued) {
  uint8_t out[SRV_CERTIFICATE_MAX];
  struct srv_device device;
  struct srv_device_ref ref = {.project_id = P};
  assert_ok(server.core, srv_core_find(server.core, SRV_DEVICE, P, "d", &device));
  strcpy(ref.device_id, device.id);
  return srv_core_take_issued(server.core, &ref, csr, csr_size,
                              (const uint8_t *)issued->certificate, strlen(issued->certificate),
                              out);
}

TEST(what_another_ca_issued_must_open_a_session_by_itself_and_sign_nothing) {
  static struct pki_certificate root, intermediate, issued;
  struct srv_certificate row = {.project_id = P, .type = SRV_CERTIFICATE_ROOT};
  struct srv_certificate below = {.project_id = P, .type = SRV_CERTIFICATE_INTERMEDIATE};
  server_up(NULL);
  pki_make(&root, (struct pki_wish){.subject = "CN=root", .is_ca = true});
  pki_make(&intermediate, (struct pki_wish){.subject = "CN=below", .issuer = &root, .is_ca = true});
  assert_ok(server.core,
            srv_core_add_ca(server.core, &row, root.certificate, strlen(root.certificate)));
  pki_make(&issued,
           (struct pki_wish){
               .subject = "CN=d,O=default", .issuer = &root, .key_of = &key, .is_ca = true});
  assert_int_equal(SRV_ERR_INVALID, take_issued(&issued));
  /* The device gets the certificate alone, not what the command printed behind it. */
  pki_make(&issued,
           (struct pki_wish){.subject = "CN=d,O=default", .issuer = &intermediate, .key_of = &key});
  pki_append(&issued, &intermediate);
  assert_int_equal(SRV_ERR_INVALID, take_issued(&issued));
  assert_ok(server.core, srv_core_add_ca(server.core, &below, intermediate.certificate,
                                         strlen(intermediate.certificate)));
  assert_true(take_issued(&issued) > 0);
  server_down();
}

TEST(what_is_no_request_is_refused) {
  static const uint8_t zeros[1000];
  server_up(NULL);
  own_ca();
  post(zeros, 0);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  post(zeros, sizeof zeros);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  post("not DER", 7);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  post(csr, csr_size - 1);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  csr[csr_size] = 0;
  post(csr, csr_size + 1);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  post(key.der, key.der_size); /* a certificate */
  assert_code(GW_COAP_BAD_REQUEST, answer);
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_JSON, csr, csr_size);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_UNSUPPORTED_FORMAT, answer);
  server_down();
}

TEST(a_broken_signature_is_refused_wherever_the_request_was_touched) {
  server_up(NULL);
  own_ca();
  uint8_t whole[2048];
  memcpy(whole, csr, csr_size);
  for (size_t i = csr_size - 60; i < csr_size; i += 7) {
    memcpy(csr, whole, csr_size);
    csr[i] ^= 1;
    post(csr, csr_size);
    assert_code(GW_COAP_BAD_REQUEST, answer);
  }
  server_down();
}

TEST(a_request_with_an_rsa_key_is_refused) {
  /* openssl req -newkey rsa:2048 -subj /O=default/CN=d -outform DER, head of it */
  size_t size;
  char command[768];
  server_up(NULL);
  own_ca();
  snprintf(command, sizeof command,
           "cd %s && openssl req -new -newkey rsa:2048 -nodes -keyout k -subj /O=default/CN=d "
           "-outform DER -out rsa.der 2>/dev/null",
           test_temporary_folder());
  if (system(command) != 0) test_skip("no openssl program");
  char path[512];
  snprintf(path, sizeof path, "%s/rsa.der", test_temporary_folder());
  uint8_t *rsa = test_read_file(path, &size);
  post(rsa, size);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  free(rsa);
  server_down();
}

TEST(ten_kilobytes_are_too_large_and_cost_no_memory) {
  static const uint8_t zeros[1024];
  server_up(NULL);
  own_ca();
  for (uint32_t num = 0; num < 3; num++) {
    struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, zeros, sizeof zeros);
    ask.block1 = gw_block_encode((struct gw_block){.num = num, .more = true, .szx = 6});
    client_exchange(f, client, &ask, &answer);
    assert_code(num < 2 ? GW_COAP_CONTINUE : GW_COAP_REQUEST_TOO_LARGE, answer);
  }
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  server_down();
}

TEST(a_certificate_is_not_handed_out_before_it_is_stored) {
  server_up(NULL);
  own_ca();
  core_fixture_fill_disk(&server, true);
  post(csr, csr_size);
  assert_code(GW_COAP_INTERNAL_ERROR, answer);
  core_fixture_fill_disk(&server, false);
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  server_down();
}

TEST(without_a_ca_to_sign_with_the_device_is_told_so) {
  server_up(NULL);
  post(csr, csr_size);
  assert_code(GW_COAP_NOT_FOUND, answer);
  server_down();
}

TEST(an_eleventh_certificate_within_an_hour_waits) {
  server_up(NULL);
  own_ca();
  for (int i = 0; i < 11; i++) {
    pki_make(&key, (struct pki_wish){.subject = "CN=d"});
    post_for("CN=d");
    assert_code(i < 10 ? GW_COAP_CHANGED : GW_COAP_TOO_MANY_REQUESTS, answer);
  }
  server.now_us += INT64_C(3601) * 1000000;
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  server_down();
}

TEST(a_device_has_sixteen_certificates_that_hold_and_all_of_them_are_revoked_with_it) {
  unsigned count = 0;
  server_up(NULL);
  own_ca();
  for (int i = 0; i < 17; i++) {
    if (i == 10) server.now_us += INT64_C(3601) * 1000000;
    pki_make(&key, (struct pki_wish){.subject = "CN=d"});
    post_for("CN=d");
    assert_code(i < 16 ? GW_COAP_CHANGED : GW_COAP_TOO_MANY_REQUESTS, answer);
  }
  assert_ok(server.core, srv_core_revoke_device(server.core, P, "d", &count));
  assert_int_equal(16, count);
  server.now_us += INT64_C(3601) * 1000000;
  post(csr, csr_size); /* those that are revoked hold no more, and take no room */
  assert_code(GW_COAP_CHANGED, answer);
  server_down();
}

TEST(the_old_certificate_works_until_it_expires_and_both_are_then_told_apart) {
  server_up(NULL);
  own_ca();
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  static uint8_t old[2048];
  size_t old_size = answer.message.payload_size;
  memcpy(old, answer.message.payload, old_size);
  struct pki_certificate old_key = key;
  server.now_us += INT64_C(80) * 86400 * 1000000;
  pki_make(&key, (struct pki_wish){.subject = "CN=d"});
  post_for("CN=d,O=default");
  assert_code(GW_COAP_CHANGED, answer);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  key = old_key;
  assert_good_certificate(old, old_size);
  server_down();
}

/* ---- a command ---- */

static const char *script(const char *text) {
  static char path[512];
  snprintf(path, sizeof path, "%s/sign.sh", test_temporary_folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  chmod(path, 0700);
  return path;
}

/* Real time for the child, with the gateway's clock at it. */
static void let_child_work(uint64_t gateway_ms, unsigned real_ms) {
  for (unsigned i = 0; i < real_ms; i += 10) {
    struct timespec ten = {.tv_nsec = 10000000};
    nanosleep(&ten, NULL);
    f->now_ms += gateway_ms * 10 / real_ms;
    gateway_settle(f);
  }
}

/* An openssl CA in the test's folder, its certificate trusted by the project. */
static void external_ca(void) {
  char command[1024], path[512];
  size_t size;
  snprintf(command, sizeof command,
           "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
           "-keyout ca.key -out ca.pem -subj /CN=external -days 3650 "
           "-addext keyUsage=keyCertSign 2>/dev/null",
           test_temporary_folder());
  if (system(command) != 0) test_skip("no openssl program");
  snprintf(path, sizeof path, "%s/ca.pem", test_temporary_folder());
  uint8_t *pem = test_read_file(path, &size);
  struct srv_certificate row = {.project_id = P, .type = SRV_CERTIFICATE_ROOT};
  assert_ok(server.core, srv_core_add_ca(server.core, &row, pem, size));
  free(pem);
  /* openssl goes by the system's clock, which goes on while it signs. */
  server.now_us = ((int64_t)time(NULL) + 600) * 1000000;
}

#define SIGN                                        \
  "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n" \
  "echo \"$1 $2\" > asked\necho >> runs\n"          \
  "openssl x509 -req -inform DER -in /dev/stdin -CA ca.pem -CAkey ca.key -days 30 2>/dev/null\n"

static int runs(void) {
  char path[512];
  size_t size;
  snprintf(path, sizeof path, "%s/runs", test_temporary_folder());
  free(test_read_file(path, &size));
  return (int)size;
}

TEST(a_command_signs_and_the_answer_is_piggybacked_on_the_request_that_waits) {
  server_up(script(SIGN));
  external_ca();
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr, csr_size);
  client_send(client, &ask);
  gateway_settle(f);
  client_send(client, &ask); /* a retransmission starts no second one */
  gateway_settle(f);
  bool came = false;
  for (int i = 0; i < 500 && !came; i++) {
    let_child_work(10, 10);
    came = client_poll(client, &answer);
  }
  assert_true(came);
  assert_code(GW_COAP_CHANGED, answer);
  assert_int_equal(GW_COAP_ACK, answer.message.type);
  assert_int_equal(ask.message_id, answer.message.message_id);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  assert_int_equal(1, runs());
  server_down();
}

TEST(a_slow_command_is_answered_with_5_03_and_its_certificate_given_to_the_next_attempt) {
  server_up(
      script("#!/bin/sh\nfor i in $(seq 500); do if [ -e \"$(dirname \"$0\")/go\" ]; then break; "
             "fi; sleep 0.02; done\n" SIGN));
  external_ca();
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr, csr_size);
  client_send(client, &ask);
  let_child_work(12000, 60);
  assert_true(client_poll(client, &answer));
  assert_code(GW_COAP_SERVICE_UNAVAILABLE, answer);
  char path[512];
  snprintf(path, sizeof path, "%s/go", test_temporary_folder());
  fclose(fopen(path, "w"));
  struct srv_query query = {0};
  for (uint64_t count = 0; count == 0;) { /* while nobody waits */
    let_child_work(10, 10);
    assert_ok(server.core,
              srv_core_list(server.core, SRV_DEVICE_CERTIFICATE, &query, NULL, NULL, &count));
  }
  assert_silence(f, client);
  post(csr, csr_size);
  assert_code(GW_COAP_CHANGED, answer);
  assert_good_certificate(answer.message.payload, answer.message.payload_size);
  assert_int_equal(1, runs());
  server_down();
}

static void assert_answer(const char *text, uint8_t code) {
  server_up(script(text));
  external_ca();
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr, csr_size);
  client_send(client, &ask);
  bool came = false;
  for (int i = 0; i < 500 && !came; i++) {
    let_child_work(10, 10);
    came = client_poll(client, &answer);
  }
  assert_true(came);
  assert_code(code, answer);
  server_down();
}

TEST(a_command_that_fails_is_5_00) { assert_answer("#!/bin/sh\nexit 3\n", GW_COAP_INTERNAL_ERROR); }
TEST(a_command_that_prints_no_certificate_is_5_00) {
  assert_answer("#!/bin/sh\necho hello\n", GW_COAP_INTERNAL_ERROR);
}
TEST(a_command_that_prints_the_cas_own_certificate_is_5_00) {
  assert_answer("#!/bin/sh\ncat \"$(dirname \"$0\")/ca.pem\"\n", GW_COAP_INTERNAL_ERROR);
}
TEST(a_command_that_never_stops_printing_is_cut_and_is_5_00) {
  assert_answer("#!/bin/sh\nyes | head -c 100000\n", GW_COAP_INTERNAL_ERROR);
}

TEST(a_device_that_comes_back_again_and_again_has_no_more_commands_run_for_it) {
  server_up(script("#!/bin/sh\necho >> \"$(dirname \"$0\")/runs\"\nexit 3\n"));
  for (int i = 0; i < 11; i++) {
    struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr, csr_size);
    client_send(client, &ask);
    bool came = false;
    for (int j = 0; j < 500 && !came; j++) {
      let_child_work(10, 10);
      came = client_poll(client, &answer);
    }
    assert_true(came);
    assert_code(i < 10 ? GW_COAP_INTERNAL_ERROR : GW_COAP_TOO_MANY_REQUESTS, answer);
    dtls_client_close_notify(client);
    gateway_settle(f);
    dtls_client_destroy(client);
    client =
        client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                      .identity = "d@default",
                                                      .psk = "secret",
                                                      .now_ms = &f->now_ms});
  }
  assert_int_equal(10, runs());
  server_down();
}

TEST(a_command_that_is_not_there_is_5_03) {
  server_up("/nowhere/sign");
  post(csr, csr_size);
  assert_code(GW_COAP_SERVICE_UNAVAILABLE, answer);
  server_down();
}

TEST(a_command_that_hangs_is_killed_and_a_session_may_end_meanwhile) {
  server_up(script("#!/bin/sh\necho $$ > \"$(dirname \"$0\")/pid\"\nexec sleep 1000\n"));
  struct ask ask = ask_post("v1/csr", GW_COAP_FORMAT_OCTETS, csr, csr_size);
  client_send(client, &ask);
  let_child_work(1000, 50);
  dtls_client_close_notify(client);
  let_child_work(62000, 100);
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_true(srv_gateway_timeout_ms(f->gateway) != 0);
  server_down();
}
