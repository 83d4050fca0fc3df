// Weight gradients of 1×1 convolutions in bf16: products of two matrices that have a row for each pixel.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Of a product: sums (rows, columns) = Σ over the pixels of row_values (pixels, rows) times column_values
/// (pixels, columns). A vector holds columns; rows are taken one by one, so the side that fills vectors
/// better should be the columns.
typedef struct {
    size_t pixels, rows, columns;
} espalier_pointwise_weights_shape;

/// Bytes of scratch memory, whose contents do not matter. A multiple of 64.
size_t espalier_pointwise_weights_scratch(const espalier_pointwise_weights_shape *shape);

/// Overwrites all sums, or with `adds` adds to them. They are fp32 over stretches of up to 256 pixels whose lengths
/// follow from the number of pixels, and those are added up in turn. Without AVX-512's instructions for bf16 it is slow.
void espalier_pointwise_weights_bf16(
    const espalier_pointwise_weights_shape *shape, const uint16_t *row_values, const uint16_t *column_values,
    void *scratch, float *sums, int adds);
