#include "Pointwise.h"

#include "Elements.h"
#include "Sizes.h"
#include "Transpose.h"

#define INLINE static inline __attribute__((always_inline))

#define BF16 0
#include "ElementNames.h"
#include "PointwisePackingLoops.h"
#undef BF16

#define BF16 1
#include "ElementNames.h"
#include "PointwisePackingLoops.h"
