"""Test error and test loss of a trajectory: a Model's test law read into `dynamics.fresh.testlaw`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from derivations.declare import (
    Directions,
    HeldOutLaw,
    Model,
    NearLaw,
    OfFresh,
    Term,
    Value,
    terms_of,
)
from dynamics.arrays import Array, Flags
from dynamics.blas import one_blas_thread
from dynamics.fresh import classnoise, lanelaw, spiked, testlaw
from dynamics.fresh.classnoise import Matrices, Spiked
from dynamics.fresh.intervals import upper
from dynamics.fresh.normals import Normals
from dynamics.kernel.kernel import Kernel

from ..ask.losses import loss_of
from ..ask.userfile import answer
from ..errors import InputError
from ..start.declared import entries_of, law_of
from ..start.drawn import Centre, Draw
from ..work.once import once
from . import fresh_refusals, held_out, near
from .fresh_cases import Cases, cases_of_fresh
from .fresh_covariance import covariance_of
from .fresh_groups import Leading, leading_of
from .fresh_products import with_products
from .fresh_view import FreshDraws, start_of
from .kept_normals import FreshStream

BOUNDED = ("test_error", "class_error")
DRAWS = 4096  # fresh examples that a state is judged on


@once
def _packed_once(_: Array) -> dict[tuple[int, int], lanelaw.Packed]:
    """What is packed of normals that are kept, by the strata and the heads: two may have as many neurons as three."""
    return {}


class Network(Protocol):
    """What gives outputs on examples: a kernel, or the network as declared."""

    def outputs(self, a: Array, values: Mapping[str, Any]) -> Array:
        """Outputs (N,) or (N, K) of examples given by patch pre-activations a (N, P, H, m), patches as declared."""


def fresh_statistics(
    model: Model,
    network: Network,
    draw: Draw,
    z: Array,
    b: Array,
    values: Mapping[str, Value],
    seed: int,
    size: int = DRAWS,
    shares: Array | None = None,
    declared: Sequence[OfFresh] = (),
) -> dict[str, Array]:
    """test_error, test_loss (T,) and for class heads class_error (T, K), along a trajectory, each with NAME_se.

    Errors have NAME_upper too, what so many draws leave open (`upper`).

    By a `FreshLaw` an example has a clean label uniform over the heads' labels, which is flipped with the model's
    probability unless the law's `flips` is unset: error and loss are those of the label so observed.  It has the fixed
    directions of training (a mixture's mean among them), and the families that the law draws again from their own laws;
    std and projection come from `values`, also for a caller's own arrays.  Other laws are in `near` and `held_out`.
    Needs no dimension d.  See
    `dynamics.fresh.testlaw.statistics` for ties and standard errors.

    Args:
        model: the declaration.
        network: a kernel, which judges on lanes where it advances such states on lanes, or what else has outputs.
        draw: the draw the trajectory started from.
        z: (T, H, m, B), pre-activations on the directions.
        b: (T, H, m, B), coefficients.
        values: parameters by name.
        seed: the "test" stream's seed.
        size: N, the number of fresh draws, at least 2.
        shares: (T,), what is left of W(0) in W where weights decay; 1 where not given.
        declared: observables of fresh examples, whose variables are wanted as well.

    Raises:
        InputError: the test law is not known (see `fresh_refusals`), or `size` is below 2.
    """
    if size < 2:
        raise InputError(f"size: {size} fresh draws give no standard error; give at least 2 (4096 is usual)")
    reason = fresh_refusals.refusal(model, draw, values)
    if reason:
        raise InputError(reason)
    left = np.ones(len(z)) if shares is None else shares
    # The same bits whatever the machine's threads; a state too large has no test law, and that is NaN.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        if isinstance(model.test, HeldOutLaw):
            return held_out.statistics(model, lambda a: network.outputs(a, values), draw, z, b, values, left)
        return _statistics(model, network, draw, z, b, values, seed, size, left, declared)


def _statistics(
    model: Model, network: Network, draw: Draw, z: Array, b: Array, values: Mapping[str, Value],
    seed: int, size: int, left: Array, declared: Sequence[OfFresh],
) -> dict[str, Array]:
    fresh, normals, vectors = law_of_seed(model, draw, z, b, values, seed, size, left)
    independent = len(normals.rest)

    def outputs(a: Array) -> Array:
        return network.outputs(a, values)

    if (
        isinstance(network, Kernel) and network.judges(draw.gram.shape[0])
        and lanelaw.fits(fresh, normals, network.signed)
    ):
        statistics = _on_lanes(network, fresh, normals, outputs, values, loss_of(model, values))
    else:
        statistics = testlaw.statistics(outputs, fresh, loss_of(model, values), normals)
    if declared:
        # Of what the model observes itself nobody knows whether the heads' leads move it: each example for itself.
        if normals.strata > 1:
            rng: Any = FreshStream(seed)
            fresh, normals, vectors = law(model, draw, z, b, values, rng, size, left)
        draws = FreshDraws(
            outputs, fresh, normals, draw, z, b, left,
            lambda family: [
                vectors.index(key_of(_noise_of(model, draw), model.family(family), int(k))) for k in fresh.labels
            ],
        )
        for observable in declared:
            statistics |= answer(observable.statistics, draws)
    return bounded(statistics, fresh, independent)


def law_of_seed(
    model: Model, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], seed: int, size: int, left: Array
) -> tuple[testlaw.Fresh, Normals, list[tuple[str, int]]]:
    """`law` with a seed's own examples, in groups where they are (`fresh_groups`)."""
    rng: Any = FreshStream(seed)
    leads = leading_of(model, _noise_of(model, draw), values, seed, size)
    return law(model, draw, z, b, values, rng, size, left, leads)


def bounded(statistics: Mapping[str, Array], law: testlaw.Fresh, independent: float) -> dict[str, Array]:
    """With the upper bound of each error by so many independent draws, groups or examples; exact if none is fresh."""
    draws = independent if law.mix.any() else np.inf
    errors = [name for name in BOUNDED if name in statistics]
    bounds = {f"{name}_upper": upper(statistics[name], statistics[f"{name}_se"], draws) for name in errors}
    return {**statistics, **bounds}


def _on_lanes(
    kernel: Kernel, fresh: testlaw.Fresh, normals: Normals, outputs: testlaw.Outputs, values: Mapping[str, Value],
    loss: testlaw.Loss,
) -> dict[str, Array]:
    """The statistics by the kernel's own judge; states whose covariance is near singular are judged as elsewhere."""
    finite = np.asarray(np.isfinite(fresh.fixed).all(axis=(1, 2, 3, 4)))
    told, drawn = fresh, normals
    if isinstance(fresh.further, classnoise.Along):
        told, drawn = spiked.by_lines(fresh, fresh.further, normals)
    estimates = np.full((len(finite), lanelaw.estimates_of(kernel.signed, kernel.heads), 2), np.nan)
    if finite.any():
        some = at_states(told, finite)
        numbers = np.tile(kernel.arguments(values, some.fixed.shape[-1]), (len(some.fixed), 1))
        estimates[finite] = lanelaw.judged(
            kernel.lanes, lanelaw.parts_of(some, outputs), some.labels, some.shares, some.covariance,
            _packed(drawn, kernel.heads), np.zeros(len(some.fixed), dtype=np.int64), numbers)
    statistics = lanelaw.by_name(estimates, len(normals.rest))
    left = np.isnan(statistics["test_error"])
    if left.any():
        for name, numbers_of in testlaw.statistics(outputs, at_states(fresh, left), loss, normals).items():
            statistics[name][left] = numbers_of
    return statistics


def at_states(fresh: testlaw.Fresh, states: Flags) -> testlaw.Fresh:
    """The law at some of its states."""
    tilt, lines = (None if each is None else each[states] for each in (fresh.tilt, fresh.lines))
    further = fresh.further
    if isinstance(further, classnoise.Along):
        further = replace(further, z=further.z[states], b=further.b[states], left=further.left[states])
    return replace(fresh, fixed=fresh.fixed[states], covariance=fresh.covariance[states], tilt=tilt, lines=lines,
                   further=further)


def _packed(normals: Normals, heads: int) -> lanelaw.Packed:
    """Normals as a kernel reads them; once for those that runs of a seed share, which `kept_normals` has read-only."""
    if normals.rest.flags.writeable:
        return lanelaw.packed(normals, heads)
    known, key = _packed_once(normals.rest), (normals.strata, heads)
    if key not in known:
        known[key] = lanelaw.packed(normals, heads)
    return known[key]


def law(
    model: Model, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], rng: np.random.Generator, size: int,
    left: Array, leads: Leading | None = None,
) -> tuple[testlaw.Fresh, Normals, list[tuple[str, int]]]:
    """The law of fresh examples along a trajectory, `size` draws for it, and (family, class) of its fresh vectors.

    Arguments as in `fresh_statistics`; all that is random is taken from `rng`, but for `leads`, by which they are in
    groups.
    """
    if isinstance(model.test, NearLaw):
        return near.law(model, draw, z, b, values, rng, size, left)
    cases = cases_of_fresh(model, values)
    labels = cases.labels
    noise = _noise_of(model, draw)
    vectors = fresh_vectors(model, noise)

    def key(family: Directions, label: int) -> tuple[str, int]:
        return key_of(noise, family, label)

    gaussian = [key for key in vectors if key[0] not in noise]
    fixed, mix = patches_of_fresh(model, z, len(draw.y), cases, vectors, key)
    add_centres(fixed, model, cases, draw.centres, b, left)
    covariance = np.zeros((len(z), len(gaussian), z.shape[1] * z.shape[2], z.shape[1] * z.shape[2]))
    for f, (name, _) in enumerate(gaussian):
        covariance[:, f] = covariance_of(model, name, draw, b, left, values)
    along = None if leads is None else leads(len(vectors))
    groups = size if along is None else len(along)
    own = None if along is None else along[:, :, : len(gaussian)]
    normals = Normals(rng.standard_normal((groups, *covariance.shape[1:3])), own)
    noisy = list(dict.fromkeys(name for name, _ in vectors if name in noise))
    further = _class_noise(model, draw, values, noisy, z, b, left, rng, size, along) if noisy else None
    weighs = model.network.second_layer is not None
    fresh = testlaw.Fresh(fixed, mix, covariance, labels, further, cases.shares, weighs)
    whole = with_products(fresh, model, cases, z, len(draw.y), values, vectors, key, normals, rng)
    return whole, normals, vectors


