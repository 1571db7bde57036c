/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CLI_FOLDER_H
#define TESTS_UNIT_CLI_FOLDER_H
/* Datasets of the tests: a folder in the test's own, filled file by file. */
#include <stddef.h>
#include <stdint.h>

/* "FOLDER/name" of the test's temporary folder; static, eight in turn. */
const char *folder_path(const char *name);
/* Writes a file and the folders above it. */
void folder_put(const char *name, const void *data, size_t size);
void folder_put_text(const char *name, const char *text);
/* A 16-bit mono WAV file of `count` samples, a tone. */
void folder_put_wav(const char *name, uint32_t rate_hz, size_t count);
/* A PGM image. */
void folder_put_grey(const char *name, uint32_t width, uint32_t height, const uint8_t *pixels);
/* Packs a folder with the system's tar: `archive` of `entries` (a shell's
 * words), run inside `folder`. */
void folder_tar(const char *archive, const char *folder, const char *entries);
#endif
