/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_OPTIONS_H
#define MICRO_SPEECH_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

#include "examples/micro_speech/device/public_key.h"

#define OPTIONS_KEYS_MAX 3

/* The command line of micro_speech. Strings borrow argv or the environment. */
struct options {
  const char *host;
  uint16_t port;
  const char *psk_id;
  const char *psk;
  const char *store;
  const char *flash; /* instead of store */

  const char *wav; /* one of these three is set */
  const char *clips;
  bool mic;
  const char *mic_device; /* NULL: ALSA's default */
  const char *playlist;   /* with clips, may be NULL */
  uint32_t seed;
  double speed;
  bool loop;

  bool json;
  bool verbose;
  bool offline;
  bool capture;
  uint32_t capture_slots;
  bool capture_clip_names;
  uint8_t key[OPTIONS_KEYS_MAX][PUBLIC_KEY_SIZE]; /* only models that one of these has signed */
  uint32_t key_count;
  uint32_t window;       /* blocks under way; 0: the SDK's */
  uint32_t keepalive_ms; /* 0: the SDK's */
  uint32_t timeout_ms;   /* 0: the SDK's */
};

/* Exits with 0 after --help, with 2 and one line on stderr when the command
 * line is wrong. */
void options_parse(struct options *options, int argc, char **argv);
#endif
