/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_LISTENER_H
#define MICRO_SPEECH_LISTENER_H
/* From samples to words: front end, sliding second, model, recogniser, in one
 * step for each 20 ms of audio. Keeps the books by which "never deaf" is
 * proved: every window that was due, and whether a model looked at it.
 *
 * Portable: no allocation, no I/O, no clock but the one that is given. The
 * caller owns the struct and the models; one thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/common/wit_model.h"
#include "examples/micro_speech/device/recognizer.h"
#include "wit_audio/frontend.h"

struct listener_heard {
  char label[WIT_MODEL_LABEL_MAX + 1];
  bool keyword;         /* false: "unknown", a word that the model does not know */
  uint8_t score;        /* averaged, in 1/255 */
  uint64_t end_sample;  /* position in the stream at which it was decided */
  uint32_t peak_ago_ms; /* its score was best so long before that */
  const int8_t *window; /* that was evaluated last: the model's input; dies with the call */
};

/* What the model makes of each second of audio, word or not. */
struct listener_window {
  const char *label;    /* best one but silence, by averaged score */
  uint8_t score;        /* averaged, in 1/255 */
  const int8_t *window; /* the model's input, RECOGNIZER_WINDOW_BYTES; dies with the call */
};
typedef void (*listener_window_fn)(void *context, const struct listener_window *window);

/* What the model said of one window, raw. */
struct listener_look {
  const int8_t *window; /* the model's input; dies with the call */
  const int8_t *scores; /* one a label; likewise */
  uint64_t time_us;     /* of the inference */
};
typedef void (*listener_look_fn)(void *context, const struct listener_look *look);

struct listener_counts {
  uint64_t windows_due;       /* since the first whole second of audio */
  uint64_t windows_evaluated; /* a model looked at them */
  uint64_t windows_no_model;  /* there was no model yet: a fresh device */
  uint64_t windows_missed;    /* due with a model present, and not evaluated: goal 0 */
};

struct listener {
  struct wit_audio_frontend frontend;
  struct recognizer recognizer;
  struct wit_model_pair *models;
  uint64_t samples; /* of the stream so far, lost ones included */
  uint64_t lost_samples_unaccounted;
  struct listener_counts counts;
  listener_window_fn on_window; /* NULL: nobody asked */
  void *on_window_context;
  listener_look_fn on_look; /* NULL: nobody asked */
  uint64_t (*now_us)(void);
  void *on_look_context;
};

void listener_init(struct listener *listener, struct wit_model_pair *models);

/* To be called whenever another model became active: same features, other labels. */
void listener_model_changed(struct listener *listener);

/* Calls on_window for each window that is evaluated from now on. */
void listener_watch_windows(struct listener *listener, listener_window_fn on_window, void *context);

/* Calls on_look behind each inference, when all that follows from it has been
 * done and said: it delays the next window only. now_us: any clock. */
void listener_watch_looks(struct listener *listener, listener_look_fn on_look,
                          uint64_t (*now_us)(void), void *context);

/* Hears `count` samples. Calls `heard` for each word recognised. */
typedef void (*listener_heard_fn)(void *context, const struct listener_heard *heard);
void listener_push(struct listener *listener, const int16_t *samples, size_t count,
                   listener_heard_fn heard, void *context);

/* `count` samples never reached us (the capture buffer ran over): the stream
 * moves on, the windows that were due in them are counted as missed. */
void listener_lost(struct listener *listener, uint64_t count);
#endif
