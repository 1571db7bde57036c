/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/capture.h"

#include "mbedtls/sha256.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/storage.h"
#include "tests/support/test.h"

/* A second of audio is 1,000 samples here; sample i of the stream is i. */
#define RATE 1000
#define STEP 20
#define RING 2000
#define SLOTS 3
#define SLOT 2000
#define HOUR_MS (3600ull * 1000)

/* The platform --------------------------------------------------------------- */

static uint64_t now_ms;
uint64_t godwit_platform_now_ms(void) { return now_ms; }
void godwit_platform_log(enum godwit_log_level level, const char *line) {
  (void)level;
  (void)line;
}

static struct {
  uint8_t data[64];
  size_t size;
  bool exists;
  int status;     /* that every call returns, when negative */
  size_t torn_at; /* a write stops there; SIZE_MAX: never */
  unsigned writes, syncs;
} file = {.torn_at = SIZE_MAX};

int godwit_platform_storage_mount(const char *volume) {
  assert_string_equal(volume, "sd");
  return file.status;
}
int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  (void)volume;
  (void)name;
  return file.exists ? (int64_t)file.size : GODWIT_ERR_NOT_FOUND;
}
int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume;
  assert_string_equal(name, GODWIT_CAPTURE_QUOTA_FILE);
  if (file.status < 0) return file.status;
  if (!file.exists) return GODWIT_ERR_NOT_FOUND;
  if (offset >= file.size) return 0;
  if (size > file.size - offset) size = file.size - offset;
  memcpy(data, file.data + offset, size);
  return (int)size;
}
int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume;
  (void)name;
  if (file.status < 0) return file.status;
  assert_true(offset <= file.size && offset + size <= sizeof file.data);
  file.exists = true;
  file.writes++;
  bool torn = size > file.torn_at;
  if (torn) memset(file.data + offset + file.torn_at, 0xEE, size - file.torn_at);
  memcpy(file.data + offset, data, torn ? file.torn_at : size);
  if (offset + size > file.size) file.size = offset + size;
  return torn ? GODWIT_ERR_IO : GODWIT_OK;
}
int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume;
  (void)name;
  file.syncs++;
  return file.status;
}

/* The client, and an upload that does what the test says --------------------- */

static struct godwit_client *const client = (struct godwit_client *)&now_ms; /* never looked into */
static enum godwit_client_state client_state = GODWIT_CLIENT_CONNECTED;
static struct godwit_stream_upload *upload;
static unsigned uploads, cancels;
static int upload_status;
static unsigned syncs_at_upload;

enum godwit_client_state godwit_client_state(const struct godwit_client *which) {
  assert_ptr_equal(which, client);
  return client_state;
}
int godwit_stream_upload(struct godwit_client *which, struct godwit_stream_upload *what) {
  assert_ptr_equal(which, client);
  assert_null(upload); /* one at a time */
  if (upload_status < 0) return upload_status;
  upload = what;
  uploads++;
  syncs_at_upload = file.syncs;
  return GODWIT_OK;
}
void godwit_stream_upload_cancel(struct godwit_client *which, struct godwit_stream_upload *what) {
  assert_ptr_equal(which, client);
  assert_ptr_equal(what, upload);
  upload = NULL;
  cancels++;
}

static void finish_upload(int status, uint8_t code) {
  struct godwit_stream_upload *finished = upload;
  assert_non_null(finished);
  upload = NULL;
  finished->done(client, status, code, finished->arg);
}

/* The device ----------------------------------------------------------------- */

static struct godwit_capture capture;
static int16_t ring[RING];
static int16_t samples[SLOTS][SLOT];
static struct godwit_capture_slot slots[SLOTS];
static struct godwit_setting settings[GODWIT_CAPTURE_SETTINGS];
static struct godwit_capture_event events[64];
static struct godwit_capture_clip clips[64];
static size_t event_count;
static int16_t stream; /* value of the next sample */

static void on_event(void *arg, const struct godwit_capture_event *event) {
  assert_ptr_equal(arg, &capture);
  assert_true(event_count < 64);
  events[event_count] = *event;
  if (event->clip) clips[event_count] = *event->clip;
  event_count++;
}

static struct godwit_capture_config config(void) {
  for (size_t i = 0; i < SLOTS; i++) slots[i] = (struct godwit_capture_slot){.samples = samples[i]};
  return (struct godwit_capture_config){
      .client = client,
      .sample_rate_hz = RATE,
      .ring = ring,
      .ring_samples = RING,
      .slots = slots,
      .slot_count = SLOTS,
      .slot_samples = SLOT,
      .search_ms = UINT32_MAX, /* what is heard is a ramp: its energy is at its end */
      .on_event = on_event,
      .arg = &capture,
  };
}

static void init(const struct godwit_capture_config *with) {
  assert_int_equal(godwit_capture_init(&capture, with), GODWIT_OK);
  godwit_capture_settings(&capture, settings);
  stream = 0;
  event_count = 0;
}

/* As the settings object does with a value that came. */
static void set(const char *key, int64_t value) {
  for (size_t i = 0; i < GODWIT_CAPTURE_SETTINGS; i++) {
    if (strcmp(settings[i].key, key) != 0) continue;
    struct godwit_setting_value given = {
        .type = settings[i].type, .boolean = value != 0, .integer = value};
    assert_int_equal(settings[i].on_set(&given, settings[i].arg), GODWIT_SETTINGS_SUCCESS);
    return;
  }
  fail_msg("no setting %s", key);
}

static void start(void) {
  struct godwit_capture_config with = config();
  init(&with);
  set("CAPTURE_ENABLED", 1);
  event_count = 0;
}

