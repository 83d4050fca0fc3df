// The two types that activations are stored in. ElementwiseLoops.h and others are written for either:
// a file includes them once with BF16 defined as 0 and once as 1, and gets the functions under two names.
#pragma once

#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) float espalier_float(uint16_t value) {
    const uint32_t bits = (uint32_t)value << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

// To nearest, ties to even; a NaN stays one; what is too small for a normal number becomes 0, as by the CPU's own
// conversion. Plain integer arithmetic: the same bits at any instruction level.
static inline __attribute__((always_inline)) uint16_t espalier_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const uint32_t nan = (bits >> 16) | 0x40;
    const uint32_t number = (bits & 0x7f800000) == 0 ? (bits >> 16) & 0x8000 : rounded;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : number);
}
