// Channels are the inner loop, so that they vectorise without a change in the order of any sum.
#include "Norm.h"

#include <string.h>

#include "Activations.h"
#include "Elements.h"
#include "Native.h"

#define LOOPS "NormLoops.h"
#include "EachType.h"

ESPALIER_BF16(
    espalier_norm_sums,
    (const uint16_t *x, size_t rows, size_t channels, double *sums, double *squares),
    (x, rows, channels, sums, squares))

ESPALIER_BF16(
    espalier_norm_apply,
    (const uint16_t *x, const float *scale, const float *shift, const uint16_t *residual, uint16_t *out,
     size_t rows, size_t channels, int activation),
    (x, scale, shift, residual, out, rows, channels, activation))

ESPALIER_BF16(
    espalier_norm_backward_sums,
    (const uint16_t *gradient, const uint16_t *x, const float *scale, const float *shift, size_t rows,
     size_t channels, int activation, double *sums, double *products),
    (gradient, x, scale, shift, rows, channels, activation, sums, products))

ESPALIER_BF16(
    espalier_norm_backward_sums_in_place,
    (uint16_t *gradient, const uint16_t *x, const uint16_t *output, size_t rows, size_t channels,
     int activation, double *sums, double *products),
    (gradient, x, output, rows, channels, activation, sums, products))

ESPALIER_BF16(
    espalier_norm_backward_apply,
    (const uint16_t *gradient, const uint16_t *x, const float *scale, const float *shift,
     espalier_norm_factors factors, uint16_t *dx, size_t rows, size_t channels, int activation),
    (gradient, x, scale, shift, factors, dx, rows, channels, activation))
