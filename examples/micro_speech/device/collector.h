/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_COLLECTOR_H
#define MICRO_SPEECH_COLLECTOR_H
/* What the next model should learn from: joins the listener to godwit/capture.h,
 * and the server's settings and calls to both.
 *
 *   collector_push, collector_window, collector_heard -> capture -> upload
 *   CAPTURE_ENABLED, ... and the call `capture` <- server
 *
 * Tells each thing that happens as an event (event.h): setting, capture,
 * captured, capture_lost. Where what plays is known (a stream made of clips),
 * "capture" names the clip file; the server is not told, except with
 * clip_names, for demonstrations.
 *
 * Memory: COLLECTOR_RING_MS of audio, and COLLECTOR_SLOT_MS for each slot,
 * allocated at open. One thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/device/audio.h"
#include "examples/micro_speech/device/event.h"
#include "examples/micro_speech/device/listener.h"
#include "godwit/client.h"

#define COLLECTOR_RING_MS 5000
#define COLLECTOR_SLOT_MS 5000 /* the longest clip that a call can ask for */
#define COLLECTOR_CLIP_MS 1000 /* the second that the models look at */
#define COLLECTOR_SLOTS_MAX 64

/* When a word's averaged score peaks, its middle lies so far back, by and large:
 * as measured with the bundled models. */
#define COLLECTOR_WORD_AGO_MS 700

struct collector_config {
  struct godwit_client *client;
  const struct audio *audio; /* asked what played; NULL: nobody knows */
  const char *volume;        /* folder in which the day's quota is kept */
  size_t slots;              /* captures that may wait for the network, 1..COLLECTOR_SLOTS_MAX */
  bool clip_names;           /* the server is told the clip's name: "clip" in the provenance */
};

struct collector;

/* NULL: *error (static storage) says why. Before the client is started. */
struct collector *collector_open(const struct collector_config *config, const char **error);
void collector_close(struct collector *collector); /* NULL is fine */

/* `version` of the package "model" runs from now on. */
void collector_set_model(struct collector *collector, const char *version);
/* As listener_push and listener_lost, and before them. */
void collector_push(struct collector *collector, const int16_t *samples, size_t count);
void collector_skip(struct collector *collector, uint64_t count);
/* A listener_window_fn; context is the collector. */
void collector_window(void *context, const struct listener_window *window);
void collector_heard(struct collector *collector, const struct listener_heard *heard);
/* In the loop, beside the client's poll. */
void collector_poll(struct collector *collector);

/* Fields of the event "stats", ended by one without a name. */
#define COLLECTOR_STATS 10
void collector_stats(const struct collector *collector, struct event_field out[COLLECTOR_STATS]);
#endif
