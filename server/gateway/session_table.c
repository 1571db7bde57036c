/* SPDX-License-Identifier: Apache-2.0 */
/* Chained hash tables over intrusive links. Three indexes of sessions share
 * one bucket count, which doubles when the sessions outnumber it. The hash of
 * an address is keyed with a secret, so that nobody can choose addresses that
 * share a bucket. Handshakes have an index of their own: a peer that comes
 * back on the port of an open session shakes hands beside it, and only a
 * finished handshake takes its address. */
#include <stdlib.h>
#include <string.h>

#include "server/gateway/internal.h"

#define BUCKETS_FIRST 1024u

static uint64_t mix(uint64_t value) { /* finalizer of MurmurHash3 */
  value ^= value >> 33;
  value *= 0xFF51AFD7ED558CCDu;
  value ^= value >> 33;
  value *= 0xC4CEB9FE1A85EC53u;
  return value ^ (value >> 33);
}

static uint64_t hash_bytes(const struct session_table *table, const void *data, size_t size) {
  const uint8_t *p = data;
  uint64_t hash = table->hash_key[0] ^ size;
  while (size > 0) {
    uint64_t word = 0;
    size_t part = size < sizeof word ? size : sizeof word;
    memcpy(&word, p, part);
    hash = mix(hash ^ word) + table->hash_key[1];
    p += part;
    size -= part;
  }
  return mix(hash);
}

static size_t path_bucket(const struct session_table *table, const struct udp_path *path) {
  uint8_t key[16 + 4 + 2];
  memcpy(key, path->peer, 16);
  memcpy(key + 16, &path->scope, 4);
  memcpy(key + 20, &path->port, 2);
  return hash_bytes(table, key, sizeof key) & (table->bucket_count - 1);
}

static size_t cid_bucket(const struct session_table *table, const uint8_t cid[CID_SIZE]) {
  uint64_t value; /* random already */
  memcpy(&value, cid, sizeof value);
  return value & (table->bucket_count - 1);
}

static size_t device_bucket(const struct session_table *table, const char *device_id) {
  return hash_bytes(table, device_id, strlen(device_id)) & (table->bucket_count - 1);
}

bool table_init(struct session_table *table, uint64_t key0, uint64_t key1) {
  *table = (struct session_table){.bucket_count = BUCKETS_FIRST, .hash_key = {key0, key1}};
  table->open = calloc(BUCKETS_FIRST, sizeof(struct session *));
  table->handshakes = calloc(BUCKETS_FIRST, sizeof(struct session *));
  table->cids = calloc(BUCKETS_FIRST, sizeof(struct session *));
  table->devices = calloc(BUCKETS_FIRST, sizeof(struct device *));
  if (table->open != NULL && table->handshakes != NULL && table->cids != NULL &&
      table->devices != NULL)
    return true;
  table_free(table);
  return false;
}

void table_free(struct session_table *table) {
  free(table->open);
  free(table->handshakes);
  free(table->cids);
  free(table->devices);
  *table = (struct session_table){.bucket_count = 0};
}

/* ---- lists ---- */

static void list_append(struct session_list *list, struct session *session) {
  session->list_previous = list->last;
  session->list_next = NULL;
  if (list->last != NULL)
    list->last->list_next = session;
  else
    list->first = session;
  list->last = session;
  list->count++;
}

static void list_remove(struct session_list *list, struct session *session) {
  if (session->list_previous != NULL)
    session->list_previous->list_next = session->list_next;
  else
    list->first = session->list_next;
  if (session->list_next != NULL)
    session->list_next->list_previous = session->list_previous;
  else
    list->last = session->list_previous;
  session->list_previous = session->list_next = NULL;
  list->count--;
}

/* ---- indexes ---- */

static struct session *find_by_path(struct session *chain, const struct udp_path *path) {
  while (chain != NULL && !udp_path_same_peer(&chain->path, path)) chain = chain->address_next;
  return chain;
}

struct session *table_find_open(const struct session_table *table, const struct udp_path *path) {
  return find_by_path(table->open[path_bucket(table, path)], path);
}

struct session *table_find_handshake(const struct session_table *table,
                                     const struct udp_path *path) {
  return find_by_path(table->handshakes[path_bucket(table, path)], path);
}

struct session *table_find_cid(const struct session_table *table, const uint8_t cid[CID_SIZE]) {
  struct session *session = table->cids[cid_bucket(table, cid)];
  while (session != NULL && memcmp(session->cid, cid, CID_SIZE) != 0) session = session->cid_next;
  return session;
}

static void address_add(const struct session_table *table, struct session **buckets,
                        struct session *session) {
  struct session **head = &buckets[path_bucket(table, &session->path)];
  session->address_next = *head;
  session->by_address = true;
  *head = session;
}

static void address_remove(const struct session_table *table, struct session **buckets,
                           struct session *session) {
  if (!session->by_address) return;
  struct session **link = &buckets[path_bucket(table, &session->path)];
  while (*link != session) link = &(*link)->address_next;
  *link = session->address_next;
  session->by_address = false;
}

static void cid_add(const struct session_table *table, struct session *session) {
  struct session **head = &table->cids[cid_bucket(table, session->cid)];
  session->cid_next = *head;
  *head = session;
}

