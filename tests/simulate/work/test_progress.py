"""Long work says what it does, how far it is and how long it takes; a terminal is left as it was."""

from __future__ import annotations

import io
import threading
import time

import pytest

from simulate.work import progress as shown
from simulate.work.progress import TELLER, Teller, Work


@pytest.fixture
def teller(monkeypatch: pytest.MonkeyPatch) -> Teller:
    """One that is looked through by the test alone, with the waits that users see."""
    monkeypatch.setattr(Teller, "_watch", lambda _: None)
    monkeypatch.setattr(shown, "PATIENCE", 2.0)
    return Teller()


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_what_is_not_counted_says_what_it_is_and_how_long_it_lasts(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    with teller.telling(Work("gammarho derive pegr", began=100.0)), teller.telling(Work("deriving", began=103.0)):
        for now in (101.0, 107.0, 110.0, 112.5):
            teller.look(now)
    assert capsys.readouterr().err.splitlines() == [
        f"gammarho derive pegr: deriving, {many} s so far" for many in (4, 10)]


def test_what_is_counted_says_how_far_it_is_and_what_is_left(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    with teller.telling(Work("run", 111, "steps", began=0.0)) as work:
        teller.look(3.0)
        work.step()
        work.since = 3600.0  # an hour of compiling in the first piece is not an hour a step
        work.step(10)
        teller.look(3610.0)
    assert capsys.readouterr().err == "run: 0 of 111 steps, 3 s so far\nrun: 11 of 111 steps, 100 s left\n"


def test_a_compiled_function_is_told_beside_what_it_is_for(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    with teller.telling(Work("run", 10, "steps", began=0.0)):
        teller.compiling(Work("compiling run()", began=1.0, note=" (kept)"))
        teller.look(2.5)
        teller.look(8.0)
        teller.compiling(None)
        teller.look(14.0)
    assert capsys.readouterr().err.splitlines() == [
        "run: 0 of 10 steps, 2 s so far", "run: 0 of 10 steps, 8 s so far; compiling run(), 7 s so far (kept)",
        "run: 0 of 10 steps, 14 s so far"]


@pytest.mark.parametrize("derived", [False, True])
def test_what_is_compiled_or_derived_on_the_way_is_no_pace(
    derived: bool, teller: Teller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fails where an hour of compiling another kernel is taken for that of the pieces before or after it."""
    monkeypatch.setattr(shown, "TELLER", teller)
    now = [1.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with teller.telling(Work("runs", 40, "runs", began=0.0)) as work:
        work.step()
        now[0] = 2.0
        work.step(9)
        if derived:
            with shown.once("deriving"):
                teller.look(3600.0)
        else:
            teller.compiling(Work("compiling run()", began=2.0))
            teller.look(3600.0)
            teller.compiling(None)
        now[0] = 3601.0
        work.step()
        teller.look(3606.0)
        work.step(9)
        teller.look(3611.0)
    during, *after = capsys.readouterr().err.splitlines()
    assert during.startswith("runs: 10 of 40 runs, 60 min so far")
    assert after == ["runs: 11 of 40 runs, 60 min so far", "runs: 20 of 40 runs, 22 s left"]


def test_a_terminal_has_one_line_that_makes_way(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with teller.telling(Work("run", 4, "steps", began=0.0)) as work:
        work.step(2)
        for now in (1.0, 3.0, 3.5):
            teller.look(now)
    said = screen.getvalue()
    assert said.count("\r") == 3 and "\n" not in said and said.endswith("\r\x1b[K")
    assert "2 of 4 steps, 4 s so far" in said and all(len(line) <= 80 for line in said.split("\r"))
    teller.look(9.0)
    assert screen.getvalue() == said


def test_work_of_one_unit_is_counted_once_and_other_threads_are_silent() -> None:
    with shown.progress("outer", 4, "steps"), shown.progress("inner", 2, "steps") as step:
        step(2)
        assert [(each.label, each.done) for each in TELLER.under_way] == [("outer", 2)]
        with shown.progress("tries", 2, "tries"), shown.doing("judging"), shown.progress("hidden", 2, "x", show=False):
            assert [each.label for each in TELLER.under_way] == ["outer", "tries", "judging"]
            thread = threading.Thread(target=_elsewhere)
            thread.start()
            thread.join()
    assert TELLER.under_way == []


def _elsewhere() -> None:
    with shown.progress("elsewhere", 2, "cells"), shown.doing("elsewhere"):
        assert len(TELLER.under_way) == 3


@pytest.mark.parametrize("terminal", [False, True])
def test_short_work_says_nothing(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(shown, "PATIENCE", 2.0)
    with shown.progress("run", 4, "steps") as step:
        step(4)
        TELLER.look(time.monotonic())
    assert screen.getvalue() == ""
