/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_PKI_H
#define GODWIT_PKI_H
/* X.509 instead of a pre-shared key: a device's certificate, what it trusts,
 * and how it renews the certificate while it is connected. Only an application
 * that names godwit_certificate_method links any of this.
 *
 * Keys are EC, P-256 or P-384. The certificate's subject says O=PROJECT and
 * CN=NAME (docs/guide/certificates.md).
 * Memory and threads: as godwit/client.h. Everything that the structs point to
 * is the caller's, is borrowed, and is not changed while the client has it. */
#include "godwit/client.h"

/* What godwit_client_config.memory needs for certificates: the handshake holds
 * our chain, the CA, the server's certificate and the curves' numbers. */
#define GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES 32768u

/* How a client uses them: a constant, given by its address. */
struct godwit_credential_method;
extern const struct godwit_credential_method godwit_certificate_method;

/* Zero-initialise. DER is one certificate or key; PEM counts its NUL in the
 * size, and may hold a chain or several CAs. */
struct godwit_certificate {
  const struct godwit_credential_method *method; /* &godwit_certificate_method */
  const void *chain; /* the device's own certificate, in PEM those up to the CA behind it */
  size_t chain_size;
  const void *key; /* its private key */
  size_t key_size;
  const void *ca; /* whom the server's certificate must come from; or that certificate itself */
  size_t ca_size;
  bool insecure_any_server; /* no CA: talks to whoever answers. For the workbench */

  const char *server_name; /* must stand in the server's certificate; NULL: the host. A host that
                              is an address literal needs one */
  bool any_server_name;    /* the CA signs nothing but this server */

  /* Seconds since 1970, or 0 while the device does not know: then, and when it
   * is NULL, the server's certificate is not checked for expiry. */
  int64_t (*unix_time_s)(void *arg);
  void *arg;
};

/* From the next connection on this one is used (a renewed one, or the first
 * after a pre-shared key); NULL: the pre-shared key again. GODWIT_ERR_ARGUMENT
 * when it cannot be used, GODWIT_ERR_NO_MEMORY when the client's memory is
 * smaller than GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES, GODWIT_ERR_STATE for NULL
 * without a pre-shared key. The one before may go when this returns, unless a
 * handshake is under way (GODWIT_CLIENT_CONNECTING). */
int godwit_client_set_certificate(struct godwit_client *client,
                                  const struct godwit_certificate *certificate);

/* Keys and requests ----------------------------------------------------------- */

#define GODWIT_PKI_KEY_MAX 144u          /* DER of a P-256 key takes 121 */
#define GODWIT_PKI_CSR_MAX 512u          /* of a request with names of 64 bytes */
#define GODWIT_PKI_CERTIFICATE_MAX 1024u /* one message */
#define GODWIT_PKI_NAME_MAX 64u
#define GODWIT_PKI_MEMORY_BYTES 12288u /* what each call works in, any alignment */

/* A new P-256 key in DER. Its size, GODWIT_ERR_IO without entropy,
 * GODWIT_ERR_NO_MEMORY. Takes some 100 ms on a Cortex-M4 at 64 MHz, and so does
 * make_csr. */
int godwit_pki_make_key(void *memory, size_t memory_size, uint8_t key[GODWIT_PKI_KEY_MAX]);
/* A PKCS#10 request in DER for O=project, CN=name, signed with the key. Its
 * size; GODWIT_ERR_ARGUMENT for a bad key or a name that is empty or too long. */
int godwit_pki_make_csr(void *memory, size_t memory_size, const uint8_t *key, size_t key_size,
                        const char *project, const char *name, uint8_t csr[GODWIT_PKI_CSR_MAX]);

/* Renewal ------------------------------------------------------------------------ */

struct godwit_pki_renewal;
/* status: GODWIT_OK with certificate in the object; GODWIT_ERR_RESPONSE when the
 * server refused it (code says how: 5.03 means later, with the same object);
 * GODWIT_ERR_FORMAT for an answer that is no certificate of this key. */
typedef void (*godwit_pki_done_fn)(struct godwit_client *client, struct godwit_pki_renewal *renewal,
                                   int status, void *arg);

/* Zero-initialise, fill in the first part. The object is the client's until
 * done; it holds a private key: wipe it when both are stored. */
struct godwit_pki_renewal {
  const char *project, *name; /* as in the certificate in use, or device's name for the first */
  void *memory;               /* GODWIT_PKI_MEMORY_BYTES, until done has returned */
  size_t memory_size;
  godwit_pki_done_fn done;
  void *arg;

  uint8_t key[GODWIT_PKI_KEY_MAX]; /* the new key; made when key_size is 0 */
  size_t key_size;
  uint8_t certificate[GODWIT_PKI_CERTIFICATE_MAX]; /* the result, DER */
  size_t certificate_size;
  uint8_t code; /* CoAP code of the answer; 0: none came */

  uint8_t csr[GODWIT_PKI_CSR_MAX]; /* kept: asking again gets the same answer */
  size_t csr_size;
  struct godwit_request request; /* the client's */
};

/* Makes key and request unless they are there from the time before, and posts
 * the request to `v1/csr`. The certificate in use goes on until the application
 * stores the new one and calls godwit_client_set_certificate.
 * GODWIT_ERR_CONNECTION when not connected, GODWIT_ERR_STATE when it is under
 * way already, and as make_key and make_csr. */
int godwit_pki_renew(struct godwit_client *client, struct godwit_pki_renewal *renewal);
#endif
