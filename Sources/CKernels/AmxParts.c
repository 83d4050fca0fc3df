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

// Zeros that the first outputs' taps need before the first gradient.
static size_t zeros_before(const espalier_convolution_shape *s) {
    size_t most = 0;
    for (size_t at = 0; at < s->stride; at++) {
        const espalier_phase p = espalier_phase_of(s, at, SIZE_MAX / 2);
        if (p.taps > p.last_output + 1) most = larger(most, p.taps - 1 - p.last_output);
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
        const espalier_phase down = espalier_phase_of(s, y, s->in_height);
        for (size_t x = 0; x < s->stride; x++) {
            const espalier_phase across = espalier_phase_of(s, x, s->in_width);
            if (down.pixels == 0 || across.pixels == 0) continue;
            amx_part *const part = &plan->parts[plan->count++];
            *part = (amx_part){
                .taps_y = across.taps > 0 ? down.taps : 0,
                .taps_x = down.taps > 0 ? across.taps : 0,
                .rows = down.pixels,
                .columns = across.pixels,
                .target_row = down.first_pixel,
                .target_column = across.first_pixel,
                .target_step = s->stride,
                .first_y = down.last_tap,
                .first_x = across.last_tap,
                .step = -(ptrdiff_t)s->stride,
            };
            if (part->taps_y == 0) continue;
            part->source_row = down.last_output + before - (down.taps - 1);
            part->source_column = across.last_output + before - (across.taps - 1);
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
