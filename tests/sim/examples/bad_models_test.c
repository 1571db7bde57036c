/* SPDX-License-Identifier: Apache-2.0 */
/* Planted bad models against a device with the real runtime, self-test and
 * signatures: each must end with the old model at work, and the right reason
 * and detail at the server. Prints how long that took, from the release to the
 * old model being alone again: in the world's time, which has the network in it,
 * and in this machine's, which has the work. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "examples/common/wit_model.h"
#include "examples/micro_speech/device/recognizer.h"
#include "godwit/folder.h"
#include "godwit/trust.h"
#include "godwit/updater.h"
#include "mbedtls/sha256.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/bad_models.h"
#include "tests/support/signer.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define SLOT_BYTES (32u * 1024u)
#define ARENA_BYTES (32u * 1024u)
#define MINUTE_MS 60000u

static struct {
  _Alignas(16) uint8_t client_memory[GODWIT_CLIENT_MEMORY_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t file[2][SLOT_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[2][ARENA_BYTES];
  struct wit_model_pair models;
  struct godwit_client *client;
  struct godwit_folder folder;
  struct godwit_store store;
  struct godwit_trust trust;
  struct godwit_updater updater;
  bool failed;
  uint64_t failed_ms;
} device;

static struct signer publisher, stranger;
static uint8_t *good;
static size_t good_size;

/* The device --------------------------------------------------------------------- */

static int load(void *arg, const struct godwit_model *model) {
  struct wit_error error = {0};
  (void)arg;
  int status = wit_model_prepare(&device.models, model->slot, model->version, model->data,
                                 model->size, &error);
  return status == WIT_OK ? GODWIT_OK : wit_model_refusal(&error);
}

static int test(void *arg, const struct godwit_model *model) {
  struct wit_error error = {0};
  (void)arg;
  int status = wit_model_test(&device.models, model->slot, NULL, &error);
  return status >= 0 ? status : wit_model_refusal(&error);
}

static void activate(void *arg, const struct godwit_model *model) {
  (void)arg;
  wit_model_activate(&device.models, model->slot);
}

static void discard(void *arg, const struct godwit_model *model) {
  (void)arg;
  wit_model_discard(&device.models, model->slot);
}

static void on_event(void *arg, const struct godwit_updater_event *event) {
  (void)arg;
  if (event->type != GODWIT_EVENT_FAILED) return;
  device.failed = true;
  device.failed_ms = world_now_ms();
}

static void open_device(bool in_place) {
  static const struct wit_model_contract contract = {.input_bytes = RECOGNIZER_WINDOW_BYTES,
                                                     .labels_min = RECOGNIZER_FIRST_KEYWORD,
                                                     .labels_max = WIT_MODEL_LABELS_MAX};
  static const struct godwit_client_config network = {
      .host = WORLD_HOST,
      .psk_identity = WORLD_IDENTITY,
      .psk = WORLD_PSK,
      .psk_size = sizeof WORLD_PSK - 1,
      .memory = device.client_memory,
      .memory_size = sizeof device.client_memory,
  };
  memset(&device, 0, sizeof device);
  wit_model_init(&device.models, &contract, device.arena[0], device.arena[in_place ? 0 : 1],
                 ARENA_BYTES);
  godwit_folder_init(&device.folder, WORLD_VOLUME);
  assert_int_equal(godwit_client_init(&device.client, &network), GODWIT_OK);
  const struct godwit_store_config models = {.medium = &device.folder.medium, .package = "model"};
  assert_int_equal(godwit_store_init(&device.store, &models), GODWIT_OK);
  const struct godwit_trust_config trust = {.key = (const uint8_t(*)[GW_KEY_SIZE]) & publisher.key,
                                            .key_count = 1,
                                            .require_signature = true,
                                            .client = device.client};
  assert_int_equal(godwit_trust_init(&device.trust, &device.store, &trust), GODWIT_OK);
  struct godwit_updater_config config = {
      .client = device.client,
      .store = &device.store,
      .slot = {{device.file[0], SLOT_BYTES}, {device.file[1], SLOT_BYTES}},
      .ops = {load, test, activate, discard, NULL},
      .on_event = on_event,
      .trust_ops = &godwit_trust_p256,
      .trust = &device.trust,
      .require_test = true,
  };
  if (in_place) config.slot[1] = (struct godwit_model_slot){0};
  assert_int_equal(godwit_updater_init(&device.updater, &config), GODWIT_OK);
  assert_int_equal(godwit_updater_start(&device.updater), GODWIT_ERR_NOT_FOUND);
}

