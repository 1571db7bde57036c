/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTS_POSIX_RESOLVE_H
#define PORTS_POSIX_RESOLVE_H
/* Name look-up that does not hold up the caller. Address literals are answered
 * at once and without libc's resolver; a name is handed to one thread, whose
 * answer a later call collects. One look-up at a time for the whole process;
 * callers on one thread, as the SDK's clients are. */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct godwit_address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } to;
  socklen_t size;
};

/* 0; GODWIT_DATAGRAM_PENDING: ask again later; GODWIT_ERR_NOT_FOUND;
 * GODWIT_ERR_IO. */
int godwit_posix_resolve(const char *host, uint16_t port, struct godwit_address *out);
#endif
