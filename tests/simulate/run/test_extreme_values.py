"""Extreme values put to `conditions` and `validate`, and arrays too large to be measured: numbers, or a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from gammarho.cli import main
from simulate import testing
from simulate.ask import parameters, settings
from simulate.errors import InputError
from simulate.images.influence import influence_scores
from simulate.start.source import Examples, settle
from simulate.work import memory

BARE = re.compile(r"(?<![\w, ])(nan|inf|-inf)(?!\w)|(?<= )(nan|inf|-inf)(?=\s|$)")
PEGR = "pegr n=6 m=3 d=30"
CLASSES = "heterogeneous K=3 n=6 m=2 d=30"
LINES = "nearly_orthogonal n=6 m=3 d=30"


@pytest.mark.parametrize("words", [
    "pegr eta=1e308", "pegr eta=1e-320", "pegr sigma_0=1e-320", "pegr mu_norm=1e-320", "pegr lam=1e308",
    "heterogeneous eta=1e-320", "nearly_orthogonal sigma_0=1e-320", "nearly_orthogonal C_prime=1e-320",
])
def test_a_ratio_beyond_float64_says_so(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last but one was a traceback, the others printed inf: sides of a clause may lie 1e320 apart."""
    assert main(["conditions", *words.split(), "--steps", "100"]) == 0
    shown = capsys.readouterr().out
    assert "> 1e308" in shown and not BARE.search(shown)


@pytest.mark.parametrize("words", [
    f"{PEGR} sigma_p=1e-20", f"{PEGR} sigma_0=1e-150", f"{PEGR} mu_norm=1e25", f"{LINES} sigma_p=1e-100",
    f"{CLASSES} sigma_0=1e-100", f"{CLASSES} eta=1e308",
])
def test_scales_that_leave_no_digit_are_no_failure_of_the_kernel(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They said FAIL of right kernels."""
    passed = main(["validate", *words.split(), "--steps", "3"]) == 0
    shown = capsys.readouterr().out
    name = words.rsplit(maxsplit=1)[-1].partition("=")[0]
    assert "FAIL" not in shown and passed == ("PASS" in shown)
    said = "give a value between 1e-12 and 1e+12 for a verdict" in " ".join(shown.split())
    assert passed or (said and f"{name} (" in shown) or "no step after the first is comparable" in shown


@pytest.mark.parametrize("words", [f"{PEGR} sigma_p=1e160", f"{CLASSES} sigma_p=1e160", f"{LINES} sigma_p=1e160"])
def test_a_start_beyond_float64_is_refused_by_validate(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two were tracebacks of an OverflowError, and the first advised a smaller eta."""
    assert main(["validate", *words.split(), "--steps", "3"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert "sigma_p (1e+160)" in shown.err and shown.err.endswith("; lower sigma_p\n")


@pytest.mark.parametrize("shape", [(20_000, 3000), (3000, 100_000)])
def test_scores_that_do_not_fit_are_refused_at_once(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 1e8)
    images = np.broadcast_to(np.zeros(1, dtype=np.uint8), shape)
    with pytest.raises(InputError, match=rf"^images: {shape[0]} of {shape[1]} pixels .* are at hand; give fewer"):
        influence_scores(images, np.arange(shape[0]) % 2)


class Many:
    """Examples that are cheap to hold and dear to measure."""

    def examples(self, model: object, values: object) -> Examples:
        y = np.where(np.arange(9000) % 2, 1.0, -1.0)
        return Examples(np.ones((9000, 2)), y, np.ones((2, 2)), np.array([1.0, -1.0]), (), {})


def test_examples_are_estimated_before_they_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 1e9)
    resolved = parameters.resolve(settings.resolve("nearly_orthogonal").factory, None)
    with pytest.raises(InputError, match=r"^n \(9000\): the inner products of 9000 examples .*; lower n$"):
        settle(resolved, None, Many())


@pytest.mark.parametrize(("call", "said"), [
    (lambda: testing.plain_kernel(5), "model: 5; expected a Model"),  # type: ignore[arg-type]
    (lambda: testing.one_step(5, 6), "instance: 5; expected an Instance"),  # type: ignore[arg-type]
    (lambda: testing.residual(5, 6), "instance: 5; expected an Instance"),  # type: ignore[arg-type]
    (lambda: testing.clear(5, np.zeros(1)), "instance: 5; expected an Instance"),  # type: ignore[arg-type]
])
def test_helpers_say_what_they_take(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}$"):
        call()
