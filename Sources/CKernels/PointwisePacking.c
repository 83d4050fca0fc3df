#include "Pointwise.h"

#include "Elements.h"
#include "Transpose.h"

#define INLINE static inline __attribute__((always_inline))

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

#define BF16 0
#include "ElementNames.h"
#include "PointwisePackingLoops.h"
#undef BF16

#define BF16 1
#include "ElementNames.h"
#include "PointwisePackingLoops.h"
