/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_AUTH_H
#define SERVER_CORE_AUTH_H
/* What session.c and account.c keep in memory; nobody else includes it. */
#include "server/core/objects.h"
#include "server/core/rights.h"
#include "server/core/throttle.h"

#define SRV_KNOWN_MAX 512 /* direct-mapped by the hash; 10 KB each, once used */

/* Whom a cookie or an API key stands for. */
struct srv_known {
  uint8_t hash[GW_DIGEST_SIZE];
  bool is_session;
  uint64_t generation; /* not srv_auth's: to be asked of the store again */
  char row_id[SRV_ID_LENGTH + 1];
  int64_t expires_us; /* of a key; 0: never */
  int64_t used_us;    /* last */
  int64_t written_us; /* what of that stands in the store */
  struct srv_session session;
  struct srv_principal principal;
};

struct srv_auth {
  uint64_t generation; /* counts what principals depend on */
  int64_t swept_us;
  struct srv_known *known[SRV_KNOWN_MAX];
  struct srv_throttle throttle;
};
/* Made when it is first wanted; NULL: out of memory. */
struct srv_auth *srv_auth_of(struct srv_core *core);
/* The session is as one that began with a password, from now on. */
int srv_session_drop_link(struct srv_core *core, const char *session_id);
/* The account's links, used or not, sign nobody in any more. */
int srv_links_drop(struct srv_core *core, const char *account_id);
#endif
