// Windows sliding over an image, for LANES channels at once.
#include "DepthwiseChannels.h"

// Neighbouring outputs of a row: where they go, the rows of taps that touch the input, and where in the image
// the first of the first output's taps lies, which may be outside.
typedef struct {
    ELEMENT *out;
    range rows;
    ptrdiff_t origin;
} LANED(group);

INNER void LANED(begin)(VEC *sums, size_t count, const float *bias, LANED(part) part) {
    for (size_t j = 0; j < count; j++) {
        sums[j] = (VEC){0};
        if (bias) LANED(read_floats)(&sums[j], bias + part.first, part);
    }
}

// Up to TOGETHER neighbouring outputs of a row. `inside` are the pixels from the group's origin on that lie
// in their rows; where it and `count` are constants, nothing is asked. `kernel` and `stride` are constants at
// each call, so that the sums stay in registers.
INNER void LANED(outputs)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, const VEC *restrict weights, LANED(part) part,
    LANED(group) group, ahead *next, range inside, const size_t count, const size_t kernel,
    const size_t stride) {
    const ptrdiff_t channels = (ptrdiff_t)s->channels, in_row = (ptrdiff_t)s->in_width * channels;
    const size_t bytes = TOGETHER * LANES * sizeof(ELEMENT);
    fetch(&next->in, stride * stride * bytes);
    fetch_to_write(&next->out, bytes);
    VEC sums[TOGETHER];
    LANED(begin)(sums, TOGETHER, w->bias, part);
    for (size_t r = group.rows.first; r < group.rows.end; r++) {
        const ptrdiff_t row = group.origin + (ptrdiff_t)r * in_row;
#pragma clang loop unroll(full)
        for (size_t pixel = 0; pixel < (TOGETHER - 1) * stride + kernel; pixel++) {
            if (pixel < inside.first || pixel >= inside.end) continue;
            VEC value;
            LANED(read)(&value, w->x + (row + (ptrdiff_t)pixel * channels), part);
#pragma clang loop unroll(full)
            for (size_t j = 0; j < TOGETHER; j++) {
                if (pixel < j * stride || pixel - j * stride >= kernel) continue;
                LANED(multiply_add)(&sums[j], &value, &weights[r * kernel + pixel - j * stride], &sums[j]);
            }
        }
    }
    for (size_t j = 0; j < TOGETHER; j++) {
        if (j < count) LANED(write)(&sums[j], group.out + j * s->channels, part);
    }
}

// The same where some pixels may be outside, with the usual ranges as constants.
INNER void LANED(edge)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, const VEC *restrict weights, LANED(part) part,
    LANED(group) group, ahead *next, range inside, size_t count, const size_t kernel, const size_t stride) {
    const size_t side = kernel / 2, pixels = (TOGETHER - 1) * stride + kernel;
#define EDGE(first, end, count)                                                                              \
    LANED(outputs)(s, w, weights, part, group, next, (range){first, end}, count, kernel, stride)
    if (count == TOGETHER && inside.first == side && inside.end == pixels) {
        EDGE(side, pixels, TOGETHER);
    } else if (count == TOGETHER && inside.first == 0 && inside.end == pixels - side) {
        EDGE(0, pixels - side, TOGETHER);
    } else if (count == TOGETHER && inside.first == side && inside.end == pixels - side) {
        EDGE(side, pixels - side, TOGETHER);
    } else {
        EDGE(inside.first, inside.end, count);
    }
#undef EDGE
}

// Some rows of outputs of one image, of LANES channels.
INNER void LANED(slide_part)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, LANED(part) part, ahead *next, range out_rows,
    const size_t kernel, const size_t stride) {
    const size_t channels = s->channels, in_row = s->in_width * channels, out_row = s->out_width * channels;
    const size_t pixels = (TOGETHER - 1) * stride + kernel;
    VEC weights[USUAL_TAPS];
    for (size_t i = 0; i < kernel * kernel; i++) {
        LANED(read)(&weights[i], w->weight + (ptrdiff_t)i * w->tap + part.first, part);
    }
    for (size_t row = out_rows.first; row < out_rows.end; row++) {
        const ptrdiff_t top = (ptrdiff_t)(row * stride) - (ptrdiff_t)s->padding;
        LANED(group) group = {
            .out = w->out + row * out_row + part.first,
            .rows = taps_inside(row, s->in_height, kernel, stride, s->padding),
            .origin = top * (ptrdiff_t)in_row - (ptrdiff_t)(s->padding * channels) + (ptrdiff_t)part.first};
        size_t at = 0;
        while (at < s->out_width) {
            size_t groups = whole_groups(s, at, pixels, stride);
            if (groups == 0) {
                const size_t count = smaller(s->out_width - at, TOGETHER);
                const range inside =
                    pixels_inside(at * stride, s->in_width, (count - 1) * stride + kernel, s->padding);
                LANED(edge)(s, w, weights, part, group, next, inside, count, kernel, stride);
                group.out += TOGETHER * channels;
                group.origin += (ptrdiff_t)(TOGETHER * stride * channels);
                at += TOGETHER;
            }
            for (; groups > 0; groups--) {
                const range all = {0, pixels};
                LANED(outputs)(s, w, weights, part, group, next, all, TOGETHER, kernel, stride);
                group.out += TOGETHER * channels;
                group.origin += (ptrdiff_t)(TOGETHER * stride * channels);
                at += TOGETHER;
            }
        }
    }
}

// Any windows, one output after the other.
INNER void LANED(slide_any)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, range out_rows, size_t first, size_t end) {
    const size_t channels = s->channels;
    for (size_t row = out_rows.first; row < out_rows.end; row++) {
        const range rows = taps_inside(row, s->in_height, s->kernel, s->stride, s->padding);
        for (size_t at = 0; at < s->out_width; at++) {
            const range columns = taps_inside(at, s->in_width, s->kernel, s->stride, s->padding);
            for (size_t c = first; c < end; c += LANES) {
                const LANED(part) part = LANED(part_from)(c, channels);
                VEC sum;
                LANED(begin)(&sum, 1, w->bias, part);
                for (size_t r = rows.first; r < rows.end; r++) {
                    const ELEMENT *x = w->x + (row * s->stride + r - s->padding) * s->in_width * channels;
                    for (size_t column = columns.first; column < columns.end; column++) {
                        const size_t pixel = at * s->stride + column - s->padding;
                        const ptrdiff_t tap = (ptrdiff_t)(r * s->kernel + column) * w->tap;
                        VEC value, weight;
                        LANED(read)(&value, x + pixel * channels + part.first, part);
                        LANED(read)(&weight, w->weight + tap + part.first, part);
                        LANED(multiply_add)(&sum, &value, &weight, &sum);
                    }
                }
                LANED(write)(&sum, w->out + (row * s->out_width + at) * channels + part.first, part);
            }
        }
    }
}

// `kernel` and `stride` are constants at each call; 0: any.
INNER void LANED(slide_rows)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, range out_rows, size_t first, size_t end,
    ahead *next, const size_t kernel, const size_t stride) {
    if (LANES == 1 || kernel == 0) {
        LANED(slide_any)(s, w, out_rows, first, end);
        return;
    }
    for (size_t c = first; c < end; c += LANES) {
        LANED(slide_part)(s, w, LANED(part_from)(c, s->channels), next, out_rows, kernel, stride);
    }
}
