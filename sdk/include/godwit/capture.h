/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_CAPTURE_H
#define GODWIT_CAPTURE_H
/* A device keeps the last seconds of audio and sends what the next model should
 * learn from: words that its model was unsure of, one detection in N, or a clip
 * that an operator asks for. Each goes up as a WAV file with its provenance
 * (docs/spec/wire.md 11), in the background, while recognition goes on.
 *
 *   audio ──► godwit_capture_push ──► ring ──► slot ──► upload (godwit/stream.h)
 *   model ──► godwit_capture_score ───────trigger──┘         ▲
 *   server ─► settings: consent, quota, band; RPC `capture` ─┘
 *
 * Consent: nothing is kept, in the ring or anywhere, until the server's setting
 * CAPTURE_ENABLED is true. When it becomes false, or the setting is gone, the
 * upload under way is cancelled and ring and slots are wiped.
 *
 * Memory: all of it is the caller's; nothing is allocated. Threads: as
 * godwit/client.h, push and score included (an interrupt hands its samples to
 * the loop). Work: push copies what it is given, and four times as much for
 * each clip that is being taken, passes once over the audio of a word that may be
 * captured, and does no I/O; score compares, and hashes the model's input at a
 * peak that may become a capture; poll does one small write to the medium a
 * capture and one an hour. Callbacks run inside push, skip, poll, deinit and
 * godwit_client_poll; from them, call nothing of this header. */
#include "godwit/client.h"
#include "godwit/rpc.h"
#include "godwit/settings.h"
#include "godwit/stream.h"
#include "wire/cbor.h"

#define GODWIT_CAPTURE_LABEL_MAX 63u /* longer ones are cut */
#define GODWIT_CAPTURE_MODEL_MAX 33u /* "PACKAGE@VERSION" */
#define GODWIT_CAPTURE_FEATURES 8u
#define GODWIT_CAPTURE_WAV_HEADER 44u

enum godwit_capture_trigger {
  GODWIT_CAPTURE_BAND,    /* the model was unsure: score in the band */
  GODWIT_CAPTURE_ONE_IN,  /* one of every N detections, sure or not */
  GODWIT_CAPTURE_COMMAND, /* somebody asked */
};
/* "band", "one_in", "command": as on the wire; static storage. */
const char *godwit_capture_trigger_name(enum godwit_capture_trigger trigger);

/* One capture. Positions count samples since init, skipped ones included. */
struct godwit_capture_clip {
  uint32_t number; /* 1 for the first since init */
  enum godwit_capture_trigger trigger;
  uint64_t first_sample;
  uint32_t sample_count;
  uint64_t time_us;                          /* of its trigger, since 1970; 0: not known */
  uint8_t score;                             /* in 1/255; of no meaning without a label */
  bool has_features;                         /* else features is zero */
  uint8_t features[GODWIT_CAPTURE_FEATURES]; /* first bytes of the SHA-256 of the model's input */
  char label[GODWIT_CAPTURE_LABEL_MAX + 1];  /* "": none was said */
  char model[GODWIT_CAPTURE_MODEL_MAX + 1];  /* that was running; "": none was named */
};

/* Room for one clip between microphone and server. Set samples, zero the rest. */
struct godwit_capture_slot {
  int16_t *samples; /* config.slot_samples of them */
  struct {
    struct godwit_capture_clip clip;
    uint32_t filled;
    uint8_t phase;
  } internal;
};

enum godwit_capture_event_type {
  GODWIT_CAPTURE_TAKEN,   /* whole, in its slot, waits for its turn */
  GODWIT_CAPTURE_SENT,    /* the server has it on its disk; its slot is free */
  GODWIT_CAPTURE_LOST,    /* will not be sent: status, and code where the server said no */
  GODWIT_CAPTURE_SETTING, /* the server has changed `setting` to `value` */
};
struct godwit_capture_event {
  enum godwit_capture_event_type type;
  const struct godwit_capture_clip *clip; /* TAKEN, SENT, LOST */
  const int16_t *samples;                 /* TAKEN, SENT: clip->sample_count of them */
  uint32_t size_bytes;                    /* TAKEN, SENT, LOST: of its WAV file */
  int status;                             /* LOST; GODWIT_ERR_CANCELLED: consent or quota withdrawn,
                                             or a gap in the audio */
  uint8_t code;                           /* LOST: CoAP code, 0 for none */
  const char *setting;
  int32_t value;
};

struct godwit_capture_config {
  struct godwit_client *client;
  const char *path;        /* stream that captures go to; NULL: "audio" */
  uint32_t sample_rate_hz; /* mono, 16 bits */

