/* SPDX-License-Identifier: Apache-2.0 */
// clang-format off
// fuzz-link: wire sdk/src/client.c sdk/src/exchange.c sdk/src/folder.c sdk/src/journal.c
// fuzz-link: sdk/src/log.c sdk/src/ota.c sdk/src/pool.c sdk/src/status.c sdk/src/store.c
// fuzz-link: sdk/src/store_name.c sdk/src/text.c sdk/src/updater.c sdk/src/updater_fetch.c sdk/src/window.c
// fuzz-link: build/deps/mbedtls/library/sha256.c build/deps/mbedtls/library/platform.c
// fuzz-link: build/deps/mbedtls/library/platform_util.c
// clang-format on
/* A server that says anything to a whole device, DTLS aside. The input is a
 * list of messages, each behind a two-byte head: its length, and how the token,
 * the message id and the time before it are chosen. With head bit 7 the token
 * and id of the device's last request are put in, so that what follows is taken
 * for its answer. */
#include <stdlib.h>
#include <string.h>

#include "godwit/folder.h"
#include "godwit/updater.h"
#include "sdk/platform/clock.h"
#include "sdk/platform/datagram.h"
#include "sdk/platform/log.h"
#include "sdk/platform/random.h"
#include "sdk/platform/storage.h"
#include "sdk/src/dtls.h"
#include "wire/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t now_ms;
static uint8_t incoming[GW_COAP_DATAGRAM_MAX];
static size_t incoming_size;
static uint8_t sent[16]; /* header and token of the last request */

static void check(int condition) {
  if (!condition) abort();
}

/* DTLS that is always there. */
int godwit_dtls_begin(struct godwit_dtls *dtls, int socket,
                      const struct godwit_dtls_config *config) {
  (void)config;
  dtls->socket = socket;
  dtls->open = true;
  return GODWIT_OK;
}
int godwit_dtls_handshake(struct godwit_dtls *dtls) {
  dtls->connection_id = true;
  return GODWIT_OK;
}
uint32_t godwit_dtls_timeout_ms(const struct godwit_dtls *dtls, uint64_t now) {
  (void)dtls, (void)now;
  return 0;
}
int godwit_dtls_send(struct godwit_dtls *dtls, const void *data, size_t size) {
  struct gw_coap_message message;
  check(dtls->open);
  check(gw_coap_parse(data, size, &message) == GW_OK); /* we say nothing malformed ourselves */
  if (message.type == GW_COAP_CON) memcpy(sent, data, size < sizeof sent ? size : sizeof sent);
  return GODWIT_OK;
}
int godwit_dtls_receive(struct godwit_dtls *dtls, void *data, size_t size) {
  check(dtls->open && size >= incoming_size);
  size_t taken = incoming_size;
  memcpy(data, incoming, taken);
  incoming_size = 0;
  return (int)taken;
}
int godwit_dtls_take_socket_error(struct godwit_dtls *dtls) {
  (void)dtls;
  return GODWIT_OK;
}
void godwit_dtls_move(struct godwit_dtls *dtls, int socket) { dtls->socket = socket; }
bool godwit_dtls_has_connection_id(const struct godwit_dtls *dtls) { return dtls->connection_id; }
void godwit_dtls_end(struct godwit_dtls *dtls, bool notify) {
  (void)notify;
  dtls->open = false;
}

/* The port. */
uint64_t godwit_platform_now_ms(void) { return now_ms; }
int godwit_platform_random(void *buffer, size_t size) {
  memset(buffer, 0x5A, size);
  return 0;
}
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  check(level <= GODWIT_LOG_DEBUG && strlen(line) < GODWIT_LOG_LINE_MAX);
}
int godwit_platform_datagram_open(const char *host, uint16_t port) {
  check(host != NULL && port != 0);
  return 3;
}
void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  (void)handle, (void)timeout_ms;
}

#define FILES 8
#define FILE_BYTES 8192u
static struct {
  char name[48];
  size_t size;
  uint8_t data[FILE_BYTES];
} files[FILES];

