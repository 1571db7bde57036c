/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "examples/micro_speech/train/net.h"

#define BATCH 8
#define LABELS 3

static int8_t window[BATCH][NET_INPUT_BYTES];
static const int8_t *windows[BATCH];
static struct net_sample samples[BATCH];

static void make_batch(uint64_t seed) {
  struct random random = random_stream(seed, 0);
  for (size_t n = 0; n < BATCH; n++) {
    windows[n] = window[n];
    samples[n].label = (uint8_t)(n % LABELS);
    for (size_t i = 0; i < NET_INPUT_BYTES; i++) {
      window[n][i] = (int8_t)((int)random_below(&random, 256) - 128);
    }
  }
}

static struct net *make_net(struct pool *pool) {
  struct net *net = net_create(LABELS, BATCH, 5, pool);
  assert_non_null(net);
  return net;
}

/* Central difference against the gradient, on the parameters that matter most
 * (small gradients drown in float's rounding). */
static void check_gradient(struct net *net, struct net_parameters *parameters, const char *name) {
  net_forward(net, windows, samples);
  net_backward(net, windows);
  size_t checked = 0;
  float largest = 0;
  for (size_t i = 0; i < parameters->count; i++) {
    largest = fmaxf(largest, fabsf(parameters->gradient[i]));
  }
  assert_true(largest > 0);
  for (size_t i = 0; i < parameters->count && checked < 12; i++) {
    float gradient = parameters->gradient[i];
    if (fabsf(gradient) < 0.5f * largest) continue;
    float kept = parameters->value[i], step = 2e-3f;
    parameters->value[i] = kept + step;
    float above = net_forward(net, windows, samples);
    parameters->value[i] = kept - step;
    float below = net_forward(net, windows, samples);
    parameters->value[i] = kept;
    float measured = (above - below) / (2 * step);
    if (fabsf(measured - gradient) > 0.08f * fabsf(gradient) + 2e-4f) {
      fail_msg("%s[%zu]: gradient %g, but the loss changes by %g", name, i, (double)gradient,
               (double)measured);
    }
    checked++;
  }
  assert_true(checked > 0);
}

TEST(gradients_agree_with_finite_differences_in_every_layer) {
  struct pool *pool = pool_create(2);
  struct net *net = make_net(pool);
  char name[32];
  make_batch(1);
  for (size_t l = 0; l < NET_LAYERS; l++) {
    snprintf(name, sizeof name, "filter %zu", l);
    check_gradient(net, &net->filter[l], name);
    snprintf(name, sizeof name, "gamma %zu", l);
    check_gradient(net, &net->gamma[l], name);
    snprintf(name, sizeof name, "beta %zu", l);
    check_gradient(net, &net->beta[l], name);
  }
  check_gradient(net, &net->dense, "dense");
  check_gradient(net, &net->dense_bias, "dense bias");
  net_destroy(net);
  pool_destroy(pool);
}

static void train_a_little(struct net *net, size_t steps) {
  net->dropout = 0.1f;
  for (size_t i = 0; i < steps; i++) {
    make_batch(i);
    net_forward(net, windows, samples);
    net_backward(net, windows);
    net_update(net, 1e-3f, 1e-4f);
  }
}

TEST(number_of_threads_does_not_change_a_bit) {
  struct pool *one = pool_create(1), *three = pool_create(3);
  struct net *a = make_net(one), *b = make_net(three);
  train_a_little(a, 3);
  train_a_little(b, 3);
  for (size_t l = 0; l < NET_LAYERS; l++) {
    assert_memory_equal(a->filter[l].value, b->filter[l].value, a->filter[l].count * sizeof(float));
  }
  assert_memory_equal(a->dense.value, b->dense.value, a->dense.count * sizeof(float));
  net_destroy(a);
  net_destroy(b);
  pool_destroy(one);
  pool_destroy(three);
}

TEST(one_batch_can_be_learnt_by_heart) {
  struct pool *pool = pool_create(2);
  struct net *net = make_net(pool);
  make_batch(3);
  float first = net_forward(net, windows, samples), last = first;
  for (int i = 0; i < 60; i++) {
    last = net_forward(net, windows, samples);
    net_backward(net, windows);
    net_update(net, 3e-3f, 0);
  }
  assert_true(last < 0.1f && first > 0.5f);
  net_destroy(net);
  pool_destroy(pool);
}

static void same_batch(void *context, const int8_t **out, uint8_t *labels) {
  (void)context;
  memcpy(out, windows, sizeof windows);
  memset(labels, 0, BATCH);
}

/* The folded filter, by plain loops, gives what the net gives. */
TEST(folded_convolution_agrees_with_convolution_and_batch_norm) {
  struct pool *pool = pool_create(1);
  struct net *net = make_net(pool);
  train_a_little(net, 5);
  make_batch(9);
  net_fix_statistics(net, 2, same_batch, NULL);
  net_forward(net, windows, samples);

  const struct net_layer *layer = &net->layer[1];
  float *filter = malloc(layer->out_channels * layer->taps * sizeof *filter), bias[NET_LANES_MAX];
  assert_non_null(filter);
  net_fold(net, 1, filter, bias);
  const float *in = net_activations(net, 0, 2), *out = net_activations(net, 1, 2);
  for (size_t y = 0; y < layer->out_h; y++) {
    for (size_t x = 0; x < layer->out_w; x++) {
      for (size_t c = 0; c < layer->out_channels; c++) {
        float sum = bias[c];
        for (size_t tap = 0; tap < layer->taps; tap++) {
          size_t channel = tap % layer->in_channels, cell = tap / layer->in_channels;
          size_t in_y = y * layer->stride + cell / layer->kernel_w - layer->pad_top;
          size_t in_x = x * layer->stride + cell % layer->kernel_w - layer->pad_left;
          if (in_y >= layer->in_h || in_x >= layer->in_w) continue;
          sum += filter[c * layer->taps + tap] *
                 in[(in_y * layer->in_w + in_x) * layer->in_lanes + channel];
        }
        float expected = sum > 0 ? sum : 0;
        float got = out[(y * layer->out_w + x) * layer->lanes + c];
        assert_true(fabsf(expected - got) <= 1e-3f * (1 + fabsf(expected)));
      }
    }
  }
  free(filter);
  net_destroy(net);
  pool_destroy(pool);
}

TEST(exponential_and_cosine_are_as_exact_as_they_say) {
  for (int i = 0; i <= 270; i++) {
    double x = -50 + 0.37 * i;
    assert_true(fabs(portable_exp(x) / exp(x) - 1) < 1e-13);
  }
  for (int i = 0; i <= 333; i++) {
    double x = 0.003 * i;
    assert_true(fabs(portable_cos_pi(x) - cos(3.14159265358979323846 * x)) < 1e-12);
  }
  assert_true(portable_exp(-1000) == 0);
}
