/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/stream.h"

#include <string.h>

#include "client_internal.h"
#include "platform/clock.h"
#include "wire/cbor.h"
#include "wire/coap.h"

#define PREFIX "/.s/"
#define WAIT_SLICE_MS 1000u
#define ATTEMPTS_DEFAULT 8u
#define OVER_QUOTA_MAX 6u  /* 4.29 in a row: half a minute; a quota is by the day */
#define REFUSALS_MAX 10u   /* 5.xx in a row: about four minutes */
#define UNANSWERED_MAX 16u /* by a server that answers everything else */

static bool is_format(int32_t format) {
  return format == GODWIT_FORMAT_NONE || (format >= 0 && format <= 0xFFFF);
}

/* Messages ------------------------------------------------------------------ */

static int on_message_answered(struct godwit_client *client, const struct godwit_response *response,
                               void *arg) {
  const struct godwit_stream_message *message = arg;
  if (message->done != NULL) message->done(client, response->status, response->code, message->arg);
  return 0;
}

int godwit_stream_send(struct godwit_client *client, struct godwit_stream_message *message,
                       const char *path, int32_t content_format, const void *payload,
                       size_t payload_size, godwit_stream_done_fn done, void *arg) {
  if (message == NULL || !is_format(content_format)) return GODWIT_ERR_ARGUMENT;
  if (godwit_exchange_has_request(client, &message->request)) return GODWIT_ERR_STATE;
  int status = godwit_client_join_path(message->path, sizeof message->path, PREFIX, path);
  if (status < 0) return status;
  message->done = done;
  message->arg = arg;
  message->request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = message->path,
      .content_format = content_format,
      .accept = GODWIT_FORMAT_NONE,
      .payload = payload,
      .payload_size = payload_size,
      .on_response = on_message_answered,
      .arg = message,
  };
  return godwit_client_request(client, &message->request);
}

/* What is on the wire: provenance, head, content ----------------------------- */

static uint64_t total_bytes(const struct godwit_stream_upload *upload) {
  return upload->provenance_size + upload->internal.head_size + upload->size_bytes;
}

/* Head of a byte string of definite length (RFC 8949 3.1, major type 2). */
static uint8_t write_bytes_head(uint8_t head[9], uint64_t size) {
  const uint8_t major = 2u << 5;
  uint8_t width = size < 24            ? 0
                  : size <= 0xFF       ? 1
                  : size <= 0xFFFF     ? 2
                  : size <= 0xFFFFFFFF ? 4
                                       : 8;
  uint8_t info = width == 0   ? (uint8_t)size
                 : width == 1 ? 24
                 : width == 2 ? 25
                 : width == 4 ? 26
                              : 27;
  head[0] = (uint8_t)(major | info);
  for (unsigned i = 0; i < width; i++) head[1 + i] = (uint8_t)(size >> (8u * (width - 1u - i)));
  return (uint8_t)(1 + width);
}

/* Copies what of [offset, offset + size) lies in a part of part_size bytes;
 * returns how many, and counts offset down to what is behind the part. */
static size_t copy_part(uint8_t *out, size_t size, uint64_t *offset, const void *part,
                        size_t part_size) {
  if (*offset >= part_size) {
    *offset -= part_size;
    return 0;
  }
  size_t count = part_size - (size_t)*offset;
  if (count > size) count = size;
  memcpy(out, (const uint8_t *)part + *offset, count);
  *offset = 0;
  return count;
}

static int fill_block(struct godwit_stream_upload *upload, uint64_t offset, size_t size) {
  uint8_t *out = upload->internal.block;
  size_t done = 0;
  if (upload->provenance_size > 0) {
    done = copy_part(out, size, &offset, upload->provenance, upload->provenance_size);
    done += copy_part(out + done, size - done, &offset, upload->internal.head,
                      upload->internal.head_size);
  }
  if (done == size) return GODWIT_OK;
  int status = upload->read(upload->arg, offset, out + done, size - done);
  return status > 0 ? GODWIT_ERR_IO : status;
}

