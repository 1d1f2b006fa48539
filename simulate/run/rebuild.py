"""weights and restart: W at a run's last recorded step, rebuilt from its coefficients; and a start from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from derivations.declare import Directions, MixedLabel, Model, of_neurons, rows_of
from derivations.declare.meanings import STOPPED
from derivations.papers.paper import PAPERS
from dynamics.arrays import Array
from dynamics.blas import one_blas_thread

from ..ask import arrays, digest, parameters, settings
from ..errors import InputError, quoted
from ..start import source
from ..start.draw import draw
from ..start.drawn import Draw
from . import tasks
from .kernels import kernel_for

if TYPE_CHECKING:
    import xarray

Initial = Mapping[str, Any] | source.Source
_ATTRIBUTES = ("setting", "engine", "sampling", "seed", "parameters", "declaration")


@one_blas_thread()
def weights(data: xarray.Dataset, initial: Initial | None = None, setting: str | Model | None = None) -> Array:
    """W (H, m, d) at the last recorded step of a run, rebuilt from its coefficients: the filters, without second layer.

    Args:
        data: a run of one seed, as `run` returned it or read back, with every coefficient; recorded steps may be
            selected.
        initial: the arrays or examples the run started from, where it was given any.
        setting: the Model or "file.py:model" of a run of the user's own; a shipped setting is known by its name.

    Raises:
        InputError: for a Gram draw (it has no vectors), several seeds, missing, reordered or infinite coefficients,
            another model, and another `initial` than the run's.
    """
    _, drawn, W = _rebuilt(data, initial, setting)
    return drawn.of_data(W)


@one_blas_thread()
def restart(
    data: xarray.Dataset, initial: Initial | None = None, setting: str | Model | None = None
) -> dict[str, Array]:
    """The arrays from which a run goes on at its last recorded step: give them to another one as `initial`.

    "W" (H, m, d) is W there, with second-layer weights and biases (H, m) under their names; "y", the clean labels where
    the model has any, every family's vectors, and the scalars (n,) and mixing matrices that are drawn are the run's
    own, as `gr.run` takes them.  The other run may have other step sizes (a warm restart), another penalty or another
    model over the same families; its t begins at 0, its velocity at rest, and its coefficients count from here.

    Args:
        data: a run of one seed, as `weights` takes it.
        initial: the arrays or examples that it started from, where it was given any.
        setting: the Model or "file.py:model" of a run of the user's own.

    Raises:
        InputError: as `weights` does; and for a model over tasks.
    """
    model, drawn, W = _rebuilt(data, initial, setting)
    if model.algorithm.over_tasks:
        raise InputError(f"data: a run of {model.name} over tasks, whose inner loops begin anew; run it for longer")
    assert drawn.vectors is not None
    offsets, sizes = model.offsets(len(drawn.y)), model.sizes(len(drawn.y))
    state = {"W": drawn.of_data(W), "y": drawn.y.copy()}
    for family in model.directions:
        vectors = drawn.of_data(drawn.vectors[offsets[family.name] : offsets[family.name] + sizes[family.name]]).copy()
        if of_neurons(family):
            state[family.coefficient.name] = W @ drawn.vectors[offsets[family.name]]
            continue
        state[family.name] = vectors[0] if family.index_set.single else vectors
    rows = [row.name for row in rows_of(model)]
    own = [each for each in model.scalars if each.drawn and not (isinstance(each, MixedLabel) and each.by.name in rows)]
    state |= {each.name: drawn.scalars[each.name].copy() for each in own}
    by_clean = model.follows_clean or model.label_flips or any(each.tells_clean for each in model.scalars)
    return {**state, "clean": drawn.clean.copy()} if by_clean else state


def _rebuilt(
    data: xarray.Dataset, initial: Initial | None, setting: str | Model | None
) -> tuple[Model, Draw, Array]:
    """The run's model, the draw that it started from, and W (H, m, d + axes) at its last recorded step."""
    attrs, seed = _attributes(data), _seed(data)
    if attrs["sampling"] == "gram":
        raise InputError(
            "sampling: 'gram' draws have no vectors, so W cannot be rebuilt; run with sampling='vectors'"
        )
    resolved = _resolved(attrs, setting)
    redrawn = tasks.redraws(resolved.model, resolved.values)
    if redrawn and _last_step(data) > 0:
        raise InputError(
            f"{resolved.model.algorithm.redrawn}: this run drew its examples again before every step and did not keep "
            "their coefficients, so W cannot be rebuilt after step 0, as in data.isel(t=[0]); run without it"
        )
    drawn = _start(attrs, resolved, seed, initial)
    assert drawn.vectors is not None and drawn.weights is not None
    b, offsets = np.zeros(drawn.z.shape), resolved.model.offsets(len(drawn.y), drawn.tasks)
    sizes = resolved.model.sizes(len(drawn.y), drawn.tasks)
    scale = kernel_for(resolved.model).scale(resolved.values, np.array([_last_step(data)]))
    for family in () if redrawn else resolved.model.directions:  # at step 0 nothing was added
        rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
        b[..., rows] = _coefficients(data, resolved.model, family, drawn, rows)
        if of_neurons(family):  # the run has the number itself
            b[..., rows] -= scale[0] * drawn.z[..., rows]
    return resolved.model, drawn, np.asarray(scale[0] * drawn.weights + b @ drawn.vectors)


