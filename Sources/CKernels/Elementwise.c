#include "Elementwise.h"

#include "Activations.h"
#include "Elements.h"

ESPALIER_CLONES
void espalier_round_bf16(const float *restrict x, uint16_t *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = espalier_bf16(x[i]);
}

ESPALIER_CLONES
void espalier_widen_bf16(const uint16_t *restrict x, float *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = espalier_float(x[i]);
}

#define BF16 0
#include "ElementwiseLoops.h"
#undef BF16

#define BF16 1
#include "ElementwiseLoops.h"
