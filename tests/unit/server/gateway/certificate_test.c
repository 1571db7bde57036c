/* SPDX-License-Identifier: Apache-2.0 */
/* Devices with certificates, over real DTLS, on the real core: who is let in,
 * who is not and with which alert, and whose session ends when. */
#include <mbedtls/asn1.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>

#include "server/core/pki.h"
#include "tests/support/pki.h"
#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static struct answer answer;
static struct pki_certificate root, leaf;
static struct srv_certificate root_row;

static struct srv_certificate trust(const char *project_id, const struct pki_certificate *ca,
                                    enum srv_certificate_type type) {
  struct srv_certificate row = {.type = (uint8_t)type};
  snprintf(row.project_id, sizeof row.project_id, "%s", project_id);
  assert_ok(server.core,
            srv_core_add_ca(server.core, &row, ca->certificate, strlen(ca->certificate)));
  return row;
}

static void server_up(void) {
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.port = 0}, server.core);
  pki_make(&root, (struct pki_wish){.subject = "CN=root,O=default", .is_ca = true});
  root_row = trust(P, &root, SRV_CERTIFICATE_ROOT);
}

static void server_down(void) {
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static struct dtls_client *client_of(const struct pki_certificate *certificate) {
  struct dtls_client_config config = {.server_port = srv_gateway_port(f->gateway),
                                      .certificate = certificate->certificate,
                                      .key = certificate->key,
                                      .now_ms = &f->now_ms};
  return dtls_client_create(&config);
}

static struct dtls_client *come_in(const struct pki_certificate *certificate) {
  struct dtls_client *client = client_of(certificate);
  assert_int_equal(1, client_shake(f, client));
  struct ask ask = ask_get(".u/desired");
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  return client;
}

static void assert_refused(const struct pki_certificate *certificate, int alert) {
  struct dtls_client *client = client_of(certificate);
  assert_true(client_shake(f, client) < 0);
  assert_int_equal(alert, dtls_client_alert(client));
  dtls_client_destroy(client);
  assert_int_equal(0, gateway_stats(f).handshakes);
}

static bool is_over(struct dtls_client *client) {
  uint8_t buffer[2048];
  gateway_settle(f);
  for (int i = 0; i < 10; i++)
    if (dtls_client_receive(client, buffer, sizeof buffer) < 0) return true;
  return false;
}

static struct srv_device device_named(const char *name) {
  struct srv_device device;
  assert_ok(server.core, srv_core_find(server.core, SRV_DEVICE, P, name, &device));
  return device;
}

static void leaf_of(const char *subject) {
  pki_make(&leaf, (struct pki_wish){.subject = subject, .issuer = &root});
}

static void set_provisioning(uint32_t max) {
  struct srv_project project;
  assert_ok(server.core, srv_core_find(server.core, SRV_PROJECT, "", P, &project));
  project.auto_provision = true;
  project.auto_provision_max = max;
  assert_ok(server.core, srv_core_update_project(server.core, &project));
}

/* ---- who is let in ---- */

TEST(a_device_comes_in_by_the_name_in_its_certificate_and_keeps_that_id) {
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  struct dtls_client *client = come_in(&leaf);
  struct srv_device device = device_named("d");
  assert_string_equal("d", device.certificate_id);
  /* Renamed: the certificate still finds it; the id cannot be changed. */
  strcpy(device.name, "kitchen");
  strcpy(device.certificate_id, "other");
  assert_ok(server.core, srv_core_update_device(server.core, &device));
  assert_string_equal("d", device_named("kitchen").certificate_id);
  struct dtls_client *again = come_in(&leaf);
  assert_int_equal(2, gateway_stats(f).sessions);
  dtls_client_destroy(again);
  dtls_client_destroy(client);
  server_down();
}

TEST(a_chain_over_an_intermediate_is_followed_to_the_root) {
  static struct pki_certificate intermediate;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&intermediate,
           (struct pki_wish){.subject = "CN=factory,O=default", .issuer = &root, .is_ca = true});
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &intermediate});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA); /* it does not show the intermediate */
  pki_append(&leaf, &intermediate);
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(a_trusted_intermediate_is_enough_without_its_root) {
  static struct pki_certificate other_root, intermediate;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&other_root, (struct pki_wish){.subject = "CN=far away", .is_ca = true});
  pki_make(&intermediate,
           (struct pki_wish){.subject = "CN=factory", .issuer = &other_root, .is_ca = true});
  trust(P, &intermediate, SRV_CERTIFICATE_INTERMEDIATE);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &intermediate});
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(p384_is_taken_as_p256_is) {
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root, .p384 = true});
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(a_psk_device_and_one_with_a_certificate_share_the_port) {
  server_up();
  struct srv_device psk = make_device(&server, "psk", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .identity = "psk@default", .key_size = 6};
  strcpy(credential.device_id, psk.id);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  struct dtls_client *one = come_in(&leaf);
  struct dtls_client *two =
      client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                    .identity = "psk@default",
                                                    .psk = "secret",
                                                    .now_ms = &f->now_ms});
  assert_int_equal(2, gateway_stats(f).sessions);
  dtls_client_destroy(two);
  dtls_client_destroy(one);
  server_down();
}

