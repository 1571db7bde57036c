/* SPDX-License-Identifier: Apache-2.0 */
/* State that device and server share: the device says how it is
 * (`reported/...`), and follows what the operator wants (`desired/lamp`), also
 * what was wanted while it was away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/state.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static struct godwit_state_change temperature, lamp, name;
static struct godwit_state_reading wish;
static char of_lamp[] = "lamp", of_temperature[] = "temperature", of_name[] = "name";

static void on_reported(struct godwit_client *client, int status, uint8_t code, void *arg) {
  (void)client, (void)code;
  printf("%s: %s\n", (const char *)arg, status == GODWIT_OK ? "reported" : "not reported");
}

/* The current wish, and each one after it. */
static void on_wish(struct godwit_client *client, const struct godwit_response *response,
                    void *arg) {
  bool on;
  (void)arg;
  if (response->status < 0) return; /* it is asked for again */
  if (godwit_state_payload_as_bool(response, &on) < 0) {
    puts("lamp: no wish");
    return;
  }
  printf("lamp: switched %s\n", on ? "on" : "off"); /* here your lamp is switched */
  godwit_state_set_bool_async(client, &lamp, "reported/lamp", on, on_reported, of_lamp);
}

static void on_state(struct godwit_client *client, enum godwit_client_state state, int status,
                     void *arg) {
  (void)status, (void)arg;
  if (state != GODWIT_CLIENT_CONNECTED) return;
  /* An object a change: both are under way at once. */
  godwit_state_set_double_async(client, &temperature, "reported/temperature", 21.5, on_reported,
                                of_temperature);
  godwit_state_set_string_async(client, &name, "reported/name", "kitchen", on_reported, of_name);
}

int main(int argc, char **argv) {
  if (argc < 3) return puts("usage: device_state IDENTITY KEY [HOST [PORT]]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct godwit_client *client;
  struct godwit_client_config network = {.host = argc > 3 ? argv[3] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 4 ? atoi(argv[4]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory,
                                         .on_state = on_state};
  if (godwit_client_init(&client, &network) < 0) return puts("wrong identity, key or host"), 1;
  if (godwit_state_observe(client, &wish, "desired/lamp", GODWIT_FORMAT_JSON, on_wish, NULL) < 0) {
    return 1;
  }
  godwit_client_start(client);
  for (;;) {
    godwit_client_poll(client); /* your device's own work goes on beside it */
    godwit_client_wait(client, 1000);
  }
}
