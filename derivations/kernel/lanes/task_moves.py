"""What kernels on lanes do with eight tasks' arrays alone: layout, ways between directions of all and of eight, moves.

A state is (rows, L, 8), a Gram block (L, L, 8), what is of examples (n, 8); lanes past the last task hold zeros.
"""

from __future__ import annotations

from collections.abc import Callable

from ...declare import Model
from ..layout import HELPER, Writer
from ..nest_writer import family_starts
from .blocks import LANES

_LAID = '"""Blocks (K, L, L) and labels (K n,) side by side, (G, L, L, 8) and (G, n, 8); past the last task 0 and 1."""'


def moves(model: Model) -> str:
    """The text of all of them; `moved`, the coefficients, where the outer step goes to the adapted filters."""
    out = Writer()
    _side_by_side(out)
    _gather(out)
    _scatter(out, model)
    _settled(out)
    _descend(out, model)
    return out.text()


def _side_by_side(out: Writer) -> None:
    put = out.put
    put(0, "", HELPER, "def side_by_side(blocks, y, sides, labels):")
    put(1, _LAID, "tasks, length = blocks.shape[0], blocks.shape[1]", "n = y.size // tasks")
    put(1, f"for k in range(labels.size // n):  # {LANES} for a group", f"    at, own = k // {LANES}, k % {LANES}")
    put(2, "for i in range(n):")
    put(3, f"labels[(at * n + i) * {LANES} + own] = y[k * n + i] if k < tasks else 1.0")
    put(2, "for q in range(length * length if k < tasks else 0):")
    put(3, f"sides[(at * length * length + q) * {LANES} + own] = blocks[k, q // length, q % length]")
    put(0, "")


def _gather(out: Writer) -> None:
    put = out.put
    put(0, "", HELPER, "def gather_each(z, rows, width, places, k, near):")
    put(1, f'"""near = the rows of z on the directions of tasks k .. k + {LANES - 1}, 0 where there is no task."""')
    put(1, "length = places.shape[1]", "for s in range(rows):", "    for q in range(length):")
    put(3, f"for own in range({LANES}):", "    place = places[k + own, q]")
    put(4, f"near[(s * length + q) * {LANES} + own] = z[s * width + place] if place >= 0 else 0.0")
    put(0, "")


def _scatter(out: Writer, model: Model) -> None:
    put = out.put
    put(0, "", HELPER)
    out.call(0, "def scatter_each(", (["near", "rows", "width", "places", "weights", "k"],
                                      ["examples", "first", "last", "sign", "z"]), "):")
    put(1, '"""z += sign weights near, on what the examples first .. last - 1 of the tasks k .. move."""')
    starts(out, model, 1)
    put(1, "length = places.shape[1]", f"for own in range({LANES}):", "    weight = sign * weights[k + own]")
    put(2, "for s in range(rows if weight != 0.0 else 0):")

    def entry(depth: int, q: str) -> None:
        put(depth, f"z[s * width + places[k + own, {q}]] += weight * near[(s * length + {q}) * {LANES} + own]")

    _moving(out, model, 3, entry)
    put(0, "")


def _settled(out: Writer) -> None:
    put = out.put
    put(0, "", HELPER, "def settled_each(near, weights, k):")
    put(1, f'"""Whether every entry of the tasks k .. k + {LANES - 1} that weigh anything is a finite number."""')
    put(1, "weighing = abs(load(weights, k)) > 0.0", f"for q in range(0, near.size, {LANES}):")
    put(2, "if not every(abs(where(weighing, load(near, q), 0.0)) < np.inf):", "    return False")
    put(1, "return True")
    put(0, "")


def _descend(out: Writer, model: Model) -> None:
    put, moved = out.put, ["moved"] * model.bilevel.to_adapted
    put(0, "", HELPER)
    out.call(0, "def descend_each(", (["z", *moved, "g"], ["sides", "at_side", "rows", "length"],
                                      ["examples", "first", "last", "eta"]), "):")
    also = ", moved <- moved - eta g" if model.bilevel.to_adapted else ""
    put(1, f'"""z <- z - eta g gram{also}, g <- -eta g of eight tasks, by what the examples first .. move."""')
    starts(out, model, 1)
    put(1, "for s in range(rows):", f"    row = s * length * {LANES}")

    def move(depth: int, q: str) -> None:
        at = f"row + {LANES} * {q}"
        put(depth, f"change = -(eta * load(g, {at}))", f"store(g, {at}, change)")
        put(depth, *[f"store({name}, {at}, load({name}, {at}) + change)" for name in moved])

    def add(depth: int, q: str) -> None:
        gram = f"load(sides, at_side + ({q} * length + c) * {LANES})"
        put(depth, f"reached = fused(load(g, row + {LANES} * {q}), {gram}, reached)")

    _moving(out, model, 2, move)
    put(2, "for c in range(length):", f"    reached = load(z, row + {LANES} * c)")
    _moving(out, model, 3, add)
    put(3, f"store(z, row + {LANES} * c, reached)")
    put(0, "")


def starts(out: Writer, model: Model, depth: int) -> None:
    """Where each family starts on the direction axis of a task."""
    family_starts(out, model, [family.name for family in model.directions], depth, "examples")


def _moving(out: Writer, model: Model, depth: int, line: Callable[[int, str], None]) -> None:
    """`line` at each direction of a task that the examples first .. last - 1 move, in order."""
    for family in model.directions:
        if family.index_set.per_example:
            out.put(depth, f"for q in range(at_{family.name} + first, at_{family.name} + last):")
            line(depth + 1, "q")
        else:
            line(depth, f"at_{family.name}")
