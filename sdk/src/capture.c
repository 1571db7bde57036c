/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/capture.h"

#include <string.h>

#include "capture_quota.h"
#include "godwit/log.h"
#include "mbedtls/sha256.h"
#include "wire/utf8.h"

#define PER_DAY_DEFAULT 20u
#define PER_DAY_MAX 10000 /* what a server takes of a device in a day */
#define BAND_LOW_DEFAULT 60u
#define BAND_HIGH_DEFAULT 160u
#define ONE_IN_MAX 1000000
#define CLIP_MS_DEFAULT 1000u
#define SETTLE_MS_DEFAULT 500u
#define SEARCH_MS_DEFAULT 400u
#define CHUNKS_PER_CLIP 64u /* how finely the middle of a sound is found */
#define JUDGED_MS_MAX 5000u /* a sound without end is another word after so long */
#define CLIP_MS_MAX (24u * 3600u * 1000u)
#define ANNOTATIONS_MAX 8u

/* Audio is taken in parts, and a clip catches up with the ring by more than the
 * part that then overwrites it: so what it needs is never overwritten. */
#define PART_SAMPLES 256u
#define CATCH_UP 2u

enum slot_phase {
  SLOT_FREE,
  SLOT_FILLING, /* some of it is still in the ring, or not heard yet */
  SLOT_READY,
  SLOT_SENDING,
};

enum word_phase {
  WORD_NONE,
  WORD_RISING, /* its peak may still come */
  WORD_JUDGED, /* on its way down: no other word until it has passed */
};

const char *godwit_capture_trigger_name(enum godwit_capture_trigger trigger) {
  static const char *const names[] = {"band", "one_in", "command"};
  return (unsigned)trigger < sizeof names / sizeof *names ? names[trigger] : "";
}

static uint32_t samples_of(const struct godwit_capture *capture, uint32_t ms) {
  return (uint32_t)((uint64_t)ms * capture->config.sample_rate_hz / 1000u);
}

static uint32_t wav_size(const struct godwit_capture_clip *clip) {
  return GODWIT_CAPTURE_WAV_HEADER + 2u * clip->sample_count;
}

static void copy_text(char *out, const char *text, size_t length_max) {
  size_t length = 0;
  while (length < length_max && text != NULL && text[length] != '\0') length++;
  if (length > 0) memcpy(out, text, length);
  out[length] = '\0';
}

/* A label comes from a model's file and may have been cut within a character;
 * on the wire it has to be UTF-8. */
static void copy_label(char out[GODWIT_CAPTURE_LABEL_MAX + 1], const char *label) {
  copy_text(out, label, GODWIT_CAPTURE_LABEL_MAX);
  if (gw_utf8_is_valid((const uint8_t *)out, strlen(out))) return;
  for (char *c = out; *c != '\0'; c++) {
    if ((unsigned char)*c >= 0x80) *c = '?';
  }
}

/* Telling -------------------------------------------------------------------- */

static void tell(const struct godwit_capture *capture, const struct godwit_capture_event *event) {
  if (capture->config.on_event != NULL) capture->config.on_event(capture->config.arg, event);
}

static void tell_clip(const struct godwit_capture *capture, enum godwit_capture_event_type type,
                      const struct godwit_capture_slot *slot, int status, uint8_t code) {
  tell(capture, &(struct godwit_capture_event){
                    .type = type,
                    .clip = &slot->internal.clip,
                    .samples = type != GODWIT_CAPTURE_LOST ? slot->samples : NULL,
                    .size_bytes = wav_size(&slot->internal.clip),
                    .status = status,
                    .code = code,
                });
}

/* Frees the slot first: whoever is told may look at the counts. */
static void lose(struct godwit_capture *capture, struct godwit_capture_slot *slot, int status,
                 uint8_t code) {
  slot->internal.phase = SLOT_FREE;
  capture->counts.lost++;
  tell_clip(capture, GODWIT_CAPTURE_LOST, slot, status, code);
}

/* The day's quota ------------------------------------------------------------ */

static uint32_t waiting(const struct godwit_capture *capture) {
  uint32_t count = 0;
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    uint8_t phase = capture->config.slots[i].internal.phase;
    count += phase == SLOT_FILLING || phase == SLOT_READY;
  }
  return count;
}