/* Uploads ------------------------------------------------------------------- */

/* Of what somebody may want back (godwit/capture.h): the block under way, and the
 * message it was last sent in, which is written anew each time. */
static void forget_content(struct godwit_client *client, struct godwit_stream_upload *upload) {
  memset(upload->internal.block, 0, sizeof upload->internal.block);
  memset(client->send_buffer, 0, sizeof client->send_buffer);
}

static void end_upload(struct godwit_client *client, struct godwit_stream_upload *upload,
                       int status) {
  godwit_client_remove_service(client, &upload->internal.service);
  forget_content(client, upload);
  uint8_t code = status == GODWIT_ERR_RESPONSE ? upload->internal.code : 0;
  if (upload->done != NULL) upload->done(client, status, code, upload->arg);
}

static void continue_in(struct godwit_stream_upload *upload, uint32_t pause_ms) {
  upload->internal.service.due_ms = godwit_platform_now_ms() + pause_ms;
}

/* The next time that the client is connected, with the same block: a server may
 * keep an upload over the loss of a session. One that does not says so (4.08). */
static void go_on_in_next_session(struct godwit_client *client, struct godwit_stream_upload *upload,
                                  int status) {
  uint32_t attempts_max = upload->attempts_max ? upload->attempts_max : ATTEMPTS_DEFAULT;
  if (upload->internal.attempts >= attempts_max) {
    end_upload(client, upload, status);
    return;
  }
  continue_in(upload, 0);
}

/* From the first block, in this session or the next. */
static void begin_anew(struct godwit_client *client, struct godwit_stream_upload *upload,
                       int status) {
  /* The answer to going on: that was this attempt. */
  if (upload->internal.resumed) upload->internal.attempts--;
  upload->internal.resumed = false;
  upload->internal.begun = false;
  upload->sent_bytes = 0;
  go_on_in_next_session(client, upload, status);
}

static int on_block_answered(struct godwit_client *client, const struct godwit_response *response,
                             void *arg);

static void send_block(struct godwit_client *client, struct godwit_stream_upload *upload) {
  struct gw_block_slice slice;
  if (!gw_block1_sender_next(&upload->internal.sender, &slice)) return;
  int status = fill_block(upload, slice.offset, slice.size);
  if (status < 0) {
    end_upload(client, upload, status);
    return;
  }
  upload->internal.request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = upload->internal.path,
      .content_format =
          upload->provenance_size > 0 ? GODWIT_FORMAT_CBOR_SEQUENCE : upload->content_format,
      .accept = GODWIT_FORMAT_NONE,
      .payload = upload->internal.block,
      .payload_size = slice.size,
      .on_response = on_block_answered,
      .arg = upload,
  };
  bool first_of_several = slice.offset == 0 && slice.block.more;
  status = godwit_exchange_request_block(client, &upload->internal.request, upload->internal.token,
                                         gw_block_encode(slice.block),
                                         first_of_several ? (uint32_t)total_bytes(upload) : 0);
  /* A callback may have stopped the client: the next session begins it anew. */
  if (status == GODWIT_ERR_CONNECTION) {
    go_on_in_next_session(client, upload, status);
  } else if (status < 0) {
    end_upload(client, upload, status);
  }
}

static void begin_attempt(struct godwit_client *client, struct godwit_stream_upload *upload) {
  upload->internal.begun = true;
  upload->internal.attempts++;
  upload->internal.session = client->stats.connects;
  upload->internal.token = godwit_exchange_new_token(client);
  upload->internal.unanswered = 0;
  upload->sent_bytes = 0;
  gw_block1_sender_init(&upload->internal.sender, total_bytes(upload), client->config.block_szx);
}

static void resume(struct godwit_client *client, struct godwit_stream_upload *upload) {
  upload->internal.session = client->stats.connects;
  upload->internal.unanswered = 0;
  upload->internal.resumed = true;
  upload->internal.attempts++;
}

