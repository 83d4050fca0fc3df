#include "Elementwise.h"

#include <string.h>

#include "Elements.h"

ESPALIER_CLONES
void espalier_widen_bf16(const uint16_t *restrict x, float *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = espalier_float(x[i]);
}

#define LOOPS "ElementwiseLoops.h"
#include "EachType.h"

ESPALIER_BF16(
    espalier_round,
    (const float *x, uint16_t *out, size_t n),
    (x, out, n))

ESPALIER_BF16(
    espalier_activate,
    (const uint16_t *x, uint16_t *out, size_t n, int activation),
    (x, out, n, activation))

ESPALIER_BF16(
    espalier_activate_backward,
    (uint16_t *gradient, const uint16_t *x, size_t n, int activation),
    (gradient, x, n, activation))

ESPALIER_BF16(
    espalier_add,
    (const uint16_t *a, const uint16_t *b, uint16_t *out, size_t n),
    (a, b, out, n))

ESPALIER_BF16(
    espalier_accumulate,
    (uint16_t *sums, const uint16_t *x, size_t n),
    (sums, x, n))

ESPALIER_BF16(
    espalier_global_average,
    (const uint16_t *x, float *out, size_t images, size_t pixels, size_t channels),
    (x, out, images, pixels, channels))

ESPALIER_BF16(
    espalier_global_average_backward,
    (const float *gradient, uint16_t *dx, size_t images, size_t pixels, size_t channels),
    (gradient, dx, images, pixels, channels))
