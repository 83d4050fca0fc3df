// Where the sums go that a block of weight gradients' loops keeps in registers.
#pragma once

#include <stddef.h>

#include "Native.h"

#if ESPALIER_HAS_NATIVE

// Of some rows and vectors of columns.
typedef struct {
    float *first;
    size_t stride;
    // Lanes of the last vector that are columns.
    __mmask16 lanes;
    // Whether there are sums of stretches before.
    int adds;
} block_sums;

static inline __attribute__((always_inline)) ESPALIER_AVX512 void put_sum(
    const block_sums *b, __m512 sum, size_t row, size_t vector, size_t vectors) {
    const __mmask16 lanes = vector + 1 == vectors ? b->lanes : 0xffff;
    float *const to = b->first + row * b->stride + 16 * vector;
    if (b->adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, to));
    _mm512_mask_storeu_ps(to, lanes, sum);
}

#endif
