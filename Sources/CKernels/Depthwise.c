// Channels in vectors of LANES. A channel count that is no multiple of that ends with a vector that overlaps
// the one before: its values are computed twice, to the same bits. With fewer channels than lanes there are
// fewer lanes.
#include "Depthwise.h"

#include "Elements.h"

// The name of what is there for an element type and a number of lanes.
#define JOIN(name, lanes) name##_##lanes
#define JOIN_EXPANDED(name, lanes) JOIN(name, lanes)
#define JOINED(name, lanes) JOIN_EXPANDED(NAME(name), lanes)
#define INLINE static inline __attribute__((always_inline))

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Positions 0 ..< kernel along one side that lie inside the input, for the window of output `at`.
typedef struct {
    size_t first, end;
} taps;

INLINE taps taps_inside(size_t at, size_t side, size_t kernel, size_t stride, size_t padding) {
    const size_t start = at * stride;
    const size_t first = start < padding ? padding - start : 0;
    const size_t end = start < side + padding ? smaller(kernel, side + padding - start) : 0;
    return (taps){smaller(first, kernel), end > first ? end : smaller(first, kernel)};
}

// Outputs along one side whose whole window lies inside the input; none: both ends equal.
INLINE taps whole_windows(size_t side, size_t out_side, size_t kernel, size_t stride, size_t padding) {
    const size_t first = smaller((padding + stride - 1) / stride, out_side);
    const size_t end =
        side + padding >= kernel ? smaller((side + padding - kernel) / stride + 1, out_side) : 0;
    return (taps){first, end > first ? end : first};
}

// The taps of one side that reach input `at`: every `stride`th from `first`, and the output of the first one.
INLINE taps taps_reaching(size_t at, size_t out_side, size_t kernel, size_t stride, size_t padding) {
    const size_t place = at + padding, last = (out_side - 1) * stride;
    size_t first = place % stride;
    if (place > last && place - last > first) first = place - last;
    return (taps){first, smaller(kernel, place + 1)};
}

#define BF16 0
#define LANES 16
#include "DepthwiseLoops.h"
#undef LANES
#define LANES 4
#include "DepthwiseLoops.h"
#undef LANES
#define LANES 1
#include "DepthwiseLoops.h"
#undef LANES
#include "DepthwisePasses.h"
#undef BF16

#define BF16 1
#define LANES 16
#include "DepthwiseLoops.h"
#undef LANES
#define LANES 4
#include "DepthwiseLoops.h"
#undef LANES
#define LANES 1
#include "DepthwiseLoops.h"
#undef LANES
#include "DepthwisePasses.h"
