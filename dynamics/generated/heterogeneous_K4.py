"""heterogeneous: gradient descent on its objective, through the Gram matrix (generated; do not edit).

Benign overfitting under heterogeneous noise (Xu and Chen 2025), activation relu, penalty none.

Decomposition
  w_{k,r}(t) = w_{k,r}(0) + sum_{c'} gamma_{k,r,c'} u_{c'}/||u_{c'}||^2 + sum_i rho_{k,r,i} xi_i/||xi_i||^2
  rho_over = rho 1{k = y_i}, rho_under = rho 1{k != y_i}

Functions
  ReLU(z) = where(z > 0, z, 0)

Definitions
  F_{k,i} = sum_{r} [ ReLU(<w_{k,r}, u_{y_i}>) + ReLU(<w_{k,r}, xi_i>) ]/m
  p_{k,i} = softmax(F_{k,i})
  e_{k,i} = -1{k = y_i} + p_{k,i}

One step, from t to t + 1
  gamma_{k,r,c'} <- gamma_{k,r,c'} - (eta*||u_{c'}||^2/(m*n)) sum_{i} [ 1{c' = y_i}*e_{k,i}
      * 1{<w_{k,r}, u_{y_i}> > 0} ]
  rho_{k,r,i} <- rho_{k,r,i} - (eta*||xi_i||^2/(m*n)) [ e_{k,i} * 1{<w_{k,r}, xi_i> > 0} ]

Operations of a step, at most, of 4 heads, m filters, B directions, n examples
  4*B**2*m + 4*B*m + 4*m*n + 16*m + 20*n additions and subtractions
  4*B**2*m + 4*B*m + 4*m*n + 16*m + 12*n + 1 multiplications and divisions

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
    return 4 + n


@njit(cache=True, fastmath=False, error_model="numpy")
def relu(x):
    """max(0, x), keeping nan."""
    return 0.0 if x < 0.0 else x


@njit(cache=True, fastmath=False, error_model="numpy")
def step(x):
    """1{x > 0}."""
    return 0.0 if x <= 0.0 else 1.0


@njit(cache=True, fastmath=False, error_model="numpy")
def finite(F):
    """Whether every output is a finite number."""
    for h in range(F.shape[0]):
        for i in range(F.shape[1]):
            if not isfinite(F[h, i]):
                return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def softmax(F, label, i, p, e):
    """Fill p[k, i] = exp(F_k) / sum_l exp(F_l) and e = p - 1{k = label}, without overflow or cancellation."""
    top = F[0, i]
    for k in range(1, F.shape[0]):
        top = max(top, F[k, i])
    total = 0.0
    for k in range(F.shape[0]):
        p[k, i] = exp(F[k, i] - top)
        total += p[k, i]
    others = 0.0
    for k in range(F.shape[0]):
        p[k, i] /= total
        e[k, i] = p[k, i]
        if k != label:
            others += p[k, i]
    e[label, i] = -others


@njit(cache=True, fastmath=False, error_model="numpy")
def cross_entropy(F, label, i):
    """-log p of the label, without overflow or cancellation."""
    best = 0
    for k in range(1, F.shape[0]):
        if F[k, i] > F[best, i]:
            best = k
    total = 0.0
    for k in range(F.shape[0]):
        if k != best:
            total += exp(F[k, i] - F[best, i])
    return F[best, i] - F[label, i] + log1p(total)


@njit(cache=True, fastmath=False, error_model="numpy")
def keep_state(state, kept):
    """kept = state (H, m, B)."""
    for h in range(state.shape[0]):
        for r in range(state.shape[1]):
            for q in range(state.shape[2]):
                kept[h, r, q] = state[h, r, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def keep_heads(values, kept):
    """kept = values (K, n), a number of each head and example."""
    for h in range(values.shape[0]):
        for i in range(values.shape[1]):
            kept[h, i] = values[h, i]


@njit(cache=True, fastmath=False, error_model="numpy")
def contract(g, gram, out):
    """out[h, r, :] = g[h, r, :] gram; directions without gradient are skipped."""
    out[:] = 0.0
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            for b in range(g.shape[2]):
                weight = g[h, r, b]
                if weight != 0.0:
                    for q in range(g.shape[2]):
                        out[h, r, q] += weight * gram[b, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def descend(z, b, g, gram, eta):
    """b <- b - eta g and z <- z - eta g gram, in place."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                change = eta * g[h, r, q]
                if change != 0.0:
                    b[h, r, q] -= change
                    for c in range(z.shape[2]):
                        z[h, r, c] -= change * gram[q, c]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def example_gram(gram, y, G_u_u, G_u_xi, G_xi_xi):
    """Inner products of each example's own directions, taken out of the Gram matrix once."""
    at_u = 0
    at_xi = at_u + 4
    for i in range(y.size):
        G_u_u[i] = gram[at_u + y[i], at_u + y[i]]
        G_u_xi[i] = gram[at_u + y[i], at_xi + i]
        G_xi_xi[i] = gram[at_xi + i, at_xi + i]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def plain_gradient(z, gram, y, G_u_u, G_u_xi, G_xi_xi, kappa, g, row, F, p, e, v0, F_by_class, v0_by_class):
    """g = dL_S/dz, without penalty."""
    n = float(y.size)
    at_u = 0
    at_xi = at_u + 4
    F[:] = 0.0
    for h in range(4):
        F_by_class[:] = 0.0
        for r in range(z.shape[1]):
            for q in range(4):
                a_u = z[h, r, at_u + q]  # pre-activation of the patch u
                relu_u = relu(a_u)
                F_by_class[q] += relu_u
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                F[h, i] += relu_xi
        for i in range(y.size):
            F[h, i] += F_by_class[y[i]]
    F *= kappa
    for i in range(y.size):
        softmax(F, y[i], i, p, e)
    q0 = kappa/n  # a factor that examples share
    for h in range(4):
        for i in range(y.size):
            v0[h, i] = q0*e[h, i]  # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
    g[:] = 0.0
    for h in range(4):
        v0_by_class[:] = 0.0
        for i in range(y.size):
            v0_by_class[y[i]] += v0[h, i]
        for r in range(z.shape[1]):
            for q in range(4):
                a_u = z[h, r, at_u + q]
                step_u = step(a_u)
                g[h, r, at_u + q] = step_u*v0_by_class[q]
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                step_xi = step(a_xi)
                g[h, r, at_xi + i] = step_xi*v0[h, i]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def measured_gradient(
    z,
    gram, y, G_u_u, G_u_xi, G_xi_xi,
    kappa,
    g, row,
    F, vz0, vz1, vz2, p, e, loss, zeta, v0, F_by_class, vz0_by_class, v0_by_class,
):
    """g = dL_S/dz, and every definition that is observed."""
    n = float(y.size)
    at_u = 0
    at_xi = at_u + 4
    F[:] = 0.0
    vz0[:] = 0.0
    vz1[:] = 0.0
    vz2[:] = 0.0
    for h in range(4):
        F_by_class[:] = 0.0
        vz0_by_class[:] = 0.0
        for r in range(z.shape[1]):
            for q in range(4):
                a_u = z[h, r, at_u + q]  # pre-activation of the patch u
                relu_u = relu(a_u)
                F_by_class[q] += relu_u
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                F[h, i] += relu_xi
            for q in range(4):
                a_u = z[h, r, at_u + q]
                step_u = step(a_u)
                vz0_by_class[q] += step_u
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                step_xi = step(a_xi)
                vz1[h, i] += step_xi
            for i in range(y.size):
                a_u = z[h, r, at_u + y[i]]
                a_xi = z[h, r, at_xi + i]
                step_u = step(a_u)
                step_xi = step(a_xi)
                vz2[h, i] += step_u*step_xi
        for i in range(y.size):
            F[h, i] += F_by_class[y[i]]
        for i in range(y.size):
            vz0[h, i] += vz0_by_class[y[i]]
    F *= kappa
    for i in range(y.size):
        softmax(F, y[i], i, p, e)
    for i in range(y.size):
        loss[i] = cross_entropy(F, y[i], i)  # cross-entropy
    q0 = kappa/n  # a factor that examples share
    for h in range(4):
        for i in range(y.size):
            # squared norm of the output's gradient, constants taken out
            zeta[h, i] = G_u_u[i]*vz0[h, i] + 2.0*G_u_xi[i]*vz2[h, i] + G_xi_xi[i]*vz1[h, i]
            v0[h, i] = q0*e[h, i]  # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
    g[:] = 0.0
    for h in range(4):
        v0_by_class[:] = 0.0
        for i in range(y.size):
            v0_by_class[y[i]] += v0[h, i]
        for r in range(z.shape[1]):
            for q in range(4):
                a_u = z[h, r, at_u + q]
                step_u = step(a_u)
                g[h, r, at_u + q] = step_u*v0_by_class[q]
            for i in range(y.size):
                a_xi = z[h, r, at_xi + i]
                step_xi = step(a_xi)
                g[h, r, at_xi + i] = step_xi*v0[h, i]


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64[::1], float64, float64, int64, int64, "
    "int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(z, b, gram, y, kappa, eta, lam_until, start, steps, recorded, z_out, b_out):
    """Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.

    States at the steps `recorded` go to z_out and b_out.  Step t uses the penalty where t <= lam_until.
    """
    F = np.zeros((4, y.size))  # output of a head
    p = np.zeros((4, y.size))  # softmax probability
    e = np.zeros((4, y.size))  # p_k - 1{k = y_i}
    v0 = np.zeros((4, y.size))  # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
    F_by_class = np.zeros(4)  # F of each class
    v0_by_class = np.zeros(4)  # v0 of each class
    G_u_u = np.zeros(y.size)  # an inner product of each example's own directions
    G_u_xi = np.zeros(y.size)  # an inner product of each example's own directions
    G_xi_xi = np.zeros(y.size)  # an inner product of each example's own directions
    example_gram(gram, y, G_u_u, G_u_xi, G_xi_xi)
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            keep_state(z, z_out[at])
            keep_state(b, b_out[at])
            at += 1
        if t == start + steps:
            break
        plain_gradient(z, gram, y, G_u_u, G_u_xi, G_xi_xi, kappa, g, row, F, p, e, v0, F_by_class, v0_by_class)
        if not finite(F):
            return t
        descend(z, b, g, gram, eta)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, ::1], int64[::1], float64, float64[::1], float64[::1], "
    "float64[:, :, ::1], float64[:, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def observe(states, gram, y, kappa, risk, gradient_norm, F_out, zeta_out):
    """Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."""
    z = np.zeros(states.shape[1:])  # one of the states
    g = np.zeros(z.shape)  # the gradient in z
    row = np.zeros(y.size)  # one neuron's terms of a sum over examples
    along = np.zeros(z.shape)  # g gram
    F = np.zeros((4, y.size))  # output of a head
    vz0 = np.zeros((4, y.size))  # sum over neurons of 1{<w_{k,r}, u_{y_i}> > 0}
    vz1 = np.zeros((4, y.size))  # sum over neurons of 1{<w_{k,r}, xi_i> > 0}
    vz2 = np.zeros((4, y.size))  # sum over neurons of 1{<w_{k,r}, u_{y_i}> > 0}*1{<w_{k,r}, xi_i> > 0}
    p = np.zeros((4, y.size))  # softmax probability
    e = np.zeros((4, y.size))  # p_k - 1{k = y_i}
    loss = np.zeros(y.size)  # cross-entropy
    zeta = np.zeros((4, y.size))  # squared norm of the output's gradient, constants taken out
    v0 = np.zeros((4, y.size))  # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
    F_by_class = np.zeros(4)  # F of each class
    vz0_by_class = np.zeros(4)  # vz0 of each class
    v0_by_class = np.zeros(4)  # v0 of each class
    G_u_u = np.zeros(y.size)  # an inner product of each example's own directions
    G_u_xi = np.zeros(y.size)  # an inner product of each example's own directions
    G_xi_xi = np.zeros(y.size)  # an inner product of each example's own directions
    example_gram(gram, y, G_u_u, G_u_xi, G_xi_xi)
    for t in range(states.shape[0]):
        keep_state(states[t], z)
        measured_gradient(
            z,
            gram, y, G_u_u, G_u_xi, G_xi_xi,
            kappa,
            g, row,
            F, vz0, vz1, vz2, p, e, loss, zeta, v0, F_by_class, vz0_by_class, v0_by_class,
        )
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
        keep_heads(F, F_out[t])
        keep_heads(zeta, zeta_out[t])


@njit(
    "void(float64[:, :, :, ::1], float64, float64[:, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def outputs(a, kappa, out):
    """The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."""
    out[:] = 0.0
    for i in range(a.shape[0]):
        for h in range(4):
            for r in range(a.shape[3]):
                a_u = a[i, 0, h, r]
                a_xi = a[i, 1, h, r]
                relu_u = relu(a_u)
                relu_xi = relu(a_xi)
                out[i, h] += relu_u + relu_xi
    out *= kappa
