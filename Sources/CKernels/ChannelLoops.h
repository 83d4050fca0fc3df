// The loops of Channels.c for the element type that BF16 says; included once for each.
#include "ElementNames.h"

ESPALIER_CLONES
void NAME(espalier_accumulate_rows)(
    const ELEMENT *restrict x, size_t stride, ELEMENT *restrict sums, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++, x += stride, sums += channels) {
        for (size_t c = 0; c < channels; c++) sums[c] = STORE(LOAD(sums[c]) + LOAD(x[c]));
    }
}

ESPALIER_CLONES
void NAME(espalier_scale)(
    const ELEMENT *x, const ELEMENT *restrict gate, ELEMENT *out, size_t images, size_t pixels,
    size_t channels) {
    for (size_t i = 0; i < images; i++, gate += channels) {
        for (size_t p = 0; p < pixels; p++, x += channels, out += channels) {
#pragma clang loop vectorize(assume_safety)
            for (size_t c = 0; c < channels; c++) out[c] = STORE(LOAD(x[c]) * LOAD(gate[c]));
        }
    }
}

// So many channels at a time that their sums stay in the first cache.
ESPALIER_CLONES
void NAME(espalier_scale_backward_gate)(
    const ELEMENT *restrict gradient, const ELEMENT *restrict x, ELEMENT *restrict gate_gradient,
    size_t images, size_t pixels, size_t channels) {
    enum { BLOCK = 256 };
    float totals[BLOCK], sums[BLOCK];
    for (size_t i = 0; i < images; i++, gate_gradient += channels) {
        for (size_t first = 0; first < channels; first += BLOCK) {
            const size_t count = channels - first < BLOCK ? channels - first : BLOCK;
            for (size_t c = 0; c < count; c++) totals[c] = 0;
            for (size_t p = 0; p < pixels;) {
                const size_t end = p + ESPALIER_SCALE_PIXELS < pixels ? p + ESPALIER_SCALE_PIXELS : pixels;
                for (size_t c = 0; c < count; c++) sums[c] = 0;
                for (; p < end; p++) {
                    const size_t row = (i * pixels + p) * channels + first;
                    for (size_t c = 0; c < count; c++) sums[c] += LOAD(gradient[row + c]) * LOAD(x[row + c]);
                }
                for (size_t c = 0; c < count; c++) totals[c] += sums[c];
            }
            for (size_t c = 0; c < count; c++) gate_gradient[first + c] = STORE(totals[c]);
        }
    }
}
