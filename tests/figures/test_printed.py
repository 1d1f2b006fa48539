"""Figures for print: captions in the record and as LaTeX, pictures without them, widths, formats, what is absent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

import gammarho as gr
from derivations.papers.paper import PAPERS
from figures import style
from figures.page import page
from figures.printed import Printed, how, in_latex, printed
from figures.said import Made, Where
from figures.save import DPI, save
from figures.tabular import Tabular
from gammarho.cli import main

SAID = "Means of 3 draws, 95 % band; " * 5 + "$n=20$ and sigma_p < 1."


def written(folder: Path, as_asked: Printed) -> list[Path]:
    with printed(as_asked):
        sheet = page("a title", 2.0, 0, (Made(SAID), Where(False, "Not so.")))
        sheet.body.subplots().plot([0, 1], [0, 1])
        return save(sheet.close([], 1), folder, "it", {"command": "c"})


def height(path: Path) -> float:
    return float(matplotlib.image.imread(str(path)).shape[0])


def test_a_caption_is_in_the_record_and_in_latex(tmp_path: Path) -> None:
    paths = written(tmp_path, Printed())
    assert [path.name for path in paths] == ["it.png", "it.pdf", "it.json", "it.tex"]
    assert json.loads((tmp_path / "it.json").read_text())["caption"] == SAID
    assert json.loads((tmp_path / "it.json").read_text())["says"] == [{"says": SAID, "kind": "made"}]
    tex = (tmp_path / "it.tex").read_text()
    assert r"Means of 3 draws, 95 \% band; $n=20$ and sigma\_p $<$ 1.}" in tex
    assert r"\includegraphics[width=\linewidth]{it.pdf}" in tex and r"\label{fig:it}" in tex


def test_a_picture_without_its_caption_is_lower_and_keeps_its_words(tmp_path: Path) -> None:
    written(tmp_path / "with", Printed())
    written(tmp_path / "without", Printed(caption=False))
    tall, low = (height(tmp_path / each / "it.png") for each in ("with", "without"))
    assert low < tall - 40  # two lines at 200 dots an inch
    assert "95" in json.loads((tmp_path / "without" / "it.json").read_text())["caption"]


def test_a_width_and_formats_are_taken(tmp_path: Path) -> None:
    paths = written(tmp_path, how(True, "14cm", "png,svg"))
    assert [path.name for path in paths] == ["it.png", "it.svg", "it.json", "it.tex"]
    assert matplotlib.image.imread(str(paths[0])).shape[1] == pytest.approx(200 * 14 / 2.54, abs=2)
    assert "[width=5.51181in]" in (tmp_path / "it.tex").read_text()
    written(tmp_path / "later", Printed())  # nothing is left changed
    assert (tmp_path / "later" / "it.pdf").exists()


@pytest.mark.parametrize(("words", "said"), [
    (["--width", "wide"], "width: 'wide'; expected a length of 1 to 40 inches, such as 5.5in or 14cm"),
    (["--width", "0.1in"], "width: '0.1in'; expected a length"),
    (["--format", "gif"], "format: 'gif' is not a format"),
])
def test_what_is_no_width_or_format_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figures", "pegr", "signal", "--out", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize(("paper", "figure"), [
    ("pegr", "figure_5"), ("pegr", "figure_6"), ("heterogeneous", "figure_7"), ("fomaml", "table_5"),
])
def test_an_absent_figure_says_why(paper: str, figure: str) -> None:
    with pytest.raises(gr.InputError, match=rf"{figure}' of {paper} is not drawn, being of .*images|trained"):
        gr.figures(paper, figure)
    assert figure in str(gr.describe(paper))
    assert set(dict(gr.describe(paper).absent)).isdisjoint(gr.describe(paper).figures)


def test_every_paper_says_what_is_absent() -> None:
    assert {name for name in PAPERS if gr.describe(name).absent} == {"pegr", "heterogeneous", "fomaml"}


def test_a_run_is_drawn_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """rho-bar of example 3, by the program alone."""
    small = ["n=4", "m=2", "d=20", "--steps", "5"]
    at = tmp_path / "rho.png"
    assert main(["run", "pegr", *small, "--plot", "rho_over[i=3],gamma:max,loss", "--picture", str(at)]) == 0
    assert f"wrote {at}" in capsys.readouterr().out and at.exists()
    data = gr.run("pegr", n=4, m=2, d=20, steps=5)
    figure = gr.plot(data, observable="rho_over[i=3],gamma:max")
    first, second = figure.subfigs[0].axes
    lines = [np.asarray(line.get_ydata()) for line in first.get_lines()]
    wanted = data["rho_over"].sel(i=3).transpose("j", "r", "t").values.reshape(4, -1)
    assert np.array_equal(lines, wanted) and first.get_title() == "rho_over[i=3]"
    (line,) = second.get_lines()
    assert np.array_equal(np.asarray(line.get_ydata()), data["gamma"].max(["j", "r"]).values)
    for options, said in (
        ({"observable": "rho_ove"}, "'rho_ove' is not along the steps of this run; did you mean"),
        ({"observable": "rho[i=9]"}, "asks for i=9"), ({"curves": "n = m"}, "curves: 'n = m' is for the grid"),
    ):
        asked: Any = options
        with pytest.raises(gr.InputError, match=re.escape(said)):
            gr.plot(data, **asked)


def test_what_a_run_does_not_have_is_refused_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Before, the whole run was made and printed first."""
    for asked, said in (
        (["--plot", "rho_bar[i=3]"], "plot: 'rho_bar' is not along the steps of this run; did you mean 'rho_over'?"),
        (["--plot", "loss,gamma", "--observables", "loss"], "plot: 'gamma' is not along the steps of this run"),
        (["--plot", "T_1"], "plot: 'T_1' is not along the steps of this run"),
    ):
        assert main(["run", "pegr", "n=4", "m=2", "d=20", "--steps", "5", *asked]) == 2
        told = capsys.readouterr()
        assert said in told.err and not told.out


