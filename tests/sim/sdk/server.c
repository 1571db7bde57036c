/* SPDX-License-Identifier: Apache-2.0 */
/* The world's server: DTLS by mbedTLS, CoAP by wire/, and what the device
 * contract has of resources. */
#include <stdio.h>
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

#define OBSERVATIONS_MAX 8
#define UPLOADS_MAX 4
#define UPLOAD_BYTES_MAX (16u << 20)
#define PATH_SIZE 64
#define BLOCK_MAX 1024u

struct observation {
  bool used;
  char path[PATH_SIZE];
  uint8_t token_length;
  uint8_t token[8];
  uint32_t value;
  struct gw_retransmit retransmit; /* of the notification */
  uint8_t notification[GW_COAP_DATAGRAM_MAX];
  size_t notification_size;
  uint16_t notification_id;
};

/* One upload in blocks: known by session, path and token. */
struct upload {
  bool used;
  char path[PATH_SIZE];
  uint8_t token_length;
  uint8_t token[8];
  int format;
  struct gw_block1_receiver receiver;
  uint8_t *data;
  size_t room;
};

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
  uint16_t next_message_id;
  struct observation observation[OBSERVATIONS_MAX];
  struct upload upload[UPLOADS_MAX];
} sessions[SESSIONS_MAX];

static struct upload orphans[UPLOADS_MAX]; /* of sessions that ended */

static mbedtls_ssl_config config;
static mbedtls_ssl_cookie_ctx cookies;
static bool configured;
static struct world_artifact artifacts[WORLD_ARTIFACTS_MAX];
static uint8_t manifest[8192];
static size_t manifest_size;
static struct {
  char path[PATH_SIZE];
  int format;
  uint8_t data[2048];
  size_t size;
} resources[WORLD_RESOURCES_MAX];
static struct { /* see one_place_ms */
  struct session *session;
  uint64_t due_ms;
  uint8_t data[GW_COAP_DATAGRAM_MAX];
  size_t size;
} waiting;

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
  for (size_t i = 0; i < UPLOADS_MAX; i++) {
    if (session->upload[i].used && !world_server.stream_by_session) {
      free(orphans[i].data);
      orphans[i] = session->upload[i];
    } else {
      free(session->upload[i].data);
    }
  }
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

static void send_reset(struct session *session, const struct gw_coap_message *message) {
  uint8_t data[GW_COAP_HEADER_SIZE];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, data, sizeof data, GW_COAP_RST, GW_COAP_EMPTY, message->message_id,
                       NULL, 0);
  send_message(session, data, (size_t)gw_coap_writer_finish(&writer));
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

/* Resources and who observes them ------------------------------------------------ */

static const uint8_t no_release[] = {0xa0};

static bool represent(const char *path, int *format, const uint8_t **data, size_t *size) {
  if (strcmp(path, ".u/desired") == 0) {
    *format = GW_COAP_FORMAT_CBOR;
    *data = manifest_size ? manifest : no_release;
    *size = manifest_size ? manifest_size : sizeof no_release;
    return true;
  }
  for (size_t i = 0; i < WORLD_RESOURCES_MAX; i++) {
    if (resources[i].path[0] == '\0' || strcmp(resources[i].path, path) != 0) continue;
    *format = resources[i].format;
    *data = resources[i].data;
    *size = resources[i].size;
    return true;
  }
  return false;
}

static bool is_token_of(const struct gw_coap_message *request, const uint8_t *token,
                        uint8_t token_length) {
  return token_length == request->token_length && memcmp(token, request->token, token_length) == 0;
}

/* A known token takes its old place, a new one the first that is free. */
static struct observation *register_observation(struct session *session,
                                                const struct gw_coap_message *request,
                                                const char *path) {
  struct observation *place = NULL;
  for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
    struct observation *each = &session->observation[i];
    bool same = each->used && is_token_of(request, each->token, each->token_length) &&
                strcmp(each->path, path) == 0;
    if (same) return each;
    if (!each->used && place == NULL) place = each;
  }
  assert_non_null(place);
  world_server.observations++;
  memset(place, 0, sizeof *place);
  place->used = true;
  snprintf(place->path, sizeof place->path, "%s", path);
  memcpy(place->token, request->token, request->token_length);
  place->token_length = request->token_length;
  return place;
}

