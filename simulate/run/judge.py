"""Fresh examples judged along a run: by the law of fresh tasks, by held-out examples, or by the law of fresh ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derivations.declare import HeldOutLaw, Model, OfFresh, Variable
from dynamics.arrays import Array
from dynamics.kernel.bilevel import BilevelKernel

from ..ask.losses import loss_of
from ..errors import InputError
from ..observe import fresh_refusals
from ..observe import observables as obs
from ..observe.samplings import DRAWN, Judging, TestSampling
from ..observe.states import States
from ..start import source
from ..work.once import once
from . import tasks
from .problem import Start

WHAT = "test_error, test_loss and what else needs fresh examples are"


@dataclass(frozen=True)
class Judged:
    """Variables of fresh examples by name; or the `reason` why they have no known law here.  `notes` are lines."""

    variables: dict[str, Variable] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()


def judge(
    start: Start, states: States, wanted: Iterable[str], network: Any, sampling: TestSampling = DRAWN
) -> Judged:
    """The variables among `wanted` that come from fresh examples, taken by `sampling`, at these states.

    `network.outputs(a, values)` are the outputs of examples with patch pre-activations a: the kernel's, or those of the
    network as declared.
    """
    names = [name for name in obs.fresh_names(start.model) if name in set(wanted)]
    if not names or states.b is None:
        return Judged()
    test, examples = start.model.test, start.problem.examples
    by_source = examples is not None and test.by_source
    by_law = not (start.model.algorithm.over_tasks or by_source or isinstance(test, HeldOutLaw))
    if not by_law and sampling is not DRAWN:
        whose = "fresh tasks" if start.model.algorithm.over_tasks else "held-out examples"
        raise InputError(
            f"test_sampling: {sampling.name!r} takes fresh examples by their law, and this run is judged on {whose}; "
            f"expected test_sampling={DRAWN.name!r}")
    if start.model.algorithm.over_tasks:
        return _on_tasks(start, states, names, network)
    if by_source:
        assert examples is not None
        through = source.through_coefficients(start.draw, states.b, states.shares, examples.test_x)
        return Judged(held_out(start, through, names, network))
    return _by_law(start, states, names, network, sampling)


def _on_tasks(start: Start, states: States, names: list[str], network: Any) -> Judged:
    variables, reason = tasks.on_fresh_tasks(network, states, start.seed, names)
    another = by_another(start)
    noted = (another,) if another and variables else ()
    if all(np.isfinite(variable.values).all() for variable in variables.values()):
        return Judged(variables, reason, noted)
    what = "on fresh tasks outputs leave the floating-point numbers at some steps"
    assert isinstance(start.kernel, BilevelKernel)
    cure = f"lower {start.kernel.cure(start.values)}"
    return Judged(variables, reason, (*noted, f"{what}, and what needs them is NaN there; {cure}",))


def held_out(start: Start, preactivations: Iterable[Array], wanted: Iterable[str], network: Any) -> dict[str, Variable]:
    """Test error and loss on the data's own held-out examples, of pre-activations (N, 1, H, m) at each state."""
    examples = start.problem.examples
    assert examples is not None
    statistics = source.held_out_statistics(
        start.model, lambda a: network.outputs(a, start.values), preactivations, examples.test_y,
        loss_of(start.model, start.values))
    return {
        name: Variable(obs.dimensions(start.model)[name], each, source.meaning(name, len(examples.test_y)))
        for name, each in statistics.items()
        if name in wanted
    }


def _by_law(start: Start, states: States, names: list[str], network: Any, sampling: TestSampling) -> Judged:
    model, values = start.model, start.values
    draw = states.draw  # of a step that draws its examples afresh it is that step's, which starts from W(t)
    reason = fresh_refusals.refusal(model, draw, values)
    if reason:
        return Judged(reason=reason)
    assert states.b is not None
    declared = [o for o in _of_fresh(model) if {o.name, *o.also} & set(names)]
    statistics = sampling.statistics(
        Judging(model, network, draw, states.z, states.b, values, start.seed, states.shares, declared))
    another = by_another(start)
    held = None if draw.held is None else len(draw.held.y)
    return Judged({
        name: replace(obs.labelled(model, name, statistics[name]),
                      said="" if held is None else source.meaning(name, held), note=f"; {another}" if another else "")
        for name in names
    }, notes=(another,) if another else ())


@once
def _of_fresh(model: Model) -> tuple[OfFresh, ...]:
    return tuple(o for o in model.observables if isinstance(o, OfFresh))


def by_another(start: Start) -> str:
    """That fresh examples go by declared laws, where the caller's own arrays need not; "" where they are the same."""
    names = start.model.test.declared(start.model)
    if start.problem.initial is None or not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"fresh examples draw {listed} from the declared law, which initial's arrays need not follow"
