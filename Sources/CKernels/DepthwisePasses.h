// The passes of Depthwise.c for the element type that BF16 says and, with NATIVE, the CPU's own instructions.
#include "ElementNames.h"

// One pass of windows sliding over an image.
typedef struct {
    const ELEMENT *x, *weight;
    ptrdiff_t tap;  // from one tap's weights to the next one's
    const float *bias;
    ELEMENT *out;
} NAME(windows);

// An image, the gradient of its outputs, and the weights' gradients.
typedef struct {
    const ELEMENT *x, *gradient;
    float *totals;
} NAME(products);

// The sizes in use have loops of their own, but in bf16 without the CPU's instructions for it: nobody trains
// so.
#undef UNROLLED
#if BF16 && !NATIVE
#define UNROLLED 0
#else
#define UNROLLED 1
#endif

#undef FOR_CHANNELS
#if BF16 && NATIVE
#define LANES 32
#include "DepthwiseLoops.h"
#include "DepthwiseStrided.h"
#include "DepthwiseWeights.h"
#undef LANES
#define LANES 16
#include "DepthwiseLoops.h"
#include "DepthwiseStrided.h"
#include "DepthwiseWeights.h"
#undef LANES
// Calls loop(s, w, rows, first channel, end, …): as many lanes as there are channels for.
#define FOR_CHANNELS(loop, s, w, rows, ...)                                                                  \
    do {                                                                                                     \
        const size_t wide = ((s)->channels + 15) / 32 * 32;                                                  \
        JOINED(loop, 32)(s, w, rows, 0, smaller(wide, (s)->channels), ##__VA_ARGS__);                        \
        JOINED(loop, 16)(s, w, rows, wide, (s)->channels, ##__VA_ARGS__);                                    \
    } while (0)
#else
#define LANES 16
#include "DepthwiseLoops.h"
#include "DepthwiseStrided.h"
#include "DepthwiseWeights.h"
#undef LANES
#define LANES 4
#include "DepthwiseLoops.h"
#include "DepthwiseStrided.h"
#include "DepthwiseWeights.h"
#undef LANES
#define LANES 1
#include "DepthwiseLoops.h"
#include "DepthwiseStrided.h"
#include "DepthwiseWeights.h"
#undef LANES
#define FOR_CHANNELS(loop, s, w, rows, ...)                                                                  \
    do {                                                                                                     \
        const size_t channels = (s)->channels;                                                               \
        if (channels >= 16) {                                                                                \
            JOINED(loop, 16)(s, w, rows, 0, channels, ##__VA_ARGS__);                                        \
        } else if (channels >= 4) {                                                                          \
            JOINED(loop, 4)(s, w, rows, 0, channels, ##__VA_ARGS__);                                         \
        } else {                                                                                             \
            JOINED(loop, 1)(s, w, rows, 0, channels, ##__VA_ARGS__);                                         \
        }                                                                                                    \
    } while (0)
#endif

// What is read and written after `row` of outputs has been made.
INNER ahead NAME(after)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *out, size_t row, size_t kernel,
    size_t stride) {
    const ptrdiff_t in_row = (ptrdiff_t)(row * stride + kernel - stride) - (ptrdiff_t)s->padding;
    return (ahead){
        (const char *)(x + in_row * (ptrdiff_t)(s->in_width * s->channels)),
        (const char *)(out + row * s->out_width * s->channels)};
}

// `kernel` and `stride` are constants at each call; 0: any.
INNER void NAME(slide)(
    const espalier_depthwise_shape *s, NAME(windows) w, const size_t kernel, const size_t stride) {
    const size_t row_bytes = s->out_width * s->channels * sizeof(ELEMENT);
    const size_t count = rows_together(row_bytes, s->out_height, BF16 ? FEW_BYTES : MANY_BYTES);
    for (size_t image = 0; image < s->images; image++) {
        for (size_t row = 0; row < s->out_height; row += count) {
            const range rows = {row, smaller(row + count, s->out_height)};
            ahead next = NAME(after)(s, w.x, w.out, row + count, kernel, stride);
            FOR_CHANNELS(slide_rows, s, &w, rows, &next, kernel, stride);
        }
        w.x += s->in_height * s->in_width * s->channels;
        w.out += s->out_height * s->out_width * s->channels;
    }
}

// Windows slide over `x`. The sizes in use get code of their own.
ENTRY void NAME(slide_all)(const espalier_depthwise_shape *s, const NAME(windows) *w) {
    if (UNROLLED && s->kernel == 3 && s->stride == 1) {
        NAME(slide)(s, *w, 3, 1);
    } else if (UNROLLED && s->kernel == 3 && s->stride == 2) {
        NAME(slide)(s, *w, 3, 2);
    } else if (UNROLLED && s->kernel == 5 && s->stride == 1) {
        NAME(slide)(s, *w, 5, 1);
    } else if (UNROLLED && s->kernel == 5 && s->stride == 2) {
        NAME(slide)(s, *w, 5, 2);
    } else {
        NAME(slide)(s, *w, 0, 0);
    }
}

ENTRY void NAME(espalier_depthwise_forward)(
    const espalier_depthwise_shape *s, const ELEMENT *input, const ELEMENT *weight, const float *bias,
    ELEMENT *output) {
    const NAME(windows) w = {input, weight, (ptrdiff_t)s->channels, bias, output};
    NAME(slide_all)(s, &w);
}

INNER void NAME(spread)(
    const espalier_depthwise_shape *s, NAME(windows) w, const size_t kernel) {
    const size_t count = rows_together(s->in_width * s->channels * sizeof(ELEMENT), s->in_height, MANY_BYTES);
    for (size_t image = 0; image < s->images; image++) {
        for (size_t row = 0; row < s->in_height; row += count) {
            const range rows = {row, smaller(row + count, s->in_height)};
            const size_t end = row + count;
            ahead next = {
                (const char *)(w.x + (end + kernel / 2) / 2 * s->out_width * s->channels),
                (const char *)(w.out + end * s->in_width * s->channels)};
            FOR_CHANNELS(spread_rows, s, &w, rows, &next, kernel, 2);
        }
        w.x += s->out_height * s->out_width * s->channels;
        w.out += s->in_height * s->in_width * s->channels;
    }
}

ENTRY void NAME(espalier_depthwise_backward_data)(
    const espalier_depthwise_shape *s, const ELEMENT *gradient, const ELEMENT *weight,
    ELEMENT *input_gradient) {
    NAME(windows) w = {gradient, weight, (ptrdiff_t)s->channels, NULL, input_gradient};
    if (s->stride == 1 && s->padding < s->kernel) {
        // It is a convolution with the filters turned round: from the last tap to the first.
        espalier_depthwise_shape turned = *s;
        turned.in_height = s->out_height;
        turned.in_width = s->out_width;
        turned.out_height = s->in_height;
        turned.out_width = s->in_width;
        turned.padding = s->kernel - 1 - s->padding;
        w.weight += (s->kernel * s->kernel - 1) * s->channels;
        w.tap = -w.tap;
        NAME(slide_all)(&turned, &w);
    } else if (UNROLLED && s->stride == 2 && s->kernel == 3 && s->padding == 1) {
        NAME(spread)(s, w, 3);
    } else if (UNROLLED && s->stride == 2 && s->kernel == 5 && s->padding == 2) {
        NAME(spread)(s, w, 5);
    } else {
        NAME(spread)(s, w, 0);
    }
}

INNER void NAME(add_images)(
    const espalier_depthwise_shape *s, const ELEMENT *x, const ELEMENT *gradient, float *totals,
    const size_t kernel, const size_t stride) {
    const size_t summed = rows_summed(s->out_width);
    const size_t bytes = s->stride * s->in_width * s->channels * sizeof(ELEMENT);
    const size_t most = rows_together(bytes, s->out_height, BF16 ? FEW_BYTES : MANY_BYTES);
    const size_t count = (most + summed - 1) / summed * summed;
    NAME(products) w = {x, gradient, totals};
    for (size_t image = 0; image < s->images; image++) {
        for (size_t row = 0; row < s->out_height; row += count) {
            const range rows = {row, smaller(row + count, s->out_height)};
            ahead next = NAME(after)(s, w.x, w.gradient, row + count, kernel, stride);
            FOR_CHANNELS(add_rows, s, &w, rows, &next, kernel, stride);
        }
        w.x += s->in_height * s->in_width * s->channels;
        w.gradient += s->out_height * s->out_width * s->channels;
    }
}

ENTRY void NAME(espalier_depthwise_backward_weights)(
    const espalier_depthwise_shape *s, const ELEMENT *input, const ELEMENT *gradient,
    float *weight_gradient, int adds) {
    if (!adds) memset(weight_gradient, 0, s->kernel * s->kernel * s->channels * sizeof *weight_gradient);
    if (UNROLLED && s->kernel == 3 && s->stride == 1) {
        NAME(add_images)(s, input, gradient, weight_gradient, 3, 1);
    } else if (UNROLLED && s->kernel == 3 && s->stride == 2) {
        NAME(add_images)(s, input, gradient, weight_gradient, 3, 2);
    } else if (UNROLLED && s->kernel == 5 && s->stride == 1) {
        NAME(add_images)(s, input, gradient, weight_gradient, 5, 1);
    } else if (UNROLLED && s->kernel == 5 && s->stride == 2) {
        NAME(add_images)(s, input, gradient, weight_gradient, 5, 2);
    } else {
        NAME(add_images)(s, input, gradient, weight_gradient, 0, s->stride);
    }
}

ENTRY void NAME(espalier_depthwise_pack)(
    const float *weight, size_t channels, size_t taps, ELEMENT *packed) {
    for (size_t tap = 0; tap < taps; tap++) {
        for (size_t c = 0; c < channels; c++) packed[tap * channels + c] = STORE(weight[c * taps + tap]);
    }
}

ENTRY void NAME(espalier_channel_sums)(const ELEMENT *x, size_t rows, size_t channels, float *sums) {
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
