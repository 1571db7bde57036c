/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/throttle.h"

#include <mbedtls/sha256.h>
#include <string.h>

#define FIRST_WAIT_US INT64_C(1000000)

static uint64_t hash_of(const struct srv_throttle *throttle, const char *key) {
  uint8_t digest[32];
  uint64_t hash;
  mbedtls_sha256_context sha;
  mbedtls_sha256_init(&sha);
  mbedtls_sha256_starts(&sha, 0);
  mbedtls_sha256_update(&sha, throttle->seed, sizeof(throttle->seed));
  mbedtls_sha256_update(&sha, (const unsigned char *)key, strlen(key));
  mbedtls_sha256_finish(&sha, digest);
  mbedtls_sha256_free(&sha);
  memcpy(&hash, digest, sizeof(hash));
  return hash == 0 ? 1 : hash;
}

static struct srv_throttle_entry *find(struct srv_throttle *throttle, const char *key) {
  uint64_t hash = hash_of(throttle, key);
  struct srv_throttle_entry *set = throttle->entry[hash % SRV_THROTTLE_SETS];
  for (size_t i = 0; i < SRV_THROTTLE_WAYS; i++) {
    if (set[i].hash == hash) return &set[i];
  }
  return NULL;
}

/* Its entry, or the one unused for longest, emptied. */
static struct srv_throttle_entry *take(struct srv_throttle *throttle, const char *key,
                                       int64_t now_us) {
  struct srv_throttle_entry *entry = find(throttle, key);
  if (entry == NULL) {
    uint64_t hash = hash_of(throttle, key);
    entry = throttle->entry[hash % SRV_THROTTLE_SETS];
    for (size_t i = 1; i < SRV_THROTTLE_WAYS; i++) {
      struct srv_throttle_entry *other = &throttle->entry[hash % SRV_THROTTLE_SETS][i];
      if (other->last_us < entry->last_us) entry = other;
    }
    *entry = (struct srv_throttle_entry){.hash = hash};
  }
  if (now_us - entry->last_us > SRV_THROTTLE_FORGET_US) entry->failures = 0;
  entry->last_us = now_us;
  return entry;
}

int64_t srv_throttle_wait_us(struct srv_throttle *throttle, const char *key, int64_t now_us) {
  const struct srv_throttle_entry *entry = find(throttle, key);
  return entry == NULL || entry->until_us <= now_us ? 0 : entry->until_us - now_us;
}

static int64_t wait_after(uint32_t failures, const struct srv_throttle_rule *rule) {
  int64_t wait_us = FIRST_WAIT_US;
  if (failures < rule->free) return 0;
  for (uint32_t i = rule->free; i < failures && wait_us < rule->longest_us; i++) wait_us *= 2;
  return wait_us < rule->longest_us ? wait_us : rule->longest_us;
}

void srv_throttle_count(struct srv_throttle *throttle, const char *key,
                        const struct srv_throttle_rule *rule, int64_t now_us) {
  struct srv_throttle_entry *entry = take(throttle, key, now_us);
  entry->failures++;
  entry->until_us = now_us + wait_after(entry->failures, rule);
}

void srv_throttle_succeeded(struct srv_throttle *throttle, const char *key, bool forget,
                            int64_t now_us) {
  struct srv_throttle_entry *entry = take(throttle, key, now_us);
  if (entry->failures > 0) entry->failures--;
  if (forget) {
    entry->failures = 0;
    entry->is_known = true;
  }
  entry->until_us = 0;
}

bool srv_throttle_is_known(struct srv_throttle *throttle, const char *key) {
  const struct srv_throttle_entry *entry = find(throttle, key);
  return entry != NULL && entry->is_known;
}