uint32_t godwit_capture_quota_left(const struct godwit_capture *capture) {
  uint32_t per_day = capture->config.per_day;
  uint32_t used = capture->quota.used;
  uint32_t reserved = waiting(capture);
  if (used >= per_day || reserved >= per_day - used) return 0;
  return per_day - used - reserved;
}

/* Ring and slots ------------------------------------------------------------- */

static void ring_write(struct godwit_capture *capture, const int16_t *samples, size_t count) {
  size_t size = capture->config.ring_samples;
  size_t at = (size_t)(capture->position % size);
  size_t first = count < size - at ? count : size - at;
  memcpy(capture->config.ring + at, samples, first * sizeof *samples);
  memcpy(capture->config.ring, samples + first, (count - first) * sizeof *samples);
  capture->position += count;
  if (capture->position - capture->oldest > size) capture->oldest = capture->position - size;
}

static void ring_read(const struct godwit_capture *capture, uint64_t position, int16_t *out,
                      size_t count) {
  size_t size = capture->config.ring_samples;
  size_t at = (size_t)(position % size);
  size_t first = count < size - at ? count : size - at;
  memcpy(out, capture->config.ring + at, first * sizeof *out);
  memcpy(out + first, capture->config.ring, (count - first) * sizeof *out);
}

/* Moves at most count_max samples from the ring; the slot that is full then is
 * ready. */
static void slot_fill(struct godwit_capture *capture, struct godwit_capture_slot *slot,
                      size_t count_max) {
  const struct godwit_capture_clip *clip = &slot->internal.clip;
  uint64_t next = clip->first_sample + slot->internal.filled;
  size_t count = clip->sample_count - slot->internal.filled;
  if (next >= capture->position) return; /* a clip may begin in the future */
  if (count > capture->position - next) count = (size_t)(capture->position - next);
  if (count > count_max) count = count_max;
  ring_read(capture, next, slot->samples + slot->internal.filled, count);
  slot->internal.filled += (uint32_t)count;
  if (slot->internal.filled < clip->sample_count) return;
  slot->internal.phase = SLOT_READY;
  capture->counts.taken++;
  tell_clip(capture, GODWIT_CAPTURE_TAKEN, slot, GODWIT_OK, 0);
}

static void fill_slots(struct godwit_capture *capture, size_t count_max) {
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    struct godwit_capture_slot *slot = &capture->config.slots[i];
    if (slot->internal.phase == SLOT_FILLING) slot_fill(capture, slot, count_max);
  }
}

static struct godwit_capture_slot *find_slot(const struct godwit_capture *capture,
                                             enum slot_phase phase) {
  struct godwit_capture_slot *found = NULL;
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    struct godwit_capture_slot *slot = &capture->config.slots[i];
    if (slot->internal.phase != phase) continue;
    if (found == NULL || slot->internal.clip.number < found->internal.clip.number) found = slot;
  }
  return found;
}

/* Where the sound is --------------------------------------------------------- */

static uint64_t energy_at(const struct godwit_capture *capture, uint64_t position, size_t count) {
  size_t at = (size_t)(position % capture->config.ring_samples);
  uint64_t energy = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t sample = capture->config.ring[at];
    energy += (uint32_t)(sample * sample);
    if (++at == capture->config.ring_samples) at = 0;
  }
  return energy;
}

/* The centre of the energy around `moment`, at most search_samples from it: a
 * model's score says when a word was, not where in its second. What is always
 * there (the quietest chunk) does not weigh, so a steady noise moves nothing. */
static uint64_t centre_of_sound(const struct godwit_capture *capture, uint64_t moment) {
  uint32_t search = capture->search_samples;
  if (search == 0) return moment;
  uint32_t before = capture->clip_samples - capture->post_samples + search;
  uint64_t at = moment > before ? moment - before : 0;
  uint64_t end = moment + capture->post_samples + search;
  uint32_t chunk = capture->clip_samples / CHUNKS_PER_CLIP + 1;
  uint64_t energy = 0, weighted = 0, quietest = UINT64_MAX, count = 0;
  if (at < capture->oldest) at = capture->oldest;
  if (end > capture->position) end = capture->position;
  uint64_t from = at;
  for (; at + chunk <= end; at += chunk, count++) {
    uint64_t here = energy_at(capture, at, chunk);
    energy += here;
    weighted += here * count;
    if (here < quietest) quietest = here;
  }
  if (count == 0 || energy == quietest * count) return moment; /* all alike */
  energy -= quietest * count;
  weighted -= quietest * (count * (count - 1) / 2);
  /* weighted * chunk / energy, where the product would not fit. */
  uint64_t centre =
      from + weighted / energy * chunk + weighted % energy / (energy / chunk + 1) + chunk / 2;
  if (centre + search < moment) return moment - search;
  return centre > moment + search ? moment + search : centre;
}

