"""The command line: a verb, a setting, and name=value; every heavy import waits for the verb that needs it.

Exit status: 0 done; 1 a validation or check failed; 2 bad input, a run that diverged, or something that could not be
written or finished; 70 a defect of the program, with its traceback; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import cyclopts

from derivations.errors import ModelError
from dynamics.errors import RangeError
from gammarho import __version__, interrupts, terminal
from simulate.errors import Diverged, InputError, Unwritten
from simulate.work import progress

from .verbs.check import check
from .verbs.conditions import conditions
from .verbs.derive import derive
from .verbs.describe import describe, list_settings
from .verbs.errata import errata, explain
from .verbs.figures import figures
from .verbs.gap import gap
from .verbs.phase import phase
from .verbs.run import run
from .verbs.sensitivity import sensitivity
from .verbs.shared import FILE, SHELLS, say
from .verbs.validate import validate

_OURS = ("derivations", "dynamics", "simulate", "figures", "gammarho")
_EXTRAS = {"torch": "torch", "h5netcdf": "netcdf", "h5py": "netcdf"}
_DEFECT = 70  # EX_SOFTWARE of sysexits.h
_SETTING = "a setting: pegr, or file.py:model"
_OF_A_SETTING = ("run", "derive", "validate", "conditions", "check", "phase", "sensitivity", "gap")

app = cyclopts.App(
    name="gammarho",
    version=__version__,
    help="Derive, run and check the reduced dynamics of two-layer networks.",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command(list_settings, name="list")
for verb in (describe, derive, run, validate, conditions, check, sensitivity, gap, phase, figures, errata, explain):
    app.command(verb)


def install_completion(
    *, shell: Annotated[str | None, SHELLS] = None, output: Annotated[str | None, FILE] = None
) -> int:
    """Install completion for this shell, and exit.

    Args:
        shell: bash, zsh, fish or powershell; this one by default.
        output: the script's file; where the shell looks for it by default.
    """
    from .completion import install

    print(f"wrote {install(app, shell, output)}; it is there from the next shell on")
    return 0


app.command(install_completion, name="--install-completion")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; errors are one sentence on stderr."""
    try:
        words = list(sys.argv[1:] if argv is None else argv)
        with terminal.watched(), progress.doing(" ".join(["gammarho", *words[:2]])):
            status = app(words, exit_on_error=False, print_error=False)
            _parameters_too(words)
        return status if isinstance(status, int) else 0
    except cyclopts.CycloptsError as error:
        return say(_usage(error))
    except terminal.ClosedPipe:
        return 141
    except KeyboardInterrupt:
        return interrupts.told()
    except (InputError, ModelError, RangeError, Diverged, Unwritten) as error:
        return say(str(error))
    except (ModuleNotFoundError, MemoryError, OSError) as error:
        sentence = _foreseen(error)
        if sentence is None:
            raise
        return say(sentence)


def entry() -> None:
    """The console script.  A defect of the program shows its traceback and exits 70, never 1 or 2."""
    try:
        interrupts.watch()
        status = main()
    except KeyboardInterrupt:  # before or after what `main` catches
        interrupts.leave(interrupts.told())
    except Exception:  # noqa: BLE001 - whatever it is, it has its own exit status
        if interrupts.came():  # a library turned it into an error of its own
            interrupts.leave(interrupts.told())
        traceback.print_exc()
        say("this is a defect of the program and not of your input; please report the lines above")
        status = _DEFECT
    interrupts.leave(status)


def _parameters_too(words: Sequence[str]) -> None:
    """After a verb's help, the parameters of the setting that is named there: "gammarho run pegr --help"."""
    if len(words) > 2 and {"--help", "-h"} & set(words) and words[0] in _OF_A_SETTING and words[1][:1] != "-":
        from .description import describe as described
        from .sections import as_text

        description = described(words[1])
        print(as_text(f"{description.setting}: {description.title}", [description.parameter_section()]))


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


