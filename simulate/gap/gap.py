"""gap: the recursion as proofs idealise it beside the exact one: which dropped term opens a gap, and when.

    print(gr.gap("pegr", preset="theorem-3.2"))

Each alone and all together are dropped: the inner products of different directions ("cross terms"), the change of the
loss's slope (l' is l'(0) throughout; of class heads the softmax is 1/K), the penalty's l'' term (with zeta, or D), and
of several tasks, in both loops, what their features do not share ("tasks' own parts"; that they share one is no cross
term).  All runs start from one draw.  A family's gap is the largest difference of a coefficient b over the
largest exact one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from derivations.declare import Model
from dynamics.arrays import Array, Steps
from dynamics.blas import one_blas_thread

from ..ask import keywords, reading
from ..ask.chosen import Chosen, choose
from ..ask.noted import lines
from ..check.bench import started
from ..errors import InputError
from ..run import estimate
from ..run.kernels import idealised_kernel
from ..run.problem import Start, problem_of
from ..run.record import recorded_steps
from ..run.request import Request
from ..work.progress import progress
from .apart import Apart, Gap
from .dropped import Toggle, rows_of, toggles

TOLERANCE = 0.1


@one_blas_thread()
def gap(
    setting: str | Model | Chosen,
    params: Mapping[str, object] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    tolerance: float | str = TOLERANCE,
    **values: object,
) -> Gap:
    """Run the exact recursion and the idealised ones from one draw, and say which dropped term opens the gap, and when.

    Args:
        setting: a name, "file.py:model" or a Model.
        params: parameter values by name, over `preset`, over the published defaults.
        values: more of them, as keywords.
        preset: a name of the setting's presets; also gives `steps`.
        steps: gradient steps.
        seed: the draw.
        tolerance: the gap, a share of the largest exact coefficient of a family, from which it counts as open.

    Raises:
        InputError: bad input, and examples drawn afresh.  ModelError: a setting without l' of margins or a softmax.
    """
    chosen = choose(setting, keywords.joined(params, values), preset, "gap")
    problem = problem_of(chosen)
    if problem.redraws:
        raise InputError(f"gap: {problem.model.name} draws examples afresh at every step, so that runs from one draw "
                         f"differ at once; leave {problem.model.algorithm.redrawn} out")
    count, first = chosen.total_steps(steps, 1), reading.count("seed", seed)
    share = reading.positive("tolerance", tolerance)
    asked = Request(problem.model, problem.values, "gram", "reduced", count, 200.0, (), 0.0)
    estimate.check_run(asked, len(toggles(problem.model)) + 1, "gap")
    start, recorded = started(problem, first), recorded_steps(None, count)
    exact, _ = _run(start, Toggle(name="exact"), recorded)
    apart = tuple(_apart(start, toggle, recorded, exact, share) for toggle in toggles(problem.model))
    return Gap(setting=problem.model.name, seed=first, steps=count, tolerance=share, t=recorded, apart=apart,
               notes=lines(problem.resolved.notes))


def _run(start: Start, toggle: Toggle, recorded: Steps) -> tuple[Array, int]:
    """The coefficients (T, H, m, B) of a recursion without what is dropped; NaN from where the run is not finite."""
    drawn, steps = start.draw, int(recorded[-1])
    kernel = start.kernel
    if toggle.frozen or toggle.flat:
        kernel = idealised_kernel(start.model, toggle.frozen, toggle.flat).bind(drawn.clean, drawn.scalars)
    z, gram = toggle.drawn(drawn, start.model)
    with progress("gap", steps, "steps") as after, np.errstate(all="ignore"):
        path = kernel.run(z, np.zeros_like(z), gram, drawn.y, start.values, steps, recorded,
                          draws=start.draws, after=after)
    b = np.full((len(recorded), *drawn.z.shape), np.nan)
    b[: len(path.b)] = path.b
    return b, path.diverged


def _apart(start: Start, toggle: Toggle, recorded: Steps, exact: Array, tolerance: float) -> Apart:
    idealised, ends = _run(start, toggle, recorded)
    gaps, opens = dict[str, Array](), dict[str, int]()
    for family in start.model.directions:
        rows = rows_of(start.draw, start.model, family.name)
        size = np.abs(exact[..., rows]).reshape(len(recorded), -1).max(axis=1)
        away = np.abs(idealised[..., rows] - exact[..., rows]).reshape(len(recorded), -1).max(axis=1)
        with np.errstate(all="ignore"):
            share = np.where(size > 0, away / size, np.where(away == 0, 0.0, np.inf))
        gaps[family.name] = share
        opened = np.flatnonzero(~(share <= tolerance))
        opens[family.name] = int(recorded[opened[0]]) if opened.size else -1
    return Apart(dropped=toggle.name, gaps=gaps, opens=opens, ends=ends)


__all__ = ["Apart", "Gap", "gap"]
