/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit capture play`: a capture's sound as a picture on the terminal, and
 * through whatever player the machine has. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "wit_audio/wav.h"

#define COLUMNS 64

/* Loudest sample of each column, as a bar. */
static void draw(struct cli_session *session, const struct wit_audio_wav *wav) {
  static const char *const bar[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  char line[COLUMNS * 3 + 1] = "";
  int peak[COLUMNS] = {0}, loudest = 1;
  for (size_t i = 0; i < wav->sample_count; i++) {
    int16_t sample = 0;
    wit_audio_wav_read(wav, i, &sample, 1);
    int level = abs((int)sample);
    size_t column = i * COLUMNS / wav->sample_count;
    if (level > peak[column]) peak[column] = level;
    if (level > loudest) loudest = level;
  }
  for (size_t i = 0; i < COLUMNS; i++) strcat(line, bar[peak[i] * 8 / loudest]);
  cli_fact(session, "sound", "%s", line);
  cli_fact(session, "seconds", "%.2f, %u Hz, peak %.0f %%",
           (double)wav->sample_count / wav->sample_rate, (unsigned)wav->sample_rate,
           loudest / 327.68);
}

enum { PLAYED, NOT_INSTALLED, WENT_WRONG };

/* Ctrl-C ends the player and not us: the file has to be removed behind it. */
static int run_player(char *const *words) {
  int wait_status = 0;
  fflush(NULL);
  void (*before)(int) = signal(SIGINT, SIG_IGN);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    execvp(words[0], words);
    _exit(127);
  }
  bool ended = child > 0 && waitpid(child, &wait_status, 0) == child;
  signal(SIGINT, before);
  if (ended && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127) return NOT_INSTALLED;
  bool stopped = ended && WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGINT;
  bool good = ended && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  return good || stopped ? PLAYED : WENT_WRONG;
}

/* The first of these that works; the sound comes by a file, as not each of them
 * reads a pipe. */
static int play_file(struct cli_session *session, const char *path) {
  static const char *const players[][5] = {
      {"pw-play"}, {"paplay"},     {"aplay", "-q"},
      {"afplay"},  {"play", "-q"}, {"ffplay", "-nodisp", "-autoexit", "-loglevel", "error"},
  };
  const char *failed = NULL;
  for (size_t i = 0; i < sizeof players / sizeof players[0]; i++) {
    char *words[7] = {0};
    size_t count = 0;
    for (; count < 5 && players[i][count] != NULL; count++) {
      words[count] = (char *)(uintptr_t)players[i][count]; /* execvp changes nothing */
    }
    words[count] = (char *)(uintptr_t)path;
    int played = run_player(words);
    if (played == PLAYED) return CLI_OK;
    if (played == WENT_WRONG) failed = players[i][0];
  }
  if (failed != NULL) {
    return cli_fail(session, "%s could not play it; save it with `godwit capture download`",
                    failed);
  }
  return cli_fail(session,
                  "no player is installed (aplay, paplay, pw-play, play, ffplay); install one, or "
                  "save it with `godwit capture download`");
}

static int fetch(struct cli_session *session, const json_t *capture, const char *path, void **data,
                 size_t *size) {
  struct cli_address address;
  json_int_t expected = json_integer_value(json_object_get(capture, "size"));
  cli_capture_address(&address, session, cli_argument(session, 0));
  cli_address_plain(&address, "/content");
  int status = cli_api_download_file(session, &address, path, expected);
  return status == CLI_OK ? cli_read_file(session, path, CLI_FILE_MAX, data, size) : status;
}

static int play(struct cli_session *session, const json_t *capture, const char *path) {
  struct wit_audio_wav wav;
  void *data = NULL;
  size_t size;
  int status = fetch(session, capture, path, &data, &size);
  if (status != CLI_OK) return status;
  if (wit_audio_wav_parse(&wav, data, size, 0) == WIT_AUDIO_WAV_OK && wav.sample_count > 0 &&
      wav.sample_rate > 0) {
    draw(session, &wav);
  } else {
    cli_fact(session, "sound", "not drawn: %s that is no WAV of 16 bits",
             cli_text(capture, "contentType"));
  }
  free(data);
  cli_fact(session, "heard", "%s", cli_text(capture, "heard"));
  cli_fact(session, "label", "%s", cli_text(capture, "label"));
  return cli_switch(session, "quiet") ? CLI_OK : play_file(session, path);
}

/* In a folder that nobody else can look into: it is somebody's voice. */
static int play_from_file(struct cli_session *session, const json_t *capture) {
  char folder[256], path[288];
  const char *base = getenv("TMPDIR");
  if (base == NULL || base[0] == 0 || strlen(base) > 200) base = "/tmp";
  snprintf(folder, sizeof folder, "%s/godwit-play-XXXXXX", base);
  if (mkdtemp(folder) == NULL) {
    return cli_fail(session, "cannot make a folder in %s: %s; set TMPDIR to another", base,
                    strerror(errno));
  }
  snprintf(path, sizeof path, "%s/capture%s", folder,
           cli_capture_extension(cli_text(capture, "contentType")));
  int status = play(session, capture, path);
  (void)unlink(path);
  (void)rmdir(folder);
  return status;
}

int cli_capture_play(struct cli_session *session) {
  json_t *capture;
  int status = cli_capture_find(session, cli_argument(session, 0), &capture);
  if (status != CLI_OK) return status;
  const char *type = cli_text(capture, "contentType");
  if (strncmp(type, "audio/", 6) != 0) {
    status = cli_fail(session, "it is %s, no sound; save it with `godwit capture download`", type);
  } else if (session->json) {
    /* One document, as everywhere; whoever reads it sees no picture. */
    cli_print_json(session, capture);
  } else {
    status = play_from_file(session, capture);
  }
  json_decref(capture);
  return status;
}
