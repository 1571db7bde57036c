/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_HOST_H
#define SERVER_REST_HOST_H
/* To whom a request thinks it speaks. On loopback, without TLS, anything in the
 * operator's browser can reach the server; a page from elsewhere whose name is
 * made to point to 127.0.0.1 (DNS rebinding) would pass for the server itself.
 * So there only names count that are loopback's, or that the operator gave. */
#include <stdbool.h>
#include <stddef.h>

#define SRV_HOST_MAX 253     /* RFC 1035 */
#define SRV_HOST_NAMES_MAX 8 /* of --http-host; and that of --public-url */

/* "NAME", "NAME:PORT", "[::1]:PORT" to the name, in lower case, without a dot at
 * its end; false when it is none of these. Of a URL: what stands between "//"
 * and the path. */
bool srv_host_of(const char *text, char out[SRV_HOST_MAX + 1]);
bool srv_host_of_url(const char *url, char out[SRV_HOST_MAX + 1]);
/* localhost, anything below it, 127.0.0.0/8, ::1; as srv_host_of leaves it. */
bool srv_host_is_loopback(const char *host);

/* Names that a server answers to besides loopback's. Zeroed: none. */
struct srv_host_names {
  unsigned count;
  char name[SRV_HOST_NAMES_MAX + 1][SRV_HOST_MAX + 1];
};
/* text as for srv_host_of, or a URL; false when it is neither, or one too many. */
bool srv_host_names_add(struct srv_host_names *names, const char *text);
/* A Host header: is it one of them, or loopback's? */
bool srv_host_names_know(const struct srv_host_names *names, const char *header);
#endif
