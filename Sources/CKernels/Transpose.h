// Transposing sixteen by sixteen elements in registers. The compiler has instructions for these shuffles at
// every level; where registers are shorter it splits them.
#pragma once

#include <stddef.h>

enum { TRANSPOSE_SIDE = 16 };

typedef float espalier_square_row __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) void exchange8(espalier_square_row *a, espalier_square_row *b) {
    const espalier_square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    *b = __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) void exchange4(espalier_square_row *a, espalier_square_row *b) {
    const espalier_square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    *b = __builtin_shufflevector(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) void exchange2(espalier_square_row *a, espalier_square_row *b) {
    const espalier_square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    *b = __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

static inline __attribute__((always_inline)) void exchange1(espalier_square_row *a, espalier_square_row *b) {
    const espalier_square_row x = *a, y = *b;
    *a = __builtin_shufflevector(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    *b = __builtin_shufflevector(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
}

// Transposes a square of 16 × 16 by exchanging ever smaller blocks across the diagonal.
static inline __attribute__((always_inline)) void espalier_transpose_square(
    espalier_square_row row[TRANSPOSE_SIDE]) {
    for (size_t j = 0; j < 8; j++) exchange8(&row[j], &row[j + 8]);
    for (size_t j = 0; j < 16; j++) {
        if (!(j & 4)) exchange4(&row[j], &row[j + 4]);
    }
    for (size_t j = 0; j < 16; j++) {
        if (!(j & 2)) exchange2(&row[j], &row[j + 2]);
    }
    for (size_t j = 0; j < 16; j += 2) exchange1(&row[j], &row[j + 1]);
}
