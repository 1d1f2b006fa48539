"""docs/models.md, the walk-through of a model outside the package, run as it stands there."""

from __future__ import annotations

import dataclasses
import re
import runpy
import shlex
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import gammarho as gr
from gammarho.cli import main
from simulate.testing import plain_kernel
from tests.helpers.slowly import rarely
from tests.helpers.wild import plainly

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's kou.py, as the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kou.py").write_text(blocks("python")[0], encoding="utf-8")
    return tmp_path


def command(verb: str, file: str = "kou.py:model") -> list[str]:
    lines = "".join(blocks("sh")).splitlines()
    (line,) = [line for line in lines if line.startswith(f"gammarho {verb} ") and file in line]
    return shlex.split(line)[1:]


SAID = {
    "derive": ["yhat_i", "rho_over = rho 1{j = y_i}"],
    "run": ["T_noise", "test_error"],
    "validate": ["PASS", "one step along the trajectory: W"],
    "conditions": ["d >= C n^2", "Kou et al. 2023"],
    "check": ["memorised", "learned", "holds"],
}


@pytest.mark.parametrize("verb", SAID)
@pytest.mark.parametrize("way", ["plainly", rarely("compiled")])
def test_every_command_does_what_the_page_says(
    way: str, verb: str, folder: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    if way == "plainly":
        request.getfixturevalue("plainly")
    assert main(command(verb)) == 0
    printed = capsys.readouterr().out
    for said in SAID[verb]:
        assert said in printed
    assert "violated" not in printed


def further(folder: Path) -> Path:
    """The page's kou.py with the models that it goes on with."""
    whole = "\n\n".join(block for block in blocks("python") if block.startswith("# kou.py"))
    (folder / "kou.py").write_text(whole, encoding="utf-8")
    return folder / "kou.py"


def test_the_models_that_the_page_goes_on_with_run(folder: Path) -> None:
    known = runpy.run_path(str(further(folder)))
    names = ("spiked", "heavy", "formulas", "graph", "mixup", "given", "groups", "aligned")
    for model in (known[name] for name in names):
        with plainly(plain_kernel(model)):
            data = gr.run(model, n=3, m=2, d=30, eta=0.001, steps=2, record="all")
        assert float(data["loss"][-1]) < float(data["loss"][0]) < 2
        assert ("test_error" in data) == (model.name != "given")


@pytest.mark.usefixtures("plainly")
def test_an_observable_of_ones_own_is_a_variable_like_any_other(folder: Path) -> None:
    aligned = runpy.run_path(str(further(folder)))["aligned"]
    values = {"n": 6, "m": 8, "d": 40, "sigma_0": 0.1, "flip_probability": 0.0}
    data = gr.run(aligned, values, steps=9, record="all")
    grid = gr.phase(aligned, values, x="mu_norm=1,10", steps=9, seeds=1, observable="aligned,T_aligned")
    share = (np.array([1.0, -1.0])[:, None] * gr.weights(data, setting=aligned)[..., 0] > 0).mean()  # mu is along e_1
    assert float(data["aligned"][-1]) == pytest.approx(share) and "share of the" in data["aligned"].attrs["meaning"]
    late = data["aligned"].values >= 0.9
    assert int(data["T_aligned"]) == (int(late.argmax()) if late.any() else -1)
    assert grid["aligned"].dims == ("mu_norm", "seed")


def test_weights_are_judged_where_groups_are_as_frequent_as_elsewhere(folder: Path) -> None:
    """An error is linear in the share of a group, and the restarted run trains no further."""
    groups = runpy.run_path(str(further(folder)))["groups"]
    (shown,) = [block for block in blocks("python") if "gr.restart(" in block]
    assert 'p_seen=0.1, steps=0, initial=state)["test_error"]' in shown
    with plainly(plain_kernel(groups)):
        trained = gr.run(groups, n=8, m=3, d=60, steps=30, seed=1)
        state = gr.restart(trained, setting=groups)
        of = [gr.run(groups, n=8, m=3, d=60, p_seen=share, steps=0, initial=state) for share in (0.9, 0.5, 0.1)]
    errors = [float(each["test_error"][-1]) for each in of]
    assert errors[0] == pytest.approx(float(trained["test_error"][-1]), abs=1e-12) and errors[2] > errors[0] + 0.05
    assert errors[0] + errors[2] == pytest.approx(2 * errors[1], abs=1e-12)
    assert float(of[2]["loss"][-1]) == pytest.approx(float(trained["loss"][-1]), rel=1e-12)


def test_a_letter_of_the_display_that_is_a_parameters_name_is_left_to_it(folder: Path) -> None:
    """Fails where momentum was called beta beside a parameter beta, which is another number."""
    shown = str(gr.derive(runpy.run_path(str(further(folder)))["formulas"]))
    assert "v[gamma_{j,r}] <- rate v[gamma_{j,r}]" in shown and "sigma(z) = z*sigmoid(beta*z)" in shown


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "file", "said"), [
    ("derive", "kou.py:graph", ["sum_{k} [ A_{i,k}*xi_k ]"]), ("validate", "kou.py:mixup", ["PASS"]),
    ("run", "kou.py:given", ["a matrix as given says of these examples what they are mixed of"]),
])
def test_the_commands_on_them_do_what_the_page_says(
    verb: str, file: str, said: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    further(folder)
    assert main(command(verb, file)) == 0
    printed = capsys.readouterr()
    assert all(each in printed.out + printed.err for each in said)


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "said"), [
    ("derive", ["Inner loop on every task k", "(eta/K) sum_{k} gamma~_{j,r,k}^(t,J)", "own_k/||own_k||^2"]),
    ("run", ["test_loss_adapted", "tasks are coupled through"]),
    ("validate", ["PASS", "adapted of the same state"]),
])
def test_two_loops_of_a_users_own_run_as_the_page_says(
    verb: str, said: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = [block for block in blocks("python") if "Bilevel(" in block]
    (folder / "tasks.py").write_text(text, encoding="utf-8")
    assert main(command(verb, "tasks.py")) == 0
    printed = capsys.readouterr().out
    assert all(each in printed for each in said)


def test_the_page_has_a_command_for_each(folder: Path) -> None:
    lines = "".join(blocks("sh")).split("\n")
    assert {line.split()[1] for line in lines if line} == set(SAID)


@pytest.mark.usefixtures("plainly")
def test_each_lemma_has_a_mutant_that_the_check_refutes(folder: Path) -> None:
    recorded = runpy.run_path("kou.py")["STATEMENTS"]
    found = gr.check("kou.py:model", None, [s.mutated for s in recorded], steps=60, seeds=2)
    assert [result.verdict for result in found.results] == ["violated"] * len(recorded)


@pytest.mark.usefixtures("plainly")
def test_the_run_has_flipped_labels_that_it_memorises(folder: Path) -> None:
    data, clean = (
        gr.run("kou.py:model", {"flip_probability": share}, steps=100, seed=0, record=[0, 100],
               observables=["train_error", "test_error", "T_noise"])
        for share in (0.3, 0.0)
    )
    assert float(data["train_error"][-1]) == 0.0 == float(clean["train_error"][-1])
    assert int(data["T_noise"]) > 0
    assert float(data["test_error"][-1]) == pytest.approx(0.3, abs=0.1) and float(clean["test_error"][-1]) < 0.05


def test_conditions_beside_a_model_are_the_files_own(folder: Path) -> None:
    table = gr.conditions("kou.py:model", {"d": 100})
    assert [row.clause.id for row in table.rows] == ["d", "benign"]
    assert table.rows[0].ratio == pytest.approx(100 / 400)
    (folder / "kou.py").write_text(blocks("python")[0] + "\nCONDITIONS = 3\n", encoding="utf-8")
    with pytest.raises(gr.InputError, match=r"CONDITIONS: 3 in kou\.py:model"):
        gr.conditions("kou.py:model")
    with pytest.raises(gr.InputError, match=r"CONDITIONS: 3 in kou\.py:model"):  # with an equation held, too
        gr.phase("kou.py:model", {}, x="d=100:200:2", hold="sigma_p*sqrt(d) = 20", steps=1)
    (folder / "kou.py").write_text(blocks("python")[0] + "\nCONDITIONS = None\n", encoding="utf-8")
    with pytest.raises(gr.InputError, match="no conditions are recorded for 'kou'"):
        gr.conditions("kou.py:model")


@pytest.mark.usefixtures("plainly")
def test_the_figure_is_drawn(folder: Path) -> None:
    matplotlib.use("Agg")
    exec(compile(blocks("python")[1], "figure.py", "exec"), {})
    picture = matplotlib.image.imread(str(folder / "kou.png"))
    assert picture.shape[1] > 500 and np.ptp(picture) > 0.5
    matplotlib.pyplot.close("all")


def test_the_model_of_the_page_is_declared_as_the_paper_has_it(folder: Path) -> None:
    model = runpy.run_path("kou.py")["model"]
    values = {parameter.name: parameter.default for parameter in model.parameters}
    assert (values["n"], values["m"]) == (20, 10) and model.label_flips == "flip_probability"
    assert [patch.scale for patch in model.patches] == ["clean", "one"]
    assert dataclasses.replace(model, title="x").follows_clean