def _last_step(data: xarray.Dataset) -> int:
    """The step of the last state recorded: a run that ended early stays in the one that it had there."""
    last, ended = int(data["t"].values[-1]), np.asarray(data[STOPPED].values if STOPPED in data else -1)
    return min(last, int(ended.max())) if ended.max() >= 0 else last


def _attributes(data: object) -> dict[str, Any]:
    """What the run says of itself; InputError where it is no run."""
    import xarray

    if not isinstance(data, xarray.Dataset):
        raise InputError(f"data: {quoted(type(data).__name__)} object; expected the dataset that gr.run returned")
    missing = [name for name in _ATTRIBUTES if name not in data.attrs]
    if missing:
        raise InputError(
            f"data: its attrs lack {missing[0]!r}; expected the dataset as gr.run of this version returned it, or as "
            "read back from its file, so keep its attrs or run it again"
        )
    if "t" not in data.dims or data.sizes["t"] == 0:
        raise InputError("data: it has no axis t; expected recorded steps, so select one as in data.isel(t=[-1])")
    return dict(data.attrs)


def _seed(data: xarray.Dataset) -> int:
    """The seed whose draw the dataset's numbers are of."""
    if "seed" in data.dims:
        raise InputError(f"seeds: this run has {data.sizes['seed']} of them; select one, as in data.isel(seed=0)")
    if "seed" in data.coords:
        return int(data["seed"])
    if data.attrs.get("seeds", 1) != 1:
        raise InputError(
            f"seeds: this was a run of {data.attrs['seeds']}, and which of them is left is not said; select one as in "
            "data.isel(seed=0), without drop"
        )
    return int(data.attrs["seed"])


def _resolved(attrs: Mapping[str, Any], setting: object) -> parameters.Resolved:
    """The run's model and values; InputError where the model at hand is another one than the run's."""
    given = {name: value for name, value in json.loads(attrs["parameters"]).items() if value is not None}
    if setting is None and attrs["setting"] not in PAPERS:
        raise InputError(
            f"setting: the run is of {attrs['setting']!r}, a model of your own; give it, as setting='FILE.py:model'")
    declared = settings.resolve(attrs["setting"] if setting is None else setting)
    resolved = parameters.resolve(declared.factory, given)
    if digest.of_model(resolved.model) != attrs["declaration"]:
        raise InputError(
            f"setting: {resolved.model.name!r} is not the model that ran, which was another declaration named "
            f"{attrs['setting']!r}; pass that model as setting="
        )
    return resolved


def _start(attrs: Mapping[str, Any], resolved: parameters.Resolved, seed: int, initial: Initial | None) -> Draw:
    """The draw that the run started from."""
    if attrs["sampling"] != "initial":
        if initial is not None:
            raise InputError("initial: given, but the run drew its own start from its seed; leave initial out")
        return draw(resolved.model, resolved.values, seed)
    if initial is None:
        raise InputError("initial: the run started from the caller's arrays; pass the same ones as initial=")
    if "initial" not in attrs:
        raise InputError("data: its attrs lack 'initial', the digests of the arrays it started from; run it again")
    given = source.arrays(resolved.model, resolved.values, seed, initial)
    drawn = draw(resolved.model, resolved.values, seed, "vectors", given)
    kept = json.loads(attrs["initial"])
    here = arrays.digests({name: array for name, array in dict(given or {}).items() if name in kept})
    for name, content in kept.items():
        if here.get(name) != content:
            raise InputError(
                f"initial: {name!r} is not the array that the run started from, by its digest; pass the same one"
            )
    return drawn


def _coefficients(data: xarray.Dataset, model: Model, family: Directions, drawn: Draw, rows: slice) -> Array:
    """b (H, m, size) of one family at the last recorded step."""
    of = family.coefficient
    if of.name not in data:
        raise InputError(f"observables: {of.name!r} is not in this run, and W needs it; run without observables=")
    axis = model.network.head_axis
    held = data[of.name].isel(t=-1)
    last = held.transpose(*(dim for dim in (axis.dim, "r", "task", "class", "i") if dim in held.dims))
    shape = (*drawn.z.shape[:2], rows.stop - rows.start)
    whole = last.size == int(np.prod(shape)) and last.dims[:2] == (axis.dim, "r")
    for dim in last.dims:
        size = last.sizes[dim]
        own = np.array(axis.labels) if dim == axis.dim else np.arange(size)
        whole = whole and np.array_equal(data[dim].values if dim in data.coords else np.arange(size), own)
    if not whole:
        raise InputError(
            f"data: {of.name} has axes {dict(last.sizes)}, which are not all of the run's in its order; pass the run "
            "itself, not a selection of its filters or examples"
        )
    value = np.asarray(last.values, dtype=np.float64).reshape(shape)
    if not np.isfinite(value).all():
        raise InputError(f"data: {of.name} is not finite at the last recorded step; select an earlier one by t")
    if of.labelled:
        value = value * drawn.y
    lengths = np.diag(drawn.gram)[rows] if of.scaled else np.ones(shape[-1])
    if of.signed:
        value = value * np.array(axis.signs)[:, None, None]
    return np.divide(value, lengths, out=np.zeros_like(value), where=lengths != 0)
