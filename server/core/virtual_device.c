/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/virtual_device.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/internal.h"

#define RANDOM_BYTES 16

/* --- making one ------------------------------------------------------------------ */

static int check_count(struct srv_core *core) {
  struct srv_query query = {0};
  uint64_t count = 0;
  int status = srv_core_list(core, SRV_VIRTUAL_DEVICE, &query, NULL, NULL, &count);
  if (status != SRV_OK || count < SRV_VIRTUAL_DEVICES_MAX) return status;
  return srv_fail(core, SRV_ERR_IN_USE,
                  "this server runs %u virtual devices already, all it may: delete one first",
                  SRV_VIRTUAL_DEVICES_MAX);
}

static int choose_name(struct srv_core *core, struct srv_device *device) {
  for (unsigned i = 1;; i++) {
    struct srv_device taken;
    char name[SRV_NAME_MAX + 1];
    snprintf(name, sizeof(name), "virtual-%u", i);
    int status = srv_core_find(core, SRV_DEVICE, device->project_id, name, &taken);
    if (status == SRV_OK) continue;
    if (status != SRV_ERR_NOT_FOUND) return status;
    memcpy(device->name, name, sizeof(name));
    return SRV_OK;
  }
}

static void write_hex(char *out, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* An identity that no name of a device can ever collide with. */
static int make_credential(struct srv_core *core, const struct srv_device *device,
                           struct srv_credential *out) {
  uint8_t random[2 * RANDOM_BYTES];
  char tail[2 * RANDOM_BYTES + 1], key[2 * RANDOM_BYTES + 1];
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  write_hex(tail, random, RANDOM_BYTES / 2);
  write_hex(key, random + RANDOM_BYTES, RANDOM_BYTES);
  snprintf(out->identity, sizeof(out->identity), "virtual-%s@%s", tail, device->project_id);
  out->key_size = strlen(key);
  memcpy(out->key, key, out->key_size);
  explicit_bzero(random, sizeof(random));
  explicit_bzero(key, sizeof(key));
  return SRV_OK;
}

static int write_all(struct srv_core *core, struct srv_device *device) {
  struct srv_credential credential = {0};
  struct srv_virtual_device row = {.created_us = srv_now_us(core)};
  int status = make_credential(core, device, &credential);
  if (status == SRV_OK) status = srv_core_provision(core, device, &credential);
  explicit_bzero(&credential, sizeof(credential));
  if (status != SRV_OK) return status;
  memcpy(row.device_id, device->id, sizeof(row.device_id));
  memcpy(row.project_id, device->project_id, sizeof(row.project_id));
  return srv_fail_store(core, core->store->ops->insert(core->store, SRV_VIRTUAL_DEVICE, &row));
}

int srv_core_create_virtual_device(struct srv_core *core, const char *project_id, const char *name,
                                   struct srv_device *device) {
  *device = (struct srv_device){.enabled = true};
  snprintf(device->project_id, sizeof(device->project_id), "%s", project_id);
  snprintf(device->name, sizeof(device->name), "%s", name);
  int status = check_count(core);
  if (status == SRV_OK && name[0] == 0) status = choose_name(core, device);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, write_all(core, device));
}

/* --- looking one up ---------------------------------------------------------------- */

int srv_core_find_virtual_device(struct srv_core *core, const char *project_id,
                                 const char *id_or_name, struct srv_device *device) {
  struct srv_virtual_device row;
  struct srv_query query = {0};
  int status = srv_core_find(core, SRV_DEVICE, project_id, id_or_name, device);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device->id);
  status = core->store->ops->get(core->store, SRV_VIRTUAL_DEVICE, &query, &row);
  if (status != SRV_ERR_NOT_FOUND) return srv_fail_store(core, status);
  return srv_fail(core, status, "device \"%s\" is no virtual device", device->name);
}

int srv_core_virtual_device_credential(struct srv_core *core, const char *device_id,
                                       struct srv_credential *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  int status = core->store->ops->get(core->store, SRV_CREDENTIAL, &query, out);
  if (status != SRV_ERR_NOT_FOUND) return srv_fail_store(core, status);
  return srv_fail(core, status,
                  "its credential was deleted: delete this virtual device and make another");
}