static void run_upload(struct godwit_client *client, int status, void *arg) {
  struct godwit_stream_upload *upload = arg;
  if (status < 0) {
    end_upload(client, upload, status);
    return;
  }
  if (!upload->internal.begun) {
    begin_attempt(client, upload);
  } else if (upload->internal.session != client->stats.connects) {
    resume(client, upload);
  }
  send_block(client, upload);
}

/* How much of the content lies before `offset` of what is on the wire. */
static uint64_t content_bytes_at(const struct godwit_stream_upload *upload, uint64_t offset) {
  uint64_t before = upload->provenance_size + upload->internal.head_size;
  return offset > before ? offset - before : 0;
}

static void block_was_lost(struct godwit_client *client, struct godwit_stream_upload *upload,
                           int status) {
  if (++upload->internal.unanswered >= UNANSWERED_MAX) {
    end_upload(client, upload, status);
  } else {
    send_block(client, upload);
  }
}

static void block_was_taken(struct godwit_client *client, struct godwit_stream_upload *upload,
                            const struct godwit_response *response) {
  struct gw_block1_sender *sender = &upload->internal.sender;
  struct gw_block answer;
  bool has_answer = response->block1 >= 0;
  if (has_answer && gw_block_decode((uint32_t)response->block1, &answer) < 0) {
    end_upload(client, upload, GODWIT_ERR_FORMAT);
    return;
  }
  int status = gw_block1_sender_acked(sender, has_answer ? &answer : NULL);
  if (status == GW_ERR_ORDER) { /* a late answer to an earlier block */
    block_was_lost(client, upload, GODWIT_ERR_FORMAT);
    return;
  }
  /* "Continue" behind the last block: it has not been stored. */
  if (status < 0 || (sender->done && response->code == GW_COAP_CONTINUE)) {
    end_upload(client, upload, GODWIT_ERR_FORMAT);
    return;
  }
  upload->internal.unanswered = 0;
  upload->internal.refusals = 0;
  upload->internal.resumed = false;
  upload->sent_bytes = content_bytes_at(upload, sender->offset);
  if (sender->offset > upload->internal.furthest) {
    upload->internal.furthest = sender->offset;
    upload->internal.attempts = 1; /* it gets on: attempts are those that do not */
  }
  if (sender->done) {
    end_upload(client, upload, GODWIT_OK);
  } else {
    send_block(client, upload);
  }
}

static void block_was_refused(struct godwit_client *client, struct godwit_stream_upload *upload,
                              uint8_t code) {
  upload->internal.code = code;
  if (code == GW_COAP_REQUEST_INCOMPLETE) {
    begin_anew(client, upload, GODWIT_ERR_RESPONSE);
    return;
  }
  unsigned refusals_max = code == GW_COAP_TOO_MANY_REQUESTS ? OVER_QUOTA_MAX : REFUSALS_MAX;
  if (!godwit_client_is_busy_code(code) || ++upload->internal.refusals >= refusals_max) {
    end_upload(client, upload, GODWIT_ERR_RESPONSE);
    return;
  }
  continue_in(upload, godwit_client_pause_ms(upload->internal.refusals));
}

static int on_block_answered(struct godwit_client *client, const struct godwit_response *response,
                             void *arg) {
  struct godwit_stream_upload *upload = arg;
  switch (response->status) {
    case GODWIT_OK:
      block_was_taken(client, upload, response);
      break;
    case GODWIT_ERR_RESPONSE:
      block_was_refused(client, upload, response->code);
      break;
    case GODWIT_ERR_TIMEOUT:
      /* Also the reason why a session ends, and then nothing can be sent. */
      if (client->state == GODWIT_CLIENT_CONNECTED) {
        block_was_lost(client, upload, response->status);
      } else {
        go_on_in_next_session(client, upload, response->status);
      }
      break;
    case GODWIT_ERR_FORMAT:
    case GODWIT_ERR_CANCELLED: /* the client ends; run_upload says so */
      if (!client->ending) end_upload(client, upload, response->status);
      break;
    default:
      go_on_in_next_session(client, upload, response->status);
      break;
  }
  return 0;
}

