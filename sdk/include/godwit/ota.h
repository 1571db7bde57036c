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

/* response->payload is the manifest as it came, in one message: give it to
 * godwit_ota_payload_as_manifest. One that takes several is GODWIT_ERR_FORMAT here
 * (godwit_ota_watch_begin takes it). Called with the current manifest at once and
 * with each new one, over reconnects too; status is not GODWIT_OK where the
 * server refused. Do not block here: note the manifest, and download from the
 * main loop. */
typedef void (*godwit_ota_manifest_fn)(struct godwit_client *client,
                                       const struct godwit_response *response, void *arg);

/* One such observation a client; another call replaces the callback and
 * fetches the manifest again. May be called before the client is connected. */
int godwit_ota_observe_manifest_async(struct godwit_client *client,
                                      godwit_ota_manifest_fn on_manifest, void *arg);

/* What the manifest says of one package, with each change, over reconnects too. The
 * manifest may be of any length and name any number of components; one that takes
 * several blocks is fetched block by block (RFC 7959 2.6). component NULL: none of
 * that package; it dies with the callback. status is not GODWIT_OK where the
 * manifest could not be had, or is none: what was said before holds. */
typedef void (*godwit_ota_wish_fn)(struct godwit_client *client, int status,
                                   const struct gw_component *component, void *arg);
/* The caller's; zeroed before its first use. Several packages have one each. */
struct godwit_ota_watch {
  godwit_ota_wish_fn on_wish;
  void *arg;
  struct godwit_request observation, rest; /* internal, and what follows */
  struct gw_manifest_scan scan;
};
/* May be called before the client is connected. Another call with the same object
 * begins anew. `package` is borrowed. */
int godwit_ota_watch_begin(struct godwit_client *client, struct godwit_ota_watch *watch,
                           const char *package, godwit_ota_wish_fn on_wish, void *arg);
void godwit_ota_watch_end(struct godwit_client *client, struct godwit_ota_watch *watch);

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
 * in it ends the one before, without a callback. `component` is borrowed as long. One block
 * is asked for at a time, and blocks come in order; godwit_ota_download_begin is
 * the fast one. */
typedef void (*godwit_ota_done_fn)(struct godwit_client *client, int status,
                                   uint32_t next_block_idx, void *arg);

/* Most blocks that a download has under way: asked for, or here and waiting for
 * one before them. Each costs 12 bytes in the download object; on a link of 500 ms
 * there and back, 16 blocks of 1 KB bring 32 KB/s. More than 48 would come near
 * the 64 records that DTLS tells apart (RFC 6347 4.1.2.6). */
#ifndef GODWIT_OTA_WINDOW_MAX
#define GODWIT_OTA_WINDOW_MAX 16u
#endif
#if GODWIT_OTA_WINDOW_MAX < 1 || GODWIT_OTA_WINDOW_MAX > 48
#error "GODWIT_OTA_WINDOW_MAX is 1 to 48 blocks"
#endif

struct godwit_ota_download;

/* Part of what is downloaded: whole blocks, but for the end; a server may make
 * them smaller than asked for (16 bytes and more). Each byte is handed over
 * once. Return 0, or a negative status to end the download with it; in order also
 * GODWIT_DOWNLOAD_HOLD: taken, but no more until godwit_ota_download_release. */
#define GODWIT_DOWNLOAD_HOLD 1
typedef int (*godwit_ota_data_fn)(struct godwit_ota_download *download, uint32_t offset,
                                  const uint8_t *data, size_t size, void *arg);
/* It has ended: the object is the caller's, for another download if wished. */
typedef void (*godwit_ota_end_fn)(struct godwit_ota_download *download, int status, void *arg);

struct godwit_ota_download_config {
  const char *path;       /* "/.u/c/model@1.1.0"; borrowed until it has ended */
  uint32_t size_bytes;    /* of the whole: anything else that comes is GODWIT_ERR_FORMAT */
  uint32_t offset;        /* first byte wanted, a multiple of the block size */
  unsigned window_blocks; /* most blocks under way; 0: GODWIT_OTA_WINDOW_MAX; 1: one at a time */
  bool in_order;          /* false: handed over as they come, in any order */
  void *reorder_memory;   /* in_order: where blocks wait for one before them, borrowed. They are */
  size_t reorder_size;    /* at most so many as fit and one; NULL: one at a time */
  godwit_ota_data_fn on_block;
  godwit_ota_end_fn on_done; /* called once, unless it is cancelled; may be NULL */
  void *arg;
};

