"""The kernel function of each activation piece: in `skeleton/pieces.py`, or written from a formula."""

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
    Sigma,
    SigmaBend,
    SigmaSlope,
    Step,
    StepClosed,
)

HELPERS = {
    Relu: "relu", ReluClosed: "relu", Step: "step", StepClosed: "step_closed", Box: "box", Ramp: "ramp",
    HuberizedRelu: "huberized", LeakySlope: "leaky_slope", LeakySlopeClosed: "leaky_slope_closed", LeakyRelu: "leaky",
    LeakyReluClosed: "leaky", Sigma: "sigma", SigmaSlope: "dsigma", SigmaBend: "ddsigma",
}
