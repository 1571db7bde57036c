/* SPDX-License-Identifier: Apache-2.0 */
#include "tflm_adapter.h"

#include <cstdio>
#include <cstring>
#include <new>

#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

namespace {

constexpr uintptr_t kModelAlignment = 16;  // TFLM reads constants where they stand

// ---- TFLM as the self-test's runner -----------------------------------------------

tflite::MicroInterpreter *interpreter_of(void *arg) {
  return static_cast<tflite::MicroInterpreter *>(arg);
}

void *input_of(void *arg, size_t index) { return interpreter_of(arg)->input(index)->data.raw; }

const void *output_of(void *arg, size_t index) {
  return interpreter_of(arg)->output(index)->data.raw;
}

int invoke(void *arg) { return interpreter_of(arg)->Invoke() == kTfLiteOk ? 0 : -1; }

void reset(void *arg) { interpreter_of(arg)->Reset(); }

wit_self_test_runner runner_of(tflite::MicroInterpreter *interpreter) {
  wit_self_test_runner runner = {};
  runner.input = input_of;
  runner.output = output_of;
  runner.invoke = invoke;
  runner.reset = reset;
  runner.arg = interpreter;
  // arena_used stays 0: what the model states is what wit needs, not TFLM.
  return runner;
}

// What the updater tells the operator of a failed test.
int status_of_test(int status) {
  switch (status) {
    case WIT_OK:
      return GODWIT_OK;
    case WIT_SELF_TEST_MORE:
      return 1;
    case WIT_ERR_NO_TEST:
      return GODWIT_ERR_NOT_FOUND;
    case WIT_ERR_TEST_TIME:
      return GODWIT_ERR_TIMEOUT;
    case WIT_ERR_MALFORMED:
      return GODWIT_ERR_FORMAT;
    default:
      return GODWIT_ERR_MODEL;
  }
}

}  // namespace

TflmAdapter::~TflmAdapter() {
  for (Slot &slot : slot_) Empty(&slot);
}

void TflmAdapter::Empty(Slot *slot) {
  if (slot->interpreter != nullptr) slot->interpreter->~MicroInterpreter();
  slot->interpreter = nullptr;
  slot->is_testing = false;
}

int TflmAdapter::Refuse(int status, const char *why) {
  std::snprintf(error_.message, sizeof error_.message, "%s", why);
  return status;
}

// ---- load ---------------------------------------------------------------------------

int TflmAdapter::CheckContract(Slot *slot) {
  wit_tensor input, output, surplus;
  if (!wit_model_input(&slot->model, 0, &input) || wit_model_input(&slot->model, 1, &surplus) ||
      !wit_model_output(&slot->model, 0, &output) || input.type != WIT_INT8 ||
      input.size_bytes != config_.input_bytes || output.type != WIT_INT8 ||
      output.size_bytes < config_.labels_min || output.size_bytes > config_.labels_max) {
    return Refuse(GODWIT_ERR_ARGUMENT, "its input and output are not this application's");
  }
  slot->label_count = wit_model_label_count(&slot->model);
  if (slot->label_count == 0) return Refuse(GODWIT_ERR_ARGUMENT, "the model carries no labels");
  return wit_model_check_labels(&slot->model, &error_) == WIT_OK ? GODWIT_OK : GODWIT_ERR_ARGUMENT;
}

// TFLM would only log it.
int TflmAdapter::CheckOps(const tflite::Model *model) {
  for (const tflite::OperatorCode *code : *model->operator_codes()) {
    const tflite::BuiltinOperator builtin = tflite::GetBuiltinCode(code);
    const bool is_custom = builtin == tflite::BuiltinOperator_CUSTOM;
    const bool is_here = is_custom ? code->custom_code() != nullptr &&
                                         resolver_.FindOp(code->custom_code()->c_str()) != nullptr
                                   : resolver_.FindOp(builtin) != nullptr;
    if (is_here) continue;
    std::snprintf(error_.message, sizeof error_.message, "this build has no op %s",
                  is_custom && code->custom_code() != nullptr
                      ? code->custom_code()->c_str()
                      : tflite::EnumNameBuiltinOperator(builtin));
    return GODWIT_ERR_UNSUPPORTED;
  }
  return GODWIT_OK;
}

