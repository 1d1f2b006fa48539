"""Statements as a newcomer writes them: what says nothing is refused, and each kind means what its words say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import gammarho as gr
from derivations.declare import Only, Quantity, Statements
from derivations.declare import Path as OrderPath
from derivations.errors import ModelError
from derivations.papers.paper import PAPERS
from gammarho.cli import main
from simulate.check.check import Result

SMALL = {"n": 5, "m": 3, "d": 40, "eta": 0.5, "lam": 0.0, "sigma_p": 0.5}
STEPS = 30


def held(**said: Any) -> Result:
    """The result of one statement on a few draws of a small PEGR run."""
    statement = gr.Statement(**{"id": "own", "kind": "inequality", **said})
    return gr.check("pegr", SMALL, [statement], steps=STEPS, seeds=2, draws=20).results[0]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"claim": "gamma <= -1", "erratum": "no-such"}, "own: erratum: 'no-such' is not on record; leave it out"),
        ({"claim": "gamma <= -1", "erratum": "pegr-5.33"}, "own: erratum: 'pegr-5.33' is not on record; did you mean"),
        ({"claim": "gamma"}, "own: 'gamma' is a number, and what is said or assumed is a comparison"),
        ({"claim": "gamma >= -1", "given": "loss"}, "own: 'loss' is a number"),
        ({"claim": "gamma >= -1", "given": "0.5"}, "own: '0.5' is a number"),
        ({"claim": "gamma >= -1", "mutant": "gama <= 2"}, "own: 'gama' is not a quantity"),
        ({"claim": "gamma >= -1", "mutant": "gamma <="}, "own: mutant: gamma <= is not a formula"),
        ({"kind": "probability", "at": "0", "claim": "loss <= 1", "delta": "delt"}, "own: delta: "),
        ({"kind": "probability", "at": "0", "claim": "loss <= 1", "delta": ""}, "own: delta: "),
        ({"kind": "probability", "at": "0", "claim": "loss <= 1", "delta": "-1"}, "own: delta: -1 is -1; expected"),
        ({"kind": "probability", "at": "0", "claim": "loss <= 1", "delta": "n - 9"}, "n - 9 is -4 at n = 5"),
        ({"kind": "order", "claim": "loss <= 1 and loss <= 2",
          "path": OrderPath(values=(("n", "s"),), scales=(4.0, 8.0), steps="5")}, "an order is one comparison"),
        ({"kind": "order", "claim": "loss == 1",
          "path": OrderPath(values=(("n", "s"),), scales=(4.0, 8.0), steps="5")}, "an order is one comparison"),
        ({"claim": "gamma = 0"}, "own: claim: gamma = 0 is not a formula; write == for equality"),
        ({"claim": "gamma \u2265 0"}, "write >= for \u2265"),
        ({"claim": "t >= 1 -> gamma >= 0"}, "an implication is a claim and what it is given"),
        ({"claim": "gamma[0,r] >= 0"}, "[0,r]: expected names of indices"),
        ({"claim": "gamma[j] >= 0"}, "gamma[j]: 1 index; expected 2 (j, r)"),
        ({"claim": "rho >= 0", "given": "own[i,k]"}, "runs over different lengths here: i over 2 and over 5"),
        ({"claim": "gamma >= 0", "delta": "0.1"}, "own: delta: '0.1', and of kind 'inequality' no draw may fail"),
        ({"kind": "identity", "claim": "gamma >= gamma"}, "own: claim: 'gamma >= gamma' has no =="),
        ({"claim": "next(next(gamma)) >= gamma"}, "looks two steps ahead"),
        ({"claim": "at(gamma, t + 2) >= gamma"}, "'at(gamma, t + 2)' is at another step for every t"),
        ({"claim": "gamma >= 0", "only": (Only(parameter="regulariser", values=("none",), why="no penalty"),)},
         "own: only: 'regulariser' is not a parameter; did you mean 'regularizer'?"),
        ({"claim": "gamma >= 0", "only": (Only(parameter="regularizer", values=("non",), why="no penalty"),)},
         "own: only: regularizer is never 'non'; did you mean 'none'?"),
        ({"claim": "gamma >= 0", "only": (Only(parameter="project_noise", values=("true",), why="it is"),)},
         "own: only: project_noise is ('true',); expected (True,) or (False,)"),
        ({"claim": "gamma >= 0", "presets": ("papr",)}, "presets: 'papr' is not one of the setting's; did you mean"),
    ],
)
def test_what_says_nothing_is_refused_in_a_sentence(said: dict[str, Any], sentence: str) -> None:
    """Before, a violation with an erratum made up passed, numbers were truth values, and mutants were not read.

    A parameter, a value or a preset that is none was about nothing and passed, as did an identity without an equality;
    an inequality's delta was not read, and what looks two steps ahead said that a step after the last is missing.
    """
    with pytest.raises(gr.InputError) as refused:
        held(**said)
    assert sentence in str(refused.value)


def test_a_statement_without_a_claim_is_refused() -> None:
    """Before, a TypeError of Python's, or what holds of nothing."""
    for claim in ("", " "):
        with pytest.raises(ModelError, match="own: claim: it says nothing; write a comparison"):
            gr.Statement(id="own", kind="inequality", claim=claim)
    with pytest.raises(ModelError, match="own: claim: it says nothing"):
        gr.Statement(id="own", kind="inequality")


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"scales": (2.0, 2.0)}, "expected two different values of s"),
    ({"values": (("n", "4"),)}, "neither values nor steps go with s"),
])
def test_a_path_goes_somewhere(changed: dict[str, Any], sentence: str) -> None:
    """Before, such an order held with exponent 0, or was met on 2 of 2 runs and vacuous."""
    with pytest.raises(ModelError, match=sentence):
        OrderPath(**{"values": (("n", "s"),), "scales": (4.0, 8.0), "steps": "5", **changed})


