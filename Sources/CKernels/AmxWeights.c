// Weight gradients: sums over all places of two grids, the inputs' and the outputs' gradients', which a tap shifts
// against each other. Left operands have the places of a channel side by side, right ones the channels of pairs of
// places. A shift by a pair is an address; for the odd ones there is a copy of the right operand with other pairs. Both
// are made, with zeros between the rows of an image, of some rows of some images at a time.
#include <stdlib.h>
#include <string.h>

#include "AmxOperands.h"
#include "AmxParts.h"

enum {
    // Of the operands of a stretch: they stay in the second cache.
    WEIGHTS_BYTES = 768 << 10,
    // Runs of places that all taps go through before the next ones: their operands stay in the first cache.
    NEAR_RUNS = 16,
};

// What a pass sums, and how its stretches are cut. Segments are some rows of one image's grid.
typedef struct {
    size_t images;         // those of a direct product are one
    size_t rows, columns;  // of sums: channels of the left and of the right operand
    size_t taps, planes_side, copies;
    size_t first_row, grid_rows, row_places;  // of an image's grid
    size_t bands, band_rows;                  // of an image
    size_t segments;                          // of a stretch, at most
    size_t lead;                              // places before a segment's first in the right operand
    size_t left_places, right_places;         // of a segment
    size_t left_bytes, right_bytes;           // from channel to channel, from vector to vector
} weights_plan;

// The left operand costs some 0.06 ns an element more than the right one, so it should be the one of fewer channels;
// but sums that are not plain cost their reader some 0.4 ns more each.
int espalier_amx_weights_are_plain(const espalier_convolution_shape *s) {
    const size_t inputs = s->in_channels, outputs = s->out_channels;
    const size_t pixels = s->images * s->out_height * s->out_width;
    return amx_is_direct(s) && (outputs <= inputs || (outputs - inputs) * pixels < 7 * inputs * outputs);
}

// The furthest shift, in rows and in columns of a grid.
INLINE size_t reach(const espalier_convolution_shape *s) { return (s->kernel - 1) / s->stride; }

INLINE size_t plane_size(const weights_plan *p) { return rounded_up(p->rows, AMX_SIDE) * p->left_bytes; }

INLINE size_t left_size(const weights_plan *p) { return p->planes_side * p->planes_side * plane_size(p); }

INLINE size_t copy_size(const weights_plan *p) { return parts(p->columns, AMX_SIDE) * p->right_bytes; }

// Sizes of stretches of so many segments of `band_rows` rows; returns their bytes.
static size_t set_sizes(weights_plan *p, size_t segments) {
    p->segments = segments;
    p->left_places = rounded_up(p->band_rows * p->row_places, AMX_RUN);
    p->right_places = rounded_up(p->lead + p->left_places, AMX_RUN);
    // An odd number of lines: sixteen rows of a register must not want the same place in the cache.
    p->left_bytes = 64 * (segments * p->left_places / AMX_RUN | 1);
    p->right_bytes = segments * p->right_places / AMX_RUN * AMX_BYTES + 64;
    return left_size(p) + p->copies * copy_size(p);
}

// Rows of the planes of inputs that are not all padding.
static void find_rows(const espalier_convolution_shape *s, weights_plan *p) {
    const size_t last_plane = p->planes_side - 1;
    p->first_row = s->padding > last_plane ? parts(s->padding - last_plane, s->stride) : 0;
    const size_t last = (s->in_height - 1 + s->padding) / s->stride;
    p->grid_rows = smaller(last, s->out_height - 1 + reach(s)) + 1 - p->first_row;
}

static void plan_weights(const espalier_convolution_shape *s, weights_plan *p) {
    const int direct = amx_is_direct(s), plain = espalier_amx_weights_are_plain(s);
    *p = (weights_plan){
        .images = direct ? 1 : s->images,
        .rows = plain ? s->out_channels : s->in_channels,
        .columns = plain ? s->in_channels : s->out_channels,
        .taps = s->kernel * s->kernel,
        .planes_side = smaller(s->kernel, s->stride),
        .copies = reach(s) > 0 ? 2 : 1,
        .grid_rows = s->images * s->out_height,
        .row_places = s->out_width + reach(s),
    };
    if (!direct) find_rows(s, p);
    p->lead = rounded_up(reach(s) * (p->row_places + 1), 2);
    p->band_rows = p->grid_rows;
    const size_t whole = set_sizes(p, 1);
    p->bands = smaller(parts(whole, WEIGHTS_BYTES), p->grid_rows);
    p->band_rows = parts(p->grid_rows, p->bands);
    p->bands = parts(p->grid_rows, p->band_rows);
    const size_t fitting = larger(WEIGHTS_BYTES / set_sizes(p, 1), 1);
    set_sizes(p, smaller(fitting, p->images * p->bands));
}

