"""What a declaration names is declared: families and parameters are looked up where the model is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from derivations.declare import EntryInitialisation, FixedLaw, FreshLaw, GaussianLaw, GradientDescent, Model
from derivations.errors import ModelError
from derivations.papers.pegr.model import model as pegr

PEGR = pegr("none")
MU, XI = PEGR.directions


def without(name: str) -> Model:
    """PEGR with a parameter left out."""
    return replace(PEGR, parameters=tuple(each for each in PEGR.parameters if each.name != name))


WRONG: dict[str, tuple[Callable[[], Model], str]] = {
    "noise off no family": (
        lambda: replace(PEGR, directions=(MU, replace(XI, law=GaussianLaw(std="sigma_p", off=("nu",))))),
        "GaussianLaw.off: 'nu' is no family of this model; expected one of mu, xi",
    ),
    "a fresh family that is none": (
        lambda: replace(PEGR, test=FreshLaw(fresh=("zi",))),
        "FreshLaw.fresh: 'zi' is no family of this model; expected one of mu, xi",
    ),
    "a length that is no parameter": (
        lambda: replace(PEGR, directions=(replace(MU, law=FixedLaw(norm="mu_nrom")), XI)),
        "FixedLaw.norm: 'mu_nrom' is no parameter of this model; did you mean 'mu_norm'?",
    ),
    "a step that is no parameter": (
        lambda: replace(PEGR, algorithm=GradientDescent(step="etaa")),
        "GradientDescent.step: 'etaa' is no parameter of this model; did you mean 'eta'?",
    ),
    "the step's parameter left out": (lambda: without("eta"), "GradientDescent.step: 'eta' is no parameter"),
    "an option that is no parameter": (
        lambda: replace(PEGR, algorithm=GradientDescent(momentum="beta")), "GradientDescent.momentum: 'beta' is no",
    ),
    "a start that is no parameter": (
        lambda: replace(PEGR, initialisation=EntryInitialisation(std="sigma_0", shape="form")),
        "EntryInitialisation.shape: 'form' is no parameter",
    ),
    "a flag that is no parameter": (lambda: replace(PEGR, class_sizes="sizes"), "Model.class_sizes: 'sizes' is no"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(name: str) -> None:
    make, said = WRONG[name]
    with pytest.raises(ModelError) as caught:
        make()
    assert said in str(caught.value)


def test_a_model_without_parameters_is_derived_and_refers_freely() -> None:
    assert replace(PEGR, parameters=()).algorithm.step == "eta"
