/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/examples/listening_device.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "godwit/folder.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define PERIOD_SAMPLES WIT_AUDIO_STEP_SAMPLES
#define SLOT_BYTES (64 * 1024)
#define ARENA_BYTES (32 * 1024)

struct listening_device listening;

static struct {
  _Alignas(16) uint8_t client_memory[GODWIT_CLIENT_MEMORY_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t file[2][SLOT_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[2][ARENA_BYTES];
  struct wit_model_pair models;
  struct beside beside;
  struct godwit_client *client;
  struct godwit_folder folder;
  struct godwit_store store;
} device;

static struct {
  struct wit_audio_frontend frontend;
  struct recognizer recognizer;
  int8_t window[RECOGNIZER_WINDOW_BYTES];
} reference;

static unsigned looks; /* in this period */
static uint64_t last_sample;
static double looked_us;

/* The stream ------------------------------------------------------------------- */

/* A sample is its number: a tone that comes and goes, and noise. */
static int16_t sample_of(uint64_t number) {
  uint32_t hash = (uint32_t)(number * 2654435761u);
  int32_t noise = (int32_t)(hash >> 22) - 512;
  int32_t loud = (int32_t)(number / 4000 % 8);
  int32_t tone = (int32_t)(number * (200 + 37 * (number / 16000 % 20)) % 16000) - 8000;
  return (int16_t)(noise + tone * loud / 8);
}

static uint64_t clock_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void on_window(void *context, const struct listener_window *window) {
  (void)context;
  double now_us = (double)clock_us();
  assert_memory_equal(window->window, reference.window, sizeof reference.window);
  looks++;
  listening.looked_windows++;
  if (last_sample > 0 && listening.sample - last_sample > listening.longest_gap) {
    listening.longest_gap = listening.sample - last_sample;
  }
  if (looked_us > 0 && now_us - looked_us > listening.longest_us) {
    listening.longest_us = now_us - looked_us;
  }
  last_sample = listening.sample;
  looked_us = now_us;
}

static bool reference_is_due(const int16_t *samples) {
  bool due = false;
  for (size_t done = 0, consumed; done < PERIOD_SAMPLES; done += consumed) {
    int8_t row[WIT_AUDIO_CHANNELS];
    bool is_row = wit_audio_frontend_push(&reference.frontend, samples + done,
                                          PERIOD_SAMPLES - done, &consumed, row);
    if (!is_row || !recognizer_push_row(&reference.recognizer, row)) continue;
    assert_false(due);
    due = true;
    recognizer_window(&reference.recognizer, reference.window);
  }
  return due;
}

static void on_word(void *context, const struct listener_heard *heard) {
  (void)context;
  (void)heard;
}

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
  if (status >= 0) return status;
  return status == WIT_ERR_NO_TEST ? GODWIT_ERR_NOT_FOUND : wit_model_refusal(&error);
}

static void activate(void *arg, const struct godwit_model *model) {
  (void)arg;
  wit_model_activate(&device.models, model->slot);
  listener_model_changed(&listening.listener);
}

static void discard(void *arg, const struct godwit_model *model) {
  (void)arg;
  wit_model_discard(&device.models, model->slot);
}

static void on_event(void *arg, const struct godwit_updater_event *event) {
  (void)arg;
  if (event->type == GODWIT_EVENT_SWAPPED) {
    listening.swaps++;
    listening.from_store += event->from_store;
  }
  if (event->type == GODWIT_EVENT_SHADOW_ENDED) {
    listening.compared++;
    listening.comparison = device.beside.shadow.report;
  }
  if (event->type == GODWIT_EVENT_FAILED && event->is_final) {
    listening.failures++;
    listening.failure_detail = event->detail;
  }
}

static bool has_time(void *arg) {
  (void)arg;
  return !listening.is_late;
}

void listening_begin(void) {
  static const struct wit_model_contract contract = {.input_bytes = RECOGNIZER_WINDOW_BYTES,
                                                     .labels_min = RECOGNIZER_FIRST_KEYWORD,
                                                     .labels_max = WIT_MODEL_LABELS_MAX};
  memset(&listening, 0, sizeof listening);
  memset(&device, 0, sizeof device);
  memset(&reference, 0, sizeof reference);
  last_sample = 0;
  looked_us = 0;
  wit_audio_frontend_init(&reference.frontend);
  recognizer_init(&reference.recognizer, NULL);
  wit_model_init(&device.models, &contract, device.arena[0], device.arena[1], ARENA_BYTES);
  listener_init(&listening.listener, &device.models);
  listener_watch_windows(&listening.listener, on_window, NULL);
  godwit_folder_init(&device.folder, WORLD_VOLUME);
  assert_int_equal(godwit_client_init(&device.client,
                                      &(struct godwit_client_config){
                                          .host = WORLD_HOST,
                                          .psk_identity = WORLD_IDENTITY,
                                          .psk = WORLD_PSK,
                                          .psk_size = strlen(WORLD_PSK),
                                          .memory = device.client_memory,
                                          .memory_size = sizeof device.client_memory,
                                      }),
                   GODWIT_OK);
  assert_int_equal(godwit_store_init(&device.store,
                                     &(struct godwit_store_config){.medium = &device.folder.medium,
                                                                   .package = "model"}),
                   GODWIT_OK);
  beside_init(&device.beside, &(struct beside_config){.client = device.client,
                                                      .updater = &listening.updater,
                                                      .models = &device.models,
                                                      .listener = &listening.listener,
                                                      .now_us = clock_us,
                                                      .has_time = has_time});
  assert_int_equal(
      godwit_updater_init(&listening.updater,
                          &(struct godwit_updater_config){
                              .client = device.client,
                              .store = &device.store,
                              .slot = {{device.file[0], SLOT_BYTES}, {device.file[1], SLOT_BYTES}},
                              .ops = {load, test, activate, discard, NULL},
                              .on_event = on_event,
                              .shadow = &godwit_shadow_side_by_side,
                              .shadow_arg = &device.beside.shadow,
                              .confirm_after_ms = 100,
                          }),
      GODWIT_OK);
  assert_int_equal(godwit_updater_start(&listening.updater), GODWIT_ERR_NOT_FOUND);
}

/* Releases ----------------------------------------------------------------------- */

static const char *version_of(unsigned n) {
  static char version[4][GW_VERSION_MAX + 1];
  static unsigned next;
  char *text = version[next++ % 4];
  snprintf(text, GW_VERSION_MAX + 1, "1.%u.0", n);
  return text;
}

/* Bytes behind a model's end make another file of it. */
void listening_publish(unsigned n, uint32_t shadow_windows) {
  static uint8_t bytes[SLOT_BYTES];
  char name[32];
  size_t size;
  uint8_t *model =
      test_read_file(n % 2 ? MODELS "yes_no_stop_go.tflite" : MODELS "yes_no.tflite", &size);
  memcpy(bytes, model, size);
  memset(bytes + size, (int)n, 16);
  free(model);
  snprintf(name, sizeof name, "model@%s", version_of(n));
  world_server_add(name, bytes, size + 16);
  const struct gw_description description = {.policy = {.shadow_windows = shadow_windows}};
  uint8_t encoded[GW_DESCRIPTION_SIZE_MAX];
  int length = gw_description_encode(&description, encoded, sizeof encoded);
  char path[48];
  snprintf(path, sizeof path, GW_DESCRIPTION_PATH "%s", name);
  world_server_put(path, GW_COAP_FORMAT_CBOR, encoded, (size_t)length);
}

/* Of this thread: a busy machine does not count. */
static double busy_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void tell_turn(double began_us, bool looked) {
  if (listening.on_turn != NULL) listening.on_turn(busy_us() - began_us, looked);
}

static void hear_period(void) {
  int16_t samples[PERIOD_SAMPLES];
  for (size_t i = 0; i < PERIOD_SAMPLES; i++) samples[i] = sample_of(listening.sample++);
  bool due = reference_is_due(samples) && device.models.active != NULL;
  listening.due_windows += due;
  looks = 0;
  double began_us = busy_us();
  listener_push(&listening.listener, samples, PERIOD_SAMPLES, on_word, NULL);
  tell_turn(began_us, looks > 0);
  assert_int_equal(looks, due);
}

void listening_run_period(void) {
  uint64_t until_ms = world_now_ms() + LISTENING_PERIOD_MS;
  while (world_now_ms() < until_ms) {
    double began_us = busy_us();
    godwit_updater_poll(&listening.updater);
    tell_turn(began_us, false);
    world_step(until_ms, godwit_updater_next_timeout_ms(&listening.updater));
  }
  hear_period();
}

void listening_release(unsigned n) {
  world_server.report_count = world_server.post_count = 0;
  world_server_release(version_of(n), NULL, 0);
}

void listening_update_to(unsigned n) {
  const char *version = version_of(n);
  unsigned before = listening.swaps;
  listening_release(n);
  for (unsigned period = 0; listening.swaps == before; period++) {
    if (period > 60 * 1000 / LISTENING_PERIOD_MS) fail_msg("%s is not there in a minute", version);
    listening_run_period();
  }
  assert_string_equal(godwit_updater_version(&listening.updater), version);
}
