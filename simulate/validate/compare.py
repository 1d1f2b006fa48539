"""Compares the two engines on one draw: the reduced kernel against weight-space autograd.

Three comparisons, from strict to conditioned:

* one step from the same state, along the weight-space trajectory and from random states of order one, bar 1e-12;
  where a hand-written loss of the paper exists, the interpreter against it in the same way;
* observables of the same state, bar 1e-11: what the kernel observes, and what a run reports of states;
* trajectories, as long as they are comparable, bar 1e-11 or what rounding allows.
"""

from __future__ import annotations

import time

import numpy as np

from derivations.declare import Model
from derivations.declare.data import laws_of
from dynamics.arrays import Steps
from dynamics.blas import one_blas_thread
from dynamics.chance.stepdraws import StepDraws

from ..errors import InputError
from ..start.drawn import Draw
from ..train import bilevel as weights_bilevel
from ..train import weights
from ..values import Values, closing
from . import (
    fresh as validate_fresh,
)
from . import (
    one_pass as validate_one_pass,
)
from . import (
    probes as validate_probes,
)
from . import (
    reported as validate_reported,
)
from . import (
    tasks as validate_tasks,
)
from .engines import FullDraw, KernelUnderTest, Pair, Path, walk
from .one_steps import along_the_path, from_random_states
from .report import (
    STRICT,
    Row,
    Validation,
    parted,
    worst_each,
)
from .same_state import same_state
from .trajectories import trajectories

__all__ = ["Row", "Validation", "compare", "default_recorded"]


@one_blas_thread()
def compare(
    model: Model,
    kernel: KernelUnderTest,
    draw: FullDraw,
    values: Values,
    steps: int,
    recorded: Steps | None = None,
    device: str = "cpu",
    draws: StepDraws | None = None,
) -> Validation:
    """Runs both engines for `steps` steps from `draw` (with its vectors) and compares them at the recorded steps.

    One-step residuals are max|W - W'| / max|W| between torch's W(t+1) and W(t) + db V with the kernel's db, from
    torch's W(t); and the same for z, over max ||w|| ||v||; see `_conditioned` for their bar with a bilevel algorithm.
    Trajectories are compared up to the first step with min|z| < 1e-12 max|z| (directions of length 0 aside): from there
    on rounding, not the dynamics, decides signs and what regrows; see `engines.bends_gently` for models where it does
    not.  Their tolerance is 1e-11, or 10 times the kernel's own response to perturbations of z by the rounding of an
    inner product in d dimensions, eps ||w|| ||v||, at every recorded step, where that is larger; above 1e-6 it decides
    nothing, and the verdict is "undecided" unless something else fails.  With a bilevel algorithm z is that of W(t):
    kinks that only adapted weights come near are not watched for.

    Args:
        model: the declaration that weight space reads.
        kernel: the reduced dynamics under test, bound to the draw's clean labels where patches follow them.
        draw: the start; a Gram draw is refused.
        values: every parameter by name.
        steps: how many, at least 1.
        recorded: increasing steps in [0, steps], default 0 and up to 60 log-spaced ones; the steps where the penalty
            closes are added.
        device: "cpu" or a CUDA device, for torch.
        draws: the batches and labels that both engines see at each step, for an algorithm that has any.

    With momentum, one step is three steps from rest: from the weights alone, with velocity 0.

    Raises:
        InputError: the draw has no vectors, or none that is not 0, or `recorded` does not increase within [0, steps].
    """
    vectors, start = weights.needs_vectors(draw)
    if not vectors.any():
        null = dict.fromkeys(name for family in model.directions for law in laws_of(family) if law is not None
                             for name in law.scales if values.get(name) == 0)
        raise InputError(f"{', '.join(null) or 'initial'}: 0 makes every direction 0, so that no step moves W and "
                         "there is nothing to compare; give one of them above 0")
    recorded_steps = default_recorded(steps) if recorded is None else np.asarray(recorded, dtype=np.int64)
    weights.check_recorded(recorded_steps, steps)
    task = weights.problem(model, vectors, draw.y, values, device, draws, draw.clean, draw.scalars)
    path = walk(task, start, steps, _with_closing(model, recorded_steps, values, steps))
    pair = Pair(task, kernel, draw, vectors, start)
    notes = [*path.notes, *_amplification(task, start.shape[1])]
    short, judged = along_the_path(pair, path, notes)
    probes = from_random_states(pair, notes)
    with weights.one_thread():
        small, unmet = validate_probes.probes(model, kernel, values, len(vectors), start.shape[1], device)
        reported, unseen = validate_reported.rows(model, kernel, values, device)
    notes += [*unmet, *unseen]
    rows = [*short, *probes, *small, *reported, *same_state(pair, path, notes)]
    with weights.one_thread():
        rows += _fresh(pair, path, draw, notes)
        if model.algorithm.redrawn and not model.algorithm.over_tasks and isinstance(draw, Draw):
            afresh, left = parted(validate_one_pass.rows(model, kernel, draw, values))
            rows, notes = [*rows, *afresh], [*notes, *left]
            notes.append("of examples that every step draws are the rows 'one pass'; trajectories and one steps are of "
                         "descent on the first step's examples")
    decided = path.window > 0
    if decided:
        long, decided = trajectories(pair, path, notes)
        rows += long
    else:
        notes.append("no step after the first is comparable, so the trajectories decide nothing")
    moves = _moves(pair, path)
    if not moves:
        notes.append(
            f"no recorded step moves W by more than {STRICT:.0e} max|W|, so along the trajectory nothing is decided: "
            f"a larger {model.algorithm.step} would show more"
        )
    holds = all(row.holds for row in rows)
    return Validation(
        title=f"{model.name}: reduced kernel against weight space ({device})",
        verdict=("pass" if decided and judged and probes and moves else "undecided") if holds else "fail",
        rows=tuple(rows),
        notes=tuple(notes),
        steps=path.steps,
        window=path.window,
        smallest=path.smallest,
        smallest_z=path.smallest_z,
        smallest_at=path.smallest_at,
        kernel_seconds=_kernel_seconds(pair, path.steps),
        torch_seconds=path.seconds,
        asked=steps,
        dependent=weights.dependent(vectors),
        zeros=bool((pair.lengths == 0).any()),
    )


