/* SPDX-License-Identifier: Apache-2.0 */
/* A device that recognises words, and takes new words over the air while it
 * listens. One thread, one loop: hear what has come, give the updater a turn. */
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "examples/common/wit_model.h"
#include "examples/micro_speech/device/audio.h"
#include "examples/micro_speech/device/beside.h"
#include "examples/micro_speech/device/collector.h"
#include "examples/micro_speech/device/event.h"
#include "examples/micro_speech/device/listener.h"
#include "examples/micro_speech/device/options.h"
#include "godwit/folder.h"
#include "godwit/flash.h"
#include "godwit/hello.h"
#include "godwit/log.h"
#include "godwit/trust.h"
#include "godwit/updater.h"
#include "sdk/ports/posix/flash_file.h"

#define MODEL_FILE_BYTES (64 * 1024)
#define MODEL_ARENA_BYTES (32 * 1024)
#define AUDIO_PERIOD WIT_AUDIO_STEP_SAMPLES /* 20 ms, one row of features */
#define AUDIO_PERIOD_MS 20
#define STATS_PERIOD_S 2.0 /* of audio */

static const struct wit_model_contract contract = {
    .input_bytes = RECOGNIZER_WINDOW_BYTES,
    .labels_min = RECOGNIZER_FIRST_KEYWORD,
    .labels_max = WIT_MODEL_LABELS_MAX,
    .frontend = "micro_speech",
};

static alignas(WIT_ARENA_ALIGNMENT) uint8_t model_file[2][MODEL_FILE_BYTES];
/* Both models': they run in turns. A candidate for which there is no room beside
 * the active one takes its place. */
static alignas(WIT_ARENA_ALIGNMENT) uint8_t model_arena[MODEL_ARENA_BYTES];
static alignas(16) uint8_t client_memory[GODWIT_CLIENT_MEMORY_BYTES];

/* What is known of a swap under way; told when the new model has looked at its
 * first window, because only then it is known whether any was missed. */
struct swap {
  bool pending;
  char from[WIT_MODEL_VERSION_MAX + 1];
  char to[WIT_MODEL_VERSION_MAX + 1];
  struct listener_counts before; /* when loading began */
  double behind_ms_max;          /* since then: how late audio was heard, */
  double gap_ms_max;             /* and the longest time between two inferences */
  double switch_us;
  struct godwit_updater_event told;
};

struct device {
  struct audio *audio;
  struct listener listener;
  struct wit_model_pair models;
  struct swap swap;
  uint64_t evaluated;  /* windows so far, */
  double evaluated_us; /* and when the last one was */
  struct godwit_client *client;
  struct godwit_hello hello;
  struct collector *collector; /* NULL: captures nothing */
  char server[160];            /* host:port, to be told */
  struct godwit_folder folder;
  struct flash_file flash_file;
  struct godwit_flash flash;
  struct godwit_store store;
  struct godwit_trust trust;
  struct godwit_updater updater;
  struct beside beside; /* a candidate on the same windows */
  bool running;         /* updater_start has returned */
  uint64_t stats_due_sample;
};

static volatile sig_atomic_t stopped;
static void stop(int signal_number) {
  (void)signal_number;
  stopped = 1;
}

static _Noreturn void die(const char *what, const char *why) {
  fprintf(stderr, "micro_speech: %s: %s\n", what, why);
  exit(1);
}

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double stream_seconds(uint64_t samples) { return (double)samples / WIT_AUDIO_SAMPLE_RATE; }

/* Models: what the updater asks of the application. */

static int refuse(const struct godwit_model *candidate, const struct wit_error *error) {
  event("rejected", {"version", EVENT_TEXT(candidate->version)},
        {"reason", EVENT_TEXT(error->message)});
  return wit_model_refusal(error);
}

static uint64_t clock_us(void *arg) {
  (void)arg;
  return (uint64_t)now_us();
}
static uint64_t look_us(void) { return (uint64_t)now_us(); }
/* For the candidate to look, too. */
static bool has_time(void *arg) {
  const struct device *device = arg;
  return audio_behind_ms(device->audio) < AUDIO_PERIOD_MS;
}
/* A window is due each 20 ms: an inference must leave time for hearing. */
static const struct wit_self_test_clock test_clock = {.now_us = clock_us, .limit_us = 15000};

