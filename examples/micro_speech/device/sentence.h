/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_SENTENCE_H
#define MICRO_SPEECH_SENTENCE_H
/* Events as lines for people:
 *
 *      12.34 s  heard       yes  87 %
 *
 * Programs read the same events as JSON, with all their fields (event.h).
 * Remembers what it has told, for events that come often. One thread. */
#include <stddef.h>

#include "examples/micro_speech/device/event.h"

#define SENTENCE_MAX 400

/* The event's name and what there is to say of it, into `text` of
 * SENTENCE_MAX bytes: printable ASCII, whatever the fields hold. An empty text
 * where this event tells a person nothing new. */
void sentence_write(char *text, const char *name, const struct event_field *fields);
#endif
