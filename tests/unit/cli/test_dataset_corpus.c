/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of a fuzz corpus once through its fuzz target. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_file_of_the_corpus_passes) {
  DIR *folder = opendir(CORPUS);
  assert_non_null(folder);
  size_t files = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
    uint8_t *data = test_read_file(path, &size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    files++;
  }
  closedir(folder);
  assert_true(files >= 10);
}
