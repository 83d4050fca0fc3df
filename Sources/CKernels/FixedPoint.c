#include "FixedPoint.h"

#include <math.h>
#include <string.h>

#include "Transpose.h"

static inline __attribute__((always_inline)) uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline __attribute__((always_inline)) float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Adding and taking away 2^23 with the value's sign leaves no room for a fraction, so the addition rounds
// it, ties to even. From 2^23 up a float is an integer already. Unlike rintf this vectorises at every
// level.
static inline __attribute__((always_inline)) float round_to_even(float value) {
    const float magic = float_of((bits_of(value) & 0x80000000u) | 0x4b000000u);
    const float rounded = (value + magic) - magic;
    return (bits_of(value) & 0x7fffffffu) < 0x4b000000u ? rounded : value;
}

static inline __attribute__((always_inline)) float bounded(float limit) {
    return limit < ESPALIER_FIXED_LIMIT_MAX ? limit : ESPALIER_FIXED_LIMIT_MAX;
}

// As integers, the bits of magnitudes are ordered like the magnitudes, with infinity and then NaN on top.
static inline __attribute__((always_inline)) void add_code(
    float value, int32_t *sum, uint32_t *largest, float scale, float bound) {
    const uint32_t magnitude = bits_of(value) & 0x7fffffffu;
    *largest = magnitude > *largest ? magnitude : *largest;
    float scaled = value * scale;
    scaled = scaled < bound ? scaled : bound;
    // A NaN has become `bound` in the line above, never a conversion out of range.
    scaled = scaled > -bound ? scaled : -bound;
    *sum = (int32_t)((uint32_t)*sum + (uint32_t)(int32_t)round_to_even(scaled));
}

static inline __attribute__((always_inline)) float magnitude_of(uint32_t largest) {
    return largest >= 0x7f800000u ? INFINITY : float_of(largest);
}

// `index` is null or not as a constant at each call.
static inline __attribute__((always_inline)) float add_codes(
    const float *restrict values, const int32_t *restrict index, int32_t *restrict sums, size_t n,
    float scale, float limit) {
    const float bound = bounded(limit);
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        add_code(values[index ? index[i] : (ptrdiff_t)i], &sums[i], &largest, scale, bound);
    }
    return magnitude_of(largest);
}

ESPALIER_CLONES
float espalier_fixed_add(const float *values, int32_t *sums, size_t n, float scale, float limit) {
    return add_codes(values, NULL, sums, n, scale, limit);
}

ESPALIER_CLONES
float espalier_fixed_gather_add(
    const float *values, const int32_t *index, int32_t *sums, size_t n, float scale, float limit) {
    return add_codes(values, index, sums, n, scale, limit);
}

ESPALIER_CLONES
float espalier_fixed_transposed_add(
    const float *restrict values, const int32_t *restrict columns, int32_t *restrict sums, size_t n,
    float scale, float limit) {
    // Columns lie far apart, and no prefetcher of the hardware sees them come.
    enum { SIDE = TRANSPOSE_SIDE, AHEAD = 4 * SIDE };
    _Static_assert(SIDE == ESPALIER_FIXED_ROWS, "callers hand over as many rows as a square has");
    const float bound = bounded(limit);
    uint32_t largest[SIDE] = {0};
    for (size_t first = 0; first < n; first += SIDE) {
        const size_t count = n - first < SIDE ? n - first : SIDE;
        espalier_square_row row[SIDE] = {0};
        for (size_t j = 0; j < count; j++) {
            if (first + AHEAD + j < n) __builtin_prefetch(values + columns[first + AHEAD + j]);
            memcpy(&row[j], values + columns[first + j], sizeof row[j]);
        }
        espalier_transpose_square(row);
        for (size_t r = 0; r < SIDE; r++) {
            float line[SIDE];
            memcpy(line, &row[r], sizeof line);
            int32_t *restrict const out = sums + r * n + first;
            if (first + AHEAD < n) __builtin_prefetch(out + AHEAD, 1);
            if (count == SIDE) {
                for (size_t i = 0; i < SIDE; i++) add_code(line[i], &out[i], &largest[i], scale, bound);
            } else {
                for (size_t i = 0; i < count; i++) add_code(line[i], &out[i], &largest[i], scale, bound);
            }
        }
    }
    for (size_t i = 1; i < SIDE; i++) largest[0] = largest[i] > largest[0] ? largest[i] : largest[0];
    return magnitude_of(largest[0]);
}

ESPALIER_CLONES
void espalier_int_add(int32_t *restrict sums, const int32_t *restrict other, size_t n) {
    for (size_t i = 0; i < n; i++) sums[i] = (int32_t)((uint32_t)sums[i] + (uint32_t)other[i]);
}

ESPALIER_CLONES
uint32_t espalier_int_max(const int32_t *values, size_t n) {
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t magnitude = values[i] < 0 ? 0u - (uint32_t)values[i] : (uint32_t)values[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}
