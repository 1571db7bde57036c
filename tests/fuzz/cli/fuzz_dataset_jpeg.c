/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: cli/dataset_jpeg.c -ljpeg
/* Any bytes as a JPEG: refused with a reason, or every pixel is there. */
#include <stdlib.h>
#include <string.h>

#include "cli/dataset_jpeg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct cli_image image;
  struct cli_bytes pixels = {0};
  if (size > 4096 || !cli_jpeg_is(data, size)) return 0;
  const char *problem = cli_jpeg_decode(&image, data, size, &pixels);
  if (problem == NULL) {
    check(image.pixel == pixels.data && (image.channels == 1 || image.channels == 3));
    check((size_t)image.width * image.height * image.channels <= pixels.capacity);
    check(image.width > 0 && image.height > 0 && image.width <= CLI_IMAGE_SIDE_MAX);
  } else {
    check(strlen(problem) > 0);
  }
  free(pixels.data);
  return 0;
}