  /* The last seconds. A clip is cut out of it when its word has been judged, so
   * it should hold clip_ms - post_ms + search_ms + settle_ms + the largest ago_ms
   * of a word: 2.1 s for the defaults and 700. Where it holds less, clips begin
   * later. At least clip_ms. */
  int16_t *ring;
  size_t ring_samples;
  /* Captures that wait for the network. One that finds none free is dropped,
   * and counted. */
  struct godwit_capture_slot *slots;
  size_t slot_count;
  size_t slot_samples; /* of each; at least clip_ms; more lets a command ask for more */

  uint32_t clip_ms; /* length of a clip; 0: 1,000 */
  uint32_t post_ms; /* so much of it lies behind the word's moment; 0: half of it */
  /* A clip is moved by at most so much, so that the energy of the sound is centred
   * on the word's moment; 0: 400; at most clip_ms, or UINT32_MAX: not moved. */
  uint32_t search_ms;
  /* A word is judged when its score has found no new peak for so long; 0: 500. */
  uint32_t settle_ms;

  /* Until the server says otherwise. */
  uint32_t per_day;            /* 0: 20 */
  uint8_t band_low, band_high; /* both 0: 60 and 160 */
  uint32_t one_in;             /* 0: off */

  /* Where the day's count is kept over restarts (platform/storage.h), in one
   * file called capture.quota. NULL: a restart begins a new day. */
  const char *volume;
  /* The settings object that has our table (godwit_capture_settings): a setting
   * CAPTURE_ENABLED that an operator deletes then withdraws consent. NULL: only
   * false does. */
  const struct godwit_settings *settings;

  void (*on_event)(void *arg, const struct godwit_capture_event *event); /* may be NULL */
  /* Wall clock, microseconds since 1970, 0 while not known. May be NULL. */
  uint64_t (*time_us)(void *arg);
  /* Adds pairs (text key, value) of the application's own to the provenance;
   * returns how many, at most 8. What does not fit GODWIT_CAPTURE_PROVENANCE_MAX
   * is left out, all of it. May be NULL. */
  size_t (*annotate)(void *arg, const struct godwit_capture_clip *clip,
                     struct gw_cbor_writer *provenance);
  void *arg; /* for all three */
};
#define GODWIT_CAPTURE_PROVENANCE_MAX 320u

/* Since init. */
struct godwit_capture_counts {
  uint32_t taken;
  uint32_t sent;
  uint32_t lost;            /* given up, also before they were whole */
  uint32_t dropped;         /* triggered, and no slot was free, or its audio was not there */
  uint32_t refused_quota;   /* triggered, and the day's quota was used up */
  uint32_t refused_consent; /* triggered without consent */
  uint32_t repeated;        /* triggered within a clip's length of the one before */
  uint64_t sent_bytes;      /* WAV files of `sent` */
};

/* Of a day, which begins with its first capture; internal. */
struct godwit_capture_quota {
  uint32_t used;     /* begun; UINT32_MAX: the file cannot be trusted */
  uint64_t spent_ms; /* of the day, before since_ms */
  uint64_t since_ms;
  uint64_t saved_ms; /* when the file was written, or could not be read */
  uint32_t generation;
  bool unread; /* the medium did not answer */
};

struct godwit_capture {
  struct godwit_capture_config config; /* copied; what follows is internal */
  struct godwit_capture_counts counts;
  bool enabled;
  int64_t consent_version; /* of the settings that CAPTURE_ENABLED was last in */
  uint32_t clip_samples, post_samples, settle_samples, search_samples;

  uint64_t position; /* of the next sample */
  uint64_t oldest;   /* position of the oldest sample in the ring */

  struct { /* the word whose score is being watched */
    uint8_t phase;
    uint8_t peak;
    bool has_features;
    uint8_t features[GODWIT_CAPTURE_FEATURES];
    char label[GODWIT_CAPTURE_LABEL_MAX + 1];
    uint64_t moment;    /* of the word, at its peak */
    uint64_t peak_at;   /* when the peak was seen */
    uint64_t last_seen; /* when its score was last at the band's low end or above */
  } word;
  uint32_t detections; /* since the last one that was captured */
  bool has_moment;
  uint64_t last_moment; /* of the last capture */
  uint32_t last_number;
  char model[GODWIT_CAPTURE_MODEL_MAX + 1];

  struct godwit_capture_quota quota;

  struct godwit_capture_slot *sending; /* NULL: none */
  struct godwit_stream_upload upload;
  uint8_t provenance[GODWIT_CAPTURE_PROVENANCE_MAX];
};

