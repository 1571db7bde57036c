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
#include "wire/description.h"
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
  char credential_id[SRV_ID_LENGTH + 1];
};
int srv_core_find_psk(struct srv_core *core, const uint8_t *identity, size_t identity_size,
                      struct srv_psk *out);

/* The device came (handshake done) or went (session ended), or sent something:
 * keeps status, lastSeenOnline and lastSeenOffline. */
void srv_core_device_online(struct srv_core *core, const struct srv_device_ref *device);
void srv_core_device_offline(struct srv_core *core, const struct srv_device_ref *device);
/* Said beside device_online: by which credential (is_certificate: of
 * core/pki.h) the device is in. Keeps its lastUsed, written as those are. */
void srv_core_credential_used(struct srv_core *core, const struct srv_device_ref *device,
                              const char *credential_id, bool is_certificate);

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

/* What else is known of PKG@VER as this device gets it: signature, shorter forms
 * of its bytes, what the release asks. Cheap: nothing is made here, what is
 * missing is begun. SRV_ERR_NOT_FOUND as above. The signature is borrowed until
 * the next call of the core. */
int srv_core_describe(struct srv_core *core, const struct srv_device_ref *device,
                      const char *package, const char *version, struct gw_description *out);
/* The bytes of an offer of the device's project, by its id as the description
 * has it, in 16 lower-case hex digits; as srv_core_open_blob. */
int srv_core_open_offer(struct srv_core *core, const struct srv_device_ref *device,
                        const char *wire_id, struct srv_blob_view *out);
/* As srv_core_download_progress (core/changes.h), for bytes of an offer. */
void srv_core_offer_progress(struct srv_core *core, const struct srv_device_ref *device,
                             const char *wire_id, uint32_t offset_end, uint32_t size);

/* Takes an OTA state report: appends an OTA event and updates the device's
 * current state for that package. */
int srv_core_report(struct srv_core *core, const struct srv_device_ref *device,
                    const struct gw_report *report);

/* --- streams: captures ---------------------------------------------------- */

/* An upload takes the bytes as they come: begin, append..., then finish or
 * abort, either of which ends it; it may be open for minutes, over many
 * batches. path: behind ".s/", checked here. format: CoAP Content-Format or
 * SRV_FORMAT_NONE; 63 is a CBOR sequence of a provenance map and a byte string
 * (docs/spec/wire.md), taken apart here; sniffing decides on the rest.
 *
 * begin: SRV_ERR_BUSY when the device has used up its day, SRV_ERR_INVALID for
 * the path, SRV_ERR_NO_SPACE when the disk is nearly full (SRV_DISK_RESERVE).
 * append: SRV_ERR_TOO_LARGE past SRV_CAPTURE_SIZE_MAX,
 * SRV_ERR_NO_SPACE, SRV_ERR_BUSY past the day, and SRV_ERR_INVALID as soon as
 * format 63 is seen not to hold what it says; end it with abort then. finish:
 * likewise; SRV_OK means that it is kept, once the batch is committed. */
#define SRV_FORMAT_NONE 0xFFFFu
#define SRV_FORMAT_CBOR_SEQUENCE 63u
struct srv_capture_upload;
int srv_core_capture_begin(struct srv_core *core, const struct srv_device_ref *device,
                           const char *path, uint16_t format, struct srv_capture_upload **out);
int srv_core_capture_append(struct srv_capture_upload *upload, const void *data, size_t size);
int srv_core_capture_finish(struct srv_capture_upload *upload);
void srv_core_capture_abort(struct srv_capture_upload *upload);

/* --- state ---------------------------------------------------------------- */

/* A device's state is one JSON document, an object; path ("a/b", "" for all of
 * it) names a member, numbers an array's element, the one after its last to
 * append. Both sides use these: a change made by REST is pushed to the device's
 * observers, and the device's own is too.
 * get: *json is malloc'd compact JSON, "null" for what is not there.
 * set: replaces what is at path, making objects on the way; null deletes it.
 * merge: members of the JSON object given replace those of the object at path,
 * null removes one.
 * SRV_ERR_INVALID (no JSON, a bad path), SRV_ERR_TOO_LARGE (document beyond
 * SRV_DEVICE_STATE_MAX). delete: SRV_OK also when it was not there. */
