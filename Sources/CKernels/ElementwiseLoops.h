// The loops of Elementwise.c; included for each BF16, and with BF16 for each NATIVE.
#include "Places.h"

INLINE_HERE void NAME(activate_piece)(const ELEMENT *x, ELEMENT *out, size_t count, int kind) {
    NAME(places) value;
    NAME(get)(&value, x, count);
    NAME(activate)(&value, kind);
    NAME(put)(&value, out, count);
}

INLINE_HERE void NAME(activate_all)(const ELEMENT *x, ELEMENT *out, size_t n, int kind) {
#define PIECE(c, count) NAME(activate_piece)(x + (c), out + (c), count, kind)
    FOR_PLACES(n, PIECE)
#undef PIECE
}

ENTRY void NAME(espalier_activate)(const ELEMENT *x, ELEMENT *out, size_t n, int activation) {
#define ACTIVATE(kind) NAME(activate_all)(x, out, n, kind)
    ESPALIER_FOR_ACTIVATION(activation, ACTIVATE)
#undef ACTIVATE
}

INLINE_HERE void NAME(activate_back_piece)(ELEMENT *gradient, const ELEMENT *x, size_t count, int kind) {
    NAME(places) value, dx;
    NAME(get)(&dx, gradient, count);
    NAME(get)(&value, x, count);
    NAME(activate_back)(&dx, &value, kind);
    NAME(put)(&dx, gradient, count);
}

INLINE_HERE void NAME(activate_all_back)(ELEMENT *gradient, const ELEMENT *x, size_t n, int kind) {
#define PIECE(c, count) NAME(activate_back_piece)(gradient + (c), x + (c), count, kind)
    FOR_PLACES(n, PIECE)
#undef PIECE
}

ENTRY void NAME(espalier_activate_backward)(ELEMENT *gradient, const ELEMENT *x, size_t n, int activation) {
#define BACK(kind) NAME(activate_all_back)(gradient, x, n, kind)
    ESPALIER_FOR_ACTIVATION(activation, BACK)
#undef BACK
}

INLINE_HERE void NAME(add_piece)(const ELEMENT *a, const ELEMENT *b, ELEMENT *out, size_t count) {
    NAME(places) value, other;
    NAME(get)(&value, a, count);
    NAME(get)(&other, b, count);
    NAME(add)(&value, &value, &other);
    NAME(put)(&value, out, count);
}

ENTRY void NAME(espalier_add)(const ELEMENT *a, const ELEMENT *b, ELEMENT *out, size_t n) {
#define PIECE(c, count) NAME(add_piece)(a + (c), b + (c), out + (c), count)
    FOR_PLACES(n, PIECE)
#undef PIECE
}

ENTRY void NAME(espalier_accumulate)(ELEMENT *sums, const ELEMENT *x, size_t n) {
#define PIECE(c, count) NAME(add_piece)(sums + (c), x + (c), sums + (c), count)
    FOR_PLACES(n, PIECE)
#undef PIECE
}

INLINE_HERE void NAME(average_piece)(
    const ELEMENT *x, float *out, size_t pixels, size_t channels, size_t count) {
    NAME(places) sum = {0}, value;
    for (size_t p = 0; p < pixels; p++) {
        NAME(get)(&value, x + p * channels, count);
        NAME(add)(&sum, &sum, &value);
    }
    NAME(fill)(&value, 1.0f / (float)pixels);
    NAME(multiply)(&sum, &sum, &value);
    NAME(put_floats)(&sum, out, count);
}

ENTRY void NAME(espalier_global_average)(
    const ELEMENT *x, float *out, size_t images, size_t pixels, size_t channels) {
    for (size_t i = 0; i < images; i++, x += pixels * channels, out += channels) {
#define PIECE(c, count) NAME(average_piece)(x + (c), out + (c), pixels, channels, count)
        FOR_PLACES(channels, PIECE)
#undef PIECE
    }
}

INLINE_HERE void NAME(average_back_piece)(const float *gradient, float share, ELEMENT *dx, size_t count) {
    NAME(places) value, factor;
    NAME(get_floats)(&value, gradient, count);
    NAME(fill)(&factor, share);
    NAME(multiply)(&value, &value, &factor);
    NAME(put)(&value, dx, count);
}

ENTRY void NAME(espalier_global_average_backward)(
    const float *gradient, ELEMENT *dx, size_t images, size_t pixels, size_t channels) {
    const float share = 1.0f / (float)pixels;
    for (size_t i = 0; i < images; i++, gradient += channels) {
        for (size_t p = 0; p < pixels; p++, dx += channels) {
#define PIECE(c, count) NAME(average_back_piece)(gradient + (c), share, dx + (c), count)
            FOR_PLACES(channels, PIECE)
#undef PIECE
        }
    }
}

#if BF16
INLINE_HERE void NAME(round_piece)(const float *x, ELEMENT *out, size_t count) {
    NAME(places) value;
    NAME(get_floats)(&value, x, count);
    NAME(put)(&value, out, count);
}

ENTRY void NAME(espalier_round)(const float *x, ELEMENT *out, size_t n) {
#define PIECE(c, count) NAME(round_piece)(x + (c), out + (c), count)
    FOR_PLACES(n, PIECE)
#undef PIECE
}
#endif