static int find(const char *name) {
  for (int i = 0; i < FILES; i++) {
    if (strcmp(files[i].name, name) == 0) return i;
  }
  return -1;
}
int godwit_platform_storage_mount(const char *volume) { return volume == NULL; }
int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  (void)volume;
  int i = find(name);
  return i < 0 ? GODWIT_ERR_NOT_FOUND : (int64_t)files[i].size;
}
int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume;
  int i = find(name);
  if (i < 0) return GODWIT_ERR_NOT_FOUND;
  size_t left = offset < files[i].size ? files[i].size - offset : 0;
  if (size > left) size = left;
  memcpy(data, files[i].data + offset, size);
  return (int)size;
}
int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume;
  check(strlen(name) < sizeof files[0].name && strchr(name, '/') == NULL && name[0] != '.');
  int i = find(name);
  if (i < 0) i = find("");
  check(i >= 0); /* otherwise the store leaks files */
  if (offset + size > FILE_BYTES) return GODWIT_ERR_NO_SPACE;
  strcpy(files[i].name, name);
  check(offset <= files[i].size);
  memcpy(files[i].data + offset, data, size);
  if (offset + size > files[i].size) files[i].size = offset + size;
  return 0;
}
int godwit_platform_storage_truncate(const char *volume, const char *name, uint32_t size) {
  (void)volume;
  int i = find(name);
  if (i >= 0 && files[i].size > size) files[i].size = size;
  return 0;
}
int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume;
  return find(name) < 0 ? GODWIT_ERR_IO : 0;
}
int godwit_platform_storage_remove(const char *volume, const char *name) {
  (void)volume;
  int i = find(name);
  if (i >= 0) memset(&files[i], 0, sizeof files[i]);
  return 0;
}
int64_t godwit_platform_storage_free(const char *volume) {
  (void)volume;
  return FILE_BYTES;
}

/* The application. */
static int load(void *arg, const struct godwit_model *model) {
  (void)arg;
  return model->size > 0 && model->data[0] == 'b' ? GODWIT_ERR_MODEL : GODWIT_OK;
}
static void activate(void *arg, const struct godwit_model *model) {
  (void)arg;
  check(model->version[0] != '\0');
}

static void let_time_pass(struct godwit_updater *updater) {
  for (int i = 0; i < 4; i++) {
    godwit_updater_poll(updater);
    check(godwit_updater_next_timeout_ms(updater) <= 60000u);
    now_ms += 20;
  }
}

/* Takes one message off the input. */
static void next_message(const uint8_t **data, size_t *size) {
  size_t length = (*data)[0];
  uint8_t how = (*data)[1];
  *data += 2;
  *size -= 2;
  if (length * 5 > sizeof incoming) length = sizeof incoming / 5;
  if ((how & 0x40) != 0) length *= 5;
  if (length > *size) length = *size;
  memcpy(incoming, *data, length);
  incoming_size = length;
  if ((how & 0x80) != 0 && length >= 8) {
    incoming[0] = (uint8_t)((incoming[0] & 0x30) | 0x44);
    memcpy(incoming + 2, sent + 2, 6);
  }
  now_ms += (uint64_t)(how & 0x0F) * ((how & 0x10) ? 3000u : 1u);
  *data += length;
  *size -= length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  static _Alignas(16) uint8_t slot[2][4096];
  static struct godwit_folder folder;
  static struct godwit_store store;
  static struct godwit_updater updater;
  struct godwit_client *client;
  now_ms = 1000;
  incoming_size = 0;
  memset(files, 0, sizeof files);
  check(godwit_client_init(&client, &(struct godwit_client_config){.host = "h",
                                                                   .psk_identity = "i",
                                                                   .psk = "k",
                                                                   .psk_size = 1,
                                                                   .memory = memory,
                                                                   .memory_size = sizeof memory}) ==
        GODWIT_OK);
  godwit_folder_init(&folder, "v");
  check(godwit_store_init(&store, &(struct godwit_store_config){.medium = &folder.medium,
                                                                .package = "model"}) == GODWIT_OK);
  check(
      godwit_updater_init(&updater, &(struct godwit_updater_config){
                                        .client = client,
                                        .store = &store,
                                        .slot = {{slot[0], 4096}, {slot[1], 4096}},
                                        .ops = {.load = load, .activate = activate}}) == GODWIT_OK);
  check(godwit_updater_start(&updater) == GODWIT_ERR_NOT_FOUND);
  let_time_pass(&updater);
  while (size > 2) {
    next_message(&data, &size);
    let_time_pass(&updater);
  }
  godwit_updater_deinit(&updater);
  godwit_client_deinit(client);
  return 0;
}
