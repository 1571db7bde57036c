/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clip_input.h"

#include <string.h>

#include "cli/dataset_image.h"
#include "cli/dataset_jpeg.h"
#include "wit_audio/wav.h"

void cli_clip_input_free(struct cli_clip_input *input) {
  free(input->decoded.data);
  free(input->picture.data);
  memset(input, 0, sizeof *input);
}

_Static_assert((WIT_AUDIO_MODEL_ROWS - 1) * WIT_AUDIO_STEP_SAMPLES + WIT_AUDIO_WINDOW_SAMPLES <=
                   CLI_CLIP_SAMPLES,
               "the rows lie in one second");

const char *cli_clip_hear(struct cli_clip_input *input, const struct cli_clip *clip,
                          const struct cli_bytes *bytes) {
  struct wit_audio_wav wav;
  int16_t samples[CLI_CLIP_SAMPLES] = {0};
  int status = wit_audio_wav_parse(&wav, bytes->data, bytes->size, WIT_AUDIO_SAMPLE_RATE);
  if (status != WIT_AUDIO_WAV_OK) return wit_audio_wav_status_text(status);
  if (wav.sample_count == 0) return "it holds no samples";
  size_t first = clip->first_sample;
  if (!cli_label_is_silence(clip->label) && wav.sample_count > CLI_CLIP_SAMPLES) {
    first = (wav.sample_count - CLI_CLIP_SAMPLES) / 2;
  }
  wit_audio_wav_read(&wav, first, samples, CLI_CLIP_SAMPLES);

  struct wit_audio_frontend frontend;
  wit_audio_frontend_init(&frontend);
  for (size_t row = 0; row < WIT_AUDIO_MODEL_ROWS; row++) {
    wit_audio_frontend_window(&frontend, samples + row * WIT_AUDIO_STEP_SAMPLES,
                              input->features + row * WIT_AUDIO_CHANNELS);
  }
  return NULL;
}

static size_t elements(const struct wit_tensor *tensor) {
  size_t count = 1;
  for (int32_t i = 0; i < tensor->shape.rank; i++) count *= (size_t)tensor->shape.dim[i];
  return count;
}

static void put_pixels(struct wit_tensor *tensor, const uint8_t *pixel, size_t count) {
  switch (tensor->type) {
    case WIT_INT8:
      for (size_t i = 0; i < count; i++) ((int8_t *)tensor->data)[i] = (int8_t)(pixel[i] - 128);
      break;
    case WIT_FLOAT32:
      for (size_t i = 0; i < count; i++) ((float *)tensor->data)[i] = (float)pixel[i] / 255;
      break;
    default:
      memcpy(tensor->data, pixel, count);
  }
}

const char *cli_clip_look(struct cli_clip_input *input, const struct cli_judged *judged,
                          const struct cli_bytes *bytes, struct wit_tensor *tensor) {
  struct cli_image image;
  const int32_t *dim = judged->input_tensor.shape.dim;
  size_t count = elements(&judged->input_tensor);
  const char *problem = cli_jpeg_is(bytes->data, bytes->size)
                            ? cli_jpeg_decode(&image, bytes->data, bytes->size, &input->decoded)
                            : cli_image_parse(&image, bytes->data, bytes->size);
  if (problem != NULL) return problem;
  if (!cli_bytes_reserve(&input->picture, count)) return "no memory for it";
  cli_image_fit(&image, (uint32_t)dim[2], (uint32_t)dim[1], (uint32_t)dim[3], input->picture.data);
  put_pixels(tensor, input->picture.data, count);
  return NULL;
}

float cli_score_at(const struct wit_tensor *output, size_t i) {
  switch (output->type) {
    case WIT_FLOAT32:
      return ((const float *)output->data)[i];
    case WIT_UINT8:
      return output->scale * (float)(((const uint8_t *)output->data)[i] - output->zero_point);
    default:
      return output->scale * (float)(((const int8_t *)output->data)[i] - output->zero_point);
  }
}
