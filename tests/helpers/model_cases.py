"""What every model has to pass, from its derivation to its runs: a test class inherits it and names the model.

`class TestMine(ModelCases): model, given = ..., {...}`; all that it asks is about one draw at these values.  What has
to pass a part alone inherits `KernelCases` or `TrainingCases`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Model
from derivations.derive import derive
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.kernel.trajectory import Trajectory
from simulate.ask.chosen import choose
from simulate.run.problem import Start, problem_of
from simulate.train import weights


class DrawCases:
    """What is asked of one draw: a model at `given`, or a `start` of the subclass's own, parametrised or not."""

    model: ClassVar[Model]
    given: ClassVar[Mapping[str, Any]]
    steps = 30
    seed = 1

    @pytest.fixture(scope="class")
    @classmethod
    def start(cls) -> Start:
        return problem_of(choose(cls.model, cls.given)).start(cls.seed)


class KernelCases(DrawCases):
    """A kernel is its plain source, and a run of it may be taken up at any step."""

    def path(self, start: Start, kernel: Kernel) -> Trajectory:
        """Every state of the run, by a kernel."""
        z, at = start.draw.z, np.arange(self.steps + 1)
        return kernel.run(z, 0 * z, start.draw.gram, start.draw.y, start.values, self.steps, at, draws=start.draws)

    def test_its_compiled_kernel_is_the_plain_one_bit_for_bit(self, start: Start) -> None:
        """By loops, and on lanes where there are any."""
        kernel = start.kernel
        pairs = [(kernel.looped(kernel.loops), kernel.looped(plain_module(kernel.source, "plain")))]
        lanes = derive(start.model).lanes_source()
        if lanes is not None:
            pairs.append((kernel, replace(kernel, lanes_plain=plain_module(lanes, "plain_lanes"))))
        for pair in pairs:
            ours, same = (self.path(start, each) for each in pair)
            for name in ("z", "b", "velocity"):
                one, other = getattr(ours, name), getattr(same, name)
                assert (one is None) == (other is None)
                assert one is None or one.tobytes() == other.tobytes(), name
            assert ours.b[-1].any() and ours.diverged < 0
        seen = [each.observe(ours.z, start.draw.gram, start.draw.y, start.values) for each in pairs[0]]
        assert all(seen[0][name].tobytes() == seen[1][name].tobytes() for name in seen[0])

    def test_its_run_goes_on_from_any_step(self, start: Start) -> None:
        whole, at = self.path(start, start.kernel), self.steps // 3
        rest = np.arange(at, self.steps + 1)
        on = start.kernel.run(
            whole.z[at], whole.b[at], start.draw.gram, start.draw.y, start.values, self.steps - at, rest, start=at,
            velocity=None if whole.velocity is None else whole.velocity[at], draws=start.draws,
        )
        assert np.array_equal(on.z, whole.z[at:]) and np.array_equal(on.b, whole.b[at:])


class TrainingCases(DrawCases):
    """The two engines give the same run; `bar` is what they may differ by, of a variable's largest number or 1."""

    bar = 1e-11
    rebuilt = 1e-12

    def test_its_run_is_training(self) -> None:
        ours, theirs = (
            gr.run(self.model, self.given, steps=self.steps, seed=self.seed, engine=engine)
            for engine in ("reduced", "weights")
        )
        shared = set(theirs.data_vars)
        assert {"loss", "gradient_norm", "train_error", *self.told()} <= shared
        for name in shared - {"train_error", "status", "message"}:
            apart, scale = float(np.abs(ours[name] - theirs[name]).max()), max(1.0, float(np.abs(theirs[name]).max()))
            assert apart <= self.bar * scale, name

    def told(self) -> set[str]:
        """Names that both engines tell."""
        return {"test_error"}

    def test_its_coefficients_rebuild_the_trained_weights(self, start: Start) -> None:
        data = gr.run(self.model, self.given, steps=self.steps, seed=self.seed)
        drawn = start.draw
        assert drawn.weights is not None and drawn.vectors is not None
        trained = weights.step(
            start.model, drawn.vectors, drawn.y, drawn.weights, start.values, 0, draws=start.draws, count=self.steps,
            clean=drawn.clean,
        )
        apart = np.abs(np.asarray(gr.weights(data, setting=self.model)) - drawn.of_data(trained)).max()
        assert apart <= self.rebuilt * np.abs(trained).max() < np.abs(trained - drawn.weights).max()


class ModelCases(KernelCases, TrainingCases):
    """All of it, from the derivation on."""

    def test_it_derives_and_every_line_of_its_kernel_fits(self) -> None:
        found = derive(self.model)
        assert str(gr.derive(self.model)).strip() and gr.derive(self.model).latex().strip()
        for line in found.kernel_source().splitlines():
            assert len(line) <= 120 and line == line.rstrip()

    def test_validate_passes_it(self) -> None:
        assert gr.validate(self.model, self.given, steps=self.steps).verdict == "pass"