static void hear_step(void) {
  int16_t step[STEP];
  for (int i = 0; i < STEP; i++) step[i] = stream++;
  godwit_capture_push(&capture, step, STEP);
  now_ms += STEP;
}

static void hear(unsigned ms) {
  for (unsigned i = 0; i < ms / STEP; i++) hear_step();
}

static void score(const char *label, unsigned value, uint32_t ago_ms) {
  godwit_capture_score(&capture, &(struct godwit_capture_word){
                                     .label = label, .score = (uint8_t)value, .ago_ms = ago_ms});
}

/* A word whose score rises to `peak`, stays a little and falls, 40 ms a window. */
static void hear_word(const char *label, unsigned peak) {
  for (unsigned value = 20; value < peak; value += 20) {
    hear(40);
    score(label, value, 0);
  }
  for (int i = 0; i < 5; i++) {
    hear(40);
    score(label, peak, 0);
  }
  for (unsigned value = peak; value > 20; value -= 20) {
    hear(40);
    score(label, value, 0);
  }
  hear(40);
  score(NULL, 0, 0);
}

static const struct godwit_capture_event *last_event(enum godwit_capture_event_type type) {
  for (size_t i = event_count; i-- > 0;) {
    if (events[i].type == type) return &events[i];
  }
  fail_msg("no event %d", type);
  return NULL;
}

static uint32_t le32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

/* Whole content, read in blocks of an odd size. */
static size_t read_upload(uint8_t *out, size_t size) {
  assert_non_null(upload);
  assert_true(upload->size_bytes <= size);
  for (size_t at = 0; at < upload->size_bytes;) {
    size_t part = upload->size_bytes - at < 61 ? (size_t)upload->size_bytes - at : 61;
    assert_int_equal(upload->read(upload->arg, at, out + at, part), 0);
    at += part;
  }
  return (size_t)upload->size_bytes;
}

/* Text value of a key in the provenance; "" where it is absent. */
static const char *provenance_text(const char *key) {
  static char text[80];
  struct gw_cbor_reader reader;
  struct gw_cbor_item map, item;
  size_t index = 0;
  text[0] = '\0';
  gw_cbor_reader_init(&reader, upload->provenance, upload->provenance_size);
  assert_int_equal(gw_cbor_read(&reader, &map), 0);
  assert_int_equal(map.type, GW_CBOR_MAP);
  while (gw_cbor_next(&reader, &map, &index) > 0) {
    assert_int_equal(gw_cbor_read(&reader, &item), 0);
    bool found = gw_cbor_text_equals(&item, key);
    assert_int_equal(gw_cbor_read(&reader, &item), 0);
    if (!found) continue;
    if (item.type == GW_CBOR_TEXT) {
      assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), 0);
    } else if (item.type == GW_CBOR_UINT) {
      snprintf(text, sizeof text, "%llu", (unsigned long long)item.uint);
    } else {
      for (size_t i = 0; i < item.size && i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", item.data[i]);
    }
  }
  assert_int_equal(reader.offset, upload->provenance_size);
  return text;
}

/* Consent -------------------------------------------------------------------- */

TEST(without_consent_nothing_is_kept_or_sent) {
  struct godwit_capture_config with = config();
  with.one_in = 1;
  init(&with);
  hear(1000);
  hear_word("yes", 100);
  godwit_capture_detection(&capture, &(struct godwit_capture_word){.label = "yes", .score = 250});
  hear(1000);
  assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_ERR_STATE);
  godwit_capture_poll(&capture);
  assert_int_equal(uploads, 0);
  assert_int_equal(event_count, 0);
  assert_int_equal(capture.counts.taken, 0);
  assert_int_equal(capture.counts.refused_consent, 3);
  for (size_t i = 0; i < RING; i++) assert_int_equal(ring[i], 0);
}

TEST(audio_from_before_consent_is_in_no_clip) {
  struct godwit_capture_config with = config();
  init(&with);
  hear(1500);
  set("CAPTURE_ENABLED", 1);
  assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_OK);
  hear(1200);
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  assert_int_equal(taken->samples[0], 1500);
}

TEST(a_word_whose_peak_was_before_consent_is_not_captured) {
  struct godwit_capture_config with = config();
  init(&with);
  hear(1000);
  score("yes", 100, 0);
  set("CAPTURE_ENABLED", 1);
  hear(1000);
  assert_int_equal(capture.counts.taken, 0);
}

TEST(consent_withdrawn_cancels_the_upload_and_wipes_everything) {
  start();
  hear(1500);
  assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_OK);
  hear(500);
  assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_OK);
  hear(500);
  godwit_capture_poll(&capture);
  assert_int_equal(uploads, 1);
  godwit_capture_now(&capture, 2000, NULL); /* one that is still being filled */
  set("CAPTURE_ENABLED", 0);
  assert_int_equal(cancels, 1);
  assert_null(upload);
  assert_int_equal(capture.counts.lost, 3);
  assert_int_equal(last_event(GODWIT_CAPTURE_LOST)->status, GODWIT_ERR_CANCELLED);
  for (size_t i = 0; i < RING; i++) assert_int_equal(ring[i], 0);
  for (size_t i = 0; i < SLOTS; i++) {
    for (size_t j = 0; j < SLOT; j++) assert_int_equal(samples[i][j], 0);
  }
  const uint8_t *bytes = (const uint8_t *)&capture.upload;
  for (size_t i = 0; i < sizeof capture.upload; i++) assert_int_equal(bytes[i], 0);
  hear(1000);
  godwit_capture_poll(&capture);
  assert_int_equal(uploads, 1);
}

