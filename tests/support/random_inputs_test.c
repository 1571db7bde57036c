/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with one fuzz target each, where libFuzzer is not at hand. */
#include <stdlib.h>

#include "tests/support/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(ten_thousand_random_inputs_pass) {
  for (int round = 0; round < 10000; round++) {
    size_t size = test_random() % 128;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    for (size_t i = 0; i < size; i++) exact[i] = (uint8_t)test_random();
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
  }
}
