// ESPALIER_CLONES before a function makes one copy per x86-64 level; the loader picks the best for this CPU.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#define ESPALIER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ESPALIER_CLONES
#endif

/// Whether the calling thread's loops may use instructions for which there is plain C too, if the CPU has them: yes,
/// but in tests, which compare both ways.
void espalier_allow_native(int allowed);
