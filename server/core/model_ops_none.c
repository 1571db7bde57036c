/* SPDX-License-Identifier: Apache-2.0 */
/* For builds without the runtime (GODWIT_PARTS="wire;server"). */
#include <stdio.h>

#include "server/core/internal.h"

const char *srv_builtin_name(uint16_t builtin, char number[SRV_BUILTIN_NAME_MAX + 1]) {
  snprintf(number, SRV_BUILTIN_NAME_MAX + 1, "BUILTIN_%u", builtin);
  return number;
}
