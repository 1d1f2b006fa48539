"""pegr: gradient descent on its objective, through the Gram matrix (generated; do not edit).

Per-example gradient regularization (Meng, Cao and Zou 2023), activation relu_power, penalty none.

Decomposition
  w_{j,r}(t) = w_{j,r}(0) + j gamma_{j,r} mu/||mu||^2 + sum_i rho_{j,r,i} xi_i/||xi_i||^2
  rho_over = rho 1{j = y_i}, rho_under = rho 1{j != y_i}

Functions
  ReLU(z) = where(z > 0, z, 0)
  l(z) = log(1 + exp(-z))
  l'(z) = -1/(exp(z) + 1)

Definitions
  f_i = sum_{j,r} [ (ReLU(<w_{j,r}, y_i mu>)**3 + ReLU(<w_{j,r}, xi_i>)**3)*j ]/m
  l'_i = l'(f_i*y_i)

One step, from t to t + 1
  gamma_{j,r} <- gamma_{j,r} - (3*||mu||^2*eta/(m*n)) sum_{i} [ l'_i * ReLU(<w_{j,r}, y_i mu>)**2 ]
  rho_{j,r,i} <- rho_{j,r,i} - (3*eta*||xi_i||^2/(m*n)) [ l'_i*y_i * ReLU(<w_{j,r}, xi_i>)**2*j ]

Operations of a step, at most, of 2 heads, m filters, B directions, n examples
  2*B**2*m + 4*B*m + 6*m*n + n + 4 additions and subtractions
  2*B**2*m + 4*B*m + 26*m*n + 6*n + 6 multiplications and divisions

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
from math import exp, isfinite, log1p, sqrt

import numpy as np
from dynamics.lazily import njit

PATCHES = 2


def directions(n):
    """Directions of a model with n examples."""
    return 1 + n


@njit(cache=True, fastmath=False, error_model="numpy")
def relu(x):
    """max(0, x), keeping nan."""
    return 0.0 if x < 0.0 else x


@njit(cache=True, fastmath=False, error_model="numpy")
def loss_0(x):
    """log(1 + exp(-x)), without overflow."""
    return log1p(exp(-x)) if x >= 0.0 else log1p(exp(x)) - x


@njit(cache=True, fastmath=False, error_model="numpy")
def loss_1(x):
    """-1 / (1 + exp(x)), without overflow or cancellation."""
    e = exp(-abs(x))
    return -e / (1.0 + e) if x >= 0.0 else -1.0 / (1.0 + e)


@njit(cache=True, fastmath=False, error_model="numpy")
def finite(f):
    """Whether every output is a finite number."""
    for i in range(f.size):
        if not isfinite(f[i]):
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def keep_state(state, kept):
    """kept = state (H, m, B)."""
    for h in range(state.shape[0]):
        for r in range(state.shape[1]):
            for q in range(state.shape[2]):
                kept[h, r, q] = state[h, r, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def keep_row(values, kept):
    """kept = values, a number of each example."""
    for i in range(values.shape[0]):
        kept[i] = values[i]


@njit(cache=True, fastmath=False, error_model="numpy")
def contract(g, gram, out):
    """out[h, r, :] = g[h, r, :] gram, by BLAS."""
    np.dot(g.reshape(g.shape[0] * g.shape[1], g.shape[2]), gram, out.reshape(g.shape[0] * g.shape[1], g.shape[2]))


@njit(cache=True, fastmath=False, error_model="numpy")
def move(z, b, g, dz, eta):
    """b <- b - eta g and z <- z - eta dz, in place; dz = g gram."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                b[h, r, q] -= eta * g[h, r, q]
                z[h, r, q] -= eta * dz[h, r, q]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def example_gram(gram, y, G_mu_xi, G_xi_xi):
    """Inner products of each example's own directions, taken out of the Gram matrix once."""
    at_mu = 0
    at_xi = at_mu + 1
    for i in range(y.size):
        G_mu_xi[i] = gram[at_mu, at_xi + i]
        G_xi_xi[i] = gram[at_xi + i, at_xi + i]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def plain_gradient(z, gram, y, G_mu_xi, G_xi_xi, kappa, g, row, f, margin, l1, v0, v1):
    """g = dL_S/dz, without penalty."""
    n = float(y.size)
    at_mu = 0
    at_xi = at_mu + 1
    f[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]  # pre-activation of the patch mu
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                f[i] += ((relu_mu*relu_mu*relu_mu) + (relu_xi*relu_xi*relu_xi))*j
    f *= kappa
    q0 = 3.0*kappa/n  # a factor that examples share
    for i in range(y.size):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        v0[i] = q0*l1[i]  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        v1[i] = q0*l1[i]*y[i]  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                relu_xi = relu(a_xi)
                g[h, r, at_xi + i] = (relu_xi*relu_xi)*j*v1[i]
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]
                relu_mu = relu(a_mu)
                row[i] = (relu_mu*relu_mu)*j*v0[i]
            total = 0.0
            for i in range(y.size):
                total += row[i]
            g[h, r, at_mu] = total


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def measured_gradient(z, gram, y, G_mu_xi, G_xi_xi, kappa, g, row, f, vz0, vz1, vz2, margin, loss, l1, zeta, v0, v1):
    """g = dL_S/dz, and every definition that is observed."""
    n = float(y.size)
    at_mu = 0
    at_xi = at_mu + 1
    f[:] = 0.0
    vz0[:] = 0.0
    vz1[:] = 0.0
    vz2[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]  # pre-activation of the patch mu
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                f[i] += ((relu_mu*relu_mu*relu_mu) + (relu_xi*relu_xi*relu_xi))*j
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]
                relu_mu = relu(a_mu)
                vz0[i] += (relu_mu*relu_mu*relu_mu*relu_mu)
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                relu_xi = relu(a_xi)
                vz1[i] += (relu_xi*relu_xi*relu_xi*relu_xi)
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]
                a_xi = z[h, r, at_xi + i]
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                vz2[i] += (relu_mu*relu_mu)*(relu_xi*relu_xi)
    f *= kappa
    q0 = 3.0*kappa/n  # a factor that examples share
    for i in range(y.size):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        loss[i] = loss_0(margin[i])  # loss at the margin
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        # squared norm of the output's gradient, constants taken out
        zeta[i] = gram[at_mu, at_mu]*vz0[i] + 2.0*G_mu_xi[i]*vz2[i]*y[i] + G_xi_xi[i]*vz1[i]
        v0[i] = q0*l1[i]  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        v1[i] = q0*l1[i]*y[i]  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                relu_xi = relu(a_xi)
                g[h, r, at_xi + i] = (relu_xi*relu_xi)*j*v1[i]
            for i in range(y.size):
                a_mu = y[i]*z[h, r, at_mu]
                relu_mu = relu(a_mu)
                row[i] = (relu_mu*relu_mu)*j*v0[i]
            total = 0.0
            for i in range(y.size):
                total += row[i]
            g[h, r, at_mu] = total


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[::1], float64, float64, int64, int64, "
    "int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(z, b, gram, y, kappa, eta, lam_until, start, steps, recorded, z_out, b_out):
    """Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.

    States at the steps `recorded` go to z_out and b_out.  Step t uses the penalty where t <= lam_until.
    """
    f = np.zeros(y.size)  # network output
    margin = np.zeros(y.size)  # margin y_i f(x_i)
    l1 = np.zeros(y.size)  # first derivative of the loss at the margin
    v0 = np.zeros(y.size)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    v1 = np.zeros(y.size)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    G_mu_xi = np.zeros(y.size)  # an inner product of each example's own directions
    G_xi_xi = np.zeros(y.size)  # an inner product of each example's own directions
    example_gram(gram, y, G_mu_xi, G_xi_xi)
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    dz = np.zeros(z.shape)  # g gram
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            keep_state(z, z_out[at])
            keep_state(b, b_out[at])
            at += 1
        if t == start + steps:
            break
        plain_gradient(z, gram, y, G_mu_xi, G_xi_xi, kappa, g, row, f, margin, l1, v0, v1)
        if not finite(f):
            return t
        contract(g, gram, dz)
        move(z, b, g, dz, eta)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, ::1], float64[::1], float64, float64[::1], float64[::1], float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def observe(states, gram, y, kappa, risk, gradient_norm, margin_out, l1_out, zeta_out):
    """Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."""
    z = np.zeros(states.shape[1:])  # one of the states
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    along = np.zeros(z.shape)  # g gram
    f = np.zeros(y.size)  # network output
    vz0 = np.zeros(y.size)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**4
    vz1 = np.zeros(y.size)  # sum over neurons of ReLU(<w_{j,r}, xi_i>)**4
    vz2 = np.zeros(y.size)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>)**2
    margin = np.zeros(y.size)  # margin y_i f(x_i)
    loss = np.zeros(y.size)  # loss at the margin
    l1 = np.zeros(y.size)  # first derivative of the loss at the margin
    zeta = np.zeros(y.size)  # squared norm of the output's gradient, constants taken out
    v0 = np.zeros(y.size)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    v1 = np.zeros(y.size)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    G_mu_xi = np.zeros(y.size)  # an inner product of each example's own directions
    G_xi_xi = np.zeros(y.size)  # an inner product of each example's own directions
    example_gram(gram, y, G_mu_xi, G_xi_xi)
    for t in range(states.shape[0]):
        keep_state(states[t], z)
        measured_gradient(z, gram, y, G_mu_xi, G_xi_xi, kappa, g, row, f, vz0, vz1, vz2, margin, loss, l1, zeta, v0, v1)
        contract(g, gram, along)
        total = 0.0
        for h in range(z.shape[0]):
            for r in range(z.shape[1]):
                for b in range(z.shape[2]):
                    total += g[h, r, b] * along[h, r, b]
        gradient_norm[t] = sqrt(max(total, 0.0))
        total = 0.0
        for i in range(y.size):
            total += loss[i]
        risk[t] = total / y.size
        keep_row(margin, margin_out[t])
        keep_row(l1, l1_out[t])
        keep_row(zeta, zeta_out[t])


@njit(
    "void(float64[:, :, :, ::1], float64, float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def outputs(a, kappa, out):
    """The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."""
    out[:] = 0.0
    for i in range(a.shape[0]):
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(a.shape[3]):
                a_mu = a[i, 0, h, r]
                a_xi = a[i, 1, h, r]
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                out[i] += ((relu_mu*relu_mu*relu_mu) + (relu_xi*relu_xi*relu_xi))*j
    out *= kappa
