// Packed weights are squares for the right operand: [part][vector of 16 outputs][row of taps][run of 32 inputs]
// [pair][output][2]. The inputs of a row of taps are those of its pixels, one after another.
#include "AmxParts.h"
#include "Elements.h"
#include "Pointwise.h"

// Where the elements of a plain weight lie, by what a pass takes for its outputs and inputs.
typedef struct {
    const float *weight;
    size_t outputs, inputs, output_stride, input_stride, kernel;
} plain_weight;

// What outputs from `output` on read of input `at` of a row of taps; null: nothing.
INLINE const float *element(
    const plain_weight *w, const amx_part *part, size_t tap_y, size_t output, size_t at) {
    const size_t tap_x = at / w->inputs;
    if (tap_x >= part->taps_x) return 0;
    const size_t y = part->first_y + (size_t)((ptrdiff_t)tap_y * part->step);
    const size_t x = part->first_x + (size_t)((ptrdiff_t)tap_x * part->step);
    return w->weight + output * w->output_stride + at % w->inputs * w->input_stride + y * w->kernel + x;
}

// Inputs `at` and the one behind it for all sixteen outputs.
ESPALIER_CLONES
static void pack_pair(const float *even, const float *odd, size_t stride, uint16_t *to) {
    uint16_t pairs[AMX_RUN];
    for (size_t n = 0; n < AMX_SIDE; n++) {
        pairs[2 * n] = espalier_bf16(even[n * stride]);
        pairs[2 * n + 1] = espalier_bf16(odd[n * stride]);
    }
    memcpy(to, pairs, sizeof pairs);
}

INLINE uint16_t stored(const float *element) { return element ? espalier_bf16(*element) : 0; }

// Outputs first ..< end of a vector; those from `w->outputs` on are zero.
static void pack_row_of_taps(
    const plain_weight *w, const amx_part *part, size_t tap_y, size_t first, size_t end, size_t runs,
    uint16_t *to) {
    const int is_whole = end - first == AMX_SIDE && end <= w->outputs;
    for (size_t at = 0; at < runs * AMX_RUN; at += 2, to += AMX_RUN) {
        const float *const even = element(w, part, tap_y, first, at);
        const float *const odd = element(w, part, tap_y, first, at + 1);
        if (is_whole && even && odd) {
            pack_pair(even, odd, w->output_stride, to);
            continue;
        }
        for (size_t n = first; n < end; n++) {
            const size_t further = (n - first) * w->output_stride;
            const int is_there = n < w->outputs;
            to[n % AMX_SIDE * 2] = stored(is_there && even ? even + further : 0);
            to[n % AMX_SIDE * 2 + 1] = stored(is_there && odd ? odd + further : 0);
        }
    }
}

static void pack_part(
    const plain_weight *w, const amx_padded *padded, const amx_part *part, size_t first, size_t end,
    uint16_t *packed) {
    const size_t runs = amx_runs(padded, part), vector = part->taps_y * runs * AMX_SQUARE;
    for (size_t n = first, next; n < end; n = next) {
        next = amx_smaller(n / AMX_SIDE * AMX_SIDE + AMX_SIDE, end);
        // The last part writes what pads the last vector.
        const size_t last = next == w->outputs ? amx_up(next, AMX_SIDE) : next;
        for (size_t y = 0; y < part->taps_y; y++) {
            uint16_t *const to = packed + n / AMX_SIDE * vector + y * runs * AMX_SQUARE;
            pack_row_of_taps(w, part, y, n, last, runs, to);
        }
    }
}

size_t espalier_amx_weight_count(const espalier_amx_shape *shape, enum espalier_amx_pass pass) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    return plan.weight_count;
}

void espalier_amx_pack(
    const espalier_amx_shape *shape, enum espalier_amx_pass pass, const float *weight, size_t first, size_t end,
    uint16_t *packed) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    const size_t taps = shape->kernel * shape->kernel, filter = shape->in_channels * taps;
    const int is_forward = pass == ESPALIER_AMX_FORWARD;
    const plain_weight w = {
        .weight = weight,
        .outputs = plan.outputs,
        .inputs = plan.padded.channels,
        .output_stride = is_forward ? filter : taps,
        .input_stride = is_forward ? taps : filter,
        .kernel = shape->kernel,
    };
    for (size_t p = 0; p < plan.count; p++) {
        const amx_part *const part = &plan.parts[p];
        pack_part(&w, &plan.padded, part, first, end, packed + part->weight);
    }
}
