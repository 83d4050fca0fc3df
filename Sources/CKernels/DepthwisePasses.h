// The passes of Depthwise.c for the element type that BF16 says, made of the loops for 16, 4 and 1 lanes.
#include "ElementNames.h"

// As many lanes as there are channels for.
#undef BY_CHANNELS
#define BY_CHANNELS(n, many, some, one, ...)                                                                 \
    ((n) >= 16 ? many(__VA_ARGS__) : (n) >= 4 ? some(__VA_ARGS__) : one(__VA_ARGS__))

INLINE void NAME(slide)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *weight, ptrdiff_t tap,
    const float *bias, ELEMENT *out, const size_t kernel, const size_t stride) {
    BY_CHANNELS(
        s->channels, JOINED(slide, 16), JOINED(slide, 4), JOINED(slide, 1), s, x, weight, tap, bias, out,
        kernel, stride);
}

// Windows slide over `x`. `tap`: see `outputs`. The sizes in use get code of their own.
ESPALIER_CLONES
void NAME(espalier_depthwise_slide)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *weight, ptrdiff_t tap,
    const float *bias, ELEMENT *out) {
    if (s->kernel == 3 && s->stride == 1) {
        NAME(slide)(s, x, weight, tap, bias, out, 3, 1);
    } else if (s->kernel == 3 && s->stride == 2) {
        NAME(slide)(s, x, weight, tap, bias, out, 3, 2);
    } else if (s->kernel == 5 && s->stride == 1) {
        NAME(slide)(s, x, weight, tap, bias, out, 5, 1);
    } else if (s->kernel == 5 && s->stride == 2) {
        NAME(slide)(s, x, weight, tap, bias, out, 5, 2);
    } else {
        NAME(slide)(s, x, weight, tap, bias, out, s->kernel, s->stride);
    }
}

ESPALIER_CLONES
void NAME(espalier_depthwise_gather)(
    const espalier_depthwise_shape *s, const ELEMENT *gradient, const ELEMENT *weight, ELEMENT *dx) {
    BY_CHANNELS(
        s->channels, JOINED(gather_all, 16), JOINED(gather_all, 4), JOINED(gather_all, 1), s, gradient,
        weight, dx);
}

void NAME(espalier_depthwise_pack)(const float *weight, size_t channels, size_t taps, ELEMENT *packed) {
    for (size_t tap = 0; tap < taps; tap++) {
        for (size_t c = 0; c < channels; c++) packed[tap * channels + c] = STORE(weight[c * taps + tap]);
    }
}

void NAME(espalier_depthwise_forward)(
    const espalier_depthwise_shape *s, const ELEMENT *input, const ELEMENT *weight, const float *bias,
    ELEMENT *output) {
    NAME(espalier_depthwise_slide)(s, input, weight, (ptrdiff_t)s->channels, bias, output);
}

void NAME(espalier_depthwise_backward_data)(
    const espalier_depthwise_shape *s, const ELEMENT *gradient, const ELEMENT *weight,
    ELEMENT *input_gradient) {
    if (s->stride > 1 || s->padding >= s->kernel) {
        NAME(espalier_depthwise_gather)(s, gradient, weight, input_gradient);
        return;
    }
    // With stride 1 it is a convolution with the filters turned round: from the last tap to the first.
    espalier_depthwise_shape turned = *s;
    turned.in_height = s->out_height;
    turned.in_width = s->out_width;
    turned.out_height = s->in_height;
    turned.out_width = s->in_width;
    turned.padding = s->kernel - 1 - s->padding;
    const ELEMENT *last = weight + (s->kernel * s->kernel - 1) * s->channels;
    NAME(espalier_depthwise_slide)(
        &turned, gradient, last, -(ptrdiff_t)s->channels, NULL, input_gradient);
}

INLINE void NAME(add_images)(
    const espalier_depthwise_shape *s, const ELEMENT *input, const ELEMENT *gradient, float *totals,
    const size_t kernel, const size_t stride, const size_t width) {
    BY_CHANNELS(
        s->channels, JOINED(add_images, 16), JOINED(add_images, 4), JOINED(add_images, 1), s, input, gradient,
        totals, kernel, stride, width);
}

ESPALIER_CLONES
void NAME(espalier_depthwise_backward_weights)(
    const espalier_depthwise_shape *s, const ELEMENT *input, const ELEMENT *gradient,
    float *weight_gradient) {
    const size_t count = s->kernel * s->kernel * s->channels;
    for (size_t i = 0; i < count; i++) weight_gradient[i] = 0;
    if (s->kernel == 3 && s->stride == 1) {
        NAME(add_images)(s, input, gradient, weight_gradient, 3, 1, 3);
    } else if (s->kernel == 3 && s->stride == 2) {
        NAME(add_images)(s, input, gradient, weight_gradient, 3, 2, 3);
    } else if (s->kernel == 5 && s->stride == 1) {
        NAME(add_images)(s, input, gradient, weight_gradient, 5, 1, 5);
    } else if (s->kernel == 5 && s->stride == 2) {
        NAME(add_images)(s, input, gradient, weight_gradient, 5, 2, 5);
    } else {
        NAME(add_images)(s, input, gradient, weight_gradient, s->kernel, s->stride, 1);
    }
}

ESPALIER_CLONES
void NAME(espalier_channel_sums)(const ELEMENT *x, size_t rows, size_t channels, float *sums) {
    double totals[256];
    for (size_t first = 0; first < channels; first += 256) {
        const size_t count = smaller(256, channels - first);
        for (size_t c = 0; c < count; c++) totals[c] = 0;
        for (size_t r = 0; r < rows; r++) {
            const ELEMENT *row = x + r * channels + first;
            for (size_t c = 0; c < count; c++) totals[c] += (double)LOAD(row[c]);
        }
        for (size_t c = 0; c < count; c++) sums[first + c] = (float)totals[c];
    }
}
