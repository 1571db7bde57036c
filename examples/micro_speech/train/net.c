/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/train/gemm.h"

#define NORM_EPSILON 1e-3f
#define SUMS (2 * NET_LANES_MAX)

struct net_shard {
  float *patches;         /* [positions][taps_padded] of one sample */
  float *patch_gradients; /* likewise */
  float *filter_gradient[NET_LAYERS];
  float *dense_gradient, *dense_bias_gradient;
  double sums[SUMS]; /* per channel: of x and x^2, or of g and g * normalised x */
};

struct net_buffers {
  size_t input_size, output_size[NET_LAYERS];
  float *input;                         /* [batch][49][40] */
  float *convolved[NET_LAYERS];         /* before batch norm */
  float *activated[NET_LAYERS];         /* after ReLU */
  float *gradient[NET_LAYERS];          /* of the loss by `activated`, later by `convolved` */
  float *pooled, *pooled_gradient;      /* [batch][lanes] */
  float *kept;                          /* dropout's factors, [batch][lanes] */
  float *filter_transposed[NET_LAYERS]; /* [lanes][taps_padded] */
  float scale[NET_LAYERS][NET_LANES_MAX], shift[NET_LAYERS][NET_LANES_MAX];
  float gradient_mean[NET_LAYERS][NET_LANES_MAX], gradient_slope[NET_LAYERS][NET_LANES_MAX];
  struct net_shard shard[NET_SHARDS];
  /* What the running pass works on. */
  const int8_t *const *windows;
  struct net_sample *samples;
  size_t layer;
};

/* ---- making one --------------------------------------------------------- */

static size_t round_up(size_t value, size_t to) { return (value + to - 1) / to * to; }

static void layer_init(struct net_layer *layer, size_t in_h, size_t in_w, size_t in_channels,
                       size_t out_channels, size_t kernel_h, size_t kernel_w, size_t stride) {
  *layer = (struct net_layer){.in_h = in_h,
                              .in_w = in_w,
                              .in_channels = in_channels,
                              .in_lanes = in_channels == 1 ? 1 : round_up(in_channels, GEMM_LANES),
                              .out_h = (in_h + stride - 1) / stride,
                              .out_w = (in_w + stride - 1) / stride,
                              .out_channels = out_channels,
                              .lanes = round_up(out_channels, GEMM_LANES),
                              .kernel_h = kernel_h,
                              .kernel_w = kernel_w,
                              .stride = stride,
                              .taps = kernel_h * kernel_w * in_channels};
  layer->taps_padded = round_up(layer->taps, GEMM_LANES);
  layer->positions = layer->out_h * layer->out_w;
  /* TensorFlow's SAME: the odd row or column of padding goes to the end. */
  size_t span_h = (layer->out_h - 1) * stride + kernel_h;
  size_t span_w = (layer->out_w - 1) * stride + kernel_w;
  layer->pad_top = span_h > in_h ? (span_h - in_h) / 2 : 0;
  layer->pad_left = span_w > in_w ? (span_w - in_w) / 2 : 0;
}

static void layers_init(struct net_layer *layer) {
  layer_init(&layer[0], NET_INPUT_ROWS, NET_INPUT_COLUMNS, 1, 16, 10, 4, 2);
  layer_init(&layer[1], layer[0].out_h, layer[0].out_w, 16, 24, 3, 3, 2);
  layer_init(&layer[2], layer[1].out_h, layer[1].out_w, 24, 28, 3, 3, 2);
  layer_init(&layer[3], layer[2].out_h, layer[2].out_w, 28, 32, 3, 3, 1);
}

static bool floats(float **out, size_t count) {
  *out = calloc(count, sizeof **out);
  return *out != NULL;
}

static bool parameters_init(struct net_parameters *parameters, size_t count, bool decays) {
  parameters->count = count;
  parameters->decays = decays;
  return floats(&parameters->value, count) && floats(&parameters->gradient, count) &&
         floats(&parameters->mean, count) && floats(&parameters->variance, count);
}

static void parameters_free(struct net_parameters *parameters) {
  free(parameters->value);
  free(parameters->gradient);
  free(parameters->mean);
  free(parameters->variance);
}

