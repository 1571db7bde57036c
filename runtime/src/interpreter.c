/* SPDX-License-Identifier: Apache-2.0 */
/* Preparing and running subgraph 0.
 *
 * wit_interpreter_init builds the interpreter twice with the same code: first
 * into nothing, which verifies the graph and measures, then, when the arena is
 * large enough, into the arena, which can no longer fail. So the size that is
 * reported is exact by construction. */
#include "runtime/src/interpreter.h"

#include <string.h>

#include "runtime/src/error.h"
#include "runtime/src/limits.h"
#include "runtime/src/prepare.h"
#include "runtime/src/schema.h"

#define ALIGN_UP(value, alignment) (((value) + (alignment)-1) & ~(uint64_t)((alignment)-1))

/* Everything that one pass of building needs beyond what ops see. */
struct build {
  struct wit_prepare prepare;
  const struct wit_op_table *ops;
  /* In the arena, NULL while measuring. */
  struct wit_interpreter *interpreter;
  struct wit_node *node;
  void **slot;
  struct wit_tensor *io;
  struct wit_variable *variable;
  uint8_t *scratch; /* where the activations go */
  uint32_t slot_count;
  uint32_t variable_count;
  uint32_t copied;      /* bytes of constants in the arena */
  uint64_t activations; /* bytes */
};

/* What a pass of measuring found. */
struct need {
  uint64_t persistent; /* multiple of WIT_PLAN_ALIGNMENT, as the other one is */
  uint64_t scratch;    /* activations, or the planner's entries, whichever is more */
  uint32_t entry_count;
};

static int32_t index_at(const struct build *b, const struct wit_vector *list, uint32_t i) {
  struct wit_reader r = wit_model_reader(b->prepare.model);
  return wit_vector_i32(&r, list, i);
}

static struct wit_tensor_info tensor_info(const struct build *b, uint32_t tensor) {
  return wit_model_tensor(b->prepare.model, &b->prepare.graph, tensor);
}

static int refuse_tensor(const struct build *b, uint32_t tensor, const char *what) {
  return wit_error_set(b->prepare.error, WIT_ERR_GRAPH, -1, (int)tensor, "tensor %u: %s", tensor,
                       what);
}

/* ---- tensors -------------------------------------------------------------- */

static bool is_aligned(const struct wit_tensor_info *info) {
  unsigned bytes = wit_type_bits((int)info->type) / 8;
  return bytes < 2 || (uintptr_t)info->constant % bytes == 0;
}

static uint32_t persist_offset(struct build *b, uint32_t size, size_t alignment) {
  wit_persist(&b->prepare, size, alignment);
  return (uint32_t)(b->prepare.used - size);
}

static void place_constant(struct build *b, struct wit_plan_entry *entry,
                           const struct wit_tensor_info *info) {
  entry->place = WIT_PLACE_CONSTANT;
  if (is_aligned(info)) return;
  uint64_t before = b->prepare.used;
  entry->place = WIT_PLACE_ARENA;
  entry->offset = persist_offset(b, info->size_bytes, 8);
  b->copied += (uint32_t)(b->prepare.used - before);
  if (b->prepare.arena && b->prepare.used <= WIT_ARENA_BYTES_MAX) {
    memcpy(b->prepare.arena + entry->offset, info->constant, info->size_bytes);
  }
}

static void place_variable(struct build *b, struct wit_plan_entry *entry,
                           const struct wit_tensor_info *info) {
  entry->place = WIT_PLACE_ARENA;
  entry->offset = persist_offset(b, info->size_bytes, WIT_PLAN_ALIGNMENT);
  if (b->variable) {
    b->variable[b->variable_count] = (struct wit_variable){
        .data = b->prepare.arena + entry->offset,
        .size_bytes = info->size_bytes,
        .fill = info->type == WIT_INT8 ? (uint8_t)info->zero_point : 0,
    };
  }
  b->variable_count++;
}

static int place_tensors(struct build *b) {
  for (uint32_t i = 0; i < b->prepare.graph.tensors.count; i++) {
    struct wit_tensor_info info = tensor_info(b, i);
    struct wit_plan_entry *entry = &b->prepare.entries[i];
    *entry = (struct wit_plan_entry){.size = info.size_bytes};
    if (info.variable && info.constant) return refuse_tensor(b, i, "a variable with constant data");
    if (info.constant) place_constant(b, entry, &info);
    if (info.variable) place_variable(b, entry, &info);
    if (b->prepare.used > WIT_ARENA_BYTES_MAX)
      return refuse_tensor(b, i, "needs an arena over 2 GiB");
  }
  return WIT_OK;
}

