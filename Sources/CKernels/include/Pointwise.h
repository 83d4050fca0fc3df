// Products of pixels and a weight: 1×1 convolutions, and the gradients of their inputs, for any number of
// channels. Pixels follow one another without gaps.
//
// output[p][n] = bias[n] + Σ input[p][k] · weight[k][n]. Each sum is taken in the order of k with fused
// multiply-adds, in bf16 pair by pair as the CPU's instruction does it: neither the number of pixels in a
// call nor that of outputs shows in it. CPUs without AVX-512 (for bf16: without AVX512_BF16) get plain C,
// which is slow; its bits are the same but for subnormal numbers in bf16.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

typedef struct {
    size_t pixels, inputs, outputs;
} espalier_pointwise_shape;

/// `bias` (outputs) may be null. `weight` is packed. No two arguments may overlap.
void espalier_pointwise(
    const espalier_pointwise_shape *shape, const float *input, const float *weight, const float *bias,
    float *output);
void espalier_pointwise_bf16(
    const espalier_pointwise_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
    uint16_t *output);

/// Elements of a packed weight: [outputs / 16][inputs][16], in bf16 [outputs / 16][inputs / 2][16][2],
/// quotients rounded up, zero behind the channels.
size_t espalier_pointwise_weight_count(size_t inputs, size_t outputs);
size_t espalier_pointwise_weight_count_bf16(size_t inputs, size_t outputs);

/// Rows first ..< end of a row-major matrix. Parts that make up the matrix, in any order, write all of a
/// packed weight, and apart.
typedef struct {
    size_t rows, columns, first, end;
} espalier_pointwise_part;

/// From (outputs, inputs): a row of `weight`, which is the whole matrix, for each output. Whole blocks of 16
/// rows are fastest.
void espalier_pointwise_pack(const float *weight, const espalier_pointwise_part *part, float *packed);
/// Rounded to nearest even.
void espalier_pointwise_pack_bf16(
    const float *weight, const espalier_pointwise_part *part, uint16_t *packed);

/// From (inputs, outputs): a row of `weight` for each input.
void espalier_pointwise_pack_turned(const float *weight, const espalier_pointwise_part *part, float *packed);
void espalier_pointwise_pack_turned_bf16(
    const float *weight, const espalier_pointwise_part *part, uint16_t *packed);
