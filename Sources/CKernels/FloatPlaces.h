// Places.h for fp32: one vector. Sums are in fp64, in which products of two floats are exact: fused or not, they
// give the same bits. Fewer values than PLACES, but for a single one, are the last lanes of a vector that begins
// before them: that costs nothing, as putting one together would.
#define PLACES 16
#define LAST_LANES 1

typedef struct {
    floats all;
} places;
typedef struct {
    doubles low, high;
} partial;

INLINE void get(places *value, const float *from, size_t count) {
    if (count == 1) {
        value->all = *from;
    } else {
        memcpy(&value->all, from + count - PLACES, sizeof value->all);
    }
}

INLINE void put(const places *value, float *to, size_t count) {
    if (count == PLACES) {
        memcpy(to, &value->all, sizeof value->all);
    } else {
        float written[PLACES];
        memcpy(written, &value->all, sizeof written);
        copy_few(to, written + PLACES - count, count * sizeof *written);
    }
}

INLINE void get_floats(places *value, const float *from, size_t count) { get(value, from, count); }

INLINE void put_floats(const places *value, float *to, size_t count) { put(value, to, count); }

INLINE void fill(places *value, float all) { value->all = all; }

INLINE void add(places *result, const places *a, const places *b) { result->all = a->all + b->all; }

INLINE void multiply(places *result, const places *a, const places *b) { result->all = a->all * b->all; }

// a·b + c, rounded twice.
INLINE void multiply_add(places *result, const places *a, const places *b, const places *c) {
    result->all = a->all * b->all + c->all;
}

INLINE void activate(places *value, int kind) { espalier_activate_lanes(&value->all, kind); }

INLINE void activate_back(places *gradient, const places *value, int kind) {
    espalier_activate_back_lanes(&gradient->all, &value->all, kind);
}

INLINE void widen(const places *value, partial *wide) {
    wide->low = __builtin_convertvector(value->all.lo, doubles);
    wide->high = __builtin_convertvector(value->all.hi, doubles);
}

INLINE void sum_up(partial *sum, const places *value) {
    partial wide;
    widen(value, &wide);
    sum->low += wide.low;
    sum->high += wide.high;
}

INLINE void sum_products(partial *sum, const places *a, const places *b) {
#pragma clang fp contract(fast)
    partial wide, other;
    widen(a, &wide);
    widen(b, &other);
    sum->low += wide.low * other.low;
    sum->high += wide.high * other.high;
}

INLINE void add_to(double *totals, const partial *sum, size_t count) {
    double found[PLACES];
    memcpy(found, &sum->low, sizeof sum->low);
    memcpy(found + 8, &sum->high, sizeof sum->high);
    for (size_t i = 0; i < count; i++) totals[i] += found[PLACES - count + i];
}