static void serve_resource(struct session *session, const struct gw_coap_message *request,
                           const char *path) {
  int format = -1;
  const uint8_t *data = NULL;
  size_t size = 0;
  uint32_t observe;
  if (!represent(path, &format, &data, &size)) {
    answer_code(session, request, GW_COAP_NOT_FOUND);
    return;
  }
  if (world_server.deaf_to_observe) return;
  if (world_server.resets_observe) {
    send_reset(session, request);
    return;
  }
  struct observation *observation = NULL;
  if (gw_coap_option_uint(request, GW_COAP_OPT_OBSERVE, &observe) && observe == 0) {
    observation = register_observation(session, request, path);
    observation->value++;
    gw_retransmit_stop(&observation->retransmit);
  }
  struct gw_block block = {.szx = GW_BLOCK_SZX_MAX};
  struct gw_block_slice slice;
  uint32_t value, option;
  bool in_blocks = gw_coap_option_uint(request, GW_COAP_OPT_BLOCK2, &value) || size > BLOCK_MAX;
  if (in_blocks && gw_coap_option_uint(request, GW_COAP_OPT_BLOCK2, &value))
    assert_int_equal(gw_block_decode(value, &block), GW_OK);
  if (gw_block2_slice(block, size, &slice) < 0) {
    answer_code(session, request, GW_COAP_BAD_REQUEST);
    return;
  }
  option = gw_block_encode(slice.block);
  answer(session, request, GW_COAP_CONTENT, observation ? &observation->value : NULL,
         in_blocks ? &option : NULL, format, data + slice.offset, slice.size);
}

static void notify(struct session *session, struct observation *observation) {
  struct gw_coap_writer writer;
  int format;
  const uint8_t *data;
  size_t size;
  if (!represent(observation->path, &format, &data, &size)) return;
  observation->value++;
  observation->notification_id = session->next_message_id++;
  gw_coap_writer_begin(&writer, observation->notification, sizeof observation->notification,
                       GW_COAP_CON, GW_COAP_CONTENT, observation->notification_id,
                       observation->token, observation->token_length);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, observation->value);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, (uint32_t)format);
  if (size > BLOCK_MAX) {
    const struct gw_block first = {.more = true, .szx = GW_BLOCK_SZX_MAX};
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK2, gw_block_encode(first));
    size = BLOCK_MAX;
  }
  gw_coap_writer_payload(&writer, data, size);
  observation->notification_size = (size_t)gw_coap_writer_finish(&writer);
  gw_retransmit_start(&observation->retransmit, world_now_ms(), world_random());
  send_message(session, observation->notification, observation->notification_size);
}

static void notify_observers(const char *path) {
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    for (size_t k = 0; sessions[i].used && k < OBSERVATIONS_MAX; k++) {
      struct observation *each = &sessions[i].observation[k];
      if (each->used && strcmp(each->path, path) == 0) notify(&sessions[i], each);
    }
  }
}

static const struct world_artifact *find_artifact(const char *name) {
  for (size_t i = 0; i < WORLD_ARTIFACTS_MAX; i++) {
    if (artifacts[i].data != NULL && strcmp(artifacts[i].name, name) == 0) return &artifacts[i];
  }
  return NULL;
}

static void refuse_component(struct session *session, const struct gw_coap_message *request,
                             uint8_t code) {
  uint8_t data[64];
  struct gw_coap_writer writer;
  if (world_server.download_times > 0 && --world_server.download_times == 0) {
    world_server.download_code = 0;
  }
  gw_coap_writer_begin(&writer, data, sizeof data, GW_COAP_ACK, code, request->message_id,
                       request->token, request->token_length);
  if (world_server.max_age_s > 0) {
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_MAX_AGE, world_server.max_age_s);
  }
  send_message(session, data, (size_t)gw_coap_writer_finish(&writer));
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
  if (world_server.mute || (block.num > 0 && block.num == world_server.mute_block)) return;
  if (world_server.download_code != 0) {
    refuse_component(session, request, world_server.download_code);
    return;
  }
  if (artifact == NULL) {
    answer_code(session, request, GW_COAP_NOT_FOUND);
    return;
  }
  size_t size = world_server.download_end ? world_server.download_end : artifact->size;
  if (gw_block2_slice(block, size, &slice) < 0) {
    answer_code(session, request, GW_COAP_BAD_REQUEST);
    return;
  }
  uint32_t option = gw_block_encode(slice.block);
  world_server.bytes_sent += slice.size;
  world_server.blocks_served++;
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

/* Streams ----------------------------------------------------------------------- */

static int format_of(const struct gw_coap_message *request) {
  uint32_t format;
  return gw_coap_option_uint(request, GW_COAP_OPT_CONTENT_FORMAT, &format) ? (int)format : -1;
}

