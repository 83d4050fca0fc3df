#include "Hypernet.h"

#include "OptimizerStep.h"
#include "Square.h"

#define INLINE static inline __attribute__((always_inline))

// Sums over n have this many partial sums, whatever the vector length, so every instruction level adds alike.
enum { LANES = 8 };

// A block's W waits transposed: `pitch` floats for each row and tap, a cache line more than the outputs, so
// that the elements of one output do not all fall into the same few places of a cache.
enum { LINE = 16 };

INLINE size_t pitch_of(espalier_hyper_shape shape) {
    return (shape.outputs + 2 * LINE - 1) / LINE * LINE;
}

size_t espalier_hyper_scratch(espalier_hyper_shape shape, size_t rows) {
    return (rows * shape.taps + shape.embedding + 4) * pitch_of(shape);
}

INLINE espalier_hyper_rows row_of(espalier_hyper_shape shape, espalier_hyper_rows first, size_t row) {
    const size_t narrow = row * shape.outputs;
    return (espalier_hyper_rows){
        .w1 = first.w1 + narrow * shape.embedding,
        .w2 = first.w2 + narrow * shape.embedding * shape.taps,
        .b0 = first.b0 + narrow,
        .b1 = first.b1 + narrow * shape.embedding,
        .b2 = first.b2 + narrow * shape.taps,
    };
}

// sums[t,n] = W[n,t] of one row, for one tap: one loop over each j.
INLINE void generate_point(
    espalier_hyper_shape shape, espalier_hyper_rows row, const float *restrict a, float *restrict sums) {
    const size_t count = shape.outputs;
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict w1 = row.w1 + j * count;
        const float *restrict w2 = row.w2 + j * count;
        const float *restrict b1 = row.b1 + j * count;
        if (j == 0) {
            for (size_t n = 0; n < count; n++) sums[n] = w2[n] * (a[n] * w1[n] + b1[n]);
        } else {
            for (size_t n = 0; n < count; n++) sums[n] += w2[n] * (a[n] * w1[n] + b1[n]);
        }
    }
    for (size_t n = 0; n < count; n++) sums[n] += row.b2[n];
}

// Outputs whose sums stay in registers.
enum { CHUNK = 64 };

// sums[n] = Σ_j w2[j·stride + n]·u[j·pitch + n] + b2[n], for at most CHUNK outputs.
INLINE void contract(
    size_t embedding, const float *restrict w2, size_t stride, const float *restrict u, size_t pitch,
    const float *restrict b2, float *restrict sums, size_t count) {
    float total[CHUNK];
    for (size_t n = 0; n < count; n++) total[n] = w2[n] * u[n];
    for (size_t j = 1; j < embedding; j++) {
        for (size_t n = 0; n < count; n++) total[n] += w2[j * stride + n] * u[j * pitch + n];
    }
    for (size_t n = 0; n < count; n++) sums[n] = total[n] + b2[n];
}

// The same for any number of taps. u is scratch.
INLINE void generate_taps(
    espalier_hyper_shape shape, espalier_hyper_rows row, const float *restrict a, float *restrict u,
    float *restrict sums) {
    const size_t count = shape.outputs, pitch = pitch_of(shape);
    for (size_t j = 0; j < shape.embedding; j++) {
        const float *restrict w1 = row.w1 + j * count;
        const float *restrict b1 = row.b1 + j * count;
        for (size_t n = 0; n < count; n++) u[j * pitch + n] = a[n] * w1[n] + b1[n];
    }
    for (size_t t = 0; t < shape.taps; t++) {
        const float *restrict w2 = row.w2 + t * count;
        const float *restrict b2 = row.b2 + t * count;
        float *restrict sum = sums + t * pitch;
        size_t n = 0;
        for (; n + CHUNK <= count; n += CHUNK) {
            contract(shape.embedding, w2 + n, shape.taps * count, u + n, pitch, b2 + n, sum + n, CHUNK);
        }
        contract(shape.embedding, w2 + n, shape.taps * count, u + n, pitch, b2 + n, sum + n, count - n);
    }
}

// How far to fetch ahead of outputs n..<n + SIDE: the next ones, if there are any.
INLINE size_t distance_ahead(size_t n, size_t outputs, size_t stride) {
    return n + 2 * SIDE <= outputs ? SIDE * stride : 0;
}

