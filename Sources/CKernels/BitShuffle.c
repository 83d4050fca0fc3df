#include "BitShuffle.h"

#include <string.h>

// A tile is 512 integers in 32 vectors of 16 lanes. With the bits of an index named from the least, integer
// e8…e0 is loaded into vector e8…e4, lane e3…e0. First lanes and vectors are exchanged, so that it is in
// vector k = e4…e0, lane e8…e5: then the lanes are 16 squares of 32 integers by 32 bits. The squares are
// transposed, all at once. Lane e8…e5, bit e4…e0 of vector p is now bit p of integer e8…e0: the order of the
// plane in memory.
enum { VECTORS = 32, LANES = 16, TILE_BYTES = ESPALIER_BIT_TILE / 8 };
_Static_assert(VECTORS * LANES == ESPALIER_BIT_TILE, "a tile is 32 vectors");

typedef uint32_t lanes __attribute__((vector_size(LANES * 4)));
typedef int32_t signed_lanes __attribute__((vector_size(LANES * 4)));

#define INLINE static inline __attribute__((always_inline))
// Without the loops unrolled the tile would live in memory.
#define UNROLL _Pragma("clang loop unroll(full)")

// EXCHANGE_n: lanes with bit n of their number set in one vector change places with those without in the
// other.
#define SHUFFLE __builtin_shufflevector
#define EXCHANGE_8(a, b)                                                                   \
    low = SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);           \
    high = SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define EXCHANGE_4(a, b)                                                                   \
    low = SHUFFLE(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);         \
    high = SHUFFLE(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#define EXCHANGE_2(a, b)                                                                   \
    low = SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);         \
    high = SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define EXCHANGE_1(a, b)                                                                   \
    low = SHUFFLE(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);        \
    high = SHUFFLE(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)

// Exchanges a bit of the lane's number with a bit of the vector's.
#define EXCHANGE_LEVEL(tile, distance, exchange)                   \
    UNROLL                                                         \
    for (int v = 0; v < VECTORS; v++) {                            \
        if (v & (distance)) continue;                              \
        lanes low, high;                                           \
        exchange((tile)[v], (tile)[v + (distance)]);               \
        (tile)[v] = low;                                           \
        (tile)[v + (distance)] = high;                             \
    }

// Integer e8…e0 goes from vector e8…e4, lane e3…e0 to vector e3…e0 e4, lane e8…e5. Its own inverse.
INLINE void exchange(lanes tile[VECTORS]) {
    EXCHANGE_LEVEL(tile, 16, EXCHANGE_8)
    EXCHANGE_LEVEL(tile, 8, EXCHANGE_4)
    EXCHANGE_LEVEL(tile, 4, EXCHANGE_2)
    EXCHANGE_LEVEL(tile, 2, EXCHANGE_1)
}

// The vector where `exchange` puts, or wants, row k of the squares: bits 3210 4 of k = 43210.
#define ROW(k) ((((k) & 15) << 1) | ((k) >> 4))

// One level of the transpose: swaps the bits `shift` apart across the diagonal of each 2·shift square.
INLINE void swap_blocks(lanes rows[VECTORS], int shift, uint32_t mask) {
    UNROLL
    for (int k = 0; k < VECTORS; k++) {
        if (k & shift) continue;
        const lanes moved = ((rows[k] >> shift) ^ rows[k + shift]) & mask;
        rows[k + shift] ^= moved;
        rows[k] ^= moved << shift;
    }
}

// Of each lane's square of 32 rows by 32 bits. Its own inverse.
INLINE void transpose(lanes rows[VECTORS]) {
    swap_blocks(rows, 16, 0x0000ffffu);
    swap_blocks(rows, 8, 0x00ff00ffu);
    swap_blocks(rows, 4, 0x0f0f0f0fu);
    swap_blocks(rows, 2, 0x33333333u);
    swap_blocks(rows, 1, 0x55555555u);
}

INLINE void shuffle_tile(const int32_t *values, uint8_t *planes, size_t stride, lanes *used) {
    lanes tile[VECTORS], rows[VECTORS];
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
        signed_lanes value;
        memcpy(&value, values + v * LANES, sizeof value);
        tile[v] = ((lanes)value << 1) ^ (lanes)(value >> 31);
        *used |= tile[v];
    }
    exchange(tile);
    UNROLL
    for (int k = 0; k < VECTORS; k++) rows[k] = tile[ROW(k)];
    transpose(rows);
    UNROLL
    for (int p = 0; p < VECTORS; p++) memcpy(planes + (size_t)p * stride, &rows[p], sizeof rows[p]);
}

ESPALIER_CLONES
uint32_t espalier_bit_shuffle(const int32_t *values, size_t n, uint8_t *planes, size_t stride) {
    const size_t whole = n / ESPALIER_BIT_TILE, rest = n % ESPALIER_BIT_TILE;
    lanes used = {0};
    for (size_t t = 0; t < whole; t++) {
        shuffle_tile(values + t * ESPALIER_BIT_TILE, planes + t * TILE_BYTES, stride, &used);
    }
    if (rest > 0) {
        int32_t padded[ESPALIER_BIT_TILE] = {0};
        memcpy(padded, values + whole * ESPALIER_BIT_TILE, rest * sizeof(int32_t));
        shuffle_tile(padded, planes + whole * TILE_BYTES, stride, &used);
    }
    uint32_t all = 0;
    for (int l = 0; l < LANES; l++) all |= used[l];
    return all;
}

// `offset` and `bytes` choose the tile's part of each plane; what is missing of a whole tile is zero.
INLINE void unshuffle_tile(
    const uint8_t *const planes[VECTORS], size_t offset, size_t bytes, int32_t *values) {
    lanes tile[VECTORS], rows[VECTORS];
    UNROLL
    for (int p = 0; p < VECTORS; p++) {
        rows[p] = (lanes){0};
        if (planes[p]) memcpy(&rows[p], planes[p] + offset, bytes);
    }
    transpose(rows);
    UNROLL
    for (int k = 0; k < VECTORS; k++) tile[ROW(k)] = rows[k];
    exchange(tile);
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
        const lanes value = (tile[v] >> 1) ^ (0u - (tile[v] & 1u));
        memcpy(values + v * LANES, &value, sizeof value);
    }
}

ESPALIER_CLONES
void espalier_bit_unshuffle(const uint8_t *const planes[32], int32_t *values, size_t n) {
    const size_t whole = n / ESPALIER_BIT_TILE, rest = n % ESPALIER_BIT_TILE;
    for (size_t t = 0; t < whole; t++) {
        unshuffle_tile(planes, t * TILE_BYTES, TILE_BYTES, values + t * ESPALIER_BIT_TILE);
    }
    if (rest > 0) {
        int32_t padded[ESPALIER_BIT_TILE];
        unshuffle_tile(planes, whole * TILE_BYTES, (rest + 7) / 8, padded);
        memcpy(values + whole * ESPALIER_BIT_TILE, padded, rest * sizeof(int32_t));
    }
}
