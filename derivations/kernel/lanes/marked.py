"""The coupling z += c gram on lanes where most of c is 0: each filter goes over the directions along which it moves.

Where sigma' is 0 below a kink, half of c is 0 and soon more: filters are active on few examples of another class.
What moves is marked first, a bit each, for all filters, as b is moved: were each to look for its own, a loop that ends
otherwise than foreseen would hold up the next filter's look, too.  Each row of z then stays in registers over what its
marks say, directions of one word of marks after another, so that the rows of the Gram matrix that serve stay close by.

An entry's sum runs over the directions in order, each step one fused multiply and add: as where nothing is left out.
"""

from __future__ import annotations

from ..layout import HELPER, INSIDE, Writer
from .blocks import HALF, LANES, apart

WORD = 56  # directions whose marks are one integer: whole vectors, and no bit is a sign
MOST = 12  # halves of vectors of a row that stay in registers together
SPANS = (*range(1, 9), 10, MOST)  # of parts: each takes its time to compile, and of wide ones half a vector is little
AT_ONCE = 4  # vectors of a row that are marked together, two such parts a word
MARKS = "Bit q of marks (words, rows), flat, is of direction q of a word, 0 from direction `joint` on."


def words(directions: str, filled: int = 0) -> str:
    """How many words the marks of so many directions take."""
    return f"({directions} + {_word(filled) - 1}) // {_word(filled)}"


def _word(filled: int) -> int:
    """The directions of a word; where rows are `filled`, those of a part, so that all words are whole."""
    return LANES * filled or WORD


def coupling(filled: int = 0) -> str:
    """The text of `couple` and of what takes a part of rows.

    Rows of whole parts of so many vectors are `filled`; else they are of any width.
    """
    out = Writer()
    for halves in [2 * filled] if filled else SPANS:
        _rows(out, halves, _word(filled))
    if filled:
        _filled(out, filled)
    else:
        _chosen(out)
        _fitted(out)
    return out.text()


def marking() -> str:
    """The text of what marks and moves nothing, for states beside the one that a step moves."""
    return _marking("mark", ("c",), "Marks where c is not 0", [])


def move(moved: bool, filled: int = 0) -> str:
    """The text of what moves b and marks, by g alone where that is the move already (`moved`); `filled` as above."""
    said = "b <- b + g, in place, and marks where g is not 0"
    follow = ["store(b, at + {0}, load(b, at + {0}) + move{1})"]
    if moved:
        return _marking("follow_and_mark", ("b", "g"), said, follow, filled)
    change = ["move{1} = -(eta * move{1})", "store(g, at + {0}, move{1})"]
    return _marking("change_and_mark", ("b", "g", "eta"), f"g <- -eta g and {said}", [*change, *follow], filled)


def _marking(name: str, taken: tuple[str, ...], said: str, steps: list[str], filled: int = 0) -> str:
    """The text of a function that goes over all entries once, moves by them, and marks them, a word at a time.

    In `steps`, what is done with a vector of them, {0} is its place in a word and {1} which it is.
    """
    out, array = Writer(), next(each for each in ("g", "c") if each in taken)
    put, word, given = out.put, _word(filled), ", ".join(taken)
    sizes = [AT_ONCE] if filled else range(1, AT_ONCE + 1)
    for vectors in sizes:
        _marked(out, f"{name}_{vectors}({given}", array, vectors, steps)
    put(0, HELPER, f"def {name}({given}, rows, width, joint, marks):")
    put(1, f'"""{said}; flat arrays, (rows, width).', "", f"{MARKS}", '"""')
    put(1, "marks[:] = 0", f"for word in range({words('width', filled)}):")
    put(2, f"for shift in range(0, {word}, {LANES * AT_ONCE}):", f"    begin = {word} * word + shift")
    put(3, f"present = (1 << min({LANES * AT_ONCE}, max(joint - begin, 0))) - 1  # not what stands past a row's end")
    put(3, f"vectors = min({LANES * AT_ONCE}, {word} - shift, width - begin) // {LANES}")
    for vectors in sizes:
        put(3, f"{'el' * (vectors > sizes[0])}if vectors == {vectors}:")
        put(4, f"{name}_{vectors}({given}, rows, width, begin, present, shift, word * rows, marks)")
    put(0, "")
    return out.text()


