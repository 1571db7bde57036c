/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire sdk/src/settings.c sdk/src/rpc.c sdk/src/state.c sdk/src/json.c sdk/src/bignum.c
// fuzz-link: sdk/src/stream.c sdk/src/log.c sdk/src/status.c
/* What a stolen server may push: settings, calls, values of the state, answers
 * to an upload. The first byte says which; the client below them is a stub that
 * hands the payload over and looks at what the device says to it. */
#include <stdlib.h>
#include <string.h>

#include "godwit/rpc.h"
#include "godwit/settings.h"
#include "godwit/state.h"
#include "godwit/stream.h"
#include "sdk/platform/clock.h"
#include "sdk/platform/log.h"
#include "sdk/src/client_internal.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTENT_BYTES 3000u /* of the upload */

static struct godwit_client client;
static struct godwit_request *observation, *sent;
static struct godwit_service *service;
static uint32_t sent_block1;

static void check(int condition) {
  if (!condition) abort();
}

/* The client -------------------------------------------------------------------- */

int godwit_client_request(struct godwit_client *of, struct godwit_request *request) {
  check(of == &client && request->payload_size <= GODWIT_PAYLOAD_MAX);
  if (request->observe || request->method == GODWIT_GET) {
    observation = request;
  } else {
    sent = request;
  }
  return GODWIT_OK;
}
int godwit_exchange_request_block(struct godwit_client *of, struct godwit_request *request,
                                  uint32_t token, uint32_t block1, uint32_t size1) {
  check(token == 7 && size1 <= CONTENT_BYTES + 64);
  sent_block1 = block1;
  return godwit_client_request(of, request);
}
uint32_t godwit_exchange_new_token(struct godwit_client *of) {
  (void)of;
  return 7;
}
void godwit_client_cancel(struct godwit_client *of, struct godwit_request *request) {
  (void)of;
  if (sent == request) sent = NULL;
}
bool godwit_exchange_has_request(const struct godwit_client *of,
                                 const struct godwit_request *request) {
  (void)of;
  return sent == request;
}
int godwit_client_add_service(struct godwit_client *of, struct godwit_service *added) {
  (void)of;
  service = added;
  return GODWIT_OK;
}
void godwit_client_remove_service(struct godwit_client *of, struct godwit_service *removed) {
  (void)of;
  if (service == removed) service = NULL;
}
bool godwit_client_has_service(const struct godwit_client *of, const struct godwit_service *which) {
  (void)of;
  return service == which;
}
int godwit_client_join_path(char *out, size_t size, const char *prefix, const char *path) {
  check(strlen(prefix) + strlen(path) < size);
  strcat(strcpy(out, prefix), path);
  return GODWIT_OK;
}
uint32_t godwit_client_pause_ms(unsigned refusals) { return refusals; }
bool godwit_client_is_busy_code(uint8_t code) { return code == 157 || (code >> 5) == 5; }
uint64_t godwit_client_again_ms(const struct godwit_client *of,
                                const struct godwit_response *response, uint8_t *refusals,
                                unsigned refusals_max) {
  (void)of, (void)response, (void)refusals, (void)refusals_max;
  return UINT64_MAX;
}
void godwit_client_poll(struct godwit_client *of) { check(of == NULL); }
void godwit_client_wait(struct godwit_client *of, uint32_t timeout_ms) {
  check(of == NULL && timeout_ms == 0);
}
uint64_t godwit_platform_now_ms(void) { return 0; }
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  check(level <= GODWIT_LOG_DEBUG && strlen(line) < GODWIT_LOG_LINE_MAX);
}

