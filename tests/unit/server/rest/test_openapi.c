/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/openapi.h"
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

TEST(every_route_is_described_with_its_parameters) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/v1/openapi.json", NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "openapi"), "3.1.0");
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

TEST(the_description_keeps_the_rules_of_openapi) {
  char problem[512] = "";
  rest_begin(&f);
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/v1/openapi.json", NULL);
  if (!openapi_check_description(answer->document, problem)) fail_msg("%s", problem);
  assert_non_null(rest_value(answer, "components.schemas.Device.properties.metadata"));
  assert_non_null(rest_value(answer, "components.securitySchemes.csrf"));
  rest_end(&f);
}

TEST(every_route_that_answers_json_says_what_it_answers) {
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    bool bytes = (route->flags & SRV_ROUTE_BYTES) != 0;
    const struct srv_shape *shape = srv_shape_of_route(route);
    if ((shape == NULL) != bytes) {
      fail_msg("%s %s: give its answer a shape in server/rest/schema.c", route->method,
               route->path);
    }
  }
}

static void compare_shape(const struct srv_shape *shape, json_t *seen) {
  if (shape == NULL) return;
  json_t *before = json_object_get(seen, shape->name);
  if (before != NULL && json_integer_value(before) != (json_int_t)(intptr_t)shape) {
    fail_msg("two shapes are called %s", shape->name);
  }
  if (before != NULL) return;
  json_object_set_new(seen, shape->name, json_integer((json_int_t)(intptr_t)shape));
  for (const struct srv_property *each = shape->members; each != NULL && each->name != NULL;
       each++) {
    assert_true(each->summary != NULL && each->summary[0] != 0);
    assert_int_equal(each->type == SRV_VALUE_OBJECT, each->shape != NULL);
    compare_shape(each->shape, seen);
  }
}

TEST(no_two_shapes_have_one_name_and_each_member_is_explained) {
  json_t *seen = json_object();
  for (size_t i = 0; i < srv_route_count; i++) {
    compare_shape(srv_shape_of_route(&srv_routes[i]), seen);
  }
  assert_true(json_object_size(seen) > 20);
  json_decref(seen);
}

/* The check itself: what it must not let pass. */
TEST(an_answer_that_is_not_as_described_is_seen) {
  static const char *const wrong[] = {
      "{}",
      "{\"data\":{}}",
      "{\"data\":{\"id\":1,\"name\":\"a\",\"createdAt\":\"2026-01-01T00:00:00Z\","
      "\"updatedAt\":\"2026-01-01T00:00:00Z\"}}",
      "{\"data\":{\"id\":\"1\",\"name\":\"a\",\"createdAt\":\"yesterday\","
      "\"updatedAt\":\"2026-01-01T00:00:00Z\"}}",
      "{\"data\":{\"id\":\"1\",\"name\":null,\"createdAt\":\"2026-01-01T00:00:00Z\","
      "\"updatedAt\":\"2026-01-01T00:00:00Z\"}}",
      "{\"data\":{\"id\":\"1\",\"name\":\"a\",\"createdAt\":\"2026-01-01T00:00:00Z\","
      "\"updatedAt\":\"2026-01-01T00:00:00Z\",\"more\":1}}",
      "{\"data\":{\"id\":\"1\",\"name\":\"a\",\"createdAt\":\"2026-01-01T00:00:00Z\","
      "\"updatedAt\":\"2026-01-01T00:00:00Z\"},\"more\":1}"};
  static const char right[] =
      "{\"data\":{\"id\":\"1\",\"name\":\"a\",\"createdAt\":\"2026-01-01T00:00:00Z\","
      "\"updatedAt\":\"2026-01-01T00:00:00.5Z\"}}";
  char problem[512];
  json_t *description = srv_openapi("0");
  const char *path = "/v1/projects/{project}/tags/{tag}";
  json_t *answer = json_loads(right, 0, NULL);
  assert_true(openapi_check(description, "GET", path, 200, answer, problem));
  json_decref(answer);
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    answer = json_loads(wrong[i], 0, NULL);
    assert_non_null(answer);
    problem[0] = 0;
    if (openapi_check(description, "GET", path, 200, answer, problem)) fail_msg("%s", wrong[i]);
    assert_true(problem[0] != 0);
    json_decref(answer);
  }
  assert_false(openapi_check(description, "GET", "/v1/nothing", 200, NULL, problem));
  json_decref(description);
}

TEST(no_two_routes_take_the_same_request) {
  for (size_t i = 0; i < srv_route_count; i++) {
    for (size_t j = 0; j < i; j++) {
      if (strcmp(srv_routes[i].method, srv_routes[j].method) != 0) continue;
      assert_string_not_equal(srv_routes[i].path, srv_routes[j].path);
    }
  }
}