/* One map and nothing behind it. */
static bool is_one_map(const void *data, size_t size) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item head;
  gw_cbor_reader_init(&reader, data, size);
  if (gw_cbor_read(&reader, &head) < 0 || head.type != GW_CBOR_MAP) return false;
  gw_cbor_reader_init(&reader, data, size);
  return gw_cbor_skip(&reader) == GW_OK && reader.offset == size;
}

static int check_upload(const struct godwit_client *client,
                        const struct godwit_stream_upload *upload) {
  if (upload == NULL || upload->read == NULL) return GODWIT_ERR_ARGUMENT;
  if (godwit_client_has_service(client, &upload->internal.service)) return GODWIT_ERR_STATE;
  if (upload->provenance_size == 0) {
    if (!is_format(upload->content_format)) return GODWIT_ERR_ARGUMENT;
  } else if (upload->provenance == NULL || upload->provenance_size > GODWIT_PROVENANCE_MAX ||
             !is_one_map(upload->provenance, upload->provenance_size)) {
    return GODWIT_ERR_ARGUMENT;
  }
  uint64_t most = (uint64_t)(GW_BLOCK_NUM_MAX + 1) << (client->config.block_szx + 4u);
  uint64_t rest = upload->provenance_size + sizeof upload->internal.head;
  return upload->size_bytes > most - rest ? GODWIT_ERR_ARGUMENT : GODWIT_OK;
}

int godwit_stream_upload(struct godwit_client *client, struct godwit_stream_upload *upload) {
  int status = check_upload(client, upload);
  if (status < 0) return status;
  memset(&upload->internal, 0, sizeof upload->internal);
  status = godwit_client_join_path(upload->internal.path, sizeof upload->internal.path, PREFIX,
                                   upload->path);
  if (status < 0) return status;
  if (upload->provenance_size > 0) {
    upload->internal.head_size = write_bytes_head(upload->internal.head, upload->size_bytes);
  }
  upload->sent_bytes = 0;
  upload->internal.service = (struct godwit_service){.run = run_upload, .arg = upload};
  return godwit_client_add_service(client, &upload->internal.service);
}

void godwit_stream_upload_cancel(struct godwit_client *client,
                                 struct godwit_stream_upload *upload) {
  godwit_client_cancel(client, &upload->internal.request);
  godwit_client_remove_service(client, &upload->internal.service);
  forget_content(client, upload);
}

/* The classic call ---------------------------------------------------------- */

struct blocking_upload {
  bool done;
  int status;
  godwit_stream_read_fn read;
  void *arg;
};

static int pass_read_on(void *arg, uint64_t offset, void *data, size_t size) {
  const struct blocking_upload *blocking = arg;
  return blocking->read(blocking->arg, offset, data, size);
}

static void note_done(struct godwit_client *client, int status, uint8_t code, void *arg) {
  struct blocking_upload *blocking = arg;
  (void)client, (void)code;
  blocking->done = true;
  blocking->status = status;
}

int godwit_stream_set_blockwise_sync(struct godwit_client *client, const char *path,
                                     int32_t content_format, uint64_t size_bytes,
                                     godwit_stream_read_fn read, void *arg) {
  if (client->in_poll) return GODWIT_ERR_STATE; /* a callback: polling here would do nothing */
  if (read == NULL) return GODWIT_ERR_ARGUMENT;
  struct blocking_upload blocking = {.read = read, .arg = arg};
  struct godwit_stream_upload upload = {
      .path = path,
      .content_format = content_format,
      .size_bytes = size_bytes,
      .read = pass_read_on,
      .done = note_done,
      .arg = &blocking,
  };
  int status = godwit_stream_upload(client, &upload);
  if (status < 0) return status;
  while (!blocking.done) {
    godwit_client_poll(client);
    if (!blocking.done) godwit_client_wait(client, WAIT_SLICE_MS);
  }
  return blocking.status;
}
