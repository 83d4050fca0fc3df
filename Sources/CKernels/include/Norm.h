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

// The same with activations and their gradients in bf16: the upper half of a float. What is stored is rounded
// to nearest even, arithmetic is in float. The sums are in float over eight rows at a time (and
// over each of the last few), and those in double, in order.
enum { ESPALIER_NORM_ROWS_BF16 = 8 };

void espalier_norm_sums_bf16(const uint16_t *x, size_t rows, size_t channels, double *sums, double *squares);

void espalier_norm_apply_bf16(
    const uint16_t *x, const float *scale, const float *shift, const uint16_t *residual, uint16_t *out,
    size_t rows, size_t channels, int relu);

void espalier_norm_backward_sums_bf16(
    uint16_t *gradient, const uint16_t *output, const uint16_t *x, size_t rows, size_t channels, double *sums,
    double *products);

void espalier_norm_backward_apply_bf16(
    const uint16_t *dz, const uint16_t *x, const float *a, const float *b, const float *d, uint16_t *dx,
    size_t rows, size_t channels);
