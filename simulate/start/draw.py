"""One draw of a model's data and initialisation: from vectors, from Gram matrices alone, or the caller's own arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivations.declare import Model, Value
from dynamics.blas import one_blas_thread

from ..ask import values as values_of
from ..errors import GramRefused, InputError
from . import neurons
from .draw_tasks import draw_tasks
from .drawn import Draw
from .examples import by_gram, by_vectors
from .given import from_arrays, tasks_from_arrays
from .labels import flips, labels_of
from .plan import Plan, plan_of
from .refusals import gram_refusal
from .scalars import drawn_scalars


@one_blas_thread()
def draw(
    model: Model,
    values: Mapping[str, Value],
    seed: int,
    sampling: str = "vectors",
    initial: Mapping[str, Any] | None = None,
    planned: Callable[[], Plan] | None = None,
) -> Draw:
    """One draw; the same model, values and seed give the same draw, whichever engine runs it.

    Labels are uniform over +-1 or the classes, or sorted with the declared class sizes, and each is then flipped with
    the probability that `Model.label_flips` names, if any; fixed directions are mutually orthogonal of their declared
    lengths; Gaussian families are N(0, std^2 P) a vector, mixtures yhat_i mu + N(0, std^2 I) by the label before the
    flip, class noise A_y zeta with the spikes on axes, so that a spike's coordinate has zeta's own law; filters have
    i.i.d. entries of standard deviation sigma_0.

    Args:
        model: the declaration.
        values: parameters by name: "n", "m", "d", each fixed family's length, each Gaussian family's std and flag, the
            initialisation's std.  Sizes are read from the arrays where `initial` is given.
        seed: a whole number >= 0; streams "labels", "label_flips", "scalars", "data", "init", for a mixture's mean
            "centre", for mixing matrices "mixing"; for second-layer weights and biases that are random, their own.
        sampling: "vectors" draws every vector; "gram" draws the inner products alone, exactly in distribution and at
            any d, for Gaussian laws.
        initial: the caller's arrays "W" (H, m, d), "y" (n,) and one per family: (d,), (K, d) or (n, d); for class noise
            its matrices (K, d, d) too, or instead: its vectors are then drawn from them.  Labels are taken as they are,
            never flipped; "clean" (n,) may bring those before flips, y where it is left out.  Each scalar that is drawn
            comes under its name, (n,), and a mixing matrix of a `Row` under its own, (n, n); second-layer weights and
            biases may come under theirs, (H, m).
        planned: gives the plan of the model at these values, where somebody has it.

    Raises:
        InputError: a parameter or array is missing, out of range or does not fit the others, or the sampling is
            inexact or too large for this model.
    """
    if sampling not in ("vectors", "gram"):
        raise InputError(f"sampling: {sampling!r} is not known; expected 'vectors' or 'gram'")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed: {seed!r}; expected a whole number from 0, such as 0")
    if initial is not None:
        initial = values_of.mapping("initial", initial, "arrays by name", "{'W': ...}")
    if model.network.axes:
        return _with_neurons(model, values, seed, sampling, initial, planned)
    if initial is not None:
        if sampling == "gram":
            raise InputError("sampling: 'gram' draws its own data, but initial= brings arrays; leave one of them out")
        if model.algorithm.over_tasks:
            return tasks_from_arrays(model, initial)
        return from_arrays(model, values, initial, seed)
    reason = gram_refusal(model, values) if sampling == "gram" else ""
    if reason:
        raise GramRefused(reason)
    if model.algorithm.over_tasks:
        return draw_tasks(model, values, seed, sampling)
    plan = plan_of(model, values) if planned is None else planned()
    clean = labels_of(model, values, plan.n, seed)
    observed = clean * flips(model, values, plan.n, seed)
    gram = sampling == "gram"
    drawn = by_gram(plan, clean, seed) if gram else by_vectors(model, values, plan, clean, seed)
    return replace(drawn, y=observed, scalars=drawn_scalars(model, values, observed, clean, seed))


def _with_neurons(
    model: Model, values: Mapping[str, Value], seed: int, sampling: str, initial: Mapping[str, Any] | None,
    planned: Callable[[], Plan] | None,
) -> Draw:
    """The draw of the data and the filters, as without the neurons' own numbers, and these beside them."""
    own = neurons.names(model)
    rest = None if initial is None else {name: each for name, each in initial.items() if name not in own}
    drawn = draw(model.of_data, values, seed, sampling, rest, planned)
    start = neurons.drawn(model, values, seed, drawn.z.shape[1])
    return neurons.beside(drawn, neurons.given(model, initial or {}, start))
