/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/ota.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"
#include "platform/clock.h"
#include "platform/datagram.h"
#include "text.h"

#define MANIFEST_PATH "/.u/desired"
#define MANIFEST_RETRY_MS 60000u /* after one of several blocks could not be had */
#define WAIT_SLICE_MS 1000u
#define BUSY_PAUSE_MS 10000u /* before a report that a busy server refused */

/* Manifest ------------------------------------------------------------------ */

static struct godwit_request get_manifest(godwit_response_fn on_response, void *arg) {
  return (struct godwit_request){
      .method = GODWIT_GET,
      .path = MANIFEST_PATH,
      .content_format = GODWIT_FORMAT_NONE,
      .accept = GODWIT_FORMAT_CBOR,
      .on_response = on_response,
      .arg = arg,
  };
}

static int pass_manifest_on(struct godwit_client *client, const struct godwit_response *response,
                            void *arg) {
  struct godwit_ota *ota = arg;
  ota->on_manifest(client, response, ota->on_manifest_arg);
  return 0;
}

int godwit_ota_observe_manifest_async(struct godwit_client *client,
                                      godwit_ota_manifest_fn on_manifest, void *arg) {
  struct godwit_ota *ota = &client->ota;
  if (on_manifest == NULL) return GODWIT_ERR_ARGUMENT;
  godwit_client_cancel(client, &ota->manifest_request);
  ota->on_manifest = on_manifest;
  ota->on_manifest_arg = arg;
  ota->manifest_request = get_manifest(pass_manifest_on, ota);
  ota->manifest_request.observe = true;
  return godwit_client_request(client, &ota->manifest_request);
}

static void tell_wish(struct godwit_client *client, struct godwit_ota_watch *watch, int status) {
  int found = status == GODWIT_OK ? gw_manifest_scan_end(&watch->scan) : 0;
  if (found < 0) status = GODWIT_ERR_FORMAT;
  watch->on_wish(client, status, found == 1 ? &watch->scan.component : NULL, watch->arg);
}

static int take_rest(struct godwit_client *client, const struct godwit_response *response,
                     void *arg);

static int ask_for_rest(struct godwit_client *client, struct godwit_ota_watch *watch,
                        uint32_t offset) {
  watch->rest = get_manifest(take_rest, watch);
  watch->rest.blockwise = true;
  watch->rest.offset = offset;
  return godwit_client_request(client, &watch->rest);
}

/* A block of a manifest of several. */
static int take_rest(struct godwit_client *client, const struct godwit_response *response,
                     void *arg) {
  struct godwit_ota_watch *watch = arg;
  int status = response->status;
  if (status == GODWIT_OK) {
    int scanned = gw_manifest_scan_feed(&watch->scan, response->payload, response->payload_size);
    uint32_t end = response->offset + (uint32_t)response->payload_size;
    bool goes_on = response->has_more && scanned == GW_OK; /* of nonsense no more is fetched */
    if (goes_on) status = ask_for_rest(client, watch, end);
    if (goes_on && status == GODWIT_OK) return 0;
  } else if (client->state != GODWIT_CLIENT_CONNECTED) {
    return 0; /* the next session begins with the manifest */
  } else {
    watch->observation.internal.refresh_ms = godwit_platform_now_ms() + MANIFEST_RETRY_MS;
  }
  tell_wish(client, watch, status);
  return 0;
}

/* Of several blocks all are fetched by one transfer of their own: the first one of a
 * notification may be of another size than ours. */
static int take_manifest(struct godwit_client *client, const struct godwit_response *response,
                         void *arg) {
  struct godwit_ota_watch *watch = arg;
  int status = response->status;
  godwit_client_cancel(client, &watch->rest); /* of the one before */
  gw_manifest_scan_begin(&watch->scan, watch->scan.package);
  if (response->has_more) {
    status = ask_for_rest(client, watch, 0);
    if (status == GODWIT_OK) return 0;
  }
  if (status == GODWIT_OK) {
    (void)gw_manifest_scan_feed(&watch->scan, response->payload, response->payload_size);
  }
  tell_wish(client, watch, status);
  return 0;
}

int godwit_ota_watch_begin(struct godwit_client *client, struct godwit_ota_watch *watch,
                           const char *package, godwit_ota_wish_fn on_wish, void *arg) {
  if (package == NULL || on_wish == NULL) return GODWIT_ERR_ARGUMENT;
  godwit_ota_watch_end(client, watch);
  watch->on_wish = on_wish;
  watch->arg = arg;
  watch->scan.package = package;
  watch->observation = get_manifest(take_manifest, watch);
  watch->observation.observe = true;
  return godwit_client_request(client, &watch->observation);
}

