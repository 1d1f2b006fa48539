"""Fixed text of kernels: activation pieces, loss rates and softmax, as strict floating-point scalar functions."""

from __future__ import annotations

from ..calculus.activations import (
    Box,
    HuberizedRelu,
    LeakyRelu,
    LeakyReluClosed,
    LeakySlope,
    LeakySlopeClosed,
    Ramp,
    Relu,
    ReluClosed,
    Step,
    StepClosed,
)

HELPERS = {
    Relu: "relu", ReluClosed: "relu", Step: "step", StepClosed: "step_closed", Box: "box", Ramp: "ramp",
    HuberizedRelu: "huberized", LeakySlope: "leaky_slope", LeakySlopeClosed: "leaky_slope_closed", LeakyRelu: "leaky",
    LeakyReluClosed: "leaky",
}
SOURCES = {
    "relu": ("x", "max(0, x), keeping nan.", ["return 0.0 if x <= 0.0 else x"]),
    "step": ("x", "1{x > 0}.", ["return 0.0 if x <= 0.0 else 1.0"]),
    "step_closed": ("x", "1{x >= 0}.", ["return 0.0 if x < 0.0 else 1.0"]),
    "box": ("x, h", "1{0 < x < h}.", ["return 0.0 if x <= 0.0 or x >= h else 1.0"]),
    "ramp": ("x, h", "min(max(x / h, 0), 1), keeping nan.", ["return 0.0 if x <= 0.0 else (1.0 if x >= h else x / h)"]),
    "huberized": ("x, h", "0, x^2 / (2h), x - h/2: the Huberized ReLU.",
                  ["return 0.0 if x <= 0.0 else (x - 0.5 * h if x >= h else 0.5 * x * x / h)"]),
    "leaky": ("x, s", "x above 0, s x below: the leaky ReLU.", ["return s * x if x <= 0.0 else x"]),
    "leaky_slope": ("x, s", "1{x > 0} + s 1{x <= 0}.", ["return s if x <= 0.0 else 1.0"]),
    "leaky_slope_closed": ("x, s", "1{x >= 0} + s 1{x < 0}.", ["return s if x < 0.0 else 1.0"]),
}
RATES = {
    "logistic": (
        ("log(1 + exp(-x)), without overflow.", ["return log1p(exp(-x)) if x >= 0.0 else log1p(exp(x)) - x"]),
        ("-1 / (1 + exp(x)), without overflow or cancellation.",
         ["e = exp(-abs(x))", "return -e / (1.0 + e) if x >= 0.0 else -1.0 / (1.0 + e)"]),
        ("exp(x) / (1 + exp(x))^2, without overflow.", ["e = exp(-abs(x))", "return e / ((1.0 + e) * (1.0 + e))"]),
    ),
    "exponential": tuple(
        (f"{sign}exp(-x); infinite where that overflows.", [f"return {sign}exp(-x) if x > -709.0 else {sign}inf"])
        for sign in ("", "-", "")
    ),
}
MATH_OF_RATES = {
    "logistic": ("exp", "log1p"), "exponential": ("exp", "inf"), "cross_entropy": ("exp", "log1p"),
}
"""What the functions of a loss call of the math module."""
SOFTMAX = '''
@njit(cache=True, fastmath=False, error_model="numpy")
def softmax(F, y, p, e):
    """p[k, i] = exp(F_k) / sum_l exp(F_l) and e = p - 1{k = y_i}, without overflow or cancellation."""
    for i in range(y.size):
        top = F[0, i]
        for k in range(1, F.shape[0]):
            top = max(top, F[k, i])
        total = 0.0
        for k in range(F.shape[0]):
            p[k, i] = exp(F[k, i] - top)
            total += p[k, i]
        others = 0.0
        for k in range(F.shape[0]):
            p[k, i] /= total
            e[k, i] = p[k, i]
            if k != y[i]:
                others += p[k, i]
        e[y[i], i] = -others


@njit(cache=True, fastmath=False, error_model="numpy")
def cross_entropy(F, label, i):
    """-log p of the label, without overflow or cancellation."""
    best = 0
    for k in range(1, F.shape[0]):
        if F[k, i] > F[best, i]:
            best = k
    total = 0.0
    for k in range(F.shape[0]):
        if k != best:
            total += exp(F[k, i] - F[best, i])
    return F[best, i] - F[label, i] + log1p(total)
'''
JIT = 'cache=True, fastmath=False, error_model="numpy", nogil=True'
A3, A2, A1 = "float64[:, :, ::1]", "float64[:, ::1]", "float64[::1]"
