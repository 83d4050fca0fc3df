// Depthwise convolution: each channel is convolved with a filter of its own. Activations and their gradients
// are NHWC, weights (tap, channel), where a tap is a row and a column of the square filter, row by row.
// Arithmetic is in float, products in the order of the taps; nothing depends on the vector length. Of bf16 a
// product is added without being rounded itself (fused multiply-add), of fp32 it is rounded first.
// No two arguments of a call may overlap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// `images` of in_height × in_width pixels to out_height × out_width, each side (in + 2·padding - kernel) /
/// stride + 1, of as many channels. Padding is zeros.
typedef struct {
    size_t images, channels, in_height, in_width, out_height, out_width, kernel, stride, padding;
} espalier_depthwise_shape;

/// From (channel, tap) to (tap, channel).
void espalier_depthwise_pack(const float *weight, size_t channels, size_t taps, float *packed);

/// output = input ∗ weight + bias. `bias` (channels) may be null.
void espalier_depthwise_forward(
    const espalier_depthwise_shape *shape, const float *input, const float *weight, const float *bias,
    float *output);

/// The gradient of the input from that of the output; overwrites it.
void espalier_depthwise_backward_data(
    const espalier_depthwise_shape *shape, const float *gradient, const float *weight, float *input_gradient);

/// The gradient of the weight, (tap, channel); overwrites it, or with `adds` is added to what is there. Sums are
/// in float, output by output, over as many rows of one image as have at most 64 outputs, or one row; the totals of
/// those sums too.
void espalier_depthwise_backward_weights(
    const espalier_depthwise_shape *shape, const float *input, const float *gradient, float *weight_gradient,
    int adds);

/// sums[c] = Σ x[r][c] over the rows, in double; overwrites them. The gradient of a bias.
void espalier_channel_sums(const float *x, size_t rows, size_t channels, float *sums);

// The same with activations, their gradients and weights in bf16, rounded to nearest even where stored.

void espalier_depthwise_pack_bf16(const float *weight, size_t channels, size_t taps, uint16_t *packed);

void espalier_depthwise_forward_bf16(
    const espalier_depthwise_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output);

void espalier_depthwise_backward_data_bf16(
    const espalier_depthwise_shape *shape, const uint16_t *gradient, const uint16_t *weight,
    uint16_t *input_gradient);

void espalier_depthwise_backward_weights_bf16(
    const espalier_depthwise_shape *shape, const uint16_t *input, const uint16_t *gradient,
    float *weight_gradient, int adds);

void espalier_channel_sums_bf16(const uint16_t *x, size_t rows, size_t channels, float *sums);
