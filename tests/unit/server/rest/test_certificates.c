/* SPDX-License-Identifier: Apache-2.0 */
/* CAs, revocation, auto-provisioning and lastUsed over REST. */
#include <mbedtls/base64.h>

#include "server/core/pki.h"
#include "tests/support/pki.h"
#include "tests/unit/server/rest/rest_fixture.h"

#define CERTIFICATES "/v1/projects/default/certificates"
#define REVOKED "/v1/projects/default/revoked-certificates"

static struct rest_fixture fixture, *f = &fixture;
static struct pki_certificate root, leaf;
static char body[16384];

/* {"certFile": base64 of that, more} */
static const char *body_with(const void *data, size_t size, const char *more) {
  static unsigned char text[8192];
  size_t length;
  assert_int_equal(0, mbedtls_base64_encode(text, sizeof text, &length, data, size));
  snprintf(body, sizeof body, "{\"certFile\":\"%s\"%s}", (char *)text, more);
  return body;
}

static const char *pem(const struct pki_certificate *certificate, const char *more) {
  return body_with(certificate->certificate, strlen(certificate->certificate), more);
}

static void begin(void) {
  rest_begin(f);
  pki_make(&root, (struct pki_wish){.subject = "CN=root,O=default", .is_ca = true});
  pki_make(&leaf, (struct pki_wish){.subject = "CN=d,O=default", .issuer = &root});
}

static const char *text_at(const struct rest_answer *answer, const char *name) {
  json_t *data = json_object_get(answer->document, "data");
  const char *text = json_string_value(json_object_get(data, name));
  return text == NULL ? "" : text;
}

TEST(a_ca_is_added_as_pem_or_der_shown_listed_and_deleted) {
  char id[SRV_ID_LENGTH + 1], url[256];
  begin();
  const struct rest_answer *answer =
      rest_call(f, "POST", CERTIFICATES, pem(&root, ",\"certType\":\"root\""));
  rest_expect(answer, 200);
  assert_string_equal("CN=root, O=default", text_at(answer, "subject"));
  assert_int_equal(64, strlen(text_at(answer, "fingerprint")));
  assert_string_equal("root", text_at(answer, "certType"));
  snprintf(id, sizeof id, "%s", text_at(answer, "id"));
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, body_with(root.der, root.der_size, "")), 409,
                    6, "already");
  snprintf(url, sizeof url, CERTIFICATES "/%s", id);
  rest_expect(rest_call(f, "GET", url, NULL), 200);
  answer = rest_call(f, "GET", CERTIFICATES, NULL);
  rest_expect(answer, 200);
  assert_int_equal(1, json_integer_value(json_object_get(answer->document, "total")));
  rest_expect(rest_call(f, "DELETE", url, NULL), 200);
  rest_expect(rest_call(f, "DELETE", url, NULL), 404);
  rest_end(f);
}

TEST(what_is_no_ca_is_refused_with_the_reason) {
  static struct pki_certificate other;
  begin();
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, pem(&leaf, "")), 400, 3, "CA");
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, "{}"), 400, 3, "certFile");
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, "{\"certFile\":\"!\"}"), 400, 3, "base64");
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, body_with("hello", 5, "")), 400, 3, "X.509");
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, pem(&root, ",\"certType\":\"leaf\"")), 400,
                    3, "certType");
  pki_make(&other, (struct pki_wish){.subject = "CN=other", .issuer = &root, .is_ca = true});
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, pem(&other, ",\"certType\":\"root\"")), 400,
                    3, "intermediate");
  rest_expect(rest_call(f, "POST", CERTIFICATES, pem(&other, ",\"certType\":\"intermediate\"")),
              200);
  pki_make(&other, (struct pki_wish){.subject = "CN=plain", .no_usage = true});
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, pem(&other, "")), 400, 3,
                    "basicConstraints");
  pki_append(&root, &leaf);
  rest_expect_error(rest_call(f, "POST", CERTIFICATES, pem(&root, "")), 400, 3, "one by one");
  rest_end(f);
}

TEST(an_expired_ca_is_taken_with_a_warning_and_a_seventeenth_is_not) {
  begin();
  pki_make(&root, (struct pki_wish){.subject = "CN=old",
                                    .is_ca = true,
                                    .from_s = PKI_NOW_S - 9 * PKI_DAY_S,
                                    .to_s = PKI_NOW_S - PKI_DAY_S});
  const struct rest_answer *answer = rest_call(f, "POST", CERTIFICATES, pem(&root, ""));
  rest_expect(answer, 200);
  assert_non_null(strstr(text_at(answer, "warning"), "expired"));
  for (int i = 1; i < 16; i++)
    rest_expect(rest_call(f, "POST", "/v1/projects/default/ca", "{}"), 200);
  rest_expect(rest_call(f, "POST", "/v1/projects/default/ca", "{}"), 413);
  rest_end(f);
}

