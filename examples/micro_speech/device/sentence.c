/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/sentence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct event_value *value_of(const struct event_field *fields, const char *name) {
  static const struct event_value nothing = {.text = ""};
  for (; fields->name; fields++) {
    if (strcmp(fields->name, name) == 0) return &fields->value;
  }
  return &nothing;
}

static const char *text_of(const struct event_field *fields, const char *name) {
  const char *text = value_of(fields, name)->text;
  return text ? text : "";
}

static double number_of(const struct event_field *fields, const char *name) {
  return value_of(fields, name)->number;
}

/* "word        the rest", the words in a column. */
__attribute__((format(printf, 3, 4))) static void say(char *text, const char *word,
                                                      const char *format, ...) {
  int length = snprintf(text, SENTENCE_MAX, "%-10s  ", word);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + length, SENTENCE_MAX - (size_t)length, format, arguments);
  va_end(arguments);
}

static void say_model(char *text, const struct event_field *fields) {
  const char *version = text_of(fields, "version");
  unsigned resumable = (unsigned)number_of(fields, "resumable_bytes");
  int length = *version
                   ? snprintf(text, SENTENCE_MAX, "%-10s  %s, from the store", "model", version)
                   : snprintf(text, SENTENCE_MAX, "%-10s  none yet; a release brings it", "model");
  if (resumable > 0 && length < SENTENCE_MAX) {
    snprintf(text + length, SENTENCE_MAX - (size_t)length, "; %u bytes of another are there",
             resumable);
  }
}

static void say_connected(char *text, const struct event_field *fields) {
  say(text, "connected", "to %s", text_of(fields, "server"));
}

static void say_disconnected(char *text, const struct event_field *fields) {
  say(text, "no server", "the session ended: %s; goes on alone, and tries again",
      text_of(fields, "why"));
}

static void say_unconnected(char *text, const struct event_field *fields) {
  say(text, "no server", "%s: %s; tries again", text_of(fields, "server"), text_of(fields, "why"));
}

static void say_manifest(char *text, const struct event_field *fields) {
  const char *version = text_of(fields, "version"), *status = text_of(fields, "status");
  if (strcmp(status, "ok") != 0) {
    say(text, "manifest", "%s", status);
  } else if (*version) {
    say(text, "manifest", "wants model %s", version);
  } else {
    say(text, "manifest", "no release is for this device");
  }
}

/* Each quarter, not each block. */
static void say_downloading(char *text, const struct event_field *fields) {
  static unsigned quarters_told;
  const char *version = text_of(fields, "version");
  double done = number_of(fields, "bytes"), of = number_of(fields, "of");
  unsigned quarters = of > 0 ? (unsigned)(4 * done / of) : 0;
  bool started = number_of(fields, "started") != 0;
  if (started && done > 0) {
    say(text, "download", "model %s, %.0f bytes, goes on at %.0f", version, of, done);
  } else if (started) {
    say(text, "download", "model %s, %.0f bytes", version, of);
  } else if (quarters > quarters_told) {
    say(text, "download", "%u %%", 25 * quarters);
  }
  quarters_told = quarters;
}

static void say_downloaded(char *text, const struct event_field *fields) {
  say(text, "stored", "model %s is whole and right", text_of(fields, "version"));
}

static void say_swap(char *text, const struct event_field *fields) {
  const char *from = text_of(fields, "from");
  say(text, "swap", "model %s -> %s, %.0f windows missed; loaded in %.0f ms, switched in %.1f us",
      *from ? from : "none", text_of(fields, "to"), number_of(fields, "windows_missed"),
      number_of(fields, "load_ms"), number_of(fields, "switch_us"));
}

static void say_rejected(char *text, const struct event_field *fields) {
  say(text, "rejected", "model %s: %s", text_of(fields, "version"), text_of(fields, "reason"));
}

static void say_failed(char *text, const struct event_field *fields) {
  const char *version = text_of(fields, "version"), *why = text_of(fields, "why");
  if (number_of(fields, "final") != 0) {
    say(text, "failed", "model %s: %s (%s); is not tried again", version, why,
        text_of(fields, "reason"));
  } else {
    say(text, "failed", "model %s: %s (%s); tries again in %.1f s", version, why,
        text_of(fields, "reason"), number_of(fields, "retry_ms") / 1000);
  }
}