static bool shard_init(struct net_shard *shard, const struct net *net) {
  size_t largest = 0;
  for (size_t l = 0; l < NET_LAYERS; l++) {
    const struct net_layer *layer = &net->layer[l];
    size_t size = layer->positions * layer->taps_padded;
    if (size > largest) largest = size;
    if (!floats(&shard->filter_gradient[l], layer->taps_padded * layer->lanes)) return false;
  }
  return floats(&shard->patches, largest) && floats(&shard->patch_gradients, largest) &&
         floats(&shard->dense_gradient, net->dense.count) &&
         floats(&shard->dense_bias_gradient, net->dense_bias.count);
}

static bool buffers_init(struct net *net) {
  struct net_buffers *buffers = net->buffers = calloc(1, sizeof *buffers);
  if (!buffers) return false;
  buffers->input_size = NET_INPUT_BYTES;
  bool done = floats(&buffers->input, net->batch * buffers->input_size);
  for (size_t l = 0; l < NET_LAYERS; l++) {
    const struct net_layer *layer = &net->layer[l];
    size_t size = buffers->output_size[l] = layer->positions * layer->lanes;
    done = done && floats(&buffers->convolved[l], net->batch * size) &&
           floats(&buffers->activated[l], net->batch * size) &&
           floats(&buffers->gradient[l], net->batch * size) &&
           floats(&buffers->filter_transposed[l], layer->lanes * layer->taps_padded);
  }
  size_t pooled_size = net->batch * net->layer[NET_LAYERS - 1].lanes;
  done = done && floats(&buffers->pooled, pooled_size) &&
         floats(&buffers->pooled_gradient, pooled_size) && floats(&buffers->kept, pooled_size);
  for (size_t s = 0; s < NET_SHARDS; s++) done = done && shard_init(&buffers->shard[s], net);
  return done;
}

/* He's variance, 2 / fan in, from a uniform distribution. */
static void randomise(struct net *net, float *value, size_t rows, size_t step, size_t columns,
                      size_t fan_in) {
  float bound = sqrtf(6.0f / (float)fan_in);
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      value[r * step + c] = random_between(&net->random, -bound, bound);
    }
  }
}

static void parameters_randomise(struct net *net) {
  for (size_t l = 0; l < NET_LAYERS; l++) {
    const struct net_layer *layer = &net->layer[l];
    randomise(net, net->filter[l].value, layer->taps, layer->lanes, layer->out_channels,
              layer->taps);
    for (size_t c = 0; c < layer->out_channels; c++) net->gamma[l].value[c] = 1;
  }
  const struct net_layer *last = &net->layer[NET_LAYERS - 1];
  randomise(net, net->dense.value, net->label_count, last->lanes, last->out_channels,
            2 * last->out_channels);
}

struct net *net_create(size_t label_count, size_t batch, uint64_t seed, struct pool *pool) {
  struct net *net = calloc(1, sizeof *net);
  if (!net) return NULL;
  net->label_count = label_count;
  net->batch = batch;
  net->pool = pool;
  net->random = random_stream(seed, 1);
  layers_init(net->layer);
  bool done = true;
  for (size_t l = 0; l < NET_LAYERS; l++) {
    const struct net_layer *layer = &net->layer[l];
    done = done && parameters_init(&net->filter[l], layer->taps_padded * layer->lanes, true) &&
           parameters_init(&net->gamma[l], layer->lanes, false) &&
           parameters_init(&net->beta[l], layer->lanes, false);
  }
  done = done &&
         parameters_init(&net->dense, label_count * net->layer[NET_LAYERS - 1].lanes, true) &&
         parameters_init(&net->dense_bias, label_count, false) && buffers_init(net);
  if (!done) {
    net_destroy(net);
    return NULL;
  }
  parameters_randomise(net);
  return net;
}

static void shard_free(struct net_shard *shard) {
  free(shard->patches);
  free(shard->patch_gradients);
  free(shard->dense_gradient);
  free(shard->dense_bias_gradient);
  for (size_t l = 0; l < NET_LAYERS; l++) free(shard->filter_gradient[l]);
}

