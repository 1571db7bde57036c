/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts in a smaller form: decoded in a stream, straight to their place on
 * the medium. What the decoder reads of a model is read from the medium, the
 * base too; that this is what the form was made from is checked before the
 * first byte is asked for, and that the result is right is checked as for any
 * other download, by its digest. */
#include <string.h>

#include "updater_internal.h"
#include "wire/patch.h"

struct decoder {
  struct gw_patch patch;
  struct gw_patch_io io;
  const struct godwit_store *store;
  const struct godwit_store_entry *base;
  int medium_status; /* of the first operation that failed; GODWIT_OK: none */
  uint32_t block_offset, block_size;
  uint8_t block[GODWIT_PAYLOAD_MAX]; /* that is being decoded */
};
_Static_assert(sizeof(struct decoder) + 16u <= GODWIT_UPDATER_WORK_BYTES, "work_bytes says so");

/* In the work memory, aligned. */
static struct decoder *decoder_of(const struct godwit_updater *updater) {
  size_t size;
  uint8_t *work = godwit_updater_work(updater, &size);
  size_t off = (size_t)((uintptr_t)work % 16u);
  return (struct decoder *)(void *)(off != 0 ? work + 16u - off : work);
}

static const struct godwit_store_entry *find_base(const struct godwit_updater *updater,
                                                  const struct gw_offer *offer) {
  const struct godwit_store_state *state = &updater->config.store->state;
  const struct godwit_store_entry *const held[] = {&state->active, &state->previous};
  for (size_t i = 0; i < 2; i++) {
    if (held[i]->version[0] != '\0' && memcmp(held[i]->digest, offer->base, GW_DIGEST_SIZE) == 0) {
      return held[i];
    }
  }
  return NULL;
}

static bool is_usable(const struct godwit_updater *updater, const struct gw_offer *offer) {
  if (offer->encoding == GW_ENCODING_DELTA) return find_base(updater, offer) != NULL;
  return offer->encoding == GW_ENCODING_COMPRESSED;
}

/* The one that was begun goes on, whatever else is offered by now. */
static bool was_begun(const struct godwit_updater *updater, const struct gw_offer *offer) {
  const struct godwit_store_state *state = &updater->config.store->state;
  return godwit_updater_is_entry(&updater->wanted, &state->incoming) && state->incoming_bytes > 0 &&
         state->incoming_encoding == offer->encoding &&
         memcmp(state->incoming_offer, offer->id, GW_OFFER_ID_SIZE) == 0;
}

static bool is_whole_begun(const struct godwit_updater *updater) {
  const struct godwit_store_state *state = &updater->config.store->state;
  return godwit_updater_is_entry(&updater->wanted, &state->incoming) &&
         state->incoming_encoding == GW_ENCODING_NONE;
}

/* A form must be smaller than the whole; and than half of what is left of the
 * whole, where that was begun. */
static uint32_t worth_below(const struct godwit_updater *updater) {
  uint32_t size = updater->wanted.size_bytes;
  uint32_t done = is_whole_begun(updater) ? updater->config.store->state.incoming_bytes : 0;
  return done > 0 ? (size - done) / 2 : size;
}

static void choose(struct godwit_updater *updater, const struct gw_description *description) {
  uint32_t least = worth_below(updater);
  size_t size;
  if (godwit_updater_work(updater, &size) == NULL) return;
  for (size_t i = 0; i < description->offer_count; i++) {
    const struct gw_offer *offer = &description->offer[i];
    if (!is_usable(updater, offer)) continue;
    if (offer->size_bytes < least || was_begun(updater, offer)) {
      updater->offer = *offer;
      least = offer->size_bytes;
    }
    if (was_begun(updater, offer)) return;
  }
}

/* The base's file is read through once: a delta on other bytes would only show
 * when all of it has been fetched. */
static int prepare(struct godwit_updater *updater) {
  struct godwit_store_reader *reader = &updater->reader;
  if (updater->offer.encoding != GW_ENCODING_DELTA) return GODWIT_OK;
  const struct godwit_store_entry *base = find_base(updater, &updater->offer);
  if (base == NULL) return GODWIT_ERR_NOT_FOUND;
  int status = GODWIT_OK;
  if (!reader->open)
    status = godwit_store_reader_open(reader, updater->config.store, base, NULL, 0);
  if (status == GODWIT_OK) status = godwit_store_reader_step(reader, updater->config.step_bytes);
  if (status != 1) godwit_store_reader_close(reader);
  return status;
}