int srv_core_state_get(struct srv_core *core, const struct srv_device_ref *device, const char *path,
                       char **json);
int srv_core_state_set(struct srv_core *core, const struct srv_device_ref *device, const char *path,
                       const char *json, size_t size, bool merge);
int srv_core_state_delete(struct srv_core *core, const struct srv_device_ref *device,
                          const char *path);

/* --- settings ------------------------------------------------------------- */

/* What applies to this device, the nearest level wins, by key. */
struct srv_device_settings {
  int64_t version; /* rises with each change that could matter to it */
  size_t count;
  struct srv_device_setting {
    char key[SRV_SETTING_KEY_MAX + 1];
    uint8_t type; /* enum srv_setting_type */
    char value[SRV_SETTING_VALUE_MAX + 1];
  } setting[SRV_SETTINGS_MAX];
};
int srv_core_settings(struct srv_core *core, const struct srv_device_ref *device,
                      struct srv_device_settings *out);
/* errors: JSON array of {"setting_key", "error_code"}. */
int srv_core_settings_status(struct srv_core *core, const struct srv_device_ref *device,
                             int64_t version, const char *errors);

/* --- remote calls --------------------------------------------------------- */

/* The call that the device should hear now: the oldest that waits, one at a
 * time. Borrowed until the next call of the core. NULL: none. Adding one tells
 * observed_changed. */
struct srv_rpc_call {
  char id[SRV_ID_LENGTH + 1];
  char method[SRV_RPC_METHOD_MAX + 1];
  const char *params; /* JSON array */
  bool delivered;     /* the device has acknowledged it: do not send it again */
};
const struct srv_rpc_call *srv_core_rpc_current(struct srv_core *core,
                                                const struct srv_device_ref *device);
void srv_core_rpc_delivered(struct srv_core *core, const struct srv_device_ref *device,
                            const char *id);
/* Does the device listen to calls at all? The gateway says so when an observer
 * of `.rpc` comes or goes. */
void srv_core_rpc_listening(struct srv_core *core, const struct srv_device_ref *device,
                            bool listening);
/* detail: JSON or NULL. SRV_ERR_NOT_FOUND: nobody asked that, or gave up; only
 * the current call can be answered. SRV_ERR_TOO_LARGE: the call has ended, its
 * detail was left out. */
int srv_core_rpc_answer(struct srv_core *core, const struct srv_device_ref *device, const char *id,
                        uint32_t status_code, const char *detail);

/* --- logs ----------------------------------------------------------------- */

enum srv_device_log_level { SRV_DEVICE_ERROR, SRV_DEVICE_WARN, SRV_DEVICE_INFO, SRV_DEVICE_DEBUG };
/* Longer texts are cut. fields: JSON object or "". SRV_ERR_NO_SPACE when the disk
 * is nearly full. */
int srv_core_device_log(struct srv_core *core, const struct srv_device_ref *device,
                        enum srv_device_log_level level, const char *module, const char *message,
                        const char *fields);

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
  /* Something that devices observe (manifest, settings, state, calls) may have
   * changed: re-evaluate the observers of this project (device_id NULL) or of
   * one device. State and calls are a device's own: told with its id. */
  void (*observed_changed)(void *context, const char *project_id, const char *device_id);
  /* Disabled or deleted: end its sessions now, whatever credential they used. */
  void (*device_revoked)(void *context, const char *project_id, const char *device_id);
  /* That credential is deleted or that certificate revoked: end the sessions
   * that it opened, and no others. */
  void (*credential_revoked)(void *context, const char *project_id, const char *device_id,
                             const char *credential_id);
};
void srv_core_set_listener(struct srv_core *core, const struct srv_core_listener *listener);
#endif
