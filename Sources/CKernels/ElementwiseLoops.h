// The loops of Elementwise.c for the element type that BF16 says; included once for each.
#include "ElementNames.h"

static inline __attribute__((always_inline)) void NAME(activate_all)(
    const ELEMENT *x, ELEMENT *out, size_t n, int kind) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; i++) out[i] = STORE(espalier_activated(LOAD(x[i]), kind));
}

ESPALIER_CLONES
void NAME(espalier_activate)(const ELEMENT *x, ELEMENT *out, size_t n, int activation) {
#define ACTIVATE(kind) NAME(activate_all)(x, out, n, kind)
    ESPALIER_FOR_ACTIVATION(activation, ACTIVATE)
#undef ACTIVATE
}

static inline __attribute__((always_inline)) void NAME(activate_all_back)(
    ELEMENT *restrict gradient, const ELEMENT *restrict x, size_t n, int kind) {
    for (size_t i = 0; i < n; i++) {
        gradient[i] = STORE(espalier_activated_back(LOAD(gradient[i]), LOAD(x[i]), kind));
    }
}

ESPALIER_CLONES
void NAME(espalier_activate_backward)(
    ELEMENT *restrict gradient, const ELEMENT *restrict x, size_t n, int activation) {
#define BACK(kind) NAME(activate_all_back)(gradient, x, n, kind)
    ESPALIER_FOR_ACTIVATION(activation, BACK)
#undef BACK
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
