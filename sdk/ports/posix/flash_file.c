/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "godwit/status.h"

#define ERASED 0xFF
#define JOURNAL_BLOCKS 4u
#define SCRATCH_BLOCKS 1u
#define SLOTS 2u

static int flash_read(void *arg, uint32_t offset, void *data, size_t size) {
  const struct flash_file *flash = arg;
  memcpy(data, flash->bytes + offset, size);
  return GODWIT_OK;
}

static int flash_program(void *arg, uint32_t offset, const void *data, size_t size) {
  const struct flash_file *flash = arg;
  for (size_t i = 0; i < size; i++) {
    if (flash->bytes[offset + i] != ERASED) return GODWIT_ERR_IO;
  }
  memcpy(flash->bytes + offset, data, size);
  return GODWIT_OK;
}

static int flash_erase(void *arg, uint32_t offset) {
  const struct flash_file *flash = arg;
  memset(flash->bytes + offset, ERASED, FLASH_FILE_ERASE_BYTES);
  return GODWIT_OK;
}

/* A chip needs none of it: what it has programmed is there. */
static int flash_sync(void *arg) {
  const struct flash_file *flash = arg;
  return msync(flash->bytes, flash->size_bytes, MS_SYNC) == 0 ? GODWIT_OK : GODWIT_ERR_IO;
}

/* Blank from the factory, or as it was left. */
static int set_size(const struct flash_file *flash) {
  struct stat state;
  uint8_t erased[FLASH_FILE_ERASE_BYTES];
  if (fstat(flash->file, &state) < 0) return GODWIT_ERR_IO;
  if (state.st_size == (off_t)flash->size_bytes) return GODWIT_OK;
  if (state.st_size != 0) return GODWIT_ERR_ARGUMENT;
  memset(erased, ERASED, sizeof erased);
  for (uint32_t at = 0; at < flash->size_bytes; at += sizeof erased) {
    if (pwrite(flash->file, erased, sizeof erased, (off_t)at) != (ssize_t)sizeof erased) {
      return GODWIT_ERR_IO;
    }
  }
  return GODWIT_OK;
}

static uint32_t slot_size(uint32_t size_bytes) {
  return (size_bytes / FLASH_FILE_ERASE_BYTES - JOURNAL_BLOCKS - SCRATCH_BLOCKS) / SLOTS *
         FLASH_FILE_ERASE_BYTES;
}

int flash_file_open(struct flash_file *flash, const char *path, uint32_t slot_bytes) {
  if (slot_bytes == 0 || slot_bytes > UINT32_MAX / 4) return GODWIT_ERR_ARGUMENT;
  uint32_t slot_blocks = (slot_bytes - 1) / FLASH_FILE_ERASE_BYTES + 1;
  flash->size_bytes =
      (JOURNAL_BLOCKS + SCRATCH_BLOCKS + SLOTS * slot_blocks) * FLASH_FILE_ERASE_BYTES;
  flash->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (flash->file < 0) return GODWIT_ERR_IO;
  int status = set_size(flash);
  if (status == GODWIT_OK) {
    flash->bytes =
        mmap(NULL, flash->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, flash->file, 0);
    if (flash->bytes == MAP_FAILED) status = GODWIT_ERR_IO;
  }
  if (status < 0) close(flash->file);
  return status;
}

struct godwit_flash_config flash_file_config(struct flash_file *flash) {
  uint32_t block = FLASH_FILE_ERASE_BYTES, slot = slot_size(flash->size_bytes);
  uint32_t first = (JOURNAL_BLOCKS + SCRATCH_BLOCKS) * block;
  return (struct godwit_flash_config){
      .arg = flash,
      .read = flash_read,
      .program = flash_program,
      .erase = flash_erase,
      .sync = flash_sync,
      .mapped = flash->bytes,
      .erase_bytes = block,
      .program_bytes = FLASH_FILE_PROGRAM_BYTES,
      .journal = {0, JOURNAL_BLOCKS * block},
      .scratch = {JOURNAL_BLOCKS * block, SCRATCH_BLOCKS * block},
      .slot = {{first, slot}, {first + slot, slot}},
      .slot_count = SLOTS,
  };
}

void flash_file_close(struct flash_file *flash) {
  (void)munmap(flash->bytes, flash->size_bytes);
  (void)close(flash->file);
}