static void say_shadow(char *text, const struct event_field *fields) {
  const char *version = text_of(fields, "version");
  if (number_of(fields, "started") != 0) {
    say(text, "beside", "model %s listens, too, before it takes over", version);
  } else {
    say(text, "beside", "model %s %s: agreed in %.0f %% of %.0f windows in which a word was heard",
        version, number_of(fields, "passed") != 0 ? "did well" : "did not do well enough",
        100 * number_of(fields, "agreement"), number_of(fields, "heard"));
  }
}

static void say_heard(char *text, const struct event_field *fields) {
  bool keyword = number_of(fields, "keyword") != 0;
  say(text, "heard", keyword ? "%s  %.0f %%" : "(%s)  %.0f %%", text_of(fields, "label"),
      100 * number_of(fields, "score"));
}

static void say_played(char *text, const struct event_field *fields) {
  const char *label = text_of(fields, "label");
  say(text, "played", "%s", strcmp(label, "_unknown_") == 0 ? "another word" : label);
}

/* Only what must not be: audio that nobody evaluated. */
static void say_stats(char *text, const struct event_field *fields) {
  static double missed_told;
  double missed = number_of(fields, "windows_missed");
  if (missed > missed_told) {
    say(text, "too slow", "%.0f of %.0f windows of audio were missed", missed,
        number_of(fields, "windows_due"));
  }
  missed_told = missed;
}

static void say_setting(char *text, const struct event_field *fields) {
  const char *key = text_of(fields, "name");
  if (strcmp(key, "CAPTURE_ENABLED") == 0) {
    say(text, "setting", "%s",
        number_of(fields, "value") != 0
            ? "captures are allowed: what the model is unsure of is sent"
            : "captures are off: nothing is kept, nothing is sent");
  } else {
    say(text, "setting", "%s is %.0f", key, number_of(fields, "value"));
  }
}

static void say_capture(char *text, const struct event_field *fields) {
  const char *label = text_of(fields, "label");
  double length_s = number_of(fields, "to_s") - number_of(fields, "from_s");
  if (*label) {
    say(text, "capture", "%.1f s, taken for %s with %.0f %% (%s)", length_s, label,
        100 * number_of(fields, "score"), text_of(fields, "trigger"));
  } else {
    say(text, "capture", "%.1f s (%s)", length_s, text_of(fields, "trigger"));
  }
}

static void say_captured(char *text, const struct event_field *fields) {
  say(text, "sent", "capture %.0f, %.0f bytes", number_of(fields, "number"),
      number_of(fields, "bytes"));
}

static void say_capture_lost(char *text, const struct event_field *fields) {
  double code = number_of(fields, "code");
  if (code > 0) {
    say(text, "not sent", "capture %.0f: the server answered %.2f", number_of(fields, "number"),
        code);
  } else {
    say(text, "not sent", "capture %.0f: %s", number_of(fields, "number"), text_of(fields, "why"));
  }
}

static void say_audio_ended(char *text, const struct event_field *fields) {
  (void)fields;
  say(text, "ended", "no more audio");
}

static const struct {
  const char *name;
  void (*say)(char *text, const struct event_field *fields);
} sentences[] = {
    {"model", say_model},
    {"connected", say_connected},
    {"disconnected", say_disconnected},
    {"unconnected", say_unconnected},
    {"manifest", say_manifest},
    {"downloading", say_downloading},
    {"downloaded", say_downloaded},
    {"swap", say_swap},
    {"rejected", say_rejected},
    {"failed", say_failed},
    {"shadow", say_shadow},
    {"heard", say_heard},
    {"played", say_played},
    {"stats", say_stats},
    {"setting", say_setting},
    {"capture", say_capture},
    {"captured", say_captured},
    {"capture_lost", say_capture_lost},
    {"audio_ended", say_audio_ended},
};

/* Labels and reasons come from files and the network: nothing of theirs may
 * steer the terminal. */
static void make_printable(char *text) {
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < 0x20 || byte >= 0x7f) *text = '?';
  }
}

void sentence_write(char *text, const char *name, const struct event_field *fields) {
  *text = '\0';
  for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
    if (strcmp(sentences[i].name, name) == 0) sentences[i].say(text, fields);
  }
  make_printable(text);
}
