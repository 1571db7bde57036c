/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLES_TFLM_ADAPTER_TFLM_ADAPTER_H
#define EXAMPLES_TFLM_ADAPTER_TFLM_ADAPTER_H
// The updater's four functions (struct godwit_model_ops) for TensorFlow Lite
// Micro: two models, an arena each, one of them at work.
//
//   TflmAdapter adapter(config, resolver);
//   updater_config.ops = adapter.ops();
//   ...
//   adapter.Run(input, scores);   // the active model, whichever that is now
//
// TFLM trusts the files that it is given. So wit's reader verifies the container
// first (offsets, tensors, buffers), and wit's self-test, which runs on any
// runtime, holds what TFLM computes against what the model carries: of wit only
// the reader is linked, no kernel.
//
// Memory: arenas and model bytes are the caller's; nothing is allocated. One
// thread, that of the updater.
#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"

extern "C" {
#include "godwit/updater.h"
#include "wit/self_test.h"
#include "wit/wit.h"
}

class TflmAdapter {
 public:
  struct Config {
    uint8_t *arena[2];   // aligned to 16
    size_t arena_bytes;  // of each
    size_t input_bytes;  // of the one int8 input that this application fills
    size_t labels_min;   // scores that it can deal with
    size_t labels_max;
    const wit_self_test_clock *clock;  // nullptr: inferences are not timed
  };

  TflmAdapter(const Config &config, const tflite::MicroOpResolver &resolver)
      : config_(config), resolver_(resolver) {}
  ~TflmAdapter();
  TflmAdapter(const TflmAdapter &) = delete;
  TflmAdapter &operator=(const TflmAdapter &) = delete;

  // To be given to the updater; valid as long as the adapter.
  godwit_model_ops ops();

  // One inference of the active model: config.input_bytes in, a score a label
  // out (at most config.labels_max). The count of labels; 0: no model is active,
  // or an op failed.
  size_t Run(const int8_t *input, int8_t *scores);

  // Why the last candidate was refused, one line.
  const char *reason() const { return error_.message; }

 private:
  struct Slot {
    wit_model model = {};
    alignas(tflite::MicroInterpreter) uint8_t storage[sizeof(tflite::MicroInterpreter)];
    tflite::MicroInterpreter *interpreter = nullptr;  // in storage
    bool is_testing = false;
    wit_self_test test = {};
    size_t label_count = 0;
  };

  static int Load(void *arg, const godwit_model *candidate);
  static int Test(void *arg, const godwit_model *candidate);
  static void Activate(void *arg, const godwit_model *model);
  static void Discard(void *arg, const godwit_model *model);

  int Refuse(int status, const char *why);
  int CheckContract(Slot *slot);
  int CheckOps(const tflite::Model *model);
  int Plan(Slot *slot, unsigned index);
  static void Empty(Slot *slot);

  Config config_;
  const tflite::MicroOpResolver &resolver_;
  Slot slot_[2];
  Slot *active_ = nullptr;
  wit_error error_ = {};
};
#endif
