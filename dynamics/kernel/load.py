"""A kernel from its file and its description: of one loop or of two, compiled or as plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..index_set import IndexSet
from .bilevel import BilevelKernel
from .kernel import Kernel
from .loading import BESIDE, Place, module_of, plain_module, remember


def load(
    path: Path, description: Mapping[str, Any], index_sets: Mapping[Any, IndexSet], compiled: bool = True,
    place: Place = BESIDE,
) -> Kernel:
    """Load the kernel at `path`; its variants have path's name with _blas and _lanes, where they exist.

    `index_sets` are what families may be over, by the word of a declaration; `place` is where compiled code is kept.
    """
    variants = {variant: path.with_name(f"{path.stem}_{variant}.py") for variant in ("blas", "lanes")}
    there = {variant: file for variant, file in variants.items() if compiled and file.exists()}
    for file in (path, *there.values()):
        remember(file, place)
    kind, more = _kind(description["model"], index_sets)
    return kind(
        path=path, scalars=tuple(description["scalars"]), observed=tuple(description["observed"]),
        heads=int(description["heads"]), signed=bool(description["signed"]), marked=bool(description["marked"]),
        tabled=bool(description["tabled"]), step=description["step"],
        loops=module_of(path) if compiled else plain_module(remember(path, place), path.stem),
        blas_path=there.get("blas"), lanes_path=there.get("lanes"), options=description.get("options", {}),
        numbers_of_step=description.get("numbers", {}),
        schedules=description.get("schedules", {}),
        watched=description.get("watched", {}), beside=tuple(description.get("beside", ())),
        follows_clean=_follows_clean(description["model"]["patches"]), varying=tuple(description.get("varying", ())),
        **more,
    )


def _follows_clean(patches: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a term is taken times the clean label."""
    terms = [term for patch in patches for term in patch.get("terms", [patch])]
    return any("clean" in (term["scale"] if isinstance(term["scale"], list) else [term["scale"]]) for term in terms)


def _kind(
    model: Mapping[str, Any], index_sets: Mapping[Any, IndexSet]
) -> tuple[type[Kernel], dict[str, Any]]:
    """The class of a model's kernel, and what that class has to know besides."""
    if model["algorithm"]["is"] != "Bilevel":
        return Kernel, {}
    families = tuple((family["name"], index_sets[family["over"]]) for family in model["directions"])
    return BilevelKernel, {"algorithm": model["algorithm"], "families": families}
