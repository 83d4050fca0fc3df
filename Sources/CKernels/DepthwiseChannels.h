// LANES channels of a pixel as floats. A channel count that is no multiple of LANES ends with a part that has
// some of them again (the values are computed twice, to the same bits), or with NATIVE with one that leaves
// lanes empty.
#include "Vectors.h"

#undef INNER
#if BF16 && NATIVE
#define INNER INLINE ESPALIER_NATIVE
#else
#define INNER INLINE
#endif

// LANES channels from `first` on; the lanes before `fresh` belong to an earlier part too, those that are not
// `inside` to no channel.
typedef struct {
    size_t first, fresh;
    uint32_t inside;
} LANED(part);

#if BF16 && NATIVE

INNER LANED(part) LANED(part_from)(size_t first, size_t channels) {
    return (LANED(part)){first, 0, (uint32_t)((1ull << smaller(LANES, channels - first)) - 1)};
}

#if LANES == 32
// Lanes 0 … 15 are the even channels, the others the odd ones: two instructions widen 32 numbers so.
INNER void LANED(read)(VEC *value, const ELEMENT *from, LANED(part) part) {
    const __m512i stored = _mm512_maskz_loadu_epi16(part.inside, from);
    const __m512i wide[2] = {
        _mm512_slli_epi32(stored, 16), _mm512_and_si512(stored, _mm512_set1_epi32((int)0xffff0000))};
    memcpy(value, wide, sizeof wide);
}

INNER void LANED(write)(const VEC *value, ELEMENT *to, LANED(part) part) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
        18, 2, 17, 1, 16, 0);
    __m512 wide[2];
    memcpy(wide, value, sizeof wide);
    const __m512i stored = (__m512i)_mm512_cvtne2ps_pbh(wide[1], wide[0]);
    _mm512_mask_storeu_epi16(to, part.inside, _mm512_permutexvar_epi16(order, stored));
}

INNER void LANED(read_floats)(VEC *value, const float *from, LANED(part) part) {
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)part.inside, from);
    const __m512 high = _mm512_maskz_loadu_ps((__mmask16)(part.inside >> 16), from + 16);
    const __m512 wide[2] = {
        _mm512_permutex2var_ps(low, even, high), _mm512_permutex2var_ps(low, odd, high)};
    memcpy(value, wide, sizeof wide);
}

INNER void LANED(add_floats)(float *to, const VEC *value, LANED(part) part) {
    const __m512i first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    const __mmask16 low = (__mmask16)part.inside, high = (__mmask16)(part.inside >> 16);
    __m512 wide[2];
    memcpy(wide, value, sizeof wide);
    const __m512 more = _mm512_permutex2var_ps(wide[0], first, wide[1]);
    const __m512 rest = _mm512_permutex2var_ps(wide[0], second, wide[1]);
    _mm512_mask_storeu_ps(to, low, _mm512_add_ps(_mm512_maskz_loadu_ps(low, to), more));
    _mm512_mask_storeu_ps(to + 16, high, _mm512_add_ps(_mm512_maskz_loadu_ps(high, to + 16), rest));
}
#else
INNER void LANED(read)(VEC *value, const ELEMENT *from, LANED(part) part) {
    const __m256i stored = _mm256_maskz_loadu_epi16((__mmask16)part.inside, from);
    *value = (VEC)_mm512_slli_epi32(_mm512_cvtepu16_epi32(stored), 16);
}

INNER void LANED(write)(const VEC *value, ELEMENT *to, LANED(part) part) {
    _mm256_mask_storeu_epi16(to, (__mmask16)part.inside, (__m256i)_mm512_cvtneps_pbh((__m512)*value));
}

INNER void LANED(read_floats)(VEC *value, const float *from, LANED(part) part) {
    *value = (VEC)_mm512_maskz_loadu_ps((__mmask16)part.inside, from);
}

INNER void LANED(add_floats)(float *to, const VEC *value, LANED(part) part) {
    const __mmask16 inside = (__mmask16)part.inside;
    _mm512_mask_storeu_ps(to, inside, _mm512_maskz_loadu_ps(inside, to) + (__m512)*value);
}
#endif

#else

typedef int32_t LANED(order) __attribute__((vector_size(4 * LANES)));

INNER LANED(part) LANED(part_from)(size_t first, size_t channels) {
    const size_t start = smaller(first, channels - LANES);
    return (LANED(part)){start, first - start, 0};
}

INNER void LANED(read)(VEC *value, const ELEMENT *from, LANED(part) part) {
    (void)part;
    LANED(get)(value, from);
}

INNER void LANED(write)(const VEC *value, ELEMENT *to, LANED(part) part) {
    (void)part;
    LANED(put)(value, to);
}

INNER void LANED(read_floats)(VEC *value, const float *from, LANED(part) part) {
    (void)part;
    memcpy(value, from, sizeof *value);
}

INNER void LANED(add_floats)(float *to, const VEC *value, LANED(part) part) {
    static const int32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    LANED(order) lanes, more;
    VEC total, fresh;
    memcpy(&lanes, numbers, sizeof lanes);
    memcpy(&more, value, sizeof more);
    more &= lanes >= (int32_t)part.fresh;
    memcpy(&fresh, &more, sizeof fresh);
    memcpy(&total, to, sizeof total);
    total += fresh;
    memcpy(to, &total, sizeof total);
}

#endif
