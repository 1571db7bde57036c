/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a picture to the server and waits until it is there: the classic call,
 * for programs that have nothing else to do meanwhile. Any file will do; the
 * server looks at the bytes and says what it is (JPEG, PNG, PPM, ...). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/stream.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];

/* Yours reads the frame buffer, or encodes it line by line. */
static int read_file(void *arg, uint64_t offset, void *data, size_t size) {
  FILE *file = arg;
  if (fseek(file, (long)offset, SEEK_SET) != 0) return GODWIT_ERR_IO;
  return fread(data, 1, size, file) == size ? GODWIT_OK : GODWIT_ERR_IO;
}

static bool connect(struct godwit_client *client) {
  godwit_client_start(client);
  while (godwit_client_last_error(client) != GODWIT_ERR_CREDENTIALS) {
    godwit_client_poll(client);
    if (godwit_client_state(client) == GODWIT_CLIENT_CONNECTED) return true;
    godwit_client_wait(client, 1000);
  }
  return false;
}

int main(int argc, char **argv) {
  if (argc < 4) return puts("usage: upload_image IDENTITY KEY FILE [HOST [PORT]]"), 2;
  static FILE *file; /* for as long as the program */
  file = fopen(argv[3], "rb");
  long size = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (size < 0) return printf("%s cannot be read\n", argv[3]), 1;

  struct godwit_client *client;
  struct godwit_client_config network = {.host = argc > 4 ? argv[4] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 5 ? atoi(argv[5]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  if (godwit_client_init(&client, &network) < 0) return puts("wrong identity, key or host"), 1;
  if (!connect(client)) return puts("the server refused identity or key"), 1;
  int status = godwit_stream_set_blockwise_sync(client, "image", GODWIT_FORMAT_OCTETS,
                                                (uint64_t)size, read_file, file);
  puts(status == GODWIT_OK ? "stored" : godwit_status_name(status));
  godwit_client_deinit(client);
  fclose(file);
  return status == GODWIT_OK ? 0 : 1;
}
