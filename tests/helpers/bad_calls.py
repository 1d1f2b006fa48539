"""Bad inputs as data, as they are passed in Python, and the words that the one sentence about each must hold."""

from __future__ import annotations

import datetime
import decimal
import fractions
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import gammarho as gr
from simulate.start.source import Examples


def arrays(**changes: object) -> dict[str, Any]:
    """pegr's start of n = 4, m = 2, d = 6, with some arrays replaced."""
    rng = np.random.default_rng(0)
    start: dict[str, Any] = {
        "W": rng.normal(size=(2, 2, 6)), "mu": np.eye(6)[0], "xi": rng.normal(size=(4, 6)),
        "y": np.array([1.0, -1, 1, -1]),
    }
    return {**start, **changes}


class _Thing:
    """An object of no use, whose text is the same in every process."""

    def __repr__(self) -> str:
        return "<an object>"


_THING = _Thing()


class _Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def _call(verb: str, *given: Any, **options: Any) -> Callable[[], object]:
    return lambda: getattr(gr, verb)(*given, **options)


def _run(**given: Any) -> Callable[[], object]:
    params = given.pop("params", {"n": 4, "m": 2, "d": 12})
    return lambda: gr.run("pegr", params, **{"steps": 2, **given})


def _phase(**given: Any) -> Callable[[], object]:
    options = {"x": ("lam", [0.1]), "y": ("sigma_p", [0.5]), "steps": 2, "seeds": 1, "progress": False, **given}
    return lambda: gr.phase("pegr", {"n": 4, "m": 2, "d": 12}, **options)


def _from(**changes: object) -> Callable[[], object]:
    return lambda: gr.run("pegr", steps=2, initial=arrays(**changes))


def _images(**given: Any) -> Callable[[], object]:
    return lambda: gr.images(**{"name": "mnist", "classes": (0, 1), "data_dir": "/no/such/folder", **given})


def _scores(**given: Any) -> Callable[[], object]:
    pixels = np.random.default_rng(0).normal(size=(12, 3))
    return lambda: gr.influence_scores(**{"images": pixels, "labels": [0] * 6 + [1] * 6, **given})


PASSED: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {}
"""Calls by name, and the words of the sentence: the culprit's name, and what is wrong or would mend it."""


def _endless() -> Iterator[int]:
    return itertools.count()


# What stands where a number is wanted.
_NO_NUMBER: dict[str, tuple[Any, str]] = {
    "None": (None, "None"), "True": (True, "True"), "nan": (float("nan"), "nan"), "infinity": (float("inf"), "inf"),
    "complex": (1j, "1j"), "bytes": (b"3", "b'3'"), "a list": ([3], "[3]"), "a tuple": ((3,), "(3,)"),
    "a set": ({3}, "{3}"),
    "a mapping": ({"a": 3}, "'a'"), "a generator": ((x for x in [3]), "generator"),
    "an array": (np.array([3.0]), "array"),
    "a masked entry": (np.ma.masked, "masked"), "a date": (np.datetime64("2020-01-01"), "2020"),
    "a date in ns": (np.datetime64("2020-01-01", "ns"), "2020"), "a duration": (np.timedelta64(5, "s"), "timedelta"),
    "a datetime": (datetime.datetime(2020, 1, 1), "2020"), "Decimal NaN": (decimal.Decimal("NaN"), "NaN"),
    "a signalling NaN": (decimal.Decimal("sNaN"), "sNaN"), "NumPy true": (np.bool_(True), "True"),
    "a function": (len, "len"),
    "a type": (int, "int"), "what cannot be printed": (_Unprintable(), "_Unprintable"),
    "an integer beyond float64": (10**400, "beyond the largest"),
    "a long double below": (np.longdouble("1e-400"), "below"),
    "a long double beyond": (np.longdouble("1e400"), "beyond"), "a record": (np.zeros(1, dtype=[("a", int)])[0], "0"),
    "a data array": (xr.DataArray([1.0, 2.0]), "DataArray"), "a complex array": (np.array(1j), "1.j"),
}
for _kind, (_value, _shown) in _NO_NUMBER.items():
    PASSED[f"eta: {_kind}"] = _run(params={"eta": _value}), ("eta:", _shown, "above 0")
    PASSED[f"n: {_kind}"] = _run(params={"n": _value}), ("n:", _shown, "at least 1")
    if _kind not in ("None", "a list", "a tuple", "a generator", "an array", "a data array"):
        PASSED[f"record: {_kind}"] = _run(record=[0, _value]), ("record:", _shown, "whole steps")
        PASSED[f"until: {_kind}"] = _run(until={"loss": _value}), ("until: loss", _shown, "from 0")
        PASSED[f"axis value: {_kind}"] = _phase(x=("eta", [_value])), ("eta:", _shown, "above 0")
