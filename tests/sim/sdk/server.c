/* SPDX-License-Identifier: Apache-2.0 */
/* The world's server: DTLS by mbedTLS, CoAP by wire/, three resources. */
#include <stdlib.h>
#include <string.h>

#include "mbedtls/platform.h"
#include "mbedtls/sha256.h"
#include "mbedtls/ssl.h"
#include "mbedtls/ssl_cookie.h"
#include "sdk/platform/random.h"
#include "sdk/src/pool.h"
#include "tests/sim/sdk/world.h"
#include "tests/sim/sdk/world_internal.h"
#include "tests/support/test.h"
#include "wire/block.h"
#include "wire/coap.h"
#include "wire/exchange.h"
#include "wire/observe.h"

#define SESSIONS_MAX 4
#define CID_LENGTH 4
#define RECORD_CID 25 /* RFC 9146 */

struct world_server world_server;

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in reading order */
static struct session {
  int from; /* the device's socket */
  uint64_t spoke_ms;
  mbedtls_ssl_context ssl;
  struct {
    uint64_t start_ms;
    uint32_t intermediate_ms, final_ms;
  } timer;
  uint8_t record[WORLD_DATAGRAM_MAX]; /* the one datagram to be read */
  size_t record_size;
  struct gw_dedup dedup;

  bool used;
  bool established;
  bool observing;
  uint8_t token_length;
  uint8_t token[8];
  uint32_t observe_value;
  uint16_t next_message_id;
  struct gw_retransmit retransmit; /* of the notification */
  uint8_t notification[GW_COAP_DATAGRAM_MAX];
  size_t notification_size;
  uint16_t notification_id;
} sessions[SESSIONS_MAX];

static mbedtls_ssl_config config;
static mbedtls_ssl_cookie_ctx cookies;
static bool configured;
static struct world_artifact artifacts[WORLD_ARTIFACTS_MAX];
static uint8_t manifest[2048];
static size_t manifest_size;

/* DTLS ------------------------------------------------------------------------- */

static int fill_random(void *context, unsigned char *data, size_t size) {
  (void)context;
  return godwit_platform_random(data, size);
}

static int send_record(void *context, const unsigned char *data, size_t size) {
  const struct session *session = context;
  world_network_send_to_device(session->from, data, size);
  return (int)size;
}

static int take_record(void *context, unsigned char *data, size_t size) {
  struct session *session = context;
  if (session->record_size == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (size > session->record_size) size = session->record_size;
  memcpy(data, session->record, size);
  session->record_size = 0;
  return (int)size;
}

static void set_timer(void *context, uint32_t intermediate_ms, uint32_t final_ms) {
  struct session *session = context;
  session->timer.start_ms = world_now_ms();
  session->timer.intermediate_ms = intermediate_ms;
  session->timer.final_ms = final_ms;
}

static int get_timer(void *context) {
  const struct session *session = context;
  if (session->timer.final_ms == 0) return -1;
  uint64_t passed_ms = world_now_ms() - session->timer.start_ms;
  if (passed_ms >= session->timer.final_ms) return 2;
  return passed_ms >= session->timer.intermediate_ms ? 1 : 0;
}

static int check_identity(void *context, mbedtls_ssl_context *ssl, const unsigned char *identity,
                          size_t size) {
  (void)context;
  if (size != strlen(WORLD_IDENTITY) || memcmp(identity, WORLD_IDENTITY, size) != 0) return -1;
  const char *psk = world_server.psk;
  return mbedtls_ssl_set_hs_psk(ssl, (const unsigned char *)psk, strlen(psk));
}

static void configure(void) {
  if (configured) return;
  configured = true;
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_cookie_init(&cookies);
  assert_int_equal(
      mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT),
      0);
  mbedtls_ssl_conf_rng(&config, fill_random, NULL);
  mbedtls_ssl_conf_psk_cb(&config, check_identity, NULL);
  assert_int_equal(mbedtls_ssl_cookie_setup(&cookies, fill_random, NULL), 0);
  mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check,
                                &cookies);
  assert_int_equal(mbedtls_ssl_conf_cid(&config, CID_LENGTH, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE), 0);
}

