/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that the operator makes for a project, a blueprint or this device,
 * and that arrive at once. The device says what it knows, of which type and in
 * which range; anything else is refused, and the operator sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/settings.h"

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];

/* What they are until the server says otherwise. Nothing is stored: keep what
 * must outlive a restart yourself. */
static int64_t interval_s = 60;
static bool led;
static double gain = 1.0;

static enum godwit_settings_status set_interval(const struct godwit_setting_value *value,
                                                void *arg) {
  (void)arg;
  interval_s = value->integer;
  printf("INTERVAL_S is %lld\n", (long long)interval_s);
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status set_led(const struct godwit_setting_value *value, void *arg) {
  (void)arg;
  led = value->boolean;
  printf("LED is %s\n", led ? "on" : "off");
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status set_gain(const struct godwit_setting_value *value, void *arg) {
  (void)arg;
  if (!(value->number >= 0.1 && value->number <= 10)) return GODWIT_SETTINGS_VALUE_OUTSIDE_RANGE;
  gain = value->number;
  printf("GAIN is %.2f\n", gain);
  return GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status set_greeting(const struct godwit_setting_value *value,
                                                void *arg) {
  (void)arg;
  printf("GREETING is %s\n", value->text); /* copy it: it dies with this call */
  return GODWIT_SETTINGS_SUCCESS;
}

static const struct godwit_setting table[] = {
    {.key = "INTERVAL_S",
     .type = GODWIT_SETTING_INT,
     .integer_min = 1,
     .integer_max = 3600,
     .on_set = set_interval},
    {.key = "LED", .type = GODWIT_SETTING_BOOL, .on_set = set_led},
    {.key = "GAIN", .type = GODWIT_SETTING_FLOAT, .on_set = set_gain},
    {.key = "GREETING", .type = GODWIT_SETTING_STRING, .on_set = set_greeting},
};

int main(int argc, char **argv) {
  if (argc < 3) return puts("usage: device_settings IDENTITY KEY [HOST [PORT]]"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct godwit_client *client;
  static struct godwit_settings settings;
  struct godwit_client_config network = {.host = argc > 3 ? argv[3] : "127.0.0.1",
                                         .port = (uint16_t)(argc > 4 ? atoi(argv[4]) : 0),
                                         .psk_identity = argv[1],
                                         .psk = argv[2],
                                         .psk_size = strlen(argv[2]),
                                         .memory = memory,
                                         .memory_size = sizeof memory};
  if (godwit_client_init(&client, &network) < 0) return puts("wrong identity, key or host"), 1;
  if (godwit_settings_start(&settings, client, table, sizeof table / sizeof table[0]) < 0) return 1;
  godwit_client_start(client);
  for (;;) {
    godwit_client_poll(client); /* your device's own work goes on beside it */
    godwit_client_wait(client, 1000);
  }
}
