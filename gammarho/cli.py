"""The command line: a verb, a setting, and name=value; every heavy import waits for the verb that needs it.

Exit status: 0 done; 1 a validation or check failed; 2 bad input, a run that diverged, or something that could not be
written or finished; 70 a defect of the program, with its traceback; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import cyclopts

from derivations.errors import ModelError
from dynamics.errors import RangeError
from gammarho import __version__, terminal
from simulate.errors import Diverged, InputError, Unwritten, nearest, quoted

if TYPE_CHECKING:
    from derivations.declare import Model
    from derivations.derive import Derived
    from gammarho.data import ImageSource

_OURS = ("derivations", "dynamics", "simulate", "figures", "gammarho")
_EXTRAS = {"torch": "torch", "h5netcdf": "netcdf", "h5py": "netcdf"}
_DEFECT = 70  # EX_SOFTWARE of sysexits.h
_SETTING = "a setting: pegr, or file.py:model"

Switch = Annotated[bool, cyclopts.Parameter(negative="")]
Repeated = Annotated[tuple[str, ...], cyclopts.Parameter(negative="")]

app = cyclopts.App(
    name="gammarho",
    version=__version__,
    help="Derive, run and check the reduced dynamics of two-layer networks.",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)


@app.command
def derive(
    setting: str,
    /,
    *values: str,
    preset: str | None = None,
    latex: Switch = False,
    kernel: Switch = False,
    steps: Switch = False,
    out: str | None = None,
) -> int:
    """Print a setting's exact reduced recursion.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: structural parameters, as name=value.
        preset: take them from a preset.
        latex: print LaTeX instead of text.
        kernel: print the source of the kernel instead.
        steps: print the derivation, step by step, instead.
        out: write to this file instead.
    """
    from gammarho import api, arguments
    from simulate.ask import paths

    given, path = arguments.assignments(values), paths.text_file("out", out)
    if latex + kernel + steps > 1:
        raise InputError("derive takes one of --latex, --kernel and --steps at a time; give one of them")
    recursion = api.derive(setting, given, preset=preset)
    text = _printed(recursion, latex, kernel, steps).rstrip("\n")
    if path is None:
        print(text)
    else:
        from simulate.work.whole import whole_file

        with whole_file(path) as new:
            new.write_text(text + "\n", encoding="utf-8")
        with terminal.safe(path):
            print(f"wrote {path}")
    return 0


@app.command
def run(
    setting: str,
    /,
    *values: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    seeds: str | None = None,
    engine: str = "reduced",
    sampling: str = "vectors",
    record: str | None = None,
    observables: str | None = None,
    until: Repeated = (),
    data: str | None = None,
    classes: str | None = None,
    data_dir: str | None = None,
    scaling: str | None = None,
    out: str | None = None,
    json: Switch = False,
) -> int:
    """Run a setting and print its observables at a few steps.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value, over the preset, over the published defaults.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: selects the draw.
        seeds: run this many seeds, counted from seed.
        engine: reduced (the recursion) or weights (gradient descent in torch).
        sampling: vectors, or gram (drawn without the dimension).
        record: all, or steps such as 0,10,100.
        observables: names, separated by commas.
        until: stop at a threshold, such as loss=1e-3; may be repeated.
        data: real images, mnist or fashion-mnist, in place of drawn inputs; n of them.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        out: write the data to this .zarr folder or .nc file.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments
    from simulate.ask import paths

    given, path, bounds = arguments.assignments(values), paths.dataset("out", out), _thresholds(until)
    # What is misspelt is refused before Numba and xarray are loaded.
    model = api.resolve(setting, given, preset).model
    images = _images(model, data, classes, data_dir, scaling)
    from gammarho import report
    from simulate.run import store as run_store

    options: dict[str, Any] = {
        "steps": steps, "seed": seed, "seeds": seeds, "engine": engine, "sampling": sampling, "record": record,
        "observables": observables, "until": bounds,
    }  # fmt: skip
    unwritten: Unwritten | None = None
    with nullcontext() if path is None else run_store.writer(path) as keep:  # refused before the run, not after it
        from simulate.run.run import run as simulate_run

        try:
            found = simulate_run(setting, given, preset=preset, initial=images, **options)
        except Diverged as error:
            raise _explained(error, setting, given, preset, images) from error
        try:
            if keep is not None:
                keep(found)
        except Unwritten as error:  # the table is all that is left of the run: it is printed first
            unwritten = error
    with terminal.safe(None if unwritten else path):
        print(report.as_json(found) if json else report.as_text(found, model))
        if path is not None and not json and not unwritten:
            print(f"wrote {path}")
    if unwritten:
        raise unwritten
    return 0


