// Gradients of the weights, for LANES channels at once.

// What TOGETHER neighbouring outputs of one row add to the sums of `height` rows and `width` columns of taps.
// `x` is the first of the input's rows under them, `left` the column that the first output's first column of
// taps lies on; `rows` are those of the taps, `inside` those of the pixels from `left` on that lie inside the
// input. `height`, `width` and `stride` are constants at each call, so that the sums stay in registers.
INNER void LANED(add_products)(
    VEC *restrict sums, const VEC *restrict gradient, const ELEMENT *restrict x, ptrdiff_t in_row,
    ptrdiff_t left, size_t channels, range rows, range inside, LANED(part) part, const size_t height,
    const size_t width, const size_t stride) {
#pragma clang loop unroll(full)
    for (size_t row = 0; row < height; row++) {
        if (row < rows.first || row >= rows.end) continue;
        const ELEMENT *from = x + (ptrdiff_t)row * in_row;
#pragma clang loop unroll(full)
        for (size_t pixel = 0; pixel < (TOGETHER - 1) * stride + width; pixel++) {
            if (pixel < inside.first || pixel >= inside.end) continue;
            VEC value;
            LANED(read)(&value, from + (left + (ptrdiff_t)pixel) * (ptrdiff_t)channels, part);
#pragma clang loop unroll(full)
            for (size_t j = 0; j < TOGETHER; j++) {
                if (pixel < j * stride || pixel - j * stride >= width) continue;
                VEC *sum = &sums[row * width + pixel - j * stride];
                LANED(multiply_add)(sum, &value, &gradient[j], sum);
            }
        }
    }
}

// What the outputs from `at` on add to the sums of `height` rows and `width` columns of taps from `tap` on.
// An output that is not there has zeros for its gradient.
INNER void LANED(add_outputs)(
    VEC *restrict sums, const espalier_depthwise_shape *s, const NAME(products) *w, LANED(part) part,
    ahead *next, size_t row, size_t at, range rows, range inside, size_t count, place tap,
    const size_t height, const size_t width, const size_t stride) {
    const size_t channels = s->channels, in_row = s->in_width * channels, out_row = s->out_width * channels;
    const ptrdiff_t top = (ptrdiff_t)(row * stride + tap.row) - (ptrdiff_t)s->padding;
    const ptrdiff_t left = (ptrdiff_t)(at * stride + tap.column) - (ptrdiff_t)s->padding;
    const ELEMENT *x = w->x + (top * (ptrdiff_t)in_row + (ptrdiff_t)part.first);
    const ELEMENT *from = w->gradient + row * out_row + at * channels + part.first;
    if (tap.row == 0) {
        const size_t bytes = TOGETHER * LANES * sizeof(ELEMENT);
        fetch(&next->in, stride * stride * bytes);
        fetch(&next->out, bytes);
    }
    VEC gradient[TOGETHER];
    for (size_t j = 0; j < TOGETHER; j++) {
        gradient[j] = (VEC){0};
        if (j < count) LANED(read)(&gradient[j], from + j * channels, part);
    }
    LANED(add_products)(
        sums, gradient, x, (ptrdiff_t)in_row, left, channels, rows, inside, part, height, width, stride);
}

// The sums over some rows of outputs, added to the totals.
INNER void LANED(add_group)(
    const espalier_depthwise_shape *s, const NAME(products) *w, LANED(part) part, ahead *next, range out_rows,
    place tap, const size_t height, const size_t width, const size_t stride) {
    VEC sums[2 * USUAL_SIDE];
    for (size_t i = 0; i < height * width; i++) sums[i] = (VEC){0};
    const size_t pixels = (TOGETHER - 1) * stride + width;
    for (size_t row = out_rows.first; row < out_rows.end; row++) {
        const range rows = pixels_inside(row * stride + tap.row, s->in_height, height, s->padding);
        for (size_t at = 0; at < s->out_width; at += TOGETHER) {
            const size_t count = smaller(s->out_width - at, TOGETHER);
            const range inside = pixels_inside(
                at * stride + tap.column, s->in_width, (count - 1) * stride + width, s->padding);
            if (inside.first == 0 && inside.end == pixels) {
                const range all = {0, pixels};
                LANED(add_outputs)(
                    sums, s, w, part, next, row, at, rows, all, TOGETHER, tap, height, width, stride);
            } else {
                LANED(add_outputs)(
                    sums, s, w, part, next, row, at, rows, inside, count, tap, height, width, stride);
            }
        }
    }
    for (size_t i = 0; i < height * width; i++) {
        const size_t to = (tap.row + i / width) * s->kernel + tap.column + i % width;
        LANED(add_floats)(w->totals + to * s->channels + part.first, &sums[i], part);
    }
}

// The sums of one tap over some rows of outputs, added to the totals: for any kernel and stride.
INNER void LANED(add_any)(
    const espalier_depthwise_shape *s, const NAME(products) *w, LANED(part) part, range out_rows,
    place tap) {
    const size_t channels = s->channels;
    VEC sum = {0};
    for (size_t row = out_rows.first; row < out_rows.end; row++) {
        const size_t y = row * s->stride + tap.row;
        if (y < s->padding || y - s->padding >= s->in_height) continue;
        for (size_t at = 0; at < s->out_width; at++) {
            const size_t x = at * s->stride + tap.column;
            if (x < s->padding || x - s->padding >= s->in_width) continue;
            const size_t pixel = (y - s->padding) * s->in_width + x - s->padding;
            VEC value, gradient;
            LANED(read)(&value, w->x + pixel * channels + part.first, part);
            LANED(read)(&gradient, w->gradient + (row * s->out_width + at) * channels + part.first, part);
            LANED(multiply_add)(&sum, &value, &gradient, &sum);
        }
    }
    const size_t to = tap.row * s->kernel + tap.column;
    LANED(add_floats)(w->totals + to * channels + part.first, &sum, part);
}

// The same of all taps, as many at once as there are registers for.
INNER void LANED(add_all)(
    const espalier_depthwise_shape *s, const NAME(products) *w, LANED(part) part, ahead *next, range out_rows,
    const size_t kernel, const size_t stride) {
    if (LANES > 1 && kernel == 3) {
        LANED(add_group)(s, w, part, next, out_rows, (place){0, 0}, 3, 3, stride);
    } else if (LANES > 1 && kernel == 5) {
        LANED(add_group)(s, w, part, next, out_rows, (place){0, 0}, 2, 5, stride);
        LANED(add_group)(s, w, part, next, out_rows, (place){2, 0}, 2, 5, stride);
        LANED(add_group)(s, w, part, next, out_rows, (place){4, 0}, 1, 5, stride);
    } else {
        for (size_t tap = 0; tap < s->kernel * s->kernel; tap++) {
            const place at = {tap / s->kernel, tap % s->kernel};
            LANED(add_any)(s, w, part, out_rows, at);
        }
    }
}

// `kernel` and `stride` are constants at each call; 0: any.
INNER void LANED(add_rows)(
    const espalier_depthwise_shape *s, const NAME(products) *w, range out_rows, size_t first, size_t end,
    ahead *next, const size_t kernel, const size_t stride) {
    const size_t count = rows_summed(s->out_width);
    for (size_t c = first; c < end; c += LANES) {
        const LANED(part) part = LANED(part_from)(c, s->channels);
        for (size_t row = out_rows.first; row < out_rows.end; row += count) {
            const range rows = {row, smaller(row + count, out_rows.end)};
            LANED(add_all)(s, w, part, next, rows, kernel, stride);
        }
    }
}
