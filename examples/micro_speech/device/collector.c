/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "godwit/capture.h"
#include "mbedtls/sha256.h"
#include "wit_audio/wav.h"

#define SAMPLES_OF(ms) ((size_t)WIT_AUDIO_SAMPLE_RATE * (ms) / 1000)
#define DIGEST_TEXT_BYTES (2 * 32 + 1)

struct collector {
  struct collector_config config;
  struct godwit_capture capture;
  struct godwit_settings settings;
  struct godwit_setting setting_table[GODWIT_CAPTURE_SETTINGS];
  struct godwit_rpc rpc;
  struct godwit_rpc_method method_table[1];
  struct godwit_capture_slot slot[COLLECTOR_SLOTS_MAX];
  int16_t ring[SAMPLES_OF(COLLECTOR_RING_MS)];
  int16_t slot_samples[][SAMPLES_OF(COLLECTOR_SLOT_MS)];
};

/* Telling. */

static double seconds(uint64_t samples) { return (double)samples / WIT_AUDIO_SAMPLE_RATE; }

static bool clip_played(const struct collector *collector, const struct godwit_capture_clip *clip,
                        struct playlist_word *word, size_t *count) {
  *word = (struct playlist_word){0};
  *count = 0;
  return collector->config.audio &&
         audio_word_at(collector->config.audio, clip->first_sample,
                       clip->first_sample + clip->sample_count, word, count);
}

/* Of the word's clip, how much is in the capture: 0 to 1. */
static double share(const struct godwit_capture_clip *clip, const struct playlist_word *word) {
  uint64_t from = clip->first_sample, to = from + clip->sample_count;
  if (word->end_sample <= word->start_sample) return 0;
  if (from < word->start_sample) from = word->start_sample;
  if (to > word->end_sample) to = word->end_sample;
  return (double)(to - from) / (double)(word->end_sample - word->start_sample);
}

