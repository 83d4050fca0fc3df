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
INLINE void NAME(fetch)(const ELEMENT *x, size_t n) {
    for (size_t i = 0; i < n; i += 64 / sizeof(ELEMENT)) __builtin_prefetch(x + i);
}

// `count` channels, a constant or all, of rows that begin every `channels`.
INLINE void NAME(add_rows)(
    const ELEMENT *restrict x, size_t rows, size_t channels, double *restrict sums, double *restrict squares,
    const size_t count) {
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < count; c++) {
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

INLINE void NAME(add_channels)(
    const ELEMENT *x, size_t rows, size_t channels, double *sums, double *squares) {
#define PIECE(c, to_sums, to_squares, count) \
    NAME(add_rows)(x + (c), rows, channels, to_sums, to_squares, count)
    if (BF16) {
        FOR_PIECES(channels, sums, squares, PIECE)
    } else {
        PIECE(0, sums, squares, channels);
    }
#undef PIECE
}

INLINE void NAME(add_blocks)(
    const ELEMENT *x, size_t rows, size_t channels, double *sums, double *squares, size_t together) {
    size_t r = 0;
    for (; r + together <= rows; r += together) {
        const ELEMENT *block = x + r * channels;
        if (r + 2 * together <= rows) NAME(fetch)(block + together * channels, together * channels);
        NAME(add_channels)(block, together, channels, sums, squares);
    }
    for (; r < rows; r++) NAME(add_channels)(x + r * channels, 1, channels, sums, squares);
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
INLINE void NAME(apply_values)(
    const ELEMENT *x, const float *restrict scale, const float *restrict shift, const ELEMENT *residual,
    ELEMENT *out, size_t count, int kind) {
#pragma clang loop vectorize(assume_safety) unroll(disable)
    for (size_t c = 0; c < count; c++) {
        float value = LOAD(x[c]) * scale[c] + shift[c];
        if (residual) value += LOAD(residual[c]);
        out[c] = STORE(espalier_activated(value, kind));
    }
}

INLINE void NAME(apply_rows)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t channels, int kind) {
    if (channels > ROUND_CHANNELS) {
        for (size_t i = 0; i < rows * channels; i += channels) {
            NAME(apply_values)(
                x + i, scale, shift, residual ? residual + i : NULL, out + i, channels, kind);
        }
        return;
    }
    float round[2][ROUND_CHANNELS + LANES] __attribute__((aligned(64)));
    make_round(scale, channels, round[0]);
    make_round(shift, channels, round[1]);
#define STRETCH(i, c, count) \
    NAME(apply_values)( \
        x + (i), round[0] + (c), round[1] + (c), residual ? residual + (i) : NULL, out + (i), count, kind)
    FOR_STRETCHES(rows * channels, channels, STRETCH)
#undef STRETCH
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

// With `source.output` the gradient is changed in place, to the same if twice; whether there is one and
// `kind` are constants at each call, and `count` is one or all channels.
INLINE void NAME(backward_rows)(
    ELEMENT *restrict gradient, NAME(back_source) source, size_t rows, size_t channels, size_t first,
    double *restrict sums, double *restrict products, int kind, const size_t count) {
    const ELEMENT *restrict const x = source.x, *restrict const output = source.output;
    const float *restrict const scale = source.scale, *restrict const shift = source.shift;
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < count; c++) {
        PARTIAL sum = BEGIN(sums[c]), product = BEGIN(products[c]);
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + first + c;
            const float value = LOAD(x[i]);
            float dz = LOAD(gradient[i]);
            if (output) {
                dz = espalier_activated_back(dz, LOAD(output[i]), kind);
                gradient[i] = STORE(dz);
            } else if (kind != ESPALIER_NO_ACTIVATION) {
                dz = espalier_activated_back(dz, value * scale[first + c] + shift[first + c], kind);
            }
            sum += (PARTIAL)dz;
            product += (PARTIAL)dz * (PARTIAL)value;
        }
        sums[c] = END(sums[c], sum);
        products[c] = END(products[c], product);
    }
}

