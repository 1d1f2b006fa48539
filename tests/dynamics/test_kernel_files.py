"""Kernel files: one module for every thread, only text that was derived runs, compiled code is kept where it may be."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derivations import cache, known
from derivations.cache import cache_folder, kernel_folder, unfit
from derivations.declare import Model, Parameter
from derivations.derive import derive
from derivations.generate import write_for
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel import loading
from dynamics.kernel.loading import BESIDE, module_of, plain_module
from simulate.run import kernels

ROOT = Path(__file__).parents[2]
LOOSE = "can be written by other users"


def own(title: str = "Own", name: str = "own") -> Model:
    """A model that no shipped kernel was derived from."""
    return replace(pegr("none"), name=name, title=title)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and no note said yet."""
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(cache, "_SAID", set())
    return tmp_path / "cache"


# ---- one module for every thread ---------------------------------------------------------------------------


def test_a_module_is_handed_out_whole_to_every_thread(tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    file.write_text("import time\ntime.sleep(0.3)\ntimes = [0]\ndef run():\n    return 1\n", encoding="utf-8")
    start = threading.Barrier(16)

    def ask() -> Any:
        start.wait()
        return module_of(file), module_of(file).run()

    with ThreadPoolExecutor(16) as pool:
        found = [task.result() for task in [pool.submit(ask) for _ in range(16)]]
    assert len({id(module) for module, _ in found}) == 1 and {said for _, said in found} == {1}


def test_a_module_that_fails_is_not_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def run():\n    return 1\nraise RuntimeError('no')\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no"):
            module_of(file)
    assert "gammarho_kernel_broken" not in sys.modules


def test_the_variant_that_runs_is_loaded_before_threads_start() -> None:
    from derivations.papers.fomaml.model import model as fomaml

    asked: list[tuple[int, ...]] = []

    class Seen:
        def module(self, *sizes: int) -> None:
            asked.append(sizes)

        stepping = module

    kernels.ready(pegr("none"), Seen(), {"n": 120, "m": 5})  # type: ignore[arg-type]
    kernels.ready(fomaml(), Seen(), {"n": 4, "n_tasks": 10})  # type: ignore[arg-type]
    assert asked == [(121,), (121, 5), (50,), (50, 1)]  # what looks at states, and what advances them


@pytest.mark.slow
def test_a_grid_of_a_kernel_that_is_not_shipped_runs_in_threads(folder: Path) -> None:
    words = "phase heterogeneous K=6 n=120 m=4 d=500 --x eta=0.1:0.5:2 --y sigma_0=0.01:0.1:2 --steps 5 --seeds 2"
    done = program(*words.split(), "--workers", "16")
    assert done.returncode == 0 and "has no attribute" not in done.stderr, done.stderr


# ---- only what was derived runs ----------------------------------------------------------------------------


def damaged(text: str) -> list[str]:
    """A file's text, edited, emptied and cut short."""
    return [text.replace("y.size", "y.size + 1"), "", text[: len(text) // 2], "{}"]


@pytest.mark.slow
def test_a_cached_file_that_is_not_what_was_derived_is_written_anew(folder: Path) -> None:
    path = write_for(own())
    for file in (path, path.with_name(f"{path.stem}_blas.py"), path.with_suffix(".json")):
        right = file.read_text(encoding="utf-8")
        for wrong in damaged(right):
            file.write_text(wrong, encoding="utf-8")
            assert write_for(own()) == path and file.read_text(encoding="utf-8") == right
    assert [each.suffix for each in folder.iterdir() if each.suffix == ".part"] == []


@dataclass(frozen=True)
class Foreign(Parameter):
    """A declaration's class whose text is not gammarho's."""


def test_a_kernel_is_derived_once_and_found_by_its_declaration_and_the_program(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known.known(own()) is None
    path = write_for(own())
    assert known.known(own()) == path
    assert known.known(own(title="Another")) is None
    with monkeypatch.context() as changed:
        changed.setattr(known, "_program", lambda: "another text of what derives")
        assert known.known(own()) is None
    for file in (path, path.with_name(f"{path.stem}_blas.py"), path.with_suffix(".json")):
        right = file.read_text(encoding="utf-8")
        for wrong in {*damaged(right)} - {right}:
            file.write_text(wrong, encoding="utf-8")
            assert known.known(own()) is None
        file.write_text(right, encoding="utf-8")
    (note,) = folder.glob("*.known")
    for wrong in ("", "../own", path.stem + "0", "pegr_none_q2"):
        note.write_text(wrong, encoding="utf-8")
        assert known.known(own()) is None
    note.write_bytes(b"\xff")
    assert known.known(own()) is None and write_for(own()) == path and known.known(own()) == path
    folder.chmod(0o777)
    assert known.known(own()) is None


def test_a_declaration_of_classes_that_are_not_ours_is_derived_every_time(folder: Path) -> None:
    model = own()
    foreign = Foreign(name="extra", latex="e", meaning="no more than that", kind="real", default=1.0)
    model = replace(model, parameters=(*model.parameters, foreign))
    write_for(model)
    assert known.known(model) is None and not list(folder.glob("*.known"))


def test_sympy_is_asked_once_of_an_own_model(folder: Path) -> None:
    code = (
        "import sys; from benchmarks.own_model import model; from simulate.run.kernels import kernel_for; "
        "print(kernel_for(model).path.parent, 'sympy' in sys.modules)"
    )
    for derives in (True, False):
        told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert told.stdout.split() == [str(folder), str(derives)], told.stderr


def test_what_was_compiled_from_another_text_goes_with_it(folder: Path) -> None:
    path = write_for(own())
    compiled = path.parent / "__pycache__"
    compiled.mkdir()
    stale, other = compiled / f"{path.stem}.run-1.py311.nbi", compiled / "another.run-1.py311.nbi"
    for each in (stale, other):
        each.write_bytes(b".")
    assert write_for(own()) == path and stale.exists()
    path.write_text("", encoding="utf-8")
    assert write_for(own()) == path and not stale.exists() and other.exists()


def test_pythons_own_compiled_copy_of_a_file_is_not_run(tmp_path: Path) -> None:
    import py_compile

    file = tmp_path / "copied.py"
    file.write_text("value = 2\n", encoding="utf-8")
    py_compile.compile(str(file))
    stamp = file.stat()
    file.write_text("value = 1\n", encoding="utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as old and as long as the file that was compiled
    assert module_of(file).value == 1


def test_index_files_that_were_cut_short_are_dropped(tmp_path: Path) -> None:
    file, folder = tmp_path / "k.py", tmp_path / "__pycache__"
    folder.mkdir()
    for name, content in (("k.a.nbi", b""), ("k.b.nbc", b"abc"), ("k.c.nbi", b"abc."), ("other.a.nbi", b"")):
        (folder / name).write_bytes(content)
    loading.drop_damaged(file, BESIDE)
    assert sorted(each.name for each in folder.iterdir()) == ["k.c.nbi", "other.a.nbi"]


# ---- whose the folders are ---------------------------------------------------------------------------------


def test_the_cache_folder_is_made_for_its_owner_alone(folder: Path) -> None:
    assert kernel_folder() == folder and folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_is_not_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    for _ in range(2):
        path = write_for(own())
        assert path.parent != folder and path.parent.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []
    said = capsys.readouterr().err
    assert said.count("gammarho: note: ") == 1 and LOOSE in said and "chmod go-w" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    assert unfit(folder) == "belongs to another user" and kernel_folder() != folder
    os.chown(folder, 0, 0)
    assert kernel_folder() == folder


def test_a_place_that_cannot_be_a_folder_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write_text("a file", encoding="utf-8")
    assert write_for(own()).exists()
    assert f"the cache folder {folder} cannot be made" in capsys.readouterr().err


def test_a_full_disk_is_said_and_a_kernel_kept_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write, full = cache.write_whole, [folder]

    def writes(target: Path, content: bytes) -> None:
        if target.parent in full:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(target, content)

    monkeypatch.setattr(cache, "write_whole", writes)
    path = write_for(own())
    assert path.parent != folder and path.exists()
    assert f"the cache folder {folder} takes no kernel (No space left on device)" in capsys.readouterr().err
    path.unlink()
    full.append(path.parent)
    with pytest.raises(ValueError, match=r"^kernel of own: no folder takes it \(No space left on device\); free some"):
        write_for(own())


def test_the_cache_folders_name_may_start_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GAMMARHO_CACHE", "~/kernels")
    assert cache_folder() == tmp_path / "kernels"
    monkeypatch.delenv("GAMMARHO_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "gammarho"


def test_compiled_code_is_kept_in_a_folder_of_ours_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def place(name: str) -> loading.Place:
        at = tmp_path / name
        at.mkdir(exist_ok=True)
        return kernels._place(at / f"k{len(os.listdir(tmp_path))}.py")

    assert place("plain") == BESIDE and (tmp_path / "plain" / "__pycache__").stat().st_mode & 0o777 == 0o700
    for name, mode in (("shared", 0o777), ("group", 0o770)):
        (tmp_path / name / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "__pycache__").chmod(mode)
        assert place(name) == str(folder / "numba")
    assert (folder / "numba").stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(kernels, "numba_folder", lambda: str(tmp_path / "asked"))
    assert place("other") == str(tmp_path / "asked")
    (tmp_path / "asked").chmod(0o777)  # a pickle there may be anyone's
    assert place("another") == BESIDE
    monkeypatch.setattr(kernels, "numba_folder", lambda: "")
    (tmp_path / "sealed").mkdir()
    (tmp_path / "sealed" / "__pycache__").write_text("", encoding="utf-8")
    monkeypatch.setenv("GAMMARHO_CACHE", "/proc/nowhere/cache")
    assert place("sealed") is None
    assert "compiled kernels cannot be kept" in capsys.readouterr().err


SMALL = """
from dynamics.lazily import njit

@njit("float64(float64)", cache=True)
def run(x):
    return 2.0 * x
"""


def test_a_kernel_runs_uncached_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, home in (("HOME", "/proc/nowhere"), ("XDG_CACHE_HOME", "/proc/nowhere")):
        monkeypatch.setenv(name, home)
    (tmp_path / "small.py").write_text(SMALL, encoding="utf-8")
    (tmp_path / "__pycache__").write_text("", encoding="utf-8")
    assert module_of(tmp_path / "small.py").run(3.0) == 6.0  # "cannot cache function 'run'" otherwise
    assert "compiled code of small cannot be kept" in capsys.readouterr().err


def test_a_damaged_index_is_compiled_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.py").write_text(SMALL, encoding="utf-8")
    module_of(tmp_path / "first" / "same.py").run(1.0)  # it is compiled as it is called
    shutil.copytree(tmp_path / "first" / "__pycache__", tmp_path / "second" / "__pycache__")
    files = list((tmp_path / "second" / "__pycache__").glob("same.*.nb?"))
    for each in files:
        each.write_bytes(b"not a pickle.")
    assert files and module_of(tmp_path / "second" / "same.py").run(1.5) == 3.0
    assert capsys.readouterr().err == ""
    assert all(each.read_bytes() != b"not a pickle." for each in files)


def program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command line in a process of its own."""
    code = f"import sys; from gammarho.cli import main; sys.exit(main({list(words)!r}))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
def test_an_edited_kernel_in_the_cache_does_not_run(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from derivations.papers.pegr.model import model as pegr\nfrom dataclasses import replace\n"
                    "model = replace(pegr('none'), name='mine')\n", encoding="utf-8")
    words = ["run", f"{file}:model", "--steps", "3", "n=4", "m=2", "d=8", "--observables", "loss", "--json"]
    first = program(*words)
    path = next(each for each in folder.glob("mine_*.py") if not each.stem.endswith(("_blas", "_lanes")))
    source = path.read_text(encoding="utf-8")
    assert "risk[t] = total / y.size" in source
    path.write_text(source.replace("risk[t] = total / y.size", "risk[t] = 2.0 * total / y.size"), encoding="utf-8")
    second = program(*words)
    assert first.returncode == second.returncode == 0 and first.stdout == second.stdout
    for each in (folder / "__pycache__").glob("mine_*.nb?"):
        each.write_bytes(each.read_bytes()[:100])
    path.write_text("", encoding="utf-8")
    third = program(*words)
    assert third.returncode == 0 and third.stdout == first.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False])
def test_a_shipped_setting_runs_where_package_and_home_cannot_be_written(tmp_path: Path, kept: bool) -> None:
    for name in ("derivations", "dynamics", "simulate", "gammarho", "figures"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dynamics" / "generated" / "__pycache__").write_text("", encoding="utf-8")
    where = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere", "PYTHONPATH": str(tmp_path)}
    where["GAMMARHO_CACHE"] = str(tmp_path / "cache") if kept else "/proc/nowhere/cache"
    code = "import sys, dynamics, gammarho.cli as c; print(dynamics.__file__); sys.exit(c.main(sys.argv[1:]))"
    words = ["run", "pegr", "--steps", "3", "n=4", "m=2", "d=8", "--observables", "loss"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path,
                          check=False, env={**os.environ, **where})
    assert done.returncode == 0 and str(tmp_path) in done.stdout.splitlines()[0], done.stderr
    assert done.stderr.count("gammarho: note: compiled kernels cannot be kept") == (not kept)
    assert kept == any((tmp_path / "cache").rglob("*.nbi"))


# ---- nothing that was declared executes --------------------------------------------------------------------

TITLES = ['x"""\nraise SystemExit("ran")\n"""', 'ends in "', "ends in \\", r"\x \u12 \N{no} {0}", "nul \0, feed \f\r",
          "é “q”", "\ud800", '""""""', "cache=True"]


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_a_title_is_text_in_the_kernel_whatever_it_holds(title: str) -> None:
    recursion = derive(own(title))
    source = recursion.kernel_source()
    source.encode("utf-8")
    module = plain_module(source, "titled")
    assert module.__doc__ is not None and title.split("\n", maxsplit=1)[0].strip() in module.__doc__
    assert np.isfinite(module.loss_0(0.0)) and "\r" not in source and "\0" not in source


def test_texts_of_a_declaration_reach_its_description_as_they_are(folder: Path) -> None:
    model = own('a"""\\x\n')
    first = replace(model.parameters[0], meaning='"""\\', latex="\\n\n", source='"')
    model = replace(model, parameters=(first, *model.parameters[1:]))
    path = write_for(model)
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["model"]
    assert told["title"] == model.title and told["parameters"][0]["meaning"] == first.meaning
    assert path.parent == folder and path.name.startswith("own_")


def test_a_models_name_is_no_pattern_of_shipped_files() -> None:
    for name in ("peg", "pegr_none_q2", "p"):
        assert kernels._shipped(own(name=name)) is None
    assert kernels._shipped(pegr("none")) is not None


TWO = """
from dynamics.lazily import njit

@njit("float64(float64)", cache=True)
def twice(x):
    return 2.0 * x

@njit("float64(float64)", cache=True)
def run(x):
    return twice(x) + 1.0

@njit("float64(float64)", cache=True)
def never(x):
    return nothing(x)
"""


def test_a_function_is_compiled_when_it_is_called(tmp_path: Path) -> None:
    """All of a kernel was compiled as it was loaded; what nobody calls need not even compile."""
    (tmp_path / "two.py").write_text(TWO, encoding="utf-8")
    module = module_of(tmp_path / "two.py")
    kept = tmp_path / "__pycache__"
    assert not kept.exists() or not list(kept.glob("two.*.nbi"))
    assert module.run(1.0) == 3.0  # and what it calls, which waited as well
    assert sorted(each.name.split("-")[0] for each in kept.glob("two.*.nbi")) == ["two.run", "two.twice"]


INNER = """
from dynamics.lazily import njit

@njit(cache=True)
def half(x):
    return x / 2.0

@njit("float64(float64)", cache=True)
def run(x):
    return half(x) + 1.0
"""


@pytest.mark.parametrize("warm", [False, True])
def test_what_kernels_alone_call_is_refused_from_python_in_a_sentence(tmp_path: Path, warm: bool) -> None:
    """Before, the call went to address 0 and ended the process, with what a cold or a warm cache had compiled."""
    (tmp_path / "inner.py").write_text(INNER, encoding="utf-8")
    module = module_of(tmp_path / "inner.py")
    if warm:
        assert module.run(1.0) == 1.5
    with pytest.raises(TypeError, match=r"half is compiled for kernels to call; from Python call half\.py_func"):
        module.half(2.0)
    assert module.half.py_func(2.0) == 1.0 and module.run(3.0) == 2.5
