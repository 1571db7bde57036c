/* SPDX-License-Identifier: Apache-2.0 */
/* A device that connects with a certificate, has it renewed, stores the new one
 * and comes back with it. In its folder: device.pem, device-key.pem (from the
 * factory) and server.pem (what the server's certificate must come from). What
 * was renewed stands in the file "renewed", certificate and key as one, so that
 * a power cut cannot part them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "godwit/pki.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES];
static _Alignas(16) uint8_t scratch[GODWIT_PKI_MEMORY_BYTES];

struct file {
  char path[512];
  uint8_t data[4096];
  size_t size; /* PEM: its NUL counted */
};
static struct file device, device_key, server, renewed;

static const char *folder;

/* The NUL behind PEM is what tells it from DER. */
static int load(struct file *file, const char *name) {
  snprintf(file->path, sizeof file->path, "%s/%s", folder, name);
  FILE *in = fopen(file->path, "rb");
  if (in == NULL) return 0;
  file->size = fread(file->data, 1, sizeof file->data - 1, in);
  fclose(in);
  file->data[file->size] = '\0';
  if (memcmp(file->data, "-----", 5) == 0) file->size++;
  return file->size > 0;
}

/* "renewed": two bytes of the certificate's size, the certificate, the key. */
static int store(const struct godwit_pki_renewal *renewal) {
  char path[sizeof renewed.path + 4];
  uint8_t head[2] = {(uint8_t)(renewal->certificate_size >> 8), (uint8_t)renewal->certificate_size};
  snprintf(path, sizeof path, "%s.new", renewed.path);
  FILE *out = fopen(path, "wb");
  if (out == NULL) return 0;
  size_t written = fwrite(head, 1, 2, out) +
                   fwrite(renewal->certificate, 1, renewal->certificate_size, out) +
                   fwrite(renewal->key, 1, renewal->key_size, out);
  int well = written == 2 + renewal->certificate_size + renewal->key_size && fflush(out) == 0 &&
             fsync(fileno(out)) == 0; /* before it takes the place of the old one */
  well = fclose(out) == 0 && well;
  return well && rename(path, renewed.path) == 0;
}

static struct godwit_certificate certificate = {.method = &godwit_certificate_method,
                                                .server_name = "godwit"};

static int use_stored(void) {
  if (!load(&server, "server.pem")) return printf("no %s\n", server.path), 0;
  certificate.ca = server.data;
  certificate.ca_size = server.size;
  if (load(&renewed, "renewed") && renewed.size > 2) {
    size_t size = (size_t)renewed.data[0] << 8 | renewed.data[1];
    if (size + 2 >= renewed.size) return printf("%s is broken\n", renewed.path), 0;
    certificate.chain = renewed.data + 2;
    certificate.chain_size = size;
    certificate.key = renewed.data + 2 + size;
    certificate.key_size = renewed.size - 2 - size;
    return puts("uses the renewed certificate");
  }
  if (!load(&device, "device.pem")) return printf("no %s\n", device.path), 0;
  if (!load(&device_key, "device-key.pem")) return printf("no %s\n", device_key.path), 0;
  certificate.chain = device.data;
  certificate.chain_size = device.size;
  certificate.key = device_key.data;
  certificate.key_size = device_key.size;
  return puts("uses the factory's certificate");
}

static void on_renewed(struct godwit_client *client, struct godwit_pki_renewal *renewal, int status,
                       void *arg) {
  static struct godwit_certificate next;
  (void)arg;
  if (status == GODWIT_OK && !store(renewal)) status = GODWIT_ERR_IO;
  if (status != GODWIT_OK) {
    printf("not renewed: %s, code %d.%02d\n", godwit_status_name(status), renewal->code >> 5,
           renewal->code & 31);
    exit(1);
  }
  printf("renewed: %zu bytes\n", renewal->certificate_size);
  next = certificate;
  next.chain = renewal->certificate;
  next.chain_size = renewal->certificate_size;
  next.key = renewal->key;
  next.key_size = renewal->key_size;
  if (godwit_client_set_certificate(client, &next) < 0) exit(1);
  godwit_client_stop(client); /* in a product: at the next good moment */
  godwit_client_start(client);
}

int main(int argc, char **argv) {
  if (argc < 4) return puts("usage: device_certificate FOLDER PROJECT NAME [HOST [PORT]]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  umask(077); /* what is stored holds a private key */
  folder = argv[1];
  static struct godwit_pki_renewal renewal;
  renewal = (struct godwit_pki_renewal){.project = argv[2],
                                        .name = argv[3],
                                        .memory = scratch,
                                        .memory_size = sizeof scratch,
                                        .done = on_renewed};
  struct godwit_client *client;
  struct godwit_client_config network = {.host = argc > 4 ? argv[4] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 5 ? atoi(argv[5]) : 0),
                                         .certificate = &certificate,
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  if (!use_stored()) return 1;
  int status = godwit_client_init(&client, &network);
  if (status < 0) return printf("cannot begin: %s\n", godwit_status_name(status)), 1;
  godwit_client_start(client);
  for (unsigned connects = 0; connects < 2;) {
    struct godwit_client_stats stats;
    godwit_client_poll(client);
    godwit_client_stats(client, &stats);
    if (stats.connects > connects) {
      connects = stats.connects;
      puts(connects == 1 ? "connected" : "connected with the new one");
      if (connects == 1 && godwit_pki_renew(client, &renewal) < 0) return 1;
    }
    if (stats.connect_failures > 0) {
      printf("not let in: %s\n", godwit_status_name(godwit_client_last_error(client)));
      return 1;
    }
    godwit_client_wait(client, 100);
  }
  godwit_client_deinit(client);
  return 0;
}
