/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_DELTA_CORPUS_H
#define TESTS_BENCH_DELTA_CORPUS_H
/* What happens to models between two releases, made by this project's own
 * training from its own clips, the same each time: a base, and what became of it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELTA_CORPUS_MAX 20

struct delta_file {
  uint8_t *data;
  size_t size;
};

struct delta_pair {
  const char *name; /* static */
  struct delta_file base, result;
};

struct delta_corpus {
  struct delta_pair pair[DELTA_CORPUS_MAX];
  size_t count;
};

/* Takes about a minute. `models`: a folder with larger models of others, some of
 * which may be absent. Prints what fails and returns false. */
bool delta_corpus_make(struct delta_corpus *corpus, const char *clips, const char *own_models,
                       const char *models);
void delta_corpus_free(struct delta_corpus *corpus);
#endif
