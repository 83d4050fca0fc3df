// The loops of Norm.c for fp32. Some rows are taken together, so that an accumulator is loaded and stored once
// for all of them; the order stays.

// Four rows hide the additions' latency where channels are few; with many, four streams of each array are
// more than the hardware follows. Measured on one AVX-512 core, cached and not, for 16 to 256 channels.
enum { FEW_CHANNELS = 64, ROWS_OF_FEW = 4, ROWS_OF_MANY = 2 };

// Channels that are computed with together: one vector or some.
enum { LANES = 16 };

// PIECE(first channel, totals, other totals, channels): all channels in pieces of 16, or of 8, 4 or 1 if they
// are fewer. A channel count that is no multiple of that ends with a piece that overlaps the one before: what
// it adds to the totals is computed twice, to the same bits. It comes first, in a copy of the totals. In fp32,
// where totals are twice as wide as a vector, that pays only for work on each value and up to MANY_CHANNELS.
enum { MANY_CHANNELS = 128 };
#define FOR_PIECES(channels, totals, others, PIECE)                                      \
    if ((channels) >= 16) {                                                              \
        PIECES_OF(16, channels, totals, others, PIECE)                                   \
    } else if ((channels) >= 8) {                                                        \
        PIECES_OF(8, channels, totals, others, PIECE)                                    \
    } else if ((channels) >= 4) {                                                        \
        PIECES_OF(4, channels, totals, others, PIECE)                                    \
    } else {                                                                             \
        for (size_t c = 0; c < (channels); c++) PIECE(c, (totals) + c, (others) + c, 1); \
    }

#define PIECES_OF(width, channels, totals, others, PIECE)                                            \
    double last[width], other_last[width];                                                           \
    const size_t rest = (channels) % width;                                                          \
    const size_t overlap = rest == 0 ? 0 : rest > 8 ? 16 : rest > 4 ? 8 : 4;                         \
    const size_t from = (channels)-overlap;                                                          \
    memcpy(last, (totals) + from, overlap * sizeof *last);                                           \
    memcpy(other_last, (others) + from, overlap * sizeof *other_last);                               \
    if (overlap == 16) PIECE(from, last, other_last, (width < 16 ? width : 16));                     \
    if (overlap == 8) PIECE(from, last, other_last, (width < 8 ? width : 8));                        \
    if (overlap == 4) PIECE(from, last, other_last, 4);                                              \
    for (size_t c = 0; c + width <= (channels); c += width) PIECE(c, (totals) + c, (others) + c, width); \
    memcpy((totals) + from, last, overlap * sizeof *last);                                           \
    memcpy((others) + from, other_last, overlap * sizeof *other_last);

// STRETCH(first value, its channel, values): all n values of rows of so many channels, LANES at a time
// whatever the rows. A coefficient by channel is read from a row of them that goes on where it began
// (`make_round`). With many channels the ends of rows cost little.
enum { ROUND_CHANNELS = 256 };
#define FOR_STRETCHES(n, channels, STRETCH)                \
    const size_t step = LANES % (channels);                \
    size_t i = 0, c = 0;                                   \
    for (; i + LANES <= (n); i += LANES) {                 \
        STRETCH(i, c, LANES);                              \
        c += step;                                         \
        if (c >= (channels)) c -= (channels);              \
    }                                                      \
    STRETCH(i, c, (n)-i);

INLINE void make_round(const float *restrict coefficients, size_t channels, float *restrict round) {
    memcpy(round, coefficients, channels * sizeof *round);
    for (size_t i = 0; i < LANES; i++) round[channels + i] = round[i];
}

// Asks for n elements that will be read soon.
INLINE void fetch(const float *x, size_t n) {
    for (size_t i = 0; i < n; i += 64 / sizeof(float)) __builtin_prefetch(x + i);
}

INLINE void add_rows(
    const float *restrict x, size_t rows, size_t channels, double *restrict sums, double *restrict squares) {
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < channels; c++) {
        double sum = sums[c], square = squares[c];
        for (size_t r = 0; r < rows; r++) {
            const double value = x[r * channels + c];
            sum += value;
            square += value * value;
        }
        sums[c] = sum;
        squares[c] = square;
    }
}

INLINE void add_blocks(
    const float *x, size_t rows, size_t channels, double *sums, double *squares, size_t together) {
    size_t r = 0;
    for (; r + together <= rows; r += together) {
        const float *block = x + r * channels;
        if (r + 2 * together <= rows) fetch(block + together * channels, together * channels);
        add_rows(block, together, channels, sums, squares);
    }
    for (; r < rows; r++) add_rows(x + r * channels, 1, channels, sums, squares);
}