static int load_model(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  struct wit_error error = {0};
  device->swap.before = device->listener.counts;
  device->swap.behind_ms_max = device->swap.gap_ms_max = 0;
  if (wit_model_prepare(&device->models, candidate->slot, candidate->version, candidate->data,
                        candidate->size, &error) == WIT_OK) {
    return GODWIT_OK;
  }
  return refuse(candidate, &error);
}

/* Between two steps the active model hears on. */
static int test_model(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  struct wit_error error = {0};
  int status = wit_model_test(&device->models, candidate->slot, &test_clock, &error);
  if (status >= 0) return status; /* WIT_SELF_TEST_MORE is 1 */
  return status == WIT_ERR_NO_TEST ? GODWIT_ERR_NOT_FOUND : refuse(candidate, &error);
}

static void activate_model(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  struct swap *swap = &device->swap;
  const struct wit_model_slot *former = device->models.active;
  snprintf(swap->from, sizeof swap->from, "%s", former ? former->version : "");
  snprintf(swap->to, sizeof swap->to, "%s", model->version);
  double before = now_us();
  wit_model_activate(&device->models, model->slot);
  listener_model_changed(&device->listener);
  if (device->collector) collector_set_model(device->collector, model->version);
  swap->switch_us = now_us() - before;
}

static void discard_model(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  wit_model_discard(&device->models, model->slot);
}

/* What happens, told. */

static void tell_swap(struct device *device) {
  struct swap *swap = &device->swap;
  const struct listener_counts *counts = &device->listener.counts;
  if (!swap->pending || counts->windows_evaluated == swap->before.windows_evaluated) return;
  swap->pending = false;
  event("swap", {"from", EVENT_TEXT(swap->from)}, {"to", EVENT_TEXT(swap->to)},
        {"windows_missed", EVENT_NUMBER(counts->windows_missed - swap->before.windows_missed)},
        {"windows_behind_ms", EVENT_NUMBER(swap->behind_ms_max)},
        {"gap_ms", EVENT_NUMBER(swap->gap_ms_max)}, {"load_ms", EVENT_NUMBER(swap->told.load_ms)},
        {"switch_us", EVENT_NUMBER(swap->switch_us)},
        {"manifest_to_swap_ms", EVENT_NUMBER(swap->told.manifest_to_swap_ms)},
        {"from_store", EVENT_NUMBER(swap->told.from_store)});
}

static void tell_stored_model(const struct device *device, const char *version) {
  event("model", {"version", EVENT_TEXT(version)}, {"source", EVENT_TEXT("store")},
        {"resumable_bytes", EVENT_NUMBER(device->store.state.incoming_bytes)});
}

static void tell_comparison(const struct device *device,
                            const struct godwit_updater_event *happened) {
  const struct gw_shadow_summary *sums = &device->beside.shadow.report.summary;
  uint32_t agreement = gw_shadow_agreement(sums);
  event("shadow", {"version", EVENT_TEXT(happened->version)}, {"started", EVENT_NUMBER(0)},
        {"passed", EVENT_NUMBER(happened->status == GODWIT_OK)},
        {"windows", EVENT_NUMBER(sums->compared)}, {"heard", EVENT_NUMBER(sums->heard)},
        {"agreement", EVENT_NUMBER(agreement == UINT32_MAX ? 0 : agreement / 1000.0)},
        {"skipped", EVENT_NUMBER(sums->skipped)}, {"missed", EVENT_NUMBER(sums->missed)});
}

