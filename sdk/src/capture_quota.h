/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_CAPTURE_QUOTA_H
#define SDK_CAPTURE_QUOTA_H
/* How many captures were begun today, on a volume (NULL: only in memory). What
 * is read is input: a record counts only with its CRC. Bytes and promises:
 * godwit/capture.h, at its end. */
#include "godwit/capture.h"

/* Where the file cannot be read, used becomes UINT32_MAX. */
void godwit_capture_quota_load(struct godwit_capture_quota *quota, const char *volume);
/* Ends the day when it is over, and keeps how far it is, once an hour. */
void godwit_capture_quota_tick(struct godwit_capture_quota *quota, const char *volume);
/* Counts one that is about to be sent; negative: it is not on the medium. */
int godwit_capture_quota_use(struct godwit_capture_quota *quota, const char *volume);
#endif
