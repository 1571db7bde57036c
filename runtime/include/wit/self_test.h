/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_SELF_TEST_H
#define WIT_SELF_TEST_H
/* The self-test that a model carries (metadata "godwit.selftest", written by
 * `godwit model pack`; docs/spec/model.md has the bytes): is this the model that
 * was packed, and does it compute on this device, with these kernels, what it
 * computed where it was packed?
 *
 *   - the graph: a checksum over every tensor (shape, type, scales, zero points,
 *     weights) and what connects them. A weight that was changed after packing
 *     shows, whatever it does to the outputs.
 *   - the outputs: each case's input is put in, what comes out must be what is
 *     stored, within the tolerance that is stored with it (0: bit-exact), and
 *     the highest score must belong to the label that the case names, by its
 *     text. Labels in another order show.
 *   - the arena: what the interpreter uses must not be more than the model says
 *     that it needs ("godwit.arena").
 *   - the time, where a clock is given: the fastest inference must keep the
 *     model's limit and the application's.
 *
 * A device tests a candidate beside the model that works, so the test comes in
 * steps, each at most one inference or 16 KB of checksum:
 *
 *   status = wit_self_test_begin(&test, interpreter, &model, NULL, &error);
 *   while (status == WIT_OK && (status = wit_self_test_step(&test, &error)) == WIT_SELF_TEST_MORE)
 * { status = WIT_OK;
 *     ... listen ...
 *   }
 *
 * The metadata is input like the rest of the file: all of it is checked before
 * the first case runs. Memory: the caller's; nothing is allocated. The
 * interpreter is the test's until it ended: its inputs, outputs and variable
 * tensors are overwritten, and reset at the end. */
#include "wit/wit.h"

#define WIT_SELF_TEST_METADATA "godwit.selftest"
#define WIT_ARENA_METADATA "godwit.arena"
#define WIT_SELF_TEST_CASES_MAX 64u
#define WIT_SELF_TEST_MORE 1 /* a step's answer: call again */

struct wit_self_test_clock {
  uint64_t (*now_us)(void *arg); /* any start, never backwards */
  void *arg;
  /* Of one inference, what the application can bear, e.g. the time between two
   * windows; 0: the model's own limit alone. The lower one counts. */
  uint32_t limit_us;
};

/* What runs the model: wit's interpreter, or another runtime, which can so be
 * held to the same test. Tensors are those that the model declares, by index. */
struct wit_self_test_runner {
  void *(*input)(void *arg, size_t index);        /* its bytes, to be written; never NULL */
  const void *(*output)(void *arg, size_t index); /* its bytes after invoke */
  int (*invoke)(void *arg);                       /* 0: it ran */
  void (*reset)(void *arg);                       /* variable tensors to their start; may be NULL */
  void *arg;
  size_t arena_used; /* bytes; 0: not known, and not tested */
  /* Of them those that another place of the file in memory would save; not
   * held against the model. */
  size_t arena_copies;
  uint64_t cost; /* multiply-accumulates of one invoke, for the report; 0: not known */
};

/* What the file says of its test. */
struct wit_self_test_info {
  uint32_t case_count;
  size_t size_bytes;       /* of the metadata entry */
  uint32_t tolerance;      /* largest difference of an integer output element */
  float tolerance_float;   /* of a float32 one */
  uint32_t limit_us;       /* of one inference; 0: none */
  uint64_t cost;           /* multiply-accumulates of one inference where it was packed */
  uint32_t graph_checksum; /* wit_graph_checksum of what was packed */
  size_t arena_bytes;      /* "godwit.arena"; 0: not said */
};
/* WIT_OK: present and sound for this model's tensors and labels. WIT_ERR_NO_TEST:
 * it carries none. WIT_ERR_MALFORMED: what is there cannot be used. */
int wit_self_test_info(const struct wit_model *model, struct wit_self_test_info *out,
                       struct wit_error *error);
/* The label that case `index` expects, borrowed, not NUL-terminated, length 0
 * where it names none; false past the end, or without a sound test. */
bool wit_self_test_label(const struct wit_model *model, size_t index, const char **text,
                         size_t *length);

/* What came of it so far. */
struct wit_self_test_report {
  uint32_t case_count;
  uint32_t cases_passed;
  uint32_t largest_difference; /* of an integer output element */
  uint32_t fastest_us;         /* of one inference; 0 without a clock */
  uint32_t slowest_us;
  uint64_t cost;       /* multiply-accumulates of one inference here */
  size_t arena_used;   /* bytes */
  size_t arena_stated; /* 0: not said */
};

/* Treat the fields as private, but for `report`. */
struct wit_self_test {
  struct wit_self_test_report report;
  struct wit_self_test_runner runner;
  const struct wit_model *model;
  const struct wit_self_test_clock *clock;
  struct wit_self_test_info info;
  const uint8_t *next_case;
  uint32_t item;    /* of the graph's checksum: tensors, then operators */
  uint32_t segment; /* of the item */
  uint32_t offset;  /* in the segment */
  uint32_t checksum;
  uint64_t budget; /* bytes that the checksum may still read */
};

/* Checks what the model carries, and the arena. `interpreter` is prepared from
 * `model`; clock may be NULL and is borrowed until the test ended. WIT_OK; or
 * WIT_ERR_NO_TEST, WIT_ERR_MALFORMED, WIT_ERR_TEST_ARENA. */
int wit_self_test_begin(struct wit_self_test *test, struct wit_interpreter *interpreter,
                        const struct wit_model *model, const struct wit_self_test_clock *clock,
                        struct wit_error *error);
/* The same with another runtime, which has loaded the same bytes. The runner is
 * copied. Links nothing of wit but what reads and verifies models. */
int wit_self_test_begin_with(struct wit_self_test *test, const struct wit_self_test_runner *runner,
                             const struct wit_model *model, const struct wit_self_test_clock *clock,
                             struct wit_error *error);
/* WIT_SELF_TEST_MORE: call again. WIT_OK: passed. WIT_ERR_TEST_OUTPUT: other
 * weights, outputs or label, the message says which and by how much.
 * WIT_ERR_TEST_TIME. WIT_ERR_RUNTIME: an op refused its input. */
int wit_self_test_step(struct wit_self_test *test, struct wit_error *error);
/* All of it at once; `out` may be NULL. */
int wit_self_test_run(struct wit_interpreter *interpreter, const struct wit_model *model,
                      const struct wit_self_test_clock *clock, struct wit_self_test_report *out,
                      struct wit_error *error);

/* CRC-32 over the tensors and operators of subgraph 0: what the packer stores.
 * WIT_ERR_MALFORMED where tensors share their bytes so often that reading them
 * would take four times the file. */
int wit_graph_checksum(const struct wit_model *model, uint32_t *checksum, struct wit_error *error);
#endif