void godwit_ota_watch_end(struct godwit_client *client, struct godwit_ota_watch *watch) {
  godwit_client_cancel(client, &watch->observation);
  godwit_client_cancel(client, &watch->rest);
}

int godwit_ota_payload_as_manifest(const uint8_t *payload, size_t payload_size,
                                   struct gw_manifest *manifest) {
  if (payload == NULL || payload_size == 0) return GODWIT_ERR_FORMAT;
  return gw_manifest_parse(payload, payload_size, manifest) == GW_OK ? GODWIT_OK
                                                                     : GODWIT_ERR_FORMAT;
}

const struct gw_component *godwit_ota_find_component(const struct gw_manifest *manifest,
                                                     const char *package) {
  return gw_manifest_find(manifest, package);
}

/* Download ------------------------------------------------------------------ */

static int pass_classic_block(struct godwit_ota_download *download, uint32_t offset,
                              const uint8_t *data, size_t size, void *arg) {
  const struct gw_component *component = download->classic.component;
  bool is_last = offset + size == component->size_bytes;
  return download->classic.on_block(component, offset / godwit_ota_block_size(arg), data, size,
                                    is_last, download->classic.arg);
}

static void end_classic(struct godwit_ota_download *download, int status, void *arg) {
  if (download->classic.on_done == NULL) return;
  download->classic.on_done(arg, status, download->bytes_whole / godwit_ota_block_size(arg),
                            download->classic.arg);
}

int godwit_ota_download_component_async(struct godwit_client *client,
                                        struct godwit_ota_download *download,
                                        const struct gw_component *component,
                                        uint32_t first_block_idx, godwit_ota_block_fn on_block,
                                        godwit_ota_done_fn on_done, void *arg) {
  if (component == NULL || on_block == NULL) return GODWIT_ERR_ARGUMENT;
  uint64_t offset = (uint64_t)first_block_idx * godwit_ota_block_size(client);
  if (offset > UINT32_MAX) return GODWIT_ERR_ARGUMENT;
  const struct godwit_ota_download_config config = {
      .path = component->uri,
      .size_bytes = component->size_bytes,
      .offset = (uint32_t)offset,
      .window_blocks = 1,
      .in_order = true,
      .on_block = pass_classic_block,
      .on_done = end_classic,
      .arg = client,
  };
  int status = godwit_ota_download_begin(client, download, &config);
  if (status < 0) return status;
  download->classic.component = component;
  download->classic.on_block = on_block;
  download->classic.on_done = on_done;
  download->classic.arg = arg;
  return GODWIT_OK;
}

struct blocking_download {
  bool done;
  int status;
  uint32_t next_block_idx;
  godwit_ota_block_fn on_block;
  void *arg;
};

static int pass_block_on(const struct gw_component *component, uint32_t block_idx,
                         const uint8_t *block, size_t size, bool is_last, void *arg) {
  struct blocking_download *blocking = arg;
  return blocking->on_block(component, block_idx, block, size, is_last, blocking->arg);
}

static void note_done(struct godwit_client *client, int status, uint32_t next_block_idx,
                      void *arg) {
  struct blocking_download *blocking = arg;
  (void)client;
  blocking->done = true;
  blocking->status = status;
  blocking->next_block_idx = next_block_idx;
}

int godwit_ota_download_component(struct godwit_client *client,
                                  const struct gw_component *component, uint32_t *next_block_idx,
                                  godwit_ota_block_fn on_block, void *arg) {
  if (client->in_poll) return GODWIT_ERR_STATE; /* a callback: polling here would do nothing */
  struct blocking_download blocking = {.on_block = on_block, .arg = arg};
  struct godwit_ota_download download = {0};
  uint32_t first = next_block_idx != NULL ? *next_block_idx : 0;
  int status = on_block == NULL
                   ? GODWIT_ERR_ARGUMENT
                   : godwit_ota_download_component_async(client, &download, component, first,
                                                         pass_block_on, note_done, &blocking);
  if (status < 0) return status;
  while (!blocking.done) {
    godwit_client_poll(client);
    if (!blocking.done) godwit_client_wait(client, WAIT_SLICE_MS);
  }
  if (next_block_idx != NULL) *next_block_idx = blocking.next_block_idx;
  return blocking.status;
}

/* Reports ------------------------------------------------------------------- */

/* They wait as they are sent, one behind the other: size of the payload, package
 * with its NUL, payload. */
static const char *oldest_package(const struct godwit_ota *ota) {
  return (const char *)ota->reports + 1;
}

