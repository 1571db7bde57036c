/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"
#include "godwit/trust.h"
#include "platform/clock.h"
#include "text.h"
#include "updater_internal.h"

#define UNANSWERED_MAX 2u /* questions, before a server is taken for one that knows no answer */
#define CODE_NOT_IMPLEMENTED 0xA1u /* 5.01 */
#define SPREAD_MAX_S 4000000u      /* 46 days */
#define ASK_AGAIN_MS 1000u         /* a hook that said no, a client that needs its memory */

static bool is_online(const struct godwit_updater *updater) {
  return godwit_client_state(updater->config.client) == GODWIT_CLIENT_CONNECTED;
}

/* Manifest -------------------------------------------------------------------- */

static void on_wish(struct godwit_client *client, int status, const struct gw_component *component,
                    void *arg) {
  struct godwit_updater *updater = arg;
  const struct godwit_updater_event event = {
      .type = GODWIT_EVENT_MANIFEST,
      .status = status,
      .version = component != NULL ? component->version : ""};
  (void)client;
  if (status != GODWIT_OK) {
    godwit_log(GODWIT_LOG_WARN, "updater: manifest not taken: %s", godwit_status_name(status));
  }
  godwit_updater_tell(updater, &event);
  if (status == GODWIT_OK) godwit_updater_take_wish(updater, component);
}

int godwit_updater_observe(struct godwit_updater *updater) {
  return godwit_ota_watch_begin(updater->config.client, &updater->watch,
                                updater->config.store->package, on_wish, updater);
}

/* Describing: a server that knows of no descriptions has whole artifacts, and
 * unsigned ones. ---------------------------------------------------------------- */

static void begin_waiting(struct godwit_updater *updater);

void godwit_updater_describe(struct godwit_updater *updater) {
  updater->key_wanted = 0;
  updater->phase = GODWIT_UPDATER_DESCRIBING;
}

static void take_description(struct godwit_updater *updater,
                             const struct gw_description *description) {
  const struct godwit_trust_ops *trust = updater->config.trust_ops;
  updater->policy = description->policy;
  updater->offer = (struct gw_offer){.size_bytes = updater->wanted.size_bytes};
  if (updater->config.patch != NULL && !updater->takes_whole) {
    updater->config.patch->choose(updater, description);
  }
  if (trust == NULL) {
    begin_waiting(updater);
    return;
  }
  uint32_t epoch = trust->epoch(updater->config.trust);
  if (description->key_epoch > epoch && !updater->keys_are_stuck) {
    updater->key_wanted = epoch + 1; /* and then the description once more */
    return;
  }
  trust->begin(updater->config.trust, &updater->wanted, description->signature,
               description->signature_size);
  updater->phase = GODWIT_UPDATER_CHECKING;
}

/* Offers are for a device that can decode them. */
static int parse(const struct godwit_updater *updater, const uint8_t *payload, size_t size,
                 struct gw_description *out) {
  const struct godwit_updater_patch_ops *patch = updater->config.patch;
  return patch != NULL ? patch->parse(payload, size, out)
                       : gw_description_parse_plain(payload, size, out);
}

static void take_answer(struct godwit_updater *updater, const uint8_t *payload, size_t size) {
  const struct godwit_trust_ops *trust = updater->config.trust_ops;
  struct gw_description description = {0};
  if (updater->key_wanted != 0) {
    trust->begin_keyset(updater->config.trust, payload, size);
    updater->phase = GODWIT_UPDATER_CHECKING;
  } else {
    if (size > 0 && parse(updater, payload, size, &description) != GW_OK) {
      godwit_log(GODWIT_LOG_WARN, "updater: description of %s@%s cannot be read: taken for none",
                 updater->wanted.package, updater->wanted.version);
      memset(&description, 0, sizeof description);
    }
    take_description(updater, &description);
  }
}

/* By a server that is there: a session that ends says nothing of it. */
static bool is_unanswered(struct godwit_updater *updater, int status) {
  return status == GODWIT_ERR_TIMEOUT && is_online(updater) &&
         ++updater->unanswered >= UNANSWERED_MAX;
}

