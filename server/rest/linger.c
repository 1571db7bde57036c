/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool srv_linger_init(struct srv_linger *linger) {
  linger->count = 0;
  linger->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  return linger->epoll_fd >= 0;
}

void srv_linger_deinit(struct srv_linger *linger) {
  for (unsigned i = 0; i < linger->count; i++) close(linger->socket[i].fd);
  linger->count = 0;
  if (linger->epoll_fd >= 0) close(linger->epoll_fd);
  linger->epoll_fd = -1;
}

void srv_linger_add(struct srv_linger *linger, int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  if (linger->count == SRV_LINGER_MAX) return;
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  event.data.fd = copy;
  if (epoll_ctl(linger->epoll_fd, EPOLL_CTL_ADD, copy, &event) != 0) {
    close(copy);
    return;
  }
  linger->socket[linger->count++] = (struct srv_lingering){
      .fd = copy, .deadline_ms = now_ms() + SRV_LINGER_MS, .left = SRV_LINGER_BYTES_MAX};
}

int srv_linger_timeout_ms(const struct srv_linger *linger) {
  int64_t soonest = INT64_MAX;
  if (linger->count == 0) return -1;
  for (unsigned i = 0; i < linger->count; i++) {
    if (linger->socket[i].deadline_ms < soonest) soonest = linger->socket[i].deadline_ms;
  }
  int64_t left_ms = soonest - now_ms();
  return left_ms < 0 ? 0 : (int)left_ms;
}

/* At most a megabyte a turn, so that nobody else waits. False: it is over. */
static bool drain(struct srv_lingering *lingering) {
  static char thrown_away[65536];
  for (int i = 0; i < 16; i++) {
    ssize_t length = recv(lingering->fd, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    if (length == 0 || (uint64_t)length >= lingering->left) return false;
    lingering->left -= (uint64_t)length;
  }
  return true;
}

void srv_linger_run(struct srv_linger *linger) {
  if (linger->count == 0) return;
  int64_t time_ms = now_ms();
  for (unsigned i = 0; i < linger->count;) {
    struct srv_lingering *each = &linger->socket[i];
    /* The answer is out by now; the client is to see its end. */
    shutdown(each->fd, SHUT_WR);
    if (drain(each) && time_ms < each->deadline_ms) {
      i++;
      continue;
    }
    close(each->fd); /* which takes it out of the epoll set */
    *each = linger->socket[--linger->count];
  }
}