static void keep_capture(const char *path, int format, const void *data, size_t size) {
  assert_true(world_server.capture_count < WORLD_CAPTURES_MAX);
  struct world_capture *capture = &world_server.capture[world_server.capture_count++];
  snprintf(capture->path, sizeof capture->path, "%s", path);
  capture->format = format;
  capture->size = size;
  capture->data = malloc(size + 1);
  assert_non_null(capture->data);
  if (size > 0) memcpy(capture->data, data, size);
}

/* One that another session of the device has left at this block. */
static void inherit(struct upload *place, const struct gw_coap_message *request, const char *path,
                    struct gw_block block) {
  for (size_t i = 0; i < (SESSIONS_MAX + 1) * UPLOADS_MAX && block.num > 0; i++) {
    struct upload *each =
        i < UPLOADS_MAX ? &orphans[i] : &sessions[i / UPLOADS_MAX - 1].upload[i % UPLOADS_MAX];
    if (each == place || !each->used || strcmp(each->path, path) != 0 ||
        !is_token_of(request, each->token, each->token_length)) {
      continue;
    }
    free(place->data);
    *place = *each;
    memset(each, 0, sizeof *each);
    return;
  }
}

static struct upload *find_upload(struct session *session, const struct gw_coap_message *request,
                                  const char *path, struct gw_block block) {
  struct upload *place = &session->upload[0];
  for (size_t i = 0; i < UPLOADS_MAX; i++) {
    struct upload *each = &session->upload[i];
    if (each->used && is_token_of(request, each->token, each->token_length) &&
        strcmp(each->path, path) == 0) {
      return each;
    }
    if (!each->used || each->receiver.done) place = each;
  }
  free(place->data);
  memset(place, 0, sizeof *place);
  place->used = true;
  snprintf(place->path, sizeof place->path, "%s", path);
  memcpy(place->token, request->token, request->token_length);
  place->token_length = request->token_length;
  place->format = format_of(request);
  gw_block1_receiver_init(&place->receiver, world_server.stream_limit);
  if (!world_server.stream_by_session) inherit(place, request, path, block);
  return place;
}

static void append(struct upload *upload, uint64_t offset, const void *data, size_t size) {
  if (offset + size > upload->room) {
    upload->room = (size_t)(offset + size) * 2;
    upload->data = realloc(upload->data, upload->room);
    assert_non_null(upload->data);
  }
  if (size > 0) memcpy(upload->data + offset, data, size);
}

/* Said with the first of several blocks. */
static bool is_too_large(const struct gw_coap_message *request, struct gw_block block) {
  uint32_t size1;
  bool said = gw_coap_option_uint(request, GW_COAP_OPT_SIZE1, &size1);
  assert_true(said == (block.num == 0 && block.more));
  return said && size1 > world_server.stream_limit;
}

/* The code to answer with; the block as the answer is to name it. */
static uint8_t take_block(struct session *session, const struct gw_coap_message *request,
                          const char *path, struct gw_block *block) {
  struct upload *upload = find_upload(session, request, path, *block);
  bool was_done = upload->receiver.done && block->num > 0;
  if (is_too_large(request, *block)) return GW_COAP_REQUEST_TOO_LARGE;
  int taken = gw_block1_receiver_accept(&upload->receiver, *block, request->payload_size);
  if (taken == GW_ERR_ORDER) return GW_COAP_REQUEST_INCOMPLETE;
  if (taken == GW_ERR_TOO_LONG) return GW_COAP_REQUEST_TOO_LARGE;
  if (taken < 0) return GW_COAP_BAD_REQUEST;
  if (taken > 0) {
    append(upload, upload->receiver.offset - (uint64_t)taken, request->payload, (size_t)taken);
  }
  if (block->szx > world_server.stream_szx_max) block->szx = world_server.stream_szx_max;
  if (!upload->receiver.done) return GW_COAP_CONTINUE;
  if (!was_done) {
    keep_capture(path, upload->format, upload->data, (size_t)upload->receiver.offset);
  }
  return GW_COAP_CHANGED;
}

/* 0: take it. */
static uint8_t refusal_of_stream(void) {
  if (world_server.stream_code == 0) return 0;
  if (world_server.stream_code_after > 0) {
    world_server.stream_code_after--;
    return 0;
  }
  uint8_t code = world_server.stream_code;
  if (world_server.stream_code_times > 0 && --world_server.stream_code_times == 0) {
    world_server.stream_code = 0;
  }
  return code;
}

