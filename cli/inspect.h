/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H
/* What devices would say to a model: wit's verifier, label check and planner,
 * as the server runs them on an upload. */
#include <stdbool.h>
#include <stddef.h>

#include "wit/wit.h"

struct cli_verdict {
  bool opened;            /* the container is sound: `model` may be looked into */
  bool runs;              /* and wit can run it */
  struct wit_error error; /* where not: why */
  size_t arena_bytes;     /* needed; 0 when not known */
};
/* Borrows data for as long as `model` is used. */
void cli_model_check(const void *data, size_t size, struct wit_model *model,
                     struct cli_verdict *verdict);
#endif
