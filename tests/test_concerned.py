"""Which tests a change concerns: those of its folder, those that import it, and the rules of the house."""

from __future__ import annotations

from tests.helpers.concerned import ALWAYS, concerned


def test_a_folder_concerns_the_tests_that_mirror_it() -> None:
    found = concerned(["simulate/phase"])
    names = ("axes", "boundary", "cluster", "grid_notes", "grid_store", "kept_points", "killed", "phase",
             "random_grids", "until", "widening")
    assert {ALWAYS, *(f"tests/simulate/phase/test_{name}.py" for name in names)} == set(found)


def test_a_module_concerns_the_tests_that_import_it_as_well() -> None:
    found = concerned(["simulate/run/record.py"])
    assert {"tests/simulate/run/test_run.py", "tests/settings/test_nearly_orthogonal.py"} <= set(found)


def test_a_folder_without_a_mirror_concerns_the_tests_of_the_one_above() -> None:
    assert "tests/derivations/test_notation.py" in concerned(["derivations/show/one_loop.py"])
    assert "tests/gammarho/test_cli.py" in concerned(["gammarho/verbs/run.py"])


def test_a_changed_test_concerns_itself() -> None:
    assert concerned(["tests/dynamics/test_gram.py"]) == ["tests/dynamics/test_gram.py", ALWAYS]
