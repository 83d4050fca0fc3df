// The gradient is a product of two matrices that have a row for each output pixel: its gradient, and the inputs under
// its taps, which are the columns. A stretch of pixels is gathered into scratch memory in the order in which blocks of
// sums read it: all of the gradient, and the inputs of one block of columns after the other, which then stays in the
// first cache while all rows of sums go over it.
#include "GatheredWeights.h"

#include <stdint.h>
#include <string.h>

#include "BlockSums.h"
#include "Fetching.h"
#include "Native.h"
#include "Sizes.h"

#if ESPALIER_HAS_NATIVE

#define INLINE static inline __attribute__((always_inline))
#define INNER INLINE ESPALIER_AVX512
#define UNROLLED _Pragma("clang loop unroll(full)")

enum {
    LANES = 16,
    // Sums of a block, which fill 24 of 32 registers: a vector of columns is read once for six rows, a row's value
    // once for four vectors.
    BLOCK_VECTORS = 4,
    BLOCK_ROWS = 6,
    // A row's values are read and written as many at a time, of which the last two are the next step's.
    ROW_LANES = 8,
    STEPS_AT_ONCE = 16,
    // The most pixels of a stretch: while sums stay in the second cache, what leaves a block of columns in the first;
    // else as many as let sums be walked seldom.
    STEPS = 128,
    STEPS_OF_MANY_SUMS = 256,
    MANY_SUMS = 1 << 18,
};

// MARK: Sizes

INLINE size_t pixel_count(const espalier_convolution_shape *s) { return s->images * s->out_height * s->out_width; }

INLINE size_t column_count(const espalier_convolution_shape *s) { return s->kernel * s->kernel * s->in_channels; }

// Of the stretches, which are as equal as they can be.
INLINE size_t stretch_steps(const espalier_convolution_shape *s) {
    const size_t sums = column_count(s) * s->out_channels, pixels = pixel_count(s);
    return parts(pixels, parts(pixels, sums < MANY_SUMS ? STEPS : STEPS_OF_MANY_SUMS));
}

// Floats from one group of rows to the next: an odd number of lines, else all groups would want the same places of a
// cache.
INLINE size_t group_stride(size_t steps) {
    return LANES * (parts(BLOCK_ROWS * steps + ROW_LANES - BLOCK_ROWS, LANES) | 1);
}

#endif

int espalier_has_gathering(void) {
#if ESPALIER_HAS_NATIVE
    return espalier_has_avx512();
#else
    return 0;
#endif
}

size_t espalier_gathered_weights_scratch(const espalier_convolution_shape *shape) {
#if ESPALIER_HAS_NATIVE
    const size_t steps = stretch_steps(shape);
    return sizeof(float)
        * (steps * BLOCK_VECTORS * LANES + parts(shape->out_channels, BLOCK_ROWS) * group_stride(steps));
#else
    (void)shape;
    return 0;
#endif
}

#if ESPALIER_HAS_NATIVE

// MARK: Gathering

INNER __mmask16 first_lanes(size_t count) { return (__mmask16)((1u << count) - 1); }

INNER __mmask16 up_to(ptrdiff_t lane) { return lane <= 0 ? 0 : first_lanes(smaller((size_t)lane, LANES)); }

// Of `count` floats only from ..< end are there; the others are zero.
INNER void copy_clipped(const float *source, float *to, size_t count, ptrdiff_t from, ptrdiff_t end) {
    for (ptrdiff_t c = 0; c < (ptrdiff_t)count; c += LANES) {
        const __mmask16 there = up_to(end - c) & (__mmask16)~up_to(from - c);
        _mm512_mask_storeu_ps(to + c, up_to((ptrdiff_t)count - c), _mm512_maskz_loadu_ps(there, source + c));
    }
}

INNER void copy_vectors(
    const float *source, size_t step, float *to, size_t stride, size_t steps, const size_t vectors, size_t rest) {
    const __mmask16 lanes = first_lanes(rest);
    for (size_t s = 0; s < steps; s++, source += step, to += stride) {
        UNROLLED for (size_t v = 0; v < vectors; v++) {
            _mm512_storeu_ps(to + LANES * v, _mm512_loadu_ps(source + LANES * v));
        }
        if (rest) {
            const __m512 last = _mm512_maskz_loadu_ps(lanes, source + LANES * vectors);
            _mm512_mask_storeu_ps(to + LANES * vectors, lanes, last);
        }
    }
}

// `count` floats, up to 64, of each of `steps` places that are `step` floats apart.
INNER void copy_steps(const float *source, size_t step, float *to, size_t stride, size_t steps, size_t count) {
    const size_t rest = count % LANES;
    switch (count / LANES) {
    case 0: return copy_vectors(source, step, to, stride, steps, 0, rest);
    case 1: return copy_vectors(source, step, to, stride, steps, 1, rest);
    case 2: return copy_vectors(source, step, to, stride, steps, 2, rest);
    case 3: return copy_vectors(source, step, to, stride, steps, 3, rest);
    default: return copy_vectors(source, step, to, stride, steps, 4, 0);
    }
}