@pytest.mark.parametrize(
    ("said", "verdict", "detail"),
    [
        ({"given": "t >= 18", "until": "25"}, "holds", "reached on 2 of 2 draws, at recorded t = 18 to 18"),
        ({"given": "t >= 40", "until": "25"}, "vacuous", "its hypothesis is never met"),
        ({"claim": "loss <= -1", "until": "25"}, "violated", ""),
        ({"claim": "loss <= -1"}, "undecided", "it may come later: give `until`"),
        ({"claim": "loss <= -1", "until": "50"}, "undecided", "the run ends at 30 of 50"),
    ],
)
def test_there_is_a_step_where_the_hypothesis_holds(said: dict[str, Any], verdict: str, detail: str) -> None:
    """Before, a hypothesis that fails at some step made it vacuous, and no end at all made it violated."""
    found = held(**{"kind": "exists", "claim": "loss <= 1", **said})
    assert (found.verdict, detail in found.detail) == (verdict, True), found.detail


def test_a_mutant_that_the_runs_do_not_refute_is_said() -> None:
    """Before, it was read by nobody."""
    assert "so does its mutant here, gamma >= -2" in held(claim="gamma >= -1", mutant="gamma >= -2").detail
    assert "mutant" not in held(claim="gamma >= -1", mutant="gamma >= 2").detail


def test_what_may_always_fail_says_nothing_and_the_option_that_decides_is_named() -> None:
    """Before, delta = 2 held; and more --draws were of no use to a statement about runs."""
    surely = {"kind": "probability", "claim": "loss <= 1"}
    assert held(**surely, at="0", delta="2").verdict == "vacuous"
    assert "(--draws " in held(**surely, at="0", delta="0.001").detail
    assert "(--seeds " in held(**surely, at="20", delta="0.1").detail
    assert "would decide" not in held(**surely, at="20", delta="0").detail


def test_a_claim_about_a_step_to_come_is_not_typed() -> None:
    """Before, it was vacuous: no step after the last is recorded."""
    with pytest.raises(gr.InputError, match="judged at the last; declare it in STATEMENTS"):
        gr.check("pegr", SMALL, "next(gamma) >= gamma", steps=3)


