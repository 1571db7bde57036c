/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads on the real core and its disk: many at once, over a bad network, and
 * what is left of them after the server was started again. */
#include <malloc.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "server/core/types.h"
#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"

#define BLOCK 1024u

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static struct answer answer;

/* Two files each, a socket and what the core writes; the default is 1,024. */
static void allow_files(rlim_t count) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < count) test_skip("the hard limit of open files is too low");
  if (limit.rlim_cur < count) limit.rlim_cur = count;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void server_up(void) {
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.port = 0}, server.core);
}

static struct srv_device give_device(unsigned number, char identity[32]) {
  char name[16];
  snprintf(name, sizeof name, "d%u", number);
  snprintf(identity, 32, "%s@default", name);
  struct srv_device device = make_device(&server, name, NULL, NULL);
  struct srv_credential credential = {.project_id = P, .key_size = 6};
  strcpy(credential.device_id, device.id);
  snprintf(credential.identity, sizeof credential.identity, "%s", identity);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  return device;
}

static struct dtls_client *connect_as(const char *identity) {
  return client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                       .identity = identity,
                                                       .psk = "secret",
                                                       .now_ms = &f->now_ms});
}

/* What device N sends: nobody's block is like another's. */
static void fill(uint8_t *data, size_t size, unsigned number, size_t offset) {
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t)((offset + i) * 31 + (offset + i) / BLOCK * 7 + number * 13 + number / 256);
}

static void digest_of(unsigned number, size_t size, uint8_t digest[32]) {
  uint8_t *data = malloc(size);
  fill(data, size, number, 0);
  mbedtls_sha256(data, size, digest, 0);
  free(data);
}

static uint8_t block_data[BLOCK];

static struct ask ask_block(unsigned number, uint32_t num, size_t total) {
  size_t offset = (size_t)num * BLOCK, size = total - offset < BLOCK ? total - offset : BLOCK;
  fill(block_data, size, number, offset);
  struct ask ask = ask_post(".s/audio", GW_COAP_FORMAT_OCTETS, block_data, size);
  ask.token = "same"; /* for all devices */
  ask.block1 = gw_block_encode(
      (struct gw_block){.num = num, .more = offset + size < total, .szx = GW_BLOCK_SZX_MAX});
  return ask;
}

struct found {
  size_t count, wrong;
  size_t size;
};

static bool is_of(const struct srv_capture *capture, unsigned number, size_t size) {
  uint8_t digest[32];
  digest_of(number, size, digest);
  return capture->size_bytes == size && memcmp(capture->digest, digest, sizeof digest) == 0;
}

/* Each capture must be what its device sent, by its name. */
static char (*device_ids)[SRV_ID_LENGTH + 1];
static size_t device_count;

static void look_at(void *context, const void *row) {
  struct found *found = context;
  const struct srv_capture *capture = row;
  found->count++;
  for (unsigned i = 0; i < device_count; i++) {
    if (strcmp(device_ids[i], capture->device_id) != 0) continue;
    if (is_of(capture, i, found->size)) return;
  }
  found->wrong++;
}

static size_t captures_found(size_t size) {
  struct found found = {.size = size};
  struct srv_query query = {0};
  assert_ok(server.core, srv_core_list(server.core, SRV_CAPTURE, &query, look_at, &found, NULL));
  assert_int_equal(0, found.wrong);
  return found.count;
}