// out[n·stride + k] = tile[k·pitch + n].
INLINE void scatter(
    const float *restrict tile, size_t lines, size_t outputs, size_t pitch, float *restrict out,
    size_t stride) {
    size_t n = 0;
    for (; n + SIDE <= outputs; n += SIDE) {
        const size_t ahead = distance_ahead(n, outputs, stride);
        size_t k = 0;
        for (; k + SIDE <= lines; k += SIDE) {
            espalier_floats square[SIDE];
            for (int i = 0; i < SIDE; i++) square[i] = *(const espalier_floats *)(tile + (k + i) * pitch + n);
            espalier_transpose(square);
            for (int i = 0; i < SIDE; i++) {
                float *line = out + (n + i) * stride + k;
                *(espalier_floats *)line = square[i];
                __builtin_prefetch(line + ahead, 1);
            }
        }
        for (; k < lines; k++) {
            for (int i = 0; i < SIDE; i++) out[(n + i) * stride + k] = tile[k * pitch + n + i];
        }
    }
    for (; n < outputs; n++) {
        for (size_t k = 0; k < lines; k++) out[n * stride + k] = tile[k * pitch + n];
    }
}

ESPALIER_CLONES
void espalier_hyper_generate(
    espalier_hyper_shape shape, espalier_hyper_rows parameters, size_t rows, const float *z_in,
    const float *z_out, float *weight, size_t stride, float *scratch) {
    const size_t count = shape.outputs, pitch = pitch_of(shape);
    float *restrict a = scratch;
    float *restrict u = a + pitch;
    float *restrict tile = u + pitch * shape.embedding;
    for (size_t r = 0; r < rows; r++) {
        const espalier_hyper_rows row = row_of(shape, parameters, r);
        const float z = z_in[r];
        for (size_t n = 0; n < count; n++) a[n] = z * z_out[n] + row.b0[n];
        if (shape.taps == 1) {
            generate_point(shape, row, a, tile + r * pitch);
        } else {
            generate_taps(shape, row, a, u, tile + r * shape.taps * pitch);
        }
    }
    scatter(tile, rows * shape.taps, count, pitch, weight, stride);
}

// tile[k·pitch + n] = in[n·stride + k]·scale.
INLINE void gather(
    const int32_t *restrict in, size_t stride, float scale, float *restrict tile, size_t lines,
    size_t outputs, size_t pitch) {
    size_t n = 0;
    for (; n + SIDE <= outputs; n += SIDE) {
        const size_t ahead = distance_ahead(n, outputs, stride);
        size_t k = 0;
        for (; k + SIDE <= lines; k += SIDE) {
            espalier_floats square[SIDE];
            for (int i = 0; i < SIDE; i++) {
                const int32_t *line = in + (n + i) * stride + k;
                const espalier_integers sums = *(const espalier_integers *)line;
                square[i] = __builtin_convertvector(sums, espalier_floats) * scale;
                __builtin_prefetch(line + ahead);
            }
            espalier_transpose(square);
            for (int i = 0; i < SIDE; i++) *(espalier_floats *)(tile + (k + i) * pitch + n) = square[i];
        }
        for (; k < lines; k++) {
            for (int i = 0; i < SIDE; i++) tile[k * pitch + n + i] = (float)in[(n + i) * stride + k] * scale;
        }
    }
    for (; n < outputs; n++) {
        for (size_t k = 0; k < lines; k++) tile[k * pitch + n] = (float)in[n * stride + k] * scale;
    }
}

// da[n] = ∂L/∂a of one row of one tap, whose ∂L/∂W is dw. Everything of one j is in registers.
INLINE void update_point(
    espalier_hyper_shape shape, espalier_hyper_rows row, espalier_hyper_rows moments,
    espalier_optimizer_rule rule, int kind, const float *restrict a, const float *restrict dw,
    float *restrict da) {
    const size_t count = shape.outputs, slot = rule.slot;
    for (size_t j = 0; j < shape.embedding; j++) {
        float *restrict w1 = row.w1 + j * count, *restrict w2 = row.w2 + j * count;
        float *restrict b1 = row.b1 + j * count, *restrict m1 = moments.w1 + j * count;
        float *restrict m2 = moments.w2 + j * count, *restrict mb = moments.b1 + j * count;
        float *restrict s1 = m1 + slot, *restrict s2 = m2 + slot, *restrict sb = mb + slot;
        for (size_t n = 0; n < count; n++) {
            const float u = a[n] * w1[n] + b1[n];
            const float du = w2[n] * dw[n];
            da[n] += du * w1[n];
            espalier_optimizer_step(w2 + n, m2 + n, s2 + n, dw[n] * u, rule, kind);
            espalier_optimizer_step(w1 + n, m1 + n, s1 + n, du * a[n], rule, kind);
            espalier_optimizer_step(b1 + n, mb + n, sb + n, du, rule, kind);
        }
    }
}

