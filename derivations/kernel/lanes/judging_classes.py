"""Fresh examples of class heads judged on lanes: of one state, and of many runs' states.

As `judging` does it, with outputs of every head, and with class-dependent noise along its spikes: a part's `tilt` says
how much of each spike's line its pre-activations have more, times the example's own normal along it.
"""

from __future__ import annotations

from ...calculus.activations import sigma
from ...calculus.symbols import i, r
from ..layout import A1, A2, A3, INSIDE
from .blocks import GROUPS, LANES, SIDE_BY_SIDE
from .judging import READ, judged_all, move_along
from .nests import LaneNests

LAW = {
    "base": A2, "of": A2, "fixed": A2, "mix": A2, "tilt": A2, "lines": A2, "roots": A1, "leads": A1, "labels": A1,
}
"""The law of fresh examples at one state, as `judge` takes it."""
SPIKES = "spikes"


def judge(emitter: LaneNests) -> None:
    """Fresh examples judged, of one state."""
    move_along(emitter)
    _every_part(emitter)
    _cost(emitter)
    drawn = {"normals": A1, "along": A1, SPIKES: A1, "strata": "int64", "begin": "int64", "end": "int64"}
    made = {"with_losses": "boolean", "errors": A1, "losses": A1}
    groups = ({**LAW, **drawn}, dict.fromkeys(emitter.scalars, "float64"), made)
    emitter.out.function(
        "judge", [list(group) for group in groups],
        "errors (L M,) of each label and losses (M,) of groups begin, ..., end - 1: means over strata, and labels.",
        "A label's outputs are its base and the parts that `of` gives it: of part p, the network on the patch with",
        "pre-activations fixed[p] + sum_q mix[p, q] g_q + sum_c tilt[p, c] x_c lines[c].  g_q is roots[q] times the",
        "group's normals and leads[q], as `led` fills them, times what is along the heads; x_c are normals of spikes.",
        f"begin and end are multiples of {GROUPS}; losses are filled where with_losses.",
        types=f"void({', '.join(of for group in groups for of in group.values())})",
    )
    put, heads = emitter.out.put, emitter.model.n_heads
    put(1, "neurons = fixed.shape[1]", f"filters = neurons // {heads}", "vectors_of = mix.shape[1]")
    put(1, f"parts = aligned(fixed.shape[0] * {heads * GROUPS})", f"vectors = aligned(vectors_of * neurons * {GROUPS})")
    put(1, f"moved = aligned(vectors_of * neurons * {GROUPS})", f"width = (neurons + {LANES - 1}) // {LANES} * {LANES}")
    put(1, "held, many = np.zeros(of.shape, dtype=np.int64), np.zeros(labels.size, dtype=np.int64)")
    put(1, "for k in range(labels.size):", "    for p in range(fixed.shape[0]):", "        if of[k, p] != 0.0:")
    put(4, f"held[k, many[k]] = p * {heads * GROUPS}", "many[k] += 1")
    put(1, f"scores = aligned({heads * GROUPS})")
    put(1, "count, share = losses.size, 1.0 / strata", f"weight = share / {heads}.0")
    put(1, f"for first in range(begin, end, {GROUPS}):")
    put(2, "colour(roots, normals, first, vectors_of, neurons, width, vectors)")
    put(2, f"for at in range(first, first + {GROUPS}, {LANES}):", "    store(losses, at, lanes(0.0))")
    put(3, "for k in range(labels.size):", "    store(errors, k * count + at, lanes(0.0))")
    put(2, "for stratum in range(strata):")
    put(3, f"place = (first * strata + stratum * {GROUPS}) * vectors_of * {heads}")
    put(3, "move_along(leads, along, place, vectors_of, neurons, width, vectors, moved)")
    put(3, f"place = (first * strata + stratum * {GROUPS}) * tilt.shape[1]")
    emitter.out.call(
        3, "every_part(", (["fixed", "mix", "tilt", "lines", "filters", "moved", SPIKES, "place"], emitter.scalars,
                           ["parts"]),
    )
    _every_label(emitter)
    put(0, "")


