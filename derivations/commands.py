"""A command line as it may be typed into a shell: each word as it is, or quoted where the shell would read it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence


def command(
    verb: str, *words: str, values: Mapping[str, object] | None = None, options: Mapping[str, object] | None = None
) -> str:
    """`gammarho VERB WORDS name=value ... --option value ...`.

    Args:
        verb: a verb of the command line.
        words: what follows it: a setting, ids, claims, name=value as typed.
        values: parameters by name.
        options: by name; None and False leave one out, True is a switch, and a list gives the option once an entry.
    """
    line = ["gammarho", verb, *words, *(f"{name}={value}" for name, value in (values or {}).items())]
    for name, value in (options or {}).items():
        for each in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            if each is not None and each is not False:
                line += [f"--{name.replace('_', '-')}", *([] if each is True else [str(each)])]
    return shlex.join(line)
