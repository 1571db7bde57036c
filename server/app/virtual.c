/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/virtual.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/app/virtual_process.h"
#include "server/core/log.h"

#define LOOK_EVERY_MS 1000
#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000
#define WELL_AFTER_MS 60000 /* a process that has run so long had a good start */
#define TERM_MS 2000        /* it is asked to end, and killed then */

struct place {
  char device_id[SRV_ID_LENGTH + 1]; /* "": an empty place */
  char name[SRV_NAME_MAX + 1];       /* the device's, for the log */
  bool exists, wanted;
  const char *why_not;                   /* it is not wanted; static */
  char credential_id[SRV_ID_LENGTH + 1]; /* what it was started with */
  bool has_old_credential;               /* and that is not its own any more */
  struct virtual_process process;
  int64_t started_us; /* wall clock */
  uint64_t started_ms, start_at_ms, kill_at_ms;
  unsigned pause_ms, restarts;
  char last_error[SRV_ERROR_MAX];
};

struct srv_virtual {
  struct srv_core *core;
  char folder[PATH_MAX]; /* DATA/virtual */
  char host[64];
  char port[8];
  char program[PATH_MAX];
  uint64_t (*now_ms)(void);
  uint64_t look_at_ms;
  bool is_clean; /* no folder of a device that has gone is left */
  struct place place[SRV_VIRTUAL_DEVICES_MAX];
};

static uint64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int64_t wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct place *place_of(struct srv_virtual *v, const char *device_id) {
  for (size_t i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    if (strcmp(v->place[i].device_id, device_id) == 0) return &v->place[i];
  }
  return NULL;
}

/* --- folders ---------------------------------------------------------------------- */

