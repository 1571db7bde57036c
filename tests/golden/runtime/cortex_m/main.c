/* SPDX-License-Identifier: Apache-2.0 */
/* The example's two models, side by side in one arena on a Cortex-M4F, each held
 * to the self-test that it carries: made on a 64-bit machine, bit for bit the
 * same here. Output over semihosting; cortex_m.py builds, runs and judges. */
#include <stdio.h>
#include <stdlib.h>

#include "wit/self_test.h"

#define MODEL(name, file)                                                                          \
  __asm__(".section .rodata\n.balign 16\n.global " name "_begin\n" name "_begin:\n.incbin \"" file \
          "\"\n"                                                                                   \
          ".global " name "_end\n" name "_end:\n.text\n")
MODEL("yes_no", MODELS "/yes_no.tflite");
MODEL("yes_no_stop_go", MODELS "/yes_no_stop_go.tflite");
extern const uint8_t yes_no_begin[], yes_no_end[], yes_no_stop_go_begin[], yes_no_stop_go_end[];

static _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[32768];

static void need(int status, const struct wit_error *error) {
  if (status == WIT_OK) return;
  printf("failed: %s\n", error->message);
  exit(1);
}

static void test(const char *name, struct wit_interpreter *interpreter,
                 const struct wit_model *model) {
  struct wit_self_test_report report;
  struct wit_error error;
  need(wit_self_test_run(interpreter, model, NULL, &report, &error), &error);
  printf("%s: %u of %u cases, arena %u, stated %u\n", name, (unsigned)report.cases_passed,
         (unsigned)report.case_count, (unsigned)report.arena_used, (unsigned)report.arena_stated);
}

int main(void) {
  struct wit_model a, b;
  struct wit_error error;
  struct wit_two two;
  struct wit_interpreter *first, *second;
  need(wit_model_open(&a, yes_no_begin, (size_t)(yes_no_end - yes_no_begin), &error), &error);
  need(wit_model_open(&b, yes_no_stop_go_begin, (size_t)(yes_no_stop_go_end - yes_no_stop_go_begin),
                      &error),
       &error);
  need(wit_plan_two(&a, &b, &wit_ops_all, &two, &error), &error);
  need(wit_interpreter_init(&first, &a, &wit_ops_all, arena, two.together_bytes, &error), &error);
  need(wit_interpreter_init_beside(&second, &b, &wit_ops_all, arena, two.together_bytes, first,
                                   &error),
       &error);
  for (int turn = 0; turn < 2; turn++) {
    test("yes_no", first, &a);
    test("yes_no_stop_go", second, &b);
  }
  printf("together %u bytes, apart %u, one alone %u\n", (unsigned)two.together_bytes,
         (unsigned)two.apart_bytes, (unsigned)two.alone_bytes[0]);
  return 0;
}

/* ---- start-up of QEMU's mps2-an386 ------------------------------------------------ */

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define FPU_ACCESS (0xfu << 20)

void initialise_monitor_handles(void); /* of newlib: semihosting */
void reset(void);
extern uint32_t stack_top; /* board.ld */

void reset(void) {
  CPACR |= FPU_ACCESS;
  __asm__ volatile("dsb\nisb");
  initialise_monitor_handles();
  exit(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {&stack_top,
                                                                                   reset};
