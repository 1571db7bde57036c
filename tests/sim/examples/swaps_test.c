/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand model updates of a device that listens: the real listener, runtime,
 * updater, client and DTLS; clock, network and medium by seed. The stream is
 * numbered sample by sample, and a second front end that knows nothing of
 * updates hears it, too: each window that it finds due must have been looked at
 * by a model, at that sample, and be the same byte for byte. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "examples/micro_speech/device/beside.h"
#include "godwit/folder.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#if defined(__SANITIZE_ADDRESS__)
#define SWAPS 100
#else
#define SWAPS 1000
#endif
#define PERIOD_SAMPLES WIT_AUDIO_STEP_SAMPLES
#define PERIOD_MS 20u
#define SLOT_BYTES (64 * 1024)
#define ARENA_BYTES (32 * 1024)
#define VERSIONS 6u
#define SHADOW_WINDOWS 40u

static struct {
  _Alignas(16) uint8_t client_memory[GODWIT_CLIENT_MEMORY_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t file[2][SLOT_BYTES];
  _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[2][ARENA_BYTES];
  struct wit_model_pair models;
  struct listener listener;
  struct beside beside;
  struct godwit_client *client;
  struct godwit_folder folder;
  struct godwit_store store;
  struct godwit_updater updater;
} device;

static struct {
  struct wit_audio_frontend frontend;
  struct recognizer recognizer;
  int8_t window[RECOGNIZER_WINDOW_BYTES];
  uint64_t windows; /* due since there is a model */
} reference;

static struct {
  uint64_t sample;              /* number of the next one */
  uint64_t heard_windows;       /* that a model looked at */
  uint64_t last_sample;         /* at the last of them */
  uint64_t longest_gap;         /* in samples */
  unsigned looks;               /* in this period */
  double looked_us, longest_us; /* of this machine's clock */
  unsigned swaps, from_store, compared, failures;
} seen;

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
  seen.looks++;
  seen.heard_windows++;
  if (seen.last_sample > 0 && seen.sample - seen.last_sample > seen.longest_gap) {
    seen.longest_gap = seen.sample - seen.last_sample;
  }
  if (seen.looked_us > 0 && now_us - seen.looked_us > seen.longest_us) {
    seen.longest_us = now_us - seen.looked_us;
  }
  seen.last_sample = seen.sample;
  seen.looked_us = now_us;
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

static void hear_period(void) {
  int16_t samples[PERIOD_SAMPLES];
  for (size_t i = 0; i < PERIOD_SAMPLES; i++) samples[i] = sample_of(seen.sample++);
  bool due = reference_is_due(samples) && device.models.active != NULL;
  reference.windows += due;
  seen.looks = 0;
  listener_push(&device.listener, samples, PERIOD_SAMPLES, on_word, NULL);
  assert_int_equal(seen.looks, due);
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
  listener_model_changed(&device.listener);
}

static void discard(void *arg, const struct godwit_model *model) {
  (void)arg;
  wit_model_discard(&device.models, model->slot);
}

static void on_event(void *arg, const struct godwit_updater_event *event) {
  (void)arg;
  if (event->type == GODWIT_EVENT_SWAPPED) {
    seen.swaps++;
    seen.from_store += event->from_store;
  }
  seen.compared += event->type == GODWIT_EVENT_SHADOW_ENDED;
  seen.failures += event->type == GODWIT_EVENT_FAILED && event->is_final;
}

static bool has_time(void *arg) {
  (void)arg;
  return true;
}

static void open_device(void) {
  static const struct wit_model_contract contract = {.input_bytes = RECOGNIZER_WINDOW_BYTES,
                                                     .labels_min = RECOGNIZER_FIRST_KEYWORD,
                                                     .labels_max = WIT_MODEL_LABELS_MAX};
  wit_model_init(&device.models, &contract, device.arena[0], device.arena[1], ARENA_BYTES);
  listener_init(&device.listener, &device.models);
  listener_watch_windows(&device.listener, on_window, NULL);
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
                                                      .updater = &device.updater,
                                                      .models = &device.models,
                                                      .listener = &device.listener,
                                                      .now_us = clock_us,
                                                      .has_time = has_time});
  assert_int_equal(
      godwit_updater_init(&device.updater,
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
  assert_int_equal(godwit_updater_start(&device.updater), GODWIT_ERR_NOT_FOUND);
}

/* Releases ----------------------------------------------------------------------- */

static const char *version_of(unsigned n) {
  static char version[4][GW_VERSION_MAX + 1];
  static unsigned next;
  char *text = version[next++ % 4];
  snprintf(text, GW_VERSION_MAX + 1, "1.%u.0", n);
  return text;
}

/* Both example models in turns; bytes behind a model's end make another file of
 * it. Some ask to be compared first. */
static void publish(unsigned n) {
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
  struct gw_description description = {0};
  if (n % 3 == 0) description.policy.shadow_windows = SHADOW_WINDOWS;
  uint8_t encoded[GW_DESCRIPTION_SIZE_MAX];
  int length = gw_description_encode(&description, encoded, sizeof encoded);
  char path[48];
  snprintf(path, sizeof path, GW_DESCRIPTION_PATH "%s", name);
  world_server_put(path, GW_COAP_FORMAT_CBOR, encoded, (size_t)length);
}

static void run_period(void) {
  uint64_t until_ms = world_now_ms() + PERIOD_MS;
  while (world_now_ms() < until_ms) {
    godwit_updater_poll(&device.updater);
    world_step(until_ms, godwit_updater_next_timeout_ms(&device.updater));
  }
  hear_period();
}

static void update_to(unsigned n) {
  const char *version = version_of(n);
  unsigned before = seen.swaps;
  world_server.report_count = world_server.post_count = 0;
  world_server_release(version, NULL, 0);
  for (unsigned period = 0; seen.swaps == before; period++) {
    if (period > 60 * 1000 / PERIOD_MS) fail_msg("%s is not there in a minute", version);
    run_period();
  }
  assert_string_equal(godwit_updater_version(&device.updater), version);
  for (unsigned period = test_random() % 10; period > 0; period--) run_period();
}

TEST(a_thousand_updates_miss_no_window_of_a_numbered_stream) {
  world_reset(test_random() * 2654435761u);
  world_network.loss_percent = 1;
  wit_audio_frontend_init(&reference.frontend);
  recognizer_init(&reference.recognizer, NULL);
  for (unsigned n = 0; n < VERSIONS; n++) publish(n);
  open_device();
  unsigned at = 0, before = 1;
  for (int i = 0; i < SWAPS; i++) {
    unsigned next = (at + 1 + test_random() % (VERSIONS - 1)) % VERSIONS;
    if (i % 5 == 4) next = before; /* back to the one before: it is still in the store */
    before = at;
    update_to(next);
    at = next;
  }
  const struct listener_counts *counts = &device.listener.counts;
  assert_int_equal(counts->windows_missed, 0);
  assert_int_equal(counts->windows_evaluated, reference.windows);
  assert_int_equal(counts->windows_evaluated + counts->windows_no_model, counts->windows_due);
  assert_int_equal(device.listener.samples, seen.sample);
  assert_int_equal(seen.swaps, SWAPS);
  assert_int_equal(seen.failures, 0);
  assert_true(seen.from_store > SWAPS / 10 && seen.from_store < SWAPS / 2);
  assert_true(seen.compared > SWAPS / 10);
  assert_int_equal(seen.longest_gap, recognizer_default_config.hop_rows * PERIOD_SAMPLES);
  printf(
      "%u swaps (%u downloads, %u from the store, %u after running beside): %llu windows, "
      "0 missed; longest gap between two inferences %llu ms of the stream, %.1f ms of this "
      "machine's time\n",
      seen.swaps, seen.swaps - seen.from_store, seen.from_store, seen.compared,
      (unsigned long long)seen.heard_windows,
      (unsigned long long)(seen.longest_gap * 1000 / WIT_AUDIO_SAMPLE_RATE),
      seen.longest_us / 1000);
}
