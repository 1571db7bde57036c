/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 64

static int fail_bind(int system_error, const char *address, uint16_t port, char *error) {
  if (system_error == EADDRINUSE) {
    snprintf(error, SRV_ERROR_MAX,
             "HTTP port %u on %s is taken; stop what uses it or give --http-port another one", port,
             address);
    return SRV_ERR_BUSY;
  }
  snprintf(error, SRV_ERROR_MAX, "cannot listen for HTTP on %s port %u: %s", address, port,
           strerror(system_error));
  return SRV_ERR_IO;
}

static int bind_socket(const struct addrinfo *info, uint16_t *port) {
  int on = 1;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } bound = {.v6 = {0}};
  socklen_t size = sizeof(bound);
  int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, &bound.any, &size) != 0) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
  return fd;
}

int srv_listen(const char *address, uint16_t port, uint16_t *bound_port, int *fd,
               char error[SRV_ERROR_MAX]) {
  char service[8];
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                           .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
  struct addrinfo *info;
  snprintf(service, sizeof(service), "%u", port);
  if (getaddrinfo(address, service, &hints, &info) != 0) {
    snprintf(error, SRV_ERROR_MAX,
             "--http-bind %s is no IP address; 127.0.0.1 is this machine only, 0.0.0.0 everyone",
             address);
    return SRV_ERR_INVALID;
  }
  *fd = bind_socket(info, bound_port);
  int system_error = errno;
  freeaddrinfo(info);
  return *fd >= 0 ? SRV_OK : fail_bind(system_error, address, port, error);
}
