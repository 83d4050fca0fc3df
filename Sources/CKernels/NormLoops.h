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
    if (channels < FEW_CHANNELS) {
        NAME(add_blocks)(x, rows, channels, sums, squares, TOGETHER(1));
    } else {
        NAME(add_blocks)(x, rows, channels, sums, squares, TOGETHER(FEW_CHANNELS));
    }
}

// `residual` is null or not, and `kind` what it is, as constants at each call: the branches leave the loops.
static inline __attribute__((always_inline)) void NAME(apply_rows)(
    const ELEMENT *x, const float *restrict scale, const float *restrict shift, const ELEMENT *residual,
    ELEMENT *out, size_t rows, size_t channels, int kind) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            float value = LOAD(x[row + c]) * scale[c] + shift[c];
            if (residual) value += LOAD(residual[row + c]);
            out[row + c] = STORE(espalier_activated(value, kind));
        }
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_apply)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t channels, int activation) {
#define WITH_RESIDUAL(kind) NAME(apply_rows)(x, scale, shift, residual, out, rows, channels, kind)
#define WITHOUT_RESIDUAL(kind) NAME(apply_rows)(x, scale, shift, NULL, out, rows, channels, kind)
    if (residual) {
        ESPALIER_FOR_ACTIVATION(activation, WITH_RESIDUAL)
    } else {
        ESPALIER_FOR_ACTIVATION(activation, WITHOUT_RESIDUAL)
    }
#undef WITH_RESIDUAL
#undef WITHOUT_RESIDUAL
}

// What the first pass back reads beside the gradient.
typedef struct {
    const ELEMENT *x;
    // Null, or the output of the pass forward, which shows the slope of ReLU and ReLU6 as their input does.
    const ELEMENT *output;
    const float *scale;
    const float *shift;
} NAME(back_source);

// With `source.output` the gradient is changed in place; whether there is one, and `kind`, are constants at
// each call.
static inline __attribute__((always_inline)) void NAME(backward_rows)(
    ELEMENT *restrict gradient, NAME(back_source) source, size_t rows, size_t channels, double *restrict sums,
    double *restrict products, int kind) {
    const ELEMENT *restrict const x = source.x, *restrict const output = source.output;
    const float *restrict const scale = source.scale, *restrict const shift = source.shift;
    for (size_t c = 0; c < channels; c++) {
        PARTIAL sum = BEGIN(sums[c]), product = BEGIN(products[c]);
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + c;
            const float value = LOAD(x[i]);
            float dz = LOAD(gradient[i]);
            if (output) {
                dz = espalier_activated_back(dz, LOAD(output[i]), kind);
                gradient[i] = STORE(dz);
            } else if (kind != ESPALIER_NO_ACTIVATION) {
                dz = espalier_activated_back(dz, value * scale[c] + shift[c], kind);
            }
            sum += (PARTIAL)dz;
            product += (PARTIAL)dz * (PARTIAL)value;
        }
        sums[c] = END(sums[c], sum);
        products[c] = END(products[c], product);
    }
}

static inline __attribute__((always_inline)) void NAME(backward_blocks)(
    ELEMENT *gradient, NAME(back_source) source, size_t rows, size_t channels, double *sums, double *products,
    size_t together, int kind) {
    const size_t size = together * channels;
    size_t r = 0;
    for (; r + together <= rows; r += together) {
        if (r + 2 * together <= rows) {
            NAME(fetch)(gradient + size, size);
            if (source.output) NAME(fetch)(source.output + size, size);
            NAME(fetch)(source.x + size, size);
        }
        NAME(backward_rows)(gradient, source, together, channels, sums, products, kind);
        gradient += size;
        source.x += size;
        if (source.output) source.output += size;
    }
    for (; r < rows; r++) {
        NAME(backward_rows)(gradient, source, 1, channels, sums, products, kind);
        gradient += channels;
        source.x += channels;
        if (source.output) source.output += channels;
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_sums)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift, size_t rows,
    size_t channels, int activation, double *sums, double *products) {
    const NAME(back_source) source = {x, NULL, scale, shift};
    // Without an output the gradient is only read.
    ELEMENT *const same = (ELEMENT *)gradient;
#define FEW(kind) NAME(backward_blocks)(same, source, rows, channels, sums, products, TOGETHER(1), kind)
#define MANY(kind) \
    NAME(backward_blocks)(same, source, rows, channels, sums, products, TOGETHER(FEW_CHANNELS), kind)
    if (channels < FEW_CHANNELS) {
        ESPALIER_FOR_ACTIVATION(activation, FEW)
    } else {
        ESPALIER_FOR_ACTIVATION(activation, MANY)
    }
#undef FEW
#undef MANY
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_sums_in_place)(
    ELEMENT *gradient, const ELEMENT *x, const ELEMENT *output, size_t rows, size_t channels, int activation,
    double *sums, double *products) {
    const NAME(back_source) source = {x, output, NULL, NULL};
    const size_t few = TOGETHER(1), many = TOGETHER(FEW_CHANNELS);
    if (activation == ESPALIER_RELU6) {
        NAME(backward_blocks)(gradient, source, rows, channels, sums, products, many, ESPALIER_RELU6);
    } else if (channels < FEW_CHANNELS) {
        NAME(backward_blocks)(gradient, source, rows, channels, sums, products, few, ESPALIER_RELU);
    } else {
        NAME(backward_blocks)(gradient, source, rows, channels, sums, products, many, ESPALIER_RELU);
    }
}

static inline __attribute__((always_inline)) void NAME(backward_apply_rows)(
    const ELEMENT *gradient, const ELEMENT *x, const float *restrict scale, const float *restrict shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t rows, size_t channels, int kind) {
    const float *restrict const a = factors.gradient, *restrict const b = factors.value;
    const float *restrict const d = factors.constant;
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            const float value = LOAD(x[row + c]);
            float dz = LOAD(gradient[row + c]);
            if (kind != ESPALIER_NO_ACTIVATION) {
                dz = espalier_activated_back(dz, value * scale[c] + shift[c], kind);
            }
            dx[row + c] = STORE(a[c] * dz + b[c] * value + d[c]);
        }
    }
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_apply)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t rows, size_t channels, int activation) {
#define APPLY(kind) NAME(backward_apply_rows)(gradient, x, scale, shift, factors, dx, rows, channels, kind)
    ESPALIER_FOR_ACTIVATION(activation, APPLY)
#undef APPLY
}
