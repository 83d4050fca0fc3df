#include "Packing.h"

#include <string.h>

#include "Elements.h"
#include "Transpose.h"

// Columns that are taken together: what they and TRANSPOSE_SIDE rows are put into stays in the first cache.
enum { COLUMNS = 128 };

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

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
void espalier_pack_bf16(const float *weight, espalier_places places, uint16_t *out) {
    const size_t count = places.column_count;
    for (size_t top = 0; top < places.row_count; top += TRANSPOSE_SIDE) {
        const size_t bottom = smaller(top + TRANSPOSE_SIDE, places.row_count);
        for (size_t done = 0; done < count; done += COLUMNS) {
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
}
