/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_LIMITS_H
#define RUNTIME_SRC_LIMITS_H
/* What a model may not exceed, and why. Every loop over something that a file
 * declares is bounded by one of these, so that a hostile file of any size is
 * refused (or opened) in time linear in these numbers, never in the product of
 * two counts that the file chose. */

/* FlatBuffers' own limit: offsets are 32 bits, vtable offsets signed. */
#define WIT_FILE_SIZE_MAX 0x7fffffffu
/* The line "GLTHBEGIN;...;GLTHEND\n" in front of the flatbuffer. */
#define WIT_HEADER_SIZE_MAX 4096u

/* Counts in the container. Real networks for microcontrollers have up to a few
 * hundred tensors; the planner is quadratic in them. */
#define WIT_SUBGRAPHS_MAX 32u
#define WIT_TENSORS_MAX 4096u   /* a subgraph */
#define WIT_OPERATORS_MAX 4096u /* a subgraph */
#define WIT_OPERATOR_CODES_MAX 4096u
#define WIT_BUFFERS_MAX 65536u
#define WIT_METADATA_MAX 256u
#define WIT_OPERANDS_MAX 128u             /* inputs, or outputs, of one operator */
#define WIT_GRAPH_IO_MAX 256u             /* inputs, or outputs, of a subgraph */
#define WIT_QUANTIZED_CHANNELS_MAX 65536u /* scales of one tensor */

/* Sizes: kernels index with 32 bits, signed where padding makes it negative. */
#define WIT_TENSOR_BYTES_MAX 0x7fffffffu
#define WIT_ARENA_BYTES_MAX 0x7fffffffu

/* Per-channel scales that one graph's operators may have prepared, all in all:
 * operators may share one huge scale vector, and each entry costs a division. */
#define WIT_CHANNELS_TOTAL_MAX (1u << 22)

/* Products that an int8 sum may add up in 32 bits: 255 * 128 * 65793 < 2^31;
 * where the weights have a zero point too: 255 * 255 * 33025 < 2^31. */
#define WIT_INT8_DEPTH_MAX 65793u
#define WIT_INT8_DEPTH_OFFSET_MAX 33025u
/* Values that an int16 average may add up in 32 bits. */
#define WIT_POOL_WINDOW_MAX 65535u
/* Exponentials that a softmax may add up: 2^12 in Q12, 2^16 in Q16. */
#define WIT_SOFTMAX_DEPTH_INT8_MAX 4095u
#define WIT_SOFTMAX_DEPTH_MAX 65535u
/* Spatial extents, strides and dilations: coordinates stay in 32 bits. */
#define WIT_EXTENT_MAX (1 << 24)

/* Multiply-accumulates (or the like) of one invoke: a minute on a fast core.
 * What no device would ever finish is refused. */
#define WIT_COST_MAX ((uint64_t)1 << 36)

/* Text of the labels: finding the nth one walks over those before it. */
#define WIT_LABELS_BYTES_MAX 32768u

/* One operator's own state in the arena (struct wit_op.data_size). */
#define WIT_OP_DATA_MAX 192u

/* Memory planning works in the arena itself. When the arena is too small for
 * that (in a query of its size, above all) it works on the stack, which is then
 * 16 bytes an entry. A graph with more tensors than this gets an answer that is
 * less than what it needs: ask again with that much. */
#ifndef WIT_QUERY_ENTRIES_MAX
#define WIT_QUERY_ENTRIES_MAX 128u
#endif
#endif