/* The decoder's medium ---------------------------------------------------------- */

static int note(struct decoder *decoder, int status) {
  if (status < 0 && decoder->medium_status == GODWIT_OK) decoder->medium_status = status;
  return status;
}

static int write_result(void *arg, uint32_t offset, const void *data, size_t size) {
  struct decoder *decoder = arg;
  return note(decoder,
              godwit_store_write((struct godwit_store *)decoder->store, offset, data, size));
}

static int read_base(void *arg, uint32_t offset, void *data, size_t size) {
  struct decoder *decoder = arg;
  return note(decoder, godwit_store_read_at(decoder->store, decoder->base, offset, data, size));
}

static int read_result(void *arg, uint32_t offset, void *data, size_t size) {
  struct decoder *decoder = arg;
  return note(decoder, godwit_store_read_at(decoder->store, &decoder->store->state.incoming, offset,
                                            data, size));
}

/* Decoding ------------------------------------------------------------------------ */

static int begin(struct godwit_updater *updater, uint32_t offset, uint32_t *wanted) {
  struct decoder *decoder = decoder_of(updater);
  const struct gw_component *component = &updater->wanted;
  const struct godwit_store_state *state = &updater->config.store->state;
  bool is_delta = updater->offer.encoding == GW_ENCODING_DELTA;
  memset(decoder, 0, sizeof *decoder);
  decoder->store = updater->config.store;
  decoder->io = (struct gw_patch_io){
      .arg = decoder, .write = write_result, .read_base = read_base, .read_result = read_result};
  if (is_delta) decoder->base = find_base(updater, &updater->offer);
  if (is_delta && decoder->base == NULL) return GODWIT_ERR_NOT_FOUND;
  gw_patch_init(&decoder->patch, &decoder->io, component->size_bytes, component->digest,
                is_delta ? decoder->base->digest : NULL, is_delta ? decoder->base->size_bytes : 0);
  decoder->patch.work_max = updater->config.decode_bytes;
  if (offset > 0 && gw_patch_resume(&decoder->patch, state->incoming_checkpoint,
                                    state->incoming_checkpoint_size) != GW_OK) {
    return GODWIT_ERR_FORMAT;
  }
  *wanted = gw_patch_wanted(&decoder->patch);
  return GODWIT_OK;
}

static int keep_progress(struct godwit_updater *updater, const struct gw_patch *patch) {
  uint8_t checkpoint[GW_PATCH_CHECKPOINT_SIZE];
  _Static_assert(GW_PATCH_CHECKPOINT_SIZE <= GODWIT_CHECKPOINT_MAX, "fits the journal");
  struct godwit_store *store = updater->config.store;
  if (gw_patch_done(patch)) {
    return godwit_store_progress(store, updater->wanted.size_bytes, NULL, 0);
  }
  uint32_t written = gw_patch_checkpoint(patch, checkpoint);
  return godwit_store_progress(store, written, checkpoint, sizeof checkpoint);
}

static int step(struct godwit_updater *updater, uint32_t *wanted) {
  struct decoder *decoder = decoder_of(updater);
  struct gw_patch *patch = &decoder->patch;
  uint32_t end = decoder->block_offset + decoder->block_size;
  int status = gw_patch_feed(patch, decoder->block_offset, decoder->block, decoder->block_size);
  if (status == GW_PATCH_MORE) return GODWIT_UPDATER_MORE;
  if (status < 0) return decoder->medium_status < 0 ? decoder->medium_status : GODWIT_ERR_FORMAT;
  status = keep_progress(updater, patch);
  *wanted = gw_patch_wanted(patch);
  return status == GODWIT_OK && !gw_patch_done(patch) && *wanted > end ? 1 : status;
}

static int feed(struct godwit_updater *updater, uint32_t offset, const void *data, size_t size,
                uint32_t *wanted) {
  struct decoder *decoder = decoder_of(updater);
  if (size > sizeof decoder->block) return GODWIT_ERR_FORMAT;
  memcpy(decoder->block, data, size);
  decoder->block_offset = offset;
  decoder->block_size = (uint32_t)size;
  return step(updater, wanted);
}

const struct godwit_updater_patch_ops godwit_updater_patch = {
    gw_description_parse, choose, prepare, begin, feed, step};