static void close_session(struct session *session) {
  if (session->used) mbedtls_ssl_free(&session->ssl);
  memset(session, 0, sizeof *session);
}

static struct session *open_session(int from) {
  struct session *session = &sessions[0];
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    if (!sessions[i].used) {
      session = &sessions[i];
      break;
    }
    if (sessions[i].spoke_ms < session->spoke_ms) session = &sessions[i];
  }
  close_session(session);
  session->used = true;
  session->from = from;
  session->next_message_id = (uint16_t)world_random();
  mbedtls_ssl_init(&session->ssl);
  assert_int_equal(mbedtls_ssl_setup(&session->ssl, &config), 0);
  uint8_t id[CID_LENGTH] = {0xC1, 0xD0, (uint8_t)(session - sessions), 0};
  if (!world_server.skip_cid) {
    mbedtls_ssl_set_cid(&session->ssl, MBEDTLS_SSL_CID_ENABLED, id, sizeof id);
  }
  mbedtls_ssl_set_bio(&session->ssl, session, send_record, take_record, NULL);
  mbedtls_ssl_set_timer_cb(&session->ssl, session, set_timer, get_timer);
  mbedtls_ssl_set_client_transport_id(&session->ssl, (const unsigned char *)&session->from,
                                      sizeof session->from);
  return session;
}

static void step_handshake(struct session *session) {
  int result = mbedtls_ssl_handshake(&session->ssl);
  if (result == 0) {
    session->established = true;
    world_server.handshakes++;
  } else if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
    mbedtls_ssl_session_reset(&session->ssl);
    mbedtls_ssl_set_client_transport_id(&session->ssl, (const unsigned char *)&session->from,
                                        sizeof session->from);
  } else if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) {
    close_session(session);
  }
}

static void send_message(struct session *session, const uint8_t *data, size_t size) {
  if (session->used) (void)mbedtls_ssl_write(&session->ssl, data, size);
}

/* CoAP ------------------------------------------------------------------------- */

static void answer(struct session *session, const struct gw_coap_message *request, uint8_t code,
                   const uint32_t *observe, const uint32_t *block2, int format, const void *payload,
                   size_t size) {
  uint8_t data[GW_COAP_DATAGRAM_MAX + 1024];
  struct gw_coap_writer writer;
  bool ack = request->type == GW_COAP_CON && !world_server.separate;
  if (request->type == GW_COAP_CON && world_server.separate) {
    gw_coap_writer_begin(&writer, data, sizeof data, GW_COAP_ACK, GW_COAP_EMPTY,
                         request->message_id, NULL, 0);
    send_message(session, data, (size_t)gw_coap_writer_finish(&writer));
  }
  gw_coap_writer_begin(&writer, data, sizeof data, ack ? GW_COAP_ACK : GW_COAP_CON, code,
                       ack ? request->message_id : session->next_message_id++, request->token,
                       request->token_length);
  if (observe != NULL) gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, *observe);
  if (format >= 0)
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, (uint32_t)format);
  if (block2 != NULL) gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK2, *block2);
  if (size > 0) gw_coap_writer_payload(&writer, payload, size);
  int length = gw_coap_writer_finish(&writer);
  assert_true(length > 0);
  send_message(session, data, (size_t)length);
}

static void answer_code(struct session *session, const struct gw_coap_message *request,
                        uint8_t code) {
  answer(session, request, code, NULL, NULL, -1, NULL, 0);
}

static const uint8_t no_release[] = {0xa0};

