/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_JPEG_H
#define CLI_DATASET_JPEG_H
/* JPEG, as cameras send it. Two files define this: dataset_jpeg.c over libjpeg,
 * dataset_jpeg_none.c where the build found none. */
#include "cli/dataset.h"
#include "cli/dataset_image.h"

bool cli_jpeg_is(const uint8_t *file, size_t size);
/* Decodes into `pixels`, which `image` then borrows: grey or red, green, blue.
 * NULL, or why not and what to do. Untrusted: sides, memory and the number of
 * scans are bounded, a file that ends early is refused. */
const char *cli_jpeg_decode(struct cli_image *image, const uint8_t *file, size_t size,
                            struct cli_bytes *pixels);
#endif
