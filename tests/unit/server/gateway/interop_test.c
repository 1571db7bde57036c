/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that this project did not write: libcoap's client over OpenSSL and over
 * GnuTLS (Debian: libcoap3-bin), against the gateway on the real core. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/sha256.h>

#include "tests/unit/server/core/core_fixture.h"
#include "server/gateway/gateway.h"
#include "wire/manifest.h"
#include "wire/report.h"

#define DEADLINE_S 30 /* a hung peer fails the test */

static struct core_fixture server;
static struct srv_gateway *gateway;
static uint8_t model[26977];
static char program[64], url[64];

static void server_up(const char *library) {
  char error[160] = "";
  snprintf(program, sizeof program, "/usr/bin/coap-client-%s", library);
  if (access(program, X_OK) != 0) test_skip("no coap-client; Debian's package is libcoap3-bin");
  core_fixture_begin(&server);
  struct srv_gateway_config config = {.bind_address = "127.0.0.1"};
  if (srv_gateway_create(&gateway, &config, server.core, error, sizeof error) != SRV_OK)
    fail_msg("%s", error);
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .identity = "d@default", .key_size = 6};
  strcpy(credential.device_id, device.id);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)test_random();
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  assert_ok(server.core,
            srv_core_create_artifact(server.core, &artifact, model, sizeof model, true));
  make_release(&server, artifact.id, NULL, NULL);
}

static void server_down(void) {
  srv_gateway_destroy(gateway);
  core_fixture_end(&server);
}

static struct srv_gateway_stats stats(void) {
  struct srv_gateway_stats out;
  srv_gateway_stats(gateway, &out);
  return out;
}

static const char *file(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", test_temporary_folder(), name);
  return path;
}

/* coap-client -u d@default -k KEY ARGUMENTS... coaps://127.0.0.1:PORT/PATH */
static pid_t start(const char *key, const char *path, const char *const *arguments) {
  const char *argv[24] = {program, "-u", "d@default", "-k", key};
  size_t count = 5;
  while (*arguments != NULL) argv[count++] = *arguments++;
  snprintf(url, sizeof url, "coaps://127.0.0.1:%u/%s", srv_gateway_port(gateway), path);
  argv[count++] = url;
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  return child;
}

static void run_once(void) {
  struct pollfd ready = {.fd = srv_gateway_fd(gateway), .events = POLLIN};
  int timeout_ms = srv_gateway_timeout_ms(gateway);
  poll(&ready, 1, timeout_ms < 0 || timeout_ms > 20 ? 20 : timeout_ms);
  assert_int_equal(SRV_OK, srv_gateway_run(gateway));
}

/* Runs the gateway until the child has ended. */
static void serve(pid_t child) {
  time_t end = time(NULL) + DEADLINE_S;
  int status;
  while (waitpid(child, &status, WNOHANG) == 0) {
    run_once();
    if (time(NULL) > end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      fail_msg("%s did not come to an end", program);
    }
  }
  run_once();
  assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 127);
}

static void download(const char *library) {
  size_t size;
  server_up(library);
  serve(start("secret", ".u/c/model@1.0.0",
              (const char *const[]){"-o", file("got"), "-A", "42", NULL}));
  uint8_t *got = test_read_file(file("got"), &size);
  assert_int_equal(sizeof model, size);
  assert_memory_equal(model, got, size);
  free(got);
  server_down();
}

TEST(libcoap_over_openssl_downloads_an_artifact) { download("openssl"); }
TEST(libcoap_over_gnutls_downloads_an_artifact) { download("gnutls"); }

static void download_in_small_blocks(const char *library) {
  size_t size;
  server_up(library);
  serve(start("secret", ".u/c/model@1.0.0",
              (const char *const[]){"-o", file("got"), "-b", "64", NULL}));
  uint8_t *got = test_read_file(file("got"), &size);
  assert_int_equal(sizeof model, size);
  assert_memory_equal(model, got, size);
  free(got);
  server_down();
}

TEST(libcoap_over_openssl_downloads_in_blocks_of_64) { download_in_small_blocks("openssl"); }

static int encode_manifest(uint8_t buffer[GW_MANIFEST_SIZE_MAX]) {
  struct gw_manifest manifest;
  struct srv_device device;
  assert_ok(server.core, srv_core_find(server.core, SRV_DEVICE, P, "d", &device));
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(server.core, srv_core_manifest(server.core, &ref, &manifest));
  return gw_manifest_encode(&manifest, buffer, GW_MANIFEST_SIZE_MAX);
}

