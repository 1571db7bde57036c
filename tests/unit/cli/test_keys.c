/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers' keys from the command line: without a server, but for what is
 * handed out. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/cli/run.h"
#include "wire/keyset.h"
#include "wire/statement.h"

static char folder[256];

static const char *path(const char *name) {
  static char text[8][512];
  static unsigned turn;
  char *out = text[turn++ % 8];
  snprintf(out, sizeof text[0], "%s/%s", folder, name);
  return out;
}

static void write_file(const char *name, const char *text) {
  FILE *file = fopen(path(name), "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void begin(void) {
  snprintf(folder, sizeof folder, "%s", test_temporary_folder());
  assert_status(RUN("key", "create", path("ours.pem")), 0);
  assert_status(RUN("key", "create", path("next.pem")), 0);
  write_file("model", "a model, or not");
}

/* Its id, by --json. */
static const char *id_of(const char *key) {
  static char id[4][32];
  static unsigned turn;
  char *out = id[turn++ % 4];
  const struct run *run = RUN("--json", "key", "public", key);
  assert_status(run, 0);
  json_t *document = run_json(run);
  snprintf(out, sizeof id[0], "%s", json_string_value(json_object_get(document, "keyId")));
  json_decref(document);
  return out;
}

static const struct run *sign_model(const char *key) {
  return RUN("key", "sign", path("model"), "--package", "model", "--version", "1.1.0", "--key", key,
             "--sequence", "7", "--floor", "5", "--output", path("model.cose"));
}

TEST(a_key_file_is_for_its_owner_alone_and_is_never_overwritten) {
  struct stat facts;
  begin();
  assert_int_equal(0, stat(path("ours.pem"), &facts));
  assert_int_equal(facts.st_mode & 0777, 0600);
  size_t size, again;
  uint8_t *before = test_read_file(path("ours.pem"), &size);
  const struct run *run = RUN("key", "create", path("ours.pem"));
  assert_status(run, 1);
  assert_error(run, "never overwritten");
  uint8_t *after = test_read_file(path("ours.pem"), &again);
  assert_int_equal(size, again);
  assert_memory_equal(before, after, size);
  free(before);
  free(after);
}

TEST(a_key_that_others_can_read_is_warned_of) {
  begin();
  assert_string_equal(sign_model(path("ours.pem"))->err, "");
  assert_int_equal(0, chmod(path("ours.pem"), 0644));
  const struct run *run = sign_model(path("ours.pem"));
  assert_status(run, 0);
  assert_error(run, "chmod 600");
}

TEST(a_key_with_a_passphrase_opens_with_it_only) {
  begin();
  setenv("GODWIT_KEY_PASSPHRASE", "correct horse", 1);
  assert_status(RUN("key", "create", path("locked.pem"), "--passphrase"), 0);
  assert_status(sign_model(path("locked.pem")), 0);
  setenv("GODWIT_KEY_PASSPHRASE", "battery staple", 1);
  const struct run *run = sign_model(path("locked.pem"));
  assert_status(run, 1);
  assert_error(run, "passphrase");
  unsetenv("GODWIT_KEY_PASSPHRASE");
  size_t size;
  uint8_t *text = test_read_file(path("locked.pem"), &size);
  assert_contains((char *)text, "BEGIN ENCRYPTED PRIVATE KEY");
  free(text);
}

TEST(what_is_signed_is_shown_and_checked) {
  begin();
  assert_status(sign_model(path("ours.pem")), 0);
  const struct run *run = RUN("key", "verify", path("model.cose"));
  assert_status(run, 0);
  assert_contains(run->out, "model@1.1.0");
  assert_contains(run->out, "give --key");
  assert_status(RUN("key", "public", path("ours.pem"), "--output", path("ours.pub")), 0);
  run = RUN("--json", "key", "verify", path("model.cose"), "--key", path("ours.pub"), "--file",
            path("model"));
  assert_status(run, 0);
  json_t *document = run_json(run);
  assert_true(json_is_true(json_object_get(document, "verified")));
  assert_int_equal(7, json_integer_value(json_object_get(document, "sequence")));
  assert_int_equal(5, json_integer_value(json_object_get(document, "floor")));
  assert_string_equal(id_of(path("ours.pub")),
                      json_string_value(json_object_get(document, "keyId")));
  json_decref(document);
}

TEST(another_key_another_file_and_a_changed_message_are_told_apart) {
  begin();
  assert_status(sign_model(path("ours.pem")), 0);
  const struct run *run = RUN("key", "verify", path("model.cose"), "--key", path("next.pem"));
  assert_status(run, 1);
  assert_error(run, "another key");
  write_file("other", "another model");
  run = RUN("key", "verify", path("model.cose"), "--file", path("other"));
  assert_status(run, 1);
  assert_error(run, "not the file that was signed");
  size_t size;
  uint8_t *bytes = test_read_file(path("model.cose"), &size);
  bytes[size - 1] ^= 1;
  FILE *file = fopen(path("model.cose"), "wb");
  fwrite(bytes, 1, size, file);
  fclose(file);
  free(bytes);
  run = RUN("key", "verify", path("model.cose"), "--key", path("ours.pem"));
  assert_status(run, 1);
  assert_error(run, "was changed after it was signed");
  run = RUN("key", "verify", path("model"));
  assert_status(run, 1);
  assert_error(run, "no signed message");
}

TEST(what_makes_no_sense_is_not_signed) {
  begin();
  const struct run *run =
      RUN("key", "sign", path("model"), "--package", "model", "--version", "1.1.0", "--key",
          path("ours.pem"), "--sequence", "4", "--floor", "5", "--output", path("x"));
  assert_status(run, 2);
  assert_error(run, "a floor is at most the sequence number");
  run = RUN("key", "sign", path("model"), "--package", "model", "--version", "one", "--key",
            path("ours.pem"), "--output", path("x"));
  assert_status(run, 2);
  assert_error(run, "no semantic version");
  run = RUN("key", "sign", path("model"), "--package", "model", "--version", "1.0.0", "--key",
            path("model"), "--output", path("x"));
  assert_status(run, 1);
  assert_error(run, "no private key");
  run = RUN("key", "sign", path("model"), "--package", "model", "--version", "1.0.0", "--key",
            path("ours.pem"), "--sequence", "4294967296", "--output", path("x"));
  assert_status(run, 2);
  assert_int_not_equal(0, access(path("x"), F_OK));
}

TEST(a_public_key_signs_nothing) {
  begin();
  assert_status(RUN("key", "public", path("ours.pem"), "--output", path("ours.pub")), 0);
  const struct run *run = sign_model(path("ours.pub"));
  assert_status(run, 1);
  assert_error(run, "no private key");
}

TEST(a_key_on_another_curve_is_refused) {
  begin();
  char command[1200];
  snprintf(command, sizeof command,
           "openssl ecparam -genkey -name secp384r1 -noout 2>/dev/null | openssl pkcs8 -topk8 "
           "-nocrypt > %s 2>/dev/null",
           path("wide.pem"));
  if (system(command) != 0) test_skip("no openssl");
  assert_int_equal(0, chmod(path("wide.pem"), 0600));
  const struct run *run = sign_model(path("wide.pem"));
  assert_status(run, 1);
  assert_error(run, "no ECDSA key on P-256");
}

TEST(public_keys_are_a_c_header_that_compiles) {
  begin();
  const struct run *run = RUN("key", "c-header", path("ours.pem"), path("next.pem"));
  assert_status(run, 0);
  assert_contains(run->out, "static const uint8_t godwit_keys[2][64]");
  write_file("keys.h", run->out);
  write_file(
      "use.c",
      "#include \"keys.h\"\n"
      "int main(void) { return sizeof godwit_keys == 128 && godwit_keys[1][0] >= 0 ? 0 : 1; }\n");
  char command[2048];
  snprintf(command, sizeof command, "cc -std=c11 -Wall -Wno-type-limits -o %s %s && %s",
           path("use"), path("use.c"), path("use"));
  assert_int_equal(0, system(command));
  run = RUN("key", "c-header", path("ours.pem"), path("ours.pem"), path("ours.pem"),
            path("ours.pem"));
  assert_status(run, 2);
}

/* --- keysets ------------------------------------------------------------------- */

static json_t *verify_keyset(const char *name, const char *key) {
  const struct run *run = RUN("--json", "key", "verify", path(name), "--key", path(key));
  assert_status(run, 0);
  return run_json(run);
}

static long epoch_of(const char *name, const char *key) {
  json_t *document = verify_keyset(name, key);
  long epoch = (long)json_integer_value(json_object_get(document, "epoch"));
  json_decref(document);
  return epoch;
}

TEST(keys_are_rotated_and_revoked_without_a_server) {
  begin();
  assert_status(RUN("key", "rotate", "--first", "--key", path("ours.pem"), "--add",
                    path("next.pem"), "--output", path("1.cose")),
                0);
  assert_int_equal(1, epoch_of("1.cose", "ours.pem"));
  json_t *document = verify_keyset("1.cose", "ours.pem");
  assert_int_equal(2, json_array_size(json_object_get(document, "keys")));
  json_decref(document);
  assert_status(RUN("key", "revoke", id_of(path("ours.pem")), "--key", path("next.pem"), "--after",
                    path("1.cose"), "--floor", "9", "--output", path("2.cose")),
                0);
  assert_int_equal(2, epoch_of("2.cose", "next.pem"));
  document = verify_keyset("2.cose", "next.pem");
  assert_int_equal(1, json_array_size(json_object_get(document, "keys")));
  assert_int_equal(9, json_integer_value(json_object_get(document, "floor")));
  json_decref(document);
  const struct run *run = RUN("key", "rotate", "--key", path("ours.pem"), "--after", path("2.cose"),
                              "--output", path("3.cose"));
  assert_status(run, 1);
  assert_error(run, "devices would refuse it");
}

TEST(the_last_key_is_not_revoked_and_a_fourth_not_added) {
  begin();
  assert_status(
      RUN("key", "rotate", "--first", "--key", path("ours.pem"), "--output", path("1.cose")), 0);
  const struct run *run = RUN("key", "revoke", id_of(path("ours.pem")), "--key", path("ours.pem"),
                              "--after", path("1.cose"), "--output", path("2.cose"));
  assert_status(run, 2);
  assert_error(run, "no key would be left");
  assert_status(RUN("key", "create", path("c.pem")), 0);
  assert_status(RUN("key", "create", path("d.pem")), 0);
  run = RUN("key", "rotate", "--first", "--key", path("ours.pem"), "--add", path("next.pem"),
            "--add", path("c.pem"), "--add", path("d.pem"), "--output", path("2.cose"));
  assert_status(run, 2);
  assert_error(run, "at most 3 keys");
  run = RUN("key", "revoke", "ffffffff", "--key", path("ours.pem"), "--after", path("1.cose"),
            "--output", path("2.cose"));
  assert_status(run, 1);
  assert_error(run, "is not in the set");
}

TEST(a_floor_in_a_keyset_never_sinks) {
  begin();
  assert_status(RUN("key", "rotate", "--first", "--key", path("ours.pem"), "--floor", "9",
                    "--output", path("1.cose")),
                0);
  assert_status(RUN("key", "rotate", "--key", path("ours.pem"), "--after", path("1.cose"),
                    "--floor", "3", "--output", path("2.cose")),
                0);
  json_t *document = verify_keyset("2.cose", "ours.pem");
  assert_int_equal(9, json_integer_value(json_object_get(document, "floor")));
  json_decref(document);
}

TEST(an_upload_is_signed_and_a_failure_to_is_told) {
  begin();
  const char *uploaded = reply("200 OK",
                               "{\"data\":{\"id\":\"a1\",\"package\":\"main\",\"version\":"
                               "\"1.0.0\",\"size\":\"15\",\"blueprintId\":\"\"}}");
  const char *signature = reply("200 OK",
                                "{\"data\":{\"keyId\":\"0011223344556677\",\"sequence\":3,"
                                "\"floor\":0,\"createdAt\":null,\"signature\":\"x\"}}");
  const char *empty = reply("200 OK", "{\"list\":[],\"page\":0,\"perPage\":1,\"total\":0}");
  struct fake *fake = fake_start((const char *const[]){uploaded, signature, empty, NULL});
  const struct run *run =
      RUN("artifact", "upload", path("model"), "--package", "main", "--version", "1.0.0",
          "--force-binary", "--sign", path("ours.pem"), "--sequence", "3");
  assert_status(run, 0);
  assert_contains(run->out, "by key 0011223344556677, sequence 3");
  assert_contains(fake_requests(fake), "PUT /v1/projects/default/artifacts/a1/signature");
  fake_stop(fake);
  fake = fake_start((const char *const[]){
      uploaded,
      reply("400 Bad Request", "{\"code\":3,\"message\":\"not one of ours\",\"details\":[]}"),
      NULL});
  run = RUN("artifact", "upload", path("model"), "--package", "main", "--version", "1.0.0",
            "--force-binary", "--sign", path("ours.pem"));
  assert_status(run, 1);
  assert_contains(run->err, "not one of ours");
  assert_contains(run->err, "is uploaded, but not signed");
  fake_stop(fake);
}

/* --- tokens ---------------------------------------------------------------------- */

static bool succeeds(const char *command) { return system(command) == 0; }

TEST(a_key_in_a_token_signs_and_never_leaves_it) {
  begin();
  if (!succeeds("command -v softhsm2-util >/dev/null && command -v p11tool >/dev/null"))
    test_skip("no softhsm2 and p11tool (Debian: softhsm2, gnutls-bin)");
  char configuration[600];
  snprintf(configuration, sizeof configuration,
           "directories.tokendir = %s\nobjectstore.backend = file\n", path("tokens"));
  write_file("softhsm2.conf", configuration);
  assert_int_equal(0, mkdir(path("tokens"), 0700));
  setenv("SOFTHSM2_CONF", path("softhsm2.conf"), 1);
  setenv("GNUTLS_PIN", "1234", 1);
  assert_true(
      succeeds("softhsm2-util --init-token --free --label godwit --pin 1234 --so-pin 1234 "
               ">/dev/null 2>&1"));
  assert_true(
      succeeds("p11tool --login --generate-privkey=ecdsa --curve=secp256r1 --label "
               "publisher 'pkcs11:token=godwit' >/dev/null 2>&1"));
  setenv("GODWIT_KEY_PIN", "1234", 1);
  const char *url =
      "pkcs11:token=godwit;object=publisher;type=private?module-path="
      "/usr/lib/softhsm/libsofthsm2.so";
  const struct run *run = sign_model(url);
  assert_status(run, 0);
  assert_status(RUN("key", "public", url, "--output", path("token.pub")), 0);
  assert_status(
      RUN("key", "verify", path("model.cose"), "--key", path("token.pub"), "--file", path("model")),
      0);
  setenv("GODWIT_KEY_PIN", "4321", 1);
  run = sign_model(url);
  assert_status(run, 1);
  assert_error(run, "cannot use the key");
}
