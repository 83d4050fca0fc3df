// The loops of Depthwise.c for LANES channels at once and the element type that BF16 says.
#include "Vectors.h"

// Outputs `at`, at + 1, … (`together` of them) of one row. `x` is the image, `origin` where tap (0, 0) of the
// first output lies in it, which may be outside; only `rows` and `columns` of the taps are touched.
// `tap` is the distance from one tap's weights to the next one's. `together` is a constant at each call, so
// that the sums stay in registers.
INLINE void LANED(outputs)(
    const ELEMENT *restrict x, ptrdiff_t origin, size_t in_row, size_t channels,
    const ELEMENT *restrict weight, ptrdiff_t tap, const float *restrict bias, ELEMENT *restrict out,
    size_t kernel, size_t stride, taps rows, taps columns, size_t next_out, const size_t together) {
    for (size_t block = 0; block < channels; block += LANES) {
        const size_t c = smaller(block, channels - LANES);
        VEC sums[4];
        for (size_t j = 0; j < together; j++) {
            if (bias) {
                memcpy(&sums[j], bias + c, sizeof sums[j]);
            } else {
                sums[j] = (VEC){0};
            }
        }
        // What the next row of outputs will read and write: memory is as fast as it is asked early.
        for (size_t j = 0; j < together; j++) __builtin_prefetch(out + next_out + j * channels + c, 1);
        for (size_t row = 0; row < stride; row++) {
            const ELEMENT *next = x + (origin + (ptrdiff_t)((kernel + row) * in_row + c));
            for (size_t j = 0; j < together * stride; j++) __builtin_prefetch(next + j * channels);
        }
        for (size_t row = rows.first; row < rows.end; row++) {
            const ELEMENT *from = x + (origin + (ptrdiff_t)(row * in_row + c));
            const ELEMENT *weights = weight + ((ptrdiff_t)(row * kernel) * tap + (ptrdiff_t)c);
            for (size_t column = columns.first; column < columns.end; column++) {
                VEC factor;
                LANED(get)(&factor, weights + (ptrdiff_t)column * tap);
                for (size_t j = 0; j < together; j++) {
                    VEC value;
                    LANED(get)(&value, from + (j * stride + column) * channels);
                    sums[j] += value * factor;
                }
            }
        }
        for (size_t j = 0; j < together; j++) LANED(put)(&sums[j], out + j * channels + c);
    }
}

// One output, with the usual ranges of columns as constants.
INLINE void LANED(edge)(
    const ELEMENT *x, ptrdiff_t origin, size_t in_row, size_t channels, const ELEMENT *weight, ptrdiff_t tap,
    const float *bias, ELEMENT *out, size_t kernel, size_t stride, taps rows, taps columns, size_t next_out) {
#define EDGE(range)                                                                                          \
    LANED(outputs)(                                                                                          \
        x, origin, in_row, channels, weight, tap, bias, out, kernel, stride, rows, range, next_out, 1)
    if (columns.first == 0 && columns.end == kernel) {
        EDGE(((taps){0, kernel}));
    } else if (columns.first == 1 && columns.end == kernel) {
        EDGE(((taps){1, kernel}));
    } else if (columns.first == 0 && columns.end + 1 == kernel) {
        EDGE(((taps){0, kernel - 1}));
    } else {
        EDGE(columns);
    }
#undef EDGE
}

