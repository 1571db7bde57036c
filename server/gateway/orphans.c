/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads whose session has ended. A published client without an answer for ten
 * seconds connects anew, and one of release 0.14 then repeats its block for
 * ever: on a bad link that is all that it would ever do. So an upload waits here
 * for a minute, and the device's next session goes on with it: same path, same
 * token, and exactly the block that is due. Tokens are no proof by themselves,
 * since clients repeat them after a restart; but a client that has restarted
 * begins with block 0. */
#include <string.h>

#include "server/gateway/internal.h"

static struct upload *take_out(struct srv_gateway *gateway, struct upload **link) {
  struct upload *upload = *link;
  *link = upload->next;
  if (gateway->orphans_end == &upload->next) gateway->orphans_end = link;
  gateway->orphan_count--;
  return upload;
}

void orphans_add(struct srv_gateway *gateway, struct upload *upload) {
  if (gateway->orphans == NULL) gateway->orphans_end = &gateway->orphans;
  upload->next = NULL;
  upload->heard_ms = gateway->now_ms; /* so the list is in the order of time */
  *gateway->orphans_end = upload;
  gateway->orphans_end = &upload->next;
  if (++gateway->orphan_count <= ORPHANS_MAX) return;
  streams_free(gateway, take_out(gateway, &gateway->orphans));
}

static bool same_device(const struct srv_device_ref *a, const struct srv_device_ref *b) {
  return strcmp(a->device_id, b->device_id) == 0 && strcmp(a->project_id, b->project_id) == 0;
}

/* It is the block that is due, or the one taken last. */
static bool fits(const struct upload *upload, struct gw_block block, size_t payload_size) {
  uint64_t offset = gw_block_offset(block);
  bool open = upload->state == UPLOAD_OPEN;
  bool due = open && offset == upload->blocks.offset;
  bool again = upload->state != UPLOAD_SAVING && block.more == open &&
               offset + payload_size == upload->blocks.offset;
  return block.szx == upload->blocks.szx && (due || again);
}

struct candidate {
  struct upload **link;    /* NULL: there is none */
  struct session *session; /* that has it; NULL: it has none */
};

static void consider(struct candidate *newest, struct upload **link, struct session *session,
                     const struct gw_coap_message *message, const char *path) {
  const struct upload *upload = *link;
  if (!streams_has_token(upload, message) || strcmp(upload->path, path) != 0) return;
  if (newest->link != NULL && (*newest->link)->begun > upload->begun) return;
  *newest = (struct candidate){.link = link, .session = session};
}

/* Of the device's uploads with that path and token the one begun last, wherever
 * it is. No other can be meant: the device has restarted since, and repeats its
 * tokens. */
static struct candidate find_newest(struct session *session, const struct gw_coap_message *message,
                                    const char *path) {
  struct candidate newest = {0};
  for (struct upload **link = &session->gateway->orphans; *link != NULL; link = &(*link)->next)
    if (same_device(&(*link)->device, &session->device->ref))
      consider(&newest, link, NULL, message, path);
  for (struct session *s = session->device->sessions; s != NULL; s = s->device_next)
    for (struct upload **link = &s->uploads; *link != NULL; link = &(*link)->next)
      consider(&newest, link, s, message, path);
  return newest;
}

/* That one, when the block fits and no session is alive that has it. */
static struct candidate find(struct session *session, const struct gw_coap_message *message,
                             const char *path, struct gw_block block) {
  static const struct candidate none;
  struct candidate newest = find_newest(session, message, path);
  if (newest.link == NULL || !fits(*newest.link, block, message->payload_size)) return none;
  if (newest.session == NULL) return newest;
  uint64_t silent_ms = session->gateway->now_ms - newest.session->received_ms;
  bool is_lost = newest.session != session && silent_ms >= SESSION_LOST_MS;
  return is_lost ? newest : none; /* the device has left it without a word */
}

bool orphans_know(struct session *session, const struct gw_coap_message *message,
                  const char *path) {
  return find_newest(session, message, path).link != NULL;
}

bool orphans_have(struct session *session, const struct gw_coap_message *message, const char *path,
                  struct gw_block block) {
  return find(session, message, path, block).link != NULL;
}

struct upload *orphans_take(struct session *session, const struct gw_coap_message *message,
                            const char *path, struct gw_block block) {
  struct candidate found = find(session, message, path, block);
  if (found.link == NULL) return NULL;
  if (found.session == NULL) return take_out(session->gateway, found.link);
  struct upload *upload = *found.link;
  *found.link = upload->next;
  return upload;
}

bool orphans_drop_one(struct srv_gateway *gateway) {
  for (struct upload **link = &gateway->orphans; *link != NULL; link = &(*link)->next) {
    if ((*link)->state != UPLOAD_OPEN) continue;
    streams_free(gateway, take_out(gateway, link));
    return true;
  }
  return false;
}

uint64_t orphans_due_ms(const struct srv_gateway *gateway) {
  return gateway->orphans != NULL ? gateway->orphans->heard_ms + UPLOAD_IDLE_MS : TIMER_NEVER;
}

void orphans_timer(struct srv_gateway *gateway, bool all) {
  while (gateway->orphans != NULL && (all || orphans_due_ms(gateway) <= gateway->now_ms))
    streams_free(gateway, take_out(gateway, &gateway->orphans));
}