static void serve_manifest(struct session *session, const struct gw_coap_message *request) {
  uint32_t observe;
  world_server.manifest_requests++;
  if (world_server.deaf_to_observe) return;
  bool registers = gw_coap_option_uint(request, GW_COAP_OPT_OBSERVE, &observe) && observe == 0;
  if (registers) {
    bool known = session->observing && session->token_length == request->token_length &&
                 memcmp(session->token, request->token, request->token_length) == 0;
    if (!known) world_server.observations++;
    session->observing = true;
    memcpy(session->token, request->token, request->token_length);
    session->token_length = request->token_length;
    session->observe_value++;
    gw_retransmit_stop(&session->retransmit);
  }
  answer(session, request, GW_COAP_CONTENT, registers ? &session->observe_value : NULL, NULL, 60,
         manifest_size ? manifest : no_release, manifest_size ? manifest_size : sizeof no_release);
}

static void notify(struct session *session) {
  struct gw_coap_writer writer;
  session->observe_value++;
  session->notification_id = session->next_message_id++;
  gw_coap_writer_begin(&writer, session->notification, sizeof session->notification, GW_COAP_CON,
                       GW_COAP_CONTENT, session->notification_id, session->token,
                       session->token_length);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, session->observe_value);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, 60);
  gw_coap_writer_payload(&writer, manifest_size ? manifest : no_release,
                         manifest_size ? manifest_size : sizeof no_release);
  session->notification_size = (size_t)gw_coap_writer_finish(&writer);
  gw_retransmit_start(&session->retransmit, world_now_ms(), world_random());
  send_message(session, session->notification, session->notification_size);
}

static const struct world_artifact *find_artifact(const char *name) {
  for (size_t i = 0; i < WORLD_ARTIFACTS_MAX; i++) {
    if (artifacts[i].data != NULL && strcmp(artifacts[i].name, name) == 0) return &artifacts[i];
  }
  return NULL;
}

static void serve_component(struct session *session, const struct gw_coap_message *request,
                            const char *name) {
  struct gw_block block = {.szx = GW_BLOCK_SZX_MAX};
  struct gw_block_slice slice;
  uint32_t value;
  if (gw_coap_option_uint(request, GW_COAP_OPT_BLOCK2, &value)) {
    assert_int_equal(gw_block_decode(value, &block), GW_OK);
  }
  if (block.szx > world_server.szx_max) {
    block.num <<= block.szx - world_server.szx_max;
    block.szx = world_server.szx_max;
  }
  world_server.blocks++;
  if (block.num == 0) world_server.whole_downloads++;
  if (world_server.deaf_after_blocks != 0 && --world_server.deaf_after_blocks == 0) {
    world_server.deaf = true;
    return;
  }
  const struct world_artifact *artifact = find_artifact(name);
  if (world_server.download_code != 0 || artifact == NULL) {
    answer_code(session, request,
                world_server.download_code ? world_server.download_code : GW_COAP_NOT_FOUND);
    return;
  }
  size_t size = world_server.download_end ? world_server.download_end : artifact->size;
  if (gw_block2_slice(block, size, &slice) < 0) {
    answer_code(session, request, GW_COAP_BAD_REQUEST);
    return;
  }
  uint32_t option = gw_block_encode(slice.block);
  answer(session, request, GW_COAP_CONTENT, NULL, &option, 42, artifact->data + slice.offset,
         slice.size);
}

static void take_report(struct session *session, const struct gw_coap_message *request,
                        const char *package) {
  uint8_t seen = gw_dedup_find(&session->dedup, request->message_id, world_now_ms());
  if (seen != 0) {
    answer_code(session, request, seen);
    return;
  }
  if (world_server.report_code != 0) {
    answer_code(session, request, world_server.report_code);
    return;
  }
  struct gw_report report;
  assert_int_equal(gw_report_parse(request->payload, request->payload_size, &report), GW_OK);
  assert_string_equal(report.package, package);
  assert_true(world_server.report_count < WORLD_REPORTS_MAX);
  world_server.report[world_server.report_count++] = report;
  gw_dedup_remember(&session->dedup, request->message_id, GW_COAP_CHANGED, world_now_ms());
  answer_code(session, request, GW_COAP_CHANGED);
}

