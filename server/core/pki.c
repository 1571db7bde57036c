/* SPDX-License-Identifier: Apache-2.0 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* a CSR's signature, a CA's basicConstraints */
#include "server/core/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_csr.h>

#include "server/core/internal.h"
#include "server/core/log.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define HOUR_US (INT64_C(3600) * 1000000)
/* Devices' clocks are not ours: what we issue holds a little earlier. */
#define BACKDATE_US (INT64_C(300) * 1000000)
#define OWN_CA_DAYS 3650

int64_t srv_core_now_us(const struct srv_core *core) { return srv_now_us(core); }

/* --- rows --------------------------------------------------------------------- */

static struct srv_query by_text(const char *project_id, const char *column, const char *text) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  if (column != NULL) srv_query_text(&query, column, SRV_EQUALS, text);
  return query;
}

static int get(struct srv_core *core, enum srv_kind kind, const struct srv_query *query,
               void *row) {
  int status = core->store->ops->get(core->store, kind, query, row);
  return status == SRV_ERR_NOT_FOUND ? status : srv_fail_store(core, status);
}

static int remove_row(struct srv_core *core, enum srv_kind kind, const char *id) {
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  return srv_fail_store(core, core->store->ops->remove(core->store, kind, &query));
}

static int note_credential(struct srv_core *core, const struct srv_device_certificate *row) {
  return srv_note_credential(core, row->project_id, row->device_id, row->id);
}

struct noting {
  struct srv_core *core;
  int status;
  unsigned count;
};

static void note_row(void *context, const void *row) {
  struct noting *noting = context;
  noting->count++;
  if (noting->status == SRV_OK) noting->status = note_credential(noting->core, row);
}

/* Ends the sessions of all device certificates that fit, once committed. */
static int note_all(struct srv_core *core, const struct srv_query *query) {
  struct noting noting = {.core = core};
  int status = srv_core_list(core, SRV_DEVICE_CERTIFICATE, query, note_row, &noting, NULL);
  return status == SRV_OK ? noting.status : status;
}

/* --- parsing ---------------------------------------------------------------------- */

static bool is_usable_key(const mbedtls_pk_context *key) {
  if (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA)) return false;
  mbedtls_ecp_group_id group = mbedtls_pk_ec(*key)->grp.id;
  return group == MBEDTLS_ECP_DP_SECP256R1 || group == MBEDTLS_ECP_DP_SECP384R1;
}

/* PEM where it begins like that, else DER. *out is to be freed in any case. */
static int parse_certificate(struct srv_core *core, const void *data, size_t size,
                             mbedtls_x509_crt *out) {
  static const char begin[] = "-----BEGIN";
  int result;
  mbedtls_x509_crt_init(out);
  if (size > 64u * 1024) return srv_fail(core, SRV_ERR_TOO_LARGE, "a certificate is no such size");
  char *text = malloc(size + 1);
  if (text == NULL) return srv_fail_memory(core);
  memcpy(text, data, size);
  text[size] = '\0';
  if (memmem(text, size, begin, sizeof(begin) - 1) != NULL)
    result = mbedtls_x509_crt_parse(out, (unsigned char *)text, size + 1);
  else
    result = mbedtls_x509_crt_parse_der(out, (unsigned char *)text, size);
  free(text);
  if (result == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || result == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG ||
      result == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the certificate's key or signature is of a kind that is not taken; use EC "
                    "P-256 or P-384 with SHA-256 or SHA-384");
  if (result != 0)
    return srv_fail(core, SRV_ERR_INVALID, "this is no X.509 certificate in PEM or DER (-0x%04x)",
                    (unsigned)-result);
  if (out->raw.len > SRV_CERTIFICATE_MAX)
    return srv_fail(core, SRV_ERR_TOO_LARGE, "the certificate has %zu bytes, at most %d are taken",
                    out->raw.len, SRV_CERTIFICATE_MAX);
  if (!is_usable_key(&out->pk))
    return srv_fail(core, SRV_ERR_INVALID, "the certificate's key must be EC, P-256 or P-384");
  return SRV_OK;
}

/* --- who is let in -------------------------------------------------------------------- */

struct ca_visit {
  void (*visit)(void *context, const uint8_t *der, size_t size);
  void *context;
};

static void show_ca(void *context, const void *row) {
  const struct ca_visit *visit = context;
  const struct srv_certificate *certificate = row;
  visit->visit(visit->context, certificate->der, certificate->der_size);
}

void srv_core_each_ca(struct srv_core *core, const char *project_id,
                      void (*visit)(void *context, const uint8_t *der, size_t size),
                      void *context) {
  struct ca_visit caller = {visit, context};
  struct srv_query query = by_text(project_id, NULL, NULL);
  query.newest_first = true;
  query.limit = SRV_CAS_PER_PROJECT;
  srv_core_list(core, SRV_CERTIFICATE, &query, show_ca, &caller, NULL);
}

static bool is_set(const uint8_t digest[GW_DIGEST_SIZE]) {
  static const uint8_t zeros[GW_DIGEST_SIZE];
  return memcmp(digest, zeros, GW_DIGEST_SIZE) != 0;
}

static struct srv_query by_digest(const char *project_id, const char *column,
                                  const uint8_t digest[GW_DIGEST_SIZE]) {
  struct srv_query query = by_text(project_id, NULL, NULL);
  srv_query_digest(&query, column, digest);
  return query;
}

/* What is known of it, as if it had come in; without the subject. */
static void peer_of_row(const struct srv_device_certificate *row,
                        struct srv_peer_certificate *peer) {
  memset(peer, 0, sizeof(*peer));
  memcpy(peer->project_id, row->project_id, sizeof(peer->project_id));
  memcpy(peer->serial_number, row->serial_number, sizeof(peer->serial_number));
  memcpy(peer->fingerprint, row->fingerprint, GW_DIGEST_SIZE);
  memcpy(peer->signed_digest, row->signed_digest, GW_DIGEST_SIZE);
  memcpy(peer->ca_fingerprint, row->ca_fingerprint, GW_DIGEST_SIZE);
}

