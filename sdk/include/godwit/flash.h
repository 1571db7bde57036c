/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_FLASH_H
#define GODWIT_FLASH_H
/* Models on raw flash, without a file system: a journal that goes round its
 * pages, slots of one model each, and one scratch block. The port gives four
 * functions and the shape of its flash; docs/porting/README.md has a chapter on
 * them. Bytes: docs/spec/store.md.
 *
 * A model lies in its slot byte for byte, from the slot's first byte on: where
 * the flash is mapped into memory it can be run from there (godwit_store_map).
 * A block is erased when the first byte for it arrives: writing takes as long as
 * the erase then. */
#include "godwit/medium.h"
#include "godwit/store.h"

/* A run of erase blocks. Both multiples of erase_bytes. */
struct godwit_flash_region {
  uint32_t offset;
  uint32_t size_bytes;
};

#define GODWIT_FLASH_SLOTS_MAX 4u
#define GODWIT_FLASH_PAGE_MIN 864u /* a page of the journal holds a state and its two seals */

/* Zero-initialise, then set what is not optional. Offsets count from wherever
 * the port's functions count from: the flash, or a partition. */
struct godwit_flash_config {
  /* The port. 0, or GODWIT_ERR_IO. Ranges are inside the regions below; data has
   * no alignment. */
  void *arg;
  /* Any offset and size. A unit that the controller cannot correct (ECC) is
   * GODWIT_ERR_IO; what erased bytes read as does not matter, but reading them
   * succeeds. */
  int (*read)(void *arg, uint32_t offset, void *data, size_t size);
  /* Multiples of program_bytes. Each unit is programmed once between two erases.
   * When power fails, units of this call may hold anything, others not. */
  int (*program)(void *arg, uint32_t offset, const void *data, size_t size);
  /* The one block of erase_bytes at offset. When power fails, that block may
   * hold anything. */
  int (*erase)(void *arg, uint32_t offset);
  /* All of the above is on the medium, in this order. NULL: it always is when
   * they return. */
  int (*sync)(void *arg);

  const void *mapped;     /* where the byte at offset 0 is read as memory; NULL: nowhere */
  uint32_t erase_bytes;   /* what is erased at once: 512, 4,096, 131,072 */
  uint32_t program_bytes; /* what is programmed at once: 1, 2, 4, 8, 16 or 32 */

  struct godwit_flash_region
      journal;                        /* two pages or more; each write goes to the next page when
                                         one is full, and after each start: more pages last longer */
  uint32_t journal_page_bytes;        /* a multiple of erase_bytes, at least GODWIT_FLASH_PAGE_MIN;
                                         0: the smallest such */
  struct godwit_flash_region scratch; /* one block. Size 0: none; then a download that power cut
                                         goes on from the start of an erase block, and one that is
                                         decoded begins anew */
  struct godwit_flash_region slot[GODWIT_FLASH_SLOTS_MAX]; /* may differ in size */
  unsigned slot_count; /* 2: a download takes the previous model's place. 3: rolling back needs no
                          download while the next one comes in */
};

struct godwit_flash {
  struct godwit_medium medium; /* for godwit_store_config */
  struct godwit_flash_config config;
  uint32_t page_count;
  uint32_t newest_page; /* of the journal: has the newest state */
  uint32_t page;        /* that is being written */
  uint32_t page_end;    /* bytes of it that are used; all of them: begin the next one */
  uint32_t since;       /* generation of the newest whole state */
  uint32_t erased_end;  /* of the incoming slot: what has been erased since open */
  uint32_t written_end; /* likewise written; UINT32_MAX: not opened since the start */
};

/* Copies the config; godwit_store_init refuses one that makes no sense with
 * GODWIT_ERR_ARGUMENT. The object is the caller's, and lives as long as the
 * store. */
void godwit_flash_init(struct godwit_flash *flash, const struct godwit_flash_config *config);
#endif
