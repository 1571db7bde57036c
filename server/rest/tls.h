/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_TLS_H
#define SERVER_REST_TLS_H
/* The certificate and key of HTTPS, by GnuTLS (libmicrohttpd's). They can be read
 * again while connections go on: a handshake takes what is newest when it comes
 * to it, and what older ones have taken lives until the last of them is over.
 *
 * libmicrohttpd's callback has no context, so there can be one at a time. */
#include <stdbool.h>
#include <stdint.h>

#include "server/core/objects.h"

#define SRV_TLS_SUBJECT_MAX 255
#define SRV_TLS_WARN_DAYS 14 /* before the end */

struct srv_tls;

struct srv_tls_facts {
  char subject[SRV_TLS_SUBJECT_MAX + 1];
  int64_t not_before_us, not_after_us; /* the sooner end of the chain's certificates */
};

/* PEM files: a chain that begins with the server's certificate, and its key. On
 * failure error (SRV_ERROR_MAX) says what is wrong with which file. */
int srv_tls_create(struct srv_tls **out, const char *certificate_path, const char *key_path,
                   char error[SRV_ERROR_MAX]);
/* Reads both again; when that fails nothing changes. */
int srv_tls_reload(struct srv_tls *tls, char error[SRV_ERROR_MAX]);
void srv_tls_destroy(struct srv_tls *tls);

/* Of what new connections get; pointers die with the next reload. */
const struct srv_tls_facts *srv_tls_facts(const struct srv_tls *tls);
/* Whole days until it ends, below 0 when it has. */
static inline int64_t srv_tls_days_left(const struct srv_tls_facts *facts, int64_t now_us) {
  int64_t day_us = (int64_t)24 * 60 * 60 * 1000000, left_us = facts->not_after_us - now_us;
  return left_us < 0 ? -1 - (-left_us / day_us) : left_us / day_us;
}

/* Says in the log when what new connections get ends soon, has ended or does not
 * hold yet: at the first call, after a reload, and then once a day. */
void srv_tls_watch(struct srv_tls *tls, int64_t now_us);

/* Every connection holds what there is when it comes, until it goes. */
void *srv_tls_hold(struct srv_tls *tls);
void srv_tls_let_go(struct srv_tls *tls, void *held);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK and MHD_OPTION_HTTPS_PRIORITIES. */
void *srv_tls_callback(void);
extern const char srv_tls_priorities[];
#endif