INLINE void update_taps(
    espalier_hyper_shape shape, espalier_hyper_rows row, espalier_hyper_rows moments,
    espalier_optimizer_rule rule, int kind, const float *restrict a, const float *restrict dw,
    float *restrict u, float *restrict du, float *restrict da) {
    const size_t count = shape.outputs, slot = rule.slot;
    for (size_t j = 0; j < shape.embedding; j++) {
        float *restrict w1 = row.w1 + j * count, *restrict b1 = row.b1 + j * count;
        float *restrict m1 = moments.w1 + j * count, *restrict mb = moments.b1 + j * count;
        float *restrict s1 = m1 + slot, *restrict sb = mb + slot;
        for (size_t n = 0; n < count; n++) {
            u[n] = a[n] * w1[n] + b1[n];
            du[n] = 0;
        }
        for (size_t t = 0; t < shape.taps; t++) {
            const float *restrict dt = dw + t * pitch_of(shape);
            float *restrict w2 = row.w2 + (j * shape.taps + t) * count;
            float *restrict m2 = moments.w2 + (j * shape.taps + t) * count;
            float *restrict s2 = m2 + slot;
            for (size_t n = 0; n < count; n++) {
                du[n] += w2[n] * dt[n];
                espalier_optimizer_step(w2 + n, m2 + n, s2 + n, dt[n] * u[n], rule, kind);
            }
        }
        for (size_t n = 0; n < count; n++) {
            da[n] += du[n] * w1[n];
            espalier_optimizer_step(w1 + n, m1 + n, s1 + n, du[n] * a[n], rule, kind);
            espalier_optimizer_step(b1 + n, mb + n, sb + n, du[n], rule, kind);
        }
    }
}

// Σ x[n]·y[n] in fp64.
INLINE double inner_product(const float *restrict x, const float *restrict y, size_t count) {
    double lanes[LANES] = {0};
    size_t n = 0;
    for (; n + LANES <= count; n += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] += (double)x[n + lane] * (double)y[n + lane];
        }
    }
    for (size_t lane = 0; n < count; n++, lane++) lanes[lane] += (double)x[n] * (double)y[n];
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

INLINE void update(
    espalier_hyper_shape shape, espalier_hyper_rows parameters, espalier_hyper_rows moments, size_t rows,
    const float *z_in, const float *z_out, const int32_t *gradient, size_t stride, float scale,
    espalier_optimizer_rule rule, int kind, double *z_in_gradient, double *z_out_gradient, float *scratch) {
    const size_t count = shape.outputs, pitch = pitch_of(shape);
    float *restrict a = scratch;
    float *restrict u = a + pitch;
    float *restrict du = u + pitch;
    float *restrict da = du + pitch;
    float *restrict tile = da + pitch;
    gather(gradient, stride, scale, tile, rows * shape.taps, count, pitch);
    for (size_t n = 0; n < count; n++) z_out_gradient[n] = 0;
    for (size_t r = 0; r < rows; r++) {
        const espalier_hyper_rows row = row_of(shape, parameters, r);
        const espalier_hyper_rows moment = row_of(shape, moments, r);
        const float *restrict dw = tile + r * shape.taps * pitch;
        const float z = z_in[r];
        for (size_t n = 0; n < count; n++) {
            a[n] = z * z_out[n] + row.b0[n];
            da[n] = 0;
        }
        if (shape.taps == 1) {
            update_point(shape, row, moment, rule, kind, a, dw, da);
        } else {
            update_taps(shape, row, moment, rule, kind, a, dw, u, du, da);
        }
        espalier_optimizer_span(row.b0, moment.b0, da, count, rule, kind);
        for (size_t t = 0; t < shape.taps; t++) {
            espalier_optimizer_span(
                row.b2 + t * count, moment.b2 + t * count, dw + t * pitch, count, rule, kind);
        }
        for (size_t n = 0; n < count; n++) z_out_gradient[n] += (double)da[n] * (double)z;
        z_in_gradient[r] = inner_product(da, z_out, count);
    }
}

ESPALIER_CLONES
void espalier_hyper_update(
    espalier_hyper_shape shape, espalier_hyper_rows parameters, espalier_hyper_rows moments, size_t rows,
    const float *z_in, const float *z_out, const int32_t *gradient, size_t stride, float scale,
    espalier_optimizer_rule rule, double *z_in_gradient, double *z_out_gradient, float *scratch) {
#define BODY(kind)                                                                                  \
    update(                                                                                         \
        shape, parameters, moments, rows, z_in, z_out, gradient, stride, scale, rule, kind,         \
        z_in_gradient, z_out_gradient, scratch)
    ESPALIER_FOR_OPTIMIZER(rule.kind, BODY)
#undef BODY
}
