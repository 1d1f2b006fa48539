"""The test law against weights: what fresh examples are to filters W, and what is said of them.

The law is sampled with a design in place of random numbers, whose columns are orthogonal with mean 0 and variance 1.
The samples' mean and covariance are then those of the law to rounding, and are compared with W v and W Sigma W^T, from
W and the vectors in d dimensions.  Statistics are compared on the same samples, with weight space's outputs in place of
the kernel's; and once more with a Monte Carlo in d dimensions, which shares nothing with the law, within five standard
errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
from scipy import linalg

from derivations.declare import (
    ClassNoiseLaw,
    EntryLaw,
    GaussianLaw,
    MixtureLaw,
    Model,
    NearLaw,
    OfFresh,
    chosen_law,
    forgotten,
    terms_of,
)
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.fresh import testlaw
from dynamics.fresh.classnoise import Spiked
from dynamics.fresh.normals import STRATA

from ..ask.userfile import answer
from ..observe import fresh, fresh_refusals
from ..observe.fresh_groups import in_groups
from ..start.drawn import Draw
from ..train import fresh as weights_fresh
from ..values import Values
from . import held_out
from .along import Along, at_states, largest_gap
from .engines import KernelUnderTest
from .fresh_by_weights import Samples, by_weights, class_matrix, coloured
from .fresh_cases import cases
from .observables import account, untold
from .report import LONG, Left, Row, in_errors, parted

COLUMNS = 24  # combinations of pre-activations whose law is compared
LARGEST = 4096  # columns of the design
COMPARED = 512  # on which statistics are compared
SAMPLES = 2000  # of the Monte Carlo in d dimensions
AFFORDABLE = 4e9  # entries of filters x samples x patches
COVARIANCE = 1e-10  # the square root of a nearly singular covariance keeps this much of it


class Design:
    """Stands in for a random generator: orthogonal columns of +-1, no two calls sharing one, all of mean 0."""

    def __init__(self, rows: int) -> None:
        self.left = linalg.hadamard(rows)[:, 1:].astype(np.float64)

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """Variance 1."""
        wide = int(np.prod(size[1:]))
        if size[0] != len(self.left) or wide > self.left.shape[1]:
            raise ValueError(f"size: {size} does not fit a design of {len(self.left)} rows")
        taken, self.left = self.left[:, :wide], self.left[:, wide:]
        return np.ascontiguousarray(taken).reshape(size)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Array:
        """The mean and the variance of a uniform entry."""
        return np.asarray(0.5 * (low + high) + (high - low) / 12**0.5 * self.standard_normal(size))

    def integers(self, low: int, high: int, size: tuple[int, ...]) -> Array:
        """The two values of a coin."""
        return np.asarray(low + (high - 1 - low) * 0.5 * (1.0 + self.standard_normal(size)))


class GroupedDesign(Design):
    """As `Design`, of groups of STRATA: columns of what a group shares, of what leads it, and of each example's own.

    The last two are a column over groups times one within a group, so that they are orthogonal to what is shared.
    """

    def __init__(self, groups: int, heads: int) -> None:
        super().__init__(groups)
        self.groups, self.heads, self.taken = groups, heads, 0
        self.across = linalg.hadamard(groups).astype(np.float64)
        self.within = linalg.hadamard(STRATA).astype(np.float64)[:, 1:]

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """Of groups, or of every example."""
        if size[0] == self.groups:
            return super().standard_normal(size)
        return self._apart(int(np.prod(size[1:]))).reshape(size)

    def leads(self, vectors: int) -> Array:
        """A `Leading`."""
        return self._apart(vectors * self.heads).reshape(self.groups, STRATA, vectors, self.heads)

    def _apart(self, wide: int) -> Array:
        """The next columns (N, wide) that differ within groups."""
        if self.taken + wide > self.groups * self.within.shape[1]:
            raise ValueError(f"wide: {wide} more columns do not fit a design of {self.groups} groups")
        places = self.taken + np.arange(wide)
        self.taken += wide
        columns = self.across[:, None, places % self.groups] * self.within[None][:, :, places // self.groups]
        return np.ascontiguousarray(columns.reshape(self.groups * STRATA, wide))


def rows(
    model: Model, kernel: KernelUnderTest, draw: Draw, values: Values, b: Array, left: Array
) -> tuple[list[Row], list[str]]:
    """The comparisons at the start, at W with coefficients b (H, m, B) and share `left`, at 0 and at random ones.

    The second value says what is left out, and why; empty where nothing is.
    """
    reason = fresh_refusals.refusal(model, draw, values)
    if reason or draw.vectors is None or draw.weights is None:
        return [], [f"the test law is not compared: {reason}"] if reason else []
    along = at_states(draw, b, left)
    if draw.held is not None:
        return parted(held_out.rows(model, kernel, along, values))
    return parted(at(model, kernel, along, values))


def at(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row | Left]:
    """The comparisons at states with the weights that they stand for."""
    yield from _of_shares(model, along, values)
    yield from _of_law(model, along, values)
    yield from _of_statistics(model, kernel, along, values)
    yield from _of_monte_carlo(model, kernel, along, values)


def _columns(model: Model, along: Along, values: Values) -> int:
    """Random numbers a fresh example takes."""
    filters, total = int(np.prod(along.W.shape[1:3])), 0
    for name in dict.fromkeys(p.direction for p in terms_of(model.patches) if p.direction in model.test.drawn):
        if not model.test.by_own_laws:
            total += filters
            continue
        law = chosen_law(model.family(name), values)
        many = model.family(name).index_set.of_a_task(1, model.network.classes, 1)
        if isinstance(law, ClassNoiseLaw):
            spiked = isinstance(along.draw.noise.get(name), Spiked) and law.shape_of(values) == "gaussian"
            total += (filters + model.n_heads) if spiked else along.W.shape[3]
        elif isinstance(law, EntryLaw):
            total += along.W.shape[3]
        elif isinstance(law, GaussianLaw | MixtureLaw):
            total += many * filters
        else:
            raise forgotten(law, "the entries of fresh vectors")
    return total


def _of_shares(model: Model, along: Along, values: Values) -> Iterator[Row]:
    """Labels and their probabilities."""
    law, _, _ = fresh.law(model, along.draw, along.z, along.b, values, stream(0, "validate", 21), 2, along.left)
    wanted = cases(model, along.draw, values)
    given = np.full(len(law.labels), 1.0 / len(law.labels)) if law.shares is None else law.shares
    same = len(law.labels) == len(wanted)
    gap = np.inf
    if same:
        of_labels = np.abs(law.labels - [case.y for case in wanted]).max()
        gap = max(float(of_labels), float(np.abs(given - [case.chance for case in wanted]).max()))
    yield Row("test law: labels", gap, LONG, 0, "fixed")


def _of_law(model: Model, along: Along, values: Values) -> Iterator[Row | Left]:
    """Mean and covariance of random combinations of the patches' pre-activations, by label and state."""
    if any(term.densities for term in terms_of(model.patches)) and not isinstance(model.test, NearLaw):
        why = "a scalar with a density multiplies a vector, and of products a design has no moments"
        yield Left("test law: means and covariances", why)
        return
    own = model.test.drawn if model.test.by_own_laws else ()
    heavy = [law.entries for law in map(lambda name: chosen_law(model.family(name), values), own)
             if isinstance(law, EntryLaw) and law.entry_numbers(values)]
    if heavy:
        yield Left("test law: means and covariances", f"no design stands in for draws of {heavy[0]} entries")
        return
    (H, m), need = along.W.shape[1:3], _columns(model, along, values)
    if need > LARGEST:
        why = f"they take {need} columns of a design, and {LARGEST} are afforded"
        yield Left("test law: means and covariances", why)
        return
    size = 2 ** int(np.ceil(np.log2(need + 2)))
    mixed = stream(0, "validate", 22).standard_normal((len(model.patches), H * m, COLUMNS)) / np.sqrt(H * m)
    columns = mixed.reshape(-1, COLUMNS)
    means, covariances = [0.0], [0.0]
    seen = 0
    ways = [Design(size)]
    if in_groups(model, along.draw.noise, values, fresh.DRAWS):
        ways.append(GroupedDesign(size, model.n_heads))
    taken = (_designed(model, along, values, design, columns) for design in ways)
    for t, scores in itertools.chain.from_iterable(taken):
        seen += 1
        W = along.W[t].reshape(H * m, -1)
        for at, case in enumerate(cases(model, along.draw, values)):
            mean, linear = by_weights(model, along.draw, W, values, case, mixed)
            covariance = sum((each @ each.T for each in linear), np.zeros((COLUMNS, COLUMNS)))
            of_case = scores[:, at] if len(scores) > 1 else np.repeat(scores[:, at], 2, axis=0)
            size_of = max(np.abs(mean).max(), np.sqrt(np.abs(covariance).max()))
            off = of_case.mean(0)
            means.append(over(np.abs(off - mean).max(), size_of))
            gap = (of_case - off).T @ (of_case - off) / len(of_case) - covariance
            covariances.append(over(np.abs(gap).max(), np.abs(covariance).max() or size_of**2))
    if seen == len(along.z) * len(ways):
        yield Row("test law: means", max(means), COVARIANCE, 0, "fixed")
        yield Row("test law: covariances", max(covariances), COVARIANCE, 0, "fixed")
    else:
        yield Row("test law: covariances", np.inf, COVARIANCE, 0, "fixed")


