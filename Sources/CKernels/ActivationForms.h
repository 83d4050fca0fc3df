// The functions of Activation.h and their derivatives on FLOATS, a float or a vector of them, and WORDS of as
// many bits; FORM makes the names. `kind` is a constant at each call, so that no branch is left. The same bits
// at every instruction level: additions, multiplications, divisions and comparisons only.

// eˣ to 2 units in the last place; arguments beyond ±87 count as ±87. Cody and Waite's reduction:
// x = n·ln 2 + r, and a Taylor polynomial of degree 7 on |r| ≤ ln 2 / 2. NaN gives some number; its product with x is
// NaN again.
static inline __attribute__((always_inline)) void FORM(exponential)(FLOATS *value) {
    const FLOATS most = (FLOATS){0} + 87.0f, least = (FLOATS){0} - 87.0f;
    FLOATS x = *value;
    x = x < most ? x : most;
    x = x > least ? x : least;
    const float shifter = 12582912.0f;  // 1.5·2^23: adding it rounds to a whole number.
    const FLOATS shifted = x * 1.44269504f + shifter;
    const FLOATS n = shifted - shifter;
    const FLOATS r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    FLOATS sum = r * (1.0f / 5040) + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    WORDS bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;  // 2ⁿ: the whole number sits in the lowest bits.
    FLOATS power;
    memcpy(&power, &bits, sizeof power);
    *value = sum * power;
}

static inline __attribute__((always_inline)) void FORM(sigmoid)(FLOATS *value) {
    FLOATS exponential = -*value;
    FORM(exponential)(&exponential);
    *value = 1.0f / (1.0f + exponential);
}

// x between 0 and 6.
static inline __attribute__((always_inline)) void FORM(clip)(FLOATS *x) {
    const FLOATS zero = {0}, six = zero + 6.0f;
    *x = *x > zero ? *x : zero;
    *x = *x < six ? *x : six;
}

static inline __attribute__((always_inline)) void FORM(activate)(FLOATS *value, int kind) {
    const FLOATS zero = {0};
    FLOATS x = *value;
    switch (kind) {
        case ESPALIER_RELU: x = x > zero ? x : zero; break;
        case ESPALIER_RELU6: FORM(clip)(&x); break;
        case ESPALIER_SWISH:
            FORM(sigmoid)(&x);
            x = *value * x;
            break;
        case ESPALIER_HARD_SWISH:
            x = x + 3.0f;
            FORM(clip)(&x);
            x = *value * x * (1.0f / 6);
            break;
        case ESPALIER_SIGMOID: FORM(sigmoid)(&x); break;
        case ESPALIER_HARD_SIGMOID:
            x = x + 3.0f;
            FORM(clip)(&x);
            x = x * (1.0f / 6);
            break;
        default: break;
    }
    *value = x;
}

// From the activation's gradient to that of its input x. PyTorch's choice at the corners.
static inline __attribute__((always_inline)) void FORM(activate_back)(
    FLOATS *gradient, const FLOATS *input, int kind) {
    const FLOATS zero = {0}, x = *input, given = *gradient;
    const FLOATS three = zero + 3.0f, six = zero + 6.0f;
    FLOATS s = x;
    switch (kind) {
        case ESPALIER_RELU: *gradient = x > zero ? given : zero; break;
        case ESPALIER_RELU6:
            s = x > zero ? given : zero;
            *gradient = x < six ? s : zero;
            break;
        case ESPALIER_SWISH:
            FORM(sigmoid)(&s);
            *gradient = given * (s * (1.0f + x * (1.0f - s)));
            break;
        case ESPALIER_HARD_SWISH:
            s = given * ((x + x + 3.0f) * (1.0f / 6));
            s = x < three ? s : given;
            *gradient = x > -three ? s : zero;
            break;
        case ESPALIER_SIGMOID:
            FORM(sigmoid)(&s);
            *gradient = given * (s * (1.0f - s));
            break;
        case ESPALIER_HARD_SIGMOID:
            s = given * (1.0f / 6);
            s = x > -three ? s : zero;
            *gradient = x < three ? s : zero;
            break;
        default: break;
    }
}
