"""What every variable of a run is: its symbol, its meaning in words, its units and its source, from the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import variables
from .data import Directions
from .parameter import Parameter

STOPPED = "stopped"
_OPEN = "with what the fresh draws leave open"


@dataclass(frozen=True)
class Meaning:
    """What one variable is: LaTeX of its symbol (no dollar signs), words, units ("1" for a pure number), source."""

    symbol: str
    words: str
    source: str = ""
    units: str = "1"

    @property
    def attributes(self) -> dict[str, str]:
        """The same as xarray writes them on an axis: `long_name` is the symbol, which plots typeset."""
        source = {"source": self.source} if self.source else {}
        return {"long_name": f"${self.symbol}$", "units": self.units, "meaning": self.words, **source}


def meanings(model: Any) -> dict[str, Meaning]:
    """Every variable that a run of the model can return, in its order, hitting times of events last."""
    known = {**_common(model), **_fresh(model)}
    for family in model.directions:
        known |= _coefficient(family)
    for observable in model.observables:
        words = observable.words(model)
        for name in (observable.name, *observable.also):
            symbol = observable.latex if name == observable.name else ""
            known[name] = Meaning(symbol or rf"\mathrm{{{_typeset(name)}}}", words[name], observable.source)
    ordered = {name: known[name] for name in variables.of_run(model)}
    for event in model.events:
        words = f"first step t with {event.observable} {event.relation} {event.threshold}; -1: not reached"
        ordered[event.name] = Meaning(event.latex, words, event.source, "steps")
    return ordered


def stopped() -> Meaning:
    """The variable `STOPPED`, of a run that may end early."""
    return Meaning(r"t_{\mathrm{stop}}", "first step t at which what ends the run early holds; -1: not reached",
                   units="steps")


def of_parameter(parameter: Parameter) -> Meaning:
    """What a parameter is; its name stands for a symbol that is not declared."""
    return Meaning(parameter.latex or rf"\mathrm{{{_typeset(parameter.name)}}}", parameter.meaning)


def coordinates(model: Any) -> dict[str, Meaning]:
    """What each dimension of a run's variables counts, and the labels of the examples, by name."""
    axis = model.network.head_axis
    words = "+1 or -1" if axis.signed else "0 to K - 1"
    return {
        "t": Meaning("t", "steps taken: the values are of W(t)", units="steps"),
        "seed": Meaning(r"\mathrm{seed}", "the run's seed"),
        axis.dim: Meaning(axis.dim, f"head, {words}"),
        "r": Meaning("r", "filter of a head, from 0"),
        "i": Meaning("i", "example, from 0" + (", of a task" if model.algorithm.over_tasks else "")),
        "task": Meaning("k", "task, from 0"),
        "class": Meaning("k", "class, from 0"),
        "bin": Meaning("b", "bin, from 0, of equally many values of a class in ascending order"),
        "matrix": Meaning(r"\mathbf{W}", "a head's matrix of filters, or all of them stacked"),
        "y": Meaning("y_i", f"label of the example, {words}, as training sees it"),
        "yhat": Meaning(r"\hat y_i", f"clean label of the example, {words}, before any flip"),
    }


def _common(model: Any) -> dict[str, Meaning]:
    """Variables of the training data."""
    signed, over_tasks = model.network.head_axis.signed, model.algorithm.over_tasks
    margin = r"y_i f(W,x_i)" if signed else r"F_{y_i}(x_i)-\max_{k\neq y_i}F_k(x_i)"
    if over_tasks:
        return {
            "loss": Meaning(
                r"\mathcal{L}",
                "meta-objective: mean over tasks of the adapted weights' loss on the outer step's examples",
            ),
            "gradient_norm": Meaning(r"\|\nabla\mathcal{L}\|_F", "norm of the outer step's direction"),
            "margins": Meaning(r"y_{k,i}f(\tilde W_k,x_{k,i})", "margin of each example at its task's adapted weights"),
            "train_error": Meaning(
                r"\mathrm{err}_S", "share of examples that their task's adapted weights misclassify, ties half"
            ),
        }
    return {
        "loss": Meaning("L_S", "training loss L_S, without penalty"),
        "gradient_norm": Meaning(r"\|\nabla L_S\|_F", "Frobenius norm of the training loss's gradient"),
        "margins": Meaning(margin, "margin of each example"),
        "train_error": Meaning(r"\mathrm{err}_S", "share of training examples misclassified, ties half"),
        "zeta": Meaning(
            r"\zeta_i" if signed else r"\zeta_{k,i}",
            "squared gradient norm of each example's output, over what is the same for every filter",
        ),
    }


def _fresh(model: Any) -> dict[str, Meaning]:
    """Variables of fresh examples, or of fresh tasks."""
    if model.test.of_tasks:
        estimates = {name: _of_tasks(name) for name in variables.ESTIMATES_OF_TASKS}
    else:
        what, how = model.test.example, model.test.judged(model.label_flips)
        estimates = {
            "test_error": Meaning(r"\mathrm{err}", f"P(misclassified) for {what}{how}"),
            "test_loss": Meaning(r"L_D", f"expected loss of {what}{how}"),
            "class_error": Meaning(r"\mathrm{err}_k", f"P(misclassified) for {what} of the class"),
        }
    errors = {f"{name}_se": Meaning(rf"\mathrm{{se}}({each.symbol})", f"standard error of {name}")
              for name, each in estimates.items()}
    bounds = {f"{name}_upper": Meaning(rf"\overline{{{estimates[name].symbol}}}",
                                       f"upper bound of {name} at 95 %, {_OPEN}")
              for name in variables.bounded(model)}
    return {**estimates, **errors, **bounds}


def _of_tasks(name: str) -> Meaning:
    what, symbol = (
        ("expected loss", "L_D") if "loss" in name
        else ("P(right)", r"\mathrm{acc}") if "accuracy" in name else ("P(misclassified)", r"\mathrm{err}")
    )
    mark, how = (
        (r"^{\mathrm{adapted}}", "after adaptation to its task") if name.endswith("_adapted")
        else (r"^{\mathrm{unadapted}}" if name.endswith("_unadapted") else "", "without adaptation")
    )
    return Meaning(f"{symbol}{mark}", f"{what} of a fresh task's example, {how}")


def _coefficient(family: Directions) -> dict[str, Meaning]:
    """A family's coefficient, and its two sign classes where it is split."""
    declared = family.coefficient
    factors = [
        *(["the head's sign"] if declared.signed else []), *(["y_i"] if declared.labelled else []),
        *([f"||{family.name}||^2"] if declared.scaled else []),
    ]
    times = f" times {' times '.join(factors)}" if factors else ""
    what = f"coefficient of {family.name} in w{times}"
    by_name = {declared.name: Meaning(declared.latex, what)}
    if declared.split:
        for part, symbol, where in (
            ("_over", rf"\overline{{{declared.latex}}}", "where the head is the example's own"),
            ("_under", rf"\underline{{{declared.latex}}}", "where it is not"),
        ):
            by_name[declared.name + part] = Meaning(symbol, f"{declared.name} {where}, 0 elsewhere")
    return by_name


def _typeset(name: str) -> str:
    return name.replace("_", r"\_")
