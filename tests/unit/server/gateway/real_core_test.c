/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway on the real core and SQLite: what operators do reaches devices,
 * what devices say reaches the disk. */
#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"
#include "wire/manifest.h"
#include "wire/report.h"

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static struct answer answer;

static void server_up(void) {
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.port = 0}, server.core);
}

static void server_down(void) {
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static struct srv_credential give_psk(const struct srv_device *device, const char *identity) {
  struct srv_credential credential = {.project_id = P, .key_size = 6};
  strcpy(credential.device_id, device->id);
  snprintf(credential.identity, sizeof credential.identity, "%s", identity);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  return credential;
}

static struct dtls_client_config config_of(const char *identity) {
  return (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                     .identity = identity,
                                     .psk = "secret",
                                     .now_ms = &f->now_ms};
}

static struct dtls_client *observer_up(const char *identity) {
  struct dtls_client *client = client_up_with(f, config_of(identity));
  struct ask ask = ask_get(".u/desired");
  ask.observe = 0;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  return client;
}

static struct gw_manifest manifest_in_answer(void) {
  struct gw_manifest manifest;
  assert_int_equal(
      GW_OK, gw_manifest_parse(answer.message.payload, answer.message.payload_size, &manifest));
  return manifest;
}

/* Waits for a notification, acknowledges it; the version of its component. */
static const char *next_version(struct dtls_client *client) {
  static struct gw_manifest manifest;
  client_wait(f, client, &answer);
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
  manifest = manifest_in_answer();
  return manifest.component_count == 0 ? "" : manifest.component[0].version;
}

TEST(a_rollout_reaches_the_device_with_the_tag_and_a_rollback_takes_it_back) {
  server_up();
  struct srv_tag tag = make_tag(&server, "beta");
  struct srv_device tagged = make_device(&server, "tagged", NULL, tag.id);
  struct srv_device plain = make_device(&server, "plain", NULL, NULL);
  give_psk(&tagged, "tagged@default");
  give_psk(&plain, "plain@default");
  struct dtls_client *one = observer_up("tagged@default"), *two = observer_up("plain@default");
  assert_int_equal(0, manifest_in_answer().component_count);

  make_release(&server, make_artifact(&server, "model", "1.0.0").id, NULL, NULL);
  assert_string_equal("1.0.0", next_version(one));
  assert_string_equal("1.0.0", next_version(two));

  struct srv_release beta =
      make_release(&server, make_artifact(&server, "model", "1.1.0").id, NULL, tag.id);
  assert_string_equal("1.1.0", next_version(one));
  assert_silence(f, two);

  beta.rollout = false;
  assert_ok(server.core, srv_core_update_release(server.core, &beta));
  assert_string_equal("1.0.0", next_version(one));
  assert_silence(f, two);

  tagged.tag_count = 0;
  assert_ok(server.core, srv_core_update_device(server.core, &tagged));
  assert_silence(f, one); /* told, looked, nothing new */
  dtls_client_destroy(one);
  dtls_client_destroy(two);
  server_down();
}

TEST(a_download_is_what_was_uploaded_and_what_the_manifest_promises) {
  static uint8_t model[26977], got[26977];
  uint8_t digest[32];
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)test_random();
  server_up();
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  give_psk(&device, "d@default");
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  assert_ok(server.core,
            srv_core_create_artifact(server.core, &artifact, model, sizeof model, true));
  make_release(&server, artifact.id, NULL, NULL);
  struct dtls_client *client = observer_up("d@default");
  struct gw_manifest manifest = manifest_in_answer();
  assert_int_equal(sizeof model, manifest.component[0].size_bytes);
  size_t size = client_download(f, client, manifest.component[0].uri, 6, 0, got, sizeof got);
  assert_int_equal(sizeof model, size);
  mbedtls_sha256(got, size, digest, 0);
  assert_memory_equal(manifest.component[0].digest, digest, sizeof digest);
  dtls_client_destroy(client);
  server_down();
}

static uint64_t events_of(const struct srv_device *device) {
  struct srv_query query = {0};
  uint64_t total = 0;
  srv_query_text(&query, "device_id", SRV_EQUALS, device->id);
  assert_ok(server.core, srv_core_list(server.core, SRV_OTA_EVENT, &query, NULL, NULL, &total));
  return total;
}