TEST(consent_that_is_deleted_on_the_server_is_withdrawn) {
  static struct godwit_settings object;
  struct godwit_capture_config with = config();
  with.settings = &object;
  init(&with);
  object.version = 7;
  set("CAPTURE_ENABLED", 1);
  godwit_capture_poll(&capture);
  assert_true(godwit_capture_is_enabled(&capture));
  set("CAPTURE_ENABLED", 1); /* the same settings again, after a reconnect */
  godwit_capture_poll(&capture);
  object.version = 8;
  set("CAPTURE_ENABLED", 1);
  godwit_capture_poll(&capture);
  assert_true(godwit_capture_is_enabled(&capture));
  object.version = 9; /* others came, ours did not */
  set("CAPTURE_PER_DAY", 5);
  godwit_capture_poll(&capture);
  assert_false(godwit_capture_is_enabled(&capture));
}

TEST(deinit_leaves_no_audio) {
  start();
  hear(1500);
  godwit_capture_now(&capture, 0, NULL);
  hear(500);
  godwit_capture_poll(&capture);
  godwit_capture_deinit(&capture);
  assert_int_equal(cancels, 1);
  for (size_t i = 0; i < RING; i++) assert_int_equal(ring[i], 0);
  for (size_t j = 0; j < SLOT; j++) assert_int_equal(samples[0][j], 0);
}

/* The band ------------------------------------------------------------------- */

TEST(a_word_that_peaks_in_the_band_is_captured_once) {
  start();
  hear(1000);
  hear_word("yes", 120);
  hear(1500);
  assert_int_equal(capture.counts.taken, 1);
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  const struct godwit_capture_clip *clip = &clips[taken - events];
  assert_string_equal(clip->label, "yes");
  assert_int_equal(clip->score, 120);
  assert_int_equal(clip->trigger, GODWIT_CAPTURE_BAND);
  assert_int_equal(clip->sample_count, 1000);
}

TEST(a_word_that_the_model_is_sure_of_is_not_captured_on_its_way_up_or_down) {
  start();
  hear(1000);
  hear_word("yes", 240);
  hear(1500);
  assert_int_equal(capture.counts.taken, 0);
  assert_int_equal(capture.counts.repeated, 0);
}

TEST(a_score_that_dips_and_rises_again_is_one_word) {
  start();
  hear(1000);
  score("yes", 100, 0);
  hear(100);
  score("yes", 20, 0); /* below the band */
  hear(100);
  score("yes", 250, 0);
  hear(100);
  score(NULL, 0, 0);
  hear(1500);
  assert_int_equal(capture.counts.taken, 0);
}

TEST(a_word_below_the_band_is_not_captured) {
  start();
  hear(1000);
  hear_word("yes", 40);
  hear(1500);
  assert_int_equal(capture.counts.taken, 0);
}

TEST(both_ends_of_the_band_belong_to_it) {
  start();
  set("CAPTURE_BAND_LOW", 100);
  set("CAPTURE_BAND_HIGH", 140);
  const unsigned peaks[] = {99, 100, 140, 141};
  for (int i = 0; i < 4; i++) {
    hear(2000);
    score("yes", peaks[i], 0);
    hear(100);
    score(NULL, 0, 0);
    hear(1900);
    godwit_capture_poll(&capture);
    if (upload) finish_upload(GODWIT_OK, 0x44);
  }
  assert_int_equal(capture.counts.taken, 2);
}

TEST(a_band_that_is_upside_down_or_ends_at_0_captures_nothing) {
  start();
  set("CAPTURE_BAND_LOW", 200);
  set("CAPTURE_BAND_HIGH", 100);
  hear(1000);
  hear_word("yes", 150);
  hear(1500);
  set("CAPTURE_BAND_LOW", 0);
  set("CAPTURE_BAND_HIGH", 0);
  score("yes", 0, 0);
  hear_word("yes", 150);
  hear(1500);
  assert_int_equal(capture.counts.taken, 0);
}

TEST(the_clip_is_centred_on_the_word) {
  start();
  hear(3000);
  score("yes", 100, 700); /* the middle of the word was at 2300 */
  hear(40);
  score(NULL, 0, 0);
  hear(2000);
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  assert_int_equal(clips[taken - events].first_sample, 1800);
  for (int i = 0; i < 1000; i++) assert_int_equal(samples[0][i], 1800 + i);
}

/* Noise of a steady level, and from `at` on `length` samples of a loud sound. */
static void hear_sound(unsigned ms, int at, int length, int16_t noise) {
  for (unsigned i = 0; i < ms; i += STEP) {
    int16_t step[STEP];
    for (int j = 0; j < STEP; j++) {
      int position = (int)i + j;
      bool loud = position >= at && position < at + length;
      step[j] = (int16_t)((loud ? 8000 : noise) * (position % 2 == 0 ? 1 : -1));
    }
    godwit_capture_push(&capture, step, STEP);
    now_ms += STEP;
  }
}

/* First sample of the clip for a word whose middle is said to be at 1500, 700 ms
 * ago, with a sound of 300 ms from `at` on. */
static uint64_t clip_of_sound(int at, int16_t noise, uint32_t search_ms) {
  struct godwit_capture_config with = config();
  with.search_ms = search_ms;
  init(&with);
  set("CAPTURE_ENABLED", 1);
  hear_sound(2200, at, 300, noise);
  score("yes", 100, 700);
  hear_sound(2000, -1000, 0, noise);
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  return clips[taken - events].first_sample;
}

TEST(a_clip_is_moved_to_where_the_sound_is) {
  const int16_t noises[] = {0, 300, 4000};
  for (int i = 0; i < 3; i++) {
    assert_in_range(clip_of_sound(1350, noises[i], 0), 1000 - 16, 1000 + 16);
    assert_in_range(clip_of_sound(1600, noises[i], 0), 1250 - 16, 1250 + 16);
    assert_in_range(clip_of_sound(1100, noises[i], 0), 750 - 16, 750 + 16);
  }
}

