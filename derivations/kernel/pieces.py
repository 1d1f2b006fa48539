"""The kernel function (in `skeleton/pieces.py`) of each activation piece."""

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
