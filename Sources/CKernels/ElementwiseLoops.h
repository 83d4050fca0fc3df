// The loops of Elementwise.c for the element type that BF16 says; included once for each.
#include "ElementNames.h"

ESPALIER_CLONES
void NAME(espalier_relu)(const ELEMENT *x, ELEMENT *out, size_t n) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; i++) out[i] = LOAD(x[i]) > 0 ? x[i] : 0;
}

ESPALIER_CLONES
void NAME(espalier_relu_backward)(ELEMENT *restrict gradient, const ELEMENT *restrict output, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const ELEMENT value = gradient[i];  // Read whatever output says: no branch, so it vectorises.
        gradient[i] = LOAD(output[i]) > 0 ? value : 0;
    }
}

ESPALIER_CLONES
void NAME(espalier_add)(const ELEMENT *a, const ELEMENT *b, ELEMENT *out, size_t n) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; i++) out[i] = STORE(LOAD(a[i]) + LOAD(b[i]));
}

ESPALIER_CLONES
void NAME(espalier_accumulate)(ELEMENT *restrict sums, const ELEMENT *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) sums[i] = STORE(LOAD(sums[i]) + LOAD(x[i]));
}

ESPALIER_CLONES
void NAME(espalier_global_average)(
    const ELEMENT *restrict x, float *restrict out, size_t images, size_t pixels, size_t channels) {
    const float share = 1.0f / (float)pixels;
    for (size_t i = 0; i < images; i++, out += channels) {
        for (size_t c = 0; c < channels; c++) out[c] = 0;
        for (size_t p = 0; p < pixels; p++, x += channels) {
            for (size_t c = 0; c < channels; c++) out[c] += LOAD(x[c]);
        }
        for (size_t c = 0; c < channels; c++) out[c] *= share;
    }
}

ESPALIER_CLONES
void NAME(espalier_global_average_backward)(
    const float *restrict gradient, ELEMENT *restrict dx, size_t images, size_t pixels, size_t channels) {
    const float share = 1.0f / (float)pixels;
    for (size_t i = 0; i < images; i++, gradient += channels) {
        for (size_t p = 0; p < pixels; p++, dx += channels) {
            for (size_t c = 0; c < channels; c++) dx[c] = STORE(gradient[c] * share);
        }
    }
}