TEST(a_clip_is_moved_no_further_than_it_may) {
  assert_int_equal(clip_of_sound(1600, 300, 100), 1100);
  assert_int_equal(clip_of_sound(1100, 300, 100), 900);
  assert_int_equal(clip_of_sound(1600, 300, UINT32_MAX), 1000);
}

/* Four seconds at full scale, from 1.5 s on: energies that come close to 64 bits. */
TEST(a_long_loud_sound_is_centred_as_well) {
  static int16_t long_ring[8 * 48000], long_clip[5 * 48000];
  struct godwit_capture_config with = config();
  slots[0].samples = long_clip;
  with.slot_count = 1;
  with.slot_samples = 5 * 48000;
  with.ring = long_ring;
  with.ring_samples = 8 * 48000;
  with.sample_rate_hz = 48000;
  with.clip_ms = 5000;
  with.search_ms = 0;
  init(&with);
  set("CAPTURE_ENABLED", 1);
  for (int i = 0; i < 9 * 48000; i += 480) {
    int16_t step[480];
    bool loud = i >= 72000 && i < 264000;
    for (int j = 0; j < 480; j++) step[j] = loud ? (j % 2 == 0 ? INT16_MAX : INT16_MIN) : 0;
    godwit_capture_push(&capture, step, 480);
    if (i == 59 * 4800) score("yes", 100, 2200); /* at 5.9 s: its middle was at 3.7 */
  }
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  assert_in_range(clips[taken - events].first_sample, 48000 - 3751, 48000 + 3751);
}

TEST(a_sound_that_is_everywhere_or_nowhere_moves_nothing) {
  assert_int_equal(clip_of_sound(-1000, 300, 0), 1000);
  assert_int_equal(clip_of_sound(-1000, 0, 0), 1000);
  assert_int_equal(clip_of_sound(-1000, INT16_MIN, 0), 1000);
}

TEST(a_clip_whose_end_was_not_heard_yet_waits_for_it) {
  struct godwit_capture_config with = config();
  with.settle_ms = 40;
  with.post_ms = 900;
  init(&with);
  set("CAPTURE_ENABLED", 1);
  hear(2000);
  score("yes", 100, 0);
  hear(800);
  assert_int_equal(capture.counts.taken, 0);
  hear(100);
  assert_int_equal(capture.counts.taken, 1);
  for (int i = 0; i < 1000; i++) assert_int_equal(samples[0][i], 1900 + i);
}

TEST(a_clip_that_begins_at_the_oldest_sample_is_not_overwritten_while_it_is_taken) {
  struct godwit_capture_config with = config();
  with.ring_samples = 1000; /* as long as a clip: not a sample to spare */
  init(&with);
  set("CAPTURE_ENABLED", 1);
  hear(3000);
  assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_OK);
  hear(1500);
  for (int i = 0; i < 1000; i++) assert_int_equal(samples[0][i], 2000 + i);
}

TEST(audio_may_come_in_pieces_of_any_size) {
  static int16_t piece[5000];
  for (size_t size = 1; size <= 5000; size = size * 3 + 1) {
    start();
    hear(2000);
    assert_int_equal(godwit_capture_now(&capture, 0, NULL), GODWIT_OK);
    for (size_t done = 0; done < 5000; done += size) {
      for (size_t i = 0; i < size; i++) piece[i] = stream++;
      godwit_capture_push(&capture, piece, size);
    }
    assert_int_equal(capture.counts.taken, 1);
    for (int i = 0; i < 1000; i++) assert_int_equal(samples[0][i], 1000 + i);
  }
}

TEST(the_same_word_is_not_captured_twice_in_the_same_second) {
  start();
  set("CAPTURE_ONE_IN", 1);
  hear(2000);
  score("yes", 100, 0);
  hear(100);
  godwit_capture_detection(
      &capture, &(struct godwit_capture_word){.label = "yes", .score = 100, .ago_ms = 100});
  hear(1000);
  assert_int_equal(capture.counts.taken, 1);
  assert_int_equal(capture.counts.repeated, 1);
  hear(500);
  godwit_capture_detection(&capture, &(struct godwit_capture_word){.label = "yes", .score = 100});
  hear(1000);
  assert_int_equal(capture.counts.taken, 2);
}

TEST(a_sound_without_end_is_captured_every_five_seconds_not_each_window) {
  start();
  set("CAPTURE_PER_DAY", 100);
  for (int i = 0; i < 500; i++) { /* 20 s */
    hear(40);
    score("no", 100, 0);
    godwit_capture_poll(&capture);
    if (upload) finish_upload(GODWIT_OK, 0x44);
  }
  assert_in_range(capture.counts.taken, 3, 4);
}

TEST(a_model_that_changes_ends_the_word_it_was_scoring) {
  start();
  hear(1000);
  score("yes", 100, 0);
  godwit_capture_set_model(&capture, "model@1.1.0");
  hear(1000);
  assert_int_equal(capture.counts.taken, 0);
}

/* One in N -------------------------------------------------------------------- */

TEST(one_in_three_detections_is_captured_however_sure) {
  start();
  set("CAPTURE_ONE_IN", 3);
  for (int i = 1; i <= 9; i++) {
    hear(2000);
    godwit_capture_detection(&capture, &(struct godwit_capture_word){.label = "no", .score = 255});
    hear(1000);
    assert_int_equal(capture.counts.taken, i / 3);
    godwit_capture_poll(&capture);
    if (upload) finish_upload(GODWIT_OK, 0x44);
  }
  const struct godwit_capture_event *taken = last_event(GODWIT_CAPTURE_TAKEN);
  assert_int_equal(clips[taken - events].trigger, GODWIT_CAPTURE_ONE_IN);
}

