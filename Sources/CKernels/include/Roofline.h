// Loops that measure what a machine can do: arithmetic out of registers, and memory streamed past the core.
#pragma once

#include <stddef.h>

#include "Dispatch.h"

/// Floating-point operations of one round of `espalier_fma_rounds`.
#define ESPALIER_FMA_ROUND_FLOPS 320

/// Fused multiply-adds on ten independent vectors of 16 floats, which fill the pipelines of today's cores.
/// The value means nothing; whoever ignores it may lose the loop.
float espalier_fma_rounds(size_t rounds);

/// Reads all of x; returns a sum of it.
float espalier_stream_read(const float *x, size_t n);

/// x = value.
void espalier_stream_write(float *x, size_t n, float value);

/// a = b + factor·c.
void espalier_stream_triad(float *a, const float *b, const float *c, size_t n, float factor);
