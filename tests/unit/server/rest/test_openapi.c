/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

TEST(every_route_is_described_with_its_parameters) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/v1/openapi.json", NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "openapi"), "3.0.3");
  json_t *paths = json_object_get(answer->document, "paths");
  for (size_t i = 0; i < srv_route_count; i++) {
    char method[8] = "";
    for (size_t k = 0; srv_routes[i].method[k] != 0; k++) {
      method[k] = (char)(srv_routes[i].method[k] | 0x20);
    }
    char path[160];
    const char *dots = strstr(srv_routes[i].path, "...}");
    snprintf(path, sizeof(path), "%s", srv_routes[i].path);
    if (dots != NULL) strcpy(path + (dots - srv_routes[i].path), "}");
    json_t *operation = json_object_get(json_object_get(paths, path), method);
    if (operation == NULL) fail_msg("%s %s", srv_routes[i].method, srv_routes[i].path);
    assert_true(json_string_length(json_object_get(operation, "summary")) > 0);
    size_t wanted = 0;
    for (const char *c = srv_routes[i].path; *c != 0; c++) wanted += *c == '{';
    const struct srv_parameter *each = srv_routes[i].parameters;
    for (; each != NULL && each->name != NULL; each++) wanted++;
    assert_int_equal(json_array_size(json_object_get(operation, "parameters")), wanted);
    assert_int_equal(json_object_get(operation, "requestBody") != NULL,
                     srv_routes[i].body != NULL ||
                         (srv_routes[i].flags & (SRV_ROUTE_UPLOAD | SRV_ROUTE_VALUE)) != 0);
  }
  rest_end(&f);
}

static void check_references(json_t *schemas, json_t *value) {
  const char *name;
  json_t *member;
  size_t i;
  json_array_foreach(value, i, member) check_references(schemas, member);
  json_object_foreach(value, name, member) {
    if (strcmp(name, "$ref") == 0) {
      const char *prefix = "#/components/schemas/";
      assert_memory_equal(json_string_value(member), prefix, strlen(prefix));
      assert_non_null(json_object_get(schemas, json_string_value(member) + strlen(prefix)));
    }
    check_references(schemas, member);
  }
}

TEST(every_reference_of_the_description_leads_somewhere) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/v1/openapi.json", NULL);
  json_t *schemas = rest_value(answer, "components.schemas");
  assert_non_null(schemas);
  check_references(schemas, answer->document);
  assert_non_null(rest_value(answer, "components.schemas.Device.properties.metadata"));
  rest_end(&f);
}

TEST(no_two_routes_take_the_same_request) {
  for (size_t i = 0; i < srv_route_count; i++) {
    for (size_t j = 0; j < i; j++) {
      if (strcmp(srv_routes[i].method, srv_routes[j].method) != 0) continue;
      assert_string_not_equal(srv_routes[i].path, srv_routes[j].path);
    }
  }
}
