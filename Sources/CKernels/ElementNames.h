// ELEMENT, LOAD, STORE and NAME for the BF16 that is defined; no guard, for it is included once for each.
#undef ELEMENT
#undef LOAD
#undef STORE
#undef NAME
#if BF16
#define ELEMENT uint16_t
#define LOAD(element) espalier_float(element)
#define STORE(value) espalier_bf16(value)
#define NAME(name) name##_bf16
#else
#define ELEMENT float
#define LOAD(element) (element)
#define STORE(value) (value)
#define NAME(name) name
#endif
