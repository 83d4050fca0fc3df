// ActivationForms.h for single values, in loops that the compiler vectorises, and for vectors by name.
#pragma once

#include <stdint.h>
#include <string.h>

#include "Activation.h"

typedef float espalier_floats __attribute__((ext_vector_type(16)));
typedef uint32_t espalier_words __attribute__((ext_vector_type(16)));

#define FLOATS float
#define WORDS uint32_t
#define FORM(name) espalier_##name##_one
#include "ActivationForms.h"
#undef FLOATS
#undef WORDS
#undef FORM

#define FLOATS espalier_floats
#define WORDS espalier_words
#define FORM(name) espalier_##name##_lanes
#include "ActivationForms.h"
#undef FLOATS
#undef WORDS
#undef FORM

static inline __attribute__((always_inline)) float espalier_activated(float x, int kind) {
    espalier_activate_one(&x, kind);
    return x;
}

static inline __attribute__((always_inline)) float espalier_activated_back(
    float gradient, float x, int kind) {
    espalier_activate_back_one(&gradient, &x, kind);
    return gradient;
}

// Calls `body`, a macro of a kind, with `activation` as a constant.
#define ESPALIER_FOR_ACTIVATION(activation, body) \
    switch (activation) {                         \
        case ESPALIER_RELU: body(ESPALIER_RELU); break;             \
        case ESPALIER_RELU6: body(ESPALIER_RELU6); break;           \
        case ESPALIER_SWISH: body(ESPALIER_SWISH); break;           \
        case ESPALIER_HARD_SWISH: body(ESPALIER_HARD_SWISH); break; \
        case ESPALIER_SIGMOID: body(ESPALIER_SIGMOID); break;       \
        case ESPALIER_HARD_SIGMOID: body(ESPALIER_HARD_SIGMOID); break; \
        default: body(ESPALIER_NO_ACTIVATION); break;               \
    }