// `kernel` and `stride` are constants at most calls.
INLINE void LANED(slide)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *weight, ptrdiff_t tap,
    const float *bias, ELEMENT *out, const size_t kernel, const size_t stride) {
    const size_t channels = s->channels, in_row = s->in_width * channels;
    const taps whole = whole_windows(s->in_width, s->out_width, kernel, stride, s->padding);
    const taps all = {0, kernel};
    const size_t ahead = s->out_width * channels;
    for (size_t image = 0; image < s->images; image++, x += s->in_height * in_row) {
        for (size_t row = 0; row < s->out_height; row++, out += s->out_width * channels) {
            const taps rows = taps_inside(row, s->in_height, kernel, stride, s->padding);
            const ptrdiff_t start = ((ptrdiff_t)(row * stride) - (ptrdiff_t)s->padding) * (ptrdiff_t)in_row;
            size_t at = 0;
            while (at < s->out_width) {
                const ptrdiff_t column = (ptrdiff_t)(at * stride) - (ptrdiff_t)s->padding;
                const ptrdiff_t origin = start + column * (ptrdiff_t)channels;
                ELEMENT *to = out + at * channels;
                if (at >= whole.first && at + 4 <= whole.end) {
                    LANED(outputs)(
                        x, origin, in_row, channels, weight, tap, bias, to, kernel, stride, rows, all, ahead,
                        4);
                    at += 4;
                } else if (at >= whole.first && at + 2 <= whole.end) {
                    LANED(outputs)(
                        x, origin, in_row, channels, weight, tap, bias, to, kernel, stride, rows, all, ahead,
                        2);
                    at += 2;
                } else {
                    const taps columns = taps_inside(at, s->in_width, kernel, stride, s->padding);
                    LANED(edge)(
                        x, origin, in_row, channels, weight, tap, bias, to, kernel, stride, rows, columns,
                        ahead);
                    at += 1;
                }
            }
        }
    }
}

// One input's gradient, `vectors` vectors of channels at once; a constant at each call.
INLINE void LANED(gather)(
    const espalier_depthwise_shape *s, const ELEMENT *restrict gradient, const ELEMENT *restrict weight,
    ELEMENT *restrict dx, size_t y, size_t x, taps rows, taps columns, const size_t vectors) {
    const size_t channels = s->channels, width = vectors * LANES;
    for (size_t block = 0; block < channels; block += width) {
        const size_t c = smaller(block, channels - width);
        VEC sums[4];
        for (size_t v = 0; v < vectors; v++) {
            sums[v] = (VEC){0};
            __builtin_prefetch(dx + s->in_width * channels + c + v * LANES, 1);
        }
        for (size_t row = rows.first; row < rows.end; row += s->stride) {
            const size_t out_y = (y + s->padding - row) / s->stride;
            for (size_t column = columns.first; column < columns.end; column += s->stride) {
                const size_t out_x = (x + s->padding - column) / s->stride;
                const ELEMENT *from = gradient + (out_y * s->out_width + out_x) * channels + c;
                const ELEMENT *factors = weight + (row * s->kernel + column) * channels + c;
                for (size_t v = 0; v < vectors; v++) {
                    VEC value, factor;
                    __builtin_prefetch(from + s->out_width * channels + v * LANES);
                    LANED(get)(&value, from + v * LANES);
                    LANED(get)(&factor, factors + v * LANES);
                    sums[v] += value * factor;
                }
            }
        }
        for (size_t v = 0; v < vectors; v++) LANED(put)(&sums[v], dx + c + v * LANES);
    }
}

INLINE void LANED(gather_all)(
    const espalier_depthwise_shape *s, const ELEMENT *gradient, const ELEMENT *weight, ELEMENT *dx) {
    const size_t channels = s->channels;
    for (size_t image = 0; image < s->images; image++) {
        for (size_t y = 0; y < s->in_height; y++) {
            const taps rows = taps_reaching(y, s->out_height, s->kernel, s->stride, s->padding);
            for (size_t x = 0; x < s->in_width; x++, dx += channels) {
                const taps columns = taps_reaching(x, s->out_width, s->kernel, s->stride, s->padding);
                if (channels >= 4 * LANES) {
                    LANED(gather)(s, gradient, weight, dx, y, x, rows, columns, 4);
                } else {
                    LANED(gather)(s, gradient, weight, dx, y, x, rows, columns, 1);
                }
            }
        }
        gradient += s->out_height * s->out_width * channels;
    }
}

