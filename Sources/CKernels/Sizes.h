// Arithmetic with sizes.
#pragma once

#include <stddef.h>

static inline __attribute__((always_inline)) size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline __attribute__((always_inline)) size_t larger(size_t a, size_t b) { return a > b ? a : b; }

// Of `size` each, but the last.
static inline __attribute__((always_inline)) size_t parts(size_t count, size_t size) {
    return (count + size - 1) / size;
}

// To a multiple of `size`.
static inline __attribute__((always_inline)) size_t rounded_up(size_t count, size_t size) {
    return parts(count, size) * size;
}