INLINE size_t offsets_bytes(const weights_plan *p) {
    return rounded_up(p->segments * p->left_places / AMX_RUN * sizeof(size_t), 64);
}

size_t espalier_amx_weights_scratch(const espalier_convolution_shape *shape) {
    weights_plan plan;
    plan_weights(shape, &plan);
    return offsets_bytes(&plan) + left_size(&plan) + plan.copies * copy_size(&plan);
}

#if ESPALIER_HAS_NATIVE

// MARK: Operands

typedef struct {
    const espalier_convolution_shape *shape;
    const weights_plan *plan;
    const uint16_t *input, *gradient;
    size_t *offsets;  // bytes from a right operand's first run to each run
    char *left, *right;
    float *sums;
} weights_pass;

// From a row of an image's grid on.
static grid input_grid(const weights_pass *w, size_t image, size_t row, size_t plane_y, size_t plane_x) {
    const espalier_convolution_shape *const s = w->shape;
    const weights_plan *const p = w->plan;
    return (grid){
        .image = w->input + image * s->in_height * s->in_width * s->in_channels,
        .channels = s->in_channels,
        .height = amx_is_direct(s) ? p->grid_rows : s->in_height,
        .width = s->in_width,
        .y = (ptrdiff_t)(s->stride * (p->first_row + row) + plane_y) - (ptrdiff_t)s->padding,
        .x = (ptrdiff_t)plane_x - (ptrdiff_t)s->padding,
        .step = s->stride,
        .row_places = p->row_places,
        .rows = p->band_rows,
    };
}

// Rows that a tap shifts to those are before them.
static grid gradient_grid(const weights_pass *w, size_t image, size_t row, size_t copy) {
    const espalier_convolution_shape *const s = w->shape;
    const weights_plan *const p = w->plan;
    return (grid){
        .image = w->gradient + image * s->out_height * s->out_width * s->out_channels,
        .channels = s->out_channels,
        .height = amx_is_direct(s) ? p->grid_rows : s->out_height,
        .width = s->out_width,
        .y = (ptrdiff_t)(p->first_row + row) - (ptrdiff_t)reach(s),
        .step = 1,
        .row_places = p->row_places,
        .rows = p->band_rows + reach(s),
        .lead = p->lead - reach(s) * p->row_places + copy,
    };
}

// Both operands of one segment of a stretch.
static void arrange_segment(const weights_pass *w, size_t segment, size_t at) {
    const weights_plan *const p = w->plan;
    const size_t image = segment / p->bands, row = segment % p->bands * p->band_rows;
    char *const left = w->left + at * p->left_places * 2;
    char *const right = w->right + at * p->right_places / AMX_RUN * AMX_BYTES;
    if (espalier_amx_weights_are_plain(w->shape)) {
        const grid gradient = gradient_grid(w, image, row, 0), input = input_grid(w, image, row, 0, 0);
        arrange(&gradient, p->left_places, 1, p->left_bytes, left);
        arrange(&input, p->right_places, 0, p->right_bytes, right);
        return;
    }
    for (size_t copy = 0; copy < p->copies; copy++) {
        const grid gradient = gradient_grid(w, image, row, copy);
        arrange(&gradient, p->right_places, 0, p->right_bytes, right + copy * copy_size(p));
    }
    for (size_t y = 0; y < p->planes_side; y++) {
        for (size_t x = 0; x < p->planes_side; x++) {
            const grid input = input_grid(w, image, row, y, x);
            char *const plane = left + (y * p->planes_side + x) * plane_size(p);
            arrange(&input, p->left_places, 1, p->left_bytes, plane);
        }
    }
}

// MARK: Sums

// Some of the sums of one tap: up to two by two squares, and what they are sums of.
typedef struct {
    const char *left, *right;
    size_t left_bytes, right_bytes;
    const size_t *offsets;
    size_t runs;
    float *sums;
    size_t sums_stride, rows, columns;
    int adds;  // to sums that are there
} sums_block;

INLINE ESPALIER_AMX void add_runs(const sums_block *b, const size_t left, const size_t right) {
    const char *rows = b->left;
    for (size_t r = 0; r < b->runs; r++, rows += 64) {
        amx_multiply(
            rows, b->left_bytes, AMX_SIDE * b->left_bytes, b->right + b->offsets[r], b->right_bytes, left, right);
    }
}

