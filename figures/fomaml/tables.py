"""Tables 1 to 3 of FOMAML: the printed synthetic columns beside what is measured in each reading of the rates.

The columns on RainbowMNIST and miniImagenet, of convolutional networks on images, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from simulate.work.columns import columns

from .. import style
from ..about import About
from ..page import page
from ..said import Made, Quoted, Sentence, Shown, Where, shown
from ..save import Writer, save, write_text
from ..tabular import Tabular
from .runs import (
    ACTIVATIONS,
    BAND,
    DATA,
    PAPER,
    POOLED,
    READINGS,
    SPLIT,
    Case,
    Experiment,
    describe,
    final,
    measure,
)

if TYPE_CHECKING:
    import xarray

Runs = Mapping[Case, "list[xarray.Dataset]"]
MOVING = 0.01  # of a loss, between two recorded steps
COLUMNS = tuple((fresh, at) for at in range(len(READINGS)) for fresh in DATA)  # (fresh, place of the reading)


@dataclass(frozen=True)
class Row:
    """A printed row: what it is, its synthetic loss and half interval, and how it is run."""

    names: tuple[str, str]
    method: str
    loss: float
    interval: float
    activation: str = "huberized"
    J: int | None = None
    swapped: bool = False

    def cases(self, experiment: Experiment) -> list[Case]:
        """The row's runs, a column each."""
        return [
            experiment.case(self.method, READINGS[at].swapped if self.swapped else READINGS[at], fresh,
                            self.activation, self.J) for fresh, at in COLUMNS
        ]


@dataclass(frozen=True)
class Table:
    """A table: its name, what varies, its rows, and what is our reading of it."""

    name: str
    title: str
    heads: tuple[str, str]
    rows: tuple[Row, ...]
    notes: tuple[Sentence, ...] = ()

    def cases(self, experiment: Experiment) -> list[Case]:
        """Every run."""
        return [case for row in self.rows for case in row.cases(experiment)]


_NAMES = {POOLED: "Train-Train", SPLIT: "Train-Validation"}
PRINTED = (
    Table("table_1", "activation", ("Setting", "Activation"), tuple(
        Row((_NAMES[method], ACTIVATIONS[activation]), method, loss, interval, activation)
        for method, activation, loss, interval in (
            (POOLED, "relu", 8.22, 0.42), (POOLED, "huberized", 8.50, 0.43),
            (SPLIT, "relu", 4.62, 0.24), (SPLIT, "huberized", 4.66, 0.23),
        )
    )),
    Table("table_2", "inner steps", ("# steps", "Method"), tuple(
        Row((f"{J} step" + "s" * (J > 1), _NAMES[method]), method, loss, interval, J=J)
        for J, method, loss, interval in (
            (1, POOLED, 7.22, 0.37), (1, SPLIT, 4.81, 0.24), (5, POOLED, 8.50, 0.43), (5, SPLIT, 4.66, 0.23),
        )
    )),
    Table("table_3", "learning rates", ("Setting", "Method"), tuple(
        Row((f"outer-lr {'>' if swapped else '<'} inner-lr", _NAMES[method]), method, loss, interval, swapped=swapped)
        for swapped, method, loss, interval in (
            (True, POOLED, 5.76, 0.39), (True, SPLIT, 5.21, 0.31), (False, POOLED, 8.50, 0.43),
            (False, SPLIT, 4.66, 0.23),
        )
    ), (Made("outer-lr > inner-lr: its rates are not printed; ours are the column's in each other's place, to the same "
             "s."),
        Quoted("The text says that train-validation gains where the inner rate is the smaller one, the table the "
               "opposite."))),
)


def text(table: Table, experiment: Experiment, runs: Runs) -> str:
    """The table as text, with its notes."""
    first = ["", "", "", *(READINGS[at].plain for _, at in COLUMNS)]
    heads = [*table.heads, "printed", *(DATA[fresh] for fresh, _ in COLUMNS)]
    cells = [[*row.names, *_cells(row, experiment, runs)] for row in table.rows]
    lines = [first, heads, *cells]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    body = columns([first, heads, ["-" * width for width in widths], *cells])
    return "\n".join([_title(table), "", *body, "", *_notes(table, experiment, runs), ""])


def _title(table: Table) -> str:
    number = table.name.split("_")[1]
    return f"Table {number} ({table.title}), synthetic data: test loss as printed, and measured without adaptation"


