/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/openapi.json: OpenAPI 3.1, made from the route table (routes.c) and
 * from what answers look like (schema.c). Nothing is said here that stands in a
 * table elsewhere. */
#include <stdio.h>
#include <string.h>

#include "server/rest/internal.h"
#include "server/rest/schema.h"

#define WORDS_MAX 160

static const char about[] =
    "Over-the-air updates of models on microcontrollers. Members of a body that are not listed are "
    "ignored; an answer may have more members one day, and clients take no notice of those that "
    "they do not know. Where an id is wanted, a name does as well for devices, tags and "
    "blueprints. Every route below /v1/projects/{project} is also at "
    "/v1/organizations/{organization}/projects/{project}. x-godwit-right says who may call a "
    "route: open (anybody), self (whoever is signed in), view, operate and admin (that role in "
    "the project or organisation), own (admin of the whole organisation), server (admin of the "
    "server). A request that the session's cookie authorises and that changes something carries "
    "x-csrf-token; API keys need none.";

static json_t *reference_to(const char *section, const char *name) {
  char path[WORDS_MAX];
  snprintf(path, sizeof(path), "#/components/%s/%s", section, name);
  return json_pack("{s:s}", "$ref", path);
}

/* --- shapes -------------------------------------------------------------------------- */

static json_t *text_schema(const char *format) {
  return json_pack("{s:s, s:s*}", "type", "string", "format", format);
}

/* "one of: a, b, c; and so on" lists all there can be. */
static void add_choices(json_t *schema, const char *summary) {
  static const char start[] = "one of: ";
  if (strncmp(summary, start, strlen(start)) != 0) return;
  json_t *choices = json_array();
  const char *at = summary + strlen(start), *end = at + strcspn(at, ";");
  while (at < end) {
    size_t length = strcspn(at, ",;");
    json_array_append_new(choices, json_stringn(at, length));
    at += length;
    at += strspn(at, ", ");
  }
  json_object_set_new(schema, "enum", choices);
}

/* Of one value, without lists and null. */
static json_t *value_schema(const struct srv_property *property) {
  json_t *schema;
  switch (property->type) {
    case SRV_VALUE_TEXT:
      schema = text_schema(NULL);
      add_choices(schema, property->summary);
      return schema;
    case SRV_VALUE_TIME:
      return text_schema("date-time");
    case SRV_VALUE_INT64:
      schema = text_schema("int64");
      json_object_set_new(schema, "pattern", json_string("^-?[0-9]+$"));
      return schema;
    case SRV_VALUE_INTEGER:
      return json_pack("{s:s}", "type", "integer");
    case SRV_VALUE_NUMBER:
      return json_pack("{s:s}", "type", "number");
    case SRV_VALUE_BOOL:
      return json_pack("{s:s}", "type", "boolean");
    case SRV_VALUE_OBJECT:
      return reference_to("schemas", property->shape->name);
    default:
      return json_object();
  }
}

static json_t *or_null(json_t *schema) {
  json_t *type = json_object_get(schema, "type"), *choices = json_object_get(schema, "enum");
  if (type == NULL) {
    return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
  }
  json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
  if (choices != NULL) json_array_append_new(choices, json_null());
  return schema;
}

static json_t *property_schema(const struct srv_property *property) {
  json_t *schema = value_schema(property);
  if ((property->flags & SRV_PROPERTY_LIST) != 0) {
    schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
  }
  if ((property->flags & SRV_PROPERTY_MAP) != 0) {
    schema = json_pack("{s:s, s:o}", "type", "object", "additionalProperties", schema);
  }
  bool is_anything = json_object_size(schema) == 0;
  if ((property->flags & SRV_PROPERTY_NULL) != 0 && !is_anything) schema = or_null(schema);
  json_object_set_new(schema, "description", json_string(property->summary));
  return schema;
}

static json_t *shape_schema(const struct srv_shape *shape) {
  if (shape->members == NULL) return json_object(); /* any JSON value */
  json_t *properties = json_object(), *required = json_array();
  for (const struct srv_property *each = shape->members; each->name != NULL; each++) {
    json_object_set_new(properties, each->name, property_schema(each));
    if ((each->flags & SRV_PROPERTY_OPTIONAL) == 0) {
      json_array_append_new(required, json_string(each->name));
    }
  }
  return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                   required);
}

