/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_UPDATER_H
#define GODWIT_UPDATER_H
/* The whole dance for one package: comes up with the stored model before any
 * network, observes the manifest, asks what the server knows of the artifact,
 * checks its signature, downloads it (whole, compressed or as a delta; resuming
 * over lost links and reboots), checks the digest of what is on the medium, has
 * the application test the candidate while the old model goes on, perhaps lets
 * both run side by side for a while, switches, and reports every step. A model
 * that fails is remembered and not fetched again; the old one runs on. A model
 * that is in service and does not prove itself gives way to the one before.
 *
 *   manifest -> description -> (keys) -> wait -> download -> digest -> load
 *            -> test -> (side by side) -> switch -> in service -> confirmed
 *
 * Memory: the objects and the slots are the caller's and live until
 * godwit_updater_deinit. A slot holds one model file. With two slots the old
 * model runs until the new one has proved itself; with one (slot[1].memory
 * NULL) the model is replaced in place, and the old one is loaded again from
 * the store where the new one fails. With none (slot[0].memory NULL) nothing is
 * loaded: the application reads the package from the store (godwit_model_read),
 * or where the medium is mapped into memory.
 * Threads: as godwit/client.h. Callbacks run inside godwit_updater_start,
 * godwit_updater_poll and godwit_updater_revert; from them, call nothing of the
 * updater but the queries. No callback is asked to wait for anything: one that
 * is not ready says so, and is called again. */
#include "godwit/client.h"
#include "godwit/ota.h"
#include "godwit/store.h"
#include "wire/description.h"

/* A model whose digest has been checked. data stays valid and unchanged until
 * discard is called for it, or until activate of another model returns. */
struct godwit_model {
  const char *package;
  const char *version;
  const uint8_t *digest; /* GW_DIGEST_SIZE bytes */
  const uint8_t *data;   /* begins where the slot begins; without slots: its address on a medium
                            that is mapped into memory, or NULL */
  size_t size;
  unsigned slot; /* 0 or 1: which slot it lies in, so which arena may be planned for it; without
                    slots the number that the running model does not have */
  const struct godwit_store *store;       /* for godwit_model_read */
  const struct godwit_store_entry *entry; /* lives as long as data */
};

/* Bytes of the model from the medium: for packages that are not loaded into
 * RAM. GODWIT_ERR_ARGUMENT beyond its end, GODWIT_ERR_IO. */
int godwit_model_read(const struct godwit_model *model, uint32_t offset, void *data, size_t size);

/* The adapter to a runtime, or to whatever else the package is: four functions.
 * What load and test return is what the operator reads: the reason and detail
 * of a report (wire/report.h). After load has returned GODWIT_OK either activate
 * or discard is called for that candidate, and nothing else is loaded before. */
struct godwit_model_ops {
  /* Verify and plan the candidate; the current model goes on. GODWIT_OK, or
   *   GODWIT_ERR_NO_MEMORY    its memory plan does not fit     ARENA_TOO_SMALL
   *                           (beside the current model: that one is then
   *                           discarded, and load called again, once; it comes
   *                           back if that fails too)
   *   GODWIT_ERR_FORMAT       it cannot be read                MODEL_INVALID
   *   GODWIT_ERR_UNSUPPORTED  it has an op that is not here    OP_UNSUPPORTED
   *   GODWIT_ERR_ARGUMENT     inputs, outputs or labels are
   *                           not this application's           INTERFACE_WRONG
   *   GODWIT_ERR_IO           the medium failed: tried again
   *   any other               without detail
   * The candidate is then refused for good, and discard is not called. */
  int (*load)(void *arg, const struct godwit_model *candidate);
  /* One step of the self-test of the candidate that was loaded: a few
   * milliseconds, so that the current model misses nothing. 1: more to do, call
   * again; GODWIT_OK: passed; or
   *   GODWIT_ERR_MODEL      other outputs than expected         TEST_OUTPUT
   *   GODWIT_ERR_TIMEOUT    too slow                            TEST_TIME
   *   GODWIT_ERR_NO_MEMORY  more arena than stated              ARENA_TOO_SMALL
   *   GODWIT_ERR_NOT_FOUND  the package has no test: refused with TEST_MISSING
   *                         where config.require_test, else passed
   * May be NULL: no package has a test. */
  int (*test)(void *arg, const struct godwit_model *candidate);
  /* Switch to the candidate that was loaded: a pointer, between two inferences.
   * It cannot fail. The former model's slot is reused after this. */
  void (*activate)(void *arg, const struct godwit_model *model);
  /* The candidate was loaded but will not be activated, or the running model's
   * memory is needed (there is just one slot, or load said NO_MEMORY): stop using
   * it. May be NULL unless there is just one slot; then there is no second load. */
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
  GODWIT_EVENT_DOWNLOAD_PROGRESS, /* after each block; bytes_done: without a gap */
  GODWIT_EVENT_DOWNLOADED,        /* whole and digest right */
  GODWIT_EVENT_SWAPPED,           /* activate has returned: version runs */
  GODWIT_EVENT_FAILED,            /* reason, detail, status; is_final: refused until the manifest
                                     names another digest, otherwise tried again after retry_ms */
  GODWIT_EVENT_DEFERRED,          /* may_download or (bytes_done = bytes_total) may_swap said no */
  GODWIT_EVENT_SHADOW_STARTED,    /* version runs beside the active model from now on */
  GODWIT_EVENT_SHADOW_ENDED,      /* status: GODWIT_OK where it did well enough */
  GODWIT_EVENT_CONFIRMED,         /* version has proved itself */
  GODWIT_EVENT_REVERTED,          /* version is back at work; reason, detail: what was wrong with
                                     the one after it */
  GODWIT_EVENT_COUNT,
};

