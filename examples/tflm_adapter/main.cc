/* SPDX-License-Identifier: Apache-2.0 */
// Takes the models that it is given through what the updater does with each:
// load, test, activate; with TensorFlow Lite Micro as the runtime.
//
//   tflm_adapter MODEL...
//
// A model that does not pass is told with its reason, and the one before stays.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tflm_adapter.h"

namespace {

constexpr size_t kArenaBytes = 32 * 1024;
constexpr size_t kModelBytesMax = 64 * 1024;
constexpr size_t kInputBytes = 49 * 40;
constexpr size_t kLabelsMax = 16;

alignas(16) uint8_t arena[2][kArenaBytes];
alignas(16) uint8_t slot[2][kModelBytesMax];

// Bytes; 0: it cannot be read, or is larger than the slot.
size_t read_model(const char *path, uint8_t *memory) {
  FILE *file = std::fopen(path, "rb");
  if (file == nullptr) return 0;
  const size_t size = std::fread(memory, 1, kModelBytesMax, file);
  const bool is_whole = std::fgetc(file) == EOF;
  std::fclose(file);
  return is_whole ? size : 0;
}

// The first status that is not GODWIT_OK, as the updater would have it.
int take(const godwit_model_ops &ops, const godwit_model &candidate) {
  int status = ops.load(ops.arg, &candidate);
  if (status != GODWIT_OK) return status;
  do {
    status = ops.test(ops.arg, &candidate);  // the active model listens in between
  } while (status == 1);
  if (status != GODWIT_OK) ops.discard(ops.arg, &candidate);
  return status;
}

}  // namespace

int main(int argc, char **argv) {
  tflite::MicroMutableOpResolver<6> resolver;
  resolver.AddConv2D();
  resolver.AddDepthwiseConv2D();
  resolver.AddAveragePool2D();
  resolver.AddReshape();
  resolver.AddFullyConnected();
  resolver.AddSoftmax();
  const TflmAdapter::Config config = {{arena[0], arena[1]}, kArenaBytes, kInputBytes, 2,
                                      kLabelsMax,           nullptr};
  TflmAdapter adapter(config, resolver);
  const godwit_model_ops ops = adapter.ops();
  unsigned active = 1;  // the slot that is not free
  int refused = 0;
  for (int i = 1; i < argc; i++) {
    godwit_model model = {};
    model.version = argv[i];
    model.slot = 1 - active;
    model.data = slot[model.slot];
    model.size = read_model(argv[i], slot[model.slot]);
    const int status = model.size > 0 ? take(ops, model) : GODWIT_ERR_IO;
    if (status != GODWIT_OK) {
      std::printf("%s: refused: %s\n", argv[i],
                  status == GODWIT_ERR_IO ? "it cannot be read into a slot" : adapter.reason());
      refused++;
      continue;
    }
    ops.activate(ops.arg, &model);
    active = model.slot;
    int8_t silence[kInputBytes], scores[kLabelsMax];
    std::memset(silence, -128, sizeof silence);
    std::printf("%s: active, %zu labels\n", argv[i], adapter.Run(silence, scores));
  }
  return refused > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
