/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PATCH_H
#define WIRE_PATCH_H
/* Decodes a compressed or delta form of an artifact (docs/spec/patch.md) in a
 * stream, into a medium, with bounded memory: no more than struct gw_patch.
 *
 * What it is not: proof that the result is right. A decoder writes
 * `result_size` bytes at most, whatever it is fed; whether they are the ones
 * promised is for the caller to check, by their digest, as without it.
 *
 * The caller owns struct gw_patch and everything that gw_patch_init takes by
 * pointer but the digests; one thread at a time. The use:
 *
 *   gw_patch_init(&patch, &io, size, digest, base_digest, base_size);
 *   patch.work_max = 4096;                        // optional
 *   if (journal has a checkpoint) gw_patch_resume(&patch, checkpoint, checkpoint_size);
 * again:
 *   download from gw_patch_wanted(&patch), rounded down to a block, and for each block
 *     while ((status = gw_patch_feed(&patch, offset, data, size)) == GW_PATCH_MORE) other work;
 *     if (status < 0) give up; if (gw_patch_done(&patch)) check the result's digest;
 *     if (gw_patch_wanted(&patch) != offset + size) end this download, goto again;
 *     journal gw_patch_checkpoint();
 *
 * The last "goto again" is taken once, and only after gw_patch_resume: the
 * first bytes of the form, which say what it is of, are read anew. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/manifest.h"
#include "wire/patch_model.h"
#include "wire/status.h"

#define GW_PATCH_CHECKPOINT_SIZE 24u
#define GW_PATCH_WRITE_SIZE 256u /* `write` gets multiples of this but for the last */
#define GW_PATCH_SEGMENTS_MAX 96u
#define GW_PATCH_HEAD_SIZE_MAX 1024u /* header and segments; never more than the first block */
#define GW_PATCH_MORE 1              /* gw_patch_feed: call again with the same block */

/* Each returns 0, or a negative status of the caller's own, which ends the
 * decoding and is what gw_patch_feed returns from then on. `read_base` and
 * `read_result` are asked for whole ranges inside the base, and inside what
 * `write` has got. read_base may be NULL where base_digest is, read_result where
 * gw_patch_resume is not called. */
struct gw_patch_io {
  void *arg;
  int (*write)(void *arg, uint32_t offset, const void *data, size_t size);
  int (*read_base)(void *arg, uint32_t offset, void *data, size_t size);
  int (*read_result)(void *arg, uint32_t offset, void *data, size_t size);
};

/* Bytes of the result up to `end` are told from the base's, `shift` further on. */
struct gw_patch_segment {
  uint32_t end;
  int32_t shift; /* GW_PATCH_NO_BASE: from nothing */
};
#define GW_PATCH_NO_BASE INT32_MIN

/* All of it is private but work_max. */
struct gw_patch {
  uint32_t work_max; /* bytes of the result that one gw_patch_feed makes at most; 0: no limit */

  const struct gw_patch_io *io;
  uint32_t result_size, base_size;
  uint8_t result_mark[8], base_mark[8]; /* of the digests, as the header has them */
  bool with_base;
  int status; /* sticky */

  uint32_t encoded_size; /* from the header */
  uint32_t wanted;       /* offset of the next encoded byte */
  uint32_t range, code;  /* the range decoder */
  uint32_t coder_offset; /* encoded bytes that have gone into `code` */
  uint32_t made;         /* bytes of the result, those in `output` included */
  struct {
    uint32_t made, coder_offset, range, code;
  } mark; /* as it was when the last chunk was written */
  struct {
    uint32_t made, coder_offset, range, code; /* made 0: nothing to resume */
  } resumed;

  uint16_t head_size; /* 0: not known yet */
  uint16_t staged, staging_at;
  uint16_t segment_count, segment;
  uint32_t base_cached; /* offset of base[0]; UINT32_MAX: nothing */
  struct gw_patch_segment segments[GW_PATCH_SEGMENTS_MAX];
  uint8_t staging[64]; /* input that has not gone into `code` */
  uint8_t base[128];
  struct gw_patch_model model;
};
_Static_assert(sizeof(struct gw_patch) <= 8192, "a decoder takes 8 KB at most");

/* base_digest NULL: what comes is a compressed form, GW_ENCODING_COMPRESSED, and
 * base_size is 0; otherwise a delta. */
void gw_patch_init(struct gw_patch *patch, const struct gw_patch_io *io, uint32_t result_size,
                   const uint8_t result_digest[GW_DIGEST_SIZE],
                   const uint8_t base_digest[GW_DIGEST_SIZE], uint32_t base_size);

/* Takes encoded bytes that begin at `offset`; those that it has had already are
 * passed over. GW_OK: all were taken. GW_PATCH_MORE: work_max bytes were made;
 * call again with the same. Errors are final:
 *   GW_ERR_ORDER        bytes are missing before `offset`
 *   GW_ERR_MALFORMED    no such form, or one that ends before the result does
 *   GW_ERR_MISSING      it is of another result, or needs another base (said
 *                       before anything is written)
 *   GW_ERR_UNSUPPORTED  a later version of the form
 *   others              what a function of gw_patch_io returned */
int gw_patch_feed(struct gw_patch *patch, uint32_t offset, const void *data, size_t size);

/* The offset of the next byte to feed. */
uint32_t gw_patch_wanted(const struct gw_patch *patch);
/* Everything was made and written. */
bool gw_patch_done(const struct gw_patch *patch);

/* What to go on from after a restart, at any time between two feeds; returns
 * how many bytes of the result were written by then. */
uint32_t gw_patch_checkpoint(const struct gw_patch *patch, uint8_t out[GW_PATCH_CHECKPOINT_SIZE]);
/* Goes on, between gw_patch_init and the first feed; the result's first bytes are
 * read again by the next feeds (GW_PATCH_MORE, where work_max is set). GW_OK, or
 * GW_ERR_MALFORMED for a checkpoint of another form: begin at 0 then, gw_patch_init
 * still holds. */
int gw_patch_resume(struct gw_patch *patch, const uint8_t *checkpoint, size_t size);
#endif
