// A square convolution without groups of a batch of images.
#pragma once

#include <stddef.h>

/// Each side of an output is (in + 2·padding - kernel) / stride + 1.
typedef struct {
    size_t images, in_channels, in_height, in_width, out_channels, out_height, out_width, kernel, stride, padding;
} espalier_convolution_shape;

/// Along one side of an input, the pixels at one place within the stride, and what reads them: the same taps, one after
/// the other a stride before, through outputs one after the other.
typedef struct {
    /// Taps over these pixels, and the last of them: through it the first of a pixel's outputs reads.
    size_t taps, last_tap;
    size_t pixels, first_pixel;
    /// The last of the outputs that read the first pixel.
    size_t last_output;
} espalier_phase;

/// Of the place `at`, below the stride, on a side of `side` pixels.
espalier_phase espalier_phase_of(const espalier_convolution_shape *shape, size_t at, size_t side);
