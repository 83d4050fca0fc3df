// The loops of Channels.c; included for each BF16, and with BF16 for each NATIVE.
#include "Places.h"

INLINE_HERE void NAME(accumulate_piece)(const ELEMENT *x, ELEMENT *sums, size_t count) {
    NAME(places) value, sum;
    NAME(get)(&value, x, count);
    NAME(get)(&sum, sums, count);
    NAME(add)(&sum, &sum, &value);
    NAME(put)(&sum, sums, count);
}

ENTRY void NAME(espalier_accumulate_rows)(
    const ELEMENT *x, size_t stride, ELEMENT *sums, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++, x += stride, sums += channels) {
#define PIECE(c, count) NAME(accumulate_piece)(x + (c), sums + (c), count)
        FOR_PLACES(channels, PIECE)
#undef PIECE
    }
}

INLINE_HERE void NAME(scale_piece)(
    const ELEMENT *x, const ELEMENT *gates, ELEMENT *out, size_t pixels, size_t channels, size_t count) {
    NAME(places) value, gate;
    NAME(get)(&gate, gates, count);
    for (size_t i = 0; i < pixels * channels; i += channels) {
        NAME(get)(&value, x + i, count);
        NAME(multiply)(&value, &value, &gate);
        NAME(put)(&value, out + i, count);
    }
}

ENTRY void NAME(espalier_scale)(
    const ELEMENT *x, const ELEMENT *gate, ELEMENT *out, size_t images, size_t pixels, size_t channels) {
    for (size_t i = 0; i < images; i++, gate += channels) {
        for (size_t p = 0; p < pixels;) {
            const size_t together = pixels - p < PIXELS_SCALED ? pixels - p : PIXELS_SCALED;
#define PIECE(c, count) NAME(scale_piece)(x + (c), gate + (c), out + (c), together, channels, count)
            FOR_PLACES(channels, PIECE)
#undef PIECE
            x += together * channels;
            out += together * channels;
            p += together;
        }
    }
}

INLINE_HERE void NAME(gate_piece)(
    const ELEMENT *gradient, const ELEMENT *x, ELEMENT *gate_gradient, size_t pixels, size_t channels,
    size_t count) {
    NAME(places) total = {0};
    for (size_t p = 0; p < pixels;) {
        const size_t end = p + ESPALIER_SCALE_PIXELS < pixels ? p + ESPALIER_SCALE_PIXELS : pixels;
        NAME(places) sum = {0}, value, factor;
        for (; p < end; p++) {
            NAME(get)(&value, gradient + p * channels, count);
            NAME(get)(&factor, x + p * channels, count);
            NAME(multiply_add)(&sum, &value, &factor, &sum);
        }
        NAME(add)(&total, &total, &sum);
    }
    NAME(put)(&total, gate_gradient, count);
}

ENTRY void NAME(espalier_scale_backward_gate)(
    const ELEMENT *gradient, const ELEMENT *x, ELEMENT *gate_gradient, size_t images, size_t pixels,
    size_t channels) {
    const size_t image = pixels * channels;
    for (size_t i = 0; i < images; i++, gradient += image, x += image, gate_gradient += channels) {
#define PIECE(c, count) NAME(gate_piece)(gradient + (c), x + (c), gate_gradient + (c), pixels, channels, count)
        FOR_PLACES(channels, PIECE)
#undef PIECE
    }
}
