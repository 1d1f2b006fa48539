"""A user's file or function that raises, or ends the program, is one sentence with file and line; never a success."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gammarho as gr
from derivations.papers.pegr.model import model as pegr
from gammarho import cli
from simulate.ask import models
from simulate.ask.settings import beside, resolve
from simulate.errors import InputError

QUITS = "(the file ends the program itself; take that out)"
FILES = {  # what stands in the file, by what is said of it; line 2 is at fault
    "loading '{0}' raised SystemExit at line 2: 0 " + QUITS: "import sys\nsys.exit(0)\n",
    "loading '{0}' raised SystemExit at line 2 " + QUITS: "\nraise SystemExit\n",
    "loading '{0}' raised RuntimeError at line 2: two lines": "\nraise RuntimeError('two\\nlines')\n",
    "loading '{0}' raised GeneratorExit at line 2": "\nraise GeneratorExit\n",
    "the function 'model' in '{0}' raised SystemExit at line 2: 0 " + QUITS: "def model():\n    raise SystemExit(0)\n",
    "the function 'model' in '{0}' raised KeyError at line 2: 'absent'": "def model():\n    return {}['absent']\n",
    "the function 'model' in '{0}' raised RecursionError at line 2": "def model():\n    return model()\n",
    "the function 'model' in '{0}' raised ModelError at line 2: Objective.loss: 'hinged'; expected one of":
        "from derivations.declare import Objective\nmodel = lambda: Objective(loss='hinged')\n"
        "model.__name__ = 'model'\n",
    "raised TypeError at line 2: RandomSign.__init__() got an unexpected keyword argument 'probability'; "
    "expected one of name, latex":
        "from derivations.declare import RandomSign\nRandomSign(name='s', probability=0.3)\n",
    "raised TypeError at line 2: Patch.__init__() got an unexpected keyword argument 'directon'; "
    "did you mean 'direction'?": "from derivations.declare import Patch\nPatch(directon='mu')\n",
    "PRESETS: 5 in {0}; expected a tuple of Preset": "model = lambda: 1\nPRESETS = 5\n",
    "PRESETS: ('paper',) in {0}; expected a tuple of Preset": "model = lambda: 1\nPRESETS = ('paper',)\n",
    "STRUCTURAL: ['q'] in {0}; expected values by parameter name": "model = lambda: 1\nSTRUCTURAL = ['q']\n",
}


@pytest.mark.parametrize("verb", ["validate", "run", "derive", "check"])
@pytest.mark.parametrize("said", FILES, ids=range(len(FILES)))
def test_what_a_users_file_raises_is_one_sentence_and_bad_input(
    verb: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.py"
    file.write_text(FILES[said], encoding="utf-8")
    assert cli.main([verb, f"{file}:model"]) == 2
    told = capsys.readouterr().err
    assert said.format(file) in told and told.count("\n") == 1 and "Traceback" not in told


def test_the_same_in_python(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("def model(q=2):\n    raise TypeError('odd')\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^setting: <class 'dict'>; expected a Model or a function that returns one"):
        gr.run(dict, steps=1)  # type: ignore[arg-type]
    function = resolve(f"{file}:model").factory
    for setting in (f"{file}:model", function):
        with pytest.raises(InputError, match=r"the function 'model' in '.*own\.py' raised TypeError at line 2: odd"):
            gr.run(setting, steps=1)  # type: ignore[arg-type]


def test_what_stands_beside_a_model_is_looked_for_in_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("import time\nmodel = lambda: 1\ntime.sleep(0.2)\nCONDITIONS = 'whole'\n", encoding="utf-8")
    setting = f"{file}:model"
    resolve(setting)
    with ThreadPoolExecutor(4) as pool:
        again = [pool.submit(resolve, setting) for _ in range(4)]
        time.sleep(0.05)
        assert beside(setting, "CONDITIONS") == "whole"  # while the others load the file anew
        assert all(each.result() for each in again)
    file.write_text("raise RuntimeError\n", encoding="utf-8")
    with pytest.raises(InputError, match="RuntimeError at line 1"):
        resolve(setting)
    assert beside(setting, "CONDITIONS") is None


def test_an_interrupt_in_a_users_file_stays_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.py"
    for text in ("raise KeyboardInterrupt\n", "def model():\n    raise KeyboardInterrupt\n"):
        file.write_text(text, encoding="utf-8")
        assert cli.main(["validate", f"{file}:model"]) == 130
        assert capsys.readouterr().err == "gammarho: interrupted\n"


def test_what_a_shipped_declaration_refuses_reads_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"^q: 1 is below 2"):
        models.build(pegr, {"q": 1})

    def defect(q: int = 2) -> None:
        raise KeyError(q)

    monkeypatch.setattr(defect, "__module__", "derivations.papers.pegr.model")
    with pytest.raises(KeyError):  # a defect of ours never looks like bad input
        models.build(defect, {})  # type: ignore[arg-type]
