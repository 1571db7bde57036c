/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_CLIPS_H
#define VIRTUAL_CLIPS_H
/* The words that the virtual device's surroundings can say, as samples. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wit_audio/wav.h"

struct virt_clip {
  const char *word; /* "yes" */
  struct wit_audio_wav wav;
};

#define VIRT_CLIPS_OF_A_WORD 2 /* speakers of each word */

/* The word as speaker `speaker` says it (any number; there are few). False: no
 * such word. */
bool virt_clip_of(const char *word, unsigned speaker, struct virt_clip *out);
/* The words by index; NULL past the end. */
const char *virt_clip_word(size_t index);
size_t virt_clip_word_count(void);
#endif
