/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/status.h"

const char *godwit_status_name(int status) {
  switch (status) {
    case GODWIT_OK:
      return "ok";
    case GODWIT_ERR_ARGUMENT:
      return "wrong argument";
    case GODWIT_ERR_NO_MEMORY:
      return "not enough memory";
    case GODWIT_ERR_CONNECTION:
      return "no connection";
    case GODWIT_ERR_TIMEOUT:
      return "no answer in time";
    case GODWIT_ERR_CREDENTIALS:
      return "identity or key refused";
    case GODWIT_ERR_RESPONSE:
      return "refused by the server";
    case GODWIT_ERR_FORMAT:
      return "wrong format";
    case GODWIT_ERR_NOT_FOUND:
      return "not found";
    case GODWIT_ERR_IO:
      return "input/output error";
    case GODWIT_ERR_NO_SPACE:
      return "storage full";
    case GODWIT_ERR_INTEGRITY:
      return "digest differs";
    case GODWIT_ERR_MODEL:
      return "model refused";
    case GODWIT_ERR_STATE:
      return "not possible now";
    case GODWIT_ERR_CANCELLED:
      return "cancelled";
    case GODWIT_ERR_UNSUPPORTED:
      return "unsupported";
    case GODWIT_ERR_UNTRUSTED:
      return "server not trusted";
    default:
      return "unknown status";
  }
}
