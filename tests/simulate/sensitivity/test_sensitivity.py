"""sensitivity: flips are where theory has them, in whole numbers where they are whole, and nothing is hidden."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import GradientDescent, Parameter, Statement
from derivations.papers.pegr.model import model as pegr
from gammarho import cli
from simulate.ask.chosen import Chosen
from simulate.errors import InputError
from simulate.sensitivity.flips import Flip, Steady
from simulate.sensitivity.knobs import Number
from simulate.sensitivity.sensitivity import Sensitivity
from simulate.sensitivity.thresholds import coverage, rank, threshold

CLAIM = "test_error < 0.01"
LOUD = {"sigma_p": 20 / np.sqrt(1e9), "d": 1e9, "eta": 0.2, "lam": 0.05}


def moved(params: dict[str, Any], knobs: str | Sequence[str], **options: Any) -> Sensitivity:
    asked: dict[str, Any] = {"claim": CLAIM, "steps": 600, "seeds": 3, "progress": False}
    return gr.sensitivity("pegr", params, knobs=knobs, **{**asked, **options})


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    return moved(LOUD, "lam,d,regularizer,lam_until,delta")


def down(flips: Sequence[Flip]) -> Flip:
    (one,) = [flip for flip in flips if flip.factor is not None and flip.factor < 1]
    return one


def test_the_penalty_flips_the_test_error_where_it_meets_m_over_sigma_p_squared_d(found: Sensitivity) -> None:
    assert found.start == {"holds": 3}
    flip = down(found["lam"])
    assert flip.at == pytest.approx(10 / 400, rel=0.12) and flip.becomes == {"fails": 3}  # a few % above at step 600
    assert float(str(flip.low)) <= float(str(flip.at)) <= float(str(flip.high))
    assert down(found["d"]).factor == pytest.approx(flip.factor, rel=0.05)  # it is lam sigma_p^2 d that counts
    half = moved({**LOUD, "sigma_p": LOUD["sigma_p"] / 2, "lam": 0.2}, "lam")
    assert down(half["lam"]).at == pytest.approx(10 / 100, rel=0.12)


@pytest.mark.slow
def test_all_knobs_of_the_readme_cross_one_boundary() -> None:
    found = gr.sensitivity("pegr", LOUD, claim=CLAIM, steps=1500, progress=False)
    at = {name: down(found[name]).factor for name in ("lam", "d", "sigma_p")}
    assert at["lam"] == pytest.approx(0.5, rel=0.03) and at["d"] == pytest.approx(0.5, rel=0.03)
    assert at["sigma_p"] == pytest.approx(0.5**0.5, rel=0.03)
    assert [flip.at for flip in found["m"] if (flip.factor or 0) > 1] == [20]


def test_choices_and_what_never_flips_are_told_with_the_range(found: Sensitivity) -> None:
    assert {flip.at for flip in found["regularizer"]} == {"none", "fgr"}
    assert all(flip.choice and flip.low is None for flip in found["regularizer"])
    assert found.flips[-1].choice and found.flips[0].fragility <= found.flips[1].fragility
    assert [(each.name, each.base) for each in found.unmoved] == [("lam_until", None), ("delta", 0.1)]
    assert "lam_until" in str(found)
    never = moved({**LOUD, "n": 4, "m": 2}, "delta", claim="loss <= 9 + delta", steps=2, seeds=1)
    assert [each.reached for each in never.steady] == pytest.approx([1e-4, 1.0])
    assert "does not flip in the range searched" in str(never)


def test_what_neither_the_run_nor_the_claim_reads_is_left_out_and_named(found: Sensitivity) -> None:
    """Fails on knobs that are every parameter: delta and eps are moved, and flip nothing."""
    assert "neither the run nor the claim reads it" in str(found)
    base = {**LOUD, "n": 4, "m": 2}
    asked: dict[str, Any] = {"steps": 2, "seeds": 1, "reach": 1.5}
    for claim, unread in (
        ("loss <= 9", ["delta", "eps"]), ("loss <= 9 + delta", ["eps"]), ("loss <= 9 + eps", ["delta"]),
        ("distance >= 0", ["delta"]),
    ):
        assert [each.name for each in moved(base, "delta,eps", claim=claim, **asked).unmoved] == unread, claim


def test_draws_that_diverge_are_counted() -> None:
    wild = moved({"n": 3, "m": 2, "d": 200, "sigma_p": 4, "eta": 0.5, "lam": 0.01}, "lam", claim="loss >= 0",
                 steps=30, seeds=4)
    (flip,) = wild["lam"]
    assert flip.becomes == {"diverges": 2, "still holds": 2} and "finite" in flip.why
    assert flip.high is None and "beyond" in str(wild)  # two draws have no flip to see
    grid = gr.phase("pegr", {"n": 3, "m": 2, "d": 200, "sigma_p": 4, "eta": 0.5}, x=("lam", [0.01, flip.at]), steps=30,
                    seeds=4, observable="loss", progress=False)
    assert (grid["status"] == "diverged").values.sum(axis=1).tolist() == [0, 2]


def test_what_follows_a_knob_goes_along_in_one_row_and_is_held_in_the_other() -> None:
    tied = moved({**LOUD, "sigma_p": "20/sqrt(d)"}, "d", seeds=2)
    rows = {each.note: each for each in tied.rows}
    assert set(rows) == {"sigma_p goes along (20/sqrt(d))", "sigma_p stays at 0.0006325"}
    assert isinstance(rows["sigma_p goes along (20/sqrt(d))"], Steady)  # only sigma_p sqrt(d) counts
    plain = {key: value for key, value in LOUD.items() if key != "sigma_p"}
    held = moved(plain, "d,sigma_p", hold="sigma_p: sigma_p*sqrt(d)=20", seeds=2)
    assert {(flip.at, flip.note) for flip in held["d"]} == {(flip.at, flip.note) for flip in tied["d"]}
    assert [(each.name, each.reason) for each in held.unmoved] == [("sigma_p", "it solves sigma_p*sqrt(d) = 20")]


def test_whole_numbers_stay_whole_and_the_steps_are_a_knob() -> None:
    found = moved(LOUD, "steps,n,d", seeds=2)
    flip = down(found["steps"])
    assert isinstance(flip.at, float) and flip.at.is_integer() and 1 < flip.at < 600
    assert all(float(str(each.at)).is_integer() for name in ("n", "d") for each in found[name])
    kept = gr.run("pegr", LOUD, steps=int(flip.at), seed=0, sampling="gram", record=[int(flip.at) - 1, int(flip.at)])
    assert (kept["test_error"] < 0.01).values.tolist() == [False, False] or flip.low != flip.high


def test_a_statement_asked_run_by_run_flips_where_batches_do(found: Sensitivity) -> None:
    slow = Statement(id="mine", kind="inequality", claim=CLAIM, at="T", given="t >= 1")
    alone = moved(LOUD, "lam", claim=slow, seeds=2)
    batch = moved(LOUD, "lam", seeds=2, workers=1)
    assert [(flip.at, flip.low, flip.high, flip.becomes) for flip in alone.flips] == [
        (flip.at, flip.low, flip.high, flip.becomes) for flip in batch.flips]
    assert moved(LOUD, "lam", seeds=2, workers=2) == batch


def test_an_interval_covers_the_median_as_often_as_it_says() -> None:
    assert (rank(6), rank(9), rank(5)) == (1, 2, 1)
    assert coverage(6, 1) == 1 - 2 / 64 and coverage(5, 1) == 1 - 2 / 32 and coverage(9, 2) == 1 - 2 * 10 / 512
    seen = threshold([3.0, 1.0, np.inf, 2.0, 5.0])
    assert (seen.at, seen.near, seen.far) == (3.0, 1.0, np.inf)
    rng = np.random.default_rng(0)
    inside = [one.near <= np.log(2) <= one.far
              for one in (threshold(list(rng.exponential(size=6))) for _ in range(4000))]
    assert np.mean(inside) == pytest.approx(coverage(6, 1), abs=0.01)


def test_the_command_line_writes_a_picture_and_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sensitivity", "pegr", *(f"{key}={value}" for key, value in LOUD.items()), "--steps", "600", "--seeds",
             "2", "--knobs", "lam,regularizer", "--claim", CLAIM]
    outs = [word for end in ("png", "pdf", "csv", "json") for word in ("--out", str(tmp_path / f"t.{end}"))]
    assert cli.main([*words, *outs]) == 0
    printed = capsys.readouterr().out
    assert "flips at" in printed and printed.count("wrote ") == 4
    rows = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["variables"]
    assert rows["knob"]["values"] == ["lam", "lam", "regularizer", "regularizer"]
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").count("\n") == 5
    assert cli.main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["flips"][0]["knob"] == "lam"
    assert cli.main([*words, "--out", str(tmp_path / "t.zarr")]) == 2


def test_the_claim_is_a_word_as_check_takes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, --claim alone was taken."""
    def asked(chosen: Chosen, *, claim: str, **_: object) -> None:
        raise InputError(f"asked {claim} at {chosen.given}")

    monkeypatch.setattr("simulate.sensitivity.sensitivity.sensitivity", asked)
    for words in (["loss == 0", "n=5"], ["--claim", "loss == 0", "n=5"]):
        assert cli.main(["sensitivity", "pegr", *words]) == 2
        assert capsys.readouterr().err == "gammarho: asked loss == 0 at {'n': '5'}\n"
    for words, said in ((["n=5"], "none is given"), (["D1", "D2"], "'D1' and 'D2'")):
        assert cli.main(["sensitivity", "pegr", *words]) == 2 and said in capsys.readouterr().err


