"""What a setting has, found without provoking an error: list, describe, and the parameters under a verb's --help."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

import gammarho as gr
from derivations.papers.paper import PAPERS
from gammarho import description
from gammarho.cli import _OF_A_SETTING, app, main
from gammarho.description import Description, ParameterLine, VariableLine
from gammarho.sections import Section, as_html, as_text
from simulate.ask import parameters, settings
from simulate.observe import observables

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.mark.parametrize("name", PAPERS)
def test_a_description_leaves_nothing_out(name: str) -> None:
    found, paper = gr.describe(name), PAPERS[name]
    model = paper.factory()
    assert [each.name for each in found.parameters] == [each.name for each in model.parameters]
    assert [each.name for each in found.presets] == [each.name for each in paper.presets]
    assert [each.name for each in (*found.variables, *found.events)] == list(observables.names(model))
    assert paper.statements is not None
    assert [each.id for each in found.statements] == [each.id for each in paper.statements.statements]
    text = str(found)
    for each in found.parameters:
        assert each.name in text and each.meaning and each.allowed
        assert each.source or not each.default, each.name  # a default has a source, in every paper
    assert all(len(line) <= 118 for line in text.splitlines())


def test_families_are_named_as_statements_name_them() -> None:
    """Before, what stands for NAME in z_NAME was in the declaration alone."""
    assert gr.describe("pegr").families == (
        ("mu", "in all", "gamma, z_mu, b_mu [t,j,r]; G_mu_mu []; G_mu_xi [i]"),
        ("xi", "an example", "rho, z_xi, b_xi [t,j,r,i]; G_xi_mu [i]; G_xi_xi [i,i2]"))
    assert gr.describe("fomaml").families[1][2] == (
        "rho, z_xi, b_xi [t,j,r,task,i]; G_xi_nu_k [task,i,task2]; G_xi_xi [task,i,task2,i2]")
    assert gr.describe("heterogeneous").families[0][2] == "gamma, z_u, b_u [t,k,r,l]; G_u_u [l,l2]; G_u_xi [l,i]"
    assert "families of directions" in str(gr.describe("pegr"))


def test_every_variable_is_shown_with_its_indices(capsys: pytest.CaptureFixture[str]) -> None:
    """Before, those of what is of no family stood in docs/lemmas.md alone, and of a model of one's own nowhere."""
    text = str(gr.describe("heterogeneous"))
    for name, shown in {"loss": "[t]", "q": "[t,class,bin]", "rho": "[t,k,r,i]", "Gamma_kj": "[k,class]"}.items():
        assert re.search(rf"^{name} +{re.escape(shown)} ", text, re.MULTILINE), name
    assert re.search(r"^class +class, from 0; l in statements$", text, re.MULTILINE)
    assert re.search(r"^own +\[k,i\] +1 where", text, re.MULTILINE) and not re.search(r"^j +", text, re.MULTILINE)
    assert main(["describe", "fomaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    indices = {each["name"]: each["dims"] for each in told["variables"]}
    assert indices["margins"] == ["t", "task", "i"] and indices["Lambda"] == ["t", "j"]
    assert [name for name, _ in told["indices"]] == ["t", "task", "i", "j", "r"]
    assert {each["name"]: each["dims"] for each in told["spoken"]}["own"] == ["j", "task", "i"]


def test_what_a_parameter_may_be_is_what_is_taken() -> None:
    found = {each.name: each for each in gr.describe("pegr").parameters}
    assert found["sigma_0"].allowed == "a finite number above 0" and found["sigma_p"].default == "0.5"
    with pytest.raises(gr.InputError, match="expected a finite number above 0"):
        parameters.resolve(settings.resolve("pegr").factory, {"sigma_0": 0})


def test_a_parameter_has_the_papers_symbol() -> None:
    """Fails where one reads n_train and eta_inner, and the paper's n_1 and gamma stand nowhere."""
    text = str(gr.describe("fomaml"))
    assert re.search(r"^n_train +n_1 +5 ", text, re.MULTILINE) and re.search(r"^eta_inner +gamma +0.001 ", text,
                                                                             re.MULTILINE)
    assert re.search(r"^mu_norm +\|\|mu\|\| +1 ", str(gr.describe("pegr")), re.MULTILINE)


def lines_of(about: Description) -> list[ParameterLine | VariableLine]:
    """Everything on a page that has a name and a symbol."""
    return [*about.parameters, *about.variables, *about.events]


@pytest.mark.parametrize("name", PAPERS)
def test_no_two_things_share_a_name_or_a_symbol(name: str) -> None:
    """Nor has one the other's: PEGR's T_1 was a hitting time and a formula, its alpha a rate and a slack."""
    about, paper = gr.describe(name), PAPERS[name]
    assert paper.statements is not None and paper.conditions is not None
    lines = lines_of(about)
    named = [*(each.name for each in lines), *(scalar for scalar, _ in about.scalars),
             *(each.name for each in paper.statements.quantities), *(each.name for each in paper.conditions.parameters)]
    assert max(Counter(named).values()) == 1, Counter(named).most_common(3)
    owner = dict(zip(named, named, strict=True))
    for each in lines:
        for said in {each.symbol, description._plainly(each.symbol)} - {""}:
            assert owner.setdefault(said, each.name) == each.name, said


@pytest.mark.parametrize("name", PAPERS)
def test_the_letter_of_a_constant_is_one_thing_on_a_page(name: str) -> None:
    """FOMAML's C was a power, a factor, and a floor of Appendix F."""
    about = gr.describe(name)
    lines = lines_of(about)
    roles = {
        "a variable": any(each.name == "C" or re.match(r"C\b|C_i", each.symbol) for each in lines),
        "a clause's constant": any(re.search(r"\bC\b", title) for title in about.conditions),
        "what a source defines": any(re.search(r"\bC = |[{(]C,", each.source) for each in lines),
    }
    assert sum(roles.values()) <= 1, roles
    assert not any("C the power" in title or "factor C" in title for title in about.conditions)


@pytest.mark.parametrize("name", PAPERS)
def test_no_two_quantities_of_the_conditions_share_a_name(name: str) -> None:
    """With one another, where both are of one run, with a parameter, or with the constant C."""
    conditions = PAPERS[name].conditions
    assert conditions is not None
    own = [(each.name, each.only) for each in conditions.quantities]
    assert max(Counter(own).values()) == 1
    taken = {each.name for each in (*PAPERS[name].factory().parameters, *conditions.parameters)} | {"C"}
    assert not taken & {quantity for quantity, _ in own}


def test_the_commands_that_it_names_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    verbs = {line.split()[1] for name in PAPERS for line, _ in gr.describe(name).verbs}
    assert verbs == {*_OF_A_SETTING, "figures", "errata"}  # before, gap was left out
    of_papers = {"list", "describe", "explain"}
    assert verbs | of_papers == {name for name in app if not name.startswith("-")}
    (line,) = [line for line, _ in gr.describe("pegr").verbs if line.split()[1] == "conditions"]
    assert main(line.split()[1:]) == 0 and "3.1" in capsys.readouterr().out


def test_a_model_of_ones_own_has_what_stands_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from derivations.papers.pegr.model import model as pegr\n"
        "from dataclasses import replace\n"
        "from derivations.declare import Statement, Statements, Parameter\n"
        "def model():\n"
        "    base = pegr('none')\n"
        "    own = Parameter(name='extra', latex='x', meaning='mine', kind='real', default=1.0)\n"
        "    return replace(base, name='mine', parameters=(*base.parameters, own))\n"
        "STATEMENTS = Statements(paper='mine', statements=(\n"
        "    Statement(id='own', kind='inequality', claim='loss >= 0'),))\n"
    )
    found = gr.describe(f"{file}:model")
    assert found.setting == "mine"  # before, "model", where run and check say "mine"
    assert [each.id for each in found.statements] == ["own"] and not found.presets and not found.figures
    assert found.parameters[-1].name == "extra" and found.parameters[-1].source == ""
    assert (f"gammarho check {file}:model --steps 100", "lemmas and theorems against runs") in found.verbs
    line = f"gammarho phase {file}:model --x n=10,20,40 --steps 100"
    assert (line, "a phase diagram, over any parameters") in found.verbs
    assert not any(line.split()[1] in ("errata", "figures") for line, _ in found.verbs)


def test_statements_may_stand_in_a_plain_tuple(tmp_path: Path) -> None:
    """`check` took them so, and the description left them out."""
    file = tmp_path / "mine.py"
    file.write_text(
        "from dataclasses import replace\n"
        "from derivations.declare import Statement\n"
        "from derivations.papers.pegr.model import model as pegr\n"
        "model = replace(pegr('none'), name='mine')\n"
        "STATEMENTS = (Statement(id='own', kind='inequality', claim='loss >= 0'),)\n"
    )
    found = gr.describe(f"{file}:model")
    assert [each.id for each in found.statements] == ["own"]
    assert "as declared: check is what reads their formulas" in str(found)  # a misspelt one is shown without a word


def test_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text and title in text for name, title in description.listed())
    assert main(["list", "--json"]) == 0
    assert [each["setting"] for each in json.loads(capsys.readouterr().out)] == list(PAPERS)