/* The shape and all that it speaks of, once each. */
static void add_shape(json_t *schemas, const struct srv_shape *shape) {
  if (shape == NULL || json_object_get(schemas, shape->name) != NULL) return;
  json_object_set_new(schemas, shape->name, shape_schema(shape));
  for (const struct srv_property *each = shape->members; each != NULL && each->name != NULL;
       each++) {
    if (each->type == SRV_VALUE_OBJECT) add_shape(schemas, each->shape);
  }
}

static json_t *error_schema(void) {
  return json_pack("{s:s, s:{s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s, s:{s:s, s:b}}}, s:[s, s, s]}",
                   "type", "object", "properties", "code", "type", "integer", "description",
                   "gRPC's number of what kind of error it is", "message", "type", "string",
                   "description", "what was tried, on what, and what to do next", "details", "type",
                   "array", "description",
                   "for programs: field names a member or parameter that is wrong", "items", "type",
                   "object", "additionalProperties", 1, "required", "code", "message", "details");
}

static json_t *make_schemas(void) {
  json_t *schemas = json_object();
  json_object_set_new(schemas, "Error", error_schema());
  for (size_t i = 0; i < srv_route_count; i++) {
    add_shape(schemas, srv_shape_of_route(&srv_routes[i]));
  }
  return schemas;
}

/* --- parameters and bodies ------------------------------------------------------------- */

static void add_path_parameters(json_t *parameters, const char *path) {
  for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
    size_t length = strcspn(open + 1, ".}");
    bool is_rest = open[1 + length] == '.';
    json_array_append_new(parameters, json_pack("{s:s%, s:s, s:b, s:s, s:{s:s}}", "name", open + 1,
                                                length, "in", "path", "required", 1, "description",
                                                is_rest ? "one segment or more, joined by '/'"
                                                        : "its id, or its name",
                                                "schema", "type", "string"));
  }
}

static json_t *parameter_schema(const struct srv_parameter *parameter) {
  switch (parameter->type) {
    case SRV_PARAMETER_NUMBER:
      return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    case SRV_PARAMETER_SHARE:
      return json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0, "maximum", 1);
    case SRV_PARAMETER_BOOL:
      return json_pack("{s:s}", "type", "boolean");
    case SRV_PARAMETER_TIME:
      return text_schema("date-time");
    default:
      return text_schema(NULL);
  }
}

static json_t *make_parameters(const struct srv_route *route) {
  json_t *parameters = json_array();
  add_path_parameters(parameters, route->path);
  for (const struct srv_parameter *each = route->parameters; each != NULL && each->name != NULL;
       each++) {
    json_array_append_new(
        parameters, json_pack("{s:s, s:s, s:s, s:o}", "name", each->name, "in", "query",
                              "description", each->summary, "schema", parameter_schema(each)));
  }
  return parameters;
}

static json_t *field_schema(const struct srv_field *field) {
  json_t *schema;
  switch (field->type) {
    case SRV_FIELD_BOOL:
      schema = json_pack("{s:s}", "type", "boolean");
      break;
    case SRV_FIELD_TEXTS:
      schema = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
      break;
    case SRV_FIELD_NUMBER:
      schema = json_pack("{s:s}", "type", "number");
      break;
    case SRV_FIELD_LIST:
      schema = json_pack("{s:s, s:{}}", "type", "array", "items");
      break;
    case SRV_FIELD_OBJECT:
      schema = json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 1);
      break;
    case SRV_FIELD_ANY:
      schema = json_object();
      break;
    default:
      schema = text_schema(NULL);
      break;
  }
  json_object_set_new(schema, "description", json_string(field->summary));
  return schema;
}

