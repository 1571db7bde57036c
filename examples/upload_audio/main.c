/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a recording to the server, in blocks, with what is known about it: the
 * server keeps it as a capture (`godwit capture list`), to be labelled and
 * trained with. The file is read block by block; any size needs 1 KB of memory.
 * A device that captures what its model is unsure of: godwit/capture.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "godwit/stream.h"
#include "wire/cbor.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static bool done;
static int result;

static int read_file(void *arg, uint64_t offset, void *data, size_t size) {
  FILE *file = arg;
  if (fseek(file, (long)offset, SEEK_SET) != 0) return GODWIT_ERR_IO;
  return fread(data, 1, size, file) == size ? GODWIT_OK : GODWIT_ERR_IO;
}

static void on_done(struct godwit_client *client, int status, uint8_t code, void *arg) {
  (void)client, (void)arg;
  if (status == GODWIT_ERR_RESPONSE) {
    printf("refused with %u.%02u\n", (unsigned)code >> 5, code & 31u);
  } else {
    printf("%s\n", status == GODWIT_OK ? "stored" : godwit_status_name(status));
  }
  result = status;
  done = true;
}

/* What ran, what it heard, how sure it was: docs/spec/wire.md names the keys. */
static size_t describe(uint8_t *out, size_t size) {
  struct gw_cbor_writer map;
  gw_cbor_writer_init(&map, out, size);
  gw_cbor_write_map(&map, 4);
  gw_cbor_write_text(&map, "model");
  gw_cbor_write_text(&map, "model@1.0.0");
  gw_cbor_write_text(&map, "heard");
  gw_cbor_write_text(&map, "yes");
  gw_cbor_write_text(&map, "score"); /* in 1/255 */
  gw_cbor_write_uint(&map, 128);
  gw_cbor_write_text(&map, "time"); /* microseconds since 1970 */
  gw_cbor_write_uint(&map, (uint64_t)time(NULL) * 1000000u);
  return (size_t)gw_cbor_writer_finish(&map);
}

static long size_of(FILE *file) {
  uint8_t head[12];
  if (fread(head, 1, sizeof head, file) != sizeof head || memcmp(head, "RIFF", 4) != 0 ||
      memcmp(head + 8, "WAVE", 4) != 0 || fseek(file, 0, SEEK_END) != 0) {
    return -1;
  }
  return ftell(file);
}

int main(int argc, char **argv) {
  if (argc < 4) return puts("usage: upload_audio IDENTITY KEY FILE.wav [HOST [PORT]]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  FILE *file = fopen(argv[3], "rb");
  long size = file != NULL ? size_of(file) : -1;
  if (size < 0) return printf("%s cannot be read, or is no WAV file\n", argv[3]), 1;

  struct godwit_client *client;
  struct godwit_client_config network = {.host = argc > 4 ? argv[4] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 5 ? atoi(argv[5]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  uint8_t about[128];
  static struct godwit_stream_upload upload;
  upload = (struct godwit_stream_upload){.path = "audio",
                                         .size_bytes = (uint64_t)size,
                                         .read = read_file,
                                         .provenance = about,
                                         .provenance_size = describe(about, sizeof about),
                                         .done = on_done,
                                         .arg = file};
  if (godwit_client_init(&client, &network) < 0) return puts("wrong identity, key or host"), 1;
  if (godwit_stream_upload(client, &upload) < 0) return puts("cannot upload that"), 1;
  godwit_client_start(client);
  while (!done) { /* your device's own work goes on in here */
    godwit_client_poll(client);
    if (!done) godwit_client_wait(client, 1000);
  }
  godwit_client_deinit(client);
  fclose(file);
  return result == GODWIT_OK ? 0 : 1;
}
