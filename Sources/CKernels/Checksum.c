#include "Checksum.h"

#include <string.h>

#define CRC32C_POLYNOMIAL 0x82f63b78u

static uint32_t crc32c_portable(const uint8_t *bytes, size_t n) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (CRC32C_POLYNOMIAL & (0u - (crc & 1u)));
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const uint8_t *bytes, size_t n) {
    uint64_t crc = 0xffffffffu;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    for (; i < n; i++) crc = __builtin_ia32_crc32qi((uint32_t)crc, bytes[i]);
    return ~(uint32_t)crc;
}
#endif

uint32_t espalier_crc32c(const uint8_t *bytes, size_t n) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(bytes, n);
#endif
    return crc32c_portable(bytes, n);
}
