// Weight gradients: sums over all outputs' places of what lies there in two grids, one of which a tap shifts. Left
// operands have the places of a channel side by side, so that a shift is an address; right ones the channels of
// pairs of places. Both are made, with zeros between the rows of an image, of some rows of some images at a time.
#include <stdlib.h>

#include "AmxParts.h"
#include "Elements.h"
#include "Transpose.h"

enum {
    // Of both operands of a stretch: they stay in the second cache.
    WEIGHTS_BYTES = 768 << 10,
    // Runs of places that all taps go through before the next ones: both operands' stay in the first cache.
    NEAR_RUNS = 16,
};

// What a pass sums, and how its stretches are cut. Segments are rows of outputs of one image.
typedef struct {
    size_t images, height, width;  // of the outputs; a direct product's images are one
    size_t rows, columns;          // of sums: channels of the left and of the right operand
    size_t taps, planes_side;
    size_t row_places;             // of a segment's grid
    size_t bands, band_rows;       // of an image
    size_t segments;               // of a stretch, at most
    size_t right_places, left_places;
    size_t left_bytes, right_bytes;  // from channel to channel, from vector to vector
} weights_plan;

INLINE int is_direct(const espalier_amx_shape *s) {
    return s->kernel == 1 && s->stride == 1 && s->padding == 0;
}

INLINE size_t reach(const espalier_amx_shape *s) { return (s->kernel - 1) / s->stride; }

INLINE size_t left_size(const weights_plan *p) {
    return p->planes_side * p->planes_side * amx_up(p->rows, AMX_SIDE) * p->left_bytes;
}

INLINE size_t right_size(const weights_plan *p) { return amx_parts(p->columns, AMX_SIDE) * p->right_bytes; }

// Sizes of stretches of so many segments of `band_rows` rows; returns their bytes.
static size_t set_sizes(const espalier_amx_shape *s, weights_plan *p, size_t segments) {
    p->segments = segments;
    p->right_places = amx_up(p->band_rows * p->row_places, AMX_RUN);
    p->left_places = amx_up(p->right_places + reach(s) * (p->row_places + 1), AMX_RUN);
    // An odd number of lines: sixteen rows of a register must not want the same place in the cache.
    p->left_bytes = 64 * (segments * p->left_places / AMX_RUN | 1);
    p->right_bytes = segments * p->right_places / AMX_RUN * AMX_BYTES + 64;
    return left_size(p) + right_size(p);
}

static void plan_weights(const espalier_amx_shape *s, weights_plan *p) {
    const int direct = is_direct(s);
    *p = (weights_plan){
        .images = direct ? 1 : s->images,
        .height = direct ? s->images * s->out_height : s->out_height,
        .width = s->out_width,
        .rows = direct ? s->out_channels : s->in_channels,
        .columns = direct ? s->in_channels : s->out_channels,
        .taps = s->kernel * s->kernel,
        .planes_side = amx_smaller(s->kernel, s->stride),
        .row_places = s->out_width + reach(s),
    };
    p->band_rows = p->height;
    const size_t whole = set_sizes(s, p, 1);
    p->bands = amx_smaller(amx_parts(whole, WEIGHTS_BYTES), p->height);
    p->band_rows = amx_parts(p->height, p->bands);
    p->bands = amx_parts(p->height, p->band_rows);
    const size_t fitting = amx_larger(WEIGHTS_BYTES / set_sizes(s, p, 1), 1);
    set_sizes(s, p, amx_smaller(fitting, p->images * p->bands));
}

INLINE size_t offsets_bytes(const weights_plan *p) {
    return amx_up(p->segments * p->right_places / AMX_RUN * sizeof(size_t), 64);
}

size_t espalier_amx_weights_scratch(const espalier_amx_shape *shape) {
    weights_plan plan;
    plan_weights(shape, &plan);
    return offsets_bytes(&plan) + left_size(&plan) + right_size(&plan);
}

#if ESPALIER_HAS_NATIVE

// MARK: Operands

// Places in rows of `row_places`, and the pixels there: place (row, column) has pixel
// (y + row·step, x + column·step), or zeros where the image has no such pixel.
typedef struct {
    const uint16_t *image;
    size_t channels, height, width;
    ptrdiff_t y, x;
    size_t step, row_places, places;
} grid;

