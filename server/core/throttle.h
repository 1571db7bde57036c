/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_THROTTLE_H
#define SERVER_CORE_THROTTLE_H
/* How often somebody may guess. For each key (an e-mail and an address, an
 * address, an e-mail) it counts failures and says how long to wait: nothing for
 * the first few, then twice as long each time. Memory is bounded: among so many
 * keys the one unused for longest is forgotten. The caller's memory, no clock,
 * no I/O; one thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRV_THROTTLE_SETS 1024
#define SRV_THROTTLE_WAYS 4 /* 4096 keys, 160 KB */
#define SRV_THROTTLE_FORGET_US (INT64_C(3600) * 1000000)

struct srv_throttle_entry {
  uint64_t hash; /* 0: empty */
  uint32_t failures;
  bool is_known; /* has been let in from there before */
  int64_t last_us;
  int64_t until_us;
};
/* Zeroed, then seeded: keys that collide cannot be made on purpose. */
struct srv_throttle {
  uint8_t seed[16];
  struct srv_throttle_entry entry[SRV_THROTTLE_SETS][SRV_THROTTLE_WAYS];
};

/* How strict: failures that cost nothing, and the longest wait. */
struct srv_throttle_rule {
  uint32_t free;
  int64_t longest_us;
};

/* How long that key must still wait; 0: may try. */
int64_t srv_throttle_wait_us(struct srv_throttle *throttle, const char *key, int64_t now_us);
/* Another try, counted as failed until srv_throttle_succeeded says otherwise: so
 * tries side by side cannot slip through. */
void srv_throttle_count(struct srv_throttle *throttle, const char *key,
                        const struct srv_throttle_rule *rule, int64_t now_us);
/* The try was good: it is taken back. forget: and with it all before it, and
 * from now on the key is known. */
void srv_throttle_succeeded(struct srv_throttle *throttle, const char *key, bool forget,
                            int64_t now_us);
bool srv_throttle_is_known(struct srv_throttle *throttle, const char *key);
#endif
