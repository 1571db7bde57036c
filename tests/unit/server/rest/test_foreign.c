/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody reaches another project's objects: each route is tried with each id of
 * another project, in its path, its body and its query. Whoever asks is an admin
 * of the whole server: what keeps them apart is the path, not the right. */
#include <string.h>

#include "tests/unit/server/rest/account_fixture.h"

static struct rest_fixture f;
#define THEIRS "/v1/projects/theirs"

/* Of project "theirs"; mine are named alike, in project "default". */
struct objects {
  char device[25], device_name[65], tag[25], blueprint[25], artifact[25], release[25], capture[25];
  char setting[25], credential[25], evaluation[25], apikey[25], certificate[25], revoked[25];
};
static struct objects mine, theirs;

static void keep(char *out, const struct rest_answer *answer) {
  rest_expect(answer, 200);
  snprintf(out, 25, "%s", rest_text(answer, "data.id"));
}

static const struct rest_answer *post(const char *project, const char *path, const char *format,
                                      ...) __attribute__((format(printf, 3, 4)));
static const struct rest_answer *post(const char *project, const char *path, const char *format,
                                      ...) {
  char url[512], body[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(body, sizeof(body), format, arguments);
  va_end(arguments);
  snprintf(url, sizeof(url), "/v1/projects/%s%s", project, path);
  return rest_call(&f, "POST", url, body);
}

static void make_objects(const char *project, struct objects *o) {
  char url[256], bytes[64];
  struct srv_device device;
  struct srv_core *core = f.core.core;
  snprintf(o->device_name, sizeof(o->device_name), "device-of-%s", project);
  keep(o->tag, post(project, "/tags", "{\"name\":\"tag-of-%s\"}", project));
  keep(o->blueprint, post(project, "/blueprints", "{\"name\":\"blueprint-of-%s\"}", project));
  keep(o->device,
       post(project, "/devices", "{\"name\":\"%s\",\"tagIds\":[\"%s\"],\"blueprintId\":\"%s\"}",
            o->device_name, o->tag, o->blueprint));
  snprintf(url, sizeof(url), "/devices/%s/credentials", o->device);
  keep(o->credential,
       post(project, url, "{\"identity\":\"id-of-%s\",\"preSharedKey\":\"k\"}", project));
  snprintf(url, sizeof(url), "/v1/projects/%s/artifacts?version=1.0.0&forceBinary=true", project);
  snprintf(bytes, sizeof(bytes), "bytes of %s", project);
  keep(o->artifact, rest_upload(&f, url, bytes, strlen(bytes)));
  keep(o->release,
       post(project, "/releases", "{\"artifactIds\":[\"%s\"],\"rollout\":true}", o->artifact));
  snprintf(url, sizeof(url), "/artifacts/%s/evaluations", o->artifact);
  keep(o->evaluation, post(project, url, "{\"dataset\":\"d\",\"report\":{}}"));
  keep(o->setting,
       post(project, "/settings", "{\"key\":\"K\",\"value\":1,\"deviceId\":\"%s\"}", o->device));
  keep(o->apikey, post(project, "/apikeys", "{\"name\":\"key\"}"));
  keep(o->certificate, post(project, "/ca", "{\"name\":\"ca\"}"));
  keep(o->revoked, post(project, "/revoked-certificates", "{\"serialNumber\":\"abcd\"}"));
  assert_ok(core, srv_core_find(core, SRV_DEVICE, project, o->device, &device));
  strcpy(o->capture, rest_capture(&f, &device, "audio", "hi", 2, NULL, 0));
  snprintf(url, sizeof(url), "/devices/%s/data", o->device);
  rest_expect(post(project, url, "{\"a\":{\"b\":1}}"), 200);
}

static void begin(void) {
  rest_begin(&f);
  make_organization(&f, "others");
  make_project(&f, "theirs", "others");
  make_objects("default", &mine);
  make_objects("theirs", &theirs);
}

/* All that project has, as its lists show it. */
static char *look(const char *project) {
  static const char *const lists[] = {
      "/devices",  "/tags",      "/blueprints", "/artifacts",    "/releases",
      "/captures", "/settings",  "/apikeys",    "/certificates", "/revoked-certificates",
      "/logs",     "/ota-events"};
  static const char *const of_device[] = {"/credentials", "/data", "/settings", "/stream"};
  const struct objects *o = strcmp(project, "theirs") == 0 ? &theirs : &mine;
  json_t *all = json_array();
  char url[256];
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    snprintf(url, sizeof(url), "/v1/projects/%s%s", project, lists[i]);
    json_array_append(all, rest_call(&f, "GET", url, NULL)->document);
  }
  for (size_t i = 0; i < sizeof(of_device) / sizeof(of_device[0]); i++) {
    snprintf(url, sizeof(url), "/v1/projects/%s/devices/%s%s", project, o->device, of_device[i]);
    const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
    rest_expect(answer, 200);
    json_array_append(all, answer->document);
  }
  snprintf(url, sizeof(url), "/v1/projects/%s/artifacts/%s/evaluations", project, o->artifact);
  json_array_append(all, rest_call(&f, "GET", url, NULL)->document);
  char *text = json_dumps(all, JSON_SORT_KEYS);
  json_decref(all);
  return text;
}

