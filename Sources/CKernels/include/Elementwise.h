// Element-wise passes over activations, and the global average pool. NHWC: pixels × channels of an image.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Activation.h"
#include "Dispatch.h"

/// out = act(x); `activation` is an espalier_activation. ReLU of NaN is 0. `out` may be `x`.
void espalier_activate(const float *x, float *out, size_t n, int activation);

/// gradient = gradient·act'(x), in place.
void espalier_activate_backward(float *gradient, const float *x, size_t n, int activation);

/// out = a + b. `out` may be `a` or `b`.
void espalier_add(const float *a, const float *b, float *out, size_t n);

/// sums += x: the gradients of a value with several readers.
void espalier_accumulate(float *sums, const float *x, size_t n);

/// out[i][c] = mean over the pixels of x[i][·][c]; summed in float, pixels in order.
void espalier_global_average(const float *x, float *out, size_t images, size_t pixels, size_t channels);

/// dx[i][p][c] = gradient[i][c] / pixels. Overwrites dx.
void espalier_global_average_backward(
    const float *gradient, float *dx, size_t images, size_t pixels, size_t channels);

// The same with activations and their gradients in bf16: the upper half of a float. What is stored is rounded
// to nearest even, arithmetic is in float.

/// out = x rounded to nearest even; a NaN stays one.
void espalier_round_bf16(const float *x, uint16_t *out, size_t n);

/// out = x, exactly.
void espalier_widen_bf16(const uint16_t *x, float *out, size_t n);

void espalier_activate_bf16(const uint16_t *x, uint16_t *out, size_t n, int activation);

void espalier_activate_backward_bf16(uint16_t *gradient, const uint16_t *x, size_t n, int activation);

void espalier_add_bf16(const uint16_t *a, const uint16_t *b, uint16_t *out, size_t n);

void espalier_accumulate_bf16(uint16_t *sums, const uint16_t *x, size_t n);

void espalier_global_average_bf16(
    const uint16_t *x, float *out, size_t images, size_t pixels, size_t channels);

void espalier_global_average_backward_bf16(
    const float *gradient, uint16_t *dx, size_t images, size_t pixels, size_t channels);