@pytest.mark.slow
def test_a_range_ends_at_the_last_value_that_is_taken_with_the_reason_beside_it() -> None:
    """Before, a batch was moved to 7 of 8 and a momentum to 0.889, and the reason was of a value 500 times as large."""
    kept = Parameter(name="kept", latex="", meaning="momentum", kind="real", default=0.5, low=0)
    batch = Parameter(name="batch", latex="", meaning="examples a step", kind="count", default=4, low=1)
    model = replace(pegr("none"), parameters=(*pegr("none").parameters, kept, batch),
                    algorithm=GradientDescent(momentum="kept", batch="batch"))
    found = gr.sensitivity(model, {"n": 8, "m": 2, "d": 50}, claim="loss <= 9", knobs="kept,batch,n", steps=2, seeds=2,
                           progress=False)
    assert not found.flips
    ends = {(each.knob, each.reached): (each.ended, dict(each.refused)) for each in found.steady}
    ended, refused = ends["batch", 8]
    assert ended == "batch: 9, the algorithm's batch; expected a whole number of examples from 1 to n = 8"
    assert [text.split(";")[0] for text in refused] == [ended.split(";")[0]] and sum(refused.values()) > 1
    assert ends["n", 4][0] == "batch: 4, the algorithm's batch; expected a whole number of examples from 1 to n = 3"
    (last,) = [float(str(at)) for knob, at in ends if knob == "kept" and float(str(at)) > 0.5]
    assert 0.98 < last < 1
    refusing = float(ends["kept", last][0].split(",")[0].removeprefix("kept: "))
    assert 1 <= refusing <= 1.01 * last


def test_a_negative_number_goes_to_the_end_of_its_range() -> None:
    """Before, it stopped at the last of the factors that is inside."""
    slope = Parameter(name="slope", latex="", meaning="a slope", kind="real", default=-0.3, low=-1, high=1)
    assert [ladder[-1] for ladder in Number("slope", -0.3, "", slope, None, 1).ladders(1000.0)] == [  # type: ignore[arg-type]
        pytest.approx(-3e-4), -1]


@pytest.mark.parametrize(("options", "said"), [
    ({"claim": ""}, "expected a claim such as"), ({"claim": "nothing < 1"}, "gr.describe"),
    ({"claim": "D77"}, "is not one of pegr's"), ({"knobs": "lama"}, "did you mean 'lam'"),
    ({"reach": 1}, "expected a factor above 1"), ({"claim": "log(loss - loss) > 0"}, "nothing to flip"),
])
def test_bad_requests_are_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        moved({**LOUD, "n": 4}, options.pop("knobs", "lam"), **{"steps": 3, **options})
