/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_EVENT_H
#define MICRO_SPEECH_EVENT_H
/* One line on stdout for each thing that happens, for people or (--json) for
 * programs:
 *
 *   event("heard", {"label", EVENT_TEXT("yes")}, {"score", EVENT_NUMBER(0.87)});
 *
 *      12.34 s  heard       yes  87 %                  (sentence.h)
 *   {"event":"heard","at":5120.123456,"stream_s":12.340,"label":"yes","score":0.87}
 *
 * `at` is CLOCK_MONOTONIC in seconds, the same clock in every process of a
 * machine; `stream_s` is the position in the audio. Lines are flushed one by
 * one. One thread. */
#include <stdbool.h>

struct event_value {
  const char *text; /* NULL: a number */
  double number;
};
#define EVENT_TEXT(value) \
  { .text = (value) }
#define EVENT_NUMBER(value) \
  { .number = (double)(value) }

struct event_field {
  const char *name; /* NULL ends the list */
  struct event_value value;
};

void event_set_json(bool json);
void event_set_stream_time(double seconds);
void event_emit(const char *name, const struct event_field *fields);

#define event(name, ...) event_emit(name, (const struct event_field[]){__VA_ARGS__, {0}})
#endif