TEST(one_in_is_off_by_default) {
  start();
  hear(2000);
  for (int i = 0; i < 100; i++) {
    godwit_capture_detection(&capture, &(struct godwit_capture_word){.label = "no", .score = 255});
  }
  hear(1000);
  assert_int_equal(capture.counts.taken, 0);
}

/* The command ------------------------------------------------------------------ */

static uint8_t detail_bytes[128];
static enum godwit_rpc_status call(const void *params, size_t size, size_t count) {
  struct godwit_rpc_method method;
  struct gw_cbor_reader reader;
  struct gw_cbor_writer detail;
  godwit_capture_rpc_method(&capture, &method);
  assert_string_equal(method.name, "capture");
  gw_cbor_reader_init(&reader, params, size);
  gw_cbor_writer_init(&detail, detail_bytes, sizeof detail_bytes);
  return method.call(&reader, count, &detail, method.arg);
}

TEST(a_command_takes_what_was_just_heard) {
  start();
  hear(3000);
  assert_int_equal(call("", 0, 0), GODWIT_RPC_OK);
  hear(1000);
  for (int i = 0; i < 1000; i++) assert_int_equal(samples[0][i], 2000 + i);
  assert_int_equal(clips[0].trigger, GODWIT_CAPTURE_COMMAND);
}

TEST(a_command_says_how_many_seconds) {
  start();
  hear(3000);
  assert_int_equal(call("\x02", 1, 1), GODWIT_RPC_OK);
  assert_memory_equal(detail_bytes,
                      "\x67"
                      "capture"
                      "\x01"
                      "\x62"
                      "ms"
                      "\x19\x07\xd0"
                      "\x64"
                      "left"
                      "\x13",
                      22);
  assert_int_equal(call("\xf9\x38\x00", 3, 1), GODWIT_RPC_OK); /* 0.5 */
  hear(2000);
  assert_int_equal(events[0].clip->sample_count + events[1].clip->sample_count, 2500);
}

TEST(a_command_for_more_than_the_ring_holds_goes_on_listening) {
  struct godwit_capture_config with = config();
  with.ring_samples = 1000;
  init(&with);
  set("CAPTURE_ENABLED", 1);
  hear(3000);
  assert_int_equal(godwit_capture_now(&capture, 2000, NULL), GODWIT_OK);
  hear(900);
  assert_int_equal(capture.counts.taken, 0);
  hear(200);
  assert_int_equal(capture.counts.taken, 1);
  for (int i = 0; i < 2000; i++) assert_int_equal(samples[0][i], 2000 + i);
}

