/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_CORE_H
#define SERVER_CORE_CORE_H
/* What the gateway asks of the core: who is this device, what should it run,
 * give me those bytes, it said this. No sockets and no SQL here. One loop owns
 * the core; every function is called from that thread.
 *
 * Errors: enum srv_status, 0 is ok; the core keeps a one-line reason for the
 * last failure (srv_core_error). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/core/limits.h"
#include "server/core/status.h"
#include "server/store/blob.h" /* struct srv_blob_view */
#include "wire/manifest.h"
#include "wire/report.h"

struct srv_core;

/* One-line reason of the last failure; valid until the next call. */
const char *srv_core_error(const struct srv_core *core);

/* A device as a session knows it: enough to answer without a look-up. */
struct srv_device_ref {
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
};

/* Finds the key for a PSK identity. SRV_ERR_NOT_FOUND for an unknown one,
 * SRV_ERR_FORBIDDEN for a disabled device. The caller wipes psk. */
struct srv_psk {
  struct srv_device_ref device;
  uint8_t key[SRV_PSK_MAX];
  size_t key_size;
};
int srv_core_find_psk(struct srv_core *core, const uint8_t *identity, size_t identity_size,
                      struct srv_psk *out);

/* The device came (handshake done) or went (session ended), or sent something:
 * keeps status, lastSeenOnline and lastSeenOffline. */
void srv_core_device_online(struct srv_core *core, const struct srv_device_ref *device);
void srv_core_device_offline(struct srv_core *core, const struct srv_device_ref *device);

/* What this device should run now (DESIGN: highest sequence number of the
 * matching releases with rollout on). No release: component_count 0. */
int srv_core_manifest(struct srv_core *core, const struct srv_device_ref *device,
                      struct gw_manifest *out);

/* The bytes behind PKG@VER in the device's project, whole and read-only.
 * Borrowed: valid until srv_core_release_blob. Any artifact of the project may
 * be asked for at any time, whether released or not. */
int srv_core_open_blob(struct srv_core *core, const struct srv_device_ref *device,
                       const char *package, const char *version, struct srv_blob_view *out);
void srv_core_release_blob(struct srv_core *core, struct srv_blob_view *view);

/* Takes an OTA state report: appends an OTA event and updates the device's
 * current state for that package. */
int srv_core_report(struct srv_core *core, const struct srv_device_ref *device,
                    const struct gw_report *report);

/* Group commit: writes made between begin and commit reach the disk together.
 * The gateway wraps each batch of datagrams in one pair and sends its answers
 * after the commit, so that nothing acknowledged is lost. Nothing written: no
 * cost. */
void srv_core_batch_begin(struct srv_core *core);
int srv_core_batch_commit(struct srv_core *core);

/* What the core tells the gateway; called on the loop's thread, after the
 * change is committed. The gateway must not call back into functions that
 * write from inside these. */
struct srv_core_listener {
  void *context;
  /* Releases, or what devices match, changed: re-evaluate the observers of
   * this project (device_id NULL) or of one device. */
  void (*manifest_changed)(void *context, const char *project_id, const char *device_id);
  /* Disabled, deleted, or its credentials changed: end its session now.
   * identity NULL: whatever credential it used. */
  void (*device_revoked)(void *context, const char *project_id, const char *device_id);
};
void srv_core_set_listener(struct srv_core *core, const struct srv_core_listener *listener);
#endif
