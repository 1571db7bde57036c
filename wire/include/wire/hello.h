/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H
/* What a device says of itself when it has come: a CBOR map POSTed to
 * `.gw/hello` (docs/spec/wire.md). All of it is optional, unknown keys are
 * ignored, so that both ends may learn to say more. */
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_HELLO_TEXT_MAX 63u    /* bytes of board, SDK and runtime each */
#define GW_HELLO_OPS_MAX 192u    /* TensorFlow Lite has some 160 builtin ops */
#define GW_HELLO_OP_NAME_MAX 63u /* bytes of a custom op's name */
/* One datagram's payload. Longer ones are refused before they are read. */
#define GW_HELLO_SIZE_MAX 1024u
#define GW_HELLO_PATH ".gw/hello"

/* What is encoded; texts NULL or "" and numbers 0 are left out. All borrowed. */
struct gw_hello_words {
  const char *board;       /* "nrf9160dk", "linux x86_64" */
  const char *sdk;         /* "godwit/0.1.0" */
  const char *runtime;     /* "wit/0.1.0" */
  const uint16_t *op_code; /* TensorFlow Lite's BuiltinOperator */
  size_t op_code_count;
  const char *const *op_name; /* custom ops */
  size_t op_name_count;
  uint32_t arena_bytes; /* for the interpreter, the largest one model can have */
  uint32_t slot_bytes;  /* the longest model file that it can keep */
};
/* Bytes written, GW_ERR_NO_SPACE, or GW_ERR_TOO_LONG for a text or a list beyond
 * the limits above. */
int gw_hello_encode(const struct gw_hello_words *words, uint8_t *buffer, size_t size);

struct gw_hello_op {
  const char *name; /* borrowed from the message, not NUL-terminated; NULL: a builtin */
  uint16_t name_length;
  uint16_t code; /* of a builtin */
};

/* What is parsed; absent texts are "", absent numbers 0. */
struct gw_hello {
  char board[GW_HELLO_TEXT_MAX + 1];
  char sdk[GW_HELLO_TEXT_MAX + 1];
  char runtime[GW_HELLO_TEXT_MAX + 1];
  uint32_t arena_bytes;
  uint32_t slot_bytes;
  size_t op_count;
  struct gw_hello_op op[GW_HELLO_OPS_MAX];
};
/* GW_ERR_TOO_LONG for what exceeds the limits above; GW_ERR_MALFORMED for
 * another type than the key's, a key twice, an op's name that is empty or not
 * of printable ASCII without ',', anything behind the map; else as
 * gw_manifest_parse. */
int gw_hello_parse(const uint8_t *data, size_t size, struct gw_hello *out);
#endif
