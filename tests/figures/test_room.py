"""Room: no word of a picture is cut at the widths that it takes, others are refused; what a run's picture says."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

import gammarho as gr
from figures import style
from figures.page import page
from figures.printed import Printed, printed, words
from figures.save import laid_out
from gammarho.cli import main
from tests.helpers.slowly import one_in


def boxes(figure: Figure) -> tuple[Bbox, list[Bbox], list[Bbox]]:
    """The page, where titles and legends stand on it, and its panels and bars with all that is around them."""
    with style.context(), laid_out(figure):
        parts: list[Any] = [figure, *figure.subfigs]
        legends = [each.get_window_extent() for part in parts for each in part.legends]
        titles = [each._suptitle.get_window_extent() for each in parts if each.get_suptitle()]
        panels = [found for axes in figure.axes if (found := axes.get_tightbbox()) is not None]
        return figure.bbox.frozen(), [*titles, *legends], panels


SAMPLES: dict[str, Any] = {
    "curve": {"x": "lam=0.1,0.2,0.4"}, "choices": {"x": "regularizer=none,pegr,fgr"},
    "map": {"x": "lam=0.01:1:3:log", "y": "sigma_p=0.1:1:3"},
    "panels": {"x": "lam=0.01:1:3:log", "y": "sigma_p=0.1:1:3", "z": "d=20:80:4"},
}


@pytest.mark.parametrize(("kind", "width"), one_in(2, [
    *((kind, width) for kind in ("curve", "choices", "map") for width in (3.25, 3.0, 4.5, 5.5, None)),
    ("panels", 5.4), ("panels", None),
]))
def test_no_word_of_a_picture_is_cut_at_any_width_that_it_takes(kind: str, width: float | None) -> None:
    """Before, at 3.25 inches title, ticks and legend were, and one panel's bar lay over the next."""
    names = ("T_1_noise", "loss")
    data = gr.phase("pegr", n=4, m=2, **SAMPLES[kind], steps=2, seeds=2, progress=False, observable=names)
    data["status"].values.flat[0] = "diverged"
    several: dict[str, Any] = {} if kind == "choices" else {"curves": ["lam = m/(sigma_p**2*n)*5e-3+log(2)"]}
    for name in names:
        figure = gr.plot(data, observable=name, width=width, feasible=1, **several)
        ends, around, parts = boxes(figure)
        assert len(around) == 2
        for box in [*around, *parts]:
            assert box.x0 >= ends.x0 - 1 and box.x1 <= ends.x1 + 1 and box.y0 >= ends.y0 - 1 and box.y1 <= ends.y1 + 1
        for one, other in itertools.combinations(parts, 2):
            shared = Bbox.intersection(one, other)
            assert shared is None or min(shared.width, shared.height) < 2


def test_headings_of_panels_do_not_meet() -> None:
    """Before, at 4.5 inches "regularizer = pegr" ran into "regularizer = fgr"."""
    grid: dict[str, Any] = {**SAMPLES["panels"], "z": "regularizer=pegr,fgr,none"}
    data = gr.phase("pegr", n=4, m=2, **grid, steps=1, seeds=2, progress=False)
    for width in (4.3, 4.5, None):
        figure = gr.plot(data, width=width)
        with style.context(), laid_out(figure):
            titles = [axes.title for axes in figure.axes if axes.get_title()]
            assert len(titles) == 6
            assert [" ".join(each.get_text().split()) for each in titles[:2]] == ["regularizer = pegr",
                                                                                  "regularizer = fgr"]
            for one, other in itertools.combinations([each.get_window_extent() for each in titles], 2):
                assert Bbox.intersection(one, other) is None


def test_a_width_at_which_words_are_cut_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulate.phase.phase.fill", lambda *_: pytest.fail("it has been run"))
    words = ["phase", "pegr", "--steps", "2", "--out", str(tmp_path / "a.png"), "--x", SAMPLES["map"]["x"]]
    deep = ["--y", "sigma_p=0.1:1:3", "--z"]
    for more, said in (
        ([*deep, "d=20:80:4", "--width", "9cm"], "width: 3.543 inches, at which words of this picture are cut; "
         "expected at least 5.4, so give 5.4in, or fewer panels"),
        (["--width", "2in"], "expected at least 3, so give 3in"),
        ([*deep, "d=20:80:13"], "grid: 13 values of d, a panel each; a picture has room for 12"),
    ):
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
    with pytest.raises(gr.InputError, match=r"expected at least 4, so give 4in$"):
        gr.figures("pegr", out=tmp_path / "figures", width="3.25in")
    with printed(Printed(width=3.25)), pytest.raises(gr.InputError, match=r"expected at least 5\.4"):
        page("a title", 2.0, 0, ())  # of a figure that fills a page


def test_a_picture_that_cannot_be_drawn_leaves_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before, what only the grid tells of a picture lost all that had been run."""
    words = ["phase", "pegr", "--x", "lam=0.1,0.2", "n=4", "m=2", "d=20", "--steps", "2", "--seeds", "1"]
    outs = ["--out", str(tmp_path / "a.png"), "--out", str(tmp_path / "a.csv")]
    assert main([*words, *outs, "--curve", "lam = log(-sigma_p)"]) == 2
    shown = capsys.readouterr()
    assert "has a value nowhere in the picture" in shown.err and "lam test_error" in shown.out
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_run_s_picture_says_what_diverged_and_what_was_stopped() -> None:
    """Before, a level line was all that told of a seed that was stopped, and a line that was not there of one lost."""
    stopped = gr.run("pegr", eta=0.2, lam=0.01, n=8, steps=80, seeds=3, until={"loss": 0.1})
    ends = stopped["stopped"].values.tolist()
    assert min(ends) > 0
    said = " ".join(words(gr.plot(stopped)).split())
    assert "Stopped, from where a line goes on level: " in said
    assert all(f"seed {seed} at step {end}" in said for seed, end in enumerate(ends))
    figure = gr.plot(gr.run("pegr", eta=0.2, lam=0.01, n=8, steps=80, until={"loss": 0.1}))
    assert f"Stopped at step {ends[0]}." in words(figure)
    assert "until the first t with loss <= 0.1" in figure.subfigs[0].get_suptitle()
    lost = gr.run("pegr", eta=0.2, lam=6, sigma_p=0.7, steps=200, seeds=5)
    which = [seed for seed in range(5) if lost["status"].values[seed] == "diverged"]
    assert 0 < len(which) < 5
    figure = gr.plot(lost)
    assert f"{len(which)} of 5 seeds diverged, so that no line is theirs: seed {which[0]}" in words(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert [label.endswith(", diverged") for label in labels] == [seed in which for seed in range(5)]


@pytest.mark.parametrize(("plot", "said"), [
    ("rho_over[i=99]", "plot: 'rho_over[i=99]' asks for i=99; expected 0, 1, 2, ..., 59"),
    ("rho_over[q=1]", "plot: 'rho_over[q=1]' picks from the axis 'q'"),
    ("rho", "plot: 'rho' is 1200 lines, and a panel has room for 400"), ("gamma:foo", "plot: 'gamma:foo' has the rule"),
])
def test_a_run_s_picture_is_refused_before_the_run(
    plot: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gammarho.report.as_text", lambda *_: pytest.fail("it has been run"))
    line = ["run", "pegr", "n=60", "--steps", "9", "--plot", plot, "--picture", str(tmp_path / "a.png")]
    assert main(line) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
