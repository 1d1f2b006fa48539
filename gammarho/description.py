"""What a setting has: parameters, presets, variables of a run, events, conditions, statements, figures, and its verbs.

All of it is read off declarations; nothing is run.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from derivations.commands import command
from derivations.declare import Parameter, spoken, variables
from derivations.declare.meanings import coordinates, meanings
from derivations.papers.paper import PAPERS, Paper, paper_of
from simulate.ask import kinds, models, noted, settings
from simulate.work.plain import plain

from . import sections
from .sections import Section

if TYPE_CHECKING:
    from derivations.declare import Conditions, Directions, Model, Statement


@dataclass(frozen=True)
class ParameterLine:
    """A parameter: its LaTeX symbol, what it is, what it may be, its published default ("" for none), whose that is."""

    name: str
    symbol: str
    meaning: str
    allowed: str
    default: str
    source: str
    structural: bool


@dataclass(frozen=True)
class PresetLine:
    """Published values by name, the steps that go with them, and where they stand."""

    name: str
    values: Mapping[str, str]
    steps: int
    source: str


@dataclass(frozen=True)
class VariableLine:
    """A variable of a run, or an event's hitting time: its LaTeX symbol, words, units, source and dimensions."""

    name: str
    symbol: str
    meaning: str
    units: str
    source: str
    dims: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpokenLine:
    """What statements may name that is no variable of a run: its meaning and its indices."""

    name: str
    meaning: str
    dims: tuple[str, ...]


@dataclass(frozen=True)
class StatementLine:
    """A statement that `check` takes: its id and kind, the claim, and where it is printed."""

    id: str
    kind: str
    claim: str
    source: str


@dataclass(frozen=True)
class Description:
    """A setting, described.  `str` gives tables, a notebook shows them as HTML, `to_dict` plain data."""

    setting: str
    title: str
    parameters: tuple[ParameterLine, ...]
    presets: tuple[PresetLine, ...]
    variables: tuple[VariableLine, ...]
    events: tuple[VariableLine, ...]
    conditions: tuple[str, ...]
    statements: tuple[StatementLine, ...]
    figures: tuple[str, ...]
    absent: tuple[tuple[str, str], ...]
    verbs: tuple[tuple[str, str], ...]
    scalars: tuple[tuple[str, str], ...] = ()
    families: tuple[tuple[str, str, str], ...] = ()
    indices: tuple[tuple[str, str], ...] = ()
    spoken: tuple[SpokenLine, ...] = ()

    def __str__(self) -> str:
        return sections.as_text(self._head, self.sections())

    def _repr_html_(self) -> str:
        return sections.as_html(self._head, self.sections())

    @property
    def _head(self) -> str:
        return f"{self.setting}: {self.title}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        fields: dict[str, Any] = plain(self)
        return fields

    def sections(self) -> tuple[Section, ...]:
        """The tables, in the order in which they are read; those that would be empty are left out."""
        tables = (
            self.parameter_section(),
            Section("presets", ("name", "steps", "values", "source"), tuple(
                (each.name, str(each.steps), " ".join(f"{name}={value}" for name, value in each.values.items()),
                 each.source) for each in self.presets)),
            Section("scalars of an example", ("name", "meaning"), self.scalars),
            Section("variables of a run", ("name", "indices", "meaning", "source"), tuple(
                (each.name, _bracketed(each.dims), each.meaning, each.source) for each in self.variables)),
            Section("indices", ("name", "what it counts"), self.indices),
            Section("families of directions", ("name", "one vector", "in statements"), self.families),
            Section("in statements, beside all these", ("name", "indices", "meaning"), tuple(
                (each.name, _bracketed(each.dims), each.meaning) for each in self.spoken)),
            Section("events: hitting times, in steps", ("name", "meaning", "source"), tuple(
                (each.name, each.meaning, each.source) for each in self.events)),
            Section("conditions", ("",), tuple((title,) for title in self.conditions)),
            Section("statements", ("id", "kind", "claim", "source"), tuple(
                (each.id, each.kind, each.claim, each.source) for each in self.statements),
                "as declared: check is what reads their formulas, and judges them on runs"),
            Section("figures", ("",), ((", ".join(self.figures),),) if self.figures else ()),
            Section("figures and tables of the paper that are not drawn", ("", ""), self.absent),
            Section("what may be asked", ("", ""), self.verbs),
        )
        return tuple(each for each in tables if each.rows)

    def parameter_section(self) -> Section:
        """The parameters alone, as `run SETTING --help` shows them."""
        chosen = [each.name for each in self.parameters if each.structural]
        recursion = f"; {', '.join(chosen)} select{'s' if len(chosen) == 1 else ''} the recursion" if chosen else ""
        heads = ("name", "symbol", "default", "allowed", "meaning", "source")
        return Section("parameters, as name=value", heads, tuple(
            (each.name, _plainly(each.symbol), each.default, each.allowed, each.meaning, each.source)
            for each in self.parameters), f"numbers have no units{recursion}")


