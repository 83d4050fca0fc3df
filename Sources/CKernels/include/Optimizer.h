// SGD with momentum, PyTorch's semantics, in one pass:
//   g += decay·p;  m = momentum·m + g;  p -= rate·(nesterov ? g + momentum·m : m)
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// `momenta` starts as zeros. No two arrays may overlap.
void espalier_sgd(
    float *parameters, float *momenta, const float *gradients, size_t n, float rate, float momentum,
    float decay, int nesterov);

/// The same from fixed-point gradients: g = (float)gradients[i]·inverseScale.
void espalier_sgd_fixed(
    float *parameters, float *momenta, const int32_t *gradients, size_t n, float inverseScale, float rate,
    float momentum, float decay, int nesterov);
