// PLACES values of ELEMENT that are computed with together, as NAME(places), and sums over them, NAME(partial):
// one register of stored values, whatever the compiler makes of it at other levels. Included for each BF16, and
// with BF16 for each NATIVE. A `count` below PLACES is that of the values in use.
#include "Activations.h"
#include "ElementNames.h"
#include "Native.h"

#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

#undef INLINE_HERE
#if BF16 && NATIVE
#define INLINE_HERE INLINE ESPALIER_NATIVE
#else
#define INLINE_HERE INLINE
#endif

#ifndef FOR_PLACES
// PIECE(first, count): all of n values. The last few come first: in place they would wait for what was just
// written before them.
#define FOR_PLACES(n, PIECE)                                                              \
    const size_t last = (n) % PLACES;                                                     \
    if (LAST_LANES && (n) < PLACES) {                                                     \
        for (size_t c = 0; c < last; c++) PIECE(c, 1);                                    \
    } else if (last > 0) {                                                                \
        PIECE((n)-last, last);                                                            \
    }                                                                                     \
    for (size_t c = 0; c + PLACES <= (n); c += PLACES) PIECE(c, PLACES);

typedef espalier_floats floats;
typedef espalier_words words;
typedef float eight_floats __attribute__((ext_vector_type(8)));
typedef double doubles __attribute__((ext_vector_type(8)));

// Up to 255 bytes, an even number, without a call.
INLINE void copy_few(void *to, const void *from, size_t size) {
    char *target = to;
    const char *source = from;
#define COPY_IF(part)                        \
    if (size & part) {                       \
        memcpy(target, source, part);        \
        target += part;                      \
        source += part;                      \
    }
    COPY_IF(128) COPY_IF(64) COPY_IF(32) COPY_IF(16) COPY_IF(8) COPY_IF(4) COPY_IF(2)
#undef COPY_IF
}
#endif

#undef PLACES
#undef LAST_LANES
#if BF16
#include "HalfPlaces.h"
#else
#include "FloatPlaces.h"
#endif