@app.command
def validate(
    setting: str,
    /,
    *values: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    data: str | None = None,
    classes: str | None = None,
    data_dir: str | None = None,
    scaling: str | None = None,
    json: Switch = False,
) -> int:
    """Compare the recursion with gradient descent on the weights, on one draw; exit 1 unless they agree.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: selects the draw.
        data: real images, mnist or fashion-mnist, in place of drawn inputs; n of them.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        json: print JSON instead of text.
    """
    from gammarho import api, arguments, report

    given = arguments.assignments(values)
    images = _images(api.resolve(setting, given, preset).model, data, classes, data_dir, scaling)
    result = api.validate(setting, given, preset=preset, steps=steps, seed=seed, initial=images)
    if not json:
        _print_notes(setting, given, preset, images)
    print(report.json_of(result) if json else result)
    return 0 if result.verdict == "pass" else 1


@app.command
def conditions(
    setting: str,
    /,
    *values: str,
    preset: str | None = None,
    constant: str = "1",
    steps: str | None = None,
    data: str | None = None,
    classes: str | None = None,
    data_dir: str | None = None,
    scaling: str | None = None,
    json: Switch = False,
) -> int:
    """Print the paper's conditions at these values, clause by clause.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value; also the conditions' own, such as alpha.
        preset: published values by name, such as paper.
        constant: the C at which each clause is judged.
        steps: the run's gradient steps; a preset brings its own.
        data: real images, mnist or fashion-mnist, n of them, on which the paper's quantities are measured.
        classes: their labels, such as 0,1; the first of two is +1.
        data_dir: a folder with the set's four IDX files.
        scaling: unit, image or global.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments, report

    given, own = arguments.assignments(values), api.condition_parameters(setting)
    mine = {name: value for name, value in given.items() if name not in own}
    images = _images(api.resolve(setting, mine, preset).model, data, classes, data_dir, scaling)
    table = api.conditions(
        setting,
        given,
        preset=preset,
        constant=constant,
        steps=steps,
        initial=images,
    )
    if not json:
        _print_notes(setting, mine, preset, images)
    print(report.json_of(table) if json else table)
    return 0


@app.command
def check(
    setting: str,
    /,
    *words: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    seeds: str = "5",
    draws: str = "200",
    json: Switch = False,
) -> int:
    """Hold a paper's statements, or your own, against runs; exit 1 where one is violated that no erratum has on record.

    Args:
        setting: a name such as pegr, or file.py:model, whose file may define STATEMENTS.
        words: statements by id (all of them without one), and parameters as name=value.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first draw.
        seeds: trajectories.
        draws: draws for statements about the draw alone.
        json: print JSON instead of text.
    """
    from gammarho import api, arguments, report

    given = arguments.assignments(word for word in words if "=" in word)
    named = [word for word in words if "=" not in word] or None
    api.resolve(setting, given, preset)
    from simulate.check.check import check as hold

    options: dict[str, Any] = {"steps": steps, "seed": seed, "seeds": seeds, "draws": draws}
    found = hold(setting, given, named, preset=preset, **options)
    if not json:
        _print_notes(setting, given, preset)
    print(report.json_of(found) if json else found)
    return 0 if found.passed else 1


@app.command
def phase(
    setting: str,
    /,
    *values: str,
    x: str,
    y: str,
    preset: str | None = None,
    steps: str | None = None,
    seed: str = "0",
    seeds: str = "3",
    observable: str = "test_error",
    sampling: str | None = None,
    workers: str | None = None,
    out: str | None = None,
    json: Switch = False,
) -> int:
    """Fill a grid over two parameters with an observable at the last step.

    Args:
        setting: a name such as pegr, or file.py:model.
        values: parameters, as name=value.
        x: the columns, as name=a:b:n or name=a:b:n:log.
        y: the rows.
        preset: published values by name, such as paper.
        steps: gradient steps; a preset brings its own.
        seed: the first seed.
        seeds: draws a cell.
        observable: one number a run, such as test_error, loss or a hitting time.
        sampling: gram (drawn without the dimension) or vectors; default gram where it is exact and not refused.
        workers: threads; the result does not depend on it.
        out: keep the grid in this .zarr folder; the same command takes an interrupted grid up where it stopped.
        json: print JSON instead of a table.
    """
    from gammarho import api, arguments
    from simulate.ask import paths

    given, path = arguments.assignments(values), paths.store("out", out)
    api.resolve(setting, given, preset)
    from gammarho import report
    from simulate.phase.phase import phase as fill

    options: dict[str, Any] = {
        "x": x, "y": y, "steps": steps, "seed": seed, "seeds": seeds, "workers": workers, "observable": observable,
        "sampling": sampling,
    }  # fmt: skip
    try:
        data = fill(setting, given, preset=preset, store=path, **options)
    except KeyboardInterrupt:
        if path is not None:
            print(f"gammarho: the finished cells are in {path}, and the same command goes on", file=sys.stderr)
        raise
    with terminal.safe(path):
        print(report.as_json(data) if json else report.grid_as_text(data, observable))
        if path is not None and not json:
            print(f"wrote {path}")
    left = report.undone(data)
    return _say(f"{left}; {_goes_on(path)}") if left else 0


@app.command
def figures(paper: str, figure: str | None = None, /, *, out: str = "out") -> int:
    """Write a paper's figures and tables, or one of them.

    Args:
        paper: a setting's name, such as pegr.
        figure: one figure's name, or all.
        out: the folder to write to.
    """
    import importlib

    from derivations.papers.paper import PAPERS
    from simulate.ask import paths

    if paper not in PAPERS:
        raise InputError(f"paper: {quoted(paper)}; {nearest(paper, PAPERS)}")
    folder = paths.folder("out", out)
    known = importlib.import_module(PAPERS[paper].figures).FIGURES
    if figure not in (None, "all", *known):
        raise InputError(f"figure: {quoted(figure)} is not one of {paper}'s; {nearest(str(figure), (*known, 'all'))}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in known if figure in (None, "all") else (figure,):
        for path in known[name](folder):
            print(f"wrote {path}")
    return 0


@app.command
def errata(paper: str | None = None, /) -> int:
    """Print a paper's errata: printed, corrected, why, effect, and the commands that show it.

    Args:
        paper: a setting's name, such as pegr; every paper without it.
    """
    from derivations.papers import shelf

    known = shelf.with_errata()
    if paper is not None and paper not in known:
        raise InputError(f"paper: {quoted(paper)} has no errata recorded; {nearest(paper, known)}")
    print("\n".join(shelf.ledger_text(name) for name in (known if paper is None else (paper,))).rstrip("\n"))
    return 0


@app.command
def explain(name: str, /) -> int:
    """Print one erratum or one claim (a printed formula held against the derivation), whole.

    Args:
        name: its id, such as pegr-5.3 or pegr-5.3-gamma; a paper's name, such as pegr, lists the ids of its claims.
    """
    from derivations.papers import shelf

    papers = shelf.with_errata()
    if name in papers:
        print(shelf.claim_list(name))
        return 0
    if name not in shelf.errata() and name not in (known := shelf.known()):
        close = nearest(name, known)
        paper = next((paper for paper in papers if name.startswith(paper)), "PAPER")
        listed = f"gammarho errata {paper} lists the errata and gammarho explain {paper} the claims"
        cure = f"{listed}; {close}" if close.startswith("did you mean") else listed
        raise InputError(f"id: {quoted(name)} is not an erratum or a claim; {cure}")
    print(shelf.explain(name).rstrip("\n"))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; errors are one sentence on stderr."""
    try:
        with terminal.watched():
            status = app(list(sys.argv[1:] if argv is None else argv), exit_on_error=False, print_error=False)
        return status if isinstance(status, int) else 0
    except cyclopts.CycloptsError as error:
        return _say(_usage(error))
    except terminal.ClosedPipe:
        return 141
    except KeyboardInterrupt:
        print("gammarho: interrupted", file=sys.stderr)
        return 130
    except (InputError, ModelError, RangeError, Diverged, Unwritten) as error:
        return _say(str(error))
    except (ModuleNotFoundError, MemoryError, OSError) as error:
        sentence = _foreseen(error)
        if sentence is None:
            raise
        return _say(sentence)


