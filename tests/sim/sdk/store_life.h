/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SDK_STORE_LIFE_H
#define TESTS_SIM_SDK_STORE_LIFE_H
/* The life of a store without a network: updates whole and decoded, written in
 * any order within a window, a model that is refused in mid-download, a rollback,
 * keys that are replaced, a floor that is raised. It may be cut anywhere and
 * begun again; at each start everything that the store says of itself is held
 * against what may be true. */
#include "godwit/store.h"

struct life {
  struct godwit_store store;
  /* The medium, as a power cut leaves it, behind a fresh object. */
  struct godwit_medium *(*power_on)(void);
  uint32_t block_bytes;
  uint32_t sizes[5];
  uint32_t journal_every_bytes;
  uint32_t loss_max;  /* bytes that a cut may cost beyond what the journal may be behind */
  bool loses_decoder; /* no scratch block: a decoded download begins anew */

  /* Outlive longjmp: the object is static. */
  size_t stage;
  uint32_t known_bytes; /* of the incoming model, before the cut */
  const char *where;    /* for messages */
  uint32_t random_state;
};

void life_begin(struct life *life, uint32_t seed);
/* Power on: everything in RAM is forgotten. Fails the test where the store comes
 * up with anything that is neither before nor after the step that was cut. */
void life_boot(struct life *life, const char *where);
/* On to the end. */
void life_live(struct life *life);
/* And it came out right. */
void life_check_end(struct life *life);
#endif
