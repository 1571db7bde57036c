/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/event.h"

#include <stdio.h>
#include <time.h>

#include "examples/micro_speech/device/sentence.h"

static bool as_json;
static double stream_time;

void event_set_json(bool json) { as_json = json; }
void event_set_stream_time(double seconds) { stream_time = seconds; }

static double monotonic_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_json_text(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\') {
      printf("\\%c", *c);
    } else if (*c < 0x20 || *c >= 0x7f) {
      printf("\\u%04x", *c);
    } else {
      putchar(*c);
    }
  }
  putchar('"');
}

static void print_as_json(const char *name, const struct event_field *fields) {
  printf("{\"event\":\"%s\",\"at\":%.6f,\"stream_s\":%.3f", name, monotonic_seconds(), stream_time);
  for (const struct event_field *field = fields; field->name; field++) {
    printf(",\"%s\":", field->name);
    if (field->value.text) {
      print_json_text(field->value.text);
    } else {
      printf("%.10g", field->value.number);
    }
  }
  puts("}");
}

static void print_as_text(const char *name, const struct event_field *fields) {
  char text[SENTENCE_MAX];
  sentence_write(text, name, fields);
  if (*text) printf("%9.2f s  %s\n", stream_time, text);
}

void event_emit(const char *name, const struct event_field *fields) {
  if (as_json) {
    print_as_json(name, fields);
  } else {
    print_as_text(name, fields);
  }
  fflush(stdout);
}