static void answer_block(struct session *session, const struct gw_coap_message *request,
                         uint8_t code, struct gw_block block) {
  uint8_t data[64];
  struct gw_coap_writer writer;
  if (world_server.stream_wrong_block) block.num++;
  gw_coap_writer_begin(&writer, data, sizeof data, GW_COAP_ACK, code, request->message_id,
                       request->token, request->token_length);
  if (!world_server.stream_no_option) {
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, gw_block_encode(block));
  }
  send_message(session, data, (size_t)gw_coap_writer_finish(&writer));
}

static void take_stream(struct session *session, const struct gw_coap_message *request,
                        const char *path) {
  uint32_t option;
  struct gw_block block = {0};
  bool has_block = gw_coap_option_uint(request, GW_COAP_OPT_BLOCK1, &option);
  if (has_block) assert_int_equal(gw_block_decode(option, &block), GW_OK);
  world_server.stream_blocks++;
  if (world_server.restart_at_block > 0 && --world_server.restart_at_block == 0) {
    world_server_restart();
    return;
  }
  if (world_server.stream_deaf_times > 0) {
    world_server.stream_deaf_times--;
    return;
  }
  uint8_t code = gw_dedup_find(&session->dedup, request->message_id, world_now_ms());
  if (code == 0) {
    if (block.num == 0) world_server.stream_begun++;
    code = refusal_of_stream();
    if (code == 0 && has_block) code = take_block(session, request, path, &block);
    if (code == 0) {
      keep_capture(path, format_of(request), request->payload, request->payload_size);
      code = GW_COAP_CHANGED;
    }
    gw_dedup_remember(&session->dedup, request->message_id, code, world_now_ms());
  }
  if (world_server.stream_dies_stored && code == GW_COAP_CHANGED) {
    world_server.stream_dies_stored = false;
    world_server.deaf = true;
    return;
  }
  if (has_block) {
    answer_block(session, request, code, block);
  } else {
    answer_code(session, request, code);
  }
}

/* Everything else ----------------------------------------------------------------- */

static void take_post(struct session *session, const struct gw_coap_message *request,
                      const char *path) {
  uint8_t code = gw_dedup_find(&session->dedup, request->message_id, world_now_ms());
  if (code == 0) {
    code = request->code == GW_COAP_DELETE ? GW_COAP_DELETED : GW_COAP_CHANGED;
    if (world_server.post_code != 0) {
      code = world_server.post_code;
      if (world_server.post_code_times > 0 && --world_server.post_code_times == 0) {
        world_server.post_code = 0;
      }
    } else {
      assert_true(world_server.post_count < WORLD_POSTS_MAX);
      struct world_post *post = &world_server.post[world_server.post_count++];
      snprintf(post->path, sizeof post->path, "%s", path);
      post->method = request->code;
      post->format = format_of(request);
      post->size = request->payload_size;
      assert_true(post->size <= sizeof post->data);
      if (post->size > 0) memcpy(post->data, request->payload, post->size);
    }
    gw_dedup_remember(&session->dedup, request->message_id, code, world_now_ms());
  }
  answer_code(session, request, code);
}

static void serve(struct session *session, const struct gw_coap_message *request) {
  char path[PATH_SIZE];
  assert_true(gw_coap_path(request, path, sizeof path) >= 0);
  if (strcmp(path, ".u/desired") == 0) world_server.manifest_requests++;
  if (world_server.deaf_to != NULL && strcmp(path, world_server.deaf_to) == 0) return;
  bool reads = request->code == GW_COAP_GET;
  if (strncmp(path, ".u/c/", 5) == 0 && reads) {
    serve_component(session, request, path + 5);
  } else if (strncmp(path, ".gw/e/", 6) == 0 && reads) {
    serve_component(session, request, path + 6);
  } else if (reads) {
    serve_resource(session, request, path);
  } else if (strncmp(path, ".u/c/", 5) == 0) {
    take_report(session, request, path + 5);
  } else if (strncmp(path, ".s/", 3) == 0 && strcmp(path, ".s/logs") != 0) {
    take_stream(session, request, path + 3);
  } else {
    take_post(session, request, path);
  }
}

static void take_empty(struct session *session, const struct gw_coap_message *message) {
  if (message->type == GW_COAP_CON) {
    world_server.pings++;
    send_reset(session, message);
    return;
  }
  for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
    struct observation *each = &session->observation[i];
    if (!each->used || message->message_id != each->notification_id) continue;
    gw_retransmit_stop(&each->retransmit);
    if (message->type == GW_COAP_RST) each->used = false;
  }
}

