// Rows of few or odd numbers of channels would fill vectors badly. So some are taken as one wide row, as many
// as leave the fewest lanes empty, and a coefficient by channel is read from a wide row of them. The last
// rows, fewer than that, are a shorter wide row.
#pragma once

#include <stddef.h>
#include <string.h>

#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

// Longest wide row of several rows.
#define WIDE_PLACES 512
// Rows of so many bytes reach the same lines of the first cache again and again.
#define LONG_ROW 2048

INLINE size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

typedef struct {
    size_t channels, together, width, rows, last_width;
} wide_rows;

INLINE size_t whole_pieces(size_t width, size_t piece) { return (width + piece - 1) / piece * piece; }

INLINE wide_rows as_wide_rows(size_t rows, size_t channels, const size_t piece) {
    const size_t most = at_most(at_most(rows, piece), WIDE_PLACES / channels);
    size_t together = 1, places = whole_pieces(channels, piece);
    for (size_t k = 2; k <= most && together * channels != places; k++) {
        const size_t wide = whole_pieces(k * channels, piece);
        if (wide * together < places * k) {
            together = k;
            places = wide;
        }
    }
    const size_t whole = rows / together;
    return (wide_rows){channels, together, together * channels, whole, (rows - whole * together) * channels};
}

// Wide rows whose sums are kept in registers: in fp32 of bf16, in fp64 of fp32. Products of two bf16 are exact in
// fp32, and of a sum of 32 terms it loses at most 31 times 2⁻²⁴; the terms themselves were rounded to 2⁻⁹. The
// number is part of the result.
INLINE size_t rows_summed(size_t bytes) { return bytes < LONG_ROW ? 32 : 8; }

// How far ahead memory is asked for: the same place in the next rows, or a few pieces further in this row where
// so many rows would not stay in the first cache until then.
INLINE size_t bytes_ahead(size_t rows, size_t bytes) { return bytes <= LONG_ROW / 2 ? rows * bytes : 128; }

// Wide rows for which coefficients are read once. In fp32 passes wait for memory, and are faster row by row with
// memory asked for further ahead: by a tenth in steps of MobileNetV2. In bf16 they are slower by as much.
INLINE size_t rows_applied(size_t bytes, const int is_half) {
    return is_half ? bytes < LONG_ROW ? 8 : 4 : 1;
}

INLINE size_t bytes_ahead_applied(size_t rows, size_t bytes, const int is_half) {
    return is_half ? bytes_ahead(rows, bytes) : 1024;
}

// As many copies as a wide row has rows.
INLINE const float *repeated(const float *by_channel, const wide_rows *shape, float *copies) {
    if (shape->together == 1 || !by_channel) return by_channel;
    for (size_t k = 0; k < shape->together; k++) {
        memcpy(copies + k * shape->channels, by_channel, shape->channels * sizeof *copies);
    }
    return copies;
}

// Adds the totals of a wide row to those of the channels.
INLINE void fold(const double *wide, const wide_rows *shape, double *totals) {
    for (size_t k = 0; k < shape->together; k++) {
        for (size_t c = 0; c < shape->channels; c++) totals[c] += wide[k * shape->channels + c];
    }
}
