/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16u

static uint32_t hash_of(const char *text) { /* FNV-1a */
  uint32_t hash = 2166136261u;
  for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 16777619u;
  return hash ^ (hash >> 15);
}

static uint32_t *bucket_of(const struct srv_intern *intern, const char *text) {
  return &intern->bucket[hash_of(text) & (intern->bucket_count - 1)];
}

/* As many buckets as slots: chains stay short. */
static bool grow(struct srv_intern *intern) {
  uint32_t capacity = intern->capacity == 0 ? SLOTS_MIN : intern->capacity * 2;
  struct srv_intern_slot *slot = realloc(intern->slot, capacity * sizeof(*slot));
  if (slot == NULL) return false;
  intern->slot = slot;
  uint32_t *bucket = calloc(capacity, sizeof(*bucket));
  if (bucket == NULL) return false;
  free(intern->bucket);
  intern->bucket = bucket;
  intern->bucket_count = intern->capacity = capacity;
  if (intern->count == 0) {
    intern->slot[0] = (struct srv_intern_slot){0};
    intern->count = 1;
  }
  for (uint32_t i = 1; i < intern->count; i++) {
    if (intern->slot[i].text == NULL) continue;
    uint32_t *head = bucket_of(intern, intern->slot[i].text);
    intern->slot[i].next = *head;
    *head = i;
  }
  return true;
}

uint32_t srv_intern_find(const struct srv_intern *intern, const char *text) {
  if (intern->bucket_count == 0) return SRV_INTERN_NONE;
  uint32_t number = *bucket_of(intern, text);
  while (number != SRV_INTERN_NONE && strcmp(intern->slot[number].text, text) != 0) {
    number = intern->slot[number].next;
  }
  return number;
}

static uint32_t take_slot(struct srv_intern *intern) {
  uint32_t number = intern->first_free;
  if (number != SRV_INTERN_NONE) {
    intern->first_free = intern->slot[number].next;
    return number;
  }
  if (intern->count == intern->capacity && !grow(intern)) return SRV_INTERN_NONE;
  return intern->count++;
}

static void give_slot(struct srv_intern *intern, uint32_t number) {
  intern->slot[number] = (struct srv_intern_slot){.next = intern->first_free};
  intern->first_free = number;
}

uint32_t srv_intern_hold(struct srv_intern *intern, const char *text) {
  uint32_t number = srv_intern_find(intern, text);
  if (number != SRV_INTERN_NONE) {
    intern->slot[number].holders++;
    return number;
  }
  number = take_slot(intern);
  if (number == SRV_INTERN_NONE) return number;
  struct srv_intern_slot *slot = &intern->slot[number];
  slot->text = strdup(text);
  if (slot->text == NULL) {
    give_slot(intern, number);
    return SRV_INTERN_NONE;
  }
  uint32_t *head = bucket_of(intern, text);
  slot->holders = 1;
  slot->next = *head;
  *head = number;
  return number;
}

int srv_intern_let_go(struct srv_intern *intern, uint32_t number) {
  if (number == SRV_INTERN_NONE || --intern->slot[number].holders > 0) return 0;
  uint32_t *link = bucket_of(intern, intern->slot[number].text);
  while (*link != number) link = &intern->slot[*link].next;
  *link = intern->slot[number].next;
  free(intern->slot[number].text);
  give_slot(intern, number);
  return 1;
}

void srv_intern_free(struct srv_intern *intern) {
  for (uint32_t i = 1; i < intern->count; i++) free(intern->slot[i].text);
  free(intern->slot);
  free(intern->bucket);
  *intern = (struct srv_intern){0};
}
