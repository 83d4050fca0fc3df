// Channels are the inner loop, so that they vectorise without a change in the order of any sum; a handful
// of rows are taken together, so that an accumulator is loaded and stored once for all of them.
#include "Norm.h"

enum { ROWS_TOGETHER = 8 };

static inline __attribute__((always_inline)) void add_rows(
    const float *restrict x, size_t rows, size_t channels, double *restrict sums, double *restrict squares) {
    for (size_t c = 0; c < channels; c++) {
        double sum = sums[c], square = squares[c];
        for (size_t r = 0; r < rows; r++) {
            const double value = x[r * channels + c];
            sum += value;
            square += value * value;
        }
        sums[c] = sum;
        squares[c] = square;
    }
}

ESPALIER_CLONES
void espalier_norm_sums(const float *x, size_t rows, size_t channels, double *sums, double *squares) {
    for (size_t c = 0; c < channels; c++) sums[c] = squares[c] = 0;
    size_t r = 0;
    for (; r + ROWS_TOGETHER <= rows; r += ROWS_TOGETHER) {
        add_rows(x + r * channels, ROWS_TOGETHER, channels, sums, squares);
    }
    for (; r < rows; r++) add_rows(x + r * channels, 1, channels, sums, squares);
}

// `residual` and `relu` are constants at each call, so the branches leave the loops.
static inline __attribute__((always_inline)) void apply_rows(
    const float *x, const float *restrict scale, const float *restrict shift, const float *residual,
    float *out, size_t rows, size_t channels, int relu) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            float value = x[row + c] * scale[c] + shift[c];
            if (residual) value += residual[row + c];
            if (relu) value = value > 0 ? value : 0;
            out[row + c] = value;
        }
    }
}

ESPALIER_CLONES
void espalier_norm_apply(
    const float *x, const float *scale, const float *shift, const float *residual, float *out, size_t rows,
    size_t channels, int relu) {
    if (residual && relu) {
        apply_rows(x, scale, shift, residual, out, rows, channels, 1);
    } else if (residual) {
        apply_rows(x, scale, shift, residual, out, rows, channels, 0);
    } else if (relu) {
        apply_rows(x, scale, shift, NULL, out, rows, channels, 1);
    } else {
        apply_rows(x, scale, shift, NULL, out, rows, channels, 0);
    }
}

// `output` is null or not as a constant at each call.
static inline __attribute__((always_inline)) void backward_rows(
    float *restrict gradient, const float *restrict output, const float *restrict x, size_t rows,
    size_t channels, double *restrict sums, double *restrict products) {
    for (size_t c = 0; c < channels; c++) {
        double sum = sums[c], product = products[c];
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + c;
            float dz = gradient[i];
            if (output) {
                dz = output[i] > 0 ? dz : 0;
                gradient[i] = dz;
            }
            sum += (double)dz;
            product += (double)dz * (double)x[i];
        }
        sums[c] = sum;
        products[c] = product;
    }
}

ESPALIER_CLONES
void espalier_norm_backward_sums(
    float *gradient, const float *output, const float *x, size_t rows, size_t channels, double *sums,
    double *products) {
    for (size_t c = 0; c < channels; c++) sums[c] = products[c] = 0;
    size_t r = 0;
    for (; r + ROWS_TOGETHER <= rows; r += ROWS_TOGETHER) {
        const size_t i = r * channels;
        if (output) {
            backward_rows(gradient + i, output + i, x + i, ROWS_TOGETHER, channels, sums, products);
        } else {
            backward_rows(gradient + i, NULL, x + i, ROWS_TOGETHER, channels, sums, products);
        }
    }
    for (; r < rows; r++) {
        const size_t i = r * channels;
        if (output) {
            backward_rows(gradient + i, output + i, x + i, 1, channels, sums, products);
        } else {
            backward_rows(gradient + i, NULL, x + i, 1, channels, sums, products);
        }
    }
}

ESPALIER_CLONES
void espalier_norm_backward_apply(
    const float *dz, const float *x, const float *a, const float *b, const float *d, float *dx, size_t rows,
    size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) dx[row + c] = a[c] * dz[row + c] + b[c] * x[row + c] + d[c];
    }
}
