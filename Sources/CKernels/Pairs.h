// Pairs of pixels: products of bf16 are added two at a time.
#pragma once

#include "Native.h"

#if ESPALIER_HAS_NATIVE

// Sixteen channels of two pixels, the low or the high ones of 32: each channel's two values become neighbours.
static inline __attribute__((always_inline)) ESPALIER_NATIVE __m512i espalier_pair_up(
    __m512i first, __m512i second, const int high) {
    const __m512i low = _mm512_set_epi32(
        0x2f000f, 0x2e000e, 0x2d000d, 0x2c000c, 0x2b000b, 0x2a000a, 0x290009, 0x280008, 0x270007, 0x260006,
        0x250005, 0x240004, 0x230003, 0x220002, 0x210001, 0x200000);
    const __m512i order = high ? _mm512_add_epi16(low, _mm512_set1_epi16(16)) : low;
    return _mm512_permutex2var_epi16(first, order, second);
}

#endif
