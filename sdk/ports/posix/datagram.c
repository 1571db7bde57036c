/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/datagram.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "godwit/status.h"
#include "resolve.h"

/* Connected sockets: the kernel then drops datagrams of strangers, and says
 * when nobody listens at the other end. */
static int open_connected(const struct godwit_address *address) {
  int handle = socket(address->to.any.sa_family, SOCK_DGRAM, 0);
  if (handle < 0) return GODWIT_ERR_IO;
  int flags = fcntl(handle, F_GETFL);
  if (flags < 0 || fcntl(handle, F_SETFL, flags | O_NONBLOCK) < 0 ||
      fcntl(handle, F_SETFD, FD_CLOEXEC) < 0 ||
      connect(handle, &address->to.any, address->size) < 0) {
    close(handle);
    return GODWIT_ERR_IO;
  }
  return handle;
}

int godwit_platform_datagram_open(const char *host, uint16_t port) {
  struct godwit_address address;
  int status = godwit_posix_resolve(host, port, &address);
  return status < 0 ? status : open_connected(&address);
}

static int status_of_errno(void) {
  switch (errno) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
      return 0; /* lost, as on the air */
    case ECONNREFUSED:
      return GODWIT_ERR_CONNECTION;
    default:
      return GODWIT_ERR_IO;
  }
}

int godwit_platform_datagram_send(int handle, const void *data, size_t size) {
  return send(handle, data, size, 0) < 0 ? status_of_errno() : 0;
}

int godwit_platform_datagram_receive(int handle, void *data, size_t size) {
  ssize_t received = recv(handle, data, size, 0);
  return received < 0 ? status_of_errno() : (int)received;
}

void godwit_platform_datagram_close(int handle) { close(handle); }

void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  struct pollfd entry = {.fd = handle, .events = POLLIN};
  (void)poll(&entry, handle >= 0 ? 1 : 0, timeout_ms > 60000u ? 60000 : (int)timeout_ms);
}
