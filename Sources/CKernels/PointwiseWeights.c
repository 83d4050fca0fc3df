// Both operands have their channels side by side, but sums run over pixels, two at once. So a stretch of pixels is
// copied into scratch memory in the order in which blocks of sums read it. A block stays in registers over the whole
// stretch; meanwhile the next stretch is fetched.
#include "PointwiseWeights.h"

#include "BlockSums.h"
#include "Elements.h"
#include "Fetching.h"
#include "Native.h"
#include "Pairs.h"
#include "Sizes.h"

#define INLINE static inline __attribute__((always_inline))
#define INNER INLINE ESPALIER_NATIVE
#define UNROLLED _Pragma("clang loop unroll(full)")

enum {
    // Pairs of pixels of a vector, and its bytes.
    LANES = 16,
    VECTOR = 64,
    // The most of a stretch, each of two pixels: operands of 1000 channels stay in the second cache, and sums are
    // walked seldom.
    STEPS = 128,
    STEP_PIXELS = 2,
    // Of a block: its sums, vectors of columns and a row's value fill 31 of 32 registers.
    BLOCK_VECTORS = 3,
    BLOCK_ROWS = 9,
    // Lines that a block fetches in a step; one is too few where there are few channels.
    LINES = 2,
};

// Bytes from one vector of columns to the next, which are those of its steps and one more: else the first
// steps of all vectors would want the same place in the cache.
INLINE size_t vector_stride(size_t steps) { return VECTOR * (steps + 1); }

// Bytes from one step of the rows to the next: for the same reason an odd number of vectors.
INLINE size_t row_stride(size_t rows) { return VECTOR * (parts(rows, LANES) | 1); }

size_t espalier_pointwise_weights_scratch(const espalier_pointwise_weights_shape *shape) {
    return parts(shape->columns, LANES) * vector_stride(STEPS) + STEPS * row_stride(shape->rows);
}

#if ESPALIER_HAS_NATIVE

// Some rows and vectors of columns of a stretch, and where their sums belong.
typedef struct {
    const char *columns, *rows;
    size_t vector_stride, row_stride, steps;
    block_sums sums;
    // Fetched from here on.
    const char *next;
} block;

// Vectors of the next block of the `left` ones: one alone only where there are no more.
INLINE size_t block_vectors(size_t left) { return left == 4 ? 2 : smaller(left, BLOCK_VECTORS); }

// MARK: One block of sums

INNER void sum(const block *b, const size_t vectors, const size_t rows) {
    __m512 sums[BLOCK_ROWS][BLOCK_VECTORS];
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_ps();
    }
    const char *column_values = b->columns, *row_values = b->rows;
    for (size_t step = 0; step < b->steps; step++) {
        __m512 columns[BLOCK_VECTORS];
        UNROLLED for (size_t v = 0; v < vectors; v++) {
            columns[v] = _mm512_loadu_ps(column_values + v * b->vector_stride);
        }
        UNROLLED for (size_t r = 0; r < rows; r++) {
            float value;
            memcpy(&value, row_values + sizeof value * r, sizeof value);
            const __m512 row = _mm512_set1_ps(value);
            UNROLLED for (size_t v = 0; v < vectors; v++) {
                sums[r][v] = _mm512_dpbf16_ps(sums[r][v], (__m512bh)columns[v], (__m512bh)row);
            }
        }
        UNROLLED for (size_t line = 0; line < LINES; line++) {
            __builtin_prefetch(b->next + CACHE_LINE * (LINES * step + line), 0, 2);
        }
        column_values += VECTOR;
        row_values += b->row_stride;
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
    case 6: return sum(b, vectors, 6);
    case 7: return sum(b, vectors, 7);
    case 8: return sum(b, vectors, 8);
    default: return sum(b, vectors, BLOCK_ROWS);
    }
}

static __attribute__((noinline)) ESPALIER_NATIVE void sum_block(const block *b, size_t vectors, size_t rows) {
    switch (vectors) {
    case 1: return sum_rows(b, 1, rows);
    case 2: return sum_rows(b, 2, rows);
    default: return sum_rows(b, BLOCK_VECTORS, rows);
    }
}

// MARK: A stretch in order

// 16 channels of two pixels, or 32 of them.
INNER void put_pairs(__m512i first, __m512i second, size_t channels, char *to, size_t stride) {
    _mm512_storeu_si512(to, espalier_pair_up(first, second, 0));
    if (channels > LANES) _mm512_storeu_si512(to + stride, espalier_pair_up(first, second, 1));
}

// Two rows, of the second one what `mask` says: all or nothing.
INNER void arrange_pair(
    const uint16_t *first, size_t channels, const __mmask32 mask, char *to, size_t stride) {
    const uint16_t *const second = mask ? first + channels : first;
    const size_t together = 2 * LANES;
    size_t c = 0;
    for (; c + together <= channels; c += together, to += 2 * stride) {
        const __m512i other = _mm512_maskz_loadu_epi16(mask, second + c);
        put_pairs(_mm512_loadu_si512(first + c), other, together, to, stride);
    }
    if (c < channels) {
        const __mmask32 rest = (1u << (channels - c)) - 1;
        const __m512i other = _mm512_maskz_loadu_epi16(rest & mask, second + c);
        put_pairs(_mm512_maskz_loadu_epi16(rest, first + c), other, channels - c, to, stride);
    }
}