# ... and, of these kinds, at the other arguments that are numbers.
_WRONG = ("True", "nan", "a list", "a mapping", "a duration", "an integer beyond float64")
for _name, _with in dict[str, Callable[[Any], Callable[[], object]]]({
    "steps": lambda v: _run(steps=v), "seed": lambda v: _run(seed=v), "seeds": lambda v: _run(seeds=v),
    "workers": lambda v: _phase(workers=v), "draws": lambda v: _call("check", "pegr", draws=v),
    "constant": lambda v: _call("conditions", "pegr", constant=v), "sample": lambda v: _images(sample=v),
    "measured": lambda v: _call("conditions", "nearly_orthogonal", measured={"R_min": v}),
}).items():
    for _kind in _WRONG:
        _value, _shown = _NO_NUMBER[_kind]
        PASSED[f"{_name}: {_kind}"] = _with(_value), (f"{_name}:", _shown)
for _name, _value, _word in (
    ("n", 1.5, "1.5"), ("n", 2**53 + 1, "beyond 2^53"), ("n", fractions.Fraction(7, 2), "Fraction(7, 2)"),
    ("n", 2.0**60, "beyond"),
    ("n", decimal.Decimal("2.5"), "2.5"), ("n", -(2**70), "beyond"), ("n", np.float32(0.5), "0.5"),
    ("lam", fractions.Fraction(1, 10**400), "below"),
    ("lam", decimal.Decimal("1e-400"), "below"), ("lam", -1e-300, "at least 0"), ("d", 12.5, "12.5"),
    ("d", np.array(12.5), "12.5"),
    ("penalty_half", 2, "true or false"), ("penalty_half", 1.0, "true or false"),
    ("penalty_half", [True], "true or false"),
    ("penalty_half", "maybe", "true or false"), ("neurons", 1, "mean, sum"), ("neurons", b"mean", "mean, sum"),
    ("neurons", ["mean"], "mean, sum"), ("neurons", None, "mean, sum"), ("regularizer", True, "none, pegr, fgr"),
):
    PASSED[f"{_name} = {_value!r}"] = _run(params={_name: _value}), (f"{_name}:", _word)
for _kind, _value in {
    "a set": {2, 3}, "a mapping": {2: 2}, "bytes": b"22", "a matrix": np.ones((2, 2)), "a fraction": [2.5, 1.5],
    "text in it": ["2", "x"],
    "nothing": [], "True": True,
}.items():
    PASSED[f"class_sizes: {_kind}"] = (
        _call("run", "heterogeneous", {"K": 2, "n": 4, "class_sizes": _value}, steps=2), ("class_sizes:", "40,4")
    )
for _name in ("steps", "seed"):
    PASSED[f"{_name}: 2**70"] = _run(**{_name: 2**70}), (f"{_name}:", "beyond 2^53")
    PASSED[f"{_name}: 1.5"] = _run(**{_name: 1.5}), (f"{_name}:", "1.5")
    PASSED[f"validate {_name}: -1"] = _call("validate", "pegr", **{"steps": 2, _name: -1}), (f"{_name}:", "-1")

