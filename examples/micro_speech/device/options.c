/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/device/collector.h"

static const char help[] =
    "micro_speech: a device that recognises words, and takes new words over the air.\n"
    "\n"
    "usage: micro_speech --psk-id ID@PROJECT --psk KEY (--store DIR | --flash FILE) (--mic | --wav "
    "FILE | --clips "
    "DIR)\n"
    "\n"
    "The server, and who this device is:\n"
    "  --host HOST        name or address of the Godwit server (default 127.0.0.1)\n"
    "  --port N           its CoAP/DTLS port (default 5684)\n"
    "  --psk-id ID        identity, as `godwit device create` shows it\n"
    "  --psk KEY          its pre-shared key; better in the environment: GODWIT_PSK\n"
    "  --store DIR        folder for models and journal: the device's SD card; made when absent\n"
    "  --flash FILE       instead: a raw flash with two slots and a journal in a file, as a board\n"
    "                     without a file system has it; made when absent\n"
    "  --require-signed KEY\n"
    "                     only models signed by this key: a file of `godwit key public`, or its\n"
    "                     128 hexadecimal digits; up to three times (docs/guide/signing.md)\n"
    "  --window N         blocks of a download under way at once (default 16; 1: one by one)\n"
    "  --offline          no network at all: run the model that is in the store\n"
    "\n"
    "What it hears (16 kHz, mono, 16 bits):\n"
    "  --mic[=DEVICE]     a microphone through ALSA; `arecord -L` lists devices\n"
    "  --wav FILE         a recording; --loop plays it again and again\n"
    "  --clips DIR        a stream made of clips, DIR/WORD/*.wav, with noise and silence between\n"
    "  --playlist FILE    with --clips: what a round of the stream consists of, e.g. `yes 2`\n"
    "  --seed N           with --clips: same seed, same stream (default 1)\n"
    "  --speed X          so many times faster than real time (default 1; not with --mic)\n"
    "\n"
    "What it sends for the next model's training (docs/guide/capture.md):\n"
    "  --capture          clips that the model is unsure of, as the server's settings\n"
    "                     CAPTURE_ENABLED, CAPTURE_PER_DAY, CAPTURE_BAND_LOW, CAPTURE_BAND_HIGH\n"
    "                     and CAPTURE_ONE_IN say, or its call `capture [SECONDS]`; nothing\n"
    "                     before CAPTURE_ENABLED is true\n"
    "  --capture-slots N  captures that may wait for the network (default 4, 160 KB each)\n"
    "  --capture-clip-names\n"
    "                     with --clips: tells the server which clip was playing; only for\n"
    "                     demonstrations, where file names stand for a person who labels\n"
    "\n"
    "What it says (one line on stdout for each event):\n"
    "  --json             as JSON objects, with all their numbers\n"
    "  --verbose          log lines of the SDK too, on stderr\n"
    "\n"
    "Network times:\n"
    "  --keepalive-ms N   ping the server after so much silence (default 20000)\n"
    "  --timeout-ms N     no answer for so long: reconnect (default 10000)\n"
    "\n"
    "A first run, against a server of your own:\n"
    "  godwit device create desk             shows identity and key\n"
    "  GODWIT_PSK=KEY micro_speech --psk-id desk@default --store desk-store --mic\n"
    "It hears nothing until a release brings its first model:\n"
    "  godwit artifact upload model.tflite --package model --version 1.0.0\n"
    "  godwit release create --artifact model@1.0.0 --rollout\n";

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("micro_speech: ", stderr);
  vfprintf(stderr, format, arguments);
  fputs("; micro_speech --help tells more\n", stderr);
  va_end(arguments);
  exit(2);
}

static uint32_t number(const char *name, const char *text, uint32_t low, uint32_t high) {
  char *end;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < low || value > high) {
    wrong("--%s %s: expected a number from %u to %u", name, text, low, high);
  }
  return (uint32_t)value;
}

static double speed_factor(const char *text) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= 0.1 && value <= 100)) {
    wrong("--speed %s: expected a number from 0.1 to 100", text);
  }
  return value;
}

enum {
  HOST,
  PORT,
  PSK_ID,
  PSK,
  STORE,
  FLASH,
  REQUIRE_SIGNED,
  WINDOW,
  OFFLINE,
  MIC,
  WAV,
  LOOP,
  CLIPS,
  PLAYLIST,
  SEED,
  SPEED,
  CAPTURE,
  CAPTURE_SLOTS,
  CAPTURE_CLIP_NAMES,
  JSON,
  VERBOSE,
  KEEPALIVE,
  TIMEOUT,
  HELP
};

