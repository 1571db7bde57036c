/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/openapi.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
  const json_t *description;
  char at[256]; /* where in the answer, "data.list[3].id" */
  char *problem;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct check *check, const char *format,
                                                       ...) {
  va_list arguments;
  int used = snprintf(check->problem, 512, "%s: ", check->at[0] == 0 ? "the answer" : check->at);
  va_start(arguments, format);
  vsnprintf(check->problem + used, 512 - (size_t)used, format, arguments);
  va_end(arguments);
  return false;
}

/* Lengthens check->at for what is below; restore it with the result. */
__attribute__((format(printf, 2, 3))) static size_t go_down(struct check *check, const char *format,
                                                            ...) {
  size_t length = strlen(check->at);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(check->at + length, sizeof(check->at) - length, format, arguments);
  va_end(arguments);
  return length;
}

/* "#/components/schemas/Device" */
static json_t *follow(const json_t *description, const char *reference) {
  char copy[256], *rest = copy;
  json_t *at = (json_t *)(uintptr_t)description;
  if (strncmp(reference, "#/", 2) != 0) return NULL;
  snprintf(copy, sizeof(copy), "%s", reference + 2);
  for (char *step; (step = strtok_r(rest, "/", &rest)) != NULL;) at = json_object_get(at, step);
  return at;
}

/* --- one value ----------------------------------------------------------------------- */

static bool check_value(struct check *check, const json_t *schema, const json_t *value);

static bool is_type(const json_t *value, const char *type) {
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      return strcmp(type, "object") == 0;
    case JSON_ARRAY:
      return strcmp(type, "array") == 0;
    case JSON_STRING:
      return strcmp(type, "string") == 0;
    case JSON_INTEGER:
      return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
      return strcmp(type, "number") == 0;
    case JSON_NULL:
      return strcmp(type, "null") == 0;
    default:
      return strcmp(type, "boolean") == 0;
  }
}

static bool check_type(struct check *check, const json_t *type, const json_t *value) {
  size_t i;
  json_t *each;
  if (json_is_string(type) && is_type(value, json_string_value(type))) return true;
  json_array_foreach(type, i, each) {
    if (is_type(value, json_string_value(each))) return true;
  }
  char *wanted = json_dumps(type, JSON_ENCODE_ANY), *got = json_dumps(value, JSON_ENCODE_ANY);
  fail(check, "is %.80s, not of type %s", got, wanted);
  free(wanted);
  free(got);
  return false;
}

/* 2026-11-22T09:00:00.123456Z */
static bool is_date_time(const char *text) {
  static const char form[] = "0000-00-00T00:00:00";
  for (size_t i = 0; form[i] != 0; i++) {
    bool right = form[i] == '0' ? isdigit((unsigned char)text[i]) != 0 : text[i] == form[i];
    if (!right) return false;
  }
  text += strlen(form);
  if (*text == '.') text += 1 + strspn(text + 1, "0123456789");
  return strcmp(text, "Z") == 0;
}

static bool is_int64(const char *text) {
  if (*text == '-') text++;
  return *text != 0 && text[strspn(text, "0123456789")] == 0;
}

static bool check_format(struct check *check, const json_t *schema, const json_t *value) {
  const char *format = json_string_value(json_object_get(schema, "format"));
  const char *text = json_string_value(value);
  if (format == NULL || text == NULL) return true;
  if (strcmp(format, "date-time") == 0) {
    return is_date_time(text) || fail(check, "'%.60s' is no time", text);
  }
  if (strcmp(format, "int64") == 0) {
    return is_int64(text) || fail(check, "'%.60s' is no whole number", text);
  }
  return fail(check, "the format %s is not known to the check", format);
}

static bool check_enum(struct check *check, const json_t *choices, const json_t *value) {
  size_t i;
  json_t *each;
  json_array_foreach(choices, i, each) {
    if (json_equal(each, value)) return true;
  }
  char *got = json_dumps(value, JSON_ENCODE_ANY);
  fail(check, "%.80s is none of those that there can be", got);
  free(got);
  return false;
}

static bool check_any_of(struct check *check, const json_t *schemas, const json_t *value) {
  size_t i;
  json_t *each;
  json_array_foreach(schemas, i, each) {
    if (check_value(check, each, value)) return true;
  }
  return false; /* with the last one's problem */
}

static bool check_members(struct check *check, const json_t *schema, const json_t *value) {
  const json_t *properties = json_object_get(schema, "properties");
  const json_t *others = json_object_get(schema, "additionalProperties");
  const char *name;
  json_t *member;
  json_object_foreach((json_t *)(uintptr_t)value, name, member) {
    const json_t *of = json_object_get(properties, name);
    if (of == NULL) of = others;
    if (of == NULL && properties != NULL)
      return fail(check, "has a member '%s', undescribed", name);
    if (of == NULL || json_is_true(of)) continue;
    size_t length = go_down(check, ".%s", name);
    bool right = check_value(check, of, member);
    check->at[length] = 0;
    if (!right) return false;
  }
  return true;
}

