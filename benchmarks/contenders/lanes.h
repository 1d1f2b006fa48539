// Explicit lanes of doubles on GCC's vector types (8 with AVX-512, 4 with AVX2 and FMA): exp, log, sine and cosine, and
// random numbers keyed by (seed, position).  Every lane is a stream of its own.
#pragma once
#include <immintrin.h>

#include <cstdint>

#if defined(__AVX512F__) && defined(__AVX512DQ__)
constexpr int LANES = 8;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr int LANES = 4;
#else
#error "needs AVX-512 (F and DQ), or AVX2 with FMA"
#endif

typedef double V __attribute__((vector_size(8 * LANES)));
typedef int64_t I __attribute__((vector_size(8 * LANES)));
typedef uint64_t U __attribute__((vector_size(8 * LANES)));

static inline V all(double x) { return x - V{}; }
static inline I same_bits(V x) { return (I)x; }
static inline V as_double(I x) { return (V)x; }
static inline V where(I mask, V yes, V no) { return mask ? yes : no; }
static inline V to_double(I x) { return __builtin_convertvector(x, V); }
static inline I to_integer(V x) { return __builtin_convertvector(x, I); }

#if defined(__AVX512F__)
static inline V fma(V a, V b, V c) { return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
static inline V minus(V c, V a, V b) { return (V)_mm512_fnmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
static inline V nearest(V x) { return (V)_mm512_roundscale_pd((__m512d)x, 8); }
static inline V root(V x) { return (V)_mm512_sqrt_pd((__m512d)x); }
static inline V larger(V a, V b) { return (V)_mm512_max_pd((__m512d)a, (__m512d)b); }
#else
static inline V fma(V a, V b, V c) { return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline V minus(V c, V a, V b) { return (V)_mm256_fnmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline V nearest(V x) { return (V)_mm256_round_pd((__m256d)x, 8); }
static inline V root(V x) { return (V)_mm256_sqrt_pd((__m256d)x); }
static inline V larger(V a, V b) { return (V)_mm256_max_pd((__m256d)a, (__m256d)b); }
#endif
// minus(c, a, b) is c - a b, rounded once.

static inline V absolute(V x) { return as_double(same_bits(x) & INT64_C(0x7fffffffffffffff)); }
static inline V relu(V x) { return larger(x, V{}); }

static inline double sum(V x) {
    double total = 0;
    for (int lane = 0; lane < LANES; lane++) total += x[lane];
    return total;
}

static inline bool any(I mask) {
    int64_t found = 0;
    for (int lane = 0; lane < LANES; lane++) found |= mask[lane];
    return found != 0;
}

constexpr double LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;

template <int terms>
static inline V polynomial(const double (&coefficients)[terms], V x) {  // the highest power first
    V p = all(coefficients[0]);
    for (int k = 1; k < terms; k++) p = fma(p, x, all(coefficients[k]));
    return p;
}

// exp(x) for x <= 708; below -708 it is exp(-708).
static inline V exponential(V x) {
    static const double taylor[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                    1.0 / 40320,      1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,
                                    1.0 / 6,          0.5,             1.0,            1.0};
    x = larger(x, all(-708.0));
    V power = nearest(x * 1.4426950408889634);
    V rest = minus(minus(x, power, all(LN2_HIGH)), power, all(LN2_LOW));
    return as_double(same_bits(polynomial(taylor, rest)) + (to_integer(power) << 52));
}

// log(x) for normal x > 0.
static inline V logarithm(V x) {
    static const double series[] = {2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                    2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3,  2.0};
    I bits = same_bits(x);
    I power = ((bits >> 52) & 0x7ff) - 1023;
    V mantissa = as_double((bits & INT64_C(0x000fffffffffffff)) | INT64_C(0x3ff0000000000000));
    I big = mantissa > 1.4142135623730951;
    mantissa = where(big, mantissa * 0.5, mantissa);
    V e = to_double(power - big);  // a true mask is -1
    V s = (mantissa - 1.0) / (mantissa + 1.0);
    return fma(e, all(LN2_HIGH), fma(e, all(LN2_LOW), s * polynomial(series, s * s)));
}

// sin and cos of 2 pi u, u in [0, 1).
static inline void sine_cosine(V u, V &sine, V &cosine) {
    static const double odd_terms[] = {1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040,
                                       1.0 / 120,        -1.0 / 6,        1.0};
    static const double even_terms[] = {-1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320,
                                        -1.0 / 720,         1.0 / 24,        -0.5,           1.0};
    V quarter = nearest(u * 4.0);
    V r = minus(u, quarter, all(0.25)) * 6.283185307179586;
    V s = polynomial(odd_terms, r * r) * r, c = polynomial(even_terms, r * r);
    I q = to_integer(quarter);
    I swapped = -(q & 1);
    V first = where(swapped, c, s), second = where(swapped, s, c);
    sine = where(-((q >> 1) & 1), -first, first);
    cosine = where(-(((q + 1) >> 1) & 1), -second, second);
}

static inline U mixed(U x) {  // splitmix64's finaliser
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct Random {
    U key;
    uint64_t position = 0;
    V spare{};
    bool kept = false;

    explicit Random(U seeds) : key(mixed(seeds + UINT64_C(0x1234567))) {}

    V uniform() {  // in (0, 1)
        position++;
        U bits = mixed(key + position * UINT64_C(0x9e3779b97f4a7c15)) >> 11;
        return (to_double((I)bits) + 0.5) * 1.1102230246251565e-16;
    }

    void normals(V &a, V &b) {  // Box and Muller
        V radius = root(-2.0 * logarithm(uniform())), sine, cosine;
        sine_cosine(uniform(), sine, cosine);
        a = radius * cosine;
        b = radius * sine;
    }

    V normal() {
        if (kept) {
            kept = false;
            return spare;
        }
        V now;
        normals(now, spare);
        kept = true;
        return now;
    }

    V chi_square(V freedom) {  // Marsaglia and Tsang, freedom >= 2
        V d = freedom * 0.5 - 1.0 / 3, c = 1.0 / root(9.0 * d), found{};
        I open = (I)(V{} == V{});
        while (any(open)) {
            V x, unused;
            normals(x, unused);
            V v = 1.0 + c * x;
            v = v * v * v;
            V safe = where(v > 0.0, v, all(1.0));
            I taken = (I)(v > 0.0) & (I)(logarithm(uniform()) < 0.5 * x * x + d - d * v + d * logarithm(safe)) & open;
            found = where(taken, 2.0 * d * v, found);
            open &= ~taken;
        }
        return found;
    }
};
