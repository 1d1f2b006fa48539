"""Write kernels and their descriptions: the shipped ones into dynamics/generated, a user's into a cache folder.

`python -m derivations.generate` rewrites every shipped kernel; a second run changes nothing.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

from .cache import cache_folder, drop_compiled, kept, kernel_folder, note, private_folder
from .calculus.idealised import Dropped, idealised
from .calculus.recursion import Recursion, of_model
from .declare import Model, scheduled, to_plain
from .errors import ModelError
from .kernel.emit import GENERATOR, module, observed, on_lanes, scalars
from .kernel.lanes.fits import marks, tabled
from .kernel.lanes.watched import beside, described
from .known import digest, remember
from .papers.paper import PAPERS
from .show.early import Written, early
from .show.shown import text_lines

GENERATED = Path(__file__).resolve().parent.parent / "dynamics" / "generated"
RATES = Path(__file__).resolve().parent / "papers" / "fomaml" / "rates.py"


def description(model: Model) -> dict[str, Any]:
    """What a run needs to know of a kernel without SymPy: the declaration and the kernel's arguments."""
    return {
        "generator": GENERATOR,
        "scalars": list(scalars(model)),
        "observed": list(observed(model)),
        "heads": model.n_heads,
        "signed": model.network.head_axis.signed,
        "marked": marks(model) and not model.algorithm.over_tasks,
        "tabled": tabled(model) and not model.algorithm.over_tasks,
        "step": model.algorithm.step,
        "options": model.algorithm.options,
        **({"numbers": model.algorithm.numbers} if model.algorithm.numbers else {}),
        **described_schedules(model),
        **described_looks(model),
        **({"varying": list(model.varying)} if model.varying else {}),
        "model": to_plain(model),
    }


def described_schedules(model: Model) -> dict[str, Any]:
    """The parameters, in order, of each number's function of t; nothing where none changes with the step."""
    by_role = {role: list(each.constants) for role, each in scheduled(model).items()}
    return {"schedules": by_role} if by_role else {}


def described_looks(model: Model) -> dict[str, Any]:
    """What a kernel looks at in every step, and the vectors of it that no patch holds, where there are any."""
    looked = described(model)
    vectors = list(beside(model)) if looked else []
    return {"watched": looked, **({"beside": vectors} if vectors else {})}


def kernel_name(setting: str, structural: dict[str, Any]) -> str:
    """A shipped kernel's name: the setting and its structural parameters, as in pegr_fgr_q2."""
    named = [f"{key}{value}" if isinstance(value, int) else str(value) for key, value in structural.items()]
    return "_".join([setting, *named]).replace("-", "_")


def files(recursion: Recursion, name: str) -> dict[str, str]:
    """The files of a kernel, by file name."""
    shown = text_lines(recursion)
    lanes = on_lanes(recursion, shown)
    return {
        f"{name}.py": module(recursion, shown),
        f"{name}_blas.py": module(recursion, shown, blas=True),
        **({f"{name}_lanes.py": lanes} if lanes is not None else {}),
        f"{name}.json": json.dumps(description(recursion.model), indent=1) + "\n",
    }


def shipped() -> dict[str, str]:
    """Every shipped file's text, by file name."""
    out: dict[str, str] = {}
    for name, paper in PAPERS.items():
        for chosen in itertools.product(*paper.structural.values()):
            structural = dict(zip(paper.structural, chosen, strict=True))
            out |= files(of_model(paper.factory(**structural)), kernel_name(name, structural))
    return out


def write_for(model: Model) -> Path:
    """Derive a user's model into the cache folder; the file is named by its content, so a change is a new file.

    What stands there already is compared with what was derived, and written anew where it differs.

    Raises ModelError, in one sentence, where the model does not close on pre-activations, and where no folder takes it.
    """
    path = _kept(files(of_model(model), model.name), model)
    remember(model, path)
    return path


def write_idealised(model: Model, dropped: Dropped) -> Path:
    """The same of a model's recursion without what is dropped (`calculus.idealised`), by loops alone."""
    recursion = idealised(of_model(model), dropped)
    described = json.dumps(description(model), indent=1) + "\n"
    return _kept({f"{model.name}.py": module(recursion, text_lines(recursion)), f"{model.name}.json": described}, model)


def _kept(texts: dict[str, str], model: Model) -> Path:
    """The kernel's file in the cache folder, or where that takes none in a temporary one."""
    stem = f"{model.name}_{digest(list(texts.values()))}"
    named = {f"{stem}{name.removeprefix(model.name)}": text for name, text in texts.items()}
    try:
        return _written(kernel_folder(), named)
    except OSError as first:
        note(f"the cache folder {cache_folder()} takes no kernel ({first.strerror}), so it is kept in a temporary one")
    try:
        return _written(private_folder(), named)
    except OSError as error:
        raise ModelError(
            f"kernel of {model.name}: no folder takes it ({error.strerror}); free some space, or set GAMMARHO_CACHE to "
            "a folder that can be written"
        ) from error


def _written(folder: Path, named: dict[str, str]) -> Path:
    """The kernel's file in a folder that holds exactly these texts; what was compiled from others is dropped."""
    for name, text in named.items():
        target = folder / name
        if not kept(target, text.encode()):
            drop_compiled(target)
    return folder / next(iter(named))


def growth_rates() -> str:
    """The module of the growth rates that FOMAML's conditions speak of, derived from its recursions."""
    said = "FOMAML's early stage by method, names and formulas (generated by `python -m derivations.generate`)."
    lines = [f'"""{said}"""', "", "RATES = {"]
    for method in ("train-train", "train-validation"):
        recursion = of_model(PAPERS["fomaml"].factory(method=method, activation="huberized"))
        named = early(recursion, Written({"xi": "X"}, "p"))
        lines += [f'    "{method}": {{', *(f'        "{each.name}": "{each.formula}",' for each in named), "    },"]
    return "\n".join([*lines, "}", ""])


def main() -> None:
    """Rewrite dynamics/generated, and the growth rates that conditions speak of."""
    RATES.write_text(growth_rates(), encoding="utf-8")
    GENERATED.mkdir(parents=True, exist_ok=True)
    texts = shipped()
    for old in GENERATED.iterdir():
        if old.is_file() and old.suffix in (".py", ".json") and old.name not in {*texts, "__init__.py"}:
            old.unlink()
    for name, text in texts.items():
        (GENERATED / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(texts)} files in {GENERATED.name}\n")


if __name__ == "__main__":
    main()
