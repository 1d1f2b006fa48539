"""Examples from outside a model's laws, such as images: how they enter a run, and the error on held-out ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from derivations.declare import Directions, Model, Value, terms_of
from dynamics.arrays import Array
from dynamics.blas import one_blas_thread
from dynamics.chance import gram
from dynamics.fresh import testlaw
from dynamics.fresh.intervals import upper
from dynamics.geometry import orthogonality

from ..ask import arrays as arrays_of
from ..ask import parameters
from ..ask.noted import Note
from ..errors import InputError, quoted
from ..work import memory
from .drawn import Draw
from .filters import filters
from .replaced import read_by


@dataclass(frozen=True)
class Examples:
    """Training and held-out examples, each one vector.

    x (n, d) and y (n,), test_x (N, d) and test_y (N,); labels +-1 or 0..K-1.  `notes` say in lines where they come
    from, `attrs` as text for a program.
    """

    x: Array
    y: Array
    test_x: Array
    test_y: Array
    notes: tuple[str, ...]
    attrs: Mapping[str, str]


@runtime_checkable
class Source(Protocol):
    """Where examples come from; `gammarho.images` returns one.  It stands wherever `initial=` is taken."""

    def examples(self, model: Model, values: Mapping[str, Value]) -> Examples:
        """The examples, labelled as the model's heads want; values["n"] of them unless the source has a size."""


def settle(
    resolved: parameters.Resolved, given: Mapping[str, object] | None, source: Source
) -> tuple[parameters.Resolved, Examples]:
    """The examples, and the parameters that go with them: n and d of the data, and none of the law they replace.

    The notes begin with the near-orthogonality measured on the inputs, and with where they come from.

    Raises:
        InputError: an example of the model is not one vector, `given` has a parameter of the law that is not used or
            another size than the data, or the source refuses.
    """
    model, family = resolved.model, inputs(resolved.model)
    rest = (model.network, model.objective, model.algorithm, model.initialisation, model.test)
    unused, asked = read_by(model, [family.law], rest), parameters.by_name(given)
    for name in unused:
        if name in asked:
            raise InputError(
                f"{name}: {quoted(asked[name])} is about drawn {family.name}, and here {family.name} is "
                f"data; leave {name} out"
            )
    examples = _checked(source, model, resolved.values)
    _check_memory(*examples.x.shape)
    sizes = {"n": len(examples.y), "d": float(examples.x.shape[1])}
    sized = parameters.with_sizes(resolved, asked, sizes, "the examples")
    said = [measured_note(examples), *examples.notes]
    if unused:
        said.append(f"{family.name} is not drawn, so {', '.join(unused)} play no part")
    values = {name: value for name, value in sized.values.items() if name not in unused}
    return parameters.Resolved(model, values, (*map(Note, said), *sized.without(unused))), examples


def _check_memory(n: int, d: int) -> None:
    """Refuses examples whose Gram matrix, on which they are measured, memory does not hold.  Raises InputError."""
    needed, free = 3 * 8.0 * n**2 + 8.0 * n * d, memory.at_hand()
    if needed > free:
        raise InputError(
            f"n ({n}): the inner products of {n} examples take about {memory.amount(needed)}, and "
            f"{memory.amount(free)} are at hand; lower n"
        )


def _checked(source: Source, model: Model, values: Mapping[str, Value]) -> Examples:
    """A source's examples; InputError where they are none, or their arrays do not fit each other."""
    if isinstance(source, type) or not callable(source.examples):
        raise InputError(f"initial: {quoted(source)}; expected arrays by name, or what gr.images gives")
    examples = source.examples(model, values)
    if not isinstance(examples, Examples):
        raise InputError(f"initial: its examples are {quoted(examples)}; expected a simulate.start.source.Examples")
    named = {name: arrays_of.real(name, getattr(examples, name)) for name in ("x", "y", "test_x", "test_y")}
    for x, y in (("x", "y"), ("test_x", "test_y")):
        if named[x].ndim != 2 or named[y].shape != named[x].shape[:1] or named[x].shape[1] != named["x"].shape[1]:
            raise InputError(
                f"initial: {x} of shape {named[x].shape} and {y} of shape {named[y].shape}; expected (n, d) and (n,), "
                "with one d for training and held-out examples"
            )
    return Examples(**named, notes=examples.notes, attrs=examples.attrs)


def start(model: Model, values: Mapping[str, Value], seed: int, examples: Examples) -> dict[str, Array]:
    """The arrays of `initial=`: "W" (H, m, d) of the model's law by the seed's stream "init", the inputs, and "y"."""
    weights = filters(model, values, seed, examples.x.shape[1])
    return {"W": weights, inputs(model).name: examples.x, "y": examples.y}


def arrays(
    model: Model, values: Mapping[str, Value], seed: int, initial: Mapping[str, Any] | Source | None,
    examples: Examples | None = None,
) -> Mapping[str, Any] | None:
    """The caller's arrays as they are, or those of a source (its `examples`, where they are known) with W drawn."""
    if initial is None or not isinstance(initial, Source):  # to ask a protocol takes long
        return initial
    return start(model, values, seed, examples or initial.examples(model, values))


@one_blas_thread()
def measured(examples: Examples) -> dict[str, float]:
    """R_min, R_max, R and p of the training inputs, and near_orthogonality = R_min^2 / (R^2 n p), inf where p is 0.

    Raises:
        InputError: an input is zero.

    Source:
        Kou, Chen and Gu, arXiv:2310.18935, Section 4.
    """
    try:
        quantities = orthogonality.quantities(gram.own(examples.x))
    except ValueError:
        row = int(np.argmin(np.linalg.norm(examples.x, axis=1)))
        raise InputError(
            f"x: input {row} is zero, and R_max/R_min needs inputs that are not; choose other examples or scaling"
        ) from None
    ratio = quantities["R"]
    below = ratio * ratio * len(examples.y) * quantities["p"]  # ratio ** 2 would raise where it overflows
    return {**quantities, "near_orthogonality": quantities["R_min"] ** 2 / below if below else math.inf}