static void cid_remove(const struct session_table *table, struct session *session) {
  struct session **link = &table->cids[cid_bucket(table, session->cid)];
  while (*link != session) link = &(*link)->cid_next;
  *link = session->cid_next;
}

static struct session **buckets_of(const struct session_table *table,
                                   const struct session *session) {
  return session->state == SESSION_HANDSHAKE ? table->handshakes : table->open;
}

static void reindex_list(const struct session_table *table, const struct session_list *list) {
  for (struct session *s = list->first; s != NULL; s = s->list_next) {
    cid_add(table, s);
    if (s->by_address) address_add(table, buckets_of(table, s), s);
  }
}

/* Best effort: without memory the chains only get longer. */
static void grow(struct session_table *table) {
  struct session_table bigger = *table;
  bigger.bucket_count = table->bucket_count * 2;
  bigger.open = calloc(bigger.bucket_count, sizeof(struct session *));
  bigger.handshakes = calloc(bigger.bucket_count, sizeof(struct session *));
  bigger.cids = calloc(bigger.bucket_count, sizeof(struct session *));
  bigger.devices = calloc(bigger.bucket_count, sizeof(struct device *));
  if (bigger.open == NULL || bigger.handshakes == NULL || bigger.cids == NULL ||
      bigger.devices == NULL) {
    table_free(&bigger);
    return;
  }
  for (size_t i = 0; i < table->bucket_count; i++) {
    for (struct device *device = table->devices[i], *next; device != NULL; device = next) {
      next = device->next;
      struct device **head = &bigger.devices[device_bucket(&bigger, device->ref.device_id)];
      device->next = *head;
      *head = device;
    }
  }
  reindex_list(&bigger, &bigger.open_list);
  reindex_list(&bigger, &bigger.handshake_list);
  struct session_table old = *table;
  *table = bigger;
  table_free(&old);
}

/* ---- a session's way through the table ---- */

void table_add_handshake(struct session_table *table, struct session *session) {
  if (table->open_list.count + table->handshake_list.count >= table->bucket_count) grow(table);
  session->state = SESSION_HANDSHAKE;
  address_add(table, table->handshakes, session);
  cid_add(table, session);
  list_append(&table->handshake_list, session);
}

static struct session *take_address(struct session_table *table, const struct udp_path *path) {
  struct session *previous = table_find_open(table, path);
  if (previous != NULL) address_remove(table, table->open, previous);
  return previous;
}

struct session *table_open(struct session_table *table, struct session *session) {
  address_remove(table, table->handshakes, session);
  list_remove(&table->handshake_list, session);
  struct session *previous = take_address(table, &session->path);
  session->state = SESSION_OPEN;
  address_add(table, table->open, session);
  list_append(&table->open_list, session);
  session->device_previous = NULL;
  session->device_next = session->device->sessions;
  if (session->device_next != NULL) session->device_next->device_previous = session;
  session->device->sessions = session;
  return previous;
}

struct session *table_move(struct session_table *table, struct session *session,
                           const struct udp_path *path) {
  address_remove(table, table->open, session);
  struct session *previous = take_address(table, path);
  session->path = *path;
  address_add(table, table->open, session);
  return previous;
}

static void leave_device(struct session *session) {
  if (session->device_previous != NULL)
    session->device_previous->device_next = session->device_next;
  else
    session->device->sessions = session->device_next;
  if (session->device_next != NULL)
    session->device_next->device_previous = session->device_previous;
}

void table_bury(struct session_table *table, struct session *session) {
  address_remove(table, buckets_of(table, session), session);
  cid_remove(table, session);
  if (session->state == SESSION_OPEN) {
    list_remove(&table->open_list, session);
    leave_device(session);
  } else {
    list_remove(&table->handshake_list, session);
  }
  session->state = SESSION_DEAD;
  list_append(&table->dead_list, session);
}

struct session *table_take_dead(struct session_table *table) {
  struct session *session = table->dead_list.first;
  if (session != NULL) list_remove(&table->dead_list, session);
  return session;
}

/* ---- devices ---- */

struct device *table_device_find(const struct session_table *table, const char *project_id,
                                 const char *device_id) {
  struct device *device = table->devices[device_bucket(table, device_id)];
  while (device != NULL && (strcmp(device->ref.device_id, device_id) != 0 ||
                            strcmp(device->ref.project_id, project_id) != 0))
    device = device->next;
  return device;
}

struct device *table_device_acquire(struct session_table *table, const struct srv_device_ref *ref) {
  struct device *device = table_device_find(table, ref->project_id, ref->device_id);
  if (device == NULL) {
    device = calloc(1, sizeof *device);
    if (device == NULL) return NULL;
    device->ref = *ref;
    struct device **head = &table->devices[device_bucket(table, ref->device_id)];
    device->next = *head;
    *head = device;
    table->device_count++;
  }
  device->references++;
  return device;
}

void table_device_release(struct session_table *table, struct device *device) {
  if (device == NULL || --device->references > 0) return;
  struct device **link = &table->devices[device_bucket(table, device->ref.device_id)];
  while (*link != device) link = &(*link)->next;
  *link = device->next;
  table->device_count--;
  free(device);
}