def _moves(pair: Pair, path: Path) -> bool:
    """Whether any recorded step moves W by more than the bar of one step resolves."""
    lag = np.array([pair.lag])
    steps = [(pair.share(lag, t)[0] * W, path.after[t]) for t, W in zip(path.t.tolist(), path.W, strict=True)
             if t in path.after]
    return any(np.abs(after - kept).max() > STRICT * np.abs(after).max() for kept, after in steps)


def _fresh(pair: Pair, path: Path, draw: FullDraw, notes: list[str]) -> list[Row]:
    """Fresh examples at the start, at the run's last comparable step and at another state; notes what is left out."""
    if not isinstance(draw, Draw):
        return []
    last = np.array([max(path.window, 1)])
    b, model, values = pair.run(pair.draw.z, np.zeros_like(pair.draw.z), last).b[0], pair.task.model, pair.task.values
    left = pair.share(last)[0, 0, 0, 0]
    if not np.isfinite(b).all():
        b = np.zeros_like(b)
    compare = validate_tasks.rows if model.algorithm.over_tasks else validate_fresh.rows
    rows, said = compare(model, pair.kernel, draw, values, b, left)
    notes += said
    return worst_each(rows)


def default_recorded(steps: int, count: int = 60) -> Steps:
    """0, `steps` and up to `count` log-spaced steps between."""
    spaced = np.rint(np.geomspace(1, max(steps, 1), count)).astype(np.int64)
    return np.unique(np.concatenate([[0], spaced, [steps]])).astype(np.int64)


def _with_closing(model: Model, recorded: Steps, values: Values, steps: int) -> Steps:
    """The last penalised step and the first free one as well: an error of one step shows nowhere else."""
    last = closing(model, values)
    if last is None:
        return recorded
    extra = [t for t in (last, last + 1) if 0 <= t <= steps]
    return np.unique(np.concatenate([recorded, np.array(extra, dtype=np.int64)]))


def _amplification(task: weights.Training, m: int) -> list[str]:
    """What the two loops of a bilevel algorithm may at worst make of rounding in one step."""
    if not task.model.algorithm.over_tasks:
        return []
    rate = task.model.bilevel.inner_step
    growth, steps = weights_bilevel.inner_growth(task, m), weights_bilevel.loops(task).steps
    if growth is None:
        return []
    worst_case = growth**steps
    if worst_case < 2:
        return []  # rounding stays what it is
    return [
        f"an inner step multiplies rounding by up to 1 + {rate} max|sigma''| max||v||^2 / |I| = "
        f"{growth:.4g}, the {steps} of one outer step by up to {worst_case:.2g}, so that 1e-16 may become "
        f"{1e-16 * worst_case:.1e} of the adapted weights; what it does become is measured"
    ]


def _kernel_seconds(pair: Pair, steps: int) -> float:
    """The shortest of three runs of the kernel, which is compiled by now."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        pair.run(pair.draw.z, np.zeros_like(pair.draw.z), np.array([steps]))
        seconds.append(time.perf_counter() - began)
    return min(seconds)
