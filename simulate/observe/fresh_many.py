"""Test error and test loss of many runs' states at once, each with the bits that `fresh_statistics` gives it alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from derivations.declare import GaussianLaw, MixtureLaw, Model, terms_of
from derivations.declare.variables import FRESH
from dynamics.arrays import Array
from dynamics.chance.gram import Reduced
from dynamics.chance.normals import standard_normal
from dynamics.chance.streams import stream
from dynamics.fresh import lanelaw, testlaw
from dynamics.fresh.normals import STRATA, Normals, leading
from dynamics.kernel.kernel import Kernel

from ..ask.columns import Columns
from ..start.declared import law_of, numbers, off_indices
from ..start.many import Drawn
from ..values import Values, number
from .fresh import DRAWS, add_centres, bounded, patches_of_fresh
from .fresh_cases import cases_of_fresh
from .fresh_covariance import noise_covariance
from .fresh_groups import in_groups

KEPT = 16  # seeds whose normals are kept
AT_ONCE = 4  # seeds whose normals are taken in one call: more are not in a cache any more


def shape_of(model: Model, values: Values, n: int) -> tuple[object, ...] | None:
    """What states must have in common to be judged together; None where the law has more to it than one covariance."""
    if not model.test.by_own_laws:
        return None
    laws = {name: law_of(model.family(name), values) for name in model.test.drawn}
    families = [model.family(term.direction) for term in terms_of(model.patches)]
    stale = any(family.index_set.per_example and family.name not in laws for family in families)
    if model.test.of_tasks or stale or not all(isinstance(law, GaussianLaw | MixtureLaw) for law in laws.values()):
        return None
    return (len(cases_of_fresh(model, values).labels),)


def judge_many(
    model: Model, kernel: Kernel, drawn: Drawn, z: Array, b: Array, values: Columns, seeds: Sequence[int],
    left: Array, with_losses: bool,
) -> dict[str, Array]:
    """test_error, test_loss and their standard errors, each (R,); NaN for a run that has to be judged alone.

    Args:
        model: the declaration, of one `shape_of` at all values.
        kernel: on lanes.
        drawn: the starts.
        z: (R, H, m, B), pre-activations on the directions.
        b: (R, H, m, B), coefficients.
        values: parameters of each run.
        seeds: of each run; the "test" stream's.
        left: (R,), what is left of W(0) in W.
        with_losses: whether test losses are wanted; NaN where not.
    """
    fresh = _law(model, drawn, z, b, values, left)
    grouped = in_groups(model, {}, values.alike, DRAWS)
    known = np.isfinite(fresh.fixed).all(axis=(1, 2, 3, 4))
    statistics = {name: np.full(len(z), np.nan) for name in FRESH}
    runs = np.flatnonzero(known)
    if not runs.size:
        return statistics
    m, count = z.shape[2], fresh.covariance.shape[1]
    some = fresh
    if len(runs) < len(z):
        shares = None if fresh.shares is None else fresh.shares[known]
        some = testlaw.Fresh(fresh.fixed[known], fresh.mix, fresh.covariance[known], fresh.labels, shares=shares)
    scalars = kernel.columns(values, m, values.count)[runs, : len(kernel.scalars)]
    parts = lanelaw.parts_of(some, _outputs(kernel, values, scalars, runs))
    seed_of = [seeds[run] for run in runs.tolist()]
    rows = list(dict.fromkeys(seed_of))
    row_of = {seed: row for row, seed in enumerate(rows)}
    places = np.array([row_of[seed] for seed in seed_of])
    judged = np.empty((len(runs), 2, 2))
    for first in range(0, len(rows), AT_ONCE):
        group = rows[first : first + AT_ONCE]
        normals = lanelaw.together([_normals(seed, count, z.shape[1] * m, grouped) for seed in group])
        of = slice(None) if len(rows) <= AT_ONCE else np.flatnonzero((places >= first) & (places < first + AT_ONCE))
        judged[of] = lanelaw.judged(
            kernel.lanes, parts.at(of), some.labels, some.shares if some.shares is None else some.shares[of],
            some.covariance[of], normals, places[of] - first, scalars[of], with_losses)
    for name, numbers_of in lanelaw.by_name(judged).items():
        statistics[name][known] = numbers_of
    return bounded(statistics, fresh, DRAWS)


def _outputs(
    kernel: Kernel, values: Columns, scalars: Array, runs: NDArray[np.intp]
) -> testlaw.Outputs | list[testlaw.Outputs]:
    """The network of the runs: one where all have the same numbers in it."""
    if (scalars == scalars[0]).all():
        return functools.partial(_output, kernel, values.at(int(runs[0])))
    return [functools.partial(_output, kernel, values.at(run)) for run in runs.tolist()]


def _output(kernel: Kernel, values: Values, a: Array) -> Array:
    return kernel.outputs(a, values)


def _law(model: Model, drawn: Drawn, z: Array, b: Array, values: Columns, left: Array) -> testlaw.Fresh:
    """The law of fresh examples, a state of `testlaw.Fresh` a run."""
    vectors = [(name, 0) for name in model.test.drawn]  # of signed heads: one vector of each
    first, which = values.distinct([model.label_flips])
    of_flips = [cases_of_fresh(model, values.at(at)) for at in first.tolist()]
    cases = of_flips[0]
    shares = None if cases.shares is None else np.array([each.shares for each in of_flips])[which]
    fixed, mix = patches_of_fresh(
        model, z, drawn.y.shape[1], cases, vectors, lambda family, label: (family.name, 0)
    )
    add_centres(fixed, model, cases, drawn.centres, b, left)
    each = [_covariance(model, name, drawn, b, values, left) for name, _ in vectors]
    covariance = each[0][:, None] if len(each) == 1 else np.stack(each, axis=1)
    return testlaw.Fresh(fixed, mix, covariance, cases.labels, shares=shares)


def _covariance(model: Model, name: str, drawn: Drawn, b: Array, values: Columns, left: Array) -> Array:
    """std^2 W P W^T of each run, (R, S, S)."""
    law = law_of(model.family(name), values.alike)
    assert isinstance(law, GaussianLaw | MixtureLaw)
    off = off_indices(model, law, drawn.y.shape[1], values.alike)
    squares = numbers(values, law.std, number) ** 2
    start = Reduced(drawn.z, drawn.gram, drawn.weight_gram)
    return noise_covariance(start, off, b, left, squares[:, None, None])


@functools.lru_cache(maxsize=KEPT)
def _normals(seed: int, count: int, neurons: int, grouped: bool) -> lanelaw.Packed:
    """A seed's normals, as a kernel reads them."""
    groups = DRAWS // STRATA if grouped else DRAWS
    lead = leading(seed, groups, count, lanelaw.HEADS) if grouped else None
    return lanelaw.packed(Normals(standard_normal(stream(seed, "test"), (groups, count, neurons)), lead))


__all__ = ["judge_many", "shape_of"]
