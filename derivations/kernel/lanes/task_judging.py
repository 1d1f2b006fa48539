"""What fresh tasks give before they are adapted, on lanes: the network on one patch of many examples.

An output is a sum over patches, so that of a fresh vector and of a dictionary's entries each is worked out once, by
draws and by entries, and whoever judges adds the two (`dynamics.fresh.tasklaw`).
"""

from __future__ import annotations

from ...calculus.activations import sigma
from ...calculus.symbols import i, r
from ..layout import A1, A2, HELPER
from .blocks import GROUPS, LANES, PAIR, SIDE_BY_SIDE, product
from .task_nests import TaskNests


def parts(emitter: TaskNests) -> None:
    """The functions of patches that are given, and of ones that are drawn."""
    _mixed(emitter)
    _part(emitter)
    scalars = dict.fromkeys(emitter.scalars, "float64")
    given = ({"given": A2}, scalars, {"out": A1})
    emitter.out.function(
        "given_parts", [list(group) for group in given],
        "out (N,): the network on one patch of pre-activations given (S, N), N a multiple of "
        f"{GROUPS}.", types=f"void({', '.join(of for group in given for of in group.values())})",
    )
    put = emitter.out.put
    put(1, "flat, width = given.reshape(-1), given.shape[1]", f"for first in range(0, out.size, {GROUPS}):")
    emitter.out.call(2, "part(", (["flat", "first", "width", "given.shape[0] // 2"], emitter.scalars, ["out", "first"]))
    put(0, "")
    drawn = ({"normals": A1, "root": A2, "lower": "boolean"}, scalars, {"out": A1})
    emitter.out.function(
        "drawn_parts", [list(group) for group in drawn],
        "out (N,): the same of pre-activations root x, root (S, S) lower triangular where that is said.",
        f"normals has x of {GROUPS} examples after another, (S, {GROUPS}) each.",
        types=f"void({', '.join(of for group in drawn for of in group.values())})",
    )
    put(1, "neurons = root.shape[0]", f"flat, vectors = root.reshape(-1), aligned(neurons * {GROUPS})")
    put(1, f"for first in range(0, out.size, {GROUPS}):")
    put(2, "mixed(normals, first * neurons, flat, neurons, lower, vectors)")
    emitter.out.call(2, "part(", (["vectors", "0", str(GROUPS), "neurons // 2"], emitter.scalars, ["out", "first"]))
    put(0, "")


def _mixed(emitter: TaskNests) -> None:
    """The product with a root, by pairs of neurons; a pair's second has 0 of what only its first lacks."""
    put = emitter.out.put
    put(0, HELPER, "def mixed(normals, first, root, neurons, lower, vectors):")
    said = f"vectors (S, {GROUPS}) = root (S, S), lower triangular where that is said, times normals from first on."
    put(1, f'"""{said}"""')
    put(1, f"for s in range(0, neurons, {PAIR}):")
    product(emitter.out, 2, PAIR, f"s + {PAIR} if lower else neurons", f"first + k * {GROUPS}",
            "root, (s + {0}) * neurons + k", "(s + {0})")
    put(0, "", "")


def _part(emitter: TaskNests) -> None:
    """The network on one patch."""
    put, patch = emitter.out.put, emitter.names.patch(0).name
    groups = (["vectors", "first", "width", "filters"], emitter.scalars, ["out", "at"])
    emitter.out.function(
        "part", groups, f"out[at:at + {GROUPS}]: the network on one patch, of columns first ... of vectors (S, width).")
    put(1, *[f"part_{v} = lanes(0.0)" for v in SIDE_BY_SIDE], "for h in range(2):", "    j = 1.0 - 2.0 * h")
    put(2, "for r in range(filters):", "    at_s = (h * filters + r) * width + first")
    activated = sigma(emitter.model.network.activation, emitter.names.a(0, emitter.names.head, r, i))
    plain, emitter.printer = emitter.printer, emitter.side
    for v in SIDE_BY_SIDE:
        put(3, f"{patch} = load(vectors, at_s + {LANES * v})")
        emitter.pieces_of(3, [activated])
        emitter.out.assign(3, f"part_{v} =", f"fused({emitter.printer.doprint(activated)}, lanes(j), part_{v})")
    emitter.printer = plain
    put(1, *[f"store(out, at + {LANES * v}, part_{v} * kappa)" for v in SIDE_BY_SIDE])
    put(0, "")


__all__ = ["parts"]
