"""The notebooks run from the first cell to the last, in order and in one namespace, and become pages."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

from docs.making import notebooks  # it may import pyplot

SLOW = {"own": "compiles a kernel and trains in torch, ten seconds and more"}


def _named() -> list[object]:
    return [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
            for path in notebooks.notebooks()]


def test_there_are_two_without_outputs() -> None:
    """What a cell gives is made where it is read, and never kept from an earlier program."""
    assert [path.stem for path in notebooks.notebooks()] == ["own", "pegr"]
    for path in notebooks.notebooks():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs") and not cell.get("execution_count")


@pytest.mark.parametrize("notebook", _named())
def test_a_notebook_runs_and_is_a_page(notebook: Path, tmp_path: Path) -> None:
    """Fails where a cell raises, where a figure or equation is left out, and where a name is of no earlier cell."""
    page = notebooks.page(notebook, tmp_path)
    assert page.startswith("# ") and page.count("<math ") >= 3
    assert page.count("```python") == sum(cell.code for cell in notebooks.cells(notebook))
    pictures = sorted(path.name for path in tmp_path.iterdir())
    assert pictures and all(f"/{tmp_path.name}/{name})" in page for name in pictures)
    assert 'class="shown"' in page and "<table>" in page


def test_cells_share_one_namespace_and_show_their_last_value(tmp_path: Path) -> None:
    path = tmp_path / "small.ipynb"
    cells = [("markdown", "# A"), ("code", "x = 2\nprint('said')"), ("code", "x + 1"), ("code", "y = x")]
    path.write_text(json.dumps({"cells": [{"cell_type": kind, "source": [text]} for kind, text in cells]}))
    found = list(notebooks.ran(path))
    assert [each.printed for each in found] == ["", "said\n", "", ""]
    assert [each.value for each in found] == [None, None, 3, None]
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["z"]}]}))
    with pytest.raises(NameError, match="'z'"):
        list(notebooks.ran(path))
