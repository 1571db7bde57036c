/* SPDX-License-Identifier: Apache-2.0 */
/* Random fleets, releases and reports, against counts that are made device by
 * device from what the device itself would be told. */
#include <stdlib.h>

#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"

#define DEVICES_MAX 400
#define RELEASES 6
#define VERSIONS 4

static struct core_fixture f;
static struct srv_device device[DEVICES_MAX];
static size_t device_count;
static bool is_online[DEVICES_MAX];
static struct srv_release release[RELEASES];
static struct srv_tag tag[3];
static struct srv_blueprint blueprint[2];
static struct srv_artifact artifact[2][VERSIONS];
static const char *const package[] = {"main", "model"};

static uint32_t below(uint32_t limit) { return test_random() % limit; }

static void make_things(void) {
  for (size_t i = 0; i < 3; i++) {
    char name[8];
    snprintf(name, sizeof(name), "t%zu", i);
    tag[i] = make_tag(&f, name);
  }
  blueprint[0] = make_blueprint(&f, "b0");
  blueprint[1] = make_blueprint(&f, "b1");
  for (size_t p = 0; p < 2; p++) {
    for (size_t v = 0; v < VERSIONS; v++) {
      char version[8];
      snprintf(version, sizeof(version), "%zu.0.0", v);
      artifact[p][v] = make_artifact(&f, package[p], version);
    }
  }
}

static void shuffle_device(struct srv_device *one) {
  one->enabled = below(8) > 0;
  one->blueprint_id[0] = 0;
  if (below(3) > 0) strcpy(one->blueprint_id, blueprint[below(2)].id);
  one->tag_count = 0;
  for (size_t i = 0; i < 3; i++) {
    if (below(2) == 0) strcpy(one->tag_id[one->tag_count++], tag[i].id);
  }
}

static void add_device(void) {
  struct srv_device *one = &device[device_count];
  *one = (struct srv_device){.project_id = P};
  snprintf(one->name, sizeof(one->name), "Device %u %zu", (unsigned)below(100000), device_count);
  shuffle_device(one);
  assert_ok(f.core, srv_core_create_device(f.core, one));
  is_online[device_count++] = false;
}

static void shuffle_release(struct srv_release *one) {
  one->rollout = below(3) > 0;
  one->blueprint_id[0] = 0;
  if (below(3) == 0) strcpy(one->blueprint_id, blueprint[below(2)].id);
  one->device_tag_count = below(2) == 0 ? 0 : 1;
  strcpy(one->device_tag_id[0], tag[below(3)].id);
  one->artifact_count = 1 + below(2);
  size_t first = below(2);
  strcpy(one->artifact_id[0], artifact[first][below(VERSIONS)].id);
  strcpy(one->artifact_id[1], artifact[1 - first][below(VERSIONS)].id);
}

static void report_something(size_t index) {
  struct gw_report words = {.state = (uint8_t)below(4), .reason = (uint8_t)below(13)};
  struct srv_device_ref ref = ref_of(&device[index]);
  strcpy(words.package, package[below(2)]);
  if (below(8) > 0)
    snprintf(words.version, sizeof(words.version), "%u.0.0", (unsigned)below(VERSIONS));
  if (below(2) == 0)
    snprintf(words.target, sizeof(words.target), "%u.0.0", (unsigned)below(VERSIONS));
  assert_ok(f.core, srv_core_report(f.core, &ref, &words));
}

/* --- device by device ------------------------------------------------------------- */