/* Triggers ------------------------------------------------------------------- */

/* May a capture be taken, and where to? Counts why not. */
static int claim_slot(struct godwit_capture *capture, struct godwit_capture_slot **slot) {
  if (!capture->enabled) {
    capture->counts.refused_consent++;
    return GODWIT_ERR_STATE;
  }
  if (godwit_capture_quota_left(capture) == 0) {
    capture->counts.refused_quota++;
    return GODWIT_ERR_NO_SPACE;
  }
  *slot = find_slot(capture, SLOT_FREE);
  if (*slot == NULL) {
    capture->counts.dropped++;
    return GODWIT_ERR_NO_MEMORY;
  }
  return GODWIT_OK;
}

/* The clip of `count` samples that ends `post` samples after `moment`; later
 * where the ring does not reach back so far. */
static void slot_begin(struct godwit_capture *capture, struct godwit_capture_slot *slot,
                       enum godwit_capture_trigger trigger, uint64_t moment, uint32_t count,
                       uint32_t post) {
  struct godwit_capture_clip *clip = &slot->internal.clip;
  uint64_t first = moment + post > count ? moment + post - count : 0;
  memset(clip, 0, sizeof *clip);
  clip->number = ++capture->last_number;
  clip->trigger = trigger;
  clip->first_sample = first > capture->oldest ? first : capture->oldest;
  clip->sample_count = count;
  if (capture->config.time_us != NULL) clip->time_us = capture->config.time_us(capture->config.arg);
  memcpy(clip->model, capture->model, sizeof clip->model);
  slot->internal.filled = 0;
  slot->internal.phase = SLOT_FILLING;
  capture->has_moment = true;
  capture->last_moment = moment;
}

static bool is_repeated(const struct godwit_capture *capture, uint64_t moment) {
  uint64_t apart =
      moment > capture->last_moment ? moment - capture->last_moment : capture->last_moment - moment;
  return capture->has_moment && apart < capture->clip_samples;
}

/* A word: what is said of it is filled in by the caller of a slot it returns. */
static struct godwit_capture_clip *capture_word(struct godwit_capture *capture,
                                                enum godwit_capture_trigger trigger,
                                                uint64_t moment) {
  struct godwit_capture_slot *slot;
  if (capture->enabled && moment < capture->oldest) { /* before a gap, or before consent */
    capture->counts.dropped++;
    return NULL;
  }
  moment = centre_of_sound(capture, moment);
  if (is_repeated(capture, moment)) {
    capture->counts.repeated++;
    return NULL;
  }
  if (claim_slot(capture, &slot) < 0) return NULL;
  slot_begin(capture, slot, trigger, moment, capture->clip_samples, capture->post_samples);
  return &slot->internal.clip;
}

static bool hash_input(const struct godwit_capture_word *word,
                       uint8_t features[GODWIT_CAPTURE_FEATURES]) {
  uint8_t digest[32];
  memset(features, 0, GODWIT_CAPTURE_FEATURES);
  if (word->input == NULL || mbedtls_sha256(word->input, word->input_size, digest, 0) != 0) {
    return false;
  }
  memcpy(features, digest, GODWIT_CAPTURE_FEATURES);
  return true;
}

static uint64_t moment_of(const struct godwit_capture *capture,
                          const struct godwit_capture_word *word) {
  uint32_t ago = samples_of(capture, word->ago_ms);
  return capture->position > ago ? capture->position - ago : 0;
}

static uint8_t band_low(const struct godwit_capture *capture) {
  return capture->config.band_low > 0 ? capture->config.band_low : 1; /* 0 is no word at all */
}

static void note_peak(struct godwit_capture *capture, const struct godwit_capture_word *word) {
  capture->word.peak = word->score;
  capture->word.peak_at = capture->position;
  capture->word.moment = moment_of(capture, word);
  copy_label(capture->word.label, word->label);
  /* Hashing costs more than all the rest: not for what will not be captured. */
  capture->word.has_features = capture->enabled && word->score <= capture->config.band_high &&
                               hash_input(word, capture->word.features);
}

