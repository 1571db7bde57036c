/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_WEIGHTS_H
#define RUNTIME_SRC_WEIGHTS_H
/* Weights of int8 activations, which files store as int8 or, two a byte, as
 * int4. Kernels know only int8. */
#include "runtime/kernels/conv.h"
#include "runtime/src/op.h"

/* Input `index` of the node as int8; `packed` int4 values (0: it is int8) are
 * unpacked into the node's scratch, which has a byte for each. */
static inline const int8_t *wit_int8_weights(const struct wit_node *node, unsigned index,
                                             uint32_t packed) {
  if (packed == 0) return wit_node_input(node, index);
  wit_unpack_int4(wit_node_input(node, index), packed, node->scratch);
  return node->scratch;
}
#endif
