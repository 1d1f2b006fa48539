"""Named random streams: one seed, and for every name a generator of its own."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping

import numpy as np

from ..errors import RangeError

STREAMS: Mapping[str, str] = {
    "labels": "labels of the examples; of tasks, also the odd one of a balanced split; with the step, drawn afresh",
    "label_flips": "which labels are flipped; with the step, drawn afresh",
    "scalars": "scalars of the examples, by their place in the model; with the step, drawn afresh",
    "mixing": "mixing matrices of the examples, by their place in the model",
    "data": "noise of the examples, as vectors or as inner products; with the step, drawn afresh",
    "centre": "a mixture's mean, by the mixture's place",
    "dictionary": "the features that tasks choose from",
    "tasks": "which entry of the dictionary a task takes",
    "init": "filters at step 0",
    "second_layer": "second-layer weights at step 0, where they are trained and random",
    "biases": "biases at step 0, where they are random",
    "batches": "the order of the examples in each epoch, by block of epochs",
    "flips": "label noise of each step, by block of steps",
    "test": "fresh examples; of fresh tasks, by what is drawn",
    "strata": "fresh examples along the heads, one vector and head after another, then who is with whom",
    "images": "which images of a data set are taken, by class where so many a class are",
    "search": "places, draws and moves that a search tries, by the statement",
    "mutants": "which places the search of a statement's mutants moves from, by the preset",
    "arbitrary": "states on which statements about one step are held, by none's run",
    "inductive": "states of a hypothesis set, and the lines along which a violation is ascended",
    "boundary": "which seeds and points a boundary's exponent is fitted to again; always under seed 0",
    "validate": "states, vectors and nudges on which engines are compared, by the comparison; always under seed 0",
}
"""The names in use, and what is drawn from each."""


def stream(seed: int, name: str, *index: int) -> np.random.Generator:
    """The generator of `name` (and `index`, if any) under `seed`.

    The same arguments give the same bits, in any order of creation and in any process; streams of different
    names, indices or seeds are independent.

    Args:
        seed: a whole number >= 0.
        name: what is drawn from it, one of `STREAMS`.
        index: further whole numbers, such as a task or a repetition.

    Raises:
        RangeError: the seed is negative.
        TypeError: the seed or an index is not a whole number.
    """
    words = _words(name, *(_whole(i) for i in index))
    if _whole(seed) < 0:
        raise RangeError(f"seed: {seed} is negative; give a whole number from 0")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(_whole(seed), spawn_key=words)))


@functools.lru_cache(maxsize=256)
def _words(*key: object) -> tuple[int, ...]:
    """Name and index through one digest of fixed length.

    numpy joins the words of a spawn key without marks between them, so (2**32,) and (0, 1) would be one key.
    """
    digest = hashlib.sha256(repr(key).encode()).digest()
    return tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))


def _whole(value: int) -> int:
    """An int or a numpy integer as an int; a bool or a float is a TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"seed and index: {value!r} is not a whole number")
    return int(value)
