// Places.h for bf16: two vectors of floats, of the values at even places and of those at odd ones. A shift and a
// mask take them apart, less work than widening them in order.
#define PLACES 32
#define LAST_LANES 0

#ifndef LOW_HALF
#define LOW_HALF 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_HALF 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#endif

typedef struct {
    floats even, odd;
} NAME(places);
typedef NAME(places) NAME(partial);

INLINE_HERE void NAME(get)(NAME(places) *value, const uint16_t *from, size_t count) {
    words bits;
#if NATIVE
    const __m512i read = count == PLACES ? _mm512_loadu_si512(from)
                                         : _mm512_maskz_loadu_epi16(_bzhi_u32(~0u, (unsigned)count), from);
    memcpy(&bits, &read, sizeof bits);
#else
    uint16_t read[PLACES] = {0};
    copy_few(read, from, count * sizeof *read);
    memcpy(&bits, read, sizeof bits);
#endif
    const words even = bits << 16, odd = bits & 0xffff0000u;
    memcpy(&value->even, &even, sizeof even);
    memcpy(&value->odd, &odd, sizeof odd);
}

#if NATIVE
INLINE_HERE void NAME(put)(const NAME(places) *value, uint16_t *to, size_t count) {
    static const uint16_t order[PLACES] __attribute__((aligned(64))) = {LOW_HALF, HIGH_HALF};
    const __m512bh rounded = _mm512_cvtne2ps_pbh((__m512)value->odd, (__m512)value->even);
    __m512i bits;
    memcpy(&bits, &rounded, sizeof bits);
    bits = _mm512_permutexvar_epi16(_mm512_load_si512(order), bits);
    if (count == PLACES) {
        _mm512_storeu_si512(to, bits);
    } else {
        _mm512_mask_storeu_epi16(to, _bzhi_u32(~0u, (unsigned)count), bits);
    }
}
#else
// espalier_bf16 of all, in the upper half of each word.
INLINE_HERE void NAME(round)(const floats *value, words *rounded) {
    words bits;
    memcpy(&bits, value, sizeof bits);
    const words magnitude = bits & 0x7fffffffu, number = bits + 0x7fffu + ((bits >> 16) & 1u);
    const words tiny = (bits & 0x7f800000u) == 0u ? bits & 0x80000000u : number;
    *rounded = (magnitude > 0x7f800000u ? bits | 0x400000u : tiny) & 0xffff0000u;
}

INLINE_HERE void NAME(put)(const NAME(places) *value, uint16_t *to, size_t count) {
    words even, odd;
    NAME(round)(&value->even, &even);
    NAME(round)(&value->odd, &odd);
    odd |= even >> 16;
    copy_few(to, &odd, count * sizeof *to);
}
#endif

INLINE_HERE void NAME(get_floats)(NAME(places) *value, const float *from, size_t count) {
    floats low, high;
#if NATIVE
    const unsigned mask = _bzhi_u32(~0u, (unsigned)count);
    low = (floats)_mm512_maskz_loadu_ps((__mmask16)mask, from);
    high = (floats)_mm512_maskz_loadu_ps((__mmask16)(mask >> 16), from + 16);
#else
    float read[PLACES] = {0};
    copy_few(read, from, count * sizeof *read);
    memcpy(&low, read, sizeof low);
    memcpy(&high, read + 16, sizeof high);
#endif
    value->even = __builtin_shufflevector(low, high, EVENS);
    value->odd = __builtin_shufflevector(low, high, ODDS);
}

// In order again.
INLINE_HERE void NAME(put_floats)(const NAME(places) *value, float *to, size_t count) {
    const floats low = __builtin_shufflevector(value->even, value->odd, LOW_HALF);
    const floats high = __builtin_shufflevector(value->even, value->odd, HIGH_HALF);
#if NATIVE
    const unsigned mask = _bzhi_u32(~0u, (unsigned)count);
    _mm512_mask_storeu_ps(to, (__mmask16)mask, (__m512)low);
    _mm512_mask_storeu_ps(to + 16, (__mmask16)(mask >> 16), (__m512)high);
#else
    float written[PLACES];
    memcpy(written, &low, sizeof low);
    memcpy(written + 16, &high, sizeof high);
    memcpy(to, written, count * sizeof *to);
#endif
}

INLINE_HERE void NAME(fill)(NAME(places) *value, float all) {
    value->even = all;
    value->odd = all;
}

INLINE_HERE void NAME(add)(NAME(places) *result, const NAME(places) *a, const NAME(places) *b) {
    result->even = a->even + b->even;
    result->odd = a->odd + b->odd;
}

INLINE_HERE void NAME(multiply)(NAME(places) *result, const NAME(places) *a, const NAME(places) *b) {
    result->even = a->even * b->even;
    result->odd = a->odd * b->odd;
}

// a·b + c, rounded once.
INLINE_HERE void NAME(multiply_add)(
    NAME(places) *result, const NAME(places) *a, const NAME(places) *b, const NAME(places) *c) {
    result->even = __builtin_elementwise_fma(a->even, b->even, c->even);
    result->odd = __builtin_elementwise_fma(a->odd, b->odd, c->odd);
}

INLINE_HERE void NAME(activate)(NAME(places) *value, int kind) {
    espalier_activate_lanes(&value->even, kind);
    espalier_activate_lanes(&value->odd, kind);
}

INLINE_HERE void NAME(activate_back)(NAME(places) *gradient, const NAME(places) *value, int kind) {
    espalier_activate_back_lanes(&gradient->even, &value->even, kind);
    espalier_activate_back_lanes(&gradient->odd, &value->odd, kind);
}

INLINE_HERE void NAME(sum_up)(NAME(partial) *sum, const NAME(places) *value) { NAME(add)(sum, sum, value); }

INLINE_HERE void NAME(sum_products)(
    NAME(partial) *sum, const NAME(places) *a, const NAME(places) *b) {
    NAME(multiply_add)(sum, a, b, sum);
}

// Adds eight floats, or the first `count` of them if those are fewer.
INLINE_HERE void NAME(add_eight)(double *to, const eight_floats *part, size_t count) {
    const doubles wide = __builtin_convertvector(*part, doubles);
    doubles sum = {0};
#if NATIVE
    const __mmask8 mask = (__mmask8)_bzhi_u32(0xff, (unsigned)count);
    sum = (doubles)_mm512_maskz_loadu_pd(mask, to) + wide;
    _mm512_mask_storeu_pd(to, mask, (__m512d)sum);
#else
    const size_t size = (count < 8 ? count : 8) * sizeof *to;
    copy_few(&sum, to, size);
    sum += wide;
    copy_few(to, &sum, size);
#endif
}

INLINE_HERE void NAME(add_to)(double *totals, const NAME(partial) *sum, size_t count) {
    const floats low = __builtin_shufflevector(sum->even, sum->odd, LOW_HALF);
    const floats high = __builtin_shufflevector(sum->even, sum->odd, HIGH_HALF);
    const eight_floats parts[4] = {low.lo, low.hi, high.lo, high.hi};
    for (size_t k = 0; k < 4 && 8 * k < count; k++) NAME(add_eight)(totals + 8 * k, &parts[k], count - 8 * k);
}
