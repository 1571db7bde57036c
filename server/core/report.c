/* SPDX-License-Identifier: Apache-2.0 */
/* What devices say about their updates: the last word for each package, and a
 * history of bounded length. */
#include <string.h>

#include "server/core/internal.h"

static int get_status(struct srv_core *core, const char *device_id, const char *package,
                      struct srv_ota_status *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_text(&query, "package", SRV_EQUALS, package);
  return core->store->ops->get(core->store, SRV_OTA_STATUS, &query, out);
}

static int check_package_count(struct srv_core *core, const char *device_id) {
  uint64_t count = 0;
  int status = srv_count(core, SRV_OTA_STATUS, "device_id", SRV_EQUALS, device_id, &count);
  if (status != SRV_OK || count < SRV_DEVICE_PACKAGES_MAX) return status;
  return srv_fail(core, SRV_ERR_INVALID, "a device may report about %d packages",
                  SRV_DEVICE_PACKAGES_MAX);
}

/* Keeps the newest events_per_package. Done when a quarter more have come, so
 * that most reports do not pay for it. */
static int prune(struct srv_core *core, struct srv_ota_status *status_row) {
  if (status_row->event_count < core->events_per_package + core->events_per_package / 4 + 1) {
    return SRV_OK;
  }
  struct srv_ota_event first_too_old;
  struct srv_query query = {.newest_first = true, .offset = core->events_per_package};
  srv_query_text(&query, "device_id", SRV_EQUALS, status_row->device_id);
  srv_query_text(&query, "package", SRV_EQUALS, status_row->package);
  int status = core->store->ops->get(core->store, SRV_OTA_EVENT, &query, &first_too_old);
  if (status == SRV_OK) {
    srv_query_number(&query, "id", SRV_AT_MOST, first_too_old.id);
    status = core->store->ops->remove(core->store, SRV_OTA_EVENT, &query);
  }
  if (status != SRV_OK && status != SRV_ERR_NOT_FOUND) return srv_fail_store(core, status);
  status_row->event_count = core->events_per_package;
  return SRV_OK;
}

static int write_report(struct srv_core *core, const struct srv_device_ref *device,
                        const struct gw_report *report, struct srv_ota_status *status_row) {
  struct srv_ota_event event = {.time_us = status_row->time_us};
  memcpy(event.project_id, device->project_id, sizeof(event.project_id));
  memcpy(event.device_id, device->device_id, sizeof(event.device_id));
  memcpy(event.package, report->package, sizeof(event.package));
  memcpy(event.version, report->version, sizeof(event.version));
  memcpy(event.target, report->target, sizeof(event.target));
  event.state = report->state;
  event.reason = report->reason;
  event.detail = report->detail;
  int status = core->store->ops->insert(core->store, SRV_OTA_EVENT, &event);
  if (status != SRV_OK) return srv_fail_store(core, status);
  status_row->event_count++;
  status = prune(core, status_row);
  if (status != SRV_OK) return status;
  return srv_fail_store(core, core->store->ops->put(core->store, SRV_OTA_STATUS, status_row));
}

int srv_core_report(struct srv_core *core, const struct srv_device_ref *device,
                    const struct gw_report *report) {
  struct srv_ota_status row = {0};
  int status = get_status(core, device->device_id, report->package, &row);
  if (status == SRV_ERR_NOT_FOUND) {
    memset(&row, 0, sizeof(row));
    status = check_package_count(core, device->device_id);
  } else {
    srv_fail_store(core, status);
  }
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  memcpy(row.device_id, device->device_id, sizeof(row.device_id));
  memcpy(row.package, report->package, sizeof(row.package));
  memcpy(row.version, report->version, sizeof(row.version));
  memcpy(row.target, report->target, sizeof(row.target));
  row.state = report->state;
  row.reason = report->reason;
  row.detail = report->detail;
  row.time_us = srv_now_us(core);
  status = srv_transaction_end(core, write_report(core, device, report, &row));
  if (status == SRV_OK) srv_seen_reported(core, device->device_id, report);
  if (status == SRV_OK) srv_fleet_reported(core, device, &row);
  return status;
}
