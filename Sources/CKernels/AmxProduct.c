// Forward passes and input gradients.
#include <stdlib.h>

#include "AmxParts.h"

size_t espalier_amx_scratch(const espalier_convolution_shape *shape, enum espalier_amx_pass pass) {
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    return amx_is_direct(shape) ? espalier_amx_direct_scratch(&plan)
                                : espalier_amx_padded_scratch(&plan, shape->images);
}

static void product(
    const espalier_convolution_shape *shape, enum espalier_amx_pass pass, const uint16_t *inputs, const uint16_t *weight,
    const float *bias, uint16_t *targets, void *scratch) {
#if ESPALIER_HAS_NATIVE
    amx_plan plan;
    espalier_amx_plan(shape, pass, &plan);
    if (amx_is_direct(shape)) {
        const size_t pixels = shape->images * shape->out_height * shape->out_width;
        espalier_amx_direct(&plan, pixels, inputs, weight, bias, targets, scratch);
    } else {
        espalier_amx_padded(&plan, shape->images, inputs, weight, bias, targets, scratch);
    }
#else
    (void)shape, (void)pass, (void)inputs, (void)weight, (void)bias, (void)targets, (void)scratch;
    abort();
#endif
}

void espalier_amx_forward(
    const espalier_convolution_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, void *scratch) {
    product(shape, ESPALIER_AMX_FORWARD, input, weight, bias, output, scratch);
}

void espalier_amx_input_gradient(
    const espalier_convolution_shape *shape, const uint16_t *gradient, const uint16_t *weight, uint16_t *input_gradient,
    void *scratch) {
    product(shape, ESPALIER_AMX_INPUT_GRADIENT, gradient, weight, 0, input_gradient, scratch);
}
