/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway asks of the core, with N devices in the store (default
 * 10,000): microseconds of CPU for each call. bench_core [DEVICES] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/changes.h"
#include "server/core/objects.h"
#include "server/store/folder.h"

#define PROJECT SRV_DEFAULT_PROJECT

static struct srv_core *core;

static void must(int status, const char *what) {
  if (status == SRV_OK) return;
  fprintf(stderr, "bench_core: %s: %s\n", what, srv_core_error(core));
  exit(1);
}

static double cpu_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void show(const char *what, double begin_us, size_t count) {
  printf("  %-44s %8.2f us\n", what, (cpu_us() - begin_us) / (double)count);
}

static struct srv_device_ref *make_devices(size_t count) {
  struct srv_device_ref *refs = calloc(count, sizeof(*refs));
  struct srv_tag tag = {.project_id = PROJECT, .name = "beta"};
  must(srv_core_create_tag(core, &tag), "tag");
  if (refs == NULL) exit(1);
  srv_core_batch_begin(core);
  for (size_t i = 0; i < count; i++) {
    struct srv_device device = {.project_id = PROJECT, .enabled = true, .tag_count = i % 2};
    struct srv_credential credential = {.key_size = 16};
    strcpy(device.tag_id[0], tag.id);
    snprintf(device.name, sizeof(device.name), "device-%zu", i);
    snprintf(credential.identity, sizeof(credential.identity), "device-%zu@%s", i, PROJECT);
    must(srv_core_provision(core, &device, &credential), "device");
    strcpy(refs[i].project_id, PROJECT);
    strcpy(refs[i].device_id, device.id);
  }
  must(srv_core_batch_commit(core), "devices");
  return refs;
}

static void make_release(void) {
  static char bytes[20000];
  struct srv_artifact artifact = {.project_id = PROJECT, .package = "model", .version = "1.0.0"};
  struct srv_release release = {.project_id = PROJECT, .rollout = true, .artifact_count = 1};
  must(srv_core_create_artifact(core, &artifact, bytes, sizeof(bytes), true), "artifact");
  strcpy(release.artifact_id[0], artifact.id);
  for (int i = 0; i < 20; i++) must(srv_core_create_release(core, &release), "release");
}

static void bench_reads(const struct srv_device_ref *refs, size_t count) {
  double begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    char identity[64];
    struct srv_psk psk;
    int length = snprintf(identity, sizeof(identity), "device-%zu@%s", i, PROJECT);
    must(srv_core_find_psk(core, (const uint8_t *)identity, (size_t)length, &psk), "psk");
  }
  show("srv_core_find_psk", begin, count);
  begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    struct gw_manifest manifest;
    must(srv_core_manifest(core, &refs[i], &manifest), "manifest");
  }
  show("srv_core_manifest (20 releases)", begin, count);
  begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    struct srv_blob_view view;
    must(srv_core_open_blob(core, &refs[i], "model", "1.0.0", &view), "blob");
    srv_core_release_blob(core, &view);
  }
  show("srv_core_open_blob", begin, count);
}

static void bench_writes(const struct srv_device_ref *refs, size_t count, size_t batch) {
  char what[64];
  struct gw_report report = {.state = 1, .package = "model", .version = "1.0.0"};
  double begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    if (i % batch == 0) srv_core_batch_begin(core);
    must(srv_core_report(core, &refs[i], &report), "report");
    if (i % batch == batch - 1 || i == count - 1) must(srv_core_batch_commit(core), "commit");
  }
  snprintf(what, sizeof(what), "srv_core_report, %zu a batch", batch);
  show(what, begin, count);
}

static void send_capture(const struct srv_device_ref *ref, size_t size) {
  static uint8_t bytes[32768];
  static uint32_t number;
  struct srv_capture_upload *upload;
  memcpy(bytes, &number, sizeof(number)); /* no two the same */
  number++;
  must(srv_core_capture_begin(core, ref, "audio", SRV_FORMAT_NONE, &upload), "capture");
  for (size_t done = 0; done < size; done += 1024) {
    size_t left = size - done;
    must(srv_core_capture_append(upload, bytes + done, left < 1024 ? left : 1024), "block");
  }
  must(srv_core_capture_finish(upload), "capture");
}

static void bench_captures(const struct srv_device_ref *refs, size_t count, size_t size,
                           size_t batch) {
  char what[64];
  double begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    if (i % batch == 0) srv_core_batch_begin(core);
    send_capture(&refs[i], size);
    if (i % batch == batch - 1 || i == count - 1) must(srv_core_batch_commit(core), "commit");
  }
  snprintf(what, sizeof(what), "capture of %zu bytes, %zu a batch", size, batch);
  show(what, begin, count);
}