# What stands where a mapping is wanted.
_NO_MAPPING: dict[str, tuple[Any, str]] = {
    "a number": (5, "5"), "a list": ([("n", 3)], "('n', 3)"), "a text": ("n=3", "n=3"), "a set": ({"n"}, "{'n'}"),
    "an array": (np.ones(2), "array"), "a key that is no text": ({5: 1}, "key 5"),
    "a key of bytes": ({b"n": 1}, "b'n'"),
    "False": (False, "False"), "zero": (0, "0"), "an empty text": ("", "empty"), "an empty list": ([], "[]"),
}
for _kind, (_value, _shown) in _NO_MAPPING.items():
    PASSED[f"params: {_kind}"] = _run(params=_value), ("params", _shown, "{'n': 20}")
    PASSED[f"initial: {_kind}"] = _run(initial=_value, params=None), ("initial", _shown, "{'W': ...}")
    PASSED[f"until mapping: {_kind}"] = _run(until=_value), ("until", _shown, "{'loss': 1e-3}")
    PASSED[f"measured mapping: {_kind}"] = (
        _call("conditions", "nearly_orthogonal", measured=_value), ("measured", _shown, "{'R_min': 1.0}")
    )
for _verb in ("derive", "validate", "check", "conditions"):
    PASSED[f"{_verb} params: 5"] = _call(_verb, "pegr", 5), ("params: 5", "{'n': 20}")
for _name, _value, _words in (
    ("R_min", -1, ("measured: R_min = -1", "below 0")), ("R_mini", 1, ("measured:", "'R_min'")),
    ("R_min", "big", ("measured: R_min", "'big'")), ("R_min", "1e-400", ("measured: R_min", "below the smallest")),
):
    _measured = _call("conditions", "nearly_orthogonal", measured={_name: _value})
    PASSED[f"measured {_name} = {_value!r}"] = _measured, _words

# What stands where names, steps, texts and places are wanted.
for _kind, (_value, _shown) in {
    "a number": (5, "5"), "nothing": ([], "names none"), "bytes": (b"loss", "b'loss'"),
    "a mapping": ({"loss": 1}, "'loss'"),
    "numbers": ([1, 2], "1"), "None in it": (["loss", None], "None"), "nested": ([["loss"]], "['loss']"),
    "a misspelt one of a generator": ((x for x in ["loss", "gama"]), "'gamma'"),
    "an endless generator": (_endless(), "count"),
    "an array": (np.array(["lss"]), "'loss'"), "a matrix": (np.array([["loss"]]), "array"),
    "an empty generator": (iter(()), "names none"),
    "records": (np.zeros(2, dtype=[("a", int)]), "not an observable"),
}.items():
    PASSED[f"observables: {_kind}"] = _run(observables=_value), ("observables:", _shown)
for _kind, (_value, _shown) in {
    "nested": ([[0], [1, 2]], "[0]"), "a fraction": (0.5, "0.5"), "a mapping": ({0: 1}, "{0: 1}"),
    "nothing": ([], "no step"),
    "a set": ({0, 1}, "{0, 1}"), "bytes": (b"01", "b'01'"), "a matrix": (np.zeros((1, 2), dtype=int), "array"),
    "an object": (_THING, "object"),
    "masked": (np.ma.array([0, 1], mask=[False, True]), "masked"), "beyond": ([0, 3], "3"),
    "back": ([2, 1], "increase"), "below": ([-1], "-1"),
    "an endless generator": (_endless(), "count"), "huge": ([2**70], "beyond 2^53"),
}.items():
    PASSED[f"record: {_kind}"] = _run(record=_value), ("record", _shown)
for _name, _options in {"engine": "reduced, weights", "sampling": "vectors, gram"}.items():
    for _value in (None, 5, [], {}, np.array([1, 2]), b"gram", float("nan")):
        PASSED[f"{_name}: {_value!r}"] = _run(**{_name: _value}), (f"{_name}:", _options)
for _value in (5, [], {}, ["paper"], np.array("paper"), b"paper", True):
    PASSED[f"preset: {_value!r}"] = _run(preset=_value), ("preset:", "paper, mechanism")
for _value in (5, None, [], {}, b"pegr", int, len, lambda: None, lambda x: x, xr.Dataset()):
    _label = getattr(_value, "__name__", repr(_value)[:20])
    PASSED[f"setting: {_label}"] = _call("run", _value, steps=2), ("model" if callable(_value) else "setting:",)
PASSED["setting: int"] = _call("run", int, steps=2), ("setting:", "int")
for _value in (
    5, b"a.zarr", "", "g.nc", "no/g.zarr", "a" * 300 + ".zarr", "a\x00.zarr", "~nobody/g.zarr", ["g.zarr"], _THING,
    Path("."),
):
    PASSED[f"store: {str(_value)[:30]!r}"] = _phase(store=_value), ("store:",)
