// A checksum of messages against damage on the way, not against forgery.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli polynomial, reflected, as in RFC 3720) of n bytes.
uint32_t espalier_crc32c(const uint8_t *bytes, size_t n);