static int place_inputs(struct build *b) {
  const struct wit_vector *inputs = &b->prepare.graph.inputs;
  for (uint32_t i = 0; i < inputs->count; i++) {
    uint32_t tensor = (uint32_t)index_at(b, inputs, i);
    struct wit_plan_entry *entry = &b->prepare.entries[tensor];
    if (entry->place == WIT_PLACE_CONSTANT || tensor_info(b, tensor).constant) {
      return refuse_tensor(b, tensor, "a graph input with constant data");
    }
    if (entry->size == 0) return refuse_tensor(b, tensor, "a graph input without elements");
    if (entry->place == WIT_PLACE_NONE) entry->place = WIT_PLACE_PLANNED; /* alive from op 0 on */
  }
  return WIT_OK;
}

static int place_outputs(struct build *b) {
  const struct wit_vector *outputs = &b->prepare.graph.outputs;
  for (uint32_t i = 0; i < outputs->count; i++) {
    uint32_t tensor = (uint32_t)index_at(b, outputs, i);
    struct wit_plan_entry *entry = wit_prepare_entry(&b->prepare, tensor);
    if (entry->place == WIT_PLACE_NONE) {
      return refuse_tensor(b, tensor, "a graph output that no op writes");
    }
    if (tensor_info(b, tensor).constant) {
      return refuse_tensor(b, tensor, "a graph output with constant data");
    }
    entry->last = (uint16_t)b->prepare.graph.operators.count;
  }
  return WIT_OK;
}

/* ---- operators ------------------------------------------------------------ */

static const struct wit_op *find_op(const struct wit_op_table *ops,
                                    const struct wit_operator_info *operator) {
  for (size_t i = 0; i < ops->count; i++) {
    const struct wit_op *op = ops->op[i];
    if (op->builtin != operator->builtin) continue;
    if (!operator->custom_name || strcmp(op->name, operator->custom_name) == 0) return op;
  }
  return NULL;
}

static int check_operand_counts(struct wit_prepare *prepare) {
  const struct wit_op *op = prepare->op;
  uint32_t inputs = prepare->operator.inputs.count, outputs = prepare->operator.outputs.count;
  if (inputs < op->input_min || inputs > op->input_max) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "%u inputs, not %u to %u", inputs,
                      (uint32_t)op->input_min, (uint32_t)op->input_max);
  }
  if (outputs != op->output_count) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "%u outputs, not %u", outputs,
                      (uint32_t)op->output_count);
  }
  return WIT_OK;
}

static int check_options(struct wit_prepare *prepare) {
  uint8_t tag = prepare->operator.options_tag;
  if (prepare->op->options == OPTIONS_NONE) return WIT_OK; /* nothing is read from them */
  if (tag == prepare->op->options) return WIT_OK;
  if (tag != OPTIONS_NONE) {
    return wit_refuse(prepare, WIT_ERR_MALFORMED, "has another op's options (%u, not %u)",
                      (uint32_t)tag, (uint32_t)prepare->op->options);
  }
  if (prepare->op->options_required)
    return wit_refuse(prepare, WIT_ERR_MALFORMED, "has no options");
  return WIT_OK;
}

static int use_inputs(struct build *b) {
  struct wit_prepare *prepare = &b->prepare;
  for (uint32_t i = 0; i < prepare->operator.inputs.count; i++) {
    int32_t tensor = index_at(b, &prepare->operator.inputs, i);
    if (tensor < 0) {
      if (i < prepare->op->input_min) {
        return wit_refuse(prepare, WIT_ERR_GRAPH, "input %u is not given", i);
      }
      continue;
    }
    struct wit_plan_entry *entry = wit_prepare_entry(prepare, (uint32_t)tensor);
    /* A tensor without elements needs nobody to write it: an empty shape. */
    if (entry->place == WIT_PLACE_NONE && entry->size > 0) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "reads tensor %d before anything writes it",
                        tensor);
    }
    entry->last = (uint16_t)prepare->op_index;
  }
  return WIT_OK;
}

