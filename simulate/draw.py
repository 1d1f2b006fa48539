"""One draw of a model's data and initialisation: from vectors, from Gram matrices alone, or the caller's own arrays."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.model import FixedLaw, GaussianInitialisation, GaussianLaw, Model, Value
from dynamics import gram as grams
from dynamics.streams import stream

from .errors import InputError

Array = NDArray[np.float64]
Sampling = Literal["vectors", "gram", "initial"]

LARGEST = 2e8  # entries of directions and filters together, 1.6 GB
_WHOLE = 2.0**53  # every double from here on is a whole number


@dataclass(frozen=True)
class Draw:
    """The start of a run; S = H m filters, B directions, in the order of the model's families.

    z (H, m, B) = <w_s(0), v_b>; gram (B, B) = <v_b, v_c>; y (n,): +-1 or 0..K-1; weight_gram (S, S) = W(0) W(0)^T;
    vectors (B, d) and weights (H, m, d) are None for a Gram draw.  `d` is a float: a Gram draw may have d = e^100.
    """

    z: Array
    gram: Array
    y: Array
    weight_gram: Array
    d: float
    sampling: Sampling
    vectors: Array | None
    weights: Array | None


def draw(
    model: Model,
    values: Mapping[str, Value],
    seed: int,
    sampling: str = "vectors",
    initial: Mapping[str, Any] | None = None,
) -> Draw:
    """One draw; the same model, values and seed give the same draw, whichever engine runs it.

    Labels are uniform over +-1 or the classes; fixed directions are mutually orthogonal of their declared lengths;
    Gaussian families are N(0, std^2 P) a vector; filters are N(0, sigma_0^2) an entry.

    Args:
        model: the declaration.
        values: parameters by name: "n", "m", "d", each fixed family's length, each Gaussian family's std and flag, the
            initialisation's std.  Sizes are read from the arrays where `initial` is given.
        seed: a whole number >= 0; streams "labels", "data" and "init".
        sampling: "vectors" draws every vector; "gram" draws the inner products alone, exactly in distribution and at
            any d, for Gaussian laws.
        initial: the caller's arrays "W" (H, m, d), "y" (n,) and one per family: (d,), (K, d) or (n, d).

    Raises:
        InputError: a parameter or array is missing, out of range or does not fit the others, or the sampling is
            inexact or too large for this model.
    """
    if sampling not in ("vectors", "gram"):
        raise InputError(f"sampling: {sampling!r} is not known; expected 'vectors' or 'gram'")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed: {seed!r}; expected a whole number from 0, such as 0")
    if initial is not None:
        if sampling == "gram":
            raise InputError("sampling: 'gram' draws its own data, but initial= brings arrays; leave one of them out")
        return _from_arrays(model, initial)
    plan = _plan(model, values)
    labels = _labels(model, plan.n, seed)
    return (_by_gram if sampling == "gram" else _by_vectors)(plan, labels, seed)


@dataclass(frozen=True)
class _Plan:
    """Checked numbers of a draw: per direction its fixed length (0: Gaussian) or std (0: fixed), and `along`.

    `along` (number of Gaussian directions, f) tells which fixed directions a Gaussian one has a component along.
    """

    heads: int
    n: int
    m: int
    d: float
    length: Array
    std: Array
    along: NDArray[np.bool_]
    sigma_0: float

    @property
    def fixed(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.length)

    @property
    def noise(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.std)


def _plan(model: Model, values: Mapping[str, Value]) -> _Plan:
    """Reads and checks the declaration; the messages are the ones a user meets."""
    if model.label_flips and values.get(model.label_flips):
        raise InputError(
            f"{model.label_flips}: {values[model.label_flips]}, but flipped labels are not drawn; give 0, or initial="
        )
    n, m, d = int(_dimension(values, "n")), int(_dimension(values, "m")), _dimension(values, "d")
    sizes, offsets = model.sizes(n), model.offsets(n)
    length, std = np.zeros(offsets[""]), np.zeros(offsets[""])
    for family in model.directions:
        rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
        if isinstance(family.law, FixedLaw):
            length[rows] = positive(values, family.law.norm)
        elif isinstance(family.law, GaussianLaw):
            std[rows] = positive(values, family.law.std)
        else:
            raise InputError(f"{family.name}: the family has no law to draw from; give its vectors in initial=")
    fixed = np.flatnonzero(length)
    along = np.ones((offsets[""], len(fixed)), dtype=bool)
    for family in model.directions:
        if isinstance(family.law, GaussianLaw):
            rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
            off = off_indices(model, family.law, n, values)
            along[rows] = ~np.isin(fixed, off)
            if len(off) and d - len(fixed) < 1:
                raise InputError(
                    f"d: {d:g} leaves no dimension for {family.name!r}, which is projected off fixed directions (there "
                    f"are {len(fixed)}); give d of at least {len(fixed) + 1}"
                )
    if d < len(fixed):
        raise InputError(
            f"d: {d:g} is below the number of mutually orthogonal fixed directions; give d of at least {len(fixed)}"
        )
    return _Plan(model.n_heads, n, m, d, length, std, along[std > 0], _initial_std(model, values))


def _initial_std(model: Model, values: Mapping[str, Value]) -> float:
    if not isinstance(model.initialisation, GaussianInitialisation):
        raise InputError("initialisation: only Gaussian filters are drawn; give W in initial=")
    return _number(values, model.initialisation.std)


def off_indices(model: Model, law: GaussianLaw, n: int, values: Mapping[str, Value]) -> NDArray[np.intp]:
    """Where on the direction axis the directions are that `law` projects off; empty where its flag is not set.

    Raises:
        InputError: a family projected off is not a fixed one.
    """
    wanted = law.off if not law.off_when or values.get(law.off_when) else ()
    for name in wanted:
        if isinstance(model.family(name).law, GaussianLaw):
            raise InputError(f"off: {name!r} is drawn at random; noise is projected off fixed families only")
    sizes, offsets = model.sizes(n), model.offsets(n)
    spans = [np.arange(offsets[name], offsets[name] + sizes[name]) for name in wanted]
    return np.concatenate(spans) if spans else np.empty(0, dtype=np.intp)


def _labels(model: Model, n: int, seed: int) -> Array:
    drawn = stream(seed, "labels").integers(0, model.n_heads, size=n)  # two heads where labels are signed
    labels = drawn.astype(np.float64)
    return 1.0 - 2.0 * labels if model.network.heads == "signed" else labels


def _by_vectors(plan: _Plan, y: Array, seed: int) -> Draw:
    """Every vector drawn, fixed directions along the first axes.

    Training sees inner products only, and noise and filters are isotropic, so which orthogonal set the fixed directions
    are changes no law; on axes the projection off them is setting coordinates to 0, exact to the last bit.
    """
    entries = (len(plan.length) + plan.heads * plan.m) * plan.d
    if entries > LARGEST:
        raise InputError(
            f"d: {plan.d:g} makes {entries:.2g} vector entries, and more than {LARGEST:.0e} are not held; "
            "give sampling='gram', which draws the inner products alone"
        )
    d, fixed, noise = int(plan.d), plan.fixed, plan.noise
    vectors = np.zeros((len(plan.length), d))
    vectors[fixed, np.arange(len(fixed))] = plan.length[fixed]
    drawn = plan.std[noise, None] * stream(seed, "data").standard_normal((len(noise), d))
    drawn[:, : len(fixed)][~plan.along] = 0.0
    vectors[noise] = drawn
    weights = plan.sigma_0 * stream(seed, "init").standard_normal((plan.heads, plan.m, d))
    return _from_vectors(vectors, weights, y, "vectors")


def _by_gram(plan: _Plan, y: Array, seed: int) -> Draw:
    """Only inner products, by Bartlett; no array has an axis of length d."""
    fixed, noise = plan.fixed, plan.noise
    ensemble = grams.Ensemble(
        fixed_gram=np.diag(plan.length[fixed] ** 2),
        noise_std=plan.std[noise],
        along=plan.along,
        filters=plan.heads * plan.m,
        filter_std=plan.sigma_0,
        d=plan.d,
    )
    drawn = grams.sample(stream(seed, "data"), stream(seed, "init"), ensemble)
    order = np.argsort(np.concatenate([fixed, noise]))  # from fixed first, then noise, to the families' order
    z = np.ascontiguousarray(drawn.z[:, order]).reshape(plan.heads, plan.m, -1)
    return Draw(z, drawn.gram[np.ix_(order, order)], y, drawn.weight_gram, plan.d, "gram", None, None)


def _from_vectors(vectors: Array, weights: Array, y: Array, sampling: Sampling) -> Draw:
    reduced = grams.reduce(vectors, weights)
    d = float(vectors.shape[1])
    return Draw(reduced.z, reduced.gram, y, reduced.weight_gram, d, sampling, vectors, weights)


def _from_arrays(model: Model, initial: Mapping[str, Any]) -> Draw:
    """The caller's arrays, checked against the model and each other, copied to float64."""
    names = [family.name for family in model.directions]
    _check_keys([*names, "W", "y"], initial)
    arrays = {name: _array(name, initial[name]) for name in (*names, "W", "y")}
    known: dict[str, tuple[int, str]] = {"H": (model.n_heads, f"the model has {model.n_heads} heads")}
    if model.network.heads == "class":
        known["K"] = (model.network.classes, f"the model has K = {model.network.classes} classes")
    for family in model.directions:
        _check_shape(family.name, arrays[family.name], _AXES[family.over], known)
    _check_shape("W", arrays["W"], ("H", "m", "d"), known)
    _check_shape("y", arrays["y"], ("n",), known)
    _check_labels(model, arrays["y"])
    vectors = np.concatenate([arrays[name].reshape(-1, known["d"][0]) for name in names])
    return _from_vectors(vectors, arrays["W"], arrays["y"], "initial")