TEST(a_command_with_senseless_parameters_is_refused) {
  start();
  hear(3000);
  assert_int_equal(call("\x03", 1, 1), GODWIT_RPC_INVALID_ARGUMENT); /* longer than a slot */
  assert_int_equal(call("\x00", 1, 1), GODWIT_RPC_INVALID_ARGUMENT);
  assert_int_equal(call("\x20", 1, 1), GODWIT_RPC_INVALID_ARGUMENT); /* -1 */
  assert_int_equal(call("\x63"
                        "one",
                        4, 1),
                   GODWIT_RPC_INVALID_ARGUMENT);
  assert_int_equal(call("\xf9\x7e\x00", 3, 1), GODWIT_RPC_INVALID_ARGUMENT); /* NaN */
  assert_int_equal(call("\xf9\x7c\x00", 3, 1), GODWIT_RPC_INVALID_ARGUMENT); /* infinity */
  assert_int_equal(call("\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9, 1), GODWIT_RPC_INVALID_ARGUMENT);
  assert_int_equal(call("\x01\x01", 2, 2), GODWIT_RPC_INVALID_ARGUMENT);
  assert_int_equal(call("\x19", 1, 1), GODWIT_RPC_INVALID_ARGUMENT); /* cut */
  hear(3000);
  assert_int_equal(capture.counts.taken, 0);
}

TEST(a_command_is_told_why_it_was_refused) {
  struct godwit_capture_config with = config();
  init(&with);
  assert_int_equal(call("", 0, 0), GODWIT_RPC_PERMISSION_DENIED);
  set("CAPTURE_ENABLED", 1);
  hear(2000);
  for (int i = 0; i < SLOTS; i++) assert_int_equal(call("", 0, 0), GODWIT_RPC_OK);
  assert_int_equal(call("", 0, 0), GODWIT_RPC_UNAVAILABLE);
  assert_int_equal(capture.counts.dropped, 1);
  set("CAPTURE_PER_DAY", 3);
  assert_int_equal(call("", 0, 0), GODWIT_RPC_RESOURCE_EXHAUSTED);
}

/* What is sent ----------------------------------------------------------------- */

static uint64_t wall_clock(void *arg) {
  (void)arg;
  return 1700000000000000u;
}

TEST(a_capture_is_a_wav_file_with_its_provenance) {
  static uint8_t wav[5000];
  const char input[] = "features";
  struct godwit_capture_config with = config();
  with.time_us = wall_clock;
  with.path = "audio/kitchen";
  init(&with);
  set("CAPTURE_ENABLED", 1);
  godwit_capture_set_model(&capture, "model@1.0.0");
  hear(2000);
  godwit_capture_score(
      &capture,
      &(struct godwit_capture_word){
          .label = "yes", .score = 128, .ago_ms = 500, .input = input, .input_size = sizeof input});
  hear(1500);
  godwit_capture_poll(&capture);
  assert_non_null(upload);
  assert_string_equal(upload->path, "audio/kitchen");
  assert_string_equal(provenance_text("model"), "model@1.0.0");
  assert_string_equal(provenance_text("heard"), "yes");
  assert_string_equal(provenance_text("score"), "128");
  assert_string_equal(provenance_text("time"), "1700000000000000");
  assert_string_equal(provenance_text("trigger"), "band");
  uint8_t digest[32];
  char hex[17];
  mbedtls_sha256((const uint8_t *)input, sizeof input, digest, 0);
  for (int i = 0; i < 8; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  assert_string_equal(provenance_text("features"), hex);

  assert_int_equal(read_upload(wav, sizeof wav), 44 + 2000);
  assert_memory_equal(wav, "RIFF", 4);
  assert_int_equal(le32(wav + 4), 36 + 2000);
  assert_memory_equal(wav + 8, "WAVEfmt \x10\0\0\0\x01\0\x01\0", 16);
  assert_int_equal(le32(wav + 24), RATE);
  assert_int_equal(le32(wav + 28), 2 * RATE);
  assert_memory_equal(wav + 32, "\x02\0\x10\0data", 8);
  assert_int_equal(le32(wav + 40), 2000);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(wav[44 + 2 * i] | wav[45 + 2 * i] << 8, 1000 + i);
  }
  assert_int_not_equal(upload->read(upload->arg, 2000, wav, 45), 0); /* beyond its end */

  finish_upload(GODWIT_OK, 0x44);
  assert_int_equal(capture.counts.sent, 1);
  assert_int_equal(capture.counts.sent_bytes, 2044);
  assert_int_equal(last_event(GODWIT_CAPTURE_SENT)->size_bytes, 2044);
}

TEST(a_command_says_nothing_that_no_model_said) {
  start();
  hear(2000);
  godwit_capture_now(&capture, 0, NULL);
  hear(1000);
  godwit_capture_poll(&capture);
  assert_string_equal(provenance_text("trigger"), "command");
  assert_string_equal(provenance_text("heard"), "");
  assert_string_equal(provenance_text("score"), "");
  assert_string_equal(provenance_text("model"), "");
  assert_string_equal(provenance_text("time"), "");
  assert_string_equal(provenance_text("features"), "");
}

static size_t notes;
static size_t annotate(void *arg, const struct godwit_capture_clip *clip,
                       struct gw_cbor_writer *map) {
  (void)arg;
  (void)clip;
  for (size_t i = 0; i < notes; i++) {
    gw_cbor_write_text(map, "room");
    gw_cbor_write_text(map, "the kitchen, by the window, on the left of the sink");
  }
  return notes;
}

TEST(the_application_adds_what_it_knows_or_all_of_it_is_left_out) {
  struct godwit_capture_config with = config();
  with.annotate = annotate;
  const size_t counts[] = {1, 7 /* more than fits */, 9 /* more than may be */};
  for (int i = 0; i < 3; i++) {
    notes = counts[i];
    init(&with);
    set("CAPTURE_ENABLED", 1);
    hear(2000);
    godwit_capture_now(&capture, 0, NULL);
    hear(1000);
    godwit_capture_poll(&capture);
    assert_string_equal(provenance_text("trigger"), "command");
    assert_int_equal(provenance_text("room")[0] == 't', i == 0);
    finish_upload(GODWIT_OK, 0x44);
  }
}

TEST(a_label_that_is_no_utf8_or_long_does_not_spoil_the_provenance) {
  char label[200];
  memset(label, 'x', sizeof label);
  label[sizeof label - 1] = '\0';
  start();
  set("CAPTURE_ONE_IN", 1);
  const char *labels[] = {label, "\xc3", "caf\xc3\xa9"};
  const char *sent[] = {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "?",
                        "caf\xc3\xa9"};
  for (int i = 0; i < 3; i++) {
    hear(2000);
    godwit_capture_detection(&capture,
                             &(struct godwit_capture_word){.label = labels[i], .score = 200});
    hear(1000);
    godwit_capture_poll(&capture);
    assert_string_equal(provenance_text("heard"), sent[i]);
    finish_upload(GODWIT_OK, 0x44);
  }
}

TEST(captures_go_up_one_by_one_oldest_first) {
  start();
  hear(2000);
  for (int i = 0; i < SLOTS; i++) {
    godwit_capture_now(&capture, 0, NULL);
    hear(1000);
  }
  for (uint32_t number = 1; number <= SLOTS; number++) {
    godwit_capture_poll(&capture);
    godwit_capture_poll(&capture);
    assert_int_equal(uploads, number);
    finish_upload(GODWIT_OK, 0x44);
    assert_int_equal(clips[event_count - 1].number, number);
  }
  godwit_capture_poll(&capture);
  assert_null(upload);
}

TEST(captures_wait_for_the_network_and_further_ones_are_dropped) {
  start();
  client_state = GODWIT_CLIENT_WAITING;
  for (int i = 0; i < SLOTS + 2; i++) {
    hear(2000);
    hear_word("yes", 100);
    hear(1000);
    godwit_capture_poll(&capture);
  }
  assert_int_equal(uploads, 0);
  assert_int_equal(capture.counts.taken, SLOTS);
  assert_int_equal(capture.counts.dropped, 2);
  client_state = GODWIT_CLIENT_CONNECTED;
  for (int i = 0; i < SLOTS; i++) {
    godwit_capture_poll(&capture);
    finish_upload(GODWIT_OK, 0x44);
  }
  assert_int_equal(capture.counts.sent, SLOTS);
}

TEST(a_capture_that_the_server_refuses_is_told_and_its_slot_is_free) {
  start();
  hear(2000);
  godwit_capture_now(&capture, 0, NULL);
  hear(1000);
  godwit_capture_poll(&capture);
  finish_upload(GODWIT_ERR_RESPONSE, 0x9d);
  assert_int_equal(capture.counts.lost, 1);
  assert_int_equal(capture.counts.sent, 0);
  const struct godwit_capture_event *lost = last_event(GODWIT_CAPTURE_LOST);
  assert_int_equal(lost->status, GODWIT_ERR_RESPONSE);
  assert_int_equal(lost->code, 0x9d);
  for (int i = 0; i < SLOTS; i++) assert_int_equal(godwit_capture_now(&capture, 0, NULL), 0);
}

TEST(an_upload_that_cannot_begin_is_told) {
  start();
  hear(2000);
  godwit_capture_now(&capture, 0, NULL);
  hear(1000);
  upload_status = GODWIT_ERR_ARGUMENT;
  godwit_capture_poll(&capture);
  assert_int_equal(capture.counts.lost, 1);
  upload_status = GODWIT_OK;
  godwit_capture_now(&capture, 0, NULL);
  hear(1000);
  godwit_capture_poll(&capture);
  assert_int_equal(uploads, 1);
}

/* Gaps ------------------------------------------------------------------------- */

TEST(a_clip_does_not_reach_over_lost_audio) {
  start();
  hear(2000);
  godwit_capture_now(&capture, 2000, NULL); /* all of it was heard */
  godwit_capture_skip(&capture, 500);
  assert_int_equal(capture.counts.taken, 1);
  stream = (int16_t)(stream + 500);
  godwit_capture_now(&capture, 1000, NULL);
  hear(1000);
  assert_int_equal(capture.counts.taken, 2);
  for (int i = 0; i < 1000; i++) assert_int_equal(samples[1][i], 2500 + i);
  godwit_capture_now(&capture, 2000, NULL); /* a second of it is still to come */
  godwit_capture_skip(&capture, 1);
  assert_int_equal(capture.counts.lost, 1);
  assert_int_equal(last_event(GODWIT_CAPTURE_LOST)->status, GODWIT_ERR_CANCELLED);
}

TEST(a_word_from_before_lost_audio_is_not_captured) {
  start();
  set("CAPTURE_ONE_IN", 1);
  hear(2000);
  godwit_capture_skip(&capture, 100);
  hear(100);
  godwit_capture_detection(
      &capture, &(struct godwit_capture_word){.label = "yes", .score = 200, .ago_ms = 700});
  hear(1000);
  assert_int_equal(capture.counts.taken, 0);
  assert_int_equal(capture.counts.dropped, 1);
}

/* Quota ------------------------------------------------------------------------ */

/* A capture that is taken and sent, if it may. */
static void capture_one(void) {
  hear(2000);
  (void)godwit_capture_now(&capture, 0, NULL);
  hear(1000);
  godwit_capture_poll(&capture);
  if (upload) finish_upload(GODWIT_OK, 0x44);
}

TEST(out_of_quota_nothing_is_taken_or_sent) {
  start();
  set("CAPTURE_PER_DAY", 2);
  for (int i = 0; i < 5; i++) capture_one();
  assert_int_equal(uploads, 2);
  assert_int_equal(capture.counts.taken, 2);
  assert_int_equal(capture.counts.refused_quota, 3);
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
}

TEST(a_quota_of_0_sends_nothing) {
  start();
  set("CAPTURE_PER_DAY", 0);
  capture_one();
  assert_int_equal(uploads, 0);
}

TEST(captures_that_wait_count_for_the_quota) {
  start();
  set("CAPTURE_PER_DAY", 2);
  client_state = GODWIT_CLIENT_WAITING;
  for (int i = 0; i < 3; i++) capture_one();
  assert_int_equal(capture.counts.taken, 2);
  assert_int_equal(capture.counts.refused_quota, 1);
}

TEST(a_quota_that_is_lowered_holds_for_captures_that_wait) {
  start();
  client_state = GODWIT_CLIENT_WAITING;
  for (int i = 0; i < 3; i++) capture_one();
  assert_int_equal(capture.counts.taken, 3);
  set("CAPTURE_PER_DAY", 1);
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  client_state = GODWIT_CLIENT_CONNECTED;
  for (int i = 0; i < 5; i++) {
    godwit_capture_poll(&capture);
    if (upload) finish_upload(GODWIT_OK, 0x44);
  }
  assert_int_equal(uploads, 1);
  assert_int_equal(capture.counts.lost, 2);
}

TEST(the_day_begins_with_its_first_capture_and_lasts_24_hours) {
  start();
  set("CAPTURE_PER_DAY", 1);
  now_ms += 100 * HOUR_MS;
  capture_one();
  now_ms += 24 * HOUR_MS - 10000;
  godwit_capture_poll(&capture);
  capture_one();
  assert_int_equal(uploads, 1);
  now_ms += 10000;
  godwit_capture_poll(&capture);
  capture_one();
  assert_int_equal(uploads, 2);
}

static struct godwit_capture_config config_with_volume(void) {
  struct godwit_capture_config with = config();
  with.volume = "sd";
  with.per_day = 3;
  return with;
}

static void restart(void) {
  struct godwit_capture_config with = config_with_volume();
  now_ms = 5; /* a clock that begins anew */
  upload = NULL;
  init(&with);
  set("CAPTURE_ENABLED", 1);
}

TEST(the_count_survives_a_restart) {
  restart();
  capture_one();
  capture_one();
  restart();
  assert_int_equal(godwit_capture_quota_left(&capture), 1);
  capture_one();
  capture_one();
  assert_int_equal(uploads, 3);
  restart();
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
}

TEST(a_capture_is_counted_on_the_medium_before_its_first_byte_is_sent) {
  restart();
  capture_one();
  assert_int_equal(syncs_at_upload, 1);
}

TEST(what_cannot_be_counted_is_not_sent) {
  restart();
  file.status = GODWIT_ERR_IO;
  capture_one();
  assert_int_equal(uploads, 0);
  assert_int_equal(capture.counts.lost, 1);
  assert_int_equal(last_event(GODWIT_CAPTURE_LOST)->status, GODWIT_ERR_IO);
}

TEST(a_device_that_restarts_again_and_again_comes_to_the_end_of_its_day) {
  restart();
  for (int i = 0; i < 3; i++) capture_one();
  for (int i = 0; i < 13; i++) { /* two hours of each are kept at most once an hour */
    restart();
    for (int hour = 0; hour < 2; hour++) {
      now_ms += HOUR_MS;
      godwit_capture_poll(&capture);
    }
  }
  restart();
  assert_int_equal(godwit_capture_quota_left(&capture), 3);
}

TEST(time_that_the_device_was_off_does_not_shorten_the_day) {
  restart();
  for (int i = 0; i < 3; i++) capture_one();
  restart();
  now_ms += 23 * HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  now_ms += 2 * HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 3);
}

TEST(a_write_that_power_cuts_short_never_lets_more_be_sent_than_the_quota) {
  for (size_t torn_at = 0; torn_at < GODWIT_CAPTURE_RECORD; torn_at++) {
    for (unsigned whole = 0; whole < 3; whole++) {
      memset(&file, 0, sizeof file);
      file.torn_at = SIZE_MAX;
      uploads = 0;
      restart();
      for (unsigned i = 0; i < whole; i++) capture_one();
      file.torn_at = torn_at;
      capture_one(); /* power fails in its record: it was not sent */
      assert_int_equal(uploads, whole);
      file.torn_at = SIZE_MAX;
      restart();
      /* the very first record has no other beside it: used up */
      assert_int_equal(godwit_capture_quota_left(&capture), whole == 0 ? 0 : 3 - whole);
      for (unsigned i = 0; i < 4; i++) capture_one();
      assert_int_equal(uploads, whole == 0 ? 0 : 3);
    }
  }
}

TEST(a_file_that_is_no_count_is_a_quota_used_up_for_a_day) {
  memset(file.data, 0x5a, sizeof file.data);
  file.size = 7;
  file.exists = true;
  restart();
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  set("CAPTURE_PER_DAY", 10000);
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  now_ms += 25 * HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 10000);
}

