/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_STORE_H
#define GODWIT_STORE_H
/* The model store of one package: the models a device holds, on a medium
 * (godwit/medium.h: files in a folder, or raw flash), and a journal that says
 * which of them runs. Bytes and order of writes: docs/spec/store.md. Power may
 * fail at any write, erase or sync: afterwards the store holds the state before
 * or after it, never another.
 *
 * The store holds at most three models: active (runs), previous (the way back)
 * and incoming (being downloaded or tried). It never deletes the active one.
 * It knows no network and no model format.
 *
 * Memory: struct godwit_store and the medium are the caller's; nothing is
 * allocated. Changes take up to 3 KB of stack (a state is 0.7 KB). One thread at
 * a time, and one store object a medium. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit/medium.h"
#include "godwit/status.h"
#include "wire/description.h"
#include "wire/manifest.h"

/* What the store knows of one model. An empty version means: none. */
struct godwit_store_entry {
  char version[GW_VERSION_MAX + 1];
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
  uint32_t sequence; /* that its signature states; 0: unsigned */
  uint32_t floor;    /* that it states too: what to raise the floor to when it is confirmed */
  uint32_t confirm_after_s; /* the release asks for so long a time in service; 0: does not */
  uint8_t slot;             /* raw flash: where it lies */
  bool named_by_digest;     /* folder: its name carries digest digits, as the plain one was taken */
  bool confirmed;           /* has run long enough to be trusted; see godwit_store_confirm */
};

/* Models that were refused for good: not downloaded again. */
#define GODWIT_STORE_REJECTED_MAX 4u
struct godwit_store_rejection {
  char version[GW_VERSION_MAX + 1]; /* "": unused */
  uint8_t digest[GW_DIGEST_SIZE];
  uint8_t reason; /* enum gw_ota_reason */
  uint8_t detail; /* enum gw_ota_detail */
};

/* Which signatures the device believes (godwit/trust.h). */
#define GODWIT_TRUST_KEYS_MAX 3u
#define GODWIT_TRUST_KEY_SIZE 64u /* x || y of a P-256 point */
struct godwit_trust_state {
  uint32_t epoch; /* of the set of keys; 0: never replaced */
  uint32_t floor; /* models with a lower sequence number are refused */
  uint8_t key_count;
  uint8_t key[GODWIT_TRUST_KEYS_MAX][GODWIT_TRUST_KEY_SIZE];
};

#define GODWIT_CHECKPOINT_MAX 32u

/* The content of the journal. Read freely, change by the functions below. */
struct godwit_store_state {
  uint32_t generation;       /* of the journal: rises with each write */
  uint32_t incoming_bytes;   /* everything below has been written */
  uint32_t scratch_bytes;    /* raw flash: of the incoming model, saved in the scratch block */
  uint8_t incoming_encoding; /* enum gw_encoding it comes in */
  uint8_t incoming_attempts; /* times that trying it has begun; see godwit_store_try */
  uint8_t active_starts;     /* of an active model that is not confirmed yet */
  uint8_t incoming_checkpoint_size; /* 0: the decoder begins anew */
  uint8_t incoming_offer[GW_OFFER_ID_SIZE];
  uint8_t incoming_checkpoint[GODWIT_CHECKPOINT_MAX];
  struct godwit_store_entry incoming;
  struct godwit_store_entry active;
  struct godwit_store_entry previous;
  struct godwit_store_entry discarded; /* its file is being deleted */
  struct godwit_trust_state trust;
  struct godwit_store_rejection rejected[GODWIT_STORE_REJECTED_MAX]; /* newest first */
};

struct godwit_store_config {
  struct godwit_medium *medium; /* &folder.medium, &flash.medium; lives as long as the store */
  const char *package;          /* "model": 1 to 16 of A-Z a-z 0-9 . + - _, no leading dot */
  uint32_t journal_every_bytes; /* download progress is made durable so often; 0: 16,384.
                                   Smaller resumes closer, and wears the medium more */
};

