// The hypernetwork's layer, one row at a time. A row is what makes the weights that read one input channel c:
//   a[n]    = z_in·z_out[n] + b0[n]
//   u[j,n]  = a[n]·w1[j,n] + b1[j,n]
//   W[n,t]  = Σ_j w2[j,t,n]·u[j,n] + b2[t,n]
// with n < outputs, j < embedding, t < taps (k²). Output channels are innermost in every array but W, so that
// all loops are vectors over n and each sum keeps its order. W[n,t] lies at weight[n·stride + t].
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

typedef struct {
    size_t outputs;
    size_t taps;
    size_t embedding;
} espalier_hyper_shape;

/// One row of the parameters, or of their gradients.
typedef struct {
    float *w1;  // embedding × outputs
    float *w2;  // embedding × taps × outputs
    float *b0;  // outputs
    float *b1;  // embedding × outputs
    float *b2;  // taps × outputs
} espalier_hyper_row;

/// Floats of scratch that the two functions need.
size_t espalier_hyper_scratch(espalier_hyper_shape shape);

/// Writes the row's weights; reads w2 once.
void espalier_hyper_generate(
    espalier_hyper_shape shape, espalier_hyper_row row, float z_in, const float *z_out, float *weight,
    size_t stride, float *scratch);

/// From ∂L/∂W, laid out like W: overwrites `gradient`, adds ∂L/∂z_out[n] to `z_out_gradient`, returns
/// ∂L/∂z_in. No two arrays may overlap.
double espalier_hyper_backward(
    espalier_hyper_shape shape, espalier_hyper_row row, float z_in, const float *z_out,
    const float *weight_gradient, size_t stride, espalier_hyper_row gradient, double *z_out_gradient,
    float *scratch);
