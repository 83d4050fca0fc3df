// LANES floats that are computed with together, for the element type that BF16 says, and with NATIVE by the
// CPU's instructions for it; included for each combination. The compiler makes of them what the instruction
// level has: one register or several.
#include "ElementNames.h"

#undef LANED
#undef VEC
#define LANED(name) JOINED(name, LANES)
#define VEC LANED(vec)

typedef float VEC __attribute__((vector_size(4 * LANES)));
#if BF16
typedef uint32_t LANED(words) __attribute__((vector_size(4 * LANES)));
typedef uint16_t LANED(halves) __attribute__((vector_size(2 * LANES)));
#endif

static inline __attribute__((always_inline)) void LANED(get)(VEC *value, const ELEMENT *from) {
#if BF16
    LANED(halves) stored;
    memcpy(&stored, from, sizeof stored);
    const LANED(words) bits = __builtin_convertvector(stored, LANED(words)) << 16;
    memcpy(value, &bits, sizeof bits);
#else
    memcpy(value, from, sizeof *value);
#endif
}

// STORE of LANES values.
#if BF16 && NATIVE && LANES == 16
static inline __attribute__((always_inline)) ESPALIER_NATIVE void LANED(put)(const VEC *value, ELEMENT *to) {
    const __m256bh stored = _mm512_cvtneps_pbh((__m512)*value);
    memcpy(to, &stored, sizeof stored);
}
#else
static inline __attribute__((always_inline)) void LANED(put)(const VEC *value, ELEMENT *to) {
#if BF16
    LANED(words) bits;
    memcpy(&bits, value, sizeof bits);
    const LANED(words) rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const LANED(words) nan = (bits >> 16) | 0x40;
    const LANED(words) zero = (bits >> 16) & 0x8000;
    const LANED(words) is_nan = (LANED(words))((bits & 0x7fffffff) > 0x7f800000);
    const LANED(words) is_tiny = (LANED(words))((bits & 0x7f800000) == 0);
    const LANED(words) number = (zero & is_tiny) | (rounded & ~is_tiny);
    const LANED(halves) stored = __builtin_convertvector((nan & is_nan) | (number & ~is_nan), LANED(halves));
    memcpy(to, &stored, sizeof stored);
#else
    memcpy(to, value, sizeof *value);
#endif
}
#endif

// a·b + c: rounded once in bf16, twice in fp32, where levels without the instruction are in use.
static inline __attribute__((always_inline)) void LANED(multiply_add)(
    VEC *result, const VEC *a, const VEC *b, const VEC *c) {
#if BF16
    *result = __builtin_elementwise_fma(*a, *b, *c);
#else
    *result = *a * *b + *c;
#endif
}
