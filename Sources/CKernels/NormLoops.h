// The loops of Norm.c; included for each BF16, and with BF16 for each NATIVE.
#include "Places.h"
#include "WideRows.h"

INLINE_HERE void NAME(sum_piece)(
    const ELEMENT *x, size_t rows, size_t width, double *sums, double *squares, size_t count) {
    const size_t ahead = bytes_ahead(rows, width * sizeof(ELEMENT)) / sizeof(ELEMENT);
    NAME(partial) sum = {0}, square = {0};
    for (size_t r = 0; r < rows; r++) {
        NAME(places) value;
        NAME(get)(&value, x + r * width, count);
        __builtin_prefetch(x + r * width + ahead);
        NAME(sum_up)(&sum, &value);
        NAME(sum_products)(&square, &value, &value);
    }
    NAME(add_to)(sums, &sum, count);
    NAME(add_to)(squares, &square, count);
}

INLINE_HERE void NAME(sum_rows)(
    const ELEMENT *x, size_t rows, size_t width, double *sums, double *squares) {
#define PIECE(c, count) NAME(sum_piece)(x + (c), rows, width, sums + (c), squares + (c), count)
    FOR_PLACES(width, PIECE)
#undef PIECE
}

ENTRY void NAME(espalier_norm_sums)(
    const ELEMENT *x, size_t rows, size_t channels, double *sums, double *squares) {
    const wide_rows shape = as_wide_rows(rows, channels, PLACES);
    double wide[2][WIDE_PLACES];
    double *to_sums = sums, *to_squares = squares;
    if (shape.together > 1) {
        to_sums = memset(wide[0], 0, shape.width * sizeof(double));
        to_squares = memset(wide[1], 0, shape.width * sizeof(double));
    }
    const size_t rows_once = rows_summed(shape.width * sizeof(ELEMENT));
    for (size_t r = 0; r < shape.rows; r += rows_once) {
        const size_t count = at_most(rows_once, shape.rows - r);
        NAME(sum_rows)(x + r * shape.width, count, shape.width, to_sums, to_squares);
    }
    NAME(sum_rows)(x + shape.rows * shape.width, 1, shape.last_width, to_sums, to_squares);
    if (shape.together > 1) {
        fold(to_sums, &shape, sums);
        fold(to_squares, &shape, squares);
    }
}

// `residual` is null or not, and `kind` what it is, as constants at each call: the branches leave the loops.
INLINE_HERE void NAME(apply_piece)(
    const ELEMENT *x, const float *scales, const float *shifts, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t width, size_t count, int kind) {
    const size_t ahead = bytes_ahead_applied(rows, width * sizeof(ELEMENT), BF16) / sizeof(ELEMENT);
    NAME(places) scale, shift;
    NAME(get_floats)(&scale, scales, count);
    NAME(get_floats)(&shift, shifts, count);
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < rows * width; i += width) {
        NAME(places) value;
        NAME(get)(&value, x + i, count);
        __builtin_prefetch(x + i + ahead);
        NAME(multiply_add)(&value, &value, &scale, &shift);
        if (residual) {
            __builtin_prefetch(residual + i + ahead);
            NAME(places) other;
            NAME(get)(&other, residual + i, count);
            NAME(add)(&value, &value, &other);
        }
        NAME(activate)(&value, kind);
        NAME(put)(&value, out + i, count);
    }
}

INLINE_HERE void NAME(apply_rows)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t width, int kind) {
#define PIECE(c, count)                                                                                        \
    NAME(apply_piece)(                                                                                         \
        x + (c), scale + (c), shift + (c), residual ? residual + (c) : NULL, out + (c), rows, width, count, kind)
    FOR_PLACES(width, PIECE)
#undef PIECE
}

INLINE_HERE void NAME(apply_all)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t channels, int kind) {
    const wide_rows shape = as_wide_rows(rows, channels, PLACES);
    float copies[2][WIDE_PLACES];
    scale = repeated(scale, &shape, copies[0]);
    shift = repeated(shift, &shape, copies[1]);
    const size_t rows_once = rows_applied(shape.width * sizeof(ELEMENT), BF16);
    for (size_t r = 0; r < shape.rows; r += rows_once) {
        const size_t i = r * shape.width, count = at_most(rows_once, shape.rows - r);
        const ELEMENT *other = residual ? residual + i : NULL;
        NAME(apply_rows)(x + i, scale, shift, other, out + i, count, shape.width, kind);
    }
    const size_t i = shape.rows * shape.width;
    const ELEMENT *other = residual ? residual + i : NULL;
    NAME(apply_rows)(x + i, scale, shift, other, out + i, 1, shape.last_width, kind);
}

