/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_SOFTMAX_TABLES_H
#define RUNTIME_KERNELS_SOFTMAX_TABLES_H
/* The two functions that int16 SOFTMAX looks up, Q0.15, over 512 equal steps;
 * made once, so that every device has the same bits whatever its libm. */
#include <stdint.h>

#define WIT_SOFTMAX_TABLE_SIZE 513

/* e^x over [-10, 0] */
extern const int16_t wit_softmax_exp_table[WIT_SOFTMAX_TABLE_SIZE];
/* 1 / (1 + x) over [0, 1] */
extern const int16_t wit_softmax_reciprocal_table[WIT_SOFTMAX_TABLE_SIZE];
#endif