// The pixels at 32 places; null: zeros.
static void find_pixels(const grid *g, size_t first, const uint16_t *pixels[AMX_RUN]) {
    size_t row = first / g->row_places, column = first % g->row_places;
    for (size_t i = 0; i < AMX_RUN; i++) {
        const ptrdiff_t y = g->y + (ptrdiff_t)(row * g->step), x = g->x + (ptrdiff_t)(column * g->step);
        const int is_there = first + i < g->places && y >= 0 && y < (ptrdiff_t)g->height && x >= 0 &&
                             x < (ptrdiff_t)g->width;
        pixels[i] = is_there ? g->image + ((size_t)y * g->width + (size_t)x) * g->channels : 0;
        if (++column == g->row_places) row++, column = 0;
    }
}

// Sixteen channels of 32 pixels: a pair of pixels in each row, the channels' values side by side.
INLINE ESPALIER_AMX void pair_up(
    const uint16_t *const pixels[AMX_RUN], size_t channel, __mmask16 there, size_t ahead,
    espalier_square_row rows[AMX_SIDE]) {
    UNROLL
    for (size_t r = 0; r < AMX_SIDE; r++) {
        const uint16_t *const even = pixels[2 * r], *const odd = pixels[2 * r + 1];
        const __m256i low = even ? _mm256_maskz_loadu_epi16(there, even + channel) : _mm256_setzero_si256();
        const __m256i high = odd ? _mm256_maskz_loadu_epi16(there, odd + channel) : _mm256_setzero_si256();
        if (even) __builtin_prefetch(even + channel + ahead, 0, 2);
        const __m512i upper = _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16);
        rows[r] = (espalier_square_row)_mm512_or_si512(_mm512_cvtepu16_epi32(low), upper);
    }
}

// All places of a grid up to `end`, a multiple of 32, as an operand; `to` has the first channel's first place.
static ESPALIER_AMX void arrange(const grid *g, size_t end, const int is_left, size_t stride, char *to) {
    for (size_t first = 0; first < end; first += AMX_RUN) {
        const uint16_t *pixels[AMX_RUN];
        find_pixels(g, first, pixels);
        for (size_t c = 0; c < g->channels; c += AMX_SIDE) {
            espalier_square_row rows[AMX_SIDE];
            const __mmask16 there = (__mmask16)_bzhi_u32(0xffff, (unsigned)amx_smaller(g->channels - c, 16));
            pair_up(pixels, c, there, AMX_RUN * g->step * g->channels, rows);
            char *at = to + (is_left ? c * stride + 2 * first : c / AMX_SIDE * stride + 32 * first);
            if (is_left) espalier_transpose_square(rows);
            const size_t row_bytes = is_left ? stride : 64;
            UNROLL
            for (size_t r = 0; r < AMX_SIDE; r++, at += row_bytes) memcpy(at, &rows[r], sizeof rows[r]);
        }
    }
}

typedef struct {
    const espalier_amx_shape *shape;
    const weights_plan *plan;
    const uint16_t *input, *gradient;
    size_t *offsets;  // bytes from a channel's first place to a run of places
    char *left, *right;
    float *sums;
} weights_pass;

static grid input_grid(const weights_pass *w, size_t image, size_t row, size_t plane_y, size_t plane_x) {
    const espalier_amx_shape *const s = w->shape;
    const weights_plan *const p = w->plan;
    const int direct = is_direct(s);
    return (grid){
        .image = w->input + image * s->in_height * s->in_width * s->in_channels,
        .channels = s->in_channels,
        .height = direct ? p->height : s->in_height,
        .width = s->in_width,
        .y = (ptrdiff_t)(s->stride * row + plane_y) - (ptrdiff_t)s->padding,
        .x = (ptrdiff_t)plane_x - (ptrdiff_t)s->padding,
        .step = s->stride,
        .row_places = p->row_places,
        .places = (p->band_rows + reach(s)) * p->row_places,
    };
}

