"""The time loop of gradient descent with its options, and the observables of recorded states, as kernel text."""

from __future__ import annotations

from .nests import Emitter, observed
from .schedule import Stage, arrays, schedule
from .text import A1, A2, A3, JIT

RATES_OF_STEP = ("momentum", "weight_decay", "radius")


class Descent(Emitter):
    """Prints the time loop of one gradient-descent recursion."""

    what = "gradient descent on its objective"

    def algorithm_helpers(self) -> None:
        """SAM's point and momentum's velocity where there are any, and the step."""
        if "radius" in self.options:
            self.perturbation()
        if "momentum" in self.options:
            self.acceleration()
        self.descent()

    def loop(self) -> None:
        """Gradients with and without penalty, the time loop, and the observables."""
        recursion = self.recursion
        stages = schedule(recursion, recursion.gradient)
        plain = schedule(recursion, recursion.plain, prefix="v")
        measured = schedule(recursion, recursion.plain, prefix="v", wanted=("loss", *observed(self.model)))
        self.grams = self.example_gram([*stages, *plain, *measured])
        if self.model.objective.penalty != "none":
            self.gradient_function("gradient", stages, "g = dO/dz with the penalty.")
        self.gradient_function("plain_gradient", plain, "g = dL_S/dz, without penalty.")
        self.gradient_function("measured_gradient", measured, "g = dL_S/dz, and every definition that is observed.")
        self.run_function(stages if self.model.objective.penalty != "none" else plain, plain)
        self.observe_function(measured)

    def perturbation(self) -> None:
        """near = z + radius g gram / sqrt(sum g (g gram)), the norm taken in units of the largest entry of g."""
        nest = ["for h in range(z.shape[0]):", "    for r in range(z.shape[1]):", "        for q in range(z.shape[2]):"]
        self.out.put(0, "", '@njit(cache=True, fastmath=False, error_model="numpy")')
        self.out.put(0, "def perturb(z, g, gram, radius, along, near):")
        self.out.put(1, '"""near = z at W + radius grad / ||grad||_F; a copy of z where the gradient is 0."""')
        self.out.put(1, "contract(g, gram, along)", "top = 0.0", *nest, "            top = max(top, abs(g[h, r, q]))",
                     "total = 0.0", "if top > 0.0:")
        self.out.put(2, *nest, "            total += (g[h, r, q] / top) * (along[h, r, q] / top)")
        self.out.need("sqrt")
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

    def run_arguments(self) -> dict[str, str]:
        """The time loop's arguments with their types."""
        options, many = self.options, "float64[:, :, :, ::1]"
        velocity = "momentum" in options
        return {
            "z": A3, "b": A3, **({"velocity": A3} if velocity else {}), "gram": A2, "y": self.label,
            **dict.fromkeys(self.clean, A1),
            **({"batches": "int64[:, ::1]", "held": "int64[::1]"} if "batch" in options else {}),
            **({"labels": A2 if self.signed else "int64[:, ::1]"} if "label_noise" in options else {}),
            **dict.fromkeys(self.scalars, "float64"), "eta": "float64",
            **{name: "float64" for name in RATES_OF_STEP if name in options},
            "lam_until": "int64", "start": "int64", "steps": "int64", "recorded": "int64[::1]",
            "z_out": many, "b_out": many, **({"velocity_out": many} if velocity else {}),
        }

    def run_function(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        """The whole time loop, with the penalty's switch inside."""
        options, arguments = self.options, self.run_arguments()
        self.out.put(0, "")
        self.out.compiled("int64", arguments.values(), JIT)
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
        classes = [*self.by_class.arrays(stages), *self.by_class.arrays(plain)]
        self.allocate(1, list(every.values()), *dict.fromkeys(classes))
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
        common = [state, "gram", "y", *self.clean, *self.given, *self.grams, *self.scalars, "g", "row"]
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        call_plain = ", ".join([*common, *[d.name for d in arrays(plain)], *self.by_class.arrays(plain)])
        if self.model.objective.penalty == "none":
            self.out.put(2, f"plain_gradient({call_plain})")
            return
        call = ", ".join([*common, *covector, *[d.name for d in arrays(stages)], *self.by_class.arrays(stages)])
        self.out.put(2, "if t <= lam_until:", f"    gradient({call})", "else:", f"    plain_gradient({call_plain})")

    def observe_function(self, stages: tuple[Stage, ...]) -> None:
        """Observables of recorded states, from the same definitions."""
        kept = observed(self.model)
        ranks = {1: "float64[:, ::1]", 2: "float64[:, :, ::1]"}
        by_name = {d.name: d for d in arrays(stages)}
        out_types = [ranks[len(by_name[name].indices)] for name in kept]
        types = ["float64[:, :, :, ::1]", A2, self.label, *[A1 for _ in self.clean]]
        types += [*["float64" for _ in self.scalars], A1, A1, *out_types]
        outs = [f"{name}_out" for name in kept]
        args = ", ".join(["states", "gram", "y", *self.clean, *self.scalars, "risk", "gradient_norm", *outs])
        self.out.put(0, "")
        self.out.compiled("void", types, JIT)
        self.out.put(0, f"def observe({args}):")
        doc = "Training loss, ||grad L_S||_F and the example-level definitions of each recorded state z."
        self.out.put(1, f'"""{doc}"""', "z = np.zeros(states.shape[1:])", "g = np.zeros(z.shape)")
        self.out.put(1, "row = np.zeros(y.size)", "along = np.zeros(z.shape)")
        classes = self.by_class.arrays(stages)
        self.allocate(1, list(by_name.values()), *classes)
        self.own_gram(1)
        everything = {"batch": "batch = np.arange(y.size)", "label": "label = y"}
        self.out.put(1, *[everything[name] for name in self.given])
        self.out.put(1, "for t in range(states.shape[0]):", "    z[:] = states[t]")
        labels = ["y", *self.clean, *self.given]
        call = ", ".join(["z", "gram", *labels, *self.grams, *self.scalars, "g", "row", *by_name, *classes])
        self.out.put(2, f"measured_gradient({call})", "contract(g, gram, along)", "total = 0.0")
        self.out.put(2, "for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
        self.out.put(4, "for b in range(z.shape[2]):", "    total += g[h, r, b] * along[h, r, b]")
        self.out.need("sqrt")
        self.out.put(2, "gradient_norm[t] = sqrt(max(total, 0.0))", "total = 0.0", "for i in range(y.size):",
                     "    total += loss[i]", "risk[t] = total / y.size")
        self.out.put(2, *[f"{name}_out[t] = {name}" for name in kept])
        self.out.put(0, "")