INNER void clear_steps(float *to, size_t stride, size_t steps, size_t count) {
    for (size_t s = 0; s < steps; s++, to += stride) memset(to, 0, count * sizeof *to);
}

// Part of a row of taps: `count` floats from the one at `first` on, which go to `to`.
typedef struct {
    size_t tap_row, first, count;
    float *to;
    size_t stride;
} run;

// The taps' inputs of output pixels x ..< end in one row of an image, which has no place above or below it.
INNER void gather_pixels(
    const espalier_convolution_shape *s, const run *r, const float *image_row, size_t x, size_t end) {
    const size_t channels = s->in_channels, step = s->stride * channels;
    const ptrdiff_t width = (ptrdiff_t)(s->in_width * channels);
    float *to = r->to;
    while (x < end) {
        // The run's place in the row of the image.
        const ptrdiff_t at = (ptrdiff_t)(x * step + r->first) - (ptrdiff_t)(s->padding * channels);
        const ptrdiff_t behind = at + (ptrdiff_t)r->count;
        if (at < 0 || behind > width) {
            copy_clipped(image_row + at, to, r->count, -at, width - at);
            x++;
            to += r->stride;
            continue;
        }
        const size_t inside = smaller(end - x, (size_t)(width - behind) / step + 1);
        copy_steps(image_row + at, step, to, r->stride, inside, r->count);
        x += inside;
        to += inside * r->stride;
    }
}

// Of `steps` output pixels from `pixel` on.
INNER void gather_run(
    const espalier_convolution_shape *s, run r, const float *input, size_t pixel, size_t steps) {
    const size_t row_floats = s->in_width * s->in_channels;
    for (size_t taken; steps > 0; steps -= taken, pixel += taken, r.to += taken * r.stride) {
        const size_t x = pixel % s->out_width, row = pixel / s->out_width;
        const size_t y = row % s->out_height * s->stride + r.tap_row, image = row / s->out_height;
        taken = smaller(steps, s->out_width - x);
        if (y < s->padding || y - s->padding >= s->in_height) {
            clear_steps(r.to, r.stride, taken, r.count);
            continue;
        }
        const size_t image_row = image * s->in_height + y - s->padding;
        gather_pixels(s, &r, input + image_row * row_floats, x, x + taken);
    }
}

// Columns first ..< first + count, a row of `stride` floats for each pixel.
INNER void gather_columns(
    const espalier_convolution_shape *s, const float *input, size_t pixel, size_t steps, size_t first, size_t count,
    float *to, size_t stride) {
    const size_t run_floats = s->kernel * s->in_channels;
    if (count < stride) clear_steps(to + count, stride, steps, stride - count);
    for (size_t done = 0; done < count;) {
        const size_t column = first + done, start = column % run_floats;
        const run r = {
            .tap_row = column / run_floats,
            .first = start,
            .count = smaller(count - done, run_floats - start),
            .to = to + done,
            .stride = stride,
        };
        gather_run(s, r, input, pixel, steps);
        done += r.count;
    }
}

// Row groups of as equal sizes as they can be, the larger ones first.
typedef struct {
    size_t count, larger, rows;
} grouping;

INLINE grouping grouped(size_t rows) {
    const size_t count = parts(rows, BLOCK_ROWS);
    return (grouping){.count = count, .larger = rows % count, .rows = rows / count};
}

INLINE size_t group_rows(const grouping *all, size_t group) { return all->rows + (group < all->larger); }

// A group's rows of some steps.
INNER void gather_group(const float *gradient, size_t rows, size_t first, size_t steps, float *to) {
    const size_t left = rows - first;
    const __mmask8 lanes = left >= ROW_LANES ? 0xff : (__mmask8)((1u << left) - 1);
    for (size_t s = 0; s < steps; s++) {
        _mm256_storeu_ps(to + s * BLOCK_ROWS, _mm256_maskz_loadu_ps(lanes, gradient + s * rows + first));
    }
}

// The rows in groups, each step after step; few steps at once, which stay in the first cache from group to group.
INNER void gather_rows(const float *gradient, size_t rows, size_t steps, float *to, size_t stride) {
    const grouping all = grouped(rows);
    for (size_t s = 0; s < steps; s += STEPS_AT_ONCE) {
        const size_t taken = smaller(STEPS_AT_ONCE, steps - s);
        for (size_t g = 0, first = 0; g < all.count; g++) {
            gather_group(gradient + s * rows, rows, first, taken, to + g * stride + s * BLOCK_ROWS);
            first += group_rows(&all, g);
        }
    }
}

// MARK: One block of sums

typedef struct {
    const float *columns, *rows;
    size_t steps;
    block_sums sums;
    // Fetched from here on, a line a step.
    const char *ahead;
} block;

