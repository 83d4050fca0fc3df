// Fixed-point coding of gradients: int32 sums are exact, so any grouping of them gives the same bits.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// The largest `limit`: the largest float below 2^31.
#define ESPALIER_FIXED_LIMIT_MAX 2147483520.0f

/// sums[i] += values[i]·scale rounded to the nearest integer (ties to even), clamped to ±limit; a NaN
/// counts as limit. `scale` is a power of two, so the product is exact; 0 ≤ limit ≤
/// ESPALIER_FIXED_LIMIT_MAX (a larger one is cut to it). Returns max |values[i]|, INFINITY if any is
/// infinite or NaN, 0 if n is 0. The sums are good only if that maximum times scale is at most limit; they
/// wrap if they overflow.
float espalier_fixed_add(const float *values, int32_t *sums, size_t n, float scale, float limit);

/// The same with values[index[i]] for values[i].
float espalier_fixed_gather_add(
    const float *values, const int32_t *index, int32_t *sums, size_t n, float scale, float limit);

enum { ESPALIER_FIXED_ROWS = 16 };

/// The same for ESPALIER_FIXED_ROWS rows of n sums each, one after another, whose values lie side by side:
/// that of row r and column i is values[columns[i] + r].
float espalier_fixed_transposed_add(
    const float *values, const int32_t *columns, int32_t *sums, size_t n, float scale, float limit);

/// sums[i] += other[i], wrapping.
void espalier_int_add(int32_t *sums, const int32_t *other, size_t n);

/// max |values[i]|, at most 2^31; 0 if n is 0.
uint32_t espalier_int_max(const int32_t *values, size_t n);
