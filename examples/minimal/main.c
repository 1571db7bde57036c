/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/folder.h"
#include "godwit/updater.h"
#include "wit/self_test.h"
#include "wit/wit.h"

static _Alignas(16) uint8_t file[2][65536], arena[2][32768], memory[GODWIT_CLIENT_MEMORY_BYTES];
static struct wit_model model[2];
static struct wit_interpreter *spare, *running; /* running: NULL until the first release */

/* A new model is here, its digest is right. The old one goes on meanwhile. */
static int load(void *arg, const struct godwit_model *new) {
  struct wit_error *error = arg;
  unsigned slot = new->slot;
  if (wit_model_open(&model[slot], new->data, new->size, error) == WIT_OK &&
      wit_interpreter_init(&spare, &model[slot], &wit_ops_all, arena[slot], sizeof arena[slot],
                           error) == WIT_OK) {
    return GODWIT_OK;
  }
  printf("refused %s@%s: %s\n", new->package, new->version, error->message);
  return GODWIT_ERR_FORMAT; /* is reported, and not fetched again */
}

/* What the file carries of inputs and outputs, replayed here (godwit model pack). */
static int test(void *arg, const struct godwit_model *new) {
  struct wit_error *error = arg;
  int status = wit_self_test_run(spare, &model[new->slot], NULL, NULL, error);
  if (status == WIT_OK) return GODWIT_OK;
  if (status == WIT_ERR_NO_TEST) return GODWIT_ERR_NOT_FOUND; /* taken all the same */
  printf("refused %s@%s: %s\n", new->package, new->version, error->message);
  return GODWIT_ERR_MODEL;
}

static void activate(void *arg, const struct godwit_model *new) {
  (void)arg;
  running = spare; /* the swap */
  printf("runs %s@%s\n", new->package, new->version);
}

int main(int argc, char **argv) {
  if (argc < 3) return puts("usage: minimal IDENTITY KEY [PORT]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  static struct wit_error error;
  static struct godwit_client *client;
  static struct godwit_folder folder;
  static struct godwit_store store;
  static struct godwit_updater updater;
  struct godwit_client_config network = {.host = "127.0.0.1",
                                         .port = (uint16_t)(argc > 3 ? atoi(argv[3]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  struct godwit_store_config models = {.medium = &folder.medium, .package = "model"};
  struct godwit_updater_config update = {
      .store = &store,
      .slot = {{file[0], sizeof file[0]}, {file[1], sizeof file[1]}},
      .ops = {.load = load, .test = test, .activate = activate, .arg = &error},
      .patch = &godwit_updater_patch}; /* models may come compressed, or as a difference */

  godwit_folder_init(&folder, "models");
  if (godwit_client_init(&client, &network) < 0 || godwit_store_init(&store, &models) < 0) return 1;
  update.client = client;
  if (godwit_updater_init(&updater, &update) < 0) return 1;
  godwit_updater_start(&updater); /* the stored model runs from here on, network or not */
  for (;;) {
    if (running) wit_interpreter_invoke(running, &error); /* your input, its output */
    godwit_updater_poll(&updater);                        /* one step, never blocks */
    godwit_client_wait(client, 100);
  }
}
