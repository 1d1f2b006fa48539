"""fomaml: a bilevel algorithm, through the Gram matrix (generated; do not edit).

Train-validation split in meta-learning (Zuo, Chen, Yao, Cao and Gu 2023), activation relu, train-validation.

Decomposition
  w_{j,r}(t) = w_{j,r}(0) + sum_{k} j g_{j,r,k} nu_k + sum_{k,i} j y_{k,i} rho_{j,r,k,i} xi_{k,i}

Functions
  ReLU(z) = where(z > 0, z, 0)
  l(z) = log(1 + exp(-z))
  l'(z) = -1/(exp(z) + 1)

Definitions, of task k at its filters w
  f_{k,i} = sum_{j,r} [ (ReLU(<w_{j,r}, y_{k,i} nu_k>) + ReLU(<w_{j,r}, xi_{k,i}>))*j ]
  l'_{k,i} = l'(f_{k,i}*y_{k,i})

Inner loop on every task k, tau = 0 .. J - 1, from w^(t,0) = w(t) and coefficients 0, gamma = eta_inner
  g~_{j,r,k} <- g~_{j,r,k} - (gamma/n_1) sum_{i in S_k^tr} [ l'_{k,i}^(t,tau)
      * 1{<w_{j,r}^(t,tau), y_{k,i} nu_k> > 0} ]
  rho~_{j,r,k,i} <- rho~_{j,r,k,i} - (gamma/n_1) 1{i in S_k^tr} [ l'_{k,i}^(t,tau)
      * 1{<w_{j,r}^(t,tau), xi_{k,i}> > 0} ]
  w_{j,r}^(t,tau) = w_{j,r}(t) + j g~_{j,r,k} nu_k + sum_{i} j y_{k,i} rho~_{j,r,k,i} xi_{k,i}

Outer step, from t to t + 1, K = n_tasks
  g_{j,r,k} <- g_{j,r,k} - (eta/(K*n_2)) sum_{i in S_k^val} [ l'_{k,i}^(t,J)
      * 1{<w_{j,r}^(t,J), y_{k,i} nu_k> > 0} ]
  rho_{j,r,k,i} <- rho_{j,r,k,i} - (eta/(K*n_2)) 1{i in S_k^val} [ l'_{k,i}^(t,J)
      * 1{<w_{j,r}^(t,J), xi_{k,i}> > 0} ]

Where
  S_k^tr is the first n_1 = n_train examples of task k
  S_k^val is the other n_2 = n - n_1

Operations of a step, at most, of 2 heads, m filters, B directions, K tasks of L directions, J inner steps on n_1
    examples and an outer one on n_2; by BLAS S shared and A active directions, R the factor's rank
  2*A*R*m + 2*B*R*m + 4*B*m + 2*J*K*L**2*m + 2*J*K*L*m + 6*J*K*m*n_1 + J*K*n_1 + 4*J*K + 2*K*m*n + 6*K*m*n_2 + 2*K*m
      + K*n_2 + 4*K - 2*R*S*m + 2*S**2*m additions and subtractions
  2*A*R*m + 2*B*R*m + 4*B*m + 2*J*K*L**2*m + 2*J*K*L*m + 14*J*K*m*n_1 + J*K*n + 5*J*K*n_1 + 5*J*K + 2*K*m*n
      + 14*K*m*n_2 + 2*K*m + K*n + 5*K*n_2 + 6*K - 2*R*S*m + 2*S**2*m multiplications and divisions

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
from math import exp, isfinite, log1p

import numpy as np
from dynamics.lazily import njit

PATCHES = 2


def directions(n):
    """Directions of a task with n examples."""
    return 1 + n


@njit(cache=True, fastmath=False, error_model="numpy")
def relu(x):
    """max(0, x), keeping nan."""
    return 0.0 if x < 0.0 else x


@njit(cache=True, fastmath=False, error_model="numpy")
def step(x):
    """1{x > 0}."""
    return 0.0 if x <= 0.0 else 1.0


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
def keep_state(state, kept):
    """kept = state (H, m, B)."""
    for h in range(state.shape[0]):
        for r in range(state.shape[1]):
            for q in range(state.shape[2]):
                kept[h, r, q] = state[h, r, q]


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


@njit(cache=True, fastmath=False, error_model="numpy")
def couple_all(g, head, active, left, right, packed, picked, middle, first, rest):
    """first, rest = g gram, of the first directions and of the others, by BLAS.

    The first directions, orthogonal to the others, have the Gram matrix head; of the others only
    `active` ones have a gradient; left (right) are their rows of the Gram matrix or of a factor.
    """
    cut = head.shape[0]
    for h in range(g.shape[0]):
        for r in range(g.shape[1]):
            at = h * g.shape[1] + r
            for q in range(cut):
                packed[at, q] = g[h, r, q]
            for q in range(active.size):
                picked[at, q] = g[h, r, cut + active[q]]
    if cut > 0:
        np.dot(packed, head, first)
    if right.shape[0] > 0:
        np.dot(picked, left, middle)
        np.dot(middle, right, rest)
    else:
        np.dot(picked, left, rest)


@njit(cache=True, fastmath=False, error_model="numpy")
def advance(z, b, g, first, rest, eta):
    """b <- b - eta g and z <- z - eta (first, rest), in place."""
    cut = first.shape[1]
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            at = h * z.shape[1] + r
            for q in range(z.shape[2]):
                b[h, r, q] -= eta * g[h, r, q]
            for q in range(cut):
                z[h, r, q] -= eta * first[at, q]
            for q in range(rest.shape[1]):
                z[h, r, cut + q] -= eta * rest[at, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def settled(z):
    """Whether every entry is a finite number."""
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            for q in range(z.shape[2]):
                if not isfinite(z[h, r, q]):
                    return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def gather(z, k, tasks, n, near):
    """near = the state z on the directions of task k."""
    far_nu_k = 0
    at_nu_k = 0
    far_xi = far_nu_k + tasks
    at_xi = at_nu_k + 1
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            near[h, r, at_nu_k] = z[h, r, far_nu_k + k]
            for i in range(n):
                near[h, r, at_xi + i] = z[h, r, far_xi + k * n + i]


@njit(cache=True, fastmath=False, error_model="numpy")
def scatter(near, k, tasks, n, weight, z):
    """z += weight near, on the directions of task k."""
    far_nu_k = 0
    at_nu_k = 0
    far_xi = far_nu_k + tasks
    at_xi = at_nu_k + 1
    for h in range(z.shape[0]):
        for r in range(z.shape[1]):
            z[h, r, far_nu_k + k] += weight * near[h, r, at_nu_k]
            for i in range(n):
                z[h, r, far_xi + k * n + i] += weight * near[h, r, at_xi + i]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def plain_gradient(z, gram, y, first, last, kappa, g, row, f, margin, l1, v0, v1):
    """g = dL/dz of a task over its examples first .. last - 1."""
    n = float(last - first)
    at_nu_k = 0
    at_xi = at_nu_k + 1
    f[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(first, last):
                a_nu_k = y[i]*z[h, r, at_nu_k]  # pre-activation of the patch nu_k
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_nu_k = relu(a_nu_k)
                relu_xi = relu(a_xi)
                f[i] += (relu_nu_k + relu_xi)*j
    f *= kappa
    q0 = kappa/n  # a factor that examples share
    for i in range(first, last):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        v0[i] = q0*l1[i]  # weight of 1{<w_{j,r}, y_i nu_k> > 0}*j in the gradient along nu_k
        v1[i] = q0*l1[i]*y[i]  # weight of 1{<w_{j,r}, xi_i> > 0}*j in the gradient along xi
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(first, last):
                a_xi = z[h, r, at_xi + i]
                step_xi = step(a_xi)
                g[h, r, at_xi + i] = step_xi*j*v1[i]
            for i in range(first, last):
                a_nu_k = y[i]*z[h, r, at_nu_k]
                step_nu_k = step(a_nu_k)
                row[i] = step_nu_k*j*v0[i]
            total = 0.0
            for i in range(first, last):
                total += row[i]
            g[h, r, at_nu_k] = total


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def measured_gradient(z, gram, y, first, last, kappa, g, row, f, margin, loss, l1, v0, v1):
    """g = dL/dz of a task, and what is observed of first .. last - 1."""
    n = float(last - first)
    at_nu_k = 0
    at_xi = at_nu_k + 1
    f[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(first, last):
                a_nu_k = y[i]*z[h, r, at_nu_k]  # pre-activation of the patch nu_k
                a_xi = z[h, r, at_xi + i]  # pre-activation of the patch xi
                relu_nu_k = relu(a_nu_k)
                relu_xi = relu(a_xi)
                f[i] += (relu_nu_k + relu_xi)*j
    f *= kappa
    q0 = kappa/n  # a factor that examples share
    for i in range(first, last):
        margin[i] = f[i]*y[i]  # margin y_i f(x_i)
        loss[i] = loss_0(margin[i])  # loss at the margin
        l1[i] = loss_1(margin[i])  # first derivative of the loss at the margin
        v0[i] = q0*l1[i]  # weight of 1{<w_{j,r}, y_i nu_k> > 0}*j in the gradient along nu_k
        v1[i] = q0*l1[i]*y[i]  # weight of 1{<w_{j,r}, xi_i> > 0}*j in the gradient along xi
    g[:] = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(z.shape[1]):
            for i in range(first, last):
                a_xi = z[h, r, at_xi + i]
                step_xi = step(a_xi)
                g[h, r, at_xi + i] = step_xi*j*v1[i]
            for i in range(first, last):
                a_nu_k = y[i]*z[h, r, at_nu_k]
                step_nu_k = step(a_nu_k)
                row[i] = step_nu_k*j*v0[i]
            total = 0.0
            for i in range(first, last):
                total += row[i]
            g[h, r, at_nu_k] = total


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def adapt(z, b, gram, y, first, last, kappa, inner_steps, inner_step, g, row, f, margin, l1, v0, v1):
    """Gradient descent on the examples first .. last - 1 of one task, z and b in place."""
    for _ in range(inner_steps):
        plain_gradient(z, gram, y, first, last, kappa, g, row, f, margin, l1, v0, v1)
        descend(z, b, g, gram, inner_step)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def meta_gradient(
    z,
    blocks, y, inner, outer,
    kappa, inner_steps, inner_step,
    g, near, moved, slope, row,
    f, margin, l1, v0, v1,
):
    """g = the direction of the outer step, a mean over tasks; whether every task stayed finite."""
    tasks = blocks.shape[0]
    n = y.size // tasks
    g[:] = 0.0
    for k in range(tasks):
        gather(z, k, tasks, n, near)
        moved[:] = 0.0
        adapt(
            near, moved,
            blocks[k], y[k * n:(k + 1) * n], 0, inner,
            kappa, inner_steps, inner_step,
            slope, row,
            f, margin, l1, v0, v1,
        )
        plain_gradient(near, blocks[k], y[k * n:(k + 1) * n], outer, n, kappa, slope, row, f, margin, l1, v0, v1)
        scatter(slope, k, tasks, n, 1.0 / tasks, g)
        if not settled(near):
            return False
    return True


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1], int64[::1], float64[:, ::1], "
    "float64[:, ::1], float64[:, :, ::1], float64[::1], int64, int64, float64, int64, float64, float64, int64, int64, "
    "int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(
    z, b,
    gram, head, active, left, right, blocks, y, inner, outer,
    kappa, inner_steps, inner_step, eta,
    start, steps, recorded, z_out, b_out,
):
    """Advance z and b in place by outer steps; returns the first step that leaves the finite numbers, or -1.

    blocks (tasks, B, B) are the tasks' own Gram matrices; the inner loop takes a task's examples
    0 .. inner - 1, the outer step outer .. n - 1.
    States at the steps `recorded` go to z_out and b_out.
    """
    n = y.size // blocks.shape[0]
    g = np.zeros(z.shape)
    near = np.zeros((2, z.shape[1], blocks.shape[1]))  # a task's adapted state
    moved = np.zeros((2, z.shape[1], blocks.shape[1]))  # its coefficients
    slope = np.zeros((2, z.shape[1], blocks.shape[1]))  # its gradient
    row = np.zeros(n)  # one neuron's terms of a sum over examples
    f = np.zeros(n)  # network output
    margin = np.zeros(n)  # margin y_i f(x_i)
    l1 = np.zeros(n)  # first derivative of the loss at the margin
    v0 = np.zeros(n)  # weight of 1{<w_{j,r}, y_i nu_k> > 0}*j in the gradient along nu_k
    v1 = np.zeros(n)  # weight of 1{<w_{j,r}, xi_i> > 0}*j in the gradient along xi
    neurons = z.shape[0] * z.shape[1]
    packed = np.zeros((neurons, head.shape[0]))
    picked = np.zeros((neurons, active.size))
    middle = np.zeros((neurons, right.shape[0]))
    first = np.zeros((neurons, head.shape[0]))
    rest = np.zeros((neurons, z.shape[2] - head.shape[0]))
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            keep_state(z, z_out[at])
            keep_state(b, b_out[at])
            at += 1
        if t == start + steps:
            break
        if not meta_gradient(
            z,
            blocks, y, inner, outer,
            kappa, inner_steps, inner_step,
            g, near, moved, slope, row,
            f, margin, l1, v0, v1,
        ):
            return t
        couple_all(g, head, active, left, right, packed, picked, middle, first, rest)
        advance(z, b, g, first, rest, eta)
    return -1


@njit(
    "void(float64[:, :, ::1], float64[:, :, ::1], float64[::1], int64, int64, float64, int64, float64, "
    "float64[:, :, ::1], float64[::1], float64[:, :, :, ::1], float64[::1], float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def observe(z, blocks, y, inner, outer, kappa, inner_steps, inner_step, g, risk, adapted, margin_out, l1_out):
    """What is observed of one state.

    g is the direction of the outer step; by task, risk is the loss over outer .. n - 1 and adapted the
    state, both after the inner loop, and each example's definitions are taken there.
    """
    tasks = blocks.shape[0]
    n = y.size // tasks
    g[:] = 0.0
    near = np.zeros((2, z.shape[1], blocks.shape[1]))  # a task's adapted state
    moved = np.zeros((2, z.shape[1], blocks.shape[1]))  # its coefficients
    slope = np.zeros((2, z.shape[1], blocks.shape[1]))  # its gradient
    row = np.zeros(n)  # one neuron's terms of a sum over examples
    f = np.zeros(n)  # network output
    margin = np.zeros(n)  # margin y_i f(x_i)
    loss = np.zeros(n)  # loss at the margin
    l1 = np.zeros(n)  # first derivative of the loss at the margin
    v0 = np.zeros(n)  # weight of 1{<w_{j,r}, y_i nu_k> > 0}*j in the gradient along nu_k
    v1 = np.zeros(n)  # weight of 1{<w_{j,r}, xi_i> > 0}*j in the gradient along xi
    for k in range(tasks):
        gather(z, k, tasks, n, near)
        moved[:] = 0.0
        adapt(
            near, moved,
            blocks[k], y[k * n:(k + 1) * n], 0, inner,
            kappa, inner_steps, inner_step,
            slope, row,
            f, margin, l1, v0, v1,
        )
        plain_gradient(near, blocks[k], y[k * n:(k + 1) * n], outer, n, kappa, slope, row, f, margin, l1, v0, v1)
        scatter(slope, k, tasks, n, 1.0 / tasks, g)
        keep_state(near, adapted[k])
        measured_gradient(near, blocks[k], y[k * n:(k + 1) * n], 0, n, kappa, slope, row, f, margin, loss, l1, v0, v1)
        total = 0.0
        for i in range(outer, n):
            total += loss[i]
        risk[k] = total / (n - outer)
        for i in range(n):
            margin_out[k * n + i] = margin[i]
        for i in range(n):
            l1_out[k * n + i] = l1[i]


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, ::1], float64[:, ::1], int64, int64, float64, int64, float64)",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def adapt_all(states, blocks, y, first, last, kappa, inner_steps, inner_step):
    """Adapt tasks given by their own states (tasks, H, m, B), blocks and y (tasks, n), in place."""
    n = y.shape[1]
    moved = np.zeros(states.shape[1:])
    slope = np.zeros(states.shape[1:])
    row = np.zeros(n)  # one neuron's terms of a sum over examples
    f = np.zeros(n)  # network output
    margin = np.zeros(n)  # margin y_i f(x_i)
    l1 = np.zeros(n)  # first derivative of the loss at the margin
    v0 = np.zeros(n)  # weight of 1{<w_{j,r}, y_i nu_k> > 0}*j in the gradient along nu_k
    v1 = np.zeros(n)  # weight of 1{<w_{j,r}, xi_i> > 0}*j in the gradient along xi
    for k in range(states.shape[0]):
        moved[:] = 0.0
        adapt(
            states[k], moved,
            blocks[k], y[k], first, last,
            kappa, inner_steps, inner_step,
            slope, row,
            f, margin, l1, v0, v1,
        )


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
                a_nu_k = a[i, 0, h, r]
                a_xi = a[i, 1, h, r]
                relu_nu_k = relu(a_nu_k)
                relu_xi = relu(a_xi)
                out[i] += (relu_nu_k + relu_xi)*j
    out *= kappa
