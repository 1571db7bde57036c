/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/planner.h"

#include <stdbool.h>

#include "runtime/src/limits.h"

#define NONE UINT16_MAX

static bool live_together(const struct wit_plan_entry *a, const struct wit_plan_entry *b) {
  return a->first <= b->last && b->first <= a->last;
}

static uint64_t end_of(const struct wit_plan_entry *entry) {
  uint64_t end = (uint64_t)entry->offset + entry->size;
  return (end + WIT_PLAN_ALIGNMENT - 1) & ~(uint64_t)(WIT_PLAN_ALIGNMENT - 1);
}

/* Larger first; of equals, the earlier one: the order is total, so that the
 * plan depends on the model alone. */
static bool goes_before(const struct wit_plan_entry *entries, uint32_t a, uint32_t b) {
  if (entries[a].size != entries[b].size) return entries[a].size > entries[b].size;
  return a < b;
}

/* The next entry to place after `previous` (NONE: the first). Looking for it
 * each time costs what sorting would, and needs no second array. */
static uint32_t next_to_place(const struct wit_plan_entry *entries, uint32_t count,
                              uint32_t previous) {
  uint32_t best = NONE;
  for (uint32_t i = 0; i < count; i++) {
    if (entries[i].place != WIT_PLACE_PLANNED || entries[i].size == 0) continue;
    if (previous != NONE && !goes_before(entries, previous, i)) continue;
    if (best == NONE || goes_before(entries, i, best)) best = i;
  }
  return best;
}

/* Lowest offset with room for entry `index` between those that are placed (the
 * list from `head`, by offset) and live with it. */
static uint64_t find_gap(const struct wit_plan_entry *entries, uint16_t head, uint32_t index) {
  uint64_t offset = 0;
  for (uint16_t i = head; i != NONE; i = entries[i].next) {
    if (!live_together(&entries[i], &entries[index])) continue;
    if (offset + entries[index].size <= entries[i].offset) break;
    uint64_t end = end_of(&entries[i]);
    if (end > offset) offset = end;
  }
  return offset;
}

static void insert_by_offset(struct wit_plan_entry *entries, uint16_t *head, uint16_t index) {
  uint16_t *link = head;
  while (*link != NONE && entries[*link].offset <= entries[index].offset) {
    link = &entries[*link].next;
  }
  entries[index].next = *link;
  *link = index;
}

uint64_t wit_plan(struct wit_plan_entry *entries, uint32_t count) {
  uint16_t head = NONE;
  uint64_t total = 0;
  for (uint32_t i = next_to_place(entries, count, NONE); i != NONE;
       i = next_to_place(entries, count, i)) {
    uint64_t offset = find_gap(entries, head, i);
    if (offset + entries[i].size > WIT_ARENA_BYTES_MAX) return UINT64_MAX;
    entries[i].offset = (uint32_t)offset;
    insert_by_offset(entries, &head, (uint16_t)i);
    uint64_t end = end_of(&entries[i]);
    if (end > total) total = end;
  }
  return total;
}