static int on_answer(struct godwit_client *client, const struct godwit_response *response,
                     void *arg) {
  struct godwit_updater *updater = arg;
  (void)client;
  if (response->status == GODWIT_OK) {
    updater->unanswered = 0;
    take_answer(updater, response->payload, response->payload_size);
  } else if (response->status == GODWIT_ERR_RESPONSE &&
             godwit_client_is_busy_code(response->code) && response->code != CODE_NOT_IMPLEMENTED) {
    godwit_updater_fail_for_now(updater, response->status, GW_OTA_AWAIT_RETRY, GW_DETAIL_NONE);
  } else if (response->status == GODWIT_ERR_RESPONSE || response->status == GODWIT_ERR_FORMAT ||
             is_unanswered(updater, response->status)) {
    updater->unanswered = 0;
    take_answer(updater, NULL, 0);
  } /* else asked again, when there is a link */
  return 0;
}

static void ask(struct godwit_updater *updater) {
  if (!is_online(updater) || updater->request.internal.phase != GODWIT_REQUEST_FREE) return;
  if (updater->key_wanted != 0) {
    godwit_text_add_number(godwit_text_add(updater->path, "/" GW_KEYSET_PATH), updater->key_wanted);
  } else {
    char *end = godwit_text_add(updater->path, "/" GW_DESCRIPTION_PATH);
    end = godwit_text_add(end, updater->wanted.package);
    godwit_text_add(godwit_text_add(end, "@"), updater->wanted.version);
  }
  updater->request = (struct godwit_request){
      .method = GODWIT_GET,
      .path = updater->path,
      .content_format = GODWIT_FORMAT_NONE,
      .accept = GODWIT_FORMAT_NONE,
      .on_response = on_answer,
      .arg = updater,
  };
  int status = godwit_client_request(updater->config.client, &updater->request);
  if (status == GODWIT_ERR_ARGUMENT) take_answer(updater, NULL, 0); /* no path: no description */
}

/* Checking: in slices, since a signature takes long on a small processor. ---------- */

static void run_checking(struct godwit_updater *updater) {
  struct godwit_trust_result result = {0};
  int status = updater->config.trust_ops->step(updater->config.trust, &result);
  if (status == 1) return;
  if (status == GODWIT_ERR_NO_MEMORY && !is_online(updater)) {
    updater->phase = GODWIT_UPDATER_DESCRIBING; /* the client connects: from there on, then */
  } else if (status == GODWIT_ERR_NO_MEMORY) {
    godwit_updater_fail_by(updater, status);
  } else if (updater->key_wanted != 0) {
    updater->keys_are_stuck = status < 0;
    godwit_updater_describe(updater);
  } else if (status == GODWIT_OK) {
    updater->sequence = result.sequence;
    updater->floor = result.floor;
    begin_waiting(updater);
  } else {
    /* Not for good: the same bytes may be signed anew, or by a key that comes
     * with the next keyset; and asking costs one datagram. */
    bool is_old = result.detail == GW_DETAIL_TOO_OLD;
    godwit_updater_fail_for_now(updater, status,
                                is_old ? GW_OTA_UPDATE_FAILED : GW_OTA_INTEGRITY_CHECK_FAILED,
                                (enum gw_ota_detail)result.detail);
  }
}

/* Waiting ---------------------------------------------------------------------- */

static uint32_t spread_ms(const struct godwit_updater *updater) {
  uint32_t asked_s = updater->policy.spread_s;
  if (asked_s > SPREAD_MAX_S) asked_s = SPREAD_MAX_S;
  return asked_s != 0 ? asked_s * 1000u : updater->config.spread_ms;
}

static bool is_here_already(const struct godwit_updater *updater) {
  const struct godwit_store_state *state = &updater->config.store->state;
  return godwit_updater_is_entry(&updater->wanted, &state->incoming) &&
         state->incoming_bytes == state->incoming.size_bytes;
}

/* A fleet that hears of a release at once does not fetch it at once. */
static void begin_waiting(struct godwit_updater *updater) {
  uint32_t within_ms = spread_ms(updater);
  updater->phase = GODWIT_UPDATER_WAITING;
  updater->retry_at_ms = 0;
  if (updater->is_spread || within_ms == 0 || is_here_already(updater)) return;
  updater->retry_at_ms = godwit_platform_now_ms() + godwit_client_random() % within_ms;
}

static void run_waiting(struct godwit_updater *updater) {
  if (updater->retry_at_ms != 0) {
    if (godwit_platform_now_ms() < updater->retry_at_ms) return;
    updater->is_spread = true;
    godwit_updater_describe(updater); /* what is offered may have changed meanwhile */
  } else if (is_here_already(updater) ||
             godwit_updater_may(updater, updater->config.hooks.may_download, 0)) {
    updater->reader.open = false;
    updater->phase = GODWIT_UPDATER_PREPARING;
  }
}

