/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/http.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "wit/inspect.h"
#include "wit/self_test.h"

#define TEXT_MAX 512
#define ARENA_MAX (64u * 1024 * 1024) /* a microcontroller has less by far */
#define GRAPH_COLUMN 30               /* where the shapes stand in the drawing */

/* Plans once more in an arena of the size that the query gave: preparation
 * that only runs with memory is checked too. */
static void check_graph(const struct wit_model *model, struct cli_verdict *verdict) {
  struct wit_interpreter *interpreter;
  int status = wit_interpreter_init(&interpreter, model, &wit_ops_all, NULL, 0, &verdict->error);
  if (status != WIT_ERR_ARENA) return;
  size_t size = verdict->error.arena_needed_bytes;
  if (size > ARENA_MAX) {
    snprintf(verdict->error.message, sizeof verdict->error.message,
             "it needs an arena of %zu bytes: no device has it", size);
    return;
  }
  size_t rounded = (size + WIT_ARENA_ALIGNMENT - 1) / WIT_ARENA_ALIGNMENT * WIT_ARENA_ALIGNMENT;
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, rounded);
  if (arena == NULL) return; /* the error says how much it asks for */
  status = wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, size, &verdict->error);
  free(arena);
  verdict->runs = status == WIT_OK;
  if (verdict->runs) verdict->arena_bytes = size;
}

void cli_model_check(const void *data, size_t size, struct wit_model *model,
                     struct cli_verdict *verdict) {
  memset(verdict, 0, sizeof *verdict);
  if (wit_model_open(model, data, size, &verdict->error) != WIT_OK) return;
  verdict->opened = true;
  if (wit_model_check_labels(model, &verdict->error) != WIT_OK) return;
  check_graph(model, verdict);
}

/* --- the model as a document ------------------------------------------------- *
 * Both outputs are made from one JSON document, so that they cannot differ. */

/* Text of a file may be anything; JSON is UTF-8. */
static json_t *text_of(const char *text, size_t length) {
  json_t *whole = json_stringn(text, length);
  if (whole != NULL) return whole;
  char raw[TEXT_MAX], clean[TEXT_MAX];
  snprintf(raw, sizeof raw, "%.*s", (int)(length < sizeof raw ? length : sizeof raw - 1), text);
  cli_printable(clean, sizeof clean, raw);
  return json_string(clean);
}

static json_t *describe_shape(const struct wit_shape *shape) {
  json_t *dimensions = json_array();
  for (int32_t i = 0; i < shape->rank; i++) {
    json_array_append_new(dimensions, json_integer(shape->dim[i]));
  }
  return dimensions;
}

static json_t *describe_tensor(const struct wit_tensor *tensor) {
  json_t *document = json_object();
  json_object_set_new(document, "type", json_string(wit_type_name(tensor->type)));
  json_object_set_new(document, "shape", describe_shape(&tensor->shape));
  /* A scale of 0 or a broken one means: not quantised. */
  if (tensor->scale > 0 && tensor->scale < 1e30f) {
    json_object_set_new(document, "scale", json_real((double)tensor->scale));
    json_object_set_new(document, "zeroPoint", json_integer(tensor->zero_point));
  }
  return document;
}

static json_t *describe_ends(const struct wit_model *model,
                             bool (*end)(const struct wit_model *, size_t, struct wit_tensor *)) {
  struct wit_tensor tensor;
  json_t *list = json_array();
  for (size_t i = 0; end(model, i, &tensor); i++) {
    json_array_append_new(list, describe_tensor(&tensor));
  }
  return list;
}

/* Which op makes each tensor, for the drawing: an op's index, FROM_INPUT - k
 * for graph input k, FROM_NOWHERE for constants. */
#define FROM_NOWHERE (-1)
#define FROM_INPUT (-2)

struct graph_walk {
  const struct wit_model *model;
  int32_t *maker; /* one for each tensor */
};

static bool walk_begin(struct graph_walk *walk, const struct wit_model *model) {
  struct wit_model_info info;
  size_t tensor;
  wit_model_info(model, &info);
  walk->model = model;
  walk->maker = malloc((info.tensor_count + 1) * sizeof *walk->maker);
  if (walk->maker == NULL) return false;
  for (size_t i = 0; i < info.tensor_count; i++) walk->maker[i] = FROM_NOWHERE;
  for (size_t k = 0; wit_inspect_input(model, k, &tensor); k++) {
    walk->maker[tensor] = FROM_INPUT - (int32_t)k;
  }
  return true;
}