static void judge_word(struct godwit_capture *capture) {
  capture->word.phase = WORD_JUDGED;
  if (capture->word.peak > capture->config.band_high) return;
  struct godwit_capture_clip *clip =
      capture_word(capture, GODWIT_CAPTURE_BAND, capture->word.moment);
  if (clip == NULL) return;
  clip->score = capture->word.peak;
  memcpy(clip->label, capture->word.label, sizeof clip->label);
  clip->has_features = capture->word.has_features;
  if (clip->has_features) memcpy(clip->features, capture->word.features, sizeof clip->features);
}

/* Time passes over the word that is watched. */
static void watch_word(struct godwit_capture *capture) {
  uint64_t since_peak = capture->position - capture->word.peak_at;
  if (capture->word.phase == WORD_RISING && since_peak >= capture->settle_samples) {
    judge_word(capture);
  }
  if (capture->word.phase == WORD_JUDGED &&
      (capture->position - capture->word.last_seen >= capture->settle_samples ||
       since_peak >= samples_of(capture, JUDGED_MS_MAX))) {
    capture->word.phase = WORD_NONE;
  }
}

void godwit_capture_score(struct godwit_capture *capture, const struct godwit_capture_word *word) {
  bool is_word = word->label != NULL && word->label[0] != '\0';
  if (capture->config.band_high < band_low(capture)) {
    capture->word.phase = WORD_NONE;
    return;
  }
  if (!is_word || word->score < band_low(capture)) {
    if (capture->word.phase == WORD_JUDGED) capture->word.phase = WORD_NONE;
    return; /* one that rises may come back: it is judged by time */
  }
  capture->word.last_seen = capture->position;
  if (capture->word.phase == WORD_NONE ||
      (capture->word.phase == WORD_RISING && word->score > capture->word.peak)) {
    capture->word.phase = WORD_RISING;
    note_peak(capture, word);
  }
}

void godwit_capture_detection(struct godwit_capture *capture,
                              const struct godwit_capture_word *word) {
  if (capture->config.one_in == 0 || ++capture->detections < capture->config.one_in) return;
  capture->detections = 0;
  struct godwit_capture_clip *clip =
      capture_word(capture, GODWIT_CAPTURE_ONE_IN, moment_of(capture, word));
  if (clip == NULL) return;
  clip->score = word->score;
  copy_label(clip->label, word->label);
  clip->has_features = hash_input(word, clip->features);
}

int godwit_capture_now(struct godwit_capture *capture, uint32_t clip_ms, uint32_t *number) {
  struct godwit_capture_slot *slot;
  uint64_t count = (uint64_t)(clip_ms ? clip_ms : capture->config.clip_ms) *
                   capture->config.sample_rate_hz / 1000u;
  if (count == 0 || count > capture->config.slot_samples) return GODWIT_ERR_ARGUMENT;
  int status = claim_slot(capture, &slot);
  if (status < 0) return status;
  slot_begin(capture, slot, GODWIT_CAPTURE_COMMAND, capture->position, (uint32_t)count, 0);
  if (number != NULL) *number = slot->internal.clip.number;
  return GODWIT_OK;
}

/* Audio ---------------------------------------------------------------------- */

void godwit_capture_push(struct godwit_capture *capture, const int16_t *samples, size_t count) {
  while (count > 0) {
    size_t part = count < PART_SAMPLES ? count : PART_SAMPLES;
    if (capture->enabled) {
      fill_slots(capture, CATCH_UP * part); /* first: what is written next may overwrite */
      ring_write(capture, samples, part);
      fill_slots(capture, CATCH_UP * part);
    } else {
      capture->position += part;
      capture->oldest = capture->position;
    }
    watch_word(capture);
    samples += part;
    count -= part;
  }
}

void godwit_capture_skip(struct godwit_capture *capture, uint64_t count) {
  fill_slots(capture, SIZE_MAX);
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    struct godwit_capture_slot *slot = &capture->config.slots[i];
    if (slot->internal.phase == SLOT_FILLING) lose(capture, slot, GODWIT_ERR_CANCELLED, 0);
  }
  capture->position += count;
  capture->oldest = capture->position;
  capture->word.phase = WORD_NONE;
}