struct godwit_ota_download {
  uint32_t bytes_whole; /* everything below was handed over: where to go on another time */
  uint8_t code;         /* CoAP code of the last answer, for GODWIT_ERR_RESPONSE */
  bool one_at_a_time;   /* the server wants it so, or was told to */

  struct {             /* the client's */
    uint32_t heard_ms; /* last block that came; low 32 bits of the clock */
    uint32_t pause_ms; /* nothing is asked for until then */
    uint32_t first;    /* index of the first block that is not whole */
    uint32_t count;    /* of all blocks; one at least: nothing is one empty block */
    uint32_t unit;     /* bytes of a block */
    uint16_t token;    /* upper half of its tokens */
    uint16_t newest;   /* message id of the last request */
    uint8_t span;      /* blocks that may be under way */
    uint8_t szx;       /* the server's, by now: the rest of a block is asked for with it */
    uint8_t newest_only;
    bool active;
    bool held;        /* its owner has enough for now */
    bool first_waits; /* what is here of the first block has not been handed over */
    struct godwit_ota_download *next;
    struct godwit_ota_download_config config;
    struct godwit_ota_block {
      uint32_t sent_ms; /* last time, low 32 bits of the clock */
      uint16_t message_id;
      uint8_t phase;
      uint8_t sends;   /* of the request for its next bytes */
      uint8_t later;   /* answers to what was sent after it */
      uint8_t taken16; /* bytes that are here, in sixteens; not for the last block */
    } block[GODWIT_OTA_WINDOW_MAX];
  } internal;

  struct { /* of godwit_ota_download_component_async */
    const struct gw_component *component;
    godwit_ota_block_fn on_block;
    godwit_ota_done_fn on_done;
    void *arg;
  } classic;
};

/* Downloads with several blocks under way, so that a long round trip is not the
 * limit: as many as the link carries without a queue that grows (wire/pace.h), and
 * what is lost is asked for again alone. All downloads of a client share that
 * measure. Other requests are not held up.
 *  - A server that answers 4.29 or 5.03, or only the newest request, is asked for
 *    one block at a time.
 *  - on_done's status: GODWIT_OK when all of it was handed over;
 *    GODWIT_ERR_CONNECTION when the session was lost and GODWIT_ERR_TIMEOUT when
 *    the server is there but does not answer, or not this block: go on from
 *    bytes_whole (rounded down to a block) later; GODWIT_ERR_RESPONSE with `code`;
 *    GODWIT_ERR_FORMAT for what is no such download.
 * The object is zeroed before its first use. GODWIT_ERR_ARGUMENT for a missing
 * path or on_block, an offset that is no multiple of the block size or not below
 * the size; GODWIT_ERR_CONNECTION when not connected. */
int godwit_ota_download_begin(struct godwit_client *client, struct godwit_ota_download *download,
                              const struct godwit_ota_download_config *config);
/* Is it under way? */
static inline bool godwit_ota_download_is_active(const struct godwit_ota_download *download) {
  return download->internal.active;
}
/* After GODWIT_DOWNLOAD_HOLD: goes on, with what has come meanwhile at once. Nothing
 * is asked for in between. Harmless otherwise. */
void godwit_ota_download_release(struct godwit_client *client,
                                 struct godwit_ota_download *download);
/* What offsets are multiples of. */
uint32_t godwit_ota_block_size(const struct godwit_client *client);

int godwit_ota_download_component_async(struct godwit_client *client,
                                        struct godwit_ota_download *download,
                                        const struct gw_component *component,
                                        uint32_t first_block_idx, godwit_ota_block_fn on_block,
                                        godwit_ota_done_fn on_done, void *arg);
/* Ends it without a callback. */
void godwit_ota_download_cancel(struct godwit_client *client, struct godwit_ota_download *download);

/* Queues a report and returns; reports arrive in order. Strings are copied;
 * current_version and target_version may be NULL. At most
 * GODWIT_OTA_REPORTS_MAX wait, in GODWIT_OTA_REPORTS_BYTES of the client, of which
 * one takes some 45: the oldest gives way. They wait while the client is not
 * connected. */
#define GODWIT_OTA_REPORTS_MAX 8u
#define GODWIT_OTA_REPORTS_BYTES 384u
int godwit_ota_report_state(struct godwit_client *client, enum gw_ota_state state,
                            enum gw_ota_reason reason, const char *package,
                            const char *current_version, const char *target_version);
/* The same with all that a report can say, detail included (wire/report.h).
 * GODWIT_ERR_ARGUMENT without a package, or for a text without its NUL. */
int godwit_ota_report(struct godwit_client *client, const struct gw_report *report);
/* Reports that have not been acknowledged yet. */
size_t godwit_ota_reports_pending(const struct godwit_client *client);
#endif
