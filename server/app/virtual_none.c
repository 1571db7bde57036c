/* SPDX-License-Identifier: Apache-2.0 */
/* For builds without virtual/ (GODWIT_PARTS). */
#include <stdio.h>

#include "virtual/virtual.h"

const bool virt_is_built = false;

int virt_main(int argc, char **argv) {
  (void)argc;
  (void)argv;
  fputs("godwit: this build has no virtual device: build it with all parts\n", stderr);
  return 1;
}

bool virt_example(size_t index, struct virt_example *out) {
  (void)index;
  (void)out;
  return false;
}