INNER void sum(const block *b, const size_t vectors, const size_t rows) {
    __m512 sums[BLOCK_ROWS][BLOCK_VECTORS];
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t v = 0; v < vectors; v++) {
            sums[r][v] = _mm512_setzero_ps();
            __builtin_prefetch(b->sums.first + r * b->sums.stride + LANES * v, 1);
        }
    }
    const float *column_values = b->columns, *row_values = b->rows;
    for (size_t step = 0; step < b->steps; step++) {
        __m512 columns[BLOCK_VECTORS];
        UNROLLED for (size_t v = 0; v < vectors; v++) columns[v] = _mm512_loadu_ps(column_values + LANES * v);
        UNROLLED for (size_t r = 0; r < rows; r++) {
            const __m512 row = _mm512_set1_ps(row_values[r]);
            UNROLLED for (size_t v = 0; v < vectors; v++) {
                sums[r][v] = _mm512_fmadd_ps(columns[v], row, sums[r][v]);
            }
        }
        __builtin_prefetch(b->ahead + CACHE_LINE * step, 0, 2);
        column_values += LANES * vectors;
        row_values += BLOCK_ROWS;
    }
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t v = 0; v < vectors; v++) put_sum(&b->sums, sums[r][v], r, v, vectors);
    }
}

// Code of its own for each block.
INNER void sum_rows(const block *b, const size_t vectors, size_t rows) {
    switch (rows) {
    case 1: return sum(b, vectors, 1);
    case 2: return sum(b, vectors, 2);
    case 3: return sum(b, vectors, 3);
    case 4: return sum(b, vectors, 4);
    case 5: return sum(b, vectors, 5);
    default: return sum(b, vectors, BLOCK_ROWS);
    }
}

static __attribute__((noinline)) ESPALIER_AVX512 void sum_block(const block *b, size_t vectors, size_t rows) {
    switch (vectors) {
    case 1: return sum_rows(b, 1, rows);
    case 2: return sum_rows(b, 2, rows);
    case 3: return sum_rows(b, 3, rows);
    default: return sum_rows(b, BLOCK_VECTORS, rows);
    }
}

// MARK: All sums

// All rows of some vectors of columns.
INNER void sum_columns(block b, size_t vectors, size_t rows, fetching *next) {
    const grouping all = grouped(rows);
    const size_t stride = group_stride(b.steps);
    for (size_t g = 0; g < all.count; g++) {
        const size_t count = group_rows(&all, g);
        b.ahead = take_lines(next, b.steps);
        sum_block(&b, vectors, count);
        b.rows += stride;
        b.sums.first += count * b.sums.stride;
    }
}

ESPALIER_AVX512 static void add_stretch(
    const espalier_convolution_shape *s, const float *input, size_t pixel, size_t steps, const float *rows,
    float *scratch, float *sums, int adds, fetching next) {
    const size_t columns = column_count(s), vectors = parts(columns, LANES);
    size_t done = 0;
    for (size_t left = parts(vectors, BLOCK_VECTORS); left > 0; left--) {
        const size_t taken = parts(vectors - done, left), first = done * LANES;
        const size_t count = smaller(columns - first, taken * LANES);
        gather_columns(s, input, pixel, steps, first, count, scratch, taken * LANES);
        const block b = {
            .columns = scratch,
            .rows = rows,
            .steps = steps,
            .sums = {
                .first = sums + first,
                .stride = columns,
                .lanes = first_lanes(count - (taken - 1) * LANES),
                .adds = adds,
            },
        };
        sum_columns(b, taken, s->out_channels, &next);
        done += taken;
    }
}

// Of the `stretch` output pixels from `pixel` on. Inputs of whole rows lie together, but not where strides leave some
// out.
INLINE fetching what_is_next(
    const espalier_convolution_shape *s, const float *input, const float *gradient, size_t pixel, size_t stretch,
    const void *near) {
    const size_t end = smaller(pixel + stretch, pixel_count(s));
    fetching next = {.near = near};
    if (pixel >= end) return next;
    next.at[0] = (const char *)(gradient + pixel * s->out_channels);
    next.end[0] = (const char *)(gradient + end * s->out_channels);
    if (s->stride > s->kernel) return next;
    const size_t image = s->in_height * s->in_width * s->in_channels, outputs = s->out_height * s->out_width;
    next.at[1] = (const char *)(input + pixel * image / outputs);
    next.end[1] = (const char *)(input + end * image / outputs);
    return next;
}

ESPALIER_AVX512 void espalier_gathered_weights(
    const espalier_convolution_shape *s, const float *input, const float *gradient, void *scratch, float *sums,
    int adds) {
    const size_t pixels = pixel_count(s), stretch = stretch_steps(s);
    float *const columns = scratch, *const rows = columns + stretch * BLOCK_VECTORS * LANES;
    for (size_t p = 0; p < pixels; p += stretch) {
        const size_t steps = smaller(stretch, pixels - p);
        gather_rows(gradient + p * s->out_channels, s->out_channels, steps, rows, group_stride(steps));
        const fetching next = what_is_next(s, input, gradient, p + steps, stretch, scratch);
        add_stretch(s, input, p, steps, rows, columns, sums, adds || p > 0, next);
    }
}

#endif
