/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_HEADERS_H
#define SERVER_REST_HEADERS_H
/* What every answer tells a browser that it may not do with it. */
#include <stdbool.h>
#include <stddef.h>

#define SRV_POLICY_MAX 448

/* Content policies. JSON is to be read, not shown; bytes that a device or an
 * operator sent are saved, and nothing of them runs. */
extern const char srv_policy_data[];
extern const char srv_policy_bytes[];
/* The console takes nothing from elsewhere and nobody frames it; scripts are
 * files of ours, styles too or marked with the page's nonce ("": none). */
void srv_policy_console(const char *nonce, char out[SRV_POLICY_MAX]);

/* Calls add for each header. pin_tls: browsers come by TLS only from now on. */
void srv_headers_each(const char *policy, bool pin_tls,
                      void (*add)(void *context, const char *name, const char *value),
                      void *context);
#endif
