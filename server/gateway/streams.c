/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, `.s/PATH`: what devices send up, one message or block by block
 * (Block1, RFC 7959 2.5). The core keeps the bytes; what stands here is which
 * block belongs to which upload and what is bounded: how many at once, how long
 * silent, how long in all.
 *
 * An upload is known by session, path and token: published clients give all its
 * blocks one token. libcoap's own block transfer gives each block another, as
 * RFC 7959 allows; such an upload is known by its path once its second block
 * has come with a token of its own, in a session that sends one at a time.
 *
 * When a session ends, its uploads wait for the device's next one (orphans.c).
 *
 * A block is answered at once, except the last: 2.04 leaves when the capture is
 * on the disk. A completed upload is remembered for a while, since its client
 * may ask for that 2.04 again. */
#include <stdlib.h>
#include <string.h>

#include "server/core/limits.h"
#include "server/gateway/internal.h"

/* Content-Format 63 carries provenance and heads beside the content. */
#define SEQUENCE_OVERHEAD 2048u

/* ---- the session's list ---- */

static void set_token(struct upload *upload, const struct gw_coap_message *message) {
  memcpy(upload->token, message->token, message->token_length);
  upload->token_length = message->token_length;
}

bool streams_has_token(const struct upload *upload, const struct gw_coap_message *message) {
  return upload->token_length == message->token_length &&
         memcmp(upload->token, message->token, message->token_length) == 0;
}

void streams_free(struct srv_gateway *gateway, struct upload *upload) {
  if (upload->state == UPLOAD_OPEN) {
    srv_core_capture_abort(upload->capture);
    gateway->stats.uploads_open--;
    gateway->stats.uploads_dropped++;
  }
  free(upload);
}

static void add(struct session *session, struct upload *upload) {
  upload->next = session->uploads;
  session->uploads = upload;
}

static void take_out(struct session *session, struct upload *upload) {
  struct upload **link = &session->uploads;
  while (*link != upload) link = &(*link)->next;
  *link = upload->next;
}

static void forget(struct session *session, struct upload *upload) {
  take_out(session, upload);
  streams_free(session->gateway, upload);
}

static struct upload *find(struct session *session, const struct gw_coap_message *message,
                           const char *path) {
  struct upload *upload = session->uploads;
  while (upload != NULL && !(streams_has_token(upload, message) && strcmp(upload->path, path) == 0))
    upload = upload->next;
  return upload;
}

static bool is_second(const struct upload *upload, struct gw_block block) {
  return upload->state == UPLOAD_OPEN && block.num == 1 &&
         upload->blocks.offset == gw_block_size(block);
}

/* The upload of that path which a block with a token of its own goes on with:
 * one that has changed its token before, or whose second block this is, when
 * nothing else can be meant. Bytes must never end in another's upload. */
static struct upload *find_by_path(struct session *session, const struct gw_coap_message *message,
                                   const char *path, struct gw_block block) {
  struct upload *found = NULL;
  bool may_begin =
      !session->token_stays && session->uploads_begun == 1 && !orphans_know(session, message, path);
  for (struct upload *u = session->uploads; u != NULL; u = u->next) {
    if (strcmp(u->path, path) != 0) continue;
    if (!u->token_changes && !(may_begin && is_second(u, block))) continue;
    if (found != NULL) return NULL; /* which of them? */
    found = u;
  }
  if (found != NULL) {
    found->token_changes = true;
    set_token(found, message);
  }
  return found;
}

/* The most silent one of the open (or of the completed), and how many there are. */
static struct upload *most_silent(struct session *session, bool open, size_t *count) {
  struct upload *silent = NULL;
  *count = 0;
  for (struct upload *u = session->uploads; u != NULL; u = u->next) {
    if ((u->state == UPLOAD_OPEN) != open) continue;
    ++*count;
    if (silent == NULL || u->heard_ms <= silent->heard_ms) silent = u;
  }
  return silent;
}

static bool make_room(struct session *session) {
  size_t count;
  struct upload *silent = most_silent(session, true, &count);
  if (count < UPLOADS_OPEN_MAX) return true;
  if (session->gateway->now_ms - silent->heard_ms < UPLOAD_SILENT_MS) return false;
  forget(session, silent);
  return true;
}

static void limit_saved(struct session *session) {
  size_t count;
  struct upload *oldest = most_silent(session, false, &count);
  if (count > UPLOADS_SAVED_MAX) forget(session, oldest);
}

/* ---- codes ---- */

static uint8_t code_of(int status) {
  return status == SRV_ERR_BUSY ? (uint8_t)GW_COAP_TOO_MANY_REQUESTS : route_code_of_status(status);
}

static void respond_status(struct response *response, int status) {
  respond_written(response, status, GW_COAP_CHANGED);
  if (status != SRV_OK) response->code = code_of(status);
}

/* ---- one message ---- */

