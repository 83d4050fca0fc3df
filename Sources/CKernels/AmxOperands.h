// Operands of weight gradients, from activations: places of a grid that lies over an image.
#pragma once

#include "AmxUnit.h"
#include "Pairs.h"
#include "Transpose.h"

#if ESPALIER_HAS_NATIVE

// Places in rows of `row_places`, from `lead` on, and the pixels there: place (row, column) has pixel
// (y + row·step, x + column·step), or zeros where the image has no such pixel.
typedef struct {
    const uint16_t *image;
    size_t channels, height, width;
    ptrdiff_t y, x;
    size_t step, row_places, rows, lead;
} grid;

// The pixels at 32 places; null: zeros.
static void find_pixels(const grid *g, size_t first, const uint16_t *pixels[AMX_RUN]) {
    const size_t from = larger(first, g->lead) - g->lead;
    size_t row = from / g->row_places, column = from % g->row_places;
    for (size_t i = 0; i < AMX_RUN; i++) {
        pixels[i] = 0;
        if (first + i < g->lead) continue;
        const ptrdiff_t y = g->y + (ptrdiff_t)(row * g->step), x = g->x + (ptrdiff_t)(column * g->step);
        const int is_there =
            row < g->rows && y >= 0 && y < (ptrdiff_t)g->height && x >= 0 && x < (ptrdiff_t)g->width;
        if (is_there) pixels[i] = g->image + ((size_t)y * g->width + (size_t)x) * g->channels;
        if (++column == g->row_places) row++, column = 0;
    }
}

INLINE ESPALIER_AMX __m512i some_channels(const uint16_t *pixel, size_t channel, __mmask32 there) {
    return pixel ? _mm512_maskz_loadu_epi16(there, pixel + channel) : _mm512_setzero_si512();
}

// Sixteen channels from `channel` on of 32 pixels, a row of places for each.
INLINE ESPALIER_AMX void put_left(
    const uint16_t *const pixels[AMX_RUN], size_t channel, __mmask32 there, size_t ahead, size_t row_bytes,
    char *to) {
    espalier_square_row rows[AMX_SIDE];
    UNROLL
    for (size_t r = 0; r < AMX_SIDE; r++) {
        const __m512i even = some_channels(pixels[2 * r], channel, there & 0xffff);
        const __m512i odd = some_channels(pixels[2 * r + 1], channel, there & 0xffff);
        if (pixels[2 * r]) __builtin_prefetch(pixels[2 * r] + channel + ahead, 0, 2);
        rows[r] = (espalier_square_row)espalier_pair_up(even, odd, 0);
    }
    espalier_transpose_square(rows);
    UNROLL
    for (size_t r = 0; r < AMX_SIDE; r++) memcpy(to + r * row_bytes, &rows[r], sizeof rows[r]);
}

// Up to 32 channels of 32 pixels, a vector of pairs for each two pixels and sixteen channels.
INLINE ESPALIER_AMX void put_right(
    const uint16_t *const pixels[AMX_RUN], size_t channel, __mmask32 there, size_t ahead, size_t vector_bytes,
    char *to) {
    for (size_t r = 0; r < AMX_SIDE; r++, to += 64) {
        const __m512i even = some_channels(pixels[2 * r], channel, there);
        const __m512i odd = some_channels(pixels[2 * r + 1], channel, there);
        if (pixels[2 * r]) __builtin_prefetch(pixels[2 * r] + channel + ahead, 0, 2);
        _mm512_store_si512(to, espalier_pair_up(even, odd, 0));
        if (there >> AMX_SIDE) _mm512_store_si512(to + vector_bytes, espalier_pair_up(even, odd, 1));
    }
}

// Places up to `end`, a multiple of 32, as an operand; `to` has the first channel's first place.
static ESPALIER_AMX void arrange(const grid *g, size_t end, const int is_left, size_t stride, char *to) {
    const size_t ahead = AMX_RUN * g->step * g->channels, taken = is_left ? AMX_SIDE : AMX_RUN;
    for (size_t first = 0; first < end; first += AMX_RUN) {
        const uint16_t *pixels[AMX_RUN];
        find_pixels(g, first, pixels);
        for (size_t c = 0; c < g->channels; c += taken) {
            const __mmask32 there = _bzhi_u32(~0u, (unsigned)smaller(g->channels - c, AMX_RUN));
            if (is_left) {
                put_left(pixels, c, there, ahead, stride, to + c * stride + 2 * first);
            } else {
                put_right(pixels, c, there, ahead, stride, to + c / AMX_SIDE * stride + 32 * first);
            }
        }
    }
}

#endif
