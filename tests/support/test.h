/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H
/* A test is a sentence:
 *
 *   TEST(ota_resumes_after_power_loss_mid_block) { assert_int_equal(...); }
 *
 * The line must start with TEST( so that CMake finds it (cmake/GodwitTest.cmake);
 * each runs as its own process: `test_unit_wire_coap SENTENCE`, or all of them
 * without an argument. Assertions are cmocka's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TEST(sentence)                                                 \
  static void sentence(void **state);                                  \
  __attribute__((constructor)) static void register_##sentence(void) { \
    test_register(#sentence, sentence);                                \
  }                                                                    \
  static void sentence(void **state __attribute__((unused)))

void test_register(const char *sentence, void (*function)(void **));

/* Ends the whole test as skipped and says why. */
_Noreturn void test_skip(const char *why);

/* Path inside ../shared/data; skips the test ("skipped: no ../shared/data")
 * where the folder is absent. Static storage, overwritten by the fourth call
 * after. */
const char *test_shared_data(const char *relative_path);

/* Whole file into a malloc'd buffer (with a NUL behind it); fails the test when
 * it cannot be read. */
uint8_t *test_read_file(const char *path, size_t *size);

/* A fresh folder below $TMPDIR, removed when the test process ends well. */
const char *test_temporary_folder(void);

/* xorshift32 of a printed seed (GODWIT_TEST_SEED repeats a run). */
uint32_t test_random(void);
#endif