for _value in ("maybe", 2, None, []):
    PASSED[f"progress: {_value!r}"] = _phase(progress=_value), ("progress:", "true or false")
for _value in (5, None, b"loss", [b"loss"], []):
    PASSED[f"observable: {_value!r}"] = _phase(observable=_value), ("observable:", "'test_error'")

# Axes.
for _kind, (_value, _shown) in {
    "a number": (5, "5"), "None": (None, "None"), "three parts": (("eta", [1.0], 2), "expected a parameter"),
    "one part": (("eta",), "expected a"),
    "a name that is none": ((5, [0.1]), "(5, [0.1])"), "bytes": ((b"eta", [0.1]), "b'eta'"),
    "a mapping": ({"eta": [0.1]}, "'eta'"),
    "a set": ({"eta", "m"}, "expected a parameter"), "ragged": (("eta", [[0.1], [0.2, 0.3]]), "[0.1]"),
    "no list": (("eta", 5), "5"),
    "a text for values": (("eta", "0.1"), "'0.1'"), "no values": (("eta", []), "[]"),
    "repeated": (("eta", [0.1, 0.1]), "all different"),
    "repeated as text": (("eta", [0.1, "0.1"]), "all different"), "a set of values": (("eta", {0.1}), "{0.1}"),
    "a matrix": (("eta", np.ones((1, 2))), "array"),
    "complex": (("eta", np.array([1j])), "1j"), "dates": (("eta", np.array(["2020-01-01"], dtype="M8[D]")), "2020"),
    "an endless one": (("eta", _endless()), "count"),
    "masked": (("eta", np.ma.array([0.1, 0.2], mask=[False, True])), "masked"), "unknown": (("etta", [0.1]), "'eta'"),
    "absent": (("lam_until", [5, None]), "None"),
    "too many": (("eta", np.arange(1.0, 2e5)), "at most 100000"),
}.items():
    PASSED[f"axis: {_kind}"] = _phase(x=_value), ("" if _shown in ("[0.1]", "1j", "2020", "count") else "x:", _shown)

PASSED["initial: tasks that do not fit"] = _call(
    "run", "fomaml", {"M": 3}, steps=2,
    initial={"W": np.ones((2, 2, 4)), "nu_k": np.ones((2, 4)), "xi": np.ones((2, 3, 4)), "y": np.ones((2, 2))},
), ("initial['y']", "give y as (n_tasks, 3)")

# Arrays: each kind that is no array of real numbers, at W; then shapes, labels and what does not fit.
_NO_ARRAY: dict[str, tuple[Any, str]] = {
    "None": (None, "Python objects"), "a number": (5.0, "shape ()"), "a text": ("W", "text"),
    "an object": (_THING, "Python objects"),
    "ragged": ([[1.0], [1.0, 2.0]], "rows of different lengths"), "complex": (np.ones((2, 2, 6)) * 1j, "complex"),
    "true and false": (np.ones((2, 2, 6), dtype=bool), "true and false"), "texts": (np.full((2, 2, 6), "1"), "text"),
    "bytes": (np.full((2, 2, 6), b"1"), "bytes"),
    "dates": (np.zeros((2, 2, 6), dtype="M8[s]"), "dates"),
    "durations": (np.zeros((2, 2, 6), dtype="m8[s]"), "durations"),
    "records": (np.zeros((2, 2, 6), dtype=[("a", float)]), "records"),
    "objects": (np.full((2, 2, 6), 1, dtype=object), "Python objects"),
    "masked": (np.ma.array(np.ones((2, 2, 6)), mask=np.eye(12)[0].reshape(1, 2, 6).repeat(2, 0)), "masked entries"),
    "a list of masked": ([np.ma.array(np.ones((2, 6)), mask=True)] * 2, "masked entries"),
    "a set": ({1.0}, "Python objects"),
    "a mapping": ({"a": 1.0}, "Python objects"), "a generator": ((x for x in [1.0]), "Python objects"),
    "nan": (np.full((2, 2, 6), np.nan), "nan at index (0, 0, 0)"),
    "infinite": (np.full((2, 2, 6), -np.inf), "-inf at index (0, 0, 0)"),
    "beyond float64": (np.full((2, 2, 6), np.longdouble("1e400")), "expected finite"),
    "below float64": (np.full((2, 2, 6), np.longdouble("1e-400")), "below the smallest float64"),
    "integers beyond": (np.full((2, 2, 6), 2**60), "2^53"),
    "empty": (np.ones((2, 0, 6)), "(2, 0, 6)"), "three heads": (np.ones((3, 2, 6)), "(3, 2, 6)"),
    "two axes": (np.ones((2, 6)), "(2, 6)"), "another d": (np.ones((2, 2, 7)), "d"),
}
for _kind, (_value, _shown) in _NO_ARRAY.items():
    PASSED[f"W: {_kind}"] = _from(W=_value), ("initial['W']", _shown)
