"""Completion of what is declared, in bash: settings, presets, parameters, choices, observables, figures, errata.

Cyclopts completes verbs and options, in zsh, fish and PowerShell too.  In bash one function more goes before its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

import cyclopts

from derivations.declare.meanings import meanings
from derivations.papers.paper import PAPERS
from simulate.ask import models, settings
from simulate.errors import InputError, nearest, quoted

Shell = Literal["zsh", "bash", "fish", "powershell"]

_BASH = r"""
# What is declared: settings, presets, parameters, observables, figures, errata
_gammarho_declared() {
  local verb="${COMP_WORDS[1]}" setting="${COMP_WORDS[2]}" words="" at
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
  if [[ $cur == "=" ]]; then prev="="; cur=""; at=$((COMP_CWORD - 1)); else at=$((COMP_CWORD - 2)); fi
  if [[ $COMP_CWORD -eq 2 && $cur != -* ]]; then
    case "$verb" in
@FIRST@
    esac
  elif [[ $prev == "=" && ${COMP_WORDS[at]} != -* ]]; then
    case "$setting ${COMP_WORDS[at]}" in
@CHOICES@
    esac
  elif [[ $prev == --preset ]]; then
    case "$setting" in
@PRESETS@
    esac
  elif [[ $prev == --observable || $prev == --observables || $prev == --plot ]]; then
    case "$setting" in
@OBSERVABLES@
    esac
  elif [[ $verb == figures && $COMP_CWORD -eq 3 && $cur != -* ]]; then
    case "$setting" in
@FIGURES@
    esac
  elif [[ $cur != -* && $COMP_CWORD -gt 2 && ( $prev != -* || $prev == --solve || $prev == --knobs ) ]]; then
    case "$verb" in
      @OF_VALUES@)
        case "$setting" in
@PARAMETERS@
        esac ;;
    esac
    [[ $prev == -* ]] && words="${words//=/}"
  fi
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ $COMP_CWORD -eq 2 ]] && COMPREPLY+=($(compgen -f -X '!*.py' -- "$cur"))
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=y] ]] && compopt -o nospace 2>/dev/null  # "lam=", "mine.py"
  else
    _gammarho "$@"
  fi
}

complete -o default -F _gammarho_declared gammarho
"""
_OF_VALUES = ("run", "derive", "validate", "conditions", "check", "sensitivity", "gap", "phase")


def install(app: cyclopts.App, shell: str | None, output: str | None) -> Path:
    """Write the completion script of this shell, or of the one that is named, and have the shell load it.

    Raises:
        InputError: for a shell that is not known, or not found out.
    """
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    known: dict[str, Shell] = {name: name for name in get_args(Shell)}
    if shell is not None and shell not in known:
        raise InputError(f"shell: {quoted(shell)}; {nearest(shell, tuple(known))}")
    try:
        chosen = detect_shell() if shell is None else known[shell]
    except ShellDetectionError:
        raise InputError(f"shell: it cannot be told which this is; give --shell, one of {', '.join(known)}") from None
    path = app.install_completion(shell=chosen, output=None if output is None else Path(output))
    if chosen == "bash":
        with path.open("a", encoding="utf-8") as script:
            script.write(of_declarations())
    return path


def of_declarations() -> str:
    """The function for bash that completes what the shipped settings declare."""
    told = {name: _of(name) for name in PAPERS}
    presets, observables, figures, parameters = ({name: each[at] for name, each in told.items()} for at in range(4))
    choices = {f"{name} {parameter}": values for name in PAPERS for parameter, values in _choices(name).items()}
    every = " ".join(PAPERS)
    first = {"figures": f"{every} phase", "explain": " ".join(_explained()), "errata": every,
             "|".join(("describe", *_OF_VALUES)): every}
    parts = {"FIRST": _cases(first), "CHOICES": _cases({f'"{name}"': words for name, words in choices.items()}),
             "PRESETS": _cases(presets), "OBSERVABLES": _cases(observables), "FIGURES": _cases(figures),
             "OF_VALUES": "|".join(_OF_VALUES), "PARAMETERS": _cases(parameters)}
    text = _BASH
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _of(name: str) -> tuple[str, str, str, str]:
    """A setting's presets, observables, figures, and its parameters with "="."""
    chosen = settings.resolve(name)
    model = models.build(chosen.factory, {})
    events = {event.name for event in model.events}
    drawn = importlib.import_module(PAPERS[name].figures).FIGURES
    parameters = [f"{each.name}=" for each in model.parameters]
    observables = [each for each in meanings(model) if each not in events]
    presets = [each.name for each in chosen.presets]
    return " ".join(presets), " ".join(observables), " ".join(drawn), " ".join(parameters)


def _choices(name: str) -> Mapping[str, str]:
    parameters = models.build(settings.resolve(name).factory, {}).parameters
    return {each.name: " ".join(each.choices) or "true false" for each in parameters
            if each.listed}


def _explained() -> Iterable[str]:
    """The ids of all errata."""
    return (each.id for paper in PAPERS.values() for each in paper.errata)


def _cases(words: Mapping[str, str]) -> str:
    return "\n".join(f'      {pattern}) words="{each}" ;;' for pattern, each in words.items())
