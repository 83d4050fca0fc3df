// Transposing eight by eight elements in registers, which compilers do not make of a loop. These are generic
// vectors: the compiler has instructions for them at every level.
#pragma once

#include <stdint.h>

enum { SIDE = 8 };

typedef float espalier_floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t espalier_integers __attribute__((vector_size(32), aligned(4), may_alias));

// rows[i][k] and rows[k][i] change places.
static inline __attribute__((always_inline)) void espalier_transpose(espalier_floats rows[SIDE]) {
    espalier_floats pairs[SIDE], quads[SIDE];
    for (int i = 0; i < SIDE; i += 2) {
        pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < SIDE; i += 4) {
        for (int k = 0; k < 2; k++) {
            const espalier_floats low = pairs[i + k], high = pairs[i + k + 2];
            quads[i + 2 * k] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
            quads[i + 2 * k + 1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int i = 0; i < 4; i++) {
        rows[i] = __builtin_shufflevector(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        rows[i + 4] = __builtin_shufflevector(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}
