"""Files and folders that the docs and the Makefile name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/promises.md", "Makefile")
TOPS = "derivations|dynamics|simulate|figures|gammarho|tests|benchmarks|docs"
NAMED = re.compile(rf"(?<![\w./-])(?:{TOPS})/[\w./-]*\w/?")
MADE_UP = {"NAME", "FOLDER"}


def missing(text: str) -> list[str]:
    """The paths in a text that are not there, of those that are no patterns."""
    found = [path for path in NAMED.findall(text) if not MADE_UP & set(re.split(r"[/._]", path))]
    return sorted({path for path in found if not (ROOT / path).exists()})


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    assert missing((ROOT / page).read_text(encoding="utf-8")) == []


def test_the_rule_sees_what_it_must() -> None:
    assert missing("see `derivations/model.py` and simulate/run/run.py") == ["derivations/model.py"]