/* ---- who is not ---- */

TEST(an_expired_certificate_and_one_of_tomorrow_are_refused_as_expired) {
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default",
                                    .issuer = &root,
                                    .from_s = PKI_NOW_S - 9 * PKI_DAY_S,
                                    .to_s = PKI_NOW_S - 1});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default",
                                    .issuer = &root,
                                    .from_s = PKI_NOW_S + 60,
                                    .to_s = PKI_NOW_S + 9 * PKI_DAY_S});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED);
  server.now_us += INT64_C(120) * 1000000;
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(a_certificate_of_an_expired_ca_is_refused_as_expired) {
  static struct pki_certificate old;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&old, (struct pki_wish){.subject = "CN=old",
                                   .is_ca = true,
                                   .from_s = PKI_NOW_S - 9 * PKI_DAY_S,
                                   .to_s = PKI_NOW_S - 1});
  trust(P, &old, SRV_CERTIFICATE_ROOT);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &old});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED);
  server_down();
}

TEST(a_foreign_ca_a_forged_one_of_the_same_name_and_no_ca_at_all_are_unknown) {
  static struct pki_certificate foreign;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&foreign, (struct pki_wish){.subject = "CN=elsewhere", .is_ca = true});
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &foreign});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  pki_append(&leaf, &foreign); /* shows the CA it would like to be believed */
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  pki_make(&foreign, (struct pki_wish){.subject = "CN=root,O=default", .is_ca = true});
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &foreign});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default"});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  server_down();
}

TEST(the_ca_of_another_project_opens_that_project_only) {
  static struct pki_certificate other;
  struct srv_project project = {.id = "other", .name = "other"};
  server_up();
  assert_ok(server.core, srv_core_create_project(server.core, &project));
  make_device(&server, "d", NULL, NULL);
  pki_make(&other, (struct pki_wish){.subject = "CN=root,O=other", .is_ca = true});
  trust("other", &other, SRV_CERTIFICATE_ROOT);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &other});
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  struct srv_device device = {.project_id = "other", .name = "d", .enabled = true};
  assert_ok(server.core, srv_core_create_device(server.core, &device));
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=other", .issuer = &other});
  dtls_client_destroy(come_in(&leaf));
  leaf_of("CN=d,O=other"); /* default's CA, other's device */
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  server_down();
}

TEST(a_subject_without_o_with_an_unknown_one_or_without_cn_is_denied) {
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d");
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  leaf_of("CN=d,O=nowhere");
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  leaf_of("O=default");
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  server_down();
}

