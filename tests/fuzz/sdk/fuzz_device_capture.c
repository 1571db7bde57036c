/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: sdk/src/capture.c sdk/src/capture_quota.c sdk/src/journal.c sdk/src/log.c
// fuzz-link: sdk/src/status.c sdk/src/store_name.c wire build/deps/mbedtls/library/sha256.c
/* Whatever comes in whatever order (audio, scores, settings, calls, lost audio,
 * a bad medium, uploads that fail, restarts): nothing is sent without consent or
 * beyond the quota, and each clip that is sent is one stretch of the stream. The
 * first bytes are the quota's file, the rest what happens. */
#include <stdlib.h>
#include <string.h>

#include "godwit/capture.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/storage.h"
#include "sdk/src/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void mbedtls_platform_zeroize(void *buffer, size_t size);

#define RATE 1000
#define RING 700
#define SLOTS 2
#define SLOT 600
#define HOUR_MS 3600000u

static void check(int condition) {
  if (!condition) abort();
}

/* The platform. */
static uint64_t now_ms;
static uint8_t file[2 * GODWIT_CAPTURE_RECORD];
static size_t file_size;
static bool file_exists, medium_fails;

uint64_t godwit_platform_now_ms(void) { return now_ms; }
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  (void)level;
  (void)line;
}
void mbedtls_platform_zeroize(void *buffer, size_t size) { memset(buffer, 0, size); }
int godwit_platform_storage_mount(const char *volume) {
  (void)volume;
  return medium_fails ? GODWIT_ERR_IO : GODWIT_OK;
}
int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume;
  (void)name;
  if (medium_fails) return GODWIT_ERR_IO;
  if (!file_exists) return GODWIT_ERR_NOT_FOUND;
  if (offset >= file_size) return 0;
  if (size > file_size - offset) size = file_size - offset;
  memcpy(data, file + offset, size);
  return (int)size;
}
int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume;
  (void)name;
  if (medium_fails) return GODWIT_ERR_IO;
  check(offset <= file_size && offset + size <= sizeof file);
  memcpy(file + offset, data, size);
  file_exists = true;
  if (offset + size > file_size) file_size = offset + size;
  return GODWIT_OK;
}
int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume;
  (void)name;
  return medium_fails ? GODWIT_ERR_IO : GODWIT_OK;
}

/* The network. */
static struct godwit_capture capture;
static struct godwit_stream_upload *upload;
static enum godwit_client_state state;
static uint32_t counted; /* of today's quota when an upload last began */
static struct godwit_client *const client = (struct godwit_client *)&now_ms;

enum godwit_client_state godwit_client_state(const struct godwit_client *which) {
  (void)which;
  return state;
}
int godwit_stream_upload(struct godwit_client *which, struct godwit_stream_upload *what) {
  (void)which;
  check(upload == NULL && capture.enabled);
  check(capture.quota.used > 0 && capture.quota.used <= capture.config.per_day);
  check(!medium_fails);
  counted = capture.quota.used;
  check(what->provenance_size <= GODWIT_PROVENANCE_MAX);
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, what->provenance, what->provenance_size);
  check(gw_cbor_skip(&reader) == GW_OK && reader.offset == reader.size);
  upload = what;
  return GODWIT_OK;
}
void godwit_stream_upload_cancel(struct godwit_client *which, struct godwit_stream_upload *what) {
  (void)which;
  check(what == upload);
  upload = NULL;
}

/* Sample i of the stream is i: a clip that was cut or mixed up shows. */
static void check_wav(void) {
  static uint8_t wav[44 + 2 * SLOT];
  check(upload->size_bytes <= sizeof wav);
  check(upload->read(upload->arg, 0, wav, (size_t)upload->size_bytes) == 0);
  for (size_t i = 46; i < upload->size_bytes; i += 2) {
    uint16_t before = (uint16_t)(wav[i - 2] | wav[i - 1] << 8);
    uint16_t sample = (uint16_t)(wav[i] | wav[i + 1] << 8);
    check(sample == (uint16_t)(before + 1));
  }
}

/* What happens. */
static int16_t ring[RING], samples[SLOTS][SLOT];
static struct godwit_capture_slot slots[SLOTS];
static struct godwit_setting settings[GODWIT_CAPTURE_SETTINGS];
static uint16_t stream;

static void start(uint8_t search) {
  for (size_t i = 0; i < SLOTS; i++) slots[i] = (struct godwit_capture_slot){.samples = samples[i]};
  upload = NULL;
  check(godwit_capture_init(&capture, &(struct godwit_capture_config){.client = client,
                                                                      .sample_rate_hz = RATE,
                                                                      .ring = ring,
                                                                      .ring_samples = RING,
                                                                      .slots = slots,
                                                                      .slot_count = SLOTS,
                                                                      .slot_samples = SLOT,
                                                                      .clip_ms = 400,
                                                                      .search_ms = search,
                                                                      .settle_ms = 100,
                                                                      .per_day = 5,
                                                                      .volume = "v"}) == 0);
  godwit_capture_settings(&capture, settings);
  check(capture.quota.used >= counted); /* a restart gives nothing back */
}

