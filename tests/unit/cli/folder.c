/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cli/folder.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "tests/support/test.h"
#include "wit_audio/wav.h"

const char *folder_path(const char *name) {
  static char text[8][1200];
  static unsigned next;
  char *out = text[next++ % 8];
  snprintf(out, sizeof text[0], "%s/%s", test_temporary_folder(), name);
  return out;
}

void folder_put(const char *name, const void *data, size_t size) {
  char path[1200];
  snprintf(path, sizeof path, "%s", folder_path(name));
  for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = 0;
    mkdir(path, 0755);
    *slash = '/';
  }
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

void folder_put_text(const char *name, const char *text) { folder_put(name, text, strlen(text)); }

void folder_put_wav(const char *name, uint32_t rate_hz, size_t count) {
  uint8_t *file = malloc(WIT_AUDIO_WAV_HEADER_BYTES + 2 * count);
  assert_non_null(file);
  wit_audio_wav_write_header(file, rate_hz, count);
  for (size_t i = 0; i < count; i++) {
    int16_t sample = (int16_t)(8000 * (int)(i % 32) / 32);
    wit_audio_wav_write_sample(file + WIT_AUDIO_WAV_HEADER_BYTES + 2 * i, sample);
  }
  folder_put(name, file, WIT_AUDIO_WAV_HEADER_BYTES + 2 * count);
  free(file);
}

void folder_put_grey(const char *name, uint32_t width, uint32_t height, const uint8_t *pixels) {
  uint8_t file[4096];
  size_t size = (size_t)snprintf((char *)file, sizeof file, "P5\n%u %u\n255\n", width, height);
  assert_true(size + (size_t)width * height <= sizeof file);
  memcpy(file + size, pixels, (size_t)width * height);
  folder_put(name, file, size + (size_t)width * height);
}

void folder_tar(const char *archive, const char *folder, const char *entries) {
  char command[4000];
  snprintf(command, sizeof command, "tar --format=ustar -C '%s' -cf '%s' %s", folder_path(folder),
           folder_path(archive), entries);
  assert_int_equal(system(command), 0);
}