def test_a_typed_equation_is_an_identity_and_one_class_is_told_by_its_examples() -> None:
    """Before, it was called an inequality; and no entry of a given class could be spoken of, nor was it said how."""
    kinds = [gr.check("pegr", SMALL, claim, steps=3, seeds=1).results[0].statement.kind
             for claim in ("abs(gamma) == gamma", "gamma >= 0", "gamma >= 0 and t == T")]
    assert kinds == ["identity", "inequality", "inequality"]
    with pytest.raises(gr.InputError, match=r"as one class is in max\[k,r,i\]\(x\[k,r,k\], own and y == 0\)"):
        gr.check("heterogeneous", {"n": 4, "m": 2, "d": 20, "K": 2}, "gamma[0,r,0] >= 0", steps=1)


def test_a_search_leaves_out_what_is_held_along_a_path() -> None:
    """Before, one such statement in a file kept all of them from being searched."""
    path = OrderPath(values=(("n", "s"),), scales=(4.0, 8.0), steps="5")
    order = gr.Statement(id="order", kind="order", claim="loss <= 1", path=path)
    plain = gr.Statement(id="plain", kind="inequality", claim="loss >= 0")
    told = gr.search("pegr", SMALL, [order, plain], steps=3, tries=1)
    assert [each.statement.id for each in told.found] == ["plain"] and "paths of their own: order" in told.about
    with pytest.raises(gr.InputError, match="a path of its own"):
        gr.search("pegr", SMALL, [order], steps=3, tries=1)


def test_a_hitting_time_is_written_as_a_first_step() -> None:
    """Before: 'T_2_noise' is not a quantity; did you mean 'T_2_noise'?"""
    with pytest.raises(gr.InputError, match=r"'T_2_noise' is a hitting time, .*; write first\("):
        held(claim="T_2_noise <= 30")


_LEMMAS = """
from derivations.declare import Statement
from derivations.papers.pegr.model import model

STATEMENTS = (
    Statement(id="true", kind="inequality", claim="next(rho_over) >= rho_over", given="lam_t == 0",
              mutant="next(rho_over) <= rho_over"),
    Statement(id="false", kind="inequality", claim="max[j,r](gamma) <= 0.005", given="lam_t == 0"),
    Statement(id="never", kind="inequality", claim="loss <= 0.1", given="lam_t < 0"),
)
"""


def test_a_false_lemma_fails_with_a_smaller_witness_and_one_that_never_speaks_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, its only witness was the run that was asked for, of 12 examples and 7 filters."""
    file = tmp_path / "mine.py"
    file.write_text(_LEMMAS)
    asked = ["check", f"{file}:model", "n=12", "m=7", "d=450", "lam=0", "eta=0.3", "--steps", "300", "--json"]
    assert main(asked) == 1
    told = {each["id"]: each for each in json.loads(capsys.readouterr().out)["results"]}
    assert {name: each["verdict"] for name, each in told.items()} == {
        "true": "holds", "false": "violated", "never": "vacuous"}
    small = told["false"]["smaller"]
    data = eval(small["replay"], {"gr": gr})
    assert data.sizes["i"] == 1 and data.sizes["r"] == 1 and small["t"] <= told["false"]["witness"]["t"]
    assert float(data["gamma"].isel(t=-1).max()) == pytest.approx(small["left"]) and small["left"] > 0.005
    assert main([*asked[:2], "false", *asked[2:-1]]) == 1
    said = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith("smaller: max[j, r](gamma) <= 0.005") for line in said)


_FAILING = """
from derivations.declare import Statement
from derivations.papers.pegr.model import model