static bool check_required(struct check *check, const json_t *required, const json_t *value) {
  size_t i;
  json_t *each;
  json_array_foreach(required, i, each) {
    if (json_object_get(value, json_string_value(each)) == NULL) {
      return fail(check, "has no member '%s'", json_string_value(each));
    }
  }
  return true;
}

static bool check_items(struct check *check, const json_t *items, const json_t *value) {
  size_t i;
  json_t *each;
  json_array_foreach(value, i, each) {
    size_t length = go_down(check, "[%zu]", i);
    bool right = check_value(check, items, each);
    check->at[length] = 0;
    if (!right) return false;
  }
  return true;
}

static bool check_value(struct check *check, const json_t *schema, const json_t *value) {
  const json_t *type = json_object_get(schema, "type");
  const json_t *any_of = json_object_get(schema, "anyOf"),
               *items = json_object_get(schema, "items");
  const json_t *choices = json_object_get(schema, "enum");
  const char *reference = json_string_value(json_object_get(schema, "$ref"));
  if (reference != NULL && !check_value(check, follow(check->description, reference), value)) {
    return false;
  }
  if (any_of != NULL && !check_any_of(check, any_of, value)) return false;
  if (type != NULL && !check_type(check, type, value)) return false;
  if (choices != NULL && !check_enum(check, choices, value)) return false;
  if (!check_format(check, schema, value)) return false;
  if (json_is_array(value)) return items == NULL || check_items(check, items, value);
  if (!json_is_object(value) || reference != NULL || any_of != NULL) return true;
  return check_required(check, json_object_get(schema, "required"), value) &&
         check_members(check, schema, value);
}

/* --- an answer ------------------------------------------------------------------------ */

static const json_t *answer_schema(const json_t *description, const json_t *operation, int status) {
  char number[16];
  snprintf(number, sizeof(number), "%d", status);
  const json_t *responses = json_object_get(operation, "responses");
  const json_t *response = json_object_get(responses, number);
  if (response == NULL) response = json_object_get(responses, "default");
  const char *reference = json_string_value(json_object_get(response, "$ref"));
  if (reference != NULL) response = follow(description, reference);
  const json_t *content = json_object_get(json_object_get(response, "content"), "application/json");
  return json_object_get(content, "schema");
}

bool openapi_check(const json_t *description, const char *method, const char *path, int status,
                   const json_t *answer, char problem[512]) {
  struct check check = {.description = description, .problem = problem};
  char plain[256], lower[8] = "";
  const char *dots = strstr(path, "...}");
  snprintf(plain, sizeof(plain), "%.*s%s", dots == NULL ? (int)strlen(path) : (int)(dots - path),
           path, dots == NULL ? "" : "}");
  for (size_t i = 0; i < 7 && method[i] != 0; i++) lower[i] = (char)(method[i] | 0x20);
  const json_t *item = json_object_get(json_object_get(description, "paths"), plain);
  const json_t *operation = json_object_get(item, lower);
  if (operation == NULL) return fail(&check, "%s %s is not described", method, plain);
  const json_t *schema = answer_schema(description, operation, status);
  if (schema == NULL) return fail(&check, "%s %s: JSON is not described", method, plain);
  return check_value(&check, schema, answer);
}

/* --- the description itself ------------------------------------------------------------- */

/* What a schema may say; the second half only explains. */
static const char *const keywords[] = {
    "$ref",  "type",   "properties", "required", "items",   "additionalProperties", "enum",
    "anyOf", "format", "pattern",    "minimum",  "maximum", "description"};

static bool check_schema(struct check *check, const json_t *schema) {
  const char *name;
  json_t *value, *each;
  size_t i;
  if (json_is_boolean(schema)) return true;
  if (!json_is_object(schema)) return fail(check, "is no schema");
  json_object_foreach((json_t *)(uintptr_t)schema, name, value) {
    bool known = false;
    for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
      known = known || strcmp(keywords[i], name) == 0;
    }
    if (!known) return fail(check, "the keyword %s is not known to the check", name);
  }
  const char *reference = json_string_value(json_object_get(schema, "$ref"));
  if (reference != NULL && follow(check->description, reference) == NULL) {
    return fail(check, "%s leads nowhere", reference);
  }
  json_object_foreach(json_object_get(schema, "properties"), name, value) {
    size_t length = go_down(check, ".%s", name);
    if (!check_schema(check, value)) return false;
    check->at[length] = 0;
  }
  json_array_foreach(json_object_get(schema, "anyOf"), i, each) {
    if (!check_schema(check, each)) return false;
  }
  const json_t *items = json_object_get(schema, "items");
  const json_t *others = json_object_get(schema, "additionalProperties");
  return (items == NULL || check_schema(check, items)) &&
         (others == NULL || check_schema(check, others));
}