_AXES = {"one": ("d",), "class": ("K", "d"), "sample": ("n", "d")}


def _check_keys(expected: list[str], initial: Mapping[str, Any]) -> None:
    listed = ", ".join(expected)
    for key in initial:
        if key not in expected:
            near = difflib.get_close_matches(str(key), expected, n=1, cutoff=0.5)
            cure = f"did you mean {near[0]!r}?" if near else "leave it out"
            raise InputError(f"initial: unknown key {key!r}; expected {listed}; {cure}")
    for key in expected:
        if key not in initial:
            raise InputError(f"initial: {key!r} is missing; expected {listed}; give all of them")


def _array(name: str, value: Any) -> Array:
    try:
        given = np.asarray(value)
        if np.iscomplexobj(given):
            raise TypeError("complex")
        array = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"initial[{name!r}]: not an array of real numbers; give a float64 array") from None
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"initial[{name!r}]: {array[where]} at index {where}; expected finite numbers; mend it")
    return array


def _check_shape(name: str, array: Array, axes: tuple[str, ...], known: dict[str, tuple[int, str]]) -> None:
    """Compares with the lengths known so far and adds this array's; `known` maps an axis to (length, where from)."""
    form = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    shape = f"initial[{name!r}]: shape {array.shape}"
    if array.ndim != len(axes) or 0 in array.shape:
        raise InputError(f"{shape}, which is not {form} with every length above 0; give {name} as {form}")
    for axis, length in zip(axes, array.shape, strict=True):
        expected, origin = known.setdefault(axis, (length, f"{name} has {axis} = {length}"))
        if length != expected:
            # The axis in question as its number, the others by name.
            cure = form.replace(axis, str(expected))
            raise InputError(f"{shape}, but {origin}; give {name} as {cure}")


