"""How long a run takes, by its operations."""

from __future__ import annotations

from functools import partial

from derivations.declare import OfStates, terms_of
from dynamics.fresh.lanelaw import takes
from dynamics.kernel.variants import BLAS_FROM, lanes_take

from ..errors import InputError
from ..observe import observables as obs
from ..observe.fresh import DRAWS
from ..observe.fresh_cases import MOST, cases_of_fresh
from ..start.refusals import LARGEST
from .request import Request, size_of
from .together import go_together

RATE = 1e10  # operations a second, of the reduced dynamics by loops
BLAS_RATE = 4e10  # the same by BLAS, of one problem's large products
TASKS_RATE = 5e10  # the same of tasks, eight side by side
TASKS_STEP = 1e-5  # seconds of a step over tasks whatever its size
WEIGHTS_RATE = 1e9  # the same of training the weights in torch, whose arrays no cache holds
PRODUCT_RATE = 6e10  # the same of the product of all vectors that a draw takes
NORMALS_RATE = 1.2e8  # normals drawn a second
ENTRY = 7e-8  # seconds that an inner product of two filters takes, where they are more than a cache holds
LANES_RATE = 5e10  # operations a second of steps on lanes
JUDGE_RATE = 1e11  # the same of fresh examples that are judged on lanes
TASKS_JUDGE_RATE = 1.7e10  # the same of fresh tasks
START = 2e-3  # seconds that a run takes whatever its size
TOGETHER = 4e-5  # the same, of one among many
TASKS_TOGETHER = 5e-4  # the same of runs over tasks
ALONE = 6e-4  # seconds that observables take which are worked out of a run by itself
EIGEN = 1e-7  # seconds that eigenvectors take, for each entry of the matrix
ENDS = 4e-5  # seconds that it takes to see whether a run ends where the kernel says
LOOK = 3e-5  # seconds that fresh examples take at a state whatever their number
PAIR = 2.4e-9  # seconds that a loss takes of a fresh example and an entry of a dictionary, unadapted
ADAPTED = 4.0  # times as long as a fresh task does one that is adapted


def seconds(request: Request) -> float:
    """How long one run takes by the rates above, without what is compiled once.

    Within a factor of two on what was timed (`python -m benchmarks.forecasts`), but for training whose gradients fill
    the memory; what is random of a seed, and a grid's cells share, is not counted.
    """
    steps = request.steps + request.recorded
    a_step, rate = _step(request), _rate(request)
    looking = 2 * request.steps * a_step / RATE if request.looked else 0.0  # at every state, from outside
    stepping = steps * (a_step / rate + TASKS_STEP * request.model.algorithm.over_tasks)
    return _begun(request) + _drawn(request) + stepping + looking + _judged(request) + _own(request)


def _step(request: Request) -> float:
    """Operations of a step."""
    B, S, n, d, model = request.directions, request.filters, request.examples, request.d, request.model
    passes, inside = 1.0, 0.0
    if model.algorithm.over_tasks:
        passes += size_of(request.values, model.bilevel.inner_steps)
        inside = S * request.tasks * (B / request.tasks) ** 2
    if request.engine == "weights":
        return 6 * passes * n * len(terms_of(model.patches)) * S * d + 1e6 * (1 + passes * request.tasks)
    if inside:
        return 2 * passes * inside + 2 * S * B * min(B, d) + 20 * S * B
    return 2 * S * B * min(B, n + 8) + 20 * S * B


def _rate(request: Request) -> float:
    """Operations a second of its steps."""
    if request.engine == "weights":
        return WEIGHTS_RATE
    if request.model.algorithm.over_tasks:
        return TASKS_RATE
    if _on_lanes(request):
        return LANES_RATE
    return BLAS_RATE if request.directions >= BLAS_FROM else RATE


def _begun(request: Request) -> float:
    """What it takes whatever its size."""
    if not _together(request):
        return START
    return ENDS * request.ends + (TASKS_TOGETHER if request.model.algorithm.over_tasks else TOGETHER)


