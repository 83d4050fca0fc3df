// One element of an optimizer's step, for loops that have its gradient in a register and in which `kind` is a
// constant, so that they vectorise without a branch. The same bits at every instruction level: additions,
// multiplications, divisions and square roots only.
#pragma once

#include <math.h>

#include "Optimizer.h"

// `first` and `second` are the parameter's moments; `second` is not touched where the kind has but one.
static inline __attribute__((always_inline)) void espalier_optimizer_step(
    float *restrict parameter, float *restrict first, float *restrict second, float gradient,
    espalier_optimizer_rule rule, int kind) {
    const float decayed = gradient + rule.decay * *parameter;
    switch (kind) {
        case ESPALIER_ADAM: {
            const float mean = *first + rule.take_first * (decayed - *first);
            const float square = rule.keep * *second + rule.take * (decayed * decayed);
            *first = mean;
            *second = square;
            *parameter -= rule.rate * (mean / (sqrtf(square) * rule.root_scale + rule.epsilon));
            break;
        }
        case ESPALIER_RMSPROP: {
            const float square = rule.keep * *first + rule.take * (decayed * decayed);
            *first = square;
            *parameter -= rule.rate * (decayed / (sqrtf(square) + rule.epsilon));
            break;
        }
        case ESPALIER_RMSPROP_MOMENTUM: {
            const float square = rule.keep * *first + rule.take * (decayed * decayed);
            const float velocity = rule.momentum * *second + decayed / (sqrtf(square) + rule.epsilon);
            *first = square;
            *second = velocity;
            *parameter -= rule.rate * velocity;
            break;
        }
        default: {
            const float velocity = rule.momentum * *first + decayed;
            *first = velocity;
            *parameter -=
                rule.rate * (kind == ESPALIER_NESTEROV ? decayed + rule.momentum * velocity : velocity);
        }
    }
}

static inline __attribute__((always_inline)) void espalier_optimizer_span(
    float *restrict parameters, float *restrict moments, const float *restrict gradients, size_t n,
    espalier_optimizer_rule rule, int kind) {
    float *restrict second = moments + rule.slot;
    for (size_t i = 0; i < n; i++) {
        espalier_optimizer_step(parameters + i, moments + i, second + i, gradients[i], rule, kind);
    }
}

// Calls `body`, a macro of a kind, with `optimizer` as a constant.
#define ESPALIER_FOR_OPTIMIZER(optimizer, body)                                 \
    switch (optimizer) {                                                        \
        case ESPALIER_NESTEROV: body(ESPALIER_NESTEROV); break;                 \
        case ESPALIER_ADAM: body(ESPALIER_ADAM); break;                         \
        case ESPALIER_RMSPROP: body(ESPALIER_RMSPROP); break;                   \
        case ESPALIER_RMSPROP_MOMENTUM: body(ESPALIER_RMSPROP_MOMENTUM); break; \
        default: body(ESPALIER_SGD); break;                                     \
    }