// What one row of outputs adds to the gradients of the weights in `height` rows and `width` columns of taps,
// of LANES channels. `from` is the input's row under the first of those rows, `column` the first of those
// columns; `ahead` rows further begins what the next row of outputs will read. `height` and `width` are
// constants at each call, so that the sums stay in registers.
INLINE void LANED(row_sums)(
    const ELEMENT *restrict from, const ELEMENT *restrict gradient, const espalier_depthwise_shape *s,
    taps whole, size_t stride, size_t column, size_t ahead, const size_t height, const size_t width,
    VEC *restrict sums) {
    const size_t channels = s->channels, in_row = s->in_width * channels;
    for (size_t i = 0; i < height * width; i++) sums[i] = (VEC){0};
    for (size_t at = whole.first; at < whole.end; at++) {
        const ELEMENT *x = from + (at * stride + column - s->padding) * channels;
        VEC d;
        LANED(get)(&d, gradient + at * channels);
        __builtin_prefetch(gradient + (s->out_width + at) * channels);
        for (size_t i = 0; i < stride * stride; i++) {
            __builtin_prefetch(x + (ahead + i / stride) * in_row + (i % stride) * channels);
        }
        for (size_t i = 0; i < height; i++) {
            for (size_t j = 0; j < width; j++) {
                VEC value;
                LANED(get)(&value, x + i * in_row + j * channels);
                sums[i * width + j] += value * d;
            }
        }
    }
    // Windows that begin or end outside.
    for (size_t at = 0; at < s->out_width; at++) {
        if (at == whole.first) at = whole.end;
        if (at >= s->out_width) break;
        __builtin_prefetch(gradient + (s->out_width + at) * channels);
        __builtin_prefetch(from + ahead * in_row + at * stride * channels);
        VEC d;
        LANED(get)(&d, gradient + at * channels);
        for (size_t j = 0; j < width; j++) {
            const size_t place = at * stride + column + j;
            if (place < s->padding || place - s->padding >= s->in_width) continue;
            for (size_t i = 0; i < height; i++) {
                VEC value;
                LANED(get)(&value, from + i * in_row + (place - s->padding) * channels);
                sums[i * width + j] += value * d;
            }
        }
    }
}

// totals[i] += sums[i] for the channels from `done` on; c ≤ done < c + LANES.
INLINE void LANED(add_new)(float *totals, const VEC *sums, size_t c, size_t done) {
    VEC total, more = *sums;
    for (size_t lane = 0; c + lane < done; lane++) more[lane] = 0;
    memcpy(&total, totals, sizeof total);
    total += more;
    memcpy(totals, &total, sizeof total);
}

// The sums of `height` rows of taps from `tap` on, added to the totals.
INLINE void LANED(add_taps)(
    const ELEMENT *x, const ELEMENT *gradient, const espalier_depthwise_shape *s, taps whole, size_t row,
    size_t tap, size_t block, float *totals, size_t kernel, size_t stride, const size_t height,
    const size_t width) {
    const size_t channels = s->channels, c = smaller(block, channels - LANES);
    const ELEMENT *from = x + (row * stride + tap - s->padding) * s->in_width * channels + c;
    for (size_t column = 0; column < kernel; column += width) {
        VEC sums[9];
        LANED(row_sums)(
            from, gradient + c, s, whole, stride, column, kernel - tap, height, width, sums);
        for (size_t i = 0; i < height; i++) {
            float *to = totals + ((tap + i) * kernel + column) * channels + c;
            for (size_t j = 0; j < width; j++) {
                LANED(add_new)(to + j * channels, &sums[i * width + j], c, block);
            }
        }
    }
}

// All weights' gradients from one row of outputs; `x` is the image. `width` columns of taps at once: all of
// them, or one.
INLINE void LANED(add_row)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *gradient, size_t row, taps whole,
    float *totals, size_t kernel, size_t stride, const size_t width) {
    const taps rows = taps_inside(row, s->in_height, kernel, stride, s->padding);
    for (size_t block = 0; block < s->channels; block += LANES) {
        if (width == 3 && rows.end - rows.first == 3) {
            LANED(add_taps)(x, gradient, s, whole, row, 0, block, totals, kernel, stride, 3, 3);
            continue;
        }
        for (size_t tap = rows.first; tap < rows.end; tap++) {
            LANED(add_taps)(x, gradient, s, whole, row, tap, block, totals, kernel, stride, 1, width);
        }
    }
}

INLINE void LANED(add_images)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *gradient, float *totals,
    const size_t kernel, const size_t stride, const size_t width) {
    const size_t in_row = s->in_width * s->channels, out_row = s->out_width * s->channels;
    const taps whole = whole_windows(s->in_width, s->out_width, kernel, stride, s->padding);
    for (size_t image = 0; image < s->images; image++, x += s->in_height * in_row) {
        for (size_t row = 0; row < s->out_height; row++, gradient += out_row) {
            LANED(add_row)(s, x, gradient, row, whole, totals, kernel, stride, width);
        }
    }
}
