#include "Optimizer.h"

// Inlined with `nesterov` constant, so the branch leaves the loop.
#define UPDATE(GRADIENT, NESTEROV)                                                                  \
    for (size_t i = 0; i < n; i++) {                                                                \
        const float gradient = (GRADIENT) + decay * parameters[i];                                  \
        const float velocity = momentum * momenta[i] + gradient;                                    \
        momenta[i] = velocity;                                                                      \
        parameters[i] -= rate * ((NESTEROV) ? gradient + momentum * velocity : velocity);           \
    }

ESPALIER_CLONES
void espalier_sgd(
    float *restrict parameters, float *restrict momenta, const float *restrict gradients, size_t n,
    float rate, float momentum, float decay, int nesterov) {
    if (nesterov) {
        UPDATE(gradients[i], 1)
    } else {
        UPDATE(gradients[i], 0)
    }
}

ESPALIER_CLONES
void espalier_sgd_fixed(
    float *restrict parameters, float *restrict momenta, const int32_t *restrict gradients, size_t n,
    float inverseScale, float rate, float momentum, float decay, int nesterov) {
    if (nesterov) {
        UPDATE((float)gradients[i] * inverseScale, 1)
    } else {
        UPDATE((float)gradients[i] * inverseScale, 0)
    }
}
