/* SPDX-License-Identifier: Apache-2.0 */
/* A project's CAs, what is revoked, and the certificates that its devices have.
 * A certificate travels as base64 of PEM (or of DER), the original's shape. */
#include <mbedtls/base64.h>
#include <mbedtls/pem.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/pki.h"
#include "server/rest/internal.h"

#define FILE_MAX 16384 /* decoded: one certificate in PEM, comments around it */

/* --- to JSON ------------------------------------------------------------------------- */

static json_t *encode_hex(const uint8_t digest[GW_DIGEST_SIZE]) {
  char hex[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(digest, hex);
  return json_string(hex);
}

/* base64 of PEM; null when there is nothing to show. */
static json_t *encode_file(const uint8_t *der, size_t size) {
  unsigned char pem[2 * SRV_CERTIFICATE_MAX], text[3 * SRV_CERTIFICATE_MAX];
  size_t length;
  if (size == 0 ||
      mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", der,
                               size, pem, sizeof(pem), &length) != 0)
    return json_null();
  if (mbedtls_base64_encode(text, sizeof(text), &length, pem, strlen((char *)pem)) != 0)
    return json_null();
  return json_stringn((char *)text, length);
}

static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}

json_t *srv_encode_certificate(const void *row) {
  const struct srv_certificate *certificate = row;
  json_t *object = json_object();
  set(object, "id", json_string(certificate->id));
  set(object, "certType",
      json_string(certificate->type == SRV_CERTIFICATE_ROOT ? "root" : "intermediate"));
  set(object, "subject", srv_encode_text(certificate->subject));
  set(object, "serialNumber", json_string(certificate->serial_number));
  set(object, "fingerprint", encode_hex(certificate->fingerprint));
  set(object, "notBefore", srv_encode_time(certificate->not_before_us));
  set(object, "notAfter", srv_encode_time(certificate->not_after_us));
  set(object, "enabled", json_true()); /* what is not, is not kept */
  set(object, "canSign", json_boolean(certificate->key_size > 0));
  set(object, "certFile", encode_file(certificate->der, certificate->der_size));
  set(object, "createdAt", srv_encode_time(certificate->created_us));
  return object;
}

json_t *srv_encode_device_certificate(const void *row) {
  const struct srv_device_certificate *certificate = row;
  json_t *object = json_object();
  set(object, "id", json_string(certificate->id));
  set(object, "deviceId", json_string(certificate->device_id));
  set(object, "serialNumber", json_string(certificate->serial_number));
  set(object, "fingerprint", encode_hex(certificate->fingerprint));
  set(object, "caFingerprint", encode_hex(certificate->ca_fingerprint));
  set(object, "issued", json_boolean(certificate->issued));
  set(object, "notBefore", srv_encode_time(certificate->not_before_us));
  set(object, "notAfter", srv_encode_time(certificate->not_after_us));
  set(object, "createdAt", srv_encode_time(certificate->created_us));
  set(object, "lastUsed", srv_encode_time(certificate->last_used_us));
  return object;
}

json_t *srv_encode_revoked_certificate(const void *row) {
  const struct srv_revoked_certificate *revoked = row;
  json_t *object = json_object();
  set(object, "id", json_string(revoked->id));
  set(object, "serialNumber", json_string(revoked->serial_number));
  set(object, "fingerprint", json_string(revoked->fingerprint));
  set(object, "createdAt", srv_encode_time(revoked->created_us));
  return object;
}

/* --- from JSON ------------------------------------------------------------------------ */

/* certFile, decoded, into malloc'd memory; *data NULL when it is absent. */
static int read_file(struct srv_request *request, uint8_t **data, size_t *size) {
  const char *text = json_string_value(json_object_get(request->body, "certFile"));
  *data = NULL;
  if (text == NULL || text[0] == 0) return SRV_OK;
  size_t length = strlen(text);
  if (length > 2 * FILE_MAX)
    return srv_request_fail(request, SRV_ERR_TOO_LARGE, "certFile: a certificate is no such size");
  *data = malloc(length);
  if (*data == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  if (srv_base64_decode(text, length, *data, size) == SRV_OK) return SRV_OK;
  free(*data);
  *data = NULL;
  return srv_request_fail(request, SRV_ERR_INVALID,
                          "certFile: it is base64 of a certificate in PEM or DER");
}

static int read_type(struct srv_request *request, uint8_t *type) {
  char text[32] = "";
  int status = srv_body_text(request, "certType", text, sizeof(text));
  if (status != SRV_OK) return status;
  *type = SRV_CERTIFICATE_ROOT;
  if (strcmp(text, "intermediate") == 0)
    *type = SRV_CERTIFICATE_INTERMEDIATE;
  else if (text[0] != 0 && strcmp(text, "root") != 0)
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "certType: it is \"root\" or \"intermediate\"");
  return SRV_OK;
}

int srv_body_number(struct srv_request *request, const char *name, uint32_t *out) {
  const json_t *value = json_object_get(request->body, name);
  if (value == NULL) return SRV_OK;
  if (!json_is_integer(value) || json_integer_value(value) < 0 ||
      json_integer_value(value) > UINT32_MAX / 2)
    return srv_request_fail(request, SRV_ERR_INVALID, "%s: it is a whole number, not below 0",
                            name);
  *out = (uint32_t)json_integer_value(value);
  return SRV_OK;
}

