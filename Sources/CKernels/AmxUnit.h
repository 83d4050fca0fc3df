// The registers of the CPU's matrix unit: eight squares of 16 rows of 64 bytes. Here 0 to 3 hold sums, two by two
// squares of 16 × 16 floats; 4 and 5 the left operands, rows of 32 bf16; 6 and 7 the right ones, rows of 16 pairs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Native.h"
#include "Sizes.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

enum {
    // Rows of a register, and sums in a row of one.
    AMX_SIDE = 16,
    // bf16 in a row: what is multiplied at once.
    AMX_RUN = 32,
    // bf16, and bytes, of a register.
    AMX_SQUARE = AMX_SIDE * AMX_RUN,
    AMX_BYTES = 2 * AMX_SQUARE,
    // Rows and columns of all sums together.
    AMX_BLOCK = 2 * AMX_SIDE,
};

#if ESPALIER_HAS_NATIVE

#define ESPALIER_AMX \
    __attribute__((target("arch=x86-64-v4,avx512bf16,amx-tile,amx-bf16,no-prefer-256-bit")))

// Sizes of the registers as ldtilecfg reads them.
typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_sizes;

// The unit for the calling thread, until amx_end(). Left operands, and sums, have `rows` rows.
INLINE ESPALIER_AMX void amx_begin(size_t rows) {
    amx_sizes sizes = {.palette = 1};
    for (size_t r = 0; r < 8; r++) {
        sizes.row_bytes[r] = 64;
        sizes.rows[r] = (uint8_t)(r < 6 ? rows : AMX_SIDE);
    }
    _tile_loadconfig(&sizes);
}

INLINE ESPALIER_AMX void amx_end(void) { _tile_release(); }

// Sums of `left` × `right` squares, as they are in memory; a stride of 0 repeats one row.
INLINE ESPALIER_AMX void amx_load_sums(
    const float *from, size_t row_bytes, const size_t left, const size_t right) {
    const char *const lower = (const char *)from + AMX_SIDE * row_bytes;
    _tile_loadd(0, from, row_bytes);
    if (right == 2) _tile_loadd(1, from + AMX_SIDE, row_bytes);
    if (left == 2) _tile_loadd(2, lower, row_bytes);
    if (left == 2 && right == 2) _tile_loadd(3, lower + 64, row_bytes);
}

INLINE ESPALIER_AMX void amx_zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

INLINE ESPALIER_AMX void amx_store_sums(float *to, size_t row_bytes, const size_t left, const size_t right) {
    char *const lower = (char *)to + AMX_SIDE * row_bytes;
    _tile_stored(0, to, row_bytes);
    if (right == 2) _tile_stored(1, to + AMX_SIDE, row_bytes);
    if (left == 2) _tile_stored(2, lower, row_bytes);
    if (left == 2 && right == 2) _tile_stored(3, lower + 64, row_bytes);
}

// Adds the products of `left` squares, `left_bytes` from one to the next, and `right` ones.
INLINE ESPALIER_AMX void amx_multiply(
    const char *a, size_t row_bytes, size_t left_bytes, const char *b, size_t right_bytes, const size_t left,
    const size_t right) {
    _tile_loadd(4, a, row_bytes);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    if (right == 2) {
        _tile_loadd(7, b + right_bytes, 64);
        _tile_dpbf16ps(1, 4, 7);
    }
    if (left == 2) {
        _tile_loadd(5, a + left_bytes, row_bytes);
        _tile_dpbf16ps(2, 5, 6);
        if (right == 2) _tile_dpbf16ps(3, 5, 7);
    }
}

#endif