struct godwit_updater_event {
  enum godwit_updater_event_type type;
  const char *version; /* the candidate, or the model that runs now; never NULL */
  int status;
  uint8_t reason; /* enum gw_ota_reason */
  uint8_t detail; /* enum gw_ota_detail */
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

/* What the application decides; each may be NULL: yes. Asked again at each poll
 * until it says yes, and told once as DEFERRED. */
struct godwit_updater_hooks {
  bool (*may_download)(void *arg); /* before the download begins or goes on: battery, tariff.
                                      Saying no in the middle pauses it */
  bool (*may_swap)(void *arg);     /* the candidate is ready; with one slot, before the old model
                                      is taken down */
  void *arg;
};

/* Running both side by side: what keeps the score. godwit/shadow.h has one;
 * an application may bring its own. */
struct gw_shadow_sample; /* wire/shadow.h */
struct godwit_shadow_ops {
  /* Both run from now on. policy (of the release; all 0: it asks for nothing) says
   * how long, and how well is well enough. A negative status: swapped without. */
  int (*begin)(void *arg, const struct godwit_model *active, const struct godwit_model *candidate,
               const struct gw_policy *policy);
  void (*compare)(void *arg, const struct gw_shadow_sample *sample);
  /* At each poll. 1: not known yet; GODWIT_OK: good enough; GODWIT_ERR_MODEL: not. */
  int (*step)(void *arg);
  /* Once for each begin that went well, whatever came of it. */
  void (*end)(void *arg);
};

struct godwit_trust;     /* godwit/trust.h */
struct godwit_trust_ops; /* godwit/trust.h: &godwit_trust_p256 */
/* Forms of an artifact that are smaller on the air: compressed, and the
 * difference to a model that this device has. */
struct godwit_updater_patch_ops;
extern const struct godwit_updater_patch_ops godwit_updater_patch;
#define GODWIT_UPDATER_WORK_BYTES 9536u /* what decoding needs of work_memory: one block of it */

/* ".gw/a/PKG@VER", ".gw/e/ID", ".gw/k/N", each with a slash before it */
#define GODWIT_UPDATER_PATH_MAX (1u + 6u + GW_PACKAGE_MAX + 1u + GW_VERSION_MAX)

/* Zero-initialise, then set store, slot[0] and ops. */
struct godwit_updater_config {
  struct godwit_client *client; /* NULL: no network, just the stored model */
  struct godwit_store *store;   /* its package is the one that is updated */
  struct godwit_model_slot slot[2];
  struct godwit_model_ops ops;
  struct godwit_updater_hooks hooks;
  godwit_updater_event_fn on_event; /* may be NULL */
  void *event_arg;

  /* What a device does without links none of it: NULL leaves it out. */
  const struct godwit_updater_patch_ops *patch; /* &godwit_updater_patch: compressed and delta */
  const struct godwit_trust_ops *trust_ops;     /* signatures; with trust */
  struct godwit_trust *trust;
  const struct godwit_shadow_ops *shadow; /* side by side, where the release asks for it; needs
                                             two slots, or none */
  void *shadow_arg;