def _designed(
    model: Model, along: Along, values: Values, design: Design, columns: Array
) -> Iterator[tuple[int, Array]]:
    """At every finite state the combinations (N, L, COLUMNS) of pre-activations on a design."""
    leads = design.leads if isinstance(design, GroupedDesign) else None
    count = len(design.left) * (1 if leads is None else STRATA)
    law, normals, _ = fresh.law(
        model, along.draw, along.z, along.b, values, design, count, along.left, leads  # type: ignore[arg-type]
    )
    for t, scores, _ in testlaw.states(lambda a: a.reshape(len(a), -1) @ columns, law, normals):
        yield t, scores


def over(gap: float, size: float) -> float:
    """The gap over its size; of nothing, whether there is a gap."""
    return float(gap / size) if size > 0 else float(gap > 0)


def _of_whole(outputs: testlaw.Outputs, law: testlaw.Fresh, t: int, drawn: Array) -> Array:
    """Outputs (N, L) or (N, L, K) at state t of whole examples, where statistics add up what each patch gives.

    drawn (N, F, S) are the fresh vectors' pre-activations; N = 1 where nothing is fresh.
    """
    fixed = law.fixed[t]
    a = fixed[None]
    if drawn.size:
        a = fixed + np.tensordot(drawn, law.mix, axes=(1, 2)).transpose(0, 2, 3, 1).reshape(-1, *fixed.shape)
    scores = outputs(a.reshape(-1, *fixed.shape[1:]))
    return scores.reshape(*a.shape[:2], *scores.shape[1:])


