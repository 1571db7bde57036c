/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys and certificates. */
#include "server/core/x509.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>

#include "server/core/status.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define IDENTITY_DAYS 3650
#define SERIAL_BYTES 16
#define SUBJECT_TEXT_MAX 512 /* "CN=\61\62...,O=..." */

int srv_x509_random(void *context, unsigned char *out, size_t size) {
  (void)context;
  return getrandom(out, size, 0) == (ssize_t)size ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static char *append_escaped(char *out, const char *text) {
  for (; *text != 0; text++) out += sprintf(out, "\\%02X", (unsigned char)*text);
  return out;
}

/* "CN=\61...,O=\70...": every byte escaped, so that no character is syntax. */
static void subject_text(char out[SUBJECT_TEXT_MAX], const char *project, const char *id) {
  char *end = out + sprintf(out, "CN=");
  end = append_escaped(end, id);
  if (project[0] == 0) return;
  end += sprintf(end, ",O=");
  append_escaped(end, project);
}

static void time_text(char out[16], int64_t time_us) {
  struct tm utc;
  time_t seconds = (time_t)(time_us / 1000000);
  gmtime_r(&seconds, &utc);
  strftime(out, 16, "%Y%m%d%H%M%S", &utc);
}

static int set_usage(mbedtls_x509write_cert *writer, const struct srv_x509_issue *issue) {
  mbedtls_asn1_sequence usage = {0};
  int result = mbedtls_x509write_crt_set_basic_constraints(writer, issue->is_ca, 0);
  if (result == 0)
    result = mbedtls_x509write_crt_set_key_usage(
        writer, issue->is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                             : MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
  if (result != 0 || issue->is_ca) return result;
  const char *oid = issue->is_server ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
  usage.buf.tag = MBEDTLS_ASN1_OID;
  usage.buf.p = (unsigned char *)(uintptr_t)oid;
  usage.buf.len = strlen(oid);
  return mbedtls_x509write_crt_set_ext_key_usage(writer, &usage);
}

static int set_subjects(mbedtls_x509write_cert *writer, const struct srv_x509_issue *issue) {
  char subject[SUBJECT_TEXT_MAX], issuer[SUBJECT_TEXT_MAX];
  subject_text(subject, issue->project, issue->id);
  subject_text(issuer, issue->issuer_project, issue->issuer_id);
  int result = mbedtls_x509write_crt_set_subject_name(writer, subject);
  return result == 0 ? mbedtls_x509write_crt_set_issuer_name(writer, issuer) : result;
}

static int set_serial(mbedtls_x509write_cert *writer) {
  unsigned char serial[SERIAL_BYTES];
  int result = srv_x509_random(NULL, serial, sizeof(serial));
  serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and of full length */
  return result == 0 ? mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof(serial))
                     : result;
}

int srv_x509_write(const struct srv_x509_issue *issue, uint8_t out[SRV_X509_DER_ROOM]) {
  mbedtls_x509write_cert writer;
  char not_before[16], not_after[16];
  time_text(not_before, issue->not_before_us);
  time_text(not_after, issue->not_after_us);
  mbedtls_x509write_crt_init(&writer);
  mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&writer, issue->subject_key);
  mbedtls_x509write_crt_set_issuer_key(&writer, issue->issuer_key);
  int result = set_subjects(&writer, issue);
  if (result == 0) result = set_serial(&writer);
  if (result == 0) result = mbedtls_x509write_crt_set_validity(&writer, not_before, not_after);
  if (result == 0) result = set_usage(&writer, issue);
  if (result == 0 && issue->names != NULL)
    result = mbedtls_x509write_crt_set_subject_alternative_name(&writer, issue->names);
  if (result == 0)
    result = mbedtls_x509write_crt_der(&writer, out, SRV_X509_DER_ROOM, srv_x509_random, NULL);
  mbedtls_x509write_crt_free(&writer);
  if (result > 0) memmove(out, out + SRV_X509_DER_ROOM - result, (size_t)result);
  return result;
}

int srv_x509_make_key(mbedtls_pk_context *key) {
  int result = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (result != 0) return result;
  return mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), srv_x509_random, NULL);
}

/* --- the server's own identity
 * -------------------------------------------------------------------------- */

static mbedtls_x509_san_list dns_name(const char *name, const mbedtls_x509_san_list *next) {
  mbedtls_x509_san_list entry = {.next = (mbedtls_x509_san_list *)(uintptr_t)next};
  entry.node.type = MBEDTLS_X509_SAN_DNS_NAME;
  entry.node.san.unstructured_name.p = (unsigned char *)(uintptr_t)name;
  entry.node.san.unstructured_name.len = strlen(name);
  return entry;
}

static int write_identity(mbedtls_pk_context *key, uint8_t der[SRV_X509_DER_ROOM]) {
  char host[65] = "";
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  gethostname(host, sizeof(host) - 1);
  mbedtls_x509_san_list machine = dns_name(host, NULL),
                        local = dns_name("localhost", host[0] == 0 ? NULL : &machine),
                        godwit = dns_name("godwit", &local);
  struct srv_x509_issue issue = {
      .project = "",
      .id = "godwit",
      .issuer_project = "",
      .issuer_id = "godwit",
      .subject_key = key,
      .issuer_key = key,
      .not_before_us = (int64_t)now.tv_sec * 1000000 - DAY_US,
      .not_after_us = (int64_t)now.tv_sec * 1000000 + IDENTITY_DAYS * DAY_US,
      .is_server = true,
      .names = &godwit};
  return srv_x509_write(&issue, der);
}

int srv_x509_make_identity(char certificate[SRV_X509_PEM_MAX], char key[SRV_X509_PEM_MAX]) {
  mbedtls_pk_context pk;
  uint8_t der[SRV_X509_DER_ROOM];
  size_t written;
  mbedtls_pk_init(&pk);
  int result = srv_x509_make_key(&pk);
  if (result == 0) result = write_identity(&pk, der);
  if (result > 0)
    result = mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
                                      "-----END CERTIFICATE-----\n", der, (size_t)result,
                                      (unsigned char *)certificate, SRV_X509_PEM_MAX, &written);
  if (result == 0) result = mbedtls_pk_write_key_pem(&pk, (unsigned char *)key, SRV_X509_PEM_MAX);
  mbedtls_pk_free(&pk);
  return result == 0 ? SRV_OK : SRV_ERR_INTERNAL;
}
