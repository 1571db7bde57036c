/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_IDENTITY_H
#define SERVER_APP_IDENTITY_H
/* The server's own certificate and key for DTLS, as PEM texts. */
#include <stdbool.h>

#include "server/core/limits.h"

struct srv_identity {
  char *certificate, *key; /* ours; the key is wiped by free */
  char path[4096];         /* of the certificate: what devices may be given to trust */
  bool made;               /* just now */
};

/* Reads the two files; both NULL: dtls-cert.pem and dtls-key.pem in the data
 * folder, made (self-signed, mode 0600) when they are not there. SRV_OK, or a
 * reason in error. To be freed in any case. */
int srv_identity_load(struct srv_identity *out, const char *data_folder, const char *certificate,
                      const char *key, char error[SRV_ERROR_MAX]);
void srv_identity_free(struct srv_identity *identity);
#endif
