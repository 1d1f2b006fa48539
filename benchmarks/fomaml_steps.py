"""FOMAML's outer step at the paper's size: the generated kernel beside torch in weight space, and its memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np

from simulate.start.draw import draw
from simulate.start.drawn import Draw

from .table import Section, Target
from .timing import Sample, interleave, timed

STEPS = 50
CHUNKS = (1, 8, 49, None)  # tasks that torch.func.vmap holds at once


def kernel_steps(method: str) -> tuple[Callable[[], object], Draw]:
    """`STEPS` outer steps of the kernel from one draw; the draw, for the weight-space contenders."""
    from simulate.ask import parameters, settings
    from simulate.run.kernels import kernel_for

    setting = settings.resolve("fomaml")
    resolved = parameters.resolve(setting.factory, {"method": method}, setting.preset("paper"))
    drawn = draw(resolved.model, resolved.values, 0)
    kernel = kernel_for(resolved.model).through(drawn.vectors)
    start, recorded = np.zeros_like(drawn.z), np.array([STEPS])

    def run() -> object:
        return kernel.run(drawn.z, start, drawn.gram, drawn.y, resolved.values, STEPS, recorded)

    return run, drawn


def peak(method: str) -> float:
    """The largest resident size, in GiB, of a fresh process that makes the paper preset's run."""
    run = f"gammarho.run('fomaml', {{'method': {method!r}}}, preset='paper')"
    # VmHWM, in kilobytes, is the process's own; getrusage would begin at the size of the process that started it.
    size = "[line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]"
    code = f"import gammarho; {run}; print({size})"
    completed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(completed.stdout) / 2**20


def section(repeats: int, method: str, number: str) -> Section:
    """One method's outer step, with its targets."""
    run, drawn = kernel_steps(method)
    assert drawn.vectors is not None
    import torch

    from . import torch_fomaml as weights

    torch.set_num_threads(1)
    sizes = weights.Sizes() if method == "train-validation" else weights.Sizes(n_train=weights.Sizes().n)
    tasks = weights.tasks_from(torch.tensor(drawn.vectors), torch.tensor(drawn.y), sizes)
    W = torch.tensor(drawn.weights)
    contenders: dict[str, Callable[[], Sample]] = {
        "gammarho, kernel": timed(run, STEPS),
        "torch, a loop over tasks": timed(lambda: weights.step_looped(W, tasks, sizes)),
    }
    for chunk in CHUNKS:
        name = f"torch.func.vmap, {'all' if chunk is None else chunk} tasks at once"
        contenders[name] = timed(lambda chunk=chunk: weights.step_vmapped(W, tasks, sizes, chunk))  # type: ignore[misc]
    timings = interleave(contenders, repeats)
    ours = timings["gammarho, kernel"].cpu
    vmapped = min(time.cpu for name, time in timings.items() if name.startswith("torch.func"))
    targets = (
        Target(f"task-looped torch over gammarho, {method}", timings["torch, a loop over tasks"].cpu / ours, ">=", 50),
        Target(f"torch.func.vmap at its best chunk over gammarho, {method}", vmapped / ours, ">=", 3),
        Target(f"GiB of a fresh process, 2000 steps with every default observable, {method}", peak(method), "<=", 1),
    )
    title = f"{number}. FOMAML, {method}, d=1000, 343 tasks"
    return Section(title, "an outer step", timings, "gammarho, kernel", targets)
