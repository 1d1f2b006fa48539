"""Parameters as keywords, wherever a verb takes them as a mapping."""

from __future__ import annotations

from typing import Any

import pytest

import gammarho as gr

SMALL: dict[str, Any] = {"n": 6, "m": 4, "d": 200}


def test_phase_takes_parameters_as_keywords() -> None:
    asked: dict[str, Any] = {"x": "lam=0.01,0.1", "steps": 3, "seeds": 2, "progress": False}
    by_name, by_keyword = gr.phase("pegr", SMALL, **asked), gr.phase("pegr", **SMALL, **asked)
    assert by_name.identical(by_keyword)
    with pytest.raises(gr.InputError, match="n: given twice, as 6 in params and as a keyword; leave one out"):
        gr.phase("pegr", SMALL, n=7, **asked)
    with pytest.raises(gr.InputError, match="sigma_q"):
        gr.phase("pegr", sigma_q=1.0, **asked)


def test_search_takes_parameters_as_keywords() -> None:
    own = gr.Statement(id="own", kind="inequality", claim="loss >= 0", mutant="loss <= 0")
    asked: dict[str, Any] = {"steps": 3, "tries": 2, "seed": 1}
    by_name, by_keyword = gr.search("pegr", SMALL, [own], **asked), gr.search("pegr", None, [own], **SMALL, **asked)
    assert str(by_name) == str(by_keyword)
    with pytest.raises(gr.InputError, match="n: given twice"):
        gr.search("pegr", SMALL, [own], n=7, **asked)
