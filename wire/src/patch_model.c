/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic mixing of adaptive chances, as in the PAQ family of compressors, cut
 * down to a microcontroller and with an opinion of its own for weights: a new
 * weight is the old one times a ratio, give or take. docs/spec/patch.md gives every
 * step; whatever changes here is another format. Negative numbers are shifted
 * right as two's complement, as every compiler that we know does it. */
#include "wire/patch_model.h"

#include <string.h>

/* A run of right guesses as long as this is one decision a byte. */
#define RUN_MIN 16u
#define LENGTH_MAX 60000u
#define MATCH_MIN 4u
#define MATCH_PROVEN 16u /* overrules a base that was wrong */
#define RECENT (GW_PATCH_MODEL_RECENT - 1u)
#define DEVIATION_MIN 64
#define MIX_SHIFT 14
/* A shape that leaves less than so many of 4096 to the other half is asked alone: half
 * the bits of a weight that changed a little, which so cost a quarter of the time. */
#define SURE 64u
#define WEIGHT_FIRST 16000 /* of 65536 */

/* What is learned in one half of the time that the other takes. */
struct pace {
  uint8_t ratio, deviation;
};
static const struct pace paces[2] = {{3, 3}, {6, 6}};
#define MAGNITUDE_PACE 3

/* ---- odds ----------------------------------------------------------------------- */

/* 256 ln(p / (1 - p)), by the upper eight bits of a chance. */
static const int16_t odds[256] = {
    -1597, -1314, -1182, -1095, -1030, -978, -934, -896, -863, -834, -807, -783, -760, -739, -720,
    -702,  -685,  -669,  -653,  -639,  -625, -612, -599, -587, -575, -564, -553, -542, -532, -522,
    -512,  -503,  -494,  -485,  -476,  -468, -459, -451, -443, -436, -428, -421, -413, -406, -399,
    -392,  -385,  -379,  -372,  -366,  -359, -353, -347, -341, -335, -329, -323, -317, -311, -306,
    -300,  -295,  -289,  -284,  -279,  -273, -268, -263, -258, -253, -248, -243, -238, -233, -228,
    -223,  -218,  -214,  -209,  -204,  -200, -195, -190, -186, -181, -177, -172, -168, -163, -159,
    -155,  -150,  -146,  -141,  -137,  -133, -129, -124, -120, -116, -112, -108, -103, -99,  -95,
    -91,   -87,   -83,   -79,   -75,   -70,  -66,  -62,  -58,  -54,  -50,  -46,  -42,  -38,  -34,
    -30,   -26,   -22,   -18,   -14,   -10,  -6,   -2,   2,    6,    10,   14,   18,   22,   26,
    30,    34,    38,    42,    46,    50,   54,   58,   62,   66,   70,   75,   79,   83,   87,
    91,    95,    99,    103,   108,   112,  116,  120,  124,  129,  133,  137,  141,  146,  150,
    155,   159,   163,   168,   172,   177,  181,  186,  190,  195,  200,  204,  209,  214,  218,
    223,   228,   233,   238,   243,   248,  253,  258,  263,  268,  273,  279,  284,  289,  295,
    300,   306,   311,   317,   323,   329,  335,  341,  347,  353,  359,  366,  372,  379,  385,
    392,   399,   406,   413,   421,   428,  436,  443,  451,  459,  468,  476,  485,  494,  503,
    512,   522,   532,   542,   553,   564,  575,  587,  599,  612,  625,  639,  653,  669,  685,
    702,   720,   739,   760,   783,   807,  834,  863,  896,  934,  978,  1030, 1095, 1182, 1314,
    1597};
/* 65536 / (1 + e^-x) at x = (i - 16) / 2. */
static const uint16_t chances[33] = {22,    36,    60,    98,    162,   267,   439,   720,   1179,
                                     1921,  3108,  4971,  7812,  11955, 17625, 24743, 32768, 40793,
                                     47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097,
                                     65269, 65374, 65438, 65476, 65500, 65514};
/* 65536 / (n + 1.5): how much a slot follows what it sees for the n-th time. */
static const uint16_t shares[16] = {32768, 26214, 18724, 14563, 11915, 10082, 8738, 7710,
                                    6898,  6241,  5698,  5242,  4854,  4519,  4228, 3971};

static int32_t odds_of(uint32_t chance12) { return odds[chance12 >> 4]; }

static uint32_t chance_of(int32_t value) {
  if (value > 2047) value = 2047;
  if (value < -2047) value = -2047;
  uint32_t place = (uint32_t)(value + 2048);
  uint32_t low = chances[place / 128], high = chances[place / 128 + 1];
  return low + (high - low) * (place % 128) / 128;
}

