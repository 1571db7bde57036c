/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sdk/device.h"

#include <string.h>

#include "sdk/platform/clock.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

const uint8_t *device_model_bytes(const char *version, size_t size) {
  static uint8_t bytes[DEVICE_MODEL_MAX];
  uint32_t state = 2166136261u;
  for (const char *at = version; *at != '\0'; at++) state = (state ^ (uint8_t)*at) * 16777619u;
  for (size_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (uint8_t)(state >> 24);
  }
  return bytes;
}

void device_publish(const char *version, size_t size) {
  char name[40];
  snprintf(name, sizeof name, "model@%s", version);
  world_server_add(name, device_model_bytes(version, size), size);
}

void device_describe(const char *version, const struct gw_description *description) {
  char path[48];
  uint8_t bytes[GW_DESCRIPTION_SIZE_MAX];
  snprintf(path, sizeof path, GW_DESCRIPTION_PATH "model@%s", version);
  int size = gw_description_encode(description, bytes, sizeof bytes);
  assert_true(size > 0);
  world_server_put(path, GW_COAP_FORMAT_CBOR, bytes, (size_t)size);
}

static int load(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  device->loads++;
  if (device->no_slots) return GODWIT_OK;
  assert_ptr_equal(candidate->data, device->slot[candidate->slot]);
  assert_ptr_not_equal(candidate->data, device->running_data);
  if (device->fits_alone && device->running_data != NULL) return GODWIT_ERR_NO_MEMORY;
  if (device->crash_in_load) longjmp(*world_medium.on_cut, 1);
  if (candidate->size >= 3 && memcmp(candidate->data, "bad", 3) == 0) return GODWIT_ERR_MODEL;
  bool has_run = strcmp(device->last_run, candidate->version) == 0;
  return has_run ? GODWIT_OK : device->load_status;
}

static int test(void *arg, const struct godwit_model *candidate) {
  struct device *device = arg;
  device->tests++;
  if (device->no_slots) return GODWIT_OK;
  if (candidate->size >= 8 && memcmp(candidate->data, "untested", 8) == 0) {
    return GODWIT_ERR_NOT_FOUND;
  }
  if (device->running_data != NULL) device->waits++;
  return device->tests % (device->test_steps + 1) != 0 ? 1 : device->test_status;
}

static void activate(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  device->activations++;
  snprintf(device->running, sizeof device->running, "%s", model->version);
  snprintf(device->last_run, sizeof device->last_run, "%s", model->version);
  device->running_data = model->data;
  device->running_size = model->size;
  if (device->no_slots) {
    assert_null(model->data);
    assert_int_equal(godwit_model_read(model, 1000, device->read_back, sizeof device->read_back),
                     0);
  }
}

static void discard(void *arg, const struct godwit_model *model) {
  struct device *device = arg;
  device->discards++;
  if (device->running_data != model->data) return;
  device->running[0] = '\0';
  device->running_data = NULL;
  device->running_size = 0;
}

static void on_event(void *arg, const struct godwit_updater_event *event) {
  struct device *device = arg;
  device->events[event->type]++;
  if (event->type == GODWIT_EVENT_FAILED) device->last_failure = *event;
  if (event->type == GODWIT_EVENT_SWAPPED) device->last_swap = *event;
  if (event->type == GODWIT_EVENT_DOWNLOAD_STARTED) device->last_start = *event;
  if (event->type == GODWIT_EVENT_REVERTED) device->last_revert = *event;
}

static bool may_download(void *arg) { return !((struct device *)arg)->no_download; }
static bool may_swap(void *arg) { return !((struct device *)arg)->no_swap; }

static int begin_shadow(void *arg, const struct godwit_model *active,
                        const struct godwit_model *candidate, const struct gw_policy *policy) {
  struct device *device = arg;
  assert_ptr_equal(active->data, device->running_data);
  assert_ptr_not_equal(active->data, candidate->data);
  if (policy->shadow_windows == 0 && policy->shadow_s == 0) return GODWIT_ERR_STATE;
  device->shadow_begun++;
  return GODWIT_OK;
}
static void compare(void *arg, const struct gw_shadow_sample *sample) {
  (void)sample;
  ((struct device *)arg)->compared++;
}
static int step_shadow(void *arg) { return ((struct device *)arg)->shadow_status; }
static void end_shadow(void *arg) { ((struct device *)arg)->shadow_ended++; }
static const struct godwit_shadow_ops shadow = {begin_shadow, compare, step_shadow, end_shadow};