static void buffers_free(struct net_buffers *buffers) {
  free(buffers->input);
  for (size_t l = 0; l < NET_LAYERS; l++) {
    free(buffers->convolved[l]);
    free(buffers->activated[l]);
    free(buffers->gradient[l]);
    free(buffers->filter_transposed[l]);
  }
  free(buffers->pooled);
  free(buffers->pooled_gradient);
  free(buffers->kept);
  for (size_t s = 0; s < NET_SHARDS; s++) shard_free(&buffers->shard[s]);
  free(buffers);
}

void net_destroy(struct net *net) {
  if (!net) return;
  for (size_t l = 0; l < NET_LAYERS; l++) {
    parameters_free(&net->filter[l]);
    parameters_free(&net->gamma[l]);
    parameters_free(&net->beta[l]);
  }
  parameters_free(&net->dense);
  parameters_free(&net->dense_bias);
  if (net->buffers) buffers_free(net->buffers);
  free(net);
}

/* ---- one sample, one layer ----------------------------------------------- */

static const float *layer_input(const struct net *net, size_t l, size_t sample) {
  const struct net_buffers *buffers = net->buffers;
  if (l == 0) return buffers->input + sample * buffers->input_size;
  return buffers->activated[l - 1] + sample * buffers->output_size[l - 1];
}

/* Calls for every kernel row of every position: where its run of floats stands
 * in the patch and in the input; runs outside the input are given as NULL. */
static void copy_patches(const struct net_layer *layer, const float *input, float *patches) {
  size_t channels = layer->in_channels;
  for (size_t y = 0; y < layer->out_h; y++) {
    for (size_t x = 0; x < layer->out_w; x++, patches += layer->taps_padded) {
      float *patch = patches;
      for (size_t ky = 0; ky < layer->kernel_h; ky++) {
        size_t in_y = y * layer->stride + ky - layer->pad_top;
        for (size_t kx = 0; kx < layer->kernel_w; kx++, patch += channels) {
          size_t in_x = x * layer->stride + kx - layer->pad_left;
          if (in_y < layer->in_h && in_x < layer->in_w) {
            const float *from = input + (in_y * layer->in_w + in_x) * layer->in_lanes;
            for (size_t c = 0; c < channels; c++) patch[c] = from[c];
          } else {
            for (size_t c = 0; c < channels; c++) patch[c] = 0;
          }
        }
      }
    }
  }
}

/* The transpose of copy_patches: adds every patch to where it came from. */
static void add_patches(const struct net_layer *layer, const float *patches, float *input) {
  size_t channels = layer->in_channels;
  memset(input, 0, layer->in_h * layer->in_w * layer->in_lanes * sizeof *input);
  for (size_t y = 0; y < layer->out_h; y++) {
    for (size_t x = 0; x < layer->out_w; x++, patches += layer->taps_padded) {
      const float *patch = patches;
      for (size_t ky = 0; ky < layer->kernel_h; ky++) {
        size_t in_y = y * layer->stride + ky - layer->pad_top;
        for (size_t kx = 0; kx < layer->kernel_w; kx++, patch += channels) {
          size_t in_x = x * layer->stride + kx - layer->pad_left;
          if (in_y >= layer->in_h || in_x >= layer->in_w) continue;
          float *to = input + (in_y * layer->in_w + in_x) * layer->in_lanes;
          for (size_t c = 0; c < channels; c++) to[c] += patch[c];
        }
      }
    }
  }
}

static void convolve(const struct net *net, size_t l, const float *patches, float *out) {
  const struct net_layer *layer = &net->layer[l];
  gemm_run(&(struct gemm){.rows = layer->positions,
                          .columns = layer->lanes,
                          .depth = layer->taps,
                          .left = patches,
                          .left_row_step = layer->taps_padded,
                          .left_depth_step = 1,
                          .right = net->filter[l].value,
                          .right_step = layer->lanes,
                          .out = out,
                          .out_step = layer->lanes});
}