def _check_labels(model: Model, y: Array) -> None:
    signed = model.network.heads == "signed"
    allowed = np.array([-1.0, 1.0]) if signed else np.arange(model.n_heads, dtype=np.float64)
    wrong = np.flatnonzero(~np.isin(y, allowed))
    if len(wrong):
        wanted = "+1 or -1" if signed else f"0 to {model.n_heads - 1}"
        raise InputError(f"initial['y']: label {y[wrong[0]]:g} at index {wrong[0]}; expected {wanted}; recode y")


def _number(values: Mapping[str, Value], name: str) -> float:
    """A finite number >= 0 from `values`."""
    value = values.get(name)
    if isinstance(value, bool | str) or value is None:
        raise InputError(f"{name}: {value!r}; expected a number; give {name}=...")
    if not 0 <= float(value) < np.inf:
        raise InputError(f"{name}: {value}; expected a finite number that is not negative; give such a {name}")
    return float(value)


def positive(values: Mapping[str, Value], name: str) -> float:
    """A finite number > 0 from `values`.  Raises InputError."""
    value = _number(values, name)
    if value == 0:
        raise InputError(f"{name}: 0, which makes every vector 0; give a {name} above 0, or the vectors in initial=")
    return value


def _dimension(values: Mapping[str, Value], name: str) -> float:
    """A whole number >= 1 from `values`, as a float."""
    value = _number(values, name)
    if value < 1 or (value < _WHOLE and value != int(value)):
        raise InputError(f"{name}: {value:g}; expected a whole number from 1; give {name}={max(1, round(value))}")
    return value
