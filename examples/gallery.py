"""The gallery of examples: their figures, what their runs show, and a page of it all (`python -m examples.gallery`).

An example is a file beside this one with a `model`, two or more PRESETS that its paper compares, STATEMENTS, and
FIGURE, the variables to show; one whose runs begin with arrays also has `initial`(values, seed), which makes them.  A
figure has a panel a variable and a curve a preset: the largest entry, along the run.  What is said of the runs is read
from the numbers that are kept beside the figure, of three draws a preset; kept as well is how far another last bit of
eta moves them, which is as near as another machine comes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import gammarho as gr
from figures.said import Shown, shown
from figures.style import LINES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "examples.md"
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("__init__", "gallery")))
SEED, SEEDS = 0, range(3)
NEARBY = (-2, -1, 1, 2)  # last bits by which eta is another
DIGITS = 0.02  # what moves an entry by more is said: of its two digits the last is then not another machine's


def example(name: str) -> ModuleType:
    """An example's module."""
    return importlib.import_module(f"examples.{name}")


def figure(module: ModuleType, steps: int | None = None) -> Figure:
    """The example's figure, of runs as long as its presets say, or of `steps` steps."""
    from matplotlib.figure import Figure

    shown: tuple[str, ...] = module.FIGURE
    page = Figure(figsize=(3.2 * len(shown), 2.8), layout="constrained")
    panels = page.subplots(1, len(shown), squeeze=False)[0]
    for preset, line in zip(module.PRESETS, LINES, strict=False):
        length = preset.steps if steps is None else steps
        data = gr.run(module.model, dict(preset.values), steps=length, seed=SEED, observables=shown,
                      initial=start(module, dict(preset.values), SEED))
        for panel, name in zip(panels, shown, strict=True):
            values = data[name]
            panel.plot(data["t"], values.max([dim for dim in values.dims if dim != "t"]), label=preset.name,
                       color=line.color, linestyle=line.dashes)
    for panel, name in zip(panels, shown, strict=True):
        panel.set(xlabel="t", title=name)
    panels[0].legend(fontsize="small")
    return page


def start(module: ModuleType, values: Mapping[str, object], seed: int) -> Mapping[str, Any] | None:
    """The arrays that a run of an example begins with; None where it draws its own."""
    initial: Callable[[Mapping[str, object], int], Mapping[str, Any]] | None = getattr(module, "initial", None)
    return None if initial is None else initial(values, seed)


def measured(module: ModuleType) -> dict[str, Any]:
    """Of every preset the figure's variables after its last step; of every statement on how many draws it held."""
    presets = []
    for preset in module.PRESETS:
        draws = [_ends(module, preset, seed) for seed in SEEDS]
        nearby = [[_ends(module, preset, seed, bits) for bits in NEARBY] for seed in SEEDS]
        ends = {name: [draw[name] for draw in draws] for name in module.FIGURE}
        moved = {name: max(_share(draw[name], other[name]) for draw, others in zip(draws, nearby, strict=True)
                           for other in others) for name in module.FIGURE}
        presets.append({"name": preset.name, "values": dict(preset.values), "steps": preset.steps, "ends": ends,
                        "moved": moved})
    return {"presets": presets, "holds": {each.id: _held(module, each) for each in module.STATEMENTS}}


def _ends(module: ModuleType, preset: Any, seed: int, bits: int = 0) -> dict[str, float]:
    """The figure's variables after a run's last step, of an eta that is so many last bits larger."""
    values = dict(preset.values)
    eta = values.get("eta", {each.name: each.default for each in module.model.parameters}["eta"])
    data = gr.run(module.model, {**values, "eta": eta * (1 + bits * sys.float_info.epsilon)}, steps=preset.steps,
                  seed=seed, observables=module.FIGURE, record=[preset.steps], initial=start(module, values, seed))
    return {name: float(data[name][-1].max()) for name in module.FIGURE}


