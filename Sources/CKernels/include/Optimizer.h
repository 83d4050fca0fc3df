// The optimizers, PyTorch's semantics, each in one pass over parameters and moments. With g the gradient plus
// decay·p, and m and v what is remembered of each parameter (its moments, zeros before the first step):
//   SGD        m = momentum·m + g;  p -= rate·m
//   Nesterov   m = momentum·m + g;  p -= rate·(g + momentum·m)
//   Adam       m += (1 − β₁)·(g − m);  v = β₂·v + (1 − β₂)·g²;  p -= rate·m / (√v·rootScale + ε)
//   RMSprop    v = α·v + (1 − α)·g²;  p -= rate·g / (√v + ε)
//   RMSprop with momentum: the same v;  m = momentum·m + g / (√v + ε);  p -= rate·m
// Adam's bias corrections of the step are in `rate` and `root_scale`.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

enum espalier_optimizer {
    ESPALIER_SGD = 0,
    ESPALIER_NESTEROV = 1,
    ESPALIER_ADAM = 2,
    ESPALIER_RMSPROP = 3,
    ESPALIER_RMSPROP_MOMENTUM = 4,
};

typedef struct {
    int kind;  // enum espalier_optimizer
    float rate;
    float momentum;
    float decay;
    float keep;        // β₂, α
    float take;        // 1 − β₂, 1 − α
    float take_first;  // 1 − β₁
    float epsilon;
    float root_scale;
    /// Elements from a parameter's first moment to its second, where there are two. First come Adam's m and
    /// RMSprop's v.
    size_t slot;
} espalier_optimizer_rule;

/// `moments`: each parameter's first; the second ones lie `rule.slot` elements on. No two arrays may overlap.
void espalier_optimize(
    float *parameters, float *moments, const float *gradients, size_t n, espalier_optimizer_rule rule);

/// The same from fixed-point gradients: g = (float)gradients[i]·scale.
void espalier_optimize_fixed(
    float *parameters, float *moments, const int32_t *gradients, size_t n, float scale,
    espalier_optimizer_rule rule);

/// Σ x² in fp64, the same bits at every instruction level.
double espalier_sum_of_squares(const int32_t *x, size_t n);
