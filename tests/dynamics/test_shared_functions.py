"""A function that several kernels have word by word is compiled once in a process; one that differs is its own."""

from __future__ import annotations

import dis
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from numba.core import event

from dynamics import lazily
from dynamics.kernel.loading import GENERATED, _execute, module_of, remember
from dynamics.lazily import _looked_up
from dynamics.linked import KNOWN

HEAD = "from math import sqrt\nfrom dynamics.lazily import njit\n\n"
KERNEL = HEAD + """
SCALE = 2.0

@njit(error_model="numpy")
def inner(x):
    return x * SCALE

@njit(error_model="numpy")
def part(x):
    return inner(x) + 0.0

@njit("float64(float64)", error_model="numpy")
def run(x):
    return part(x)
"""


class Compiled(event.Listener):
    """The names of functions that Numba compiles, in order of their beginning."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, event: event.Event) -> None:
        self.names.append(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: event.Event) -> None:
        """Nothing is asked of it."""


@pytest.fixture
def compiled() -> Iterator[list[str]]:
    listener = Compiled()
    with event.install_listener("numba:compile", listener):
        yield listener.names


def written(folder: Path, name: str, text: str) -> ModuleType:
    """A kernel of this text, in a file of its own, whose compiled code is not kept."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    remember(path, None)
    return module_of(path)


def test_what_kernels_have_in_common_is_compiled_once(tmp_path: Path, compiled: list[str]) -> None:
    first, second = (written(tmp_path, name, KERNEL) for name in ("first", "second"))
    assert first.part is second.part and first.inner is second.inner
    assert first.run(1.5) == second.run(1.5) == 3.0
    assert sorted(compiled) == ["inner", "part", "run", "run"]


def test_a_number_that_stands_in_a_call_is_compiled_as_any_other(tmp_path: Path, compiled: list[str]) -> None:
    text = HEAD + """
@njit(error_model="numpy")
def inner(x, at):
    return x + at

@njit("float64(float64, int64)", error_model="numpy")
def run(x, at):
    return inner(x, 1) + inner(x, at=2) + inner(x, at)
"""
    assert written(tmp_path, "literals", text).run(0.5, 4) == 8.5
    assert sorted(compiled) == ["inner", "run"]


@pytest.mark.skipif(not KNOWN, reason="another Numba than the one whose insides are known")
def test_what_is_called_is_linked_in_and_is_no_machine_code_of_its_own(tmp_path: Path) -> None:
    text = KERNEL.replace("    return x * SCALE", """    if x < 0.0:
        raise ValueError("x", x)
    return x * SCALE""")
    kernel = written(tmp_path, "linked", text)
    assert kernel.run(1.5) == 3.0
    with pytest.raises(ValueError, match=r"'x', -1.0"):
        kernel.run(-1.0)  # what an error holds is put together with the environment of the function that raises it
    for helper in (kernel.inner, kernel.part):
        (compiled,) = helper.overloads.values()
        assert not compiled.library._codegen._engine.is_symbol_defined(compiled.fndesc.mangled_name)
        with pytest.raises(TypeError, match="for kernels to call"):
            helper(1.5)


@pytest.mark.parametrize(("text", "at", "value"), [
    (KERNEL.replace("SCALE = 2.0", "SCALE = 3.0"), 1.5, "4.5"),  # what it names is another number
    (KERNEL.replace("inner(x) + 0.0", "inner(x) + -0.0"), -0.0, "-0.0"),  # equal numbers, but not to the last bit
    (KERNEL.replace("x * SCALE", "sqrt(x) * SCALE"), 4.0, "4.0"),  # what it calls differs
    (KERNEL.replace("SCALE = 2.0", "SCALE = True"), 1.5, "1.5"),
    (KERNEL.replace("x * SCALE", "SCALE * x"), 1.5, "3.0"),
], ids=["constant", "sign of zero", "another callee", "type of a constant", "order"])
def test_what_differs_at_all_is_compiled_for_itself(tmp_path: Path, text: str, at: float, value: str) -> None:
    first, other = written(tmp_path, "first", KERNEL), written(tmp_path, "other", text)
    assert other.part is not first.part
    first.run(at)  # whichever is compiled first
    assert repr(other.run(at)) == value