static int make_outputs(struct build *b) {
  struct wit_prepare *prepare = &b->prepare;
  for (uint32_t i = 0; i < prepare->operator.outputs.count; i++) {
    int32_t tensor = index_at(b, &prepare->operator.outputs, i);
    struct wit_plan_entry *entry = &prepare->entries[tensor];
    if (entry->place != WIT_PLACE_NONE) {
      return wit_refuse(prepare, WIT_ERR_GRAPH,
                        "writes tensor %d, which is constant, a graph input or written before",
                        tensor);
    }
    if (entry->size == 0) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "its output has no elements");
    }
    entry->place = WIT_PLACE_PLANNED;
    entry->first = entry->last = (uint16_t)prepare->op_index;
  }
  return WIT_OK;
}

static int run_prepare(struct build *b, struct wit_node *node) {
  struct wit_prepare *prepare = &b->prepare;
  union {
    uint8_t bytes[WIT_OP_DATA_MAX];
    void *alignment;
  } stand_in;
  memset(&stand_in, 0, sizeof stand_in);
  void *data = wit_persist(prepare, prepare->op->data_size, sizeof(void *));
  if (data) memset(data, 0, prepare->op->data_size);
  int status = prepare->op->prepare(prepare, data ? data : &stand_in);
  if (!status && prepare->reader.status) {
    status = wit_refuse(prepare, prepare->reader.status, "options: %s", prepare->reader.what);
  }
  if (!status && prepare->used > WIT_ARENA_BYTES_MAX) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "needs an arena over 2 GiB");
  }
  if (node) node->data = data;
  return status;
}

static int prepare_operator(struct build *b, uint32_t index) {
  struct wit_prepare *prepare = &b->prepare;
  prepare->op_index = index;
  prepare->operator= wit_model_operator(prepare->model, &prepare->graph, index);
  prepare->scratch = 0;
  prepare->reader = wit_model_reader(prepare->model);
  prepare->op = find_op(b->ops, &prepare->operator);
  if (!prepare->op) {
    const char *custom = prepare->operator.custom_name;
    return wit_error_set(prepare->error, WIT_ERR_UNSUPPORTED_OP, (int)index, -1,
                         "op %u %s%s: this build has no such op", index, custom ? "custom " : "",
                         custom ? custom : wit_builtin_name(prepare->operator.builtin));
  }
  struct wit_node *node = b->node ? &b->node[index] : NULL;
  int status = check_operand_counts(prepare);
  if (!status) status = check_options(prepare);
  if (!status) status = use_inputs(b);
  if (!status) status = make_outputs(b);
  if (!status) status = run_prepare(b, node);
  if (!status && node) {
    node->op = prepare->op;
    node->input_count = (uint16_t)prepare->operator.inputs.count;
    node->output_count = (uint16_t)prepare->operator.outputs.count;
    /* Entry index for now; bind_nodes makes it an address. */
    node->scratch = (void *)(uintptr_t)prepare->scratch;
  }
  return status;
}

/* ---- building -------------------------------------------------------------- */

static uint32_t count_slots(const struct build *b) {
  uint32_t slots = 0;
  for (uint32_t i = 0; i < b->prepare.graph.operators.count; i++) {
    struct wit_operator_info operator= wit_model_operator(b->prepare.model, &b->prepare.graph, i);
    slots += operator.inputs.count + operator.outputs.count;
  }
  return slots;
}

static uint32_t count_variables(const struct build *b) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < b->prepare.graph.tensors.count; i++) {
    struct wit_tensor_info info = tensor_info(b, i);
    if (info.variable) count++;
  }
  return count;
}

static void lay_out(struct build *b) {
  struct wit_prepare *prepare = &b->prepare;
  const struct wit_subgraph *graph = &prepare->graph;
  b->slot_count = count_slots(b);
  b->interpreter = wit_persist(prepare, sizeof *b->interpreter, _Alignof(struct wit_interpreter));
  b->node = wit_persist(prepare, graph->operators.count * sizeof *b->node, sizeof(void *));
  b->slot = wit_persist(prepare, b->slot_count * sizeof *b->slot, sizeof(void *));
  b->io = wit_persist(prepare, (graph->inputs.count + graph->outputs.count) * sizeof *b->io,
                      sizeof(void *));
  b->variable = wit_persist(prepare, count_variables(b) * sizeof *b->variable, sizeof(void *));
}

/* Some counts of a graph that is too large to be planned where the caller has
 * no arena yet. */
static int ask_for_entries(struct build *b) {
  b->prepare.entries_full = true;
  return WIT_ERR_ARENA;
}