static json_t *content_of(const char *type, json_t *schema) {
  return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *json_body(const struct srv_field *fields) {
  json_t *properties = json_object(), *required = json_array();
  for (; fields->name != NULL; fields++) {
    json_object_set_new(properties, fields->name, field_schema(fields));
    if (fields->required) json_array_append_new(required, json_string(fields->name));
  }
  bool is_required = json_array_size(required) > 0;
  json_t *schema = json_pack("{s:s, s:o, s:b, s:o}", "type", "object", "properties", properties,
                             "additionalProperties", 1, "required", required);
  return json_pack("{s:b, s:o}", "required", is_required, "content",
                   content_of("application/json", schema));
}

static json_t *make_body(const struct srv_route *route) {
  if (route->body != NULL) {
    json_t *body = json_body(route->body);
    if ((route->flags & SRV_ROUTE_COSE) != 0)
      json_object_set_new(json_object_get(body, "content"), "application/cose", json_object());
    return body;
  }
  if ((route->flags & SRV_ROUTE_VALUE) != 0) {
    return json_pack(
        "{s:b, s:o}", "required", 1, "content",
        content_of("application/json", json_pack("{s:s}", "description", "any JSON value")));
  }
  if ((route->flags & SRV_ROUTE_UPLOAD) != 0) {
    return json_pack("{s:b, s:{s:{}}}", "required", 1, "content", "application/octet-stream");
  }
  return NULL;
}

/* --- answers ---------------------------------------------------------------------------- */

static bool has_parameter(const struct srv_route *route, const char *name) {
  for (const struct srv_parameter *each = route->parameters; each != NULL && each->name != NULL;
       each++) {
    if (strcmp(each->name, name) == 0) return true;
  }
  return false;
}

static json_t *list_schema(const struct srv_route *route, json_t *element) {
  json_t *schema =
      json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}, s:[s, s, s, s]}",
                "type", "object", "properties", "list", "type", "array", "items", element, "page",
                "type", "integer", "description", "from 0", "perPage", "type", "integer",
                "description", "rows of a page", "total", "type", "integer", "description",
                "rows of all pages", "required", "list", "page", "perPage", "total");
  if (has_parameter(route, "pageToken")) {
    json_object_set_new(json_object_get(schema, "properties"), "nextPageToken",
                        json_pack("{s:s, s:s}", "type", "string", "description",
                                  "pageToken of the next page; empty on the last"));
    json_array_append_new(json_object_get(schema, "required"), json_string("nextPageToken"));
  }
  return schema;
}

static json_t *answer_schema(const struct srv_route *route) {
  const struct srv_shape *shape = srv_shape_of_route(route);
  if (shape == NULL) return json_object();
  json_t *schema = reference_to("schemas", shape->name);
  if (shape->whole) return schema;
  if (route->is_list) return list_schema(route, schema);
  return json_pack("{s:s, s:{s:o}, s:[s]}", "type", "object", "properties", "data", schema,
                   "required", "data");
}

static json_t *good_answer(const struct srv_route *route) {
  json_t *content;
  if (route->handle == srv_get_live) {
    content = content_of("text/event-stream", text_schema(NULL));
  } else if ((route->flags & SRV_ROUTE_BYTES) != 0) {
    content = json_pack("{s:{}}", "application/octet-stream");
  } else {
    content = content_of("application/json", answer_schema(route));
  }
  return json_pack("{s:s, s:o}", "description", "done", "content", content);
}

/* What may go wrong, by HTTP status; all of them have the same shape. */
static const struct {
  const char *status, *name, *description;
} problems[] = {
    {"400", "Invalid", "something in the request is not right"},
    {"401", "Unauthenticated", "who asks is not known"},
    {"403", "Forbidden", "who asks may not"},
    {"404", "NotFound", "there is no such thing"},
    {"409", "Conflict", "it is there already, or in use"},
    {"412", "Changed", "it is no longer what If-Match says"},
    {"413", "TooLarge", "the body is too large"},
    {"429", "Throttled", "too often; Retry-After says when"},
    {"default", "Problem", "what went wrong"},
};

static bool may_answer(const struct srv_route *route, const char *status) {
  bool changes = strcmp(route->method, "GET") != 0;
  bool has_body = route->body != NULL || (route->flags & (SRV_ROUTE_VALUE | SRV_ROUTE_UPLOAD)) != 0;
  if (strcmp(status, "401") == 0) return route->right != SRV_RIGHT_OPEN || has_body;
  if (strcmp(status, "403") == 0) return route->right != SRV_RIGHT_OPEN;
  if (strcmp(status, "404") == 0) return strchr(route->path, '{') != NULL;
  if (strcmp(status, "409") == 0) return changes;
  if (strcmp(status, "412") == 0) return changes && strcmp(route->method, "POST") != 0;
  if (strcmp(status, "413") == 0) return has_body;
  if (strcmp(status, "429") == 0) return route->right == SRV_RIGHT_OPEN && changes;
  return true;
}

