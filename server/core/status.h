/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_STATUS_H
#define SERVER_CORE_STATUS_H
/* The one status enum of server/. rest/ maps it to HTTP, gateway/ to CoAP. */
enum srv_status {
  SRV_OK = 0,
  SRV_ERR_INVALID = -1,   /* bad request: 400 */
  SRV_ERR_NOT_FOUND = -2, /* 404 */
  SRV_ERR_EXISTS = -3,    /* 409 */
  SRV_ERR_IN_USE = -4,    /* 409 */
  SRV_ERR_FORBIDDEN = -5, /* 403 */
  SRV_ERR_TOO_LARGE = -6, /* 413 */
  SRV_ERR_NO_SPACE = -7,  /* disk full: 507 */
  SRV_ERR_IO = -8,        /* 500 */
  SRV_ERR_MODEL = -9,     /* not a model, or one wit cannot run: 422 */
  SRV_ERR_BUSY = -10,     /* another server holds this folder, port taken, too many at once: 503 */
  SRV_ERR_INTERNAL = -11, /* 500 */
  SRV_ERR_REVOKED = -12,  /* a certificate: only seen in handshakes */
};
#endif