def _drawn(request: Request) -> float:
    """Its draw."""
    B, S, d = request.directions, request.filters, request.d
    if request.sampling == "gram":
        return (2 * B * min(B, d) * (B + S) + S * S * min(d, B + S)) / PRODUCT_RATE + S * S * ENTRY
    if (B + S) * d <= LARGEST:
        return 2 * B * (B + S) * d / PRODUCT_RATE + (B + S) * d / NORMALS_RATE
    return 0.0  # the draw itself refuses these


def _judged(request: Request) -> float:
    """Fresh examples, at the recorded states and at those that are looked at for what is of them."""
    model, S, B, fresh = request.model, request.filters, request.directions, set(obs.fresh_names(request.model))
    wanted = fresh & set(request.wanted)
    states = request.recorded * bool(wanted) + request.steps * bool(fresh & set(request.looked))
    if not states:
        return 0.0
    draws, patches = request.fresh * S, len(terms_of(model.patches))
    if request.fresh > DRAWS:  # about the likeliest wrong answers, which are looked for
        return states * draws * (500.0 + 8.0 * B) / RATE * _cases(request) / 2
    if request.engine == "reduced" and _on_lanes(request):
        return states * (LOOK * bool(request.looked) + draws * (S + 20) / JUDGE_RATE)
    if not model.algorithm.over_tasks:
        blas = request.engine == "reduced" and B >= BLAS_FROM
        rate = WEIGHTS_RATE if request.engine == "weights" else BLAS_RATE if blas else RATE
        return states * draws * (S + 40 * patches) / rate
    named = wanted | set(request.looked)
    adapted = any("_adapted" in name for name in named)
    losses = any("test_loss" in name and "_adapted" not in name for name in named)
    one = draws * (S + 40 * patches) / (WEIGHTS_RATE if request.engine == "weights" else TASKS_JUDGE_RATE)
    pairs = request.fresh * size_of(request.values, request.dictionaries[0]) * PAIR if request.dictionaries else 0.0
    return states * (one * (ADAPTED if adapted else 1.0) + pairs * losses)


def _cases(request: Request) -> int:
    """How many labels, with scalars, a fresh example may have: each is looked at for itself."""
    try:
        return len(cases_of_fresh(request.model, request.values).labels)
    except InputError:  # too many to be told apart, which is said elsewhere
        return MOST


def _own(request: Request) -> float:
    """Observables that are worked out of each run by itself, or by decompositions of W."""
    S, B, looks = request.filters, request.directions, {*request.wanted, *request.looked}
    named = [each for each in request.model.observables if {each.name, *each.also} & looks]
    of_states = [each for each in named if isinstance(each, OfStates)]
    alone = any(type(each).of_runs is OfStates.of_runs for each in of_states)
    if not of_states or request.engine == "weights":
        return 0.0
    states = request.recorded + request.steps * bool({each.name for each in of_states} & set(request.looked))
    framed, decomposed = any(o.by_inner_products for o in of_states), any(o.decomposes for o in of_states)
    span = S + B if request.sampling == "gram" else min(S + B, request.d)  # coordinates of a filter
    side = min(S, span)
    entries = S * side * ENTRY * framed
    parts = (7 * S * side * min(side, B) / RATE + side * side * EIGEN) * decomposed
    return ALONE * (alone and _together(request)) + (S + B) * span * EIGEN * framed + states * (entries + parts)


def _together(request: Request) -> bool:
    """Whether a grid makes this run in one call with others."""
    plain = request.engine == "reduced" and request.recorded == 1 and request.fresh == DRAWS
    if request.model.algorithm.over_tasks:
        return plain and request.sampling == "gram"
    named = {*request.wanted, *request.looked}
    return plain and _on_lanes(request) and go_together(request.model, named)


def _on_lanes(request: Request) -> bool:
    """Whether its states go on lanes, where the model has a kernel on them."""
    model = request.model
    signed = model.network.head_axis.signed
    if model.algorithm.over_tasks or not (signed or takes(model.n_heads, request.filters)):
        return False
    take = partial(lanes_take, request.directions, request.m, signed=signed)
    if take(marked=False, tabled=True) or not take(marked=True, tabled=False):
        return take(marked=True, tabled=False)
    from derivations.kernel.lanes.fits import marks, tabled  # loads SymPy: only where that decides

    return take(marked=marks(model), tabled=tabled(model))