// Vectors of channels go `stride` bytes apart, steps `step` bytes.
static ESPALIER_NATIVE void arrange(
    const uint16_t *values, size_t pixels, size_t channels, char *to, size_t stride, size_t step) {
    size_t p = 0;
    for (; p + 2 <= pixels; p += 2, to += step) {
        arrange_pair(values + p * channels, channels, ~0u, to, stride);
    }
    if (p < pixels) arrange_pair(values + p * channels, channels, 0, to, stride);
}

// MARK: All sums

// All sums over the stretch that `b` has, which is not yet about any block.
static ESPALIER_NATIVE void add_stretch(
    const espalier_pointwise_weights_shape *s, block b, float *sums, fetching next) {
    const size_t vectors = parts(s->columns, LANES), groups = parts(s->rows, BLOCK_ROWS);
    const char *const columns = b.columns, *const rows = b.rows;
    for (size_t v = 0, taken; v < vectors; v += taken) {
        taken = block_vectors(vectors - v);
        const size_t lanes = smaller(LANES, s->columns - LANES * (v + taken - 1));
        b.columns = columns + v * b.vector_stride;
        b.sums.lanes = (__mmask16)((1u << lanes) - 1);
        // Groups of rows as equal as they can be.
        for (size_t group = 0, r = 0; group < groups; group++) {
            const size_t count = parts(s->rows - r, groups - group);
            b.rows = rows + sizeof(float) * r;
            b.sums.first = sums + r * s->columns + LANES * v;
            b.next = take_lines(&next, LINES * b.steps);
            sum_block(&b, taken, count);
            r += count;
        }
    }
}

static ESPALIER_NATIVE void multiply(
    const espalier_pointwise_weights_shape *s, const uint16_t *row_values, const uint16_t *column_values,
    char *scratch, float *sums, int adds) {
    // Stretches as equal as they can be.
    const size_t steps = parts(s->pixels, STEP_PIXELS);
    const size_t stretch = STEP_PIXELS * parts(steps, parts(steps, STEPS));
    for (size_t p = 0; p < s->pixels; p += stretch) {
        const size_t pixels = smaller(stretch, s->pixels - p);
        const uint16_t *const column_stretch = column_values + p * s->columns;
        const uint16_t *const row_stretch = row_values + p * s->rows;
        block b = {
            .columns = scratch,
            .steps = parts(pixels, STEP_PIXELS),
            .vector_stride = vector_stride(parts(pixels, STEP_PIXELS)),
            .sums = {.stride = s->columns, .adds = adds || p > 0},
        };
        arrange(column_stretch, pixels, s->columns, scratch, b.vector_stride, VECTOR);
        char *const arranged = scratch + parts(s->columns, LANES) * b.vector_stride;
        b.row_stride = row_stride(s->rows);
        arrange(row_stretch, pixels, s->rows, arranged, VECTOR, b.row_stride);
        b.rows = arranged;
        const size_t end = smaller(p + 2 * pixels, s->pixels);
        const fetching next = {
            .at = {(const char *)(column_stretch + pixels * s->columns), (const char *)(row_stretch + pixels * s->rows)},
            .end = {(const char *)(column_values + end * s->columns), (const char *)(row_values + end * s->rows)},
            .near = scratch,
        };
        add_stretch(s, b, sums, next);
    }
}

#endif

// MARK: For any CPU

INLINE void multiply_plainly(
    const espalier_pointwise_weights_shape *s, const uint16_t *row_values, const uint16_t *column_values,
    float *sums, int adds) {
    double totals[64];
    for (size_t r = 0; r < s->rows; r++) {
        for (size_t first = 0; first < s->columns; first += 64) {
            const size_t count = smaller(64, s->columns - first);
            for (size_t c = 0; c < count; c++) totals[c] = 0;
            for (size_t p = 0; p < s->pixels; p++) {
                const double value = (double)espalier_float(row_values[p * s->rows + r]);
                const uint16_t *const columns = column_values + p * s->columns + first;
                for (size_t c = 0; c < count; c++) totals[c] += value * (double)espalier_float(columns[c]);
            }
            float *const to = sums + r * s->columns + first;
            for (size_t c = 0; c < count; c++) to[c] = (adds ? to[c] : 0) + (float)totals[c];
        }
    }
}

void espalier_pointwise_weights_bf16(
    const espalier_pointwise_weights_shape *s, const uint16_t *row_values, const uint16_t *column_values,
    void *scratch, float *sums, int adds) {
#if ESPALIER_HAS_NATIVE
    if (espalier_is_native()) return multiply(s, row_values, column_values, scratch, sums, adds);
#endif
    (void)scratch;
    multiply_plainly(s, row_values, column_values, sums, adds);
}