def test_it_is_printed_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "fomaml"]) == 0
    assert capsys.readouterr().out.strip() == str(gr.describe("fomaml")).strip()
    assert main(["describe", "fomaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {each["name"]: each["source"] for each in told["parameters"]}["eta"].startswith("Section 5")
    assert main(["describe", "fomal"]) == 2 and "did you mean 'fomaml'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run", "pegr", "--help"], ["phase", "pegr", "-h"]])
def test_help_of_a_verb_on_a_setting_shows_its_parameters(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "--steps INT" in text and "noise standard deviation" in text and "sigma_p" in text
    assert main([words[0], "--help"]) == 0
    assert "noise standard deviation" not in capsys.readouterr().out


def test_tables_as_text_and_as_html() -> None:
    sections = [Section("one", ("a", "b"), (("<x>", "long " * 40),), "under it"), Section("two", ("",), (("[b]",),))]
    text = as_text("head", sections, 60)
    assert text.splitlines()[0] == "head" and max(map(len, text.splitlines())) <= 60
    assert "<x>" in text and "[b]" in text and "under it" in text
    shown = as_html("head", sections)
    assert "&lt;x&gt;" in shown and "<x>" not in shown and shown.count("<table>") == 2
    assert gr.describe("pegr")._repr_html_().count("<table>") >= 5


def test_the_front_page_says_how_a_setting_is_found() -> None:
    text = README.read_text(encoding="utf-8")
    assert "gammarho list" in text and "gammarho describe" in text
