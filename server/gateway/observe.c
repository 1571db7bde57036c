/* SPDX-License-Identifier: Apache-2.0 */
/* Observations (RFC 7641). A change only marks a session; observe_run compares
 * the representation made now with the digest of the last one sent, so that
 * nobody is told what he knows. At most one notification per observer is under
 * way; when it must be sent again, the newest state goes out in its place
 * (4.5.2). An observation lives as long as its session: a peer that stays mute
 * through all retransmissions loses the session with it, and so learns at its
 * next request that it has to observe again. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "server/gateway/internal.h"
#include "wire/block.h"
#include "wire/observe.h"

static void digest(const uint8_t *data, size_t size, uint8_t out[TOKEN_DIGEST_SIZE]) {
  uint8_t hash[32];
  mbedtls_sha256(data, size, hash, 0);
  memcpy(out, hash, TOKEN_DIGEST_SIZE);
}

static bool has_token(const struct observation *observation, const uint8_t *token, size_t length) {
  return observation->token_length == length && memcmp(observation->token, token, length) == 0;
}

static struct observation *find(struct session *session, const uint8_t *token, size_t length) {
  struct observation *o = session->observations;
  while (o != NULL && !has_token(o, token, length)) o = o->next;
  return o;
}

static struct observation *create(struct session *session, const char *path) {
  size_t count = 0;
  for (struct observation *o = session->observations; o != NULL; o = o->next) count++;
  if (count >= OBSERVATIONS_MAX) return NULL;
  struct observation *observation = calloc(1, sizeof *observation + strlen(path) + 1);
  if (observation == NULL) return NULL;
  memcpy(observation->path, path, strlen(path) + 1);
  observation->next = session->observations;
  session->observations = observation;
  session->gateway->stats.observers++;
  return observation;
}

static void cancel(struct session *session, struct observation *observation) {
  struct observation **link = &session->observations;
  while (*link != observation) link = &(*link)->next;
  *link = observation->next;
  session->gateway->stats.observers--;
  if (observation->observable->cancelled != NULL) observation->observable->cancelled(session);
  free(observation);
}

/* The session's observation of that token; one of something else gives way. */
static struct observation *find_or_create(struct session *session,
                                          const struct gw_coap_message *request,
                                          const struct observable *observable, const char *path) {
  struct observation *o = find(session, request->token, request->token_length);
  if (o != NULL && (o->observable != observable || strcmp(o->path, path) != 0)) {
    cancel(session, o);
    o = NULL;
  }
  return o != NULL ? o : create(session, path);
}

bool observe_register(struct session *session, const struct gw_coap_message *request,
                      const struct observable *observable, const char *path, uint16_t format,
                      const uint8_t *representation, size_t size, uint32_t *sequence) {
  struct observation *o = find_or_create(session, request, observable, path);
  if (o == NULL) return false;
  memcpy(o->token, request->token, request->token_length);
  o->token_length = request->token_length;
  o->observable = observable;
  o->format = format;
  o->changed = false;
  gw_retransmit_stop(&o->outstanding);
  o->sequence = (o->sequence + 1) & GW_OBSERVE_MASK;
  digest(representation, size, o->sent);
  *sequence = o->sequence;
  if (observable->registered != NULL) observable->registered(session);
  return true;
}

void observe_cancel(struct session *session, const uint8_t *token, size_t token_length) {
  struct observation *observation = find(session, token, token_length);
  if (observation != NULL) cancel(session, observation);
}

/* ---- sessions to look at ---- */

static void list_changed(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  if (session->listed_changed) return;
  session->listed_changed = true;
  session->changed_next = NULL;
  if (gateway->changed_last != NULL)
    gateway->changed_last->changed_next = session;
  else
    gateway->changed_first = session;
  gateway->changed_last = session;
}

void observe_mark(struct session *session, bool whole_project) {
  for (struct observation *o = session->observations; o != NULL; o = o->next) {
    if (whole_project && o->observable->is_devices_own) continue;
    o->changed = true;
    list_changed(session);
  }
}

static struct session *take_marked(struct srv_gateway *gateway) {
  struct session *session = gateway->changed_first;
  gateway->changed_first = session->changed_next;
  if (gateway->changed_first == NULL) gateway->changed_last = NULL;
  session->listed_changed = false;
  return session;
}

static void unmark(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  if (!session->listed_changed) return;
  struct session **link = &gateway->changed_first, *before = NULL;
  while (*link != session) {
    before = *link;
    link = &(*link)->changed_next;
  }
  *link = session->changed_next;
  if (gateway->changed_last == session) gateway->changed_last = before;
  session->listed_changed = false;
}

void observe_cancel_all(struct session *session) {
  while (session->observations != NULL) cancel(session, session->observations);
  unmark(session);
}

/* ---- notifications ---- */

