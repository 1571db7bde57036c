/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: cli/dataset_image.c
/* Any bytes as an image: refused with a reason, or every pixel is there, and
 * fits any small input. */
#include <stdlib.h>
#include <string.h>

#include "cli/dataset_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

/* A mean lies between the darkest and the brightest pixel. */
static void check_fit(const struct cli_image *image, uint32_t width, uint32_t height,
                      uint32_t channels) {
  uint8_t *out = malloc((size_t)width * height * channels);
  size_t count = (size_t)image->width * image->height * image->channels;
  uint8_t darkest = 255, brightest = 0;
  for (size_t i = 0; i < count; i++) {
    darkest = image->pixel[i] < darkest ? image->pixel[i] : darkest;
    brightest = image->pixel[i] > brightest ? image->pixel[i] : brightest;
  }
  check(out != NULL);
  cli_image_fit(image, width, height, channels, out);
  for (size_t i = 0; i < (size_t)width * height * channels; i++) {
    check(out[i] >= darkest && out[i] <= brightest);
  }
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct cli_image image;
  const char *problem = cli_image_parse(&image, data, size);
  if (problem != NULL) {
    check(strlen(problem) > 0);
    return 0;
  }
  check(image.pixel >= data && image.width > 0 && image.height > 0);
  check((uint64_t)image.width * image.height * image.channels <=
        (size_t)(data + size - image.pixel));
  check_fit(&image, 3, 2, 1);
  check_fit(&image, 5, 7, 3);
  if (image.width <= 64 && image.height <= 64)
    check_fit(&image, image.width, image.height, image.channels);
  return 0;
}
