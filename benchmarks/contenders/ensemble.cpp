// An ensemble of runs of a two-layer network on a signal and a noise patch, by lanes: what gammarho's is measured by.
//
// Everything is inside: the draw by Bartlett's decomposition, gradient descent on the Gram form, the test error by the
// filters' Gaussian law.  Draws and test laws have a run in every lane; steps go run by run with the directions, padded,
// in the lanes and z -= C G in register blocks.  Written for two models by hand, at sizes known to the compiler:
// EXAMPLES n and FILTERS m a head, and PENALTY 0 (Kou et al. 2023: ReLU, flipped labels) or 1 (Meng et al. 2023: ReLU^2
// and the per-example gradient penalty).
#include "lanes.h"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

constexpr int n = EXAMPLES, m = FILTERS, S = 2 * m;  // filters 0 to m - 1 are of head +1
constexpr int P = (n + LANES - 1) / LANES;           // vectors that hold a row of n
constexpr double mean = 1.0 / m;
constexpr int WIDEST = LANES == 8 ? 5 : 2, ROWS = 5;  // a block of z: ROWS x WIDEST accumulators fit the registers
static_assert(S % ROWS == 0, "the filters come in blocks of ROWS");

static inline V power(V active) { return PENALTY ? active * active : active; }
static inline double power(double active) { return PENALTY ? active * active : active; }
static inline double head(int s) { return s < m ? 1.0 : -1.0; }

// sum over filters of j sigma(x z_s) of the signal patch, for the clean labels x = +1 and -1
template <class Number>
static inline void on_signal(const Number *signal, Number &plus, Number &minus_) {
    plus = minus_ = Number{};
    for (int s = 0; s < S; s++) {
        plus += head(s) * power(signal[s] > 0 ? signal[s] : Number{});
        minus_ += head(s) * power(signal[s] < 0 ? -signal[s] : Number{});
    }
}

// One run, the directions in the lanes.
struct Run {
    V z[S][P], b[S][P], change[S][P], gram[n][P], y[P], clean[P], own[P];
    double signal[S], b_signal[S], mu2;

    // Columns at, ..., at + left - 1 of z -= change gram, in blocks as wide as the registers allow.
    template <int at, int left>
    void product() {
        if constexpr (left > 0) {
            constexpr int blocks = (left + WIDEST - 1) / WIDEST, width = (left + blocks - 1) / blocks;
            for (int s = 0; s < S; s += ROWS) block<at, width>(s);
            product<at + width, left - width>();
        }
    }

    template <int at, int width>
    void block(int s) {
        V sums[ROWS][width];
        for (int a = 0; a < ROWS; a++)
            for (int k = 0; k < width; k++) sums[a][k] = z[s + a][at + k];
        const double *factors = (const double *)change[s];
        for (int i = 0; i < n; i++) {
            V row[width];
            for (int k = 0; k < width; k++) row[k] = gram[i][at + k];
            for (int a = 0; a < ROWS; a++) {
                V factor = all(factors[a * P * LANES + i]);
                for (int k = 0; k < width; k++) sums[a][k] = minus(sums[a][k], factor, row[k]);
            }
        }
        for (int a = 0; a < ROWS; a++)
            for (int k = 0; k < width; k++) z[s + a][at + k] = sums[a][k];
    }

    void step(double eta, double lam) {
        V outputs[P] = {}, squares[P] = {};
        for (int s = 0; s < S; s++)
            for (int k = 0; k < P; k++) {
                V a = power(relu(z[s][k]));
                outputs[k] += head(s) * a;
                if (PENALTY) squares[k] += a;
            }
        double plus, minus_, all_plus = 0, all_minus = 0;
        on_signal(signal, plus, minus_);
        if (PENALTY)
            for (int s = 0; s < S; s++) {
                all_plus += power(signal[s] > 0 ? signal[s] : 0.0);
                all_minus += power(signal[s] < 0 ? -signal[s] : 0.0);
            }
        V rate[P], decay[P], towards[2] = {}, square[2] = {};  // by clean label: +1, -1
        for (int k = 0; k < P; k++) {
            I positive = clean[k] > 0.0;
            V margin = y[k] * mean * (outputs[k] + where(positive, all(plus), all(minus_)));
            V small = exponential(-absolute(margin)), inverse = 1.0 / (1.0 + small);
            V first = -where(margin >= 0.0, small, all(1.0)) * inverse;
            V own_rate, own_square{};
            if (PENALTY) {
                V second = small * inverse * inverse;
                V zeta = mu2 * where(positive, all(all_plus), all(all_minus)) + own[k] * squares[k];
                V live = absolute(y[k]);  // 0 in the padding
                own_rate = live * (2 * eta * mean / n) * first * (1.0 + 4 * mean * mean * lam * second * zeta);
                own_square = live * (4 * eta * mean * mean * lam / n) * first * first;
                rate[k] = own_rate * y[k];
                decay[k] = own_square * own[k];
            } else {
                rate[k] = (eta * mean / n) * first * y[k];
                own_rate = rate[k] * clean[k];
                decay[k] = V{};
            }
            towards[0] += where(positive, own_rate, V{});
            towards[1] += where(positive, V{}, own_rate);
            if (PENALTY) {
                square[0] += where(positive, own_square, V{});
                square[1] += where(positive, V{}, own_square);
            }
        }
        double slope[2] = {sum(towards[0]), sum(towards[1])}, pull[2] = {mu2 * sum(square[0]), mu2 * sum(square[1])};
        for (int s = 0; s < S; s++) {
            double j = head(s), a = signal[s], along = 0;
            for (int k = 0; k < P; k++) {
                V factor = j * rate[k] + decay[k];
                change[s][k] = PENALTY ? relu(z[s][k]) * factor : where(z[s][k] > 0.0, factor, V{});
                b[s][k] -= change[s][k];
            }
            if (PENALTY) {
                if (a > 0) along = a * (j * slope[0] + pull[0]);
                if (a < 0) along = -a * (j * slope[1] - pull[1]);
            } else if (a != 0) {
                along = j * slope[a > 0 ? 0 : 1];
            }
            b_signal[s] -= along;
            signal[s] -= along * mu2;
        }
        product<0, P>();
    }

