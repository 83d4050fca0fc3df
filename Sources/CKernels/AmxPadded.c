// Any kernel and stride. Inputs are copied with zeros around them, so that the inputs of a row of taps are neighbours
// and outputs of one image lie at equal distances: 32 of them are a block, which some places between the rows of an
// image take part in for nothing.
#include <string.h>

#include "AmxBlock.h"

// Of images that go through all outputs before the next ones.
enum { STRETCH_BYTES = 512 << 10 };

INLINE size_t image_elements(const amx_padded *p) { return p->used * p->rows * p->columns * p->channels; }

// Blocks and runs may go beyond the end of the last image.
INLINE size_t slack_elements(const amx_padded *p) {
    return AMX_BLOCK * p->pixel_step * p->channels + AMX_RUN;
}

INLINE size_t images_at_once(const amx_padded *p, size_t images) {
    const size_t fitting = STRETCH_BYTES / (2 * image_elements(p));
    return smaller(images, larger(fitting, 1));
}

size_t espalier_amx_padded_scratch(const amx_plan *plan, size_t images) {
    const amx_padded *const padded = &plan->padded;
    const size_t elements = images_at_once(padded, images) * image_elements(padded) + slack_elements(padded);
    return amx_offsets_bytes(plan) + rounded_up(2 * elements, 64);
}

#if ESPALIER_HAS_NATIVE

// One row of a plane.
static void pad_row(const amx_padded *p, const uint16_t *image, ptrdiff_t y, uint16_t *to) {
    const size_t row = p->columns * p->channels;
    if (y < 0 || y >= (ptrdiff_t)p->height) {
        memset(to, 0, row * sizeof *to);
        return;
    }
    const size_t left = smaller(p->left, p->columns);
    const size_t there = smaller(p->width, p->columns - left);
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

ESPALIER_AMX void espalier_amx_padded(
    const amx_plan *plan, size_t images, const uint16_t *inputs, const uint16_t *weight, const float *bias,
    uint16_t *targets, char *scratch) {
    const amx_padded *const p = &plan->padded;
    const size_t at_once = images_at_once(p, images), image = image_elements(p);
    const size_t source = p->height * p->width * p->channels;
    const size_t target = plan->target_height * plan->target_width * plan->outputs;
    uint16_t *const padded = (uint16_t *)(scratch + amx_offsets_bytes(plan));
    amx_begin(AMX_SIDE);
    for (size_t done = 0, count; done < images; done += count) {
        count = smaller(at_once, images - done);
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

#endif
