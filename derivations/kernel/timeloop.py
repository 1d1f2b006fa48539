"""The time loop of gradient descent with its options, and the observables of recorded states, as kernel text."""

from __future__ import annotations

from . import schedules
from .lanes.fits import tabled
from .layout import A1, A2, A3
from .nests import Emitter, observed
from .schedule import Stage, arrays, schedule

KEPT = {1: "keep_row", 2: "keep_heads"}
"""How an example-level definition's value is kept: the function, by its number of axes."""
RESCALING = {"clip": "shorten", "normalised": "normalise"}
"""What changes a gradient's norm: the function, by option."""


class Descent(Emitter):
    """Prints the time loop of one gradient-descent recursion."""

    what = "gradient descent on its objective"

    def loop(self) -> None:
        """Gradients with and without penalty, the time loop, and the observables."""
        recursion = self.recursion
        stages = schedule(recursion, recursion.gradient)
        plain = schedule(recursion, recursion.plain, prefix="v")
        measured = schedule(recursion, recursion.plain, prefix="v", wanted=("loss", *observed(self.model)))
        self.grams = self.example_gram([*stages, *plain, *measured])
        if self.model.objective.penalised:
            self.gradient_function("gradient", stages, "g = dO/dz with the penalty.")
        self.gradient_function("plain_gradient", plain, "g = dL_S/dz, without penalty.")
        self.gradient_function("measured_gradient", measured, "g = dL_S/dz, and every definition that is observed.")
        self.run_function(stages if self.model.objective.penalised else plain, plain)
        self.observe_function(measured)

    @property
    def tabled(self) -> bool:
        """Whether z is moved by tables of partial sums, where columns have two values."""
        return self.blas and tabled(self.model)

    @property
    def told_types(self) -> dict[str, str]:
        """What is told of the examples, with types: an array each, and mixing matrices."""
        return {name: A2 if name in self.matrices else A1 for name in self.told}

    @property
    def beside_gradient(self) -> list[str]:
        """Arrays of a state's shape that options need beside g: SAM's point, and what a gradient's norm is of."""
        along = ["along"] * bool(self.options.keys() & {"radius", *RESCALING})
        return [*["near"] * ("radius" in self.options), *along]

    def run_arguments(self) -> tuple[dict[str, str], ...]:
        """The time loop's arguments with their types: the state, the data, the parameters, and what is recorded."""
        options, many = self.options, "float64[:, :, :, ::1]"
        velocity = "momentum" in options
        return (
            {"z": A3, "b": A3, **({"velocity": A3} if velocity else {})},
            {
                "gram": A2, "y": self.label, **self.told_types,
                **({"batches": "int64[:, ::1]", "held": "int64[::1]"} if "batch" in options else {}),
                **({"labels": A2 if self.signed else "int64[:, ::1]"} if "label_noise" in options else {}),
            },
            {
                **dict.fromkeys(self.scalars, "float64"), "eta": "float64",
                **dict.fromkeys(self.model.algorithm.numbers, "float64"), "lam_until": "int64",
            },
            {
                "start": "int64", "steps": "int64", "recorded": "int64[::1]",
                "z_out": many, "b_out": many, **({"velocity_out": many} if velocity else {}),
            },
        )

    def run_function(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """The whole time loop, with the penalty's switch inside."""
        options, groups = self.options, self.run_arguments()
        types = f"int64({', '.join(of for group in groups for of in group.values())})"
        drawn = ["Row t - start of batches (held[t - start] examples) and labels is what step t draws."]
        self.out.function(
            "run", [list(group) for group in groups],
            "Advance z and b in place by gradient descent; returns the first step with a non-finite output, or -1.",
            "States at the steps `recorded` go to z_out and b_out.  Step t uses the penalty where t <= lam_until.",
            *(drawn if self.given else []), types=types,
        )
        every = {d.name: d for d in (*arrays(stages), *arrays(plain))}
        classes = [*self.by_class.arrays(stages), *self.by_class.arrays(plain)]
        self.allocate(1, list(every.values()), *dict.fromkeys(classes))
        self.own_gram(1)
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        self.work(1, "g", "row", *(["dz"] if self.blas else []), *self.beside_gradient, *covector)
        if self.tabled:
            self.out.put(1, "tiles = laid_out(gram, z.shape[1])  # of 32 columns")
        schedules.keep_given(self.model, self.out)
        if "weight_decay" in options and not schedules.decay_moves(self.model):
            self.out.put(1, "keep = 1.0 - eta * weight_decay")
        kept = ["z", "b", *(["velocity"] if "momentum" in options else [])]
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:")
        self.out.put(3, *[f"keep_state({name}, {name}_out[at])" for name in kept], "at += 1")
        self.out.put(2, "if t == start + steps:", "    break")
        self._step(stages, plain)
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _step(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """One step: what it sees, its gradient (twice for SAM), and the move."""
        options = self.options
        schedules.take(self.model, self.out)
        if "batch" in options:
            self.out.put(2, "batch = batches[t - start, :held[t - start]]")
        if "label_noise" in options:
            self.out.put(2, "label = labels[t - start]")
        self._gradient_at(stages, plain, "z")
        if "radius" in options:
            self.out.put(2, "contract(g, gram, along)", "perturb(z, g, along, radius, near)")
            self._gradient_at(stages, plain, "near")
        self.out.put(2, f"if not finite({'f' if self.signed else 'F'}):", "    return t")
        for option in RESCALING.keys() & options.keys():
            self.out.put(2, "contract(g, gram, along)", f"{RESCALING[option]}(g, along, {option})")
        if "momentum" in options:
            self.out.put(2, "accelerate(velocity, g, momentum)")
        if "weight_decay" in options:
            self.out.put(2, *["keep = 1.0 - eta * weight_decay"] * schedules.decay_moves(self.model))
            self.out.put(2, "z *= keep", "b *= keep")
        moved = "velocity" if "momentum" in options else "g"
        if self.tabled:
            self.out.put(2, "if not by_tables(g, tiles, dz):", "    contract(g, gram, dz)", "move(z, b, g, dz, eta)")
        elif self.blas:
            self.out.put(2, f"contract({moved}, gram, dz)", f"move(z, b, {moved}, dz, eta)")
        else:
            self.out.put(2, f"descend(z, b, {moved}, gram, eta)")

    def _gradient_at(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...], state: str) -> None:
        """g at a state, penalised or not."""
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        without = self.gradient_arguments(state, [], arrays(plain), plain)
        if not self.model.objective.penalised:
            self.out.call(2, "plain_gradient(", without)
            return
        self.out.put(2, "if t <= lam_until:")
        self.out.call(3, "gradient(", self.gradient_arguments(state, covector, arrays(stages), stages))
        self.out.put(2, "else:")
        self.out.call(3, "plain_gradient(", without)

    def observe_function(self, stages: tuple[Stage, ...]) -> None:
        """Observables of recorded states, from the same definitions."""
        kept = observed(self.model)
        told = "".join(f", {of}" for of in self.told_types.values())
        extra = "".join(", float64" for _ in self.scalars)
        ranks = {1: "float64[:, ::1]", 2: "float64[:, :, ::1]"}
        by_name = {d.name: d for d in arrays(stages)}
        out_types = ", ".join(ranks[len(by_name[name].indices)] for name in kept)
        signature = f"void(float64[:, :, :, ::1], {A2}, {self.label}{told}{extra}, {A1}, {A1}, {out_types})"
        outs = [f"{name}_out" for name in kept]
        groups = (["states"], ["gram", "y", *self.told], self.scalars, ["risk", "gradient_norm", *outs])
        doc = "Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."
        self.out.function("observe", groups, doc, types=signature)
        self.out.put(1, "z = np.zeros(states.shape[1:])  # one of the states")
        self.work(1, "g", "row", "along")
        classes = self.by_class.arrays(stages)
        self.allocate(1, list(by_name.values()), *classes)
        self.own_gram(1)
        everything = {"batch": "batch = np.arange(y.size)", "label": "label = y"}
        self.out.put(1, *[everything[name] for name in self.given])
        self.out.put(1, "for t in range(states.shape[0]):", "    keep_state(states[t], z)")
        self.out.call(2, "measured_gradient(", self.gradient_arguments("z", [], arrays(stages), stages))
        self.out.put(2, "contract(g, gram, along)", "total = 0.0")
        self.out.put(2, "for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
        self.out.put(4, "for b in range(z.shape[2]):", "    total += g[h, r, b] * along[h, r, b]")
        self.out.put(2, "gradient_norm[t] = sqrt(max(total, 0.0))", "total = 0.0", "for i in range(y.size):",
                     "    total += loss[i]", "risk[t] = total / y.size")
        rank = {name: len(by_name[name].indices) for name in kept}
        self.out.put(2, *[f"{KEPT[rank[name]]}({name}, {name}_out[t])" for name in kept])
        self.out.put(0, "")