static size_t bytes_in_use(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(five_hundred_devices_upload_at_once_in_bounded_memory_and_nothing_acknowledged_is_lost) {
  enum { COUNT = 500, SIZE = 64 * 1024, LAST = SIZE / BLOCK - 1 };
  static struct dtls_client *clients[COUNT];
  static char ids[COUNT][SRV_ID_LENGTH + 1];
  char identity[32];
  allow_files(4096);
  server_up();
  srv_core_batch_begin(server.core);
  for (unsigned i = 0; i < COUNT; i++) strcpy(ids[i], give_device(i, identity).id);
  assert_ok(server.core, srv_core_batch_commit(server.core));
  device_ids = ids;
  device_count = COUNT;
  for (unsigned i = 0; i < COUNT; i++) {
    snprintf(identity, sizeof identity, "d%u@default", i);
    clients[i] = connect_as(identity);
  }
  size_t before = bytes_in_use(), most = before, acknowledged = 0;
  for (uint32_t num = 0; num <= LAST; num++) {
    for (unsigned i = 0; i < COUNT; i++) {
      struct ask ask = ask_block(i, num, SIZE);
      client_exchange(f, clients[i], &ask, &answer);
      assert_code(num < LAST ? GW_COAP_CONTINUE : GW_COAP_CHANGED, answer);
      if (num == LAST && ++acknowledged == COUNT / 2) break;
    }
    if (num == LAST / 2) assert_int_equal(COUNT, gateway_stats(f).uploads_open);
    if (bytes_in_use() > most) most = bytes_in_use();
  }
  /* Half have their 2.04; the others' server is gone before their last block. */
  assert_int_equal(COUNT / 2, gateway_stats(f).uploads_finished);
  print_message("%zu kB for %d uploads of %d kB\n", (most - before) / 1024, COUNT, SIZE / 1024);
  assert_true(most - before < COUNT * 24 * 1024);
  srv_gateway_destroy(f->gateway);
  core_fixture_restart(&server);
  assert_int_equal(COUNT / 2, captures_found(SIZE));
  for (unsigned i = 0; i < COUNT; i++) dtls_client_destroy(clients[i]);
  core_fixture_end(&server);
}

TEST(uploads_over_a_network_that_loses_every_fifth_datagram_are_complete_and_stored_once) {
  enum { COUNT = 4, SIZE = 100 * 1024 + 333 };
  static char ids[COUNT][SRV_ID_LENGTH + 1];
  struct dtls_client *clients[COUNT];
  char identity[32];
  server_up();
  for (unsigned i = 0; i < COUNT; i++) {
    strcpy(ids[i], give_device(i, identity).id);
    clients[i] = connect_as(identity);
    dtls_client_set_drop(clients[i], 5);
  }
  device_ids = ids;
  device_count = COUNT;
  for (uint32_t num = 0; num * BLOCK < SIZE; num++) {
    for (unsigned i = 0; i < COUNT; i++) {
      struct ask ask = ask_block(i, num, SIZE);
      client_exchange(f, clients[i], &ask, &answer);
      assert_int_equal(2, answer.message.code >> 5);
    }
  }
  assert_int_equal(COUNT, captures_found(SIZE));
  for (unsigned i = 0; i < COUNT; i++) {
    assert_true(dtls_client_dropped(clients[i]) > 20);
    dtls_client_destroy(clients[i]);
  }
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static void find_one(void *context, const void *row) {
  *(struct srv_capture *)context = *(const struct srv_capture *)row;
}

TEST(provenance_in_front_of_an_upload_is_kept_beside_the_content) {
  /* {"model": "model@1.0.0", "heard": "yes", "score": 128} and 2,000 bytes */
  static const char head[] =
      "\xA3\x65model\x6Bmodel@1.0.0\x65heard\x63yes\x65score\x18\x80\x59\x07\xD0";
  static uint8_t message[sizeof head - 1 + 2000];
  char identity[32];
  struct srv_capture capture = {.size_bytes = 0};
  struct srv_query query = {0};
  server_up();
  give_device(0, identity);
  struct dtls_client *client = connect_as(identity);
  memcpy(message, head, sizeof head - 1);
  fill(message + sizeof head - 1, 2000, 0, 0);
  for (uint32_t num = 0; num < 2; num++) {
    size_t offset = num * BLOCK, size = num == 0 ? BLOCK : sizeof message - BLOCK;
    struct ask ask = ask_post(".s/audio/kitchen", 63, message + offset, size);
    ask.block1 = gw_block_encode((struct gw_block){.num = num, .more = num == 0, .szx = 6});
    client_exchange(f, client, &ask, &answer);
    assert_code(num == 0 ? GW_COAP_CONTINUE : GW_COAP_CHANGED, answer);
  }
  assert_ok(server.core, srv_core_list(server.core, SRV_CAPTURE, &query, find_one, &capture, NULL));
  assert_string_equal("audio/kitchen", capture.path);
  assert_string_equal("yes", capture.heard);
  assert_string_equal("1.0.0", capture.model_version);
  assert_true(is_of(&capture, 0, 2000));
  /* One that promises more than comes. */
  struct ask shorter = ask_post(".s/audio", 63, message, 500);
  client_exchange(f, client, &shorter, &answer);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  dtls_client_destroy(client);
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

TEST(a_path_that_leads_out_of_the_folder_is_bad) {
  static const char *const bad[] = {".s/a/../b", ".s/..", ".s/a\x01"};
  char identity[32];
  server_up();
  give_device(0, identity);
  struct dtls_client *client = connect_as(identity);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct ask ask = ask_post(bad[i], GW_COAP_FORMAT_OCTETS, "x", 1);
    client_exchange(f, client, &ask, &answer);
    assert_int_equal(4, answer.message.code >> 5);
  }
  device_count = 0;
  assert_int_equal(0, captures_found(1));
  dtls_client_destroy(client);
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}
