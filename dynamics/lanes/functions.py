"""Functions of lanes: activation pieces, exp and log, the losses; strict, so that any twin has the same bits.

exp and log take their argument apart into a power of two and a remainder and sum a polynomial in the remainder by
fused steps (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, for the splitting of log 2);
each is within 1 unit in the last place of the exact value where that is a normal number, which a test measures.
The pieces take numbers as well as lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynamics.lanes.compiled import (
    bits_and,
    bits_of,
    bits_or,
    fused,
    lanes,
    nearest,
    of_bits,
    shifted_left,
    shifted_right,
    to_lanes,
    to_whole,
    where,
    whole,
)
from dynamics.lazily import njit

strict: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(error_model="numpy", fastmath=False)


@strict
def relu(x: Any) -> Any:
    """max(0, x), keeping nan."""
    return where(x < 0.0, 0.0, x)


@strict
def step(x: Any) -> Any:
    """1{x > 0}; 1 at nan."""
    return where(x <= 0.0, 0.0, 1.0)


@strict
def step_closed(x: Any) -> Any:
    """1{x >= 0}; 1 at nan."""
    return where(x < 0.0, 0.0, 1.0)


@strict
def box(x: Any, h: float) -> Any:
    """1{0 < x < h}."""
    return where(x <= 0.0, 0.0, where(x >= h, 0.0, 1.0))


@strict
def ramp(x: Any, h: float) -> Any:
    """min(max(x / h, 0), 1), keeping nan; h of at least 1e-308.  1 / h is one division for all x."""
    return where(x <= 0.0, 0.0, where(x >= h, 1.0, x * (1.0 / h)))


@strict
def huberized(x: Any, h: float) -> Any:
    """0, x^2 / (2h), x - h/2: the Huberized ReLU, h as `ramp` has it."""
    return where(x <= 0.0, 0.0, where(x >= h, x - 0.5 * h, 0.5 * x * x * (1.0 / h)))


@strict
def leaky(x: Any, s: float) -> Any:
    """The leaky ReLU: x above 0, s x below."""
    return where(x <= 0.0, s * x, x)


@strict
def leaky_slope(x: Any, s: float) -> Any:
    """1{x > 0} + s 1{x <= 0}."""
    return where(x <= 0.0, s, 1.0)


@strict
def leaky_slope_closed(x: Any, s: float) -> Any:
    """1{x >= 0} + s 1{x < 0}."""
    return where(x < 0.0, s, 1.0)


@strict
def exp(x: Any) -> Any:
    """e^x; 0 below the denormal numbers, inf above the largest, nan at nan."""
    x = where(x < -750.0, -750.0, where(x > 750.0, 750.0, x))
    k = nearest(x * 1.4426950408889634)
    r = fused(-k, lanes(6.93147180369123816490e-01), x)
    r = fused(-k, lanes(1.90821492927058770002e-10), r)
    p = fused(lanes(1.0 / 6227020800.0), r, lanes(1.0 / 479001600.0))
    p = fused(p, r, lanes(1.0 / 39916800.0))
    p = fused(p, r, lanes(1.0 / 3628800.0))
    p = fused(p, r, lanes(1.0 / 362880.0))
    p = fused(p, r, lanes(1.0 / 40320.0))
    p = fused(p, r, lanes(1.0 / 5040.0))
    p = fused(p, r, lanes(1.0 / 720.0))
    p = fused(p, r, lanes(1.0 / 120.0))
    p = fused(p, r, lanes(1.0 / 24.0))
    p = fused(p, r, lanes(1.0 / 6.0))
    p = fused(p, r, lanes(0.5))
    p = fused(p, r, lanes(1.0))
    p = fused(p, r, lanes(1.0))
    # 2^k in two factors: one alone is no double where the result is denormal, or inf.
    power = to_whole(where(abs(k) < 2000.0, k, 0.0))
    half = shifted_right(power + whole(2048), whole(1)) - whole(1024)
    first = of_bits(shifted_left(half + whole(1023), whole(52)))
    second = of_bits(shifted_left(power - half + whole(1023), whole(52)))
    return p * first * second


@strict
def log(x: Any) -> Any:
    """log x of positive normal numbers; anything else gives no defined value."""
    bits = bits_of(x)
    power = bits_and(shifted_right(bits, whole(52)), whole(0x7FF)) - whole(1023)
    mantissa = of_bits(bits_or(bits_and(bits, whole(0x000FFFFFFFFFFFFF)), whole(0x3FF0000000000000)))
    high = mantissa > 1.4142135623730951
    mantissa = where(high, mantissa * 0.5, mantissa)
    exponent = to_lanes(power) + where(high, 1.0, 0.0)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    p = fused(lanes(2.0 / 23.0), z, lanes(2.0 / 21.0))
    p = fused(p, z, lanes(2.0 / 19.0))
    p = fused(p, z, lanes(2.0 / 17.0))
    p = fused(p, z, lanes(2.0 / 15.0))
    p = fused(p, z, lanes(2.0 / 13.0))
    p = fused(p, z, lanes(2.0 / 11.0))
    p = fused(p, z, lanes(2.0 / 9.0))
    p = fused(p, z, lanes(2.0 / 7.0))
    p = fused(p, z, lanes(2.0 / 5.0))
    p = fused(p, z, lanes(2.0 / 3.0))
    # s (2 + z p): the leading 2 s = (m - 1) - s (m - 1) + ... is kept apart, so that its rounding does not add up.
    tail = fused(exponent, lanes(1.90821492927058770002e-10), s * (z * p))
    return fused(exponent, lanes(6.93147180369123816490e-01), tail + 2.0 * s)


@strict
def logarithm(x: Any) -> Any:
    """`log` under a name that no kernel has from Python's own library."""
    return log(x)