def describe(setting: str | Model) -> Description:
    """What a setting has (a name, "file.py:model" or a Model), with no run.

    Raises:
        InputError: for an unknown setting, and for a file that holds no model.
    """
    chosen = settings.resolve(setting)
    model = models.build(chosen.factory, {})
    paper = paper_of(model)
    events = {event.name for event in model.events}
    schedules = {each.of: f"; in step t it is {each.formula}" for each in model.algorithm.schedules}
    dims = variables.dimensions(model)
    lines = [VariableLine(name, each.symbol, each.words, each.units, each.source, dims[name])
             for name, each in meanings(model).items()]
    conditions, statements = _conditions(setting, paper), settings.statements_of(chosen, model).statements
    drawn = None if paper is None else importlib.import_module(paper.figures)
    figures, absent = ((), {}) if drawn is None else (tuple(drawn.FIGURES), drawn.ABSENT)
    return Description(
        model.name, model.title,
        tuple(_parameter(each, schedules.get(each.name, "")) for each in model.parameters),
        tuple(PresetLine(each.name, {name: noted.show(value) for name, value in each.values}, each.steps,
                         each.source) for each in chosen.presets),
        tuple(line for line in lines if line.name not in events),
        tuple(line for line in lines if line.name in events),
        () if conditions is None else tuple(group.title for group in conditions.lists),
        tuple(StatementLine(each.id, each.kind, each.claim, each.source or each.text) for each in statements),
        figures,
        tuple(absent.items()),
        _verbs(setting if isinstance(setting, str) else chosen.name, chosen, conditions, statements, paper),
        tuple((each.name, each.words()) for each in model.scalars),
        tuple(_family(each, model) for each in model.directions),
        _indices(model, dims),
        tuple(SpokenLine(name, each.words, each.dims) for name, each in spoken.spoken(model).items()
              if name not in dims),
    )


def listed() -> tuple[tuple[str, str], ...]:
    """Every shipped setting with its title."""
    return tuple((name, models.build(paper.factory, {}).title) for name, paper in PAPERS.items())


def _plainly(symbol: str) -> str:
    r"""A parameter's LaTeX symbol as plain text: ||mu|| of \\|\\mu\\|."""
    plain = re.sub(r"\\(?:math|boldsymbol|text)[a-z]*|[\\{}]", "", symbol.replace(r"\|", "||"))
    return plain.replace("varepsilon", "eps")


def _parameter(each: Parameter, more: str) -> ParameterLine:
    """A parameter's line, with what its meaning does not say."""
    default = "" if each.default is None else noted.show(each.default)
    return ParameterLine(
        each.name, each.latex, each.meaning + more, kinds.kind_of(each).expected(each), default, each.source,
        each.structural)


def _family(each: Directions, model: Model) -> tuple[str, str, str]:
    """A family of directions: its name, what it has a vector for, and how statements name what is of it, by indices."""
    products = "; ".join(f"G_{each.name}_{other.name} {_bracketed(spoken.of_product(model, each, other))}"
                         for other in model.directions)
    along = _bracketed(spoken.of_family(model, each))
    named = f"{each.coefficient.name}, z_{each.name}, b_{each.name} {along}; {products}"
    return each.name, each.index_set.row("in all", "a class", "a task", "an example"), named


def _conditions(setting: object, paper: Paper | None) -> Conditions | None:
    from derivations.declare import Conditions

    own = settings.beside(setting, "CONDITIONS")
    if isinstance(own, Conditions):
        return own
    return None if paper is None else paper.conditions


def _verbs(
    name: str, setting: settings.Setting, conditions: Conditions | None, statements: tuple[Statement, ...],
    paper: Paper | None,
) -> tuple[tuple[str, str], ...]:
    """The command lines that apply, with what each gives."""
    preset: dict[str, object] = {"preset": setting.presets[0].name} if setting.presets else {}
    run, claim = preset or {"steps": 100}, "train_error <= 0.1"
    lines: list[tuple[bool, str, str]] = [
        (True, command("derive", name), "the recursion"),
        (True, command("run", name, options=run), "its coefficients and observables"),
        (True, command("validate", name, options=run), "the recursion against training the weights"),
        (conditions is not None, command("conditions", name, options=preset),
         "the theorem's conditions, clause by clause"),
        (bool(statements), command("check", name, options=run), "lemmas and theorems against runs"),
        (True, command("check", name, claim, options=run), "a claim of your own, at the last step"),
        (True, command("sensitivity", name, claim, options=run), "which single knob breaks it"),
        (True, command("gap", name, options=run), "which term that proofs drop opens a gap, and when"),
        (True, command("phase", name, options={"x": "n=10,20,40", **run}), "a phase diagram, over any parameters"),
        (paper is not None, command("figures", name), "the paper's figures"),
        (paper is not None and bool(paper.errata), command("errata", name), "what the paper prints wrong"),
    ]
    return tuple((line, said) for applies, line, said in lines if applies)


def _bracketed(dims: tuple[str, ...]) -> str:
    return f"[{','.join(dims)}]"


def _indices(model: Model, dims: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """The dimensions that variables have: what each counts, and its name in statements where that is another."""
    known, used = coordinates(model), dict.fromkeys(dim for each in dims.values() for dim in each)
    said = {dim: known[dim].words if dim in known else "" for dim in used}
    other = {dim: variables.in_statements((dim,))[0] for dim in used}
    return tuple((dim, f"{said[dim]}{'' if dim == other[dim] else f'; {other[dim]} in statements'}") for dim in used)
