"""pegr: gradient descent, eight examples at a time, through the Gram matrix (generated; do not edit).

Per-example gradient regularization (Meng, Cao and Zou 2023), activation relu_power, penalty per_example.

Decomposition
  w_{j,r}(t) = w_{j,r}(0) + j gamma_{j,r} mu/||mu||^2 + sum_i rho_{j,r,i} xi_i/||xi_i||^2
  rho_over = rho 1{j = y_i}, rho_under = rho 1{j != y_i}

Functions
  ReLU(z) = where(z > 0, z, 0)
  l(z) = log(1 + exp(-z))
  l'(z) = -1/(exp(z) + 1)
  l''(z) = exp(z)/(exp(z) + 1)**2

Definitions
  f_i = sum_{j,r} [ (ReLU(<w_{j,r}, y_i mu>)**3 + ReLU(<w_{j,r}, xi_i>)**3)*j ]/m
  l'_i = l'(f_i*y_i)
  l''_i = l''(f_i*y_i)
  zeta_i = sum_{j,r} [ ||mu||^2*ReLU(<w_{j,r}, y_i mu>)**4
      + 2*ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>)**2*<mu, xi_i>*y_i + ReLU(<w_{j,r}, xi_i>)**4*||xi_i||^2 ]

One step, from t to t + 1
  gamma_{j,r} <- gamma_{j,r} - (3*||mu||^2*eta/(m*n)) sum_{i} [ (9*lam*l''_i*zeta_i/m**2 + 1)*l'_i
      * ReLU(<w_{j,r}, y_i mu>)**2 + 6*||mu||^2*lam*l'_i**2*y_i/m * ReLU(<w_{j,r}, y_i mu>)**3*j
      + 6*lam*<mu, xi_i>*l'_i**2/m * ReLU(<w_{j,r}, y_i mu>)*ReLU(<w_{j,r}, xi_i>)**2*j ]
  rho_{j,r,i} <- rho_{j,r,i} - (3*eta*||xi_i||^2/(m*n)) [ (9*lam*l''_i*zeta_i/m**2 + 1)*l'_i*y_i
      * ReLU(<w_{j,r}, xi_i>)**2*j + 6*lam*||xi_i||^2*l'_i**2/m * ReLU(<w_{j,r}, xi_i>)**3
      + 6*lam*<mu, xi_i>*l'_i**2*y_i/m * ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>) ]

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
from math import sqrt

import numpy as np
from dynamics.lazily import njit

from dynamics.lanes.compiled import (
    aligned, bits_of, bits_or, entry, every, fused, fused_half, fused_one, lanes, least, load, load_half, low, lowest,
    nonzero, ones, spread, store, store_half, total, where,
)
from dynamics.lanes.functions import logistic_0, logistic_1, logistic_2, relu, step


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
def pad(values, out):
    """The first entries of out are the values, the others 0."""
    for i in range(out.size):
        out[i] = values[i] if i < values.size else 0.0


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
def entangled(gram, width, directions):
    """After how many of the directions all are orthogonal to every other one."""
    for q in range(directions - 1, -1, -1):
        for k in range(directions):
            if k != q and not (gram[q * width + k] == 0.0 and gram[k * width + q] == 0.0):
                return q + 1
    return 0


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_1(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 4 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        half = load_half(z, place + 0)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            half = fused_half(low(weight), load_half(gram, row + 0), half)
        store_half(z, place + 0, half)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_2(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 8 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
        store(z, place + 0, z0)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_3(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 12 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        half = load_half(z, place + 8)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            half = fused_half(low(weight), load_half(gram, row + 8), half)
        store(z, place + 0, z0)
        store_half(z, place + 8, half)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_4(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 16 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_5(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 20 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        half = load_half(z, place + 16)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            half = fused_half(low(weight), load_half(gram, row + 16), half)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store_half(z, place + 16, half)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_6(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 24 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        z2 = load(z, place + 16)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            z2 = fused(weight, load(gram, row + 16), z2)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store(z, place + 16, z2)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_7(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 28 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        z2 = load(z, place + 16)
        half = load_half(z, place + 24)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            z2 = fused(weight, load(gram, row + 16), z2)
            half = fused_half(low(weight), load_half(gram, row + 24), half)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store(z, place + 16, z2)
        store_half(z, place + 24, half)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_8(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 32 of all rows."""
    begin, own = 56 * word, 0
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


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_10(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 40 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        z2 = load(z, place + 16)
        z3 = load(z, place + 24)
        z4 = load(z, place + 32)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            z2 = fused(weight, load(gram, row + 16), z2)
            z3 = fused(weight, load(gram, row + 24), z3)
            z4 = fused(weight, load(gram, row + 32), z4)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store(z, place + 16, z2)
        store(z, place + 24, z3)
        store(z, place + 32, z4)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def rows_12(z, c, gram, marks, rows, width, word, at):
    """Directions at to at + 48 of all rows."""
    begin, own = 56 * word, 0
    first = begin * width + at
    for s in range(rows):
        left = int(marks[word * rows + s])
        place = own + at
        z0 = load(z, place + 0)
        z1 = load(z, place + 8)
        z2 = load(z, place + 16)
        z3 = load(z, place + 24)
        z4 = load(z, place + 32)
        z5 = load(z, place + 40)
        for _ in range(ones(left)):
            q = lowest(left)
            left &= left - 1
            row = first + q * width
            weight = spread(c, own + begin + q)
            z0 = fused(weight, load(gram, row + 0), z0)
            z1 = fused(weight, load(gram, row + 8), z1)
            z2 = fused(weight, load(gram, row + 16), z2)
            z3 = fused(weight, load(gram, row + 24), z3)
            z4 = fused(weight, load(gram, row + 32), z4)
            z5 = fused(weight, load(gram, row + 40), z5)
        store(z, place + 0, z0)
        store(z, place + 8, z1)
        store(z, place + 16, z2)
        store(z, place + 24, z3)
        store(z, place + 32, z4)
        store(z, place + 40, z5)
        own += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def part_of_rows(z, c, gram, marks, rows, width, word, at, halves):
    """Directions at to at + 4 halves of all rows."""
    if halves <= 1:
        rows_1(z, c, gram, marks, rows, width, word, at)
    elif halves <= 2:
        rows_2(z, c, gram, marks, rows, width, word, at)
    elif halves <= 3:
        rows_3(z, c, gram, marks, rows, width, word, at)
    elif halves <= 4:
        rows_4(z, c, gram, marks, rows, width, word, at)
    elif halves <= 5:
        rows_5(z, c, gram, marks, rows, width, word, at)
    elif halves <= 6:
        rows_6(z, c, gram, marks, rows, width, word, at)
    elif halves <= 7:
        rows_7(z, c, gram, marks, rows, width, word, at)
    elif halves <= 8:
        rows_8(z, c, gram, marks, rows, width, word, at)
    elif halves <= 10:
        rows_10(z, c, gram, marks, rows, width, word, at)
    else:
        rows_12(z, c, gram, marks, rows, width, word, at)


@njit(cache=True, fastmath=False, error_model="numpy")
def couple(z, c, gram, marks, rows, width, joint, directions):
    """z (rows, width) += c (rows, width) gram (directions, width), flat arrays, width a multiple of 8.

    Directions from `joint` on are orthogonal to all others: no sum runs over them.
    """
    halves = (joint + 3) // 4
    parts, span = 1, 6  # parts, vectors of one
    if halves > 12:
        parts = (halves + 11) // 12
        span = ((halves + 1) // 2 + parts - 1) // parts
    for word in range((joint + 55) // 56):
        for part in range(parts):
            at = 8 * span * part
            left = min(2 * span, halves - 2 * span * part)
            part_of_rows(z, c, gram, marks, rows, width, word, at, left)
    for q in range(joint, directions):
        own = entry(gram, q * width + q)
        for s in range(rows):
            at = s * width + q
            z[at] = fused_one(entry(c, at), own, entry(z, at))


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def follow_and_mark_1(b, g, rows, width, begin, present, shift, first, marks):
    """Directions begin to begin + 8 of all rows: from bit `shift` on, of marks from `first` on."""
    at = begin
    for s in range(rows):
        move0 = load(g, at + 0)
        store(b, at + 0, load(b, at + 0) + move0)
        seen = nonzero(bits_of(move0))
        marks[first + s] |= (seen & present) << shift
        at += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def follow_and_mark_2(b, g, rows, width, begin, present, shift, first, marks):
    """Directions begin to begin + 16 of all rows: from bit `shift` on, of marks from `first` on."""
    at = begin
    for s in range(rows):
        move0 = load(g, at + 0)
        move1 = load(g, at + 8)
        store(b, at + 0, load(b, at + 0) + move0)
        store(b, at + 8, load(b, at + 8) + move1)
        seen = nonzero(bits_of(move0))
        seen |= nonzero(bits_of(move1)) << 8
        marks[first + s] |= (seen & present) << shift
        at += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def follow_and_mark_3(b, g, rows, width, begin, present, shift, first, marks):
    """Directions begin to begin + 24 of all rows: from bit `shift` on, of marks from `first` on."""
    at = begin
    for s in range(rows):
        move0 = load(g, at + 0)
        move1 = load(g, at + 8)
        move2 = load(g, at + 16)
        store(b, at + 0, load(b, at + 0) + move0)
        store(b, at + 8, load(b, at + 8) + move1)
        store(b, at + 16, load(b, at + 16) + move2)
        seen = nonzero(bits_of(move0))
        seen |= nonzero(bits_of(move1)) << 8
        seen |= nonzero(bits_of(move2)) << 16
        marks[first + s] |= (seen & present) << shift
        at += width


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def follow_and_mark_4(b, g, rows, width, begin, present, shift, first, marks):
    """Directions begin to begin + 32 of all rows: from bit `shift` on, of marks from `first` on."""
    at = begin
    for s in range(rows):
        move0 = load(g, at + 0)
        move1 = load(g, at + 8)
        move2 = load(g, at + 16)
        move3 = load(g, at + 24)
        store(b, at + 0, load(b, at + 0) + move0)
        store(b, at + 8, load(b, at + 8) + move1)
        store(b, at + 16, load(b, at + 16) + move2)
        store(b, at + 24, load(b, at + 24) + move3)
        seen = nonzero(bits_of(move0))
        seen |= nonzero(bits_of(move1)) << 8
        seen |= nonzero(bits_of(move2)) << 16
        seen |= nonzero(bits_of(move3)) << 24
        marks[first + s] |= (seen & present) << shift
        at += width


@njit(cache=True, fastmath=False, error_model="numpy")
def follow_and_mark(b, g, rows, width, joint, marks):
    """b <- b + g, in place, and marks where g is not 0; flat arrays, (rows, width).

    Bit q of marks (words, rows), flat, is of direction q of a word, 0 from direction `joint` on.
    """
    marks[:] = 0
    for word in range((width + 55) // 56):
        for shift in range(0, 56, 32):
            begin = 56 * word + shift
            present = (1 << min(32, max(joint - begin, 0))) - 1  # not what stands past a row's end
            vectors = min(32, 56 - shift, width - begin) // 8
            if vectors == 1:
                follow_and_mark_1(b, g, rows, width, begin, present, shift, word * rows, marks)
            elif vectors == 2:
                follow_and_mark_2(b, g, rows, width, begin, present, shift, word * rows, marks)
            elif vectors == 3:
                follow_and_mark_3(b, g, rows, width, begin, present, shift, word * rows, marks)
            elif vectors == 4:
                follow_and_mark_4(b, g, rows, width, begin, present, shift, word * rows, marks)


@njit(cache=True, fastmath=False, error_model="numpy")
def follow(b, g):
    """b <- b + g, in place; flat arrays, their size a multiple of 8."""
    for q in range(0, g.size, 8):
        store(b, q, load(b, q) + load(g, q))


@njit(cache=True, fastmath=False, error_model="numpy")
def finite(f, present):
    """Whether the output of every example that is present, 1 there, is a finite number."""
    for i in range(0, f.size, 8):
        if not every(abs(where(load(present, i) > 0.0, load(f, i), 0.0)) < np.inf):
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def led(covariance, heads, width, place, scratch, leads, roots):
    """What of a covariance (S, S) moves with the heads, and a root of the rest; False if near singular.

    leads (F, 2, width) and roots (F, S, width) are filled at vector `place`, 0 past S; scratch (2 width,).
    """
    neurons = covariance.shape[0]
    filters = neurons // 2
    root = place * neurons * width
    for s in range(neurons):
        scratch[width + s] = covariance[s, s]
        for k in range(neurons):
            roots[root + s * width + k] = covariance[s, k]
    for h in range(heads):
        lead, first = (place * 2 + h) * width, h * filters
        for at in range(0, width, 8):
            summed = lanes(0.0)
            for s in range(first, first + filters):
                summed = summed + load(roots, root + s * width + at)
            store(leads, lead + at, summed)
        for other in range(place * 2 * width, lead, width):
            along = 0.0
            for s in range(first, first + filters):
                along += leads[other + s]
            for at in range(0, width, 8):
                store(leads, lead + at, load(leads, lead + at) - along * load(leads, other + at))
        square, variance = 0.0, 0.0
        for s in range(first, first + filters):
            square += leads[lead + s]
            variance += scratch[width + s]
        if not (square > 0.0 and square >= 0.0001 * variance):
            return False
        length = 1.0 / sqrt(square)
        for at in range(0, width, 8):
            store(leads, lead + at, length * load(leads, lead + at))
    for h in range(heads):
        lead = (place * 2 + h) * width
        for s in range(neurons):
            weight = -spread(leads, lead + s)
            for at in range(0, width, 8):
                row = root + s * width + at
                store(roots, row, fused(weight, load(leads, lead + at), load(roots, row)))
        last = (h + 1) * filters - 1
        roots[root + last * width + last] += scratch[width + last]
    for k in range(neurons):
        pivot = roots[root + k * width + k]
        if not (0.0 < pivot < np.inf and pivot >= 0.0001 * scratch[width + k]):
            return False
        length = 1.0 / sqrt(pivot)
        begin = k // 8 * 8
        for at in range(begin, width, 8):
            store(scratch, at, length * load(roots, root + k * width + at))
        for q in range(begin, k + 1):
            scratch[q] = 0.0  # what stands there is done
        for s in range(k + 1, neurons):
            weight = -spread(scratch, s)
            for at in range(begin, width, 8):
                row = root + s * width + at
                store(roots, row, fused(weight, load(scratch, at), load(roots, row)))
            roots[root + s * width + k] = scratch[s]
        roots[root + k * width + k] = sqrt(pivot)
        for q in range(k + 1, neurons):
            roots[root + k * width + q] = 0.0
    for h in range(heads):
        for s in range(neurons):
            roots[root + s * width + (h + 1) * filters - 1] = 0.0
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def colour(roots, normals, first, count, neurons, width, vectors):
    """vectors (F, S, 32): lower triangular roots (F, S, width) times normals, of groups first, ..."""
    for q in range(count):
        for s in range(0, neurons, 2):
            x0_0 = lanes(0.0)
            x0_1 = lanes(0.0)
            x0_2 = lanes(0.0)
            x0_3 = lanes(0.0)
            x1_0 = lanes(0.0)
            x1_1 = lanes(0.0)
            x1_2 = lanes(0.0)
            x1_3 = lanes(0.0)
            for k in range(s + 2):
                at = (first * count + q * 32) * neurons + k * 32
                z0 = load(normals, at + 0)
                z1 = load(normals, at + 8)
                z2 = load(normals, at + 16)
                z3 = load(normals, at + 24)
                weight = spread(roots, (q * neurons + s + 0) * width + k)
                x0_0 = fused(weight, z0, x0_0)
                x0_1 = fused(weight, z1, x0_1)
                x0_2 = fused(weight, z2, x0_2)
                x0_3 = fused(weight, z3, x0_3)
                weight = spread(roots, (q * neurons + s + 1) * width + k)
                x1_0 = fused(weight, z0, x1_0)
                x1_1 = fused(weight, z1, x1_1)
                x1_2 = fused(weight, z2, x1_2)
                x1_3 = fused(weight, z3, x1_3)
            store(vectors, (q * neurons + s + 0) * 32 + 0, x0_0)
            store(vectors, (q * neurons + s + 0) * 32 + 8, x0_1)
            store(vectors, (q * neurons + s + 0) * 32 + 16, x0_2)
            store(vectors, (q * neurons + s + 0) * 32 + 24, x0_3)
            store(vectors, (q * neurons + s + 1) * 32 + 0, x1_0)
            store(vectors, (q * neurons + s + 1) * 32 + 8, x1_1)
            store(vectors, (q * neurons + s + 1) * 32 + 16, x1_2)
            store(vectors, (q * neurons + s + 1) * 32 + 24, x1_3)


@njit(cache=True, fastmath=False, error_model="numpy")
def mean_and_error(values, count, out):
    """out = the mean of the first count values, a multiple of 8, and its standard error."""
    added = lanes(0.0)
    for at in range(0, count, 8):
        added = added + load(values, at)
    mean = total(added) / count
    squares = lanes(0.0)
    for at in range(0, count, 8):
        apart = load(values, at) - mean
        squares = squares + apart * apart
    out[0] = mean
    out[1] = sqrt(total(squares) / (count - 1.0)) / sqrt(float(count))


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def example_gram(gram, examples, width, G_mu_xi, G_xi_xi):
    """Inner products of each example's own directions, taken out of the Gram matrix once."""
    at_xi = 0
    at_mu = at_xi + examples
    for i in range(examples):
        G_mu_xi[i] = entry(gram, (at_mu) * width + at_xi + i)
        G_xi_xi[i] = entry(gram, (at_xi + i) * width + at_xi + i)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def gradient(
    z,
    gram, y, live, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g,
    f, wz0, wz1, wz2, w0, w1, w2, w3, w4, w5,
):
    """g = -eta dO/dz with the penalty."""
    length = y.size
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = 0.0
    f_minus = 0.0
    wz0_plus = 0.0
    wz0_minus = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = 0.0
        head0_minus = 0.0
        head1_plus = 0.0
        head1_minus = 0.0
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = entry(z, at + at_mu)  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused_one(relu_mu, (relu_mu*relu_mu), head0_plus)
            head1_plus = fused_one(relu_mu, (relu_mu*relu_mu*relu_mu), head1_plus)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            head0_minus = fused_one(relu_mu, (relu_mu*relu_mu), head0_minus)
            head1_minus = fused_one(relu_mu, (relu_mu*relu_mu*relu_mu), head1_minus)
        f_plus = f_plus + head0_plus*j
        wz0_plus = wz0_plus + head1_plus
        f_minus = f_minus + head0_minus*j
        wz0_minus = wz0_minus + head1_minus
    for i in range(0, length, 8):
        f_i = lanes(0.0)
        wz0_i = lanes(0.0)
        wz1_i = lanes(0.0)
        wz2_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            head1_i = lanes(0.0)
            head2_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_mu = load(y, i)*entry(z, at + at_mu)
                a_xi = load(z, at + at_xi + i)  # pre-activation of the patch xi
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
                head1_i = fused(relu_xi, (relu_xi*relu_xi*relu_xi), head1_i)
                head2_i = fused(relu_mu, relu_mu*(relu_xi*relu_xi), head2_i)
            f_i = f_i + head0_i*j
            wz1_i = wz1_i + head1_i
            wz2_i = wz2_i + head2_i
        store(f, i, (f_i + where(load(y, i) > 0.0, f_plus, f_minus)) * (kappa))
        store(wz0, i, (wz0_i + where(load(y, i) > 0.0, wz0_plus, wz0_minus)))
        store(wz1, i, wz1_i)
        store(wz2, i, wz2_i)
    q0 = 18.0*c*(kappa*kappa)*lam  # a factor that examples share
    q1 = 3.0*kappa/n  # a factor that examples share
    q2 = 36.0*entry(gram, (at_mu) * width + at_mu)*c*(kappa*kappa)*lam/n  # a factor that examples share
    q3 = 36.0*c*(kappa*kappa)*lam/n  # a factor that examples share
    for i in range(0, length, 8):
        margin_i = load(f, i)*load(y, i)  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        l2_i = logistic_2(margin_i)  # second derivative of the loss at the margin
        # squared norm of the output's gradient, constants taken out
        zeta_i = (
            entry(gram, (at_mu) * width + at_mu)*load(wz0, i) + 2.0*load(G_mu_xi, i)*load(wz2, i)*load(y, i) +
            load(G_xi_xi, i)*load(wz1, i)
        )
        # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        w0_i = where(load(live, i) > 0.0, q1*(q0*l2_i*zeta_i + 1.0)*l1_i, 0.0)
        store(w0, i, w0_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
        w1_i = where(load(live, i) > 0.0, q2*(l1_i*l1_i)*load(y, i), 0.0)
        store(w1, i, w1_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)*ReLU(<w_{j,r}, xi_i>)**2 in the gradient along mu
        w2_i = where(load(live, i) > 0.0, q3*load(G_mu_xi, i)*(l1_i*l1_i), 0.0)
        store(w2, i, w2_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        w3_i = where(load(live, i) > 0.0, q1*(q0*l2_i*zeta_i + 1.0)*l1_i*load(y, i), 0.0)
        store(w3, i, w3_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
        w4_i = where(load(live, i) > 0.0, q3*load(G_xi_xi, i)*(l1_i*l1_i), 0.0)
        store(w4, i, w4_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>) in the gradient along xi
        w5_i = where(load(live, i) > 0.0, q3*load(G_mu_xi, i)*(l1_i*l1_i)*load(y, i), 0.0)
        store(w5, i, w5_i)
    w1_plus_i = lanes(0.0)
    w1_minus_i = lanes(0.0)
    w0_plus_i = lanes(0.0)
    w0_minus_i = lanes(0.0)
    for i in range(0, length, 8):
        w1_plus_i = w1_plus_i + where(load(y, i) > 0.0, load(w1, i), 0.0)
        w1_minus_i = w1_minus_i + where(load(y, i) > 0.0, 0.0, load(w1, i))
        w0_plus_i = w0_plus_i + where(load(y, i) > 0.0, load(w0, i), 0.0)
        w0_minus_i = w0_minus_i + where(load(y, i) > 0.0, 0.0, load(w0, i))
    w1_plus = total(w1_plus_i)
    w1_minus = total(w1_minus_i)
    w0_plus = total(w0_plus_i)
    w0_minus = total(w0_minus_i)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(0, length, 8):
            share0_xi = -(eta * load(w5, i))
            share1_xi = -(eta * j*load(w3, i))
            share2_xi = -(eta * load(w4, i))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_mu = load(y, i)*entry(z, at + at_mu)
                a_xi = load(z, at + at_xi + i)
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                xi_i = (
                    fused((relu_xi*relu_xi*relu_xi), share2_xi, fused((relu_xi*relu_xi), share1_xi, (relu_mu*relu_mu)*
                    relu_xi*share0_xi))
                )
                store(g, at + at_xi + i, xi_i)
        share0_mu_plus = -(eta * w0_plus*j)
        share1_mu_plus = -(eta * w1_plus)
        share0_mu_minus = -(eta * w0_minus*j)
        share1_mu_minus = -(eta * w1_minus)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            sum_mu = lanes(0.0)
            for i in range(0, length, 8):
                a_mu = load(y, i)*entry(z, at + at_mu)
                a_xi = load(z, at + at_xi + i)
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                sum_mu = sum_mu + (relu_mu*(relu_xi*relu_xi)*load(w2, i))
            fixed_mu = -(eta * total(sum_mu))
            a_mu = entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused_one(share1_mu_plus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused_one(share1_mu_minus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            g[at + at_mu] = fixed_mu
    # every array is read last here
    return (
        z.size + gram.size + y.size + live.size + G_mu_xi.size + G_xi_xi.size + g.size + f.size + wz0.size + wz1.size +
        wz2.size + w0.size + w1.size + w2.size + w3.size + w4.size + w5.size
    )


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def gradient_orthogonal(
    z,
    gram, y, live, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g,
    f, wz0, wz1, w0, w1, w3, w4,
):
    """g = -eta dO/dz with the penalty, where an example's own directions are orthogonal to one another."""
    length = y.size
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = 0.0
    f_minus = 0.0
    wz0_plus = 0.0
    wz0_minus = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = 0.0
        head0_minus = 0.0
        head1_plus = 0.0
        head1_minus = 0.0
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = entry(z, at + at_mu)  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused_one(relu_mu, (relu_mu*relu_mu), head0_plus)
            head1_plus = fused_one(relu_mu, (relu_mu*relu_mu*relu_mu), head1_plus)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            head0_minus = fused_one(relu_mu, (relu_mu*relu_mu), head0_minus)
            head1_minus = fused_one(relu_mu, (relu_mu*relu_mu*relu_mu), head1_minus)
        f_plus = f_plus + head0_plus*j
        wz0_plus = wz0_plus + head1_plus
        f_minus = f_minus + head0_minus*j
        wz0_minus = wz0_minus + head1_minus
    for i in range(0, length, 8):
        f_i = lanes(0.0)
        wz0_i = lanes(0.0)
        wz1_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            head1_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
                head1_i = fused(relu_xi, (relu_xi*relu_xi*relu_xi), head1_i)
            f_i = f_i + head0_i*j
            wz1_i = wz1_i + head1_i
        store(f, i, (f_i + where(load(y, i) > 0.0, f_plus, f_minus)) * (kappa))
        store(wz0, i, (wz0_i + where(load(y, i) > 0.0, wz0_plus, wz0_minus)))
        store(wz1, i, wz1_i)
    q0 = 18.0*c*(kappa*kappa)*lam  # a factor that examples share
    q1 = 3.0*kappa/n  # a factor that examples share
    q2 = 36.0*entry(gram, (at_mu) * width + at_mu)*c*(kappa*kappa)*lam/n  # a factor that examples share
    q3 = 36.0*c*(kappa*kappa)*lam/n  # a factor that examples share
    for i in range(0, length, 8):
        margin_i = load(f, i)*load(y, i)  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        l2_i = logistic_2(margin_i)  # second derivative of the loss at the margin
        # squared norm of the output's gradient, constants taken out
        zeta_i = entry(gram, (at_mu) * width + at_mu)*load(wz0, i) + load(G_xi_xi, i)*load(wz1, i)
        # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        w0_i = where(load(live, i) > 0.0, q1*(q0*l2_i*zeta_i + 1.0)*l1_i, 0.0)
        store(w0, i, w0_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
        w1_i = where(load(live, i) > 0.0, q2*(l1_i*l1_i)*load(y, i), 0.0)
        store(w1, i, w1_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        w3_i = where(load(live, i) > 0.0, q1*(q0*l2_i*zeta_i + 1.0)*l1_i*load(y, i), 0.0)
        store(w3, i, w3_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
        w4_i = where(load(live, i) > 0.0, q3*load(G_xi_xi, i)*(l1_i*l1_i), 0.0)
        store(w4, i, w4_i)
    w1_plus_i = lanes(0.0)
    w1_minus_i = lanes(0.0)
    w0_plus_i = lanes(0.0)
    w0_minus_i = lanes(0.0)
    for i in range(0, length, 8):
        w1_plus_i = w1_plus_i + where(load(y, i) > 0.0, load(w1, i), 0.0)
        w1_minus_i = w1_minus_i + where(load(y, i) > 0.0, 0.0, load(w1, i))
        w0_plus_i = w0_plus_i + where(load(y, i) > 0.0, load(w0, i), 0.0)
        w0_minus_i = w0_minus_i + where(load(y, i) > 0.0, 0.0, load(w0, i))
    w1_plus = total(w1_plus_i)
    w1_minus = total(w1_minus_i)
    w0_plus = total(w0_plus_i)
    w0_minus = total(w0_minus_i)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(0, length, 8):
            share0_xi = -(eta * j*load(w3, i))
            share1_xi = -(eta * load(w4, i))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)
                relu_xi = relu(a_xi)
                xi_i = fused((relu_xi*relu_xi*relu_xi), share1_xi, (relu_xi*relu_xi)*share0_xi)
                store(g, at + at_xi + i, xi_i)
        share0_mu_plus = -(eta * w0_plus*j)
        share1_mu_plus = -(eta * w1_plus)
        share0_mu_minus = -(eta * w0_minus*j)
        share1_mu_minus = -(eta * w1_minus)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            fixed_mu = 0.0
            a_mu = entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused_one(share1_mu_plus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused_one(share1_mu_minus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            g[at + at_mu] = fixed_mu
    # every array is read last here
    return (
        z.size + gram.size + y.size + live.size + G_mu_xi.size + G_xi_xi.size + g.size + f.size + wz0.size + wz1.size +
        w0.size + w1.size + w3.size + w4.size
    )


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def plain_gradient(
    z,
    gram, y, live, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g,
    f, v0, v1,
):
    """g = -eta dL_S/dz, without penalty."""
    length = y.size
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = 0.0
    f_minus = 0.0
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = 0.0
        head0_minus = 0.0
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = entry(z, at + at_mu)  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused_one(relu_mu, (relu_mu*relu_mu), head0_plus)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            head0_minus = fused_one(relu_mu, (relu_mu*relu_mu), head0_minus)
        f_plus = f_plus + head0_plus*j
        f_minus = f_minus + head0_minus*j
    for i in range(0, length, 8):
        f_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
            f_i = f_i + head0_i*j
        store(f, i, (f_i + where(load(y, i) > 0.0, f_plus, f_minus)) * (kappa))
    q0 = 3.0*kappa/n  # a factor that examples share
    for i in range(0, length, 8):
        margin_i = load(f, i)*load(y, i)  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        v0_i = where(load(live, i) > 0.0, q0*l1_i, 0.0)
        store(v0, i, v0_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        v1_i = where(load(live, i) > 0.0, q0*l1_i*load(y, i), 0.0)
        store(v1, i, v1_i)
    v0_plus_i = lanes(0.0)
    v0_minus_i = lanes(0.0)
    for i in range(0, length, 8):
        v0_plus_i = v0_plus_i + where(load(y, i) > 0.0, load(v0, i), 0.0)
        v0_minus_i = v0_minus_i + where(load(y, i) > 0.0, 0.0, load(v0, i))
    v0_plus = total(v0_plus_i)
    v0_minus = total(v0_minus_i)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(0, length, 8):
            share0_xi = -(eta * j*load(v1, i))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)
                relu_xi = relu(a_xi)
                xi_i = (relu_xi*relu_xi)*share0_xi
                store(g, at + at_xi + i, xi_i)
        share0_mu_plus = -(eta * v0_plus*j)
        share0_mu_minus = -(eta * v0_minus*j)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            fixed_mu = 0.0
            a_mu = entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            a_mu = -entry(z, at + at_mu)
            relu_mu = relu(a_mu)
            fixed_mu = fused_one(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            g[at + at_mu] = fixed_mu
    # every array is read last here
    return z.size + gram.size + y.size + live.size + G_mu_xi.size + G_xi_xi.size + g.size + f.size + v0.size + v1.size


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_loss(f, y, present, examples):
    """Training loss of the outputs."""
    losses = lanes(0.0)
    for i in range(0, y.size, 8):
        losses = losses + where(load(present, i) > 0.0, logistic_0(load(f, i) * load(y, i)), 0.0)
    return total(losses) / examples


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_margins(f, y, present):
    """The least and the largest margin."""
    lowest, highest = lanes(np.inf), lanes(-np.inf)
    for i in range(0, y.size, 8):
        margin = load(f, i) * load(y, i)
        low, high = where(load(present, i) > 0.0, margin, np.inf), where(load(present, i) > 0.0, margin, -np.inf)
        lowest, highest = where(low < lowest, low, lowest), where(high > highest, high, highest)
    return least(lowest), -least(-highest)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_max_gamma(b, gram, examples, filters, width):
    """The least and the largest entry of max_gamma."""
    at_xi = 0
    at_mu = at_xi + examples
    low = np.inf
    high = -np.inf
    length = entry(gram, at_mu * width + at_mu)
    for h in range(2):
        best = -np.inf
        for r in range(filters):
            at = (h * filters + r) * width
            x = entry(b, at + at_mu) * length * (1.0 - 2.0 * h)
            best = where(x > best, x, best)
        lowest = best
        highest = best
        low = where(lowest < low, lowest, low)
        high = where(highest > high, highest, high)
    return low, high


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_max_rho_over(b, y, present, length_xi, examples, filters, width):
    """The least and the largest entry of max_rho_over."""
    at_xi = 0
    at_mu = at_xi + examples
    low = np.inf
    high = -np.inf
    for i in range(0, y.size, 8):
        best = lanes(-np.inf)
        for h in range(2):
            for r in range(filters):
                at = (h * filters + r) * width
                x = load(b, at + at_xi + i) * load(length_xi, i)
                x = where(load(y, i) * (1.0 - 2.0 * h) > 0.0, x, -np.inf)
                best = where(x > best, x, best)
        lowest = least(where(load(present, i) > 0.0, best, np.inf))
        highest = -least(where(load(present, i) > 0.0, -best, np.inf))
        low = where(lowest < low, lowest, low)
        high = where(highest > high, highest, high)
    return low, high


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_gamma(b, gram, examples, filters, width):
    """The least and the largest entry of gamma."""
    at_xi = 0
    at_mu = at_xi + examples
    low = np.inf
    high = -np.inf
    length = entry(gram, at_mu * width + at_mu)
    for h in range(2):
        for r in range(filters):
            best = -np.inf
            at = (h * filters + r) * width
            x = entry(b, at + at_mu) * length * (1.0 - 2.0 * h)
            best = where(x > best, x, best)
            lowest = best
            highest = best
            low = where(lowest < low, lowest, low)
            high = where(highest > high, highest, high)
    return low, high


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_rho(b, y, present, length_xi, examples, filters, width):
    """The least and the largest entry of rho."""
    at_xi = 0
    at_mu = at_xi + examples
    low = np.inf
    high = -np.inf
    for h in range(2):
        for r in range(filters):
            for i in range(0, y.size, 8):
                best = lanes(-np.inf)
                at = (h * filters + r) * width
                x = load(b, at + at_xi + i) * load(length_xi, i)
                best = where(x > best, x, best)
                lowest = least(where(load(present, i) > 0.0, best, np.inf))
                highest = -least(where(load(present, i) > 0.0, -best, np.inf))
                low = where(lowest < low, lowest, low)
                high = where(highest > high, highest, high)
    return low, high


@njit(
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[::1], float64, float64, float64, float64, "
    "int64, int64, int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1], int64[::1], boolean[::1], "
    "boolean[::1], float64[::1], int64[::1], int64)",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(
    z, b,
    gram, y,
    kappa, c, lam, eta, lam_until,
    start, steps, recorded, z_out, b_out,
    which, below, anywhere, bounds, hits, stops,
):
    """Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.

    Arguments as those of the kernel of loops.
    Event e is of observable which[e], which has to be at or below bounds[e] where below[e], else at or
    above, in all of its entries, in any where anywhere[e]; hits[e], negative before, becomes its first step.
    The run ends where the first `stops` of them are reached together.
    """
    examples = y.size
    filters = z.shape[1]
    directions = z.shape[2]
    length = (examples + 7) // 8 * 8  # of examples with the padding
    width = (max(directions, (examples * 0 + length)) + 7) // 8 * 8  # of a row
    n = float(examples)
    at_xi = 0
    at_mu = at_xi + examples
    order = np.zeros(directions, dtype=np.int64)
    at = 0
    for i in range(1):
        order[at + i] = at_mu + i
    at += 1
    for i in range(examples):
        order[at + i] = at_xi + i
    at += examples
    packed_z = aligned(2 * filters * width)
    pack(z, order, width, packed_z)
    packed_b = aligned(2 * filters * width)
    pack(b, order, width, packed_b)
    packed_gram = aligned(directions * width)
    pack_gram(gram, order, width, packed_gram)
    joint = entangled(packed_gram, width, directions)
    packed_y = aligned(length)
    pad(y, packed_y)
    present = aligned(length)  # 1 for an example, 0 for padding
    present[:examples] = 1.0
    live = present  # 1 for the examples that a step sees
    low = np.zeros(6)
    high = np.zeros(6)
    sought = np.zeros(6, dtype=np.bool_)
    watching = seek(which, hits, sought)
    length_xi = aligned(length)
    for i in range(examples):
        length_xi[i] = packed_gram[(at_xi + i) * width + at_xi + i]
    G_mu_xi = aligned(length)
    G_xi_xi = aligned(length)
    example_gram(packed_gram, examples, width, G_mu_xi, G_xi_xi)
    crossed = some(G_mu_xi)
    f = aligned(length)  # network output
    wz0 = aligned(length)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**4
    wz1 = aligned(length)  # sum over neurons of ReLU(<w_{j,r}, xi_i>)**4
    wz2 = aligned(length)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>)**2
    w0 = aligned(length)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    w1 = aligned(length)  # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
    w2 = aligned(length)  # weight of ReLU(<w_{j,r}, y_i mu>)*ReLU(<w_{j,r}, xi_i>)**2 in the gradient along mu
    w3 = aligned(length)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    w4 = aligned(length)  # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
    w5 = aligned(length)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>) in the gradient along xi
    v0 = aligned(length)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    v1 = aligned(length)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    g = aligned(packed_z.size)  # the gradient in z
    marks = np.zeros(2 * filters * ((width + 55) // 56), dtype=np.int64)
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            unpack(packed_z, order, width, z_out[at])
            unpack(packed_b, order, width, b_out[at])
            at += 1
        if t == start + steps and not watching:
            break
        if t <= lam_until and not crossed:
            gradient_orthogonal(
                packed_z,
                packed_gram, packed_y, live, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g,
                f, wz0, wz1, w0, w1, w3, w4,
            )
        elif t <= lam_until:
            gradient(
                packed_z,
                packed_gram, packed_y, live, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g,
                f, wz0, wz1, wz2, w0, w1, w2, w3, w4, w5,
            )
        else:
            plain_gradient(
                packed_z,
                packed_gram, packed_y, live, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g,
                f, v0, v1,
            )
        if watching:
            if sought[0]:
                low[0] = watch_loss(f, packed_y, present, examples)
                high[0] = low[0]
            if sought[1]:
                low[1], high[1] = watch_max_gamma(packed_b, packed_gram, examples, filters, width)
            if sought[2]:
                low[2], high[2] = watch_max_rho_over(packed_b, packed_y, present, length_xi, examples, filters, width)
            if sought[3]:
                low[3], high[3] = watch_margins(f, packed_y, present)
            if sought[4]:
                low[4], high[4] = watch_gamma(packed_b, packed_gram, examples, filters, width)
            if sought[5]:
                low[5], high[5] = watch_rho(packed_b, packed_y, present, length_xi, examples, filters, width)
            if reach(t, which, below, anywhere, bounds, low, high, hits):
                if met(stops, hits):
                    break
                watching = seek(which, hits, sought)
        if t == start + steps:
            break
        if not finite(f, present):
            unpack(packed_z, order, width, z)
            unpack(packed_b, order, width, b)
            return t
        follow_and_mark(packed_b, g, 2 * filters, width, joint, marks)
        couple(packed_z, g, packed_gram, marks, 2 * filters, width, joint, directions)
    unpack(packed_z, order, width, z)
    unpack(packed_b, order, width, b)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1], "
    "int64[::1], int64, int64, int64[::1], float64[:, :, :, :, ::1], float64[:, :, :, :, ::1], int64[::1], "
    "int64[::1], boolean[::1], boolean[::1], float64[:, ::1], int64[:, ::1], int64)",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run_all(
    z, b,
    gram, y,
    numbers, limits,
    start, steps, recorded, z_out, b_out, failed,
    which, below, anywhere, bounds, hits, stops,
):
    """R runs, one after another: `run` on every entry of the leading axis; failed (R,) is what it returns.

    numbers (R, ...) are each run's scalars, step size and rates, limits (R,) the last step with the penalty.
    """
    for k in range(z.shape[0]):
        failed[k] = run(
            z[k], b[k],
            gram[k], y[k],
            numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3], limits[k],
            start, steps, recorded, z_out[k], b_out[k],
            which, below, anywhere, bounds[k], hits[k], stops,
        )


@njit(cache=True, fastmath=False, error_model="numpy")
def interleave(one, k, eight):
    """Lane k of `eight` becomes `one`."""
    for q in range(one.size):
        eight[8 * q + k] = one[q]


@njit(cache=True, fastmath=False, error_model="numpy")
def of_lane(eight, k, one):
    """`one` becomes lane k of `eight`."""
    for q in range(one.size):
        one[q] = eight[8 * q + k]


@njit(cache=True, fastmath=False, error_model="numpy")
def finite_in_lane(f, k):
    """Whether every output of run k is a finite number."""
    for q in range(k, f.size, 8):
        if not abs(f[q]) < np.inf:
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def empty(slots, at):
    """Begins a sum over examples."""
    for q in range(0, 64, 8):
        store(slots, at + q, lanes(0.0))


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def gather(slots, at, i, value):
    """What example i adds to it."""
    place = at + 8 * (i % 8)
    store(slots, place, load(slots, place) + value)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def gathered(slots, at):
    """The sum, its parts in the order of `total`."""
    even = (load(slots, at + 0) + load(slots, at + 32)) + (load(slots, at + 16) + load(slots, at + 48))
    odd = (load(slots, at + 8) + load(slots, at + 40)) + (load(slots, at + 24) + load(slots, at + 56))
    return even + odd


@njit(cache=True, fastmath=False, error_model="numpy")
def finite_abreast(f):
    """Whether all outputs of eight runs are finite numbers."""
    for q in range(0, f.size, 8):
        if not every(abs(load(f, q)) < np.inf):
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def block_abreast_8(z, c, gram, moving, count, first, at, width):
    """Two filters, the first at `first`, and directions at to at + 8."""
    step = 8 * width
    c0 = first
    at0 = c0 + 8 * at
    c1 = c0 + step
    at1 = at0 + step
    z0_0 = load(z, at0 + 0)
    z0_1 = load(z, at0 + 8)
    z0_2 = load(z, at0 + 16)
    z0_3 = load(z, at0 + 24)
    z0_4 = load(z, at0 + 32)
    z0_5 = load(z, at0 + 40)
    z0_6 = load(z, at0 + 48)
    z0_7 = load(z, at0 + 56)
    z1_0 = load(z, at1 + 0)
    z1_1 = load(z, at1 + 8)
    z1_2 = load(z, at1 + 16)
    z1_3 = load(z, at1 + 24)
    z1_4 = load(z, at1 + 32)
    z1_5 = load(z, at1 + 40)
    z1_6 = load(z, at1 + 48)
    z1_7 = load(z, at1 + 56)
    for k in range(count):
        q = moving[k]
        row = 8 * (q * width + at)
        row0 = load(gram, row + 0)
        row1 = load(gram, row + 8)
        row2 = load(gram, row + 16)
        row3 = load(gram, row + 24)
        row4 = load(gram, row + 32)
        row5 = load(gram, row + 40)
        row6 = load(gram, row + 48)
        row7 = load(gram, row + 56)
        weight = load(c, c0 + 8 * q)
        z0_0 = fused(weight, row0, z0_0)
        z0_1 = fused(weight, row1, z0_1)
        z0_2 = fused(weight, row2, z0_2)
        z0_3 = fused(weight, row3, z0_3)
        z0_4 = fused(weight, row4, z0_4)
        z0_5 = fused(weight, row5, z0_5)
        z0_6 = fused(weight, row6, z0_6)
        z0_7 = fused(weight, row7, z0_7)
        weight = load(c, c1 + 8 * q)
        z1_0 = fused(weight, row0, z1_0)
        z1_1 = fused(weight, row1, z1_1)
        z1_2 = fused(weight, row2, z1_2)
        z1_3 = fused(weight, row3, z1_3)
        z1_4 = fused(weight, row4, z1_4)
        z1_5 = fused(weight, row5, z1_5)
        z1_6 = fused(weight, row6, z1_6)
        z1_7 = fused(weight, row7, z1_7)
    store(z, at0 + 0, z0_0)
    store(z, at0 + 8, z0_1)
    store(z, at0 + 16, z0_2)
    store(z, at0 + 24, z0_3)
    store(z, at0 + 32, z0_4)
    store(z, at0 + 40, z0_5)
    store(z, at0 + 48, z0_6)
    store(z, at0 + 56, z0_7)
    store(z, at1 + 0, z1_0)
    store(z, at1 + 8, z1_1)
    store(z, at1 + 16, z1_2)
    store(z, at1 + 24, z1_3)
    store(z, at1 + 32, z1_4)
    store(z, at1 + 40, z1_5)
    store(z, at1 + 48, z1_6)
    store(z, at1 + 56, z1_7)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def block_abreast_4(z, c, gram, moving, count, first, at, width):
    """Two filters, the first at `first`, and directions at to at + 4."""
    step = 8 * width
    c0 = first
    at0 = c0 + 8 * at
    c1 = c0 + step
    at1 = at0 + step
    z0_0 = load(z, at0 + 0)
    z0_1 = load(z, at0 + 8)
    z0_2 = load(z, at0 + 16)
    z0_3 = load(z, at0 + 24)
    z1_0 = load(z, at1 + 0)
    z1_1 = load(z, at1 + 8)
    z1_2 = load(z, at1 + 16)
    z1_3 = load(z, at1 + 24)
    for k in range(count):
        q = moving[k]
        row = 8 * (q * width + at)
        row0 = load(gram, row + 0)
        row1 = load(gram, row + 8)
        row2 = load(gram, row + 16)
        row3 = load(gram, row + 24)
        weight = load(c, c0 + 8 * q)
        z0_0 = fused(weight, row0, z0_0)
        z0_1 = fused(weight, row1, z0_1)
        z0_2 = fused(weight, row2, z0_2)
        z0_3 = fused(weight, row3, z0_3)
        weight = load(c, c1 + 8 * q)
        z1_0 = fused(weight, row0, z1_0)
        z1_1 = fused(weight, row1, z1_1)
        z1_2 = fused(weight, row2, z1_2)
        z1_3 = fused(weight, row3, z1_3)
    store(z, at0 + 0, z0_0)
    store(z, at0 + 8, z0_1)
    store(z, at0 + 16, z0_2)
    store(z, at0 + 24, z0_3)
    store(z, at1 + 0, z1_0)
    store(z, at1 + 8, z1_1)
    store(z, at1 + 16, z1_2)
    store(z, at1 + 24, z1_3)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def block_abreast_2(z, c, gram, moving, count, first, at, width):
    """Two filters, the first at `first`, and directions at to at + 2."""
    step = 8 * width
    c0 = first
    at0 = c0 + 8 * at
    c1 = c0 + step
    at1 = at0 + step
    z0_0 = load(z, at0 + 0)
    z0_1 = load(z, at0 + 8)
    z1_0 = load(z, at1 + 0)
    z1_1 = load(z, at1 + 8)
    for k in range(count):
        q = moving[k]
        row = 8 * (q * width + at)
        row0 = load(gram, row + 0)
        row1 = load(gram, row + 8)
        weight = load(c, c0 + 8 * q)
        z0_0 = fused(weight, row0, z0_0)
        z0_1 = fused(weight, row1, z0_1)
        weight = load(c, c1 + 8 * q)
        z1_0 = fused(weight, row0, z1_0)
        z1_1 = fused(weight, row1, z1_1)
    store(z, at0 + 0, z0_0)
    store(z, at0 + 8, z0_1)
    store(z, at1 + 0, z1_0)
    store(z, at1 + 8, z1_1)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def block_abreast_1(z, c, gram, moving, count, first, at, width):
    """Two filters, the first at `first`, and directions at to at + 1."""
    step = 8 * width
    c0 = first
    at0 = c0 + 8 * at
    c1 = c0 + step
    at1 = at0 + step
    z0_0 = load(z, at0 + 0)
    z1_0 = load(z, at1 + 0)
    for k in range(count):
        q = moving[k]
        row = 8 * (q * width + at)
        row0 = load(gram, row + 0)
        weight = load(c, c0 + 8 * q)
        z0_0 = fused(weight, row0, z0_0)
        weight = load(c, c1 + 8 * q)
        z1_0 = fused(weight, row0, z1_0)
    store(z, at0 + 0, z0_0)
    store(z, at1 + 0, z1_0)


@njit(cache=True, fastmath=False, error_model="numpy")
def couple_abreast(z, c, gram, moving, rows, width, joint, directions):
    """As `couple`, of eight runs; `moving` is filled with what two filters move along."""
    step = 8 * width
    count = joint
    for q in range(joint):
        moving[q] = q
    for s in range(0, rows, 2):
        first = 8 * s * width
        if joint > 12:
            count = 0
            for q in range(joint):
                place = first + 8 * q
                moving[count] = q
                seen = bits_or(bits_of(load(c, place)), bits_of(load(c, place + step)))
                count += nonzero(seen) != 0
        for at in range(0, joint - 7, 8):
            block_abreast_8(z, c, gram, moving, count, first, at, width)
        at = joint // 8 * 8
        if joint - at >= 4:
            block_abreast_4(z, c, gram, moving, count, first, at, width)
            at += 4
        if joint - at >= 2:
            block_abreast_2(z, c, gram, moving, count, first, at, width)
            at += 2
        if joint - at >= 1:
            block_abreast_1(z, c, gram, moving, count, first, at, width)
        for q in range(joint, directions):
            own = load(gram, 8 * (q * width + q))
            for place in range(first + 8 * q, first + 2 * step, step):
                store(z, place, fused(load(c, place), own, load(z, place)))


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def plain_gradient_abreast(
    z,
    gram, y, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g, slots,
    f, v0, v1,
):
    """As `plain_gradient`, of eight runs."""
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = lanes(0.0)
    f_minus = lanes(0.0)
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = lanes(0.0)
        head0_minus = lanes(0.0)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = load(z, 8 * (at + at_mu))  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused(relu_mu, (relu_mu*relu_mu), head0_plus)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            head0_minus = fused(relu_mu, (relu_mu*relu_mu), head0_minus)
        f_plus = f_plus + head0_plus*j
        f_minus = f_minus + head0_minus*j
    for i in range(examples):
        f_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, 8 * (at + at_xi + i))  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
            f_i = f_i + head0_i*j
        store(f, 8 * (i), (f_i + where(load(y, 8 * (i)) > 0.0, f_plus, f_minus)) * (kappa))
    q0 = 3.0*kappa/n  # a factor that examples share
    for i in range(examples):
        margin_i = load(f, 8 * (i))*load(y, 8 * (i))  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        v0_i = q0*l1_i  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        store(v0, 8 * (i), v0_i)
        v1_i = q0*l1_i*load(y, 8 * (i))  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        store(v1, 8 * (i), v1_i)
    empty(slots, 0)
    empty(slots, 64)
    for i in range(examples):
        gather(slots, 0, i, where(load(y, 8 * (i)) > 0.0, load(v0, 8 * (i)), 0.0))
        gather(slots, 64, i, where(load(y, 8 * (i)) > 0.0, 0.0, load(v0, 8 * (i))))
    v0_plus = gathered(slots, 0)
    v0_minus = gathered(slots, 64)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(examples):
            share0_xi = -(eta * j*load(v1, 8 * (i)))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, 8 * (at + at_xi + i))
                relu_xi = relu(a_xi)
                xi_i = (relu_xi*relu_xi)*share0_xi
                store(g, 8 * (at + at_xi + i), xi_i)
        share0_mu_plus = -(eta * v0_plus*j)
        share0_mu_minus = -(eta * v0_minus*j)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            fixed_mu = lanes(0.0)
            a_mu = load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            store(g, 8 * (at + at_mu), fixed_mu)
    # every array is read last here
    return z.size + gram.size + y.size + G_mu_xi.size + G_xi_xi.size + g.size + slots.size + f.size + v0.size + v1.size


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def gradient_abreast(
    z,
    gram, y, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g, slots,
    f, wz0, wz1, wz2, w0, w1, w2, w3, w4, w5,
):
    """As `gradient`, of eight runs."""
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = lanes(0.0)
    f_minus = lanes(0.0)
    wz0_plus = lanes(0.0)
    wz0_minus = lanes(0.0)
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = lanes(0.0)
        head0_minus = lanes(0.0)
        head1_plus = lanes(0.0)
        head1_minus = lanes(0.0)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = load(z, 8 * (at + at_mu))  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused(relu_mu, (relu_mu*relu_mu), head0_plus)
            head1_plus = fused(relu_mu, (relu_mu*relu_mu*relu_mu), head1_plus)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            head0_minus = fused(relu_mu, (relu_mu*relu_mu), head0_minus)
            head1_minus = fused(relu_mu, (relu_mu*relu_mu*relu_mu), head1_minus)
        f_plus = f_plus + head0_plus*j
        wz0_plus = wz0_plus + head1_plus
        f_minus = f_minus + head0_minus*j
        wz0_minus = wz0_minus + head1_minus
    for i in range(examples):
        f_i = lanes(0.0)
        wz0_i = lanes(0.0)
        wz1_i = lanes(0.0)
        wz2_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            head1_i = lanes(0.0)
            head2_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_mu = load(y, 8 * (i))*load(z, 8 * (at + at_mu))
                a_xi = load(z, 8 * (at + at_xi + i))  # pre-activation of the patch xi
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
                head1_i = fused(relu_xi, (relu_xi*relu_xi*relu_xi), head1_i)
                head2_i = fused(relu_mu, relu_mu*(relu_xi*relu_xi), head2_i)
            f_i = f_i + head0_i*j
            wz1_i = wz1_i + head1_i
            wz2_i = wz2_i + head2_i
        store(f, 8 * (i), (f_i + where(load(y, 8 * (i)) > 0.0, f_plus, f_minus)) * (kappa))
        store(wz0, 8 * (i), (wz0_i + where(load(y, 8 * (i)) > 0.0, wz0_plus, wz0_minus)))
        store(wz1, 8 * (i), wz1_i)
        store(wz2, 8 * (i), wz2_i)
    q0 = 18.0*c*(kappa*kappa)*lam  # a factor that examples share
    q1 = 3.0*kappa/n  # a factor that examples share
    q2 = 36.0*load(gram, 8 * ((at_mu) * width + at_mu))*c*(kappa*kappa)*lam/n  # a factor that examples share
    q3 = 36.0*c*(kappa*kappa)*lam/n  # a factor that examples share
    for i in range(examples):
        margin_i = load(f, 8 * (i))*load(y, 8 * (i))  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        l2_i = logistic_2(margin_i)  # second derivative of the loss at the margin
        # squared norm of the output's gradient, constants taken out
        zeta_i = (
            load(gram, 8 * ((at_mu) * width + at_mu))*load(wz0, 8 * (i)) + 2.0*load(G_mu_xi, 8 * (i))*load(wz2, 8 *
            (i))*load(y, 8 * (i)) + load(G_xi_xi, 8 * (i))*load(wz1, 8 * (i))
        )
        w0_i = q1*(q0*l2_i*zeta_i + 1.0)*l1_i  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        store(w0, 8 * (i), w0_i)
        w1_i = q2*(l1_i*l1_i)*load(y, 8 * (i))  # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
        store(w1, 8 * (i), w1_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)*ReLU(<w_{j,r}, xi_i>)**2 in the gradient along mu
        w2_i = q3*load(G_mu_xi, 8 * (i))*(l1_i*l1_i)
        store(w2, 8 * (i), w2_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        w3_i = q1*(q0*l2_i*zeta_i + 1.0)*l1_i*load(y, 8 * (i))
        store(w3, 8 * (i), w3_i)
        w4_i = q3*load(G_xi_xi, 8 * (i))*(l1_i*l1_i)  # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
        store(w4, 8 * (i), w4_i)
        # weight of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>) in the gradient along xi
        w5_i = q3*load(G_mu_xi, 8 * (i))*(l1_i*l1_i)*load(y, 8 * (i))
        store(w5, 8 * (i), w5_i)
    empty(slots, 128)
    empty(slots, 192)
    empty(slots, 256)
    empty(slots, 320)
    for i in range(examples):
        gather(slots, 128, i, where(load(y, 8 * (i)) > 0.0, load(w1, 8 * (i)), 0.0))
        gather(slots, 192, i, where(load(y, 8 * (i)) > 0.0, 0.0, load(w1, 8 * (i))))
        gather(slots, 256, i, where(load(y, 8 * (i)) > 0.0, load(w0, 8 * (i)), 0.0))
        gather(slots, 320, i, where(load(y, 8 * (i)) > 0.0, 0.0, load(w0, 8 * (i))))
    w1_plus = gathered(slots, 128)
    w1_minus = gathered(slots, 192)
    w0_plus = gathered(slots, 256)
    w0_minus = gathered(slots, 320)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(examples):
            share0_xi = -(eta * load(w5, 8 * (i)))
            share1_xi = -(eta * j*load(w3, 8 * (i)))
            share2_xi = -(eta * load(w4, 8 * (i)))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_mu = load(y, 8 * (i))*load(z, 8 * (at + at_mu))
                a_xi = load(z, 8 * (at + at_xi + i))
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                xi_i = (
                    fused((relu_xi*relu_xi*relu_xi), share2_xi, fused((relu_xi*relu_xi), share1_xi, (relu_mu*relu_mu)*
                    relu_xi*share0_xi))
                )
                store(g, 8 * (at + at_xi + i), xi_i)
        share0_mu_plus = -(eta * w0_plus*j)
        share1_mu_plus = -(eta * w1_plus)
        share0_mu_minus = -(eta * w0_minus*j)
        share1_mu_minus = -(eta * w1_minus)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            empty(slots, 384)
            for i in range(examples):
                a_mu = load(y, 8 * (i))*load(z, 8 * (at + at_mu))
                a_xi = load(z, 8 * (at + at_xi + i))
                relu_mu = relu(a_mu)
                relu_xi = relu(a_xi)
                gather(slots, 384, i, (relu_mu*(relu_xi*relu_xi)*load(w2, 8 * (i))))
            fixed_mu = -(eta * gathered(slots, 384))
            a_mu = load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused(share1_mu_plus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused(share1_mu_minus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            store(g, 8 * (at + at_mu), fixed_mu)
    # every array is read last here
    return (
        z.size + gram.size + y.size + G_mu_xi.size + G_xi_xi.size + g.size + slots.size + f.size + wz0.size + wz1.size +
        wz2.size + w0.size + w1.size + w2.size + w3.size + w4.size + w5.size
    )


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def gradient_orthogonal_abreast(
    z,
    gram, y, G_mu_xi, G_xi_xi,
    n, examples, filters, width, directions,
    kappa, c, lam, eta,
    g, slots,
    f, wz0, wz1, w0, w1, w3, w4,
):
    """As `gradient_orthogonal`, of eight runs."""
    at_xi = 0
    at_mu = at_xi + examples
    f_plus = lanes(0.0)
    f_minus = lanes(0.0)
    wz0_plus = lanes(0.0)
    wz0_minus = lanes(0.0)
    for h in range(2):
        j = 1.0 - 2.0 * h
        head0_plus = lanes(0.0)
        head0_minus = lanes(0.0)
        head1_plus = lanes(0.0)
        head1_minus = lanes(0.0)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            a_mu = load(z, 8 * (at + at_mu))  # pre-activation of the patch mu
            relu_mu = relu(a_mu)
            head0_plus = fused(relu_mu, (relu_mu*relu_mu), head0_plus)
            head1_plus = fused(relu_mu, (relu_mu*relu_mu*relu_mu), head1_plus)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            head0_minus = fused(relu_mu, (relu_mu*relu_mu), head0_minus)
            head1_minus = fused(relu_mu, (relu_mu*relu_mu*relu_mu), head1_minus)
        f_plus = f_plus + head0_plus*j
        wz0_plus = wz0_plus + head1_plus
        f_minus = f_minus + head0_minus*j
        wz0_minus = wz0_minus + head1_minus
    for i in range(examples):
        f_i = lanes(0.0)
        wz0_i = lanes(0.0)
        wz1_i = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            head0_i = lanes(0.0)
            head1_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, 8 * (at + at_xi + i))  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                head0_i = fused(relu_xi, (relu_xi*relu_xi), head0_i)
                head1_i = fused(relu_xi, (relu_xi*relu_xi*relu_xi), head1_i)
            f_i = f_i + head0_i*j
            wz1_i = wz1_i + head1_i
        store(f, 8 * (i), (f_i + where(load(y, 8 * (i)) > 0.0, f_plus, f_minus)) * (kappa))
        store(wz0, 8 * (i), (wz0_i + where(load(y, 8 * (i)) > 0.0, wz0_plus, wz0_minus)))
        store(wz1, 8 * (i), wz1_i)
    q0 = 18.0*c*(kappa*kappa)*lam  # a factor that examples share
    q1 = 3.0*kappa/n  # a factor that examples share
    q2 = 36.0*load(gram, 8 * ((at_mu) * width + at_mu))*c*(kappa*kappa)*lam/n  # a factor that examples share
    q3 = 36.0*c*(kappa*kappa)*lam/n  # a factor that examples share
    for i in range(examples):
        margin_i = load(f, 8 * (i))*load(y, 8 * (i))  # margin y_i f(x_i)
        l1_i = logistic_1(margin_i)  # first derivative of the loss at the margin
        l2_i = logistic_2(margin_i)  # second derivative of the loss at the margin
        # squared norm of the output's gradient, constants taken out
        zeta_i = (
            load(gram, 8 * ((at_mu) * width + at_mu))*load(wz0, 8 * (i)) + load(G_xi_xi, 8 * (i))*load(wz1, 8 * (i))
        )
        w0_i = q1*(q0*l2_i*zeta_i + 1.0)*l1_i  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
        store(w0, 8 * (i), w0_i)
        w1_i = q2*(l1_i*l1_i)*load(y, 8 * (i))  # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
        store(w1, 8 * (i), w1_i)
        # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
        w3_i = q1*(q0*l2_i*zeta_i + 1.0)*l1_i*load(y, 8 * (i))
        store(w3, 8 * (i), w3_i)
        w4_i = q3*load(G_xi_xi, 8 * (i))*(l1_i*l1_i)  # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
        store(w4, 8 * (i), w4_i)
    empty(slots, 128)
    empty(slots, 192)
    empty(slots, 256)
    empty(slots, 320)
    for i in range(examples):
        gather(slots, 128, i, where(load(y, 8 * (i)) > 0.0, load(w1, 8 * (i)), 0.0))
        gather(slots, 192, i, where(load(y, 8 * (i)) > 0.0, 0.0, load(w1, 8 * (i))))
        gather(slots, 256, i, where(load(y, 8 * (i)) > 0.0, load(w0, 8 * (i)), 0.0))
        gather(slots, 320, i, where(load(y, 8 * (i)) > 0.0, 0.0, load(w0, 8 * (i))))
    w1_plus = gathered(slots, 128)
    w1_minus = gathered(slots, 192)
    w0_plus = gathered(slots, 256)
    w0_minus = gathered(slots, 320)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for i in range(examples):
            share0_xi = -(eta * j*load(w3, 8 * (i)))
            share1_xi = -(eta * load(w4, 8 * (i)))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, 8 * (at + at_xi + i))
                relu_xi = relu(a_xi)
                xi_i = fused((relu_xi*relu_xi*relu_xi), share1_xi, (relu_xi*relu_xi)*share0_xi)
                store(g, 8 * (at + at_xi + i), xi_i)
        share0_mu_plus = -(eta * w0_plus*j)
        share1_mu_plus = -(eta * w1_plus)
        share0_mu_minus = -(eta * w0_minus*j)
        share1_mu_minus = -(eta * w1_minus)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            fixed_mu = lanes(0.0)
            a_mu = load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_plus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused(share1_mu_plus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            a_mu = -load(z, 8 * (at + at_mu))
            relu_mu = relu(a_mu)
            fixed_mu = fused(share0_mu_minus, (relu_mu*relu_mu), fixed_mu)
            fixed_mu = fused(share1_mu_minus, (relu_mu*relu_mu*relu_mu), fixed_mu)
            store(g, 8 * (at + at_mu), fixed_mu)
    # every array is read last here
    return (
        z.size + gram.size + y.size + G_mu_xi.size + G_xi_xi.size + g.size + slots.size + f.size + wz0.size + wz1.size +
        w0.size + w1.size + w3.size + w4.size
    )


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def advance_abreast(z, b, gram, y, numbers, lam_until, start, steps, recorded, z_out, b_out, failed, first):
    """Eight runs, from the one at `first` on: see `run_all_abreast`."""
    count = min(8, z.shape[0] - first)
    examples = y.shape[1]
    filters = z.shape[2]
    directions = z.shape[3]
    width = directions  # of a row: nothing is padded
    rows = 2 * filters
    n = float(examples)
    at_xi = 0
    at_mu = at_xi + examples
    order = np.zeros(directions, dtype=np.int64)
    at = 0
    for i in range(1):
        order[at + i] = at_mu + i
    at += 1
    for i in range(examples):
        order[at + i] = at_xi + i
    at += examples
    one = aligned(rows * width)
    one_gram = aligned(directions * width)
    packed_z = aligned(8 * rows * width)
    packed_b = aligned(8 * rows * width)
    packed_gram = aligned(8 * directions * width)
    packed_y = aligned(8 * examples)
    own_G_mu_xi = aligned(examples)
    own_G_xi_xi = aligned(examples)
    G_mu_xi = aligned(8 * examples)
    G_xi_xi = aligned(8 * examples)
    held = aligned(8 * numbers.shape[1])
    joint = 0
    crossed = False
    for k in range(8):
        run = min(first + k, z.shape[0] - 1)
        failed[run] = -1
        pack(z[run], order, width, one)
        interleave(one, k, packed_z)
        pack(b[run], order, width, one)
        interleave(one, k, packed_b)
        pack_gram(gram[run], order, width, one_gram)
        interleave(one_gram, k, packed_gram)
        joint = max(joint, entangled(one_gram, width, directions))
        interleave(y[run], k, packed_y)
        interleave(numbers[run], k, held)
        example_gram(one_gram, examples, width, own_G_mu_xi, own_G_xi_xi)
        interleave(own_G_mu_xi, k, G_mu_xi)
        interleave(own_G_xi_xi, k, G_xi_xi)
        crossed = crossed or some(own_G_mu_xi)
    kappa = load(held, 0)
    c = load(held, 8)
    lam = load(held, 16)
    eta = load(held, 24)
    f = aligned(8 * examples)  # network output
    wz0 = aligned(8 * examples)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**4
    wz1 = aligned(8 * examples)  # sum over neurons of ReLU(<w_{j,r}, xi_i>)**4
    w0 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    w1 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, y_i mu>)**3 in the gradient along mu
    w3 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    w4 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, xi_i>)**3 in the gradient along xi
    wz2 = aligned(8 * examples)  # sum over neurons of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>)**2
    w2 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, y_i mu>)*ReLU(<w_{j,r}, xi_i>)**2 in the gradient along mu
    w5 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*ReLU(<w_{j,r}, xi_i>) in the gradient along xi
    v0 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, y_i mu>)**2*j in the gradient along mu
    v1 = aligned(8 * examples)  # weight of ReLU(<w_{j,r}, xi_i>)**2*j in the gradient along xi
    g = aligned(packed_z.size)  # the gradient in z
    moving = np.zeros(directions + 1, dtype=np.int64)
    slots = aligned(448)  # partial sums over examples
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            for k in range(count):
                if failed[first + k] < 0:
                    of_lane(packed_z, k, one)
                    unpack(one, order, width, z_out[first + k, at])
                    of_lane(packed_b, k, one)
                    unpack(one, order, width, b_out[first + k, at])
            at += 1
        if t == start + steps:
            break
        if t <= lam_until and not crossed:
            gradient_orthogonal_abreast(
                packed_z,
                packed_gram, packed_y, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g, slots,
                f, wz0, wz1, w0, w1, w3, w4,
            )
        elif t <= lam_until:
            gradient_abreast(
                packed_z,
                packed_gram, packed_y, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g, slots,
                f, wz0, wz1, wz2, w0, w1, w2, w3, w4, w5,
            )
        else:
            plain_gradient_abreast(
                packed_z,
                packed_gram, packed_y, G_mu_xi, G_xi_xi,
                n, examples, filters, width, directions,
                kappa, c, lam, eta,
                g, slots,
                f, v0, v1,
            )
        if not finite_abreast(f):
            going = False
            for k in range(count):
                if failed[first + k] < 0 and not finite_in_lane(f, k):
                    failed[first + k] = t
                going = going or failed[first + k] < 0
            if not going:
                break
        follow(packed_b, g)
        couple_abreast(packed_z, g, packed_gram, moving, rows, width, joint, directions)


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1], int64, "
    "int64, int64, int64[::1], float64[:, :, :, :, ::1], float64[:, :, :, :, ::1], int64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run_all_abreast(z, b, gram, y, numbers, lam_until, start, steps, recorded, z_out, b_out, failed):
    """As `run_all` of runs that look for no event, eight at a time, a lane each.

    All have the same last step with the penalty; z and b stay as they are.
    """
    for first in range(0, z.shape[0], 8):
        advance_abreast(z, b, gram, y, numbers, lam_until, start, steps, recorded, z_out, b_out, failed, first)


@njit(cache=True, fastmath=False, error_model="numpy")
def is_alone(fixed, mix):
    """Whether there is one part, which is one fresh vector."""
    if fixed.shape[0] != 1 or mix.shape[1] != 1 or mix[0, 0] != 1.0:
        return False
    for s in range(fixed.shape[1]):
        if fixed[0, s] != 0.0:
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def move_along(leads, along, place, count, neurons, width, vectors, moved):
    """moved (F, S, 32) = vectors moved by leads (F, 2, width) times what is along them."""
    for q in range(count):
        for s in range(0, neurons - 1, 2):
            at = (q * neurons + s) * 32
            x0_0 = load(vectors, at + 0)
            x0_1 = load(vectors, at + 8)
            x0_2 = load(vectors, at + 16)
            x0_3 = load(vectors, at + 24)
            x1_0 = load(vectors, at + 32)
            x1_1 = load(vectors, at + 40)
            x1_2 = load(vectors, at + 48)
            x1_3 = load(vectors, at + 56)
            for h in range(q * 2, (q + 1) * 2):
                t0 = load(along, place + h * 32 + 0)
                t1 = load(along, place + h * 32 + 8)
                t2 = load(along, place + h * 32 + 16)
                t3 = load(along, place + h * 32 + 24)
                lead = spread(leads, h * width + s + 0)
                x0_0 = fused(lead, t0, x0_0)
                x0_1 = fused(lead, t1, x0_1)
                x0_2 = fused(lead, t2, x0_2)
                x0_3 = fused(lead, t3, x0_3)
                lead = spread(leads, h * width + s + 1)
                x1_0 = fused(lead, t0, x1_0)
                x1_1 = fused(lead, t1, x1_1)
                x1_2 = fused(lead, t2, x1_2)
                x1_3 = fused(lead, t3, x1_3)
            store(moved, at + 0, x0_0)
            store(moved, at + 8, x0_1)
            store(moved, at + 16, x0_2)
            store(moved, at + 24, x0_3)
            store(moved, at + 32, x1_0)
            store(moved, at + 40, x1_1)
            store(moved, at + 48, x1_2)
            store(moved, at + 56, x1_3)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def one_part(leads, along, place, filters, width, vectors, kappa, c, lam, parts):
    """parts (32,): the network on the one fresh vector, of 32 groups in one stratum."""
    t0_0 = load(along, place + 0)
    t0_1 = load(along, place + 8)
    t0_2 = load(along, place + 16)
    t0_3 = load(along, place + 24)
    t1_0 = load(along, place + 32)
    t1_1 = load(along, place + 40)
    t1_2 = load(along, place + 48)
    t1_3 = load(along, place + 56)
    part_0 = lanes(0.0)
    part_1 = lanes(0.0)
    part_2 = lanes(0.0)
    part_3 = lanes(0.0)
    for h in range(2):
        j = 1.0 - 2.0 * h
        for r in range(filters):
            s = h * filters + r
            lead0 = spread(leads, 0 * width + s)
            lead1 = spread(leads, 1 * width + s)
            x = load(vectors, s * 32 + 0)
            x = fused(lead0, t0_0, x)
            x = fused(lead1, t1_0, x)
            a_mu = x
            relu_mu = relu(a_mu)
            part_0 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_0)
            x = load(vectors, s * 32 + 8)
            x = fused(lead0, t0_1, x)
            x = fused(lead1, t1_1, x)
            a_mu = x
            relu_mu = relu(a_mu)
            part_1 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_1)
            x = load(vectors, s * 32 + 16)
            x = fused(lead0, t0_2, x)
            x = fused(lead1, t1_2, x)
            a_mu = x
            relu_mu = relu(a_mu)
            part_2 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_2)
            x = load(vectors, s * 32 + 24)
            x = fused(lead0, t0_3, x)
            x = fused(lead1, t1_3, x)
            a_mu = x
            relu_mu = relu(a_mu)
            part_3 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_3)
    store(parts, 0, part_0 * kappa)
    store(parts, 8, part_1 * kappa)
    store(parts, 16, part_2 * kappa)
    store(parts, 24, part_3 * kappa)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def every_part(fixed, mix, filters, moved, kappa, c, lam, parts):
    """parts (P, 32): the network on patch p, fixed[p] + sum_q mix[p, q] moved[q], of as many groups."""
    for p in range(fixed.shape[0]):
        part_0 = lanes(0.0)
        part_1 = lanes(0.0)
        part_2 = lanes(0.0)
        part_3 = lanes(0.0)
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(filters):
                s = h * filters + r
                a_mu_0 = lanes(fixed[p, s])
                a_mu_1 = lanes(fixed[p, s])
                a_mu_2 = lanes(fixed[p, s])
                a_mu_3 = lanes(fixed[p, s])
                for q in range(mix.shape[1]):
                    at = (q * fixed.shape[1] + s) * 32
                    weight = lanes(mix[p, q])
                    a_mu_0 = a_mu_0 + weight * load(moved, at + 0)
                    a_mu_1 = a_mu_1 + weight * load(moved, at + 8)
                    a_mu_2 = a_mu_2 + weight * load(moved, at + 16)
                    a_mu_3 = a_mu_3 + weight * load(moved, at + 24)
                a_mu = a_mu_0
                relu_mu = relu(a_mu)
                part_0 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_0)
                a_mu = a_mu_1
                relu_mu = relu(a_mu)
                part_1 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_1)
                a_mu = a_mu_2
                relu_mu = relu(a_mu)
                part_2 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_2)
                a_mu = a_mu_3
                relu_mu = relu(a_mu)
                part_3 = fused((relu_mu*relu_mu*relu_mu), lanes(j), part_3)
        store(parts, 32 * p + 0, part_0 * kappa)
        store(parts, 32 * p + 8, part_1 * kappa)
        store(parts, 32 * p + 16, part_2 * kappa)
        store(parts, 32 * p + 24, part_3 * kappa)


@njit(
    "void(float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1], int64, int64, int64, float64, float64, float64, boolean, float64[::1], "
    "float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def judge(
    base, of, fixed, mix, roots, leads, labels, shares, normals, along, strata, begin, end,
    kappa, c, lam,
    with_losses, errors, losses,
):
    """errors and losses (M,) of groups begin, ..., end - 1 of fresh examples: means over labels and strata.

    A label's output is its base and the parts that `of` gives it: of part p, the network on the patch with
    pre-activations fixed[p] + sum_q mix[p, q] g_q.  g_q is roots[q] times the group's normals and leads[q],
    as `led` fills them, times what is along the heads.
    begin and end are multiples of 32; losses are filled where with_losses.
    """
    neurons = fixed.shape[1]
    filters = neurons // 2
    vectors_of = mix.shape[1]
    parts = aligned(fixed.shape[0] * 32)
    vectors = aligned(vectors_of * neurons * 32)
    moved = aligned(vectors_of * neurons * 32)
    width = (neurons + 7) // 8 * 8
    alone, share = is_alone(fixed, mix), 1.0 / strata
    for first in range(begin, end, 32):
        colour(roots, normals, first, vectors_of, neurons, width, vectors)
        error_0 = lanes(0.0)
        error_1 = lanes(0.0)
        error_2 = lanes(0.0)
        error_3 = lanes(0.0)
        cost_0 = lanes(0.0)
        cost_1 = lanes(0.0)
        cost_2 = lanes(0.0)
        cost_3 = lanes(0.0)
        for stratum in range(strata):
            place = (first * strata + stratum * 32) * vectors_of * 2
            if alone:
                one_part(leads, along, place, filters, width, vectors, kappa, c, lam, parts)
            else:
                move_along(leads, along, place, vectors_of, neurons, width, vectors, moved)
                every_part(fixed, mix, filters, moved, kappa, c, lam, parts)
            for k in range(labels.size):
                if shares[k] > 0.0:
                    score_0 = lanes(base[k])
                    score_1 = lanes(base[k])
                    score_2 = lanes(base[k])
                    score_3 = lanes(base[k])
                    for p in range(fixed.shape[0]):
                        if of[k, p] != 0.0:
                            score_0 = score_0 + load(parts, 32 * p + 0)
                            score_1 = score_1 + load(parts, 32 * p + 8)
                            score_2 = score_2 + load(parts, 32 * p + 16)
                            score_3 = score_3 + load(parts, 32 * p + 24)
                    margin_i = score_0 * labels[k]
                    half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)
                    error_0 = error_0 + where(margin_i < 0.0, shares[k], half)
                    if with_losses:
                        cost_0 = cost_0 + shares[k] * logistic_0(margin_i)
                    margin_i = score_1 * labels[k]
                    half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)
                    error_1 = error_1 + where(margin_i < 0.0, shares[k], half)
                    if with_losses:
                        cost_1 = cost_1 + shares[k] * logistic_0(margin_i)
                    margin_i = score_2 * labels[k]
                    half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)
                    error_2 = error_2 + where(margin_i < 0.0, shares[k], half)
                    if with_losses:
                        cost_2 = cost_2 + shares[k] * logistic_0(margin_i)
                    margin_i = score_3 * labels[k]
                    half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)
                    error_3 = error_3 + where(margin_i < 0.0, shares[k], half)
                    if with_losses:
                        cost_3 = cost_3 + shares[k] * logistic_0(margin_i)
        store(errors, first + 0, error_0 * share)
        store(losses, first + 0, cost_0 * share)
        store(errors, first + 8, error_1 * share)
        store(losses, first + 8, cost_1 * share)
        store(errors, first + 16, error_2 * share)
        store(losses, first + 16, cost_2 * share)
        store(errors, first + 24, error_3 * share)
        store(losses, first + 24, cost_3 * share)


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, :, :, ::1], float64[::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64[::1], float64[:, ::1], boolean, "
    "float64[:, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def judge_all(
    base, of, fixed, mix, covariance, labels, shares, normals, along, strata, drawn,
    numbers, with_losses, out,
):
    """out (R, 2, 2): test error and test loss, each with its standard error, of the states of R runs.

    Run k has the normals of row drawn[k]; numbers (R, ...) are its scalars.  Where a vector's covariance (S, S)
    is near singular beyond what the heads lead, out is NaN.
    """
    vectors_of, neurons, runs = mix.shape[1], covariance.shape[2], base.shape[0]
    count, heads = normals.shape[1] // (vectors_of * neurons), 2 if strata > 1 else 0
    width = (neurons + 7) // 8 * 8
    scratch = aligned(2 * width)
    settled, leads = np.ones(8, np.bool_), np.zeros((8, vectors_of * 2 * width))
    roots = np.zeros((8, vectors_of * neurons * width))
    errors = np.zeros((8, count))
    losses = np.zeros((8, count))
    for lead in range(0, runs, 8):
        for k in range(lead, min(lead + 8, runs)):
            settled[k - lead] = True
            for q in range(vectors_of):
                settled[k - lead] &= led(covariance[k, q], heads, width, q, scratch, leads[k - lead], roots[k - lead])
        for first in range(0, count, 512):
            for k in range(lead, min(lead + 8, runs)):
                if not settled[k - lead]:
                    continue
                judge(
                    base[k], of, fixed[k], mix, roots[k - lead], leads[k - lead], labels, shares[k], normals[drawn[k]],
                    along[drawn[k]], strata, first, min(first + 512, count),
                    numbers[k, 0], numbers[k, 1], numbers[k, 2],
                    with_losses, errors[k - lead], losses[k - lead],
                )
        for k in range(lead, min(lead + 8, runs)):
            if not settled[k - lead]:
                out[k] = np.nan
                continue
            mean_and_error(errors[k - lead], count, out[k, 0])
            if with_losses:
                mean_and_error(losses[k - lead], count, out[k, 1])
