"""What kernels on lanes do with arrays alone: the coupling z += c gram, the move, and colouring fresh normals.

The coupling goes in blocks of up to four filters and 32 directions that stay in registers.  An entry's sum runs over
the directions in order, each step one fused multiply and add: the bits do not depend on which block an entry is in, nor
on how far rows are padded.
"""

from __future__ import annotations

from ..layout import HELPER, Writer

LANES = 8
FILTERS, VECTORS = (4, 2), (4, 3, 2, 1)  # signed heads have an even number of filters
PAIR = 2  # filters that are coloured together
GROUPS = 32  # groups of fresh examples that are coloured together
SIDE_BY_SIDE = range(GROUPS // LANES)  # vectors: a sum over neurons of one alone would wait for its last term


def coupling(moved: bool) -> str:
    """The text of `couple`, of the blocks that it calls, of what moves b, and of the look at outputs.

    g is the move already where `moved`.
    """
    out = Writer()
    for filters in FILTERS:
        for vectors in VECTORS:
            _block(out, filters, vectors)
    out.put(0, HELPER, "def couple(z, c, gram, rows, width, directions):")
    out.put(1, '"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, width a multiple of 8."""')
    # Not by while: a first place that is a literal makes Numba compile every block for it and once more for the others.
    out.put(1, f"for at in range(0, width, {LANES * VECTORS[0]}):", f"    vectors = (width - at) // {LANES}")
    for filters, first in zip(FILTERS, ("0", f"rows // {FILTERS[0]} * {FILTERS[0]}"), strict=True):
        out.put(2, f"for s in range({first}, rows - {filters - 1}, {filters}):")
        for place, vectors in enumerate(VECTORS):
            out.put(3, f"{'el' if place else ''}if vectors {'==' if place else '>='} {vectors}:")
            out.put(4, f"block_{filters}_{vectors}(z, c, gram, s, at, width, directions)")
    if moved:
        out.put(0, "", "", HELPER, "def follow(b, g):")
        out.put(1, '"""b <- b + g, in place; flat arrays, their size a multiple of 8."""')
        out.put(1, f"for q in range(0, g.size, {LANES}):", "    store(b, q, load(b, q) + load(g, q))")
    else:
        out.put(0, "", "", HELPER, "def change(b, g, eta):")
        out.put(1, '"""g <- -eta g and b <- b + g, in place; flat arrays, their size a multiple of 8."""')
        out.put(1, f"for q in range(0, g.size, {LANES}):", "    move = -(eta * load(g, q))")
        out.put(2, "store(g, q, move)", "store(b, q, load(b, q) + move)")
    out.put(0, "", "", HELPER, "def finite(f, present):")
    out.put(1, '"""Whether the output of every example that is present, 1 there, is a finite number."""')
    out.put(1, f"for i in range(0, f.size, {LANES}):")
    out.put(2, "if not every(abs(where(load(present, i) > 0.0, load(f, i), 0.0)) < np.inf):", "    return False")
    out.put(1, "return True")
    out.put(0, "")
    return out.text()


def colouring() -> str:
    """The text of `colour`, and of the mean with its standard error."""
    out = Writer()
    out.put(0, HELPER, "def colour(roots, normals, first, count, neurons, vectors):")
    said = f"vectors (F, S, {GROUPS}): lower triangular roots (F, S, S) times normals, of groups first, first + 1, ..."
    out.put(1, f'"""{said}"""', "for q in range(count):")
    out.put(2, f"for s in range(0, neurons, {PAIR}):")
    out.put(3, *[f"x{a}_{v} = lanes(0.0)" for a, v in entries(PAIR)])
    # A row ends with its own normal, or the one after that, which it has 0 of.
    out.put(3, f"for k in range(s + {PAIR}):", f"    at = (first * count + q * {GROUPS}) * neurons + k * {GROUPS}")
    out.put(4, *[f"z{v} = load(normals, at + {LANES * v})" for v in SIDE_BY_SIDE])
    for a in range(PAIR):
        out.put(4, f"weight = spread(roots, (q * neurons + s + {a}) * neurons + k)")
        out.put(4, *[f"x{a}_{v} = fused(weight, z{v}, x{a}_{v})" for v in SIDE_BY_SIDE])
    for a, v in entries(PAIR):
        out.put(3, f"store(vectors, (q * neurons + s + {a}) * {GROUPS} + {LANES * v}, x{a}_{v})")
    out.put(0, "", "", HELPER, "def mean_and_error(values, count, out):")
    out.put(1, '"""out = the mean of the first count values, a multiple of 8, and its standard error."""')
    out.put(1, "added = lanes(0.0)", f"for at in range(0, count, {LANES}):", "    added = added + load(values, at)")
    out.put(1, "mean = total(added) / count", "squares = lanes(0.0)", f"for at in range(0, count, {LANES}):")
    out.put(2, "apart = load(values, at) - mean", "squares = squares + apart * apart")
    out.put(1, "out[0] = mean", "out[1] = sqrt(total(squares) / (count - 1.0)) / sqrt(float(count))")
    out.put(0, "")
    return out.text()


def entries(rows: int) -> list[tuple[int, int]]:
    """Of so many filters and the groups that are coloured together: filter and vector of each."""
    return [(a, v) for a in range(rows) for v in SIDE_BY_SIDE]


def _block(out: Writer, filters: int, vectors: int) -> None:
    """One block: its entries in registers over all directions."""
    cells = [(a, v) for a in range(filters) for v in range(vectors)]
    out.put(0, HELPER, f"def block_{filters}_{vectors}(z, c, gram, s, at, width, directions):")
    out.put(1, f'"""Filters s to s + {filters}, directions at to at + {LANES * vectors}."""')
    out.put(1, *[f"z{a}_{v} = load(z, (s + {a}) * width + at + {LANES * v})" for a, v in cells])
    out.put(1, "for q in range(directions):")
    out.put(2, *[f"row{v} = load(gram, q * width + at + {LANES * v})" for v in range(vectors)])
    for a in range(filters):
        out.put(2, f"weight = spread(c, (s + {a}) * width + q)")
        out.put(2, *[f"z{a}_{v} = fused(weight, row{v}, z{a}_{v})" for v in range(vectors)])
    out.put(1, *[f"store(z, (s + {a}) * width + at + {LANES * v}, z{a}_{v})" for a, v in cells])
    out.put(0, "", "")
