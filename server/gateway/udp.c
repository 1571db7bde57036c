/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gateway/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/core/status.h"

/* Bursts of a fleet that reconnects wait here while we handshake; the kernel
 * grants what net.core.rmem_max allows. */
#define SOCKET_BUFFER_SIZE (8 * 1024 * 1024)

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

union control {
  struct cmsghdr align;
  uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct queue {
  struct mmsghdr header[UDP_BATCH];
  struct iovec vector[UDP_BATCH];
  union address address[UDP_BATCH];
  union control control[UDP_BATCH];
  uint8_t data[UDP_BATCH][UDP_DATAGRAM_MAX];
};

struct udp_socket {
  int fd;
  int family;
  uint16_t port;
  unsigned queued;
  struct udp_counters counters;
  struct queue in, out;
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

int udp_path_same_peer(const struct udp_path *a, const struct udp_path *b) {
  return a->port == b->port && a->scope == b->scope && memcmp(a->peer, b->peer, 16) == 0;
}

char *udp_path_text(const struct udp_path *path, char text[UDP_PATH_TEXT_SIZE]) {
  char address[INET6_ADDRSTRLEN] = "?";
  if (memcmp(path->peer, mapped_prefix, 12) == 0) {
    inet_ntop(AF_INET, path->peer + 12, address, sizeof address);
    snprintf(text, UDP_PATH_TEXT_SIZE, "%s:%u", address, path->port);
  } else {
    inet_ntop(AF_INET6, path->peer, address, sizeof address);
    snprintf(text, UDP_PATH_TEXT_SIZE, "[%s]:%u", address, path->port);
  }
  return text;
}

static void map_v4(uint8_t out[16], const void *v4) {
  memcpy(out, mapped_prefix, 12);
  memcpy(out + 12, v4, 4);
}

/* ---- opening ---- */

static int resolve(const char *bind_address, uint16_t port, union address *out, socklen_t *size) {
  char service[8];
  struct addrinfo hints = {.ai_family = AF_UNSPEC,
                           .ai_socktype = SOCK_DGRAM,
                           .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
  struct addrinfo *found = NULL;
  snprintf(service, sizeof service, "%u", port);
  if (getaddrinfo(bind_address, service, &hints, &found) != 0) return SRV_ERR_INVALID;
  memcpy(out, found->ai_addr, found->ai_addrlen);
  *size = found->ai_addrlen;
  freeaddrinfo(found);
  return SRV_OK;
}

static void set_options(int fd, int family) {
  int on = 1, off = 0, size = SOCKET_BUFFER_SIZE;
  if (family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  /* FORCE needs CAP_NET_ADMIN; otherwise rmem_max is the limit. */
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static int open_bound(const union address *address, socklen_t size, uint16_t *port) {
  union address bound = {.v6 = {.sin6_family = AF_UNSPEC}};
  socklen_t bound_size = sizeof bound;
  int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  set_options(fd, address->any.sa_family);
  if (bind(fd, &address->any, size) != 0 || getsockname(fd, &bound.any, &bound_size) != 0) {
    int saved = errno;
    close(fd);
    return -saved;
  }
  *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
  return fd;
}

static int explain(int code, const char *bind_address, uint16_t port, char *error,
                   size_t error_size) {
  if (code == EADDRINUSE) {
    snprintf(error, error_size,
             "cannot listen on UDP port %u: another program has it; stop it or choose another "
             "port for devices",
             port);
    return SRV_ERR_BUSY;
  }
  snprintf(error, error_size, "cannot listen on UDP %s port %u: %s", bind_address, port,
           strerror(code));
  return SRV_ERR_IO;
}

static void prepare_receiving(struct udp_socket *socket) {
  for (unsigned i = 0; i < UDP_BATCH; i++) {
    socket->in.vector[i] =
        (struct iovec){.iov_base = socket->in.data[i], .iov_len = UDP_DATAGRAM_MAX};
    socket->in.header[i].msg_hdr.msg_iov = &socket->in.vector[i];
    socket->in.header[i].msg_hdr.msg_iovlen = 1;
    socket->in.header[i].msg_hdr.msg_name = &socket->in.address[i];
    socket->in.header[i].msg_hdr.msg_control = &socket->in.control[i];
  }
}

int udp_open(struct udp_socket **out, const char *bind_address, uint16_t port, char *error,
             size_t error_size) {
  const char *wanted = bind_address != NULL ? bind_address : "::";
  union address address;
  socklen_t size;
  *out = NULL;
  if (resolve(wanted, port, &address, &size) != SRV_OK) {
    snprintf(error, error_size, "'%s' is no numeric IP address to listen on", wanted);
    return SRV_ERR_INVALID;
  }
  uint16_t bound_port = 0;
  int fd = open_bound(&address, size, &bound_port);
  if ((fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) && bind_address == NULL &&
      resolve("0.0.0.0", port, &address, &size) == SRV_OK) /* a kernel without IPv6 */
    fd = open_bound(&address, size, &bound_port);
  if (fd < 0) return explain(-fd, wanted, port, error, error_size);

  struct udp_socket *socket = calloc(1, sizeof *socket);
  if (socket == NULL) {
    close(fd);
    snprintf(error, error_size, "out of memory for the UDP socket's queues");
    return SRV_ERR_INTERNAL;
  }
  socket->fd = fd;
  socket->family = address.any.sa_family;
  socket->port = bound_port;
  prepare_receiving(socket);
  *out = socket;
  return SRV_OK;
}

void udp_close(struct udp_socket *socket) {
  if (socket == NULL) return;
  udp_flush(socket);
  close(socket->fd);
  free(socket);
}

int udp_fd(const struct udp_socket *socket) { return socket->fd; }
uint16_t udp_port(const struct udp_socket *socket) { return socket->port; }
const struct udp_counters *udp_counters(const struct udp_socket *socket) {
  return &socket->counters;
}

/* ---- receiving ---- */

int udp_receive(struct udp_socket *socket) {
  for (unsigned i = 0; i < UDP_BATCH; i++) {
    socket->in.header[i].msg_hdr.msg_namelen = sizeof socket->in.address[i];
    socket->in.header[i].msg_hdr.msg_controllen = sizeof socket->in.control[i];
  }
  for (;;) {
    int count = recvmmsg(socket->fd, socket->in.header, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (count >= 0) return count;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    /* An ICMP error of an earlier datagram is reported once; read on. */
    if (errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH)
      continue;
    return -errno;
  }
}

static void read_local_address(struct msghdr *message, struct udp_path *path) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(path->local, &info.ipi6_addr, 16);
      return;
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      map_v4(path->local, &info.ipi_spec_dst);
    }
  }
}

const uint8_t *udp_received(const struct udp_socket *socket, int index, size_t *size,
                            struct udp_path *path) {
  const union address *from = &socket->in.address[index];
  struct msghdr message = socket->in.header[index].msg_hdr;
  *path = (struct udp_path){.scope = 0};
  if (from->any.sa_family == AF_INET6) {
    memcpy(path->peer, &from->v6.sin6_addr, 16);
    path->port = ntohs(from->v6.sin6_port);
    path->scope = from->v6.sin6_scope_id;
  } else {
    map_v4(path->peer, &from->v4.sin_addr);
    path->port = ntohs(from->v4.sin_port);
  }
  read_local_address(&message, path);
  /* Longer than any datagram of ours: truncated, hence worthless. */
  *size = (message.msg_flags & MSG_TRUNC) != 0 ? 0 : socket->in.header[index].msg_len;
  struct udp_socket *counting = (struct udp_socket *)(uintptr_t)socket;
  counting->counters.datagrams_in++;
  counting->counters.bytes_in += socket->in.header[index].msg_len;
  return socket->in.data[index];
}

/* ---- sending ---- */

static socklen_t write_address(union address *to, int family, const struct udp_path *path) {
  memset(to, 0, sizeof *to);
  if (family == AF_INET) {
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(path->port);
    memcpy(&to->v4.sin_addr, path->peer + 12, 4);
    return sizeof to->v4;
  }
  to->v6.sin6_family = AF_INET6;
  to->v6.sin6_port = htons(path->port);
  to->v6.sin6_scope_id = path->scope;
  memcpy(&to->v6.sin6_addr, path->peer, 16);
  return sizeof to->v6;
}

static size_t write_local_address(union control *control, const struct udp_path *path) {
  static const uint8_t unset[16];
  if (memcmp(path->local, unset, 16) == 0) return 0;
  memset(control, 0, sizeof *control);
  if (memcmp(path->local, mapped_prefix, 12) == 0) {
    struct in_pktinfo info = {.ipi_ifindex = 0};
    memcpy(&info.ipi_spec_dst, path->local + 12, 4);
    control->align = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(&control->align), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  struct in6_pktinfo info = {.ipi6_ifindex = path->scope};
  memcpy(&info.ipi6_addr, path->local, 16);
  control->align = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
  memcpy(CMSG_DATA(&control->align), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

void udp_send(struct udp_socket *socket, const struct udp_path *path, const void *data,
              size_t size) {
  if (size > UDP_DATAGRAM_MAX) return;
  if (socket->queued == UDP_BATCH) udp_flush(socket);
  unsigned i = socket->queued++;
  struct queue *out = &socket->out;
  memcpy(out->data[i], data, size);
  out->vector[i] = (struct iovec){.iov_base = out->data[i], .iov_len = size};
  struct msghdr *message = &out->header[i].msg_hdr;
  *message = (struct msghdr){.msg_iov = &out->vector[i], .msg_iovlen = 1};
  message->msg_name = &out->address[i];
  message->msg_namelen = write_address(&out->address[i], socket->family, path);
  message->msg_controllen = write_local_address(&out->control[i], path);
  if (message->msg_controllen > 0) message->msg_control = &out->control[i];
}

/* A datagram that the kernel does not take is dropped, as the network might
 * have dropped it: retransmission is the layer above's. */
void udp_flush(struct udp_socket *socket) {
  unsigned done = 0;
  while (done < socket->queued) {
    int sent = sendmmsg(socket->fd, socket->out.header + done, socket->queued - done, MSG_DONTWAIT);
    if (sent > 0) {
      for (int i = 0; i < sent; i++)
        socket->counters.bytes_out += socket->out.vector[done + (unsigned)i].iov_len;
      socket->counters.datagrams_out += (unsigned)sent;
      done += (unsigned)sent;
    } else if (errno != EINTR) {
      socket->counters.send_drops++;
      done++;
    }
  }
  socket->queued = 0;
}
