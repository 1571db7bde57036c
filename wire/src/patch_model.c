/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/patch_model.h"

#include <string.h>

#define RUN_MIN 16u

void gw_patch_model_init(struct gw_patch_model *model) {
  memset(model, 0, sizeof *model);
  for (unsigned i = 0; i < sizeof model->tree / sizeof(uint16_t); i++) {
    model->tree[i / 1024][i / 256 % 4][i % 256] = 32768;
  }
  for (unsigned i = 0; i < 16; i++) model->same[i] = 60000;
}

static unsigned log2_of(uint32_t value) {
  unsigned bits = 0;
  while (value >>= 1) bits++;
  return bits;
}

void gw_patch_model_begin(struct gw_patch_model *model, int base) {
  model->has_base = base >= 0;
  model->base = (uint8_t)(base < 0 ? 0 : base);
  model->node = 1;
  model->in_run = model->has_base && model->run >= RUN_MIN;
}

uint32_t gw_patch_model_chance(struct gw_patch_model *model) {
  if (model->in_run) {
    unsigned bucket = log2_of(model->run);
    model->slot = &model->same[bucket > 15 ? 15 : bucket];
  } else {
    unsigned scale = log2_of(model->scale);
    model->slot = &model->tree[model->has_base][scale / 2 > 3 ? 3 : scale / 2][model->node];
  }
  return *model->slot;
}

unsigned gw_patch_model_bit(const struct gw_patch_model *model, uint8_t byte) {
  uint8_t residual = (uint8_t)(byte - model->base);
  if (model->in_run) return residual == 0;
  unsigned depth = log2_of(model->node);
  return residual >> (7 - depth) & 1;
}

static void learn_byte(struct gw_patch_model *model, uint8_t residual) {
  unsigned size = residual < 128 ? residual : 256u - residual;
  model->byte = (uint8_t)(model->base + residual);
  model->scale = (model->scale * 7 + size * 4) / 8;
  if (residual) model->run = 0;
  if (!residual && model->run < 60000) model->run++;
}

bool gw_patch_model_learn(struct gw_patch_model *model, unsigned bit) {
  unsigned shift = model->in_run ? 6 : 5;
  int32_t target = bit ? 65535 - (1 << shift) : 1 << shift;
  *model->slot = (uint16_t)(*model->slot + (target - (int32_t)*model->slot) / (1 << shift));
  if (model->in_run) {
    if (bit) {
      learn_byte(model, 0);
      return false;
    }
    model->in_run = 0;
    return true;
  }
  model->node = (uint16_t)(model->node * 2 + bit);
  if (model->node < 256) return true;
  learn_byte(model, (uint8_t)model->node);
  return false;
}