/* SHA-256 of the WAV file, by which the server knows it. */
static void write_digest(char text[DIGEST_TEXT_BYTES], const int16_t *samples, size_t count) {
  uint8_t header[WIT_AUDIO_WAV_HEADER_BYTES], bytes[2], digest[32];
  mbedtls_sha256_context context;
  wit_audio_wav_write_header(header, WIT_AUDIO_SAMPLE_RATE, count);
  mbedtls_sha256_init(&context);
  mbedtls_sha256_starts(&context, 0);
  mbedtls_sha256_update(&context, header, sizeof header);
  for (size_t i = 0; i < count; i++) {
    wit_audio_wav_write_sample(bytes, samples[i]);
    mbedtls_sha256_update(&context, bytes, sizeof bytes);
  }
  mbedtls_sha256_finish(&context, digest);
  mbedtls_sha256_free(&context);
  for (size_t i = 0; i < sizeof digest; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static void tell_clip(const struct collector *collector, const char *name,
                      const struct godwit_capture_event *happened) {
  const struct godwit_capture_clip *clip = happened->clip;
  struct playlist_word word;
  size_t words;
  char digest[DIGEST_TEXT_BYTES];
  clip_played(collector, clip, &word, &words);
  write_digest(digest, happened->samples, clip->sample_count);
  event(name, {"number", EVENT_NUMBER(clip->number)},
        {"trigger", EVENT_TEXT(godwit_capture_trigger_name(clip->trigger))},
        {"label", EVENT_TEXT(clip->label)}, {"score", EVENT_NUMBER(clip->score / 255.0)},
        {"model", EVENT_TEXT(clip->model)}, {"from_s", EVENT_NUMBER(seconds(clip->first_sample))},
        {"to_s", EVENT_NUMBER(seconds(clip->first_sample + clip->sample_count))},
        {"bytes", EVENT_NUMBER(happened->size_bytes)}, {"sha256", EVENT_TEXT(digest)},
        {"clip", EVENT_TEXT(word.file)}, {"clip_share", EVENT_NUMBER(share(clip, &word))},
        {"clips", EVENT_NUMBER(words)});
}

static void tell_lost(const struct godwit_capture_event *happened) {
  event("capture_lost", {"number", EVENT_NUMBER(happened->clip->number)},
        {"label", EVENT_TEXT(happened->clip->label)},
        {"why", EVENT_TEXT(godwit_status_name(happened->status))},
        {"code", EVENT_NUMBER((happened->code >> 5) + (happened->code & 31) / 100.0)});
}

static void on_event(void *arg, const struct godwit_capture_event *happened) {
  const struct collector *collector = arg;
  switch (happened->type) {
    case GODWIT_CAPTURE_TAKEN:
      tell_clip(collector, "capture", happened);
      break;
    case GODWIT_CAPTURE_SENT:
      tell_clip(collector, "captured", happened);
      break;
    case GODWIT_CAPTURE_LOST:
      tell_lost(happened);
      break;
    case GODWIT_CAPTURE_SETTING:
      event("setting", {"name", EVENT_TEXT(happened->setting)},
            {"value", EVENT_NUMBER(happened->value)});
      break;
  }
}

/* What the capture asks of us. */

static uint64_t wall_clock_us(void *arg) {
  struct timespec now;
  (void)arg;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static size_t annotate(void *arg, const struct godwit_capture_clip *clip,
                       struct gw_cbor_writer *provenance) {
  const struct collector *collector = arg;
  struct playlist_word word;
  size_t words;
  if (!collector->config.clip_names || !clip_played(collector, clip, &word, &words)) return 0;
  gw_cbor_write_text(provenance, "clip");
  gw_cbor_write_text(provenance, word.file);
  gw_cbor_write_text(provenance, "clipShare"); /* of it that is in the capture, in percent */
  gw_cbor_write_uint(provenance, (uint64_t)(100 * share(clip, &word)));
  return 2;
}

/* Putting it together. */

static int begin(struct collector *collector) {
  const struct collector_config *config = &collector->config;
  int status =
      godwit_capture_init(&collector->capture, &(struct godwit_capture_config){
                                                   .client = config->client,
                                                   .sample_rate_hz = WIT_AUDIO_SAMPLE_RATE,
                                                   .ring = collector->ring,
                                                   .ring_samples = SAMPLES_OF(COLLECTOR_RING_MS),
                                                   .slots = collector->slot,
                                                   .slot_count = config->slots,
                                                   .slot_samples = SAMPLES_OF(COLLECTOR_SLOT_MS),
                                                   .clip_ms = COLLECTOR_CLIP_MS,
                                                   .volume = config->volume,
                                                   .settings = &collector->settings,
                                                   .on_event = on_event,
                                                   .time_us = wall_clock_us,
                                                   .annotate = annotate,
                                                   .arg = collector,
                                               });
  if (status < 0) return status;
  godwit_capture_settings(&collector->capture, collector->setting_table);
  godwit_capture_rpc_method(&collector->capture, &collector->method_table[0]);
  status = godwit_settings_start(&collector->settings, config->client, collector->setting_table,
                                 GODWIT_CAPTURE_SETTINGS);
  if (status < 0) return status;
  return godwit_rpc_start(&collector->rpc, config->client, collector->method_table, 1);
}

struct collector *collector_open(const struct collector_config *config, const char **error) {
  size_t slots_size = config->slots * sizeof((struct collector *)0)->slot_samples[0];
  struct collector *collector = calloc(1, sizeof *collector + slots_size);
  if (!collector) abort();
  collector->config = *config;
  for (size_t i = 0; i < config->slots; i++)
    collector->slot[i].samples = collector->slot_samples[i];
  int status = begin(collector);
  if (status == GODWIT_OK) return collector;
  *error = godwit_status_name(status);
  free(collector);
  return NULL;
}

void collector_close(struct collector *collector) {
  if (!collector) return;
  godwit_rpc_stop(&collector->rpc);
  godwit_settings_stop(&collector->settings);
  godwit_capture_deinit(&collector->capture);
  free(collector);
}

void collector_set_model(struct collector *collector, const char *version) {
  char name[GODWIT_CAPTURE_MODEL_MAX + 1];
  snprintf(name, sizeof name, "model@%s", version);
  godwit_capture_set_model(&collector->capture, name);
}

void collector_push(struct collector *collector, const int16_t *samples, size_t count) {
  godwit_capture_push(&collector->capture, samples, count);
}

void collector_skip(struct collector *collector, uint64_t count) {
  godwit_capture_skip(&collector->capture, count);
}

void collector_window(void *context, const struct listener_window *window) {
  struct collector *collector = context;
  godwit_capture_score(&collector->capture, &(struct godwit_capture_word){
                                                .label = window->label,
                                                .score = window->score,
                                                .ago_ms = COLLECTOR_WORD_AGO_MS,
                                                .input = window->window,
                                                .input_size = RECOGNIZER_WINDOW_BYTES,
                                            });
}

void collector_heard(struct collector *collector, const struct listener_heard *heard) {
  godwit_capture_detection(&collector->capture,
                           &(struct godwit_capture_word){
                               .label = heard->label,
                               .score = heard->score,
                               .ago_ms = COLLECTOR_WORD_AGO_MS + heard->peak_ago_ms,
                               .input = heard->window,
                               .input_size = RECOGNIZER_WINDOW_BYTES,
                           });
}

void collector_poll(struct collector *collector) { godwit_capture_poll(&collector->capture); }

void collector_stats(const struct collector *collector, struct event_field out[COLLECTOR_STATS]) {
  const struct godwit_capture_counts *counts = &collector->capture.counts;
  const struct event_field fields[COLLECTOR_STATS] = {
      {"captures_taken", EVENT_NUMBER(counts->taken)},
      {"captures_sent", EVENT_NUMBER(counts->sent)},
      {"captures_lost", EVENT_NUMBER(counts->lost)},
      {"captures_dropped", EVENT_NUMBER(counts->dropped)},
      {"captures_refused_quota", EVENT_NUMBER(counts->refused_quota)},
      {"captures_refused_consent", EVENT_NUMBER(counts->refused_consent)},
      {"captures_repeated", EVENT_NUMBER(counts->repeated)},
      {"capture_bytes", EVENT_NUMBER(counts->sent_bytes)},
      {"capture_quota_left", EVENT_NUMBER(godwit_capture_quota_left(&collector->capture))},
  };
  memcpy(out, fields, sizeof fields);
}
