/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_WAV_FILE_H
#define MICRO_SPEECH_WAV_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Loads a 16 kHz mono WAV file of at most seconds_max. *samples is malloc'd,
 * the caller's. False: `error` says what is wrong with which file. */
bool wav_file_load(const char *path, unsigned seconds_max, int16_t **samples, size_t *count,
                   char *error, size_t error_size);
#endif
