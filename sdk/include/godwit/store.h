/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_STORE_H
#define GODWIT_STORE_H
/* The model store of one package: the models a device holds, on a volume such
 * as an SD card, as files called model_1.1.0 that any tool can read, and a
 * journal that says which of them runs. Bytes and order of writes:
 * docs/spec/store.md. Power may fail at any write: afterwards the store holds
 * the state before or after it, never another.
 *
 * The store holds at most three models: active (runs), previous (the way back)
 * and incoming (being downloaded or tried). It never deletes the active one.
 * It knows no network and no model format.
 *
 * Memory: struct godwit_store is the caller's; nothing is allocated. The port's
 * storage duty (platform/storage.h) does the I/O. One thread at a time, and one
 * store object a volume and package. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit/status.h"
#include "wire/manifest.h"

/* What the store knows of one model. An empty version means: none. */
struct godwit_store_entry {
  char version[GW_VERSION_MAX + 1];
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
  bool named_by_digest; /* file name carries digest digits: the plain name was taken */
  bool confirmed;       /* has run long enough to be trusted; see godwit_store_confirm */
};

/* Models that were refused for good: not downloaded again. */
#define GODWIT_STORE_REJECTED_MAX 4u
struct godwit_store_rejection {
  char version[GW_VERSION_MAX + 1]; /* "": unused */
  uint8_t digest[GW_DIGEST_SIZE];
  uint8_t reason; /* enum gw_ota_reason */
};

/* The content of the journal. Read freely, change by the functions below. */
struct godwit_store_state {
  uint32_t generation; /* of the journal: rises with each write */
  struct godwit_store_entry active;
  struct godwit_store_entry previous;
  struct godwit_store_entry incoming;
  struct godwit_store_entry discarded; /* its file is being deleted */
  uint32_t incoming_bytes;             /* of the file, known to be on the medium */
  uint8_t active_starts;               /* of an active model that is not confirmed yet */
  uint8_t incoming_attempts;           /* times that trying it has begun; see godwit_store_try */
  struct godwit_store_rejection rejected[GODWIT_STORE_REJECTED_MAX]; /* newest first */
};

#define GODWIT_STORE_VOLUME_MAX 127u
#define GODWIT_STORE_NAME_MAX 47u /* longest file name */

struct godwit_store_config {
  const char *volume;           /* what the port calls it (POSIX: a folder, made when absent) */
  const char *package;          /* "model": 1 to 16 of A-Z a-z 0-9 . + - _, no leading dot */
  uint32_t journal_every_bytes; /* download progress is made durable so often; 0: 4,096.
                                   Smaller resumes closer, and wears the medium more */
};

struct godwit_store {
  char volume[GODWIT_STORE_VOLUME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  uint32_t journal_every_bytes;
  uint32_t incoming_written; /* beyond state.incoming_bytes: written, not yet durable */
  uint8_t next_copy;         /* journal copy that the next write goes to */
  bool discarded_is_removed; /* the next sync makes it final */
  struct godwit_store_state state;
};

/* Opens the volume, reads the journal, finishes a deletion that was cut short. A missing journal,
 * or one with both copies broken, is an empty store; *state then says so. GODWIT_ERR_ARGUMENT for
 * an unsafe package name, GODWIT_ERR_IO where the volume does not work. */
int godwit_store_init(struct godwit_store *store, const struct godwit_store_config *config);

/* Name of an entry's file on the volume: "model_1.1.0". */
void godwit_store_file_name(const struct godwit_store *store,
                            const struct godwit_store_entry *entry,
                            char name[GODWIT_STORE_NAME_MAX + 1]);

/* True where version can be a file name: 1 to 16 of A-Z a-z 0-9 . + -, and no
 * leading dot. Others are refused by godwit_store_begin. */
bool godwit_store_version_is_safe(const char *version);
/* The same for a package, which may have '_' too. */
bool godwit_store_package_is_safe(const char *package);

/* Incoming ------------------------------------------------------------------
 * begin starts or resumes: *offset is where to go on, 0 for a new file, a
 * multiple of journal_every_bytes or the whole size. Any other incoming model
 * is dropped. A file of that name, size and digest that lies there already
 * (a journal was lost) is taken as it is. GODWIT_ERR_NO_SPACE when the volume
 * says that it will not fit. */
int godwit_store_begin(struct godwit_store *store, const struct gw_component *component,
                       uint32_t *offset);
/* Appends. GODWIT_ERR_NO_SPACE after the previous model has been given up for
 * it and it still does not fit. */
int godwit_store_append(struct godwit_store *store, const void *data, size_t size);
/* All bytes are there: makes them durable. */
int godwit_store_finish(struct godwit_store *store);
/* Drops the incoming model and its file. */
int godwit_store_abandon(struct godwit_store *store);

/* Reading -------------------------------------------------------------------
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
/* The same for starting with an active model that is not confirmed: a model
 * that passes its test and then takes the device down again and again.
 * GODWIT_OK without a write where it is confirmed. */
int godwit_store_start(struct godwit_store *store);
/* The active model has proved itself. Writes once. */
int godwit_store_confirm(struct godwit_store *store);
/* incoming becomes active, active becomes previous, previous is deleted. After
 * this the device starts with the new model. */
int godwit_store_commit(struct godwit_store *store);
/* previous and active change places: rollback without a download. */
int godwit_store_swap_back(struct godwit_store *store);
/* The active file is gone or wrong: previous, when there is one, takes its
 * place; otherwise there is no active model. */
int godwit_store_drop_active(struct godwit_store *store);
/* The previous file is gone or wrong. */
int godwit_store_drop_previous(struct godwit_store *store);
/* Drops the incoming model and remembers its digest. reason: enum
 * gw_ota_reason. */
int godwit_store_reject(struct godwit_store *store, const char *version,
                        const uint8_t digest[GW_DIGEST_SIZE], uint8_t reason);
/* The rejection of that digest, or NULL. */
const struct godwit_store_rejection *godwit_store_find_rejection(
    const struct godwit_store *store, const uint8_t digest[GW_DIGEST_SIZE]);
#endif