TEST(a_medium_that_does_not_answer_is_asked_again_and_not_written_meanwhile) {
  restart();
  capture_one();
  capture_one();
  unsigned writes = file.writes;
  file.status = GODWIT_ERR_IO;
  restart();
  capture_one();
  now_ms += 30 * HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  assert_int_equal(uploads, 2);
  file.status = GODWIT_OK;
  assert_int_equal(file.writes, writes);
  now_ms += HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 1); /* as it was before */
}

TEST(an_untrusted_day_goes_on_over_restarts) {
  file.size = 7;
  file.exists = true;
  restart();
  for (int i = 0; i < 13; i++) {
    now_ms += HOUR_MS;
    godwit_capture_poll(&capture);
  }
  restart();
  assert_int_equal(godwit_capture_quota_left(&capture), 0);
  now_ms += 12 * HOUR_MS;
  godwit_capture_poll(&capture);
  assert_int_equal(godwit_capture_quota_left(&capture), 3);
}

/* Settings and configuration ---------------------------------------------------- */

TEST(settings_are_told_when_they_change_and_only_then) {
  struct godwit_capture_config with = config();
  init(&with);
  set("CAPTURE_ENABLED", 1);
  set("CAPTURE_ENABLED", 1);
  set("CAPTURE_PER_DAY", 7);
  set("CAPTURE_PER_DAY", 7);
  set("CAPTURE_BAND_LOW", 1);
  set("CAPTURE_BAND_HIGH", 255);
  set("CAPTURE_ONE_IN", 9);
  set("CAPTURE_ONE_IN", 9);
  assert_int_equal(event_count, 5);
  assert_string_equal(events[1].setting, "CAPTURE_PER_DAY");
  assert_int_equal(events[1].value, 7);
}

