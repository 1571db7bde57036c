/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/device/recognizer.h"
#include "examples/micro_speech/train/random.h"

void confusion_add(struct confusion *confusion, size_t is, size_t heard) {
  confusion->count[is][heard]++;
}

static float right_from(const struct confusion *confusion, size_t first, size_t end) {
  size_t right = 0, total = 0;
  for (size_t is = first; is < end; is++) {
    right += confusion->count[is][is];
    for (size_t heard = 0; heard < confusion->label_count; heard++) {
      total += confusion->count[is][heard];
    }
  }
  return total > 0 ? 100.0f * (float)right / (float)total : 0;
}

float confusion_keywords_right(const struct confusion *confusion) {
  return right_from(confusion, DATASET_FIRST_WORD, confusion->label_count);
}

float confusion_all_right(const struct confusion *confusion) {
  return right_from(confusion, 0, confusion->label_count);
}

float confusion_label_right(const struct confusion *confusion, size_t label) {
  return right_from(confusion, label, label + 1);
}

void confusion_print(const struct confusion *confusion, const char *const *labels, FILE *out) {
  fprintf(out, "  %-10s", "is \\ heard");
  for (size_t heard = 0; heard < confusion->label_count; heard++) {
    fprintf(out, " %8.8s", labels[heard]);
  }
  fprintf(out, "    right\n");
  for (size_t is = 0; is < confusion->label_count; is++) {
    fprintf(out, "  %-10.10s", labels[is]);
    for (size_t heard = 0; heard < confusion->label_count; heard++) {
      fprintf(out, " %8zu", confusion->count[is][heard]);
    }
    fprintf(out, "  %5.1f %%\n", (double)confusion_label_right(confusion, is));
  }
  fprintf(out, "  keywords right %.1f %%, all clips right %.1f %%\n",
          (double)confusion_keywords_right(confusion), (double)confusion_all_right(confusion));
}

bool playlist_make(struct playlist *playlist, const struct dataset *dataset, bool held_back,
                   uint64_t seed) {
  struct random random = random_stream(seed, 3);
  playlist->count = 0;
  playlist->clip = calloc(dataset->clip_count + 1, sizeof *playlist->clip);
  if (!playlist->clip) return false;
  for (size_t i = 0; i < dataset->clip_count; i++) {
    if (dataset->clip[i].held_back == held_back) {
      playlist->clip[playlist->count++] = &dataset->clip[i];
    }
  }
  for (size_t i = playlist->count; i > 1; i--) {
    size_t j = random_below(&random, (uint32_t)i);
    const struct clip *swapped = playlist->clip[i - 1];
    playlist->clip[i - 1] = playlist->clip[j];
    playlist->clip[j] = swapped;
  }
  return true;
}

void playlist_free(struct playlist *playlist) {
  free(playlist->clip);
  memset(playlist, 0, sizeof *playlist);
}

/* Feeds a whole clip; the rows that lie wholly inside are its window, the one
 * that reaches into the next clip (when streaming) is dropped. */
static void clip_window(struct wit_audio_frontend *frontend, const struct clip *clip,
                        int8_t window[NET_INPUT_BYTES]) {
  const int16_t *samples = clip->samples;
  size_t left = DATASET_CLIP_SAMPLES, row = 0;
  int8_t features[NET_INPUT_COLUMNS];
  bool straddles = frontend->window_count > 0;
  while (left > 0) {
    size_t consumed;
    bool complete = wit_audio_frontend_push(frontend, samples, left, &consumed, features);
    samples += consumed;
    left -= consumed;
    if (!complete) continue;
    if (straddles) {
      straddles = false;
    } else if (row < NET_INPUT_ROWS) {
      memcpy(window + row++ * NET_INPUT_COLUMNS, features, sizeof features);
    }
  }
}

void playlist_windows(const struct playlist *playlist, bool streaming,
                      int8_t (*windows)[NET_INPUT_BYTES]) {
  struct wit_audio_frontend frontend;
  wit_audio_frontend_init(&frontend);
  for (size_t i = 0; i < playlist->count; i++) {
    if (!streaming) wit_audio_frontend_init(&frontend);
    clip_window(&frontend, playlist->clip[i], windows[i]);
  }
}

size_t best_score(const int8_t *scores, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) best = scores[i] > scores[best] ? i : best;
  return best;
}

