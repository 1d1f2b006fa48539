"""Inner products of many small draws and weights, compiled: a run's vectors stay in the cache from their lengths on.

A library's product of matrices this small is mostly the call, and what stands between two products is a pass over
memory.  Every sum here is over its terms in order, one fused operation each, whatever block or run an entry lies in.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg, var-annotated, operator, assignment"
# Compiled functions take what their signatures say.

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from dynamics.arrays import Array, Steps
from dynamics.lanes import memory
from dynamics.lanes.compiled import WIDTH, entry, fused, lanes, load, spread, store
from dynamics.lazily import njit

LARGEST = 128  # vectors or filters up to which these are the quicker way
_OPTIONS: dict[str, Any] = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True}
_INSIDE: dict[str, Any] = {"fastmath": False, "error_model": "numpy"}
_KINDS = {"n": "float64[::1]", "w": "int64[::1]", "s": "int64"}


def _taking(kinds: str) -> str:
    """A signature: flat numbers, which rows, or a size, by their first letters."""
    return f"void({', '.join(_KINDS[kind] for kind in kinds)})"


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


@njit(_taking("nwnwnnnnnn" "sssss" "w" "nnnnnn"), **_OPTIONS)
def _reduced(
    noise, noise_of, filters, filters_of, root, along, std, deviation, z, gram, fixed, drawn, columns, count,
    columns_of_filters, upto, standard, vectors, standard_turned, turned, lengths, room,
):
    """`reduced` of flat arrays, with room to work in."""
    rows = fixed + drawn
    terms = min(rows, columns)
    width, wide = padded(rows), padded(terms)
    for r in range(noise_of.size):
        if r == 0 or noise_of[r] != noise_of[r - 1]:
            both_ways(noise, noise_of[r] * drawn * columns, drawn, columns, fixed, standard, standard_turned)
        for i in range(drawn):
            lengths[fixed + i] = entry(std, r * drawn + i)
        for b in range(fixed, rows):
            length = spread(lengths, b)
            for q in range(0, wide, WIDTH):
                store(vectors, b * wide + q, length * load(standard, b * wide + q))
        for q in range(0, width, WIDTH):
            line = load(lengths, q)
            for c in range(terms):
                store(turned, c * width + q, line * load(standard_turned, c * width + q))
        for c in range(fixed):
            for b in range(fixed):
                x = entry(root, (r * fixed + b) * fixed + c)
                vectors[b * wide + c] = x
                turned[c * width + b] = x
            for i in range(drawn):
                b = fixed + i
                share = entry(along, (r * drawn + i) * fixed + c)
                x = share * standard[b * wide + c] * lengths[b] if share != 0.0 else 0.0
                vectors[b * wide + c] = x
                turned[c * width + b] = x
        times(vectors, 0, wide, rows, upto, turned, width, room)
        unpadded(room, rows, rows, 1.0, gram, r * rows * rows)
        times(filters, filters_of[r] * count * columns_of_filters, columns_of_filters, count, upto, turned, width, room)
        unpadded(room, count, rows, entry(deviation, r), z, r * count * rows)


@njit(**_INSIDE)
def components(gram, of_gram, z, of_z, off, rows, across, along):
    """Components along direction `off`'s unit vector, of the B directions `across` and the S filters `along`.

    Returns one over what the unit vector's own square is, 0 of a vector that is 0.
    """
    square = entry(gram, of_gram + off * (rows + 1))
    unit = 1.0 / sqrt(square) if square > 0.0 else 0.0  # so that nothing is outside the range
    for q in range(rows):
        across[q] = entry(gram, of_gram + q * rows + off) * unit
    for s in range(along.size):
        along[s] = entry(z, of_z + s * rows + off) * unit
    return 1.0 / (square * unit * unit) if square > 0.0 else 0.0


@njit(**_INSIDE)
def less(values, at, rows, columns, by, factor, of, out):
    """out[c width + q] = values[at + c columns + q] - by[c] factor of[q], of rows that are `padded` wide."""
    width = padded(columns)
    for c in range(rows):
        share = factor * entry(by, c)
        for q in range(0, width, WIDTH):
            o, i = c * width + q, at + c * columns + q
            if i + WIDTH <= values.size:  # what is read past a row's end is the next one's, and not used
                store(out, o, load(values, i))
            else:
                for k in range(columns - q):
                    out[o + k] = entry(values, i + k)
            if share != 0.0:
                store(out, o, fused(lanes(-share), load(of, q), load(out, o)))


@njit(_taking("nnnwnwsnnn" "ss" "w" "nnnnnn"), **_OPTIONS)
def _weight_grams(
    b, gram, z, start_of, weight_gram, weights_of, off, left, factor, out, count, rows, upto, right, still, inner, half,
    along, across,
):
    """`weight_grams` of flat arrays, with room to work in."""
    width, wide = padded(rows), padded(count)
    inverse = 0.0
    for r in range(start_of.size):
        of_b, of_z, of_gram = r * count * rows, start_of[r] * count * rows, start_of[r] * rows * rows
        of_own, of_out = weights_of[r] * count * count, r * count * count
        share = entry(left, r)
        if off >= 0:
            inverse = components(gram, of_gram, z, of_z, off, rows, across, along)
        less(gram, of_gram, rows, rows, across, inverse, across, right)
        less(z, of_z, count, rows, along, inverse, across, still)
        if off >= 0:
            for q in range(rows):
                right[q * width + off] = 0.0
                right[off * width + q] = 0.0
            for s in range(count):
                still[s * width + off] = 0.0
        times(b, of_b, rows, count, upto, right, width, inner)
        for i in range(0, count * width, WIDTH):
            store(inner, i, 0.5 * load(inner, i) + share * load(still, i))  # half of b G b^T goes to each side
        for s in range(wide):
            for c in range(rows):
                right[c * wide + s] = entry(b, of_b + s * rows + c) if s < count else 0.0
        times(inner, 0, width, count, upto, right, wide, half)
        for s in range(count):
            for q in range(s + 1):
                own = entry(weight_gram, of_own + s * count + q) - along[s] * along[q] * inverse
                found = entry(factor, r) * (half[s * wide + q] + half[q * wide + s] + share * share * own)
                out[of_out + s * count + q] = found
                out[of_out + q * count + s] = found


def reduced(
    noise: Array, noise_of: Steps, filters: Array, filters_of: Steps, root: Array, along: Array, std: Array,
    deviation: Array,
) -> tuple[Array, Array]:
    """z (R, S, B) and gram (R, B, B) of R draws, vectors of `chance.gram.placed` and filters.

    noise (U, n, C) and filters (V, S, C') are standard, and run r has those at noise_of[r] and filters_of[r]; root
    (R, f, f), along (R, n, f), std (R, n), deviation (R,).
    """
    runs, fixed, drawn, count = len(root), root.shape[-1], noise.shape[1], filters.shape[1]
    rows, columns = fixed + drawn, noise.shape[2]
    terms = min(rows, columns)
    width, wide = _padded(rows), _padded(terms)
    z, gram = np.empty((runs, count, rows)), np.empty((runs, rows, rows))
    upto = np.minimum(terms, WIDTH * np.arange(1, width // WIDTH + 1))  # eight vectors have none along later ones
    room = [memory.aligned(size) for size in (rows * wide, rows * wide, terms * width, terms * width, width,
                                              max(rows, count) * width)]
    flat = [_flat(each) for each in (noise, filters, root, along, std, deviation)]
    _reduced(flat[0], noise_of, flat[1], filters_of, *flat[2:], z.reshape(-1), gram.reshape(-1), fixed, drawn, columns,
             count, filters.shape[2], upto, *room)
    return z, gram


def weight_grams(
    b: Array, gram: Array, z: Array, start_of: Steps, weight_gram: Array, weights_of: Steps, off: int, left: Array,
    factor: Array,
) -> Array:
    """factor W P W^T (R, S, S) with W = left W(0) + b V of R runs; see `geometry.distances.projected_gram`.

    b (R, S, B), left and factor (R,).  Run r has gram (U, B, B) and z = W(0) V^T (U, S, B) at start_of[r] and
    W(0) W(0)^T = weight_gram (V, S, S) at weights_of[r].  P projects off direction `off`; none if it is -1.
    """
    runs, count, rows = b.shape
    width, wide = _padded(rows), _padded(count)
    out = np.empty((runs, count, count))
    upto = np.full(max(width, wide) // WIDTH, rows)
    room = [memory.aligned(size) for size in (rows * max(width, wide), count * width, count * width, count * wide,
                                              count, width)]
    _weight_grams(_flat(b), _flat(gram), _flat(z), start_of, _flat(weight_gram), weights_of, off, _flat(left),
                  _flat(factor), out.reshape(-1), count, rows, upto, *room)
    return out


def _padded(count: int) -> int:
    return WIDTH * -(-count // WIDTH)


def _flat(values: Array) -> Array:
    """The numbers in one row, a copy where they are not to be written to, of which compiled code knows nothing."""
    flat = np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
    return flat if flat.flags.writeable else flat.copy()