int TflmAdapter::Plan(Slot *slot, unsigned index) {
  const tflite::Model *model = tflite::GetModel(slot->model.flatbuffer);
  const int status = CheckOps(model);
  if (status != GODWIT_OK) return status;
  slot->interpreter = new (slot->storage)
      tflite::MicroInterpreter(model, resolver_, config_.arena[index], config_.arena_bytes);
  if (slot->interpreter->AllocateTensors() == kTfLiteOk) return GODWIT_OK;
  Empty(slot);
  // TFLM does not say why. The file was verified and its ops are there.
  return Refuse(GODWIT_ERR_NO_MEMORY,
                "TFLM could not plan it: the arena is too small, most likely");
}

int TflmAdapter::Load(void *arg, const godwit_model *candidate) {
  auto *adapter = static_cast<TflmAdapter *>(arg);
  Slot *slot = &adapter->slot_[candidate->slot];
  Empty(slot);
  if (wit_model_open(&slot->model, candidate->data, candidate->size, &adapter->error_) != WIT_OK) {
    return GODWIT_ERR_FORMAT;
  }
  if (reinterpret_cast<uintptr_t>(slot->model.flatbuffer) % kModelAlignment != 0) {
    return adapter->Refuse(GODWIT_ERR_FORMAT,
                           "the model is not aligned to 16 bytes: it must have "
                           "no header line, and the slot be aligned");
  }
  const int status = adapter->CheckContract(slot);
  return status == GODWIT_OK ? adapter->Plan(slot, candidate->slot) : status;
}

// ---- test, activate, discard ----------------------------------------------------------

// A step: at most one inference, so that the active model misses nothing.
int TflmAdapter::Test(void *arg, const godwit_model *candidate) {
  auto *adapter = static_cast<TflmAdapter *>(arg);
  Slot *slot = &adapter->slot_[candidate->slot];
  int status;
  if (!slot->is_testing) {
    const wit_self_test_runner runner = runner_of(slot->interpreter);
    status = wit_self_test_begin_with(&slot->test, &runner, &slot->model, adapter->config_.clock,
                                      &adapter->error_);
    slot->is_testing = status == WIT_OK;
    return slot->is_testing ? 1 : status_of_test(status);
  }
  status = wit_self_test_step(&slot->test, &adapter->error_);
  if (status != WIT_SELF_TEST_MORE) slot->is_testing = false;
  return status_of_test(status);
}

void TflmAdapter::Activate(void *arg, const godwit_model *model) {
  auto *adapter = static_cast<TflmAdapter *>(arg);
  adapter->active_ = &adapter->slot_[model->slot];
  // The former model's bytes are about to be overwritten, and TFLM reads them
  // once more when an interpreter is destroyed.
  Empty(&adapter->slot_[1 - model->slot]);
}

void TflmAdapter::Discard(void *arg, const godwit_model *model) {
  auto *adapter = static_cast<TflmAdapter *>(arg);
  Slot *slot = &adapter->slot_[model->slot];
  if (adapter->active_ == slot) adapter->active_ = nullptr;
  Empty(slot);
}

godwit_model_ops TflmAdapter::ops() {
  godwit_model_ops ops = {};
  ops.load = Load;
  ops.test = Test;
  ops.activate = Activate;
  ops.discard = Discard;
  ops.arg = this;
  return ops;
}

// ---- listening ---------------------------------------------------------------------------

size_t TflmAdapter::Run(const int8_t *input, int8_t *scores) {
  if (active_ == nullptr) return 0;
  std::memcpy(active_->interpreter->input(0)->data.int8, input, config_.input_bytes);
  if (active_->interpreter->Invoke() != kTfLiteOk) return 0;
  std::memcpy(scores, active_->interpreter->output(0)->data.int8, active_->label_count);
  return active_->label_count;
}