static int check_revoked(struct srv_core *core, const struct srv_peer_certificate *peer) {
  struct srv_revoked_certificate revoked;
  char hex[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(peer->fingerprint, hex);
  struct srv_query query = by_text(peer->project_id, "fingerprint", hex);
  int status = get(core, SRV_REVOKED_CERTIFICATE, &query, &revoked);
  if (status == SRV_ERR_NOT_FOUND && is_set(peer->signed_digest)) {
    query = by_digest(peer->project_id, "signed_digest", peer->signed_digest);
    status = get(core, SRV_REVOKED_CERTIFICATE, &query, &revoked);
  }
  if (status == SRV_ERR_NOT_FOUND) {
    query = by_text(peer->project_id, "serial_number", peer->serial_number);
    status = get(core, SRV_REVOKED_CERTIFICATE, &query, &revoked);
  }
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status != SRV_OK) return status;
  return srv_fail(core, SRV_ERR_REVOKED, "the certificate is revoked");
}

/* The device of that certificate id; else the one of that name that has none
 * yet. SRV_ERR_NOT_FOUND: neither. */
static int find_device(struct srv_core *core, const struct srv_peer_certificate *peer,
                       struct srv_device *device) {
  struct srv_query query = by_text(peer->project_id, "certificate_id", peer->certificate_id);
  int status = get(core, SRV_DEVICE, &query, device);
  if (status != SRV_ERR_NOT_FOUND) return status;
  query = by_text(peer->project_id, "name", peer->certificate_id);
  status = get(core, SRV_DEVICE, &query, device);
  if (status == SRV_OK && device->certificate_id[0] != 0) status = SRV_ERR_NOT_FOUND;
  return status;
}

static int check_provisioning(struct srv_core *core, const struct srv_peer_certificate *peer,
                              struct srv_project *project) {
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, peer->project_id);
  int status = get(core, SRV_PROJECT, &query, project);
  if (status == SRV_ERR_NOT_FOUND)
    return srv_fail(core, status, "there is no project \"%s\"", peer->project_id);
  if (status != SRV_OK) return status;
  if (!project->auto_provision)
    return srv_fail(core, SRV_ERR_NOT_FOUND,
                    "no device has the certificate id or the name \"%s\", and the project makes "
                    "none by itself (autoProvision is off)",
                    peer->certificate_id);
  if (project->auto_provision_count >= project->auto_provision_max)
    return srv_fail(core, SRV_ERR_NOT_FOUND,
                    "\"%s\" is new, and the project has made its %u devices (autoProvisionMax)",
                    peer->certificate_id, (unsigned)project->auto_provision_max);
  return srv_check_title(core, "device", peer->certificate_id) == SRV_OK ? SRV_OK
                                                                         : SRV_ERR_NOT_FOUND;
}

static int check_peer(struct srv_core *core, const struct srv_peer_certificate *peer,
                      struct srv_device *device, bool *found) {
  struct srv_project project;
  *found = false;
  int status = check_revoked(core, peer);
  if (status != SRV_OK) return status;
  status = find_device(core, peer, device);
  if (status == SRV_ERR_NOT_FOUND) return check_provisioning(core, peer, &project);
  if (status != SRV_OK) return status;
  *found = true;
  if (!device->enabled)
    return srv_fail(core, SRV_ERR_FORBIDDEN, "device \"%s\" is disabled", device->name);
  return SRV_OK;
}

int srv_core_check_certificate(struct srv_core *core, const struct srv_peer_certificate *peer) {
  struct srv_device device;
  bool found;
  return check_peer(core, peer, &device, &found);
}

/* --- letting it in --------------------------------------------------------------------- */

static int count_provisioned(struct srv_core *core, struct srv_project *project) {
  project->auto_provision_count++;
  return srv_fail_store(core, core->store->ops->update(core->store, SRV_PROJECT, project));
}

/* NAME, or NAME-random where a device has that name already. */
static int make_device(struct srv_core *core, const struct srv_peer_certificate *peer,
                       struct srv_device *device) {
  uint8_t random[4];
  memset(device, 0, sizeof(*device));
  device->enabled = true;
  memcpy(device->project_id, peer->project_id, sizeof(device->project_id));
  memcpy(device->certificate_id, peer->certificate_id, sizeof(device->certificate_id));
  memcpy(device->name, peer->certificate_id, sizeof(device->name));
  int status = srv_core_create_device(core, device);
  if (status != SRV_ERR_EXISTS) return status;
  if (srv_x509_random(NULL, random, sizeof(random)) != 0) return SRV_ERR_INTERNAL;
  snprintf(device->name, sizeof(device->name), "%.55s-%02x%02x%02x%02x", peer->certificate_id,
           random[0], random[1], random[2], random[3]);
  return srv_core_create_device(core, device);
}

static int provision(struct srv_core *core, const struct srv_peer_certificate *peer,
                     struct srv_device *device) {
  struct srv_project project;
  int status = check_provisioning(core, peer, &project);
  if (status == SRV_OK) status = make_device(core, peer, device);
  if (status == SRV_OK) status = count_provisioned(core, &project);
  if (status == SRV_OK)
    srv_log(SRV_LOG_INFO, "core", "project %s: device \"%s\" made for its certificate, %u of %u",
            project.id, device->name, (unsigned)project.auto_provision_count,
            (unsigned)project.auto_provision_max);
  return status;
}

static int adopt(struct srv_core *core, const struct srv_peer_certificate *peer,
                 struct srv_device *device) {
  if (device->certificate_id[0] != 0) return SRV_OK;
  memcpy(device->certificate_id, peer->certificate_id, sizeof(device->certificate_id));
  device->updated_us = srv_now_us(core);
  return srv_fail_store(core, core->store->ops->update(core->store, SRV_DEVICE, device));
}

/* A session may outlive its certificate: while one may be open (use is noted each
 * minute), the row stays, for revoking to find it. */
static int remove_expired(struct srv_core *core, const char *device_id) {
  struct srv_query query = {0};
  int64_t now_us = srv_now_us(core);
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_number(&query, "not_after_us", SRV_AT_MOST, now_us);
  srv_query_number(&query, "created_us", SRV_AT_MOST, now_us - HOUR_US);
  srv_query_number(&query, "last_used_us", SRV_AT_MOST, now_us - HOUR_US);
  int status = core->store->ops->remove(core->store, SRV_DEVICE_CERTIFICATE, &query);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

/* The oldest that came from elsewhere goes, and its session. What was issued here
 * and still holds stays known, so that revoking a device's certificates leaves
 * out none: there are at most so many of those. */
static int remove_oldest_foreign(struct srv_core *core, const char *device_id) {
  struct srv_query query = {0};
  struct srv_device_certificate oldest;
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_number(&query, "issued", SRV_EQUALS, 0);
  int status = get(core, SRV_DEVICE_CERTIFICATE, &query, &oldest);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status == SRV_OK) status = remove_row(core, SRV_DEVICE_CERTIFICATE, oldest.id);
  return status == SRV_OK ? note_credential(core, &oldest) : status;
}

