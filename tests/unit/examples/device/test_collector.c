/* SPDX-License-Identifier: Apache-2.0 */
/* The collector against a server that is far away: link, clock, medium and
 * events are the test's. */
#include "examples/micro_speech/device/collector.h"

#include <stdalign.h>

#include "godwit/capture.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/storage.h"
#include "tests/unit/examples/device/clips.h"
#include "tests/unit/examples/device/models.h"

#define PERIOD 320
#define LOUD 5000
#define ROUND_TRIP_MS 300u /* a block each */
#define INFERENCE_MS 4u
#define BLOCK_MS 2u /* to read and encrypt one */
#define SYNC_MS 80u /* a slow card */

/* Time, medium, network ------------------------------------------------------- */

static uint64_t now_ms = 1000;
uint64_t godwit_platform_now_ms(void) { return now_ms; }
static uint64_t audio_clock(void) { return now_ms * 1000000u; }
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  (void)level;
  (void)line;
}

int godwit_platform_storage_mount(const char *volume) {
  (void)volume;
  return GODWIT_OK;
}
int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume;
  (void)name;
  (void)offset;
  (void)data;
  (void)size;
  return GODWIT_ERR_NOT_FOUND;
}
int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  (void)volume;
  (void)name;
  return GODWIT_ERR_NOT_FOUND;
}
int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume;
  (void)name;
  (void)offset;
  (void)data;
  (void)size;
  return GODWIT_OK;
}
int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume;
  (void)name;
  now_ms += SYNC_MS;
  return GODWIT_OK;
}

static struct godwit_client *const client = (struct godwit_client *)&now_ms; /* never looked into */
enum godwit_client_state godwit_client_state(const struct godwit_client *which) {
  (void)which;
  return GODWIT_CLIENT_CONNECTED;
}

static struct godwit_stream_upload *upload;
static uint64_t upload_offset, block_due_ms;
static uint8_t sent_wav[44 + 2 * 16000];
static uint8_t sent_provenance[GODWIT_PROVENANCE_MAX];
static size_t sent_provenance_size;

int godwit_stream_upload(struct godwit_client *which, struct godwit_stream_upload *what) {
  (void)which;
  upload = what;
  upload_offset = 0;
  block_due_ms = now_ms + ROUND_TRIP_MS;
  sent_provenance_size = what->provenance_size;
  memcpy(sent_provenance, what->provenance, what->provenance_size);
  return GODWIT_OK;
}
void godwit_stream_upload_cancel(struct godwit_client *which, struct godwit_stream_upload *what) {
  (void)which;
  assert_ptr_equal(what, upload);
  upload = NULL;
}

/* One turn of the client: a block, when its answer is due. */
static void poll_client(void) {
  if (!upload || now_ms < block_due_ms) return;
  size_t size = (size_t)(upload->size_bytes - upload_offset);
  if (size > 1024) size = 1024;
  assert_int_equal(upload->read(upload->arg, upload_offset, sent_wav + upload_offset, size), 0);
  now_ms += BLOCK_MS;
  upload_offset += size;
  block_due_ms = now_ms + ROUND_TRIP_MS;
  if (upload_offset < upload->size_bytes) return;
  struct godwit_stream_upload *done = upload;
  upload = NULL;
  done->done(client, GODWIT_OK, 0x44, done->arg);
}

static const struct godwit_setting *settings;
int godwit_settings_start(struct godwit_settings *object, struct godwit_client *which,
                          const struct godwit_setting *table, size_t count) {
  (void)which;
  object->version = 1;
  settings = table;
  assert_int_equal(count, GODWIT_CAPTURE_SETTINGS);
  return GODWIT_OK;
}
void godwit_settings_stop(struct godwit_settings *object) { (void)object; }
static const struct godwit_rpc_method *methods;
int godwit_rpc_start(struct godwit_rpc *rpc, struct godwit_client *which,
                     const struct godwit_rpc_method *table, size_t count) {
  (void)rpc;
  (void)which;
  methods = table;
  assert_int_equal(count, 1);
  return GODWIT_OK;
}
void godwit_rpc_stop(struct godwit_rpc *rpc) { (void)rpc; }

