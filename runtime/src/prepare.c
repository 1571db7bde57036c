/* SPDX-License-Identifier: Apache-2.0 */
/* What ops call while they prepare: see op.h. */
#include "runtime/src/prepare.h"

#include <float.h>
#include <stdarg.h>

#include "runtime/src/error.h"
#include "runtime/src/limits.h"

/* ---- operands ----------------------------------------------------------- */

static struct wit_operand operand_at(struct wit_prepare *prepare, const struct wit_vector *list,
                                     unsigned index, const char *role) {
  struct wit_operand operand = {.tensor = -1, .role = role};
  if (index < list->count) {
    struct wit_reader r = wit_model_reader(prepare->model);
    operand.tensor = wit_vector_i32(&r, list, index);
  }
  if (operand.tensor >= 0) {
    operand.info = wit_model_tensor(prepare->model, &prepare->graph, (uint32_t)operand.tensor);
  }
  return operand;
}

struct wit_operand wit_input(struct wit_prepare *prepare, unsigned index, const char *role) {
  return operand_at(prepare, &prepare->operator.inputs, index, role);
}

struct wit_operand wit_output(struct wit_prepare *prepare, unsigned index, const char *role) {
  return operand_at(prepare, &prepare->operator.outputs, index, role);
}

unsigned wit_input_count(const struct wit_prepare *prepare) {
  return prepare->operator.inputs.count;
}

int32_t wit_constant_i32(const struct wit_operand *operand, uint32_t index) {
  const uint8_t *bytes = operand->info.constant;
  if (operand->info.type == WIT_INT32) return (int32_t)wit_load_u32(bytes + 4 * (size_t)index);
  int64_t value = (int64_t)wit_load_u64(bytes + 8 * (size_t)index);
  if (value > INT32_MAX) return INT32_MAX;
  return value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* ---- options ------------------------------------------------------------ */

int32_t wit_option_i32(struct wit_prepare *prepare, unsigned id, int32_t absent) {
  return wit_read_i32(&prepare->reader, &prepare->operator.options, id, absent);
}

int32_t wit_option_i8(struct wit_prepare *prepare, unsigned id, int32_t absent) {
  return (int8_t)wit_read_u8(&prepare->reader, &prepare->operator.options, id, (uint8_t)absent);
}

bool wit_option_bool(struct wit_prepare *prepare, unsigned id) {
  return wit_read_u8(&prepare->reader, &prepare->operator.options, id, 0) != 0;
}

float wit_option_f32(struct wit_prepare *prepare, unsigned id, float absent) {
  return wit_read_f32(&prepare->reader, &prepare->operator.options, id, absent);
}

int wit_option_list(struct wit_prepare *prepare, unsigned id, int32_t *list, int max) {
  struct wit_vector vector = wit_read_vector(&prepare->reader, &prepare->operator.options, id, 4);
  if (!vector.position || vector.count > (uint32_t)max) return -1;
  for (uint32_t i = 0; i < vector.count; i++)
    list[i] = wit_vector_i32(&prepare->reader, &vector, i);
  return (int)vector.count;
}

/* ---- refusing ------------------------------------------------------------ */

int wit_refuse(struct wit_prepare *prepare, int status, const char *format, ...) {
  wit_error_set(prepare->error, status, (int)prepare->op_index, -1, "op %u %s: ", prepare->op_index,
                prepare->op->name);
  va_list arguments;
  va_start(arguments, format);
  wit_error_append_list(prepare->error, format, arguments);
  va_end(arguments);
  return status;
}

int wit_require_type(struct wit_prepare *prepare, const struct wit_operand *operand,
                     enum wit_type type) {
  if (operand->tensor < 0) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "%s is missing", operand->role);
  }
  if (operand->info.type == type) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "%s is %s, not %s", operand->role,
                    wit_type_name((int)operand->info.type), wit_type_name((int)type));
}

int wit_require_usual_type(struct wit_prepare *prepare, const struct wit_operand *operand) {
  enum wit_type type = operand->info.type;
  if (type == WIT_INT8 || type == WIT_INT16 || type == WIT_FLOAT32) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "%s is %s", operand->role,
                    wit_type_name((int)type));
}

int wit_require_rank(struct wit_prepare *prepare, const struct wit_operand *operand, int32_t rank) {
  if (operand->info.shape.rank == rank) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_GRAPH, "%s has %d dimensions, not %d", operand->role,
                    operand->info.shape.rank, rank);
}

bool wit_same_shape(const struct wit_shape *a, const struct wit_shape *b) {
  if (a->rank != b->rank) return false;
  for (int32_t i = 0; i < a->rank; i++) {
    if (a->dim[i] != b->dim[i]) return false;
  }
  return true;
}

