"""nearly_orthogonal: gradient descent on its objective, through the Gram matrix (generated; do not edit).

Implicit bias on nearly orthogonal data (Kou, Chen and Gu 2023), activation leaky_relu of slope slope with sigma'(0)
    = 1, penalty none.

Decomposition
  w_{j,r}(t) = w_{j,r}(0) + sum_i rho_{j,r,i} x_i/||x_i||^2
  rho_over = rho 1{j = y_i}, rho_under = rho 1{j != y_i}

Functions
  sigma(z) = where(z >= 0, z, slope*z)
  sigma'(z) = where(z >= 0, 1, slope)
  l(z) = log(1 + exp(-z))
  l'(z) = -1/(exp(z) + 1)

Definitions
  f_i = sum_{j,r} [ sigma(<w_{j,r}, x_i>)*j ]/m
  l'_i = l'(f_i*y_i)

One step, from t to t + 1
  rho_{j,r,i} <- rho_{j,r,i} - (eta*||x_i||^2/(m*n)) [ l'_i*y_i * sigma'(<w_{j,r}, x_i>)*j ]

Operations of a step, at most, of 2 heads, m filters, B directions, n examples
  2*B**2*m + 4*B*m + 2*m*n + n + 4 additions and subtractions
  2*B**2*m + 4*B*m + 8*m*n + 5*n + 5 multiplications and divisions

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
from math import exp, isfinite, log1p, sqrt

import numpy as np
from dynamics.lazily import njit

from dynamics.lanes.tabled import by_tables, laid_out


PATCHES = 1


def directions(n):
    """Directions of a model with n examples."""
    return n


@njit(cache=True, fastmath=False, error_model="numpy")
def leaky(x, s):
    """The leaky ReLU: x above 0, s x below."""
    return s * x if x <= 0.0 else x


@njit(cache=True, fastmath=False, error_model="numpy")
def leaky_slope_closed(x, s):
    """1{x >= 0} + s 1{x < 0}."""
    return s if x < 0.0 else 1.0


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
def plain_gradient(z, gram, y, kappa, given_slope, g, row, f, margin, l1, v0):
    """g = dL_S/dz, without penalty."""
    n = float(y.size)
    at_x = 0
    f[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_x = z[h, r, at_x + i]  # pre-activation of the patch x
                leaky_x = leaky(a_x, given_slope)
                f[i] += leaky_x*j
    f *= kappa
    q0 = kappa/n  # a factor that examples share
    for i in range(y.size):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        v0[i] = q0*l1[i]*y[i]  # weight of sigma'(<w_{j,r}, x_i>)*j in the gradient along x
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_x = z[h, r, at_x + i]
                leaky_slope_closed_x = leaky_slope_closed(a_x, given_slope)
                g[h, r, at_x + i] = leaky_slope_closed_x*j*v0[i]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def measured_gradient(z, gram, y, kappa, given_slope, g, row, f, zeta, margin, loss, l1, v0):
    """g = dL_S/dz, and every definition that is observed."""
    n = float(y.size)
    at_x = 0
    f[:] = 0.0
    zeta[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_x = z[h, r, at_x + i]  # pre-activation of the patch x
                leaky_x = leaky(a_x, given_slope)
                f[i] += leaky_x*j
            for i in range(y.size):
                a_x = z[h, r, at_x + i]
                leaky_slope_closed_x = leaky_slope_closed(a_x, given_slope)
                zeta[i] += (leaky_slope_closed_x*leaky_slope_closed_x)
    f *= kappa
    q0 = kappa/n  # a factor that examples share
    for i in range(y.size):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        loss[i] = loss_0(margin[i])  # loss at the margin
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        v0[i] = q0*l1[i]*y[i]  # weight of sigma'(<w_{j,r}, x_i>)*j in the gradient along x
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(y.size):
                a_x = z[h, r, at_x + i]
                leaky_slope_closed_x = leaky_slope_closed(a_x, given_slope)
                g[h, r, at_x + i] = leaky_slope_closed_x*j*v0[i]


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[::1], float64, float64, float64, int64, "
    "int64, int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(z, b, gram, y, kappa, given_slope, eta, lam_until, start, steps, recorded, z_out, b_out):
    """Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.

    States at the steps `recorded` go to z_out and b_out.  Step t uses the penalty where t <= lam_until.
    """
    f = np.zeros(y.size)  # network output
    margin = np.zeros(y.size)  # margin y_i f(x_i)
    l1 = np.zeros(y.size)  # first derivative of the loss at the margin
    v0 = np.zeros(y.size)  # weight of sigma'(<w_{j,r}, x_i>)*j in the gradient along x
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    dz = np.zeros(z.shape)  # g gram
    tiles = laid_out(gram, z.shape[1])  # of 32 columns
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            keep_state(z, z_out[at])
            keep_state(b, b_out[at])
            at += 1
        if t == start + steps:
            break
        plain_gradient(z, gram, y, kappa, given_slope, g, row, f, margin, l1, v0)
        if not finite(f):
            return t
        if not by_tables(g, tiles, dz):
            contract(g, gram, dz)
        move(z, b, g, dz, eta)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, ::1], float64[::1], float64, float64, float64[::1], float64[::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def observe(states, gram, y, kappa, given_slope, risk, gradient_norm, margin_out, l1_out, zeta_out):
    """Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."""
    z = np.zeros(states.shape[1:])  # one of the states
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    along = np.zeros(z.shape)  # g gram
    f = np.zeros(y.size)  # network output
    zeta = np.zeros(y.size)  # squared norm of the output's gradient, constants taken out
    margin = np.zeros(y.size)  # margin y_i f(x_i)
    loss = np.zeros(y.size)  # loss at the margin
    l1 = np.zeros(y.size)  # first derivative of the loss at the margin
    v0 = np.zeros(y.size)  # weight of sigma'(<w_{j,r}, x_i>)*j in the gradient along x
    for t in range(states.shape[0]):
        keep_state(states[t], z)
        measured_gradient(z, gram, y, kappa, given_slope, g, row, f, zeta, margin, loss, l1, v0)
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
    "void(float64[:, :, :, ::1], float64, float64, float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def outputs(a, kappa, given_slope, out):
    """The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."""
    out[:] = 0.0
    for i in range(a.shape[0]):
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(a.shape[3]):
                a_x = a[i, 0, h, r]
                leaky_x = leaky(a_x, given_slope)
                out[i] += leaky_x*j
    out *= kappa
