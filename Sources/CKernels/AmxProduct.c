// Forward passes and input gradients. Inputs are copied with zeros around them, so that the inputs of a row of taps
// are neighbours and outputs of one image lie at equal distances: 32 of them are a block, which some places between
// the rows of an image take part in for nothing. 1×1 kernels at stride 1 read the inputs where they are.
#include <stdlib.h>
#include <string.h>

#include "AmxParts.h"

enum {
    // Padded images, or pixels of a direct product, that go through all outputs before the next ones.
    STRETCH_BYTES = 512 << 10,
    STRETCH_PIXELS = 1024,
    // Of a weight that stays in the second cache: blocks go through all outputs one by one.
    NEAR_WEIGHT_BYTES = 512 << 10,
};

// MARK: Scratch memory

INLINE int is_direct(const espalier_amx_shape *s) {
    return s->kernel == 1 && s->stride == 1 && s->padding == 0;
}

INLINE size_t image_elements(const amx_padded *p) { return p->used * p->rows * p->columns * p->channels; }

// Blocks and runs may go beyond the end of the last image.
INLINE size_t slack_elements(const amx_padded *p) {
    return AMX_BLOCK * p->pixel_step * p->channels + AMX_RUN;
}

INLINE size_t images_at_once(const amx_padded *p, size_t images) {
    const size_t fitting = STRETCH_BYTES / (2 * image_elements(p));
    return amx_smaller(images, amx_larger(fitting, 1));
}

static size_t most_steps(const amx_plan *plan) {
    size_t most = 0;
    for (size_t p = 0; p < plan->count; p++) {
        most = amx_larger(most, amx_steps(&plan->padded, &plan->parts[p]));
    }
    return most;
}

INLINE size_t offsets_bytes(const amx_plan *plan) { return amx_up(most_steps(plan) * sizeof(ptrdiff_t), 64); }

size_t espalier_amx_scratch(const espalier_amx_shape *shape, enum espalier_amx_pass pass) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    const size_t offsets = offsets_bytes(&plan);
    if (is_direct(shape)) return offsets + STRETCH_PIXELS * 2 * AMX_RUN;
    const amx_padded *const padded = &plan.padded;
    const size_t images = images_at_once(padded, shape->images);
    return offsets + amx_up(2 * (images * image_elements(padded) + slack_elements(padded)), 64);
}

#if ESPALIER_HAS_NATIVE

// MARK: A block

typedef struct {
    const char *inputs;         // of the first pixel
    size_t pixel_bytes;         // from pixel to pixel
    const ptrdiff_t *offsets;   // bytes from a pixel to a run of its inputs, by step
    size_t steps;
    const char *rest;           // one more run of each pixel, 64 bytes apart; or null
    const char *weight;
    size_t vector_bytes;        // from one vector's weight to the next one's
    const float *bias;          // of 32 outputs; or null
    int is_again;               // only one run, which the block before had, too
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
    if (b->is_again) {
        amx_multiply_again(b->weight, b->vector_bytes, left, right);
        amx_store_sums(sums[0], sizeof sums[0], left, right);
        return;
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
    s->count = amx_smaller(outputs - first, AMX_BLOCK);
    s->vectors = amx_parts(s->count, AMX_SIDE);
    for (size_t n = 0; n < AMX_BLOCK; n++) s->bias[n] = bias && n < s->count ? bias[first + n] : 0;
}

// MARK: Inputs where they are

typedef struct {
    const uint16_t *input, *weight;
    const float *bias;
    uint16_t *output;
    size_t pixels, inputs, outputs, runs;
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
        .is_again = d->runs == 1 && s->first > 0,
        // Each slab prefetches its part of the next block.
        .ahead = (const char *)(inputs + pixels * d->inputs) + s->first / AMX_BLOCK * ahead_bytes * whole,
        .ahead_bytes = ahead_bytes,
    };
    sum(&b, amx_parts(pixels, d->rows), s->vectors, sums);
    uint16_t *to = d->output + first * d->outputs + s->first;
    for (size_t p = 0; p < pixels; p++, to += d->outputs) store(sums[p], to, s->count);
}

// The last block overlaps the one before: its pixels are computed twice, to the same bits.
static void direct_stretch(const direct *d, size_t start, size_t pixels) {
    const size_t block_pixels = amx_smaller(pixels, pixels >= AMX_BLOCK ? AMX_BLOCK : d->rows);
    const size_t slabs = amx_parts(d->outputs, AMX_BLOCK), whole = d->inputs / AMX_RUN;
    const int is_near = pixels == block_pixels;
    // Once in a stretch each block is prefetched, by all slabs together or by the first.
    const size_t steps = amx_larger(whole * (is_near ? slabs : 1), 1);
    const size_t ahead = amx_up(amx_parts(2 * block_pixels * d->inputs, steps), 64);
    if (d->inputs % AMX_RUN) copy_rests(d, start, pixels);
    slab s;
    for (size_t n = 0; n < d->outputs; n += AMX_BLOCK) {
        take_slab(&s, n, d->outputs, d->bias);
        const size_t wanted = is_near || n == 0 ? ahead : 0;
        for (size_t p = 0; p < pixels; p += block_pixels) {
            direct_block(d, &s, start, start + amx_smaller(p, pixels - block_pixels), block_pixels, wanted);
        }
    }
}

