/* SPDX-License-Identifier: Apache-2.0 */
/* Ids and names: what may be called what. */
#include <stdio.h>
#include <string.h>

#include "server/core/internal.h"

/* Seconds, five random bytes of this process, a counter: ids sort by age and
 * several servers on one database do not collide. */
void srv_make_id(struct srv_core *core, char id[SRV_ID_LENGTH + 1]) {
  uint32_t seconds = (uint32_t)(srv_now_us(core) / 1000000);
  const uint8_t *random = core->id_random;
  uint32_t counter = core->id_counter++ & 0xffffff;
  snprintf(id, SRV_ID_LENGTH + 1, "%08x%02x%02x%02x%02x%02x%06x", (unsigned)seconds, random[0],
           random[1], random[2], random[3], random[4], (unsigned)counter);
}

static bool is_one_of(char character, const char *others) {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
         (character != 0 && strchr(others, character) != NULL);
}

bool srv_is_id(const char *text) {
  return strlen(text) == SRV_ID_LENGTH && strspn(text, "0123456789abcdef") == SRV_ID_LENGTH;
}

static int check_length(struct srv_core *core, const char *what, const char *name) {
  if (name[0] == 0) return srv_fail(core, SRV_ERR_INVALID, "the %s needs a name", what);
  return SRV_OK;
}

static bool is_upper(char character) { return character >= 'A' && character <= 'Z'; }

int srv_check_label(struct srv_core *core, const char *what, const char *name) {
  int status = check_length(core, what, name);
  for (size_t i = 0; status == SRV_OK && name[i] != 0; i++) {
    if (is_one_of(name[i], "._-") || is_upper(name[i])) continue;
    status = srv_fail(core, SRV_ERR_INVALID,
                      "%s name \"%s\": can only use characters A-Z a-z 0-9 . _ -", what, name);
  }
  return status;
}

int srv_check_slug(struct srv_core *core, const char *what, const char *name) {
  int status = check_length(core, what, name);
  for (size_t i = 0; status == SRV_OK && name[i] != 0; i++) {
    if (is_one_of(name[i], "_-")) continue;
    status = srv_fail(core, SRV_ERR_INVALID, "%s \"%s\": use only the characters a-z 0-9 _ -", what,
                      name);
  }
  return status;
}

int srv_check_title(struct srv_core *core, const char *what, const char *name) {
  int status = check_length(core, what, name);
  for (size_t i = 0; status == SRV_OK && name[i] != 0; i++) {
    unsigned char character = (unsigned char)name[i];
    if (character >= 0x20 && character != 0x7f && character != '/') continue;
    status = srv_fail(core, SRV_ERR_INVALID,
                      "the %s's name must not hold control characters or '/'", what);
  }
  return status;
}
