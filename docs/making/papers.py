"""A page a paper, all of it asked of the program: equations, parameters, conditions, verdicts, errata, figures."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gammarho as gr
from derivations.papers.paper import PAPERS
from derivations.show import shown

from .markdown import code, equations, fenced, plain, table

if TYPE_CHECKING:
    from gammarho.description import Description
    from simulate.check.bench import Result
    from simulate.conditions.rows import Row
    from simulate.conditions.table import ConditionTable

_CONSTANT = re.compile(r"\bC\b")
DRAWN = Path("out")
"""Where `gammarho figures` writes by default: pictures that are there are shown."""


CHECKED = {
    "pegr": "mechanism", "heterogeneous": "theorem-1", "nearly_orthogonal": "theorem-4.1", "fomaml": "theorem-4.5",
}
"""The preset at which a page's statements are held against a run: one where most of them speak."""


def page(name: str, verdicts: bool = True) -> str:
    """The page of a setting; without `verdicts` its statements are listed and nothing is run."""
    about = gr.describe(name)
    parts = (
        [f"# {plain(about.title)}", f"Everything on this page is what the program says of the setting `{name}`; the "
         "commands beside each part print it again."],
        _equations(name), _parameters(about), _conditions(name, about), _statements(about, verdicts),
        _errata(name), _figures(name),
    )
    return "\n\n".join(line for part in parts for line in part if line) + "\n"


def _equations(name: str) -> Iterator[str]:
    display = shown.display(gr.derive(name))
    yield "## Equations"
    yield fenced(f"gammarho derive {name}", "sh")
    yield plain(display.head)
    for section in display.sections:
        if section.latex:
            yield f"**{plain(section.title)}**"
            yield equations(section.latex)


def _parameters(about: Description) -> Iterator[str]:
    yield "## Parameters, presets, variables"
    yield fenced(f"gammarho describe {about.setting}", "sh")
    yield table(("parameter", "symbol", "default", "allowed", "meaning", "source"), [
        (code(each.name), _symbol(each.symbol), plain(each.default), plain(each.allowed), plain(each.meaning),
         plain(each.source)) for each in about.parameters])
    yield table(("preset", "steps", "values", "source"), [
        (code(each.name), str(each.steps), plain(" ".join(f"{k}={v}" for k, v in each.values.items())),
         plain(each.source)) for each in about.presets])
    yield table(("variable of a run", "symbol", "meaning", "source"), [
        (code(each.name), _symbol(each.symbol), plain(each.meaning), plain(each.source))
        for each in (*about.variables, *about.events)])


def _symbol(tex: str) -> str:
    return f"${tex}$" if tex else ""


def _conditions(name: str, about: Description) -> Iterator[str]:
    if not about.conditions:
        return
    yield "## Conditions"
    yield fenced(f"gammarho conditions {name} --preset paper", "sh")
    clauses: ConditionTable = gr.conditions(name, preset="paper")
    yield plain(f"At the parameters of the preset paper, clause by clause; {clauses.conditions.paper}.")
    if any(_CONSTANT.search(row.clause.text) for group in clauses.tables for row in group.rows):
        yield "In a clause C is the constant that the paper hides."
    for group in clauses.tables:
        yield f"### {plain(group.title)}"
        heads = ("clause", "asks", "there is over what is asked, at a constant of 1", "holds for constants in", "at 1")
        yield table(heads, [_clause(row) for row in group.rows])
        binding = ", ".join(group.binding) or "none"
        span = group.interval
        where = f"All clauses hold for constants in {span}" if not span.empty else "No constant meets all clauses"
        yield plain(f"{where}; binding: {binding}.")


def _clause(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    interval = "" if row.interval is None else str(row.interval)
    verdict = {True: "holds", False: "fails", None: row.problem or "no value"}[row.holds]
    return (plain(row.clause.id), plain(row.clause.text), ratio, plain(interval),
            plain(verdict if row.counted else "not about this run"))


def _statements(about: Description, verdicts: bool) -> Iterator[str]:
    if not about.statements:
        return
    yield "## Statements"
    if not verdicts:
        yield table(("id", "kind", "claim", "source"), [
            (code(each.id), each.kind, code(each.claim), plain(each.source)) for each in about.statements])
        return
    preset = CHECKED[about.setting]
    checked = gr.check(about.setting, preset=preset, seeds=1)
    yield fenced(f"gammarho check {about.setting} --preset {preset} --seeds 1", "sh")
    yield plain(f"{checked.about}. A statement is vacuous where its hypotheses never hold in this run.")
    yield table(("id", "verdict", "where and what", "claim", "seen"), [_verdict(each) for each in checked.results])


def _verdict(result: Result) -> tuple[str, ...]:
    said, known = result.statement, ""
    if said.erratum:
        known = f", on record as [{plain(said.erratum)}](#{anchor(said.erratum)})"
    what = ": ".join(filter(None, (said.source, said.text)))
    return code(said.id), result.verdict + known, plain(what), code(said.claim), plain(result.detail)


def anchor(name: str) -> str:
    """The anchor of an erratum on its page."""
    return f"erratum-{name.lower().replace('.', '-').replace(' ', '-')}"


def _errata(name: str) -> Iterator[str]:
    if not PAPERS[name].errata:
        return
    yield "## Errata"
    yield fenced(f"gammarho errata {name}", "sh")
    for each in gr.errata(name):
        yield f"({anchor(each.id)})=\n### {plain(each.id)}: {each.kind}"
        said = (("where", each.where), ("printed", each.printed), ("corrected", each.corrected), ("why", each.why),
                ("effect", each.effect))
        lists = [f"{label}\n: {plain(text)}" for label, text in said if text]
        commands = "".join(f"\n: {code(command)}" for command in each.evidence)
        yield "\n\n".join([*lists, f"evidence{commands}"] if commands else lists)


def _figures(name: str) -> Iterator[str]:
    package = importlib.import_module(PAPERS[name].figures)
    yield "## Figures"
    for figure in package.FIGURES:
        yield f"### {plain(figure)}"
        yield fenced(f"gammarho figures {name} {figure}", "sh")
        for picture in drawn(name, figure):
            yield f"![{figure}](/pictures/{name}/{picture.name})"
    for absent, why in package.ABSENT.items():
        yield f"{code(absent)} is not drawn: {plain(why)}."


def drawn(name: str, figure: str = "") -> list[Path]:
    """A paper's pictures (of one figure) that lie in `out/`, by the command that stands in the record beside each."""
    command = f"gammarho figures {name} {figure} " if figure else f"gammarho figures {name} "
    records = sorted(DRAWN.glob("*.json"))
    return [record.with_suffix(".png") for record in records
            if str(json.loads(record.read_text(encoding="utf-8")).get("command", "")).startswith(command)
            and record.with_suffix(".png").exists()]


def copy_drawn(name: str, to: Path) -> None:
    """Copy a paper's pictures that lie in `out/` into its folder in `to`, where its page looks for them."""
    for picture in drawn(name):
        (to / name).mkdir(exist_ok=True)
        shutil.copyfile(picture, to / name / picture.name)
