/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_STREAM_H
#define GODWIT_STREAM_H
/* Sending data up: single messages and block-wise uploads to `.s/PATH`, where
 * the server keeps each as a capture.
 *
 * Memory and threads: as godwit/client.h. Message and upload objects are the
 * caller's, zeroed before their first use, in use until done has been called
 * or they were cancelled; path, payload and provenance are borrowed for as
 * long. An upload of any size needs one block of memory (inside its object). */
#include "godwit/client.h"
#include "wire/block.h"

#define GODWIT_FORMAT_CBOR_SEQUENCE 63
#define GODWIT_STREAM_PATH_MAX 48u /* "audio/kitchen": behind ".s/" */

/* status: GODWIT_OK: the server has it, on its disk. GODWIT_ERR_RESPONSE: it
 * refused, code is its CoAP code (4.29: over its quota, 4.13: too large). Else
 * why it could not be sent. */
typedef void (*godwit_stream_done_fn)(struct godwit_client *client, int status, uint8_t code,
                                      void *arg);

/* One message of at most GODWIT_PAYLOAD_MAX bytes. GODWIT_ERR_CONNECTION when
 * the client is not connected: single messages are not kept. GODWIT_ERR_STATE
 * while the object is in use; done may be NULL. */
struct godwit_stream_message {
  godwit_stream_done_fn done;
  void *arg;
  char path[GODWIT_STREAM_PATH_MAX + 5];
  struct godwit_request request;
};
int godwit_stream_send(struct godwit_client *client, struct godwit_stream_message *message,
                       const char *path, int32_t content_format, const void *payload,
                       size_t payload_size, godwit_stream_done_fn done, void *arg);

/* Fills `size` bytes from `offset` of the content. 0, or a negative status that
 * ends the upload with it. The same range may be asked for again. */
typedef int (*godwit_stream_read_fn)(void *arg, uint64_t offset, void *data, size_t size);

/* An upload in blocks (RFC 7959). It takes turns with other requests, block by
 * block. A block without an answer is sent again. When the session is lost the
 * upload goes on with that block in the next one; where the server has forgotten
 * it by then (4.08) it begins anew. attempts_max of these without getting further
 * than before end it. A server that is busy (5.xx) is asked again after pauses of a second to
 * a minute, ten times; one that says "too much" (4.29) six times, which takes
 * half a minute. Any other refusal ends it. Where the very last answer is lost
 * together with the session, a server that forgets gets the whole a second time.
 *
 * Fill in the first group; zero takes the default. The object may be used again
 * when it has ended, in done already. */
struct godwit_stream_upload {
  const char *path;       /* "audio", at most GODWIT_STREAM_PATH_MAX bytes */
  int32_t content_format; /* of the content; ignored with provenance */
  uint64_t size_bytes;    /* of the content */
  godwit_stream_read_fn read;
  /* What is known about the content: one encoded CBOR map, sent in front of it
   * (Content-Format 63, docs/spec/wire.md). NULL: none. At most
   * GODWIT_PROVENANCE_MAX bytes. */
  const void *provenance;
  size_t provenance_size;
  uint32_t attempts_max; /* to get further; 0: 8 */
  godwit_stream_done_fn done;
  void *arg;

  uint64_t sent_bytes; /* acknowledged so far, in this attempt; for progress */
  struct {             /* the client's */
    struct godwit_service service;
    struct godwit_request request;
    struct gw_block1_sender sender; /* over provenance, head and content */
    uint32_t attempts;
    uint32_t session; /* that the sender is in: the client's count of connects */
    uint32_t token;
    uint8_t unanswered; /* times that this block was sent for nothing */
    uint8_t refusals;   /* in a row */
    uint8_t code;       /* of the last refusal */
    bool begun;
    bool resumed;      /* in a new session, and no block of it was taken yet */
    uint64_t furthest; /* of all attempts */
    uint8_t head[9];   /* of the byte string that holds the content */
    uint8_t head_size;
    char path[GODWIT_STREAM_PATH_MAX + 5];
    uint8_t block[1024];
  } internal;
};
#define GODWIT_PROVENANCE_MAX 512u

/* Queues it, connected or not. GODWIT_ERR_ARGUMENT: a missing or over-long field,
 * a provenance that is no map, more content than blocks can be numbered (1 GiB
 * at the default block size). GODWIT_ERR_STATE when it is under way already. */
int godwit_stream_upload(struct godwit_client *client, struct godwit_stream_upload *upload);
/* Ends it without a callback. The server forgets what it has of it. When an upload
 * has ended, in whatever way, neither object nor client hold any of its content. */
void godwit_stream_upload_cancel(struct godwit_client *client, struct godwit_stream_upload *upload);

/* The classic call: uploads and returns when it is done or failed; blocks, and
 * polls the client meanwhile. Takes 1.4 KB of stack. GODWIT_ERR_STATE from a callback of the
 * client. */
int godwit_stream_set_blockwise_sync(struct godwit_client *client, const char *path,
                                     int32_t content_format, uint64_t size_bytes,
                                     godwit_stream_read_fn read, void *arg);
#endif