static void on_event(void *arg, const struct godwit_updater_event *happened) {
  struct device *device = arg;
  switch (happened->type) {
    case GODWIT_EVENT_CONNECTED:
      event("connected", {"server", EVENT_TEXT(device->server)},
            {"connection_id", EVENT_NUMBER(godwit_client_has_connection_id(device->client))});
      break;
    case GODWIT_EVENT_DISCONNECTED:
      event("disconnected", {"why", EVENT_TEXT(godwit_status_name(happened->status))});
      break;
    case GODWIT_EVENT_MANIFEST:
      event("manifest", {"version", EVENT_TEXT(happened->version)},
            {"status", EVENT_TEXT(godwit_status_name(happened->status))});
      break;
    case GODWIT_EVENT_DOWNLOAD_STARTED:
    case GODWIT_EVENT_DOWNLOAD_PROGRESS:
      event("downloading", {"version", EVENT_TEXT(happened->version)},
            {"started", EVENT_NUMBER(happened->type == GODWIT_EVENT_DOWNLOAD_STARTED)},
            {"bytes", EVENT_NUMBER(happened->bytes_done)},
            {"of", EVENT_NUMBER(happened->bytes_total)});
      break;
    case GODWIT_EVENT_DOWNLOADED:
      event("downloaded", {"version", EVENT_TEXT(happened->version)},
            {"bytes", EVENT_NUMBER(happened->bytes_total)});
      break;
    case GODWIT_EVENT_SWAPPED:
      if (!device->running) {
        tell_stored_model(device, happened->version);
        break;
      }
      device->swap.told = *happened;
      device->swap.pending = true;
      break;
    case GODWIT_EVENT_FAILED:
      event("failed", {"version", EVENT_TEXT(happened->version)},
            {"reason", EVENT_TEXT(gw_ota_reason_name(happened->reason))},
            {"detail", EVENT_TEXT(gw_ota_detail_name(happened->detail))},
            {"why", EVENT_TEXT(godwit_status_name(happened->status))},
            {"final", EVENT_NUMBER(happened->is_final)},
            {"retry_ms", EVENT_NUMBER(happened->retry_ms)});
      break;
    case GODWIT_EVENT_DEFERRED:
      event("deferred", {"version", EVENT_TEXT(happened->version)},
            {"swap", EVENT_NUMBER(happened->bytes_done == happened->bytes_total)});
      break;
    case GODWIT_EVENT_SHADOW_STARTED:
      event("shadow", {"version", EVENT_TEXT(happened->version)}, {"started", EVENT_NUMBER(1)});
      break;
    case GODWIT_EVENT_SHADOW_ENDED:
      tell_comparison(device, happened);
      break;
    case GODWIT_EVENT_CONFIRMED:
      event("confirmed", {"version", EVENT_TEXT(happened->version)});
      break;
    case GODWIT_EVENT_REVERTED:
      event("reverted", {"version", EVENT_TEXT(happened->version)},
            {"reason", EVENT_TEXT(gw_ota_reason_name(happened->reason))},
            {"detail", EVENT_TEXT(gw_ota_detail_name(happened->detail))});
      break;
    case GODWIT_EVENT_COUNT:
      break;
  }
}

/* An attempt that did not lead to a session; sessions that end are the
 * updater's "disconnected". */
static void on_state(struct godwit_client *client, enum godwit_client_state state, int status,
                     void *arg) {
  static enum godwit_client_state before = GODWIT_CLIENT_STOPPED;
  struct device *device = arg;
  (void)client;
  if (state == GODWIT_CLIENT_WAITING && before == GODWIT_CLIENT_CONNECTING) {
    event("unconnected", {"server", EVENT_TEXT(device->server)},
          {"why", EVENT_TEXT(godwit_status_name(status))});
  }
  before = state;
}

static void on_heard(void *arg, const struct listener_heard *heard) {
  struct device *device = arg;
  event_set_stream_time(stream_seconds(heard->end_sample));
  event("heard", {"label", EVENT_TEXT(heard->label)}, {"keyword", EVENT_NUMBER(heard->keyword)},
        {"score", EVENT_NUMBER(heard->score / 255.0)});
  if (device->collector) collector_heard(device->collector, heard);
}

/* The truth, where it is known: said before what was heard of it is judged. */
static void tell_played(struct device *device) {
  struct playlist_word word;
  while (audio_next_played(device->audio, &word)) {
    event("played", {"label", EVENT_TEXT(word.label)}, {"file", EVENT_TEXT(word.file)},
          {"from_s", EVENT_NUMBER(stream_seconds(word.start_sample))},
          {"to_s", EVENT_NUMBER(stream_seconds(word.end_sample))});
  }
}

static void tell_stats(struct device *device) {
  const struct listener *listener = &device->listener;
  if (listener->samples < device->stats_due_sample) return;
  device->stats_due_sample = listener->samples + (uint64_t)(STATS_PERIOD_S * WIT_AUDIO_SAMPLE_RATE);
  struct godwit_client_stats network = {0};
  if (device->client) godwit_client_stats(device->client, &network);
  struct event_field fields[6 + COLLECTOR_STATS] = {
      {"windows_due", EVENT_NUMBER(listener->counts.windows_due)},
      {"windows_evaluated", EVENT_NUMBER(listener->counts.windows_evaluated)},
      {"windows_no_model", EVENT_NUMBER(listener->counts.windows_no_model)},
      {"windows_missed", EVENT_NUMBER(listener->counts.windows_missed)},
      {"bytes_in", EVENT_NUMBER(network.bytes_in)},
      {"bytes_out", EVENT_NUMBER(network.bytes_out)},
  };
  if (device->collector) collector_stats(device->collector, fields + 6);
  event_emit("stats", fields);
}