/* Downloading --------------------------------------------------------------------- */

static bool is_whole_form(const struct godwit_updater *updater) {
  return updater->offer.encoding == GW_ENCODING_NONE;
}

/* The smaller form did not work out: the artifact itself, then. */
static void take_whole(struct godwit_updater *updater) {
  godwit_updater_pay(updater);
  updater->takes_whole = true;
  updater->offer = (struct gw_offer){.size_bytes = updater->wanted.size_bytes};
  updater->is_reported = false;
  updater->reader.open = false;
  updater->phase = GODWIT_UPDATER_PREPARING;
}

static void refuse_form(struct godwit_updater *updater, int status) {
  godwit_log(GODWIT_LOG_WARN, "updater: %s@%s: form %u of it does not decode (%s): taken whole",
             updater->wanted.package, updater->wanted.version, updater->offer.encoding,
             godwit_status_name(status));
  godwit_updater_report(updater, GW_OTA_DOWNLOADING, GW_OTA_READY, GW_DETAIL_DELTA_WRONG,
                        updater->wanted.version);
  take_whole(updater);
}

static int begin_in_store(struct godwit_updater *updater, uint32_t *offset) {
  struct godwit_store *store = updater->config.store;
  int status = godwit_store_begin(store, &updater->wanted, updater->offer.encoding,
                                  is_whole_form(updater) ? NULL : updater->offer.id, offset);
  if (status < 0) return status;
  godwit_store_set_terms(store, updater->sequence, updater->floor, updater->policy.confirm_after_s);
  return GODWIT_OK;
}

static void run_preparing(struct godwit_updater *updater) {
  int status = is_whole_form(updater) ? GODWIT_OK : updater->config.patch->prepare(updater);
  if (status == 1) return;
  if (status < 0) take_whole(updater);
  memset(&updater->download, 0, sizeof updater->download); /* the reader's place */
  updater->from_previous = false;
  updater->fetch_at = UINT32_MAX;
  updater->phase = GODWIT_UPDATER_DOWNLOADING;
}

/* Everything below is on the medium. */
static int note_progress(struct godwit_updater *updater, uint32_t bytes_whole) {
  if (!is_whole_form(updater)) return GODWIT_OK; /* the decoder has said it */
  return godwit_store_progress(updater->config.store, bytes_whole, NULL, 0);
}

/* In any order, straight to its place. */
static int take_whole_block(struct godwit_updater *updater, uint32_t offset, const uint8_t *data,
                            size_t size) {
  uint32_t whole = updater->download.bytes_whole;
  int status = godwit_store_write(updater->config.store, offset, data, size);
  if (status < 0) return status;
  return note_progress(updater, offset == whole ? offset + (uint32_t)size : whole);
}

/* What decoding a block has come to, as the download wants it. */
static int follow_decoder(struct godwit_updater *updater, int status, uint32_t wanted) {
  updater->is_decoding = status == GODWIT_UPDATER_MORE;
  if (updater->is_decoding) return GODWIT_DOWNLOAD_HOLD;
  if (status != 1) return status;
  updater->fetch_at = wanted; /* after its head, a form that is resumed goes on elsewhere */
  return GODWIT_ERR_CANCELLED;
}

static int take_form_block(struct godwit_updater *updater, uint32_t offset, const uint8_t *data,
                           size_t size) {
  uint32_t wanted = 0;
  int status = updater->config.patch->feed(updater, offset, data, size, &wanted);
  return follow_decoder(updater, status, wanted);
}

/* Of the model, in whatever form it comes: what is there without a gap. */
static void tell_progress(struct godwit_updater *updater, enum godwit_updater_event_type type) {
  godwit_updater_tell_progress(updater, type, updater->config.store->state.incoming_bytes);
}

static int on_block(struct godwit_ota_download *download, uint32_t offset, const uint8_t *data,
                    size_t size, void *arg) {
  struct godwit_updater *updater = arg;
  (void)download;
  updater->fetched_bytes += (uint32_t)size;
  int status = is_whole_form(updater) ? take_whole_block(updater, offset, data, size)
                                      : take_form_block(updater, offset, data, size);
  if (status == GODWIT_OK) {
    tell_progress(updater, GODWIT_EVENT_DOWNLOAD_PROGRESS);
  }
  return status;
}

/* The server is there, but gives no block: asked at once, it would give none
 * again. */
static bool is_at_a_standstill(const struct godwit_updater *updater, int status) {
  return status == GODWIT_ERR_TIMEOUT && updater->download.bytes_whole <= updater->fetch_at;
}