struct revoked_search {
  struct srv_core *core;
  int status;
  size_t count;
  char id[SRV_DEVICE_CERTIFICATES_MAX][SRV_ID_LENGTH + 1];
};

static void gather_revoked(void *context, const void *row) {
  struct revoked_search *search = context;
  const struct srv_device_certificate *certificate = row;
  struct srv_peer_certificate peer;
  if (search->status != SRV_OK || search->count == SRV_DEVICE_CERTIFICATES_MAX) return;
  peer_of_row(certificate, &peer);
  int status = check_revoked(search->core, &peer);
  if (status == SRV_ERR_REVOKED)
    memcpy(search->id[search->count++], certificate->id, SRV_ID_LENGTH + 1);
  else
    search->status = status;
}

/* Their sessions have ended, and the revocation stands elsewhere. */
static int remove_revoked(struct srv_core *core, const struct srv_query *of_device) {
  struct revoked_search search = {.core = core};
  int status =
      srv_core_list(core, SRV_DEVICE_CERTIFICATE, of_device, gather_revoked, &search, NULL);
  if (status == SRV_OK) status = search.status;
  for (size_t i = 0; i < search.count && status == SRV_OK; i++)
    status = remove_row(core, SRV_DEVICE_CERTIFICATE, search.id[i]);
  return status;
}

static int make_room(struct srv_core *core, const struct srv_device_certificate *row) {
  struct srv_query query = {0};
  uint64_t count = 0;
  int status = remove_expired(core, row->device_id);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, row->device_id);
  srv_query_number(&query, "not_after_us", SRV_AT_LEAST, srv_now_us(core) + 1);
  if (row->issued) srv_query_number(&query, "issued", SRV_EQUALS, 1);
  status = srv_core_list(core, SRV_DEVICE_CERTIFICATE, &query, NULL, NULL, &count);
  if (status != SRV_OK || count < SRV_DEVICE_CERTIFICATES_MAX) return status;
  if (!row->issued) return remove_oldest_foreign(core, row->device_id);
  status = remove_revoked(core, &query);
  if (status == SRV_OK)
    status = srv_core_list(core, SRV_DEVICE_CERTIFICATE, &query, NULL, NULL, &count);
  if (status != SRV_OK || count < SRV_DEVICE_CERTIFICATES_MAX) return status;
  return srv_fail(core, SRV_ERR_BUSY,
                  "the device has %u certificates that still hold: revoke or wait",
                  SRV_DEVICE_CERTIFICATES_MAX);
}

static int insert_certificate(struct srv_core *core, struct srv_device_certificate *row) {
  int status = make_room(core, row);
  if (status != SRV_OK) return status;
  srv_make_id(core, row->id);
  row->created_us = srv_now_us(core);
  return srv_fail_store(core, core->store->ops->insert(core->store, SRV_DEVICE_CERTIFICATE, row));
}

/* The row of the certificate, made when it is the first time. */
static int remember(struct srv_core *core, const struct srv_peer_certificate *peer,
                    const struct srv_device *device, struct srv_device_certificate *row) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, peer->project_id);
  srv_query_digest(&query, "fingerprint", peer->fingerprint);
  int status = get(core, SRV_DEVICE_CERTIFICATE, &query, row);
  if (status == SRV_OK) {
    if (memcmp(row->ca_fingerprint, peer->ca_fingerprint, GW_DIGEST_SIZE) == 0 &&
        memcmp(row->signed_digest, peer->signed_digest, GW_DIGEST_SIZE) == 0 &&
        strcmp(row->device_id, device->id) == 0)
      return SRV_OK;
    memcpy(row->signed_digest, peer->signed_digest, GW_DIGEST_SIZE);
    memcpy(row->ca_fingerprint, peer->ca_fingerprint, GW_DIGEST_SIZE);
    memcpy(row->device_id, device->id, sizeof(row->device_id));
    return srv_fail_store(core, core->store->ops->update(core->store, SRV_DEVICE_CERTIFICATE, row));
  }
  if (status != SRV_ERR_NOT_FOUND) return status;
  memset(row, 0, sizeof(*row));
  memcpy(row->project_id, peer->project_id, sizeof(row->project_id));
  memcpy(row->device_id, device->id, sizeof(row->device_id));
  memcpy(row->fingerprint, peer->fingerprint, GW_DIGEST_SIZE);
  memcpy(row->signed_digest, peer->signed_digest, GW_DIGEST_SIZE);
  memcpy(row->ca_fingerprint, peer->ca_fingerprint, GW_DIGEST_SIZE);
  memcpy(row->serial_number, peer->serial_number, sizeof(row->serial_number));
  row->not_before_us = peer->not_before_us;
  row->not_after_us = peer->not_after_us;
  return insert_certificate(core, row);
}

/* It may have been deleted since the chain was looked at. */
static int check_ca_is_there(struct srv_core *core, const struct srv_peer_certificate *peer) {
  struct srv_query query = {0};
  uint64_t count = 0;
  srv_query_text(&query, "project_id", SRV_EQUALS, peer->project_id);
  srv_query_digest(&query, "fingerprint", peer->ca_fingerprint);
  int status = srv_core_list(core, SRV_CERTIFICATE, &query, NULL, NULL, &count);
  if (status != SRV_OK || count > 0) return status;
  return srv_fail(core, SRV_ERR_FORBIDDEN, "the project does not trust its CA any more");
}

static int admit(struct srv_core *core, const struct srv_peer_certificate *peer,
                 struct srv_device *device, struct srv_device_certificate *row) {
  bool found;
  int status = check_peer(core, peer, device, &found);
  if (status == SRV_OK) status = check_ca_is_there(core, peer);
  if (status == SRV_OK) status = found ? adopt(core, peer, device) : provision(core, peer, device);
  if (status == SRV_OK) status = remember(core, peer, device, row);
  return status;
}