def _marked(out: Writer, opening: str, array: str, vectors: int, steps: list[str]) -> None:
    """The text of what goes over so many vectors of every row."""
    put = out.put
    put(0, "", INSIDE, f"def {opening}, rows, width, begin, present, shift, first, marks):")
    span = f"begin to begin + {LANES * vectors}"
    put(1, f'"""Directions {span} of all rows: from bit `shift` on, of marks from `first` on."""')
    put(1, "at = begin", "for s in range(rows):")
    put(2, *[f"move{v} = load({array}, at + {LANES * v})" for v in range(vectors)])
    put(2, *[each.format(LANES * v, v) for v in range(vectors) for each in steps])
    put(2, "seen = nonzero(bits_of(move0))")
    put(2, *[f"seen |= nonzero(bits_of(move{v})) << {LANES * v}" for v in range(1, vectors)])
    put(2, "marks[first + s] |= (seen & present) << shift", "at += width")
    put(0, "")


def _rows(out: Writer, halves: int, word: int) -> None:
    """The text of what adds to a part of every row, so many halves of vectors, along the marked of a word."""
    put, whole, half = out.put, range(halves // 2), halves % 2
    last = LANES * (halves // 2)
    put(0, "", INSIDE, f"def rows_{halves}(z, c, gram, marks, rows, width, word, at):")
    put(1, f'"""Directions at to at + {HALF * halves} of all rows."""')
    put(1, f"begin, own = {word} * word, 0", "first = begin * width + at", "for s in range(rows):")
    put(2, "left = int(marks[word * rows + s])", "place = own + at")
    put(2, *[f"z{v} = load(z, place + {LANES * v})" for v in whole])
    put(2, *[f"half = load_half(z, place + {last})"] * half)
    put(2, "for _ in range(ones(left)):", "    q = lowest(left)", "    left &= left - 1", "    row = first + q * width")
    put(3, "weight = spread(c, own + begin + q)")
    put(3, *[f"z{v} = fused(weight, load(gram, row + {LANES * v}), z{v})" for v in whole])
    put(3, *[f"half = fused_half(low(weight), load_half(gram, row + {last}), half)"] * half)
    put(2, *[f"store(z, place + {LANES * v}, z{v})" for v in whole])
    put(2, *[f"store_half(z, place + {last}, half)"] * half)
    put(2, "own += width")
    put(0, "")


def _chosen(out: Writer) -> None:
    """The text of what goes to the function of so many halves; inside, as Numba counts references where it calls."""
    put = out.put
    put(0, "", INSIDE, "def part_of_rows(z, c, gram, marks, rows, width, word, at, halves):")
    put(1, f'"""Directions at to at + {HALF} halves of all rows."""')
    for count in SPANS:
        put(1, f"{'el' * (count > 1)}if halves <= {count}:" if count < MOST else "else:")
        put(2, f"rows_{count}(z, c, gram, marks, rows, width, word, at)")
    put(0, "")


def _filled(out: Writer, vectors: int) -> None:
    """The text of `couple` for rows of whole parts."""
    out.put(0, HELPER, "def couple(z, c, gram, marks, rows, width, directions):")
    said = f"width a multiple of {LANES * vectors}"
    out.put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, {said}."""')
    out.put(1, f"for word in range({words('directions', vectors)}):")
    out.put(2, f"for at in range(0, width, {LANES * vectors}):")
    out.put(3, f"rows_{2 * vectors}(z, c, gram, marks, rows, width, word, at)")
    out.put(0, "")


def _fitted(out: Writer) -> None:
    """The text of `couple` for rows of any width, in parts of about one size."""
    put = out.put
    put(0, HELPER, "def couple(z, c, gram, marks, rows, width, joint, directions):")
    put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, width a multiple of {LANES}.')
    put(0, "")
    put(1, "Directions from `joint` on are orthogonal to all others: no sum runs over them.", '"""')
    put(1, f"halves = (joint + {HALF - 1}) // {HALF}", f"parts, span = 1, {MOST // 2}  # parts, vectors of one")
    put(1, f"if halves > {MOST}:", f"    parts = (halves + {MOST - 1}) // {MOST}")
    put(2, "span = ((halves + 1) // 2 + parts - 1) // parts")
    put(1, f"for word in range({words('joint')}):")
    # A range by a step that is no constant may raise, and Numba then counts references, by locked instructions.
    put(2, "for part in range(parts):", f"    at = {LANES} * span * part")
    put(3, "left = min(2 * span, halves - 2 * span * part)")
    put(3, "part_of_rows(z, c, gram, marks, rows, width, word, at, left)")
    apart(out)
