"""Draws observables of a declaration, with heads and axes that a family may not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.helpers.wild_draws import Drawn

Plain = dict[str, Any]
OBSERVED = (
    "Extreme", "Extreme", "NearOrthogonality", "ActiveShare", "Deactivated", "NeuronNorm", "NormalisedMargin", "Flips",
    "Complement", "Balance", "MaxMargin", "Distance", "FewActive", "LayerBalance", "LongTail", "NoiseRatio",
    "NoiseSpectrum", "Shifted", "Spectral", "Total",
)
OBSERVED_OF_TASKS = ("Extreme", "Extreme", "Extreme", "Total", "Shifted", "Spectral", "NeuronNorm", "NearOrthogonality")
"""Most of those that two loops have."""


def observable(drawn: Drawn) -> Plain:
    """An observable of some family, with heads and axes that it may not have."""
    kinds = OBSERVED_OF_TASKS if drawn.loops and not drawn.rarely() else OBSERVED
    kind, of = drawn.one_of(*kinds), drawn.one_of(*drawn.own)
    per = drawn.draw(st.lists(st.sampled_from(["example", "head", *(["task"] if drawn.loops else [])]), max_size=2,
                              unique=drawn.loops is not None))
    fields: dict[str, Plain] = {
        "Extreme": {"of": of, "reduce": drawn.one_of("max", "max_abs", "min"), "per": per,
                    "heads": drawn.one_of("all", "all", "on_class", "off_class", "plus"),
                    "signed": drawn.draw(st.booleans()), "floor": drawn.one_of("", "", "-1/n"),
                    "adapted": bool(drawn.loops) and drawn.one_of(False, True)},
        "Distance": {"of": of, "scale": drawn.one_of("1", "m*n")}, "FewActive": {"of": of, "share": 0.4},
        "LongTail": {"of": of, "bins": 4}, "Spectral": {"what": drawn.one_of(
            "frobenius", "spectral", "stable_rank", "stable_rank_excess")},
        "Shifted": {"of": drawn.one_of("loss", of, "nope"), "plus": 1.0, "times": 2.0},
        "Total": {"of": drawn.one_of("loss", "zeta", of)}, "Balance": {"of": drawn.one_of("loss", of)},
        "NoiseRatio": {"of": of, "signal": drawn.one_of("", *drawn.fixed)},
        "NormalisedMargin": {"spread": drawn.draw(st.booleans())},
        "MaxMargin": {"what": drawn.one_of("residual", "slackness")},
        "Flips": {"heads": drawn.one_of("all", "on_class"), "last": ""},
    }
    named = {each: {"of": of} for each in ("NearOrthogonality", "ActiveShare", "Deactivated", "NoiseSpectrum")}
    return {"is": kind, "name": next(drawn.names), "latex": "", **(fields | named).get(kind, {})}
