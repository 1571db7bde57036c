/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PATCH_MODEL_H
#define WIRE_PATCH_MODEL_H
/* What a compressed or delta form expects of its next bit: the half of the
 * format (docs/spec/patch.md) that encoder and decoder share. It sees nothing but
 * the bytes made so far and the base's, so that it can be brought to any place by
 * being shown these again. Integers only: the same everywhere.
 *
 *   gw_patch_model_begin(model, base byte or GW_PATCH_MODEL_NO_BASE);
 *   do {
 *     p = gw_patch_model_chance(model);             // of a 1, of 65536
 *     bit = coded with p; or gw_patch_model_bit(model, byte), where the byte is known
 *   } while (gw_patch_model_learn(model, bit));
 *   model->byte is complete */
#include <stdbool.h>
#include <stdint.h>

#define GW_PATCH_MODEL_NO_BASE (-1)

struct gw_patch_model {
  uint16_t tree[2][4][256];
  uint16_t same[16];
  uint8_t byte;
  uint8_t base;
  uint8_t has_base;
  uint8_t in_run;
  uint16_t node;
  uint16_t run;
  uint32_t scale;
  uint16_t *slot;
};

void gw_patch_model_init(struct gw_patch_model *model);
void gw_patch_model_begin(struct gw_patch_model *model, int base);
uint32_t gw_patch_model_chance(struct gw_patch_model *model); /* 1..65535 */
unsigned gw_patch_model_bit(const struct gw_patch_model *model, uint8_t byte);
bool gw_patch_model_learn(struct gw_patch_model *model, unsigned bit); /* more bits to come */
#endif