/* --- in the path ----------------------------------------------------------------------- */

static const char *id_of(const struct objects *o, const char *path, const char *name) {
  static const struct {
    const char *name;
    size_t offset;
  } names[] = {
      {"device", offsetof(struct objects, device)},
      {"tag", offsetof(struct objects, tag)},
      {"blueprint", offsetof(struct objects, blueprint)},
      {"artifact", offsetof(struct objects, artifact)},
      {"release", offsetof(struct objects, release)},
      {"capture", offsetof(struct objects, capture)},
      {"setting", offsetof(struct objects, setting)},
      {"credential", offsetof(struct objects, credential)},
      {"evaluation", offsetof(struct objects, evaluation)},
      {"apikey", offsetof(struct objects, apikey)},
  };
  if (strcmp(name, "certificate") == 0) {
    return strstr(path, "revoked") != NULL ? o->revoked : o->certificate;
  }
  if (strcmp(name, "path...") == 0) return "a/b";
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (strcmp(names[i].name, name) == 0) return (const char *)o + names[i].offset;
  }
  fail_msg("%s: no object for {%s} is made here: make one", path, name);
  return "";
}

/* The path with ids of mine, but the one at index of theirs. False: it has none
 * at that index. */
static bool fill(const char *pattern, int index, char out[512]) {
  size_t length = 0;
  int at = 0;
  bool placed = false;
  for (const char *c = pattern; *c != 0;) {
    if (*c != '{') {
      out[length++] = *c++;
      continue;
    }
    char name[32];
    size_t size = strcspn(c + 1, "}");
    snprintf(name, sizeof(name), "%.*s", (int)size, c + 1);
    c += size + 2;
    const char *value = "default";
    if (strcmp(name, "project") != 0) {
      bool foreign = at++ == index && strcmp(name, "path...") != 0;
      value = id_of(foreign ? &theirs : &mine, pattern, name);
      placed = placed || foreign;
    }
    length += (size_t)snprintf(out + length, 512 - length, "%s", value);
  }
  out[length] = 0;
  return placed;
}

/* One that satisfies every route as far as its types go. */
static json_t *any_body(const struct srv_route *route) {
  json_t *body = json_object();
  if ((route->flags & SRV_ROUTE_VALUE) != 0) json_object_set_new(body, "x", json_integer(1));
  for (const struct srv_field *field = route->body; field != NULL && field->name != NULL; field++) {
    if (!field->required) continue;
    json_t *value = json_string("1.0.0");
    if (field->type == SRV_FIELD_TEXTS) value = json_pack("[o]", value);
    if (field->type == SRV_FIELD_OBJECT) {
      json_decref(value);
      value = json_object();
    }
    json_object_set_new(body, field->name, value);
  }
  return body;
}

