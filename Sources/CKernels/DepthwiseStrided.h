// Input gradients of convolutions with a stride, for LANES channels at once.

// What the sums of `stride` · TOGETHER neighbouring inputs get from one row of the gradient under one row of
// taps: each pixel of the gradient is read once and goes to all the inputs that it came from. `lowest` is the
// first of the pixels. `kernel` and `stride` are constants at each call, padding is kernel / 2.
INNER void LANED(spread)(
    VEC *restrict sums, const ELEMENT *restrict gradient, ptrdiff_t lowest, size_t channels, range inside,
    const VEC *restrict weights, LANED(part) part, const size_t kernel, const size_t stride) {
    const ptrdiff_t before = (ptrdiff_t)((kernel - 1 - kernel / 2) / stride);
    const size_t pixels = spread_pixels(kernel, stride);
    // From the last to the first, so that every sum meets its taps in order.
#pragma clang loop unroll(full)
    for (size_t i = 0; i < pixels; i++) {
        const size_t pixel = pixels - 1 - i;
        if (pixel < inside.first || pixel >= inside.end) continue;
        VEC value;
        LANED(read)(&value, gradient + (lowest + (ptrdiff_t)pixel) * (ptrdiff_t)channels, part);
#pragma clang loop unroll(full)
        for (size_t tap = 0; tap < kernel; tap++) {
            const ptrdiff_t at =
                ((ptrdiff_t)pixel - before) * (ptrdiff_t)stride + (ptrdiff_t)tap - (ptrdiff_t)(kernel / 2);
            if (at < 0 || at >= (ptrdiff_t)(stride * TOGETHER)) continue;
            LANED(multiply_add)(&sums[at], &value, &weights[tap], &sums[at]);
        }
    }
}

// Up to `stride` · TOGETHER inputs of a row; the first of them is `stride` · `at`. `inside` is a constant
// where all pixels are inside the gradient's row.
INNER void LANED(spread_outputs)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, const VEC *weights, LANED(part) part,
    ahead *next, size_t y, range rows, size_t at, size_t count, range inside, const size_t kernel,
    const size_t stride) {
    const size_t channels = s->channels, from_row = s->out_width * channels;
    const size_t to_row = s->in_width * channels;
    const ptrdiff_t lowest = (ptrdiff_t)at - (ptrdiff_t)((kernel - 1 - kernel / 2) / stride);
    ELEMENT *out = w->out + y * to_row + at * stride * channels + part.first;
    const size_t bytes = TOGETHER * LANES * sizeof(ELEMENT);
    fetch(&next->in, bytes / stride);
    fetch_to_write(&next->out, bytes * stride);
    VEC sums[2 * TOGETHER];
    for (size_t j = 0; j < stride * TOGETHER; j++) {
        sums[j] = (VEC){0};
    }
    for (size_t r = rows.first; r < rows.end; r += stride) {
        const ELEMENT *from = w->x + (y + kernel / 2 - r) / stride * from_row + part.first;
        LANED(spread)(sums, from, lowest, channels, inside, weights + r * kernel, part, kernel, stride);
    }
    for (size_t j = 0; j < stride * TOGETHER; j++) {
        if (j < count) LANED(write)(&sums[j], out + j * channels, part);
    }
}

// Rows of inputs of one image, of LANES channels.
INNER void LANED(spread_part)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, LANED(part) part, ahead *next, range in_rows,
    const size_t kernel, const size_t stride) {
    VEC weights[USUAL_TAPS];
    for (size_t i = 0; i < kernel * kernel; i++) {
        LANED(read)(&weights[i], w->weight + i * s->channels + part.first, part);
    }
    const size_t pixels = spread_pixels(kernel, stride), before = (kernel - 1 - kernel / 2) / stride;
    for (size_t y = in_rows.first; y < in_rows.end; y++) {
        const range rows = taps_reaching(y, s->out_height, kernel, stride, kernel / 2);
        for (size_t at = 0; at * stride < s->in_width; at += TOGETHER) {
            const range inside = pixels_inside(at, s->out_width, pixels, before);
            const size_t count = s->in_width - at * stride;
            if (inside.first == 0 && inside.end == pixels && count >= stride * TOGETHER) {
                const range all = {0, pixels};
                LANED(spread_outputs)(
                    s, w, weights, part, next, y, rows, at, stride * TOGETHER, all, kernel, stride);
            } else {
                LANED(spread_outputs)(s, w, weights, part, next, y, rows, at, count, inside, kernel, stride);
            }
        }
    }
}

// Any windows, one input after the other.
INNER void LANED(gather)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, range in_rows, size_t first, size_t end) {
    const size_t channels = s->channels;
    for (size_t y = in_rows.first; y < in_rows.end; y++) {
        const range rows = taps_reaching(y, s->out_height, s->kernel, s->stride, s->padding);
        for (size_t x = 0; x < s->in_width; x++) {
            const range columns = taps_reaching(x, s->out_width, s->kernel, s->stride, s->padding);
            for (size_t c = first; c < end; c += LANES) {
                const LANED(part) part = LANED(part_from)(c, channels);
                VEC sum = {0};
                for (size_t row = rows.first; row < rows.end; row += s->stride) {
                    const size_t out_y = (y + s->padding - row) / s->stride;
                    for (size_t column = columns.first; column < columns.end; column += s->stride) {
                        const size_t out_x = (x + s->padding - column) / s->stride;
                        VEC value, weight;
                        LANED(read)(
                            &value, w->x + (out_y * s->out_width + out_x) * channels + part.first, part);
                        LANED(read)(
                            &weight, w->weight + (row * s->kernel + column) * channels + part.first, part);
                        LANED(multiply_add)(&sum, &value, &weight, &sum);
                    }
                }
                LANED(write)(&sum, w->out + (y * s->in_width + x) * channels + part.first, part);
            }
        }
    }
}

// `kernel` and `stride` are constants at each call; 0: any.
INNER void LANED(spread_rows)(
    const espalier_depthwise_shape *s, const NAME(windows) *w, range in_rows, size_t first, size_t end,
    ahead *next, const size_t kernel, const size_t stride) {
    if (LANES == 1 || kernel == 0) {
        LANED(gather)(s, w, in_rows, first, end);
        return;
    }
    for (size_t c = first; c < end; c += LANES) {
        LANED(spread_part)(s, w, LANED(part_from)(c, s->channels), next, in_rows, kernel, stride);
    }
}
