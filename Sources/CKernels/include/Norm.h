// Batch normalisation over NHWC rows: `rows` pixels of `channels` contiguous floats.
// Sums are per channel, in double, over the rows in order: their bits depend on the data alone.
// No two arguments of a call may overlap, except where a function says so.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// sums[c] = Σ x[r][c] and squares[c] = Σ x[r][c]² over the rows. Overwrites both.
void espalier_norm_sums(const float *x, size_t rows, size_t channels, double *sums, double *squares);

/// out = x·scale[c] + shift[c] + residual, then max(·, 0) if `relu`. `residual` (rows × channels) may be
/// null. `out` may be `x` or `residual` itself.
void espalier_norm_apply(
    const float *x, const float *scale, const float *shift, const float *residual, float *out, size_t rows,
    size_t channels, int relu);

/// First pass back, in place: gradient becomes dz, the gradient of the normalised value: gradient where
/// `output` > 0, else 0; unchanged if `output` is null (no ReLU). It is the residual's gradient too.
/// sums[c] = Σ dz and products[c] = Σ dz·x over the rows. Overwrites both.
void espalier_norm_backward_sums(
    float *gradient, const float *output, const float *x, size_t rows, size_t channels, double *sums,
    double *products);

/// Second pass back: dx = a[c]·dz + b[c]·x + d[c]. `dx` may be `dz` or `x` itself.
void espalier_norm_backward_apply(
    const float *dz, const float *x, const float *a, const float *b, const float *d, float *dx, size_t rows,
    size_t channels);
