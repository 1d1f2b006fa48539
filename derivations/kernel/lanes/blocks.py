"""What kernels on lanes do with arrays alone: the coupling z += c gram, the move, and colouring fresh normals.

The coupling goes in blocks that stay in registers, of four filters and 32 directions, and of two filters where fewer
are left; half a vector, at the end, takes half the time.  An entry's sum runs over the directions in order, each step
one fused multiply and add: the bits do not depend on which block an entry is in, or on how far rows are padded.
Where most of c is 0 rows are coupled one by one (`marked`), to the same bits.
"""

from __future__ import annotations

import itertools

from ..layout import HELPER, INSIDE, Writer

LANES = 8
HALF = LANES // 2
FILTERS, WIDEST = (4, 2, 1), 4  # of a block: filters, and at most so many vectors of directions
PAIR = 2  # filters that are coloured together
CLOSE = 1e-4  # as `dynamics.fresh.roots.CLOSE`, which nothing here may import
GROUPS = 32  # groups of fresh examples that are coloured together
SIDE_BY_SIDE = range(GROUPS // LANES)  # vectors: a sum over neurons of one alone would wait for its last term



def coupling(heads: int, filled: bool = False) -> str:
    """The text of `couple` and of the blocks that it calls.

    Where rows are `filled` up to whole blocks there are no narrower ones, which take longer to compile than they save.
    """
    out = Writer()
    sizes = [filters for filters in FILTERS if filters > 1 or heads % 2]  # an even number of heads has as many filters
    for filters in sizes:
        for halves in widths(filters)[: 1 if filled else None]:
            _block(out, filters, halves)
    _filled(out, sizes) if filled else _fitted(out, sizes)
    return out.text()


def move(moved: bool) -> str:
    """The text of what moves b, by g alone where that is the move already (`moved`)."""
    out = Writer()
    if moved:
        out.put(0, HELPER, "def follow(b, g):")
        out.put(1, '"""b <- b + g, in place; flat arrays, their size a multiple of 8."""')
        out.put(1, f"for q in range(0, g.size, {LANES}):", "    store(b, q, load(b, q) + load(g, q))")
    else:
        out.put(0, HELPER, "def change(b, g, eta):")
        out.put(1, '"""g <- -eta g and b <- b + g, in place; flat arrays, their size a multiple of 8."""')
        out.put(1, f"for q in range(0, g.size, {LANES}):", "    move = -(eta * load(g, q))")
        out.put(2, "store(g, q, move)", "store(b, q, load(b, q) + move)")
    out.put(0, "")
    return out.text()


def entangled() -> str:
    """The text of the count of directions that a `couple` takes together."""
    out = Writer()
    out.put(0, HELPER, "def entangled(gram, width, directions):")
    out.put(1, '"""After how many of the directions all are orthogonal to every other one."""')
    out.put(1, "for q in range(directions - 1, -1, -1):", "    for k in range(directions):")
    out.put(3, "if k != q and not (gram[q * width + k] == 0.0 and gram[k * width + q] == 0.0):", "    return q + 1")
    out.put(1, "return 0")
    out.put(0, "")
    return out.text()


def apart(out: Writer) -> None:
    """The end of a `couple`: the directions that are orthogonal to all others."""
    out.put(1, "for q in range(joint, directions):", "    own = entry(gram, q * width + q)")
    out.put(2, "for s in range(rows):")
    out.put(3, "at = s * width + q", "z[at] = fused_one(entry(c, at), own, entry(z, at))")
    out.put(0, "")


def widths(filters: int) -> list[int]:
    """How many halves of vectors the blocks of so many filters span; each has to be compiled.

    Four filters take whole blocks of directions, and two what is left: of few directions two in step leave out more.
    """
    return {4: [2 * WIDEST], PAIR: [*range(2 * WIDEST, 1, -1)], 1: [4, 2]}[filters]


def _filled(out: Writer, sizes: list[int]) -> None:
    """The text of `couple` for rows of whole blocks."""
    out.put(0, HELPER, "def couple(z, c, gram, rows, width, directions):")
    said = f"width a multiple of {LANES * WIDEST}"
    out.put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, {said}."""')
    out.put(1, f"for at in range(0, width, {LANES * WIDEST}):")
    for before, filters in zip((0, *sizes), sizes, strict=False):  # filters that the blocks before leave
        first, widest = f"rows // {before} * {before}" if before else "0", widths(filters)[0]
        out.put(2, f"for s in range({first}, rows - {filters - 1}, {filters}):")
        out.put(3, f"for part in range(at, at + {LANES * WIDEST}, {HALF * widest}):")
        out.put(4, f"block_{filters}_{widest}(z, c, gram, s, part, width, directions)")


def _fitted(out: Writer, sizes: list[int]) -> None:
    """The text of `couple` for rows of any width."""
    out.put(0, HELPER, "def couple(z, c, gram, rows, width, joint, directions):")
    said = f"width a multiple of {LANES}"
    out.put(1, f'"""z (rows, width) += c (rows, width) gram (directions, width), flat arrays, {said}.')
    out.put(0, "")
    out.put(1, "Directions from `joint` on are orthogonal to all others: no sum runs over them.", '"""')
    out.put(1, f"for at in range(0, joint, {LANES * WIDEST}):", f"    end = min(joint, at + {LANES * WIDEST})")
    most, *narrower = widths(PAIR)
    out.put(2, f"fours = rows // 4 * 4 if end - at > {HALF * narrower[0]} else 0")
    out.put(2, "for s in range(0, fours, 4):", f"    block_4_{most}(z, c, gram, s, at, width, joint)")
    out.put(2, f"for s in range(fours, rows - {PAIR - 1}, {PAIR}):")
    _by_width(out, PAIR, "at")
    if 1 in sizes:
        out.put(2, f"for s in range(rows // {PAIR} * {PAIR}, rows):")
        out.put(3, f"for part in range(at, end, {HALF * widths(1)[0]}):")
        _by_width(out, 1, "part")
    apart(out)


def _by_width(out: Writer, filters: int, place: str) -> None:
    """The call of the narrowest block of so many filters that takes the directions from a place to `end`."""
    spans, depth = widths(filters), 3 if place == "at" else 4
    for halves, narrower in itertools.pairwise([*spans, 0]):
        test = f"if end - {place} > {HALF * narrower}:" if narrower else "se:"
        out.put(depth, test if halves == spans[0] else f"el{test}")
        out.put(depth + 1, f"block_{filters}_{halves}(z, c, gram, s, {place}, width, joint)")


def finite(signed: bool) -> str:
    """The text of the look at outputs: signed heads have one, others a row each."""
    out = Writer()
    deeper = 0 if signed else 1
    out.put(0, HELPER, "def finite(f, present):")
    out.put(1, '"""Whether the output of every example that is present, 1 there, is a finite number."""')
    out.put(1, *["for head in range(0, f.size, present.size):"] * deeper)
    at, size = ("i", "f.size") if signed else ("head + i", "present.size")
    out.put(1 + deeper, f"for i in range(0, {size}, {LANES}):")
    out.put(2 + deeper, f"if not every(abs(where(load(present, i) > 0.0, load(f, {at}), 0.0)) < np.inf):")
    out.put(3 + deeper, "return False")
    out.put(1, "return True")
    out.put(0, "")
    return out.text()


def colouring(heads: int) -> str:
    """The text of `colour`, and of the mean with its standard error."""
    out = Writer()
    _led(out, heads)
    out.put(0, HELPER, "def colour(roots, normals, first, count, neurons, width, vectors):")
    said = f"vectors (F, S, {GROUPS}): lower triangular roots (F, S, width) times normals, of groups first, ..."
    out.put(1, f'"""{said}"""', "for q in range(count):")
    out.put(2, f"for s in range(0, neurons, {PAIR}):" if heads % 2 == 0 else f"for s in range(0, neurons - 1, {PAIR}):")
    _coloured(out, PAIR)
    if heads % 2:
        out.put(2, f"for s in range(neurons // {PAIR} * {PAIR}, neurons):")
        _coloured(out, 1)
    out.put(0, "", "", HELPER, "def mean_and_error(values, count, out):")
    out.put(1, '"""out = the mean of the first count values, a multiple of 8, and its standard error."""')
    out.put(1, "added = lanes(0.0)", f"for at in range(0, count, {LANES}):", "    added = added + load(values, at)")
    out.put(1, "mean = total(added) / count", "squares = lanes(0.0)", f"for at in range(0, count, {LANES}):")
    out.put(2, "apart = load(values, at) - mean", "squares = squares + apart * apart")
    out.put(1, "out[0] = mean", "out[1] = sqrt(total(squares) / (count - 1.0)) / sqrt(float(count))")
    out.put(0, "")
    return out.text()


def _coloured(out: Writer, filters: int) -> None:
    """The rows of so many filters; one ends with its own normal, or the one after that, which it has 0 of."""
    at = f"(first * count + q * {GROUPS}) * neurons + k * {GROUPS}"
    weight = "roots, (q * neurons + s + {0}) * width + k"
    product(out, 3, filters, f"s + {filters}", at, weight, "(q * neurons + s + {0})")


def product(out: Writer, depth: int, filters: int, count: str, at: str, weight: str, row: str) -> None:
    """Rows s, s + 1, ... of a root times normals, into `vectors`; {0} in a weight's and a row's place is which.

    `count` is how many columns of the root count, and `at` where the normals of column k stand.
    """
    out.put(depth, *[f"x{a}_{v} = lanes(0.0)" for a, v in entries(filters)])
    out.put(depth, f"for k in range({count}):", f"    at = {at}")
    out.put(depth + 1, *[f"z{v} = load(normals, at + {LANES * v})" for v in SIDE_BY_SIDE])
    for a in range(filters):
        out.put(depth + 1, f"weight = spread({weight.format(a)})")
        out.put(depth + 1, *[f"x{a}_{v} = fused(weight, z{v}, x{a}_{v})" for v in SIDE_BY_SIDE])
    for a, v in entries(filters):
        out.put(depth, f"store(vectors, {row.format(a)} * {GROUPS} + {LANES * v}, x{a}_{v})")


def _led(out: Writer, most: int) -> None:
    """The text of `led`: `dynamics.fresh.roots.led` of one covariance, or without heads its Cholesky factor."""
    put, each = out.put, f"for at in range(0, width, {LANES}):"
    put(0, HELPER, "def led(covariance, heads, width, place, scratch, leads, roots):")
    put(1, '"""What of a covariance (S, S) moves with the heads, and a root of the rest; False if near singular.')
    put(0, "")
    filled = f"leads (F, {most}, width) and roots (F, S, width)"
    put(1, f"{filled} are filled at vector `place`, 0 past S; scratch (2 width,).")
    put(1, '"""')
    put(1, "neurons = covariance.shape[0]", f"filters = neurons // {most}", "root = place * neurons * width")
    put(1, "for s in range(neurons):", "    scratch[width + s] = covariance[s, s]", "    for k in range(neurons):")
    put(3, "roots[root + s * width + k] = covariance[s, k]")
    put(1, "for h in range(heads):", f"    lead, first = (place * {most} + h) * width, h * filters", f"    {each}")
    put(3, "summed = lanes(0.0)", "for s in range(first, first + filters):")
    put(4, "summed = summed + load(roots, root + s * width + at)")
    put(3, "store(leads, lead + at, summed)")
    put(2, f"for other in range(place * {most} * width, lead, width):", "    along = 0.0")
    put(3, "for s in range(first, first + filters):", "    along += leads[other + s]")
    put(3, each, "    store(leads, lead + at, load(leads, lead + at) - along * load(leads, other + at))")
    put(2, "square, variance = 0.0, 0.0", "for s in range(first, first + filters):")
    put(3, "square += leads[lead + s]", "variance += scratch[width + s]")
    put(2, f"if not (square > 0.0 and square >= {CLOSE} * variance):", "    return False")
    put(2, "length = 1.0 / sqrt(square)", each, "    store(leads, lead + at, length * load(leads, lead + at))")
    put(1, "for h in range(heads):", f"    lead = (place * {most} + h) * width", "    for s in range(neurons):")
    put(3, "weight = -spread(leads, lead + s)", each)
    put(4, "row = root + s * width + at", "store(roots, row, fused(weight, load(leads, lead + at), load(roots, row)))")
    # Given its head's sum and the others a head's last neuron is known: no variance is left of it, and its own is put.
    put(2, "last = (h + 1) * filters - 1", "roots[root + last * width + last] += scratch[width + last]")
    put(1, "for k in range(neurons):", "    pivot = roots[root + k * width + k]")
    put(2, f"if not (0.0 < pivot < np.inf and pivot >= {CLOSE} * scratch[width + k]):", "    return False")
    beyond = f"for at in range(begin, width, {LANES}):"
    put(2, "length = 1.0 / sqrt(pivot)", f"begin = k // {LANES} * {LANES}", beyond)
    put(3, "store(scratch, at, length * load(roots, root + k * width + at))")
    put(2, "for q in range(begin, k + 1):", "    scratch[q] = 0.0  # what stands there is done")
    put(2, "for s in range(k + 1, neurons):", "    weight = -spread(scratch, s)", f"    {beyond}")
    put(4, "row = root + s * width + at", "store(roots, row, fused(weight, load(scratch, at), load(roots, row)))")
    put(3, "roots[root + s * width + k] = scratch[s]")
    put(2, "roots[root + k * width + k] = sqrt(pivot)", "for q in range(k + 1, neurons):")
    put(3, "roots[root + k * width + q] = 0.0")
    put(1, "for h in range(heads):", "    for s in range(neurons):")
    put(3, "roots[root + s * width + (h + 1) * filters - 1] = 0.0")
    put(1, "return True")
    put(0, "", "")


def entries(rows: int) -> list[tuple[int, int]]:
    """Of so many filters and the groups that are coloured together: filter and vector of each."""
    return [(a, v) for a in range(rows) for v in SIDE_BY_SIDE]


def _block(out: Writer, filters: int, halves: int) -> None:
    """One block: its entries in registers over all directions."""
    whole, half = range(halves // 2), halves % 2
    put, last = out.put, LANES * (halves // 2)
    put(0, INSIDE, f"def block_{filters}_{halves}(z, c, gram, s, at, width, directions):")
    put(1, f'"""Filters s to s + {filters}, directions at to at + {HALF * halves}."""')
    each = [(a, v, f"at{a} + {LANES * v}") for a in range(filters) for v in whole]
    halved = [(a, f"at{a} + {last}") for a in range(filters)] * half
    # Places are added up once: reading and translating a term takes Numba longer than compiling it.
    put(1, "at0 = s * width + at", *[f"at{a} = at{a - 1} + width" for a in range(1, filters)])
    put(1, *[f"z{a}_{v} = load(z, {place})" for a, v, place in each])
    put(1, *[f"z{a}_half = load_half(z, {place})" for a, place in halved])
    put(1, "c0 = s * width", *[f"c{a} = c{a - 1} + width" for a in range(1, filters)])
    put(1, "row = at", "for q in range(directions):")
    put(2, *[f"row{v} = load(gram, row + {LANES * v})" for v in whole])
    put(2, *[f"half = load_half(gram, row + {last})"] * half)
    for a in range(filters):
        put(2, f"weight = spread(c, c{a} + q)")
        put(2, *[f"z{a}_{v} = fused(weight, row{v}, z{a}_{v})" for v in whole])
        put(2, *[f"z{a}_half = fused_half(low(weight), half, z{a}_half)"] * half)
    put(2, "row += width")
    put(1, *[f"store(z, {place}, z{a}_{v})" for a, v, place in each])
    put(1, *[f"store_half(z, {place}, z{a}_half)" for a, place in halved])
    put(0, "", "")
