/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sdk/store_life.h"

#include <string.h>

#include "mbedtls/sha256.h"
#include "tests/support/test.h"

#define MODEL_MAX (176u * 1024u)
#define WINDOW 6u

enum kind { UPDATE, REFUSE, ROTATE, REVERT };

static const struct stage {
  enum kind kind;
  const char *version; /* UPDATE, REFUSE */
  unsigned size;       /* index */
  uint8_t encoding;
  uint32_t sequence, floor;
  /* what holds afterwards */
  const char *active, *previous;
  uint32_t epoch, floor_after;
} stages[] = {
    {UPDATE, "1.0.0", 0, GW_ENCODING_NONE, 1, 0, "1.0.0", "", 0, 0},
    {UPDATE, "1.1.0", 1, GW_ENCODING_DELTA, 2, 0, "1.1.0", "1.0.0", 0, 0},
    {ROTATE, NULL, 0, 0, 0, 0, "1.1.0", "1.0.0", 1, 0},
    {REVERT, NULL, 0, 0, 0, 0, "1.0.0", "1.1.0", 1, 0},
    {REFUSE, "1.2.0", 4, GW_ENCODING_NONE, 3, 0, "1.0.0", NULL, 1, 0},
    {UPDATE, "1.3.0", 2, GW_ENCODING_NONE, 4, 2, "1.3.0", NULL, 1, 2},
    {UPDATE, "1.4.0", 3, GW_ENCODING_COMPRESSED, 5, 4, "1.4.0", "1.3.0", 1, 4},
    {ROTATE, NULL, 0, 0, 0, 0, "1.4.0", "1.3.0", 2, 4},
};
#define STAGES (sizeof stages / sizeof stages[0])

static uint32_t roll(struct life *life) {
  uint32_t x = life->random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return life->random_state = x;
}

static const uint8_t *model_bytes(const char *version, uint32_t size) {
  static uint8_t bytes[8][MODEL_MAX];
  static bool made[8];
  unsigned which = (unsigned)(version[2] - '0');
  assert_true(which < 8 && size <= MODEL_MAX);
  uint32_t state = 2166136261u * (which + 1);
  for (size_t i = 0; !made[which] && i < MODEL_MAX; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[which][i] = (uint8_t)(state >> 24);
  }
  made[which] = true;
  return bytes[which];
}

static void digest_of(const char *version, uint32_t size, uint8_t digest[GW_DIGEST_SIZE]) {
  static struct {
    uint32_t size;
    uint8_t digest[GW_DIGEST_SIZE];
  } cache[8];
  unsigned which = (unsigned)(version[2] - '0');
  if (cache[which].size != size) {
    mbedtls_sha256(model_bytes(version, size), size, cache[which].digest, 0);
    cache[which].size = size;
  }
  memcpy(digest, cache[which].digest, GW_DIGEST_SIZE);
}

static uint32_t size_of(const struct life *life, const char *version) {
  for (size_t i = 0; i < STAGES; i++) {
    if (stages[i].version != NULL && strcmp(stages[i].version, version) == 0) {
      return life->sizes[stages[i].size];
    }
  }
  fail_msg("no model is called \"%s\"", version);
  return 0;
}

/* What may be true at a start ------------------------------------------------------ */

static void check_whole(struct life *life, const struct godwit_store_entry *entry, const char *what,
                        const char *where) {
  uint8_t digest[GW_DIGEST_SIZE];
  digest_of(entry->version, size_of(life, entry->version), digest);
  int status = godwit_store_read(&life->store, entry, NULL, 0);
  if (status != GODWIT_OK || memcmp(digest, entry->digest, sizeof digest) != 0) {
    fail_msg("%s: %s model %s is not whole: %s", where, what, entry->version,
             godwit_status_name(status));
  }
}

static void check_keys(const struct godwit_trust_state *trust, const char *where) {
  uint8_t key[GODWIT_TRUST_KEY_SIZE];
  assert_int_equal(trust->key_count, trust->epoch == 0 ? 0 : 1 + trust->epoch % 2);
  for (unsigned i = 0; i < trust->key_count; i++) {
    memset(key, (int)(16 * trust->epoch + i), sizeof key);
    if (memcmp(trust->key[i], key, sizeof key) != 0) fail_msg("%s: keys are mixed", where);
  }
}

static void check_state(struct life *life, const char *where) {
  static const struct stage nothing = {.active = "", .previous = ""};
  const struct godwit_store_state *state = &life->store.state;
  const struct stage *before = life->stage > 0 ? &stages[life->stage - 1] : &nothing;
  const struct stage *after = life->stage < STAGES ? &stages[life->stage] : before;
  if (strcmp(state->active.version, before->active) != 0 &&
      strcmp(state->active.version, after->active) != 0) {
    fail_msg("%s: stage %zu: active is \"%s\", not \"%s\" or \"%s\"", where, life->stage,
             state->active.version, before->active, after->active);
  }
  if (state->active.version[0] != '\0') check_whole(life, &state->active, "active", where);
  if (state->previous.version[0] != '\0') check_whole(life, &state->previous, "previous", where);
  assert_true(state->trust.epoch == before->epoch || state->trust.epoch == after->epoch);
  assert_true(state->trust.floor == before->floor_after ||
              state->trust.floor == after->floor_after);
  check_keys(&state->trust, where);
  /* Nothing below the floor is kept to go back to. */
  if (state->trust.floor > 0 && state->previous.version[0] != '\0') {
    assert_true(state->previous.sequence >= state->trust.floor);
  }
}