static int build(struct build *b) {
  struct wit_prepare *prepare = &b->prepare;
  prepare->graph = wit_model_subgraph(prepare->model, 0);
  lay_out(b);
  prepare->entry_count = prepare->graph.tensors.count;
  if (prepare->entry_count > prepare->entry_max) return ask_for_entries(b);
  int status = place_tensors(b);
  if (!status) status = place_inputs(b);
  for (uint32_t i = 0; !status && i < prepare->graph.operators.count; i++) {
    status = prepare_operator(b, i);
  }
  if (!status) status = place_outputs(b);
  if (status) return status;
  b->activations = wit_plan(prepare->entries, prepare->entry_count);
  prepare->used = ALIGN_UP(prepare->used, WIT_PLAN_ALIGNMENT);
  if (b->activations > WIT_ARENA_BYTES_MAX) {
    return wit_error_set(prepare->error, WIT_ERR_GRAPH, -1, -1,
                         "the tensors need an arena over 2 GiB");
  }
  return WIT_OK;
}

static struct need need_of(const struct build *b) {
  uint64_t entries = (uint64_t)b->prepare.entry_count * sizeof(struct wit_plan_entry);
  return (struct need){
      .persistent = b->prepare.used,
      .scratch = entries > b->activations ? entries : b->activations,
      .entry_count = b->prepare.entry_count,
  };
}

/* ---- binding ---------------------------------------------------------------- */

static void *address_of(struct build *b, uint32_t entry_index) {
  const struct wit_plan_entry *entry = wit_prepare_entry(&b->prepare, entry_index);
  switch ((enum wit_place)entry->place) {
    case WIT_PLACE_ARENA:
      return b->prepare.arena + entry->offset;
    case WIT_PLACE_PLANNED:
      return b->scratch + entry->offset;
    case WIT_PLACE_CONSTANT: {
      struct wit_tensor_info info = tensor_info(b, entry_index);
      /* Kernels only read inputs; the slots are shared with outputs. */
      union {
        const uint8_t *constant;
        void *address;
      } bytes = {info.constant};
      return bytes.address;
    }
    case WIT_PLACE_NONE:
    case WIT_PLACE_SHARED:
      break;
  }
  return NULL;
}

static void bind_nodes(struct build *b) {
  void **slot = b->slot;
  for (uint32_t i = 0; i < b->prepare.graph.operators.count; i++) {
    struct wit_node *node = &b->node[i];
    struct wit_operator_info operator= wit_model_operator(b->prepare.model, &b->prepare.graph, i);
    uint32_t scratch = (uint32_t)(uintptr_t)node->scratch;
    node->scratch = scratch ? address_of(b, scratch) : NULL;
    node->tensor = slot;
    for (uint32_t k = 0; k < operator.inputs.count; k++) {
      int32_t tensor = index_at(b, &operator.inputs, k);
      *slot++ = tensor < 0 ? NULL : address_of(b, (uint32_t)tensor);
    }
    for (uint32_t k = 0; k < operator.outputs.count; k++) {
      *slot++ = address_of(b, (uint32_t)index_at(b, &operator.outputs, k));
    }
  }
}

static void bind_io(struct build *b, struct wit_tensor *io, const struct wit_vector *list) {
  for (uint32_t i = 0; i < list->count; i++) {
    uint32_t tensor = (uint32_t)index_at(b, list, i);
    struct wit_tensor_info info = tensor_info(b, tensor);
    io[i] = wit_tensor_of(&info);
    io[i].data = address_of(b, tensor);
  }
}

static struct wit_interpreter *bind(struct build *b) {
  const struct wit_subgraph *graph = &b->prepare.graph;
  const struct need need = need_of(b);
  bind_nodes(b);
  bind_io(b, b->io, &graph->inputs);
  bind_io(b, b->io + graph->inputs.count, &graph->outputs);
  *b->interpreter = (struct wit_interpreter){
      .node = b->node,
      .input = b->io,
      .output = b->io + graph->inputs.count,
      .variable = b->variable,
      .node_count = graph->operators.count,
      .input_count = (uint16_t)graph->inputs.count,
      .output_count = (uint16_t)graph->outputs.count,
      .variable_count = b->variable_count,
      .arena_used = (uint32_t)(need.persistent + need.scratch),
      .persistent_bytes = (uint32_t)need.persistent,
      .copied_bytes = b->copied,
      .persistent = b->prepare.arena,
      .cost = b->prepare.cost,
  };
  /* From here on the planner's entries are gone. */
  memset(b->scratch, 0, need.scratch);
  wit_interpreter_reset(b->interpreter);
  return b->interpreter;
}

/* ---- the two passes ----------------------------------------------------------- */

