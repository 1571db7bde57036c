/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit capture play`: a capture's sound as a picture on the terminal, and
 * through whatever player the machine has. */
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

/* The first of these that is installed; the sound comes by a file, as not each
 * of them reads a pipe. */
static int play_file(struct cli_session *session, const char *path) {
  static const char *const players[][6] = {
      {"pw-play", "FILE", NULL},     {"paplay", "FILE", NULL},
      {"aplay", "-q", "FILE", NULL}, {"afplay", "FILE", NULL},
      {"play", "-q", "FILE", NULL},  {"ffplay", "-nodisp", "-autoexit", "-loglevel", "error"},
  };
  for (size_t i = 0; i < sizeof players / sizeof players[0]; i++) {
    char *argument[8] = {0};
    size_t count = 0;
    bool named = false;
    for (; count < 6 && players[i][count] != NULL; count++) {
      named |= strcmp(players[i][count], "FILE") == 0;
      argument[count] =
          (char *)(uintptr_t)(strcmp(players[i][count], "FILE") == 0 ? path : players[i][count]);
    }
    if (!named) argument[count] = (char *)(uintptr_t)path;
    int wait_status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
      execvp(argument[0], argument);
      _exit(127);
    }
    if (child < 0 || waitpid(child, &wait_status, 0) != child) break;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127) continue; /* not installed */
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return CLI_OK;
    return cli_fail(session, "%s could not play it; save it with `godwit capture download`",
                    players[i][0]);
  }
  return cli_fail(session,
                  "no player is installed (aplay, paplay, pw-play, play, ffplay); install one, or "
                  "save it with `godwit capture download`");
}

static int fetch(struct cli_session *session, const char *id, const char *path, void **data,
                 size_t *size) {
  struct cli_address address;
  cli_capture_address(&address, session, id);
  cli_address_plain(&address, "/content");
  int status = cli_api_download_file(session, &address, path, -1);
  return status == CLI_OK ? cli_read_file(session, path, CLI_FILE_MAX, data, size) : status;
}

static int play(struct cli_session *session, const json_t *capture, const char *path) {
  struct wit_audio_wav wav;
  void *data = NULL;
  size_t size;
  const char *type = cli_text(capture, "contentType");
  if (strncmp(type, "audio/", 6) != 0) {
    return cli_fail(session, "it is %s, no sound; save it with `godwit capture download`", type);
  }
  int status = fetch(session, cli_text(capture, "id"), path, &data, &size);
  if (status != CLI_OK) return status;
  if (wit_audio_wav_parse(&wav, data, size, 0) == WIT_AUDIO_WAV_OK && wav.sample_count > 0 &&
      wav.sample_rate > 0) {
    draw(session, &wav);
  }
  free(data);
  cli_fact(session, "heard", "%s", cli_text(capture, "heard"));
  cli_fact(session, "label", "%s", cli_text(capture, "label"));
  return cli_switch(session, "quiet") ? CLI_OK : play_file(session, path);
}

int cli_capture_play(struct cli_session *session) {
  char folder[] = "/tmp/godwit-play-XXXXXX", path[64];
  json_t *capture;
  int status = cli_capture_find(session, cli_argument(session, 0), &capture);
  if (status != CLI_OK) return status;
  if (mkdtemp(folder) == NULL) {
    json_decref(capture);
    return cli_fail(session, "cannot make a folder in /tmp; free some space there");
  }
  snprintf(path, sizeof path, "%s/capture%s", folder,
           cli_capture_extension(cli_text(capture, "contentType")));
  status = play(session, capture, path);
  (void)unlink(path);
  (void)rmdir(folder);
  json_decref(capture);
  return status;
}
