#include "Channels.h"

#include <string.h>

#include "Elements.h"

// Rows of at least `width` bytes: in pieces of that width, the last of which overlaps the one before. `width`
// is a constant at each call.
static inline __attribute__((always_inline)) void copy_pieces(
    const uint8_t *restrict from, size_t from_stride, uint8_t *restrict to, size_t to_stride, size_t rows,
    size_t size, const size_t width) {
    const size_t last = size - width;
    for (size_t r = 0; r < rows; r++, from += from_stride, to += to_stride) {
        for (size_t i = 0; i < last; i += width) memcpy(to + i, from + i, width);
        memcpy(to + last, from + last, width);
    }
}

ESPALIER_CLONES
void espalier_copy_rows(
    const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t size) {
    if (size >= 64) {
        copy_pieces(from, from_stride, to, to_stride, rows, size, 64);
    } else if (size >= 16) {
        copy_pieces(from, from_stride, to, to_stride, rows, size, 16);
    } else if (size >= 4) {
        copy_pieces(from, from_stride, to, to_stride, rows, size, 4);
    } else if (size > 0) {
        copy_pieces(from, from_stride, to, to_stride, rows, size, 1);
    }
}

// Pixels for which a gate is read once.
enum { PIXELS_SCALED = 8 };

#define LOOPS "ChannelLoops.h"
#include "EachType.h"

ESPALIER_BF16(
    espalier_accumulate_rows,
    (const uint16_t *x, size_t stride, uint16_t *sums, size_t rows, size_t channels),
    (x, stride, sums, rows, channels))

ESPALIER_BF16(
    espalier_scale,
    (const uint16_t *x, const uint16_t *gate, uint16_t *out, size_t images, size_t pixels, size_t channels),
    (x, gate, out, images, pixels, channels))

ESPALIER_BF16(
    espalier_scale_backward_gate,
    (const uint16_t *gradient, const uint16_t *x, uint16_t *gate_gradient,
     size_t images, size_t pixels, size_t channels),
    (gradient, x, gate_gradient, images, pixels, channels))
