"""NumPy's standard normals from PCG64, compiled: the same bits in less than half of the time.

PCG64 is a step of 128 bits after another; four steps at once, each of a lane of its own, keep the multiplier busy.  The
words are then read in order, as NumPy reads them: most make a normal each, by a table, and one in eighty looks further.
"""

# mypy: disable-error-code="no-untyped-call, no-untyped-def, call-arg"
# Compiled functions take what their signatures say, and an intrinsic its arguments without the context.

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, types, uint64
from numba.extending import intrinsic
from numpy.typing import NDArray

from ..arrays import Array
from ..lazily import njit
from .ziggurat_table import EDGE, HEIGHT, INSIDE, INVERSE, WIDTH

LANES = 4
BLOCK = 2**12  # words at a time
MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_ALL, _HALF = 2**128, 2**64
# LANES steps of a stream at once: times the one, plus the increment times the other.
_LEAP = pow(MULTIPLIER, LANES, _ALL)
_FURTHER = sum(MULTIPLIER**k for k in range(LANES)) % _ALL
_TABLES = np.array(INSIDE, dtype=np.uint64), np.array(WIDTH), np.array(HEIGHT)
_OPTIONS: dict[str, Any] = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True}
_INSIDE: dict[str, Any] = {"fastmath": False, "error_model": "numpy"}
_UNIT = 1.0 / 2**53

Words = NDArray[np.uint64]


def standard_normal(bits: np.random.PCG64, count: int) -> Array:
    """What `numpy.random.Generator(bits).standard_normal(count)` gives, and `bits` stands where it does afterwards.

    That is, if it holds no half of a word, as after small whole numbers were drawn from it.
    """
    told = bits.state["state"]
    at, by = told["state"], told["inc"]
    lanes = list[int]()
    for _ in range(LANES):
        at = (at * MULTIPLIER + by) % _ALL
        lanes += _halves(at)
    leap = np.array([*_halves(_LEAP), *_halves(by * _FURTHER % _ALL)], dtype=np.uint64)
    normals = np.empty(count)
    spent = _fill(np.array(lanes, dtype=np.uint64), leap, *_TABLES, np.empty(BLOCK, dtype=np.uint64), normals)
    bits.advance(int(spent))
    return normals


def _halves(word: int) -> tuple[int, int]:
    """The upper and the lower 64 bits."""
    return divmod(word, _HALF)


@intrinsic
def _upper(_context, a, b):
    """The upper 64 bits of a product."""
    def product(_, builder, __, arguments):
        wide = [builder.zext(each, ir.IntType(128)) for each in arguments]
        return builder.trunc(builder.lshr(builder.mul(*wide), ir.Constant(ir.IntType(128), 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), product


@njit(**_INSIDE)
def _rotated(high, low):
    """A step's word: the halves' difference in bits, turned by the uppermost six."""
    mixed, by = high ^ low, high >> uint64(58)
    return (mixed >> by) | (mixed << ((uint64(64) - by) & uint64(63)))


@njit("int64(uint64[::1], uint64[::1], uint64[::1], int64, int64)", **_OPTIONS)
def _words(lanes, leap, words, held, upto):
    """Further words behind the `held` ones, as many from each lane as end before `upto`; how many there are then."""
    up, low, more_up, more = leap[0], leap[1], leap[2], leap[3]
    a, b, c, d = lanes[0], lanes[2], lanes[4], lanes[6]
    e, f, g, h = lanes[1], lanes[3], lanes[5], lanes[7]
    at = held
    while at + 4 <= upto:
        words[at] = _rotated(a, e)
        words[at + 1] = _rotated(b, f)
        words[at + 2] = _rotated(c, g)
        words[at + 3] = _rotated(d, h)
        at += 4
        a = _upper(e, low) + e * up + a * low + more_up + uint64(e * low + more < more)
        b = _upper(f, low) + f * up + b * low + more_up + uint64(f * low + more < more)
        c = _upper(g, low) + g * up + c * low + more_up + uint64(g * low + more < more)
        d = _upper(h, low) + h * up + d * low + more_up + uint64(h * low + more < more)
        e, f, g, h = e * low + more, f * low + more, g * low + more, h * low + more
    lanes[0], lanes[2], lanes[4], lanes[6] = a, b, c, d
    lanes[1], lanes[3], lanes[5], lanes[7] = e, f, g, h
    return at


@njit("int64(uint64[::1], uint64[::1], uint64[::1], float64[::1], float64[::1], uint64[::1], float64[::1])", **_OPTIONS)
def _fill(lanes, leap, inside, width, height, words, normals):
    """Fills `normals`, and says how many words that took; `words` is room for a block of them."""
    held, done, spent = 0, 0, 0
    while done < normals.size:
        wanted = normals.size - done
        held = _words(lanes, leap, words, held, min(words.size, wanted + wanted // 32 + 64))
        at = 0
        while at < held and done < normals.size:
            word = words[at]
            layer = word & uint64(0xFF)
            point = (word >> uint64(9)) & uint64(0x000FFFFFFFFFFFFF)
            down = (word >> uint64(8)) & uint64(1)
            x = int64(point) * width[layer]
            ahead = at + 1
            taken = point < inside[layer]
            if not taken and layer > uint64(0):
                if ahead >= held:
                    break  # begun again with further words
                share = int64(words[ahead] >> uint64(11)) * _UNIT
                ahead += 1
                above = height[layer - uint64(1)] - height[layer]
                taken = above * share + height[layer] < math.exp(-0.5 * x * x)
            elif not taken:
                while not taken and ahead + 1 < held:
                    beyond = -INVERSE * math.log1p(-(int64(words[ahead] >> uint64(11)) * _UNIT))
                    depth = -math.log1p(-(int64(words[ahead + 1] >> uint64(11)) * _UNIT))
                    ahead += 2
                    taken = depth + depth > beyond * beyond
                    x = EDGE + beyond
                if not taken:
                    break
                down = (point >> uint64(8)) & uint64(1)
            if taken:
                normals[done] = -x if down else x
                done += 1
            at = ahead
        for left in range(held - at):
            words[left] = words[at + left]
        held -= at
        spent += at
    return spent
