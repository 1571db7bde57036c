/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/speech.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "godwit/log.h"
#include "wire/cbor.h"

#define TELL_AT_MOST_EVERY_MS 1000u
#define TELL_AT_LEAST_EVERY_MS 60000u
#define EVERY_S_DEFAULT 20u
#define EVERY_S_MAX 3600
#define SPEAKER 0u /* who is asked to say something */
#define NOISE_MS 1500u
#define BACKGROUND "background"
/* Behind a word: until then it has been decided what it was, and the recogniser
 * reports another. */
#define DECIDED_SAMPLES (WIT_AUDIO_SAMPLE_RATE * 14 / 10)

static uint32_t random_below(struct virt_speech *speech, uint32_t end) {
  speech->random ^= speech->random << 13;
  speech->random ^= speech->random >> 17;
  speech->random ^= speech->random << 5;
  return speech->random % end;
}

/* --- what was heard ------------------------------------------------------------ */

static unsigned percent(uint8_t score) { return (unsigned)score * 100 / 255; }

/* A label is the model's, and a model is anybody's. */
static void copy_printable(char out[WIT_MODEL_LABEL_MAX + 1], const char *label) {
  size_t i = 0;
  for (; i < WIT_MODEL_LABEL_MAX && label[i] != 0; i++) {
    out[i] = (char)(label[i] >= ' ' && label[i] <= '~' ? label[i] : '?');
  }
  out[i] = 0;
}

