"""How long a run takes, by its operations."""

from __future__ import annotations

from derivations.declare import terms_of
from dynamics.kernel.kernel import lanes_take

from ..observe import observables as obs
from ..observe.fresh import DRAWS
from ..start.refusals import LARGEST
from .request import Request, size_of
from .together import go_together

RATE = 1e10  # operations a second, of the reduced dynamics: 0.3 to 3 times that of runs from 0.1 to 80 seconds
WEIGHTS_RATE = 1e9  # the same of training the weights in torch, whose arrays no cache holds
PRODUCT_RATE = 2e10  # the same of the product of all vectors that a draw takes
NORMALS_RATE = 7e7  # normals drawn a second
ENTRY = 7e-8  # seconds that an inner product of two filters takes, where they are more than a cache holds
LANES_RATE = 2e10  # operations a second of runs that go together on lanes (benchmarks/ensembles.py: 3 to 5 times 1e10)
START = 2e-3  # seconds that a run takes whatever its size
TOGETHER = 1e-4  # the same, of one among many


def seconds(request: Request) -> float:
    """How long one run takes by the rates above, without what is compiled once.

    Within a factor of three on what was timed, but for training whose gradients fill the memory.
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
    fresh = bool(set(obs.fresh_names(model)) & set(request.wanted)) * request.fresh
    operations = (request.steps + request.recorded) * a_step + fresh * request.recorded * S * (S + 40 * patches)
    if _together(request):
        return TOGETHER + drawn + operations / LANES_RATE
    return START + drawn + operations / (WEIGHTS_RATE if request.engine == "weights" else RATE)


def _together(request: Request) -> bool:
    """Whether a grid makes this run in one call with others."""
    return (
        request.engine == "reduced" and request.sampling == "gram" and request.recorded == 1 and request.fresh == DRAWS
        and lanes_take(request.directions) and go_together(request.model, request.wanted)
    )
