/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_PKI_H
#define SERVER_CORE_PKI_H
/* Certificates: which CAs a project trusts, whose certificate this is, what is
 * revoked, and what a CSR is answered with. The rules of core.h hold: one
 * thread, enum srv_status, srv_core_error.
 *
 * A CA's private key, where the server has one, stands in the database beside
 * the pre-shared keys (folder mode 0700, file mode 0600): one backup holds
 * both, and several servers on one database can sign. It is never shown. */
#include "server/core/core.h"
#include "server/core/types.h"
#include "server/core/x509.h"

/* --- the gateway's ---------------------------------------------------------- */

/* The clock that validity is judged by: microseconds since 1970. */
int64_t srv_core_now_us(const struct srv_core *core);

/* Shows each CA that the project trusts, at most SRV_CAS_PER_PROJECT; der dies
 * with the call. None for an unknown project. */
void srv_core_each_ca(struct srv_core *core, const char *project_id,
                      void (*visit)(void *context, const uint8_t *der, size_t size), void *context);

/* Would this certificate be let in? Reads only: the client has not yet proved
 * that the key is its own. SRV_OK; SRV_ERR_REVOKED; SRV_ERR_FORBIDDEN for a
 * disabled device; SRV_ERR_NOT_FOUND when it is no device's and the project
 * makes none for it. */
int srv_core_check_certificate(struct srv_core *core, const struct srv_peer_certificate *peer);
/* The key is proved: finds the device (by certificate id; else by name, which
 * then gets this certificate id for ever; else made new, where the project
 * allows it) and notes the certificate. As check, and SRV_ERR_NO_SPACE etc. */
int srv_core_admit_certificate(struct srv_core *core, const struct srv_peer_certificate *peer,
                               struct srv_device_ref *device,
                               char credential_id[SRV_ID_LENGTH + 1]);

/* Is this a CSR (DER, PKCS#10) that the device may make? SRV_ERR_INVALID: no
 * CSR, no EC P-256 or P-384 key, wrong signature. SRV_ERR_FORBIDDEN: for
 * another device's name or another project. SRV_ERR_BUSY: more than
 * SRV_CSRS_PER_DEVICE_HOUR. */
int srv_core_check_csr(struct srv_core *core, const struct srv_device_ref *device,
                       const uint8_t *csr, size_t size);
/* The certificate that answered this very CSR before and still holds: DER,
 * at most SRV_CERTIFICATE_MAX bytes; its size, or SRV_ERR_NOT_FOUND. */
int srv_core_find_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, uint8_t *out);
/* Signs a checked CSR with the project's newest own CA. Size of the DER in out,
 * SRV_ERR_NOT_FOUND when the project has no CA of its own. */
int srv_core_sign_csr(struct srv_core *core, const struct srv_device_ref *device,
                      const uint8_t *csr, size_t size, uint8_t *out);
/* Takes what another CA made of a checked CSR, DER or PEM: it must be for the
 * CSR's key and name, and of a CA that the project trusts. Size of the DER in
 * out, SRV_ERR_INVALID. */
int srv_core_take_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, const uint8_t *certificate,
                         size_t certificate_size, uint8_t *out);

/* --- the operator's ----------------------------------------------------------- */

/* Takes a CA's certificate, DER or PEM, one in it. The caller fills project_id
 * and type, the rest comes back. SRV_ERR_INVALID: no certificate, no CA, no EC
 * P-256 or P-384 key. An expired one is taken; see not_after_us. */
int srv_core_add_ca(struct srv_core *core, struct srv_certificate *certificate, const void *data,
                    size_t size);
/* Makes a CA whose key stays here, for CSRs. name: CN of its subject, "" for a
 * default. days 0: ten years. */
int srv_core_create_ca(struct srv_core *core, const char *project_id, const char *name,
                       uint32_t days, struct srv_certificate *out);
/* Ends the sessions whose certificates hang on it. */
int srv_core_delete_ca(struct srv_core *core, const char *project_id, const char *id);

/* serial_number or fingerprint in the caller's row, in any usual notation, or
 * what srv_core_read_certificate made of the file. Ends the sessions that use
 * it. SRV_ERR_EXISTS: it is revoked already. A fingerprint alone, of a
 * certificate that was never here, does not hold against one whose signature
 * was rewritten (srv_x509_signed_digest): better the file or the serial number. */
int srv_core_revoke(struct srv_core *core, struct srv_revoked_certificate *revoked);
int srv_core_unrevoke(struct srv_core *core, const char *project_id, const char *id);
/* Every certificate that the device is known to have; how many. */
int srv_core_revoke_device(struct srv_core *core, const char *project_id, const char *device_id,
                           unsigned *count);
/* Serial number, fingerprint and signed digest of a certificate, DER or PEM. */
int srv_core_read_certificate(struct srv_core *core, const void *data, size_t size,
                              struct srv_revoked_certificate *out);
#endif