static void add_filter_gradient(const struct net_layer *layer, const float *patches,
                                const float *gradient, float *filter_gradient) {
  gemm_run(&(struct gemm){.rows = layer->taps,
                          .columns = layer->lanes,
                          .depth = layer->positions,
                          .left = patches,
                          .left_row_step = 1,
                          .left_depth_step = layer->taps_padded,
                          .right = gradient,
                          .right_step = layer->lanes,
                          .out = filter_gradient,
                          .out_step = layer->lanes,
                          .accumulate = true});
}

static void patch_gradients(const struct net *net, size_t l, const float *gradient, float *out) {
  const struct net_layer *layer = &net->layer[l];
  gemm_run(&(struct gemm){.rows = layer->positions,
                          .columns = layer->taps_padded,
                          .depth = layer->out_channels,
                          .left = gradient,
                          .left_row_step = layer->lanes,
                          .left_depth_step = 1,
                          .right = net->buffers->filter_transposed[l],
                          .right_step = layer->taps_padded,
                          .out = out,
                          .out_step = layer->taps_padded});
}

/* ---- batch norm ----------------------------------------------------------- */

static void sum_moments(const struct net_layer *layer, const float *x, double *sums) {
  float sum[NET_LANES_MAX] = {0}, squares[NET_LANES_MAX] = {0};
  for (size_t p = 0; p < layer->positions; p++, x += layer->lanes) {
    for (size_t c = 0; c < layer->lanes; c++) {
      sum[c] += x[c];
      squares[c] += x[c] * x[c];
    }
  }
  for (size_t c = 0; c < layer->lanes; c++) {
    sums[c] += sum[c];
    sums[NET_LANES_MAX + c] += squares[c];
  }
}

static void add_shards(struct net *net, double total[SUMS]) {
  memset(total, 0, SUMS * sizeof *total);
  for (size_t s = 0; s < NET_SHARDS; s++) {
    for (size_t i = 0; i < SUMS; i++) total[i] += net->buffers->shard[s].sums[i];
  }
}

static float inverse_deviation(const struct net *net, size_t l, size_t c) {
  return 1.0f / sqrtf(net->variance[l][c] + NORM_EPSILON);
}

static void finish_statistics(struct net *net, size_t l) {
  const struct net_layer *layer = &net->layer[l];
  if (!net->statistics_fixed) {
    double total[SUMS], count = (double)(net->batch * layer->positions);
    add_shards(net, total);
    for (size_t c = 0; c < layer->lanes; c++) {
      double mean = total[c] / count;
      net->mean[l][c] = (float)mean;
      net->variance[l][c] = (float)(total[NET_LANES_MAX + c] / count - mean * mean);
      if (net->variance[l][c] < 0) net->variance[l][c] = 0;
    }
  }
  for (size_t c = 0; c < layer->lanes; c++) {
    float scale = net->gamma[l].value[c] * inverse_deviation(net, l, c);
    net->buffers->scale[l][c] = scale;
    net->buffers->shift[l][c] = net->beta[l].value[c] - net->mean[l][c] * scale;
  }
}

static void activate(struct net *net, size_t l, size_t sample) {
  const struct net_layer *layer = &net->layer[l];
  struct net_buffers *buffers = net->buffers;
  const float *x = buffers->convolved[l] + sample * buffers->output_size[l];
  float *y = buffers->activated[l] + sample * buffers->output_size[l];
  const float *scale = buffers->scale[l], *shift = buffers->shift[l];
  for (size_t p = 0; p < layer->positions; p++, x += layer->lanes, y += layer->lanes) {
    for (size_t c = 0; c < layer->lanes; c++) {
      float value = x[c] * scale[c] + shift[c];
      y[c] = value > 0 ? value : 0;
    }
  }
}

