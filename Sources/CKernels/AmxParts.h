// The products that a pass of a convolution consists of. The forward pass is one. The gradient of an input is one
// for each place that a pixel can have within a stride: of pixels at one place, the same taps are read.
#pragma once

#include "Amx.h"
#include "AmxUnit.h"

// Inputs with zeros around them. Rows lie in `planes` planes, the first of which has every planes-th row from the
// first on: then outputs one below another are as far apart in each plane as in any.
typedef struct {
    size_t channels, height, width;  // of the inputs
    size_t planes, rows, columns;    // padded; rows of a plane
    size_t used;                     // planes that the kernel reaches
    size_t above, left;              // zeros
    size_t pixel_step;               // pixels from one output's inputs to the next one's
} amx_padded;

// Outputs at some places of an image, and what they read.
typedef struct {
    size_t taps_y, taps_x;
    size_t rows, columns;                // of the outputs; 0 if there are none
    size_t source_row, source_column;    // the first output's first tap, in the padded inputs
    size_t target_row, target_column, target_step;
    // Where the kernel has tap (y, x): first + y·step.
    size_t first_y, first_x;
    ptrdiff_t step;
    size_t weight;  // where its packed weight begins
} amx_part;

// Most parts, and so most strides.
enum { AMX_PARTS = 16 };

typedef struct {
    amx_padded padded;
    size_t outputs;  // channels
    size_t target_height, target_width;
    size_t count;
    amx_part parts[AMX_PARTS];
    size_t weight_count;
} amx_plan;

// Runs of 32 inputs that an output reads for each row of taps: the taps of a row lie side by side.
INLINE size_t amx_runs(const amx_padded *padded, const amx_part *part) {
    return parts(part->taps_x * padded->channels, AMX_RUN);
}

INLINE size_t amx_steps(const amx_padded *padded, const amx_part *part) {
    return part->taps_y * amx_runs(padded, part);
}

// A table of offsets, one a step, at the beginning of scratch memory.
INLINE size_t amx_offsets_bytes(const amx_plan *plan) {
    size_t most = 0;
    for (size_t p = 0; p < plan->count; p++) most = larger(most, amx_steps(&plan->padded, &plan->parts[p]));
    return rounded_up(most * sizeof(ptrdiff_t), 64);
}

// Neither zeros around images nor shifts: all images are one row of pixels.
INLINE int amx_is_direct(const espalier_convolution_shape *s) {
    return s->kernel == 1 && s->stride == 1 && s->padding == 0;
}

void espalier_amx_plan(const espalier_convolution_shape *shape, enum espalier_amx_pass pass, amx_plan *plan);

// The two ways of a product, for direct shapes and for any, and bytes of their scratch memory.

size_t espalier_amx_direct_scratch(const amx_plan *plan);
void espalier_amx_direct(
    const amx_plan *plan, size_t pixels, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, char *scratch);

size_t espalier_amx_padded_scratch(const amx_plan *plan, size_t images);
void espalier_amx_padded(
    const amx_plan *plan, size_t images, const uint16_t *inputs, const uint16_t *weight, const float *bias,
    uint16_t *targets, char *scratch);
