/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_NET_H
#define TRAIN_NET_H
/* The keyword network in float, with training: four convolutions (each with
 * batch normalisation and ReLU, SAME padding), global average pool, dropout,
 * one fully connected layer, softmax and cross-entropy. About 18,500
 * parameters, 1.26 million multiplications a window.
 *
 *   49 x 40 x 1 -> 16@10x4/2 -> 24@3x3/2 -> 28@3x3/2 -> 32@3x3 -> mean -> labels
 *
 * Layouts: activations HWC with the channels padded to `lanes` floats (the
 * padding is 0); filters [kernel_h][kernel_w][in][lanes].
 *
 * The batch is cut into NET_SHARDS shards whose sums are added in their order:
 * the result does not depend on the number of threads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/train/pool.h"
#include "examples/micro_speech/train/random.h"
#include "wit_audio/frontend.h"

#define NET_INPUT_ROWS WIT_AUDIO_MODEL_ROWS
#define NET_INPUT_COLUMNS WIT_AUDIO_CHANNELS
#define NET_INPUT_BYTES (NET_INPUT_ROWS * NET_INPUT_COLUMNS)
#define NET_LAYERS 4
#define NET_LANES_MAX 32
#define NET_LABELS_MAX 16
#define NET_SHARDS 8
/* The input's quantisation: real = (q + 128) / 64. */
#define NET_INPUT_SCALE (1.0f / 64.0f)
#define NET_INPUT_ZERO_POINT (-128)

struct net_layer {
  size_t in_h, in_w, in_channels, in_lanes;
  size_t out_h, out_w, out_channels, lanes;
  size_t kernel_h, kernel_w, stride, pad_top, pad_left;
  size_t taps;        /* kernel_h * kernel_w * in_channels */
  size_t taps_padded; /* to a multiple of GEMM_LANES */
  size_t positions;   /* out_h * out_w */
};

/* A parameter array with its gradient and the optimiser's moments. */
struct net_parameters {
  size_t count;
  bool decays; /* weight decay applies */
  float *value, *gradient, *mean, *variance;
};

struct net_sample {
  uint8_t label;
  float loss;
  float logits[NET_LABELS_MAX];
};

struct net {
  struct net_layer layer[NET_LAYERS];
  size_t label_count, batch;
  float dropout;         /* probability; 0 while evaluating */
  float label_smoothing; /* share of the target spread over all labels */
  struct random random;
  uint64_t steps;

  struct net_parameters filter[NET_LAYERS], gamma[NET_LAYERS], beta[NET_LAYERS];
  struct net_parameters dense, dense_bias; /* dense: [labels][lanes of the last layer] */

  /* Batch statistics of the last pass, or fixed ones (net_fix_statistics). */
  float mean[NET_LAYERS][NET_LANES_MAX], variance[NET_LAYERS][NET_LANES_MAX];
  bool statistics_fixed;

  struct net_buffers *buffers; /* private */
  struct pool *pool;
};

/* NULL without memory. `batch` is a multiple of NET_SHARDS. The pool stays the
 * caller's. */
struct net *net_create(size_t label_count, size_t batch, uint64_t seed, struct pool *pool);
void net_destroy(struct net *net);

/* Forward over a batch of int8 windows; fills samples[].loss (without label
 * smoothing) and .logits and returns the mean loss. */
float net_forward(struct net *net, const int8_t *const *windows, struct net_sample *samples);
/* Gradients of that mean loss (smoothed, where asked for); follows net_forward with the same
 * windows. */
void net_backward(struct net *net, const int8_t *const *windows);
/* AdamW with the gradients of the last net_backward. */
void net_update(struct net *net, float rate, float weight_decay);

/* Averages the batch statistics over `batches` batches that `next` supplies,
 * and uses these from now on. */
void net_fix_statistics(struct net *net, size_t batches,
                        void (*next)(void *context, const int8_t **windows, uint8_t *labels),
                        void *context);

/* Convolution `layer` as inference sees it: batch norm folded in.
 * filter[out_channels][taps], bias[out_channels]. */
void net_fold(const struct net *net, size_t layer, float *filter, float *bias);

/* The way back, for a net that continues from a folded one. First the filter,
 * [out_channels][taps]; then, with the statistics fixed, batch norm that takes
 * them out again and adds the bias. Statistics of a layer depend on those
 * before it: call net_fix_statistics and this for one layer after the other. */
void net_set_filter(struct net *net, size_t layer, const float *filter);
void net_pass_through_norm(struct net *net, size_t layer, const float *bias);

/* Activations after ReLU of sample `index` of the last forward pass,
 * [positions][lanes]; layer NET_LAYERS is the pooled vector. */
const float *net_activations(const struct net *net, size_t layer, size_t index);
#endif
