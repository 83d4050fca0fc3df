// Convolutions of bf16 by the CPU's matrix unit (AMX), which multiplies 16 pixels' 32 inputs with 16 outputs'
// weights at once. Any square kernel and stride, no groups, padding less than the kernel. Activations and their
// gradients are NHWC in bf16, packed weights are bf16, weight gradients fp32.
//
// An output is a sum in fp32 over runs of 32 inputs, in order; of each run the products at even places and those
// at odd ones are summed apart, with fused multiply-adds, and both are added to the sum. Numbers too small to be
// normal count as 0. The bits do not depend on the number of images in a call, except those of weight gradients. A run
// may be longer than the inputs: then what follows them is multiplied by zero, which matters if it is no number.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ConvolutionShape.h"

/// Whether this CPU has the unit and the system lets the process use it. Nothing else here may be called where it
/// is 0.
int espalier_has_amx(void);

/// Floating-point operations of one round of `espalier_amx_rounds`.
#define ESPALIER_AMX_ROUND_FLOPS 65536

/// Products of registers alone, as fast as the unit goes.
void espalier_amx_rounds(size_t rounds);

/// The passes that read a weight.
enum espalier_amx_pass { ESPALIER_AMX_FORWARD, ESPALIER_AMX_INPUT_GRADIENT };

/// Elements of a weight packed for a pass. Zeros fill what no element of the weight goes to.
size_t espalier_amx_weight_count(const espalier_convolution_shape *shape, enum espalier_amx_pass pass);

/// Packs what the channels first ..< end of the pass's result read of `weight`, (out_channels, in_channels, kernel,
/// kernel), rounded to nearest even. Parts that make up all channels, in any order, write all of the packed
/// weight, and apart. Whole blocks of 16 channels are fastest.
void espalier_amx_pack(
    const espalier_convolution_shape *shape, enum espalier_amx_pass pass, const float *weight, size_t first, size_t end,
    uint16_t *packed);

/// Bytes of scratch memory that a pass needs, whose contents do not matter. It begins at a multiple of 64.
size_t espalier_amx_scratch(const espalier_convolution_shape *shape, enum espalier_amx_pass pass);

/// output = input ∗ weight + bias. `bias` (out_channels, fp32) may be null. No two arguments may overlap.
void espalier_amx_forward(
    const espalier_convolution_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output, void *scratch);

/// The gradient of the input from that of the output; overwrites it.
void espalier_amx_input_gradient(
    const espalier_convolution_shape *shape, const uint16_t *gradient, const uint16_t *weight, uint16_t *input_gradient,
    void *scratch);

/// Bytes of scratch memory for a weight gradient.
size_t espalier_amx_weights_scratch(const espalier_convolution_shape *shape);

/// Whether the gradient of the weight is (out_channels, in_channels), of a 1×1 kernel, not (kernel, kernel, in_channels,
/// out_channels).
int espalier_amx_weights_are_plain(const espalier_convolution_shape *shape);

/// The gradient of the weight; overwrites it.
void espalier_amx_weight_gradient(
    const espalier_convolution_shape *shape, const uint16_t *input, const uint16_t *gradient, float *weight_gradient,
    void *scratch);
