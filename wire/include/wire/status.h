/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H
/* The one status enum of wire/. 0 is success, every failure is negative, so a
 * function that returns a length can return a status in the same int. */
enum gw_status {
  GW_OK = 0,
  GW_ERR_TRUNCATED = -1,   /* the input ends before the value does */
  GW_ERR_MALFORMED = -2,   /* the input breaks the format's own rules */
  GW_ERR_UNSUPPORTED = -3, /* well formed, but outside the subset we speak */
  GW_ERR_NO_SPACE = -4,    /* the caller's output buffer is too small */
  GW_ERR_TOO_LONG = -5,    /* a value exceeds its documented limit */
  GW_ERR_MISSING = -6,     /* a required key or option is absent */
  GW_ERR_ORDER = -7,       /* out of sequence: wrong block, option written out of order */
};

/* A short English name, never NULL; for log lines. Static storage. */
const char *gw_status_name(int status);
#endif
