#include "Elementwise.h"

ESPALIER_CLONES
void espalier_relu(const float *x, float *out, size_t n) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; i++) out[i] = x[i] > 0 ? x[i] : 0;
}

ESPALIER_CLONES
void espalier_relu_backward(float *restrict gradient, const float *restrict output, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float value = gradient[i];  // Read whatever output says: no branch, so it vectorises.
        gradient[i] = output[i] > 0 ? value : 0;
    }
}

ESPALIER_CLONES
void espalier_add(const float *a, const float *b, float *out, size_t n) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i];
}

ESPALIER_CLONES
void espalier_accumulate(float *restrict sums, const float *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) sums[i] += x[i];
}

ESPALIER_CLONES
void espalier_global_average(
    const float *restrict x, float *restrict out, size_t images, size_t pixels, size_t channels) {
    const float share = 1.0f / (float)pixels;
    for (size_t i = 0; i < images; i++, out += channels) {
        for (size_t c = 0; c < channels; c++) out[c] = 0;
        for (size_t p = 0; p < pixels; p++, x += channels) {
            for (size_t c = 0; c < channels; c++) out[c] += x[c];
        }
        for (size_t c = 0; c < channels; c++) out[c] *= share;
    }
}

ESPALIER_CLONES
void espalier_global_average_backward(
    const float *restrict gradient, float *restrict dx, size_t images, size_t pixels, size_t channels) {
    const float share = 1.0f / (float)pixels;
    for (size_t i = 0; i < images; i++, gradient += channels) {
        for (size_t p = 0; p < pixels; p++, dx += channels) {
            for (size_t c = 0; c < channels; c++) dx[c] = gradient[c] * share;
        }
    }
}