TEST(settings_have_types_and_ranges_that_the_settings_object_checks) {
  struct godwit_capture_config with = config();
  init(&with);
  for (size_t i = 0; i < GODWIT_CAPTURE_SETTINGS; i++) {
    assert_memory_equal(settings[i].key, "CAPTURE_", 8);
    assert_int_equal(settings[i].integer_min, 0);
    assert_int_equal(settings[i].integer_max > 0, settings[i].type == GODWIT_SETTING_INT);
  }
}

TEST(impossible_configurations_are_refused) {
  struct godwit_capture_config with;
#define REFUSED(change) \
  with = config();      \
  change;               \
  assert_int_equal(godwit_capture_init(&capture, &with), GODWIT_ERR_ARGUMENT)
  REFUSED(with.client = NULL);
  REFUSED(with.sample_rate_hz = 0);
  REFUSED(with.ring = NULL);
  REFUSED(with.ring_samples = 999);
  REFUSED(with.slots = NULL);
  REFUSED(with.slot_count = 0);
  REFUSED(with.slot_samples = 999);
  REFUSED(slots[1].samples = NULL);
  REFUSED(with.post_ms = 1001);
  REFUSED(with.search_ms = 1001);
  REFUSED(with.clip_ms = UINT32_MAX);
  REFUSED(with.path = "a/path/of/more/than/forty-eight/bytes/that/is/no/use");
}
