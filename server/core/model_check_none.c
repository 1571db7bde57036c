/* SPDX-License-Identifier: Apache-2.0 */
/* For builds without the runtime (GODWIT_PARTS="wire;server"). */
#include "server/core/internal.h"

int srv_check_model(struct srv_core *core, const void *data, size_t size,
                    char info[SRV_MODEL_INFO_MAX + 1]) {
  (void)data;
  (void)size;
  info[0] = 0;
  return srv_fail(core, SRV_ERR_MODEL,
                  "this server was built without the runtime and cannot check models: "
                  "upload as binary");
}
