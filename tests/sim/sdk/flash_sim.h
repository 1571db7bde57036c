/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SDK_FLASH_SIM_H
#define TESTS_SIM_SDK_FLASH_SIM_H
/* A flash that forgives nothing. A unit that is programmed twice or was never
 * surely erased, an access outside the regions and an unaligned one fail the
 * test at once. Power can fail at any program, erase or sync: units under way
 * then hold what was meant, what was there before, the erased value, garbage, or
 * an error that ECC finds, and which of these is thrown anew at each start; all
 * of them have to be erased before they are programmed again. */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit/flash.h"

struct flash_shape {
  const char *name;
  uint32_t erase_bytes, program_bytes, journal_page_bytes;
  unsigned journal_pages;
  uint32_t scratch_blocks;
  unsigned slot_count;
  uint32_t slot_blocks[GODWIT_FLASH_SLOTS_MAX];
  uint8_t erased_value;
  uint32_t block_bytes; /* what the life on it writes at once */
  uint32_t sizes[5];    /* of the models in it */
};
/* nRF-like, STM32-like, large sectors, SPI NOR, tiny pages; then variants. */
extern const struct flash_shape flash_shapes[];
extern const size_t flash_shape_count;

struct flash_sim {
  const struct flash_shape *shape;
  long operations; /* programs, erases and syncs so far */
  long cut_at;     /* power fails during that operation; 0: never */
  jmp_buf *on_cut; /* where to go then */
  long fail_at;    /* that operation returns GODWIT_ERR_IO and leaves garbage; 0: none */
  bool broken;     /* every call fails */
};
extern struct flash_sim flash_sim;

/* Blank flash of that shape; the config for it. */
void flash_sim_reset(const struct flash_shape *shape, uint32_t seed);
struct godwit_flash_config flash_sim_config(void);
/* After a cut, and at any start: units that are not sure are thrown anew. */
void flash_sim_power_on(void);
/* Times that the block has been erased. */
unsigned flash_sim_erases(uint32_t offset);
/* ECC finds an error in the unit from now on. */
void flash_sim_decay(uint32_t offset);
/* Puts bytes there behind the store's back. */
void flash_sim_put(uint32_t offset, const void *data, size_t size);
/* Has anything been programmed there? */
bool flash_sim_is_programmed(uint32_t offset);
void flash_sim_get(uint32_t offset, void *data, size_t size);
#endif