/* Masks the gradient with ReLU and sums what batch norm's gradient needs. */
static void mask_and_sum(struct net *net, size_t l, size_t sample, double *sums) {
  const struct net_layer *layer = &net->layer[l];
  struct net_buffers *buffers = net->buffers;
  size_t at = sample * buffers->output_size[l];
  const float *x = buffers->convolved[l] + at, *y = buffers->activated[l] + at;
  float *g = buffers->gradient[l] + at;
  float sum[NET_LANES_MAX] = {0}, products[NET_LANES_MAX] = {0};
  for (size_t p = 0; p < layer->positions; p++) {
    for (size_t c = 0; c < layer->lanes; c++, x++, y++, g++) {
      *g = *y > 0 ? *g : 0;
      sum[c] += *g;
      products[c] += *g * (*x - net->mean[l][c]);
    }
  }
  for (size_t c = 0; c < layer->lanes; c++) {
    sums[c] += sum[c];
    sums[NET_LANES_MAX + c] += products[c];
  }
}

static void finish_gradient_sums(struct net *net, size_t l) {
  const struct net_layer *layer = &net->layer[l];
  double total[SUMS], count = (double)(net->batch * layer->positions);
  add_shards(net, total);
  for (size_t c = 0; c < layer->lanes; c++) {
    float inverse = inverse_deviation(net, l, c);
    net->beta[l].gradient[c] = (float)total[c];
    net->gamma[l].gradient[c] = (float)(total[NET_LANES_MAX + c] * inverse);
    net->buffers->gradient_mean[l][c] = (float)(total[c] / count);
    net->buffers->gradient_slope[l][c] =
        (float)(total[NET_LANES_MAX + c] / count * inverse * inverse);
  }
}

/* From the gradient by batch norm's output to that by its input, in place. */
static void norm_backward(struct net *net, size_t l, size_t sample) {
  const struct net_layer *layer = &net->layer[l];
  struct net_buffers *buffers = net->buffers;
  size_t at = sample * buffers->output_size[l];
  const float *x = buffers->convolved[l] + at;
  float *g = buffers->gradient[l] + at;
  const float *scale = buffers->scale[l], *mean = net->mean[l];
  const float *gradient_mean = buffers->gradient_mean[l], *slope = buffers->gradient_slope[l];
  for (size_t p = 0; p < layer->positions; p++, x += layer->lanes, g += layer->lanes) {
    for (size_t c = 0; c < layer->lanes; c++) {
      g[c] = scale[c] * (g[c] - gradient_mean[c] - (x[c] - mean[c]) * slope[c]);
    }
  }
}

/* ---- the head: pool, dropout, dense, softmax -------------------------------- */

static void pool_activations(struct net *net, size_t sample) {
  const struct net_layer *last = &net->layer[NET_LAYERS - 1];
  const float *x =
      net->buffers->activated[NET_LAYERS - 1] + sample * net->buffers->output_size[NET_LAYERS - 1];
  float *pooled = net->buffers->pooled + sample * last->lanes;
  memset(pooled, 0, last->lanes * sizeof *pooled);
  for (size_t p = 0; p < last->positions; p++, x += last->lanes) {
    for (size_t c = 0; c < last->lanes; c++) pooled[c] += x[c];
  }
  for (size_t c = 0; c < last->lanes; c++) pooled[c] *= 1.0f / (float)last->positions;
}

static void dense_forward(struct net *net, size_t sample, float *logits) {
  size_t lanes = net->layer[NET_LAYERS - 1].lanes;
  const float *x = net->buffers->pooled + sample * lanes;
  const float *kept = net->buffers->kept + sample * lanes;
  for (size_t label = 0; label < net->label_count; label++) {
    const float *weight = net->dense.value + label * lanes;
    float sum = net->dense_bias.value[label];
    for (size_t c = 0; c < lanes; c++) sum += weight[c] * (x[c] * kept[c]);
    logits[label] = sum;
  }
}

/* logits -> probabilities; returns -log p[label] without the logarithm's own
 * rounding mattering to training. */
static float softmax(const float *logits, size_t count, size_t label, float *probability) {
  float largest = logits[0];
  double sum = 0;
  for (size_t i = 1; i < count; i++) largest = logits[i] > largest ? logits[i] : largest;
  for (size_t i = 0; i < count; i++) {
    double e = portable_exp((double)logits[i] - largest);
    probability[i] = (float)e;
    sum += e;
  }
  for (size_t i = 0; i < count; i++) probability[i] = (float)(probability[i] / sum);
  /* cppcheck-suppress invalidFunctionArg; the largest one alone adds 1 */
  return (float)(log(sum) - ((double)logits[label] - largest));
}