static struct build begin(const struct wit_model *model, const struct wit_op_table *ops,
                          struct wit_plan_entry *entries, uint64_t entry_max,
                          struct wit_error *error) {
  return (struct build){
      .prepare = {.model = model,
                  .error = error,
                  .entries = entries,
                  .entry_max = entry_max > UINT16_MAX ? UINT16_MAX : (uint32_t)entry_max},
      .ops = ops,
  };
}

static int measure(const struct wit_model *model, const struct wit_op_table *ops,
                   struct wit_plan_entry *entries, uint64_t entry_max, struct need *need,
                   struct wit_error *error) {
  struct build b = begin(model, ops, entries, entry_max, error);
  int status = build(&b);
  if (b.prepare.entries_full) {
    /* Enough for the next attempt to measure; see WIT_QUERY_ENTRIES_MAX. */
    uint64_t most = (uint64_t)b.prepare.graph.tensors.count + b.prepare.graph.operators.count;
    need->persistent = ALIGN_UP(b.prepare.used, WIT_PLAN_ALIGNMENT);
    need->scratch = most * sizeof(struct wit_plan_entry);
    return WIT_ERR_ARENA;
  }
  *need = need_of(&b);
  if (!status && need->persistent + need->scratch > WIT_ARENA_BYTES_MAX) {
    return wit_error_set(error, WIT_ERR_GRAPH, -1, -1, "the model needs an arena over 2 GiB");
  }
  return status;
}

/* Apart, so that only a query pays for the entries on the stack. */
static __attribute__((noinline)) int measure_on_stack(const struct wit_model *model,
                                                      const struct wit_op_table *ops,
                                                      struct need *need, struct wit_error *error) {
  struct wit_plan_entry entries[WIT_QUERY_ENTRIES_MAX];
  return measure(model, ops, entries, WIT_QUERY_ENTRIES_MAX, need, error);
}

static int refuse_arena(struct wit_error *error, uint64_t needed, size_t arena_size,
                        const char *whose) {
  wit_error_set(error, WIT_ERR_ARENA, -1, -1, "the arena has %u bytes, %s %u", (uint32_t)arena_size,
                whose, (uint32_t)needed);
  if (error) error->arena_needed_bytes = (size_t)needed;
  return WIT_ERR_ARENA;
}

/* ---- one arena, one interpreter or two --------------------------------------- */

/* The part of the arena that is not another interpreter's persistent one. */
struct place {
  uint8_t *begin;
  uint64_t size;
  bool at_end;    /* this interpreter's persistent part goes to the end */
  uint64_t taken; /* bytes of the other's persistent part */
  uint64_t other_scratch;
};

static bool find_place(struct place *place, void *arena, size_t arena_size,
                       const struct wit_interpreter *other) {
  *place = (struct place){.begin = arena, .size = arena_size & ~(size_t)(WIT_PLAN_ALIGNMENT - 1)};
  if (!other) return true;
  place->taken = other->persistent_bytes;
  place->other_scratch = other->arena_used - other->persistent_bytes;
  if (place->taken > place->size) return false;
  uint8_t *end = place->begin + place->size;
  place->size -= place->taken;
  place->at_end = other->persistent == place->begin;
  if (place->at_end) {
    place->begin += place->taken;
    return true;
  }
  return other->persistent + place->taken == end;
}

static uint64_t total_of(const struct place *place, const struct need *need) {
  bool more = place->other_scratch > need->scratch;
  return place->taken + need->persistent + (more ? place->other_scratch : need->scratch);
}

/* Persistent part to its end of the place, activations beside it. */
static void settle(struct build *b, const struct place *place, const struct need *need) {
  uint8_t *end = place->begin + place->size;
  b->prepare.arena = place->at_end ? end - need->persistent : place->begin;
  b->scratch = place->at_end ? b->prepare.arena - need->scratch : place->begin + need->persistent;
}

static int init_in(struct wit_interpreter **interpreter, const struct wit_model *model,
                   const struct wit_op_table *ops, const struct place *place, size_t arena_size,
                   struct wit_error *error) {
  struct need need = {0};
  uint64_t room = place->size / sizeof(struct wit_plan_entry);
  union {
    void *bytes;
    struct wit_plan_entry *entries;
  } here = {place->begin};
  int status = room >= WIT_QUERY_ENTRIES_MAX ? measure(model, ops, here.entries, room, &need, error)
                                             : measure_on_stack(model, ops, &need, error);
  if (status && status != WIT_ERR_ARENA) return status;
  uint64_t total = total_of(place, &need);
  if (status == WIT_ERR_ARENA || total > arena_size) {
    return refuse_arena(error, total, arena_size,
                        place->taken ? "both models together need" : "the model needs");
  }
  struct build b = begin(model, ops, NULL, need.entry_count, error);
  settle(&b, place, &need);
  here.bytes = b.scratch + need.scratch - need.entry_count * sizeof(struct wit_plan_entry);
  b.prepare.entries = here.entries;
  status = build(&b);
  if (status) return status; /* only if the model's bytes changed meanwhile */
  *interpreter = bind(&b);
  return WIT_OK;
}

