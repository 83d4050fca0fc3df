#include "Hypernet.h"

// Sums over n have this many partial sums, whatever the vector length, so every instruction level adds alike.
enum { LANES = 8 };

size_t espalier_hyper_scratch(espalier_hyper_shape shape) {
    size_t rows = shape.taps > shape.embedding ? shape.taps : shape.embedding;
    return (shape.embedding + rows + 1) * shape.outputs;
}

// a[n] and u[j,n] of the row.
static inline void embed(
    espalier_hyper_shape shape, espalier_hyper_row row, float z_in, const float *restrict z_out,
    float *restrict a, float *restrict u) {
    const size_t count = shape.outputs;
    for (size_t n = 0; n < count; n++) a[n] = z_in * z_out[n] + row.b0[n];
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict w1 = row.w1 + j * count;
        const float *restrict b1 = row.b1 + j * count;
        float *restrict out = u + j * count;
        for (size_t n = 0; n < count; n++) out[n] = a[n] * w1[n] + b1[n];
    }
}

ESPALIER_CLONES
void espalier_hyper_generate(
    espalier_hyper_shape shape, espalier_hyper_row row, float z_in, const float *z_out, float *weight,
    size_t stride, float *scratch) {
    const size_t count = shape.outputs, taps = shape.taps;
    float *restrict a = scratch;
    float *restrict u = a + count;
    float *restrict sums = u + shape.embedding * count;
    embed(shape, row, z_in, z_out, a, u);
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict uj = u + j * count;
        for (size_t t = 0; t < taps; t++) {
            const float *restrict w2 = row.w2 + (j * taps + t) * count;
            float *restrict sum = sums + t * count;
            if (j == 0) {
                for (size_t n = 0; n < count; n++) sum[n] = w2[n] * uj[n];
            } else {
                for (size_t n = 0; n < count; n++) sum[n] += w2[n] * uj[n];
            }
        }
    }
    // Output by output: W is far larger than a cache, and each of its lines is touched once this way.
    for (size_t n = 0; n < count; n++) {
        float *restrict out = weight + n * stride;
        for (size_t t = 0; t < taps; t++) out[t] = sums[t * count + n] + row.b2[t * count + n];
    }
}

// ∂L/∂w2, and ∂L/∂u into gradient.b1, which equals it.
static inline void backward_explicit(
    espalier_hyper_shape shape, espalier_hyper_row row, const float *restrict u,
    espalier_hyper_row gradient) {
    const size_t count = shape.outputs, taps = shape.taps;
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict uj = u + j * count;
        float *restrict du = gradient.b1 + j * count;
        for (size_t n = 0; n < count; n++) du[n] = 0;
        for (size_t t = 0; t < taps; t++) {
            const float *restrict w2 = row.w2 + (j * taps + t) * count;
            const float *restrict dw = gradient.b2 + t * count;
            float *restrict dw2 = gradient.w2 + (j * taps + t) * count;
            for (size_t n = 0; n < count; n++) {
                dw2[n] = dw[n] * uj[n];
                du[n] += w2[n] * dw[n];
            }
        }
    }
}

ESPALIER_CLONES
double espalier_hyper_backward(
    espalier_hyper_shape shape, espalier_hyper_row row, float z_in, const float *z_out,
    const float *weight_gradient, size_t stride, espalier_hyper_row gradient, double *z_out_gradient,
    float *scratch) {
    const size_t count = shape.outputs;
    float *restrict a = scratch;
    float *restrict u = a + count;
    embed(shape, row, z_in, z_out, a, u);
    for (size_t n = 0; n < count; n++) {
        const float *restrict in = weight_gradient + n * stride;
        for (size_t t = 0; t < shape.taps; t++) gradient.b2[t * count + n] = in[t];
    }
    backward_explicit(shape, row, u, gradient);
    float *restrict da = gradient.b0;
    for (size_t n = 0; n < count; n++) da[n] = 0;
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict w1 = row.w1 + j * count;
        const float *restrict du = gradient.b1 + j * count;
        float *restrict dw1 = gradient.w1 + j * count;
        for (size_t n = 0; n < count; n++) {
            dw1[n] = du[n] * a[n];
            da[n] += du[n] * w1[n];
        }
    }
    double lanes[LANES] = {0};
    for (size_t n = 0; n < count; n++) z_out_gradient[n] += (double)da[n] * (double)z_in;
    size_t n = 0;
    for (; n + LANES <= count; n += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] += (double)da[n + lane] * (double)z_out[n + lane];
        }
    }
    for (size_t lane = 0; n < count; n++, lane++) lanes[lane] += (double)da[n] * (double)z_out[n];
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}