def test_words_become_latex_outside_formulas() -> None:
    assert in_latex(r"a_b & 5 % of $x_i$ ±1") == r"a\_b \& 5 \% of $x_i$ $\pm$1"


def test_numbers_are_a_table_too(tmp_path: Path) -> None:
    found = Tabular((["", "of"], ["x_1", r"$\gamma$"]), (["a & b", 0.123456], ["c", 2]))
    assert [path.name for path in found.write(tmp_path, "it", "Of 5 %.")] == ["it.csv", "it_table.tex"]
    assert (tmp_path / "it.csv").read_text() == "x_1,$\\gamma$\na & b,0.123456\nc,2\n"
    typed = Tabular((["x_1", r"$\gamma$"],), (["c", 2],), ("x_1", "gamma"))
    assert typed.comma_separated() == "x_1,gamma\nc,2\n" and r"x\_1 & $\gamma$ \\" in typed.latex("it", "")
    tex = (tmp_path / "it_table.tex").read_text()
    assert r"a \& b & 0.1235 \\" in tex and r"\caption{Of 5 \%.}" in tex and r"x\_1 & $\gamma$ \\" in tex
    assert tex.index("of") < tex.index(r"\midrule") < tex.index(r"a \& b")


def test_a_phase_diagram_is_printed_as_figures_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["phase", "pegr", "--x", "lam=0.1,0.2", "n=4", "m=2", "d=20", "--steps", "2", "--seeds", "1"]
    at = tmp_path / "p.png"
    whole = str(tmp_path / "whole.png")
    assert main([*words, "--out", str(at), "--out", whole, "--no-caption", "--format", "svg"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"{stem}.{end}" for stem in ("p", "whole")
                                                          for end in ("png", "svg", "tex")}
    assert r"\includegraphics[width=\linewidth]{p.png}" in (tmp_path / "p.tex").read_text()
    assert "Everywhere: n = 4" in (tmp_path / "p.tex").read_text()
    assert main([*words, "--out", str(tmp_path / "w.svg"), "--width", "4in"]) == 0  # there is no other file
    assert r"\includesvg[width=4in]{w.svg}" in (tmp_path / "w.tex").read_text()
    data = gr.phase("pegr", x="lam=0.1,0.2", n=4, m=2, d=20, steps=2, seeds=1)
    gr.plot(data, out=tmp_path / "w.png", width="4in")
    assert r"\includegraphics[width=4in]{w.png}" in (tmp_path / "w.tex").read_text()
    gr.plot(data, out=tmp_path / "of_python.png", width="5.5in", formats="pdf")
    assert matplotlib.image.imread(str(tmp_path / "of_python.png")).shape[1] == 1100
    assert (tmp_path / "of_python.pdf").exists() and "[width=5.5in]" in (tmp_path / "of_python.tex").read_text()
    assert gr.plot(data).get_figwidth() == 6.75 and height(at) < gr.plot(data).get_figheight() * 200
    assert main([*words, "--no-caption"]) == 2
    assert "no_caption: 'on' is for a picture; give --out phase.pdf too" in capsys.readouterr().err
    with pytest.raises(gr.InputError, match="formats: 'pdf' is for a file"):
        gr.plot(data, formats="pdf")


def test_a_figure_is_laid_out_once_and_drawn_once_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Figure:
        with style.context():
            sheet = page("a title", 2.0, 0, (Made(SAID),))
            sheet.body.subplots().set(xlabel="$t$", ylabel="height")
            return sheet.close([], 1)

    done: list[str] = []

    def count(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def counted(*given: Any) -> Any:
            done.append(name)
            return real(*given)

        monkeypatch.setattr(kind, name, counted)

    with style.context():
        made().savefig(tmp_path / "theirs.png", dpi=DPI)  # as matplotlib does it
    count(ConstrainedLayoutEngine, "execute")
    count(Figure, "draw")
    figure = made()
    engine, dpi = figure.get_layout_engine(), figure.dpi
    with printed(Printed(formats=("pdf", "png", "svg"))):
        save(figure, tmp_path, "it", {})
    assert done == ["execute", "draw", "draw", "draw"]
    assert figure.get_layout_engine() is engine and figure.dpi == dpi
    theirs, ours = (matplotlib.image.imread(str(tmp_path / name)) for name in ("theirs.png", "it.png"))
    assert theirs.shape == ours.shape and np.abs(theirs - ours).max() < 0.01  # of parts moved by 2^-20 of the page


def test_the_same_figure_is_the_same_file_whatever_the_last_bits_of_its_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, a PDF differed once in a while, as its layout is summed in the order of addresses, and each SVG did."""
    real, moved = ConstrainedLayoutEngine.execute, [0.0]

    def execute(engine: ConstrainedLayoutEngine, figure: Figure) -> Any:
        found = real(engine, figure)
        for axes in figure.axes:
            axes.set_position(Bbox(axes.get_position().get_points() * (1 + moved[0])))
            axes.set_in_layout(True)
        for part in figure.subfigs:
            part.bbox_relative.p1 = part.bbox_relative.p1 * (1 + moved[0])
        return found

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", execute)
    files = []
    for moved[0] in (0.0, 3e-16, -1e-15):
        folder = tmp_path / str(moved[0])
        written(folder, Printed(formats=("pdf", "svg", "png")))
        files.append([(folder / f"it.{end}").read_bytes() for end in ("pdf", "svg", "png")])
    assert files[0] == files[1] == files[2]