static void head_backward(struct net *net, size_t sample, const float *logit_gradient,
                          struct net_shard *shard) {
  const struct net_layer *last = &net->layer[NET_LAYERS - 1];
  struct net_buffers *buffers = net->buffers;
  const float *x = buffers->pooled + sample * last->lanes;
  const float *kept = buffers->kept + sample * last->lanes;
  float back[NET_LANES_MAX] = {0};
  for (size_t label = 0; label < net->label_count; label++) {
    const float *weight = net->dense.value + label * last->lanes;
    float *weight_gradient = shard->dense_gradient + label * last->lanes;
    shard->dense_bias_gradient[label] += logit_gradient[label];
    for (size_t c = 0; c < last->lanes; c++) {
      weight_gradient[c] += logit_gradient[label] * (x[c] * kept[c]);
      back[c] += logit_gradient[label] * weight[c];
    }
  }
  float *g = buffers->gradient[NET_LAYERS - 1] + sample * buffers->output_size[NET_LAYERS - 1];
  for (size_t c = 0; c < last->lanes; c++) back[c] *= kept[c] / (float)last->positions;
  for (size_t p = 0; p < last->positions; p++, g += last->lanes) {
    memcpy(g, back, last->lanes * sizeof *g);
  }
}

/* ---- passes over the batch --------------------------------------------------- */

static size_t shard_begin(const struct net *net, size_t shard) {
  return shard * (net->batch / NET_SHARDS);
}

static void load_window(struct net *net, size_t sample) {
  float *input = net->buffers->input + sample * net->buffers->input_size;
  const int8_t *window = net->buffers->windows[sample];
  for (size_t i = 0; i < NET_INPUT_BYTES; i++) {
    input[i] = (float)(window[i] - NET_INPUT_ZERO_POINT) * NET_INPUT_SCALE;
  }
}

static void forward_shard(void *context, size_t s) {
  struct net *net = context;
  struct net_buffers *buffers = net->buffers;
  struct net_shard *shard = &buffers->shard[s];
  size_t l = buffers->layer;
  memset(shard->sums, 0, sizeof shard->sums);
  for (size_t n = shard_begin(net, s); n < shard_begin(net, s + 1); n++) {
    if (l == 0) {
      load_window(net, n);
    } else {
      activate(net, l - 1, n);
    }
    float *out = buffers->convolved[l] + n * buffers->output_size[l];
    copy_patches(&net->layer[l], layer_input(net, l, n), shard->patches);
    convolve(net, l, shard->patches, out);
    sum_moments(&net->layer[l], out, shard->sums);
  }
}

static void head_shard(void *context, size_t s) {
  struct net *net = context;
  struct net_buffers *buffers = net->buffers;
  struct net_shard *shard = &buffers->shard[s];
  memset(shard->dense_gradient, 0, net->dense.count * sizeof(float));
  memset(shard->dense_bias_gradient, 0, net->dense_bias.count * sizeof(float));
  memset(shard->sums, 0, sizeof shard->sums);
  for (size_t n = shard_begin(net, s); n < shard_begin(net, s + 1); n++) {
    struct net_sample *sample = &buffers->samples[n];
    float gradient[NET_LABELS_MAX];
    activate(net, NET_LAYERS - 1, n);
    pool_activations(net, n);
    dense_forward(net, n, sample->logits);
    sample->loss = softmax(sample->logits, net->label_count, sample->label, gradient);
    float spread = net->label_smoothing / (float)net->label_count;
    gradient[sample->label] -= 1 - net->label_smoothing;
    for (size_t i = 0; i < net->label_count; i++) {
      gradient[i] = (gradient[i] - spread) / (float)net->batch;
    }
    head_backward(net, n, gradient, shard);
    mask_and_sum(net, NET_LAYERS - 1, n, shard->sums);
  }
}

