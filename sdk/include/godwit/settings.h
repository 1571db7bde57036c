/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_SETTINGS_H
#define GODWIT_SETTINGS_H
/* Settings that operators make for a project, a blueprint or one device, and
 * that reach the device at once (`.c`). The device checks each and says what it
 * made of them (`.c/status`).
 *
 * Memory and threads: as godwit/client.h. The table and the object are the
 * caller's and live as long as the client. Nothing is stored: a device that
 * restarts has its defaults until it is connected. */
#include "godwit/client.h"

#define GODWIT_SETTING_KEY_MAX 63u
#define GODWIT_SETTING_TEXT_MAX 255u /* bytes of a string; longer ones are refused with 5 */

enum godwit_setting_type {
  GODWIT_SETTING_BOOL,
  GODWIT_SETTING_INT,
  GODWIT_SETTING_FLOAT,
  GODWIT_SETTING_STRING,
};

/* As the published SDK numbers them. */
enum godwit_settings_status {
  GODWIT_SETTINGS_SUCCESS = 0,
  GODWIT_SETTINGS_KEY_NOT_RECOGNIZED = 1,
  GODWIT_SETTINGS_KEY_NOT_VALID = 2,
  GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID = 3,
  GODWIT_SETTINGS_VALUE_OUTSIDE_RANGE = 4,
  GODWIT_SETTINGS_VALUE_STRING_TOO_LONG = 5,
  GODWIT_SETTINGS_GENERAL_ERROR = 6,
};

struct godwit_setting_value {
  enum godwit_setting_type type;
  bool boolean;
  int64_t integer;
  double number;
  const char *text; /* dies with the call */
};

/* One setting that the device knows. on_set is called for each value that
 * comes, also when it is the same as before; what it returns is told. NULL takes
 * any value. Values come as their type says: an integer for a FLOAT is a wrong
 * format (3), as it is for published clients. */
struct godwit_setting {
  const char *key;
  enum godwit_setting_type type;
  int64_t integer_min, integer_max; /* INT: both 0 for any */
  enum godwit_settings_status (*on_set)(const struct godwit_setting_value *value, void *arg);
  void *arg;
};

/* The caller's, zeroed before its first use; all of it but `version` internal. */
struct godwit_settings {
  struct godwit_client *client;
  const struct godwit_setting *table;
  size_t count;
  int64_t version; /* last one that came; 0: none yet */
  struct godwit_request observation;
  struct godwit_request status_request;
  struct godwit_service service; /* sends the status, again if need be */
  uint8_t refusals;              /* of the status by a busy server, in a row */
  uint8_t refusal;               /* the observation's code, logged once; 0: none */
  uint8_t status_payload[512];   /* errors that do not fit are left out */
  size_t status_size;
};
/* Observes the settings from now on, over reconnects too. What is malformed, or
 * larger than a datagram, is logged, not answered, and changes nothing.
 * GODWIT_ERR_ARGUMENT, or GODWIT_ERR_STATE when it has been started. */
int godwit_settings_start(struct godwit_settings *settings, struct godwit_client *client,
                          const struct godwit_setting *table, size_t count);
/* Harmless when it is not started; on_set may call it. */
void godwit_settings_stop(struct godwit_settings *settings);
#endif