static void serve(struct session *session, const struct gw_coap_message *request) {
  char path[128];
  assert_true(gw_coap_path(request, path, sizeof path) >= 0);
  if (strcmp(path, ".u/desired") == 0) {
    serve_manifest(session, request);
  } else if (strncmp(path, ".u/c/", 5) == 0 && request->code == GW_COAP_GET) {
    serve_component(session, request, path + 5);
  } else if (strncmp(path, ".u/c/", 5) == 0) {
    take_report(session, request, path + 5);
  } else {
    answer_code(session, request, GW_COAP_NOT_FOUND);
  }
}

static void take_empty(struct session *session, const struct gw_coap_message *message) {
  if (message->type == GW_COAP_CON) {
    uint8_t data[4];
    struct gw_coap_writer writer;
    world_server.pings++;
    gw_coap_writer_begin(&writer, data, sizeof data, GW_COAP_RST, GW_COAP_EMPTY,
                         message->message_id, NULL, 0);
    send_message(session, data, (size_t)gw_coap_writer_finish(&writer));
  } else if (message->message_id == session->notification_id) {
    gw_retransmit_stop(&session->retransmit);
    if (message->type == GW_COAP_RST) session->observing = false;
  }
}

static void take_message(struct session *session, const uint8_t *data, size_t size) {
  struct gw_coap_message message;
  assert_int_equal(gw_coap_parse(data, size, &message), GW_OK);
  if (world_server.deaf) return;
  if (message.code == GW_COAP_EMPTY) {
    take_empty(session, &message);
  } else if (message.code < 32) {
    serve(session, &message);
  }
}

/* Sessions --------------------------------------------------------------------- */

static struct session *find_session(int from, const uint8_t *record, size_t size) {
  if (size > 14 && record[0] == RECORD_CID && record[11] == 0xC1 && record[13] < SESSIONS_MAX) {
    struct session *session = &sessions[record[13]];
    if (!session->used) return NULL;
    session->from = from; /* the test's network has no liars */
    return session;
  }
  if (size > 0 && record[0] == RECORD_CID) return NULL;
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    if (sessions[i].used && sessions[i].from == from) return &sessions[i];
  }
  return size > 0 && record[0] == 22 ? open_session(from) : NULL;
}

static void take_datagram(int from, const uint8_t *data, size_t size) {
  struct session *session = find_session(from, data, size);
  if (session == NULL) return;
  memcpy(session->record, data, size);
  session->record_size = size;
  session->spoke_ms = world_now_ms();
  if (!session->established) step_handshake(session);
  while (session->used && session->established) {
    uint8_t message[GW_COAP_DATAGRAM_MAX];
    int length = mbedtls_ssl_read(&session->ssl, message, sizeof message);
    if (length == MBEDTLS_ERR_SSL_WANT_READ) break;
    if (length <= 0) {
      close_session(session);
      break;
    }
    take_message(session, message, (size_t)length);
  }
}

void world_server_run(void) {
  uint8_t data[WORLD_DATAGRAM_MAX];
  int from;
  size_t size;
  while ((size = world_network_take_for_server(&from, data, sizeof data)) > 0) {
    take_datagram(from, data, size);
  }
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    struct session *session = &sessions[i];
    if (!session->used) continue;
    if (!session->established) {
      if (get_timer(session) == 2) step_handshake(session);
      continue;
    }
    if (gw_retransmit_poll(&session->retransmit, world_now_ms()) == GW_RETRANSMIT_SEND) {
      send_message(session, session->notification, session->notification_size);
    }
  }
}

uint64_t world_server_next_ms(void) {
  uint64_t next_ms = UINT64_MAX;
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    const struct session *session = &sessions[i];
    if (!session->used) continue;
    uint64_t due_ms = UINT64_MAX;
    if (!session->established && session->timer.final_ms != 0) {
      due_ms = session->timer.start_ms + session->timer.final_ms;
    } else if (session->retransmit.active) {
      due_ms = session->retransmit.next_ms;
    }
    if (due_ms < next_ms) next_ms = due_ms;
  }
  return next_ms;
}

/* For the tests ---------------------------------------------------------------- */

void world_server_restart(void) {
  for (size_t i = 0; i < SESSIONS_MAX; i++) close_session(&sessions[i]);
}