static void backward_shard(void *context, size_t s) {
  struct net *net = context;
  struct net_buffers *buffers = net->buffers;
  struct net_shard *shard = &buffers->shard[s];
  size_t l = buffers->layer;
  const struct net_layer *layer = &net->layer[l];
  memset(shard->filter_gradient[l], 0, layer->taps_padded * layer->lanes * sizeof(float));
  memset(shard->sums, 0, sizeof shard->sums);
  for (size_t n = shard_begin(net, s); n < shard_begin(net, s + 1); n++) {
    const float *gradient = buffers->gradient[l] + n * buffers->output_size[l];
    norm_backward(net, l, n);
    copy_patches(layer, layer_input(net, l, n), shard->patches);
    add_filter_gradient(layer, shard->patches, gradient, shard->filter_gradient[l]);
    if (l == 0) continue;
    patch_gradients(net, l, gradient, shard->patch_gradients);
    add_patches(layer, shard->patch_gradients,
                buffers->gradient[l - 1] + n * buffers->output_size[l - 1]);
    mask_and_sum(net, l - 1, n, shard->sums);
  }
}

static void draw_dropout(struct net *net) {
  size_t count = net->batch * net->layer[NET_LAYERS - 1].lanes;
  for (size_t i = 0; i < count; i++) {
    bool dropped = net->dropout > 0 && random_unit(&net->random) < net->dropout;
    net->buffers->kept[i] = dropped ? 0 : 1.0f / (1.0f - net->dropout);
  }
}

float net_forward(struct net *net, const int8_t *const *windows, struct net_sample *samples) {
  struct net_buffers *buffers = net->buffers;
  buffers->windows = windows;
  buffers->samples = samples;
  draw_dropout(net);
  for (size_t l = 0; l < NET_LAYERS; l++) {
    buffers->layer = l;
    pool_run(net->pool, forward_shard, net, NET_SHARDS);
    finish_statistics(net, l);
  }
  pool_run(net->pool, head_shard, net, NET_SHARDS);
  double loss = 0;
  for (size_t n = 0; n < net->batch; n++) loss += samples[n].loss;
  return (float)(loss / (double)net->batch);
}

static void add_gradient(float *out, const struct net *net, size_t count,
                         const float *(*of)(const struct net_shard *, size_t), size_t l) {
  memset(out, 0, count * sizeof *out);
  for (size_t s = 0; s < NET_SHARDS; s++) {
    const float *part = of(&net->buffers->shard[s], l);
    for (size_t i = 0; i < count; i++) out[i] += part[i];
  }
}

static const float *filter_part(const struct net_shard *shard, size_t l) {
  return shard->filter_gradient[l];
}

static const float *dense_part(const struct net_shard *shard, size_t is_bias) {
  return is_bias ? shard->dense_bias_gradient : shard->dense_gradient;
}

static void transpose_filter(struct net *net, size_t l) {
  const struct net_layer *layer = &net->layer[l];
  for (size_t k = 0; k < layer->taps; k++) {
    for (size_t c = 0; c < layer->lanes; c++) {
      net->buffers->filter_transposed[l][c * layer->taps_padded + k] =
          net->filter[l].value[k * layer->lanes + c];
    }
  }
}

void net_backward(struct net *net, const int8_t *const *windows) {
  net->buffers->windows = windows;
  add_gradient(net->dense.gradient, net, net->dense.count, dense_part, 0);
  add_gradient(net->dense_bias.gradient, net, net->dense_bias.count, dense_part, 1);
  for (size_t l = NET_LAYERS; l-- > 0;) {
    finish_gradient_sums(net, l);
    transpose_filter(net, l);
    net->buffers->layer = l;
    pool_run(net->pool, backward_shard, net, NET_SHARDS);
    add_gradient(net->filter[l].gradient, net, net->filter[l].count, filter_part, l);
  }
}

/* ---- optimiser ------------------------------------------------------------------ */

struct adam {
  float rate, decay, mean_correction, variance_correction;
};