STATEMENTS = tuple(Statement(id=name, kind="inequality", **said) for name, said in {
    "start": {"claim": "loss <= 0.5"},
    "step": {"claim": "next(gamma) <= gamma"},
    "until": {"claim": "loss >= 0.683", "until": "20"},
    "dimension": {"claim": "d*n*m*(t + 1) < 460"},
}.items()) + (Statement(id="somewhere", kind="exists", claim="loss <= 0", until="5"),)
"""


@pytest.mark.parametrize("sizes", [{"n": 9, "m": 7, "d": 460}, {"n": 1, "m": 1, "d": 460}])
def test_what_is_said_to_be_smaller_is_larger_in_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sizes: dict[str, int]
) -> None:
    """Before, it took a step more, or a larger d; and the violation itself was repeated where nothing is smaller."""
    file = tmp_path / "mine.py"
    file.write_text(_FAILING)
    given = [f"{name}={value}" for name, value in {**sizes, "lam": 0, "eta": 0.3}.items()]
    assert main(["check", f"{file}:model", *given, "--steps", "20", "--json"]) == 1
    told = {each["id"]: each for each in json.loads(capsys.readouterr().out)["results"]}
    assert {each["verdict"] for each in told.values()} == {"violated"} and told["somewhere"]["smaller"] is None
    made = {name: each["smaller"] for name, each in told.items() if each["smaller"]}
    assert made.keys() >= {"start", "step", "until"} if sizes["n"] > 1 else "dimension" not in made
    for name, small in made.items():
        first = eval(told[name]["witness"]["replay"], {"gr": gr})
        data = eval(small["replay"], {"gr": gr})
        before, after = (
            (each.sizes["i"], each.sizes["r"], json.loads(each.attrs["parameters"])["d"], int(each["t"][-1]))
            for each in (first, data))
        assert all(a <= b for a, b in zip(after, before, strict=True)) and after != before, (name, before, after)


def test_what_is_asked_of_one_place_is_not_moved(capsys: pytest.CaptureFixture[str]) -> None:
    """A claim that is typed is about the values given."""
    assert main(["check", "pegr", "loss <= 0.1", "n=5", "m=3", "d=40", "--steps", "5"]) == 1
    assert "smaller:" not in capsys.readouterr().out


def test_a_quantity_that_looks_ahead_is_one_step() -> None:
    """next(x) of an x that looks ahead itself is two steps."""
    later = Quantity(name="later", formula="next(gamma)", meaning="")
    for claim, ahead in (("later >= gamma", 1), ("next(later) >= gamma", 2)):
        said = Statements(paper="own", quantities=(later,), statements=(
            gr.Statement(id="own", kind="inequality", claim=claim),))
        if ahead == 1:
            assert gr.check("pegr", SMALL, said, steps=3, seeds=1).results[0].verdict == "holds"
        else:
            with pytest.raises(gr.InputError, match="looks two steps ahead"):
                gr.check("pegr", SMALL, said, steps=3, seeds=1)


def test_a_maximum_over_nothing_is_named() -> None:
    """Before, a head that is not the example's failed with -inf, and nothing said why."""
    assert "a max whose condition holds for no entry is -inf" in held(claim="max[r](rho, own) >= -1").detail
    assert "a min whose condition holds for no entry is inf" in held(claim="min[r](rho, own) <= 1e9").detail
    assert "no entry" not in held(claim="max[r](rho) <= -1").detail


def test_where_nothing_moves_what_fails_at_the_start_fails() -> None:
    """Before, it was vacuous, while the smaller witness of the same lemma was such a run."""
    still = {**SMALL, "sigma_0": 5e-324}
    for claim, verdict in (("loss <= 0.5", "violated"), ("loss >= 0.5", "vacuous"), ("next(loss) < loss", "vacuous")):
        said = gr.Statement(id="own", kind="inequality", claim=claim)
        result = gr.check("pegr", still, [said], steps=STEPS, seeds=1).results[0]
        assert result.verdict == verdict, (claim, result.detail)
    assert result.detail.startswith("nothing moves")


def test_what_is_printed_of_steps_and_sides() -> None:
    """Before: its step, 100 = 100; at 30 of inf; against -0."""
    assert held(claim="gamma >= 0", at="100").detail == "its step, 100, is beyond the run's 30"
    assert "does not come within the run's 30" in held(claim="gamma >= 0", until="first(loss <= 0)").detail
    found = gr.check("pegr", SMALL, [gr.Statement(id="own", kind="inequality", claim="loss <= -0*t")], steps=2, seeds=1)
    assert "against 0 at" in str(found) and "-0" not in str(found).split("against")[1]