/* What the device says is one whole item. */
static void check_sent(void) {
  struct gw_cbor_reader reader;
  if (service != NULL && service->due_ms == 0) {
    service->due_ms = UINT64_MAX;
    service->run(&client, GODWIT_OK, service->arg);
  }
  if (sent == NULL) return;
  gw_cbor_reader_init(&reader, sent->payload, sent->payload_size);
  check(gw_cbor_skip(&reader) == GW_OK && reader.offset == sent->payload_size);
  struct godwit_request *request = sent;
  sent = NULL;
  const struct godwit_response taken = {.status = GODWIT_OK, .code = GW_COAP_CHANGED};
  request->on_response(&client, &taken, request->arg);
}

static void push(const uint8_t *data, size_t size) {
  const struct godwit_response response = {.status = GODWIT_OK,
                                           .code = GW_COAP_CONTENT,
                                           .content_format = GODWIT_FORMAT_CBOR,
                                           .payload = size > 0 ? data : NULL,
                                           .payload_size = size};
  observation->on_response(&client, &response, observation->arg);
  check_sent();
}

/* Settings ------------------------------------------------------------------------ */

static enum godwit_settings_status on_set(const struct godwit_setting_value *value, void *arg) {
  (void)arg;
  if (value->type == GODWIT_SETTING_INT) check(value->integer >= -10 && value->integer <= 10);
  if (value->type == GODWIT_SETTING_STRING) {
    size_t length = strlen(value->text);
    check(length <= GODWIT_SETTING_TEXT_MAX);
    check(gw_utf8_is_valid((const uint8_t *)value->text, length));
  }
  return value->type == GODWIT_SETTING_BOOL ? GODWIT_SETTINGS_GENERAL_ERROR
                                            : GODWIT_SETTINGS_SUCCESS;
}

static void fuzz_settings(const uint8_t *data, size_t size) {
  static const struct godwit_setting table[] = {
      {.key = "B", .type = GODWIT_SETTING_BOOL, .on_set = on_set},
      {.key = "I",
       .type = GODWIT_SETTING_INT,
       .integer_min = -10,
       .integer_max = 10,
       .on_set = on_set},
      {.key = "F", .type = GODWIT_SETTING_FLOAT, .on_set = on_set},
      {.key = "S", .type = GODWIT_SETTING_STRING, .on_set = on_set}};
  static struct godwit_settings settings;
  memset(&settings, 0, sizeof settings);
  check(godwit_settings_start(&settings, &client, table, 4) == GODWIT_OK);
  push(data, size);
  push(data, size);
  godwit_settings_stop(&settings);
}

/* Calls --------------------------------------------------------------------------- */

static unsigned runs;

static enum godwit_rpc_status echo(struct gw_cbor_reader *params, size_t param_count,
                                   struct gw_cbor_writer *detail, void *arg) {
  struct gw_cbor_item item;
  (void)arg;
  runs++;
  for (size_t i = 0; i < param_count; i++) {
    size_t at = params->offset;
    check(gw_cbor_skip(params) == GW_OK && params->offset > at);
    params->offset = at;
    if (gw_cbor_read(params, &item) == GW_OK && item.type == GW_CBOR_UINT) {
      gw_cbor_write_text(detail, "n");
      gw_cbor_write_uint(detail, item.uint);
    }
    params->offset = at;
    check(gw_cbor_skip(params) == GW_OK);
  }
  check(params->offset == params->size);
  return GODWIT_RPC_OK;
}

static void fuzz_rpc(const uint8_t *data, size_t size) {
  static const struct godwit_rpc_method table[] = {{.name = "m", .call = echo}};
  static struct godwit_rpc rpc;
  memset(&rpc, 0, sizeof rpc);
  runs = 0;
  check(godwit_rpc_start(&rpc, &client, table, 1) == GODWIT_OK);
  push(data, size);
  push(data, size);
  check(runs <= 1); /* the same call twice is run once */
  godwit_rpc_stop(&rpc);
}

/* Values of the state --------------------------------------------------------------- */

