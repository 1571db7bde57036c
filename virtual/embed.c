/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/embed.h"

#include "virtual/virtual.h"

/* The assembler reads the file; aligned as wit likes its models. */
#define EMBED(symbol, path)                             \
  __asm__(                                              \
      ".pushsection .rodata\n"                          \
      ".balign 16\n" #symbol                            \
      "_begin:\n"                                       \
      ".incbin \"" MICRO_SPEECH "/" path "\"\n" #symbol \
      "_end:\n"                                         \
      ".byte 0\n"                                       \
      ".popsection\n");                                 \
  extern const uint8_t symbol##_begin[], symbol##_end[]

EMBED(virt_yes_1, "clips/yes/flite_rms_1.25.wav");
EMBED(virt_yes_2, "clips/yes/en-us_f3_150.wav");
EMBED(virt_no_1, "clips/no/flite_rms_1.25.wav");
EMBED(virt_no_2, "clips/no/en-us_zac_150.wav");
EMBED(virt_stop_1, "clips/stop/flite_rms_1.25.wav");
EMBED(virt_stop_2, "clips/stop/flite_awb_1.1.wav");
EMBED(virt_go_1, "clips/go/flite_slt_1.25.wav");
EMBED(virt_go_2, "clips/go/en-us_steph_150.wav");
EMBED(virt_yes_no, "models/yes_no.tflite");
EMBED(virt_yes_no_stop_go, "models/yes_no_stop_go.tflite");

const struct virt_embedded virt_words[] = {
    {"yes", virt_yes_1_begin, virt_yes_1_end},    {"yes", virt_yes_2_begin, virt_yes_2_end},
    {"no", virt_no_1_begin, virt_no_1_end},       {"no", virt_no_2_begin, virt_no_2_end},
    {"stop", virt_stop_1_begin, virt_stop_1_end}, {"stop", virt_stop_2_begin, virt_stop_2_end},
    {"go", virt_go_1_begin, virt_go_1_end},       {"go", virt_go_2_begin, virt_go_2_end},
};
const size_t virt_word_count = sizeof virt_words / sizeof virt_words[0];

bool virt_example(size_t index, struct virt_example *out) {
  static const struct {
    const char *name;
    const uint8_t *begin, *end;
  } models[] = {
      {"yes_no.tflite", virt_yes_no_begin, virt_yes_no_end},
      {"yes_no_stop_go.tflite", virt_yes_no_stop_go_begin, virt_yes_no_stop_go_end},
  };
  if (index >= sizeof models / sizeof models[0]) return false;
  *out = (struct virt_example){models[index].name, models[index].begin,
                               (size_t)(models[index].end - models[index].begin)};
  return true;
}