TEST(a_subject_that_names_two_projects_or_hides_a_nul_is_nobodys) {
  char project[SRV_NAME_MAX + 1], id[SRV_NAME_MAX + 1];
  uint8_t o[] = {0x55, 0x04, 0x0a}, cn[] = {0x55, 0x04, 0x03}, a[] = "a", nul[] = "a\0b";
  mbedtls_x509_name second = {.oid = {.p = o, .len = 3}, .val = {.p = a, .len = 1}};
  mbedtls_x509_name first = second, name = {.oid = {.p = cn, .len = 3}, .val = {.p = a, .len = 1}};
  name.next = &first;
  assert_null(srv_x509_subject(&name, false, project, id));
  first.next = &second;
  assert_non_null(srv_x509_subject(&name, false, project, id));
  first.next = NULL;
  name.val.p = nul;
  name.val.len = 3;
  assert_non_null(srv_x509_subject(&name, false, project, id));
}

TEST(a_common_name_of_65_bytes_is_denied_and_one_of_64_is_a_name) {
  char subject[128];
  server_up();
  set_provisioning(10);
  snprintf(subject, sizeof subject, "CN=%065d,O=default", 7);
  leaf_of(subject);
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  snprintf(subject, sizeof subject, "CN=%064d,O=default", 7);
  leaf_of(subject);
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(a_device_nobody_knows_and_a_client_without_certificate_are_refused) {
  server_up();
  leaf_of("CN=stranger,O=default");
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  leaf.certificate[0] = '\0';
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
  server_down();
}

TEST(a_certificate_is_worth_nothing_without_its_key) {
  static struct pki_certificate thief;
  server_up();
  set_provisioning(10);
  leaf_of("CN=d,O=default");
  pki_make(&thief, (struct pki_wish){.subject = "CN=thief"});
  memcpy(leaf.key, thief.key, sizeof leaf.key);
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR);
  uint64_t count = 1; /* and it has made no device */
  struct srv_query query = {0};
  assert_ok(server.core, srv_core_list(server.core, SRV_DEVICE, &query, NULL, NULL, &count));
  assert_int_equal(0, count);
  server_down();
}

TEST(a_ca_is_no_device) {
  server_up();
  make_device(&server, "root", NULL, NULL);
  assert_refused(&root, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT);
  server_down();
}

TEST(a_device_certificate_signs_no_other) {
  static struct pki_certificate victim;
  server_up();
  make_device(&server, "d", NULL, NULL);
  make_device(&server, "victim", NULL, NULL);
  leaf_of("CN=d,O=default");
  pki_make(&victim, (struct pki_wish){.subject = "CN=victim,O=default", .issuer = &leaf});
  pki_append(&victim, &leaf);
  assert_refused(&victim, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  server_down();
}

TEST(a_huge_chain_ends_the_handshake_and_leaves_the_server_well) {
  static struct pki_certificate big;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root, .padding = 1200});
  for (int i = 0; i < 1; i++) {
    pki_make(&big, (struct pki_wish){.subject = "CN=big", .is_ca = true, .padding = 700});
    pki_append(&leaf, &big);
  }
  struct dtls_client *client = client_of(&leaf);
  assert_true(client_shake(f, client) < 0);
  dtls_client_destroy(client);
  leaf_of("CN=d,O=default");
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

TEST(a_disabled_device_is_refused_at_the_handshake_and_dropped_when_it_is_on) {
  server_up();
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  struct dtls_client *client = come_in(&leaf);
  device = device_named("d");
  device.enabled = false;
  assert_ok(server.core, srv_core_update_device(server.core, &device));
  assert_true(is_over(client));
  dtls_client_destroy(client);
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  server_down();
}

/* ---- devices made by their certificates ---- */

TEST(with_the_switch_on_a_new_certificate_makes_its_device_until_the_cap) {
  server_up();
  set_provisioning(2);
  leaf_of("CN=one,O=default");
  dtls_client_destroy(come_in(&leaf));
  dtls_client_destroy(come_in(&leaf)); /* the same one again: no second device */
  assert_string_equal("one", device_named("one").certificate_id);
  leaf_of("CN=two,O=default");
  dtls_client_destroy(come_in(&leaf));
  leaf_of("CN=three,O=default");
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  struct srv_project project;
  assert_ok(server.core, srv_core_find(server.core, SRV_PROJECT, "", P, &project));
  assert_int_equal(2, project.auto_provision_count);
  server_down();
}

