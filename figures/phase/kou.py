"""Benign and harmful overfitting in a two-layer ReLU CNN with flipped labels, over the signal's length and d.

Kou, Chen, Chen and Gu, "Benign Overfitting in Two-layer ReLU Convolutional Neural Networks", 2023, arXiv:2303.04145.
"""

from __future__ import annotations

import xarray

from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)

from ..said import Made, Sentence, Where, shown
from .diagram import Diagram, Span
from .said import extremes, means


def _real(name: str, latex: str, meaning: str, default: float, high: float | None = None) -> Parameter:
    return Parameter(name=name, latex=latex, meaning=meaning, kind="real", default=default, low=0, high=high)


MODEL = Model(
    name="kou",
    title="Benign overfitting with flipped labels (Kou, Chen, Chen and Gu 2023)",
    directions=(
        Directions(name="mu", over="one", latex=r"\mathbf{\mu}", law=FixedLaw(norm="mu_norm"),
                   coefficient=Coefficient(name="gamma", latex=r"\gamma", signed=True)),
        Directions(name="xi", over="sample", latex=r"\mathbf{\xi}", law=GaussianLaw(std="sigma_p", off=("mu",)),
                   coefficient=Coefficient(name="rho", latex=r"\rho", split=True)),
    ),
    patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi")),
    network=Network(heads="signed", activation=Activation(name="relu")),
    objective=Objective(loss="logistic"),
    label_flips="flip_probability",
    test=FreshLaw(fresh=("xi",)),
    parameters=(
        Parameter(name="n", latex="n", meaning="training examples", kind="count", default=20, low=1),
        Parameter(name="m", latex="m", meaning="filters a head", kind="count", default=10, low=1),
        _real("d", "d", "patch dimension", 600),
        _real("mu_norm", r"\|\mu\|", "signal length", 5.0),
        _real("sigma_p", r"\sigma_p", "noise standard deviation a coordinate", 1.0),
        _real("flip_probability", "p", "probability of a flipped label", 0.1, high=1),
        _real("sigma_0", r"\sigma_0", "initialisation standard deviation", 0.01),
        _real("eta", r"\eta", "step size", 0.1),
    ),
    observables=(),
)
"""x_i = (yhat_i mu, xi_i), the observed label -yhat_i with probability p, F_j = (1/m) sum_r ReLU; logistic loss."""


def _says(data: xarray.Dataset) -> tuple[Sentence, ...]:
    errors, flips = means(data), float(data["flip_probability"])
    benign, cells = int((errors < flips + 0.01).sum()), int(errors.notnull().sum())
    strong, weak = extremes(errors.isel(mu_norm=-1)), extremes(errors.isel(mu_norm=1))
    unfitted = means(data, "train_error")
    wrong = unfitted.where(unfitted > 0, drop=True)  # no cell of it where all labels are fitted everywhere
    fitted = {"steps": int(data.attrs["steps"]), "cells": int(wrong.count()), "d": _most(wrong["d"]),
              "mu_norm": -_most(-wrong["mu_norm"]), "mean": _most(wrong), "draw": _most(data["train_error"])}
    return (
        shown("Fresh labels are flipped too, so the best error is {flips:g}: {benign} of {cells} cells are within "
              "0.01.  Means at the greatest mu_norm {strong}, at the least above 0 {weak}.", flips=flips, benign=benign,
              cells=cells, strong=strong, weak=weak),
        Where(fitted["cells"] == 0, "After {steps} steps every training label is fitted.", {"steps": fitted["steps"]}),
        Where(fitted["cells"] > 0, "After {steps} steps some training labels are not fitted in {cells} cells, at d up "
              "to {d:g} and mu_norm from {mu_norm:.2g}: a share of up to {mean:.2g} by a cell's mean, and {draw:.2g} "
              "in one draw.", fitted),
        Made("The curve is n |mu|^4 = sigma_p^4 d, the theorem's threshold with a constant of 1.  Ours: sigma_p, "
             "sigma_0."),
    )


def _most(values: xarray.DataArray) -> float:
    """The greatest value; 0 where there is none."""
    return float(values.max()) if values.size else 0.0


KOU = (
    Diagram(
        name="kou", shows="Benign and harmful overfitting with flipped labels (Kou, Chen, Chen and Gu 2023)",
        setting=MODEL, x=Span("mu_norm", 0.0, 9.9, 100), y=Span("d", 100.0, 1090.0, 100, whole=True), steps=100,
        given={"n": 20, "m": 10, "sigma_p": 1.0, "sigma_0": 0.01, "eta": 0.1, "flip_probability": 0.1},
        seeds=10, beside=("train_error",), curves=("mu_norm = (sigma_p**4*d/n)**0.25",), says=_says,
    ),
)
