"""Products g G where each column of a head's g holds two values, as slopes of ReLU give it, by tables of partial sums.

Of four columns a head's row of g adds one of sixteen sums of four rows of G.  All sixteen are made once, and each of m
filters looks its own up: m + 15 additions where a product of matrices takes 4 m (Arlazarov, Dinic, Kronrod and
Faradzev 1970 did so for truth values).  Sums run over groups of four in order, whatever block an entry lies in.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg, var-annotated, operator, assignment"
# Compiled functions take what kernels give them.

from __future__ import annotations

from typing import Any

import numpy as np

from dynamics.lanes import memory
from dynamics.lanes.compiled import fused, lanes, load, store
from dynamics.lazily import njit

GROUP, SUMS = 4, 16  # columns whose sums are in one table, and how many of these there are
TILE = 32  # columns of G that are gone over together
BLOCK = 4  # tables at a time: with a tile's sums of 100 filters they stay in the nearest cache
FILTERS_FROM = 20  # of a head, from which tables pay (`python -m benchmarks.rungs tables`)
_OPTIONS: dict[str, Any] = {"fastmath": False, "error_model": "numpy"}

_aligned = njit(**_OPTIONS)(memory.aligned)


@njit(**_OPTIONS)
def laid_out(gram, filters):
    """G (B, B) as tiles of 32 columns, (B, 32) each, the last one filled with zeros; nothing for few filters a head."""
    size = gram.shape[0] if filters >= FILTERS_FROM else 0
    tiles = _aligned((size + TILE - 1) // TILE * size * TILE)
    at = 0
    for first in range(0, size, TILE):
        for q in range(size):
            for c in range(min(TILE, size - first)):
                tiles[at + c] = gram[q, first + c]
            at += TILE
    return tiles


@njit(**_OPTIONS)
def two_values(g, h, low, high):
    """The two values (B,) of each column of g[h] (m, B), the smaller first; whether no column has a third."""
    more = 0
    for q in range(low.size):
        low[q] = g[h, 0, q]
        high[q] = g[h, 0, q]
    for r in range(1, g.shape[1]):
        for q in range(low.size):
            x, one, other = g[h, r, q], low[q], high[q]
            other = x if (x != one) & (one == other) else other
            high[q] = other
            more |= (x != one) & (x != other)
    for q in range(low.size):
        one, other = low[q], high[q]
        low[q] = one if abs(one) <= abs(other) else other
        high[q] = other if abs(one) <= abs(other) else one
    return more == 0


@njit(**_OPTIONS)
def take_places(g, h, low, places):
    """places[(block m + r) 4 + k]: where the tables have the sum that filter r takes of a block's k-th four columns."""
    filters, size = g.shape[1], low.size
    whole = size // GROUP
    for r in range(filters):
        for group in range(places.size // filters):
            q, taken = GROUP * group, 0
            if group < whole:
                taken = (
                    int(g[h, r, q] != low[q]) + 2 * int(g[h, r, q + 1] != low[q + 1])
                    + 4 * int(g[h, r, q + 2] != low[q + 2]) + 8 * int(g[h, r, q + 3] != low[q + 3])
                )
            else:
                for i in range(size - q):
                    taken += int(g[h, r, q + i] != low[q + i]) << i
            at = (group // BLOCK * filters + r) * BLOCK + group % BLOCK
            places[at] = (group % BLOCK * SUMS + taken) * TILE


@njit(**_OPTIONS)
def step_of(tiles, row, q, low, high):
    """What column q adds where it takes its larger value instead of the smaller: eight products, 0 past the end."""
    if q >= low.size:
        return lanes(0.0)
    return lanes(high[q] - low[q]) * load(tiles, row + q * TILE)


@njit(**_OPTIONS)
def fill_table(tiles, tile, q, low, high, tables, table):
    """tables[table + s TILE:]: the sum s of the columns q .. q + 3, for each column of a tile."""
    for c in range(0, TILE, 8):
        row, to = tile + c, table + c
        t0 = lanes(0.0)
        for i in range(min(GROUP, low.size - q)):
            if low[q + i] != 0.0:
                t0 = fused(lanes(low[q + i]), load(tiles, row + (q + i) * TILE), t0)
        x = step_of(tiles, row, q, low, high)
        t1 = t0 + x
        x = step_of(tiles, row, q + 1, low, high)
        t2, t3 = t0 + x, t1 + x
        x = step_of(tiles, row, q + 2, low, high)
        t4, t5, t6, t7 = t0 + x, t1 + x, t2 + x, t3 + x
        x = step_of(tiles, row, q + 3, low, high)
        store(tables, to, t0)
        store(tables, to + TILE, t1)
        store(tables, to + 2 * TILE, t2)
        store(tables, to + 3 * TILE, t3)
        store(tables, to + 4 * TILE, t4)
        store(tables, to + 5 * TILE, t5)
        store(tables, to + 6 * TILE, t6)
        store(tables, to + 7 * TILE, t7)
        store(tables, to + 8 * TILE, t0 + x)
        store(tables, to + 9 * TILE, t1 + x)
        store(tables, to + 10 * TILE, t2 + x)
        store(tables, to + 11 * TILE, t3 + x)
        store(tables, to + 12 * TILE, t4 + x)
        store(tables, to + 13 * TILE, t5 + x)
        store(tables, to + 14 * TILE, t6 + x)
        store(tables, to + 15 * TILE, t7 + x)


@njit(**_OPTIONS)
def add_block(tables, sums, filters, places, at):
    """The sums (m, 32) plus, for each filter, those that it takes of four tables, one after another."""
    for r in range(filters):
        to = r * TILE
        s0, s1, s2, s3 = load(sums, to), load(sums, to + 8), load(sums, to + 16), load(sums, to + 24)
        p = places[at]
        s0, s1 = s0 + load(tables, p), s1 + load(tables, p + 8)
        s2, s3 = s2 + load(tables, p + 16), s3 + load(tables, p + 24)
        p = places[at + 1]
        s0, s1 = s0 + load(tables, p), s1 + load(tables, p + 8)
        s2, s3 = s2 + load(tables, p + 16), s3 + load(tables, p + 24)
        p = places[at + 2]
        s0, s1 = s0 + load(tables, p), s1 + load(tables, p + 8)
        s2, s3 = s2 + load(tables, p + 16), s3 + load(tables, p + 24)
        p = places[at + 3]
        s0, s1 = s0 + load(tables, p), s1 + load(tables, p + 8)
        s2, s3 = s2 + load(tables, p + 16), s3 + load(tables, p + 24)
        store(sums, to, s0)
        store(sums, to + 8, s1)
        store(sums, to + 16, s2)
        store(sums, to + 24, s3)
        at += BLOCK


@njit(**_OPTIONS)
def by_tables(g, tiles, out):
    """Whether out[h, r, :] = g[h, r, :] G was done by tables: not of few filters, nor where a column has three values.

    g and out (H, m, B), tiles as `laid_out` makes them.
    """
    filters, size = g.shape[1], g.shape[2]
    if filters < FILTERS_FROM:
        return False
    low, high = np.empty(size), np.empty(size)
    blocks = (size + GROUP * BLOCK - 1) // (GROUP * BLOCK)
    places = np.empty(blocks * BLOCK * filters, np.int64)
    tables, sums = _aligned(BLOCK * SUMS * TILE), _aligned(filters * TILE)
    for h in range(g.shape[0]):
        if not two_values(g, h, low, high):
            return False
        take_places(g, h, low, places)
        for first in range(0, size, TILE):
            tile = first * size
            sums[:] = 0.0
            for block in range(blocks):
                for k in range(BLOCK):
                    fill_table(tiles, tile, GROUP * (BLOCK * block + k), low, high, tables, k * SUMS * TILE)
                add_block(tables, sums, filters, places, block * BLOCK * filters)
            for r in range(filters):
                for c in range(min(TILE, size - first)):
                    out[h, r, first + c] = sums[r * TILE + c]
    return True
