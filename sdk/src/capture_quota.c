/* SPDX-License-Identifier: Apache-2.0 */
#include "capture_quota.h"

#include <string.h>

#include "godwit/log.h"
#include "journal.h"
#include "platform/clock.h"
#include "platform/storage.h"

#define FILE_NAME GODWIT_CAPTURE_QUOTA_FILE
#define RECORD GODWIT_CAPTURE_RECORD
#define DAY_MS (24u * 3600u * 1000u)
#define SAVE_EVERY_MS (3600u * 1000u) /* so much of a day a restart may forget */

static const uint8_t magic[4] = {'G', 'W', 'Q', '1'};

static void put_u32(uint8_t *bytes, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8u * i));
}

static uint32_t get_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static uint64_t day_ms(const struct godwit_capture_quota *quota, uint64_t now_ms) {
  return quota->spent_ms + (now_ms - quota->since_ms);
}

/* Record: magic, generation, used, seconds of the day that have passed, CRC-32;
 * little-endian. Odd generations stand first in the file, even ones second. */
static int save(struct godwit_capture_quota *quota, const char *volume, uint64_t now_ms) {
  if (volume == NULL) return GODWIT_OK;
  uint8_t record[RECORD];
  uint32_t generation = quota->generation + 1;
  memcpy(record, magic, sizeof magic);
  put_u32(record + 4, generation);
  put_u32(record + 8, quota->used);
  put_u32(record + 12, (uint32_t)(day_ms(quota, now_ms) / 1000u));
  put_u32(record + 16, godwit_crc32(record, 16));
  int status = godwit_platform_storage_write(volume, FILE_NAME, generation % 2u == 1u ? 0 : RECORD,
                                             record, sizeof record);
  if (status == GODWIT_OK) status = godwit_platform_storage_sync(volume, FILE_NAME);
  quota->saved_ms = now_ms; /* also where it failed: the next try is in an hour */
  if (status < 0) {
    godwit_log(GODWIT_LOG_ERROR, "capture: writing %s on %s: %s", FILE_NAME, volume,
               godwit_status_name(status));
    return status;
  }
  quota->generation = generation;
  return GODWIT_OK;
}

/* The newer one of the records that are whole. */
static bool take_record(struct godwit_capture_quota *quota, const uint8_t *record, bool have) {
  uint32_t generation = get_u32(record + 4);
  if (memcmp(record, magic, sizeof magic) != 0 ||
      get_u32(record + 16) != godwit_crc32(record, 16)) {
    return have;
  }
  if (have && (int32_t)(generation - quota->generation) <= 0) return true;
  quota->generation = generation;
  quota->used = get_u32(record + 8);
  quota->spent_ms = (uint64_t)get_u32(record + 12) * 1000u;
  return true;
}

void godwit_capture_quota_load(struct godwit_capture_quota *quota, const char *volume) {
  uint64_t now_ms = godwit_platform_now_ms();
  uint8_t records[2 * RECORD] = {0};
  *quota = (struct godwit_capture_quota){.since_ms = now_ms, .saved_ms = now_ms};
  if (volume == NULL) return;
  int status = godwit_platform_storage_mount(volume);
  if (status == GODWIT_OK) {
    status = godwit_platform_storage_read(volume, FILE_NAME, 0, records, sizeof records);
  }
  if (status == GODWIT_ERR_NOT_FOUND) return; /* nothing was ever captured */
  quota->unread = status < 0;
  bool have = take_record(quota, records, false);
  if (take_record(quota, records + RECORD, have)) return;
  quota->used = UINT32_MAX;
  godwit_log(GODWIT_LOG_WARN, "capture: %s on %s cannot be read: nothing is captured for %s",
             FILE_NAME, volume, quota->unread ? "an hour, then it is tried again" : "24 hours");
}

void godwit_capture_quota_tick(struct godwit_capture_quota *quota, const char *volume) {
  if (quota->used == 0) return;
  uint64_t now_ms = godwit_platform_now_ms();
  bool is_hour = now_ms - quota->saved_ms >= SAVE_EVERY_MS;
  if (quota->unread) { /* writing might destroy what a medium that is back still holds */
    if (is_hour) godwit_capture_quota_load(quota, volume);
    return;
  }
  bool is_over = day_ms(quota, now_ms) >= DAY_MS;
  if (is_over) quota->used = 0;
  if (is_over || is_hour) (void)save(quota, volume, now_ms);
}

int godwit_capture_quota_use(struct godwit_capture_quota *quota, const char *volume) {
  uint64_t now_ms = godwit_platform_now_ms();
  if (quota->used == 0) { /* a day begins with its first capture */
    quota->spent_ms = 0;
    quota->since_ms = now_ms;
  }
  quota->used++;
  return save(quota, volume, now_ms);
}