/* --- CAs ---------------------------------------------------------------------------------- */

int srv_list_certificates(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_certificate, NULL);
}

static int answer_certificate(struct srv_request *request,
                              const struct srv_certificate *certificate) {
  json_t *data = srv_encode_certificate(certificate);
  if (certificate->not_after_us <= srv_core_now_us(request->core))
    set(data, "warning",
        json_string("the certificate has expired: devices that it signed are "
                    "not let in"));
  return srv_answer_data(request, data);
}

int srv_create_certificate(struct srv_request *request) {
  struct srv_certificate certificate = {0};
  uint8_t *data;
  size_t size = 0;
  int status = read_file(request, &data, &size);
  if (status == SRV_OK && data == NULL)
    status = srv_request_fail(request, SRV_ERR_INVALID, "certFile: is missing");
  if (status == SRV_OK) status = read_type(request, &certificate.type);
  if (status == SRV_OK) {
    memcpy(certificate.project_id, request->project.id, sizeof(certificate.project_id));
    status =
        srv_request_fail_core(request, srv_core_add_ca(request->core, &certificate, data, size));
  }
  free(data);
  return status == SRV_OK ? answer_certificate(request, &certificate) : status;
}

int srv_get_certificate(struct srv_request *request) {
  struct srv_certificate certificate;
  int status = srv_find_of_path(request, SRV_CERTIFICATE, "certificate", &certificate);
  explicit_bzero(certificate.key, sizeof(certificate.key));
  return status == SRV_OK ? answer_certificate(request, &certificate) : status;
}

int srv_delete_certificate(struct srv_request *request) {
  int status = srv_core_delete_ca(request->core, request->project.id,
                                  srv_path_argument(request, "certificate"));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

int srv_create_ca(struct srv_request *request) {
  struct srv_certificate certificate;
  char name[SRV_NAME_MAX + 1] = "";
  uint32_t days = 0;
  int status = srv_body_text(request, "name", name, sizeof(name));
  if (status == SRV_OK) status = srv_body_number(request, "days", &days);
  if (status != SRV_OK) return status;
  status = srv_core_create_ca(request->core, request->project.id, name, days, &certificate);
  return status == SRV_OK ? answer_certificate(request, &certificate)
                          : srv_request_fail_core(request, status);
}

/* --- revocation ------------------------------------------------------------------------------ */

int srv_list_revoked_certificates(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_revoked_certificate, NULL);
}

/* One of the three says which certificate; texts in any usual notation. */
static int read_revoked(struct srv_request *request, struct srv_revoked_certificate *revoked) {
  uint8_t *data;
  size_t size = 0;
  char fingerprint[2 * GW_DIGEST_HEX_SIZE + 1] = "", serial[2 * SRV_SERIAL_MAX + 1] = "";
  int status = srv_body_text(request, "serialNumber", serial, sizeof(serial));
  if (status == SRV_OK)
    status = srv_body_text(request, "fingerprint", fingerprint, sizeof(fingerprint));
  if (status == SRV_OK) status = read_file(request, &data, &size);
  if (status != SRV_OK) return status;
  if (data != NULL) {
    status = srv_request_fail_core(request,
                                   srv_core_read_certificate(request->core, data, size, revoked));
    free(data);
    return status;
  }
  if (serial[0] != 0 && !srv_x509_serial_parse(serial, revoked->serial_number))
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "serialNumber: it is hex of at most 20 bytes");
  if (fingerprint[0] != 0 && !srv_x509_fingerprint_parse(fingerprint, revoked->fingerprint))
    return srv_request_fail(request, SRV_ERR_INVALID, "fingerprint: it is SHA-256, 64 hex digits");
  return SRV_OK;
}

int srv_create_revoked_certificate(struct srv_request *request) {
  struct srv_revoked_certificate revoked = {0};
  int status = read_revoked(request, &revoked);
  if (status != SRV_OK) return status;
  memcpy(revoked.project_id, request->project.id, sizeof(revoked.project_id));
  status = srv_core_revoke(request->core, &revoked);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_revoked_certificate(&revoked));
}

int srv_delete_revoked_certificate(struct srv_request *request) {
  int status = srv_core_unrevoke(request->core, request->project.id,
                                 srv_path_argument(request, "certificate"));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- a device's --------------------------------------------------------------------------------
 */

int srv_list_device_certificates(struct srv_request *request) {
  struct srv_device device;
  struct srv_query query = {0};
  int status = srv_core_find(request->core, SRV_DEVICE, request->project.id,
                             srv_path_argument(request, "device"), &device);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  return srv_answer_list(request, &query, srv_encode_device_certificate, NULL);
}

int srv_revoke_device_certificates(struct srv_request *request) {
  unsigned count = 0;
  int status = srv_core_revoke_device(request->core, request->project.id,
                                      srv_path_argument(request, "device"), &count);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, json_pack("{s:i}", "revoked", (int)count));
}
