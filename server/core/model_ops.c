/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "server/core/internal.h"
#include "wit/ops.h"

const char *srv_builtin_name(uint16_t builtin, char number[SRV_BUILTIN_NAME_MAX + 1]) {
  const char *name = wit_op_builtin_name(builtin);
  if (name != NULL) return name;
  snprintf(number, SRV_BUILTIN_NAME_MAX + 1, "BUILTIN_%u", builtin);
  return number;
}