def _of_statistics(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row | Left]:
    """What is said of fresh examples on the same samples, by the kernel and by weight space."""
    declared = [o for o in model.observables if isinstance(o, OfFresh)]
    said = fresh.fresh_statistics(
        model, kernel, along.draw, along.z, along.b, values, 0, COMPARED, along.left, declared
    )
    network, ours = weights_fresh.Network(model), {name: np.full_like(each, np.nan) for name, each in said.items()}
    law, normals, held = fresh.law_of_seed(model, along.draw, along.z, along.b, values, 0, COMPARED, along.left)
    told: dict[str, Mapping[str, Array]] = {}
    labels = np.array([case.y for case in cases(model, along.draw, values)])
    chances = np.array([case.chance for case in cases(model, along.draw, values)])
    samples = (lambda t: lambda vectors: np.stack(vectors, axis=1)) if law.mix.any() else None  # (N, F, S)

    def outputs(a: Array) -> Array:
        return network.outputs(a, values)

    for t, _, drawn in testlaw.states(outputs, law, normals, samples):
        wrong, cost = weights_fresh.judged(model, _of_whole(outputs, law, t, drawn), labels, values)
        for name, per_sample in (("test_error", wrong @ chances), ("test_loss", cost @ chances)):
            ours[name][t], ours[f"{name}_se"][t] = _mean(per_sample, normals.strata)
        if "class_error" in ours:
            of_class = [labels == k for k in model.network.head_axis.labels]
            by_class = np.array([
                _mean(wrong[:, own] @ (chances[own] / chances[own].sum()), normals.strata) for own in of_class])
            ours["class_error"][t], ours["class_error_se"][t] = by_class.T
    if declared and normals.strata > 1:  # these are of examples that are drawn each for itself
        law, normals, held = fresh.law(
            model, along.draw, along.z, along.b, values, stream(0, "test"), COMPARED, along.left)
    for t, _, drawn in testlaw.states(outputs, law, normals, samples) if declared else ():
        wrong, _ = weights_fresh.judged(model, _of_whole(outputs, law, t, drawn), labels, values)
        course = _course(model, along, values, t, wrong, drawn, held)
        for observable in declared:
            told[observable.name] = account(observable, answer(observable.by_weights, course))
            for name, value in told[observable.name].items():
                ours[name][t] = value
    for observable in declared:
        if why := untold(observable, told.get(observable.name, {})):
            yield Left(f"{observable.name} of fresh examples", why)
        else:
            gaps = [largest_gap(said[name], ours[name]) for name in told[observable.name]]
            yield Row(f"{observable.name} on the same samples", max(gaps), LONG, 0, "fixed")
    for name in ("test_error", "test_loss", "class_error"):
        if name in said:
            gaps = [largest_gap(said[each], ours[each]) for each in (name, f"{name}_se")]
            yield Row(f"{name} on the same samples", max(gaps), LONG, 0, "fixed")