/* Living --------------------------------------------------------------------------- */

void life_begin(struct life *life, uint32_t seed) {
  life->stage = 0;
  life->known_bytes = 0;
  life->random_state = seed != 0 ? seed : 1;
}

void life_boot(struct life *life, const char *where) {
  memset(&life->store, 0xEE, sizeof life->store);
  life->where = where;
  struct godwit_medium *medium = life->power_on();
  int status = godwit_store_init(
      &life->store,
      &(struct godwit_store_config){
          .medium = medium, .package = "model", .journal_every_bytes = life->journal_every_bytes});
  if (status != GODWIT_OK) fail_msg("%s: store: %s", where, godwit_status_name(status));
  check_state(life, where);
  if (life->store.state.active.version[0] != '\0') {
    assert_int_equal(godwit_store_start(&life->store), GODWIT_OK);
  }
}

static void make_checkpoint(uint32_t bytes, uint8_t checkpoint[GODWIT_CHECKPOINT_MAX]) {
  for (unsigned i = 0; i < GODWIT_CHECKPOINT_MAX; i++) {
    checkpoint[i] = (uint8_t)(bytes >> 8 * (i % 4)) ^ (uint8_t)(17 * i);
  }
}

/* A cut costs at most what the journal may be behind. */
static void check_resumed(struct life *life, const struct stage *stage, uint32_t offset) {
  const struct godwit_store_state *state = &life->store.state;
  static uint8_t there[MODEL_MAX];
  uint8_t checkpoint[GODWIT_CHECKPOINT_MAX];
  bool is_decoded = stage->encoding != GW_ENCODING_NONE;
  assert_int_equal(state->incoming_bytes, offset);
  if (offset > 0) {
    assert_int_equal(godwit_store_read_at(&life->store, &state->incoming, 0, there, offset),
                     GODWIT_OK);
    assert_memory_equal(there, model_bytes(stage->version, offset), offset);
  }
  if (is_decoded && offset > 0) {
    make_checkpoint(offset, checkpoint);
    assert_int_equal(state->incoming_checkpoint_size, sizeof checkpoint);
    assert_memory_equal(state->incoming_checkpoint, checkpoint, sizeof checkpoint);
  } else {
    assert_int_equal(state->incoming_checkpoint_size, 0);
  }
  if (is_decoded && life->loses_decoder) return;
  uint32_t behind = life->journal_every_bytes + life->loss_max + WINDOW * life->block_bytes;
  if (offset + behind < life->known_bytes) {
    fail_msg("%s: of %u bytes of %s only %u are left", life->where, life->known_bytes,
             stage->version, offset);
  }
}

struct window {
  uint32_t whole, end, total;
  uint32_t block_bytes;
  uint64_t done; /* bit per block from whole on */
};

/* One block of those in flight arrives. */
static void take_block(struct life *life, const struct stage *stage, struct window *window,
                       unsigned reach) {
  unsigned pick = roll(life) % reach;
  while ((window->done >> pick & 1) != 0 ||
         window->whole + pick * window->block_bytes >= window->total) {
    pick = (pick + 1) % reach;
  }
  uint32_t at = window->whole + pick * window->block_bytes;
  uint32_t size =
      window->total - at < window->block_bytes ? window->total - at : window->block_bytes;
  assert_int_equal(
      godwit_store_write(&life->store, at, model_bytes(stage->version, window->total) + at, size),
      GODWIT_OK);
  window->done |= (uint64_t)1 << pick;
  for (; window->done & 1; window->done >>= 1) window->whole += window->block_bytes;
  if (window->whole > window->total) window->whole = window->total;
}

static void write_from(struct life *life, const struct stage *stage, uint32_t offset,
                       uint32_t until) {
  bool is_decoded = stage->encoding != GW_ENCODING_NONE;
  uint8_t checkpoint[GODWIT_CHECKPOINT_MAX];
  struct window window = {
      .whole = offset,
      .total = life->sizes[stage->size],
      .block_bytes = is_decoded ? 256 * (1 + roll(life) % 4) : life->block_bytes};
  if (is_decoded && window.block_bytes < life->block_bytes / 4)
    window.block_bytes = life->block_bytes / 4;
  while (window.whole < until) {
    take_block(life, stage, &window, is_decoded ? 1 : WINDOW);
    make_checkpoint(window.whole, checkpoint);
    life->known_bytes = window.whole;
    assert_int_equal(
        godwit_store_progress(&life->store, window.whole, is_decoded ? checkpoint : NULL,
                              is_decoded ? sizeof checkpoint : 0),
        GODWIT_OK);
  }
}