def test_a_zero_of_another_sign_is_another_number(tmp_path: Path) -> None:
    text = KERNEL.replace("inner(x) + 0.0", "inner(x)")
    first, other = (written(tmp_path, sign, text.replace("2.0", f"{sign}0.0")) for sign in ("+", "-"))
    assert first.inner is not other.inner
    assert (repr(first.run(1.0)), repr(other.run(1.0))) == ("0.0", "-0.0")


def test_options_are_part_of_what_is_said(tmp_path: Path) -> None:
    """Under Python's error model a division by 0 raises, under NumPy's it is inf."""
    text = KERNEL.replace("x * SCALE", "SCALE / x")
    first = written(tmp_path, "first", text)
    other = written(tmp_path, "other", text.replace("numpy", "python"))
    assert first.inner is not other.inner and first.run(0.0) == float("inf")
    with pytest.raises(ZeroDivisionError):
        other.run(0.0)


def test_a_function_that_names_what_comes_further_down_is_its_own(tmp_path: Path) -> None:
    """What that will be is not known yet: two kernels whose texts agree so far may differ there."""
    ahead = HEAD + """
@njit(error_model="numpy")
def part(x):
    return later(x)

@njit(error_model="numpy")
def later(x):
    return x + 1.0

@njit("float64(float64)", error_model="numpy")
def run(x):
    return part(x)
"""
    first, other = written(tmp_path, "first", ahead), written(tmp_path, "other", ahead.replace("1.0", "2.0"))
    assert first.part is not other.part
    assert (first.run(1.0), other.run(1.0)) == (2.0, 3.0)


def test_shipped_kernels_on_lanes_share_the_coupling(tmp_path: Path) -> None:
    """Its blocks are the most of what these kernels have in common, two seconds of compiling each time."""
    first, second = (GENERATED / f"pegr_{name}_lanes.py" for name in ("none_q2", "pegr_q3"))
    for path in (first, second):
        remember(path, None)
    one, other = (_execute(path, cached=False) for path in (first, second))
    for name in ("couple", "rows_3", "follow_and_mark", "pack", "led", "colour", "finite", "follow"):
        assert getattr(one, name) is getattr(other, name), name
    assert one.plain_gradient is not other.plain_gradient and one.run is not other.run


def _of_many_names(count: int) -> Callable[..., object]:
    """A function that looks up so many names, calls each and reads an attribute of it."""
    scope: dict[str, Callable[..., object]] = {}
    exec("def many(x):\n" + "".join(f"    x = n{at}(x, n{at}.a{at})\n" for at in range(count)), scope)
    return scope["many"]


