"""A formula's functions on lanes: the functions of one number, lane by lane.

What a formula calls, such as tanh, is the C library's, so that lanes have the bits of the loops; the arithmetic around
it goes eight at a time.
"""

from __future__ import annotations

from ...declare import Model
from .. import formulas
from ..layout import HELPER, Writer, copied
from ..skeleton import functions


def each_of(name: str) -> str:
    """What the function on lanes of a function of one number is called."""
    return f"{name}_each"


def written(model: Model) -> list[str]:
    """The text of a model's formulas, of what they call, and of each on lanes; none where nothing is a formula."""
    texts = formulas.written(model)
    if not texts:
        return []
    return [*copied(functions), *texts, *(_each(*signature) for signature in formulas.signatures(model))]


def _each(name: str, constants: list[str]) -> str:
    out = Writer()
    out.put(0, HELPER)
    out.call(0, f"def {each_of(name)}(", [["x", *constants]], "):")
    out.put(1, f'"""`{name}` in every lane."""', "found = x", "for k in range(8):")
    out.put(2, f"found = in_lane(found, k, {name}({', '.join(['lane(x, k)', *constants])}))")
    out.put(1, "return found", "")
    return out.text()
