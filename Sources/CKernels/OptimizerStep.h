// One element of an optimizer's step, for the kernels that have its gradient in a register.
#pragma once

#include "Optimizer.h"

// Where `rule` does not change in a loop, the compiler takes the branch out of it.
static inline __attribute__((always_inline)) void espalier_sgd_step(
    float *restrict parameter, float *restrict momentum, float gradient, espalier_sgd_rule rule) {
    const float decayed = gradient + rule.decay * *parameter;
    const float velocity = rule.momentum * *momentum + decayed;
    *momentum = velocity;
    *parameter -= rule.rate * (rule.nesterov ? decayed + rule.momentum * velocity : velocity);
}

static inline __attribute__((always_inline)) void espalier_sgd_span(
    float *restrict parameters, float *restrict momenta, const float *restrict gradients, size_t n,
    espalier_sgd_rule rule) {
    for (size_t i = 0; i < n; i++) espalier_sgd_step(parameters + i, momenta + i, gradients[i], rule);
}
