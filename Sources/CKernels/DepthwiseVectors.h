// LANES floats that are computed with together, for the element type that BF16 says; included for each pair.
// The compiler makes of them what the instruction level has: one register or several.
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

// espalier_bf16 on LANES values.
static inline __attribute__((always_inline)) void LANED(put)(const VEC *value, ELEMENT *to) {
#if BF16
    LANED(words) bits;
    memcpy(&bits, value, sizeof bits);
    const LANED(words) rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const LANED(words) nan = (bits >> 16) | 0x40;
    const LANED(words) is_nan = (LANED(words))((bits & 0x7fffffff) > 0x7f800000);
    const LANED(halves) stored =
        __builtin_convertvector((nan & is_nan) | (rounded & ~is_nan), LANED(halves));
    memcpy(to, &stored, sizeof stored);
#else
    memcpy(to, value, sizeof *value);
#endif
}
