/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_jpeg.h"

bool cli_jpeg_is(const uint8_t *file, size_t size) {
  return size >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

const char *cli_jpeg_decode(struct cli_image *image, const uint8_t *file, size_t size,
                            struct cli_bytes *pixels) {
  (void)image;
  (void)file;
  (void)size;
  (void)pixels;
  return "it is a JPEG, and this program was built without libjpeg: convert it with 'magick IN "
         "OUT.ppm'";
}