TEST(a_report_sent_twice_is_one_event_and_survives_the_server) {
  server_up();
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  give_psk(&device, "d@default");
  struct dtls_client *client = client_up_with(f, config_of("d@default"));
  struct gw_report report = {
      .state = GW_OTA_DOWNLOADING, .package = "model", .version = "1.0.0", .target = "1.1.0"};
  uint8_t cbor[GW_REPORT_SIZE_MAX];
  int size = gw_report_encode(&report, cbor, sizeof cbor);
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, cbor, (size_t)size);
  for (int i = 0; i < 2; i++) {
    client_exchange(f, client, &ask, &answer);
    assert_code(GW_COAP_CHANGED, answer);
  }
  assert_int_equal(1, events_of(&device));
  srv_gateway_destroy(f->gateway);
  core_fixture_restart(&server);
  static struct srv_device_state seen;
  assert_ok(server.core, srv_core_device_state(server.core, device.id, &seen));
  assert_int_equal(1, seen.status_count);
  assert_int_equal(GW_OTA_DOWNLOADING, seen.status[0].state);
  assert_int_equal(1, events_of(&device));
  core_fixture_end(&server);
  dtls_client_destroy(client);
}

TEST(a_report_of_a_version_that_is_none_is_refused) {
  server_up();
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  give_psk(&device, "d@default");
  struct dtls_client *client = client_up_with(f, config_of("d@default"));
  struct ask ask = ask_post(".u/c/a_package_of_17_b", GW_COAP_FORMAT_JSON, "{}", 2);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  assert_int_equal(0, events_of(&device));
  dtls_client_destroy(client);
  server_down();
}

static void assert_refused(const char *identity) {
  struct dtls_client_config config = config_of(identity);
  struct dtls_client *client = dtls_client_create(&config);
  assert_true(client_shake(f, client) < 0);
  dtls_client_destroy(client);
}

TEST(disabling_a_device_or_taking_its_credential_ends_its_session) {
  server_up();
  struct srv_device one = make_device(&server, "one", NULL, NULL);
  struct srv_device two = make_device(&server, "two", NULL, NULL);
  struct srv_device three = make_device(&server, "three", NULL, NULL);
  give_psk(&one, "one@default");
  struct srv_credential key = give_psk(&two, "two@default");
  give_psk(&three, "three@default");
  struct dtls_client *clients[] = {client_up_with(f, config_of("one@default")),
                                   client_up_with(f, config_of("two@default")),
                                   client_up_with(f, config_of("three@default"))};
  static struct srv_device_state seen;
  assert_ok(server.core, srv_core_device_state(server.core, one.id, &seen));
  assert_true(seen.online);

  one.enabled = false;
  assert_ok(server.core, srv_core_update_device(server.core, &one));
  gateway_settle(f);
  assert_int_equal(2, gateway_stats(f).sessions);
  assert_ok(server.core, srv_core_device_state(server.core, one.id, &seen));
  assert_false(seen.online);
  assert_ok(server.core, srv_core_delete_credential(server.core, P, two.id, key.id));
  gateway_settle(f);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_ok(server.core, srv_core_delete_device(server.core, P, three.id));
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_refused("one@default");
  assert_refused("two@default");
  assert_refused("three@default");
  for (int i = 0; i < 3; i++) dtls_client_destroy(clients[i]);
  server_down();
}

TEST(another_projects_artifact_is_not_found) {
  server_up();
  struct srv_project project = {.id = "other", .name = "other"};
  assert_ok(server.core, srv_core_create_project(server.core, &project));
  struct srv_artifact artifact = {.project_id = "other", .package = "model", .version = "1.0.0"};
  assert_ok(server.core, srv_core_create_artifact(server.core, &artifact, "bytes", 5, true));
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  give_psk(&device, "d@default");
  struct dtls_client *client = client_up_with(f, config_of("d@default"));
  struct ask ask = ask_get(".u/c/model@1.0.0");
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_NOT_FOUND, answer);
  dtls_client_destroy(client);
  server_down();
}
