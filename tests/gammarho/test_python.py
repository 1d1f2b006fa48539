"""Python as people write it: parameters as keywords, verdicts as truth, errata and figures as functions."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.papers.paper import PAPERS
from gammarho.cli import main
from simulate.ask.chosen import choose
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly

SMALL: dict[str, object] = {"n": 6, "m": 3, "d": 50}


def test_parameters_are_keywords_too() -> None:
    one = gr.run("pegr", SMALL, steps=3, seed=1, regularizer="none", eta=0.1)
    other = gr.run("pegr", {**SMALL, "regularizer": "none", "eta": 0.1}, steps=3, seed=1)
    assert one.identical(other)
    assert str(gr.derive("pegr", regularizer="fgr")) == str(gr.derive("pegr", {"regularizer": "fgr"}))
    assert gr.conditions("pegr", n=50).to_dict() == gr.conditions("pegr", {"n": 50}).to_dict()


def test_arrays_say_how_many_classes_there_are() -> None:
    """Fails where u of two classes is refused because the setting's default is five."""
    rng, labels = np.random.default_rng(0), [0, 1, 0, 1]
    arrays: dict[str, Any] = {"W": rng.normal(size=(2, 3, 8)), "u": rng.normal(size=(2, 8)), "y": labels}
    arrays["xi"] = rng.normal(size=(4, 8))
    assert choose("heterogeneous").on(arrays).given == {"K": 2}
    assert choose("heterogeneous", {"K": 4}).on(arrays).given == {"K": 4}
    assert choose("pegr").on({**arrays, "W": arrays["W"][:1]}).given == {}
    with plainly(plain_kernel(PAPERS["heterogeneous"].factory(2))):
        data = gr.run("heterogeneous", steps=2, initial=arrays, observables="loss,gamma")
    assert data.sizes["k"] == 2 and float(data["loss"][-1]) < float(data["loss"][0])


def test_what_is_given_twice_or_is_no_parameter_is_refused() -> None:
    with pytest.raises(gr.InputError, match=r"eta: given twice, as 0\.1 in params and as a keyword; leave one out"):
        gr.run("pegr", {"eta": 0.1}, steps=1, eta=0.2)
    with pytest.raises(gr.InputError, match="'stepss' is not a parameter of pegr; did you mean 'steps'"):
        gr.run("pegr", stepss=3)
    with pytest.raises(gr.InputError, match="did you mean 'sigma_p'"):
        gr.conditions("pegr", sigma_P=3)


def test_a_verdict_is_a_truth_value() -> None:
    passed = gr.validate("pegr", SMALL, steps=3, regularizer="none")
    assert passed and not replace(passed, verdict="fail") and not replace(passed, verdict="undecided")
    held = gr.check("pegr", SMALL, ["D4a"], steps=3, seeds=1, regularizer="none")
    assert bool(held) == held.passed and held


def test_a_claim_of_ones_own_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "pegr", "test_error <= 0.01", "max[j,r](gamma) > 0", "n=6", "m=3", "d=50", "--steps", "20"]
    assert main([*words, "--seeds", "2"]) == 1
    said = capsys.readouterr().out
    assert "1 holds, 1 violated" in said and "seed 0, t = 20" in said
    found = gr.check("pegr", SMALL, "test_error <= 1", steps=20, seeds=1)
    assert found and found["test_error <= 1"].verdict == "holds"
    with pytest.raises(gr.InputError, match="'test_eror' is not a quantity of pegr here; did you mean 'test_error'"):
        gr.check("pegr", SMALL, ["test_eror <= 1"], steps=20, seeds=1)


def test_errata_and_claims_are_data(capsys: pytest.CaptureFixture[str]) -> None:
    found = gr.errata("pegr")
    assert len(found) > 10 and found["pegr-5.3"].kind == "formula" and next(iter(found)).id in str(found)
    assert "&lt;" in found._repr_html_() and found._repr_html_().count("<tr>") == len(found) + 1
    assert main(["errata", "pegr"]) == 0
    assert capsys.readouterr().out.strip() == str(found)
    assert "printed" in str(gr.explain("pegr-5.3")) and str(gr.explain("pegr")).startswith("pegr: claims")
    with pytest.raises(gr.InputError, match=r"id: 'pegr-5\.33' is not an erratum or a claim"):
        gr.explain("pegr-5.33")
    wrong: Any = 3
    with pytest.raises(gr.InputError, match="paper: 3 has no errata recorded"):
        gr.errata(wrong)


def test_figures_are_refused_before_the_first_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(gr.InputError, match="paper: 'pgr'; did you mean 'pegr'"):
        gr.figures("pgr", out=tmp_path / "new")
    with pytest.raises(gr.InputError, match="figure: 'nothing' is not one of phase's"):
        gr.figures("phase", "nothing", out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_influence_scores_are_an_array() -> None:
    images = np.random.default_rng(0).normal(size=(20, 4))
    found = gr.influence_scores(images, np.repeat([0, 1], 10))
    assert np.asarray(found).shape == (20,) and np.array_equal(np.asarray(found), found.scores)
    assert float(np.max(np.asarray(found, dtype=np.float32))) == pytest.approx(float(found.scores.max()), rel=1e-6)


def test_results_are_tables_in_a_notebook() -> None:
    """Fails on a class without `_repr_html_`, which a notebook shows as one line of text."""
    images = np.random.default_rng(0).normal(size=(20, 4))
    scores = gr.influence_scores(images, np.repeat([0, 1], 10))
    held = gr.check("pegr", SMALL, ["D4a", "D1"], steps=3, seeds=1, regularizer="none")
    passed = gr.validate("pegr", SMALL, steps=3, regularizer="none")
    table = gr.conditions("pegr", preset="paper")
    for found, rows in ((scores, 2), (held, 2), (passed, len(passed.rows)), (table, sum(len(each.rows)
                        for each in table.tables))):
        shown = found._repr_html_()
        heads = shown.count("<thead>")
        named = len(held.hypotheses) if found is held else 0
        assert shown.count("<tr>") == rows + heads + named and "http" not in shown and "<script" not in shown
    assert "&lt;Sigma, Sigma_0&gt;" in scores._repr_html_() and f"{scores.pairs[0, 1]:.4g}" in scores._repr_html_()


def test_values_come_second_and_statements_third_everywhere() -> None:
    """Fails where one function takes statements second and another values."""
    for name in gr.__all__:
        found = getattr(gr, name)
        if not inspect.isfunction(found):
            continue
        of = [each for each in inspect.signature(found).parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
        names = [each.name for each in of]
        if names[:1] == ["setting"]:
            assert "params" not in names[2:] and "statements" not in names[:2], name


@pytest.mark.parametrize("name", PAPERS)
def test_a_notebook_typesets_a_recursion(name: str) -> None:
    """Fails without HTML, with one that leaves a display out, and with one that asks for a script or the network."""
    derived = gr.derive(name)
    shown = derived._repr_html_()
    assert shown.count("<math ") == derived.latex().count(r"\begin{align*}") >= 3
    assert "<script" not in shown and not re.search(r"""(?:src|href)=""", shown)
    assert "columnalign" not in shown and 'style="text-align:right"' in shown
    assert derived._repr_latex_() == derived.latex()
