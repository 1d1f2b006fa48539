"""Lanes: compiled and as plain Python the same bits, operations exact, functions within their stated bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from numba import njit

from derivations.kernel.lanes.printer import FUNCTIONS, PRIMITIVES
from derivations.kernel.skeleton import exponential, logistic, pieces
from dynamics.arrays import Array
from dynamics.lanes import compiled as typed
from dynamics.lanes import functions, functions_plain, plain

compiled: Any = typed  # its operations are called in compiled code, where Numba gives the types

SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1.7e308, -1.7e308])
ULPS = {"exp": 1.0, "log": 2.0, "log1p": 3.0, "logistic_0": 4.0, "logistic_1": 3.0, "logistic_2": 4.0}
ULPS |= {"exponential_each": 1.0, "logarithm": 2.0, "sigmoid_each": 3.0, "sigmoid_slope_each": 4.0,
         "softplus_each": 4.0, "tanh_each": 4.0}
# A square of up to 25 is off by half a unit, which its exponential is then off by in relation to itself.
ULPS |= {"normal_density_each": 10.0, "bell_slope_each": 18.0}
# -x / sqrt 2 = t is off by a unit, of which erfc makes 2 t^2 times as much: 36 at x = -6.
ULPS |= {"erf_each": 4.0, "normal_share_each": 44.0}
EXACT: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p,
    "logistic_0": lambda x: mpmath.log1p(mpmath.exp(-x)),
    "logistic_1": lambda x: -1 / (1 + mpmath.exp(x)),
    "logistic_2": lambda x: mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2,
    "exponential_each": mpmath.exp, "logarithm": mpmath.log, "tanh_each": mpmath.tanh,
    "sigmoid_each": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sigmoid_slope_each": lambda x: mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2,
    "softplus_each": lambda x: mpmath.log1p(mpmath.exp(x)),
    "erf_each": mpmath.erf, "normal_share_each": mpmath.ncdf,
    "normal_density_each": mpmath.npdf, "bell_slope_each": lambda x: 2 * mpmath.exp(-x * x) / mpmath.sqrt(mpmath.pi),
}
RANGES = {"exp": (-700, 700), "exponential_each": (-700, 700), "log": (1e-300, 1e300), "logarithm": (1e-300, 1e300),
          "log1p": (0, 1), "normal_density_each": (-5, 5), "bell_slope_each": (-5, 5),
          "normal_share_each": (-6, 9)}
CONSTANT = {"box": (0.7,), "ramp": (0.7,), "huberized": (0.7,), "leaky": (0.2,), "leaky_slope": (0.2,),
            "leaky_slope_closed": (0.2,)}


def numbers(count: int, low: float = -800.0, high: float = 800.0) -> Array:
    """Points spread over a range and packed about 0, and the special values; a multiple of 8 of them."""
    rng = np.random.default_rng(0)
    near = np.clip(rng.normal(size=count) * 10.0 ** rng.integers(-12, 3, size=count), low, high)
    return np.concatenate([rng.uniform(low, high, count), near, SPECIAL])


def compiled_over(name: str) -> Callable[..., Array]:
    """A function of lanes, compiled, over an array."""
    function, load, store = getattr(functions, name), compiled.load, compiled.store
    if name in CONSTANT:
        @njit(error_model="numpy")
        def with_constant(x, out, h):  # type: ignore[no-untyped-def]
            for at in range(0, x.size, 8):
                store(out, at, function(load(x, at), h))

        run: Any = with_constant
    else:
        @njit(error_model="numpy")
        def alone(x, out):  # type: ignore[no-untyped-def]
            for at in range(0, x.size, 8):
                store(out, at, function(load(x, at)))

        run = alone

    def over(x: Array) -> Array:
        out = np.zeros(x.size)
        run(x, out, *CONSTANT.get(name, ()))
        return out

    return over


def plainly_over(name: str, x: Array) -> Array:
    """The same function as plain Python."""
    function, out = getattr(functions_plain, name), np.zeros(x.size)
    with np.errstate(all="ignore"):
        for at in range(0, x.size, 8):
            plain.store(out, at, plain.lanes(function(plain.load(x, at), *CONSTANT.get(name, ()))))
    return out


NAMES = [name for name, value in vars(functions_plain).items()
         if callable(value) and getattr(value, "__code__", None) and value.__code__.co_filename.startswith("<functions")
         and name != "strict"]


def test_what_kernels_take_is_there() -> None:
    assert all(hasattr(home, name) for home in (functions, functions_plain) for name in FUNCTIONS)
    assert all(hasattr(home, name) for home in (compiled, plain) for name in PRIMITIVES)


def test_every_function_is_looked_at() -> None:
    assert {*ULPS, *CONSTANT, "relu", "step", "step_closed", "exponential_0"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_equals_plain_bit_for_bit(name: str) -> None:
    x = numbers(400, 1e-300, 1e300)[:-8] if name == "log" else numbers(400)
    x = np.clip(np.abs(x), 0, 1) if name == "log1p" else x
    found, expected = compiled_over(name)(x), plainly_over(name, x)
    known = np.isfinite(expected)
    assert np.array_equal(found[known].view(np.int64), expected[known].view(np.int64))
    assert np.array_equal(np.isnan(found), np.isnan(expected)) and np.array_equal(found[~known], expected[~known], True)


@pytest.mark.parametrize("name", ULPS)
def test_functions_are_within_their_bounds(name: str) -> None:
    """Units in the last place of the exact value, where that is a normal number."""
    low, high = RANGES.get(name, (-600, 600))
    rng = np.random.default_rng(1)
    logarithm, positive = name in ("log", "logarithm"), name in ("log", "logarithm", "log1p")
    x = np.exp(rng.uniform(-600, 600, 2000)) if logarithm else rng.uniform(low, high, 2000)
    x = np.concatenate([x, rng.uniform(0.5, 1.0, 2000) if positive else rng.uniform(-2, 2, 2000)])
    worst = 0.0
    with mpmath.workdps(60):
        for at, got in zip(x, compiled_over(name)(x), strict=True):
            exact = EXACT[name](mpmath.mpf(float(at)))
            worst = max(worst, float(abs(mpmath.mpf(float(got)) - exact) / np.spacing(abs(float(exact)))))
    assert worst <= ULPS[name]


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(pieces, name)])
def test_pieces_are_those_of_the_kernels_of_loops(name: str) -> None:
    """In bits, but where lanes multiply by 1 / h: the two then have so many roundings together, each u of the value."""
    x = numbers(400)
    single = np.array([getattr(pieces, name)(float(each), *CONSTANT.get(name, ())) for each in x])
    found, roundings = compiled_over(name)(x), {"ramp": 1 + 2, "huberized": 3 + 4}.get(name, 0)
    known = np.isfinite(single)
    assert np.array_equal(found[~known], single[~known], equal_nan=True)
    largest = np.maximum(np.abs(single[known]), np.abs(found[known]))
    assert np.all(np.abs(found[known] - single[known]) <= roundings * 2.0**-53 * largest)


@pytest.mark.parametrize("order", range(3))
@pytest.mark.parametrize(("name", "skeleton"), [("logistic", logistic), ("exponential", exponential)])
def test_losses_are_those_of_the_kernels_of_loops(name: str, skeleton: Any, order: int) -> None:
    """To the bounds of both: their own exp and log, and the C library's."""
    x = np.linspace(-700.0, 700.0, 1600)
    single = np.array([getattr(skeleton, f"loss_{order}")(float(each)) for each in x])
    found = compiled_over(f"{name}_{order}")(x)
    assert np.all(np.abs(found - single) <= 8 * np.spacing(np.abs(single)))


