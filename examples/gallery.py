"""The gallery of examples: their figures, and a page that shows them (`python -m examples.gallery`).

An example is a file beside this one with a `model`, two or more PRESETS that its paper compares, STATEMENTS, and
FIGURE, the variables to show; one whose runs begin with arrays also has `initial`(values, seed), which makes them.  A
figure has a panel a variable and a curve a preset: the largest entry, along the run.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import gammarho as gr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "examples.md"
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("__init__", "gallery")))
SEED = 0


def example(name: str) -> ModuleType:
    """An example's module."""
    return importlib.import_module(f"examples.{name}")


def figure(module: ModuleType, steps: int | None = None) -> Figure:
    """The example's figure, of runs as long as its presets say, or of `steps` steps."""
    from matplotlib.figure import Figure

    shown: tuple[str, ...] = module.FIGURE
    page = Figure(figsize=(3.2 * len(shown), 2.8), layout="constrained")
    panels = page.subplots(1, len(shown), squeeze=False)[0]
    for preset in module.PRESETS:
        length = preset.steps if steps is None else steps
        data = gr.run(module.model, dict(preset.values), steps=length, seed=SEED, observables=shown,
                      initial=start(module, dict(preset.values), SEED))
        for panel, name in zip(panels, shown, strict=True):
            values = data[name]
            panel.plot(data["t"], values.max([dim for dim in values.dims if dim != "t"]), label=preset.name)
    for panel, name in zip(panels, shown, strict=True):
        panel.set(xlabel="t", title=name)
    panels[0].legend(fontsize="small")
    return page


def start(module: ModuleType, values: Mapping[str, object], seed: int) -> Mapping[str, Any] | None:
    """The arrays that a run of an example begins with; None where it draws its own."""
    initial: Callable[[Mapping[str, object], int], Mapping[str, Any]] | None = getattr(module, "initial", None)
    return None if initial is None else initial(values, seed)


def text() -> str:
    """The page, of all examples."""
    return "\n".join(["# Examples", "", *_head(), *(line for name in NAMES for line in _section(name))])


def _head() -> Iterator[str]:
    """What the page begins with."""
    yield "Settings of papers, one declarative file each, in [examples](../examples). Each file's statements hold"
    yield "what its paper claims, and a test checks them; `python -m examples.gallery` writes this page."
    yield from ("", "```sh")
    file = "examples/label_noise.py:model"
    yield from (f"gammarho check {file}", f"gammarho validate {file}", f"gammarho run {file} --preset label-noise")
    yield from ("```", "")


def _section(name: str) -> Iterator[str]:
    module = example(name)
    title, _, told = (inspect.getdoc(module) or "").partition("\n\n")
    yield from (f"## {name}", "", f"{title} ([examples/{name}.py](../examples/{name}.py))", "", *told.split("\n"), "")
    yield from (f"![{', '.join(module.FIGURE)} of {name}](examples/{name}.png)", "")
    yield from ("| statement | claim | on |", "| --- | --- | --- |")
    for each in module.STATEMENTS:
        on = ", ".join(f"{key} = {value}" for key, value in each.instance.values)
        yield f"| {each.text} | `{each.claim}` | {on}, {each.instance.steps} steps |"
    yield ""


def main() -> None:
    """Draw every figure and write the page."""
    folder = PAGE.parent / PAGE.stem
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        figure(example(name)).savefig(folder / f"{name}.png", dpi=80)
    PAGE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
