/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLIP_INPUT_H
#define CLI_CLIP_INPUT_H
/* A dataset's clip becomes what a model takes: a second of sound the audio front
 * end's features, a picture the input tensor's pixels. One for each thread. */
#include "cli/dataset.h"
#include "cli/evaluate.h"
#include "wit/wit.h"
#include "wit_audio/frontend.h"

#define CLI_FEATURES ((size_t)WIT_AUDIO_MODEL_ROWS * WIT_AUDIO_CHANNELS)

struct cli_clip_input {
  int8_t features[CLI_FEATURES]; /* of the clip heard last */
  struct cli_bytes decoded;      /* a JPEG */
  struct cli_bytes picture;      /* as bytes, before it becomes an input */
};
void cli_clip_input_free(struct cli_clip_input *input);

/* Longer clips: the second in the middle; shorter ones: zeros behind. NULL, or
 * why the file in `bytes` cannot be heard (static). */
const char *cli_clip_hear(struct cli_clip_input *input, const struct cli_clip *clip,
                          const struct cli_bytes *bytes);
/* Writes the picture in `bytes` into `tensor`, the model's input. */
const char *cli_clip_look(struct cli_clip_input *input, const struct cli_judged *judged,
                          const struct cli_bytes *bytes, struct wit_tensor *tensor);

/* Score of element i of a classifier's output, as a real number. */
float cli_score_at(const struct wit_tensor *output, size_t i);
#endif
