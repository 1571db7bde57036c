/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "godwit/status.h"
#include "platform/datagram.h"

#define HOST_MAX 127u

/* A resolver that hangs must not hang the device: the thread is left to finish
 * by itself, and what it says is thrown away where nobody wants it any more. */
static struct {
  pthread_mutex_t lock;
  bool running;
  bool answered;
  char host[HOST_MAX + 1];
  struct godwit_address address; /* port 0 */
  int status;
} lookup = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void set_port(struct godwit_address *address, uint16_t port) {
  if (address->to.any.sa_family == AF_INET) {
    address->to.v4.sin_port = htons(port);
  } else {
    address->to.v6.sin6_port = htons(port);
  }
}

static bool parse_literal(const char *host, struct godwit_address *out) {
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, host, &out->to.v4.sin_addr) == 1) {
    out->to.any.sa_family = AF_INET;
    out->size = sizeof out->to.v4;
    return true;
  }
  if (inet_pton(AF_INET6, host, &out->to.v6.sin6_addr) == 1) {
    out->to.any.sa_family = AF_INET6;
    out->size = sizeof out->to.v6;
    return true;
  }
  return false;
}

static int ask_libc(const char *host, struct godwit_address *out) {
  const struct addrinfo hints = {
      .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *list = NULL;
  if (getaddrinfo(host, NULL, &hints, &list) != 0) return GODWIT_ERR_NOT_FOUND;
  int status = GODWIT_ERR_NOT_FOUND;
  if (list != NULL && list->ai_addrlen <= sizeof out->to) {
    memset(out, 0, sizeof *out);
    memcpy(&out->to, list->ai_addr, list->ai_addrlen);
    out->size = list->ai_addrlen;
    status = GODWIT_OK;
  }
  freeaddrinfo(list);
  return status;
}

static void *look_up(void *unused) {
  char host[HOST_MAX + 1];
  struct godwit_address address;
  (void)unused;
  pthread_mutex_lock(&lookup.lock);
  memcpy(host, lookup.host, sizeof host);
  pthread_mutex_unlock(&lookup.lock);
  int status = ask_libc(host, &address);
  pthread_mutex_lock(&lookup.lock);
  lookup.status = status;
  if (status == GODWIT_OK) lookup.address = address;
  lookup.running = false;
  lookup.answered = true;
  pthread_mutex_unlock(&lookup.lock);
  return NULL;
}

static int start_thread(const char *host) {
  pthread_t thread;
  pthread_attr_t attributes;
  memcpy(lookup.host, host, strlen(host) + 1);
  lookup.running = true;
  lookup.answered = false;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failed = pthread_create(&thread, &attributes, look_up, NULL);
  pthread_attr_destroy(&attributes);
  if (failed) lookup.running = false;
  return failed ? GODWIT_ERR_IO : GODWIT_DATAGRAM_PENDING;
}

static int collect_or_start(const char *host, struct godwit_address *out) {
  if (lookup.running) return GODWIT_DATAGRAM_PENDING;
  bool ours = lookup.answered && strcmp(lookup.host, host) == 0;
  lookup.answered = false;
  if (!ours) return start_thread(host);
  if (lookup.status == GODWIT_OK) *out = lookup.address;
  return lookup.status;
}

int godwit_posix_resolve(const char *host, uint16_t port, struct godwit_address *out) {
  if (strlen(host) > HOST_MAX) return GODWIT_ERR_NOT_FOUND;
  int status = GODWIT_OK;
  if (!parse_literal(host, out)) {
    pthread_mutex_lock(&lookup.lock);
    status = collect_or_start(host, out);
    pthread_mutex_unlock(&lookup.lock);
  }
  if (status == GODWIT_OK) set_port(out, port);
  return status;
}
