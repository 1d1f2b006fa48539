"""fomaml: a bilevel algorithm, eight tasks side by side, through the Gram matrix (generated; do not edit).

Train-validation split in meta-learning (Zuo, Chen, Yao, Cao and Gu 2023), activation huberized_relu, reptile.

Decomposition
  w_{j,r}(t) = w_{j,r}(0) + sum_{k} j g_{j,r,k} nu_k + sum_{k,i} j y_{k,i} rho_{j,r,k,i} xi_{k,i}

Functions
  sigma(z) = where(z > h, -h/2 + z, where(z > 0, z**2/(2*h), 0))
  l(z) = log(1 + exp(-z))
  l'(z) = -1/(exp(z) + 1)

Definitions, of task k at its filters w
  f_{k,i} = sum_{j,r} [ (sigma(<w_{j,r}, y_{k,i} nu_k>) + sigma(<w_{j,r}, xi_{k,i}>))*j ]
  l'_{k,i} = l'(f_{k,i}*y_{k,i})

Inner loop on every task k, tau = 0 .. J - 1, from w^(t,0) = w(t) and coefficients 0, gamma = eta_inner
  g~_{j,r,k} <- g~_{j,r,k} - (gamma/n) sum_{i in S_k} [ l'_{k,i}^(t,tau)
      * clip(<w_{j,r}^(t,tau), y_{k,i} nu_k>/h, 0, 1) ]
  rho~_{j,r,k,i} <- rho~_{j,r,k,i} - (gamma/n) [ l'_{k,i}^(t,tau) * clip(<w_{j,r}^(t,tau), xi_{k,i}>/h, 0, 1) ]
  w_{j,r}^(t,tau) = w_{j,r}(t) + j g~_{j,r,k} nu_k + sum_{i} j y_{k,i} rho~_{j,r,k,i} xi_{k,i}

Outer step, from t to t + 1, K = n_tasks
  g_{j,r,k} <- g_{j,r,k} + (eta/K) g~_{j,r,k}^(t,J)
  rho_{j,r,k,i} <- rho_{j,r,k,i} + (eta/K) rho~_{j,r,k,i}^(t,J)

Where
  S_k is all n examples of task k

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
import numpy as np
from dynamics.lazily import njit

from dynamics.lanes.compiled import (
    aligned, bits_of, entry, every, fused, lanes, load, low, lowest, nonzero, ones, spread, store, total, where,
)
from dynamics.lanes.functions import huberized, logistic_0, logistic_1, ramp


@njit(cache=True, fastmath=False, error_model="numpy")
def pack(rows, order, width, out):
    """out (H m width,) holds rows (H, m, B), direction q at place order[q] of its row."""
    for h in range(rows.shape[0]):
        for r in range(rows.shape[1]):
            for q in range(rows.shape[2]):
                out[(h * rows.shape[1] + r) * width + order[q]] = rows[h, r, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def unpack(packed, order, width, out):
    """What `pack` does, back."""
    for h in range(out.shape[0]):
        for r in range(out.shape[1]):
            for q in range(out.shape[2]):
                out[h, r, q] = packed[(h * out.shape[1] + r) * width + order[q]]


@njit(cache=True, fastmath=False, error_model="numpy")
def pack_gram(gram, order, width, out):
    """out (B width,) holds gram (B, B), its rows and columns in their places."""
    for b in range(order.size):
        for q in range(order.size):
            out[order[b] * width + order[q]] = gram[b, q]


@njit(cache=True, fastmath=False, error_model="numpy")
def some(values):
    """Whether any entry is not 0."""
    for i in range(values.size):
        if values[i] != 0.0:
            return True
    return False


@njit(cache=True, fastmath=False, error_model="numpy")
def seek(which, hits, sought):
    """Fills in of which observables an event has not been reached; returns whether there is any."""
    sought[:] = False
    found = False
    for e in range(hits.size):
        if hits[e] < 0:
            sought[which[e]] = True
            found = True
    return found


@njit(cache=True, fastmath=False, error_model="numpy")
def reach(t, which, below, anywhere, bounds, low, high, hits):
    """hits[e] = t where event e is open and its observable which[e] beyond bounds[e]; whether any is."""
    reached = False
    for e in range(hits.size):
        last = high[which[e]] if below[e] != anywhere[e] else low[which[e]]
        if hits[e] < 0 and (last <= bounds[e] if below[e] else last >= bounds[e]):
            hits[e] = t
            reached = True
    return reached


@njit(cache=True, fastmath=False, error_model="numpy")
def met(stops, hits):
    """Whether the first `stops` events, which end a run together, are all reached; else they are open again."""
    for e in range(stops):
        if hits[e] < 0:
            for k in range(stops):
                hits[k] = -1
            return False
    return stops > 0


@njit(cache=True, fastmath=False, error_model="numpy")
def keep_state(state, kept):
    """kept = state (H, m, B)."""
    for h in range(state.shape[0]):
        for r in range(state.shape[1]):
            for q in range(state.shape[2]):
                kept[h, r, q] = state[h, r, q]


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


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_8(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 32 of all rows."""
    begin, own = 32 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        z2 = load(z, place + 16)
        z3 = load(z, place + 24)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            z2 = fused(weight, load(gram, row + 16), z2)
            z3 = fused(weight, load(gram, row + 24), z3)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store(z, place + 16, z2)
        store(z, place + 24, z3)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy")