/* Without consent. Reads the day's count from the volume. GODWIT_ERR_ARGUMENT
 * for a missing or impossible field of config. */
int godwit_capture_init(struct godwit_capture *capture, const struct godwit_capture_config *config);
/* Cancels the upload, wipes ring and slots. Before godwit_client_deinit. */
void godwit_capture_deinit(struct godwit_capture *capture);

/* The next samples of the stream, at each audio step. */
void godwit_capture_push(struct godwit_capture *capture, const int16_t *samples, size_t count);
/* `count` samples of the stream were lost: clips do not reach over them. */
void godwit_capture_skip(struct godwit_capture *capture, uint64_t count);

/* The model that scores from now on: "model@1.1.0". */
void godwit_capture_set_model(struct godwit_capture *capture, const char *name);

/* What a model makes of the audio just pushed. */
struct godwit_capture_word {
  const char *label; /* best one that is a word; NULL or "": none */
  uint8_t score;     /* in 1/255 */
  uint32_t ago_ms;   /* the middle of the word lies so far back */
  const void *input; /* the model's input, for the provenance; NULL: not told */
  size_t input_size;
};
/* After each inference (or each smoothed score). A word's score rises, peaks
 * and falls; the peak is what counts: captured where it lies within
 * CAPTURE_BAND_LOW and _HIGH, so that a word that the model is sure of is not
 * taken for one on its way up. Not twice within a clip's length. */
void godwit_capture_score(struct godwit_capture *capture, const struct godwit_capture_word *word);
/* After each word that the application recognised: one in CAPTURE_ONE_IN is
 * captured, whatever its score. */
void godwit_capture_detection(struct godwit_capture *capture,
                              const struct godwit_capture_word *word);
/* The last clip_ms of audio (0: config.clip_ms), or as much as the ring has of
 * them and the rest from what comes. *number (may be NULL) becomes the
 * capture's. GODWIT_ERR_STATE without consent; GODWIT_ERR_NO_SPACE when the
 * quota is used up; GODWIT_ERR_NO_MEMORY when no slot is free;
 * GODWIT_ERR_ARGUMENT when it is longer than a slot. */
int godwit_capture_now(struct godwit_capture *capture, uint32_t clip_ms, uint32_t *number);

/* Starts the next upload when none is under way; keeps the day's count. Call
 * it in the loop, beside godwit_client_poll. */
void godwit_capture_poll(struct godwit_capture *capture);

/* Captures that may still be begun today. */
uint32_t godwit_capture_quota_left(const struct godwit_capture *capture);
bool godwit_capture_is_enabled(const struct godwit_capture *capture);

/* Settings --------------------------------------------------------------------
 * Entries for the application's table (godwit_settings_start):
 *   CAPTURE_ENABLED    bool         consent
 *   CAPTURE_PER_DAY    int 0..10000 captures in 24 hours
 *   CAPTURE_BAND_LOW   int 0..255   unsure from here
 *   CAPTURE_BAND_HIGH  int 0..255   to here; below LOW, or 0: nothing is
 *   CAPTURE_ONE_IN     int 0..1000000  0: off */
#define GODWIT_CAPTURE_SETTINGS 5u
void godwit_capture_settings(struct godwit_capture *capture,
                             struct godwit_setting table[GODWIT_CAPTURE_SETTINGS]);

/* RPC -------------------------------------------------------------------------
 * The method `capture` for the application's table (godwit_rpc_start). Params:
 * none, or the length in seconds. Its detail: "capture" (number), "ms" (length),
 * "left" (of the quota). PERMISSION_DENIED without consent; RESOURCE_EXHAUSTED
 * over the quota; UNAVAILABLE when no slot is free; INVALID_ARGUMENT for
 * something else than a length that fits a slot. */
void godwit_capture_rpc_method(struct godwit_capture *capture, struct godwit_rpc_method *method);

/* The day's count on the volume: two records of GODWIT_CAPTURE_RECORD bytes,
 * written in turns before a capture is sent, each with a CRC. A write that power
 * cuts short leaves the other one, and the capture that it counted was not
 * sent. A file in which neither is whole reads as a quota used up: for 24 hours
 * nothing is captured. A medium that does not answer is asked again each hour,
 * and until then nothing is captured either. Time that the device is off does not count as time
 * passed, so a day may be longer than 24 hours and never shorter. */
#define GODWIT_CAPTURE_RECORD 20u
#define GODWIT_CAPTURE_QUOTA_FILE "capture.quota"
#endif
