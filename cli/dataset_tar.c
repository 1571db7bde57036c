/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_tar.h"

#include <string.h>

/* Fields of a ustar header (POSIX.1-1988), by their offset. */
#define NAME 0
#define NAME_SIZE 100
#define SIZE 124
#define SIZE_SIZE 12
#define CHECKSUM 148
#define CHECKSUM_SIZE 8
#define TYPE 156
#define MAGIC 257
#define PREFIX 345
#define PREFIX_SIZE 155

const char *cli_tar_status_text(int status) {
  switch (status) {
    case CLI_TAR_ERR_TRUNCATED:
      return "it ends in the middle of a file: get it again";
    case CLI_TAR_ERR_COMPRESSED:
      return "it is compressed: unpack it, and name the folder";
    case CLI_TAR_ERR_MALFORMED:
      return "it is no tar archive, or a damaged one: get it again";
    default:
      return "it is a tar archive";
  }
}

/* Octal digits, spaces before and a NUL or space after. */
static bool parse_octal(const uint8_t *field, size_t size, uint64_t *out) {
  size_t i = 0;
  uint64_t value = 0;
  while (i < size && field[i] == ' ') i++;
  size_t first = i;
  for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) value = value * 8 + (field[i] - '0');
  *out = value; /* 12 digits are 36 bits: no overflow */
  return i > first && (i == size || field[i] == 0 || field[i] == ' ');
}

static bool is_zero(const uint8_t *block) {
  for (size_t i = 0; i < CLI_TAR_BLOCK; i++) {
    if (block[i] != 0) return false;
  }
  return true;
}

static bool is_compressed(const uint8_t *block) {
  return memcmp(block, "\x1f\x8b", 2) == 0 || memcmp(block, "BZh", 3) == 0 ||
         memcmp(block,
                "\xfd"
                "7zXZ",
                5) == 0 ||
         memcmp(block, "\x28\xb5\x2f\xfd", 4) == 0;
}

/* The sum of all bytes, those of the checksum itself taken as spaces. */
static bool checksum_is_right(const uint8_t *block) {
  uint64_t stated, sum = 0;
  for (size_t i = 0; i < CLI_TAR_BLOCK; i++) {
    sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE ? ' ' : block[i];
  }
  return parse_octal(block + CHECKSUM, CHECKSUM_SIZE, &stated) && stated == sum;
}

static size_t append(char *out, size_t used, const uint8_t *field, size_t size) {
  const uint8_t *end = memchr(field, 0, size);
  size_t length = end != NULL ? (size_t)(end - field) : size;
  memcpy(out + used, field, length);
  return used + length;
}

static void parse_name(const uint8_t *block, char name[CLI_TAR_NAME_MAX + 1]) {
  size_t used = 0;
  /* GNU's own format ("ustar  ") keeps times where the prefix is. */
  if (memcmp(block + MAGIC, "ustar\0", 6) == 0 && block[PREFIX] != 0) {
    used = append(name, 0, block + PREFIX, PREFIX_SIZE);
    name[used++] = '/';
  }
  used = append(name, used, block + NAME, NAME_SIZE);
  name[used] = 0;
  if (strncmp(name, "./", 2) == 0) memmove(name, name + 2, used - 1);
}

static enum cli_tar_kind kind_of(uint8_t type) {
  switch (type) {
    case 0:
    case '0':
    case '7':
      return CLI_TAR_FILE;
    case '1':
    case '2':
      return CLI_TAR_LINK;
    case '5':
      return CLI_TAR_FOLDER;
    default:
      return CLI_TAR_FOREIGN;
  }
}

static int next_header(struct cli_tar *tar, struct cli_tar_entry *entry, uint8_t *type) {
  uint8_t block[CLI_TAR_BLOCK];
  /* Archives end with blocks of zeros; one that just stops between two files
   * is taken as well. */
  if (tar->at == tar->size && tar->size > 0) return CLI_TAR_END;
  if (tar->size - tar->at < CLI_TAR_BLOCK) {
    return tar->at == 0 ? CLI_TAR_ERR_MALFORMED : CLI_TAR_ERR_TRUNCATED;
  }
  if (!tar->read(tar->context, tar->at, block, CLI_TAR_BLOCK)) return CLI_TAR_ERR_TRUNCATED;
  if (is_zero(block)) return tar->at > 0 ? CLI_TAR_END : CLI_TAR_ERR_MALFORMED;
  if (!checksum_is_right(block)) {
    return tar->at == 0 && is_compressed(block) ? CLI_TAR_ERR_COMPRESSED : CLI_TAR_ERR_MALFORMED;
  }
  if (!parse_octal(block + SIZE, SIZE_SIZE, &entry->size)) return CLI_TAR_ERR_MALFORMED;
  parse_name(block, entry->name);
  *type = block[TYPE];
  entry->kind = kind_of(*type);
  entry->offset = tar->at + CLI_TAR_BLOCK;
  if (entry->size > tar->size - entry->offset) return CLI_TAR_ERR_TRUNCATED;
  uint64_t padded = (entry->size + CLI_TAR_BLOCK - 1) / CLI_TAR_BLOCK * CLI_TAR_BLOCK;
  uint64_t left = tar->size - entry->offset;
  tar->at = entry->offset + (padded < left ? padded : left);
  return CLI_TAR_ENTRY;
}

#define EXTENSION_MAX 4096 /* of an extended header looked at; they hold times and long names */

/* Whether an extended header gives the next file another name or size:
 * records "LENGTH path=...\n". One too long to look at counts as such. */
static bool extension_matters(struct cli_tar *tar, const struct cli_tar_entry *entry) {
  static const char *const key[] = {" path=", " size=", " linkpath="};
  char text[EXTENSION_MAX + 1];
  if (entry->size > EXTENSION_MAX) return true;
  if (!tar->read(tar->context, entry->offset, text, (size_t)entry->size)) return true;
  for (size_t i = 0; i < entry->size; i++) text[i] = text[i] != 0 ? text[i] : ' ';
  text[entry->size] = 0;
  for (size_t i = 0; i < sizeof key / sizeof key[0]; i++) {
    if (strstr(text, key[i]) != NULL) return true;
  }
  return false;
}

int cli_tar_next(struct cli_tar *tar, struct cli_tar_entry *entry) {
  bool renamed = false;
  uint8_t type;
  for (;;) {
    int status = next_header(tar, entry, &type);
    if (status != CLI_TAR_ENTRY) return status;
    if (type == 'x') {
      renamed = extension_matters(tar, entry);
    } else if (type == 'L') {
      renamed = true;
    } else if (type != 'g' && type != 'K') {
      break;
    }
  }
  if (renamed) entry->kind = CLI_TAR_FOREIGN;
  return CLI_TAR_ENTRY;
}

bool cli_path_is_plain(const char *name) {
  for (const char *step = name;;) {
    size_t length = strcspn(step, "/");
    if (length == 0 || (length == 1 && step[0] == '.')) return false;
    if (length == 2 && step[0] == '.' && step[1] == '.') return false;
    for (size_t i = 0; i < length; i++) {
      if ((uint8_t)step[i] < ' ' || step[i] == 0x7F || step[i] == '\\') return false;
    }
    if (step[length] == 0) return true;
    step += length + 1;
  }
}
