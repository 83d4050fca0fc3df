// What is to be fetched into the second cache while loops compute, for activations are seldom in one.
#pragma once

#include <stddef.h>

enum { CACHE_LINE = 64 };

// Two stretches of memory, one after the other; then what is near anyway.
typedef struct {
    const char *at[2], *end[2], *near;
} fetching;

// The first of `count` lines in a row that are next.
static inline __attribute__((always_inline)) const char *take_lines(fetching *f, size_t count) {
    for (size_t i = 0; i < 2; i++) {
        if (f->at[i] >= f->end[i]) continue;
        const char *const at = f->at[i];
        f->at[i] += CACHE_LINE * count;
        return at;
    }
    return f->near;
}