/* A link that comes and goes loses a window of blocks each time; one that loses
 * more than the whole of it brings nothing forward. */
static bool is_wasteful(const struct godwit_updater *updater) {
  return updater->fetched_bytes / 2 > updater->wanted.size_bytes;
}

static void take_response(struct godwit_updater *updater, int status) {
  uint8_t code = updater->download.code;
  bool by_request = (code >> 5) == 4 && code != GW_COAP_TOO_MANY_REQUESTS;
  if (by_request && !is_whole_form(updater)) {
    take_whole(updater); /* the offer is gone */
  } else {
    godwit_updater_fail_for_now(
        updater, status, by_request ? GW_OTA_INVALID_URI : GW_OTA_AWAIT_RETRY, GW_DETAIL_NONE);
  }
}

static void pause(struct godwit_updater *updater) {
  (void)note_progress(updater, updater->download.bytes_whole);
  updater->fetch_at = UINT32_MAX;
}

static int finish(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  int status = note_progress(updater, updater->wanted.size_bytes);
  if (status == GODWIT_OK) status = godwit_store_finish(store);
  /* A form that has ended before what it is of. */
  return status == GODWIT_ERR_STATE ? GODWIT_ERR_FORMAT : status;
}

static void on_downloaded(struct godwit_ota_download *download, int status, void *arg) {
  struct godwit_updater *updater = arg;
  (void)download;
  updater->is_decoding = false;
  if (status == GODWIT_OK) status = finish(updater);
  if (status == GODWIT_OK) {
    godwit_updater_begin_verifying(updater);
  } else if (status == GODWIT_ERR_CANCELLED) {
    return; /* goes on at fetch_at */
  } else if (status == GODWIT_ERR_CONNECTION || status == GODWIT_ERR_TIMEOUT) {
    bool waits = is_at_a_standstill(updater, status) || is_wasteful(updater);
    pause(updater); /* goes on where it was when there is a link again */
    if (waits) {
      godwit_updater_fail_for_now(updater, status, GW_OTA_CONNECTION_LOST, GW_DETAIL_NONE);
    }
  } else if (status == GODWIT_ERR_RESPONSE) {
    take_response(updater, status);
  } else if (!is_whole_form(updater) && status != GODWIT_ERR_IO && status != GODWIT_ERR_NO_SPACE) {
    refuse_form(updater, status);
  } else {
    /* What is on the medium cannot be trusted to go on from, or takes space. */
    (void)godwit_store_abandon(updater->config.store);
    godwit_updater_fail_by(updater, status);
  }
}

/* Where to fetch from: what the store has, or where the decoder is. */
static int find_start(struct godwit_updater *updater, uint32_t *from) {
  uint32_t offset;
  int status = begin_in_store(updater, &offset);
  if (status < 0) {
    godwit_updater_fail_by(updater, status);
    return status;
  }
  updater->is_resumed = offset > 0;
  *from = offset;
  if (offset == updater->wanted.size_bytes && offset > 0) {
    godwit_updater_begin_verifying(updater);
    return 1;
  }
  if (is_whole_form(updater)) return GODWIT_OK;
  status = updater->config.patch->begin(updater, offset, from);
  if (status < 0) refuse_form(updater, status);
  return status;
}

static const char *form_path(struct godwit_updater *updater) {
  if (is_whole_form(updater)) return updater->wanted.uri;
  char *end = godwit_text_add(updater->path, "/" GW_ENCODED_PATH);
  godwit_text_add_hex(end, updater->offer.id, GW_OFFER_ID_SIZE);
  return updater->path;
}

static int start_download(struct godwit_updater *updater, uint32_t from) {
  size_t size = 0;
  bool in_order = !is_whole_form(updater);
  uint8_t *work = in_order ? godwit_updater_work(updater, &size) : NULL;
  return godwit_ota_download_begin(
      updater->config.client, &updater->download,
      &(struct godwit_ota_download_config){
          .path = form_path(updater),
          .size_bytes = updater->offer.size_bytes,
          .offset = from,
          .window_blocks = updater->config.window_blocks,
          .in_order = in_order,
          .reorder_memory = in_order ? work + GODWIT_UPDATER_WORK_BYTES : NULL,
          .reorder_size = in_order ? size - GODWIT_UPDATER_WORK_BYTES : 0,
          .on_block = on_block,
          .on_done = on_downloaded,
          .arg = updater,
      });
}