static const struct option long_options[] = {
    [HOST] = {"host", required_argument, NULL, HOST},
    [PORT] = {"port", required_argument, NULL, PORT},
    [PSK_ID] = {"psk-id", required_argument, NULL, PSK_ID},
    [PSK] = {"psk", required_argument, NULL, PSK},
    [STORE] = {"store", required_argument, NULL, STORE},
    [FLASH] = {"flash", required_argument, NULL, FLASH},
    [REQUIRE_SIGNED] = {"require-signed", required_argument, NULL, REQUIRE_SIGNED},
    [WINDOW] = {"window", required_argument, NULL, WINDOW},
    [OFFLINE] = {"offline", no_argument, NULL, OFFLINE},
    [MIC] = {"mic", optional_argument, NULL, MIC},
    [WAV] = {"wav", required_argument, NULL, WAV},
    [LOOP] = {"loop", no_argument, NULL, LOOP},
    [CLIPS] = {"clips", required_argument, NULL, CLIPS},
    [PLAYLIST] = {"playlist", required_argument, NULL, PLAYLIST},
    [SEED] = {"seed", required_argument, NULL, SEED},
    [SPEED] = {"speed", required_argument, NULL, SPEED},
    [CAPTURE] = {"capture", no_argument, NULL, CAPTURE},
    [CAPTURE_SLOTS] = {"capture-slots", required_argument, NULL, CAPTURE_SLOTS},
    [CAPTURE_CLIP_NAMES] = {"capture-clip-names", no_argument, NULL, CAPTURE_CLIP_NAMES},
    [JSON] = {"json", no_argument, NULL, JSON},
    [VERBOSE] = {"verbose", no_argument, NULL, VERBOSE},
    [KEEPALIVE] = {"keepalive-ms", required_argument, NULL, KEEPALIVE},
    [TIMEOUT] = {"timeout-ms", required_argument, NULL, TIMEOUT},
    [HELP] = {"help", no_argument, NULL, HELP},
    {0},
};

static void take_key(struct options *options, const char *text) {
  if (options->key_count == OPTIONS_KEYS_MAX) wrong("--require-signed: three keys at most");
  if (!public_key_read(text, options->key[options->key_count++])) {
    wrong("--require-signed %s: expected a file that `godwit key public` wrote", text);
  }
}

static void take_option(struct options *options, int which) {
  switch (which) {
    case HOST:
      options->host = optarg;
      break;
    case PORT:
      options->port = (uint16_t)number("port", optarg, 1, 65535);
      break;
    case PSK_ID:
      options->psk_id = optarg;
      break;
    case PSK:
      options->psk = optarg;
      break;
    case STORE:
      options->store = optarg;
      break;
    case FLASH:
      options->flash = optarg;
      break;
    case REQUIRE_SIGNED:
      take_key(options, optarg);
      break;
    case WINDOW:
      options->window = number("window", optarg, 1, 16);
      break;
    case OFFLINE:
      options->offline = true;
      break;
    case MIC:
      options->mic = true;
      options->mic_device = optarg;
      break;
    case WAV:
      options->wav = optarg;
      break;
    case LOOP:
      options->loop = true;
      break;
    case CLIPS:
      options->clips = optarg;
      break;
    case PLAYLIST:
      options->playlist = optarg;
      break;
    case SEED:
      options->seed = number("seed", optarg, 0, UINT32_MAX);
      break;
    case SPEED:
      options->speed = speed_factor(optarg);
      break;
    case CAPTURE:
      options->capture = true;
      break;
    case CAPTURE_SLOTS:
      options->capture_slots = number("capture-slots", optarg, 1, COLLECTOR_SLOTS_MAX);
      break;
    case CAPTURE_CLIP_NAMES:
      options->capture_clip_names = true;
      break;
    case JSON:
      options->json = true;
      break;
    case VERBOSE:
      options->verbose = true;
      break;
    case KEEPALIVE:
      options->keepalive_ms = number("keepalive-ms", optarg, 100, 3600000);
      break;
    case TIMEOUT:
      options->timeout_ms = number("timeout-ms", optarg, 100, 3600000);
      break;
    case HELP:
      fputs(help, stdout);
      exit(0);
    default:
      break;
  }
}

static void check(const struct options *options) {
  if (!options->store && !options->flash) {
    wrong("--store is missing, or --flash: where shall models be kept?");
  }
  if (options->store && options->flash) wrong("--store and --flash: choose one of them");
  if (options->capture && !options->store) wrong("--capture needs --store");
  if (!options->offline &&
      (!options->psk_id || !options->psk || !*options->psk_id || !*options->psk)) {
    wrong("--psk-id or --psk (or GODWIT_PSK) is missing: who is this device?");
  }
  if (options->mic + !!options->wav + !!options->clips != 1) {
    wrong("choose one of --mic, --wav and --clips: what shall it listen to?");
  }
  if (options->playlist && !options->clips) wrong("--playlist needs --clips");
  if (options->capture && options->offline) wrong("--capture needs a server: not with --offline");
  if (options->capture_clip_names && !(options->capture && options->clips)) {
    wrong("--capture-clip-names needs --capture and --clips");
  }
  if (options->mic && options->speed != 1) wrong("--speed does not go with --mic");
}

void options_parse(struct options *options, int argc, char **argv) {
  *options = (struct options){.host = "127.0.0.1",
                              .port = 5684,
                              .seed = 1,
                              .speed = 1,
                              .capture_slots = 4,
                              .psk = getenv("GODWIT_PSK")};
  int which;
  opterr = 0;
  while ((which = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
    if (which == '?') wrong("%s: no such option, or its value is missing", argv[optind - 1]);
    take_option(options, which);
  }
  if (optind < argc) wrong("%s: what is this?", argv[optind]);
  check(options);
}
