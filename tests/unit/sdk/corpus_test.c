/* SPDX-License-Identifier: Apache-2.0 */
/* Each file of a fuzz corpus, once, through the fuzz target itself. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(each_file_of_the_corpus_is_taken) {
  DIR *folder = opendir(CORPUS);
  assert_non_null(folder);
  unsigned count = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char path[1024];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
    size_t size;
    uint8_t *data = test_read_file(path, &size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    count++;
  }
  closedir(folder);
  assert_true(count > 0);
}
