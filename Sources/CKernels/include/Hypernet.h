// The hypernetwork's layer, some rows at a time. A row is what makes the weights that read one input channel:
//   a[n]    = z_in·z_out[n] + b0[n]
//   u[j,n]  = a[n]·w1[j,n] + b1[j,n]
//   W[n,t]  = Σ_j w2[j,t,n]·u[j,n] + b2[t,n]
// with n < outputs, j < embedding, t < taps (k²). Output channels are innermost in every array but W, so that
// all loops are vectors over n and each sum keeps its order. Row r's W[n,t] lies at
// weight[n·stride + r·taps + t]. Every parameter passes through the core once; only a block's W waits in
// cache, to be transposed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"
#include "Optimizer.h"

typedef struct {
    size_t outputs;
    size_t taps;
    size_t embedding;
} espalier_hyper_shape;

/// Parameters or first moments of a block of rows, each row's following the one before.
typedef struct {
    float *w1;  // rows × embedding × outputs
    float *w2;  // rows × embedding × taps × outputs
    float *b0;  // rows × outputs
    float *b1;  // rows × embedding × outputs
    float *b2;  // rows × taps × outputs
} espalier_hyper_rows;

/// Floats of scratch that the two functions need for a block of `rows`.
size_t espalier_hyper_scratch(espalier_hyper_shape shape, size_t rows);

/// Writes a block's weights; reads its parameters. `z_in` has one element a row.
void espalier_hyper_generate(
    espalier_hyper_shape shape, espalier_hyper_rows parameters, size_t rows, const float *z_in,
    const float *z_out, float *weight, size_t stride, float *scratch);

/// From ∂L/∂W = gradient·scale, laid out like W: updates the block's parameters and moments.
/// Overwrites z_in_gradient, one element a row, and z_out_gradient, one an output, with the block's ∂L/∂z. No
/// two arrays may overlap.
void espalier_hyper_update(
    espalier_hyper_shape shape, espalier_hyper_rows parameters, espalier_hyper_rows moments, size_t rows,
    const float *z_in, const float *z_out, const int32_t *gradient, size_t stride, float scale,
    espalier_optimizer_rule rule, double *z_in_gradient, double *z_out_gradient, float *scratch);
