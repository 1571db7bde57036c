/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of the fuzz corpus, once, through the fuzz target itself. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_file_of_the_tflite_corpus_is_survived) {
  const char *folder = GODWIT_SOURCE_DIR "/tests/fuzz/corpus/tflite";
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  size_t files = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.') continue;
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    uint8_t *data = test_read_file(path, &size);
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
    free(exact);
    free(data);
    files++;
  }
  closedir(directory);
  assert_true(files >= 20);
}
