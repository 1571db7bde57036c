/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_INTERN_H
#define SERVER_CORE_INTERN_H
/* Texts that many things share ("model 1.2.0", a blueprint with its tags), each
 * kept once and known by a small number. A number is good as long as somebody
 * holds it; the text goes with its last holder. The table owns the texts. */
#include <stdint.h>

#define SRV_INTERN_NONE 0u /* no text */

struct srv_intern_slot {
  char *text; /* NULL: free */
  uint32_t holders;
  uint32_t next; /* in its bucket, or of the free slots */
};

struct srv_intern {
  struct srv_intern_slot *slot; /* [0] is never used */
  uint32_t count, capacity;     /* slots that were ever used; that there is room for */
  uint32_t first_free;
  uint32_t *bucket; /* a power of two of them */
  uint32_t bucket_count;
};

/* Its number, held once more. SRV_INTERN_NONE: out of memory. */
uint32_t srv_intern_hold(struct srv_intern *intern, const char *text);
/* SRV_INTERN_NONE: nobody holds it. */
uint32_t srv_intern_find(const struct srv_intern *intern, const char *text);
/* number may be SRV_INTERN_NONE. True: that was the last one. */
int srv_intern_let_go(struct srv_intern *intern, uint32_t number);
static inline const char *srv_intern_text(const struct srv_intern *intern, uint32_t number) {
  return number == SRV_INTERN_NONE ? "" : intern->slot[number].text;
}
void srv_intern_free(struct srv_intern *intern);
#endif
