#include "OptimizerStep.h"

ESPALIER_CLONES
void espalier_sgd(
    float *restrict parameters, float *restrict momenta, const float *restrict gradients, size_t n,
    espalier_sgd_rule rule) {
    for (size_t i = 0; i < n; i++) espalier_sgd_step(parameters + i, momenta + i, gradients[i], rule);
}

ESPALIER_CLONES
void espalier_sgd_fixed(
    float *restrict parameters, float *restrict momenta, const int32_t *restrict gradients, size_t n,
    float inverse_scale, espalier_sgd_rule rule) {
    for (size_t i = 0; i < n; i++) {
        espalier_sgd_step(parameters + i, momenta + i, (float)gradients[i] * inverse_scale, rule);
    }
}