    void advance(long steps, double eta, double lam, long lam_until) {
        for (long t = 0; t < steps; t++) step(eta, PENALTY && t <= lam_until ? lam : 0.0);
    }
};

struct Law {
    V mu, sigma_p, lam;
    double sigma_0, d, flips;
};

// LANES runs side by side: the draw, and the test law of what was trained.
struct Runs {
    V y[n], clean[n], signal[S], z[S][n], b[S][n], gram[n][n];
    V noise[n][n];    // the noises' lower triangle: <xi_i, xi_k> = sum noise noise
    V weights[S][n];  // the filters along the noises' axes
    V beyond[S][S];   // and off them, lower triangle
    V root_[S][S];    // of the covariance of fresh noise' pre-activations

    void draw(Random &random, const Law &law) {
        for (int i = 0; i < n; i++) {
            clean[i] = where(random.uniform() < 0.5, all(1.0), all(-1.0));
            y[i] = where(random.uniform() < law.flips, -clean[i], clean[i]);
        }
        double left = law.d - 1.0;  // off the signal
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < i; k++) noise[i][k] = law.sigma_p * random.normal();
            noise[i][i] = law.sigma_p * root(random.chi_square(all(left - i)));
        }
        for (int s = 0; s < S; s++) {
            signal[s] = law.mu * law.sigma_0 * random.normal();
            for (int k = 0; k < n; k++) weights[s][k] = law.sigma_0 * random.normal();
            for (int k = 0; k < s; k++) beyond[s][k] = law.sigma_0 * random.normal();
            beyond[s][s] = law.sigma_0 * root(random.chi_square(all(left - n - s)));
        }
        for (int i = 0; i < n; i++)
            for (int k = 0; k <= i; k++) gram[i][k] = gram[k][i] = dot(noise[i], noise[k], k + 1);
        for (int s = 0; s < S; s++)
            for (int i = 0; i < n; i++) z[s][i] = dot(weights[s], noise[i], i + 1);
    }

    static V dot(const V *x, const V *y, int length) {
        V total{};
        for (int k = 0; k < length; k++) total = fma(x[k], y[k], total);
        return total;
    }

    // Trains one lane's run after another in `run`.
    void advance(Run &run, long steps, double eta, const Law &law, long lam_until) {
        for (int lane = 0; lane < LANES; lane++) {
            run.mu2 = law.mu[lane] * law.mu[lane];
            for (int i = 0; i < n; i++) {
                ((double *)run.y)[i] = y[i][lane];
                ((double *)run.clean)[i] = clean[i][lane];
                ((double *)run.own)[i] = gram[i][i][lane];
                for (int k = 0; k < n; k++) ((double *)run.gram[i])[k] = gram[i][k][lane];
            }
            for (int s = 0; s < S; s++) {
                run.signal[s] = signal[s][lane];
                for (int i = 0; i < n; i++) ((double *)run.z[s])[i] = z[s][i][lane], ((double *)run.b[s])[i] = 0.0;
            }
            run.advance(steps, eta, law.lam[lane], lam_until);
            for (int s = 0; s < S; s++) {
                signal[s][lane] = run.signal[s];
                for (int i = 0; i < n; i++) b[s][i][lane] = ((double *)run.b[s])[i];
            }
        }
    }

    // root_ root_^T = sigma_p^2 <w_s, w_r> off the signal, after training.
    void covariance(const Law &law) {
        for (int s = 0; s < S; s++)
            for (int k = 0; k < n; k++)
                for (int i = k; i < n; i++) weights[s][k] = fma(b[s][i], noise[i][k], weights[s][k]);
        V variance = law.sigma_p * law.sigma_p;
        for (int s = 0; s < S; s++)
            for (int r = 0; r <= s; r++)
                root_[s][r] = variance * (dot(weights[s], weights[r], n) + dot(beyond[s], beyond[r], r + 1));
        for (int r = 0; r < S; r++) {
            V pivot = root(larger(root_[r][r] - dot(root_[r], root_[r], r), all(1e-300)));
            root_[r][r] = pivot;
            for (int s = r + 1; s < S; s++) root_[s][r] = (root_[s][r] - dot(root_[s], root_[r], r)) / pivot;
        }
    }

    // The mean error over `draws` fresh noises, normals (draws, S), each judged with both labels.
    V test_error(const double *normals, int draws, double flips) {
        constexpr int SIDE = 6;  // draws side by side, two filters at a time: their accumulators fit the registers
        V plus, minus_, wrong{};
        on_signal(signal, plus, minus_);
        for (int first = 0; first < draws; first += SIDE) {
            V outputs[SIDE] = {};
            const double *at[SIDE];
            for (int x = 0; x < SIDE; x++) at[x] = normals + (ptrdiff_t)(first + x < draws ? first + x : first) * S;
            for (int s = 0; s < S; s += 2) {
                V one[SIDE] = {}, two[SIDE] = {};
                for (int k = 0; k <= s; k++)
                    for (int x = 0; x < SIDE; x++) {
                        V normal = all(at[x][k]);
                        one[x] = fma(root_[s][k], normal, one[x]);
                        two[x] = fma(root_[s + 1][k], normal, two[x]);
                    }
                for (int x = 0; x < SIDE; x++) {
                    two[x] = fma(root_[s + 1][s + 1], all(at[x][s + 1]), two[x]);
                    outputs[x] += head(s) * power(relu(one[x])) + head(s + 1) * power(relu(two[x]));
                }
            }
            for (int x = 0; x < SIDE && first + x < draws; x++) {
                wrong += where(plus + outputs[x] < 0.0, all(1 - flips), all(flips));
                wrong += where(minus_ + outputs[x] > 0.0, all(1 - flips), all(flips));
            }
        }
        return wrong * (0.5 / draws);
    }
};

