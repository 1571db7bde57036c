/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TESTS_MAX 512
#define EXIT_SKIPPED 77 /* SKIP_RETURN_CODE in cmake/GodwitTest.cmake */

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static const char *program;
static const char *running;

void test_register(const char *sentence, void (*function)(void **)) {
  if (test_count == TESTS_MAX) abort();
  tests[test_count++] = (struct CMUnitTest){.name = sentence, .test_func = function};
}

_Noreturn void test_skip(const char *why) {
  printf("skipped: %s\n", why);
  fflush(stdout);
  _exit(EXIT_SKIPPED);
}

const char *test_shared_data(const char *relative_path) {
  static char paths[4][1024];
  static unsigned next;
  struct stat status;
  if (stat(GODWIT_SHARED_DATA_FOLDER, &status) != 0) test_skip("no ../shared/data");
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", GODWIT_SHARED_DATA_FOLDER, relative_path);
  return path;
}

static _Noreturn void give_up(const char *what, const char *path) {
  fail_msg("cannot %s %s: %s", what, path, strerror(errno));
  abort(); /* cmocka does not tell compilers that it never returns */
}

uint8_t *test_read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) give_up("open", path);
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  uint8_t *data = malloc((size_t)length + 1);
  if (!data || fread(data, 1, (size_t)length, file) != (size_t)length) give_up("read", path);
  data[length] = 0;
  fclose(file);
  *size = (size_t)length;
  return data;
}

static char temporary_folder[1024];
static pid_t temporary_owner;

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *ftw) {
  (void)status;
  (void)flag;
  (void)ftw;
  return remove(path);
}

static void remove_temporary_folder(void) {
  if (getpid() == temporary_owner) nftw(temporary_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_temporary_folder(void) {
  if (temporary_folder[0] && getpid() == temporary_owner) return temporary_folder;
  const char *base = getenv("TMPDIR");
  snprintf(temporary_folder, sizeof temporary_folder, "%s/godwit-test-XXXXXX",
           base ? base : "/tmp");
  if (!mkdtemp(temporary_folder)) give_up("make", temporary_folder);
  temporary_owner = getpid();
  atexit(remove_temporary_folder);
  return temporary_folder;
}

uint32_t test_random(void) {
  static uint32_t state;
  if (state == 0) {
    const char *given = getenv("GODWIT_TEST_SEED");
    state = given ? (uint32_t)strtoul(given, NULL, 0) : (uint32_t)time(NULL) * 2654435761u;
    if (state == 0) state = 1;
    printf("seed %u; repeat with: GODWIT_TEST_SEED=%u %s %s\n", state, state, program,
           running ? running : "");
  }
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1) {
    running = argv[1];
    for (size_t i = 0; i < test_count; i++) {
      if (strcmp(tests[i].name, running) == 0) {
        return _cmocka_run_group_tests(running, &tests[i], 1, NULL, NULL) ? 1 : 0;
      }
    }
    fprintf(stderr, "%s: no test is called %s\n", argv[0], running);
    return 2;
  }
  return _cmocka_run_group_tests("all", tests, test_count, NULL, NULL) ? 1 : 0;
}
