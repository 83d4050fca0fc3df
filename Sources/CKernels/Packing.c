#include "Packing.h"

#include <string.h>

#include "Elements.h"
#include "Transpose.h"
#include "Sizes.h"

// Columns that are taken together: what they and TRANSPOSE_SIDE rows are put into stays in the first cache.
enum { COLUMNS = 128 };

// Of a filter whose bf16 weights are packed pair by pair: up to 7×7.
enum { TAPS_MAX = 49 };


// Whether TRANSPOSE_SIDE rows from `first` on go side by side.
static int side_by_side(espalier_places places, size_t first) {
    if (first + TRANSPOSE_SIDE > places.row_count) return 0;
    for (size_t r = 1; r < TRANSPOSE_SIDE; r++) {
        if (places.rows[first + r] != places.rows[first] + (int32_t)r) return 0;
    }
    return 1;
}

static inline __attribute__((always_inline)) void pack_square(
    const float *weight, size_t stride, const int32_t *columns, float *out) {
    espalier_square_row row[TRANSPOSE_SIDE];
    for (size_t r = 0; r < TRANSPOSE_SIDE; r++) memcpy(&row[r], weight + r * stride, sizeof row[r]);
    espalier_transpose_square(row);
    for (size_t c = 0; c < TRANSPOSE_SIDE; c++) memcpy(out + columns[c], &row[c], sizeof row[c]);
}

ESPALIER_CLONES
void espalier_pack(const float *weight, espalier_places places, float *out) {
    const size_t count = places.column_count;
    for (size_t top = 0; top < places.row_count; top += TRANSPOSE_SIDE) {
        const size_t bottom = smaller(top + TRANSPOSE_SIDE, places.row_count);
        size_t done = 0;
        if (side_by_side(places, top)) {
            for (; done + TRANSPOSE_SIDE <= count; done += TRANSPOSE_SIDE) {
                pack_square(
                    weight + top * count + done, count, places.columns + done, out + places.rows[top]);
            }
        }
        for (; done < count; done += COLUMNS) {
            const size_t end = smaller(done + COLUMNS, count);
            for (size_t r = top; r < bottom; r++) {
                float *const target = out + places.rows[r];
                for (size_t c = done; c < end; c++) target[places.columns[c]] = weight[r * count + c];
            }
        }
    }
}

ESPALIER_CLONES
void espalier_pack_columns(
    const float *weight, size_t row_length, const int32_t *columns, espalier_places places, float *out) {
    for (size_t r = 0; r < places.row_count; r++) {
        const float *const row = weight + r * row_length;
        float *const target = out + places.rows[r];
        for (size_t c = 0; c < places.column_count; c++) target[places.columns[c]] = row[columns[c]];
    }
}

// Element by element.
static inline __attribute__((always_inline)) void scatter_bf16(
    const float *weight, espalier_places places, size_t top, size_t bottom, size_t first, uint16_t *out) {
    const size_t count = places.column_count;
    for (size_t done = first; done < count; done += COLUMNS) {
        const size_t width = smaller(COLUMNS, count - done);
        const int32_t *const columns = places.columns + done;
        for (size_t r = top; r < bottom; r++) {
            uint16_t rounded[COLUMNS];
            const float *const row = weight + r * count + done;
            for (size_t c = 0; c < width; c++) rounded[c] = espalier_bf16(row[c]);
            uint16_t *const target = out + places.rows[r];
            for (size_t c = 0; c < width; c++) target[columns[c]] = rounded[c];
        }
    }
}

// The distance of columns that go so far apart, as the first two do; 0 if there is none. Filters of several taps
// have the taps in between.
static size_t distance(espalier_places places, int32_t apart) {
    for (size_t d = 1; d < places.column_count && d <= TAPS_MAX; d++) {
        if (places.columns[d] == places.columns[0] + apart) return d;
    }
    return 0;
}

// Whether in each group of `group`·d columns those at a distance of d go `apart`; the last group may be cut.
static int is_regular(espalier_places places, size_t d, size_t group, int32_t apart) {
    for (size_t c = 0; d > 0 && c + d < places.column_count; c++) {
        const int is_last = c / d % group == group - 1;
        if (!is_last && places.columns[c + d] != places.columns[c] + apart) return 0;
    }
    return d > 0;
}

// Rows that go `apart` from `first` on.
static int rows_apart(espalier_places places, size_t first, size_t count, int32_t apart) {
    if (first + count > places.row_count) return 0;
    for (size_t r = 1; r < count; r++) {
        if (places.rows[first + r] != places.rows[first] + (int32_t)r * apart) return 0;
    }
    return 1;
}