void godwit_capture_set_model(struct godwit_capture *capture, const char *name) {
  copy_text(capture->model, name, GODWIT_CAPTURE_MODEL_MAX);
  capture->word.phase = WORD_NONE; /* scores of two models do not compare */
}

/* Sending -------------------------------------------------------------------- */

static void put_u32(uint8_t *bytes, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8u * i));
}

static void write_wav_header(uint8_t out[GODWIT_CAPTURE_WAV_HEADER], uint32_t rate_hz,
                             uint32_t sample_count) {
  static const uint8_t fixed[GODWIT_CAPTURE_WAV_HEADER] = {
      'R', 'I', 'F', 'F', 0,  0, 0, 0, 'W', 'A', 'V', 'E', /* size of what follows */
      'f', 'm', 't', ' ', 16, 0, 0, 0, 1,   0,   1,   0,   /* PCM, one channel */
      0,   0,   0,   0,   0,  0, 0, 0, 2,   0,   16,  0,   /* rate, bytes a second; 16 bits */
      'd', 'a', 't', 'a', 0,  0, 0, 0};
  memcpy(out, fixed, sizeof fixed);
  put_u32(out + 4, GODWIT_CAPTURE_WAV_HEADER - 8u + 2u * sample_count);
  put_u32(out + 24, rate_hz);
  put_u32(out + 28, 2u * rate_hz);
  put_u32(out + 40, 2u * sample_count);
}

/* The WAV file as it would stand on a disk. */
static int read_wav(void *arg, uint64_t offset, void *data, size_t size) {
  const struct godwit_capture *capture = arg;
  const struct godwit_capture_slot *slot = capture->sending;
  if (slot == NULL) return GODWIT_ERR_CANCELLED;
  const struct godwit_capture_clip *clip = &slot->internal.clip;
  uint8_t header[GODWIT_CAPTURE_WAV_HEADER];
  uint8_t *out = data;
  if (offset > wav_size(clip) || size > wav_size(clip) - offset) return GODWIT_ERR_ARGUMENT;
  write_wav_header(header, capture->config.sample_rate_hz, clip->sample_count);
  for (size_t i = 0; i < size; i++) {
    size_t at = (size_t)offset + i;
    if (at < sizeof header) {
      out[i] = header[at];
    } else {
      uint16_t sample = (uint16_t)slot->samples[(at - sizeof header) / 2];
      out[i] = (uint8_t)(at % 2 == 0 ? sample : sample >> 8); /* the header's size is even */
    }
  }
  return GODWIT_OK;
}

static void write_pair(struct gw_cbor_writer *map, size_t *pairs, const char *key,
                       const char *text) {
  if (text[0] == '\0') return;
  gw_cbor_write_text(map, key);
  gw_cbor_write_text(map, text);
  ++*pairs;
}

static void write_number(struct gw_cbor_writer *map, size_t *pairs, const char *key,
                         uint64_t number) {
  gw_cbor_write_text(map, key);
  gw_cbor_write_uint(map, number);
  ++*pairs;
}

/* All of the application's pairs or none. */
static void annotate(const struct godwit_capture *capture, const struct godwit_capture_clip *clip,
                     struct gw_cbor_writer *map, size_t *pairs) {
  if (capture->config.annotate == NULL) return;
  struct gw_cbor_writer before = *map;
  size_t added = capture->config.annotate(capture->config.arg, clip, map);
  if (added > ANNOTATIONS_MAX || gw_cbor_writer_finish(map) < 0) {
    *map = before;
  } else {
    *pairs += added;
  }
}

/* docs/spec/wire.md 11. Its size. */
static size_t write_provenance(struct godwit_capture *capture,
                               const struct godwit_capture_clip *clip) {
  struct gw_cbor_writer map;
  size_t pairs = 0;
  /* The count of pairs, up to 23, is one byte: written when it is known. */
  gw_cbor_writer_init(&map, capture->provenance + 1, sizeof capture->provenance - 1);
  write_pair(&map, &pairs, "model", clip->model);
  write_pair(&map, &pairs, "heard", clip->label);
  if (clip->label[0] != '\0') write_number(&map, &pairs, "score", clip->score);
  if (clip->time_us != 0) write_number(&map, &pairs, "time", clip->time_us);
  write_pair(&map, &pairs, "trigger", godwit_capture_trigger_name(clip->trigger));
  if (clip->has_features) {
    gw_cbor_write_text(&map, "features");
    gw_cbor_write_bytes(&map, clip->features, sizeof clip->features);
    pairs++;
  }
  annotate(capture, clip, &map, &pairs);
  capture->provenance[0] = (uint8_t)(0xA0u | pairs);
  return 1u + (size_t)gw_cbor_writer_finish(&map);
}

