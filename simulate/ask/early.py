"""Names that a model's early stage gives, such as lam_xi: formulas of parameters, derived where they are asked for."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from derivations.declare import Model, Value
from derivations.errors import ModelError

from . import formula, models, settings
from .derived import kappa, penalty_constant

_FORM = re.compile(r"(rate|lam|inner)_\w+")


def may_be(name: str) -> bool:
    """Whether a name is of the form of one of these, so that SymPy is worth loading."""
    return bool(_FORM.fullmatch(name))


@functools.lru_cache(maxsize=64)
def formulas(model: Model) -> Mapping[str, str]:
    """Each name with its formula in parameters, kappa and c; none of a model that has no early stage."""
    from derivations.calculus.recursion import of_model
    from derivations.show.early import early

    try:
        return {each.name: each.formula for each in early(of_model(model))}
    except ModelError:  # it has no lowest order
        return {}


def formulas_at(setting: object, values: Mapping[str, Any]) -> Mapping[str, str]:
    """Those of a setting's model at its structural parameters' values among these.  Raises InputError."""
    factory = settings.resolve(setting).factory
    return formulas(models.build(factory, {name: values[name] for name in structural(setting) if name in values}))


def structural(setting: object) -> tuple[str, ...]:
    """The parameters of a setting that select the recursion.  Raises InputError."""
    return tuple(each.name for each in models.build(settings.resolve(setting).factory, {}).parameters
                 if each.structural)


def known_names(setting: object, values: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """The names of a setting's early stage at any of these values of its structural parameters, as `formulas_at`."""
    several = {name: values[name] for name in structural(setting) if name in values}
    names: dict[str, None] = {}
    for chosen in product(*several.values()):
        names |= dict.fromkeys(formulas_at(setting, dict(zip(several, chosen, strict=True))))
    return tuple(names)


def value(text: str, values: Mapping[str, Value]) -> float:
    """A formula's value where `values` are the parameters'; kappa and c go by them.  Raises FormulaError."""
    m = values.get("m", 1)
    scope: dict[str, Any] = {**values, "kappa": kappa(values, float(m) if isinstance(m, int | float) else 1.0),
                             "c": penalty_constant(values)}
    return formula.evaluate(text, scope)


def behind(texts: Sequence[str]) -> tuple[str, ...]:
    """The parameters that formulas read, those of kappa and c among them."""
    from derivations.declare.formula import names

    symbols = dict.fromkeys(name for text in texts for name in names(text))
    more = {"kappa": ("m", "neurons"), "c": ("penalty_half",)}
    return tuple(dict.fromkeys(each for name in symbols for each in more.get(name, (name,))))
