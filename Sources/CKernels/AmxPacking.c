// Packed weights are squares for the right operand: [part][vector of 16 outputs][row of taps][run of 32 inputs]
// [pair][output][2]. The inputs of a row of taps are those of its pixels, one after another.
#include "AmxParts.h"
#include "Elements.h"
#include "Transpose.h"

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

INLINE uint16_t stored(const float *element) { return element ? espalier_bf16(*element) : 0; }

// Outputs first ..< end of a vector, one element after another; those from `w->outputs` on are zero.
static void pack_elements(
    const plain_weight *w, const amx_part *part, size_t first, size_t end, size_t runs, uint16_t *to) {
    for (size_t y = 0; y < part->taps_y; y++) {
        for (size_t at = 0; at < runs * AMX_RUN; at += 2, to += AMX_RUN) {
            for (size_t n = first; n < end; n++) {
                const int is_there = n < w->outputs;
                to[n % AMX_SIDE * 2] = stored(is_there ? element(w, part, y, n, at) : 0);
                to[n % AMX_SIDE * 2 + 1] = stored(is_there ? element(w, part, y, n, at + 1) : 0);
            }
        }
    }
}

#if ESPALIER_HAS_NATIVE

// The elements of sixteen outputs for one input: `places` from `from`, of `there`; zeros if it is null.
INLINE ESPALIER_AMX __m512 gather(const float *from, __m512i places, __mmask16 there) {
    if (!from) return _mm512_setzero_ps();
    return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), there, places, from, sizeof *from);
}

INLINE ESPALIER_AMX void pack_pair(
    const float *even, const float *odd, __m512i places, __mmask16 there, uint16_t *to) {
    static const uint16_t order[AMX_RUN] __attribute__((aligned(64))) = {
        0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
        14, 30, 15, 31};
    const __m512 low = gather(even, places, there), high = gather(odd, places, there);
    const __m512i rounded = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(_mm512_load_si512(order), rounded));
}

// A whole vector from `first` on, tap after tap: pairs may be of two taps.
static ESPALIER_AMX void pack_taps(
    const plain_weight *w, const amx_part *part, size_t first, size_t runs, __m512i places, __mmask16 there,
    uint16_t *to) {
    for (size_t y = 0; y < part->taps_y; y++) {
        for (size_t at = 0; at < runs * AMX_RUN; at += 2, to += AMX_RUN) {
            const float *const even = element(w, part, y, first, at);
            pack_pair(even, element(w, part, y, first, at + 1), places, there, to);
        }
    }
}

// The same where pairs are of one tap. All taps of a pair lie together in the weight, so they are packed together.
static ESPALIER_AMX void pack_pairs(
    const plain_weight *w, const amx_part *part, size_t first, size_t runs, __m512i places, __mmask16 there,
    uint16_t *to) {
    const size_t pairs = parts(w->inputs, 2), row = runs * AMX_SIDE, used = part->taps_x * pairs;
    for (size_t pair = 0; pair < pairs; pair++) {
        const size_t input = 2 * pair;
        for (size_t y = 0; y < part->taps_y; y++) {
            for (size_t x = 0; x < part->taps_x; x++) {
                const float *const even = element(w, part, y, first, x * w->inputs + input);
                const float *const odd = input + 1 < w->inputs ? even + w->input_stride : 0;
                pack_pair(even, odd, places, there, to + (y * row + x * pairs + pair) * AMX_RUN);
            }
        }
    }
    for (size_t y = 0; y < part->taps_y; y++) {
        memset(to + (y * row + used) * AMX_RUN, 0, (row - used) * AMX_RUN * sizeof *to);
    }
}

// The same for one tap and inputs that lie side by side, 32 at a time.
static ESPALIER_AMX void pack_squares(const plain_weight *w, size_t first, uint16_t *to) {
    for (size_t k = 0; k < w->inputs; k += AMX_RUN, to += AMX_SQUARE) {
        const uint32_t there = _bzhi_u32(~0u, (unsigned)smaller(w->inputs - k, AMX_RUN));
        espalier_square_row rows[AMX_SIDE] = {0};
        for (size_t n = 0; n < smaller(w->outputs - first, AMX_SIDE); n++) {
            const float *const from = w->weight + (first + n) * w->output_stride + k;
            const __m512 low = _mm512_maskz_loadu_ps((__mmask16)there, from);
            const __m512 high = _mm512_maskz_loadu_ps((__mmask16)(there >> AMX_SIDE), from + AMX_SIDE);
            rows[n] = (espalier_square_row)_mm512_cvtne2ps_pbh(high, low);
        }
        espalier_transpose_square(rows);
        memcpy(to, rows, sizeof rows);
    }
}

// What is there of the vector of outputs from `first` on, and zeros.
static ESPALIER_AMX void pack_vector(
    const plain_weight *w, const amx_part *part, size_t first, size_t runs, uint16_t *to) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i places = _mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)w->output_stride));
    const __mmask16 there = (__mmask16)_bzhi_u32(0xffff, (unsigned)smaller(w->outputs - first, AMX_SIDE));
    if (w->kernel == 1 && w->input_stride == 1) {
        pack_squares(w, first, to);
    } else if (w->inputs % 2 == 0 || w->kernel == 1) {
        pack_pairs(w, part, first, runs, places, there, to);
    } else {
        pack_taps(w, part, first, runs, places, there, to);
    }
}

#endif

static void pack_part(
    const plain_weight *w, const amx_padded *padded, const amx_part *part, size_t first, size_t end,
    uint16_t *packed) {
    const size_t runs = amx_runs(padded, part), vector = part->taps_y * runs * AMX_SQUARE;
    if (part->taps_y == 0) return;
    for (size_t n = first, next; n < end; n = next) {
        next = smaller(n / AMX_SIDE * AMX_SIDE + AMX_SIDE, end);
        uint16_t *const to = packed + n / AMX_SIDE * vector;
#if ESPALIER_HAS_NATIVE
        if (n % AMX_SIDE == 0 && (next % AMX_SIDE == 0 || next == w->outputs)) {
            pack_vector(w, part, n, runs, to);
            continue;
        }
#endif
        // The last part writes what pads the last vector.
        pack_elements(w, part, n, next == w->outputs ? rounded_up(next, AMX_SIDE) : next, runs, to);
    }
}

size_t espalier_amx_weight_count(const espalier_convolution_shape *shape, enum espalier_amx_pass pass) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    return plan.weight_count;
}

void espalier_amx_pack(
    const espalier_convolution_shape *shape, enum espalier_amx_pass pass, const float *weight, size_t first, size_t end,
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