ESPALIER_CLONES
void espalier_norm_sums(
    const float *x, size_t rows, size_t channels, double *sums, double *squares) {
    if (channels < FEW_CHANNELS) {
        add_blocks(x, rows, channels, sums, squares, ROWS_OF_FEW);
    } else {
        add_blocks(x, rows, channels, sums, squares, ROWS_OF_MANY);
    }
}

// `residual` is null or not, and `kind` what it is, as constants at each call: the branches leave the loops.
INLINE void apply_values(
    const float *x, const float *restrict scale, const float *restrict shift, const float *residual,
    float *out, size_t count, int kind) {
#pragma clang loop vectorize(assume_safety) unroll(disable)
    for (size_t c = 0; c < count; c++) {
        float value = x[c] * scale[c] + shift[c];
        if (residual) value += residual[c];
        out[c] = espalier_activated(value, kind);
    }
}

INLINE void apply_rows(
    const float *x, const float *scale, const float *shift, const float *residual, float *out,
    size_t rows, size_t channels, int kind) {
    if (channels > ROUND_CHANNELS) {
        for (size_t i = 0; i < rows * channels; i += channels) {
            apply_values(
                x + i, scale, shift, residual ? residual + i : NULL, out + i, channels, kind);
        }
        return;
    }
    float round[2][ROUND_CHANNELS + LANES] __attribute__((aligned(64)));
    make_round(scale, channels, round[0]);
    make_round(shift, channels, round[1]);
#define STRETCH(i, c, count) \
    apply_values( \
        x + (i), round[0] + (c), round[1] + (c), residual ? residual + (i) : NULL, out + (i), count, kind)
    FOR_STRETCHES(rows * channels, channels, STRETCH)
#undef STRETCH
}

ESPALIER_CLONES
void espalier_norm_apply(
    const float *x, const float *scale, const float *shift, const float *residual, float *out,
    size_t rows, size_t channels, int activation) {
#define WITH_RESIDUAL(kind) apply_rows(x, scale, shift, residual, out, rows, channels, kind)
#define WITHOUT_RESIDUAL(kind) apply_rows(x, scale, shift, NULL, out, rows, channels, kind)
    if (residual) {
        ESPALIER_FOR_ACTIVATION(activation, WITH_RESIDUAL)
    } else {
        ESPALIER_FOR_ACTIVATION(activation, WITHOUT_RESIDUAL)
    }
#undef WITH_RESIDUAL
#undef WITHOUT_RESIDUAL
}

// What the first pass back reads beside the gradient.
typedef struct {
    const float *x;
    // Null, or the output of the pass forward, which shows the slope of ReLU and ReLU6 as their input does.
    const float *output;
    const float *scale;
    const float *shift;
} back_source;

// With `source.output` the gradient is changed in place, to the same if twice; whether there is one and
// `kind` are constants at each call, and `count` is one or all channels.
INLINE void backward_rows(
    float *restrict gradient, back_source source, size_t rows, size_t channels, size_t first,
    double *restrict sums, double *restrict products, int kind, const size_t count) {
    const float *restrict const x = source.x, *restrict const output = source.output;
    const float *restrict const scale = source.scale, *restrict const shift = source.shift;
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < count; c++) {
        double sum = sums[c], product = products[c];
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + first + c;
            const float value = x[i];
            float dz = gradient[i];
            if (output) {
                dz = espalier_activated_back(dz, output[i], kind);
                gradient[i] = dz;
            } else if (kind != ESPALIER_NO_ACTIVATION) {
                dz = espalier_activated_back(dz, value * scale[first + c] + shift[first + c], kind);
            }
            sum += (double)dz;
            product += (double)dz * (double)value;
        }
        sums[c] = sum;
        products[c] = product;
    }
}

INLINE void backward_channels(
    float *gradient, back_source source, size_t rows, size_t channels, double *sums, double *products,
    int kind) {
#define PIECE(c, to_sums, to_products, count) \
    backward_rows(gradient, source, rows, channels, c, to_sums, to_products, kind, count)
    if (channels < MANY_CHANNELS) {
        FOR_PIECES(channels, sums, products, PIECE)
    } else {
        PIECE(0, sums, products, channels);
    }
#undef PIECE
}

