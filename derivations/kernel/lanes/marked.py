"""The coupling z += c gram on lanes where most of c is 0: each filter goes over the directions along which it moves.

Where sigma' is 0 below a kink, half of c is 0 and soon more: filters are active on few examples of another class.
What moves is marked first, a bit each, for all filters: were each to look for its own, a loop that ends otherwise than
foreseen would hold up the next filter's look, too.  Each row of z then stays in registers over what its marks say,
directions of one word of marks after another, so that the rows of the Gram matrix that serve stay close by.

An entry's sum runs over the directions in order, each step one fused multiply and add: as where nothing is left out.
"""

from __future__ import annotations

from ..layout import HELPER, INSIDE, Writer
from .blocks import LANES, apart

WORD = 56  # directions whose marks are one integer: whole vectors, and no bit is a sign
MOST = 6  # vectors of a row that stay in registers together


def coupling(filled: int = 0) -> str:
    """The text of `couple`, of what marks, and of what takes a part of rows.

    Rows of whole parts of so many vectors are `filled`; else they are of any width.
    """
    out = Writer()
    _mark(out)
    for vectors in [filled] if filled else range(1, MOST + 1):
        _rows(out, vectors)
    if filled:
        _filled(out, filled)
    else:
        _chosen(out)
        _fitted(out)
    return out.text()


def _mark(out: Writer) -> None:
    put = out.put
    put(0, HELPER, "def mark(c, rows, width, begin, directions, marks):")
    put(1, f'"""Bit q of marks (rows,) is 1 where direction begin + q, up to {WORD} of them, moves in a row of c."""')
    put(1, f"span = min({WORD}, width - begin)")
    put(1, f"present = (1 << min({WORD}, directions - begin)) - 1  # not what stands past a row's end")
    put(1, "at = begin", "for s in range(rows):", "    seen = 0", f"    for q in range(0, span, {LANES}):")
    put(3, "seen |= nonzero(bits_of(load(c, at + q))) << q")
    put(2, "marks[s] = seen & present", "at += width")
    put(0, "")


def _rows(out: Writer, vectors: int) -> None:
    """The text of what adds to a part of every row, so many vectors of it, the marked of the directions from begin."""
    put, each = out.put, range(vectors)
    put(0, "", INSIDE, f"def rows_{vectors}(z, c, gram, marks, rows, width, begin, at):")
    put(1, f'"""Directions at to at + {LANES * vectors} of all rows."""')
    put(1, "first = begin * width + at", "own = 0", "for s in range(rows):")
    put(2, "left = int(marks[s])", "place = own + at")
    put(2, *[f"z{v} = load(z, place + {LANES * v})" for v in each])
    put(2, "for _ in range(ones(left)):", "    q = lowest(left)", "    left &= left - 1", "    row = first + q * width")
    put(3, "weight = spread(c, own + begin + q)")
    put(3, *[f"z{v} = fused(weight, load(gram, row + {LANES * v}), z{v})" for v in each])
    put(2, *[f"store(z, place + {LANES * v}, z{v})" for v in each])
    put(2, "own += width")
    put(0, "")


def _chosen(out: Writer) -> None:
    """The text of what goes to the function of so many vectors; inside, as Numba counts references where it calls."""
    put = out.put
    put(0, "", INSIDE, "def part_of_rows(z, c, gram, marks, rows, width, begin, at, vectors):")
    put(1, f'"""Directions at to at + {LANES} vectors of all rows."""')
    for count in range(1, MOST + 1):
        put(1, f"{'el' * (count > 1)}if vectors == {count}:" if count < MOST else "else:")
        put(2, f"rows_{count}(z, c, gram, marks, rows, width, begin, at)")
    put(0, "")


def _filled(out: Writer, vectors: int) -> None:
    """The text of `couple` for rows of whole parts."""
    out.put(0, "", HELPER, "def couple(z, c, gram, marks, rows, width, directions):")
    said = f"width a multiple of {LANES * vectors}"
    out.put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, {said}."""')
    out.put(1, f"for begin in range(0, directions, {WORD}):")
    out.put(2, "mark(c, rows, width, begin, directions, marks)", f"for at in range(0, width, {LANES * vectors}):")
    out.put(3, f"rows_{vectors}(z, c, gram, marks, rows, width, begin, at)")
    out.put(0, "")


def _fitted(out: Writer) -> None:
    """The text of `couple` for rows of any width, in parts of about one size."""
    put = out.put
    put(0, "", HELPER, "def couple(z, c, gram, marks, rows, width, joint, directions):")
    put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, width a multiple of {LANES}.')
    put(0, "")
    put(1, "Directions from `joint` on are orthogonal to all others: no sum runs over them.", '"""')
    put(1, f"vectors = (joint + {LANES - 1}) // {LANES}", f"parts = (vectors + {MOST - 1}) // {MOST}")
    put(1, "span = (vectors + parts - 1) // max(parts, 1)", f"for begin in range(0, joint, {WORD}):")
    # A range by a step that is no constant may raise, and Numba then counts references, by locked instructions.
    put(2, "mark(c, rows, width, begin, joint, marks)", "for part in range(parts):", f"    at = {LANES} * span * part")
    put(3, "part_of_rows(z, c, gram, marks, rows, width, begin, at, min(span, vectors - span * part))")
    apart(out)