ENTRY void NAME(espalier_norm_apply)(
    const ELEMENT *x, const float *scale, const float *shift, const ELEMENT *residual, ELEMENT *out,
    size_t rows, size_t channels, int activation) {
#define WITH_RESIDUAL(kind) NAME(apply_all)(x, scale, shift, residual, out, rows, channels, kind)
#define WITHOUT_RESIDUAL(kind) NAME(apply_all)(x, scale, shift, NULL, out, rows, channels, kind)
    if (residual) {
        ESPALIER_FOR_ACTIVATION(activation, WITH_RESIDUAL)
    } else {
        ESPALIER_FOR_ACTIVATION(activation, WITHOUT_RESIDUAL)
    }
#undef WITH_RESIDUAL
#undef WITHOUT_RESIDUAL
}

// What the passes back read. `output` is null, or the output of the pass forward, which shows the slope of ReLU
// and ReLU6 as their input does; `a`, `b` and `d` are the second pass's factors.
typedef struct {
    const ELEMENT *gradient, *x, *output;
    const float *scale, *shift, *a, *b, *d;
} NAME(back_source);

// With an output dz is written over the gradient; whether there is one and `kind` are constants at each call.
INLINE_HERE void NAME(backward_sum_piece)(
    const NAME(back_source) *source, ELEMENT *changed, size_t start, size_t c, size_t rows, size_t width,
    double *sums, double *products, size_t count, int kind) {
    const size_t ahead = bytes_ahead(rows, width * sizeof(ELEMENT)) / sizeof(ELEMENT);
    NAME(partial) sum = {0}, product = {0};
    NAME(places) scale, shift;
    if (!changed) {
        NAME(get_floats)(&scale, source->scale + c, count);
        NAME(get_floats)(&shift, source->shift + c, count);
    }
#pragma clang loop unroll(disable)
    for (size_t r = 0; r < rows; r++) {
        const size_t i = start + r * width + c;
        NAME(places) dz, value, before;
        NAME(get)(&dz, source->gradient + i, count);
        NAME(get)(&value, source->x + i, count);
        __builtin_prefetch(source->gradient + i + ahead);
        __builtin_prefetch(source->x + i + ahead);
        if (changed) {
            NAME(get)(&before, source->output + i, count);
            __builtin_prefetch(source->output + i + ahead);
            NAME(activate_back)(&dz, &before, kind);
            NAME(put)(&dz, changed + i, count);
        } else if (kind != ESPALIER_NO_ACTIVATION) {
            NAME(multiply_add)(&before, &value, &scale, &shift);
            NAME(activate_back)(&dz, &before, kind);
        }
        NAME(sum_up)(&sum, &dz);
        NAME(sum_products)(&product, &dz, &value);
    }
    NAME(add_to)(sums, &sum, count);
    NAME(add_to)(products, &product, count);
}

INLINE_HERE void NAME(backward_sum_rows)(
    const NAME(back_source) *source, ELEMENT *changed, size_t start, size_t rows, size_t width, double *sums,
    double *products, int kind) {
#define PIECE(c, count)                                                                                      \
    NAME(backward_sum_piece)(source, changed, start, c, rows, width, sums + (c), products + (c), count, kind)
    FOR_PLACES(width, PIECE)
#undef PIECE
}

INLINE_HERE void NAME(backward_sum_all)(
    NAME(back_source) source, ELEMENT *changed, size_t rows, size_t channels, double *sums, double *products,
    int kind) {
    const wide_rows shape = as_wide_rows(rows, channels, PLACES);
    float copies[2][WIDE_PLACES];
    if (!changed) {
        source.scale = repeated(source.scale, &shape, copies[0]);
        source.shift = repeated(source.shift, &shape, copies[1]);
    }
    double wide[2][WIDE_PLACES];
    double *to_sums = sums, *to_products = products;
    if (shape.together > 1) {
        to_sums = memset(wide[0], 0, shape.width * sizeof(double));
        to_products = memset(wide[1], 0, shape.width * sizeof(double));
    }
    const size_t rows_once = rows_summed(shape.width * sizeof(ELEMENT));
    for (size_t r = 0; r < shape.rows; r += rows_once) {
        const size_t count = at_most(rows_once, shape.rows - r);
        NAME(backward_sum_rows)(
            &source, changed, r * shape.width, count, shape.width, to_sums, to_products, kind);
    }
    NAME(backward_sum_rows)(
        &source, changed, shape.rows * shape.width, 1, shape.last_width, to_sums, to_products, kind);
    if (shape.together > 1) {
        fold(to_sums, &shape, sums);
        fold(to_products, &shape, products);
    }
}

