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

// `index` is null or not as a constant at each call.
static inline __attribute__((always_inline)) float add_codes(
    const float *restrict values, const int32_t *restrict index, int32_t *restrict sums, size_t n, float scale,
    float limit) {
    const float bound = limit < ESPALIER_FIXED_LIMIT_MAX ? limit : ESPALIER_FIXED_LIMIT_MAX;
    // As integers, the bits of magnitudes are ordered like the magnitudes, with infinity and then NaN on top.
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        const float value = values[index ? index[i] : (ptrdiff_t)i];
        const uint32_t magnitude = bits_of(value) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
        float scaled = value * scale;
        scaled = scaled < bound ? scaled : bound;
        // A NaN has become `bound` in the line above, never a conversion out of range.
        scaled = scaled > -bound ? scaled : -bound;
        sums[i] = (int32_t)((uint32_t)sums[i] + (uint32_t)(int32_t)round_to_even(scaled));
    }
    return largest >= 0x7f800000u ? INFINITY : float_of(largest);
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

ESPALIER_CLONES
void espalier_index_numbers(float *numbers, size_t n, unsigned shift) {
    for (size_t i = 0; i < n; i++) numbers[i] = (float)(int32_t)((((uint32_t)i + 1) >> shift) & 0xffff);
}

size_t espalier_index_invert(
    const float *restrict low, const float *restrict high, size_t n, int32_t *restrict positions,
    size_t count) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t number = (uint32_t)high[i] << 16 | (uint32_t)low[i];
        if (number == 0 || number > count) continue;
        positions[number - 1] = (int32_t)i;
        found++;
    }
    return found;
}
