"""Gradient descent on lanes: eight examples at a time, explicitly, and many runs in one call.

The same stages as `timeloop` prints, laid out for lanes: a neuron's directions are one row of a flat array, families
over examples first, so that a family's eight examples are one load; what eight examples add is kept in registers.
Lanes past the last example hold what stands there and are taken out where examples are summed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from ..calculus.activations import PIECES, sigma
from ..calculus.roles import Covector, GramEntry, PatchPreactivation, Preactivation, role_of
from ..calculus.sums import Definition
from ..calculus.symbols import i, r, s
from ..errors import ModelError
from .blocks import DRAWS, LANES, colouring, coupling
from .by_class import summand
from .by_label import SIDES, ByLabel
from .layout import A1, A2, A3, Groups, copied
from .nests import WORK
from .pieces import HELPERS
from .printer import KernelPrinter, piece_name
from .schedule import Stage, arrays, schedule
from .skeleton import packing
from .timeloop import Descent
from .watched import DRAWING, Watchers

PRIMITIVES = ("fused", "lanes", "least", "load", "store", "total", "where")
FUNCTIONS = (
    *dict.fromkeys(HELPERS.values()),
    *(f"{loss}_{order}" for loss in ("logistic", "exponential") for order in range(3)),
)
"""What a kernel takes from `dynamics.lanes`, `compiled` and `functions`: names, since nothing here may import them."""

WATCHED = {"which": "int64[::1]", "below": "boolean[::1]", "bounds": A1, "hits": "int64[::1]"}
LAW = {
    "base": A1, "of": A2, "fixed": A2, "mix": A2, "roots": A3, "labels": A1, "shares": A1,
}
"""The law of fresh examples at one state, as `judge` takes it."""

_EACH = f"for i in range(0, y.size, {LANES}):"


class NoLanes(ModelError):
    """An expression that has no form on lanes; the model runs by loops."""


class LanePrinter(KernelPrinter):
    """Prints a scalar of one example as lanes of eight; `local` are the example arrays that the loop holds already."""

    def __init__(self, printer: KernelPrinter) -> None:
        super().__init__(printer.names)
        self.per_example = {f.name for f in self.names.model.directions if f.index_set.per_example}
        self.local: set[str] = set()

    def _print_Function(self, expr: sp.Function) -> str:
        if type(expr).__name__ == "rate":
            rate = f"{self.names.model.objective.loss}_{int(expr.args[0])}"
            if rate not in FUNCTIONS:
                raise NoLanes(f"the loss {self.names.model.objective.loss} has no form on lanes")
            return f"{rate}({self._print(expr.args[1])})"
        return str(super()._print_Function(expr))

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        raise NoLanes(f"{expr} has no form on lanes; signed heads compare no indices")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        match role_of(expr):
            case PatchPreactivation() as patch:
                return patch.name
            case GramEntry() as entry:
                return f"load({entry.name}, i)" if expr.indices else self.gram_entry(entry, ())
            case Preactivation(family):
                return self._entry("z", family)
            case Covector(family):
                return self._entry("u", family)
        if expr.base == s:
            return "j"
        name = str(expr.base)
        return f"{name}_i" if name in self.local else f"load({name}, i)"

    def _entry(self, array: str, family: str) -> str:
        """A neuron's entry along a family: eight examples', or the one that all have."""
        return f"load({array}, at + at_{family} + i)" if family in self.per_example else f"{array}[at + at_{family}]"

    def gram_entry(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        """A Gram entry where it stands in the packed matrix."""
        first, second = (self._place(*side) for side in self.names.gram_sides(entry, at))
        return f"gram[({first}) * width + {second}]"


def uncrossed(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The stages where an example's own directions are orthogonal to one another, without what is 0 then."""
    kept: list[Stage] = []
    known: dict[sp.Expr, sp.Expr] = {}
    for stage in stages:
        exprs = [*[d.expr for d in stage.definitions], *stage.contributions.values()]
        for entry in {entry for expr in exprs for entry in expr.atoms(sp.Indexed)}:
            role = role_of(entry)
            if isinstance(role, GramEntry) and role.first != role.second:
                known[entry] = sp.S.Zero
        definitions = [replace(d, expr=d.expr.xreplace(known)) for d in stage.definitions]
        known |= {d.symbol: sp.S.Zero for d in definitions if d.expr == 0}
        contributions = {name: expr.xreplace(known) for name, expr in stage.contributions.items()}
        some = tuple(d for d in definitions if d.expr != 0)
        kept.append(replace(stage, definitions=some, contributions=contributions))
    last = [expr for stage in kept for expr in stage.contributions.values()]
    used = {str(base) for expr in last for base in expr.atoms(sp.IndexedBase)}
    used |= {"f"}  # a run looks whether outputs are finite
    for place, stage in reversed(list(enumerate(kept))):
        definitions = []
        for d in reversed(stage.definitions):
            if d.name in used:
                definitions.insert(0, d)
                used |= {str(base) for base in d.expr.atoms(sp.IndexedBase)}
        kept[place] = replace(stage, definitions=tuple(definitions))
    return tuple(stage for stage in kept if stage.definitions or stage.contributions or stage.kind == "contract")


