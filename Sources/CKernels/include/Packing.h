// Weights from the order of a state into the order in which a pass reads them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "Dispatch.h"

/// Where each element of a matrix goes: that of row r and column c to rows[r] + columns[c].
typedef struct {
    const int32_t *rows;
    size_t row_count;
    const int32_t *columns;
    size_t column_count;
} espalier_places;

/// Puts the row-major matrix `weight` into `out`; what lies between the places stays as it is.
void espalier_pack(const float *weight, espalier_places places, float *out);

/// The same for some columns of a matrix whose rows are `row_length` long: `columns` says which, as many as have
/// places.
void espalier_pack_columns(
    const float *weight, size_t row_length, const int32_t *columns, espalier_places places, float *out);

/// As espalier_pack, rounded to nearest even.
void espalier_pack_bf16(const float *weight, espalier_places places, uint16_t *out);
