// Batch normalisation over NHWC rows: `rows` pixels of `channels` contiguous floats.
// Sums are per channel, in double, in an order that the numbers of rows and channels decide (WideRows.h): their
// bits depend on those and the data alone.
// No two arguments of a call may overlap, except where a function says so.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Activation.h"
#include "Dispatch.h"

/// Adds Σ x[r][c] to sums[c] and Σ x[r][c]² to squares[c], over the rows.
void espalier_norm_sums(const float *x, size_t rows, size_t channels, double *sums, double *squares);

/// out = act(x·scale[c] + shift[c] + residual). `residual` (rows × channels) may be null; `activation` is an
/// espalier_activation. `out` may be `x` or `residual` itself.
void espalier_norm_apply(
    const float *x, const float *scale, const float *shift, const float *residual, float *out, size_t rows,
    size_t channels, int activation);

/// First pass back of a norm without a residual. dz, the gradient of the normalised value, is
/// gradient·act'(v) at v = x·scale[c] + shift[c], and is not kept. Adds Σ dz to sums[c] and Σ dz·x to
/// products[c], over the rows.
void espalier_norm_backward_sums(
    const float *gradient, const float *x, const float *scale, const float *shift, size_t rows,
    size_t channels, int activation, double *sums, double *products);

/// First pass back of a norm with a residual and ReLU or ReLU6, in place: gradient becomes dz, which is the
/// residual's gradient too, and which these two activations tell from `output`, what the pass forward left.
/// Sums as above.
void espalier_norm_backward_sums_in_place(
    float *gradient, const float *x, const float *output, size_t rows, size_t channels, int activation,
    double *sums, double *products);

/// Factors of the second pass back, by channel.
typedef struct {
    const float *gradient;
    const float *value;
    const float *constant;
} espalier_norm_factors;

/// Second pass back: dx = factors.gradient·dz + (factors.value·x + factors.constant), dz as in the first; with
/// no activation dz is the gradient itself. `dx` may be `gradient` or `x` itself.
void espalier_norm_backward_apply(
    const float *gradient, const float *x, const float *scale, const float *shift,
    espalier_norm_factors factors, float *dx, size_t rows, size_t channels, int activation);

// The same with activations and their gradients in bf16: the upper half of a float. What is stored is rounded
// to nearest even, arithmetic is in float: x·scale + shift, factors.value·x + factors.constant and what
// factors.gradient·dz adds to that are rounded once each. Sums are in float over at most 32 rows, and those in
// double.

void espalier_norm_sums_bf16(const uint16_t *x, size_t rows, size_t channels, double *sums, double *squares);

void espalier_norm_apply_bf16(
    const uint16_t *x, const float *scale, const float *shift, const uint16_t *residual, uint16_t *out,
    size_t rows, size_t channels, int activation);

void espalier_norm_backward_sums_bf16(
    const uint16_t *gradient, const uint16_t *x, const float *scale, const float *shift, size_t rows,
    size_t channels, int activation, double *sums, double *products);

void espalier_norm_backward_sums_in_place_bf16(
    uint16_t *gradient, const uint16_t *x, const uint16_t *output, size_t rows, size_t channels,
    int activation, double *sums, double *products);

void espalier_norm_backward_apply_bf16(
    const uint16_t *gradient, const uint16_t *x, const float *scale, const float *shift,
    espalier_norm_factors factors, uint16_t *dx, size_t rows, size_t channels, int activation);
