"""Parameters from equations that hold, in the names of a model and of its paper's conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derivations.declare import Conditions, Model, Parameter, Value
from derivations.declare.formula import names

from ..ask import formula, noted, parameters
from ..ask.chosen import choose
from ..ask.derived import kappa, penalty_constant
from ..ask.hold import Hold, holds, power_of, solution, solved_for
from ..errors import InputError, quoted
from .conditions import stated
from .point import about

_MOST = 64  # names behind names


def held(
    setting: str | Model, params: Mapping[str, object] | None, hold: object, *, preset: str | None = None,
    steps: int | str | None = None,
) -> dict[str, object]:
    """`params` and, with them, the parameters that equations are solved for.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: values by name, over `preset`, over the published defaults.
        hold: an equation or several, such as "sigma_p: sigma_p*sqrt(d)=20", in the names of parameters and of the
            quantities of the paper's conditions (`kappa`, `c` and `T` among them).  It is solved for the parameter
            before the colon, else for the only one in it that is not given.
        preset: named published values, such as "paper".
        steps: T, where an equation has it; default, as in `run`, the preset's, else those of the setting's first.

    Raises:
        InputError: for an equation that cannot be read, one without a solution in the parameter's range or with
            several, and a whole number that would not be one.
    """
    chosen = choose(setting, params, preset)
    known = steps is not None or chosen.preset is not None or chosen.setting.presets
    count = chosen.total_steps(steps) if known else None
    equations = Held.of(chosen.setting, chosen.built, holds(hold), chosen.given, {}, count)
    return {**chosen.given, **equations.solved(chosen.built, chosen.stated, {})}


@dataclass(frozen=True)
class Held:
    """Equations in the order in which they are solved, each with its parameter; `steps` is T.

    In an equation a name of the `axes` is the axis' value, whatever else bears it; in the formulas of the conditions'
    quantities it is what they mean.
    """

    equations: tuple[tuple[Hold, Parameter], ...]
    declared: Conditions | None
    steps: int | None
    axes: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, setting: object, model: Model, equations: Sequence[Hold], given: Mapping[str, object],
        axes: Mapping[str, str], steps: int | None,
    ) -> Held:
        """Equations with what each is solved for.

        `axes` are the names whose values are given at each point, with the option that gives them.  Raises InputError.
        """
        if not equations:
            return cls((), None, steps)
        declared = stated(model, setting)  # a model without conditions has no quantities
        by_name = {each.name: each for each in model.parameters}
        quantities, beside = _texts(declared, {}, steps), frozenset(axes.keys() - by_name)
        texts = _around(quantities, beside)
        for hold in equations:
            _check(hold, by_name, quantities, axes)

        def reads(name: str, depth: int = 0) -> Iterator[str]:
            text = texts.get(name)
            if name in by_name:
                yield name
                text = parameters.formula_of(model, by_name[name], given)
            for behind in names(text) if text is not None and depth < _MOST else ():
                yield from reads(behind, depth + 1)

        def all_of(hold: Hold) -> tuple[str, ...]:
            return tuple(dict.fromkeys(each for side in _sides(hold, quantities, beside)
                                       for name in names(side) for each in reads(name)))

        taken = {name: f"given as {quoted(value)}" for name, value in given.items()}
        taken |= {name: f"the axis {option}" for name, option in axes.items()}
        named = sorted(equations, key=lambda hold: hold.parameter is None)  # those that name one say what is set
        pairs = []
        for hold in named:
            parameter = solved_for(hold, model.parameters, all_of(hold), taken)
            taken[parameter.name] = f"what {quoted(hold.text)} is solved for"
            pairs.append((hold, parameter))
        return cls(tuple(_ordered(pairs, all_of)), declared, steps, beside)

    @property
    def names(self) -> dict[str, str]:
        """The parameters that are solved for, with their equations."""
        return {parameter.name: f"{hold.left} = {hold.right}" for hold, parameter in self.equations}

    def behind(self, model: Model, chosen: Mapping[str, object], name: str) -> set[str]:
        """All names that a parameter's value depends on where `chosen` are set, through formulas and equations."""
        quantities, by_name = _texts(self.declared, {}, self.steps), {each.name: each for each in model.parameters}
        texts = _around(quantities, self.axes)
        solves = {parameter.name: _sides(hold, quantities, self.axes) for hold, parameter in self.equations}
        reached, open_names = set[str](), [name]
        while open_names:
            each = open_names.pop()
            own = by_name.get(each)
            formulas = [None if own is None else parameters.formula_of(model, own, chosen), texts.get(each)]
            read = {other for text in (*solves.get(each, ()), *formulas) if text is not None for other in names(text)}
            open_names += read - reached
            reached |= read
        return reached

    def solved(self, model: Model, chosen: Mapping[str, object], point: Mapping[str, Value]) -> dict[str, object]:
        """The parameters' values where `chosen` are set and the axes have the values of `point`.  Raises InputError."""
        here: dict[str, object] = {name: value for name, value in point.items() if name not in self.axes}
        beside = {name: value for name, value in point.items() if name in self.axes}
        said = ", ".join(f"{name} = {noted.show(value)}" for name, value in point.items())
        where = f" at {said}" if said else ""
        solutions: dict[str, object] = {}
        for hold, parameter in self.equations:
            fixed = {**chosen, **here, **solutions}
            texts = _texts(self.declared, parameters.computed(model, {**fixed, parameter.name: 1}), self.steps)
            around, sides = {**_around(texts, self.axes), **beside}, _sides(hold, texts, self.axes)
            solutions[parameter.name] = _solved(model, hold, parameter, fixed, sides, around, where)
        return solutions

    def notes(self) -> Iterator[str]:
        """A line on each axis that has the name of a quantity, and is not where that is held."""
        texts = _texts(self.declared, {}, self.steps)
        for name in sorted(self.axes & texts.keys()):
            if not any(hold.alone and hold.left == name for hold, _ in self.equations):
                said = " and ".join(f"{hold.left} = {hold.right}" for hold, _ in self.equations if name in hold.names)
                meant = f"{self.steps} steps are run" if name == "T" else f"the conditions' {name} is {texts[name]}"
                yield f"{name} is the axis' value in {said}; {meant}"