static void on_value(struct godwit_client *of, const struct godwit_response *response, void *arg) {
  bool boolean;
  int64_t integer;
  double number;
  char text[32];
  struct godwit_response json = *response;
  json.content_format = GODWIT_FORMAT_JSON;
  (void)of, (void)arg;
  const struct godwit_response *each = response;
  for (int i = 0; i < 2; i++, each = &json) {
    (void)godwit_state_payload_as_bool(each, &boolean);
    if (godwit_state_payload_as_int(each, &integer) == GODWIT_OK) {
      check(godwit_state_payload_as_double(each, &number) == GODWIT_OK);
    }
    (void)godwit_state_payload_as_double(each, &number);
    if (godwit_state_payload_as_string(each, text, sizeof text) == GODWIT_OK) {
      check(gw_utf8_is_valid((const uint8_t *)text, strlen(text)));
    }
  }
}

static void fuzz_state(const uint8_t *data, size_t size) {
  static struct godwit_state_reading reading;
  memset(&reading, 0, sizeof reading);
  check(godwit_state_observe(&client, &reading, "x", GODWIT_FORMAT_CBOR, on_value, NULL) ==
        GODWIT_OK);
  push(data, size);
}

/* Answers to an upload ---------------------------------------------------------------- */

static bool over;

static int read_content(void *arg, uint64_t offset, void *data, size_t size) {
  (void)arg;
  check(offset + size <= CONTENT_BYTES && size <= 1024);
  memset(data, 'c', size);
  return 0;
}

static void note_done(struct godwit_client *of, int status, uint8_t code, void *arg) {
  (void)of, (void)arg;
  check(!over && (code == 0) == (status != GODWIT_ERR_RESPONSE));
  over = true;
}

/* Each answer: its code, and three bytes of an option. */
static void fuzz_stream(const uint8_t *data, size_t size) {
  static struct godwit_stream_upload upload;
  static const uint8_t map[] = {0xa1, 0x61, 'k', 0x01};
  struct gw_block block;
  upload = (struct godwit_stream_upload){.path = "x",
                                         .size_bytes = CONTENT_BYTES,
                                         .read = read_content,
                                         .provenance = map,
                                         .provenance_size = sizeof map,
                                         .done = note_done};
  over = false;
  check(godwit_stream_upload(&client, &upload) == GODWIT_OK);
  while (!over && size >= 4) {
    if (sent == NULL) {
      check(service != NULL);
      service->run(&client, GODWIT_OK, service->arg);
    }
    if (over) break;
    check(sent != NULL && gw_block_decode(sent_block1, &block) == GW_OK);
    check(block.more ? sent->payload_size == gw_block_size(block)
                     : sent->payload_size <= gw_block_size(block));
    struct godwit_response response = {.code = data[0], .block1 = -1};
    response.status = response.code >> 5 == 2 ? GODWIT_OK : GODWIT_ERR_RESPONSE;
    if (response.code == 0) response.status = -(int)(data[1] % 16);
    if (response.code != 0 && data[3] != 0xFF) {
      response.block1 = data[1] | data[2] << 8 | data[3] << 16;
    }
    if (response.status == GODWIT_ERR_RESPONSE && response.code == 0) response.code = 128;
    if (response.status == GODWIT_ERR_CONNECTION) client.stats.connects++; /* the next session */
    struct godwit_request *request = sent;
    sent = NULL;
    request->on_response(&client, &response, request->arg);
    check(upload.sent_bytes <= CONTENT_BYTES);
    data += 4;
    size -= 4;
  }
  godwit_stream_upload_cancel(&client, &upload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const parts[])(const uint8_t *, size_t) = {fuzz_settings, fuzz_rpc, fuzz_state,
                                                           fuzz_stream};
  if (size == 0 || size > 1200) return 0;
  memset(&client, 0, sizeof client);
  client.state = GODWIT_CLIENT_CONNECTED;
  client.config.block_szx = 6;
  sent = observation = NULL;
  service = NULL;
  parts[data[0] % 4](data + 1, size - 1);
  return 0;
}