static ESPALIER_AMX void direct_product(
    const amx_plan *plan, size_t pixels, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, char *scratch) {
    const size_t inputs = plan->padded.channels, runs = amx_parts(inputs, AMX_RUN);
    ptrdiff_t *const offsets = (ptrdiff_t *)scratch;
    for (size_t s = 0; s < runs; s++) offsets[s] = (ptrdiff_t)(64 * s);
    const direct d = {
        .input = input,
        .weight = weight,
        .bias = bias,
        .output = output,
        .pixels = pixels,
        .inputs = inputs,
        .outputs = plan->outputs,
        .runs = runs,
        .rows = amx_smaller(pixels, AMX_SIDE),
        .offsets = offsets,
        .rests = (uint16_t *)(scratch + offsets_bytes(plan)),
    };
    const size_t fitting = STRETCH_BYTES / (2 * inputs) / AMX_BLOCK * AMX_BLOCK;
    const size_t stretch = 2 * plan->weight_count <= NEAR_WEIGHT_BYTES
                               ? AMX_BLOCK
                               : amx_smaller(amx_larger(fitting, AMX_BLOCK), STRETCH_PIXELS);
    if (pixels == 0) return;
    amx_begin(d.rows);
    for (size_t p = 0; p < pixels; p += stretch) {
        // The last stretch has at least a block, too, if there are so many pixels.
        const size_t left = pixels - p;
        const size_t first = left < AMX_BLOCK && pixels >= AMX_BLOCK ? pixels - AMX_BLOCK : p;
        direct_stretch(&d, first, amx_smaller(pixels - first, stretch));
    }
    amx_end();
}

// MARK: Padded inputs

// One row of a plane.
static void pad_row(const amx_padded *p, const uint16_t *image, ptrdiff_t y, uint16_t *to) {
    const size_t row = p->columns * p->channels;
    if (y < 0 || y >= (ptrdiff_t)p->height) {
        memset(to, 0, row * sizeof *to);
        return;
    }
    const size_t left = amx_smaller(p->left, p->columns);
    const size_t there = amx_smaller(p->width, p->columns - left);
    memset(to, 0, left * p->channels * sizeof *to);
    to += left * p->channels;
    memcpy(to, image + (size_t)y * p->width * p->channels, there * p->channels * sizeof *to);
    to += there * p->channels;
    memset(to, 0, (p->columns - left - there) * p->channels * sizeof *to);
}

static void pad_image(const amx_padded *p, const uint16_t *image, uint16_t *to) {
    for (size_t plane = 0; plane < p->used; plane++) {
        for (size_t row = 0; row < p->rows; row++, to += p->columns * p->channels) {
            pad_row(p, image, (ptrdiff_t)(row * p->planes + plane) - (ptrdiff_t)p->above, to);
        }
    }
}

static void find_offsets(const amx_padded *p, const amx_part *part, ptrdiff_t *offsets) {
    const size_t runs = amx_runs(p, part);
    for (size_t y = 0; y < part->taps_y; y++) {
        const size_t row = y % p->planes * p->rows + y / p->planes + part->source_row;
        const size_t first = (row * p->columns + part->source_column) * p->channels;
        for (size_t r = 0; r < runs; r++) {
            offsets[y * runs + r] = (ptrdiff_t)(2 * (first + r * AMX_RUN));
        }
    }
}

// Where a block's outputs begin, and how far on they are in the grid of a part's outputs.
typedef struct {
    size_t row, column;
} place;

static ESPALIER_AMX void store_block(
    float sums[AMX_BLOCK][AMX_BLOCK], const amx_plan *plan, const amx_part *part, const slab *s, place at,
    uint16_t *image) {
    const size_t row_places = plan->padded.columns / plan->padded.pixel_step;
    for (size_t p = 0; p < AMX_BLOCK; p++) {
        if (at.column < part->columns && at.row < part->rows) {
            const size_t y = part->target_row + at.row * part->target_step;
            const size_t x = part->target_column + at.column * part->target_step;
            store(sums[p], image + (y * plan->target_width + x) * plan->outputs + s->first, s->count);
        }
        if (++at.column == row_places) at = (place){at.row + 1, 0};
    }
}

