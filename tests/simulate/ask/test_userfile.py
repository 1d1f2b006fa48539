"""A user's file or function that raises, or ends the program, is one sentence with file and line; never a success."""

from __future__ import annotations

import subprocess
import sys
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


PARTS = """\
from dataclasses import replace
from derivations.papers.pegr.model import model as pegr
WIDTH = {0}
def named(name):
    from parts.names import title  # when it is called
    return replace(pegr(), name=name, title=title() + " " + str(WIDTH))
"""


def beside_a_file(folder: Path, width: int) -> str:
    """A file whose model is made of two neighbours: a module, and a package that is imported as its function runs."""
    (folder / "parts").mkdir(parents=True)
    if width < 10:  # else a folder that is a package without saying so
        (folder / "parts" / "__init__.py").write_text("")
    (folder / "wave").mkdir()  # which is none beside the installed one
    (folder / "parts" / "names.py").write_text(f"def title():\n    return 'of {folder.name}'\n")
    (folder / "layers.py").write_text(PARTS.format(width))
    (folder / "own.py").write_text("from wave import open\nfrom layers import named\n"
                                  "model = lambda: named('own')\n")
    return f"{folder / 'own.py'}:model"


def test_a_file_imports_its_neighbours_as_a_script_does(tmp_path: Path) -> None:
    """Fails where a file finds nothing beside it, or what stands beside another, or what stood there before."""
    one, two = beside_a_file(tmp_path / "one", 1), beside_a_file(tmp_path / "two", 20)
    first, second = resolve(one), resolve(two)
    titles = [models.build(each.factory, {}).title for each in (first, second, first)]
    assert titles == ["of one 1", "of two 20", "of one 1"]
    (tmp_path / "one" / "layers.py").write_text(PARTS.format(300))  # somebody goes on writing
    assert models.build(resolve(one).factory, {}).title == "of one 300"
    assert str(tmp_path / "one") not in sys.path and not any(type(each).__name__ == "_Beside" for each in sys.meta_path)
    (tmp_path / "own.py").write_text("import names\nmodel = 1\n")
    with pytest.raises(InputError, match=r"own\.py' raised ModuleNotFoundError at line 1: No module named 'names'"):
        resolve(f"{tmp_path / 'own.py'}:model")  # which stands in no folder of its own


def test_a_model_of_a_neighbour_imports_as_the_file_that_brings_it(tmp_path: Path) -> None:
    beside_a_file(tmp_path / "one", 7)
    (tmp_path / "one" / "again.py").write_text("from functools import partial\nfrom layers import named\n"
                                               "def model():\n    return named('again')\n")
    (tmp_path / "one" / "third.py").write_text("from again import model\n")
    assert models.build(resolve(f"{tmp_path / 'one' / 'third.py'}:model").factory, {}).title == "of one 7"


def test_the_programs_own_packages_keep_their_names(tmp_path: Path) -> None:
    """Fails where a neighbour called figures is what the program draws with from then on."""
    (tmp_path / "figures.py").write_text("raise RuntimeError('a user\'s own')\n")
    (tmp_path / "own.py").write_text("import figures.style\nfrom derivations.papers.pegr.model import model\n")
    resolve(f"{tmp_path / 'own.py'}:model")
    program = "from simulate.ask.settings import resolve; import sys; resolve(sys.argv[1]); import figures.style"
    subprocess.run([sys.executable, "-c", program, f"{tmp_path / 'own.py'}:model"], check=True, timeout=120)
