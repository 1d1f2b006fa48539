/* The PEGR recursion of hand_loop.py in C: the same loops, arrays and names, row-major. */
#include <math.h>

void advance(long m, long n, double *restrict signal, double *restrict noise, double *restrict b_signal,
             double *restrict b_noise, const double *restrict gram, double mu2, const double *restrict y, double eta,
             double lam, long lam_until, long steps, double *restrict scratch) {
    double *outputs = scratch, *rate = scratch + 2 * n, *update = scratch + 4 * n;
    const double scale = 2.0 * eta / ((double)n * (double)m);
    for (long t = 0; t < steps; t++) {
        const double now = t <= lam_until ? lam : 0.0;
        double on_label[2][2] = {{0.0, 0.0}, {0.0, 0.0}}, slope[2] = {0.0, 0.0}, square[2] = {0.0, 0.0};
        for (long h = 0; h < 2; h++) {
            for (long i = 0; i < n; i++) outputs[h * n + i] = 0.0;
            for (long r = 0; r < m; r++) {
                const double a = signal[h * m + r];
                const double *row = noise + (h * m + r) * n;
                on_label[h][a > 0.0 ? 0 : 1] += a * a;
                for (long i = 0; i < n; i++) {
                    const double active = row[i] > 0.0 ? row[i] : 0.0;
                    outputs[h * n + i] += active * active;
                }
            }
        }
        for (long i = 0; i < n; i++) {
            const int label = y[i] > 0.0 ? 0 : 1;
            const double plus = outputs[i], minus = outputs[n + i], own = gram[i * n + i];
            const double margin = y[i] * (on_label[0][label] + plus - on_label[1][label] - minus) / m;
            const double small = exp(-fabs(margin));
            const double first = -(margin >= 0.0 ? small : 1.0) / (1.0 + small);
            const double second = small / ((1.0 + small) * (1.0 + small));
            const double zeta = (on_label[0][label] + on_label[1][label]) * mu2 + (plus + minus) * own;
            const double towards = first * (1.0 + 4.0 * now * zeta / ((double)m * m) * second);
            const double decay = 2.0 * now / m * first * first;
            slope[label] += towards;
            square[label] += decay;
            rate[i] = scale * (towards * y[i] + decay * own);
            rate[n + i] = scale * (-towards * y[i] + decay * own);
        }
        for (long h = 0; h < 2; h++) {
            for (long r = 0; r < m; r++) {
                const double a = signal[h * m + r], j = 1.0 - 2.0 * h;
                const int label = a > 0.0 ? 0 : 1;
                const double change = scale * a * (j * (1.0 - 2.0 * label) * slope[label] + mu2 * square[label]);
                double *row = noise + (h * m + r) * n, *b_row = b_noise + (h * m + r) * n;
                b_signal[h * m + r] -= change;
                signal[h * m + r] = a - mu2 * change;
                for (long i = 0; i < n; i++) {
                    update[i] = rate[h * n + i] * (row[i] > 0.0 ? row[i] : 0.0);
                    b_row[i] -= update[i];
                }
                for (long i = 0; i < n; i++) {
                    if (update[i] == 0.0) continue;
                    for (long k = 0; k < n; k++) row[k] -= update[i] * gram[i * n + k];
                }
            }
        }
    }
}
