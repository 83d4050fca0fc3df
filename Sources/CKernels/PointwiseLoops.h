// Products by AVX-512 for the element type that BF16 says: `pixels` pixels × `vectors` vectors of 16 outputs
// are summed in registers over all inputs at once, so that a vector of the weight is read once for all the
// pixels, and an input once for all the vectors. Both are constants in each use.

// Inputs of one multiply-add.
#undef STEP
#if BF16
#define STEP 2
#else
#define STEP 1
#endif

// sum += weight · the inputs at `from`, of which there are `count`: STEP, or at the end of a row fewer. What
// is behind them is another pixel or not even memory.
INLINE TARGET void NAME(add)(__m512 *sum, __m512 weight, const char *from, size_t count) {
    float inputs = 0;
    memcpy(&inputs, from, count * sizeof(ELEMENT));
#if BF16
    *sum = _mm512_dpbf16_ps(*sum, (__m512bh)weight, (__m512bh)_mm512_set1_ps(inputs));
#else
    *sum = _mm512_fmadd_ps(weight, _mm512_set1_ps(inputs), *sum);
#endif
}

// Stores `count` vectors, which is up to STEP; of the last one `lanes`.
INLINE TARGET void NAME(store)(ELEMENT *to, const __m512 *values, size_t count, __mmask16 lanes) {
#if BF16
    if (count == 2) {
        const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(values[1], values[0]);
        if (lanes == ALL_LANES) {
            _mm512_storeu_si512(to, both);
        } else {
            _mm512_mask_storeu_epi16(to, (__mmask32)lanes << 16 | ALL_LANES, both);
        }
        return;
    }
    const __m256i stored = (__m256i)_mm512_cvtneps_pbh(values[0]);
    if (lanes == ALL_LANES) {
        _mm256_storeu_si256((__m256i *)to, stored);
    } else {
        _mm256_mask_storeu_epi16(to, lanes, stored);
    }
#else
    (void)count;
    if (lanes == ALL_LANES) {
        _mm512_storeu_ps(to, values[0]);
    } else {
        _mm512_mask_storeu_ps(to, lanes, values[0]);
    }
#endif
}

// The sums of `pixels` pixels from `input` on, in `sum`, which holds what they begin with.
INLINE TARGET void NAME(sum_block)(
    const size_t pixels, const size_t vectors, const char *input, const char *weight, size_t inputs,
    __m512 sum[BLOCK_SUMS]) {
    const size_t whole = inputs / STEP, stride = (inputs + STEP - 1) / STEP * 64;
    const size_t bytes = pixels * inputs * sizeof(ELEMENT);
    // Each step prefetches as much as it reads.
    const size_t step_bytes = pixels * STEP * sizeof(ELEMENT);
    const char *ahead = input + (bytes > INPUTS_AHEAD ? bytes : INPUTS_AHEAD);
    block_rows rows = rows_from(input, inputs * sizeof(ELEMENT));
    for (size_t k = 0; k < whole; k++) {
        keep_rows(&rows, pixels);
        __m512 loaded[BLOCK_VECTORS];
        UNROLL
        for (size_t v = 0; v < vectors; v++) loaded[v] = _mm512_loadu_ps(weight + v * stride);
        UNROLL
        for (size_t p = 0; p < pixels; p++) {
            UNROLL
            for (size_t v = 0; v < vectors; v++) {
                NAME(add)(&sum[p * vectors + v], loaded[v], block_row(&rows, p), STEP);
            }
        }
        prefetch_inputs(ahead, step_bytes);
        ahead += step_bytes;
        advance_rows(&rows, STEP * sizeof(ELEMENT));
        weight += 64;
    }
    if (whole * STEP == inputs) return;
    UNROLL
    for (size_t p = 0; p < pixels; p++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++) {
            const __m512 loaded = _mm512_loadu_ps(weight + v * stride);
            NAME(add)(&sum[p * vectors + v], loaded, block_row(&rows, p), 1);
        }
    }
}