static void try_foreign_path(const struct srv_route *route, const char *path) {
  json_t *body = any_body(route);
  char *text = json_dumps(body, 0);
  bool takes = route->body != NULL || (route->flags & SRV_ROUTE_VALUE) != 0;
  const struct rest_answer *answer = rest_call(&f, route->method, path, takes ? text : NULL);
  if (answer->status != 404 && answer->status != 403) {
    fail_msg("%s %s reaches into another project: %d %s", route->method, path, answer->status,
             answer->message);
  }
  free(text);
  json_decref(body);
}

TEST(no_route_reaches_into_another_project_by_an_id_in_its_path) {
  begin();
  size_t tried = 0;
  char *before = look("theirs"), *own = look("default");
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    if (strncmp(route->path, "/v1/projects/{project}/", 23) != 0) continue;
    for (int index = 0; index < 4; index++) {
      char path[512];
      if (!fill(route->path, index, path)) continue;
      try_foreign_path(route, path);
      tried++;
    }
  }
  assert_true(tried > 50);
  char *after = look("theirs"), *own_after = look("default");
  assert_string_equal(before, after);
  assert_string_equal(own, own_after);
  free(before);
  free(after);
  free(own);
  free(own_after);
  rest_end(&f);
}

/* --- in the body ------------------------------------------------------------------------- */

/* Every member that names another object, by id and by name. %s: the foreign one.
 * A list is here so that a new member that names something is not forgotten:
 * the test below finds each in the tables. */
static const struct {
  const char *method;
  const char *path; /* of mine; {device}... are filled in */
  const char *member;
  bool is_list;
  const char *rest; /* of the body, after the member */
  const char *kind; /* of what it names */
} references[] = {
    {"POST", "/devices", "blueprintId", false, ",\"name\":\"n\"", "blueprint"},
    {"POST", "/devices", "tagIds", true, ",\"name\":\"n\"", "tag"},
    {"PATCH", "/devices/{device}", "blueprintId", false, "", "blueprint"},
    {"PATCH", "/devices/{device}", "tagIds", true, "", "tag"},
    {"PATCH", "/devices/{device}", "addTagId", true, "", "tag"},
    {"PATCH", "/devices/{device}", "removeTagId", true, "", "tag"},
    {"POST", "/credentials", "deviceId", false, ",\"identity\":\"i\",\"preSharedKey\":\"k\"",
     "device"},
    {"POST", "/provisioning", "blueprintId", false, ",\"name\":\"n\"", "blueprint"},
    {"POST", "/provisioning", "tagIds", true, ",\"name\":\"n\"", "tag"},
    {"POST", "/devices/{device}/provisioning", "blueprintId", false, "", "blueprint"},
    {"POST", "/devices/{device}/provisioning", "tagIds", true, "", "tag"},
    {"PATCH", "/artifacts/{artifact}", "blueprintId", false, "", "blueprint"},
    {"POST", "/releases", "artifactIds", true, "", "artifact"},
    {"POST", "/releases", "blueprintId", false, ",\"artifactIds\":[\"MINE\"]", "blueprint"},
    {"POST", "/releases", "deviceTagIds", true, ",\"artifactIds\":[\"MINE\"]", "tag"},
    {"PATCH", "/releases/{release}", "artifactIds", true, "", "artifact"},
    {"PATCH", "/releases/{release}", "blueprintId", false, "", "blueprint"},
    {"PATCH", "/releases/{release}", "deviceTagIds", true, "", "tag"},
    {"PATCH", "/releases/{release}", "addDeviceTagId", true, "", "tag"},
    {"PATCH", "/releases/{release}", "removeDeviceTagId", true, "", "tag"},
    {"POST", "/releases/preview", "artifactIds", true, "", "artifact"},
    {"POST", "/releases/preview", "blueprintId", false, ",\"artifactIds\":[\"MINE\"]", "blueprint"},
    {"POST", "/releases/preview", "deviceTagIds", true, ",\"artifactIds\":[\"MINE\"]", "tag"},
    {"POST", "/releases/preview", "releaseId", false, ",\"artifactIds\":[\"MINE\"]", "release"},
    {"POST", "/captures/label", "ids", true, ",\"label\":\"l\"", "capture"},
    {"POST", "/settings", "deviceId", false, ",\"key\":\"N\",\"value\":1", "device"},
    {"POST", "/settings", "blueprintId", false, ",\"key\":\"N\",\"value\":1", "blueprint"},
    {"POST", "/devices/bulk", "ids", true, ",\"enabled\":false", "device"},
    {"POST", "/devices/bulk", "addTagId", true, ",\"ids\":[\"MYDEVICE\"]", "tag"},
    {"POST", "/devices/bulk", "removeTagId", true, ",\"ids\":[\"MYDEVICE\"]", "tag"},
    {"POST", "/devices/bulk", "blueprintId", false, ",\"ids\":[\"MYDEVICE\"]", "blueprint"},
};
#define REFERENCE_COUNT (sizeof(references) / sizeof(references[0]))