def couple(z, c, gram, marks, rows, width, directions):
    """z (rows, width) += c (rows, width) gram (directions, width), flat arrays, width a multiple of 32."""
    for word in range((directions + 31) // 32):
        for at in range(0, width, 32):
            rows_8(z, c, gram, marks, rows, width, word, at)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def change_and_mark_4(b, g, eta, rows, width, begin, present, shift, first, marks):
    """Directions begin to begin + 32 of all rows: from bit `shift` on, of marks from `first` on."""
    at = begin
    for s in range(rows):
        move0 = load(g, at + 0)
        move1 = load(g, at + 8)
        move2 = load(g, at + 16)
        move3 = load(g, at + 24)
        move0 = -(eta * move0)
        store(g, at + 0, move0)
        store(b, at + 0, load(b, at + 0) + move0)
        move1 = -(eta * move1)
        store(g, at + 8, move1)
        store(b, at + 8, load(b, at + 8) + move1)
        move2 = -(eta * move2)
        store(g, at + 16, move2)
        store(b, at + 16, load(b, at + 16) + move2)
        move3 = -(eta * move3)
        store(g, at + 24, move3)
        store(b, at + 24, load(b, at + 24) + move3)
        seen = nonzero(bits_of(move0))
        seen |= nonzero(bits_of(move1)) << 8
        seen |= nonzero(bits_of(move2)) << 16
        seen |= nonzero(bits_of(move3)) << 24
        marks[first + s] |= (seen & present) << shift
        at += width


@njit(cache=True, fastmath=False, error_model="numpy")
def change_and_mark(b, g, eta, rows, width, joint, marks):
    """g <- -eta g and b <- b + g, in place, and marks where g is not 0; flat arrays, (rows, width).

    Bit q of marks (words, rows), flat, is of direction q of a word, 0 from direction `joint` on.
    """
    marks[:] = 0
    for word in range((width + 31) // 32):
        for shift in range(0, 32, 32):
            begin = 32 * word + shift
            present = (1 << min(32, max(joint - begin, 0))) - 1  # not what stands past a row's end
            vectors = min(32, 32 - shift, width - begin) // 8
            if vectors == 4:
                change_and_mark_4(b, g, eta, rows, width, begin, present, shift, word * rows, marks)


@njit(cache=True, fastmath=False, error_model="numpy")
def side_by_side(blocks, y, sides, labels):
    """Blocks (K, L, L) and labels (K n,) side by side, (G, L, L, 8) and (G, n, 8); past the last task 0 and 1."""
    tasks, length = blocks.shape[0], blocks.shape[1]
    n = y.size // tasks
    for k in range(labels.size // n):  # 8 for a group
        at, own = k // 8, k % 8
        for i in range(n):
            labels[(at * n + i) * 8 + own] = y[k * n + i] if k < tasks else 1.0
        for q in range(length * length if k < tasks else 0):
            sides[(at * length * length + q) * 8 + own] = blocks[k, q // length, q % length]


@njit(cache=True, fastmath=False, error_model="numpy")
def gather_each(z, rows, width, places, k, near):
    """near = the rows of z on the directions of tasks k .. k + 7, 0 where there is no task."""
    length = places.shape[1]
    for s in range(rows):
        for q in range(length):
            for own in range(8):
                place = places[k + own, q]
                near[(s * length + q) * 8 + own] = z[s * width + place] if place >= 0 else 0.0


@njit(cache=True, fastmath=False, error_model="numpy")
def scatter_each(near, rows, width, places, weights, k, examples, first, last, sign, z):
    """z += sign weights near, on what the examples first .. last - 1 of the tasks k .. move."""
    at_nu_k = 0
    at_xi = at_nu_k + 1
    length = places.shape[1]
    for own in range(8):
        weight = sign * weights[k + own]
        for s in range(rows if weight != 0.0 else 0):
            z[s * width + places[k + own, at_nu_k]] += weight * near[(s * length + at_nu_k) * 8 + own]
            for q in range(at_xi + first, at_xi + last):
                z[s * width + places[k + own, q]] += weight * near[(s * length + q) * 8 + own]


@njit(cache=True, fastmath=False, error_model="numpy")
def settled_each(near, weights, k):
    """Whether every entry of the tasks k .. k + 7 that weigh anything is a finite number."""
    weighing = abs(load(weights, k)) > 0.0
    for q in range(0, near.size, 8):
        if not every(abs(where(weighing, load(near, q), 0.0)) < np.inf):
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def descend_each(z, moved, g, sides, at_side, rows, length, examples, first, last, eta):
    """z <- z - eta g gram, moved <- moved - eta g, g <- -eta g of eight tasks, by what the examples first .. move."""
    at_nu_k = 0
    at_xi = at_nu_k + 1
    for s in range(rows):
        row = s * length * 8
        change = -(eta * load(g, row + 8 * at_nu_k))
        store(g, row + 8 * at_nu_k, change)
        store(moved, row + 8 * at_nu_k, load(moved, row + 8 * at_nu_k) + change)
        for q in range(at_xi + first, at_xi + last):
            change = -(eta * load(g, row + 8 * q))
            store(g, row + 8 * q, change)
            store(moved, row + 8 * q, load(moved, row + 8 * q) + change)
        for c in range(length):
            reached = load(z, row + 8 * c)
            reached = fused(load(g, row + 8 * at_nu_k), load(sides, at_side + (at_nu_k * length + c) * 8), reached)
            for q in range(at_xi + first, at_xi + last):
                reached = fused(load(g, row + 8 * q), load(sides, at_side + (q * length + c) * 8), reached)
            store(z, row + 8 * c, reached)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def gradient_each(z, y, first, last, examples, filters, length, kappa, given_h, g, f, v0, v1):
    """g = dL/dz of 8 tasks over their examples first .. last - 1, on what these move."""
    n = float(last - first)
    at_nu_k = 0
    at_xi = at_nu_k + 1
    for i in range(first, last):
        f_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(filters):
                at = (h * filters + r) * length * 8
                a_nu_k = load(y, 8 * i)*load(z, at + 8 * at_nu_k)  # pre-activation of the patch nu_k
                a_xi = load(z, at + 8 * (at_xi + i))  # pre-activation of the patch xi
                huberized_nu_k = huberized(a_nu_k, given_h)
                huberized_xi = huberized(a_xi, given_h)
                f_i = f_i + ((huberized_nu_k + huberized_xi)*j)
        store(f, 8 * i, f_i * (kappa))
    q0 = kappa/n  # a factor that examples share
    for i in range(first, last):
        margin_i = load(f, 8 * i)*load(y, 8 * i)  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        v0_i = q0*l1_i  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
        store(v0, 8 * i, v0_i)
        v1_i = q0*l1_i*load(y, 8 * i)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
        store(v1, 8 * i, v1_i)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(filters):
            at = (h * filters + r) * length * 8
            sum_nu_k = lanes(0.0)
            for i in range(first, last):
                a_nu_k = load(y, 8 * i)*load(z, at + 8 * at_nu_k)
                a_xi = load(z, at + 8 * (at_xi + i))
                ramp_nu_k = ramp(a_nu_k, given_h)
                ramp_xi = ramp(a_xi, given_h)
                sum_nu_k = sum_nu_k + (ramp_nu_k*j*load(v0, 8 * i))
                xi_i = ramp_xi*j*load(v1, 8 * i)
                store(g, at + 8 * (at_xi + i), xi_i)
            store(g, at + 8 * at_nu_k, sum_nu_k)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def adapt_each(
    near, moved,
    sides, at_side, y, first, last, examples, filters, length,
    kappa, given_h, inner_steps, inner_step,
    slope, f, v0, v1,
):
    """Gradient descent of 8 tasks on their examples first .. last - 1, in place."""
    for _ in range(inner_steps):
        gradient_each(near, y, first, last, examples, filters, length, kappa, given_h, slope, f, v0, v1)
        descend_each(near, moved, slope, sides, at_side, 2 * filters, length, examples, first, last, inner_step)


@njit(cache=True, fastmath=False, error_model="numpy")
def along(b, at, across, first, width):
    """A row of b, at `at`, times a vector's products with the directions, from `first` on."""
    added = lanes(0.0)
    for q in range(0, width - 7, 8):
        added = fused(load(b, at + q), load(across, first + q), added)
    summed = total(added)
    for q in range(width // 8 * 8, width):
        summed = summed + entry(b, at + q) * entry(across, first + q)
    return summed


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def loss_each(f, y, first, last):
    """Mean loss of 8 tasks over their examples first .. last - 1."""
    losses = lanes(0.0)
    for i in range(first, last):
        losses = losses + logistic_0(load(f, 8 * i) * load(y, 8 * i))
    return losses / float(last - first)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_loss(risk, weights, tasks):
    """The tasks' losses, by what they weigh."""
    losses = 0.0
    for k in range(tasks):
        losses = losses + weights[k] * risk[k]
    return losses


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_Xi(z, y, places, tasks, examples, filters, width):
    """The least and the largest entry of Xi."""
    at_nu_k = 0
    at_xi = at_nu_k + 1
    low = np.inf
    high = -np.inf
    for k in range(tasks):
        for i in range(examples):
            best = -np.inf
            for h in range(2):
                for r in range(filters):
                    at = (h * filters + r) * width
                    x = entry(z, at + places[k, at_xi + i])
                    x = where(y[k * examples + i] * (1.0 - 2.0 * h) > 0.0, x, -np.inf)
                    best = where(x > best, x, best)
            lowest = best
            highest = best
            low = where(lowest < low, lowest, low)
            high = where(highest > high, highest, high)
    return low, high


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_Lambda(b, onto, across, spans, filters, width):
    """The least and the largest entry of Lambda."""
    vectors = onto.size // (2 * filters)
    low = np.inf
    high = -np.inf
    for h in range(2):
        best = -np.inf
        for r in range(filters):
            for v in range(spans[0], spans[1]):
                at = (h * filters + r) * width
                product = entry(onto, (h * filters + r) * vectors + v) + along(b, at, across, v * width, width)
                x = product * (1.0 - 2.0 * h)
                best = where(x > best, x, best)
        lowest = best
        highest = best
        low = where(lowest < low, lowest, low)
        high = where(highest > high, highest, high)
    return low, high


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def meta_gradient(
    packed_z, width, filters,
    sides, labels, places, weights, examples, inner, outer,
    kappa, given_h, inner_steps, inner_step,
    g, near, moved, slope, f, v0, v1,
    seeking, risk,
):
    """g = the direction of the outer step, a mean over tasks; whether every task stayed finite.

    Where somebody is `seeking` the loss, each task's goes to risk.
    """
    length, rows = places.shape[1], 2 * filters
    g[:] = 0.0
    for k in range(0, places.shape[0], 8):
        if not some(weights[k:k + 8]):
            continue
        at_side = k * length * length
        y = labels[k * examples:(k + 8) * examples]
        moved[:] = 0.0
        gather_each(packed_z, rows, width, places, k, near)
        adapt_each(
            near, moved,
            sides, at_side, y, 0, inner, examples, filters, length,
            kappa, given_h, inner_steps, inner_step,
            slope, f, v0, v1,
        )
        scatter_each(moved, rows, width, places, weights, k, examples, 0, inner, -1.0, g)
        if seeking:
            gradient_each(near, y, outer, examples, examples, filters, length, kappa, given_h, slope, f, v0, v1)
            store(risk, k, loss_each(f, y, outer, examples))
        if not settled_each(near, weights, k):
            return False
    return True


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64[::1], int64, float64[:, :, ::1], "
    "float64[::1], int64[:, ::1], int64, int64, float64, float64, int64, float64, float64, int64, int64, int64[::1], "
    "float64[:, :, :, ::1], float64[:, :, :, ::1], int64[::1], boolean[::1], boolean[::1], float64[::1], int64[::1], "
    "int64, float64[::1], float64[:, ::1], int64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(
    z, b,
    gram, order, moving, blocks, y, places, inner, outer,
    kappa, given_h, inner_steps, inner_step, eta,
    start, steps, recorded, z_out, b_out,
    which, below, anywhere, bounds, hits, stops, onto, across, spans,
):
    """Advance z and b in place by outer steps; returns the first step that leaves the finite numbers, or -1.

    blocks (tasks, L, L) are the tasks' own Gram matrices; the inner loop takes a task's examples
    0 .. inner - 1, the outer step outer .. n - 1.
    places (G 8, L) says where on the axis of all tasks a task's directions are, -1 past the last task.
    Direction q goes to place order[q], those that have a gradient to the first `moving`.
    States at the steps `recorded` go to z_out and b_out.
    Vectors that no patch holds, nu one after another from spans on: onto (H m V,) are W(0)'s
    products with them, across (V, B) the directions'.
    Event e is of observable which[e], which has to be at or below bounds[e] where below[e], else at or
    above, in all of its entries, in any where anywhere[e]; hits[e], negative before, becomes its first step.
    The run ends where the first `stops` of them are reached together.
    """
    tasks, length = blocks.shape[0], blocks.shape[1]
    examples = y.size // tasks
    filters = z.shape[1]
    padded = places.shape[0]  # tasks, a multiple of 8
    sides = aligned(padded * length * length)
    labels = aligned(padded * examples)
    side_by_side(blocks, y, sides, labels)
    weights = aligned(padded)  # of the tasks in an outer step
    for k in range(tasks):
        weights[k] = 1.0 / tasks
    near = aligned(2 * filters * length * 8)  # adapted states of eight tasks
    moved = aligned(2 * filters * length * 8)  # their coefficients
    slope = aligned(2 * filters * length * 8)  # their gradient
    f = aligned(examples * 8)  # network output
    v0 = aligned(examples * 8)  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
    v1 = aligned(examples * 8)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
    low = np.zeros(3)
    high = np.zeros(3)
    sought = np.zeros(3, dtype=np.bool_)
    watching = seek(which, hits, sought)
    risk = aligned(padded)  # the tasks' losses
    at = 0
    directions = z.shape[2]
    width = (directions + 31) // 32 * 32  # of a row
    packed_z = aligned(2 * filters * width)
    pack(z, order, width, packed_z)
    packed_b = aligned(2 * filters * width)
    pack(b, order, width, packed_b)
    packed_gram = aligned(directions * width)
    pack_gram(gram, order, width, packed_gram)
    packed_across = aligned(across.shape[0] * width)
    pack(across.reshape(1, across.shape[0], directions), order, width, packed_across)
    g = aligned(packed_z.size)  # the direction of an outer step
    marks = np.zeros(2 * filters * ((width + 31) // 32), dtype=np.int64)
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            unpack(packed_z, order, width, z_out[at])
            unpack(packed_b, order, width, b_out[at])
            at += 1
        if t == start + steps and not watching:
            break
        whole = True
        if t < start + steps or sought[0]:
            whole = meta_gradient(
                packed_z, width, filters,
                sides, labels, places, weights, examples, inner, outer,
                kappa, given_h, inner_steps, inner_step,
                g, near, moved, slope, f, v0, v1,
                sought[0], risk,
            )
        if watching:
            if sought[0]:
                low[0] = watch_loss(risk, weights, tasks) if whole else np.nan
                high[0] = low[0]
            if sought[1]:
                low[1], high[1] = watch_Xi(packed_z, y, places, tasks, examples, filters, width)
            if sought[2]:
                low[2], high[2] = watch_Lambda(packed_b, onto, packed_across, spans, filters, width)
            if reach(t, which, below, anywhere, bounds, low, high, hits):
                if met(stops, hits):
                    break
                watching = seek(which, hits, sought)
        if t == start + steps:
            break
        if not whole:
            unpack(packed_z, order, width, z)
            unpack(packed_b, order, width, b)
            return t
        change_and_mark(packed_b, g, eta, 2 * filters, width, moving, marks)
        couple(packed_z, g, packed_gram, marks, 2 * filters, width, moving)
    unpack(packed_z, order, width, z)
    unpack(packed_b, order, width, b)
    return -1


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64[::1], float64[:, ::1], float64[:, ::1], "
    "float64[:, :, ::1], float64[::1], int64[:, ::1], int64, int64, float64, float64, int64, float64, float64, int64, "
    "int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1], int64[::1], boolean[::1], boolean[::1], "
    "float64[::1], int64[::1], int64, float64[::1], float64[:, ::1], int64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run_by_blas(
    z, b,
    head, active, left, right, blocks, y, places, inner, outer,
    kappa, given_h, inner_steps, inner_step, eta,
    start, steps, recorded, z_out, b_out,
    which, below, anywhere, bounds, hits, stops, onto, across, spans,
):
    """Advance z and b in place by outer steps; returns the first step that leaves the finite numbers, or -1.

    blocks (tasks, L, L) are the tasks' own Gram matrices; the inner loop takes a task's examples
    0 .. inner - 1, the outer step outer .. n - 1.
    places (G 8, L) says where on the axis of all tasks a task's directions are, -1 past the last task.
    Tasks are coupled by BLAS through head, active, left and right, as in the kernel of that name.
    States at the steps `recorded` go to z_out and b_out.
    Vectors that no patch holds, nu one after another from spans on: onto (H m V,) are W(0)'s
    products with them, across (V, B) the directions'.
    Event e is of observable which[e], which has to be at or below bounds[e] where below[e], else at or
    above, in all of its entries, in any where anywhere[e]; hits[e], negative before, becomes its first step.
    The run ends where the first `stops` of them are reached together.
    """
    tasks, length = blocks.shape[0], blocks.shape[1]
    examples = y.size // tasks
    filters = z.shape[1]
    padded = places.shape[0]  # tasks, a multiple of 8
    sides = aligned(padded * length * length)
    labels = aligned(padded * examples)
    side_by_side(blocks, y, sides, labels)
    weights = aligned(padded)  # of the tasks in an outer step
    for k in range(tasks):
        weights[k] = 1.0 / tasks
    near = aligned(2 * filters * length * 8)  # adapted states of eight tasks
    moved = aligned(2 * filters * length * 8)  # their coefficients
    slope = aligned(2 * filters * length * 8)  # their gradient
    f = aligned(examples * 8)  # network output
    v0 = aligned(examples * 8)  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
    v1 = aligned(examples * 8)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
    low = np.zeros(3)
    high = np.zeros(3)
    sought = np.zeros(3, dtype=np.bool_)
    watching = seek(which, hits, sought)
    risk = aligned(padded)  # the tasks' losses
    at = 0
    width = z.shape[2]
    neurons = 2 * filters
    g = np.zeros(z.shape)
    packed = np.zeros((neurons, head.shape[0]))
    picked = np.zeros((neurons, active.size))
    middle = np.zeros((neurons, right.shape[0]))
    first = np.zeros((neurons, head.shape[0]))
    rest = np.zeros((neurons, width - head.shape[0]))
    packed_z = z.reshape(-1)
    packed_b = b.reshape(-1)
    packed_across = across.reshape(-1)
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            keep_state(z, z_out[at])
            keep_state(b, b_out[at])
            at += 1
        if t == start + steps and not watching:
            break
        whole = True
        if t < start + steps or sought[0]:
            whole = meta_gradient(
                z.reshape(-1), width, filters,
                sides, labels, places, weights, examples, inner, outer,
                kappa, given_h, inner_steps, inner_step,
                g.reshape(-1), near, moved, slope, f, v0, v1,
                sought[0], risk,
            )
        if watching:
            if sought[0]:
                low[0] = watch_loss(risk, weights, tasks) if whole else np.nan
                high[0] = low[0]
            if sought[1]:
                low[1], high[1] = watch_Xi(packed_z, y, places, tasks, examples, filters, width)
            if sought[2]:
                low[2], high[2] = watch_Lambda(packed_b, onto, packed_across, spans, filters, width)
            if reach(t, which, below, anywhere, bounds, low, high, hits):
                if met(stops, hits):
                    break
                watching = seek(which, hits, sought)
        if t == start + steps:
            break
        if not whole:
            return t
        couple_all(g, head, active, left, right, packed, picked, middle, first, rest)
        advance(z, b, g, first, rest, eta)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], int64[::1], int64, float64[:, :, :, ::1], "
    "float64[:, ::1], int64[:, ::1], int64, int64, float64[:, ::1], int64, int64, int64, int64[::1], "
    "float64[:, :, :, :, ::1], float64[:, :, :, :, ::1], int64[::1], int64[::1], boolean[::1], boolean[::1], "
    "float64[:, ::1], int64[:, ::1], int64, float64[:, ::1], float64[:, :, ::1], int64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run_all(
    z, b,
    gram, order, moving, blocks, y, places, inner, outer,
    numbers, inner_steps,
    start, steps, recorded, z_out, b_out, failed,
    which, below, anywhere, bounds, hits, stops, onto, across, spans,
):
    """R runs, one after another: `run` on every entry of the leading axis; failed (R,) is what it returns.

    numbers (R, ...) are each run's scalars, the inner loop's step and the outer one.
    """
    for k in range(z.shape[0]):
        failed[k] = run(
            z[k], b[k],
            gram[k], order, moving, blocks[k], y[k], places, inner, outer,
            numbers[k, 0], numbers[k, 1], inner_steps, numbers[k, 2], numbers[k, 3],
            start, steps, recorded, z_out[k], b_out[k],
            which, below, anywhere, bounds[k], hits[k], stops, onto[k], across[k], spans,
        )


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, ::1], float64[:, ::1], int64, int64, float64, float64, int64, float64)",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def adapt_all(states, blocks, y, first, last, kappa, given_h, inner_steps, inner_step):
    """Adapt tasks given by their own states (tasks, H, m, L), blocks and y (tasks, n), in place."""
    tasks, filters, length = states.shape[0], states.shape[2], states.shape[3]
    examples, rows = y.shape[1], 2 * filters
    given = states.reshape(tasks, rows, length)
    sides = aligned(length * length * 8)
    labels = aligned(examples * 8)
    near = aligned(rows * length * 8)  # adapted states of eight tasks
    moved = aligned(rows * length * 8)  # their coefficients
    slope = aligned(rows * length * 8)  # their gradient
    f = aligned(examples * 8)  # network output
    v0 = aligned(examples * 8)  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
    v1 = aligned(examples * 8)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
    for k in range(0, tasks, 8):
        count = min(8, tasks - k)
        side_by_side(blocks[k:k + count], y[k:k + count].reshape(-1), sides, labels)
        moved[:] = 0.0
        for s in range(rows):
            for q in range(length):
                for own in range(8):
                    near[(s * length + q) * 8 + own] = given[k + own, s, q] if own < count else 0.0
        adapt_each(
            near, moved,
            sides, 0, labels, first, last, examples, filters, length,
            kappa, given_h, inner_steps, inner_step,
            slope, f, v0, v1,
        )
        for own in range(count):
            for s in range(rows):
                for q in range(length):
                    given[k + own, s, q] = near[(s * length + q) * 8 + own]


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def outputs_each(z, y, first, last, examples, filters, length, kappa, given_h, f):
    """Outputs of 8 tasks on their examples first .. last - 1."""
    at_nu_k = 0
    at_xi = at_nu_k + 1
    for i in range(first, last):
        f_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(filters):
                at = (h * filters + r) * length * 8
                a_nu_k = load(y, 8 * i)*load(z, at + 8 * at_nu_k)  # pre-activation of the patch nu_k
                a_xi = load(z, at + 8 * (at_xi + i))  # pre-activation of the patch xi
                huberized_nu_k = huberized(a_nu_k, given_h)
                huberized_xi = huberized(a_xi, given_h)
                f_i = f_i + ((huberized_nu_k + huberized_xi)*j)
        store(f, 8 * i, f_i * (kappa))


@njit(
    "void(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64, float64, float64, int64, float64, "
    "float64[:, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def adapted_outputs(states, blocks, y, support, kappa, given_h, inner_steps, inner_step, out):
    """out (tasks, n - support): outputs of tasks adapted on the examples before `support`, on the others.

    They are given by their own states (tasks, L, 2 m), blocks and y (tasks, n); NaN where a state that is
    adapted is not finite.
    """
    tasks, length, rows = states.shape
    examples, filters = y.shape[1], rows // 2
    sides = aligned(length * length * 8)
    labels = aligned(examples * 8)
    near = aligned(rows * length * 8)  # adapted states of eight tasks
    moved = aligned(rows * length * 8)  # their coefficients
    slope = aligned(rows * length * 8)  # their gradient
    f = aligned(examples * 8)  # network output
    v0 = aligned(examples * 8)  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
    v1 = aligned(examples * 8)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
    for k in range(0, tasks, 8):
        count = min(8, tasks - k)
        side_by_side(blocks[k:k + count], y[k:k + count].reshape(-1), sides, labels)
        moved[:] = 0.0
        for own in range(8):
            for q in range(length):
                for s in range(rows):
                    near[(s * length + q) * 8 + own] = states[k + own, q, s] if own < count else 0.0
        if support > 0:
            adapt_each(
                near, moved,
                sides, 0, labels, 0, support, examples, filters, length,
                kappa, given_h, inner_steps, inner_step,
                slope, f, v0, v1,
            )
        outputs_each(near, labels, support, examples, examples, filters, length, kappa, given_h, f)
        for own in range(count):
            whole = True
            for q in range(own, near.size, 8):
                whole &= abs(near[q]) < np.inf
            for i in range(support, examples):
                out[k + own, i - support] = f[8 * i + own] if whole else np.nan


@njit(
    "void(float64[:, :, ::1], float64[:, :, ::1], float64[::1], int64[:, ::1], int64, int64, float64, float64, int64, "
    "float64, float64[:, :, ::1], float64[::1], float64[:, :, :, ::1], float64[::1], float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def observe(
    z,
    blocks, y, places, inner, outer,
    kappa, given_h, inner_steps, inner_step,
    g, risk, adapted, margin_out, l1_out,
):
    """What is observed of one state.

    g is the direction of the outer step; by task, risk is the loss over outer .. n - 1 and adapted the
    state, both after the inner loop, and each example's margin and l' are taken there.
    """
    tasks, length = blocks.shape[0], blocks.shape[1]
    examples = y.size // tasks
    filters, rows, width = z.shape[1], 2 * z.shape[1], z.shape[2]
    padded = places.shape[0]
    sides = aligned(padded * length * length)
    labels = aligned(padded * examples)
    side_by_side(blocks, y, sides, labels)
    weights = aligned(padded)  # of the tasks in an outer step
    for k in range(tasks):
        weights[k] = 1.0 / tasks
    near = aligned(2 * filters * length * 8)  # adapted states of eight tasks
    moved = aligned(2 * filters * length * 8)  # their coefficients
    slope = aligned(2 * filters * length * 8)  # their gradient
    f = aligned(examples * 8)  # network output
    v0 = aligned(examples * 8)  # weight of clip(<w_{j,r}, y_i nu_k>/h, 0, 1)*j in the gradient along nu_k
    v1 = aligned(examples * 8)  # weight of clip(<w_{j,r}, xi_i>/h, 0, 1)*j in the gradient along xi
    state, direction = z.reshape(-1), g.reshape(-1)
    given = adapted.reshape(tasks, rows, length)
    margins = aligned(examples * 8)
    rates = aligned(examples * 8)
    losses = aligned(8)
    g[:] = 0.0
    for k in range(0, padded, 8):
        at_side = k * length * length
        own_y = labels[k * examples:(k + 8) * examples]
        moved[:] = 0.0
        gather_each(state, rows, width, places, k, near)
        adapt_each(
            near, moved,
            sides, at_side, own_y, 0, inner, examples, filters, length,
            kappa, given_h, inner_steps, inner_step,
            slope, f, v0, v1,
        )
        scatter_each(moved, rows, width, places, weights, k, examples, 0, inner, -1.0, direction)
        outputs_each(near, own_y, 0, examples, examples, filters, length, kappa, given_h, f)
        count, summed = min(8, tasks - k), lanes(0.0)
        for i in range(examples):
            margin = load(f, 8 * i) * load(own_y, 8 * i)
            store(margins, 8 * i, margin)
            store(rates, 8 * i, logistic_1(margin))
            if i >= outer:
                summed = summed + logistic_0(margin)
        store(losses, 0, summed / float(examples - outer))
        for own in range(count):
            risk[k + own] = losses[own]
            for i in range(examples):
                at = (k + own) * examples + i
                margin_out[at], l1_out[at] = margins[8 * i + own], rates[8 * i + own]
            for s in range(rows):
                for q in range(length):
                    given[k + own, s, q] = near[(s * length + q) * 8 + own]


@njit(cache=True, fastmath=False, error_model="numpy")
def mixed(normals, first, root, neurons, lower, vectors):
    """vectors (S, 32) = root (S, S), lower triangular where that is said, times normals from first on."""
    for s in range(0, neurons, 2):
        x0_0 = lanes(0.0)
        x0_1 = lanes(0.0)
        x0_2 = lanes(0.0)
        x0_3 = lanes(0.0)
        x1_0 = lanes(0.0)
        x1_1 = lanes(0.0)
        x1_2 = lanes(0.0)
        x1_3 = lanes(0.0)
        for k in range(s + 2 if lower else neurons):
            at = first + k * 32
            z0 = load(normals, at + 0)
            z1 = load(normals, at + 8)
            z2 = load(normals, at + 16)
            z3 = load(normals, at + 24)
            weight = spread(root, (s + 0) * neurons + k)
            x0_0 = fused(weight, z0, x0_0)
            x0_1 = fused(weight, z1, x0_1)
            x0_2 = fused(weight, z2, x0_2)
            x0_3 = fused(weight, z3, x0_3)
            weight = spread(root, (s + 1) * neurons + k)
            x1_0 = fused(weight, z0, x1_0)
            x1_1 = fused(weight, z1, x1_1)
            x1_2 = fused(weight, z2, x1_2)
            x1_3 = fused(weight, z3, x1_3)
        store(vectors, (s + 0) * 32 + 0, x0_0)
        store(vectors, (s + 0) * 32 + 8, x0_1)
        store(vectors, (s + 0) * 32 + 16, x0_2)
        store(vectors, (s + 0) * 32 + 24, x0_3)
        store(vectors, (s + 1) * 32 + 0, x1_0)
        store(vectors, (s + 1) * 32 + 8, x1_1)
        store(vectors, (s + 1) * 32 + 16, x1_2)
        store(vectors, (s + 1) * 32 + 24, x1_3)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def part(vectors, first, width, filters, kappa, given_h, out, at):
    """out[at:at + 32]: the network on one patch, of columns first ... of vectors (S, width)."""
    part_0 = lanes(0.0)
    part_1 = lanes(0.0)
    part_2 = lanes(0.0)
    part_3 = lanes(0.0)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(filters):
            at_s = (h * filters + r) * width + first
            a_nu_k = load(vectors, at_s + 0)
            huberized_nu_k = huberized(a_nu_k, given_h)
            part_0 = fused(huberized_nu_k, lanes(j), part_0)
            a_nu_k = load(vectors, at_s + 8)
            huberized_nu_k = huberized(a_nu_k, given_h)
            part_1 = fused(huberized_nu_k, lanes(j), part_1)
            a_nu_k = load(vectors, at_s + 16)
            huberized_nu_k = huberized(a_nu_k, given_h)
            part_2 = fused(huberized_nu_k, lanes(j), part_2)
            a_nu_k = load(vectors, at_s + 24)
            huberized_nu_k = huberized(a_nu_k, given_h)
            part_3 = fused(huberized_nu_k, lanes(j), part_3)
    store(out, at + 0, part_0 * kappa)
    store(out, at + 8, part_1 * kappa)
    store(out, at + 16, part_2 * kappa)
    store(out, at + 24, part_3 * kappa)


@njit(
    "void(float64[:, ::1], float64, float64, float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def given_parts(given, kappa, given_h, out):
    """out (N,): the network on one patch of pre-activations given (S, N), N a multiple of 32."""
    flat, width = given.reshape(-1), given.shape[1]
    for first in range(0, out.size, 32):
        part(flat, first, width, given.shape[0] // 2, kappa, given_h, out, first)


@njit(
    "void(float64[::1], float64[:, ::1], boolean, float64, float64, float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def drawn_parts(normals, root, lower, kappa, given_h, out):
    """out (N,): the same of pre-activations root x, root (S, S) lower triangular where that is said.

    normals has x of 32 examples after another, (S, 32) each.
    """
    neurons = root.shape[0]
    flat, vectors = root.reshape(-1), aligned(neurons * 32)
    for first in range(0, out.size, 32):
        mixed(normals, first * neurons, flat, neurons, lower, vectors)
        part(vectors, 0, 32, neurons // 2, kappa, given_h, out, first)