int srv_core_admit_certificate(struct srv_core *core, const struct srv_peer_certificate *peer,
                               struct srv_device_ref *device,
                               char credential_id[SRV_ID_LENGTH + 1]) {
  struct srv_device found;
  struct srv_device_certificate row;
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_transaction_end(core, admit(core, peer, &found, &row));
  if (status != SRV_OK) return status;
  memset(device, 0, sizeof(*device));
  memcpy(device->project_id, found.project_id, sizeof(device->project_id));
  memcpy(device->device_id, found.id, sizeof(device->device_id));
  memcpy(credential_id, row.id, SRV_ID_LENGTH + 1);
  return SRV_OK;
}

/* --- the project's CAs -------------------------------------------------------------------- */

static int check_ca(struct srv_core *core, const mbedtls_x509_crt *parsed, uint8_t type) {
  if (parsed->next != NULL)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the file holds several certificates: add them one by one");
  if (!parsed->ca_istrue)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the certificate is no CA's: basicConstraints must say CA:TRUE");
  if (mbedtls_x509_crt_check_key_usage(parsed, MBEDTLS_X509_KU_KEY_CERT_SIGN) != 0)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the certificate's keyUsage does not allow to sign certificates (keyCertSign)");
  bool self_issued =
      parsed->issuer_raw.len == parsed->subject_raw.len &&
      memcmp(parsed->issuer_raw.p, parsed->subject_raw.p, parsed->issuer_raw.len) == 0;
  if (type == SRV_CERTIFICATE_ROOT && !self_issued)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the certificate was issued by another one: certType is \"intermediate\"");
  return SRV_OK;
}

static int fill_ca(struct srv_core *core, struct srv_certificate *row,
                   const mbedtls_x509_crt *parsed) {
  row->der_size = parsed->raw.len;
  memcpy(row->der, parsed->raw.p, parsed->raw.len);
  srv_x509_fingerprint(parsed, row->fingerprint);
  srv_x509_serial(parsed, row->serial_number);
  if (mbedtls_x509_dn_gets(row->subject, sizeof(row->subject), &parsed->subject) < 0)
    return srv_fail(core, SRV_ERR_INVALID, "the certificate's subject is too long");
  row->not_before_us = srv_x509_time_us(&parsed->valid_from);
  row->not_after_us = srv_x509_time_us(&parsed->valid_to);
  return SRV_OK;
}

static int check_ca_count(struct srv_core *core, const char *project_id) {
  uint64_t count = 0;
  int status = srv_count(core, SRV_CERTIFICATE, "project_id", SRV_EQUALS, project_id, &count);
  if (status != SRV_OK || count < SRV_CAS_PER_PROJECT) return status;
  return srv_fail(core, SRV_ERR_TOO_LARGE, "a project has at most %u CAs: delete one first",
                  SRV_CAS_PER_PROJECT);
}

static int insert_ca(struct srv_core *core, struct srv_certificate *row) {
  struct srv_project project;
  int status = srv_get_by_id(core, SRV_PROJECT, "", row->project_id, &project);
  if (status == SRV_OK) status = check_ca_count(core, row->project_id);
  if (status != SRV_OK) return status;
  srv_make_id(core, row->id);
  row->created_us = srv_now_us(core);
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->insert(core->store, SRV_CERTIFICATE, row);
  if (status == SRV_ERR_EXISTS)
    srv_fail(core, status, "the project has this certificate already");
  else
    srv_fail_store(core, status);
  return srv_transaction_end(core, status);
}

int srv_core_add_ca(struct srv_core *core, struct srv_certificate *certificate, const void *data,
                    size_t size) {
  mbedtls_x509_crt parsed;
  int status = parse_certificate(core, data, size, &parsed);
  if (status == SRV_OK) status = check_ca(core, &parsed, certificate->type);
  if (status == SRV_OK) status = fill_ca(core, certificate, &parsed);
  mbedtls_x509_crt_free(&parsed);
  certificate->key_size = 0;
  return status == SRV_OK ? insert_ca(core, certificate) : status;
}

int srv_core_delete_ca(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_certificate certificate;
  int status = srv_get_by_id(core, SRV_CERTIFICATE, project_id, id, &certificate);
  explicit_bzero(certificate.key, sizeof(certificate.key));
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_digest(&query, "ca_fingerprint", certificate.fingerprint);
  status = remove_row(core, SRV_CERTIFICATE, certificate.id);
  if (status == SRV_OK) status = note_all(core, &query);
  return srv_transaction_end(core, status);
}

/* --- revocation ------------------------------------------------------------------------------ */

static int normalise(struct srv_core *core, struct srv_revoked_certificate *revoked) {
  char serial[SRV_SERIAL_MAX + 1] = "", fingerprint[GW_DIGEST_HEX_SIZE + 1] = "";
  if (revoked->serial_number[0] == 0 && revoked->fingerprint[0] == 0)
    return srv_fail(core, SRV_ERR_INVALID, "say which: serialNumber, fingerprint or certFile");
  if (revoked->serial_number[0] != 0 && !srv_x509_serial_parse(revoked->serial_number, serial))
    return srv_fail(core, SRV_ERR_INVALID,
                    "serialNumber: a serial number is hex of at most 20 bytes");
  if (revoked->fingerprint[0] != 0 &&
      !srv_x509_fingerprint_parse(revoked->fingerprint, fingerprint))
    return srv_fail(core, SRV_ERR_INVALID, "fingerprint: it is SHA-256, 64 hex digits");
  memcpy(revoked->serial_number, serial, sizeof(serial));
  memcpy(revoked->fingerprint, fingerprint, sizeof(fingerprint));
  return SRV_OK;
}

static int note_revoked(struct srv_core *core, const struct srv_revoked_certificate *revoked) {
  uint8_t digest[GW_DIGEST_SIZE];
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, revoked->project_id);
  if (revoked->fingerprint[0] != 0) {
    if (gw_digest_from_hex(revoked->fingerprint, GW_DIGEST_HEX_SIZE, digest) != GW_OK)
      return SRV_ERR_INTERNAL;
    srv_query_digest(&query, "fingerprint", digest);
  } else {
    srv_query_text(&query, "serial_number", SRV_EQUALS, revoked->serial_number);
  }
  int status = note_all(core, &query);
  if (status != SRV_OK || !is_set(revoked->signed_digest)) return status;
  query = by_digest(revoked->project_id, "signed_digest", revoked->signed_digest);
  return note_all(core, &query);
}