def _cells(row: Row, experiment: Experiment, runs: Runs) -> list[str]:
    """The printed loss, and every column's: each draw's, with the widest half interval."""
    return [f"{row.loss:.2f} ± {row.interval:.2f}", *(_cell(runs[case]) for case in row.cases(experiment))]


def _cell(runs: list[xarray.Dataset]) -> str:
    values = ", ".join(f"{value:.2f}" for value in final(runs, "test_loss"))
    return f"{values} ± {BAND * final(runs, 'test_loss_se').max():.2f}"


def _notes(table: Table, experiment: Experiment, runs: Runs) -> list[str]:
    return [words for each in sentences(table, experiment, runs) if (words := str(each))]


def sentences(table: Table, experiment: Experiment, runs: Runs) -> list[Sentence]:
    """What the numbers are, how they differ from the printed ones, and what the paper does not say."""
    measured = [runs[case] for case in table.cases(experiment)]
    plain, adapted = (
        np.concatenate([final(of, name) for of in measured])
        for name in ("test_accuracy_unadapted", "test_accuracy_adapted")
    )
    gaps = [abs(final(of, "test_loss").mean() - row.loss) / row.interval
            for row in table.rows for of in (runs[case] for case in row.cases(experiment))]
    matched = sum(gap <= 1 for gap in gaps)
    return [
        Made("Measured: each draw of data, then the widest 95 % interval of the test draws."),
        shown("{matched} of {means} means lie in the printed interval.", matched=matched, means=len(gaps)),
        *_ratios(table, experiment, runs),
        shown("Chance is 0.5 and f = 0 has loss log 2 = 0.69: unadapted accuracies are {low:.2f} to {high:.2f}, "
              "adapted {least:.2f} to {most:.2f}.", low=plain.min(), high=plain.max(), least=adapted.min(),
              most=adapted.max()),
        *table.notes,
        Made(f"Outer steps of {experiment.eta:g} to s = eta t = {experiment.span:g} in place of the printed ones; "
             "figure_1 measures what this changes for train-validation.  How many steps is not printed."),
        _unsettled([runs[case] for case in dict.fromkeys(table.cases(experiment))]),
        Made(f"Not stated, our choices: M={experiment.M}, n_train={experiment.n_train}, balanced labels, steps, "
             f"{experiment.test_tasks} x 10 test tasks (adapted), 4096 noise draws (unadapted), unadapted loss, full "
             "batches, plain gradient descent, h = 0.5."),
        Made("The paper's RainbowMNIST and miniImagenet are not reproduced (convolutional networks on images)."),
    ]


def _unsettled(runs: list[list[xarray.Dataset]]) -> Where:
    """How many losses are still on their way where the runs end, so that the number is the end's."""
    last = [np.asarray(data["test_loss"].values[-2:], dtype=np.float64) for of in runs for data in of]
    moving = [pair for pair in last if abs(pair[1] - pair[0]) >= MOVING * abs(pair[1])]
    return Where(bool(moving), "{moving} of {runs} runs change their loss by {share:.0%} or more between their last "
                 "two recorded steps: such a number depends on where the runs end (figure_1 shows the curves).",
                 {"moving": len(moving), "runs": len(last), "share": MOVING})


def _ratios(table: Table, experiment: Experiment, runs: Runs) -> list[Shown]:
    """Train-validation over train-train, printed and in each column, of each pair of rows."""
    said = []
    for row in table.rows:
        if row.method != POOLED:
            continue
        (other,) = [each for each in table.rows if each.method == SPLIT and _same(row, each)]
        pairs = zip(other.cases(experiment), row.cases(experiment), strict=True)
        ratios = [final(runs[a], "test_loss").mean() / final(runs[b], "test_loss").mean() for a, b in pairs]
        what = next(name for name in row.names if name not in _NAMES.values())
        numbers = {f"at_{at}": float(ratio) for at, ratio in enumerate(ratios)}
        here = ", ".join(f"{{{name}:.2f}}" for name in numbers)
        said.append(Shown(f"{what}: train-validation / train-train is {{printed:.2f}} printed, {here} here.",
                          {"printed": other.loss / row.loss, **numbers}))
    return said


def _same(a: Row, b: Row) -> bool:
    return (a.activation, a.J, a.swapped) == (b.activation, b.J, b.swapped)


