/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_MEDIUM_H
#define GODWIT_MEDIUM_H
/* Where a model store keeps its models and its journal: the one interface
 * between store.c and any storage. Two implementations come with the SDK:
 * files in a folder (godwit/folder.h) and raw flash (godwit/flash.h); a device
 * links the one it names. Whoever writes a third one fills in this table.
 *
 * A medium serves one store, and is called from the store's functions only, on
 * its thread. What it needs of RAM is in its own struct, the caller's. Entries
 * and states that it is given have been checked by the journal's codec. All
 * functions return a negative enum godwit_status on failure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct godwit_medium;
struct godwit_store_entry;
struct godwit_store_state;

struct godwit_medium_ops {
  /* Makes the medium usable for that package and reads the newest whole
   * journal. GODWIT_ERR_NOT_FOUND: there has never been one; GODWIT_ERR_FORMAT:
   * none can be read; *out is zero after both, and the store begins empty.
   * GODWIT_ERR_IO: the medium does not answer, which is not the same as empty.
   * GODWIT_ERR_ARGUMENT: its configuration makes no sense. */
  int (*mount)(struct godwit_medium *medium, const char *package, struct godwit_store_state *out);

  /* Makes `state` what the next mount reads. Power may fail at any moment of
   * it: then the next mount reads this state or the one before. Durable when it
   * returns. A failure leaves the one before. */
  int (*write_state)(struct godwit_medium *medium, const struct godwit_store_state *state);
  /* The same where nothing but generation, incoming_bytes and the checkpoint
   * differ from what was written last: may be cheaper. */
  int (*write_progress)(struct godwit_medium *medium, const struct godwit_store_state *state);

  /* Chooses where the new model `entry` goes (named_by_digest or slot), away
   * from state's active and previous. 1: a file of just that name and size is
   * there already. *takes_previous: there is only room when the previous model
   * goes; the caller drops it and asks again. GODWIT_ERR_NO_SPACE: no room
   * in any case. */
  int (*place)(struct godwit_medium *medium, const struct godwit_store_state *state,
               struct godwit_store_entry *entry, bool *takes_previous);
  /* Makes state->incoming writable from byte *from (= state->incoming_bytes) on,
   * again: what was written beyond it is void. Lowers *from where the medium
   * cannot go on there, to 0 where nothing is left. May write progress. */
  int (*open)(struct godwit_medium *medium, struct godwit_store_state *state, uint32_t *from);
  /* Writes a part of state->incoming: any order, each byte once between two
   * opens, not below the last `from`. GODWIT_ERR_NO_SPACE: full after all. */
  int (*write)(struct godwit_medium *medium, const struct godwit_store_state *state,
               uint32_t offset, const void *data, size_t size);
  /* All that was written of state->incoming is durable. */
  int (*sync)(struct godwit_medium *medium, const struct godwit_store_state *state);

  /* Deletes state->discarded, unless its place is another entry's by now. May
   * become durable as late as the next sync. NULL: nothing needs deleting, and
   * state->discarded stays empty. */
  int (*remove)(struct godwit_medium *medium, const struct godwit_store_state *state);

  /* Bytes read, fewer than size only where the medium holds no more of that
   * entry; GODWIT_ERR_NOT_FOUND when it holds none of it. */
  int (*read)(struct godwit_medium *medium, const struct godwit_store_entry *entry, uint32_t offset,
              void *data, size_t size);
  /* Where the entry's bytes lie in the address space. NULL (the function or what
   * it returns): nowhere. */
  const void *(*map)(struct godwit_medium *medium, const struct godwit_store_entry *entry);
};

struct godwit_medium {
  const struct godwit_medium_ops *ops;
};
#endif
