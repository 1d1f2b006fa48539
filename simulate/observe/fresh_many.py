"""Test error and test loss of many runs' states at once, each with the bits that `fresh_statistics` gives it alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import ClassNoiseLaw, GaussianLaw, MixtureLaw, Model, terms_of
from derivations.declare.variables import FRESH_BY_CLASS, judged
from dynamics.arrays import Array
from dynamics.chance.normals import standard_normal
from dynamics.chance.streams import stream
from dynamics.fresh import lanelaw, spiked, testlaw
from dynamics.fresh.classnoise import Bulk, Spiked
from dynamics.fresh.normals import Normals, leading
from dynamics.kernel.kernel import Kernel

from ..ask.columns import Columns
from ..start.declared import law_of, numbers, off_indices
from ..start.many import Drawn
from ..values import Values, number, whole
from .fresh import DRAWS, add_centres, at_states, bounded, fresh_vectors, key_of, patches_of_fresh
from .fresh_cases import cases_of_fresh
from .fresh_covariance import noise_covariance
from .fresh_groups import independent

KEPT = 16  # seeds whose normals are kept
AT_ONCE = 4  # seeds whose normals are taken in one call: more are not in a cache any more


def read_of(model: Model, values: Values) -> list[str]:
    """The parameters that `shape_of` depends on, of those in which cells of one lot may differ."""
    laws = [law_of(model.family(name), values) for name in model.test.drawn]
    scalars = [number for each in model.scalars for _, number in each.numbers if isinstance(number, str)]
    return [model.label_flips, *scalars, *(law.ratio for law in laws if isinstance(law, ClassNoiseLaw))]


def shape_of(model: Model, values: Values, n: int) -> tuple[object, ...] | None:
    """What states must have in common to be judged together; None where the law has more to it than one covariance."""
    if not model.test.by_own_laws:
        return None
    laws = {name: law_of(model.family(name), values) for name in model.test.drawn}
    families = [model.family(term.direction) for term in terms_of(model.patches)]
    stale = any(family.index_set.per_example and family.name not in laws for family in families)
    if model.test.of_tasks or stale or any(term.densities for term in terms_of(model.patches)):
        return None
    if model.network.second_layer is not None:
        return None
    cases, noises = cases_of_fresh(model, values), list[bool]()
    for law in laws.values():
        if isinstance(law, ClassNoiseLaw) and law.shape_of(values) == "gaussian" and not model.network.head_axis.signed:
            noises.append(number(values, law.ratio) != 1.0)
        elif not isinstance(law, GaussianLaw | MixtureLaw):
            return None
    if not model.network.head_axis.signed and not (
        lanelaw.once_each(cases.labels, cases.shares)
        and lanelaw.takes(model.n_heads, model.n_heads * whole(values, "m"))
    ):
        return None
    scalars = tuple((name, *each.tolist()) for name, each in cases.scalars.items())
    shares = None if not scalars or cases.shares is None else tuple(cases.shares.tolist())
    return (len(cases.labels), *noises, scalars, shares)


def judge_many(
    model: Model, kernel: Kernel, drawn: Drawn, z: Array, b: Array, values: Columns, seeds: Sequence[int],
    left: Array, with_losses: bool,
) -> dict[str, Array]:
    """The variables that are `judged`, each (R,), of classes (R, K); NaN for a run that has to be judged alone.

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
    groups = independent(model, drawn.noise, values.alike, DRAWS)
    known = np.asarray(np.isfinite(fresh.fixed).all(axis=(1, 2, 3, 4)))
    by_class = () if kernel.signed else (kernel.heads,)
    statistics = {name: np.full((len(z), *by_class * (name in FRESH_BY_CLASS)), np.nan) for name in judged(model)}
    runs = np.flatnonzero(known)
    if not runs.size or not fresh.mix.any():  # nothing of a fresh example is random: no kernel judges that
        return statistics
    m, neurons = z.shape[2], z.shape[1] * z.shape[2]
    some = fresh
    if len(runs) < len(z):
        some = replace(at_states(fresh, known), shares=None if fresh.shares is None else fresh.shares[known])
    spikes = tuple(each.scale.shape[-1] for each in drawn.noise.values())
    gaussian, vectors = fresh.covariance.shape[1] - len(spikes), len(fresh_vectors(model, drawn.noise))
    scalars = kernel.columns(values, m, values.count)[runs, : len(kernel.scalars)]
    parts = lanelaw.parts_of(some, _outputs(kernel, values, scalars, runs))
    seed_of = [seeds[run] for run in runs.tolist()]
    rows = list(dict.fromkeys(seed_of))
    row_of = {seed: row for row, seed in enumerate(rows)}
    places = np.array([row_of[seed] for seed in seed_of])
    estimates = np.empty((len(runs), lanelaw.estimates_of(kernel.signed, kernel.heads), 2))
    for first in range(0, len(rows), AT_ONCE):
        group = rows[first : first + AT_ONCE]
        normals = lanelaw.together(
            [_normals(seed, gaussian, spikes, vectors, neurons, model.n_heads, groups) for seed in group]
        )
        of = slice(None) if len(rows) <= AT_ONCE else np.flatnonzero((places >= first) & (places < first + AT_ONCE))
        estimates[of] = lanelaw.judged(
            kernel.lanes, parts.at(of), some.labels, some.shares if some.shares is None else some.shares[of],
            some.covariance[of], normals, places[of] - first, scalars[of], with_losses)
    for name, each in lanelaw.by_name(estimates, groups).items():
        statistics[name][known] = each
    return bounded(statistics, fresh, groups)


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
    vectors = fresh_vectors(model, drawn.noise)
    first, which = values.distinct([model.label_flips])
    of_flips = [cases_of_fresh(model, values.at(at)) for at in first.tolist()]
    cases = of_flips[0]
    shares = None if cases.shares is None else np.array([each.shares for each in of_flips])[which]
    fixed, mix = patches_of_fresh(
        model, z, drawn.y.shape[1], cases, vectors, lambda family, label: key_of(drawn.noise, family, label)
    )
    add_centres(fixed, model, cases, drawn.centres, b, left)
    neurons = z.shape[1] * z.shape[2]
    own = [_covariance(model, name, drawn, b, values, left)[:, None] for name, _ in vectors if name not in drawn.noise]
    none = np.empty((len(z), 0, neurons, neurons))
    covariance = own[0] if len(own) == 1 else np.concatenate([none, *own], axis=1)  # one alone is not copied
    fresh = testlaw.Fresh(fixed, mix, covariance, cases.labels, shares=shares)
    if not drawn.noise:
        return fresh
    names = dict.fromkeys(name for name, _ in vectors if name in drawn.noise)
    return spiked.with_noises(fresh, [_noise(drawn.noise[name], drawn, z, b, left) for name in names])