  void *work_memory;         /* for decoding and blocks that come early; NULL: the free slot's
                                memory, where there is one */
  size_t work_bytes;         /* GODWIT_UPDATER_WORK_BYTES for decoding; what is beyond holds early
                                blocks */
  unsigned window_blocks;    /* most blocks in flight; 0: 16, 1: one after the other */
  bool require_test;         /* refuse models without a self-test */
  uint32_t spread_ms;        /* begin downloads at a random moment within so long, where the
                                release does not say; 0: at once */
  uint32_t retry_min_ms;     /* first wait after a failure that may pass; 0: 60,000 */
  uint32_t retry_max_ms;     /* the wait doubles up to here; 0: 3,600,000 */
  uint32_t retry_bytes_hour; /* updates that come to nothing cost no more than so many bytes an
                                hour, after the first try; 0: 262,144 */
  uint32_t confirm_after_ms; /* a new model that has run for so long is confirmed; 0: 10,000.
                                A release may ask for longer. One that takes the device down
                                GODWIT_STORE_ATTEMPTS_MAX times before is refused, and the
                                previous one comes back. UINT32_MAX: only
                                godwit_updater_confirm confirms */
  uint32_t step_bytes;       /* most bytes hashed in one poll; 0: 16,384 */
  uint32_t decode_bytes;     /* most bytes made of a smaller form in one poll; 0: 512, which take
                                a Cortex-M4 of 64 MHz some 20 ms */
};

/* All of it internal. What is used most stands first: short offsets make short
 * instructions. */
struct godwit_updater {
  uint8_t phase;
  uint8_t active_slot;
  uint8_t unanswered;                   /* requests for the description */
  uint8_t revert_reason, revert_detail; /* why the one before is on its way back */
  bool has_active;
  bool connected;
  bool wanted_is_open;    /* still to be brought about */
  bool from_previous;     /* the candidate is the store's previous model */
  bool is_revert;         /* and comes back because the active one was given up */
  bool keys_are_stuck;    /* no further keyset could be had: goes on with the keys that are here */
  bool takes_whole;       /* another form did not work out */
  bool is_resumed;        /* its download did not begin at 0 in this run */
  bool is_reported;       /* DOWNLOADING has been said for it */
  bool is_spread;         /* the random wait for it is over */
  bool is_deferred;       /* DEFERRED has been said */
  bool is_decoding;       /* of the block that came last some is left to be decoded */
  bool is_down;           /* the active model was discarded to make room for the candidate */
  bool needs_room;        /* the candidate did not fit beside it */
  uint32_t retry_ms;      /* last wait; 0: no failure yet */
  uint32_t fetched_bytes; /* of the update under way, on the air */
  uint32_t fetch_at;      /* where the download was begun; UINT32_MAX: ask the store */
  uint32_t load_ms;       /* what loading took */
  uint32_t sequence, floor; /* that its signature states */
  uint32_t key_wanted;      /* epoch of the keyset that is asked for; 0: the description */
  uint64_t manifest_ms;     /* when `wanted` arrived */
  uint64_t activated_ms, loaded_ms;
  uint64_t retry_at_ms;                /* also: end of the random wait */
  uint64_t paid_ms;                    /* when what failed updates have cost is paid off */
  struct godwit_updater_config config; /* copied */
  struct gw_offer offer;               /* the form it comes in */
  struct gw_policy policy;             /* of the release */
  struct gw_component wanted;          /* package "": the manifest asks for nothing of ours */
  union {                              /* never both */
    struct godwit_ota_download download;
    struct godwit_store_reader reader;
  };
  struct godwit_request request; /* for the description, and keys */
  char path[GODWIT_UPDATER_PATH_MAX + 1];
  struct godwit_ota_watch watch; /* of the manifest */
};

int godwit_updater_init(struct godwit_updater *updater, const struct godwit_updater_config *config);
void godwit_updater_deinit(struct godwit_updater *updater);

/* Loads and activates the stored model (blocks for reading the medium, no
 * network), then starts the client. A stored model whose file is gone or wrong,
 * or that has been given up, gives way to the previous one.
 * GODWIT_ERR_NOT_FOUND: nothing stored yet, the first release brings a model;
 * the updater runs all the same. */
int godwit_updater_start(struct godwit_updater *updater);

/* Polls the client and takes the next step. Never blocks, except for one write
 * to the medium and the application's own load and test. */
void godwit_updater_poll(struct godwit_updater *updater);
/* As godwit_client_next_timeout_ms, for both. */
uint32_t godwit_updater_next_timeout_ms(const struct godwit_updater *updater);

/* The application has seen the running model do its work: it is good. Older
 * models than the least that its signature allows are refused from now on. */
int godwit_updater_confirm(struct godwit_updater *updater);
/* The application has seen that the running model is bad, confirmed or not: it
 * is refused from now on, the previous one comes back within the next polls
 * (over a reboot too), and the server is told. GODWIT_ERR_NOT_FOUND where no
 * previous model is stored: nothing is changed. */
int godwit_updater_revert(struct godwit_updater *updater);

/* True while a candidate runs beside the active model: *candidate is it. Give it
 * each input that the active one gets, when there is time, and tell how both did
 * with godwit_updater_compare. */
bool godwit_updater_candidate(const struct godwit_updater *updater, struct godwit_model *candidate);
void godwit_updater_compare(struct godwit_updater *updater, const struct gw_shadow_sample *sample);

/* Version that runs, "" for none. Dies with the next poll. */
const char *godwit_updater_version(const struct godwit_updater *updater);
/* True while an update is under way. */
bool godwit_updater_is_busy(const struct godwit_updater *updater);
#endif