int wit_require_shape(struct wit_prepare *prepare, const struct wit_operand *operand,
                      const struct wit_shape *shape) {
  int status = wit_require_rank(prepare, operand, shape->rank);
  for (int32_t i = 0; !status && i < shape->rank; i++) {
    if (operand->info.shape.dim[i] == shape->dim[i]) continue;
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "%s has %d in dimension %d, not %d", operand->role,
                        operand->info.shape.dim[i], i, shape->dim[i]);
  }
  return status;
}

/* Written so that NaN fails. */
bool wit_scale_is_sound(float scale) { return scale >= FLT_MIN && scale <= FLT_MAX; }

int wit_require_quantized(struct wit_prepare *prepare, const struct wit_operand *operand) {
  const char *wrong = NULL;
  if (operand->info.channels == 0) {
    wrong = "has no scale";
  } else if (operand->info.channels != 1) {
    wrong = "is quantized per channel";
  } else if (!wit_scale_is_sound(operand->info.scale)) {
    wrong = "has a scale that is not a positive number";
  }
  if (!wrong) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "%s %s", operand->role, wrong);
}

int wit_require_quantization(struct wit_prepare *prepare, const struct wit_operand *operand,
                             float scale, int32_t zero_point) {
  int status = wit_require_quantized(prepare, operand);
  if (status) return status;
  float difference = operand->info.scale - scale;
  if (difference > 0.001f * scale || difference < -0.001f * scale) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "%s's scale is not the op's own",
                      operand->role);
  }
  if (operand->info.zero_point == zero_point) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "%s's zero point is %d, not %d", operand->role,
                    operand->info.zero_point, zero_point);
}

bool wit_same_quantization(const struct wit_operand *a, const struct wit_operand *b) {
  return a->info.scale == b->info.scale && a->info.zero_point == b->info.zero_point;
}

/* ---- memory and cost ------------------------------------------------------ */

void *wit_persist(struct wit_prepare *prepare, size_t size, size_t alignment) {
  prepare->used = (prepare->used + alignment - 1) & ~(uint64_t)(alignment - 1);
  uint64_t offset = prepare->used;
  prepare->used += size;
  return prepare->arena ? prepare->arena + offset : NULL;
}

struct wit_plan_entry *wit_prepare_entry(struct wit_prepare *prepare, uint32_t index) {
  struct wit_plan_entry *entry = &prepare->entries[index];
  return entry->place == WIT_PLACE_SHARED ? &prepare->entries[entry->offset] : entry;
}

int wit_request_scratch(struct wit_prepare *prepare, size_t size) {
  if (size > WIT_TENSOR_BYTES_MAX) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "needs more than 2 GiB of scratch memory");
  }
  if (size == 0) return WIT_OK;
  if (prepare->entry_count == prepare->entry_max) {
    prepare->entries_full = true;
    return WIT_ERR_ARENA;
  }
  prepare->scratch = prepare->entry_count++;
  prepare->entries[prepare->scratch] = (struct wit_plan_entry){
      .size = (uint32_t)size,
      .first = (uint16_t)prepare->op_index,
      .last = (uint16_t)prepare->op_index,
      .place = WIT_PLACE_PLANNED,
  };
  return WIT_OK;
}

static bool lists(const struct wit_prepare *prepare, const struct wit_vector *indices,
                  int32_t tensor) {
  struct wit_reader r = wit_model_reader(prepare->model);
  for (uint32_t i = 0; i < indices->count; i++) {
    if (wit_vector_i32(&r, indices, i) == tensor) return true;
  }
  return false;
}

void wit_share_memory(struct wit_prepare *prepare) {
  struct wit_operand in = wit_input(prepare, 0, ""), out = wit_output(prepare, 0, "");
  if (in.info.size_bytes != out.info.size_bytes) return;
  struct wit_plan_entry *source = wit_prepare_entry(prepare, (uint32_t)in.tensor);
  if (source->place != WIT_PLACE_PLANNED) return;
  /* An application may fill the next input before it reads the last output. */
  if (lists(prepare, &prepare->graph.outputs, out.tensor) &&
      lists(prepare, &prepare->graph.inputs, (int32_t)(source - prepare->entries))) {
    return;
  }
  struct wit_plan_entry *target = &prepare->entries[out.tensor];
  target->place = WIT_PLACE_SHARED;
  target->offset = (uint32_t)(source - prepare->entries);
}

int wit_add_cost(struct wit_prepare *prepare, uint64_t steps) {
  if (steps <= WIT_COST_MAX && prepare->cost + steps <= WIT_COST_MAX) {
    prepare->cost += steps;
    return WIT_OK;
  }
  return wit_refuse(prepare, WIT_ERR_GRAPH, "would take more than 2^36 steps");
}

int wit_add_channels(struct wit_prepare *prepare, uint32_t count) {
  prepare->channels += count; /* cannot wrap: count < 2^31, and the sum before is at most 2^22 */
  if (prepare->channels <= WIT_CHANNELS_TOTAL_MAX) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_GRAPH, "the graph has more than 2^22 quantized channels");
}
