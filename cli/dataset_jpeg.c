/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#define SCANS_MAX 100           /* of a progressive file: each costs a pass over all of it */
#define PIXELS_MAX (64u << 20)  /* 64 megapixels */
#define MEMORY_MAX (512l << 20) /* what libjpeg may take besides */

/* libjpeg's errors do not return. */
struct decoder {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf failed;
};

bool cli_jpeg_is(const uint8_t *file, size_t size) {
  return size >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

static _Noreturn void give_up(j_common_ptr jpeg) {
  struct decoder *decoder = jpeg->client_data;
  longjmp(decoder->failed, 1);
}

static void keep_quiet(j_common_ptr jpeg) { (void)jpeg; }

static void count_scans(j_common_ptr jpeg) {
  const struct decoder *decoder = jpeg->client_data;
  if (decoder->jpeg.input_scan_number > SCANS_MAX) give_up(jpeg);
}

static void set_up(struct decoder *decoder, const uint8_t *file, size_t size) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  jpeg->err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = give_up;
  decoder->errors.output_message = keep_quiet;
  jpeg->client_data = decoder;
  jpeg_create_decompress(jpeg);
  decoder->progress.progress_monitor = count_scans;
  jpeg->progress = &decoder->progress;
  jpeg->mem->max_memory_to_use = MEMORY_MAX;
  jpeg_mem_src(jpeg, file, (unsigned long)size);
}

static const char *read_header(struct decoder *decoder) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  (void)jpeg_read_header(jpeg, TRUE);
  if (jpeg->image_width > CLI_IMAGE_SIDE_MAX || jpeg->image_height > CLI_IMAGE_SIDE_MAX ||
      (uint64_t)jpeg->image_width * jpeg->image_height > PIXELS_MAX) {
    return "it has over 64 megapixels: make it smaller";
  }
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  /* The same pixels on every machine. */
  jpeg->dct_method = JDCT_ISLOW;
  return NULL;
}

static const char *read_rows(struct decoder *decoder, struct cli_bytes *pixels) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  (void)jpeg_start_decompress(jpeg);
  size_t row_bytes = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
  if (!cli_bytes_reserve(pixels, row_bytes * jpeg->output_height)) {
    return "there is no memory to decode it: close other programs";
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels->data + row_bytes * jpeg->output_scanline;
    (void)jpeg_read_scanlines(jpeg, &row, 1);
  }
  return decoder->errors.num_warnings > 0 ? "it is a damaged JPEG: copy it again" : NULL;
}

const char *cli_jpeg_decode(struct cli_image *image, const uint8_t *file, size_t size,
                            struct cli_bytes *pixels) {
  struct decoder decoder = {0};
  const char *problem;
  if (setjmp(decoder.failed) != 0) {
    jpeg_destroy_decompress(&decoder.jpeg);
    return "it is a JPEG that cannot be decoded: convert it with 'magick IN OUT.ppm'";
  }
  set_up(&decoder, file, size);
  problem = read_header(&decoder);
  if (problem == NULL) problem = read_rows(&decoder, pixels);
  if (problem == NULL) {
    *image = (struct cli_image){.pixel = pixels->data,
                                .width = decoder.jpeg.output_width,
                                .height = decoder.jpeg.output_height,
                                .channels = (uint32_t)decoder.jpeg.output_components};
  }
  jpeg_destroy_decompress(&decoder.jpeg);
  return problem;
}