def _share(one: float, other: float) -> float:
    """How far apart two numbers are, of the first; all of it where that is 0."""
    return 0.0 if one == other else abs(other - one) / abs(one) if one else 1.0


def _held(module: ModuleType, statement: Any) -> int:
    """On how many of the draws a statement holds."""
    count = 0
    for seed in SEEDS:
        initial = start(module, dict(statement.instance.values), seed)
        verdicts = gr.check(module.model, statements=[statement], steps=1, seeds=1, seed=seed, initial=initial)
        count += verdicts[statement.id].verdict == "holds"
    return count


def kept(name: str) -> dict[str, Any]:
    """What was measured when the page was last made."""
    numbers: dict[str, Any] = json.loads((PAGE.parent / PAGE.stem / f"{name}.json").read_text(encoding="utf-8"))
    return numbers


def seen(numbers: Mapping[str, Any]) -> list[Shown]:
    """A sentence a preset: the least and the greatest of the draws' largest entries after the last step."""
    return [shown(f"`{each['name']}`, after {{steps}} steps: " + ", ".join(
        f"`{name}` {{{name}}}" for name in each["ends"]) + ".", steps=each["steps"],
        **{name: _span(ends) + _moved(each["moved"][name]) for name, ends in each["ends"].items()})
        for each in numbers["presets"]]


def _moved(share: float) -> str:
    """What another last bit of eta does, where it can be seen in two digits."""
    return "" if share <= DIGITS else f" (another last bit of eta moves it by up to {100 * share:.2g} %)"


def _span(ends: Sequence[float]) -> str:
    """Two digits, as finer ones are another machine's."""
    low, high = f"{min(ends):.2g}", f"{max(ends):.2g}"
    return low if low == high else f"{low} to {high}"


def text() -> str:
    """The page, of all examples."""
    return "\n".join(["# Examples", "", *_head(), *(line for name in NAMES for line in _section(name))])


def _head() -> Iterator[str]:
    """What the page begins with."""
    yield "Settings of papers, one declarative file each, in [examples](../examples). Each file's statements hold"
    yield "what its paper claims, and a test checks them; `python -m examples.gallery` writes this page."
    yield f"What stands below an example is computed from {len(SEEDS)} draws a preset, of which the figure shows the"
    yield "first; statements are held by `check` against as many draws of its own, which need not be those."
    yield from ("", "```sh")
    file = "examples/label_noise.py:model"
    yield from (f"gammarho check {file}", f"gammarho validate {file}", f"gammarho run {file} --preset label-noise")
    yield from ("```", "")


def _section(name: str) -> Iterator[str]:
    module, numbers = example(name), kept(name)
    title, _, told = (inspect.getdoc(module) or "").partition("\n\n")
    yield from (f"## {name}", "", f"{title} ([examples/{name}.py](../examples/{name}.py))", "", *told.split("\n"), "")
    yield f"Largest entries at the end, over {len(SEEDS)} draws:"
    yield from ("", *(f"- {each}" for each in seen(numbers)), "")
    yield from (f"![{', '.join(module.FIGURE)} of {name}](examples/{name}.png)", "")
    yield from ("| statement | claim | on | `check` |", "| --- | --- | --- | --- |")
    for each in module.STATEMENTS:
        on = ", ".join(f"{key} = {value}" for key, value in each.instance.values)
        held = f"holds on {numbers['holds'][each.id]} of {len(SEEDS)}"
        yield f"| {each.text} | `{each.claim}` | {on}, {each.instance.steps} steps | {held} |"
    yield ""


def main() -> None:
    """Draw every figure, measure what is said below it, and write the page."""
    folder = PAGE.parent / PAGE.stem
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        print(name, flush=True)
        figure(example(name)).savefig(folder / f"{name}.png", dpi=80)
        (folder / f"{name}.json").write_text(json.dumps(measured(example(name)), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