static ESPALIER_AMX void padded_image(
    const amx_plan *plan, const amx_part *part, const slab *s, const uint16_t *padded, const uint16_t *weight,
    const float *bias, const ptrdiff_t *offsets, uint16_t *image) {
    float sums[AMX_BLOCK][AMX_BLOCK] __attribute__((aligned(64)));
    const amx_padded *const p = &plan->padded;
    const size_t row_places = p->columns / p->pixel_step;
    const size_t places = (part->rows - 1) * row_places + part->columns;
    const size_t steps = amx_steps(p, part), step = p->pixel_step * p->channels;
    block b = {
        .pixel_bytes = 2 * step,
        .offsets = offsets,
        .steps = steps,
        .weight = (const char *)(weight + part->weight + s->first / AMX_SIDE * steps * AMX_SQUARE),
        .vector_bytes = steps * AMX_BYTES,
        .bias = bias ? s->bias : 0,
    };
    for (size_t q = 0; q < places; q += AMX_BLOCK) {
        b.inputs = (const char *)(padded + q * step);
        sum(&b, places - q > AMX_SIDE ? 2 : 1, s->vectors, sums);
        store_block(sums, plan, part, s, (place){q / row_places, q % row_places}, image);
    }
}

// Outputs that nothing reads from: what a stride passes over.
static void clear_part(const amx_plan *plan, const amx_part *part, uint16_t *image) {
    for (size_t row = 0; row < part->rows; row++) {
        for (size_t column = 0; column < part->columns; column++) {
            const size_t y = part->target_row + row * part->target_step;
            const size_t x = part->target_column + column * part->target_step;
            memset(image + (y * plan->target_width + x) * plan->outputs, 0, 2 * plan->outputs);
        }
    }
}

static void padded_part(
    const amx_plan *plan, const amx_part *part, size_t images, const uint16_t *padded, const uint16_t *weight,
    const float *bias, ptrdiff_t *offsets, uint16_t *targets) {
    const size_t target = plan->target_height * plan->target_width * plan->outputs;
    if (part->taps_y == 0) {
        for (size_t i = 0; i < images; i++) clear_part(plan, part, targets + i * target);
        return;
    }
    find_offsets(&plan->padded, part, offsets);
    slab s;
    for (size_t n = 0; n < plan->outputs; n += AMX_BLOCK) {
        take_slab(&s, n, plan->outputs, bias);
        for (size_t i = 0; i < images; i++) {
            const uint16_t *const inputs = padded + i * image_elements(&plan->padded);
            padded_image(plan, part, &s, inputs, weight, bias, offsets, targets + i * target);
        }
    }
}

static ESPALIER_AMX void padded_product(
    const amx_plan *plan, size_t images, const uint16_t *inputs, const uint16_t *weight, const float *bias,
    uint16_t *targets, char *scratch) {
    const amx_padded *const p = &plan->padded;
    const size_t at_once = images_at_once(p, images), image = image_elements(p);
    const size_t source = p->height * p->width * p->channels;
    const size_t target = plan->target_height * plan->target_width * plan->outputs;
    uint16_t *const padded = (uint16_t *)(scratch + offsets_bytes(plan));
    amx_begin(AMX_SIDE);
    for (size_t done = 0, count; done < images; done += count) {
        count = amx_smaller(at_once, images - done);
        for (size_t i = 0; i < count; i++) pad_image(p, inputs + (done + i) * source, padded + i * image);
        memset(padded + count * image, 0, 2 * slack_elements(p));
        for (size_t part = 0; part < plan->count; part++) {
            padded_part(
                plan, &plan->parts[part], count, padded, weight, bias, (ptrdiff_t *)scratch,
                targets + done * target);
        }
    }
    amx_end();
}

static void product(
    const espalier_amx_shape *shape, enum espalier_amx_pass pass, const uint16_t *inputs, const uint16_t *weight,
    const float *bias, uint16_t *targets, void *scratch) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    if (is_direct(shape)) {
        const size_t pixels = shape->images * shape->out_height * shape->out_width;
        direct_product(&plan, pixels, inputs, weight, bias, targets, scratch);
    } else {
        padded_product(&plan, shape->images, inputs, weight, bias, targets, scratch);
    }
}

#else

static void product(
    const espalier_amx_shape *shape, enum espalier_amx_pass pass, const uint16_t *inputs, const uint16_t *weight,
    const float *bias, uint16_t *targets, void *scratch) {
    (void)shape, (void)pass, (void)inputs, (void)weight, (void)bias, (void)targets, (void)scratch;
    abort();
}

#endif

void espalier_amx_forward(
    const espalier_amx_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, void *scratch) {
    product(shape, ESPALIER_AMX_FORWARD, input, weight, bias, output, scratch);
}

void espalier_amx_input_gradient(
    const espalier_amx_shape *shape, const uint16_t *gradient, const uint16_t *weight, uint16_t *input_gradient,
    void *scratch) {
    product(shape, ESPALIER_AMX_INPUT_GRADIENT, gradient, weight, 0, input_gradient, scratch);
}
