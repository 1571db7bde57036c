/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_QUANTIZE_H
#define TRAIN_QUANTIZE_H
/* Post-training quantisation to int8 and the .tflite file: filters symmetric
 * per channel, the dense layer per tensor, activations from 0 to their 99.99th
 * percentile with zero point -128, biases int32. */
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/train/corpus.h"
#include "examples/micro_speech/train/net.h"

/* Runs `corpus` batches through the net, whose statistics must be fixed, to see
 * the ranges of its activations; returns the malloc'd file, NULL without
 * memory. labels: one for each of the net's, for the file's metadata. */
uint8_t *quantize_to_tflite(struct net *net, const struct corpus *corpus, uint64_t seed,
                            const char *const *labels, size_t *size);
#endif