#if BF16
// The same of an activation with an exponential, without an output, and of at most LANES channels: in one loop
// with the sums over eight rows it is too much for the compiler to vectorise.
INLINE void NAME(exponential_backward_rows)(
    const ELEMENT *restrict gradient, NAME(back_source) source, size_t rows, size_t channels, size_t first,
    double *restrict sums, double *restrict products, int kind, const size_t count) {
    float dz[ESPALIER_NORM_ROWS_BF16 * LANES];
    const float *restrict const scale = source.scale + first, *restrict const shift = source.shift + first;
#pragma clang loop unroll(disable)
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels + first;
#pragma clang loop unroll(disable)
        for (size_t c = 0; c < count; c++) {
            const float value = LOAD(source.x[row + c]) * scale[c] + shift[c];
            dz[r * count + c] = espalier_activated_back(LOAD(gradient[row + c]), value, kind);
        }
    }
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < count; c++) {
        float sum = 0, product = 0;
        for (size_t r = 0; r < rows; r++) {
            sum += dz[r * count + c];
            product += dz[r * count + c] * LOAD(source.x[r * channels + first + c]);
        }
        sums[c] = END(sums[c], sum);
        products[c] = END(products[c], product);
    }
}
#endif

INLINE void NAME(backward_channels)(
    ELEMENT *gradient, NAME(back_source) source, size_t rows, size_t channels, double *sums, double *products,
    int kind) {
#if BF16
#define PIECE(c, to_sums, to_products, count) \
    NAME(exponential_backward_rows)(gradient, source, rows, channels, c, to_sums, to_products, kind, count)
    if (kind == ESPALIER_SWISH || kind == ESPALIER_SIGMOID) {
        FOR_PIECES(channels, sums, products, PIECE)
        return;
    }
#undef PIECE
#endif
#define PIECE(c, to_sums, to_products, count) \
    NAME(backward_rows)(gradient, source, rows, channels, c, to_sums, to_products, kind, count)
    if (BF16 || channels < MANY_CHANNELS) {
        FOR_PIECES(channels, sums, products, PIECE)
    } else {
        PIECE(0, sums, products, channels);
    }
#undef PIECE
}

INLINE void NAME(backward_blocks)(
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
        NAME(backward_channels)(gradient, source, together, channels, sums, products, kind);
        gradient += size;
        source.x += size;
        if (source.output) source.output += size;
    }
    for (; r < rows; r++) {
        NAME(backward_channels)(gradient, source, 1, channels, sums, products, kind);
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

INLINE void NAME(backward_apply_values)(
    const ELEMENT *gradient, const ELEMENT *x, const float *restrict scale, const float *restrict shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t count, int kind) {
    const float *restrict const a = factors.gradient, *restrict const b = factors.value;
    const float *restrict const d = factors.constant;
#pragma clang loop vectorize(assume_safety) unroll(disable)
    for (size_t c = 0; c < count; c++) {
        const float value = LOAD(x[c]);
        float dz = LOAD(gradient[c]);
        if (kind != ESPALIER_NO_ACTIVATION) {
            dz = espalier_activated_back(dz, value * scale[c] + shift[c], kind);
        }
        dx[c] = STORE(a[c] * dz + b[c] * value + d[c]);
    }
}

INLINE void NAME(backward_apply_rows)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t rows, size_t channels, int kind) {
    if (channels > ROUND_CHANNELS) {
        for (size_t i = 0; i < rows * channels; i += channels) {
            NAME(backward_apply_values)(gradient + i, x + i, scale, shift, factors, dx + i, channels, kind);
        }
        return;
    }
    float round[5][ROUND_CHANNELS + LANES] __attribute__((aligned(64)));
    make_round(factors.gradient, channels, round[0]);
    make_round(factors.value, channels, round[1]);
    make_round(factors.constant, channels, round[2]);
    if (kind != ESPALIER_NO_ACTIVATION) {
        make_round(scale, channels, round[3]);
        make_round(shift, channels, round[4]);
    }
#define STRETCH(i, c, count) \
    NAME(backward_apply_values)( \
        gradient + (i), x + (i), round[3] + (c), round[4] + (c), \
        (espalier_norm_factors){round[0] + (c), round[1] + (c), round[2] + (c)}, dx + (i), count, kind)
    FOR_STRETCHES(rows * channels, channels, STRETCH)
#undef STRETCH
}

ESPALIER_CLONES
void NAME(espalier_norm_backward_apply)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t rows, size_t channels, int activation) {
#define APPLY(kind) NAME(backward_apply_rows)(gradient, x, scale, shift, factors, dx, rows, channels, kind)
    ESPALIER_FOR_ACTIVATION(activation, APPLY)
#undef APPLY
}
