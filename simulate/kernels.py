"""The kernel of a model: the shipped file where one was generated from the same declaration, else derived on demand."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from derivations.model import Model, to_plain
from dynamics.kernel import GENERATED, Kernel, load


def kernel_for(model: Model) -> Kernel:
    """The compiled kernel of a model.  A shipped setting needs no SymPy; any other model is derived into the cache.

    Raises ValueError, in one sentence, where the model does not close on pre-activations.
    """
    path = _shipped(model)
    if path is None:
        from derivations.generate import write_for

        path = write_for(model)
    return load(path, _description(path))


def _shipped(model: Model) -> Path | None:
    """The shipped kernel derived from the same mathematics: everything but defaults, presets and wording."""
    wanted = mathematics(to_plain(model))
    for path in sorted(GENERATED.glob(f"{model.name}*.json")):
        if mathematics(_description(path.with_suffix(".py"))["model"]) == wanted:
            return path.with_suffix(".py")
    return None


def mathematics(plain: dict[str, Any]) -> dict[str, Any]:
    """The part of a declaration that a derivation reads."""
    return {key: plain[key] for key in ("name", "directions", "patches", "network", "objective", "algorithm")}


@functools.cache
def _description(path: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return description