/* How long no model has looked at anything. */
static void note_gap(struct device *device) {
  const struct listener_counts *counts = &device->listener.counts;
  double at_us = now_us();
  if (counts->windows_evaluated == device->evaluated) return;
  double gap_ms = (at_us - device->evaluated_us) / 1e3;
  if (device->evaluated > 0 && gap_ms > device->swap.gap_ms_max) device->swap.gap_ms_max = gap_ms;
  device->evaluated = counts->windows_evaluated;
  device->evaluated_us = at_us;
}

/* Hears one period, when it is there. False: nothing to hear now. */
static bool hear(struct device *device) {
  int16_t samples[AUDIO_PERIOD];
  uint64_t lost;
  double behind_ms = audio_behind_ms(device->audio);
  int count = audio_read(device->audio, samples, AUDIO_PERIOD, &lost);
  if (behind_ms > device->swap.behind_ms_max) device->swap.behind_ms_max = behind_ms;
  if (lost > 0) listener_lost(&device->listener, lost);
  if (lost > 0 && device->collector) collector_skip(device->collector, lost);
  if (count < 0) {
    event("audio_ended", {0});
    stopped = 1;
  }
  if (count <= 0) return false;
  if (device->collector) collector_push(device->collector, samples, (size_t)count);
  listener_push(&device->listener, samples, (size_t)count, on_heard, device);
  note_gap(device);
  event_set_stream_time(stream_seconds(device->listener.samples));
  tell_played(device);
  tell_swap(device);
  tell_stats(device);
  return true;
}

/* Putting it together. */

static void open_audio(struct device *device, const struct options *options) {
  char why[256] = "";
  if (options->mic) {
    device->audio = audio_open_mic(options->mic_device, why, sizeof why);
  } else if (options->wav) {
    device->audio = audio_open_wav(options->wav, options->speed, options->loop, why, sizeof why);
  } else {
    struct playlist *playlist = playlist_open(
        &(struct playlist_config){
            .clips = options->clips, .file = options->playlist, .seed = options->seed},
        why, sizeof why);
    if (playlist) device->audio = audio_open_playlist(playlist, options->speed);
  }
  if (!device->audio) die("no audio", why);
}

static struct godwit_medium *open_folder(struct device *device, const char *path) {
  godwit_folder_init(&device->folder, path);
  return &device->folder.medium;
}

static struct godwit_medium *open_flash(struct device *device, const char *path) {
  if (flash_file_open(&device->flash_file, path, MODEL_FILE_BYTES) < 0) {
    die("--flash", "no flash of this size, or a file that cannot be made and written");
  }
  const struct godwit_flash_config config = flash_file_config(&device->flash_file);
  godwit_flash_init(&device->flash, &config);
  return &device->flash.medium;
}

static void open_store(struct device *device, const struct options *options) {
  const char *path = options->flash ? options->flash : options->store;
  struct godwit_store_config config = {
      .medium = options->flash ? open_flash(device, path) : open_folder(device, path),
      .package = "model",
      .journal_every_bytes = 4096}; /* a file's wear is nobody's concern */
  int status = godwit_store_init(&device->store, &config);
  if (status == GODWIT_OK) return;
  fprintf(stderr, "micro_speech: --%s %s: %s; it has to be a %s that can be written\n",
          options->flash ? "flash" : "store", path, godwit_status_name(status),
          options->flash ? "file" : "folder");
  exit(1);
}

static void must(int status, const char *what) {
  if (status != GODWIT_OK) die(what, godwit_status_name(status));
}

static void open_network(struct device *device, const struct options *options) {
  if (options->offline) return;
  snprintf(device->server, sizeof device->server, "%s:%u", options->host, options->port);
  must(godwit_client_init(&device->client,
                          &(struct godwit_client_config){
                              .host = options->host,
                              .port = options->port,
                              .psk_identity = options->psk_id,
                              .psk = options->psk,
                              .psk_size = strlen(options->psk),
                              .memory = client_memory,
                              .memory_size = sizeof client_memory,
                              .keepalive_ms = options->keepalive_ms,
                              .response_timeout_ms = options->timeout_ms,
                              .on_state = on_state,
                              .arg = device,
                          }),
       "--host, --psk-id or --psk");
}

