/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with one fuzz target each: its corpus, which holds every input that
 * ever broke it, runs through it once. */
#include <dirent.h>

#include "tests/unit/wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(every_file_of_the_corpus_passes) {
  DIR *folder = opendir(CORPUS);
  size_t count = 0;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char path[1024];
    size_t size;
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
    uint8_t *file = test_read_file(path, &size);
    struct bytes input = bytes_copy(file, size);
    print_message("%s\n", path);
    LLVMFuzzerTestOneInput(input.data, input.size);
    bytes_free(input);
    free(file);
    count++;
  }
  closedir(folder);
  assert_true(count >= 5);
}

TEST(ten_thousand_random_inputs_pass) {
  for (int round = 0; round < 10000; round++) {
    uint8_t noise[128];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)test_random();
    struct bytes input = bytes_copy(noise, test_random() % sizeof noise);
    LLVMFuzzerTestOneInput(input.data, input.size);
    bytes_free(input);
  }
}
