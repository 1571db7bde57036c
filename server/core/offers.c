/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/offers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "server/core/log.h"

#define SCAN_INTERVAL_US (500 * 1000)             /* from one project to the next */
#define RETRY_INTERVAL_US (INT64_C(60) * 1000000) /* after the disk or the store failed */
#define SPREAD_INTERVAL_US (INT64_C(5) * 1000000) /* reach is counted again */
#define RELEASES_SCANNED 16u                      /* of a project, the newest with rollout */
#define OPENED_CACHED 256u                        /* offers that devices load */

/* One form to be made. */
struct task {
  char project_id[SRV_NAME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  char artifact_id[SRV_ID_LENGTH + 1];
  char base_version[GW_VERSION_MAX + 1]; /* "": compressed */
  char base_id[SRV_ID_LENGTH + 1];
  uint8_t digest[GW_DIGEST_SIZE], base_digest[GW_DIGEST_SIZE];
  uint32_t size_bytes, base_size;
};

/* Whose bytes an offer's id stands for. */
struct opened {
  char project_id[SRV_NAME_MAX + 1]; /* "": an empty slot */
  char wire_id[SRV_WIRE_ID_LENGTH + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  char id[SRV_ID_LENGTH + 1]; /* of the row */
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
};

struct srv_offers {
  struct srv_offer_worker *worker; /* NULL: none are made */
  bool is_busy;
  struct task task; /* at work */
  struct task wish[SRV_OFFER_WISHES_MAX];
  size_t wish_count;
  int64_t scan_us, retry_us;       /* not before; of what failed: nothing at all */
  uint64_t generation;             /* of the releases when it was last looked */
  size_t scan_index;               /* of the project that is looked at next */
  char lost_id[SRV_ID_LENGTH + 1]; /* a row whose bytes are gone; "" none */
  struct opened opened[OPENED_CACHED];
};

const char *srv_offer_stage_name(enum srv_offer_stage stage) {
  static const char *const names[] = {"ready", "notSmaller", "failed", "pending", "tooLarge"};
  return names[stage];
}

/* --- rows ------------------------------------------------------------------------- */

struct offer_list {
  struct srv_offer *offer;
  size_t count;
  bool out_of_memory;
};

static void add_offer(void *context, const void *row) {
  struct offer_list *list = context;
  struct srv_offer *grown = realloc(list->offer, (list->count + 1) * sizeof(*grown));
  if (grown == NULL) {
    list->out_of_memory = true;
    return;
  }
  list->offer = grown;
  list->offer[list->count++] = *(const struct srv_offer *)row;
}

static int list_offers(struct srv_core *core, const char *column, const char *artifact_id,
                       struct offer_list *list) {
  struct srv_query query = {0};
  srv_query_text(&query, column, SRV_EQUALS, artifact_id);
  int status = srv_core_list(core, SRV_OFFER, &query, add_offer, list, NULL);
  return status == SRV_OK && list->out_of_memory ? srv_fail_memory(core) : status;
}

static void read_base(struct srv_core *core, const struct srv_offer *row,
                      struct srv_variant_offer *out) {
  struct srv_artifact *base = malloc(sizeof(*base));
  if (base != NULL &&
      srv_get_by_id(core, SRV_ARTIFACT, row->project_id, row->base_id, base) == SRV_OK) {
    memcpy(out->base_version, base->version, sizeof(out->base_version));
    memcpy(out->base_digest, base->digest, sizeof(out->base_digest));
  } else {
    out->state = SRV_OFFER_FAILED; /* not to be offered */
  }
  free(base);
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_wire_id(const char *text, uint8_t out[GW_OFFER_ID_SIZE]) {
  if (strlen(text) != SRV_WIRE_ID_LENGTH) return false;
  for (size_t i = 0; i < GW_OFFER_ID_SIZE; i++) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

static int fill_variant(struct srv_core *core, struct srv_variant *variant,
                        const struct offer_list *list) {
  variant->offer = calloc(list->count + 1, sizeof(*variant->offer));
  if (variant->offer == NULL) return srv_fail_memory(core);
  for (size_t i = 0; i < list->count; i++) {
    const struct srv_offer *row = &list->offer[i];
    struct srv_variant_offer *offer = &variant->offer[variant->offer_count++];
    offer->encoding = row->encoding;
    offer->state = row->state;
    offer->size_bytes = row->size_bytes;
    if (row->base_id[0] != 0) read_base(core, row, offer);
    bool named = read_wire_id(row->wire_id, offer->wire_id);
    if (offer->state == SRV_OFFER_READY && !named) offer->state = SRV_OFFER_FAILED;
  }
  variant->offers_read = true;
  return SRV_OK;
}

/* Its offers, in memory from now on. */
static int read_offers(struct srv_core *core, struct srv_variant *variant) {
  struct offer_list list = {0};
  if (variant->offers_read) return SRV_OK;
  int status = list_offers(core, "artifact_id", variant->artifact_id, &list);
  if (status == SRV_OK) status = fill_variant(core, variant, &list);
  free(list.offer);
  return status;
}

static const struct srv_variant_offer *offer_from(const struct srv_variant *variant,
                                                  const char *base_version) {
  for (size_t i = 0; i < variant->offer_count; i++) {
    bool is_delta = variant->offer[i].encoding == GW_ENCODING_DELTA;
    if (is_delta != (base_version[0] != 0)) continue;
    if (strcmp(variant->offer[i].base_version, base_version) == 0) return &variant->offer[i];
  }
  return NULL;
}

static void drop_opened(struct srv_core *core) {
  memset(core->offers->opened, 0, sizeof(core->offers->opened));
}

static int remove_of(struct srv_core *core, const char *column, const char *artifact_id) {
  struct offer_list list = {0};
  int status = list_offers(core, column, artifact_id, &list);
  for (size_t i = 0; status == SRV_OK && i < list.count; i++) {
    if (list.offer[i].state == SRV_OFFER_READY) {
      status = srv_note(core, SRV_CHANGE_BLOB_UNUSED, list.offer[i].project_id, NULL,
                        list.offer[i].digest);
    }
    if (status == SRV_OK) status = srv_remove_by_id(core, SRV_OFFER, list.offer[i].id);
  }
  free(list.offer);
  return status;
}

int srv_offers_remove(struct srv_core *core, const char *artifact_id) {
  int status = remove_of(core, "artifact_id", artifact_id);
  if (status == SRV_OK) status = remove_of(core, "base_id", artifact_id);
  drop_opened(core);
  return status;
}

/* --- which are missing --------------------------------------------------------------- */

/* The newest versions of a package that devices report. */
struct bases {
  const char *package, *except;
  size_t count;
  char version[SRV_OFFER_BASES_MAX][GW_VERSION_MAX + 1];
};

/* Devices may call what they run anything. */
static bool may_be_artifact(const char *version) {
  return strlen(version) <= GW_VERSION_MAX && gw_semver_is_valid(version);
}

static void add_base(void *context, const struct srv_fleet_version *version) {
  struct bases *bases = context;
  if (bases->count == SRV_OFFER_BASES_MAX || strcmp(version->package, bases->package) != 0) return;
  if (!may_be_artifact(version->version) || strcmp(version->version, bases->except) == 0) return;
  snprintf(bases->version[bases->count++], sizeof(bases->version[0]), "%s", version->version);
}

static int find_bases(struct srv_core *core, const char *project_id, const char *package,
                      const char *except, struct bases *bases) {
  *bases = (struct bases){.package = package, .except = except};
  return srv_core_fleet_versions(core, project_id, add_base, bases);
}

/* The artifact that devices of the same kind have under that version. */
static const struct srv_variant *base_among(const struct srv_variants *variants,
                                            const char *blueprint_id) {
  const struct srv_variant *best = NULL;
  for (size_t i = 0; i < variants->count; i++) {
    const struct srv_variant *each = &variants->variant[i];
    if (strcmp(each->blueprint_id, blueprint_id) == 0) return each;
    if (best == NULL || each->blueprint_id[0] == 0) best = each;
  }
  return best;
}

static struct srv_variant *variant_of(struct srv_variants *variants, const char *artifact_id) {
  for (size_t i = 0; i < variants->count; i++) {
    if (strcmp(variants->variant[i].artifact_id, artifact_id) == 0) return &variants->variant[i];
  }
  return NULL;
}

/* Is there a base of that name, and other bytes? Fills it in. */
static bool find_base(struct srv_core *core, struct task *task, const char *blueprint_id) {
  struct srv_variants *variants;
  if (srv_variants_of(core, task->project_id, task->package, task->base_version, &variants) !=
      SRV_OK) {
    return false;
  }
  const struct srv_variant *base = base_among(variants, blueprint_id);
  if (base == NULL) return false;
  memcpy(task->base_id, base->artifact_id, sizeof(task->base_id));
  memcpy(task->base_digest, base->digest, sizeof(task->base_digest));
  task->base_size = base->size_bytes;
  return base->size_bytes > 0 && base->size_bytes <= SRV_OFFER_SIZE_MAX &&
         memcmp(base->digest, task->digest, sizeof(task->digest)) != 0;
}

/* Completes the task when what it names is missing and can be made. */
static bool is_missing(struct srv_core *core, struct task *task) {
  struct srv_variants *variants;
  if (srv_variants_of(core, task->project_id, task->package, task->version, &variants) != SRV_OK) {
    return false;
  }
  struct srv_variant *variant = variant_of(variants, task->artifact_id);
  if (variant == NULL || variant->size_bytes == 0 || variant->size_bytes > SRV_OFFER_SIZE_MAX ||
      read_offers(core, variant) != SRV_OK || variant->offer_count >= SRV_OFFERS_PER_ARTIFACT_MAX ||
      offer_from(variant, task->base_version) != NULL) {
    return false;
  }
  char blueprint_id[SRV_ID_LENGTH + 1];
  memcpy(blueprint_id, variant->blueprint_id, sizeof(blueprint_id));
  memcpy(task->digest, variant->digest, sizeof(task->digest));
  task->size_bytes = variant->size_bytes;
  task->base_id[0] = 0;
  task->base_size = 0;
  return task->base_version[0] == 0 || find_base(core, task, blueprint_id);
}

/* The artifact compressed, or from one of the fleet's versions. */
static bool find_missing_of(struct srv_core *core, struct task *task) {
  struct bases bases;
  task->base_version[0] = 0;
  if (is_missing(core, task)) return true;
  if (find_bases(core, task->project_id, task->package, task->version, &bases) != SRV_OK) {
    return false;
  }
  for (size_t i = 0; i < bases.count; i++) {
    memcpy(task->base_version, bases.version[i], sizeof(task->base_version));
    if (is_missing(core, task)) return true;
  }
  return false;
}

static void begin_task(struct task *task, const char *project_id, const char *artifact_id,
                       const char *package, const char *version) {
  *task = (struct task){0};
  snprintf(task->project_id, sizeof(task->project_id), "%s", project_id);
  snprintf(task->artifact_id, sizeof(task->artifact_id), "%s", artifact_id);
  snprintf(task->package, sizeof(task->package), "%s", package);
  snprintf(task->version, sizeof(task->version), "%s", version);
}

/* Reading other things may drop the compiled releases: none is held over it. */
static bool find_missing_in(struct srv_core *core, const char *project_id, struct task *task) {
  for (size_t i = 0; i < RELEASES_SCANNED; i++) {
    for (size_t part = 0; part < SRV_RELEASE_ARTIFACTS_MAX; part++) {
      struct srv_compiled_project *releases;
      if (srv_compiled_of(core, project_id, &releases) != SRV_OK || i >= releases->count) {
        return false;
      }
      const struct srv_compiled_release *release = &releases->release[i];
      if (part >= release->manifest.component_count) break;
      const struct gw_component *component = &release->manifest.component[part];
      begin_task(task, project_id, release->artifact_id[part], component->package,
                 component->version);
      if (find_missing_of(core, task)) return true;
    }
  }
  return false;
}

static bool take_wish(struct srv_core *core, struct task *task) {
  struct srv_offers *offers = core->offers;
  while (offers->wish_count > 0) {
    *task = offers->wish[0];
    memmove(offers->wish, offers->wish + 1, --offers->wish_count * sizeof(offers->wish[0]));
    if (is_missing(core, task)) return true;
  }
  return false;
}

/* What a device is about to load first; else what the next project lacks. */
static bool find_missing(struct srv_core *core, struct task *task) {
  struct srv_offers *offers = core->offers;
  int64_t now_us = srv_steady_us(core);
  if (now_us < offers->retry_us) return false;
  if (take_wish(core, task)) return true;
  if (offers->generation != core->compiled_generation) {
    offers->generation = core->compiled_generation;
    offers->scan_us = now_us;
    offers->scan_index = 0;
  }
  if (now_us < offers->scan_us) return false;
  const char *project_id = srv_fleet_project(core, offers->scan_index);
  if (project_id == NULL) { /* all were looked at */
    offers->scan_index = 0;
    offers->scan_us = now_us + SCAN_INTERVAL_US;
    return false;
  }
  if (find_missing_in(core, project_id, task)) return true; /* the same one again, after it */
  offers->scan_index++;
  offers->scan_us = now_us + SCAN_INTERVAL_US;
  return false;
}

/* --- making ---------------------------------------------------------------------------- */

static int copy_blob(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE], size_t size,
                     const char *what, uint8_t **out) {
  struct srv_blob_view view;
  int status = srv_open_bytes(core, digest, size, what, &view);
  if (status != SRV_OK) return status;
  *out = malloc(size);
  if (*out != NULL) memcpy(*out, view.data, size);
  core->blobs->ops->release(core->blobs, &view);
  return *out == NULL ? srv_fail_memory(core) : SRV_OK;
}

static int read_job(struct srv_core *core, const struct task *task, struct srv_offer_job *job) {
  char what[GW_PACKAGE_MAX + GW_VERSION_MAX + 2];
  snprintf(what, sizeof(what), "%s@%s", task->package, task->version);
  job->result_size = task->size_bytes;
  int status = copy_blob(core, task->digest, task->size_bytes, what, &job->result);
  if (status != SRV_OK || task->base_id[0] == 0) return status;
  snprintf(what, sizeof(what), "%s@%s", task->package, task->base_version);
  job->base_size = task->base_size;
  return copy_blob(core, task->base_digest, task->base_size, what, &job->base);
}

static void to_hex(const uint8_t *bytes, char out[SRV_WIRE_ID_LENGTH + 1]) {
  for (size_t i = 0; i < GW_OFFER_ID_SIZE; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static struct srv_offer row_of(struct srv_core *core, const struct task *task) {
  struct srv_offer row = {.state = SRV_OFFER_FAILED, .created_us = srv_now_us(core)};
  srv_make_id(core, row.id);
  memcpy(row.project_id, task->project_id, sizeof(row.project_id));
  memcpy(row.artifact_id, task->artifact_id, sizeof(row.artifact_id));
  memcpy(row.base_id, task->base_id, sizeof(row.base_id));
  row.encoding = task->base_id[0] == 0 ? GW_ENCODING_COMPRESSED : GW_ENCODING_DELTA;
  return row;
}

/* First the bytes, then the row that names them, as for uploads. */
static int publish(struct srv_core *core, const struct srv_offer_job *job, struct srv_offer *row) {
  struct srv_blob_writer *writer;
  struct srv_blob_view view;
  const struct srv_blobs_ops *ops = core->blobs->ops;
  int status = ops->begin(core->blobs, &writer);
  if (status != SRV_OK) return srv_fail_blobs(core, status);
  status = ops->append(writer, job->out, job->out_size);
  if (status == SRV_OK) status = ops->seal(writer, row->digest, &view);
  if (status == SRV_OK) {
    status = ops->publish(core->blobs, &writer, 1);
  } else {
    ops->abort(writer);
  }
  to_hex(row->digest, row->wire_id);
  return srv_fail_blobs(core, status);
}

/* SRV_ERR_NOT_FOUND: one of the artifacts was deleted meanwhile. */
static int insert_offer(struct srv_core *core, const struct srv_offer *row) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_OFFER, row));
  status = srv_transaction_end(core, status);
  srv_drop_variants(core);
  return status;
}

static void log_offer(const struct task *task, const struct srv_offer *row) {
  const char *from = task->base_version[0] == 0 ? "" : " from ";
  if (row->state == SRV_OFFER_FAILED) {
    srv_log(SRV_LOG_WARNING, "offers", "%s@%s%s%s cannot be made smaller: devices get it as it is",
            task->package, task->version, from, task->base_version);
    return;
  }
  srv_log(SRV_LOG_INFO, "offers", "%s@%s%s%s: %u of %u bytes%s", task->package, task->version, from,
          task->base_version, (unsigned)row->size_bytes, (unsigned)task->size_bytes,
          row->state == SRV_OFFER_READY ? "" : ", not worth it");
}

static int keep_offer(struct srv_core *core, const struct task *task,
                      const struct srv_offer_job *job) {
  struct srv_offer row = row_of(core, task);
  int status = SRV_OK;
  if (job->status == 0 && job->out_size <= UINT32_MAX) {
    uint64_t most = (uint64_t)task->size_bytes * SRV_OFFER_PERCENT_MAX / 100;
    row.size_bytes = (uint32_t)job->out_size;
    row.state = job->out_size <= most ? SRV_OFFER_READY : SRV_OFFER_NOT_SMALLER;
  }
  if (row.state == SRV_OFFER_READY) status = publish(core, job, &row);
  if (status == SRV_OK) status = insert_offer(core, &row);
  if (status == SRV_OK) {
    log_offer(task, &row);
  } else if (row.wire_id[0] != 0) {
    srv_discard_blob(core, row.digest);
  }
  return status;
}

static void wait_a_while(struct srv_core *core, const char *what) {
  srv_log(SRV_LOG_WARNING, "offers", "%s: %s", what, core->error);
  core->offers->retry_us = srv_steady_us(core) + RETRY_INTERVAL_US;
}

static void collect(struct srv_core *core) {
  struct srv_offers *offers = core->offers;
  struct srv_offer_job job;
  if (!offers->is_busy || !srv_offer_worker_collect(offers->worker, &job)) return;
  offers->is_busy = false;
  int status = keep_offer(core, &offers->task, &job);
  bool is_gone = status == SRV_ERR_NOT_FOUND || status == SRV_ERR_EXISTS;
  if (status == SRV_OK || is_gone) {
    offers->scan_us = srv_steady_us(core); /* on to the next */
  } else {
    wait_a_while(core, "a shorter form of an artifact is not stored");
  }
  srv_offer_job_free(&job);
}

/* Bytes that cannot be read are as if they could not be made smaller, until the
 * next start. */
static void give_up(struct srv_core *core, const struct task *task) {
  struct srv_offer row = row_of(core, task);
  if (insert_offer(core, &row) != SRV_OK) wait_a_while(core, "the store");
}

static void start_next(struct srv_core *core) {
  struct srv_offers *offers = core->offers;
  struct task task;
  struct srv_offer_job job = {0};
  if (offers->is_busy || !find_missing(core, &task)) return;
  int status = read_job(core, &task, &job);
  if (status == SRV_OK && srv_offer_worker_submit(offers->worker, &job)) {
    offers->task = task;
    offers->is_busy = true;
  }
  srv_offer_job_free(&job);
  if (status == SRV_ERR_BUSY || status == SRV_ERR_INTERNAL) {
    wait_a_while(core, "too little memory to make an artifact smaller");
  } else if (status != SRV_OK) {
    give_up(core, &task);
  }
}

/* Not while a device asks: it would be a write of its batch. */
static void forget_lost(struct srv_core *core) {
  struct srv_offers *offers = core->offers;
  if (offers->lost_id[0] == 0) return;
  int status = srv_transaction_begin(core);
  if (status == SRV_OK) {
    status = srv_transaction_end(core, srv_remove_by_id(core, SRV_OFFER, offers->lost_id));
  }
  if (status != SRV_OK && status != SRV_ERR_NOT_FOUND) return; /* the next tick tries again */
  offers->lost_id[0] = 0;
  srv_drop_variants(core);
  drop_opened(core);
}

void srv_offers_tick(struct srv_core *core) {
  forget_lost(core);
  if (core->offers->worker == NULL) return;
  collect(core);
  start_next(core);
}

int srv_core_offers_fd(const struct srv_core *core) {
  return core->offers->worker == NULL ? -1 : srv_offer_worker_fd(core->offers->worker);
}

bool srv_core_offers_busy(const struct srv_core *core) { return core->offers->is_busy; }

/* --- life -------------------------------------------------------------------------------- */

/* What could not be made may be made by this server's encoder, or its memory. */
static int forget_failures(struct srv_core *core) {
  struct srv_query query = {0};
  srv_query_number(&query, "state", SRV_EQUALS, SRV_OFFER_FAILED);
  int status = core->store->ops->remove(core->store, SRV_OFFER, &query);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

int srv_offers_init(struct srv_core *core, srv_offer_encoder encode) {
  core->offers = calloc(1, sizeof(*core->offers));
  if (core->offers == NULL) return srv_fail_memory(core);
  if (encode == NULL) return SRV_OK;
  core->offers->worker = srv_offer_worker_create(encode);
  if (core->offers->worker != NULL) return forget_failures(core);
  return srv_fail(core, SRV_ERR_INTERNAL,
                  "cannot start the thread that makes artifacts smaller: no memory, descriptors "
                  "or threads");
}

void srv_offers_free(struct srv_core *core) {
  if (core->offers == NULL) return;
  srv_offer_worker_destroy(core->offers->worker);
  free(core->offers);
  core->offers = NULL;
}

/* --- what devices ask ----------------------------------------------------------------------- */

static void add_wish(struct srv_core *core, const struct task *wish) {
  struct srv_offers *offers = core->offers;
  for (size_t i = 0; i < offers->wish_count; i++) {
    if (strcmp(offers->wish[i].artifact_id, wish->artifact_id) == 0 &&
        strcmp(offers->wish[i].base_version, wish->base_version) == 0) {
      return;
    }
  }
  if (offers->wish_count < SRV_OFFER_WISHES_MAX) offers->wish[offers->wish_count++] = *wish;
}

/* What would have served this device. From versions that it only says it has, as
 * long as that is another artifact's name. */
static void wish_for(struct srv_core *core, struct task *wish, const struct srv_variant *variant,
                     const char *current) {
  if (core->offers->worker == NULL || variant->size_bytes > SRV_OFFER_SIZE_MAX) return;
  if (offer_from(variant, "") == NULL) add_wish(core, wish);
  if (!may_be_artifact(current) || strcmp(current, wish->version) == 0) return;
  if (offer_from(variant, current) != NULL) return;
  memcpy(wish->base_version, current, strlen(current) + 1);
  add_wish(core, wish);
}

static void add_to_description(struct gw_description *out, const struct srv_variant_offer *offer) {
  size_t place = out->offer_count;
  while (place > 0 && out->offer[place - 1].size_bytes > offer->size_bytes) {
    out->offer[place] = out->offer[place - 1];
    place--;
  }
  struct gw_offer *added = &out->offer[place];
  added->encoding = offer->encoding;
  added->size_bytes = offer->size_bytes;
  memcpy(added->id, offer->wire_id, sizeof(added->id));
  memset(added->base, 0, sizeof(added->base));
  if (offer->encoding == GW_ENCODING_DELTA) {
    memcpy(added->base, offer->base_digest, sizeof(added->base));
  }
  out->offer_count++;
}

/* 2 compressed, 1 from the version that it runs, 0 from another, which it may have
 * kept; those made last first. */
static int rank_of(const struct srv_variant_offer *offer, const char *current) {
  if (offer->encoding != GW_ENCODING_DELTA) return 2;
  return strcmp(offer->base_version, current) == 0 ? 1 : 0;
}

static void describe_offers(const struct srv_variant *variant, const char *current,
                            struct gw_description *out) {
  for (int rank = 2; rank >= 0; rank--) {
    for (size_t i = variant->offer_count; i > 0 && out->offer_count < GW_OFFERS_MAX; i--) {
      const struct srv_variant_offer *offer = &variant->offer[i - 1];
      if (offer->state == SRV_OFFER_READY && rank_of(offer, current) == rank) {
        add_to_description(out, offer);
      }
    }
  }
}

uint32_t srv_core_spread_s(const struct srv_core *core, uint64_t devices) {
  if (devices < SRV_SPREAD_DEVICES_MIN) return 0;
  uint64_t seconds = (devices + core->download_rate - 1) / core->download_rate;
  return seconds < SRV_POLICY_SECONDS_MAX ? (uint32_t)seconds : SRV_POLICY_SECONDS_MAX;
}

/* Reckoned now and then: each device in reach asks once. */
static uint32_t spread_of(struct srv_core *core, const char *project_id,
                          struct srv_compiled_release *release, size_t index) {
  int64_t now_us = srv_steady_us(core);
  int64_t age_us = now_us - release->spread_us;
  if (release->policy.spread_fixed) return release->policy.spread_s;
  if (release->spread_us == 0 || age_us < 0 || age_us > SPREAD_INTERVAL_US) {
    release->spread_s = srv_core_spread_s(core, srv_fleet_reach(core, project_id, index));
    release->spread_us = now_us;
  }
  return release->spread_s;
}

static bool holds(const struct srv_compiled_release *release, const char *artifact_id) {
  for (size_t i = 0; i < release->manifest.component_count; i++) {
    if (strcmp(release->artifact_id[i], artifact_id) == 0) return true;
  }
  return false;
}

/* Of the release that the device gets, if that is why it asks. */
static int describe_policy(struct srv_core *core, const struct srv_device_ref *ref,
                           const char *artifact_id, struct gw_policy *out, bool *is_released) {
  struct srv_device device;
  struct srv_compiled_project *project = NULL;
  *is_released = false;
  int status = srv_get_by_id(core, SRV_DEVICE, ref->project_id, ref->device_id, &device);
  if (status == SRV_OK) status = srv_compiled_of(core, ref->project_id, &project);
  if (status != SRV_OK) return status;
  size_t i = 0;
  while (i < project->count && !srv_release_fits(&project->release[i], &device)) i++;
  if (i == project->count || !holds(&project->release[i], artifact_id)) return SRV_OK;
  struct srv_compiled_release *release = &project->release[i];
  *is_released = true;
  *out = (struct gw_policy){.spread_s = spread_of(core, ref->project_id, release, i),
                            .shadow_windows = release->policy.shadow_windows,
                            .shadow_s = release->policy.shadow_s,
                            .agreement_permille = release->policy.agreement_permille,
                            .latency_percent = release->policy.latency_percent,
                            .confirm_after_s = release->policy.confirm_s};
  return SRV_OK;
}

/* What it last said that it runs; "" nothing. */
static int current_version(struct srv_core *core, const struct srv_device_ref *ref,
                           const char *package, char out[GW_REPORT_VERSION_MAX + 1]) {
  struct srv_ota_status row;
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, ref->device_id);
  srv_query_text(&query, "package", SRV_EQUALS, package);
  int status = core->store->ops->get(core->store, SRV_OTA_STATUS, &query, &row);
  out[0] = 0;
  if (status == SRV_OK) memcpy(out, row.version, sizeof(row.version));
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

int srv_core_describe(struct srv_core *core, const struct srv_device_ref *ref, const char *package,
                      const char *version, struct gw_description *out) {
  struct srv_variant *variant;
  struct task wish;
  char current[GW_REPORT_VERSION_MAX + 1];
  bool is_released;
  memset(out, 0, sizeof(*out));
  int status = current_version(core, ref, package, current);
  if (status == SRV_OK) status = srv_variant_for(core, ref, package, version, &variant);
  if (status == SRV_OK) status = read_offers(core, variant);
  if (status != SRV_OK) return status;
  begin_task(&wish, ref->project_id, variant->artifact_id, package, version);
  describe_offers(variant, current, out);
  status = describe_policy(core, ref, wish.artifact_id, &out->policy, &is_released);
  if (status == SRV_OK && is_released) wish_for(core, &wish, variant, current);
  if (status == SRV_OK)
    status = srv_describe_signature(core, ref->project_id, wish.artifact_id, out);
  return status;
}

/* --- their bytes ----------------------------------------------------------------------------- */

static struct opened *slot_of(struct srv_core *core, const char *project_id, const char *wire_id) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (const char *c = project_id; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  for (const char *c = wire_id; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  return &core->offers->opened[(hash ^ (hash >> 16)) % OPENED_CACHED];
}

static int load_opened(struct srv_core *core, const char *project_id, const char *wire_id,
                       struct opened *out) {
  struct srv_offer row;
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "wire_id", SRV_EQUALS, wire_id);
  int status = core->store->ops->get(core->store, SRV_OFFER, &query, &row);
  if (status != SRV_OK) return srv_fail_store(core, status);
  struct srv_artifact *artifact = malloc(sizeof(*artifact));
  if (artifact == NULL) return srv_fail_memory(core);
  status = srv_get_by_id(core, SRV_ARTIFACT, project_id, row.artifact_id, artifact);
  if (status == SRV_OK) {
    snprintf(out->project_id, sizeof(out->project_id), "%s", project_id);
    snprintf(out->wire_id, sizeof(out->wire_id), "%s", wire_id);
    memcpy(out->package, artifact->package, sizeof(out->package));
    memcpy(out->version, artifact->version, sizeof(out->version));
    memcpy(out->id, row.id, sizeof(out->id));
    memcpy(out->digest, row.digest, sizeof(out->digest));
    out->size_bytes = row.size_bytes;
  }
  free(artifact);
  return status;
}

static int find_opened(struct srv_core *core, const char *project_id, const char *wire_id,
                       struct opened **out) {
  uint8_t id[GW_OFFER_ID_SIZE];
  if (!read_wire_id(wire_id, id)) {
    srv_fail(core, SRV_ERR_NOT_FOUND, "an offer is named by %d lower-case hex digits",
             SRV_WIRE_ID_LENGTH);
    return SRV_ERR_NOT_FOUND;
  }
  struct opened *slot = *out = slot_of(core, project_id, wire_id);
  if (strcmp(slot->wire_id, wire_id) == 0 && strcmp(slot->project_id, project_id) == 0) {
    return SRV_OK;
  }
  slot->project_id[0] = 0;
  return load_opened(core, project_id, wire_id, slot);
}

int srv_core_open_offer(struct srv_core *core, const struct srv_device_ref *device,
                        const char *wire_id, struct srv_blob_view *out) {
  struct opened *opened;
  char what[GW_PACKAGE_MAX + GW_VERSION_MAX + SRV_WIRE_ID_LENGTH + 16];
  int status = find_opened(core, device->project_id, wire_id, &opened);
  if (status != SRV_OK) return status;
  snprintf(what, sizeof(what), "offer %s of %s@%s", wire_id, opened->package, opened->version);
  status = srv_open_bytes(core, opened->digest, opened->size_bytes, what, out);
  if (status != SRV_ERR_IO) return status;
  /* Lost or damaged, after a restore perhaps: made again, and devices do without. */
  memcpy(core->offers->lost_id, opened->id, sizeof(opened->id));
  return SRV_ERR_NOT_FOUND;
}

void srv_core_offer_progress(struct srv_core *core, const struct srv_device_ref *device,
                             const char *wire_id, uint32_t offset_end, uint32_t size) {
  struct opened *opened;
  if (find_opened(core, device->project_id, wire_id, &opened) != SRV_OK) return;
  srv_core_download_progress(core, device, opened->package, opened->version, offset_end, size);
}

/* --- for those who look ------------------------------------------------------------------------
 */

struct shown_list {
  void (*visit)(void *context, const struct srv_offer_shown *offer);
  void *context;
};

static void show(const struct shown_list *list, uint8_t encoding, enum srv_offer_stage stage,
                 const char *base_version, uint32_t size_bytes) {
  struct srv_offer_shown shown = {.encoding = encoding, .stage = stage, .size_bytes = size_bytes};
  snprintf(shown.base_version, sizeof(shown.base_version), "%s", base_version);
  list->visit(list->context, &shown);
}

static bool is_rolled_out(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_compiled_project *releases;
  if (srv_compiled_of(core, artifact->project_id, &releases) != SRV_OK) return false;
  for (size_t i = 0; i < releases->count && i < RELEASES_SCANNED; i++) {
    if (holds(&releases->release[i], artifact->id)) return true;
  }
  return false;
}

static void show_if_missing(struct srv_core *core, const struct shown_list *list, struct task *task,
                            const char *base_version) {
  snprintf(task->base_version, sizeof(task->base_version), "%s", base_version);
  if (!is_missing(core, task)) return;
  show(list, base_version[0] == 0 ? GW_ENCODING_COMPRESSED : GW_ENCODING_DELTA, SRV_STAGE_PENDING,
       base_version, 0);
}

static int show_pending(struct srv_core *core, const struct shown_list *list,
                        const struct srv_artifact *artifact) {
  struct task task;
  struct bases bases;
  if (core->offers->worker == NULL || !is_rolled_out(core, artifact)) return SRV_OK;
  begin_task(&task, artifact->project_id, artifact->id, artifact->package, artifact->version);
  show_if_missing(core, list, &task, "");
  int status = find_bases(core, artifact->project_id, artifact->package, artifact->version, &bases);
  for (size_t i = 0; status == SRV_OK && i < bases.count; i++) {
    show_if_missing(core, list, &task, bases.version[i]);
  }
  return status;
}

int srv_core_artifact_offers(struct srv_core *core, const struct srv_artifact *artifact,
                             void (*visit)(void *context, const struct srv_offer_shown *offer),
                             void *context) {
  struct srv_variants *variants;
  struct shown_list list = {.visit = visit, .context = context};
  int status =
      srv_variants_of(core, artifact->project_id, artifact->package, artifact->version, &variants);
  if (status != SRV_OK) return status;
  struct srv_variant *variant = variant_of(variants, artifact->id);
  if (variant == NULL) return SRV_OK;
  if (variant->size_bytes > SRV_OFFER_SIZE_MAX) {
    show(&list, GW_ENCODING_COMPRESSED, SRV_STAGE_TOO_LARGE, "", 0);
    return SRV_OK;
  }
  status = read_offers(core, variant);
  if (status != SRV_OK) return status;
  for (int delta = 0; delta <= 1; delta++) {
    for (size_t i = 0; i < variant->offer_count; i++) {
      const struct srv_variant_offer *offer = &variant->offer[i];
      if ((offer->encoding == GW_ENCODING_DELTA) != (delta == 1)) continue;
      show(&list, offer->encoding, (enum srv_offer_stage)offer->state, offer->base_version,
           offer->size_bytes);
    }
  }
  return show_pending(core, &list, artifact);
}
