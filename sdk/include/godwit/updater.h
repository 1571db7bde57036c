/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_UPDATER_H
#define GODWIT_UPDATER_H
/* The whole dance for one package: comes up with the stored model before any
 * network, observes the manifest, downloads what it names (resuming over lost
 * links and reboots), checks the digest of what is on the medium, lets the
 * application try the candidate while the old model goes on, switches, reports
 * every step, and rolls back without a download where the older model is still
 * stored. A model that fails is remembered and not fetched again; the old one
 * runs on.
 *
 * Memory: the objects and the slots are the caller's and live until
 * godwit_updater_deinit. A slot holds one model file. With two slots the old
 * model runs until the new one has proved itself; with one (slot[1].memory
 * NULL) the model is replaced in place, and the old one is loaded again from
 * the store where the new one fails.
 * Threads: as godwit/client.h. Callbacks run inside godwit_updater_start and
 * godwit_updater_poll; from them, call nothing of the updater but the queries. */
#include "godwit/client.h"
#include "godwit/ota.h"
#include "godwit/store.h"

/* A model in memory, digest checked. data stays valid and unchanged until
 * discard is called for it, or until activate of another model returns. */
struct godwit_model {
  const char *package;
  const char *version;
  const uint8_t *digest; /* GW_DIGEST_SIZE bytes */
  const uint8_t *data;   /* begins where the slot begins */
  size_t size;
  unsigned slot; /* 0 or 1: which slot it lies in, so which arena may be planned for it */
};

struct godwit_model_ops {
  /* Verify, plan and self-test the candidate; the current model goes on. Return
   * GODWIT_OK; or GODWIT_ERR_NO_MEMORY (reported OUT_OF_RAM), or any other
   * negative status (reported FIRMWARE_UPDATE_FAILED): the candidate is then
   * refused for good, and discard is not called. */
  int (*load)(void *arg, const struct godwit_model *candidate);
  /* Switch to the candidate that was loaded: a pointer, between two inferences.
   * It cannot fail. The former model's slot is reused after this. */
  void (*activate)(void *arg, const struct godwit_model *model);
  /* The candidate was loaded but will not be activated, or (one slot only) the
   * running model's memory is about to be overwritten: stop using it. May be
   * NULL with two slots. */
  void (*discard)(void *arg, const struct godwit_model *model);
  void *arg;
};

struct godwit_model_slot {
  void *memory; /* align it as the runtime wants, e.g. to 16 */
  size_t size_bytes;
};

enum godwit_updater_event_type {
  GODWIT_EVENT_CONNECTED,
  GODWIT_EVENT_DISCONNECTED,      /* status says why */
  GODWIT_EVENT_MANIFEST,          /* version: what it wants of our package, "" for no release;
                                     status: GODWIT_ERR_FORMAT for one that could not be read */
  GODWIT_EVENT_DOWNLOAD_STARTED,  /* bytes_done > 0: resumed there */
  GODWIT_EVENT_DOWNLOAD_PROGRESS, /* after each block */
  GODWIT_EVENT_DOWNLOADED,        /* whole and digest right */
  GODWIT_EVENT_SWAPPED,           /* activate has returned: version runs */
  GODWIT_EVENT_FAILED,            /* reason, status; is_final: refused until the manifest names
                                     another digest, otherwise tried again after retry_ms */
};

struct godwit_updater_event {
  enum godwit_updater_event_type type;
  const char *version; /* the candidate, or the model that runs now; never NULL */
  int status;
  uint8_t reason; /* enum gw_ota_reason */
  bool is_final;
  uint32_t retry_ms;
  uint32_t bytes_done, bytes_total;
  uint32_t
      manifest_to_swap_ms; /* SWAPPED: since the manifest that asked for it arrived; 0 at start */
  uint32_t load_ms;        /* SWAPPED: the application's load and activate */
  bool from_store;         /* SWAPPED: no download was needed */
};
typedef void (*godwit_updater_event_fn)(void *arg, const struct godwit_updater_event *event);
/* "DOWNLOAD_STARTED", ... static storage. */
const char *godwit_updater_event_name(enum godwit_updater_event_type type);

/* Zero-initialise, then set store, slot[0] and ops. */
struct godwit_updater_config {
  struct godwit_client *client; /* NULL: no network, just the stored model */
  struct godwit_store *store;   /* its package is the one that is updated */
  struct godwit_model_slot slot[2];
  struct godwit_model_ops ops;
  godwit_updater_event_fn on_event; /* may be NULL */
  void *event_arg;
  uint32_t retry_min_ms;     /* first wait after a failure that may pass; 0: 60,000 */
  uint32_t retry_max_ms;     /* the wait doubles up to here; 0: 3,600,000 */
  uint32_t confirm_after_ms; /* a new model that has run for so long is confirmed; 0: 10,000.
                                One that takes the device down GODWIT_STORE_ATTEMPTS_MAX times
                                before is refused, and the previous one comes back. UINT32_MAX:
                                only godwit_updater_confirm confirms */
  uint32_t step_bytes;       /* most bytes hashed in one poll; 0: 16,384 */
};

struct godwit_updater {
  struct godwit_updater_config config; /* copied; what follows is internal */
  struct godwit_request manifest_request;
  struct gw_component wanted; /* package "": the manifest asks for nothing of ours */
  bool wanted_is_open;        /* still to be brought about */
  struct godwit_store_entry candidate;
  struct godwit_store_reader reader;
  struct godwit_ota_download download;
  struct godwit_store_entry active; /* what lies in the active slot */
  uint64_t manifest_ms;             /* when `wanted` arrived */
  uint64_t activated_ms;
  uint64_t retry_at_ms;
  uint32_t retry_ms;  /* last wait; 0: no failure yet */
  int network_status; /* of the last download that a lost link ended */
  uint8_t phase;
  uint8_t active_slot;
  bool has_active;
  bool connected;
  bool from_previous; /* the candidate is the store's previous model */
  bool is_resumed;    /* its download did not begin at 0 in this run */
  bool is_reported;   /* DOWNLOADING has been said for it */
};

int godwit_updater_init(struct godwit_updater *updater, const struct godwit_updater_config *config);
void godwit_updater_deinit(struct godwit_updater *updater);

/* Loads and activates the stored model (blocks for reading the medium, no
 * network), then starts the client. A stored model whose file is gone or wrong
 * gives way to the previous one. GODWIT_ERR_NOT_FOUND: nothing stored yet, the
 * first release brings a model; the updater runs all the same. */
int godwit_updater_start(struct godwit_updater *updater);

/* Polls the client and takes the next step. Never blocks, except for one write
 * to the medium and the application's own load. */
void godwit_updater_poll(struct godwit_updater *updater);
/* As godwit_client_next_timeout_ms, for both. */
uint32_t godwit_updater_next_timeout_ms(const struct godwit_updater *updater);

/* The application has seen the running model do its work: it is good. */
int godwit_updater_confirm(struct godwit_updater *updater);

/* Version that runs, "" for none. Dies with the next poll. */
const char *godwit_updater_version(const struct godwit_updater *updater);
/* True while an update is under way. */
bool godwit_updater_is_busy(const struct godwit_updater *updater);
#endif