static uint16_t format_of(const struct gw_coap_message *message) {
  uint32_t format;
  bool given = gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format);
  return given && format < SRV_FORMAT_NONE ? (uint16_t)format : (uint16_t)SRV_FORMAT_NONE;
}

static void store_message(const struct request *request, struct response *response) {
  const struct gw_coap_message *message = request->message;
  struct srv_capture_upload *capture;
  int status = srv_core_capture_begin(request->gateway->core, &request->session->device->ref,
                                      request->rest, format_of(message), &capture);
  if (status == SRV_OK) {
    status = srv_core_capture_append(capture, message->payload, message->payload_size);
    if (status == SRV_OK)
      status = srv_core_capture_finish(capture);
    else
      srv_core_capture_abort(capture);
  }
  respond_status(response, status);
}

/* ---- one block ---- */

static uint64_t limit_of(uint16_t format) {
  return SRV_CAPTURE_SIZE_MAX + (format == SRV_FORMAT_CBOR_SEQUENCE ? SEQUENCE_OVERHEAD : 0u);
}

/* Says it, or shows it by where the block stands. */
static bool is_too_large(const struct gw_coap_message *message, struct gw_block block) {
  uint32_t announced;
  uint64_t limit = limit_of(SRV_FORMAT_CBOR_SEQUENCE);
  if (gw_coap_option_uint(message, GW_COAP_OPT_SIZE1, &announced) && announced > limit) return true;
  return gw_block_offset(block) + message->payload_size > limit;
}

static struct upload *create(const struct request *request, struct srv_capture_upload *capture) {
  struct session *session = request->session;
  struct upload *upload = calloc(1, sizeof *upload);
  if (upload == NULL) return NULL;
  memcpy(upload->path, request->rest, strlen(request->rest) + 1);
  set_token(upload, request->message);
  upload->capture = capture;
  upload->begun = ++request->gateway->uploads_begun;
  upload->started_ms = upload->heard_ms = request->gateway->now_ms;
  gw_block1_receiver_init(&upload->blocks, limit_of(format_of(request->message)));
  upload->device = session->device->ref;
  add(session, upload);
  request->gateway->stats.uploads_open++;
  return upload;
}

/* Block 0: an upload begins, whatever its path and token were used for before. */
static uint8_t begin(const struct request *request, struct upload **out) {
  struct session *session = request->session;
  struct srv_gateway *gateway = request->gateway;
  struct upload *before = find(session, request->message, request->rest);
  struct srv_capture_upload *capture;
  if (before != NULL) forget(session, before);
  if (!make_room(session)) return GW_COAP_TOO_MANY_REQUESTS;
  if (gateway->stats.uploads_open >= gateway->config.uploads_max && !orphans_drop_one(gateway))
    return GW_COAP_SERVICE_UNAVAILABLE;
  int status = srv_core_capture_begin(gateway->core, &session->device->ref, request->rest,
                                      format_of(request->message), &capture);
  if (status != SRV_OK) return code_of(status);
  *out = create(request, capture);
  if (*out != NULL) return 0;
  srv_core_capture_abort(capture);
  return GW_COAP_INTERNAL_ERROR;
}

static void finish(struct session *session, struct upload *upload, struct response *response) {
  int status = srv_core_capture_finish(upload->capture);
  upload->capture = NULL;
  upload->state = UPLOAD_SAVING;
  session->gateway->stats.uploads_open--;
  respond_status(response, status);
  if (status == SRV_OK) {
    limit_saved(session);
    return;
  }
  session->gateway->stats.uploads_dropped++;
  forget(session, upload);
}

/* The block is the one that was due. */
static void append(const struct request *request, struct upload *upload,
                   struct response *response) {
  const struct gw_coap_message *message = request->message;
  int status = srv_core_capture_append(upload->capture, message->payload, message->payload_size);
  if (status != SRV_OK) {
    response->code = code_of(status);
    forget(request->session, upload);
  } else if (upload->blocks.done) {
    finish(request->session, upload, response);
  } else {
    response->code = GW_COAP_CONTINUE;
  }
}

/* The answer to it was lost: the same again. */
static void answer_repeat(const struct upload *upload, struct response *response) {
  response->code = upload->state == UPLOAD_OPEN ? GW_COAP_CONTINUE : GW_COAP_CHANGED;
  response->wrote = upload->state == UPLOAD_SAVING;
}

static uint8_t code_of_refusal(int status) {
  switch (status) {
    case GW_ERR_ORDER:
      return GW_COAP_REQUEST_INCOMPLETE;
    case GW_ERR_TOO_LONG:
      return GW_COAP_REQUEST_TOO_LARGE;
    default:
      return GW_COAP_BAD_REQUEST;
  }
}

