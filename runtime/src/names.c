/* SPDX-License-Identifier: Apache-2.0 */
/* Names for messages and tools. */
#include "runtime/src/model.h"
#include "wit/ops.h"

const char *wit_status_name(int status) {
  switch (status) {
    case WIT_OK:
      return "ok";
    case WIT_ERR_ARGUMENT:
      return "argument";
    case WIT_ERR_TRUNCATED:
      return "truncated";
    case WIT_ERR_MALFORMED:
      return "malformed";
    case WIT_ERR_UNSUPPORTED_OP:
      return "unsupported op";
    case WIT_ERR_UNSUPPORTED_TYPE:
      return "unsupported type";
    case WIT_ERR_GRAPH:
      return "graph";
    case WIT_ERR_QUANTIZATION:
      return "quantization";
    case WIT_ERR_ARENA:
      return "arena";
    case WIT_ERR_LABELS:
      return "labels";
    case WIT_ERR_RUNTIME:
      return "runtime";
    case WIT_ERR_TEST_OUTPUT:
      return "test output";
    case WIT_ERR_TEST_TIME:
      return "test time";
    case WIT_ERR_TEST_ARENA:
      return "test arena";
    case WIT_ERR_NO_TEST:
      return "no test";
    default:
      return "unknown";
  }
}

static const struct {
  const char *name;
  unsigned bits; /* of an element, 0: no fixed size, or not supported */
} types[] = {
    [0] = {"float32", 32}, [1] = {"float16", 16},  [2] = {"int32", 32},
    [3] = {"uint8", 8},    [4] = {"int64", 64},    [5] = {"string", 0},
    [6] = {"bool", 8},     [7] = {"int16", 16},    [8] = {"complex64", 0},
    [9] = {"int8", 8},     [10] = {"float64", 64}, [11] = {"complex128", 0},
    [12] = {"uint64", 64}, [13] = {"resource", 0}, [14] = {"variant", 0},
    [15] = {"uint32", 32}, [16] = {"uint16", 16},  [17] = {"int4", 4},
};

const char *wit_type_name(int type) {
  if (type < 0 || (size_t)type >= sizeof types / sizeof types[0]) return "unknown";
  return types[type].name;
}

unsigned wit_type_bits(int type) {
  if (type < 0 || (size_t)type >= sizeof types / sizeof types[0]) return 0;
  return types[type].bits;
}

/* BuiltinOperator, in the schema's order, without gaps. */
static const char *const builtins[] = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "EMBEDDING_LOOKUP",
    "FLOOR",
    "FULLY_CONNECTED",
    "HASHTABLE_LOOKUP",
    "L2_NORMALIZATION",
    "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION",
    "LOGISTIC",
    "LSH_PROJECTION",
    "LSTM",
    "MAX_POOL_2D",
    "MUL",
    "RELU",
    "RELU_N1_TO_1",
    "RELU6",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RNN",
    "SOFTMAX",
    "SPACE_TO_DEPTH",
    "SVDF",
    "TANH",
    "CONCAT_EMBEDDINGS",
    "SKIP_GRAM",
    "CALL",
    "CUSTOM",
    "EMBEDDING_LOOKUP_SPARSE",
    "PAD",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "GATHER",
    "BATCH_TO_SPACE_ND",
    "SPACE_TO_BATCH_ND",
    "TRANSPOSE",
    "MEAN",
    "SUB",
    "DIV",
    "SQUEEZE",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "STRIDED_SLICE",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "EXP",
    "TOPK_V2",
    "SPLIT",
    "LOG_SOFTMAX",
    "DELEGATE",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "CAST",
    "PRELU",
    "MAXIMUM",
    "ARG_MAX",
    "MINIMUM",
    "LESS",
    "NEG",
    "PADV2",
    "GREATER",
    "GREATER_EQUAL",
    "LESS_EQUAL",
    "SELECT",
    "SLICE",
    "SIN",
    "TRANSPOSE_CONV",
    "SPARSE_TO_DENSE",
    "TILE",
    "EXPAND_DIMS",
    "EQUAL",
    "NOT_EQUAL",
    "LOG",
    "SUM",
    "SQRT",
    "RSQRT",
    "SHAPE",
    "POW",
    "ARG_MIN",
    "FAKE_QUANT",
    "REDUCE_PROD",
    "REDUCE_MAX",
    "PACK",
    "LOGICAL_OR",
    "ONE_HOT",
    "LOGICAL_AND",
    "LOGICAL_NOT",
    "UNPACK",
    "REDUCE_MIN",
    "FLOOR_DIV",
    "REDUCE_ANY",
    "SQUARE",
    "ZEROS_LIKE",
    "FILL",
    "FLOOR_MOD",
    "RANGE",
    "RESIZE_NEAREST_NEIGHBOR",
    "LEAKY_RELU",
    "SQUARED_DIFFERENCE",
    "MIRROR_PAD",
    "ABS",
    "SPLIT_V",
    "UNIQUE",
    "CEIL",
    "REVERSE_V2",
    "ADD_N",
    "GATHER_ND",
    "COS",
    "WHERE",
    "RANK",
    "ELU",
    "REVERSE_SEQUENCE",
    "MATRIX_DIAG",
    "QUANTIZE",
    "MATRIX_SET_DIAG",
    "ROUND",
    "HARD_SWISH",
    "IF",
    "WHILE",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "SCATTER_ND",
    "SELECT_V2",
    "DENSIFY",
    "SEGMENT_SUM",
    "BATCH_MATMUL",
    "PLACEHOLDER_FOR_GREATER_OP_CODES",
    "CUMSUM",
    "CALL_ONCE",
    "BROADCAST_TO",
    "RFFT2D",
    "CONV_3D",
    "IMAG",
    "REAL",
    "COMPLEX_ABS",
    "HASHTABLE",
    "HASHTABLE_FIND",
    "HASHTABLE_IMPORT",
    "HASHTABLE_SIZE",
    "REDUCE_ALL",
    "CONV_3D_TRANSPOSE",
    "VAR_HANDLE",
    "READ_VARIABLE",
    "ASSIGN_VARIABLE",
    "BROADCAST_ARGS",
    "RANDOM_STANDARD_NORMAL",
    "BUCKETIZE",
    "RANDOM_UNIFORM",
    "MULTINOMIAL",
    "GELU",
    "DYNAMIC_UPDATE_SLICE",
    "RELU_0_TO_1",
    "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_SUM",
    "ATAN2",
    "UNSORTED_SEGMENT_MIN",
    "SIGN",
    "BITCAST",
    "BITWISE_XOR",
    "RIGHT_SHIFT",
};

const char *wit_op_builtin_name(int32_t builtin) {
  if (builtin < 0 || (size_t)builtin >= sizeof builtins / sizeof builtins[0]) return NULL;
  return builtins[builtin];
}

const char *wit_builtin_name(int32_t builtin) {
  const char *name = wit_op_builtin_name(builtin);
  return name == NULL ? "BUILTIN" : name;
}
