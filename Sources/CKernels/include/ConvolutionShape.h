// A square convolution without groups of a batch of images.
#pragma once

#include <stddef.h>

/// Each side of an output is (in + 2·padding - kernel) / stride + 1.
typedef struct {
    size_t images, in_channels, in_height, in_width, out_channels, out_height, out_width, kernel, stride, padding;
} espalier_convolution_shape;
