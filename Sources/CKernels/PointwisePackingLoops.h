// Packing of Pointwise.c's weights for the element type that BF16 says, in words of 32 bits: a number, or a
// pair of inputs. A packed weight is [outputs / 16][steps][16] words.

#undef STEP
#if BF16
#define STEP 2
#else
#define STEP 1
#endif

// `count` of the 16 · STEP columns that a vector of words holds; the others are zero.
INLINE void NAME(read_words)(const float *row, size_t count, espalier_square_row *words) {
    ELEMENT elements[16 * STEP];
    if (count == 16 * STEP) {
        for (size_t c = 0; c < 16 * STEP; c++) elements[c] = STORE(row[c]);
    } else {
        for (size_t c = 0; c < 16 * STEP; c++) elements[c] = c < count ? STORE(row[c]) : 0;
    }
    memcpy(words, elements, sizeof *words);
}

// A block of 16 rows, of which `rows` are there and the others padding.
INLINE void NAME(pack_block)(const float *weight, size_t rows, size_t columns, ELEMENT *packed) {
    const size_t steps = (columns + STEP - 1) / STEP;
    for (size_t done = 0; done < steps; done += TRANSPOSE_SIDE) {
        const size_t count = smaller(columns - done * STEP, TRANSPOSE_SIDE * STEP);
        espalier_square_row square[TRANSPOSE_SIDE];
        for (size_t r = 0; r < TRANSPOSE_SIDE; r++) {
            NAME(read_words)(
                weight + (r < rows ? r : 0) * columns + done * STEP, r < rows ? count : 0, &square[r]);
        }
        espalier_transpose_square(square);
        memcpy(packed + done * STEP * 16, square, smaller(steps - done, TRANSPOSE_SIDE) * sizeof *square);
    }
}

// Row `n` alone; a row of padding if `row` is null.
INLINE void NAME(pack_row)(const float *row, size_t n, size_t columns, ELEMENT *packed) {
    const size_t steps = (columns + STEP - 1) / STEP;
    ELEMENT *const to = packed + n / 16 * steps * STEP * 16 + n % 16 * STEP;
    for (size_t k = 0; k < steps * STEP; k++) {
        to[k / STEP * STEP * 16 + k % STEP] = row && k < columns ? STORE(row[k]) : 0;
    }
}

ESPALIER_CLONES
void NAME(espalier_pointwise_pack)(
    const float *weight, const espalier_pointwise_part *part, ELEMENT *packed) {
    const size_t columns = part->columns, block = (columns + STEP - 1) / STEP * STEP;
    size_t row = part->first;
    while (row < part->end) {
        const size_t next = smaller(row / 16 * 16 + 16, part->rows);
        if (row % 16 == 0 && next <= part->end) {
            NAME(pack_block)(weight + row * columns, next - row, columns, packed + row * block);
            row = next;
            continue;
        }
        NAME(pack_row)(weight + row * columns, row, columns, packed);
        row++;
        if (row < part->rows) continue;
        for (size_t n = row; n % 16 != 0; n++) NAME(pack_row)(0, n, columns, packed);
    }
}

// Inputs first ..< end of one step, which other parts have inputs of, too.
INLINE void NAME(pack_inputs)(
    const float *weight, const espalier_pointwise_part *part, size_t first, size_t end, ELEMENT *packed) {
    const size_t columns = part->columns, steps = (part->rows + STEP - 1) / STEP;
    for (size_t n = 0; n < (columns + 15) / 16 * 16; n++) {
        ELEMENT *const word = packed + ((n / 16 * steps + first / STEP) * 16 + n % 16) * STEP;
        for (size_t k = first; k < end; k++) {
            word[k % STEP] = n < columns ? STORE(weight[k * columns + n]) : 0;
        }
        if (end == part->rows && end % STEP != 0) word[end % STEP] = 0;
    }
}

// A whole step, of which `inputs` inputs are there and the others padding.
INLINE void NAME(pack_step)(
    const float *weight, size_t inputs, size_t columns, size_t block, ELEMENT *packed) {
    for (size_t n = 0; n < columns; n += 16) {
        const size_t count = smaller(columns - n, 16);
        float numbers[STEP][16] = {0};
        for (size_t s = 0; s < STEP; s++) {
            if (s >= inputs) continue;
            if (count == 16) {
                memcpy(numbers[s], weight + s * columns + n, sizeof numbers[s]);
            } else {
                memcpy(numbers[s], weight + s * columns + n, count * sizeof(float));
            }
        }
        ELEMENT words[16 * STEP];
        for (size_t i = 0; i < 16; i++) {
            for (size_t s = 0; s < STEP; s++) words[i * STEP + s] = STORE(numbers[s][i]);
        }
        memcpy(packed + n / 16 * block, words, sizeof words);
    }
}

ESPALIER_CLONES
void NAME(espalier_pointwise_pack_turned)(
    const float *weight, const espalier_pointwise_part *part, ELEMENT *packed) {
    const size_t columns = part->columns, block = (part->rows + STEP - 1) / STEP * STEP * 16;
    for (size_t row = part->first, next; row < part->end; row = next) {
        next = smaller(row / STEP * STEP + STEP, part->end);
        if (row % STEP == 0 && (next - row == STEP || next == part->rows)) {
            NAME(pack_step)(weight + row * columns, next - row, columns, block, packed + row * 16);
        } else {
            NAME(pack_inputs)(weight, part, row, next, packed);
        }
    }
}
