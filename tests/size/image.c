/* SPDX-License-Identifier: Apache-2.0 */
/* What a device links that gets its models by Godwit, and nothing of its own:
 * size.py links this against the SDK and wire, drops what is not reached and
 * counts the rest. mbedTLS, the C library, the port and the runtime stay
 * unresolved, so they are not counted. */
#include "godwit/folder.h"
#include "godwit/updater.h"

static uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static uint8_t slot[2][16];
static struct godwit_client *client;
struct godwit_folder image_folder;
struct godwit_store image_store;
struct godwit_updater image_updater;

static int load(void *arg, const struct godwit_model *model) {
  (void)arg;
  return model->size > 0 ? GODWIT_OK : GODWIT_ERR_MODEL;
}

static void activate(void *arg, const struct godwit_model *model) {
  (void)arg;
  (void)model;
}

int main(void) {
  godwit_folder_init(&image_folder, "models");
  godwit_store_init(&image_store, &(struct godwit_store_config){.medium = &image_folder.medium,
                                                                .package = "model"});
  godwit_client_init(&client, &(struct godwit_client_config){.host = "godwit.example",
                                                             .psk_identity = "device@project",
                                                             .psk = "key",
                                                             .psk_size = 3,
                                                             .memory = memory,
                                                             .memory_size = sizeof memory});
  godwit_updater_init(&image_updater,
                      &(struct godwit_updater_config){
                          .client = client,
                          .store = &image_store,
                          .slot = {{slot[0], sizeof slot[0]}, {slot[1], sizeof slot[1]}},
                          .ops = {.load = load, .activate = activate}});
  godwit_updater_start(&image_updater);
  for (;;) godwit_updater_poll(&image_updater);
}
