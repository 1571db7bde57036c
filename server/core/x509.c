/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/x509.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>

/* One attribute of the subject into out; *count says how often it is there. */
static const char *read_attribute(const mbedtls_x509_name *subject, const char *oid,
                                  size_t oid_size, char out[SRV_NAME_MAX + 1], unsigned *count) {
  for (const mbedtls_x509_name *name = subject; name != NULL; name = name->next) {
    if (name->oid.len != oid_size || memcmp(name->oid.p, oid, oid_size) != 0) continue;
    if (++*count > 1) return "it stands twice in the subject";
    if (name->val.len == 0) return "it is empty";
    if (name->val.len > SRV_NAME_MAX) return "it is longer than 64 bytes";
    for (size_t i = 0; i < name->val.len; i++)
      if (name->val.p[i] < 0x20 || name->val.p[i] == 0x7f) return "it holds a control character";
    memcpy(out, name->val.p, name->val.len);
    out[name->val.len] = '\0';
  }
  return NULL;
}

const char *srv_x509_subject(const mbedtls_x509_name *subject, bool project_optional,
                             char project[SRV_NAME_MAX + 1], char id[SRV_NAME_MAX + 1]) {
  unsigned projects = 0, ids = 0;
  project[0] = id[0] = '\0';
  if (read_attribute(subject, MBEDTLS_OID_AT_ORGANIZATION,
                     MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_ORGANIZATION), project, &projects) != NULL)
    return "its O is empty, there twice, longer than 64 bytes or no text";
  if (projects == 0 && !project_optional) return "its subject has no O, which names the project";
  if (read_attribute(subject, MBEDTLS_OID_AT_CN, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_CN), id, &ids) !=
      NULL)
    return "its CN is empty, there twice, longer than 64 bytes or no text";
  return ids == 0 ? "its subject has no CN, which names the device" : NULL;
}

void srv_x509_fingerprint(const mbedtls_x509_crt *certificate, uint8_t out[GW_DIGEST_SIZE]) {
  mbedtls_sha256(certificate->raw.p, certificate->raw.len, out, 0);
}

void srv_x509_signed_digest(const mbedtls_x509_crt *certificate, uint8_t out[GW_DIGEST_SIZE]) {
  mbedtls_sha256(certificate->tbs.p, certificate->tbs.len, out, 0);
}

void srv_x509_serial(const mbedtls_x509_crt *certificate, char out[SRV_SERIAL_MAX + 1]) {
  const mbedtls_x509_buf *serial = &certificate->serial;
  char hex[2 * 64 + 1] = "0";
  size_t size = serial->len < 64 ? serial->len : 64;
  for (size_t i = 0; i < size; i++) snprintf(hex + 2 * i, 3, "%02x", serial->p[i]);
  const char *first = hex + strspn(hex, "0");
  snprintf(out, SRV_SERIAL_MAX + 1, "%.*s", SRV_SERIAL_MAX, *first == '\0' ? "0" : first);
}

/* Hex digits with ':' between them into out; their number, -1 for other text. */
static int hex_digits(const char *text, char *out, size_t max) {
  size_t length = 0;
  for (; *text != '\0'; text++) {
    if (*text == ':' || *text == ' ') continue;
    if (!isxdigit((unsigned char)*text) || length == max) return -1;
    out[length++] = (char)tolower((unsigned char)*text);
  }
  out[length] = '\0';
  return (int)length;
}

bool srv_x509_serial_parse(const char *text, char out[SRV_SERIAL_MAX + 1]) {
  char digits[2 * SRV_SERIAL_MAX + 1];
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text += 2;
  if (hex_digits(text, digits, 2 * SRV_SERIAL_MAX) <= 0) return false;
  const char *first = digits + strspn(digits, "0");
  if (strlen(first) > SRV_SERIAL_MAX) return false;
  snprintf(out, SRV_SERIAL_MAX + 1, "%s", *first == '\0' ? "0" : first);
  return true;
}

bool srv_x509_fingerprint_parse(const char *text, char out[GW_DIGEST_HEX_SIZE + 1]) {
  return hex_digits(text, out, GW_DIGEST_HEX_SIZE) == (int)GW_DIGEST_HEX_SIZE;
}

int64_t srv_x509_time_us(const mbedtls_x509_time *time) {
  struct tm utc = {.tm_year = time->year - 1900,
                   .tm_mon = time->mon - 1,
                   .tm_mday = time->day,
                   .tm_hour = time->hour,
                   .tm_min = time->min,
                   .tm_sec = time->sec};
  return (int64_t)timegm(&utc) * 1000000;
}

const char *srv_x509_read_peer(const mbedtls_x509_crt *certificate,
                               struct srv_peer_certificate *out) {
  memset(out, 0, sizeof(*out));
  const char *problem =
      srv_x509_subject(&certificate->subject, false, out->project_id, out->certificate_id);
  if (problem != NULL) return problem;
  srv_x509_serial(certificate, out->serial_number);
  srv_x509_fingerprint(certificate, out->fingerprint);
  srv_x509_signed_digest(certificate, out->signed_digest);
  out->not_before_us = srv_x509_time_us(&certificate->valid_from);
  out->not_after_us = srv_x509_time_us(&certificate->valid_to);
  return NULL;
}