bool evaluate_clips(const struct playlist *playlist, size_t label_count, bool streaming,
                    classify_function *classify, void *context, struct confusion *confusion) {
  int8_t(*windows)[NET_INPUT_BYTES] = calloc(playlist->count + 1, sizeof *windows);
  bool done = windows != NULL;
  *confusion = (struct confusion){.label_count = label_count};
  if (done) playlist_windows(playlist, streaming, windows);
  for (size_t i = 0; done && i < playlist->count; i++) {
    int8_t scores[DATASET_LABELS_MAX];
    done = classify(context, windows[i], scores);
    if (done) confusion_add(confusion, playlist->clip[i]->label, best_score(scores, label_count));
  }
  free(windows);
  return done;
}

/* ---- through the recogniser -------------------------------------------------- */

#define PAUSE_SAMPLES (WIT_AUDIO_SAMPLE_RATE * 7 / 10)
#define ROUND_MS 1700u         /* a clip and its pause */
#define DETECTED_AFTER_MS 500u /* a word is reported at least so long after the clip's start */
#define ROOM_AMPLITUDE 4       /* of the noise in a pause */

struct stream {
  struct wit_audio_frontend frontend;
  struct recognizer recognizer;
  classify_function *classify;
  void *context;
  size_t *heard; /* per clip; SIZE_MAX: nothing yet */
  size_t clip_count;
};

static void note(struct stream *stream, const struct recognizer_detection *detection) {
  if (detection->label < RECOGNIZER_FIRST_KEYWORD || detection->time_ms < DETECTED_AFTER_MS) return;
  size_t clip = (size_t)((detection->time_ms - DETECTED_AFTER_MS) / ROUND_MS);
  if (clip < stream->clip_count && stream->heard[clip] == SIZE_MAX) {
    stream->heard[clip] = detection->label;
  }
}

static bool stream_row(struct stream *stream, const int8_t *row) {
  int8_t window[RECOGNIZER_WINDOW_BYTES], scores[DATASET_LABELS_MAX];
  struct recognizer_detection detection;
  if (!recognizer_push_row(&stream->recognizer, row)) return true;
  recognizer_window(&stream->recognizer, window);
  if (!stream->classify(stream->context, window, scores)) return false;
  if (recognizer_push_scores(&stream->recognizer, scores, &detection)) note(stream, &detection);
  return true;
}

static bool stream_samples(struct stream *stream, const int16_t *samples, size_t count) {
  while (count > 0) {
    size_t consumed;
    int8_t row[WIT_AUDIO_CHANNELS];
    bool complete = wit_audio_frontend_push(&stream->frontend, samples, count, &consumed, row);
    samples += consumed;
    count -= consumed;
    if (complete && !stream_row(stream, row)) return false;
  }
  return true;
}

static bool stream_pause(struct stream *stream, struct random *random) {
  int16_t samples[PAUSE_SAMPLES];
  for (size_t i = 0; i < PAUSE_SAMPLES; i++) {
    samples[i] = (int16_t)((int)random_below(random, 2 * ROOM_AMPLITUDE + 1) - ROOM_AMPLITUDE);
  }
  return stream_samples(stream, samples, PAUSE_SAMPLES);
}

bool evaluate_stream(const struct playlist *playlist, size_t label_count,
                     classify_function *classify, void *context, struct confusion *confusion) {
  struct stream stream = {.classify = classify, .context = context};
  struct random random = random_stream(1, 5);
  stream.clip_count = playlist->count;
  stream.heard = malloc((playlist->count + 1) * sizeof *stream.heard);
  *confusion = (struct confusion){.label_count = label_count};
  wit_audio_frontend_init(&stream.frontend);
  recognizer_init(&stream.recognizer, NULL);
  bool done = stream.heard && recognizer_set_labels(&stream.recognizer, label_count);
  for (size_t i = 0; done && i < playlist->count; i++) {
    stream.heard[i] = SIZE_MAX;
    done = stream_samples(&stream, playlist->clip[i]->samples, DATASET_CLIP_SAMPLES) &&
           stream_pause(&stream, &random);
  }
  for (size_t i = 0; done && i < playlist->count; i++) {
    size_t is = playlist->clip[i]->label, heard = stream.heard[i];
    if (heard == SIZE_MAX) heard = is == DATASET_SILENCE ? DATASET_SILENCE : DATASET_UNKNOWN;
    confusion_add(confusion, is, heard);
  }
  free(stream.heard);
  return done;
}
