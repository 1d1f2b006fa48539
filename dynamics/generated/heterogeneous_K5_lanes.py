"""heterogeneous: gradient descent, eight examples at a time, through the Gram matrix (generated; do not edit).

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

Generator 1, from the declaration by `python -m derivations.generate`.
"""

# ruff: noqa
# mypy: ignore-errors
from math import sqrt

import numpy as np
from dynamics.lazily import njit

from dynamics.lanes.compiled import (
    aligned, bits_of, entry, every, fused, fused_half, fused_one, lanes, least, load, load_half, low, lowest, nonzero,
    ones, spread, store, store_half, total, where,
)
from dynamics.lanes.functions import exponential_0, logarithm, logistic_0, relu, step


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
def finite(f, present):
    """Whether the output of every example that is present, 1 there, is a finite number."""
    for head in range(0, f.size, present.size):
        for i in range(0, present.size, 8):
            if not every(abs(where(load(present, i) > 0.0, load(f, head + i), 0.0)) < np.inf):
                return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def led(covariance, heads, width, place, scratch, leads, roots):
    """What of a covariance (S, S) moves with the heads, and a root of the rest; False if near singular.

    leads (F, 5, width) and roots (F, S, width) are filled at vector `place`, 0 past S; scratch (2 width,).
    """
    neurons = covariance.shape[0]
    filters = neurons // 5
    root = place * neurons * width
    for s in range(neurons):
        scratch[width + s] = covariance[s, s]
        for k in range(neurons):
            roots[root + s * width + k] = covariance[s, k]
    for h in range(heads):
        lead, first = (place * 5 + h) * width, h * filters
        for at in range(0, width, 8):
            summed = lanes(0.0)
            for s in range(first, first + filters):
                summed = summed + load(roots, root + s * width + at)
            store(leads, lead + at, summed)
        for other in range(place * 5 * width, lead, width):
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
        lead = (place * 5 + h) * width
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
        for s in range(0, neurons - 1, 2):
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
        for s in range(neurons // 2 * 2, neurons):
            x0_0 = lanes(0.0)
            x0_1 = lanes(0.0)
            x0_2 = lanes(0.0)
            x0_3 = lanes(0.0)
            for k in range(s + 1):
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
            store(vectors, (q * neurons + s + 0) * 32 + 0, x0_0)
            store(vectors, (q * neurons + s + 0) * 32 + 8, x0_1)
            store(vectors, (q * neurons + s + 0) * 32 + 16, x0_2)
            store(vectors, (q * neurons + s + 0) * 32 + 24, x0_3)


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
def plain_gradient(
    z,
    gram, y, live,
    n, examples, filters, width, directions,
    kappa, eta,
    g,
    F, e, v0, F_by_class, v0_by_class,
):
    """g = -eta dL_S/dz, without penalty."""
    length = y.size
    at_xi = 0
    at_u = at_xi + examples
    for h in range(5):
        at_head = h * length
        F_by_class[:] = 0.0
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            for q in range(5):
                a_u = entry(z, at + at_u + q)  # pre-activation of the patch u
                relu_u = relu(a_u)
                F_by_class[q] += relu_u
        for i in range(0, length, 8):
            F_i = lanes(0.0)
            head0_i = lanes(0.0)
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)  # pre-activation of the patch xi
                relu_xi = relu(a_xi)
                head0_i = head0_i + relu_xi
            F_i = F_i + head0_i
            for q in range(5):
                F_i = where(load(y, i) == float(q), F_i + F_by_class[q], F_i)
            store(F, at_head + i, F_i * (kappa))
    for i in range(0, length, 8):
        top, whole, others = load(F, i), lanes(0.0), lanes(0.0)
        for h in range(1, 5):
            score = load(F, h * length + i)
            top = where(score > top, score, top)
        for h in range(5):
            share = exponential_0(top - load(F, h * length + i))
            whole = whole + share
            store(e, h * length + i, share)
        for h in range(5):
            share = load(e, h * length + i) / whole
            others = others + where(load(y, i) == float(h), 0.0, share)
            store(e, h * length + i, share)
        for h in range(5):
            share = load(e, h * length + i)
            store(e, h * length + i, where(load(y, i) == float(h), -others, share))
    q0 = kappa/n  # a factor that examples share
    for h in range(5):
        at_head = h * length
        for i in range(0, length, 8):
            # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
            v0_i = where(load(live, i) > 0.0, q0*load(e, at_head + i), 0.0)
            store(v0, at_head + i, v0_i)
    for h in range(5):
        at_head = h * length
        for q in range(5):
            summed = lanes(0.0)
            for i in range(0, length, 8):
                own = load(y, i) == float(q)
                summed = summed + where(own, load(v0, at_head + i), 0.0)
            v0_by_class[q] = total(summed)
        for i in range(0, length, 8):
            share0_xi = -(eta * load(v0, at_head + i))
            at = (h * filters - 1) * width
            for r in range(filters):
                at += width
                a_xi = load(z, at + at_xi + i)
                step_xi = step(a_xi)
                xi_i = step_xi*share0_xi
                store(g, at + at_xi + i, xi_i)
        at = (h * filters - 1) * width
        for r in range(filters):
            at += width
            for q in range(5):
                a_u = entry(z, at + at_u + q)
                step_u = step(a_u)
                along_u = step_u*v0_by_class[q]
                g[at + at_u + q] = -(eta * along_u)
    # every array is read last here
    return (
        z.size + gram.size + y.size + live.size + g.size + F.size + e.size + v0.size + F_by_class.size +
        v0_by_class.size
    )


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_loss(F, y, present, examples):
    """Training loss of the outputs."""
    losses = lanes(0.0)
    for i in range(0, y.size, 8):
        label = lanes(0.0)
        for h in range(5):
            label = where(load(y, i) == float(h), load(F, h * y.size + i), label)
        top, others = lanes(-np.inf), lanes(0.0)
        for h in range(5):
            gap = where(load(y, i) == float(h), -np.inf, load(F, h * y.size + i) - label)
            top = where(gap > top, gap, top)
        for h in range(5):
            gap = where(load(y, i) == float(h), -np.inf, load(F, h * y.size + i) - label)
            others = others + exponential_0(top - gap)
        losses = losses + where(load(present, i) > 0.0, logistic_0(-(top + logarithm(others))), 0.0)
    return total(losses) / examples


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_margins(F, y, present):
    """The least and the largest margin."""
    lowest, highest = lanes(np.inf), lanes(-np.inf)
    for i in range(0, y.size, 8):
        own, other = lanes(0.0), lanes(-np.inf)
        for h in range(5):
            mine = load(y, i) == float(h)
            own = where(mine, load(F, h * y.size + i), own)
            other = where(mine, other, where(load(F, h * y.size + i) > other, load(F, h * y.size + i), other))
        margin = own - other
        low, high = where(load(present, i) > 0.0, margin, np.inf), where(load(present, i) > 0.0, margin, -np.inf)
        lowest, highest = where(low < lowest, low, lowest), where(high > highest, high, highest)
    return least(lowest), -least(-highest)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def watch_gamma(b, gram, examples, filters, width):
    """The least and the largest entry of gamma."""
    at_xi = 0
    at_u = at_xi + examples
    low = np.inf
    high = -np.inf
    for h in range(5):
        for r in range(filters):
            for q in range(5):
                best = -np.inf
                at = (h * filters + r) * width
                length = entry(gram, (at_u + q) * width + (at_u + q))
                x = entry(b, at + at_u + q) * length
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
    at_u = at_xi + examples
    low = np.inf
    high = -np.inf
    for h in range(5):
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
    "int64(float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64[::1], float64, float64, int64, int64, "
    "int64, int64[::1], float64[:, :, :, ::1], float64[:, :, :, ::1], int64[::1], boolean[::1], boolean[::1], "
    "float64[::1], int64[::1], int64)",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def run(
    z, b,
    gram, y,
    kappa, eta, lam_until,
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
    at_u = at_xi + examples
    order = np.zeros(directions, dtype=np.int64)
    at = 0
    for i in range(5):
        order[at + i] = at_u + i
    at += 5
    for i in range(examples):
        order[at + i] = at_xi + i
    at += examples
    packed_z = aligned(5 * filters * width)
    pack(z, order, width, packed_z)
    packed_b = aligned(5 * filters * width)
    pack(b, order, width, packed_b)
    packed_gram = aligned(directions * width)
    pack_gram(gram, order, width, packed_gram)
    joint = entangled(packed_gram, width, directions)
    packed_y = aligned(length)
    pad(y, packed_y)
    present = aligned(length)  # 1 for an example, 0 for padding
    present[:examples] = 1.0
    live = present  # 1 for the examples that a step sees
    low = np.zeros(4)
    high = np.zeros(4)
    sought = np.zeros(4, dtype=np.bool_)
    watching = seek(which, hits, sought)
    length_xi = aligned(length)
    for i in range(examples):
        length_xi[i] = packed_gram[(at_xi + i) * width + at_xi + i]
    F = aligned(5 * length)  # output of a head
    e = aligned(5 * length)  # p_k - 1{k = y_i}
    v0 = aligned(5 * length)  # weight of 1{<w_{k,r}, u_{y_i}> > 0} in the gradient along u
    F_by_class = np.zeros(5)  # F of each class
    v0_by_class = np.zeros(5)  # v0 of each class
    g = aligned(packed_z.size)  # the gradient in z
    marks = np.zeros(5 * filters * ((width + 55) // 56), dtype=np.int64)
    at = 0
    for t in range(start, start + steps + 1):
        if at < recorded.size and recorded[at] == t:
            unpack(packed_z, order, width, z_out[at])
            unpack(packed_b, order, width, b_out[at])
            at += 1
        if t == start + steps and not watching:
            break
        plain_gradient(
            packed_z,
            packed_gram, packed_y, live,
            n, examples, filters, width, directions,
            kappa, eta,
            g,
            F, e, v0, F_by_class, v0_by_class,
        )
        if watching:
            if sought[0]:
                low[0] = watch_loss(F, packed_y, present, examples)
                high[0] = low[0]
            if sought[1]:
                low[1], high[1] = watch_margins(F, packed_y, present)
            if sought[2]:
                low[2], high[2] = watch_gamma(packed_b, packed_gram, examples, filters, width)
            if sought[3]:
                low[3], high[3] = watch_rho(packed_b, packed_y, present, length_xi, examples, filters, width)
            if reach(t, which, below, anywhere, bounds, low, high, hits):
                if met(stops, hits):
                    break
                watching = seek(which, hits, sought)
        if t == start + steps:
            break
        if not finite(F, present):
            unpack(packed_z, order, width, z)
            unpack(packed_b, order, width, b)
            return t
        follow_and_mark(packed_b, g, 5 * filters, width, joint, marks)
        couple(packed_z, g, packed_gram, marks, 5 * filters, width, joint, directions)
    unpack(packed_z, order, width, z)
    unpack(packed_b, order, width, b)
    return -1


@njit(
    "void(float64[:, :, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], int64[:, ::1], float64[:, ::1], "
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
            numbers[k, 0], numbers[k, 1], limits[k],
            start, steps, recorded, z_out[k], b_out[k],
            which, below, anywhere, bounds[k], hits[k], stops,
        )


@njit(cache=True, fastmath=False, error_model="numpy")
def move_along(leads, along, place, count, neurons, width, vectors, moved):
    """moved (F, S, 32) = vectors moved by leads (F, 5, width) times what is along them."""
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
            for h in range(q * 5, (q + 1) * 5):
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
        for s in range(neurons // 2 * 2, neurons):
            at = (q * neurons + s) * 32
            x0_0 = load(vectors, at + 0)
            x0_1 = load(vectors, at + 8)
            x0_2 = load(vectors, at + 16)
            x0_3 = load(vectors, at + 24)
            for h in range(q * 5, (q + 1) * 5):
                t0 = load(along, place + h * 32 + 0)
                t1 = load(along, place + h * 32 + 8)
                t2 = load(along, place + h * 32 + 16)
                t3 = load(along, place + h * 32 + 24)
                lead = spread(leads, h * width + s + 0)
                x0_0 = fused(lead, t0, x0_0)
                x0_1 = fused(lead, t1, x0_1)
                x0_2 = fused(lead, t2, x0_2)
                x0_3 = fused(lead, t3, x0_3)
            store(moved, at + 0, x0_0)
            store(moved, at + 8, x0_1)
            store(moved, at + 16, x0_2)
            store(moved, at + 24, x0_3)


@njit(cache=True, fastmath=False, error_model="numpy", nogil=True)
def every_part(fixed, mix, tilt, lines, filters, moved, spikes, place, kappa, parts):
    """parts (P, 5, 32): each head on patch p, fixed[p] + sum_q mix[p, q] moved[q] and its spikes."""
    for p in range(fixed.shape[0]):
        for h in range(5):
            part_0 = lanes(0.0)
            part_1 = lanes(0.0)
            part_2 = lanes(0.0)
            part_3 = lanes(0.0)
            for r in range(filters):
                s = h * filters + r
                a_u_0 = lanes(fixed[p, s])
                a_u_1 = lanes(fixed[p, s])
                a_u_2 = lanes(fixed[p, s])
                a_u_3 = lanes(fixed[p, s])
                for q in range(mix.shape[1]):
                    at = (q * fixed.shape[1] + s) * 32
                    weight = lanes(mix[p, q])
                    a_u_0 = fused(weight, load(moved, at + 0), a_u_0)
                    a_u_1 = fused(weight, load(moved, at + 8), a_u_1)
                    a_u_2 = fused(weight, load(moved, at + 16), a_u_2)
                    a_u_3 = fused(weight, load(moved, at + 24), a_u_3)
                for c in range(tilt.shape[1]):
                    at = place + c * 32
                    weight = lanes(tilt[p, c] * lines[c, s])
                    a_u_0 = fused(weight, load(spikes, at + 0), a_u_0)
                    a_u_1 = fused(weight, load(spikes, at + 8), a_u_1)
                    a_u_2 = fused(weight, load(spikes, at + 16), a_u_2)
                    a_u_3 = fused(weight, load(spikes, at + 24), a_u_3)
                a_u = a_u_0
                relu_u = relu(a_u)
                part_0 = part_0 + relu_u
                a_u = a_u_1
                relu_u = relu(a_u)
                part_1 = part_1 + relu_u
                a_u = a_u_2
                relu_u = relu(a_u)
                part_2 = part_2 + relu_u
                a_u = a_u_3
                relu_u = relu(a_u)
                part_3 = part_3 + relu_u
            store(parts, (p * 5 + h) * 32 + 0, part_0 * kappa)
            store(parts, (p * 5 + h) * 32 + 8, part_1 * kappa)
            store(parts, (p * 5 + h) * 32 + 16, part_2 * kappa)
            store(parts, (p * 5 + h) * 32 + 24, part_3 * kappa)


@njit(cache=True, fastmath=False, error_model="numpy", forceinline=True)
def cost_of(scores, v, own, label):
    """-log p of the label whose scores are `own`, without overflow or cancellation."""
    top, others = lanes(0.0), lanes(0.0)
    for h in range(5):
        gap = lanes(-np.inf) if float(h) == label else load(scores, h * 32 + v) - own
        store(scores, h * 32 + v, gap)
        top = where(gap > top, gap, top) if h > 0 else gap
    for h in range(5):
        others = others + exponential_0(top - load(scores, h * 32 + v))
    return logistic_0(-(top + logarithm(others)))


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], "
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], int64, int64, int64, "
    "float64, boolean, float64[::1], float64[::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def judge(
    base, of, fixed, mix, tilt, lines, roots, leads, labels, normals, along, spikes, strata, begin, end,
    kappa,
    with_losses, errors, losses,
):
    """errors (L M,) of each label and losses (M,) of groups begin, ..., end - 1: means over strata, and labels.

    A label's outputs are its base and the parts that `of` gives it: of part p, the network on the patch with
    pre-activations fixed[p] + sum_q mix[p, q] g_q + sum_c tilt[p, c] x_c lines[c].  g_q is roots[q] times the
    group's normals and leads[q], as `led` fills them, times what is along the heads; x_c are normals of spikes.
    begin and end are multiples of 32; losses are filled where with_losses.
    """
    neurons = fixed.shape[1]
    filters = neurons // 5
    vectors_of = mix.shape[1]
    parts = aligned(fixed.shape[0] * 160)
    vectors = aligned(vectors_of * neurons * 32)
    moved = aligned(vectors_of * neurons * 32)
    width = (neurons + 7) // 8 * 8
    held, many = np.zeros(of.shape, dtype=np.int64), np.zeros(labels.size, dtype=np.int64)
    for k in range(labels.size):
        for p in range(fixed.shape[0]):
            if of[k, p] != 0.0:
                held[k, many[k]] = p * 160
                many[k] += 1
    scores = aligned(160)
    count, share = losses.size, 1.0 / strata
    weight = share / 5.0
    for first in range(begin, end, 32):
        colour(roots, normals, first, vectors_of, neurons, width, vectors)
        for at in range(first, first + 32, 8):
            store(losses, at, lanes(0.0))
            for k in range(labels.size):
                store(errors, k * count + at, lanes(0.0))
        for stratum in range(strata):
            place = (first * strata + stratum * 32) * vectors_of * 5
            move_along(leads, along, place, vectors_of, neurons, width, vectors, moved)
            place = (first * strata + stratum * 32) * tilt.shape[1]
            every_part(fixed, mix, tilt, lines, filters, moved, spikes, place, kappa, parts)
            for k in range(labels.size):
                own_0 = lanes(0.0)
                own_1 = lanes(0.0)
                own_2 = lanes(0.0)
                own_3 = lanes(0.0)
                top_0 = lanes(0.0)
                top_1 = lanes(0.0)
                top_2 = lanes(0.0)
                top_3 = lanes(0.0)
                ties_0 = lanes(0.0)
                ties_1 = lanes(0.0)
                ties_2 = lanes(0.0)
                ties_3 = lanes(0.0)
                for h in range(5):
                    score_0 = lanes(base[k, h])
                    score_1 = lanes(base[k, h])
                    score_2 = lanes(base[k, h])
                    score_3 = lanes(base[k, h])
                    for p in range(many[k]):
                        at = held[k, p] + h * 32
                        score_0 = score_0 + load(parts, at + 0)
                        score_1 = score_1 + load(parts, at + 8)
                        score_2 = score_2 + load(parts, at + 16)
                        score_3 = score_3 + load(parts, at + 24)
                    store(scores, h * 32 + 0, score_0)
                    store(scores, h * 32 + 8, score_1)
                    store(scores, h * 32 + 16, score_2)
                    store(scores, h * 32 + 24, score_3)
                    if float(h) == labels[k]:
                        own_0 = score_0
                        own_1 = score_1
                        own_2 = score_2
                        own_3 = score_3
                    top_0 = where(score_0 > top_0, score_0, top_0) if h > 0 else score_0
                    top_1 = where(score_1 > top_1, score_1, top_1) if h > 0 else score_1
                    top_2 = where(score_2 > top_2, score_2, top_2) if h > 0 else score_2
                    top_3 = where(score_3 > top_3, score_3, top_3) if h > 0 else score_3
                for h in range(5):
                    ties_0 = ties_0 + where(load(scores, h * 32 + 0) == top_0, 1.0, 0.0)
                    ties_1 = ties_1 + where(load(scores, h * 32 + 8) == top_1, 1.0, 0.0)
                    ties_2 = ties_2 + where(load(scores, h * 32 + 16) == top_2, 1.0, 0.0)
                    ties_3 = ties_3 + where(load(scores, h * 32 + 24) == top_3, 1.0, 0.0)
                at = k * count + first
                wrong = 1.0 - where(own_0 == top_0, 1.0, 0.0) / ties_0
                store(errors, at + 0, load(errors, at + 0) + share * wrong)
                wrong = 1.0 - where(own_1 == top_1, 1.0, 0.0) / ties_1
                store(errors, at + 8, load(errors, at + 8) + share * wrong)
                wrong = 1.0 - where(own_2 == top_2, 1.0, 0.0) / ties_2
                store(errors, at + 16, load(errors, at + 16) + share * wrong)
                wrong = 1.0 - where(own_3 == top_3, 1.0, 0.0) / ties_3
                store(errors, at + 24, load(errors, at + 24) + share * wrong)
                if with_losses:
                    cost = cost_of(scores, 0, own_0, labels[k])
                    store(losses, first + 0, load(losses, first + 0) + weight * cost)
                    cost = cost_of(scores, 8, own_1, labels[k])
                    store(losses, first + 8, load(losses, first + 8) + weight * cost)
                    cost = cost_of(scores, 16, own_2, labels[k])
                    store(losses, first + 16, load(losses, first + 16) + weight * cost)
                    cost = cost_of(scores, 24, own_3, labels[k])
                    store(losses, first + 24, load(losses, first + 24) + weight * cost)


@njit(
    "void(float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], float64[:, :, :, ::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], "
    "int64, int64[::1], float64[:, ::1], boolean, float64[:, :, ::1])",
    cache=True, fastmath=False, error_model="numpy", nogil=True
)
def judge_all(
    base, of, fixed, mix, tilt, lines, covariance, labels, normals, along, spikes, strata, drawn,
    numbers, with_losses, out,
):
    """out (R, 2 + 5, 2): test error, test loss and class errors, each with its standard error, of R runs.

    Run k has the normals of row drawn[k]; numbers (R, ...) are its scalars.  Where a vector's covariance (S, S)
    is near singular beyond what the heads lead, out is NaN.
    """
    vectors_of, neurons, runs = mix.shape[1], covariance.shape[2], base.shape[0]
    count, heads = normals.shape[1] // (vectors_of * neurons), 5 if strata > 1 else 0
    width = (neurons + 7) // 8 * 8
    scratch = aligned(2 * width)
    settled, leads = np.ones(8, np.bool_), np.zeros((8, vectors_of * 5 * width))
    roots = np.zeros((8, vectors_of * neurons * width))
    errors = np.zeros((8, labels.size * count))
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
                    base[k], of, fixed[k], mix, tilt[k], lines[k], roots[k - lead], leads[k - lead], labels,
                    normals[drawn[k]], along[drawn[k]], spikes[drawn[k]], strata, first, min(first + 512, count),
                    numbers[k, 0],
                    with_losses, errors[k - lead], losses[k - lead],
                )
        for k in range(lead, min(lead + 8, runs)):
            if not settled[k - lead]:
                out[k] = np.nan
                continue
            for c in range(labels.size):
                mean_and_error(errors[k - lead, c * count : (c + 1) * count], count, out[k, 2 + c])
            for at in range(count):
                total_error = 0.0
                for c in range(labels.size):
                    total_error += errors[k - lead, c * count + at]
                errors[k - lead, at] = total_error / labels.size
            mean_and_error(errors[k - lead, :count], count, out[k, 0])
            if with_losses:
                mean_and_error(losses[k - lead], count, out[k, 1])