def test_extremes() -> None:
    """exp under- and overflows as it should, at infinity too, and gradually; the logistic loss grows linearly."""
    x = np.array([-np.inf, -800.0, -745.0, -720.0, 710.0, 800.0, np.inf, np.nan])
    with np.errstate(over="ignore", under="ignore"):
        assert np.array_equal(compiled_over("exp")(x), np.exp(x), equal_nan=True)
    assert np.array_equal(compiled_over("logistic_0")(-x)[[4, 5, 6]], x[[4, 5, 6]])
    assert np.isnan(compiled_over("logistic_0")(x)[7])


def test_operations_are_exact() -> None:
    """Sums in their stated order, fused products rounded once, masks and bits: compiled and plain."""
    load, store, total, fused, where = (
        compiled.load, compiled.store, compiled.total, compiled.fused, compiled.where
    )

    @njit(error_model="numpy")
    def run(x, y, out):  # type: ignore[no-untyped-def]
        a, b = load(x, 0), load(y, 0)
        store(out, 0, fused(a, b, -(a * b)))
        store(out, 8, where(a < b, a / b, 2.0 - a))
        out[16] = total(a)

    rng = np.random.default_rng(2)
    x, y, out = rng.normal(size=8), rng.normal(size=8), np.zeros(17)
    run(x, y, out)
    with mpmath.workdps(60):
        lost = [float(mpmath.mpf(a) * mpmath.mpf(b) - mpmath.mpf(a * b)) for a, b in zip(x, y, strict=True)]
    assert out[:8].tolist() == lost == plain.fused(x, y, -(x * y)).tolist() and any(lost)
    assert np.array_equal(out[8:16], np.where(x < y, x / y, 2.0 - x))
    pairs = [(x[at] + x[at + 4]) + (x[at + 2] + x[at + 6]) for at in (0, 1)]
    assert out[16] == pairs[0] + pairs[1] == plain.total(x)


