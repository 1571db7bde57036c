/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/shadow.h"

#include <string.h>

#include "client_internal.h"
#include "platform/clock.h"

#define PATH "/" GW_SHADOW_PATH
#define REFUSALS_MAX 6u
#define REPORT_EVERY_MS 60000u

void godwit_shadow_init(struct godwit_shadow *shadow, const struct godwit_shadow_config *config) {
  memset(shadow, 0, sizeof *shadow);
  shadow->config = *config;
  if (shadow->config.report_every_ms == 0) shadow->config.report_every_ms = REPORT_EVERY_MS;
}

/* Telling the server -------------------------------------------------------- */

static int on_answer(struct godwit_client *client, const struct godwit_response *response,
                     void *arg) {
  struct godwit_shadow *shadow = arg;
  uint64_t again_ms = godwit_client_again_ms(client, response, &shadow->refusals, REFUSALS_MAX);
  /* Something newer may have come to be told meanwhile. */
  if (again_ms < shadow->service.due_ms) shadow->service.due_ms = again_ms;
  return 0;
}

static uint32_t windows_of(const struct godwit_shadow *shadow) {
  return shadow->report.summary.compared + shadow->report.summary.skipped;
}

/* Written when it is sent, so that what arrives is the newest. While one is
 * under way its bytes are the client's: its answer is waited for. */
static void tell(struct godwit_client *client, int status, void *arg) {
  struct godwit_shadow *shadow = arg;
  if (status < 0) return; /* the client ends */
  if (godwit_exchange_has_request(client, &shadow->request)) {
    shadow->service.due_ms = godwit_platform_now_ms() + godwit_client_pause_ms(1);
    return;
  }
  int size = gw_shadow_report_encode(&shadow->report, shadow->payload, sizeof shadow->payload);
  if (size < 0) return; /* names longer than any that a manifest has: nothing to be told */
  shadow->told_ms = godwit_platform_now_ms();
  shadow->told_windows = windows_of(shadow);
  shadow->request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = PATH,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = shadow->payload,
      .payload_size = (size_t)size,
      .on_response = on_answer,
      .arg = shadow,
  };
  (void)godwit_client_request(client, &shadow->request); /* connected, nothing amiss */
}

static void have_told(struct godwit_shadow *shadow) {
  if (shadow->config.client != NULL) shadow->service.due_ms = 0;
}

static void begin_telling(struct godwit_shadow *shadow) {
  struct godwit_client *client = shadow->config.client;
  shadow->told_ms = shadow->begun_ms;
  shadow->told_windows = 0;
  if (client == NULL || godwit_client_has_service(client, &shadow->service)) return;
  shadow->service = (struct godwit_service){.run = tell, .arg = shadow, .due_ms = UINT64_MAX};
  (void)godwit_client_add_service(client, &shadow->service); /* fails while the client ends only */
}

/* Both run ------------------------------------------------------------------ */

static void copy_text(char *out, size_t size, const char *text) {
  size_t length = 0;
  while (length < size - 1 && text[length] != 0) length++;
  memcpy(out, text, length);
  out[length] = 0;
}

static int begin(void *arg, const struct godwit_model *active, const struct godwit_model *candidate,
                 const struct gw_policy *policy) {
  struct godwit_shadow *shadow = arg;
  const struct gw_policy *own = shadow->config.policy;
  if (!gw_shadow_is_asked(policy) && own != NULL) policy = own;
  if (active == NULL || !gw_shadow_is_asked(policy)) return GODWIT_ERR_NOT_FOUND;
  struct gw_shadow_report *report = &shadow->report;
  memset(report, 0, sizeof *report);
  copy_text(report->package, sizeof report->package, candidate->package);
  copy_text(report->active, sizeof report->active, active->version);
  copy_text(report->candidate, sizeof report->candidate, candidate->version);
  if (shadow->config.labels != NULL) {
    shadow->config.labels(shadow->config.arg, active, candidate, &report->labels);
  }
  shadow->policy = *policy;
  shadow->begun_ms = godwit_platform_now_ms();
  shadow->is_running = true;
  begin_telling(shadow);
  return GODWIT_OK;
}

static void compare(void *arg, const struct gw_shadow_sample *sample) {
  struct godwit_shadow *shadow = arg;
  if (shadow->is_running) gw_shadow_add(&shadow->report.summary, &shadow->report.labels, sample);
}

void godwit_shadow_skipped(struct godwit_shadow *shadow) {
  if (shadow->is_running) gw_shadow_add_skipped(&shadow->report.summary);
}

void godwit_shadow_missed(struct godwit_shadow *shadow, uint32_t count) {
  if (shadow->is_running) gw_shadow_add_missed(&shadow->report.summary, count);
}

/* Judging ------------------------------------------------------------------- */

static void judge(struct godwit_shadow *shadow) {
  struct gw_shadow_report *report = &shadow->report;
  enum gw_shadow_verdict by_policy =
      gw_shadow_judge(&report->summary, &shadow->policy, report->elapsed_s, &report->reason);
  enum gw_shadow_verdict verdict = by_policy;
  if (shadow->config.decide != NULL) {
    verdict = shadow->config.decide(shadow->config.arg, &report->summary, by_policy);
  }
  bool is_late = report->elapsed_s >= GW_SHADOW_LONGEST_S;
  if (verdict == GW_SHADOW_MORE && is_late) verdict = by_policy;
  if (verdict != by_policy) report->reason = GW_SHADOW_APPLICATION;
  report->verdict = (uint8_t)verdict;
}

static int step(void *arg) {
  struct godwit_shadow *shadow = arg;
  uint64_t now_ms = godwit_platform_now_ms();
  shadow->report.elapsed_s = (uint32_t)((now_ms - shadow->begun_ms) / 1000u);
  judge(shadow);
  if (shadow->report.verdict == GW_SHADOW_PASS) return GODWIT_OK;
  if (shadow->report.verdict == GW_SHADOW_FAIL) return GODWIT_ERR_MODEL;
  bool is_due = now_ms - shadow->told_ms >= shadow->config.report_every_ms;
  if (is_due && windows_of(shadow) != shadow->told_windows) {
    shadow->told_ms = now_ms;
    have_told(shadow);
  }
  return 1;
}

static void end(void *arg) {
  struct godwit_shadow *shadow = arg;
  if (!shadow->is_running) return;
  shadow->is_running = false;
  have_told(shadow);
}

const struct godwit_shadow_ops godwit_shadow_side_by_side = {
    .begin = begin, .compare = compare, .step = step, .end = end};