/* A row that names the fingerprint stands for one certificate; its serial
 * number is then for people only and must not match others. */
static int find_revocation(struct srv_core *core, const struct srv_revoked_certificate *revoked,
                           struct srv_revoked_certificate *out) {
  bool by_fingerprint = revoked->fingerprint[0] != 0;
  struct srv_query query =
      by_text(revoked->project_id, by_fingerprint ? "fingerprint" : "serial_number",
              by_fingerprint ? revoked->fingerprint : revoked->serial_number);
  return get(core, SRV_REVOKED_CERTIFICATE, &query, out);
}

/* A new row, or the one that knows the fingerprint only gets the digest. */
static int write_revocation(struct srv_core *core, struct srv_revoked_certificate *revoked) {
  struct srv_revoked_certificate old;
  int status = find_revocation(core, revoked, &old);
  if (status == SRV_ERR_NOT_FOUND) {
    srv_make_id(core, revoked->id);
    revoked->created_us = srv_now_us(core);
    return srv_fail_store(core,
                          core->store->ops->insert(core->store, SRV_REVOKED_CERTIFICATE, revoked));
  }
  if (status != SRV_OK) return status;
  if (is_set(old.signed_digest) || !is_set(revoked->signed_digest))
    return srv_fail(core, SRV_ERR_EXISTS, "it is revoked already");
  memcpy(old.signed_digest, revoked->signed_digest, GW_DIGEST_SIZE);
  *revoked = old;
  return srv_fail_store(core,
                        core->store->ops->update(core->store, SRV_REVOKED_CERTIFICATE, revoked));
}

/* A fingerprint alone: of a certificate that was here, more is known. */
static int complete_revoked(struct srv_core *core, struct srv_revoked_certificate *revoked) {
  struct srv_device_certificate known;
  uint8_t digest[GW_DIGEST_SIZE];
  if (revoked->fingerprint[0] == 0) {
    memset(revoked->signed_digest, 0, GW_DIGEST_SIZE);
    return SRV_OK;
  }
  revoked->serial_number[0] = 0;
  if (is_set(revoked->signed_digest)) return SRV_OK;
  if (gw_digest_from_hex(revoked->fingerprint, GW_DIGEST_HEX_SIZE, digest) != GW_OK)
    return SRV_ERR_INTERNAL;
  struct srv_query query = by_digest(revoked->project_id, "fingerprint", digest);
  int status = get(core, SRV_DEVICE_CERTIFICATE, &query, &known);
  if (status == SRV_OK) memcpy(revoked->signed_digest, known.signed_digest, GW_DIGEST_SIZE);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : status;
}

int srv_core_revoke(struct srv_core *core, struct srv_revoked_certificate *revoked) {
  struct srv_project project;
  int status = srv_get_by_id(core, SRV_PROJECT, "", revoked->project_id, &project);
  if (status == SRV_OK) status = normalise(core, revoked);
  if (status == SRV_OK) status = complete_revoked(core, revoked);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = write_revocation(core, revoked);
  if (status == SRV_OK) status = note_revoked(core, revoked);
  return srv_transaction_end(core, status);
}

int srv_core_unrevoke(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_revoked_certificate revoked;
  int status = srv_get_by_id(core, SRV_REVOKED_CERTIFICATE, project_id, id, &revoked);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, remove_row(core, SRV_REVOKED_CERTIFICATE, revoked.id));
}

struct gathered {
  size_t count;
  struct srv_revoked_certificate row[2 * SRV_DEVICE_CERTIFICATES_MAX];
};

static void gather(void *context, const void *row) {
  struct gathered *all = context;
  const struct srv_device_certificate *certificate = row;
  if (all->count == 2 * SRV_DEVICE_CERTIFICATES_MAX) return;
  struct srv_revoked_certificate *revoked = &all->row[all->count++];
  memset(revoked, 0, sizeof(*revoked));
  memcpy(revoked->project_id, certificate->project_id, sizeof(revoked->project_id));
  gw_digest_to_hex(certificate->fingerprint, revoked->fingerprint);
  memcpy(revoked->signed_digest, certificate->signed_digest, GW_DIGEST_SIZE);
}

int srv_core_revoke_device(struct srv_core *core, const char *project_id, const char *device_id,
                           unsigned *count) {
  struct srv_device device;
  struct gathered all = {0};
  struct srv_query query = {0};
  *count = 0;
  int status = srv_core_find(core, SRV_DEVICE, project_id, device_id, &device);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  status = srv_core_list(core, SRV_DEVICE_CERTIFICATE, &query, gather, &all, NULL);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < all.count && status == SRV_OK; i++) {
    status = srv_core_revoke(core, &all.row[i]);
    if (status == SRV_OK) *count += 1;
    if (status == SRV_ERR_EXISTS) status = SRV_OK;
  }
  return srv_transaction_end(core, status);
}

int srv_core_read_certificate(struct srv_core *core, const void *data, size_t size,
                              struct srv_revoked_certificate *out) {
  mbedtls_x509_crt parsed;
  uint8_t digest[GW_DIGEST_SIZE];
  int status = parse_certificate(core, data, size, &parsed);
  if (status == SRV_OK) {
    srv_x509_fingerprint(&parsed, digest);
    gw_digest_to_hex(digest, out->fingerprint);
    srv_x509_signed_digest(&parsed, out->signed_digest);
    srv_x509_serial(&parsed, out->serial_number);
  }
  mbedtls_x509_crt_free(&parsed);
  return status;
}

/* --- CSRs --------------------------------------------------------------------------------------
 */

static bool is_self_signed(const mbedtls_x509_csr *csr) {
  unsigned char hash[MBEDTLS_MD_MAX_SIZE];
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(csr->sig_md);
  if (md == NULL || mbedtls_md(md, csr->cri.p, csr->cri.len, hash) != 0) return false;
  return mbedtls_pk_verify_ext(csr->sig_pk, csr->sig_opts,
                               (mbedtls_pk_context *)(uintptr_t)&csr->pk, csr->sig_md, hash,
                               mbedtls_md_get_size(md), csr->sig.p, csr->sig.len) == 0;
}

