#include "AmxParts.h"

static void plan_forward(const espalier_convolution_shape *s, amx_plan *plan) {
    plan->outputs = s->out_channels;
    plan->target_height = s->out_height;
    plan->target_width = s->out_width;
    plan->padded = (amx_padded){
        .channels = s->in_channels,
        .height = s->in_height,
        .width = s->in_width,
        .planes = s->stride,
        .rows = s->out_height + (s->kernel - 1) / s->stride,
        .columns = rounded_up(s->stride * (s->out_width - 1) + s->kernel, s->stride),
        .used = smaller(s->stride, s->kernel),
        .above = s->padding,
        .left = s->padding,
        .pixel_step = s->stride,
    };
    plan->count = 1;
    plan->parts[0] = (amx_part){
        .taps_y = s->kernel,
        .taps_x = s->kernel,
        .rows = s->out_height,
        .columns = s->out_width,
        .target_step = 1,
        .step = 1,
    };
}

// Along one side of an image: the taps that pixels at a place within the stride read, and which pixels those are.
typedef struct {
    size_t taps, first_tap, first_pixel, first, count;
} place;

// Padded by `padding`, pixel p is read by output o through tap t if p + padding = stride·o + t. So tap t and
// p + padding are at the same place within the stride, and p + padding = stride·n + place gives o = n - t / stride.
static place place_of(const espalier_convolution_shape *s, size_t at, size_t side) {
    place result = {.taps = at < s->kernel ? (s->kernel - 1 - at) / s->stride + 1 : 0};
    if (result.taps > 0) result.first_tap = at + s->stride * (result.taps - 1);
    const size_t first = s->padding > at ? parts(s->padding - at, s->stride) : 0;
    result.first = first;
    result.first_pixel = first * s->stride + at - s->padding;
    if (result.first_pixel < side) result.count = (side - 1 - result.first_pixel) / s->stride + 1;
    return result;
}

// Zeros that the first outputs' taps need before the first gradient.
static size_t zeros_before(const espalier_convolution_shape *s) {
    size_t most = 0;
    for (size_t at = 0; at < s->stride; at++) {
        const place p = place_of(s, at, SIZE_MAX / 2);
        if (p.taps > p.first + 1) most = larger(most, p.taps - 1 - p.first);
    }
    return most;
}

static void plan_input_gradient(const espalier_convolution_shape *s, amx_plan *plan) {
    plan->outputs = s->in_channels;
    plan->target_height = s->in_height;
    plan->target_width = s->in_width;
    const size_t before = zeros_before(s);
    amx_padded *const padded = &plan->padded;
    *padded = (amx_padded){
        .channels = s->out_channels,
        .height = s->out_height,
        .width = s->out_width,
        .planes = 1,
        .rows = 1,
        .columns = 1,
        .used = 1,
        .above = before,
        .left = before,
        .pixel_step = 1,
    };
    for (size_t y = 0; y < s->stride; y++) {
        const place down = place_of(s, y, s->in_height);
        for (size_t x = 0; x < s->stride; x++) {
            const place across = place_of(s, x, s->in_width);
            if (down.count == 0 || across.count == 0) continue;
            amx_part *const part = &plan->parts[plan->count++];
            *part = (amx_part){
                .taps_y = across.taps > 0 ? down.taps : 0,
                .taps_x = down.taps > 0 ? across.taps : 0,
                .rows = down.count,
                .columns = across.count,
                .target_row = down.first_pixel,
                .target_column = across.first_pixel,
                .target_step = s->stride,
                .first_y = down.first_tap,
                .first_x = across.first_tap,
                .step = -(ptrdiff_t)s->stride,
            };
            if (part->taps_y == 0) continue;
            part->source_row = down.first + before - (down.taps - 1);
            part->source_column = across.first + before - (across.taps - 1);
            padded->rows = larger(padded->rows, part->source_row + part->rows + part->taps_y - 1);
            padded->columns =
                larger(padded->columns, part->source_column + part->columns + part->taps_x - 1);
        }
    }
}

void espalier_amx_plan(const espalier_convolution_shape *shape, enum espalier_amx_pass pass, amx_plan *plan) {
    *plan = (amx_plan){0};
    if (pass == ESPALIER_AMX_FORWARD) {
        plan_forward(shape, plan);
    } else {
        plan_input_gradient(shape, plan);
    }
    const size_t vectors = parts(plan->outputs, AMX_SIDE);
    for (size_t p = 0; p < plan->count; p++) {
        plan->parts[p].weight = plan->weight_count;
        plan->weight_count += vectors * amx_steps(&plan->padded, &plan->parts[p]) * AMX_SQUARE;
    }
}