static void on_uploaded(struct godwit_client *client, int status, uint8_t code, void *arg) {
  struct godwit_capture *capture = arg;
  struct godwit_capture_slot *slot = capture->sending;
  (void)client;
  capture->sending = NULL;
  if (slot == NULL) return;
  if (status != GODWIT_OK) {
    godwit_log(GODWIT_LOG_WARN, "capture: sending clip %u to .s/%s: %s (code %u.%02u)",
               (unsigned)slot->internal.clip.number, capture->config.path,
               godwit_status_name(status), code >> 5, code & 31u);
    lose(capture, slot, status, code);
    return;
  }
  slot->internal.phase = SLOT_FREE;
  capture->counts.sent++;
  capture->counts.sent_bytes += wav_size(&slot->internal.clip);
  tell_clip(capture, GODWIT_CAPTURE_SENT, slot, GODWIT_OK, code);
}

static int start_upload(struct godwit_capture *capture, struct godwit_capture_slot *slot) {
  int status = godwit_capture_quota_use(&capture->quota, capture->config.volume);
  if (status < 0) return status; /* what cannot be counted is not sent */
  struct godwit_stream_upload *upload = &capture->upload;
  upload->path = capture->config.path;
  upload->size_bytes = wav_size(&slot->internal.clip);
  upload->read = read_wav;
  upload->provenance = capture->provenance;
  upload->provenance_size = write_provenance(capture, &slot->internal.clip);
  upload->done = on_uploaded;
  upload->arg = capture;
  capture->sending = slot;
  slot->internal.phase = SLOT_SENDING;
  status = godwit_stream_upload(capture->config.client, upload);
  if (status < 0) capture->sending = NULL;
  return status;
}

static void send_next(struct godwit_capture *capture) {
  if (capture->sending != NULL) return;
  if (godwit_client_state(capture->config.client) != GODWIT_CLIENT_CONNECTED) return;
  struct godwit_capture_slot *slot = find_slot(capture, SLOT_READY);
  if (slot == NULL) return;
  int status = GODWIT_ERR_CANCELLED; /* the quota was lowered meanwhile */
  if (capture->quota.used < capture->config.per_day) status = start_upload(capture, slot);
  if (status < 0) lose(capture, slot, status, 0);
}

/* Consent -------------------------------------------------------------------- */

/* No audio stays, nowhere. */
static void forget_audio(struct godwit_capture *capture) {
  if (capture->sending != NULL) {
    godwit_stream_upload_cancel(capture->config.client, &capture->upload);
    capture->sending = NULL;
  }
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    struct godwit_capture_slot *slot = &capture->config.slots[i];
    if (slot->internal.phase != SLOT_FREE) lose(capture, slot, GODWIT_ERR_CANCELLED, 0);
    memset(slot->samples, 0, capture->config.slot_samples * sizeof *slot->samples);
    memset(&slot->internal, 0, sizeof slot->internal);
  }
  memset(capture->config.ring, 0, capture->config.ring_samples * sizeof *capture->config.ring);
  memset(&capture->upload, 0, sizeof capture->upload);
  memset(capture->provenance, 0, sizeof capture->provenance);
  memset(&capture->word, 0, sizeof capture->word);
  capture->oldest = capture->position;
}

static void tell_setting(const struct godwit_capture *capture, const char *name, int32_t value) {
  tell(capture, &(struct godwit_capture_event){
                    .type = GODWIT_CAPTURE_SETTING, .setting = name, .value = value});
}

static void set_enabled(struct godwit_capture *capture, bool enabled) {
  if (capture->enabled == enabled) return;
  capture->enabled = enabled;
  capture->word.phase = WORD_NONE;
  if (!enabled) forget_audio(capture);
  tell_setting(capture, "CAPTURE_ENABLED", enabled);
}

