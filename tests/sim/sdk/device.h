/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SDK_DEVICE_H
#define TESTS_SIM_SDK_DEVICE_H
/* A device in the world: client, store, updater, and an application that takes
 * any model which does not begin with "bad". */
#include "godwit/folder.h"
#include "godwit/updater.h"

#define DEVICE_MODEL_MAX 32768u

struct device {
  _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  _Alignas(16) uint8_t slot[2][DEVICE_MODEL_MAX];
  struct godwit_client_config client_config; /* adjust before device_boot */
  struct godwit_updater_config updater_config;
  struct godwit_store_config store_config;
  bool one_slot;

  struct godwit_client *client;
  struct godwit_folder folder;
  struct godwit_store store;
  struct godwit_updater updater;
  int start_status;

  /* what the application saw */
  char running[GW_VERSION_MAX + 1];
  char last_run[GW_VERSION_MAX + 1];
  const uint8_t *running_data;
  size_t running_size;
  unsigned loads, activations, discards;
  int load_status; /* what load returns for a good model that has not run yet */
  int test_status; /* what the self-test comes to, for one that does not begin with "untested" */
  unsigned test_steps, tests; /* calls that it takes; calls so far */
  unsigned waits;             /* inferences of the old model while another was tested */
  bool fits_alone;            /* a new model does not fit beside another */
  bool no_slots;              /* before device_boot: nothing is loaded */
  uint8_t read_back[100];     /* then: from byte 1,000 of what runs */
  bool no_download, no_swap;  /* what the hooks say */
  bool with_shadow;           /* before device_boot: two models run side by side where asked for */
  int shadow_status;          /* 1: not decided yet */
  unsigned shadow_begun, shadow_ended, compared;
  bool crash_in_load;                  /* power fails in load */
  unsigned events[GODWIT_EVENT_COUNT]; /* by type */
  struct godwit_updater_event last_failure;
  struct godwit_updater_event last_swap;
  struct godwit_updater_event last_start;
  struct godwit_updater_event last_revert;
  uint8_t last_manifest_status;
};

/* Defaults; then adjust the configs. */
void device_prepare(struct device *device);
/* A new world with model@1.0.0 and model@1.1.0 on its server, and a prepared device. */
#define DEVICE_SIZE_1 20480u /* a whole number of blocks */
#define DEVICE_SIZE_2 21633u
void device_begin(struct device *device);
/* The version is released; the device is switched on and runs it. */
void device_come_up(struct device *device, const char *version);
/* What it sent and received since it was switched on. */
uint64_t device_bytes_on_the_air(const struct device *device);
/* Power on: all RAM is forgotten, the medium is not. */
void device_boot(struct device *device);
/* Polls and lets time pass until the condition holds; fails the test after
 * limit_ms of the clock. */
void device_run_until_version(struct device *device, const char *version, uint64_t limit_ms);
void device_run_until_idle(struct device *device, uint64_t limit_ms);
void device_run_for(struct device *device, uint64_t duration_ms);
void device_run_until(struct device *device, bool (*condition)(struct device *), uint64_t limit_ms);
bool device_is_connected(struct device *device);

/* A model of that size whose bytes follow from the version. */
const uint8_t *device_model_bytes(const char *version, size_t size);
/* Adds model@version of that size to the server. */
void device_publish(const char *version, size_t size);
/* What the server says of model@version at `.gw/a/`. */
void device_describe(const char *version, const struct gw_description *description);
/* What runs is model@version byte for byte, in a slot. */
void device_assert_runs(const struct device *device, const char *version, size_t size);
#endif
