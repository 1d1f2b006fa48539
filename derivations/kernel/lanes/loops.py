"""The time loop of one run on lanes, and of many: gradient descent, eight examples at a time."""

from __future__ import annotations

from ...calculus.recursion import Recursion
from .. import schedules
from ..by_class import told_of_class
from ..layout import A1, A2, A3, copied
from ..nests import WORK
from ..schedule import Stage, schedule
from ..skeleton import functions, packing
from ..timeloop import RESCALING
from . import by_lane, marked
from .abreast import run_abreast
from .blocks import LANES, colouring, coupling, entangled, finite, move
from .fits import goes_abreast
from .judging import judge, judge_all
from .looks import SAID, WATCHED
from .nests import LaneNests
from .uncrossed import uncrossed
from .watched import watches
from .watchers import Watchers


class LaneDescent(LaneNests):
    """Prints the time loops of one gradient-descent recursion on lanes."""

    what = "gradient descent, eight examples at a time"

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        super().__init__(recursion, blas)
        self.watchers = Watchers(self) if watches(self.model) else None

    def loop(self) -> None:
        """Gradients with and without penalty, the time loop of one run, and of many."""
        recursion = self.recursion
        stages, plain = schedule(recursion, recursion.gradient), schedule(recursion, recursion.plain, prefix="v")
        self.grams = self.example_gram([*stages, *plain])
        penalised = self.model.objective.penalised
        self.orthogonal, g = uncrossed(stages), "-eta " * self.moves
        if penalised:
            self.gradient_function("gradient", stages, f"g = {g}dO/dz with the penalty.")
        if penalised and self.crossing:
            said = f"g = {g}dO/dz with the penalty, where an example's own directions are orthogonal to one another."
            self.gradient_function("gradient_orthogonal", self.orthogonal, said)
        self.gradient_function("plain_gradient", plain, f"g = {g}dL_S/dz, without penalty.")
        if self.watchers is not None:
            self.watchers.functions()
        self.run_function(stages if penalised else plain, plain)
        self._run_all()
        if goes_abreast(self.model):
            run_abreast(self, stages, plain)

    def shape(self) -> None:
        """Nothing: the loader asks the kernel of loops."""

    def helpers(self) -> None:
        """The layout, the coupling, and what options do to a gradient."""
        changing, heads = schedules.written(self.model), self.model.n_heads
        of_formulas = by_lane.written(self.model)
        held = copied(packing, *[functions] * (bool(changing) and not of_formulas))
        for text in (*held, *of_formulas, entangled(), *self._coupling(), colouring(heads), *changing):
            self.out.put(0, *text.split("\n"))

    def _coupling(self) -> list[str]:
        """The text of the coupling, of what moves b, and of the look at outputs."""
        if not self.marks:
            return [coupling(self.model.n_heads), move(self.moves), finite(self.signed)]
        alone = [move(self.moves)] * goes_abreast(self.model)  # eight runs' b is moved without marks
        return [*[marked.marking()] * self.marks_beside, marked.coupling(), marked.move(self.moves), *alone,
                finite(self.signed)]

    @property
    def marks_beside(self) -> bool:
        """Whether states beside the one that a step moves are coupled: of a penalty's gradient, or for its options."""
        stages = [*schedule(self.recursion, self.recursion.gradient), *schedule(self.recursion, self.recursion.plain)]
        return "along" in self.beside_gradient or any(stage.kind == "contract" for stage in stages)

    def outputs_function(self) -> None:
        """Fresh examples judged; neurons with a weight of their own are judged elsewhere."""
        if self.model.network.second_layer is None:
            judge(self)
            judge_all(self)

    def run_function(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """The whole time loop, with the penalty's switch inside; and the loop over runs."""
        options, groups = self.options, (*self.run_arguments(), *([WATCHED] if self.watchers else []))
        types = f"int64({', '.join(of for group in groups for of in group.values())})"
        self.out.function(
            "run", [list(group) for group in groups],
            "Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.",
            "Arguments as those of the kernel of loops.", *(SAID if self.watchers else []), types=types,
        )
        self._lay_out(stages, plain)
        schedules.keep_given(self.model, self.out)
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
        own, rows = len(self.lanes.per_example), f"{self.model.n_heads} * filters"
        self.out.put(1, "examples = y.size", "filters = z.shape[1]", "directions = z.shape[2]")
        self.out.put(1, f"length = (examples + {LANES - 1}) // {LANES} * {LANES}  # of examples with the padding")
        reach = f"(examples * {own - 1} + length)" if own else "0"
        self.out.put(1, f"width = (max(directions, {reach}) + {LANES - 1}) // {LANES} * {LANES}  # of a row")
        self.out.put(1, "n = float(examples)")
        self.offsets(1)
        self.ordered()
        for name in ("z", "b", *(["velocity"] if "momentum" in self.options else [])):
            self.out.put(1, f"packed_{name} = aligned({rows} * width)")
            self.out.put(1, f"pack({name}, order, width, packed_{name})")
        self.out.put(1, "packed_gram = aligned(directions * width)", "pack_gram(gram, order, width, packed_gram)")
        self.out.put(1, "joint = entangled(packed_gram, width, directions)")
        for name in ("y", *self.told):
            self.out.put(1, f"packed_{name} = aligned(length)", f"pad({name}, packed_{name})")
        self.out.put(1, "present = aligned(length)  # 1 for an example, 0 for padding", "present[:examples] = 1.0")
        batched = "batch" in self.options
        self.out.put(1, f"live = {'aligned(length)' if batched else 'present'}  # 1 for the examples that a step sees")
        if self.watchers is not None:
            self.watchers.room()
            for name, array in self.watchers.lengths.items():
                self.out.put(1, f"{array} = aligned(length)", "for i in range(examples):")
                self.out.put(2, f"{array}[i] = packed_gram[(at_{name} + i) * width + at_{name} + i]")
        self.out.put(1, *["label = aligned(length)"] * ("label_noise" in self.options))
        self.out.put(1, *[f"{name} = aligned(length)" for name in self.grams])
        if self.grams:
            self.out.put(1, f"example_gram(packed_gram, {', '.join([*self.own_sizes[0], *self.grams])})")
        if self.crossing:
            self.out.put(1, "crossed = " + " or ".join(f"some({name})" for name in self.crossing))
        for d in self.filled([stages, plain]):
            size = "length" if len(d.indices) == 1 else f"{self.model.n_heads} * length"
            self.out.assign(1, f"{d.name} =", f"aligned({size})", d.meaning)
        for name in dict.fromkeys([*self.by_class.arrays(stages), *self.by_class.arrays(plain)]):
            self.out.assign(1, f"{name} =", f"np.zeros({self.model.network.classes})", told_of_class(name))
        frozen = any(stage.kind == "contract" for stage in stages)
        for name in ("g", *(["u"] if frozen else []), *self.beside_gradient):
            self.out.assign(1, f"{name} =", "aligned(packed_z.size)", WORK[name])
        marks = f"{self.model.n_heads} * filters * ({marked.words('width')})"
        self.out.put(1, *[f"marks = np.zeros({marks}, dtype=np.int64)"] * self.marks)
        if "weight_decay" in self.options and not schedules.decay_moves(self.model):
            self.out.put(1, "keep = 1.0 - eta * weight_decay")

    def _step(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """One step: what it sees, its gradient (twice for SAM), and the move."""
        options = self.options
        schedules.take(self.model, self.out)
        self._draw()
        self.gradient_at(self.branches(stages, plain), "packed_z")
        if self.watchers is not None:
            self.watchers.search(2)
        along = ["along[:] = 0.0", *self.beside("along", "packed_gram", "joint")]
        if "radius" in options:
            self.out.put(2, *along, "perturb(packed_z, g, along, radius, near, width, directions)")
            self.gradient_at(self.branches(stages, plain), "near")
        self.out.put(2, f"if not finite({'f' if self.signed else 'F'}, present):")
        kept = ["z", "b", *(["velocity"] if "momentum" in options else [])]
        self.out.put(3, *[f"unpack(packed_{name}, order, width, {name})" for name in kept], "return t")
        for option in RESCALING.keys() & options.keys():
            self.out.put(2, *along, f"{RESCALING[option]}(g, along, {option}, width, directions)")
        if "momentum" in options:
            self.out.put(2, "accelerate(packed_velocity, g, momentum)")
        if "weight_decay" in options:
            self.out.put(2, *["keep = 1.0 - eta * weight_decay"] * schedules.decay_moves(self.model))
            self.out.put(2, "shrink(packed_z, packed_b, keep)")
        self.out.put(2, self._moved(), self.coupled("packed_z", "packed_gram", "joint"))

    def _moved(self) -> str:
        """The call that moves b, and marks along what."""
        marks = f", {self.model.n_heads} * filters, width, joint, marks" * self.marks
        marking = "_and_mark" * self.marks
        return f"follow{marking}(packed_b, g{marks})" if self.moves else f"change{marking}(packed_b, g, eta{marks})"

    def _draw(self) -> None:
        """Which examples and labels the step sees; past the last one, where there is but a look, none are drawn.

        Outputs are of all examples whatever is drawn, so that what is looked at is of all of them too.
        """
        looks_on = bool(self.given) and self.watchers is not None
        depth = 2 + looks_on
        self.out.put(2, *["if t < start + steps:"] * looks_on)
        if "batch" in self.options:
            self.out.put(depth, "live[:] = 0.0", "n = float(held[t - start])", "for k in range(held[t - start]):")
            self.out.put(depth + 1, "live[batches[t - start, k]] = 1.0")
        if "label_noise" in self.options:
            self.out.put(depth, "pad(labels[t - start], label)")

    def _run_all(self) -> None:
        """The loop over runs of `run`, for algorithms that draw nothing."""
        if self.given:
            return
        state, data, parameters, recording = self.run_arguments()
        one_more = {A1: A2, A2: A3, A3: "float64[:, :, :, ::1]", "int64[::1]": "int64[:, ::1]"}
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
            *([["which", "below", "anywhere", "bounds[k]", "hits[k]", "stops"]] if self.watchers else []),
        )
        self.out.call(2, "failed[k] = run(", arguments)
        self.out.put(0, "")