static void accept(const struct request *request, struct upload *upload, struct gw_block block,
                   struct response *response) {
  bool was_done = upload->blocks.done;
  uint64_t offset = upload->blocks.offset;
  int taken = gw_block1_receiver_accept(&upload->blocks, block, request->message->payload_size);
  if (taken < 0) {
    response->code = code_of_refusal(taken);
    if (taken == GW_ERR_TOO_LONG) forget(request->session, upload);
    return;
  }
  upload->heard_ms = request->gateway->now_ms;
  bool moved = block.num == 0 || upload->blocks.offset != offset || upload->blocks.done != was_done;
  if (moved && block.num > 0) {
    request->session->uploads_begun = 0;
    if (!upload->token_changes) request->session->token_stays = true;
  }
  if (moved)
    append(request, upload, response);
  else
    answer_repeat(upload, response);
}

/* What the block belongs to, if not to an upload of its session and token. */
static struct upload *find_elsewhere(const struct request *request, struct gw_block block) {
  struct session *session = request->session;
  const struct gw_coap_message *message = request->message;
  if (!orphans_have(session, message, request->rest, block) || !make_room(session))
    return find_by_path(session, message, request->rest, block);
  struct upload *upload = orphans_take(session, message, request->rest, block);
  add(session, upload);
  return upload;
}

static void take_block(const struct request *request, struct gw_block block,
                       struct response *response) {
  struct session *session = request->session;
  const struct gw_coap_message *message = request->message;
  struct upload *upload = find(session, message, request->rest);
  if (is_too_large(message, block)) {
    if (upload != NULL) forget(session, upload);
    response->code = GW_COAP_REQUEST_TOO_LARGE;
    return;
  }
  if (block.num == 0) {
    /* One that is refused does not end what it would have replaced. */
    struct gw_block1_receiver probe;
    gw_block1_receiver_init(&probe, UINT64_MAX);
    bool good = gw_block1_receiver_accept(&probe, block, message->payload_size) >= 0;
    response->code = good ? begin(request, &upload) : (uint8_t)GW_COAP_BAD_REQUEST;
    if (good && block.more && session->uploads_begun < UINT8_MAX) session->uploads_begun++;
    if (response->code != 0) return;
  } else if (upload == NULL) {
    upload = find_elsewhere(request, block);
  }
  if (upload == NULL)
    response->code = GW_COAP_REQUEST_INCOMPLETE;
  else if (block.num > 0 && block.szx != upload->blocks.szx) /* nobody asked for that */
    response->code = GW_COAP_BAD_REQUEST;
  else
    accept(request, upload, block, response);
}

void streams_post(const struct request *request, struct response *response) {
  uint32_t value;
  struct gw_block block;
  bool in_blocks = gw_coap_option_uint(request->message, GW_COAP_OPT_BLOCK1, &value);
  /* Published clients send a message that is too long for a datagram without
   * its payload, and would take 2.04 for its arrival. */
  bool lost = !in_blocks && request->message->payload_size == 0;
  if (lost || strlen(request->rest) > SRV_STREAM_PATH_MAX ||
      (in_blocks && gw_block_decode(value, &block) != GW_OK))
    response->code = GW_COAP_BAD_REQUEST;
  else if (in_blocks)
    take_block(request, block, response);
  else
    store_message(request, response);
}

/* ---- time, commit and end ---- */

static uint64_t upload_due_ms(const struct upload *upload) {
  uint64_t idle = upload->heard_ms + UPLOAD_IDLE_MS, total = upload->started_ms + UPLOAD_TOTAL_MS;
  return upload->state == UPLOAD_OPEN && total < idle ? total : idle;
}

uint64_t streams_due_ms(const struct session *session) {
  uint64_t due = TIMER_NEVER;
  for (const struct upload *u = session->uploads; u != NULL; u = u->next)
    if (upload_due_ms(u) < due) due = upload_due_ms(u);
  return due;
}

void streams_timer(struct session *session) {
  for (struct upload *u = session->uploads, *next; u != NULL; u = next) {
    next = u->next;
    if (upload_due_ms(u) <= session->gateway->now_ms) forget(session, u);
  }
}

void streams_committed(struct session *session, bool saved) {
  for (struct upload *u = session->uploads, *next; u != NULL; u = next) {
    next = u->next;
    if (u->state != UPLOAD_SAVING) continue;
    if (saved) {
      u->state = UPLOAD_SAVED;
      session->gateway->stats.uploads_finished++;
    } else { /* its bytes are gone: a repeat of the last block gets 4.08 */
      session->gateway->stats.uploads_dropped++;
      forget(session, u);
    }
  }
}

void streams_forget_session(struct session *session) {
  bool may_come_back = session->state == SESSION_OPEN && !session->device->revoked;
  while (session->uploads != NULL) {
    struct upload *upload = session->uploads;
    session->uploads = upload->next;
    if (may_come_back && upload->state != UPLOAD_SAVING) /* whose commit nobody would hear of */
      orphans_add(session->gateway, upload);
    else
      streams_free(session->gateway, upload);
  }
}
