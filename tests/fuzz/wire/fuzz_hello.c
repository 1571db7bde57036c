/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* What a device says of itself: refused, or within every limit and the same
 * after a round trip. */
#include <stdlib.h>
#include <string.h>

#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

/* The encoder writes builtins first. */
static void split_ops(const struct gw_hello *hello, struct gw_hello_words *words, uint16_t *codes,
                      char (*texts)[GW_HELLO_OP_NAME_MAX + 1], const char **names) {
  for (size_t i = 0; i < hello->op_count; i++) {
    const struct gw_hello_op *op = &hello->op[i];
    if (op->name == NULL) {
      codes[words->op_code_count++] = op->code;
      continue;
    }
    check(op->name_length > 0 && op->name_length <= GW_HELLO_OP_NAME_MAX);
    memcpy(texts[words->op_name_count], op->name, op->name_length);
    texts[words->op_name_count][op->name_length] = 0;
    names[words->op_name_count] = texts[words->op_name_count];
    words->op_name_count++;
  }
  words->op_code = codes;
  words->op_name = names;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct gw_hello hello, again;
  static uint16_t codes[GW_HELLO_OPS_MAX];
  static char texts[GW_HELLO_OPS_MAX][GW_HELLO_OP_NAME_MAX + 1];
  static const char *names[GW_HELLO_OPS_MAX];
  uint8_t buffer[2 * GW_HELLO_SIZE_MAX];
  if (gw_hello_parse(data, size, &hello) != GW_OK) return 0;
  check(hello.op_count <= GW_HELLO_OPS_MAX && size <= GW_HELLO_SIZE_MAX);
  struct gw_hello_words words = {.board = hello.board,
                                 .sdk = hello.sdk,
                                 .runtime = hello.runtime,
                                 .arena_bytes = hello.arena_bytes,
                                 .slot_bytes = hello.slot_bytes};
  split_ops(&hello, &words, codes, texts, names);
  int length = gw_hello_encode(&words, buffer, sizeof buffer);
  check(length > 0);
  if ((size_t)length > GW_HELLO_SIZE_MAX) return 0; /* longer by the indefinite map's end */
  check(gw_hello_parse(buffer, (size_t)length, &again) == GW_OK);
  check(strcmp(again.board, hello.board) == 0 && strcmp(again.sdk, hello.sdk) == 0);
  check(strcmp(again.runtime, hello.runtime) == 0 && again.op_count == hello.op_count);
  check(again.arena_bytes == hello.arena_bytes && again.slot_bytes == hello.slot_bytes);
  for (size_t i = 0; i < words.op_code_count; i++) check(again.op[i].code == codes[i]);
  return 0;
}
