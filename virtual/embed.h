/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_EMBED_H
#define VIRTUAL_EMBED_H
/* Words of examples/micro_speech in the binary. */
#include <stddef.h>
#include <stdint.h>

struct virt_embedded {
  const char *word;
  const uint8_t *begin, *end; /* a WAV file */
};
extern const struct virt_embedded virt_words[];
extern const size_t virt_word_count;
#endif
