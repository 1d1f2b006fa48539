"""Small runs of every shipped kernel keep their bits from one version to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.helpers import digests
from tests.helpers.slowly import where

RECORDED: dict[str, Any] = json.loads(digests.RECORDED.read_text(encoding="utf-8"))


VARIANTS = ("q=3", "K=2", "K=4", "K=5", "uniform", "heterogeneous blas", "nearly_orthogonal blas", "relu", "reptile")
"""Of kernels that few other tests compile: among the slow ones."""


@pytest.mark.parametrize("name", where(lambda name: not any(word in name for word in VARIANTS), digests.CASES))
def test_a_run_keeps_its_bits(name: str) -> None:
    if digests.machine() != RECORDED["machine"]:
        pytest.skip("this machine rounds exp, BLAS or LAPACK otherwise than the one of the recorded digests")
    found, recorded = digests.of_case(name), RECORDED["cases"][name]
    assert {variable: found.get(variable) for variable in recorded} == recorded


def test_every_recorded_case_is_run() -> None:
    assert set(digests.CASES) == set(RECORDED["cases"])
