/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions were in the field when: a row each time that a count has
 * changed since it was last written down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/fleet_internal.h"
#include "server/core/log.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define KEPT_US (400 * DAY_US)
/* Devices can say any version they like. */
#define VERSIONS_MAX 256u  /* that are followed in a project */
#define ROWS_MAX 200000u   /* of a project; then the oldest go */
#define RECALLED_MAX 2000u /* rows read at the start to know what was last written */

/* --- what was last written ------------------------------------------------------------- */

static void split(const char *pair, char package[GW_PACKAGE_MAX + 1],
                  char version[GW_REPORT_VERSION_MAX + 1]) {
  size_t length = strcspn(pair, "\x1f");
  snprintf(package, GW_PACKAGE_MAX + 1, "%.*s", (int)length, pair);
  snprintf(version, GW_REPORT_VERSION_MAX + 1, "%s", pair[length] == 0 ? "" : pair + length + 1);
}

struct recalling {
  struct srv_fleet *fleet;
  struct srv_intern seen; /* newest first: what comes again is older */
};

static void recall(void *context, const void *row) {
  struct recalling *recalling = context;
  const struct srv_fleet_sample *sample = row;
  struct srv_fleet *fleet = recalling->fleet;
  char text[GW_PACKAGE_MAX + GW_REPORT_VERSION_MAX + 2];
  snprintf(text, sizeof(text), "%s\x1f%s", sample->package, sample->version);
  if (srv_intern_find(&recalling->seen, text) != SRV_INTERN_NONE) return;
  srv_intern_hold(&recalling->seen, text);
  if (sample->count <= 0) return;
  uint32_t pair = srv_fleet_pair_hold(fleet, sample->package, sample->version);
  if (pair == SRV_INTERN_NONE) return;
  /* Held as long as the last count on record is not 0. */
  fleet->pair[pair].sampled = (uint32_t)sample->count;
  fleet->sampled_count++;
}

static int recall_all(struct srv_core *core, struct srv_fleet *fleet) {
  struct recalling recalling = {.fleet = fleet};
  struct srv_query query = {.newest_first = true, .limit = RECALLED_MAX};
  srv_query_text(&query, "project_id", SRV_EQUALS, fleet->project_id);
  int status = srv_core_list(core, SRV_FLEET_SAMPLE, &query, recall, &recalling, NULL);
  srv_intern_free(&recalling.seen);
  fleet->history_read = status == SRV_OK;
  return status;
}

/* --- writing ------------------------------------------------------------------------------ */

static int write_sample(struct srv_core *core, struct srv_fleet *fleet, uint32_t pair) {
  struct srv_fleet_sample row = {.count = fleet->pair[pair].devices, .time_us = srv_now_us(core)};
  memcpy(row.project_id, fleet->project_id, sizeof(row.project_id));
  split(srv_intern_text(&fleet->pairs, pair), row.package, row.version);
  return srv_fail_store(core, core->store->ops->insert(core->store, SRV_FLEET_SAMPLE, &row));
}

/* Pairs whose count is another than on record. */
struct news {
  uint32_t *pair;
  size_t count;
};

/* A version that is not followed yet needs room. */
static bool find_news(const struct srv_fleet *fleet, struct news *news) {
  uint32_t followed = fleet->sampled_count;
  news->pair = malloc((fleet->pairs.count + 1) * sizeof(*news->pair));
  if (news->pair == NULL) return false;
  for (uint32_t pair = 1; pair < fleet->pairs.count; pair++) {
    const struct fleet_pair *counted = &fleet->pair[pair];
    if (fleet->pairs.slot[pair].text == NULL || counted->devices == counted->sampled) continue;
    if (counted->sampled == 0 && followed >= VERSIONS_MAX) continue;
    if (counted->sampled == 0) followed++;
    news->pair[news->count++] = pair;
  }
  return true;
}