/* *csr is to be freed in any case. */
static int parse_csr(struct srv_core *core, const uint8_t *der, size_t size,
                     mbedtls_x509_csr *csr) {
  mbedtls_x509_csr_init(csr);
  if (size > SRV_CSR_MAX)
    return srv_fail(core, SRV_ERR_TOO_LARGE, "a CSR has at most %d bytes", SRV_CSR_MAX);
  int result = mbedtls_x509_csr_parse_der(csr, der, size);
  if (result != 0)
    return srv_fail(core, SRV_ERR_INVALID,
                    "no PKCS#10 request in DER with an EC key could be read (-0x%04x)",
                    (unsigned)-result);
  if (csr->raw.len != size)
    return srv_fail(core, SRV_ERR_INVALID, "%zu bytes follow the CSR", size - csr->raw.len);
  if (!is_usable_key(&csr->pk))
    return srv_fail(core, SRV_ERR_INVALID, "the CSR's key must be EC, P-256 or P-384");
  if (!is_self_signed(csr))
    return srv_fail(core, SRV_ERR_INVALID, "the CSR is not signed with its own key");
  return SRV_OK;
}

/* A device without a certificate id asks by its name: that may have become the
 * certificate id of another one, which the certificate would then open. */
static int check_name_is_free(struct srv_core *core, const struct srv_device *device) {
  struct srv_device other;
  if (device->certificate_id[0] != 0) return SRV_OK;
  struct srv_query query = by_text(device->project_id, "certificate_id", device->name);
  int status = get(core, SRV_DEVICE, &query, &other);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status != SRV_OK) return status;
  return srv_fail(
      core, SRV_ERR_FORBIDDEN,
      "the name \"%s\" is the certificate id of device \"%s\": rename the one that asks",
      device->name, other.name);
}

/* A device asks in its own name: its certificate id once it has one. */
static int check_csr_subject(struct srv_core *core, const struct srv_device *device,
                             const mbedtls_x509_csr *csr) {
  char project[SRV_NAME_MAX + 1], id[SRV_NAME_MAX + 1];
  const char *problem = srv_x509_subject(&csr->subject, true, project, id);
  if (problem != NULL)
    return srv_fail(core, SRV_ERR_INVALID, "the CSR cannot be used: %s", problem);
  const char *own = device->certificate_id[0] != 0 ? device->certificate_id : device->name;
  if (strcmp(id, own) != 0)
    return srv_fail(core, SRV_ERR_FORBIDDEN, "device \"%s\" asks for a certificate of \"%s\"",
                    device->name, id);
  if (project[0] != 0 && strcmp(project, device->project_id) != 0)
    return srv_fail(core, SRV_ERR_FORBIDDEN,
                    "device \"%s\" asks for a certificate of project \"%s\"", device->name,
                    project);
  return check_name_is_free(core, device);
}

static int check_csr_rate(struct srv_core *core, const struct srv_device *device) {
  struct srv_query query = {0};
  uint64_t count = 0;
  srv_query_text(&query, "device_id", SRV_EQUALS, device->id);
  srv_query_number(&query, "issued", SRV_EQUALS, 1);
  srv_query_number(&query, "created_us", SRV_AT_LEAST, srv_now_us(core) - HOUR_US);
  int status = srv_core_list(core, SRV_DEVICE_CERTIFICATE, &query, NULL, NULL, &count);
  if (status != SRV_OK || count < SRV_CSRS_PER_DEVICE_HOUR) return status;
  return srv_fail(core, SRV_ERR_BUSY, "device \"%s\" had %u certificates within an hour",
                  device->name, (unsigned)count);
}

static int get_device(struct srv_core *core, const struct srv_device_ref *ref,
                      struct srv_device *device) {
  return srv_get_by_id(core, SRV_DEVICE, ref->project_id, ref->device_id, device);
}

int srv_core_check_csr(struct srv_core *core, const struct srv_device_ref *device,
                       const uint8_t *csr, size_t size) {
  mbedtls_x509_csr parsed;
  struct srv_device row;
  int status = parse_csr(core, csr, size, &parsed);
  if (status == SRV_OK) status = get_device(core, device, &row);
  if (status == SRV_OK) status = check_csr_subject(core, &row, &parsed);
  if (status == SRV_OK) status = check_csr_rate(core, &row);
  mbedtls_x509_csr_free(&parsed);
  return status;
}

int srv_core_find_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, uint8_t *out) {
  struct srv_device_certificate row;
  struct srv_query query = {.newest_first = true};
  uint8_t digest[GW_DIGEST_SIZE];
  mbedtls_sha256(csr, size, digest, 0);
  srv_query_text(&query, "device_id", SRV_EQUALS, device->device_id);
  srv_query_digest(&query, "request_digest", digest);
  int status = get(core, SRV_DEVICE_CERTIFICATE, &query, &row);
  if (status != SRV_OK) return status;
  struct srv_peer_certificate peer;
  peer_of_row(&row, &peer);
  if (row.not_after_us <= srv_now_us(core) || check_revoked(core, &peer) != SRV_OK ||
      check_ca_is_there(core, &peer) != SRV_OK)
    return SRV_ERR_NOT_FOUND;
  memcpy(out, row.der, row.der_size);
  return (int)row.der_size;
}

/* --- issuing -------------------------------------------------------------------------------------
 */

static int keep_key(mbedtls_pk_context *key, struct srv_certificate *row) {
  uint8_t der[SRV_CA_KEY_MAX];
  int size = mbedtls_pk_write_key_der(key, der, sizeof(der)); /* at the end of it */
  if (size > 0) {
    memcpy(row->key, der + sizeof(der) - size, (size_t)size);
    row->key_size = (size_t)size;
  }
  explicit_bzero(der, sizeof(der));
  return size > 0 ? 0 : size;
}