// Outputs of `pixels` pixels: `vectors` vectors from those on that `weight`, `bias` and `output` begin with;
// of the last vector `lanes`.
INLINE TARGET void NAME(block)(
    const size_t pixels, const size_t vectors, const espalier_pointwise_shape *shape, const ELEMENT *input,
    const ELEMENT *weight, const float *bias, ELEMENT *output, __mmask16 lanes) {
    __m512 sum[BLOCK_SUMS];
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        const __mmask16 present = v + 1 == vectors ? lanes : ALL_LANES;
        const __m512 first = bias ? _mm512_maskz_loadu_ps(present, bias + 16 * v) : _mm512_setzero_ps();
        UNROLL
        for (size_t p = 0; p < pixels; p++) sum[p * vectors + v] = first;
    }
    NAME(sum_block)(pixels, vectors, (const char *)input, (const char *)weight, shape->inputs, sum);
    UNROLL
    for (size_t p = 0; p < pixels; p++) {
        ELEMENT *const to = output + p * shape->outputs;
        UNROLL
        for (size_t v = 0; v < vectors; v += STEP) {
            __builtin_prefetch(to + 16 * v + BLOCK_SUMS * shape->outputs, 1);
            if (v + STEP < vectors) {
                NAME(store)(to + 16 * v, &sum[p * vectors + v], STEP, ALL_LANES);
            } else {
                NAME(store)(to + 16 * v, &sum[p * vectors + v], vectors - v, lanes);
            }
        }
    }
}

// All pixels, in blocks of the most that there are of `wide`, `middle` and 1. The last block overlaps the one
// before: its pixels are computed twice, to the same bits.
#define GROUP(vectors, wide, middle)                                                                    \
    static TARGET void NAME(group##vectors)(                                                            \
        const espalier_pointwise_shape *shape, const ELEMENT *input, const ELEMENT *weight,             \
        const float *bias, ELEMENT *output, __mmask16 lanes) {                                          \
        const size_t pixels = shape->pixels;                                                            \
        const size_t taken = pixels >= wide ? wide : pixels >= middle ? middle : 1;                     \
        for (size_t done = 0; done < pixels; done += taken) {                                           \
            const size_t first = done + taken <= pixels ? done : pixels - taken;                        \
            const ELEMENT *const from = input + first * shape->inputs;                                  \
            ELEMENT *const to = output + first * shape->outputs;                                        \
            if (taken == wide) {                                                                        \
                NAME(block)(wide, vectors, shape, from, weight, bias, to, lanes);                       \
            } else if (taken == middle) {                                                               \
                NAME(block)(middle, vectors, shape, from, weight, bias, to, lanes);                     \
            } else {                                                                                    \
                NAME(block)(1, vectors, shape, from, weight, bias, to, lanes);                          \
            }                                                                                           \
        }                                                                                               \
    }

GROUP(1, 24, 8)
GROUP(2, 12, 4)
GROUP(3, 8, 4)
GROUP(4, 6, 2)
#undef GROUP

// The vectors in groups of at most BLOCK_VECTORS, and as even as can be: more in one means fewer loads.
static TARGET void NAME(product)(
    const espalier_pointwise_shape *whole, const ELEMENT *input, const ELEMENT *weight, const float *bias,
    ELEMENT *output) {
    const size_t inputs = whole->inputs, outputs = whole->outputs, vectors = (outputs + 15) / 16;
    const size_t vector_elements = (inputs + STEP - 1) / STEP * STEP * 16;
    const size_t stretch =
        stretch_pixels(vectors * vector_elements * sizeof *weight, inputs * sizeof *input);
    espalier_pointwise_shape shape = *whole;
    for (size_t done = 0; done < whole->pixels; done += stretch) {
        shape.pixels = whole->pixels - done < stretch ? whole->pixels - done : stretch;
        const ELEMENT *const from = input + done * inputs;
        size_t taken = 0;
        for (size_t groups = (vectors + BLOCK_VECTORS - 1) / BLOCK_VECTORS; groups > 0; groups--) {
            const size_t count = (vectors - taken + groups - 1) / groups;
            const __mmask16 lanes = groups == 1 && outputs % 16 ? (1 << outputs % 16) - 1 : ALL_LANES;
            const ELEMENT *const part = weight + taken * vector_elements;
            const float *const part_bias = bias ? bias + 16 * taken : 0;
            ELEMENT *const to = output + done * outputs + 16 * taken;
            switch (count) {
            case 1: NAME(group1)(&shape, from, part, part_bias, to, lanes); break;
            case 2: NAME(group2)(&shape, from, part, part_bias, to, lanes); break;
            case 3: NAME(group3)(&shape, from, part, part_bias, to, lanes); break;
            default: NAME(group4)(&shape, from, part, part_bias, to, lanes); break;
            }
            taken += count;
        }
    }
}