static enum srv_rollout_state naive_package(const struct srv_device_state *state,
                                            const struct gw_component *component) {
  for (size_t i = 0; i < state->status_count; i++) {
    const struct srv_ota_status *status = &state->status[i];
    if (strcmp(status->package, component->package) != 0) continue;
    if (strcmp(status->version, component->version) == 0) return SRV_ROLLOUT_UPDATED;
    if (strcmp(status->target, component->version) != 0) return SRV_ROLLOUT_WAITING;
    if (status->reason > GW_OTA_UPDATED_SUCCESSFULLY) return SRV_ROLLOUT_FAILED;
    if (status->state == GW_OTA_DOWNLOADING) return SRV_ROLLOUT_DOWNLOADING;
    if (status->state == GW_OTA_DOWNLOADED) return SRV_ROLLOUT_DOWNLOADED;
    return status->state == GW_OTA_UPDATING ? SRV_ROLLOUT_UPDATING : SRV_ROLLOUT_WAITING;
  }
  return SRV_ROLLOUT_WAITING;
}

static enum srv_rollout_state naive_state(const struct srv_device_state *state,
                                          const struct gw_manifest *manifest) {
  bool seen[SRV_ROLLOUT_STATES] = {false};
  for (size_t i = 0; i < manifest->component_count; i++) {
    seen[naive_package(state, &manifest->component[i])] = true;
  }
  if (seen[SRV_ROLLOUT_FAILED]) return SRV_ROLLOUT_FAILED;
  if (seen[SRV_ROLLOUT_UPDATING]) return SRV_ROLLOUT_UPDATING;
  if (seen[SRV_ROLLOUT_DOWNLOADED]) return SRV_ROLLOUT_DOWNLOADED;
  if (seen[SRV_ROLLOUT_DOWNLOADING]) return SRV_ROLLOUT_DOWNLOADING;
  return seen[SRV_ROLLOUT_WAITING] ? SRV_ROLLOUT_WAITING : SRV_ROLLOUT_UPDATED;
}

static bool naive_fits(const struct srv_release *one, const struct srv_device *to) {
  if (one->blueprint_id[0] != 0 && strcmp(one->blueprint_id, to->blueprint_id) != 0) return false;
  for (size_t i = 0; i < one->device_tag_count; i++) {
    bool has = false;
    for (size_t k = 0; k < to->tag_count; k++) {
      has = has || strcmp(to->tag_id[k], one->device_tag_id[i]) == 0;
    }
    if (!has) return false;
  }
  return true;
}

static struct srv_rollout naive_rollout(const struct srv_release *one) {
  struct srv_rollout counted = {0};
  for (size_t i = 0; i < device_count; i++) {
    struct gw_manifest manifest;
    struct srv_device_state state;
    struct srv_device_ref ref = ref_of(&device[i]);
    if (!device[i].enabled) continue;
    assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
    assert_ok(f.core, srv_core_device_state(f.core, device[i].id, &state));
    if (one->rollout && naive_fits(one, &device[i]) &&
        manifest.sequence_number > one->sequence_number) {
      counted.superseded++;
    }
    if (manifest.component_count == 0 || manifest.sequence_number != one->sequence_number) continue;
    counted.targets++;
    counted.states[naive_state(&state, &manifest)]++;
    if (is_online[i]) counted.online++;
  }
  return counted;
}

/* --- both -------------------------------------------------------------------------- */

static void count_device(void *context, const struct srv_rollout_device *one) {
  (void)one;
  (*(uint64_t *)context)++;
}

static void compare_release(const struct srv_release *one) {
  struct srv_rollout wanted = naive_rollout(one), counted;
  uint64_t sum = 0, failures = 0;
  assert_ok(f.core, srv_core_release_rollout(f.core, one, &counted));
  assert_true(counted.complete);
  assert_int_equal(counted.targets, wanted.targets);
  assert_int_equal(counted.online, wanted.online);
  assert_int_equal(counted.superseded, wanted.superseded);
  for (size_t reason = 0; reason < SRV_REASONS; reason++) failures += counted.failures[reason];
  assert_int_equal(failures, counted.states[SRV_ROLLOUT_FAILED]);
  for (int state = 0; state < SRV_ROLLOUT_STATES; state++) {
    struct srv_rollout_filter filter = {
        .by_state = true, .state = (enum srv_rollout_state)state, .term = ""};
    uint64_t listed = 0, total;
    assert_int_equal(counted.states[state], wanted.states[state]);
    assert_ok(f.core, srv_core_release_devices(f.core, one, &filter, 0, 10000, count_device,
                                               &listed, &total));
    assert_int_equal(listed, counted.states[state]);
    assert_int_equal(total, listed);
    sum += listed;
  }
  assert_int_equal(sum, counted.targets);
}