/* Every "schema" below. */
static bool check_content(struct check *check, const json_t *holder) {
  const char *type;
  json_t *each;
  json_object_foreach(json_object_get(holder, "content"), type, each) {
    const json_t *schema = json_object_get(each, "schema");
    if (schema != NULL && !check_schema(check, schema)) return false;
  }
  return true;
}

static bool check_parameters(struct check *check, const char *path, const json_t *parameters) {
  size_t i, declared = 0, wanted = 0;
  json_t *each;
  for (const char *c = path; *c != 0; c++) wanted += *c == '{';
  json_array_foreach(parameters, i, each) {
    const char *name = json_string_value(json_object_get(each, "name"));
    char in_path[96];
    if (name == NULL) return fail(check, "a parameter has no name");
    if (!check_schema(check, json_object_get(each, "schema"))) return false;
    if (strcmp(json_string_value(json_object_get(each, "in")), "path") != 0) continue;
    snprintf(in_path, sizeof(in_path), "{%s}", name);
    if (strstr(path, in_path) == NULL) return fail(check, "the path has no %s", in_path);
    if (!json_is_true(json_object_get(each, "required"))) {
      return fail(check, "%s is of the path, and not required", in_path);
    }
    declared++;
  }
  return declared == wanted || fail(check, "a parameter of the path is not declared");
}

static bool check_security(struct check *check, const json_t *security) {
  const json_t *schemes =
      json_object_get(json_object_get(check->description, "components"), "securitySchemes");
  size_t i;
  json_t *each, *scopes;
  const char *name;
  if (!json_is_array(security)) return fail(check, "has no security");
  json_array_foreach(security, i, each) {
    json_object_foreach(each, name, scopes) {
      if (json_object_get(schemes, name) == NULL) return fail(check, "no scheme %s", name);
    }
  }
  return true;
}

static bool check_operation(struct check *check, const char *path, const json_t *operation,
                            json_t *ids) {
  const char *id = json_string_value(json_object_get(operation, "operationId"));
  const char *status;
  json_t *each;
  if (id == NULL || id[0] == 0) return fail(check, "has no operationId");
  if (json_object_get(ids, id) != NULL) return fail(check, "a second operation is called %s", id);
  json_object_set_new(ids, id, json_true());
  if (!check_parameters(check, path, json_object_get(operation, "parameters"))) return false;
  if (!check_security(check, json_object_get(operation, "security"))) return false;
  const json_t *body = json_object_get(operation, "requestBody");
  if (body != NULL && !check_content(check, body)) return false;
  const json_t *responses = json_object_get(operation, "responses");
  if (json_object_get(responses, "200") == NULL) return fail(check, "no good answer is described");
  json_object_foreach((json_t *)(uintptr_t)responses, status, each) {
    const char *reference = json_string_value(json_object_get(each, "$ref"));
    if (reference != NULL) each = follow(check->description, reference);
    if (each == NULL) return fail(check, "%s leads nowhere", reference);
    if (json_object_get(each, "description") == NULL) return fail(check, "%s: no words", status);
    if (!check_content(check, each)) return false;
  }
  return true;
}

static bool check_path(struct check *check, const char *path, const json_t *item, json_t *ids) {
  const char *method;
  json_t *operation;
  json_object_foreach((json_t *)(uintptr_t)item, method, operation) {
    snprintf(check->at, sizeof(check->at), "%s %s", method, path);
    if (!check_operation(check, path, operation, ids)) return false;
  }
  return true;
}

bool openapi_check_description(const json_t *description, char problem[512]) {
  struct check check = {.description = description, .problem = problem};
  json_t *ids = json_object(), *value;
  const char *name;
  bool right = true;
  const char *version = json_string_value(json_object_get(description, "openapi"));
  if (version == NULL || strncmp(version, "3.1.", 4) != 0) right = fail(&check, "not OpenAPI 3.1");
  json_object_foreach(json_object_get(description, "paths"), name, value) {
    right = right && check_path(&check, name, value, ids);
  }
  json_object_foreach(follow(description, "#/components/schemas"), name, value) {
    if (!right) break;
    snprintf(check.at, sizeof(check.at), "schemas/%s", name);
    right = check_schema(&check, value);
  }
  json_decref(ids);
  return right;
}