static void run_until(bool (*condition)(void)) {
  uint64_t end_ms = world_now_ms() + MINUTE_MS;
  while (!condition()) {
    if (world_now_ms() >= end_ms) fail_msg("not within a minute:\n%s", world_server_reports(0));
    godwit_updater_poll(&device.updater);
    world_step(end_ms, godwit_updater_next_timeout_ms(&device.updater));
  }
}

static bool runs_good(void) {
  return strcmp(godwit_updater_version(&device.updater), "2.0.0") == 0 &&
         device.store.state.active.confirmed;
}

static bool has_failed(void) {
  return device.failed && godwit_ota_reports_pending(device.client) == 0;
}

/* Releases ----------------------------------------------------------------------- */

static void publish(const char *version, const uint8_t *data, size_t size,
                    const struct signer *signer, uint32_t sequence, uint32_t floor) {
  uint8_t message[GW_SIGN1_SIZE_MAX], bytes[GW_DESCRIPTION_SIZE_MAX];
  char name[40], path[60];
  struct gw_component component = {.package = "model", .size_bytes = (uint32_t)size};
  snprintf(name, sizeof name, "model@%s", version);
  snprintf(path, sizeof path, GW_DESCRIPTION_PATH "%s", name);
  snprintf(component.version, sizeof component.version, "%s", version);
  assert_int_equal(mbedtls_sha256(data, size, component.digest, 0), 0);
  world_server_add(name, data, size);
  const struct gw_statement statement = statement_of(&component, sequence, floor);
  struct gw_description description = {.signature = message};
  if (signer != NULL) {
    description.signature_size = signer_sign_statement(signer, &statement, message);
  }
  int length = gw_description_encode(&description, bytes, sizeof bytes);
  assert_true(length > 0);
  world_server_put(path, GW_COAP_FORMAT_CBOR, bytes, (size_t)length);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct planted {
  const char *name;
  int kind; /* enum bad_model, or -1: the good one */
  bool unsigned_, by_stranger, too_old, tampered;
  uint8_t reason, detail;
};

static const struct planted planted[] = {
    {"flipped weights", BAD_MODEL_FLIPPED_WEIGHTS, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_TEST_OUTPUT},
    {"swapped labels", BAD_MODEL_SWAPPED_LABELS, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_TEST_OUTPUT},
    {"wrong scale", BAD_MODEL_WRONG_SCALE, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_TEST_OUTPUT},
    {"wrong shape", BAD_MODEL_WRONG_SHAPE, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_INTERFACE_WRONG},
    {"truncated", BAD_MODEL_TRUNCATED, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_MODEL_INVALID},
    {"bigger than the slot", BAD_MODEL_TOO_BIG, .reason = GW_OTA_OUT_OF_RAM,
     .detail = GW_DETAIL_TOO_LARGE},
    {"op that is not here", BAD_MODEL_UNKNOWN_OP, .reason = GW_OTA_UNSUPPORTED_PACKAGE_TYPE,
     .detail = GW_DETAIL_OP_UNSUPPORTED},
    {"no self-test", BAD_MODEL_NO_TEST, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_TEST_MISSING},
    {"self-test that lies", BAD_MODEL_BROKEN_TEST, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_MODEL_INVALID},
    {"more arena than stated", BAD_MODEL_ARENA, .reason = GW_OTA_OUT_OF_RAM,
     .detail = GW_DETAIL_ARENA_TOO_SMALL},
    {"unsigned", -1, .unsigned_ = true, .reason = GW_OTA_INTEGRITY_CHECK_FAILED,
     .detail = GW_DETAIL_SIGNATURE_MISSING},
    {"signed by another key", -1, .by_stranger = true, .reason = GW_OTA_INTEGRITY_CHECK_FAILED,
     .detail = GW_DETAIL_KEY_UNKNOWN},
    {"older than allowed", -1, .too_old = true, .reason = GW_OTA_UPDATE_FAILED,
     .detail = GW_DETAIL_TOO_OLD},
    {"other bytes than promised", -1, .tampered = true, .reason = GW_OTA_INTEGRITY_CHECK_FAILED,
     .detail = GW_DETAIL_DIGEST_WRONG},
};

static void plant(const struct planted *plan) {
  size_t size = good_size;
  size_t amount = plan->kind == BAD_MODEL_TOO_BIG ? SLOT_BYTES : 0;
  uint8_t *bad = plan->kind >= 0 ? bad_model_make((enum bad_model)plan->kind, good, good_size,
                                                  amount, test_random(), &size)
                                 : memcpy(malloc(good_size + 8), good, good_size);
  if (plan->kind < 0) { /* another file of the same model */
    memset(bad + size, 7, 8);
    size += 8;
  }
  publish("9.9.9", bad, size,
          plan->unsigned_     ? NULL
          : plan->by_stranger ? &stranger
                              : &publisher,
          plan->too_old ? 4 : 6, 0);
  world_server_release("9.9.9", NULL, 0); /* with the digest that was signed */
  if (plan->tampered) {
    bad[size / 2] ^= 1;
    world_server_add("model@9.9.9", bad, size);
  }
  free(bad);
}

static void assert_good_is_at_work(const struct planted *plan) {
  int8_t input[RECOGNIZER_WINDOW_BYTES] = {0}, scores[WIT_MODEL_LABELS_MAX];
  const struct gw_report *report = &world_server.report[world_server.report_count - 1];
  if (strcmp(godwit_updater_version(&device.updater), "2.0.0") != 0 ||
      report->reason != plan->reason || report->detail != plan->detail) {
    fail_msg("%s: runs %s, reported %s %s", plan->name, godwit_updater_version(&device.updater),
             gw_ota_reason_name(report->reason), gw_ota_detail_name(report->detail));
  }
  assert_string_equal(report->version, "2.0.0");
  assert_string_equal(report->target, "9.9.9");
  assert_string_equal(device.models.active->version, "2.0.0");
  assert_true(wit_model_run(&device.models, input, scores));
  assert_string_equal(device.store.state.active.version, "2.0.0");
}

static void begin(bool in_place) {
  world_reset(test_random());
  open_device(in_place);
  publish("2.0.0", good, good_size, &publisher, 5, 5);
  world_server_release("2.0.0", NULL, 0);
  run_until(runs_good);
  world_server.report_count = 0;
}

static void plant_all(bool in_place) {
  printf("%-27s %-28s %-19s %9s %9s\n", in_place ? "planted, one slot" : "planted, two slots",
         "reason", "detail", "world ms", "real ms");
  good = test_read_file(MODELS "yes_no.tflite", &good_size);
  signer_make(&publisher, 1);
  signer_make(&stranger, 2);
  for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
    begin(in_place);
    plant(&planted[i]);
    double began = now_ms();
    uint64_t released_ms = world_now_ms();
    device.failed = false;
    run_until(has_failed);
    assert_good_is_at_work(&planted[i]);
    printf("%-27s %-28s %-19s %9llu %9.1f\n", planted[i].name,
           gw_ota_reason_name(planted[i].reason), gw_ota_detail_name(planted[i].detail),
           (unsigned long long)(device.failed_ms - released_ms), now_ms() - began);
    godwit_updater_deinit(&device.updater);
    godwit_client_deinit(device.client);
  }
  free(good);
}

TEST(planted_bad_models_leave_the_old_one_at_work_beside_them) { plant_all(false); }
TEST(planted_bad_models_leave_the_old_one_at_work_in_place) { plant_all(true); }