static void send_notification(struct session *session, const struct observation *o,
                              const uint8_t *representation, size_t size) {
  uint8_t buffer[GW_COAP_DATAGRAM_MAX];
  struct gw_coap_writer writer;
  struct gw_block_slice slice;
  gw_block2_slice((struct gw_block){.szx = GW_BLOCK_SZX_MAX}, size, &slice);
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_CONTENT, o->message_id,
                       o->token, o->token_length);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, o->sequence);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, o->format);
  if (size > PAYLOAD_MAX) /* JSON of many components; clients with CBOR never see this */
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK2, gw_block_encode(slice.block));
  gw_coap_writer_payload(&writer, representation, slice.size);
  int length = gw_coap_writer_finish(&writer);
  if (length > 0) session_send(session, buffer, (size_t)length);
}

static int represent(struct session *session, const struct observation *o) {
  struct srv_gateway *gateway = session->gateway;
  return o->observable->represent(gateway, session, o->path, o->format, gateway->representation,
                                  sizeof gateway->representation);
}

/* Makes the representation and, when it is news, gives the notification a new
 * number. Returns its length, 0 when there is nothing to tell, negative when it
 * cannot be made now. */
static int refresh(struct session *session, struct observation *o, bool *news) {
  const struct srv_gateway *gateway = session->gateway;
  uint8_t now[TOKEN_DIGEST_SIZE];
  int size = represent(session, o);
  if (size < 0) return size;
  o->changed = false;
  if (size == 0) return 0;
  digest(gateway->representation, (size_t)size, now);
  *news = memcmp(now, o->sent, sizeof now) != 0;
  if (*news) {
    memcpy(o->sent, now, sizeof now);
    o->sequence = (o->sequence + 1) & GW_OBSERVE_MASK;
    o->message_id = session->next_message_id++;
  }
  return size;
}

static void notify_if_news(struct session *session, struct observation *o) {
  struct srv_gateway *gateway = session->gateway;
  bool news = false;
  if (!o->changed || o->outstanding.active || session->quiet) return;
  int size = refresh(session, o, &news);
  if (size < 0 || !news) return; /* after an error, observe_wake tries again */
  gw_retransmit_start(&o->outstanding, gateway->now_ms, gateway_random(gateway));
  gateway->stats.notifications++;
  send_notification(session, o, gateway->representation, (size_t)size);
}

static void look_at(struct session *session) {
  for (struct observation *o = session->observations; o != NULL; o = o->next)
    notify_if_news(session, o);
  dtls_schedule(session);
}

bool observe_run(struct srv_gateway *gateway, size_t limit) {
  while (gateway->changed_first != NULL && limit-- > 0) look_at(take_marked(gateway));
  return gateway->changed_first != NULL;
}

void observe_wake(struct session *session) {
  for (const struct observation *o = session->observations; o != NULL; o = o->next) {
    if (!o->changed || o->outstanding.active) continue;
    list_changed(session);
    return;
  }
}

static struct observation *find_outstanding(struct session *session, uint16_t message_id) {
  struct observation *o = session->observations;
  while (o != NULL && !(o->outstanding.active && o->message_id == message_id)) o = o->next;
  return o;
}

/* What was sent last is still the state of things. */
static bool is_present(struct session *session, const struct observation *o) {
  uint8_t now[TOKEN_DIGEST_SIZE];
  int size = represent(session, o);
  if (size <= 0) return false;
  digest(session->gateway->representation, (size_t)size, now);
  return memcmp(now, o->sent, sizeof now) == 0;
}

void observe_acknowledged(struct session *session, uint16_t message_id) {
  struct observation *o = find_outstanding(session, message_id);
  if (o == NULL) return;
  gw_retransmit_stop(&o->outstanding);
  if (o->observable->acknowledged != NULL && is_present(session, o))
    o->observable->acknowledged(session);
  notify_if_news(session, o);
}

void observe_rejected(struct session *session, uint16_t message_id) {
  struct observation *o = find_outstanding(session, message_id);
  if (o != NULL) cancel(session, o);
}

uint64_t observe_due_ms(const struct session *session) {
  uint64_t due = TIMER_NEVER;
  for (const struct observation *o = session->observations; o != NULL; o = o->next)
    if (o->outstanding.active && o->outstanding.next_ms < due) due = o->outstanding.next_ms;
  return due;
}

static void send_again(struct session *session, struct observation *o) {
  struct srv_gateway *gateway = session->gateway;
  bool news = false;
  int size = refresh(session, o, &news);
  if (size < 0) return; /* the next time-out tries again */
  if (size == 0) {      /* what it told is over */
    gw_retransmit_stop(&o->outstanding);
    return;
  }
  gateway->stats.retransmissions++;
  send_notification(session, o, gateway->representation, (size_t)size);
}

bool observe_timer(struct session *session) {
  bool alive = true;
  for (struct observation *o = session->observations; o != NULL; o = o->next) {
    switch (gw_retransmit_poll(&o->outstanding, session->gateway->now_ms)) {
      case GW_RETRANSMIT_WAIT:
        break;
      case GW_RETRANSMIT_SEND:
        send_again(session, o);
        break;
      case GW_RETRANSMIT_GIVE_UP:
        gw_retransmit_stop(&o->outstanding);
        memset(o->sent, 0, sizeof o->sent); /* should it wake up: it has not got this */
        o->changed = true;
        alive = false;
        break;
    }
  }
  return alive;
}