static void replace(char *text, size_t size, const char *word, const char *value) {
  char *at = strstr(text, word);
  if (at == NULL) return;
  char rest[1024];
  snprintf(rest, sizeof(rest), "%s", at + strlen(word));
  snprintf(at, size - (size_t)(at - text), "%s%s", value, rest);
}

static void try_reference(size_t i, const char *foreign) {
  char pattern[256], url[512], body[1024];
  bool list = references[i].is_list;
  snprintf(pattern, sizeof(pattern), "/v1/projects/{project}%s", references[i].path);
  fill(pattern, -1, url);
  snprintf(body, sizeof(body), "{\"%s\":%s\"%s\"%s%s}", references[i].member, list ? "[" : "",
           foreign, list ? "]" : "", references[i].rest);
  replace(body, sizeof(body), "MINE", mine.artifact);
  replace(body, sizeof(body), "MYDEVICE", mine.device);
  const struct rest_answer *answer = rest_call(&f, references[i].method, url, body);
  if (answer->status < 400 || answer->status > 404) {
    fail_msg("%s %s with %s: %d %s", references[i].method, url, body, answer->status,
             answer->message);
  }
}

TEST(no_body_refers_to_another_projects_object) {
  begin();
  char *before = look("theirs"), *own = look("default");
  for (size_t i = 0; i < REFERENCE_COUNT; i++) {
    try_reference(i, id_of(&theirs, references[i].path, references[i].kind));
    if (strcmp(references[i].kind, "device") == 0) try_reference(i, theirs.device_name);
    if (strcmp(references[i].kind, "tag") == 0) try_reference(i, "tag-of-theirs");
    if (strcmp(references[i].kind, "blueprint") == 0) try_reference(i, "blueprint-of-theirs");
  }
  char *after = look("theirs"), *own_after = look("default");
  assert_string_equal(before, after);
  assert_string_equal(own, own_after);
  free(before);
  free(after);
  free(own);
  free(own_after);
  rest_end(&f);
}

static bool is_listed(const struct srv_route *route, const char *member) {
  for (size_t i = 0; i < REFERENCE_COUNT; i++) {
    bool same = strcmp(references[i].member, member) == 0 &&
                strcmp(route->path + strlen("/v1/projects/{project}"), references[i].path) == 0;
    if (same) return true;
  }
  return false;
}

