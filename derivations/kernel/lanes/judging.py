"""Fresh examples judged on lanes: of one state, and of many runs' states."""

from __future__ import annotations

from ...calculus.activations import sigma
from ...calculus.symbols import i, r
from ..layout import A1, A2, A3
from .blocks import DRAWS, LANES
from .nests import LaneNests

SIDE, STRETCH = 8, 2048  # runs that are judged side by side, and on how many fresh examples at a time
LAW = {
    "base": A1, "of": A2, "fixed": A2, "mix": A2, "roots": A3, "labels": A1, "shares": A1,
}
"""The law of fresh examples at one state, as `judge` takes it."""


def judge(emitter: LaneNests) -> None:
    """Fresh examples judged: of one state, and of many runs' states."""
    loss, patch = emitter.model.objective.loss, emitter.names.patch(0)
    a = emitter.names.a(0, emitter.names.head, r, i)
    activated = sigma(emitter.model.network.activation, a)
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
    put(1, "neurons = fixed.shape[1]", "filters = neurons // 2", f"parts = np.zeros(fixed.shape[0] * {DRAWS})")
    put(1, f"vectors = np.zeros(roots.shape[0] * neurons * {DRAWS})", f"for first in range(begin, end, {DRAWS}):")
    put(2, "colour(roots, normals, first, vectors)", "for p in range(fixed.shape[0]):")
    every = range(DRAWS // LANES)  # side by side: each one's sum over neurons would wait for its last term
    put(3, *[f"part_{v} = lanes(0.0)" for v in every], f"for h in range({emitter.model.n_heads}):")
    put(4, "j = 1.0 - 2.0 * h", "for r in range(filters):", "    s = h * filters + r")
    put(5, *[f"{patch.name}_{v} = lanes(fixed[p, s])" for v in every], "for q in range(roots.shape[0]):")
    put(6, f"at = (q * neurons + s) * {DRAWS}", "weight = lanes(mix[p, q])")
    put(6, *[f"{patch.name}_{v} = {patch.name}_{v} + weight * load(vectors, at + {LANES * v})" for v in every])
    for v in every:
        put(5, f"{patch.name} = {patch.name}_{v}")
        emitter.pieces_of(5, [activated])
        emitter.out.assign(5, f"part_{v} =", f"part_{v} + ({emitter.printer.doprint(activated)}) * j")
    put(3, *[f"store(parts, {DRAWS} * p + {LANES * v}, part_{v} * kappa)" for v in every])
    put(2, f"for v in range(0, {DRAWS}, {LANES}):")
    put(3, "error = lanes(0.0)", "cost = lanes(0.0)", "for k in range(labels.size):", "    if shares[k] > 0.0:")
    put(5, "score = lanes(base[k])", "for p in range(fixed.shape[0]):", "    if of[k, p] != 0.0:")
    put(7, f"score = score + load(parts, {DRAWS} * p + v)")
    put(5, "margin_i = score * labels[k]")
    put(5, "error = error + where(margin_i < 0.0, shares[k], where(margin_i == 0.0, 0.5 * shares[k], 0.0))")
    put(5, "if with_losses:", f"    cost = cost + shares[k] * {loss}_0(margin_i)")
    put(3, "store(errors, first + v, error)", "store(losses, first + v, cost)")
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