static void update(struct net_parameters *parameters, const struct adam *adam) {
  const float keep_mean = 0.9f, keep_variance = 0.999f;
  for (size_t i = 0; i < parameters->count; i++) {
    float g = parameters->gradient[i];
    float m = parameters->mean[i] += (1 - keep_mean) * (g - parameters->mean[i]);
    float v = parameters->variance[i] += (1 - keep_variance) * (g * g - parameters->variance[i]);
    float step = m * adam->mean_correction / (sqrtf(v * adam->variance_correction) + 1e-8f);
    if (parameters->decays) step += adam->decay * parameters->value[i];
    parameters->value[i] -= adam->rate * step;
  }
}

static float power(float base, uint64_t exponent) {
  float result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if (exponent & 1) result *= base;
  }
  return result;
}

void net_update(struct net *net, float rate, float weight_decay) {
  net->steps++;
  struct adam adam = {rate, weight_decay, 1 / (1 - power(0.9f, net->steps)),
                      1 / (1 - power(0.999f, net->steps))};
  for (size_t l = 0; l < NET_LAYERS; l++) {
    update(&net->filter[l], &adam);
    update(&net->gamma[l], &adam);
    update(&net->beta[l], &adam);
  }
  update(&net->dense, &adam);
  update(&net->dense_bias, &adam);
}

/* ---- towards inference ------------------------------------------------------------ */

void net_fix_statistics(struct net *net, size_t batches,
                        void (*next)(void *context, const int8_t **windows, uint8_t *labels),
                        void *context) {
  double mean[NET_LAYERS][NET_LANES_MAX] = {0}, variance[NET_LAYERS][NET_LANES_MAX] = {0};
  const int8_t **windows = calloc(net->batch, sizeof *windows);
  uint8_t *labels = calloc(net->batch, sizeof *labels);
  struct net_sample *samples = calloc(net->batch, sizeof *samples);
  net->dropout = 0;
  net->statistics_fixed = false;
  for (size_t b = 0; b < batches && windows && labels && samples; b++) {
    next(context, windows, labels);
    net_forward(net, windows, samples);
    for (size_t l = 0; l < NET_LAYERS; l++) {
      for (size_t c = 0; c < NET_LANES_MAX; c++) {
        mean[l][c] += net->mean[l][c] / (double)batches;
        variance[l][c] += net->variance[l][c] / (double)batches;
      }
    }
  }
  for (size_t l = 0; l < NET_LAYERS; l++) {
    for (size_t c = 0; c < NET_LANES_MAX; c++) {
      net->mean[l][c] = (float)mean[l][c];
      net->variance[l][c] = (float)variance[l][c];
    }
  }
  net->statistics_fixed = true;
  free(windows);
  free(labels);
  free(samples);
}

void net_fold(const struct net *net, size_t l, float *filter, float *bias) {
  const struct net_layer *layer = &net->layer[l];
  for (size_t c = 0; c < layer->out_channels; c++) {
    float scale = net->gamma[l].value[c] * inverse_deviation(net, l, c);
    for (size_t k = 0; k < layer->taps; k++) {
      filter[c * layer->taps + k] = net->filter[l].value[k * layer->lanes + c] * scale;
    }
    bias[c] = net->beta[l].value[c] - net->mean[l][c] * scale;
  }
}

void net_set_filter(struct net *net, size_t l, const float *filter) {
  const struct net_layer *layer = &net->layer[l];
  for (size_t c = 0; c < layer->out_channels; c++) {
    for (size_t k = 0; k < layer->taps; k++) {
      net->filter[l].value[k * layer->lanes + c] = filter[c * layer->taps + k];
    }
  }
}

void net_pass_through_norm(struct net *net, size_t l, const float *bias) {
  for (size_t c = 0; c < net->layer[l].out_channels; c++) {
    net->gamma[l].value[c] = sqrtf(net->variance[l][c] + NORM_EPSILON);
    net->beta[l].value[c] = bias[c] + net->mean[l][c];
  }
}

const float *net_activations(const struct net *net, size_t layer, size_t index) {
  const struct net_buffers *buffers = net->buffers;
  if (layer == NET_LAYERS) return buffers->pooled + index * net->layer[NET_LAYERS - 1].lanes;
  return buffers->activated[layer] + index * buffers->output_size[layer];
}