/* A device's folder holds files only. */
static void remove_folder(const struct srv_virtual *v, const char *name) {
  char path[2 * PATH_MAX];
  struct dirent *entry;
  snprintf(path, sizeof(path), "%s/%s", v->folder, name);
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  while ((entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
  }
  closedir(folder);
  if (rmdir(path) != 0) {
    srv_log(SRV_LOG_WARNING, "virtual", "cannot remove %s: %s", path, strerror(errno));
  }
}

/* What a server left behind that was killed between the row and the folder. */
static void remove_orphans(struct srv_virtual *v) {
  struct dirent *entry;
  if (v->is_clean) return;
  v->is_clean = true;
  DIR *folder = opendir(v->folder);
  if (folder == NULL) return;
  while ((entry = readdir(folder)) != NULL) {
    if (strlen(entry->d_name) == SRV_ID_LENGTH && place_of(v, entry->d_name) == NULL) {
      remove_folder(v, entry->d_name);
    }
  }
  closedir(folder);
}

/* --- which are wanted ---------------------------------------------------------------- */

struct rows {
  struct srv_virtual_device row[SRV_VIRTUAL_DEVICES_MAX];
  size_t count;
};

static void take_row(void *context, const void *row) {
  struct rows *rows = context;
  if (rows->count < SRV_VIRTUAL_DEVICES_MAX) {
    rows->row[rows->count++] = *(const struct srv_virtual_device *)row;
  }
}

static struct place *make_place(struct srv_virtual *v, const char *device_id) {
  struct place *place = place_of(v, device_id);
  if (place != NULL) return place;
  place = place_of(v, "");
  if (place == NULL) return NULL; /* one that has gone is ending yet: at the next look */
  memset(place, 0, sizeof(*place));
  virtual_process_init(&place->process);
  snprintf(place->device_id, sizeof(place->device_id), "%s", device_id);
  return place;
}

/* False when there is none. A process that has another cannot come back once its
 * session ends. */
static bool check_credential(struct srv_virtual *v, struct place *place) {
  struct srv_credential credential;
  int status = srv_core_virtual_device_credential(v->core, place->device_id, &credential);
  if (status == SRV_OK) {
    place->has_old_credential = strcmp(credential.id, place->credential_id) != 0;
  }
  explicit_bzero(&credential, sizeof(credential));
  return status != SRV_ERR_NOT_FOUND;
}

static void want(struct srv_virtual *v, const struct srv_virtual_device *row) {
  struct srv_device device;
  struct place *place = make_place(v, row->device_id);
  if (place == NULL) return;
  place->exists = true;
  int status = srv_core_find(v->core, SRV_DEVICE, row->project_id, row->device_id, &device);
  place->wanted = place->process.pid != 0 && status != SRV_ERR_NOT_FOUND;
  if (status != SRV_OK) return; /* the store cannot be asked: it goes on as it is */
  memcpy(place->name, device.name, sizeof(place->name));
  place->why_not = device.enabled ? NULL : "the device is disabled";
  if (device.enabled && !check_credential(v, place)) {
    place->why_not = "its credential was deleted: delete this virtual device and make another";
  }
  place->wanted = place->why_not == NULL;
  if (!place->wanted) place->start_at_ms = 0;
}

/* False when the store could not be asked: then everything stays as it is. */
static bool read_wanted(struct srv_virtual *v) {
  struct rows rows = {.count = 0};
  struct srv_query query = {.limit = SRV_VIRTUAL_DEVICES_MAX};
  if (srv_core_list(v->core, SRV_VIRTUAL_DEVICE, &query, take_row, &rows, NULL) != SRV_OK) {
    return false;
  }
  for (size_t i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    v->place[i].exists = v->place[i].wanted = false;
  }
  for (size_t i = 0; i < rows.count; i++) want(v, &rows.row[i]);
  return true;
}

/* --- starting and ending one ------------------------------------------------------------ */

static void fail(struct place *place, uint64_t now, const char *why) {
  place->pause_ms = place->pause_ms == 0 ? PAUSE_MIN_MS : place->pause_ms * 2;
  if (place->pause_ms > PAUSE_MAX_MS) place->pause_ms = PAUSE_MAX_MS;
  place->start_at_ms = now + place->pause_ms;
  snprintf(place->last_error, sizeof(place->last_error), "%s", why);
  srv_log(SRV_LOG_WARNING, "virtual", "virtual device \"%s\": %s; tried again in %u s", place->name,
          why, place->pause_ms / 1000);
}

static int run_program(struct srv_virtual *v, struct place *place,
                       const struct srv_credential *credential, char error[SRV_ERROR_MAX]) {
  char store[PATH_MAX + SRV_ID_LENGTH + 2], parent[16], identity[SRV_IDENTITY_MAX + 1];
  snprintf(store, sizeof(store), "%s/%s", v->folder, place->device_id);
  snprintf(parent, sizeof(parent), "%d", (int)getpid());
  snprintf(identity, sizeof(identity), "%s", credential->identity);
  const char *const arguments[] = {"godwit",   "virtual-device", "--host", v->host,   "--port",
                                   v->port,    "--identity",     identity, "--store", store,
                                   "--parent", parent,           NULL};
  return virtual_process_start(&place->process, v->program, arguments, credential->key,
                               credential->key_size, error);
}

static void start(struct srv_virtual *v, struct place *place, uint64_t now) {
  struct srv_credential credential;
  char error[SRV_ERROR_MAX];
  int status = srv_core_virtual_device_credential(v->core, place->device_id, &credential);
  if (status != SRV_OK) {
    snprintf(error, sizeof(error), "%s", srv_core_error(v->core));
  } else {
    status = run_program(v, place, &credential, error);
  }
  explicit_bzero(credential.key, sizeof(credential.key));
  if (status != SRV_OK) {
    fail(place, now, error);
    return;
  }
  if (place->started_us != 0) place->restarts++;
  memcpy(place->credential_id, credential.id, sizeof(place->credential_id));
  place->started_us = wall_us();
  place->started_ms = now;
  place->kill_at_ms = 0;
  srv_log(SRV_LOG_INFO, "virtual", "virtual device \"%s\" started, process %d", place->name,
          (int)place->process.pid);
}

static void end(struct place *place, uint64_t now) {
  if (place->kill_at_ms == 0) {
    kill(place->process.pid, SIGTERM);
    place->kill_at_ms = now + TERM_MS;
  } else if (now >= place->kill_at_ms) {
    kill(place->process.pid, SIGKILL);
  }
}

static void bury(struct place *place, uint64_t now) {
  char why[SRV_ERROR_MAX];
  if (!virtual_process_has_ended(&place->process, place->name, why)) return;
  if (place->kill_at_ms != 0) { /* as it was told to */
    place->kill_at_ms = 0;
    place->started_us = 0;
    srv_log(SRV_LOG_INFO, "virtual", "virtual device \"%s\" stopped", place->name);
    return;
  }
  if (now - place->started_ms >= WELL_AFTER_MS) place->pause_ms = 0;
  fail(place, now, why);
}

static void look_after(struct srv_virtual *v, struct place *place, uint64_t now) {
  if (place->process.pid != 0) bury(place, now);
  bool ends = !place->wanted || place->has_old_credential || place->kill_at_ms != 0;
  if (place->process.pid != 0 && ends) end(place, now);
  if (place->process.pid != 0) return;
  if (!place->exists) {
    remove_folder(v, place->device_id);
    memset(place, 0, sizeof(*place));
  } else if (place->wanted && now >= place->start_at_ms) {
    start(v, place, now);
  }
}

void srv_virtual_run(struct srv_virtual *v) {
  if (v == NULL) return;
  uint64_t now = v->now_ms();
  if (now < v->look_at_ms) return;
  v->look_at_ms = now + LOOK_EVERY_MS;
  if (!read_wanted(v)) return;
  remove_orphans(v);
  for (size_t i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    if (v->place[i].device_id[0] != 0) look_after(v, &v->place[i], now);
  }
}

/* --- for rest/ ------------------------------------------------------------------------- */

static void look_now(void *context) {
  struct srv_virtual *v = context;
  v->look_at_ms = 0;
  srv_virtual_run(v);
}

static bool get_status(void *context, const char *device_id, struct srv_rest_virtual_status *out) {
  const struct place *place = place_of(context, device_id);
  if (place == NULL) return false;
  *out = (struct srv_rest_virtual_status){.running = place->process.pid != 0,
                                          .started_us = place->started_us,
                                          .restarts = place->restarts};
  snprintf(out->last_error, sizeof(out->last_error), "%s",
           place->why_not != NULL ? place->why_not : place->last_error);
  return true;
}

struct srv_rest_virtual_devices srv_virtual_for_rest(struct srv_virtual *v) {
  return (struct srv_rest_virtual_devices){
      .context = v, .look_now = look_now, .status = get_status};
}

/* --- all of them ------------------------------------------------------------------------- */

/* Bound to all addresses, it is reached by loopback's. */
static const char *address_of(const char *bound) {
  bool everywhere = bound == NULL || strcmp(bound, "::") == 0 || strcmp(bound, "0.0.0.0") == 0;
  return everywhere ? "127.0.0.1" : bound;
}

int srv_virtual_create(struct srv_virtual **out, const struct srv_virtual_config *config,
                       char error[SRV_ERROR_MAX]) {
  struct srv_virtual *v = calloc(1, sizeof(*v));
  *out = v;
  if (v == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  v->core = config->core;
  v->now_ms = config->now_ms == NULL ? monotonic_ms : config->now_ms;
  snprintf(v->folder, sizeof(v->folder), "%s/virtual", config->data_folder);
  snprintf(v->host, sizeof(v->host), "%s", address_of(config->coap_address));
  snprintf(v->port, sizeof(v->port), "%u", config->coap_port);
  snprintf(v->program, sizeof(v->program), "%s",
           config->program == NULL ? "/proc/self/exe" : config->program);
  if (mkdir(v->folder, 0700) == 0 || errno == EEXIST) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX, "cannot make %.200s: %s", v->folder, strerror(errno));
  free(v);
  *out = NULL;
  return SRV_ERR_IO;
}

static bool any_runs(struct srv_virtual *v) {
  bool any = false;
  for (size_t i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    struct place *place = &v->place[i];
    if (place->process.pid != 0) bury(place, monotonic_ms());
    any |= place->process.pid != 0;
  }
  return any;
}

static void signal_all(struct srv_virtual *v, bool may_wait) {
  for (size_t i = 0; i < SRV_VIRTUAL_DEVICES_MAX; i++) {
    if (v->place[i].process.pid == 0) continue;
    v->place[i].kill_at_ms = may_wait ? 0 : 1;
    end(&v->place[i], monotonic_ms());
  }
}

void srv_virtual_destroy(struct srv_virtual *v) {
  if (v == NULL) return;
  uint64_t until_ms = monotonic_ms() + TERM_MS;
  signal_all(v, true);
  while (any_runs(v) && monotonic_ms() < until_ms) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  signal_all(v, false);
  while (any_runs(v)) nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  free(v);
}
