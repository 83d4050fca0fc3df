// Weight gradients of convolutions in fp32: any square kernel, stride and number of channels, padding less than the
// kernel, no groups.
#pragma once

#include "ConvolutionShape.h"
#include "Dispatch.h"

/// Whether this CPU has AVX-512. Nothing else here may be called where it is 0.
int espalier_has_gathering(void);

/// Bytes of scratch memory, whose contents do not matter; it begins at a multiple of 64.
size_t espalier_gathered_weights_scratch(const espalier_convolution_shape *shape);

/// The gradient of the weight, (out_channels, kernel, kernel, in_channels), from `input` and the output's `gradient`,
/// both NHWC; overwrites it, or with `adds` is added to what is there. Sums are taken over stretches of output pixels
/// whose lengths follow from the shape, and those are added up in turn.
void espalier_gathered_weights(
    const espalier_convolution_shape *shape, const float *input, const float *gradient, void *scratch, float *sums,
    int adds);
