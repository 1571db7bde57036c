/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_BLOB_H
#define SERVER_STORE_BLOB_H
/* Where the bytes of artifacts and larger captures are kept, named by their SHA-256. A blob is
 * either there whole and on the disk or not there at all: it is written to a
 * temporary name, synced, and renamed. One thread uses it. */
#include "server/core/status.h"
#include "server/core/types.h"

struct srv_blob_view {
  const uint8_t *data;
  size_t size;
  void *owner; /* private */
};

struct srv_blobs;
struct srv_blob_writer;

struct srv_blobs_ops {
  /* Starts a blob. The writer is ended by publish or abort, whatever append
   * and seal returned. */
  int (*begin)(struct srv_blobs *blobs, struct srv_blob_writer **writer);
  /* Bytes that the disk has room for; UINT64_MAX where nobody knows. */
  uint64_t (*room)(struct srv_blobs *blobs);
  int (*append)(struct srv_blob_writer *writer, const void *data, size_t size);
  /* No more bytes: gives their digest and a view of them that lives until
   * publish or abort. */
  int (*seal)(struct srv_blob_writer *writer, uint8_t digest[GW_DIGEST_SIZE],
              struct srv_blob_view *view);
  /* After seal: from now on the blobs can be opened by their digests, after a
   * crash too. One that was there already is replaced. Ends the writers. On failure
   * some may be in place. Many cost hardly more than one: the disk is waited
   * for together. */
  int (*publish)(struct srv_blobs *blobs, struct srv_blob_writer *const *writers, size_t count);
  void (*abort)(struct srv_blob_writer *writer);

  /* Whole and read-only, until release, whatever becomes of the disk.
   * SRV_ERR_NOT_FOUND; SRV_ERR_IO when its size is not size_bytes or its bytes
   * are not the digest's; SRV_ERR_BUSY when too many bytes are open. Cheap when
   * it was opened lately. */
  int (*open)(struct srv_blobs *blobs, const uint8_t digest[GW_DIGEST_SIZE], size_t size_bytes,
              struct srv_blob_view *view);
  void (*release)(struct srv_blobs *blobs, struct srv_blob_view *view);
  /* Views that are open stay valid. */
  int (*remove)(struct srv_blobs *blobs, const uint8_t digest[GW_DIGEST_SIZE]);
  /* Calls keep for each blob and removes those it says no to. For start-up:
   * a crash between publish and the database row leaves a blob without one. */
  int (*sweep)(struct srv_blobs *blobs,
               bool (*keep)(void *context, const uint8_t digest[GW_DIGEST_SIZE]), void *context);
  void (*close)(struct srv_blobs *blobs);
};

struct srv_blobs {
  const struct srv_blobs_ops *ops;
  char error[SRV_ERROR_MAX];
};
#endif
