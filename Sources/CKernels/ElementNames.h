// ELEMENT, LOAD, STORE and NAME for the BF16 that is defined; no guard, for it is included once for each. ENTRY
// marks a function that is called from elsewhere. A file that has bf16 loops for both kinds of CPU (Native.h)
// includes them with NATIVE as 0 and as 1.
#undef ELEMENT
#undef LOAD
#undef STORE
#undef NAME
#undef ENTRY
#if BF16
#define ELEMENT uint16_t
#define LOAD(element) espalier_float(element)
#define STORE(value) espalier_bf16(value)
#else
#define ELEMENT float
#define LOAD(element) (element)
#define STORE(value) (value)
#endif
#if !BF16
#define NAME(name) name
#define ENTRY ESPALIER_CLONES
#elif !defined(NATIVE)
#define NAME(name) name##_bf16
#define ENTRY ESPALIER_CLONES
#elif NATIVE
#define NAME(name) name##_bf16_native
#define ENTRY static ESPALIER_NATIVE
#else
#define NAME(name) name##_bf16_portable
#define ENTRY static ESPALIER_CLONES
#endif
