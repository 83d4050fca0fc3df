// ESPALIER_CLONES before a function makes one copy per x86-64 level; the loader picks the best for this CPU.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#define ESPALIER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ESPALIER_CLONES
#endif

/// Whether loops over bf16 use the CPU's own instructions for it if it has them: 1 but in tests, which compare both
/// ways. The bits are the same.
extern int espalier_native_is_allowed;
