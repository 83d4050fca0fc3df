// Integers as bit planes: plane p holds bit p of every zigzagged integer, so small integers leave whole
// planes zero. Plane-major, each plane contiguous: bit i of a plane, least significant first, belongs to
// element i.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// Integers that the shuffle takes at once; a plane's bytes are rounded up to a multiple of this over 8.
#define ESPALIER_BIT_TILE 512

/// Plane p of values[0..<n] into planes + p·stride, p in 0..<32. `stride` is in bytes, at least n/8 rounded
/// up to a multiple of ESPALIER_BIT_TILE/8; the rounding's bits are zero. Returns which planes are not all
/// zero, a bit each.
uint32_t espalier_bit_shuffle(const int32_t *values, size_t n, uint8_t *planes, size_t stride);

/// The inverse: plane p is the ⌈n/8⌉ bytes at planes[p], NULL for one that is all zero. Reads no further
/// byte; any alignment will do.
void espalier_bit_unshuffle(const uint8_t *const planes[32], int32_t *values, size_t n);
