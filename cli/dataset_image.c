/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_image.h"

#include <stdbool.h>
#include <string.h>

struct cursor {
  const uint8_t *at, *end;
};

static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/* Spaces, and comments from '#' to the line's end. */
static void skip_space(struct cursor *c) {
  while (c->at < c->end) {
    if (*c->at == '#') {
      while (c->at < c->end && *c->at != '\n' && *c->at != '\r') c->at++;
    } else if (is_space(*c->at)) {
      c->at++;
    } else {
      return;
    }
  }
}

static bool take_number(struct cursor *c, uint32_t max, uint32_t *out) {
  skip_space(c);
  const uint8_t *first = c->at;
  *out = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    *out = *out * 10 + (uint32_t)(*c->at - '0');
    if (*out > max) return false;
  }
  return c->at > first && *out > 0;
}

const char *cli_image_parse(struct cli_image *image, const uint8_t *file, size_t size) {
  static const char broken[] = "its PGM or PPM header is broken: convert it again";
  struct cursor cursor = {file + 2, file + size};
  uint32_t white;
  if (size >= 4 && memcmp(file, "\x89PNG", 4) == 0) {
    return "it is a PNG: convert it with 'magick IN OUT.ppm'";
  }
  if (size < 3 || file[0] != 'P' || (file[1] != '5' && file[1] != '6')) {
    return "it is no binary PGM or PPM image: convert it with 'magick IN OUT.ppm'";
  }
  image->channels = file[1] == '5' ? 1 : 3;
  if (!take_number(&cursor, CLI_IMAGE_SIDE_MAX, &image->width) ||
      !take_number(&cursor, CLI_IMAGE_SIDE_MAX, &image->height) ||
      !take_number(&cursor, 65535, &white) || cursor.at == cursor.end || !is_space(*cursor.at)) {
    return broken;
  }
  if (white != 255)
    return "it has not 8 bits a channel: convert it with 'magick IN -depth 8 OUT.ppm'";
  image->pixel = cursor.at + 1; /* exactly one space stands before the pixels */
  if ((uint64_t)image->width * image->height * image->channels >
      (uint64_t)(cursor.end - image->pixel)) {
    return "it ends before its last pixel: copy it again";
  }
  return NULL;
}

struct range {
  uint32_t begin, end;
};

/* What pixel `index` of `count` covers of `extent`: at least one. */
static struct range covered(uint32_t index, uint32_t count, uint32_t extent) {
  struct range r = {(uint32_t)((uint64_t)index * extent / count),
                    (uint32_t)((uint64_t)(index + 1) * extent / count)};
  if (r.end <= r.begin) r.end = r.begin + 1;
  return r;
}

static uint8_t mean(const struct cli_image *image, struct range x, struct range y,
                    uint32_t channel) {
  uint64_t sum = 0, count = (uint64_t)(x.end - x.begin) * (y.end - y.begin);
  for (uint32_t row = y.begin; row < y.end; row++) {
    const uint8_t *pixel = image->pixel + (size_t)row * image->width * image->channels + channel;
    for (uint32_t column = x.begin; column < x.end; column++) {
      sum += pixel[(size_t)column * image->channels];
    }
  }
  return (uint8_t)((sum + count / 2) / count);
}

void cli_image_fit(const struct cli_image *image, uint32_t width, uint32_t height,
                   uint32_t channels, uint8_t *out) {
  for (uint32_t row = 0; row < height; row++) {
    struct range y = covered(row, height, image->height);
    for (uint32_t column = 0; column < width; column++, out += channels) {
      struct range x = covered(column, width, image->width);
      uint8_t value[3] = {0};
      for (uint32_t c = 0; c < image->channels; c++) value[c] = mean(image, x, y, c);
      if (image->channels == 1) {
        memset(out, value[0], channels);
      } else if (channels == 3) {
        memcpy(out, value, 3);
      } else {
        out[0] = (uint8_t)((299u * value[0] + 587u * value[1] + 114u * value[2] + 500) / 1000);
      }
    }
  }
}