static grid gradient_grid(const weights_pass *w, size_t image, size_t row) {
    const espalier_amx_shape *const s = w->shape;
    const weights_plan *const p = w->plan;
    return (grid){
        .image = w->gradient + image * p->height * p->width * s->out_channels,
        .channels = s->out_channels,
        .height = p->height,
        .width = p->width,
        .y = (ptrdiff_t)row,
        .step = 1,
        .row_places = p->row_places,
        .places = p->band_rows * p->row_places,
    };
}

// Both operands of one segment of a stretch.
static void arrange_segment(const weights_pass *w, size_t segment, size_t at) {
    const weights_plan *const p = w->plan;
    const size_t image = segment / p->bands, row = segment % p->bands * p->band_rows;
    char *const left = w->left + at * p->left_places * 2;
    char *const right = w->right + at * p->right_places / AMX_RUN * AMX_BYTES;
    const grid gradient = gradient_grid(w, image, row);
    if (is_direct(w->shape)) {
        const grid input = input_grid(w, image, row, 0, 0);
        arrange(&gradient, p->left_places, 1, p->left_bytes, left);
        arrange(&input, p->right_places, 0, p->right_bytes, right);
        return;
    }
    arrange(&gradient, p->right_places, 0, p->right_bytes, right);
    const size_t plane = amx_up(p->rows, AMX_SIDE) * p->left_bytes;
    for (size_t y = 0; y < p->planes_side; y++) {
        for (size_t x = 0; x < p->planes_side; x++) {
            const grid input = input_grid(w, image, row, y, x);
            arrange(&input, p->left_places, 1, p->left_bytes, left + (y * p->planes_side + x) * plane);
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
    const char *columns = b->right;
    for (size_t r = 0; r < b->runs; r++) {
        amx_multiply(
            b->left + b->offsets[r], b->left_bytes, AMX_SIDE * b->left_bytes, columns, b->right_bytes, left, right);
        columns += AMX_BYTES;
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
    const size_t plane = amx_up(p->rows, AMX_SIDE) * p->left_bytes;
    const size_t near = p->taps == 1 ? runs : NEAR_RUNS;
    for (size_t first = 0; first < runs; first += near) {
        b.runs = amx_smaller(near, runs - first);
        b.offsets = w->offsets + first;
        b.right = w->right + column / AMX_SIDE * p->right_bytes + first * AMX_BYTES;
        b.adds = adds || first > 0;
        for (size_t t = 0; t < p->taps; t++) {
            const size_t y = t / kernel, x = t % kernel;
            const size_t shift = y / stride * p->row_places + x / stride;
            const size_t from = y % stride * p->planes_side + x % stride;
            b.left = w->left + from * plane + row * p->left_bytes + 2 * shift;
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
        b.rows = amx_smaller(p->rows - row, AMX_BLOCK);
        for (size_t column = 0; column < p->columns; column += AMX_BLOCK) {
            b.columns = amx_smaller(p->columns - column, AMX_BLOCK);
            add_taps(w, b, row, column, runs, adds);
        }
    }
}

static void find_offsets(const weights_pass *w) {
    const size_t runs = w->plan->right_places / AMX_RUN;
    for (size_t r = 0; r < w->plan->segments * runs; r++) {
        w->offsets[r] = r / runs * w->plan->left_places * 2 + r % runs * 64;
    }
}

static ESPALIER_AMX void add_all(const weights_pass *w) {
    const weights_plan *const p = w->plan;
    const size_t segments = p->images * p->bands;
    find_offsets(w);
    amx_begin(AMX_SIDE);
    for (size_t done = 0, count; done < segments; done += count) {
        count = amx_smaller(p->segments, segments - done);
        for (size_t s = 0; s < count; s++) arrange_segment(w, done + s, s);
        add_stretch(w, count * p->right_places / AMX_RUN, done > 0);
    }
    amx_end();
}

void espalier_amx_weight_gradient(
    const espalier_amx_shape *shape, const uint16_t *input, const uint16_t *gradient, float *weight_gradient,
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
    const espalier_amx_shape *shape, const uint16_t *input, const uint16_t *gradient, float *weight_gradient,
    void *scratch) {
    (void)shape, (void)input, (void)gradient, (void)weight_gradient, (void)scratch;
    abort();
}

#endif