def entry() -> None:
    """The console script.  A defect of the program shows its traceback and exits 70, never 1 or 2."""
    try:
        status = main()
    except Exception:  # noqa: BLE001 - whatever it is, it has its own exit status
        traceback.print_exc()
        _say("this is a defect of the program and not of your input; please report the lines above")
        status = _DEFECT
    sys.exit(status)


def _say(sentence: str) -> int:
    with suppress(OSError):  # where stderr cannot be written either, the exit status says it
        print(f"gammarho: {' '.join(sentence.split())}", file=sys.stderr, flush=True)
    return 2


def _goes_on(path: Path | None) -> str:
    """How a grid with cells that are left undone is finished."""
    fewer = "give it more memory or fewer workers"
    return f"{fewer}; " + (
        f"the other cells are in {path}, and the same command goes on" if path is not None
        else "with --out GRID.zarr the finished cells are kept, and the same command takes up what is left"
    )


def _usage(error: cyclopts.CycloptsError) -> str:
    """The parser's message as one sentence."""
    if isinstance(error, cyclopts.MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        return f"{' '.join(error.command_chain or ())} needs {_SETTING if name == 'SETTING' else 'a value for ' + name}"
    if isinstance(error, cyclopts.UnusedCliTokensError):
        return f"{' '.join(map(repr, error.unused_tokens or ()))} is one word too many; see gammarho --help"
    said = re.sub(r"\S{100,}", lambda word: f"{word[0][:57]}...", str(error).strip())
    parts = [part.strip("?., ") for part in said.replace("? ", ". ").split(". ")]
    question = "?" if parts[-1].startswith("Did you mean") else ""
    return "; ".join(part[:1].lower() + part[1:] for part in parts) + question


def _foreseen(error: Exception) -> str | None:
    """One sentence for what a user can mend; None for a defect of the program, whose traceback is wanted."""
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").split(".")[0]
        if missing in _EXTRAS:
            return f"{missing} is not installed; this verb needs it, so run: pip install 'gammarho[{_EXTRAS[missing]}]'"
        return f"{error.name} is not part of this version" if missing in _OURS else None
    if isinstance(error, MemoryError):
        return f"not enough memory ({error}); lower n, m, d or the number of recorded steps"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; expected a place that can be read and written"
    return None


def _thresholds(until: Sequence[str]) -> dict[str, str] | None:
    """--until as text by name; None without it."""
    from gammarho import arguments

    return arguments.assignments(until, "until", "loss=1e-3") or None


def _images(
    model: Model, data: str | None, classes: str | None, data_dir: str | None, scaling: str | None
) -> ImageSource | None:
    """The real images that --data and the options beside it ask for."""
    if (data, classes, data_dir, scaling) == (None,) * 4:
        return None
    from gammarho.data import from_options

    return from_options(model, data, classes, data_dir, scaling)


def _explained(
    error: Diverged, setting: str, given: dict[str, str], preset: str | None, images: ImageSource | None
) -> Diverged:
    """A divergence that also says whether the penalty was on; the values in use go before it, on stderr."""
    from gammarho import api

    _print_notes(setting, given, preset, images, sys.stderr)
    resolved = api.resolve(setting, given, preset)
    values, said = resolved.values, str(error)
    if error.step > 0 and resolved.model.objective.penalty != "none" and values.get("lam"):
        until = values.get("lam_until")
        if isinstance(until, int) and error.step > until + 1:
            said += f"; the penalty is off from step {until + 1} on (lam_until = {until}), so lower eta first"
        else:
            said += "; the penalty is on there, so run it with lam=0: if that stays finite, lower lam, else eta"
    return Diverged(said, error.step)


def _print_notes(
    setting: str,
    given: dict[str, str],
    preset: str | None,
    images: ImageSource | None = None,
    to: TextIO | None = None,
) -> None:
    """What was measured on real data and the published values in use, before a result that does not carry them."""
    from gammarho import api

    resolved = api.resolve(setting, given, preset)
    if images is not None:
        from simulate.start.source import settle

        resolved, _ = settle(resolved, given, images)
    from simulate.ask import parameters

    for note in parameters.told(resolved.model, resolved.values, resolved.notes):
        print(note, file=to)


def _printed(recursion: Derived, latex: bool, kernel: bool, steps: bool) -> str:
    if latex:
        return recursion.latex()
    if kernel:
        return recursion.kernel_source()
    return recursion.derivation() if steps else str(recursion)