Names = Mapping[str, Value]
"""Names beside the parameters: a text is a formula, anything else a value."""


def _solved(
    model: Model, hold: Hold, parameter: Parameter, fixed: Mapping[str, object], sides: tuple[str, str], beside: Names,
    where: str,
) -> float:
    """The solution where `fixed` are set, and the names of the sides that are no parameters are those `beside`."""
    def behind(name: str) -> str | None:
        own = next((each for each in model.parameters if each.name == name), None)
        if own is not None:
            return parameters.formula_of(model, own, fixed)
        text = beside.get(name)
        return text if isinstance(text, str) else None

    def both(value: float) -> tuple[float, float]:
        scope = _Scope(parameters.computed(model, {**fixed, parameter.name: value}), beside)
        return formula.evaluate(sides[0], scope), formula.evaluate(sides[1], scope)

    powers = [power_of(side, parameter.name, behind) for side in sides]
    power = None if powers[0] is None or powers[1] is None else powers[0] - powers[1]
    return solution(hold, parameter, both, power, where)


def _sides(hold: Hold, texts: Mapping[str, str], axes: Collection[str]) -> tuple[str, str]:
    """Both sides' formulas in which the `axes` are names; a quantity alone is its formula, held at its axis' value."""
    return _spelled(texts[hold.left], texts, axes) if hold.alone else hold.left, hold.right


def _around(texts: Mapping[str, str], axes: Collection[str]) -> dict[str, str]:
    """The formulas of the quantities whose names are no axes', in which those that are stand spelled out."""
    return {name: _spelled(text, texts, axes) for name, text in texts.items() if name not in axes}


def _spelled(text: str, texts: Mapping[str, str], axes: Collection[str]) -> str:
    """A quantity's formula without names of axes: there they are the quantities of these names."""
    for name in names(text):
        if name in axes and name in texts:
            text = re.sub(rf"\b{name}\b", f"({_spelled(texts[name], texts, axes)})", text)
    return text


class _Scope(Mapping[str, Value]):
    """Values by name: a parameter's, else what stands beside them, computed where it is a formula."""

    def __init__(self, values: Mapping[str, Value], beside: Names) -> None:
        self._values, self._beside = values, beside
        self._found: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        """Raises KeyError, and FormulaError where a formula has no value."""
        if name in self._values:
            return self._values[name]
        if name not in self._found:
            stated = self._beside[name]
            self._found[name] = formula.evaluate(stated, self) if isinstance(stated, str) else stated
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in self._beside

    def __iter__(self) -> Iterator[str]:
        return iter({**self._beside, **dict.fromkeys(self._values)})

    def __len__(self) -> int:
        return len({*self._values, *self._beside})


def _check(hold: Hold, own: Collection[str], texts: Collection[str], axes: Collection[str]) -> None:
    """Refuses an equation with a name that is nothing's, and a quantity alone that is none or has no axis."""
    if hold.alone and hold.left not in axes:
        raise InputError(f"hold: {quoted(hold.text)} says of {hold.left} no value; write {hold.left}=..., or give an "
                         "axis of that name")
    for name in hold.names:
        if not (name in own or name in axes or name in texts):
            raise InputError(f"hold: {quoted(hold.text)} has {name}, which is no parameter, no quantity of the "
                             "conditions and no axis; use names of these")
    if hold.alone and (hold.left in own or hold.left not in texts):
        raise InputError(f"hold: {quoted(hold.text)} holds nothing, as {hold.left} is no quantity of the conditions; "
                         f"write an equation, such as sigma_p*sqrt(d)={hold.left}")


def _texts(declared: Conditions | None, values: Mapping[str, Value], steps: int | None) -> dict[str, str]:
    """The formulas of the conditions' quantities and own parameters and of kappa, c and T, where `values` hold."""
    texts = {"kappa": "1/m" if kappa(values, 2.0) != 1.0 else "1", "c": repr(penalty_constant(values))}
    if steps is not None:
        texts["T"] = str(steps)
    for own in declared.parameters if declared is not None else ():
        texts[own.name] = str(own.default)
    for quantity in declared.quantities if declared is not None else ():
        if not values or about(quantity.only, values):
            texts[quantity.name] = quantity.formula
    return texts


def _ordered(
    equations: Iterable[tuple[Hold, Parameter]], reads: Callable[[Hold], Iterable[str]]
) -> Iterator[tuple[Hold, Parameter]]:
    """The equations, those first whose solutions others read.  Raises InputError where some need each other."""
    left = list(equations)
    while left:
        open_names = {parameter.name for _, parameter in left}
        ready = [
            (hold, parameter) for hold, parameter in left
            if not (open_names - {parameter.name}).intersection(reads(hold))
        ]
        if not ready:
            said = " and ".join(quoted(hold.text) for hold, _ in left)
            raise InputError(
                f"hold: {said} need each other's solutions; write one of them without the other's parameter"
            )
        yield from ready
        left = [each for each in left if each not in ready]