static void bench_state(const struct srv_device_ref *refs, size_t count) {
  char json[32];
  struct srv_device_settings settings;
  double begin = cpu_us();
  srv_core_batch_begin(core);
  for (size_t i = 0; i < count; i++) {
    int length = snprintf(json, sizeof(json), "%zu", i);
    must(srv_core_state_set(core, &refs[i], "a/b", json, (size_t)length, false), "state");
  }
  must(srv_core_batch_commit(core), "commit");
  show("srv_core_state_set, in one batch", begin, count);
  begin = cpu_us();
  for (size_t i = 0; i < count; i++) must(srv_core_settings(core, &refs[i], &settings), "settings");
  show("srv_core_settings", begin, count);
  begin = cpu_us();
  srv_core_batch_begin(core);
  for (size_t i = 0; i < count; i++) {
    must(srv_core_device_log(core, &refs[i % 100], SRV_DEVICE_INFO, "m", "text", "{}"), "log");
  }
  must(srv_core_batch_commit(core), "commit");
  show("srv_core_device_log, in one batch", begin, count);
}

static void rename_tag(struct srv_tag *tag, size_t count, const char *what) {
  double begin = cpu_us();
  for (size_t i = 0; i < count; i++) {
    if (i % 64 == 0) srv_core_batch_begin(core);
    snprintf(tag->name, sizeof(tag->name), "tag-%zu", i);
    must(srv_core_update_tag(core, tag), "tag");
    if (i % 64 == 63 || i == count - 1) must(srv_core_batch_commit(core), "commit");
  }
  show(what, begin, count);
}

static void on_change(void *context, const struct srv_change *change) {
  (void)change;
  ++*(size_t *)context;
}

/* What the audit log and watchers add to a write. */
static void bench_changes(const struct srv_device_ref *refs, size_t count) {
  size_t heard = 0;
  struct srv_tag tag = {.project_id = PROJECT, .name = "tag"};
  struct srv_actor actor = {.type = "account", .id = "x", .name = "bench@example.com"};
  struct srv_core_watcher watcher = {.context = &heard, .changed = on_change};
  must(srv_core_create_tag(core, &tag), "tag");
  rename_tag(&tag, count, "srv_core_update_tag, by nobody");
  srv_core_set_actor(core, &actor);
  rename_tag(&tag, count, "srv_core_update_tag, by an account: audited");
  srv_core_set_actor(core, NULL);
  bench_captures(refs, count, 64, 64);
  srv_core_add_watcher(core, &watcher);
  printf("  somebody watches:\n");
  rename_tag(&tag, count, "srv_core_update_tag, by nobody");
  bench_captures(refs, count, 64, 64);
  srv_core_remove_watcher(core, &watcher);
  if (heard != 2 * count) fprintf(stderr, "bench_core: %zu changes were told\n", heard);
}

static void bench_presence(const struct srv_device_ref *refs, size_t count) {
  double begin = cpu_us();
  for (size_t i = 0; i < count; i++) srv_core_device_online(core, &refs[i]);
  show("srv_core_device_online", begin, count);
  begin = cpu_us();
  srv_core_destroy(core); /* writes them all */
  show("writing presence, for each device", begin, count);
}

int main(int argc, char **argv) {
  char path[] = "/tmp/bench_core.XXXXXX", error[SRV_ERROR_MAX] = "", command[64];
  size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
  struct srv_folder folder;
  if (count == 0 || mkdtemp(path) == NULL || srv_folder_open(&folder, path, error) != SRV_OK) {
    fprintf(stderr, "bench_core: %s\n", error);
    return 1;
  }
  struct srv_core_config config = {.store = folder.store, .blobs = folder.blobs};
  if (srv_core_create(&core, &config, error) != SRV_OK) return 1;
  printf("core with %zu devices, CPU for each call\n", count);
  double begin = cpu_us();
  struct srv_device_ref *refs = make_devices(count);
  show("srv_core_provision, in one batch", begin, count);
  make_release();
  bench_reads(refs, count);
  bench_writes(refs, count, 64);
  bench_writes(refs, count, 1);
  bench_captures(refs, count, 64, 64);
  bench_captures(refs, count < 1000 ? count : 1000, 32000, 64);
  bench_state(refs, count);
  bench_changes(refs, count);
  bench_presence(refs, count);
  free(refs);
  srv_folder_close(&folder);
  snprintf(command, sizeof(command), "rm -rf '%s'", path);
  return system(command) == 0 ? 0 : 1;
}
