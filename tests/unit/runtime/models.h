/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_RUNTIME_MODELS_H
#define TESTS_UNIT_RUNTIME_MODELS_H
/* Little models, made where a test needs them. All files are malloc'd. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/common/tflite_writer.h"
#include "wit/wit.h"

/* int8 [1, 4] -> RESHAPE [4, 1] -> RESHAPE [1, 4] -> FULLY_CONNECTED -> [1, 3]
 * -> SOFTMAX. */
struct tflite_writer *classifier_writer(void);
uint8_t *classifier_model(size_t *size);

/* float32 [4]: ADD of the input and a variable tensor. */
uint8_t *variable_model(size_t *size);

/* A writer's file, or the test fails; the writer is gone. */
uint8_t *finish_model(struct tflite_writer *writer, size_t *size);

/* A copy of `file` in a block of exactly its size, `offset` bytes off a
 * multiple of 16. block is to be freed. */
uint8_t *place_model(const uint8_t *file, size_t size, size_t offset, void **block);

/* Bytes of arena that the model asks for; fails the test where it is refused. */
size_t arena_of(const struct wit_model *model);

/* Opens and prepares; fails the test with the message where that does not work. */
struct wit_interpreter *prepare_model(struct wit_model *model, const uint8_t *file, size_t size,
                                      void **arena);
#endif
