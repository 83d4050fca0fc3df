// Channels are the inner loop, so that they vectorise without a change in the order of any sum. Some rows are
// taken together, so that an accumulator is loaded and stored once for all of them; the order stays.
#include "Norm.h"

// Four rows hide the additions' latency where channels are few; with many, four streams of each array are
// more than the hardware follows. Measured on one AVX-512 core, cached and not, for 16 to 256 channels.
enum { FEW_CHANNELS = 64, ROWS_OF_FEW = 4, ROWS_OF_MANY = 2 };

// Asks for n floats that will be read soon.
static inline __attribute__((always_inline)) void fetch(const float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) __builtin_prefetch(x + i);
}

static inline __attribute__((always_inline)) void add_rows(
    const float *restrict x, size_t rows, size_t channels, double *restrict sums, double *restrict squares) {
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

static inline __attribute__((always_inline)) void add_blocks(
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
void espalier_norm_sums(const float *x, size_t rows, size_t channels, double *sums, double *squares) {
    for (size_t c = 0; c < channels; c++) sums[c] = squares[c] = 0;
    if (channels < FEW_CHANNELS) {
        add_blocks(x, rows, channels, sums, squares, ROWS_OF_FEW);
    } else {
        add_blocks(x, rows, channels, sums, squares, ROWS_OF_MANY);
    }
}

// `residual` and `relu` are constants at each call, so the branches leave the loops.
static inline __attribute__((always_inline)) void apply_rows(
    const float *x, const float *restrict scale, const float *restrict shift, const float *residual,
    float *out, size_t rows, size_t channels, int relu) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) {
            float value = x[row + c] * scale[c] + shift[c];
            if (residual) value += residual[row + c];
            if (relu) value = value > 0 ? value : 0;
            out[row + c] = value;
        }
    }
}

ESPALIER_CLONES
void espalier_norm_apply(
    const float *x, const float *scale, const float *shift, const float *residual, float *out, size_t rows,
    size_t channels, int relu) {
    if (residual && relu) {
        apply_rows(x, scale, shift, residual, out, rows, channels, 1);
    } else if (residual) {
        apply_rows(x, scale, shift, residual, out, rows, channels, 0);
    } else if (relu) {
        apply_rows(x, scale, shift, NULL, out, rows, channels, 1);
    } else {
        apply_rows(x, scale, shift, NULL, out, rows, channels, 0);
    }
}

// `output` is null or not as a constant at each call.
static inline __attribute__((always_inline)) void backward_rows(
    float *restrict gradient, const float *restrict output, const float *restrict x, size_t rows,
    size_t channels, double *restrict sums, double *restrict products) {
    for (size_t c = 0; c < channels; c++) {
        double sum = sums[c], product = products[c];
        for (size_t r = 0; r < rows; r++) {
            const size_t i = r * channels + c;
            float dz = gradient[i];
            if (output) {
                dz = output[i] > 0 ? dz : 0;
                gradient[i] = dz;
            }
            sum += (double)dz;
            product += (double)dz * (double)x[i];
        }
        sums[c] = sum;
        products[c] = product;
    }
}

static inline __attribute__((always_inline)) void backward_blocks(
    float *gradient, const float *output, const float *x, size_t rows, size_t channels, double *sums,
    double *products, size_t together) {
    const size_t size = together * channels;
    size_t r = 0, i = 0;
    for (; r + together <= rows; r += together, i += size) {
        if (r + 2 * together <= rows) {
            fetch(gradient + i + size, size);
            if (output) fetch(output + i + size, size);
            fetch(x + i + size, size);
        }
        backward_rows(gradient + i, output ? output + i : NULL, x + i, together, channels, sums, products);
    }
    for (; r < rows; r++, i += channels) {
        backward_rows(gradient + i, output ? output + i : NULL, x + i, 1, channels, sums, products);
    }
}

ESPALIER_CLONES
void espalier_norm_backward_sums(
    float *gradient, const float *output, const float *x, size_t rows, size_t channels, double *sums,
    double *products) {
    for (size_t c = 0; c < channels; c++) sums[c] = products[c] = 0;
    if (output && channels < FEW_CHANNELS) {
        backward_blocks(gradient, output, x, rows, channels, sums, products, ROWS_OF_FEW);
    } else if (output) {
        backward_blocks(gradient, output, x, rows, channels, sums, products, ROWS_OF_MANY);
    } else if (channels < FEW_CHANNELS) {
        backward_blocks(gradient, NULL, x, rows, channels, sums, products, ROWS_OF_FEW);
    } else {
        backward_blocks(gradient, NULL, x, rows, channels, sums, products, ROWS_OF_MANY);
    }
}

ESPALIER_CLONES
void espalier_norm_backward_apply(
    const float *dz, const float *x, const float *a, const float *b, const float *d, float *dx, size_t rows,
    size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        const size_t row = r * channels;
#pragma clang loop vectorize(assume_safety)
        for (size_t c = 0; c < channels; c++) dx[row + c] = a[c] * dz[row + c] + b[c] * x[row + c] + d[c];
    }
}