def _every_part(emitter: LaneNests) -> None:
    """The parts, of fresh vectors that are coloured: a part's patch is mixed and activated neuron by neuron."""
    put, patch, heads = emitter.out.put, emitter.names.patch(0), emitter.model.n_heads
    a = patch.name
    sizes = ["fixed", "mix", "tilt", "lines", "filters", "moved", SPIKES, "place"]
    emitter.out.function(
        "every_part", (sizes, emitter.scalars, ["parts"]),
        f"parts (P, {heads}, {GROUPS}): each head on patch p, fixed[p] + sum_q mix[p, q] moved[q] and its spikes.",
    )
    put(1, "for p in range(fixed.shape[0]):", f"    for h in range({heads}):")
    put(3, *[f"part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE])
    put(3, "for r in range(filters):", "    s = h * filters + r")
    put(4, *[f"{a}_{v} = lanes(fixed[p, s])" for v in SIDE_BY_SIDE], "for q in range(mix.shape[1]):")
    put(5, f"at = (q * fixed.shape[1] + s) * {GROUPS}", "weight = lanes(mix[p, q])")
    put(5, *[f"{a}_{v} = fused(weight, load(moved, at + {LANES * v}), {a}_{v})" for v in SIDE_BY_SIDE])
    put(4, "for c in range(tilt.shape[1]):", f"    at = place + c * {GROUPS}")
    put(5, "weight = lanes(tilt[p, c] * lines[c, s])")
    put(5, *[f"{a}_{v} = fused(weight, load({SPIKES}, at + {LANES * v}), {a}_{v})" for v in SIDE_BY_SIDE])
    activated = sigma(emitter.model.network.activation, emitter.names.a(0, emitter.names.head, r, i))
    for v in SIDE_BY_SIDE:
        put(4, f"{a} = {a}_{v}")
        emitter.pieces_of(4, [activated])
        emitter.out.assign(4, f"part_{v} =", f"part_{v} + {emitter.printer.doprint(activated)}")
    put(3, *[f"store(parts, (p * {heads} + h) * {GROUPS} + {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])
    put(0, "", "")


def _every_label(emitter: LaneNests) -> None:
    """Every label's error, ties shared, and its loss, -log p without overflow or cancellation."""
    put, heads, vectors = emitter.out.put, emitter.model.n_heads, SIDE_BY_SIDE
    each, own = f"for h in range({heads}):", "float(h) == labels[k]"
    put(3, "for k in range(labels.size):")
    put(4, *[f"{name}_{v} = lanes(0.0)" for name in ("own", "top", "ties") for v in vectors])
    put(4, each, *[f"    score_{v} = lanes(base[k, h])" for v in vectors])
    put(5, "for p in range(many[k]):", f"    at = held[k, p] + h * {GROUPS}")
    put(6, *[f"score_{v} = score_{v} + load(parts, at + {LANES * v})" for v in vectors])
    put(5, *[f"store(scores, h * {GROUPS} + {LANES * v}, score_{v})" for v in vectors])
    put(5, f"if {own}:", *[f"    own_{v} = score_{v}" for v in vectors])
    put(5, *[f"top_{v} = where(score_{v} > top_{v}, score_{v}, top_{v}) if h > 0 else score_{v}" for v in vectors])
    put(4, each)
    for v in vectors:
        tied = f"load(scores, h * {GROUPS} + {LANES * v}) == top_{v}"
        put(5, f"ties_{v} = ties_{v} + where({tied}, 1.0, 0.0)")
    put(4, "at = k * count + first")
    for v in vectors:
        put(4, f"wrong = 1.0 - where(own_{v} == top_{v}, 1.0, 0.0) / ties_{v}")
        put(4, f"store(errors, at + {LANES * v}, load(errors, at + {LANES * v}) + share * wrong)")
    put(4, "if with_losses:")
    for v in vectors:
        put(5, f"cost = cost_of(scores, {LANES * v}, own_{v}, labels[k])")
        put(5, f"store(losses, first + {LANES * v}, load(losses, first + {LANES * v}) + weight * cost)")


def _cost(emitter: LaneNests) -> None:
    """-log p of a label from every head's score."""
    put, each, score = emitter.out.put, f"for h in range({emitter.model.n_heads}):", f"load(scores, h * {GROUPS} + v)"
    put(0, INSIDE, "def cost_of(scores, v, own, label):")
    put(1, '"""-log p of the label whose scores are `own`, without overflow or cancellation."""')
    put(1, "top, others = lanes(0.0), lanes(0.0)", each)
    put(2, f"gap = lanes(-np.inf) if float(h) == label else {score} - own", f"store(scores, h * {GROUPS} + v, gap)")
    put(2, "top = where(gap > top, gap, top) if h > 0 else gap")
    put(1, each, f"    others = others + exponential_0(top - {score})")
    put(1, "return logistic_0(-(top + logarithm(others)))", "", "")


def judge_all(emitter: LaneNests) -> None:
    """The loop over runs of `judge`."""
    heads = emitter.model.n_heads
    law = {"base": A3, "of": A2, "fixed": A3, "mix": A2, "tilt": A3, "lines": A3, "covariance": "float64[:, :, :, ::1]"}
    judged_all(
        emitter, law, {},
        f"out (R, 2 + {heads}, 2): test error, test loss and class errors, each with its standard error, of R runs.",
        ["base[k]", "of", "fixed[k]", "mix", "tilt[k]", "lines[k]", *READ, "labels"], [SPIKES], "labels.size * count",
    )
    put = emitter.out.put
    put(3, "for c in range(labels.size):")
    put(4, "mean_and_error(errors[k - lead, c * count : (c + 1) * count], count, out[k, 2 + c])")
    put(3, "for at in range(count):", "    total_error = 0.0", "    for c in range(labels.size):")
    put(5, "total_error += errors[k - lead, c * count + at]")
    put(4, "errors[k - lead, at] = total_error / labels.size")
    put(3, "mean_and_error(errors[k - lead, :count], count, out[k, 0])", "if with_losses:")
    put(4, "mean_and_error(losses[k - lead], count, out[k, 1])")
    put(0, "")