static void set(const char *key, int64_t value) {
  for (size_t i = 0; i < GODWIT_CAPTURE_SETTINGS; i++) {
    if (strcmp(settings[i].key, key) != 0) continue;
    settings[i].on_set(&(struct godwit_setting_value){.boolean = value != 0, .integer = value},
                       settings[i].arg);
    return;
  }
  fail_msg("no setting %s", key);
}

/* Events, in place of event.c's --------------------------------------------------- */

static struct told {
  char name[24], clip[PLAYLIST_FILE_MAX + 1], sha256[65], key[32];
  double from_s, to_s, share, clips;
} told[256];
static size_t told_count;

static const struct event_value *field(const struct event_field *fields, const char *name) {
  static const struct event_value none = {.text = ""};
  for (; fields->name; fields++) {
    if (strcmp(fields->name, name) == 0) return &fields->value;
  }
  return &none;
}

void event_emit(const char *name, const struct event_field *fields) {
  assert_true(told_count < 256);
  struct told *one = &told[told_count++];
  snprintf(one->name, sizeof one->name, "%s", name);
  snprintf(one->clip, sizeof one->clip, "%s", field(fields, "clip")->text);
  snprintf(one->sha256, sizeof one->sha256, "%s", field(fields, "sha256")->text);
  snprintf(one->key, sizeof one->key, "%s", field(fields, "name")->text);
  one->from_s = field(fields, "from_s")->number;
  one->to_s = field(fields, "to_s")->number;
  one->share = field(fields, "clip_share")->number;
  one->clips = field(fields, "clips")->number;
}

static const struct told *last(const char *name) {
  for (size_t i = told_count; i-- > 0;) {
    if (strcmp(told[i].name, name) == 0) return &told[i];
  }
  fail_msg("no event %s", name);
  return NULL;
}

/* The device ------------------------------------------------------------------------ */

static alignas(16) uint8_t arena[2][8192];
static struct wit_model_pair pair;
static struct listener listener;
static uint8_t *model;
static struct audio *audio;
static struct collector *collector;

static void on_heard(void *context, const struct listener_heard *heard) {
  (void)context;
  collector_heard(collector, heard);
}

static void open_device(size_t slots, bool clip_names) {
  static const struct wit_model_contract contract = {1960, 2, WIT_MODEL_LABELS_MAX, NULL};
  static const struct decided_model says_yes = {1960, 4, {"silence", "unknown", "yes", "no"}, 2};
  const char *why = "";
  char error[256];
  struct wit_error wit_error;
  size_t size;
  wit_model_init(&pair, &contract, arena[0], arena[1], sizeof arena[0]);
  listener_init(&listener, &pair);
  model = make_decided_model(&says_yes, &size);
  assert_int_equal(wit_model_prepare(&pair, 0, "1.0.0", model, size, &wit_error), WIT_OK);
  wit_model_activate(&pair, 0);
  listener_model_changed(&listener);

  write_clip(test_temporary_folder(), "yes", "anna_nohash_0.wav", 16000, LOUD);
  audio_clock_ns = audio_clock;
  struct playlist *playlist = playlist_open(
      &(struct playlist_config){.clips = test_temporary_folder(), .seed = 1}, error, sizeof error);
  assert_non_null(playlist);
  audio = audio_open_playlist(playlist, 1);

  collector = collector_open(&(struct collector_config){.client = client,
                                                        .audio = audio,
                                                        .volume = "sd",
                                                        .slots = slots,
                                                        .clip_names = clip_names},
                             &why);
  assert_non_null(collector);
  listener_watch_windows(&listener, collector_window, collector);
  collector_set_model(collector, "1.0.0");
  set("CAPTURE_ENABLED", 1);
}

static void close_device(void) {
  collector_close(collector);
  audio_close(audio);
  free(model);
}