/* What feeds an op: "input 0", or the numbers of earlier ops. */
static json_t *describe_feeds(struct graph_walk *walk, size_t op) {
  json_t *list = json_array();
  int32_t tensor;
  for (size_t k = 0; wit_inspect_operator_input(walk->model, op, k, &tensor); k++) {
    if (tensor < 0) continue; /* an optional input, not given */
    int32_t maker = walk->maker[tensor];
    if (maker <= FROM_INPUT) {
      json_array_append_new(list, json_sprintf("input %d", (int)(FROM_INPUT - maker)));
    } else if (maker >= 0) {
      json_array_append_new(list, json_integer(maker));
    }
  }
  return list;
}

static json_t *describe_products(struct graph_walk *walk, size_t op) {
  json_t *list = json_array();
  size_t index;
  for (size_t k = 0; wit_inspect_operator_output(walk->model, op, k, &index); k++) {
    struct wit_tensor tensor;
    walk->maker[index] = (int32_t)op;
    if (wit_inspect_tensor(walk->model, index, &tensor)) {
      json_array_append_new(list, describe_tensor(&tensor));
    }
  }
  return list;
}

static json_t *describe_operators(const struct wit_model *model) {
  json_t *list = json_array();
  struct graph_walk walk;
  const char *name;
  int32_t version;
  if (!walk_begin(&walk, model)) return list;
  for (size_t i = 0; (name = wit_model_operator_name(model, i, &version)) != NULL; i++) {
    json_t *one = json_object();
    json_object_set_new(one, "op", text_of(name, strlen(name)));
    json_object_set_new(one, "version", json_integer(version));
    json_object_set_new(one, "from", describe_feeds(&walk, i));
    json_object_set_new(one, "outputs", describe_products(&walk, i));
    json_array_append_new(list, one);
  }
  free(walk.maker);
  return list;
}

static json_t *describe_labels(const struct wit_model *model) {
  json_t *list = json_array();
  const char *text;
  size_t length;
  for (size_t i = 0; wit_model_label(model, i, &text, &length); i++) {
    json_array_append_new(list, text_of(text, length));
  }
  return list;
}

static json_t *describe_metadata(const struct wit_model *model) {
  json_t *list = json_array();
  const char *name;
  const uint8_t *data;
  size_t size;
  for (size_t i = 0; wit_inspect_metadata(model, i, &name, &data, &size); i++) {
    json_t *one = json_object();
    json_object_set_new(one, "name", text_of(name, strlen(name)));
    json_object_set_new(one, "size", json_integer((json_int_t)size));
    json_array_append_new(list, one);
  }
  return list;
}

/* What a device will run before it trusts the model; NULL where there is none. */
static json_t *describe_self_test(const struct wit_model *model) {
  struct wit_self_test_info info;
  struct wit_error error;
  const char *text;
  size_t length;
  int status = wit_self_test_info(model, &info, &error);
  if (status == WIT_ERR_NO_TEST) return NULL;
  if (status != WIT_OK) {
    return json_pack("{s:o}", "reason", text_of(error.message, strlen(error.message)));
  }
  json_t *labels = json_array();
  for (size_t i = 0; wit_self_test_label(model, i, &text, &length); i++) {
    json_array_append_new(labels, text_of(text, length));
  }
  return json_pack("{s:I,s:I,s:I,s:I,s:o}", "cases", (json_int_t)info.case_count, "bytes",
                   (json_int_t)info.size_bytes, "tolerance", (json_int_t)info.tolerance,
                   "timeLimitMicroseconds", (json_int_t)info.limit_us, "labels", labels);
}

static const char *label_source(const struct wit_model *model) {
  switch (wit_model_label_source(model)) {
    case WIT_LABELS_GODWIT:
      return "metadata godwit.labels";
    case WIT_LABELS_TFLITE:
      return "TFLite Metadata";
    case WIT_LABELS_HEADER:
      return "header line GLTHBEGIN";
    case WIT_LABELS_NONE:
      break;
  }
  return "none";
}

static void describe_model(json_t *document, const struct wit_model *model) {
  struct wit_model_info info;
  wit_model_info(model, &info);
  json_object_set_new(document, "schemaVersion", json_integer(info.schema_version));
  json_object_set_new(document, "description", text_of(info.description, strlen(info.description)));
  json_object_set_new(document, "subgraphs", json_integer((json_int_t)info.subgraph_count));
  json_object_set_new(document, "tensors", json_integer((json_int_t)info.tensor_count));
  json_object_set_new(document, "labelSource", json_string(label_source(model)));
  json_object_set_new(document, "labels", describe_labels(model));
  json_object_set_new(document, "metadata", describe_metadata(model));
  json_t *test = describe_self_test(model);
  if (test != NULL) json_object_set_new(document, "selfTest", test);
  json_object_set_new(document, "inputs", describe_ends(model, wit_model_input));
  json_object_set_new(document, "outputs", describe_ends(model, wit_model_output));
  json_object_set_new(document, "operators", describe_operators(model));
}