TEST(every_member_of_a_body_that_names_an_object_is_tried) {
  static const char *const not_references[] = {"hardwareIds", "addHardwareId", "removeHardwareId",
                                               "boardId"};
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    if (strncmp(route->path, "/v1/projects/{project}/", 23) != 0) continue;
    if (strcmp(route->method, "PUT") == 0) continue; /* as PATCH */
    for (const struct srv_field *field = route->body; field != NULL && field->name != NULL;
         field++) {
      bool names = strstr(field->name, "Id") != NULL || strcmp(field->name, "ids") == 0;
      for (size_t k = 0; k < 4; k++) names = names && strcmp(field->name, not_references[k]) != 0;
      /* A setting's level never changes: what is given must be what it was. */
      bool is_level = strcmp(route->path, "/v1/projects/{project}/settings/{setting}") == 0;
      /* The path says which device. */
      bool is_path = strstr(route->path, "{device}/credentials") != NULL;
      if (names && !is_level && !is_path && !is_listed(route, field->name)) {
        fail_msg("%s %s: \"%s\" is not in the table of references", route->method, route->path,
                 field->name);
      }
    }
  }
}

TEST(an_upload_for_another_projects_blueprint_is_refused) {
  begin();
  char url[256];
  snprintf(url, sizeof(url), PP "/artifacts?version=2.0.0&forceBinary=true&blueprintId=%s",
           theirs.blueprint);
  rest_expect(rest_upload(&f, url, "x", 1), 400);
  struct person admin = make_person(&f, "a@example.com", false, "default", "", SRV_ROLE_ADMIN);
  rest_expect(person_call(&f, &admin, "POST", "/v1/artifacts",
                          "{\"projectId\":\"theirs\",\"content\":\"eA==\",\"version\":\"9.0.0\"}"),
              404);
  rest_end(&f);
}

/* --- in the query ------------------------------------------------------------------------ */

static const char *foreign_for(const struct srv_parameter *parameter,
                               const struct srv_route *route) {
  if (parameter->resolve == SRV_DEVICE) return theirs.device;
  if (parameter->resolve == SRV_TAG) return theirs.tag;
  if (parameter->resolve == SRV_BLUEPRINT) return theirs.blueprint;
  if (strcmp(parameter->name, "ids") != 0 && strcmp(parameter->name, "deviceId") != 0 &&
      strcmp(parameter->name, "objectId") != 0) {
    return NULL;
  }
  switch (route->kind) {
    case SRV_TAG:
      return theirs.tag;
    case SRV_BLUEPRINT:
      return theirs.blueprint;
    case SRV_ARTIFACT:
      return theirs.artifact;
    case SRV_RELEASE:
      return theirs.release;
    case SRV_CAPTURE:
      return theirs.capture;
    case SRV_SETTING:
      return theirs.setting;
    default:
      return theirs.device;
  }
}

TEST(no_query_shows_another_projects_objects) {
  begin();
  size_t tried = 0;
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    if (strncmp(route->path, "/v1/projects/{project}/", 23) != 0 ||
        (route->flags & SRV_ROUTE_UPLOAD) != 0 || strstr(route->path, "/live") != NULL) {
      continue;
    }
    for (const struct srv_parameter *each = route->parameters; each != NULL && each->name != NULL;
         each++) {
      const char *foreign = foreign_for(each, route);
      char path[512], url[1024];
      if (foreign == NULL) continue;
      fill(route->path, -1, path);
      snprintf(url, sizeof(url), "%s?%s=%s", path, each->name, foreign);
      const struct rest_answer *answer = rest_call(&f, route->method, url, NULL);
      tried++;
      if (answer->status != 200) continue; /* refused */
      char *text = answer->document == NULL ? NULL : json_dumps(answer->document, 0);
      if (text != NULL && strstr(text, foreign) != NULL) fail_msg("%s shows %s", url, text);
      if (text != NULL && strstr(text, "theirs") != NULL) fail_msg("%s shows %s", url, text);
      if (answer->bytes != NULL)
        assert_int_equal(strstr((char *)answer->bytes, "theirs") != NULL, 0);
      free(text);
    }
  }
  assert_true(tried > 15);
  rest_end(&f);
}