/* As main.c's loop, but for the time that each step takes. */
static void run(uint64_t ms) {
  uint64_t end_ms = now_ms + ms;
  while (now_ms < end_ms) {
    int16_t samples[PERIOD];
    uint64_t lost, windows = listener.counts.windows_evaluated;
    int count = audio_read(audio, samples, PERIOD, &lost);
    if (lost > 0) {
      listener_lost(&listener, lost);
      collector_skip(collector, lost);
    }
    if (count > 0) {
      collector_push(collector, samples, (size_t)count);
      listener_push(&listener, samples, (size_t)count, on_heard, NULL);
    }
    now_ms += INFERENCE_MS * (listener.counts.windows_evaluated - windows);
    poll_client();
    collector_poll(collector);
    if (count <= 0) now_ms += 1;
  }
}

TEST(no_window_is_missed_while_captures_go_up_over_a_slow_link) {
  open_device(3, false);
  set("CAPTURE_PER_DAY", 1000);
  set("CAPTURE_BAND_HIGH", 255);
  run(120000);
  struct event_field stats[COLLECTOR_STATS];
  collector_stats(collector, stats);
  assert_int_equal(listener.counts.windows_missed, 0);
  assert_true(listener.counts.windows_evaluated > 120 * 24);
  assert_true(field(stats, "captures_sent")->number >= 10);   /* ten seconds each */
  assert_true(field(stats, "captures_dropped")->number >= 1); /* and more come than go */
  assert_int_equal(field(stats, "captures_lost")->number, 0);
  close_device();
}

TEST(the_event_names_the_clip_that_played_and_what_the_server_gets) {
  open_device(3, false);
  while (pair.active && listener.samples < 16000) run(100);
  struct playlist_word word;
  while (!audio_next_played(audio, &word)) run(20);
  assert_int_equal(methods[0].call(NULL, 0, &(struct gw_cbor_writer){0}, methods[0].arg),
                   GODWIT_RPC_OK);
  run(1000);
  const struct told *capture = last("capture");
  assert_string_equal(capture->clip, "yes/anna_nohash_0.wav");
  assert_int_equal(capture->clips, 1);
  assert_true(capture->share > 0.9);
  assert_true(capture->to_s - capture->from_s == 1.0);
  run(40000);
  const struct told *captured = last("captured");
  assert_int_equal(strlen(captured->sha256), 64);
  for (size_t i = 0; i + 3 < sent_provenance_size; i++) {
    assert_memory_not_equal(sent_provenance + i, "anna", 4);
  }
  assert_memory_equal(sent_wav, "RIFF", 4);
  close_device();
}

TEST(the_server_is_told_the_clip_only_where_that_was_asked_for) {
  open_device(3, true);
  struct playlist_word word;
  while (!audio_next_played(audio, &word)) run(20);
  assert_int_equal(methods[0].call(NULL, 0, &(struct gw_cbor_writer){0}, methods[0].arg),
                   GODWIT_RPC_OK);
  run(15000);
  bool found = false;
  for (size_t i = 0; i + 4 < sent_provenance_size; i++) {
    found |= memcmp(sent_provenance + i,
                    "\x64"
                    "clip",
                    5) == 0;
  }
  assert_true(found);
  close_device();
}

TEST(a_capture_of_a_pause_names_no_clip) {
  struct gw_cbor_reader half_a_second;
  gw_cbor_reader_init(&half_a_second, "\xf9\x38\x00", 3);
  open_device(3, false);
  run(700); /* the stream begins with a pause of at least 900 ms */
  assert_int_equal(methods[0].call(&half_a_second, 1, &(struct gw_cbor_writer){0}, methods[0].arg),
                   GODWIT_RPC_OK);
  run(300);
  assert_int_equal(last("capture")->clips, 0);
  assert_string_equal(last("capture")->clip, "");
  close_device();
}

TEST(a_setting_that_changes_is_an_event) {
  open_device(1, false);
  assert_string_equal(last("setting")->key, "CAPTURE_ENABLED");
  set("CAPTURE_ONE_IN", 5);
  assert_string_equal(last("setting")->key, "CAPTURE_ONE_IN");
  close_device();
}
