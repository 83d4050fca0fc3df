#include "FixedPoint.h"

#include <math.h>
#include <string.h>

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
    const float *restrict values, const int32_t *restrict index, int32_t *restrict sums, size_t n, float scale,
    float limit) {
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

typedef float square_row __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) void exchange8(square_row *a, square_row *b) {
    const square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    *b = __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) void exchange4(square_row *a, square_row *b) {
    const square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    *b = __builtin_shufflevector(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) void exchange2(square_row *a, square_row *b) {
    const square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    *b = __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

static inline __attribute__((always_inline)) void exchange1(square_row *a, square_row *b) {
    const square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    *b = __builtin_shufflevector(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
}

// Transposes a square of 16 × 16 by exchanging ever smaller blocks across the diagonal.
static inline __attribute__((always_inline)) void transpose(square_row row[16]) {
    for (size_t j = 0; j < 8; j++) exchange8(&row[j], &row[j + 8]);
    for (size_t j = 0; j < 16; j++) {
        if (!(j & 4)) exchange4(&row[j], &row[j + 4]);
    }
    for (size_t j = 0; j < 16; j++) {
        if (!(j & 2)) exchange2(&row[j], &row[j + 2]);
    }
    for (size_t j = 0; j < 16; j += 2) exchange1(&row[j], &row[j + 1]);
}

ESPALIER_CLONES
float espalier_fixed_transposed_add(
    const float *restrict values, const int32_t *restrict columns, int32_t *restrict sums, size_t n,
    float scale, float limit) {
    // Columns lie far apart, and no prefetcher of the hardware sees them come.
    enum { SIDE = ESPALIER_FIXED_ROWS, AHEAD = 4 * SIDE };
    const float bound = bounded(limit);
    uint32_t largest[SIDE] = {0};
    for (size_t first = 0; first < n; first += SIDE) {
        const size_t count = n - first < SIDE ? n - first : SIDE;
        square_row row[SIDE] = {0};
        for (size_t j = 0; j < count; j++) {
            if (first + AHEAD + j < n) __builtin_prefetch(values + columns[first + AHEAD + j]);
            memcpy(&row[j], values + columns[first + j], sizeof row[j]);
        }
        transpose(row);
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