/* A chance stays between 0 and 4095 by itself: a share is at most a half, and what is
 * rounded away keeps it from either end. */
static void slot_learn(uint16_t *slot, unsigned bit) {
  uint32_t seen = *slot & 15u;
  int32_t chance = *slot >> 4, target = bit ? 4095 : 0;
  chance += ((target - chance) * (int32_t)shares[seen] + 32768) >> 16;
  *slot = (uint16_t)((uint32_t)chance << 4 | (seen + (seen < 15)));
}

static unsigned log2_of(uint32_t value) { return 31u - (unsigned)__builtin_clz(value | 1u); }

static int32_t value_of(uint8_t byte) { return (int32_t)(byte ^ 128u) - 128; }

/* ---- before a byte ------------------------------------------------------------------ */

void gw_patch_model_init(struct gw_patch_model *model) {
  memset(model, 0, sizeof *model);
  /* Undecided: half, never seen. */
  for (unsigned i = 0; i < sizeof model->shape / 2; i++) (&model->shape[0][0][0])[i] = 32768;
  for (unsigned i = 0; i < sizeof model->follower / 2; i++) model->follower[i] = 32768;
  for (unsigned i = 0; i < sizeof model->match / 2; i++) model->match[i] = i < 64 ? 16384 : 49152;
  for (unsigned i = 0; i < sizeof model->tree / 2; i++) (&model->tree[0][0])[i] = 32768;
  for (unsigned i = 0; i < sizeof model->same / 2; i++) model->same[i] = 60000;
  for (unsigned i = 0; i < sizeof model->weight / sizeof(uint32_t); i++) {
    (&model->weight[0][0])[i] = WEIGHT_FIRST;
  }
  for (unsigned i = 0; i < 2; i++) model->ratio[i].deviation = 4 * 256;
  model->magnitude = 20 * 256;
}

/* base_result / base_base in 1/4096, within 16. Both are brought to sixteen bits,
 * so that 32 hold the quotient. */
static int32_t ratio_of(const struct gw_patch_model_ratio *ratio) {
  int32_t base = ratio->base_base;
  uint32_t result = (uint32_t)(ratio->base_result < 0 ? -ratio->base_result : ratio->base_result);
  if (base <= 0) return 4096;
  while (base > 65535) {
    base >>= 4;
    result >>= 4;
  }
  if (result > (1u << 20) - 1) result = (1u << 20) - 1;
  uint32_t value = (result << 12) / (uint32_t)base;
  if (value > 65535) value = 65535;
  return ratio->base_result < 0 ? -(int32_t)value : (int32_t)value;
}

/* What ask_shape needs of one view of the byte: where it is expected, in 1/256, and by how
 * much that is off in the mean. */
static void set_view(struct gw_patch_model *model, unsigned which, int32_t expected,
                     int32_t deviation) {
  int32_t reciprocal = (1 << 20) / (deviation < DEVIATION_MIN ? DEVIATION_MIN : deviation);
  struct gw_patch_model_view *view = &model->view[which];
  view->expected = expected;
  view->origin = (expected + 128) * reciprocal;
  view->unit = 256 * reciprocal;
  view->width = (uint8_t)log2_of((uint32_t)reciprocal);
}

static void expect_of_base(struct gw_patch_model *model) {
  int32_t base = value_of(model->base);
  for (unsigned i = 0; i < 2; i++) {
    int32_t expected = ratio_of(&model->ratio[i]) * base / 16;
    if (expected > 127 * 256) expected = 127 * 256;
    if (expected < -128 * 256) expected = -128 * 256;
    set_view(model, i, expected, model->ratio[i].deviation);
  }
}

static void guess(struct gw_patch_model *model) {
  bool matched = model->match_length > 0;
  model->guess_is_match =
      matched && (!model->has_base || (model->run == 0 && model->match_length >= MATCH_PROVEN));
  model->has_guess = model->has_base || matched;
  model->guess = model->guess_is_match ? model->recent[model->match_at & RECENT] : model->base;
  model->guess_length = model->guess_is_match ? model->match_length : model->run;
  model->in_run = model->has_guess && model->guess_length >= RUN_MIN;
}

static void expect(struct gw_patch_model *model) {
  model->node = 1;
  model->depth = 0;
  model->guess_holds = model->has_guess;
  model->follower_hash = (uint16_t)((model->last4 & 255u) * 0x9e35u >> 4);
  if (model->has_base) {
    expect_of_base(model);
  } else {
    set_view(model, 0, 0, model->magnitude);
  }
}

