#include "AmxUnit.h"

#include "Amx.h"

#if ESPALIER_HAS_NATIVE

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

// The system gives a process the registers when it asks (arch_prctl, Linux 5.16).
static int ask_for_registers(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    const unsigned has_bf16 = 1u << 22, has_registers = 1u << 24;
    if (!(d & has_bf16) || !(d & has_registers)) return 0;
    return __builtin_cpu_supports("avx512bf16") && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

int espalier_has_amx(void) {
    static int answer = -1;
    int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
    if (known < 0) {
        known = ask_for_registers();
        __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
    }
    return known;
}

_Static_assert(ESPALIER_AMX_ROUND_FLOPS == 4 * 2 * AMX_SIDE * AMX_SQUARE, "a round is four products");

ESPALIER_AMX void espalier_amx_rounds(size_t rounds) {
    static const char zeros[4 * AMX_BYTES];
    amx_begin(AMX_SIDE);
    amx_zero_sums();
    amx_multiply(zeros, 64, AMX_BYTES, zeros + 2 * AMX_BYTES, AMX_BYTES, 2, 2);
    for (size_t r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    amx_end();
}

#else

int espalier_has_amx(void) { return 0; }

void espalier_amx_rounds(size_t rounds) { (void)rounds; }

#endif