def patches_of_fresh(
    model: Model, z: Array, n: int, cases: Cases, vectors: Sequence[tuple[str, int]],
    key: Callable[[Directions, int], tuple[str, int]],
) -> tuple[Array, Array]:
    """What stays in each patch of a fresh example, `fixed`, and the scale of each fresh vector, `mix` of a Fresh.

    z (T, H, m, B) of n training examples; `vectors` are the fresh ones, and `key`(family, label) is the one, or else
    the family's place, that an example of the label holds.
    """
    fixed = np.zeros((len(z), len(cases.labels), len(model.patches), *z.shape[1:3]))
    mix = np.zeros((len(cases.labels), len(model.patches), len(vectors)))
    for case, label in enumerate(cases.labels):
        scalars = cases.scalars_at(case)
        for p, term in [each for each in _terms(model) if not each[1].densities]:
            scale = term.factor(1.0, label, cases.clean[case], scalars)
            held = key(model.family(term.direction), int(label))
            if term.direction in model.test.drawn:
                mix[case, p, vectors.index(held)] += scale
            else:
                fixed[:, case, p] += scale * z[..., model.offsets(n)[held[0]] + held[1]]
    return fixed, mix


def add_centres(
    fixed: Array, model: Model, cases: Cases, centres: Mapping[str, Centre], b: Array, left: Array
) -> None:
    """Adds to `fixed` (T, L, P, H, m), in place, what each patch holds of the mixtures' means.

    `centres` are those of all states of b (T, H, m, B), or with a leading axis those of each.
    """
    for p, term in _terms(model):
        if term.direction in model.test.drawn and term.direction in centres and not term.densities:
            centre = centres[term.direction]
            across = centre.across[..., None, :, None]
            about = left[:, None, None] * centre.z + (b @ across)[..., 0]
            for case, label in enumerate(cases.labels):
                clean = cases.clean[case]
                fixed[:, case, p] += term.factor(1.0, label, clean, cases.scalars_at(case)) * clean * about


