// Channels are the inner loop, so that they vectorise without a change in the order of any sum. Some rows are
// taken together, so that an accumulator is loaded and stored once for all of them; the order stays.
#include "Norm.h"

#include <string.h>

#include "Activations.h"
#include "Elements.h"

// Four rows hide the additions' latency where channels are few; with many, four streams of each array are
// more than the hardware follows. Measured on one AVX-512 core, cached and not, for 16 to 256 channels.
enum { FEW_CHANNELS = 64, ROWS_OF_FEW = 4, ROWS_OF_MANY = 2 };

#define INLINE static inline __attribute__((always_inline))

// Channels that are computed with together: one vector or some.
enum { LANES = 16 };

// PIECE(first channel, totals, other totals, channels): all channels in pieces of 16, or of 8, 4 or 1 if they
// are fewer. A channel count that is no multiple of that ends with a piece that overlaps the one before: what
// it adds to the totals is computed twice, to the same bits. It comes first, in a copy of the totals. In fp32,
// where totals are twice as wide as a vector, that pays only for work on each value and up to MANY_CHANNELS.
enum { MANY_CHANNELS = 128 };
#define FOR_PIECES(channels, totals, others, PIECE)                                      \
    if ((channels) >= 16) {                                                              \
        PIECES_OF(16, channels, totals, others, PIECE)                                   \
    } else if ((channels) >= 8) {                                                        \
        PIECES_OF(8, channels, totals, others, PIECE)                                    \
    } else if ((channels) >= 4) {                                                        \
        PIECES_OF(4, channels, totals, others, PIECE)                                    \
    } else {                                                                             \
        for (size_t c = 0; c < (channels); c++) PIECE(c, (totals) + c, (others) + c, 1); \
    }

#define PIECES_OF(width, channels, totals, others, PIECE)                                            \
    double last[width], other_last[width];                                                           \
    const size_t rest = (channels) % width;                                                          \
    const size_t overlap = rest == 0 ? 0 : rest > 8 ? 16 : rest > 4 ? 8 : 4;                         \
    const size_t from = (channels)-overlap;                                                          \
    memcpy(last, (totals) + from, overlap * sizeof *last);                                           \
    memcpy(other_last, (others) + from, overlap * sizeof *other_last);                               \
    if (overlap == 16) PIECE(from, last, other_last, (width < 16 ? width : 16));                     \
    if (overlap == 8) PIECE(from, last, other_last, (width < 8 ? width : 8));                        \
    if (overlap == 4) PIECE(from, last, other_last, 4);                                              \
    for (size_t c = 0; c + width <= (channels); c += width) PIECE(c, (totals) + c, (others) + c, width); \
    memcpy((totals) + from, last, overlap * sizeof *last);                                           \
    memcpy((others) + from, other_last, overlap * sizeof *other_last);

// STRETCH(first value, its channel, values): all n values of rows of so many channels, LANES at a time
// whatever the rows. A coefficient by channel is read from a row of them that goes on where it began
// (`make_round`). With many channels the ends of rows cost little.
enum { ROUND_CHANNELS = 256 };
#define FOR_STRETCHES(n, channels, STRETCH)                \
    const size_t step = LANES % (channels);                \
    size_t i = 0, c = 0;                                   \
    for (; i + LANES <= (n); i += LANES) {                 \
        STRETCH(i, c, LANES);                              \
        c += step;                                         \
        if (c >= (channels)) c -= (channels);              \
    }                                                      \
    STRETCH(i, c, (n)-i);

INLINE void make_round(const float *restrict coefficients, size_t channels, float *restrict round) {
    memcpy(round, coefficients, channels * sizeof *round);
    for (size_t i = 0; i < LANES; i++) round[channels + i] = round[i];
}

#define BF16 0
#include "NormLoops.h"
#undef BF16

#define BF16 1
#include "NormLoops.h"
