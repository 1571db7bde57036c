/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>

TEST(tables_are_what_their_generator_prints) {
  char path[1024];
  size_t printed_size, committed_size;
  snprintf(path, sizeof path, "%s/tables.c", test_temporary_folder());
  char command[4096];
  snprintf(command, sizeof command, "'%s' > '%s'", MAKE_TABLES, path);
  assert_int_equal(system(command), 0);
  uint8_t *printed = test_read_file(path, &printed_size);
  uint8_t *committed = test_read_file(GODWIT_SOURCE_DIR "/features/src/tables.c", &committed_size);
  assert_int_equal(printed_size, committed_size);
  assert_memory_equal(printed, committed, printed_size);
  free(printed);
  free(committed);
}
