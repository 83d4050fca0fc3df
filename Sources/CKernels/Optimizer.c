#include "OptimizerStep.h"

ESPALIER_CLONES
void espalier_optimize(
    float *restrict parameters, float *restrict moments, const float *restrict gradients, size_t n,
    espalier_optimizer_rule rule) {
#define BODY(kind) espalier_optimizer_span(parameters, moments, gradients, n, rule, kind)
    ESPALIER_FOR_OPTIMIZER(rule.kind, BODY)
#undef BODY
}

static inline __attribute__((always_inline)) void fixed_span(
    float *restrict parameters, float *restrict moments, const int32_t *restrict gradients, size_t n,
    float scale, espalier_optimizer_rule rule, int kind) {
    float *restrict second = moments + rule.slot;
    for (size_t i = 0; i < n; i++) {
        espalier_optimizer_step(
            parameters + i, moments + i, second + i, (float)gradients[i] * scale, rule, kind);
    }
}

ESPALIER_CLONES
void espalier_optimize_fixed(
    float *restrict parameters, float *restrict moments, const int32_t *restrict gradients, size_t n,
    float scale, espalier_optimizer_rule rule) {
#define BODY(kind) fixed_span(parameters, moments, gradients, n, scale, rule, kind)
    ESPALIER_FOR_OPTIMIZER(rule.kind, BODY)
#undef BODY
}

// The sum over i has this many partial sums, whatever the vector length.
enum { LANES = 8 };

ESPALIER_CLONES
double espalier_sum_of_squares(const int32_t *restrict x, size_t n) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
        }
    }
    for (size_t lane = 0; i < n; i++, lane++) lanes[lane] += (double)x[i] * (double)x[i];
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}