def measured_note(examples: Examples) -> str:
    """What was measured, in one line."""
    quantities = measured(examples)
    shown = ", ".join(f"{name} = {quantities[name]:.4g}" for name in ("R_min", "R_max", "R", "p"))
    return f"measured: {shown}, R_min^2/(R^2 n p) = {quantities['near_orthogonality']:.4g}"


def attributes(examples: Examples) -> dict[str, str]:
    """What a dataset carries: the source's own, and "measured" as JSON (null for an infinite number)."""
    finite = {name: value if math.isfinite(value) else None for name, value in measured(examples).items()}
    return {**examples.attrs, "measured": json.dumps(finite)}


def through_coefficients(draw: Draw, b: Array, shares: Array | None, x: Array) -> Iterator[Array]:
    """<w_s, x_i> (N, 1, H, m) at each state, from b (T, H, m, B) the `shares` (T,) of W(0) left (None: all)."""
    assert draw.vectors is not None and draw.weights is not None  # the caller's arrays always have both
    at_start, across = gram.onto(draw.weights, x), x @ draw.vectors.T
    left = np.ones(len(b)) if shares is None else shares
    products = (left[t] * at_start + b[t] @ across.T for t in range(len(b)))
    return (np.moveaxis(product, -1, 0)[:, None] for product in products)


def through_weights(W: Array, x: Array) -> Iterator[Array]:
    """<w_s, x_i> (N, 1, H, m) at each state, from W (T, H, m, d)."""
    return (np.moveaxis(gram.onto(each, x), -1, 0)[:, None] for each in W)


def held_out_statistics(
    model: Model, outputs: testlaw.Outputs, preactivations: Iterable[Array], y: Array, loss: testlaw.Loss
) -> dict[str, Array]:
    """test_error and test_loss (T,), for class heads class_error (T, K), on the held-out examples, each with NAME_se.

    The means are exact for these examples, ties shared as in `dynamics.fresh.testlaw`; the standard errors are those of
    N independent examples, sqrt(p (1 - p) / N) for a share p.  A state that is not finite gives NaN.

    Args:
        model: the declaration.
        outputs: pre-activations (N, P, H, m) -> f (N,) or logits (N, K).
        preactivations: of the held-out examples' patches, (N, P, H, m) at each of T states.
        y: their labels (N,).
        loss: the declared one (`simulate.ask.losses`).
    """
    axis = model.network.head_axis
    rows: list[dict[str, Array]] = []
    for a in preactivations:
        scores = outputs(a)[None]
        wrong = testlaw.errors(scores, y)[0]
        cost = testlaw.costs(scores, y, loss)[0]
        row = {**_error("test_error", wrong), **_mean("test_loss", cost)}
        if not axis.signed:
            by_class = [_error("class_error", wrong[y == k]) for k in axis.labels]
            row |= {name: np.array([one[name] for one in by_class]) for name in by_class[0]}
        finite = bool(np.isfinite(scores).all())
        rows.append({name: value if finite else np.full_like(value, np.nan) for name, value in row.items()})
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def meaning(name: str, count: int) -> str:
    """What a variable of held-out examples is."""
    said = {
        "test_error": "share misclassified, ties half", "test_loss": "mean loss",
        "class_error": "share of the class misclassified",
        "test_error_upper": "upper bound of test_error at 95 %",
        "class_error_upper": "upper bound of class_error at 95 %",
    }
    return f"{said[name]}, of {count} held-out examples" if name in said else "standard error"


def _mean(name: str, each: Array) -> dict[str, Array]:
    count = len(each)
    mean, error = (each.mean(), each.std() / np.sqrt(count)) if count else (np.nan, np.nan)
    return {name: np.asarray(mean), f"{name}_se": np.asarray(error)}


def _error(name: str, wrong: Array) -> dict[str, Array]:
    statistics = _mean(name, wrong)
    bound = upper(statistics[name], statistics[f"{name}_se"], len(wrong)) if len(wrong) else np.asarray(np.nan)
    return {**statistics, f"{name}_upper": bound}


def inputs(model: Model) -> Directions:
    """The family an example's one vector belongs to.  Raises InputError where examples are not one vector each."""
    if model.network.axes:
        raise InputError(
            f"data: images come with filters drawn for them alone, and {model.name} trains more than them; "
            "leave the second layer and biases out of its Network"
        )
    first = model.directions[0]
    terms = terms_of(model.patches)
    whole = len(terms) == 1 and not terms[0].factors
    if len(model.directions) > 1 or not first.index_set.per_example or not whole:
        parts = " and ".join(term.direction for term in terms)
        raise InputError(
            f"data: images are one vector an example, but an example of {model.name} is made of {parts}; use a setting "
            "whose examples are one vector each, such as nearly_orthogonal"
        )
    return first


def sizes_of(initial: object) -> dict[str, float]:
    """n, m and d of the caller's arrays, as far as their shapes tell; nothing where they are not such arrays."""
    if not isinstance(initial, Mapping):
        return {}
    shape, labels = (tuple(getattr(initial.get(name), "shape", ())) for name in ("W", "y"))
    sizes = {"m": float(shape[1]), "d": float(shape[2])} if len(shape) == 3 else {}
    return {**sizes, **({"n": float(labels[-1])} if labels else {})}
