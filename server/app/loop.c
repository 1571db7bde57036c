/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/core/fleet.h"
#include "server/core/log.h"
#include "server/core/offers.h"

#define TICK_MS 1000 /* srv_core_tick */
#define WATCHED 4    /* a signal, devices, HTTP, what the core's thread has made */

static void stop_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
}

int srv_loop_catch_signals(bool reloads) {
  sigset_t set;
  stop_signals(&set);
  if (reloads) sigaddset(&set, SIGHUP);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  return sigprocmask(SIG_BLOCK, &set, NULL);
}

/* fd -1: there is nothing to wait for. */
static int watch(int epoll_fd, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  if (fd < 0) return 0;
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* The shorter of two times, where negative means none. */
static int sooner(int a, int b) {
  if (a < 0) return b;
  return b < 0 || a < b ? a : b;
}

static int next_timeout_ms(const struct srv_loop *loop) {
  if (srv_core_has_work(loop->core)) return 0; /* a slice of it, between what comes in */
  int timeout_ms = sooner(srv_gateway_timeout_ms(loop->gateway), srv_rest_timeout_ms(loop->rest));
  timeout_ms = sooner(timeout_ms, srv_core_rpc_timeout_ms(loop->core));
  return sooner(timeout_ms, TICK_MS);
}

/* The signal that has come, 0 for none. */
static int read_signal(int signal_fd) {
  struct signalfd_siginfo info;
  if (read(signal_fd, &info, sizeof(info)) != sizeof(info)) return 0;
  return (int)info.ssi_signo;
}

static void reload(const struct srv_loop *loop) {
  char error[SRV_ERROR_MAX];
  if (srv_rest_reload(loop->rest, error) == SRV_OK) {
    srv_log(SRV_LOG_INFO, "app", "SIGHUP: the TLS certificate was read again");
  } else {
    srv_log(SRV_LOG_WARNING, "app", "SIGHUP: %s; everything stays as it was", error);
  }
}

/* HTTP first: what operators change is then sent to devices in the same turn.
 * Both are cheap when nothing has come for them, and have timers of their own. */
static void run_once(const struct srv_loop *loop) {
  srv_rest_run(loop->rest);
  srv_gateway_run(loop->gateway);
  srv_core_tick(loop->core);
  srv_virtual_run(loop->virtual_devices);
}

static int run(const struct srv_loop *loop, int epoll_fd, int signal_fd) {
  struct epoll_event events[WATCHED];
  for (;;) {
    if (epoll_wait(epoll_fd, events, WATCHED, next_timeout_ms(loop)) < 0 && errno != EINTR)
      return -1;
    int signal_number = read_signal(signal_fd);
    if (signal_number == SIGHUP) {
      reload(loop);
    } else if (signal_number > 0) {
      return signal_number;
    }
    run_once(loop);
  }
}

int srv_loop_run(const struct srv_loop *loop, char error[SRV_ERROR_MAX]) {
  sigset_t set;
  int result = -1;
  stop_signals(&set);
  sigaddset(&set, SIGHUP); /* read only when it is blocked, see above */
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (epoll_fd >= 0 && signal_fd >= 0 && watch(epoll_fd, signal_fd) == 0 &&
      watch(epoll_fd, srv_gateway_fd(loop->gateway)) == 0 &&
      watch(epoll_fd, srv_rest_fd(loop->rest)) == 0 &&
      watch(epoll_fd, srv_core_offers_fd(loop->core)) == 0) {
    result = run(loop, epoll_fd, signal_fd);
  }
  if (result < 0) snprintf(error, SRV_ERROR_MAX, "the event loop failed: %s", strerror(errno));
  if (signal_fd >= 0) close(signal_fd);
  if (epoll_fd >= 0) close(epoll_fd);
  return result;
}
