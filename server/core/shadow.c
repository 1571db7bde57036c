/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/shadow.h"

#include <string.h>

#include "server/core/internal.h"
#include "server/core/log.h"

/* --- keeping it ---------------------------------------------------------------- */

/* Labels go to terminals and pages. */
static bool is_printable(const char *text) {
  for (; *text != 0; text++) {
    if ((unsigned char)*text < ' ' || *text == 0x7F) return false;
  }
  return true;
}

static int check(struct srv_core *core, const struct gw_shadow_report *report) {
  bool good = is_printable(report->package) && gw_semver_is_valid(report->active) &&
              gw_semver_is_valid(report->candidate);
  for (unsigned i = 0; good && i < report->labels.count; i++) {
    good = is_printable(report->labels.label[i].name);
  }
  if (good) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID,
                  "a comparison names a package, two semantic versions and printable labels");
}

static void query_device(struct srv_query *query, const struct srv_shadow *row) {
  srv_query_text(query, "device_id", SRV_EQUALS, row->device_id);
}

static void query_pair(struct srv_query *query, const struct srv_shadow *row) {
  query_device(query, row);
  srv_query_text(query, "package", SRV_EQUALS, row->package);
  srv_query_text(query, "active", SRV_EQUALS, row->active);
  srv_query_text(query, "candidate", SRV_EQUALS, row->candidate);
}

static int make_room(struct srv_core *core, const struct srv_shadow *row) {
  struct srv_query device = {0}, pair = {0};
  struct srv_shadow oldest;
  uint64_t count = 0;
  int status = srv_count(core, SRV_SHADOW, "device_id", SRV_EQUALS, row->device_id, &count);
  if (status != SRV_OK || count < SRV_SHADOWS_PER_DEVICE) return status;
  query_device(&device, row);
  status = core->store->ops->get(core->store, SRV_SHADOW, &device, &oldest);
  if (status != SRV_OK) return srv_fail_store(core, status);
  query_pair(&pair, &oldest);
  return srv_fail_store(core, core->store->ops->remove(core->store, SRV_SHADOW, &pair));
}

static int keep(struct srv_core *core, const struct srv_shadow *row) {
  struct srv_query query = {0};
  struct srv_shadow old;
  query_pair(&query, row);
  int status = core->store->ops->get(core->store, SRV_SHADOW, &query, &old);
  if (status == SRV_OK && old.report_size == row->report_size &&
      memcmp(old.report, row->report, row->report_size) == 0) {
    return SRV_OK; /* a repetition */
  }
  if (status == SRV_ERR_NOT_FOUND) status = make_room(core, row);
  if (status != SRV_OK) return srv_fail_store(core, status);
  return srv_fail_store(core, core->store->ops->put(core->store, SRV_SHADOW, row));
}

int srv_core_shadow_report(struct srv_core *core, const struct srv_device_ref *device,
                           const struct gw_shadow_report *report) {
  struct srv_shadow row = {.time_us = srv_now_us(core)};
  int status = check(core, report);
  if (status != SRV_OK) return status;
  memcpy(row.device_id, device->device_id, sizeof(row.device_id));
  memcpy(row.project_id, device->project_id, sizeof(row.project_id));
  memcpy(row.package, report->package, sizeof(row.package));
  memcpy(row.active, report->active, sizeof(row.active));
  memcpy(row.candidate, report->candidate, sizeof(row.candidate));
  int size = gw_shadow_report_encode(report, row.report, sizeof(row.report));
  if (size < 0) return srv_fail(core, SRV_ERR_INVALID, "a comparison that cannot be written");
  row.report_size = (size_t)size;
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, keep(core, &row));
}

/* --- bringing it together ------------------------------------------------------- */

static bool is_same_pair(const struct gw_shadow_report *a, const struct gw_shadow_report *b) {
  return strcmp(a->package, b->package) == 0 && strcmp(a->active, b->active) == 0 &&
         strcmp(a->candidate, b->candidate) == 0;
}

/* NULL: there are too many already. */
static struct srv_shadow_pair *pair_of(struct srv_shadow_pairs *pairs,
                                       const struct gw_shadow_report *report) {
  for (size_t i = 0; i < pairs->count; i++) {
    if (is_same_pair(&pairs->pair[i].sums, report)) return &pairs->pair[i];
  }
  if (pairs->count == SRV_SHADOW_PAIRS_MAX) return NULL;
  struct srv_shadow_pair *pair = &pairs->pair[pairs->count++];
  pair->sums = *report;
  memset(&pair->sums.summary, 0, sizeof(pair->sums.summary));
  return pair;
}

/* Of other labels the indices mean something else: such pairs are counted, and
 * not named. */
static bool add_sums(struct srv_shadow_pair *pair, struct gw_shadow_report *report) {
  if (memcmp(&pair->sums.labels, &report->labels, sizeof(report->labels)) != 0) {
    report->summary.pair_count = 0;
  }
  return gw_shadow_merge(&pair->sums.summary, &report->summary) == GW_OK;
}

static void add_row(void *context, const void *row) {
  const struct srv_shadow *shadow = row;
  struct srv_shadow_pairs *pairs = context;
  struct gw_shadow_report report;
  int status = gw_shadow_report_parse(shadow->report, shadow->report_size, &report);
  if (status != GW_OK) {
    srv_log(SRV_LOG_ERROR, "core", "the comparison of device %s cannot be read: %s",
            shadow->device_id, gw_status_name(status));
    return;
  }
  struct srv_shadow_pair *pair = pair_of(pairs, &report);
  if (pair == NULL || !add_sums(pair, &report)) return;
  pairs->merged_rows++;
  pair->devices++;
  if (report.verdict <= GW_SHADOW_FAIL) pair->verdicts[report.verdict]++;
  if (report.verdict == GW_SHADOW_FAIL && report.reason <= GW_SHADOW_APPLICATION) {
    pair->failures[report.reason]++;
  }
  if (shadow->time_us > pair->time_us) pair->time_us = shadow->time_us;
}

static int bring_together(struct srv_core *core, struct srv_query *query,
                          struct srv_shadow_pairs *out) {
  memset(out, 0, sizeof(*out));
  query->newest_first = true;
  query->limit = SRV_SHADOWS_MERGED;
  return srv_core_list(core, SRV_SHADOW, query, add_row, out, &out->device_rows);
}

int srv_core_shadow_of_candidate(struct srv_core *core, const char *project_id, const char *package,
                                 const char *candidate, struct srv_shadow_pairs *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "package", SRV_EQUALS, package);
  srv_query_text(&query, "candidate", SRV_EQUALS, candidate);
  return bring_together(core, &query, out);
}

int srv_core_shadow_of_device(struct srv_core *core, const char *device_id,
                              struct srv_shadow_pairs *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  return bring_together(core, &query, out);
}
