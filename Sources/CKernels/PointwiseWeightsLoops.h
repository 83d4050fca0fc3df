// The functions of PointwiseWeights.c for the element type that BF16 says.
#include "ElementNames.h"

#if ESPALIER_HAS_NATIVE

#undef TARGET
#undef INNER
#undef HAS_TARGET
#undef STEP_PIXELS
#if BF16
#define TARGET ESPALIER_NATIVE
#define HAS_TARGET espalier_is_native()
#define STEP_PIXELS 2
#else
#define TARGET ESPALIER_AVX512
#define HAS_TARGET espalier_has_avx512()
#define STEP_PIXELS 1
#endif
#define INNER INLINE TARGET

// MARK: One block of sums

INNER __m512 NAME(multiply_add)(__m512 column, __m512 row, __m512 sum) {
#if BF16
    return _mm512_dpbf16_ps(sum, (__m512bh)column, (__m512bh)row);
#else
    return _mm512_fmadd_ps(column, row, sum);
#endif
}

INNER void NAME(finish)(const block *b, __m512 sum, size_t row, size_t vector, size_t vectors) {
    const __mmask16 lanes = vector + 1 == vectors ? b->lanes : 0xffff;
    float *const to = b->sums + row * b->sums_stride + LANES * vector;
    if (b->adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, to));
    _mm512_mask_storeu_ps(to, lanes, sum);
}

INNER void NAME(sum)(const block *b, const size_t vectors, const size_t rows) {
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
                sums[r][v] = NAME(multiply_add)(columns[v], row, sums[r][v]);
            }
        }
        UNROLLED for (size_t line = 0; line < LINES; line++) {
            __builtin_prefetch((const void *)(b->next + VECTOR * (LINES * step + line)), 0, 2);
        }
        column_values += VECTOR;
        row_values += b->row_stride;
    }
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t v = 0; v < vectors; v++) NAME(finish)(b, sums[r][v], r, v, vectors);
    }
}

// Code of its own for each block.
INNER void NAME(sum_rows)(const block *b, const size_t vectors, size_t rows) {
    switch (rows) {
    case 1: return NAME(sum)(b, vectors, 1);
    case 2: return NAME(sum)(b, vectors, 2);
    case 3: return NAME(sum)(b, vectors, 3);
    case 4: return NAME(sum)(b, vectors, 4);
    case 5: return NAME(sum)(b, vectors, 5);
    case 6: return NAME(sum)(b, vectors, 6);
    case 7: return NAME(sum)(b, vectors, 7);
    case 8: return NAME(sum)(b, vectors, 8);
    default: return NAME(sum)(b, vectors, BLOCK_ROWS);
    }
}

static __attribute__((noinline)) TARGET void NAME(sum_block)(const block *b, size_t vectors, size_t rows) {
    switch (vectors) {
    case 1: return NAME(sum_rows)(b, 1, rows);
    case 2: return NAME(sum_rows)(b, 2, rows);
    default: return NAME(sum_rows)(b, BLOCK_VECTORS, rows);
    }
}

// MARK: A stretch in order

#if BF16
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
#endif

// Vectors of channels go `stride` bytes apart, steps `step` bytes.
static TARGET void NAME(arrange)(
    const ELEMENT *values, size_t pixels, size_t channels, char *to, size_t stride, size_t step) {
#if BF16
    size_t p = 0;
    for (; p + 2 <= pixels; p += 2, to += step) {
        arrange_pair(values + p * channels, channels, ~0u, to, stride);
    }
    if (p < pixels) arrange_pair(values + p * channels, channels, 0, to, stride);
#else
    const __mmask16 rest = (__mmask16)((1u << channels % LANES) - 1);
    for (size_t p = 0; p < pixels; p++, to += step) {
        const float *const row = values + p * channels;
        char *at = to;
        size_t c = 0;
        for (; c + LANES <= channels; c += LANES, at += stride) {
            _mm512_storeu_ps(at, _mm512_loadu_ps(row + c));
        }
        if (c < channels) _mm512_storeu_ps(at, _mm512_maskz_loadu_ps(rest, row + c));
    }
#endif
}

// MARK: All sums

