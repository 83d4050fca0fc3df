// Channels are the inner loop, so that they vectorise without a change in the order of any sum. Some rows are
// taken together, so that an accumulator is loaded and stored once for all of them; the order stays.
#include "Norm.h"

#include "Activations.h"
#include "Elements.h"

// Four rows hide the additions' latency where channels are few; with many, four streams of each array are
// more than the hardware follows. Measured on one AVX-512 core, cached and not, for 16 to 256 channels.
enum { FEW_CHANNELS = 64, ROWS_OF_FEW = 4, ROWS_OF_MANY = 2 };

#define BF16 0
#include "NormLoops.h"
#undef BF16

#define BF16 1
#include "NormLoops.h"
