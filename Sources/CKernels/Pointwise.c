#include "Pointwise.h"

#include "Elements.h"
#include "Native.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

size_t espalier_pointwise_weight_count(size_t inputs, size_t outputs) {
    return (outputs + 15) / 16 * 16 * inputs;
}

size_t espalier_pointwise_weight_count_bf16(size_t inputs, size_t outputs) {
    return (outputs + 15) / 16 * 16 * ((inputs + 1) / 2 * 2);
}

// MARK: Plain C

ESPALIER_CLONES
static void plain_product(
    const espalier_pointwise_shape *shape, const float *input, const float *weight, const float *bias,
    float *output) {
    const size_t inputs = shape->inputs, outputs = shape->outputs;
    for (size_t p = 0; p < shape->pixels; p++) {
        for (size_t n = 0; n < outputs; n++) {
            const float *const w = weight + n / 16 * 16 * inputs + n % 16;
            float sum = bias ? bias[n] : 0;
            for (size_t k = 0; k < inputs; k++) {
                sum = __builtin_fmaf(w[16 * k], input[p * inputs + k], sum);
            }
            output[p * outputs + n] = sum;
        }
    }
}

// Of a pair the instruction adds the second product first.
ESPALIER_CLONES
static void plain_product_bf16(
    const espalier_pointwise_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output) {
    const size_t inputs = shape->inputs, outputs = shape->outputs, pairs = (inputs + 1) / 2;
    for (size_t p = 0; p < shape->pixels; p++) {
        const uint16_t *const x = input + p * inputs;
        for (size_t n = 0; n < outputs; n++) {
            const uint16_t *const w = weight + n / 16 * pairs * 32 + n % 16 * 2;
            float sum = bias ? bias[n] : 0;
            for (size_t k = 0; k < inputs; k += 2) {
                const float second = k + 1 < inputs ? espalier_float(x[k + 1]) : 0;
                sum = __builtin_fmaf(espalier_float(w[16 * k + 1]), second, sum);
                sum = __builtin_fmaf(espalier_float(w[16 * k]), espalier_float(x[k]), sum);
            }
            output[p * outputs + n] = espalier_bf16(sum);
        }
    }
}

// MARK: AVX-512

#if ESPALIER_HAS_NATIVE

enum { BLOCK_SUMS = 24, BLOCK_VECTORS = 4, ALL_LANES = 0xffff };

// Few registers address up to 24 pixels: there is a base out of every six, from which the others are
// multiples of the length of a row that an instruction can add.
enum { BASES = 4, BASE_PIXELS = 6 };

typedef struct {
    const char *base[BASES];
    size_t row, row3, row5;
} block_rows;

INLINE block_rows rows_from(const char *input, size_t row) {
    block_rows rows = {.row = row, .row3 = row * 3, .row5 = row * 5};
    UNROLL
    for (size_t b = 0; b < BASES; b++) rows.base[b] = input + b * BASE_PIXELS * row;
    return rows;
}

INLINE const char *block_row(const block_rows *rows, size_t pixel) {
    const char *const base = rows->base[pixel / BASE_PIXELS];
    switch (pixel % BASE_PIXELS) {
    case 0: return base;
    case 1: return base + rows->row;
    case 2: return base + rows->row * 2;
    case 3: return base + rows->row3;
    case 4: return base + rows->row * 4;
    default: return base + rows->row5;
    }
}

// The compiler would put every pixel's place into a register, of which there are not so many.
INLINE void keep_rows(block_rows *rows, const size_t pixels) {
    __asm__("" : "+r"(rows->row), "+r"(rows->row3), "+r"(rows->row5), "+r"(rows->base[0]));
    if (pixels > BASE_PIXELS) __asm__("" : "+r"(rows->base[1]));
    if (pixels > 2 * BASE_PIXELS) __asm__("" : "+r"(rows->base[2]), "+r"(rows->base[3]));
}

INLINE void advance_rows(block_rows *rows, size_t bytes) {
    UNROLL
    for (size_t b = 0; b < BASES; b++) rows->base[b] += bytes;
}

// Pixels that go through all groups of vectors before the next ones. While the weight stays in the first
// cache, one block, so that outputs are written one after the other; else as many as leave inputs in the
// second cache and a group's weight in the first.
static size_t stretch_pixels(size_t weight_bytes, size_t row_bytes) {
    if (weight_bytes <= 24 << 10) return BLOCK_SUMS;
    const size_t blocks = (128 << 10) / (BLOCK_SUMS * row_bytes);
    return (blocks > 0 ? blocks : 1) * BLOCK_SUMS;
}

// The CPU does not foresee what is read of so many rows at once, so inputs are prefetched that many bytes
// before their block, or a block: blocks may take less time than memory. Outputs are a stretch before.
enum { INPUTS_AHEAD = 8 << 10 };

INLINE void prefetch_inputs(const char *ahead, size_t bytes) {
    UNROLL
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(ahead + i);
}

#define BF16 0
#define TARGET ESPALIER_AVX512
#include "ElementNames.h"
#include "PointwiseLoops.h"
#undef BF16
#undef TARGET

#define BF16 1
#define TARGET ESPALIER_NATIVE
#include "ElementNames.h"
#include "PointwiseLoops.h"

#endif

// MARK: Either

void espalier_pointwise(
    const espalier_pointwise_shape *shape, const float *input, const float *weight, const float *bias,
    float *output) {
#if ESPALIER_HAS_NATIVE
    if (espalier_has_avx512()) return product(shape, input, weight, bias, output);
#endif
    plain_product(shape, input, weight, bias, output);
}

void espalier_pointwise_bf16(
    const espalier_pointwise_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output) {
#if ESPALIER_HAS_NATIVE
    if (espalier_is_native()) return product_bf16(shape, input, weight, bias, output);
#endif
    plain_product_bf16(shape, input, weight, bias, output);
}
