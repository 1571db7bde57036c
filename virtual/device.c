/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/device.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "examples/common/wit_model.h"
#include "examples/micro_speech/device/beside.h"
#include "godwit/folder.h"
#include "godwit/hello.h"
#include "godwit/log.h"
#include "godwit/updater.h"
#include "virtual/speech.h"

#define RETRY_MIN_MS 5000u /* nobody's battery or SIM card: it tries again soon */
#define RETRY_MAX_MS 60000u
#define BACKOFF_MAX_MS 10000u

static alignas(WIT_ARENA_ALIGNMENT) uint8_t model_file[2][VIRT_SLOT_BYTES];
static alignas(WIT_ARENA_ALIGNMENT) uint8_t model_arena[2][VIRT_ARENA_BYTES];
static alignas(16) uint8_t client_memory[GODWIT_CLIENT_MEMORY_BYTES];
static uint8_t log_buffer[2048];

static const struct wit_model_contract contract = {
    .input_bytes = RECOGNIZER_WINDOW_BYTES,
    .labels_min = RECOGNIZER_FIRST_KEYWORD,
    .labels_max = WIT_MODEL_LABELS_MAX,
    .frontend = "micro_speech",
};

/* A swap is told when the new model has looked at its first window: only then
 * it is known whether any was missed. */
struct swap {
  bool pending;
  char from[WIT_MODEL_VERSION_MAX + 1], to[WIT_MODEL_VERSION_MAX + 1];
  struct listener_counts before;
  uint32_t load_ms;
};

struct device {
  struct wit_model_pair models;
  struct virt_speech speech;
  struct swap swap;
  struct godwit_client *client;
  struct godwit_folder folder;
  struct godwit_store store;
  struct godwit_updater updater;
  struct beside beside; /* a candidate on the same windows */
  struct godwit_hello hello;
  struct godwit_remote_log remote_log;
  bool running; /* updater_start has returned */
};

