// Includes LOOPS, a header, for fp32, and for bf16 in both of the copies that Native.h tells of.
#define BF16 0
#include LOOPS
#undef BF16

#define BF16 1
#define NATIVE 0
#include LOOPS
#undef NATIVE
#if ESPALIER_HAS_NATIVE
#define NATIVE 1
#include LOOPS
#undef NATIVE
#endif
#undef BF16
#undef LOOPS