TEST(a_ca_of_the_server_shows_that_it_signs_and_never_its_key) {
  begin();
  const struct rest_answer *answer =
      rest_call(f, "POST", "/v1/projects/default/ca", "{\"name\":\"Green, house=\\\"1\\\"\"}");
  rest_expect(answer, 200);
  json_t *data = json_object_get(answer->document, "data");
  assert_true(json_is_true(json_object_get(data, "canSign")));
  assert_null(json_object_get(data, "key"));
  answer = rest_call(f, "GET", CERTIFICATES, NULL);
  char *all = json_dumps(answer->document, 0);
  assert_null(strstr(all, "PRIVATE"));
  assert_null(strstr(all, "\"key\""));
  free(all);
  rest_expect(rest_call(f, "POST", "/v1/projects/default/ca", "{\"days\":-1}"), 400);
  rest_expect(rest_call(f, "POST", "/v1/projects/default/ca", "{\"days\":1000000}"), 400);
  rest_end(f);
}

TEST(certificates_are_revoked_by_file_serial_number_and_fingerprint) {
  char url[256];
  begin();
  const struct rest_answer *answer = rest_call(f, "POST", REVOKED, pem(&leaf, ""));
  rest_expect(answer, 200);
  assert_int_equal(64, strlen(text_at(answer, "fingerprint")));
  snprintf(url, sizeof url, REVOKED "/%s", text_at(answer, "id"));
  rest_expect(rest_call(f, "POST", REVOKED, pem(&leaf, "")), 409);
  rest_expect(rest_call(f, "DELETE", url, NULL), 200);
  answer = rest_call(f, "POST", REVOKED, "{\"serialNumber\":\"00:AB:0c\"}");
  rest_expect(answer, 200);
  assert_string_equal("ab0c", text_at(answer, "serialNumber"));
  rest_expect(rest_call(f, "POST", REVOKED, "{\"serialNumber\":\"0xAB0C\"}"), 409);
  rest_expect(rest_call(f, "POST", REVOKED, "{\"serialNumber\":\"xyz\"}"), 400);
  rest_expect(rest_call(f, "POST", REVOKED, "{\"fingerprint\":\"abcd\"}"), 400);
  rest_expect(rest_call(f, "POST", REVOKED, "{}"), 400);
  rest_expect(rest_call(f, "POST", "/v1/projects/default/devices/nobody/revoke-certificates", "{}"),
              404);
  rest_end(f);
}

TEST(another_projects_key_sees_and_changes_none_of_it) {
  struct srv_api_key key = {.project_id = "other", .name = "k"};
  char text[SRV_API_KEY_LENGTH + 1];
  struct srv_project project = {.id = "other", .name = "other"};
  begin();
  assert_ok(f->core.core, srv_core_create_project(f->core.core, &project));
  assert_ok(f->core.core, srv_core_create_api_key(f->core.core, &key, text));
  rest_expect(rest_call_as(f, text, "GET", CERTIFICATES, NULL), 403);
  rest_expect(rest_call_as(f, text, "POST", REVOKED, "{\"serialNumber\":\"1\"}"), 403);
  rest_end(f);
}

TEST(the_projects_switches_are_set_and_kept_and_bounded) {
  begin();
  const struct rest_answer *answer =
      rest_call(f, "PATCH", "/v1/projects/default",
                "{\"autoProvision\":true,\"autoProvisionMax\":7,\"certificateDays\":30}");
  rest_expect(answer, 200);
  answer = rest_call(f, "PATCH", "/v1/projects/default", "{\"name\":\"Home\"}");
  json_t *data = json_object_get(answer->document, "data");
  assert_true(json_is_true(json_object_get(data, "autoProvision")));
  assert_int_equal(7, json_integer_value(json_object_get(data, "autoProvisionMax")));
  assert_int_equal(30, json_integer_value(json_object_get(data, "certificateDays")));
  rest_expect(rest_call(f, "PATCH", "/v1/projects/default", "{\"certificateDays\":99999}"), 400);
  rest_expect(rest_call(f, "PATCH", "/v1/projects/default", "{\"autoProvisionMax\":\"many\"}"),
              400);
  rest_expect(rest_call(f, "PATCH", "/v1/projects/default", "{\"autoProvision\":1}"), 400);
  rest_end(f);
}
