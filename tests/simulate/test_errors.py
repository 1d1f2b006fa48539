"""The package's errors come out of a pickle as they went in: a worker process sends what it meets to its caller."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest

from simulate.errors import Diverged, StatementRefused, called

ROOT = Path(__file__).parents[2]
PACKAGES = ("derivations", "dynamics", "simulate", "figures", "gammarho")
GIVEN: dict[str, Any] = {"str": "why", "int": 7}


def declared() -> dict[str, str]:
    """The module of every exception class of the packages, by name: those that derive from one, however far up."""
    bases, homes = dict[str, list[str]](), dict[str, str]()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
                    homes[node.name] = ".".join(file.relative_to(ROOT).with_suffix("").parts)

    def raised(name: str, seen: tuple[str, ...] = ()) -> bool:
        builtin = getattr(__import__("builtins"), name, None)
        known = isinstance(builtin, type) and issubclass(builtin, BaseException)
        return known or any(base not in seen and raised(base, (*seen, name)) for base in bases.get(name, ()))

    return {name: home for name, home in homes.items() if raised(name)}


def made(kind: type[BaseException]) -> BaseException:
    """One, of words and numbers for what it takes."""
    takes = [] if kind.__init__ in (Exception.__init__, BaseException.__init__, ValueError.__init__,
                                    RuntimeError.__init__) else list(inspect.signature(kind).parameters.values())
    return kind(*(GIVEN[each.annotation] for each in takes)) if takes else kind("why")


@pytest.mark.parametrize(("name", "home"), declared().items())
def test_every_error_comes_whole_out_of_a_pickle(name: str, home: str) -> None:
    error = made(getattr(importlib.import_module(home), name))
    error.add_note("and where")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error) and str(again) == str(error) and again.args == error.args
        assert vars(again) == vars(error)


def test_the_errors_of_more_than_a_message_are_among_them() -> None:
    assert {"Diverged", "StatementRefused", "Unprinted", "InputError", "ModelError", "Stopped"} <= set(declared())
    far, refused = Diverged("too far", 12), StatementRefused("lemma", "no claim")
    assert pickle.loads(pickle.dumps(far)).step == 12 and str(far) == "too far"
    assert pickle.loads(pickle.dumps(refused)).id == "lemma" and str(refused) == "lemma: no claim"


def test_a_refusal_by_another_option_s_name_stays_what_it_is() -> None:
    with pytest.raises(StatementRefused) as renamed, called("out", "store"):
        raise StatementRefused("out", "no folder; give one")
    assert str(renamed.value) == "store: no folder; give one" and renamed.value.id == "out"
    with pytest.raises(StatementRefused, match=r"^other: as it is$"), called("out", "store"):
        raise StatementRefused("other", "as it is")