/* Settings that came without ours: it was deleted, or is no bool any more. */
static void watch_settings(struct godwit_capture *capture) {
  const struct godwit_settings *settings = capture->config.settings;
  if (settings != NULL && settings->version != capture->consent_version) {
    set_enabled(capture, false);
  }
}

static enum godwit_settings_status on_enabled(const struct godwit_setting_value *value, void *arg) {
  struct godwit_capture *capture = arg;
  if (capture->config.settings != NULL) {
    capture->consent_version = capture->config.settings->version;
  }
  set_enabled(capture, value->boolean);
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status on_per_day(const struct godwit_setting_value *value, void *arg) {
  struct godwit_capture *capture = arg;
  uint32_t before = capture->config.per_day;
  capture->config.per_day = (uint32_t)value->integer;
  if (capture->config.per_day != before) {
    tell_setting(capture, "CAPTURE_PER_DAY", (int32_t)value->integer);
  }
  return GODWIT_SETTINGS_SUCCESS;
}

static void set_bound(struct godwit_capture *capture, uint8_t *bound, const char *name,
                      int64_t value) {
  if (*bound == value) return;
  *bound = (uint8_t)value;
  capture->word.phase = WORD_NONE;
  tell_setting(capture, name, (int32_t)value);
}

static enum godwit_settings_status on_band_low(const struct godwit_setting_value *value,
                                               void *arg) {
  struct godwit_capture *capture = arg;
  set_bound(capture, &capture->config.band_low, "CAPTURE_BAND_LOW", value->integer);
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status on_band_high(const struct godwit_setting_value *value,
                                                void *arg) {
  struct godwit_capture *capture = arg;
  set_bound(capture, &capture->config.band_high, "CAPTURE_BAND_HIGH", value->integer);
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status on_one_in(const struct godwit_setting_value *value, void *arg) {
  struct godwit_capture *capture = arg;
  uint32_t before = capture->config.one_in;
  capture->config.one_in = (uint32_t)value->integer;
  if (capture->config.one_in != before) {
    capture->detections = 0;
    tell_setting(capture, "CAPTURE_ONE_IN", (int32_t)value->integer);
  }
  return GODWIT_SETTINGS_SUCCESS;
}

void godwit_capture_settings(struct godwit_capture *capture,
                             struct godwit_setting table[GODWIT_CAPTURE_SETTINGS]) {
  const struct godwit_setting entries[GODWIT_CAPTURE_SETTINGS] = {
      {"CAPTURE_ENABLED", GODWIT_SETTING_BOOL, 0, 0, on_enabled, capture},
      {"CAPTURE_PER_DAY", GODWIT_SETTING_INT, 0, PER_DAY_MAX, on_per_day, capture},
      {"CAPTURE_BAND_LOW", GODWIT_SETTING_INT, 0, 255, on_band_low, capture},
      {"CAPTURE_BAND_HIGH", GODWIT_SETTING_INT, 0, 255, on_band_high, capture},
      {"CAPTURE_ONE_IN", GODWIT_SETTING_INT, 0, ONE_IN_MAX, on_one_in, capture},
  };
  memcpy(table, entries, sizeof entries);
}

bool godwit_capture_is_enabled(const struct godwit_capture *capture) { return capture->enabled; }

/* RPC ------------------------------------------------------------------------ */

/* Seconds as a number of any kind, in milliseconds; false: not above 0, or
 * beyond all slots. */
static bool read_seconds(struct gw_cbor_reader *params, uint32_t *ms) {
  struct gw_cbor_item item;
  if (gw_cbor_read(params, &item) < 0) return false;
  double seconds = item.type == GW_CBOR_UINT ? (double)item.uint : gw_cbor_number(&item);
  if (item.type != GW_CBOR_UINT && item.type != GW_CBOR_FLOAT) return false;
  if (!(seconds >= 0.001 && seconds <= 86400.0)) return false;
  *ms = (uint32_t)(seconds * 1000.0);
  return true;
}

static enum godwit_rpc_status on_call(struct gw_cbor_reader *params, size_t param_count,
                                      struct gw_cbor_writer *detail, void *arg) {
  struct godwit_capture *capture = arg;
  uint32_t ms = capture->config.clip_ms;
  uint32_t number = 0;
  size_t pairs = 0;
  if (param_count > 1 || (param_count == 1 && !read_seconds(params, &ms))) {
    return GODWIT_RPC_INVALID_ARGUMENT;
  }
  switch (godwit_capture_now(capture, ms, &number)) {
    case GODWIT_OK:
      break;
    case GODWIT_ERR_STATE:
      return GODWIT_RPC_PERMISSION_DENIED;
    case GODWIT_ERR_NO_SPACE:
      return GODWIT_RPC_RESOURCE_EXHAUSTED;
    case GODWIT_ERR_NO_MEMORY:
      return GODWIT_RPC_UNAVAILABLE;
    default:
      return GODWIT_RPC_INVALID_ARGUMENT;
  }
  write_number(detail, &pairs, "capture", number);
  write_number(detail, &pairs, "ms", ms);
  write_number(detail, &pairs, "left", godwit_capture_quota_left(capture));
  return GODWIT_RPC_OK;
}

void godwit_capture_rpc_method(struct godwit_capture *capture, struct godwit_rpc_method *method) {
  *method = (struct godwit_rpc_method){.name = "capture", .call = on_call, .arg = capture};
}

/* Whole ---------------------------------------------------------------------- */

static void set_defaults(struct godwit_capture_config *config) {
  if (config->path == NULL) config->path = "audio";
  if (config->clip_ms == 0) config->clip_ms = CLIP_MS_DEFAULT;
  if (config->post_ms == 0) config->post_ms = config->clip_ms / 2;
  if (config->settle_ms == 0) config->settle_ms = SETTLE_MS_DEFAULT;
  if (config->search_ms == 0) config->search_ms = SEARCH_MS_DEFAULT;
  if (config->search_ms == UINT32_MAX) config->search_ms = 0; /* from here on: not moved */
  if (config->per_day == 0) config->per_day = PER_DAY_DEFAULT;
  if (config->band_low == 0 && config->band_high == 0) {
    config->band_low = BAND_LOW_DEFAULT;
    config->band_high = BAND_HIGH_DEFAULT;
  }
}

/* Sizes of WAV files and their samples have to fit 32 bits. */
#define SLOT_SAMPLES_MAX 0x3FFFFFFFu

static bool is_possible(const struct godwit_capture *capture) {
  const struct godwit_capture_config *config = &capture->config;
  if (config->client == NULL || config->sample_rate_hz == 0 || config->sample_rate_hz > 1000000u ||
      config->clip_ms > CLIP_MS_MAX || strlen(config->path) > GODWIT_STREAM_PATH_MAX) {
    return false;
  }
  if (config->ring == NULL || config->slots == NULL || config->slot_count == 0) return false;
  if (config->slot_samples > SLOT_SAMPLES_MAX) return false;
  if (config->post_ms > config->clip_ms || config->search_ms > config->clip_ms ||
      capture->clip_samples == 0)
    return false;
  if (config->ring_samples < capture->clip_samples || config->ring_samples < PART_SAMPLES ||
      config->slot_samples < capture->clip_samples) {
    return false;
  }
  for (size_t i = 0; i < config->slot_count; i++) {
    if (config->slots[i].samples == NULL) return false;
  }
  return true;
}

int godwit_capture_init(struct godwit_capture *capture,
                        const struct godwit_capture_config *config) {
  memset(capture, 0, sizeof *capture);
  capture->config = *config;
  set_defaults(&capture->config);
  capture->clip_samples = samples_of(capture, capture->config.clip_ms);
  capture->post_samples = samples_of(capture, capture->config.post_ms);
  capture->settle_samples = samples_of(capture, capture->config.settle_ms);
  capture->search_samples = samples_of(capture, capture->config.search_ms);
  if (!is_possible(capture)) return GODWIT_ERR_ARGUMENT;
  for (size_t i = 0; i < capture->config.slot_count; i++) {
    memset(&capture->config.slots[i].internal, 0, sizeof capture->config.slots[i].internal);
  }
  forget_audio(capture);
  godwit_capture_quota_load(&capture->quota, capture->config.volume);
  return GODWIT_OK;
}

void godwit_capture_deinit(struct godwit_capture *capture) {
  capture->enabled = false;
  forget_audio(capture);
}

void godwit_capture_poll(struct godwit_capture *capture) {
  watch_settings(capture);
  godwit_capture_quota_tick(&capture->quota, capture->config.volume);
  if (capture->enabled) send_next(capture);
}