def test_lanes_that_are_not_0_are_marked_and_found_in_order() -> None:
    """A sign alone is no number, what is no number is not 0, and the last of 64 places is the sign of an integer."""
    load, bits_of, nonzero, lowest = compiled.load, compiled.bits_of, compiled.nonzero, compiled.lowest
    ones = compiled.ones

    @njit(error_model="numpy")
    def found(x, out):  # type: ignore[no-untyped-def]
        marks = 0
        for at in range(0, x.size, 8):
            marks |= nonzero(bits_of(load(x, at))) << at
        for count in range(ones(marks)):
            out[count] = lowest(marks)
            marks &= marks - 1
        return marks == 0

    rng, values = np.random.default_rng(4), np.array([0.0, -0.0, 5e-324, -1.0, np.inf, -np.inf, np.nan])
    for x in (*rng.choice(values, p=[0.4, 0.4, *[0.04] * 5], size=(9, 64)), np.zeros(64), np.ones(64)):
        places = np.flatnonzero(x != 0.0)
        out = np.zeros(64, dtype=np.int64)
        assert found(x, out) and np.array_equal(out[: places.size], places)
        marks = sum(plain.nonzero(plain.bits_of(x[at : at + 8])) << at for at in range(0, 64, 8))
        assert marks == sum(1 << int(place) for place in places) and plain.ones(marks) == places.size
        assert not places.size or plain.lowest(marks) == places[0]


def test_half_a_vector_is_as_exact() -> None:
    """Half of a vector, the low half of another and one number alone: read, fused once, written; compiled and plain."""
    def run(of: Any, x: Array, y: Array, out: Array) -> None:
        of.store_half(out, 0, of.fused_half(of.low(of.load(x, 0)), of.load_half(y, 4), of.load_half(y, 0)))
        out[4] = of.fused_one(x[7], y[7], -(x[7] * y[7]))

    load, low, load_half, store_half, fused_half, fused_one = (
        compiled.load, compiled.low, compiled.load_half, compiled.store_half, compiled.fused_half, compiled.fused_one
    )

    @njit(error_model="numpy")
    def run_compiled(x, y, out):  # type: ignore[no-untyped-def]
        store_half(out, 0, fused_half(low(load(x, 0)), load_half(y, 4), load_half(y, 0)))
        out[4] = fused_one(x[7], y[7], -(x[7] * y[7]))

    rng = np.random.default_rng(3)
    x, y, one, two = rng.normal(size=8), rng.normal(size=8), np.full(6, 9.0), np.full(6, 9.0)
    run_compiled(x, y, one)
    run(plain, x, y, two)
    with mpmath.workdps(60):
        exact = [mpmath.mpf(a) * mpmath.mpf(b) + mpmath.mpf(c) for a, b, c in zip(x[:4], y[4:], y[:4], strict=True)]
        right = [*map(float, exact), float(mpmath.mpf(x[7]) * mpmath.mpf(y[7]) - mpmath.mpf(x[7] * y[7])), 9.0]
    assert one.tolist() == two.tolist() == right and right[4] != 0.0
    with pytest.raises(IndexError):
        plain.load_half(np.zeros(6), 4)


def test_plain_lanes_look_at_bounds() -> None:
    with pytest.raises(IndexError):
        plain.load(np.zeros(12), 8)
    with pytest.raises(IndexError):
        plain.store(np.zeros(12), 8, np.zeros(8))
