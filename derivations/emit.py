"""Kernel source: a recursion's schedule printed as one self-contained Python module of explicit loops.

The same text runs compiled by Numba and as plain Python, bit for bit: options are literal, floating point is strict,
sums run in one order, integer powers are products, and nothing is allocated inside the time loop.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from .activations import (
    PIECES,
    Box,
    HuberizedRelu,
    LeakyRelu,
    LeakyReluClosed,
    LeakySlope,
    LeakySlopeClosed,
    Ramp,
    Relu,
    ReluClosed,
    Step,
    StepClosed,
)
from .calculus import Definition
from .derive import Recursion
from .model import Model
from .schedule import Stage, arrays, schedule
from .symbols import Names, i

GENERATOR = 1
HELPERS = {
    Relu: "relu", ReluClosed: "relu", Step: "step", StepClosed: "step_closed", Box: "box", Ramp: "ramp",
    HuberizedRelu: "huberized", LeakySlope: "leaky_slope", LeakySlopeClosed: "leaky_slope_closed", LeakyRelu: "leaky",
    LeakyReluClosed: "leaky",
}
SOURCES = {
    "relu": ("x", "max(0, x), keeping nan.", ["return 0.0 if x <= 0.0 else x"]),
    "step": ("x", "1{x > 0}.", ["return 0.0 if x <= 0.0 else 1.0"]),
    "step_closed": ("x", "1{x >= 0}.", ["return 0.0 if x < 0.0 else 1.0"]),
    "box": ("x, h", "1{0 < x < h}.", ["return 0.0 if x <= 0.0 or x >= h else 1.0"]),
    "ramp": ("x, h", "min(max(x / h, 0), 1), keeping nan.", ["return 0.0 if x <= 0.0 else (1.0 if x >= h else x / h)"]),
    "huberized": ("x, h", "0, x^2 / (2h), x - h/2: the Huberized ReLU.",
                  ["return 0.0 if x <= 0.0 else (x - 0.5 * h if x >= h else 0.5 * x * x / h)"]),
    "leaky": ("x, s", "x above 0, s x below: the leaky ReLU.", ["return s * x if x <= 0.0 else x"]),
    "leaky_slope": ("x, s", "1{x > 0} + s 1{x <= 0}.", ["return s if x <= 0.0 else 1.0"]),
    "leaky_slope_closed": ("x, s", "1{x >= 0} + s 1{x < 0}.", ["return s if x < 0.0 else 1.0"]),
}
RATES = {
    "logistic": (
        ("log(1 + exp(-x)), without overflow.", ["return log1p(exp(-x)) if x >= 0.0 else log1p(exp(x)) - x"]),
        ("-1 / (1 + exp(x)), without overflow or cancellation.",
         ["e = exp(-abs(x))", "return -e / (1.0 + e) if x >= 0.0 else -1.0 / (1.0 + e)"]),
        ("exp(x) / (1 + exp(x))^2, without overflow.", ["e = exp(-abs(x))", "return e / ((1.0 + e) * (1.0 + e))"]),
    ),
    "exponential": tuple(
        (f"{sign}exp(-x); infinite where that overflows.", [f"return {sign}exp(-x) if x > -709.0 else {sign}inf"])
        for sign in ("", "-", "")
    ),
}
SOFTMAX = '''
@njit(cache=True, fastmath=False, error_model="numpy")
def softmax(F, y, p, e):
    """p[k, i] = exp(F_k) / sum_l exp(F_l) and e = p - 1{k = y_i}, without overflow or cancellation."""
    for i in range(y.size):
        top = F[0, i]
        for k in range(1, F.shape[0]):
            top = max(top, F[k, i])
        total = 0.0
        for k in range(F.shape[0]):
            p[k, i] = exp(F[k, i] - top)
            total += p[k, i]
        others = 0.0
        for k in range(F.shape[0]):
            p[k, i] /= total
            e[k, i] = p[k, i]
            if k != y[i]:
                others += p[k, i]
        e[y[i], i] = -others


@njit(cache=True, fastmath=False, error_model="numpy")
def cross_entropy(F, label, i):
    """-log p of the label, without overflow or cancellation."""
    best = 0
    for k in range(1, F.shape[0]):
        if F[k, i] > F[best, i]:
            best = k
    total = 0.0
    for k in range(F.shape[0]):
        if k != best:
            total += exp(F[k, i] - F[best, i])
    return F[best, i] - F[label, i] + log1p(total)
'''
RATES_OF_STEP = ("momentum", "weight_decay", "radius")
JIT = 'cache=True, fastmath=False, error_model="numpy", nogil=True'
A3, A2, A1 = "float64[:, :, ::1]", "float64[:, ::1]", "float64[::1]"


class KernelPrinter(PythonCodePrinter):
    """Prints a scalar as Python over the kernel's arrays; refuses what it has no exact text for."""

    def __init__(self, names: Names, array: str = "z") -> None:
        super().__init__({"fully_qualified_modules": False, "strict": False})
        self.names, self.array = names, array

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        name = str(expr)
        if name.startswith("G_"):
            return self._gram(name, ())
        return str(name)

    def _print_Pow(self, expr: sp.Pow, **_: object) -> str:
        base, power = expr.as_base_exp()
        if power.is_Integer and 2 <= power <= 16:
            return "(" + "*".join([self.parenthesize(base, 60)] * int(power)) + ")"
        if power == -1:
            return f"1.0/{self.parenthesize(base, 60)}"
        raise ValueError(f"power {expr} has no exact product form in a kernel; use a declared activation")

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"({expr.p}.0/{expr.q}.0)" if expr.q != 1 else f"{expr.p}.0"

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{int(expr)}.0"

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        return f"(1.0 if {self._index(expr.args[0])} == {self._index(expr.args[1])} else 0.0)"

    def _index(self, expr: sp.Expr) -> str:
        return self._print_Indexed(expr) if isinstance(expr, sp.Indexed) else str(expr)

    def _print_Function(self, expr: sp.Function) -> str:
        if isinstance(expr, PIECES):
            return piece_name(expr)
        name = type(expr).__name__
        if name == "rate":
            return f"loss_{int(expr.args[0])}({self._print(expr.args[1])})"
        if name == "cross_entropy":
            return f"cross_entropy(F, {self._index(expr.args[0].indices[0])}, i)"
        raise ValueError(f"{name} has no kernel form; use a declared activation or loss")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        base, at = str(expr.base), expr.indices
        if base == "s":
            return "j"
        if base.startswith("a_"):
            return base
        if base.startswith("G_"):
            return self._gram(base, at)
        if base[:2] in ("z_", "u_"):
            array = self.array if base[0] == "z" else "u"
            return f"{array}[h, r, {self._place(base[2:], at[2:])}]"
        head = str(self.names.head)
        return f"{base}[{', '.join('h' if self._index(x) == head else self._index(x) for x in at)}]"

    def _place(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        return f"at_{family}" + (f" + {self._index(at[0])}" if at else "")

    def _gram(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        return f"{base}[i]" if at else self.gram_entry(base, at)

    def gram_entry(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        """A Gram entry where it stands in the matrix."""
        families = [family.name for family in self.names.model.directions]
        first, second = next((f, g) for f in families for g in families if base == f"G_{f}_{g}")
        split = 0 if self.names.model.family(first).over == "one" else 1
        return f"gram[{self._place(first, at[:split])}, {self._place(second, at[split:])}]"


def take_constants(expr: sp.Expr, known: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """The expression with its products of scalars named q0, q1, ..., to be computed outside the loop."""
    if isinstance(expr, sp.Mul):
        fixed = [arg for arg in expr.args if not arg.has(sp.Indexed)]
        rest = [take_constants(arg, known) for arg in expr.args if arg.has(sp.Indexed)]
        constant = sp.Mul(*fixed)
        if len(fixed) > 1:
            constant = known.setdefault(constant, sp.Symbol(f"q{len(known)}"))
        return sp.Mul(*([] if constant == 1 else [constant]), *rest, evaluate=False)
    if isinstance(expr, sp.Add):
        return sp.Add(*[take_constants(arg, known) for arg in expr.args], evaluate=False)
    return expr


def piece_name(expr: sp.Function) -> str:
    """The local name of an activation piece at a patch: relu_mu, step_xi, ..."""
    inner = expr.args[0]
    return f"{HELPERS[type(expr)]}_{str(inner.base)[2:]}"


class Writer:
    """Lines of a module, with indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, depth: int, *lines: str) -> None:
        """Append lines at a depth of four-space indents."""
        self.lines += ["    " * depth + line for line in lines]

    def text(self) -> str:
        """The module's text."""
        return "\n".join(self.lines) + "\n"


def extra_scalars(model: Model) -> tuple[str, ...]:
    """Activation constants given by a parameter's name."""
    act = model.network.activation
    used = {"leaky_relu": (act.slope,), "huberized_relu": (act.width,)}.get(act.name, ())
    return tuple(value for value in used if isinstance(value, str))


def scalars(model: Model) -> tuple[str, ...]:
    """The kernel's scalar arguments, in order."""
    penalty = ("c", "lam") if model.objective.penalty != "none" else ()
    return ("kappa", *extra_scalars(model), *penalty)


class Emitter:
    """Prints one recursion; `blas` picks the contraction's variant."""

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        self.recursion, self.blas = recursion, blas
        self.model, self.names = recursion.model, Names(recursion.model)
        self.printer = KernelPrinter(self.names)
        self.out = Writer()
        self.signed = self.names.signed
        self.label = A1 if self.signed else "int64[::1]"
        self.options = self.model.algorithm.options
        self.each = "for i in batch:" if "batch" in self.options else "for i in range(y.size):"
        self.clean = ["clean"] * self.model.follows_clean
        self.given = [name for name, option in (("batch", "batch"), ("label", "label_noise")) if option in self.options]
        self.grams: list[str] = []

    # ---- pieces shared by the loop nests ------------------------------------------------------------------

    def offsets(self, depth: int) -> None:
        """Where each family starts on the direction axis."""
        previous = ""
        for family in self.model.directions:
            self.out.put(depth, f"at_{family.name} = {previous or '0'}")
            size = {"one": "1", "class": str(self.model.network.classes), "sample": "y.size"}[family.over]
            previous = f"at_{family.name} + {size}"

    def locals_of(self, depth: int, exprs: list[sp.Expr]) -> None:
        """Pre-activations and activation pieces that the expressions use, as named locals."""
        atoms = sorted({e for expr in exprs for e in expr.atoms(sp.Indexed) if str(e.base).startswith("a_")}, key=str)
        for atom in atoms:
            definition = self.recursion.definitions[str(atom.base)]
            self.out.put(depth, f"{atom.base} = {self.printer.doprint(definition.expr)}")
        pieces = sorted({e for expr in exprs for e in expr.atoms(*PIECES)}, key=piece_name)
        for piece in pieces:
            args = ", ".join(self.printer.doprint(arg) for arg in piece.args)
            self.out.put(depth, f"{piece_name(piece)} = {HELPERS[type(piece)]}({args})")

    def head_loops(self, depth: int) -> None:
        """Loops over heads and filters, with the head's sign."""
        self.out.put(depth, f"for h in range({self.model.n_heads}):")
        if self.signed:
            self.out.put(depth + 1, "j = 1.0 - 2.0 * h")
        self.out.put(depth + 1, "for r in range(z.shape[1]):")

    def index(self, definition: Definition) -> str:
        """Where a definition's entry stands in its array."""
        return "h, i" if len(definition.indices) == 2 else "i"

    # ---- stages -------------------------------------------------------------------------------------------

    def stage(self, depth: int, stage: Stage) -> None:
        """One stage as loops."""
        getattr(self, f"_{stage.kind}")(depth, stage)

    def _reduce(self, depth: int, stage: Stage) -> None:
        bodies = [(d, next(iter(d.expr.atoms(sp.Sum))).function) for d in stage.definitions]
        self.out.put(depth, *[f"{d.name}[:] = 0.0" for d in stage.definitions])
        self.head_loops(depth)
        for d, body in bodies:  # a loop each: one array written a loop is what compilers vectorise
            self.out.put(depth + 2, self.each)
            self.locals_of(depth + 3, [body])
            self.out.put(depth + 3, f"{d.name}[{self.index(d)}] += {self.printer.doprint(body)}")
        for d in stage.definitions:
            factor = d.expr / next(iter(d.expr.atoms(sp.Sum)))
            if factor != 1:
                self.out.put(depth, f"{d.name} *= {self.printer.doprint(factor)}")

    def _heads(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, *[f"{d.name}[:] = 0.0" for d in stage.definitions])
        self.out.put(depth, f"for h in range({self.model.n_heads}):", f"    {self.each}")
        for d in stage.definitions:
            body = d.expr.function if isinstance(d.expr, sp.Sum) else d.expr
            self.out.put(depth + 2, f"{d.name}[i] += {self.printer.doprint(body)}")

    def _softmax(self, depth: int, stage: Stage) -> None:
        label = "label" if "label" in self.given else "y"
        self.out.put(depth, f"softmax(F, {label}, {'batch, ' if 'batch' in self.given else ''}p, e)")

    def _pass(self, depth: int, stage: Stage) -> None:
        over_heads = len(stage.definitions[0].indices) == 2
        outside, depth = depth, depth + over_heads
        constants: dict[sp.Expr, sp.Symbol] = {}
        rows = [(d, take_constants(d.expr, constants)) for d in stage.definitions]
        self.out.put(outside, *[f"{name} = {self.printer.doprint(expr)}" for expr, name in constants.items()])
        if over_heads:
            self.out.put(outside, f"for h in range({self.model.n_heads}):")
        self.out.put(depth, self.each)
        for d, expr in rows:
            self.out.put(depth + 1, f"{d.name}[{self.index(d)}] = {self.printer.doprint(expr)}")

    def _gradient(self, depth: int, stage: Stage) -> None:
        over = {family.name: family.over for family in self.model.directions}
        used = {name: expr for name, expr in stage.contributions.items() if expr != 0}
        self.out.put(depth, "g[:] = 0.0")
        self.head_loops(depth)
        for names in ([n for n in used if over[n] == "sample"], *[[n] for n in used if over[n] != "sample"]):
            self._gradient_loop(depth + 2, {name: used[name] for name in names}, over)

    def _gradient_loop(self, depth: int, used: dict[str, sp.Expr], over: Mapping[str, str]) -> None:
        """One loop over examples; sums get a loop of their own, so that terms vectorise without being reordered."""
        if not used:
            return
        self.out.put(depth, self.each)
        self.locals_of(depth + 1, list(used.values()))
        for name, expr in used.items():
            value = self.printer.doprint(expr)
            entry = f"g[h, r, at_{name} +"
            target = {"one": "row[i] =", "class": f"{entry} y[i]] +=", "sample": f"{entry} i] ="}
            self.out.put(depth + 1, f"{target[over[name]]} {value}")
        for name in [name for name in used if over[name] == "one"]:
            self.out.put(depth, "total = 0.0", self.each, "    total += row[i]", f"g[h, r, at_{name}] = total")

    def _contract(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, "contract(g, gram, u)")

    def example_gram(self, every: list[Stage]) -> list[str]:
        """The function that copies the Gram entries of each example's own patches, once a run; returns the arrays."""
        exprs = [d.expr for stage in every for d in stage.definitions]
        exprs += [e for stage in every for e in stage.contributions.values()]
        entries = sorted({e for expr in exprs for e in expr.atoms(sp.Indexed) if str(e.base).startswith("G_")}, key=str)
        if not entries:
            return []
        names = [str(entry.base) for entry in entries]
        self.out.put(0, "", f"@njit({JIT})", f"def example_gram(gram, y, {', '.join(names)}):")
        self.out.put(1, '"""Inner products of each example\'s own directions, taken out of the Gram matrix once."""')
        self.offsets(1)
        self.out.put(1, "for i in range(y.size):")
        for entry in entries:
            self.out.put(2, f"{entry.base}[i] = {self.printer.gram_entry(str(entry.base), entry.indices)}")
        self.out.put(0, "")
        return names

    def own_gram(self, depth: int) -> None:
        """Allocate and fill the example Gram arrays."""
        self.out.put(depth, *[f"{name} = np.zeros(y.size)" for name in self.grams])
        if self.grams:
            self.out.put(depth, f"example_gram(gram, y, {', '.join(self.grams)})")

    # ---- functions ----------------------------------------------------------------------------------------

    def helpers(self) -> None:
        """Activation pieces, loss rates, softmax and the contraction."""
        pieces = {HELPERS[type(e)] for d in self.recursion.definitions.values() for e in d.expr.atoms(*PIECES)}
        both = (self.recursion.gradient, self.recursion.plain)
        exprs = [group.expr for gradient in both for groups in gradient.values() for group in groups]
        pieces |= {HELPERS[type(e)] for expr in exprs for e in expr.atoms(*PIECES)}
        for name in [name for name in SOURCES if name in pieces]:
            args, doc, body = SOURCES[name]
            self.function(name, args, doc, body)
        for order, (doc, body) in enumerate(RATES.get(self.model.objective.loss, ())):
            self.function(f"loss_{order}", "x", doc, body)
        if not self.signed:
            text = SOFTMAX.rstrip("\n")
            if "batch" in self.options:
                text = text.replace("softmax(F, y, p, e)", "softmax(F, y, batch, p, e)")
                text = text.replace("for i in range(y.size):", self.each)
            self.out.put(0, *text.split("\n"), "", "")
        index, inner = ("i", "f.size") if self.signed else ("h, i", "f.shape[1]")
        loops = [f"for i in range({inner}):"]
        loops = loops if self.signed else ["for h in range(f.shape[0]):", f"    {loops[0]}"]
        pad = "    " * len(loops)
        self.function("finite", "f", "Whether every output is a finite number.",
                      [*loops, f"{pad}if not isfinite(f[{index}]):", f"{pad}    return False", "return True"])
        self.contraction()
        if "radius" in self.options:
            self.perturbation()
        if "momentum" in self.options:
            self.acceleration()
        self.descent()

    def function(self, name: str, args: str, doc: str, body: list[str]) -> None:
        """A small compiled helper."""
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")', f"def {name}({args}):")
        self.out.put(1, f'"""{doc}"""', *body)
        self.out.put(0, "")

    def contraction(self) -> None:
        """out = g gram, over heads and filters."""
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")', "def contract(g, gram, out):")
        size = "g.shape[0] * g.shape[1], g.shape[2]"
        if self.blas:
            self.out.put(1, '"""out[h, r, :] = g[h, r, :] gram, by BLAS."""',
                         f"np.dot(g.reshape({size}), gram, out.reshape({size}))")
        else:
            self.out.put(1, '"""out[h, r, :] = g[h, r, :] gram; directions without gradient are skipped."""',
                         "out[:] = 0.0", "for h in range(g.shape[0]):", "    for r in range(g.shape[1]):",
                         "        for b in range(g.shape[2]):", "            weight = g[h, r, b]",
                         "            if weight != 0.0:", "                for q in range(g.shape[2]):",
                         "                    out[h, r, q] += weight * gram[b, q]")
        self.out.put(0, "")

    def descent(self) -> None:
        """b <- b - eta g, z <- z - eta g gram."""
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")',
                     f"def descend(z, b, g, gram, eta{', dz' if self.blas else ''}):")
        self.out.put(1, '"""b <- b - eta g and z <- z - eta g gram, in place."""')
        if self.blas:
            self.out.put(1, "contract(g, gram, dz)")
        self.out.put(1, "for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
        self.out.put(3, "for q in range(z.shape[2]):")
        if self.blas:
            self.out.put(4, "b[h, r, q] -= eta * g[h, r, q]", "z[h, r, q] -= eta * dz[h, r, q]")
        else:
            self.out.put(4, "change = eta * g[h, r, q]", "if change != 0.0:", "    b[h, r, q] -= change",
                         "    for c in range(z.shape[2]):", "        z[h, r, c] -= change * gram[q, c]")
        self.out.put(0, "")

    def perturbation(self) -> None:
        """near = z + radius g gram / sqrt(sum g (g gram)), the norm taken in units of the largest entry of g."""
        nest = ["for h in range(z.shape[0]):", "    for r in range(z.shape[1]):", "        for q in range(z.shape[2]):"]
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")')
        self.out.put(0, "def perturb(z, g, gram, radius, along, near):")
        self.out.put(1, '"""near = z at W + radius grad / ||grad||_F; a copy of z where the gradient is 0."""')
        self.out.put(1, "contract(g, gram, along)", "top = 0.0", *nest, "            top = max(top, abs(g[h, r, q]))",
                     "total = 0.0", "if top > 0.0:")
        self.out.put(2, *nest, "            total += (g[h, r, q] / top) * (along[h, r, q] / top)")
        self.out.put(1, "length = radius / (top * sqrt(total)) if total > 0.0 else 0.0", *nest,
                     "            near[h, r, q] = z[h, r, q] + length * along[h, r, q]")
        self.out.put(0, "")

    def acceleration(self) -> None:
        """velocity <- momentum velocity + g."""
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")')
        self.out.put(0, "def accelerate(velocity, g, momentum):")
        self.out.put(1, '"""velocity <- momentum velocity + g, in place."""', "for h in range(g.shape[0]):",
                     "    for r in range(g.shape[1]):", "        for q in range(g.shape[2]):",
                     "            velocity[h, r, q] = momentum * velocity[h, r, q] + g[h, r, q]")
        self.out.put(0, "")

    def gradient_function(self, name: str, stages: tuple[Stage, ...], doc: str) -> list[Definition]:
        """A function that fills g and the example arrays; returns the arrays it takes."""
        filled = list(arrays(stages))
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        args = ["z", "gram", "y", *self.clean, *self.given, *self.grams, *scalars(self.model), "g", "row", *covector]
        args += [d.name for d in filled]
        self.out.put(0, "", f"@njit({JIT})", f"def {name}({', '.join(args)}):")
        self.out.put(1, f'"""{doc}"""', "n = float(batch.size)" if "batch" in self.given else "n = float(y.size)")
        self.offsets(1)
        for stage in stages:
            self.stage(1, stage)
        self.out.put(0, "")
        return filled

    def allocate(self, depth: int, definitions: list[Definition]) -> None:
        """Arrays of the definitions, once."""
        shape = {1: "y.size", 2: f"({self.model.n_heads}, y.size)"}
        self.out.put(depth, *[f"{d.name} = np.zeros({shape[len(d.indices)]})" for d in definitions])

    def run_arguments(self) -> dict[str, str]:
        """The time loop's arguments with their types."""
        options, many = self.options, "float64[:, :, :, ::1]"
        velocity = "momentum" in options
        return {
            "z": A3, "b": A3, **({"velocity": A3} if velocity else {}), "gram": A2, "y": self.label,
            **dict.fromkeys(self.clean, A1),
            **({"batches": "int64[:, ::1]", "held": "int64[::1]"} if "batch" in options else {}),
            **({"labels": A2 if self.signed else "int64[:, ::1]"} if "label_noise" in options else {}),
            **dict.fromkeys(scalars(self.model), "float64"), "eta": "float64",
            **{name: "float64" for name in RATES_OF_STEP if name in options},
            "lam_until": "int64", "start": "int64", "steps": "int64", "recorded": "int64[::1]",
            "z_out": many, "b_out": many, **({"velocity_out": many} if velocity else {}),
        }

    def run_function(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """The whole time loop, with the penalty's switch inside."""
        options, arguments = self.options, self.run_arguments()
        self.out.put(0, "", f'@njit("int64({", ".join(arguments.values())})", {JIT})')
        self.out.put(0, f"def run({', '.join(arguments)}):")
        self.out.put(1, '"""Advance z and b in place by gradient descent; '
                     "returns the first step with a non-finite output, or -1.")
        self.out.put(0, "")
        self.out.put(1, "States at the steps `recorded` go to z_out and b_out.  "
                     "Step t uses the penalty where t <= lam_until.")
        if self.given:
            self.out.put(1, "Row t - start of batches (held[t - start] examples) and labels is what step t draws.")
        self.out.put(1, '"""')
        every = {d.name: d for d in (*arrays(stages), *arrays(plain))}
        self.allocate(1, list(every.values()))
        self.own_gram(1)
        work = ["dz"] * self.blas + ["near", "along"] * ("radius" in options)
        self.out.put(1, "g = np.zeros(z.shape)", "row = np.zeros(y.size)")
        self.out.put(1, *[f"{name} = np.zeros(z.shape)" for name in work])
        if any(stage.kind == "contract" for stage in stages):
            self.out.put(1, "u = np.zeros(z.shape)")
        if "weight_decay" in options:
            self.out.put(1, "keep = 1.0 - eta * weight_decay")
        kept = ["z", "b", *(["velocity"] if "momentum" in options else [])]
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:")
        self.out.put(3, *[f"{name}_out[at] = {name}" for name in kept], "at += 1")
        self.out.put(2, "if t == start + steps:", "    break")
        self._step(stages, plain)
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _step(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """One step: what it sees, its gradient (twice for SAM), and the move."""
        options = self.options
        if "batch" in options:
            self.out.put(2, "batch = batches[t - start, :held[t - start]]")
        if "label_noise" in options:
            self.out.put(2, "label = labels[t - start]")
        self._gradient_at(stages, plain, "z")
        if "radius" in options:
            self.out.put(2, "perturb(z, g, gram, radius, along, near)")
            self._gradient_at(stages, plain, "near")
        self.out.put(2, f"if not finite({'f' if self.signed else 'F'}):", "    return t")
        if "momentum" in options:
            self.out.put(2, "accelerate(velocity, g, momentum)")
        if "weight_decay" in options:
            self.out.put(2, "z *= keep", "b *= keep")
        moved = "velocity" if "momentum" in options else "g"
        self.out.put(2, f"descend(z, b, {moved}, gram, eta{', dz' if self.blas else ''})")

    def _gradient_at(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...], state: str) -> None:
        """g at a state, penalised or not."""
        common = [state, "gram", "y", *self.clean, *self.given, *self.grams, *scalars(self.model), "g", "row"]
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        call_plain = ", ".join([*common, *[d.name for d in arrays(plain)]])
        if self.model.objective.penalty == "none":
            self.out.put(2, f"plain_gradient({call_plain})")
            return
        call = ", ".join([*common, *covector, *[d.name for d in arrays(stages)]])
        self.out.put(2, "if t <= lam_until:", f"    gradient({call})", "else:", f"    plain_gradient({call_plain})")

    def observe_function(self, stages: tuple[Stage, ...]) -> None:
        """Observables of recorded states, from the same definitions."""
        kept = observed(self.model)
        clean = "".join(f", {A1}" for _ in self.clean)
        extra = "".join(", float64" for _ in scalars(self.model))
        ranks = {1: "float64[:, ::1]", 2: "float64[:, :, ::1]"}
        by_name = {d.name: d for d in arrays(stages)}
        out_types = ", ".join(ranks[len(by_name[name].indices)] for name in kept)
        signature = f"void(float64[:, :, :, ::1], {A2}, {self.label}{clean}{extra}, {A1}, {A1}, {out_types})"
        outs = [f"{name}_out" for name in kept]
        args = ", ".join(["states", "gram", "y", *self.clean, *scalars(self.model), "risk", "gradient_norm", *outs])
        self.out.put(0, "", f'@njit("{signature}", {JIT})', f"def observe({args}):")
        doc = "Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."
        self.out.put(1, f'"""{doc}"""', "z = np.zeros(states.shape[1:])", "g = np.zeros(z.shape)")
        self.out.put(1, "row = np.zeros(y.size)", "along = np.zeros(z.shape)")
        self.allocate(1, list(by_name.values()))
        self.own_gram(1)
        everything = {"batch": "batch = np.arange(y.size)", "label": "label = y"}
        self.out.put(1, *[everything[name] for name in self.given])
        self.out.put(1, "for t in range(states.shape[0]):", "    z[:] = states[t]")
        labels = ["y", *self.clean, *self.given]
        call = ", ".join(["z", "gram", *labels, *self.grams, *scalars(self.model), "g", "row", *by_name])
        self.out.put(2, f"measured_gradient({call})", "contract(g, gram, along)", "total = 0.0")
        self.out.put(2, "for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
        self.out.put(4, "for b in range(z.shape[2]):", "    total += g[h, r, b] * along[h, r, b]")
        self.out.put(2, "gradient_norm[t] = sqrt(max(total, 0.0))", "total = 0.0", "for i in range(y.size):",
                     "    total += loss[i]", "risk[t] = total / y.size")
        self.out.put(2, *[f"{name}_out[t] = {name}" for name in kept])
        self.out.put(0, "")

    def outputs_function(self) -> None:
        """Network outputs from patch pre-activations, for fresh examples."""
        extra = "".join(", float64" for _ in scalars(self.model))
        names = self.names
        target = "out[i]" if self.signed else "out[i, h]"
        shape = A1 if self.signed else A2
        self.out.put(0, "", f'@njit("void(float64[:, :, :, ::1]{extra}, {shape})", {JIT})',
                     f"def outputs({', '.join(['a', *scalars(self.model), 'out'])}):")
        self.out.put(1, '"""The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."""', "out[:] = 0.0",
                     "for i in range(a.shape[0]):", f"    for h in range({self.model.n_heads}):")
        if self.signed:
            self.out.put(3, "j = 1.0 - 2.0 * h")
        self.out.put(3, "for r in range(a.shape[3]):")
        definition = self.recursion.definitions["f" if self.signed else "F"]
        total = next(iter(definition.expr.atoms(sp.Sum)))
        for p in range(len(self.model.patches)):
            self.out.put(4, f"a_{names.patch_name(p)} = a[i, {p}, h, r]")
        pieces = sorted({e for e in total.function.atoms(*PIECES)}, key=piece_name)
        for piece in pieces:
            arguments = ", ".join(self.printer.doprint(arg) for arg in piece.args)
            self.out.put(4, f"{piece_name(piece)} = {HELPERS[type(piece)]}({arguments})")
        self.out.put(4, f"{target} += {self.printer.doprint(total.function)}")
        self.out.put(1, f"out *= {self.printer.doprint(definition.expr / total)}")


def observed(model: Model) -> tuple[str, ...]:
    """The example-level definitions that `observe` returns."""
    return ("margin", "l1", "zeta") if model.network.heads == "signed" else ("F", "zeta")


def module(recursion: Recursion, blas: bool = False) -> str:
    """The kernel module of a recursion; `blas` for the variant that contracts by BLAS (large shapes)."""
    emitter = Emitter(recursion, blas)
    out, model = emitter.out, recursion.model
    stages = schedule(recursion, recursion.gradient)
    plain = schedule(recursion, recursion.plain, prefix="v")
    measured = schedule(recursion, recursion.plain, prefix="v", wanted=("loss", *observed(model)))
    body = recursion_lines(recursion)
    what = "gradient descent on its objective, through the Gram matrix (generated; do not edit)."
    out.put(0, f'"""{model.name}: {what}', "")
    out.put(0, *body)
    out.put(0, "", f"Generator {GENERATOR}, from the declaration by `python -m derivations.generate`.", '"""', "")
    out.put(0, "# ruff: noqa", "# mypy: ignore-errors", "from math import exp, inf, isfinite, log1p, sqrt", "")
    out.put(0, "import numpy as np", "from numba import njit", "")
    size = {"one": "1", "class": str(model.network.classes), "sample": "n"}
    out.put(0, f"PATCHES = {len(model.patches)}", "", "", "def directions(n):")
    sizes = " + ".join(size[family.over] for family in model.directions)
    out.put(0, '    """Directions of a model with n examples."""', f"    return {sizes}", "")
    emitter.helpers()
    emitter.grams = emitter.example_gram([*stages, *plain, *measured])
    if model.objective.penalty != "none":
        emitter.gradient_function("gradient", stages, "g = dO/dz with the penalty.")
    emitter.gradient_function("plain_gradient", plain, "g = dL_S/dz, without penalty.")
    emitter.gradient_function("measured_gradient", measured, "g = dL_S/dz, and every definition that is observed.")
    emitter.run_function(stages if model.objective.penalty != "none" else plain, plain)
    emitter.observe_function(measured)
    emitter.outputs_function()
    return out.text()


def recursion_lines(recursion: Recursion) -> list[str]:
    """The recursion in plain text, for the module's docstring."""
    from .show import text

    return text(recursion).rstrip().split("\n")


__all__ = ["GENERATOR", "i", "module", "observed", "scalars"]
