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

#define BF16 0
#include "ChannelLoops.h"
#undef BF16

#define BF16 1
#include "ChannelLoops.h"