static void note_time(char out[24]) {
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void on_heard(void *arg, const struct listener_heard *heard) {
  struct virt_speech *speech = arg;
  copy_printable(speech->last.label, heard->label);
  speech->last.score = heard->score;
  note_time(speech->last_time);
  speech->changed = true;
  godwit_log(GODWIT_LOG_INFO, "speech: heard %s, %u %%", speech->last.label, percent(heard->score));
  if (!speech->listens_for_say || speech->said_count == VIRT_HEARD_MAX) return;
  speech->said_word[speech->said_count++] = speech->last;
  speech->said_keyword |= heard->keyword;
}

/* --- its state ------------------------------------------------------------------ */

static void write_model(struct gw_cbor_writer *writer, const struct virt_speech *speech) {
  gw_cbor_write_text(writer, "model");
  if (speech->models->active == NULL) {
    gw_cbor_write_null(writer);
    return;
  }
  gw_cbor_write_map(writer, 2);
  gw_cbor_write_text(writer, "package");
  gw_cbor_write_text(writer, VIRT_PACKAGE);
  gw_cbor_write_text(writer, "version");
  gw_cbor_write_text(writer, speech->models->active->version);
}

/* To three digits, as a person writes it. */
static double share(uint8_t score) {
  unsigned permille = (unsigned)score * 1000 / 255;
  return permille / 1000.0;
}

static void write_last(struct gw_cbor_writer *writer, const struct virt_speech *speech) {
  gw_cbor_write_text(writer, "heard");
  if (speech->last_time[0] == 0) {
    gw_cbor_write_null(writer);
    return;
  }
  gw_cbor_write_map(writer, 3);
  gw_cbor_write_text(writer, "label");
  gw_cbor_write_text(writer, speech->last.label);
  gw_cbor_write_text(writer, "score");
  gw_cbor_write_double(writer, share(speech->last.score));
  gw_cbor_write_text(writer, "time");
  gw_cbor_write_text(writer, speech->last_time);
}

static void write_number(struct gw_cbor_writer *writer, const char *name, uint64_t number) {
  gw_cbor_write_text(writer, name);
  gw_cbor_write_uint(writer, number);
}

static int write_state(struct virt_speech *speech) {
  struct gw_cbor_writer writer;
  const struct listener_counts *counts = &speech->hearing.listener.counts;
  gw_cbor_writer_init(&writer, speech->state, sizeof speech->state);
  gw_cbor_write_map(&writer, 6);
  write_model(&writer, speech);
  write_last(&writer, speech);
  write_number(&writer, "windows", counts->windows_evaluated);
  write_number(&writer, "missed", counts->windows_missed);
  write_number(&writer, "swaps", speech->swaps);
  write_number(&writer, "longestGapMs", speech->hearing.longest_gap_ns / 1000000);
  return gw_cbor_writer_finish(&writer);
}

static void on_told(struct godwit_client *client, int status, uint8_t code, void *arg) {
  struct virt_speech *speech = arg;
  (void)client;
  if (status == GODWIT_OK) return;
  godwit_log(GODWIT_LOG_WARN, "speech: the server did not take the state: %s (%u.%02u)",
             godwit_status_name(status), code >> 5, code & 31u);
  speech->told_windows = 0; /* the next minute's */
}

static bool is_due(const struct virt_speech *speech, uint64_t now_ms) {
  uint64_t passed_ms = now_ms - speech->told_ms;
  bool has_moved = speech->hearing.listener.counts.windows_evaluated != speech->told_windows;
  return (speech->changed && passed_ms >= TELL_AT_MOST_EVERY_MS) ||
         (has_moved && passed_ms >= TELL_AT_LEAST_EVERY_MS);
}

static void tell(struct virt_speech *speech, uint64_t now_ms) {
  if (!is_due(speech, now_ms) || godwit_client_state(speech->client) != GODWIT_CLIENT_CONNECTED) {
    return;
  }
  int size = write_state(speech);
  if (size < 0) return;
  int status = godwit_state_set(speech->client, &speech->change, "speech", GODWIT_FORMAT_CBOR,
                                speech->state, (size_t)size, on_told, speech);
  if (status != GODWIT_OK) return; /* the one before is still under way */
  speech->changed = false;
  speech->told_ms = now_ms;
  speech->told_windows = speech->hearing.listener.counts.windows_evaluated;
}

/* --- the room -------------------------------------------------------------------- */

static bool is_quiet_since(const struct virt_speech *speech, uint64_t samples) {
  uint64_t end = virt_ears_sound_end(&speech->hearing.ears);
  return end == 0 || virt_hearing_position(&speech->hearing) >= end + samples;
}

static void schedule_talk(struct virt_speech *speech, uint64_t now_ms) {
  uint32_t every_ms = speech->every_s * 1000;
  speech->talk_ms =
      every_ms == 0 ? UINT64_MAX : now_ms + every_ms / 2 + random_below(speech, every_ms + 1);
}

static void talk(struct virt_speech *speech, uint64_t now_ms) {
  struct virt_clip clip;
  if (now_ms < speech->talk_ms || !is_quiet_since(speech, DECIDED_SAMPLES)) return;
  schedule_talk(speech, now_ms);
  const char *word = virt_clip_word(random_below(speech, (uint32_t)virt_clip_word_count()));
  if (virt_clip_of(word, random_below(speech, VIRT_CLIPS_OF_A_WORD), &clip)) {
    virt_ears_say(&speech->hearing.ears, &clip);
  }
}

static enum godwit_settings_status set_every(const struct godwit_setting_value *value, void *arg) {
  struct virt_speech *speech = arg;
  if ((uint32_t)value->integer != speech->every_s) {
    speech->every_s = (uint32_t)value->integer;
    speech->talk_ms = speech->every_s == 0 ? UINT64_MAX : 0; /* at once, to be seen */
  }
  return GODWIT_SETTINGS_SUCCESS;
}

/* --- the call `say` ---------------------------------------------------------------- */

static void hear_one(struct virt_speech *speech) {
  if (virt_hearing_step(&speech->hearing)) return;
  unsigned ms = virt_hearing_wait_ms(&speech->hearing);
  nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

static bool is_decided(const struct virt_speech *speech) {
  return is_quiet_since(speech, speech->said_keyword ? 0 : DECIDED_SAMPLES);
}

static void write_said(struct virt_speech *speech, const char *word,
                       struct gw_cbor_writer *detail) {
  gw_cbor_write_text(detail, "said");
  gw_cbor_write_text(detail, word);
  gw_cbor_write_text(detail, "heard");
  gw_cbor_write_array(detail, speech->said_count);
  for (size_t i = 0; i < speech->said_count; i++) {
    gw_cbor_write_map(detail, 2);
    gw_cbor_write_text(detail, "label");
    gw_cbor_write_text(detail, speech->said_word[i].label);
    gw_cbor_write_text(detail, "score");
    gw_cbor_write_double(detail, share(speech->said_word[i].score));
  }
  write_model(detail, speech);
}

static enum godwit_rpc_status refuse_word(struct gw_cbor_writer *detail) {
  gw_cbor_write_text(detail, "error");
  gw_cbor_write_text(detail, "say takes one word: yes, no, stop, go or " BACKGROUND);
  return GODWIT_RPC_INVALID_ARGUMENT;
}

/* Waits for the end of what sounds, says it, and listens until it is decided. */
static enum godwit_rpc_status say(struct gw_cbor_reader *params, size_t param_count,
                                  struct gw_cbor_writer *detail, void *arg) {
  struct virt_speech *speech = arg;
  struct virt_clip clip;
  char word[16];
  if (param_count != 1 || gw_cbor_read_text(params, word, sizeof word) != GW_OK) {
    return refuse_word(detail);
  }
  bool is_noise = strcmp(word, BACKGROUND) == 0;
  if (!is_noise && !virt_clip_of(word, SPEAKER, &clip)) return refuse_word(detail);
  while (!*speech->stopped && !is_quiet_since(speech, DECIDED_SAMPLES)) hear_one(speech);
  speech->said_count = 0;
  speech->said_keyword = false;
  speech->listens_for_say = true;
  if (is_noise) {
    virt_ears_make_noise(&speech->hearing.ears, NOISE_MS);
  } else {
    virt_ears_say(&speech->hearing.ears, &clip);
  }
  while (!*speech->stopped && !is_decided(speech)) hear_one(speech);
  speech->listens_for_say = false;
  write_said(speech, word, detail);
  return GODWIT_RPC_OK;
}

/* --- putting it together ------------------------------------------------------------ */

int virt_speech_start(struct virt_speech *speech, struct wit_model_pair *models,
                      struct godwit_client *client, uint32_t seed,
                      const volatile sig_atomic_t *stopped) {
  memset(speech, 0, sizeof *speech);
  virt_hearing_init(&speech->hearing, models, NULL, seed, on_heard, speech);
  speech->models = models;
  speech->client = client;
  speech->stopped = stopped;
  speech->random = seed | 1u;
  speech->every_s = EVERY_S_DEFAULT;
  speech->setting[0] = (struct godwit_setting){.key = "SPEECH_EVERY_S",
                                               .type = GODWIT_SETTING_INT,
                                               .integer_min = 0,
                                               .integer_max = EVERY_S_MAX,
                                               .on_set = set_every,
                                               .arg = speech};
  speech->method[0] = (struct godwit_rpc_method){.name = "say", .call = say, .arg = speech};
  int status = godwit_settings_start(&speech->settings, client, speech->setting, 1);
  if (status < 0) return status;
  return godwit_rpc_start(&speech->rpc, client, speech->method, 1);
}

void virt_speech_stop(struct virt_speech *speech) {
  godwit_rpc_stop(&speech->rpc);
  godwit_settings_stop(&speech->settings);
}

bool virt_speech_step(struct virt_speech *speech, uint64_t now_ms) {
  bool more = virt_hearing_step(&speech->hearing);
  talk(speech, now_ms);
  tell(speech, now_ms);
  return more;
}

void virt_speech_model_changed(struct virt_speech *speech, bool swapped) {
  listener_model_changed(&speech->hearing.listener);
  speech->swaps += swapped;
  speech->changed = true;
}

void virt_speech_connected(struct virt_speech *speech) { speech->changed = true; }
