// Blocks of 32 pixels × 32 outputs: their sums, and how they are stored.
#pragma once

#include "AmxParts.h"

#if ESPALIER_HAS_NATIVE

typedef struct {
    const char *inputs;         // of the first pixel
    size_t pixel_bytes;         // from pixel to pixel
    const ptrdiff_t *offsets;   // bytes from a pixel to a run of its inputs, by step
    size_t steps;
    const char *rest;           // one more run of each pixel, 64 bytes apart; or null
    const char *weight;
    size_t vector_bytes;        // from one vector's weight to the next one's
    const float *bias;          // of 32 outputs; or null
    const char *ahead;          // prefetched, `ahead_bytes` a step
    size_t ahead_bytes;
} block;

INLINE ESPALIER_AMX void sum_block(
    const block *b, const size_t left, const size_t right, float sums[AMX_BLOCK][AMX_BLOCK]) {
    if (b->bias) {
        amx_load_sums(b->bias, 0, left, right);
    } else {
        amx_zero_sums();
    }
    const char *weight = b->weight, *ahead = b->ahead;
    const size_t lower = AMX_SIDE * b->pixel_bytes;
    for (size_t s = 0; s < b->steps; s++) {
        amx_multiply(
            b->inputs + b->offsets[s], b->pixel_bytes, lower, weight, b->vector_bytes, left, right);
        for (size_t i = 0; i < b->ahead_bytes; i += 64) __builtin_prefetch(ahead + i, 0, 2);
        ahead += b->ahead_bytes;
        weight += AMX_BYTES;
    }
    if (b->rest) amx_multiply(b->rest, 64, AMX_BYTES, weight, b->vector_bytes, left, right);
    amx_store_sums(sums[0], sizeof sums[0], left, right);
}

static ESPALIER_AMX __attribute__((noinline)) void sum(
    const block *b, size_t left, size_t right, float sums[AMX_BLOCK][AMX_BLOCK]) {
    if (left == 2) {
        right == 2 ? sum_block(b, 2, 2, sums) : sum_block(b, 2, 1, sums);
    } else {
        right == 2 ? sum_block(b, 1, 2, sums) : sum_block(b, 1, 1, sums);
    }
}

// Up to 32 outputs of a pixel.
INLINE ESPALIER_AMX void store(const float *sums, uint16_t *to, size_t count) {
    const __m512 low = _mm512_load_ps(sums);
    const __m512 high = count > AMX_SIDE ? _mm512_load_ps(sums + AMX_SIDE) : low;
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    if (count == AMX_BLOCK) {
        _mm512_storeu_si512(to, both);
    } else {
        _mm512_mask_storeu_epi16(to, _bzhi_u32(~0u, (unsigned)count), both);
    }
}

// The outputs of a vector or two.
typedef struct {
    size_t first, count, vectors;
    float bias[AMX_BLOCK];
} slab;

INLINE void take_slab(slab *s, size_t first, size_t outputs, const float *bias) {
    s->first = first;
    s->count = smaller(outputs - first, AMX_BLOCK);
    s->vectors = parts(s->count, AMX_SIDE);
    for (size_t n = 0; n < AMX_BLOCK; n++) s->bias[n] = bias && n < s->count ? bias[first + n] : 0;
}

#endif