ENTRY void NAME(espalier_norm_backward_sums)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift, size_t rows,
    size_t channels, int activation, double *sums, double *products) {
    const NAME(back_source) source = {.gradient = gradient, .x = x, .scale = scale, .shift = shift};
#define SUM(kind) NAME(backward_sum_all)(source, NULL, rows, channels, sums, products, kind)
    ESPALIER_FOR_ACTIVATION(activation, SUM)
#undef SUM
}

ENTRY void NAME(espalier_norm_backward_sums_in_place)(
    ELEMENT *gradient, const ELEMENT *x, const ELEMENT *output, size_t rows, size_t channels, int activation,
    double *sums, double *products) {
    const NAME(back_source) source = {.gradient = gradient, .x = x, .output = output};
    if (activation == ESPALIER_RELU6) {
        NAME(backward_sum_all)(source, gradient, rows, channels, sums, products, ESPALIER_RELU6);
    } else {
        NAME(backward_sum_all)(source, gradient, rows, channels, sums, products, ESPALIER_RELU);
    }
}

INLINE_HERE void NAME(backward_apply_piece)(
    const NAME(back_source) *source, ELEMENT *dx, size_t start, size_t c, size_t rows, size_t width,
    size_t count, int kind) {
    const size_t ahead = bytes_ahead_applied(rows, width * sizeof(ELEMENT), BF16) / sizeof(ELEMENT);
    NAME(places) scale, shift, a, b, d;
    if (kind != ESPALIER_NO_ACTIVATION) {
        NAME(get_floats)(&scale, source->scale + c, count);
        NAME(get_floats)(&shift, source->shift + c, count);
    }
    NAME(get_floats)(&a, source->a + c, count);
    NAME(get_floats)(&b, source->b + c, count);
    NAME(get_floats)(&d, source->d + c, count);
#pragma clang loop unroll(disable)
    for (size_t r = 0; r < rows; r++) {
        const size_t i = start + r * width + c;
        NAME(places) dz, value, before;
        NAME(get)(&dz, source->gradient + i, count);
        NAME(get)(&value, source->x + i, count);
        __builtin_prefetch(source->gradient + i + ahead);
        __builtin_prefetch(source->x + i + ahead);
        if (kind != ESPALIER_NO_ACTIVATION) {
            NAME(multiply_add)(&before, &value, &scale, &shift);
            NAME(activate_back)(&dz, &before, kind);
        }
        NAME(multiply_add)(&value, &b, &value, &d);
        NAME(multiply_add)(&value, &a, &dz, &value);
        NAME(put)(&value, dx + i, count);
    }
}

INLINE_HERE void NAME(backward_apply_rows)(
    const NAME(back_source) *source, ELEMENT *dx, size_t start, size_t rows, size_t width, int kind) {
#define PIECE(c, count) NAME(backward_apply_piece)(source, dx, start, c, rows, width, count, kind)
    FOR_PLACES(width, PIECE)
#undef PIECE
}

INLINE_HERE void NAME(backward_apply_all)(
    NAME(back_source) source, ELEMENT *dx, size_t rows, size_t channels, int kind) {
    const wide_rows shape = as_wide_rows(rows, channels, PLACES);
    float copies[5][WIDE_PLACES];
    if (kind != ESPALIER_NO_ACTIVATION) {
        source.scale = repeated(source.scale, &shape, copies[0]);
        source.shift = repeated(source.shift, &shape, copies[1]);
    }
    source.a = repeated(source.a, &shape, copies[2]);
    source.b = repeated(source.b, &shape, copies[3]);
    source.d = repeated(source.d, &shape, copies[4]);
    const size_t rows_once = rows_applied(shape.width * sizeof(ELEMENT), BF16);
    for (size_t r = 0; r < shape.rows; r += rows_once) {
        const size_t count = at_most(rows_once, shape.rows - r);
        NAME(backward_apply_rows)(&source, dx, r * shape.width, count, shape.width, kind);
    }
    NAME(backward_apply_rows)(&source, dx, shape.rows * shape.width, 1, shape.last_width, kind);
}

ENTRY void NAME(espalier_norm_backward_apply)(
    const ELEMENT *gradient, const ELEMENT *x, const float *scale, const float *shift,
    espalier_norm_factors factors, ELEMENT *dx, size_t rows, size_t channels, int activation) {
    const NAME(back_source) source = {
        .gradient = gradient, .x = x, .scale = scale, .shift = shift,
        .a = factors.gradient, .b = factors.value, .d = factors.constant};
#define APPLY(kind) NAME(backward_apply_all)(source, dx, rows, channels, kind)
    ESPALIER_FOR_ACTIVATION(activation, APPLY)
#undef APPLY
}