INLINE void backward_blocks(
    float *gradient, back_source source, size_t rows, size_t channels, double *sums, double *products,
    size_t together, int kind) {
    const size_t size = together * channels;
    size_t r = 0;
    for (; r + together <= rows; r += together) {
        if (r + 2 * together <= rows) {
            fetch(gradient + size, size);
            if (source.output) fetch(source.output + size, size);
            fetch(source.x + size, size);
        }
        backward_channels(gradient, source, together, channels, sums, products, kind);
        gradient += size;
        source.x += size;
        if (source.output) source.output += size;
    }
    for (; r < rows; r++) {
        backward_channels(gradient, source, 1, channels, sums, products, kind);
        gradient += channels;
        source.x += channels;
        if (source.output) source.output += channels;
    }
}

ESPALIER_CLONES
void espalier_norm_backward_sums(
    const float *gradient, const float *x, const float *scale, const float *shift, size_t rows,
    size_t channels, int activation, double *sums, double *products) {
    const back_source source = {x, NULL, scale, shift};
    // Without an output the gradient is only read.
    float *const same = (float *)gradient;
#define FEW(kind) backward_blocks(same, source, rows, channels, sums, products, ROWS_OF_FEW, kind)
#define MANY(kind) \
    backward_blocks(same, source, rows, channels, sums, products, ROWS_OF_MANY, kind)
    if (channels < FEW_CHANNELS) {
        ESPALIER_FOR_ACTIVATION(activation, FEW)
    } else {
        ESPALIER_FOR_ACTIVATION(activation, MANY)
    }
#undef FEW
#undef MANY
}

ESPALIER_CLONES
void espalier_norm_backward_sums_in_place(
    float *gradient, const float *x, const float *output, size_t rows, size_t channels, int activation,
    double *sums, double *products) {
    const back_source source = {x, output, NULL, NULL};
    const size_t few = ROWS_OF_FEW, many = ROWS_OF_MANY;
    if (activation == ESPALIER_RELU6) {
        backward_blocks(gradient, source, rows, channels, sums, products, many, ESPALIER_RELU6);
    } else if (channels < FEW_CHANNELS) {
        backward_blocks(gradient, source, rows, channels, sums, products, few, ESPALIER_RELU);
    } else {
        backward_blocks(gradient, source, rows, channels, sums, products, many, ESPALIER_RELU);
    }
}

INLINE void backward_apply_values(
    const float *gradient, const float *x, const float *restrict scale, const float *restrict shift,
    espalier_norm_factors factors, float *dx, size_t count, int kind) {
    const float *restrict const a = factors.gradient, *restrict const b = factors.value;
    const float *restrict const d = factors.constant;
#pragma clang loop vectorize(assume_safety) unroll(disable)
    for (size_t c = 0; c < count; c++) {
        const float value = x[c];
        float dz = gradient[c];
        if (kind != ESPALIER_NO_ACTIVATION) {
            dz = espalier_activated_back(dz, value * scale[c] + shift[c], kind);
        }
        dx[c] = a[c] * dz + b[c] * value + d[c];
    }
}

INLINE void backward_apply_rows(
    const float *gradient, const float *x, const float *scale, const float *shift,
    espalier_norm_factors factors, float *dx, size_t rows, size_t channels, int kind) {
    if (channels > ROUND_CHANNELS) {
        for (size_t i = 0; i < rows * channels; i += channels) {
            backward_apply_values(gradient + i, x + i, scale, shift, factors, dx + i, channels, kind);
        }
        return;
    }
    float round[5][ROUND_CHANNELS + LANES] __attribute__((aligned(64)));
    make_round(factors.gradient, channels, round[0]);
    make_round(factors.value, channels, round[1]);
    make_round(factors.constant, channels, round[2]);
    if (kind != ESPALIER_NO_ACTIVATION) {
        make_round(scale, channels, round[3]);
        make_round(shift, channels, round[4]);
    }
#define STRETCH(i, c, count) \
    backward_apply_values( \
        gradient + (i), x + (i), round[3] + (c), round[4] + (c), \
        (espalier_norm_factors){round[0] + (c), round[1] + (c), round[2] + (c)}, dx + (i), count, kind)
    FOR_STRETCHES(rows * channels, channels, STRETCH)
#undef STRETCH
}

ESPALIER_CLONES
void espalier_norm_backward_apply(
    const float *gradient, const float *x, const float *scale, const float *shift,
    espalier_norm_factors factors, float *dx, size_t rows, size_t channels, int activation) {
#define APPLY(kind) backward_apply_rows(gradient, x, scale, shift, factors, dx, rows, channels, kind)
    ESPALIER_FOR_ACTIVATION(activation, APPLY)
#undef APPLY
}
