/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/openapi.json, made from the route table; the schemas of answers are
 * made from what the encoders really write, so that neither can drift. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rest/internal.h"

static const char *const kind_names[SRV_KIND_COUNT] = {
    [SRV_PROJECT] = "Project",
    [SRV_BLUEPRINT] = "Blueprint",
    [SRV_TAG] = "Tag",
    [SRV_DEVICE] = "Device",
    [SRV_CREDENTIAL] = "Credential",
    [SRV_ARTIFACT] = "Artifact",
    [SRV_RELEASE] = "Release",
    [SRV_API_KEY] = "ApiKey",
    [SRV_OTA_EVENT] = "OtaEvent",
    [SRV_CAPTURE] = "Capture",
    [SRV_SETTING] = "Setting",
    [SRV_DEVICE_LOG] = "LogLine",
    [SRV_EVALUATION] = "Evaluation",
    [SRV_CERTIFICATE] = "Certificate",
    [SRV_DEVICE_CERTIFICATE] = "DeviceCertificate",
    [SRV_REVOKED_CERTIFICATE] = "RevokedCertificate",
};

static json_t *reference_to(const char *name) {
  char path[80];
  snprintf(path, sizeof(path), "#/components/schemas/%s", name);
  return json_pack("{s:s}", "$ref", path);
}

/* --- schemas of what encoders write --------------------------------------------------- */

static json_t *schema_of(const json_t *value);

static json_t *schema_of_object(const json_t *object) {
  const char *name;
  json_t *member, *properties = json_object();
  json_object_foreach((json_t *)object, name, member) {
    json_object_set_new(properties, name, schema_of(member));
  }
  return json_pack("{s:s, s:o}", "type", "object", "properties", properties);
}

static json_t *schema_of(const json_t *value) {
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      return schema_of_object(value);
    case JSON_ARRAY:
      return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
    case JSON_STRING:
      return json_pack("{s:s}", "type", "string");
    case JSON_INTEGER:
      return json_pack("{s:s}", "type", "integer");
    case JSON_REAL:
      return json_pack("{s:s}", "type", "number");
    case JSON_NULL:
      return json_pack("{s:s, s:s, s:b}", "type", "string", "format", "date-time", "nullable", 1);
    default:
      return json_pack("{s:s}", "type", "boolean");
  }
}

static json_t *schema_of_kind(enum srv_kind kind) {
  static const struct srv_evaluation blank; /* zeros, larger than any other row */
  _Static_assert(sizeof(blank) >= sizeof(struct srv_capture), "room for any row");
  _Static_assert(sizeof(blank) >= sizeof(struct srv_artifact), "room for any row");
  json_t *example = srv_encoder_of(kind)(&blank);
  if (kind == SRV_DEVICE) {
    struct srv_device_state *state = calloc(1, sizeof(*state));
    if (state != NULL) srv_encode_device_state(example, state);
    free(state);
  }
  json_t *schema = schema_of(example);
  json_decref(example);
  return schema;
}

static json_t *make_schemas(void) {
  json_t *schemas = json_pack("{s:{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s, s:{s:s}}}}}", "Error", "type",
                              "object", "properties", "code", "type", "integer", "message", "type",
                              "string", "details", "type", "array", "items", "type", "object");
  for (int kind = 0; kind < SRV_KIND_COUNT; kind++) {
    if (kind_names[kind] == NULL) continue;
    json_object_set_new(schemas, kind_names[kind], schema_of_kind((enum srv_kind)kind));
  }
  return schemas;
}

/* --- one route -------------------------------------------------------------------------- */

static void add_path_parameters(json_t *parameters, const char *path) {
  for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
    size_t length = strcspn(open + 1, ".}");
    json_array_append_new(
        parameters, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", open + 1, length, "in", "path",
                              "required", 1, "schema", "type", "string"));
  }
}

static const char *parameter_type(const struct srv_parameter *parameter) {
  if (parameter->type == SRV_PARAMETER_NUMBER) return "integer";
  if (parameter->type == SRV_PARAMETER_SHARE) return "number";
  return parameter->type == SRV_PARAMETER_BOOL ? "boolean" : "string";
}

static json_t *make_parameters(const struct srv_route *route) {
  json_t *parameters = json_array();
  add_path_parameters(parameters, route->path);
  for (const struct srv_parameter *each = route->parameters; each != NULL && each->name != NULL;
       each++) {
    json_array_append_new(parameters, json_pack("{s:s, s:s, s:s, s:{s:s}}", "name", each->name,
                                                "in", "query", "description", each->summary,
                                                "schema", "type", parameter_type(each)));
  }
  return parameters;
}

