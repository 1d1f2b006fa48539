"""Inner products of many small draws and weights, compiled: a run's vectors stay in the cache from their lengths on.

A library's product of matrices this small is mostly the call, and what stands between two products is a pass over
memory.  Every sum here is over its terms in order, one fused operation each, whatever block or run an entry lies in.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg, var-annotated, operator, assignment"
# Compiled functions take what their signatures say.

from __future__ import annotations

from typing import Any

import numpy as np

from dynamics.lanes.compiled import WIDTH, aligned, entry, fused, lanes, load, spread, store
from dynamics.lazily import njit

LARGEST = 128  # vectors or filters up to which these are the quicker way
_OPTIONS: dict[str, Any] = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True}
_INSIDE: dict[str, Any] = {"fastmath": False, "error_model": "numpy"}
_THREE, _ONE, _WHICH = "float64[:, :, ::1]", "float64[::1]", "int64[::1]"


@njit(**_INSIDE)
def padded(count):
    """Numbers in lines of eight that hold so many."""
    return WIDTH * ((count + WIDTH - 1) // WIDTH)


@njit(**_INSIDE)
def times(left, at, stride, rows, upto, right, width, out):
    """out[s width + q] = sum_c left[at + s stride + c] right[c width + q], rows s; c < upto of q's eight."""
    block = WIDTH if rows >= WIDTH else 1
    for begun in range(0, rows, block):
        first = min(begun, rows - block)  # the last block goes over rows that the one before it has
        i = at + first * stride
        for q in range(0, width, WIDTH):
            o, terms = first * width + q, upto[q // WIDTH]
            if block == 1:
                s = lanes(0.0)
                for c in range(terms):
                    s = fused(spread(left, i + c), load(right, c * width + q), s)
                store(out, o, s)
            else:
                s0, s1, s2, s3 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
                s4, s5, s6, s7 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
                for c in range(terms):
                    x = load(right, c * width + q)
                    s0 = fused(spread(left, i + c), x, s0)
                    s1 = fused(spread(left, i + stride + c), x, s1)
                    s2 = fused(spread(left, i + 2 * stride + c), x, s2)
                    s3 = fused(spread(left, i + 3 * stride + c), x, s3)
                    s4 = fused(spread(left, i + 4 * stride + c), x, s4)
                    s5 = fused(spread(left, i + 5 * stride + c), x, s5)
                    s6 = fused(spread(left, i + 6 * stride + c), x, s6)
                    s7 = fused(spread(left, i + 7 * stride + c), x, s7)
                store(out, o, s0)
                store(out, o + width, s1)
                store(out, o + 2 * width, s2)
                store(out, o + 3 * width, s3)
                store(out, o + 4 * width, s4)
                store(out, o + 5 * width, s5)
                store(out, o + 6 * width, s6)
                store(out, o + 7 * width, s7)


@njit(**_INSIDE)
def unpadded(room, rows, columns, factor, out, at):
    """out[at + s columns + q] = factor room[s width + q] of rows that are `padded` wide."""
    width, end = padded(columns), rows * columns
    for s in range(rows):
        for q in range(0, columns, WIDTH):
            to = s * columns + q
            if to + WIDTH <= end:  # what is written past a row's end is the next one's, and written again
                store(out, at + to, factor * load(room, s * width + q))
            else:
                for k in range(min(WIDTH, columns - q)):
                    out[at + to + k] = factor * entry(room, s * width + q + k)


@njit(**_INSIDE)
def both_ways(noise, at, drawn, columns, fixed, rows, turned):
    """Standard noise (drawn, columns) at noise[at:] as rows of vectors, and as columns, both in lines of eight.

    Vector b = fixed + i is rows[b padded(terms):] with as many terms as turned has rows; turned[c width + b].
    """
    width = padded(fixed + drawn)
    terms = turned.size // width
    wide = padded(terms)
    for i in range(drawn):
        b = fixed + i
        for c in range(min(b + 1, terms)):  # a vector has no component along those that come after it
            x = entry(noise, at + i * columns + c)
            rows[b * wide + c] = x
            turned[c * width + b] = x


@njit(f"void({_THREE}, {_WHICH}, {_THREE}, {_WHICH}, {_THREE}, {_THREE}, float64[:, ::1], {_ONE}, {_THREE}, {_THREE})",
      **_OPTIONS)
def reduced(noise, noise_of, filters, filters_of, root, along, std, deviation, z, gram):
    """z (R, S, B) and gram (R, B, B) of R draws, vectors of `chance.gram.placed` and filters.

    noise (U, n, C) and filters (V, S, C) are standard, and run r has those at noise_of[r] and filters_of[r]; root
    (R, f, f), along (R, n, f), std (R, n), deviation (R,).
    """
    runs, fixed = root.shape[:2]
    drawn, columns = noise.shape[1:]
    count, columns_of_filters = filters.shape[1:]
    rows = fixed + drawn
    terms = min(rows, columns)
    width, wide = padded(rows), padded(terms)
    standard, vectors = aligned(rows * wide), aligned(rows * wide)
    standard_turned, turned = aligned(terms * width), aligned(terms * width)
    lengths, room = aligned(width), aligned(max(rows, count) * width)
    upto = np.empty(width // WIDTH, dtype=np.int64)
    for k in range(upto.size):
        upto[k] = min(terms, WIDTH * (k + 1))  # those of eight vectors have no component along later ones
    flat_noise, weights = noise.reshape(-1), filters.reshape(-1)
    flat_z, flat_gram = z.reshape(-1), gram.reshape(-1)
    for r in range(runs):
        if r == 0 or noise_of[r] != noise_of[r - 1]:
            both_ways(flat_noise, noise_of[r] * drawn * columns, drawn, columns, fixed, standard, standard_turned)
        for i in range(drawn):
            lengths[fixed + i] = std[r, i]
        for b in range(fixed, rows):
            length = spread(lengths, b)
            for q in range(0, wide, WIDTH):
                store(vectors, b * wide + q, length * load(standard, b * wide + q))
        for q in range(0, width, WIDTH):
            length = load(lengths, q)
            for c in range(terms):
                store(turned, c * width + q, length * load(standard_turned, c * width + q))
        for c in range(fixed):
            for b in range(fixed):
                vectors[b * wide + c] = root[r, b, c]
                turned[c * width + b] = root[r, b, c]
            for i in range(drawn):
                b = fixed + i
                x = along[r, i, c] * standard[b * wide + c] * lengths[b] if along[r, i, c] != 0.0 else 0.0
                vectors[b * wide + c] = x
                turned[c * width + b] = x
        times(vectors, 0, wide, rows, upto, turned, width, room)
        unpadded(room, rows, rows, 1.0, flat_gram, r * rows * rows)
        at = filters_of[r] * count * columns_of_filters
        times(weights, at, columns_of_filters, count, upto, turned, width, room)
        unpadded(room, count, rows, deviation[r], flat_z, r * count * rows)


@njit(**_INSIDE)
def components(gram, of_gram, z, of_z, off, across, along):
    """Components along direction `off`'s unit vector, of the B directions `across` and the S filters `along`.

    Returns one over what the unit vector's own square is, 0 of a vector that is 0.
    """
    square = entry(gram, of_gram + off * (across.size + 1))
    unit = 1.0 / np.sqrt(square) if square > 0.0 else 0.0  # so that nothing is outside the range
    for q in range(across.size):
        across[q] = entry(gram, of_gram + q * across.size + off) * unit
    for s in range(along.size):
        along[s] = entry(z, of_z + s * across.size + off) * unit
    return 1.0 / (square * unit * unit) if square > 0.0 else 0.0


@njit(**_INSIDE)
def less(values, at, rows, columns, by, factor, of, out):
    """out[c width + q] = values[at + c columns + q] - by[c] factor of[q], of rows that are `padded` wide."""
    width = padded(columns)
    for c in range(rows):
        share = factor * entry(by, c)
        for q in range(0, width, WIDTH):
            row = load(values, at + c * columns + q)
            if share != 0.0:
                row = fused(lanes(-share), load(of, q), row)
            store(out, c * width + q, row)


@njit(f"void({_THREE}, {_THREE}, {_THREE}, {_WHICH}, {_THREE}, {_WHICH}, int64, {_ONE}, {_ONE}, {_THREE})", **_OPTIONS)
def weight_grams(b, gram, z, start_of, weight_gram, weights_of, off, left, factor, out):
    """out (R, S, S) = factor W P W^T with W = left W(0) + b V of R runs; see `geometry.distances.projected_gram`.

    b (R, S, B), left and factor (R,).  Run r has gram (U, B, B) and z = W(0) V^T (U, S, B) at start_of[r] and
    W(0) W(0)^T = weight_gram (V, S, S) at weights_of[r].  P projects off direction `off`; none if it is -1.
    """
    runs, count, rows = b.shape
    width, wide = padded(rows), padded(count)
    right, still = aligned(rows * max(width, wide)), aligned(count * width)
    inner, half = aligned(count * width), aligned(count * wide)
    along, lines = aligned(count), aligned(width)
    across, upto = lines[:rows], np.full(max(width, wide) // WIDTH, rows)
    flat_b, flat_out = b.reshape(-1), out.reshape(-1)
    flat_z, flat_gram = followed(z), followed(gram)
    inverse = 0.0
    for r in range(runs):
        of_b, of_z, of_gram = r * count * rows, start_of[r] * count * rows, start_of[r] * rows * rows
        if off >= 0:
            inverse = components(flat_gram, of_gram, flat_z, of_z, off, across, along)
        less(flat_gram, of_gram, rows, rows, lines, inverse, lines, right)
        less(flat_z, of_z, count, rows, along, inverse, lines, still)
        if off >= 0:
            for q in range(rows):
                right[q * width + off] = 0.0
                right[off * width + q] = 0.0
            for s in range(count):
                still[s * width + off] = 0.0
        times(flat_b, of_b, rows, count, upto, right, width, inner)
        for i in range(0, count * width, WIDTH):
            store(inner, i, 0.5 * load(inner, i) + left[r] * load(still, i))  # half of b G b^T goes to each side
        for s in range(wide):
            for c in range(rows):
                right[c * wide + s] = entry(flat_b, of_b + s * rows + c) if s < count else 0.0
        times(inner, 0, width, count, upto, right, wide, half)
        own = weight_gram[weights_of[r]]
        for s in range(count):
            for q in range(s + 1):
                start = left[r] * left[r] * (own[s, q] - along[s] * along[q] * inverse)
                found = factor[r] * (half[s * wide + q] + half[q * wide + s] + start)
                flat_out[(r * count + s) * count + q] = found
                flat_out[(r * count + q) * count + s] = found


@njit(**_INSIDE)
def followed(values):
    """The values (U, ..., ...) flat, with a line of zeros behind them, which reads in lines of eight run into."""
    flat, out = values.reshape(-1), np.zeros(values.size + WIDTH)
    out[: flat.size] = flat
    return out
