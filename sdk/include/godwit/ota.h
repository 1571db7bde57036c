/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_OTA_H
#define GODWIT_OTA_H
/* The classic over-the-air calls: observe the manifest, read it, download a
 * component block by block, report the state. For applications that want the
 * steps in their own hands; the whole dance in one object is godwit/updater.h.
 *
 * Memory and threads: as godwit/client.h. The manifest, its components, states
 * and reasons are the ones of the wire: struct gw_manifest, struct gw_component
 * (wire/manifest.h), enum gw_ota_state, enum gw_ota_reason (wire/report.h). */
#include "godwit/client.h"
#include "wire/manifest.h"
#include "wire/report.h"

/* response->payload is the manifest as it came: give it to
 * godwit_ota_payload_as_manifest. Called with the current manifest at once and
 * with each new one, over reconnects too; status is not GODWIT_OK where the
 * server refused. Do not block here: note the manifest, and download from the
 * main loop. */
typedef void (*godwit_ota_manifest_fn)(struct godwit_client *client,
                                       const struct godwit_response *response, void *arg);

/* One such observation a client; another call replaces the callback and
 * fetches the manifest again. May be called before the client is connected. */
int godwit_ota_observe_manifest_async(struct godwit_client *client,
                                      godwit_ota_manifest_fn on_manifest, void *arg);

/* GODWIT_ERR_FORMAT for anything that is no manifest. No release is a manifest
 * without components. */
int godwit_ota_payload_as_manifest(const uint8_t *payload, size_t payload_size,
                                   struct gw_manifest *manifest);

/* The component of that package, or NULL. Borrows the manifest. */
const struct gw_component *godwit_ota_find_component(const struct gw_manifest *manifest,
                                                     const char *package);

/* One block of a component, in order. block_size is full except in the last
 * block. Return 0, or a negative status to end the download with it. */
typedef int (*godwit_ota_block_fn)(const struct gw_component *component, uint32_t block_idx,
                                   const uint8_t *block_buffer, size_t block_size, bool is_last,
                                   void *arg);

/* Downloads a component and returns when it is done, failed, or the session
 * was lost; blocks, and polls the client meanwhile. GODWIT_ERR_STATE from a
 * callback of the client. next_block_idx (may be NULL: from the start): in,
 * the first block wanted; out, the first block not yet handed over, so that a
 * call with the same variable resumes, in this session or a later one. A
 * length other than component->size_bytes is GODWIT_ERR_FORMAT; the digest is
 * the application's to check. */
int godwit_ota_download_component(struct godwit_client *client,
                                  const struct gw_component *component, uint32_t *next_block_idx,
                                  godwit_ota_block_fn on_block, void *arg);

/* The same without blocking. on_done is called once, when it has ended; the
 * download object is the caller's and is in use until then: another download
 * in it ends the one before, without a callback. `component` is copied. */
typedef void (*godwit_ota_done_fn)(struct godwit_client *client, int status,
                                   uint32_t next_block_idx, void *arg);
struct godwit_ota_download {
  struct gw_component component;
  godwit_ota_block_fn on_block;
  godwit_ota_done_fn on_done;
  void *arg;
  uint64_t offset;               /* bytes handed over */
  uint8_t code;                  /* CoAP code of the last answer, for GODWIT_ERR_RESPONSE */
  struct godwit_request request; /* internal */
};
int godwit_ota_download_component_async(struct godwit_client *client,
                                        struct godwit_ota_download *download,
                                        const struct gw_component *component,
                                        uint32_t first_block_idx, godwit_ota_block_fn on_block,
                                        godwit_ota_done_fn on_done, void *arg);
/* Ends it without a callback. */
void godwit_ota_download_cancel(struct godwit_client *client, struct godwit_ota_download *download);

/* Queues a report and returns; reports arrive in order. Strings are copied;
 * current_version and target_version may be NULL. At most
 * GODWIT_OTA_REPORTS_MAX wait: the oldest gives way. They wait while the client
 * is not connected. */
#define GODWIT_OTA_REPORTS_MAX 8u
int godwit_ota_report_state(struct godwit_client *client, enum gw_ota_state state,
                            enum gw_ota_reason reason, const char *package,
                            const char *current_version, const char *target_version);
/* Reports that have not been acknowledged yet. */
size_t godwit_ota_reports_pending(const struct godwit_client *client);
#endif