static void observe(const char *library) {
  uint8_t before[GW_MANIFEST_SIZE_MAX], after[GW_MANIFEST_SIZE_MAX];
  size_t size;
  server_up(library);
  int before_size = encode_manifest(before);
  pid_t child = start("secret", ".u/desired",
                      (const char *const[]){"-s", "20", "-o", file("notified"), NULL});
  time_t end = time(NULL) + DEADLINE_S;
  while (stats().observers == 0 && time(NULL) < end) run_once();
  assert_int_equal(1, stats().observers);
  make_release(&server, make_artifact(&server, "model", "1.1.0").id, NULL, NULL);
  int after_size = encode_manifest(after);
  uint64_t received = stats().datagrams_in;
  while ((stats().notifications == 0 || stats().datagrams_in == received) && time(NULL) < end)
    run_once();
  assert_int_equal(1, stats().notifications);
  assert_int_equal(1, stats().observers); /* acknowledged, not reset */
  kill(child, SIGINT);                    /* it cancels, then leaves */
  serve(child);
  assert_int_equal(0, stats().observers);
  uint8_t *got = test_read_file(file("notified"), &size); /* bodies one after another */
  assert_non_null(memmem(got, size, before, (size_t)before_size));
  assert_non_null(memmem(got, size, after, (size_t)after_size));
  free(got);
  server_down();
}

TEST(libcoap_over_openssl_observes_a_rollout) { observe("openssl"); }
TEST(libcoap_over_gnutls_observes_a_rollout) { observe("gnutls"); }

TEST(libcoap_over_openssl_reports_a_state) {
  server_up("openssl");
  struct gw_report report = {.state = GW_OTA_IDLE, .package = "model", .version = "1.0.0"};
  uint8_t cbor[GW_REPORT_SIZE_MAX];
  int size = gw_report_encode(&report, cbor, sizeof cbor);
  FILE *body = fopen(file("report"), "wb");
  fwrite(cbor, 1, (size_t)size, body);
  fclose(body);
  serve(start("secret", ".u/c/model",
              (const char *const[]){"-m", "post", "-t", "60", "-f", file("report"), NULL}));
  struct srv_query query = {0};
  uint64_t total = 0;
  assert_ok(server.core, srv_core_list(server.core, SRV_OTA_EVENT, &query, NULL, NULL, &total));
  assert_int_equal(1, total);
  server_down();
}

static void take_digest(void *context, const void *row) {
  memcpy(context, ((const struct srv_capture *)row)->digest, GW_DIGEST_SIZE);
}

/* libcoap gives each block a token of its own. */
static void upload(const char *library, const char *block_size) {
  uint8_t wanted[GW_DIGEST_SIZE], got[GW_DIGEST_SIZE] = {0};
  struct srv_query query = {0};
  uint64_t total = 0;
  server_up(library);
  FILE *body = fopen(file("body"), "wb");
  fwrite(model, 1, sizeof model, body);
  fclose(body);
  serve(start(
      "secret", ".s/audio",
      (const char *const[]){"-m", "post", "-t", "42", "-b", block_size, "-f", file("body"), NULL}));
  assert_ok(server.core, srv_core_list(server.core, SRV_CAPTURE, &query, take_digest, got, &total));
  assert_int_equal(1, total);
  mbedtls_sha256(model, sizeof model, wanted, 0);
  assert_memory_equal(wanted, got, sizeof got);
  server_down();
}

TEST(libcoap_over_openssl_uploads_in_blocks) { upload("openssl", "1024"); }
TEST(libcoap_over_gnutls_uploads_in_blocks_of_256) { upload("gnutls", "256"); }

static void refuse(const char *library) {
  server_up(library);
  serve(start("wrong", ".u/desired", (const char *const[]){"-B", "3", "-o", file("got"), NULL}));
  assert_true(stats().handshakes_failed > 0);
  assert_int_equal(0, stats().handshakes_ok);
  assert_int_equal(0, stats().sessions);
  server_down();
}

TEST(libcoap_over_openssl_with_a_wrong_key_is_refused) { refuse("openssl"); }
TEST(libcoap_over_gnutls_with_a_wrong_key_is_refused) { refuse("gnutls"); }