@pytest.mark.parametrize("count", [1, 100, 200, 40_000])  # arguments of one byte, of two and of three
def test_what_code_looks_up_is_what_python_says(count: int) -> None:
    code = _of_many_names(count).__code__
    said = [each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    assert _looked_up(code) == said
    assert set(said) == {f"n{at}" for at in range(count)}


def in_a_thread(work: Callable[[], object]) -> None:
    """Does the work in another thread, which has to end while this one holds what it holds."""
    done = threading.Event()

    def run() -> None:
        work()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(30.0), "it waits for this thread"


def test_functions_are_declared_while_somebody_compiles(tmp_path: Path) -> None:
    """Who compiles may import a kernel's module that another thread is importing, and waits for that one's end."""
    with lazily._LOCK:  # as `Lazily.compiled` holds it
        in_a_thread(lambda: written(tmp_path, "declared", KERNEL))


@pytest.mark.slow  # processes
def test_two_threads_load_two_settings_over_compiled_code(tmp_path: Path) -> None:
    """Of the same two locks, in processes of their own: without them a tenth of such starts did not end."""
    code = """
import threading, sys, gammarho as gr
runs = [lambda: gr.run("pegr", n=10, m=4, d=100, steps=3, seed=0),
        lambda: gr.run("heterogeneous", K=3, n=12, m=5, d=60, steps=3, init="gaussian")]
threads = [threading.Thread(target=run) for run in runs]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    environment = {**os.environ, "GAMMARHO_CACHE": str(tmp_path)}
    for _ in range(12):
        subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=240, capture_output=True)


def test_where_compiled_code_is_kept_is_one_thread_s_at_a_time(tmp_path: Path) -> None:
    before, kept, leave = lazily.numba_folder(), threading.Event(), threading.Event()
    seen: list[str] = []

    def keeping() -> None:
        with lazily.kept_in(str(tmp_path)):
            kept.set()
            leave.wait(30.0)
            seen.append(lazily._folder_now())

    def asking() -> None:
        seen.append(lazily.numba_folder())
        with lazily.kept_in(str(tmp_path / "other")):
            seen.append(lazily._folder_now())

    threads = [threading.Thread(target=each, daemon=True) for each in (keeping, asking)]
    threads[0].start()
    assert kept.wait(30.0)
    threads[1].start()
    threads[1].join(0.2)
    leave.set()
    for thread in threads:
        thread.join(30.0)
    assert seen == [str(tmp_path), before, str(tmp_path / "other")] and lazily.numba_folder() == before


OTHERS = """
import sys
from pathlib import Path
from dynamics.kernel.loading import BESIDE, module_of, remember

loaded = [Path(word) for word in sys.argv[1].split(",")]
for path in loaded:
    remember(path, BESIDE)
    module_of(path)
for word in sys.argv[2].split(","):
    kernel = module_of(Path(word))
    try:
        kernel.run(-1.0)
    except ValueError as error:
        print(kernel.run(1.5), error)
"""


def test_kept_code_that_holds_another_kernel_s_functions_needs_no_kernel_but_its_own(tmp_path: Path) -> None:
    """Of three that share functions, as a model's before and after a change do: the first is not there any more.

    Its module had been imported, so that what was kept was compiled again, or nothing was kept, and a note said so.
    """
    inner = """
@njit(cache=True)
def inner(x):
    if x < 0.0:
        raise ValueError("below", x)
    return x * 2.0
"""
    outer = """
@njit(cache=True)
def outer(x):
    return inner(x) + 1.0
"""
    run = """
@njit("float64(float64)", cache=True)
def run(x):
    return {0}(x) + {1}
"""
    both = HEAD + inner + outer
    texts = {"first": HEAD + inner + run.format("inner", "0.0"), "second": both + run.format("outer", "1.0"),
             "third": both + run.format("outer", "2.0")}
    files = {name: tmp_path / f"{name}.py" for name in texts}
    for name, path in files.items():
        path.write_text(texts[name], encoding="utf-8")

    def called(loaded: list[str], ran: list[str]) -> list[str]:
        words = [",".join(str(files[name]) for name in names) for names in (loaded, ran)]
        done = subprocess.run([sys.executable, "-c", OTHERS, *words], check=True, capture_output=True, text=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    said = "('below', -1.0)"
    assert called(["first", "second"], ["first", "second"]) == [f"3.0 {said}", f"5.0 {said}"]
    files["first"].unlink()
    kept = {each: each.read_bytes() for each in (tmp_path / "__pycache__").glob("second.*.nbc")}
    assert called(["second", "third"], ["third"]) == [f"6.0 {said}"]
    assert called(["second"], ["second"]) == [f"5.0 {said}"]
    assert kept and {each: each.read_bytes() for each in kept} == kept  # read, and not compiled anew