static json_t *describe(const char *path, size_t size, const struct wit_model *model,
                        const struct cli_verdict *verdict) {
  json_t *document = json_object();
  json_object_set_new(document, "file", text_of(path, strlen(path)));
  json_object_set_new(document, "size", json_integer((json_int_t)size));
  json_object_set_new(document, "runs", json_boolean(verdict->runs));
  if (verdict->runs) {
    json_object_set_new(document, "arenaBytes", json_integer((json_int_t)verdict->arena_bytes));
  } else {
    json_object_set_new(document, "reason",
                        text_of(verdict->error.message, strlen(verdict->error.message)));
    json_object_set_new(document, "status", json_string(wit_status_name(verdict->error.status)));
  }
  if (verdict->opened) describe_model(document, model);
  return document;
}

/* --- the document for people --------------------------------------------------- */

static void append(char *out, size_t size, const char *text) {
  size_t used = strlen(out);
  snprintf(out + used, size - used, "%s", text);
}

/* "1x49x40x1 int8"; a scalar has no dimensions. */
static const char *shape_text(char *out, size_t size, const json_t *tensor) {
  json_t *dimension;
  size_t i;
  out[0] = 0;
  json_array_foreach(json_object_get(tensor, "shape"), i, dimension) {
    char number[32];
    snprintf(number, sizeof number, "%s%lld", i > 0 ? "×" : "",
             (long long)json_integer_value(dimension));
    append(out, size, number);
  }
  append(out, size, i > 0 ? " " : "scalar ");
  append(out, size, json_string_value(json_object_get(tensor, "type")));
  return out;
}

static const char *list_text(char *out, size_t size, const json_t *list) {
  json_t *text;
  size_t i;
  out[0] = 0;
  json_array_foreach(list, i, text) {
    if (i > 0) append(out, size, ", ");
    append(out, size, json_string_value(text));
  }
  return out;
}

static const char *text_in(const json_t *object, const char *member) {
  return json_string_value(json_object_get(object, member));
}

static long long number_in(const json_t *object, const char *member) {
  return (long long)json_integer_value(json_object_get(object, member));
}

static void print_verdict(struct cli_session *session, const json_t *document) {
  char bytes[32];
  cli_fact(session, "file", "%s", text_in(document, "file"));
  cli_fact(session, "size", "%s",
           cli_format_bytes(bytes, sizeof bytes, number_in(document, "size")));
  if (json_is_true(json_object_get(document, "runs"))) {
    cli_fact(session, "verdict", "runs");
    cli_fact(session, "arena", "%lld bytes", number_in(document, "arenaBytes"));
  } else {
    cli_fact(session, "verdict", "does not run: %s", text_in(document, "reason"));
  }
}

static void print_ends(struct cli_session *session, const json_t *document) {
  static const char *const heading[] = {"TENSOR", "SHAPE AND TYPE", "SCALE", "ZERO POINT"};
  static const char *const end[] = {"inputs", "outputs"};
  struct cli_table table;
  char shape[TEXT_MAX];
  json_t *tensor;
  size_t i;
  cli_table_init(&table, heading, 4);
  for (int side = 0; side < 2; side++) {
    json_array_foreach(json_object_get(document, end[side]), i, tensor) {
      cli_table_addf(&table, "%s %zu", side == 0 ? "input" : "output", i);
      cli_table_add(&table, shape_text(shape, sizeof shape, tensor));
      if (json_object_get(tensor, "scale") == NULL) {
        cli_table_add(&table, NULL);
        cli_table_add(&table, NULL);
      } else {
        cli_table_addf(&table, "%.7g", json_number_value(json_object_get(tensor, "scale")));
        cli_table_addf(&table, "%lld", number_in(tensor, "zeroPoint"));
      }
    }
  }
  cli_table_print(session, &table);
}

/* Each op and version once, with how often it is used. */
static void print_op_counts(struct cli_session *session, const json_t *operators) {
  static const char *const heading[] = {"OP", "VERSION", "COUNT"};
  struct cli_table table;
  json_t *counts = json_object(), *one, *count;
  const char *key;
  size_t i;
  json_array_foreach(operators, i, one) {
    char name[TEXT_MAX];
    snprintf(name, sizeof name, "%lld %s", number_in(one, "version"), text_in(one, "op"));
    json_object_set_new(counts, name,
                        json_integer(json_integer_value(json_object_get(counts, name)) + 1));
  }
  cli_table_init(&table, heading, 3);
  json_object_foreach(counts, key, count) {
    const char *space = strchr(key, ' ');
    cli_table_add(&table, space + 1);
    cli_table_addf(&table, "%.*s", (int)(space - key), key);
    cli_table_addf(&table, "%lld", (long long)json_integer_value(count));
  }
  cli_table_print(session, &table);
  json_decref(counts);
}

