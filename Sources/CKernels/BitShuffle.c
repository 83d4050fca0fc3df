#include "BitShuffle.h"

#include <string.h>

// A tile is 16 squares of 32 integers by 32 bits, the squares innermost so that they go through the transpose in
// the lanes of vectors: tile[k][s] is integer k of square s before, plane k's bits of square s after.
enum { SQUARES = 16, SIDE = 32 };
_Static_assert(SQUARES * SIDE == ESPALIER_BIT_TILE, "a tile is 16 squares");

// One level of the transpose: swaps the bits `shift` apart across the diagonal of each 2·shift square.
static inline __attribute__((always_inline)) void swap_blocks(
    uint32_t tile[SIDE][SQUARES], int shift, uint32_t mask) {
    for (int k = 0; k < SIDE; k++) {
        if (k & shift) continue;
        uint32_t *restrict low = tile[k], *restrict high = tile[k + shift];
        for (int s = 0; s < SQUARES; s++) {
            const uint32_t moved = ((low[s] >> shift) ^ high[s]) & mask;
            high[s] ^= moved;
            low[s] ^= moved << shift;
        }
    }
}

// Its own inverse.
static inline __attribute__((always_inline)) void transpose(uint32_t tile[SIDE][SQUARES]) {
    swap_blocks(tile, 16, 0x0000ffffu);
    swap_blocks(tile, 8, 0x00ff00ffu);
    swap_blocks(tile, 4, 0x0f0f0f0fu);
    swap_blocks(tile, 2, 0x33333333u);
    swap_blocks(tile, 1, 0x55555555u);
}

static inline __attribute__((always_inline)) uint32_t shuffle_tile(
    const int32_t *values, uint8_t *planes, size_t stride) {
    _Alignas(64) uint32_t tile[SIDE][SQUARES];
    uint32_t used = 0;
    for (int s = 0; s < SQUARES; s++) {
        for (int k = 0; k < SIDE; k++) {
            const int32_t value = values[s * SIDE + k];
            const uint32_t zigzag = ((uint32_t)value << 1) ^ (uint32_t)(value >> 31);
            used |= zigzag;
            tile[k][s] = zigzag;
        }
    }
    transpose(tile);
    for (int p = 0; p < SIDE; p++) memcpy(planes + (size_t)p * stride, tile[p], sizeof tile[p]);
    return used;
}

ESPALIER_CLONES
uint32_t espalier_bit_shuffle(const int32_t *values, size_t n, uint8_t *planes, size_t stride) {
    const size_t whole = n / ESPALIER_BIT_TILE;
    uint32_t used = 0;
    for (size_t t = 0; t < whole; t++) {
        used |= shuffle_tile(values + t * ESPALIER_BIT_TILE, planes + t * (ESPALIER_BIT_TILE / 8), stride);
    }
    const size_t rest = n % ESPALIER_BIT_TILE;
    if (rest > 0) {
        int32_t padded[ESPALIER_BIT_TILE] = {0};
        memcpy(padded, values + n - rest, rest * sizeof(int32_t));
        used |= shuffle_tile(padded, planes + whole * (ESPALIER_BIT_TILE / 8), stride);
    }
    return used;
}

// `offset` and `bytes` choose a tile's part of each plane.
static inline __attribute__((always_inline)) void unshuffle_tile(
    const uint8_t *const planes[SIDE], size_t offset, size_t bytes, int32_t *values) {
    _Alignas(64) uint32_t tile[SIDE][SQUARES];
    for (int p = 0; p < SIDE; p++) {
        if (bytes < sizeof tile[p] || !planes[p]) memset(tile[p], 0, sizeof tile[p]);
        if (planes[p]) memcpy(tile[p], planes[p] + offset, bytes);
    }
    transpose(tile);
    for (int s = 0; s < SQUARES; s++) {
        for (int k = 0; k < SIDE; k++) {
            const uint32_t zigzag = tile[k][s];
            values[s * SIDE + k] = (int32_t)((zigzag >> 1) ^ (0u - (zigzag & 1u)));
        }
    }
}

ESPALIER_CLONES
void espalier_bit_unshuffle(const uint8_t *const planes[32], int32_t *values, size_t n) {
    const size_t whole = n / ESPALIER_BIT_TILE;
    const size_t tileBytes = ESPALIER_BIT_TILE / 8;
    for (size_t t = 0; t < whole; t++) {
        unshuffle_tile(planes, t * tileBytes, tileBytes, values + t * ESPALIER_BIT_TILE);
    }
    const size_t rest = n % ESPALIER_BIT_TILE;
    if (rest > 0) {
        int32_t padded[ESPALIER_BIT_TILE];
        unshuffle_tile(planes, whole * tileBytes, (rest + 7) / 8, padded);
        memcpy(values + n - rest, padded, rest * sizeof(int32_t));
    }
}

#define CRC32C_POLYNOMIAL 0x82f63b78u

static uint32_t crc32c_portable(const uint8_t *bytes, size_t n) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (CRC32C_POLYNOMIAL & (0u - (crc & 1u)));
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const uint8_t *bytes, size_t n) {
    uint64_t crc = 0xffffffffu;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    for (; i < n; i++) crc = __builtin_ia32_crc32qi((uint32_t)crc, bytes[i]);
    return ~(uint32_t)crc;
}
#endif

uint32_t espalier_crc32c(const uint8_t *bytes, size_t n) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(bytes, n);
#endif
    return crc32c_portable(bytes, n);
}