/* What this device is, for the server to know which models it can run. */
static void say_hello(struct device *device, const char *board) {
  uint16_t codes[GW_HELLO_OPS_MAX];
  if (!device->client) return;
  struct gw_hello_words words = {
      .board = board,
      .runtime = "wit/" WIT_VERSION,
      .op_code = codes,
      .op_code_count = wit_model_op_codes(codes, GW_HELLO_OPS_MAX),
      .arena_bytes = MODEL_ARENA_BYTES,
      .slot_bytes = MODEL_FILE_BYTES,
  };
  must(godwit_hello_start(&device->hello, device->client, &words), "hello");
}

/* Its keys are given at the command line here; a device has them built in. */
static void open_trust(struct device *device, const struct options *options) {
  if (options->key_count == 0 || !device->client) return;
  must(godwit_trust_init(&device->trust, &device->store,
                         &(struct godwit_trust_config){.key = options->key,
                                                       .key_count = options->key_count,
                                                       .require_signature = true,
                                                       .client = device->client}),
       "--require-signed");
}

static void open_updater(struct device *device, const struct options *options) {
  bool signed_only = options->key_count > 0;
  wit_model_init(&device->models, &contract, model_arena, model_arena, MODEL_ARENA_BYTES);
  open_store(device, options);
  open_trust(device, options);
  beside_init(&device->beside, &(struct beside_config){.client = device->client,
                                                       .updater = &device->updater,
                                                       .models = &device->models,
                                                       .listener = &device->listener,
                                                       .now_us = look_us,
                                                       .has_time = has_time,
                                                       .arg = device});
  must(godwit_updater_init(
           &device->updater,
           &(struct godwit_updater_config){
               .client = device->client,
               .store = &device->store,
               .slot = {{model_file[0], MODEL_FILE_BYTES}, {model_file[1], MODEL_FILE_BYTES}},
               .ops = {.load = load_model,
                       .test = test_model,
                       .activate = activate_model,
                       .discard = discard_model,
                       .arg = device},
               .on_event = on_event,
               .event_arg = device,
               .patch = &godwit_updater_patch,
               .trust_ops = signed_only ? &godwit_trust_p256 : NULL,
               .trust = &device->trust,
               .window_blocks = options->window,
               .shadow = &godwit_shadow_side_by_side,
               .shadow_arg = &device->beside.shadow,
           }),
       "updater");
}

static void open_collector(struct device *device, const struct options *options) {
  const char *why = "";
  if (!options->capture) return;
  device->collector =
      collector_open(&(struct collector_config){.client = device->client,
                                                .audio = device->audio,
                                                .volume = options->store,
                                                .slots = options->capture_slots,
                                                .clip_names = options->capture_clip_names},
                     &why);
  if (!device->collector) die("--capture", why);
  listener_watch_windows(&device->listener, collector_window, device->collector);
}

static void start(struct device *device) {
  int status = godwit_updater_start(&device->updater);
  if (status == GODWIT_ERR_NOT_FOUND) {
    tell_stored_model(device, "");
  } else if (status != GODWIT_OK) {
    die("cannot start", godwit_status_name(status));
  }
  device->running = true;
}

static void wait(const struct device *device) {
  uint32_t until_audio = (uint32_t)audio_wait_ms(device->audio, AUDIO_PERIOD);
  uint32_t until_updater = godwit_updater_next_timeout_ms(&device->updater);
  uint32_t timeout = until_audio < until_updater ? until_audio : until_updater;
  if (device->client) {
    godwit_client_wait(device->client, timeout);
  } else {
    nanosleep(&(struct timespec){.tv_nsec = (long)timeout * 1000000}, NULL);
  }
}

int main(int argc, char **argv) {
  static struct device device;
  struct options options;
  options_parse(&options, argc, argv);
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  event_set_json(options.json);
  godwit_log_set_level(options.verbose ? GODWIT_LOG_DEBUG : GODWIT_LOG_ERROR);

  open_audio(&device, &options);
  listener_init(&device.listener, &device.models);
  open_network(&device, &options);
  open_updater(&device, &options);
  open_collector(&device, &options);
  say_hello(&device, "micro_speech");
  start(&device);
  while (!stopped) {
    bool more = hear(&device);
    godwit_updater_poll(&device.updater);
    if (device.collector) collector_poll(device.collector);
    if (!more) wait(&device);
  }
  collector_close(device.collector);
  godwit_updater_deinit(&device.updater);
  if (device.client) godwit_client_deinit(device.client);
  audio_close(device.audio);
  return 0;
}