for _kind, (_value, _shown) in {
    "0": ([1, 0, 1, -1], "label 0 at index 1"), "half": ([1, 0.5, 1, -1], "0.5"), "too few": ([1, -1], "n"),
    "text": (["+", "-", "+", "-"], "text"),
    "flags": ([True, False, True, False], "true and false"), "a column": ([[1], [-1], [1], [-1]], "(4, 1)"),
    "nan": ([1, np.nan, 1, -1], "nan"),
    "complex": ([1, -1j, 1, -1], "complex"),
}.items():
    PASSED[f"y: {_kind}"] = _from(y=_value), ("initial['y']", _shown)
PASSED["initial: a misspelt key"] = _run(initial={**arrays(), "xii": 1}, params=None), ("initial:", "'xii'", "'xi'")
PASSED["initial: a key is missing"] = _run(initial={"W": arrays()["W"]}, params=None), ("initial:", "missing")
PASSED["initial: n against the arrays"] = _run(initial=arrays(), params={"n": 5}), ("n: 5", "n = 4")
PASSED["initial: with gram"] = _run(initial=arrays(), params=None, sampling="gram"), ("sampling:", "initial")
for _verb in ("validate", "run"):
    PASSED[f"{_verb} initial: W alone"] = _call(_verb, "pegr", steps=2, initial={"W": "x"}), ("initial:", "missing")
    PASSED[f"{_verb} initial: 5"] = _call(_verb, "pegr", steps=2, initial=5), ("initial: 5",)
for _kind, (_value, _shown) in {
    "complex": (np.ones((5, 3, 3)) * 1j, "complex"), "masked": (np.ma.array(np.ones((5, 3, 3)), mask=True), "masked"),
    "text": ("x", "text"),
    "ragged": ([np.eye(2), np.eye(3)], "different lengths"), "two axes": (np.eye(3), "(3, 3)"),
    "nan": (np.full((5, 3, 3), np.nan), "nan at"),
    "two classes": (np.ones((2, 3, 3)), "(5, d, d)"), "asymmetric": (np.arange(45.0).reshape(5, 3, 3), "symmetric"),
    "zero": (np.zeros((5, 3, 3)), "covariance"),
    "objects": (np.full((5, 3, 3), None), "objects"), "a mapping": ({}, "objects"),
}.items():
    PASSED[f"covariances: {_kind}"] = _call("conditions", "heterogeneous", covariances=_value), ("covariances:", _shown)
PASSED["conditions initial"] = _call("conditions", "nearly_orthogonal", initial=arrays()), ("initial:", "measured")


