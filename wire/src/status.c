/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/status.h"

const char *gw_status_name(int status) {
  switch (status) {
    case GW_OK:
      return "ok";
    case GW_ERR_TRUNCATED:
      return "truncated";
    case GW_ERR_MALFORMED:
      return "malformed";
    case GW_ERR_UNSUPPORTED:
      return "unsupported";
    case GW_ERR_NO_SPACE:
      return "no space";
    case GW_ERR_TOO_LONG:
      return "too long";
    case GW_ERR_MISSING:
      return "missing";
    case GW_ERR_ORDER:
      return "out of order";
    default:
      return status > 0 ? "ok" : "unknown status";
  }
}
