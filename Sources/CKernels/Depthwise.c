// Channels in vectors, outputs of a row in groups of TOGETHER: a pixel of the input is read and widened
// once for all the outputs of a group, whose sums stay in registers; at the edges there are fewer pixels.
// Some rows of outputs are made vector by vector of channels, while their inputs are in the second cache.
#include "Depthwise.h"

#include "Elements.h"
#include "Native.h"
#include "Sizes.h"

// The name of what is there for an element type and a number of lanes.
#define JOIN(name, lanes) name##_##lanes
#define JOIN_EXPANDED(name, lanes) JOIN(name, lanes)
#define JOINED(name, lanes) JOIN_EXPANDED(NAME(name), lanes)
#define INLINE static inline __attribute__((always_inline))

// Outputs of a row that are made together; the largest kernel with loops of its own.
enum { TOGETHER = 4, USUAL_SIDE = 5, USUAL_TAPS = USUAL_SIDE * USUAL_SIDE };

typedef struct {
    size_t first, end;
} range;

typedef struct {
    size_t row, column;
} place;

// Where what is read and written next lies. It is fetched line by line while something else is calculated:
// memory is as fast as it is asked early and in order.
typedef struct {
    const char *in, *out;
} ahead;

INLINE void fetch(const char **next, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(*next + i);
    *next += bytes;
}

INLINE void fetch_to_write(const char **next, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(*next + i, 1);
    *next += bytes;
}


// Which of `count` pixels from place `start` on lie inside the input, which begins at place `padding`.
INLINE range pixels_inside(size_t start, size_t side, size_t count, size_t padding) {
    const size_t first = start < padding ? padding - start : 0;
    const size_t end = start < side + padding ? smaller(count, side + padding - start) : 0;
    return (range){smaller(first, count), end > first ? end : smaller(first, count)};
}

// Positions 0 ..< kernel along one side that lie inside the input, for the window of output `at`.
INLINE range taps_inside(size_t at, size_t side, size_t kernel, size_t stride, size_t padding) {
    return pixels_inside(at * stride, side, kernel, padding);
}

// Groups of TOGETHER outputs of a row from `at` on whose `pixels` all lie inside the input.
INLINE size_t whole_groups(const espalier_depthwise_shape *s, size_t at, size_t pixels, size_t stride) {
    const size_t start = at * stride, end = s->in_width + s->padding;
    if (start < s->padding || start + pixels > end) return 0;
    return smaller((end - start - pixels) / (stride * TOGETHER) + 1, (s->out_width - at) / TOGETHER);
}

// The taps of one side that reach input `at`: every `stride`th from `first`, and the output of the first one.
INLINE range taps_reaching(size_t at, size_t out_side, size_t kernel, size_t stride, size_t padding) {
    const size_t place = at + padding, last = (out_side - 1) * stride;
    size_t first = place % stride;
    if (place > last && place - last > first) first = place - last;
    return (range){first, smaller(kernel, place + 1)};
}

// Pixels of the output that `stride` · TOGETHER neighbouring inputs get their gradients from.
INLINE size_t spread_pixels(size_t kernel, size_t stride) {
    const size_t padding = kernel / 2;
    return (padding + stride * TOGETHER - 1) / stride + (kernel - 1 - padding) / stride + 1;
}

// So many of `rows` of `bytes` are taken together that the weights are widened seldom and the rows stay in
// the cache. Where rows are walked in the order of memory in bf16, few are best; measured on cold data.
enum { FEW_BYTES = 4096, MANY_BYTES = 65536 };
INLINE size_t rows_together(size_t bytes, size_t rows, const size_t most) {
    return bytes >= most ? 1 : smaller(most / bytes, rows);
}

// Rows of outputs that are added up before the totals get them: about 64 outputs, by the width alone.
INLINE size_t rows_summed(size_t width) { return width >= 64 ? 1 : 64 / width; }

#define LOOPS "DepthwisePasses.h"
#include "EachType.h"

ESPALIER_BF16(
    espalier_depthwise_forward,
    (const espalier_depthwise_shape *shape, const uint16_t *input, const uint16_t *weight, const float *bias,
     uint16_t *output),
    (shape, input, weight, bias, output))

ESPALIER_BF16(
    espalier_depthwise_backward_data,
    (const espalier_depthwise_shape *shape, const uint16_t *gradient, const uint16_t *weight,
     uint16_t *input_gradient),
    (shape, gradient, weight, input_gradient))

ESPALIER_BF16(
    espalier_depthwise_backward_weights,
    (const espalier_depthwise_shape *shape, const uint16_t *input, const uint16_t *gradient,
     float *weight_gradient, int adds),
    (shape, input, gradient, weight_gradient, adds))

ESPALIER_BF16(
    espalier_depthwise_pack, (const float *weight, size_t channels, size_t taps, uint16_t *packed),
    (weight, channels, taps, packed))

ESPALIER_BF16(
    espalier_channel_sums, (const uint16_t *x, size_t rows, size_t channels, float *sums),
    (x, rows, channels, sums))
