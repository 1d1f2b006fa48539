"""How long a run takes, by its operations."""

from __future__ import annotations

from derivations.declare import terms_of
from dynamics.fresh.lanelaw import takes
from dynamics.kernel.kernel import lanes_take

from ..observe import observables as obs
from ..observe.fresh import DRAWS
from ..start.refusals import LARGEST
from .request import Request, size_of
from .together import go_together

RATE = 1e10  # operations a second, of the reduced dynamics by loops and by BLAS
WEIGHTS_RATE = 1e9  # the same of training the weights in torch, whose arrays no cache holds
PRODUCT_RATE = 2e10  # the same of the product of all vectors that a draw takes
NORMALS_RATE = 7e7  # normals drawn a second
ENTRY = 7e-8  # seconds that an inner product of two filters takes, where they are more than a cache holds
LANES_RATE = 5e10  # the same of steps on lanes
JUDGE_RATE = 1e11  # the same of fresh examples that are judged on lanes
START = 2e-3  # seconds that a run takes whatever its size
TOGETHER = 4e-5  # the same, of one among many


def seconds(request: Request) -> float:
    """How long one run takes by the rates above, without what is compiled once.

    Within a factor of four on what was timed (`python -m benchmarks.forecasts`), but for training whose gradients fill
    the memory; what is random of a seed, and a grid's cells share, is not counted.
    """
    B, S, n, d, model = request.directions, request.filters, request.examples, request.d, request.model
    patches = len(terms_of(model.patches))
    passes, inside = 1.0, 0.0
    if model.algorithm.over_tasks:
        passes += size_of(request.values, model.bilevel.inner_steps)
        inside = S * request.tasks * (B / request.tasks) ** 2
    if request.engine == "weights":
        a_step = 6 * passes * n * patches * S * d + 1e6 * (1 + passes * request.tasks)
    elif inside:
        a_step = 2 * passes * inside + 2 * S * B * min(B, d) + 20 * S * B
    else:
        a_step = 2 * S * B * min(B, n + 8) + 20 * S * B
    if request.sampling == "gram":
        drawn = (2 * B * min(B, d) * (B + S) + S * S * min(d, B + S)) / PRODUCT_RATE + S * S * ENTRY
    elif (B + S) * d <= LARGEST:
        drawn = 2 * B * (B + S) * d / PRODUCT_RATE + (B + S) * d / NORMALS_RATE
    else:  # the draw itself refuses these
        drawn = 0.0
    fresh = bool(set(obs.fresh_names(model)) & set(request.wanted)) * request.fresh * request.recorded * S
    begun, steps = TOGETHER if _together(request) else START, request.steps + request.recorded
    if request.engine == "reduced" and _on_lanes(request):
        return begun + drawn + fresh * (S + 20) / JUDGE_RATE + steps * a_step / LANES_RATE
    rate = WEIGHTS_RATE if request.engine == "weights" else RATE
    return begun + drawn + (fresh * (S + 40 * patches) + steps * a_step) / rate


def _together(request: Request) -> bool:
    """Whether a grid makes this run in one call with others."""
    return (
        request.engine == "reduced" and request.sampling == "gram" and request.recorded == 1 and request.fresh == DRAWS
        and _on_lanes(request) and go_together(request.model, request.wanted)
    )


def _on_lanes(request: Request) -> bool:
    """Whether states of so many directions go on lanes, where the model has a kernel on them."""
    model = request.model
    signed = model.network.head_axis.signed
    few = signed or takes(request.filters)
    return few and not model.algorithm.over_tasks and lanes_take(request.directions, signed)