TEST(a_name_that_another_certificate_has_taken_gets_a_suffix) {
  server_up();
  set_provisioning(10);
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  dtls_client_destroy(come_in(&leaf)); /* d's certificate id is d */
  struct srv_device device = device_named("d");
  strcpy(device.name, "e");
  assert_ok(server.core, srv_core_update_device(server.core, &device));
  leaf_of("CN=e,O=default"); /* the name e is taken by one that has an id */
  dtls_client_destroy(come_in(&leaf));
  uint64_t count = 0;
  struct srv_query query = {0};
  srv_query_text(&query, "certificate_id", SRV_EQUALS, "e");
  assert_ok(server.core, srv_core_list(server.core, SRV_DEVICE, &query, NULL, NULL, &count));
  assert_int_equal(1, count);
  assert_string_equal("d", device_named("e").certificate_id);
  server_down();
}

/* ---- revocation ---- */

TEST(a_revoked_certificate_ends_its_session_at_once_and_another_of_the_device_stays) {
  static struct pki_certificate second;
  struct srv_revoked_certificate revoked = {.project_id = P};
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  pki_make(&second, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root});
  struct dtls_client *one = come_in(&leaf), *two = come_in(&second);
  assert_ok(server.core, srv_core_read_certificate(server.core, leaf.certificate,
                                                   strlen(leaf.certificate), &revoked));
  assert_ok(server.core, srv_core_revoke(server.core, &revoked));
  assert_true(is_over(one));
  assert_false(is_over(two));
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  assert_ok(server.core, srv_core_unrevoke(server.core, P, revoked.id));
  dtls_client_destroy(one);
  one = come_in(&leaf);
  dtls_client_destroy(two);
  dtls_client_destroy(one);
  server_down();
}

/* The DER of a certificate with s of its ECDSA signature (r, s) exchanged for
 * n - s: right as well, made without any key, and of another fingerprint. */
