"""Fresh examples judged on lanes: of one state, and of many runs' states."""

from __future__ import annotations

from ...calculus.activations import sigma
from ...calculus.symbols import i, r
from ..layout import A1, A2, A3, HELPER
from .blocks import DRAWS, LANES, PAIR, WIDE, coloured
from .nests import LaneNests

SIDE, STRETCH = 8, 2048  # runs that are judged side by side, and on how many fresh examples at a time
SIDE_BY_SIDE = range(DRAWS // LANES)  # vectors: a sum over neurons of one alone would wait for its last term
LAW = {
    "base": A1, "of": A2, "fixed": A2, "mix": A2, "roots": A3, "labels": A1, "shares": A1,
}
"""The law of fresh examples at one state, as `judge` takes it."""


def judge(emitter: LaneNests) -> None:
    """Fresh examples judged: of one state, and of many runs' states."""
    made = {"with_losses": "boolean", "errors": A1, "losses": A1}
    groups = ({**LAW, "normals": A1, "begin": "int64", "end": "int64"}, dict.fromkeys(emitter.scalars, "float64"), made)
    emitter.out.function(
        "judge", [list(group) for group in groups],
        "errors and losses (N,) of fresh examples begin, ..., end - 1, means over their labels by the labels' shares.",
        "A label's output is its base and the parts that `of` gives it: of part p, the network on the patch with",
        "pre-activations fixed[p] + sum_q mix[p, q] g_q, where g_q ~ N(0, roots[q] roots[q]^T) is made of normals.",
        f"begin and end are multiples of {DRAWS}; losses are filled where with_losses.",
        types=f"void({', '.join(of for group in groups for of in group.values())})",
    )
    put = emitter.out.put
    put(1, "neurons = fixed.shape[1]", "filters = neurons // 2", f"parts = aligned(fixed.shape[0] * {DRAWS})")
    put(1, f"vectors = aligned(roots.shape[0] * neurons * {DRAWS})", "flat = roots.reshape(-1)")
    put(1, "alone = is_alone(fixed, mix)", f"for first in range(begin, end, {DRAWS}):", "    if alone:")
    emitter.out.call(3, "judge_alone(", (["flat", "normals", "first", "filters"], emitter.scalars, ["parts"]))
    put(2, "else:", "    colour(flat, normals, first, roots.shape[0], neurons, vectors)")
    _every_part(emitter)
    _every_label(emitter)
    put(0, "")


def _every_part(emitter: LaneNests) -> None:
    """The parts, of fresh vectors that are coloured: a part's patch is mixed and activated neuron by neuron."""
    put, a = emitter.out.put, emitter.names.patch(0).name
    put(3, "for p in range(fixed.shape[0]):", *[f"    part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(4, f"for h in range({emitter.model.n_heads}):", "    j = 1.0 - 2.0 * h")
    put(5, "for r in range(filters):", "    s = h * filters + r")
    put(6, *[f"{a}_{v} = lanes(fixed[p, s])" for v in SIDE_BY_SIDE], "for q in range(roots.shape[0]):")
    put(7, f"at = (q * neurons + s) * {DRAWS}", "weight = lanes(mix[p, q])")
    put(7, *[f"{a}_{v} = {a}_{v} + weight * load(vectors, at + {LANES * v})" for v in SIDE_BY_SIDE])
    for v in SIDE_BY_SIDE:
        _added(emitter, 6, f"{a}_{v}", v)
    put(4, *[f"store(parts, {DRAWS} * p + {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])


def _every_label(emitter: LaneNests) -> None:
    """Errors and losses of the parts' sums, with every label that an example may have."""
    put, loss = emitter.out.put, emitter.model.objective.loss
    put(2, *[f"error_{v} = lanes(0.0)" for v in SIDE_BY_SIDE], *[f"cost_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(2, "for k in range(labels.size):", "    if shares[k] > 0.0:")
    put(4, *[f"score_{v} = lanes(base[k])" for v in SIDE_BY_SIDE])
    put(4, "for p in range(fixed.shape[0]):", "    if of[k, p] != 0.0:")
    put(6, *[f"score_{v} = score_{v} + load(parts, {DRAWS} * p + {LANES * v})" for v in SIDE_BY_SIDE])
    for v in SIDE_BY_SIDE:
        put(4, f"margin_i = score_{v} * labels[k]", "half = where(margin_i == 0.0, 0.5 * shares[k], 0.0)")
        put(4, f"error_{v} = error_{v} + where(margin_i < 0.0, shares[k], half)")
        put(4, "if with_losses:", f"    cost_{v} = cost_{v} + shares[k] * {loss}_0(margin_i)")
    for v in SIDE_BY_SIDE:
        put(2, f"store(errors, first + {LANES * v}, error_{v})", f"store(losses, first + {LANES * v}, cost_{v})")


def _added(emitter: LaneNests, depth: int, entry: str, v: int) -> None:
    """Adds a neuron to a part's vector v."""
    patch = emitter.names.patch(0)
    activated = sigma(emitter.model.network.activation, emitter.names.a(0, emitter.names.head, r, i))
    emitter.out.put(depth, f"{patch.name} = {entry}")
    emitter.pieces_of(depth, [activated])
    emitter.out.assign(depth, f"part_{v} =", f"fused({emitter.printer.doprint(activated)}, lanes(j), part_{v})")


def judge_alone(emitter: LaneNests) -> None:
    """A part that is one fresh vector, and nothing else: activated as it is coloured, filter by filter."""
    put = emitter.out.put
    put(0, HELPER, "def is_alone(fixed, mix):")
    put(1, '"""Whether there is one part, which is one fresh vector."""')
    put(1, "if fixed.shape[0] != 1 or mix.shape[1] != 1 or mix[0, 0] != 1.0:", "    return False")
    put(1, "for s in range(fixed.shape[1]):", "    if fixed[0, s] != 0.0:", "        return False", "return True")
    put(0, "", "")
    emitter.out.function(
        "judge_alone", (["roots", "normals", "first", "filters"], emitter.scalars, ["parts"]),
        f"parts ({DRAWS},): the network on N(0, roots roots^T), made of the normals of draws first, first + 1, ...",
    )
    put(1, "neurons = 2 * filters", *[f"part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    for rows, first, last in ((WIDE, "0", f"neurons - {WIDE - 1}"), (PAIR, f"neurons // {WIDE} * {WIDE}", "neurons")):
        put(1, f"for s in range({first}, {last}, {rows}):")
        coloured(emitter.out, 2, rows, "first * neurons", "(s")
        for a in range(rows):
            put(2, f"j = lanes(1.0 if s + {a} < filters else -1.0)")
            for v in SIDE_BY_SIDE:
                _added(emitter, 2, f"x{a}_{v}", v)
    put(1, *[f"store(parts, {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])
    put(0, "")


def judge_all(emitter: LaneNests) -> None:
    """The loop over runs of `judge`."""
    many = {"base": A2, "of": A2, "fixed": A3, "mix": A2, "roots": "float64[:, :, :, ::1]"}
    groups = (
        {**many, "labels": A1, "shares": A2, "normals": A2, "drawn": "int64[::1]"},
        {"numbers": A2, "with_losses": "boolean", "out": "float64[:, :, ::1]"},
    )
    emitter.out.function(
        "judge_all", [list(group) for group in groups],
        "out (R, 2, 2): test error and test loss, each with its standard error, of the states of R runs.",
        "Run k has the normals of row drawn[k]; numbers (R, ...) are its scalars.",
        types=f"void({', '.join(of for group in groups for of in group.values())})",
    )
    put = emitter.out.put
    put(1, "count = normals.shape[1] // (roots.shape[1] * roots.shape[2])", "runs = base.shape[0]")
    # Some runs side by side: normals that they share are read from the nearest cache.
    put(1, f"errors = np.zeros(({SIDE}, count))", f"losses = np.zeros(({SIDE}, count))")
    put(1, f"for lead in range(0, runs, {SIDE}):", f"    for first in range(0, count, {STRETCH}):")
    put(3, f"for k in range(lead, min(lead + {SIDE}, runs)):")
    scalars = [f"numbers[k, {place}]" for place in range(len(emitter.scalars))]
    law = ["base[k]", "of", "fixed[k]", "mix", "roots[k]", "labels", "shares[k]", "normals[drawn[k]]", "first"]
    made = ["with_losses", "errors[k - lead]", "losses[k - lead]"]
    emitter.out.call(4, "judge(", ([*law, f"min(first + {STRETCH}, count)"], scalars, made))
    put(2, f"for k in range(lead, min(lead + {SIDE}, runs)):")
    put(3, "mean_and_error(errors[k - lead], count, out[k, 0])", "if with_losses:")
    put(4, "mean_and_error(losses[k - lead], count, out[k, 1])")
    put(0, "")