static void *outside_calloc(size_t count, size_t size) { return calloc(count, size); }
static void outside_free(void *memory) { free(memory); }

static void clean_up(void) {
  world_server_restart();
  for (size_t i = 0; i < WORLD_ARTIFACTS_MAX; i++) free(artifacts[i].data);
  memset(artifacts, 0, sizeof artifacts);
  if (configured) {
    mbedtls_ssl_config_free(&config);
    mbedtls_ssl_cookie_free(&cookies);
    configured = false;
  }
}

void world_server_reset(void) {
  static bool registered;
  if (!registered) atexit(clean_up);
  registered = true;
  mbedtls_platform_set_calloc_free(godwit_pool_calloc, godwit_pool_free);
  godwit_pool_set_outside(outside_calloc, outside_free);
  clean_up();
  memset(&world_server, 0, sizeof world_server);
  world_server.psk = WORLD_PSK;
  world_server.szx_max = GW_BLOCK_SZX_MAX;
  manifest_size = 0;
  configure();
}

void world_server_add(const char *name, const void *data, size_t size) {
  for (size_t i = 0; i < WORLD_ARTIFACTS_MAX; i++) {
    struct world_artifact *artifact = &artifacts[i];
    if (artifact->data != NULL && strcmp(artifact->name, name) != 0) continue;
    free(artifact->data);
    snprintf(artifact->name, sizeof artifact->name, "%s", name);
    artifact->data = malloc(size + 1);
    assert_non_null(artifact->data);
    memcpy(artifact->data, data, size);
    artifact->size = size;
    return;
  }
  fail_msg("too many artifacts");
}

void world_server_manifest(const void *bytes, size_t size) {
  assert_true(size <= sizeof manifest);
  if (size > 0) memcpy(manifest, bytes, size);
  manifest_size = size;
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    if (sessions[i].used && sessions[i].observing) notify(&sessions[i]);
  }
}

void world_server_release(const char *version, const uint8_t *digest, uint32_t size_bytes) {
  static uint32_t sequence = 1700000000;
  struct gw_manifest content = {.sequence_number = sequence++, .component_count = 1};
  struct gw_component *component = &content.component[0];
  char name[40];
  snprintf(name, sizeof name, "model@%s", version);
  const struct world_artifact *artifact = find_artifact(name);
  snprintf(component->package, sizeof component->package, "model");
  snprintf(component->version, sizeof component->version, "%s", version);
  snprintf(component->type, sizeof component->type, "default");
  if (artifact != NULL) {
    component->size_bytes = (uint32_t)artifact->size;
    mbedtls_sha256(artifact->data, artifact->size, component->digest, 0);
  }
  if (digest != NULL) memcpy(component->digest, digest, GW_DIGEST_SIZE);
  if (size_bytes != 0) component->size_bytes = size_bytes;
  assert_int_equal(gw_component_set_uri(component), GW_OK);
  uint8_t bytes[GW_MANIFEST_SIZE_MAX];
  int size = gw_manifest_encode(&content, bytes, sizeof bytes);
  assert_true(size > 0);
  world_server_manifest(bytes, (size_t)size);
}

void world_server_send_raw(const void *data, size_t size) {
  struct session *newest = NULL;
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    if (!sessions[i].established) continue;
    if (newest == NULL || sessions[i].spoke_ms >= newest->spoke_ms) newest = &sessions[i];
  }
  assert_non_null(newest);
  send_message(newest, data, size);
}

const char *world_server_reports(size_t first) {
  static char text[8192];
  size_t length = 0;
  text[0] = '\0';
  for (size_t i = first; i < world_server.report_count; i++) {
    const struct gw_report *report = &world_server.report[i];
    length += (size_t)snprintf(text + length, sizeof text - length, "%s/%s v=%s t=%s\n",
                               gw_ota_state_name(report->state), gw_ota_reason_name(report->reason),
                               report->version, report->target);
    assert_true(length < sizeof text);
  }
  return text;
}