def _course(
    model: Model, along: Along, values: Values, t: int, wrong: Array, drawn: Array, held: list[tuple[str, int]]
) -> Samples:
    """The state at t with the samples drawn (N, F, S) of the fresh vectors `held`, (family, class)."""
    filters = along.W.shape[1:3]

    def matrix(family: str, label: int) -> Array:
        onto, law = np.eye(along.W.shape[3]), chosen_law(model.family(family), values)
        return coloured(model, along.draw, onto, family, law, values, label)

    def preactivations(family: str, label: int) -> Array:
        place = (family, label) if (family, label) in held else (family, 0)
        return drawn[:, held.index(place)].reshape(-1, *filters)

    return Samples(along.W[t], wrong, preactivations, matrix)


def _mean(of_samples: Array, group: int) -> tuple[float, float]:
    """Mean and standard error over samples, so many of which are a group; a single one is exact."""
    groups = np.split(of_samples, max(1, len(of_samples) // group))
    each = np.array([own.mean() for own in groups])
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else 0.0


def _of_monte_carlo(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row | Left]:
    """Error and loss of examples drawn in d dimensions, in units of the standard error between the two estimates."""
    draw, last = along.draw, len(along.z) - 1
    both = "test_error and test_loss, drawn in d dimensions"
    cost = along.W[0].size * float(SAMPLES) * len(terms_of(model.patches))
    if not model.objective.loss_kind.lipschitz:
        yield Left(both, "a loss whose slope is not bounded has no standard error to speak of")
        return
    if cost > AFFORDABLE:
        yield Left(both, f"{SAMPLES} examples take {cost:.1e} multiplications, and {AFFORDABLE:.0e} are afforded")
        return
    assert draw.vectors is not None
    said = fresh.fresh_statistics(
        model, kernel, draw, along.z[last:], along.b[last:], values, 0, fresh.DRAWS, along.left[last:]
    )
    if not all(np.isfinite(said[name]).all() for name in ("test_error", "test_loss")):
        yield Left(both, "the kernel's are not finite there")
        return
    matrices = {}
    for name in draw.noise:
        law = chosen_law(model.family(name), values)
        if isinstance(law, ClassNoiseLaw):
            matrices[name] = np.stack(
                [class_matrix(model, draw, name, law, values, k) for k in range(model.n_heads)]
            )
    centres = {name: each.vector for name, each in draw.centres.items() if each.vector is not None}
    covariances = {name: each.matrix for name, each in draw.covariances.items()}
    seen = weights_fresh.monte_carlo(
        model, draw.vectors, along.W[last], values, stream(0, "validate", 23), SAMPLES, centres=centres,
        matrices=matrices, covariances=covariances, training=draw,
    )
    for name, value, se in (("test_error", seen.error, seen.error_se), ("test_loss", seen.loss, seen.loss_se)):
        error = float(np.hypot(se, float(said[f"{name}_se"][0])) + 1.0 / SAMPLES * (name == "test_error"))
        yield in_errors(f"{name}, drawn in d dimensions", abs(float(said[name][0]) - value), error, abs(value))
