"""Fresh examples judged on lanes: of one state, and of many runs' states.

They come in groups, whose examples share a row of the normals and differ along the heads (`dynamics.fresh.normals`):
the row is coloured once a group, and each of its examples moves it by what leads the two heads.
"""

from __future__ import annotations

from ...calculus.activations import sigma
from ...calculus.symbols import i, r
from ..layout import A1, A2, A3, HELPER
from .blocks import GROUPS, LANES, PAIR, SIDE_BY_SIDE, entries
from .nests import LaneNests
from .printer import rate

SIDE, STRETCH = 8, 512  # runs that are judged side by side, and on how many groups at a time
LAW = {
    "base": A1, "of": A2, "fixed": A2, "mix": A2, "roots": A1, "leads": A1, "labels": A1, "shares": A1,
}
"""The law of fresh examples at one state, as `judge` takes it."""


def judge(emitter: LaneNests) -> None:
    """Fresh examples judged, of one state."""
    _alone(emitter)
    _one_part(emitter)
    _every_part(emitter)
    drawn = {"normals": A1, "along": A1, "strata": "int64", "begin": "int64", "end": "int64"}
    made = {"with_losses": "boolean", "errors": A1, "losses": A1}
    groups = ({**LAW, **drawn}, dict.fromkeys(emitter.scalars, "float64"), made)
    emitter.out.function(
        "judge", [list(group) for group in groups],
        "errors and losses (M,) of groups begin, ..., end - 1 of fresh examples: means over labels and strata.",
        "A label's output is its base and the parts that `of` gives it: of part p, the network on the patch with",
        "pre-activations fixed[p] + sum_q mix[p, q] g_q.  g_q is roots[q] times the group's normals and leads[q],",
        "as `led` fills them, times what is along the heads.",
        f"begin and end are multiples of {GROUPS}; losses are filled where with_losses.",
        types=f"void({', '.join(of for group in groups for of in group.values())})",
    )
    put = emitter.out.put
    put(1, "neurons = fixed.shape[1]", "filters = neurons // 2", "vectors_of = mix.shape[1]")
    put(1, f"parts = aligned(fixed.shape[0] * {GROUPS})", f"vectors = aligned(vectors_of * neurons * {GROUPS})")
    put(1, f"moved = aligned(vectors_of * neurons * {GROUPS})", f"width = (neurons + {LANES - 1}) // {LANES} * {LANES}")
    put(1, "alone, share = is_alone(fixed, mix), 1.0 / strata", f"for first in range(begin, end, {GROUPS}):")
    put(2, "colour(roots, normals, first, vectors_of, neurons, width, vectors)")
    put(2, *[f"error_{v} = lanes(0.0)" for v in SIDE_BY_SIDE], *[f"cost_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(2, "for stratum in range(strata):")
    put(3, f"place = (first * strata + stratum * {GROUPS}) * vectors_of * {emitter.model.n_heads}", "if alone:")
    sizes = ["leads", "along", "place", "filters", "width", "vectors"]
    emitter.out.call(4, "one_part(", (sizes, emitter.scalars, ["parts"]))
    put(3, "else:", "    move_along(leads, along, place, vectors_of, neurons, width, vectors, moved)")
    emitter.out.call(4, "every_part(", (["fixed", "mix", "filters", "moved"], emitter.scalars, ["parts"]))
    _every_label(emitter)
    for v in SIDE_BY_SIDE:
        for name, array in (("error", "errors"), ("cost", "losses")):
            put(2, f"store({array}, first + {LANES * v}, {name}_{v} * share)")
    put(0, "")


def _leads(emitter: LaneNests) -> range:
    """What leads the heads, one each."""
    return range(emitter.model.n_heads)


def _one_part(emitter: LaneNests) -> None:
    """A part that is one fresh vector, activated neuron by neuron as the heads move it."""
    put = emitter.out.put
    emitter.out.function(
        "one_part", (["leads", "along", "place", "filters", "width", "vectors"], emitter.scalars, ["parts"]),
        f"parts ({GROUPS},): the network on the one fresh vector, of {GROUPS} groups in one stratum.",
    )
    leads = _leads(emitter)
    for k in leads:
        put(1, *[f"t{k}_{v} = load(along, place + {GROUPS * k + LANES * v})" for v in SIDE_BY_SIDE])
    put(1, *[f"part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(1, f"for h in range({emitter.model.n_heads}):", "    j = 1.0 - 2.0 * h")
    put(2, "for r in range(filters):", "    s = h * filters + r")
    put(3, *[f"lead{k} = spread(leads, {k} * width + s)" for k in leads])
    for v in SIDE_BY_SIDE:
        put(3, *_moved("x", f"load(vectors, s * {GROUPS} + {LANES * v})", v, leads))
        _added(emitter, 3, "x", v)
    put(1, *[f"store(parts, {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])
    put(0, "", "")


def _moved(name: str, rest: str, v: int, leads: range) -> list[str]:
    """`name` = the vector v of a neuron's pre-activations: `rest`, moved along the heads."""
    return [f"{name} = {rest}", *[f"{name} = fused(lead{k}, t{k}_{v}, {name})" for k in leads]]


def _every_part(emitter: LaneNests) -> None:
    """The parts, of fresh vectors that are coloured: a part's patch is mixed and activated neuron by neuron."""
    put, a = emitter.out.put, emitter.names.patch(0).name
    emitter.out.function(
        "every_part", (["fixed", "mix", "filters", "moved"], emitter.scalars, ["parts"]),
        f"parts (P, {GROUPS}): the network on patch p, fixed[p] + sum_q mix[p, q] moved[q], of as many groups.",
    )
    put(1, "for p in range(fixed.shape[0]):", *[f"    part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(2, f"for h in range({emitter.model.n_heads}):", "    j = 1.0 - 2.0 * h")
    put(3, "for r in range(filters):", "    s = h * filters + r")
    put(4, *[f"{a}_{v} = lanes(fixed[p, s])" for v in SIDE_BY_SIDE], "for q in range(mix.shape[1]):")
    put(5, f"at = (q * fixed.shape[1] + s) * {GROUPS}", "weight = lanes(mix[p, q])")
    put(5, *[f"{a}_{v} = {a}_{v} + weight * load(moved, at + {LANES * v})" for v in SIDE_BY_SIDE])
    for v in SIDE_BY_SIDE:
        _added(emitter, 4, f"{a}_{v}", v)
    put(2, *[f"store(parts, {GROUPS} * p + {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])
    put(0, "", "")


def _every_label(emitter: LaneNests) -> None:
    """Errors and losses of the parts' sums, with every label that an example may have."""
    put = emitter.out.put
    put(3, "for k in range(labels.size):", "    if shares[k] > 0.0:")
    put(5, *[f"score_{v} = lanes(base[k])" for v in SIDE_BY_SIDE])
    put(5, "for p in range(fixed.shape[0]):", "    if of[k, p] != 0.0:")
    put(7, *[f"score_{v} = score_{v} + load(parts, {GROUPS} * p + {LANES * v})" for v in SIDE_BY_SIDE])
    for v in SIDE_BY_SIDE:
        put(5, f"margin_i = score_{v} * labels[k]", "half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)")
        put(5, f"error_{v} = error_{v} + where(margin_i < 0.0, shares[k], half)")
        put(5, "if with_losses:", f"    cost_{v} = cost_{v} + shares[k] * {rate(emitter.model, 0, 'margin_i')}")


def _added(emitter: LaneNests, depth: int, entry: str, v: int) -> None:
    """Adds a neuron to a part's vector v."""
    patch = emitter.names.patch(0)
    activated = sigma(emitter.model.network.activation, emitter.names.a(0, emitter.names.head, r, i))
    emitter.out.put(depth, f"{patch.name} = {entry}")
    emitter.pieces_of(depth, [activated])
    emitter.out.assign(depth, f"part_{v} =", f"fused({emitter.printer.doprint(activated)}, lanes(j), part_{v})")


def _alone(emitter: LaneNests) -> None:
    """Whether a part is one fresh vector; and what moves coloured vectors where it is not."""
    put = emitter.out.put
    put(0, HELPER, "def is_alone(fixed, mix):")
    put(1, '"""Whether there is one part, which is one fresh vector."""')
    put(1, "if fixed.shape[0] != 1 or mix.shape[1] != 1 or mix[0, 0] != 1.0:", "    return False")
    put(1, "for s in range(fixed.shape[1]):", "    if fixed[0, s] != 0.0:", "        return False", "return True")
    put(0, "", "")
    move_along(emitter)


def move_along(emitter: LaneNests) -> None:
    """What moves coloured vectors along the heads."""
    put, heads = emitter.out.put, emitter.model.n_heads
    put(0, HELPER, "def move_along(leads, along, place, count, neurons, width, vectors, moved):")
    said = f"moved (F, S, {GROUPS}) = vectors moved by leads (F, {heads}, width) times what is along them."
    put(1, f'"""{said}"""', "for q in range(count):", f"    for s in range(0, neurons - {PAIR - 1}, {PAIR}):")
    _moved_together(emitter, 3, PAIR)
    if heads % 2:
        put(2, f"for s in range(neurons // {PAIR} * {PAIR}, neurons):")
        _moved_together(emitter, 3, 1)
    put(0, "", "")


def _moved_together(emitter: LaneNests, depth: int, neurons: int) -> None:
    """So many neurons from s on, side by side."""
    put, heads, each = emitter.out.put, emitter.model.n_heads, entries(neurons)
    put(depth, f"at = (q * neurons + s) * {GROUPS}")
    put(depth, *[f"x{a}_{v} = load(vectors, at + {GROUPS * a + LANES * v})" for a, v in each])
    put(depth, f"for h in range(q * {heads}, (q + 1) * {heads}):")
    put(depth + 1, *[f"t{v} = load(along, place + h * {GROUPS} + {LANES * v})" for v in SIDE_BY_SIDE])
    for a in range(neurons):
        put(depth + 1, f"lead = spread(leads, h * width + s + {a})")
        put(depth + 1, *[f"x{a}_{v} = fused(lead, t{v}, x{a}_{v})" for v in SIDE_BY_SIDE])
    put(depth, *[f"store(moved, at + {GROUPS * a + LANES * v}, x{a}_{v})" for a, v in each])


def judge_all(emitter: LaneNests) -> None:
    """The loop over runs of `judge`."""
    judged_all(
        emitter, {"base": A2, "of": A2, "fixed": A3, "mix": A2, "covariance": "float64[:, :, :, ::1]"}, {"shares": A2},
        "out (R, 2, 2): test error and test loss, each with its standard error, of the states of R runs.",
        ["base[k]", "of", "fixed[k]", "mix", *READ, "labels", "shares[k]"], [],
    )
    put = emitter.out.put
    put(3, "mean_and_error(errors[k - lead], count, out[k, 0])", "if with_losses:")
    put(4, "mean_and_error(losses[k - lead], count, out[k, 1])")
    put(0, "")


READ = ("roots[k - lead]", "leads[k - lead]")
"""What is made of a run's covariances, as `judged_all` hands it on."""


def judged_all(
    emitter: LaneNests, law: dict[str, str], more: dict[str, str], said: str, of_run: list[str], drawn: list[str],
    errors: str = "count",
) -> None:
    """The loop over runs of `judge` up to what is done with a run's errors and losses, at whose depth the text ends.

    law: the arguments that a law takes, by type, up to its covariance, and `more` after its labels; `of_run`: the same
    of one run, as `judge` takes them; `drawn`: what is drawn beside the normals, and `errors` how many a run has.
    """
    extra = {name: A2 for name in drawn}
    groups = (
        {**law, "labels": A1, **more, "normals": A2, "along": A2, **extra, "strata": "int64", "drawn": "int64[::1]"},
        {"numbers": A2, "with_losses": "boolean", "out": "float64[:, :, ::1]"},
    )
    emitter.out.function(
        "judge_all", [list(group) for group in groups], said,
        "Run k has the normals of row drawn[k]; numbers (R, ...) are its scalars.  Where a vector's covariance (S, S)",
        "is near singular beyond what the heads lead, out is NaN.",
        types=f"void({', '.join(of for group in groups for of in group.values())})",
    )
    put, most = emitter.out.put, emitter.model.n_heads
    put(1, "vectors_of, neurons, runs = mix.shape[1], covariance.shape[2], base.shape[0]")
    put(1, f"count, heads = normals.shape[1] // (vectors_of * neurons), {most} if strata > 1 else 0")
    put(1, f"width = (neurons + {LANES - 1}) // {LANES} * {LANES}", "scratch = aligned(2 * width)")
    put(1, f"settled, leads = np.ones({SIDE}, np.bool_), np.zeros(({SIDE}, vectors_of * {most} * width))")
    put(1, f"roots = np.zeros(({SIDE}, vectors_of * neurons * width))")
    # Some runs side by side: normals that they share are read from the nearest cache.
    put(1, f"errors = np.zeros(({SIDE}, {errors}))", f"losses = np.zeros(({SIDE}, count))")
    put(1, f"for lead in range(0, runs, {SIDE}):", f"    for k in range(lead, min(lead + {SIDE}, runs)):")
    put(3, "settled[k - lead] = True", "for q in range(vectors_of):")
    call = "led(covariance[k, q], heads, width, q, scratch, leads[k - lead], roots[k - lead])"
    put(4, f"settled[k - lead] &= {call}")
    put(2, f"for first in range(0, count, {STRETCH}):", f"    for k in range(lead, min(lead + {SIDE}, runs)):")
    put(4, "if not settled[k - lead]:", "    continue")
    scalars = [f"numbers[k, {place}]" for place in range(len(emitter.scalars))]
    random = [f"{name}[drawn[k]]" for name in ("normals", "along", *drawn)]
    made = ["with_losses", "errors[k - lead]", "losses[k - lead]"]
    stretch = ["strata", "first", f"min(first + {STRETCH}, count)"]
    emitter.out.call(4, "judge(", ([*of_run, *random, *stretch], scalars, made))
    put(2, f"for k in range(lead, min(lead + {SIDE}, runs)):")
    put(3, "if not settled[k - lead]:", "    out[k] = np.nan", "    continue")