int wit_interpreter_init_beside(struct wit_interpreter **interpreter, const struct wit_model *model,
                                const struct wit_op_table *ops, void *arena, size_t arena_size,
                                const struct wit_interpreter *other, struct wit_error *error) {
  struct place place;
  wit_error_clear(error);
  if (!interpreter || !model || !ops || (!arena && arena_size > 0)) {
    return wit_error_set(error, WIT_ERR_ARGUMENT, -1, -1,
                         "wit_interpreter_init: an argument is NULL");
  }
  *interpreter = NULL;
  if ((uintptr_t)arena % WIT_ARENA_ALIGNMENT != 0) {
    return wit_error_set(error, WIT_ERR_ARGUMENT, -1, -1, "the arena is not aligned to 16 bytes");
  }
  if (!find_place(&place, arena, arena_size, other)) {
    return wit_error_set(error, WIT_ERR_ARGUMENT, -1, -1,
                         "the other interpreter is not at an end of this arena");
  }
  return init_in(interpreter, model, ops, &place, arena_size, error);
}

int wit_interpreter_init(struct wit_interpreter **interpreter, const struct wit_model *model,
                         const struct wit_op_table *ops, void *arena, size_t arena_size,
                         struct wit_error *error) {
  return wit_interpreter_init_beside(interpreter, model, ops, arena, arena_size, NULL, error);
}

int wit_plan_two(const struct wit_model *a, const struct wit_model *b,
                 const struct wit_op_table *ops, struct wit_two *out, struct wit_error *error) {
  struct need need[2] = {{0}, {0}};
  wit_error_clear(error);
  memset(out, 0, sizeof *out);
  int status = measure_on_stack(a, ops, &need[0], error);
  if (!status) status = measure_on_stack(b, ops, &need[1], error);
  if (status == WIT_ERR_ARENA) {
    return wit_error_set(error, status, -1, -1,
                         "a graph of this many tensors can only be planned in its arena");
  }
  if (status) return status;
  uint64_t scratch = need[0].scratch > need[1].scratch ? need[0].scratch : need[1].scratch;
  for (int i = 0; i < 2; i++) {
    out->alone_bytes[i] = (size_t)(need[i].persistent + need[i].scratch);
    out->apart_bytes += out->alone_bytes[i];
  }
  out->together_bytes = (size_t)(need[0].persistent + need[1].persistent + scratch);
  return WIT_OK;
}

/* ---- running -------------------------------------------------------------------- */

int wit_interpreter_invoke(struct wit_interpreter *interpreter, struct wit_error *error) {
  for (uint32_t i = 0; i < interpreter->node_count; i++) {
    const struct wit_node *node = &interpreter->node[i];
    int status = node->op->invoke(node);
    if (status) {
      wit_error_clear(error);
      return wit_error_set(error, status, (int)i, -1, "op %u %s: refused its input", i,
                           node->op->name);
    }
  }
  return WIT_OK;
}

void wit_interpreter_reset(struct wit_interpreter *interpreter) {
  for (uint32_t i = 0; i < interpreter->variable_count; i++) {
    const struct wit_variable *variable = &interpreter->variable[i];
    memset(variable->data, variable->fill, variable->size_bytes);
  }
}

struct wit_tensor *wit_interpreter_input(struct wit_interpreter *interpreter, size_t index) {
  return index < interpreter->input_count ? &interpreter->input[index] : NULL;
}

struct wit_tensor *wit_interpreter_output(struct wit_interpreter *interpreter, size_t index) {
  return index < interpreter->output_count ? &interpreter->output[index] : NULL;
}

size_t wit_interpreter_arena_used(const struct wit_interpreter *interpreter) {
  return interpreter->arena_used;
}

size_t wit_interpreter_persistent_bytes(const struct wit_interpreter *interpreter) {
  return interpreter->persistent_bytes;
}

uint64_t wit_interpreter_cost(const struct wit_interpreter *interpreter) {
  return interpreter->cost;
}