template <class Kind>
std::unique_ptr<Kind, decltype(&std::free)> zeros() {
    size_t size = (sizeof(Kind) + 63) / 64 * 64;
    void *place = std::aligned_alloc(64, size);
    __builtin_memset(place, 0, size);
    return {(Kind *)place, &std::free};
}

}  // namespace

extern "C" {

// Test errors of `runs` runs into `errors`, with `draws` fresh noises that all runs share; mu, sigma_p and lam are (runs,).
void ensemble(long runs, long steps, uint64_t seed, const double *mu, const double *sigma_p, const double *lam,
              double sigma_0, double d, double eta, long lam_until, double flips, long draws, double *errors) {
    auto run = zeros<Run>();
    auto side = zeros<Runs>();
    U fresh{};
    for (int lane = 0; lane < LANES; lane++) fresh[lane] = ~(seed * LANES + lane);
    Random shared(fresh);
    std::vector<double> normals((draws * S + LANES - 1) / LANES * LANES);
    for (size_t at = 0; at < normals.size(); at += LANES) {
        V some = shared.normal();
        __builtin_memcpy(&normals[at], &some, sizeof some);
    }
    for (long at = 0; at < runs; at += LANES) {
        Law law{{}, {}, {}, sigma_0, d, flips};
        U seeds;
        for (int lane = 0; lane < LANES; lane++) {
            long mine = at + lane < runs ? at + lane : runs - 1;
            law.mu[lane] = mu[mine];
            law.sigma_p[lane] = sigma_p[mine];
            law.lam[lane] = lam[mine];
            seeds[lane] = (seed << 32) + mine;
        }
        Random random(seeds);
        side->draw(random, law);
        side->advance(*run, steps, eta, law, lam_until);
        side->covariance(law);
        V found = side->test_error(normals.data(), draws, flips);
        for (int lane = 0; lane < LANES && at + lane < runs; lane++) errors[at + lane] = found[lane];
    }
}

// One run from a draw that somebody gives: z (S, 1 + n), the signal first, in place; gram (1 + n, 1 + n).
void trained(long steps, double *z, const double *gram, const double *y, const double *clean, double eta, double lam,
             long lam_until) {
    auto run = zeros<Run>();
    run->mu2 = gram[0];
    for (int i = 0; i < n; i++) {
        ((double *)run->y)[i] = y[i];
        ((double *)run->clean)[i] = clean[i];
        ((double *)run->own)[i] = gram[(i + 1) * (n + 1) + i + 1];
        for (int k = 0; k < n; k++) ((double *)run->gram[i])[k] = gram[(i + 1) * (n + 1) + k + 1];
    }
    for (int s = 0; s < S; s++) {
        run->signal[s] = z[s * (n + 1)];
        for (int i = 0; i < n; i++) ((double *)run->z[s])[i] = z[s * (n + 1) + i + 1];
    }
    run->advance(steps, eta, lam, lam_until);
    for (int s = 0; s < S; s++) {
        z[s * (n + 1)] = run->signal[s];
        for (int i = 0; i < n; i++) z[s * (n + 1) + i + 1] = ((double *)run->z[s])[i];
    }
}
}