/* True when it is put off. */
static bool keep_waiting(struct session *session, const struct gw_coap_message *message,
                         const uint8_t *data, size_t size) {
  char path[PATH_SIZE];
  bool is_component = message->code == GW_COAP_GET &&
                      gw_coap_path(message, path, sizeof path) > 0 &&
                      strncmp(path, ".u/c/", 5) == 0;
  if (world_server.one_place_ms == 0 || !is_component) return false;
  waiting.session = session;
  waiting.due_ms = world_now_ms() + world_server.one_place_ms;
  memcpy(waiting.data, data, size);
  waiting.size = size;
  return true;
}

static void serve_waiting(void) {
  struct gw_coap_message message;
  if (waiting.size == 0 || world_now_ms() < waiting.due_ms) return;
  assert_int_equal(gw_coap_parse(waiting.data, waiting.size, &message), GW_OK);
  waiting.size = 0;
  if (waiting.session->used && !world_server.deaf) serve(waiting.session, &message);
}

static void take_message(struct session *session, const uint8_t *data, size_t size) {
  struct gw_coap_message message;
  assert_int_equal(gw_coap_parse(data, size, &message), GW_OK);
  if (world_server.deaf || keep_waiting(session, &message, data, size)) return;
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
  serve_waiting();
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    struct session *session = &sessions[i];
    if (!session->used) continue;
    if (!session->established) {
      if (get_timer(session) == 2) step_handshake(session);
      continue;
    }
    for (size_t k = 0; k < OBSERVATIONS_MAX; k++) {
      struct observation *each = &session->observation[k];
      if (gw_retransmit_poll(&each->retransmit, world_now_ms()) == GW_RETRANSMIT_SEND) {
        send_message(session, each->notification, each->notification_size);
      }
    }
  }
}

uint64_t world_server_next_ms(void) {
  uint64_t next_ms = waiting.size > 0 ? waiting.due_ms : UINT64_MAX;
  for (size_t i = 0; i < SESSIONS_MAX; i++) {
    const struct session *session = &sessions[i];
    if (!session->used) continue;
    uint64_t due_ms = UINT64_MAX;
    if (!session->established && session->timer.final_ms != 0) {
      due_ms = session->timer.start_ms + session->timer.final_ms;
    }
    for (size_t k = 0; k < OBSERVATIONS_MAX; k++) {
      const struct gw_retransmit *each = &session->observation[k].retransmit;
      if (each->active && each->next_ms < due_ms) due_ms = each->next_ms;
    }
    if (due_ms < next_ms) next_ms = due_ms;
  }
  return next_ms;
}

/* For the tests ---------------------------------------------------------------- */

void world_server_restart(void) {
  for (size_t i = 0; i < SESSIONS_MAX; i++) close_session(&sessions[i]);
  for (size_t i = 0; i < UPLOADS_MAX; i++) free(orphans[i].data);
  memset(orphans, 0, sizeof orphans);
}

static void *outside_calloc(size_t count, size_t size) { return calloc(count, size); }
static void outside_free(void *memory) { free(memory); }

static void clean_up(void) {
  world_server_restart();
  for (size_t i = 0; i < WORLD_ARTIFACTS_MAX; i++) free(artifacts[i].data);
  memset(artifacts, 0, sizeof artifacts);
  for (size_t i = 0; i < world_server.capture_count; i++) free(world_server.capture[i].data);
  world_server.capture_count = 0;
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
  world_server.stream_szx_max = GW_BLOCK_SZX_MAX;
  world_server.stream_limit = UPLOAD_BYTES_MAX;
  manifest_size = 0;
  memset(resources, 0, sizeof resources);
  waiting.size = 0;
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

size_t world_server_current_manifest(void *bytes, size_t room) {
  assert_true(manifest_size <= room);
  memcpy(bytes, manifest, manifest_size);
  return manifest_size;
}

void world_server_manifest(const void *bytes, size_t size) {
  assert_true(size <= sizeof manifest);
  if (size > 0) memcpy(manifest, bytes, size);
  manifest_size = size;
  notify_observers(".u/desired");
}

void world_server_put(const char *path, int format, const void *data, size_t size) {
  for (size_t i = 0; i < WORLD_RESOURCES_MAX; i++) {
    if (resources[i].path[0] != '\0' && strcmp(resources[i].path, path) != 0) continue;
    snprintf(resources[i].path, sizeof resources[i].path, "%s", path);
    resources[i].format = format;
    assert_true(size <= sizeof resources[i].data);
    if (size > 0) memcpy(resources[i].data, data, size);
    resources[i].size = size;
    notify_observers(path);
    return;
  }
  fail_msg("too many resources");
}

size_t world_server_posts(const char *path) {
  size_t count = 0;
  for (size_t i = 0; i < world_server.post_count; i++) {
    if (strcmp(world_server.post[i].path, path) == 0) count++;
  }
  return count;
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
