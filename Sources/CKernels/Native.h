// Code for CPUs that calculate with bf16 themselves (x86-64 with AVX512_BF16), beside the plain C that gives the same
// bits anywhere. A function marked ESPALIER_NATIVE is called only where espalier_is_native() says so.
#pragma once

#include "Dispatch.h"

extern _Thread_local int espalier_native_is_allowed;

#if defined(__x86_64__) && defined(__linux__)
#define ESPALIER_HAS_NATIVE 1
#include <immintrin.h>
// The function `name`_bf16 of the two that ElementNames.h names.
#define ESPALIER_BF16(name, parameters, arguments)                     \
    void name##_bf16 parameters {                                      \
        if (espalier_is_native()) return name##_bf16_native arguments; \
        name##_bf16_portable arguments;                                \
    }
#define ESPALIER_NATIVE __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit")))
static inline int espalier_is_native(void) {
    return espalier_native_is_allowed && __builtin_cpu_supports("avx512bf16");
}
// The same for AVX-512 alone.
#define ESPALIER_AVX512 __attribute__((target("arch=x86-64-v4,no-prefer-256-bit")))
static inline int espalier_has_avx512(void) {
    return espalier_native_is_allowed && __builtin_cpu_supports("x86-64-v4");
}
#else
#define ESPALIER_HAS_NATIVE 0
#define ESPALIER_NATIVE
#define ESPALIER_BF16(name, parameters, arguments) \
    void name##_bf16 parameters { name##_bf16_portable arguments; }
static inline int espalier_is_native(void) { return 0; }
#endif
