/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/random.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "godwit/status.h"

/* The device file rather than getrandom: every POSIX system has it. It stays
 * open, so that a process without file descriptors left can still reconnect. */
int godwit_platform_random(void *buffer, size_t size) {
  static int file = -1;
  unsigned char *at = buffer;
  if (file < 0) file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  while (size > 0) {
    ssize_t taken = file < 0 ? -1 : read(file, at, size);
    if (taken < 0 && file >= 0 && errno == EINTR) continue;
    if (taken <= 0) return GODWIT_ERR_IO;
    at += taken;
    size -= (size_t)taken;
  }
  return 0;
}
