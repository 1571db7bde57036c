/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_STATUS_H
#define GODWIT_STATUS_H
/* The one status enum of the device SDK. 0 is success, every failure is
 * negative, so that a function which returns a size can return a status in the
 * same int. */
enum godwit_status {
  GODWIT_OK = 0,
  GODWIT_ERR_ARGUMENT = -1,     /* the caller broke the contract of the function */
  GODWIT_ERR_NO_MEMORY = -2,    /* memory, slot or arena given by the caller is too small */
  GODWIT_ERR_CONNECTION = -3,   /* not connected, or lost while the request was under way */
  GODWIT_ERR_TIMEOUT = -4,      /* connected, but no answer in time */
  GODWIT_ERR_CREDENTIALS = -5,  /* the server refused identity or key */
  GODWIT_ERR_RESPONSE = -6,     /* the server answered with an error code */
  GODWIT_ERR_FORMAT = -7,       /* what came is not what its format says */
  GODWIT_ERR_NOT_FOUND = -8,    /* no such file, model or component */
  GODWIT_ERR_IO = -9,           /* storage or network driver failed */
  GODWIT_ERR_NO_SPACE = -10,    /* storage is full */
  GODWIT_ERR_INTEGRITY = -11,   /* digest differs from the one promised */
  GODWIT_ERR_MODEL = -12,       /* the application refused the model */
  GODWIT_ERR_STATE = -13,       /* not possible now: busy, or a blocking call from a callback */
  GODWIT_ERR_CANCELLED = -14,   /* ended by the caller */
  GODWIT_ERR_UNSUPPORTED = -15, /* well formed, but not something this SDK does */
  GODWIT_ERR_UNTRUSTED = -16,   /* the server's certificate is not one to trust */
};

/* A short English name, never NULL; static storage. For log lines. */
const char *godwit_status_name(int status);
#endif