struct godwit_store {
  struct godwit_medium *medium;
  uint32_t journal_every_bytes;
  uint32_t durable_bytes;    /* state.incoming_bytes as the journal has it */
  bool discarded_is_removed; /* the next sync makes it final */
  struct godwit_store_state state;
  char package[GW_PACKAGE_MAX + 1];
};

/* Mounts the medium, reads the journal, finishes a deletion that was cut short. A missing journal,
 * or one of which nothing can be read, is an empty store; store->state then says so.
 * GODWIT_ERR_ARGUMENT for an unsafe package name or a medium whose configuration makes no sense,
 * GODWIT_ERR_IO where the medium does not work. */
int godwit_store_init(struct godwit_store *store, const struct godwit_store_config *config);

/* True where version can be a file name: 1 to 16 of A-Z a-z 0-9 . + -, and no
 * leading dot. Others are refused by godwit_store_begin. */
bool godwit_store_version_is_safe(const char *version);
/* The same for a package, which may have '_' too. */
bool godwit_store_package_is_safe(const char *package);

/* Incoming ------------------------------------------------------------------
 * begin starts or resumes: everything below *offset is there, write from there
 * on; 0 for a new model, the whole size for one that only needs finishing. Any
 * other incoming model is dropped, and the previous one where there is no room
 * beside it. A file of that name, size and digest that lies there already (a
 * journal was lost) is taken as it is.
 *
 * encoding (enum gw_encoding) and offer_id (GW_OFFER_ID_SIZE bytes, or NULL) are
 * the form in which it comes. For GW_ENCODING_NONE *offset is a multiple of
 * 1,024 or the whole size. For the others state.incoming_checkpoint holds what
 * godwit_store_progress was given together with *offset, and another form than
 * the journalled one begins at 0.
 *
 * Call it again before going on after a lost link: what was written beyond
 * *offset is void then, and may be written again.
 * GODWIT_ERR_NO_SPACE when it will not fit even without the previous model. */
int godwit_store_begin(struct godwit_store *store, const struct gw_component *component,
                       uint8_t encoding, const uint8_t *offer_id, uint32_t *offset);
/* False while it would cost the previous model and the active one has yet to prove
 * itself: begin says GODWIT_ERR_NO_SPACE then, for the device would have nothing to
 * go back to. Ask again once the active one is confirmed, or given up. */
bool godwit_store_may_begin(const struct godwit_store *store, const struct gw_component *component);
/* What the incoming model's signature states, and what its release asks for.
 * Durable with the next write of the journal, by godwit_store_commit at the
 * latest. */
void godwit_store_set_terms(struct godwit_store *store, uint32_t sequence, uint32_t floor,
                            uint32_t confirm_after_s);
/* Writes a part of it, in any order: offset a multiple of 32 (the largest unit
 * that flash is written in), and size too, but for the end of the model; each
 * byte once between two begins, not below what begin said. GODWIT_ERR_NO_SPACE
 * after the previous model has been given up for it and it still does not fit. */
int godwit_store_write(struct godwit_store *store, uint32_t offset, const void *data, size_t size);
/* Everything below bytes_whole has been written. Made durable when
 * journal_every_bytes more have come, together with the checkpoint (the state of
 * the decoder that made those bytes; at most GODWIT_CHECKPOINT_MAX bytes; NULL
 * and 0 without one). */
int godwit_store_progress(struct godwit_store *store, uint32_t bytes_whole, const void *checkpoint,
                          size_t checkpoint_size);
/* All bytes are there: makes them durable. GODWIT_ERR_STATE while progress has
 * not said so. */
int godwit_store_finish(struct godwit_store *store);
/* Drops the incoming model and its file. */
int godwit_store_abandon(struct godwit_store *store);

/* Reading -------------------------------------------------------------------
 * Exactly size bytes of active, previous or (where written) incoming.
 * GODWIT_ERR_ARGUMENT beyond the entry's size, GODWIT_ERR_NOT_FOUND where the
 * file is gone, GODWIT_ERR_INTEGRITY where it is shorter than it should be. No
 * digest is checked. */
