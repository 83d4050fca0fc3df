// Passes over some of the channels of NHWC rows, and over channels by a number each. No two arguments of a
// call may overlap, except where a function says so. Nothing depends on the vector length.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// Copies `rows` rows of `size` bytes, which begin every `from_stride` bytes in `from` and every `to_stride`
/// in `to`. What lies between the rows stays as it is.
void espalier_copy_rows(
    const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t size);

/// Adds `rows` rows of `channels` values, which begin every `stride` values in x, to those of sums, which lie
/// one after another: sums[r][c] += x[r·stride + c].
void espalier_accumulate_rows(const float *x, size_t stride, float *sums, size_t rows, size_t channels);

/// out[i][p][c] = x[i][p][c]·gate[i][c]. `out` may be `x`.
void espalier_scale(
    const float *x, const float *gate, float *out, size_t images, size_t pixels, size_t channels);

/// gate_gradient[i][c] = Σ gradient[i][p][c]·x[i][p][c] over the pixels; overwrites it. Sums are in float over
/// ESPALIER_SCALE_PIXELS at a time, and those in float, in order.
void espalier_scale_backward_gate(
    const float *gradient, const float *x, float *gate_gradient, size_t images, size_t pixels,
    size_t channels);

enum { ESPALIER_SCALE_PIXELS = 32 };

// The same with activations, gates and their gradients in bf16, rounded to nearest even where stored.

void espalier_accumulate_rows_bf16(
    const uint16_t *x, size_t stride, uint16_t *sums, size_t rows, size_t channels);

void espalier_scale_bf16(
    const uint16_t *x, const uint16_t *gate, uint16_t *out, size_t images, size_t pixels, size_t channels);

void espalier_scale_backward_gate_bf16(
    const uint16_t *gradient, const uint16_t *x, uint16_t *gate_gradient, size_t images, size_t pixels,
    size_t channels);
