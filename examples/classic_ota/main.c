/* SPDX-License-Identifier: Apache-2.0 */
/* The classic shape of an over-the-air update: on_manifest notes what there is,
 * download fetches it, write_block appends each block to a file on the SD card
 * (here: a folder), and its digest is checked before it gets its name.
 *
 *   classic_ota HOST[:PORT] IDENTITY KEY FOLDER
 *
 * This is the loop in the application's own hands. Restart-proof resume, the
 * check of what is on the medium, rollback and the swap of a running model are
 * in godwit/updater.h; see examples/micro_speech/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "godwit/log.h"
#include "godwit/ota.h"
#include "mbedtls/sha256.h"

#define PACKAGE "model"

static struct gw_component wanted; /* package "": nothing to do */
static char current_version[GW_VERSION_MAX + 1];

static void on_manifest(struct godwit_client *client, const struct godwit_response *response,
                        void *arg) {
  (void)client;
  (void)arg;
  struct gw_manifest manifest;
  if (response->status != GODWIT_OK ||
      godwit_ota_payload_as_manifest(response->payload, response->payload_size, &manifest) < 0) {
    godwit_log(GODWIT_LOG_WARN, "this is no manifest; staying with what runs");
    return;
  }
  const struct gw_component *component = godwit_ota_find_component(&manifest, PACKAGE);
  /* Not here: downloading from a callback would hold up the client. */
  if (component != NULL) wanted = *component;
}

struct file {
  FILE *file;
  mbedtls_sha256_context digest;
};

static int write_block(const struct gw_component *component, uint32_t block_idx,
                       const uint8_t *block_buffer, size_t block_size, bool is_last, void *arg) {
  struct file *file = arg;
  godwit_log(GODWIT_LOG_INFO, "%s@%s: block %u, %zu bytes%s", component->package,
             component->version, (unsigned)block_idx, block_size, is_last ? ", the last" : "");
  mbedtls_sha256_update(&file->digest, block_buffer, block_size);
  size_t written = fwrite(block_buffer, 1, block_size, file->file);
  return written == block_size ? GODWIT_OK : GODWIT_ERR_NO_SPACE;
}

/* Blocks until the connection is there (again). */
static void wait_for_connection(struct godwit_client *client) {
  while (godwit_client_state(client) != GODWIT_CLIENT_CONNECTED) {
    godwit_client_poll(client);
    godwit_client_wait(client, 1000);
  }
}

static int download_to(struct godwit_client *client, const struct gw_component *component,
                       const char *path) {
  struct file file = {.file = fopen(path, "wb")};
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t next_block = 0;
  int status;
  if (file.file == NULL) return GODWIT_ERR_IO;
  mbedtls_sha256_init(&file.digest);
  mbedtls_sha256_starts(&file.digest, 0);
  do { /* a lost link: on with the next block when it is back */
    wait_for_connection(client);
    status = godwit_ota_download_component(client, component, &next_block, write_block, &file);
  } while (status == GODWIT_ERR_CONNECTION || status == GODWIT_ERR_TIMEOUT);
  mbedtls_sha256_finish(&file.digest, digest);
  mbedtls_sha256_free(&file.digest);
  if (fflush(file.file) != 0 || fsync(fileno(file.file)) != 0) status = GODWIT_ERR_IO;
  fclose(file.file);
  if (status < 0) return status;
  return memcmp(digest, component->digest, sizeof digest) == 0 ? GODWIT_OK : GODWIT_ERR_INTEGRITY;
}

static enum gw_ota_reason reason_of(int status) {
  if (status == GODWIT_ERR_INTEGRITY) return GW_OTA_INTEGRITY_CHECK_FAILED;
  if (status == GODWIT_ERR_NO_SPACE) return GW_OTA_NOT_ENOUGH_FLASH;
  return GW_OTA_IO;
}

static void update(struct godwit_client *client, const struct gw_component *component,
                   const char *folder) {
  char part[300], path[300];
  snprintf(part, sizeof part, "%s/%s.part", folder, component->package);
  snprintf(path, sizeof path, "%s/%s_%s", folder, component->package, component->version);
  const char *target = component->version;
  godwit_ota_report_state(client, GW_OTA_DOWNLOADING, GW_OTA_READY, PACKAGE, current_version,
                          target);
  int status = download_to(client, component, part);
  if (status == GODWIT_OK && rename(part, path) != 0) status = GODWIT_ERR_IO;
  if (status < 0) {
    godwit_log(GODWIT_LOG_ERROR, "%s: %s", path, godwit_status_name(status));
    remove(part);
    godwit_ota_report_state(client, GW_OTA_IDLE, reason_of(status), PACKAGE, current_version,
                            target);
    return;
  }
  godwit_ota_report_state(client, GW_OTA_DOWNLOADED, GW_OTA_READY, PACKAGE, current_version,
                          target);
  godwit_ota_report_state(client, GW_OTA_UPDATING, GW_OTA_READY, PACKAGE, current_version, target);
  memcpy(current_version, component->version, sizeof current_version); /* load the model here */
  godwit_log(GODWIT_LOG_INFO, "%s is complete, its digest is right", path);
  godwit_ota_report_state(client, GW_OTA_UPDATING, GW_OTA_UPDATED_SUCCESSFULLY, PACKAGE,
                          current_version, NULL);
  godwit_ota_report_state(client, GW_OTA_IDLE, GW_OTA_READY, PACKAGE, current_version, NULL);
}

int main(int argc, char **argv) {
  static uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  struct godwit_client *client;
  if (argc != 5) {
    fprintf(stderr, "usage: %s HOST[:PORT] IDENTITY KEY FOLDER\n", argv[0]);
    return 2;
  }
  char *port = strrchr(argv[1], ':');
  if (port != NULL) *port++ = '\0';
  int status = godwit_client_init(
      &client, &(struct godwit_client_config){.host = argv[1],
                                              .port = port ? (uint16_t)strtoul(port, NULL, 10) : 0,
                                              .psk_identity = argv[2],
                                              .psk = argv[3],
                                              .psk_size = strlen(argv[3]),
                                              .memory = memory,
                                              .memory_size = sizeof memory});
  if (status < 0) {
    fprintf(stderr, "client: %s: check host, identity and key\n", godwit_status_name(status));
    return 1;
  }
  godwit_ota_observe_manifest_async(client, on_manifest, NULL);
  godwit_ota_report_state(client, GW_OTA_IDLE, GW_OTA_READY, PACKAGE, NULL, NULL);
  godwit_client_start(client);
  for (;;) {
    godwit_client_poll(client);
    if (wanted.package[0] != '\0') {
      struct gw_component component = wanted;
      wanted.package[0] = '\0'; /* each manifest is tried once: no tight loop */
      if (strcmp(component.version, current_version) != 0) update(client, &component, argv[4]);
    }
    godwit_client_wait(client, 1000);
  }
}