class _Source:
    """A source of examples that gives what it was made with."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def examples(self, model: object, values: object) -> Any:
        return self.given


def _examples(**changes: object) -> _Source:
    plain = {"x": np.eye(6)[:4], "y": [1, -1, 1, -1], "test_x": np.eye(6), "test_y": [1, -1] * 3}
    return _Source(Examples(**{**plain, **changes}, notes=(), attrs={}))  # type: ignore[arg-type]


for _kind, (_value, _shown) in dict[str, tuple[Any, str]]({
    "a number": (_Source(5), "5"), "the class itself": (_Source, "_Source"),
    "no vectors": (_examples(x=5.0), "shape ()"),
    "labels of another length": (_examples(y=[1, -1]), "(2,)"),
    "held-out ones of another d": (_examples(test_x=np.eye(7)), "(7, 7)"),
    "nan held out": (_examples(test_x=np.full((6, 6), np.nan)), "test_x: nan"),
    "complex": (_examples(x=1j * np.eye(6)), "x: not an"),
    "labels 0": (_examples(y=[0, 1, 0, 1]), "label 0"),
}).items():
    PASSED[f"examples: {_kind}"] = _call("run", "nearly_orthogonal", {"m": 2}, steps=2, initial=_value), ("", _shown)

# Statements.
for _kind, (_value, _shown) in {
    "a number": (5, "5"), "numbers": ([5], "5"), "none": ([], "[]"), "unknown": (["E99"], "'E99'"),
    "bytes": (b"D1", "b'D1'"), "nested": ([["D1"]], "['D1']"),
    "a mapping": ({"D1": 1}, "'D1'"), "a text": ("E99", "'E99'"), "None in it": ([None], "None"),
}.items():
    PASSED[f"statements: {_kind}"] = _call("check", "pegr", statements=_value, steps=2), ("statements:", _shown)
_half = gr.Statement(id="mine", kind="inequality", claim="loss >=", mutant="loss <= 0")
PASSED["statements: one that cannot be read"] = _call("check", "pegr", statements=[_half]), ("mine:", "loss >=")

# Images and influence scores.
for _kind, (_given, _said) in dict[str, tuple[dict[str, Any], tuple[str, ...]]]({
    "a set by number": ({"name": 5}, ("data: 5", "mnist")),
    "a set in a list": ({"name": ["mnist"]}, ("data:", "mnist")), "one class": ({"classes": 1}, ("data_dir:",)),
    "a scaling": ({"scaling": None}, ("scaling: None", "unit")), "n": ({"n": 0}, ("n: 0",)),
    "n of a text": ({"n": "many"}, ("n: 'many'",)),
    "a folder by number": ({"data_dir": 5}, ("data_dir: 5",)),
    "a folder in bytes": ({"data_dir": b"x"}, ("data_dir: b'x'",)),
    "a folder with NUL": ({"data_dir": "\x00"}, ("data_dir:",)),
}).items():
    PASSED[f"images: {_kind}"] = _images(**_given), _said
for _kind, (_given, _said) in dict[str, tuple[dict[str, Any], tuple[str, ...]]]({
    "images None": ({"images": None}, ("images:", "objects")),
    "images complex": ({"images": np.ones((12, 3)) * 1j}, ("images:", "complex")),
    "images masked": ({"images": np.ma.array(np.ones((12, 3)), mask=True)}, ("images:", "masked")),
    "images ragged": ({"images": [[1], [1, 2]]}, ("images:", "lengths")),
    "images empty": ({"images": np.ones((0, 3))}, ("images:", "(0, 3)")),
    "images flat": ({"images": np.ones(12)}, ("images:", "(12,)")),
    "images dates": ({"images": np.zeros((12, 3), dtype="M8[s]")}, ("images:", "dates")),
    "images nan": ({"images": np.full((12, 3), np.nan)}, ("images:", "NaN")),
    "labels None": ({"labels": None}, ("labels:", "objects")),
    "labels text": ({"labels": list("abcdefghijkl")}, ("labels:", "text")),
    "labels too few": ({"labels": [0] * 11}, ("labels:", "11 labels for 12 images")),
    "labels of two axes": ({"labels": np.zeros((12, 1), dtype=int)}, ("labels:", "(12, 1)")),
    "labels halves": ({"labels": [0.5] * 12}, ("labels:", "0.5")),
    "labels nan": ({"labels": [np.nan] * 12}, ("labels:", "nan")),
    "labels flags": ({"labels": [True] * 6 + [False] * 6}, ("labels:", "true and false")),
    "labels huge": ({"labels": [2.0**60] * 12}, ("labels:", "whole numbers")),
    "labels masked": ({"labels": np.ma.array([0] * 12, mask=True)}, ("labels:", "masked")),
    "a small class": ({"labels": [0] * 10 + [1] * 2}, ("labels:", "class 1")),
    "corrected": ({"corrected": "maybe"}, ("corrected:", "true or false")),
    "corrected of a list": ({"corrected": []}, ("corrected:", "true or false")),
}).items():
    PASSED[f"scores: {_kind}"] = _scores(**_given), _said
