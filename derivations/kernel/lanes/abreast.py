"""Eight runs abreast, a lane each: what of few examples is quicker than eight examples of one run.

Rows are not padded then, and no sum crosses lanes.  The text is that of one run's gradient (`places`), and sums are
taken in the same order: a run has the bits that it has alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ...calculus.activations import EXPRESSED
from ...calculus.sums import Definition
from ..layout import A2, A3, HELPER, INSIDE, Groups, Writer, copied
from ..nests import WORK
from ..pieces import HELPERS
from ..schedule import Stage
from ..skeleton import side_by_side
from .blocks import LANES, PAIR
from .by_lane import in_turn, turned
from .fits import stops
from .nests import LaneNests
from .places import OfRuns

ALL = 12  # directions that are not looked through for those along which nothing moves
DIRECTIONS = (8, 4, 2, 1)
"""Of a block of two filters that stays in registers."""
ENDING = "_abreast"


def run_abreast(descent: LaneNests, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
    """The functions that advance eight runs together, and the entry point `run_all_abreast`."""
    Abreast(descent).functions(stages, plain)


class Abreast(LaneNests):
    """Prints them, into the module of the kernel that advances one."""

    def __init__(self, descent: LaneNests) -> None:
        self.of_runs = OfRuns()
        super().__init__(descent.recursion, descent.blas, self.of_runs)
        self.out = descent.out
        self.grams, self.entries, self.orthogonal = descent.grams, descent.entries, descent.orthogonal

    @property
    def marks(self) -> bool:
        """No: the coupling of eight runs has a list of what two filters move along."""
        return False

    def functions(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """All of them."""
        self.out.put(0, *[line for text in copied(side_by_side) for line in text.split("\n")])
        for name in self._turned([*stages, *plain]):
            self.out.put(0, *in_turn(name).split("\n"))
        _sums(self.out)
        _coupling(self.out, stops(self.model))
        self.chain = self.branches(stages, plain)
        for _, name, each in reversed(self.chain):
            self.gradient_function(f"{name}{ENDING}", each, f"As `{name}`, of eight runs.")
        self._advance()
        self._run_all()

    def _turned(self, every: list[Stage]) -> list[str]:
        """The functions of formulas that one run calls of numbers, and so runs in turn."""
        if not self.by_label.fixed:
            return []
        exprs = [e for stage in every for e in (*(d.expr for d in stage.definitions), *stage.contributions.values())]
        pieces = {type(piece) for expr in exprs for piece in expr.atoms(*EXPRESSED)}
        return sorted(HELPERS[piece] for piece in pieces)

    def called(self, piece: sp.Function) -> str:
        """The call of an activation piece; of a formula's at a label, in turn: the bits are those of a number."""
        if self.numbers and isinstance(piece, EXPRESSED):
            return f"{turned(HELPERS[type(piece)])}({', '.join(self.printer.doprint(arg) for arg in piece.args)})"
        return super().called(piece)

    def _contract(self, depth: int, stage: Stage) -> None:
        rows = f"{self.model.n_heads} * filters"
        self.out.put(depth, "u[:] = 0.0", f"couple{ENDING}(u, g, gram, moving, {rows}, width, directions, directions)")

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """As of one run, whose examples are all there, and the numbers in which sums over examples are gathered."""
        first, data, sizes, parameters, into, kept = super().gradient_arguments(state, covector, filled, stages)
        own = [*["moving"] * ("u" in into), "slots"]
        return first, [name for name in data if name != "live"], sizes, parameters, [*into, *own], kept

    def _advance(self) -> None:
        """The time loop of eight runs."""
        data, recording = ["gram", "y", *self.told], ["start", "steps", "recorded", "z_out", "b_out", "failed"]
        groups = (["z", "b"], data, ["numbers", "lam_until"], recording, ["first"])
        self.out.function(f"advance{ENDING}", groups, "Eight runs, from the one at `first` on: see `run_all_abreast`.")
        self._lay_out()
        put = self.out.put
        put(1, "at = 0", "for t in range(start, start + steps + 1):")
        put(2, "if at < recorded.size and recorded[at] == t:")
        put(3, "for k in range(count):", "    if failed[first + k] < 0:")
        for name in ("z", "b"):
            put(5, f"of_lane(packed_{name}, k, one)", f"unpack(one, order, width, {name}_out[first + k, at])")
        put(3, "at += 1")
        put(2, "if t == start + steps:", "    break")
        self.gradient_at(self.chain, "packed_z", ENDING)
        put(2, f"if not finite{ENDING}(f):", "    going = False")
        put(3, "for k in range(count):", "    if failed[first + k] < 0 and not finite_in_lane(f, k):")
        put(5, "failed[first + k] = t")
        put(4, "going = going or failed[first + k] < 0")
        put(3, "if not going:", "    break")
        put(2, "follow(packed_b, g)")
        put(2, f"couple{ENDING}(packed_z, g, packed_gram, moving, rows, width, joint, directions)")
        put(0, "")

    def _lay_out(self) -> None:
        """Sizes, the state and data of eight runs, and the arrays of the loop; past the last run stands that one."""
        put, own = self.out.put, [f"own_{name}" for name in self.grams]
        put(1, f"count = min({LANES}, z.shape[0] - first)", "examples = y.shape[1]", "filters = z.shape[2]")
        put(1, "directions = z.shape[3]", "width = directions  # of a row: nothing is padded")
        put(1, f"rows = {self.model.n_heads} * filters", "n = float(examples)")
        self.offsets(1)
        self.ordered()
        put(1, "one = aligned(rows * width)", "one_gram = aligned(directions * width)")
        for name, size in (("z", "rows * width"), ("b", "rows * width"), ("gram", "directions * width")):
            put(1, f"packed_{name} = aligned({LANES} * {size})")
        put(1, *[f"packed_{name} = aligned({LANES} * examples)" for name in ("y", *self.told)])
        put(1, *[f"{name} = aligned(examples)" for name in own])
        put(1, *[f"{name} = aligned({LANES} * examples)" for name in self.grams])
        put(1, f"held = aligned({LANES} * numbers.shape[1])", "joint = 0", *["crossed = False"] * bool(self.crossing))
        put(1, f"for k in range({LANES}):", "    run = min(first + k, z.shape[0] - 1)", "    failed[run] = -1")
        for name in ("z", "b"):
            put(2, f"pack({name}[run], order, width, one)", f"interleave(one, k, packed_{name})")
        put(2, "pack_gram(gram[run], order, width, one_gram)", "interleave(one_gram, k, packed_gram)")
        put(2, "joint = max(joint, entangled(one_gram, width, directions))")
        put(2, *[f"interleave({name}[run], k, packed_{name})" for name in ("y", *self.told)])
        put(2, "interleave(numbers[run], k, held)")
        if own:
            put(2, f"example_gram(one_gram, {', '.join([*self.own_sizes[0], *own])})")
            put(2, *[f"interleave(own_{name}, k, {name})" for name in self.grams])
        put(2, *[f"crossed = crossed or some(own_{name})" for name in self.crossing])
        for place, name in enumerate([*self.scalars, "eta"]):
            put(1, f"{name} = load(held, {LANES * place})")
        for d in self.filled([each for _, _, each in self.chain]):
            self.out.assign(1, f"{d.name} =", f"aligned({LANES} * examples)", d.meaning)
        frozen = any(stage.kind == "contract" for _, _, each in self.chain for stage in each)
        for name in ("g", *["u"] * frozen):
            self.out.assign(1, f"{name} =", "aligned(packed_z.size)", WORK[name])
        put(1, "moving = np.zeros(directions + 1, dtype=np.int64)")
        self.out.assign(1, "slots =", f"aligned({max(self.of_runs.size, LANES)})", "partial sums over examples")

    def _run_all(self) -> None:
        """The loop over runs, eight at a time."""
        many = "float64[:, :, :, ::1]"
        groups = (
            {"z": many, "b": many}, {"gram": A3, "y": A2, **dict.fromkeys(self.told, A2)},
            {"numbers": A2, "lam_until": "int64"},
            {"start": "int64", "steps": "int64", "recorded": "int64[::1]",
             **dict.fromkeys(("z_out", "b_out"), "float64[:, :, :, :, ::1]"), "failed": "int64[::1]"},
        )
        self.out.function(
            f"run_all{ENDING}", [list(group) for group in groups],
            "As `run_all` of runs that look for no event, eight at a time, a lane each.",
            "All have the same last step with the penalty; z and b stay as they are.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        self.out.put(1, f"for first in range(0, z.shape[0], {LANES}):")
        self.out.call(2, f"advance{ENDING}(", [*[list(group) for group in groups], ["first"]])
        self.out.put(0, "")


def _sums(out: Writer) -> None:
    """The text of sums over examples in eight partial ones, and of the look at outputs."""
    put, each = out.put, f"for q in range(0, {LANES**2}, {LANES}):"
    put(0, "", INSIDE, "def empty(slots, at):", '    """Begins a sum over examples."""')
    put(1, each, "    store(slots, at + q, lanes(0.0))")
    put(0, "", "", INSIDE, "def gather(slots, at, i, value):", '    """What example i adds to it."""')
    put(1, f"place = at + {LANES} * (i % {LANES})", "store(slots, place, load(slots, place) + value)")
    put(0, "", "", INSIDE, "def gathered(slots, at):", '    """The sum, its parts in the order of `total`."""')
    pairs = [f"(load(slots, at + {LANES * q}) + load(slots, at + {LANES * (q + 4)}))" for q in (0, 2, 1, 3)]
    put(1, f"even = {' + '.join(pairs[:2])}", f"odd = {' + '.join(pairs[2:])}", "return even + odd")
    put(0, "", "", HELPER, f"def finite{ENDING}(f):", '    """Whether all outputs of eight runs are finite numbers."""')
    put(1, f"for q in range(0, f.size, {LANES}):", "    if not every(abs(load(f, q)) < np.inf):")
    put(3, "return False")
    put(1, "return True")
    put(0, "")


def _coupling(out: Writer, sparse: bool) -> None:
    """The text of the coupling of eight runs and its blocks; an entry's sum runs over the directions in order.

    `sparse`: directions along which neither of two filters moves in any of the runs are left out.
    """
    for directions in DIRECTIONS:
        _block(out, directions)
    put, (whole, *narrower) = out.put, DIRECTIONS
    put(0, HELPER, f"def couple{ENDING}(z, c, gram, moving, rows, width, joint, directions):")
    put(1, '"""As `couple`, of eight runs; `moving` is filled with what two filters move along."""')
    put(1, f"step = {LANES} * width", "count = joint", "for q in range(joint):", "    moving[q] = q")
    put(1, f"for s in range(0, rows, {PAIR}):", f"    first = {LANES} * s * width")
    if sparse:
        put(2, f"if joint > {ALL}:", "    count = 0", "    for q in range(joint):")
        put(4, f"place = first + {LANES} * q", "moving[count] = q")
        put(4, "seen = bits_or(bits_of(load(c, place)), bits_of(load(c, place + step)))", "count += nonzero(seen) != 0")
    put(2, f"for at in range(0, joint - {whole - 1}, {whole}):")
    put(3, f"block_abreast_{whole}(z, c, gram, moving, count, first, at, width)")
    put(2, f"at = joint // {whole} * {whole}")
    for fewer in narrower:
        put(2, f"if joint - at >= {fewer}:")
        put(3, f"block_abreast_{fewer}(z, c, gram, moving, count, first, at, width)")
        put(3, *[f"at += {fewer}"] * (fewer > narrower[-1]))
    put(2, "for q in range(joint, directions):", f"    own = load(gram, {LANES} * (q * width + q))")
    put(3, f"for place in range(first + {LANES} * q, first + {PAIR} * step, step):")
    put(4, "store(z, place, fused(load(c, place), own, load(z, place)))")
    put(0, "")


def _block(out: Writer, directions: int) -> None:
    """The text of one block: its entries in registers over the directions that its filters move along."""
    put = out.put
    each = [(a, v) for a in range(PAIR) for v in range(directions)]
    put(0, "", INSIDE, f"def block_abreast_{directions}(z, c, gram, moving, count, first, at, width):")
    put(1, f'"""Two filters, the first at `first`, and directions at to at + {directions}."""')
    put(1, f"step = {LANES} * width", "c0 = first", f"at0 = c0 + {LANES} * at")
    put(1, *[f"{name}{a} = {name}{a - 1} + step" for a in range(1, PAIR) for name in ("c", "at")])
    put(1, *[f"z{a}_{v} = load(z, at{a} + {LANES * v})" for a, v in each])
    put(1, "for k in range(count):", "    q = moving[k]", f"    row = {LANES} * (q * width + at)")
    put(2, *[f"row{v} = load(gram, row + {LANES * v})" for v in range(directions)])
    for a in range(PAIR):
        put(2, f"weight = load(c, c{a} + {LANES} * q)")
        put(2, *[f"z{a}_{v} = fused(weight, row{v}, z{a}_{v})" for v in range(directions)])
    put(1, *[f"store(z, at{a} + {LANES * v}, z{a}_{v})" for a, v in each])
    put(0, "")
