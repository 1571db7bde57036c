/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTS_POSIX_FLASH_FILE_H
#define PORTS_POSIX_FLASH_FILE_H
/* A flash in a file: for trying out on Linux what a device does on raw flash, and
 * the port to read before writing one for a chip. 4 KB erase blocks, 8-byte
 * units; a unit that is programmed twice without an erase is refused, as flash
 * with ECC would. The file is mapped, so godwit_store_map has an address. */
#include "godwit/flash.h"

#define FLASH_FILE_ERASE_BYTES 4096u
#define FLASH_FILE_PROGRAM_BYTES 8u

struct flash_file {
  int file;
  uint8_t *bytes; /* the file, mapped */
  uint32_t size_bytes;
};

/* Opens or makes the file: four journal pages, a scratch block, and two slots of
 * slot_bytes each (rounded up to blocks). A file that is there has to have just
 * the size of that. 0; GODWIT_ERR_ARGUMENT for another size; GODWIT_ERR_IO with
 * errno set. */
int flash_file_open(struct flash_file *flash, const char *path, uint32_t slot_bytes);
/* The config of the open file, for godwit_flash_init. */
struct godwit_flash_config flash_file_config(struct flash_file *flash);
void flash_file_close(struct flash_file *flash);
#endif