static void hear(size_t count) {
  int16_t part[256];
  for (size_t i = 0; i < count; i++) part[i] = (int16_t)stream++;
  godwit_capture_push(&capture, part, count);
  now_ms += count;
}

static void set(uint8_t which, uint8_t value) {
  const struct godwit_setting *setting = &settings[which % GODWIT_CAPTURE_SETTINGS];
  int64_t number = value;
  if (number > setting->integer_max) number = setting->integer_max;
  (void)setting->on_set(
      &(struct godwit_setting_value){.boolean = value % 4 != 0, .integer = number}, setting->arg);
}

static void call(const uint8_t *data, size_t size) {
  uint8_t bytes[GODWIT_RPC_DETAIL_MAX];
  struct godwit_rpc_method method;
  struct gw_cbor_reader params;
  struct gw_cbor_writer detail;
  gw_cbor_reader_init(&params, data, size);
  gw_cbor_writer_init(&detail, bytes, sizeof bytes);
  godwit_capture_rpc_method(&capture, &method);
  enum godwit_rpc_status status = method.call(&params, size > 0, &detail, method.arg);
  check(status != GODWIT_RPC_OK || capture.enabled);
  check(gw_cbor_writer_finish(&detail) >= 0);
}

static void score(uint8_t value, uint8_t ago, bool detected) {
  const char *const labels[] = {"yes", "", "\xc3", "no"};
  struct godwit_capture_word word = {.label = labels[ago % 4],
                                     .score = value,
                                     .ago_ms = (uint32_t)ago * 4,
                                     .input = ring,
                                     .input_size = ago};
  if (detected) {
    godwit_capture_detection(&capture, &word);
  } else {
    godwit_capture_score(&capture, &word);
  }
}

static void end_upload(uint8_t how) {
  if (upload == NULL) return;
  check_wav();
  struct godwit_stream_upload *ended = upload;
  upload = NULL;
  ended->done(client, how % 2 == 0 ? GODWIT_OK : GODWIT_ERR_RESPONSE, 0x9d, ended->arg);
}

static void pass_hours(uint8_t hours) {
  enum godwit_client_state before = state;
  state = GODWIT_CLIENT_WAITING; /* so that nothing is sent meanwhile */
  now_ms += (uint64_t)hours * HOUR_MS;
  godwit_capture_poll(&capture);
  if (capture.quota.used == 0) counted = 0; /* another day */
  state = before;
}

static void happen(uint8_t what, uint8_t value, uint8_t more) {
  switch (what % 12) {
    case 0:
    case 1:
    case 2:
      hear(value);
      break;
    case 3:
      score(value, more, false);
      break;
    case 4:
      score(value, more, true);
      break;
    case 5:
      set(value, more);
      break;
    case 6:
      call((const uint8_t[]){value, more}, what / 12 % 3);
      break;
    case 7:
      godwit_capture_skip(&capture, value);
      stream = (uint16_t)(stream + value);
      break;
    case 8:
      medium_fails = value % 4 == 0;
      state = more % 4 == 0 ? GODWIT_CLIENT_WAITING : GODWIT_CLIENT_CONNECTED;
      break;
    case 9:
      end_upload(value);
      break;
    case 10:
      pass_hours(value % 32);
      break;
    case 11:
      if (value % 8 == 0) start(more); /* a restart: the file has the count */
      break;
    default:
      break;
  }
  godwit_capture_poll(&capture);
}

/* So that a fuzzer gets past the checksums. */
static void take_file(const uint8_t *data, size_t size) {
  memcpy(file, data, size);
  file_size = size;
  file_exists = size > 0;
  for (size_t at = 0; at + GODWIT_CAPTURE_RECORD <= size; at += GODWIT_CAPTURE_RECORD) {
    if (file[at] != 'G') continue;
    memcpy(file + at, "GWQ1", 4);
    uint32_t crc = godwit_crc32(file + at, 16);
    for (unsigned i = 0; i < 4; i++) file[at + 16 + i] = (uint8_t)(crc >> (8 * i));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  size_t taken = data[0] % (sizeof file + 1);
  if (taken > size - 1) taken = size - 1;
  now_ms = 1000;
  counted = 0;
  stream = 0;
  medium_fails = false;
  state = GODWIT_CLIENT_CONNECTED;
  take_file(data + 1, taken);
  start(0);
  for (size_t at = 1 + taken; at + 3 <= size; at += 3) {
    happen(data[at], data[at + 1], data[at + 2]);
    check(capture.counts.sent <= capture.counts.taken);
  }
  godwit_capture_deinit(&capture);
  check(upload == NULL);
  for (size_t i = 0; i < RING; i++) check(ring[i] == 0);
  return 0;
}