void device_prepare(struct device *device) {
  memset(device, 0, sizeof *device);
  device->client_config = (struct godwit_client_config){
      .host = WORLD_HOST,
      .psk_identity = WORLD_IDENTITY,
      .psk = WORLD_PSK,
      .psk_size = strlen(WORLD_PSK),
      .memory = device->memory,
      .memory_size = sizeof device->memory,
  };
  godwit_folder_init(&device->folder, WORLD_VOLUME);
  device->store_config =
      (struct godwit_store_config){.medium = &device->folder.medium, .package = "model"};
  device->updater_config = (struct godwit_updater_config){
      .store = &device->store,
      .ops = {.load = load, .test = test, .activate = activate, .discard = discard, .arg = device},
      .on_event = on_event,
      .event_arg = device,
      .hooks = {may_download, may_swap, device},
      .patch = &godwit_updater_patch,
  };
}

void device_boot(struct device *device) {
  world_network_power_on();
  device->updater_config.shadow = device->with_shadow ? &shadow : NULL;
  device->updater_config.shadow_arg = device;
  device->running[0] = '\0';
  device->running_data = NULL;
  device->running_size = 0;
  memset(device->slot, 0xEE, sizeof device->slot);
  memset(&device->store, 0xEE, sizeof device->store);
  memset(&device->updater, 0xEE, sizeof device->updater);
  assert_int_equal(godwit_client_init(&device->client, &device->client_config), GODWIT_OK);
  assert_int_equal(godwit_store_init(&device->store, &device->store_config), GODWIT_OK);
  device->updater_config.client = device->client;
  for (size_t i = 0; i < 2; i++) {
    bool used = !device->no_slots && (i == 0 || !device->one_slot);
    device->updater_config.slot[i].memory = used ? device->slot[i] : NULL;
    device->updater_config.slot[i].size_bytes = used ? DEVICE_MODEL_MAX : 0;
  }
  assert_int_equal(godwit_updater_init(&device->updater, &device->updater_config), GODWIT_OK);
  device->start_status = godwit_updater_start(&device->updater);
}

static void let_time_pass(struct device *device, uint64_t limit_ms) {
  world_step(limit_ms, godwit_updater_next_timeout_ms(&device->updater));
}

void device_run_until(struct device *device, bool (*condition)(struct device *),
                      uint64_t limit_ms) {
  uint64_t end_ms = world_now_ms() + limit_ms;
  for (;;) {
    godwit_updater_poll(&device->updater);
    if (condition(device)) return; /* before the clock jumps to the next event */
    if (world_now_ms() >= end_ms) {
      fail_msg("not within %llu ms; runs \"%s\", reports:\n%s", (unsigned long long)limit_ms,
               device->running, world_server_reports(0));
    }
    let_time_pass(device, end_ms);
  }
}

void device_run_for(struct device *device, uint64_t duration_ms) {
  uint64_t end_ms = world_now_ms() + duration_ms;
  while (world_now_ms() < end_ms) {
    godwit_updater_poll(&device->updater);
    let_time_pass(device, end_ms);
  }
}

static const char *expected_version;

static bool runs_expected(struct device *device) {
  return strcmp(device->running, expected_version) == 0 &&
         godwit_ota_reports_pending(device->client) == 0;
}

void device_run_until_version(struct device *device, const char *version, uint64_t limit_ms) {
  expected_version = version;
  device_run_until(device, runs_expected, limit_ms);
}

static bool is_idle(struct device *device) {
  return !godwit_updater_is_busy(&device->updater) && device_is_connected(device) &&
         godwit_ota_reports_pending(device->client) == 0;
}

void device_run_until_idle(struct device *device, uint64_t limit_ms) {
  device_run_until(device, is_idle, limit_ms);
}

bool device_is_connected(struct device *device) {
  return godwit_client_state(device->client) == GODWIT_CLIENT_CONNECTED;
}

void device_assert_runs(const struct device *device, const char *version, size_t size) {
  assert_string_equal(device->running, version);
  assert_int_equal(device->running_size, size);
  assert_memory_equal(device->running_data, device_model_bytes(version, size), size);
}

void device_begin(struct device *device) {
  world_reset(test_random());
  device_prepare(device);
  device_publish("1.0.0", DEVICE_SIZE_1);
  device_publish("1.1.0", DEVICE_SIZE_2);
}

void device_come_up(struct device *device, const char *version) {
  world_server_release(version, NULL, 0);
  device_boot(device);
  device_run_until_version(device, version, 60000);
}

uint64_t device_bytes_on_the_air(const struct device *device) {
  struct godwit_client_stats stats;
  godwit_client_stats(device->client, &stats);
  return stats.bytes_in + stats.bytes_out;
}