/* What is under way comes all the same, and has to be paid for. */
static void stop_download(struct godwit_updater *updater) {
  struct godwit_client *client = updater->config.client;
  if (!godwit_ota_download_is_active(&updater->download)) return;
  updater->is_decoding = false;
  updater->fetched_bytes += updater->download.internal.span * godwit_ota_block_size(client);
  godwit_ota_download_cancel(client, &updater->download);
}

/* One step of decoding the block that came last; the next one waits for it. */
static void run_decoding(struct godwit_updater *updater) {
  struct godwit_client *client = updater->config.client;
  uint32_t wanted = 0;
  int status = updater->config.patch->step(updater, &wanted);
  status = follow_decoder(updater, status, wanted);
  if (status == GODWIT_DOWNLOAD_HOLD) return;
  if (status == GODWIT_OK) {
    tell_progress(updater, GODWIT_EVENT_DOWNLOAD_PROGRESS);
    godwit_ota_download_release(client, &updater->download);
  } else {
    godwit_ota_download_cancel(client, &updater->download);
    on_downloaded(&updater->download, status, updater);
  }
}

static void run_downloading(struct godwit_updater *updater) {
  struct godwit_client *client = updater->config.client;
  bool here = is_here_already(updater);
  if (!is_online(updater) && !here) return;
  if (!here && !godwit_updater_may(updater, updater->config.hooks.may_download, 0)) {
    if (!godwit_ota_download_is_active(&updater->download)) return;
    stop_download(updater);
    pause(updater);
    return;
  }
  if (godwit_ota_download_is_active(&updater->download)) {
    if (updater->is_decoding) run_decoding(updater);
    return;
  }
  uint32_t from = updater->fetch_at;
  if (from == UINT32_MAX && find_start(updater, &from) != GODWIT_OK) return;
  from -= from % godwit_ota_block_size(client);
  if (!updater->is_reported) {
    godwit_updater_report(updater, GW_OTA_DOWNLOADING, GW_OTA_READY, GW_DETAIL_NONE,
                          updater->wanted.version);
    updater->is_reported = true;
  }
  if (updater->fetch_at == UINT32_MAX) {
    tell_progress(updater, GODWIT_EVENT_DOWNLOAD_STARTED);
  }
  int status = start_download(updater, from);
  if (status == GODWIT_OK) {
    updater->fetch_at = from;
  } else if (status != GODWIT_ERR_CONNECTION) {
    godwit_updater_fail_for_now(updater, status, GW_OTA_INVALID_URI, GW_DETAIL_NONE);
  }
}

/* ------------------------------------------------------------------------------ */

void godwit_updater_fetch(struct godwit_updater *updater) {
  switch (updater->phase) {
    case GODWIT_UPDATER_DESCRIBING:
      ask(updater);
      break;
    case GODWIT_UPDATER_CHECKING:
      run_checking(updater);
      break;
    case GODWIT_UPDATER_WAITING:
      run_waiting(updater);
      break;
    case GODWIT_UPDATER_PREPARING:
      run_preparing(updater);
      break;
    default:
      run_downloading(updater);
      break;
  }
}

uint32_t godwit_updater_fetch_due_ms(const struct godwit_updater *updater, uint64_t now_ms) {
  bool busy = false;
  switch (updater->phase) {
    case GODWIT_UPDATER_DESCRIBING:
      busy = updater->request.internal.phase != GODWIT_REQUEST_FREE;
      break;
    case GODWIT_UPDATER_WAITING:
      if (updater->retry_at_ms > now_ms) {
        uint64_t left_ms = updater->retry_at_ms - now_ms;
        return left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX;
      }
      return updater->is_deferred ? ASK_AGAIN_MS : 0;
    case GODWIT_UPDATER_DOWNLOADING:
      busy = godwit_ota_download_is_active(&updater->download) && !updater->is_decoding;
      if (updater->is_deferred) return ASK_AGAIN_MS;
      break;
    default:
      return 0;
  }
  return busy || !is_online(updater) ? UINT32_MAX : 0;
}

void godwit_updater_fetch_cancel(struct godwit_updater *updater) {
  if (updater->config.client == NULL) return;
  if (updater->phase == GODWIT_UPDATER_PREPARING) {
    godwit_store_reader_close(&updater->reader);
  } else if (updater->phase == GODWIT_UPDATER_DOWNLOADING) {
    stop_download(updater);
  }
  godwit_client_cancel(updater->config.client, &updater->request);
  if (updater->config.trust_ops != NULL) updater->config.trust_ops->cancel(updater->config.trust);
}