static void settle(void) {
  while (srv_core_has_work(f.core)) srv_core_tick(f.core);
}

static void compare_all(void) {
  uint64_t online = 0, enabled = 0;
  struct srv_fleet_totals totals;
  settle();
  for (size_t i = 0; i < RELEASES; i++) {
    struct srv_rollout ignored; /* of a large fleet, this begins the count */
    assert_ok(f.core, srv_core_release_rollout(f.core, &release[i], &ignored));
    settle();
    compare_release(&release[i]);
  }
  for (size_t i = 0; i < device_count; i++) {
    online += is_online[i];
    enabled += device[i].enabled;
  }
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_int_equal(totals.total, device_count);
  assert_int_equal(totals.online, online);
  assert_int_equal(totals.enabled, enabled);
}

static void remove_one(size_t index) {
  assert_ok(f.core, srv_core_delete_device(f.core, P, device[index].id));
  device[index] = device[device_count - 1];
  is_online[index] = is_online[device_count - 1];
  device_count--;
}

static void change_something(void) {
  size_t index = below((uint32_t)device_count);
  struct srv_device_ref ref = ref_of(&device[index]);
  switch (below(8)) {
    case 0:
      shuffle_device(&device[index]);
      assert_ok(f.core, srv_core_update_device(f.core, &device[index]));
      break;
    case 1:
      if (device_count > 10) remove_one(index);
      break;
    case 2:
      if (device_count < DEVICES_MAX) add_device();
      break;
    case 3: {
      struct srv_release *one = &release[below(RELEASES)];
      shuffle_release(one);
      assert_ok(f.core, srv_core_update_release(f.core, one));
      break;
    }
    case 4:
      is_online[index] = !is_online[index];
      if (is_online[index]) {
        srv_core_device_online(f.core, &ref);
      } else {
        srv_core_device_offline(f.core, &ref);
      }
      break;
    default:
      report_something(index);
      break;
  }
}

static void run(bool sliced) {
  core_fixture_begin(&f);
  make_things();
  device_count = 0;
  for (int i = 0; i < 200; i++) add_device();
  for (size_t i = 0; i < RELEASES; i++) {
    release[i] = (struct srv_release){.project_id = P};
    shuffle_release(&release[i]);
    assert_ok(f.core, srv_core_create_release(f.core, &release[i]));
  }
  if (sliced) {
    f.core->fleets.read_now = 0;
    f.core->fleets.slice = 1;
    f.core->fleets.count_now = 0;
    f.core->fleets.count_slice = 37;
  }
  for (int round = 0; round < 12; round++) {
    for (int i = 0; i < 60; i++) {
      change_something();
      if (sliced && below(4) == 0) srv_core_tick(f.core); /* a slice in between */
    }
    compare_all();
  }
  core_fixture_restart(&f);
  memset(is_online, 0, sizeof(is_online));
  compare_all();
  core_fixture_end(&f);
}

TEST(counts_are_those_of_the_devices_one_by_one) { run(false); }

TEST(counts_of_a_fleet_read_and_counted_in_slices_are_the_same) { run(true); }

/* --- lists --------------------------------------------------------------------------- */