static uint32_t begin_incoming(struct life *life, const struct stage *stage) {
  struct gw_component component = {.package = "model", .size_bytes = life->sizes[stage->size]};
  uint8_t offer[GW_OFFER_ID_SIZE] = {(uint8_t)stage->sequence};
  uint32_t offset = UINT32_MAX;
  snprintf(component.version, sizeof component.version, "%s", stage->version);
  digest_of(stage->version, component.size_bytes, component.digest);
  int status = godwit_store_begin(&life->store, &component, stage->encoding,
                                  stage->encoding != GW_ENCODING_NONE ? offer : NULL, &offset);
  if (status != GODWIT_OK) fail_msg("begin %s: %s", stage->version, godwit_status_name(status));
  check_resumed(life, stage, offset);
  life->known_bytes = offset;
  return offset;
}

/* The link is lost now and then: what is known whole is not fetched again. */
static void download(struct life *life, const struct stage *stage, uint32_t until) {
  uint32_t total = life->sizes[stage->size];
  uint32_t offset = begin_incoming(life, stage);
  uint32_t pause = offset + roll(life) % (total + 1);
  if (pause < until) {
    write_from(life, stage, offset, pause);
    uint32_t known = life->known_bytes;
    if (roll(life) % 2) { /* any write of the journal makes it durable */
      struct godwit_trust_state trust = life->store.state.trust;
      assert_int_equal(godwit_store_set_trust(&life->store, &trust), GODWIT_OK);
    }
    offset = begin_incoming(life, stage);
    bool exact = stage->encoding != GW_ENCODING_NONE && !life->loses_decoder;
    if (exact) assert_int_equal(offset, known);
    if (!life->loses_decoder) assert_true(offset + 1024 > known);
  }
  write_from(life, stage, offset, until);
}

static void update(struct life *life, const struct stage *stage) {
  struct godwit_store *store = &life->store;
  if (strcmp(store->state.active.version, stage->version) != 0) {
    download(life, stage, life->sizes[stage->size]);
    assert_int_equal(godwit_store_finish(store), GODWIT_OK);
    check_whole(life, &store->state.incoming, "incoming", "downloaded");
    godwit_store_set_terms(store, stage->sequence, 0, 0);
    assert_int_equal(godwit_store_try(store), GODWIT_OK);
    assert_int_equal(godwit_store_commit(store), GODWIT_OK);
    life->known_bytes = 0;
  }
  assert_int_equal(store->state.active.sequence, stage->sequence);
  assert_int_equal(godwit_store_confirm(store, stage->floor), GODWIT_OK);
  assert_true(store->state.active.confirmed);
}

static void refuse(struct life *life, const struct stage *stage) {
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t total = life->sizes[stage->size];
  digest_of(stage->version, total, digest);
  if (godwit_store_find_rejection(&life->store, digest) == NULL) {
    download(life, stage, total - total / 3);
    assert_int_equal(godwit_store_reject(&life->store, stage->version, digest, 8, 3), GODWIT_OK);
  }
  life->known_bytes = 0;
  const struct godwit_store_rejection *found = godwit_store_find_rejection(&life->store, digest);
  assert_non_null(found);
  assert_int_equal(found->reason, 8);
  assert_string_equal(life->store.state.incoming.version, "");
}

static void rotate(struct life *life, const struct stage *stage) {
  struct godwit_trust_state trust = life->store.state.trust;
  if (trust.epoch == stage->epoch) return;
  trust.epoch = stage->epoch;
  trust.key_count = (uint8_t)(1 + stage->epoch % 2);
  for (unsigned i = 0; i < trust.key_count; i++) {
    memset(trust.key[i], (int)(16 * stage->epoch + i), sizeof trust.key[i]);
  }
  assert_int_equal(godwit_store_set_trust(&life->store, &trust), GODWIT_OK);
}

void life_live(struct life *life) {
  for (; life->stage < STAGES; life->stage++) {
    const struct stage *stage = &stages[life->stage];
    if (stage->kind == UPDATE) update(life, stage);
    if (stage->kind == REFUSE) refuse(life, stage);
    if (stage->kind == ROTATE) rotate(life, stage);
    if (stage->kind == REVERT && strcmp(life->store.state.active.version, stage->active) != 0) {
      assert_int_equal(godwit_store_swap_back(&life->store), GODWIT_OK);
    }
    life->known_bytes = 0;
    assert_string_equal(life->store.state.active.version, stage->active);
    if (stage->previous != NULL) {
      assert_string_equal(life->store.state.previous.version, stage->previous);
    }
  }
}

void life_check_end(struct life *life) {
  life_boot(life, "the last start");
  const struct godwit_store_state *state = &life->store.state;
  assert_string_equal(state->active.version, "1.4.0");
  assert_string_equal(state->previous.version, "1.3.0");
  assert_string_equal(state->incoming.version, "");
  assert_int_equal(state->trust.epoch, 2);
  assert_int_equal(state->trust.floor, 4);
  assert_int_equal(state->active.sequence, 5);
}