static void note_sampled(struct srv_fleet *fleet, uint32_t pair) {
  struct fleet_pair *counted = &fleet->pair[pair];
  uint32_t before = counted->sampled;
  counted->sampled = counted->devices;
  if (before == 0) {
    fleet->pairs.slot[pair].holders++;
    fleet->sampled_count++;
  } else if (counted->sampled == 0) {
    fleet->sampled_count--;
    srv_intern_let_go(&fleet->pairs, pair);
  }
}

static int ignore_absent(struct srv_core *core, int status) {
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

/* What is older than a year goes; and, of too many rows, the oldest. */
static int forget_old(struct srv_core *core, const struct srv_fleet *fleet) {
  struct srv_query old = {0}, beyond = {.newest_first = true, .offset = ROWS_MAX};
  struct srv_fleet_sample first;
  srv_query_text(&old, "project_id", SRV_EQUALS, fleet->project_id);
  srv_query_text(&beyond, "project_id", SRV_EQUALS, fleet->project_id);
  srv_query_number(&old, "time_us", SRV_AT_MOST, srv_now_us(core) - KEPT_US);
  int status = ignore_absent(core, core->store->ops->remove(core->store, SRV_FLEET_SAMPLE, &old));
  if (status != SRV_OK) return status;
  status = core->store->ops->get(core->store, SRV_FLEET_SAMPLE, &beyond, &first);
  if (status != SRV_OK) return ignore_absent(core, status);
  beyond.offset = 0;
  srv_query_number(&beyond, "id", SRV_AT_MOST, first.id);
  return ignore_absent(core, core->store->ops->remove(core->store, SRV_FLEET_SAMPLE, &beyond));
}

static int write_samples(struct srv_core *core, struct srv_fleet *fleet, const struct news *news) {
  int status = SRV_OK;
  for (size_t i = 0; status == SRV_OK && i < news->count; i++) {
    status = write_sample(core, fleet, news->pair[i]);
  }
  int64_t today = srv_now_us(core) / DAY_US;
  if (status != SRV_OK || today == fleet->cleared_day) return status;
  fleet->cleared_day = today;
  return forget_old(core, fleet);
}

bool srv_fleet_sample(struct srv_core *core, struct srv_fleet *fleet) {
  struct news news = {0};
  uint64_t change = fleet->change;
  int status = fleet->history_read ? SRV_OK : recall_all(core, fleet);
  if (status == SRV_OK && !find_news(fleet, &news)) status = srv_fail_memory(core);
  if (status == SRV_OK && news.count > 0) {
    status = srv_transaction_begin(core);
    if (status == SRV_OK) status = srv_transaction_end(core, write_samples(core, fleet, &news));
    for (size_t i = 0; status == SRV_OK && i < news.count; i++) note_sampled(fleet, news.pair[i]);
  }
  free(news.pair);
  if (status == SRV_OK) {
    fleet->sampled_change = change;
  } else {
    srv_log(SRV_LOG_WARNING, "core", "which versions project %s runs is not written down: %s",
            fleet->project_id, core->error);
  }
  return news.count > 0;
}

/* --- reading --------------------------------------------------------------------------------- */

struct history {
  void (*visit)(void *context, const struct srv_fleet_change *change);
  void *context;
};

static void tell_change(void *context, const void *row) {
  const struct history *history = context;
  const struct srv_fleet_sample *sample = row;
  history->visit(history->context, &(struct srv_fleet_change){.version = sample->version,
                                                              .count = (uint64_t)sample->count,
                                                              .time_us = sample->time_us});
}

int srv_core_fleet_history(struct srv_core *core, const char *project_id, const char *package,
                           int64_t end_us,
                           void (*visit)(void *context, const struct srv_fleet_change *change),
                           void *context) {
  struct history history = {.visit = visit, .context = context};
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "package", SRV_EQUALS, package);
  srv_query_number(&query, "time_us", SRV_AT_MOST, end_us);
  return srv_core_list(core, SRV_FLEET_SAMPLE, &query, tell_change, &history, NULL);
}
