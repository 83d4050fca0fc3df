// Both operands have their channels side by side, but sums run over pixels, in bf16 over two at once. So a
// stretch of pixels is copied into scratch memory in the order in which blocks of sums read it. A block stays
// in registers over the whole stretch; meanwhile the next stretch is fetched, for activations are seldom in a
// near cache.
#include "PointwiseWeights.h"

#include "Elements.h"
#include "Native.h"
#include "Pairs.h"
#include "Sizes.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

enum {
    // Floats, or pairs of bf16, of a vector, and its bytes.
    LANES = 16,
    VECTOR = 64,
    // The most of a stretch, each of a pixel or a pair of them: operands of 1000 channels stay in the second
    // cache, and sums are walked seldom.
    STEPS = 128,
    // Of a block: its sums, vectors of columns and a row's value fill 31 of 32 registers.
    BLOCK_VECTORS = 3,
    BLOCK_ROWS = 9,
    // Lines that a block fetches in a step; one is too few where there are few channels.
    LINES = 2,
};

// Bytes from one vector of columns to the next, which are those of its steps and one more: else the first
// steps of all vectors would want the same place in the cache.
INLINE size_t vector_stride(size_t steps) { return VECTOR * (steps + 1); }

// Bytes from one step of the rows to the next: for the same reason an odd number of vectors.
INLINE size_t row_stride(size_t rows) { return VECTOR * (parts(rows, LANES) | 1); }

size_t espalier_pointwise_weights_scratch(const espalier_pointwise_weights_shape *shape) {
    return parts(shape->columns, LANES) * vector_stride(STEPS) + STEPS * row_stride(shape->rows);
}

#if ESPALIER_HAS_NATIVE

// Some rows and vectors of columns of a stretch, and where their sums belong.
typedef struct {
    const char *columns, *rows;
    size_t vector_stride, row_stride, steps;
    float *sums;
    size_t sums_stride;
    // Lanes of the last vector that are columns.
    uint16_t lanes;
    // Whether there are sums of stretches before.
    int adds;
    // Fetched from here on.
    uintptr_t next;
} block;

// Vectors of the next block of the `left` ones: one alone only where there are no more.
INLINE size_t block_vectors(size_t left) { return left == 4 ? 2 : smaller(left, BLOCK_VECTORS); }

// What is left to fetch: up to `end`, then from `other` on. Beyond the operands it does no harm.
typedef struct {
    uintptr_t at, end, other;
} fetching;

INLINE uintptr_t take(fetching *next, size_t byte_count) {
    if (next->at >= next->end) *next = (fetching){next->other, UINTPTR_MAX, 0};
    const uintptr_t at = next->at;
    next->at += byte_count;
    return at;
}

#endif

#define BF16 0
#include "PointwiseWeightsLoops.h"
#undef BF16

#define BF16 1
#include "PointwiseWeightsLoops.h"
#undef BF16
