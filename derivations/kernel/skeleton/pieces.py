"""Activation pieces, sigma and its derivatives, as strict floating-point functions of one number."""


def relu(x: float) -> float:
    """max(0, x), keeping nan."""
    return 0.0 if x < 0.0 else x


def step(x: float) -> float:
    """1{x > 0}."""
    return 0.0 if x <= 0.0 else 1.0


def step_closed(x: float) -> float:
    """1{x >= 0}."""
    return 0.0 if x < 0.0 else 1.0


def box(x: float, h: float) -> float:
    """1{0 < x < h}."""
    return 0.0 if x <= 0.0 or x >= h else 1.0


def ramp(x: float, h: float) -> float:
    """min(max(x / h, 0), 1), keeping nan."""
    return 0.0 if x <= 0.0 else (1.0 if x >= h else x / h)


def huberized(x: float, h: float) -> float:
    """0, x^2 / (2h), x - h/2: the Huberized ReLU."""
    return 0.0 if x <= 0.0 else (x - 0.5 * h if x >= h else 0.5 * x * x / h)


def leaky(x: float, s: float) -> float:
    """The leaky ReLU: x above 0, s x below."""
    return s * x if x <= 0.0 else x


def leaky_slope(x: float, s: float) -> float:
    """1{x > 0} + s 1{x <= 0}."""
    return s if x <= 0.0 else 1.0


def leaky_slope_closed(x: float, s: float) -> float:
    """1{x >= 0} + s 1{x < 0}."""
    return s if x < 0.0 else 1.0
