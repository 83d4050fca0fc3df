#include "ConvolutionShape.h"

#include "Sizes.h"

// Padded by `padding`, pixel p is read by output o through tap t if p + padding = stride·o + t. So tap t and
// p + padding are at the same place within the stride, and p + padding = stride·n + place gives o = n - t / stride.
espalier_phase espalier_phase_of(const espalier_convolution_shape *s, size_t at, size_t side) {
    espalier_phase phase = {.taps = at < s->kernel ? (s->kernel - 1 - at) / s->stride + 1 : 0};
    if (phase.taps > 0) phase.last_tap = at + s->stride * (phase.taps - 1);
    phase.last_output = s->padding > at ? parts(s->padding - at, s->stride) : 0;
    phase.first_pixel = phase.last_output * s->stride + at - s->padding;
    if (phase.first_pixel < side) phase.pixels = (side - 1 - phase.first_pixel) / s->stride + 1;
    return phase;
}
