/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with one fuzz target each: its corpus CORPUS, which holds every input
 * that ever broke it, runs through it once. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Behind its last byte begins what AddressSanitizer watches. */
static void run(const char *path) {
  size_t size;
  uint8_t *file = test_read_file(path, &size), *exact = malloc(size > 0 ? size : 1);
  assert_non_null(exact);
  if (size > 0) memcpy(exact, file, size);
  free(file);
  print_message("%s\n", path);
  assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
  free(exact);
}

TEST(every_file_of_the_corpus_passes) {
  DIR *folder = opendir(CORPUS);
  size_t count = 0;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char path[1024];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
    run(path);
    count++;
  }
  closedir(folder);
  assert_true(count > 0);
}