INLINE ESPALIER_AMX void add_block(const sums_block *b, const size_t left, const size_t right) {
    const size_t row_bytes = b->sums_stride * sizeof(float);
    if (b->rows == AMX_SIDE * left && b->columns == AMX_SIDE * right) {
        b->adds ? amx_load_sums(b->sums, row_bytes, left, right) : amx_zero_sums();
        add_runs(b, left, right);
        amx_store_sums(b->sums, row_bytes, left, right);
        return;
    }
    float copy[AMX_BLOCK][AMX_BLOCK] __attribute__((aligned(64)));
    amx_zero_sums();
    if (b->adds) {
        memset(copy, 0, sizeof copy);
        for (size_t r = 0; r < b->rows; r++) memcpy(copy[r], b->sums + r * b->sums_stride, 4 * b->columns);
        amx_load_sums(copy[0], sizeof copy[0], left, right);
    }
    add_runs(b, left, right);
    amx_store_sums(copy[0], sizeof copy[0], left, right);
    for (size_t r = 0; r < b->rows; r++) memcpy(b->sums + r * b->sums_stride, copy[r], 4 * b->columns);
}

static ESPALIER_AMX __attribute__((noinline)) void add(const sums_block *b) {
    const int tall = b->rows > AMX_SIDE, wide = b->columns > AMX_SIDE;
    if (tall) {
        wide ? add_block(b, 2, 2) : add_block(b, 2, 1);
    } else {
        wide ? add_block(b, 1, 2) : add_block(b, 1, 1);
    }
}

// All taps' sums of some rows and columns, over the runs of a stretch.
static void add_taps(const weights_pass *w, sums_block b, size_t row, size_t column, size_t runs, int adds) {
    const weights_plan *const p = w->plan;
    const size_t kernel = w->shape->kernel, stride = w->shape->stride;
    const size_t near = p->taps == 1 ? runs : NEAR_RUNS;
    for (size_t first = 0; first < runs; first += near) {
        b.runs = smaller(near, runs - first);
        b.offsets = w->offsets + first;
        b.adds = adds || first > 0;
        for (size_t t = 0; t < p->taps; t++) {
            const size_t y = t / kernel, x = t % kernel;
            const size_t shift = y / stride * p->row_places + x / stride, copy = shift % 2;
            const size_t plane = y % stride * p->planes_side + x % stride;
            b.left = w->left + plane * plane_size(p) + row * p->left_bytes + 64 * first;
            b.right = w->right + copy * copy_size(p) + column / AMX_SIDE * p->right_bytes +
                      (p->lead - shift + copy) / 2 * 64;
            b.sums = w->sums + (t * p->rows + row) * p->columns + column;
            add(&b);
        }
    }
}

static void add_stretch(const weights_pass *w, size_t runs, int adds) {
    const weights_plan *const p = w->plan;
    sums_block b = {
        .left_bytes = p->left_bytes, .right_bytes = p->right_bytes, .sums_stride = p->columns};
    for (size_t row = 0; row < p->rows; row += AMX_BLOCK) {
        b.rows = smaller(p->rows - row, AMX_BLOCK);
        for (size_t column = 0; column < p->columns; column += AMX_BLOCK) {
            b.columns = smaller(p->columns - column, AMX_BLOCK);
            add_taps(w, b, row, column, runs, adds);
        }
    }
}

static void find_offsets(const weights_pass *w) {
    const size_t runs = w->plan->left_places / AMX_RUN;
    for (size_t r = 0; r < w->plan->segments * runs; r++) {
        w->offsets[r] = r / runs * w->plan->right_places / AMX_RUN * AMX_BYTES + r % runs * AMX_BYTES;
    }
}

static ESPALIER_AMX void add_all(const weights_pass *w) {
    const weights_plan *const p = w->plan;
    const size_t segments = p->images * p->bands;
    find_offsets(w);
    amx_begin(AMX_SIDE);
    for (size_t done = 0, count; done < segments; done += count) {
        count = smaller(p->segments, segments - done);
        for (size_t s = 0; s < count; s++) arrange_segment(w, done + s, s);
        add_stretch(w, count * p->left_places / AMX_RUN, done > 0);
    }
    amx_end();
}

void espalier_amx_weight_gradient(
    const espalier_convolution_shape *shape, const uint16_t *input, const uint16_t *gradient, float *weight_gradient,
    void *scratch) {
    weights_plan plan;
    plan_weights(shape, &plan);
    char *const operands = (char *)scratch + offsets_bytes(&plan);
    const weights_pass pass = {
        .shape = shape,
        .plan = &plan,
        .input = input,
        .gradient = gradient,
        .offsets = scratch,
        .left = operands,
        .right = operands + left_size(&plan),
        .sums = weight_gradient,
    };
    add_all(&pass);
}

#else

void espalier_amx_weight_gradient(
    const espalier_convolution_shape *shape, const uint16_t *input, const uint16_t *gradient, float *weight_gradient,
    void *scratch) {
    (void)shape, (void)input, (void)gradient, (void)weight_gradient, (void)scratch;
    abort();
}

#endif
