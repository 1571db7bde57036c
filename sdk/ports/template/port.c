/* SPDX-License-Identifier: Apache-2.0 */
/* Copy this file, fill in each function, link it with godwit_sdk. The contract
 * of each is in sdk/platform/; what goes wrong when one is kept badly is in
 * docs/porting/README.md. It compiles as it is, and does nothing: no clock that
 * moves, no entropy, no network, no medium. */
#include "godwit/status.h"
#include "platform/clock.h"
#include "platform/datagram.h"
#include "platform/log.h"
#include "platform/random.h"
#include "platform/storage.h"

/* platform/clock.h */
uint64_t godwit_platform_now_ms(void) { return 0; }

/* platform/random.h */
int godwit_platform_random(void *buffer, size_t size) {
  (void)buffer, (void)size;
  return GODWIT_ERR_IO; /* never pretend: keys would be guessable */
}

/* platform/log.h */
void godwit_platform_log(enum godwit_log_level level, const char *line) { (void)level, (void)line; }

/* platform/datagram.h */
int godwit_platform_datagram_open(const char *host, uint16_t port) {
  (void)host, (void)port;
  return GODWIT_ERR_IO;
}

int godwit_platform_datagram_send(int handle, const void *data, size_t size) {
  (void)handle, (void)data, (void)size;
  return GODWIT_ERR_IO;
}

int godwit_platform_datagram_receive(int handle, void *data, size_t size) {
  (void)handle, (void)data, (void)size;
  return GODWIT_ERR_IO;
}

void godwit_platform_datagram_close(int handle) { (void)handle; }

void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  (void)handle, (void)timeout_ms;
}

/* platform/storage.h */
int godwit_platform_storage_mount(const char *volume) {
  (void)volume;
  return GODWIT_ERR_IO;
}

int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  (void)volume, (void)name;
  return GODWIT_ERR_IO;
}

int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume, (void)name, (void)offset, (void)data, (void)size;
  return GODWIT_ERR_IO;
}

int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume, (void)name, (void)offset, (void)data, (void)size;
  return GODWIT_ERR_IO;
}

int godwit_platform_storage_truncate(const char *volume, const char *name, uint32_t size) {
  (void)volume, (void)name, (void)size;
  return GODWIT_ERR_IO;
}

int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume, (void)name;
  return GODWIT_ERR_IO;
}

int godwit_platform_storage_remove(const char *volume, const char *name) {
  (void)volume, (void)name;
  return GODWIT_ERR_IO;
}

int64_t godwit_platform_storage_free(const char *volume) {
  (void)volume;
  return INT64_MAX;
}
