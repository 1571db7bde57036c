/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_GOLDEN_RUNTIME_RUN_H
#define TESTS_GOLDEN_RUNTIME_RUN_H
/* A model and its arena, each in a heap block of exactly its size, so that a
 * sanitizer sees the first byte outside. */
#include <jansson.h>

#include "wit/wit.h"

struct run {
  void *block; /* of the file */
  void *arena;
  struct wit_model model;
  struct wit_interpreter *interpreter;
  struct wit_error error;
};

/* Takes a copy of the file, `offset` bytes off a multiple of 16. Returns the status of opening, of
 * the size query (WIT_ERR_ARENA is what that is to say) or of preparing; on WIT_OK the model runs.
 * Always to be closed. */
int run_open_at(struct run *run, const uint8_t *file, size_t size, size_t offset);
int run_open(struct run *run, const uint8_t *file, size_t size);
void run_close(struct run *run);

/* How far an output may be from the golden one. */
struct tolerance {
  bool exact;
  double ulp; /* for float32, where not exact: any of the bounds suffices */
  double absolute;
  double relative; /* to the largest absolute value of the golden output */
};
/* Bytes [skip_begin, skip_end) are not compared. Returns the number of
 * elements that differ. */
size_t compare_output(enum wit_type type, const uint8_t *got, const uint8_t *golden, size_t size,
                      const struct tolerance *tolerance, const bool *skip);

/* The whole file, or the test fails. */
json_t *read_json(const char *path);
const char *json_text(const json_t *object, const char *key);
#endif