def test_a_delta_that_no_draws_show_is_said() -> None:
    """Before, 4605170184 draws were asked for."""
    assert "to show, more than are made" in held(kind="probability", at="0", claim="loss >= 0", delta="1e-9").detail


def test_a_probability_without_a_delta_is_refused(tmp_path: Path) -> None:
    """Before: delta needs delta, which has no value here."""
    model = replace(PAPERS["pegr"].factory("pegr"), name="own")
    model = replace(model, parameters=tuple(each for each in model.parameters if each.name != "delta"),
                    events=())
    said = gr.Statement(id="own", kind="probability", at="0", claim="loss >= 0")
    with pytest.raises(gr.InputError, match="own: delta: left out, it is the parameter delta, and own has none"):
        gr.check(model, SMALL, [said], steps=1, draws=2)


_ONE_BAD = """
from derivations.declare import Preset, Statement
from derivations.papers.pegr.model import model

PRESETS = (Preset(name="small", values=(("n", 4), ("m", 3), ("d", 30.0), ("lam", 0.0)), steps=5, source="small"),)
STATEMENTS = tuple(Statement(id=name, kind="inequality", claim=claim, presets=presets) for name, claim, presets in (
    ("good", "loss >= 0", ("small",)), ("name", "los >= 0", ("small",)), ("sign", "loss = 0", ("small",)),
    ("nowhere", "loss >= 0", ()), ("step", "next(gamma) >= gamma", ("small",))))
"""


@pytest.mark.parametrize(("options", "refused"), [
    (["--all"], {"name", "sign", "nowhere"}), (["--preset", "small", "--alive"], {"name", "sign"}),
    (["--preset", "small", "--search", "2"], {"name", "sign"}),
])
def test_a_lemma_that_cannot_be_judged_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], refused: set[str]
) -> None:
    """Before, one such lemma in a file kept all from being judged."""
    file = tmp_path / "mine.py"
    file.write_text(_ONE_BAD)
    assert main(["check", f"{file}:model", *options, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    verdicts = {each["id"]: each.get("verdict", "holds") for each in told["results"]}
    assert {each.split(":")[0] for each in told["refused"]} == refused and not told["passed"]
    assert verdicts == {name: "holds" for name in ("good", "nowhere", "step") if name not in refused}
    assert main(["check", f"{file}:model", *options]) == 1
    said = capsys.readouterr().out
    assert "refused: name: 'los' is not a quantity" in said and said.count("refused: ") == len(refused)


def test_a_lemma_that_cannot_be_judged_leaves_the_others_mutants_and_induction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, one such lemma kept --mutants and --inductive from all of a file's."""
    file = tmp_path / "mine.py"
    file.write_text(_ONE_BAD)
    for option, key in (("--mutants", "statements"), ("--inductive", "claims")):
        words = ["check", f"{file}:model", "--preset", "small", option, "--search", "2"]
        assert main([*words, "--json"]) == 1
        told = json.loads(capsys.readouterr().out)
        assert {each.split(":")[0] for each in told["refused"]} == {"name", "sign"} and not told["passed"]
        judged = ["good", "nowhere", *(["step"] if option == "--mutants" else [])]
        assert [each["id"] for each in told[key]] == judged
        assert main(words) == 1 and "refused: name: 'los' is not a quantity" in capsys.readouterr().out


def test_an_induction_without_ids_takes_all_that_can_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before: statements: []; expected ids.  And its lines read "pos  inductive: : gamma >= 0"."""
    file = tmp_path / "mine.py"
    file.write_text(_ONE_BAD.replace("los >=", "rho_over >=").replace("loss = 0", "gamma >= -1"))
    assert main(["check", f"{file}:model", "--preset", "small", "--inductive", "--search", "5"]) == 0
    said = capsys.readouterr().out
    assert "where good, name, sign, nowhere hold" in said and "left out: step" in said
    assert "name  inductive: rho_over >= 0" in said
    assert main(["check", f"{file}:model", "good", "--preset", "small", "--inductive", "--search", "2"]) == 0
    assert "where good holds on" in capsys.readouterr().out