static bool naive_listed(const struct srv_device_filter *filter, size_t index) {
  const struct srv_device *one = &device[index];
  struct srv_device_state state;
  if (filter->by_enabled && one->enabled != filter->enabled) return false;
  if (filter->online == SRV_ONLINE_YES && !is_online[index]) return false;
  if (filter->online == SRV_ONLINE_NO && is_online[index]) return false;
  if (filter->by_blueprint && strcmp(one->blueprint_id, filter->blueprint_id) != 0) return false;
  if (filter->term != NULL && strcasestr(one->name, filter->term) == NULL) return false;
  if (filter->tags != NULL) {
    struct srv_release wanted = {.device_tag_count = 1};
    strcpy(wanted.device_tag_id[0], filter->tags);
    if (!naive_fits(&wanted, one)) return false;
  }
  if (filter->package == NULL) return true;
  assert_ok(f.core, srv_core_device_state(f.core, one->id, &state));
  for (size_t i = 0; i < state.status_count; i++) {
    if (strcmp(state.status[i].package, filter->package) == 0) {
      return filter->version == NULL || strcmp(state.status[i].version, filter->version) == 0;
    }
  }
  return false;
}

static const struct srv_device_filter *sorting;

static int naive_order(const void *a, const void *b) {
  const struct srv_device *left = &device[*(const size_t *)a], *right = &device[*(const size_t *)b];
  int order = sorting->order == SRV_BY_NAME ? strcmp(left->name, right->name) : 0;
  if (sorting->order == SRV_BY_LAST_REPORT) {
    struct srv_device_state one, two;
    srv_core_device_state(f.core, left->id, &one);
    srv_core_device_state(f.core, right->id, &two);
    order = (one.last_report_us > two.last_report_us) - (one.last_report_us < two.last_report_us);
  }
  if (order == 0) order = strcmp(left->id, right->id);
  return sorting->descending ? -order : order;
}

static void compare_page(const struct srv_device_filter *filter) {
  size_t wanted[DEVICES_MAX] = {0}, found = 0, count;
  char ids[50][SRV_ID_LENGTH + 1];
  uint64_t total, offset = below(3) * 40, limit = 1 + below(50);
  for (size_t i = 0; i < device_count; i++) {
    if (naive_listed(filter, i)) wanted[found++] = i;
  }
  sorting = filter;
  qsort(wanted, found, sizeof(wanted[0]), naive_order);
  assert_ok(f.core, srv_core_select_devices(f.core, P, filter, offset, limit, ids, &count, &total));
  assert_int_equal(total, found);
  size_t expected = found <= offset ? 0 : found - offset < limit ? found - offset : limit;
  assert_int_equal(count, expected);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(ids[i], device[wanted[offset + i]].id);
  }
}

TEST(pages_are_those_of_all_devices_filtered_and_sorted_by_hand) {
  core_fixture_begin(&f);
  make_things();
  device_count = 0;
  for (int i = 0; i < 300; i++) add_device();
  for (int i = 0; i < 500; i++) {
    size_t index = below((uint32_t)device_count);
    struct srv_device_ref ref = ref_of(&device[index]);
    f.now_us += below(3) * 1000000; /* some at the same time */
    is_online[index] = below(2) == 0;
    srv_core_device_online(f.core, &ref);
    report_something(index);
    if (!is_online[index]) srv_core_device_offline(f.core, &ref);
    if (i % 100 == 0) srv_core_tick(f.core);
  }
  for (int i = 0; i < 5; i++) remove_one(below((uint32_t)device_count));
  for (int round = 0; round < 200; round++) {
    struct srv_device_filter filter = {.order = (enum srv_device_order)below(4),
                                       .descending = below(2) == 0};
    if (below(4) == 0) filter.online = (enum srv_online_filter)(1 + below(2));
    if (below(4) == 0) filter.term = below(2) == 0 ? "dEVICE 1" : "7";
    if (below(4) == 0) filter.tags = tag[below(3)].id;
    if (below(4) == 0) {
      filter.by_blueprint = true;
      filter.blueprint_id = below(3) == 0 ? "" : blueprint[below(2)].id;
    }
    if (below(4) == 0) {
      filter.by_enabled = true;
      filter.enabled = below(2) == 0;
    }
    if (below(4) == 0) {
      filter.package = package[below(2)];
      if (below(2) == 0) filter.version = below(4) == 0 ? "9.9.9" : "2.0.0";
    }
    compare_page(&filter);
  }
  core_fixture_end(&f);
}