def comma_separated(table: Table, experiment: Experiment, runs: Runs) -> str:
    """Every run of the table, a line each, beside the printed loss."""
    tested = ("test_loss", "test_accuracy_unadapted", "test_loss_adapted", "test_accuracy_adapted")
    heads = [*table.heads, "printed_test_loss", "printed_half_interval", "eta_inner", "reading_eta", "data", "seed",
             "eta", "steps", *(name + end for name in tested for end in ("", "_se"))]
    rows = []
    for row in table.rows:
        for (fresh, at), case in zip(COLUMNS, row.cases(experiment), strict=True):
            reading = READINGS[at].swapped if row.swapped else READINGS[at]
            for seed, data in enumerate(runs[case]):
                numbers = [f"{final([data], name + end)[0]:.6g}" for name in tested for end in ("", "_se")]
                rows.append([*row.names, row.loss, row.interval, reading.gamma, reading.eta, DATA[fresh], seed,
                             case.values["eta"], case.steps, *numbers])
    return Tabular((heads,), tuple(rows)).comma_separated()


def latex(table: Table, experiment: Experiment, runs: Runs) -> str:
    """The table for a paper, with the package booktabs; its notes are the caption."""
    readings = [rf"$\gamma={READINGS[at].gamma:g}$, $\eta={READINGS[at].eta:g}$" for _, at in COLUMNS]
    heads = [*table.heads, "printed", *(DATA[fresh] for fresh, _ in COLUMNS)]
    rows = tuple([*row.names, *_cells(row, experiment, runs)] for row in table.rows)
    said = " ".join([f"{_title(table)}.", *_notes(table, experiment, runs)])
    return Tabular((["", "", "", *readings], heads), rows).latex(f"fomaml_{table.name}", said, left=2)


def picture(table: Table, experiment: Experiment, runs: Runs) -> Figure:
    """The table as a figure."""
    heads = ["\n".join(table.heads), "printed", *(
        rf"$\gamma={READINGS[at].gamma:g}$" "\n" rf"$\eta={READINGS[at].eta:g}$" f"\n{DATA[fresh]}"
        for fresh, at in COLUMNS
    )]
    rows = []
    for row in table.rows:
        printed, *measured = (cell.replace(" ±", "\n±") for cell in _cells(row, experiment, runs))
        rows.append(["\n".join(row.names).replace(">", r"$>$").replace("<", r"$<$"), printed, *measured])
    with style.context():
        sheet = page(_title(table), 0.75 + 0.42 * len(rows), 0, sentences(table, experiment, runs))
        axes = sheet.body.subplots()
        axes.set_axis_off()
        widths = [0.165, 0.1, *[0.15] * len(COLUMNS)]
        drawn = axes.table(cellText=rows, colLabels=heads, colWidths=[w / sum(widths) for w in widths],
                           cellLoc="center", bbox=[0, 0, 1, 1], edges="horizontal")
        drawn.auto_set_font_size(False)
        drawn.set_fontsize(style.SMALL)
        for (line, _), cell in drawn.get_celld().items():
            cell.set_linewidth(0.6)
            cell.set_height(0.16 if line == 0 else 0.11)
        return sheet.close([], 1)


def _writer(table: Table) -> Writer:
    def write(folder: Path, experiment: Experiment = PAPER) -> list[Path]:
        runs = measure(table.cases(experiment), experiment.draws, f"fomaml, {table.name}")
        print(text(table, experiment, runs))
        record = About("fomaml", table.name, _title(table)).record(folder, {
            "experiment": experiment, "printed": table, "readings": READINGS,
            "seeds": list(range(experiment.seeds)), "runs": describe(table.cases(experiment)),
        })
        paths = save(picture(table, experiment, runs), folder, f"fomaml_{table.name}", record)
        forms: tuple[tuple[str, Callable[[Table, Experiment, Runs], str]], ...] = (
            ("txt", text), ("csv", comma_separated), ("tex", latex),
        )
        for ending, form in forms:
            path = folder / f"fomaml_{table.name}.{ending}"
            write_text(path, form(table, experiment, runs))
            paths = [*(each for each in paths if each != path), path]  # the table's own .tex in the figure's place
        return paths

    return write


TABLES: dict[str, Writer] = {table.name: _writer(table) for table in PRINTED}
"""Writers by name: PNG, PDF and JSON, the table as text and LaTeX, and every run as comma-separated values."""
