/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_IMAGE_H
#define CLI_DATASET_IMAGE_H
/* Binary PGM and PPM (P5, P6; 8 bits) in memory, and fitting one to a model's
 * input. A file is untrusted: sizes are checked against what is there. Nothing
 * is allocated; `struct cli_image` borrows the bytes. */
#include <stddef.h>
#include <stdint.h>

#define CLI_IMAGE_SIDE_MAX 16384

struct cli_image {
  const uint8_t *pixel; /* row by row, channels side by side */
  uint32_t width, height;
  uint32_t channels; /* 1: grey, 3: red, green, blue */
};

/* NULL, or why it cannot be used and what to do. */
const char *cli_image_parse(struct cli_image *image, const uint8_t *file, size_t size);

/* To width x height x channels (1 or 3) bytes: each pixel is the mean of those
 * it covers, the nearest one where the image grows; the sides' ratio is not
 * kept. Grey from colour: 0.299 R + 0.587 G + 0.114 B. */
void cli_image_fit(const struct cli_image *image, uint32_t width, uint32_t height,
                   uint32_t channels, uint8_t *out);
#endif
