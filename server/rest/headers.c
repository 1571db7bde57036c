/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/headers.h"

#include <stdio.h>

const char srv_policy_data[] = "default-src 'none'; frame-ancestors 'none'";
const char srv_policy_bytes[] = "default-src 'none'; frame-ancestors 'none'; sandbox";

void srv_policy_console(const char *nonce, char out[SRV_POLICY_MAX]) {
  bool has_nonce = nonce[0] != 0;
  snprintf(out, SRV_POLICY_MAX,
           "default-src 'none'; script-src 'self'; style-src 'self'%s%s%s; img-src 'self' data: "
           "blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' "
           "blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
           "'none'",
           has_nonce ? " 'nonce-" : "", nonce, has_nonce ? "'" : "");
}

void srv_headers_each(const char *policy, bool pin_tls,
                      void (*add)(void *context, const char *name, const char *value),
                      void *context) {
  static const char *const headers[][2] = {
      {"x-content-type-options", "nosniff"},
      {"x-frame-options", "DENY"},
      {"referrer-policy", "no-referrer"},
      {"cross-origin-opener-policy", "same-origin"},
      {"cross-origin-resource-policy", "same-origin"},
      {"permissions-policy",
       "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
       "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"},
  };
  for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
    add(context, headers[i][0], headers[i][1]);
  }
  add(context, "content-security-policy", policy);
  if (pin_tls) add(context, "strict-transport-security", "max-age=31536000");
}