class LaneDescent(Descent):
    """Prints the time loop of one gradient-descent recursion on lanes."""

    what = "gradient descent, eight examples at a time"

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.lanes = LanePrinter(self.printer)
        self.printer = self.lanes
        self.each = _EACH
        self.by_label = ByLabel.of(self.names)
        self.entries: list[GramEntry] = []
        self.watchers = None if set(self.options) & DRAWING else Watchers(self)
        self.orthogonal: tuple[Stage, ...] = ()

    def loop(self) -> None:
        """Gradients with and without penalty, the time loop of one run, and of many."""
        recursion = self.recursion
        stages, plain = schedule(recursion, recursion.gradient), schedule(recursion, recursion.plain, prefix="v")
        self.grams = self.example_gram([*stages, *plain])
        penalised = self.model.objective.penalty != "none"
        self.orthogonal = uncrossed(stages)
        if penalised:
            self.gradient_function("gradient", stages, "g = dO/dz with the penalty.")
        if penalised and self.crossing:
            said = "g = dO/dz with the penalty, where an example's own directions are orthogonal to one another."
            self.gradient_function("gradient_orthogonal", self.orthogonal, said)
        self.gradient_function("plain_gradient", plain, "g = dL_S/dz, without penalty.")
        if self.watchers is not None:
            self.watchers.functions()
        self.run_function(stages if penalised else plain, plain)
        self._run_all()

    def shape(self) -> None:
        """Nothing: the loader asks the kernel of loops."""

    def helpers(self) -> None:
        """The layout, the coupling, and what options do to a gradient."""
        for text in (*copied(packing), coupling(), colouring()):
            self.out.put(0, *text.split("\n"))

    def outputs_function(self) -> None:
        """Fresh examples judged: of one state, and of many runs' states."""
        loss, patch = self.model.objective.loss, self.names.patch(0)
        a = self.names.a(0, self.names.head, r, i)
        activated = sigma(self.model.network.activation, a)
        made = {"with_losses": "boolean", "errors": A1, "losses": A1}
        groups = ({**LAW, "normals": A1, "count": "int64"}, dict.fromkeys(self.scalars, "float64"), made)
        self.out.function(
            "judge", [list(group) for group in groups],
            "errors and losses (count,) of fresh examples, means over their labels by the labels' shares.",
            "A label's output is its base and the parts that `of` gives it: of part p, the network on the patch with",
            "pre-activations fixed[p] + sum_q mix[p, q] g_q, where g_q ~ N(0, roots[q] roots[q]^T) is made of normals.",
            f"count is a multiple of {DRAWS}; losses are filled where with_losses.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        put = self.out.put
        put(1, "neurons = fixed.shape[1]", "filters = neurons // 2", f"parts = np.zeros(fixed.shape[0] * {LANES})")
        put(1, f"vectors = np.zeros(roots.shape[0] * neurons * {DRAWS})", f"for first in range(0, count, {DRAWS}):")
        put(2, "colour(roots, normals, count, first, vectors)", f"for v in range(0, {DRAWS}, {LANES}):")
        put(3, "for p in range(fixed.shape[0]):", "    part = lanes(0.0)", f"    for h in range({self.model.n_heads}):")
        put(5, "j = 1.0 - 2.0 * h", "for r in range(filters):", "    s = h * filters + r")
        put(6, f"{patch.name} = lanes(fixed[p, s])", "for q in range(roots.shape[0]):")
        put(7, f"{patch.name} = {patch.name} + mix[p, q] * load(vectors, (q * neurons + s) * {DRAWS} + v)")
        for piece in sorted(activated.atoms(*PIECES), key=piece_name):
            arguments = ", ".join(self.printer.doprint(each) for each in piece.args)
            put(6, f"{piece_name(piece)} = {HELPERS[type(piece)]}({arguments})")
        self.out.assign(6, "part =", f"part + ({self.printer.doprint(activated)}) * j")
        put(4, f"store(parts, {LANES} * p, part * kappa)")
        put(3, "error = lanes(0.0)", "cost = lanes(0.0)", "for k in range(labels.size):", "    if shares[k] > 0.0:")
        put(5, "score = lanes(base[k])", "for p in range(fixed.shape[0]):", "    if of[k, p] != 0.0:")
        put(7, f"score = score + load(parts, {LANES} * p)")
        put(5, "margin_i = score * labels[k]")
        put(5, "error = error + shares[k] * where(margin_i < 0.0, 1.0, where(margin_i == 0.0, 0.5, 0.0))")
        put(5, "if with_losses:", f"    cost = cost + shares[k] * {loss}_0(margin_i)")
        put(3, "store(errors, first + v, error)", "store(losses, first + v, cost)")
        put(0, "")
        self._judge_all()

    def _judge_all(self) -> None:
        """The loop over runs of `judge`."""
        many = {"base": A2, "of": A2, "fixed": A3, "mix": A2, "roots": "float64[:, :, :, ::1]"}
        groups = (
            {**many, "labels": A1, "shares": A2, "normals": A2, "drawn": "int64[::1]"},
            {"numbers": A2, "with_losses": "boolean", "out": "float64[:, :, ::1]"},
        )
        self.out.function(
            "judge_all", [list(group) for group in groups],
            "out (R, 2, 2): test error and test loss, each with its standard error, of the states of R runs.",
            "Run k has the normals of row drawn[k]; numbers (R, ...) are its scalars.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        put = self.out.put
        put(1, "count = normals.shape[1] // (roots.shape[1] * roots.shape[2])", "errors = np.zeros(count)")
        put(1, "losses = np.zeros(count)", "for k in range(base.shape[0]):")
        scalars = [f"numbers[k, {place}]" for place in range(len(self.scalars))]
        law = ["base[k]", "of", "fixed[k]", "mix", "roots[k]", "labels", "shares[k]", "normals[drawn[k]]", "count"]
        self.out.call(2, "judge(", (law, scalars, ["with_losses", "errors", "losses"]))
        put(2, "mean_and_error(errors, count, out[k, 0])", "mean_and_error(losses, count, out[k, 1])")
        put(0, "")

    def _run_all(self) -> None:
        """The loop over runs of `run`, for algorithms that draw nothing."""
        if self.given:
            return
        state, data, parameters, recording = self.run_arguments()
        one_more = {A1: A2, A2: A3, A3: "float64[:, :, :, ::1]"}
        outs = {name: "float64[:, :, :, :, ::1]" for name in ("z_out", "b_out")}
        groups = (
            {name: one_more[of] for name, of in state.items() if name != "velocity"},
            {name: one_more[of] for name, of in data.items()},
            {"numbers": A2, "limits": "int64[::1]"},
            {"start": "int64", "steps": "int64", "recorded": "int64[::1]", **outs, "failed": "int64[::1]"},
            *([{**WATCHED, "bounds": A2, "hits": "int64[:, ::1]"}] if self.watchers else []),
        )
        self.out.function(
            "run_all", [list(group) for group in groups],
            "R runs, one after another: `run` on every entry of the leading axis; failed (R,) is what it returns.",
            "numbers (R, ...) are each run's scalars, step size and rates, limits (R,) the last step with the penalty.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        moving = "velocity" in state
        self.out.put(1, *["velocity = np.zeros(z.shape[1:])", "velocity_out = np.zeros(z_out.shape[1:])"] * moving)
        self.out.put(1, "for k in range(z.shape[0]):", *["    velocity[:] = 0.0"] * moving)
        numbers = [f"numbers[k, {place}]" for place in range(len(parameters) - 1)]
        per_run = {"velocity", "velocity_out"}
        arguments = (
            [name if name in per_run else f"{name}[k]" for name in state], [f"{name}[k]" for name in data],
            [*numbers, "limits[k]"],
            [name if name in per_run else f"{name}[k]" if name in outs else name for name in recording],
            *([["which", "below", "bounds[k]", "hits[k]"]] if self.watchers else []),
        )
        self.out.call(2, "failed[k] = run(", arguments)
        self.out.put(0, "")

    @property
    def crossing(self) -> list[str]:
        """The arrays of inner products between two of an example's own directions."""
        return [entry.name for entry in self.entries if entry.first != entry.second]

    # ---- pieces shared by the loop nests ------------------------------------------------------------------

    def families(self) -> list[str]:
        """Families in a row's order: those over examples first."""
        sets = {family.name: family.index_set for family in self.model.directions}
        return sorted(sets, key=lambda name: sets[name].single)

    def offsets(self, depth: int) -> None:
        """Where each family starts in a row."""
        previous = "0"
        for name in self.families():
            self.out.put(depth, f"at_{name} = {previous}")
            previous = f"at_{name} + {'examples' if name in self.lanes.per_example else '1'}"

    def neurons(self, depth: int, *first: str) -> None:
        """Loops over heads and filters; a neuron begins with its place and the lines `first`."""
        self.out.put(depth, f"for h in range({self.model.n_heads}):", "    j = 1.0 - 2.0 * h")
        self.out.put(depth + 1, "for r in range(filters):", "    at = (h * filters + r) * width")
        self.out.put(depth + 2, *first)

    def _reduce(self, depth: int, stage: Stage) -> None:
        bodies = {d.name: self.by_label.split(summand(d.expr)) for d in stage.definitions}
        fixed = {name: body for name, (body, _) in bodies.items() if body != 0}
        rest = {name: body for name, (_, body) in bodies.items() if body != 0}
        if fixed:
            self.out.put(depth, *[f"{name}_{side} = 0.0" for name in fixed for side in SIDES])
            self.neurons(depth)
            for side, label in SIDES.items():
                self.locals_of(depth + 2, list(fixed.values()), self.by_label.at(label))
                for name, body in fixed.items():
                    self.out.assign(depth + 2, f"{name}_{side} +=", self.printer.doprint(body))
        self.out.put(depth, self.each)
        self.out.put(depth + 1, *[f"{d.name}_i = lanes(0.0)" for d in stage.definitions])
        if rest:
            self.neurons(depth + 1)
            self.locals_of(depth + 3, list(rest.values()))
        for name, body in rest.items():
            self.out.assign(depth + 3, f"{name}_i =", f"{name}_i + ({self.printer.doprint(body)})")
        for d in stage.definitions:
            total = f"{d.name}_i"
            if d.name in fixed:
                total = f"({total} + where({self.by_label.test}, {', '.join(f'{d.name}_{side}' for side in SIDES)}))"
            factor = d.expr / next(iter(d.expr.atoms(sp.Sum)))
            scaled = "" if factor == 1 else f" * ({self.printer.doprint(factor)})"
            self.out.put(depth + 1, f"store({d.name}, i, {total}{scaled})")

    def _pass(self, depth: int, stage: Stage) -> None:
        rows = self.constants_first(depth, stage)
        self.out.put(depth, self.each)
        self.lanes.local.clear()
        for d, expr in rows:
            value = self.printer.doprint(expr)
            if d.name in self.weights:  # no weight past the last example: what stands there enters no sum
                value = f"where(load(live, i) > 0.0, {value}, 0.0)"
            self.out.assign(depth + 1, f"{d.name}_i =", value, d.meaning)
            self.lanes.local.add(d.name)
            if d.name in self.kept:
                self.out.put(depth + 1, f"store({d.name}, i, {d.name}_i)")
        self.lanes.local.clear()

    def _gradient(self, depth: int, stage: Stage) -> None:
        used = {name: stage.contributions[name] for name in self.families() if stage.contributions.get(name, 0) != 0}
        own = [name for name in used if name in self.lanes.per_example]
        fixed: dict[str, dict[sp.Indexed, sp.Expr]] = {}
        for name in [name for name in used if name not in own]:
            fixed[name], used[name] = self.by_label.weighted(used[name])
        sums = [name for name in used if name not in own and used[name] != 0]
        self._weights_by_label(depth, list(dict.fromkeys(weight for each in fixed.values() for weight in each)))
        self.out.put(depth, "g[:] = 0.0")
        self.neurons(depth, *[f"sum_{name} = lanes(0.0)" for name in sums])
        # A family's last lanes spill over into the next one's first, so that they are filled in order, a loop each.
        for names in [[name] for name in own[:-1]] + [[*own[-1:], *sums]]:
            self._gradient_lanes(depth + 2, {name: used[name] for name in names})
        for name, terms in fixed.items():
            self.out.put(depth + 2, f"fixed_{name} = " + (f"total(sum_{name})" if name in sums else "0.0"))
            for side, label in SIDES.items():
                self.locals_of(depth + 2, list(terms.values()), self.by_label.at(label))
                value = sp.Add(*[sp.Symbol(f"{weight.base}_{side}") * factor for weight, factor in terms.items()])
                self.out.assign(depth + 2, f"fixed_{name} +=", self.printer.doprint(value))
            self.out.put(depth + 2, f"g[at + at_{name}] = fixed_{name}")

    def _weights_by_label(self, depth: int, weights: list[sp.Indexed]) -> None:
        """Sums of example arrays over the examples of either label."""
        if not weights:
            return
        names = [str(weight.base) for weight in weights]
        self.out.put(depth, *[f"{name}_{side}_i = lanes(0.0)" for name in names for side in SIDES], self.each)
        for name in names:
            for side, chosen in zip(SIDES, (f"load({name}, i), 0.0", f"0.0, load({name}, i)"), strict=True):
                self.out.put(depth + 1, f"{name}_{side}_i = {name}_{side}_i + where({self.by_label.test}, {chosen})")
        self.out.put(depth, *[f"{name}_{side} = total({name}_{side}_i)" for name in names for side in SIDES])

    def _gradient_lanes(self, depth: int, used: dict[str, sp.Expr]) -> None:
        """One loop over examples, eight at a time: families over them are stored, what others sum is kept."""
        if not used:
            return
        self.out.put(depth, self.each)
        self.locals_of(depth + 1, list(used.values()))
        for name, expr in used.items():
            value = self.printer.doprint(expr)
            if name in self.lanes.per_example:
                self.out.assign(depth + 1, f"{name}_i =", value)
                self.out.put(depth + 1, f"store(g, at + at_{name} + i, {name}_i)")
            else:
                self.out.assign(depth + 1, f"sum_{name} =", f"sum_{name} + ({value})")

    def _contract(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, "u[:] = 0.0", "couple(u, g, gram, 2 * filters, width, directions)")

    def example_gram(self, every: list[Stage]) -> list[str]:
        """The function that copies the Gram entries of each example's own patches, once a run; returns the arrays."""
        exprs = [d.expr for stage in every for d in stage.definitions]
        exprs += [e for stage in every for e in stage.contributions.values()]
        used = {entry: role_of(entry) for expr in exprs for entry in expr.atoms(sp.Indexed)}
        entries = {entry: used[entry] for entry in sorted(used, key=str)}
        grams = [(role, entry.indices) for entry, role in entries.items() if isinstance(role, GramEntry)]
        grams = [(role, at) for role, at in grams if at]
        self.entries = [role for role, _ in grams]
        if not grams:
            return []
        names = [role.name for role, _ in grams]
        said = "Inner products of each example's own directions, taken out of the Gram matrix once."
        self.out.function("example_gram", (["gram", "examples", "width"], names), said)
        self.offsets(1)
        self.out.put(1, "for i in range(examples):")
        for role, at in grams:
            self.out.put(2, f"{role.name}[i] = {self.printer.gram_entry(role, at)}")
        self.out.put(0, "")
        return names

    # ---- functions ----------------------------------------------------------------------------------------

    def gradient_function(self, name: str, stages: tuple[Stage, ...], doc: str) -> list[Definition]:
        """A function that fills g and the example arrays that later loops read."""
        self.look(stages)
        self.out.function(name, self.gradient_arguments("z", [], arrays(stages), stages), doc)
        self.said.clear()
        self.offsets(1)
        for stage in stages:
            self.stage(1, stage)
        self.out.put(0, "")
        return list(arrays(stages))

    def look(self, stages: tuple[Stage, ...]) -> None:
        """Notes which example arrays other loops read than those that fill them, and which are a gradient's weights."""
        self.weights: set[str] = set()
        self.kept: set[str] = set()
        for stage in stages:
            read = [*[d.expr for d in stage.definitions], *stage.contributions.values()]
            bases = {str(base) for expr in read for base in expr.atoms(sp.IndexedBase)}
            here = {d.name for d in stage.definitions}
            self.kept |= bases - here if stage.kind == "pass" else bases
            if stage.kind == "gradient":
                for expr in stage.contributions.values():
                    for term in sp.Add.make_args(sp.expand(expr)) if expr != 0 else ():
                        found = {str(b) for b in term.atoms(sp.IndexedBase)} & {d.name for d in arrays(stages)}
                        if not found:
                            raise NoLanes(f"the term {term} of a gradient has no weight; it has no form on lanes")
                        self.weights |= found

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """A gradient function's arguments: the state, the data, the parameters, and what is filled."""
        self.look(stages)
        reduced = {d.name for stage in stages if stage.kind == "reduce" for d in stage.definitions}
        frozen = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        label = ["label"] if "label_noise" in self.options else []
        called = state != "z"
        data = ["gram", "y", *self.clean]
        return (
            [state], [*[f"packed_{name}" if called else name for name in data], *label, "live", *self.grams],
            ["n", "examples", "filters", "width", "directions"], self.scalars,
            ["g", *frozen], [d.name for d in dict.fromkeys(filled) if d.name in self.kept | reduced],
        )

    def run_function(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """The whole time loop, with the penalty's switch inside; and the loop over runs."""
        options, groups = self.options, (*self.run_arguments(), *([WATCHED] if self.watchers else []))
        types = f"int64({', '.join(of for group in groups for of in group.values())})"
        looked = [
            "Event e is of observable which[e], which has to be at or below bounds[e] where below[e], else at or",
            "above; hits[e], negative before, becomes its first step.",
        ]
        self.out.function(
            "run", [list(group) for group in groups],
            "Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.",
            "Arguments as those of the kernel of loops.", *(looked if self.watchers else []), types=types,
        )
        self._lay_out(stages, plain)
        kept = ["z", "b", *(["velocity"] if "momentum" in options else [])]
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:")
        self.out.put(3, *[f"unpack(packed_{name}, order, width, {name}_out[at])" for name in kept], "at += 1")
        waits = " and not watching" if self.watchers else ""
        self.out.put(2, f"if t == start + steps{waits}:", "    break")
        self._step(stages, plain)
        self.out.put(1, *[f"unpack(packed_{name}, order, width, {name})" for name in kept], "return -1")
        self.out.put(0, "")

    def _lay_out(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """Sizes, the packed state and data, and the arrays of the loop."""
        own = len(self.lanes.per_example)
        self.out.put(1, "examples = y.size", "filters = z.shape[1]", "directions = z.shape[2]")
        self.out.put(1, f"length = (examples + {LANES - 1}) // {LANES} * {LANES}  # of examples with the padding")
        reach = f"(examples * {own - 1} + length)" if own else "0"
        self.out.put(1, f"width = (max(directions, {reach}) + {LANES - 1}) // {LANES} * {LANES}  # of a row")
        self.out.put(1, "n = float(examples)")
        self.offsets(1)
        self.out.put(1, "order = np.zeros(directions, dtype=np.int64)", "at = 0")
        for family in self.model.directions:
            each = "examples" if family.index_set.per_example else "1"
            self.out.put(1, f"for i in range({each}):", f"    order[at + i] = at_{family.name} + i", f"at += {each}")
        for name in ("z", "b", *(["velocity"] if "momentum" in self.options else [])):
            self.out.put(1, f"packed_{name} = np.zeros(2 * filters * width)")
            self.out.put(1, f"pack({name}, order, width, packed_{name})")
        self.out.put(1, "packed_gram = np.zeros(directions * width)", "pack_gram(gram, order, width, packed_gram)")
        for name in ("y", *self.clean):
            self.out.put(1, f"packed_{name} = np.zeros(length)", f"pad({name}, packed_{name})")
        self.out.put(1, "present = np.zeros(length)  # 1 for an example, 0 for padding", "present[:examples] = 1.0")
        batched = "batch" in self.options
        self.out.put(1, f"live = {'np.zeros(length)' if batched else 'present'}  # 1 for the examples that a step sees")
        if self.watchers is not None:
            count = len(self.watchers.extremes) + 1
            self.out.put(1, f"low = np.zeros({count})", f"high = np.zeros({count})", "watching = some_open(hits)")
            for name, array in self.watchers.lengths.items():
                self.out.put(1, f"{array} = np.zeros(length)", "for i in range(examples):")
                self.out.put(2, f"{array}[i] = packed_gram[(at_{name} + i) * width + at_{name} + i]")
        self.out.put(1, *["label = np.zeros(length)"] * ("label_noise" in self.options))
        self.out.put(1, *[f"{name} = np.zeros(length)" for name in self.grams])
        if self.grams:
            self.out.put(1, f"example_gram(packed_gram, examples, width, {', '.join(self.grams)})")
        if self.crossing:
            self.out.put(1, "crossed = " + " or ".join(f"some({name})" for name in self.crossing))
        wanted: dict[str, str] = {}
        for each_stages in (stages, plain):
            filled = {d.name: d.meaning for d in arrays(each_stages)}
            taken = self.gradient_arguments("z", [], arrays(each_stages), each_stages)[-1]
            wanted |= {name: filled[name] for name in taken}
        for name, meaning in wanted.items():
            self.out.assign(1, f"{name} =", "np.zeros(length)", meaning)
        frozen = any(stage.kind == "contract" for stage in stages)
        for name in ("g", *(["u"] if frozen else []), *(["near", "along"] if "radius" in self.options else [])):
            self.out.assign(1, f"{name} =", "np.zeros(packed_z.size)", WORK[name])
        if "weight_decay" in self.options:
            self.out.put(1, "keep = 1.0 - eta * weight_decay")

    def _gradient_at(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...], state: str) -> None:
        """g at a state, penalised or not, with or without what an example's own directions have in common."""
        branches = [("t <= lam_until", "gradient", stages)] if self.model.objective.penalty != "none" else []
        if branches and self.crossing:
            branches.insert(0, ("t <= lam_until and not crossed", "gradient_orthogonal", self.orthogonal))
        branches.append(("", "plain_gradient", plain))
        for place, (test, function, each) in enumerate(branches):
            word = "elif" if place and test else "if" if test else "else" if place else ""
            self.out.put(2, *([f"{word} {test}:".replace(" :", ":")] if word else []))
            self.out.call(2 + bool(word), f"{function}(", self.gradient_arguments(state, [], arrays(each), each))

    def _step(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """One step: what it sees, its gradient (twice for SAM), and the move."""
        options = self.options
        if "batch" in options:
            self.out.put(2, "live[:] = 0.0", "n = float(held[t - start])", "for k in range(held[t - start]):")
            self.out.put(3, "live[batches[t - start, k]] = 1.0")
        if "label_noise" in options:
            self.out.put(2, "pad(labels[t - start], label)")
        self._gradient_at(stages, plain, "packed_z")
        if self.watchers is not None:
            packed = {"z", "b", "gram", "y"}
            data = [f"packed_{name}" if name in packed else name for name in self.watchers.data]
            self.out.put(2, "if watching:")
            self.out.call(3, "look(", (["t"], data, ["which", "below", "bounds", "low", "high", "hits"]))
            self.out.put(3, "watching = some_open(hits)")
            self.out.put(2, "if t == start + steps:", "    break")
        if "radius" in options:
            self.out.put(2, "along[:] = 0.0", "couple(along, g, packed_gram, 2 * filters, width, directions)")
            self.out.put(2, "perturb(packed_z, g, along, radius, near, width, directions)")
            self._gradient_at(stages, plain, "near")
        self.out.put(2, "if not finite(f, examples):")
        kept = ["z", "b", *(["velocity"] if "momentum" in options else [])]
        self.out.put(3, *[f"unpack(packed_{name}, order, width, {name})" for name in kept], "return t")
        if "momentum" in options:
            self.out.put(2, "accelerate(packed_velocity, g, momentum)")
        if "weight_decay" in options:
            self.out.put(2, "shrink(packed_z, packed_b, keep)")
        self.out.put(2, "change(packed_b, g, eta)")
        self.out.put(2, "couple(packed_z, g, packed_gram, 2 * filters, width, directions)")