static json_t *field_schema(const struct srv_field *field) {
  switch (field->type) {
    case SRV_FIELD_BOOL:
      return json_pack("{s:s, s:s}", "type", "boolean", "description", field->summary);
    case SRV_FIELD_TEXTS:
      return json_pack("{s:s, s:{s:s}, s:s}", "type", "array", "items", "type", "string",
                       "description", field->summary);
    case SRV_FIELD_NUMBER:
      return json_pack("{s:s, s:s}", "type", "number", "description", field->summary);
    case SRV_FIELD_LIST:
      return json_pack("{s:s, s:{}, s:s}", "type", "array", "items", "description", field->summary);
    case SRV_FIELD_OBJECT:
      return json_pack("{s:s, s:s}", "type", "object", "description", field->summary);
    case SRV_FIELD_ANY:
      return json_pack("{s:s}", "description", field->summary);
    default:
      return json_pack("{s:s, s:s}", "type", "string", "description", field->summary);
  }
}

static json_t *json_body(const struct srv_field *fields) {
  json_t *properties = json_object(), *required = json_array();
  for (; fields->name != NULL; fields++) {
    json_object_set_new(properties, fields->name, field_schema(fields));
    if (fields->required) json_array_append_new(required, json_string(fields->name));
  }
  json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
  if (json_array_size(required) > 0) {
    json_object_set_new(schema, "required", required);
  } else {
    json_decref(required);
  }
  return json_pack("{s:{s:{s:o}}}", "content", "application/json", "schema", schema);
}

static json_t *any_value(void) {
  return json_pack("{s:{s:{s:{s:s}}}}", "content", "application/json", "schema", "description",
                   "any JSON value");
}

static json_t *bytes_of_artifact(void) {
  return json_pack("{s:{s:{s:{s:s, s:s}}}}", "content", "application/octet-stream", "schema",
                   "type", "string", "format", "binary");
}

static json_t *answer_schema(const struct srv_route *route) {
  if (route->kind == SRV_KIND_COUNT) return json_pack("{s:s}", "type", "object");
  json_t *object = reference_to(kind_names[route->kind]);
  if (!route->is_list) {
    return json_pack("{s:s, s:{s:o}}", "type", "object", "properties", "data", object);
  }
  return json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
                   "properties", "list", "type", "array", "items", object, "page", "type",
                   "integer", "perPage", "type", "integer", "total", "type", "integer");
}

static json_t *make_responses(const struct srv_route *route) {
  json_t *good;
  if ((route->flags & SRV_ROUTE_BYTES) != 0) {
    good = bytes_of_artifact();
  } else {
    good =
        json_pack("{s:{s:{s:o}}}", "content", "application/json", "schema", answer_schema(route));
  }
  json_object_set_new(good, "description", json_string("done"));
  return json_pack("{s:o, s:{s:s, s:{s:{s:o}}}}", "200", good, "default", "description",
                   "what was wrong", "content", "application/json", "schema",
                   reference_to("Error"));
}

static json_t *make_operation(const struct srv_route *route) {
  json_t *operation =
      json_pack("{s:s, s:[s], s:o, s:o}", "summary", route->summary, "tags", route->group,
                "parameters", make_parameters(route), "responses", make_responses(route));
  if (route->body != NULL) json_object_set_new(operation, "requestBody", json_body(route->body));
  if ((route->flags & SRV_ROUTE_UPLOAD) != 0) {
    json_object_set_new(operation, "requestBody", bytes_of_artifact());
  }
  if ((route->flags & SRV_ROUTE_VALUE) != 0) {
    json_object_set_new(operation, "requestBody", any_value());
  }
  if (route->right == SRV_RIGHT_OPEN) {
    json_object_set_new(operation, "security", json_array());
  }
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
    char method[8], name[160];
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

json_t *srv_openapi(const char *version) {
  return json_pack(
      "{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s}}}, s:[{s:[]}, "
      "{s:[]}]}",
      "openapi", "3.0.3", "info", "title", "Godwit", "version", version, "description",
      "Over-the-air updates of models on microcontrollers. Members of a body that are not listed "
      "are ignored. Where an id is wanted, a name does as well for devices, tags and blueprints.",
      "paths", make_paths(), "components", "schemas", make_schemas(), "securitySchemes", "apiKey",
      "type", "apiKey", "in", "header", "name", "x-api-key", "bearer", "type", "http", "scheme",
      "bearer", "security", "apiKey", "bearer");
}
