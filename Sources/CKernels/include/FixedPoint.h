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

/// sums[i] += other[i], wrapping.
void espalier_int_add(int32_t *sums, const int32_t *other, size_t n);

/// max |values[i]|, at most 2^31; 0 if n is 0.
uint32_t espalier_int_max(const int32_t *values, size_t n);

/// Numbers for finding out how a copy rearranges elements: numbers[i] is half of i + 1, the low 16 bits
/// (shift 0) or those above (shift 16), for a float holds integers exactly only up to 2^24. n < 2^31.
void espalier_index_numbers(float *numbers, size_t n, unsigned shift);

/// positions[k] = i where the rearranged halves at i make up k + 1. Zeros are padding and dropped, as are
/// numbers above count. Returns how many it placed.
size_t espalier_index_invert(
    const float *low, const float *high, size_t n, int32_t *positions, size_t count);