typedef uint32_t words __attribute__((vector_size(64)));

// espalier_bf16 of sixteen values.
static inline __attribute__((always_inline)) void round_words(
    const espalier_square_row *values, words *result) {
    words bits;
    memcpy(&bits, values, sizeof bits);
    const words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const words is_nan = (words)((bits & 0x7fffffff) > 0x7f800000);
    const words is_tiny = (words)((bits & 0x7f800000) == 0);
    const words number = (((bits >> 16) & 0x8000) & is_tiny) | (rounded & ~is_tiny);
    *result = (((bits >> 16) | 0x40) & is_nan) | (number & ~is_nan);
}

// Sixteen pairs, rounded: of `low` in front, of `high` behind.
static inline __attribute__((always_inline)) void put_pairs(
    const espalier_square_row *low, const espalier_square_row *high, uint16_t *to) {
    words pairs, behind;
    round_words(low, &pairs);
    round_words(high, &behind);
    pairs |= behind << 16;
    memcpy(to, &pairs, sizeof pairs);
}

// Sixteen rows that go two apart, of groups of two columns a tap. Returns the columns that are done.
static inline __attribute__((always_inline)) size_t pack_column_pairs(
    const float *weight, espalier_places places, size_t top, size_t d, uint16_t *out) {
    espalier_square_row turned[TRANSPOSE_SIDE * TAPS_MAX];
    const size_t count = places.column_count, chunk = TRANSPOSE_SIDE * d;
    size_t done = 0;
    for (; done + chunk <= count; done += chunk) {
        const float *const from = weight + top * count + done;
        for (size_t c = 0; c < chunk; c += TRANSPOSE_SIDE) {
            espalier_square_row *const row = turned + c;
            for (size_t r = 0; r < TRANSPOSE_SIDE; r++) memcpy(&row[r], from + r * count + c, sizeof row[r]);
            espalier_transpose_square(row);
        }
        uint16_t *const to = out + places.rows[top];
        for (size_t group = 0; group < chunk; group += 2 * d) {
            for (size_t c = group; c < group + d; c++) {
                put_pairs(&turned[c], &turned[c + d], to + places.columns[done + c]);
            }
        }
    }
    return done;
}

// Two rows that go one apart, of groups of sixteen columns a tap.
static inline __attribute__((always_inline)) size_t pack_row_pairs(
    const float *weight, espalier_places places, size_t top, size_t d, uint16_t *out) {
    espalier_square_row turned[2][TRANSPOSE_SIDE];
    const size_t count = places.column_count, chunk = TRANSPOSE_SIDE * d;
    uint16_t *const to = out + places.rows[top];
    size_t done = 0;
    for (; d == 1 && done + chunk <= count; done += chunk) {
        for (size_t r = 0; r < 2; r++) {
            memcpy(turned[r], weight + (top + r) * count + done, sizeof turned[r][0]);
        }
        put_pairs(turned[0], turned[1], to + places.columns[done]);
    }
    // A square of fewer taps than its side reads on into the next columns.
    for (; done + chunk + TRANSPOSE_SIDE <= count; done += chunk) {
        for (size_t tap = 0; tap < d; tap += TRANSPOSE_SIDE) {
            for (size_t r = 0; r < 2; r++) {
                const float *const from = weight + (top + r) * count + done + tap;
                for (size_t i = 0; i < TRANSPOSE_SIDE; i++) {
                    memcpy(&turned[r][i], from + i * d, sizeof turned[r][i]);
                }
                espalier_transpose_square(turned[r]);
            }
            for (size_t t = 0; t < smaller(TRANSPOSE_SIDE, d - tap); t++) {
                put_pairs(&turned[0][t], &turned[1][t], to + places.columns[done + tap + t]);
            }
        }
    }
    return done;
}

ESPALIER_CLONES
void espalier_pack_bf16(const float *weight, espalier_places places, uint16_t *out) {
    const size_t near = distance(places, 1), far = distance(places, 2);
    const int by_columns = is_regular(places, near, 2, 1);
    const int by_rows = !by_columns && is_regular(places, far, TRANSPOSE_SIDE, 2);
    size_t top = 0;
    while (top < places.row_count) {
        size_t done = 0, height = smaller(TRANSPOSE_SIDE, places.row_count - top);
        if (by_columns && rows_apart(places, top, TRANSPOSE_SIDE, 2)) {
            done = pack_column_pairs(weight, places, top, near, out);
        } else if (by_rows && rows_apart(places, top, 2, 1)) {
            height = 2;
            done = pack_row_pairs(weight, places, top, far, out);
        }
        scatter_bf16(weight, places, top, top + height, done, out);
        top += height;
    }
}