void gw_patch_model_begin(struct gw_patch_model *model, int base) {
  model->has_base = base >= 0;
  model->base = (uint8_t)(base >= 0 ? base : 0);
  guess(model);
  if (!model->in_run) expect(model);
}

/* ---- before a bit ---------------------------------------------------------------------- */

/* Bytes are coded from the top as value + 128, so that a bit asks which half of
 * an interval of values it is. Where the middle lies as seen from what is expected, in
 * 1/256 of the deviation, and how wide the half is, tell its chance. */
static uint32_t ask_shape(struct gw_patch_model *model, unsigned which) {
  const struct gw_patch_model_view *view = &model->view[which];
  int32_t middle = (int32_t)((2u * model->node + 1) << (7 - model->depth)) - 384;
  int32_t place = ((view->origin - middle * view->unit) >> 12) + 1024;
  int32_t width = view->width - model->depth;
  if (width < 0) width = 0;
  if (width > (int32_t)GW_PATCH_MODEL_WIDTHS - 1) width = GW_PATCH_MODEL_WIDTHS - 1;
  if (place < 0) place = 0;
  if (place > 2047) place = 2047;
  uint32_t level = (uint32_t)place / 64, between = (uint32_t)place % 64;
  uint16_t *slot = &model->shape[which][width][level];
  int32_t low = slot[0] >> 4, high = slot[1] >> 4;
  uint32_t chance = (uint32_t)(low + ((high - low) * (int32_t)between >> 6));
  model->opinion[which] = odds_of(chance);
  model->slot[which] = slot + (between >= 32);
  return chance;
}

static void ask_slot(struct gw_patch_model *model, unsigned which, uint16_t *slot) {
  model->slot[which] = slot;
  model->opinion[which] = odds_of(*slot >> 4);
}

/* Returns 0: the guess is of no use, 1, 2: of much. */
static unsigned ask_match(struct gw_patch_model *model) {
  if (!model->guess_holds) {
    model->slot[2] = NULL;
    model->opinion[2] = 0;
    return 0;
  }
  unsigned bit = (model->guess ^ 128u) >> (7 - model->depth) & 1u, length = model->guess_length;
  unsigned trust = (length > 0) + (length > 3) + (length > 15);
  if (model->guess_is_match) trust = (length > 5) + (length > 7) + (length > 15);
  unsigned index = bit << 6 | trust << 4 | (unsigned)model->depth << 1 | model->guess_is_match;
  ask_slot(model, 2, &model->match[index]);
  return length > 7 ? 2 : 1;
}

static uint32_t weigh(struct gw_patch_model *model) {
  int64_t sum = 0;
  for (unsigned i = 0; i < GW_PATCH_MODEL_INPUTS; i++) {
    sum += (int64_t)(int32_t)model->weights[i] * model->opinion[i];
  }
  sum >>= 16;
  return chance_of(sum > 2047 ? 2047 : sum < -2047 ? -2047 : (int32_t)sum);
}

static uint32_t ask(struct gw_patch_model *model) {
  uint32_t chance = ask_shape(model, 0);
  model->sure = chance < SURE || chance > 4095 - SURE;
  if (model->sure) return chance * 16 + 8;
  if (model->has_base) {
    ask_shape(model, 1);
  } else {
    ask_slot(model, 1, &model->follower[(model->follower_hash ^ model->node * 0x1fu) & 511u]);
  }
  unsigned guessed = ask_match(model);
  ask_slot(model, 3, &model->tree[model->made & 3u][model->node]);
  model->weights = model->weight[(guessed * 2 + model->has_base) * 8 + model->depth];
  return weigh(model);
}

uint32_t gw_patch_model_chance(struct gw_patch_model *model) {
  if (model->in_run) {
    unsigned length = log2_of(model->guess_length);
    model->slot[0] = &model->same[length > 15 ? 15 : length];
    return *model->slot[0];
  }
  model->chance = ask(model);
  return model->chance;
}

unsigned gw_patch_model_bit(const struct gw_patch_model *model, uint8_t byte) {
  if (model->in_run) return byte == model->guess;
  return (byte ^ 128u) >> (7 - model->depth) & 1u;
}

/* ---- after a byte ------------------------------------------------------------------------- */

static int32_t magnitude_of(int32_t value) { return value < 0 ? -value : value; }

