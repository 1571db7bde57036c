/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/clips.h"

#include <string.h>

#include "virtual/embed.h"
#include "wit_audio/frontend.h"

size_t virt_clip_word_count(void) { return virt_word_count / VIRT_CLIPS_OF_A_WORD; }

const char *virt_clip_word(size_t index) {
  return index < virt_clip_word_count() ? virt_words[index * VIRT_CLIPS_OF_A_WORD].word : NULL;
}

bool virt_clip_of(const char *word, unsigned speaker, struct virt_clip *out) {
  for (size_t i = 0; i < virt_clip_word_count(); i++) {
    if (strcmp(virt_clip_word(i), word) != 0) continue;
    const struct virt_embedded *file =
        &virt_words[i * VIRT_CLIPS_OF_A_WORD + speaker % VIRT_CLIPS_OF_A_WORD];
    out->word = file->word;
    return wit_audio_wav_parse(&out->wav, file->begin, (size_t)(file->end - file->begin),
                               WIT_AUDIO_SAMPLE_RATE) == WIT_AUDIO_WAV_OK;
  }
  return false;
}
