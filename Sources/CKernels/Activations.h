// The functions of Activation.h and their derivatives, for loops in which `kind` is a constant, so that they
// vectorise without a branch. The same bits at every instruction level: additions, multiplications, divisions
// and comparisons only.
#pragma once

#include <stdint.h>
#include <string.h>

#include "Activation.h"

// eˣ to 2 units in the last place; arguments beyond ±87 count as ±87. Cody and Waite's reduction: x = n·ln 2
// + r, and a Taylor polynomial of degree 7 on |r| ≤ ln 2 / 2. NaN gives some number; its product with x is
// NaN again.
static inline __attribute__((always_inline)) float espalier_exp(float x) {
    x = x < 87.0f ? x : 87.0f;
    x = x > -87.0f ? x : -87.0f;
    const float shifter = 12582912.0f;  // 1.5·2^23: adding it rounds to a whole number.
    const float shifted = x * 1.44269504f + shifter;
    const float n = shifted - shifter;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;  // 2ⁿ: the whole number sits in the lowest bits.
    float power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

static inline __attribute__((always_inline)) float espalier_sigmoid(float x) {
    return 1.0f / (1.0f + espalier_exp(-x));
}

static inline __attribute__((always_inline)) float espalier_activated(float x, int kind) {
    switch (kind) {
        case ESPALIER_RELU: return x > 0 ? x : 0;
        case ESPALIER_RELU6: {
            const float low = x > 0 ? x : 0;
            return low < 6 ? low : 6;
        }
        case ESPALIER_SWISH: return x * espalier_sigmoid(x);
        case ESPALIER_HARD_SWISH: {
            const float low = x + 3 > 0 ? x + 3 : 0;
            return x * (low < 6 ? low : 6) * (1.0f / 6);
        }
        case ESPALIER_SIGMOID: return espalier_sigmoid(x);
        case ESPALIER_HARD_SIGMOID: {
            const float low = x + 3 > 0 ? x + 3 : 0;
            return (low < 6 ? low : 6) * (1.0f / 6);
        }
        default: return x;
    }
}

// The gradient of x, of which the activation's gradient is `gradient`. PyTorch's choice at the corners.
static inline __attribute__((always_inline)) float espalier_activated_back(
    float gradient, float x, int kind) {
    switch (kind) {
        case ESPALIER_RELU: return x > 0 ? gradient : 0;
        case ESPALIER_RELU6: {
            const float low = x > 0 ? gradient : 0;
            return x < 6 ? low : 0;
        }
        case ESPALIER_SWISH: {
            const float s = espalier_sigmoid(x);
            return gradient * (s * (1 + x * (1 - s)));
        }
        case ESPALIER_HARD_SWISH: {
            const float high = x < 3 ? gradient * ((x + x + 3) * (1.0f / 6)) : gradient;
            return x > -3 ? high : 0;
        }
        case ESPALIER_SIGMOID: {
            const float s = espalier_sigmoid(x);
            return gradient * (s * (1 - s));
        }
        case ESPALIER_HARD_SIGMOID: {
            const float low = x > -3 ? gradient * (1.0f / 6) : 0;
            return x < 3 ? low : 0;
        }
        default: return gradient;
    }
}

// Calls `body`, a macro of a kind, with `activation` as a constant.
#define ESPALIER_FOR_ACTIVATION(activation, body) \
    switch (activation) {                         \
        case ESPALIER_RELU: body(ESPALIER_RELU); break;             \
        case ESPALIER_RELU6: body(ESPALIER_RELU6); break;           \
        case ESPALIER_SWISH: body(ESPALIER_SWISH); break;           \
        case ESPALIER_HARD_SWISH: body(ESPALIER_HARD_SWISH); break; \
        case ESPALIER_SIGMOID: body(ESPALIER_SIGMOID); break;       \
        case ESPALIER_HARD_SIGMOID: body(ESPALIER_HARD_SIGMOID); break; \
        default: body(ESPALIER_NO_ACTIVATION); break;               \
    }
