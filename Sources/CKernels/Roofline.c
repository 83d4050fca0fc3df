#include "Roofline.h"

#include <string.h>

enum { LANES = 16, CHAINS = 10 };
_Static_assert(ESPALIER_FMA_ROUND_FLOPS == CHAINS * LANES * 2, "a round is one multiply-add a lane");

typedef float lanes __attribute__((vector_size(LANES * 4)));

static inline __attribute__((always_inline)) float total(const lanes *values) {
    float sum = 0;
    for (int l = 0; l < LANES; l++) sum += (*values)[l];
    return sum;
}

ESPALIER_CLONES
float espalier_fma_rounds(size_t rounds) {
    // One is a fixed point, so the chains neither overflow nor become slow subnormals.
    lanes chains[CHAINS], factor, term;
    for (int l = 0; l < LANES; l++) factor[l] = term[l] = 0.5f;
    for (int c = 0; c < CHAINS; c++) chains[c] = factor + (float)c;
    for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < CHAINS; c++) chains[c] = __builtin_elementwise_fma(chains[c], factor, term);
    }
    for (int c = 1; c < CHAINS; c++) chains[0] += chains[c];
    return total(&chains[0]);
}

ESPALIER_CLONES
float espalier_stream_read(const float *x, size_t n) {
    lanes sums[4] = {0};
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
#pragma clang loop unroll(full)
        for (int s = 0; s < 4; s++) {
            lanes value;
            memcpy(&value, x + i + s * LANES, sizeof value);
            sums[s] += value;
        }
    }
    sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float sum = total(&sums[0]);
    for (; i < n; i++) sum += x[i];
    return sum;
}

ESPALIER_CLONES
void espalier_stream_write(float *x, size_t n, float value) {
    for (size_t i = 0; i < n; i++) x[i] = value;
}

ESPALIER_CLONES
void espalier_stream_triad(
    float *restrict a, const float *restrict b, const float *restrict c, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) a[i] = b[i] + factor * c[i];
}