static void drop_oldest_report(struct godwit_ota *ota) {
  size_t size = 1 + strlen(oldest_package(ota)) + 1 + ota->reports[0];
  ota->report_count--;
  ota->reports_size = (uint16_t)(ota->reports_size - size);
  memmove(ota->reports, ota->reports + size, ota->reports_size);
}

static int on_report_answered(struct godwit_client *client, const struct godwit_response *response,
                              void *arg) {
  struct godwit_ota *ota = arg;
  ota->report_sent = false;
  bool answered = response->status == GODWIT_OK || response->status == GODWIT_ERR_RESPONSE;
  if (godwit_client_is_busy_code(response->code)) {
    answered = false;
    ota->report_not_before_ms = godwit_platform_now_ms() + BUSY_PAUSE_MS;
  }
  if (response->status == GODWIT_ERR_RESPONSE) {
    char code[5];
    godwit_log(GODWIT_LOG_WARN, "ota: report on %s refused with %s", oldest_package(ota),
               gw_coap_code_text(response->code, code));
  }
  /* Refused: the same bytes would be refused again. Not answered: once more. */
  if (answered) drop_oldest_report(ota);
  if (client->state == GODWIT_CLIENT_CONNECTED) godwit_ota_send_reports(client);
  return 0;
}

void godwit_ota_send_reports(struct godwit_client *client) {
  struct godwit_ota *ota = &client->ota;
  if (ota->report_sent || ota->report_count == 0) return;
  if (godwit_platform_now_ms() < ota->report_not_before_ms) return;
  const char *package = oldest_package(ota);
  godwit_text_add(godwit_text_add(ota->report_path, "/.u/c/"), package);
  ota->report_request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = ota->report_path,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = package + strlen(package) + 1,
      .payload_size = ota->reports[0],
      .on_response = on_report_answered,
      .arg = ota,
  };
  ota->report_sent = godwit_client_request(client, &ota->report_request) == GODWIT_OK;
  if (!ota->report_sent) drop_oldest_report(ota); /* it can never be sent */
}

_Static_assert(GW_REPORT_SIZE_MAX <= UINT8_MAX, "a report's size takes a byte");
_Static_assert(1 + GW_PACKAGE_MAX + 1 + GW_REPORT_SIZE_MAX <= GODWIT_OTA_REPORTS_BYTES,
               "the longest report has to fit");

int godwit_ota_report(struct godwit_client *client, const struct gw_report *report) {
  struct godwit_ota *ota = &client->ota;
  uint8_t payload[GW_REPORT_SIZE_MAX];
  int payload_size = gw_report_encode(report, payload, sizeof payload);
  if (payload_size < 0 || report->package[0] == '\0') return GODWIT_ERR_ARGUMENT;
  size_t package_size = strlen(report->package) + 1;
  size_t size = 1 + package_size + (size_t)payload_size;
  while (ota->report_count == GODWIT_OTA_REPORTS_MAX ||
         ota->reports_size + size > sizeof ota->reports) {
    if (ota->report_sent) godwit_client_cancel(client, &ota->report_request);
    ota->report_sent = false;
    drop_oldest_report(ota);
  }
  uint8_t *at = ota->reports + ota->reports_size;
  at[0] = (uint8_t)payload_size;
  memcpy(at + 1, report->package, package_size);
  memcpy(at + 1 + package_size, payload, (size_t)payload_size);
  ota->reports_size = (uint16_t)(ota->reports_size + size);
  ota->report_count++;
  if (client->state == GODWIT_CLIENT_CONNECTED) godwit_ota_send_reports(client);
  return GODWIT_OK;
}

static int copy_text(char *out, size_t size, const char *text) {
  if (text == NULL) text = "";
  size_t length = strlen(text);
  if (length >= size) return GODWIT_ERR_ARGUMENT;
  memcpy(out, text, length + 1);
  return GODWIT_OK;
}

int godwit_ota_report_state(struct godwit_client *client, enum gw_ota_state state,
                            enum gw_ota_reason reason, const char *package,
                            const char *current_version, const char *target_version) {
  struct gw_report report = {.state = (uint8_t)state, .reason = (uint8_t)reason};
  if (copy_text(report.package, sizeof report.package, package) < 0 ||
      copy_text(report.version, sizeof report.version, current_version) < 0 ||
      copy_text(report.target, sizeof report.target, target_version) < 0) {
    return GODWIT_ERR_ARGUMENT;
  }
  return godwit_ota_report(client, &report);
}

size_t godwit_ota_reports_pending(const struct godwit_client *client) {
  return client->ota.report_count;
}
