/* SPDX-License-Identifier: Apache-2.0 */
/* What a packed model says of its use: thresholds and the front end. Lines of
 * text in metadata entries; what cannot be read says nothing. */
#include <string.h>

#include "wit/wit.h"

#define DIGITS_MAX 9u

struct line {
  const char *text;
  size_t length;
};

/* Line `index` of an entry; false past its end. */
static bool find_line(const struct wit_model *model, const char *entry, size_t index,
                      struct line *line) {
  const uint8_t *data;
  size_t size;
  if (!wit_model_metadata(model, entry, &data, &size)) return false;
  for (;; index--) {
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    *line = (struct line){(const char *)data, end ? (size_t)(end - data) : size};
    if (index == 0) return size > 0;
    if (!end) return false;
    size -= line->length + 1;
    data = end + 1;
  }
}

/* "0.8": digits, perhaps a point and digits; without a sign, without an exponent. */
static bool read_decimal(const struct line *line, float *value) {
  uint32_t number = 0, scale = 1;
  unsigned digits = 0;
  bool fraction = false;
  for (size_t i = 0; i < line->length; i++) {
    char c = line->text[i];
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > DIGITS_MAX) return false;
    number = number * 10 + (uint32_t)(c - '0');
    if (fraction) scale *= 10;
  }
  *value = (float)number / (float)scale;
  return digits > 0;
}

bool wit_model_threshold(const struct wit_model *model, size_t label, float *score) {
  struct line line;
  float value;
  if (!find_line(model, "godwit.thresholds", label, &line) || !read_decimal(&line, &value)) {
    return false;
  }
  if (!(value > 0 && value <= 1)) return false;
  *score = value;
  return true;
}

bool wit_model_takes_frontend(const struct wit_model *model, const char *name) {
  static const char key[] = "name=";
  const size_t key_length = sizeof key - 1;
  struct line line;
  for (size_t i = 0; find_line(model, "godwit.frontend", i, &line); i++) {
    if (line.length < key_length || memcmp(line.text, key, key_length) != 0) continue;
    return line.length - key_length == strlen(name) &&
           memcmp(line.text + key_length, name, line.length - key_length) == 0;
  }
  return true;
}
