/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_SPEECH_H
#define VIRTUAL_SPEECH_H
/* What the virtual device tells of its hearing: the member `speech` of its
 * state, the call `say`, and a room in which somebody speaks now and then, as
 * often as the setting SPEECH_EVERY_S says (docs/guide/virtual-device.md).
 *
 * Memory: one plain struct, the caller's. Callbacks of the SDK run in
 * godwit_client_poll; `say` listens to its end inside of it, a few seconds, in
 * which the network waits and the hearing goes on. */
#include <signal.h>

#include "godwit/rpc.h"
#include "godwit/settings.h"
#include "godwit/state.h"
#include "virtual/hearing.h"

#define VIRT_PACKAGE "model"
#define VIRT_HEARD_MAX 4 /* words of one `say` */

struct virt_word {
  char label[WIT_MODEL_LABEL_MAX + 1]; /* printable ASCII */
  uint8_t score;                       /* in 1/255 */
};

struct virt_speech {
  struct virt_hearing hearing;
  struct wit_model_pair *models;
  struct godwit_client *client;
  const volatile sig_atomic_t *stopped; /* ends a `say`, too */
  unsigned swaps;

  struct virt_word last;
  char last_time[24]; /* "": nothing heard yet */
  bool listens_for_say;
  uint64_t say_from; /* position in the stream */
  struct virt_word said_word[VIRT_HEARD_MAX];
  size_t said_count;
  bool said_keyword;

  uint32_t random;
  uint32_t every_s; /* a word in the room; 0: never */
  uint64_t talk_ms; /* when the next one is due */

  bool changed; /* something to tell at once */
  uint64_t told_ms;
  uint64_t told_windows;
  struct godwit_state_change change;
  uint8_t state[512];

  struct godwit_setting setting[1];
  struct godwit_settings settings;
  struct godwit_rpc_method method[1];
  struct godwit_rpc rpc;
};

/* Begins to listen, and to be called. A negative status of the SDK, or 0. */
int virt_speech_start(struct virt_speech *speech, struct wit_model_pair *models,
                      struct godwit_client *client, uint32_t seed,
                      const volatile sig_atomic_t *stopped);
void virt_speech_stop(struct virt_speech *speech);
/* Hears what has come; lets the room speak; tells what there is to tell. True:
 * there may be more to hear. */
bool virt_speech_step(struct virt_speech *speech, uint64_t now_ms);
/* Another model is at work. swapped: brought by a release. */
void virt_speech_model_changed(struct virt_speech *speech, bool swapped);
/* A session has begun: tells all of it. */
void virt_speech_connected(struct virt_speech *speech);
#endif