static int fail(const char *what, const char *why) {
  fprintf(stderr, "virtual device: %s: %s\n", what, why);
  return 1;
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* For the candidate to look, too: the next period is not there yet. */
static bool has_time(void *arg) {
  const struct device *device = arg;
  return virt_hearing_wait_ms(&device->speech.hearing) > 0;
}

/* --- models: what the updater asks of the application ---------------------------- */

static int refuse(const struct godwit_model *candidate, const struct wit_error *error) {
  godwit_log(GODWIT_LOG_ERROR, "model: %s@%s is refused: %s", candidate->package,
             candidate->version, error->message);
  return wit_model_refusal(error);
}

static int load_model(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  struct wit_error error = {0};
  device->swap.before = device->speech.hearing.listener.counts;
  if (wit_model_prepare(&device->models, candidate->slot, candidate->version, candidate->data,
                        candidate->size, &error) == WIT_OK) {
    return GODWIT_OK;
  }
  return refuse(candidate, &error);
}

/* Without a clock: how fast a server's machine is says nothing of a device. */
static int test_model(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  struct wit_error error = {0};
  int status = wit_model_test(&device->models, candidate->slot, NULL, &error);
  if (status >= 0) return status; /* WIT_SELF_TEST_MORE is 1 */
  return status == WIT_ERR_NO_TEST ? GODWIT_ERR_NOT_FOUND : refuse(candidate, &error);
}

static void activate_model(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  const struct wit_model_slot *former = device->models.active;
  snprintf(device->swap.from, sizeof device->swap.from, "%s", former ? former->version : "");
  snprintf(device->swap.to, sizeof device->swap.to, "%s", model->version);
  wit_model_activate(&device->models, model->slot);
  virt_speech_model_changed(&device->speech, device->running);
}

static void discard_model(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  wit_model_discard(&device->models, model->slot);
}

static void on_event(void *arg, const struct godwit_updater_event *happened) {
  struct device *device = arg;
  switch (happened->type) {
    case GODWIT_EVENT_CONNECTED:
      virt_speech_connected(&device->speech);
      break;
    case GODWIT_EVENT_SWAPPED:
      if (!device->running) {
        godwit_log(GODWIT_LOG_INFO, "model: " VIRT_PACKAGE "@%s is in the store, and at work",
                   happened->version);
        break;
      }
      device->swap.load_ms = happened->load_ms;
      device->swap.pending = true;
      break;
    case GODWIT_EVENT_FAILED:
      godwit_log(GODWIT_LOG_WARN, "model: " VIRT_PACKAGE "@%s: %s (%s)%s", happened->version,
                 happened->detail != GW_DETAIL_NONE ? gw_ota_detail_name(happened->detail)
                                                    : gw_ota_reason_name(happened->reason),
                 godwit_status_name(happened->status),
                 happened->is_final ? "" : ", will be tried again");
      break;
    case GODWIT_EVENT_REVERTED:
      godwit_log(GODWIT_LOG_WARN, "model: " VIRT_PACKAGE "@%s is back at work (%s)",
                 happened->version, gw_ota_detail_name(happened->detail));
      break;
    default:
      break;
  }
}

static void tell_swap(struct device *device) {
  struct swap *swap = &device->swap;
  const struct listener_counts *counts = &device->speech.hearing.listener.counts;
  if (!swap->pending || counts->windows_evaluated == swap->before.windows_evaluated) return;
  swap->pending = false;
  godwit_log(GODWIT_LOG_INFO,
             "model: " VIRT_PACKAGE
             "@%s is at work in place of %s, loaded in %u ms, "
             "%u windows missed",
             swap->to, swap->from[0] != 0 ? swap->from : "none", (unsigned)swap->load_ms,
             (unsigned)(counts->windows_missed - swap->before.windows_missed));
}

/* --- putting it together ------------------------------------------------------------ */

static int open_client(struct device *device, struct virt_options *options) {
  int status = godwit_client_init(&device->client, &(struct godwit_client_config){
                                                       .host = options->host,
                                                       .port = options->port,
                                                       .psk_identity = options->identity,
                                                       .psk = options->key,
                                                       .psk_size = options->key_size,
                                                       .memory = client_memory,
                                                       .memory_size = sizeof client_memory,
                                                       .backoff_max_ms = BACKOFF_MAX_MS,
                                                   });
  explicit_bzero(options->key, sizeof options->key);
  if (status != GODWIT_OK) return fail("--host, --identity or the key", godwit_status_name(status));
  device->remote_log =
      (struct godwit_remote_log){.buffer = log_buffer, .buffer_size = sizeof log_buffer};
  status = godwit_log_to_server(device->client, &device->remote_log, GODWIT_LOG_INFO);
  return status == GODWIT_OK ? 0 : fail("log", godwit_status_name(status));
}

static int open_updater(struct device *device, const struct virt_options *options) {
  if (mkdir(options->store, 0700) != 0 && errno != EEXIST) {
    return fail(options->store, strerror(errno));
  }
  godwit_folder_init(&device->folder, options->store);
  int status = godwit_store_init(
      &device->store,
      &(struct godwit_store_config){.medium = &device->folder.medium, .package = VIRT_PACKAGE});
  if (status != GODWIT_OK) return fail(options->store, godwit_status_name(status));
  wit_model_init(&device->models, &contract, model_arena[0], model_arena[1], VIRT_ARENA_BYTES);
  status = godwit_updater_init(
      &device->updater, &(struct godwit_updater_config){.client = device->client,
                                                        .store = &device->store,
                                                        .slot = {{model_file[0], VIRT_SLOT_BYTES},
                                                                 {model_file[1], VIRT_SLOT_BYTES}},
                                                        .ops = {.load = load_model,
                                                                .test = test_model,
                                                                .activate = activate_model,
                                                                .discard = discard_model,
                                                                .arg = device},
                                                        .on_event = on_event,
                                                        .event_arg = device,
                                                        .patch = &godwit_updater_patch,
                                                        .shadow = &godwit_shadow_side_by_side,
                                                        .shadow_arg = &device->beside.shadow,
                                                        .retry_min_ms = RETRY_MIN_MS,
                                                        .retry_max_ms = RETRY_MAX_MS});
  return status == GODWIT_OK ? 0 : fail("updater", godwit_status_name(status));
}

static int say_hello(struct device *device) {
  char board[GW_HELLO_TEXT_MAX + 1];
  uint16_t codes[GW_HELLO_OPS_MAX];
  struct utsname machine;
  struct gw_hello_words words = {.board = board,
                                 .runtime = "wit/" WIT_VERSION,
                                 .op_code = codes,
                                 .arena_bytes = VIRT_ARENA_BYTES,
                                 .slot_bytes = VIRT_SLOT_BYTES};
  bool known = uname(&machine) == 0;
  snprintf(board, sizeof board, "virtual device%s%.32s", known ? ", " : "",
           known ? machine.machine : "");
  words.op_code_count = wit_model_op_codes(codes, GW_HELLO_OPS_MAX);
  int status = godwit_hello_start(&device->hello, device->client, &words);
  return status == GODWIT_OK ? 0 : fail("hello", godwit_status_name(status));
}

static int start(struct device *device, struct virt_options *options,
                 const volatile sig_atomic_t *stopped) {
  int failed = open_client(device, options);
  if (failed == 0) failed = open_updater(device, options);
  if (failed == 0) failed = say_hello(device);
  if (failed != 0) return failed;
  int status =
      virt_speech_start(&device->speech, &device->models, device->client, options->seed, stopped);
  if (status < 0) return fail("calls and settings", godwit_status_name(status));
  beside_init(&device->beside, &(struct beside_config){.client = device->client,
                                                       .updater = &device->updater,
                                                       .models = &device->models,
                                                       .listener = &device->speech.hearing.listener,
                                                       .now_us = now_us,
                                                       .has_time = has_time,
                                                       .arg = device});
  status = godwit_updater_start(&device->updater);
  if (status != GODWIT_OK && status != GODWIT_ERR_NOT_FOUND) {
    return fail("cannot start with what is stored", godwit_status_name(status));
  }
  device->running = true;
  return 0;
}

static void wait(struct device *device) {
  uint32_t until_audio = virt_hearing_wait_ms(&device->speech.hearing);
  uint32_t until_updater = godwit_updater_next_timeout_ms(&device->updater);
  godwit_client_wait(device->client, until_audio < until_updater ? until_audio : until_updater);
}

int virt_device_run(struct virt_options *options, const volatile sig_atomic_t *stopped) {
  static struct device device;
  int failed = start(&device, options, stopped);
  if (failed != 0) return failed;
  while (!*stopped) {
    bool more = virt_speech_step(&device.speech, now_ms());
    tell_swap(&device);
    godwit_updater_poll(&device.updater);
    if (!more) wait(&device);
  }
  virt_speech_stop(&device.speech);
  godwit_updater_deinit(&device.updater);
  godwit_client_deinit(device.client);
  return 0;
}