int godwit_store_read_at(const struct godwit_store *store, const struct godwit_store_entry *entry,
                         uint32_t offset, void *data, size_t size);
/* Where its bytes can be read as memory, for as long as the entry is one of the
 * store's; NULL where the medium is not mapped. No digest is checked. */
const void *godwit_store_map(const struct godwit_store *store,
                             const struct godwit_store_entry *entry);

/* Whole models --------------------------------------------------------------
 * Reads a whole model into memory and checks its digest over the bytes that it
 * put there, in steps of at most step_bytes. */
struct godwit_store_reader {
  const struct godwit_store *store;
  struct godwit_store_entry entry;
  uint8_t *memory; /* NULL: check the digest only */
  uint32_t offset;
  bool open;
  uint64_t hash[16]; /* a SHA-256 context */
};
/* GODWIT_ERR_NO_MEMORY when it does not fit memory_size. memory NULL: checks
 * only. */
int godwit_store_reader_open(struct godwit_store_reader *reader, const struct godwit_store *store,
                             const struct godwit_store_entry *entry, void *memory,
                             size_t memory_size);
/* 1: more to do; GODWIT_OK: whole and right; GODWIT_ERR_INTEGRITY,
 * GODWIT_ERR_NOT_FOUND (file gone), GODWIT_ERR_IO otherwise. */
int godwit_store_reader_step(struct godwit_store_reader *reader, size_t step_bytes);
void godwit_store_reader_close(struct godwit_store_reader *reader);
/* Open, all steps, close. */
int godwit_store_read(const struct godwit_store *store, const struct godwit_store_entry *entry,
                      void *memory, size_t memory_size);

/* Deciding ------------------------------------------------------------------ */

/* Notes durably that the incoming model is about to be tried, so that one
 * which takes the device down is given up: GODWIT_ERR_MODEL after
 * GODWIT_STORE_ATTEMPTS_MAX tries. */
#define GODWIT_STORE_ATTEMPTS_MAX 3u
int godwit_store_try(struct godwit_store *store);
/* It has been loaded for long without harm: restarts from now on say nothing of
 * it, the tries are counted from 0 again. Writes once. */
int godwit_store_clear_tries(struct godwit_store *store);
/* The same for starting with an active model that is not confirmed: a model
 * that passes its test and then takes the device down again and again.
 * GODWIT_OK without a write where it is confirmed. */
int godwit_store_start(struct godwit_store *store);
/* The active model has proved itself. From now on nothing below `floor` is
 * installed (0, or a lower one than the present: as it is), and a previous model
 * with a lower sequence number is dropped: all in one write. */
int godwit_store_confirm(struct godwit_store *store, uint32_t floor);
/* Replaces keys, epoch and floor, in one write. GODWIT_ERR_ARGUMENT for more keys
 * than there is room for. */
int godwit_store_set_trust(struct godwit_store *store, const struct godwit_trust_state *trust);
/* incoming becomes active, active becomes previous, previous is deleted; or active
 * is, where it is not confirmed and previous is. After this the device starts with
 * the new model. */
int godwit_store_commit(struct godwit_store *store);
/* previous and active change places: rollback without a download. */
int godwit_store_swap_back(struct godwit_store *store);
/* The active file is gone or wrong: previous, when there is one, takes its
 * place; otherwise there is no active model. */
int godwit_store_drop_active(struct godwit_store *store);
/* The previous file is gone or wrong. */
int godwit_store_drop_previous(struct godwit_store *store);
/* Drops the incoming model and remembers its digest. reason: enum
 * gw_ota_reason, detail: enum gw_ota_detail. */
int godwit_store_reject(struct godwit_store *store, const char *version,
                        const uint8_t digest[GW_DIGEST_SIZE], uint8_t reason, uint8_t detail);
/* The rejection of that digest, or NULL. */
const struct godwit_store_rejection *godwit_store_find_rejection(
    const struct godwit_store *store, const uint8_t digest[GW_DIGEST_SIZE]);
#endif
