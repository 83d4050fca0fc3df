// The loops of Norm.c for the element type that BF16 says; included once for each.
#include "ElementNames.h"

// PARTIAL adds up rows that are taken together: in fp32 they go on straight in the fp64 totals. In bf16 they
// make a sum of their own in fp32, in which products of two bf16 are exact, and that is added to the totals:
// half as much work in fp64. There the number of rows is part of the result.
#undef PARTIAL
#undef BEGIN
#undef END
#undef TOGETHER
#if BF16
#define PARTIAL float
#define BEGIN(total) 0
#define END(total, partial) ((total) + (double)(partial))
#define TOGETHER(channels) ESPALIER_NORM_ROWS_BF16
#else
#define PARTIAL double
#define BEGIN(total) (total)
#define END(total, partial) (partial)
#define TOGETHER(channels) ((channels) < FEW_CHANNELS ? ROWS_OF_FEW : ROWS_OF_MANY)
#endif

// Asks for n elements that will be read soon.
static inline __attribute__((always_inline)) void NAME(fetch)(const ELEMENT *x, size_t n) {
    for (size_t i = 0; i < n; i += 64 / sizeof(ELEMENT)) __builtin_prefetch(x + i);
}

static inline __attribute__((always_inline)) void NAME(add_rows)(
    const ELEMENT *restrict x, size_t rows, size_t channels, double *restrict sums,
    double *restrict squares) {
    for (size_t c = 0; c < channels; c++) {
        PARTIAL sum = BEGIN(sums[c]), square = BEGIN(squares[c]);
        for (size_t r = 0; r < rows; r++) {
            const PARTIAL value = LOAD(x[r * channels + c]);
            sum += value;
            square += value * value;
        }
        sums[c] = END(sums[c], sum);
        squares[c] = END(squares[c], square);
    }
}

static inline __attribute__((always_inline)) void NAME(add_blocks)(
    const ELEMENT *x, size_t rows, size_t channels, double *sums, double *squares, size_t together) {
    size_t r = 0;
    for (; r + together <= rows; r += together) {
        const ELEMENT *block = x + r * channels;
        if (r + 2 * together <= rows) NAME(fetch)(block + together * channels, together * channels);
        NAME(add_rows)(block, together, channels, sums, squares);
    }
    for (; r < rows; r++) NAME(add_rows)(x + r * channels, 1, channels, sums, squares);
}

ESPALIER_CLONES
void NAME(espalier_norm_sums)(
    const ELEMENT *x, size_t rows, size_t channels, double *sums, double *squares) {
    for (size_t c = 0; c < channels; c++) sums[c] = squares[c] = 0;
    if (channels < FEW_CHANNELS) {
        NAME(add_blocks)(x, rows, channels, sums, squares, TOGETHER(1));
    } else {
        NAME(add_blocks)(x, rows, channels, sums, squares, TOGETHER(FEW_CHANNELS));
    }
}

// `residual` and `relu` are constants at each call, so the branches leave the loops.
static inline __attribute__((always_inline)) void NAME(apply_rows)(
    const ELEMENT *x, const float *restrict scale, const float *restrict shift, const ELEMENT *residual,
    ELEMENT *out, size_t rows, size_t channels, int relu) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            float value = LOAD(x[row + c]) * scale[c] + shift[c];
            if (residual) value += LOAD(residual[row + c]);
            if (relu) value = value > 0 ? value : 0;
            out[row + c] = STORE(value);
        }
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_apply)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t channels, int relu) {
    if (residual && relu) {
        NAME(apply_rows)(x, scale, shift, residual, out, rows, channels, 1);
    } else if (residual) {
        NAME(apply_rows)(x, scale, shift, residual, out, rows, channels, 0);
    } else if (relu) {
        NAME(apply_rows)(x, scale, shift, NULL, out, rows, channels, 1);
    } else {
        NAME(apply_rows)(x, scale, shift, NULL, out, rows, channels, 0);
    }
}

// `output` is null or not as a constant at each call.
static inline __attribute__((always_inline)) void NAME(backward_rows)(
    ELEMENT *restrict gradient, const ELEMENT *restrict output, const ELEMENT *restrict x, size_t rows,
    size_t channels, double *restrict sums, double *restrict products) {
    for (size_t c = 0; c < channels; c++) {
        PARTIAL sum = BEGIN(sums[c]), product = BEGIN(products[c]);
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + c;
            ELEMENT dz = gradient[i];
            if (output) {
                dz = LOAD(output[i]) > 0 ? dz : 0;
                gradient[i] = dz;
            }
            sum += (PARTIAL)LOAD(dz);
            product += (PARTIAL)LOAD(dz) * (PARTIAL)LOAD(x[i]);
        }
        sums[c] = END(sums[c], sum);
        products[c] = END(products[c], product);
    }
}

static inline __attribute__((always_inline)) void NAME(backward_blocks)(
    ELEMENT *gradient, const ELEMENT *output, const ELEMENT *x, size_t rows, size_t channels, double *sums,
    double *products, size_t together) {
    const size_t size = together * channels;
    size_t r = 0, i = 0;
    for (; r + together <= rows; r += together, i += size) {
        if (r + 2 * together <= rows) {
            NAME(fetch)(gradient + i + size, size);
            if (output) NAME(fetch)(output + i + size, size);
            NAME(fetch)(x + i + size, size);
        }
        NAME(backward_rows)(
            gradient + i, output ? output + i : NULL, x + i, together, channels, sums, products);
    }
    for (; r < rows; r++, i += channels) {
        NAME(backward_rows)(gradient + i, output ? output + i : NULL, x + i, 1, channels, sums, products);
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_sums)(
    ELEMENT *gradient, const ELEMENT *output, const ELEMENT *x, size_t rows, size_t channels, double *sums,
    double *products) {
    const size_t few = TOGETHER(1), many = TOGETHER(FEW_CHANNELS);
    for (size_t c = 0; c < channels; c++) sums[c] = products[c] = 0;
    if (output && channels < FEW_CHANNELS) {
        NAME(backward_blocks)(gradient, output, x, rows, channels, sums, products, few);
    } else if (output) {
        NAME(backward_blocks)(gradient, output, x, rows, channels, sums, products, many);
    } else if (channels < FEW_CHANNELS) {
        NAME(backward_blocks)(gradient, NULL, x, rows, channels, sums, products, few);
    } else {
        NAME(backward_blocks)(gradient, NULL, x, rows, channels, sums, products, many);
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_apply)(
    const ELEMENT *dz, const ELEMENT *x, const float *a, const float *b, const float *d, ELEMENT *dx,
    size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            dx[row + c] = STORE(a[c] * LOAD(dz[row + c]) + b[c] * LOAD(x[row + c]) + d[c]);
        }
    }
}
