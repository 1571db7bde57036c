/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of artifacts and keysets over REST: what the server keeps, and the
 * mistakes that it tells people of. */
#include <mbedtls/base64.h>

#include "server/core/signing.h"
#include "tests/support/signer.h"
#include "tests/unit/server/rest/rest_fixture.h"

#define KEYSETS PP "/keysets"

static struct rest_fixture fixture, *f = &fixture;
static struct signer ours, second, foreign;
static struct srv_artifact artifact;
static struct gw_component component;
static char url[256], body[2048];
static uint8_t message[GW_SIGN1_SIZE_MAX];
static size_t size;

static void begin(void) {
  rest_begin(f);
  signer_make(&ours, 1);
  signer_make(&second, 2);
  signer_make(&foreign, 3);
  artifact = make_artifact(&f->core, "model", "1.1.0");
  component = (struct gw_component){.package = "model", .version = "1.1.0"};
  component.size_bytes = artifact.size_bytes;
  memcpy(component.digest, artifact.digest, sizeof component.digest);
  snprintf(url, sizeof url, PP "/artifacts/%s/signature", artifact.id);
}

static const char *body_of(const char *member) {
  unsigned char text[1024];
  size_t length;
  assert_int_equal(0, mbedtls_base64_encode(text, sizeof text, &length, message, size));
  snprintf(body, sizeof body, "{\"%s\":\"%s\"}", member, (char *)text);
  return body;
}

static const struct rest_answer *put(const struct signer *by, struct gw_statement statement) {
  size = signer_sign_statement(by, &statement, message);
  return rest_call(f, "PUT", url, body_of("signature"));
}

static const struct rest_answer *post(const struct signer *by, struct gw_keyset keyset,
                                      const struct signer *member) {
  size = signer_sign_keyset(by, keyset, &member, 1, message);
  return rest_call(f, "POST", KEYSETS, body_of("keyset"));
}

TEST(a_signature_is_put_shown_replaced_and_taken_away) {
  char artifact_url[256];
  begin();
  snprintf(artifact_url, sizeof artifact_url, PP "/artifacts/%s", artifact.id);
  const struct rest_answer *answer = rest_call(f, "GET", artifact_url, NULL);
  rest_expect(answer, 200);
  assert_true(json_is_null(rest_value(answer, "data.signature")));
  rest_expect(rest_call(f, "GET", url, NULL), 404);
  answer = put(&ours, statement_of(&component, 7, 5));
  rest_expect(answer, 200);
  assert_int_equal(16, strlen(rest_text(answer, "data.keyId")));
  rest_expect(put(&ours, statement_of(&component, 8, 6)), 200);
  answer = rest_call(f, "GET", artifact_url, NULL);
  assert_int_equal(8, rest_number(answer, "data.signature.sequence"));
  assert_int_equal(6, rest_number(answer, "data.signature.floor"));
  answer = rest_call(f, "GET", PP "/artifacts", NULL);
  assert_int_equal(8, rest_number(answer, "list.0.signature.sequence"));
  rest_expect(rest_call(f, "GET", url, NULL), 200);
  rest_expect(rest_call(f, "DELETE", url, NULL), 200);
  rest_expect(rest_call(f, "DELETE", url, NULL), 404);
  rest_end(f);
}

TEST(a_signature_goes_with_its_artifact) {
  struct srv_artifact_signature row;
  char artifact_url[256];
  begin();
  rest_expect(put(&ours, statement_of(&component, 7, 0)), 200);
  snprintf(artifact_url, sizeof artifact_url, PP "/artifacts/%s", artifact.id);
  rest_expect(rest_call(f, "DELETE", artifact_url, NULL), 200);
  assert_int_equal(SRV_ERR_NOT_FOUND, srv_core_find_signature(f->core.core, artifact.id, &row));
  rest_end(f);
}

TEST(what_is_signed_must_be_the_artifact) {
  begin();
  struct gw_statement wrong = statement_of(&component, 7, 0);
  strcpy(wrong.version, "1.1.1");
  rest_expect_error(put(&ours, wrong), 400, 3, "the signature is of model@1.1.1");
  wrong = statement_of(&component, 7, 0);
  wrong.digest[0] ^= 1;
  rest_expect_error(put(&ours, wrong), 400, 3, "other bytes");
  wrong = statement_of(&component, 7, 0);
  wrong.size_bytes++;
  rest_expect_error(put(&ours, wrong), 400, 3, "other bytes");
  wrong = statement_of(&component, 7, 0);
  strcpy(wrong.project, "elsewhere");
  rest_expect_error(put(&ours, wrong), 400, 3, "signed for project \"elsewhere\"");
  rest_end(f);
}

