// SGD with momentum, PyTorch's semantics, in one pass:
//   g += decay·p;  m = momentum·m + g;  p -= rate·(nesterov ? g + momentum·m : m)
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

typedef struct {
    float rate;
    float momentum;
    float decay;
    int nesterov;
} espalier_sgd_rule;

/// `momenta` starts as zeros. No two arrays may overlap.
void espalier_sgd(
    float *parameters, float *momenta, const float *gradients, size_t n, espalier_sgd_rule rule);

/// The same from fixed-point gradients: g = (float)gradients[i]·inverse_scale.
void espalier_sgd_fixed(
    float *parameters, float *momenta, const int32_t *gradients, size_t n, float inverse_scale,
    espalier_sgd_rule rule);
