/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test run by wit itself; apart, so that another runtime's does not
 * link the interpreter. */
#include "runtime/src/interpreter.h"
#include "wit/self_test.h"

static void *input_of(void *arg, size_t index) { return wit_interpreter_input(arg, index)->data; }

static const void *output_of(void *arg, size_t index) {
  return wit_interpreter_output(arg, index)->data;
}

static int invoke(void *arg) { return wit_interpreter_invoke(arg, NULL); }

static void reset(void *arg) { wit_interpreter_reset(arg); }

int wit_self_test_begin(struct wit_self_test *test, struct wit_interpreter *interpreter,
                        const struct wit_model *model, const struct wit_self_test_clock *clock,
                        struct wit_error *error) {
  const struct wit_self_test_runner runner = {
      .input = input_of,
      .output = output_of,
      .invoke = invoke,
      .reset = reset,
      .arg = interpreter,
      .arena_used = wit_interpreter_arena_used(interpreter),
      .arena_copies = interpreter->copied_bytes,
      .cost = wit_interpreter_cost(interpreter),
  };
  return wit_self_test_begin_with(test, &runner, model, clock, error);
}

int wit_self_test_run(struct wit_interpreter *interpreter, const struct wit_model *model,
                      const struct wit_self_test_clock *clock, struct wit_self_test_report *out,
                      struct wit_error *error) {
  struct wit_self_test test;
  int status = wit_self_test_begin(&test, interpreter, model, clock, error);
  if (status == WIT_OK) status = WIT_SELF_TEST_MORE;
  while (status == WIT_SELF_TEST_MORE) status = wit_self_test_step(&test, error);
  if (out) *out = test.report;
  return status;
}