TEST(what_is_no_signature_is_refused) {
  begin();
  rest_expect_error(rest_call(f, "PUT", url, "{\"signature\":\"AAAA\"}"), 400, 3,
                    "godwit key sign");
  rest_expect_error(rest_call(f, "PUT", url, "{\"signature\":\"*\"}"), 400, 3, "base64");
  rest_expect_error(rest_call(f, "PUT", url, "{\"signature\":\"\"}"), 400, 3, "base64");
  rest_expect_error(rest_call(f, "PUT", url, "{}"), 400, 3, "signature");
  rest_end(f);
}

TEST(once_there_are_keysets_only_their_keys_sign) {
  begin();
  rest_expect(put(&foreign, statement_of(&component, 7, 0)), 200); /* nothing is known yet */
  rest_expect(post(&ours, (struct gw_keyset){.epoch = 1}, &ours), 200);
  rest_expect_error(put(&foreign, statement_of(&component, 7, 0)), 400, 3,
                    "which is not in the project's keyset of epoch 1");
  struct gw_statement statement = statement_of(&component, 7, 0);
  size = signer_sign_statement(&ours, &statement, message);
  message[size - 1] ^= 1;
  rest_expect_error(rest_call(f, "PUT", url, body_of("signature")), 400, 3, "sign again");
  rest_expect(put(&ours, statement), 200);
  rest_end(f);
}

TEST(a_sequence_below_the_keysets_floor_is_refused) {
  begin();
  rest_expect(post(&ours, (struct gw_keyset){.epoch = 1, .floor = 9}, &ours), 200);
  rest_expect_error(put(&ours, statement_of(&component, 8, 0)), 400, 3, "refuses all below 9");
  rest_expect(put(&ours, statement_of(&component, 9, 0)), 200);
  rest_end(f);
}

TEST(keysets_follow_each_other) {
  uint32_t epoch;
  begin();
  assert_int_equal(SRV_OK, srv_core_key_epoch(f->core.core, P, &epoch));
  assert_int_equal(0, epoch);
  rest_expect(post(&foreign, (struct gw_keyset){.epoch = 3}, &ours), 200); /* from the factory */
  rest_expect_error(post(&ours, (struct gw_keyset){.epoch = 5}, &second), 400, 3, "next is 4");
  rest_expect_error(post(&ours, (struct gw_keyset){.epoch = 3}, &second), 400, 3, "next is 4");
  rest_expect_error(post(&foreign, (struct gw_keyset){.epoch = 4}, &second), 400, 3,
                    "not in the project's keyset of epoch 3");
  rest_expect(post(&ours, (struct gw_keyset){.epoch = 4}, &second), 200);
  rest_expect_error(post(&ours, (struct gw_keyset){.epoch = 5}, &ours), 400, 3, "epoch 4");
  const struct rest_answer *answer = rest_call(f, "GET", KEYSETS, NULL);
  rest_expect(answer, 200);
  assert_int_equal(2, rest_number(answer, "total"));
  assert_int_equal(4, rest_number(answer, "list.0.epoch"));
  assert_int_equal(3, rest_number(answer, "list.1.epoch"));
  assert_int_equal(128, strlen(rest_text(answer, "list.0.keys.0.publicKey")));
  assert_int_equal(SRV_OK, srv_core_key_epoch(f->core.core, P, &epoch));
  assert_int_equal(4, epoch);
  rest_end(f);
}

TEST(a_keyset_for_another_project_or_with_a_key_off_the_curve_is_refused) {
  begin();
  rest_expect_error(post(&ours, (struct gw_keyset){.epoch = 1, .project = "other"}, &ours), 400, 3,
                    "signed for project \"other\"");
  struct signer bent = ours;
  bent.key[0] ^= 1;
  rest_expect_error(post(&ours, (struct gw_keyset){.epoch = 1}, &bent), 400, 3,
                    "no public key of P-256");
  rest_expect_error(rest_call(f, "POST", KEYSETS, "{\"keyset\":\"AAAA\"}"), 400, 3,
                    "godwit key rotate");
  rest_end(f);
}

TEST(both_stand_in_the_audit_log) {
  begin();
  rest_expect(put(&ours, statement_of(&component, 7, 0)), 200);
  rest_expect(post(&ours, (struct gw_keyset){.epoch = 1}, &ours), 200);
  const struct rest_answer *answer = rest_call(f, "GET", PP "/audit", NULL);
  rest_expect(answer, 200);
  assert_string_equal("keyset", rest_text(answer, "list.0.kind"));
  assert_string_equal("artifactSignature", rest_text(answer, "list.1.kind"));
  rest_end(f);
}