def _terms(model: Model) -> list[tuple[int, Term]]:
    """Every term with its patch's place."""
    return [(p, term) for p, patch in enumerate(model.patches) for term in patch.terms]


def _noise_of(model: Model, draw: Draw) -> Mapping[str, Spiked | Matrices]:
    """The noise that is no Gaussian vector's, by family, where fresh vectors follow their families' laws."""
    return draw.noise if model.test.by_own_laws else {}


Noises = Mapping[str, Spiked | Matrices]
"""Noise that is no Gaussian vector's, by family."""


def key_of(noise: Noises, family: Directions, label: int) -> tuple[str, int]:
    """Which vector of its family an example with this label holds; a fresh sample vector is one, or one a class."""
    return family.name, label if _by_class(noise, family) else 0


def _by_class(noise: Noises, family: Directions) -> bool:
    return family.index_set.per_class or (family.name in noise and not noise[family.name].shared)


def fresh_vectors(model: Model, noise: Noises) -> list[tuple[str, int]]:
    """The distinct fresh vectors in a fresh example, over all labels; those of class noise last."""
    vectors: list[tuple[str, int]] = []
    for term in terms_of(model.patches):
        family = model.family(term.direction)
        if family.name in model.test.drawn:
            count = model.network.classes if _by_class(noise, family) else 1
            vectors += [(family.name, k) for k in range(count) if (family.name, k) not in vectors]
    return sorted(vectors, key=lambda key: key[0] in noise)


def _class_noise(
    model: Model, draw: Draw, values: Mapping[str, Value], names: list[str], z: Array, b: Array,
    left: Array, rng: np.random.Generator, size: int, along: Array | None,
) -> classnoise.Along:
    """Fresh noise of each family; families have the last places of `along`, (M, Q, F, H)."""
    start = start_of(draw)
    laws = [(name, law_of(model.family(name), values)) for name in names]
    samples = tuple(
        classnoise.sample(draw.noise[name], start, law.shape_of(values), rng, size, entries_of(law, values),
                          None if along is None else along[:, :, place - len(laws)])
        for place, (name, law) in enumerate(laws) if law is not None
    )
    return classnoise.Along(samples, z, b, left)