// All sums over the stretch that `b` has, which is not yet about any block.
static TARGET void NAME(add_stretch)(
    const espalier_pointwise_weights_shape *s, block b, float *sums, fetching next) {
    const size_t vectors = parts(s->columns, LANES), groups = parts(s->rows, BLOCK_ROWS);
    const char *const columns = b.columns, *const rows = b.rows;
    for (size_t v = 0, taken; v < vectors; v += taken) {
        taken = block_vectors(vectors - v);
        const size_t lanes = smaller(LANES, s->columns - LANES * (v + taken - 1));
        b.columns = columns + v * b.vector_stride;
        b.lanes = (uint16_t)((1u << lanes) - 1);
        // Groups of rows as equal as they can be.
        for (size_t group = 0, r = 0; group < groups; group++) {
            const size_t count = parts(s->rows - r, groups - group);
            b.rows = rows + sizeof(float) * r;
            b.sums = sums + r * s->columns + LANES * v;
            b.next = take(&next, VECTOR * LINES * b.steps);
            NAME(sum_block)(&b, taken, count);
            r += count;
        }
    }
}

static TARGET void NAME(multiply)(
    const espalier_pointwise_weights_shape *s, const ELEMENT *row_values, const ELEMENT *column_values,
    char *scratch, float *sums) {
    // Stretches as equal as they can be.
    const size_t steps = parts(s->pixels, STEP_PIXELS);
    const size_t stretch = STEP_PIXELS * parts(steps, parts(steps, STEPS));
    for (size_t p = 0; p < s->pixels; p += stretch) {
        const size_t pixels = smaller(stretch, s->pixels - p);
        const ELEMENT *const column_stretch = column_values + p * s->columns;
        const ELEMENT *const row_stretch = row_values + p * s->rows;
        block b = {
            .columns = scratch,
            .steps = parts(pixels, STEP_PIXELS),
            .vector_stride = vector_stride(parts(pixels, STEP_PIXELS)),
            .sums_stride = s->columns,
            .adds = p > 0,
        };
        NAME(arrange)(column_stretch, pixels, s->columns, scratch, b.vector_stride, VECTOR);
#if BF16
        char *const arranged = scratch + parts(s->columns, LANES) * b.vector_stride;
        b.row_stride = row_stride(s->rows);
        NAME(arrange)(row_stretch, pixels, s->rows, arranged, VECTOR, b.row_stride);
        b.rows = arranged;
#else
        // Single values are read one by one: no order is better than another.
        b.row_stride = sizeof(float) * s->rows;
        b.rows = (const char *)row_stretch;
#endif
        // Of the next stretch; after the last one, of this, which is in cache.
        const size_t ahead = p + pixels < s->pixels ? pixels : 0;
        const uintptr_t start = (uintptr_t)(column_stretch + ahead * s->columns);
        const fetching next = {
            start, start + sizeof(ELEMENT) * pixels * s->columns, (uintptr_t)(row_stretch + ahead * s->rows)};
        NAME(add_stretch)(s, b, sums, next);
    }
}

#endif

// MARK: For any CPU

INLINE void NAME(multiply_plainly)(
    const espalier_pointwise_weights_shape *s, const ELEMENT *row_values, const ELEMENT *column_values,
    float *sums) {
    double totals[64];
    for (size_t r = 0; r < s->rows; r++) {
        for (size_t first = 0; first < s->columns; first += 64) {
            const size_t count = smaller(64, s->columns - first);
            for (size_t c = 0; c < count; c++) totals[c] = 0;
            for (size_t p = 0; p < s->pixels; p++) {
                const double value = (double)LOAD(row_values[p * s->rows + r]);
                const ELEMENT *const columns = column_values + p * s->columns + first;
                for (size_t c = 0; c < count; c++) totals[c] += value * (double)LOAD(columns[c]);
            }
            for (size_t c = 0; c < count; c++) sums[r * s->columns + first + c] = (float)totals[c];
        }
    }
}

void NAME(espalier_pointwise_weights)(
    const espalier_pointwise_weights_shape *s, const ELEMENT *row_values, const ELEMENT *column_values,
    void *scratch, float *sums) {
#if ESPALIER_HAS_NATIVE
    if (HAS_TARGET) return NAME(multiply)(s, row_values, column_values, scratch, sums);
#endif
    (void)scratch;
    NAME(multiply_plainly)(s, row_values, column_values, sums);
}
