// 1×1 kernels at stride 1, which read the inputs where they are.
#include "AmxBlock.h"

enum {
    // Of pixels that go through all outputs before the next ones.
    STRETCH_BYTES = 512 << 10,
    STRETCH_PIXELS = 1024,
    // Of a weight that stays in the second cache: blocks go through all outputs one by one.
    NEAR_WEIGHT_BYTES = 512 << 10,
};

size_t espalier_amx_direct_scratch(const amx_plan *plan) {
    return amx_offsets_bytes(plan) + STRETCH_PIXELS * 2 * AMX_RUN;
}

#if ESPALIER_HAS_NATIVE

typedef struct {
    const uint16_t *input, *weight;
    const float *bias;
    uint16_t *output;
    size_t inputs, outputs, runs;
    size_t rows;           // pixels of a register
    const ptrdiff_t *offsets;
    uint16_t *rests;       // of the pixels of a stretch: inputs behind the last whole run, and zeros
} direct;

static ESPALIER_AMX void copy_rests(const direct *d, size_t first, size_t pixels) {
    const size_t whole = d->inputs / AMX_RUN * AMX_RUN;
    const __mmask32 there = _bzhi_u32(~0u, (unsigned)(d->inputs - whole));
    const uint16_t *from = d->input + first * d->inputs + whole;
    for (size_t p = 0; p < pixels; p++, from += d->inputs) {
        _mm512_store_si512(d->rests + p * AMX_RUN, _mm512_maskz_loadu_epi16(there, from));
    }
}

// A slab's outputs of the pixels of a block, of which the stretch's first is `start`.
static ESPALIER_AMX void direct_block(
    const direct *d, const slab *s, size_t start, size_t first, size_t pixels, size_t ahead_bytes) {
    float sums[AMX_BLOCK][AMX_BLOCK] __attribute__((aligned(64)));
    const size_t whole = d->inputs / AMX_RUN, vector = d->runs * AMX_SQUARE;
    const uint16_t *const inputs = d->input + first * d->inputs;
    const block b = {
        .inputs = (const char *)inputs,
        .pixel_bytes = 2 * d->inputs,
        .offsets = d->offsets,
        .steps = whole,
        .rest = whole < d->runs ? (const char *)(d->rests + (first - start) * AMX_RUN) : 0,
        .weight = (const char *)(d->weight + s->first / AMX_SIDE * vector),
        .vector_bytes = 2 * vector,
        .bias = d->bias ? s->bias : 0,
        // Each slab prefetches its part of the next block.
        .ahead = (const char *)(inputs + pixels * d->inputs) + s->first / AMX_BLOCK * ahead_bytes * whole,
        .ahead_bytes = ahead_bytes,
    };
    sum(&b, parts(pixels, d->rows), s->vectors, sums);
    uint16_t *to = d->output + first * d->outputs + s->first;
    for (size_t p = 0; p < pixels; p++, to += d->outputs) store(sums[p], to, s->count);
}

// The last block overlaps the one before: its pixels are computed twice, to the same bits.
static void direct_stretch(const direct *d, size_t start, size_t pixels) {
    const size_t block_pixels = smaller(pixels, pixels >= AMX_BLOCK ? AMX_BLOCK : d->rows);
    const size_t slabs = parts(d->outputs, AMX_BLOCK), whole = d->inputs / AMX_RUN;
    const int is_near = pixels == block_pixels;
    // Once in a stretch each block is prefetched, by all slabs together or by the first.
    const size_t steps = larger(whole * (is_near ? slabs : 1), 1);
    const size_t ahead = rounded_up(parts(2 * block_pixels * d->inputs, steps), 64);
    if (d->inputs % AMX_RUN) copy_rests(d, start, pixels);
    slab s;
    for (size_t n = 0; n < d->outputs; n += AMX_BLOCK) {
        take_slab(&s, n, d->outputs, d->bias);
        const size_t wanted = is_near || n == 0 ? ahead : 0;
        for (size_t p = 0; p < pixels; p += block_pixels) {
            direct_block(d, &s, start, start + smaller(p, pixels - block_pixels), block_pixels, wanted);
        }
    }
}

ESPALIER_AMX void espalier_amx_direct(
    const amx_plan *plan, size_t pixels, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, char *scratch) {
    const size_t inputs = plan->padded.channels, runs = parts(inputs, AMX_RUN);
    ptrdiff_t *const offsets = (ptrdiff_t *)scratch;
    for (size_t s = 0; s < runs; s++) offsets[s] = (ptrdiff_t)(64 * s);
    const direct d = {
        .input = input,
        .weight = weight,
        .bias = bias,
        .output = output,
        .inputs = inputs,
        .outputs = plan->outputs,
        .runs = runs,
        .rows = smaller(pixels, AMX_SIDE),
        .offsets = offsets,
        .rests = (uint16_t *)(scratch + amx_offsets_bytes(plan)),
    };
    const size_t fitting = STRETCH_BYTES / (2 * inputs) / AMX_BLOCK * AMX_BLOCK;
    const size_t stretch = 2 * plan->weight_count <= NEAR_WEIGHT_BYTES
                               ? AMX_BLOCK
                               : smaller(larger(fitting, AMX_BLOCK), STRETCH_PIXELS);
    if (pixels == 0) return;
    amx_begin(d.rows);
    for (size_t p = 0; p < pixels; p += stretch) {
        // The last stretch has at least a block, too, if there are so many pixels.
        const size_t left = pixels - p;
        const size_t first = left < AMX_BLOCK && pixels >= AMX_BLOCK ? pixels - AMX_BLOCK : p;
        direct_stretch(&d, first, smaller(pixels - first, stretch));
    }
    amx_end();
}

#endif