static void twist(struct pki_certificate *certificate) {
  mbedtls_ecp_group group;
  mbedtls_mpi r, s;
  uint8_t buffer[sizeof certificate->der], *p = certificate->der, *at = buffer + sizeof buffer;
  size_t length, written;
  mbedtls_ecp_group_init(&group);
  mbedtls_mpi_init(&r), mbedtls_mpi_init(&s);
  assert_int_equal(0, mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1));
  assert_int_equal(0, mbedtls_asn1_get_tag(&p, certificate->der + certificate->der_size, &length,
                                           MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
  uint8_t *body = p, *end = certificate->der + certificate->der_size;
  for (int i = 0; i < 2; i++) { /* what is signed, and with which algorithm */
    assert_int_equal(0, mbedtls_asn1_get_tag(&p, end, &length,
                                             MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
    p += length;
  }
  size_t body_size = (size_t)(p - body);
  assert_int_equal(0, mbedtls_asn1_get_bitstring_null(&p, end, &length));
  assert_int_equal(
      0, mbedtls_asn1_get_tag(&p, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
  assert_int_equal(0, mbedtls_asn1_get_mpi(&p, end, &r));
  assert_int_equal(0, mbedtls_asn1_get_mpi(&p, end, &s));
  assert_int_equal(0, mbedtls_mpi_sub_mpi(&s, &group.N, &s));
  int size = mbedtls_asn1_write_mpi(&at, buffer, &s);
  size += mbedtls_asn1_write_mpi(&at, buffer, &r);
  size += mbedtls_asn1_write_len(&at, buffer, (size_t)size);
  size += mbedtls_asn1_write_tag(&at, buffer, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
  *--at = 0; /* no unused bits */
  size += 1 + mbedtls_asn1_write_len(&at, buffer, (size_t)size + 1);
  size += mbedtls_asn1_write_tag(&at, buffer, MBEDTLS_ASN1_BIT_STRING);
  at -= body_size;
  memcpy(at, body, body_size);
  size += (int)body_size;
  size += mbedtls_asn1_write_len(&at, buffer, (size_t)size);
  size += mbedtls_asn1_write_tag(&at, buffer, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
  certificate->der_size = (size_t)size;
  memcpy(certificate->der, at, (size_t)size);
  assert_int_equal(
      0, mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                  at, (size_t)size, (uint8_t *)certificate->certificate,
                                  sizeof certificate->certificate, &written));
  mbedtls_mpi_free(&r), mbedtls_mpi_free(&s);
  mbedtls_ecp_group_free(&group);
}

TEST(a_revoked_certificate_stays_so_when_its_signature_is_written_in_another_way) {
  static struct pki_certificate twin;
  struct srv_revoked_certificate revoked = {.project_id = P}, facts = {.project_id = P};
  unsigned count = 0;
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  twin = leaf;
  twist(&twin);
  struct dtls_client *client = come_in(&twin); /* it is as good as the other */
  assert_ok(server.core, srv_core_read_certificate(server.core, leaf.der, leaf.der_size, &revoked));
  assert_ok(server.core, srv_core_revoke(server.core, &revoked));
  assert_true(is_over(client));
  dtls_client_destroy(client);
  assert_refused(&twin, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);

  leaf_of("CN=d,O=default");
  twin = leaf;
  twist(&twin);
  dtls_client_destroy(come_in(&leaf));
  assert_ok(server.core, srv_core_revoke_device(server.core, P, "d", &count));
  assert_refused(&twin, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);

  leaf_of("CN=d,O=default");
  twin = leaf;
  twist(&twin);
  dtls_client_destroy(come_in(&leaf));
  assert_ok(server.core, srv_core_read_certificate(server.core, leaf.der, leaf.der_size, &facts));
  memset(&revoked, 0, sizeof revoked);
  strcpy(revoked.project_id, P);
  strcpy(revoked.fingerprint, facts.fingerprint); /* of one that is known */
  assert_ok(server.core, srv_core_revoke(server.core, &revoked));
  assert_refused(&twin, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  server_down();
}

TEST(the_file_makes_good_what_the_fingerprint_alone_could_not) {
  static struct pki_certificate twin;
  struct srv_revoked_certificate facts = {.project_id = P}, revoked = {.project_id = P};
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  twin = leaf;
  twist(&twin);
  assert_ok(server.core, srv_core_read_certificate(server.core, leaf.der, leaf.der_size, &facts));
  strcpy(revoked.fingerprint, facts.fingerprint);
  assert_ok(server.core, srv_core_revoke(server.core, &revoked));
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  struct dtls_client *client = come_in(&twin); /* of which nobody knows */
  assert_ok(server.core, srv_core_revoke(server.core, &facts));
  assert_string_equal(revoked.id, facts.id);
  assert_true(is_over(client));
  assert_refused(&twin, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  assert_int_equal(SRV_ERR_EXISTS, srv_core_revoke(server.core, &facts));
  dtls_client_destroy(client);
  server_down();
}

TEST(a_serial_number_revokes_and_so_does_the_device) {
  struct srv_revoked_certificate revoked = {.project_id = P}, facts = {.project_id = P};
  unsigned count = 0;
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  assert_ok(server.core, srv_core_read_certificate(server.core, leaf.der, leaf.der_size, &facts));
  memcpy(revoked.serial_number, facts.serial_number, sizeof revoked.serial_number);
  assert_ok(server.core, srv_core_revoke(server.core, &revoked)); /* before it was ever seen */
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  leaf_of("CN=d,O=default");
  struct dtls_client *client = come_in(&leaf);
  assert_ok(server.core, srv_core_revoke_device(server.core, P, "d", &count));
  assert_int_equal(1, count);
  assert_true(is_over(client));
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED);
  dtls_client_destroy(client);
  server_down();
}

TEST(deleting_a_ca_ends_the_sessions_that_hang_on_it_and_no_others) {
  static struct pki_certificate other, other_leaf;
  server_up();
  make_device(&server, "d", NULL, NULL);
  make_device(&server, "e", NULL, NULL);
  pki_make(&other, (struct pki_wish){.subject = "CN=other", .is_ca = true});
  trust(P, &other, SRV_CERTIFICATE_ROOT);
  leaf_of("CN=d,O=default");
  pki_make(&other_leaf, (struct pki_wish){.subject = "CN=e,O=default", .issuer = &other});
  struct dtls_client *one = come_in(&leaf), *two = come_in(&other_leaf);
  assert_ok(server.core, srv_core_delete_ca(server.core, P, root_row.id));
  assert_true(is_over(one));
  assert_false(is_over(two));
  assert_refused(&leaf, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
  dtls_client_destroy(two);
  dtls_client_destroy(one);
  server_down();
}

/* A session may outlive its certificate; it must not outlive what is withdrawn. */
TEST(a_session_whose_certificate_has_expired_meanwhile_still_ends_with_its_ca) {
  static struct pki_certificate brief;
  server_up();
  make_device(&server, "d", NULL, NULL);
  pki_make(&brief,
           (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root, .to_s = PKI_NOW_S + 60});
  struct dtls_client *one = come_in(&brief);
  server.now_us += INT64_C(120) * 1000000;
  leaf_of("CN=d,O=default");
  struct dtls_client *two = come_in(&leaf); /* makes room for its row */
  assert_false(is_over(one));
  assert_ok(server.core, srv_core_delete_ca(server.core, P, root_row.id));
  assert_true(is_over(two));
  assert_true(is_over(one));
  dtls_client_destroy(two);
  dtls_client_destroy(one);
  server_down();
}

/* Revoking goes by what is stored. */
TEST(a_session_whose_certificate_could_not_be_stored_ends_at_once) {
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  core_fixture_fill_disk(&server, true);
  struct dtls_client *client = client_of(&leaf);
  client_shake(f, client); /* to its end: the last flight is out before the commit */
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).sessions);
  dtls_client_destroy(client);
  core_fixture_fill_disk(&server, false);
  dtls_client_destroy(come_in(&leaf));
  server_down();
}

/* ---- two keys at once ---- */

static struct srv_credential give_psk(const struct srv_device *device, const char *identity) {
  struct srv_credential credential = {.project_id = P, .key_size = 6};
  strcpy(credential.device_id, device->id);
  snprintf(credential.identity, sizeof credential.identity, "%s", identity);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  return credential;
}

static struct dtls_client *psk_in(const char *identity) {
  return client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                       .identity = identity,
                                                       .psk = "secret",
                                                       .now_ms = &f->now_ms});
}

static int64_t last_used(const char *id) {
  struct srv_credential row;
  assert_ok(server.core, srv_core_find(server.core, SRV_CREDENTIAL, P, id, &row));
  return row.last_used_us;
}

TEST(a_psk_is_rotated_without_losing_the_device) {
  server_up();
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  struct srv_credential old = give_psk(&device, "old@default");
  struct dtls_client *one = psk_in("old@default");
  struct srv_credential new = give_psk(&device, "new@default");
  assert_false(is_over(one)); /* adding one ends nothing */
  server.now_us += 6000000;
  srv_core_tick(server.core);
  assert_true(last_used(old.id) > 0);
  assert_int_equal(0, last_used(new.id)); /* the device has not moved yet */
  struct dtls_client *two = psk_in("new@default");
  server.now_us += 6000000;
  srv_core_tick(server.core);
  assert_true(last_used(new.id) > last_used(old.id));
  assert_ok(server.core, srv_core_delete_credential(server.core, P, device.id, old.id));
  assert_true(is_over(one));
  assert_false(is_over(two));
  dtls_client_destroy(two);
  dtls_client_destroy(one);
  server_down();
}

TEST(when_a_certificate_was_used_is_kept_and_survives_a_restart) {
  struct srv_query query = {0};
  struct srv_device_certificate row;
  server_up();
  make_device(&server, "d", NULL, NULL);
  leaf_of("CN=d,O=default");
  dtls_client_destroy(come_in(&leaf));
  srv_gateway_destroy(f->gateway);
  core_fixture_restart(&server);
  assert_int_equal(SRV_OK, server.folder.store->ops->get(server.folder.store,
                                                         SRV_DEVICE_CERTIFICATE, &query, &row));
  assert_true(row.last_used_us == server.now_us);
  assert_false(row.issued);
  core_fixture_end(&server);
}