static void learn_ratio(struct gw_patch_model *model, unsigned which, int32_t value) {
  struct gw_patch_model_ratio *ratio = &model->ratio[which];
  int32_t base = value_of(model->base), pace = paces[which].ratio;
  int32_t off = magnitude_of(value * 256 - model->view[which].expected);
  ratio->deviation += (off - ratio->deviation) / (1 << paces[which].deviation);
  ratio->base_base += base * base * 64 - (ratio->base_base >> pace);
  ratio->base_result += base * value * 64 - (ratio->base_result >> pace);
}

/* How many bytes up to `at` are those up to here, as far as is still known. */
static unsigned match_length(const struct gw_patch_model *model, uint32_t at) {
  uint32_t most = model->made - at;
  unsigned length = 0;
  most = GW_PATCH_MODEL_RECENT - most;
  if (most > at) most = at;
  if (most > MATCH_PROVEN) most = MATCH_PROVEN;
  while (length < most && model->recent[(at - 1 - length) & RECENT] ==
                              model->recent[(model->made - 1 - length) & RECENT]) {
    length++;
  }
  return length;
}

/* `made` counts the byte already. */
static void learn_match(struct gw_patch_model *model, bool expected) {
  if (model->match_length && expected) {
    model->match_at++;
    if (model->match_length < LENGTH_MAX) model->match_length++;
  } else {
    model->match_length = 0;
  }
  uint16_t *seen = &model->seen[model->last4 * 0x9e3779b1u >> 24];
  if (!model->match_length) {
    uint16_t ago = (uint16_t)(model->made - *seen);
    if (ago > 0 && ago < GW_PATCH_MODEL_RECENT && ago < model->made) {
      unsigned length = match_length(model, model->made - ago);
      model->match_length = (uint16_t)(length >= MATCH_MIN ? length : 0);
      model->match_at = model->made - ago;
    }
  }
  *seen = (uint16_t)model->made;
}

/* What every byte leaves behind. */
static void take_byte(struct gw_patch_model *model, uint8_t byte) {
  bool as_base = model->has_base && byte == model->base;
  model->run = (uint16_t)(as_base ? model->run + (model->run < LENGTH_MAX) : 0);
  model->byte = byte;
  model->recent[model->made & RECENT] = byte;
  model->made++;
  model->last4 = model->last4 << 8 | byte;
}

static void learn_byte(struct gw_patch_model *model, uint8_t byte) {
  bool expected = model->recent[model->match_at & RECENT] == byte;
  int32_t off = magnitude_of(value_of(byte)) * 256;
  model->magnitude += (off - model->magnitude) / (1 << MAGNITUDE_PACE);
  if (model->has_base) learn_ratio(model, 0, value_of(byte));
  if (model->has_base) learn_ratio(model, 1, value_of(byte));
  take_byte(model, byte);
  learn_match(model, expected);
}

/* A byte of a run teaches nothing new; only a match goes on with it. */
static void learn_guessed_byte(struct gw_patch_model *model) {
  take_byte(model, model->guess);
  if (!model->guess_is_match) {
    model->match_length = 0;
  } else {
    model->match_at++;
    if (model->match_length < LENGTH_MAX) model->match_length++;
  }
}

/* ---- after a bit ----------------------------------------------------------------------------- */

/* True: the guess was wrong, and the byte is to come bit by bit. */
static bool learn_run(struct gw_patch_model *model, unsigned bit) {
  int32_t chance = *model->slot[0], target = bit ? 65535 - 64 : 64;
  *model->slot[0] = (uint16_t)(chance + (target - chance) / 64);
  model->in_run = false;
  if (bit) {
    learn_guessed_byte(model);
    return false;
  }
  expect(model);
  return true;
}

static void learn_weights(struct gw_patch_model *model, unsigned bit) {
  int32_t wrong = (bit ? 65535 : 0) - (int32_t)model->chance;
  for (unsigned i = 0; i < GW_PATCH_MODEL_INPUTS; i++) {
    int32_t step = model->opinion[i] * wrong + (1 << (MIX_SHIFT - 1));
    model->weights[i] += (uint32_t)(step >> MIX_SHIFT);
  }
}

bool gw_patch_model_learn(struct gw_patch_model *model, unsigned bit) {
  if (model->in_run) return learn_run(model, bit);
  if (!model->sure) learn_weights(model, bit);
  for (unsigned i = 0; i < (model->sure ? 1 : GW_PATCH_MODEL_INPUTS); i++) {
    if (model->slot[i]) slot_learn(model->slot[i], bit);
  }
  if (((model->guess ^ 128u) >> (7 - model->depth) & 1u) != bit) model->guess_holds = false;
  model->node = (uint16_t)(model->node << 1 | bit);
  if (++model->depth < 8) return true;
  learn_byte(model, (uint8_t)(model->node ^ 128u));
  return false;
}