static int write_own_ca(struct srv_core *core, struct srv_certificate *row, const char *name,
                        uint32_t days) {
  mbedtls_pk_context key;
  uint8_t der[SRV_X509_DER_ROOM];
  int64_t now_us = srv_now_us(core);
  mbedtls_pk_init(&key);
  int result = srv_x509_make_key(&key);
  struct srv_x509_issue issue = {.project = row->project_id,
                                 .id = name,
                                 .issuer_project = row->project_id,
                                 .issuer_id = name,
                                 .subject_key = &key,
                                 .issuer_key = &key,
                                 .not_before_us = now_us - BACKDATE_US,
                                 .not_after_us = now_us + days * DAY_US,
                                 .is_ca = true};
  if (result == 0) result = srv_x509_write(&issue, der);
  int size = result;
  if (result > 0) result = keep_key(&key, row);
  mbedtls_pk_free(&key);
  if (result != 0)
    return srv_fail(core, SRV_ERR_INTERNAL, "the CA could not be made (-0x%04x)",
                    (unsigned)-result);
  mbedtls_x509_crt parsed;
  int status = parse_certificate(core, der, (size_t)size, &parsed);
  if (status == SRV_OK) status = fill_ca(core, row, &parsed);
  mbedtls_x509_crt_free(&parsed);
  return status;
}

int srv_core_create_ca(struct srv_core *core, const char *project_id, const char *name,
                       uint32_t days, struct srv_certificate *out) {
  char title[SRV_NAME_MAX + 1];
  snprintf(title, sizeof(title), "%s", name[0] != 0 ? name : "Godwit device CA");
  if (days > SRV_CERTIFICATE_DAYS_MAX * 3)
    return srv_fail(core, SRV_ERR_INVALID, "days: a CA holds for at most %u days",
                    SRV_CERTIFICATE_DAYS_MAX * 3);
  int status = srv_check_title(core, "CA", title);
  if (status != SRV_OK) return status;
  memset(out, 0, sizeof(*out));
  snprintf(out->project_id, sizeof(out->project_id), "%s", project_id);
  out->type = SRV_CERTIFICATE_ROOT;
  status = write_own_ca(core, out, title, days == 0 ? OWN_CA_DAYS : days);
  if (status == SRV_OK) status = insert_ca(core, out);
  explicit_bzero(out->key, sizeof(out->key)); /* key_size says that there is one */
  return status;
}

struct issuer_search {
  int64_t now_us;
  bool found;
  struct srv_certificate row;
};

static void take_issuer(void *context, const void *row) {
  struct issuer_search *search = context;
  const struct srv_certificate *certificate = row;
  if (search->found || certificate->key_size == 0 || certificate->not_after_us <= search->now_us)
    return;
  search->row = *certificate;
  search->found = true;
}

/* The newest CA that can sign; its key is the caller's to wipe. */
static int find_issuer(struct srv_core *core, const char *project_id,
                       struct issuer_search *search) {
  struct srv_query query = by_text(project_id, NULL, NULL);
  query.newest_first = true;
  search->now_us = srv_now_us(core);
  search->found = false;
  int status = srv_core_list(core, SRV_CERTIFICATE, &query, take_issuer, search, NULL);
  if (status != SRV_OK || search->found) return status;
  return srv_fail(core, SRV_ERR_NOT_FOUND,
                  "project \"%s\" has no CA to sign with: `godwit ca create` makes one",
                  project_id);
}

static int64_t certificate_end_us(const struct srv_core *core, const struct srv_project *project,
                                  const struct srv_certificate *ca) {
  uint32_t days =
      project->certificate_days == 0 ? SRV_CERTIFICATE_DAYS_DEFAULT : project->certificate_days;
  int64_t end_us = srv_now_us(core) + days * DAY_US;
  return end_us < ca->not_after_us ? end_us : ca->not_after_us;
}

static int sign(struct srv_core *core, const struct srv_device *device,
                const struct srv_project *project, const struct srv_certificate *ca,
                mbedtls_pk_context *subject_key, uint8_t der[SRV_X509_DER_ROOM]) {
  mbedtls_x509_crt parsed;
  mbedtls_pk_context key;
  char ca_project[SRV_NAME_MAX + 1], ca_id[SRV_NAME_MAX + 1];
  mbedtls_x509_crt_init(&parsed);
  mbedtls_pk_init(&key);
  int result = mbedtls_x509_crt_parse_der(&parsed, ca->der, ca->der_size);
  if (result == 0)
    result = mbedtls_pk_parse_key(&key, ca->key, ca->key_size, NULL, 0, srv_x509_random, NULL);
  if (result == 0 && srv_x509_subject(&parsed.subject, false, ca_project, ca_id) != NULL)
    result = -1;
  struct srv_x509_issue issue = {
      .project = device->project_id,
      .id = device->certificate_id[0] != 0 ? device->certificate_id : device->name,
      .issuer_project = ca_project,
      .issuer_id = ca_id,
      .subject_key = subject_key,
      .issuer_key = &key,
      .not_before_us = srv_now_us(core) - BACKDATE_US,
      .not_after_us = certificate_end_us(core, project, ca)};
  if (result == 0) result = srv_x509_write(&issue, der);
  mbedtls_pk_free(&key);
  mbedtls_x509_crt_free(&parsed);
  if (result > 0 && result <= SRV_CERTIFICATE_MAX) return result;
  return srv_fail(core, SRV_ERR_INTERNAL, "a certificate for \"%s\" could not be made (-0x%04x)",
                  device->name, (unsigned)-result);
}

/* Keeps what a CSR was answered with, so that asking again gives the same. */
static int keep_issued(struct srv_core *core, const struct srv_device *device, const uint8_t *csr,
                       size_t csr_size, const mbedtls_x509_crt *certificate,
                       const uint8_t ca_fingerprint[GW_DIGEST_SIZE]) {
  struct srv_device_certificate row = {.issued = true};
  memcpy(row.project_id, device->project_id, sizeof(row.project_id));
  memcpy(row.device_id, device->id, sizeof(row.device_id));
  memcpy(row.der, certificate->raw.p, certificate->raw.len);
  row.der_size = certificate->raw.len;
  srv_x509_fingerprint(certificate, row.fingerprint);
  srv_x509_signed_digest(certificate, row.signed_digest);
  srv_x509_serial(certificate, row.serial_number);
  memcpy(row.ca_fingerprint, ca_fingerprint, GW_DIGEST_SIZE);
  mbedtls_sha256(csr, csr_size, row.request_digest, 0);
  row.not_before_us = srv_x509_time_us(&certificate->valid_from);
  row.not_after_us = srv_x509_time_us(&certificate->valid_to);
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = insert_certificate(core, &row);
  if (status == SRV_ERR_EXISTS) status = SRV_OK; /* the other CA gave the same again */
  return srv_transaction_end(core, status);
}

