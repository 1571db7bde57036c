/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_LINGER_H
#define SERVER_REST_LINGER_H
/* Connections that were answered before their body had come, "too large" mostly.
 * Closed at once, the kernel would answer what still comes with a reset, and the
 * client would see that rather than the answer. So their sockets stay open a
 * while, with nothing more to be sent, and what comes is thrown away. */
#include <stdbool.h>
#include <stdint.h>

#define SRV_LINGER_MAX 32  /* sockets; a further one is closed at once */
#define SRV_LINGER_MS 5000 /* each, at most */
#define SRV_LINGER_BYTES_MAX ((uint64_t)32 * 1024 * 1024) /* likewise */

struct srv_linger {
  int epoll_fd; /* readable when there is something to do; -1: none */
  unsigned count;
  struct srv_lingering {
    int fd;
    int64_t deadline_ms; /* monotonic */
    uint64_t left;       /* bytes */
  } socket[SRV_LINGER_MAX];
};

bool srv_linger_init(struct srv_linger *linger);
void srv_linger_deinit(struct srv_linger *linger);
/* Keeps a duplicate of fd, whose owner closes it when it likes. */
void srv_linger_add(struct srv_linger *linger, int fd);
/* Milliseconds until a socket's time is up, -1 for none. */
int srv_linger_timeout_ms(const struct srv_linger *linger);
void srv_linger_run(struct srv_linger *linger);
#endif
