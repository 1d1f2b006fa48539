"""Digests of small runs of every shipped kernel, which a change of shape must leave as they are.

`python -m tests.helpers.digests` writes `digests.json` beside it anew; a change of it says that every published run
changes, and belongs into the changelog.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import gammarho as gr
from dynamics.kernel.variants import MARKED_UPTO

RECORDED = Path(__file__).with_name("digests.json")
_PEGR = {"n": 7, "m": 4, "d": 40, "sigma_p": 0.9, "sigma_0": 0.1, "eta": 0.3, "lam": 0.05, "lam_until": 12}
_CLASSES = {"n": 12, "m": 4, "d": 30, "sigma_0": 0.05, "eta": 0.2}
_ORTHOGONAL = {"n": 9, "m": 4, "d": 50, "sigma_0": 0.01, "eta": 0.1}
_TASKS = {"n_tasks": 4, "n": 4, "n_train": 2, "m": 5, "d": 60, "M": 3, "J": 2, "test_tasks": 6, "eta_inner": 0.5,
          "sigma_xi": 0.2, "sigma_s": 0.05, "eta": 0.1, "sigma_0": 0.05}
_LARGE = {"n": 100, "d": 300, "m": 4}  # from 96 directions on the BLAS variant runs, where there are no lanes
_LARGER = {"n": 400, "d": 450, "m": 4}  # from 400 on with lanes
_MANY = {"n": 200, "d": 250, "m": 4}  # directions at which filters of class heads decide
_LANES = {"n": 20, "d": 60, "m": 5}  # eight examples at a time

Case = tuple[str, Mapping[str, object], str]
CASES: dict[str, Case] = {
    **{
        f"pegr {regularizer} q={q}": ("pegr", {**_PEGR, "regularizer": regularizer, "q": q}, "vectors")
        for regularizer in ("none", "pegr", "fgr") for q in (2, 3)
    },
    "pegr gram": ("pegr", {**_PEGR, "d": 1e9, "sigma_p": 1e-4}, "gram"),
    "pegr sum of filters": ("pegr", {**_PEGR, "neurons": "sum", "penalty_half": False}, "vectors"),
    "pegr blas": ("pegr", {**_PEGR, **_LARGER, "n": MARKED_UPTO, "d": 1200}, "vectors"),
    "pegr lanes, where others go by BLAS": ("pegr", {**_PEGR, **_LARGER}, "vectors"),
    **{
        f"pegr {regularizer} lanes": ("pegr", {**_PEGR, **_LANES, "regularizer": regularizer}, "gram")
        for regularizer in ("none", "pegr", "fgr")
    },
    "pegr lanes, noise not projected": ("pegr", {**_PEGR, **_LANES, "project_noise": False}, "vectors"),
    "pegr lanes, many": ("pegr", {**_PEGR, **_LARGE}, "vectors"),
    **{f"heterogeneous K={K}": ("heterogeneous", {**_CLASSES, "K": K}, "vectors") for K in (2, 3, 4, 5)},
    "heterogeneous uniform": ("heterogeneous", {**_CLASSES, "K": 3, "noise": "uniform"}, "vectors"),
    "heterogeneous lanes, many": ("heterogeneous", {**_CLASSES, **_LARGE, "K": 2}, "vectors"),
    "heterogeneous lanes, where many filters go by BLAS": ("heterogeneous", {**_CLASSES, **_MANY, "K": 2}, "vectors"),
    "heterogeneous blas": ("heterogeneous", {**_CLASSES, **_MANY, "K": 2, "m": 250}, "vectors"),
    "nearly_orthogonal": ("nearly_orthogonal", _ORTHOGONAL, "vectors"),
    "nearly_orthogonal lanes": ("nearly_orthogonal", {**_ORTHOGONAL, **_LANES}, "gram"),
    "nearly_orthogonal gram": ("nearly_orthogonal", _ORTHOGONAL, "gram"),
    "nearly_orthogonal blas": ("nearly_orthogonal", {**_ORTHOGONAL, **_LARGER}, "vectors"),
    **{
        f"fomaml {method} {activation}": ("fomaml", {**_TASKS, "method": method, "activation": activation}, "vectors")
        for method in ("train-train", "train-validation", "reptile") for activation in ("huberized", "relu")
    },
    "fomaml gram": ("fomaml", {**_TASKS, "d": 1e6, "sigma_xi": 2e-3}, "gram"),
    "fomaml fresh": ("fomaml", {**_TASKS, "fresh": True}, "vectors"),
}


def of_case(name: str) -> dict[str, str]:
    """The digest of each variable of a case's run, by name."""
    setting, params, sampling = CASES[name]
    data = gr.run(setting, params, steps=25, seed=5, sampling=sampling, record=[0, 1, 5, 25])
    return {str(variable): digest(values.values) for variable, values in data.data_vars.items()}


def digest(values: Any) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of an array's shape, type and bytes; of text, of its characters.

    A NaN counts as one, whatever its payload.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "bif":
        return hashlib.sha256(json.dumps(array.astype(str).tolist()).encode()).hexdigest()[:16]
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.nan, array)
    told = f"{array.shape} {array.dtype.str} ".encode()
    return hashlib.sha256(told + np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def machine() -> str:
    """A digest of how this machine rounds exp, log, BLAS products and factorisations, which differs between processors.

    The same bits are promised on one machine, not between machines whose libraries round otherwise.
    """
    grid = np.sin(np.arange(1, 4097, dtype=np.float64)).reshape(64, 64)
    shifted = grid @ grid.T + 64.0 * np.eye(64)
    parts = [np.exp(grid), np.log1p(abs(grid)), grid @ grid, np.linalg.cholesky(shifted), np.linalg.eigh(shifted)[0],
             np.linalg.svd(grid)[1]]
    return digest(np.concatenate([part.ravel() for part in parts]))


def main() -> None:
    """Write the digests of this machine."""
    found = {"machine": machine(), "cases": {name: of_case(name) for name in CASES}}
    RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