/* "2, input 0", when it is not just the op before. */
static const char *feeds_text(char *out, size_t size, const json_t *feeds, size_t op) {
  json_t *feed, *only = json_array_size(feeds) == 1 ? json_array_get(feeds, 0) : NULL;
  size_t i;
  out[0] = 0;
  if (json_is_integer(only) && json_integer_value(only) + 1 == (json_int_t)op) return out;
  if (json_is_string(only) && op == 0) return out;
  json_array_foreach(feeds, i, feed) {
    char one[32];
    if (json_is_string(feed)) {
      snprintf(one, sizeof one, "%s%s", i > 0 ? ", " : "", json_string_value(feed));
    } else {
      snprintf(one, sizeof one, "%s%lld", i > 0 ? ", " : "", (long long)json_integer_value(feed));
    }
    append(out, size, one);
  }
  return out;
}

/* One step of the column: name, shape of what comes out, what goes in. */
static void print_step(struct cli_session *session, const char *name, const json_t *tensor,
                       const char *feeds) {
  char shape[TEXT_MAX] = "", clean[TEXT_MAX];
  cli_printable(clean, sizeof clean, name);
  if (tensor != NULL) shape_text(shape, sizeof shape, tensor);
  fprintf(session->out, "  %-*s %s%s%s\n", GRAPH_COLUMN, clean, shape,
          feeds[0] != 0 ? "  from " : "", feeds);
}

static void print_graph(struct cli_session *session, const json_t *document) {
  json_t *one, *operators = json_object_get(document, "operators");
  size_t i;
  char name[TEXT_MAX], feeds[TEXT_MAX];
  json_array_foreach(json_object_get(document, "inputs"), i, one) {
    snprintf(name, sizeof name, "   input %zu", i);
    print_step(session, name, one, "");
  }
  json_array_foreach(operators, i, one) {
    fputs("     │\n", session->out);
    snprintf(name, sizeof name, "%2zu %s", i, text_in(one, "op"));
    print_step(session, name, json_array_get(json_object_get(one, "outputs"), 0),
               feeds_text(feeds, sizeof feeds, json_object_get(one, "from"), i));
  }
}

static void print_self_test(struct cli_session *session, const json_t *test) {
  if (test == NULL) {
    cli_fact(session, "self-test", "none; `godwit model pack` adds one");
  } else if (text_in(test, "reason") != NULL) {
    cli_fact(session, "self-test", "broken: %s", text_in(test, "reason"));
  } else if (number_in(test, "timeLimitMicroseconds") > 0) {
    cli_fact(session, "self-test", "%lld cases, an inference within %g ms",
             number_in(test, "cases"), (double)number_in(test, "timeLimitMicroseconds") / 1000);
  } else {
    cli_fact(session, "self-test", "%lld cases", number_in(test, "cases"));
  }
}

static void print_model(struct cli_session *session, const json_t *document) {
  char line[TEXT_MAX];
  json_t *entry, *labels = json_object_get(document, "labels");
  size_t i;
  if (text_in(document, "description")[0] != 0) {
    cli_fact(session, "description", "%s", text_in(document, "description"));
  }
  cli_fact(session, "graph", "%zu ops, %lld tensors, %lld subgraph%s, schema %lld",
           json_array_size(json_object_get(document, "operators")), number_in(document, "tensors"),
           number_in(document, "subgraphs"), number_in(document, "subgraphs") == 1 ? "" : "s",
           number_in(document, "schemaVersion"));
  if (json_array_size(labels) == 0) {
    cli_fact(session, "labels", "none");
  } else {
    cli_fact(session, "labels", "%zu from %s: %s", json_array_size(labels),
             text_in(document, "labelSource"), list_text(line, sizeof line, labels));
  }
  json_array_foreach(json_object_get(document, "metadata"), i, entry) {
    cli_fact(session, "metadata", "%s, %lld bytes", text_in(entry, "name"),
             number_in(entry, "size"));
  }
  print_self_test(session, json_object_get(document, "selfTest"));
  fputc('\n', session->out);
  print_ends(session, document);
  fputc('\n', session->out);
  print_op_counts(session, json_object_get(document, "operators"));
  fputc('\n', session->out);
  print_graph(session, document);
}

int cli_model_inspect(struct cli_session *session) {
  const char *path = cli_argument(session, 0);
  struct wit_model model;
  struct cli_verdict verdict;
  void *data;
  size_t size;
  int status = cli_read_file(session, path, CLI_FILE_MAX, &data, &size);
  if (status != CLI_OK) return status;
  cli_model_check(data, size, &model, &verdict);
  json_t *document = describe(path, size, &model, &verdict);
  if (session->json) {
    cli_print_json(session, document);
  } else {
    print_verdict(session, document);
    if (verdict.opened) print_model(session, document);
  }
  json_decref(document);
  free(data);
  return verdict.runs ? CLI_OK : CLI_FAILED;
}
