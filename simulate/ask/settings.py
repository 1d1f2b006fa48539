"""Settings by name: the shipped models, a model in a user's own file, or a Model as it stands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from derivations.declare import Model, Preset, Statements, Value
from derivations.papers.paper import PAPERS, paper_of

from ..errors import InputError, nearest, quoted
from . import digest, models, userfile


@dataclass(frozen=True)
class Setting:
    """A named source of models.

    `factory` is a function of the structural parameters or a Model; `structural` lists the values whose kernels
    ship, by parameter name; `written` is what the caller wrote for it, where that is not the name.  A `lasting` one's
    models are the same whenever they are asked for: a paper's, or a Model.
    """

    name: str
    factory: Callable[..., Model] | Model
    structural: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    presets: tuple[Preset, ...] = ()
    written: str = ""
    lasting: bool = False

    @property
    def word(self) -> str:
        """The word by which it is asked for again."""
        return self.written or self.name

    def preset(self, name: str | None) -> Preset | None:
        """The preset of that name, or None for None.

        Raises:
            InputError: for a name this setting does not have, with the nearest one.
        """
        if name is None:
            return None
        by_name = {preset.name: preset for preset in self.presets}
        if not by_name:
            raise InputError(f"preset: {quoted(name)}; {self.name} has no presets, so give values by name instead")
        if not isinstance(name, str) or name not in by_name:
            cure = nearest(name, by_name) if isinstance(name, str) else f"expected one of {', '.join(by_name)}"
            raise InputError(f"preset: {quoted(name)} is not one of {self.name}'s; {cure}")
        return by_name[name]


def resolve(setting: object) -> Setting:
    """The setting for a shipped name, "file.py:model", a Model, or a function that returns one.

    Raises:
        InputError: for an unknown name (with the nearest one), and for a file that cannot be loaded or does not
            hold a model of that name.
    """
    if isinstance(setting, Setting):
        return setting
    if isinstance(setting, Model):
        return _with_papers(Setting(setting.name, setting, lasting=True))
    if callable(setting):
        return _with_papers(Setting(getattr(setting, "__name__", "model"), setting))
    if not isinstance(setting, str):
        shipped = ", ".join(PAPERS)
        raise InputError(f"setting: {quoted(setting)}; expected one of {shipped}, file.py:model or a Model")
    if setting in PAPERS:
        return _shipped(setting)
    if ".py" in setting:
        path, _, name = setting.rpartition(":")
        if not path.endswith(".py") or not name.isidentifier():
            example = setting[: setting.index(".py")] + ".py:model"
            raise InputError(f"setting: {quoted(setting)}; expected a file and a name in it, such as {example}")
        return replace(_from_module(name, _load(Path(path)), name), written=setting)
    cure = nearest(setting, PAPERS)
    raise InputError(f"setting: {quoted(setting)} is neither a shipped setting nor file.py:model; {cure}")


@functools.cache
def _shipped(name: str) -> Setting:
    """A paper's setting, whose models are declared once a process."""
    paper = PAPERS[name]
    return Setting(name, models.remembered(paper.factory), paper.structural, paper.presets, lasting=True)


def beside(setting: object, name: str) -> object:
    """What stands under `name` in the file of a "file.py:model" that has been resolved; None elsewhere."""
    if isinstance(setting, Setting):
        setting = setting.written
    if not isinstance(setting, str) or ".py:" not in setting:
        return None
    module = userfile.loaded(_module_name(Path(setting.rpartition(":")[0])))
    return getattr(module, name, None)


def statements_of(setting: Setting, model: Model) -> Statements:
    """The statements recorded for a setting: its file's STATEMENTS, or those of the paper that its model belongs to."""
    own: Any = beside(setting, "STATEMENTS")
    if own:
        return own if isinstance(own, Statements) else Statements(paper=setting.name, statements=tuple(own))
    paper = paper_of(model)
    return (None if paper is None else paper.statements) or Statements(paper=model.title)


def _module_name(path: Path) -> str:
    return "gammarho_user_" + digest.short(str(path.resolve()).encode())


def _from_module(name: str, module: ModuleType, attribute: str) -> Setting:
    factory = getattr(module, attribute, None)
    if factory is None:
        public = [key for key, value in vars(module).items() if not key.startswith("_") and _is_model(module, value)]
        hint = nearest(attribute, public) if public else "define a function or a Model of that name there"
        raise InputError(f"setting: {module.__file__} has no {attribute!r}; {hint}")
    if not (isinstance(factory, Model) or callable(factory)):
        expected = "expected a Model or a function that returns one"
        raise InputError(f"setting: {attribute} in {module.__file__} is {quoted(factory)}; {expected}")
    presets, structural = getattr(module, "PRESETS", ()), getattr(module, "STRUCTURAL", {})
    if not (isinstance(presets, Sequence) and all(isinstance(each, Preset) for each in presets)):
        raise InputError(f"PRESETS: {quoted(presets)} in {module.__file__}; expected a tuple of Preset")
    if not isinstance(structural, Mapping):
        raise InputError(f"STRUCTURAL: {quoted(structural)} in {module.__file__}; expected values by parameter name")
    return _with_papers(Setting(name, factory, dict(structural), tuple(presets), lasting=isinstance(factory, Model)))


def _with_papers(setting: Setting) -> Setting:
    """The setting, with a paper's presets and structural values where its model is that paper's and it has none."""
    if setting.presets or setting.structural:
        return setting
    try:
        paper = paper_of(models.build(setting.factory, {}))
    except InputError:  # said again where the model is wanted
        return setting
    return setting if paper is None else replace(setting, structural=paper.structural, presets=paper.presets)


def _is_model(module: ModuleType, value: object) -> bool:
    """A model, or a function of the module's own that may return one."""
    own = callable(value) and not isinstance(value, type) and getattr(value, "__module__", "") == module.__name__
    return own or isinstance(value, Model)


def _load(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"setting: there is no file {str(path)!r}; expected a Python file, a colon and a model's name")
    return userfile.load(path, _module_name(path))