static int sign_parsed(struct srv_core *core, const struct srv_device *device,
                       const struct srv_project *project, mbedtls_x509_csr *parsed,
                       const uint8_t *csr, size_t size, uint8_t *out) {
  struct issuer_search search;
  uint8_t der[SRV_X509_DER_ROOM];
  int status = find_issuer(core, device->project_id, &search);
  if (status != SRV_OK) return status;
  int der_size = sign(core, device, project, &search.row, &parsed->pk, der);
  explicit_bzero(search.row.key, sizeof(search.row.key));
  if (der_size < 0) return der_size;
  mbedtls_x509_crt certificate;
  status = parse_certificate(core, der, (size_t)der_size, &certificate);
  if (status == SRV_OK)
    status = keep_issued(core, device, csr, size, &certificate, search.row.fingerprint);
  mbedtls_x509_crt_free(&certificate);
  if (status != SRV_OK) return status;
  memcpy(out, der, (size_t)der_size);
  return der_size;
}

int srv_core_sign_csr(struct srv_core *core, const struct srv_device_ref *device,
                      const uint8_t *csr, size_t size, uint8_t *out) {
  mbedtls_x509_csr parsed;
  struct srv_device row;
  struct srv_project project;
  int status = parse_csr(core, csr, size, &parsed);
  if (status == SRV_OK) status = get_device(core, device, &row);
  if (status == SRV_OK) status = srv_get_by_id(core, SRV_PROJECT, "", row.project_id, &project);
  if (status == SRV_OK) status = sign_parsed(core, &row, &project, &parsed, csr, size, out);
  mbedtls_x509_csr_free(&parsed);
  return status;
}

/* --- what another CA issued
 * ------------------------------------------------------------------------- */

static void add_ca_to_chain(void *context, const uint8_t *der, size_t size) {
  mbedtls_x509_crt_parse_der(context, der, size);
}

/* The trusted CA that signed it: the device gets and shows the certificate
 * alone, so what stands behind it here does not help. */
static int find_trust(struct srv_core *core, const char *project_id, mbedtls_x509_crt *certificate,
                      uint8_t ca_fingerprint[GW_DIGEST_SIZE]) {
  mbedtls_x509_crt cas;
  uint32_t flags = 0;
  int result = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
  mbedtls_x509_crt *behind = certificate->next;
  certificate->next = NULL;
  mbedtls_x509_crt_init(&cas);
  srv_core_each_ca(core, project_id, add_ca_to_chain, &cas);
  for (mbedtls_x509_crt *ca = &cas; ca != NULL && ca->raw.p != NULL && result != 0; ca = ca->next) {
    mbedtls_x509_crt *next = ca->next;
    ca->next = NULL; /* one at a time, to know which */
    result = mbedtls_x509_crt_verify(certificate, ca, NULL, NULL, &flags, NULL, NULL);
    if (result == 0) srv_x509_fingerprint(ca, ca_fingerprint);
    ca->next = next;
  }
  mbedtls_x509_crt_free(&cas);
  certificate->next = behind;
  if (result == 0) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID,
                  "the certificate was not signed by a CA that project \"%s\" trusts: add the one "
                  "that signs, also an intermediate, with `godwit certificate add`",
                  project_id);
}

static int check_issued(struct srv_core *core, const struct srv_device *device,
                        const mbedtls_x509_csr *csr, const mbedtls_x509_crt *certificate) {
  struct srv_peer_certificate peer;
  const char *problem = srv_x509_read_peer(certificate, &peer);
  if (problem != NULL)
    return srv_fail(core, SRV_ERR_INVALID, "the certificate cannot be used: %s", problem);
  if (csr->pk.pk_ctx == NULL || !is_usable_key(&certificate->pk))
    return srv_fail(core, SRV_ERR_INVALID, "the certificate has no key that can be used");
  if (certificate->ca_istrue) /* it would make devices */
    return srv_fail(core, SRV_ERR_INVALID, "the certificate is a CA's, not a device's");
  if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0 ||
      mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_CLIENT_AUTH,
                                                MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) != 0)
    return srv_fail(core, SRV_ERR_INVALID, "the certificate's key usage does not fit a client");
  const mbedtls_ecp_keypair *asked = mbedtls_pk_ec(csr->pk), *got = mbedtls_pk_ec(certificate->pk);
  if (asked->grp.id != got->grp.id || mbedtls_ecp_point_cmp(&asked->Q, &got->Q) != 0)
    return srv_fail(core, SRV_ERR_INVALID, "the certificate is for another key than the CSR's");
  const char *own = device->certificate_id[0] != 0 ? device->certificate_id : device->name;
  if (strcmp(peer.certificate_id, own) != 0 || strcmp(peer.project_id, device->project_id) != 0)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the certificate's subject must be O=%s, CN=%s, as the CSR's",
                    device->project_id, own);
  return SRV_OK;
}

int srv_core_take_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, const uint8_t *certificate,
                         size_t certificate_size, uint8_t *out) {
  mbedtls_x509_csr parsed_csr;
  mbedtls_x509_crt parsed;
  struct srv_device row;
  uint8_t ca_fingerprint[GW_DIGEST_SIZE];
  mbedtls_x509_crt_init(&parsed);
  int status = parse_csr(core, csr, size, &parsed_csr);
  if (status == SRV_OK) status = get_device(core, device, &row);
  if (status == SRV_OK) status = parse_certificate(core, certificate, certificate_size, &parsed);
  if (status == SRV_OK) status = check_issued(core, &row, &parsed_csr, &parsed);
  if (status == SRV_OK) status = find_trust(core, row.project_id, &parsed, ca_fingerprint);
  if (status == SRV_OK) status = keep_issued(core, &row, csr, size, &parsed, ca_fingerprint);
  if (status == SRV_OK) {
    memcpy(out, parsed.raw.p, parsed.raw.len);
    status = (int)parsed.raw.len;
  }
  mbedtls_x509_crt_free(&parsed);
  mbedtls_x509_csr_free(&parsed_csr);
  return status;
}