def _noise(noise: Spiked, drawn: Drawn, z: Array, b: Array, left: Array) -> spiked.Noise:
    """A family's class noise, of each run."""
    states, coefficients = (each.reshape(len(each), -1, each.shape[-1]) for each in (z, b))
    bulk = Bulk.of(noise, drawn.reduced)
    onto_w, onto_v = (np.swapaxes(each, -1, -2) for each in (noise.z, noise.gram))
    lines = spiked.lines_of(onto_w, onto_v, coefficients, left)
    return spiked.Noise(bulk.covariance(states, coefficients, left), lines, noise.scale)


def _covariance(model: Model, name: str, drawn: Drawn, b: Array, values: Columns, left: Array) -> Array:
    """std^2 W P W^T of each run, (R, S, S)."""
    law = law_of(model.family(name), values.alike)
    assert isinstance(law, GaussianLaw | MixtureLaw)
    off = off_indices(model, law, drawn.y.shape[1], values.alike)
    squares = numbers(values, law.std, number) ** 2
    return noise_covariance(drawn.reduced, off, b, left, squares[:, None, None])


@functools.lru_cache(maxsize=KEPT)
def _normals(
    seed: int, gaussian: int, spikes: tuple[int, ...], vectors: int, neurons: int, heads: int, groups: int
) -> lanelaw.Packed:
    """A seed's normals, as a kernel reads them: so many Gaussian vectors, and class noises with so many spikes each.

    What leads the heads is drawn for as many vectors as classes tell apart; a noise has one of them, from the last.
    """
    rng = stream(seed, "test")
    own = [*range(gaussian), *range(vectors - len(spikes), vectors)]
    lead = leading(seed, groups, vectors, heads)[:, :, own] if groups < DRAWS else None
    rest, along = [standard_normal(rng, (groups, gaussian, neurons))], list[Array]()
    for count in spikes:
        rest.append(standard_normal(rng, (groups, 1, neurons)))
        along.append(standard_normal(rng, (DRAWS, count)))
    shared = np.concatenate(rest, axis=1) if spikes else rest[0]
    return lanelaw.packed(Normals(shared, lead, np.concatenate(along, axis=1) if spikes else None), heads)


__all__ = ["judge_many", "read_of", "shape_of"]
