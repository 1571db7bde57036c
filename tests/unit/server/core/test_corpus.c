/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzz target's corpus, each file once. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_capture_of_the_fuzz_corpus_is_read) {
  const char *folder = GODWIT_SOURCE_DIR "/tests/fuzz/corpus/capture";
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char path[1024];
    size_t size;
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    uint8_t *data = test_read_file(path, &size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    count++;
  }
  closedir(directory);
  assert_true(count > 20);
}