static json_t *make_responses(const struct srv_route *route) {
  json_t *responses = json_object();
  json_object_set_new(responses, "200", good_answer(route));
  for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
    if (!may_answer(route, problems[i].status)) continue;
    json_object_set_new(responses, problems[i].status, reference_to("responses", problems[i].name));
  }
  return responses;
}

static json_t *make_problems(void) {
  json_t *responses = json_object();
  for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
    json_object_set_new(
        responses, problems[i].name,
        json_pack("{s:s, s:o}", "description", problems[i].description, "content",
                  content_of("application/json", reference_to("schemas", "Error"))));
  }
  return responses;
}

/* --- operations -------------------------------------------------------------------------- */

/* "ota-events" -> "OtaEvents"; up to the first dot. */
static void append_words(char *out, const char *segment, size_t length) {
  size_t used = strlen(out);
  bool begins = true;
  for (size_t i = 0; i < length && segment[i] != '.' && used + 1 < WORDS_MAX; i++) {
    char c = segment[i];
    if (c == '-' || c == '_') {
      begins = true;
      continue;
    }
    out[used++] = (char)(begins && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    begins = false;
  }
  out[used] = 0;
}

/* The path in words, things by their singular: "/devices/{device}/logs" is
 * "DeviceLogs". *ends_plural: its last segment names many. */
static void path_in_words(const char *path, char *out, bool *ends_plural) {
  static const char project[] = "/v1/projects/{project}/", top[] = "/v1/";
  if (strncmp(path, project, strlen(project)) == 0) {
    path += strlen(project) - 1;
  } else if (strncmp(path, top, strlen(top)) == 0) {
    path += strlen(top) - 1;
  }
  *ends_plural = false;
  while (*path == '/') {
    size_t length = strcspn(++path, "/"), next = 0;
    const char *after = path + length;
    if (after[0] == '/' && after[1] == '{') next = strcspn(after + 2, ".}");
    bool is_rest = next > 0 && after[2 + next] == '.';
    bool is_one = next > 0 && !is_rest && path[length - 1] == 's';
    append_words(out, path, is_one ? length - 1 : length);
    if (next > 0) {
      if (is_rest) append_words(out, after + 2, next);
      path = after + 1 + strcspn(after + 1, "/");
    } else {
      *ends_plural = length > 1 && path[length - 1] == 's';
      path = after;
    }
  }
}

/* Is there the same in a project? "/v1/audit" beside "/v1/projects/{project}/audit". */
static bool has_project_twin(const struct srv_route *route) {
  char path[WORDS_MAX];
  snprintf(path, sizeof(path), "/v1/projects/{project}%s", route->path + strlen("/v1"));
  for (size_t i = 0; i < srv_route_count; i++) {
    if (strcmp(srv_routes[i].path, path) == 0 && strcmp(srv_routes[i].method, route->method) == 0) {
      return true;
    }
  }
  return false;
}

static void make_operation_id(const struct srv_route *route, char out[WORDS_MAX]) {
  char words[WORDS_MAX] = "";
  bool plural, twin = has_project_twin(route);
  path_in_words(route->path, words, &plural);
  const char *verb = "get";
  if (strcmp(route->method, "GET") == 0 && route->is_list) verb = "list";
  if (strcmp(route->method, "PUT") == 0) verb = "put";
  if (strcmp(route->method, "PATCH") == 0) verb = "update";
  if (strcmp(route->method, "DELETE") == 0) verb = "delete";
  if (strcmp(route->method, "POST") == 0) {
    bool creates = plural && route->kind != SRV_KIND_COUNT;
    verb = creates ? "create" : "post";
    if (creates) words[strlen(words) - 1] = 0;
  }
  snprintf(out, WORDS_MAX, "%s%.*s%s", verb, WORDS_MAX - 16, words, twin ? "OfServer" : "");
}

static const char *right_name(enum srv_right right) {
  static const char *const names[] = {
      [SRV_RIGHT_SERVER] = "server",   [SRV_RIGHT_OWN] = "own",   [SRV_RIGHT_ADMIN] = "admin",
      [SRV_RIGHT_OPERATE] = "operate", [SRV_RIGHT_VIEW] = "view", [SRV_RIGHT_SELF] = "self",
      [SRV_RIGHT_OPEN] = "open"};
  return names[right];
}

static json_t *make_security(const struct srv_route *route) {
  if (route->right == SRV_RIGHT_OPEN) return json_array();
  bool changes = strcmp(route->method, "GET") != 0;
  json_t *cookie = json_pack("{s:[]}", "cookie");
  if (changes) json_object_set_new(cookie, "csrf", json_array());
  return json_pack("[{s:[]}, {s:[]}, o]", "apiKey", "bearer", cookie);
}

static json_t *make_operation(const struct srv_route *route) {
  char id[WORDS_MAX];
  make_operation_id(route, id);
  json_t *operation = json_pack(
      "{s:s, s:s, s:[s], s:s, s:o, s:o, s:o}", "operationId", id, "summary", route->summary, "tags",
      route->group, "x-godwit-right", right_name(route->right), "security", make_security(route),
      "parameters", make_parameters(route), "responses", make_responses(route));
  json_t *body = make_body(route);
  if (body != NULL) json_object_set_new(operation, "requestBody", body);
  return operation;
}

static void lower(const char *text, char *out, size_t size) {
  size_t i = 0;
  for (; text[i] != 0 && i + 1 < size; i++) out[i] = (char)(text[i] | 0x20);
  out[i] = 0;
}

/* "{path...}" is "{path}" there: OpenAPI has no word for the rest of a path. */
static void plain_path(const char *path, char *out, size_t size) {
  const char *dots = strstr(path, "...}");
  int length = dots == NULL ? (int)strlen(path) : (int)(dots - path);
  snprintf(out, size, "%.*s%s", length, path, dots == NULL ? "" : "}");
}

static json_t *make_paths(void) {
  json_t *paths = json_object();
  for (size_t i = 0; i < srv_route_count; i++) {
    char method[8], name[WORDS_MAX];
    plain_path(srv_routes[i].path, name, sizeof(name));
    json_t *path = json_object_get(paths, name);
    if (path == NULL) {
      path = json_object();
      json_object_set_new(paths, name, path);
    }
    lower(srv_routes[i].method, method, sizeof(method));
    json_object_set_new(path, method, make_operation(&srv_routes[i]));
  }
  return paths;
}

/* --- the document --------------------------------------------------------------------------- */

static json_t *make_tags(void) {
  json_t *tags = json_array(), *seen = json_object();
  for (size_t i = 0; i < srv_route_count; i++) {
    const char *group = srv_routes[i].group;
    if (json_object_get(seen, group) != NULL) continue;
    json_object_set_new(seen, group, json_true());
    json_array_append_new(tags, json_pack("{s:s}", "name", group));
  }
  json_decref(seen);
  return tags;
}

static json_t *make_security_schemes(void) {
  return json_pack(
      "{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}}",
      "apiKey", "type", "apiKey", "in", "header", "name", "x-api-key", "description",
      "an API key of the project or of the server", "bearer", "type", "http", "scheme", "bearer",
      "description", "the same key as a bearer token", "cookie", "type", "apiKey", "in", "cookie",
      "name", "godwit_session", "description", "a session: POST /v1/session opens one", "csrf",
      "type", "apiKey", "in", "header", "name", "x-csrf-token", "description",
      "csrfToken of GET /v1/session, with whatever changes something");
}

static json_t *make_info(const char *version) {
  return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", "Godwit", "version", version,
                   "description", about, "license", "name", "Apache License 2.0", "identifier",
                   "Apache-2.0");
}

/* The server's address is relative to the document's: right behind a prefix, too. */
json_t *srv_openapi(const char *version) {
  return json_pack("{s:s, s:o, s:[{s:s}], s:o, s:o, s:{s:o, s:o, s:o}}", "openapi", "3.1.0", "info",
                   make_info(version), "servers", "url", "..", "tags", make_tags(), "paths",
                   make_paths(), "components", "schemas", make_schemas(), "responses",
                   make_problems(), "securitySchemes", make_security_schemes());
}