@strict
def log1p(x: Any) -> Any:
    """log(1 + x) for 0 <= x <= 1: of u = 1 + x as rounded, with what rounding lost put back; nan at nan."""
    u = 1.0 + x
    return where(u == 1.0, x, log(u) + (x - (u - 1.0)) / u)


@strict
def exponential_each(x: Any) -> Any:
    """exp(x), as a formula calls it."""
    return exp(x)


@strict
def sigmoid_each(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    e = exp(-abs(x))
    return where(x < 0.0, e, 1.0) / (1.0 + e)


@strict
def sigmoid_slope_each(x: Any) -> Any:
    """1 / ((1 + exp(x)) (1 + exp(-x)))."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


@strict
def softplus_each(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return log1p(exp(-abs(x))) + where(x <= 0.0, 0.0, x)


@strict
def tanh_each(x: Any) -> Any:
    """tanh x: by exp, and where that would cancel by a rational function of x^2 (Cody and Waite, as above)."""
    e, g = exp(-2.0 * abs(x)), x * x
    far = (1.0 - e) / (1.0 + e)
    p = fused(fused(lanes(-0.96437492777225469787), g, lanes(-0.99225929672236083313e2)), g,
              lanes(-0.16134119023996228053e4))
    q = fused(fused(g + 0.11274474380534949335e3, g, lanes(0.22337720718962312926e4)), g,
              lanes(0.48402357071988688686e4))
    near = x + x * (g * (p / q))
    return where(abs(x) < 0.549306144334054846, near, where(x < 0.0, -far, far))


@strict
def erf_near(x: Any) -> Any:
    """erf x of |x| up to about 1/2, by W. J. Cody's rational function of x^2 (Math. Comp. 23, 1969)."""
    g = x * x
    p = fused(fused(lanes(1.85777706184603153e-1), g, lanes(3.16112374387056560)), g, lanes(1.13864154151050156e2))
    p = fused(fused(p, g, lanes(3.77485237685302021e2)), g, lanes(3.20937758913846947e3))
    q = fused(fused(g + 2.36012909523441209e1, g, lanes(2.44024637934444173e2)), g, lanes(1.28261652607737228e3))
    return x * (p / fused(q, g, lanes(2.84423683343917062e3)))


@strict
def erfc_far(x: Any) -> Any:
    """erfc x of x from about 1/2, by Cody's rational functions of x up to 4 and of 1/x^2 beyond."""
    p = fused(fused(lanes(2.15311535474403846e-8), x, lanes(5.64188496988670089e-1)), x, lanes(8.88314979438837594))
    p = fused(fused(p, x, lanes(6.61191906371416295e1)), x, lanes(2.98635138197400131e2))
    p = fused(fused(p, x, lanes(8.81952221241769090e2)), x, lanes(1.71204761263407058e3))
    p = fused(fused(p, x, lanes(2.05107837782607147e3)), x, lanes(1.23033935479799725e3))
    q = fused(fused(x + 1.57449261107098347e1, x, lanes(1.17693950891312499e2)), x, lanes(5.37181101862009858e2))
    q = fused(fused(q, x, lanes(1.62138957456669019e3)), x, lanes(3.29079923573345963e3))
    q = fused(fused(q, x, lanes(4.36261909014324716e3)), x, lanes(3.43936767414372164e3))
    middle = p / fused(q, x, lanes(1.23033935480374942e3))
    g = 1.0 / (x * x)
    p = fused(fused(lanes(1.63153871373020978e-2), g, lanes(3.05326634961232344e-1)), g, lanes(3.60344899949804439e-1))
    p = fused(fused(p, g, lanes(1.25781726111229246e-1)), g, lanes(1.60837851487422766e-2))
    p = fused(p, g, lanes(6.58749161529837803e-4))
    q = fused(fused(g + 2.56852019228982242, g, lanes(1.87295284992346725)), g, lanes(5.27905102951428412e-1))
    q = fused(fused(q, g, lanes(6.05183413124413191e-2)), g, lanes(2.33520497626869185e-3))
    far = (5.6418958354775628695e-1 - g * (p / q)) / x
    # The square is taken apart, so that its exponential keeps its digits.
    whole_part = nearest(16.0 * x) * 0.0625
    rest = (x - whole_part) * (x + whole_part)
    found = exp(-(whole_part * whole_part)) * exp(-rest) * where(x <= 4.0, middle, far)
    return where(x < 27.0, found, where(x >= 27.0, 0.0, x))  # 0 beyond, as far as a double reaches; nan at nan


@strict
def erf_each(x: Any) -> Any:
    """erf x."""
    far = 1.0 - erfc_far(abs(x))
    return where(abs(x) <= 0.46875, erf_near(x), where(x < 0.0, -far, far))


@strict
def normal_share_each(x: Any) -> Any:
    """Phi(x) = erfc(-x/sqrt 2) / 2, the standard normal distribution function."""
    t = -0.7071067811865476 * x
    far = erfc_far(abs(t))
    return 0.5 * where(abs(t) <= 0.46875, 1.0 - erf_near(t), where(t < 0.0, 2.0 - far, far))


@strict
def normal_density_each(x: Any) -> Any:
    """exp(-x^2/2) / sqrt(2 pi)."""
    return 0.3989422804014327 * exp(-0.5 * x * x)


@strict
def bell_slope_each(x: Any) -> Any:
    """2 exp(-x^2) / sqrt(pi), the derivative of erf."""
    return 1.1283791670955126 * exp(-(x * x))


@strict
def logistic_0(x: Any) -> Any:
    """log(1 + exp(-x)), without overflow; inf or nan where x is."""
    lost = log1p(exp(-abs(x)))
    return where(abs(x) >= 0.0, where(x >= 0.0, lost, lost - x), x)


@strict
def logistic_1(x: Any) -> Any:
    """-1 / (1 + exp(x)), without overflow or cancellation."""
    e = exp(-abs(x))
    return -where(x >= 0.0, e, 1.0) / (1.0 + e)


@strict
def logistic_2(x: Any) -> Any:
    """exp(x) / (1 + exp(x))^2, without overflow."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


@strict
def exponential_0(x: Any) -> Any:
    """exp(-x)."""
    return exp(-x)


@strict
def exponential_1(x: Any) -> Any:
    """-exp(-x)."""
    return -exp(-x)


@strict
def exponential_2(x: Any) -> Any:
    """exp(-x)."""
    return exp(-x)
